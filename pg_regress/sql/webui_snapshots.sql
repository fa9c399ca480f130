-- How strategies stood: save_snapshot(), the latest of each by an index, the plain table, who reads it.
INSERT INTO identity.users (id, name, db_role) VALUES (101, 'ann', 'websnap_ann'), (102, 'ben', 'websnap_ben');
CREATE ROLE websnap_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE websnap_ben LOGIN IN ROLE bourse_trader;
CREATE ROLE websnap_worker LOGIN IN ROLE bourse_worker;
CREATE ROLE websnap_viewer LOGIN IN ROLE bourse_viewer;

-- The owner is the session's user; two users may have strategies of one name.
SET SESSION AUTHORIZATION websnap_ann;
SELECT webui.save_snapshot('momentum', '{"day": 12.5}', '[{"symbol": "BTC-USD", "quantity": 1}]', 3, '0.66', '-0.1',
                           '{"sharpe": 1.2}') > 0 AS saved;
SELECT webui.save_snapshot('momentum', '13') > 0 AS saved, webui.save_snapshot('grid', '-1') > 0 AS saved;
SET SESSION AUTHORIZATION websnap_ben;
SELECT webui.save_snapshot('momentum', '99', user_id => 102) > 0 AS saved;
SELECT strategy_id, pnl, user_id FROM webui.latest_snapshots();
SELECT strategy_id, pnl, user_id FROM webui.latest_snapshots('{grid,momentum,momentum,none,NULL}');
SET SESSION AUTHORIZATION websnap_worker;
SELECT webui.save_snapshot('grid', '5', user_id => 102) > 0 AS saved;
SELECT strategy_id, pnl, trades_count, user_id FROM webui.latest_snapshots();
SELECT strategy_id, pnl, user_id FROM webui.latest_snapshots('{momentum,none}');
SELECT strategy_id, pnl, user_id FROM webui.latest_snapshots('{}');
-- Who has no user has no strategies.
SET SESSION AUTHORIZATION websnap_viewer;
SELECT count(*) FROM webui.latest_snapshots();
SELECT refusal($$SELECT webui.save_snapshot('x', '1')$$);
SET SESSION AUTHORIZATION websnap_worker;
SELECT call, refusal('SELECT webui.save_snapshot(' || call || ')') FROM unnest(ARRAY[
    $$'x', '1'$$, $$NULL, '1', user_id => 101$$, $$'x', NULL, user_id => 101$$, $$' ', '1', user_id => 101$$,
    $$repeat('x', 101), '1', user_id => 101$$, $$'x', '1', user_id => 999$$,
    $$'x', '1', trades_count => -1, user_id => 101$$, $$'x', '1', trades_count => NULL, user_id => 101$$,
    $$'x', jsonb_build_object('a', repeat('x', 262144)), user_id => 101$$]) WITH ORDINALITY c (call, n) ORDER BY n;

-- As a plain table, the way object-relational mappers write it.
SET SESSION AUTHORIZATION websnap_ann;
SELECT refusal($$SELECT webui.save_snapshot('x', '1', user_id => 102)$$);
INSERT INTO webui.performance_snapshots (id, strategy_id, "timestamp", pnl, positions, trades_count, win_rate,
                                         drawdown, metrics, user_id)
VALUES (DEFAULT, 'mapped', NULL, '1', NULL, NULL, NULL, NULL, NULL, NULL)
RETURNING "timestamp" = now() AS now, trades_count, user_id;
SELECT id AS mapped FROM webui.performance_snapshots WHERE strategy_id = 'mapped' \gset
UPDATE webui.performance_snapshots SET id = 1, pnl = '2', trades_count = 4 WHERE id = :mapped
RETURNING id = :mapped AS same_id, pnl;
SELECT call, refusal(call) FROM unnest(ARRAY[
    $$INSERT INTO webui.performance_snapshots (strategy_id, pnl, user_id) VALUES ('x', '1', 102)$$,
    $$INSERT INTO webui.performance_snapshots (id, strategy_id, pnl) VALUES (7, 'x', '1')$$,
    $$UPDATE webui.performance_snapshots SET user_id = 102$$, $$DELETE FROM webui.performance_snapshots$$,
    $$LOCK TABLE webui.performance_snapshots$$]) WITH ORDINALITY c (call, n) ORDER BY n;
