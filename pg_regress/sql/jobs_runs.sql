-- Runs: enqueued, claimed under a lease, completed, failed, tried again. Two users and a worker.
SET datestyle = 'ISO';
SET timezone = 'UTC';
SELECT identity.register('runs ann') AS ann \gset
SELECT identity.register('runs bob') AS bob \gset
CREATE ROLE runs_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE runs_worker LOGIN IN ROLE bourse_worker;
CREATE ROLE runs_runner LOGIN IN ROLE bourse_runner;
UPDATE identity.users SET db_role = 'runs_ann' WHERE id = :ann;
CREATE VIEW pg_temp.runs AS SELECT r.id, r.job_type, u.name AS "user", r.status, r.attempt AS a, r.worker_id,
    left(r.error, 30) AS error, r.lease IS NOT NULL AS leased,
    r.finished_at IS NOT NULL AS finished, r.claimable_at = 'infinity' AS parked
    FROM jobs.schedule_runs r LEFT JOIN identity.users u ON u.id = r.user_id;
CREATE FUNCTION pg_temp.lease_of(run bigint) RETURNS uuid LANGUAGE sql
    AS $$ SELECT r.lease FROM jobs.schedule_runs r WHERE r.id = run $$;
-- Time that has passed: as if the lease had been given so long ago.
CREATE FUNCTION pg_temp.pass(run bigint, seconds integer) RETURNS void LANGUAGE sql AS
$$ UPDATE jobs.schedule_runs r SET claimable_at = r.claimable_at - p.passed, started_at = r.started_at - p.passed,
    heartbeat_at = r.heartbeat_at - p.passed, deadline = r.deadline - p.passed
FROM make_interval(secs => seconds) p (passed) WHERE r.id = run $$;
-- A worker works so many minutes and gives a sign of life every 25 seconds; how often others were given his run.
CREATE FUNCTION pg_temp.work(run bigint, minutes integer, OUT beats bigint, OUT others bigint) LANGUAGE plpgsql AS $$
BEGIN
    beats := 0;
    others := 0;
    FOR n IN 1 .. minutes * 60 / 25 LOOP
        PERFORM pg_temp.pass(run, 25);
        others := others + (SELECT count(*) FROM jobs.claim('other', NULL));
        beats := beats + (SELECT count(*) FROM jobs.heartbeat(pg_temp.lease_of(run)));
    END LOOP;
END
$$;

-- A run is enqueued, claimed, completed. What the worker is told of it:
SELECT jobs.enqueue('report', 'daily p&l', '{"day": "2026-11-27"}', :ann) AS first \gset
SELECT c.run_id = :first AS first, c.lease IS NOT NULL AS leased, c.job_type, c.target, c.task_params,
    c.user_id = :ann AS ann, c.attempt, c.deadline - clock_timestamp() BETWEEN '299 s' AND '300 s' AS deadline
FROM jobs.claim('w1', '{report}') c;
SELECT count(*) AS nothing_left FROM jobs.claim('w2', '{report}', 10);
SELECT jobs.complete(pg_temp.lease_of(:first), ARRAY[:first], '{"pages": 3}');
SELECT status, result, started_at <= finished_at AS in_order, worker_id, job_snapshot
FROM jobs.schedule_runs WHERE id = :first;
-- Whoever holds it no longer is told so, and changes nothing.
SELECT regexp_replace(refusal(format('SELECT jobs.complete(%L, %L)', gen_random_uuid(), ARRAY[:first])),
    '[0-9a-f-]{36}', 'L');
SELECT regexp_replace(refusal(format('SELECT * FROM jobs.heartbeat(%L)', gen_random_uuid())), '[0-9a-f-]{36}', 'L');

-- Job types: a worker gets what it asks for, NULL is all.
TRUNCATE jobs.schedule_runs RESTART IDENTITY;
SELECT count(jobs.enqueue(t, 'x', user_id => :ann)) FROM unnest('{report,alert,report,backup}'::text[]) t;
SELECT c.run_id, c.job_type FROM jobs.claim('w1', '{alert,screener}', 5) c;
SELECT c.run_id, c.job_type FROM jobs.claim('w1', NULL, 2) c;
SELECT c.run_id, c.job_type FROM jobs.claim('w1', '{}', 2) c;
-- A paused type waits.
SELECT jobs.pause_type('backup', 'disk is full'), jobs.pause_type('backup') AS again;
-- A type that nothing has may be misspelled.
SELECT jobs.pause_type('bakcup'), jobs.resume_type('bakcup');
SELECT count(*) FROM jobs.claim('w1', NULL, 5);
SELECT jobs.resume_type('backup'), jobs.resume_type('backup') AS again;
SELECT c.run_id, c.job_type FROM jobs.claim('w1', NULL, 5) c;

