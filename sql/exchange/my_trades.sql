-- A trade names orders, not users: two more index entries for each trade would cost more than all other indexes of
-- trades. So the latest trades are found through the user's live orders and those that ended last.
CREATE FUNCTION exchange.my_trades(user_id bigint, "limit" integer DEFAULT 100, before bigint DEFAULT NULL)
RETURNS TABLE (trade_id bigint, order_id bigint, symbol text, side text, price numeric, amount numeric,
               commission numeric, was_taker boolean, created_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
#variable_conflict use_column
DECLARE
    until timestamptz := 'infinity';
    ended integer := "limit";
    edge timestamptz;
    -- The page: one element for each trade and own order.
    trades bigint[];
    orders bigint[];
    sides text[];
    reached bigint;
    oldest timestamptz;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_user(my_trades.user_id);
    IF "limit" IS NULL OR "limit" NOT BETWEEN 1 AND 10000 THEN
        PERFORM bourse.refuse('22023', format('%s trades asked for', coalesce("limit"::text, 'NULL')),
            'Ask for 1 to 10000 trades; go on before the last trade_id.');
    END IF;
    IF before IS NOT NULL THEN
        SELECT t.created_at INTO until FROM exchange.trades t WHERE t.id = before;
        IF NOT FOUND THEN
            PERFORM bourse.refuse('42704', format('trade %s does not exist', before),
                'Give the last trade_id of the page before, or leave it out for the latest trades.');
        END IF;
        -- What ended since may have traded before.
        ended := ended + (SELECT count(*) FROM exchange.orders o
                          WHERE o.user_id = my_trades.user_id AND o.traded_until >= until);
    END IF;
    LOOP
        SELECT array_agg(p.id), array_agg(p.order_id), array_agg(p.side), max(p.place), min(p.created_at)
        INTO trades, orders, sides, reached, oldest
        FROM (
            WITH mine AS MATERIALIZED (
                SELECT o.id, o.side FROM exchange.orders o
                WHERE o.user_id = my_trades.user_id AND o.status IN ('open', 'pending') AND o.filled_amount > 0
                UNION ALL
                (SELECT o.id, o.side FROM exchange.orders o
                 WHERE o.user_id = my_trades.user_id AND o.traded_until IS NOT NULL
                 ORDER BY o.traded_until DESC LIMIT ended)
            )
            SELECT f.id, f.created_at, f.order_id, f.side,
                   dense_rank() OVER (ORDER BY f.created_at DESC, f.id DESC) AS place
            FROM (SELECT t.id, t.created_at, m.id AS order_id, m.side
                  FROM mine m JOIN exchange.trades t ON t.buy_order_id = m.id AND m.side = 'buy'
                  UNION ALL
                  SELECT t.id, t.created_at, m.id, m.side
                  FROM mine m JOIN exchange.trades t ON t.sell_order_id = m.id AND m.side = 'sell') AS f
            WHERE before IS NULL OR (f.created_at, f.id) < (until, before)
        ) AS p
        WHERE p.place <= "limit";
        -- An order that has not been looked at ended at the edge or before, and so did its trades.
        SELECT o.traded_until INTO edge FROM exchange.orders o
        WHERE o.user_id = my_trades.user_id AND o.traded_until IS NOT NULL
        ORDER BY o.traded_until DESC OFFSET ended LIMIT 1;
        EXIT WHEN edge IS NULL OR (reached = "limit" AND oldest > edge);
        ended := ended * 4;
    END LOOP;
    RETURN QUERY
    SELECT t.id, p.order_id, t.symbol, p.side, t.price::numeric, t.amount::numeric,
           (CASE p.side WHEN 'buy' THEN t.buyer_commission ELSE t.seller_commission END)::numeric,
           t.taker_side = p.side, t.created_at
    FROM unnest(trades, orders, sides) AS p (id, order_id, side)
    JOIN exchange.trades t ON t.id = p.id
    ORDER BY t.created_at DESC, t.id DESC, p.side;
END
$$;
COMMENT ON FUNCTION exchange.my_trades(bigint, integer, bigint) IS
'A user''s latest trades, newest first; with before those earlier than that trade: give the last trade_id to go on. '
'One row per trade and own order: a trade between two of one''s own orders has two. price: quote per base; amount: '
'base; commission: the user''s own, in quote. Costs the page, the live orders and what the user has traded since '
'before, not the history. 22004 NULL user, 22023 limit not 1 to 10000, 42501 not a user you act for, 42704 unknown '
'user or trade';
GRANT EXECUTE ON FUNCTION exchange.my_trades(bigint, integer, bigint) TO bourse_viewer, bourse_worker;
