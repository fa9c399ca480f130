-- The calendars that ship with pg_bourse. One statement loads them.
SET datestyle = 'ISO, YMD';
SELECT name, definition ->> 'exchange' AS exchange, definition ->> 'timezone' AS timezone,
    definition ->> 'from' AS first, definition ->> 'to' AS last
FROM calendar.builtin_calendars();
SELECT calendar.load_calendar(definition) FROM calendar.builtin_calendars();
SELECT b.name, count(*) AS sessions, min(s.session_date) AS first, max(s.session_date) AS last,
    count(*) FILTER (WHERE s.kind <> 'regular') AS not_regular
FROM calendar.builtin_calendars() b, LATERAL calendar.sessions(b.name, '2015-01-01', '2027-12-31') s GROUP BY b.name
ORDER BY b.name COLLATE "C";
-- Again: no row is written.
CREATE TEMP VIEW versions AS
SELECT 'template' AS what, ctid AS place, xmin::text AS version FROM calendar.trading_hours_templates
UNION ALL SELECT 'session', ctid, xmin::text
FROM calendar.trading_sessions UNION ALL SELECT 'holiday', ctid, xmin::text FROM calendar.market_holidays;
CREATE TEMP TABLE before AS TABLE versions;
SELECT count(calendar.load_calendar(definition)) FROM calendar.builtin_calendars();
SELECT what, count(*) AS rows, count(*) FILTER (WHERE (v.what, v.place, v.version) NOT IN (TABLE before)) AS rewritten
FROM versions v GROUP BY what ORDER BY what;
-- Whoever may not load calendars may look at them.
SET ROLE bourse_viewer;
SELECT count(*) FROM calendar.builtin_calendars();
SELECT refusal($$SELECT calendar.load_calendar(definition) FROM calendar.builtin_calendars()$$);
RESET ROLE;
-- The hours of a day by the clock of its exchange; when it is closed, why.
CREATE FUNCTION pg_temp.day(cal text, day date) RETURNS text LANGUAGE sql AS $$
    SELECT coalesce((
        SELECT to_char(s.opens_at AT TIME ZONE t.timezone,
            'Dy HH24:MI') || to_char(s.closes_at AT TIME ZONE t.timezone, ' - Dy HH24:MI')
            || coalesce((SELECT string_agg(to_char(lower(b) AT TIME ZONE t.timezone,
                ', not HH24:MI') || to_char(upper(b) AT TIME ZONE t.timezone, ' - HH24:MI'), '')
                         FROM unnest(s.breaks) b), '') || coalesce(': ' || s.description, '')
        FROM calendar.trading_hours_templates t, calendar.sessions(t.name, day.day, day.day) s WHERE t.name = cal),
        (SELECT 'closed: ' || h.description
        FROM calendar.trading_hours_templates t JOIN calendar.market_holidays h ON h.template_id = t.id
         WHERE t.name = cal AND h.date = day.day), 'closed')
$$;
-- The phases of a day, each when it begins, to the minute.
CREATE FUNCTION pg_temp.phases(cal text, day date) RETURNS text LANGUAGE sql AS $$
    SELECT string_agg(p.phase || to_char(p.local, ' HH24:MI'), ', ' ORDER BY p.local)
    FROM (SELECT m.local, calendar.phase(cal, m.local AT TIME ZONE t.timezone) AS phase,
                 lag(calendar.phase(cal, m.local AT TIME ZONE t.timezone)) OVER (ORDER BY m.local) AS earlier
          FROM calendar.trading_hours_templates t, generate_series(day::timestamp, day + time '23:59',
              '1 minute') m (local) WHERE t.name = cal) p
    WHERE p.phase IS DISTINCT FROM p.earlier
$$;
-- Sessions on Saturdays and Sundays are rows like others, and every function sees them.
SELECT cal, day, pg_temp.day(cal, day) AS session
FROM unnest(ARRAY['XNSE', 'XBOM']) cal, unnest(ARRAY['2020-11-14', '2023-11-12', '2015-02-28', '2020-02-01',
    '2024-01-20', '2025-02-01', '2026-02-01', '2024-03-02']::date[]) day ORDER BY day, cal DESC;
