-- Keeps strangers' code off our tables. TRIGGER and REFERENCES are the rights by which others hang code on a table: a
-- trigger runs with the rights of whoever writes the row, mostly bourse_owner; a foreign key is checked with the rights
-- of the owner of the table that it refers to, and a stranger's type comes with a stranger's cast.
CREATE FUNCTION bourse_private.strange_code(relation oid) RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    WITH RECURSIVE referring (con, type) AS (
        SELECT k.oid, a.atttypid
        FROM pg_constraint k JOIN pg_class home ON home.oid = k.confrelid
        JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY (k.conkey)
        WHERE k.conrelid = relation AND k.contype = 'f' AND home.relowner = to_regrole('bourse_owner')
        UNION
        -- What a domain is made of decides the cast.
        SELECT r.con, t.typbasetype FROM referring r JOIN pg_type t ON t.oid = r.type WHERE t.typbasetype <> 0
    )
    SELECT format('trigger %I on %s', bourse_private.strange_trigger(c.oid), bourse_private.quoted_name(c.oid))
    FROM pg_class c
    WHERE c.oid = relation AND c.relowner = to_regrole('bourse_owner')
      AND bourse_private.strange_trigger(c.oid) IS NOT NULL
    UNION ALL
    SELECT format('foreign key %I of %s to %s', k.conname, bourse_private.quoted_name(k.conrelid),
                  bourse_private.quoted_name(k.confrelid))
    FROM pg_constraint k
    WHERE k.oid IN (SELECT f.con FROM referring f JOIN pg_type t ON t.oid = f.type JOIN pg_roles r ON r.oid = t.typowner
                    WHERE t.typbasetype = 0 AND NOT r.rolsuper AND r.rolname <> 'bourse_owner')
$$;
COMMENT ON FUNCTION bourse_private.strange_code(oid) IS
'Code of strangers (neither superusers nor bourse_owner) that runs with our rights by way of a table: its triggers, '
'when it is ours, and its foreign keys to ours from columns of their types. No rows: none';

-- Triggers of our tables fire with the rights of bourse_owner, in sessions of anybody. A name without a schema then
-- means what the caller wants, unless the function says where it looks.
CREATE FUNCTION bourse_private.code_without_path(relation oid) RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT format('the function of trigger %I on %s', t.tgname, bourse_private.quoted_name(t.tgrelid))
    FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_language l ON l.oid = p.prolang
    WHERE t.tgrelid = relation AND c.relowner = to_regrole('bourse_owner') AND NOT t.tgisinternal AND t.tgenabled <> 'D'
      AND l.lanname NOT IN ('c', 'internal')
      AND NOT EXISTS (SELECT FROM unnest(p.proconfig) setting WHERE setting ~ '^search_path=(.*, )?pg_temp$')
$$;
COMMENT ON FUNCTION bourse_private.code_without_path(oid) IS
'Triggers on a table of ours whose function has no SET search_path that ends with pg_temp. No rows: none';

CREATE FUNCTION bourse_private.strange_rights(relations oid[] DEFAULT NULL) RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT DISTINCT format('%s on %s for %s', g.privilege_type, bourse_private.quoted_name(c.oid),
                           CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END)
    FROM pg_class c
    CROSS JOIN LATERAL (
        SELECT c.relacl UNION ALL SELECT a.attacl FROM pg_attribute a WHERE a.attrelid = c.oid) acl (items)
    CROSS JOIN LATERAL aclexplode(acl.items) g
    WHERE c.relowner = to_regrole('bourse_owner') AND (relations IS NULL OR c.oid = ANY (relations))
      AND g.privilege_type IN ('REFERENCES', 'TRIGGER')
      AND (g.grantee = 0 OR NOT pg_has_role(g.grantee, c.relowner, 'MEMBER'))
    UNION ALL
    -- Who makes functions and operators in a schema of ours makes some that fit our calls better than ours do.
    SELECT format('CREATE on schema %I for %s', n.nspname,
                  CASE WHEN g.grantee = 0 THEN 'PUBLIC' ELSE g.grantee::regrole::text END)
    FROM pg_namespace n CROSS JOIN LATERAL aclexplode(n.nspacl) g
    WHERE relations IS NULL AND n.nspowner = to_regrole('bourse_owner') AND g.privilege_type = 'CREATE'
      AND (g.grantee = 0 OR NOT pg_has_role(g.grantee, n.nspowner, 'MEMBER'))
