-- Words, times and prices as brokers behind OpenAlgo have them, which hands them on.
INSERT INTO identity.users (id, name) VALUES (101, 'ann');
ALTER TABLE mirror.trading_accounts ALTER id RESTART WITH 7001;
SELECT mirror.create_account(101, 'main account', 'Shoonya');
CREATE FUNCTION told(orderid text, fields jsonb) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_array('{"action": "BUY", "symbol": "INFY", "exchange": "NSE", "product": "MIS", "quantity": "10",
        "price": 1500, "pricetype": "LIMIT", "order_status": "open", "timestamp": "28-Aug-2025 09:59:10"}'::jsonb
        || jsonb_build_object('orderid', orderid) || fields)
$$;

-- Noren has the time before the date; IST is India's, whatever the abbreviations of the session say.
SET timezone_abbreviations = 'Default';
SELECT t.said, s.action, s.sqlstate, s.message
FROM unnest(ARRAY['09:59:10 28-08-2025', '2025-08-28 09:59:10 IST', '28-Aug-2025 09:59:10 IST',
                  '09:59:10 28-08-2025 IST', '2025-08-28T09:59:10.1234567', '28/08/2025 09:59:10', '09:59:10',
                  '09:59:10 31-02-2025', '28 o''clock IST', 'now IST', 'IST', ' IST', '1756355350',
                  '1756355350123', '17563']) WITH ORDINALITY t (said, n)
CROSS JOIN LATERAL mirror.sync_orders(7001, told('t' || t.n, jsonb_build_object('timestamp', t.said)),
                                      '2025-08-28 12:00:00+05:30', complete => false) s
ORDER BY t.n;
SELECT order_id, placed_at AT TIME ZONE 'Asia/Kolkata' AS placed_at FROM mirror.orders ORDER BY id;
SELECT action, sqlstate
FROM mirror.sync_executions(7001, '[{"tradeid": "T1", "orderid": "t1", "quantity": 1, "average_price": 1500,
                                     "timestamp": "09:59:11 28-08-2025"}]', '2025-08-28 12:00:00+05:30');
SELECT executed_at AT TIME ZONE 'Asia/Kolkata' AS executed_at FROM mirror.executions;
RESET timezone_abbreviations;

-- What a terminal or a page would obey is no name.
SELECT s.action, s.sqlstate, s.message
FROM unnest(ARRAY[U&'TCS\202E1', U&'TCS\0007', U&'TCS\200B', U&'\5E01\5B89']) WITH ORDINALITY w (symbol, n)
CROSS JOIN LATERAL mirror.sync_orders(7001, told('c' || w.n, jsonb_build_object('symbol', w.symbol)),
                                      '2025-08-28 12:00:00+05:30', complete => false) s
ORDER BY w.n;

-- Orders for the next day, at Upstox and AngelOne.
SELECT w.word, s.action, s.sqlstate
FROM unnest(ARRAY['after market order req received', 'modify after market order req received',
                  'cancelled after market order', 'Partially Traded', 'filled in part']) WITH ORDINALITY w (word, n)
CROSS JOIN LATERAL mirror.sync_orders(7001, told('w' || w.n, jsonb_build_object('order_status', w.word)),
                                      '2025-08-28 12:00:00+05:30', complete => false) s
ORDER BY w.n;
SELECT order_id, status FROM mirror.orders WHERE order_id LIKE 'w%' ORDER BY order_id;

-- Of what has been executed some tell the average as the price, with all its digits. It is not what was asked: what
-- follows would be changed to it. One that is worse for its user was asked, in the meantime.
SELECT v.orderid, s.action, s.message FROM (VALUES
    (1, 'p1', '{}'), (2, 'p1', '{"order_status": "complete", "price": 1499.9833333333333}'),
    (3, 'p2', '{"action": "SELL"}'), (4, 'p2', '{"action": "SELL", "order_status": "complete", "price": 1500.05}'),
    (5, 'p3', '{}'), (6, 'p3', '{"order_status": "complete", "price": 1501}'),
    (7, 'p4', '{}'), (8, 'p4', '{"order_status": "complete", "price": 1499, "average_price": 1498.5}'),
    (9, 'p5', '{}'), (10, 'p5', '{"price": 1499.5}'),
    (11, 'p6', '{"order_status": "complete", "price": 1499.9833333333333}')) v (n, orderid, fields)
