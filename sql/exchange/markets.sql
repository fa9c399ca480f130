CREATE FUNCTION exchange.create_market(
    symbol text, base text, quote text, tick_size numeric DEFAULT 0.01, lot_size numeric DEFAULT 0.000001,
    min_amount numeric DEFAULT NULL, max_amount numeric DEFAULT NULL, min_notional numeric DEFAULT NULL,
    maker_rate numeric DEFAULT 0.015, taker_rate numeric DEFAULT 0.015) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    broken text;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM exchange.require_amount('tick_size', tick_size);
    PERFORM exchange.require_amount('lot_size', lot_size);
    PERFORM exchange.require_amount('min_amount', min_amount) WHERE min_amount IS NOT NULL;
    PERFORM exchange.require_amount('max_amount', max_amount) WHERE max_amount IS NOT NULL;
    PERFORM exchange.require_amount('min_notional', min_notional) WHERE min_notional IS NOT NULL;
    IF mod(tick_size * lot_size, 0.00000001) <> 0 THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('tick_size %s x lot_size %s is finer than 0.00000001', tick_size, lot_size),
            HINT = 'Choose a tick and a lot whose product is a multiple of 0.00000001, so that every price x amount is exact.';
    END IF;
    INSERT INTO exchange.markets AS m (symbol, base, quote, tick_size, lot_size, min_amount, max_amount, min_notional,
                                       maker_rate, taker_rate)
    VALUES (symbol, base, quote, tick_size, lot_size, min_amount, max_amount, min_notional, maker_rate, taker_rate);
    RETURN symbol;
EXCEPTION
    WHEN unique_violation THEN
        RAISE EXCEPTION USING ERRCODE = 'duplicate_object',
            MESSAGE = format('market %s exists', symbol),
            HINT = 'SELECT * FROM exchange.markets shows its rules.';
    WHEN check_violation OR not_null_violation OR numeric_value_out_of_range THEN
        GET STACKED DIAGNOSTICS broken = MESSAGE_TEXT;
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('market %s refused: %s', coalesce(symbol, 'NULL'), broken),
            HINT = 'A symbol is like BTC-USD, base and quote are two different assets like BTC, rates lie between 0 and 1, min_amount is at most max_amount.';
END
$$;
COMMENT ON FUNCTION exchange.create_market(text, text, text, numeric, numeric, numeric, numeric, numeric, numeric, numeric) IS
'Opens a market. tick_size: smallest step of a price in quote; lot_size: smallest step of a quantity in base; rates: commission as a fraction of price x amount. Returns the symbol. 22004 NULL, 22023 a rule that cannot hold, 42710 the market exists';

CREATE FUNCTION exchange.set_market_status(symbol text, status text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM bourse.require_installed();
    IF status IS NULL OR status NOT IN ('open', 'halted', 'cancel_only', 'auction', 'closed') THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = format('%s is no market status', coalesce(quote_literal(status), 'NULL')),
            HINT = 'A status is open, halted, cancel_only, auction or closed.';
    END IF;
    -- Waits for the batch that is matching: a halt falls between two batches, never into one.
    PERFORM exchange.lock_market(symbol);
    UPDATE exchange.markets m SET status = set_market_status.status, updated_at = clock_timestamp()
    WHERE m.symbol = set_market_status.symbol;
    RETURN status;
END
$$;
COMMENT ON FUNCTION exchange.set_market_status(text, text) IS
'Sets what a market allows: open everything; auction and cancel_only no trades, cancels only for the latter; halted and closed nothing. Returns the status. 22023 unknown status, 42704 unknown market';
