-- Schedules: what their table does by itself, and functions over it.

CREATE FUNCTION jobs_private.fill_schedule() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    NEW.id := coalesce(NEW.id, nextval('jobs.schedules_id_seq'));
    -- As enqueue() does; what the platform runs itself is nobody's.
    IF NEW.job_type <> 'task' THEN
        NEW.user_id := coalesce(NEW.user_id, identity.current_user_id());
    END IF;
    NEW.task_params := coalesce(NEW.task_params, '{}');
    NEW.enabled := coalesce(NEW.enabled, true);
    NEW.created_at := identity_private.time_of_row(NEW.created_at);
    NEW.updated_at := identity_private.time_of_row(NEW.updated_at);
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
'Trigger: an explicit NULL in a new schedule is the default of its column, as object-relational mappers mean it; its '
'user the session''s own';

CREATE FUNCTION jobs_private.keep_computed() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    NEW.id := OLD.id;
    NEW.created_at := OLD.created_at;
    NEW.next_run_at := OLD.next_run_at;
    NEW.problem := OLD.problem;
    NEW.problem_at := OLD.problem_at;
    NEW.calendar_version := OLD.calendar_version;
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
    -- One that a row has goes on, whatever is taken for a zone by now.
    PERFORM bourse_private.require_time_zone(NEW.timezone) WHERE NEW.timezone IS DISTINCT FROM OLD.timezone;
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
    -- Both as one statement sees them.
    SELECT jobs_private.next_tick(NEW.cron, NEW.timezone, NEW.calendar, clock_timestamp()), t.updated_at
    INTO next, NEW.calendar_version
    FROM (VALUES (NEW.calendar)) c (name) LEFT JOIN calendar.trading_hours_templates t ON t.name = c.name;
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

CREATE FUNCTION jobs_private.require_schedule_bounds() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp AS $$
DECLARE
    most CONSTANT integer := 1000;
    most_ticks CONSTANT integer := 100000;
    has record;
    problem text;
    hint text;
BEGIN
    -- A mapper that has made a schedule without its user sends NULL along with the next change.
    IF TG_OP = 'UPDATE' AND NEW.user_id IS NULL AND NOT identity.acts_for_all() THEN
        NEW.user_id := OLD.user_id;
    END IF;
    PERFORM bourse_private.require_given('name', NEW.name), bourse_private.require_given('target', NEW.target),
            bourse_private.require_given('job_type', NEW.job_type), bourse_private.require_given('cron', NEW.cron);
    IF btrim(NEW.name) = '' OR btrim(NEW.target) = '' THEN
        problem := CASE btrim(NEW.name) WHEN '' THEN 'name' ELSE 'target' END || ' is blank';
        hint := 'Give 1 to 255 characters.';
    ELSIF NEW.job_type NOT IN ('report', 'screener', 'alert', 'notification', 'data_processing', 'backup', 'task')
    THEN
        problem := format('job_type is %s', bourse_private.quoted(NEW.job_type));
        hint := 'Schedules are report, screener, alert, notification, data_processing or backup, and target says '
                'which; jobs.enqueue() takes any type.';
    ELSIF (NEW.user_id IS NULL) <> (NEW.job_type = 'task') THEN
        problem := format('job_type is %s, and user_id %s', NEW.job_type, coalesce(NEW.user_id::text, 'NULL'));
        hint := 'Tasks are nobody''s, and whatever else is scheduled is a user''s.';
    ELSIF NEW.misfire NOT IN ('skip', 'once', 'all') THEN
        problem := format('misfire is %s', bourse_private.quoted(NEW.misfire));
        hint := 'Say what becomes of missed ticks: skip, once or all.';
    ELSIF NEW.overlap NOT IN ('skip', 'queue', 'allow') THEN
        problem := format('overlap is %s', bourse_private.quoted(NEW.overlap));
        hint := 'Say what becomes of a tick while a run waits or is at work: skip, queue or allow.';
    ELSIF NOT (NEW.grace BETWEEN interval '0' AND interval '1 day' AND extract(year FROM NEW.grace) = 0
               AND extract(month FROM NEW.grace) = 0) THEN
        problem := format('grace is %s', NEW.grace);
        hint := 'Give an interval from 0 to 1 day.';
    ELSIF NEW.max_catch_up NOT BETWEEN 1 AND 10000 THEN
        problem := format('max_catch_up is %s', NEW.max_catch_up);
        hint := 'Give 1 to 10000.';
    ELSIF NEW.max_attempts NOT BETWEEN 1 AND 100 THEN
        problem := format('max_attempts is %s', NEW.max_attempts);
        hint := 'Give 1 to 100.';
    ELSIF NEW.timeout NOT BETWEEN interval '1 second' AND interval '7 days' THEN
        problem := format('timeout is %s', NEW.timeout);
        hint := 'Give an interval from 1 second to 7 days; jobs.enqueue() takes NULL for none.';
    END IF;
    IF problem IS NOT NULL THEN
        PERFORM bourse.refuse('22023', problem, hint);
    END IF;
    PERFORM bourse_private.require_line('name', NEW.name) WHERE NEW.name IS DISTINCT FROM OLD.name;
    PERFORM jobs_private.require_params(NEW.task_params), jobs_private.require_priority(NEW.priority);
    -- What one user may have due at one time is everybody's load. Counting 1,000 of them is a fifth of an INSERT.
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
'Trigger: refuses what a schedule cannot have: NULL (22004), values out of bounds, a new name that cannot be read '
'(22023), a priority that is not for '
'users (42501); and from whoever does not act for everybody one schedule more than 1,000 of a user, or schedules whose '
'max_catch_up is more than 100,000 in all (54000)';

CREATE FUNCTION jobs_private.forget_schedules() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    INSERT INTO jobs.gone_schedules SELECT g.id FROM gone g ON CONFLICT DO NOTHING;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION jobs_private.forget_schedules() IS
'Trigger: notes that schedules have gone; forget_gone() has their runs forget them';

CREATE FUNCTION jobs_private.forget_gone() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, jobs, pg_temp SET enable_seqscan = off AS $$
DECLARE
    most integer := 10000;
    most_schedules CONSTANT integer := 300;
    forgotten integer;
    schedule_id bigint;
    -- Those whose runs somebody keeps locked do not stand before the others each time.
    first bigint := (SELECT min(g.id) + floor(random() * (max(g.id) - min(g.id) + 1))::bigint
                     FROM jobs.gone_schedules g);
BEGIN
    FOR schedule_id IN
        (SELECT g.id FROM jobs.gone_schedules g WHERE g.id >= first ORDER BY g.id LIMIT most_schedules)
        UNION ALL (SELECT g.id FROM jobs.gone_schedules g WHERE g.id < first ORDER BY g.id LIMIT most_schedules)
        LIMIT most_schedules
    LOOP
        PERFORM FROM jobs.gone_schedules g WHERE g.id = schedule_id FOR UPDATE SKIP LOCKED;
        CONTINUE WHEN NOT FOUND;
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
'Has the runs of schedules that are gone forget them, 10,000 in a call and none that somebody is changing; looks at '
'300 of the schedules, from any one of them on';
