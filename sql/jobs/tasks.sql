-- Tasks: what the platform runs itself. A task is a procedure that an admin has registered, or one that comes along;
-- what a schedule says is its name and its parameters, and never SQL.

CREATE FUNCTION jobs_private.builtin_tasks() RETURNS TABLE (name text, procedure text)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, jobs, pg_temp AS $$
    VALUES ('analyze', NULL), ('reindex', NULL), ('vacuum', NULL), ('maintain', 'jobs_private.maintain()'),
           ('seal', 'jobs_private.seal()'), ('verify', 'jobs_private.verify()')
$$;
COMMENT ON FUNCTION jobs_private.builtin_tasks() IS
'The tasks that come along; procedure NULL: statements that run outside of a transaction (task_statements())';

CREATE PROCEDURE jobs_private.maintain()
LANGUAGE plpgsql SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    PERFORM FROM bourse.maintain();
END
$$;
COMMENT ON PROCEDURE jobs_private.maintain() IS 'The task maintain: bourse.maintain()';

CREATE PROCEDURE jobs_private.seal()
LANGUAGE plpgsql SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    PERFORM audit.seal();
END
$$;
COMMENT ON PROCEDURE jobs_private.seal() IS 'The task seal: audit.seal()';

CREATE PROCEDURE jobs_private.verify()
LANGUAGE plpgsql SET search_path = pg_catalog, jobs, pg_temp AS $$
DECLARE
    started CONSTANT timestamptz := clock_timestamp();
    broken text := (SELECT format('%s invariants do not hold, among them %s of %s', count(*), min(v.check_name),
                                  min(v.module))
                    FROM bourse.verify() v HAVING count(*) > 0);
BEGIN
    IF broken IS NOT NULL THEN
        -- A run that fails leaves nothing behind: own_reports() has it.
        PERFORM bourse.refuse('XX001', broken, 'SELECT * FROM bourse.verify() tells all of them.');
    END IF;
    PERFORM messaging_private.report_verify(0, NULL, started);
END
$$;
COMMENT ON PROCEDURE jobs_private.verify() IS
'The task verify: reports on bourse.verify() in messaging.system_health, and fails when it has rows (XX001)';

