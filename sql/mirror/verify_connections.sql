-- What must be so of connections and failover.

CREATE FUNCTION mirror_private.verify_connections()
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp SET timezone = 'UTC' AS $$
    SELECT 'connected_account_is_watched', 'account ' || c.account_id, 'a breaker and a row in failover_states',
           'not both'
    FROM mirror.websocket_connections c
    WHERE NOT EXISTS (SELECT FROM mirror.breakers b WHERE b.account_id = c.account_id AND b.user_id = c.user_id)
       OR NOT EXISTS (SELECT FROM mirror.failover_states s WHERE s.user_id = c.user_id)
    GROUP BY c.account_id
    UNION ALL
    SELECT 'account_has_10_connections_at_most', 'account ' || c.account_id, '10 at most', count(*)::text
    FROM mirror.websocket_connections c WHERE c.status = 'connected' GROUP BY c.account_id HAVING count(*) > 10
    UNION ALL
    SELECT 'heartbeat_comes_after_its_connection', 'connection ' || c.id, c.connected_at || ' or later',
           coalesce(c.last_heartbeat::text, 'no heartbeat, and messages at ' || c.last_message_at)
    FROM mirror.websocket_connections c
    WHERE c.last_heartbeat < c.connected_at OR c.last_message_at > coalesce(c.last_heartbeat, '-infinity')
    UNION ALL
    -- Of one that was used again, or whose event retention has deleted, nothing is said.
    SELECT 'account_in_use_is_what_the_last_change_has_named', 'user ' || s.user_id,
           format('account %s since %s', e.to_account_id, e."timestamp"),
           format('account %s since %s', s.account_id, s.since)
    FROM mirror.stand_ins s
    CROSS JOIN LATERAL (SELECT v.* FROM mirror.failover_events v WHERE v.user_id = s.user_id AND v.success
                        ORDER BY v.id DESC LIMIT 1) e
    WHERE (e.to_account_id, e."timestamp") IS DISTINCT FROM (s.account_id, s.since)
    UNION ALL
    SELECT 'account_that_is_down_is_of_its_user', 'user ' || s.user_id, 'an account of the user',
           'account ' || s.told_account_id
    FROM mirror.failover_states s JOIN mirror.trading_accounts a ON a.id = s.told_account_id
    WHERE a.user_id <> s.user_id
$$;
COMMENT ON FUNCTION mirror_private.verify_connections() IS
'What verify() says of connections and failover. Reads all of them';

CREATE FUNCTION mirror_private.alerts_of_connections()
RETURNS TABLE (severity text, alert text, subject text, detail text, hint text)
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp SET timezone = 'UTC' AS $$
    SELECT 'warning', 'account_without_backup', d.told_account_id::text,
           format('down since %s, and no other account of the user is well', d.told_at),
           'mirror.account_health() says how they are; the worker connects one of them.'
    FROM (SELECT s.* FROM mirror.failover_states s WHERE s.told_account_id IS NOT NULL
          ORDER BY s.user_id LIMIT 100) d
    UNION ALL
    SELECT 'warning', 'account_is_silent', f.account_id::text,
           format('it is connected, its market is in session, and it has sent %s', f.detail),
           'Look at the subscriptions of its worker, and at the broker: mirror.account_health().'
    FROM (SELECT o.account_id, o.detail FROM mirror_private.failing(clock_timestamp()) o
          WHERE o.fault = 'silence' ORDER BY o.account_id LIMIT 100) f
$$;
COMMENT ON FUNCTION mirror_private.alerts_of_connections() IS
'What alerts() says of connections: accounts in use that are down and have no backup, and those that are connected and '
'send no data in session, up to 100 of each. Reads a row for each user with connections';

CREATE FUNCTION mirror_private.metrics_of_connections() RETURNS TABLE (name text, value numeric, labels jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT 'mirror_connections', count(*)::numeric, NULL::jsonb FROM mirror.websocket_connections c
    WHERE c.status = 'connected'
    UNION ALL
    SELECT 'mirror_stand_ins', count(*), NULL FROM mirror.stand_ins
    UNION ALL
    SELECT 'mirror_accounts_without_backup', count(*), NULL FROM mirror.failover_states s
    WHERE s.told_account_id IS NOT NULL
    UNION ALL
    SELECT 'mirror_breakers_open', count(*), NULL FROM mirror.breakers b WHERE b.state <> 'closed'
$$;
COMMENT ON FUNCTION mirror_private.metrics_of_connections() IS
'What metrics() says of connections: how many there are, accounts that stand in, accounts in use that are down and '
'have no backup, breakers that are not closed. Reads a row for each connection';
