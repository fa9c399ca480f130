-- Keeps strangers' code off our tables. TRIGGER and REFERENCES are the rights by which others hang code on a table: a
-- trigger runs with the rights of whoever writes the row, mostly bourse_owner; a foreign key is checked with the rights
-- of the owner of the table that it refers to, and a stranger's type comes with a stranger's cast.
--
-- In PL/pgSQL with one plan, as attached_code.sql says why.

-- From tables whose rows a schema redacts nothing is deleted: what stands right below a person is the person's, and may
-- have what triggers its owner likes.
CREATE FUNCTION bourse_private.strange_triggers_below(relations oid[]) RETURNS SETOF text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY
    WITH RECURSIVE above (oid) AS (
        SELECT unnest(relations)
        UNION
        SELECT t.oid FROM above a CROSS JOIN LATERAL (
            SELECT f.confrelid FROM pg_constraint f
            WHERE f.contype = 'f' AND f.conrelid = a.oid AND f.confdeltype IN ('c', 'n', 'd')
            UNION ALL SELECT i.inhparent FROM pg_inherits i WHERE i.inhrelid = a.oid) t (oid)
    ), ours AS MATERIALIZED (
        -- Before anything is asked of them: each question costs as much as the rest of the statement.
        SELECT c.oid FROM above a
        JOIN pg_class c ON c.oid = a.oid AND c.relowner = to_regrole('bourse_owner') AND c.relkind IN ('r', 'p')
    )
    SELECT format('trigger %s below %s', below.trigger, bourse_private.quoted_name(o.oid))
    FROM ours o CROSS JOIN LATERAL bourse_private.strange_trigger_below(o.oid) below (trigger)
    WHERE below.trigger IS NOT NULL AND bourse_private.strange_trigger(o.oid) IS NULL
      AND bourse_private.on_erasure_of(bourse_private.qualified_name(o.oid)) IS DISTINCT FROM 'redact';
END
$$;
COMMENT ON FUNCTION bourse_private.strange_triggers_below(oid[]) IS
'Triggers of strangers that deletions from our tables fire by way of foreign keys, in the tables above and below these '
'relations. No rows: none';

CREATE FUNCTION bourse_private.strange_code(relations oid[]) RETURNS SETOF text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY
    WITH RECURSIVE referring (con, type) AS (
        SELECT k.oid, a.atttypid
        FROM pg_constraint k JOIN pg_class home ON home.oid = k.confrelid
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
        WHERE k.conrelid = ANY (relations) AND k.contype = 'f' AND home.relowner = to_regrole('bourse_owner')
        UNION
        -- What a domain is made of decides the cast.
        SELECT r.con, t.typbasetype FROM referring r JOIN pg_type t ON t.oid = r.type WHERE t.typbasetype <> 0
    )
    SELECT format('trigger %I on %s', bourse_private.strange_trigger(c.oid), bourse_private.quoted_name(c.oid))
    FROM pg_class c
    WHERE c.oid = ANY (relations) AND c.relowner = to_regrole('bourse_owner')
      AND bourse_private.strange_trigger(c.oid) IS NOT NULL
    UNION ALL
    SELECT format('foreign key %I of %s to %s', k.conname, bourse_private.quoted_name(k.conrelid),
                  bourse_private.quoted_name(k.confrelid))
    FROM pg_constraint k
    WHERE k.oid IN (SELECT f.con FROM referring f JOIN pg_type t ON t.oid = f.type JOIN pg_roles r ON r.oid = t.typowner
                    WHERE t.typbasetype = 0 AND NOT r.rolsuper AND r.rolname <> 'bourse_owner')
    UNION ALL
    SELECT * FROM bourse_private.strange_triggers_below(relations);
END
$$;
COMMENT ON FUNCTION bourse_private.strange_code(oid[]) IS
'Code of strangers (neither superusers nor bourse_owner) that runs with our rights by way of tables: their triggers, '
'when they are ours, what deletions from ours fire below them, and their foreign keys to ours from columns of strange '
'types. No rows: none';

