-- A schedule that has no next tick, or whose runs are not taken, has stopped: it is looked at again every five minutes.

CREATE FUNCTION jobs_private.tick_or_problem(cron text, timezone text, calendar text, after timestamptz,
                                             OUT tick timestamptz, OUT problem text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    tick := jobs_private.next_tick(cron, timezone, calendar, after);
EXCEPTION WHEN OTHERS THEN
    problem := SQLERRM;
END
$$;
COMMENT ON FUNCTION jobs_private.tick_or_problem(text, text, text, timestamptz) IS 'next_tick(), or why there is none';

CREATE FUNCTION jobs_private.stopped_schedules(at timestamptz, most integer) RETURNS SETOF bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, jobs, pg_temp SET enable_seqscan = off AS $$
    SELECT s.id FROM jobs.schedules s
    WHERE s.enabled AND s.next_run_at IS NULL AND s.problem IS NOT NULL AND s.problem_at <= at - interval '5 minutes'
    ORDER BY s.problem_at LIMIT most
$$;
COMMENT ON FUNCTION jobs_private.stopped_schedules(timestamptz, integer) IS
'Up to so many schedules that have stopped and that nobody has looked at for five minutes. One probe of an index, and '
'what it finds';

-- So many in a call, for a calendar may be that of everybody. The problem stays said until a tick has gone well.
CREATE FUNCTION jobs_private.heal_stopped(at timestamptz) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, jobs, pg_temp AS $$
    WITH stopped AS MATERIALIZED (
        SELECT s.id, s.cron, s.timezone, s.calendar FROM jobs.schedules s
        WHERE s.id IN (SELECT h.id FROM jobs_private.stopped_schedules(at, 1000) h (id))
          AND s.enabled AND s.next_run_at IS NULL AND s.problem IS NOT NULL
        FOR NO KEY UPDATE SKIP LOCKED
    ), patterns AS MATERIALIZED (
        -- Many schedules share one.
        SELECT p.cron, p.timezone, p.calendar, n.tick, n.problem
        FROM (SELECT DISTINCT h.cron, h.timezone, h.calendar FROM stopped h) p
        CROSS JOIN LATERAL jobs_private.tick_or_problem(p.cron, p.timezone, p.calendar, at) n
    )
    UPDATE jobs.schedules s
    SET next_run_at = p.tick, problem = coalesce(p.problem, s.problem), problem_at = at
    FROM stopped h
    JOIN patterns p ON p.cron = h.cron AND p.timezone = h.timezone AND p.calendar IS NOT DISTINCT FROM h.calendar
    WHERE s.id = h.id
$$;
COMMENT ON FUNCTION jobs_private.heal_stopped(timestamptz) IS
'Has up to 1,000 schedules that have stopped go on at their next tick after this time, if they have one by now';
