-- All that can be looked at after a recovery, in one call. Where one look fails, the others still happen.

CREATE FUNCTION bourse_private.our_tables() RETURNS SETOF regclass
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p') AND n.nspname IN (SELECT bourse_private.modules())
$$;
COMMENT ON FUNCTION bourse_private.our_tables() IS 'The tables of our schemas, partitions too, whoever owns them';

-- A restore with triggers disabled, and a server that was damaged, have rows that nobody has compared. Operators of a
-- stranger are not called.
CREATE FUNCTION bourse_private.orphans(foreign_key oid) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    k pg_constraint;
    given text;
    equal text;
    count bigint;
BEGIN
    SELECT * INTO k FROM pg_constraint f WHERE f.oid = foreign_key;
    SELECT string_agg(format('c.%I IS NOT NULL', c.attname), ' AND '),
           string_agg(format('p.%I OPERATOR(pg_catalog.%s) c.%I', p.attname, o.oprname, c.attname), ' AND ')
    INTO given, equal
    FROM unnest(k.conkey, k.confkey, k.conpfeqop) u (child, parent, operator)
    JOIN pg_attribute c ON c.attrelid = k.conrelid AND c.attnum = u.child
    JOIN pg_attribute p ON p.attrelid = k.confrelid AND p.attnum = u.parent
    JOIN pg_operator o ON o.oid = u.operator AND o.oprnamespace = 'pg_catalog'::regnamespace;
    EXECUTE format('SELECT count(*) FROM %s c WHERE %s AND NOT EXISTS (SELECT FROM %s p WHERE %s)',
                   bourse_private.quoted_name(k.conrelid), given, bourse_private.quoted_name(k.confrelid), equal)
        INTO count;
    RETURN count;
END
$$;
COMMENT ON FUNCTION bourse_private.orphans(oid) IS
'How many rows there are whose foreign key leads nowhere. For tables that is_ours() only';

CREATE FUNCTION bourse_private.invalid_references()
RETURNS TABLE (severity text, check_name text, subject text, expected text, actual text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp SET jit = off AS $$
DECLARE
    k record;
    orphans bigint;
BEGIN
    FOR k IN WITH ours (oid) AS MATERIALIZED (
                 SELECT t.t FROM bourse_private.our_tables() t (t) WHERE bourse_private.is_ours(t.t))
             SELECT f.oid, format('%I on %s', f.conname, bourse_private.qualified_name(f.conrelid)) AS name
             FROM pg_constraint f JOIN ours c ON c.oid = f.conrelid JOIN ours p ON p.oid = f.confrelid
             WHERE f.contype = 'f' AND f.conparentid = 0
             ORDER BY f.conrelid, f.conname LOOP
        BEGIN
            orphans := bourse_private.orphans(k.oid);
            CONTINUE WHEN orphans = 0;
            RETURN QUERY SELECT 'critical', 'foreign_key_leads_nowhere', k.name, '0 rows', format('%s rows', orphans);
        EXCEPTION WHEN OTHERS THEN
            RETURN QUERY SELECT 'critical', 'check_fails', k.name, 'an answer', bourse_private.clip(SQLERRM);
        END;
    END LOOP;
END
$$;
COMMENT ON FUNCTION bourse_private.invalid_references() IS
'The foreign keys of our tables, with how many rows they lead nowhere from: reads each of them';

CREATE FUNCTION bourse_private.invalid_catalog()
RETURNS TABLE (severity text, check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp SET jit = off AS $$
    WITH ours (oid) AS MATERIALIZED (SELECT bourse_private.our_tables())
    SELECT 'critical', 'migration_has_run', m.version, 'applied', m.state
    FROM bourse.migration_states() m WHERE m.state <> 'applied'
    UNION ALL
    SELECT 'critical', 'sequence_is_ahead', bourse_private.qualified_name(s),
           format('above %s', bourse_private.highest_id(s)), bourse_private.next_id(s)::text
    FROM bourse_private.sequences_behind() s
    UNION ALL
    SELECT 'critical', 'index_is_valid', bourse_private.qualified_name(i.indexrelid),
           'valid on ' || bourse_private.qualified_name(i.indrelid), 'not valid'
    FROM pg_index i JOIN ours ON ours.oid = i.indrelid WHERE NOT (i.indisvalid AND i.indisready AND i.indislive)
    UNION ALL
    SELECT 'warning', 'constraint_is_validated',
           format('%I on %s', k.conname, bourse_private.qualified_name(k.conrelid)), 'validated', 'not validated'
    FROM pg_constraint k JOIN ours ON ours.oid = k.conrelid WHERE NOT k.convalidated
    UNION ALL
    SELECT 'critical', 'trigger_is_enabled', format('%I on %s', t.tgname, bourse_private.qualified_name(t.tgrelid)),
           'enabled', 'disabled'
    FROM pg_trigger t JOIN ours ON ours.oid = t.tgrelid JOIN pg_proc p ON p.oid = t.tgfoid
    WHERE t.tgenabled IN ('D', 'R') AND (t.tgisinternal OR p.proowner = to_regrole('bourse_owner'))
    UNION ALL
    SELECT 'critical', 'event_trigger_is_enabled', e.evtname, 'enabled', 'disabled'
    FROM pg_event_trigger e JOIN pg_proc p ON p.oid = e.evtfoid JOIN pg_namespace n ON n.oid = p.pronamespace
    JOIN bourse_private.modules() m ON n.nspname = m || '_private'
    WHERE e.evtenabled IN ('D', 'R')
    UNION ALL
    SELECT 'critical', 'row_security_is_on', bourse_private.qualified_name(c.oid), 'on', 'off'
    FROM pg_class c JOIN ours USING (oid)
    WHERE NOT c.relrowsecurity AND EXISTS (SELECT FROM pg_policy p WHERE p.polrelid = c.oid)
    UNION ALL
    SELECT 'critical', 'table_is_logged', bourse_private.qualified_name(c.oid), 'logged',
           'unlogged: empty after a crash, and on a standby'
    FROM pg_class c JOIN ours USING (oid) WHERE c.relpersistence <> 'p'
    UNION ALL
    SELECT 'warning', 'owner_is_bourse_owner', bourse_private.qualified_name(c.oid), 'bourse_owner',
           c.relowner::regrole::text
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'S', 'm') AND c.relowner IS DISTINCT FROM to_regrole('bourse_owner')
      AND n.nspname IN (SELECT bourse_private.modules())
    UNION ALL
    -- Without one a publisher refuses to change rows, and what the engine deletes never arrives.
    SELECT 'critical', 'published_table_has_identity', bourse_private.qualified_name(c.oid), 'a replica identity',
           'none'
    FROM pg_class c JOIN ours USING (oid) JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE (c.relreplident = 'n'
           OR c.relreplident = 'd' AND NOT EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indisprimary))
      AND EXISTS (SELECT FROM pg_publication_tables p JOIN pg_publication b ON b.pubname = p.pubname
                  WHERE p.schemaname = n.nspname AND p.tablename = c.relname AND (b.pubupdate OR b.pubdelete))