$$;
COMMENT ON FUNCTION bourse_private.strange_rights(oid[]) IS
'The rights REFERENCES and TRIGGER on our tables, and CREATE on our schemas, of roles that are no members of '
'bourse_owner; relations: on these tables alone. No rows: none';

-- Every CREATE TABLE of the application comes by here: what touches no table of ours, and no foreign key, ends early.
CREATE FUNCTION bourse_private.require_no_strange_code(tag text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    relations oid[] := (
        SELECT array_agg(c.oid)
        FROM pg_event_trigger_ddl_commands() d
        LEFT JOIN pg_trigger t ON d.classid = 'pg_trigger'::regclass AND t.oid = d.objid
        JOIN pg_class c ON c.oid = coalesce(t.tgrelid, d.objid)
        WHERE d.classid IN ('pg_class'::regclass, 'pg_trigger'::regclass)
          AND (c.relhastriggers OR c.relowner = to_regrole('bourse_owner')));
    hung text;
    may_hang text;
    careless text;
BEGIN
    IF relations IS NOT NULL THEN
        hung := (SELECT min(code) FROM unnest(relations) relation
                 CROSS JOIN LATERAL bourse_private.strange_code(relation) code);
        -- A right can come with a new table, by ALTER DEFAULT PRIVILEGES.
        may_hang := (SELECT min(r) FROM bourse_private.strange_rights(relations) r);
        careless := (SELECT min(code) FROM unnest(relations) relation
                     CROSS JOIN LATERAL bourse_private.code_without_path(relation) code);
    ELSIF tag = 'GRANT'
        AND EXISTS (SELECT FROM pg_event_trigger_ddl_commands() d WHERE d.object_type IN ('TABLE', 'SCHEMA')) THEN
        may_hang := (SELECT min(r) FROM bourse_private.strange_rights() r);
    END IF;
    IF hung IS NOT NULL THEN
        PERFORM bourse.refuse('42501', hung || ' would run a stranger''s code with the rights of bourse_owner',
            'Triggers need a function, and foreign keys columns of a type, that belongs to a superuser or to '
            'bourse_owner.');
    END IF;
    IF careless IS NOT NULL THEN
        PERFORM bourse.refuse('42501',
            careless || ' would find its tables by the search_path of whoever calls, with the rights of bourse_owner',
            'ALTER FUNCTION ... SET search_path = pg_catalog, the schemas that it needs, pg_temp. Temporary tables '
            'come first otherwise.');
    END IF;
    IF may_hang IS NOT NULL THEN
        PERFORM bourse.refuse('42501', may_hang || ' would let a stranger run code with the rights of bourse_owner',
            'Name the rights that are needed (SELECT, INSERT ...) in place of ALL; a superuser can add the foreign '
            'key or trigger.');
    END IF;
END
$$;
COMMENT ON FUNCTION bourse_private.require_no_strange_code(text) IS
'Refuses a statement, by its tag, that leaves strange_code(), code_without_path() or strange_rights() behind (42501). '
'For refuse_strange_code() only';

CREATE FUNCTION bourse_private.refuse_strange_code() RETURNS event_trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'refuse_strange_code_wrapper';
COMMENT ON FUNCTION bourse_private.refuse_strange_code() IS
'Event trigger: require_no_strange_code(), with the rights of bourse_owner whoever has sent the statement';

CREATE EVENT TRIGGER bourse_refuse_strange_code ON ddl_command_end
    WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE', 'ALTER FOREIGN TABLE', 'CREATE TRIGGER', 'ALTER TRIGGER',
                 'CREATE SCHEMA', 'GRANT')
    EXECUTE FUNCTION bourse_private.refuse_strange_code();
COMMENT ON EVENT TRIGGER bourse_refuse_strange_code IS 'Keeps strangers'' code off the tables of the platform';
