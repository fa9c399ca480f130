-- Each check is a query of its own that returns nothing when all is well. A row names what is wrong: the
-- subject, what the journal says it should be, and what the tables hold.
CREATE FUNCTION exchange.verify() RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    RETURN QUERY SELECT * FROM exchange.verify_funds();
    RETURN QUERY SELECT * FROM exchange.verify_orders();
    RETURN QUERY SELECT * FROM exchange.verify_markets();
END
$$;
COMMENT ON FUNCTION exchange.verify() IS
'Every invariant of the exchange, always 0 rows: no negative and no NaN balance, money conserved per asset, commission swept once, locked funds explained, each balance equal to its ledger, fills equal to trades, book not crossed, trade sequences without gap and in order of time';

CREATE FUNCTION exchange.verify_funds() RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
    WITH lines AS (
        SELECT e.user_id, e.account, e.asset, sum(e.amount) AS amount
        FROM exchange.ledger_entries e GROUP BY e.user_id, e.account, e.asset
    ), held AS (
        SELECT a.symbol AS asset, sum(a.amount + a.locked_amount) AS amount FROM exchange.assets a GROUP BY a.symbol
    ), claims AS (
        SELECT c.user_id, c.asset, sum(c.amount) AS amount
        FROM (
            SELECT o.user_id, CASE o.side WHEN 'buy' THEN m.quote ELSE m.base END AS asset, o.reserved AS amount
            FROM exchange.orders o JOIN exchange.markets m ON m.symbol = o.symbol
            WHERE o.status IN ('open', 'pending')
            UNION ALL
            SELECT t.user_id, t.asset, t.locked_amount FROM exchange.transfers t WHERE t.locked_amount <> 0
        ) AS c
        GROUP BY c.user_id, c.asset
    )
    SELECT 'balance_not_negative', format('user %s %s', a.user_id, a.symbol), '>= 0', format('%s + %s', a.amount, a.locked_amount)
    FROM exchange.assets a
    WHERE NOT (a.amount >= 0 AND a.locked_amount >= 0) OR 'NaN' IN (a.amount, a.locked_amount)
    UNION ALL
    -- What users hold and what the house has earned is what came in from outside.
    SELECT 'money_conserved', coalesce(h.asset, l.asset), l.amount::text, h.amount::text
    FROM held h
    FULL JOIN (SELECT lines.asset, -sum(lines.amount) AS amount FROM lines WHERE lines.account <> 'user' GROUP BY lines.asset) AS l
        ON l.asset = h.asset
    WHERE coalesce(h.amount, 0) <> coalesce(l.amount, 0)
    UNION ALL
    -- What the ledger holds as commission is what the trades since the last sweep have brought: never negative,
    -- nothing booked twice.
    SELECT 'commission_is_unswept', coalesce(l.asset, u.asset), coalesce(u.amount, 0)::text, coalesce(l.amount, 0)::text
    FROM (SELECT * FROM lines WHERE lines.account = 'commission') AS l
    FULL JOIN (SELECT f.asset, sum(f.amount) AS amount FROM exchange.unswept_fees() f GROUP BY f.asset) AS u ON u.asset = l.asset
    WHERE coalesce(l.amount, 0) <> coalesce(u.amount, 0)
    UNION ALL
    SELECT 'balance_is_ledger', format('user %s %s', coalesce(a.user_id, l.user_id), coalesce(a.symbol, l.asset)),
           coalesce(l.amount, 0)::text, coalesce(a.amount + a.locked_amount, 0)::text
    FROM exchange.assets a
    FULL JOIN (SELECT * FROM lines WHERE lines.account = 'user') AS l ON l.user_id = a.user_id AND l.asset = a.symbol
    WHERE coalesce(a.amount + a.locked_amount, 0) <> coalesce(l.amount, 0)
    UNION ALL
    SELECT 'locked_is_claimed', format('user %s %s', coalesce(a.user_id, c.user_id), coalesce(a.symbol, c.asset)),
           coalesce(c.amount, 0)::text, coalesce(a.locked_amount, 0)::text
    FROM exchange.assets a
    FULL JOIN claims c ON c.user_id = a.user_id AND c.asset = a.symbol
    WHERE coalesce(a.locked_amount, 0) <> coalesce(c.amount, 0)
$$;
COMMENT ON FUNCTION exchange.verify_funds() IS 'The checks of verify() about balances';

