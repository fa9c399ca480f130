-- Failover: another account of the user stands in for one that has failed, until it is well again.
SET timezone = 'UTC';
SET datestyle = 'ISO, YMD';
SET intervalstyle = 'postgres';
INSERT INTO identity.users (id, name, role, db_role)
VALUES (101, 'ann', 'trader', 'mfai_ann'), (102, 'ben', 'trader', 'mfai_ben');
CREATE ROLE mfai_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE mfai_ben LOGIN IN ROLE bourse_trader;
CREATE ROLE mfai_worker LOGIN IN ROLE bourse_worker;
SELECT calendar.load_calendar(b.definition) FROM calendar.builtin_calendars() b
WHERE b.name IN ('XNSE', '24/7') ORDER BY 1;
ALTER TABLE mirror.trading_accounts ALTER id RESTART WITH 7001;
ALTER TABLE mirror.failover_events ALTER id RESTART WITH 1;
SELECT mirror.create_account(101, 'main', 'Zerodha', is_primary => true),
       mirror.create_account(101, 'second', 'Upstox'), mirror.create_account(101, 'third', 'Dhan'),
       mirror.create_account(102, 'bens', 'Zerodha', is_primary => true);

-- A Monday in January: the market is open from 03:45 to 10:00 UTC. Times are told in seconds from 04:00 on.
CREATE FUNCTION at(seconds numeric) RETURNS timestamptz LANGUAGE sql IMMUTABLE AS
$$ SELECT '2026-01-05 04:00+00'::timestamptz + seconds * interval '1 s' $$;
CREATE FUNCTION sweep(seconds numeric) RETURNS TABLE (event bigint, "from" bigint, "to" bigint, reason text, ok boolean)
LANGUAGE sql AS $$ SELECT * FROM mirror.sweep(at(seconds)) $$;
CREATE FUNCTION beat(seconds numeric, VARIADIC ids text[]) RETURNS bigint LANGUAGE sql AS
$$ SELECT mirror_private.beat(ids, array_fill(10::bigint, ARRAY[cardinality(ids)]), NULL, at(seconds)) $$;
SELECT mirror_private.open_connection(101, 7001, 'm1', at(0)), mirror_private.open_connection(101, 7002, 'm2', at(0)),
       mirror_private.open_connection(101, 7003, 'm3', at(0)), mirror_private.open_connection(102, 7004, 'b', at(0));
SELECT user_id, account_id, stands_in FROM mirror.active_accounts ORDER BY 1;

-- Heard of in time: nothing happens. Then nothing is heard of the main account for 40 seconds.
SELECT beat(25, 'm1', 'm2', 'm3', 'b');
SELECT * FROM sweep(65);
SELECT beat(64, 'm2', 'm3', 'b'), mirror_private.beat('{m2}', '{0}', '{400}', at(65));
SELECT * FROM sweep(65.1);
SELECT * FROM sweep(65.2);
SELECT user_id, primary_account_id, account_id, stands_in, since FROM mirror.active_accounts ORDER BY 1;
SELECT id, user_id, from_account_id, to_account_id, from_name, to_name, reason, "timestamp", success, error_message
FROM mirror.failover_events \gx
-- The connection that has been silent has failed; the account is no backup before it has been well again.
SELECT connection_id, status, reason FROM mirror.websocket_connections ORDER BY 1;
SELECT id, is_primary, connection_status FROM mirror.trading_accounts ORDER BY 1;
SELECT h.account_id, h.breaker, h.health_score, h.is_well FROM mirror_private.health_of('{7001,7002,7003}', at(66)) h
ORDER BY 1;

-- The next one fails 20 seconds later: the cooldown goes on until 30 seconds after the change.
SELECT mirror_private.beat('{m1}', '{0}', '{20}', at(70));
SELECT status FROM mirror.websocket_connections WHERE connection_id = 'm1';
SELECT mirror_private.fail(101, 7003, 'refused', at(80 + n)) FROM generate_series(1, 3) n;
SELECT beat(84, 'm1', 'm2', 'm3', 'b');
SELECT * FROM sweep(85);
SELECT * FROM sweep(95.1);
SELECT from_name, to_name, reason, error_message FROM mirror.failover_events ORDER BY id DESC LIMIT 1;
-- Half open after 30 seconds, closed after two heartbeats: a backup again.
SELECT beat(98, 'm1', 'm2', 'b'), beat(99, 'm1'), beat(110, 'm1', 'm2', 'b');
SELECT h.account_id, h.breaker, h.is_well FROM mirror_private.health_of('{7001,7003}', at(110)) h ORDER BY 1;

