-- Running subscriptions: workers claim what is due for the length of a lease, and say how it went. A claim locks rows
-- of runs and waits for nobody, finish_runs() locks them alone; all else locks the subscription first.

CREATE FUNCTION marketplace_private.most_failures() RETURNS integer
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    RETURN 5;
END
$$;
COMMENT ON FUNCTION marketplace_private.most_failures() IS
'So many runs of a subscription that fail one after the other, and it is in ERROR';

-- Of a lease that has lapsed nobody knows how it went: it counts as a failure, so that what kills its workers comes to
-- an end. After the last one it is not handed out: record_failures() puts it into ERROR, for which the subscription
-- must be locked. What is not entitled any more leaves the queue: extend_subscription() brings it back. Of a user who
-- is not active nothing runs: it waits for the next candle. One pass, and each row is found once: a row that is locked
-- stays where it is until it is written.
CREATE FUNCTION marketplace_private.take_due(worker text, "limit" integer, proof uuid, moment timestamptz,
                                             until timestamptz)
RETURNS TABLE (subscription_id bigint, user_id bigint, bot_id bigint, bot_version text, exchange_type text,
               trading_pair text, timeframe text, timeframes jsonb, strategy_config jsonb, execution_config jsonb,
               risk_config jsonb, trade_evaluation_period integer, network_type text, trade_mode text,
               is_trial boolean, scheduled_for timestamptz, last_run_at timestamptz, error_count integer,
               lease_id uuid, lease_until timestamptz)
LANGUAGE plpgsql ROWS 100 SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_column
DECLARE
    enough CONSTANT integer := marketplace_private.most_failures();
BEGIN
    RETURN QUERY
    WITH due AS MATERIALIZED (
        SELECT r.ctid AS place, r.user_id, r.subscription_id, r.next_run_at, r.last_run_at,
               r.lease IS NOT NULL AS is_lapsed, r.error_count + (r.lease IS NOT NULL)::integer AS failures
        FROM marketplace.runs r
        WHERE r.claimable_at <= moment
        ORDER BY r.claimable_at, r.subscription_id LIMIT "limit" FOR NO KEY UPDATE SKIP LOCKED
    ), judged AS MATERIALIZED (
        SELECT d.place, d.next_run_at, d.last_run_at, d.is_lapsed, d.failures, s.id, s.user_id, s.bot_id,
               s.bot_version, s.exchange_type, s.trading_pair, s.timeframe, s.timeframes,
               v.default_config || s.strategy_config AS strategy_config, s.execution_config, s.risk_config,
               s.trade_evaluation_period, s.network_type, s.trade_mode, s.is_trial,
               CASE WHEN s.status <> 'ACTIVE' OR s.ends_at <= moment THEN 'ended'
                    WHEN d.is_lapsed AND d.failures >= enough THEN 'failed'
                    WHEN NOT u.is_active THEN 'inactive' ELSE 'taken' END AS verdict
        FROM due d
        JOIN marketplace.subscriptions s ON s.id = d.subscription_id
        JOIN identity.users u ON u.id = d.user_id
        JOIN marketplace.bot_versions v ON v.bot_id = s.bot_id AND v.version = s.bot_version
    ), settled AS (
        SELECT j.*, CASE j.verdict WHEN 'taken' THEN until WHEN 'failed' THEN 'infinity'
                    WHEN 'inactive' THEN marketplace_private.next_tick(j.timeframe, moment) END AS claimable_at
        FROM judged j
    ), written AS (
        UPDATE marketplace.runs r
        SET claimable_at = w.claimable_at,
            next_run_at = CASE w.verdict WHEN 'inactive' THEN w.claimable_at ELSE r.next_run_at END,
            lease = CASE w.verdict WHEN 'taken' THEN proof END,
            worker = CASE w.verdict WHEN 'taken' THEN take_due.worker END,
            error_count = w.failures,
            last_error = CASE WHEN w.is_lapsed THEN 'its worker has not come back' ELSE r.last_error END
        FROM settled w WHERE r.ctid = w.place
        RETURNING w.*
    )
    SELECT w.id, w.user_id, w.bot_id, w.bot_version::text, w.exchange_type, w.trading_pair::text, w.timeframe::text,
           w.timeframes, w.strategy_config, w.execution_config, w.risk_config, w.trade_evaluation_period,
           w.network_type, w.trade_mode, w.is_trial, w.next_run_at, w.last_run_at, w.failures, proof, until
    FROM written w WHERE w.verdict = 'taken' ORDER BY w.next_run_at, w.id;
END
$$;
COMMENT ON FUNCTION marketplace_private.take_due(text, integer, uuid, timestamptz, timestamptz) IS
'Takes up to so many subscriptions that are due, the longest first, as claim_runs() returns them. Those that another '
'session has locked are left out, those that may not run leave the queue, or wait for the next candle';

