-- Schedules: cron in a time zone, what becomes of missed ticks, and the plain table under row security. What time it
-- is, is
-- said to tick(); when a schedule is due next is put where a test wants it by the owner of the tables.
-- Without the schedules of the maintenance, which nobody here asks for.
DELETE FROM jobs.schedules;
INSERT INTO identity.users (id, name, db_role) VALUES (101, 'ann', 'jobs_ann'), (102, 'ben', 'jobs_ben');
CREATE ROLE jobs_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE jobs_ben LOGIN IN ROLE bourse_trader;
CREATE ROLE jobs_worker LOGIN IN ROLE bourse_worker;
CREATE FUNCTION pg_temp.due(name text, at timestamptz) RETURNS void LANGUAGE sql SECURITY DEFINER
    AS $$ UPDATE jobs.schedules SET next_run_at = $2 WHERE schedules.name = $1 $$;
ALTER FUNCTION pg_temp.due(text, timestamptz) OWNER TO bourse_owner;
SET timezone = 'UTC';

-- When an expression is due, over both changes of the clock.
SELECT jobs.next_ticks('*/20 9 * * MON-FRI', 'America/New_York', '2026-11-27 14:10Z', 4);
SELECT jobs.next_ticks('30 2 * * *', 'Europe/Berlin', '2026-03-28 12:00Z', 2) AS gap;
SELECT jobs.next_ticks('30 1 * * *', 'America/New_York', '2026-11-01 00:00Z', 2) AS daily_in_the_hour_that_comes_twice;
SELECT jobs.next_ticks('*/30 1 * * *', 'America/New_York', '2026-11-01 00:00Z', 5) AS every_half_hour;
SELECT cron, string_agg(to_char(t AT TIME ZONE 'UTC', 'DD HH24:MI'), ', ' ORDER BY t) AS utc
FROM (VALUES ('0 * * * *', 3), ('*/15 * * * *', 8), ('30 1 * * *', 2)) v (cron, n),
    jobs.next_ticks(cron, 'America/New_York', '2026-11-01 04:59Z', n) t GROUP BY cron, n ORDER BY n;
SELECT jobs.next_ticks('@midnight', 'America/Santiago', '2026-09-05 12:00Z', 2) AS no_midnight;
SELECT jobs.next_ticks('*/10 * * * * *', after => '2026-01-01', n => 3);
SELECT jobs.next_ticks('0 0 29 2 +SUN', after => '2088-02-29');
SELECT call, refusal('SELECT jobs.next_ticks(' || call || ')') FROM unnest(ARRAY[
    $$'1,,2 * * * *'$$, $$'0 0 1 JANFEB *'$$, $$'0 0 30 2 *'$$, $$'0 0 0 1 1 * 2027'$$, $$'@reboot'$$,
        $$'@daily', 'UTC+3'$$, $$'@daily', 'Mars/Olympus'$$,
    $$'@daily', after => 'infinity'$$, $$'@daily', n => 0$$, $$NULL$$]) WITH ORDINALITY c (call, n) ORDER BY n;

-- Every zone that the server knows is one, as it is for calendars.
SELECT z.name FROM pg_timezone_names z
WHERE refusal(format('SELECT jobs.next_ticks(''@daily'', %L)', z.name)) <> 'accepted';
SELECT refusal(format('SELECT jobs.next_ticks(''@daily'', %L)', zone)) = 'accepted' AS is_one, zone
FROM unnest('{est5edt,GMT0,GMT+0,GMT+1,EST5,EST5EDT4}'::text[]) zone;

-- A schedule is due for the first time at the next tick.
SET SESSION AUTHORIZATION jobs_ann;
SELECT jobs.create_schedule(101, 'report', 'report', 'pnl', '0 9 * * *', '{"currency": "EUR"}',
    'Europe/Berlin') > 0 AS made;
SELECT name, job_type, target, task_params, cron, enabled, next_run_at = jobs.next_ticks(cron, timezone) AS is_next,
    timezone, misfire, grace, max_catch_up, overlap,
    max_attempts, timeout, priority, calendar, keep_only_failures, problem FROM jobs.schedules;
