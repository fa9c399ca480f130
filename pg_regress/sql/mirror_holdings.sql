-- Holdings as brokers deliver them.
INSERT INTO identity.users (id, name, role, db_role) VALUES (101, 'ann', 'trader', 'mhold_ann');
CREATE ROLE mhold_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE mhold_worker LOGIN IN ROLE bourse_worker;
ALTER TABLE mirror.trading_accounts ALTER id RESTART WITH 7001;
SELECT mirror.create_account(101, 'main account', 'Zerodha'), mirror.create_account(101, 'second', 'Upstox');

-- Kite: what is to be delivered (T+1) and what is pledged is owned as well.
SET SESSION AUTHORIZATION mhold_worker;
SELECT * FROM mirror.sync_holdings(7001, '{"status": "success", "data": [
    {"tradingsymbol": "AXTEL", "exchange": "BSE", "instrument_token": 134105604, "isin": "INE767C01012",
     "product": "CNC", "price": 0, "quantity": 1, "used_quantity": 0, "t1_quantity": 0, "realised_quantity": 1,
     "authorised_quantity": 0, "authorised_date": "2021-06-08 00:00:00", "opening_quantity": 1,
     "collateral_quantity": 0, "collateral_type": "", "discrepancy": false, "average_price": 261.5,
     "last_price": 313, "close_price": 308.8, "pnl": 51.5, "day_change": 4.199999999999989,
     "day_change_percentage": 1.3601036269430016},
    {"tradingsymbol": "BHEL", "exchange": "BSE", "quantity": 11, "t1_quantity": 1, "collateral_quantity": 0,
     "average_price": 56.35, "last_price": 75.85, "close_price": 77, "pnl": 233.99999999999991},
    {"tradingsymbol": "WIPRO", "exchange": "BSE", "quantity": 0, "t1_quantity": 4, "collateral_quantity": 0,
     "average_price": 549.6, "last_price": 550.85, "close_price": 548.3, "pnl": 5},
    {"tradingsymbol": "JPPOWER", "exchange": "NSE", "quantity": 2, "t1_quantity": 0, "collateral_quantity": 4,
     "average_price": 3.216667, "last_price": 3.9, "close_price": 3.9, "pnl": 4.0999979999999985}]}',
    '2025-08-28 10:20:00+05:30', 'kite');
SET SESSION AUTHORIZATION mhold_ann;
SELECT symbol, trim_scale(quantity) AS quantity, pnl, pnl_percent, invested_value, current_value, day_change,
       day_change_percent, trim_scale(reported_pnl) AS reported
FROM mirror.holdings ORDER BY id;

-- OpenAlgo says neither average nor price everywhere: what is not known is NULL, and no number.
SET SESSION AUTHORIZATION mhold_worker;
SELECT * FROM mirror.sync_holdings(7002, '{"status": "success", "data": {"holdings": [
    {"symbol": "RELIANCE", "exchange": "NSE", "product": "CNC", "quantity": 1, "pnl": -149.0, "pnlpercent": -11.1},
    {"symbol": "CANBK", "exchange": "NSE", "product": "CNC", "quantity": 5, "t1_quantity": 0, "pledged_quantity": 2,
     "average_price": 102.76, "ltp": 88.96, "pnl": -69.0, "pnlpercent": -13.43}],
    "statistics": {"totalholdingvalue": 1768.0, "totalinvvalue": 2001.0}}}', '2025-08-28 10:20:00+05:30');
SELECT symbol, trim_scale(quantity) AS quantity, average_price, pnl, invested_value, current_value
FROM mirror.holdings WHERE account_id = 7002 ORDER BY id;

-- The same again writes nothing; what was sold is closed; a broker that does not say the average has not taken it back.
SELECT string_agg(xmin::text || ctid::text, ' ' ORDER BY id) AS versions FROM mirror.holdings \gset
SELECT broker_key, action FROM mirror.sync_holdings(7002, '{"holdings": [
    {"symbol": "RELIANCE", "exchange": "NSE", "quantity": "1", "pnl": "-149.0"},
    {"symbol": "CANBK", "exchange": "NSE", "quantity": 7, "ltp": 88.96}]}', '2025-08-28 10:21:00+05:30');
SELECT string_agg(xmin::text || ctid::text, ' ' ORDER BY id) = :'versions' AS nothing_was_written
FROM mirror.holdings;
SELECT broker_key, action FROM mirror.sync_holdings(7002, '[
    {"symbol": "CANBK", "exchange": "NSE", "quantity": 8, "ltp": 90}]', '2025-08-28 10:22:00+05:30');
SELECT broker_key, action FROM mirror.sync_holdings(7002, '[
    {"symbol": "RELIANCE", "exchange": "NSE", "quantity": 2, "average_price": 1200}]', '2025-08-28 10:21:30+05:30');
SELECT symbol, trim_scale(quantity) AS quantity, average_price, pnl, closed_at
FROM mirror.holdings WHERE account_id = 7002 ORDER BY id;

-- One bad row is reported, the others land.
SELECT * FROM mirror.sync_holdings(7002, '[
    {"symbol": "A", "exchange": "NSE", "quantity": 1, "average_price": 1},
    {"symbol": "B", "exchange": "NSE", "quantity": -1, "average_price": 1},
    {"symbol": "C", "exchange": "NSE", "quantity": 5, "t1_quantity": -1, "average_price": 1},
    {"symbol": "D", "exchange": "NSE", "average_price": 1},
    {"symbol": "E", "exchange": "NSE", "quantity": 1, "average_price": "NaN"},
    {"symbol": "F", "exchange": "NSE", "quantity": 1, "ltp": -2},
    {"symbol": "G", "exchange": "NSE", "quantity": 1, "close_price": -2},
    {"symbol": "H", "exchange": "NSE", "quantity": 1, "pnl": "a lot"},
    {"exchange": "NSE", "quantity": 1}]', '2025-08-28 10:23:00+05:30');
SELECT refusal(format('SELECT * FROM mirror.sync_holdings(%s)', arguments)) FROM (VALUES
    ($$NULL, '[]', now()$$), ($$999, '[]', now()$$), ($$7001, '{"data": {}}', now()$$)) a (arguments);
SET SESSION AUTHORIZATION mhold_ann;
SELECT refusal($$SELECT * FROM mirror.sync_holdings(7001, '[]', now())$$);
SELECT refusal('UPDATE mirror.holdings SET pnl = 1000');
RESET SESSION AUTHORIZATION;
SELECT refusal('UPDATE mirror.holdings SET current_value = 1000');
SELECT * FROM mirror_private.verify_books();
