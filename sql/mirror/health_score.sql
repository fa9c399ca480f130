-- How well accounts are connected, in one number, and which of them may be used.

CREATE FUNCTION mirror_private.score(heard_ago interval, latency_ms integer, is_stale boolean, breaker text,
                                     failures integer, limits mirror_private.limits) RETURNS integer
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, mirror, pg_temp AS $$
DECLARE
    late CONSTANT numeric := extract(epoch FROM heard_ago - limits.heartbeat_interval)
                             / extract(epoch FROM limits.heartbeat_timeout);
    points numeric;
BEGIN
    IF heard_ago IS NULL OR late > 1 OR breaker = 'open' THEN
        RETURN 0;
    END IF;
    points := 100 - 40 * greatest(late, 0) - 30 * least(coalesce(latency_ms, 0)::numeric / limits.max_latency_ms, 1)
              - CASE WHEN is_stale THEN 20 ELSE 0 END
              - 30 * least(coalesce(failures, 0)::numeric / limits.failures_to_open, 1);
    RETURN greatest(CASE breaker WHEN 'half_open' THEN least(points, 50) ELSE points END, 1);
END
$$;
COMMENT ON FUNCTION mirror_private.score(interval, integer, boolean, text, integer, mirror_private.limits) IS
'The health score: 0 without a connection, without a heartbeat for heartbeat_interval + heartbeat_timeout, or with an '
'open breaker. Otherwise 100, less up to 40 for a late heartbeat, up to 30 for latency (as a part of max_latency_ms), '
'20 for stale data, up to 30 for failures in a row (as a part of failures_to_open); half open: 50 at most; at least 1';

-- What is known of an account's connections: of several the best counts.
CREATE FUNCTION mirror_private.live_connections(account_ids bigint[] DEFAULT NULL)
RETURNS TABLE (account_id bigint, connected_at timestamptz, heard_at timestamptz, message_at timestamptz,
               latency_ms integer)
LANGUAGE sql STABLE ROWS 10000 SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT c.account_id, min(c.connected_at), max(coalesce(c.last_heartbeat, c.connected_at)), max(c.last_message_at),
           min(c.latency_ms)
    FROM (SELECT o.* FROM mirror.websocket_connections o WHERE o.status = 'connected' AND account_ids IS NULL
          UNION ALL
          SELECT o.* FROM mirror.websocket_connections o
          WHERE o.status = 'connected' AND o.account_id + 0 = ANY (account_ids)) c
    GROUP BY c.account_id
$$;
COMMENT ON FUNCTION mirror_private.live_connections(bigint[]) IS
'The accounts, or those of these, that are connected: since when, when they were heard of last, and of data';

-- The rows of an account for which another one stands in count for that one.
CREATE FUNCTION mirror_private.data_awaited_since(user_id bigint, account_id bigint) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT greatest(min(s.created_at), (SELECT a.since FROM mirror.active_accounts a
                                        WHERE a.user_id = data_awaited_since.user_id
                                          AND a.account_id = data_awaited_since.account_id))
    FROM mirror.market_subscriptions s
    WHERE s.user_id = data_awaited_since.user_id
      AND s.account_id IN (SELECT o.account_id FROM mirror_private.served_accounts(
                               data_awaited_since.user_id, data_awaited_since.account_id) o)
$$;
COMMENT ON FUNCTION mirror_private.data_awaited_since(bigint, bigint) IS
'Since when an account has been subscribed to anything, or has stood in; NULL: no data is awaited of it';

CREATE FUNCTION mirror_private.is_behind(heard_at timestamptz, message_at timestamptz, connected_at timestamptz,
                                         open_since timestamptz, awaited_since timestamptz, at_most interval)
RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    RETURN coalesce(heard_at > greatest(message_at, connected_at, open_since, awaited_since) + at_most, false)
           AND open_since IS NOT NULL AND awaited_since IS NOT NULL;
END
$$;
COMMENT ON FUNCTION mirror_private.is_behind(timestamptz, timestamptz, timestamptz, timestamptz, timestamptz,
                                             interval) IS
'Whether data was missing for longer than that when an account was heard of last: in session, and subscribed to';