-- A worker dies. After its lease the next claim has the run, and the dead one's word counts for nothing.
TRUNCATE jobs.schedule_runs RESTART IDENTITY;
SELECT jobs.enqueue('report', 'x', user_id => :ann);
SELECT c.lease AS dead FROM jobs.claim('w1', NULL, 1, '5 s') c \gset
SELECT pg_temp.pass(1, 4);
SELECT count(*) AS not_yet FROM jobs.claim('w2', NULL);
SELECT pg_temp.pass(1, 2);
SELECT regexp_replace(refusal(format('SELECT jobs.complete(%L)', :'dead')), '[0-9a-f-]{36}', 'L');
SELECT c.run_id, c.attempt FROM jobs.claim('w2', NULL) c;
SELECT regexp_replace(refusal(format('SELECT jobs.complete(%L, %L)', :'dead', '{1}')), '[0-9a-f-]{36}', 'L');
SELECT * FROM pg_temp.runs;
-- Heartbeats keep it, each for as long as the lease was given, but not past the deadline.
SELECT jobs.heartbeat(pg_temp.lease_of(1), '{"done": 10}');
SELECT progress, claimable_at - heartbeat_at AS lasts FROM jobs.schedule_runs;
UPDATE jobs.schedule_runs SET deadline = clock_timestamp() + '3 s';
SELECT jobs.heartbeat(pg_temp.lease_of(1));
SELECT claimable_at = deadline AS up_to_the_deadline FROM jobs.schedule_runs;
SELECT pg_temp.pass(1, 4);
SELECT regexp_replace(refusal(format('SELECT * FROM jobs.heartbeat(%L)', pg_temp.lease_of(1))), '[0-9a-f-]{36}', 'L');
SELECT c.run_id, c.attempt FROM jobs.claim('w3', NULL) c;
SELECT error FROM jobs.schedule_runs;
-- The third attempt was the last: a dead letter, that can be replayed.
SELECT pg_temp.pass(1, 31);
SELECT count(*) FROM jobs.claim('w4', NULL);
SELECT * FROM pg_temp.runs;
SELECT id, job_type, attempt, error FROM jobs.dead_letters;
SELECT jobs.replay('alert') AS others, jobs.replay('report', now() + '1 h') AS later, jobs.replay('report') AS replayed;
SELECT * FROM pg_temp.runs;

-- Failures: again after the backoff, or when the worker says so; the last one, or one for good, is a dead letter.
SELECT lease FROM jobs.claim('w1', NULL) \gset
SELECT jobs.fail(:'lease', 1, 'no answer');
SELECT status, error, next_retry_at - clock_timestamp() BETWEEN '11 s'
    AND '15 s' AS backoff, claimable_at = next_retry_at AS due FROM jobs.schedule_runs;
SELECT count(*) AS waits FROM jobs.claim('w1', NULL);
UPDATE jobs.schedule_runs SET claimable_at = clock_timestamp();
SELECT lease FROM jobs.claim('w1', NULL) \gset
SELECT jobs.fail(:'lease', 1, 'Retry-After: 3600', '1 hour');
SELECT next_retry_at - clock_timestamp() BETWEEN '59 min' AND '60 min' AS as_asked FROM jobs.schedule_runs;
UPDATE jobs.schedule_runs SET claimable_at = clock_timestamp();
SELECT lease FROM jobs.claim('w1', NULL) \gset
SELECT jobs.fail(:'lease', 1, repeat('x', 3000));
SELECT status, length(error) FROM jobs.schedule_runs;
SELECT jobs.retry(1);
SELECT refusal('SELECT jobs.retry(1)');
SELECT lease FROM jobs.claim('w1', NULL) \gset
SELECT jobs.fail(:'lease', 1, 'no such report', permanent => true);
SELECT jobs.retry(1);
-- Given back: the attempt does not count.
SELECT lease FROM jobs.claim('w1', NULL) \gset
SELECT jobs.release(:'lease');
SELECT * FROM pg_temp.runs;

