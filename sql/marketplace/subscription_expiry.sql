-- What has ended by itself: the status follows the times. Nobody waits for it, and it waits for nobody.

CREATE FUNCTION marketplace_private.expire("limit" integer) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    moment CONSTANT timestamptz := clock_timestamp();
    ended record;
    expired bigint := 0;
BEGIN
    -- All that a step writes is locked: whatever somebody else holds is left for the next time.
    FOR ended IN
        SELECT s.id, s.cancelled_at <= moment AS is_cancelled, s.ends_at
        FROM marketplace.subscriptions s
        JOIN marketplace.runs r ON r.user_id = s.user_id AND r.subscription_id = s.id
        WHERE s.status IN ('ACTIVE', 'PAUSED', 'ERROR')
          AND s.ends_at AT TIME ZONE 'UTC' <= moment AT TIME ZONE 'UTC'
        ORDER BY s.ends_at AT TIME ZONE 'UTC' LIMIT "limit" FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        PERFORM marketplace_private.take_subscription_step(
            ended.id, CASE WHEN ended.is_cancelled THEN 'cancel' ELSE 'expire' END,
            jsonb_build_object('ends_at', ended.ends_at));
        expired := expired + 1;
    END LOOP;
    RETURN expired;
END
$$;
COMMENT ON FUNCTION marketplace_private.expire(integer) IS
'Takes the step into CANCELLED or EXPIRED for up to so many subscriptions that have ended, the longest first, and '
'returns how many. What others hold is left out';

CREATE FUNCTION marketplace_private.record_failures("limit" integer) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    failed record;
    recorded bigint := 0;
BEGIN
    FOR failed IN
        SELECT s.id, s.status, r.last_error
        FROM marketplace.runs r
        JOIN marketplace.subscriptions s ON s.id = r.subscription_id
        WHERE r.claimable_at = 'infinity'
        ORDER BY r.subscription_id LIMIT "limit" FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        PERFORM marketplace_private.take_subscription_step(failed.id, 'fail',
                                                           jsonb_build_object('error', failed.last_error));
        recorded := recorded + 1;
    END LOOP;
    RETURN recorded;
END
$$;
COMMENT ON FUNCTION marketplace_private.record_failures(integer) IS
'Takes the step into ERROR for up to so many subscriptions whose runs have taken their workers with them, and returns '
'how many. What others hold is left out';

CREATE FUNCTION marketplace.expire_subscriptions("limit" integer DEFAULT 1000) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM identity_private.require_operator();
    PERFORM bourse_private.require_read_committed('expire_subscriptions');
    IF "limit" IS NULL OR "limit" NOT BETWEEN 1 AND 10000 THEN
        PERFORM bourse.refuse('22023', format('limit is %s', coalesce("limit"::text, 'NULL')),
            'Expire 1 to 10000 subscriptions at a time.');
    END IF;
    PERFORM marketplace_private.fold_subscribers("limit");
    RETURN marketplace_private.expire("limit");
END
$$;
COMMENT ON FUNCTION marketplace.expire_subscriptions(integer) IS
'Writes down which subscriptions have ended: EXPIRED, or CANCELLED where that was when their period ended. Returns how '
'many; what others hold is left for the next time. The ticker does it every second; what a subscription is entitled to '
'does not depend on it. For operators. 22023 limit not 1 to 10000, 25001 not READ COMMITTED, 42501 a session that acts '
'for one user';
GRANT EXECUTE ON FUNCTION marketplace.expire_subscriptions(integer) TO bourse_admin, bourse_gateway, bourse_worker;

CREATE FUNCTION marketplace_private.before_erasure(user_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
BEGIN
    IF EXISTS (SELECT FROM marketplace.house_accounts h WHERE h.user_id = user_id) THEN
        PERFORM bourse.refuse('23503', format('user %s is an account of the house', user_id),
            'It is nobody: there is nothing to erase.');
    END IF;
    -- Who closes a trade locks it before its subscription.
    PERFORM FROM marketplace.trades t WHERE t.user_id = user_id AND t.exit_time IS NULL ORDER BY t.id FOR UPDATE;
    PERFORM FROM marketplace.subscriptions s WHERE s.user_id = user_id ORDER BY s.id FOR UPDATE;
    PERFORM FROM marketplace.runs r WHERE r.user_id = user_id ORDER BY r.subscription_id FOR UPDATE;
    -- Their counts go down when subscriptions and reviews go, in whatever order.
    PERFORM marketplace_private.hold_bots_of(user_id);
END
$$;
COMMENT ON FUNCTION marketplace_private.before_erasure(bigint) IS
'Locks the open trades and the subscriptions of a user who is to be erased, and the bots whose subscribers and reviews '
'become fewer. Refuses an account of the house, and a developer whose bots are not archived (23503)';
