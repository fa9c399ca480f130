-- Executions at brokers: pushed one by one and polled in trade books, each counts once.
INSERT INTO identity.users (id, name, role, db_role) VALUES
    (101, 'ann', 'trader', 'mexe_ann'), (102, 'ben', 'trader', 'mexe_ben');
CREATE ROLE mexe_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE mexe_ben LOGIN IN ROLE bourse_trader;
CREATE ROLE mexe_worker LOGIN IN ROLE bourse_worker;
ALTER TABLE mirror.trading_accounts ALTER id RESTART WITH 7001;
SELECT mirror.create_account(101, 'main account', 'Zerodha');
CREATE FUNCTION report(filled numeric, status text, as_of timestamptz) RETURNS text LANGUAGE sql AS $$
    SELECT s.action FROM mirror.sync_orders(7001, jsonb_build_array(jsonb_build_object(
        'orderid', 'A', 'symbol', 'TCS', 'exchange', 'NSE', 'action', 'BUY', 'quantity', 10, 'pricetype', 'LIMIT',
        'price', 101, 'product', 'MIS', 'order_status', status, 'filled_quantity', filled)), as_of) s
$$;
CREATE VIEW order_a AS SELECT status, trim_scale(filled_quantity) AS filled, trim_scale(average_price) AS average,
    executed_at FROM mirror.orders WHERE order_id = 'A';
GRANT SELECT ON order_a TO PUBLIC;

CREATE FUNCTION report_g(quantity numeric, filled numeric, status text, as_of timestamptz) RETURNS text
LANGUAGE sql AS $$
    SELECT concat_ws(' ', s.action, s.sqlstate) FROM mirror.sync_orders(7001, jsonb_build_array(jsonb_build_object(
        'orderid', 'G', 'symbol', 'TCS', 'exchange', 'NSE', 'action', 'BUY', 'quantity', quantity, 'pricetype', 'LIMIT',
        'price', 101, 'product', 'MIS', 'order_status', status, 'filled_quantity', filled)), as_of, complete => false) s
$$;
CREATE VIEW order_g AS SELECT status, trim_scale(quantity) AS quantity, trim_scale(filled_quantity) AS filled,
    vanished_at IS NOT NULL AS is_presumed, executed_at IS NOT NULL AS is_executed
    FROM mirror.orders WHERE order_id = 'G';
GRANT SELECT ON order_g TO PUBLIC;

SET SESSION AUTHORIZATION mexe_worker;
SELECT report(0, 'open', '2025-08-28 10:20:00+05:30');
SELECT mirror.record_execution(7001, 'A', 'e1', 3, 100, '2025-08-28 10:20:01+05:30');
SELECT * FROM order_a;
-- The same again, as a poll has it with another time: false, and counted once. Other figures are refused.
SELECT mirror.record_execution(7001, 'A', 'e1', 3.0, 100.00, '2025-08-28 10:20:00+05:30');
SELECT refusal(format('SELECT mirror.record_execution(7001, %L, $$e1$$, %s, %s, now())', o, q, p))
FROM (VALUES ('A', 4, 100), ('A', 3, 101), ('B', 3, 100)) r (o, q, p);
SELECT * FROM order_a;
-- A report that has counted it already, and one more that has not been pushed: the report counts, and what it knew of
-- is not added to it when it comes.
SELECT report(5, 'open', '2025-08-28 10:20:05+05:30');
BEGIN;
SELECT mirror.record_execution(7001, 'A', 'e0', 1, 99, '2025-08-28 10:20:03+05:30');
SELECT filled AS not_four FROM order_a;
ROLLBACK;
SELECT mirror.record_execution(7001, 'A', 'e2', 2, 101, '2025-08-28 10:20:04+05:30');
SELECT * FROM order_a;
-- A broker that lags behind takes nothing back.
SELECT report(0, 'open', '2025-08-28 10:20:06+05:30');
SELECT * FROM order_a;
-- More than the order is for: it must have been made larger, and a report will say so.
SELECT refusal('SELECT mirror.record_execution(7001, $$A$$, $$e3$$, 6, 101, now())');
SELECT mirror.record_execution(7001, 'A', 'e3', 5, 101, '2025-08-28 10:20:08+05:30');
SELECT * FROM order_a;
SELECT report(5, 'open', '2025-08-28 10:20:09+05:30') AS of_a_filled_order;
-- It had been made larger before, and the report of that comes last: it lives again, until the broker says that it does
-- not. Then nobody has it live again.
SELECT report_g(3, 0, 'open', '2025-08-28 10:21:00+05:30');
SELECT mirror.record_execution(7001, 'G', 'g1', 3, 100, '2025-08-28 10:21:02+05:30');
SELECT * FROM order_g;
SELECT report_g(3, 0, 'open', '2025-08-28 10:21:01+05:30'), report_g(3, 3, 'open', '2025-08-28 10:21:01+05:30');
SELECT * FROM order_g;
SELECT refusal('SELECT mirror.record_execution(7001, $$G$$, $$g2$$, 4, 101, now())');
SELECT report_g(9, 3, 'open', '2025-08-28 10:21:03+05:30');
SELECT * FROM order_g;
SELECT mirror.record_execution(7001, 'G', 'g2', 4, 101, '2025-08-28 10:21:04+05:30');
SELECT mirror.record_execution(7001, 'G', 'g3', 2, 101, '2025-08-28 10:21:05+05:30');
SELECT * FROM order_g;
SELECT report_g(9, 9, 'complete', '2025-08-28 10:21:06+05:30'), report_g(9, 9, 'complete', '2025-08-28 10:21:07+05:30');
SELECT * FROM order_g;
SELECT report_g(12, 9, 'open', '2025-08-28 10:21:08+05:30');
SELECT * FROM order_g;

