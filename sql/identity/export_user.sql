CREATE FUNCTION identity_private.export_rows(relation regclass, condition text, user_id bigint,
                                             columns text DEFAULT 'to_jsonb(t)') RETURNS SETOF jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, identity, pg_temp SET timezone = 'UTC'
SET extra_float_digits = 1 SET datestyle = 'ISO, MDY' SET intervalstyle = 'postgres' SET bytea_output = 'hex' AS $$
DECLARE
    keys text := (SELECT string_agg(format('t.%I', a.attname), ', ' ORDER BY k.place)
                  FROM pg_index i CROSS JOIN LATERAL unnest(i.indkey::int2[]) WITH ORDINALITY k (n, place)
                  JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = k.n
                  -- Where there is none of the whole, each partition has the same.
                  WHERE i.indisprimary AND i.indrelid = (
                      SELECT p.indrelid FROM pg_index p LEFT JOIN pg_inherits h ON h.inhrelid = p.indrelid
                      WHERE p.indisprimary AND (p.indrelid = relation OR h.inhparent = relation)
                      ORDER BY p.indrelid <> relation LIMIT 1));
BEGIN
    RETURN QUERY EXECUTE format('SELECT bourse_private.redact(%s) FROM %s t WHERE %s ORDER BY %s',
                                columns, relation, condition, coalesce(keys, 'to_jsonb(t)::text COLLATE "C"'))
        USING user_id;
END
$$;
COMMENT ON FUNCTION identity_private.export_rows(regclass, text, bigint, text) IS
'The rows of one of our tables that are about a user, by primary key; times in UTC, secrets redacted. columns: what of '
'the row t, as JSON. For export_user_rows() and own_rows() of schemas only';

-- A table of somebody else: its code runs with its owner's rights, and whatever it does, the others are still told. One
-- row more than is given shows that there are more.
CREATE FUNCTION identity_private.export_strange_rows(relation regclass, condition text, user_id bigint, budget bigint)
RETURNS SETOF jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, identity, pg_temp SET timezone = 'UTC'
SET extra_float_digits = 1 SET datestyle = 'ISO, MDY' SET intervalstyle = 'postgres' SET bytea_output = 'hex' AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT integer := 10000;
    rows text[];
    context text;
BEGIN
    BEGIN
        rows := ARRAY(SELECT r FROM bourse_private.run_restricted(relation, format(
            'SELECT CASE WHEN sum(length(row)) OVER (ROWS UNBOUNDED PRECEDING) <= %s THEN row END FROM ('
            'SELECT to_jsonb(t)::text AS row FROM %s t WHERE %s LIMIT %s) r',
            budget, bourse_private.quoted_name(relation), condition, most + 1), user_id) r);
        IF cardinality(rows) <= most AND array_position(rows, NULL) IS NULL THEN
            RETURN QUERY SELECT bourse_private.redact(r::jsonb) FROM unnest(rows) r ORDER BY r COLLATE "C";
            RETURN;
        END IF;
    EXCEPTION
        WHEN OTHERS THEN
            RAISE LOG 'table % cannot be exported: % (%)', relation, bourse_private.clip(SQLERRM), SQLSTATE;
        WHEN query_canceled OR assert_failure THEN
            GET STACKED DIAGNOSTICS context = PG_EXCEPTION_CONTEXT;
            PERFORM identity_private.require_no_cancel(SQLSTATE, SQLERRM, context);
    END;
    RETURN NEXT NULL;
END
$$;
COMMENT ON FUNCTION identity_private.export_strange_rows(regclass, text, bigint, bigint) IS
'The rows of a table of somebody else that are about a user, read with its owner''s rights, secrets redacted; a single '
'NULL when that fails, or gives more than 10,000 rows or more characters than the budget. For export_user_rows() only';