CREATE FUNCTION bourse_private.require_safe_code(relation oid) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    found text := (SELECT min(code) FROM bourse_private.unsafe_code(ARRAY[relation]));
BEGIN
    IF found IS NOT NULL THEN
        PERFORM bourse.refuse('55000', found || ' must not run with the rights of bourse_owner',
            'It belongs to somebody else, who has put it there, or has no SET search_path that ends with pg_temp.');
    END IF;
END
$$;
COMMENT ON FUNCTION bourse_private.require_safe_code(oid) IS
'Refuses a table of ours with unsafe_code() (55000). For the engine, before it writes there';

CREATE FUNCTION bourse_private.strange_rights(relations oid[] DEFAULT NULL) RETURNS SETOF text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY
    SELECT DISTINCT format('%s on %s for %s', g.privilege_type, bourse_private.quoted_name(c.oid),
                           CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END)
    FROM pg_class c
    CROSS JOIN LATERAL (
        SELECT c.relacl
        UNION ALL SELECT a.attacl FROM pg_attribute a WHERE a.attrelid = c.oid AND a.attacl IS NOT NULL) acl (items)
    CROSS JOIN LATERAL aclexplode(acl.items) g
    WHERE c.relowner = to_regrole('bourse_owner') AND c.relkind NOT IN ('i', 'I')
      AND (relations IS NULL OR c.oid = ANY (relations)) AND g.privilege_type IN ('REFERENCES', 'TRIGGER')
      AND (g.grantee = 0 OR NOT pg_has_role(g.grantee, c.relowner, 'MEMBER'))
    UNION ALL
    -- Who makes functions and operators in a schema of ours makes some that fit our calls better than ours do.
    SELECT format('CREATE on schema %I for %s', n.nspname,
                  CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END)
    FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) g
    WHERE relations IS NULL AND n.nspowner = to_regrole('bourse_owner') AND g.privilege_type = 'CREATE'
      AND (g.grantee = 0 OR NOT pg_has_role(g.grantee, n.nspowner, 'MEMBER'));
END
$$;
COMMENT ON FUNCTION bourse_private.strange_rights(oid[]) IS
'The rights REFERENCES and TRIGGER on our tables, and CREATE on our schemas, of roles that are no members of '
'bourse_owner; relations: on these tables alone. No rows: none';

CREATE FUNCTION bourse_private.require_no_strange_rights(relations oid[] DEFAULT NULL) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    may_hang text := (SELECT min(r) FROM bourse_private.strange_rights(relations) r);
BEGIN
    IF may_hang IS NOT NULL THEN
        PERFORM bourse.refuse('42501', may_hang || ' would let a stranger run code with the rights of bourse_owner',
            'Name the rights that are needed (SELECT, INSERT ...) in place of ALL; a superuser can add the foreign '
            'key or trigger.');
    END IF;
END
$$;
COMMENT ON FUNCTION bourse_private.require_no_strange_rights(oid[]) IS
'Refuses strange_rights() (42501). For the guard of our tables and bourse.install()';

