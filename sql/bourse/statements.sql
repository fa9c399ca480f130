-- Slow statements, sizes of tables, use of indexes: what somebody asks who looks for the reason of a slow day.

CREATE FUNCTION bourse_private.statement_view() RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    -- The extension's own function and no other of that name; without its library it would only complain.
    RETURN (SELECT format('%I.%I', n.nspname, p.proname)
            FROM pg_extension e
            JOIN pg_depend d ON d.refclassid = 'pg_extension'::regclass AND d.refobjid = e.oid AND d.deptype = 'e'
                AND d.classid = 'pg_proc'::regclass
            JOIN pg_proc p ON p.oid = d.objid AND p.proname = 'pg_stat_statements'
            JOIN pg_namespace n ON n.oid = p.pronamespace
            WHERE e.extname = 'pg_stat_statements' AND has_schema_privilege(n.oid, 'USAGE')
              AND current_setting('pg_stat_statements.max', true) IS NOT NULL);
END
$$;
COMMENT ON FUNCTION bourse_private.statement_view() IS
'The function of pg_stat_statements with the statements of the server; NULL where it is not there';

CREATE FUNCTION bourse_private.statement_metrics() RETURNS TABLE (name text, value numeric)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    view text := bourse_private.statement_view();
BEGIN
    IF view IS NOT NULL THEN
        RETURN QUERY EXECUTE format(
            'SELECT v.name, v.value FROM (SELECT sum(s.calls) AS calls, sum(s.total_exec_time) AS ms FROM %s(false) s '
            'WHERE s.dbid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())) s '
            'CROSS JOIN LATERAL (VALUES (''bourse_statements_total'', s.calls), '
            '(''bourse_statement_seconds_total'', s.ms::numeric / 1000)) v (name, value)', view);
    END IF;
END
$$;
COMMENT ON FUNCTION bourse_private.statement_metrics() IS
'What metrics() says of statements, where pg_stat_statements is there: how many and how long. Reads each that it knows';

CREATE FUNCTION bourse.slow_queries(most integer DEFAULT 10)
RETURNS TABLE (query_id bigint, calls bigint, mean_ms numeric, max_ms numeric, total_ms numeric, rows bigint,
               query text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    view text := bourse_private.statement_view();
BEGIN
    IF most IS NULL OR most NOT BETWEEN 1 AND 1000 THEN
        PERFORM bourse.refuse('22023', format('most is %s', coalesce(most::text, 'NULL')), 'Ask for 1 to 1000.');
    END IF;
    IF view IS NULL THEN
        PERFORM bourse.refuse('55000', 'pg_stat_statements is not there',
            'Add it to shared_preload_libraries, restart, and CREATE EXTENSION pg_stat_statements in this database.');
    END IF;
    -- Commands are kept as they were sent, passwords included; of what is planned the values are not.
    RETURN QUERY EXECUTE format(
        'SELECT s.queryid, s.calls, round(s.mean_exec_time::numeric, 3), round(s.max_exec_time::numeric, 3), '
        'round(s.total_exec_time::numeric, 3), s.rows, CASE WHEN s.query COLLATE "C" ~* %L THEN left(s.query, 1000) '
        'ELSE substring(s.query FROM %L) || '' …'' END FROM %s(true) s '
        'WHERE s.dbid = (SELECT d.oid FROM pg_database d WHERE d.datname = current_database()) '
        'ORDER BY s.mean_exec_time DESC, s.queryid LIMIT %s',
        '^[[:space:]]*(select|insert|update|delete|merge|with|values|table)([^[:alnum:]_]|$)',
        '^[[:space:]]*([[:alnum:]_]+)', view, most);
END
$$;
COMMENT ON FUNCTION bourse.slow_queries(integer) IS
'The statements of this database that take longest on average, as pg_stat_statements knows them: up to most, slowest '
'first, in milliseconds. query: its first 1,000 characters, values left out; of commands, which may hold passwords, '
'the first word. 22023 most, 55000 pg_stat_statements is not there';

CREATE FUNCTION bourse.table_sizes()
RETURNS TABLE (table_name text, live_rows bigint, dead_rows bigint, table_bytes bigint, index_bytes bigint,
               total_bytes bigint, partitions bigint, vacuumed_at timestamptz, analyzed_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    RETURN QUERY
    SELECT format('%I.%I', n.nspname, r.relname), sum(pg_stat_get_live_tuples(c.oid))::bigint,
           sum(pg_stat_get_dead_tuples(c.oid))::bigint, sum(pg_table_size(c.oid))::bigint,
           sum(pg_indexes_size(c.oid))::bigint, sum(pg_total_relation_size(c.oid))::bigint,
           count(*) FILTER (WHERE c.relispartition),
           min(greatest(pg_stat_get_last_vacuum_time(c.oid), pg_stat_get_last_autovacuum_time(c.oid))),
           min(greatest(pg_stat_get_last_analyze_time(c.oid), pg_stat_get_last_autoanalyze_time(c.oid)))
    FROM pg_class c
    JOIN pg_class r ON r.oid = coalesce(pg_partition_root(c.oid), c.oid)
    JOIN pg_namespace n ON n.oid = r.relnamespace
    WHERE c.relkind IN ('r', 'm') AND c.relowner = to_regrole('bourse_owner')
    GROUP BY n.nspname, r.relname ORDER BY 6 DESC, 1;
END
$$;
COMMENT ON FUNCTION bourse.table_sizes() IS
'Every table of the platform, the largest first: rows as the statistics know them, bytes without and with indexes, how '
'many partitions, which are added up, when the last of them was vacuumed and analyzed (of partitions the longest ago). '
'Reads the files of each. 55000 before install()';

CREATE FUNCTION bourse.index_usage()
RETURNS TABLE (table_name text, index_name text, scans bigint, bytes bigint, is_unique boolean, is_valid boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    RETURN QUERY
    SELECT format('%I.%I', n.nspname, t.relname), c.relname::text, pg_stat_get_numscans(c.oid),
           pg_relation_size(c.oid), i.indisunique, i.indisvalid
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid JOIN pg_class t ON t.oid = i.indrelid
    JOIN pg_namespace n ON n.oid = t.relnamespace
    WHERE c.relkind = 'i' AND t.relkind IN ('r', 'm') AND t.relowner = to_regrole('bourse_owner')
    ORDER BY 3, 4 DESC, 1, 2;
END
$$;
COMMENT ON FUNCTION bourse.index_usage() IS
'Every index of the platform, how often it was read since the statistics began, its size; those first that nobody '
'reads. One that is_unique keeps a rule whether or not it is read. What reads rows past the executor is counted too. '
'55000 before install()';

GRANT EXECUTE ON FUNCTION bourse.slow_queries(integer), bourse.table_sizes(), bourse.index_usage()
    TO bourse_admin, bourse_monitor;
