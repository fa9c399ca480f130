-- Order books as brokers deliver them.
INSERT INTO identity.users (id, name, role, db_role)
VALUES (101, 'ann', 'trader', 'mord_ann'), (102, 'ben', 'trader', 'mord_ben');
CREATE ROLE mord_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE mord_ben LOGIN IN ROLE bourse_trader;
CREATE ROLE mord_worker LOGIN IN ROLE bourse_worker;
CREATE ROLE mord_gateway LOGIN IN ROLE bourse_gateway;
ALTER TABLE mirror.trading_accounts ALTER id RESTART WITH 7001;
SELECT mirror.create_account(101, 'main account', 'Zerodha'), mirror.create_account(102, 'of ben', 'Upstox');

-- OpenAlgo: quantities are texts, SL-M is SLM, times are those of India, a price of 0 is none. What waits for its
-- trigger is pending.
SET SESSION AUTHORIZATION mord_worker;
SELECT * FROM mirror.sync_orders(7001, '{"status": "success", "data": {"orders": [
    {"action": "BUY", "symbol": "RELIANCE", "exchange": "NSE", "orderid": "250828000185002", "product": "MIS",
     "quantity": "1", "price": 1186.0, "pricetype": "MARKET", "order_status": "complete", "trigger_price": 0.0,
     "timestamp": "28-Aug-2025 09:59:10"},
    {"action": "BUY", "symbol": "YESBANK", "exchange": "NSE", "orderid": "250828000185003", "product": "MIS",
     "quantity": "100", "price": 16.5, "pricetype": "LIMIT", "order_status": "open", "trigger_price": 0.0,
     "timestamp": "28-Aug-2025 10:13:45"},
    {"action": "SELL", "symbol": "YESBANK", "exchange": "NSE", "orderid": "250828000185004", "product": "MIS",
     "quantity": "100", "price": 0, "pricetype": "SL-M", "order_status": "pending", "trigger_price": "16.05",
     "timestamp": "28-Aug-2025 10:13:46"}],
    "statistics": {"total_buy_orders": 2.0, "total_sell_orders": 1.0, "total_completed_orders": 1.0,
                   "total_open_orders": 2.0, "total_rejected_orders": 0.0}}}', '2025-08-28 10:20:00+05:30');
SET SESSION AUTHORIZATION mord_ann;
SELECT order_id, action, trim_scale(quantity) AS quantity, order_type, trim_scale(price) AS price,
       trim_scale(trigger_price) AS trigger, status, trim_scale(filled_quantity) AS filled, placed_at, executed_at
FROM mirror.orders ORDER BY order_id;

-- The same again is not written.
SELECT string_agg(xmin::text || ctid::text, ' ' ORDER BY id) AS versions FROM mirror.orders \gset
SET SESSION AUTHORIZATION mord_worker;
SELECT broker_key, action FROM mirror.sync_orders(7001, '[
    {"action": "BUY", "symbol": "RELIANCE", "exchange": "NSE", "orderid": "250828000185002", "product": "MIS",
     "quantity": "1", "price": 1186.0, "pricetype": "MARKET", "order_status": "complete", "trigger_price": 0.0,
     "timestamp": "28-Aug-2025 09:59:10"},
    {"action": "BUY", "symbol": "YESBANK", "exchange": "NSE", "orderid": "250828000185003", "product": "MIS",
     "quantity": "100", "price": 16.5, "pricetype": "LIMIT", "order_status": "open", "trigger_price": 0.0,
     "timestamp": "28-Aug-2025 10:13:45"},
    {"action": "SELL", "symbol": "YESBANK", "exchange": "NSE", "orderid": "250828000185004", "product": "MIS",
     "quantity": "100", "price": 0, "pricetype": "SL-M", "order_status": "pending", "trigger_price": "16.05",
     "timestamp": "28-Aug-2025 10:13:46"}]', '2025-08-28 10:20:05+05:30');
