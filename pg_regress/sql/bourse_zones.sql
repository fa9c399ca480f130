-- A time zone is one of pg_timezone_names, in whatever case: for schedules, quiet hours, calendars, trading windows,
-- and the days of a summary.
INSERT INTO identity.users (name) VALUES ('zoe') RETURNING id AS zoe \gset
SELECT trading.create_bot(:zoe, 'grid', '{}') AS bot \gset
CREATE FUNCTION pg_temp.doors(zoe bigint, bot bigint) RETURNS TABLE (n bigint, door text, statement text)
LANGUAGE sql AS $$
    SELECT d.n, d.door, replace(replace(d.door, '@zoe', zoe::text), '@bot', bot::text)
    FROM unnest(ARRAY[
        'SELECT jobs.next_ticks(''@daily'', %L)', 'SELECT jobs.next_ticks(''@open'', %L, calendar => ''NONE'')',
        'SELECT jobs.create_schedule(@zoe, ''z'', ''report'', ''x'', ''@daily'', timezone => %L)',
        'INSERT INTO jobs.schedules (user_id, name, job_type, target, cron, timezone) '
        'VALUES (@zoe, ''z'', ''report'', ''x'', ''@daily'', %L)',
        'SELECT messaging.set_preferences(@zoe, ''sms'', timezone => %L)',
        'SELECT calendar.load_calendar(jsonb_build_object(''name'', ''Z'', ''timezone'', %L::text, ''from'', '
        '''2026-01-01'', ''to'', ''2026-12-31'', ''weekly'', ''[]''::jsonb))',
        'INSERT INTO calendar.trading_hours_templates (name, timezone) VALUES (''Z'', %L)',
        'SELECT trading.pnl_summary(@bot, ''2026-01-01'', ''2026-02-01'', time_zone => %L)',
        'SELECT analytics.equity_returns(e, t, ''1 day'', %L) FROM (VALUES (1::numeric, now())) v (e, t)',
        'SELECT marketplace_private.require_risk_config(jsonb_build_object(''trading_window'', '
        'jsonb_build_object(''start'', ''08:00'', ''end'', ''20:00'', ''time_zone'', %L::text)), ''Spot'')'])
        WITH ORDINALITY d (door, n) $$;
SELECT d.door, refusal(format(d.statement, 'Foo/Bar-40')) AS made_up
FROM pg_temp.doors(:zoe, :bot) d ORDER BY d.n;
-- What POSIX takes, what AT TIME ZONE takes, and what neither does.
SELECT zone, d.door
FROM pg_temp.doors(:zoe, :bot) d
CROSS JOIN unnest(ARRAY['UTC+3', 'utc-3', 'GMT+1', 'GMT-12', 'EST5', 'EST5EDT4', 'EST5EDT,M3.2.0,M11.1.0', 'Foo-40',
    'A/B3',
    'Etc/GMT+3:30', 'Europe/Berlin+1', '<+03>-3', '+03:00', '3', 'CEST', 'PDT', '', ' UTC', 'UTC ', ':UTC', '../UTC',
    '/UTC', 'Mars/Olympus']) zone
WHERE refusal(format(d.statement, zone)) NOT LIKE '22023 %' ORDER BY zone, d.n;
-- All that are listed are taken, in any case.
SELECT z.name FROM pg_timezone_names z
WHERE NOT (bourse_private.is_time_zone(z.name) AND bourse_private.is_time_zone(lower(z.name))
           AND bourse_private.is_time_zone(upper(z.name)));
SELECT zone, d.door
FROM pg_temp.doors(:zoe, :bot) d
CROSS JOIN unnest('{UTC,Europe/Berlin,europe/berlin,Etc/GMT+3,etc/gmt-14,GMT0,GMT+0,EST5EDT,pst8pdt,NZ-CHAT}'::text[])
     AS zone
WHERE refusal(format(d.statement, zone)) LIKE '%is no time zone%' ORDER BY zone, d.n;
SELECT bourse_private.is_time_zone(NULL) IS NULL AS is_unknown, bourse_private.is_time_zone(repeat('x', 300)) AS long,
       refusal('SELECT bourse_private.require_time_zone(NULL)') AS required;

-- Rows that say another zone go on: it is looked at when it changes, and not when they are read.
SELECT jobs.create_schedule(:zoe, 'old', 'report', 'x', '0 0 1 * *') AS old \gset
SELECT messaging.set_preferences(:zoe, 'sms', quiet_from => '00:00', quiet_to => '23:59:59');
INSERT INTO calendar.trading_hours_templates (name, timezone, first_date, last_date)
VALUES ('OLD', 'UTC', '2026-01-01', '2026-12-31');
SET session_replication_role = replica;
UPDATE jobs.schedules SET timezone = 'Foo/Bar-40' WHERE id = :old;
UPDATE messaging.preferences SET timezone = 'UTC+3' WHERE user_id = :zoe;
UPDATE calendar.trading_hours_templates SET timezone = 'JST-9' WHERE name = 'OLD';
RESET session_replication_role;
SELECT jobs_private.cron_tick('0 0 1 * *', 'Foo/Bar-40', '2026-11-30 12:00Z') AT TIME ZONE 'UTC' AS far_east;
UPDATE jobs.schedules SET name = 'older', priority = 1 WHERE id = :old;
SELECT jobs.update_schedule(:old, enabled => false);
SELECT jobs.update_schedule(:old, enabled => true, cron => '0 0 2 * *');
SELECT (next_run_at AT TIME ZONE 'UTC')::time AS next_run_at, problem
FROM jobs.schedules WHERE id = :old;
UPDATE calendar.trading_hours_templates SET exchange = 'x' WHERE name = 'OLD';
SELECT refusal(format('SELECT jobs.update_schedule(%s, timezone => %L)', :old, 'Foo/Bar-41'));
SELECT messaging_private.quiet_until('00:00', '06:00', 'UTC+3', '2026-06-01 04:00Z') AT TIME ZONE 'UTC' AS until;
