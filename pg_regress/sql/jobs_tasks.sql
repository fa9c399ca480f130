-- Tasks: what the platform runs itself. An admin registers procedures, an admin has them run, and they have the rights
-- of their owners.
CREATE ROLE tasks_admin LOGIN IN ROLE bourse_admin;
CREATE ROLE tasks_owner;
CREATE ROLE tasks_stranger LOGIN;
CREATE ROLE tasks_worker LOGIN IN ROLE bourse_worker;
CREATE ROLE tasks_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE tasks_gateway LOGIN IN ROLE bourse_gateway;
GRANT tasks_owner TO tasks_admin;
INSERT INTO identity.users (id, name, db_role) VALUES (101, 'ann', 'tasks_ann'), (102, 'admin', 'tasks_admin');
CREATE SCHEMA work;
GRANT USAGE, CREATE ON SCHEMA work TO tasks_owner, tasks_stranger;
GRANT USAGE ON SCHEMA work TO tasks_admin, tasks_worker, tasks_ann, tasks_gateway;
CREATE TABLE work.log (id bigint GENERATED ALWAYS AS IDENTITY, role name DEFAULT current_user,
    path text DEFAULT current_setting('search_path'), said jsonb);
GRANT INSERT ON work.log TO tasks_owner, tasks_stranger;

CREATE FUNCTION work.tries(schedule bigint) RETURNS TABLE (call text, answer text) LANGUAGE sql AS $$
    SELECT c, refusal(replace(c, '%s', schedule::text)) FROM unnest(ARRAY[
        'SELECT jobs.enqueue(''task'', ''note'')',
        'SELECT jobs.create_schedule(NULL, ''mine'', ''task'', ''note'', ''@daily'')',
        'SELECT jobs.set_schedule_enabled(%s, true)', 'SELECT jobs.run_now(%s)', 'SELECT jobs.delete_schedule(%s)',
        'INSERT INTO jobs.schedules (name, job_type, target, cron) VALUES (''mine'', ''task'', ''note'', ''@daily'')',
        'UPDATE jobs.schedules SET target = ''note'' WHERE id = %s']) WITH ORDINALITY t (c, n) ORDER BY n $$;

-- The maintenance stands there, off.
SELECT name, target, cron, timezone, enabled, next_run_at, misfire, timeout FROM jobs.schedules ORDER BY id;

SET SESSION AUTHORIZATION tasks_admin;
SET ROLE tasks_owner;
CREATE PROCEDURE work.note(params jsonb) LANGUAGE sql AS 'INSERT INTO work.log (said) VALUES (params)';
CREATE PROCEDURE work.count() LANGUAGE sql AS 'INSERT INTO work.log (said) SELECT ''0''';
CREATE PROCEDURE work.many(a jsonb, b jsonb) LANGUAGE sql AS 'SELECT';
CREATE PROCEDURE work.telling(a jsonb, OUT b text) LANGUAGE sql AS 'SELECT ''''';
CREATE FUNCTION work.no_procedure(jsonb) RETURNS void LANGUAGE sql AS 'SELECT';
RESET ROLE;
RESET SESSION AUTHORIZATION;
CREATE PROCEDURE work.of_superuser() LANGUAGE sql AS 'SELECT';
SET SESSION AUTHORIZATION tasks_stranger;
CREATE PROCEDURE work.of_stranger() LANGUAGE sql AS 'INSERT INTO work.log (said) SELECT ''1''';

-- Registering.
SET SESSION AUTHORIZATION tasks_admin;
SELECT jobs.register_task('note', 'work.note(jsonb)'), jobs.register_task('count', 'work.count()');
SELECT name, schema_name, procedure_name, takes_params, owner, length(fingerprint), top_level, registered_by
FROM jobs.tasks ORDER BY name;
SELECT call, refusal('SELECT jobs.register_task(' || call || ')') FROM unnest(ARRAY[
    $$NULL, 'work.note(jsonb)'$$, $$'note', NULL$$, $$'note', 'work.note(jsonb)', NULL$$,
    $$'Note', 'work.note(jsonb)'$$,
    $$'vacuum', 'work.note(jsonb)'$$, $$'x', 'work.no_procedure(jsonb)'$$, $$'x', 'work.many(jsonb, jsonb)'$$,
    $$'x', 'work.telling(jsonb)'$$, $$'x', 'work.of_superuser()'$$, $$'x', 'work.of_stranger()'$$,
    $$'x', 'jobs_private.maintain()'$$, $$'x', 999999$$]) WITH ORDINALITY c (call, n) ORDER BY n;