SELECT string_agg(xmin::text || ctid::text, ' ' ORDER BY id) = :'versions' AS nothing_was_written FROM mirror.orders;

-- An order fills and is made larger; a filled one never is open again; one that is not in a complete book has expired.
SELECT * FROM mirror.sync_orders(7001, '[
    {"action": "BUY", "symbol": "RELIANCE", "exchange": "NSE", "orderid": "250828000185002", "product": "MIS",
     "quantity": "1", "price": 0, "pricetype": "MARKET", "order_status": "open"},
    {"action": "BUY", "symbol": "YESBANK", "exchange": "NSE", "orderid": "250828000185003", "product": "MIS",
     "quantity": "200", "price": 16.5, "pricetype": "LIMIT", "order_status": "open", "filled_quantity": "60",
     "average_price": "16.45"}]', '2025-08-28 10:21:00+05:30');
SELECT order_id, trim_scale(quantity) AS quantity, status, trim_scale(filled_quantity) AS filled,
       trim_scale(average_price) AS average, vanished_at, status_message
FROM mirror.orders ORDER BY order_id;
-- A report from before that says nothing any more, be it of an order that is known or not.
SELECT * FROM mirror.sync_orders(7001, '[
    {"action": "BUY", "symbol": "YESBANK", "exchange": "NSE", "orderid": "250828000185003", "product": "MIS",
     "quantity": "100", "price": 16.5, "pricetype": "LIMIT", "order_status": "cancelled"},
    {"action": "BUY", "symbol": "TCS", "exchange": "NSE", "orderid": "250828000185005", "product": "MIS",
     "quantity": "1", "price": 3000, "pricetype": "LIMIT", "order_status": "open"}]', '2025-08-28 10:20:30+05:30');
-- What has only vanished comes back when a later report has it. A report that is not complete closes nothing.
SELECT * FROM mirror.sync_orders(7001, '[
    {"action": "SELL", "symbol": "YESBANK", "exchange": "NSE", "orderid": "250828000185004", "product": "MIS",
     "quantity": "100", "price": 0, "pricetype": "SL-M", "order_status": "trigger pending",
     "trigger_price": "16.05"}]', '2025-08-28 10:22:00+05:30', complete => false);
-- What is filled stays so where the broker lags behind.
SELECT * FROM mirror.sync_orders(7001, '[
    {"action": "BUY", "symbol": "YESBANK", "exchange": "NSE", "orderid": "250828000185003", "product": "MIS",
     "quantity": "200", "price": 16.5, "pricetype": "LIMIT", "order_status": "cancelled", "filled_quantity": "10",
     "average_price": "16.45", "rejection_reason": "by the user"}]', '2025-08-28 10:23:00+05:30', complete => false);
SELECT order_id, status, trim_scale(filled_quantity) AS filled, status_message, vanished_at
FROM mirror.orders ORDER BY order_id;

