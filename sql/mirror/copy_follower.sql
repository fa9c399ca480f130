-- What an order of a leader comes to for one follower: what it opens, and what it closes.

CREATE FUNCTION mirror_private.entry_quantity(follower_id bigint, taken mirror_private.taken_order, opens numeric,
                                              OUT quantity numeric, OUT skipped numeric, OUT reason text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    follower record;
    terms record;
    share record;
    price numeric := coalesce(taken.price, taken.trigger_price, taken.average_price, (
        SELECT p.current_price FROM mirror.positions p
        WHERE p.exchange = taken.exchange AND p.symbol = taken.symbol AND p.closed_at IS NULL
        ORDER BY p.priced_at DESC NULLS LAST LIMIT 1));
BEGIN
    SELECT f.max_quantity, f.below_minimum INTO follower FROM mirror.followers f WHERE f.id = follower_id;
    SELECT * INTO terms FROM mirror_private.terms_of(taken.exchange, taken.symbol);
    SELECT * INTO share FROM mirror_private.copied_share(
        follower_id, taken.leader_account_id, taken.exchange, taken.symbol, opens,
        taken.quantity - least(taken.quantity, taken.base_quantity), clock_timestamp());
    IF share.reason IS NOT NULL THEN
        quantity := 0;
        skipped := 0;
        reason := share.reason;
        RETURN;
    END IF;
    SELECT * INTO quantity, skipped, reason FROM mirror_private.copied_quantity(
        share.share, terms.lot_size, terms.min_notional, price * terms.multiplier, follower.max_quantity,
        follower.below_minimum);
    -- So many slices as one order may come to.
    IF quantity > 100 * coalesce(mirror_private.round_to_lot(terms.freeze_quantity, terms.lot_size), quantity) THEN
        skipped := quantity;
        quantity := 0;
        reason := 'it would take more than 100 orders';
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.entry_quantity(bigint, mirror_private.taken_order, numeric) IS
'How much a follower orders of what an order of the leader opens';

CREATE FUNCTION mirror_private.start_copy(taken mirror_private.taken_order, of_follower bigint, effect text,
                                          own_quantity numeric) RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, mirror, pg_temp AS $$
    INSERT INTO mirror.copies (user_id, group_id, follower_id, account_id, leader_order_id, effect, exchange, symbol,
                               product, action, own_quantity)
    SELECT f.user_id, f.group_id, f.id, f.account_id, taken.leader_order_id, start_copy.effect, taken.exchange,
           taken.symbol, taken.product, taken.action, start_copy.own_quantity
    FROM mirror.followers f WHERE f.id = of_follower
    RETURNING id
$$;
COMMENT ON FUNCTION mirror_private.start_copy(mirror_private.taken_order, bigint, text, numeric) IS
'Begins the copy of an order of a leader for a follower, of which nothing is wanted yet';

-- What an exit waits for is held or on its way before anything new is opened: that is not for it.
CREATE FUNCTION mirror_private.trim_exits(of_follower bigint, taken mirror_private.taken_order) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, mirror, pg_temp AS $$
    UPDATE mirror.copies c SET wanted = c.placed + greatest(least(w.waits, w.there - w.earlier), 0)
    FROM (SELECT e.id, e.wanted - e.placed AS waits, own.held + own.arriving AS there,
                 coalesce(sum(e.wanted - e.placed) OVER (
                     PARTITION BY e.action ORDER BY e.id ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
                 0) AS earlier
          FROM mirror.copies e
          CROSS JOIN LATERAL mirror_private.held_quantities(of_follower, e.exchange, e.symbol, e.product, e.action) own
          WHERE e.group_id = taken.group_id AND e.follower_id = of_follower AND e.is_open AND e.effect <> 'entry'
            AND e.exchange = taken.exchange AND e.symbol = taken.symbol AND e.product = taken.product
            AND NOT EXISTS (SELECT FROM mirror.leader_orders l WHERE l.group_id = e.group_id
                              AND l.leader_order_id = e.leader_order_id AND NOT l.is_ended)) w
    WHERE c.id = w.id AND w.waits > w.there - w.earlier
$$;
COMMENT ON FUNCTION mirror_private.trim_exits(bigint, mirror_private.taken_order) IS
'Has exits of a follower whose leader is through with them wait for no more than it holds, or has ordered to open';

CREATE FUNCTION mirror_private.copy_entry(follower_id bigint, taken mirror_private.taken_order, why_not text)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    copy record;
    size record;
    opens numeric := CASE WHEN taken.copy = 'fills' OR taken.is_ended THEN taken.filled_quantity ELSE taken.quantity END
                     - least(taken.quantity, taken.base_quantity);
    is_over boolean := taken.is_ended AND taken.status <> 'EXECUTED';
    is_barred boolean;
BEGIN
    SELECT c.id, c.is_open, c.placed INTO copy FROM mirror.copies c
    WHERE c.follower_id = follower_id AND c.leader_order_id = taken.leader_order_id AND c.effect = 'entry';
    IF copy.id IS NULL AND opens <= 0 OR NOT copy.is_open THEN
        RETURN;
    ELSIF copy.id IS NULL THEN
        PERFORM mirror_private.trim_exits(follower_id, taken);
        copy.id := mirror_private.start_copy(taken, follower_id, 'entry', 0);
        copy.placed := 0;
    ELSIF is_over AND taken.copy = 'orders' THEN
        -- What it has filled is filled; the follower's own order ends with the leader's.
        PERFORM mirror_private.take_back(copy.id, copy.placed);
        UPDATE mirror.copies c SET is_open = false, wanted = c.placed WHERE c.id = copy.id;
        RETURN;
    END IF;
    SELECT * INTO size FROM mirror_private.entry_quantity(follower_id, taken, greatest(opens, 0));
    IF size.quantity > copy.placed AND why_not IS NULL
       AND NOT mirror_private.take_position_room((SELECT f.account_id FROM mirror.followers f WHERE f.id = follower_id),
                                                 taken.exchange, taken.symbol, taken.product) THEN
        why_not := 'the deployments of the account have no room';
    END IF;
    is_barred := size.quantity > copy.placed AND why_not IS NOT NULL;
    IF is_barred THEN
        size.skipped := size.skipped + size.quantity - copy.placed;
        size.quantity := copy.placed;
        size.reason := why_not;
    END IF;
    UPDATE mirror.copies c
    SET wanted = size.quantity, skipped = size.skipped, reason = size.reason, updated_at = clock_timestamp(),
        -- What a pause has skipped stays skipped.
        is_open = NOT taken.is_ended AND NOT is_barred
    WHERE c.id = copy.id;
    IF size.quantity > copy.placed THEN
        PERFORM mirror_private.place(copy.id, size.quantity - copy.placed, taken.order_type, taken.price,
                                     taken.trigger_price);
    ELSIF size.quantity < copy.placed THEN
        PERFORM mirror_private.take_back(copy.id, copy.placed - size.quantity);
    END IF;
    PERFORM mirror_private.retune(copy.id, taken.order_type, taken.price, taken.trigger_price)
    WHERE copy.placed > 0 AND taken.copy = 'orders';
END
$$;
COMMENT ON FUNCTION mirror_private.copy_entry(bigint, mirror_private.taken_order, text) IS
'Copies what an order of the leader opens: the first time, and as it changes';

CREATE FUNCTION mirror_private.exit_quantity(taken mirror_private.taken_order, own_quantity numeric, lot_size numeric,
                                             OUT quantity numeric, OUT skipped numeric, OUT reason text)
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    closes numeric := least(taken.base_quantity,
        CASE WHEN taken.copy = 'fills' OR taken.is_ended THEN taken.filled_quantity ELSE taken.quantity END);
    share numeric := own_quantity;
BEGIN
    IF closes < taken.base_quantity THEN
        share := own_quantity * closes / taken.base_quantity;
    END IF;
    quantity := mirror_private.round_to_lot(share, lot_size);
    skipped := trunc(share - quantity, 8);
    reason := CASE WHEN quantity = 0 AND share > 0
                   THEN format('%s is less than a lot of %s', trim_scale(round(share, 8)), trim_scale(lot_size)) END;
END
$$;
COMMENT ON FUNCTION mirror_private.exit_quantity(mirror_private.taken_order, numeric, numeric) IS
'How much of what a follower holds an order of the leader closes: the same part of it as of what the leader held';

-- The leader holds that no more, and the follower does still.
CREATE FUNCTION mirror_private.late_exits(of_follower bigint, taken mirror_private.taken_order) RETURNS numeric
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT coalesce(sum(greatest(0, x.wanted * least(l.filled_quantity, x.closes) / x.closes - x.filled)), 0)
    FROM (SELECT c.leader_order_id, c.wanted, least(l.quantity, l.base_quantity) AS closes,
                 coalesce(sum(o.filled_quantity), 0) AS filled
          FROM mirror.copies c
          JOIN mirror.leader_orders l ON l.group_id = c.group_id AND l.leader_order_id = c.leader_order_id
          LEFT JOIN mirror.copied_orders o ON o.copy_id = c.id
          WHERE c.group_id = taken.group_id AND c.follower_id = of_follower AND c.effect = 'exit' AND c.wanted > 0
            AND c.exchange = taken.exchange AND c.symbol = taken.symbol AND c.product = taken.product
            AND c.action = taken.action
            AND (c.is_open OR EXISTS (SELECT FROM mirror.copied_orders e
                                      WHERE e.copy_id = c.id AND e.status IN ('queued', 'open')))
          GROUP BY c.id, l.quantity, l.base_quantity) x
    JOIN mirror.leader_orders l ON l.group_id = taken.group_id AND l.leader_order_id = x.leader_order_id
$$;
COMMENT ON FUNCTION mirror_private.late_exits(bigint, mirror_private.taken_order) IS
'How much of what a follower holds is to be closed by exits that have filled for the leader and not for it';

CREATE FUNCTION mirror_private.copy_exit(follower_id bigint, taken mirror_private.taken_order, why_not text)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    copy record;
    own record;
    size record;
BEGIN
    SELECT c.id, c.is_open, c.placed, c.own_quantity INTO copy FROM mirror.copies c
    WHERE c.follower_id = follower_id AND c.leader_order_id = taken.leader_order_id AND c.effect = 'exit';
    IF copy.id IS NULL THEN
        PERFORM mirror_private.note_by_hand(follower_id, taken.exchange, taken.symbol, taken.product);
        SELECT * INTO own FROM mirror_private.held_quantities(follower_id, taken.exchange, taken.symbol, taken.product,
                                                             taken.action);
        -- The last exit is of all that there is.
        copy.own_quantity := own.held + own.arriving
            - CASE WHEN taken.quantity < taken.base_quantity
                   THEN least(mirror_private.late_exits(follower_id, taken), own.held + own.arriving) ELSE 0 END;
        copy.placed := 0;
        copy.id := mirror_private.start_copy(taken, follower_id, 'exit', copy.own_quantity);
    ELSIF NOT copy.is_open THEN
        RETURN;
    END IF;
    IF taken.is_ended AND taken.status <> 'EXECUTED' AND taken.copy = 'orders' AND copy.placed > 0 THEN
        PERFORM mirror_private.take_back(copy.id, copy.placed);
        UPDATE mirror.copies c SET is_open = false, wanted = c.placed WHERE c.id = copy.id;
        RETURN;
    END IF;
    SELECT q.quantity, q.skipped, coalesce(why_not, q.reason) AS reason INTO size
    FROM mirror_private.terms_of(taken.exchange, taken.symbol) t,
         mirror_private.exit_quantity(taken, copy.own_quantity, t.lot_size) q;
    IF why_not IS NOT NULL THEN
        size.skipped := size.skipped + greatest(size.quantity - copy.placed, 0);
        size.quantity := least(size.quantity, copy.placed);
    END IF;
    UPDATE mirror.copies c
    SET wanted = size.quantity, skipped = size.skipped, reason = size.reason, updated_at = clock_timestamp(),
        is_open = why_not IS NULL AND (size.quantity > 0 OR NOT taken.is_ended)
    WHERE c.id = copy.id;
    PERFORM mirror_private.take_back(copy.id, copy.placed - size.quantity) WHERE size.quantity < copy.placed;
    PERFORM mirror_private.retune(copy.id, taken.order_type, taken.price, taken.trigger_price)
    WHERE copy.placed > 0 AND taken.copy = 'orders';
    PERFORM mirror_private.place_exit(copy.id, taken.order_type, taken.price, taken.trigger_price)
    WHERE why_not IS NULL;
END
$$;
COMMENT ON FUNCTION mirror_private.copy_exit(bigint, mirror_private.taken_order, text) IS
'Copies what an order of the leader closes: the first time, and as it changes. A follower never closes more than it '
'holds by copies';
