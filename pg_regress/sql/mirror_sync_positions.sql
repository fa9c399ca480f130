-- Position books as brokers deliver them; what comes of positions is computed.
INSERT INTO identity.users (id, name, role, db_role)
VALUES (101, 'ann', 'trader', 'mpos_ann'), (102, 'ben', 'trader', 'mpos_ben');
CREATE ROLE mpos_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE mpos_ben LOGIN IN ROLE bourse_trader;
CREATE ROLE mpos_worker LOGIN IN ROLE bourse_worker;
ALTER TABLE mirror.trading_accounts ALTER id RESTART WITH 7001;
SELECT mirror.create_account(101, 'main account', 'Zerodha'), mirror.create_account(101, 'second', 'Upstox'),
       mirror.create_account(102, 'of ben', 'Upstox');

-- OpenAlgo: texts; what was closed today is there with a quantity of 0.
SET SESSION AUTHORIZATION mpos_worker;
SELECT * FROM mirror.sync_positions(7001, '{"status": "success", "data": [
    {"symbol": "NHPC", "exchange": "NSE", "product": "MIS", "quantity": "-1", "average_price": "83.74",
     "ltp": "83.72", "pnl": "0.02"},
    {"symbol": "RELIANCE", "exchange": "NSE", "product": "MIS", "quantity": "0", "average_price": "0.0",
     "ltp": "1189.9", "pnl": "5.90"},
    {"symbol": "YESBANK", "exchange": "NSE", "product": "MIS", "quantity": "-104", "average_price": "17.2",
     "ltp": "17.31", "pnl": "-10.44"}]}', '2025-08-28 10:20:00+05:30');
SET SESSION AUTHORIZATION mpos_ann;
SELECT symbol, trim_scale(quantity) AS quantity, trim_scale(average_price) AS average,
       trim_scale(current_price) AS price, pnl, pnl_percent, day_change, day_change_percent, multiplier_from,
       trim_scale(reported_pnl) AS reported, closed_at
FROM mirror.positions ORDER BY id;
-- Nobody types it.
SELECT refusal('UPDATE mirror.positions SET pnl = 1000');
SET SESSION AUTHORIZATION mpos_worker;
SELECT refusal('UPDATE mirror.positions SET current_price = 1000');
RESET SESSION AUTHORIZATION;
SELECT refusal('UPDATE mirror.positions SET pnl = 1000');

-- Kite: net counts; the broker's own multiplier belongs to the quantities that it reports. The previous close gives the
-- change of the day.
SET SESSION AUTHORIZATION mpos_worker;
SELECT * FROM mirror.sync_positions(7002, '{"status": "success", "data": {"net": [
    {"tradingsymbol": "LEADMINI17DECFUT", "exchange": "MCX", "instrument_token": 53496327, "product": "NRML",
     "quantity": 1, "overnight_quantity": 0, "multiplier": 1000, "average_price": 161.05, "close_price": 160,
     "last_price": 161.1, "value": -161050, "pnl": 50, "m2m": 50, "unrealised": 50, "realised": 0},
    {"tradingsymbol": "GOLDGUINEA17DECFUT", "exchange": "MCX", "instrument_token": 53505799, "product": "NRML",
     "quantity": -3, "overnight_quantity": 3, "multiplier": 1, "average_price": 23232.333333333332,
     "close_price": 0, "last_price": 23355, "pnl": -368}], "day": [
    {"tradingsymbol": "GOLDGUINEA17DECFUT", "exchange": "MCX", "product": "NRML", "quantity": 77}]}}',
    '2025-08-28 10:20:00+05:30', 'kite');
SELECT broker_key, action FROM mirror.sync_positions(7002, '{"net": [
    {"tradingsymbol": "LEADMINI17DECFUT", "exchange": "MCX", "instrument_token": 53496327, "product": "NRML",
     "quantity": 1, "multiplier": 1000, "average_price": 161.05, "close_price": 160, "last_price": 161.1,
     "pnl": 50}], "day": []}', '2025-08-28 10:20:01+05:30', 'kite', complete => false);
SELECT symbol, trim_scale(quantity) AS quantity, trim_scale(average_price) AS average, pnl, pnl_percent, day_change,
       day_change_percent, trim_scale(multiplier) AS multiplier, multiplier_from
FROM mirror.positions WHERE account_id = 7002 ORDER BY id;

-- A contract of 1250: as long as nobody has said so a multiplier of 1 is assumed; then it is that of the instrument,
-- for positions that are there and for those to come. What has gone is assumed again.
SELECT action FROM mirror.sync_positions(7003, '[
    {"symbol": "NATGAS25SEPFUT", "exchange": "MCX", "product": "NRML", "quantity": "2", "average_price": "250.5",
     "ltp": "251.7"}]', '2025-08-28 10:20:00+05:30');
SELECT pnl, trim_scale(multiplier) AS multiplier, multiplier_from FROM mirror.positions WHERE account_id = 7003;
SELECT mirror.set_instrument('MCX', 'NATGAS25SEPFUT', 1, 0.1, multiplier => 1250),
       mirror.set_instrument('MCX', 'LEADMINI17DECFUT', 1, 0.05, multiplier => 7);
SELECT symbol, pnl, trim_scale(multiplier) AS multiplier, multiplier_from FROM mirror.positions
WHERE exchange = 'MCX' ORDER BY id;
SELECT action FROM mirror.sync_positions(7003, '[
    {"symbol": "NATGAS25SEPFUT", "exchange": "MCX", "product": "NRML", "quantity": "2", "average_price": "250.5",
     "ltp": "251.7"},
    {"symbol": "NATGAS25SEPFUT", "exchange": "MCX", "product": "MIS", "quantity": "-1", "average_price": "250.5",
     "ltp": "251.7"}]', '2025-08-28 10:20:01+05:30');
