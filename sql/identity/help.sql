CREATE FUNCTION identity_private.own_help() RETURNS TABLE (name text, help text)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, identity, pg_temp AS $$
    VALUES
    ('identity_users_estimate', 'Users as of the last VACUUM or ANALYZE')
$$;
COMMENT ON FUNCTION identity_private.own_help() IS 'What each figure of metrics() means, for openmetrics()';
