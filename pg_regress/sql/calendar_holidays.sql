-- One day that is not as the others.
SELECT calendar.load_calendar('{"name": "HOL", "timezone": "America/New_York", "from": "2024-01-01", "to": "2024-12-31",
    "weekly": [{"days": [0, 1, 2, 3, 4], "open": "09:30", "close": "16:00", "pre_market": ["04:00", "09:30"],
        "post_market": ["16:00", "20:00"]}]}');
SET timezone = 'America/New_York';
SELECT calendar.set_holiday('HOL', '2024-12-25', 'full_day', 'Christmas') > 0 AS set;
SELECT calendar.is_open('HOL', '2024-12-25 12:00'), calendar.next_open('HOL', '2024-12-24 16:00');
-- Half a day; the post-market moves.
SELECT calendar.set_holiday('HOL', '2024-12-24', 'special', 'early close', '09:30', '13:00') > 0 AS set;
SELECT calendar.phase('HOL', '2024-12-24 12:59'), calendar.phase('HOL', '2024-12-24 13:00'), calendar.phase('HOL',
    '2024-12-24 17:00');
-- A Saturday, in two segments; a night.
SELECT calendar.set_holiday('HOL', '2024-12-28', 'muhurat', NULL, '10:00', '16:00',
    '[["12:00", "13:00"]]') > 0 AS set, calendar.set_holiday('HOL', '2024-12-29', 'special', 'night', '22:00',
        '26:00') > 0 AS night;
SELECT * FROM calendar.sessions('HOL', '2024-12-23', '2024-12-31');
-- The same again writes nothing; another replaces it.
SELECT xmin AS before FROM calendar.market_holidays WHERE date = '2024-12-28' \gset
SELECT calendar.set_holiday('HOL', '2024-12-28', 'muhurat', NULL, '10:00', '16:00',
    '[["12:00:00", "13:00"]]') > 0 AS set;
SELECT xmin = :'before' AS untouched FROM calendar.market_holidays WHERE date = '2024-12-28';
SELECT calendar.set_holiday('HOL', '2024-12-28', 'full_day') = id AS same_row
FROM calendar.market_holidays WHERE date = '2024-12-28';
SELECT calendar.is_open('HOL', '2024-12-28 11:00'), calendar.is_open('HOL', '2024-12-30 01:59');
SELECT calendar.remove_holiday('HOL', '2024-12-25'), calendar.remove_holiday('HOL', '2024-12-25');
SELECT calendar.is_open('HOL', '2024-12-25 12:00');
SELECT refusal(format('SELECT calendar.%s', call)) FROM unnest(ARRAY[
    $$set_holiday(NULL, '2024-12-25', 'full_day')$$, $$set_holiday('HOL', NULL, 'full_day')$$,
        $$set_holiday('HOL', '2024-12-25', NULL)$$, $$set_holiday('NONE', '2024-12-25', 'full_day')$$,
    $$set_holiday('HOL', '2024-12-25', 'half')$$,
        $$set_holiday('HOL', '2024-12-25', 'full_day', NULL, '10:00', '11:00')$$,
            $$set_holiday('HOL', '2024-12-25', 'special', NULL, '10:00')$$,
    $$set_holiday('HOL', '2024-12-25', 'special', NULL, '10:00', '11:00', '[["10:00", "10:30"]]')$$,
        $$set_holiday('HOL', '2024-12-25', 'special', NULL, '10:00', '11:00', '[["x", "10:30"]]')$$,
    $$set_holiday('HOL', '2024-12-25', 'special', NULL, NULL, NULL, '[["10:00", "10:30"]]')$$,
    $$set_holiday('HOL', '2024-12-25', 'special', NULL, '10:00', '11:00',
        (repeat('[', 5000) || repeat(']', 5000))::jsonb)$$,
        $$set_holiday('HOL', '2024-12-25', 'special', repeat('x', 201), '10:00', '11:00')$$,
    $$set_holiday('HOL', '2025-01-01', 'full_day')$$,
        $$set_holiday('HOL', '2024-12-26', 'special', NULL, '22:00', '21:00')$$,
        $$set_holiday('HOL', '2024-12-26', 'special', NULL, '22:00', '46:00:00.000001')$$,
        $$set_holiday('HOL', '2024-12-26', 'special', NULL, '22:00', '45:00')$$,
        $$set_holiday('HOL', '2024-12-26', 'special', NULL, '9:30', '13:00')$$,
        $$set_holiday('HOL', '2024-12-26', 'special', NULL, '09:30', '24:00:01 ')$$,
    $$remove_holiday('NONE', '2024-12-25')$$, $$remove_holiday('HOL', NULL)$$,
        $$remove_holiday(NULL, '2024-12-25')$$]) call;