CREATE FUNCTION marketplace.claim_runs(worker text, "limit" integer DEFAULT 100, lease interval DEFAULT '60 s')
RETURNS TABLE (subscription_id bigint, user_id bigint, bot_id bigint, bot_version text, exchange_type text,
               trading_pair text, timeframe text, timeframes jsonb, strategy_config jsonb, execution_config jsonb,
               risk_config jsonb, trade_evaluation_period integer, network_type text, trade_mode text,
               is_trial boolean, scheduled_for timestamptz, last_run_at timestamptz, error_count integer,
               lease_id uuid, lease_until timestamptz)
LANGUAGE plpgsql SUPPORT bourse_private.refuse_repeats SECURITY DEFINER ROWS 100
SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    proof CONSTANT uuid := gen_random_uuid();
    moment CONSTANT timestamptz := clock_timestamp();
    wanted integer := "limit";
    taken integer;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_read_committed('claim_runs');
    PERFORM identity_private.require_text('worker', worker, 100);
    IF "limit" IS NULL OR "limit" NOT BETWEEN 1 AND 1000 THEN
        PERFORM bourse.refuse('22023', format('%s runs asked for', coalesce("limit"::text, 'NULL')),
            'Claim 1 to 1000 at a time.');
    ELSIF lease IS NULL OR lease NOT BETWEEN interval '1 second' AND interval '1 day' THEN
        PERFORM bourse.refuse('22023', format('lease is %s', coalesce(lease::text, 'NULL')),
            'Give 1 second to 1 day: how long a run may last before another worker gets it.');
    END IF;
    -- Those that have ended since nobody looked make room for those behind them.
    FOR attempt IN 1..10 LOOP
        RETURN QUERY SELECT d.* FROM marketplace_private.take_due(worker, wanted, proof, moment, moment + lease) d;
        GET DIAGNOSTICS taken = ROW_COUNT;
        wanted := wanted - taken;
        EXIT WHEN wanted = 0;
        PERFORM FROM marketplace.runs r WHERE r.claimable_at <= moment ORDER BY r.claimable_at LIMIT 1
        FOR NO KEY UPDATE SKIP LOCKED;
        EXIT WHEN NOT FOUND;
    END LOOP;
END
$$;
COMMENT ON FUNCTION marketplace.claim_runs(text, integer, interval) IS
'Hands out subscriptions that are due, the longest first: ACTIVE, entitled at this moment, and of a user who is '
'active. Each belongs to this worker until lease_until; then another gets it, and it counts as a failure. lease_id is '
'what finish_run() asks for. strategy_config has the defaults of the version for what its user does not say. worker: 1 '
'to 100 characters; "limit": 1 to 1000; lease: 1 second to 1 day. Sessions do not wait for each other. For workers. '
'22004 NULL worker, 22023 a bad value, 25001 not READ COMMITTED';

