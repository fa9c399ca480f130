-- Functions over the schedules. The plain table, and the view for DELETE, do the same under row security by id.

CREATE FUNCTION jobs_private.require_schedule(schedule_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('schedule_id', schedule_id);
    PERFORM FROM jobs.schedules s
    WHERE s.id = require_schedule.schedule_id
      AND CASE WHEN s.user_id IS NULL THEN identity.acts_for_all() ELSE identity.acts_for(s.user_id) END
    FOR NO KEY UPDATE;
    -- Who may not act for its user does not learn whether it is there.
    IF NOT FOUND THEN
        PERFORM bourse.refuse('42704', format('schedule %s does not exist', schedule_id),
            'jobs.schedules lists yours.');
    END IF;
END
$$;
COMMENT ON FUNCTION jobs_private.require_schedule(bigint) IS
'Locks a schedule; refuses one that is NULL (22004) or none that the session may act for (42704)';

-- Before they are cut to the types of the columns, which refuse in words of the server.
CREATE FUNCTION jobs_private.require_fitting(name text, job_type text, target text, cron text, timezone text,
                                             priority integer) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, jobs, pg_temp AS $$
DECLARE
    long record;
BEGIN
    SELECT v.parameter, length(v.value) AS characters, v.most INTO long
    FROM (VALUES (1, 'name', name, 255), (2, 'job_type', job_type, 50), (3, 'target', target, 255),
                 (4, 'cron', cron, 100), (5, 'timezone', timezone, 60)) v (place, parameter, value, most)
    WHERE length(v.value) > v.most ORDER BY v.place LIMIT 1;
    IF FOUND THEN
        PERFORM bourse.refuse('22023', format('%s has %s characters', long.parameter, long.characters),
            format('Give up to %s.', long.most));
    END IF;
    PERFORM jobs_private.require_priority(priority);
END
$$;
COMMENT ON FUNCTION jobs_private.require_fitting(text, text, text, text, text, integer) IS
'Refuses what is too long for a schedule, or a priority out of bounds (22023), or one that is not for users (42501); '
'NULL passes';

CREATE FUNCTION jobs_private.refuse_name(name text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    PERFORM bourse.refuse('23505', format('there is a schedule %s already', bourse_private.quoted(name)),
        'Take another name, or jobs.update_schedule() of that one: jobs.schedules lists them.');
END
$$;
COMMENT ON FUNCTION jobs_private.refuse_name(text) IS
'Refuses a name that the user has given to another schedule (23505)';

CREATE FUNCTION jobs.create_schedule(
    user_id bigint, name text, job_type text, target text, cron text, task_params jsonb DEFAULT '{}',
    timezone text DEFAULT 'UTC', enabled boolean DEFAULT true, misfire text DEFAULT 'once',
    grace interval DEFAULT '300 s', max_catch_up integer DEFAULT 100, overlap text DEFAULT 'skip',
    max_attempts integer DEFAULT 3, timeout interval DEFAULT '300 s', priority integer DEFAULT 0,
    calendar text DEFAULT NULL, keep_only_failures boolean DEFAULT false) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    made bigint;
BEGIN
    -- A task is nobody's; the trigger asks who schedules it.
    IF job_type IS DISTINCT FROM 'task' OR user_id IS NOT NULL THEN
        PERFORM identity_private.require_user(user_id);
    END IF;
    PERFORM bourse_private.require_given('name', name), bourse_private.require_given('job_type', job_type),
            bourse_private.require_given('target', target), bourse_private.require_given('cron', cron),
            jobs_private.require_fitting(name, job_type, target, cron, timezone, priority);
    INSERT INTO jobs.schedules AS s (user_id, name, job_type, target, cron, task_params, timezone, enabled, misfire,
                                     grace, max_catch_up, overlap, max_attempts, timeout, priority, calendar,
                                     keep_only_failures)
    VALUES (user_id, name, job_type, target, cron, task_params, timezone, enabled, misfire, grace, max_catch_up,
            overlap, max_attempts, timeout, priority, calendar, keep_only_failures)
    RETURNING s.id INTO made;
    RETURN made;
EXCEPTION WHEN unique_violation THEN
    PERFORM jobs_private.refuse_name(name);
END
$$;
COMMENT ON FUNCTION jobs.create_schedule(bigint, text, text, text, text, jsonb, text, boolean, text, interval, integer,
                                         text, integer, interval, integer, text, boolean) IS
'Makes a schedule of a user, due for the first time at the next tick after now. Returns its id. 22004 NULL, 22023 no '
'cron expression, no time zone, a value out of bounds, 23505 the user has one of this name, 42501 another user, 42704 '
'no such user or calendar, 54000 more than a user may have. Of a task, which an admin schedules, user_id is NULL: '
'42501 no admin, 42704 no such task, 55000 a task that does not run';
GRANT EXECUTE ON FUNCTION jobs.create_schedule(bigint, text, text, text, text, jsonb, text, boolean, text, interval,
                                               integer, text, integer, interval, integer, text, boolean)
    TO bourse_trader, bourse_worker;

CREATE FUNCTION jobs.update_schedule(
    schedule_id bigint, name text DEFAULT NULL, job_type text DEFAULT NULL, target text DEFAULT NULL,
    cron text DEFAULT NULL, task_params jsonb DEFAULT NULL, timezone text DEFAULT NULL, enabled boolean DEFAULT NULL,
    misfire text DEFAULT NULL, grace interval DEFAULT NULL, max_catch_up integer DEFAULT NULL,
    overlap text DEFAULT NULL, max_attempts integer DEFAULT NULL, timeout interval DEFAULT NULL,
    priority integer DEFAULT NULL, calendar text DEFAULT NULL, keep_only_failures boolean DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM jobs_private.require_schedule(schedule_id),
            jobs_private.require_fitting(name, job_type, target, cron, timezone, priority);
    UPDATE jobs.schedules s
    SET name = coalesce(name, s.name), job_type = coalesce(job_type, s.job_type), target = coalesce(target, s.target),
        cron = coalesce(cron, s.cron), task_params = coalesce(task_params, s.task_params),
        timezone = coalesce(timezone, s.timezone), enabled = coalesce(enabled, s.enabled),
        misfire = coalesce(misfire, s.misfire), grace = coalesce(grace, s.grace),
        max_catch_up = coalesce(max_catch_up, s.max_catch_up), overlap = coalesce(overlap, s.overlap),
        max_attempts = coalesce(max_attempts, s.max_attempts), timeout = coalesce(timeout, s.timeout),
        priority = coalesce(priority, s.priority), calendar = nullif(coalesce(calendar, s.calendar), ''),
        keep_only_failures = coalesce(keep_only_failures, s.keep_only_failures)
    WHERE s.id = schedule_id;
EXCEPTION WHEN unique_violation THEN
    PERFORM jobs_private.refuse_name(name);
END
$$;
COMMENT ON FUNCTION jobs.update_schedule(bigint, text, text, text, text, jsonb, text, boolean, text, interval, integer,
                                         text, integer, interval, integer, text, boolean) IS
'Changes a schedule; NULL leaves a value as it is, calendar => '''' takes it off its calendar. It causes no run: with '
'another cron, zone or calendar, or switched on again, it is due at the next tick after now. SQLSTATEs as '
'create_schedule(), 42704 no such schedule, or of another user';
GRANT EXECUTE ON FUNCTION jobs.update_schedule(bigint, text, text, text, text, jsonb, text, boolean, text, interval,
                                               integer, text, integer, interval, integer, text, boolean)
    TO bourse_trader, bourse_worker;

CREATE FUNCTION jobs.set_schedule_enabled(schedule_id bigint, enabled boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM bourse_private.require_given('enabled', enabled);
    PERFORM jobs_private.require_schedule(schedule_id);
    UPDATE jobs.schedules s SET enabled = enabled WHERE s.id = schedule_id;
END
$$;
COMMENT ON FUNCTION jobs.set_schedule_enabled(bigint, boolean) IS
'Switches a schedule on or off. Switched on it is due at the next tick after now; what it has missed does not run. '
'22004 NULL, 42704 no such schedule, or of another user';
GRANT EXECUTE ON FUNCTION jobs.set_schedule_enabled(bigint, boolean) TO bourse_trader, bourse_worker;

CREATE FUNCTION jobs.delete_schedule(schedule_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM jobs_private.require_schedule(schedule_id);
    DELETE FROM jobs.schedules s WHERE s.id = schedule_id;
END
$$;
COMMENT ON FUNCTION jobs.delete_schedule(bigint) IS
'Deletes a schedule; its runs stay, with what it was. 22004 NULL, 42704 no such schedule, or of another user';
GRANT EXECUTE ON FUNCTION jobs.delete_schedule(bigint) TO bourse_trader, bourse_worker;

CREATE FUNCTION jobs_private.delete_my_schedule() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    PERFORM jobs.delete_schedule(OLD.id);
    RETURN OLD;
EXCEPTION WHEN undefined_object THEN
    -- Somebody else has deleted it since: a row less, as DELETE on a table counts.
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION jobs_private.delete_my_schedule() IS
'Trigger: DELETE on jobs.my_schedules is delete_schedule() of each row';

CREATE FUNCTION jobs.run_now(schedule_id bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    made bigint;
    type_of_it text;
BEGIN
    -- The user first, as whoever erases him does: the foreign key of the run would ask for him last.
    PERFORM FROM identity.users u
    WHERE u.id = (SELECT s.user_id FROM jobs.schedules s WHERE s.id = schedule_id) FOR KEY SHARE;
    PERFORM jobs_private.require_schedule(schedule_id);
    PERFORM jobs_private.require_task(s.target, s.task_params)
    FROM jobs.schedules s WHERE s.id = schedule_id AND s.job_type = 'task';
    SELECT e.run_id, s.job_type INTO made, type_of_it
    FROM jobs.schedules s CROSS JOIN LATERAL jobs_private.enqueue_ticks(s.id, ARRAY[clock_timestamp()]) e
    WHERE s.id = schedule_id;
    PERFORM jobs_private.notify_workers(ARRAY[type_of_it]);
    RETURN made;
END
$$;
COMMENT ON FUNCTION jobs.run_now(bigint) IS
'Enqueues a run of a schedule now, beside its ticks, enabled or not; while another run of it is at work it waits, '
'unless overlap is allow. Returns the id of the run. 22004 NULL, 42501 a task and no admin, 42704 no such schedule, or '
'of another user, 55000 a task that does not run';
GRANT EXECUTE ON FUNCTION jobs.run_now(bigint) TO bourse_trader, bourse_worker;
