-- Schedules that are tied to a trading calendar: only on its sessions, and so many minutes before or after its bells.
SELECT calendar.load_calendar('{"name": "JOB", "timezone": "America/New_York", "from": "2029-12-01", "to": "2030-01-31",
    "weekly": [{"days": [0, 1, 2, 3, 4], "open": "09:30", "close": "16:00"}],
    "holidays": [{"date": "2029-12-25", "type": "full_day"}, {"date": "2030-01-01", "type": "full_day"}],
    "special": [{"date": "2029-12-24", "type": "special", "open": "09:30", "close": "13:00"}, {"date": "2029-12-29",
        "type": "special", "open": "10:00", "close": "12:00"}]}');
DELETE FROM jobs.schedules;
INSERT INTO identity.users (name) VALUES ('jc ann');
SET timezone = 'America/New_York';
SET datestyle = 'ISO';
SET ROLE bourse_owner;
CREATE FUNCTION pg_temp.ticks(cron text, after timestamptz, n integer, zone text DEFAULT 'America/New_York')
    RETURNS SETOF timestamptz LANGUAGE plpgsql AS $$
DECLARE
    tick timestamptz := after;
BEGIN
    FOR i IN 1 .. n LOOP
        tick := jobs_private.next_tick(cron, zone, 'JOB', tick);
        RETURN NEXT tick;
    END LOOP;
END
$$;
-- The day before Christmas closes early, a Saturday has a session, two days have none.
SELECT pg_temp.ticks('@close-5m', '2029-12-21', 6) AS before_the_close;
SELECT pg_temp.ticks('@open+15m', '2029-12-21', 6) AS after_the_open;
SELECT pg_temp.ticks('@close', '2029-12-24 12:59', 2) AS at_the_close;
SELECT pg_temp.ticks('0 18 * * *', '2029-12-21', 6) AS evenings_of_its_sessions;
SELECT pg_temp.ticks('* * * * * *', '2029-12-24 23:59:58', 3) AS over_a_holiday;
-- The day is that of the schedule's zone.
SELECT pg_temp.ticks('0 1 * * *', '2029-12-21', 4, 'Asia/Tokyo');
-- Outside of its years nobody knows.
SELECT refusal($$SELECT jobs_private.next_tick('@open', 'UTC', 'JOB', '2030-02-05')$$),
    refusal($$SELECT jobs_private.next_tick('0 9 * * *', 'UTC', 'JOB', '2030-02-05')$$);
SELECT refusal($$SELECT jobs_private.next_tick('@open', 'UTC', 'NONE', '2030-01-05')$$),
    refusal($$SELECT jobs.next_ticks('@open', 'UTC+3', '2030-01-05', 1, 'JOB')$$),
    refusal($$SELECT jobs_private.next_tick('@opening', 'UTC', 'JOB', '2030-01-05')$$);

-- Whoever may see calendars asks before a schedule is made.
SET ROLE bourse_viewer;
SELECT jobs.next_ticks('@close-5m', after => '2029-12-21', n => 2, calendar => 'JOB');
SELECT jobs.next_ticks('0 18 * * *', 'America/New_York', '2029-12-21 20:00', 2, 'JOB');
-- Near the end of a calendar there are fewer, and none is refused.
SELECT count(*) BETWEEN 1 AND 19 AS fewer
FROM jobs.next_ticks('@open', after => '2030-01-25', n => 20, calendar => 'JOB');
SELECT refusal($$SELECT jobs.next_ticks('@open')$$), refusal($$SELECT jobs.next_ticks('@open-1d', calendar => 'JOB')$$),
    refusal($$SELECT jobs.next_ticks('@open', after => '2031-01-25', n => 20, calendar => 'JOB')$$),
    refusal($$SELECT jobs.next_ticks('@daily', calendar => 'NONE')$$);

-- What is due is enqueued, also after a pause, without the days that have no session; the end of the calendar is told.
RESET ROLE;
SET session_replication_role = replica;
INSERT INTO jobs.schedules (user_id, name, job_type, target, cron, timezone, calendar, misfire, next_run_at, overlap)
SELECT u.id, v.*, 'America/New_York', 'JOB', 'all', '2029-12-24'::timestamptz, 'allow'
FROM identity.users u, (VALUES ('bell', 'report', 'pnl', '@close-5m'), ('evening', 'report', 'pnl', '0 18 * * *')) v
WHERE u.name = 'jc ann';
RESET session_replication_role;
UPDATE jobs.schedules SET grace = '0';
SET ROLE bourse_owner;
UPDATE jobs.schedules SET next_run_at = CASE name WHEN 'bell' THEN '2029-12-24 12:55' ELSE '2029-12-24 18:00'
    END::timestamptz;
