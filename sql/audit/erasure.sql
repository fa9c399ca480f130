-- The chain holds digests of what is taken out here, whole; what stays is still held by it.
CREATE FUNCTION audit_private.erase_trail(user_id bigint, erasure bigint, last_activity bigint) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, audit, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    changes bigint;
    activities bigint;
BEGIN
    WITH kinds AS MATERIALIZED (
        SELECT k.action, k.table_name, audit_private.values_are_personal(k.action, k.table_name) AS are_personal
        FROM (SELECT DISTINCT l.action, l.table_name FROM audit.audit_logs l
              WHERE l.subject_id + 0 = user_id AND l.id < erasure) k
    ), marked AS (
        SELECT l.id,
               l.values_erased_by IS NULL AND l.subject_id = user_id IS TRUE
               AND (SELECT k.are_personal FROM kinds k WHERE (k.action, k.table_name) = (l.action, l.table_name))
                   AS erase_values,
               l.origin_erased_by IS NULL
               AND audit_private.origin_person(l.user_id, l.subject_id, l.action, l.operator) = user_id IS TRUE
                   AS erase_origin
        FROM audit.audit_logs l WHERE (l.subject_id + 0 = user_id OR l.user_id = user_id) AND l.id < erasure
    )
    UPDATE audit.audit_logs l
    SET old_values = CASE WHEN NOT m.erase_values THEN l.old_values END,
        new_values = CASE WHEN NOT m.erase_values THEN l.new_values END,
        values_salt = CASE WHEN NOT m.erase_values THEN l.values_salt END,
        values_erased_by = CASE WHEN m.erase_values THEN erasure ELSE l.values_erased_by END,
        login_role = CASE WHEN NOT m.erase_origin THEN l.login_role END,
        ip_address = CASE WHEN NOT m.erase_origin THEN l.ip_address END,
        user_agent = CASE WHEN NOT m.erase_origin THEN l.user_agent END,
        origin_salt = CASE WHEN NOT m.erase_origin THEN l.origin_salt END,
        origin_erased_by = CASE WHEN m.erase_origin THEN erasure ELSE l.origin_erased_by END
    FROM marked m WHERE m.id = l.id AND (m.erase_values OR m.erase_origin);
    GET DIAGNOSTICS changes = ROW_COUNT;
    UPDATE audit.activity_logs l
    SET resource_id = NULL, details = NULL, login_role = NULL, ip_address = NULL, user_agent = NULL, salt = NULL,
        erased_by = erasure
    WHERE l.subject_id + 0 = user_id AND l.erased_by IS NULL AND l.id <= last_activity;
    GET DIAGNOSTICS activities = ROW_COUNT;
    RETURN jsonb_build_object('audit.audit_logs', changes, 'audit.activity_logs', activities);
END
$$;
COMMENT ON FUNCTION audit_private.erase_trail(bigint, bigint, bigint) IS
'Takes what is personal of a user out of the trail, in the name of an ERASE row: the values of rows about the user but '
'for those of books that are kept, and login, address and user agent of what the user did, or somebody who is no user, '
'like a gateway, for the user. How many rows of each log. For on_erasure() only';

CREATE FUNCTION audit_private.on_erasure(user_id bigint, report jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, audit, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    last_activity bigint := (SELECT coalesce(max(l.id), 0) FROM audit.activity_logs l WHERE l.subject_id = user_id);
    erasure bigint;
BEGIN
    erasure := audit_private.write_log('ERASE', 'identity.users', user_id::text, user_id, NULL,
                                       jsonb_build_object('reason', report -> 'reason', 'deleted', report -> 'deleted',
                                                          'last_activity', last_activity));
    RETURN jsonb_build_object('erasure', erasure,
                              'redacted', audit_private.erase_trail(user_id, erasure, last_activity));
END
$$;
COMMENT ON FUNCTION audit_private.on_erasure(bigint, jsonb) IS
'Writes the ERASE row of a user whom identity.erase_user() is erasing, with the reason and what was deleted, and takes '
'what is personal out of the trail. Returns the id of that row, and how many rows of each log';

-- What this user did to others is theirs to see, where others came from is for those others.
CREATE FUNCTION audit_private.own_rows(relation regclass, user_id bigint) RETURNS SETOF jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
    SELECT r FROM identity_private.export_rows(relation, 'user_id = $1 OR subject_id + 0 = $1', user_id, $columns$
            to_jsonb(t)
            - '{cluster,transaction_id,position,values_salt,values_digest,origin_salt,origin_digest,hash}'::text[]
            - CASE WHEN t.subject_id <> $1 THEN '{record_id,old_values,new_values}' ELSE '{}' END::text[]
            - CASE WHEN t.user_id = $1 THEN '{}'
                   ELSE '{login_role,ip_address,user_agent,operator}' END::text[] $columns$) r
    WHERE relation = 'audit.audit_logs'::regclass
    UNION ALL
    SELECT r FROM identity_private.export_rows(relation, 'user_id = $1', user_id, $columns$
            to_jsonb(t) - '{cluster,transaction_id,position,salt,digest,hash}'::text[] $columns$) r
    WHERE relation = 'audit.activity_logs'::regclass
$$;
COMMENT ON FUNCTION audit_private.own_rows(regclass, bigint) IS
'What a user is told of the rows of a log that are about or by the user, by primary key';
