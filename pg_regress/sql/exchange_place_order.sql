-- place_order: price first, then time; at the price of the resting order.
\set answer 'status, filled_amount AS filled, remaining_amount AS rest, average_price, commission, cancel_reason'
SELECT exchange.create_market('PLO-USD', 'PLO', 'USD', maker_rate => 0.001, taker_rate => 0.002);
INSERT INTO identity.users (name) VALUES ('plo ann') RETURNING id AS ann \gset
INSERT INTO identity.users (name) VALUES ('plo bob') RETURNING id AS bob \gset
INSERT INTO identity.users (name) VALUES ('plo cat') RETURNING id AS cat \gset
SELECT count(exchange.deposit(u, a, 1000)) FROM unnest(ARRAY[:ann, :bob, :cat]) u, unnest(ARRAY['PLO', 'USD']) a;
CREATE TEMP VIEW tape AS
SELECT t.sequence AS n, b.name AS buyer, s.name AS seller, t.price, t.amount, t.buyer_commission, t.seller_commission,
       t.commission, t.taker_side AS taker
FROM exchange.trades t
JOIN exchange.orders bo ON bo.id = t.buy_order_id JOIN identity.users b ON b.id = bo.user_id
JOIN exchange.orders so ON so.id = t.sell_order_id JOIN identity.users s ON s.id = so.user_id
WHERE t.symbol = 'PLO-USD' ORDER BY t.sequence;
CREATE TEMP VIEW balances AS
SELECT u.name, a.symbol, a.amount, a.locked_amount FROM exchange.assets a JOIN identity.users u ON u.id = a.user_id
WHERE u.name LIKE 'plo %' ORDER BY u.name, a.symbol;

-- A buy locks limit x amount and the larger of the two commissions on it, a sell what it sells.
SELECT :answer FROM exchange.place_order(:ann, 'PLO-USD', 'buy', 10, 5);
SELECT :answer FROM exchange.place_order(:ann, 'PLO-USD', 'sell', 20, 5);
SELECT symbol, amount, locked_amount FROM exchange.assets WHERE user_id = :ann ORDER BY symbol;

-- Better prices stand first, equal prices in order of arrival.
SELECT status FROM exchange.place_order(:bob, 'PLO-USD', 'sell', 20, 5);
SELECT status FROM exchange.place_order(:cat, 'PLO-USD', 'sell', 19.99, 2);
SELECT * FROM exchange.order_book('PLO-USD');
-- It does not cross: it rests.
SELECT :answer FROM exchange.place_order(:bob, 'PLO-USD', 'buy', 19.98, 1);
-- It crosses: 2 at 19.99, then ann's 5 at 20, then 1 of bob's. It would have paid 21: the difference is free at once.
SELECT :answer FROM exchange.place_order(:cat, 'PLO-USD', 'sell', 30, 1);
INSERT INTO identity.users (name) VALUES ('plo dan') RETURNING id AS dan \gset
SELECT exchange.deposit(:dan, 'USD', 200) > 0 AS deposited;
SELECT :answer FROM exchange.place_order(:dan, 'PLO-USD', 'buy', 21, 8);
SELECT * FROM tape;
-- Maker 0.1 %, taker 0.2 %: dan has paid 159.98 + 0.31996; the assets that dan never had appear.
SELECT * FROM balances;
SELECT * FROM exchange.order_book('PLO-USD');

-- ioc: what does not trade at once is cancelled. Nothing stays locked.
SELECT :answer FROM exchange.place_order(:dan, 'PLO-USD', 'sell', 19.98, 3, time_in_force => 'ioc');
SELECT :answer FROM exchange.place_order(:dan, 'PLO-USD', 'sell', 25, 1, time_in_force => 'ioc');
SELECT * FROM balances WHERE name = 'plo dan';

-- A resting order keeps what its rest needs while it is filled bit by bit.
SELECT :answer FROM exchange.place_order(:dan, 'PLO-USD', 'sell', 10, 2);
SELECT amount, filled_amount, reserved, status FROM exchange.orders WHERE user_id = :ann AND side = 'buy';
SELECT :answer FROM exchange.place_order(:dan, 'PLO-USD', 'sell', 9.99, 4);
SELECT amount, filled_amount, reserved, status FROM exchange.orders WHERE user_id = :ann AND side = 'buy';
SELECT * FROM tape WHERE n > 3;
SELECT * FROM balances WHERE name IN ('plo ann', 'plo dan');

-- All funds, to the last 0.00000001: 10 x 9.98 + 0.2 % are 99.9996.
INSERT INTO identity.users (name) VALUES ('plo eve') RETURNING id AS eve \gset
SELECT exchange.deposit(:eve, 'USD', 99.9996) > 0 AS deposited;
SELECT :answer FROM exchange.place_order(:eve, 'PLO-USD', 'buy', 9.98, 10);
SELECT * FROM balances WHERE name = 'plo eve';

-- Rates are frozen when an order is accepted: eve's order goes on under 0.1 % and 0.2 %.
UPDATE exchange.markets SET maker_rate = 0.5, taker_rate = 0.5 WHERE symbol = 'PLO-USD';
SELECT :answer FROM exchange.place_order(:bob, 'PLO-USD', 'sell', 9.98, 11);
SELECT * FROM tape WHERE n > 5;
SELECT * FROM balances WHERE name = 'plo eve';

-- Commission is rounded half away from zero at 8 decimals: 0.01 x 0.000001 x 0.5 is 0.000000005.
SELECT exchange.create_market('PLO-FINE', 'PLO', 'FINE', maker_rate => 0.5, taker_rate => 0.4);
SELECT exchange.deposit(:ann, 'FINE', 1) > 0 AS deposited;
SELECT :answer FROM exchange.place_order(:eve, 'PLO-FINE', 'sell', 0.01, 0.000001);
SELECT :answer FROM exchange.place_order(:ann, 'PLO-FINE', 'buy', 0.01, 0.000001);
SELECT sequence, price, amount, buyer_commission, seller_commission, commission FROM exchange.trades
WHERE symbol = 'PLO-FINE';

-- Named arguments; NULL words stand for the defaults.
SELECT :answer FROM exchange.place_order(symbol => 'PLO-USD', user_id => :cat, amount => 1, price => 1, side => 'buy',
    order_type => NULL, time_in_force => NULL, self_trade_prevention => NULL, post_only => NULL);
SELECT order_type, time_in_force, self_trade_prevention, post_only, maker_rate, taker_rate
FROM exchange.orders WHERE user_id = :cat AND side = 'buy';

-- An order in a transaction that rolls back has never been: the next trade takes its number.
BEGIN;
SELECT status FROM exchange.place_order(:cat, 'PLO-USD', 'buy', 20, 1);
SELECT last_sequence FROM exchange.markets WHERE symbol = 'PLO-USD';
SAVEPOINT here;
SELECT status FROM exchange.place_order(:cat, 'PLO-USD', 'buy', 20, 1);
ROLLBACK TO here;
SELECT last_sequence FROM exchange.markets WHERE symbol = 'PLO-USD';
SELECT * FROM exchange.verify();
ROLLBACK;
SELECT last_sequence, last_price FROM exchange.markets WHERE symbol = 'PLO-USD';
SELECT * FROM exchange.order_book('PLO-USD');
SELECT * FROM exchange.verify();
