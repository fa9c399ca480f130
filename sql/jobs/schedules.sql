-- Schedules: what their table does by itself, and functions over it.

CREATE FUNCTION jobs_private.fill_schedule() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    NEW.id := coalesce(NEW.id, nextval('jobs.schedules_id_seq'));
    NEW.task_params := coalesce(NEW.task_params, '{}');
    NEW.enabled := coalesce(NEW.enabled, true);
    NEW.created_at := now();
    NEW.updated_at := now();
    NEW.timezone := coalesce(NEW.timezone, 'UTC');
    NEW.misfire := coalesce(NEW.misfire, 'once');
    NEW.grace := coalesce(NEW.grace, '300 s');
    NEW.max_catch_up := coalesce(NEW.max_catch_up, 100);
    NEW.overlap := coalesce(NEW.overlap, 'skip');
    NEW.max_attempts := coalesce(NEW.max_attempts, 3);
    NEW.timeout := coalesce(NEW.timeout, '300 s');
    NEW.priority := coalesce(NEW.priority, 0);
    NEW.keep_only_failures := coalesce(NEW.keep_only_failures, false);
    NEW.problem := NULL;
    NEW.problem_at := NULL;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION jobs_private.fill_schedule() IS
'Trigger: an explicit NULL in a new schedule is the default of its column, as object-relational mappers mean it';

CREATE FUNCTION jobs_private.require_drawn_schedule() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_drawn(NEW.id, 'jobs.schedules_id_seq');
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION jobs_private.require_drawn_schedule() IS
'Trigger: refuses an id that the client has made up (42501)';

CREATE FUNCTION jobs_private.keep_computed() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    NEW.id := OLD.id;
    NEW.created_at := OLD.created_at;
    NEW.next_run_at := OLD.next_run_at;
    NEW.problem := OLD.problem;
    NEW.problem_at := OLD.problem_at;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION jobs_private.keep_computed() IS
'Trigger: what is computed stays as it is, whatever a client sends along that writes every column';

-- The next tick after now: a change never causes a run.
CREATE FUNCTION jobs_private.set_next_run_at() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp AS $$
DECLARE
    next timestamptz;
BEGIN
    IF TG_OP = 'UPDATE' AND (NEW.cron, NEW.timezone, NEW.calendar)
                            IS NOT DISTINCT FROM (OLD.cron, OLD.timezone, OLD.calendar) THEN
        -- What has become wrong can be switched off all the same.
        IF NOT NEW.enabled THEN
            NEW.next_run_at := NULL;
            RETURN NEW;
        END IF;
        IF OLD.enabled THEN
            IF OLD.next_run_at IS NULL THEN
                -- One that has stopped goes on if it can, and its name can be changed if it cannot.
                SELECT n.tick, n.problem, CASE WHEN n.problem IS NOT NULL THEN now() END
                INTO NEW.next_run_at, NEW.problem, NEW.problem_at
                FROM jobs_private.tick_or_problem(NEW.cron, NEW.timezone, NEW.calendar, clock_timestamp()) n;
            END IF;
            RETURN NEW;
        END IF;
    END IF;
    next := jobs_private.next_tick(NEW.cron, NEW.timezone, NEW.calendar, clock_timestamp());
    NEW.next_run_at := CASE WHEN NEW.enabled THEN next END;
    NEW.problem := NULL;
    NEW.problem_at := NULL;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION jobs_private.set_next_run_at() IS
'Trigger: refuses what is no cron expression, zone (22023) or calendar (42704), and sets the next tick; one that had '
'none is asked again, whatever is written';

CREATE FUNCTION jobs_private.notify_schedulers() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    PERFORM bourse_private.notify('scheduler_updates', 'reload');
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION jobs_private.notify_schedulers() IS
'Trigger: tells whoever listens on scheduler_updates, once for each statement, that schedules have changed. A hint '
'only';

-- What one user may have due at one time is everybody's load.
CREATE FUNCTION jobs_private.require_schedule_bounds() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp AS $$
DECLARE
    most CONSTANT integer := 1000;
    most_ticks CONSTANT integer := 100000;
    has record;
BEGIN
    PERFORM jobs_private.require_params(NEW.task_params), jobs_private.require_priority(NEW.priority);
    IF identity.acts_for_all() OR TG_OP = 'UPDATE' AND NEW.user_id IS NOT DISTINCT FROM OLD.user_id
                                  AND NEW.max_catch_up <= OLD.max_catch_up THEN
        RETURN NEW;
    END IF;
    SELECT count(*) AS schedules, coalesce(sum(s.max_catch_up), 0) AS ticks INTO has
    FROM (SELECT o.max_catch_up FROM jobs.schedules o
          WHERE o.user_id = NEW.user_id AND o.id <> NEW.id LIMIT most) s;
    IF has.schedules = most THEN
        PERFORM bourse.refuse('54000', format('user %s has %s schedules', NEW.user_id, most),
            'Delete some; who acts for everybody may make more.');
    ELSIF has.ticks + NEW.max_catch_up > most_ticks THEN
        PERFORM bourse.refuse('54000',
            format('max_catch_up of the schedules of user %s is %s in all', NEW.user_id, has.ticks + NEW.max_catch_up),
            format('It may be %s in all; who acts for everybody may give more.', most_ticks));
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION jobs_private.require_schedule_bounds() IS
'Trigger: refuses parameters and a priority out of bounds (22023, 42501), and from whoever does not act for everybody '
'one schedule more than 1,000 of a user, or schedules whose max_catch_up is more than 100,000 in all (54000)';

CREATE FUNCTION jobs_private.forget_schedules() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    INSERT INTO jobs.gone_schedules SELECT g.id FROM gone g;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION jobs_private.forget_schedules() IS
'Trigger: notes that schedules have gone; forget_gone() has their runs forget them';

CREATE FUNCTION jobs_private.forget_gone() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, jobs, pg_temp SET enable_seqscan = off AS $$
DECLARE
    most integer := 10000;
    forgotten integer;
    schedule_id bigint;
BEGIN
    FOR schedule_id IN SELECT g.id FROM jobs.gone_schedules g FOR UPDATE SKIP LOCKED LOOP
        WITH named AS (
            SELECT r.id FROM jobs.schedule_runs r WHERE r.job_id = schedule_id LIMIT most FOR NO KEY UPDATE SKIP LOCKED
        )
        UPDATE jobs.schedule_runs r SET job_id = NULL FROM named n WHERE r.id = n.id;
        GET DIAGNOSTICS forgotten = ROW_COUNT;
        most := most - forgotten;
        EXIT WHEN most = 0;
        DELETE FROM jobs.gone_schedules g
        WHERE g.id = schedule_id
          AND NOT EXISTS (SELECT FROM jobs.schedule_runs r WHERE r.job_id = schedule_id);
    END LOOP;
END
$$;
COMMENT ON FUNCTION jobs_private.forget_gone() IS
'Has the runs of schedules that are gone forget them, 10,000 in a call and none that somebody is changing';