SET SESSION AUTHORIZATION tasks_worker;
SELECT refusal($$SELECT jobs.register_task('x', 'work.note(jsonb)')$$);
SELECT refusal($$SELECT jobs.unregister_task('note')$$);
SELECT refusal($$UPDATE jobs.tasks SET procedure_name = 'of_stranger'$$);

-- Only an admin has tasks run, by whatever way.
SELECT * FROM work.tries(1);
SET SESSION AUTHORIZATION tasks_ann;
SELECT * FROM work.tries(1);
SET SESSION AUTHORIZATION tasks_gateway;
BEGIN;
SELECT identity.act_for_everybody();
SELECT * FROM work.tries(1);
ROLLBACK;

-- A schedule that is on names a task that can run; nobody's it is, whoever the admin may be.
SET SESSION AUTHORIZATION tasks_admin;
SELECT call, refusal('SELECT jobs.' || call) FROM unnest(ARRAY[
    $$create_schedule(NULL, 'x', 'task', 'unknown', '@daily')$$,
    $$create_schedule(101, 'x', 'task', 'note', '@daily')$$,
    $$create_schedule(NULL, 'x', 'report', 'note', '@daily')$$, $$enqueue('task', 'unknown')$$,
    $$enqueue('task', 'vacuum', '[]')$$,
    $$enqueue('task', 'note', user_id => 101)$$, $$enqueue_many('[{"job_type": "task", "target": "note"}]')$$,
    $$enqueue('task', 'DROP TABLE jobs.tasks')$$, $$enqueue('task', 'vacuum', '{"tables": ["work.log"]}')$$,
    $$enqueue('task', 'vacuum', '{"tables": "jobs.tasks"}')$$, $$enqueue('task', 'vacuum', '{"verbose": true}')$$,
    $$enqueue('task', 'analyze', '{"full": true}')$$, $$enqueue('task', 'vacuum', '{"full": "yes"}')$$,
    $$enqueue('task', 'reindex', '{"tables": ["jobs.tasks; DROP TABLE jobs.tasks"]}')$$,
    $$create_schedule(NULL, 'x', 'task', 'analyze', '@daily', '{"tables": ["jobs.nothing"]}')$$]) WITH
    ORDINALITY c (call, n) ORDER BY n;
SELECT jobs.create_schedule(NULL, 'nightly', 'task', 'note', '@daily', '{"n": 1}') > 0 AS made;
SELECT jobs.run_now(id) > 0 AS made FROM jobs.schedules WHERE name = 'nightly';
SELECT jobs.enqueue('task', 'count') > 0 AS made;
SELECT job_type, user_id, job_snapshot ->> 'target' AS target, status FROM jobs.schedule_runs ORDER BY id;

-- No worker takes them, to say that they are done: not one of everybody's, nor a superuser.
SET SESSION AUTHORIZATION tasks_worker;
SELECT refusal($$SELECT jobs.claim('w', '{report,task}')$$);
SELECT refusal($$SELECT jobs.complete_and_claim(gen_random_uuid(), NULL, 'w', '{task}')$$) AS beside,
    refusal($$SELECT jobs.claim('w', NULL)$$) AS others, (SELECT count(*) FROM jobs.claim('w', NULL, 10));
RESET SESSION AUTHORIZATION;
SELECT refusal($$SELECT jobs.claim('w', '{task}')$$);

