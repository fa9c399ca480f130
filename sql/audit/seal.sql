-- Few: the servers on which this database has lived. One probe of an index for each.
CREATE FUNCTION audit_private.clusters() RETURNS SETOF bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
    WITH RECURSIVE known (cluster) AS (
        SELECT least((SELECT min(l.cluster) FROM audit.audit_logs l),
                     (SELECT min(l.cluster) FROM audit.activity_logs l))
        UNION ALL
        SELECT least((SELECT min(l.cluster) FROM audit.audit_logs l WHERE l.cluster > k.cluster),
                     (SELECT min(l.cluster) FROM audit.activity_logs l WHERE l.cluster > k.cluster))
        FROM known k WHERE k.cluster IS NOT NULL
    )
    SELECT k.cluster FROM known k WHERE k.cluster IS NOT NULL
$$;
COMMENT ON FUNCTION audit_private.clusters() IS
'The clusters whose transactions stand in the trail, by their system identifiers';

-- EXECUTE plans with the values at hand: for the newest transactions an index scan, for all of them none.
CREATE FUNCTION audit_private.chains(cluster bigint, since bigint) RETURNS TABLE (
    log text, transaction_id bigint, length integer, first_id bigint, first_time timestamptz, head bytea)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
DECLARE
    source text;
BEGIN
    FOREACH source IN ARRAY ARRAY['activity_logs', 'audit_logs'] LOOP
        -- An array of the hashes of millions of rows would be more than PostgreSQL holds in one value.
        RETURN QUERY EXECUTE format(
            'SELECT %1$L, c.transaction_id, c.length, c.first_id, c.first_time, '
            '(SELECT e.hash FROM audit.%1$I e WHERE e.cluster = $1 AND e.transaction_id = c.transaction_id '
            'ORDER BY e.position DESC LIMIT 1) '
            'FROM (SELECT l.transaction_id, count(*)::integer AS length, min(l.id) AS first_id, '
            'min(l."timestamp") AS first_time '
            'FROM audit.%1$I l WHERE l.cluster = $1 AND l.transaction_id >= $2 GROUP BY l.transaction_id) c', source)
        USING cluster, since;
    END LOOP;
END
$$;
COMMENT ON FUNCTION audit_private.chains(bigint, bigint) IS
'The chains of one cluster as the logs hold them now, from a transaction on: how long, where they begin, the hash of '
'their last row';

CREATE FUNCTION audit.seal() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_read_committed('seal()');
    RETURN audit_private.seal_all();
END
$$;
COMMENT ON FUNCTION audit.seal() IS
'Links the chains of all transactions that have ended since the last call into the global chain: from then on a whole '
'transaction, or its last rows, cannot go unnoticed. The first call on a server registers it. Returns how many '
'transactions. Call it every few seconds; writers do not wait for it. 25001 not under READ COMMITTED, 25006 read-only';
GRANT EXECUTE ON FUNCTION audit.seal() TO bourse_admin, bourse_worker;

-- A server is registered in the chain before it seals its own transactions. What the server before has left is sealed
-- first: what comes to light of another server later was never written there.
CREATE FUNCTION audit_private.seal_all() RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, audit, pg_temp AS $$
DECLARE
    own_cluster bigint := (SELECT system_identifier FROM pg_control_system());
    registered bigint;
    moment timestamptz;
    left_over bigint;
    sealed bigint := 0;
BEGIN
    -- One sealer at a time; writers of the logs do not touch this table.
    LOCK TABLE audit.seals IN SHARE ROW EXCLUSIVE MODE;
    -- Before the snapshot: a transaction that begins after it has later times.
    moment := clock_timestamp();
    SELECT s.cluster INTO registered FROM audit.seals s WHERE s.log = 'clusters' ORDER BY s.id DESC LIMIT 1;
    IF registered IS DISTINCT FROM own_cluster THEN
        FOR left_over IN
            SELECT k.cluster FROM audit_private.clusters() k (cluster)
            WHERE k.cluster <> own_cluster AND k.cluster = coalesce(registered, k.cluster)
        LOOP
            sealed := sealed + audit_private.seal_cluster(left_over, moment);
        END LOOP;
        PERFORM audit_private.register_cluster(own_cluster, moment);
    END IF;
    RETURN sealed + audit_private.seal_cluster(own_cluster, moment);