-- An order that was cancelled, as the broker said, was executed all the same.
SELECT action FROM mirror.sync_orders(7001, '[{"orderid": "C", "symbol": "TCS", "exchange": "NSE", "action": "SELL",
    "quantity": 2, "pricetype": "MARKET", "order_status": "cancelled"}]', '2025-08-28 10:21:00+05:30',
    complete => false);
SELECT mirror.record_execution(7001, 'C', 'e4', 1, 99, '2025-08-28 10:20:59+05:30');
SELECT status, trim_scale(filled_quantity) AS filled FROM mirror.orders WHERE order_id = 'C';
SELECT mirror.record_execution(7001, 'C', 'e5', 1, 98, '2025-08-28 10:20:59+05:30');
SELECT status, trim_scale(filled_quantity) AS filled, vanished_at FROM mirror.orders WHERE order_id = 'C';
-- One that its executions fill before it is reported may have been made larger as well. So may one that a report had no
-- more and that is executed all the same: that is presumed from then on.
BEGIN;
SELECT mirror.record_execution(7001, 'H', 'h1', 3, 100, '2025-08-28 10:22:00+05:30');
PREPARE report_h AS SELECT s.action, s.sqlstate FROM mirror.sync_orders(7001, jsonb_build_array(jsonb_build_object(
    'orderid', 'H', 'symbol', 'TCS', 'exchange', 'NSE', 'action', 'BUY', 'quantity', $1::integer, 'pricetype', 'LIMIT',
    'price', 101, 'product', 'MIS', 'order_status', 'open')), $2::timestamptz, complete => false) s;
EXECUTE report_h (3, '2025-08-28 10:22:01+05:30');
EXECUTE report_h (5, '2025-08-28 10:22:02+05:30');
SELECT status, trim_scale(quantity) AS quantity, trim_scale(filled_quantity) AS filled, vanished_at
FROM mirror.orders WHERE order_id = 'H';
SELECT s.broker_key, s.action FROM mirror.sync_orders(7001, '[]', '2025-08-28 10:22:03+05:30') s;
SELECT mirror.record_execution(7001, 'H', 'h2', 2, 101, '2025-08-28 10:22:02+05:30');
SELECT status, trim_scale(filled_quantity) AS filled, vanished_at > now() - interval '1 hour' AS presumed_now
FROM mirror.orders WHERE order_id = 'H';
ROLLBACK;

-- The trade book has what was pushed and more. An execution before its order: the order counts it when it comes.
SELECT * FROM mirror.sync_executions(7001, '{"status": "success", "data": [
    {"action": "BUY", "symbol": "TCS", "exchange": "NSE", "orderid": "A", "tradeid": "e1", "product": "MIS",
     "quantity": "3", "average_price": 100, "timestamp": "10:20:01", "trade_value": 300},
    {"action": "BUY", "symbol": "TCS", "exchange": "NSE", "orderid": "D", "tradeid": "e6", "product": "MIS",
     "quantity": "4", "average_price": 100.123456789, "timestamp": "28-Aug-2025 10:22:01", "trade_value": 400},
    {"action": "BUY", "symbol": "TCS", "exchange": "NSE", "orderid": "D", "product": "MIS", "quantity": 0.0,
     "average_price": 1180.1, "timestamp": "13:58:03", "trade_value": 1180.1},
    {"orderid": "A", "tradeid": "e2", "quantity": 9, "average_price": 101, "timestamp": "10:20:04"},
    {"orderid": "C", "tradeid": "e7", "quantity": 1, "average_price": 101, "timestamp": "10:20:04"},
    {"orderid": "D", "tradeid": "e8", "quantity": 0, "average_price": 101, "timestamp": "10:20:04"},
    {"orderid": "D", "tradeid": "e9", "quantity": 1, "average_price": 0, "timestamp": "10:20:04"},
    {"orderid": "D", "tradeid": "e10", "quantity": 1, "average_price": 1},
    {"tradeid": "e11", "quantity": 1, "average_price": 1, "timestamp": "10:20:04"},
    {"orderid": "D", "tradeid": "e12", "quantity": "one", "average_price": 1, "timestamp": "10:20:04"}]}',
    '2025-08-28 10:23:00+05:30');
