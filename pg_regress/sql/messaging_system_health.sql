-- How the systems around are: what a report does to counts, average and status, when it is UNKNOWN, what the platform
-- reports of itself.
CREATE ROLE health_gateway LOGIN IN ROLE bourse_gateway;
CREATE ROLE health_worker LOGIN IN ROLE bourse_worker;
CREATE ROLE health_admin LOGIN IN ROLE bourse_admin;
CREATE ROLE health_trader LOGIN IN ROLE bourse_trader;
CREATE ROLE health_monitor LOGIN IN ROLE bourse_monitor;
INSERT INTO identity.users (id, name, db_role) VALUES (101, 'ann', 'health_trader');

-- DEGRADED after one failure, DOWN after three in a row, DEGRADED again until two successes in a row.
SET SESSION AUTHORIZATION health_gateway;
SELECT n, ok,
       messaging.report_health('api_service', NULL, ok, error => CASE WHEN NOT ok THEN 'error ' || n END) AS status
FROM unnest('{t,f,t,f,f,f,f,t,f,t,t,t}'::boolean[]) WITH ORDINALITY u (ok, n) ORDER BY n;
SELECT system, component, status, failure_count, success_count, error_message, avg_response_time_ms,
       last_success > last_failure AS recovered, checked_at = last_success AS checked
FROM messaging.system_health;

-- 0.7 of what it was and 0.3 of what is new, to a thousandth: small steps add up. A report without a time leaves it.
SELECT n, messaging.report_health('api_service', 'orders', true, ms) AS status
FROM unnest('{100,200,NULL,0,1001}'::integer[]) WITH ORDINALITY u (ms, n) ORDER BY n;
SELECT avg_response_time_ms, response_time_ewma,
       response_time_ewma = round(0.7 * round(0.7 * round(0.7 * 100 + 0.3 * 200, 3), 3) + 0.3 * 1001, 3) AS exact
FROM messaging.system_health WHERE component = 'orders';
SELECT count(messaging.report_health('api_service', 'slow', true, 10)) AS reports;
SELECT count(messaging.report_health('api_service', 'slow', true, 11)) AS reports FROM generate_series(1, 10);
SELECT avg_response_time_ms FROM messaging.system_health WHERE component = 'slow';

-- What else is told: the latest that was said of it, and no secret.
SELECT messaging.report_health('telegram_bot', 'poll', false, error => 'GET https://ann:secret@api.example failed',
                               metadata => '{"host": "b1", "api_key": "x"}');
SELECT messaging.report_health('telegram_bot', 'poll', true);
SELECT error_message, metadata FROM messaging.system_health WHERE component = 'poll';
SELECT messaging.report_health('telegram_bot', 'poll', false, error => repeat('x', 3000));
SELECT length(error_message) FROM messaging.system_health WHERE component = 'poll';

-- Channels are components of the system notification.
SELECT messaging.update_channel_health('email', true, 40),
       messaging.update_channel_health('sms', false, NULL, 'no route');
RESET SESSION AUTHORIZATION;
INSERT INTO messaging.channel_configs (channel, enabled) VALUES ('email', false), ('slack', true);
SELECT channel, enabled, status, failure_count, avg_response_time_ms, error_message, checked_at IS NOT NULL AS checked
FROM messaging.v_channel_health_summary ORDER BY channel;

-- An admin says what is much: thresholds count at once. Slow is DEGRADED, too.
SET SESSION AUTHORIZATION health_admin;
SELECT messaging.set_health_thresholds('notification', 'sms', degraded_after => 2, down_after => 2) AS sms,
       messaging.set_health_thresholds('api_service', 'orders', slow_after_ms => 300) AS orders,
       messaging.set_health_thresholds('notification', 'fax', 5, 9, 3, 100, '1 hour') AS fax;
SELECT messaging.update_channel_health('sms', false), messaging.update_channel_health('sms', true);
SELECT messaging.set_health_thresholds('notification', 'sms', recovered_after => 1) AS sms,
       messaging.set_health_thresholds('api_service', 'orders', slow_after_ms => 0) AS orders;
SELECT n, messaging.update_channel_health('fax', false) AS status FROM generate_series(1, 9) n ORDER BY n;
UPDATE messaging.system_health SET down_after = 20 WHERE component = 'slow';
SELECT component, degraded_after, down_after, recovered_after, slow_after_ms, stale_after FROM messaging.system_health
WHERE component IN ('orders', 'sms', 'fax', 'slow') ORDER BY component;
SELECT action, record_id, new_values FROM audit.audit_logs WHERE table_name = 'messaging.system_health' ORDER BY id;
RESET SESSION AUTHORIZATION;

