-- Market orders: no price, trade at once at whatever the book offers, never rest.
\set answer 'status, filled_amount AS filled, remaining_amount AS rest, average_price, commission, cancel_reason'
\pset null -
SELECT exchange.create_market('MOR-USD', 'MOR', 'USD', maker_rate => 0.001, taker_rate => 0.002);
INSERT INTO identity.users (name) VALUES ('mor ann'), ('mor bob');
SELECT count(exchange.deposit(person(u), a, 1000))
FROM unnest(ARRAY['mor ann', 'mor bob']) u, unnest(ARRAY['MOR', 'USD']) a;
CREATE TEMP VIEW held AS
SELECT right(u.name, 3) AS "user", a.symbol, a.amount, a.locked_amount FROM exchange.assets a
JOIN identity.users u ON u.id = a.user_id
WHERE u.name LIKE 'mor %' ORDER BY u.name, a.symbol;
CREATE TEMP VIEW placed AS
SELECT o.side, o.price, o.amount, o.quote_amount AS quote, o.filled_amount AS filled, o.status,
       o.cancel_reason AS reason, o.reserved
FROM exchange.orders o WHERE o.symbol = 'MOR-USD' AND o.order_type = 'market' ORDER BY o.id;

-- Nobody is there: the order is accepted and ends at once. It locks nothing.
SELECT :answer FROM exchange.place_order(person('mor ann'), 'MOR-USD', 'buy', NULL, 5, 'market');
SELECT :answer FROM exchange.place_order(person('mor ann'), 'MOR-USD', 'buy', NULL, NULL, 'market', quote_amount => 50);

-- By amount: 2 at 10, 2 at 11, 1 at 12; the rest finds nobody. The last price it pays is no limit of its own.
SELECT count(*) FROM generate_series(10, 12) p, exchange.place_order(person('mor bob'), 'MOR-USD', 'sell', p, 2);
SELECT :answer FROM exchange.place_order(person('mor ann'), 'MOR-USD', 'buy', NULL, 5, 'market');
SELECT :answer FROM exchange.place_order(person('mor ann'), 'MOR-USD', 'buy', NULL, 5, 'market');
SELECT * FROM held;
-- A sell takes the bids. gtc and ioc mean the same here.
SELECT status FROM exchange.place_order(person('mor bob'), 'MOR-USD', 'buy', 9, 1);
SELECT :answer FROM exchange.place_order(person('mor ann'), 'MOR-USD', 'sell', NULL, 3, 'market', 'ioc');
SELECT * FROM held;

-- By quote_amount: at most that is spent, commission included. 9.99 buys 0.997005 at 10: 9.97005 + 0.0199401; one lot
-- of 0.000001 more would be too much. The order is filled: its amount is what it could buy.
SELECT count(*) FROM generate_series(10, 12) p, exchange.place_order(person('mor bob'), 'MOR-USD', 'sell', p, 2);
SELECT :answer
FROM exchange.place_order(person('mor ann'), 'MOR-USD', 'buy', NULL, NULL, 'market', quote_amount => 9.99);
-- Over two prices; and a budget larger than the book, and than ann's funds: only what is spent must be there.
SELECT :answer FROM exchange.place_order(person('mor ann'), 'MOR-USD', 'buy', NULL, NULL, 'market', quote_amount => 21);
SELECT :answer
FROM exchange.place_order(person('mor ann'), 'MOR-USD', 'buy', NULL, NULL, 'market', quote_amount => 50000,
                          client_order_id => 'all');
SELECT :answer
FROM exchange.place_order(person('mor ann'), 'MOR-USD', 'buy', NULL, NULL, 'market', quote_amount => 50000,
                          client_order_id => 'all');
-- Somebody is there, but the budget does not pay for one lot.
SELECT status FROM exchange.place_order(person('mor bob'), 'MOR-USD', 'sell', 100, 1);
SELECT :answer
FROM exchange.place_order(person('mor ann'), 'MOR-USD', 'buy', NULL, NULL, 'market', quote_amount => 0.0001);
SELECT * FROM placed;
SELECT * FROM held;

-- A buy by amount needs what its fills cost, to the last unit: 1 at 100 and 0.2.
INSERT INTO identity.users (name) VALUES ('mor cat');
SELECT exchange.deposit(person('mor cat'), 'USD', 100.19999999) > 0 AS deposited;
SELECT refusal('SELECT exchange.place_order(person(''mor cat''), ''MOR-USD'', ''buy'', NULL, 1, ''market'')');
SELECT exchange.deposit(person('mor cat'), 'USD', 0.00000001) > 0 AS deposited;
SELECT :answer FROM exchange.place_order(person('mor cat'), 'MOR-USD', 'buy', NULL, 1, 'market');
SELECT * FROM held WHERE "user" = 'cat';
-- A sell needs all that it offers, though less may trade.
SELECT refusal('SELECT exchange.place_order(person(''mor cat''), ''MOR-USD'', ''sell'', NULL, 1.000001, ''market'')');

-- It has ended: nothing to cancel, nothing to amend.
SELECT split_part(refusal('SELECT exchange.cancel_order(person(''mor ann''), ''all'')'), ' /', 1);
SELECT split_part(refusal(format('SELECT exchange.amend_order(%s, NULL, 9)', id)), ' /', 1) FROM exchange.orders
WHERE client_order_id = 'all';
SELECT * FROM exchange.verify();
