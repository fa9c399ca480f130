-- What brokers say of orders and executions, in our words. Fields are named as OpenAlgo and Kite Connect name them; a
-- time without a zone is that of India.

-- A time alone is the last one of that name. Noren has the time before the date, others have seconds or milliseconds
-- since 1970; and to PostgreSQL IST is Israel's.
CREATE FUNCTION mirror_private.indian_time(said text, as_of timestamptz) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp
SET timezone = 'Asia/Kolkata' SET datestyle = 'ISO, DMY' AS $$
DECLARE
    plain CONSTANT text := CASE WHEN said LIKE '% IST' THEN rtrim(left(said, -4)) ELSE said END;
    today timestamptz;
BEGIN
    IF plain ~ '^[0-9]+$' THEN
        RETURN to_timestamp(plain::double precision / CASE length(plain) WHEN 13 THEN 1000 ELSE 1 END);
    ELSIF plain LIKE '__:__:__ __-__-____' THEN
        RETURN (substr(plain, 10) || ' ' || left(plain, 8))::timestamptz;
    ELSIF plain NOT LIKE '__:__:__' THEN
        RETURN plain::timestamptz;
    END IF;
    today := (as_of::date + plain::time)::timestamptz;
    RETURN today - CASE WHEN today > as_of + interval '5 minutes' THEN interval '1 day' ELSE interval '0' END;
END
$$;
COMMENT ON FUNCTION mirror_private.indian_time(text, timestamptz) IS
'A time in India as some brokers write it. A time of the day: when it was that last, as of some time; clocks may '
'differ by 5 minutes. Ten digits are seconds since 1970, thirteen milliseconds';