-- Cancelled: at once while it waits; while it runs its worker is told, and it is not tried again.
SELECT jobs.cancel(1), jobs.cancel(1) AS again;
SELECT jobs.retry(1);
SELECT lease FROM jobs.claim('w1', NULL) \gset
SELECT jobs.cancel(1);
SELECT * FROM jobs.heartbeat(:'lease');
SELECT jobs.fail(:'lease', 1, 'stopped as asked');
SELECT * FROM pg_temp.runs;
SELECT jobs.retry(1);
SELECT c.run_id FROM jobs.claim('w1', NULL) c;
SELECT jobs.cancel(1);
SELECT pg_temp.pass(1, 31);
SELECT count(*) FROM jobs.claim('w1', NULL);
SELECT * FROM pg_temp.runs;
-- Many at once: what waits, of one's own, of a type, of a schedule, enqueued since then.
TRUNCATE jobs.schedule_runs RESTART IDENTITY;
SELECT count(jobs.enqueue(t, 'x', user_id => u)) FROM unnest('{report,report,alert}'::text[]) t,
    unnest(ARRAY[:ann, :bob]) u;
SELECT jobs.create_schedule(:ann, 'many', 'report', 'x', '@yearly') AS many \gset
SELECT jobs.run_now(:many) > 0 AS made;
SELECT lease FROM jobs.claim('w1', '{report}') \gset
SELECT refusal('SELECT jobs.cancel_many()') AS whose,
    refusal('SELECT jobs.cancel_many(''report'', "limit" => 0)') AS none;
SELECT jobs.cancel_many('alert', since => now() + '1 h') AS later, jobs.cancel_many(schedule_id => :many) AS of_it;
SET SESSION AUTHORIZATION runs_ann;
SELECT refusal('SELECT jobs.cancel_many(user_id => ' || :bob || ')') AS of_bob;
SELECT jobs.cancel_many("limit" => 1), jobs.cancel_many(), jobs.cancel_many() AS again;
RESET SESSION AUTHORIZATION;
SELECT "user", job_type, status, count(*) FROM pg_temp.runs GROUP BY "user", job_type, status ORDER BY 1, 2, 3;
SELECT jobs.cancel_many('alert') AS of_all, jobs.cancel_many(user_id => :bob) AS of_bob, jobs.complete(:'lease') AS ran;
SELECT jobs.delete_schedule(:many);

-- A run of fifty minutes is nobody else's while its worker gives signs of life, and is soon when he does not.
TRUNCATE jobs.schedule_runs RESTART IDENTITY;
SELECT jobs.enqueue('report', 'long', user_id => :ann, timeout => '1 hour');
SELECT count(*) FROM jobs.claim('w1', NULL);
SELECT * FROM pg_temp.work(1, 50);
SELECT pg_temp.pass(1, 31);
SELECT c.run_id, c.attempt FROM jobs.claim('other', NULL) c;

-- One call for both: what is done, and what is next.
TRUNCATE jobs.schedule_runs RESTART IDENTITY;
SELECT count(jobs.enqueue('report', 'x', user_id => :ann)) FROM generate_series(1, 3);
SELECT run_id, lease FROM jobs.claim('w1', NULL) \gset
SELECT run_id, lease FROM jobs.complete_and_claim(:'lease', ARRAY[:run_id], 'w1', NULL, result => '1') \gset
SELECT id, status, result FROM jobs.schedule_runs ORDER BY id;
SELECT c.run_id FROM jobs.complete_and_claim(:'lease', NULL, 'w1', '{alert}') c;
SELECT id, status FROM jobs.schedule_runs ORDER BY id;
SELECT regexp_replace(refusal(format('SELECT * FROM jobs.complete_and_claim(%L, NULL, ''w1'', NULL)', :'lease')),
    '[0-9a-f-]{36}', 'L');
SELECT id, status FROM jobs.schedule_runs ORDER BY id;

-- Priority: lower numbers first. Users take turns: one with many waiting keeps nobody from his first.
TRUNCATE jobs.schedule_runs RESTART IDENTITY;
SELECT count(*) FROM jobs.enqueue_many((SELECT jsonb_agg(jsonb_build_object('job_type', 'report', 'target',
    'ann ' || n, 'user_id', :ann)) FROM generate_series(1, 1000) n));
