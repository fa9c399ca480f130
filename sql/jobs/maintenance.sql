-- The maintenance of the platform, as schedules that are off until somebody switches them on.
CREATE FUNCTION jobs_private.adopt_maintenance() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, jobs, pg_temp AS $$
    INSERT INTO jobs.schedules (name, job_type, target, cron, enabled, misfire, timeout, keep_only_failures)
    VALUES ('maintenance: cleanup', 'task', 'maintain', '30 2 * * *', false, 'once', '10 min', false),
           ('maintenance: analyze', 'task', 'analyze', '0 3 * * *', false, 'once', '1 h', false),
           ('maintenance: vacuum', 'task', 'vacuum', '30 3 * * *', false, 'skip', '6 h', false),
           ('maintenance: reindex', 'task', 'reindex', '0 4 * * SUN', false, 'skip', '6 h', false),
           ('maintenance: verify', 'task', 'verify', '0 5 * * *', false, 'once', '1 h', false),
           ('maintenance: seal', 'task', 'seal', '* * * * *', false, 'once', '1 min', true)
    ON CONFLICT DO NOTHING
$$;
COMMENT ON FUNCTION jobs_private.adopt_maintenance() IS
'Makes the schedules of the maintenance, off, and leaves those that stand as they are. For install()';
