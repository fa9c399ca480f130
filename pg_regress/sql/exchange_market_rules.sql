-- A rule of a market is changed with an UPDATE, by an admin; the next order goes by it.
SELECT exchange.create_market('RUL-USD', 'RUL', 'USD');
INSERT INTO identity.users (id, name) VALUES (8801, 'rul ann');
SELECT exchange.deposit(8801, 'USD', 1000) > 0 AS funded;

CREATE ROLE rul_admin LOGIN IN ROLE bourse_admin;
SET SESSION AUTHORIZATION rul_admin;
UPDATE exchange.markets SET min_amount = 1, max_amount = 10, min_notional = 20, taker_rate = 0.02
WHERE symbol = 'RUL-USD';
UPDATE exchange.markets SET tick_size = 0.5, lot_size = 0.1 WHERE symbol = 'RUL-USD';
RESET SESSION AUTHORIZATION;

SELECT refusal($$SELECT exchange.place_order(8801, 'RUL-USD', 'buy', 10.1, 2)$$);
SELECT refusal($$SELECT exchange.place_order(8801, 'RUL-USD', 'buy', 10.5, 1)$$);
SELECT status FROM exchange.place_order(8801, 'RUL-USD', 'buy', 10.5, 2, client_order_id => 'rests');
-- The resting order has frozen the rate that it was accepted with.
SELECT price, amount, maker_rate, taker_rate, reserved FROM exchange.orders WHERE symbol = 'RUL-USD';
UPDATE exchange.markets SET taker_rate = 0.03 WHERE symbol = 'RUL-USD';
SELECT taker_rate, reserved FROM exchange.orders WHERE symbol = 'RUL-USD';

-- Prices and quantities of resting orders are whole ticks and lots: both stay while one rests.
SELECT refusal($$UPDATE exchange.markets SET tick_size = 0.25 WHERE symbol = 'RUL-USD'$$);
SELECT refusal($$UPDATE exchange.markets SET lot_size = 1 WHERE symbol = 'RUL-USD'$$);
SELECT status FROM exchange.cancel_order(8801, 'rests');
UPDATE exchange.markets SET tick_size = 0.25, lot_size = 1 WHERE symbol = 'RUL-USD';

-- What no market can have is refused, whoever asks.
SELECT refusal($$UPDATE exchange.markets SET tick_size = 0.00000001, lot_size = 0.1 WHERE symbol = 'RUL-USD'$$);
SELECT refusal($$UPDATE exchange.markets SET price_band = 1 WHERE symbol = 'RUL-USD'$$);
SELECT refusal($$UPDATE exchange.markets SET min_amount = 11 WHERE symbol = 'RUL-USD'$$);
SET SESSION AUTHORIZATION rul_admin;
UPDATE exchange.markets SET last_sequence = 7 WHERE symbol = 'RUL-USD';
RESET SESSION AUTHORIZATION;
DROP ROLE rul_admin;
SELECT * FROM exchange.verify();
