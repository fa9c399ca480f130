CREATE FUNCTION identity_private.require_erasable(user_id bigint, reason text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, identity, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    asked text;
BEGIN
    IF NOT identity_private.login_is('bourse_admin') THEN
        PERFORM bourse.refuse('42501', format('no permission to erase user %s', user_id),
            'Connect as a member of bourse_admin.');
    END IF;
    PERFORM bourse_private.require_read_committed('erase_user()');
    PERFORM bourse_private.require_given('reason', reason);
    IF length(btrim(reason)) NOT BETWEEN 1 AND 500 THEN
        PERFORM bourse.refuse('22023', format('reason has %s characters', length(btrim(reason))),
            'Give a reason of 1 to 500 characters, without personal data: it stays.');
    END IF;
    PERFORM identity_private.require_existing_user(user_id);
    -- Deposits wait for this lock: their foreign key needs the row.
    PERFORM FROM identity.users u WHERE u.id = user_id FOR UPDATE;
    FOR asked IN SELECT h.call FROM bourse_private.hooks('before_erasure') h LOOP
        EXECUTE format('SELECT %s($1)', asked) USING user_id;
    END LOOP;
END
$$;
COMMENT ON FUNCTION identity_private.require_erasable(bigint, text) IS
'Locks a user who is to be erased, and has every schema do so. Refuses as erase_user() says';

-- A cancel is the caller's, whatever stands around it; one that the code of a table raises is that code''s.
CREATE FUNCTION identity_private.require_no_cancel(state text, message text, context text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, identity, pg_temp AS $$
BEGIN
    IF state = '57014' AND split_part(context, E'\n', 1) NOT LIKE '% at RAISE' THEN
        RAISE EXCEPTION USING ERRCODE = 'query_canceled', MESSAGE = message;
    END IF;
    RAISE LOG 'the code of a table ended with % (%)', bourse_private.clip(message), state;
END
$$;
COMMENT ON FUNCTION identity_private.require_no_cancel(text, text, text) IS
'Ends the call when it was cancelled, and not when the code of a table only says so (57014). For export_user() and '
'erase_user() only';

-- What is left of the row says nothing of the person: optional columns are emptied, required ones get their default.
CREATE FUNCTION identity_private.erase_profile(user_id bigint, pseudonym text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, identity, pg_temp AS $$
DECLARE
    assignments text;
BEGIN
    SELECT string_agg(format('%I = %s', a.attname, CASE
               WHEN a.attname = 'name' THEN quote_literal(pseudonym)
               WHEN a.attname = 'role' THEN quote_literal('viewer')
               WHEN a.attname = 'is_active' THEN 'false'
               WHEN a.attname = 'erased_at' THEN 'clock_timestamp()'
               WHEN a.attnotnull THEN 'DEFAULT'
               ELSE 'NULL' END), ', ' ORDER BY a.attnum) INTO assignments
    FROM pg_attribute a
    WHERE a.attrelid = 'identity.users'::regclass AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = ''
      AND a.attname NOT IN ('id', 'created_at', 'updated_at')
      AND (NOT a.attnotnull OR a.atthasdef OR a.attname = 'name');
    EXECUTE format('UPDATE identity.users SET %s WHERE id = $1 AND erased_at IS NULL', assignments) USING user_id;
END
$$;
COMMENT ON FUNCTION identity_private.erase_profile(bigint, text) IS 'Empties the row of a user. For erase_user() only';

CREATE FUNCTION identity_private.delete_rows(relation regclass, condition text, user_id bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, identity, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    rows bigint;
    child_schema text;
    child text;
BEGIN
    SELECT r::bigint INTO rows FROM bourse_private.run_restricted(relation, format(
        'WITH gone AS (DELETE FROM %s WHERE %s RETURNING 1) SELECT count(*)::text FROM gone',
        bourse_private.quoted_name(relation), condition), user_id) r;
    RETURN rows;
-- ON DELETE RESTRICT is the one in PostgreSQL 15 to 17, the other in 18.
EXCEPTION WHEN foreign_key_violation OR restrict_violation THEN
    GET STACKED DIAGNOSTICS child_schema = SCHEMA_NAME, child = TABLE_NAME;
    IF child = '' THEN
        -- Somebody's trigger.
        RAISE;
    END IF;
    PERFORM bourse.refuse('23503',
        format('rows of %s.%s hold rows of user %s in %s', child_schema, child, user_id,
            bourse_private.qualified_name(relation)),
        format('Delete those rows of %s.%s first, or make its foreign key ON DELETE CASCADE.', child_schema, child));
END
$$;
COMMENT ON FUNCTION identity_private.delete_rows(regclass, text, bigint) IS
'Deletes the rows of a user and says how many, in a security-restricted operation. Names the table that holds them '
'back (23503). For erase_user() only';

-- NULL when it fails: the table is kept, and the person leaves all the same.
CREATE FUNCTION identity_private.delete_strange_rows(relation regclass, condition text, user_id bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, identity, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    context text;
BEGIN
    IF bourse_private.strange_trigger_below(
           relation, (SELECT c.relowner FROM pg_class c WHERE c.oid = relation)) IS NOT NULL THEN
        RETURN NULL;
    END IF;
    RETURN identity_private.delete_rows(relation, condition, user_id);
EXCEPTION
    WHEN OTHERS THEN
        RAISE LOG 'rows of % cannot be deleted: % (%)', relation, bourse_private.clip(SQLERRM), SQLSTATE;
        RETURN NULL;
    WHEN query_canceled OR assert_failure THEN
        GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
        PERFORM identity_private.require_no_cancel(SQLSTATE, SQLERRM, context);
        RETURN NULL;
END
$$;
COMMENT ON FUNCTION identity_private.delete_strange_rows(regclass, text, bigint) IS
'Deletes the rows of a user from a table of somebody else, with its owner''s rights, and says how many; NULL: that has '
'failed. For erase_user() only';

CREATE FUNCTION identity.erase_user(user_id bigint, reason text) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    pseudonym text := 'erased user ' || user_id;
    login text;
    owned record;
    rows bigint;
    deleted jsonb := '{}';
    kept jsonb := '[]';
    report jsonb;
    more jsonb;
    asked text;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_erasable(user_id, reason);
    IF bourse_private.strange_trigger('identity.users') IS NOT NULL THEN
        PERFORM bourse_private.require_no_strange_trigger('identity.users');
    END IF;
    SELECT u.db_role INTO login FROM identity.users u WHERE u.id = user_id;
    PERFORM identity_private.erase_profile(user_id, pseudonym);
    -- Of our tables their schemas say what becomes of the rows; of others, what would go with the user goes now, and
    -- what hangs on it, and what would not is kept.
    FOR owned IN
        SELECT t.relation, d.name, t.condition, t.ours, d.on_erasure = 'delete' IS TRUE AS has_to_go,
               bourse_private.strange_trigger_below(t.relation) AS strange_trigger,
               t.readable AND has_table_privilege(t.relation, 'DELETE')
               AND CASE d.on_erasure WHEN 'delete' THEN true WHEN 'keep' THEN false
                                     ELSE t.on_delete = 'cascade' END AS goes
        FROM identity_private.user_tables() t
        CROSS JOIN LATERAL (SELECT q.name, bourse_private.on_erasure_of(q.name) AS on_erasure
                            FROM bourse_private.qualified_name(t.relation) q (name)) d
        WHERE t.on_delete IS NOT NULL AND d.on_erasure IS DISTINCT FROM 'redact'
    LOOP
        rows := NULL;
        IF owned.goes AND NOT owned.ours THEN
            rows := identity_private.delete_strange_rows(owned.relation, owned.condition, user_id);
        ELSIF owned.goes AND owned.strange_trigger IS NULL THEN
            rows := identity_private.delete_rows(owned.relation, owned.condition, user_id);
        ELSIF owned.goes AND owned.has_to_go THEN
            PERFORM bourse_private.require_no_strange_trigger(owned.relation);
        END IF;
        IF rows IS NOT NULL THEN
            IF rows > 0 THEN
                deleted := deleted || jsonb_build_object(owned.name, rows);
            END IF;
        ELSE
            kept := kept || to_jsonb(owned.name);
        END IF;
    END LOOP;
    report := jsonb_build_object('user_id', user_id, 'pseudonym', pseudonym, 'reason', btrim(reason),
                                 'deleted', deleted, 'kept', kept, 'login_role', login);
    FOR asked IN SELECT h.call FROM bourse_private.hooks('on_erasure') h LOOP
        EXECUTE format('SELECT %s($1, $2)', asked) INTO more USING user_id, report;
        report := report || more;
    END LOOP;
    RETURN report - 'reason';
END
$$;
COMMENT ON FUNCTION identity.erase_user(bigint, text) IS
'Takes a person out of the database for good: the name becomes a pseudonym, everything else in identity.users is '
'emptied, the user inactive and without a login; rows of identity and rows that would be deleted with the user are '
'deleted, personal values leave the trail, which still verifies. Orders, trades, balances and transfers stay under the '
'pseudonym. reason: 1 to 500 characters, stays in an ERASE row of audit_logs. Safe to repeat. Returns {"user_id", '
'"pseudonym", "erasure": id of that row, "deleted": rows by table, "kept": tables left as they are, "redacted": rows '
'by log, "login_role": the login to drop}. 22004 NULL, 22023 reason, 25001 not under READ COMMITTED, 42501 no admin, '
'42704 unknown user, 55000 a trigger that somebody else has put below a table of identity, 23503 a table without ON '
'DELETE CASCADE holds a row that is to go, 55006 live orders or a balance';
GRANT EXECUTE ON FUNCTION identity.erase_user(bigint, text) TO bourse_admin;
