-- Which accounts in use have failed, and what could be used instead.

CREATE FUNCTION mirror_private.reconnect_window(limits mirror_private.limits) RETURNS interval
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT sum(d.delay) + cardinality(limits.reconnect_delays) * limits.connect_timeout
    FROM unnest(limits.reconnect_delays) d (delay)
$$;
COMMENT ON FUNCTION mirror_private.reconnect_window(mirror_private.limits) IS
'How long all attempts to connect again may take';

-- Whether anybody misses a connection says the last one that there was.
CREATE FUNCTION mirror_private.fault_without_connection(
    last_status text, ended_at timestamptz, ended_by text, is_open boolean, failed_at timestamptz, failed_by text,
    reach interval, at timestamptz, OUT fault text, OUT detail text)
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, mirror, pg_temp SET timezone = 'UTC' AS $$
BEGIN
    IF is_open AND coalesce(last_status <> 'disconnected' OR failed_at > ended_at, true) THEN
        fault := 'breaker';
        detail := format('its breaker is open, the last failure: %s', coalesce(failed_by, 'a failover'));
    ELSIF last_status = 'failed' THEN
        fault := 'heartbeat';
        detail := ended_by;
    ELSIF last_status = 'error' AND at >= ended_at + reach THEN
        fault := 'lost';
        detail := format('lost at %s: %s', to_char(ended_at, 'YYYY-MM-DD HH24:MI:SS "UTC"'), ended_by);
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.fault_without_connection(text, timestamptz, text, boolean, timestamptz, text,
                                                            interval, timestamptz) IS
'What is wrong with an account in use that has no connection, by the last one that it had and by its breaker; NULL: it '
'has been disconnected as planned, or may still come back';

CREATE FUNCTION mirror_private.heard_since(at timestamptz) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, mirror, pg_temp SET timezone = 'UTC' AS $$
    SELECT format('no heartbeat since %s', to_char(at, 'YYYY-MM-DD HH24:MI:SS "UTC"'))
$$;
COMMENT ON FUNCTION mirror_private.heard_since(timestamptz) IS 'When somebody was heard of last, in words';

