-- Self-trade prevention: what happens when an order reaches an order of its own user. The arriving order decides how.
SELECT exchange.create_market('STP-USD', 'STP', 'USD');
INSERT INTO identity.users (name) VALUES ('stp ann'), ('stp bob');
SELECT count(exchange.deposit(person(u), a, 1000))
FROM unnest(ARRAY['stp ann', 'stp bob']) u, unnest(ARRAY['STP', 'USD']) a;
CREATE TEMP VIEW placed AS
SELECT right(u.name, 3) AS "user", o.side, o.price, o.amount, o.filled_amount AS filled, o.status,
       o.cancel_reason AS reason, o.reserved
FROM exchange.orders o JOIN identity.users u ON u.id = o.user_id WHERE o.symbol = 'STP-USD' ORDER BY o.id;
CREATE TEMP VIEW held AS
SELECT right(u.name, 3) AS "user", a.symbol, a.amount, a.locked_amount FROM exchange.assets a
JOIN identity.users u ON u.id = a.user_id
WHERE u.name LIKE 'stp %' ORDER BY u.name, a.symbol;
-- Every mode meets the same book: bob offers 1, ann 1, bob 1, all at 10; then ann buys 2.5. And it is undone.
CREATE FUNCTION pg_temp.offers() RETURNS SETOF text LANGUAGE sql AS $$
    SELECT p.status
    FROM unnest(ARRAY['stp bob', 'stp ann', 'stp bob']) AS u,
         exchange.place_order(person(u), 'STP-USD', 'sell', 10, 1) AS p
$$;

-- cancel_taker, the default: 1 trades, then the rest is cancelled. ann's offer stays.
BEGIN;
SELECT count(*) AS offers FROM pg_temp.offers();
SELECT status, filled_amount, remaining_amount, commission, cancel_reason
FROM exchange.place_order(person('stp ann'), 'STP-USD', 'buy', 10, 2.5);
SELECT * FROM placed;
SELECT * FROM held;
SELECT * FROM exchange.verify();
ROLLBACK;

-- cancel_maker: ann's offer makes way, the order goes on to bob's next one and rests with what is left.
BEGIN;
SELECT count(*) AS offers FROM pg_temp.offers();
SELECT status, filled_amount, remaining_amount, commission, cancel_reason
FROM exchange.place_order(person('stp ann'), 'STP-USD', 'buy', 10, 2.5, self_trade_prevention => 'cancel_maker');
SELECT * FROM placed;
SELECT * FROM held;
SELECT * FROM exchange.verify();
ROLLBACK;

-- cancel_both: both end.
BEGIN;
SELECT count(*) AS offers FROM pg_temp.offers();
SELECT status, filled_amount, remaining_amount, commission, cancel_reason
FROM exchange.place_order(person('stp ann'), 'STP-USD', 'buy', 10, 2.5, self_trade_prevention => 'cancel_both');
SELECT * FROM placed;
SELECT * FROM held;
SELECT * FROM exchange.verify();
ROLLBACK;

-- decrement: 1 is taken off both, without a trade and without commission. The offer has no more and is cancelled; the
-- order is one of 1.5 from now on, which bob's next offer fills.
BEGIN;
SELECT count(*) AS offers FROM pg_temp.offers();
SELECT status, filled_amount, remaining_amount, commission, cancel_reason
FROM exchange.place_order(person('stp ann'), 'STP-USD', 'buy', 10, 2.5, client_order_id => 'stp dec',
                          self_trade_prevention => 'decrement');
SELECT * FROM placed;
SELECT * FROM held;
-- That it was made smaller is on record; a retry is compared with what was sent, and answered as then.
SELECT old_amount, new_amount, filled_amount, at_acceptance FROM exchange.order_amendments WHERE symbol = 'STP-USD';
SELECT status, filled_amount, remaining_amount, commission, cancel_reason
FROM exchange.place_order(person('stp ann'), 'STP-USD', 'buy', 10, 2.5, client_order_id => 'stp dec',
                          self_trade_prevention => 'decrement');
