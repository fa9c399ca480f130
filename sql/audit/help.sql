CREATE FUNCTION audit_private.own_help() RETURNS TABLE (name text, help text)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, audit, pg_temp AS $$
    VALUES
    ('audit_seal_age_seconds', 'Since the trail was sealed last'),
    ('audit_last_row_age_seconds', 'Since the last row of the trail'),
    ('audit_log_bytes', 'Size of the logs of the trail')
$$;
COMMENT ON FUNCTION audit_private.own_help() IS 'What each figure of metrics() means, for openmetrics()';
