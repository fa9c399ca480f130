-- Heartbeats. Whoever writes one holds the row of its connection, and waits for nobody. Failover never waits for that
-- row: it goes by what has been committed.

-- One row for a connection, however often it is in the list.
CREATE FUNCTION mirror_private.beat(connection_ids text[], messages bigint[], latencies_ms integer[], at timestamptz)
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp SET enable_mergejoin = off
SET jit = off AS $$
#variable_conflict use_variable
DECLARE
    usual CONSTANT mirror_private.limits := mirror_private.limits_of(NULL);
    for_all CONSTANT boolean := identity.acts_for_all();
    own CONSTANT bigint := identity.current_user_id();
    beaten bigint;
    woken bigint[];
    noted bigint[];
    outcomes boolean[];
BEGIN
    WITH held AS MATERIALIZED (
        SELECT c.ctid AS place, c.status::text = 'failed' AS wakes, s.messages::integer AS messages, s.latency_ms
        FROM unnest(connection_ids, messages, latencies_ms) s (connection_id, messages, latency_ms)
        JOIN mirror.websocket_connections c ON c.connection_id = s.connection_id
        WHERE c.status IN ('connected', 'failed') AND (for_all OR c.user_id = own)
        FOR NO KEY UPDATE OF c SKIP LOCKED
    ), told AS (
        SELECT h.place, bool_or(h.wakes) AS wakes, sum(h.messages) AS messages, max(h.latency_ms) AS latency_ms
        FROM held h GROUP BY h.place
    ), written AS (
        UPDATE mirror.websocket_connections c
        SET last_heartbeat = greatest(at, c.last_heartbeat), status = 'connected', disconnected_at = NULL,
            reason = NULL, messages_received = c.messages_received + coalesce(t.messages, 0),
            last_message_at = CASE WHEN t.messages > 0 THEN greatest(at, c.last_message_at) ELSE c.last_message_at END,
            latency_ms = coalesce((c.latency_ms * 7 + t.latency_ms * 3 + 5) / 10, t.latency_ms, c.latency_ms)
        FROM told t WHERE c.ctid = t.place
        RETURNING c.account_id, t.wakes, t.latency_ms
    ), judged AS (
        SELECT w.account_id, w.wakes, coalesce(w.latency_ms > coalesce((l.said).max_latency_ms, usual.max_latency_ms),
                                               false) AS is_slow, t.account_id IS NOT NULL AS is_troubled
        FROM written w
        LEFT JOIN (SELECT a.* FROM mirror_private.all_limits() a WHERE a.account_id IS NOT NULL) l
            ON l.account_id = w.account_id
        LEFT JOIN (SELECT b.account_id FROM mirror.breakers b WHERE b.state <> 'closed' OR b.failures > 0) t
            ON t.account_id = w.account_id
    )
    SELECT count(*), array_agg(j.account_id) FILTER (WHERE j.wakes),
           array_agg(j.account_id) FILTER (WHERE j.is_slow OR j.is_troubled),
           array_agg(NOT j.is_slow) FILTER (WHERE j.is_slow OR j.is_troubled)
    INTO beaten, woken, noted, outcomes FROM judged j;
    IF noted IS NOT NULL THEN
        PERFORM mirror_private.note_outcomes(noted, outcomes, at);
    END IF;
    IF woken IS NOT NULL THEN
        PERFORM mirror_private.show_status(woken, 'connected');
    END IF;
    RETURN beaten;
END
$$;
COMMENT ON FUNCTION mirror_private.beat(text[], bigint[], integer[], timestamptz) IS
'What heartbeats() does at a time; latencies are smoothed, and halves rounded up';

CREATE FUNCTION mirror_private.require_beat(messages bigint, latency_ms integer) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    IF messages NOT BETWEEN 0 AND 1000000000 THEN
        PERFORM bourse.refuse('22023', format('messages is %s', messages),
            'Give how many have come since the last heartbeat, 0 to 1000000000.');
    ELSIF latency_ms NOT BETWEEN 0 AND 100000000 THEN
        PERFORM bourse.refuse('22023', format('latency_ms is %s', latency_ms),
            'Give 0 to 100000000 milliseconds, or NULL.');
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.require_beat(bigint, integer) IS
'Refuses what no heartbeat can say (22023); NULL passes';

