-- Orders of followers as copying makes, changes and ends them. Whoever calls these holds the group.

CREATE FUNCTION mirror_private.held_quantities(follower_id bigint, exchange text, symbol text, product text,
                                               action text, OUT held numeric, OUT arriving numeric,
                                               OUT leaving numeric)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    held := greatest(0, -mirror_private.signed(action, coalesce((
        SELECT p.held FROM mirror.follower_positions p
        WHERE p.follower_id = follower_id AND p.exchange = exchange AND p.symbol = symbol AND p.product = product
        ), 0)));
    SELECT coalesce(sum(o.quantity - o.filled_quantity) FILTER (WHERE o.effect = 'entry' AND o.action <> action), 0),
           coalesce(sum(o.quantity - o.filled_quantity) FILTER (WHERE o.effect <> 'entry' AND o.action = action), 0)
    INTO arriving, leaving
    FROM mirror.copied_orders o JOIN mirror.followers f ON f.id = follower_id AND f.group_id = o.group_id
    WHERE o.follower_id = follower_id AND o.exchange = exchange AND o.symbol = symbol AND o.product = product
      AND o.status IN ('queued', 'open') AND o.quantity > o.filled_quantity;
END
$$;
COMMENT ON FUNCTION mirror_private.held_quantities(bigint, text, text, text, text) IS
'What a follower holds by copies that an order of this action would close, what of it is ordered and has not filled '
'yet, and how much orders that close it have still to fill';

-- Positions that were told before the last fill was seen do not know of it, nor what orders are just doing. What other
-- followers of the account hold is theirs.
CREATE FUNCTION mirror_private.note_by_hand(follower_id bigint, exchange text, symbol text, product text)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    book record;
    told numeric;
    others numeric;
BEGIN
    SELECT p.held, p.filled_at, f.account_id, b.complete_as_of >= p.filled_at AS is_complete INTO book
    FROM mirror.follower_positions p JOIN mirror.followers f ON f.id = p.follower_id
    LEFT JOIN mirror.books b ON b.account_id = f.account_id AND b.book = 'positions'
    WHERE p.follower_id = follower_id AND p.exchange = exchange AND p.symbol = symbol AND p.product = product
      AND p.held <> 0;
    IF NOT FOUND OR EXISTS (SELECT FROM mirror.copied_orders o JOIN mirror.followers f ON f.group_id = o.group_id
                            WHERE f.account_id = book.account_id AND o.follower_id = f.id AND o.exchange = exchange
                              AND o.symbol = symbol AND o.product = product AND o.status IN ('queued', 'open')) THEN
        RETURN;
    END IF;
    SELECT p.quantity INTO told FROM mirror.positions p
    WHERE p.account_id = book.account_id AND p.exchange = exchange AND p.symbol = symbol
      AND coalesce(p.product, '') = product AND greatest(p.as_of, CASE WHEN book.is_complete THEN book.filled_at END)
          >= book.filled_at;
    IF NOT FOUND THEN
        IF NOT coalesce(book.is_complete, false) THEN
            RETURN;
        END IF;
        told := 0;
    END IF;
    SELECT coalesce(sum(p.held), 0) INTO others
    FROM mirror.followers f JOIN mirror.follower_positions p ON p.follower_id = f.id
    WHERE f.account_id = book.account_id AND f.id <> follower_id AND p.exchange = exchange AND p.symbol = symbol
      AND p.product = product AND sign(p.held) = sign(book.held);
    told := least(abs(book.held), greatest((told - others) * sign(book.held), 0)) * sign(book.held);
    UPDATE mirror.follower_positions p SET held = told, by_hand = p.by_hand + p.held - told
    WHERE p.follower_id = follower_id AND p.exchange = exchange AND p.symbol = symbol AND p.product = product
      AND p.held <> told;
END
$$;
COMMENT ON FUNCTION mirror_private.note_by_hand(bigint, text, text, text) IS
'Takes off what a follower holds what its account does not have any more, as a newer report of its positions says, '
'where none of its orders is under way: somebody has closed it by hand';

