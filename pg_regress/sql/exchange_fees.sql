-- Commission: the market's rates, or those of the user's fee group; frozen on the order; a maker's may be negative, a
-- rebate.
\set answer 'status, filled_amount AS filled, average_price, commission'
SELECT exchange.create_market('FEE-USD', 'FEE', 'USD', maker_rate => 0.001, taker_rate => 0.002);
SELECT exchange.create_market('FEE-ETH', 'FEE', 'ETH', maker_rate => -0.001, taker_rate => 0.003);
INSERT INTO identity.users (name) VALUES ('fee ann'), ('fee bob'), ('fee cat'), ('fee dan');
SELECT count(exchange.deposit(person(u), a, 10000))
FROM unnest(ARRAY['fee ann', 'fee bob', 'fee cat', 'fee dan']) u, unnest(ARRAY['FEE', 'USD', 'ETH']) a;
CREATE TEMP VIEW tape AS
SELECT t.symbol, t.sequence AS n, trim_scale(t.price * t.amount) AS value, right(ub.name, 3) AS buyer,
       t.buyer_commission, right(us.name, 3) AS seller, t.seller_commission, t.commission, t.taker_side AS taker
FROM exchange.trades t
JOIN exchange.orders b ON b.id = t.buy_order_id JOIN identity.users ub ON ub.id = b.user_id
JOIN exchange.orders s ON s.id = t.sell_order_id JOIN identity.users us ON us.id = s.user_id WHERE t.symbol LIKE 'FEE-%'
ORDER BY t.symbol DESC, t.sequence;
CREATE TEMP VIEW rates AS
SELECT DISTINCT right(u.name, 3) AS "user", o.symbol, o.side, o.price, o.maker_rate, o.taker_rate FROM exchange.orders o
JOIN identity.users u ON u.id = o.user_id
WHERE o.symbol LIKE 'FEE-%' AND o.status = 'open' ORDER BY 1, 2, 3, 4;

-- ann pays the market's rates. bob's group has rates for this market, cat's only for all of them. dan's group has none.
INSERT INTO exchange.fee_schedules (fee_group, symbol, maker_rate, taker_rate) VALUES
    ('fee maker', 'FEE-USD', -0.0005, 0.001), ('fee maker', '*', 0, 0.0015), ('fee vip', '*', 0.0002, 0.0004);
INSERT INTO exchange.fee_groups (user_id, fee_group)
VALUES (person('fee bob'), 'fee maker'), (person('fee cat'), 'fee vip'), (person('fee dan'), 'fee none');
SELECT count(*)
FROM unnest(ARRAY['ann', 'bob', 'cat', 'dan']) WITH ORDINALITY AS u (name, i), unnest(ARRAY['FEE-USD', 'FEE-ETH']) m,
    exchange.place_order(person('fee ' || name), m, 'buy', i, 1);
SELECT * FROM rates;
SELECT sum(exchange.cancel_all_orders(person('fee ' || name))) FROM unnest(ARRAY['ann', 'bob', 'cat', 'dan']) name;

-- Who rests pays the maker's rate of hers, who arrives the taker's of his. bob's rebate comes out of what the taker
-- pays.
SELECT status FROM exchange.place_order(person('fee ann'), 'FEE-USD', 'sell', 100, 1);
SELECT :answer FROM exchange.place_order(person('fee cat'), 'FEE-USD', 'buy', 100, 1);
SELECT status FROM exchange.place_order(person('fee bob'), 'FEE-USD', 'sell', 100, 1);
SELECT :answer FROM exchange.place_order(person('fee ann'), 'FEE-USD', 'buy', 100, 1);
SELECT status FROM exchange.place_order(person('fee bob'), 'FEE-USD', 'buy', 100, 1);
SELECT :answer FROM exchange.place_order(person('fee dan'), 'FEE-USD', 'sell', 100, 1);
-- It is never more than that: of cat's 0.04 %, bob's 0.05 % would take more. The house pays nothing.
SELECT status FROM exchange.place_order(person('fee bob'), 'FEE-USD', 'sell', 100, 1);
SELECT :answer FROM exchange.place_order(person('fee cat'), 'FEE-USD', 'buy', 100, 1);
SELECT * FROM tape WHERE symbol = 'FEE-USD';
-- A buy locks by the larger of its two rates; a rebate is no part of it.
SELECT status FROM exchange.place_order(person('fee bob'), 'FEE-USD', 'buy', 50, 2);
SELECT status FROM exchange.place_order(person('fee cat'), 'FEE-USD', 'buy', 50, 2);
SELECT right(u.name, 3) AS "user", o.reserved FROM exchange.orders o JOIN identity.users u ON u.id = o.user_id
WHERE o.symbol = 'FEE-USD' AND o.status = 'open' ORDER BY o.id;

