-- When is the market open? Times are told as New York and Kolkata say them.
SELECT calendar.load_calendar('{"name": "QNY", "timezone": "America/New_York", "from": "2023-01-01", "to": "2024-12-31",
    "weekly": [{"days": [0, 1, 2, 3, 4], "open": "09:30", "close": "16:00", "pre_market": ["04:00", "09:30"],
        "post_market": ["16:00", "20:00"]}],
    "holidays": [{"date": "2024-11-28", "description": "Thanksgiving"}],
    "special": [{"date": "2024-11-29", "open": "09:30", "close": "13:00", "description": "half day"}]}');
SELECT calendar.load_calendar('{"name": "QIN", "timezone": "Asia/Kolkata", "from": "2020-01-01", "to": "2024-12-31",
    "weekly": [{"days": [0, 1, 2, 3, 4], "open": "09:15", "close": "15:30", "pre_market": ["09:00", "09:15"],
        "post_market": ["15:40", "16:00"]}],
    "holidays": [{"date": "2024-11-01", "description": "Diwali"}],
    "special": [{"date": "2020-11-14", "type": "muhurat", "open": "18:15", "close": "19:15"}, {"date": "2023-11-12",
        "type": "muhurat", "open": "18:15", "close": "19:15"},
                {"date": "2020-02-01", "open": "09:15", "close": "15:30", "description": "budget"},
                {"date": "2024-03-02", "open": "09:15", "close": "12:30", "breaks": [["10:00", "11:30"]],
                    "description": "two short sessions"},
                {"date": "2024-11-01", "type": "muhurat", "open": "18:00", "close": "19:00"}]}');
SELECT calendar.load_calendar('{"name": "QHK", "timezone": "Asia/Hong_Kong", "from": "2024-01-01", "to": "2024-12-31",
    "weekly": [{"days": [0, 1, 2, 3, 4], "open": "09:30", "close": "16:00", "breaks": [["12:00", "13:00"]]}]}');
SELECT calendar.load_calendar('{"name": "QCH", "timezone": "America/Chicago", "from": "2024-01-01",
    "to": "2024-12-31", "weekly": [{"days": [0, 1, 2, 3, 4], "open": "-17:00", "close": "16:00"}]}');
SELECT calendar.load_calendar('{"name": "QALL", "timezone": "UTC", "from": "2024-01-01", "to": "2024-12-31",
    "weekly": [{"days": [0, 1, 2, 3, 4, 5, 6], "open": "00:00", "close": "24:00"}]}');
SELECT calendar.load_calendar('{"name": "QTK", "timezone": "Asia/Tokyo", "from": "2024-01-01", "to": "2024-12-31",
    "weekly": [{"days": [0, 1, 2, 3, 4], "to": "2024-11-04", "open": "09:00", "close": "15:00"}, {"days": [0, 1, 2, 3,
        4], "from": "2024-11-05", "open": "09:00", "close": "15:30"}]}');

SET timezone = 'America/New_York';
-- [open, close)
SELECT t, calendar.is_open('QNY', t), calendar.phase('QNY', t), calendar.session_of('QNY', t) FROM unnest(ARRAY[
    '2024-11-27 03:59:59', '2024-11-27 04:00', '2024-11-27 09:29:59.999999', '2024-11-27 09:30',
        '2024-11-27 15:59:59.999999', '2024-11-27 16:00', '2024-11-27 20:00',
    '2024-11-28 12:00', '2024-11-30 12:00']::timestamptz[]) t;
-- On a half day the post-market moves with the close, the pre-market stays.
SELECT t::time, calendar.phase('QNY', t) FROM unnest(ARRAY['2024-11-29 04:00', '2024-11-29 09:30', '2024-11-29 13:00',
    '2024-11-29 16:59', '2024-11-29 17:00']::timestamptz[]) t;
-- Strictly after, strictly before.
SELECT calendar.next_open('QNY', t), calendar.previous_open('QNY', t), calendar.next_close('QNY', t),
    calendar.previous_close('QNY', t)
FROM unnest(ARRAY['2024-11-27 09:30', '2024-11-27 09:30:00.000001', '2024-11-27 16:00',
    '2024-11-28 12:00']::timestamptz[]) t;
