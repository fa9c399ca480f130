CREATE FUNCTION jobs_private.turn(user_id bigint, priority smallint, due timestamptz) RETURNS timestamptz
LANGUAGE c AS 'MODULE_PATHNAME', 'jobs_turn_wrapper';
COMMENT ON FUNCTION jobs_private.turn(bigint, smallint, timestamptz) IS
'Where a run of a user that is due at this time stands in the queue: its claimable_at. Whoever has many waiting keeps '
'nobody from his first';

CREATE FUNCTION jobs_private.require_room(user_id bigint, runs bigint) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'jobs_require_room_wrapper';
COMMENT ON FUNCTION jobs_private.require_room(bigint, bigint) IS
'Refuses so many further runs of a user that more than 100,000 of his would wait (54000), or a thousand more for each '
'session in which he enqueues. Counts what waits once in a while: about a thousand runs in a session';

-- The size of the text: a value that comes out of a table may be compressed.
CREATE FUNCTION jobs_private.require_params(task_params jsonb) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    IF jsonb_typeof(task_params) <> 'object' OR octet_length(task_params::text) > 65536 THEN
        PERFORM bourse.refuse('22023',
            format('task_params is a JSON %s of %s bytes', jsonb_typeof(task_params), octet_length(task_params::text)),
            'Give a JSON object of up to 65536 bytes, and keep what is larger in a table of your own.');
    END IF;
    PERFORM bourse_private.require_shallow('task_params', task_params),
            bourse_private.require_plain_numbers('task_params', task_params);
END
$$;
COMMENT ON FUNCTION jobs_private.require_params(jsonb) IS
'Refuses parameters that are no object, longer than 65536 bytes of text, of more than 64 levels, or with a number that '
'no double holds (22023)';

-- Users take turns within a priority: one who could put himself before the others would take theirs.
CREATE FUNCTION jobs_private.require_priority(priority integer) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, jobs, pg_temp AS $$
BEGIN
    IF priority NOT BETWEEN -100 AND 100 THEN
        PERFORM bourse.refuse('22023', format('priority is %s', priority),
            'Give 0 to 9, or as the platform -100 to 100; a lower number comes first.');
    ELSIF priority NOT BETWEEN 0 AND 9 AND NOT identity.acts_for_all() THEN
        PERFORM bourse.refuse('42501', format('priority %s is not for users', priority),
            'Give 0 to 9; a lower number comes first. Who acts for everybody may give -100 to 100.');
    END IF;
END
$$;
COMMENT ON FUNCTION jobs_private.require_priority(integer) IS
'Refuses a priority out of bounds (22023), or beyond 0 to 9 in a session that does not act for everybody (42501)';

-- A request as it is inserted, or refused.
CREATE FUNCTION jobs_private.require_request(job_type text, target text, task_params jsonb, run_at timestamptz,
                                             priority integer, unique_key text, concurrency_key text,
                                             max_attempts integer, timeout interval) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, jobs, pg_temp AS $$
DECLARE
    problem text;
    hint text;
BEGIN
    PERFORM bourse_private.require_given('job_type', job_type), bourse_private.require_given('target', target),
            bourse_private.require_given('task_params', task_params), bourse_private.require_given('run_at', run_at),
            bourse_private.require_given('priority', priority),
            bourse_private.require_given('max_attempts', max_attempts);
    IF job_type !~ '^[a-z][a-z0-9_]{0,49}$' THEN
        problem := format('job_type is %s', bourse_private.quoted(job_type));
        hint := 'Up to 50 small letters, digits and underscores, the first a letter.';
    ELSIF length(target) NOT BETWEEN 1 AND 255 THEN
        problem := format('target has %s characters', length(target));
        hint := 'Give 1 to 255 characters.';
    ELSIF run_at NOT BETWEEN '1970-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999999+00' THEN
        problem := format('run_at is %s', run_at);
        hint := 'Give a time from 1970 to the end of the year 9999, in UTC.';
    ELSIF length(unique_key) NOT BETWEEN 1 AND 200 OR length(concurrency_key) NOT BETWEEN 1 AND 200 THEN
        problem := 'a key has no or more than 200 characters';
        hint := 'Give 1 to 200 characters, or NULL.';
    ELSIF max_attempts NOT BETWEEN 1 AND 100 THEN
        problem := format('max_attempts is %s', max_attempts);
        hint := 'Give 1 to 100.';
    ELSIF NOT (timeout >= interval '1 second' AND timeout <= interval '30 days') THEN
        problem := format('timeout is %s', timeout);
        hint := 'Give an interval from 1 second to 30 days, or NULL for none.';
    END IF;
    IF problem IS NOT NULL THEN
        PERFORM bourse.refuse('22023', problem, hint);
    END IF;
    PERFORM jobs_private.require_params(task_params), jobs_private.require_priority(priority);
