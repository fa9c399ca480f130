-- The outbox: those who send to brokers claim requests, send them, and say how it went. What a sender may have sent
-- before it went silent is not sent again before it is known that it was not.

CREATE TYPE mirror.claimed_order AS (
    order_id   bigint,
    lease      uuid,
    account_id bigint,
    request    jsonb
);
COMMENT ON TYPE mirror.claimed_order IS
'A request in the hands of a sender: of which order, the proof of holding it, the account to send it with, and what '
'to send: {"action": new | modify | cancel, "tag", "broker_order_id", "exchange", "symbol", "side": BUY | SELL, '
'"quantity", "order_type", "price", "trigger_price", "product", "attempt"}. tag is the same each time: brokers show '
'it with the order';

CREATE FUNCTION mirror_private.lapse_requests() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, mirror, pg_temp AS $$
    -- A change or a cancel may come twice; a new order may not.
    UPDATE mirror.order_requests r
    SET status = CASE r.action WHEN 'new' THEN 'unknown' ELSE 'waiting' END,
        claimable_at = clock_timestamp(), lease = NULL,
        last_error = 'the sender has not said how it went'
    FROM (SELECT l.id FROM mirror.order_requests l
          WHERE l.status = 'sending' AND l.lease_ends <= clock_timestamp()
          ORDER BY l.lease_ends LIMIT 1000 FOR UPDATE SKIP LOCKED) l
    WHERE r.id = l.id
$$;
COMMENT ON FUNCTION mirror_private.lapse_requests() IS
'Takes requests from senders whose lease has ended: new orders are unknown from then on, the others wait again. Up to '
'1,000';

CREATE FUNCTION mirror_private.next_account(behind bigint) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
    SELECT r.account_id FROM mirror.order_requests r
    WHERE r.status = 'waiting' AND r.account_id > behind ORDER BY r.account_id LIMIT 1
$$;
COMMENT ON FUNCTION mirror_private.next_account(bigint) IS 'The next account of which something waits to be sent';

