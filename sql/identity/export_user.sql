CREATE FUNCTION identity.export_rows(relation regclass, condition text, user_id bigint) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, identity, pg_temp SET timezone = 'UTC' AS $$
DECLARE
    columns text := 'to_jsonb(t)';
    keys text := (SELECT string_agg(format('t.%I', a.attname), ', ' ORDER BY k.place)
                  FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k (n, place)
                  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.n
                  WHERE i.indrelid = relation AND i.indisprimary);
    exported jsonb;
BEGIN
    IF relation = 'audit.audit_logs'::regclass THEN
        -- What this user did to others is theirs to see, where others came from is for those others.
        condition := 'user_id = $1 OR subject_id + 0 = $1';
        columns := $columns$ to_jsonb(t) - '{cluster,transaction_id,position,values_salt,values_digest,origin_salt,origin_digest,hash}'::text[]
            - CASE WHEN t.subject_id <> $1 THEN '{record_id,old_values,new_values}' ELSE '{}' END::text[]
            - CASE WHEN t.user_id = $1 THEN '{}' ELSE '{login_role,ip_address,user_agent}' END::text[] $columns$;
    ELSIF relation = 'audit.activity_logs'::regclass THEN
        columns := $columns$ to_jsonb(t) - '{cluster,transaction_id,position,salt,digest,hash}'::text[] $columns$;
    END IF;
    EXECUTE format('SELECT coalesce(jsonb_agg(audit.redact(%s) ORDER BY %s), ''[]'') FROM %s t WHERE %s',
                   columns, coalesce(keys, 't::text'), relation, condition)
    INTO exported USING user_id;
    RETURN exported;
END
$$;
COMMENT ON FUNCTION identity.export_rows(regclass, text, bigint) IS
'The rows of a table that are about a user, as a JSON array by primary key; times in UTC, secrets redacted. For export_user() only';

CREATE FUNCTION identity.export_user(user_id bigint) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp AS $$
DECLARE
    exported jsonb;
BEGIN
    PERFORM bourse.require_installed();
    IF user_id IS NULL THEN
        RAISE EXCEPTION USING ERRCODE = 'null_value_not_allowed',
            MESSAGE = 'user_id must not be NULL', HINT = 'Give a value for user_id.';
    END IF;
    PERFORM exchange.require_user(user_id);
    SELECT jsonb_build_object(
        'user_id', user_id,
        'exported_at', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
        'tables', coalesce(jsonb_object_agg(audit.qualified_name(t.relation), identity.export_rows(t.relation, t.condition, user_id))
                           FILTER (WHERE has_table_privilege(t.relation, 'SELECT')), '{}'),
        'not_readable', coalesce(jsonb_agg(audit.qualified_name(t.relation)) FILTER (WHERE NOT has_table_privilege(t.relation, 'SELECT')), '[]'))
    INTO exported FROM identity.user_tables() t;
    PERFORM audit.write_activity(user_id, 'export_user', 'user', user_id::text, NULL);
    RETURN exported;
END
$$;
COMMENT ON FUNCTION identity.export_user(bigint) IS
'All that is held about a user, in every schema: {"user_id", "exported_at", "tables": {"identity.users": [rows], …}, "not_readable": [tables of other owners]}. Tables are found through foreign keys to identity.users and by columns named user_id; secrets are redacted. Leaves a row export_user in activity_logs. 22004 NULL, 25006 read-only, 42501 not a user you act for, 42704 unknown user';