SELECT count(jobs.enqueue('report', 'bob ' || n, user_id => :bob)) FROM generate_series(1, 3) n;
SELECT jobs.enqueue('report', 'urgent', user_id => :ann, priority => -1) IS NOT NULL AS urgent;
SELECT jobs.enqueue('report', 'tomorrow', user_id => :bob, run_at => now() + '1 day',
    priority => -2) IS NOT NULL AS tomorrow;
SELECT string_agg(c.target, ', ' ORDER BY n)
FROM jobs.claim('w1', NULL, 8) WITH ORDINALITY c (run_id, lease, job_type, target, task_params, user_id, attempt,
    deadline, n);
-- Whoever dates a run back is not served before others for it.
SELECT jobs.enqueue('report', 'dated back', user_id => :bob, run_at => '2001-01-01 00:00Z') IS NOT NULL AS enqueued;
SELECT string_agg(c.target, ', ' ORDER BY n)
FROM jobs.claim('w1', NULL, 3) WITH ORDINALITY c (run_id, lease, job_type, target, task_params, user_id, attempt,
    deadline, n);

-- A unique key: while a run with it waits or runs there is no other; another user's is his own.
TRUNCATE jobs.schedule_runs RESTART IDENTITY;
SELECT jobs.enqueue('report', 'x', user_id => :ann, unique_key => 'k'), jobs.enqueue('report', 'y', user_id => :ann,
    unique_key => 'k') AS again,
       jobs.enqueue('report', 'z', user_id => :bob, unique_key => 'k') <> 1 AS of_bob;
SELECT u.name, jobs.enqueue('report', 'z', user_id => u.id, unique_key => 'k') = (SELECT r.id FROM jobs.schedule_runs r
    WHERE r.user_id = u.id) AS own FROM identity.users u WHERE u.id IN (:ann, :bob) ORDER BY u.id;
