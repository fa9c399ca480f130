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

CREATE FUNCTION bourse_private.queue_claim(queue regclass, worker text, n integer, lasting interval,
                                           only_column text DEFAULT NULL, only_values text[] DEFAULT '{}',
                                           at timestamptz DEFAULT NULL)
RETURNS TABLE (id bigint, lease uuid, attempt integer, lease_ends timestamptz)
LANGUAGE c AS 'MODULE_PATHNAME', 'queue_claim_wrapper';
COMMENT ON FUNCTION bourse_private.queue_claim(regclass, text, integer, interval, text, text[], timestamptz) IS
'Hands up to n items of a queue to a worker, those of the lowest priority number first, then those that are due '
'longest; rows that others are just changing are passed over, never waited for. All that one call hands out has one '
'lease, which lasts so long from at (the clock) on. only_column: only items whose text there is one of only_values. A '
'row whose lease is NULL is not handed out: its last attempt has ended without '
'a word, and its status is failed now; up to 1,000 in a call. 22004 NULL, 22023 worker, n or lasting out of bounds, '
'42501 no table of bourse_owner';

CREATE FUNCTION bourse_private.queue_extend(queue regclass, lease uuid, lasting interval, ids bigint[] DEFAULT NULL,
                                            at timestamptz DEFAULT NULL)
RETURNS SETOF bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'queue_extend_wrapper';
COMMENT ON FUNCTION bourse_private.queue_extend(regclass, uuid, interval, bigint[], timestamptz) IS
'A sign of life: has a lease last so long from now on, for these of its items or for all (NULL). Returns their ids. '
'22004 NULL, 22023 lasting out of bounds, 55000 the lease does not hold them any more';

CREATE FUNCTION bourse_private.queue_complete(queue regclass, lease uuid, ids bigint[] DEFAULT NULL,
                                              again_at timestamptz DEFAULT NULL,
                                              at timestamptz DEFAULT NULL)
RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'queue_complete_wrapper';
COMMENT ON FUNCTION bourse_private.queue_complete(regclass, uuid, bigint[], timestamptz, timestamptz) IS
'Items are done: these of a lease, or all (NULL). again_at: they are due again then, with attempts as if they were '
'new. Returns how many. 22004 no lease, 55000 the lease does not hold them any more: nothing is changed';

CREATE FUNCTION bourse_private.queue_fail(queue regclass, lease uuid, id bigint, error text,
                                          retry_after interval DEFAULT NULL,
                                          permanent boolean DEFAULT false, at timestamptz DEFAULT NULL)
RETURNS text
LANGUAGE c AS 'MODULE_PATHNAME', 'queue_fail_wrapper';
COMMENT ON FUNCTION bourse_private.queue_fail(regclass, uuid, bigint, text, interval, boolean, timestamptz) IS
'An attempt has failed. Returns pending: it is due again after retry_after, by default backoff(id, attempt); or '
'failed: it was the last attempt, or permanent; it stays as a dead letter. error: up to 2000 characters are kept. '
'22004 NULL, 22023 retry_after out of bounds, 55000 the lease does not hold it any more: nothing is changed';

CREATE FUNCTION bourse_private.queue_release(queue regclass, lease uuid, ids bigint[] DEFAULT NULL,
                                             at timestamptz DEFAULT NULL)
RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'queue_release_wrapper';
COMMENT ON FUNCTION bourse_private.queue_release(regclass, uuid, bigint[], timestamptz) IS
'Gives items back untouched, these of a lease or all (NULL), as by a worker that is shut down: due now, and the '
'attempt does not count. Returns how many. 22004 no lease, 55000 the lease does not hold them any more';

-- A digest that nobody can aim at, of a lock that SQL cannot ask for: nobody waits but for whoever has the same key.
CREATE FUNCTION bourse_private.hold_key(hash bigint) RETURNS void
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'hold_key_wrapper';
CREATE FUNCTION bourse_private.hold_key(key text) RETURNS void
LANGUAGE sql STRICT SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT bourse_private.hold_key(('x' || encode(substr(sha256(convert_to(key, 'UTF8')), 1, 8), 'hex'))::bit(64)
                                   ::bigint)
$$;
COMMENT ON FUNCTION bourse_private.hold_key(bigint) IS 'The lock of hold_key(), by the first 8 bytes of its digest';
COMMENT ON FUNCTION bourse_private.hold_key(text) IS
'Waits for whoever holds the same key, and holds it to the end of the transaction. For keys that users name';

