CREATE FUNCTION exchange.verify() RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
DECLARE
    memory CONSTANT text := current_setting('work_mem');
BEGIN
    PERFORM bourse.require_installed();
    -- Room for a sum per user and market, so that a long history is not sorted twice. What needs more spills.
    IF pg_size_bytes(memory) < 64 * 1024 * 1024 THEN
        PERFORM set_config('work_mem', '64MB', true);
    END IF;
    RETURN QUERY SELECT * FROM exchange_private.verify_funds();
    RETURN QUERY SELECT * FROM exchange_private.verify_orders();
    RETURN QUERY SELECT * FROM exchange_private.verify_markets();
    RETURN QUERY SELECT * FROM exchange_private.verify_book();
    PERFORM set_config('work_mem', memory, true);
END
$$;
COMMENT ON FUNCTION exchange.verify() IS
'Every invariant of the exchange, always 0 rows: no negative and no NaN balance, room in each for what it has locked, '
'money conserved per asset, commission swept once, locked funds explained, each balance equal to its ledger, fills '
'equal to trades, book not crossed, trade sequences without gap and in order of time';
GRANT EXECUTE ON FUNCTION exchange.verify() TO bourse_admin, bourse_worker, bourse_monitor;

-- These four are SQL, not PL/pgSQL, so that each call plans for the tables as they are: a plan kept from an empty
-- exchange would take days on a full one.
CREATE FUNCTION exchange_private.verify_funds()
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
    WITH claims AS (
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
    SELECT 'balance_not_negative', format('user %s %s', a.user_id, a.symbol), '>= 0',
           format('%s + %s', a.amount, a.locked_amount)
    FROM exchange.assets a
    WHERE NOT (a.amount >= 0 AND a.locked_amount >= 0) OR 'NaN' IN (a.amount, a.locked_amount)
    UNION ALL
    SELECT 'balance_has_room', format('user %s %s', a.user_id, a.symbol), '< 1000000000000',
           (a.amount + a.locked_amount)::text
    FROM exchange.assets a
    WHERE a.amount + a.locked_amount >= 1000000000000 AND a.amount + a.locked_amount < 'NaN'
    UNION ALL
    SELECT 'locked_is_claimed', format('user %s %s', coalesce(a.user_id, c.user_id), coalesce(a.symbol, c.asset)),
           coalesce(c.amount, 0)::text, coalesce(a.locked_amount, 0)::text
    FROM exchange.assets a
    FULL JOIN claims c ON c.user_id = a.user_id AND c.asset = a.symbol
    WHERE coalesce(a.locked_amount, 0) <> coalesce(c.amount, 0)
$$;
COMMENT ON FUNCTION exchange_private.verify_funds() IS
'The checks of verify() about what stands in balances and live orders';

-- What verify_orders() calls is PARALLEL SAFE: one function that is not would keep the whole query in one process.
-- One pass over trades and one over orders. Trades are added up by order, orders by user and market; an order that
-- is not as it should be is only remembered, and looked at once more to say what is wrong with it.
CREATE FUNCTION exchange_private.verify_orders()
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
    WITH fills AS (
        SELECT CASE WHEN s.buys THEN t.buy_order_id ELSE t.sell_order_id END AS order_id, t.symbol, s.buys,
               sum(t.amount) AS amount,
               sum(CASE WHEN s.buys THEN -(t.price * t.amount)::numeric(20,8) - t.buyer_commission
                        ELSE (t.price * t.amount)::numeric(20,8) - t.seller_commission END) AS quote
        FROM exchange.trades t CROSS JOIN (VALUES (true), (false)) AS s (buys)
        GROUP BY 1, 2, 3
    ), positions AS MATERIALIZED (
        SELECT o.user_id, o.symbol,
               sum(CASE WHEN f.buys THEN f.amount ELSE -f.amount END) FILTER (WHERE f.symbol = o.symbol) AS base,
               sum(f.quote) FILTER (WHERE f.symbol = o.symbol) AS quote,
               array_agg(coalesce(o.id, f.order_id)) FILTER (WHERE o.id IS NULL
                   OR o.filled_amount <> coalesce(f.amount, 0) OR f.symbol <> o.symbol OR f.buys <> (o.side = 'buy')
                   OR (o.status = 'filled') <> (o.filled_amount = coalesce(o.amount, -1))
                   OR CASE WHEN o.status NOT IN ('open', 'pending') THEN o.reserved <> 0
                           WHEN o.side = 'sell' THEN o.reserved < o.amount - o.filled_amount
                           -- A stop buy that has begun to trade spends what it has reserved, above its trigger too.
                           WHEN o.order_type = 'stop' AND o.filled_amount > 0 THEN false
                           ELSE o.reserved < coalesce(o.price, o.stop_price) * (o.amount - o.filled_amount)
                      END) AS suspects
        FROM exchange.orders o
        FULL JOIN fills f ON f.order_id = o.id
        GROUP BY o.user_id, o.symbol
    ), suspects AS MATERIALIZED (
        SELECT DISTINCT s.id FROM positions p CROSS JOIN LATERAL unnest(p.suspects) AS s (id)
    ), ledger AS (
        SELECT l.user_id, l.asset, sum(l.amount) AS amount
        FROM (
            SELECT t.user_id, t.asset, t.amount + t.locked_amount AS amount FROM exchange.transfers t
            UNION ALL
            SELECT v.user_id, v.asset, v.amount FROM exchange_private.venue_moves() v
            UNION ALL
            SELECT p.user_id, v.asset, v.amount
            FROM positions p JOIN exchange.markets m ON m.symbol = p.symbol
            CROSS JOIN LATERAL (VALUES (m.base, p.base), (m.quote, p.quote)) AS v (asset, amount)
            WHERE p.user_id IS NOT NULL AND v.amount IS NOT NULL
            UNION ALL
            -- Trades of another market than their order's are lines of their own market.
            SELECT o.user_id, v.asset, v.amount
            FROM suspects s JOIN exchange.orders o ON o.id = s.id
            CROSS JOIN LATERAL exchange_private.fills_of(o.id) AS f JOIN exchange.markets m ON m.symbol = f.symbol
            CROSS JOIN LATERAL (VALUES (m.base, f.base), (m.quote, f.quote)) AS v (asset, amount)
            WHERE f.symbol <> o.symbol
        ) AS l
        GROUP BY l.user_id, l.asset
    )
    SELECT 'balance_is_ledger', format('user %s %s', coalesce(a.user_id, l.user_id), coalesce(a.symbol, l.asset)),
           coalesce(l.amount, 0)::text, coalesce(a.amount + a.locked_amount, 0)::text
    FROM exchange.assets a
    FULL JOIN ledger l ON l.user_id = a.user_id AND l.asset = a.symbol
    WHERE coalesce(a.amount + a.locked_amount, 0) <> coalesce(l.amount, 0)
    UNION ALL
    SELECT 'order_has_its_user', format('order %s', o.id), 'a user and a market',
           format('user %s, market %s', o.user_id, o.symbol)
    FROM positions p
    LEFT JOIN identity.users u ON u.id = p.user_id
    LEFT JOIN exchange.markets m ON m.symbol = p.symbol
    JOIN exchange.orders o ON o.user_id = p.user_id AND o.symbol = p.symbol
    WHERE u.id IS NULL OR m.symbol IS NULL
    UNION ALL
    SELECT w.* FROM suspects s CROSS JOIN LATERAL exchange_private.verify_order(s.id) AS w
$$;
COMMENT ON FUNCTION exchange_private.verify_orders() IS 'The checks of verify() that need every order and every trade';

CREATE FUNCTION exchange_private.fills_of(order_id bigint)
RETURNS TABLE (trade_id bigint, symbol text, buys boolean, amount numeric, base numeric, quote numeric)
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
    SELECT t.id, t.symbol, true, t.amount, t.amount, -(t.price * t.amount)::numeric(20,8) - t.buyer_commission
    FROM exchange.trades t WHERE t.buy_order_id = fills_of.order_id
    UNION ALL
    SELECT t.id, t.symbol, false, t.amount, -t.amount, (t.price * t.amount)::numeric(20,8) - t.seller_commission
    FROM exchange.trades t WHERE t.sell_order_id = fills_of.order_id
$$;
COMMENT ON FUNCTION exchange_private.fills_of(bigint) IS
'The trades of an order, with what each moved. For verify() only';

CREATE FUNCTION exchange_private.verify_order(order_id bigint)
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
    SELECT 'filled_is_traded', format('order %s', f.order_id), f.amount::text,
           coalesce(o.filled_amount::text, 'no such order')
    FROM (SELECT verify_order.order_id, coalesce(sum(x.amount), 0) AS amount
          FROM exchange_private.fills_of(verify_order.order_id) x) AS f
    LEFT JOIN exchange.orders o ON o.id = f.order_id
    WHERE o.id IS NULL OR o.filled_amount <> f.amount
    UNION ALL
    SELECT 'status_agrees', format('order %s', o.id),
           CASE WHEN o.filled_amount = o.amount THEN 'filled' ELSE 'open, pending or cancelled' END, o.status
    FROM exchange.orders o
    WHERE o.id = verify_order.order_id AND (o.status = 'filled') <> (o.filled_amount = coalesce(o.amount, -1))
    UNION ALL
    -- A live order locks at least what its rest costs, a finished one nothing.
    SELECT 'reserve_covers_rest', format('order %s', o.id), c.needed::text, o.reserved::text
    FROM exchange.orders o
    CROSS JOIN LATERAL (SELECT CASE
        WHEN o.status NOT IN ('open', 'pending') THEN 0
        WHEN o.side = 'sell' THEN o.amount - o.filled_amount
        WHEN o.order_type = 'stop' AND o.filled_amount > 0 THEN 0
        ELSE coalesce(o.price, o.stop_price) * (o.amount - o.filled_amount) END AS needed) AS c
    WHERE o.id = verify_order.order_id
      AND (o.reserved < c.needed OR (o.status NOT IN ('open', 'pending') AND o.reserved <> 0))
    UNION ALL
    -- A trade with two bad orders is told once, by its bid.
    SELECT 'trade_has_its_orders', format('trade %s', t.id), 'a buy and a sell order of its market',
           format('buy order %s, sell order %s', t.buy_order_id, t.sell_order_id)
    FROM exchange_private.fills_of(verify_order.order_id) f
    JOIN exchange.trades t ON t.id = f.trade_id
    LEFT JOIN exchange.orders b ON b.id = t.buy_order_id AND b.side = 'buy' AND b.symbol = t.symbol
    LEFT JOIN exchange.orders s ON s.id = t.sell_order_id AND s.side = 'sell' AND s.symbol = t.symbol
    WHERE CASE WHEN f.buys THEN b.id IS NULL ELSE s.id IS NULL AND b.id IS NOT NULL END
$$;
COMMENT ON FUNCTION exchange_private.verify_order(bigint) IS
'What is wrong with one order and its trades. For verify() only';

-- The tape is read once, in its own order.
CREATE FUNCTION exchange_private.verify_markets()
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
    WITH tape AS MATERIALIZED (
        SELECT t.symbol, count(*) AS trades, min(t.sequence) AS first, max(t.sequence) AS last,
               sum(t.commission) AS commission,
               sum(t.commission) FILTER (WHERE t.sequence > m.swept_sequence
                                         AND t.sequence <= m.last_sequence) AS unswept,
               array_agg(t.sequence) FILTER (WHERE t.created_at < t.before) AS backwards
        FROM (SELECT s.symbol, s.sequence, s.created_at, s.commission,
                     lag(s.created_at) OVER (PARTITION BY s.symbol ORDER BY s.sequence) AS before
              FROM exchange.trades s) AS t
        LEFT JOIN exchange.markets m ON m.symbol = t.symbol
        GROUP BY t.symbol
    ), journal AS (
        SELECT j.asset, sum(j.outside) AS outside, sum(j.commission) AS commission, sum(j.unswept) AS unswept
        FROM (
            -- A transfer between users is both its lines: nothing comes in from outside.
            SELECT t.asset, t.amount + t.locked_amount AS outside,
                   CASE t.kind WHEN 'sweep' THEN -(t.amount + t.locked_amount) END AS commission,
                   NULL::numeric AS unswept
            FROM exchange.transfers t WHERE t.kind <> 'transfer'
            UNION ALL
            SELECT v.asset, v.amount, NULL, NULL FROM exchange_private.venue_moves() v
            UNION ALL
            SELECT m.quote, -t.commission, t.commission, t.unswept
            FROM tape t JOIN exchange.markets m ON m.symbol = t.symbol
        ) AS j
        GROUP BY j.asset
    )
    -- What users hold and what the house has earned is what came in from outside, other venues and suspense included.
    SELECT 'money_conserved', coalesce(h.asset, j.asset), j.outside::text, h.amount::text
    FROM (SELECT a.symbol AS asset, sum(a.amount + a.locked_amount) AS amount FROM exchange.assets a
          GROUP BY a.symbol) AS h
    FULL JOIN journal j ON j.asset = h.asset
    WHERE coalesce(h.amount, 0) <> coalesce(j.outside, 0)
    UNION ALL
    -- What the ledger holds as commission is what the trades since the last sweep have brought: never negative,
    -- nothing booked twice.
    SELECT 'commission_is_unswept', j.asset, coalesce(j.unswept, 0)::text, coalesce(j.commission, 0)::text
    FROM journal j WHERE coalesce(j.commission, 0) <> coalesce(j.unswept, 0)
    UNION ALL
    SELECT 'sequence_has_no_gap', m.symbol, format('1 to %s', m.last_sequence),
           format('%s trades, %s to %s', coalesce(t.trades, 0), t.first, t.last)
    FROM exchange.markets m LEFT JOIN tape t ON t.symbol = m.symbol
    WHERE coalesce(t.trades, 0) <> m.last_sequence OR coalesce(t.last, 0) <> m.last_sequence OR t.first <> 1
    UNION ALL
    -- Market data finds a time by the sequence of the trades.
    SELECT 'time_follows_sequence', format('%s trade %s', t.symbol, t.sequence), format('>= %s', b.created_at),
           t.created_at::text
    FROM tape p CROSS JOIN LATERAL unnest(p.backwards) AS s (sequence)
    JOIN exchange.trades t ON t.symbol = p.symbol AND t.sequence = s.sequence
    CROSS JOIN LATERAL (SELECT x.created_at FROM exchange.trades x WHERE x.symbol = t.symbol AND x.sequence < t.sequence
                        ORDER BY x.sequence DESC LIMIT 1) AS b
$$;
COMMENT ON FUNCTION exchange_private.verify_markets() IS
'The checks of verify() about the tape, its counters and its commission';

CREATE FUNCTION exchange_private.verify_book() RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
    SELECT 'book_not_crossed', m.symbol, 'best bid < best offer', format('%s >= %s', b.bid_price, b.ask_price)
    FROM exchange.markets m
    CROSS JOIN LATERAL exchange.best_bid_offer(m.symbol) AS b
    WHERE m.status = 'open' AND b.bid_price >= b.ask_price
    UNION ALL
    -- By side, as the book's indexes are: the history is not read.
    SELECT 'priority_is_given_once', o.symbol, 'one order', format('%s orders with priority %s', count(*), o.priority)
    FROM (SELECT b.symbol, b.priority FROM exchange.orders b WHERE b.side = 'buy' AND b.status = 'open'
          UNION ALL
          SELECT s.symbol, s.priority FROM exchange.orders s WHERE s.side = 'sell' AND s.status = 'open') AS o
    GROUP BY o.symbol, o.priority
    HAVING count(*) > 1
$$;
COMMENT ON FUNCTION exchange_private.verify_book() IS 'The checks of verify() about the book';
