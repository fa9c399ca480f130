-- Circuit breakers, as data: what becomes of one is a function of what it was, what was reported, and when.

CREATE TYPE mirror_private.breaker AS (
    state text, failures integer, successes integer, opened_at timestamptz, probed_at timestamptz);
COMMENT ON TYPE mirror_private.breaker IS 'A circuit breaker, as mirror.breakers has it';

CREATE FUNCTION mirror_private.breaker_at(state text, opened_at timestamptz, open_for interval, at timestamptz)
RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    RETURN CASE WHEN state = 'open' AND at >= opened_at + open_for THEN 'half_open' ELSE coalesce(state, 'closed') END;
END
$$;
COMMENT ON FUNCTION mirror_private.breaker_at(text, timestamptz, interval, timestamptz) IS
'What a breaker is at a time: one that was opened is half open after open_for; NULL, there is none, is closed';

CREATE FUNCTION mirror_private.next_breaker(was mirror_private.breaker, ok boolean, at timestamptz,
                                            limits mirror_private.limits) RETURNS mirror_private.breaker
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, mirror, pg_temp AS $$
DECLARE
    state CONSTANT text := mirror_private.breaker_at(was.state, was.opened_at, limits.open_for, at);
    failures CONSTANT integer := least(was.failures, 2147483646) + 1;
BEGIN
    IF NOT ok THEN
        IF state = 'half_open' OR state = 'closed' AND failures >= limits.failures_to_open THEN
            RETURN ROW('open', failures, 0, at, NULL)::mirror_private.breaker;
        END IF;
        -- One that is open waits no longer for what nobody should have tried.
        RETURN ROW(state, failures, 0, was.opened_at, NULL)::mirror_private.breaker;
    ELSIF state = 'closed' OR state = 'half_open' AND was.successes + 1 >= limits.successes_to_close THEN
        RETURN ROW('closed', 0, 0, NULL, NULL)::mirror_private.breaker;
    ELSIF state = 'half_open' THEN
        RETURN ROW(state, was.failures, was.successes + 1, was.opened_at, NULL)::mirror_private.breaker;
    END IF;
    RETURN was;
END
$$;
COMMENT ON FUNCTION mirror_private.next_breaker(mirror_private.breaker, boolean, timestamptz, mirror_private.limits) IS
'What becomes of a breaker by a success or a failure at a time. Closed: a success forgets failures, the last of '
'failures_to_open in a row opens it. Half open: successes_to_close in a row close it, a failure opens it again. Open: '
'nothing, before open_for is over';