-- On what nobody reports any more is UNKNOWN: at once where the clock is asked, in the table once somebody has looked.
UPDATE messaging.system_health SET checked_at = now() - stale_after - interval '1 second' WHERE component = 'email';
SELECT v.status AS view, h.status AS "table" FROM messaging.v_system_health v JOIN messaging.system_health h USING (id)
WHERE h.component = 'email';
SELECT status FROM messaging.v_channel_health_summary WHERE channel = 'email';
-- Of a channel it is told when it has something to send.
SELECT count(*) FROM bourse.alerts() WHERE alert = 'system_is_silent';
SELECT messaging.enqueue_message('note', '{email}', '{}', 'chat:1') > 0 AS due;
UPDATE messaging.deliveries SET claimable_at = now() - interval '2 minutes';
SET SESSION AUTHORIZATION health_monitor;
SELECT severity, alert, subject, regexp_replace(detail, 'since .*', 'since …') AS detail, hint FROM bourse.alerts()
WHERE module = 'messaging' ORDER BY subject;
SELECT name, labels, value FROM bourse.metrics() WHERE name = 'messaging_systems' ORDER BY labels;
RESET SESSION AUTHORIZATION;
SELECT bourse_private.tick();
SELECT status, failure_count FROM messaging.system_health WHERE component = 'email';
SELECT messaging.update_channel_health('email', true, 40);

-- What the platform says of itself. This server is not durable, and alerts() is right to say so.
SELECT system, component, status FROM messaging.system_health WHERE system IN ('database', 'worker', 'verify')
ORDER BY system, component NULLS FIRST;
SET SESSION AUTHORIZATION health_worker;
SELECT system, component, status FROM messaging.check_health(verify => true) WHERE system IN ('database', 'verify')
ORDER BY system, component NULLS FIRST;
SELECT component, error_message, avg_response_time_ms IS NOT NULL AS measured, metadata, stale_after
FROM messaging.system_health WHERE system IN ('database', 'verify') AND coalesce(component, 'jobs') = 'jobs'
ORDER BY system, component NULLS FIRST;
RESET SESSION AUTHORIZATION;
BEGIN;
-- What verify() finds, and a schema that cannot answer.
SET LOCAL session_replication_role = replica;
INSERT INTO webui.system_config (key, value) VALUES ('smtp', '{"password": "x"}');
SET LOCAL session_replication_role = origin;
CREATE OR REPLACE FUNCTION calendar_private.own_health() RETURNS TABLE (ok boolean, detail text)
LANGUAGE sql AS $$ SELECT false, 'no clock' $$;
SELECT system, component, status FROM messaging.check_health(true)
WHERE status <> 'HEALTHY' AND system IN ('database', 'verify');
SELECT error_message, metadata FROM messaging.system_health WHERE system = 'verify' OR component = 'calendar'
ORDER BY system;
ROLLBACK;
-- The ticker does it every 15 seconds, and reports on nothing in between.
SELECT checked_at AS before FROM messaging.system_health WHERE system = 'database' AND component = 'jobs' \gset
SELECT bourse_private.tick();
SELECT checked_at = :'before' AS as_before FROM messaging.system_health
WHERE system = 'database' AND component = 'jobs';
UPDATE messaging.system_health SET checked_at = checked_at - interval '16 seconds'
WHERE system = 'database' AND component IS NULL;
SELECT bourse_private.tick();
SELECT checked_at > :'before' AS later FROM messaging.system_health WHERE system = 'database' AND component = 'jobs';

-- The task verify reports: what it finds in order, in its own transaction; that it has failed the ticker sees.
SELECT checked_at AS before FROM messaging.system_health WHERE system = 'verify' \gset
SELECT jobs.enqueue('task', 'verify') > 0 AS enqueued;
CALL jobs.run_tasks();
SELECT status, success_count, checked_at > :'before' AS later, metadata FROM messaging.system_health
WHERE system = 'verify';
INSERT INTO jobs.schedule_runs (job_type, status, claimable_at, finished_at, job_snapshot, error)
VALUES ('task', 'failed', NULL, clock_timestamp(), '{"target": "verify"}', '2 invariants do not hold'),
       ('task', 'failed', NULL, clock_timestamp(), '{"target": "seal"}', 'no trail');
