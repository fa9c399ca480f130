-- The tables are plain tables: admins create, change and delete rows by id, everybody who is logged in reads, and
-- what is changed
-- is checked when the transaction commits.
CREATE ROLE regress_crw_admin LOGIN IN ROLE bourse_admin;
CREATE ROLE regress_crw_viewer LOGIN IN ROLE bourse_viewer;
CREATE ROLE regress_crw_trader LOGIN IN ROLE bourse_trader;
SET SESSION AUTHORIZATION regress_crw_admin;
-- As an ORM writes: every column named, NULL for what the program has not set.
INSERT INTO calendar.trading_hours_templates (name, timezone, is_active, created_at, exchange, first_date, last_date,
    updated_at)
VALUES ('ROWS', NULL, NULL, NULL, NULL, NULL, NULL, NULL) RETURNING id, name, timezone, is_active,
    created_at IS NOT NULL AS created \gset
\echo :name :timezone :is_active :created
INSERT INTO calendar.trading_sessions (template_id, day_of_week, pre_market_start, pre_market_end, market_open,
    market_close, post_market_start, post_market_end, is_trading_day, valid_from, valid_to, breaks)
SELECT :id, d, '09:00', '09:15', '09:15', '15:30', '15:40', '16:00', NULL, NULL, NULL, NULL
FROM generate_series(0, 4) d;
-- It covers no dates yet.
SELECT refusal($$SELECT calendar.is_open('ROWS', '2024-06-03 10:00+05:30')$$);
UPDATE calendar.trading_hours_templates SET first_date = '2024-01-01', last_date = '2024-12-31' WHERE id = :id;
SELECT calendar.is_open('ROWS', '2024-06-03 10:00+05:30');
INSERT INTO calendar.market_holidays (template_id, date, description)
VALUES (:id, '2024-06-03', 'by hand') RETURNING id AS holiday, holiday_type \gset
SELECT calendar.is_open('ROWS', '2024-06-03 10:00+05:30');
UPDATE calendar.market_holidays SET date = '2024-06-04' WHERE id = :holiday;
SELECT calendar.is_open('ROWS', '2024-06-03 10:00+05:30'), calendar.is_open('ROWS', '2024-06-04 10:00+05:30');
DELETE FROM calendar.market_holidays WHERE id = :holiday;
SELECT calendar.is_open('ROWS', '2024-06-04 10:00+05:30');

-- A time without its day is where it comes first by the clock; 24:00 is midnight of the day after.
INSERT INTO calendar.trading_sessions (template_id, day_of_week, market_open, market_close, pre_market_start,
    pre_market_end, post_market_start, post_market_end)
VALUES (:id, 5, '20:00', '02:30', '19:00', '20:00', '02:30', '03:00')
RETURNING pre_market_start_offset, pre_market_end_offset, market_open_offset, market_close_offset,
    post_market_start_offset, post_market_end_offset;
UPDATE calendar.trading_sessions SET market_open = '17:00', market_open_offset = -1, market_close = '17:00',
    market_close_offset = 0, pre_market_start = NULL, pre_market_end = NULL,
    post_market_start = NULL, post_market_end = NULL
    WHERE template_id = :id AND day_of_week = 5 RETURNING market_open, market_open_offset, market_close,
        market_close_offset, pre_market_start_offset;
UPDATE calendar.trading_sessions SET market_open = '00:00', market_close = '24:00', market_open_offset = NULL,
    market_close_offset = NULL, breaks = '[["12:00:00", "24:00"]]'
WHERE template_id = :id AND day_of_week = 5 RETURNING market_close, market_close_offset, breaks;
UPDATE calendar.trading_sessions SET breaks = '[["12:00:00", "13:00"]]'
WHERE template_id = :id AND day_of_week = 5 RETURNING breaks;
-- What one row cannot say is refused at once, the rest when the transaction commits.
SELECT refusal(format('UPDATE calendar.trading_sessions SET %s WHERE template_id = %s AND day_of_week = 0', change,
    :id)) FROM unnest(ARRAY[
    'day_of_week = 7', 'market_close = NULL', 'market_close = ''09:00''', 'market_close_offset = 3',
        'valid_from = ''2024-02-01'', valid_to = ''2024-01-01''', 'breaks = ''[1]''', 'day_of_week = 1',
    'breaks = (repeat(''['', 5000) || repeat('']'', 5000))::jsonb']) change;
SELECT refusal(format('UPDATE calendar.trading_hours_templates SET %s WHERE id = %s', change, :id)) FROM unnest(ARRAY[
    'name = '' ''', 'timezone = ''Mars/Olympus''', 'first_date = NULL', 'last_date = ''2023-01-01''',
        'last_date = ''2224-01-01''', 'last_date = ''infinity''']) change;
