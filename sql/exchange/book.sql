CREATE FUNCTION exchange_private.require_market(symbol text) RETURNS void
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    IF NOT EXISTS (SELECT FROM exchange.markets m WHERE m.symbol = require_market.symbol) THEN
        PERFORM bourse.refuse('42704',
            format('market %s does not exist', coalesce(bourse_private.clip(symbol), 'NULL')),
            'SELECT symbol FROM exchange.markets lists them; exchange.create_market() makes one.');
    END IF;
END
$$;
COMMENT ON FUNCTION exchange_private.require_market(text) IS 'Refuses a market that does not exist (42704)';

CREATE FUNCTION exchange.order_book(symbol text, levels integer DEFAULT 20)
RETURNS TABLE (side text, price numeric, amount numeric, orders bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM exchange_private.require_market(order_book.symbol);
    IF levels IS NULL OR levels < 1 THEN
        PERFORM bourse.refuse('22023', format('%s levels asked for', coalesce(levels::text, 'NULL')),
            'Ask for at least one level.');
    END IF;
    RETURN QUERY
    SELECT 'buy', b.price, sum(coalesce(b.visible_amount, b.amount - b.filled_amount)), count(*)
    FROM exchange.orders b
    WHERE b.symbol = order_book.symbol AND b.side = 'buy' AND b.status = 'open'
      AND (b.expires_at IS NULL OR b.expires_at > clock_timestamp())
    GROUP BY b.price ORDER BY b.price DESC LIMIT levels;
    RETURN QUERY
    SELECT 'sell', s.price, sum(coalesce(s.visible_amount, s.amount - s.filled_amount)), count(*)
    FROM exchange.orders s
    WHERE s.symbol = order_book.symbol AND s.side = 'sell' AND s.status = 'open'
      AND (s.expires_at IS NULL OR s.expires_at > clock_timestamp())
    GROUP BY s.price ORDER BY s.price LIMIT levels;
END
$$;
COMMENT ON FUNCTION exchange.order_book(text, integer) IS
'The public book: bids best first, then offers best first, each level with the quantity that it shows (icebergs: their '
'slice) and its number of orders. 42704 unknown market, 22023 fewer than one level';
GRANT EXECUTE ON FUNCTION exchange.order_book(text, integer) TO bourse_viewer, bourse_worker;

-- Not order_book(symbol, 1): a plan for one level can be kept, one for any number is made anew for each call and
-- takes longer than reading the level.
CREATE FUNCTION exchange.best_bid_offer(symbol text)
RETURNS TABLE (bid_price numeric, bid_amount numeric, ask_price numeric, ask_amount numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    PERFORM exchange_private.require_market(best_bid_offer.symbol);
    SELECT b.price, sum(coalesce(b.visible_amount, b.amount - b.filled_amount)) INTO bid_price, bid_amount
    FROM exchange.orders b
    WHERE b.symbol = best_bid_offer.symbol AND b.side = 'buy' AND b.status = 'open'
      AND (b.expires_at IS NULL OR b.expires_at > clock_timestamp())
    GROUP BY b.price ORDER BY b.price DESC LIMIT 1;
    SELECT s.price, sum(coalesce(s.visible_amount, s.amount - s.filled_amount)) INTO ask_price, ask_amount
    FROM exchange.orders s
    WHERE s.symbol = best_bid_offer.symbol AND s.side = 'sell' AND s.status = 'open'
      AND (s.expires_at IS NULL OR s.expires_at > clock_timestamp())
    GROUP BY s.price ORDER BY s.price LIMIT 1;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION exchange.best_bid_offer(text) IS
'The best bid and the best offer with their quantities; NULL on a side that is empty. 42704 unknown market';
GRANT EXECUTE ON FUNCTION exchange.best_bid_offer(text) TO bourse_viewer, bourse_worker;
