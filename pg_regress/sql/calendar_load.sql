-- A whole calendar is one definition. Loading it again changes nothing, another one changes what differs.
CREATE FUNCTION pg_temp.versions() RETURNS text LANGUAGE sql AS $$
    SELECT md5(string_agg(v, ',' ORDER BY v)) FROM (
        SELECT format('t %s %s %s', t.xmin, t.ctid, t.updated_at) FROM calendar.trading_hours_templates t UNION ALL
        SELECT format('s %s %s', s.xmin, s.ctid) FROM calendar.trading_sessions s UNION ALL
        SELECT format('h %s %s', h.xmin, h.ctid) FROM calendar.market_holidays h UNION ALL
        SELECT format('a %s', l.id) FROM audit.audit_logs l) x (v)
$$;
CREATE TEMP TABLE given (definition jsonb);
INSERT INTO given VALUES
    ('{"name": "LOAD", "exchange": "LD", "timezone": "Asia/Tokyo", "from": "2024-01-01", "to": "2024-12-31",
    "weekly": [{"days": [0, 1, 2, 3, 4], "to": "2024-11-04", "open": "09:00", "close": "15:00",
        "breaks": [["11:30:00", "12:30"]]},
               {"days": [0, 1, 2, 3, 4], "from": "2024-11-05", "open": "09:00", "close": "15:30", "breaks": [["11:30",
                   "12:30"]], "post_market": ["15:30", "24:00"]},
               {"days": [5], "is_trading_day": false}],
    "holidays": [{"date": "2024-01-01", "type": "full_day", "description": "New Year"}, {"date": "2024-01-02"},
        {"date": "2024-05-06", "description": "lends its name"}],
    "special": [{"date": "2024-12-30", "open": "09:00", "close": "11:30", "pre_market": [], "description": "half day"},
                {"date": "2024-05-06", "type": "muhurat", "open": "-22:00", "close": "02:30:15.5"},
                {"date": "2024-06-01", "type": "special", "open": "20:00", "close": "26:30", "breaks": [["23:30",
                    "24:30"]]}]}');
SELECT calendar.load_calendar(definition) FROM given;
SELECT name, exchange, timezone, is_active, first_date, last_date
FROM calendar.trading_hours_templates WHERE name = 'LOAD';
SELECT day_of_week, valid_from, valid_to, is_trading_day, market_open, market_close, post_market_start,
    post_market_end, post_market_end_offset, breaks
FROM calendar.trading_sessions ORDER BY day_of_week, valid_from NULLS FIRST;
SELECT date, holiday_type, description, open_time, open_time_offset, close_time, close_time_offset, breaks,
    pre_market_start, pre_market_end
FROM calendar.market_holidays ORDER BY date;
SELECT table_name, action, count(*) FROM audit.audit_logs
WHERE table_name LIKE 'calendar.%' GROUP BY 1, 2 ORDER BY 1, 2;

-- The same again, and what is exported: nothing is written, not even a time or a row of the trail.
SELECT pg_temp.versions() AS before \gset
SELECT calendar.load_calendar(definition) FROM given;
SELECT calendar.load_calendar(calendar.export_calendar('LOAD'));
SELECT pg_temp.versions() = :'before' AS untouched;
SELECT jsonb_pretty(calendar.export_calendar('LOAD'));

-- Another one changes what differs; what stays keeps its id.
SELECT array_agg(id ORDER BY id) AS ids FROM calendar.trading_sessions
WHERE day_of_week < 5 AND valid_from IS NULL \gset
UPDATE given SET definition = jsonb_set(definition, '{weekly,0,close}',
    '"14:30"') #- '{holidays,1}' || '{"exchange": "LE"}';
SELECT calendar.load_calendar(definition) FROM given;
SELECT array_agg(id ORDER BY id) = :'ids' AS same_rows, min(market_close), max(market_close)
FROM calendar.trading_sessions WHERE day_of_week < 5 AND valid_from IS NULL;
SELECT count(*) FROM calendar.market_holidays;
SELECT l.table_name, l.action, count(*), min((l.new_values - 'updated_at')::text)
FROM audit.audit_logs l WHERE l.table_name LIKE 'calendar.%' AND l.action <> 'INSERT' GROUP BY 1, 2 ORDER BY 1, 2;

