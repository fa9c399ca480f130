-- What marketplace declares of itself, as sql/bourse/modules.sql says.

CREATE FUNCTION marketplace_private.own_tables() RETURNS bourse.declared_table[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    RETURN ARRAY[
        bourse_private.declare_table('bot_categories', is_audited => true),
        bourse_private.declare_table('trials', on_erasure => 'delete'),
        bourse_private.declare_table('subscriptions', is_audited => true, on_erasure => 'delete'),
        bourse_private.declare_table('subscriber_changes', on_erasure => 'keep'),
        bourse_private.declare_table('subscription_events', on_erasure => 'delete'),
        bourse_private.declare_table('runs', on_erasure => 'delete'),
        bourse_private.declare_table('risk_states', on_erasure => 'delete'),
        bourse_private.declare_table('bots', is_audited => true, on_erasure => 'redact'),
        bourse_private.declare_table('bot_listings', on_erasure => 'keep'),
        bourse_private.declare_table('bot_words', on_erasure => 'keep'),
        bourse_private.declare_table('bot_versions', on_erasure => 'redact'),
        bourse_private.declare_table('bot_approval_events', on_erasure => 'redact'),
        bourse_private.declare_table('bot_reviews', is_audited => true, on_erasure => 'delete'),
        bourse_private.declare_table('bot_marketplace_registrations', is_audited => true, on_erasure => 'delete'),
        bourse_private.declare_table('pricing_plans', is_audited => true, on_erasure => 'keep'),
        bourse_private.declare_table('promotions', is_audited => true, on_erasure => 'keep'),
        bourse_private.declare_table('promotion_uses', on_erasure => 'keep'),
        bourse_private.declare_table('invoices', on_erasure => 'keep'),
        bourse_private.declare_table('refunds', is_audited => true, on_erasure => 'keep'),
        bourse_private.declare_table('house_accounts', on_erasure => 'keep'),
        bourse_private.declare_table('commission_sweeps', on_erasure => 'keep'),
        bourse_private.declare_table('billings', on_erasure => 'delete'),
        bourse_private.declare_table('billing_settings', is_audited => true),
        bourse_private.declare_table('trades', on_erasure => 'delete', time_column => 'entry_time',
                                     partition_by => 'month'),
        bourse_private.declare_table('trade_keys', on_erasure => 'delete'),
        bourse_private.declare_table('performance_logs', on_erasure => 'delete', time_column => 'timestamp',
                                     partition_by => 'month', keep => '90 days'),
        bourse_private.declare_table('bot_performance', on_erasure => 'keep'),
        bourse_private.declare_table('bot_sums', on_erasure => 'keep'),
        bourse_private.declare_table('bot_sum_changes'),
        bourse_private.declare_table('*', on_erasure => 'delete')];
END
$$;
COMMENT ON FUNCTION marketplace_private.own_tables() IS
'The tables of marketplace. Bots stay when their developer leaves, under the pseudonym: others have subscribed to '
'them. Steps of their life are events, and no part of the trail';

CREATE FUNCTION marketplace_private.lags(OUT run interval, OUT renewal interval, OUT expiry interval)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
DECLARE
    moment CONSTANT timestamptz := clock_timestamp();
BEGIN
    run := (SELECT moment - r.claimable_at FROM marketplace.runs r
            WHERE r.claimable_at <= moment ORDER BY r.claimable_at LIMIT 1);
    renewal := (SELECT moment - b.next_attempt_at FROM marketplace.billings b
                WHERE b.next_attempt_at AT TIME ZONE 'UTC' <= moment AT TIME ZONE 'UTC'
                ORDER BY b.next_attempt_at AT TIME ZONE 'UTC' LIMIT 1);
    expiry := (SELECT moment - s.ends_at FROM marketplace.subscriptions s
               WHERE s.status IN ('ACTIVE', 'PAUSED', 'ERROR')
                 AND s.ends_at AT TIME ZONE 'UTC' <= moment AT TIME ZONE 'UTC'
               ORDER BY s.ends_at AT TIME ZONE 'UTC' LIMIT 1);
END
$$;
COMMENT ON FUNCTION marketplace_private.lags() IS
'How long what is due longest has been due: a run that nobody has claimed, a renewal, a subscription that has ended '
'and does not say so; NULL: nothing is. Three probes of indexes';

CREATE FUNCTION marketplace_private.own_metrics() RETURNS TABLE (name text, value numeric, labels jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
    SELECT m.name, m.value, NULL::jsonb FROM marketplace_private.lags() l CROSS JOIN LATERAL (VALUES
        ('marketplace_run_lag_seconds', coalesce(extract(epoch FROM l.run), 0)),
        ('marketplace_renewal_lag_seconds', coalesce(extract(epoch FROM l.renewal), 0)),
        ('marketplace_expiry_lag_seconds', coalesce(extract(epoch FROM l.expiry), 0))) m (name, value)
    UNION ALL
    SELECT 'marketplace_' || c.relname || '_estimate', greatest(c.reltuples, 0)::numeric, NULL
    FROM pg_class c WHERE c.oid IN ('marketplace.subscriptions'::regclass, 'marketplace.bots'::regclass)
    UNION ALL
    SELECT 'marketplace_bots_to_approve', count(*), NULL
    FROM (SELECT FROM marketplace.bots b WHERE b.status || '' = 'PENDING' LIMIT 1000) p
    UNION ALL
    SELECT 'marketplace_subscriptions_in_error', count(*), NULL
    FROM (SELECT FROM marketplace.subscriptions s WHERE s.status || '' = 'ERROR' LIMIT 10000) f
    UNION ALL
    SELECT 'marketplace_unswept_commission', sum(u.amount), jsonb_build_object('asset', u.asset)
    FROM marketplace_private.unswept(ARRAY(SELECT h.user_id FROM marketplace.house_accounts h)) u GROUP BY u.asset
$$;
COMMENT ON FUNCTION marketplace_private.own_metrics() IS
'What metrics() says of marketplace: what lags() says, 0 where nothing is due, about how many subscriptions and bots '
'there are, how many bots wait to be approved (1,000 of them are counted) and how many subscriptions are in ERROR '
'(10,000), and what the house has earned and not swept, by asset. Costs those, and probes of indexes';

CREATE FUNCTION marketplace_private.own_alerts()
RETURNS TABLE (severity text, alert text, subject text, detail text, hint text)
LANGUAGE sql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT 'warning', a.alert, NULL::text, format(a.detail, a.lag), a.hint
    FROM marketplace_private.lags() l CROSS JOIN LATERAL (VALUES
        ('subscriptions_do_not_run', l.run, interval '10 minutes', 'a run has been due for %s, and nobody claims it',
         'Let a worker call marketplace.claim_runs(), or more of them.'),
        ('renewals_wait', l.renewal, interval '10 minutes', 'a renewal has been due for %s',
         'Set bourse.ticker = on with pg_bourse preloaded, or have marketplace.renew_subscriptions() called.'),
        ('ended_subscriptions_wait', l.expiry, interval '1 minute',
         'a subscription has ended %s ago, and does not say so',
         'Set bourse.ticker = on with pg_bourse preloaded, or have marketplace.expire_subscriptions() called.'))
        a (alert, lag, patience, detail, hint)
    WHERE a.lag > a.patience
$$;
COMMENT ON FUNCTION marketplace_private.own_alerts() IS
'What alerts() says of marketplace: a run or a renewal that has been due for ten minutes, a subscription that has '
'ended for a minute and does not say so. Costs three probes of indexes';
