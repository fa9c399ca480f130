-- What must hold of bots on our own exchange: its trades are the facts, and the journal of a bot has each of its own.

CREATE FUNCTION trading_private.verify_orders()
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
    -- As far as it is said to be booked: what has been traded since is booked by the next call.
    WITH traded AS (
        SELECT o.user_id, o.bot_id, o.order_id, t.id AS trade_id, o.side, t.symbol, t.amount, t.price, t.sequence,
               t.buyer_commission AS fee, o.is_settled
        FROM trading.bot_orders o JOIN exchange.trades t ON t.buy_order_id = o.order_id WHERE o.side = 'buy'
        UNION ALL
        SELECT o.user_id, o.bot_id, o.order_id, t.id, o.side, t.symbol, t.amount, t.price, t.sequence,
               t.seller_commission, o.is_settled
        FROM trading.bot_orders o JOIN exchange.trades t ON t.sell_order_id = o.order_id WHERE o.side = 'sell'
    )
    SELECT 'trade_of_the_exchange_is_booked', format('bot %s, order %s, trade %s', t.bot_id, t.order_id, t.trade_id),
           format('%s %s %s at %s, fee %s', t.side, trim_scale(t.amount), t.symbol, trim_scale(t.price),
                  trim_scale(t.fee)),
           coalesce(CASE WHEN f.fill_id IS NOT NULL THEN
                        format('%s %s %s at %s, fee %s', f.side, trim_scale(f.quantity), f.symbol, trim_scale(f.price),
                               trim_scale(f.fee)) END,
                    'set aside: ' || u.sqlstate, 'none')
    FROM traded t
    LEFT JOIN trading.bot_markets k ON k.bot_id = t.bot_id AND k.symbol = t.symbol
    LEFT JOIN trading.fills f ON f.user_id = t.user_id AND f.bot_id = t.bot_id
                                 AND f.fill_id = trading_private.fill_of_trade(t.trade_id, t.order_id)
    LEFT JOIN trading.unbooked_fills u ON u.user_id = t.user_id AND u.bot_id = t.bot_id
                                          AND u.order_id = t.order_id AND u.trade_id = t.trade_id
    WHERE (t.is_settled OR t.sequence <= k.booked_sequence)
      AND (t.side, t.symbol, t.amount, t.price, t.fee) IS DISTINCT FROM
          (f.side, f.symbol, f.quantity, f.price, f.fee)
    UNION ALL
    SELECT 'settled_order_has_ended', format('bot %s, order %s', o.bot_id, o.order_id), 'filled or cancelled', x.status
    FROM trading.bot_orders o JOIN exchange.orders x ON x.id = o.order_id
    WHERE o.is_settled AND x.status IN ('open', 'pending')
    UNION ALL
    SELECT 'orders_have_a_market_to_follow', format('bot %s, %s', o.bot_id, o.symbol), 'a booked sequence', 'none'
    FROM trading.bot_orders o LEFT JOIN trading.bot_markets k ON k.bot_id = o.bot_id AND k.symbol = o.symbol
    WHERE NOT o.is_settled AND k.bot_id IS NULL GROUP BY o.bot_id, o.symbol
$$;
COMMENT ON FUNCTION trading_private.verify_orders() IS
'What verify() says of orders of bots on our exchange, and their trades';
