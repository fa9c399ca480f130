-- What can be traded at brokers: steps of quantities and prices, and orders that are too large for one.

CREATE FUNCTION mirror_private.require_instrument_name(exchange text, symbol text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('exchange', exchange), bourse_private.require_given('symbol', symbol);
    IF exchange COLLATE "C" !~ '^[A-Z0-9][A-Z0-9_]{0,9}$' THEN
        PERFORM bourse.refuse('22023', format('exchange is %s', bourse_private.quoted(exchange)),
            'An exchange is 1 to 10 capital letters and digits, like NSE or NFO.');
    ELSIF symbol = '' OR symbol <> btrim(symbol) OR length(symbol) > 50 OR symbol COLLATE "C" ~ '[[:cntrl:]]' THEN
        PERFORM bourse.refuse('22023', format('symbol is %s', bourse_private.quoted(symbol)),
            'A symbol is 1 to 50 characters without blanks around them, like RELIANCE or NIFTY28AUG25FUT.');
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.require_instrument_name(text, text) IS
'Refuses an exchange or a symbol that is NULL (22004), or cannot be one (22023)';

CREATE FUNCTION mirror_private.require_size(parameter text, value numeric) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    IF NOT (value > 0 AND value < 1000000000000) OR scale(trim_scale(value)) > 8 THEN
        PERFORM bourse.refuse('22023', format('%s is %s', parameter, bourse_private.clip(value::text)),
            'Give a number above 0 and below 1000000000000, with up to 8 decimals.');
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.require_size(text, numeric) IS
'Refuses what is no size of anything: 0 or less, too large, NaN, more than 8 decimals (22023); NULL passes';

CREATE FUNCTION mirror_private.require_amount(parameter text, value numeric) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    IF NOT abs(value) < 1000000000000 OR scale(trim_scale(value)) > 8 THEN
        PERFORM bourse.refuse('22023', format('%s is %s', parameter, bourse_private.clip(value::text)),
            'Give a number between -1000000000000 and 1000000000000, with up to 8 decimals.');
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.require_amount(text, numeric) IS
'Refuses what is too large, NaN, or has more than 8 decimals (22023); NULL passes';

CREATE FUNCTION mirror_private.terms_of(exchange text, symbol text) RETURNS TABLE (
    lot_size numeric, tick_size numeric, multiplier numeric, freeze_quantity numeric, min_notional numeric,
    is_assumed boolean)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT i.lot_size, i.tick_size, i.multiplier, i.freeze_quantity, i.min_notional, false
    FROM mirror.instruments i WHERE i.exchange = terms_of.exchange AND i.symbol = terms_of.symbol;
    IF NOT FOUND THEN
        RETURN QUERY SELECT 1::numeric, 0.00000001, 1::numeric, NULL::numeric, NULL::numeric, true;
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.terms_of(text, text) IS
'The steps and sizes of an instrument: one row. Of one that nobody has set: lots of 1, any price, a multiplier of 1, '
'and is_assumed';

CREATE FUNCTION mirror_private.round_to_lot(quantity numeric, lot_size numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT trim_scale(quantity - mod(quantity, lot_size))
$$;
COMMENT ON FUNCTION mirror_private.round_to_lot(numeric, numeric) IS
'A quantity in whole lots, towards 0: never more than was meant';

-- From the remainder, and not by a quotient: a quotient is rounded.
CREATE FUNCTION mirror_private.round_to_tick(price numeric, tick_size numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT trim_scale(price - mod(price, tick_size)
                      + CASE WHEN 2 * abs(mod(price, tick_size)) >= tick_size THEN sign(price) * tick_size ELSE 0 END)
$$;
COMMENT ON FUNCTION mirror_private.round_to_tick(numeric, numeric) IS
'A price on the nearest tick; halfway away from 0';

CREATE FUNCTION mirror.set_instrument(
    exchange text, symbol text, lot_size numeric, tick_size numeric, multiplier numeric DEFAULT 1,
    freeze_quantity numeric DEFAULT NULL, min_notional numeric DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM identity_private.require_operator();
    PERFORM mirror_private.require_instrument_name(exchange, symbol);
    PERFORM bourse_private.require_given('lot_size', lot_size), bourse_private.require_given('tick_size', tick_size),
            bourse_private.require_given('multiplier', multiplier);
    PERFORM mirror_private.require_size('lot_size', lot_size), mirror_private.require_size('tick_size', tick_size),
            mirror_private.require_size('multiplier', multiplier),
            mirror_private.require_size('freeze_quantity', freeze_quantity),
            mirror_private.require_size('min_notional', min_notional);
    IF freeze_quantity < lot_size THEN
        PERFORM bourse.refuse('22023', format('freeze_quantity %s is less than a lot of %s', freeze_quantity, lot_size),
            'Give what the exchange takes in one order: a lot at least.');
    END IF;
    INSERT INTO mirror.instruments AS i (exchange, symbol, lot_size, tick_size, multiplier, freeze_quantity,
                                         min_notional)
    VALUES (exchange, symbol, lot_size, tick_size, multiplier, freeze_quantity, min_notional)
    ON CONFLICT ON CONSTRAINT instruments_pkey DO UPDATE
    SET lot_size = excluded.lot_size, tick_size = excluded.tick_size, multiplier = excluded.multiplier,
        freeze_quantity = excluded.freeze_quantity, min_notional = excluded.min_notional
    WHERE (i.lot_size, i.tick_size, i.multiplier, i.freeze_quantity, i.min_notional)
          IS DISTINCT FROM (excluded.lot_size, excluded.tick_size, excluded.multiplier, excluded.freeze_quantity,
                            excluded.min_notional);
END
$$;
COMMENT ON FUNCTION mirror.set_instrument(text, text, numeric, numeric, numeric, numeric, numeric) IS
'Says in which steps an instrument is traded, in the place of what was said before; the same again changes nothing. '
'exchange: 1 to 10 capital letters and digits; symbol: 1 to 50 characters; lot_size, tick_size: steps of quantity and '
'price; multiplier: what a price of 1 comes to for a quantity of 1; freeze_quantity: the most that one order may have; '
'min_notional: the least that one may come to. 22004 NULL, 22023 no such name, a size that is not above 0 with up to 8 '
'decimals, a freeze_quantity below a lot, 42501 the session does not act for everybody';
GRANT EXECUTE ON FUNCTION mirror.set_instrument(text, text, numeric, numeric, numeric, numeric, numeric)
    TO bourse_admin, bourse_gateway, bourse_worker;

CREATE FUNCTION mirror.remove_instrument(exchange text, symbol text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM identity_private.require_operator();
    PERFORM mirror_private.require_instrument_name(exchange, symbol);
    DELETE FROM mirror.instruments i WHERE i.exchange = exchange AND i.symbol = symbol;
    IF NOT FOUND THEN
        PERFORM bourse.refuse('42704', format('instrument %s %s does not exist', exchange,
                                              bourse_private.quoted(symbol)),
            'mirror.instruments lists those that there are.');
    END IF;
END
$$;
COMMENT ON FUNCTION mirror.remove_instrument(text, text) IS
'Forgets an instrument, as of a contract that has expired: its steps are assumed from then on. 22004 NULL, 22023 no '
'such name, 42501 the session does not act for everybody, 42704 no such instrument';
GRANT EXECUTE ON FUNCTION mirror.remove_instrument(text, text) TO bourse_admin, bourse_gateway, bourse_worker;

CREATE FUNCTION mirror.round_quantity(exchange text, symbol text, quantity numeric) RETURNS numeric
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    PERFORM mirror_private.require_instrument_name(exchange, symbol);
    PERFORM bourse_private.require_given('quantity', quantity), mirror_private.require_amount('quantity', quantity);
    RETURN (SELECT mirror_private.round_to_lot(quantity, t.lot_size)
            FROM mirror_private.terms_of(exchange, symbol) t);
END
$$;
COMMENT ON FUNCTION mirror.round_quantity(text, text, numeric) IS
'A quantity in whole lots of an instrument, towards 0; of one that nobody has set in whole ones. 22004 NULL, 22023 no '
'such name, a quantity that is too large or has more than 8 decimals';

CREATE FUNCTION mirror.round_price(exchange text, symbol text, price numeric) RETURNS numeric
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    PERFORM mirror_private.require_instrument_name(exchange, symbol);
    PERFORM bourse_private.require_given('price', price), mirror_private.require_amount('price', price);
    RETURN (SELECT mirror_private.round_to_tick(price, t.tick_size) FROM mirror_private.terms_of(exchange, symbol) t);
END
$$;
COMMENT ON FUNCTION mirror.round_price(text, text, numeric) IS
'A price on the nearest tick of an instrument, halfway away from 0; of one that nobody has set the price itself. 22004 '
'NULL, 22023 no such name, a price that is too large or has more than 8 decimals';
GRANT EXECUTE ON FUNCTION mirror.round_quantity(text, text, numeric), mirror.round_price(text, text, numeric)
    TO bourse_viewer, bourse_worker;

CREATE FUNCTION mirror.slice_quantity(exchange text, symbol text, quantity numeric) RETURNS SETOF numeric
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 10 SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT integer := 1000;
    terms record;
    slice numeric;
    rest numeric := quantity;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM mirror_private.require_instrument_name(exchange, symbol);
    PERFORM bourse_private.require_given('quantity', quantity);
    PERFORM mirror_private.require_size('quantity', quantity);
    SELECT * INTO terms FROM mirror_private.terms_of(exchange, symbol);
    IF mod(quantity, terms.lot_size) <> 0 THEN
        PERFORM bourse.refuse('22023',
            format('quantity %s is not in lots of %s', trim_scale(quantity), trim_scale(terms.lot_size)),
            'mirror.round_quantity() has the whole lots of it.');
    END IF;
    slice := coalesce(mirror_private.round_to_lot(terms.freeze_quantity, terms.lot_size), quantity);
    IF quantity > most * slice THEN
        PERFORM bourse.refuse('54000', format('quantity %s is more than %s orders of %s', trim_scale(quantity), most,
                                              trim_scale(slice)),
            'Give a smaller quantity.');
    END IF;
    WHILE rest > 0 LOOP
        RETURN NEXT trim_scale(least(slice, rest));
        rest := rest - slice;
    END LOOP;
END
$$;
COMMENT ON FUNCTION mirror.slice_quantity(text, text, numeric) IS
'The orders in which a quantity is sent: each the most whole lots that freeze_quantity allows, the last one the rest; '
'together they are the quantity. Of an instrument without a freeze_quantity one. 22004 NULL, 22023 no such name, a '
'quantity that is not above 0 or not in lots, 54000 more than 1,000 orders';
GRANT EXECUTE ON FUNCTION mirror.slice_quantity(text, text, numeric) TO bourse_viewer, bourse_worker;
