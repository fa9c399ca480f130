-- The sweep: finds what has failed, and what is well again. Rows that somebody else holds are left to the next one.

CREATE FUNCTION mirror_private.end_silent_connections(at timestamptz, most integer) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp SET jit = off AS $$
#variable_conflict use_variable
DECLARE
    usual CONSTANT mirror_private.limits := mirror_private.limits_of(NULL);
    -- Nobody is given less.
    shortest CONSTANT interval := (SELECT min((l.said).heartbeat_interval + (l.said).heartbeat_timeout)
                                   FROM mirror_private.all_limits() l);
    ended bigint[];
BEGIN
    WITH dead AS MATERIALIZED (
        SELECT c.ctid AS place, coalesce(c.last_heartbeat, c.connected_at) AS heard_at
        FROM mirror.websocket_connections c
        LEFT JOIN (SELECT o.* FROM mirror_private.all_limits() o WHERE o.account_id IS NOT NULL) l
            ON l.account_id = c.account_id
        WHERE c.status = 'connected' AND coalesce(c.last_heartbeat, c.connected_at) < at - shortest
          AND coalesce(c.last_heartbeat, c.connected_at)
              < at - coalesce((l.said).heartbeat_interval + (l.said).heartbeat_timeout,
                              usual.heartbeat_interval + usual.heartbeat_timeout)
        LIMIT most FOR NO KEY UPDATE OF c SKIP LOCKED
    ), written AS (
        UPDATE mirror.websocket_connections c
        SET status = 'failed', disconnected_at = at, reason = mirror_private.heard_since(d.heard_at)
        FROM dead d WHERE c.ctid = d.place RETURNING c.account_id
    )
    SELECT array_agg(DISTINCT w.account_id) INTO ended FROM written w;
    IF ended IS NOT NULL THEN
        PERFORM mirror_private.show_status(ARRAY(
            SELECT e.id FROM unnest(ended) e (id)
            WHERE NOT EXISTS (SELECT FROM mirror.websocket_connections c
                              WHERE c.account_id + 0 = e.id AND c.status = 'connected')), 'failed');
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.end_silent_connections(timestamptz, integer) IS
'Connections without a heartbeat for too long have failed, up to so many; the next heartbeat has them connected again';