-- What the statements are that vacuum, analyze and reindex run.
SELECT jobs_private.task_statements('vacuum', '{"tables": ["jobs.tasks", "exchange.orders"], "full": true}');
SELECT jobs_private.task_statements('reindex', '{"tables": ["jobs.tasks"]}');
SELECT count(*) = (SELECT count(*) FROM pg_class
    WHERE relkind IN ('r', 'p') AND NOT relispartition AND relowner = 'bourse_owner'::regrole) AS all_tables,
    min(s), count(*) FILTER (WHERE s !~ '^ANALYZE [a-z]+\.[a-z_]+$') AS others
FROM jobs_private.task_statements('analyze', '{}') s;

-- Run in this session: with the rights of the owner, and a path that nobody has chosen.
SET SESSION AUTHORIZATION tasks_worker;
SET search_path = work, public;
CALL jobs.run_tasks();
RESET search_path;
SELECT job_snapshot ->> 'target' AS target, status, attempt, error FROM jobs.schedule_runs ORDER BY id;
SELECT refusal('CALL jobs.run_tasks()') AS in_a_function, refusal('CALL jobs.run_tasks(0)');
CALL jobs.run_tasks(0);
RESET SESSION AUTHORIZATION;
SELECT role, path, said FROM work.log ORDER BY id;

