-- Owners of what the extension has made, and what everybody who can connect may do with it: nothing. A function is
-- somebody's to call, or stands in a private schema.
DO $$
DECLARE
    made record;
BEGIN
    FOR made IN
        SELECT p.oid::regprocedure AS signature, p.prosecdef, l.lanname, n.nspname LIKE '%\_private' AS is_private,
               n.nspowner = 'bourse_owner'::pg_catalog.regrole AS is_of_ours,
               EXISTS (SELECT FROM pg_catalog.aclexplode(p.proacl) a
                       WHERE a.grantee NOT IN (0, p.proowner)) AS is_granted
        FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname = 'pg_bourse'
        JOIN pg_catalog.pg_proc p ON p.oid = d.objid
        JOIN pg_catalog.pg_namespace n ON n.oid = p.pronamespace
        JOIN pg_catalog.pg_language l ON l.oid = p.prolang
        WHERE d.classid = 'pg_catalog.pg_proc'::regclass AND d.refclassid = 'pg_catalog.pg_extension'::regclass
          AND d.deptype = 'e'
    LOOP
        -- The library's own tests come in a schema of their own.
        IF made.is_of_ours AND NOT made.is_private AND NOT made.is_granted THEN
            RAISE EXCEPTION '% is granted to no role: grant it beside its definition, or make it private',
                made.signature;
        END IF;
        EXECUTE pg_catalog.format('REVOKE ALL ON ROUTINE %s FROM PUBLIC', made.signature);
        -- A C function runs with the rights of the server whoever owns it: only those that switch user are
        -- given to the owner role.
        IF made.prosecdef OR made.lanname <> 'c' THEN
            EXECUTE pg_catalog.format('ALTER ROUTINE %s OWNER TO bourse_owner', made.signature);
        ELSE
            EXECUTE pg_catalog.format('GRANT EXECUTE ON ROUTINE %s TO bourse_owner', made.signature);
        END IF;
    END LOOP;
    FOR made IN
        SELECT t.oid::regtype AS name
        FROM pg_catalog.pg_depend d
        JOIN pg_catalog.pg_extension e ON e.oid = d.refobjid AND e.extname = 'pg_bourse'
        JOIN pg_catalog.pg_type t ON t.oid = d.objid AND t.typelem = 0
        WHERE d.classid = 'pg_catalog.pg_type'::regclass AND d.refclassid = 'pg_catalog.pg_extension'::regclass
          AND d.deptype = 'e'
    LOOP
        EXECUTE pg_catalog.format('ALTER TYPE %s OWNER TO bourse_owner', made.name);
    END LOOP;
END
$$;