SELECT * FROM calendar.sessions('QNY', '2024-11-27', '2024-12-02');
SELECT calendar.session_offset('QNY', '2024-11-27', n), n FROM generate_series(-1, 2) n;
SELECT calendar.trading_minutes('QNY', '2024-11-29', '2024-11-30'), calendar.trading_minutes('QNY',
    '2024-11-29 12:59:30', '2024-12-02 09:31'), calendar.trading_minutes('QNY', '2024-11-30', '2024-11-30');
-- The clocks change: the market opens at half past nine all the same, an hour earlier in UTC.
SELECT session_date, opens_at AT TIME ZONE 'UTC' AS opens_at FROM calendar.sessions('QNY', '2024-03-08', '2024-03-11');

-- Sessions on a Saturday, a Sunday, a holiday; two short ones on one day. Every function sees them.
SET timezone = 'Asia/Kolkata';
SELECT session_date, to_char(session_date, 'Dy') AS day, opens_at, closes_at, breaks, kind, description
FROM calendar.sessions('QIN', '2020-01-01', '2024-12-31') WHERE kind <> 'regular';
SELECT d, calendar.is_open('QIN', d + time '18:30') AS evening, calendar.next_open('QIN', d::timestamp),
    calendar.session_of('QIN', d + time '18:30'), calendar.session_offset('QIN', d, 1),
       calendar.trading_minutes('QIN', d::timestamp, d + interval '1 day') AS minutes, calendar.phase('QIN',
           d + time '17:59')
FROM unnest(ARRAY['2020-11-14', '2023-11-12', '2024-11-01']::date[]) d;
SELECT t::time, calendar.is_open('QIN', t), calendar.phase('QIN', t)
FROM unnest(ARRAY['2024-03-02 09:15', '2024-03-02 10:00', '2024-03-02 11:29', '2024-03-02 11:30',
    '2024-03-02 12:30']::timestamptz[]) t;
-- Between close and post-market it is closed.
SELECT calendar.phase('QIN', '2024-03-04 15:35'), calendar.session_of('QIN', '2024-03-04 15:35'),
    calendar.phase('QIN', '2024-03-04 15:45');

-- Breaks count where they are asked for.
SET timezone = 'Asia/Hong_Kong';
SELECT breaks, calendar.next_open('QHK', t, breaks), calendar.next_close('QHK', t, breaks),
    calendar.previous_open('QHK', t, breaks), calendar.previous_close('QHK', t, breaks)
FROM (VALUES ('2024-01-03 12:30'::timestamptz)) x (t), unnest(ARRAY[false, true]) breaks;
-- Sunday evening is Monday's session.
SET timezone = 'America/Chicago';
SELECT t, calendar.is_open('QCH', t), calendar.session_of('QCH', t)
FROM unnest(ARRAY['2024-01-05 15:59', '2024-01-05 17:00', '2024-01-07 16:59', '2024-01-07 17:00', '2024-01-08 16:00',
    '2024-01-08 17:00']::timestamptz[]) t;
-- A market that never closes, and one whose hours have changed: what was before stays as it was.
SET timezone = 'UTC';
SELECT bool_and(calendar.is_open('QALL', t)), count(*)
FROM generate_series(timestamptz '2024-01-01', '2024-12-31 23:59', '1 hour') t;
SELECT calendar.next_close('QALL', '2024-02-28 12:00'), calendar.trading_minutes('QALL', '2024-01-01',
    '2025-01-01') = 366 * 24 * 60 AS whole_year;
SELECT closes_at AT TIME ZONE 'Asia/Tokyo' FROM calendar.sessions('QTK', '2024-11-01', '2024-11-05');

