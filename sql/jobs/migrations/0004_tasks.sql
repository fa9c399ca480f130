-- What the platform runs itself: procedures that an admin vouches for, as they were then. Names and not an oid, so that
-- a dump brings them along; whose procedure it was, and what stood in it, is compared before each run.
CREATE TABLE jobs.tasks (
    name           text COLLATE "C" PRIMARY KEY CONSTRAINT tasks_name_check CHECK (name ~ '^[a-z][a-z0-9_]{0,62}$'),
    schema_name    text COLLATE "C" NOT NULL,
    procedure_name text COLLATE "C" NOT NULL,
    takes_params   boolean NOT NULL,
    owner          text COLLATE "C" NOT NULL,
    fingerprint    bytea NOT NULL,
    top_level      boolean NOT NULL DEFAULT false,
    registered_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    registered_by  text NOT NULL DEFAULT identity_private.author()
);
COMMENT ON TABLE jobs.tasks IS
'Procedures that the platform runs itself, beside those that it brings along. register_task() and unregister_task() '
'write it';
COMMENT ON COLUMN jobs.tasks.name IS 'What target names in schedules and runs of the type task';
COMMENT ON COLUMN jobs.tasks.takes_params IS 'It takes one argument, task_params; else none';
COMMENT ON COLUMN jobs.tasks.owner IS 'The owner, with whose rights it runs; while it has another one it does not run';
COMMENT ON COLUMN jobs.tasks.fingerprint IS 'A hash of all that makes it up; while that is another one it does not run';
COMMENT ON COLUMN jobs.tasks.top_level IS 'It is called outside of a transaction, and may COMMIT';
GRANT SELECT ON jobs.tasks TO bourse_admin, bourse_worker, bourse_monitor;

-- Before the row is looked at any further, and after a mapper's NULLs have become defaults: triggers fire in order of
-- name.
CREATE TRIGGER trigger_require_task BEFORE INSERT ON jobs.schedules
    FOR EACH ROW WHEN (NEW.job_type = 'task') EXECUTE FUNCTION jobs_private.require_task_of_schedule();
CREATE TRIGGER trigger_require_task_change BEFORE UPDATE OF user_id, name, job_type, target, task_params, cron, enabled,
        timezone, misfire, grace, max_catch_up, overlap, max_attempts, timeout, priority, calendar, keep_only_failures
    ON jobs.schedules FOR EACH ROW WHEN (OLD.job_type = 'task' OR NEW.job_type = 'task')
    EXECUTE FUNCTION jobs_private.require_task_of_schedule();
CREATE TRIGGER trigger_require_task_deletion BEFORE DELETE ON jobs.schedules
    FOR EACH ROW WHEN (OLD.job_type = 'task') EXECUTE FUNCTION jobs_private.require_task_of_schedule();