-- One bad row is reported, the others land. Of a row that says the same twice one counts; where they differ none does.
SELECT * FROM mirror.sync_orders(7001, '[
    {"action": "BUY", "symbol": "A", "exchange": "NSE", "orderid": "1", "quantity": "1", "pricetype": "MARKET",
     "order_status": "open", "timestamp": "28-Aug-2025 10:24:00"},
    {"action": "BUY", "symbol": "A", "exchange": "NSE", "orderid": "2", "quantity": "lots", "pricetype": "MARKET",
     "order_status": "open"},
    {"action": "BUY", "symbol": "A", "exchange": "NSE", "orderid": "3", "quantity": "NaN", "pricetype": "MARKET",
     "order_status": "open"},
    {"action": "HOLD", "symbol": "A", "exchange": "NSE", "orderid": "4", "quantity": 1, "pricetype": "MARKET",
     "order_status": "open"},
    {"action": "BUY", "symbol": "A", "exchange": "NSE", "orderid": "5", "quantity": 1, "pricetype": "ICEBERG",
     "order_status": "open"},
    {"action": "BUY", "symbol": "A", "exchange": "NSE", "orderid": "6", "quantity": 1, "pricetype": "MARKET",
     "order_status": "lost"},
    {"action": "BUY", "symbol": "A", "exchange": "NSE", "orderid": "7", "quantity": 1e30, "pricetype": "MARKET",
     "order_status": "open"},
    {"action": "BUY", "symbol": "A", "exchange": "NSE", "orderid": "8", "quantity": 1, "pricetype": "MARKET",
     "order_status": "open", "timestamp": "30-Feb-2025 10:24:00"},
    {"action": "BUY", "symbol": "A", "exchange": "NSE", "orderid": "9", "quantity": 1, "pricetype": "MARKET",
     "order_status": "open", "timestamp": "now"},
    {"action": "BUY", "symbol": "A", "exchange": "NSE", "quantity": 1, "pricetype": "MARKET", "order_status": "open"},
    {"action": "BUY", "symbol": "A", "orderid": "11", "quantity": 1, "pricetype": "MARKET", "order_status": "open"},
    "a text",
    {"action": "BUY", "symbol": "A", "exchange": "NSE", "orderid": "13", "quantity": 1.123456789,
     "pricetype": "LIMIT", "price": 10, "order_status": "open"},
    {"action": "BUY", "symbol": "A", "exchange": "NSE", "orderid": "14", "quantity": 1, "pricetype": "LIMIT",
     "price": -10, "order_status": "open"},
    {"action": "BUY", "symbol": "A", "exchange": "NSE", "orderid": "15", "quantity": 1, "pricetype": "SL",
     "price": 10, "trigger_price": "Infinity", "order_status": "open"},
    {"action": "BUY", "symbol": "A", "exchange": "NSE", "orderid": "16", "quantity": 1, "pricetype": "MARKET",
     "order_status": "open", "filled_quantity": 2},
    {"action": "BUY", "symbol": "A", "exchange": "NSE", "orderid": "17", "quantity": 2, "pricetype": "MARKET",
     "order_status": "complete", "filled_quantity": 1},
    {"action": "BUY", "symbol": "A", "exchange": "NSE", "orderid": "18", "quantity": 1, "pricetype": "MARKET",
     "order_status": "complete", "average_price": -1},
    {"action": "BUY", "symbol": "A", "exchange": "NSE", "orderid": "19", "quantity": 1, "pricetype": "MARKET",
     "order_status": "open"},
    {"action": "BUY", "symbol": "A", "exchange": "NSE", "orderid": "19", "quantity": 1, "pricetype": "MARKET",
     "order_status": "open"},
    {"action": "BUY", "symbol": "A", "exchange": "NSE", "orderid": "20", "quantity": 1, "pricetype": "MARKET",
     "order_status": "open"},
    {"action": "BUY", "symbol": "A", "exchange": "NSE", "orderid": "20", "quantity": 2, "pricetype": "MARKET",
     "order_status": "open"},
    {"action": "SELL", "symbol": "A", "exchange": "NSE", "orderid": "250828000185003", "quantity": 200,
     "pricetype": "MARKET", "order_status": "cancelled"},
    {"action": "BUY", "symbol": "YESBANK", "exchange": "NSE", "orderid": "250828000185003", "quantity": 50,
     "pricetype": "LIMIT", "price": 16.5, "product": "", "order_status": "cancelled", "trigger_price": ""}
    ]', '2025-08-28 10:25:00+05:30');
