CREATE FUNCTION bourse_private.session_alerts()
RETURNS TABLE (severity text, alert text, subject text, detail text, hint text)
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    WITH sessions AS MATERIALIZED (SELECT f.* FROM bourse_private.session_figures() f),
         used AS (SELECT count(*) AS n, bourse_private.connections_max() AS most FROM sessions)
    (SELECT 'warning', 'transaction_is_long', s.pid::text,
            format('the transaction of process %s has been open for %s, and it is %s', s.pid,
                   date_trunc('second', s.transaction_age), s.state),
            'pg_stat_activity says whose it is; SELECT pg_terminate_backend(pid) ends it.'
     FROM sessions s
     WHERE s.is_here AND s.pid <> pg_backend_pid()
       AND extract(epoch FROM s.transaction_age) > bourse_private.threshold('transaction_is_long')
     ORDER BY s.transaction_age DESC LIMIT 20)
    UNION ALL
    (SELECT 'warning', 'sessions_wait', s.pid::text,
            format('process %s has waited for a lock for %s', s.pid, date_trunc('second', s.lock_wait)),
            'SELECT pg_blocking_pids(pid) says for whom.'
     FROM sessions s
     WHERE s.is_here AND extract(epoch FROM s.lock_wait) > bourse_private.threshold('sessions_wait')
     ORDER BY s.lock_wait DESC LIMIT 20)
    UNION ALL
    SELECT CASE WHEN u.n * 100 > u.most * 95 THEN 'critical' ELSE 'warning' END, 'connections_run_out', NULL,
           format('%s of %s connections are in use', u.n, u.most),
           'Put a pooler before the server, or raise max_connections.'
    FROM used u WHERE u.n * 100 > u.most * bourse_private.threshold('connections_run_out')
$$;
COMMENT ON FUNCTION bourse_private.session_alerts() IS
'What alerts() says of sessions: long transactions, long waits for locks (20 of each), connections that run out';

CREATE FUNCTION bourse_private.server_alerts()
RETURNS TABLE (severity text, alert text, subject text, detail text, hint text)
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    WITH partitioned AS MATERIALIZED (SELECT f.* FROM bourse_private.partition_figures() f)
    SELECT a.* FROM bourse_private.session_alerts() a
    UNION ALL
    SELECT 'warning', 'replication_lags', s.standby,
           format('it is %s seconds and %s bytes behind', round(s.lag_seconds), s.lag_bytes),
           'Look at its log, its disk and the network between.'
    FROM bourse_private.standby_figures() s WHERE s.lag_seconds > bourse_private.threshold('replication_lags')
    UNION ALL
    SELECT 'warning', 'slot_holds_wal', s.slot,
           format('it keeps %s bytes of the log, and is %s', s.retained_bytes,
                  CASE WHEN s.is_active THEN 'in use' ELSE 'not in use' END),
           'Have its reader go on, or SELECT pg_drop_replication_slot(name): the disk runs full otherwise.'
    FROM bourse_private.slot_figures() s WHERE s.retained_bytes > bourse_private.threshold('slot_holds_wal')
    UNION ALL
    SELECT CASE WHEN p.default_rows IS NULL THEN 'critical' ELSE 'warning' END, 'partition_is_missing', p.name,
           CASE WHEN p.default_rows IS NULL THEN 'rows of now are refused'
                ELSE 'rows of now go into the default one' END,
           'SELECT * FROM bourse.maintain() makes it, or says why not.'
    -- Where nobody has ever called maintain() chore_is_late says so.
    FROM partitioned p WHERE p.missing > 0 AND EXISTS (SELECT FROM bourse.chores c WHERE c.name = 'maintain')
    UNION ALL
    SELECT 'warning', 'default_partition_has_rows', p.name,
           format('%s%s', p.default_rows, CASE p.default_rows WHEN 1000 THEN ' or more' ELSE '' END),
           'SELECT * FROM bourse.maintain() moves those whose partition it makes; look at the times of the others.'
    FROM partitioned p
    WHERE p.default_rows > bourse_private.threshold('default_partition_has_rows')
    UNION ALL
    (SELECT 'warning', 'dead_rows', t.name, format('%s dead rows beside %s, last vacuumed %s', t.dead_rows, t.live_rows,
                                                   coalesce(t.vacuumed_at::text, 'never')),
            'End old transactions, or let autovacuum do more: VACUUM frees them.'
     FROM bourse_private.big_tables() t
     WHERE t.dead_rows > bourse_private.threshold('dead_rows') AND t.dead_rows * 5 > t.live_rows
     ORDER BY t.dead_rows DESC LIMIT 20)
    UNION ALL
    SELECT 'warning', 'verify_is_late', k.name, format('ran last at %s', k.ran_at),
           'Have bourse.verify() called once a day, or switch on the schedule of it.'
    FROM (SELECT 'verify', coalesce((SELECT c.ran_at FROM bourse.checks c WHERE c.name = 'verify'),
                                    (SELECT min(m.applied_at) FROM bourse.schema_migrations m))) k (name, ran_at)
    WHERE extract(epoch FROM clock_timestamp() - k.ran_at) > bourse_private.threshold('verify_is_late')
    UNION ALL
    SELECT 'critical', 'check_has_found_something', k.name, format('%s problems at %s', k.problems, k.ran_at),
           'SELECT * FROM bourse.verify() says which.'
    FROM bourse.checks k WHERE k.problems > 0
$$;
COMMENT ON FUNCTION bourse_private.server_alerts() IS
'What alerts() says of sessions, standbys, partitions, dead rows and checks. Costs as server_metrics() and '
'table_metrics()';
