-- What becomes of copied orders: what brokers have reported of them, what may not rest any more, and exits that have
-- waited for it.

CREATE FUNCTION mirror_private.note_fill(order_id bigint, filled numeric, average_price numeric, quantity numeric,
                                         status text, is_over boolean, as_of timestamptz,
                                         reported_at timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    before record;
BEGIN
    SELECT o.* INTO before FROM mirror.copied_orders o WHERE o.id = order_id FOR UPDATE;
    -- Somebody may have changed it at the broker. A report from before our last request does not know of that.
    UPDATE mirror.copied_orders o
    SET filled_quantity = greatest(o.filled_quantity, filled), average_price = coalesce(average_price, o.average_price),
        quantity = CASE WHEN EXISTS (SELECT FROM mirror.order_requests r WHERE r.order_id = order_id
                                       AND coalesce(r.finished_at, 'infinity') >= as_of)
                        THEN o.quantity ELSE quantity END
    WHERE o.id = order_id;
    INSERT INTO mirror.follower_positions AS p (follower_id, user_id, exchange, symbol, product, held, filled_at)
    SELECT before.follower_id, before.user_id, before.exchange, before.symbol, before.product,
           mirror_private.signed(before.action, filled - before.filled_quantity), reported_at
    WHERE filled > before.filled_quantity
    ON CONFLICT ON CONSTRAINT follower_positions_pkey
    DO UPDATE SET held = p.held + excluded.held, filled_at = greatest(p.filled_at, excluded.filled_at);
    PERFORM mirror_private.end_order(order_id, CASE status WHEN 'EXECUTED' THEN 'filled' WHEN 'REJECTED' THEN 'rejected'
                                                           ELSE 'cancelled' END)
    WHERE is_over;
END
$$;
COMMENT ON FUNCTION mirror_private.note_fill(bigint, numeric, numeric, numeric, text, boolean, timestamptz,
                                             timestamptz) IS
'Notes what a broker says of a copied order, what has filled in what its follower holds. Nothing fills backwards';

CREATE FUNCTION mirror_private.note_fills(group_id bigint) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, mirror, pg_temp AS $$
    -- One that was taken as cancelled because it had vanished may come back for a day.
    SELECT mirror_private.note_fill(c.id, c.filled_quantity, c.average_price, c.quantity, c.status, c.is_over,
                                    c.as_of, c.updated_at)
    FROM (SELECT o.id, x.filled_quantity, x.average_price, x.quantity, x.status, x.as_of, x.updated_at,
                 e.is_over
          FROM mirror.copied_orders o
          JOIN mirror.all_orders x ON x.account_id = o.account_id AND x.order_id = o.broker_order_id
          CROSS JOIN LATERAL (SELECT mirror_private.is_over(x.status, x.vanished_at) AS is_over) e
          WHERE o.group_id = note_fills.group_id
            AND (o.status IN ('queued', 'open') AND (e.is_over OR x.quantity <> o.quantity
                                                     OR x.filled_quantity > o.filled_quantity)
                 OR o.status = 'cancelled' AND o.ended_at > clock_timestamp() - interval '1 day'
                    AND x.filled_quantity > o.filled_quantity)
          ORDER BY o.id) c
$$;
COMMENT ON FUNCTION mirror_private.note_fills(bigint) IS
'note_fill() of the orders of a group that brokers have changed';

-- A broker that shows tags shows that of every order: where it is in no newer and complete report, it was never sent.
CREATE FUNCTION mirror_private.look_for_tags(group_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    lost record;
    report record;
BEGIN
    FOR lost IN SELECT o.id, o.tag, o.account_id, r.lease_ends FROM mirror.copied_orders o
                JOIN mirror.order_requests r ON r.order_id = o.id AND r.status = 'unknown'
                WHERE o.group_id = group_id AND o.status = 'queued' ORDER BY o.id LOOP
        SELECT d.as_of, b.complete_as_of, jsonb_path_query_first(
                   d.content, 'strict $.** ? (@.tag == $tag).order_id', jsonb_build_object('tag', lost.tag), true)
                   #>> '{}' AS order_id
        INTO report FROM mirror.books b JOIN mirror.documents d ON d.account_id = b.account_id
        WHERE b.account_id = lost.account_id AND b.book = 'orders' AND d.book = 'orders' AND d.format = 'kite'
          AND d.complete
        ORDER BY d.id DESC LIMIT 1;
        -- What another order is called is not this one.
        CONTINUE WHEN NOT FOUND OR length(report.order_id) > 50 OR EXISTS (
            SELECT FROM mirror.copied_orders o
            WHERE o.account_id = lost.account_id AND o.broker_order_id = report.order_id);
        IF report.order_id IS NOT NULL OR report.complete_as_of > lost.lease_ends + interval '10 seconds' THEN
            PERFORM mirror_private.resolve(lost.id, report.order_id);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION mirror_private.look_for_tags(bigint) IS
'Looks in reports of brokers that show tags for orders of which nobody knows whether they were sent: found, they are '
'at the broker; missing from a complete report of 10 seconds later or more, they are sent again';

-- Of a follower who has gone everything ends; of one who is stopped, too. Where nothing opens any more what waits to is
-- withdrawn, and what rests stays only where a group is paused.
CREATE FUNCTION mirror_private.end_unwanted(group_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    unwanted record;
BEGIN
    FOR unwanted IN
        SELECT o.id, coalesce(f.status, 'stopped') <> 'active' OR f.closes_at IS NOT NULL
                         OR g.status = 'killed' AS is_cancelled
        FROM mirror.copied_orders o LEFT JOIN mirror.copy_groups g ON g.id = o.group_id
        LEFT JOIN mirror.followers f ON f.id = o.follower_id
        WHERE o.group_id = group_id AND o.status IN ('queued', 'open') AND NOT o.is_unwanted
          AND (coalesce(f.status, 'stopped') = 'stopped'
               OR o.effect = 'entry' AND (f.status <> 'active' OR f.closes_at IS NOT NULL OR g.status <> 'active'))
        ORDER BY o.id
    LOOP
        IF unwanted.is_cancelled THEN
            PERFORM mirror_private.cancel_copied(unwanted.id);
        ELSIF mirror_private.withdraw_requests(unwanted.id, 'new') THEN
            PERFORM mirror_private.end_order(unwanted.id, 'withdrawn');
        END IF;
    END LOOP;
    UPDATE mirror.copies c SET is_open = false
    WHERE c.group_id = group_id AND c.is_open
      AND (NOT EXISTS (SELECT FROM mirror.followers f WHERE f.id = c.follower_id AND f.status <> 'stopped')
           OR c.effect <> 'entry' AND c.wanted = c.placed AND NOT EXISTS (
               SELECT FROM mirror.leader_orders l WHERE l.group_id = group_id
                 AND l.leader_order_id = c.leader_order_id AND NOT l.is_ended));
    DELETE FROM mirror.follower_positions p USING mirror.copies c
    WHERE c.group_id = group_id AND p.follower_id = c.follower_id
      AND NOT EXISTS (SELECT FROM mirror.followers f WHERE f.id = p.follower_id)
      AND NOT EXISTS (SELECT FROM mirror.copied_orders o WHERE o.group_id = group_id
                        AND o.follower_id = p.follower_id AND o.status IN ('queued', 'open'));
END
$$;
COMMENT ON FUNCTION mirror_private.end_unwanted(bigint) IS
'Ends the orders of a group that may not open anything any more, as its status and those of its followers say';

-- A close takes the place of the exits that rest: they end, and what they would have closed is closed at the market.
CREATE FUNCTION mirror_private.start_close(follower_id bigint, exchange text, symbol text, product text,
                                           is_long boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    action text := CASE WHEN is_long THEN 'SELL' ELSE 'BUY' END;
    own record;
    started bigint;
BEGIN
    PERFORM mirror_private.cancel_copied(o.id)
    FROM (SELECT o.id FROM mirror.copied_orders o JOIN mirror.followers f ON f.id = o.follower_id
          WHERE o.group_id = f.group_id AND o.follower_id = follower_id AND o.exchange = exchange
            AND o.symbol = symbol AND o.product = product AND o.status IN ('queued', 'open') ORDER BY o.id) o;
    UPDATE mirror.copies c SET is_open = false
    FROM mirror.followers f
    WHERE f.id = follower_id AND c.group_id = f.group_id AND c.follower_id = follower_id AND c.is_open
      AND c.exchange = exchange AND c.symbol = symbol AND c.product = product;
    PERFORM mirror_private.note_by_hand(follower_id, exchange, symbol, product);
    SELECT * INTO own FROM mirror_private.held_quantities(follower_id, exchange, symbol, product, action);
    INSERT INTO mirror.copies (user_id, group_id, follower_id, account_id, effect, exchange, symbol, product, action,
                               own_quantity, wanted, is_open)
    SELECT f.user_id, f.group_id, f.id, f.account_id, 'close', exchange, symbol, product, action,
           own.held + own.arriving, own.held + own.arriving, own.held + own.arriving > 0
    FROM mirror.followers f WHERE f.id = follower_id RETURNING id INTO started;
    PERFORM mirror_private.place_exit(started, 'MARKET', NULL, NULL);
END
$$;
COMMENT ON FUNCTION mirror_private.start_close(bigint, text, text, text, boolean) IS
'Exits at the market what a follower holds of an instrument, and ends all else that it has ordered there';

CREATE FUNCTION mirror_private.start_closes(group_id bigint) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT mirror_private.start_close(c.follower_id, c.exchange, c.symbol, c.product, c.held > 0)
    FROM (SELECT p.follower_id, p.exchange, p.symbol, p.product,
                 CASE WHEN p.held <> 0 THEN p.held ELSE coalesce((
                     SELECT sum(mirror_private.signed(o.action, 1)) FROM mirror.copied_orders o
                     WHERE o.group_id = f.group_id AND o.follower_id = f.id AND o.exchange = p.exchange
                       AND o.symbol = p.symbol AND o.product = p.product AND o.status IN ('queued', 'open')
                       AND o.effect = 'entry'), 0) END AS held, f.closes_at
          FROM mirror.followers f CROSS JOIN LATERAL (
              SELECT p.follower_id, p.exchange, p.symbol, p.product, p.held FROM mirror.follower_positions p
              WHERE p.follower_id = f.id
              UNION
              SELECT o.follower_id, o.exchange, o.symbol, o.product, 0 FROM mirror.copied_orders o
              WHERE o.group_id = f.group_id AND o.follower_id = f.id AND o.status IN ('queued', 'open')
                AND NOT EXISTS (SELECT FROM mirror.follower_positions p
                                WHERE p.follower_id = f.id AND p.exchange = o.exchange AND p.symbol = o.symbol
                                  AND p.product = o.product)) p
          WHERE f.group_id = start_closes.group_id AND f.closes_at IS NOT NULL) c
    WHERE c.held <> 0 AND NOT EXISTS (
        SELECT FROM mirror.copies x
        WHERE x.group_id = start_closes.group_id AND x.follower_id = c.follower_id AND x.effect = 'close'
          AND x.exchange = c.exchange AND x.symbol = c.symbol AND x.product = c.product AND x.created_at >= c.closes_at)
$$;
COMMENT ON FUNCTION mirror_private.start_closes(bigint) IS
'Closes what followers of a group hold that are to be closed: once for each time that somebody has asked';

-- A follower whose user is just changing it is left to the next call.
CREATE FUNCTION mirror_private.finish_closes(group_id bigint) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, mirror, pg_temp AS $$
    UPDATE mirror.followers u SET closes_at = NULL
    FROM (SELECT f.id FROM mirror.followers f
          WHERE f.group_id = finish_closes.group_id AND f.closes_at IS NOT NULL
            AND NOT EXISTS (SELECT FROM mirror.follower_positions p WHERE p.follower_id = f.id AND p.held <> 0)
            AND NOT EXISTS (SELECT FROM mirror.copied_orders o WHERE o.group_id = f.group_id AND o.follower_id = f.id
                              AND o.status IN ('queued', 'open'))
          ORDER BY f.id FOR NO KEY UPDATE SKIP LOCKED) f
    WHERE u.id = f.id
$$;
COMMENT ON FUNCTION mirror_private.finish_closes(bigint) IS
'Notes of followers of a group that were to be closed that they are';

CREATE FUNCTION mirror_private.place_exits(group_id bigint) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, mirror, pg_temp AS $$
    -- At the market once the leader is out, at his terms while his own order rests.
    SELECT mirror_private.place_exit(c.id, coalesce(c.order_type, 'MARKET'), c.price, c.trigger_price)
    FROM (SELECT c.id, o.order_type, o.price, o.trigger_price
          FROM mirror.copies c
          LEFT JOIN mirror.leader_orders l
              ON l.group_id = c.group_id AND l.leader_order_id = c.leader_order_id AND NOT l.is_ended
          LEFT JOIN mirror.copy_groups g ON g.id = l.group_id AND g.copy = 'orders'
          LEFT JOIN mirror.orders o ON o.id = l.leader_order_id AND g.id IS NOT NULL
          WHERE c.group_id = place_exits.group_id AND c.is_open AND c.effect <> 'entry' AND c.wanted > c.placed
          ORDER BY c.id) c
$$;
COMMENT ON FUNCTION mirror_private.place_exits(bigint) IS
'Orders what exits of a group have waited for';

CREATE FUNCTION mirror_private.settle_group(group_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    PERFORM mirror_private.look_for_tags(group_id);
    PERFORM mirror_private.note_fills(group_id);
    PERFORM mirror_private.end_unwanted(group_id);
    PERFORM mirror_private.start_closes(group_id);
    PERFORM mirror_private.place_exits(group_id);
    PERFORM mirror_private.finish_closes(group_id);
    PERFORM mirror_private.note_ended(group_id);
END
$$;
COMMENT ON FUNCTION mirror_private.settle_group(bigint) IS
'Does for a group that is held what settle_copies() does. One that has gone has orders to end, too';

CREATE FUNCTION mirror_private.next_to_settle(behind bigint) RETURNS bigint
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT min(w.group_id) FROM (
        (SELECT o.group_id FROM mirror.copied_orders o
         WHERE o.group_id > behind AND o.status IN ('queued', 'open') ORDER BY o.group_id LIMIT 1)
        UNION ALL
        (SELECT c.group_id FROM mirror.copies c
         WHERE c.group_id > behind AND c.ended_at IS NULL ORDER BY c.group_id LIMIT 1)
        UNION ALL
        (SELECT f.group_id FROM mirror.followers f
         WHERE f.group_id > behind AND f.closes_at IS NOT NULL ORDER BY f.group_id LIMIT 1)) w
$$;
COMMENT ON FUNCTION mirror_private.next_to_settle(bigint) IS
'The next group, by id, of which something is under way; NULL: none is left';

CREATE FUNCTION mirror_private.hold_and_settle(group_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM mirror_private.settle_group(group_id)
    WHERE mirror_private.hold_group(group_id)
       OR NOT EXISTS (SELECT FROM mirror.copy_groups g WHERE g.id = group_id);
END
$$;
COMMENT ON FUNCTION mirror_private.hold_and_settle(bigint) IS
'settle_group() of a group that this session holds from now on, or that has gone; one that its user is just deleting '
'is left to him';

CREATE FUNCTION mirror.settle_copies(group_id bigint DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    settled bigint := 0;
    of_group bigint := 0;
BEGIN
    PERFORM identity_private.require_operator();
    IF group_id IS NOT NULL THEN
        PERFORM mirror_private.require_group(group_id), mirror_private.hold_and_settle(group_id);
        RETURN 1;
    END IF;
    LOOP
        of_group := mirror_private.next_to_settle(of_group);
        EXIT WHEN of_group IS NULL;
        PERFORM mirror_private.hold_and_settle(of_group);
        settled := settled + 1;
    END LOOP;
    RETURN settled;
END
$$;
COMMENT ON FUNCTION mirror.settle_copies(bigint) IS
'Notes what brokers have reported of copied orders, in one group or in all: fills, ends, orders found by their tag; '
'ends what may open nothing any more, closes followers that are to be closed, and orders the exits that have waited '
'for an entry to fill. For workers, after each report; the ticker of the platform does it as well. The same again does '
'nothing. Returns how many groups it has looked at. 25001 isolation, 42501 the session does not act for everybody, '
'42704 no such group';
GRANT EXECUTE ON FUNCTION mirror.settle_copies(bigint) TO bourse_admin, bourse_gateway, bourse_worker;
