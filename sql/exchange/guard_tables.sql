-- The engine writes its tables past the executor. It honours what others attach to them as far as it can, and the rest
-- is refused when it is attached, for it would miss rows without a word.
CREATE FUNCTION exchange_private.is_written_by_engine(relation oid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, exchange, pg_temp AS $$
    SELECT EXISTS (
        SELECT FROM pg_class c JOIN unnest(exchange_private.own_tables()) t ON t.name = c.relname AND t.engine_written
        WHERE c.oid = relation AND c.relnamespace = to_regnamespace('exchange') AND c.relkind = 'r')
$$;
COMMENT ON FUNCTION exchange_private.is_written_by_engine(oid) IS
'Whether the engine writes rows of this table past the executor';

CREATE FUNCTION exchange_private.unfired_code(relation oid) RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, exchange, pg_temp AS $$
    -- pg_trigger.tgtype: 1 is FOR EACH ROW, 2 BEFORE, 4, 8 and 16 the writes; TRUNCATE (32) the engine does not.
    SELECT format('trigger %I on %s', t.tgname, bourse_private.quoted_name(t.tgrelid))
    FROM pg_trigger t
    WHERE t.tgrelid = relation AND exchange_private.is_written_by_engine(relation) AND NOT t.tgisinternal
      AND t.tgenabled <> 'D'
      AND t.tgtype & 28 <> 0 AND (t.tgtype & 3 <> 1 OR coalesce(t.tgoldtable, t.tgnewtable) IS NOT NULL)
      AND NOT EXISTS (SELECT FROM pg_depend d JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'pg_bourse'
                      WHERE d.classid = 'pg_proc'::regclass AND d.objid = t.tgfoid
                        AND d.refclassid = 'pg_extension'::regclass)
    UNION ALL
    SELECT format('rule %I on %s', r.rulename, bourse_private.quoted_name(r.ev_class))
    FROM pg_rewrite r
    WHERE r.ev_class = relation AND exchange_private.is_written_by_engine(relation) AND r.ev_type <> '1'
      AND r.ev_enabled <> 'D'
$$;
COMMENT ON FUNCTION exchange_private.unfired_code(oid) IS
'What others have attached to a table of the engine and would not see what it writes: triggers that are not AFTER ... '
'FOR EACH ROW, or have REFERENCING, and rules. No rows: none';

CREATE FUNCTION exchange_private.require_no_unfired_code(tag text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, exchange, pg_temp AS $$
DECLARE
    relations oid[] := (
        SELECT array_agg(c.oid)
        FROM pg_event_trigger_ddl_commands() d
        LEFT JOIN pg_trigger t ON d.classid = 'pg_trigger'::regclass AND t.oid = d.objid
        LEFT JOIN pg_rewrite r ON d.classid = 'pg_rewrite'::regclass AND r.oid = d.objid
        JOIN pg_class c ON c.oid = coalesce(t.tgrelid, r.ev_class, d.objid)
        WHERE d.classid IN ('pg_class'::regclass, 'pg_trigger'::regclass, 'pg_rewrite'::regclass)
          AND c.relnamespace = to_regnamespace('exchange'));
    found text;
BEGIN
    IF relations IS NULL THEN
        RETURN;
    END IF;
    found := (SELECT min(code) FROM unnest(relations) relation
              CROSS JOIN LATERAL exchange_private.unfired_code(relation) code);
    IF found IS NOT NULL THEN
        PERFORM bourse.refuse('0A000', found || ' would not see what the engine writes',
            'Write an AFTER ... FOR EACH ROW trigger without REFERENCING: the engine fires those.');
    END IF;
END
$$;
COMMENT ON FUNCTION exchange_private.require_no_unfired_code(text) IS
'Refuses a statement, by its tag, that leaves unfired_code() on a table of the engine (0A000). For '
'refuse_unfired_code() only';

CREATE FUNCTION exchange_private.refuse_unfired_code() RETURNS event_trigger
LANGUAGE c AS 'MODULE_PATHNAME', 'refuse_unfired_code_wrapper';
COMMENT ON FUNCTION exchange_private.refuse_unfired_code() IS
'Event trigger: require_no_unfired_code(), with the rights of bourse_owner whoever has sent the statement';

CREATE EVENT TRIGGER exchange_refuse_unfired_code ON ddl_command_end
    WHEN TAG IN ('CREATE TRIGGER', 'CREATE RULE', 'ALTER TABLE')
    EXECUTE FUNCTION exchange_private.refuse_unfired_code();
COMMENT ON EVENT TRIGGER exchange_refuse_unfired_code IS
'Keeps what would miss rows off the tables that the engine writes';
