-- What brokers say of positions and holdings, in our words. Fields are named as OpenAlgo and Kite Connect name them.
-- They reckon in floats: prices are rounded to 8 decimals.

CREATE FUNCTION mirror_private.positions_lines(rows jsonb, as_of timestamptz) RETURNS SETOF mirror_private.book_line
LANGUAGE sql STABLE ROWS 1000 SET search_path = pg_catalog, mirror, pg_temp AS $$
    WITH said AS MATERIALIZED (
        SELECT r.n, btrim(coalesce(r.symbol, r.tradingsymbol, '')) AS symbol,
               btrim(upper(coalesce(r.exchange, '') COLLATE "C")) AS exchange,
               nullif(btrim(upper(r.product COLLATE "C")), '') AS product, r.quantity,
               r.average_price AS average_price,
               nullif(coalesce(r.ltp, r.last_price), 0) AS last_price,
               nullif(coalesce(r.previous_close, r.close_price), 0) AS previous_close,
               r.pnl AS reported_pnl,
               nullif(r.multiplier, 0) AS multiplier
        FROM ROWS FROM (jsonb_to_recordset(rows) AS (
            symbol text, tradingsymbol text, exchange text, product text, quantity numeric, average_price numeric,
            ltp numeric, last_price numeric, previous_close numeric, close_price numeric, pnl numeric,
            multiplier numeric)) WITH ORDINALITY
            AS r (symbol, tradingsymbol, exchange, product, quantity, average_price, ltp, last_price, previous_close,
                  close_price, pnl, multiplier, n)
    )
    SELECT s.n, CASE
               WHEN s.symbol = '' OR s.exchange = '' THEN '22004 it has no symbol or no exchange'
               WHEN length(s.symbol) > 50 OR length(s.exchange) > 10 OR length(s.product) > 10
                   THEN '22023 its symbol, exchange or product is too long'
               WHEN (abs(s.quantity) < 1000000000000
                     AND (scale(s.quantity) <= 8 OR min_scale(s.quantity) <= 8)) IS NOT TRUE
                   THEN '22023 its quantity is ' || coalesce(bourse_private.clip(s.quantity::text), 'missing')
               WHEN (s.average_price >= 0 AND s.average_price < 1000000000000) IS NOT TRUE
                    AND (s.quantity <> 0 OR s.average_price IS NOT NULL)
                   THEN '22023 its average_price is ' || coalesce(bourse_private.clip(s.average_price::text), 'missing')
               WHEN (s.last_price > 0 AND s.last_price < 1000000000000) IS FALSE
                   THEN '22023 its ltp is ' || bourse_private.clip(s.last_price::text)
               WHEN (s.previous_close > 0 AND s.previous_close < 1000000000000) IS FALSE
                   THEN '22023 its close_price is ' || bourse_private.clip(s.previous_close::text)
               WHEN (abs(s.reported_pnl) < 1000000000000) IS FALSE
                   THEN '22023 its pnl is ' || bourse_private.clip(s.reported_pnl::text)
               WHEN (s.multiplier > 0 AND s.multiplier < 1000000000000
                     AND (scale(s.multiplier) <= 8 OR min_scale(s.multiplier) <= 8)) IS FALSE
                   THEN '22023 its multiplier is ' || bourse_private.clip(s.multiplier::text)
           END,
           CASE WHEN s.symbol <> '' AND s.exchange <> ''
                THEN s.exchange || ':' || s.symbol || ':' || coalesce(s.product, '') END,
           NULL::text, NULL::text, s.symbol, s.exchange, s.product, NULL::text, s.quantity, NULL::text,
           NULL::numeric, NULL::numeric, NULL::text, NULL::numeric,
           coalesce(round(CASE WHEN abs(s.average_price) < 1e12 THEN s.average_price END, 8), 0),
           nullif(round(CASE WHEN abs(s.last_price) < 1e12 THEN s.last_price END, 8), 0),
           nullif(round(CASE WHEN abs(s.previous_close) < 1e12 THEN s.previous_close END, 8), 0),
           round(CASE WHEN abs(s.reported_pnl) < 1e12 THEN s.reported_pnl END, 8), s.multiplier, NULL::timestamptz,
           NULL::timestamptz, NULL::text
    FROM said s
