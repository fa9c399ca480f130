CREATE FUNCTION bourse_private.server_metrics() RETURNS TABLE (name text, value numeric, labels jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    WITH sessions AS MATERIALIZED (SELECT f.* FROM bourse_private.session_figures() f)
    SELECT 'bourse_connections', count(*)::numeric, jsonb_build_object('state', s.state)
    FROM sessions s GROUP BY s.state
    UNION ALL
    SELECT 'bourse_connections_max', bourse_private.connections_max(), NULL
    UNION ALL
    SELECT 'bourse_longest_transaction_seconds', extract(epoch FROM coalesce(max(s.transaction_age), '0')), NULL
    FROM sessions s WHERE s.is_here AND s.pid <> pg_backend_pid()
    UNION ALL
    SELECT 'bourse_waiting_sessions', count(s.lock_wait), NULL FROM sessions s WHERE s.is_here
    UNION ALL
    SELECT v.name, v.value, NULL FROM pg_stat_database d CROSS JOIN LATERAL (VALUES
        ('bourse_commits_total', d.xact_commit), ('bourse_rollbacks_total', d.xact_rollback),
        ('bourse_deadlocks_total', d.deadlocks), ('bourse_blocks_hit_total', d.blks_hit),
        ('bourse_blocks_read_total', d.blks_read), ('bourse_temp_bytes_total', d.temp_bytes),
        ('bourse_database_bytes', pg_database_size(d.datid))) v (name, value)
    WHERE d.datname = current_database()
    UNION ALL
    SELECT 'bourse_is_standby', pg_is_in_recovery()::integer, NULL
    UNION ALL
    SELECT v.name, v.value, jsonb_build_object('standby', s.standby)
    FROM bourse_private.standby_figures() s CROSS JOIN LATERAL (VALUES
        ('bourse_replication_lag_seconds', s.lag_seconds), ('bourse_replication_lag_bytes', s.lag_bytes))
        v (name, value)
    UNION ALL
    SELECT 'bourse_slot_retained_bytes', s.retained_bytes, jsonb_build_object('slot', s.slot)
    FROM bourse_private.slot_figures() s
    UNION ALL
    SELECT 'bourse_refusals_total', t.total, jsonb_build_object('sqlstate', t.what)
    FROM bourse_private.tally() t WHERE t.what !~ '[.]'
$$;
COMMENT ON FUNCTION bourse_private.server_metrics() IS
'What metrics() says of the server: connections, transactions, standbys, refusals. Costs a look at each session, and '
'at the files of the database';

CREATE FUNCTION bourse_private.table_metrics() RETURNS TABLE (name text, value numeric, labels jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT v.name, v.value, jsonb_build_object('table', t.name)
    FROM bourse_private.big_tables() t CROSS JOIN LATERAL (VALUES
        ('bourse_table_bytes', t.bytes), ('bourse_table_live_rows', t.live_rows),
        ('bourse_table_dead_rows', t.dead_rows), ('bourse_table_seq_scans_total', t.seq_scans),
        ('bourse_table_index_scans_total', t.index_scans)) v (name, value)
    UNION ALL
    SELECT 'bourse_unused_indexes', count(*), NULL
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
    WHERE c.relowner = to_regrole('bourse_owner') AND c.relpages >= 128 AND NOT i.indisunique
      AND pg_stat_get_numscans(c.oid) = 0
    UNION ALL
    SELECT v.name, v.value, jsonb_build_object('table', p.name)
    FROM bourse_private.partition_figures() p CROSS JOIN LATERAL (VALUES
        ('bourse_missing_partitions', p.missing), ('bourse_default_partition_rows', p.default_rows)) v (name, value)
    UNION ALL
    SELECT v.name, v.value, jsonb_build_object('check', k.name) FROM bourse.checks k CROSS JOIN LATERAL (VALUES
        ('bourse_check_age_seconds', extract(epoch FROM clock_timestamp() - k.ran_at)),
        ('bourse_check_took_seconds', extract(epoch FROM k.took)), ('bourse_check_problems', k.problems))
        v (name, value)
$$;
COMMENT ON FUNCTION bourse_private.table_metrics() IS
'What metrics() says of tables: those of big_tables(), indexes of a megabyte or more that nobody has ever read, '
'partitions, checks. Costs a look at the catalog and at the files of big tables';
