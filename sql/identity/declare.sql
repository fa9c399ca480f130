-- What identity declares of itself, as sql/bourse/modules.sql says.

CREATE FUNCTION identity_private.own_tables() RETURNS bourse.declared_table[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, identity, pg_temp AS $$
BEGIN
    RETURN ARRAY[
        bourse_private.declare_table('users', is_audited => true, on_erasure => 'redact'),
        bourse_private.declare_table('auth_identities', is_audited => true, on_erasure => 'delete'),
        bourse_private.declare_table('user_principals', is_audited => true, on_erasure => 'delete'),
        bourse_private.declare_table('verification_codes', is_audited => true, on_erasure => 'delete'),
        bourse_private.declare_table('api_keys', is_audited => true, on_erasure => 'delete'),
        bourse_private.declare_table('exchange_credentials', is_audited => true, on_erasure => 'delete'),
        bourse_private.declare_table('*', is_audited => true, on_erasure => 'delete')];
END
$$;
COMMENT ON FUNCTION identity_private.own_tables() IS
'The tables of identity; what others make here is about persons, too';

CREATE FUNCTION identity_private.own_integrity() RETURNS TABLE (issue text, count bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, identity, pg_temp AS $$
    SELECT 'login_that_is_no_role', count(*) FROM identity.users u
    WHERE u.db_role IS NOT NULL AND NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = u.db_role)
$$;
COMMENT ON FUNCTION identity_private.own_integrity() IS
'What integrity() counts of identity: logins of users that are no roles of the server, as after a restore elsewhere. '
'Reads every user';

CREATE FUNCTION identity_private.own_metrics() RETURNS TABLE (name text, value numeric, labels jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, identity, pg_temp AS $$
    SELECT 'identity_users_estimate', greatest(c.reltuples, 0)::numeric, NULL::jsonb
    FROM pg_class c WHERE c.oid = 'identity.users'::regclass
$$;
COMMENT ON FUNCTION identity_private.own_metrics() IS
'What metrics() says of identity: about how many users there are, as of the last VACUUM or ANALYZE. Costs a look at '
'the catalog';

CREATE FUNCTION identity_private.own_health() RETURNS TABLE (ok boolean, detail text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, identity, pg_temp AS $$
BEGIN
    PERFORM FROM identity.users u ORDER BY u.id LIMIT 1;
    RETURN QUERY SELECT true, NULL::text;
END
$$;
COMMENT ON FUNCTION identity_private.own_health() IS 'Whether users can be read';
