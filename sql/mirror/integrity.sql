-- What must be so of accounts and deployments, and what mirror answers for as a whole.

CREATE FUNCTION mirror_private.verify_accounts()
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT 'user_has_one_primary_account', 'user ' || a.user_id, '1 at most', count(*)::text
    FROM mirror.trading_accounts a WHERE a.is_primary AND a.is_active GROUP BY a.user_id HAVING count(*) > 1
    UNION ALL
    SELECT 'account_is_at_a_broker', 'account ' || a.id, 'one of mirror.brokers', bourse_private.quoted(a.broker)
    FROM mirror.trading_accounts a WHERE NOT EXISTS (SELECT FROM mirror.brokers b WHERE b.name = a.broker)
    UNION ALL
    SELECT 'deployment_is_of_one_user', 'deployment ' || d.id, 'user ' || d.user_id,
           format('strategy of %s, account of %s', coalesce(s.user_id::text, 'nobody'),
                  coalesce(a.user_id::text, 'nobody'))
    FROM mirror.strategy_deployments d
    LEFT JOIN mirror.strategies s ON s.id = d.strategy_id LEFT JOIN mirror.trading_accounts a ON a.id = d.account_id
    WHERE (s.user_id, a.user_id) IS DISTINCT FROM (d.user_id, d.user_id)
    UNION ALL
    SELECT 'strategy_is_at_work_once_on_an_account', format('strategy %s, account %s', d.strategy_id, d.account_id),
           '1 at most', count(*)::text
    FROM mirror.strategy_deployments d WHERE d.status <> 'inactive' GROUP BY d.strategy_id, d.account_id
    HAVING count(*) > 1
    UNION ALL
    SELECT 'deployment_is_what_its_events_say', 'deployment ' || d.id, coalesce(e.new_status, 'no event'), d.status
    FROM mirror.strategy_deployments d
    LEFT JOIN LATERAL (SELECT e.new_status FROM mirror.deployment_events e
                       WHERE e.user_id = d.user_id AND e.deployment_id = d.id ORDER BY e.id DESC LIMIT 1) e ON true
    WHERE d.status IS DISTINCT FROM e.new_status
    UNION ALL
    SELECT 'deployment_has_no_more_positions_than_it_may', 'deployment ' || d.id, d.max_positions || ' at most',
           count(*)::text
    FROM mirror.strategy_deployments d
    JOIN mirror.deployment_positions p ON p.user_id = d.user_id AND p.deployment_id = d.id
    GROUP BY d.id, d.max_positions HAVING count(*) > d.max_positions
$$;
COMMENT ON FUNCTION mirror_private.verify_accounts() IS
'What verify() says of accounts, strategies and deployments. Reads all of them';

CREATE FUNCTION mirror.verify() RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    RETURN QUERY SELECT * FROM mirror_private.verify_accounts();
    RETURN QUERY SELECT * FROM mirror_private.verify_books();
    RETURN QUERY SELECT * FROM mirror_private.verify_copies();
    RETURN QUERY SELECT * FROM mirror_private.verify_connections();
END
$$;
COMMENT ON FUNCTION mirror.verify() IS
'What is not as it must be in the mirror: 0 rows. A user has one primary account at most; a deployment is of one user, '
'what its events say, and has no more positions than it may; a strategy is at work once on an account; orders, '
'positions and holdings are what was reported of them; copies are those of their leader''s orders; an account has the '
'connection that its events say. Reads every row of the mirror. 55000 before install()';
GRANT EXECUTE ON FUNCTION mirror.verify() TO bourse_admin, bourse_monitor;

CREATE FUNCTION mirror_private.own_verify()
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT v.check_name, v.subject, v.expected, v.actual FROM mirror.verify() v
$$;
COMMENT ON FUNCTION mirror_private.own_verify() IS 'What bourse.verify() says of mirror: mirror.verify()';

