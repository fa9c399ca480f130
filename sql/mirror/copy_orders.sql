-- Copying: what a leader's order comes to for each follower. It compares how the order stands with what was copied of
-- it, and orders, changes or ends the difference: the same call copies, amends and cancels, and does nothing twice.

CREATE TYPE mirror.copied_order AS (
    follower_id bigint,
    order_id    bigint,
    quantity    numeric,
    status      text,
    reason      text
);
COMMENT ON TYPE mirror.copied_order IS
'An order of a follower (mirror.copied_orders) and how it stands: queued, sending, unknown (the sender has not said '
'whether it was sent), open, filled, cancelled, rejected, withdrawn (never sent); without an order_id skipped, or '
'waiting for an entry to fill; quantity: how much of it';

CREATE TYPE mirror_private.taken_order AS (
    group_id          bigint,
    group_status      text,
    copy              text,
    leader_account_id bigint,
    leader_order_id   bigint,
    exchange          text,
    symbol            text,
    product           text,
    action            text,
    quantity          numeric,
    filled_quantity   numeric,
    base_quantity     numeric,
    order_type        text,
    price             numeric,
    trigger_price     numeric,
    average_price     numeric,
    status            text,
    is_copied         boolean,
    is_ended          boolean,
    taken_at          timestamptz
);
COMMENT ON TYPE mirror_private.taken_order IS 'An order of a leader as it stands, and what its group says of it';

CREATE FUNCTION mirror_private.taken(group_id bigint, leader_order_id bigint) RETURNS mirror_private.taken_order
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT g.id, g.status, g.copy, g.leader_account_id, l.leader_order_id, l.exchange, l.symbol, l.product, l.action,
           o.quantity, o.filled_quantity, l.base_quantity,
           CASE g.copy WHEN 'fills' THEN 'MARKET' ELSE o.order_type END,
           CASE g.copy WHEN 'orders' THEN o.price END, CASE g.copy WHEN 'orders' THEN o.trigger_price END,
           o.average_price, o.status, l.is_copied, l.is_ended, l.taken_at
    FROM mirror.leader_orders l JOIN mirror.copy_groups g ON g.id = l.group_id
    JOIN mirror.all_orders o ON o.id = l.leader_order_id
    WHERE l.group_id = taken.group_id AND l.leader_order_id = taken.leader_order_id
$$;
COMMENT ON FUNCTION mirror_private.taken(bigint, bigint) IS 'An order of a leader that has been taken in';

CREATE FUNCTION mirror_private.copies_of(leader_order_id bigint) RETURNS SETOF mirror.copied_order
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT a.follower_id, a.order_id, a.quantity, a.status, a.reason FROM (
        SELECT c.follower_id, o.id AS order_id, trim_scale(o.quantity) AS quantity,
               coalesce((SELECT r.status FROM mirror.order_requests r
                         WHERE o.status = 'queued' AND r.order_id = o.id AND r.status IN ('sending', 'unknown')),
                        o.status) AS status,
               coalesce((SELECT r.last_error FROM mirror.order_requests r
                         WHERE o.status = 'rejected' AND r.order_id = o.id AND r.action = 'new'),
                        c.reason) AS reason, c.id
        FROM mirror.copies c JOIN mirror.copied_orders o ON o.copy_id = c.id
        WHERE c.leader_order_id = copies_of.leader_order_id
        UNION ALL
        SELECT c.follower_id, NULL, trim_scale(CASE WHEN c.is_open THEN c.wanted - c.placed ELSE c.skipped END),
               CASE WHEN c.is_open THEN 'waiting' ELSE 'skipped' END, c.reason, c.id
        FROM mirror.copies c
        WHERE c.leader_order_id = copies_of.leader_order_id
          AND CASE WHEN c.is_open THEN c.wanted > c.placed
                   ELSE NOT EXISTS (SELECT FROM mirror.copied_orders o WHERE o.copy_id = c.id) END) a
    ORDER BY a.follower_id, a.order_id, a.id
$$;
COMMENT ON FUNCTION mirror_private.copies_of(bigint) IS 'What copy_order() answers of an order';

