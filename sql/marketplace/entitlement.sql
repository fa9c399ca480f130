-- What a subscription is entitled to is told by times, never by its status: the status follows when somebody writes it.

CREATE FUNCTION marketplace_private.is_within(started_at timestamptz, ends_at timestamptz, at timestamptz)
RETURNS boolean
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    RETURN started_at <= at AND (ends_at IS NULL OR at < ends_at);
END
$$;
COMMENT ON FUNCTION marketplace_private.is_within(timestamptz, timestamptz, timestamptz) IS
'Whether a time is within the stretch that a subscription lasts: its start is, its end is not';

CREATE FUNCTION marketplace.is_entitled(subscription_id bigint, at timestamptz DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_variable
DECLARE
    entitled boolean;
BEGIN
    PERFORM bourse.require_installed();
    SELECT marketplace_private.is_within(s.started_at, s.ends_at, coalesce(at, clock_timestamp())) INTO entitled
    FROM marketplace.subscriptions s WHERE s.id = subscription_id AND identity.acts_for(s.user_id);
    IF NOT FOUND THEN
        PERFORM marketplace_private.refuse_unknown_subscription(subscription_id);
    END IF;
    RETURN entitled;
END
$$;
COMMENT ON FUNCTION marketplace.is_entitled(bigint, timestamptz) IS
'Whether a subscription is its user''s at a time, by default now: from its start until the earliest of what it is paid '
'for, the end of its trial and its cancellation. Whether it is ACTIVE, PAUSED or has failed is another matter. 22004 '
'NULL, 42704 no such subscription, or of another user';
GRANT EXECUTE ON FUNCTION marketplace.is_entitled(bigint, timestamptz) TO bourse_viewer, bourse_worker;

CREATE FUNCTION marketplace_private.require_entitled(subscription_id bigint, started_at timestamptz,
                                                     ends_at timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    IF NOT marketplace_private.is_within(started_at, ends_at, clock_timestamp()) THEN
        PERFORM bourse.refuse('55000', format('subscription %s has ended at %s', subscription_id, ends_at),
            'What it is entitled to is over: marketplace.subscribe() makes another.');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_entitled(bigint, timestamptz, timestamptz) IS
'Refuses a subscription that is not entitled to anything now (55000)';

CREATE FUNCTION marketplace_private.require_credential(user_id bigint, principal_id text, exchange text,
                                                       network_type text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
BEGIN
    IF network_type = 'mainnet'
       AND NOT EXISTS (SELECT FROM identity.exchange_credentials c
                       WHERE c.user_id = user_id AND c.exchange = exchange AND NOT c.is_testnet AND c.is_active
                         AND c.validation_status = 'valid'
                         AND (c.principal_id IS NULL OR c.principal_id = principal_id)) THEN
        PERFORM bourse.refuse('55000', format('user %s has no valid credentials for %s on mainnet', user_id, exchange),
            'identity.store_credentials() keeps them; they count once they are active and the exchange has taken '
            'them: validation_status is valid.');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_credential(bigint, text, text, text) IS
'Refuses mainnet without an active credential of the user for the exchange that has been found valid, and is not given '
'to another of his principals (55000). Testnet needs none';

-- Whoever has charged for a period says so here; the subscription is locked.
CREATE FUNCTION marketplace_private.extend_subscription(subscription_id bigint, expires_at timestamptz, price numeric,
                                                        plan text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    was record;
    due timestamptz;
BEGIN
    UPDATE marketplace.subscriptions s SET expires_at = expires_at, price = price, plan = plan
    WHERE s.id = subscription_id
    RETURNING s.user_id, s.status, s.timeframe INTO was;
    PERFORM marketplace_private.note_subscription_event(was.user_id, subscription_id, 'extend', was.status, was.status,
        jsonb_build_object('expires_at', expires_at, 'price', price, 'plan', plan));
    IF was.status = 'CANCELLED' THEN
        PERFORM marketplace_private.refuse_subscription_step(subscription_id, was.status, 'be extended');
    ELSIF was.status = 'EXPIRED' THEN
        PERFORM marketplace_private.take_subscription_step(subscription_id, 'renew');
    ELSIF was.status = 'ACTIVE' THEN
        -- A claim that has found it ended has taken it out of the queue.
        due := marketplace_private.next_tick(was.timeframe, clock_timestamp());
        UPDATE marketplace.runs r
        SET claimable_at = greatest(r.next_run_at, due), next_run_at = greatest(r.next_run_at, due)
        WHERE r.user_id = was.user_id AND r.subscription_id = subscription_id AND r.claimable_at IS NULL;
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.extend_subscription(bigint, timestamptz, numeric, text) IS
'Has a subscription that is locked last until then, for this price by this plan; one that has expired is ACTIVE again. '
'For whatever charges. 55000 it is cancelled';
