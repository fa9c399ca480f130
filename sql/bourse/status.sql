CREATE FUNCTION bourse_private.own_status() RETURNS TABLE (item text, value text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    applied text[] := '{}';
    relations oid[] := (SELECT array_agg(c.oid) FROM pg_class c
                        WHERE c.relhastriggers OR c.relowner = to_regrole('bourse_owner'));
BEGIN
    IF to_regclass('bourse.schema_migrations') IS NOT NULL THEN
        SELECT coalesce(array_agg(m.version ORDER BY m.applied_at), '{}') INTO applied FROM bourse.schema_migrations m;
    END IF;
    RETURN QUERY
    SELECT 'extension', e.extversion FROM pg_extension e WHERE e.extname = 'pg_bourse'
    UNION ALL SELECT 'installed', (cardinality(applied) > 0)::text
    UNION ALL SELECT 'schema_version', applied[cardinality(applied)]
    UNION ALL SELECT 'pending_migrations', count(*) FILTER (WHERE m.state = 'pending')::text
              FROM bourse.migration_states() m
    UNION ALL SELECT 'other_migrations', coalesce(string_agg(m.version, ', '), 'none')
              FROM bourse.migration_states() m WHERE m.state IN ('changed', 'unknown')
    UNION ALL SELECT 'at_work',
        coalesce((SELECT c.relispopulated FROM pg_class c WHERE c.oid = to_regclass('bourse.at_work')), false)::text
    UNION ALL SELECT 'strange_code', (SELECT coalesce(string_agg(code, '; ' ORDER BY code), 'none')
                                      FROM (SELECT u.code FROM bourse_private.unsafe_code(relations) u
                                            UNION ALL SELECT bourse_private.strange_rights()) hung)
    UNION ALL SELECT 'server', current_setting('server_version')
    UNION ALL SELECT 'durable', (current_setting('fsync')::boolean AND current_setting('full_page_writes')::boolean
                                 AND current_setting('synchronous_commit') <> 'off')::text;
END
$$;
COMMENT ON FUNCTION bourse_private.own_status() IS 'What status() says of the kernel';

CREATE FUNCTION bourse.status() RETURNS TABLE (item text, value text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT a.item, a.value
    FROM bourse_private.ask('own_status', 'r.item, r.value') AS a (module text, item text, value text)
$$;
COMMENT ON FUNCTION bourse.status() IS
'What is installed, how many migrations are pending, which are not those of this library (other_migrations), whether '
'the sequencer may work here (at_work), what the tables call and must not (strange_code), whether commits are durable; '
'and what other schemas say of theirs';
GRANT EXECUTE ON FUNCTION bourse.status() TO bourse_viewer, bourse_worker, bourse_monitor;
