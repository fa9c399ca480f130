-- The life of subscriptions. One function takes a step, and one table says which there are.

CREATE FUNCTION marketplace.subscription_transitions()
RETURNS TABLE (old_status text, step text, new_status text, meaning text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    VALUES
        ('ACTIVE',  'pause',  'PAUSED',    'pause_subscription(): it is not run, and opens nothing'),
        ('PAUSED',  'resume', 'ACTIVE',    'resume_subscription()'),
        ('ERROR',   'resume', 'ACTIVE',    'as PAUSED: somebody has looked at it'),
        ('ACTIVE',  'fail',   'ERROR',     'finish_run(): too many of its runs have failed, one after the other'),
        ('ACTIVE',  'cancel', 'CANCELLED', 'cancel_subscription(): now, or when the period has ended'),
        ('PAUSED',  'cancel', 'CANCELLED', 'as ACTIVE'),
        ('ERROR',   'cancel', 'CANCELLED', 'as ACTIVE'),
        ('ACTIVE',  'expire', 'EXPIRED',   'expire_subscriptions(): what it is entitled to has ended'),
        ('PAUSED',  'expire', 'EXPIRED',   'as ACTIVE'),
        ('ERROR',   'expire', 'EXPIRED',   'as ACTIVE'),
        ('EXPIRED', 'renew',  'ACTIVE',    'renew_subscriptions(): it has been paid for, late')
$$;
COMMENT ON FUNCTION marketplace.subscription_transitions() IS
'The steps in the life of a subscription: from which status, the step, to which status, who takes it. Any other is '
'refused (55000)';
GRANT EXECUTE ON FUNCTION marketplace.subscription_transitions() TO bourse_viewer, bourse_worker, bourse_monitor;

CREATE FUNCTION marketplace_private.refuse_subscription_step(subscription_id bigint, status text, attempt text)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
DECLARE
    -- What the platform does by itself is nobody's to call.
    allowed text := (SELECT string_agg(DISTINCT t.step || '_subscription()', ', ')
                     FROM marketplace.subscription_transitions() t
                     WHERE t.old_status = status AND t.step IN ('pause', 'resume', 'cancel'));
BEGIN
    PERFORM bourse.refuse('55000', format('subscription %s cannot %s: its status is %s', subscription_id, attempt,
                                          status),
        coalesce('Now it takes ' || allowed || '. marketplace.subscription_transitions() has all steps.',
                 'It has ended: marketplace.subscribe() makes another.'));
END
$$;
COMMENT ON FUNCTION marketplace_private.refuse_subscription_step(bigint, text, text) IS
'Says that a subscription cannot do this in its status, and what it can (55000)';

CREATE FUNCTION marketplace_private.refuse_unknown_subscription(subscription_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('subscription_id', subscription_id);
    PERFORM bourse.refuse('42704', format('subscription %s does not exist', subscription_id),
        'marketplace.subscriptions lists yours.');
END
$$;
COMMENT ON FUNCTION marketplace_private.refuse_unknown_subscription(bigint) IS
'Says that there is no such subscription, or not for this session: NULL (22004), 42704';

-- Steps, changes and trades of a subscription come one after the other: each begins with this lock. Then come, in this
-- order, its row in runs, its bot, balances.
CREATE FUNCTION marketplace_private.lock_subscription(subscription_id bigint)
RETURNS TABLE (user_id bigint, user_principal_id text, bot_id bigint, bot_version text, exchange_type text,
               trading_pair text, timeframe text, network_type text, trade_mode text, status text, is_trial boolean,
               is_own boolean, started_at timestamptz, expires_at timestamptz, cancelled_at timestamptz,
               ends_at timestamptz, strategy_config jsonb, execution_config jsonb, risk_config jsonb)
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
    PERFORM bourse.require_installed();
    -- What others have done before the lock is held must be seen.
    PERFORM bourse_private.require_read_committed('a step of a subscription');
    RETURN QUERY
    SELECT s.user_id, s.user_principal_id::text, s.bot_id, s.bot_version::text, s.exchange_type, s.trading_pair::text,
           s.timeframe::text, s.network_type, s.trade_mode, s.status, s.is_trial, s.is_own, s.started_at,
           s.expires_at, s.cancelled_at, s.ends_at, s.strategy_config, s.execution_config, s.risk_config
    FROM marketplace.subscriptions s
    WHERE s.id = lock_subscription.subscription_id AND identity.acts_for(s.user_id)
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM marketplace_private.refuse_unknown_subscription(lock_subscription.subscription_id);
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.lock_subscription(bigint) IS
'Locks a subscription until the transaction ends, and says how it is now. 22004 NULL, 42704 no such subscription, or '
'of a user whom the session does not act for, 25001 not READ COMMITTED';

CREATE FUNCTION marketplace_private.next_tick(timeframe text, at timestamptz) RETURNS timestamptz
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'marketplace_next_tick_wrapper';
COMMENT ON FUNCTION marketplace_private.next_tick(text, timestamptz) IS
'When the candle of a timeframe ends that is open at a time: the first end after it, in UTC, weeks on Monday';

CREATE FUNCTION marketplace_private.note_subscription_event(
    user_id bigint, subscription_id bigint, event text, old_status text, new_status text, detail jsonb DEFAULT NULL)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    INSERT INTO marketplace.subscription_events (user_id, subscription_id, event, old_status, new_status, detail)
    VALUES (user_id, subscription_id, event, old_status, new_status, nullif(jsonb_strip_nulls(detail), '{}'));
END
$$;
COMMENT ON FUNCTION marketplace_private.note_subscription_event(bigint, bigint, text, text, text, jsonb) IS
'Writes down what has happened to a subscription, with who and when';

-- The subscription is locked. What is not ACTIVE is in no queue, and whoever runs it holds it no more.
CREATE FUNCTION marketplace_private.take_subscription_step(subscription_id bigint, step text,
                                                           detail jsonb DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    was record;
    becomes text;
    due timestamptz;
BEGIN
    SELECT s.user_id, s.status, s.timeframe INTO was FROM marketplace.subscriptions s WHERE s.id = subscription_id;
    SELECT t.new_status INTO becomes FROM marketplace.subscription_transitions() t
    WHERE t.old_status = was.status AND t.step = step;
    IF NOT FOUND THEN
        PERFORM marketplace_private.refuse_subscription_step(subscription_id, was.status, step);
    ELSIF becomes = 'ACTIVE' THEN
        due := marketplace_private.next_tick(was.timeframe, clock_timestamp());
    END IF;
    UPDATE marketplace.runs r
    SET claimable_at = due, next_run_at = due, lease = NULL, worker = NULL,
        error_count = CASE becomes WHEN 'ACTIVE' THEN 0 ELSE r.error_count END
    WHERE r.user_id = was.user_id AND r.subscription_id = subscription_id;
    UPDATE marketplace.subscriptions s SET status = becomes WHERE s.id = subscription_id;
    PERFORM marketplace_private.note_subscription_event(was.user_id, subscription_id, step, was.status, becomes,
                                                        detail);
    RETURN becomes;
END
$$;
COMMENT ON FUNCTION marketplace_private.take_subscription_step(bigint, text, jsonb) IS
'Takes a step in the life of a subscription that is locked, and returns the new status. Refuses one that '
'subscription_transitions() does not have (55000)';

CREATE FUNCTION marketplace.pause_subscription(subscription_id bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM marketplace_private.lock_subscription(subscription_id);
    RETURN marketplace_private.take_subscription_step(subscription_id, 'pause');
END
$$;
COMMENT ON FUNCTION marketplace.pause_subscription(bigint) IS
'Has a subscription not be run, and open no trade, until resume_subscription(); a run that is under way is not '
'finished any more. What it is paid for goes on. Returns its status. 22004 NULL, 42704 no such subscription, or of '
'another user, 55000 not from its status';

CREATE FUNCTION marketplace.resume_subscription(subscription_id bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
DECLARE
    held record;
BEGIN
    SELECT * INTO held FROM marketplace_private.lock_subscription(subscription_id);
    IF held.status IN ('PAUSED', 'ERROR') THEN
        PERFORM marketplace_private.require_entitled(subscription_id, held.started_at, held.ends_at);
        PERFORM marketplace_private.require_credential(held.user_id, held.user_principal_id, held.exchange_type,
                                                       held.network_type);
    END IF;
    RETURN marketplace_private.take_subscription_step(subscription_id, 'resume');
END
$$;
COMMENT ON FUNCTION marketplace.resume_subscription(bigint) IS
'Ends the pause of a subscription, or has one that has failed go on. It runs at the next end of a candle, and its '
'failures are forgotten. On mainnet it needs an active credential that has been found valid. Returns its status. 22004 '
'NULL, 42704 no such subscription, or of another user, 55000 not from its status, it has ended, or no such credential';

CREATE FUNCTION marketplace_private.paid_until(user_id bigint, subscription_id bigint) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
    SELECT b.period_end FROM marketplace.billings b
    WHERE b.user_id = paid_until.user_id AND b.subscription_id = paid_until.subscription_id
$$;
COMMENT ON FUNCTION marketplace_private.paid_until(bigint, bigint) IS
'When the last period of a subscription ends that is paid; NULL: it costs nothing';

CREATE FUNCTION marketplace.cancel_subscription(subscription_id bigint, at_period_end boolean DEFAULT true)
RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    held record;
    moment CONSTANT timestamptz := clock_timestamp();
    ending timestamptz := moment;
BEGIN
    SELECT * INTO held FROM marketplace_private.lock_subscription(subscription_id);
    PERFORM bourse_private.require_given('at_period_end', at_period_end);
    IF held.status NOT IN ('ACTIVE', 'PAUSED', 'ERROR') THEN
        PERFORM marketplace_private.refuse_subscription_step(subscription_id, held.status, 'cancel');
    ELSIF at_period_end AND held.ends_at > moment THEN
        -- The grace is for who wants to pay.
        ending := greatest(moment, least(held.ends_at, marketplace_private.paid_until(held.user_id, subscription_id)));
    END IF;
    UPDATE marketplace.subscriptions s SET cancelled_at = ending WHERE s.id = subscription_id;
    IF ending > moment THEN
        PERFORM marketplace_private.note_subscription_event(held.user_id, subscription_id, 'cancel_at_period_end',
                                                            held.status, held.status,
                                                            jsonb_build_object('ends_at', ending))
        WHERE held.cancelled_at IS DISTINCT FROM ending;
    ELSE
        PERFORM marketplace_private.take_subscription_step(subscription_id, 'cancel');
    END IF;
    RETURN ending;
END
$$;
COMMENT ON FUNCTION marketplace.cancel_subscription(bigint, boolean) IS
'Cancels a subscription: at the end of what is paid for, until when it goes on and is not renewed; or now, if '
'at_period_end is false, it lasts without an end, or what is paid for has ended and it lives on its grace. A run that '
'is under way is not finished any more once it is cancelled, and open trades stay open until they are closed. Returns '
'from when on it is cancelled. 22004 NULL, 42704 no such subscription, or of another user, 55000 it has ended';
GRANT EXECUTE ON FUNCTION marketplace.pause_subscription(bigint), marketplace.resume_subscription(bigint),
    marketplace.cancel_subscription(bigint, boolean) TO bourse_trader, bourse_worker;

CREATE FUNCTION marketplace.subscription_events(subscription_id bigint, "limit" integer DEFAULT 100,
                                                before bigint DEFAULT NULL)
RETURNS TABLE (id bigint, at timestamptz, event text, old_status text, new_status text, actor text, actor_id bigint,
               detail jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
DECLARE
    owner_id bigint;
BEGIN
    PERFORM bourse.require_installed();
    SELECT s.user_id INTO owner_id FROM marketplace.subscriptions s
    WHERE s.id = subscription_events.subscription_id AND identity.acts_for(s.user_id);
    IF NOT FOUND THEN
        PERFORM marketplace_private.refuse_unknown_subscription(subscription_events.subscription_id);
    END IF;
    PERFORM bourse_private.require_page('events', "limit");
    RETURN QUERY
    SELECT e.id, e.at, e.event, e.old_status, e.new_status, e.actor::text, e.actor_id, e.detail
    FROM marketplace.subscription_events e
    WHERE e.user_id = owner_id AND e.subscription_id = subscription_events.subscription_id
      AND e.id < coalesce(before, 9223372036854775807)
    ORDER BY e.id DESC LIMIT "limit";
END
$$;
COMMENT ON FUNCTION marketplace.subscription_events(bigint, integer, bigint) IS
'What has happened to a subscription, the latest first: when, the step or the change, from which status to which, the '
'login and the user who did it, more. With before those with a smaller id: give the last one to go on. 22004 NULL, '
'22023 limit not 1 to 10000, 42704 no such subscription, or of another user';
GRANT EXECUTE ON FUNCTION marketplace.subscription_events(bigint, integer, bigint) TO bourse_viewer, bourse_worker;
