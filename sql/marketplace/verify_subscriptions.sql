-- What must be so of subscriptions, and of what hangs on them.

CREATE FUNCTION marketplace_private.verify_queue()
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    -- What has ended leaves the queue when it is due; of what has lost its workers the status follows within moments.
    SELECT 'active_subscription_is_in_the_queue', format('subscription %s', s.id),
           CASE WHEN s.status = 'ACTIVE' THEN coalesce(r.next_run_at::text, 'a time') ELSE 'not in the queue' END,
           coalesce(r.claimable_at::text, CASE WHEN r.user_id IS NULL THEN 'no row' ELSE 'not in the queue' END)
    FROM marketplace.subscriptions s
    LEFT JOIN marketplace.runs r ON r.user_id = s.user_id AND r.subscription_id = s.id
    WHERE r.user_id IS NULL
       OR s.status <> 'ACTIVE' AND num_nonnulls(r.claimable_at, r.lease, r.next_run_at) > 0
       OR s.status = 'ACTIVE' AND r.next_run_at IS NULL
       OR s.status = 'ACTIVE' AND r.claimable_at IS NULL AND (s.ends_at > now() OR s.ends_at IS NULL)
       OR s.status = 'ACTIVE' AND r.lease IS NULL AND isfinite(r.claimable_at) AND r.claimable_at <> r.next_run_at
$$;
COMMENT ON FUNCTION marketplace_private.verify_queue() IS
'What verify() says of the queue: what is ACTIVE and entitled is in it, at next_run_at unless it runs, and nothing '
'else is';

CREATE FUNCTION marketplace_private.verify_subscriptions()
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT q.check_name, q.subject, q.expected, q.actual FROM marketplace_private.verify_queue() q
    UNION ALL
    SELECT 'subscribers_are_counted', format('bot %s', d.bot_id), (b.total_subscribers + d.subscribers)::text,
           b.total_subscribers::text
    FROM marketplace_private.catalogue_drift() d JOIN marketplace.bots b ON b.id = d.bot_id WHERE d.subscribers <> 0
    UNION ALL
    SELECT 'trial_is_written_down', format('subscription %s', s.id), s.trial_expires_at::text,
           coalesce(t.expires_at::text, 'none')
    FROM marketplace.subscriptions s
    LEFT JOIN marketplace.trials t ON t.user_id = s.user_id AND t.bot_id = s.bot_id AND t.subscription_id = s.id
    WHERE s.is_trial AND t.expires_at IS DISTINCT FROM s.trial_expires_at
    UNION ALL
    SELECT 'status_is_that_of_the_last_event', format('subscription %s', s.id), coalesce(e.new_status, 'none'), s.status
    FROM marketplace.subscriptions s
    LEFT JOIN LATERAL (SELECT v.new_status FROM marketplace.subscription_events v
                       WHERE v.user_id = s.user_id AND v.subscription_id = s.id ORDER BY v.id DESC LIMIT 1) e ON true
    WHERE e.new_status IS DISTINCT FROM s.status
    UNION ALL
    SELECT 'version_is_approved', format('subscription %s', s.id), 'APPROVED', coalesce(v.status, 'none')
    FROM marketplace.subscriptions s
    LEFT JOIN marketplace.bot_versions v ON v.bot_id = s.bot_id AND v.version = s.bot_version
    WHERE v.status IS DISTINCT FROM 'APPROVED'
    UNION ALL
    SELECT 'own_bot_is_known', format('subscription %s', s.id), (s.user_id = b.developer_id)::text, s.is_own::text
    FROM marketplace.subscriptions s JOIN marketplace.bots b ON b.id = s.bot_id
    WHERE s.is_own <> (s.user_id = b.developer_id)
    UNION ALL
    SELECT 'exposure_is_that_of_open_trades', format('subscription %s', coalesce(t.subscription_id, r.subscription_id)),
           format('%s open, %s', coalesce(t.trades, 0), trim_scale(coalesce(t.cost, 0))),
           format('%s open, %s', coalesce(r.open_trades, 0), trim_scale(coalesce(r.exposure, 0)))
    FROM (SELECT o.user_id, o.subscription_id, count(*) AS trades, sum(o.quantity * o.entry_price) AS cost
          FROM marketplace.trades o WHERE o.exit_time IS NULL GROUP BY o.user_id, o.subscription_id) t
    FULL JOIN marketplace.risk_states r ON r.user_id = t.user_id AND r.subscription_id = t.subscription_id
    WHERE (coalesce(t.trades, 0), coalesce(t.cost, 0)) <> (coalesce(r.open_trades, 0), coalesce(r.exposure, 0))
$$;
COMMENT ON FUNCTION marketplace_private.verify_subscriptions() IS
'What verify() says of subscriptions: verify_queue(); total_subscribers counts them; trials are written down; their '
'status is that of the last event; their version is approved; an own bot is known as such; their exposure is that of '
'their open trades. Reads every subscription and every open trade';