-- What may open nothing any more is passed over, from the commit on that has said so; settle_copies() withdraws it.
CREATE FUNCTION mirror_private.may_send(order_id bigint, action text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT may_send.action = 'cancel' OR EXISTS (
        SELECT FROM mirror.copied_orders o JOIN mirror.followers f ON f.id = o.follower_id
        JOIN mirror.copy_groups g ON g.id = f.group_id
        WHERE o.id = may_send.order_id AND f.status <> 'stopped'
          AND (o.effect <> 'entry' OR f.status = 'active' AND f.closes_at IS NULL AND g.status = 'active'
               OR may_send.action = 'modify' AND g.status = 'paused' AND f.status = 'active'))
$$;
COMMENT ON FUNCTION mirror_private.may_send(bigint, text) IS
'Whether a request may go out, as the statuses of its follower and its group are now';

CREATE FUNCTION mirror_private.claim_of(of_account bigint, worker text, n integer, of_lease uuid, until timestamptz)
RETURNS SETOF mirror.claimed_order
LANGUAGE sql SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
    WITH due AS MATERIALIZED (
        SELECT w.id FROM mirror.order_requests w
        WHERE w.account_id = of_account AND w.status = 'waiting' AND w.claimable_at <= clock_timestamp()
          AND mirror_private.may_send(w.order_id, w.action)
          AND NOT EXISTS (SELECT FROM mirror.order_requests e
                          WHERE e.order_id = w.order_id AND e.id < w.id
                            AND e.status IN ('waiting', 'sending', 'unknown'))
        ORDER BY w.priority, w.id LIMIT n FOR UPDATE SKIP LOCKED
    ), handed AS (
        UPDATE mirror.order_requests r
        SET status = 'sending', lease = of_lease, lease_ends = until, locked_by = worker, attempt = r.attempt + 1,
            request = jsonb_build_object(
                'action', r.action, 'tag', o.tag, 'broker_order_id', o.broker_order_id, 'exchange', o.exchange,
                'symbol', o.symbol, 'side', o.action, 'quantity', trim_scale(o.quantity), 'order_type', o.order_type,
                'price', trim_scale(o.price), 'trigger_price', trim_scale(o.trigger_price),
                'product', nullif(o.product, ''), 'attempt', r.attempt + 1)
        FROM due JOIN mirror.order_requests d ON d.id = due.id JOIN mirror.copied_orders o ON o.id = d.order_id
        WHERE r.id = due.id
        RETURNING r.order_id, r.lease, r.account_id, r.request, r.priority, r.id
    )
    SELECT h.order_id, h.lease, h.account_id, h.request FROM handed h ORDER BY h.priority, h.id
$$;
COMMENT ON FUNCTION mirror_private.claim_of(bigint, text, integer, uuid, timestamptz) IS
'Hands out up to n requests of an account: cancels first, then exits and changes, then what opens; of an order only '
'its first. The caller has the lane';

CREATE FUNCTION mirror_private.require_claim(worker text, n integer, lease interval) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('worker', worker), bourse_private.require_given('n', n),
            bourse_private.require_given('lease', lease);
    IF btrim(worker) = '' OR length(worker) > 200 THEN
        PERFORM bourse.refuse('22023', format('worker is %s', bourse_private.quoted(worker)),
            'Give a name of 1 to 200 characters.');
    ELSIF n NOT BETWEEN 1 AND 1000 THEN
        PERFORM bourse.refuse('22023', format('n is %s', n), 'Claim 1 to 1000 requests at a time.');
    ELSIF lease NOT BETWEEN interval '1 second' AND interval '10 minutes' THEN
        PERFORM bourse.refuse('22023', format('lease is %s', lease), 'A lease lasts 1 second to 10 minutes.');
    END IF;
    PERFORM bourse_private.require_line('worker', worker);
END
$$;
COMMENT ON FUNCTION mirror_private.require_claim(text, integer, interval) IS
'Refuses a claim without a name (22004, 22023), of none or too many, or of a lease that is too short or too long';

CREATE FUNCTION mirror.claim_orders(worker text, n integer DEFAULT 10, lease interval DEFAULT '30 seconds')
RETURNS SETOF mirror.claimed_order
LANGUAGE plpgsql SUPPORT bourse_private.refuse_repeats SECURITY DEFINER
SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT integer := 1000;
    this_lease uuid := gen_random_uuid();
    until timestamptz;
    first bigint;
    account bigint;
    wrapped boolean := false;
    handed integer := 0;
    given integer;
BEGIN
    PERFORM identity_private.require_operator();
    PERFORM bourse_private.require_read_committed('claiming');
    PERFORM mirror_private.require_claim(worker, n, lease);
    until := clock_timestamp() + lease;
    PERFORM mirror_private.lapse_requests();
    -- From somewhere on, so that no account is always the last.
    first := floor(random() * coalesce((SELECT max(l.account_id) FROM mirror.account_lanes l), 0))::bigint;
    account := first;
    FOR looked IN 1 .. most LOOP
        account := mirror_private.next_account(account);
        IF account IS NULL AND NOT wrapped THEN
            wrapped := true;
            account := mirror_private.next_account(0);
        END IF;
        EXIT WHEN account IS NULL OR handed >= n OR wrapped AND account > first;
        PERFORM FROM mirror.account_lanes l JOIN mirror.trading_accounts a ON a.id = l.account_id AND a.is_active
        WHERE l.account_id = account FOR UPDATE OF l SKIP LOCKED;
        CONTINUE WHEN NOT FOUND OR EXISTS (SELECT FROM mirror.order_requests r
                                           WHERE r.account_id = account AND r.status = 'sending');
        RETURN QUERY SELECT * FROM mirror_private.claim_of(account, worker, n - handed, this_lease, until);
        GET DIAGNOSTICS given = ROW_COUNT;
        handed := handed + given;
    END LOOP;
    -- What was handed out is sent. If a crash took the claim away, the next sender would send it again.
    PERFORM bourse_private.await_durability() WHERE handed > 0;
END
$$;
COMMENT ON FUNCTION mirror.claim_orders(text, integer, interval) IS
'Hands up to n requests to a sender, all under one lease, which lasts so long. Cancels first, then exits and changes, '
'then what opens; of an order its requests one after the other, of an account those of one sender at a time, and no '
'account keeps another waiting. Nothing that opens is handed out for a group or a follower that is not active. A new '
'order whose lease ends without a word is not handed out again: resolve_order(). Waits for no lock; the commit waits '
'until the claim is on the disk, and on the standbys that are waited for, whatever synchronous_commit says. 22004 '
'NULL, 22023 worker, n or lease out of bounds, 25001 isolation, 42501 the session does not act for everybody';

CREATE FUNCTION mirror_private.lock_request(lease uuid, order_id bigint, OUT id bigint, OUT action text,
                                            OUT attempt integer, OUT is_unwanted boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM identity_private.require_operator();
    PERFORM bourse_private.require_read_committed('a sender''s answer');
    PERFORM bourse_private.require_given('lease', lease), bourse_private.require_given('order_id', order_id);
    SELECT o.is_unwanted INTO is_unwanted FROM mirror.copied_orders o WHERE o.id = order_id FOR UPDATE;
    SELECT r.id, r.action, r.attempt INTO id, action, attempt FROM mirror.order_requests r
    WHERE r.order_id = order_id AND r.lease = lease AND r.status = 'sending' AND r.lease_ends > clock_timestamp()
    FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM bourse.refuse('55000', format('lease %s does not hold order %s', lease, order_id),
            'It has ended, or has been answered. What may have been sent is looked for by its tag: resolve_order().');
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.lock_request(uuid, bigint) IS
'Locks an order and its request that a lease holds. 22004 NULL, 25001 isolation, 42501 the session does not act for '
'everybody, 55000 the lease does not hold it any more';

CREATE FUNCTION mirror_private.require_broker_order_id(account_id bigint, order_id bigint, broker_order_id text)
RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    other bigint;
BEGIN
    PERFORM bourse_private.require_given('broker_order_id', broker_order_id);
    IF btrim(broker_order_id) = '' OR length(broker_order_id) > 50 THEN
        PERFORM bourse.refuse('22023', format('broker_order_id is %s', bourse_private.quoted(broker_order_id)),
            'Give what the broker calls the order, in 1 to 50 characters.');
    END IF;
    SELECT o.id INTO other FROM mirror.copied_orders o
    WHERE o.account_id = account_id AND o.broker_order_id = broker_order_id AND o.id <> order_id;
    IF FOUND THEN
        PERFORM bourse.refuse('23505',
            format('broker_order_id %s is that of order %s', bourse_private.quoted(broker_order_id), other),
            'Each order has one of its own: look for the tag at the broker.');
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.require_broker_order_id(bigint, bigint, text) IS
'Refuses what no broker calls an order: NULL (22004), 0 or more than 50 characters (22023), that of another (23505)';

CREATE FUNCTION mirror_private.has_been_acked(lease uuid, order_id bigint, broker_order_id text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT EXISTS (SELECT FROM mirror.order_requests r JOIN mirror.copied_orders o ON o.id = r.order_id
                   WHERE r.order_id = has_been_acked.order_id AND r.lease = has_been_acked.lease AND r.status = 'done'
                     AND o.broker_order_id = has_been_acked.broker_order_id)
$$;
COMMENT ON FUNCTION mirror_private.has_been_acked(uuid, bigint, text) IS
'Whether the same has been acknowledged under the same lease';

-- Where its user is just changing the account, the next report brings the order.
CREATE FUNCTION mirror_private.note_sent(order_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    sent record;
BEGIN
    SELECT o.* INTO sent FROM mirror.copied_orders o WHERE o.id = order_id;
    PERFORM FROM mirror.trading_accounts a WHERE a.id = sent.account_id FOR NO KEY UPDATE SKIP LOCKED;
    IF FOUND THEN
        PERFORM mirror_private.note_order(sent.account_id, sent.broker_order_id, sent.symbol, sent.exchange,
                                          sent.action, sent.quantity, sent.order_type, sent.price, sent.trigger_price,
                                          nullif(sent.product, ''));
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.note_sent(bigint) IS
'Makes a copied order that its broker has just taken one of mirror.orders. Waits for nobody';

CREATE FUNCTION mirror.ack_order(lease uuid, order_id bigint, broker_order_id text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    held record;
    copied record;
BEGIN
    PERFORM identity_private.require_operator();
    IF mirror_private.has_been_acked(lease, order_id, broker_order_id) THEN
        RETURN;
    END IF;
    SELECT * INTO held FROM mirror_private.lock_request(lease, order_id);
    SELECT o.account_id, o.broker_order_id INTO copied FROM mirror.copied_orders o WHERE o.id = order_id;
    PERFORM mirror_private.require_broker_order_id(copied.account_id, order_id, broker_order_id);
    IF copied.broker_order_id <> broker_order_id THEN
        PERFORM bourse.refuse('22023',
            format('broker_order_id is %s, of order %s it is %s', bourse_private.quoted(broker_order_id), order_id,
                   bourse_private.quoted(copied.broker_order_id)),
            'An order keeps what its broker calls it.');
    END IF;
    UPDATE mirror.order_requests r SET status = 'done', finished_at = clock_timestamp(), last_error = NULL
    WHERE r.id = held.id;
    UPDATE mirror.copied_orders o SET status = 'open', broker_order_id = broker_order_id
    WHERE o.id = order_id AND o.status = 'queued';
    PERFORM mirror_private.note_sent(order_id) WHERE held.action = 'new';
END
$$;
COMMENT ON FUNCTION mirror.ack_order(uuid, bigint, text) IS
'The broker has taken a request; broker_order_id: what it calls the order, as mirror.orders will. The same again, as '
'by a sender that has not heard the answer, changes nothing. 22004 NULL, 22023 no such id, another than before, 23505 '
'that of another order, 25001 isolation, 42501 the session does not act for everybody, 55000 the lease does not hold '
'it any more: nothing is changed';

CREATE FUNCTION mirror.reject_order(lease uuid, order_id bigint, reason text, retry_after interval DEFAULT NULL)
RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT integer := 10;
    held record;
    becomes text := 'failed';
BEGIN
    SELECT * INTO held FROM mirror_private.lock_request(lease, order_id);
    PERFORM bourse_private.require_given('reason', reason);
    IF retry_after NOT BETWEEN interval '0' AND interval '1 day' THEN
        PERFORM bourse.refuse('22023', format('retry_after is %s', retry_after), 'Give up to 1 day, or none.');
    ELSIF held.action = 'new' AND held.is_unwanted THEN
        becomes := 'withdrawn';
    ELSIF retry_after IS NOT NULL AND held.attempt < most THEN
        becomes := 'waiting';
    END IF;
    -- What a broker says may have a secret in it.
    UPDATE mirror.order_requests r
    SET status = becomes, claimable_at = clock_timestamp() + coalesce(retry_after, interval '0'),
        finished_at = CASE WHEN becomes <> 'waiting' THEN clock_timestamp() END, lease = NULL, lease_ends = NULL,
        last_error = CASE WHEN bourse_private.secret_in(jsonb_build_object('reason', reason)) IS NULL
                          THEN left(reason, 2000) ELSE 'a reason with a secret in it' END
    WHERE r.id = held.id;
    PERFORM mirror_private.end_order(order_id, CASE becomes WHEN 'failed' THEN 'rejected' ELSE becomes END)
    WHERE held.action = 'new' AND becomes <> 'waiting';
    RETURN becomes;
END
$$;
COMMENT ON FUNCTION mirror.reject_order(uuid, bigint, text, interval) IS
'The broker has not taken a request, and the sender knows it. Returns what becomes of it: waiting (retry_after says '
'when it is due again, up to ten times), failed (a new order is rejected, and is not ordered again; after a change or '
'a cancel the order is as it was), withdrawn (nobody wants it any more). reason: up to 2000 characters are kept. '
'22004 NULL, 22023 retry_after, 25001 isolation, 42501 the session does not act for everybody, 55000 the lease does '
'not hold it any more: nothing is changed';

CREATE FUNCTION mirror_private.resolve(of_order bigint, broker_id text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
DECLARE
    copied record;
BEGIN
    SELECT o.is_unwanted, o.account_id INTO copied FROM mirror.copied_orders o WHERE o.id = of_order FOR UPDATE;
    UPDATE mirror.order_requests r
    SET status = CASE WHEN broker_id IS NOT NULL THEN 'done' WHEN copied.is_unwanted THEN 'withdrawn'
                      ELSE 'waiting' END,
        claimable_at = clock_timestamp(),
        finished_at = CASE WHEN broker_id IS NOT NULL OR copied.is_unwanted THEN clock_timestamp() END
    WHERE r.order_id = of_order AND r.status = 'unknown';
    IF NOT FOUND THEN
        RETURN;
    ELSIF broker_id IS NOT NULL THEN
        UPDATE mirror.copied_orders o SET status = 'open', broker_order_id = broker_id
        WHERE o.id = of_order AND o.status = 'queued';
    ELSE
        PERFORM mirror_private.end_order(of_order, 'withdrawn') WHERE copied.is_unwanted;
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.resolve(bigint, text) IS
'Says of an order that is unknown what the broker calls it, or that it was never sent (NULL)';

CREATE FUNCTION mirror.resolve_order(order_id bigint, broker_order_id text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    copied record;
BEGIN
    PERFORM identity_private.require_operator();
    PERFORM bourse_private.require_read_committed('a sender''s answer');
    PERFORM bourse_private.require_given('order_id', order_id);
    PERFORM mirror_private.lapse_requests();
    SELECT o.account_id INTO copied FROM mirror.copied_orders o WHERE o.id = order_id FOR UPDATE;
    IF NOT FOUND THEN
        PERFORM bourse.refuse('42704', format('copied order %s does not exist', order_id),
            'mirror.copied_orders lists them.');
    END IF;
    PERFORM mirror_private.require_broker_order_id(copied.account_id, order_id, broker_order_id)
    WHERE broker_order_id IS NOT NULL;
    IF NOT EXISTS (SELECT FROM mirror.order_requests r WHERE r.order_id = order_id AND r.status = 'unknown') THEN
        RETURN false;
    END IF;
    PERFORM mirror_private.resolve(order_id, broker_order_id);
    RETURN true;
END
$$;
COMMENT ON FUNCTION mirror.resolve_order(bigint, text) IS
'Of an order that may have been sent and nobody knows: what the broker calls it, where it shows its tag; NULL: the '
'broker does not have it, and it is sent again, or withdrawn where nobody wants it any more. Returns false where '
'nothing of it is unknown. 22004 NULL, 22023 no such id, 23505 that of another order, 25001 isolation, 42501 the '
'session does not act for everybody, 42704 no such copied order';
GRANT EXECUTE ON FUNCTION mirror.claim_orders(text, integer, interval), mirror.ack_order(uuid, bigint, text),
    mirror.reject_order(uuid, bigint, text, interval), mirror.resolve_order(bigint, text) TO bourse_worker;