CREATE FUNCTION mirror_private.forget_told(at timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
DECLARE
    told bigint[] := ARRAY(SELECT s.told_account_id FROM mirror.failover_states s WHERE s.told_account_id IS NOT NULL);
BEGIN
    IF told = '{}' THEN
        RETURN;
    END IF;
    UPDATE mirror.failover_states s SET told_account_id = NULL, told_at = NULL
    WHERE s.user_id IN (
        SELECT o.user_id FROM mirror.failover_states o
        LEFT JOIN mirror.active_accounts a ON a.user_id = o.user_id AND a.account_id = o.told_account_id
        LEFT JOIN mirror_private.health_of(told, at) h ON h.account_id = a.account_id
        WHERE o.told_account_id IS NOT NULL AND coalesce(h.is_well, true) FOR NO KEY UPDATE OF o SKIP LOCKED);
END
$$;
COMMENT ON FUNCTION mirror_private.forget_told(timestamptz) IS
'Accounts that had failed without a backup and are well again, or not in use any more: the next failure is told anew';

CREATE FUNCTION mirror_private.due_returns(at timestamptz)
RETURNS TABLE (user_id bigint, primary_account_id bigint, account_id bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp SET jit = off AS $$
#variable_conflict use_column
DECLARE
    primaries bigint[] := ARRAY(SELECT s.primary_account_id FROM mirror.stand_ins s);
BEGIN
    IF primaries = '{}' THEN
        RETURN;
    END IF;
    UPDATE mirror.stand_ins s SET primary_well_since = CASE WHEN n.is_well THEN at END
    FROM (SELECT o.user_id, h.is_well FROM mirror.stand_ins o
          JOIN mirror_private.health_of(primaries, at) h ON h.account_id = o.primary_account_id
          JOIN mirror.failover_states f ON f.user_id = o.user_id
          WHERE h.is_well <> (o.primary_well_since IS NOT NULL)
          FOR NO KEY UPDATE OF f SKIP LOCKED FOR NO KEY UPDATE OF o SKIP LOCKED) n
    WHERE s.user_id = n.user_id;
    RETURN QUERY
    SELECT s.user_id, s.primary_account_id, s.account_id FROM mirror.stand_ins s
    JOIN mirror.active_accounts a ON a.user_id = s.user_id AND a.stands_in
    JOIN mirror.failover_states f ON f.user_id = s.user_id
    CROSS JOIN LATERAL mirror_private.limits_of(s.primary_account_id) l
    WHERE l.fail_back_after > interval '0' AND at >= s.primary_well_since + l.fail_back_after
      AND coalesce(at >= f.switched_at + l.cooldown, true);
END
$$;
COMMENT ON FUNCTION mirror_private.due_returns(timestamptz) IS
'Writes down since when primary accounts are well for which others stand in, and returns those that are to be used '
'again by themselves';

-- Found, locked, and asked anew under the locks: another session may have done it meanwhile.
CREATE FUNCTION mirror_private.fail_over_due(at timestamptz, most integer)
RETURNS TABLE (event_id bigint, from_account_id bigint, to_account_id bigint, reason text, success boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_column
DECLARE
    found record;
    held bigint[];
BEGIN
    SELECT array_agg(d.user_id) AS users,
           array_agg(d.primary_account_id) || array_agg(d.account_id) || array_agg(d.to_account_id) AS accounts
    INTO found FROM (SELECT f.* FROM mirror_private.due_failovers(at) f
                     ORDER BY f.to_account_id IS NULL, f.user_id LIMIT most) d;
    IF found.users IS NULL THEN
        RETURN;
    END IF;
    held := mirror_private.hold_for_failover(found.users, found.accounts);
    FOR found IN SELECT d.*, found.accounts FROM mirror_private.due_failovers(at) d
                 WHERE d.user_id = ANY (held) ORDER BY d.user_id LOOP
        -- What has come up meanwhile is not held.
        CONTINUE WHEN NOT ARRAY[found.primary_account_id, found.account_id] <@ found.accounts
                   OR found.to_account_id <> ALL (found.accounts);
        from_account_id := found.account_id;
        to_account_id := found.to_account_id;
        reason := found.fault;
        success := to_account_id IS NOT NULL;
        event_id := mirror_private.fail_over(found.user_id, found.primary_account_id, from_account_id, to_account_id,
                                             reason, found.detail, at);
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION mirror_private.fail_over_due(timestamptz, integer) IS
'Does what due_failovers() says, for up to so many users';

CREATE FUNCTION mirror_private.go_back_due(at timestamptz, most integer)
RETURNS TABLE (event_id bigint, from_account_id bigint, to_account_id bigint, reason text, success boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_column
DECLARE
    found record;
    held bigint[];
BEGIN
    SELECT array_agg(r.user_id) AS users, array_agg(r.primary_account_id) || array_agg(r.account_id) AS accounts
    INTO found FROM (SELECT d.* FROM mirror_private.due_returns(at) d ORDER BY d.user_id LIMIT most) r;
    IF found.users IS NULL THEN
        RETURN;
    END IF;
    held := mirror_private.hold_for_failover(found.users, found.accounts);
    RETURN QUERY
    SELECT g.* FROM mirror.active_accounts a CROSS JOIN LATERAL mirror_private.go_back(a.user_id, at) g
    WHERE a.user_id = ANY (held) AND a.stands_in AND ARRAY[a.primary_account_id, a.account_id] <@ found.accounts;
END
$$;
COMMENT ON FUNCTION mirror_private.go_back_due(timestamptz, integer) IS
'Does what due_returns() says, for up to so many users';

CREATE FUNCTION mirror_private.sweep(at timestamptz, most integer)
RETURNS TABLE (event_id bigint, from_account_id bigint, to_account_id bigint, reason text, success boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_column
DECLARE
    latest bigint;
BEGIN
    PERFORM mirror_private.end_silent_connections(at, 10000), mirror_private.forget_told(at);
    FOR event_id, from_account_id, to_account_id, reason, success IN
        SELECT f.* FROM mirror_private.fail_over_due(at, most) f
        UNION ALL
        SELECT g.* FROM mirror_private.go_back_due(at, most) g LOOP
        latest := event_id;
        RETURN NEXT;
    END LOOP;
    IF latest IS NOT NULL THEN
        PERFORM bourse_private.notify('mirror_failover', latest::text);
    END IF;
    PERFORM mirror_private.report_connections(at);
END
$$;
COMMENT ON FUNCTION mirror_private.sweep(timestamptz, integer) IS
'What sweep() does for a caller who may, for up to so many users';

CREATE FUNCTION mirror.sweep(at timestamptz DEFAULT now())
RETURNS TABLE (event_id bigint, from_account_id bigint, to_account_id bigint, reason text, success boolean)
LANGUAGE plpgsql SUPPORT bourse_private.refuse_repeats SECURITY DEFINER
SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    PERFORM identity_private.require_operator();
    PERFORM bourse_private.require_given('at', at);
    PERFORM bourse_private.require_read_committed('mirror.sweep()');
    IF (at > clock_timestamp() + interval '1 second' OR at < now() - interval '1 second')
       AND NOT identity_private.login_is('bourse_admin') THEN
        PERFORM bourse.refuse('42501', format('%s is not now', at),
            'Leave at out: accounts would be changed for what has not happened. Only an admin names another time.');
    END IF;
    RETURN QUERY SELECT s.* FROM mirror_private.sweep(at, 1000) s;
END
$$;
COMMENT ON FUNCTION mirror.sweep(timestamptz) IS
'Looks at the account in use of every user. One that has failed is left for the best other account of the user that '
'is well; without any, an event says so, once for each outage. A primary account that has been well for '
'fail_back_after is used again. Returns the events, up to 1,000 changes and as many returns in a call. Two sessions '
'may sweep at once: there is one event for each. What somebody else holds is left to the next sweep. NOTIFY '
'mirror_failover, with the id of the last event, is a hint: mirror.failover_events has what is true. The ticker of '
'the platform does it every second, and reports on the system mirror_connection to messaging.system_health. For '
'operators. 22004 NULL, 25001 isolation, 42501 a session that acts for one user, or another time than now, but for an'
' admin';
GRANT EXECUTE ON FUNCTION mirror.sweep(timestamptz) TO bourse_admin, bourse_gateway, bourse_worker;

CREATE FUNCTION mirror_private.show_states(most integer) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp SET jit = off AS $$
BEGIN
    PERFORM mirror_private.show_status(ARRAY(
        SELECT c.account_id FROM mirror_private.live_connections() c
        JOIN mirror.trading_accounts a ON a.id = c.account_id
        WHERE a.connection_status <> 'connected' LIMIT most), 'connected');
    PERFORM mirror_private.show_status(ARRAY[a.id], coalesce((
        SELECT c.status FROM mirror.websocket_connections c
        WHERE c.user_id = a.user_id AND c.account_id = a.id ORDER BY c.id DESC LIMIT 1), 'disconnected'))
    FROM (SELECT o.* FROM mirror.trading_accounts o JOIN mirror.breakers b ON b.account_id = o.id
          WHERE o.connection_status = 'connected'
            AND NOT EXISTS (SELECT FROM mirror.websocket_connections c
                            WHERE c.account_id + 0 = o.id AND c.status = 'connected')
          ORDER BY o.id LIMIT most) a;
END
$$;
COMMENT ON FUNCTION mirror_private.show_states(integer) IS
'Has connection_status of accounts agree with their connections, where somebody held the row when these changed';

-- The row may be there and not be seen yet: nobody waits for whoever makes it.
CREATE FUNCTION mirror_private.report_connections(at timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp SET lock_timeout = '20ms' AS $$
#variable_conflict use_variable
DECLARE
    down bigint[] := ARRAY(SELECT s.told_account_id FROM mirror.failover_states s WHERE s.told_account_id IS NOT NULL
                           ORDER BY s.told_account_id LIMIT 100);
    known record;
BEGIN
    SELECT h.* INTO known FROM messaging.system_health h
    WHERE h.system = 'mirror_connection' AND coalesce(h.component, '') = '';
    IF known.checked_at > at - interval '10 seconds' AND (known.failure_count = 0) = (down = '{}') THEN
        RETURN;
    ELSIF known.id IS NOT NULL THEN
        -- Whoever reports on it just now says about the same.
        PERFORM FROM messaging.system_health h WHERE h.id = known.id FOR NO KEY UPDATE SKIP LOCKED;
        IF NOT FOUND THEN
            RETURN;
        END IF;
    END IF;
    PERFORM mirror_private.show_states(1000);
    PERFORM messaging_private.record_health(
        'mirror_connection', NULL, down = '{}', NULL,
        format('accounts without a backup: %s', array_to_string(down[:10], ', ')
               || CASE WHEN down[11] IS NOT NULL THEN ' …' ELSE '' END),
        jsonb_build_object('down', down));
EXCEPTION WHEN lock_not_available THEN
    -- The next sweep does it.
    RETURN;
END
$$;
COMMENT ON FUNCTION mirror_private.report_connections(timestamptz) IS
'Reports on the system mirror_connection, every 10 seconds or when it changes: it fails while accounts in use are down '
'that have no backup, and tells which, up to 100';

CREATE FUNCTION mirror_private.tick_connections() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp SET lock_timeout = '100ms' AS $$
BEGIN
    IF EXISTS (SELECT FROM mirror.failover_states s) THEN
        PERFORM mirror_private.sweep(clock_timestamp(), 200);
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.tick_connections() IS
'What the ticker of the platform does for connections, once there is one: sweep(), for up to 200 users';
