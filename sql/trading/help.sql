CREATE FUNCTION trading_private.own_help() RETURNS TABLE (name text, help text)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, trading, pg_temp AS $$
    VALUES
    ('trading_bots', 'Bots, by status'),
    ('trading_silent_bots', 'Bots that have gone silent')
$$;
COMMENT ON FUNCTION trading_private.own_help() IS 'What each figure of metrics() means, for openmetrics()';
