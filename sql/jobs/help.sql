CREATE FUNCTION jobs_private.own_help() RETURNS TABLE (name text, help text)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, jobs, pg_temp AS $$
    VALUES
    ('jobs_tick_lag_seconds', 'How long a schedule has been due that nobody has enqueued'),
    ('jobs_task_lag_seconds', 'How long a task has been due that nobody runs'),
    ('jobs_schedules_estimate', 'Schedules as of the last VACUUM or ANALYZE'),
    ('jobs_schedules_with_problem', 'Schedules that could not run when they were due last'),
    ('jobs_runs', 'Runs, by job type and status, up to 10000'),
    ('jobs_paused_types', 'Job types that are paused')
$$;
COMMENT ON FUNCTION jobs_private.own_help() IS 'What each figure of metrics() means, for openmetrics()';
