-- cancel_order and cancel_all_orders: what an order still locks is free again.
\set answer 'status, filled_amount AS filled, remaining_amount AS rest, average_price, commission, cancel_reason'
SELECT exchange.create_market('CAN-USD', 'CAN', 'USD');
SELECT exchange.create_market('CAN-ETH', 'CAN', 'ETH');
INSERT INTO identity.users (name) VALUES ('can ann') RETURNING id AS ann \gset
INSERT INTO identity.users (name) VALUES ('can bob') RETURNING id AS bob \gset
SELECT count(exchange.deposit(u, a, 1000)) FROM unnest(ARRAY[:ann, :bob]) u, unnest(ARRAY['CAN', 'USD', 'ETH']) a;

-- By id.
SELECT id AS order FROM exchange.place_order(:ann, 'CAN-USD', 'buy', 10, 5) \gset
SELECT symbol, amount, locked_amount FROM exchange.assets WHERE user_id = :ann ORDER BY symbol;
SELECT :answer FROM exchange.cancel_order(:order);
SELECT symbol, amount, locked_amount FROM exchange.assets WHERE user_id = :ann ORDER BY symbol;
SELECT status, reserved, filled_amount, cancel_reason FROM exchange.orders WHERE id = :order;
-- It is over: it cannot be cancelled again, and it never trades.
SELECT refusal(format('SELECT exchange.cancel_order(%s)', :order));
SELECT status FROM exchange.place_order(:bob, 'CAN-USD', 'sell', 10, 1, time_in_force => 'ioc');

-- By user and client_order_id, after a partial fill: the answer tells all that has traded.
SELECT :answer FROM exchange.place_order(:ann, 'CAN-USD', 'sell', 10, 5, client_order_id => 'offer 1');
SELECT :answer FROM exchange.place_order(:bob, 'CAN-USD', 'buy', 10, 2);
SELECT :answer FROM exchange.cancel_order(:ann, 'offer 1');
SELECT symbol, amount, locked_amount FROM exchange.assets WHERE user_id = :ann ORDER BY symbol;
-- A filled order cannot be cancelled.
SELECT refusal(format('SELECT exchange.cancel_order(%s)', id)) FROM exchange.orders
WHERE user_id = :bob AND status = 'filled';
-- Nor one that is not there.
SELECT refusal('SELECT exchange.cancel_order(person(''can ann''), ''offer 2'')');
SELECT refusal('SELECT exchange.cancel_order(0)');
SELECT refusal('SELECT exchange.cancel_order(NULL)');
SELECT refusal('SELECT exchange.cancel_order(person(''can ann''), NULL)');
SELECT refusal('SELECT exchange.cancel_all_orders(NULL)');
SELECT refusal('SELECT exchange.cancel_all_orders(person(''can ann''), ''CAN-EUR'')');

-- All orders of a user in one market, then in all.
SELECT count(*) FROM generate_series(1, 3) i, exchange.place_order(:ann, 'CAN-USD', 'buy', i, 1);
SELECT count(*) FROM generate_series(1, 2) i, exchange.place_order(:ann, 'CAN-ETH', 'sell', i, 1);
SELECT status FROM exchange.place_order(:bob, 'CAN-USD', 'buy', 3, 1);
SELECT exchange.cancel_all_orders(:ann, 'CAN-ETH');
SELECT exchange.cancel_all_orders(:ann, 'CAN-ETH');
SELECT status FROM exchange.place_order(:ann, 'CAN-ETH', 'sell', 9, 1);
SELECT exchange.cancel_all_orders(:ann);
SELECT count(*), cancel_reason FROM exchange.orders WHERE user_id = :ann GROUP BY cancel_reason;
SELECT symbol, amount, locked_amount FROM exchange.assets WHERE user_id = :ann ORDER BY symbol;
-- bob's order is still there.
SELECT * FROM exchange.order_book('CAN-USD');

-- A market that takes no cancels is passed over, unless it is the one that is named.
SELECT status FROM exchange.place_order(:bob, 'CAN-ETH', 'buy', 3, 1);
SELECT exchange.set_market_status('CAN-ETH', 'halted');
SELECT refusal('SELECT exchange.cancel_all_orders(person(''can bob''), ''CAN-ETH'')');
SELECT exchange.cancel_all_orders(:bob);
SELECT symbol, price, status FROM exchange.orders WHERE user_id = :bob AND status = 'open';
SELECT exchange.set_market_status('CAN-ETH', 'cancel_only');
SELECT exchange.cancel_all_orders(:bob);
-- Nothing is live: nothing is cancelled.
SELECT exchange.cancel_all_orders(:bob);
SELECT sum(locked_amount) AS locked FROM exchange.assets WHERE user_id IN (:ann, :bob);

-- An inactive user places nothing, but can cancel and be paid out.
SELECT id AS order FROM exchange.place_order(:ann, 'CAN-USD', 'buy', 10, 5) \gset
UPDATE identity.users SET is_active = false WHERE id = :ann;
SELECT refusal('SELECT exchange.place_order(person(''can ann''), ''CAN-USD'', ''buy'', 10, 5)');
SELECT :answer FROM exchange.cancel_order(:order);
SELECT exchange.withdraw(:ann, 'USD', 1000) > 0 AS withdrawn;
SELECT * FROM exchange.verify();
