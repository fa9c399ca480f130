-- What workers call. They read and write the queue past the executor: src/bourse/queue.

CREATE TYPE jobs.claimed_run AS (
    run_id      bigint,
    lease       uuid,
    job_type    text,
    target      text,
    task_params jsonb,
    user_id     bigint,
    attempt     integer,
    deadline    timestamptz
);
COMMENT ON TYPE jobs.claimed_run IS
'A run in the hands of a worker: the proof of holding it, what is to be done for whom, which attempt it is, and when '
'the attempt has to end (NULL: when it likes)';

CREATE FUNCTION jobs.claim(worker text, job_types text[], n integer DEFAULT 1, lease interval DEFAULT '30 seconds')
RETURNS SETOF jobs.claimed_run
LANGUAGE c SUPPORT bourse_private.refuse_repeats AS 'MODULE_PATHNAME', 'jobs_claim_wrapper';
COMMENT ON FUNCTION jobs.claim(text, text[], integer, interval) IS
'Hands up to n runs that are due to a worker, of these job types (NULL: of all but task) that are not paused: the '
'lowest priority number first, then whose turn it is. All of one call have one lease, which lasts so long from now '
'on, and again from every heartbeat(), but not past the deadline of a run. Never waits. A run whose lease has ended '
'without a word is handed out again by the next claim, until its attempts are used up: then it is a dead letter. '
'22004 NULL, 22023 worker, n or lease out of bounds, 42501 task, which the platform alone runs';
GRANT EXECUTE ON FUNCTION jobs.claim(text, text[], integer, interval) TO bourse_runner, bourse_worker;

CREATE FUNCTION jobs.complete(lease uuid, run_ids bigint[] DEFAULT NULL, result jsonb DEFAULT NULL) RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'jobs_complete_wrapper';
COMMENT ON FUNCTION jobs.complete(uuid, bigint[], jsonb) IS
'Runs are done: these of a lease, or all (NULL). Returns how many. What the worker writes in the same transaction is '
'there exactly once. 22004 NULL, 55000 the lease does not hold one of them any more: nothing is changed';
GRANT EXECUTE ON FUNCTION jobs.complete(uuid, bigint[], jsonb) TO bourse_runner, bourse_worker;

CREATE FUNCTION jobs.complete_and_claim(lease uuid, run_ids bigint[], worker text, job_types text[],
                                        n integer DEFAULT 1, lasting interval DEFAULT '30 seconds',
                                        result jsonb DEFAULT NULL)
RETURNS SETOF jobs.claimed_run
LANGUAGE c SUPPORT bourse_private.refuse_repeats AS 'MODULE_PATHNAME', 'jobs_complete_and_claim_wrapper';
COMMENT ON FUNCTION jobs.complete_and_claim(uuid, bigint[], text, text[], integer, interval, jsonb) IS
'complete() and claim() in one call: one round trip and one commit for each job. lasting: how long '
'the next lease lasts. SQLSTATEs as both';
GRANT EXECUTE ON FUNCTION jobs.complete_and_claim(uuid, bigint[], text, text[], integer, interval, jsonb)
TO bourse_runner, bourse_worker;

CREATE FUNCTION jobs.fail(lease uuid, run_id bigint, error text, retry_after interval DEFAULT NULL,
                          permanent boolean DEFAULT false) RETURNS text
LANGUAGE c AS 'MODULE_PATHNAME', 'jobs_fail_wrapper';
COMMENT ON FUNCTION jobs.fail(uuid, bigint, text, interval, boolean) IS
'An attempt has failed. Returns what the run is now: pending (due again after retry_after, by default backoff() of its '
'attempt), failed (that was the last attempt, or permanent: a dead letter), cancelled (somebody had asked for it). '
'error: up to 2000 characters are kept. 22004 NULL, 22023 retry_after out of bounds, 55000 the lease does not hold it '
'any more';
GRANT EXECUTE ON FUNCTION jobs.fail(uuid, bigint, text, interval, boolean) TO bourse_runner, bourse_worker;

CREATE FUNCTION jobs.heartbeat(lease uuid, progress jsonb DEFAULT NULL)
RETURNS TABLE (run_id bigint, cancel_requested boolean)
LANGUAGE c AS 'MODULE_PATHNAME', 'jobs_heartbeat_wrapper';
COMMENT ON FUNCTION jobs.heartbeat(uuid, jsonb) IS
'A sign of life: the lease lasts from now on as long as it was given for, but not past the deadline of a run. Returns '
'what it holds, and of what somebody has asked for the end: fail() it then. 22004 NULL, 55000 the lease holds nothing '
'any more: it has ended, or the deadline is over';
GRANT EXECUTE ON FUNCTION jobs.heartbeat(uuid, jsonb) TO bourse_runner, bourse_worker;

CREATE FUNCTION jobs.release(lease uuid) RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'jobs_release_wrapper';
COMMENT ON FUNCTION jobs.release(uuid) IS
'Gives back all that a lease holds, as by a worker that shuts down: due now, and the attempt does not count. Returns '
'how many. 22004 NULL, 55000 the lease holds nothing any more';
GRANT EXECUTE ON FUNCTION jobs.release(uuid) TO bourse_runner, bourse_worker;

CREATE FUNCTION jobs.backoff(attempt integer, base interval DEFAULT '15 seconds', factor double precision DEFAULT 2,
                             cap interval DEFAULT '1 hour', jitter double precision DEFAULT 0.2) RETURNS interval
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    RETURN bourse_private.backoff(0, attempt, base, factor, cap, jitter);
END
$$;
COMMENT ON FUNCTION jobs.backoff(integer, interval, double precision, interval, double precision) IS
'How long a run waits after this attempt, the first being 1, has failed: base, factor times as long after every '
'further one, cap at most, up to the share jitter shorter; by how much depends on the run, here on the attempt alone. '
'22023 out of bounds';
GRANT EXECUTE ON FUNCTION jobs.backoff(integer, interval, double precision, interval, double precision)
TO bourse_viewer, bourse_runner, bourse_worker;