-- What it does not say any more is gone: Saturdays, and the first era.
BEGIN;
SELECT calendar.load_calendar(definition #- '{weekly,2}' #- '{weekly,0}') FROM given;
SELECT day_of_week, valid_from, market_close FROM calendar.trading_sessions ORDER BY day_of_week, valid_from;
ROLLBACK;

-- How the session writes dates and times changes neither what is loaded nor what comes out.
SET datestyle = 'SQL, DMY';
SET timezone = 'America/New_York';
SET intervalstyle = 'iso_8601';
SELECT pg_temp.versions() AS before \gset
SELECT calendar.load_calendar(definition) FROM given;
SELECT calendar.load_calendar(calendar.export_calendar('LOAD'));
SELECT pg_temp.versions() = :'before' AS untouched;
SELECT calendar.is_open('LOAD', '2024-05-31 17:30Z') AS friday, calendar.is_open('LOAD',
    '2024-06-01 11:00Z') AS saturday;
RESET ALL;

-- A definition that cannot be changes nothing, and is refused by the name of what is wrong.
SELECT pg_temp.versions() AS before \gset
SELECT refusal(format('SELECT calendar.load_calendar(%L)', jsonb_set(definition, path, value))) FROM given, (VALUES
    (1, '{opne}'::text[], '"09:00"'::jsonb), (2, '{name}', '""'), (3, '{timezone}', '"Europe/Bombay"'), (4,
        '{timezone}', '"JST-9"'), (5, '{to}', '"2023-12-31"'),
    (6, '{weekly,0,to}', '"2024-11-05"'), (7, '{weekly,0,days}', '[9]'), (8, '{weekly,0,open}', '"9:00"'), (9,
        '{weekly,0,close}', '"08:00"'),
    (10, '{weekly,0,breaks}', '[["11:30", "15:00"]]'), (11, '{weekly,0,lunch}', '[]'), (12, '{weekly,0,close}',
        '"33:30"'),
    (13, '{holidays,0,date}', '"2024-02-30"'), (14, '{holidays,0,date}', '"2025-01-01"'), (15, '{holidays,0,open}',
        '"10:00"'),
    (16, '{special,1,date}', '"2024-12-30"'), (17, '{special,0,type}', '"full_day"'), (18, '{special,0,type}',
        '"half"')) c (n, path, value)
ORDER BY n;
SELECT refusal('SELECT calendar.load_calendar(NULL)'), refusal('SELECT calendar.load_calendar(''[]'')');
-- Monday's post-market would end on Tuesday after its opening.
SELECT refusal(format('SELECT calendar.load_calendar(%L)', jsonb_set(definition, '{weekly,1,post_market}',
    '["15:30", "33:01"]'))) FROM given;
-- A session that the clocks turn round: in New York half past two is half past three on that Sunday.
SELECT refusal($$SELECT calendar.load_calendar('{"name": "GAP", "timezone": "America/New_York", "from": "2024-03-01",
    "to": "2024-03-31", "weekly": [{"days": [6], "open": "02:30", "close": "03:15"}]}')$$);
SELECT refusal(format('SELECT calendar.load_calendar(%L)', repeat('[', 100) || repeat(']', 100)));
SELECT refusal($$SELECT calendar.load_calendar('{"name": 1e400}')$$);
SELECT refusal($$UPDATE calendar.trading_sessions SET breaks = '[1e400]'$$);
SELECT pg_temp.versions() = :'before' AS untouched;
SELECT refusal('SELECT calendar.export_calendar(''NONE'')'), refusal('SELECT calendar.export_calendar(NULL)');

-- Without data nothing is known; a calendar that nobody uses goes with all that hangs on it.
SELECT calendar.load_calendar('{"name": "BARE", "timezone": "UTC", "from": "2024-01-01", "to": "2024-01-02"}');
SELECT calendar.is_open('BARE', '2024-01-01');
DELETE FROM calendar.trading_hours_templates WHERE name = 'LOAD';
SELECT count(*) FROM calendar.trading_sessions;
SELECT refusal('SELECT calendar.is_open(''LOAD'')');
SELECT * FROM bourse.verify();