SELECT call, refusal('SELECT jobs.create_schedule(' || call || ')') FROM unnest(ARRAY[
    $$101, 'report', 'report', 'pnl', '0 9 * * *'$$, $$102, 'theirs', 'report', 'pnl', '0 9 * * *'$$,
        $$101, 'x', 'script', 'pnl', '0 9 * * *'$$,
    $$101, 'x', 'task', 'vacuum', '0 9 * * *'$$, $$101, 'x', 'report', 'pnl', '0 9 * *'$$,
        $$101, 'x', 'report', 'pnl', '0 9 * * *', timezone => 'Nowhere'$$,
    $$101, 'x', 'report', 'pnl', '@close-5m'$$, $$101, NULL, 'report', 'pnl', '0 9 * * *'$$,
        $$101, 'x', 'report', 'pnl', '0 9 * * *', misfire => 'never'$$,
    $$101, 'x', 'report', 'pnl', '0 9 * * *', '[]'$$, $$101, ' ', 'report', 'pnl', '@daily'$$,
    $$101, 'x', 'report', ' ', '@daily'$$, $$101, 'x', 'report', 'pnl', '@daily', overlap => 'never'$$,
    $$101, 'x', 'report', 'pnl', '@daily', grace => '1 month'$$,
    $$101, 'x', 'report', 'pnl', '@daily', grace => '-1 s'$$,
    $$101, 'x', 'report', 'pnl', '@daily', timeout => '8 days'$$,
    $$101, 'x', 'report', 'pnl', '@daily', max_attempts => 0$$,
    $$101, repeat('x', 256), 'report', 'pnl', '@daily'$$, $$101, 'x', 'report', 'pnl', repeat('*', 101)$$,
    $$101, 'x', repeat('x', 51), 'pnl', '@daily'$$, $$101, 'x', 'report', repeat('x', 256), '@daily'$$,
    $$101, 'x', 'report', 'pnl', '@daily', timezone => repeat('x', 61)$$,
    $$101, 'x', 'report', 'pnl', '@daily', priority => 32768$$,
    $$101, 'x', 'report', 'pnl', '@close-5'$$, $$101, 'x', 'report', 'pnl', '@close-2h', calendar => 'XNYS'$$])
    WITH ORDINALITY c (call, n) ORDER BY n;

-- What task_params may be is counted as text, as of a run: their numbers take four times as much in a row.
SELECT jobs.create_schedule(101, 'second', 'report', 'pnl', '@daily', jsonb_build_object('of', n.of)) AS second
FROM (SELECT jsonb_agg(1) AS of FROM generate_series(1, 20000)) n \gset
SELECT pg_column_size(task_params || '{}') > 200000 AS is_large FROM jobs.schedules WHERE id = :second;
SELECT refusal($$SELECT jobs.create_schedule(101, 'x', 'report', 'pnl', '@daily', jsonb_build_object('of', n.of))
    FROM (SELECT jsonb_agg(1) AS of FROM generate_series(1, 25000)) n$$) AS too_large;
SELECT refusal('SELECT jobs.update_schedule(' || :second || ', name => ''report'')') AS taken,
    refusal('SELECT jobs.update_schedule(' || :second || ', misfire => ''never'')') AS no_misfire;
SELECT refusal('SELECT jobs.update_schedule(' || :second || ', target => repeat(''x'', 256))') AS too_long,
    refusal('SELECT jobs.update_schedule(' || :second || ', priority => -32769)') AS no_priority;
SELECT jobs.delete_schedule(:second);

-- As a plain table, the way object-relational mappers write it: every column is named, what is computed stays as it is.
-- Without a user it is the session's own; what cannot be is refused without telling the row.
INSERT INTO jobs.schedules (name, job_type, target, cron) VALUES ('own', 'alert', 'btc', '@daily') RETURNING user_id;
DELETE FROM jobs.my_schedules WHERE name = 'own';
SELECT call, refusal('INSERT INTO jobs.schedules (name, job_type, target, cron, task_params, max_catch_up) VALUES '
                     || call)
