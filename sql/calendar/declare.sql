-- What calendars declare of themselves, as sql/bourse/modules.sql says.

CREATE FUNCTION calendar_private.own_tables() RETURNS bourse.declared_table[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, calendar, pg_temp AS $$
BEGIN
    RETURN ARRAY[
        bourse_private.declare_table('trading_hours_templates', is_audited => true),
        bourse_private.declare_table('trading_sessions', is_audited => true),
        bourse_private.declare_table('market_holidays', is_audited => true)];
END
$$;
COMMENT ON FUNCTION calendar_private.own_tables() IS 'The tables of calendars: no person stands in them';

CREATE FUNCTION calendar_private.own_verify() RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, calendar, pg_temp AS $$
    SELECT 'rows_are_a_calendar', t.name, 'a calendar', f.fault
    FROM calendar.trading_hours_templates t CROSS JOIN LATERAL calendar_private.fault_of(t.name) f (fault)
    WHERE f.fault IS NOT NULL
$$;
COMMENT ON FUNCTION calendar_private.own_verify() IS
'What verify() says of calendars: rows that are none, as in a restore on a server that does not know the zone. '
'Compiles every calendar';

CREATE FUNCTION calendar_private.own_metrics() RETURNS TABLE (name text, value numeric, labels jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, calendar, pg_temp AS $$
    SELECT 'calendar_days_left', (t.last_date - (now() AT TIME ZONE 'UTC')::date)::numeric,
           jsonb_build_object('calendar', t.name)
    FROM calendar.trading_hours_templates t WHERE t.is_active
$$;
COMMENT ON FUNCTION calendar_private.own_metrics() IS
'What metrics() says of calendars: for how many more days each has an answer. Reads a row for each calendar';

CREATE FUNCTION calendar_private.own_alerts()
RETURNS TABLE (severity text, alert text, subject text, detail text, hint text)
LANGUAGE sql STABLE SET search_path = pg_catalog, calendar, pg_temp AS $$
    SELECT CASE WHEN t.last_date < l.today + 7 THEN 'critical' ELSE 'warning' END, 'calendar_runs_out', t.name,
           format('its last date is %s', to_char(t.last_date, 'YYYY-MM-DD')),
           'Load a definition that goes further: calendar.load_calendar().'
    FROM calendar.trading_hours_templates t CROSS JOIN (SELECT (now() AT TIME ZONE 'UTC')::date) l (today)
    WHERE t.is_active AND t.last_date < l.today + 60
$$;
COMMENT ON FUNCTION calendar_private.own_alerts() IS
'What alerts() says of calendars: those that end within 60 days. Reads a row for each calendar';

CREATE FUNCTION calendar_private.own_health() RETURNS TABLE (ok boolean, detail text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, calendar, pg_temp AS $$
BEGIN
    PERFORM FROM calendar.trading_hours_templates t ORDER BY t.id LIMIT 1;
    RETURN QUERY SELECT true, NULL::text;
END
$$;
COMMENT ON FUNCTION calendar_private.own_health() IS 'Whether calendars can be read';
