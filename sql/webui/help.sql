CREATE FUNCTION webui_private.own_help() RETURNS TABLE (name text, help text)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, webui, pg_temp AS $$
    VALUES
    ('webui_log_bytes', 'Size of the logs of the web application'),
    ('webui_snapshots_estimate', 'Snapshots as of the last VACUUM or ANALYZE'),
    ('webui_snapshot_age_seconds', 'Age of the last snapshot')
$$;
COMMENT ON FUNCTION webui_private.own_help() IS 'What each figure of metrics() means, for openmetrics()';