CREATE FUNCTION mirror_private.why_not(group_status text, follower_status text, closes boolean, account_id bigint,
                                       is_entry boolean) RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT CASE WHEN NOT EXISTS (SELECT FROM mirror.trading_accounts a WHERE a.id = account_id AND a.is_active)
                THEN 'the account is not active'
                WHEN follower_status = 'stopped' THEN 'the follower is stopped'
                WHEN NOT is_entry THEN NULL
                WHEN group_status <> 'active' THEN format('the group is %s', group_status)
                WHEN closes THEN 'the follower is being closed'
                WHEN follower_status <> 'active' THEN format('the follower is %s', follower_status) END
$$;
COMMENT ON FUNCTION mirror_private.why_not(text, text, boolean, bigint, boolean) IS
'Why nothing is ordered for a follower; NULL: it is';

-- Nobody is held up by one follower whose requests nobody sends.
CREATE FUNCTION mirror_private.has_room(account_id bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT count(*) < 1000 FROM (
        SELECT FROM mirror.order_requests r
        WHERE r.account_id = has_room.account_id AND r.status = 'waiting' LIMIT 1000) w
$$;
COMMENT ON FUNCTION mirror_private.has_room(bigint) IS
'Whether fewer than 1,000 requests of an account wait to be sent: what opens is skipped otherwise';

CREATE FUNCTION mirror_private.retune(copy_id bigint, order_type text, price numeric, trigger_price numeric)
RETURNS void
LANGUAGE sql SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT mirror_private.change_copied(o.id, o.quantity, retune.order_type, retune.price, retune.trigger_price)
    FROM (SELECT o.id, o.quantity FROM mirror.copied_orders o
          WHERE o.copy_id = retune.copy_id AND o.status IN ('queued', 'open') ORDER BY o.id) o
$$;
COMMENT ON FUNCTION mirror_private.retune(bigint, text, numeric, numeric) IS
'Gives the live orders of a copy the type and the prices that the leader''s order has now';

CREATE FUNCTION mirror_private.copy_taken(group_id bigint, leader_order_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    taken mirror_private.taken_order := mirror_private.taken(group_id, leader_order_id);
    follower record;
BEGIN
    IF taken.is_copied IS NOT TRUE THEN
        RETURN;
    END IF;
    FOR follower IN SELECT f.id, f.account_id, f.status, f.closes_at IS NOT NULL AS closes FROM mirror.followers f
                    WHERE f.group_id = group_id AND f.created_at <= taken.taken_at ORDER BY f.id LOOP
        PERFORM mirror_private.copy_exit(follower.id, taken, mirror_private.why_not(
            taken.group_status, follower.status, follower.closes, follower.account_id, false))
        WHERE taken.base_quantity > 0 AND (taken.filled_quantity > 0 OR NOT taken.is_ended OR EXISTS (
            SELECT FROM mirror.copies c WHERE c.follower_id = follower.id AND c.leader_order_id = leader_order_id));
        -- What is delivered cannot be sold before it is there: it opens nothing.
        PERFORM mirror_private.copy_entry(follower.id, taken, coalesce(mirror_private.why_not(
            taken.group_status, follower.status, follower.closes, follower.account_id, true),
            CASE WHEN NOT mirror_private.has_room(follower.account_id) THEN 'too many requests wait to be sent' END))
        WHERE taken.quantity > taken.base_quantity AND NOT (taken.product = 'CNC' AND taken.action = 'SELL');
    END LOOP;
    PERFORM mirror_private.follow_flat(taken);
END
$$;
COMMENT ON FUNCTION mirror_private.copy_taken(bigint, bigint) IS
'Copies an order of a leader that has been taken in to every follower who was there before';

-- A follower's entry that rests still would open what the leader has left.
CREATE FUNCTION mirror_private.follow_flat(taken mirror_private.taken_order) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM mirror.leader_positions p
               WHERE p.group_id = taken.group_id AND p.exchange = taken.exchange AND p.symbol = taken.symbol
                 AND p.product = taken.product AND p.quantity <> 0)
       OR EXISTS (SELECT FROM mirror.leader_orders l
                  WHERE l.group_id = taken.group_id AND l.exchange = taken.exchange AND l.symbol = taken.symbol
                    AND l.product = taken.product AND NOT l.is_ended) THEN
        RETURN;
    END IF;
    PERFORM mirror_private.cancel_copied(o.id)
    FROM (SELECT o.id FROM mirror.copied_orders o
          WHERE o.group_id = taken.group_id AND o.effect = 'entry' AND o.status IN ('queued', 'open')
            AND o.exchange = taken.exchange AND o.symbol = taken.symbol AND o.product = taken.product ORDER BY o.id) o;
END
$$;
COMMENT ON FUNCTION mirror_private.follow_flat(mirror_private.taken_order) IS
'Ends what followers have ordered to open and has not filled, once the leader holds nothing and has ordered nothing';

-- In the order in which they were placed: what an order is depends on those before it.
CREATE FUNCTION mirror_private.copy_up_to(group_id bigint, leader_order_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT integer := 1000;
    target record;
    missing bigint[];
    missed bigint;
BEGIN
    SELECT o.*, date_trunc('second', g.created_at) AS since INTO target
    FROM mirror.all_orders o JOIN mirror.copy_groups g ON g.id = group_id WHERE o.id = leader_order_id;
    missing := ARRAY(
        SELECT o.id FROM mirror.orders o
        WHERE o.account_id = target.account_id AND o.exchange = target.exchange AND o.symbol = target.symbol
          AND o.product IS NOT DISTINCT FROM target.product AND o.placed_at >= target.since
          AND (o.placed_at, o.id) <= (target.placed_at, target.id)
          AND NOT EXISTS (SELECT FROM mirror.leader_orders l
                          WHERE l.group_id = group_id AND l.leader_order_id = o.id)
        ORDER BY o.placed_at, o.id LIMIT most + 1);
    IF cardinality(missing) > most THEN
        PERFORM bourse.refuse('54000', format('more than %s orders before order %s are not copied yet', most,
                                              leader_order_id),
            format('Copy the earlier ones first: mirror.copy_order(%s).', missing[most]));
    END IF;
    FOREACH missed IN ARRAY missing LOOP
        PERFORM mirror_private.take_order(group_id, missed), mirror_private.copy_taken(group_id, missed);
    END LOOP;
    IF NOT leader_order_id = ANY (missing) THEN
        PERFORM mirror_private.note_leader_fills(group_id, target.exchange, target.symbol,
                                                 coalesce(target.product, '')),
                mirror_private.copy_taken(group_id, leader_order_id);
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.copy_up_to(bigint, bigint) IS
'Copies an order of a leader in one group, and before it those that were placed before it and are not copied yet';

CREATE FUNCTION mirror.copy_order(leader_order_id bigint) RETURNS SETOF mirror.copied_order
LANGUAGE plpgsql SUPPORT bourse_private.refuse_repeats SECURITY DEFINER
SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    leader bigint;
    of_group bigint;
BEGIN
    PERFORM identity_private.require_operator();
    PERFORM bourse_private.require_given('leader_order_id', leader_order_id);
    SELECT o.account_id INTO leader FROM mirror.all_orders o
    WHERE o.id = leader_order_id AND identity.acts_for(o.user_id);
    IF NOT FOUND THEN
        PERFORM bourse.refuse('42704', format('order %s does not exist', leader_order_id),
            'Give the id of an order in mirror.orders, not what its broker calls it.');
    END IF;
    FOR of_group IN SELECT g.id FROM mirror.copy_groups g WHERE g.leader_account_id = leader ORDER BY g.id LOOP
        CONTINUE WHEN NOT mirror_private.hold_group(of_group);
        PERFORM mirror_private.settle_group(of_group), mirror_private.copy_up_to(of_group, leader_order_id);
    END LOOP;
    RETURN QUERY SELECT * FROM mirror_private.copies_of(leader_order_id);
END
$$;
COMMENT ON FUNCTION mirror.copy_order(bigint) IS
'Copies an order of a leader to the followers of its account''s groups, or what has changed of it since: more, less, '
'other prices, its end. An exit has a follower close the same part of what it holds by copies, never more. The same '
'again does nothing. Returns every order that has come of it, and without order_id what was skipped, and why, or '
'waits. For workers: after each report in which an order has changed. 22004 NULL, 25001 isolation, 42501 the session '
'does not act for everybody, 42704 no such order, 54000 more than 1,000 orders before it are not copied yet';
GRANT EXECUTE ON FUNCTION mirror.copy_order(bigint) TO bourse_admin, bourse_gateway, bourse_worker;
