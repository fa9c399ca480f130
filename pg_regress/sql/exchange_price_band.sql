-- price_band: how far from the last price a trade may be. band_action: the order is refused, or the market is halted.
\set answer 'status, filled_amount AS filled, remaining_amount AS rest, average_price, cancel_reason'
SELECT exchange.create_market('PBR-USD', 'PB', 'USD'), exchange.create_market('PBH-USD', 'PB', 'USD');
UPDATE exchange.markets SET price_band = 0.1 WHERE symbol LIKE 'PB_-USD';
UPDATE exchange.markets SET band_action = 'halt' WHERE symbol = 'PBH-USD';
INSERT INTO identity.users (name) VALUES ('pba ann'), ('pba bob');
SELECT count(exchange.deposit(person(u), a, 100000))
FROM unnest(ARRAY['pba ann', 'pba bob']) u, unnest(ARRAY['PB', 'USD']) a;
CREATE TEMP VIEW band AS SELECT symbol, band_action, status, last_price FROM exchange.markets
WHERE symbol LIKE 'PB_-USD' ORDER BY symbol DESC;

-- Refuse. Without a last price there is no band; 100 makes one: 90 to 110, both included.
SELECT status FROM exchange.place_order(person('pba ann'), 'PBR-USD', 'sell', 150, 1);
SELECT status FROM exchange.place_order(person('pba ann'), 'PBR-USD', 'sell', 100, 1);
SELECT status FROM exchange.place_order(person('pba bob'), 'PBR-USD', 'buy', 100, 1, client_order_id => 'first');
SELECT side, price,
       refusal(format('SELECT exchange.place_order(person(''pba bob''), ''PBR-USD'', %L, %s, 1)', side,
                      price)) AS answer
FROM (VALUES ('buy', 89.99), ('buy', 90), ('buy', 110.01), ('sell', 110), ('sell', 110.01),
             ('sell', 89.99)) AS v (side, price);
-- An amendment to such a price is refused as well; less at a price that the band has left behind is not.
SELECT refusal(format('SELECT exchange.amend_order(%s, 111)', id)) FROM exchange.orders
WHERE symbol = 'PBR-USD' AND price = 110;
SELECT status
FROM exchange.amend_order((SELECT id FROM exchange.orders WHERE symbol = 'PBR-USD' AND price = 150), NULL, 0.5);
-- A stop_limit's limit counts, its trigger does not; a market order has no price: it stops at the edge of the band.
SELECT split_part(refusal('SELECT exchange.place_order(person(''pba bob''), ''PBR-USD'', ''buy'', 120, 1, ''stop_limit'', stop_price => 105)'),
                  ' /', 1);
SELECT status FROM exchange.place_order(person('pba bob'), 'PBR-USD', 'buy', 105, 1, 'stop_limit', stop_price => 140);
SELECT * FROM exchange.order_book('PBR-USD');
SELECT :answer FROM exchange.place_order(person('pba ann'), 'PBR-USD', 'buy', NULL, 3, 'market');
-- The band has moved with the last price, 110: 99 to 121. A bid at 120 is taken now, and the market trades on.
SELECT refusal('SELECT exchange.place_order(person(''pba ann''), ''PBR-USD'', ''sell'', 98, 1)');
SELECT :answer FROM exchange.place_order(person('pba ann'), 'PBR-USD', 'buy', 120, 1);
SELECT * FROM band;
SELECT * FROM exchange.verify();

-- Halt. Orders far away are taken: it is a trade there that halts the market. The order that came to it ends, what it
-- has traded within the band stays.
SELECT status FROM exchange.place_order(person('pba ann'), 'PBH-USD', 'sell', 100, 1);
SELECT status FROM exchange.place_order(person('pba bob'), 'PBH-USD', 'buy', 100, 1);
SELECT count(*) FROM unnest(ARRAY[105, 110, 111]) p, exchange.place_order(person('pba ann'), 'PBH-USD', 'sell', p, 1);
SELECT status FROM exchange.place_order(person('pba ann'), 'PBH-USD', 'buy', 109, 1, 'stop_limit', stop_price => 110);
SELECT :answer FROM exchange.place_order(person('pba bob'), 'PBH-USD', 'buy', 200, 5);
SELECT * FROM band;
SELECT price, amount FROM exchange.trades WHERE symbol = 'PBH-USD' ORDER BY sequence;
-- Nothing more happens there: no order, no cancel, no stop, though the last price has reached one.
SELECT refusal('SELECT exchange.place_order(person(''pba bob''), ''PBH-USD'', ''buy'', 100, 1)');
SELECT side, price, stop_price, status, cancel_reason FROM exchange.orders WHERE symbol = 'PBH-USD' ORDER BY id;
SELECT * FROM exchange.verify();
-- The operator opens it again: now the stop is triggered, and rests.
SELECT exchange.set_market_status('PBH-USD', 'open');
SELECT side, price, stop_price, status, cancel_reason FROM exchange.orders
WHERE symbol = 'PBH-USD' AND stop_price IS NOT NULL;
-- The same through the bulk door: the order after the one that halts is refused.
INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount)
SELECT 'new', person('pba ' || u), 'PBH-USD', id, side, price, amount
FROM (VALUES ('ann', 'h1', 'sell', 130, 1), ('bob', 'h2', 'buy', 200, 2),
             ('bob', 'h3', 'buy', 100, 1)) AS v (u, id, side, price, amount);
CALL exchange.match_orders();
SELECT client_order_id, status, filled_amount, cancel_reason FROM exchange.orders
WHERE client_order_id IN ('h1', 'h2', 'h3') ORDER BY id;
SELECT client_order_id, sqlstate, reason FROM exchange.command_rejections WHERE client_order_id IN ('h1', 'h2', 'h3');
SELECT * FROM band;
SELECT * FROM exchange.verify();
