-- What the tables of the platform run: the functions that defaults, generated columns, CHECKs, index expressions,
-- operators, triggers and their WHEN, policies, rules, views, statistics and types call. All of it has the rights of
-- bourse_owner when one of our functions touches a row, whoever has called that.
--
-- In PL/pgSQL, with one plan for one relation and for all: planning takes longer than the rest, and a restore comes by
-- here with every statement.
CREATE FUNCTION bourse_private.attached_to(relations oid[])
RETURNS TABLE (relation oid, what text, class oid, object oid)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY
    SELECT a.adrelid, format('the default of column %I', c.attname), 'pg_attrdef'::regclass::oid, a.oid
    FROM pg_attrdef a JOIN pg_attribute c ON c.attrelid = a.adrelid AND c.attnum = a.adnum
    WHERE a.adrelid = ANY (relations)
    UNION ALL
    SELECT k.conrelid, format('constraint %I', k.conname), 'pg_constraint'::regclass, k.oid
    FROM pg_constraint k WHERE k.conrelid = ANY (relations)
    UNION ALL
    SELECT i.indrelid, format('index %I', c.relname), 'pg_class'::regclass, c.oid
    FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid WHERE i.indrelid = ANY (relations)
    UNION ALL
    SELECT t.tgrelid, format('trigger %I', t.tgname), 'pg_trigger'::regclass, t.oid
    FROM pg_trigger t WHERE t.tgrelid = ANY (relations) AND NOT t.tgisinternal AND t.tgenabled <> 'D'
    UNION ALL
    SELECT p.polrelid, format('policy %I', p.polname), 'pg_policy'::regclass, p.oid
    FROM pg_policy p WHERE p.polrelid = ANY (relations)
    UNION ALL
    SELECT r.ev_class, format('rule %I', r.rulename), 'pg_rewrite'::regclass, r.oid
    FROM pg_rewrite r WHERE r.ev_class = ANY (relations) AND r.ev_enabled <> 'D'
    UNION ALL
    SELECT s.stxrelid, format('statistics %I', s.stxname), 'pg_statistic_ext'::regclass, s.oid
    FROM pg_statistic_ext s WHERE s.stxrelid = ANY (relations)
    UNION ALL
    -- PostgreSQL's own types have lower oids, and what they call is PostgreSQL's own.
    SELECT a.attrelid, format('column %I', a.attname), 'pg_type'::regclass, a.atttypid
    FROM pg_attribute a WHERE a.attrelid = ANY (relations) AND a.atttypid >= 16384 AND NOT a.attisdropped
    UNION ALL
    -- Unless somebody has made a cast between two of them: it takes the place of their conversion, everywhere.
    SELECT NULL, format('the cast from %s to %s', format_type(c.castsource, NULL), format_type(c.casttarget, NULL)),
           'pg_proc'::regclass, c.castfunc
    FROM pg_cast c WHERE c.castfunc >= 16384 AND c.castsource < 16384 AND c.casttarget < 16384;
END
$$;
COMMENT ON FUNCTION bourse_private.attached_to(oid[]) IS
'What is attached to these tables and views: of which relation, how people call it, and the object of the catalog';

-- The catalog knows what depends on what; the steps that it takes the other way round are spelled out.
CREATE FUNCTION bourse_private.needed_by(classes oid[], objects oid[])
RETURNS TABLE (place bigint, class oid, object oid)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp
SET plan_cache_mode = force_generic_plan AS $$
BEGIN
    RETURN QUERY
    SELECT w.place, next.class, next.object
    FROM unnest(classes, objects) WITH ORDINALITY w (class, object, place)
    CROSS JOIN LATERAL (
        SELECT d.refclassid AS class, d.refobjid AS object
        FROM pg_depend d
        WHERE d.classid = w.class AND d.objid = w.object
          -- What reads a table runs nothing of its columns' types.
          AND (w.class <> 'pg_class'::regclass
               OR (SELECT c.relkind IN ('i', 'I', 'c') FROM pg_class c WHERE c.oid = w.object))
          AND (d.refclassid IN ('pg_proc'::regclass, 'pg_operator'::regclass, 'pg_type'::regclass,
                                'pg_opclass'::regclass, 'pg_opfamily'::regclass)
               -- Rules, policies and bodies read other tables and views; an index does not, and a foreign key
               -- reads with the rights of their owners.
               OR d.refclassid = 'pg_class'::regclass
                  AND w.class IN ('pg_rewrite'::regclass, 'pg_policy'::regclass, 'pg_proc'::regclass))
        UNION ALL
        SELECT 'pg_constraint'::regclass, k.oid FROM pg_constraint k
        WHERE w.class = 'pg_type'::regclass AND k.contypid = w.object
        UNION ALL
        SELECT 'pg_class'::regclass, t.typrelid FROM pg_type t
        WHERE w.class = 'pg_type'::regclass AND t.oid = w.object AND t.typrelid <> 0
        UNION ALL
        SELECT 'pg_proc'::regclass, c.castfunc FROM pg_cast c
        WHERE w.class = 'pg_type'::regclass AND w.object IN (c.castsource, c.casttarget) AND c.castfunc >= 16384
        UNION ALL
        SELECT 'pg_rewrite'::regclass, r.oid FROM pg_rewrite r
        WHERE w.class = 'pg_class'::regclass AND r.ev_class = w.object AND r.ev_type = '1'
        UNION ALL
        SELECT 'pg_policy'::regclass, p.oid FROM pg_policy p
        WHERE w.class = 'pg_class'::regclass AND p.polrelid = w.object
        UNION ALL
        SELECT 'pg_proc'::regclass, p.amproc FROM pg_amproc p
        WHERE w.class = 'pg_opfamily'::regclass AND p.amprocfamily = w.object AND p.amproc >= 16384
        UNION ALL
        SELECT 'pg_operator'::regclass, o.amopopr FROM pg_amop o
        WHERE w.class = 'pg_opfamily'::regclass AND o.amopfamily = w.object AND o.amopopr >= 16384
    ) next;
