-- Running subscriptions: workers claim what is due for the length of a lease, and say how it went. A claim locks rows
-- of runs and waits for nobody, finish_runs() locks them alone; all else locks the subscription first. Both read and
-- write past the executor: src/marketplace/claim.rs, src/marketplace/finish.rs.

CREATE FUNCTION marketplace_private.most_failures() RETURNS integer
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'marketplace_most_failures_wrapper';
COMMENT ON FUNCTION marketplace_private.most_failures() IS
'So many runs of a subscription that fail one after the other, and it is in ERROR';

CREATE FUNCTION marketplace.claim_runs(worker text, "limit" integer DEFAULT 100, lease interval DEFAULT '60 s')
RETURNS TABLE (subscription_id bigint, user_id bigint, bot_id bigint, bot_version text, exchange_type text,
               trading_pair text, timeframe text, timeframes jsonb, strategy_config jsonb, execution_config jsonb,
               risk_config jsonb, trade_evaluation_period integer, network_type text, trade_mode text,
               is_trial boolean, scheduled_for timestamptz, last_run_at timestamptz, error_count integer,
               lease_id uuid, lease_until timestamptz)
LANGUAGE c SUPPORT bourse_private.refuse_repeats ROWS 100 AS 'MODULE_PATHNAME', 'marketplace_claim_runs_wrapper';
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

CREATE FUNCTION marketplace.finish_runs(lease_id uuid, subscription_ids bigint[]) RETURNS bigint[]
LANGUAGE c AS 'MODULE_PATHNAME', 'marketplace_finish_runs_wrapper';
COMMENT ON FUNCTION marketplace.finish_runs(uuid, bigint[]) IS
'Says of up to 1000 runs of a lease at once that they have ended well; each runs again at the next end of a candle. '
'Returns those that the lease held, and that had not ended: of the others what the run has found is void. Those that '
'have failed are told of by finish_run(). For workers. 22004 NULL, 22023 more than 1000, 25001 not READ COMMITTED';

GRANT EXECUTE ON FUNCTION marketplace.claim_runs(text, integer, interval),
    marketplace.finish_run(bigint, uuid, text, timestamptz), marketplace.finish_runs(uuid, bigint[])
    TO bourse_worker;