CROSS JOIN LATERAL mirror.sync_orders(7001, told(v.orderid, v.fields::jsonb),
                                      '2025-08-28 12:00:00+05:30'::timestamptz + v.n * interval '1 s',
                                      complete => false) s
ORDER BY v.n;
SELECT order_id, status, trim_scale(price) AS price, trim_scale(average_price) AS average FROM mirror.orders
WHERE order_id LIKE 'p%' ORDER BY order_id;

-- One that cannot be read keeps nobody else's out, and each has its place.
SELECT action, count(*), string_agg(message, ', ' ORDER BY message) AS messages
FROM mirror.sync_orders(7001, (
    SELECT jsonb_agg(told('h' || n, CASE WHEN n IN (1, 20, 37) THEN '{"quantity": "few"}'::jsonb ELSE '{}' END) -> 0
                     ORDER BY n)
    FROM generate_series(1, 37) n), '2025-08-28 12:05:00+05:30', complete => false)
GROUP BY action ORDER BY action;

-- OpenAlgo tells neither what an open or cancelled order has filled, nor how a trade is called. What the trades of an
-- order come to in one book it has filled at least; the same again, and a part of it, is no news.
CREATE FUNCTION trades(VARIADIC said jsonb[]) RETURNS jsonb LANGUAGE sql AS $$
    SELECT jsonb_build_object('status', 'success', 'data', jsonb_agg('{"action": "BUY", "symbol": "INFY",
        "exchange": "NSE", "product": "MIS", "timestamp": "28-Aug-2025 10:00:00"}'::jsonb || t))
    FROM unnest(said) t
$$;
SELECT action FROM mirror.sync_orders(7001, told('n1', '{}') || told('n2', '{}') || told('n3', '{}'),
                                      '2025-08-28 12:10:00+05:30', complete => false);
SELECT action FROM mirror.sync_orders(7001, told('n2', '{"order_status": "cancelled"}'),
                                      '2025-08-28 12:11:00+05:30', complete => false);
SELECT * FROM mirror.sync_executions(7001, trades(
    '{"orderid": "n1", "quantity": "3", "average_price": 1500}',
    '{"orderid": "n1", "quantity": 3, "average_price": 1499}',
    '{"orderid": "n2", "quantity": 4, "average_price": 1498}',
    '{"orderid": "n3", "quantity": 10, "average_price": 1497}',
    '{"orderid": "n9", "quantity": 1, "average_price": 1}',
    '{"orderid": "n1", "quantity": 0, "average_price": 1}'),
    '2025-08-28 12:12:00+05:30');
SELECT * FROM mirror.sync_executions(7001, trades(
    '{"orderid": "n1", "quantity": 3, "average_price": 1500}',
    '{"orderid": "n2", "quantity": 4, "average_price": 1498}',
    '{"orderid": "n3", "quantity": 10, "average_price": 1}'), '2025-08-28 12:13:00+05:30');
SELECT * FROM mirror.sync_executions(7001, trades(
    '{"orderid": "n1", "quantity": 6, "average_price": 1500}',
    '{"orderid": "n1", "quantity": 5, "average_price": 1500}'),
    '2025-08-28 12:14:00+05:30');
-- Told by a push as well, it counts once.
SELECT mirror.record_execution(7001, 'n1', 'T7', 3, 1500, '2025-08-28 10:00:00+05:30') AS pushed;
SELECT order_id, status, trim_scale(filled_quantity) AS filled, trim_scale(average_price) AS average FROM mirror.orders
WHERE order_id LIKE 'n%' ORDER BY order_id;
SELECT count(*) FROM mirror.executions;
SELECT * FROM mirror.verify();
