CREATE FUNCTION calendar.sessions(cal text, "from" date, "to" date)
RETURNS TABLE (session_date date, opens_at timestamptz, closes_at timestamptz, breaks tstzmultirange, kind text,
               description text)
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'calendar_sessions_wrapper';
COMMENT ON FUNCTION calendar.sessions(text, date, date) IS
'The sessions of these trade dates, both included, in order: a row for each, and none for days without a session. '
'closes_at is the first moment at which it is not open any more; breaks: when it is not open in between; kind: '
'regular, special, muhurat. At most as many rows as the calendar has dates. No rows for NULL. 22008 outside of the '
'dates that the calendar covers, 22023 from after to; other SQLSTATEs as is_open()';

CREATE FUNCTION calendar.is_session(cal text, date date) RETURNS boolean
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'calendar_is_session_wrapper';
COMMENT ON FUNCTION calendar.is_session(text, date) IS
'Whether there is a session of this trade date. NULL for NULL. 22008 outside of the dates that the calendar covers; '
'other SQLSTATEs as is_open()';

CREATE FUNCTION calendar.session_open(cal text, session date) RETURNS timestamptz
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'calendar_session_open_wrapper';
COMMENT ON FUNCTION calendar.session_open(text, date) IS
'When the session of a trade date opens: that of a Monday may do so on Sunday evening. NULL: there is none on that '
'date, and for NULL. SQLSTATEs as is_session()';

CREATE FUNCTION calendar.session_close(cal text, session date) RETURNS timestamptz
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'calendar_session_close_wrapper';
COMMENT ON FUNCTION calendar.session_close(text, date) IS
'When the session of a trade date closes: the first moment at which it is not open any more. As session_open()';

CREATE FUNCTION calendar.date_to_session(cal text, date date, direction text DEFAULT 'next') RETURNS date
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'calendar_date_to_session_wrapper';
COMMENT ON FUNCTION calendar.date_to_session(text, date, text) IS
'The date itself when it has a session; otherwise the next date that has one, or the previous one. NULL for NULL. '
'22008 the date or the answer lies outside of the dates that the calendar covers, 22023 another direction; other '
'SQLSTATEs as is_open()';

CREATE FUNCTION calendar.session_count(cal text, "from" date, "to" date) RETURNS integer
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'calendar_session_count_wrapper';
COMMENT ON FUNCTION calendar.session_count(text, date, date) IS
'How many sessions these trade dates have, both included. NULL for NULL. SQLSTATEs as sessions()';

CREATE FUNCTION calendar.trading_minutes(cal text, "from" timestamptz, "to" timestamptz) RETURNS numeric
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'calendar_trading_minutes_wrapper';
COMMENT ON FUNCTION calendar.trading_minutes(text, timestamptz, timestamptz) IS
'For how many minutes a market is open from one moment to another, without breaks; fractions are told. NULL for NULL. '
'22008 outside of the dates that the calendar covers, 22023 from after to; other SQLSTATEs as is_open()';

CREATE FUNCTION calendar.coverage(cal text, OUT first_date date, OUT last_date date)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, calendar, pg_temp AS $$
BEGIN
    PERFORM calendar_private.require_calendar(cal);
    SELECT t.first_date, t.last_date INTO first_date, last_date
    FROM calendar.trading_hours_templates t WHERE t.name = cal;
END
$$;
COMMENT ON FUNCTION calendar.coverage(text) IS
'The first and the last date of which a calendar says whether there is a session; outside of them it answers nothing. '
'NULL: it covers none yet. 22004 NULL, 42704 unknown calendar';

GRANT EXECUTE ON FUNCTION calendar.sessions(text, date, date), calendar.coverage(text),
    calendar.is_session(text, date), calendar.session_open(text, date), calendar.session_close(text, date),
    calendar.date_to_session(text, date, text), calendar.session_count(text, date, date),
    calendar.trading_minutes(text, timestamptz, timestamptz)
TO bourse_viewer, bourse_worker, bourse_monitor;
