-- What jobs declares of itself, as sql/bourse/modules.sql says.

CREATE FUNCTION jobs_private.own_tables() RETURNS bourse.declared_table[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    RETURN ARRAY[
        bourse_private.declare_table('schedules', is_audited => true, on_erasure => 'delete'),
        bourse_private.declare_table('schedule_runs', engine_written => true, on_erasure => 'delete', is_queue => true,
                                     time_column => 'finished_at', keep => '90 days'),
        bourse_private.declare_table('paused_types', is_audited => true),
        bourse_private.declare_table('gone_schedules'),
        bourse_private.declare_table('tasks', is_audited => true),
        bourse_private.declare_table('*', on_erasure => 'delete')];
END
$$;
COMMENT ON FUNCTION jobs_private.own_tables() IS
'The tables of jobs. Runs are no part of the trail: each is its own history, and lives for 90 days after its end';

-- A user who keeps his own schedule locked is late alone: the ticks of others pass it over.
CREATE FUNCTION jobs_private.lags(OUT lag interval, OUT held bigint, OUT held_lag interval) RETURNS SETOF record
LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'jobs_lags_wrapper';
COMMENT ON FUNCTION jobs_private.lags() IS
'One row: how long the schedule that is due longest has been due, of those that nobody has locked (0: none is, NULL: '
'there are none), and which has been due longest of those that somebody has, for how long. One probe of an index, and '
'what is locked before it';

CREATE FUNCTION jobs_private.task_lag() RETURNS interval
LANGUAGE sql STABLE SET search_path = pg_catalog, jobs, pg_temp SET enable_seqscan = off AS $$
    SELECT greatest(clock_timestamp() - min(r.claimable_at), interval '0') FROM jobs.schedule_runs r
    WHERE coalesce(r.user_id, 0) = 0 AND r.status = 'pending' AND r.job_type = 'task'
$$;
COMMENT ON FUNCTION jobs_private.task_lag() IS
'How long the run of a task that is due longest has been due; 0: none is, NULL: none waits. Reads what waits of '
'nobody''s runs';

-- What stands at the very front and is due for long, workers pass over: nobody claims its type.
CREATE FUNCTION jobs_private.unclaimed_types() RETURNS TABLE (job_type text, run_id bigint, lag interval)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, jobs, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    level smallint;
    front record;
BEGIN
    LOOP
        SELECT min(r.priority) INTO level FROM jobs.schedule_runs r
        WHERE r.claimable_at IS NOT NULL AND (r.priority > level OR level IS NULL);
        EXIT WHEN level IS NULL;
        -- Its place may be before it was due: behind what had waited.
        SELECT r.id, r.job_type, clock_timestamp() - greatest(r.claimable_at, r.scheduled_for) AS lag INTO front
        FROM jobs.schedule_runs r
        WHERE r.priority = level AND r.claimable_at IS NOT NULL ORDER BY r.claimable_at, r.id LIMIT 1;
        IF front.lag > interval '0' AND front.job_type <> 'task' THEN
            job_type := front.job_type;
            run_id := front.id;
            lag := front.lag;
            RETURN NEXT;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION jobs_private.unclaimed_types() IS
'Of each priority the job type of the run that is due longest, and for how long, but for tasks. Two probes of an index '
'for each priority';

-- Up to so many of each: whoever watches wants to know that there are many.
CREATE FUNCTION jobs_private.counted_runs(most integer)
RETURNS TABLE (job_type text, status text, runs bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, jobs, pg_temp SET enable_seqscan = off AS $$
    SELECT r.job_type, r.status, count(*)
    FROM (SELECT l.job_type, l.status FROM jobs.schedule_runs l WHERE l.claimable_at IS NOT NULL LIMIT most) r
    GROUP BY r.job_type, r.status
    UNION ALL
    SELECT r.job_type, 'failed', count(*)
    FROM (SELECT f.job_type FROM jobs.schedule_runs f
          WHERE f.status = 'failed' AND f.finished_at > clock_timestamp() - interval '1 day' LIMIT most) r
    GROUP BY r.job_type
$$;
COMMENT ON FUNCTION jobs_private.counted_runs(integer) IS
'How many runs of each job type wait and run, and have failed for good within a day; reads so many of them at most';

CREATE FUNCTION jobs_private.own_metrics() RETURNS TABLE (name text, value numeric, labels jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, jobs, pg_temp AS $$
    SELECT 'jobs_tick_lag_seconds', coalesce(extract(epoch FROM l.lag), 0), NULL::jsonb FROM jobs_private.lags() l
    UNION ALL
    SELECT 'jobs_task_lag_seconds', coalesce(extract(epoch FROM jobs_private.task_lag()), 0), NULL
    UNION ALL
    SELECT 'jobs_schedules_estimate', greatest(c.reltuples, 0)::numeric, NULL
    FROM pg_class c WHERE c.oid = 'jobs.schedules'::regclass
    UNION ALL
    SELECT 'jobs_schedules_with_problem', count(*), NULL FROM jobs.schedules s WHERE s.problem IS NOT NULL
    UNION ALL
    SELECT 'jobs_runs', c.runs, jsonb_build_object('job_type', c.job_type, 'status', c.status)
    FROM jobs_private.counted_runs(10000) c
    UNION ALL
    SELECT 'jobs_paused_types', count(*), NULL FROM jobs.paused_types
$$;
COMMENT ON FUNCTION jobs_private.own_metrics() IS
'What metrics() says of jobs: how late the oldest tick is that nobody has enqueued, and the oldest run of a task '
'that nobody runs, about how many schedules there are, how many could not run when they were due last, how many runs '
'of each job type wait, run, or have failed for good within a day (10,000 of them are counted), and how many types are '
'paused. Costs those, and probes of indexes';

CREATE FUNCTION jobs_private.own_alerts()
RETURNS TABLE (severity text, alert text, subject text, detail text, hint text)
LANGUAGE sql STABLE SET search_path = pg_catalog, jobs, pg_temp AS $$
    SELECT 'critical', 'ticks_are_late', NULL::text, format('a schedule has been due for %s', l.lag),
           'Set bourse.ticker = on with pg_bourse preloaded, or have jobs.tick() called every second.'
    FROM jobs_private.lags() l WHERE l.lag > interval '1 minute'
    UNION ALL
    SELECT 'warning', 'schedule_is_held', l.held::text,
           format('it has been due for %s, and somebody has it locked', l.held_lag),
           'Ticks pass it over until the transaction ends that has changed or locked its row: pg_stat_activity.'
    FROM jobs_private.lags() l WHERE l.held_lag > interval '1 minute'
    UNION ALL
    SELECT 'warning', 'tasks_wait', NULL::text, format('a task has been due for %s', l.lag),
           'Set bourse.tasks = on with pg_bourse preloaded, or have jobs.run_tasks() called.'
    FROM jobs_private.task_lag() l (lag) WHERE l.lag > interval '10 minutes'
    UNION ALL
    SELECT 'warning', 'runs_wait', u.job_type, format('a run of it has been due for %s: run %s', u.lag, u.run_id),
           'Have workers claim this type, or jobs.cancel_many(job_type => …): claims of other types walk over it.'
    FROM jobs_private.unclaimed_types() u
    WHERE u.lag > interval '1 hour' AND NOT EXISTS (SELECT FROM jobs.paused_types p WHERE p.job_type = u.job_type)
    UNION ALL
    SELECT 'warning', 'tasks_have_a_setback', NULL, w.setback, 'SELECT * FROM bourse.workers() tells of its process.'
    FROM bourse.workers() w WHERE w.kind = 'tasks' AND w.database = current_database() AND w.setback IS NOT NULL
    UNION ALL
    SELECT 'warning', 'task_does_not_run', t.name, t.problem,
           'Look at it, and register it again if it may run: jobs.register_task().'
    FROM jobs_private.registered_tasks() t WHERE t.problem IS NOT NULL
    UNION ALL
    SELECT 'warning', 'dead_letters', f.job_type,
           format('%s have failed for good within a day', f.runs || CASE f.runs WHEN 1000 THEN ' or more' ELSE '' END),
           'SELECT * FROM jobs.dead_letters says why; jobs.replay() has them tried again.'
    FROM jobs_private.counted_runs(1000) f WHERE f.status = 'failed'
    UNION ALL
    SELECT 'warning', 'type_is_paused', p.job_type, format('no run of it has been claimed since %s', p.paused_at),
           'jobs.resume_type() ends the pause.'
    FROM jobs.paused_types p WHERE p.paused_at < clock_timestamp() - interval '1 hour'
    UNION ALL
    SELECT 'warning', 'schedule_has_problem', s.id::text, s.problem,
           CASE WHEN s.next_run_at IS NOT NULL THEN 'It is due again, as its next_run_at says.'
                WHEN NOT s.enabled THEN 'It is off: jobs.set_schedule_enabled() or jobs.delete_schedule().'
                ELSE 'Mend what it says. It is asked again every 5 minutes, and at once by jobs.update_schedule().' END
    FROM (SELECT s.id, s.problem, s.next_run_at, s.enabled FROM jobs.schedules s WHERE s.problem IS NOT NULL
          ORDER BY row_number() OVER (PARTITION BY s.user_id ORDER BY s.id), s.id LIMIT 100) s
$$;
COMMENT ON FUNCTION jobs_private.own_alerts() IS
'What alerts() says of jobs: ticks that nobody enqueues, or that somebody keeps from being enqueued, tasks that nobody '
'runs, or that are not what was registered, types of which a run has been due for an hour and nobody claims it, runs '
'that have failed for good within a day, types that have been paused for an hour, and up to 100 schedules that could '
'not run when they were due last, of every user some';

CREATE FUNCTION jobs_private.own_health() RETURNS TABLE (ok boolean, detail text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT NOT f.is_late, CASE WHEN f.is_late THEN format('a schedule has been due for %s', f.lag) END
    -- A standby shows what has been when it was replayed.
    FROM (SELECT l.lag, coalesce(l.lag > interval '1 minute', false) AND NOT pg_is_in_recovery() AS is_late
          FROM jobs_private.lags() l) f;
END
$$;
COMMENT ON FUNCTION jobs_private.own_health() IS
'Whether schedules can be read, and are enqueued when they are due: within a minute';

CREATE FUNCTION jobs_private.own_integrity() RETURNS TABLE (issue text, count bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, jobs, pg_temp AS $$
    SELECT 'run_of_no_schedule', count(*) FROM jobs.schedule_runs r
    WHERE r.job_id IS NOT NULL AND NOT EXISTS (SELECT FROM jobs.schedules s WHERE s.id = r.job_id)
      AND NOT EXISTS (SELECT FROM jobs.gone_schedules g WHERE g.id = r.job_id)
    UNION ALL
    SELECT 'schedule_without_tick', count(*) FROM jobs.schedules s
    WHERE s.enabled <> (s.next_run_at IS NOT NULL) AND s.problem IS NULL
$$;
COMMENT ON FUNCTION jobs_private.own_integrity() IS
'What integrity() counts of jobs: runs that name a schedule which is not there, schedules that are on and never due, '
'or off and due. Reads every run';