CREATE FUNCTION mirror_private.request(order_id bigint, action text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, mirror, pg_temp AS $$
    INSERT INTO mirror.order_requests (user_id, order_id, account_id, action, priority)
    SELECT o.user_id, o.id, o.account_id, request.action,
           CASE WHEN request.action = 'cancel' THEN 0
                WHEN request.action = 'new' AND o.effect = 'entry' THEN 2 ELSE 1 END
    FROM mirror.copied_orders o WHERE o.id = request.order_id
$$;
COMMENT ON FUNCTION mirror_private.request(bigint, text) IS
'Puts a request of an order into the outbox, behind its others';

CREATE FUNCTION mirror_private.withdraw_requests(order_id bigint, of_action text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    -- Waits for a sender who is just claiming it: then it does not wait any more.
    UPDATE mirror.order_requests r SET status = 'withdrawn', finished_at = clock_timestamp()
    WHERE r.order_id = order_id AND r.status = 'waiting' AND (of_action IS NULL OR r.action = of_action);
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION mirror_private.withdraw_requests(bigint, text) IS
'Withdraws the requests of an order that wait, all or those of one action. Returns whether there were any';

CREATE FUNCTION mirror_private.place(copy_id bigint, quantity numeric, order_type text, price numeric,
                                     trigger_price numeric) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    copy record;
    slice numeric;
    placed bigint;
BEGIN
    SELECT c.* INTO copy FROM mirror.copies c WHERE c.id = copy_id;
    FOR slice IN SELECT s FROM mirror.slice_quantity(copy.exchange, copy.symbol, quantity) s LOOP
        INSERT INTO mirror.copied_orders (user_id, copy_id, group_id, follower_id, account_id, effect, exchange, symbol,
                                          product, action, order_type, price, trigger_price, quantity)
        VALUES (copy.user_id, copy_id, copy.group_id, copy.follower_id, copy.account_id, copy.effect, copy.exchange,
                copy.symbol, copy.product, copy.action, order_type, price, trigger_price, slice)
        RETURNING id INTO placed;
        PERFORM mirror_private.request(placed, 'new');
    END LOOP;
    UPDATE mirror.copies c SET placed = c.placed + quantity, updated_at = clock_timestamp() WHERE c.id = copy_id;
END
$$;
COMMENT ON FUNCTION mirror_private.place(bigint, numeric, text, numeric, numeric) IS
'Orders so much more for a copy, in slices that the exchange takes, each with a request in the outbox';

CREATE FUNCTION mirror_private.end_order(order_id bigint, status text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    UPDATE mirror.copied_orders o SET status = status, ended_at = clock_timestamp()
    WHERE o.id = order_id AND o.status IN ('queued', 'open');
    PERFORM mirror_private.withdraw_requests(order_id);
END
$$;
COMMENT ON FUNCTION mirror_private.end_order(bigint, text) IS 'Ends an order, and withdraws what waits of it';

CREATE FUNCTION mirror_private.cancel_copied(order_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    copied record;
BEGIN
    SELECT o.status, o.is_unwanted INTO copied FROM mirror.copied_orders o WHERE o.id = order_id FOR UPDATE;
    IF copied.status NOT IN ('queued', 'open') OR copied.is_unwanted THEN
        RETURN;
    END IF;
    IF mirror_private.withdraw_requests(order_id, 'new') THEN
        PERFORM mirror_private.end_order(order_id, 'withdrawn');
        RETURN;
    END IF;
    UPDATE mirror.copied_orders o SET is_unwanted = true WHERE o.id = order_id;
    PERFORM mirror_private.withdraw_requests(order_id), mirror_private.request(order_id, 'cancel');
END
$$;
COMMENT ON FUNCTION mirror_private.cancel_copied(bigint) IS
'Has an order end: one that nobody has been given to send is withdrawn, of another the cancel is asked for, once';

CREATE FUNCTION mirror_private.change_copied(order_id bigint, quantity numeric, order_type text, price numeric,
                                             trigger_price numeric) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    copied record;
BEGIN
    SELECT o.status, o.is_unwanted, (o.quantity, o.order_type, o.price, o.trigger_price)
               IS NOT DISTINCT FROM (quantity, order_type, price, trigger_price) AS is_same
    INTO copied FROM mirror.copied_orders o WHERE o.id = order_id FOR UPDATE;
    IF copied.status NOT IN ('queued', 'open') OR copied.is_unwanted OR copied.is_same THEN
        RETURN;
    END IF;
    -- Whoever claims a request that waits is told what the order says then; he is kept from it while that is changed.
    PERFORM FROM mirror.order_requests r
    WHERE r.order_id = order_id AND r.status = 'waiting' AND r.action <> 'cancel' FOR UPDATE;
    PERFORM mirror_private.request(order_id, 'modify') WHERE NOT FOUND;
    UPDATE mirror.copied_orders o
    SET quantity = quantity, order_type = order_type, price = price, trigger_price = trigger_price
    WHERE o.id = order_id;
END
$$;
COMMENT ON FUNCTION mirror_private.change_copied(bigint, numeric, text, numeric, numeric) IS
'Gives an order other terms: a request that waits is sent with them, otherwise a change is asked for';

-- The last slices go first: what was sent first is in front of others at its price.
CREATE FUNCTION mirror_private.take_back(copy_id bigint, quantity numeric) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    copied record;
    rest numeric := quantity;
    cut numeric;
BEGIN
    FOR copied IN SELECT o.* FROM mirror.copied_orders o
                  WHERE o.copy_id = copy_id AND o.status IN ('queued', 'open') AND NOT o.is_unwanted
                    AND o.quantity > o.filled_quantity
                  ORDER BY o.id DESC LOOP
        EXIT WHEN rest <= 0;
        cut := least(rest, copied.quantity - copied.filled_quantity);
        IF cut = copied.quantity - copied.filled_quantity THEN
            PERFORM mirror_private.cancel_copied(copied.id);
        ELSE
            PERFORM mirror_private.change_copied(copied.id, copied.quantity - cut, copied.order_type, copied.price,
                                                 copied.trigger_price);
        END IF;
        rest := rest - cut;
    END LOOP;
    UPDATE mirror.copies c SET placed = c.placed - (quantity - rest), updated_at = clock_timestamp()
    WHERE c.id = copy_id AND quantity <> rest;
END
$$;
COMMENT ON FUNCTION mirror_private.take_back(bigint, numeric) IS
'Orders so much less for a copy, as far as it has not filled';

CREATE FUNCTION mirror_private.place_exit(copy_id bigint, order_type text, price numeric, trigger_price numeric)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    copy record;
    own record;
    room numeric;
BEGIN
    SELECT c.*, t.lot_size INTO copy FROM mirror.copies c
    CROSS JOIN LATERAL mirror_private.terms_of(c.exchange, c.symbol) t WHERE c.id = copy_id;
    SELECT * INTO own FROM mirror_private.held_quantities(copy.follower_id, copy.exchange, copy.symbol, copy.product,
                                                         copy.action);
    room := mirror_private.round_to_lot(least(copy.wanted - copy.placed, greatest(own.held - own.leaving, 0)),
                                        copy.lot_size);
    PERFORM mirror_private.place(copy_id, room, order_type, price, trigger_price) WHERE room > 0;
    -- Nothing is left, or on its way, that it could close.
    UPDATE mirror.copies c
    SET is_open = false, reason = coalesce(c.reason, CASE WHEN c.placed = 0 THEN 'there is nothing to exit' END)
    WHERE c.id = copy_id AND own.held + own.arriving = 0;
END
$$;
COMMENT ON FUNCTION mirror_private.place_exit(bigint, text, numeric, numeric) IS
'Orders of an exit what the follower holds now and no other exit is about to close; the rest waits until more of its '
'entries has filled, or another exit has gone';
