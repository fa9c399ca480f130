CREATE FUNCTION bourse_private.transport(listen_addresses text, is_encrypting boolean, plain_sessions bigint)
RETURNS text LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT CASE
        WHEN NOT EXISTS (SELECT FROM string_to_table(listen_addresses, ',') a
                         WHERE btrim(a, ' "') !~ '^(|localhost|127([.][0-9]{1,3}){3}|::1)$') THEN 'local only'
        WHEN NOT is_encrypting THEN 'UNENCRYPTED: ssl is off'
        WHEN plain_sessions > 0 THEN format('UNENCRYPTED: %s sessions from elsewhere go without TLS', plain_sessions)
        ELSE 'TLS'
    END
$$;
COMMENT ON FUNCTION bourse_private.transport(text, boolean, bigint) IS
'Whether what comes over the network is encrypted: local only, TLS, or UNENCRYPTED with the reason';

CREATE FUNCTION bourse_private.plain_sessions() RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT count(*) FROM pg_stat_activity a JOIN pg_stat_ssl t USING (pid)
    WHERE NOT t.ssl AND NOT a.client_addr <<= ANY (ARRAY[inet '127.0.0.0/8', '::1'])
$$;
COMMENT ON FUNCTION bourse_private.plain_sessions() IS 'Sessions from other machines without TLS, in the whole server';

CREATE FUNCTION bourse_private.migration_status() RETURNS TABLE (item text, value text)
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT a.item, a.value
    FROM (SELECT count(*) FILTER (WHERE m.state = 'pending')::text,
                 coalesce(string_agg(m.version, ', ') FILTER (WHERE m.state IN ('changed', 'unknown')), 'none')
          FROM bourse.migration_states() m) s (pending, other),
         LATERAL (VALUES ('pending_migrations', s.pending), ('other_migrations', s.other)) a (item, value)
$$;
COMMENT ON FUNCTION bourse_private.migration_status() IS
'How many migrations are pending, and which are not those of this library';

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
    UNION ALL SELECT m.item, m.value FROM bourse_private.migration_status() m
    UNION ALL SELECT 'at_work',
        coalesce((SELECT c.relispopulated FROM pg_class c WHERE c.oid = to_regclass('bourse.at_work')), false)::text
    UNION ALL SELECT 'strange_code', (SELECT coalesce(string_agg(code, '; ' ORDER BY code), 'none')
                                      FROM (SELECT u.code FROM bourse_private.unsafe_code(relations) u
                                            UNION ALL SELECT bourse_private.strange_rights()) hung)
    UNION ALL SELECT 'server', current_setting('server_version')
    UNION ALL SELECT 'durable', (current_setting('fsync')::boolean AND current_setting('full_page_writes')::boolean
                                 AND current_setting('synchronous_commit') <> 'off')::text
    UNION ALL SELECT 'transport', bourse_private.transport(
        current_setting('listen_addresses'), current_setting('ssl')::boolean, bourse_private.plain_sessions())
    UNION ALL SELECT 'passwords', CASE current_setting('password_encryption') WHEN 'scram-sha-256' THEN 'scram-sha-256'
                                  ELSE 'WEAK: password_encryption is ' || current_setting('password_encryption') END;
END
$$;
COMMENT ON FUNCTION bourse_private.own_status() IS 'What status() says of the kernel';

CREATE FUNCTION bourse.status() RETURNS TABLE (item text, value text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT a.item, a.value
    FROM bourse_private.ask('own_status', 'r.item, r.value') AS a (module text, item text, value text)
$$;
COMMENT ON FUNCTION bourse.status() IS
'What is installed and how it is kept: how many migrations are pending, which are not those of this library '
'(other_migrations), whether the sequencer may work here (at_work), what the tables call and must not (strange_code), '
'whether commits are durable, whether the network is encrypted (transport), how passwords of logins are kept '
'(passwords); in capitals, what is not safe; and what other schemas say of theirs';
GRANT EXECUTE ON FUNCTION bourse.status() TO bourse_viewer, bourse_worker, bourse_monitor;
