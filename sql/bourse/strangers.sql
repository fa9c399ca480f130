-- Strangers: who is neither a superuser nor bourse_owner. Code that one of them can write (a cast, a domain's check, an
-- operator, a trigger) must not run with our rights; whoever makes a type or a function decides what it does.
CREATE FUNCTION bourse_private.strange_column(relation regclass, trusted oid DEFAULT NULL) RETURNS name
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    WITH RECURSIVE parts (attname, type) AS (
        SELECT a.attname, a.atttypid FROM pg_attribute a
        WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped
        UNION
        SELECT p.attname, made_of.type
        FROM parts p JOIN pg_type t ON t.oid = p.type
        CROSS JOIN LATERAL (
            SELECT t.typelem WHERE t.typelem <> 0
            UNION ALL SELECT t.typbasetype WHERE t.typbasetype <> 0
            UNION ALL SELECT a.atttypid FROM pg_attribute a
                      WHERE a.attrelid = t.typrelid AND t.typrelid <> 0 AND a.attnum > 0 AND NOT a.attisdropped
            UNION ALL SELECT r.rngsubtype FROM pg_range r WHERE t.oid IN (r.rngtypid, r.rngmultitypid)) made_of (type)
    )
    SELECT p.attname FROM parts p JOIN pg_type t ON t.oid = p.type JOIN pg_roles r ON r.oid = t.typowner
    WHERE NOT r.rolsuper AND r.rolname <> 'bourse_owner' AND t.typowner IS DISTINCT FROM trusted
    ORDER BY p.attname LIMIT 1
$$;
COMMENT ON FUNCTION bourse_private.strange_column(regclass, oid) IS
'The first column of a table whose type, or a type that it is made of, belongs to a stranger: neither a superuser, nor '
'bourse_owner, nor the role trusted. NULL: none';

CREATE FUNCTION bourse_private.strange_trigger(relation regclass, trusted oid DEFAULT NULL) RETURNS name
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT t.tgname FROM pg_trigger t JOIN pg_proc p ON p.oid = t.tgfoid JOIN pg_roles r ON r.oid = p.proowner
    WHERE t.tgrelid = relation AND NOT t.tgisinternal AND t.tgenabled <> 'D'
      AND NOT r.rolsuper AND r.rolname <> 'bourse_owner' AND p.proowner IS DISTINCT FROM trusted
    UNION ALL
    -- The trigger of a deferrable constraint evaluates index expressions anew, as whoever has fired it.
    SELECT t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_roles r ON r.oid = c.relowner
    WHERE t.tgrelid = relation AND t.tgisinternal AND t.tgfoid = 'unique_key_recheck'::regproc AND t.tgenabled <> 'D'
      AND NOT r.rolsuper AND r.rolname <> 'bourse_owner' AND c.relowner IS DISTINCT FROM trusted
    UNION ALL
    -- What a rule writes has triggers, too, and a foreign key leaves them to whoever has set it off.
    SELECT w.rulename FROM pg_rewrite w JOIN pg_class c ON c.oid = w.ev_class JOIN pg_roles r ON r.oid = c.relowner
    WHERE w.ev_class = relation AND w.ev_type <> '1' AND w.ev_enabled <> 'D'
      AND NOT r.rolsuper AND r.rolname <> 'bourse_owner' AND c.relowner IS DISTINCT FROM trusted
    ORDER BY 1 LIMIT 1
$$;
COMMENT ON FUNCTION bourse_private.strange_trigger(regclass, oid) IS
'The first trigger of a table whose function belongs to a stranger, as strange_column(), or rule that is a stranger''s';

-- Rows that go take others along, and the triggers of those fire with the rights of whoever deletes: with ours.
CREATE FUNCTION bourse_private.strange_trigger_below(relation regclass, trusted oid DEFAULT NULL) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp SET jit = off AS $$
    WITH RECURSIVE below (oid) AS (
        SELECT relation::oid
        UNION
        SELECT t.oid FROM below b CROSS JOIN LATERAL (
            SELECT f.conrelid FROM pg_constraint f
            WHERE f.contype = 'f' AND f.confrelid = b.oid AND f.confdeltype IN ('c', 'n', 'd')
            UNION ALL SELECT i.inhrelid FROM pg_inherits i WHERE i.inhparent = b.oid) t (oid)
    )
    SELECT format('%I on %s', bourse_private.strange_trigger(b.oid, trusted), bourse_private.qualified_name(b.oid))
    FROM below b
    WHERE bourse_private.strange_trigger(b.oid, trusted) IS NOT NULL ORDER BY b.oid LIMIT 1
$$;
COMMENT ON FUNCTION bourse_private.strange_trigger_below(regclass, oid) IS
'A stranger''s trigger that a deletion from this table can fire, and its table, but for those of the role trusted; '
'NULL: none';

CREATE FUNCTION bourse_private.require_no_strange_trigger(relation regclass) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    strange text := bourse_private.strange_trigger_below(relation);
BEGIN
    IF strange IS NOT NULL THEN
        PERFORM bourse.refuse('55000', format('trigger %s would run with the rights of bourse_owner', strange),
            'Its function belongs to somebody else: drop the trigger, or the foreign key by which rows of its table '
            'go along.');
    END IF;
