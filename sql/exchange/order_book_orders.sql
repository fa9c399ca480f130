CREATE FUNCTION exchange.order_book_orders(symbol text, user_id bigint)
RETURNS TABLE (order_id bigint, client_order_id text, side text, price numeric, amount numeric, visible_amount numeric,
               orders_ahead bigint, amount_ahead numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    PERFORM exchange_private.require_market(order_book_orders.symbol);
    PERFORM identity_private.require_user(order_book_orders.user_id);
    -- Two branches: each side has a book index of its own.
    RETURN QUERY
    SELECT o.id, o.client_order_id, o.side, o.price::numeric, (o.amount - o.filled_amount)::numeric,
           coalesce(o.visible_amount, o.amount - o.filled_amount)::numeric, count(q.shown), coalesce(sum(q.shown), 0)
    FROM exchange.orders o
    LEFT JOIN LATERAL (
        SELECT coalesce(b.visible_amount, b.amount - b.filled_amount) AS shown FROM exchange.orders b
        WHERE o.side = 'buy' AND b.side = 'buy' AND b.status = 'open' AND b.symbol = order_book_orders.symbol
          AND b.price = o.price AND b.priority < o.priority
          AND (b.expires_at IS NULL OR b.expires_at > clock_timestamp())
        UNION ALL
        SELECT coalesce(s.visible_amount, s.amount - s.filled_amount) FROM exchange.orders s
        WHERE o.side = 'sell' AND s.side = 'sell' AND s.status = 'open' AND s.symbol = order_book_orders.symbol
          AND s.price = o.price AND s.priority < o.priority
          AND (s.expires_at IS NULL OR s.expires_at > clock_timestamp())
    ) AS q ON true
    WHERE o.user_id = order_book_orders.user_id AND o.symbol = order_book_orders.symbol AND o.status = 'open'
      AND (o.expires_at IS NULL OR o.expires_at > clock_timestamp())
    GROUP BY o.id
    ORDER BY o.side, CASE o.side WHEN 'buy' THEN -o.price ELSE o.price END, o.priority;
END
$$;
COMMENT ON FUNCTION exchange.order_book_orders(text, bigint) IS
'A user''s own open orders in the book, bids best first, then offers best first: what is left of each (of an iceberg '
'also what it shows), how many orders stand before it at its price and what they show. 22004 NULL, 42501 not a user '
'you act for, 42704 unknown user or market';
GRANT EXECUTE ON FUNCTION exchange.order_book_orders(text, bigint) TO bourse_viewer, bourse_worker;
