-- What one order and one command may do is bounded. Nobody is charged for the rest: it enters with the commands that
-- follow.
SELECT exchange.create_market('BND-USD', 'BND', 'USD', 0.01, 0.001, maker_rate => 0, taker_rate => 0);
INSERT INTO identity.users (name) VALUES ('bnd ann') RETURNING id AS ann \gset
INSERT INTO identity.users (name) VALUES ('bnd bob') RETURNING id AS bob \gset
INSERT INTO identity.users (name) VALUES ('bnd eve') RETURNING id AS eve \gset
SELECT count(exchange.deposit(u, a, 10000000)) FROM unnest(ARRAY[:ann, :bob, :eve]) u, unnest(ARRAY['BND', 'USD']) a;

-- An iceberg has at most 100 slices, however it comes and whatever it becomes.
SELECT refusal(format('SELECT exchange.place_order(%s, %L, %L, 200, 1.001, display_amount => 0.01)', :ann, 'BND-USD',
                      'sell'));
SELECT id AS iceberg FROM exchange.place_order(:ann, 'BND-USD', 'sell', 200, 1, display_amount => 0.01) \gset
SELECT refusal(format('SELECT exchange.amend_order(%s, new_amount => 1.001)', :iceberg));
SELECT refusal(format('INSERT INTO exchange.orders (user_id, symbol, side, price, amount, display_amount) VALUES (%s, %L, %L, 200, 1.001, 0.01)',
                      :ann, 'BND-USD', 'sell'));
INSERT INTO exchange.order_commands (action, user_id, symbol, side, price, amount, display_amount)
VALUES ('new', :ann, 'BND-USD', 'sell', 200, 1.001, 0.01);
CALL exchange.match_orders('BND-USD');
SELECT sqlstate, reason, hint FROM exchange.command_rejections WHERE symbol = 'BND-USD';
SELECT exchange.cancel_all_orders(:ann);

-- 10,001 bids of one lot: an order that would meet all of them is refused whole, or cut off when it never rests; one
-- less trades.
INSERT INTO exchange.order_commands (action, user_id, symbol, side, price, amount) SELECT 'new', :eve, 'BND-USD', 'buy',
    100, 0.001
FROM generate_series(1, 10001);
CALL exchange.match_orders('BND-USD');
SELECT refusal(format('SELECT exchange.place_order(%s, %L, %L, 100, 10.001)', :bob, 'BND-USD', 'sell'));
SELECT split_part(refusal(format('SELECT exchange.place_order(%s, %L, %L, NULL, 10.001, %L, %L)', :bob, 'BND-USD',
                                 'sell', 'market', 'fok')),
                  ' /', 1) AS fok;
BEGIN;
SELECT status, filled_amount, remaining_amount, average_price, cancel_reason
FROM exchange.place_order(:bob, 'BND-USD', 'sell', NULL, 10.001, 'market');
SELECT amount, locked_amount FROM exchange.assets WHERE user_id = :bob AND symbol = 'BND';
SELECT status, filled_amount, cancel_reason FROM exchange.place_order(:bob, 'BND-USD', 'sell', NULL, 10.001, 'market');
ROLLBACK;
BEGIN;
INSERT INTO exchange.orders (user_id, symbol, side, price, amount, time_in_force, client_order_id)
VALUES (:bob, 'BND-USD', 'sell', 100, 12, 'ioc', 'bnd cut');
SELECT status, filled_amount, cancel_reason FROM exchange.orders WHERE client_order_id = 'bnd cut';
SELECT * FROM exchange.verify();
ROLLBACK;
SELECT status, filled_amount FROM exchange.place_order(:bob, 'BND-USD', 'sell', 100, 10);
SELECT exchange.cancel_all_orders(:eve);

-- A protective stop behind 15,000 of them: it trades as far as one command goes, waits, and goes on with the next.
INSERT INTO exchange.order_commands (action, user_id, symbol, side, price, amount) SELECT 'new', :eve, 'BND-USD', 'buy',
    90, 0.001