-- What a procedure tries that would win rights, or leave something behind.
TRUNCATE jobs.schedule_runs;
GRANT CREATE, TEMPORARY ON DATABASE :DBNAME TO tasks_owner;
SET SESSION AUTHORIZATION tasks_admin;
SET ROLE tasks_owner;
CREATE TABLE work.parents (id int PRIMARY KEY);
CREATE TABLE work.children (id int REFERENCES work.parents DEFERRABLE INITIALLY DEFERRED);
CREATE FUNCTION work.try(n int, what text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    EXECUTE format('CREATE OR REPLACE PROCEDURE work.attack_%s() LANGUAGE plpgsql AS %L', n,
                   'BEGIN EXECUTE ' || quote_literal(what) || '; END');
    RETURN format('work.attack_%s()', n);
END $$;
CREATE TABLE work.attacks AS SELECT n::int, what, work.try(n::int, what) AS procedure FROM unnest(ARRAY[
    'SET ROLE bourse_owner', 'SET SESSION AUTHORIZATION postgres', 'RESET SESSION AUTHORIZATION', 'RESET ROLE',
    'SELECT set_config(''role'', ''postgres'', false)', 'UPDATE exchange.markets SET status = ''halted''',
    'SELECT * FROM jobs.tasks', 'CREATE TEMPORARY TABLE schedule_runs ()', 'INSERT INTO work.children VALUES (1)',
    'DECLARE c CURSOR WITH HOLD FOR SELECT 1', 'LISTEN jobs_runs', 'PREPARE p AS SELECT 1',
    'SELECT identity.act_as(101)', 'SELECT jobs.enqueue(''report'', ''x'', user_id => 101)',
    'SELECT pg_terminate_backend(pg_backend_pid())', 'ALTER SYSTEM SET bourse.tasks = off'])
    WITH ORDINALITY a (what, n);
CREATE PROCEDURE work.commits() LANGUAGE plpgsql AS 'BEGIN COMMIT; END';
RESET ROLE;
SELECT count(jobs.register_task('attack_' || n, procedure::regprocedure)) FROM work.attacks;
SELECT jobs.register_task('commits', 'work.commits()'), jobs.register_task('later', 'work.commits()', true);
SELECT count(jobs.enqueue('task', t.name, max_attempts => 1)) FROM jobs.tasks t
WHERE t.name ~ '^(attack|commits|later)';
SET SESSION AUTHORIZATION tasks_worker;
CALL jobs.run_tasks();
RESET SESSION AUTHORIZATION;
-- The major versions of PostgreSQL say in different words that no process of a superuser is ended.
SELECT coalesce(a.what, t.name) AS what, r.status, r.attempt,
    CASE WHEN a.what ~ 'terminate' THEN right(r.error, 7) ELSE r.error END AS error
FROM jobs.schedule_runs r JOIN jobs.tasks t ON t.name = r.job_snapshot ->> 'target'
LEFT JOIN work.attacks a ON t.name = 'attack_' || a.n
ORDER BY a.n, t.name;
SELECT jobs.cancel(id) FROM jobs.schedule_runs WHERE status = 'pending';

-- Whoever takes the name of a procedure after it has been looked up is not called with its owner's rights.
SELECT refusal(format('SELECT jobs_private.call_as_owner(%s, %s, %L, %L)', 'tasks_owner'::regrole::oid,
    'work.count()'::regprocedure::oid, call, '{"by": "name"}')) AS answer, call
FROM unnest('{CALL work.note($1),CALL work.of_stranger(),SELECT 1,CALL work.count()}'::text[]) call;

-- A procedure that is not what was registered does not run.
SET SESSION AUTHORIZATION tasks_admin;
CREATE FUNCTION pg_temp.refused() RETURNS text LANGUAGE sql
    AS $$ SELECT refusal('SELECT jobs.enqueue(''task'', ''note'')') $$;
SELECT jobs.enqueue('task', 'note', max_attempts => 1) AS enqueued \gset
SET ROLE tasks_owner;
CREATE OR REPLACE PROCEDURE work.note(params jsonb) LANGUAGE sql
    AS 'INSERT INTO work.log (said) VALUES (''"changed"'')';
RESET ROLE;
SELECT pg_temp.refused();
CALL jobs.run_tasks();
SELECT status, error FROM jobs.schedule_runs WHERE id = :enqueued;
SELECT severity, alert, subject, detail, hint FROM bourse.alerts() WHERE alert = 'task_does_not_run';
SELECT jobs.register_task('note', 'work.note(jsonb)');
SELECT pg_temp.refused();
SET ROLE tasks_owner;
ALTER PROCEDURE work.note(jsonb) SET work_mem = '1MB';
RESET ROLE;
SELECT pg_temp.refused();
RESET SESSION AUTHORIZATION;
ALTER PROCEDURE work.note(jsonb) RESET work_mem;
ALTER PROCEDURE work.note(jsonb) OWNER TO tasks_stranger;
SELECT pg_temp.refused();
ALTER PROCEDURE work.note(jsonb) OWNER TO bourse_owner;
SELECT pg_temp.refused();
ALTER PROCEDURE work.note(jsonb) OWNER TO tasks_owner;
ALTER ROLE tasks_owner SUPERUSER;
SELECT pg_temp.refused();
ALTER ROLE tasks_owner NOSUPERUSER;
DROP PROCEDURE work.note(jsonb);
SELECT pg_temp.refused();
-- A schedule of it can be switched off, and not on.
SET SESSION AUTHORIZATION tasks_admin;
SELECT jobs.set_schedule_enabled(id, false) FROM jobs.schedules WHERE name = 'nightly';
SELECT refusal(format('SELECT jobs.set_schedule_enabled(%s, true)', id)) FROM jobs.schedules WHERE name = 'nightly';
SELECT jobs.unregister_task('note'), jobs.unregister_task('note');
SELECT pg_temp.refused();

-- Switched on once or twice, edited, and installed again: it stays what the operator has made of it.
SELECT jobs.set_schedule_enabled(id, true), jobs.set_schedule_enabled(id, true),
       jobs.update_schedule(id, cron => '0 1 * * *') FROM jobs.schedules WHERE name = 'maintenance: vacuum';
RESET SESSION AUTHORIZATION;
DELETE FROM bourse.schema_migrations WHERE version = 'jobs/0004_tasks';
DROP TABLE jobs.tasks;
DROP TRIGGER trigger_require_task ON jobs.schedules;
DROP TRIGGER trigger_require_task_change ON jobs.schedules;
DROP TRIGGER trigger_require_task_deletion ON jobs.schedules;
SELECT bourse.install();
SELECT name, cron, enabled FROM jobs.schedules WHERE job_type = 'task' ORDER BY name;

-- The trail has who registered what.
SELECT action, count(*) FROM audit.audit_logs WHERE table_name = 'jobs.tasks' GROUP BY action ORDER BY action;
SELECT * FROM bourse.verify();
