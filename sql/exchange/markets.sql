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
    IF symbol IS NULL OR base IS NULL OR quote IS NULL OR maker_rate IS NULL OR taker_rate IS NULL THEN
        PERFORM bourse.refuse('22004', 'symbol, base, quote and the rates must not be NULL', 'Give a value for each.');
    END IF;
    IF greatest(scale(trim_scale(maker_rate)), scale(trim_scale(taker_rate))) > 8 THEN
        PERFORM bourse.refuse('22023',
            format('rate %s or %s has more than 8 decimals', bourse_private.clip(maker_rate::text),
                bourse_private.clip(taker_rate::text)),
            'Round the rates to 8 decimals or fewer.');
    END IF;
    PERFORM exchange_private.require_amount('tick_size', tick_size);
    PERFORM exchange_private.require_amount('lot_size', lot_size);
    PERFORM exchange_private.require_amount('min_amount', min_amount) WHERE min_amount IS NOT NULL;
    PERFORM exchange_private.require_amount('max_amount', max_amount) WHERE max_amount IS NOT NULL;
    PERFORM exchange_private.require_amount('min_notional', min_notional) WHERE min_notional IS NOT NULL;
    IF mod(tick_size * lot_size, 0.00000001) <> 0 THEN
        PERFORM bourse.refuse('22023',
            format('tick_size %s x lot_size %s is finer than 0.00000001', tick_size, lot_size),
            'Choose a tick and a lot whose product is a multiple of 0.00000001, so that every price x amount is '
            'exact.');
    END IF;
    INSERT INTO exchange.markets AS m (symbol, base, quote, tick_size, lot_size, min_amount, max_amount, min_notional,
                                       maker_rate, taker_rate)
    VALUES (symbol, base, quote, tick_size, lot_size, min_amount, max_amount, min_notional, maker_rate, taker_rate);
    RETURN symbol;
EXCEPTION
    WHEN unique_violation THEN
        GET STACKED DIAGNOSTICS broken = CONSTRAINT_NAME;
        IF broken <> 'markets_pkey' THEN
            RAISE;
        END IF;
        PERFORM bourse.refuse('42710', format('market %s exists', bourse_private.clip(symbol)),
            'SELECT * FROM exchange.markets shows its rules.');
    WHEN check_violation OR not_null_violation OR numeric_value_out_of_range THEN
        GET STACKED DIAGNOSTICS broken = MESSAGE_TEXT;
        PERFORM bourse.refuse('22023',
            format('market %s refused: %s', bourse_private.quoted(symbol), bourse_private.clip(broken)),
            'A symbol is like BTC-USD, base and quote are two different assets like BTC, the taker rate lies between '
            '0 and 1, the maker rate between -1 and 1, min_amount is at most max_amount.');
END
$$;
COMMENT ON FUNCTION exchange.create_market(text, text, text, numeric, numeric, numeric, numeric, numeric, numeric,
                                           numeric) IS
'Opens a market. tick_size: smallest step of a price in quote; lot_size: smallest step of a quantity in base, and '
'tick_size x lot_size a multiple of 0.00000001; min_amount, max_amount: of an order, in base; min_notional: its least '
'price x amount, in quote; rates: commission as a fraction of price x amount, taker_rate between 0 and 1, maker_rate '
'between -1 and 1. Returns the symbol. 22004 NULL, 22023 a rule that cannot hold, 42710 the market exists';
GRANT EXECUTE ON FUNCTION exchange.create_market(text, text, text, numeric, numeric, numeric, numeric, numeric, numeric,
                                                 numeric)
TO bourse_admin;