CREATE FUNCTION identity.export_user_rows(user_id bigint) RETURNS TABLE (table_name text, data jsonb)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    held record;
    strange jsonb[];
    -- Characters that tables of others may give in all.
    budget bigint := 33554432;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('user_id', user_id);
    PERFORM identity_private.require_user(user_id);
    FOR held IN SELECT t.relation, t.condition, t.readable, t.ours, bourse_private.qualified_name(t.relation) AS name,
                       h.call AS own_rows
                FROM identity_private.user_tables() t
                LEFT JOIN bourse_private.declared_tables() d ON d.relation = t.relation AND d.on_erasure = 'redact'
                LEFT JOIN bourse_private.hooks('own_rows') h ON h.module = d.module LOOP
        IF held.readable AND held.own_rows IS NOT NULL THEN
            RETURN QUERY EXECUTE format('SELECT $1, r FROM %s($2, $3) r', held.own_rows)
                USING held.name, held.relation, user_id;
        ELSIF held.readable AND held.ours THEN
            RETURN QUERY SELECT held.name, r
                         FROM identity_private.export_rows(held.relation, held.condition, user_id) r;
        ELSIF held.readable THEN
            strange := ARRAY(SELECT r
                             FROM identity_private.export_strange_rows(
                                 held.relation, held.condition, user_id, budget) r);
            budget := budget - (SELECT coalesce(sum(length(r::text)), 0) FROM unnest(strange) r);
            RETURN QUERY SELECT held.name, r FROM unnest(strange) r;
        ELSE
            RETURN QUERY SELECT held.name, NULL::jsonb;
        END IF;
    END LOOP;
    FOR held IN SELECT h.call FROM bourse_private.hooks('rows_beside') h LOOP
        RETURN QUERY EXECUTE format('SELECT bourse_private.qualified_name(r.relation), r.data FROM %s($1) r', held.call)
            USING user_id;
    END LOOP;
    PERFORM bourse_private.log_activity(user_id, 'export_user', 'user', user_id::text, NULL);
END
$$;
COMMENT ON FUNCTION identity.export_user_rows(bigint) IS
'All that is held about a user, in every schema, one row each however many there are: table_name, data: the row as '
'JSON, secrets redacted, times in UTC; NULL: a table that cannot be read. What belongs to neither bourse_owner nor a '
'superuser is read with its owner''s rights, up to 10,000 rows of a table and 32 million characters in all. Tables are '
'found through foreign keys to identity.users and, those of bourse_owner, by columns named user_id. Leaves a row '
'export_user in activity_logs. 22004 NULL, 25006 read-only, 42501 not a user you act for, 42704 unknown user';
GRANT EXECUTE ON FUNCTION identity.export_user_rows(bigint) TO bourse_viewer, bourse_worker;

CREATE FUNCTION identity.export_user(user_id bigint) RETURNS jsonb
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM bourse.require_installed();
    RETURN (
        WITH exported AS (
            SELECT r.table_name, jsonb_agg(r.data ORDER BY r.n) AS rows, bool_and(r.data IS NOT NULL) AS readable
            FROM identity.export_user_rows(user_id) WITH ORDINALITY r (table_name, data, n) GROUP BY r.table_name
        ), held AS (
            SELECT bourse_private.qualified_name(t.relation) AS name FROM identity_private.user_tables() t
            UNION SELECT e.table_name FROM exported e
        )
        SELECT jsonb_build_object(
            'user_id', user_id,
            'exported_at', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'),
            'tables',
                coalesce(jsonb_object_agg(h.name, coalesce(e.rows, '[]')) FILTER (WHERE e.readable IS NOT FALSE), '{}'),
            'not_readable', coalesce(jsonb_agg(h.name) FILTER (WHERE NOT e.readable), '[]'))
        FROM held h LEFT JOIN exported e ON e.table_name = h.name);
EXCEPTION WHEN program_limit_exceeded THEN
    PERFORM bourse.refuse('54000', format('what is held about user %s is too much for one JSON value', user_id),
        'Read it row by row: SELECT * FROM identity.export_user_rows(user_id).');
END
$$;
COMMENT ON FUNCTION identity.export_user(bigint) IS
'What export_user_rows() gives, as one value: {"user_id", "exported_at", "tables": {"identity.users": [rows], …}, '
'"not_readable": [tables]}. 54000 too much for one value (a few hundred thousand rows), and else as export_user_rows()';
GRANT EXECUTE ON FUNCTION identity.export_user(bigint) TO bourse_viewer, bourse_worker;
