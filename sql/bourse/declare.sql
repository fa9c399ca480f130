-- What the kernel declares of itself, as modules.sql says.

CREATE FUNCTION bourse_private.own_tables() RETURNS bourse.declared_table[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    RETURN ARRAY[
        bourse_private.declare_table('schema_migrations'),
        bourse_private.declare_table('data_migrations'),
        bourse_private.declare_table('policies', is_audited => true),
        bourse_private.declare_table('chores'),
        bourse_private.declare_table('backups', time_column => 'finished_at', keep => '1 year'),
        bourse_private.declare_table('checks'),
        bourse_private.declare_table('thresholds', is_audited => true),
        bourse_private.declare_table('cancel_requests', engine_written => true, time_column => 'requested_at',
                                     keep => '30 days'),
        bourse_private.declare_table('stalled_keys', engine_written => true)];
END
$$;
COMMENT ON FUNCTION bourse_private.own_tables() IS 'The tables of the kernel';

CREATE FUNCTION bourse_private.own_verify() RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp SET quote_all_identifiers = off AS $$
    SELECT 'declared_table_is_there', t.module || '.' || t.name, 'a table of bourse_owner', 'none'
    FROM bourse_private.declared_tables() t WHERE t.relation IS NULL
    UNION ALL
    SELECT 'queue_has_its_columns', t.module || '.' || t.name, k.name || ' ' || k.type,
           coalesce(format_type(a.atttypid, NULL), 'none')
    FROM bourse_private.declared_tables() t
    CROSS JOIN (VALUES ('id', 'bigint', NULL), ('status', 'text', NULL), ('priority', 'smallint', NULL),
                       ('claimable_at', 'timestamp with time zone', NULL), ('attempt', 'integer', NULL),
                       ('max_attempts', 'integer', NULL), ('lease', 'uuid', NULL), ('locked_by', 'text', 'worker_id'),
                       ('last_error', 'text', 'error')) k (name, type, other_name)
    LEFT JOIN pg_attribute a ON a.attrelid = t.relation AND a.attname IN (k.name, k.other_name) AND NOT a.attisdropped
    WHERE t.is_queue AND t.relation IS NOT NULL AND format_type(a.atttypid, NULL) IS DISTINCT FROM k.type
$$;
COMMENT ON FUNCTION bourse_private.own_verify() IS
'What verify() says of the kernel: a table that is declared and not there, a queue without its columns';

CREATE FUNCTION bourse_private.own_integrity() RETURNS TABLE (issue text, count bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT 'strange_code', count(*) FROM (
        SELECT u.code
        FROM bourse_private.unsafe_code((SELECT array_agg(c.oid) FROM pg_class c
                                         WHERE c.relhastriggers OR c.relowner = to_regrole('bourse_owner'))) u
        UNION ALL SELECT bourse_private.strange_rights()) s
    UNION ALL
    SELECT 'sequence_behind_its_rows', count(*) FROM bourse_private.sequences_behind()
    UNION ALL
    SELECT 'index_not_valid', count(*)
    FROM pg_index i JOIN pg_class c ON c.oid = i.indrelid
    WHERE NOT i.indisvalid AND c.relowner = to_regrole('bourse_owner')
    UNION ALL
    SELECT 'constraint_not_validated', count(*)
    FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid
    WHERE NOT k.convalidated AND c.relowner = to_regrole('bourse_owner')
    UNION ALL
    SELECT 'maintenance_problem', coalesce(sum(cardinality(c.problems)), 0) FROM bourse.chores c
$$;
COMMENT ON FUNCTION bourse_private.own_integrity() IS
'What integrity() counts around all tables: code and rights of strangers, sequences behind their rows, indexes that '
'are not valid, constraints that nobody has validated, problems of the last maintain()';

CREATE FUNCTION bourse_private.pending_migrations() RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT v FROM bourse.migrations() v WHERE v NOT IN (SELECT m.version FROM bourse.schema_migrations m)
$$;
COMMENT ON FUNCTION bourse_private.pending_migrations() IS
'The migrations that this version carries and that have not run here';

CREATE FUNCTION bourse_private.is_at_work() RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT coalesce((SELECT c.relispopulated FROM pg_class c WHERE c.oid = to_regclass('bourse.at_work')), false)
$$;
COMMENT ON FUNCTION bourse_private.is_at_work() IS
'Whether processes of the platform may work in this database: not while a restore is under way, nor after pause()';

-- The oldest transaction id that a table of this database may still hold: at 2 billion the server stops.
CREATE FUNCTION bourse_private.transaction_age() RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT greatest(age(d.datfrozenxid), mxid_age(d.datminmxid))::bigint
    FROM pg_database d WHERE d.datname = current_database()
$$;
COMMENT ON FUNCTION bourse_private.transaction_age() IS
'How many transactions, or multixacts, back the oldest is that VACUUM has not frozen in this database';

CREATE FUNCTION bourse_private.own_metrics() RETURNS TABLE (name text, value numeric, labels jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT 'bourse_pending_migrations',
           (SELECT count(*) FROM bourse_private.pending_migrations()), NULL::jsonb
    UNION ALL
    SELECT 'bourse_at_work', bourse_private.is_at_work()::integer, NULL
    UNION ALL
    SELECT 'bourse_transaction_age', bourse_private.transaction_age(), NULL
    UNION ALL
    SELECT 'bourse_chore_age_seconds', extract(epoch FROM clock_timestamp() - c.ran_at),
           jsonb_build_object('chore', c.name)
    FROM bourse.chores c
    UNION ALL
    SELECT 'bourse_chore_problems', cardinality(c.problems), jsonb_build_object('chore', c.name)
    FROM bourse.chores c
    UNION ALL
    SELECT 'bourse_queue_lag_seconds', extract(epoch FROM bourse_private.queue_lag(t.relation)),
           jsonb_build_object('queue', t.name)
    FROM bourse_private.queues() t
    UNION ALL
    SELECT b.name, b.value, b.labels FROM bourse_private.backup_metrics() b
    UNION ALL
    SELECT s.name, s.value, s.labels FROM bourse_private.server_metrics() s
    UNION ALL
    SELECT t.name, t.value, t.labels FROM bourse_private.table_metrics() t
    UNION ALL
    SELECT q.name, q.value, NULL FROM bourse_private.statement_metrics() q
$$;
COMMENT ON FUNCTION bourse_private.own_metrics() IS
'What metrics() says of the kernel, the server, tables and statements. Costs a look at the catalog, the rows of '
'bourse.chores, of each queue two probes of an index for each of its priorities, and what server_metrics(), '
'table_metrics() and statement_metrics() cost';

CREATE FUNCTION bourse_private.own_alerts()
RETURNS TABLE (severity text, alert text, subject text, detail text, hint text)
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT 'critical', 'pending_migrations', NULL::text, string_agg(v, ', '), 'SELECT bourse.migrate();'
    FROM bourse_private.pending_migrations() v HAVING count(*) > 0
    UNION ALL
    SELECT 'warning', 'paused', NULL, 'the platform''s processes leave this database alone',
           'SELECT * FROM bourse.resume();'
    WHERE NOT bourse_private.is_at_work()
    UNION ALL
    SELECT 'critical', 'not_durable', s.name, format('%s is off', s.name),
           'A crash loses what was acknowledged: switch it on.'
    FROM (VALUES ('fsync'), ('full_page_writes'), ('synchronous_commit')) s (name)
    WHERE current_setting(s.name) = 'off'
    UNION ALL
    SELECT CASE WHEN a.age > 1800000000 THEN 'critical' ELSE 'warning' END, 'wraparound', NULL,
           format('%s transactions since the oldest that is not frozen', a.age),
           'Vacuum freezes too little: end old transactions, drop stale replication slots, VACUUM (FREEZE).'
    FROM bourse_private.transaction_age() a (age) WHERE a.age > bourse_private.threshold('wraparound')
    UNION ALL
    SELECT 'warning', 'chore_has_problems', c.name, c.problems[1], 'SELECT * FROM bourse.maintain() says all of them.'
    FROM bourse.chores c WHERE cardinality(c.problems) > 0
    UNION ALL
    SELECT 'warning', 'chore_is_late', c.name, format('ran last at %s', c.ran_at),
           'Nobody calls bourse_private.tick(), or it fails.'
    FROM bourse.chores c
    WHERE extract(epoch FROM clock_timestamp() - c.ran_at) > bourse_private.threshold('chore_is_late')
    UNION ALL
    -- A database in which it has never been called has no chore that could be late.
    SELECT 'warning', 'chore_is_late', 'maintain', 'has never run, and bourse.policies has work for it',
           'Set bourse.ticker = on, or have bourse.maintain() called once an hour.'
    WHERE EXISTS (SELECT FROM bourse.policies p WHERE p.is_enabled)
      AND NOT EXISTS (SELECT FROM bourse.chores c WHERE c.name = 'maintain')
    UNION ALL
    SELECT 'warning', 'ticker_has_a_setback', NULL, w.setback, 'SELECT * FROM bourse.workers() tells of its process.'
    FROM bourse.workers() w WHERE w.kind = 'ticker' AND w.database = current_database() AND w.setback IS NOT NULL
    UNION ALL
    SELECT 'warning', 'queue_lags', t.name, format('the oldest item has been due for %s', l.lag),
           'More workers, or workers that are not stuck.'
    -- Of lanes their schema tells: it knows where nobody is to work.
    FROM bourse_private.queues() t CROSS JOIN LATERAL bourse_private.queue_lags(t.relation) l
    WHERE l.lane IS NULL AND extract(epoch FROM l.lag) > bourse_private.threshold('queue_lags')
    UNION ALL
    SELECT b.severity, b.alert, b.subject, b.detail, b.hint FROM bourse_private.backup_alerts() b
    UNION ALL
    SELECT a.severity, a.alert, a.subject, a.detail, a.hint FROM bourse_private.server_alerts() a
$$;
COMMENT ON FUNCTION bourse_private.own_alerts() IS 'What alerts() says of the kernel. Costs as own_metrics()';

CREATE FUNCTION bourse_private.own_health() RETURNS TABLE (ok boolean, detail text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    pending text;
BEGIN
    PERFORM bourse.require_installed();
    SELECT string_agg(v, ', ') INTO pending FROM bourse_private.pending_migrations() v;
    RETURN QUERY SELECT pending IS NULL, 'pending migrations: ' || pending;
END
$$;
COMMENT ON FUNCTION bourse_private.own_health() IS 'Whether the tables are those of this version';
