-- What people did in the screens of a web application: log_action(), the plain table, who reads it, how long it stays.
INSERT INTO identity.users (id, name, db_role) VALUES (101, 'ann', 'weblog_ann'), (102, 'ben', 'weblog_ben'),
    (103, 'cid', NULL);
CREATE ROLE weblog_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE weblog_ben LOGIN IN ROLE bourse_viewer;
CREATE ROLE weblog_gateway LOGIN IN ROLE bourse_gateway;
CREATE ROLE weblog_admin LOGIN IN ROLE bourse_admin;

-- A gateway logs for the user whom it acts for, with the address and the browser that it knows.
SET SESSION AUTHORIZATION weblog_gateway;
BEGIN;
SELECT identity.act_as(101);
SELECT webui.log_action(101, ' save_template ', 'strategy_template', '7',
    '{"name": "grid", "nested": {"api_secret": "x", "tries": 2}}', '2001:db8::1', 'Firefox') > 0 AS logged;
SET LOCAL bourse.user_agent = 'an agent of the session';
SELECT webui.log_action(101, 'logout', ip_address => '203.0.113.7') > 0 AS logged;
SELECT webui.log_action(101, 'long', user_agent => repeat('x', 501)) > 0 AS logged;
SELECT user_id, action, resource_type, resource_id, details, ip_address, left(user_agent, 24) AS agent,
       length(user_agent) AS length, created_at = now() AS now, actor
FROM webui.audit_logs ORDER BY id;
SELECT refusal($$SELECT webui.log_action(103, 'login')$$);
COMMIT;
-- Which user, it says in every transaction.
SELECT count(*) FROM webui.audit_logs;
SELECT refusal($$SELECT webui.log_action(101, 'login')$$);
BEGIN;
SELECT identity.act_for_everybody();
SELECT webui.log_action(103, 'login') > 0 AS logged;
SELECT user_id, count(*) FROM webui.audit_logs GROUP BY user_id ORDER BY user_id;
COMMIT;

-- What it does not take.
SET SESSION AUTHORIZATION weblog_admin;
SELECT call, refusal('SELECT webui.log_action(' || call || ')') FROM unnest(ARRAY[
    $$NULL, 'login'$$, $$101, NULL$$, $$101, ' '$$, $$101, repeat('x', 101)$$, $$101, 'login', ''$$,
    $$101, 'login', repeat('x', 51)$$, $$101, 'login', 'a', repeat('x', 101)$$, $$999, 'login'$$,
    $$101, 'login', details => jsonb_build_object('a', repeat('x', 65536))$$,
    $$101, 'login', details => (repeat('[', 65) || repeat(']', 65))::jsonb$$,
    $$101, 'login', ip_address => 'localhost'$$, $$101, 'login', ip_address => '203.0.113.256'$$])
    WITH ORDINALITY c (call, n) ORDER BY n;

-- As a plain table: a mapper names every column, what is computed is put in. Nobody changes what stands there.
SET SESSION AUTHORIZATION weblog_ann;
INSERT INTO webui.audit_logs (id, user_id, action, resource_type, resource_id, details, ip_address, user_agent,
                              created_at, actor)
VALUES (NULL, 101, ' login ', NULL, NULL, '{"password": "x"}', NULL, NULL, DEFAULT, 'somebody else')
RETURNING action, details, created_at = now() AS now, actor;
INSERT INTO webui.audit_logs (user_id, action, created_at) VALUES (101, 'kept elsewhere', now() - interval '23 hours')
RETURNING created_at = now() - interval '23 hours' AS as_sent;
SELECT call, refusal(regexp_replace(call, '^INSERT', 'INSERT INTO webui.audit_logs')) AS answer FROM unnest(ARRAY[
    $$INSERT (user_id, action) VALUES (102, 'login')$$, $$INSERT (user_id, action) VALUES (NULL, 'login')$$,
    $$INSERT (id, user_id, action) VALUES (7, 101, 'login')$$, $$INSERT (user_id, action) VALUES (101, ' ')$$,
    $$INSERT (user_id, action, created_at) VALUES (101, 'login', NULL)$$,
    $$INSERT (user_id, action, created_at) VALUES (101, 'login', 'infinity')$$,
    $$INSERT (user_id, action, created_at) VALUES (101, 'login', '2020-01-01 00:00Z')$$,
    $$UPDATE webui.audit_logs SET action = 'x'$$, $$DELETE FROM webui.audit_logs$$, $$TRUNCATE webui.audit_logs$$,
    $$SELECT count(*) FROM webui.audit_logs_default$$]) WITH ORDINALITY c (call, n) ORDER BY n;
SELECT count(*) AS own FROM webui.audit_logs;
SET SESSION AUTHORIZATION weblog_ben;
SELECT count(*) AS own FROM webui.audit_logs;
SELECT refusal($$SELECT webui.log_action(102, 'login')$$), refusal($$INSERT INTO webui.audit_logs (user_id, action)
    VALUES (102, 'login')$$);
SET SESSION AUTHORIZATION weblog_admin;
SELECT user_id, actor, action FROM webui.audit_logs ORDER BY id;
RESET SESSION AUTHORIZATION;

-- Every check, past the functions and triggers.
SET session_replication_role = replica;
SELECT call, substring(refusal('INSERT INTO webui.audit_logs (action, details, created_at) VALUES (' || call || ')')
                       FROM 'constraint "[a-z_]+"') AS violates FROM unnest(ARRAY[
    $$' ', NULL, now()$$, $$'x', jsonb_build_object('a', repeat('x', 65536)), now()$$, $$'x', NULL, 'infinity'$$,
    $$'x', NULL, '-infinity'$$, $$'x', '1', now()$$]) WITH ORDINALITY c (call, n) ORDER BY n;
