-- What users and operators do with runs.

CREATE FUNCTION jobs_private.require_run(run_id bigint) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, jobs, pg_temp SET enable_seqscan = off AS $$
DECLARE
    run record;
BEGIN
    PERFORM bourse.require_installed();
    SELECT r.user_id INTO run FROM jobs.schedule_runs r WHERE r.id = run_id;
    -- Who may not act for a user does not learn what runs there are.
    IF NOT FOUND OR NOT (run.user_id IS NULL AND identity.acts_for_all()
                         OR run.user_id IS NOT NULL AND identity.acts_for(run.user_id)) THEN
        PERFORM bourse.refuse('42704', format('run %s does not exist', coalesce(run_id::text, 'NULL')),
            'Look it up in jobs.schedule_runs: it shows the runs that you may change.');
    END IF;
END
$$;
COMMENT ON FUNCTION jobs_private.require_run(bigint) IS
'Refuses a run that is not there, or whose user the session does not act for (42704)';

CREATE FUNCTION jobs.cancel(run_id bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    PERFORM jobs_private.require_run(run_id);
    RETURN bourse_private.queue_cancel('jobs.schedule_runs', run_id);
END
$$;
COMMENT ON FUNCTION jobs.cancel(bigint) IS
'Cancels a run that waits, at once. One that runs is asked to end: its worker is told by the next heartbeat(), and it '
'is not tried again. Returns false when it had ended. 42704 unknown run, or one of somebody else';
GRANT EXECUTE ON FUNCTION jobs.cancel(bigint) TO bourse_trader, bourse_worker;

-- What somebody has enqueued by mistake is as much as he could enqueue.
CREATE FUNCTION jobs.cancel_many(job_type text DEFAULT NULL, schedule_id bigint DEFAULT NULL,
                                 user_id bigint DEFAULT NULL, since timestamptz DEFAULT NULL,
                                 "limit" integer DEFAULT 1000) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp SET enable_seqscan = off
SET plan_cache_mode = force_custom_plan AS $$
DECLARE
    everybodys boolean := user_id IS NULL AND identity.acts_for_all();
    owner_id bigint;
BEGIN
    PERFORM bourse.require_installed();
    IF "limit" IS NULL OR "limit" NOT BETWEEN 1 AND 10000 THEN
        PERFORM bourse.refuse('22023', format('limit is %s', "limit"), 'Cancel 1 to 10000 runs at a time.');
    ELSIF everybodys AND job_type IS NULL AND schedule_id IS NULL THEN
        PERFORM bourse.refuse('22004', 'job_type, schedule_id and user_id are NULL',
            'Say whose runs, of which type, or of which schedule: this session acts for everybody.');
    END IF;
    IF NOT everybodys THEN
        owner_id := jobs_private.user_of_request(user_id);
    END IF;
    RETURN (SELECT count(*) FILTER (WHERE bourse_private.queue_cancel('jobs.schedule_runs', w.id)) FROM (
        SELECT r.id FROM jobs.schedule_runs r
        WHERE r.status = 'pending' AND r.claimable_at IS NOT NULL
          AND (everybodys OR coalesce(r.user_id, 0) = owner_id)
          AND (cancel_many.job_type IS NULL OR r.job_type = cancel_many.job_type)
          AND (schedule_id IS NULL OR r.job_id = schedule_id) AND (since IS NULL OR r.enqueued_at >= since)
        LIMIT "limit") w);
END
$$;
COMMENT ON FUNCTION jobs.cancel_many(text, bigint, bigint, timestamptz, integer) IS
'Cancels runs that wait: of a user, by default the session''s own, or of all where it acts for everybody; of one job '
'type or schedule, enqueued since then. Returns how many; those that run go on. 22004 nothing is named and it acts for '
'everybody, 22023 limit, 42501 another user, 42704 unknown user';
GRANT EXECUTE ON FUNCTION jobs.cancel_many(text, bigint, bigint, timestamptz, integer) TO bourse_trader, bourse_worker;

CREATE FUNCTION jobs.retry(run_id bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp SET enable_seqscan = off AS $$
BEGIN
    PERFORM jobs_private.require_run(run_id);
    PERFORM jobs_private.require_task(r.job_snapshot ->> 'target', r.job_snapshot -> 'task_params')
    FROM jobs.schedule_runs r WHERE r.id = run_id AND r.job_type = 'task';
    IF NOT EXISTS (SELECT FROM bourse_private.queue_retry('jobs.schedule_runs', ARRAY[run_id])) THEN
        PERFORM bourse.refuse('55000',
            format('run %s is %s', run_id, (SELECT r.status FROM jobs.schedule_runs r WHERE r.id = run_id)),
            'Only a run that has failed or was cancelled is tried again; jobs.enqueue() makes another.');
    END IF;
    PERFORM jobs_private.notify_workers(ARRAY(SELECT r.job_type FROM jobs.schedule_runs r WHERE r.id = run_id));
    RETURN run_id;
EXCEPTION WHEN unique_violation THEN
    PERFORM bourse.refuse('23505', format('the unique_key of run %s is taken by another that waits or runs', run_id),
        'Wait for the other one to end.');
END
$$;
COMMENT ON FUNCTION jobs.retry(bigint) IS
'Has a run that has failed or was cancelled wait again, due now, with attempts as if it were new. Returns its id. '
'23505 its unique_key is taken, 42501 a task and no admin, 42704 unknown run, or one of somebody else, 55000 it has '
'not ended, or has completed';
GRANT EXECUTE ON FUNCTION jobs.retry(bigint) TO bourse_trader, bourse_worker;

CREATE FUNCTION jobs.replay(job_type text DEFAULT NULL, since timestamptz DEFAULT NULL, "limit" integer DEFAULT 1000)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp SET enable_seqscan = off AS $$
DECLARE
    replayed bigint[];
BEGIN
    PERFORM bourse.require_installed();
    IF "limit" IS NULL OR "limit" NOT BETWEEN 1 AND 10000 THEN
        PERFORM bourse.refuse('22023', format('limit is %s', "limit"), 'Replay 1 to 10000 runs at a time.');
    END IF;
    replayed := ARRAY(SELECT q FROM bourse_private.queue_retry('jobs.schedule_runs', ARRAY(
        SELECT r.id FROM (
            SELECT DISTINCT ON (coalesce(f.unique_key, f.id::text), f.user_id) f.id, f.finished_at
            FROM jobs.schedule_runs f
            WHERE f.status = 'failed' AND f.finished_at >= coalesce(since, '-infinity')
              AND (f.job_type = replay.job_type OR replay.job_type IS NULL)
              AND (f.job_type <> 'task' OR identity_private.login_is('bourse_admin'))
              AND jobs_private.live_run(f.user_id, f.unique_key) IS NULL
            ORDER BY coalesce(f.unique_key, f.id::text), f.user_id, f.id DESC) r
        ORDER BY r.finished_at, r.id LIMIT "limit")) q);
    PERFORM jobs_private.notify_workers(ARRAY(SELECT DISTINCT r.job_type FROM jobs.schedule_runs r
                                              WHERE r.id = ANY (replayed)));
    RETURN cardinality(replayed);
END
$$;
COMMENT ON FUNCTION jobs.replay(text, timestamptz, integer) IS
'Has dead letters wait again, of one job type or of all, that have failed since then or at any time, the oldest first. '
'Returns how many; one whose unique_key is taken stays, and tasks are for admins. 22023 limit';
GRANT EXECUTE ON FUNCTION jobs.replay(text, timestamptz, integer) TO bourse_admin, bourse_worker;

CREATE FUNCTION jobs.pause_type(job_type text, reason text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp SET enable_seqscan = off SET jit = off
AS $$
DECLARE
    made boolean;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('job_type', job_type);
    INSERT INTO jobs.paused_types (job_type, reason) VALUES (job_type, left(reason, 500)) ON CONFLICT DO NOTHING;
    made := FOUND;
    -- enqueue() takes any type, so that one which is misspelled is one.
    IF NOT EXISTS (SELECT FROM jobs.schedules s WHERE s.job_type = pause_type.job_type)
       AND NOT EXISTS (SELECT FROM jobs.schedule_runs r
                       WHERE r.claimable_at IS NOT NULL AND r.job_type = pause_type.job_type) THEN
        RAISE NOTICE 'no schedule, and no run that waits or runs, is of type %', bourse_private.quoted(job_type);
    END IF;
    RETURN made;
END
$$;
COMMENT ON FUNCTION jobs.pause_type(text, text) IS
'Has no run of a job type claimed any more, whoever asks; those that run go on. A NOTICE says when there is none of '
'that type, nor a schedule. Returns false when it was paused already. 22004 NULL';
GRANT EXECUTE ON FUNCTION jobs.pause_type(text, text) TO bourse_admin;

CREATE FUNCTION jobs.resume_type(job_type text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    DELETE FROM jobs.paused_types p WHERE p.job_type = resume_type.job_type;
    IF FOUND THEN
        PERFORM jobs_private.notify_workers(ARRAY[job_type]);
        RETURN true;
    END IF;
    RETURN false;
END
$$;
COMMENT ON FUNCTION jobs.resume_type(text) IS
'Ends the pause of a job type. Returns false when it was not paused';
GRANT EXECUTE ON FUNCTION jobs.resume_type(text) TO bourse_admin;

CREATE FUNCTION jobs.stats() RETURNS TABLE (job_type text, status text, runs bigint, oldest timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp SET enable_seqscan = off AS $$
BEGIN
    PERFORM bourse.require_installed();
    RETURN QUERY
    SELECT r.job_type, r.status, count(*), min(r.scheduled_for) FROM jobs.schedule_runs r
    WHERE r.claimable_at IS NOT NULL GROUP BY r.job_type, r.status
    UNION ALL
    SELECT r.job_type, 'failed', count(*), min(r.scheduled_for) FROM jobs.schedule_runs r
    WHERE r.status = 'failed' GROUP BY r.job_type
    ORDER BY 1, 2;
END
$$;
COMMENT ON FUNCTION jobs.stats() IS
'How many runs of each job type wait and run, and how many are dead letters; oldest: the earliest of their '
'scheduled_for. Reads them all, and none that have ended well';
GRANT EXECUTE ON FUNCTION jobs.stats() TO bourse_admin, bourse_worker, bourse_monitor;