CREATE FUNCTION mirror_private.health_of(account_ids bigint[], at timestamptz)
RETURNS TABLE (account_id bigint, user_id bigint, is_active boolean, is_connected boolean, breaker text,
               failures integer, health_score integer, heard_at timestamptz, message_at timestamptz,
               latency_ms integer, is_well boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp SET jit = off AS $$
#variable_conflict use_column
DECLARE
    usual CONSTANT mirror_private.limits := mirror_private.limits_of(NULL);
    markets CONSTANT mirror_private.open_market[] := mirror_private.open_markets(at, ARRAY(
        SELECT DISTINCT a.calendar FROM mirror.trading_accounts a WHERE a.id = ANY (account_ids)));
BEGIN
    RETURN QUERY
    SELECT h.account_id, h.user_id, h.is_active, h.heard_at IS NOT NULL, h.breaker, h.failures, s.points, h.heard_at,
           h.message_at, h.latency_ms, h.is_active AND h.breaker = 'closed' AND s.points > 0
    FROM (SELECT a.id AS account_id, a.user_id, a.is_active, c.heard_at, c.message_at, c.latency_ms,
                 coalesce(b.failures, 0) AS failures, l.said AS limits,
                 mirror_private.breaker_at(b.state, b.opened_at, (l.said).open_for, at) AS breaker,
                 -- What is awaited is only asked where it matters.
                 CASE WHEN mirror_private.is_behind(c.heard_at, c.message_at, c.connected_at, m.since, '-infinity',
                                                    (l.said).stale_after)
                      THEN mirror_private.is_behind(c.heard_at, c.message_at, c.connected_at, m.since,
                          mirror_private.data_awaited_since(a.user_id, a.id), (l.said).stale_after)
                      ELSE false END AS is_stale
          FROM mirror.trading_accounts a
          LEFT JOIN mirror_private.live_connections(account_ids) c ON c.account_id = a.id
          LEFT JOIN mirror.breakers b ON b.account_id = a.id
          LEFT JOIN mirror_private.all_limits() o ON o.account_id = a.id
          LEFT JOIN unnest(markets) m ON m.calendar = a.calendar
          CROSS JOIN LATERAL (SELECT coalesce(o.said, usual) AS said) l
          WHERE a.id = ANY (account_ids)) h
    CROSS JOIN LATERAL mirror_private.score(at - h.heard_at, h.latency_ms, h.is_stale, h.breaker, h.failures,
                                            h.limits) s (points);
END
$$;
COMMENT ON FUNCTION mirror_private.health_of(bigint[], timestamptz) IS
'How well accounts are at a time. is_well: one may be used: it is active, connected, heard of in time, and its breaker '
'is closed';

CREATE FUNCTION mirror.account_health(user_id bigint, at timestamptz DEFAULT NULL)
RETURNS TABLE (account_id bigint, account_name text, is_primary boolean, in_use boolean, connection_status text,
               breaker text, failures integer, health_score integer, last_heartbeat timestamptz,
               last_message_at timestamptz, latency_ms integer)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_user(account_health.user_id);
    IF NOT isfinite(account_health.at) THEN
        PERFORM bourse.refuse('22023', format('at is %s', account_health.at), 'Give a time, or NULL for now.');
    END IF;
    RETURN QUERY
    SELECT a.id, a.account_name::text, a.is_primary, u.account_id IS NOT NULL, a.connection_status::text, h.breaker,
           h.failures, h.health_score, h.heard_at, h.message_at, h.latency_ms
    FROM mirror.trading_accounts a
    JOIN mirror_private.health_of(
        ARRAY(SELECT o.id FROM mirror.trading_accounts o WHERE o.user_id = account_health.user_id),
        coalesce(account_health.at, clock_timestamp())) h ON h.account_id = a.id
    LEFT JOIN mirror.active_accounts u ON u.user_id = a.user_id AND u.account_id = a.id
    WHERE a.user_id = account_health.user_id
    ORDER BY a.id;
END
$$;
COMMENT ON FUNCTION mirror.account_health(bigint, timestamptz) IS
'How well each account of a user is connected, by default now: whether it is in use, its breaker, failures in a row, '
'its health score from 0 (not to be used) to 100, when it was heard of last, and of market data, and its latency. The '
'best account with a closed breaker is the one that failover chooses. 22004 NULL, 22023 a time without end, 42501 not '
'a user you act for, 42704 unknown user';
GRANT EXECUTE ON FUNCTION mirror.account_health(bigint, timestamptz) TO bourse_viewer, bourse_worker;