END
$$;
COMMENT ON FUNCTION jobs_private.require_request(text, text, jsonb, timestamptz, integer, text, text, integer, interval)
IS 'Refuses a request for a run that is NULL where it must not be (22004), or out of bounds (22023); 42501 a priority '
'that is not for users';

CREATE FUNCTION jobs_private.user_of_request(user_id bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, jobs, pg_temp AS $$
DECLARE
    own bigint := coalesce(user_id, identity.current_user_id());
BEGIN
    -- Runs of nobody are the platform's: a gateway that has forgotten to say for whom it acts makes none.
    IF own IS NULL AND NOT identity.acts_for_all() THEN
        PERFORM bourse.refuse('42501', 'this session acts for no user',
            'Give user_id, or say for whom you act: identity.act_as(), identity.act_for_everybody().');
    ELSIF own IS NOT NULL THEN
        PERFORM identity_private.require_user(own);
    END IF;
    RETURN own;
END
$$;
COMMENT ON FUNCTION jobs_private.user_of_request(bigint) IS
'Whose run it is: of the user named, or of the session. Refuses users whom the session does not act for (42501), and '
'NULL of whoever acts for one user but is none (42501)';

-- The keys of a user are his own: nobody holds up another's runs by guessing one.
CREATE FUNCTION jobs_private.key_of(user_id bigint, key text) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, jobs, pg_temp AS $$
    SELECT coalesce(user_id::text, '') || '/' || key
$$;
COMMENT ON FUNCTION jobs_private.key_of(bigint, text) IS 'A concurrency key as it is stored; NULL: none';

CREATE FUNCTION jobs_private.live_run(user_id bigint, unique_key text) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, jobs, pg_temp AS $$
    SELECT r.id FROM jobs.schedule_runs r
    WHERE r.unique_key = live_run.unique_key AND coalesce(r.user_id, 0) = coalesce(live_run.user_id, 0)
      AND r.status IN ('pending', 'running')
$$;
COMMENT ON FUNCTION jobs_private.live_run(bigint, text) IS 'The run with this key that waits or runs; NULL: none';

CREATE FUNCTION jobs.enqueue(job_type text, target text, task_params jsonb DEFAULT '{}', user_id bigint DEFAULT NULL,
                             run_at timestamptz DEFAULT now(), priority integer DEFAULT 0, unique_key text DEFAULT NULL,
                             concurrency_key text DEFAULT NULL, max_attempts integer DEFAULT 3,
                             timeout interval DEFAULT '300 seconds', one_waiting boolean DEFAULT false)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    owner_id bigint;
    key text;
    id bigint;
BEGIN
    PERFORM bourse.require_installed();
    owner_id := jobs_private.user_of_request(user_id);
    IF job_type = 'task' THEN
        PERFORM jobs_private.require_task(target, task_params);
        IF user_id IS NOT NULL THEN
            PERFORM bourse.refuse('22023', format('user_id is %s', user_id), 'Tasks are nobody''s: leave user_id out.');
        END IF;
        owner_id := NULL;
    END IF;
    PERFORM jobs_private.require_request(job_type, target, task_params, run_at, priority, unique_key, concurrency_key,
                                         max_attempts, timeout);
    key := jobs_private.key_of(owner_id, concurrency_key);
    IF one_waiting AND key IS NOT NULL THEN
        -- Two who ask at once: one of them is told of the other's.
        PERFORM bourse_private.hold_key('jobs.enqueue ' || key);
        SELECT r.id INTO id FROM jobs.schedule_runs r WHERE r.concurrency_key = key AND r.status = 'pending' LIMIT 1;
    END IF;
    IF id IS NULL AND NOT identity.acts_for_all() AND jobs_private.live_run(owner_id, unique_key) IS NULL THEN
        PERFORM jobs_private.require_room(owner_id, 1);
    END IF;
    WHILE id IS NULL LOOP
        INSERT INTO jobs.schedule_runs AS r (job_type, user_id, scheduled_for, job_snapshot, priority, claimable_at,
                                             max_attempts, unique_key, concurrency_key, timeout)
        VALUES (job_type, owner_id, run_at, jsonb_build_object('target', target, 'task_params', task_params), priority,
                jobs_private.turn(owner_id, priority::smallint, run_at), max_attempts, unique_key, key, timeout)
        ON CONFLICT DO NOTHING
        RETURNING r.id INTO id;
        IF id IS NOT NULL AND run_at <= clock_timestamp() THEN
            PERFORM jobs_private.notify_workers(ARRAY[job_type]);
        END IF;
        -- One that has ended since is no obstacle any more.
        id := coalesce(id, jobs_private.live_run(owner_id, unique_key));
    END LOOP;
    RETURN id;
END
$$;
COMMENT ON FUNCTION
jobs.enqueue(text, text, jsonb, bigint, timestamptz, integer, text, text, integer, interval, boolean) IS
'Enqueues one run, due at run_at. Returns its id. user_id: whose it is, by default the session''s; the platform''s '
'where the session acts for everybody. priority: a lower number comes first. unique_key: while a run with it waits or '
'runs, this one is not made, and the id is that one''s. concurrency_key: at most one run with it runs at a time; '
'with one_waiting at most one waits, and else the id is that one''s. Keys are the user''s own. timeout: so long may '
'an attempt last; NULL: as it likes. NOTIFY jobs_runs tells workers. Only an admin enqueues a task, which is '
'nobody''s. 22004 NULL, 22023 out of bounds, 42501 not a user you act for, a task and no admin, or a priority beyond 0 '
'to 9 from whoever does not act for everybody, 42704 unknown user or task, 54000 100,000 runs of the user wait already '
'and you do not act for everybody, 55000 a task that does not run';
GRANT EXECUTE ON FUNCTION
jobs.enqueue(text, text, jsonb, bigint, timestamptz, integer, text, text, integer, interval, boolean)
TO bourse_trader, bourse_worker;

CREATE FUNCTION jobs.enqueue_many(requests jsonb) RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, jobs, pg_temp AS $$
DECLARE
    most CONSTANT integer := 100000;
    given integer;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('requests', requests);
    IF jsonb_typeof(requests) <> 'array' OR jsonb_path_exists(requests, 'strict $[*] ? (@.type() <> "object")')
       OR jsonb_array_length(requests) > most THEN
        PERFORM bourse.refuse('22023', format('requests is no JSON array of up to %s requests', most),
            '[{"job_type": …, "target": …, …}, …] with the parameters of jobs.enqueue() but one_waiting.');
    END IF;
    IF requests @> '[{"job_type": "task"}]' THEN
        PERFORM bourse.refuse('22023', 'a task among the requests', 'jobs.enqueue() enqueues tasks, one by one.');
    END IF;
    PERFORM jobs_private.user_of_request(u.user_id)
    FROM (SELECT DISTINCT (q ->> 'user_id')::bigint FROM jsonb_array_elements(requests) q) u (user_id);
    IF NOT identity.acts_for_all() THEN
        PERFORM jobs_private.require_room(u.user_id, u.runs)
        FROM (SELECT coalesce((q ->> 'user_id')::bigint, identity.current_user_id()), count(*)
              FROM jsonb_array_elements(requests) q GROUP BY 1 ORDER BY 1) u (user_id, runs);
    END IF;
    RETURN QUERY
    WITH asked AS MATERIALIZED (
        SELECT a.*, coalesce(a.user_id, identity.current_user_id()) AS owner_id
        FROM ROWS FROM (jsonb_to_recordset(requests) AS (
            job_type text, target text, task_params jsonb, user_id bigint, run_at timestamptz, priority integer,
            unique_key text, concurrency_key text, max_attempts integer, timeout interval))
            WITH ORDINALITY a (job_type, target, task_params, user_id, run_at, priority, unique_key, concurrency_key,
                               max_attempts, timeout, place)
    ), filled AS MATERIALIZED (
        SELECT a.place, a.job_type, a.owner_id, coalesce(a.run_at, now()) AS run_at,
               jsonb_build_object('target', a.target, 'task_params', coalesce(a.task_params, '{}')) AS snapshot,
               coalesce(a.priority, 0) AS priority, coalesce(a.max_attempts, 3) AS max_attempts,
               a.unique_key, jobs_private.key_of(a.owner_id, a.concurrency_key) AS concurrency_key,
               coalesce(a.timeout, interval '300 seconds') AS timeout,
               jobs_private.require_request(
                   a.job_type, a.target, coalesce(a.task_params, '{}'), coalesce(a.run_at, now()),
                   coalesce(a.priority, 0), a.unique_key, a.concurrency_key, coalesce(a.max_attempts, 3),
                   coalesce(a.timeout, interval '300 seconds')) AS checked
        FROM asked a
    ), turns AS MATERIALIZED (
        SELECT d.*, jobs_private.turn(d.owner_id, d.priority::smallint, d.run_at) AS turn
        FROM (SELECT DISTINCT f.owner_id, f.priority, f.run_at FROM filled f) d
    )
    INSERT INTO jobs.schedule_runs AS r (job_type, user_id, scheduled_for, job_snapshot, priority, claimable_at,
                                         max_attempts, unique_key, concurrency_key, timeout)
    SELECT f.job_type, f.owner_id, f.run_at, f.snapshot, f.priority,
           t.turn + (row_number() OVER (PARTITION BY f.owner_id, f.priority, f.run_at ORDER BY f.place) - 1)
                    * interval '1 microsecond',
           f.max_attempts, f.unique_key, f.concurrency_key, f.timeout
    FROM filled f
    -- No user has the id 0.
    JOIN turns t ON coalesce(t.owner_id, 0) = coalesce(f.owner_id, 0) AND t.priority = f.priority
                AND t.run_at = f.run_at
    ORDER BY f.place
    ON CONFLICT DO NOTHING
    RETURNING r.id;
    GET DIAGNOSTICS given = ROW_COUNT;
    IF given > 0 THEN
        PERFORM jobs_private.notify_workers(ARRAY(SELECT DISTINCT q ->> 'job_type'
                                                  FROM jsonb_array_elements(requests) q));
    END IF;
EXCEPTION WHEN invalid_text_representation OR numeric_value_out_of_range OR invalid_datetime_format
               OR datetime_field_overflow OR interval_field_overflow THEN
    PERFORM bourse.refuse('22023', 'a request has a value of another type: ' || bourse_private.clip(SQLERRM),
        'Give values of the types of the parameters of jobs.enqueue().');
END
$$;
COMMENT ON FUNCTION jobs.enqueue_many(jsonb) IS
'Enqueues up to 100,000 runs: [{"job_type", "target", "task_params", "user_id", "run_at", "priority", "unique_key", '
'"concurrency_key", "max_attempts", "timeout"}, …], each with the defaults of enqueue(). Returns the ids of those '
'that were made, in their order: one whose unique_key is taken makes none. SQLSTATEs as enqueue(), 22023 a task; a '
'refused request refuses all';
GRANT EXECUTE ON FUNCTION jobs.enqueue_many(jsonb) TO bourse_trader, bourse_worker;