RESET ROLE;
SELECT s.name, t.scheduled_for FROM jobs.tick('2029-12-27 20:00') t JOIN jobs.schedules s ON s.id = t.schedule_id
ORDER BY 1, 2;
SELECT name, next_run_at, problem FROM jobs.schedules ORDER BY name;
-- No more than the newest max_catch_up, of bells too.
SET ROLE bourse_owner;
UPDATE jobs.schedules SET next_run_at = '2029-12-24 12:55', max_catch_up = 2 WHERE name = 'bell';
RESET ROLE;
TRUNCATE jobs.schedule_runs;
SELECT t.scheduled_for FROM jobs.tick('2029-12-28 17:00') t JOIN jobs.schedules s ON s.id = t.schedule_id
WHERE s.name = 'bell';
SELECT count(*) FROM jobs.tick('2030-01-31 23:00');
SELECT name, next_run_at, problem FROM jobs.schedules ORDER BY name;
-- Taken off its calendar, a schedule is due on all days.
SELECT jobs.update_schedule(id, cron => '0 18 * * *', calendar => '') FROM jobs.schedules WHERE name = 'evening';
SELECT calendar, next_run_at = jobs.next_ticks(cron, timezone) AS is_next, problem FROM jobs.schedules
WHERE name = 'evening';

-- A calendar that is changed moves the next ticks of its schedules at once. It has a session of all day, every day.
SELECT calendar.load_calendar(jsonb_build_object('name', 'MOVES', 'timezone', 'UTC', 'from', current_date - 5,
    'to', current_date + 20, 'weekly', '[{"days": [0, 1, 2, 3, 4, 5, 6], "open": "00:00", "close": "24:00"}]'::jsonb));
SET timezone = 'UTC';
DELETE FROM jobs.schedules;
INSERT INTO jobs.schedules (user_id, name, job_type, target, cron, calendar)
SELECT u.id, v.* FROM identity.users u, (VALUES ('bell', 'report', 'pnl', '@close-5m', 'MOVES'),
    ('minute', 'report', 'pnl', '* * * * *', 'MOVES'), ('off', 'report', 'pnl', '* * * * *', 'MOVES'),
    ('untied', 'report', 'pnl', '* * * * *', NULL)) v WHERE u.name = 'jc ann';
UPDATE jobs.schedules SET enabled = false WHERE name = 'off';
CREATE FUNCTION pg_temp.told() RETURNS TABLE (name text, next text, problem boolean) LANGUAGE sql AS $$
    SELECT s.name, CASE WHEN s.next_run_at < now() + interval '2 minutes' THEN 'in a minute'
                        ELSE format('%s days %s', s.next_run_at::date - current_date, s.next_run_at::time) END,
           s.problem IS NOT NULL
    FROM jobs.schedules s ORDER BY s.name
$$;
-- Two days without a session, and one that closes early.
SELECT count(calendar.set_holiday('MOVES', current_date + n, 'full_day')) FROM generate_series(0, 1) n;
SELECT calendar.set_holiday('MOVES', current_date + 2, 'special', NULL, '00:00', '22:10') > 0 AS set;
SELECT * FROM pg_temp.told();
-- Its years end before now: there is no next tick, and it is told until one has gone well. Then they go on.
SELECT calendar.load_calendar(calendar.export_calendar('MOVES')
    || jsonb_build_object('to', current_date - 2, 'holidays', '[]'::jsonb, 'special', '[]'::jsonb));
SELECT name, next_run_at IS NULL AS has_none, problem IS NOT NULL AS is_told FROM jobs.schedules ORDER BY name;
SELECT calendar.load_calendar(calendar.export_calendar('MOVES') || jsonb_build_object('to', current_date + 20));
SELECT name, next_run_at IS NULL AS has_none, problem IS NOT NULL AS is_told FROM jobs.schedules ORDER BY name;
-- What has been due before the change is due still; what has only become due because nobody has heard of it is not.
SELECT calendar.set_holiday('MOVES', current_date, 'full_day') > 0 AS set;
SET ROLE bourse_owner;
UPDATE jobs.schedules SET calendar_version = '2000-01-01',
    next_run_at = CASE name WHEN 'bell' THEN (SELECT updated_at FROM calendar.trading_hours_templates
    WHERE trading_hours_templates.name = 'MOVES') - interval '1 minute' ELSE clock_timestamp() END
WHERE name IN ('bell', 'minute');
RESET ROLE;
SELECT s.name FROM jobs.tick() t JOIN jobs.schedules s ON s.id = t.schedule_id ORDER BY 1;
SELECT name, next FROM pg_temp.told() WHERE name = 'minute';
-- Nobody writes by hand what it was computed from.
UPDATE jobs.schedules SET calendar_version = NULL WHERE name = 'minute' RETURNING calendar_version IS NOT NULL AS kept;
-- A transaction that reads one snapshot leaves the schedules to the next tick().
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT calendar.remove_holiday('MOVES', current_date);
COMMIT;
SELECT name, next FROM pg_temp.told() WHERE name = 'minute';
SELECT count(*) FROM jobs.tick();
SELECT name, next FROM pg_temp.told() WHERE name = 'minute';