-- Frozen when accepted: new rates, another group, none at all, an amendment: bob's bid keeps what it came with.
UPDATE exchange.markets SET maker_rate = 0.5, taker_rate = 0.5 WHERE symbol = 'FEE-USD';
UPDATE exchange.fee_schedules SET maker_rate = 0.5, taker_rate = 0.5 WHERE fee_group = 'fee maker';
DELETE FROM exchange.fee_groups WHERE user_id = person('fee bob');
SELECT :answer
FROM exchange.amend_order((SELECT id FROM exchange.orders WHERE user_id = person('fee bob') AND status = 'open'), 51);
SELECT * FROM rates;
SELECT :answer FROM exchange.place_order(person('fee dan'), 'FEE-USD', 'sell', 51, 1);
SELECT * FROM tape WHERE symbol = 'FEE-USD' OFFSET 4;

-- A market whose makers are paid: every unit of ETH is where the journal says. 10 x 1 at -0.1 % and 0.3 %.
SELECT status FROM exchange.place_order(person('fee ann'), 'FEE-ETH', 'sell', 10, 1);
SELECT :answer FROM exchange.place_order(person('fee dan'), 'FEE-ETH', 'buy', NULL, 1, 'market');
SELECT * FROM tape WHERE symbol = 'FEE-ETH';
SELECT exchange.cancel_all_orders(person('fee ' || name)) FROM unnest(ARRAY['ann', 'bob', 'cat', 'dan']) name;
SELECT right(u.name, 3) AS "user", a.symbol, a.amount, a.locked_amount FROM exchange.assets a
JOIN identity.users u ON u.id = a.user_id
WHERE u.name LIKE 'fee %' AND a.symbol <> 'FEE' ORDER BY a.symbol, u.name;
SELECT m.quote, sum(t.commission) AS of_the_house,
       40000 - (SELECT sum(a.amount) FROM exchange.assets a JOIN identity.users u ON u.id = a.user_id
                WHERE u.name LIKE 'fee %' AND a.symbol = m.quote) AS missing_with_users
FROM exchange.trades t JOIN exchange.markets m ON m.symbol = t.symbol WHERE m.base = 'FEE' GROUP BY m.quote
ORDER BY m.quote;
-- What no rate can be.
SELECT s, split_part(refusal(s), ' ', 1) AS refusal FROM unnest(ARRAY[
    'INSERT INTO exchange.fee_schedules VALUES (''fee x'', ''*'', -1, 0)',
    'INSERT INTO exchange.fee_schedules VALUES (''fee x'', ''*'', 0, -0.001)',
    'INSERT INTO exchange.fee_schedules VALUES (''fee x'', ''*'', 0, 1.1)',
    'INSERT INTO exchange.fee_schedules VALUES (''fee x'', ''*'', ''NaN'', 0)']) s;
DELETE FROM exchange.fee_groups WHERE fee_group LIKE 'fee %';
DELETE FROM exchange.fee_schedules WHERE fee_group LIKE 'fee %';
SELECT * FROM exchange.verify();
