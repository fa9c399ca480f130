CREATE FUNCTION calendar_private.sessions(cal text, "from" date, "to" date)
RETURNS TABLE (session_date date, opens_at timestamptz, closes_at timestamptz, break_starts timestamptz[],
               break_ends timestamptz[], kind text, description text)
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'calendar_sessions_wrapper';
COMMENT ON FUNCTION calendar_private.sessions(text, date, date) IS 'As calendar.sessions(), with breaks as two lists';

CREATE FUNCTION calendar.sessions(cal text, "from" date, "to" date)
RETURNS TABLE (session_date date, opens_at timestamptz, closes_at timestamptz, breaks tstzmultirange, kind text,
               description text)
LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, calendar, pg_temp AS $$
    SELECT s.session_date, s.opens_at, s.closes_at,
           coalesce((SELECT range_agg(tstzrange(b.starts, b.ends))
                     FROM unnest(s.break_starts, s.break_ends) b (starts, ends)), '{}'),
           s.kind, s.description
    FROM calendar_private.sessions(cal, "from", "to") s
$$;
COMMENT ON FUNCTION calendar.sessions(text, date, date) IS
'The sessions of these trade dates, both included, in order: a row for each, and none for days without a session. '
'closes_at is the first moment at which it is not open any more; breaks: when it is not open in between; kind: '
'regular, special, muhurat. At most as many rows as the calendar has dates. No rows for NULL. 22008 outside of the '
'dates that the calendar covers, 22023 from after to; other SQLSTATEs as is_open()';

CREATE FUNCTION calendar_private.open_microseconds(cal text, "from" timestamptz, "to" timestamptz) RETURNS bigint
LANGUAGE c STABLE STRICT PARALLEL SAFE AS 'MODULE_PATHNAME', 'calendar_open_time_wrapper';
COMMENT ON FUNCTION calendar_private.open_microseconds(text, timestamptz, timestamptz) IS
'As calendar.trading_minutes(), in microseconds';

CREATE FUNCTION calendar.trading_minutes(cal text, "from" timestamptz, "to" timestamptz) RETURNS numeric
LANGUAGE sql STABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, calendar, pg_temp AS $$
    SELECT trim_scale(calendar_private.open_microseconds(cal, "from", "to") / 60000000.0)
$$;
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
    calendar.trading_minutes(text, timestamptz, timestamptz)
TO bourse_viewer, bourse_worker;