SELECT status FROM messaging.check_health() WHERE system = 'verify';
UPDATE messaging.system_health SET checked_at = checked_at - interval '16 seconds'
WHERE system = 'database' AND component IS NULL;
SELECT bourse_private.tick();
SELECT status, failure_count, error_message FROM messaging.system_health WHERE system = 'verify';
SELECT status FROM messaging.check_health(verify => true) WHERE system = 'verify';

-- The database as a whole fails with a critical alert: whoever reads alerts() is told of that once, as what it is.
BEGIN;
DO $$ BEGIN PERFORM messaging_private.record_health('database', component, false, NULL, 'down', NULL)
            FROM unnest('{NULL,jobs}'::text[]) component, generate_series(1, 9); END $$;
SELECT component, status FROM messaging.system_health WHERE system = 'database' AND status = 'DOWN' ORDER BY 1;
SELECT severity, alert, subject FROM bourse.alerts() WHERE alert = 'system_is_down' AND subject ~ '^database';
ROLLBACK;

-- Who may, and what is refused.
SET SESSION AUTHORIZATION health_trader;
SELECT call, refusal(call) FROM unnest(ARRAY[$$SELECT messaging.report_health('x', NULL, true)$$,
    $$SELECT messaging.check_health()$$, $$SELECT count(*) FROM messaging.system_health$$,
    $$SELECT count(*) FROM messaging.v_channel_health_summary$$]) WITH ORDINALITY c (call, n) ORDER BY n;
SET SESSION AUTHORIZATION health_gateway;
BEGIN;
SELECT identity.act_as(101);
SELECT call, refusal('SELECT messaging.' || call) FROM unnest(ARRAY[$$report_health('x', NULL, true)$$,
    $$update_channel_health('x', true)$$, $$check_health()$$, $$set_health_thresholds('x', NULL, 1)$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
COMMIT;
SET SESSION AUTHORIZATION health_admin;
SELECT call, refusal('SELECT messaging.' || call) FROM unnest(ARRAY[
    $$report_health(NULL, NULL, true)$$, $$report_health('x', NULL, NULL)$$, $$report_health('X', NULL, true)$$,
    $$report_health(repeat('x', 51), NULL, true)$$, $$report_health('x', ' ', true)$$,
    $$report_health('x', repeat('x', 101), true)$$, $$report_health('x', NULL, true, -1)$$,
    $$report_health('x', NULL, true, metadata => '[1]')$$,
    $$report_health('x', NULL, true, metadata => jsonb_build_object('a', repeat('x', 65536)))$$,
    $$update_channel_health(NULL, true)$$, $$check_health(NULL)$$, $$set_health_thresholds(NULL, NULL)$$,
    $$set_health_thresholds('x', NULL, 0)$$, $$set_health_thresholds('x', NULL, 4)$$,
    $$set_health_thresholds('x', NULL, 1, 1001)$$, $$set_health_thresholds('x', NULL, recovered_after => 0)$$,
    $$set_health_thresholds('x', NULL, slow_after_ms => -1)$$,
    $$set_health_thresholds('x', NULL, stale_after => '31 days')$$]) WITH ORDINALITY c (call, n) ORDER BY n;
RESET SESSION AUTHORIZATION;
SELECT count(*) FROM messaging.system_health WHERE system = 'x';
-- Every check.
SELECT assignment, substring(refusal('UPDATE messaging.system_health SET ' || assignment
                                     || ' WHERE component = ''fax''') FROM 'constraint "[a-z_]+"') AS violates
FROM unnest(ARRAY[$$system = 'X'$$, $$component = ' '$$, $$status = 'GONE'$$, 'failure_count = -1',
    'avg_response_time_ms = -1', $$error_message = repeat('x', 2001)$$, $$metadata = '[1]'$$,
    $$metadata = jsonb_build_object('a', repeat('x', 65536))$$, 'success_count = -1', 'response_time_ewma = -1',
    'degraded_after = 0', 'degraded_after = 10', 'down_after = 1001', 'recovered_after = 0', 'slow_after_ms = 0',
    $$stale_after = '0'$$, $$component = 'sms'$$]) WITH ORDINALITY c (assignment, n) ORDER BY n;
SELECT * FROM bourse.verify();
