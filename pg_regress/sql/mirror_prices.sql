-- Prices from a feed, for whatever holds an instrument.
INSERT INTO identity.users (id, name, role, db_role)
VALUES (101, 'ann', 'trader', 'mpri_ann'), (102, 'ben', 'trader', 'mpri_ben');
CREATE ROLE mpri_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE mpri_worker LOGIN IN ROLE bourse_worker;
CREATE ROLE mpri_gateway LOGIN IN ROLE bourse_gateway;
ALTER TABLE mirror.trading_accounts ALTER id RESTART WITH 7001;
SELECT mirror.create_account(101, 'main account', 'Zerodha'), mirror.create_account(102, 'of ben', 'Upstox');
SET SESSION AUTHORIZATION mpri_worker;
SELECT count(*) FROM (VALUES (7001), (7002)) a (account_id)
CROSS JOIN LATERAL mirror.sync_positions(account_id, '[
    {"symbol": "TCS", "exchange": "NSE", "product": "MIS", "quantity": "10", "average_price": "3000", "ltp": "3010"},
    {"symbol": "TCS", "exchange": "BSE", "product": "MIS", "quantity": "10", "average_price": "3000"},
    {"symbol": "INFY", "exchange": "NSE", "product": "MIS", "quantity": "0", "average_price": "0"}]',
    clock_timestamp() - interval '1 minute');
SELECT count(*) FROM mirror.sync_holdings(7001, '[
    {"symbol": "TCS", "exchange": "NSE", "quantity": "3", "average_price": "2000", "ltp": "3010"}]',
    clock_timestamp() - interval '1 minute');
-- All accounts, positions and holdings; of two prices of an instrument the later; nothing that is flat.
SELECT mirror.update_prices('[{"exchange": "NSE", "symbol": "TCS", "ltp": 1, "previous_close": 2},
    {"exchange": "NSE", "symbol": "TCS", "ltp": "3020.5", "previous_close": "3000"},
    {"exchange": "NSE", "symbol": "INFY", "ltp": 1500}, {"exchange": "NSE", "symbol": "WIPRO", "ltp": 250}]');
SELECT account_id, symbol, exchange, trim_scale(current_price) AS price, pnl, day_change, day_change_percent
FROM mirror.positions ORDER BY id;
SELECT trim_scale(current_price) AS price, pnl, current_value, day_change, day_change_percent FROM mirror.holdings;
-- The same prices again write nothing. A close that is not told stays.
SELECT mirror.update_prices('[{"exchange": "NSE", "symbol": "TCS", "ltp": 3020.5}]');
SELECT mirror.update_prices('[{"exchange": "NSE", "symbol": "TCS", "ltp": 3021}]');
SELECT DISTINCT trim_scale(previous_close) AS close, trim_scale(current_price) AS price FROM mirror.positions
WHERE symbol = 'TCS' AND exchange = 'NSE';
-- A report that is older than the price brings no older price; what else it says counts.
SELECT action FROM mirror.sync_positions(7001, '[
    {"symbol": "TCS", "exchange": "NSE", "product": "MIS", "quantity": "20", "average_price": "3005", "ltp": "3010"}]',
    clock_timestamp() - interval '30 seconds', complete => false);
SELECT trim_scale(quantity) AS quantity, trim_scale(average_price) AS average, trim_scale(current_price) AS price, pnl
FROM mirror.positions WHERE account_id = 7001 AND symbol = 'TCS' AND exchange = 'NSE';

SELECT mirror.update_prices('[]');
SELECT refusal(format('SELECT mirror.update_prices(%L)', prices)) FROM (VALUES
    (NULL), ('{}'), ('[7]'), ('[[]]'), ('[{"symbol": "TCS", "ltp": 1}]'), ('[{"exchange": "NSE", "ltp": 1}]'),
    ('[{"exchange": "NSE", "symbol": "TCS"}]'), ('[{"exchange": "NSE", "symbol": "TCS", "ltp": 0}]'),
    ('[{"exchange": "NSE", "symbol": "TCS", "ltp": "NaN"}]'), ('[{"exchange": "NSE", "symbol": "TCS", "ltp": -1}]'),
    ('[{"exchange": "NSE", "symbol": "TCS", "ltp": 1e30}]'), ('[{"exchange": "NSE", "symbol": "TCS", "ltp": "one"}]'),
    ('[{"exchange": "NSE", "symbol": "TCS", "ltp": 1, "previous_close": -1}]'),
    ('[{"exchange": "NSE", "symbol": "TCS", "ltp": 0.123456789}]')) p (prices);
SELECT refusal('SELECT mirror.update_prices(to_jsonb(array_fill(jsonb_build_object(), ARRAY[10001])))');
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT refusal($$SELECT mirror.update_prices('[]')$$);
ROLLBACK;
SET SESSION AUTHORIZATION mpri_ann;
SELECT refusal($$SELECT mirror.update_prices('[]')$$);
SET SESSION AUTHORIZATION mpri_gateway;
BEGIN;
SELECT identity.act_as(101);
SELECT refusal($$SELECT mirror.update_prices('[]')$$);
ROLLBACK;
BEGIN;
SELECT identity.act_for_everybody();
SELECT mirror.update_prices('[{"exchange": "NSE", "symbol": "TCS", "ltp": 3022}]');
ROLLBACK;
RESET SESSION AUTHORIZATION;
SELECT * FROM mirror_private.verify_books();