FROM unnest(ARRAY[$$(NULL, 'alert', 'btc', '@daily', '{"key": "secret"}', 1)$$,
    $$('x', 'pnl', 'btc', '@daily', '{"key": "secret"}', 1)$$, $$('x', 'alert', NULL, '@daily', '{}', 1)$$,
    $$('x', 'alert', 'btc', NULL, '{}', 1)$$, $$('x', 'alert', 'btc', '@daily', '{}', 0)$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
INSERT INTO jobs.schedules (id, user_id, name, job_type, target, task_params, cron, enabled, next_run_at, created_at,
    updated_at, timezone, misfire, grace, max_catch_up, overlap,
    max_attempts, timeout, priority, calendar, keep_only_failures, problem, problem_at)
VALUES (DEFAULT, 101, 'mapped', 'alert', 'btc', NULL, '0 0 2 1 *', NULL, '2000-01-01', NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)
RETURNING task_params, enabled, next_run_at = (SELECT t
FROM jobs.next_ticks('0 0 2 1 *') t) AS is_next, created_at = now() AS created, timezone, misfire, overlap;
SELECT id AS mapped FROM jobs.schedules WHERE name = 'mapped' \gset
SELECT name, target FROM jobs.schedules WHERE id = :mapped;
UPDATE jobs.schedules SET id = 1, user_id = 101, name = 'mapped', target = 'eth', cron = '0 0 1 1 *',
    next_run_at = '2000-01-01', created_at = '2000-01-01', problem = 'none' WHERE id = :mapped
RETURNING id = :mapped AS same_id, target, next_run_at = (SELECT t
FROM jobs.next_ticks('0 0 1 1 *') t) AS is_next, created_at > '2020-01-01' AS kept, problem;
SELECT call, refusal(call) FROM unnest(ARRAY[
    $$UPDATE jobs.schedules SET cron = 'never'$$, $$UPDATE jobs.schedules SET user_id = 102$$,
    $$INSERT INTO jobs.schedules (id, user_id, name, job_type, target, cron) VALUES (777, 101, 'x', 'alert', 'btc', '@daily')$$,
    $$INSERT INTO jobs.schedules (user_id, name, job_type, target, cron) VALUES (102, 'x', 'alert', 'btc', '@daily')$$,
    $$INSERT INTO jobs.schedules (name, job_type, target, cron) VALUES ('x', 'task', 'vacuum', '@daily')$$]) WITH
        ORDINALITY c (call, n) ORDER BY n;
SET SESSION AUTHORIZATION jobs_ben;
SELECT count(*) FROM jobs.schedules;
UPDATE jobs.schedules SET name = 'mine';
SELECT call, replace(refusal('SELECT jobs.' || format(call, :mapped)), :'mapped',
    '999999') = refusal('SELECT jobs.' || format(call, 999999)) AS as_if_it_were_not_there
FROM unnest('{update_schedule(%s::bigint),"set_schedule_enabled(%s::bigint, false)",run_now(%s::bigint),delete_schedule(%s::bigint)}'::text[]) call;
SELECT refusal('SELECT jobs.run_now(999999)') AS not_there, refusal('SELECT jobs.tick()') AS tick;
-- What the platform runs itself is nobody's, and no user's to change.
RESET SESSION AUTHORIZATION;
INSERT INTO jobs.schedules (name, job_type, target, cron) VALUES ('vacuum', 'task', 'vacuum', '@daily')
RETURNING id AS of_nobody \gset
SET SESSION AUTHORIZATION jobs_ben;
SELECT replace(refusal(format('SELECT jobs.set_schedule_enabled(%s, false)', :of_nobody)), :'of_nobody', '999999');
RESET SESSION AUTHORIZATION;
SELECT jobs.delete_schedule(:of_nobody);
SET SESSION AUTHORIZATION jobs_ann;
SELECT jobs.delete_schedule(:mapped);
SELECT count(*) FROM jobs.schedules;

-- One tick, exactly, once; with the job as it was.
RESET SESSION AUTHORIZATION;
UPDATE jobs.schedules SET overlap = 'allow';
SELECT pg_temp.due('report', '2030-01-01 08:00Z');
SET SESSION AUTHORIZATION jobs_worker;
SELECT refusal('SELECT jobs.tick(''2030-01-01 08:00Z'')') AS ahead_of_the_clock, count(*) FROM jobs.tick(now());
RESET SESSION AUTHORIZATION;
SELECT scheduled_for FROM jobs.tick('2030-01-01 07:59:59.999Z');
SELECT scheduled_for FROM jobs.tick('2030-01-01 08:00:00.4Z');
SELECT scheduled_for FROM jobs.tick('2030-01-01 08:00:01Z');
SELECT job_type, user_id, status, scheduled_for, job_snapshot - 'schedule_id' AS job_snapshot,
    (job_snapshot ->> 'schedule_id')::bigint = job_id AS names_it, priority, max_attempts, timeout
FROM jobs.schedule_runs;
SELECT next_run_at FROM jobs.schedules;
-- What somebody runs now is the same job.
SELECT jobs.run_now(id) > 0 AS made FROM jobs.schedules WHERE name = 'report';
SELECT count(*) AS runs, count(DISTINCT job_snapshot) AS jobs FROM jobs.schedule_runs;
-- The clock is set back, and comes by again: nothing twice. It is set on by a day: the tick that was left out runs.
SELECT scheduled_for FROM jobs.tick('2029-12-31 00:00Z');
SELECT scheduled_for FROM jobs.tick('2030-01-01 09:00Z');
SELECT scheduled_for FROM jobs.tick('2030-01-03 07:00Z');
SELECT scheduled_for FROM jobs.tick('2030-01-02 08:00Z');
SELECT pg_temp.due('report', '2030-01-01 08:00Z');
SELECT scheduled_for FROM jobs.tick('2030-01-01 08:00Z');

-- Three minutes without anybody who ticks: none, the last one, or all in order; what is no later than grace runs in
-- any case.
TRUNCATE jobs.schedule_runs;
DELETE FROM jobs.schedules;
SELECT jobs.create_schedule(101, misfire, 'report', 'pnl', '* * * * *', misfire => misfire, grace => '10 s',
    overlap => 'allow') > 0 AS made FROM unnest('{skip,once,all}'::text[]) misfire;
SELECT pg_temp.due(name, '2030-01-01 12:01Z') FROM jobs.schedules;
CREATE FUNCTION pg_temp.ticked(at timestamptz, batch integer DEFAULT 1000)
    RETURNS TABLE (name varchar, ticks text) LANGUAGE sql AS $$
    SELECT s.name, string_agg(to_char(t.scheduled_for, 'HH24:MI:SS'), ' ' ORDER BY t.run_id)
    FROM jobs.tick(at, batch) t JOIN jobs.schedules s ON s.id = t.schedule_id GROUP BY s.name ORDER BY s.name $$;
SELECT * FROM pg_temp.ticked('2030-01-01 12:03:40Z');
SELECT name, next_run_at FROM jobs.schedules ORDER BY name;
SELECT * FROM pg_temp.ticked('2030-01-01 12:06:05Z');
-- Never more than the newest max_catch_up, however long nobody has ticked.
UPDATE jobs.schedules SET max_catch_up = 5, cron = '* * * * * *';
SELECT pg_temp.due(name, '2030-01-01 12:00Z') FROM jobs.schedules;
SELECT * FROM pg_temp.ticked('2035-01-01 12:00:00Z');

-- A change causes no run: switched on again, with another cron or zone, the next tick is the one after now.
SELECT jobs.set_schedule_enabled(id, false) FROM jobs.schedules WHERE name = 'all';
SELECT next_run_at FROM jobs.schedules WHERE name = 'all';
SELECT name FROM pg_temp.ticked('2036-01-01');
UPDATE jobs.schedules SET cron = '0 0 1 1 *' WHERE name = 'all';
SELECT jobs.set_schedule_enabled(id, true) FROM jobs.schedules WHERE name = 'all';
SELECT jobs.update_schedule(id, cron => '0 0 * * *', timezone => 'Asia/Tokyo') FROM jobs.schedules WHERE name = 'once';
SELECT name, next_run_at = jobs.next_ticks(cron, timezone) AS is_next
FROM jobs.schedules WHERE name <> 'skip' ORDER BY name;
SELECT jobs.tick();

-- While a run waits or is at work: skip leaves the tick out, queue has it wait, allow runs it beside.
TRUNCATE jobs.schedule_runs;
DELETE FROM jobs.schedules;
SELECT jobs.create_schedule(101, overlap, 'report', 'pnl', '* * * * *', overlap => overlap) > 0 AS made
FROM unnest('{skip,queue,allow}'::text[]) overlap;
SELECT pg_temp.due(name, '2030-01-01 12:01Z') FROM jobs.schedules;
SELECT * FROM pg_temp.ticked('2030-01-01 12:01Z');
SELECT * FROM pg_temp.ticked('2030-01-01 12:02Z');
DELETE FROM jobs.schedule_runs WHERE scheduled_for = '2030-01-01 12:02Z';
UPDATE jobs.schedule_runs SET status = 'running', lease = gen_random_uuid(), worker_id = 'w';
SELECT * FROM pg_temp.ticked('2030-01-01 12:03Z');
SELECT job_snapshot ->> 'name' AS name, status, claimable_at, concurrency_key IS NOT NULL AS one_at_a_time
FROM jobs.schedule_runs ORDER BY id;
-- Of several ticks that are due at once skip has the newest, unless misfire asks for all of them.
TRUNCATE jobs.schedule_runs;
DELETE FROM jobs.schedules;
SELECT jobs.create_schedule(101, misfire, 'report', 'pnl', '* * * * *', misfire => misfire) > 0 AS made
FROM unnest('{skip,once,all}'::text[]) misfire;
SELECT pg_temp.due(name, '2030-01-01 12:01Z') FROM jobs.schedules;
SELECT * FROM pg_temp.ticked('2030-01-01 12:08:30Z');
SELECT name, next_run_at FROM jobs.schedules ORDER BY name;
SELECT * FROM pg_temp.ticked('2030-01-01 12:09Z');

-- What cannot run is marked, and stops nobody else.
TRUNCATE jobs.schedule_runs;
DELETE FROM jobs.schedules;
SELECT jobs.create_schedule(u, name, 'report', 'pnl', '* * * * *') > 0 AS made
FROM (VALUES (101, 'bad cron'), (101, 'bad zone'), (101, 'good'), (102, 'put out')) v (u, name);
SET session_replication_role = replica;
UPDATE jobs.schedules SET cron = 'gone' WHERE name = 'bad cron';
UPDATE jobs.schedules SET timezone = 'Asia/Atlantis' WHERE name = 'bad zone';
RESET session_replication_role;
UPDATE identity.users SET is_active = false WHERE id = 102;
SELECT pg_temp.due(name, '2030-01-01 12:01Z') FROM jobs.schedules;
SELECT * FROM pg_temp.ticked('2030-01-01 12:01Z');
SELECT name, next_run_at, problem, problem_at, enabled FROM jobs.schedules ORDER BY name;
SELECT alert, detail FROM bourse.alerts() WHERE alert = 'schedule_has_problem' ORDER BY detail;
SELECT name, value FROM bourse.metrics() WHERE name = 'jobs_schedules_with_problem';
UPDATE identity.users SET is_active = true WHERE id = 102;
UPDATE jobs.schedules SET timezone = 'UTC' WHERE name = 'bad zone';
SELECT * FROM pg_temp.ticked('2030-01-01 12:02Z');
SELECT name, problem FROM jobs.schedules ORDER BY name;
-- What has stopped is looked at again: by whoever changes anything of it, and by ticks every five minutes. It goes on
-- at the next tick when there is one, and what it was is said until then.
SELECT jobs.create_schedule(101, 'healed by ' || name, 'report', 'pnl', '* * * * *') > 0 AS made
FROM unnest('{time,hand}'::text[]) name;
SET session_replication_role = replica;
UPDATE jobs.schedules SET timezone = 'Asia/Atlantis', next_run_at = '2030-01-01 12:03Z' WHERE name ~ 'healed';
RESET session_replication_role;
SELECT * FROM pg_temp.ticked('2030-01-01 12:03Z');
SELECT jobs.update_schedule(id, target => 'changed')
FROM jobs.schedules WHERE name = 'healed by hand';
SELECT name, target, next_run_at, problem FROM jobs.schedules WHERE name ~ 'healed' ORDER BY name;
SELECT detail, hint FROM bourse.alerts() WHERE alert = 'schedule_has_problem' AND detail ~ 'Atlantis';
SET session_replication_role = replica;
UPDATE jobs.schedules SET timezone = 'Asia/Tokyo' WHERE name ~ 'healed';
UPDATE jobs.schedules SET problem_at = '2030-01-01 12:03Z' WHERE name ~ 'healed';
RESET session_replication_role;
SELECT jobs.update_schedule(id, target => 'again') FROM jobs.schedules WHERE name = 'healed by hand';
SELECT next_run_at = jobs.next_ticks(cron) AS is_next, problem FROM jobs.schedules WHERE name = 'healed by hand';
SELECT * FROM pg_temp.ticked('2030-01-01 12:07:59Z') WHERE name ~ 'time';
SELECT next_run_at FROM jobs.schedules WHERE name = 'healed by time';
SELECT * FROM pg_temp.ticked('2030-01-01 12:08:00Z') WHERE name ~ 'time';
SELECT next_run_at, problem FROM jobs.schedules WHERE name = 'healed by time';
SELECT detail, hint FROM bourse.alerts() WHERE alert = 'schedule_has_problem' AND detail ~ 'Atlantis';
SELECT * FROM pg_temp.ticked('2030-01-01 12:09:00Z') WHERE name ~ 'time';
SELECT next_run_at, problem FROM jobs.schedules WHERE name = 'healed by time';
DELETE FROM jobs.schedules WHERE name ~ 'healed';

-- Run it now; it stays due when it was, and its runs stay when it is gone.
TRUNCATE jobs.schedule_runs;
SELECT jobs.run_now(id) > 0 AS made FROM jobs.schedules WHERE name = 'good';
SELECT name, next_run_at FROM jobs.schedules WHERE name = 'good';
-- A deletion is short, whatever the history: the runs forget their schedule with the next tick.
SELECT jobs.delete_schedule(id) FROM jobs.schedules WHERE name = 'good';
SELECT count(job_id) AS named FROM jobs.schedule_runs;
SELECT count(*) FROM jobs.tick();
SELECT count(*) AS gone FROM jobs.gone_schedules;
SELECT job_id, job_snapshot ->> 'name' AS name, status, scheduled_for <= clock_timestamp() AS is_due,
    concurrency_key IS NOT NULL AS one_at_a_time FROM jobs.schedule_runs;

-- What has become wrong can be switched off, and not on.
SELECT jobs.set_schedule_enabled(id, false) FROM jobs.schedules WHERE name = 'bad cron';
SELECT refusal('UPDATE jobs.schedules SET enabled = true WHERE name = ''bad cron''');

-- The trail has what people change, not the ticks. A person is told of them, and takes them along.
SELECT action, count(*) > 5 AS some, count(*) FILTER (WHERE action = 'UPDATE'
    AND NOT new_values ?| '{name,cron,timezone,enabled,target,max_catch_up,overlap}') AS ticks
FROM audit.audit_logs WHERE table_name = 'jobs.schedules' GROUP BY action ORDER BY action;
SELECT jobs.create_schedule(102, 'last', 'report', 'pnl', '* * * * *') > 0 AS made;
SELECT identity.export_user(102) -> 'tables' -> 'jobs.schedules' -> 0 -> 'name' AS told;
SELECT identity.erase_user(102, 'asked') IS NOT NULL AS erased;
SELECT count(*) FROM jobs.schedules WHERE user_id = 102;
SELECT refusal('SELECT jobs.create_schedule(102, ''again'', ''report'', ''pnl'', ''@daily'')');
SELECT * FROM bourse.verify();
SELECT * FROM bourse.integrity() WHERE module = 'jobs';

-- Whoever watches is told of ticks that nobody enqueues, and of what cannot be.
BEGIN;
SELECT jobs.create_schedule(101, 'late', 'report', 'pnl', '@yearly') > 0 AS made;
SELECT count(*) AS late FROM bourse.alerts() WHERE alert = 'ticks_are_late';
SELECT pg_temp.due('late', clock_timestamp() - interval '61 s');
SELECT severity, alert, left(detail, 32) AS detail, hint FROM bourse.alerts() WHERE alert = 'ticks_are_late';
SELECT value BETWEEN 61 AND 120 AS lag FROM bourse.metrics() WHERE name = 'jobs_tick_lag_seconds';
SELECT ok, left(detail, 32) AS detail FROM bourse.health() WHERE module = 'jobs';
SELECT pg_temp.due('late', NULL);
INSERT INTO jobs.schedule_runs (job_type, job_id) VALUES ('report', 999999);
SELECT issue, count FROM bourse.integrity() WHERE module = 'jobs' ORDER BY issue COLLATE "C";
ROLLBACK;

-- What one user brings along stops nobody: parameters are bounded when they are written, also those that come
-- compressed out of a table; a user's priorities stand behind the platform's; there is an end to the number of his
-- schedules.
CREATE TABLE bulky AS SELECT jsonb_build_object('a', repeat('a', 5000000)) AS wide,
    jsonb_build_object('a', (repeat('[', 64) || repeat(']', 64))::jsonb) AS deep;
GRANT SELECT ON bulky TO jobs_ann;
SET SESSION AUTHORIZATION jobs_ann;
SELECT call, refusal('INSERT INTO jobs.schedules (user_id, name, job_type, target, cron, task_params, priority) '
                     || call)
FROM unnest(ARRAY[
    $$SELECT 101, 'x', 'report', 'pnl', '@daily', wide, 0 FROM bulky$$,
    $$SELECT 101, 'x', 'report', 'pnl', '@daily', deep, 0 FROM bulky$$,
    $$VALUES (101, 'x', 'report', 'pnl', '@daily', '{}', 10)$$,
    $$VALUES (101, 'x', 'report', 'pnl', '@daily', '{}', -1)$$,
    $$VALUES (101, 'x', 'report', 'pnl', '@daily', '{}', 101)$$,
    $$SELECT 101, n, 'report', 'pnl', '@yearly', '{}', 0 FROM generate_series(1, 1001) n$$]) WITH ORDINALITY c (call, n)
ORDER BY n;
SELECT refusal('SELECT jobs.create_schedule(101, ''x'', ''report'', ''pnl'', ''@daily'', max_catch_up => 10001)');
SELECT refusal('SELECT count(jobs.create_schedule(101, n::text, ''report'', ''pnl'', ''@daily'', max_catch_up => 10000))
                FROM generate_series(1, 11) n');
RESET SESSION AUTHORIZATION;
SELECT jobs.create_schedule(101, 'of the platform', 'report', 'pnl', '@daily', priority => -100) > 0 AS made;
DROP TABLE bulky;

-- Ticks take turns as well: who has a thousand runs waiting, or a thousand schedules due, keeps nobody from his first.
TRUNCATE jobs.schedule_runs;
DELETE FROM jobs.schedules;
INSERT INTO identity.users (id, name) VALUES (103, 'eve');
SELECT count(jobs.create_schedule(101, 's' || n, 'report', 'pnl', '* * * * *')) FROM generate_series(1, 500) n;
SELECT jobs.create_schedule(103, 'eve', 'report', 'pnl', '* * * * *') > 0 AS made;
SELECT count(*) AS due FROM jobs.schedules s CROSS JOIN LATERAL pg_temp.due(s.name, '2020-01-01 12:00Z');
SELECT count(*) FROM jobs.tick('2020-01-01 12:00Z');
SELECT jobs.run_now(id) > 0 AS made FROM jobs.schedules WHERE name = 'eve';
SELECT user_id, place FROM (SELECT user_id, row_number() OVER (ORDER BY priority, claimable_at, id) AS place
                            FROM jobs.schedule_runs) r
WHERE user_id = 103 AND place < 5;

-- After an outage one call makes about 20,000 runs, those first of whoever has few; the next makes the others.
TRUNCATE jobs.schedule_runs;
SELECT count(jobs.update_schedule(id, cron => '* * * * * *', misfire => 'all', max_catch_up => 1000))
FROM jobs.schedules WHERE name ~ '^s[1-3]\d?$';
SELECT count(*) AS due FROM jobs.schedules s CROSS JOIN LATERAL pg_temp.due(s.name, '2020-01-01 12:00Z');
SELECT count(*) BETWEEN 20000 AND 21000 AS bounded, count(*) FILTER (WHERE s.user_id = 103) AS eve
FROM jobs.tick('2020-01-01 12:16:39Z') t JOIN jobs.schedules s ON s.id = t.schedule_id;
SELECT count(*) > 0 AS rest FROM jobs.tick('2020-01-01 12:16:39Z');
SELECT count(*) AS late FROM jobs.schedules WHERE next_run_at <= '2020-01-01 12:16:39Z';
SELECT count(*) = 33000 AS each_tick_once
FROM (SELECT DISTINCT job_id, scheduled_for FROM jobs.schedule_runs r
    JOIN jobs.schedules s ON s.id = r.job_id AND s.name ~ '^s[1-3]\d?$') t;

-- One whose runs cannot be made, whatever the reason, is marked; the others go on.
TRUNCATE jobs.schedule_runs;
DELETE FROM jobs.schedules WHERE name <> 's1' AND name <> 's2' AND name <> 'eve';
ALTER TABLE jobs.schedule_runs ADD CONSTRAINT of_an_operator CHECK (job_snapshot ->> 'name' <> 's2');
SELECT count(*) AS due FROM jobs.schedules s CROSS JOIN LATERAL pg_temp.due(s.name, '2020-01-01 12:00Z');
SELECT count(DISTINCT schedule_id) FROM jobs.tick('2020-01-01 12:00Z');
SELECT name, next_run_at IS NULL AS stopped, problem FROM jobs.schedules ORDER BY name;
ALTER TABLE jobs.schedule_runs DROP CONSTRAINT of_an_operator;
