-- How runs of tasks are carried out: by the worker of the platform, in a process that is the procedure's owner from its
-- first statement on, or by run_tasks() in the session of whoever calls it.

-- Runs of nobody are few, and the index of turns has them together; a lease that has ended is among those that are
-- held.
CREATE FUNCTION jobs_private.is_task_due() RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, jobs, pg_temp SET enable_seqscan = off AS $$
    SELECT EXISTS (SELECT FROM jobs.schedule_runs r
                   WHERE coalesce(r.user_id, 0) = 0 AND r.status = 'pending' AND r.job_type = 'task'
                     AND r.claimable_at <= clock_timestamp())
        OR EXISTS (SELECT FROM jobs.schedule_runs r
                   WHERE r.lease IS NOT NULL AND r.status = 'running' AND r.job_type = 'task'
                     AND r.claimable_at <= clock_timestamp())
$$;
COMMENT ON FUNCTION jobs_private.is_task_due() IS
'Whether a run of a task waits, or its lease has ended. Reads what waits of nobody''s runs, and what is held';

CREATE FUNCTION jobs_private.take_task(worker text, lasting interval)
RETURNS TABLE (run_id bigint, lease uuid, task text, seconds double precision)
LANGUAGE plpgsql SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    IF jobs_private.is_task_due() THEN
        RETURN QUERY
        SELECT c.run_id, c.lease, c.target, extract(epoch FROM c.deadline - clock_timestamp())::double precision
        FROM jobs.claim(worker, '{task}', 1, lasting) c;
    END IF;
END
$$;
COMMENT ON FUNCTION jobs_private.take_task(text, interval) IS
'Claims one run of a task, if one is due; seconds: so long may it take, NULL: as it likes';

-- A process that begins would spend seconds on compiling what it asks once.
CREATE FUNCTION jobs_private.plan_task(
    lease uuid, run_id bigint, OUT owner oid, OUT procedure oid, OUT top_level boolean, OUT statements text[],
    OUT task_params jsonb)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, jobs, pg_temp SET enable_seqscan = off SET jit = off AS $$
#variable_conflict use_variable
DECLARE
    target text;
    task record;
    unsafe text;
BEGIN
    SELECT r.job_snapshot ->> 'target', r.job_snapshot -> 'task_params' INTO target, task_params
    FROM jobs.schedule_runs r WHERE r.id = run_id AND r.lease = lease AND r.status = 'running';
    IF NOT FOUND THEN
        PERFORM bourse.refuse('55000', format('run %s is not held any more', run_id), 'Its lease has ended.');
    END IF;
    task := jobs_private.find_task(target);
    owner := task.owner;
    procedure := task.procedure;
    top_level := task.top_level;
    -- They evaluate index expressions, and what a table may not have is looked for once more.
    IF task.procedure IS NULL THEN
        unsafe := (SELECT min(u.code) FROM bourse_private.unsafe_code(
                       ARRAY(SELECT t::oid FROM jobs_private.tables_of_task(task_params) t)) u);
        IF unsafe IS NOT NULL THEN
            PERFORM bourse.refuse('55000', unsafe || ' must not run with the rights of bourse_owner',
                'It belongs to somebody else, who has put it there, or has no SET search_path that ends with pg_temp.');
        END IF;
    END IF;
    statements := CASE WHEN task.procedure IS NULL
                       THEN ARRAY(SELECT jobs_private.task_statements(target, task_params))
                       ELSE ARRAY(SELECT format('CALL %I.%I(%s)', n.nspname, p.proname,
                                                CASE WHEN p.pronargs > 0 THEN '$1' END)
                                  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
                                  WHERE p.oid = task.procedure) END;
END
$$;
COMMENT ON FUNCTION jobs_private.plan_task(uuid, bigint) IS
'With whose rights a run of a task works, whether outside of a transaction, and what it runs: a CALL of procedure, or '
'statements (procedure NULL); $1 stands for task_params. 55000 it is not held any more, or a table has code of '
'somebody else, and as find_task() and task_statements()';

-- The path ends with this call, as all that the procedure sets.
CREATE FUNCTION jobs_private.call_as_owner(owner oid, procedure oid, statement text, task_params jsonb) RETURNS void
LANGUAGE c SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp
AS 'MODULE_PATHNAME', 'jobs_call_as_owner_wrapper';
COMMENT ON FUNCTION jobs_private.call_as_owner(oid, oid, text, jsonb) IS
'Calls a procedure with the rights of its owner, in a security-restricted operation: SET ROLE, deferred triggers, '
'temporary tables and whatever else would outlive the call are refused (42501), as is COMMIT (2D000). 55000 another '
'procedure has its name by now';

CREATE FUNCTION jobs_private.run_task(lease uuid, run_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, jobs, pg_temp AS $$
DECLARE
    plan record := jobs_private.plan_task(lease, run_id);
    level integer := bourse_private.guard_settings();
BEGIN
    PERFORM jobs_private.call_as_owner(plan.owner, plan.procedure, plan.statements[1], plan.task_params);
    PERFORM bourse_private.restore_settings(level);
    PERFORM jobs.complete(lease, ARRAY[run_id]);
END
$$;
COMMENT ON FUNCTION jobs_private.run_task(uuid, bigint) IS
'Runs a task that works in one transaction, and completes the run in the same one. SQLSTATEs as plan_task(), and '
'whatever the procedure raises';

CREATE FUNCTION jobs_private.is_top_level(task text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, jobs, pg_temp AS $$
    SELECT EXISTS (SELECT FROM jobs_private.builtin_tasks() b WHERE b.name = task AND b.procedure IS NULL)
        OR EXISTS (SELECT FROM jobs.tasks t WHERE t.name = task AND t.top_level)
$$;
COMMENT ON FUNCTION jobs_private.is_top_level(text) IS 'Whether a task runs outside of a transaction';

CREATE PROCEDURE jobs.run_tasks(most integer DEFAULT 100)
LANGUAGE c AS 'MODULE_PATHNAME', 'jobs_run_tasks_wrapper';
COMMENT ON PROCEDURE jobs.run_tasks(integer) IS
'Runs tasks that are due, up to so many, each in a transaction of its own together with the completion of its run. For '
'servers without the worker: those that run outside of a transaction (vacuum, analyze, reindex, top_level) stay for '
'it, and so does what acts for users. 2D000 inside a transaction, 22023 most';
GRANT EXECUTE ON PROCEDURE jobs.run_tasks(integer) TO bourse_admin, bourse_worker;