-- Outside of its dates a calendar says neither open nor closed, and it does not run off its end.
SELECT calendar.coverage('QNY'), calendar.is_open('QNY', '2024-12-31 23:59:59 America/New_York') AS last_moment;
SELECT refusal(format('SELECT calendar.%s', call)) FROM unnest(ARRAY[
    $$is_open('QNY', '2022-12-31 23:59:59 America/New_York')$$,
        $$is_open('QNY', '2025-01-01 00:00 America/New_York')$$, $$is_open('QNY', 'infinity')$$,
            $$is_open('QNY', '-infinity')$$,
    $$phase('QNY', '2025-01-02')$$, $$session_of('QNY', '2025-01-02')$$, $$next_open('QNY', '2025-01-02')$$,
        $$next_open('QNY', '2024-12-31 09:30 America/New_York')$$,
    $$next_close('QNY', '2024-12-31 16:00 America/New_York', true)$$,
        $$previous_open('QNY', '2023-01-02 09:30 America/New_York')$$, $$previous_close('QNY', '2022-01-01')$$,
    $$sessions('QNY', '2022-12-31', '2023-01-31')$$, $$sessions('QNY', '2024-12-31', 'infinity')$$,
        $$sessions('QNY', '2024-02-01', '2024-01-01')$$,
    $$session_offset('QNY', '2024-12-31', 1)$$, $$session_offset('QNY', '2024-12-31', 2147483647)$$,
        $$session_offset('QNY', '2024-11-28', 1)$$, $$session_offset('QNY', '-infinity', 1)$$,
    $$trading_minutes('QNY', '2024-12-31', '2025-01-02')$$, $$trading_minutes('QNY', '2024-02-01', '2024-01-01')$$,
    -- On the evening of its last date the session of the next might begin.
    $$is_open('QCH', '2024-12-31 17:00 America/Chicago')$$, $$is_open('NONE')$$, $$coverage('NONE')$$,
        $$coverage(NULL)$$]) call;
SELECT calendar.is_open(NULL, now()), calendar.is_open('QNY', NULL), calendar.next_open('QNY', NULL),
    calendar.session_offset('QNY', NULL, 1), calendar.trading_minutes('QNY', NULL, now());
SELECT count(*) FROM calendar.sessions('QNY', NULL, '2024-01-01');
UPDATE calendar.trading_hours_templates SET is_active = false WHERE name = 'QTK';
SELECT refusal($$SELECT calendar.is_open('QTK', '2024-11-01')$$);

-- In a set, in parallel workers, and without a transaction id: also on a standby.
SELECT provolatile, proparallel, count(*) FROM pg_proc WHERE pronamespace = 'calendar'::regnamespace AND proname IN
    ('is_open', 'phase', 'next_open', 'next_close', 'previous_open', 'previous_close', 'session_of', 'session_offset',
        'sessions', 'trading_minutes') GROUP BY 1, 2;
BEGIN READ ONLY;
SELECT count(*) FILTER (WHERE calendar.is_open('QNY', t)) / 390.0 AS sessions
FROM generate_series(timestamptz '2023-01-02', '2023-12-31', '1 minute') t;
SELECT pg_current_xact_id_if_assigned();
COMMIT;

-- Dates and their sessions, for reports and for what is settled two sessions after any date.
SET timezone = 'America/New_York';
SELECT day, calendar.is_session('QNY', day), calendar.session_open('QNY', day), calendar.session_close('QNY', day),
    calendar.date_to_session('QNY', day) AS next, calendar.date_to_session('QNY', day, 'previous') AS previous
FROM unnest('{2024-11-27,2024-11-28,2024-11-29,2024-11-30}'::date[]) day;
SELECT calendar.session_offset('QNY', calendar.date_to_session('QNY', '2024-11-30', 'previous'), 2) AS two_later,
    calendar.session_count('QNY', '2024-11-27', '2024-12-02') AS sessions,
    calendar.session_count('QNY', '2024-11-30', '2024-11-30') AS none;
SELECT calendar.trading_minutes('QNY', '2024-11-27 12:00', '2024-11-27 12:00:01') AS a_second,
    calendar.trading_minutes('QNY', '2024-11-27 12:00', '2024-11-27 12:01:30') AS ninety,
    calendar.trading_minutes('QNY', '2024-11-27', '2024-12-01') AS whole;
SELECT calendar.is_session('QNY', NULL), calendar.session_open(NULL, '2024-11-27'), calendar.date_to_session('QNY',
    '2024-11-27', NULL), calendar.session_count('QNY', NULL, '2024-11-27');
SELECT refusal(format('SELECT calendar.%s', call)) FROM unnest(ARRAY[
    $$is_session('QNY', '1999-01-01')$$, $$session_open('QNY', 'infinity')$$, $$session_close('NONE', '2024-11-27')$$,
    $$date_to_session('QNY', '1999-01-01')$$, $$date_to_session('QNY', '2024-11-27', 'none')$$,
    $$session_count('QNY', '2024-11-27', '2024-11-26')$$, $$session_offset('QNY', '2024-11-28', 1)$$]) call;