CREATE FUNCTION marketplace_private.refuse_finish(subscription_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM bourse.refuse('55000', format('subscription %s is not held by this lease', subscription_id),
        'The lease has lapsed, or it was paused, cancelled or ended meanwhile. What this run has found is void.');
END
$$;
COMMENT ON FUNCTION marketplace_private.refuse_finish(bigint) IS
'Says that a run cannot be finished by a lease (55000)';

-- An end that was promised for a time that has passed would have it run again and again until it has caught up.
CREATE FUNCTION marketplace_private.due_after(timeframe text, wished timestamptz, moment timestamptz)
RETURNS timestamptz
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    IF wished > moment + interval '366 days' OR wished = '-infinity' THEN
        PERFORM bourse.refuse('22023', format('next_run_at is %s', wished), 'Give a time within the next 366 days.');
    END IF;
    RETURN CASE WHEN wished > moment THEN wished ELSE marketplace_private.next_tick(timeframe, moment) END;
END
$$;
COMMENT ON FUNCTION marketplace_private.due_after(text, timestamptz, timestamptz) IS
'When a subscription is to run next: at the time that is wished for, or, if there is none or it has passed, at the '
'next end of a candle. 22023 more than a year ahead';

CREATE FUNCTION marketplace.finish_run(subscription_id bigint, lease_id uuid, error text DEFAULT NULL,
                                       next_run_at timestamptz DEFAULT NULL) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    moment timestamptz;
    held record;
    due timestamptz;
    failures integer;
BEGIN
    PERFORM bourse.require_installed();
    SELECT s.user_id, s.timeframe, s.ends_at INTO held FROM marketplace.subscriptions s
    WHERE s.id = subscription_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM marketplace_private.refuse_unknown_subscription(subscription_id);
    END IF;
    PERFORM bourse_private.require_given('lease_id', lease_id);
    moment := clock_timestamp();
    due := marketplace_private.due_after(held.timeframe, next_run_at, moment);
    UPDATE marketplace.runs r
    SET claimable_at = due, next_run_at = due, last_run_at = moment, lease = NULL, worker = NULL,
        error_count = CASE WHEN error IS NULL THEN 0 ELSE r.error_count + 1 END,
        last_error = CASE WHEN error IS NULL THEN r.last_error ELSE marketplace_private.without_secret(error) END
    WHERE r.user_id = held.user_id AND r.subscription_id = subscription_id AND r.lease = lease_id
      AND r.claimable_at > moment AND (held.ends_at IS NULL OR held.ends_at > moment)
    RETURNING r.error_count INTO failures;
    IF NOT FOUND THEN
        PERFORM marketplace_private.refuse_finish(subscription_id);
    END IF;
    IF failures >= marketplace_private.most_failures() THEN
        PERFORM marketplace_private.take_subscription_step(subscription_id, 'fail',
            jsonb_build_object('error', marketplace_private.without_secret(error)));
        RETURN NULL;
    END IF;
    RETURN due;
END
$$;
COMMENT ON FUNCTION marketplace.finish_run(bigint, uuid, text, timestamptz) IS
'Says that a run has ended, and with what error, if it has failed: 2000 characters are kept, and nothing of one that '
'holds a secret. After 5 failures in a row the subscription is in ERROR until its user resumes it. It runs again at '
'next_run_at, or, if that is NULL or has passed, at the next end of a candle from now on, however many have been '
'missed. Returns when; NULL: it is in ERROR. For workers. 22004 NULL, 22023 next_run_at more than 366 days ahead, '
'42704 no such subscription, 55000 the lease holds it no more: it has lapsed, or the subscription was paused, '
'cancelled or has ended';

CREATE FUNCTION marketplace_private.without_secret(error text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT CASE WHEN bourse_private.secret_in(jsonb_build_object('error', left(error, 2000))) IS NULL
                THEN left(error, 2000) ELSE '[redacted]' END
$$;
COMMENT ON FUNCTION marketplace_private.without_secret(text) IS
'The first 2000 characters of what somebody tells, or [redacted] when there is a secret among them';

-- Whatever takes a run from its worker writes its row: subscriptions need no lock here. Rows in order of id, as whoever
-- changes several subscriptions has them.
CREATE FUNCTION marketplace.finish_runs(lease_id uuid, subscription_ids bigint[]) RETURNS bigint[]
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
#variable_conflict use_variable
DECLARE
    moment CONSTANT timestamptz := clock_timestamp();
    finished bigint[];
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_read_committed('finish_runs');
    PERFORM bourse_private.require_given('lease_id', lease_id),
            bourse_private.require_given('subscription_ids', subscription_ids);
    IF cardinality(subscription_ids) > 1000 THEN
        PERFORM bourse.refuse('22023', format('%s runs at once', cardinality(subscription_ids)),
            'Finish up to 1000 at a time.');
    END IF;
    WITH told AS MATERIALIZED (
        SELECT s.id, s.user_id, s.timeframe FROM marketplace.subscriptions s
        WHERE s.id = ANY (subscription_ids) AND (s.ends_at IS NULL OR s.ends_at > moment)
    ), ticks AS MATERIALIZED (
        SELECT array_agg(f.timeframe) AS timeframes,
               array_agg(marketplace_private.next_tick(f.timeframe, moment)) AS ends
        FROM (SELECT DISTINCT t.timeframe::text FROM told t) f
    ), held AS MATERIALIZED (
        SELECT r.ctid AS place, k.ends[array_position(k.timeframes, t.timeframe::text)] AS due
        FROM told t JOIN marketplace.runs r ON r.user_id = t.user_id AND r.subscription_id = t.id CROSS JOIN ticks k
        WHERE r.lease = lease_id ORDER BY t.id
    ), ended AS (
        UPDATE marketplace.runs r
        SET claimable_at = h.due, next_run_at = h.due, last_run_at = moment, lease = NULL, worker = NULL,
            error_count = 0
        FROM held h WHERE r.ctid = h.place AND r.lease = lease_id AND r.claimable_at > clock_timestamp()
        RETURNING r.subscription_id
    )
    SELECT coalesce(array_agg(e.subscription_id ORDER BY e.subscription_id), '{}') INTO finished FROM ended e;
    RETURN finished;
END
$$;
COMMENT ON FUNCTION marketplace.finish_runs(uuid, bigint[]) IS
'Says of up to 1000 runs of a lease at once that they have ended well; each runs again at the next end of a candle. '
'Returns those that the lease held, and that had not ended: of the others what the run has found is void. Those that '
'have failed are told of by finish_run(). For workers. 22004 NULL, 22023 more than 1000, 25001 not READ COMMITTED';

GRANT EXECUTE ON FUNCTION marketplace.claim_runs(text, integer, interval),
    marketplace.finish_run(bigint, uuid, text, timestamptz), marketplace.finish_runs(uuid, bigint[])
    TO bourse_worker;
