-- Queues. A queue is a table of some schema with the nine columns that docs/queues.md names; these functions hand its
-- rows out, each to one worker at a time, and take them back. claimable_at says from when on anybody may claim a row:
-- of a waiting one when it is due, of one that somebody holds when the lease ends. So nobody has to look for workers
-- that have died: their rows become due like all others. A lease is the only proof of holding: whoever comes with one
-- that has ended changes nothing.
-- They run with the rights of the function that calls them, on tables of bourse_owner alone.

-- Every function begins with it: what is named in dynamic SQL belongs to us.
CREATE FUNCTION bourse_private.queue_name(queue regclass) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    class record;
BEGIN
    PERFORM bourse_private.require_given('queue', queue);
    SELECT format('%I.%I', n.nspname, c.relname) AS name, c.relkind IN ('r', 'p') AND r.rolname IS NOT NULL AS is_ours
    INTO class
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_roles r ON r.oid = c.relowner AND r.rolname = 'bourse_owner'
    WHERE c.oid = queue;
    IF class.is_ours IS NOT TRUE THEN
        PERFORM bourse.refuse('42501', format('%s is no queue of the platform', coalesce(class.name, queue::text)),
            'A queue is a table that belongs to bourse_owner.');
    END IF;
    RETURN class.name;
END
$$;
COMMENT ON FUNCTION bourse_private.queue_name(regclass) IS
'Schema and table of a queue, quoted. Refuses NULL (22004) and what is no table of bourse_owner (42501)';

