CREATE FUNCTION messaging_private.own_help() RETURNS TABLE (name text, help text)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, messaging, pg_temp AS $$
    VALUES
    ('messaging_messages_estimate', 'Messages as of the last VACUUM or ANALYZE'),
    ('messaging_failed_deliveries', 'Deliveries that have failed for good, by channel'),
    ('messaging_channel_lag_seconds', 'How long the oldest due message of a channel has waited'),
    ('messaging_systems', 'Systems, by status')
$$;
COMMENT ON FUNCTION messaging_private.own_help() IS 'What each figure of metrics() means, for openmetrics()';