-- What is nobody's fault, and may go another time: a deadlock, another's lock, a server that stops or lacks memory.
CREATE FUNCTION bourse_private.raise_again(state text, message text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    IF left(state, 2) IN ('40', '53', '57', '58') OR state = '55P03' THEN
        RAISE EXCEPTION USING ERRCODE = state, MESSAGE = message;
    END IF;
END
$$;
COMMENT ON FUNCTION bourse_private.raise_again(text, text) IS
'Raises an error that was caught again if another attempt may do without it';

CREATE FUNCTION bourse_private.queue_cancel(queue regclass, id bigint)
RETURNS boolean
LANGUAGE c AS 'MODULE_PATHNAME', 'queue_cancel_wrapper';
COMMENT ON FUNCTION bourse_private.queue_cancel(regclass, bigint) IS
'Takes an item that waits out of its queue. Of one that runs the end is asked for, in bourse.cancel_requests: its '
'worker may still complete it; whatever else he says of it ends it, and so does the end of his lease. Nobody who works '
'at the queue waits for the transaction that calls this. false: it had ended already, or is not there. 42501 no table '
'of bourse_owner';

CREATE FUNCTION bourse_private.queue_retry(queue regclass, ids bigint[], at timestamptz DEFAULT NULL)
RETURNS SETOF bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'queue_retry_wrapper';
COMMENT ON FUNCTION bourse_private.queue_retry(regclass, bigint[], timestamptz) IS
'Puts those of these items that have failed or were cancelled back into their queue, due at this time (now), with '
'attempts as if they were new. Returns their ids. 42501 no table of bourse_owner';

CREATE FUNCTION bourse_private.queue_lags(queue regclass, at timestamptz DEFAULT NULL)
RETURNS TABLE (lane text, lag interval)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp SET enable_seqscan = off
SET quote_all_identifiers = off AS $$
#variable_conflict use_variable
DECLARE
    name text := bourse_private.queue_name(queue);
    moment timestamptz := coalesce(at, clock_timestamp());
    -- What a queue is claimed from by: a column before the priority in its index; none: it is one lane.
    lanes text := (SELECT quote_ident(a.attname) FROM pg_index i
                   JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]
                   WHERE i.indrelid = queue AND a.atttypid = 'text'::regtype
                     AND pg_get_indexdef(i.indexrelid) LIKE '%, priority, claimable_at, id) WHERE %');
    level smallint;
    due timestamptz;
    oldest timestamptz;
BEGIN
    LOOP
        IF lanes IS NOT NULL THEN
            EXECUTE format('SELECT min(q.%s) FROM %s q WHERE q.claimable_at IS NOT NULL '
                           'AND (q.%1$s > $1 OR $1 IS NULL)', lanes, name)
                INTO lane USING lane;
            EXIT WHEN lane IS NULL;
        END IF;
        level := NULL;
        oldest := NULL;
        LOOP
            EXECUTE format('SELECT min(q.priority) FROM %s q WHERE q.claimable_at IS NOT NULL '
                           'AND (q.priority > $1 OR $1 IS NULL) %s', name, 'AND q.' || lanes || ' = $2')
                INTO level USING level, lane;
            EXIT WHEN level IS NULL;
            -- What is due never waits for something else.
            EXECUTE format('SELECT min(q.claimable_at) FROM %s q WHERE q.priority = $1 AND q.claimable_at IS NOT NULL '
                           'AND q.claimable_at < ''infinity'' %s', name, 'AND q.' || lanes || ' = $2')
                INTO due USING level, lane;
            oldest := least(oldest, due);
        END LOOP;
        IF oldest IS NOT NULL THEN
            lag := greatest(moment - oldest, interval '0');
            RETURN NEXT;
        END IF;
        EXIT WHEN lanes IS NULL;
    END LOOP;
END
$$;
COMMENT ON FUNCTION bourse_private.queue_lags(regclass, timestamptz) IS
'How long the item of each lane of a queue that is due longest has been due; 0: nothing is due yet; no row: nothing is '
'there. A queue without lanes has one, NULL. Two probes of the index for each priority of each lane';

CREATE FUNCTION bourse_private.queue_lag(queue regclass, at timestamptz DEFAULT NULL) RETURNS interval
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT max(l.lag) FROM bourse_private.queue_lags(queue, at) l
$$;
COMMENT ON FUNCTION bourse_private.queue_lag(regclass, timestamptz) IS
'How long the item that is due longest has been due; 0: nothing is due yet, NULL: the queue is empty';