CREATE FUNCTION mirror_private.own_integrity() RETURNS TABLE (issue text, count bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT 'account_without_user', count(*) FROM mirror.trading_accounts a
    WHERE NOT EXISTS (SELECT FROM identity.users u WHERE u.id = a.user_id)
    UNION ALL
    SELECT 'strategy_without_user', count(*) FROM mirror.strategies s
    WHERE NOT EXISTS (SELECT FROM identity.users u WHERE u.id = s.user_id)
    UNION ALL
    SELECT 'primary_account_not_in_use', count(*) FROM mirror.trading_accounts a WHERE a.is_primary AND NOT a.is_active
    UNION ALL
    SELECT 'account_with_an_unknown_calendar', count(*) FROM mirror.trading_accounts a
    WHERE a.is_active
      AND NOT EXISTS (SELECT FROM calendar.trading_hours_templates t WHERE t.name = a.calendar AND t.is_active)
    UNION ALL
    SELECT 'strategy_at_work_and_not_active', count(*) FROM mirror.strategy_deployments d
    JOIN mirror.strategies s ON s.id = d.strategy_id WHERE d.status <> 'inactive' AND NOT s.is_active
    UNION ALL
    SELECT 'position_that_its_leader_has_left', count(*) FROM mirror.follower_positions p
    WHERE p.held <> 0 AND mirror_private.is_orphaned(p.follower_id, p.exchange, p.symbol, p.product, p.held)
$$;
COMMENT ON FUNCTION mirror_private.own_integrity() IS
'What integrity() counts of mirror: rows without their user, primary accounts that are not in use, accounts whose '
'calendar is not loaded, strategies that are at work and not active, what followers hold and their leaders have left. '
'Reads every account, deployment and position of a follower';

CREATE FUNCTION mirror_private.own_metrics() RETURNS TABLE (name text, value numeric, labels jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT 'mirror_accounts', count(*)::numeric, jsonb_build_object('connection_status', a.connection_status)
    FROM mirror.trading_accounts a WHERE a.is_active GROUP BY a.connection_status
    UNION ALL
    SELECT 'mirror_deployments', count(*), jsonb_build_object('status', d.status)
    FROM mirror.strategy_deployments d WHERE d.status || '' IN ('active', 'paused') GROUP BY d.status
    UNION ALL
    SELECT c.name, c.value, c.labels FROM mirror_private.metrics_of_connections() c
    UNION ALL
    SELECT c.name, c.value, c.labels FROM mirror_private.metrics_of_copies() c
$$;
COMMENT ON FUNCTION mirror_private.own_metrics() IS
'What metrics() says of mirror: how many active accounts there are of each connection status, how many deployments are '
'active or paused, metrics_of_connections(), metrics_of_copies(). Reads a row for each account';

CREATE FUNCTION mirror_private.own_alerts()
RETURNS TABLE (severity text, alert text, subject text, detail text, hint text)
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT 'warning', 'deployment_in_breach', d.id::text,
           format('since %s account %s has more positions than its deployments may have', d.breached_at, d.account_id),
           'mirror.deployment_events() says how many. Close some, or have it run with more.'
    FROM (SELECT d.* FROM mirror.strategy_deployments d
          WHERE d.status || '' IN ('active', 'paused') AND d.breached_at IS NOT NULL ORDER BY d.id LIMIT 100) d
    UNION ALL
    SELECT c.severity, c.alert, c.subject, c.detail, c.hint FROM mirror_private.alerts_of_connections() c
    UNION ALL
    SELECT c.severity, c.alert, c.subject, c.detail, c.hint FROM mirror_private.alerts_of_copies() c
$$;
COMMENT ON FUNCTION mirror_private.own_alerts() IS
'What alerts() says of mirror: deployments on accounts with more positions than they may have, up to 100, '
'alerts_of_connections() and alerts_of_copies(). Costs a look at what is at work';

CREATE FUNCTION mirror_private.own_health() RETURNS TABLE (ok boolean, detail text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    PERFORM FROM mirror.trading_accounts a ORDER BY a.id LIMIT 1;
    RETURN QUERY SELECT true, NULL::text;
END
$$;
COMMENT ON FUNCTION mirror_private.own_health() IS 'Whether accounts can be read';