CREATE FUNCTION mirror_private.watch(user_id bigint, account_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
BEGIN
    IF NOT EXISTS (SELECT FROM mirror.breakers b WHERE b.account_id = account_id) THEN
        INSERT INTO mirror.breakers (account_id, user_id) VALUES (account_id, user_id) ON CONFLICT DO NOTHING;
    END IF;
    IF NOT EXISTS (SELECT FROM mirror.failover_states s WHERE s.user_id = user_id) THEN
        INSERT INTO mirror.failover_states (user_id) VALUES (user_id) ON CONFLICT DO NOTHING;
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.watch(bigint, bigint) IS
'The rows that an account and its user have from the first attempt to connect on';

-- Locks in order of id. Heartbeats wait for nobody; what somebody reports of one account waits for its row.
CREATE FUNCTION mirror_private.note_outcomes(account_ids bigint[], oks boolean[], at timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    usual CONSTANT mirror_private.limits := mirror_private.limits_of(NULL);
BEGIN
    WITH held AS MATERIALIZED (
        SELECT b.account_id, ROW(b.state, b.failures, b.successes, b.opened_at, b.probed_at)::mirror_private.breaker
                   AS was, o.ok
        FROM (SELECT n.account_id, bool_and(n.ok) AS ok FROM unnest(account_ids, oks) n (account_id, ok) GROUP BY 1) o
        JOIN mirror.breakers b ON b.account_id = o.account_id
        ORDER BY b.account_id FOR NO KEY UPDATE OF b SKIP LOCKED
    )
    UPDATE mirror.breakers b
    SET state = (n.becomes).state, failures = (n.becomes).failures, successes = (n.becomes).successes,
        opened_at = (n.becomes).opened_at, probed_at = (n.becomes).probed_at,
        last_failure_at = CASE WHEN n.ok THEN b.last_failure_at ELSE at END,
        last_reason = CASE WHEN n.ok THEN b.last_reason ELSE 'slow' END
    FROM (SELECT h.account_id, h.ok, h.was,
                 mirror_private.next_breaker(h.was, h.ok, at, coalesce(l.said, usual)) AS becomes
          FROM held h LEFT JOIN mirror_private.all_limits() l ON l.account_id = h.account_id OFFSET 0) n
    WHERE b.account_id = n.account_id AND (NOT n.ok OR n.becomes IS DISTINCT FROM n.was);
END
$$;
COMMENT ON FUNCTION mirror_private.note_outcomes(bigint[], boolean[], timestamptz) IS
'What heartbeats say of accounts, to their breakers: ok, or too slow. Those that somebody else has locked are left out';

CREATE FUNCTION mirror_private.fail(user_id bigint, account_id bigint, reason text, at timestamptz)
RETURNS TABLE (breaker text, failures integer, retry_at timestamptz)
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    limits CONSTANT mirror_private.limits := mirror_private.limits_of(account_id);
    was mirror_private.breaker;
    becomes mirror_private.breaker;
BEGIN
    SELECT b.state, b.failures, b.successes, b.opened_at, b.probed_at INTO was
    FROM mirror.breakers b WHERE b.account_id = account_id FOR NO KEY UPDATE;
    becomes := mirror_private.next_breaker(was, false, at, limits);
    UPDATE mirror.breakers b
    SET state = becomes.state, failures = becomes.failures, successes = becomes.successes,
        opened_at = becomes.opened_at, probed_at = becomes.probed_at, last_failure_at = at,
        last_reason = mirror_private.short_reason(reason)
    WHERE b.account_id = account_id;
    breaker := becomes.state;
    failures := becomes.failures;
    retry_at := CASE becomes.state WHEN 'open' THEN becomes.opened_at + limits.open_for
                     ELSE at + limits.reconnect_delays[least(failures + 1, cardinality(limits.reconnect_delays))] END;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION mirror_private.fail(bigint, bigint, text, timestamptz) IS
'What report_failure() does at a time, of an account that is watched';

CREATE FUNCTION mirror_private.short_reason(reason text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT CASE WHEN bourse_private.secret_in(jsonb_build_object('reason', reason)) IS NULL
                THEN left(reason, 200) ELSE '[redacted]' END
$$;
COMMENT ON FUNCTION mirror_private.short_reason(text) IS
'The first 200 characters of what a worker says, or [redacted] when there is a secret in it';

CREATE FUNCTION mirror.report_failure(account_id bigint, reason text)
RETURNS TABLE (breaker text, failures integer, retry_at timestamptz)
LANGUAGE plpgsql SUPPORT bourse_private.refuse_repeats SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    owner bigint;
BEGIN
    owner := mirror_private.require_account(account_id);
    PERFORM bourse_private.require_given('reason', reason, 'Say what has failed.');
    PERFORM mirror_private.watch(owner, account_id);
    PERFORM mirror_private.show_status(ARRAY[account_id], 'failed')
    WHERE NOT EXISTS (SELECT FROM mirror.websocket_connections c
                      WHERE c.account_id + 0 = account_id AND c.status = 'connected');
    RETURN QUERY SELECT * FROM mirror_private.fail(owner, account_id, reason, clock_timestamp());
END
$$;
COMMENT ON FUNCTION mirror.report_failure(bigint, text) IS
'Says that a request to an account''s broker, or an attempt to connect, has failed, and with what: 200 characters are '
'kept, and nothing of one that holds a secret. Returns the breaker, how many failures in a row there are, and when to '
'try again: after the next of reconnect_delays, or when an open breaker is half open. For workers. 22004 NULL, 42501 '
'not a worker, gateway or admin, 42704 no such account, or of another user';

CREATE FUNCTION mirror_private.probe(account_id bigint, at timestamptz, OUT allowed boolean, OUT retry_at timestamptz)
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    limits CONSTANT mirror_private.limits := mirror_private.limits_of(account_id);
    was record;
BEGIN
    SELECT b.* INTO was FROM mirror.breakers b WHERE b.account_id = account_id FOR NO KEY UPDATE;
    CASE mirror_private.breaker_at(was.state, was.opened_at, limits.open_for, at)
        WHEN 'open' THEN
            retry_at := was.opened_at + limits.open_for;
        WHEN 'half_open' THEN
            -- Of one that nobody has told of in time it is not known how it went.
            IF at < was.probed_at + limits.connect_timeout THEN
                retry_at := was.probed_at + limits.connect_timeout;
            ELSE
                UPDATE mirror.breakers b SET state = 'half_open', probed_at = at WHERE b.account_id = account_id;
            END IF;
        ELSE
            NULL;
    END CASE;
    allowed := retry_at IS NULL;
END
$$;
COMMENT ON FUNCTION mirror_private.probe(bigint, timestamptz) IS 'What may_connect() says of a breaker at a time';

CREATE FUNCTION mirror.may_connect(account_id bigint) RETURNS TABLE (allowed boolean, retry_at timestamptz)
LANGUAGE plpgsql SUPPORT bourse_private.refuse_repeats SECURITY DEFINER ROWS 1
SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    owner bigint;
BEGIN
    owner := mirror_private.require_account(account_id);
    IF NOT EXISTS (SELECT FROM mirror.trading_accounts a WHERE a.id = account_id AND a.is_active) THEN
        PERFORM bourse.refuse('55000', format('account %s is not active', account_id),
            'mirror.activate_account() has it in use again.');
    END IF;
    PERFORM mirror_private.watch(owner, account_id);
    SELECT p.allowed, p.retry_at INTO allowed, retry_at FROM mirror_private.probe(account_id, clock_timestamp()) p;
    IF allowed THEN
        PERFORM mirror_private.show_status(ARRAY[account_id], 'connecting')
        WHERE NOT EXISTS (SELECT FROM mirror.websocket_connections c
                          WHERE c.account_id + 0 = account_id AND c.status = 'connected');
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION mirror.may_connect(bigint) IS
'Whether a worker should try to connect an account now, and if not, when. A closed breaker lets everybody try, an open '
'one nobody, a half open one a probe at a time: the next one when connect() or report_failure() has told of it, or '
'after connect_timeout. For workers. 22004 NULL, 42704 no such account, or of '
'another user, 55000 it is not active';
GRANT EXECUTE ON FUNCTION mirror.report_failure(bigint, text), mirror.may_connect(bigint)
    TO bourse_admin, bourse_gateway, bourse_worker;
