-- \df of psql lists what stands in a schema, whoever asks. This lists what he may call, and so has the caller's rights.
CREATE FUNCTION bourse.calls(
    schema text DEFAULT NULL,
    OUT call text, OUT does text, OUT arguments text, OUT answers text, OUT details text)
RETURNS SETOF record LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT n.nspname || '.' || p.proname,
           substring(d.description FROM '^(.*?)(?:[.;:] |$)'),
           replace(regexp_replace(pg_get_function_arguments(p.oid),
                                  '(?<=DEFAULT (?:''[^'']*''|NULL))::[a-z][a-z ]*(?:[[][]])?', '', 'g'),
                   'timestamp with time zone', 'timestamptz'),
           replace(pg_get_function_result(p.oid), 'timestamp with time zone', 'timestamptz'), d.description
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
    JOIN pg_depend m ON m.classid = 'pg_proc'::regclass AND m.objid = p.oid AND m.deptype = 'e'
    JOIN pg_extension e ON m.refclassid = 'pg_extension'::regclass AND e.oid = m.refobjid
    CROSS JOIN obj_description(p.oid, 'pg_proc') d (description)
    WHERE e.extname = 'pg_bourse' AND n.nspname !~ '_private$' AND p.prorettype <> 'trigger'::regtype
      AND (calls.schema IS NULL OR n.nspname = calls.schema)
      AND has_schema_privilege(n.oid, 'USAGE') AND has_function_privilege(p.oid, 'EXECUTE')
    ORDER BY n.nspname, p.proname, p.oid
$$;
COMMENT ON FUNCTION bourse.calls(text) IS
'What the current role may call, in one schema or in all, by name: what it does, in a line; its arguments with their '
'defaults; what it answers; all that its COMMENT tells, units and SQLSTATEs too. No row: there is no such schema, or '
'nothing in it for this role';
GRANT EXECUTE ON FUNCTION bourse.calls(text) TO bourse_viewer, bourse_worker, bourse_monitor;
