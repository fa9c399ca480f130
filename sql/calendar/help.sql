CREATE FUNCTION calendar_private.own_help() RETURNS TABLE (name text, help text)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, calendar, pg_temp AS $$
    VALUES
    ('calendar_days_left', 'For how many more days a calendar has an answer')
$$;
COMMENT ON FUNCTION calendar_private.own_help() IS 'What each figure of metrics() means, for openmetrics()';