-- A row without a name may be any order: nothing was closed.
SELECT order_id, status FROM mirror.orders ORDER BY order_id;
-- Brokers that say nothing with a text of no characters are understood, and so is a day that has no date.
SELECT broker_key, action FROM mirror.sync_orders(7002, '[
    {"action": "buy", "symbol": "A", "exchange": "nse", "orderid": "1", "quantity": "1", "pricetype": "SL-M",
     "price": "", "trigger_price": "5.05", "order_status": "OPEN", "timestamp": "09:15:00"},
    {"action": "BUY", "symbol": "A", "exchange": "NSE", "orderid": "2", "quantity": "1", "pricetype": "LIMIT",
     "price": "5", "trigger_price": "", "order_status": "AMO req received", "timestamp": "23:15:00"},
    {"action": "BUY", "symbol": "A", "exchange": "NSE", "orderid": "3", "quantity": "1", "pricetype": "LIMIT",
     "price": "5", "trigger_price": "", "order_status": "Lapsed", "timestamp": "2025-08-28T03:45:00Z"}]',
    '2025-08-28 09:20:00+05:30');
SELECT order_id, exchange, action, status, trim_scale(price) AS price, placed_at FROM mirror.orders
WHERE account_id = 7002 ORDER BY order_id;

-- Kite Connect: other names, numbers, COMPLETE. An open order that has filled in part is PARTIAL.
SELECT * FROM mirror.sync_orders(7002, '{"status": "success", "data": [
    {"placed_by": "XXXXXX", "order_id": "100000000000000", "exchange_order_id": "200000000000000",
     "parent_order_id": null, "status": "CANCELLED", "status_message": null, "status_message_raw": null,
     "order_timestamp": "2021-05-31 09:18:57", "exchange_update_timestamp": "2021-05-31 09:18:58",
     "exchange_timestamp": "2021-05-31 09:15:38", "variety": "regular", "modified": false, "exchange": "CDS",
     "tradingsymbol": "USDINR21JUNFUT", "instrument_token": 412675, "order_type": "LIMIT", "transaction_type": "BUY",
     "validity": "DAY", "product": "NRML", "quantity": 1, "disclosed_quantity": 0, "price": 72, "trigger_price": 0,
     "average_price": 0, "filled_quantity": 0, "pending_quantity": 1, "cancelled_quantity": 1, "meta": {},
     "tag": null, "guid": "XXXXX"},
    {"order_id": "300000000000000", "status": "COMPLETE", "order_timestamp": "2021-05-31 15:20:28",
     "exchange_update_timestamp": "2021-05-31 15:20:29", "exchange": "NSE", "tradingsymbol": "IOC",
     "order_type": "MARKET", "transaction_type": "SELL", "product": "CNC", "quantity": 3, "price": 0,
     "trigger_price": 0, "average_price": 109.36666666666667, "filled_quantity": 3, "pending_quantity": 0},
    {"order_id": "220524001859672", "status": "REJECTED",
     "status_message": "Insufficient funds. Required margin is 95417.84 but available margin is 74251.80.",
     "order_timestamp": "2022-05-24 12:26:52", "exchange_update_timestamp": null, "exchange": "NSE",
     "tradingsymbol": "SBIN", "order_type": "LIMIT", "transaction_type": "BUY", "product": "CNC", "quantity": 200,
     "price": 463, "trigger_price": 0, "average_price": 0, "filled_quantity": 0, "pending_quantity": 0},
    {"order_id": "500000000000000", "status": "TRIGGER PENDING", "order_timestamp": "2022-05-24 12:26:52",
     "exchange": "NSE", "tradingsymbol": "SBIN", "order_type": "SL", "transaction_type": "BUY", "product": "CNC",
     "quantity": 200, "price": 463, "trigger_price": 462.5, "average_price": 0, "filled_quantity": 0},
    {"order_id": "600000000000000", "status": "OPEN", "order_timestamp": "2022-05-24 12:26:52",
     "exchange": "NSE", "tradingsymbol": "SBIN", "order_type": "LIMIT", "transaction_type": "BUY", "product": "CNC",
     "quantity": 200, "price": 463, "trigger_price": 0, "average_price": 462.9, "filled_quantity": 120}]}',
    '2025-08-28 10:20:00+05:30', 'kite');
