CREATE FUNCTION marketplace_private.own_help() RETURNS TABLE (name text, help text)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    VALUES
    ('marketplace_run_lag_seconds', 'How long a subscription has been due that no worker has claimed'),
    ('marketplace_renewal_lag_seconds', 'How long a renewal has been due'),
    ('marketplace_expiry_lag_seconds', 'How long a subscription has ended that does not say so'),
    ('marketplace_bots_estimate', 'Bots as of the last VACUUM or ANALYZE'),
    ('marketplace_subscriptions_estimate', 'Subscriptions as of the last VACUUM or ANALYZE'),
    ('marketplace_bots_to_approve', 'Bots that wait for approval, up to 1000'),
    ('marketplace_subscriptions_in_error', 'Subscriptions in ERROR, up to 10000'),
    ('marketplace_unswept_commission', 'What the house has earned and not booked, by asset')
$$;
COMMENT ON FUNCTION marketplace_private.own_help() IS 'What each figure of metrics() means, for openmetrics()';