$$;
COMMENT ON FUNCTION mirror_private.positions_lines(jsonb, timestamptz) IS
'The rows of a position book. Prices of 0 are none, but for the average. For read_lines()';

CREATE FUNCTION mirror_private.holdings_lines(rows jsonb, as_of timestamptz) RETURNS SETOF mirror_private.book_line
LANGUAGE sql STABLE ROWS 1000 SET search_path = pg_catalog, mirror, pg_temp AS $$
    WITH said AS MATERIALIZED (
        -- Shares that are to be delivered, or are pledged, are told apart from those that are free.
        SELECT r.n, btrim(coalesce(r.symbol, r.tradingsymbol, '')) AS symbol,
               btrim(upper(coalesce(r.exchange, '') COLLATE "C")) AS exchange,
               r.quantity + coalesce(r.t1_quantity, 0)
               + coalesce(coalesce(r.pledged_quantity, r.collateral_quantity), 0) AS quantity,
               least(r.quantity, r.t1_quantity,
                     coalesce(r.pledged_quantity, r.collateral_quantity)) AS smallest,
               r.average_price AS average_price,
               nullif(coalesce(r.ltp, r.last_price), 0) AS last_price,
               nullif(coalesce(r.previous_close, r.close_price), 0) AS previous_close,
               r.pnl AS reported_pnl
        FROM ROWS FROM (jsonb_to_recordset(rows) AS (
            symbol text, tradingsymbol text, exchange text, quantity numeric, t1_quantity numeric,
            pledged_quantity numeric, collateral_quantity numeric, average_price numeric, ltp numeric,
            last_price numeric, previous_close numeric, close_price numeric, pnl numeric)) WITH ORDINALITY
            AS r (symbol, tradingsymbol, exchange, quantity, t1_quantity, pledged_quantity, collateral_quantity,
                  average_price, ltp, last_price, previous_close, close_price, pnl, n)
    )
    SELECT s.n, CASE
               WHEN s.symbol = '' OR s.exchange = '' THEN '22004 it has no symbol or no exchange'
               WHEN length(s.symbol) > 50 OR length(s.exchange) > 10 THEN '22023 its symbol or exchange is too long'
               WHEN (s.smallest >= 0 AND s.quantity < 1000000000000
                     AND (scale(s.quantity) <= 8 OR min_scale(s.quantity) <= 8)) IS NOT TRUE
                   THEN '22023 its quantity is ' || coalesce(bourse_private.clip(least(s.smallest, s.quantity)::text),
                                                             'missing')
               WHEN (s.average_price >= 0 AND s.average_price < 1000000000000) IS FALSE
                   THEN '22023 its average_price is ' || bourse_private.clip(s.average_price::text)
               WHEN (s.last_price > 0 AND s.last_price < 1000000000000) IS FALSE
                   THEN '22023 its ltp is ' || bourse_private.clip(s.last_price::text)
               WHEN (s.previous_close > 0 AND s.previous_close < 1000000000000) IS FALSE
                   THEN '22023 its close_price is ' || bourse_private.clip(s.previous_close::text)
               WHEN (abs(s.reported_pnl) < 1000000000000) IS FALSE
                   THEN '22023 its pnl is ' || bourse_private.clip(s.reported_pnl::text)
           END,
           CASE WHEN s.symbol <> '' AND s.exchange <> '' THEN s.exchange || ':' || s.symbol END,
           NULL::text, NULL::text, s.symbol, s.exchange, NULL::text, NULL::text, s.quantity, NULL::text,
           NULL::numeric, NULL::numeric, NULL::text, NULL::numeric,
           round(CASE WHEN abs(s.average_price) < 1e12 THEN s.average_price END, 8),
           nullif(round(CASE WHEN abs(s.last_price) < 1e12 THEN s.last_price END, 8), 0),
           nullif(round(CASE WHEN abs(s.previous_close) < 1e12 THEN s.previous_close END, 8), 0),
           round(CASE WHEN abs(s.reported_pnl) < 1e12 THEN s.reported_pnl END, 8), NULL::numeric, NULL::timestamptz,
           NULL::timestamptz, NULL::text
    FROM said s
$$;
COMMENT ON FUNCTION mirror_private.holdings_lines(jsonb, timestamptz) IS
'The rows of a book of holdings: all that is owned, be it free, to be delivered or pledged. Prices of 0 are none, but '
'for the average; one that is not told is not known. For read_lines()';