-- A function is looked at when something depends on it: one that has just been made has nothing yet.
CREATE FUNCTION bourse_private.touched_relations(tag text) RETURNS oid[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    IF tag ~ '(CAST|DOMAIN|TYPE|OPERATOR|FAMILY)$'
        OR tag ~ '(FUNCTION|ROUTINE|AGGREGATE|VIEW|POLICY)$'
           AND EXISTS (SELECT FROM pg_event_trigger_ddl_commands() c
                       CROSS JOIN LATERAL (SELECT FROM pg_depend d
                                           WHERE d.refclassid = c.classid AND d.refobjid = c.objid AND d.deptype = 'n'
                                           LIMIT 1) needs_it) THEN
        RETURN (SELECT array_agg(c.oid) FROM pg_class c WHERE c.relowner = to_regrole('bourse_owner'));
    END IF;
    RETURN (
        SELECT array_agg(c.oid)
        FROM pg_event_trigger_ddl_commands() d
        JOIN pg_class c ON c.oid = CASE d.classid
            WHEN 'pg_class'::regclass THEN coalesce((SELECT i.indrelid FROM pg_index i WHERE i.indexrelid = d.objid),
                                                    d.objid)
            WHEN 'pg_trigger'::regclass THEN (SELECT t.tgrelid FROM pg_trigger t WHERE t.oid = d.objid)
            WHEN 'pg_policy'::regclass THEN (SELECT p.polrelid FROM pg_policy p WHERE p.oid = d.objid)
            WHEN 'pg_rewrite'::regclass THEN (SELECT r.ev_class FROM pg_rewrite r WHERE r.oid = d.objid)
            WHEN 'pg_statistic_ext'::regclass THEN (SELECT s.stxrelid FROM pg_statistic_ext s WHERE s.oid = d.objid)
            END
        WHERE c.relhastriggers OR c.relowner = to_regrole('bourse_owner'));
END
$$;
COMMENT ON FUNCTION bourse_private.touched_relations(text) IS
'Which relations the statement of an event trigger may have attached code to; NULL: none. For '
'require_no_strange_code() only';

-- Every CREATE TABLE of the application comes by here: what touches no table of ours, and no foreign key, ends early.
-- STABLE: what it calls sees what it sees, the newest state of the catalog.
CREATE FUNCTION bourse_private.require_no_strange_code(tag text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    relations oid[] := bourse_private.touched_relations(tag);
    hung text;
    careless text;
BEGIN
    IF relations IS NOT NULL THEN
        SELECT min(code) FILTER (WHERE strange), min(code) FILTER (WHERE NOT strange) INTO hung, careless
        FROM bourse_private.unsafe_code(relations);
    END IF;
    IF hung IS NOT NULL THEN
        PERFORM bourse.refuse('42501', hung || ' would run a stranger''s code with the rights of bourse_owner',
            'What a table of ours calls (functions, types, views), and the types of foreign keys to it, must belong to '
            'a superuser or to bourse_owner.');
    END IF;
    IF careless IS NOT NULL THEN
        PERFORM bourse.refuse('42501',
            careless || ' would find its tables by the search_path of whoever calls, with the rights of bourse_owner',
            'ALTER FUNCTION ... SET search_path = pg_catalog, the schemas that it needs, pg_temp. Temporary tables '
            'come first otherwise.');
    END IF;
    -- A right can come with a new table, by ALTER DEFAULT PRIVILEGES.
    IF relations IS NOT NULL OR tag = 'GRANT'
        AND EXISTS (SELECT FROM pg_event_trigger_ddl_commands() d WHERE d.object_type IN ('TABLE', 'SCHEMA')) THEN
        PERFORM bourse_private.require_no_strange_rights(relations);
    END IF;
END
$$;
COMMENT ON FUNCTION bourse_private.require_no_strange_code(text) IS
'Refuses a statement, by its tag, that leaves unsafe_code() or strange_rights() behind (42501). For '
'refuse_strange_code() only';

CREATE FUNCTION bourse_private.refuse_strange_code() RETURNS event_trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'refuse_strange_code_wrapper';
COMMENT ON FUNCTION bourse_private.refuse_strange_code() IS
'Event trigger: require_no_strange_code(), with the rights of bourse_owner whoever has sent the statement';

CREATE EVENT TRIGGER bourse_refuse_strange_code ON ddl_command_end
    WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE', 'ALTER FOREIGN TABLE', 'CREATE TRIGGER', 'ALTER TRIGGER',
                 'CREATE SCHEMA', 'GRANT', 'CREATE INDEX', 'CREATE STATISTICS', 'CREATE POLICY', 'ALTER POLICY',
                 'CREATE RULE', 'ALTER RULE', 'CREATE VIEW', 'ALTER VIEW', 'CREATE MATERIALIZED VIEW',
                 'ALTER MATERIALIZED VIEW', 'CREATE FUNCTION', 'ALTER FUNCTION', 'ALTER ROUTINE', 'CREATE AGGREGATE',
                 'ALTER AGGREGATE', 'CREATE CAST', 'ALTER DOMAIN', 'ALTER TYPE', 'CREATE OPERATOR',
                 'ALTER OPERATOR FAMILY')
    EXECUTE FUNCTION bourse_private.refuse_strange_code();
COMMENT ON EVENT TRIGGER bourse_refuse_strange_code IS 'Keeps strangers'' code off the tables of the platform';
