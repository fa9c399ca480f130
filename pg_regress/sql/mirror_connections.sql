-- Connections of accounts to their brokers: made, kept by heartbeats, lost, ended; how well they are.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
INSERT INTO identity.users (id, name, role, db_role)
VALUES (101, 'ann', 'trader', 'mcon_ann'), (102, 'ben', 'trader', 'mcon_ben');
CREATE ROLE mcon_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE mcon_ben LOGIN IN ROLE bourse_trader;
CREATE ROLE mcon_worker LOGIN IN ROLE bourse_worker;
CREATE ROLE mcon_gateway LOGIN IN ROLE bourse_gateway;
CREATE ROLE mcon_admin LOGIN IN ROLE bourse_admin;
ALTER TABLE mirror.trading_accounts ALTER id RESTART WITH 7001;
SELECT mirror.create_account(101, 'main', 'Zerodha', is_primary => true),
       mirror.create_account(101, 'spare', 'Upstox'), mirror.create_account(102, 'bens', 'Dhan');

-- A worker reports. Whoever owns the account reads.
SET SESSION AUTHORIZATION mcon_ann;
SELECT call, refusal('SELECT mirror.' || call) AS answer FROM unnest(ARRAY[
    $$connect(7001, 'a')$$, $$disconnect('a')$$, $$heartbeat('a')$$, $$heartbeats('{a}')$$,
    $$report_failure(7001, 'x')$$, 'may_connect(7001)', 'sweep()']) WITH ORDINALITY c (call, n) ORDER BY n;
SET SESSION AUTHORIZATION mcon_worker;
SELECT mirror.connect(7001, 'a') AS first, mirror.connect(7001, 'a') AS again;
SELECT * FROM mirror.heartbeat('a');
SELECT * FROM mirror.heartbeat('a', 25, 100);
SELECT * FROM mirror.heartbeat('a', 5, 200);
SELECT call, refusal('SELECT mirror.' || call) AS answer FROM unnest(ARRAY[
    $$connect(NULL, 'b')$$, $$connect(7999, 'b')$$, 'connect(7001, NULL)', $$connect(7001, ' ')$$,
    $$connect(7001, repeat('x', 101))$$, $$connect(7002, 'a')$$, 'disconnect(NULL)', $$disconnect('none')$$,
    'heartbeat(NULL)', $$heartbeat('none')$$, $$heartbeat('a', -1)$$, $$heartbeat('a', 0, -1)$$,
    $$heartbeat('a', 1000000001)$$, 'heartbeats(NULL)', $$heartbeats('{a}', '{1,2}')$$,
    $$heartbeats('{a}', '{1}', '{}')$$, $$heartbeats('{a,b}', '{1,-2}')$$, $$heartbeats('{a,b}', NULL, '{1,-2}')$$,
    $$heartbeats(array_fill('a'::text, ARRAY[100001]))$$]) WITH ORDINALITY c (call, n) ORDER BY n;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT refusal($$SELECT mirror.connect(7001, 'b')$$);
ROLLBACK;

-- What the table has of it, as its owner sees it, and nobody else.
SET SESSION AUTHORIZATION mcon_ann;
SELECT account_id, connection_id, status, connected_at <= last_heartbeat AS heard, disconnected_at, messages_received,
       last_message_at = last_heartbeat AS told, latency_ms FROM mirror.websocket_connections;
SELECT account_name, connection_status, last_connected IS NOT NULL AS was_connected FROM mirror.trading_accounts
ORDER BY id;
SELECT account_id, account_name, in_use, connection_status, breaker, failures, health_score, latency_ms
FROM mirror.account_health(101);
SELECT refusal('INSERT INTO mirror.websocket_connections DEFAULT VALUES') AS made,
       refusal('UPDATE mirror.websocket_connections SET status = status') AS changed,
       refusal('DELETE FROM mirror.websocket_connections') AS deleted;
