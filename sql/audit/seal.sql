-- Few: the servers on which this database has lived. One probe of an index for each.
CREATE FUNCTION audit.clusters() RETURNS SETOF bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
    WITH RECURSIVE known (cluster) AS (
        SELECT least((SELECT min(l.cluster) FROM audit.audit_logs l), (SELECT min(l.cluster) FROM audit.activity_logs l))
        UNION ALL
        SELECT least((SELECT min(l.cluster) FROM audit.audit_logs l WHERE l.cluster > k.cluster),
                     (SELECT min(l.cluster) FROM audit.activity_logs l WHERE l.cluster > k.cluster))
        FROM known k WHERE k.cluster IS NOT NULL
    )
    SELECT k.cluster FROM known k WHERE k.cluster IS NOT NULL
$$;
COMMENT ON FUNCTION audit.clusters() IS 'The clusters whose transactions stand in the trail, by their system identifiers';

-- EXECUTE plans with the values at hand: for the newest transactions an index scan, for all of them none.
CREATE FUNCTION audit.chains(cluster bigint, since bigint) RETURNS TABLE (
    log text, transaction_id bigint, length integer, first_id bigint, first_time timestamptz, head bytea)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
DECLARE
    source text;
BEGIN
    FOREACH source IN ARRAY ARRAY['activity_logs', 'audit_logs'] LOOP
        RETURN QUERY EXECUTE format(
            'SELECT %L, l.transaction_id, count(*)::integer, min(l.id), min(l."timestamp"), '
            '(array_agg(l.hash ORDER BY l.position DESC))[1] '
            'FROM audit.%I l WHERE l.cluster = $1 AND l.transaction_id >= $2 GROUP BY l.transaction_id', source, source)
        USING cluster, since;
    END LOOP;
END
$$;
COMMENT ON FUNCTION audit.chains(bigint, bigint) IS
'The chains of one cluster as the logs hold them now, from a transaction on: how long, where they begin, the hash of their last row';

CREATE FUNCTION audit.require_read_committed(activity text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
BEGIN
    IF current_setting('transaction_isolation') NOT IN ('read committed', 'read uncommitted') THEN
        RAISE EXCEPTION USING ERRCODE = 'active_sql_transaction',
            MESSAGE = format('%s under %s', activity, upper(current_setting('transaction_isolation'))),
            HINT = 'What is true must be read after the lock is held: BEGIN TRANSACTION ISOLATION LEVEL READ COMMITTED.';
    END IF;
END
$$;
COMMENT ON FUNCTION audit.require_read_committed(text) IS 'Refuses a function that locks and then reads under another isolation level (25001)';

CREATE FUNCTION audit.seal() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp AS $$
DECLARE
    own_cluster bigint := (SELECT system_identifier FROM pg_control_system());
    own_transaction bigint := pg_current_xact_id()::text::bigint;
    moment timestamptz;
    last record;
    seal record;
    sealed bigint := 0;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM audit.require_read_committed('seal()');
    -- One sealer at a time; writers of the logs do not touch this table.
    LOCK TABLE audit.seals IN SHARE ROW EXCLUSIVE MODE;
    -- Before the snapshot: a transaction that begins after it has later times.
    moment := clock_timestamp();
    SELECT s.id, s.hash INTO last FROM audit.seals s ORDER BY s.id DESC LIMIT 1;
    FOR seal IN
        -- Of another cluster all transactions have ended.
        SELECT k.cluster, c.*, CASE WHEN k.cluster = own_cluster THEN pg_snapshot_xmin(pg_current_snapshot())::text::bigint
                                    ELSE max(c.transaction_id) OVER (PARTITION BY k.cluster) + 1 END AS horizon,
               CASE WHEN k.cluster = own_cluster THEN pg_snapshot_xmax(pg_current_snapshot())::text::bigint
                    ELSE max(c.transaction_id) OVER (PARTITION BY k.cluster) + 1 END AS next_id
        FROM audit.clusters() k (cluster)
        -- What ended below the last horizon has been sealed.
        CROSS JOIN LATERAL (SELECT coalesce(max(s.horizon), 0) AS since FROM audit.seals s WHERE s.cluster = k.cluster) h
        CROSS JOIN LATERAL audit.chains(k.cluster, h.since) c
        WHERE NOT (k.cluster = own_cluster AND c.transaction_id = own_transaction)
          AND NOT EXISTS (SELECT FROM audit.seals s
                          WHERE s.cluster = k.cluster AND s.transaction_id = c.transaction_id AND s.log = c.log)
        ORDER BY k.cluster, c.transaction_id, c.log
    LOOP
        INSERT INTO audit.seals AS s
        VALUES (coalesce(last.id, 0) + 1, seal.log, seal.cluster, seal.transaction_id, seal.length, seal.first_id, seal.head,
                seal.horizon, seal.next_id, moment,
                audit.seal_hash(last.hash, coalesce(last.id, 0) + 1, seal.log, seal.cluster, seal.transaction_id, seal.length,
                                seal.first_id, seal.head, seal.horizon, seal.next_id, moment))
        RETURNING s.id, s.hash INTO last;
        sealed := sealed + 1;
    END LOOP;
    RETURN sealed;
END
$$;
COMMENT ON FUNCTION audit.seal() IS
'Links the chains of all transactions that have ended since the last call into the global chain: from then on a whole transaction, or its last rows, cannot go unnoticed. Returns how many. Call it every few seconds; writers do not wait for it. 25001 not under READ COMMITTED, 25006 read-only';

CREATE FUNCTION audit.head() RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp AS $$
BEGIN
    PERFORM audit.seal();
    RETURN coalesce((SELECT s.id || ':' || encode(s.hash, 'hex') FROM audit.seals s ORDER BY s.id DESC LIMIT 1),
                    '0:' || repeat('00', 32));
END
$$;
COMMENT ON FUNCTION audit.head() IS
'Seals, and returns the anchor: number and SHA-256 of the last seal, like 42:9f86…. Keep it where the operators of this server cannot write; audit.verify(anchor) checks it. SQLSTATEs as seal()';