$$;
COMMENT ON FUNCTION bourse_private.invalid_catalog() IS
'What the catalog says of our tables that is not as it must be, migrations and sequences included';

CREATE FUNCTION bourse_private.has_rows(relation regclass) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    found boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %s)', bourse_private.quoted_name(relation)) INTO found;
    RETURN found;
END
$$;
COMMENT ON FUNCTION bourse_private.has_rows(regclass) IS 'Whether a table has rows';

CREATE FUNCTION bourse_private.invalid_partitions()
RETURNS TABLE (severity text, check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp SET jit = off AS $$
    WITH partitioned AS MATERIALIZED (
        SELECT c.oid::regclass AS relation, p.partition_by,
               EXISTS (SELECT FROM bourse_private.partitions(c.oid) d WHERE d.is_default) AS has_default
        FROM bourse.policies p JOIN pg_class c ON c.relname = p.table_name AND c.relkind = 'p'
        JOIN pg_namespace n ON n.oid = c.relnamespace AND n.nspname = p.schema_name
        WHERE p.is_enabled AND p.partition_by IS NOT NULL
          AND bourse_private.policy_problem(c.oid, p.time_column, p.partition_by, p.move_to) IS NULL
    )
    SELECT CASE WHEN p.has_default THEN 'warning' ELSE 'critical' END, 'partition_is_there',
           bourse_private.qualified_name(p.relation), m.name, 'none: SELECT * FROM bourse.maintain()'
    FROM partitioned p
    CROSS JOIN LATERAL bourse_private.missing_partitions(p.relation, p.partition_by, 0, clock_timestamp()) m
    UNION ALL
    SELECT 'warning', 'default_partition_is_empty', bourse_private.qualified_name(d.partition), 'no rows', 'rows'
    FROM partitioned p CROSS JOIN LATERAL bourse_private.partitions(p.relation) d
    WHERE d.is_default AND bourse_private.has_rows(d.partition)
    UNION ALL
    SELECT 'critical', 'partition_is_attached', bourse_private.qualified_name(i.inhrelid),
           'a partition of ' || bourse_private.qualified_name(i.inhparent), 'half detached'
    FROM pg_inherits i WHERE i.inhdetachpending AND i.inhparent IN (SELECT bourse_private.our_tables())
$$;
COMMENT ON FUNCTION bourse_private.invalid_partitions() IS
'Partitions of now that bourse.policies wants and that are missing, rows that have found none, partitions half '
'detached';

CREATE FUNCTION bourse_private.invalid_server()
RETURNS TABLE (severity text, check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT 'warning', 'setting_is_on', s.name, 'on', 'off'
    FROM (VALUES ('data_checksums'), ('fsync'), ('full_page_writes')) s (name) WHERE current_setting(s.name) = 'off'
    UNION ALL
    SELECT 'warning', 'database_is_at_work', 'bourse.at_work', 'populated',
           'not populated: SELECT * FROM bourse.resume()'
    WHERE NOT bourse_private.is_at_work()
    UNION ALL
    SELECT 'warning', 'extension_is_that_of_the_library', e.extname, a.default_version, e.extversion
    FROM pg_extension e JOIN pg_available_extensions a ON a.name = e.extname
    WHERE e.extname = 'pg_bourse' AND e.extversion <> a.default_version
$$;
COMMENT ON FUNCTION bourse_private.invalid_server() IS
'Settings that make damage likelier or harder to see, a database that is paused, an extension older than the files of '
'the server';

CREATE FUNCTION bourse_private.invalid_rows()
RETURNS TABLE (severity text, module text, check_name text, subject text, expected text, actual text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp SET jit = off AS $$
DECLARE
    asked record;
BEGIN
    FOR asked IN SELECT h.module, h.call FROM bourse_private.hooks('own_verify') h LOOP
        BEGIN
            RETURN QUERY EXECUTE format('SELECT ''critical'', %L::text, r.check_name, r.subject, r.expected, r.actual '
                                        'FROM %s() r', asked.module, asked.call);
        EXCEPTION WHEN OTHERS THEN
            RETURN QUERY SELECT 'critical', asked.module, 'check_fails', asked.call, 'an answer',
                                bourse_private.clip(SQLERRM);
        END;
    END LOOP;
    FOR asked IN SELECT h.module, h.call FROM bourse_private.hooks('own_integrity') h LOOP
        BEGIN
            -- What the kernel counts there is listed one by one here.
            RETURN QUERY EXECUTE format('SELECT ''warning'', %L::text, r.issue, NULL::text, ''0'', r.count::text '
                                        'FROM %s() r WHERE r.count > 0 AND r.issue <> ALL ($1)',
                                        asked.module, asked.call)
                USING CASE asked.module WHEN 'bourse'
                      THEN ARRAY['sequence_behind_its_rows', 'index_not_valid', 'constraint_not_validated']
                      ELSE '{}' END;
        EXCEPTION WHEN OTHERS THEN
            RETURN QUERY SELECT 'critical', asked.module, 'check_fails', asked.call, 'an answer',
                                bourse_private.clip(SQLERRM);
        END;
    END LOOP;
END
$$;
COMMENT ON FUNCTION bourse_private.invalid_rows() IS 'What verify() and integrity() find, schema by schema';

CREATE FUNCTION bourse.validate_integrity()
RETURNS TABLE (severity text, module text, check_name text, subject text, expected text, actual text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp SET jit = off AS $$
DECLARE
    part text;
BEGIN
    PERFORM bourse.require_installed();
    RETURN QUERY SELECT * FROM bourse_private.invalid_rows();
    FOREACH part IN ARRAY ARRAY['invalid_catalog', 'invalid_references', 'invalid_partitions', 'invalid_server'] LOOP
        BEGIN
            RETURN QUERY EXECUTE format('SELECT r.severity, ''bourse'', r.check_name, r.subject, r.expected, r.actual '
                                        'FROM bourse_private.%I() r', part);
        EXCEPTION WHEN OTHERS THEN
            RETURN QUERY SELECT 'critical', 'bourse', 'check_fails', part, 'an answer', bourse_private.clip(SQLERRM);
        END;
    END LOOP;
END
$$;
COMMENT ON FUNCTION bourse.validate_integrity() IS
'Everything that is not as it must be after a restore, a recovery, a promotion, a switchover, an upgrade: what '
'verify() and integrity() find, foreign keys that lead nowhere, row by row, sequences behind their rows, migrations, '
'indexes, constraints, triggers, row security and owners of our tables, unlogged tables, partitions, and settings. '
'severity: critical, do not go on; warning. Changes nothing, works on a standby, and reads every table: minutes '
'where there are many rows. 55000 before install()';
GRANT EXECUTE ON FUNCTION bourse.validate_integrity() TO bourse_admin, bourse_monitor;