CREATE FUNCTION bourse_private.queue_lease_end(lasting interval, at timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('lease', lasting);
    -- An infinite time and an interval of months compare as they should, too.
    IF NOT (lasting >= interval '1 second' AND lasting <= interval '1 day') THEN
        PERFORM bourse.refuse('22023', format('a lease of %s', lasting),
            'A lease lasts from 1 second to 1 day; extend it for longer work.');
    END IF;
    RETURN at + lasting;
END
$$;
COMMENT ON FUNCTION bourse_private.queue_lease_end(interval, timestamptz) IS
'When a lease that begins at this time ends. Refuses NULL (22004) and what is not from 1 second to 1 day (22023)';

-- A pure function: the same item waits as long in every test. Jitter only shortens, so that the cap holds.
CREATE FUNCTION bourse_private.backoff(id bigint, attempt integer, base interval DEFAULT '15 seconds',
                                       factor double precision DEFAULT 2,
                                       cap interval DEFAULT '1 hour', jitter double precision DEFAULT 0.2)
RETURNS interval
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    IF NOT (attempt >= 1 AND base > interval '0' AND base <= cap AND cap <= interval '1 year'
            AND factor >= 1 AND factor <= 10 AND jitter >= 0 AND jitter <= 1) THEN
        PERFORM bourse.refuse('22023',
            format('no backoff for attempt %s with base %s, factor %s, cap %s, jitter %s', attempt, base, factor, cap,
                jitter),
            'attempt from 1, base above 0 and up to cap, cap up to 1 year, factor from 1 to 10, jitter from 0 to 1.');
    END IF;
    RETURN make_interval(secs =>
        -- More than 10 to the 100th is the cap whatever the base.
        least(extract(epoch FROM cap)::double precision,
              extract(epoch FROM base)::double precision * factor ^ least(attempt - 1, 100))
        * (1 - jitter * (hashint8extended(id, attempt) & 1048575) / 1048576.0));
END
$$;
COMMENT ON FUNCTION bourse_private.backoff(bigint, integer, interval, double precision, interval, double precision) IS
'How long an item waits after this attempt, the first being 1, has failed: base, factor times as long after every '
'further one, cap at most; jitter: the share of it that may be taken off, by a hash of id and attempt. NULL for NULL. '
'22023 out of bounds';

-- Priorities are few: each is asked for its own first items, so that those of later do not stand in the way of others.
CREATE FUNCTION bourse_private.queue_claim(queue regclass, worker text, n integer, lasting interval,
                                           condition text DEFAULT 'true',
                                           parameters text[] DEFAULT '{}', at timestamptz DEFAULT NULL)
RETURNS TABLE (id bigint, lease uuid, attempt integer, lease_ends timestamptz)
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    name text := bourse_private.queue_name(queue);
    moment timestamptz := coalesce(at, clock_timestamp());
    ends timestamptz := bourse_private.queue_lease_end(lasting, moment);
    token uuid := gen_random_uuid();
    level smallint;
    missing integer := n;
    buried integer := 0;
    asked integer;
    found integer;
BEGIN
    PERFORM bourse_private.require_claim(worker, n);
    LOOP
        EXECUTE format('SELECT min(q.priority) FROM %s q '
                       'WHERE q.claimable_at IS NOT NULL AND (q.priority > $1 OR $1 IS NULL)', name)
            INTO level USING level;
        EXIT WHEN level IS NULL;
        LOOP
            asked := missing;
            found := 0;
            FOR id, lease, attempt, lease_ends IN EXECUTE bourse_private.queue_claim_query(name, condition)
                USING level, moment, asked, worker, ends, token, parameters
            LOOP
                found := found + 1;
                IF lease IS NULL THEN
                    buried := buried + 1;
                ELSE
                    missing := missing - 1;
                END IF;
                RETURN NEXT;
            END LOOP;
            EXIT WHEN found < asked OR missing = 0 OR buried >= 1000;
        END LOOP;
        EXIT WHEN missing = 0 OR buried >= 1000;
    END LOOP;
END
$$;
COMMENT ON FUNCTION bourse_private.queue_claim(regclass, text, integer, interval, text, text[], timestamptz) IS
'Hands up to n items of a queue to a worker, those of the lowest priority number first, then those that are due '
'longest; rows that others are just changing are passed over, never waited for. All that one call hands out has one '
'lease, which lasts so long from at (the clock) on. condition: SQL about the row q, with parameters as $7, from a '
'function of ours, never from a user. A row whose lease is NULL is not handed out: its last attempt has ended without '
'a word, and its status is failed now; up to 1,000 in a call. 22004 NULL, 22023 worker, n or lasting out of bounds, '
'42501 no table of bourse_owner';

CREATE FUNCTION bourse_private.require_claim(worker text, n integer) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('worker', worker), bourse_private.require_given('n', n);
    IF length(worker) NOT BETWEEN 1 AND 100 THEN
        PERFORM bourse.refuse('22023', format('worker has %s characters', length(worker)),
            'Give the worker a name of 1 to 100 characters.');
    END IF;
    IF n NOT BETWEEN 1 AND 10000 THEN
        PERFORM bourse.refuse('22023', format('n is %s', n), 'Claim from 1 to 10000 items at a time.');
    END IF;
END
$$;
COMMENT ON FUNCTION bourse_private.require_claim(text, integer) IS
'Refuses a worker without a name and a number of items out of bounds, as queue_claim() says';

-- Locked first, in the order of the index, and each once: a sub-select of the UPDATE could run again and lock more.
-- What has been claimed meanwhile is not due any more when its lock is had.
CREATE FUNCTION bourse_private.queue_claim_query(name text, condition text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT format($query$
        WITH due AS MATERIALIZED (
            SELECT q.id, q.claimable_at FROM %1$s q
            WHERE q.priority = $1 AND q.claimable_at <= $2 AND (%2$s)
            ORDER BY q.claimable_at, q.id LIMIT $3 FOR UPDATE SKIP LOCKED
        ), claimed AS (
            UPDATE %1$s q
            SET status = CASE WHEN q.attempt < q.max_attempts THEN 'running' ELSE 'failed' END,
                claimable_at = CASE WHEN q.attempt < q.max_attempts THEN $5 END,
                lease = CASE WHEN q.attempt < q.max_attempts THEN $6 END,
                attempt = least(q.attempt + 1, q.max_attempts),
                last_error = CASE WHEN q.lease IS NULL THEN q.last_error
                    ELSE format('the lease of %%s has ended', q.locked_by) END,
                locked_by = CASE WHEN q.attempt < q.max_attempts THEN $4 ELSE q.locked_by END
            FROM due WHERE q.id = due.id
            RETURNING q.id, q.lease, q.attempt, q.claimable_at, due.claimable_at AS due_at
        )
        SELECT c.id, c.lease, c.attempt, c.claimable_at FROM claimed c ORDER BY c.due_at, c.id
        $query$, name, condition)
$$;
COMMENT ON FUNCTION bourse_private.queue_claim_query(text, text) IS
'The statement by which queue_claim() takes items of one priority';

CREATE FUNCTION bourse_private.refuse_lease(name text, lease uuid, id bigint DEFAULT NULL) RETURNS void
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    PERFORM bourse.refuse('55000',
        CASE WHEN id IS NULL THEN format('lease %s holds nothing in %s', lease, name)
            ELSE format('lease %s does not hold item %s of %s', lease, id, name) END,
        'The lease has ended, or the item has, or was cancelled: somebody else may be at it. Drop what you have '
        'done, and claim anew.');
END
$$;
COMMENT ON FUNCTION bourse_private.refuse_lease(text, uuid, bigint) IS
'Refuses whoever does not hold, or hold any more, what is to change (55000)';

-- All that comes with a lease is one statement: it changes what the lease holds, or refuses.
CREATE FUNCTION bourse_private.queue_settle(queue regclass, lease uuid, ids bigint[], at timestamptz, changes text,
                                            detail text, until timestamptz) RETURNS SETOF bigint
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    name text := bourse_private.queue_name(queue);
    settled bigint[];
BEGIN
    PERFORM bourse_private.require_given('lease', lease);
    EXECUTE format($query$
        WITH settled AS (
            UPDATE %s q SET %s
            WHERE q.lease = $1 AND q.status = 'running' AND q.claimable_at > $2 %s
            RETURNING q.id
        )
        SELECT array_agg(s.id ORDER BY s.id) FROM settled s
        $query$, name, changes, CASE WHEN ids IS NOT NULL THEN 'AND q.id = ANY ($3)' END)
    INTO settled USING lease, coalesce(at, clock_timestamp()), ids, detail, until;
    IF settled IS NULL THEN
        PERFORM bourse_private.refuse_lease(name, lease, ids[1]);
    END IF;
    IF ids IS NOT NULL THEN
        PERFORM bourse_private.refuse_lease(name, lease, min(given)) FROM unnest(ids) given
        WHERE given <> ALL (settled) OR given IS NULL
        HAVING count(*) > 0;
    END IF;
    RETURN QUERY SELECT unnest(settled);
END
$$;
COMMENT ON FUNCTION bourse_private.queue_settle(regclass, uuid, bigint[], timestamptz, text, text, timestamptz) IS
'Changes what a lease holds at this time: these items, or all of them (NULL). Returns their ids. Refuses when one of '
'them is not held, or none (55000). changes: SQL about the row q, with detail as $4 and until as $5. For the functions '
'of queues only';

CREATE FUNCTION bourse_private.queue_extend(queue regclass, lease uuid, lasting interval, ids bigint[] DEFAULT NULL,
                                            at timestamptz DEFAULT NULL)
RETURNS SETOF bigint
LANGUAGE sql SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT bourse_private.queue_settle(queue, lease, ids, at, 'claimable_at = $5', NULL,
                                       bourse_private.queue_lease_end(lasting, coalesce(at, clock_timestamp())))
$$;
COMMENT ON FUNCTION bourse_private.queue_extend(regclass, uuid, interval, bigint[], timestamptz) IS
'A sign of life: has a lease last so long from now on, for these of its items or for all (NULL). Returns their ids. '
'22004 NULL, 22023 lasting out of bounds, 55000 the lease does not hold them any more';

CREATE FUNCTION bourse_private.queue_complete(queue regclass, lease uuid, ids bigint[] DEFAULT NULL,
                                              again_at timestamptz DEFAULT NULL,
                                              at timestamptz DEFAULT NULL) RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT count(*) FROM bourse_private.queue_settle(queue, lease, ids, at,
        CASE WHEN again_at IS NULL THEN 'status = ''completed'', claimable_at = NULL, lease = NULL'
             ELSE 'status = ''pending'', claimable_at = $5, lease = NULL, attempt = 0' END, NULL, again_at)
$$;
COMMENT ON FUNCTION bourse_private.queue_complete(regclass, uuid, bigint[], timestamptz, timestamptz) IS
'Items are done: these of a lease, or all (NULL). again_at: they are due again then, with attempts as if they were '
'new. Returns how many. 22004 no lease, 55000 the lease does not hold them any more: nothing is changed';

CREATE FUNCTION bourse_private.queue_fail(queue regclass, lease uuid, id bigint, error text,
                                          retry_after interval DEFAULT NULL,
                                          permanent boolean DEFAULT false, at timestamptz DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    moment timestamptz := coalesce(at, clock_timestamp());
    status text;
BEGIN
    PERFORM bourse_private.require_given('id', id), bourse_private.require_given('error', error),
            bourse_private.require_given('permanent', permanent);
    IF NOT (retry_after >= interval '0' AND retry_after <= interval '1 year') THEN
        PERFORM bourse.refuse('22023', format('retry_after is %s', retry_after),
            'Give an interval from 0 to 1 year, or NULL.');
    END IF;
    PERFORM bourse_private.queue_settle(queue, lease, ARRAY[id], moment, CASE
        WHEN permanent THEN 'status = ''failed'', claimable_at = NULL, lease = NULL, last_error = $4'
        ELSE 'status = CASE WHEN q.attempt < q.max_attempts THEN ''pending'' ELSE ''failed'' END,
              claimable_at = CASE WHEN q.attempt < q.max_attempts
                  THEN coalesce($5, $2 + bourse_private.backoff(q.id, q.attempt)) END,
              lease = NULL, last_error = $4' END,
        CASE WHEN length(error) > 2000 THEN left(error, 1999) || '…' ELSE error END, moment + retry_after);
    EXECUTE format('SELECT q.status FROM %s q WHERE q.id = $1', bourse_private.queue_name(queue)) INTO status USING id;
    RETURN status;
END
$$;
COMMENT ON FUNCTION bourse_private.queue_fail(regclass, uuid, bigint, text, interval, boolean, timestamptz) IS
'An attempt has failed. Returns pending: it is due again after retry_after, by default backoff(id, attempt); or '
'failed: it was the last attempt, or permanent; it stays as a dead letter. error: up to 2000 characters are kept. '
'22004 NULL, 22023 retry_after out of bounds, 55000 the lease does not hold it any more: nothing is changed';

CREATE FUNCTION bourse_private.queue_release(queue regclass, lease uuid, ids bigint[] DEFAULT NULL,
                                             at timestamptz DEFAULT NULL)
RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT count(*) FROM bourse_private.queue_settle(queue, lease, ids, at,
        'status = ''pending'', claimable_at = $2, lease = NULL, attempt = q.attempt - 1', NULL, NULL)
$$;
COMMENT ON FUNCTION bourse_private.queue_release(regclass, uuid, bigint[], timestamptz) IS
'Gives items back untouched, these of a lease or all (NULL), as by a worker that is shut down: due now, and the '
'attempt does not count. Returns how many. 22004 no lease, 55000 the lease does not hold them any more';

CREATE FUNCTION bourse_private.queue_cancel(queue regclass, id bigint) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    cancelled bigint;
BEGIN
    -- The lease stays, so that its holder can be told; it holds nothing any more.
    EXECUTE format('UPDATE %s q SET status = ''cancelled'', claimable_at = NULL '
                   'WHERE q.id = $1 AND q.status IN (''pending'', ''running'') RETURNING q.id',
                   bourse_private.queue_name(queue))
        INTO cancelled USING id;
    RETURN cancelled IS NOT NULL;
END
$$;
COMMENT ON FUNCTION bourse_private.queue_cancel(regclass, bigint) IS
'Takes an item out of its queue, also from whoever holds it: the holder''s next word is refused (55000). false: it had '
'ended already, or is not there. 42501 no table of bourse_owner';

CREATE FUNCTION bourse_private.queue_retry(queue regclass, ids bigint[], at timestamptz DEFAULT NULL)
RETURNS SETOF bigint
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp SET enable_seqscan = off AS $$
BEGIN
    RETURN QUERY EXECUTE format(
        'UPDATE %s q SET status = ''pending'', claimable_at = $2, lease = NULL, attempt = 0 '
        'WHERE q.id = ANY ($1) AND q.status IN (''failed'', ''cancelled'') RETURNING q.id',
        bourse_private.queue_name(queue))
        USING ids, coalesce(at, clock_timestamp());
END
$$;
COMMENT ON FUNCTION bourse_private.queue_retry(regclass, bigint[], timestamptz) IS
'Puts those of these items that have failed or were cancelled back into their queue, due at this time (now), with '
'attempts as if they were new. Returns their ids. 42501 no table of bourse_owner';

CREATE FUNCTION bourse_private.queue_lag(queue regclass, at timestamptz DEFAULT NULL) RETURNS interval
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    name text := bourse_private.queue_name(queue);
    moment timestamptz := coalesce(at, clock_timestamp());
    level smallint;
    due timestamptz;
    oldest timestamptz;
BEGIN
    LOOP
        EXECUTE format('SELECT min(q.priority) FROM %s q '
                       'WHERE q.claimable_at IS NOT NULL AND (q.priority > $1 OR $1 IS NULL)', name)
            INTO level USING level;
        EXIT WHEN level IS NULL;
        EXECUTE format('SELECT min(q.claimable_at) FROM %s q WHERE q.priority = $1 AND q.claimable_at IS NOT NULL',
                       name)
            INTO due USING level;
        oldest := least(oldest, due);
    END LOOP;
    RETURN CASE WHEN oldest IS NOT NULL THEN greatest(moment - oldest, interval '0') END;
END
$$;
COMMENT ON FUNCTION bourse_private.queue_lag(regclass, timestamptz) IS
'How long the item that is due longest has been due; 0: nothing is due yet, NULL: the queue is empty. Two probes of '
'the index for each priority';