SELECT product, pnl, multiplier_from FROM mirror.positions WHERE account_id = 7003 ORDER BY id;
SELECT mirror.remove_instrument('MCX', 'NATGAS25SEPFUT');
SELECT product, pnl, multiplier_from FROM mirror.positions WHERE account_id = 7003 ORDER BY id;

-- The same again writes nothing, also with a price that the broker does not know (0); what is not in a complete report
-- is flat; older reports say nothing. A position without a product is one, too.
SELECT action FROM mirror.sync_positions(7003, '[
    {"symbol": "TCS", "exchange": "NSE", "quantity": "5", "average_price": "3000", "ltp": "0"},
    {"symbol": "TCS", "exchange": "NSE", "product": "CNC", "quantity": "0", "average_price": "0"}]',
    '2025-08-28 10:21:00+05:30', complete => false);
SELECT string_agg(xmin::text || ctid::text, ' ' ORDER BY id) AS versions FROM mirror.positions \gset
SELECT broker_key, action FROM mirror.sync_positions(7003, '[
    {"symbol": "NATGAS25SEPFUT", "exchange": "MCX", "product": "NRML", "quantity": "2", "average_price": "250.5",
     "ltp": "251.7"},
    {"symbol": "NATGAS25SEPFUT", "exchange": "MCX", "product": "MIS", "quantity": "-1", "average_price": "250.5",
     "ltp": 251.70},
    {"symbol": "TCS", "exchange": "NSE", "product": "", "quantity": "5.00", "average_price": 3000.0, "ltp": 0.0},
    {"symbol": "TCS", "exchange": "NSE", "product": "CNC", "quantity": 0}]', '2025-08-28 10:22:00+05:30');
SELECT string_agg(xmin::text || ctid::text, ' ' ORDER BY id) = :'versions' AS nothing_was_written
FROM mirror.positions;
SELECT broker_key, action FROM mirror.sync_positions(7003, '[
    {"symbol": "TCS", "exchange": "NSE", "quantity": "6", "average_price": "3001", "ltp": "3010"}]',
    '2025-08-28 10:21:59+05:30');
SELECT broker_key, action FROM mirror.sync_positions(7003, '[
    {"symbol": "TCS", "exchange": "NSE", "quantity": "-6", "average_price": "3001", "ltp": "3010"}]',
    '2025-08-28 10:23:00+05:30');
SELECT symbol, product, trim_scale(quantity) AS quantity, pnl, pnl_percent, closed_at
FROM mirror.positions WHERE account_id = 7003 ORDER BY id;

-- One bad row is reported, the others land.
SELECT * FROM mirror.sync_positions(7003, '[
    {"symbol": "A", "exchange": "NSE", "quantity": "1", "average_price": "1", "ltp": "2"},
    {"symbol": "B", "exchange": "NSE", "quantity": "one", "average_price": "1"},
    {"symbol": "C", "exchange": "NSE", "quantity": "NaN", "average_price": "1"},
    {"symbol": "D", "exchange": "NSE", "quantity": 1},
    {"symbol": "E", "exchange": "NSE", "quantity": 1, "average_price": -1},
    {"symbol": "F", "exchange": "NSE", "quantity": 1, "average_price": 1, "ltp": -1},
    {"symbol": "G", "exchange": "NSE", "quantity": 1, "average_price": 1, "close_price": "Infinity"},
    {"symbol": "H", "exchange": "NSE", "quantity": 1, "average_price": 1, "multiplier": -1},
    {"symbol": "I", "exchange": "NSE", "quantity": 1, "average_price": 1, "pnl": 1e13},
    {"symbol": "J", "exchange": "NSE", "quantity": 0.000000001, "average_price": 1},
    {"symbol": "K", "exchange": "NSE", "quantity": 1e300, "average_price": 1},
    {"symbol": "L", "quantity": 1, "average_price": 1},
    {"symbol": "A", "exchange": "NSE", "quantity": "1", "average_price": "1", "ltp": "3"},
    {"symbol": "M", "exchange": "NSE", "quantity": 999999999999, "average_price": 0.00000001,
     "ltp": 999999999999, "multiplier": 999999999999},
    {"symbol": "N", "exchange": "NSE", "quantity": 1, "average_price": 0, "ltp": 1}]', '2025-08-28 10:24:00+05:30');
-- No overflow, no division by zero.
SELECT symbol, pnl, pnl_percent FROM mirror.positions WHERE symbol IN ('M', 'N');

SELECT refusal(format('SELECT * FROM mirror.sync_positions(%s)', arguments)) FROM (VALUES
    ($$NULL, '[]', now()$$), ($$999, '[]', now()$$), ($$7001, '{"data": {"day": []}}', now()$$),
    ($$7001, '[]', now(), 'fix'$$), ($$7001, '[]', '2999-01-01 00:00Z'$$)) a (arguments);
SET SESSION AUTHORIZATION mpos_ben;
SELECT refusal($$SELECT * FROM mirror.sync_positions(7003, '[]', now())$$);
SELECT DISTINCT account_id FROM mirror.positions;
RESET SESSION AUTHORIZATION;
-- Whoever writes past the functions keeps to the same.
SELECT refusal(format('UPDATE mirror.positions SET %s WHERE symbol = $$NHPC$$', change)) FROM (VALUES
    ('quantity = $$NaN$$'), ('quantity = 0'), ('average_price = -1'), ('multiplier = 0'), ('current_price = 0'))
    c (change);
SELECT * FROM mirror_private.verify_books();