-- Back to the primary account, by hand: by its owner, when it is well. Nothing is changed when it is in use already.
SET SESSION AUTHORIZATION mfai_ann;
SELECT refusal('SELECT mirror.fail_back(7002)') AS not_primary,
       refusal('SELECT mirror.fail_back(7001)') AS not_heard_of,
       refusal('SELECT mirror.fail_back(7004)') AS not_hers, refusal('SELECT mirror.fail_back(NULL)') AS "null" \gx
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT refusal('SELECT mirror.fail_back(7001)');
ROLLBACK;
RESET SESSION AUTHORIZATION;
SELECT mirror_private.back_to_primary(7001, at(111)) AS back, mirror_private.back_to_primary(7001, at(112)) AS again;
SELECT account_id, stands_in FROM mirror.active_accounts WHERE user_id = 101;
SELECT id, from_name, to_name, reason, success FROM mirror.failover_events ORDER BY id DESC LIMIT 1;
SET SESSION AUTHORIZATION mfai_ann;
SELECT mirror.fail_back(7001);
RESET SESSION AUTHORIZATION;

-- No backup: an event says so, once for each outage, however often one looks.
SELECT beat(150, 'm1', 'm2', 'm3');
SELECT * FROM sweep(151);
SELECT * FROM sweep(152);
SELECT told_account_id, told_at FROM mirror.failover_states WHERE user_id = 102;
SELECT severity, alert, subject, detail FROM bourse.alerts() WHERE module = 'mirror';
SELECT status, error_message, metadata FROM messaging.system_health WHERE system = 'mirror_connection';
SELECT beat(153, 'b');
SELECT * FROM sweep(154);
SELECT told_account_id FROM mirror.failover_states WHERE user_id = 102;
SELECT count(*) FROM bourse.alerts() WHERE module = 'mirror';
SELECT status FROM messaging.system_health WHERE system = 'mirror_connection';
-- Silent once more: that is another outage.
SELECT beat(180, 'm1', 'm2', 'm3');
SELECT * FROM sweep(200);

-- Lost connections are missed after all attempts to connect again: 1 + 2 + 4 seconds, and 5 for each of the three.
SELECT * FROM mirror_private.end_connection('m1', 'closed by the broker', at(201));
SELECT beat(202, 'm2');
SELECT * FROM sweep(222.9);
SELECT * FROM sweep(223);
SELECT error_message FROM mirror.failover_events ORDER BY id DESC LIMIT 1;
-- What was disconnected as planned is missed by nobody.
SELECT * FROM mirror_private.end_connection('m2', NULL, at(224));
SELECT * FROM sweep(300);
SELECT account_id FROM mirror.active_accounts WHERE user_id = 101;
-- Another primary account is the user's choice: nothing stands in for it.
SELECT mirror.set_primary_account(7003);
SELECT primary_account_id, account_id, stands_in FROM mirror.active_accounts WHERE user_id = 101;
SELECT mirror.set_primary_account(7001);
SELECT primary_account_id, account_id, stands_in FROM mirror.active_accounts WHERE user_id = 101;
-- One that stands in and is put out of use is left, for the primary one too, if that is the best.
SELECT mirror_private.open_connection(101, 7001, 'm1', at(310)), beat(311, 'm1'), beat(312, 'm1');
SELECT mirror.deactivate_account(7002);
SELECT * FROM sweep(313);
SELECT account_id, stands_in FROM mirror.active_accounts WHERE user_id = 101;
SELECT mirror.activate_account(7002);

-- Connected, in session, subscribed to data, and none comes: that is a failure, too. Heartbeats tell.
SELECT mirror_private.open_connection(101, 7002, 'm2', at(320)) > 0;
SELECT mirror.subscribe(7001, 'NSE', 'INFY');
UPDATE mirror.market_subscriptions SET created_at = at(320);
SELECT mirror_private.beat('{m1,m2}', '{7,0}', NULL, at(350)), mirror_private.beat('{m1,m2}', '{0,0}', NULL, at(355));
SELECT * FROM sweep(355.1);
SELECT health_score, message_at FROM mirror_private.health_of('{7001}', at(355.1));
SELECT mirror_private.beat('{m1,m2}', '{0,0}', NULL, at(355.2));
SELECT * FROM sweep(355.3);
SELECT error_message FROM mirror.failover_events ORDER BY id DESC LIMIT 1;
-- The one that stands in has five seconds from then on. It receives data; the other is well without, having none to
-- wait for.
SELECT mirror_private.beat('{m1,m2}', '{0,1}', NULL, at(360)), mirror_private.beat('{m1,m2}', '{0,1}', NULL, at(386)),
       mirror_private.beat('{m1,m2}', '{0,1}', NULL, at(387));