SELECT date, holiday_type FROM calendar.market_holidays ORDER BY date;

-- Sessions that begin the evening before: times are on the days that they have in the hours of the day of the week.
SELECT calendar.load_calendar('{"name": "FUT", "timezone": "America/Chicago", "from": "2026-01-01", "to": "2026-12-31",
    "weekly": [{"days": [0, 1, 2, 3, 4], "open": "-17:00", "close": "16:00", "breaks": [["15:15", "15:30"]]}]}');
SET timezone = 'America/Chicago';
SELECT calendar.set_holiday('FUT', '2026-11-27', 'special', 'closes early', '17:00', '12:15') > 0 AS set;
SELECT calendar.set_holiday('FUT', '2026-11-25', 'special', 'opens late', '08:30', '16:00') > 0 AS set;
SELECT calendar.set_holiday('FUT', '2026-11-24', 'special', 'says its day', '-18:00', '16:00') > 0 AS set;
-- A Saturday has no hours: what is said is said of the date itself.
SELECT calendar.set_holiday('FUT', '2026-11-21', 'special', 'a Saturday', '09:00', '12:15') > 0 AS set;
SELECT session_date, opens_at, closes_at, breaks, description FROM calendar.sessions('FUT', '2026-11-20', '2026-11-30');
-- So it is in the table, where offsets that are NULL are none that are said; in a definition every time says its day.
INSERT INTO calendar.market_holidays (template_id, date, holiday_type, open_time, close_time)
SELECT id, '2026-11-19', 'special', '17:00', '12:00' FROM calendar.trading_hours_templates WHERE name = 'FUT'
RETURNING open_time_offset, close_time_offset, breaks;
SELECT refusal(format('SELECT calendar.set_holiday(''FUT'', %s)', call)) FROM unnest(ARRAY[
    $$'2026-11-27', 'special', NULL, '16:30', '12:15'$$, $$'2026-11-28', 'special', NULL, '17:00', '12:15'$$,
    $$'2026-11-27', 'muhurat', NULL, '17:00', '12:15'$$, $$'2026-11-27', 'special', NULL, '12:15', '17:00'$$]) call;

-- Lunch stays where it lies within the hours of a special day; [] says that there is none.
SELECT calendar.load_calendar('{"name": "LUN", "timezone": "UTC", "from": "2026-01-01", "to": "2026-12-31",
    "weekly": [{"days": [0, 1, 2, 3, 4], "open": "09:00", "close": "17:00", "breaks": [["12:00", "13:00"]]}]}');
SET timezone = 'UTC';
SELECT day, breaks, calendar.set_holiday('LUN', day, type, NULL, '09:00', closes, breaks) > 0 AS set
FROM (VALUES ('2026-11-23'::date, 'special', '14:00', NULL::jsonb), ('2026-11-24', 'special', '14:00', '[]'),
    ('2026-11-25', 'special', '14:00', 'null'), ('2026-11-26', 'special', '13:00', NULL),
    ('2026-11-27', 'muhurat', '14:00', NULL)) v (day, type, closes, breaks);
SELECT session_date, closes_at::time, breaks FROM calendar.sessions('LUN', '2026-11-23', '2026-11-27');
SELECT calendar.export_calendar('LUN') -> 'special' AS special;
SELECT xmin AS before FROM calendar.market_holidays WHERE date = '2026-11-23' \gset
SELECT calendar.load_calendar(calendar.export_calendar('LUN')), calendar.set_holiday('LUN', '2026-11-23', 'special',
    NULL, '09:00', '14:00') > 0 AS set;
SELECT xmin = :'before' AS untouched FROM calendar.market_holidays WHERE date = '2026-11-23';