CREATE FUNCTION mirror.heartbeats(connection_ids text[], messages bigint[] DEFAULT NULL,
                                  latencies_ms integer[] DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT integer := 100000;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('connection_ids', connection_ids);
    IF cardinality(connection_ids) > most THEN
        PERFORM bourse.refuse('54000', format('%s heartbeats in one call', cardinality(connection_ids)),
            format('Send up to %s in a call.', most));
    ELSIF cardinality(messages) <> cardinality(connection_ids)
          OR cardinality(latencies_ms) <> cardinality(connection_ids) THEN
        PERFORM bourse.refuse('22023',
            format('%s connections, %s messages, %s latencies', cardinality(connection_ids),
                   coalesce(cardinality(messages)::text, 'no'), coalesce(cardinality(latencies_ms)::text, 'no')),
            'Give lists of the same length, or NULL.');
    END IF;
    PERFORM mirror_private.require_beat(
        (SELECT m.n FROM unnest(messages) m (n) WHERE m.n NOT BETWEEN 0 AND 1000000000 LIMIT 1),
        (SELECT l.n FROM unnest(latencies_ms) l (n) WHERE l.n NOT BETWEEN 0 AND 100000000 LIMIT 1));
    RETURN mirror_private.beat(connection_ids, messages, latencies_ms, clock_timestamp());
END
$$;
COMMENT ON FUNCTION mirror.heartbeats(text[], bigint[], integer[]) IS
'The heartbeats of many connections in one call, each as heartbeat() has it, and how many were written: those that are '
'not there, have ended, or are of users whom the session does not act for are none, nor are those that another session '
'is writing just now. messages and latencies_ms: as many as connections, or NULL. For workers. 22004 NULL, 22023 other '
'lengths, a value out of bounds, 54000 more than 100,000';

CREATE FUNCTION mirror.heartbeat(connection_id text, messages bigint DEFAULT 0, latency_ms integer DEFAULT NULL)
RETURNS TABLE (status text, breaker text, health_score integer)
LANGUAGE plpgsql SUPPORT bourse_private.refuse_repeats SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    at CONSTANT timestamptz := clock_timestamp();
    account_id bigint;
BEGIN
    PERFORM bourse.require_installed();
    SELECT c.account_id INTO account_id FROM mirror.websocket_connections c
    WHERE c.connection_id = connection_id AND identity.acts_for(c.user_id);
    IF NOT FOUND THEN
        PERFORM mirror_private.refuse_unknown_connection(connection_id);
    END IF;
    PERFORM mirror_private.require_beat(messages, latency_ms);
    PERFORM mirror_private.beat(ARRAY[connection_id], ARRAY[messages], ARRAY[latency_ms], at);
    SELECT c.status::text, h.breaker, h.health_score INTO status, breaker, health_score
    FROM mirror.websocket_connections c CROSS JOIN mirror_private.health_of(ARRAY[account_id], at) h
    WHERE c.connection_id = connection_id;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION mirror.heartbeat(text, bigint, integer) IS
'Says that a connection is alive, how many messages with market data have come by it since the last heartbeat, and how '
'many milliseconds its broker takes to answer; NULL: not measured. One that takes longer than max_latency_ms is a '
'failure to the breaker, another one a success. Returns the status of the connection, and the breaker and the health '
'score of its account. One that was taken to have failed is connected again; one that was ended stays ended. For '
'workers. 22004 NULL connection, 22023 a value out of bounds, 42704 no such connection, or of another user';
GRANT EXECUTE ON FUNCTION mirror.heartbeats(text[], bigint[], integer[]), mirror.heartbeat(text, bigint, integer)
    TO bourse_admin, bourse_gateway, bourse_worker;
