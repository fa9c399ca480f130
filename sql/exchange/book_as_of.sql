-- The book at a moment, found backwards from now: what is open, what was cancelled since, what was filled since;
-- less what entered later. Costs the open orders and what has happened since, not the history before.
CREATE FUNCTION exchange.book_as_of(symbol text, at timestamptz)
RETURNS TABLE (side text, price numeric, amount numeric, orders bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
#variable_conflict use_column
DECLARE
    -- The first trade after the moment.
    later bigint;
BEGIN
    PERFORM exchange_private.require_market(book_as_of.symbol);
    PERFORM bourse_private.require_given('at', book_as_of.at, 'Give a moment; order_book() shows the book of now.');
    later := exchange_private.sequence_since(book_as_of.symbol, book_as_of.at + interval '1 microsecond');
    RETURN QUERY
    WITH fills AS MATERIALIZED (
        SELECT f.order_id, sum(f.amount) AS amount
        FROM (SELECT t.buy_order_id AS order_id, t.amount FROM exchange.trades t
              WHERE t.symbol = book_as_of.symbol AND t.sequence >= later
              UNION ALL
              SELECT t.sell_order_id, t.amount FROM exchange.trades t
              WHERE t.symbol = book_as_of.symbol AND t.sequence >= later) AS f
        GROUP BY f.order_id
    ), candidates AS (
        SELECT o.* FROM exchange.orders o WHERE o.symbol = book_as_of.symbol AND o.status = 'open'
        UNION ALL
        SELECT o.* FROM exchange.orders o
        WHERE o.symbol = book_as_of.symbol AND o.status = 'cancelled' AND o.ended_at > book_as_of.at
        UNION ALL
        SELECT o.* FROM fills f JOIN exchange.orders o ON o.id = f.order_id AND o.status = 'filled'
    ), stood AS (
        SELECT c.id, c.side, c.display_amount, CASE WHEN a.id IS NULL THEN c.price ELSE a.old_price END AS price,
               coalesce(a.old_amount, c.amount) - c.filled_amount + coalesce(f.amount, 0) AS remaining
        FROM candidates c
        LEFT JOIN fills f ON f.order_id = c.id
        -- The first change after the moment tells the terms before it.
        LEFT JOIN LATERAL (SELECT x.id, x.old_price, x.old_amount FROM exchange.order_amendments x
                           WHERE x.order_id = c.id AND x.created_at > book_as_of.at ORDER BY x.id LIMIT 1) AS a ON true
        WHERE c.created_at <= book_as_of.at AND (c.stop_price IS NULL OR c.triggered_at <= book_as_of.at)
          AND (c.expires_at IS NULL OR c.expires_at > book_as_of.at)
    )
    SELECT s.side, s.price::numeric, sum(CASE WHEN s.display_amount IS NULL THEN s.remaining
               ELSE least(s.remaining, exchange_private.slice_as_of(s.id, book_as_of.at, later)) END), count(*)
    FROM stood s
    GROUP BY s.side, s.price
    ORDER BY s.side, CASE s.side WHEN 'buy' THEN -s.price ELSE s.price END;
END
$$;
COMMENT ON FUNCTION exchange.book_as_of(text, timestamptz) IS
'The public book as it stood at a moment, from orders, trades and amendments alone: bids best first, then offers best '
'first, each level with the quantity that it showed (icebergs: their slice) and its number of orders. Batches count as '
'one moment. 22004 NULL, 42704 unknown market';
GRANT EXECUTE ON FUNCTION exchange.book_as_of(text, timestamptz) TO bourse_viewer, bourse_worker;

-- An iceberg shows a new slice whenever it enters the book and whenever fills have used the old one up. What it
-- took while it entered does not count.
CREATE FUNCTION exchange_private.slice_as_of(order_id bigint, at timestamptz, later bigint) RETURNS numeric
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
DECLARE
    slice numeric;
    display numeric;
    entered_at timestamptz;
    entered_after bigint := 0;
    lots numeric;
BEGIN
    SELECT o.display_amount, coalesce(o.triggered_at, o.created_at) INTO display, entered_at
    FROM exchange.orders o WHERE o.id = slice_as_of.order_id;
    -- A new price or a larger amount enters the order again.
    SELECT a.start_sequence, greatest(a.created_at, entered_at) INTO entered_after, entered_at
    FROM (SELECT 0 AS id, 0 AS start_sequence, entered_at AS created_at
          UNION ALL
          SELECT x.id, x.start_sequence, x.created_at FROM exchange.order_amendments x
          WHERE x.order_id = slice_as_of.order_id AND x.created_at <= slice_as_of.at
            AND (x.new_price <> x.old_price OR x.new_amount > x.old_amount)) AS a
    ORDER BY a.id DESC LIMIT 1;
    slice := display;
    FOR lots IN
        SELECT f.amount
        FROM (SELECT t.*, t.taker_side = 'buy' AS took FROM exchange.trades t
              WHERE t.buy_order_id = slice_as_of.order_id
              UNION ALL
              SELECT t.*, t.taker_side = 'sell' FROM exchange.trades t
              WHERE t.sell_order_id = slice_as_of.order_id) AS f
        WHERE f.sequence > entered_after AND f.sequence < later AND NOT (f.took AND f.created_at <= entered_at)
        ORDER BY f.sequence
    LOOP
        slice := CASE WHEN slice > lots THEN slice - lots ELSE display END;
    END LOOP;
    RETURN slice;
END
$$;
COMMENT ON FUNCTION exchange_private.slice_as_of(bigint, timestamptz, bigint) IS
'What was left of an iceberg''s slice at a moment; later is the first trade after it. May be more than what was left '
'of the order. For book_as_of() only';
