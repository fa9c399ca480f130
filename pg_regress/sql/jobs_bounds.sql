-- What one user has waiting keeps others neither from their runs nor from their leases.
SET datestyle = 'ISO';
SET timezone = 'UTC';
SELECT identity.register('bounds ann') AS ann, identity.register('bounds bob') AS bob \gset
CREATE ROLE bounds_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE bounds_worker LOGIN IN ROLE bourse_worker;
CREATE ROLE bounds_runner LOGIN IN ROLE bourse_runner;
UPDATE identity.users SET db_role = 'bounds_ann' WHERE id = :ann;
CREATE FUNCTION pg_temp.keyed(runs integer, key text) RETURNS bigint LANGUAGE sql AS $$
    SELECT count(*) FROM jobs.enqueue_many((SELECT jsonb_agg(jsonb_build_object(
        'job_type', 'report', 'target', key, 'user_id', person('bounds ann'), 'concurrency_key', key))
        FROM generate_series(1, runs))) $$;

-- What is parked counts as what is put aside: a claim does not go on for ever. The next one does.
SELECT pg_temp.keyed(1100, 'one');
SELECT count(*) FROM jobs.claim('w', NULL, 10);
SELECT status, claimable_at = 'infinity' AS parked, count(*) FROM jobs.schedule_runs GROUP BY 1, 2 ORDER BY 1, 2;
SELECT count(*) FROM jobs.claim('w', NULL, 10);
SELECT status, claimable_at = 'infinity' AS parked, count(*) FROM jobs.schedule_runs GROUP BY 1, 2 ORDER BY 1, 2;

-- A lease begins when the run is handed out, not before what stood in front of it was put aside.
TRUNCATE jobs.schedule_runs RESTART IDENTITY;
SELECT pg_temp.keyed(900, 'one');
SELECT jobs.enqueue('report', 'behind them', user_id => :bob, priority => 9) AS behind \gset
SELECT array_agg(c.run_id ORDER BY c.run_id) AS claimed FROM jobs.claim('w', NULL, 10, '10 s') c;
SELECT b.started_at - a.started_at > interval '1 ms' AS later, b.claimable_at - b.started_at AS lease,
    b.deadline - b.started_at AS timeout
FROM jobs.schedule_runs a CROSS JOIN jobs.schedule_runs b WHERE a.id = 1 AND b.id = :behind;

-- 100,000 runs of a user may wait, of those that he enqueues; the platform may enqueue more for him.
TRUNCATE jobs.schedule_runs RESTART IDENTITY;
INSERT INTO jobs.schedule_runs (job_type, user_id, scheduled_for, job_snapshot, claimable_at, unique_key)
SELECT 'nobodys', :ann, now() - interval '2 hours', '{"target": "x", "task_params": {}}',
    now() - interval '2 hours' + n * interval '1 us', CASE n WHEN 1 THEN 'first' END
FROM generate_series(1, 99998) n;
SET SESSION AUTHORIZATION bounds_ann;
SELECT refusal(format('SELECT jobs.enqueue_many(%L)', jsonb_build_array(q, q, q)))
FROM jsonb_build_object('job_type', 'report', 'target', 'x') q;
SELECT count(*) FROM generate_series(1, 2) n, jobs.enqueue('report', 'x' || n);
SELECT refusal($$SELECT jobs.enqueue('report', 'x')$$);
-- One that is there already is named, not made.
SELECT jobs.enqueue('nobodys', 'x', unique_key => 'first');
SELECT jobs.cancel_many('report');
SELECT jobs.enqueue('report', 'mine') > 0 AS enqueued;
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION bounds_worker;
SELECT count(*) FROM jobs.enqueue_many((
    SELECT jsonb_agg(jsonb_build_object('job_type', 'report', 'target', 'x', 'user_id', :ann))
    FROM generate_series(1, 4)));
RESET SESSION AUTHORIZATION;

-- Whoever watches is told of a type that nobody claims; of one that is paused he is told so.
SELECT severity, alert, subject, left(detail, 38) AS detail, hint FROM bourse.alerts() WHERE alert = 'runs_wait';
SELECT jobs.pause_type('nobodys');
SELECT count(*) FROM bourse.alerts() WHERE alert = 'runs_wait';
SELECT jobs.resume_type('nobodys');
DELETE FROM jobs.schedule_runs r WHERE r.job_type = 'nobodys';
SELECT count(*) FROM bourse.alerts() WHERE alert = 'runs_wait';

-- Schedules that are gone are forgotten some hundred at a time.
INSERT INTO jobs.gone_schedules SELECT -n FROM generate_series(1, 301) n;
SELECT count(*) FROM jobs.tick();
SELECT count(*) FROM jobs.gone_schedules;
SELECT count(*) FROM jobs.tick();
SELECT count(*) FROM jobs.gone_schedules;

-- The clock is the workers' time: only an admin says another.
SET SESSION AUTHORIZATION bounds_runner;
SELECT refusal($$SELECT jobs.tick('2020-01-01 00:00Z')$$), refusal($$SELECT jobs.tick('2030-01-01 00:00Z')$$);
SELECT count(*) FROM jobs.tick(clock_timestamp());
RESET SESSION AUTHORIZATION;
SELECT count(*) FROM jobs.tick('2020-01-01 00:00Z');

-- What writes past the executor refuses in a read-only transaction, as the executor does.
SELECT c.lease, c.run_id FROM jobs.claim('w', '{report}') c \gset
SET default_transaction_read_only = on;
SELECT split_part(call, '(', 1) AS call, refusal('SELECT * FROM jobs.' || call) FROM unnest(ARRAY[
    $$claim('w', NULL)$$, format('complete(%L)', :'lease'),
    format('complete_and_claim(%L, NULL, ''w'', NULL)', :'lease'), format('fail(%L, %s, ''no'')', :'lease', :run_id),
    format('heartbeat(%L)', :'lease'), format('release(%L)', :'lease'), format('cancel(%s)', :run_id)])
    WITH ORDINALITY c (call, n) ORDER BY n;
RESET default_transaction_read_only;
SELECT jobs.complete(:'lease');

UPDATE identity.users SET db_role = NULL WHERE id = :ann;
DROP ROLE bounds_ann, bounds_worker, bounds_runner;
