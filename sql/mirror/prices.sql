-- Prices of what accounts hold, from a feed: one call for all of them.

CREATE TYPE mirror_private.price AS (
    exchange       text,
    symbol         text,
    ltp            numeric,
    previous_close numeric
);
COMMENT ON TYPE mirror_private.price IS 'A price of an instrument, as update_prices() is told it';

CREATE FUNCTION mirror_private.prices_of(prices jsonb) RETURNS mirror_private.price[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
DECLARE
    most CONSTANT integer := 10000;
    said mirror_private.price[];
BEGIN
    PERFORM bourse_private.require_given('prices', prices), bourse_private.require_shallow('prices', prices);
    IF jsonb_typeof(prices) <> 'array' OR jsonb_path_exists(prices, 'strict $[*] ? (@.type() != "object")') THEN
        PERFORM bourse.refuse('22023', 'prices is not an array of objects',
            'Give [{"exchange": …, "symbol": …, "ltp": …, "previous_close": …}, …].');
    ELSIF jsonb_array_length(prices) > most THEN
        PERFORM bourse.refuse('54000', format('%s prices', jsonb_array_length(prices)), format('Give up to %s.', most));
    ELSIF jsonb_path_exists(prices, '$[*].* ? (@ > 1e20 || @ < -1e20)') THEN
        PERFORM bourse.refuse('22023', 'a price is too large', 'Give prices below 1000000000000.');
    END IF;
    SELECT array_agg(l) INTO said FROM (
        SELECT DISTINCT ON (r.exchange, r.symbol) r.exchange, r.symbol, r.ltp, r.previous_close
        FROM ROWS FROM (jsonb_to_recordset(prices) AS (
            exchange text, symbol text, ltp numeric, previous_close numeric)) WITH ORDINALITY
            AS r (exchange, symbol, ltp, previous_close, n)
        ORDER BY r.exchange, r.symbol, r.n DESC) l;
    RETURN coalesce(said, '{}');
EXCEPTION WHEN invalid_text_representation THEN
    PERFORM bourse.refuse('22023', bourse_private.clip(SQLERRM), 'ltp and previous_close are numbers.');
END
$$;
COMMENT ON FUNCTION mirror_private.prices_of(jsonb) IS
'The prices of an array, the last one of each instrument. Refuses NULL (22004), what is no array of objects with '
'numbers (22023), more than 10,000 (54000). For update_prices()';

CREATE FUNCTION mirror_private.price_positions(prices mirror_private.price[], at timestamptz) RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
    WITH held AS MATERIALIZED (
        SELECT p.id, q.ltp, coalesce(q.previous_close, p.previous_close) AS close
        FROM unnest(prices) q
        JOIN mirror.positions p ON p.symbol = q.symbol AND p.exchange = q.exchange AND p.closed_at IS NULL
        WHERE (p.current_price, p.previous_close)
              IS DISTINCT FROM (q.ltp, coalesce(q.previous_close, p.previous_close))
        ORDER BY p.id FOR NO KEY UPDATE OF p
    ), written AS (
        UPDATE mirror.positions p SET current_price = h.ltp, previous_close = h.close, priced_at = at
        FROM held h WHERE p.id = h.id AND (p.priced_at <= at) IS NOT FALSE RETURNING p.id
    )
    SELECT count(*) FROM written
$$;
COMMENT ON FUNCTION mirror_private.price_positions(mirror_private.price[], timestamptz) IS
'Writes prices that have changed to open positions, in order of id. Returns to how many. For update_prices()';

CREATE FUNCTION mirror_private.price_holdings(prices mirror_private.price[], at timestamptz) RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
    WITH held AS MATERIALIZED (
        SELECT o.id, q.ltp, coalesce(q.previous_close, o.previous_close) AS close
        FROM unnest(prices) q
        JOIN mirror.holdings o ON o.symbol = q.symbol AND o.exchange = q.exchange AND o.closed_at IS NULL
        WHERE (o.current_price, o.previous_close)
              IS DISTINCT FROM (q.ltp, coalesce(q.previous_close, o.previous_close))
        ORDER BY o.id FOR NO KEY UPDATE OF o
    ), written AS (
        UPDATE mirror.holdings o SET current_price = h.ltp, previous_close = h.close, priced_at = at
        FROM held h WHERE o.id = h.id AND (o.priced_at <= at) IS NOT FALSE RETURNING o.id
    )
    SELECT count(*) FROM written
$$;
COMMENT ON FUNCTION mirror_private.price_holdings(mirror_private.price[], timestamptz) IS
'Writes prices that have changed to holdings, in order of id. Returns to how many. For update_prices()';

CREATE FUNCTION mirror.update_prices(prices jsonb) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
DECLARE
    said mirror_private.price[];
    bad mirror_private.price;
    at CONSTANT timestamptz := clock_timestamp();
BEGIN
    PERFORM mirror_private.require_everybody('update_prices()');
    said := mirror_private.prices_of(prices);
    SELECT q.* INTO bad FROM unnest(said) q
    WHERE q.exchange IS NULL OR q.symbol IS NULL
       OR (q.ltp > 0 AND q.ltp < 1000000000000 AND min_scale(q.ltp) <= 8) IS NOT TRUE
       OR (q.previous_close > 0 AND q.previous_close < 1000000000000 AND min_scale(q.previous_close) <= 8) IS FALSE
    LIMIT 1;
    IF FOUND THEN
        PERFORM bourse.refuse('22023',
            format('%s %s has ltp %s and previous_close %s', coalesce(bourse_private.clip(bad.exchange), 'NULL'),
                   coalesce(bourse_private.quoted(bad.symbol), 'NULL'),
                   coalesce(bourse_private.clip(bad.ltp::text), 'NULL'),
                   coalesce(bourse_private.clip(bad.previous_close::text), 'NULL')),
            'Give exchange, symbol, and prices above 0 and below 1000000000000 with up to 8 decimals; previous_close '
            'may be left out.');
    END IF;
    RETURN mirror_private.price_positions(said, at) + mirror_private.price_holdings(said, at);
END
$$;
COMMENT ON FUNCTION mirror.update_prices(jsonb) IS
'Gives open positions and holdings of all accounts the prices of a feed, all or none: an array of up to 10,000 objects '
'{exchange, symbol, ltp, previous_close}; without the last one it stays as it was. Of two for an instrument the later '
'counts. Returns how many rows have changed. For workers. 22004 NULL, 22023 not such an array, a bad price, 25001 not '
'READ COMMITTED, 42501 the session does not act for everybody, 54000 too many';
GRANT EXECUTE ON FUNCTION mirror.update_prices(jsonb) TO bourse_admin, bourse_gateway, bourse_worker;