END
$$;
COMMENT ON FUNCTION audit_private.seal_all() IS
'What seal() does, under any isolation level. For seal() and bourse.install()';

CREATE FUNCTION audit_private.register_cluster(cluster bigint, moment timestamptz) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, audit, pg_temp AS $$
    INSERT INTO audit.seals
    SELECT n.id, 'clusters', register_cluster.cluster, n.transaction_id, 0, 0, '', 0, 0, moment,
           audit_private.seal_hash(n.previous, n.id, 'clusters', register_cluster.cluster, n.transaction_id, 0, 0, '',
                                   0, 0, moment)
    FROM (SELECT coalesce(l.id, 0) + 1 AS id, l.hash AS previous, pg_current_xact_id()::text::bigint AS transaction_id
          FROM (SELECT) one LEFT JOIN (SELECT s.id, s.hash FROM audit.seals s ORDER BY s.id DESC LIMIT 1) l ON true) n
$$;
COMMENT ON FUNCTION audit_private.register_cluster(bigint, timestamptz) IS
'Adds the seal that says: from here on the database lives on this server. For seal_all() only';

-- Not the end of a snapshot: transactions beyond it may be under way, and have drawn numbers of rows below those that
-- are sealed.
CREATE FUNCTION audit_private.next_transaction() RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'next_transaction_wrapper';
COMMENT ON FUNCTION audit_private.next_transaction() IS
'The number that the next transaction of this server gets. For seal_cluster(), which asks after it has its snapshot';

CREATE FUNCTION audit_private.seal_cluster(cluster bigint, moment timestamptz) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, audit, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    own_transaction bigint := pg_current_xact_id()::text::bigint;
    is_own boolean := cluster = (SELECT system_identifier FROM pg_control_system());
    last record;
    seal record;
    sealed bigint := 0;
BEGIN
    SELECT s.id, s.hash INTO last FROM audit.seals s ORDER BY s.id DESC LIMIT 1;
    FOR seal IN
        -- Of another cluster all transactions have ended.
        SELECT c.*, CASE WHEN is_own THEN pg_snapshot_xmin(pg_current_snapshot())::text::bigint
                         ELSE max(c.transaction_id) OVER () + 1 END AS horizon,
               CASE WHEN is_own THEN audit_private.next_transaction()
                    ELSE max(c.transaction_id) OVER () + 1 END AS next_id
        -- What ended below the last horizon has been sealed.
        FROM (SELECT coalesce(max(s.horizon), 0) AS since FROM audit.seals s WHERE s.cluster = cluster) h
        CROSS JOIN LATERAL audit_private.chains(cluster, h.since) c
        WHERE NOT (is_own AND c.transaction_id = own_transaction)
          AND NOT EXISTS (SELECT FROM audit.seals s
                          WHERE s.cluster = cluster AND s.transaction_id = c.transaction_id AND s.log = c.log)
        ORDER BY c.transaction_id, c.log
    LOOP
        INSERT INTO audit.seals AS s
        VALUES (coalesce(last.id, 0) + 1, seal.log, cluster, seal.transaction_id, seal.length, seal.first_id, seal.head,
                seal.horizon, seal.next_id, moment,
                audit_private.seal_hash(last.hash, coalesce(last.id, 0) + 1, seal.log, cluster, seal.transaction_id,
                                        seal.length, seal.first_id, seal.head, seal.horizon, seal.next_id, moment))
        RETURNING s.id, s.hash INTO last;
        sealed := sealed + 1;
    END LOOP;
    RETURN sealed;
END
$$;
COMMENT ON FUNCTION audit_private.seal_cluster(bigint, timestamptz) IS
'Seals the chains of one server that have ended and are not sealed yet; how many. For seal_all() only';

CREATE FUNCTION audit.head() RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp AS $$
BEGIN
    PERFORM audit.seal();
    RETURN coalesce((SELECT s.id || ':' || encode(s.hash, 'hex') FROM audit.seals s ORDER BY s.id DESC LIMIT 1),
                    '0:' || repeat('00', 32));
END
$$;
COMMENT ON FUNCTION audit.head() IS
'Seals, and returns the anchor: number and SHA-256 of the last seal, like 42:9f86…. Keep it where the operators of '
'this server cannot write; audit.verify(anchor) checks it. SQLSTATEs as seal()';
GRANT EXECUTE ON FUNCTION audit.head() TO bourse_admin, bourse_worker;