SELECT order_id, symbol, status, trim_scale(filled_quantity) AS filled, trim_scale(average_price) AS average,
       placed_at, executed_at, status_message
FROM mirror.orders WHERE account_id = 7002 AND length(order_id) > 1 ORDER BY order_id;

-- No orders today: everything that lives has vanished. A broker that has failed has not said so.
SELECT refusal($$SELECT * FROM mirror.sync_orders(7002, '{"status": "error", "message": "Invalid apikey"}', now())$$)
    AS failed;
SELECT broker_key, action FROM mirror.sync_orders(7002, '{"status": "success", "data": null}',
                                                  '2025-08-29 09:00:00+05:30', 'kite');

-- What is no order book at all is refused as a whole.
SELECT refusal(format('SELECT * FROM mirror.sync_orders(%s)', arguments)) FROM (VALUES
    ($$NULL, '[]', now()$$), ($$7001, NULL, now()$$), ($$7001, '[]', NULL$$), ($$7001, '[]', now(), NULL$$),
    ($$7001, '[]', now(), complete => NULL$$), ($$999, '[]', now()$$), ($$7001, '7', now()$$),
    ($$7001, '{"data": {"trades": []}}', now()$$), ($$7001, '[]', now(), 'fix'$$), ($$7001, '[]', 'infinity'$$),
    ($$7001, '[]', '2999-01-01 00:00Z'$$),
    ($$7001, '{"status": "success", "apikey": "0123456789abcdef0123456789abcdef", "data": []}', now()$$),
    ($$7001, jsonb_build_object('data', (repeat('[', 70) || repeat(']', 70))::jsonb), now()$$),
    ($$7001, to_jsonb(array_fill(1, ARRAY[20001])), now()$$),
    ($$7001, jsonb_build_array(repeat('x', 16777216)), now()$$)) a (arguments);
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT refusal($$SELECT * FROM mirror.sync_orders(7001, '[]', now())$$);
ROLLBACK;

-- Workers report, and gateways for whom they act. A user does not, and reads his own rows.
SET SESSION AUTHORIZATION mord_gateway;
SELECT refusal($$SELECT * FROM mirror.sync_orders(7001, '[]', '2025-08-28 10:25:00+05:30')$$);
BEGIN;
SELECT identity.act_as(102);
SELECT refusal($$SELECT * FROM mirror.sync_orders(7001, '[]', '2025-08-28 10:25:00+05:30')$$);
SELECT count(*) FROM mirror.sync_orders(7002, '[]', '2025-08-29 09:00:01+05:30');
ROLLBACK;
SET SESSION AUTHORIZATION mord_ben;
SELECT refusal($$SELECT * FROM mirror.sync_orders(7002, '[]', now())$$);
SELECT DISTINCT account_id FROM mirror.orders;
SELECT DISTINCT account_id FROM mirror.documents;
SELECT book, as_of, complete_as_of FROM mirror.books;

-- The documents are kept word for word; the same one again is not, and of each book the last hundred.
SET SESSION AUTHORIZATION mord_worker;
SELECT count(*) AS kept, count(DISTINCT content) AS different FROM mirror.documents WHERE account_id = 7001;
SELECT jsonb_array_length(content -> 'data') AS orders, format, complete FROM mirror.documents
WHERE account_id = 7002 AND format = 'kite' AND jsonb_typeof(content -> 'data') = 'array';
SELECT count(s.*) AS closed FROM generate_series(1, 120) n
CROSS JOIN LATERAL mirror.sync_orders(7002, jsonb_build_object('data', jsonb_build_array(), 'n', n),
                                      '2025-08-29 10:00:00+05:30'::timestamptz + n * interval '1 s') s;
SELECT count(*) AS kept FROM mirror.documents WHERE account_id = 7002;
RESET SESSION AUTHORIZATION;
SELECT * FROM mirror_private.verify_books();
