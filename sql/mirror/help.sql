CREATE FUNCTION mirror_private.own_help() RETURNS TABLE (name text, help text)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    VALUES
    ('mirror_accounts', 'Active accounts, by connection status'),
    ('mirror_deployments', 'Deployments that are active or paused'),
    ('mirror_connections', 'Connections'),
    ('mirror_stand_ins', 'Accounts that stand in for another'),
    ('mirror_accounts_without_backup', 'Accounts in use that are down and have no other'),
    ('mirror_breakers_open', 'Breakers that are not closed'),
    ('mirror_failovers', 'Changes of accounts within a day, with and without success'),
    ('mirror_requests', 'Requests to brokers, by status, up to 10000'),
    ('mirror_request_lag_seconds', 'How long the oldest due request has waited')
$$;
COMMENT ON FUNCTION mirror_private.own_help() IS 'What each figure of metrics() means, for openmetrics()';
