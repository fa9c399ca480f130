-- Heartbeats, what becomes of a bot that sends none any more, and of one that is heard of again.
INSERT INTO identity.users (id, name, db_role) VALUES (101, 'ann', 'tbeat_ann'), (102, 'ben', NULL);
CREATE ROLE tbeat_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE tbeat_worker LOGIN IN ROLE bourse_worker;
ALTER TABLE trading.bot_accounts ALTER id RESTART WITH 7201;
SET SESSION AUTHORIZATION tbeat_ann;
SELECT trading.create_bot(101, 'grid', '{}') AS grid, trading.create_bot(101, 'maker', '{}') AS maker \gset
RESET SESSION AUTHORIZATION;
SELECT trading.create_bot(102, 'of ben', '{}') AS bens \gset

-- A bot learns its status from the answer, and may tell how it is getting on.
SET SESSION AUTHORIZATION tbeat_ann;
SELECT trading.heartbeat(:grid);
SELECT trading.start_bot(:grid);
SELECT last_heartbeat AS none_since FROM trading.bots WHERE id = :grid;
SELECT trading.heartbeat(:grid, '{"orders": 4, "api_key": "x"}');
SELECT trading.heartbeat(:grid);
SELECT progress, last_heartbeat > started_at AS heard, updated_at < last_heartbeat AS untouched
FROM trading.bots WHERE id = :grid;
SELECT call, refusal('SELECT trading.' || call) AS answer FROM unnest(ARRAY['heartbeat(NULL)', 'heartbeat(1)',
    'heartbeat(7201, ''[]'')', $$heartbeat(7201, jsonb_build_object('a', repeat('x', 8192)))$$, 'heartbeats(NULL)',
    'heartbeats(array_fill(1, ARRAY[100001]))', 'sweep_bots()']) WITH ORDINALITY c (call, n) ORDER BY n;
-- Many in one call: those that are not hers, or not there, are none.
SELECT trading.heartbeats(ARRAY[:grid, :maker, :bens, 1, NULL]);
SET SESSION AUTHORIZATION tbeat_worker;
SELECT trading.heartbeats(ARRAY[:grid, :maker, :bens, 1, NULL, :grid]);

-- HOT: in place, without an entry into an index; no trace in the trail, no event.
RESET SESSION AUTHORIZATION;
SELECT trading.heartbeats(ARRAY[:grid, :maker]) FROM generate_series(1, 5);
SELECT pg_stat_force_next_flush();
SELECT n_tup_upd = n_tup_hot_upd AS all_hot FROM pg_stat_user_tables WHERE relid = 'trading.bot_heartbeats'::regclass;
SELECT count(*) FROM audit.audit_logs WHERE table_name = 'trading.bot_heartbeats';
SELECT event FROM trading.bot_events(:grid);

-- Who has been heard of since the start, and then no more, has failed. Who never was is not watched, unless awaited.
SELECT trading.start_bot(:maker);
SELECT trading.start_bot(:bens, await_heartbeat => true);
UPDATE trading.bot_heartbeats SET last_heartbeat = last_heartbeat - interval '2 minutes',
                                  awaited_since = awaited_since - interval '3 minutes';
SET SESSION AUTHORIZATION tbeat_worker;
SELECT bot_id FROM trading.sweep_bots('1 hour');
SELECT bot_id, last_heartbeat IS NULL AS never FROM trading.sweep_bots("limit" => 1);
SELECT bot_id, last_heartbeat IS NULL AS never FROM trading.sweep_bots();
SELECT bot_id FROM trading.sweep_bots();
RESET SESSION AUTHORIZATION;
SELECT id, status, error_count, last_error ~ '^no heartbeat since 20..-' AS error FROM trading.bots ORDER BY id;
SELECT event, old_status, new_status, actor FROM trading.bot_events(:grid, 1);
SELECT system, component, status, failure_count, error_message, metadata FROM messaging.v_system_health
WHERE system = 'trading_bot';
SELECT module, severity, alert, subject FROM bourse.alerts() WHERE module = 'trading';
SELECT name, value, labels FROM bourse.metrics() WHERE name LIKE 'trading%' ORDER BY name, labels::text COLLATE "C";

-- Heard of again they go on where they were; it is all healthy with the last of them, as the next look reports.
SET SESSION AUTHORIZATION tbeat_ann;
SELECT trading.heartbeat(:grid);
SET SESSION AUTHORIZATION tbeat_worker;
SELECT count(*) FROM trading.sweep_bots();
SELECT status FROM messaging.v_system_health WHERE system = 'trading_bot';
SELECT trading.heartbeats(ARRAY[:bens]);
SELECT count(*) FROM trading.sweep_bots();
SELECT status FROM messaging.v_system_health WHERE system = 'trading_bot';
RESET SESSION AUTHORIZATION;
SELECT event, old_status, new_status FROM trading.bot_events(:bens);
SELECT alert FROM bourse.alerts() WHERE module = 'trading';
-- A bot that was paused is paused again, and one that has failed otherwise stays so.
SELECT trading.pause_bot(:grid);
UPDATE trading.bot_heartbeats SET last_heartbeat = last_heartbeat - interval '2 minutes' WHERE bot_id = :grid;
SELECT count(*) FROM trading.sweep_bots();
SELECT trading.heartbeat(:grid);
SELECT trading.fail_bot(:grid, 'no disk');
SELECT trading.heartbeat(:grid);
-- Started again by hand it is not silent any more.
SELECT trading.heartbeat(:maker);
UPDATE trading.bot_heartbeats SET last_heartbeat = last_heartbeat - interval '2 minutes' WHERE bot_id = :maker;
SELECT count(*) FROM trading.sweep_bots();
SELECT trading.start_bot(:maker);
SELECT count(*) FROM trading.sweep_bots();
SELECT status FROM messaging.v_system_health WHERE system = 'trading_bot';
SELECT call, refusal('SELECT trading.' || call) AS answer FROM unnest(ARRAY['sweep_bots(NULL)', 'sweep_bots(''0'')',
    'sweep_bots(''178000000 years'')', 'sweep_bots("limit" => 0)', 'sweep_bots("limit" => 10001)'])
    WITH ORDINALITY c (call, n) ORDER BY n;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT refusal('SELECT trading.sweep_bots()');
COMMIT;
-- The ticker does it as well, every 10 seconds.
UPDATE trading.bot_heartbeats SET last_heartbeat = last_heartbeat - interval '2 minutes' WHERE bot_id = :bens;
UPDATE messaging.system_health SET checked_at = checked_at - interval '1 minute' WHERE system = 'trading_bot';
SELECT trading_private.on_tick();
SELECT status FROM trading.bots WHERE id = :bens;
SELECT * FROM bourse.integrity() WHERE module = 'trading';
