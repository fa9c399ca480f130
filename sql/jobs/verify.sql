CREATE FUNCTION jobs.verify() RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp SET enable_seqscan = off AS $$
BEGIN
    PERFORM bourse.require_installed();
    RETURN QUERY
    SELECT 'parked_run_has_somebody_to_wake_it', r.id::text, 'another live run with the key ' || r.concurrency_key,
           'none'
    FROM jobs.schedule_runs r
    WHERE r.claimable_at = 'infinity' AND NOT EXISTS (
        SELECT FROM jobs.schedule_runs o
        WHERE o.concurrency_key = r.concurrency_key AND o.status IN ('pending', 'running')
          AND o.claimable_at < 'infinity')
      AND NOT EXISTS (SELECT FROM bourse.stalled_keys k
                      WHERE k.queue = 'jobs.schedule_runs' AND k.concurrency_key = r.concurrency_key)
    UNION ALL
    SELECT 'attempts_within_bounds', r.id::text, 'up to ' || r.max_attempts, r.attempt::text
    FROM jobs.schedule_runs r WHERE r.claimable_at IS NOT NULL AND r.attempt NOT BETWEEN 0 AND r.max_attempts
    UNION ALL
    SELECT 'no_lease_beyond_the_deadline', r.id::text, r.deadline::text, r.claimable_at::text
    FROM jobs.schedule_runs r WHERE r.claimable_at IS NOT NULL AND r.status = 'running' AND r.claimable_at > r.deadline;
END
$$;
COMMENT ON FUNCTION jobs.verify() IS
'What is not as it must be among the runs that wait or run: 0 rows. A parked run whom nobody will wake, attempts out '
'of bounds, a lease beyond its deadline';
GRANT EXECUTE ON FUNCTION jobs.verify() TO bourse_admin, bourse_monitor;

CREATE FUNCTION jobs_private.own_verify() RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, jobs, pg_temp AS $$
    SELECT v.check_name, v.subject, v.expected, v.actual FROM jobs.verify() v
$$;
COMMENT ON FUNCTION jobs_private.own_verify() IS 'jobs.verify()';