SELECT pg_temp.phases('XNSE', '2023-11-12') AS muhurat, pg_temp.phases('XNSE', '2024-03-02') AS two_sessions \gx
SET timezone = 'Asia/Kolkata';
SELECT calendar.is_open('XNSE', '2020-11-14 18:15'), calendar.session_of('XNSE', '2023-11-12 18:30'),
    calendar.next_open('XNSE', '2023-11-11 12:00'), calendar.previous_close('XNSE', '2023-11-13 09:00'),
       calendar.session_offset('XNSE', '2023-11-10', 1), calendar.trading_minutes('XNSE', '2023-11-11',
           '2023-11-13') \gx
SELECT calendar.next_open('XNSE', '2024-03-02 09:15'), calendar.next_open('XNSE', '2024-03-02 09:15',
    breaks => true) AS second_session, calendar.next_close('XNSE', '2024-03-02 09:15', breaks => true) AS first_close,
       calendar.trading_minutes('XNSE', '2024-03-02', '2024-03-03') \gx
-- An outage at one exchange, and a day that was extended for it at both.
SELECT pg_temp.day('XNSE', '2021-02-24') AS "XNSE", pg_temp.day('XBOM', '2021-02-24') AS "XBOM" \gx
-- On a half day the phases move with the close.
SELECT pg_temp.phases('XNYS', '2024-11-26') AS whole, pg_temp.phases('XNYS', '2024-11-29') AS half \gx
SELECT day, pg_temp.day('XNYS', day) AS session
FROM unnest(ARRAY['2018-12-05', '2025-01-09', '2021-06-18', '2022-06-20', '2027-06-18', '2021-12-31',
    '2023-07-03']::date[]) day;
-- Tokyo closes later since November 2024; what was before stays as it was.
SELECT day, pg_temp.day('XTKS', day) AS session
FROM unnest(ARRAY['2024-11-01', '2024-11-04', '2024-11-05', '2020-10-01', '2019-05-02']::date[]) day;
-- Hong Kong: half days, storms, a morning without a session, an afternoon that ended early.
SELECT day, pg_temp.day('XHKG', day) AS session
FROM unnest(ARRAY['2015-02-18', '2027-02-05', '2023-09-01', '2023-09-08', '2021-06-28', '2022-08-25', '2022-11-02',
    '2023-10-09', '2024-09-09']::date[]) day;
SELECT pg_temp.phases('XHKG', '2015-12-24') AS "2015", pg_temp.phases('XHKG', '2018-12-24') AS "2018",
    pg_temp.phases('XHKG', '2021-06-28') AS rainstorm \gx
-- Chicago: Sunday evening is Monday's session. The clocks change twice a year, here in the night from Saturday.
SELECT moment, calendar.session_of('CMES', moment AT TIME ZONE 'America/Chicago'), calendar.phase('CMES',
    moment AT TIME ZONE 'America/Chicago')
FROM unnest(ARRAY['2024-11-03 16:59', '2024-11-03 17:00', '2024-11-04 15:59', '2024-11-04 16:00', '2024-11-04 17:00',
    '2024-11-08 17:00']::timestamp[]) moment;
SELECT day, pg_temp.day('CMES', day) AS session, to_char(s.opens_at AT TIME ZONE 'UTC', 'Dy HH24:MI') AS opens_utc
FROM unnest(ARRAY['2015-09-18', '2015-09-21', '2021-06-25', '2021-06-28', '2024-11-04', '2025-03-10', '2025-01-09',
    '2023-04-07', '2024-11-28', '2024-11-29', '2022-06-20']::date[]) day, calendar.sessions('CMES', day, day) s;
-- What never closes.
SELECT calendar.is_open('24/7', '2020-02-29 00:00+00'), calendar.trading_minutes('24/7', '2024-03-31 00:00+00',
    '2024-04-01 00:00+00'), calendar.next_close('24/7', '2024-03-31 12:00+00') AT TIME ZONE 'UTC' AS next_close;
-- Outside of its years a calendar answers nothing.
SELECT refusal($$SELECT calendar.is_open('XNYS', '2028-01-03 15:00+00')$$);