END
$$;
COMMENT ON FUNCTION bourse_private.require_no_strange_trigger(regclass) IS
'Refuses to delete from a table when that could fire a stranger''s trigger (55000). For functions that delete rows';

CREATE FUNCTION bourse_private.is_ours(relation regclass) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    WITH RECURSIVE tree (oid) AS (
        SELECT relation::oid UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree t ON i.inhparent = t.oid
    )
    SELECT bool_and((r.rolsuper OR r.rolname = 'bourse_owner') AND c.relkind IN ('r', 'p'))
        AND bourse_private.strange_column(relation) IS NULL
    FROM tree t JOIN pg_class c ON c.oid = t.oid JOIN pg_roles r ON r.oid = c.relowner
$$;
COMMENT ON FUNCTION bourse_private.is_ours(regclass) IS
'Whether a table, its partitions and the types of its columns belong to superusers and bourse_owner: reading it runs '
'no code of a stranger';

CREATE FUNCTION bourse_private.is_of_its_owner(relation regclass) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    WITH RECURSIVE tree (oid) AS (
        SELECT relation::oid UNION SELECT i.inhrelid FROM pg_inherits i JOIN tree t ON i.inhparent = t.oid
    )
    SELECT bool_and(c.relowner = root.relowner AND c.relkind IN ('r', 'p') AND NOT c.relforcerowsecurity
                    AND bourse_private.strange_trigger(c.oid, root.relowner) IS NULL)
           AND bool_and(bourse_private.strange_column(relation, root.relowner) IS NULL)
    FROM tree t JOIN pg_class c ON c.oid = t.oid
    CROSS JOIN (SELECT k.relowner FROM pg_class k WHERE k.oid = relation) root
$$;
COMMENT ON FUNCTION bourse_private.is_of_its_owner(regclass) IS
'Whether all code of a table, its partitions, triggers and types is that of its owner, of superusers or of '
'bourse_owner: then it can be read with the owner''s rights';

CREATE FUNCTION bourse_private.quoted_name(relation regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT format('%I.%I', n.nspname, c.relname) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = relation
$$;
COMMENT ON FUNCTION bourse_private.quoted_name(regclass) IS
'Schema and table as a query under any search_path names them';

CREATE FUNCTION bourse_private.qualified_name(relation regclass) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.oid = relation
$$;
COMMENT ON FUNCTION bourse_private.qualified_name(regclass) IS
'Schema and table as they stand in audit_logs.table_name';

CREATE FUNCTION bourse_private.enter_restricted(owner oid) RETURNS void
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'enter_restricted_wrapper';
COMMENT ON FUNCTION bourse_private.enter_restricted(oid) IS
'From here to the end of the SECURITY DEFINER function that calls it, the session has the rights of this role (of '
'bourse_owner in place of a superuser) in a security-restricted operation. For run_as_owner() only';

CREATE FUNCTION bourse_private.guard_settings() RETURNS integer LANGUAGE c
AS 'MODULE_PATHNAME', 'guard_settings_wrapper';
COMMENT ON FUNCTION bourse_private.guard_settings() IS
'From here on changes of settings can be undone: returns what restore_settings() needs. For run_restricted() only';

CREATE FUNCTION bourse_private.restore_settings(level integer) RETURNS void LANGUAGE c STRICT
AS 'MODULE_PATHNAME', 'restore_settings_wrapper';
COMMENT ON FUNCTION bourse_private.restore_settings(integer) IS
'Undoes every change of a setting since guard_settings(). For run_restricted() only';

-- Who is locked out of the table is told so, not kept waiting. Deferred triggers fire here and now: at the commit they
-- would have the caller's rights.
CREATE FUNCTION bourse_private.run_as_owner(relation regclass, query text, parameter bigint) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp SET lock_timeout = '5s' AS $$
DECLARE
    owner oid := (SELECT c.relowner FROM pg_class c WHERE c.oid = relation);
    deferred text := (SELECT string_agg(format('%I.%I', n.nspname, t.tgname), ', ')
                      FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
                      JOIN pg_namespace n ON n.oid = c.relnamespace
                      WHERE t.tgrelid = relation AND t.tgdeferrable AND NOT t.tgisinternal);
BEGIN
    PERFORM bourse_private.enter_restricted(owner);
    IF deferred IS NOT NULL THEN
        EXECUTE 'SET CONSTRAINTS ' || deferred || ' IMMEDIATE';
    END IF;
    RETURN QUERY EXECUTE query USING parameter;
END
$$;
COMMENT ON FUNCTION bourse_private.run_as_owner(regclass, text, bigint) IS
'The part of run_restricted() that has the rights of the table''s owner';

-- What the code of the owner sets, as whose user the session is, ends with this call.
CREATE FUNCTION bourse_private.run_restricted(relation regclass, query text, parameter bigint) RETURNS SETOF text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    level integer := bourse_private.guard_settings();
BEGIN
    RETURN QUERY SELECT r FROM bourse_private.run_as_owner(relation, query, parameter) r;
    PERFORM bourse_private.restore_settings(level);
END
$$;
COMMENT ON FUNCTION bourse_private.run_restricted(regclass, text, bigint) IS
'What a query about a table says, run with the rights of the table''s owner in a security-restricted operation, as '
'VACUUM does. For export_user_rows() and erase_user() only';