RESET session_replication_role;
DELETE FROM webui.audit_logs WHERE user_id IS NULL;
-- A log-in that fails is nobody's: of a gateway, or who acts for everybody. Without a user it is the session's.
SET SESSION AUTHORIZATION weblog_gateway;
SELECT webui.log_action(NULL, 'login failed', details => '{"name": "ann"}') > 0 AS logged;
BEGIN;
SELECT identity.act_as(101);
SELECT webui.log_action(NULL, 'of ann') > 0 AS logged;
INSERT INTO webui.audit_logs (action) VALUES ('of ann') RETURNING user_id, actor;
COMMIT;
BEGIN;
SELECT identity.act_for_everybody();
INSERT INTO webui.audit_logs (action) VALUES ('of nobody') RETURNING user_id, actor;
COMMIT;
SELECT refusal($$INSERT INTO webui.audit_logs (action) VALUES ('of nobody')$$) AS names_nobody;
RESET SESSION AUTHORIZATION;
SELECT action, user_id, actor FROM webui.audit_logs WHERE action LIKE '%of %' OR action = 'login failed' ORDER BY id;
DELETE FROM webui.audit_logs WHERE action LIKE '%of %' OR action = 'login failed';

-- Each seed's query by its index.
SET enable_seqscan = off;
EXPLAIN (COSTS OFF) SELECT * FROM webui.audit_logs WHERE user_id = 101 ORDER BY created_at DESC LIMIT 10;
EXPLAIN (COSTS OFF) SELECT * FROM webui.audit_logs WHERE action || '' = 'login' ORDER BY created_at DESC
LIMIT 10;
RESET enable_seqscan;

-- A month is a partition, made ahead, dropped whole when its last row is 90 days old. What time it is, is said to
-- maintain_at(), which maintain() calls with the clock.
CREATE FUNCTION pg_temp.maintain(at timestamptz) RETURNS TABLE (step text, target text, rows bigint, problem text)
LANGUAGE sql SECURITY DEFINER AS
$$ SELECT m.step, m.target, m.rows, m.problem FROM bourse_private.maintain_at($1, 50) m
   WHERE m.relation = 'webui.audit_logs' $$;
ALTER FUNCTION pg_temp.maintain(timestamptz) OWNER TO bourse_owner;
SELECT schema_name, table_name, time_column, partition_by, ahead, keep FROM bourse.policies
WHERE schema_name = 'webui' ORDER BY table_name;
BEGIN;
TRUNCATE webui.audit_logs;
SELECT count(*) > 0 AS made FROM bourse.maintain() WHERE relation = 'webui.audit_logs';
SELECT webui.log_action(101, 'in its month') > 0 AS logged;
SELECT tableoid::regclass::text = to_char(now() AT TIME ZONE 'UTC', '"webui.audit_logs_y"YYYY"m"MM') AS in_its_month
FROM webui.audit_logs;
SELECT count(*) AS months, bool_and(c.relrowsecurity) AS with_row_security,
       bool_and(has_table_privilege('bourse_trader', c.oid, 'SELECT')) AS readable_past_it
FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid WHERE i.inhparent = 'webui.audit_logs'::regclass;
SET LOCAL SESSION AUTHORIZATION weblog_ann;
SELECT action, actor FROM webui.audit_logs;
ROLLBACK;
BEGIN;
TRUNCATE webui.audit_logs;
SET LOCAL session_replication_role = replica;
INSERT INTO webui.audit_logs (user_id, action, created_at)
SELECT 101, 'day ' || d::date, d FROM generate_series('2029-11-01 12:00Z'::timestamptz, '2030-02-27 12:00Z', '1 day') d;
SET LOCAL session_replication_role = origin;
SELECT * FROM pg_temp.maintain('2030-01-15');
SELECT tableoid::regclass AS partition, count(*) FROM webui.audit_logs GROUP BY tableoid
ORDER BY tableoid::regclass::text COLLATE "C";
SELECT * FROM pg_temp.maintain('2030-05-01 22:00Z');
SELECT * FROM pg_temp.maintain('2030-05-02');
SELECT tableoid::regclass AS partition, count(*) FROM webui.audit_logs GROUP BY tableoid
ORDER BY tableoid::regclass::text COLLATE "C";
ROLLBACK;

-- A person is told of the own rows. Erased, nothing stays that says who it was; the trail keeps its own count.
SELECT jsonb_array_length(identity.export_user(101) #> '{tables,webui.audit_logs}') AS told,
       identity.export_user(101) #> '{tables,webui.audit_logs,0}' ?& '{action,actor,details,ip_address}' AS whole;
SELECT identity.erase_user(101, 'asked') -> 'redacted' -> 'webui.audit_logs' AS redacted;
SELECT user_id, action, resource_type, resource_id, details, ip_address, user_agent, actor FROM webui.audit_logs
ORDER BY id;
SELECT refusal($$SELECT webui.log_action(101, 'login')$$);
SELECT refusal($$INSERT INTO webui.audit_logs (user_id, action) VALUES (101, 'login')$$);
SELECT * FROM bourse.verify();
-- Who has been deleted leaves the name. Something that an erasure has missed is told of.
DELETE FROM identity.users WHERE id = 103;
SELECT user_id, action, actor FROM webui.audit_logs WHERE actor IS NOT NULL;
UPDATE webui.audit_logs SET ip_address = '203.0.113.7' WHERE action = 'logout';
SELECT * FROM bourse.verify();