SELECT lease FROM jobs.claim('w1', NULL) \gset
SELECT jobs.enqueue('report', 'y', user_id => :ann, unique_key => 'k') AS while_it_runs;
SELECT jobs.complete(:'lease');
SELECT jobs.enqueue('report', 'y', user_id => :ann, unique_key => 'k') > 1 AS after_it;
SELECT count(*) AS made FROM
    jobs.enqueue_many(format('[{"job_type": "report", "target": "a", "user_id": %s, "unique_key": "k"},
        {"job_type": "report", "target": "b", "user_id": %1$s}]', :ann)::jsonb);

-- A concurrency key: one runs at a time; the next begins when it has ended, however. one_waiting: no more than
-- one waits.
TRUNCATE jobs.schedule_runs RESTART IDENTITY;
SELECT jobs.enqueue('report', 'r' || n, user_id => :ann, concurrency_key => 'broker') FROM generate_series(1, 3) n;
SELECT jobs.enqueue('report', 'more', user_id => :ann, concurrency_key => 'broker',
    one_waiting => true) AS waits_already;
SELECT c.run_id, c.target FROM jobs.claim('w1', NULL, 10) c;
SELECT count(*) FROM jobs.claim('w2', NULL, 10);
-- Another user's is another key.
SELECT jobs.enqueue('alert', 'of bob', user_id => :bob, concurrency_key => 'broker') IS NOT NULL AS of_bob;
SELECT c.target, jobs.complete(c.lease) FROM jobs.claim('w2', '{alert}', 10) c;
SELECT * FROM pg_temp.runs ORDER BY id;
SELECT jobs.complete(pg_temp.lease_of(1));
SELECT c.run_id, c.target FROM jobs.claim('w2', NULL, 10) c;
SELECT jobs.fail(pg_temp.lease_of(2), 2, 'again', '1 hour');
SELECT c.run_id, c.target FROM jobs.claim('w3', NULL, 10) c;
UPDATE jobs.schedule_runs SET claimable_at = clock_timestamp() WHERE id = 2;
SELECT count(*) AS still_one FROM jobs.claim('w4', NULL, 10);
SELECT pg_temp.pass(3, 31);
SELECT c.run_id, c.attempt FROM jobs.claim('w4', NULL, 10) c;
SELECT jobs.complete(pg_temp.lease_of(3));
SELECT c.run_id FROM jobs.claim('w5', NULL, 10) c;
SELECT * FROM jobs.verify();
-- A dead letter is counted; one whose unique key is taken is not replayed.
SELECT jobs.enqueue('report', 'dead', user_id => :ann, unique_key => 'd') AS dead \gset
SELECT jobs.fail(c.lease, c.run_id, 'no', permanent => true) FROM jobs.claim('w6', NULL) c;
SELECT jobs.enqueue('report', 'alive', user_id => :ann, unique_key => 'd') > :dead AS another;
SELECT jobs.replay();
SELECT job_type, status, runs FROM jobs.stats();
-- Whoever watches is told of dead letters of the last day, how many wait and run, and of types that stay paused.
SELECT jobs.pause_type('backup');
UPDATE jobs.paused_types SET paused_at = now() - interval '61 minutes';
SELECT severity, alert, subject, left(detail, 36) AS detail, hint FROM bourse.alerts()
WHERE alert IN ('dead_letters', 'type_is_paused') ORDER BY alert;
SELECT name, value, labels FROM bourse.metrics() WHERE name ~ '^jobs_(runs|paused)' ORDER BY name, labels;
SELECT jobs.resume_type('backup');
UPDATE jobs.schedule_runs SET finished_at = now() - interval '25 hours' WHERE status = 'failed';
SELECT count(*) FROM bourse.alerts() WHERE alert IN ('dead_letters', 'type_is_paused');
-- What cannot be is told.
BEGIN;
INSERT INTO jobs.schedule_runs (id, job_type, concurrency_key, claimable_at) VALUES (-3, 'x', 'alone', 'infinity');
INSERT INTO jobs.schedule_runs (id, job_type, attempt) VALUES (-2, 'x', 4);
INSERT INTO jobs.schedule_runs (id, job_type, status, lease, claimable_at, deadline)
VALUES (-1, 'x', 'running', gen_random_uuid(), '2030-01-01 00:00:01Z', '2030-01-01 00:00Z');
SELECT * FROM jobs.verify();
SELECT check_name, subject FROM bourse.verify() WHERE subject LIKE '-_';
ROLLBACK;

-- Only failures are kept where a schedule says so.
TRUNCATE jobs.schedule_runs RESTART IDENTITY;
INSERT INTO jobs.schedule_runs (job_type, user_id, keep_only_failures) SELECT 'report', :ann, true
FROM generate_series(1, 2);
SELECT lease FROM jobs.claim('w1', NULL, 2) LIMIT 1 \gset
SELECT jobs.fail(:'lease', 1, 'no', permanent => true), jobs.complete(:'lease', '{2}');
SELECT * FROM pg_temp.runs;
-- Retention: 90 days after its end a run goes.
UPDATE jobs.schedule_runs SET finished_at = now() - interval '91 days';
SELECT relation, step, rows FROM bourse.maintain() WHERE relation = 'jobs.schedule_runs';
SELECT count(*) FROM jobs.schedule_runs;

-- Rights: a user sees, enqueues and cancels his own; claims are for workers.
SELECT jobs.enqueue('report', 'of bob', user_id => :bob) AS of_bob \gset
SELECT jobs.enqueue('report', 'of the platform') AS of_nobody \gset
SET SESSION AUTHORIZATION runs_ann;
SELECT jobs.enqueue('report', 'mine') AS mine \gset
SELECT user_id = :ann AS ann, job_snapshot ->> 'target' AS target FROM jobs.schedule_runs;
SELECT count(*) FROM jobs.dead_letters;
SELECT call, refusal('SELECT ' || call) FROM unnest(ARRAY['jobs.cancel(' || :of_bob || ')',
    'jobs.cancel(' || :of_nobody || ')', 'jobs.retry(' || :of_bob || ')',
        'jobs.enqueue(''report'', ''x'', user_id => ' || :bob || ')',
    'jobs.claim(''me'', NULL)', 'jobs.complete(gen_random_uuid())', 'jobs.replay()', 'jobs.pause_type(''report'')',
        'jobs.stats()', 'bourse_private.queue_claim(''jobs.schedule_runs'', ''me'', 1, ''30 s'')']) call;
SELECT refusal('UPDATE jobs.schedule_runs SET status = ''completed''') AS no_update,
    refusal('INSERT INTO jobs.schedule_runs (job_type) VALUES (''x'')') AS no_insert;
SELECT jobs.cancel(:mine);
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION runs_worker;
SELECT c.run_id = :of_bob AS of_bob FROM jobs.claim('w1', NULL) c;
SELECT jobs.enqueue('report', 'by a worker') IS NOT NULL AS of_nobody, jobs.replay();
SELECT refusal('SELECT jobs.pause_type(''report'')');
RESET SESSION AUTHORIZATION;
-- Whoever only works off jobs acts for nobody: it has what it claims, and no way to anything else.
SELECT jobs.enqueue('backup', 'for whoever runs', user_id => :ann) IS NOT NULL AS enqueued;
SET SESSION AUTHORIZATION runs_runner;
SELECT lease, run_id, target FROM jobs.claim('w2', '{backup}') \gset
SELECT :'target' AS target, h.run_id = :run_id AS held FROM jobs.heartbeat(:'lease') h;
SELECT count(*) FROM jobs.complete_and_claim(:'lease', ARRAY[:run_id], 'w2', '{alert}'), jobs.tick();
SELECT call, refusal(call) FROM unnest(ARRAY['TABLE jobs.schedule_runs', 'TABLE jobs.schedules',
    'SELECT jobs.enqueue(''report'', ''x'')', 'SELECT jobs.cancel(1)', 'SELECT jobs.replay()',
    'SELECT identity.acts_for_all()', 'SELECT exchange.verify()']) call;
RESET SESSION AUTHORIZATION;

-- What is out of bounds.
SELECT refusal($$SELECT jobs.enqueue('report', 'x', '{"a": 1e5000}')$$);
SELECT call, refusal('SELECT jobs.' || replace(call, 'ANN', :'ann')) FROM unnest(ARRAY[
    'enqueue(NULL, ''x'')', 'enqueue(''report'', NULL)', 'enqueue(''Report'', ''x'')', 'enqueue(''report'', '''')',
        'enqueue(''report'', ''x'', ''[]'')', 'enqueue(''report'', ''x'', NULL)',
    'enqueue(''report'', ''x'', user_id => -1)', 'enqueue(''report'', ''x'', run_at => ''infinity'')',
        'enqueue(''report'', ''x'', priority => 101)', 'enqueue(''report'', ''x'', unique_key => '''')',
    'enqueue(''report'', ''x'', concurrency_key => repeat(''k'', 201))',
        'enqueue(''report'', ''x'', max_attempts => 0)', 'enqueue(''report'', ''x'', timeout => ''0.5 s'')',
    'enqueue_many(NULL)', 'enqueue_many(''{}'')', 'enqueue_many(''[[]]'')',
        'enqueue_many(''[{"job_type": "report"}]'')',
        'enqueue_many(''[{"job_type": "report", "target": "a", "priority": "NaN"}]'')',
        'enqueue_many(''[{"job_type": "report", "target": "a", "user_id": 1e400}]'')',
        'enqueue_many(''[{"job_type": "report", "target": "a", "run_at": "soon"}]'')',
        'enqueue_many(''[{"job_type": "report", "target": "a", "timeout": "99999999999 years"}]'')',
        'claim(NULL, NULL)', 'claim('''', NULL)',
        'claim(''w'', NULL, 0)', 'claim(''w'', NULL, 1, ''2 days'')',
    'complete(NULL)', 'fail(NULL, 1, ''x'')', 'fail(gen_random_uuid(), 1, NULL)',
        'fail(gen_random_uuid(), 1, ''x'', ''-1 s'')', 'heartbeat(NULL)', 'release(NULL)',
    'cancel(-1)', 'cancel(NULL)', 'retry(-1)', 'replay("limit" => 0)', 'pause_type(NULL)',
        'backoff(0)']) WITH ORDINALITY c (call, n) ORDER BY n;
SELECT jobs.backoff(n) = jobs.backoff(n) AS same, jobs.backoff(n, jitter => 0) FROM unnest('{1,2,3,12}'::integer[]) n;

-- A person who leaves takes his runs along.
SELECT identity.erase_user(:bob, 'asked for it') -> 'deleted' -> 'jobs.schedule_runs' AS deleted;
SELECT count(*) FROM jobs.schedule_runs WHERE user_id = :bob;
UPDATE identity.users SET db_role = NULL WHERE id = :ann;
DROP ROLE runs_ann, runs_worker, runs_runner;
