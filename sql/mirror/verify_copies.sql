-- What must be so of copies, whatever has happened.

CREATE FUNCTION mirror_private.verify_held()
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    WITH filled AS (
        SELECT o.follower_id, o.exchange, o.symbol, o.product,
               sum(mirror_private.signed(o.action, o.filled_quantity)) AS quantity
        FROM mirror.copied_orders o WHERE o.filled_quantity > 0
        GROUP BY o.follower_id, o.exchange, o.symbol, o.product
    )
    SELECT 'held_is_what_has_filled', format('follower %s, %s %s %s', f.id, c.exchange, c.symbol, c.product),
           trim_scale(coalesce(o.quantity, 0) + coalesce(p.earlier, 0))::text,
           trim_scale(coalesce(p.held + p.by_hand, 0))::text
    FROM mirror.followers f
    CROSS JOIN LATERAL (
        SELECT o.exchange, o.symbol, o.product FROM filled o WHERE o.follower_id = f.id
        UNION SELECT p.exchange, p.symbol, p.product FROM mirror.follower_positions p WHERE p.follower_id = f.id) c
    LEFT JOIN filled o ON o.follower_id = f.id AND (o.exchange, o.symbol, o.product) = (c.exchange, c.symbol, c.product)
    LEFT JOIN mirror.follower_positions p
        ON p.follower_id = f.id AND (p.exchange, p.symbol, p.product) = (c.exchange, c.symbol, c.product)
    WHERE coalesce(o.quantity, 0) + coalesce(p.earlier, 0) <> coalesce(p.held + p.by_hand, 0)
    UNION ALL
    SELECT 'exits_close_what_is_held',
           format('follower %s, %s %s %s', e.follower_id, e.exchange, e.symbol, e.product),
           format('up to %s', trim_scale(greatest(h.held, 0))), trim_scale(e.leaving)::text
    FROM (SELECT o.follower_id, o.exchange, o.symbol, o.product, o.action,
                 sum(o.quantity - o.filled_quantity) AS leaving
          FROM mirror.copied_orders o WHERE o.status IN ('queued', 'open') AND o.effect <> 'entry'
          GROUP BY o.follower_id, o.exchange, o.symbol, o.product, o.action) e
    CROSS JOIN LATERAL (
        SELECT -mirror_private.signed(e.action, coalesce(sum(p.held), 0)) AS held FROM mirror.follower_positions p
        WHERE p.follower_id = e.follower_id AND p.exchange = e.exchange AND p.symbol = e.symbol
          AND p.product = e.product) h
    WHERE e.leaving > greatest(h.held, 0)
      -- An order that turns a position round opens with what it does not close.
      AND NOT EXISTS (SELECT FROM mirror.copied_orders t
                      WHERE t.follower_id = e.follower_id AND t.exchange = e.exchange AND t.symbol = e.symbol
                        AND t.product = e.product AND t.action = e.action AND t.effect = 'entry')
$$;
COMMENT ON FUNCTION mirror_private.verify_held() IS
'What verify() says of what followers hold, and of the exits that are under way';

CREATE FUNCTION mirror_private.verify_requests()
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT 'one_sender_of_an_account', 'account ' || r.account_id, 'one lease', count(DISTINCT r.lease) || ' leases'
    FROM mirror.order_requests r WHERE r.status = 'sending'
    GROUP BY r.account_id HAVING count(DISTINCT r.lease) > 1
    UNION ALL
    SELECT 'requests_go_one_after_the_other', 'order ' || r.order_id, format('request %s before %s', r.id, l.id),
           format('%s and %s', r.status, l.status)
    FROM mirror.order_requests r JOIN mirror.order_requests l ON l.order_id = r.order_id AND l.id > r.id
    WHERE r.status IN ('waiting', 'sending', 'unknown') AND l.status IN ('sending', 'done', 'failed')
    UNION ALL
    SELECT 'queued_order_is_to_be_sent', 'order ' || o.id, 'a request that is not done', 'none'
    FROM mirror.copied_orders o
    WHERE o.status = 'queued' AND NOT EXISTS (
        SELECT FROM mirror.order_requests r WHERE r.order_id = o.id AND r.action = 'new'
          AND r.status IN ('waiting', 'sending', 'unknown'))
    UNION ALL
    SELECT 'ended_order_is_not_sent', 'order ' || o.id, 'no request that waits', 'request ' || r.id
    FROM mirror.copied_orders o JOIN mirror.order_requests r ON r.order_id = o.id AND r.status = 'waiting'
    WHERE o.status NOT IN ('queued', 'open')
$$;
COMMENT ON FUNCTION mirror_private.verify_requests() IS 'What verify() says of the outbox';

CREATE FUNCTION mirror_private.verify_followers()
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT 'an_account_leads_or_follows', 'account ' || f.account_id, 'one of them', 'group ' || g.id
    FROM mirror.followers f JOIN mirror.copy_groups g ON g.leader_account_id = f.account_id
    UNION ALL
    SELECT 'copy_is_its_followers', 'copy ' || c.id, format('user %s, account %s', f.user_id, f.account_id),
           format('user %s, account %s', c.user_id, c.account_id)
    FROM mirror.copies c JOIN mirror.followers f ON f.id = c.follower_id
    WHERE (c.user_id, c.account_id, c.group_id) <> (f.user_id, f.account_id, f.group_id)
    UNION ALL
    SELECT 'order_is_its_copys', 'order ' || o.id, format('user %s, follower %s, account %s', c.user_id, c.follower_id,
                                                          c.account_id),
           format('user %s, follower %s, account %s', o.user_id, o.follower_id, o.account_id)
    FROM mirror.copied_orders o JOIN mirror.copies c ON c.id = o.copy_id
    WHERE (o.user_id, o.follower_id, o.account_id, o.action) <> (c.user_id, c.follower_id, c.account_id, c.action)
    UNION ALL
    SELECT 'request_is_its_orders', 'request ' || r.id, format('user %s, account %s', o.user_id, o.account_id),
           format('user %s, account %s', r.user_id, r.account_id)
    FROM mirror.order_requests r JOIN mirror.copied_orders o ON o.id = r.order_id
    WHERE (r.user_id, r.account_id) <> (o.user_id, o.account_id)
    UNION ALL
    SELECT 'positions_are_their_followers', format('follower %s, %s', p.follower_id, p.symbol), 'user ' || f.user_id,
           'user ' || p.user_id
    FROM mirror.follower_positions p JOIN mirror.followers f ON f.id = p.follower_id WHERE p.user_id <> f.user_id
    UNION ALL
    SELECT 'follower_has_a_lane', 'account ' || f.account_id, 'a lane', 'none'
    FROM mirror.followers f
    WHERE NOT EXISTS (SELECT FROM mirror.account_lanes l WHERE l.account_id = f.account_id)
$$;
COMMENT ON FUNCTION mirror_private.verify_followers() IS 'What verify() says of whose rows are whose';

CREATE FUNCTION mirror_private.verify_copies()
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    RETURN QUERY SELECT * FROM mirror_private.verify_held();
    RETURN QUERY SELECT * FROM mirror_private.verify_requests();
    RETURN QUERY SELECT * FROM mirror_private.verify_followers();
END
$$;
COMMENT ON FUNCTION mirror_private.verify_copies() IS
'What verify() says of copies. What followers hold is what their orders have filled, less what has gone '
'by hand, exits close no more than that, an account has one sender, the requests of an order go one after the other, '
'no order is forgotten, and each row is of the user of its account. Reads all of them';