SET SESSION AUTHORIZATION mcon_ben;
SELECT count(*) FROM mirror.websocket_connections;
SELECT count(*) FROM mirror.breakers;
SELECT refusal('SELECT mirror.account_health(101)');

-- A gateway reports for the user whom it acts for, on nobody else.
SET SESSION AUTHORIZATION mcon_gateway;
SELECT refusal($$SELECT mirror.connect(7003, 'g')$$);
BEGIN;
SELECT identity.act_as(102);
SELECT mirror.connect(7003, 'g') > 0 AS made;
SELECT mirror.heartbeats('{a,g}') AS own_only;
SELECT refusal($$SELECT mirror.heartbeat('a')$$), refusal($$SELECT mirror.disconnect('a')$$);
COMMIT;

-- Many at once; the same one twice is one heartbeat, with what both have told.
SET SESSION AUTHORIZATION mcon_worker;
SELECT mirror.heartbeats('{a,g,none,a}', '{1,2,3,4}', '{300,NULL,7,100}');
SELECT connection_id, messages_received, latency_ms FROM mirror.websocket_connections ORDER BY 1;

-- HOT: in place, without an entry into an index; no trace in the trail.
BEGIN;
SELECT sum(mirror.heartbeats('{a,g}', '{1,1}', '{10,10}')) FROM generate_series(1, 5);
SELECT pg_stat_get_xact_tuples_updated(c.oid) >= 10 AS written,
       pg_stat_get_xact_tuples_updated(c.oid) = pg_stat_get_xact_tuples_hot_updated(c.oid) AS in_place
FROM pg_class c WHERE c.oid = 'mirror.websocket_connections'::regclass;
COMMIT;
RESET SESSION AUTHORIZATION;
SELECT refusal('SELECT mirror.account_health(101, ''-infinity'')');
SELECT count(*) FROM audit.audit_logs WHERE table_name LIKE 'mirror.%' AND action = 'UPDATE' AND table_name
    <> 'mirror.trading_accounts';

-- Ended as planned: nobody misses it, and a late heartbeat does not bring it back.
SET SESSION AUTHORIZATION mcon_worker;
SELECT mirror.disconnect('g') AS retry_at, mirror.disconnect('g', 'too late') AS ended_already;
SELECT * FROM mirror.heartbeat('g');
SELECT mirror.heartbeats('{g}');
-- Lost: to be tried again after the first delay. What holds a secret is not kept.
SELECT d.retry_at > clock_timestamp() AND d.retry_at <= clock_timestamp() + interval '1 s' AS in_a_second
FROM (SELECT mirror.disconnect('a', 'closed by the broker, token=abcdefgh12345') OFFSET 0) d (retry_at);
SELECT connection_id, status, disconnected_at IS NOT NULL AS ended, reason FROM mirror.websocket_connections ORDER BY 1;
SELECT id, connection_status FROM mirror.trading_accounts ORDER BY id;
-- Connected again by the same name: it begins anew. By another one: the account has two, and the best counts.
SELECT mirror.connect(7001, 'a') > 0 AS again;
SELECT mirror.connect(7001, 'a2') > 0 AS second;
SELECT mirror.disconnect('a');
SELECT connection_status FROM mirror.trading_accounts WHERE id = 7001;
SELECT connection_id, status, messages_received, latency_ms, reason FROM mirror.websocket_connections
WHERE account_id = 7001 ORDER BY 1;

-- Ten at most. Of those that have ended the last hundred are kept.
SELECT count(mirror.connect(7002, 'c' || n)) FROM generate_series(1, 10) n;
SELECT refusal($$SELECT mirror.connect(7002, 'c11')$$);
DO $$
BEGIN
    FOR n IN 11..130 LOOP
        PERFORM mirror.disconnect('c' || n - 1);
        PERFORM mirror.connect(7002, 'c' || n);
    END LOOP;