-- The latest is no matter of choice: a time is of the last day, and stays. So does an owner that a mapper leaves out.
UPDATE webui.performance_snapshots SET user_id = NULL, "timestamp" = '2021-01-01', pnl = '3' WHERE id = :mapped
RETURNING user_id, pnl, "timestamp" > now() - interval '1 hour' AS kept;
INSERT INTO webui.performance_snapshots (strategy_id, pnl, "timestamp") VALUES ('mapped', '0', now() - interval '23 h')
RETURNING "timestamp" < now() - interval '22 h' AS earlier;
SELECT left(call, 90) AS call, regexp_replace(refusal(call), 'timestamp is .* / ', 'timestamp is … / ') AS answer
FROM unnest(ARRAY[
    $$INSERT INTO webui.performance_snapshots (strategy_id, pnl, "timestamp") VALUES ('x', '1', now() + interval '1 d')$$,
    $$INSERT INTO webui.performance_snapshots (strategy_id, pnl, "timestamp") VALUES ('x', '1', now() - interval '2 d')$$,
    $$SELECT webui.save_snapshot('x', '1', metrics => (repeat('[', 65) || repeat(']', 65))::jsonb)$$,
    $$SELECT webui.save_snapshot('x', '{"a": 1e5000}')$$, $$SELECT webui.save_snapshot('x', '1', '[1e-400]')$$,
    $$UPDATE webui.performance_snapshots SET drawdown = '1e999'$$]) WITH ORDINALITY c (call, n) ORDER BY n;
SELECT count(*) AS own, bool_and(user_id = 101) AS hers FROM webui.performance_snapshots;
RESET SESSION AUTHORIZATION;

-- Every check.
SELECT call, substring(refusal('INSERT INTO webui.performance_snapshots (strategy_id, pnl, "timestamp", trades_count, '
                               'user_id) VALUES (' || call || ')') FROM 'constraint "[a-z_]+"') AS violates
FROM unnest(ARRAY[$$' ', '1', now(), 0, 101$$, $$'x', '1', '-infinity', 0, 101$$, $$'x', '1', now(), -1, 101$$,
    $$'x', jsonb_build_object('a', repeat('x', 262144)), now(), 0, 101$$, $$'x', '1', now(), 0, 999$$])
    WITH ORDINALITY c (call, n) ORDER BY n;

-- Thousands of snapshots cost the latest of a strategy nothing: an index says which it is.
INSERT INTO webui.performance_snapshots (strategy_id, pnl, "timestamp", user_id)
SELECT 'many', to_jsonb(n), '2026-01-01 00:00Z'::timestamptz + n * interval '1 s', 101 FROM generate_series(1, 10000) n;
ANALYZE webui.performance_snapshots;
CREATE FUNCTION pg_temp.reads(call text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    before bigint;
    after bigint;
    count CONSTANT text := 'SELECT seq_tup_read + coalesce(idx_tup_fetch, 0) FROM pg_stat_xact_user_tables
                            WHERE relid = ''webui.performance_snapshots''::regclass';
BEGIN
    EXECUTE count INTO before;
    EXECUTE call;
    EXECUTE count INTO after;
    RETURN after - before;
END
$$;
SELECT pg_temp.reads('SELECT * FROM webui.latest_snapshots()') < 20 AS all_of_them,
       pg_temp.reads('SELECT * FROM webui.latest_snapshots(''{many,grid}'')') < 20 AS two,
       pg_temp.reads('SELECT count(*) FROM webui.performance_snapshots') > 9000 AS it_counts;
SELECT pnl FROM webui.latest_snapshots('{many}');
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT * FROM webui.performance_snapshots WHERE user_id = 101 AND strategy_id = 'many'
ORDER BY "timestamp" DESC, id DESC LIMIT 1;
EXPLAIN (COSTS OFF) SELECT user_id FROM webui.performance_snapshots WHERE strategy_id || '' = 'many' AND user_id > 0
ORDER BY user_id LIMIT 1;
RESET enable_seqscan;

-- Rows go when they are 365 days old, 10,000 in a call.
CREATE FUNCTION pg_temp.maintain(at timestamptz) RETURNS TABLE (step text, rows bigint, problem text)
LANGUAGE sql SECURITY DEFINER AS
$$ SELECT m.step, m.rows, m.problem FROM bourse_private.maintain_at($1, 50) m
   WHERE m.relation = 'webui.performance_snapshots' $$;
ALTER FUNCTION pg_temp.maintain(timestamptz) OWNER TO bourse_owner;
SELECT * FROM pg_temp.maintain('2027-01-01 00:00:00Z');
SELECT * FROM pg_temp.maintain('2027-01-01 00:00:11Z');
SELECT min(pnl::integer) AS oldest FROM webui.performance_snapshots WHERE strategy_id = 'many';

-- A person is told of the own rows, and takes them along.
SELECT jsonb_array_length(identity.export_user(102) #> '{tables,webui.performance_snapshots}') AS told;
SELECT identity.erase_user(102, 'asked') #> '{deleted,webui.performance_snapshots}' AS deleted;
SELECT count(*) FROM webui.performance_snapshots WHERE user_id = 102;
SELECT refusal($$SELECT webui.save_snapshot('x', '1', user_id => 102)$$);
SELECT name, value >= 0 AS known FROM bourse.metrics() WHERE name LIKE 'webui%' ORDER BY name;
SELECT * FROM bourse.verify();
