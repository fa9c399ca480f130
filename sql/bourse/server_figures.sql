-- What the server says of this database: sessions, standbys, tables. bourse_owner is a member of pg_read_all_stats for
-- it. No figure names a login, a statement or an address.

CREATE FUNCTION bourse_private.session_figures()
RETURNS TABLE (pid integer, is_here boolean, state text, transaction_age interval, lock_wait interval)
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT a.pid, a.datname = current_database(), coalesce(a.state, 'starting'), clock_timestamp() - a.xact_start,
           CASE WHEN a.wait_event_type = 'Lock'
                THEN clock_timestamp() - coalesce((SELECT min(l.waitstart) FROM pg_locks l
                                                   WHERE l.pid = a.pid AND NOT l.granted), clock_timestamp()) END
    FROM pg_stat_activity a WHERE a.backend_type = 'client backend'
$$;
COMMENT ON FUNCTION bourse_private.session_figures() IS
'The connections of clients to the server: their process, whether they are in this database, what they do, for how '
'long their transaction has been open and they have waited for a lock (NULL: not)';

CREATE FUNCTION bourse_private.connections_max() RETURNS integer
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
$$;
COMMENT ON FUNCTION bourse_private.connections_max() IS 'How many connections there can be of others than superusers';

CREATE FUNCTION bourse_private.standby_figures()
RETURNS TABLE (standby text, lag_seconds numeric, lag_bytes numeric)
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT r.application_name,
           -- Who has everything has no lag, however long nothing has been written; who is silent cannot say how much.
           max(greatest(coalesce(extract(epoch FROM coalesce(r.replay_lag, r.flush_lag)), 0),
                        CASE WHEN l.behind > 0 THEN extract(epoch FROM clock_timestamp() - r.reply_time) END)),
           max(l.behind)
    FROM pg_stat_replication r CROSS JOIN LATERAL (
        SELECT pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_receive_lsn()
                                    ELSE pg_current_wal_lsn() END, coalesce(r.replay_lsn, r.flush_lsn)) AS behind) l
    WHERE r.state <> 'backup' GROUP BY r.application_name
    UNION ALL
    SELECT 'itself', CASE WHEN pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() THEN 0
                          ELSE extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) END,
           pg_wal_lsn_diff(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn())
    WHERE pg_is_in_recovery()
$$;
COMMENT ON FUNCTION bourse_private.standby_figures() IS
'How far the standbys that are connected are behind, by their name; on a standby, how far it is itself';

CREATE FUNCTION bourse_private.slot_figures() RETURNS TABLE (slot text, is_active boolean, retained_bytes numeric)
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT s.slot_name::text, s.active,
           greatest(pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn()
                                         ELSE pg_current_wal_lsn() END, s.restart_lsn), 0)
    FROM pg_replication_slots s WHERE s.restart_lsn IS NOT NULL
$$;
COMMENT ON FUNCTION bourse_private.slot_figures() IS 'How much of the log each replication slot keeps';

CREATE FUNCTION bourse_private.big_tables()
RETURNS TABLE (name text, live_rows bigint, dead_rows bigint, seq_scans bigint, index_scans bigint, bytes bigint,
               vacuumed_at timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT format('%I.%I', n.nspname, r.relname), sum(pg_stat_get_live_tuples(c.oid))::bigint,
           sum(pg_stat_get_dead_tuples(c.oid))::bigint, sum(pg_stat_get_numscans(c.oid))::bigint,
           sum((SELECT coalesce(sum(pg_stat_get_numscans(i.indexrelid)), 0) FROM pg_index i
                WHERE i.indrelid = c.oid))::bigint,
           sum(pg_total_relation_size(c.oid))::bigint,
           min(greatest(pg_stat_get_last_vacuum_time(c.oid), pg_stat_get_last_autovacuum_time(c.oid)))
    FROM pg_class c
    JOIN pg_class r ON r.oid = coalesce(pg_partition_root(c.oid), c.oid)
    JOIN pg_namespace n ON n.oid = r.relnamespace
    WHERE c.relkind IN ('r', 'm') AND c.relowner = to_regrole('bourse_owner')
      AND (c.relpages >= 128 OR pg_stat_get_live_tuples(c.oid) + pg_stat_get_dead_tuples(c.oid) >= 10000)
    GROUP BY n.nspname, r.relname
$$;
COMMENT ON FUNCTION bourse_private.big_tables() IS
'Tables of a megabyte or of 10,000 rows, or more, and partitions together under the name of the whole: rows, how '
'often they were read whole and through an index, size with indexes. Rows are what the statistics know';

CREATE FUNCTION bourse_private.partition_figures()
RETURNS TABLE (name text, missing bigint, default_rows bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    partitioned record;
BEGIN
    FOR partitioned IN
        SELECT p.partrelid AS relation, nullif(p.partdefid, 0)::regclass AS heir, format('%I.%I', n.nspname, c.relname)
                   AS name, b.partition_by
        FROM pg_partitioned_table p JOIN pg_class c ON c.oid = p.partrelid JOIN pg_namespace n ON n.oid = c.relnamespace
        LEFT JOIN bourse.policies b ON b.schema_name = n.nspname AND b.table_name = c.relname AND b.is_enabled
            AND b.partition_by IS NOT NULL
        WHERE c.relowner = to_regrole('bourse_owner')
    LOOP
        name := partitioned.name;
        missing := NULL;
        default_rows := NULL;
        IF partitioned.partition_by IS NOT NULL THEN
            SELECT count(*) INTO missing FROM bourse_private.missing_partitions(
                partitioned.relation, partitioned.partition_by, 0, clock_timestamp()) m;
        END IF;
        IF partitioned.heir IS NOT NULL THEN
            EXECUTE format('SELECT count(*) FROM (SELECT FROM %s LIMIT 1000) r',
                           bourse_private.quoted_name(partitioned.heir)) INTO default_rows;
        END IF;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION bourse_private.partition_figures() IS
'Of each partitioned table whether the partition of now is missing (1; NULL: it has no policy), and how many rows '
'stand in its default partition (1,000 of them are counted; NULL: it has none)';