SELECT * FROM sweep(387);
SELECT mirror_private.back_to_primary(7001, at(387));
-- After hours, before the first tick, in a year that the calendar does not cover, or with a calendar that is not
-- loaded, nothing is to be expected.
SELECT t.at, mirror_private.open_since('XNSE', t.at) FROM (VALUES
    (timestamptz '2026-01-05 03:44:59+00'), ('2026-01-05 03:45+00'), ('2026-01-05 09:59:59+00'),
    ('2026-01-05 10:00+00'), ('2026-01-04 05:00+00'), ('2038-01-05 05:00+00')) t (at);
SELECT mirror_private.open_since('NEVER', at(0)), mirror_private.open_since('24/7', at(0)) IS NOT NULL AS always;
SELECT mirror_private.beat('{m1,m2,b}', '{0,0,0}', NULL, '2026-01-05 10:00:30+00');
SELECT * FROM mirror.sweep('2026-01-05 10:00:31+00');
SELECT mirror_private.beat('{m1,m2,b}', '{0,0,0}', NULL, '2026-01-06 03:45:05+00');
SELECT * FROM mirror.sweep('2026-01-06 03:45:05+00');
SELECT mirror_private.beat('{m1,m2,b}', '{0,0,0}', NULL, '2026-01-06 03:45:05.1+00');
SELECT * FROM mirror.sweep('2026-01-06 03:45:05.1+00');

-- Back by itself, when the primary account has been well for as long as its user has said.
SELECT mirror.set_failover_settings(7001, fail_back_after => '60 s', cooldown => '10 s');
SELECT mirror_private.beat('{m1,m2,b}', '{0,5,0}', NULL, '2026-01-06 03:45:36+00'),
       mirror_private.beat('{m1,m2,b}', '{0,5,0}', NULL, '2026-01-06 03:45:37+00');
SELECT * FROM mirror.sweep('2026-01-06 03:45:40+00');
SELECT primary_well_since FROM mirror.stand_ins;
SELECT mirror_private.beat('{m1,m2,b}', '{0,5,0}', NULL, '2026-01-06 03:46:10+00');
SELECT * FROM mirror.sweep('2026-01-06 03:46:39.9+00');
SELECT mirror_private.fail(101, 7001, 'once', '2026-01-06 03:46:39.9+00');
SELECT * FROM mirror.sweep('2026-01-06 03:46:40+00');
SELECT count(*) FROM mirror.stand_ins;

-- Names stay when accounts are deleted; nothing stands in for one that is not there.
SELECT mirror.delete_account(7003);
SELECT id, from_account_id, to_account_id, from_name, to_name, reason FROM mirror.failover_events ORDER BY id;
SELECT refusal('UPDATE mirror.failover_events SET reason = ''lost''') AS changed,
       refusal('UPDATE mirror.failover_events SET to_account_id = 7002 WHERE to_account_id IS NULL') AS named,
       refusal('TRUNCATE mirror.failover_events') AS emptied \gx
SELECT table_name, time_column, keep FROM bourse.policies
WHERE schema_name = 'mirror' AND table_name IN ('failover_events', 'websocket_connections') ORDER BY 1;

-- Who may see and do what. A user tells nobody that he has failed over: the table says what is true, a notification is
-- a hint, and everybody can send one.
SET SESSION AUTHORIZATION mfai_ben;
SELECT from_name, reason, success FROM mirror.failover_events;
SELECT account_id FROM mirror.active_accounts;
SELECT refusal('INSERT INTO mirror.failover_events DEFAULT VALUES') AS event,
       refusal('UPDATE mirror.failover_states SET told_account_id = NULL') AS state,
       refusal('INSERT INTO mirror.stand_ins DEFAULT VALUES') AS stand_in \gx
SET SESSION AUTHORIZATION mfai_worker;
SELECT regexp_replace(refusal(call), '20[0-9]{2}-.* is not now', '… is not now') AS answer FROM unnest(ARRAY[
    'SELECT mirror.sweep(now() + interval ''1 minute'')', 'SELECT mirror.sweep(now() - interval ''1 minute'')',
    'SELECT mirror.sweep(NULL)']) WITH ORDINALITY c (call, n) ORDER BY n;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT refusal('SELECT mirror.sweep()');
ROLLBACK;
SELECT reason, success FROM mirror.sweep();
RESET SESSION AUTHORIZATION;
SELECT * FROM mirror_private.verify_connections();
