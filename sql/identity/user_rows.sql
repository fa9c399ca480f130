-- Where a user's rows stand, found in the catalog, so that a new table is covered the day it is made: in our own tables
-- by user_id; in everybody's by a foreign key to identity.users that must be filled (an optional one, like approved_by,
-- names the user in somebody else's row); without a user of their own by way of the rows that they hang on, as trades
-- on orders.
CREATE FUNCTION identity_private.user_tables()
RETURNS TABLE (relation regclass, condition text, on_delete text, readable boolean, ours boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, identity, pg_temp AS $$
DECLARE
    found jsonb := '{}';
    grown jsonb;
BEGIN
    SELECT jsonb_object_agg(d.relation::oid, jsonb_build_array(d.condition, d.on_delete,
               identity_private.may_read(d.relation) AND (d.ours OR bourse_private.is_of_its_owner(d.relation)),
               d.ours)) INTO found
    FROM (SELECT t.*, bourse_private.is_ours(t.relation) AS ours FROM identity_private.user_tables_direct() t) d;
    LOOP
        SELECT jsonb_object_agg(h.conrelid, jsonb_build_array(h.condition, NULL, h.readable, h.ours)) INTO grown
        FROM (SELECT f.conrelid,
                     string_agg(format('%I IN (SELECT %I FROM %I.%I WHERE %s)', a.attname, r.attname, n.nspname,
                                       c.relname, found -> f.confrelid::text ->> 0),
                                ' OR ' ORDER BY a.attnum) AS condition,
                     -- The condition reads the other tables: with our rights, and then no code of a stranger.
                     identity_private.may_read(f.conrelid) AND bourse_private.is_ours(f.conrelid)
                     AND bool_and((found -> f.confrelid::text ->> 2)::boolean
                                  AND (found -> f.confrelid::text ->> 3)::boolean) AS readable,
                     bourse_private.is_ours(f.conrelid) AS ours
              FROM pg_constraint f
              JOIN pg_class c ON c.oid = f.confrelid JOIN pg_namespace n ON n.oid = c.relnamespace
              JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]
              JOIN pg_attribute r ON r.attrelid = f.confrelid AND r.attnum = f.confkey[1]
              WHERE f.contype = 'f' AND f.conparentid = 0 AND cardinality(f.conkey) = 1 AND found ? f.confrelid::text
                AND NOT found ? f.conrelid::text AND f.confrelid <> 'identity.users'::regclass
              GROUP BY f.conrelid) h;
        EXIT WHEN grown IS NULL;
        found := found || grown;
    END LOOP;
    RETURN QUERY
    SELECT f.key::oid::regclass, f.value ->> 0, f.value ->> 1, (f.value ->> 2)::boolean, (f.value ->> 3)::boolean
    FROM jsonb_each(found) f
    ORDER BY bourse_private.qualified_name(f.key::oid::regclass) COLLATE "C";
END
$$;
COMMENT ON FUNCTION identity_private.user_tables() IS
'The tables that hold rows about users, with the condition that finds those of user $1, and for those with a user of '
'their own what becomes of the rows when the user is deleted (cascade, set null, restrict); whether they can be read, '
'and the rows that they hang on; whether they are ours, and no code of a stranger is in them. For export_user() and '
'erase_user()';

-- A policy hides rows without a word, and a schema without USAGE ends the whole call: both are asked for before.
CREATE FUNCTION identity_private.may_read(relation regclass) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, identity, pg_temp AS $$
    SELECT has_schema_privilege(c.relnamespace, 'USAGE') AND has_table_privilege(c.oid, 'SELECT')
        AND NOT row_security_active(c.oid)
    FROM pg_class c WHERE c.oid = relation
$$;
COMMENT ON FUNCTION identity_private.may_read(regclass) IS
'Whether the current role reads all rows of a table: schema, table and no row security that applies. For user_tables()';

CREATE FUNCTION identity_private.user_tables_direct() RETURNS TABLE (relation regclass, condition text, on_delete text)
LANGUAGE sql STABLE SET search_path = pg_catalog, identity, pg_temp AS $$
    WITH columns AS (
        SELECT c.oid, a.attname, a.attnum, a.attnotnull, a.attname = 'user_id' AS is_user_id, f.confdeltype
        FROM pg_class c
        JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
        LEFT JOIN pg_constraint f ON f.conrelid = c.oid AND f.contype = 'f' AND f.confrelid = 'identity.users'::regclass
                                     AND f.conkey = ARRAY[a.attnum]
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relpersistence <> 't'
          AND c.oid <> 'identity.users'::regclass
          -- Without a foreign key the name is believed in our own tables only.
          AND (f.oid IS NOT NULL
               OR a.attname = 'user_id' AND a.atttypid IN ('int8'::regtype, 'int4'::regtype)
               AND c.relowner = 'bourse_owner'::regrole)
    ), ranked AS (
        SELECT c.*, rank() OVER (PARTITION BY c.oid ORDER BY NOT c.is_user_id, NOT c.attnotnull) AS place FROM columns c
    )
    SELECT 'identity.users'::regclass, 'id = $1', 'restrict'
    UNION ALL
    SELECT r.oid::regclass, string_agg(format('%I = $1', r.attname), ' OR ' ORDER BY r.attnum),
           min(CASE r.confdeltype WHEN 'c' THEN 'cascade' WHEN 'n' THEN 'set null' WHEN 'd' THEN 'set default'
                                  ELSE 'restrict' END)
    FROM ranked r WHERE r.place = 1 GROUP BY r.oid
$$;
COMMENT ON FUNCTION identity_private.user_tables_direct() IS 'The part of user_tables() with a user of their own';