CREATE FUNCTION jobs_private.own_reports()
RETURNS TABLE (system text, component text, ok boolean, detail text, reported_at timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, jobs, pg_temp SET enable_seqscan = off AS $$
    SELECT 'verify', NULL::text, false, r.error, r.finished_at
    FROM (SELECT f.* FROM jobs.schedule_runs f WHERE f.status = 'failed' AND f.finished_at > now() - interval '1 day'
          ORDER BY f.finished_at DESC LIMIT 1000) r
    WHERE r.job_type = 'task' AND r.job_snapshot ->> 'target' = 'verify'
    ORDER BY r.finished_at DESC LIMIT 1
$$;
COMMENT ON FUNCTION jobs_private.own_reports() IS
'What jobs reports of the platform: the last run of the task verify that has failed, among the last thousand of a day; '
'one that has not failed reports itself';

CREATE FUNCTION jobs_private.fingerprint(procedure oid) RETURNS bytea
LANGUAGE sql STABLE SET search_path = pg_catalog, jobs, pg_temp AS $$
    SELECT sha256(convert_to(jsonb_build_array(
        p.prosrc, p.probin, l.lanname, p.prosecdef, p.proconfig, p.proargmodes::text, p.proargnames,
        pg_get_function_sqlbody(p.oid))::text, 'UTF8'))
    FROM pg_proc p JOIN pg_language l ON l.oid = p.prolang WHERE p.oid = procedure
$$;
COMMENT ON FUNCTION jobs_private.fingerprint(oid) IS 'A hash of all that makes up a procedure';

CREATE FUNCTION jobs_private.require_name_of_task(name text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    IF name !~ '^[a-z][a-z0-9_]{0,62}$' THEN
        PERFORM bourse.refuse('22023', format('name is %s', bourse_private.quoted(name)),
            'Up to 63 small letters, digits and underscores, the first a letter.');
    ELSIF name IN (SELECT b.name FROM jobs_private.builtin_tasks() b) THEN
        PERFORM bourse.refuse('42710', format('task %s comes along with the platform', name), 'Take another name.');
    END IF;
END
$$;
COMMENT ON FUNCTION jobs_private.require_name_of_task(text) IS
'Refuses what is no name (22023), or that of a task that comes along (42710)';

CREATE FUNCTION jobs.register_task(name text, procedure regprocedure, top_level boolean DEFAULT false) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    task record;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('name', name), bourse_private.require_given('procedure', procedure::text),
            bourse_private.require_given('top_level', top_level);
    PERFORM jobs_private.require_name_of_task(name);
    SELECT p.prokind, p.pronargs, p.pronargs = 0 OR p.proargtypes = '3802'::oidvector AS fits,
           cardinality(p.proallargtypes) > p.pronargs AS returns, n.nspname, p.proname, r.rolname, r.rolsuper
    INTO task
    FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace JOIN pg_roles r ON r.oid = p.proowner
    WHERE p.oid = procedure;
    IF task.prokind IS DISTINCT FROM 'p' THEN
        PERFORM bourse.refuse('42809', format('%s is no procedure', procedure), 'CREATE PROCEDURE makes one.');
    ELSIF NOT task.fits OR task.returns THEN
        PERFORM bourse.refuse('42P13', format('%s does not take what a task is given', procedure),
            'Give it one parameter of the type jsonb, for task_params, or none.');
    ELSIF task.rolsuper THEN
        PERFORM bourse.refuse('42501', format('%s belongs to %s, a superuser', procedure, task.rolname),
            'A task has the rights of the procedure''s owner: ALTER PROCEDURE … OWNER TO a role that may do what it '
            'does, and no more.');
    ELSIF NOT identity_private.login_is(task.rolname) THEN
        PERFORM bourse.refuse('42501', format('%s belongs to %s, of which you are no member', procedure, task.rolname),
            'Its owner''s rights are lent by whoever has them: register it as a member of that role, or as a '
            'superuser.');
    END IF;
    INSERT INTO jobs.tasks AS t (name, schema_name, procedure_name, takes_params, owner, fingerprint, top_level)
    VALUES (name, task.nspname, task.proname, task.pronargs > 0, task.rolname, jobs_private.fingerprint(procedure),
            top_level)
    ON CONFLICT ON CONSTRAINT tasks_pkey DO UPDATE
    SET schema_name = excluded.schema_name, procedure_name = excluded.procedure_name,
        takes_params = excluded.takes_params, owner = excluded.owner, fingerprint = excluded.fingerprint,
        top_level = excluded.top_level, registered_at = excluded.registered_at, registered_by = excluded.registered_by;
END
$$;
COMMENT ON FUNCTION jobs.register_task(text, regprocedure, boolean) IS
'Has the platform run a procedure as a task of this name: with the rights of its owner and no more, as it is now. One '
'that is changed, or gets another owner, does not run until it is registered again. It takes task_params, jsonb, or '
'nothing. top_level: it is called outside of a transaction and may COMMIT, which needs the worker. 22004 NULL, 22023 '
'name, 42501 it belongs to a superuser, or to a role of which you are no member, 42710 the name of a task that comes '
'along, 42809 no procedure, 42P13 other parameters';
GRANT EXECUTE ON FUNCTION jobs.register_task(text, regprocedure, boolean) TO bourse_admin;

CREATE FUNCTION jobs.unregister_task(name text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('name', name);
    DELETE FROM jobs.tasks t WHERE t.name = unregister_task.name;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION jobs.unregister_task(text) IS
'Has the platform run a task no more; its schedules stay, and their runs fail. Returns false when there was none. '
'22004 NULL';
GRANT EXECUTE ON FUNCTION jobs.unregister_task(text) TO bourse_admin;

-- By the catalog: a cast to regprocedure asks for rights on the schema.
CREATE FUNCTION jobs_private.registered_tasks()
RETURNS TABLE (name text, procedure regprocedure, owner oid, top_level boolean, problem text)
LANGUAGE sql STABLE SET search_path = pg_catalog, jobs, pg_temp AS $$
    SELECT t.name, p.oid::regprocedure, p.proowner, t.top_level,
           format('procedure %I.%I(%s) ', t.schema_name, t.procedure_name, CASE WHEN t.takes_params THEN 'jsonb' END)
           || CASE WHEN p.oid IS NULL THEN 'is gone'
                   WHEN r.rolname <> t.owner THEN format('belongs to %s now, and not to %s', r.rolname, t.owner)
                   WHEN r.rolsuper THEN format('belongs to %s, a superuser', r.rolname)
                   WHEN jobs_private.fingerprint(p.oid) <> t.fingerprint
                       THEN 'has been changed since it was registered' END
    FROM jobs.tasks t
    LEFT JOIN pg_namespace n ON n.nspname = t.schema_name
    LEFT JOIN pg_proc p ON p.proname = t.procedure_name AND p.pronamespace = n.oid AND p.prokind = 'p'
        AND p.proargtypes = CASE WHEN t.takes_params THEN '3802' ELSE '' END::oidvector
    LEFT JOIN pg_roles r ON r.oid = p.proowner
$$;
COMMENT ON FUNCTION jobs_private.registered_tasks() IS
'The tasks that are registered, and the procedures that have their names now; problem: why one does not run, NULL: it '
'does';

-- Nobody else can make a procedure in our schemas.
CREATE FUNCTION jobs_private.find_task(name text, OUT procedure regprocedure, OUT owner oid, OUT top_level boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, jobs, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    problem text;
BEGIN
    SELECT t.procedure, t.owner, t.top_level, t.problem INTO procedure, owner, top_level, problem
    FROM (SELECT b.name, b.procedure::regprocedure, 'bourse_owner'::regrole::oid AS owner,
                 b.procedure IS NULL AS top_level, NULL AS problem
          FROM jobs_private.builtin_tasks() b
          UNION ALL SELECT * FROM jobs_private.registered_tasks()) t
    WHERE t.name = name;
    IF NOT FOUND THEN
        PERFORM bourse.refuse('42704', format('task %s does not exist', bourse_private.quoted(name)),
            format('jobs.tasks has those that are registered; others are %s.',
                   (SELECT string_agg(b.name, ', ' ORDER BY b.name) FROM jobs_private.builtin_tasks() b)));
    ELSIF problem IS NOT NULL THEN
        PERFORM bourse.refuse('55000', format('task %s: %s', name, problem),
            'Look at it, and register it again if it may run: jobs.register_task().');
    END IF;
END
$$;
COMMENT ON FUNCTION jobs_private.find_task(text) IS
'What a task runs, and with whose rights; procedure NULL: statements. 42704 no such task, 55000 its procedure is not '
'what was registered';

-- Tables by name in task_params, or all of them; ours and nobody else's, by catalog and owner.
CREATE FUNCTION jobs_private.tables_of_task(task_params jsonb) RETURNS SETOF regclass
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, jobs, pg_temp AS $$
DECLARE
    table_name text;
    relation regclass;
BEGIN
    IF task_params -> 'tables' IS NULL THEN
        RETURN QUERY
        SELECT c.oid::regclass FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
        JOIN bourse_private.modules() m ON m = n.nspname
        WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND c.relowner = 'bourse_owner'::regrole
        ORDER BY n.nspname, c.relname;
        RETURN;
    ELSIF jsonb_typeof(task_params -> 'tables') <> 'array' THEN
        PERFORM bourse.refuse('22023', 'tables is no JSON array',
            '{"tables": ["exchange.orders", …]}, or none: all.');
    END IF;
    FOR table_name IN SELECT jsonb_array_elements_text(task_params -> 'tables') LOOP
        relation := (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                     JOIN bourse_private.modules() m ON m = n.nspname
                     WHERE table_name IN (n.nspname || '.' || c.relname, format('%I.%I', n.nspname, c.relname))
                       AND c.relkind IN ('r', 'p') AND c.relowner = 'bourse_owner'::regrole);
        IF relation IS NULL THEN
            PERFORM bourse.refuse('42704', format('%s is no table of the platform', bourse_private.quoted(table_name)),
                'Name tables with their schema, like exchange.orders.');
        END IF;
        RETURN NEXT relation;
    END LOOP;
END
$$;
COMMENT ON FUNCTION jobs_private.tables_of_task(jsonb) IS
'The tables that task_params name for vacuum, analyze and reindex; all of the platform when they name none, those with '
'partitions as a whole. 22023 no array, 42704 no table of bourse_owner in a schema of ours';

CREATE FUNCTION jobs_private.task_statements(name text, task_params jsonb) RETURNS SETOF text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, jobs, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    unknown text := (SELECT min(k) FROM jsonb_object_keys(task_params) k
                     WHERE NOT (k = 'tables' OR k = 'full' AND name = 'vacuum'));
    relation regclass;
    quoted text;
BEGIN
    IF unknown IS NOT NULL OR jsonb_typeof(task_params -> 'full') <> 'boolean' THEN
        PERFORM bourse.refuse('22023',
            format('task %s does not take %s', name, bourse_private.quoted(coalesce(unknown, task_params ->> 'full'))),
            CASE name WHEN 'vacuum' THEN '{"tables": ["exchange.orders", …], "full": true}, each of them optional.'
                      ELSE '{"tables": ["exchange.orders", …]}, or nothing for all tables.' END);
    END IF;
    FOR relation IN SELECT * FROM jobs_private.tables_of_task(task_params) LOOP
        quoted := bourse_private.quoted_name(relation);
        IF name <> 'reindex' THEN
            RETURN NEXT CASE WHEN name = 'analyze' THEN 'ANALYZE ' WHEN (task_params -> 'full')::boolean THEN
                             'VACUUM (FULL, ANALYZE) ' ELSE 'VACUUM ' END || quoted;
            CONTINUE;
        END IF;
        -- What one that was stopped half-way has left.
        RETURN QUERY
        SELECT format('DROP INDEX CONCURRENTLY IF EXISTS %s', bourse_private.quoted_name(i.indexrelid))
        FROM pg_index i JOIN pg_class c ON c.oid = i.indexrelid
        WHERE i.indrelid = relation AND NOT i.indisvalid AND c.relkind = 'i' AND c.relname ~ '_cc(new|old)[0-9]*$'
        ORDER BY c.relname;
        RETURN NEXT 'REINDEX TABLE CONCURRENTLY ' || quoted;
    END LOOP;
END
$$;
COMMENT ON FUNCTION jobs_private.task_statements(text, jsonb) IS
'What vacuum, analyze and reindex run for these task_params, statement by statement. 22023 other parameters, and '
'22023 and 42704 as tables_of_task()';

CREATE FUNCTION jobs_private.require_task(target text, task_params jsonb) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    IF NOT identity_private.login_is('bourse_admin') THEN
        PERFORM bourse.refuse('42501', 'no permission to have a task run',
            'Members of bourse_admin do; other types of jobs are everybody''s.');
    END IF;
    PERFORM jobs_private.require_params(task_params);
    IF (SELECT f.procedure IS NULL FROM jobs_private.find_task(target) f) THEN
        PERFORM FROM jobs_private.task_statements(target, coalesce(task_params, '{}'));
    END IF;
END
$$;
COMMENT ON FUNCTION jobs_private.require_task(text, jsonb) IS
'Refuses who may not have tasks run (42501), and a task that could not run: as find_task() and task_statements()';

CREATE FUNCTION jobs_private.require_task_of_schedule() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    IF NOT identity_private.login_is('bourse_admin') THEN
        PERFORM bourse.refuse('42501', 'no permission to change the schedule of a task', 'Members of bourse_admin do.');
    ELSIF TG_OP = 'DELETE' THEN
        RETURN OLD;
    END IF;
    -- One that is off need not be able to run, and a restore of rows brings schedules before the tasks that they name.
    IF NEW.job_type = 'task' AND NEW.enabled
       AND NOT (TG_OP = 'INSERT' AND identity_private.is_superuser(session_user)) THEN
        PERFORM jobs_private.require_task(NEW.target, NEW.task_params);
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION jobs_private.require_task_of_schedule() IS
'Trigger: only an admin changes schedules of tasks (42501), and one that is on names a task that can run: 22023, '
'42704, 55000 as require_task(). Whoever restores rows is believed: a run asks again';