CREATE FUNCTION mirror_private.orders_lines(rows jsonb, as_of timestamptz) RETURNS SETOF mirror_private.book_line
LANGUAGE sql STABLE ROWS 1000 SET search_path = pg_catalog, mirror, pg_temp
SET timezone = 'Asia/Kolkata' SET datestyle = 'ISO, DMY' AS $$
    WITH said AS MATERIALIZED (
        SELECT r.n, btrim(coalesce(r.orderid, r.order_id, '')) AS order_id,
               btrim(coalesce(r.symbol, r.tradingsymbol, '')) AS symbol,
               btrim(upper(coalesce(r.exchange, '') COLLATE "C")) AS exchange,
               nullif(btrim(upper(r.product COLLATE "C")), '') AS product,
               upper(coalesce(r.action, r.transaction_type) COLLATE "C") AS action, r.quantity,
               translate(upper(coalesce(r.pricetype, r.order_type) COLLATE "C"), '-_ ', '') AS order_type,
               -- Of what has filled some brokers give the average as the price.
               nullif(round(r.price, 8), 0) AS price, nullif(round(r.trigger_price, 8), 0) AS trigger_price,
               translate(upper(coalesce(r.order_status, r.status) COLLATE "C"), '_-', '  ') AS word,
               r.filled_quantity AS filled,
               nullif(r.average_price, 0) AS average_price,
               nullif(coalesce(r.timestamp, r.order_timestamp), '') AS placed,
               nullif(coalesce(r.exchange_update_timestamp, r.exchange_timestamp), '') AS executed,
               nullif(left(coalesce(r.rejection_reason, r.status_message), 500), '') AS note
        FROM ROWS FROM (jsonb_to_recordset(rows) AS (
            orderid text, order_id text, symbol text, tradingsymbol text, exchange text, product text, action text,
            transaction_type text, quantity numeric, pricetype text, order_type text, price numeric,
            trigger_price numeric, order_status text, status text, filled_quantity numeric, average_price numeric,
            "timestamp" text, order_timestamp text, exchange_update_timestamp text, exchange_timestamp text,
            rejection_reason text, status_message text)) WITH ORDINALITY
            AS r (orderid, order_id, symbol, tradingsymbol, exchange, product, action, transaction_type, quantity,
                  pricetype, order_type, price, trigger_price, order_status, status, filled_quantity, average_price,
                  "timestamp", order_timestamp, exchange_update_timestamp, exchange_timestamp, rejection_reason,
                  status_message, n)
    ), told AS MATERIALIZED (
        SELECT s.*, CASE
                   WHEN s.word IN ('COMPLETE', 'OPEN', 'CANCELLED', 'REJECTED', 'EXPIRED', 'EXECUTED', 'PARTIAL')
                       THEN replace(s.word, 'COMPLETE', 'EXECUTED')
                   -- What waits for its trigger, OpenAlgo also calls pending.
                   WHEN s.word IN ('TRIGGER PENDING') OR s.word = 'PENDING' AND s.order_type LIKE 'SL%'
                       THEN 'TRIGGER_PENDING'
                   WHEN s.word IN ('COMPLETED', 'FILLED', 'TRADED') THEN 'EXECUTED'
                   WHEN s.word IN ('UPDATE', 'MODIFIED', 'MODIFY PENDING', 'CANCEL PENDING', 'NOT MODIFIED',
                                   'NOT CANCELLED', 'MODIFY VALIDATION PENDING') THEN 'OPEN'
                   WHEN s.word IN ('PARTIALLY FILLED', 'PARTIALLY EXECUTED', 'PARTIALLY TRADED', 'PART TRADED')
                       THEN 'PARTIAL'
                   WHEN s.word IN ('CANCELED', 'CANCEL', 'CANCELLED AMO', 'CANCELLED AFTER MARKET ORDER')
                       THEN 'CANCELLED'
                   WHEN s.word IN ('LAPSED') THEN 'EXPIRED'
                   WHEN s.word IN ('PENDING', 'OPEN PENDING', 'VALIDATION PENDING', 'PUT ORDER REQ RECEIVED',
                                   'AMO REQ RECEIVED', 'MODIFY AMO REQ RECEIVED', 'AFTER MARKET ORDER REQ RECEIVED',
                                   'MODIFY AFTER MARKET ORDER REQ RECEIVED', 'TRANSIT', 'RECEIVED')
                       THEN 'PENDING' END AS status,
               -- Words are times to PostgreSQL as well: now, infinity.
               CASE WHEN s.placed ~ '^[0-9].:..:..( .{10})?$|^[0-9].* IST$|^1[0-9]{9}([0-9]{3})?$'
                        THEN mirror_private.indian_time(s.placed, as_of)
                    WHEN ascii(s.placed) BETWEEN 48 AND 57 THEN s.placed::timestamptz END AS placed_at,
               CASE WHEN s.executed ~ '^[0-9].:..:..( .{10})?$|^[0-9].* IST$|^1[0-9]{9}([0-9]{3})?$'
                        THEN mirror_private.indian_time(s.executed, as_of)
                    WHEN ascii(s.executed) BETWEEN 48 AND 57 THEN s.executed::timestamptz END AS executed_at
        FROM said s
    )
    SELECT t.n, CASE
               WHEN t.order_id = '' THEN '22004 it has no orderid'
               WHEN length(t.order_id) > 50 THEN '22023 its orderid has more than 50 characters'
               WHEN t.symbol = '' OR t.exchange = '' THEN '22004 it has no symbol or no exchange'
               WHEN length(t.symbol) > 50 OR length(t.exchange) > 10 OR length(t.product) > 10
                   THEN '22023 its symbol, exchange or product is too long'
               WHEN (t.action IN ('BUY', 'SELL')) IS NOT TRUE
                   THEN '22023 its action is ' || coalesce(bourse_private.quoted(t.action), 'missing')
               WHEN (t.order_type IN ('MARKET', 'LIMIT', 'SL', 'SLM')) IS NOT TRUE
                   THEN '22023 its pricetype is ' || coalesce(bourse_private.quoted(t.order_type), 'missing')
               WHEN t.status IS NULL
                   THEN '22023 its status is ' || coalesce(bourse_private.quoted(t.word), 'missing')
               WHEN (t.quantity > 0 AND t.quantity < 1000000000000
                     AND (scale(t.quantity) <= 8 OR min_scale(t.quantity) <= 8)) IS NOT TRUE
                   THEN '22023 its quantity is ' || coalesce(bourse_private.clip(t.quantity::text), 'missing')
               WHEN (t.price > 0 AND t.price < 1000000000000) IS FALSE
                   THEN '22023 its price is ' || bourse_private.clip(trim_scale(t.price)::text)
               WHEN (t.trigger_price > 0 AND t.trigger_price < 1000000000000) IS FALSE
                   THEN '22023 its trigger_price is ' || bourse_private.clip(trim_scale(t.trigger_price)::text)
               WHEN (t.average_price > 0 AND t.average_price < 1000000000000) IS FALSE
                   THEN '22023 its average_price is ' || bourse_private.clip(t.average_price::text)
               WHEN (t.filled >= 0 AND t.filled <= t.quantity
                     AND (scale(t.filled) <= 8 OR min_scale(t.filled) <= 8)) IS FALSE
                   THEN format('22023 its filled_quantity is %s of %s', bourse_private.clip(t.filled::text), t.quantity)
               WHEN t.status = 'EXECUTED' AND t.filled < t.quantity
                   THEN format('22023 it is %s with a filled_quantity of %s of %s', lower(t.word COLLATE "C"),
                               t.filled, t.quantity)
               WHEN t.placed IS NOT NULL AND t.placed_at IS NULL
                   THEN '22007 its timestamp is ' || bourse_private.quoted(t.placed)
           END,
           nullif(t.order_id, ''), nullif(t.order_id, ''), NULL::text, t.symbol, t.exchange, t.product, t.action,
           t.quantity, t.order_type, t.price, t.trigger_price, t.status,
           CASE t.status WHEN 'EXECUTED' THEN t.quantity ELSE coalesce(t.filled, 0) END,
           nullif(round(CASE WHEN abs(t.average_price) < 1e12 THEN t.average_price END, 8), 0), NULL::numeric,
           NULL::numeric, NULL::numeric, NULL::numeric, t.placed_at,
           CASE t.status WHEN 'EXECUTED' THEN coalesce(t.executed_at, t.placed_at) END, t.note
    FROM told t