CREATE FUNCTION exchange.verify_orders() RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
    WITH fills AS (
        SELECT f.order_id, sum(f.amount) AS amount
        FROM (
            SELECT t.buy_order_id AS order_id, t.amount FROM exchange.trades t
            UNION ALL
            SELECT t.sell_order_id, t.amount FROM exchange.trades t
        ) AS f
        GROUP BY f.order_id
    )
    SELECT 'filled_is_traded', format('order %s', coalesce(o.id, f.order_id)),
           coalesce(f.amount, 0)::text, coalesce(o.filled_amount::text, 'no such order')
    FROM exchange.orders o
    FULL JOIN fills f ON f.order_id = o.id
    WHERE o.id IS NULL OR o.filled_amount <> coalesce(f.amount, 0)
    UNION ALL
    SELECT 'status_agrees', format('order %s', o.id),
           CASE WHEN o.filled_amount = o.amount THEN 'filled' ELSE 'open, pending or cancelled' END, o.status
    FROM exchange.orders o
    WHERE (o.status = 'filled') <> (o.filled_amount = coalesce(o.amount, -1))
    UNION ALL
    -- A live order locks at least what its rest costs, a finished one nothing.
    SELECT 'reserve_covers_rest', format('order %s', o.id), c.needed::text, o.reserved::text
    FROM exchange.orders o
    CROSS JOIN LATERAL (SELECT CASE
        WHEN o.status NOT IN ('open', 'pending') THEN 0
        WHEN o.side = 'sell' THEN o.amount - o.filled_amount
        ELSE coalesce(o.price, o.stop_price) * (o.amount - o.filled_amount) END AS needed) AS c
    WHERE o.reserved < c.needed OR (o.status NOT IN ('open', 'pending') AND o.reserved <> 0)
    UNION ALL
    SELECT 'trade_has_its_orders', format('trade %s', t.id), 'a buy and a sell order of its market',
           format('buy order %s, sell order %s', t.buy_order_id, t.sell_order_id)
    FROM exchange.trades t
    LEFT JOIN exchange.orders b ON b.id = t.buy_order_id AND b.side = 'buy' AND b.symbol = t.symbol
    LEFT JOIN exchange.orders s ON s.id = t.sell_order_id AND s.side = 'sell' AND s.symbol = t.symbol
    WHERE b.id IS NULL OR s.id IS NULL
    UNION ALL
    SELECT 'order_has_its_user', format('order %s', o.id), 'a user and a market', format('user %s, market %s', o.user_id, o.symbol)
    FROM exchange.orders o
    LEFT JOIN identity.users u ON u.id = o.user_id
    LEFT JOIN exchange.markets m ON m.symbol = o.symbol
    WHERE u.id IS NULL OR m.symbol IS NULL
$$;
COMMENT ON FUNCTION exchange.verify_orders() IS 'The checks of verify() about orders and trades';

CREATE FUNCTION exchange.verify_markets() RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
    SELECT 'book_not_crossed', m.symbol, 'best bid < best offer', format('%s >= %s', b.bid_price, b.ask_price)
    FROM exchange.markets m
    CROSS JOIN LATERAL exchange.best_bid_offer(m.symbol) AS b
    WHERE m.status = 'open' AND b.bid_price >= b.ask_price
    UNION ALL
    SELECT 'sequence_has_no_gap', m.symbol, format('1 to %s', m.last_sequence),
           format('%s trades, %s to %s', coalesce(t.trades, 0), t.first, t.last)
    FROM exchange.markets m
    LEFT JOIN (SELECT s.symbol, count(*) AS trades, min(s.sequence) AS first, max(s.sequence) AS last
               FROM exchange.trades s GROUP BY s.symbol) AS t ON t.symbol = m.symbol
    WHERE coalesce(t.trades, 0) <> m.last_sequence OR coalesce(t.last, 0) <> m.last_sequence OR t.first <> 1
    UNION ALL
    -- Market data finds a time by the sequence of the trades.
    SELECT 'time_follows_sequence', format('%s trade %s', t.symbol, t.sequence), format('>= %s', t.before), t.created_at::text
    FROM (SELECT s.symbol, s.sequence, s.created_at,
                 lag(s.created_at) OVER (PARTITION BY s.symbol ORDER BY s.sequence) AS before
          FROM exchange.trades s) AS t
    WHERE t.created_at < t.before
    UNION ALL
    SELECT 'priority_is_given_once', o.symbol, 'one order', format('%s orders with priority %s', count(*), o.priority)
    FROM exchange.orders o
    WHERE o.status = 'open'
    GROUP BY o.symbol, o.priority
    HAVING count(*) > 1
$$;
COMMENT ON FUNCTION exchange.verify_markets() IS 'The checks of verify() about books and counters';