FROM generate_series(1, 15000);
INSERT INTO exchange.order_commands (action, user_id, symbol, side, price, amount)
VALUES ('new', :bob, 'BND-USD', 'buy', 95, 1);
CALL exchange.match_orders('BND-USD');
SELECT id AS stop, status FROM exchange.place_order(:ann, 'BND-USD', 'sell', NULL, 14, 'stop', stop_price => 95) \gset
SELECT status, filled_amount, commission FROM exchange.place_order(:eve, 'BND-USD', 'sell', 95, 1);
SELECT status, filled_amount, reserved FROM exchange.orders WHERE id = :stop;
SELECT last_sequence - stops_sequence AS to_be_looked_at FROM exchange.markets WHERE symbol = 'BND-USD';
SELECT status FROM exchange.place_order(:bob, 'BND-USD', 'buy', 1, 1);
SELECT status, filled_amount, reserved, triggered_at FROM exchange.orders WHERE id = :stop;
SELECT * FROM exchange.verify();
SELECT count(*) > 0 AS left FROM exchange.markets WHERE symbol = 'BND-USD' AND stops_sequence IS NOT NULL;
SELECT status FROM exchange.place_order(:bob, 'BND-USD', 'buy', 1, 1);
SELECT status, filled_amount, reserved, triggered_at IS NOT NULL AS triggered FROM exchange.orders WHERE id = :stop;
SELECT count(*) > 0 AS left FROM exchange.markets WHERE symbol = 'BND-USD' AND stops_sequence IS NOT NULL;

-- 12,000 stops at 6,000 prices, one trade: match_orders() ends what nobody else does.
INSERT INTO exchange.order_commands (action, user_id, symbol, side, amount, order_type, stop_price)
SELECT 'new', :ann, 'BND-USD', 'sell', 0.001, 'stop', 80 - (n / 2) * 0.01 FROM generate_series(0, 11999) n;
INSERT INTO exchange.order_commands (action, user_id, symbol, side, price, amount)
VALUES ('new', :bob, 'BND-USD', 'buy', 10, 100), ('new', :bob, 'BND-USD', 'buy', 80, 0.001);
CALL exchange.match_orders('BND-USD');
SELECT exchange.cancel_all_orders(:eve);
SELECT status, filled_amount FROM exchange.place_order(:eve, 'BND-USD', 'sell', 10, 0.002);
SELECT count(*) > 0 AS left FROM exchange.orders WHERE user_id = :ann AND status = 'pending';
CALL exchange.match_orders('BND-USD');
SELECT count(*) AS left FROM exchange.orders WHERE user_id = :ann AND status = 'pending';
SELECT stops_sequence FROM exchange.markets WHERE symbol = 'BND-USD';
SELECT bool_and(price <= before) AS in_order
FROM (SELECT stop_price AS price, lag(stop_price) OVER (ORDER BY t.sequence) AS before
    FROM exchange.trades t JOIN exchange.orders o ON o.id = t.sell_order_id WHERE t.symbol = 'BND-USD'
    AND o.user_id = :ann AND o.amount = 0.001) s;
SELECT * FROM exchange.verify();

-- Who cannot be credited is passed, and leaves; a balance has room for what it has locked.
SELECT exchange.create_market('FUL-USD', 'FUL', 'USD', 0.01, 1, maker_rate => 0, taker_rate => 0);
SELECT exchange.deposit(:ann, 'FUL', 999999999999) > 0 AS full, exchange.deposit(:bob, 'FUL', 1000) > 0 AS deposited;
SELECT status FROM exchange.place_order(:ann, 'FUL-USD', 'buy', 2, 10, client_order_id => 'full');
SELECT status FROM exchange.place_order(:eve, 'FUL-USD', 'buy', 1, 10);
SELECT status, filled_amount, average_price FROM exchange.place_order(:bob, 'FUL-USD', 'sell', 1, 5);
SELECT status, cancel_reason, reserved FROM exchange.orders WHERE client_order_id = 'full';
SELECT status FROM exchange.place_order(:ann, 'FUL-USD', 'sell', 5, 1000);
SELECT refusal(format('SELECT exchange.deposit(%s, %L, 1)', :ann, 'FUL'));
SELECT refusal(format('SELECT exchange.transfer(%s, %s, %L, 1)', :bob, :ann, 'FUL'));
SELECT exchange.set_market_status('FUL-USD', 'auction');
SELECT status FROM exchange.place_order(:ann, 'FUL-USD', 'buy', 3, 10, client_order_id => 'full again');
SELECT status FROM exchange.place_order(:bob, 'FUL-USD', 'sell', 1, 5);
SELECT exchange.set_market_status('FUL-USD', 'open');
SELECT status, cancel_reason FROM exchange.orders WHERE client_order_id = 'full again';
SELECT price, amount FROM exchange.trade_tape('FUL-USD');
SELECT * FROM exchange.verify();