SELECT action, sqlstate FROM mirror.sync_orders(7001, '[{"orderid": "D", "symbol": "TCS", "exchange": "NSE",
    "action": "BUY", "quantity": 8, "pricetype": "LIMIT", "price": 101, "order_status": "open"}]',
    '2025-08-28 10:24:00+05:30', complete => false);
SELECT status, trim_scale(filled_quantity) AS filled, trim_scale(average_price) AS average FROM mirror.orders
WHERE order_id = 'D';
-- Kite.
SELECT * FROM mirror.sync_executions(7001, '{"status": "success", "data": [
    {"trade_id": "10000000", "order_id": "D", "exchange": "NSE", "tradingsymbol": "TCS", "instrument_token": 779521,
     "product": "CNC", "average_price": 100.5, "quantity": 4, "exchange_order_id": "300000000000000",
     "transaction_type": "BUY", "fill_timestamp": "2025-08-28 10:24:30", "order_timestamp": "10:24:29",
     "exchange_timestamp": "2025-08-28 10:24:30"}]}', '2025-08-28 10:25:00+05:30', 'kite');
SELECT status, trim_scale(filled_quantity) AS filled, trim_scale(average_price) AS average, executed_at
FROM mirror.orders WHERE order_id = 'D';
SET SESSION AUTHORIZATION mexe_ann;
SELECT execution_id, order_id, trim_scale(quantity) AS quantity, trim_scale(price) AS price, executed_at
FROM mirror.executions ORDER BY execution_id;
SET SESSION AUTHORIZATION mexe_ben;
SELECT count(*) AS of_another FROM mirror.executions;

SET SESSION AUTHORIZATION mexe_worker;
SELECT refusal(format('SELECT mirror.record_execution(%s)', arguments)) FROM (VALUES
    ($$NULL, 'A', 'x', 1, 1, now()$$), ($$999, 'A', 'x', 1, 1, now()$$), ($$7001, NULL, 'x', 1, 1, now()$$),
    ($$7001, 'A', NULL, 1, 1, now()$$), ($$7001, 'A', '', 1, 1, now()$$), ($$7001, 'A', 'x', NULL, 1, now()$$),
    ($$7001, 'A', 'x', 'NaN', 1, now()$$), ($$7001, 'A', 'x', 0, 1, now()$$), ($$7001, 'A', 'x', 1, NULL, now()$$),
    ($$7001, 'A', 'x', 1, -1, now()$$), ($$7001, 'A', 'x', 1, 0.123456789, now()$$), ($$7001, 'A', 'x', 1, 1, NULL$$),
    ($$7001, 'A', 'x', 1, 1, 'infinity'$$), ($$7001, 'A', 'x', 1, 1, '2999-01-01 00:00Z'$$),
    ($$7001, repeat('A', 51), 'x', 1, 1, now()$$)) a (arguments);
SELECT refusal($$SELECT * FROM mirror.sync_executions(7001, '{"data": {"orders": []}}', now())$$);
SET SESSION AUTHORIZATION mexe_ann;
SELECT refusal($$SELECT mirror.record_execution(7001, 'A', 'x', 1, 1, now())$$);
SELECT refusal($$SELECT * FROM mirror.sync_executions(7001, '[]', now())$$);
RESET SESSION AUTHORIZATION;
-- For ever, whoever asks; they go with their user.
SELECT refusal('UPDATE mirror.executions SET quantity = 1'), refusal('TRUNCATE mirror.executions'),
       refusal('DELETE FROM mirror.executions');
SELECT * FROM mirror_private.verify_books();
SELECT mirror.delete_account(7001);
SELECT count(*) AS executions FROM mirror.executions;
SELECT identity.erase_user(101, 'asked for it') -> 'deleted' AS deleted;
