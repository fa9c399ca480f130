-- What a monitor is told of copies that are under way. No more than so many rows are read of any kind.

CREATE FUNCTION mirror_private.metrics_of_copies() RETURNS TABLE (name text, value numeric, labels jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
    WITH waiting AS MATERIALIZED (
        SELECT r.claimable_at FROM mirror.order_requests r WHERE r.status = 'waiting' LIMIT 10000
    )
    SELECT 'mirror_requests', count(*)::numeric, '{"status": "waiting"}'::jsonb FROM waiting
    UNION ALL
    SELECT 'mirror_requests', count(r.status), jsonb_build_object('status', s.status)
    FROM unnest('{sending,unknown}'::text[]) s (status)
    LEFT JOIN (SELECT b.status FROM mirror.order_requests b WHERE b.status IN ('sending', 'unknown') LIMIT 10000) r
        ON r.status = s.status
    GROUP BY s.status
    UNION ALL
    SELECT 'mirror_request_lag_seconds', extract(epoch FROM max(clock_timestamp() - w.claimable_at)), NULL
    FROM waiting w WHERE w.claimable_at <= clock_timestamp()
    UNION ALL
    SELECT 'mirror_failovers', count(*), jsonb_build_object('success', e.success)
    FROM (SELECT v.success FROM mirror.failover_events v
          WHERE v."timestamp" > clock_timestamp() - interval '1 day' ORDER BY v."timestamp" DESC LIMIT 10000) e
    GROUP BY e.success
$$;
COMMENT ON FUNCTION mirror_private.metrics_of_copies() IS
'What metrics() says of copies: how many requests to brokers wait, are with a sender, or are unknown, how long the '
'oldest that is due has been, and the changes of accounts within a day, with and without success. 10,000 of each are '
'read at most';

CREATE FUNCTION mirror_private.alerts_of_copies()
RETURNS TABLE (severity text, alert text, subject text, detail text, hint text)
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off SET timezone = 'UTC' AS $$
    SELECT 'critical', 'order_is_unknown', r.order_id::text,
           format('account %s: since %s nobody knows whether it was sent', r.account_id,
                  to_char(r.lease_ends, 'YYYY-MM-DD HH24:MI:SS "UTC"')),
           'Look for its tag at the broker: mirror.resolve_order().'
    FROM (SELECT b.* FROM mirror.order_requests b
          WHERE b.status IN ('sending', 'unknown') AND b.lease_ends < clock_timestamp() - interval '5 minutes'
            AND b.action = 'new' LIMIT 100) r
    UNION ALL
    SELECT 'warning', 'requests_wait', w.account_id::text,
           format('%s requests to its broker are due, the first for %s', w.n,
                  date_trunc('second', clock_timestamp() - w.since)),
           'Let a sender call mirror.claim_orders(), or more of them. Those of an account out of use wait until it is '
           'in use again.'
    FROM (SELECT r.account_id, count(*) AS n, min(r.claimable_at) AS since
          FROM (SELECT o.account_id, o.claimable_at FROM mirror.order_requests o
                WHERE o.status = 'waiting' LIMIT 10000) r
          WHERE r.claimable_at < clock_timestamp() - interval '1 minute'
          GROUP BY r.account_id ORDER BY since LIMIT 100) w
$$;
COMMENT ON FUNCTION mirror_private.alerts_of_copies() IS
'What alerts() says of copies: new orders of which nobody has known for five minutes whether they were sent, and '
'accounts with requests that have been due for a minute, up to 100 of each, of 10,000 requests that wait';
