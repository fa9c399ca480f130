-- Books of ten thousand rows as a broker delivers them, taken over by us and by an INSERT … ON CONFLICT that somebody has
-- written by hand: into the same tables, of the same JSON, without looking at what it says.
CREATE TABLE bench.books (book text, moment text, content jsonb, PRIMARY KEY (book, moment));
INSERT INTO bench.books
SELECT 'orders', m.moment, jsonb_build_object('status', 'success', 'data', jsonb_build_object('orders', (
           SELECT jsonb_agg(jsonb_build_object(
               'action', CASE WHEN n % 2 = 0 THEN 'BUY' ELSE 'SELL' END, 'symbol', 'SYM' || n % 200, 'exchange', 'NSE',
               'orderid', (250408000000000 + n)::text, 'product', 'MIS', 'quantity', (n % 50 + 1)::text,
               'price', 100 + n % 10 * 0.05, 'pricetype', CASE WHEN n % 3 = 0 THEN 'SL-M' ELSE 'LIMIT' END,
               'order_status', CASE WHEN n % 4 = 0 OR m.moment = 'first' THEN 'open' ELSE 'complete' END,
               'trigger_price', 0.0, 'timestamp', '28-Aug-2025 09:59:10'))
           FROM generate_series(1, 10000) n)))
FROM (VALUES ('first'), ('second')) m (moment)
UNION ALL
SELECT 'positions', m.moment, jsonb_build_object('status', 'success', 'data', (
           SELECT jsonb_agg(jsonb_build_object(
               'symbol', 'SYM' || n, 'exchange', 'NSE', 'product', 'MIS',
               'quantity', (n % 50 + CASE m.moment WHEN 'first' THEN 1 ELSE 2 END)::text, 'average_price', '83.74',
               'ltp', '83.72', 'pnl', '0.02'))
           FROM generate_series(1, 10000) n))
FROM (VALUES ('first'), ('second')) m (moment)
UNION ALL
SELECT 'holdings', m.moment, jsonb_build_object('status', 'success', 'data', (
           SELECT jsonb_agg(jsonb_build_object(
               'symbol', 'SYM' || n, 'exchange', 'NSE', 'product', 'CNC',
               'quantity', n % 50 + CASE m.moment WHEN 'first' THEN 1 ELSE 2 END, 'average_price', 83.74,
               'ltp', 83.72, 'pnl', 0.02))
           FROM generate_series(1, 10000) n))
FROM (VALUES ('first'), ('second')) m (moment);
INSERT INTO identity.users (id, name) VALUES (1, 'ann'), (2, 'ben');

-- Both begin anew.
CREATE PROCEDURE bench.forget() LANGUAGE plpgsql AS $$
BEGIN
    SET LOCAL session_replication_role = replica;
    TRUNCATE mirror.orders, mirror.orders_archive, mirror.positions, mirror.holdings, mirror.books, mirror.documents;
    SET LOCAL session_replication_role = origin;
    DELETE FROM mirror.trading_accounts;
    PERFORM mirror.create_account(1, 'of the function', 'Zerodha'), mirror.create_account(2, 'by hand', 'Zerodha');
END
$$;

CREATE FUNCTION bench.account(user_id bigint) RETURNS bigint LANGUAGE sql STABLE AS $$
    SELECT a.id FROM mirror.trading_accounts a WHERE a.user_id = account.user_id
$$;

CREATE PROCEDURE bench.ours(book text, moment text) LANGUAGE plpgsql AS $$
DECLARE
    began CONSTANT timestamptz := clock_timestamp();
    told bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM mirror.sync_%s($1, (SELECT b.content FROM bench.books b
                                                             WHERE b.book = $2 AND b.moment = $3), clock_timestamp())',
                   book) INTO told USING bench.account(1), book, moment;
    COMMIT;
    INSERT INTO bench.rates (what, rate) VALUES (book, told / extract(epoch FROM clock_timestamp() - began));
END
$$;

CREATE FUNCTION bench.write_orders(account_id bigint, rows jsonb) RETURNS void LANGUAGE sql AS $$
    INSERT INTO mirror.orders (account_id, user_id, order_id, symbol, exchange, action, quantity, order_type, price,
                               trigger_price, product, status, filled_quantity, placed_at, as_of)
    SELECT write_orders.account_id, 2, r.orderid, r.symbol, r.exchange, r.action, r.quantity,
           replace(r.pricetype, '-', ''), nullif(r.price, 0), nullif(r.trigger_price, 0), r.product,
           CASE r.order_status WHEN 'complete' THEN 'EXECUTED' ELSE upper(r.order_status) END,
           CASE r.order_status WHEN 'complete' THEN r.quantity ELSE 0 END, r.timestamp, now()
    FROM jsonb_to_recordset(rows) r (
        orderid text, symbol text, exchange text, action text, quantity numeric, pricetype text, price numeric,
        trigger_price numeric, product text, order_status text, "timestamp" timestamptz)
    ON CONFLICT (account_id, order_id) DO UPDATE
    SET quantity = excluded.quantity, price = excluded.price, trigger_price = excluded.trigger_price,
        status = excluded.status, filled_quantity = excluded.filled_quantity, as_of = excluded.as_of
$$;
CREATE FUNCTION bench.write_positions(account_id bigint, rows jsonb) RETURNS void LANGUAGE sql AS $$
    INSERT INTO mirror.positions (account_id, user_id, symbol, exchange, product, quantity, average_price,
                                  current_price, as_of)
    SELECT write_positions.account_id, 2, r.symbol, r.exchange, r.product, r.quantity, r.average_price, r.ltp, now()
    FROM jsonb_to_recordset(rows) r (symbol text, exchange text, product text, quantity numeric,
                                     average_price numeric, ltp numeric)
    ON CONFLICT (account_id, symbol, exchange, product) DO UPDATE
    SET quantity = excluded.quantity, average_price = excluded.average_price, current_price = excluded.current_price,
        as_of = excluded.as_of
$$;
CREATE FUNCTION bench.write_holdings(account_id bigint, rows jsonb) RETURNS void LANGUAGE sql AS $$
    INSERT INTO mirror.holdings (account_id, user_id, symbol, exchange, quantity, average_price, current_price, as_of)
    SELECT write_holdings.account_id, 2, r.symbol, r.exchange, r.quantity, r.average_price, r.ltp, now()
    FROM jsonb_to_recordset(rows) r (symbol text, exchange text, quantity numeric, average_price numeric, ltp numeric)
    ON CONFLICT (account_id, symbol, exchange) DO UPDATE
    SET quantity = excluded.quantity, average_price = excluded.average_price, current_price = excluded.current_price,
        as_of = excluded.as_of
$$;

CREATE PROCEDURE bench.by_hand(book text, moment text) LANGUAGE plpgsql AS $$
DECLARE
    began CONSTANT timestamptz := clock_timestamp();
BEGIN
    EXECUTE format('SELECT bench.write_%s($1, coalesce(b.content #> ''{data, orders}'', b.content -> ''data''))
                    FROM bench.books b WHERE b.book = $2 AND b.moment = $3', book)
        USING bench.account(2), book, moment;
    COMMIT;
    INSERT INTO bench.rates (what, rate) VALUES (book, 10000 / extract(epoch FROM clock_timestamp() - began));
END
$$;
VACUUM (ANALYZE);
