CREATE FUNCTION jobs_private.notify_workers(job_types text[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, jobs, pg_temp AS $$
    SELECT bourse_private.notify('jobs_runs', coalesce(n.job_type, ''))
    FROM (SELECT DISTINCT t.job_type FROM unnest(job_types) t (job_type) LIMIT 100) n
$$;
COMMENT ON FUNCTION jobs_private.notify_workers(text[]) IS
'Tells whoever listens on jobs_runs of each of these job types, up to 100 of them, that runs of it wait';
