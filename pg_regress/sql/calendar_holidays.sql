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
        '02:00') > 0 AS night;
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
        $$set_holiday('HOL', '2024-12-25', 'special', repeat('x', 201), '10:00', '11:00')$$,
    $$set_holiday('HOL', '2025-01-01', 'full_day')$$,
        $$set_holiday('HOL', '2024-12-26', 'special', NULL, '22:00', '21:00')$$,
    $$remove_holiday('NONE', '2024-12-25')$$, $$remove_holiday('HOL', NULL)$$,
        $$remove_holiday(NULL, '2024-12-25')$$]) call;
SELECT date, holiday_type FROM calendar.market_holidays ORDER BY date;
