CREATE FUNCTION exchange.candles(symbol text, width interval, "from" timestamptz, "to" timestamptz)
RETURNS TABLE (start timestamptz, open numeric, high numeric, low numeric, close numeric, volume numeric,
               quote_volume numeric, trades bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
#variable_conflict use_column
DECLARE
    origin CONSTANT timestamptz := '2000-01-01 00:00:00+00';
    first bigint;
    after bigint;
BEGIN
    PERFORM exchange_private.require_market(candles.symbol);
    PERFORM exchange_private.require_period("from", "to");
    PERFORM bourse_private.require_given('width', width, 'Give a width like 1 minute or 1 day.');
    -- A month has no fixed length: extract() tells one from 30 days.
    IF extract(year FROM width) <> 0 OR extract(month FROM width) <> 0 OR width <= interval '0' THEN
        PERFORM bourse.refuse('22023', format('%s is no width of a candle', width),
            'Give a width above zero without months or years, like 1 minute or 1 day.');
    END IF;
    -- Whole candles: those that start within the period, each with all of its trades.
    first := exchange_private.sequence_since(candles.symbol, exchange_private.bin_from(width, "from", origin));
    after := exchange_private.sequence_since(candles.symbol, exchange_private.bin_from(width, "to", origin));
    RETURN QUERY
    -- The least (sequence, price) is the first trade's, the greatest the last's: cheaper than sorting each candle.
    SELECT date_bin(width, t.created_at, origin) AS start, (min(ARRAY[t.sequence, t.price]))[2], max(t.price),
           min(t.price),
           (max(ARRAY[t.sequence, t.price]))[2], sum(t.amount), round(sum(t.price * t.amount), 8), count(*)
    FROM exchange.trades t
    WHERE t.symbol = candles.symbol AND t.sequence >= first AND t.sequence < after
    GROUP BY 1
    ORDER BY 1;
END
$$;
COMMENT ON FUNCTION exchange.candles(text, interval, timestamptz, timestamptz) IS
'The candles of a market that start at from or later and before to, oldest first. width: any fixed length (a day is 24 '
'hours), counted from 2000-01-01 00:00 UTC; a candle holds the trades from its start to the next. open and close: its '
'first and last trade by sequence; volume in base, quote_volume in quote. An interval without a trade has no candle. '
'22004 NULL, 22023 width of months, width not above zero, from after to, 42704 unknown market';
GRANT EXECUTE ON FUNCTION exchange.candles(text, interval, timestamptz, timestamptz) TO bourse_viewer, bourse_worker;

-- The width is added in seconds: how long a day is would depend on the session's time zone.
CREATE FUNCTION exchange_private.bin_from(width interval, at timestamptz, origin timestamptz) RETURNS timestamptz
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, exchange, pg_temp AS $$
    SELECT CASE WHEN date_bin(width, at, origin) = at THEN at
                ELSE date_bin(width, at, origin) + extract(epoch FROM width) * interval '1 second' END
$$;
COMMENT ON FUNCTION exchange_private.bin_from(interval, timestamptz, timestamptz) IS
'The first start of a candle at this time or later. For candles() only';