END
$$;
COMMENT ON FUNCTION bourse_private.needed_by(oid[], oid[]) IS
'The functions, operators, types, tables and views that each of these objects needs, one step far, by its place';

CREATE FUNCTION bourse_private.sets_path(function oid) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT EXISTS (SELECT FROM pg_proc p CROSS JOIN LATERAL unnest(p.proconfig) setting
                   WHERE p.oid = function AND setting ~ '^search_path=(.*, )?pg_temp$')
$$;
COMMENT ON FUNCTION bourse_private.sets_path(oid) IS
'Whether a function sets its search_path, with pg_temp at the end: nobody''s temporary tables come before what it '
'names';

-- Step by step, and not in one recursive query: planning that takes longer than all the steps.
CREATE FUNCTION bourse_private.attached_code(relations oid[])
RETURNS TABLE (relation oid, what text, class oid, object oid, guarded boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    seen text[] := '{}';
    places oid[];
    names text[];
    classes oid[];
    objects oid[];
    guards boolean[];
BEGIN
    SELECT array_agg(a.relation), array_agg(a.what), array_agg(a.class), array_agg(a.object), array_agg(false)
    INTO places, names, classes, objects, guards FROM bourse_private.attached_to(relations) a;
    WHILE objects IS NOT NULL LOOP
        RETURN QUERY SELECT * FROM unnest(places, names, classes, objects, guards);
        seen := seen || ARRAY(SELECT concat_ws(' ', s.relation, s.what, s.class, s.object, s.guarded)
                              FROM unnest(places, names, classes, objects, guards)
                              s (relation, what, class, object, guarded));
        SELECT array_agg(n.relation), array_agg(n.what), array_agg(n.class), array_agg(n.object), array_agg(n.guarded)
        INTO places, names, classes, objects, guards
        FROM (SELECT DISTINCT places[n.place] AS relation, names[n.place] AS what, n.class, n.object,
                     -- What a function with a path calls has its path.
                     guards[n.place] OR classes[n.place] = 'pg_proc'::regclass
                                        AND bourse_private.sets_path(objects[n.place]) AS guarded
              FROM bourse_private.needed_by(classes, objects) n) n
        WHERE concat_ws(' ', n.relation, n.what, n.class, n.object, n.guarded) <> ALL (seen);
    END LOOP;
END
$$;
COMMENT ON FUNCTION bourse_private.attached_code(oid[]) IS
'What is attached to these tables and views, and all that it needs, as often as it is attached; guarded: it is called '
'by a function that sets its search_path';

CREATE FUNCTION bourse_private.unsafe_code(relations oid[]) RETURNS TABLE (code text, strange boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    ours oid[] := ARRAY(SELECT c.oid FROM pg_class c
                        WHERE c.oid = ANY (relations) AND c.relowner = to_regrole('bourse_owner')
                          AND c.relkind IN ('r', 'p', 'v', 'm', 'f'));
BEGIN
    RETURN QUERY
    WITH attached AS MATERIALIZED (
        SELECT f.*, p.proowner, p.prosqlbody IS NULL AND l.lanname NOT IN ('c', 'internal') AS is_read_anew,
               f.what || coalesce(' on ' || bourse_private.quoted_name(f.relation), '') AS place
        FROM bourse_private.attached_code(ours) f
        LEFT JOIN pg_proc p ON f.class = 'pg_proc'::regclass AND p.oid = f.object
        LEFT JOIN pg_language l ON l.oid = p.prolang
        WHERE f.object >= 16384 AND f.class IN ('pg_proc'::regclass, 'pg_type'::regclass, 'pg_class'::regclass)
    )
    SELECT DISTINCT a.place, true
    FROM attached a
    LEFT JOIN pg_type t ON a.class = 'pg_type'::regclass AND t.oid = a.object
    LEFT JOIN pg_class c ON a.class = 'pg_class'::regclass AND c.oid = a.object
    JOIN pg_roles r ON r.oid = coalesce(a.proowner, t.typowner, c.relowner)
    WHERE NOT r.rolsuper AND r.rolname <> 'bourse_owner'
    UNION ALL
    SELECT DISTINCT format('function %s in %s', a.object::regprocedure, a.place), false
    FROM attached a WHERE a.is_read_anew AND NOT a.guarded AND NOT bourse_private.sets_path(a.object)
    UNION
    SELECT s, true FROM bourse_private.strange_code(relations) s;
END
$$;
COMMENT ON FUNCTION bourse_private.unsafe_code(oid[]) IS
'Code that runs with our rights by way of these relations and must not: that of strangers (strange: strange_code(), '
'and what is attached to those that are ours), and functions that have no SET search_path which ends with pg_temp and '
'no body that was parsed when they were made: a name without a schema means what the caller wants. No rows: none';