$$;
COMMENT ON FUNCTION mirror_private.orders_lines(jsonb, timestamptz) IS
'The rows of an order book. A price of 0 is none; prices are rounded to 8 decimals. For read_lines()';

CREATE FUNCTION mirror_private.executions_lines(rows jsonb, as_of timestamptz) RETURNS SETOF mirror_private.book_line
LANGUAGE sql STABLE ROWS 1000 SET search_path = pg_catalog, mirror, pg_temp
SET timezone = 'Asia/Kolkata' SET datestyle = 'ISO, DMY' AS $$
    WITH said AS MATERIALIZED (
        SELECT r.n, btrim(coalesce(r.tradeid, r.trade_id, '')) AS execution_id,
               btrim(coalesce(r.orderid, r.order_id, '')) AS order_id,
               r.quantity,
               coalesce(r.average_price, r.price) AS price,
               nullif(coalesce(r.fill_timestamp, r.timestamp, r.exchange_timestamp), '') AS filled
        FROM ROWS FROM (jsonb_to_recordset(rows) AS (
            tradeid text, trade_id text, orderid text, order_id text, quantity numeric, average_price numeric,
            price numeric, fill_timestamp text, "timestamp" text, exchange_timestamp text)) WITH ORDINALITY
            AS r (tradeid, trade_id, orderid, order_id, quantity, average_price, price, fill_timestamp, "timestamp",
                  exchange_timestamp, n)
    ), told AS MATERIALIZED (
        SELECT s.*, CASE WHEN s.filled ~ '^[0-9].:..:..( .{10})?$|^[0-9].* IST$|^1[0-9]{9}([0-9]{3})?$'
                             THEN mirror_private.indian_time(s.filled, as_of)
                         WHEN ascii(s.filled) BETWEEN 48 AND 57 THEN s.filled::timestamptz END AS executed_at
        FROM said s
    )
    SELECT t.n, CASE
               WHEN length(t.execution_id) > 100 THEN '22023 its tradeid has more than 100 characters'
               WHEN t.order_id = '' THEN '22004 it has no orderid'
               WHEN length(t.order_id) > 50 THEN '22023 its orderid has more than 50 characters'
               WHEN (t.quantity > 0 AND t.quantity < 1000000000000
                     AND (scale(t.quantity) <= 8 OR min_scale(t.quantity) <= 8)) IS NOT TRUE
                   THEN '22023 its quantity is ' || coalesce(bourse_private.clip(t.quantity::text), 'missing')
               WHEN (t.price >= 0.00000001 AND t.price < 1000000000000) IS NOT TRUE
                   THEN '22023 its average_price is ' || coalesce(bourse_private.clip(t.price::text), 'missing')
               WHEN t.executed_at IS NULL
                   THEN '22007 its timestamp is ' || coalesce(bourse_private.quoted(t.filled), 'missing')
           END,
           nullif(t.execution_id, ''), nullif(t.order_id, ''), nullif(t.execution_id, ''), NULL::text, NULL::text,
           NULL::text, NULL::text, t.quantity, NULL::text, round(CASE WHEN abs(t.price) < 1e12 THEN t.price END, 8),
           NULL::numeric, NULL::text, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric, NULL::numeric,
           NULL::numeric, t.executed_at, t.executed_at, NULL::text
    FROM told t
$$;
COMMENT ON FUNCTION mirror_private.executions_lines(jsonb, timestamptz) IS
'The rows of a trade book. For read_lines()';