SELECT * FROM exchange.verify();
ROLLBACK;
-- The smaller of the two ends. The offer that is left keeps its place: it is the next to trade.
BEGIN;
SELECT status FROM exchange.place_order(person('stp ann'), 'STP-USD', 'sell', 10, 3);
SELECT status FROM exchange.place_order(person('stp bob'), 'STP-USD', 'sell', 10, 3);
SELECT status, filled_amount, remaining_amount, commission, cancel_reason
FROM exchange.place_order(person('stp ann'), 'STP-USD', 'buy', 10, 2, self_trade_prevention => 'decrement');
SELECT status
FROM exchange.place_order(person('stp bob'), 'STP-USD', 'buy', 10, 1, self_trade_prevention => 'cancel_taker');
SELECT * FROM placed;
SELECT old_amount, new_amount, filled_amount, at_acceptance FROM exchange.order_amendments WHERE symbol = 'STP-USD';
SELECT * FROM exchange.verify();
ROLLBACK;
-- What is bought with a budget has no quantity that could shrink: decrement is cancel_taker there.
BEGIN;
SELECT count(*) AS offers FROM pg_temp.offers();
SELECT status, filled_amount, remaining_amount, commission, cancel_reason
FROM exchange.place_order(person('stp ann'), 'STP-USD', 'buy', NULL, NULL, 'market', quote_amount => 100,
                          self_trade_prevention => 'decrement');
SELECT * FROM placed OFFSET 1;
ROLLBACK;
-- What is left of a budget and pays for no lot any more meets nobody: 1 costs 10.15 with its commission, one lot more
-- 0.00001015.
BEGIN;
SELECT count(*) AS offers FROM pg_temp.offers();
SELECT status, filled_amount, commission, cancel_reason
FROM exchange.place_order(person('stp ann'), 'STP-USD', 'buy', NULL, NULL, 'market', quote_amount => 10.15001,
                          self_trade_prevention => 'cancel_maker');
SELECT mode, p.status, p.filled_amount, p.cancel_reason
FROM unnest(ARRAY['cancel_taker', 'cancel_maker', 'cancel_both', 'decrement']) mode,
    exchange.place_order(person('stp ann'), 'STP-USD', 'buy', NULL, NULL, 'market', quote_amount => 0.00001014,
                         self_trade_prevention => mode) p;
SELECT * FROM placed WHERE side = 'sell';
-- What pays for a lot meets ann's offer, and goes on to bob's.
SELECT status, filled_amount, commission, cancel_reason
FROM exchange.place_order(person('stp ann'), 'STP-USD', 'buy', NULL, NULL, 'market', quote_amount => 0.00001015,
                          self_trade_prevention => 'cancel_maker');
SELECT * FROM placed WHERE side = 'sell';
SELECT * FROM exchange.verify();
ROLLBACK;

-- none: ann trades with herself and pays both commissions.
BEGIN;
SELECT count(*) AS offers FROM pg_temp.offers();
SELECT status, filled_amount, remaining_amount, commission, cancel_reason
FROM exchange.place_order(person('stp ann'), 'STP-USD', 'buy', 10, 2.5, self_trade_prevention => 'none');
SELECT sequence, price, amount, buyer_commission, seller_commission, taker_side
FROM exchange.trades WHERE symbol = 'STP-USD' ORDER BY sequence;
SELECT * FROM held;
SELECT * FROM exchange.verify();
ROLLBACK;

-- The mode of the order that rests does not matter; nor does an order that is not reached.
SELECT status FROM exchange.place_order(person('stp ann'), 'STP-USD', 'sell', 10, 1, self_trade_prevention => 'none');
SELECT status, cancel_reason FROM exchange.place_order(person('stp ann'), 'STP-USD', 'buy', 10, 1);
SELECT status, cancel_reason FROM exchange.place_order(person('stp ann'), 'STP-USD', 'buy', 9.99, 1);
-- An amended order that comes to meet its owner's own is an arriving one, under the mode that it was given.
SELECT status, cancel_reason
FROM exchange.place_order(person('stp bob'), 'STP-USD', 'buy', 8, 1, client_order_id => 'stp b',
                          self_trade_prevention => 'cancel_maker');
SELECT status FROM exchange.place_order(person('stp bob'), 'STP-USD', 'sell', 10, 1);
SELECT status, filled_amount, cancel_reason
FROM exchange.amend_order((SELECT id FROM exchange.orders WHERE client_order_id = 'stp b'), 10, 2);
SELECT * FROM placed;
SELECT * FROM exchange.verify();