-- A narrow row for each account in use; what costs more is only asked of those that seem to have failed.
CREATE FUNCTION mirror_private.failing(at timestamptz)
RETURNS TABLE (user_id bigint, primary_account_id bigint, account_id bigint, account_name text, fault text,
               detail text, told_account_id bigint, may_switch boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp SET timezone = 'UTC'
SET enable_mergejoin = off SET jit = off AS $$
#variable_conflict use_column
DECLARE
    usual CONSTANT mirror_private.limits := mirror_private.limits_of(NULL);
    usual_silence CONSTANT interval := usual.heartbeat_interval + usual.heartbeat_timeout;
    markets CONSTANT mirror_private.open_market[] := mirror_private.open_markets(at);
BEGIN
    RETURN QUERY
    SELECT u.user_id, u.primary_account_id, u.id, u.account_name::text, f.fault, f.detail, u.told_account_id,
           coalesce(at >= u.switched_at + u.cooldown, true)
    FROM (SELECT f.user_id, f.told_account_id, f.switched_at, p.id AS primary_account_id, coalesce(a.id, p.id) AS id,
                 coalesce(a.account_name, p.account_name) AS account_name, coalesce(a.is_active, true) AS is_active,
                 c.connected_at, c.heard_at, greatest(c.message_at, c.connected_at, m.since) AS data_until,
                 c.message_at, m.since AS open_since,
                 b.state = 'open' AND at < b.opened_at + coalesce((l.said).open_for, usual.open_for) AS is_open,
                 b.last_failure_at, b.last_reason, e.status AS last_status, e.disconnected_at AS ended_at,
                 e.reason AS ended_by, coalesce((l.said).cooldown, usual.cooldown) AS cooldown,
                 coalesce((l.said).heartbeat_interval + (l.said).heartbeat_timeout, usual_silence) AS silence,
                 coalesce((l.said).silent_after, usual.silent_after) AS silent_after, coalesce(l.said, usual) AS limits
          FROM mirror.failover_states f
          JOIN mirror.trading_accounts p ON p.user_id = f.user_id AND p.is_primary AND p.is_active
          LEFT JOIN mirror.stand_ins s ON s.user_id = f.user_id AND s.primary_account_id = p.id
          LEFT JOIN mirror.trading_accounts a ON a.id = s.account_id
          LEFT JOIN mirror_private.live_connections() c ON c.account_id = coalesce(s.account_id, p.id)
          LEFT JOIN mirror.breakers b ON b.account_id = coalesce(s.account_id, p.id) AND b.state = 'open'
          LEFT JOIN (SELECT o.* FROM mirror_private.all_limits() o WHERE o.account_id IS NOT NULL) l
              ON l.account_id = coalesce(s.account_id, p.id)
          LEFT JOIN unnest(markets) m ON m.calendar = coalesce(a.calendar, p.calendar)
          LEFT JOIN LATERAL (SELECT w.* FROM mirror.websocket_connections w
                             WHERE c.account_id IS NULL AND w.user_id = f.user_id
                               AND w.account_id = coalesce(s.account_id, p.id)
                             ORDER BY w.id DESC LIMIT 1) e ON true
          OFFSET 0) u
    CROSS JOIN LATERAL (
        SELECT 'inactive' AS fault, 'it is not active' AS detail WHERE NOT u.is_active
        UNION ALL
        SELECT w.* FROM mirror_private.fault_without_connection(
            u.last_status, u.ended_at, u.ended_by, u.is_open, u.last_failure_at, u.last_reason,
            mirror_private.reconnect_window(u.limits), at) w
        WHERE u.heard_at IS NULL AND w.fault IS NOT NULL
        UNION ALL
        SELECT 'heartbeat', mirror_private.heard_since(u.heard_at) WHERE u.heard_at < at - u.silence
        UNION ALL
        SELECT 'breaker', format('its breaker is open, the last failure: %s', coalesce(u.last_reason, 'a failover'))
        WHERE u.is_open AND u.heard_at IS NOT NULL
        UNION ALL
        SELECT 'silence', format('no data for %s', u.heard_at - u.data_until)
        WHERE u.heard_at > u.data_until + u.silent_after AND mirror_private.is_behind(
                u.heard_at, u.message_at, u.connected_at, u.open_since,
                mirror_private.data_awaited_since(u.user_id, u.id), u.silent_after)
        LIMIT 1) f
    WHERE u.last_status IN ('failed', 'error') OR u.heard_at < at - u.silence OR u.is_open OR NOT u.is_active
       OR u.open_since IS NOT NULL AND u.heard_at > u.data_until + u.silent_after;
END
$$;
COMMENT ON FUNCTION mirror_private.failing(timestamptz) IS
'The accounts in use that have failed at a time, and why; whether an event has told of it, and whether the cooldown is '
'over';

CREATE FUNCTION mirror_private.due_failovers(at timestamptz)
RETURNS TABLE (user_id bigint, primary_account_id bigint, account_id bigint, account_name text, fault text,
               detail text, to_account_id bigint, to_name text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp SET jit = off AS $$
#variable_conflict use_column
DECLARE
    found record;
    others bigint[];
BEGIN
    SELECT array_agg(f.user_id) AS users, array_agg(f.account_id) AS accounts, jsonb_agg(to_jsonb(f)) AS said INTO found
    FROM mirror_private.failing(at) f;
    IF found.users IS NULL THEN
        RETURN;
    END IF;
    others := ARRAY(SELECT a.id FROM mirror.trading_accounts a
                    WHERE a.user_id = ANY (found.users) AND a.is_active AND a.id <> ALL (found.accounts));
    RETURN QUERY
    SELECT f.user_id, f.primary_account_id, f.account_id, f.account_name, f.fault, f.detail, b.account_id,
           b.account_name::text
    FROM jsonb_to_recordset(found.said) f (user_id bigint, primary_account_id bigint, account_id bigint,
        account_name text, fault text, detail text, told_account_id bigint, may_switch boolean)
    LEFT JOIN (SELECT DISTINCT ON (h.user_id) h.user_id, h.account_id, a.account_name
               FROM mirror_private.health_of(others, at) h JOIN mirror.trading_accounts a ON a.id = h.account_id
               WHERE h.is_well ORDER BY h.user_id, h.health_score DESC, h.account_id) b ON b.user_id = f.user_id
    WHERE CASE WHEN b.account_id IS NOT NULL THEN f.may_switch
               ELSE f.told_account_id IS DISTINCT FROM f.account_id END;
END
$$;
COMMENT ON FUNCTION mirror_private.due_failovers(timestamptz) IS
'What a sweep has to do: accounts in use that have failed, with the best account to be used instead, once the cooldown '
'is over, or without one, if no event has told of it yet. The best: well, with the highest health score, the lowest id';