SELECT refusal(format('INSERT INTO calendar.market_holidays (template_id, date, holiday_type, open_time, close_time) VALUES (%s, %s)', :id, r)) FROM unnest(ARRAY[
    '''2024-06-05'', ''half'', NULL, NULL', '''2024-06-05'', ''full_day'', ''10:00'', ''11:00''',
        '''2024-06-05'', ''special'', ''10:00'', NULL']) r;
UPDATE calendar.trading_sessions SET pre_market_end = '09:20' WHERE template_id = :id AND day_of_week = 0;
INSERT INTO calendar.trading_sessions (template_id, day_of_week, valid_from, market_open, market_close)
VALUES (:id, 0, '2024-07-01', '10:00', '16:00');
INSERT INTO calendar.market_holidays (template_id, date) VALUES (:id, '2025-01-01');
INSERT INTO calendar.market_holidays (template_id, date, holiday_type, open_time, close_time, open_time_offset)
VALUES (:id, '2024-06-05', 'special', '15:00', '10:00', -1);
-- Eras: the first must end before the second begins; in between the transaction may say what it likes.
BEGIN;
INSERT INTO calendar.trading_sessions (template_id, day_of_week, valid_from, market_open, market_close)
VALUES (:id, 0, '2024-07-01', '10:00', '16:00');
SELECT refusal($$SELECT calendar.is_open('ROWS', '2024-07-01')$$);
UPDATE calendar.trading_sessions SET valid_to = '2024-06-30'
WHERE template_id = :id AND day_of_week = 0 AND valid_from IS NULL;
COMMIT;
SELECT calendar.is_open('ROWS', '2024-06-24 09:30+05:30') AS before, calendar.is_open('ROWS',
    '2024-07-01 09:30+05:30') AS after;
-- What has been rolled back is not seen, also within a transaction.
BEGIN;
SAVEPOINT a;
INSERT INTO calendar.market_holidays (template_id, date) VALUES (:id, '2024-06-06');
SELECT calendar.is_open('ROWS', '2024-06-06 10:00+05:30');
ROLLBACK TO a;
SELECT calendar.is_open('ROWS', '2024-06-06 10:00+05:30');
INSERT INTO calendar.market_holidays (template_id, date) VALUES (:id, '2024-06-07');
SELECT calendar.is_open('ROWS', '2024-06-06 10:00+05:30'), calendar.is_open('ROWS', '2024-06-07 10:00+05:30');
ROLLBACK;
SELECT calendar.is_open('ROWS', '2024-06-06 10:00+05:30'), calendar.is_open('ROWS', '2024-06-07 10:00+05:30');
RESET SESSION AUTHORIZATION;
BEGIN;
TRUNCATE calendar.market_holidays, calendar.trading_sessions;
SELECT calendar.phase('ROWS', '2024-06-06 10:00+05:30');
ROLLBACK;
SELECT calendar.phase('ROWS', '2024-06-06 10:00+05:30');
SET SESSION AUTHORIZATION regress_crw_admin;
-- A name that is given to another calendar is that calendar's.
UPDATE calendar.trading_hours_templates SET name = 'ROWS2' WHERE id = :id;
SELECT refusal($$SELECT calendar.is_open('ROWS', '2024-06-06')$$), calendar.is_open('ROWS2', '2024-06-06 10:00+05:30');
INSERT INTO calendar.trading_hours_templates (name, first_date, last_date) VALUES ('ROWS', '2024-01-01', '2024-12-31');
SELECT calendar.is_open('ROWS', '2024-06-06 10:00+05:30'), calendar.is_open('ROWS2', '2024-06-06 10:00+05:30');
RESET SESSION AUTHORIZATION;
SELECT table_name, action, count(*) FROM audit.audit_logs
WHERE table_name LIKE 'calendar.%' GROUP BY 1, 2 ORDER BY 1, 2;

-- Everybody else reads.
SET SESSION AUTHORIZATION regress_crw_viewer;
SELECT count(*) FROM calendar.trading_sessions;
SELECT calendar.is_open('ROWS2', '2024-06-06 10:00+05:30'), calendar.export_calendar('ROWS2') ->> 'name',
    calendar.coverage('ROWS2');
SELECT refusal(s) FROM unnest(ARRAY['UPDATE calendar.trading_hours_templates SET name = ''X''',
    'DELETE FROM calendar.market_holidays',
        'INSERT INTO calendar.trading_sessions (template_id, day_of_week) VALUES (1, 1)',
    'SELECT calendar.load_calendar(''{}'')', 'SELECT calendar.set_holiday(''ROWS2'', ''2024-06-06'', ''full_day'')',
        'SELECT calendar.remove_holiday(''ROWS2'', ''2024-06-06'')', 'SELECT calendar_private.source(''ROWS2'')']) s;
SET SESSION AUTHORIZATION regress_crw_trader;
SELECT calendar.is_open('ROWS2', '2024-06-06 10:00+05:30'), refusal('DELETE FROM calendar.trading_hours_templates');
RESET SESSION AUTHORIZATION;
-- Nobody's names come between: a caller's operators and functions are not called.
CREATE SCHEMA crw;
CREATE FUNCTION crw.same(text, text) RETURNS boolean LANGUAGE plpgsql
    AS $$ BEGIN RAISE 'called as %', current_user; END $$;
CREATE OPERATOR crw.= (LEFTARG = text, RIGHTARG = text, FUNCTION = crw.same);
SET search_path = crw, pg_catalog;
SELECT calendar.phase('ROWS2', '2024-06-06 10:00+05:30');
SELECT calendar.set_holiday('ROWS2', '2024-06-06', 'full_day') > 0 AS set;
SELECT calendar.phase('ROWS2', '2024-06-06 10:00+05:30'), count(*)
FROM calendar.sessions('ROWS2', '2024-06-03', '2024-06-07');
RESET search_path;
DROP SCHEMA crw CASCADE;
DROP ROLE regress_crw_admin, regress_crw_viewer, regress_crw_trader;
SELECT * FROM bourse.verify();
