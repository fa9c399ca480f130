-- Enqueues what is due. Any number of sessions may do so at once: each takes schedules that no other has just now.

CREATE FUNCTION jobs_private.due_of(at timestamptz, next_run_at timestamptz, cron text, timezone text, calendar text,
                                    misfire text, grace interval, max_catch_up integer,
                                    OUT ticks timestamptz[], OUT next timestamptz, OUT problem text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, jobs, pg_temp AS $$
DECLARE
    known timestamptz[];
    is_late integer;
BEGIN
    ticks := '{}';
    IF calendar IS NULL THEN
        known := ARRAY(SELECT jobs_private.cron_due(cron, timezone, next_run_at, at, max_catch_up));
        next := known[cardinality(known)];
        ticks := known[:cardinality(known) - 1];
    ELSE
        ticks := ARRAY(SELECT jobs_private.due_ticks(cron, timezone, calendar, next_run_at, at, max_catch_up));
        -- A calendar that ends has given its last ticks all the same.
        SELECT n.tick, n.problem INTO next, problem
        FROM jobs_private.tick_or_problem(cron, timezone, calendar, at) n;
    END IF;
    -- How many are later than grace.
    is_late := (SELECT count(*) FROM unnest(ticks) t WHERE t < at - grace);
    IF is_late > 0 AND misfire <> 'all' THEN
        ticks := ticks[CASE misfire WHEN 'once' THEN is_late ELSE is_late + 1 END:];
    END IF;
EXCEPTION WHEN OTHERS THEN
    next := NULL;
    problem := SQLERRM;
END
$$;
COMMENT ON FUNCTION jobs_private.due_of(timestamptz, timestamptz, text, text, text, text, interval, integer) IS
'What of a schedule is to be enqueued at this time, in order, and its next tick; or why it has none';

CREATE FUNCTION jobs_private.most_ticks() RETURNS integer
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, jobs, pg_temp AS $$ SELECT 20000 $$;
COMMENT ON FUNCTION jobs_private.most_ticks() IS
'About so many runs are made by one tick(): in a transaction that took minutes nobody would see any of them';

-- A schedule is locked together with its user, so that no erasure of the user is under way, and nothing is waited for.
-- One whose calendar has changed meanwhile is not due by what it says.
CREATE FUNCTION jobs_private.planned_runs(at timestamptz, batch integer, alone bigint)
RETURNS TABLE (job_type text, job_id bigint, user_id bigint, scheduled_for timestamptz, job_snapshot jsonb,
               priority smallint, max_attempts integer, concurrency_key text, timeout interval,
               keep_only_failures boolean)
LANGUAGE sql SET search_path = pg_catalog, jobs, pg_temp SET work_mem = '64MB'
SET enable_mergejoin = off AS $$
    WITH of_users AS MATERIALIZED (
        SELECT s.*, s.ctid AS stands_at, u.is_active FROM jobs.schedules s JOIN identity.users u ON u.id = s.user_id
        WHERE s.next_run_at <= at AND (s.id = alone OR alone IS NULL)
          AND (s.calendar IS NULL OR coalesce(s.calendar_version = (
                  SELECT t.updated_at FROM calendar.trading_hours_templates t WHERE t.name = s.calendar), true))
        ORDER BY s.next_run_at LIMIT batch
        FOR NO KEY UPDATE OF s SKIP LOCKED FOR KEY SHARE OF u SKIP LOCKED
    ), of_nobody AS MATERIALIZED (
        SELECT s.*, s.ctid, true FROM jobs.schedules s
        WHERE s.next_run_at <= at AND s.user_id IS NULL AND (s.id = alone OR alone IS NULL)
          AND (s.calendar IS NULL OR coalesce(s.calendar_version = (
                  SELECT t.updated_at FROM calendar.trading_hours_templates t WHERE t.name = s.calendar), true))
        ORDER BY s.next_run_at, s.id LIMIT batch
        FOR NO KEY UPDATE SKIP LOCKED
    ), due AS NOT MATERIALIZED (
        SELECT * FROM of_users UNION ALL SELECT * FROM of_nobody
    ), patterns AS MATERIALIZED (
        -- Many schedules share one.
        SELECT p.*, f.ticks, f.next, f.problem
        FROM (SELECT DISTINCT d.next_run_at, d.cron, d.timezone, d.calendar, d.misfire, d.grace, d.max_catch_up
              FROM due d) p
        CROSS JOIN LATERAL jobs_private.due_of(at, p.next_run_at, p.cron, p.timezone, p.calendar, p.misfire, p.grace,
                                               p.max_catch_up) f
    ), planned AS MATERIALIZED (
        -- At most one run of what skips is in the queue: of several ticks the newest, unless each is asked for.
        SELECT d.*, CASE WHEN d.overlap = 'skip' AND d.misfire <> 'all' THEN p.ticks[cardinality(p.ticks):]
                         ELSE p.ticks END AS ticks,
               p.next, 'schedule ' || d.id AS key,
               coalesce(p.problem, CASE WHEN NOT d.is_active THEN format('user %s is not active', d.user_id) END)
                   AS trouble
        FROM due d
        JOIN patterns p ON p.next_run_at = d.next_run_at AND p.cron = d.cron AND p.timezone = d.timezone
                       AND p.misfire = d.misfire AND p.grace = d.grace AND p.max_catch_up = d.max_catch_up
                       AND p.calendar IS NOT DISTINCT FROM d.calendar
    ), too_many (are_too_many) AS MATERIALIZED (
        SELECT coalesce(sum(cardinality(p.ticks)), 0) > jobs_private.most_ticks() FROM planned p
    ), chosen AS MATERIALIZED (
        -- After an outage: those first whose user has the fewest before them. The others stay due.
        SELECT p.* FROM planned p WHERE NOT (SELECT are_too_many FROM too_many)
        UNION ALL
        SELECT (c.plan).* FROM (
            SELECT o.plan, sum(cardinality((o.plan).ticks)) OVER (ORDER BY o.of_user, (o.plan).id)
                           - cardinality((o.plan).ticks) AS before
            FROM (SELECT p AS plan, sum(cardinality(p.ticks)) OVER (PARTITION BY p.user_id ORDER BY p.next_run_at, p.id)
                                    AS of_user
                  FROM planned p WHERE (SELECT are_too_many FROM too_many)) o) c
        WHERE c.before < jobs_private.most_ticks()
    ), moved AS (
        UPDATE jobs.schedules s
        SET next_run_at = p.next, problem = p.trouble, problem_at = CASE WHEN p.trouble IS NOT NULL THEN at END
        FROM chosen p WHERE s.ctid = p.stands_at
    ), told AS MATERIALIZED (
        SELECT jobs_private.notify_workers(array_agg(DISTINCT c.job_type)) FROM chosen c
        WHERE c.is_active AND cardinality(c.ticks) > 0
    )
    SELECT p.job_type::text, p.id, p.user_id, t.tick,
           jsonb_build_object('target', p.target, 'task_params', p.task_params, 'schedule_id', p.id,
                              'name', p.name, 'cron', p.cron, 'timezone', p.timezone, 'calendar', p.calendar),
           p.priority, p.max_attempts, CASE WHEN p.overlap <> 'allow' THEN p.key END, p.timeout, p.keep_only_failures
    FROM chosen p CROSS JOIN LATERAL unnest(p.ticks) t (tick)
    CROSS JOIN told
    WHERE p.is_active
      AND NOT (p.overlap = 'skip'
               AND (EXISTS (SELECT FROM jobs.schedule_runs r WHERE r.concurrency_key = p.key AND r.status = 'running')
                    OR EXISTS (SELECT FROM jobs.schedule_runs r
                               WHERE r.concurrency_key = p.key AND r.status = 'pending')))
    ORDER BY t.tick, p.id
$$;
COMMENT ON FUNCTION jobs_private.planned_runs(timestamptz, integer, bigint) IS
'The runs that are to be made at this time, in their order; moves their schedules on, and tells workers. alone: of '
'this schedule alone';

CREATE FUNCTION jobs_private.tick_at(at timestamptz, batch integer, alone bigint DEFAULT NULL)
RETURNS TABLE (schedule_id bigint, scheduled_for timestamptz, run_id bigint)
LANGUAGE c AS 'MODULE_PATHNAME', 'jobs_tick_at_wrapper';
COMMENT ON FUNCTION jobs_private.tick_at(timestamptz, integer, bigint) IS
'What tick() does, at this time: puts the planned_runs() into the queue, each in the turn of its user, but none of a '
'tick that has one. Past the executor: src/jobs/due.rs';

-- The job as in planned_runs(), where a function for both would double what it costs. A test compares them.
CREATE FUNCTION jobs_private.enqueue_ticks(schedule_id bigint, ticks timestamptz[], OUT run_id bigint)
RETURNS SETOF bigint
LANGUAGE sql SET search_path = pg_catalog, jobs, pg_temp AS $$
    INSERT INTO jobs.schedule_runs (job_type, job_id, user_id, scheduled_for, job_snapshot, priority, claimable_at,
                                    max_attempts, concurrency_key, timeout, keep_only_failures)
    SELECT s.job_type, s.id, s.user_id, t,
           jsonb_build_object('target', s.target, 'task_params', s.task_params, 'schedule_id', s.id,
                              'name', s.name, 'cron', s.cron, 'timezone', s.timezone, 'calendar', s.calendar),
           s.priority, jobs_private.turn(s.user_id, s.priority, t), s.max_attempts,
           CASE WHEN s.overlap <> 'allow' THEN 'schedule ' || s.id END, s.timeout,
           s.keep_only_failures
    FROM jobs.schedules s
    CROSS JOIN LATERAL unnest(ticks) t
    WHERE s.id = schedule_id
    RETURNING id
$$;
COMMENT ON FUNCTION jobs_private.enqueue_ticks(bigint, timestamptz[]) IS
'Makes runs of one schedule, for run_now()';

-- The half of them in which it stands is asked again, until it stands alone.
CREATE FUNCTION jobs_private.tick_apart(at timestamptz, batch integer, alone bigint DEFAULT NULL)
RETURNS TABLE (schedule_id bigint, scheduled_for timestamptz, run_id bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, jobs, pg_temp AS $$
DECLARE
    said text;
BEGIN
    BEGIN
        RETURN QUERY SELECT * FROM jobs_private.tick_at(at, batch, alone);
        RETURN;
    EXCEPTION WHEN data_exception OR program_limit_exceeded OR integrity_constraint_violation
                   OR insufficient_privilege OR object_not_in_prerequisite_state OR raise_exception THEN
        said := SQLERRM;
    END;
    IF alone IS NOT NULL THEN
        UPDATE jobs.schedules s SET next_run_at = NULL, problem = left(said, 500), problem_at = at WHERE s.id = alone;
    ELSIF batch > 1 THEN
        RETURN QUERY SELECT * FROM jobs_private.tick_apart(at, batch / 2);
        RETURN QUERY SELECT * FROM jobs_private.tick_apart(at, batch - batch / 2);
    ELSE
        RETURN QUERY
        WITH of_users AS (
            SELECT s.id FROM jobs.schedules s WHERE s.next_run_at <= at AND s.user_id IS NOT NULL
            ORDER BY s.next_run_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
        ), of_nobody AS (
            SELECT s.id FROM jobs.schedules s WHERE s.next_run_at <= at AND s.user_id IS NULL
            ORDER BY s.next_run_at LIMIT 1 FOR NO KEY UPDATE SKIP LOCKED
        )
        SELECT t.* FROM (TABLE of_users UNION ALL TABLE of_nobody) first (id)
        CROSS JOIN LATERAL jobs_private.tick_apart(at, 1, first.id) t;
    END IF;
END
$$;
COMMENT ON FUNCTION jobs_private.tick_apart(timestamptz, integer, bigint) IS
'tick_at(); a schedule that cannot be enqueued is marked and has no next tick, and stops no other';

CREATE FUNCTION jobs.tick(at timestamptz DEFAULT NULL, batch integer DEFAULT 1000)
RETURNS TABLE (schedule_id bigint, scheduled_for timestamptz, run_id bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('batch', batch);
    IF batch NOT BETWEEN 1 AND 100000 THEN
        PERFORM bourse.refuse('22023', format('batch is %s', batch), 'Take 1 to 100000 schedules at a time.');
    END IF;
    IF at > clock_timestamp() + interval '1 second' AND NOT identity_private.login_is('bourse_admin') THEN
        PERFORM bourse.refuse('42501', format('it is not %s yet', at),
            'Leave at out. Only an admin enqueues ahead of the clock: it moves the next ticks of all past that time.');
    END IF;
    IF at < clock_timestamp() - interval '1 second' AND NOT identity_private.login_is('bourse_admin') THEN
        PERFORM bourse.refuse('42501', format('%s is over', at),
            'Leave at out. Only an admin says another time than the clock: a schedule whose calendar has changed would '
            'go on from there.');
    END IF;
    PERFORM bourse_private.require_read_committed('jobs.tick()');
    PERFORM jobs_private.heed_calendar(c.name, coalesce(at, clock_timestamp()), 20000)
    FROM jobs_private.changed_calendars() c (name);
    PERFORM jobs_private.heal_stopped(coalesce(at, clock_timestamp()));
    RETURN QUERY SELECT * FROM jobs_private.tick_apart(coalesce(at, clock_timestamp()), batch);
    PERFORM jobs_private.forget_gone();
END
$$;
COMMENT ON FUNCTION jobs.tick(timestamptz, integer) IS
'Enqueues the runs of up to batch schedules that are due at this time, by default now, those first that are due '
'longest, and returns them. Any number of sessions may call it at once: schedules that another has just now are passed '
'over, and each tick is enqueued once. Next ticks of schedules whose calendar has changed are moved first. The ticker '
'of the platform calls it every second. NOTIFY jobs_runs tells workers. 22004 NULL, 22023 batch out of bounds, 25001 '
'under another isolation level than READ COMMITTED, 42501 a time that is still to come, or over, from whoever is no '
'admin';
GRANT EXECUTE ON FUNCTION jobs.tick(timestamptz, integer) TO bourse_admin, bourse_runner, bourse_worker;

-- Not for ever: what has been enqueued is seen by the workers when this transaction ends.
CREATE FUNCTION jobs_private.on_tick() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, jobs, pg_temp AS $$
DECLARE
    -- Once: a condition on what changes while it is asked is none for an index.
    moment CONSTANT timestamptz := clock_timestamp();
BEGIN
    IF EXISTS (SELECT FROM jobs.schedules s WHERE s.next_run_at <= moment)
       OR EXISTS (SELECT FROM jobs.gone_schedules) OR EXISTS (SELECT FROM jobs_private.changed_calendars())
       OR EXISTS (SELECT FROM jobs_private.stopped_schedules(moment, 1)) THEN
        PERFORM FROM jobs.tick(NULL, 20000);
    END IF;
END
$$;
COMMENT ON FUNCTION jobs_private.on_tick() IS
'tick() as the ticker of the platform does it, up to 20,000 schedules at a time';