END
$$;
SELECT count(*) FILTER (WHERE status = 'connected') AS connected, count(*) FROM mirror.websocket_connections
WHERE account_id = 7002;
-- An account that is not active is not connected.
SELECT mirror.deactivate_account(7003);
SELECT refusal($$SELECT mirror.connect(7003, 'x')$$), refusal('SELECT mirror.may_connect(7003)');
SELECT mirror.activate_account(7003);

-- Settings: the account's own before the platform's, before the defaults.
SET SESSION AUTHORIZATION mcon_ann;
SELECT * FROM mirror.get_failover_settings() \gx
SELECT mirror.set_failover_settings(7001, heartbeat_interval => '5 s', fail_back_after => '1 minute');
SELECT refusal('SELECT mirror.set_failover_settings(cooldown => ''1 s'')');
SET SESSION AUTHORIZATION mcon_admin;
SELECT mirror.set_failover_settings(heartbeat_interval => '20 s', heartbeat_timeout => '4 s');
SELECT mirror.set_failover_settings(heartbeat_timeout => '6 s');
SET SESSION AUTHORIZATION mcon_ann;
SELECT heartbeat_interval, heartbeat_timeout, fail_back_after, open_for FROM mirror.get_failover_settings(7001);
SELECT heartbeat_interval, heartbeat_timeout, fail_back_after, open_for FROM mirror.get_failover_settings(7002);
SELECT refusal('SELECT mirror.get_failover_settings(7003)');
SELECT call, refusal(format('SELECT mirror.set_failover_settings(7001, %s)', call)) AS answer FROM unnest(ARRAY[
    $$heartbeat_interval => '0'$$, $$heartbeat_timeout => '2 days'$$, $$connect_timeout => '1 month'$$,
    $$reconnect_delays => '{}'$$, $$reconnect_delays => '{1s,NULL}'$$, $$reconnect_delays => '{1s,2h}'$$,
    'max_latency_ms => 0', 'failures_to_open => 1001', 'successes_to_close => -1', $$open_for => '-1 s'$$,
    $$silent_after => '0.01 s'$$, $$stale_after => '1 year'$$, $$cooldown => '-1 s'$$,
    $$fail_back_after => '31 days'$$]) WITH ORDINALITY c (call, n) ORDER BY n;
RESET SESSION AUTHORIZATION;
SELECT table_name, action FROM audit.audit_logs WHERE table_name = 'mirror.failover_settings' ORDER BY id;

-- The health score: its parts, one by one.
SELECT what, mirror_private.score(heard_ago, latency_ms, is_stale, breaker, failures, mirror_private.default_limits())
FROM (VALUES ('fresh', interval '1 s', 0, false, 'closed', 0), ('not connected', NULL, 0, false, 'closed', 0),
             ('half of the timeout late', '35 s', 0, false, 'closed', 0),
             ('just in time', '40 s', 0, false, 'closed', 0), ('overdue', '40.001 s', 0, false, 'closed', 0),
             ('slow', '1 s', 500, false, 'closed', 0),
             ('far too slow', '1 s', 5000, false, 'closed', 0), ('stale', '1 s', 0, true, 'closed', 0),
             ('failed once', '1 s', 0, false, 'closed', 1), ('half open', '1 s', 0, false, 'half_open', 0),
             ('open', '1 s', 0, false, 'open', 3), ('all of it', '40 s', 9999, true, 'closed', 2))
    v (what, heard_ago, latency_ms, is_stale, breaker, failures);

-- A user who leaves takes all of it along.
SELECT identity.export_user(101)::text LIKE '%websocket_connections%' AS told;
SELECT identity.erase_user(101, 'asked for') IS NOT NULL AS erased;
SELECT count(*) FROM mirror.websocket_connections WHERE user_id = 101;
SELECT (SELECT count(*) FROM mirror.breakers WHERE user_id = 101) AS breakers,
       (SELECT count(*) FROM mirror.failover_settings WHERE user_id = 101) AS settings,
       (SELECT count(*) FROM mirror.failover_states WHERE user_id = 101) AS states;
SELECT * FROM mirror_private.verify_connections();
