-- max_open_orders: how many live orders a user may have in a market, waiting stops included.
SELECT exchange.create_market('LIM-USD', 'LIM', 'USD'), exchange.create_market('LIM-ETH', 'LIM', 'ETH');
UPDATE exchange.markets SET max_open_orders = 3 WHERE symbol = 'LIM-USD';
INSERT INTO identity.users (name) VALUES ('lim ann'), ('lim bob');
SELECT count(exchange.deposit(person(u), a, 1000))
FROM unnest(ARRAY['lim ann', 'lim bob']) u, unnest(ARRAY['LIM', 'USD', 'ETH']) a;
CREATE FUNCTION pg_temp.place(arguments text) RETURNS text LANGUAGE sql AS $$
    SELECT refusal(format('SELECT exchange.place_order(person(''lim ann''), %s)', arguments))
$$;
-- Two bids and a stop: that is all.
SELECT a AS arguments, pg_temp.place(a) AS answer
FROM unnest(ARRAY['''LIM-USD'', ''buy'', 1, 1, client_order_id => ''lim 1''', '''LIM-USD'', ''buy'', 2, 1',
                  '''LIM-USD'', ''sell'', NULL, 1, ''stop'', stop_price => 0.5', '''LIM-USD'', ''buy'', 3, 1']) a;
-- What cannot stay is not counted: market orders, ioc and fok. An order that could rest is, even where it would trade
-- at once.
SELECT status FROM exchange.place_order(person('lim bob'), 'LIM-USD', 'sell', 10, 5);
SELECT a AS arguments, split_part(pg_temp.place(a), ' /', 1) AS answer
FROM unnest(ARRAY['''LIM-USD'', ''buy'', NULL, 1, ''market''', '''LIM-USD'', ''buy'', 10, 1, time_in_force => ''ioc''',
                  '''LIM-USD'', ''buy'', 10, 1, time_in_force => ''fok''', '''LIM-USD'', ''buy'', 10, 1']) a;
-- Another market, another user: their own limits. A retry of an accepted order is answered, an amendment adds none.
SELECT split_part(pg_temp.place('''LIM-ETH'', ''buy'', 1, 1'), ' /', 1) AS eth;
SELECT status FROM exchange.place_order(person('lim bob'), 'LIM-USD', 'buy', 1, 1);
SELECT status FROM exchange.place_order(person('lim ann'), 'LIM-USD', 'buy', 1, 1, client_order_id => 'lim 1');
SELECT status FROM exchange.amend_order((SELECT id FROM exchange.orders WHERE client_order_id = 'lim 1'), 1.5, 2);
-- Cancelled or filled, an order makes room.
SELECT status FROM exchange.cancel_order(person('lim ann'), 'lim 1');
SELECT split_part(pg_temp.place('''LIM-USD'', ''buy'', 3, 1, client_order_id => ''lim 3'''), ' /', 1) AS answer;
SELECT split_part(pg_temp.place('''LIM-USD'', ''buy'', 4, 1'), ' /', 1) AS answer;
SELECT status FROM exchange.place_order(person('lim bob'), 'LIM-USD', 'sell', 3, 1);
SELECT split_part(pg_temp.place('''LIM-USD'', ''buy'', 4, 1'), ' /', 1) AS answer;
-- The other doors count the same, within one statement and one batch too: ann has 3, bob 2.
SELECT count(*) FROM exchange.orders
WHERE user_id = person('lim ann') AND symbol = 'LIM-USD' AND status IN ('open', 'pending');
SELECT refusal(format('INSERT INTO exchange.orders (user_id, symbol, side, price, amount) VALUES (%s, ''LIM-USD'', ''buy'', 1, 1)',
                      person('lim ann')));
SELECT split_part(refusal(format('INSERT INTO exchange.orders (user_id, symbol, side, price, amount) VALUES (%1$s, ''LIM-USD'', ''buy'', 1, 1), (%1$s, ''LIM-USD'', ''buy'', 1, 1)',
                                 person('lim bob'))),
                  ' /', 1);
INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount)
SELECT 'new', person('lim bob'), 'LIM-USD', 'lim ' || i, 'buy', 1, 1 FROM generate_series(5, 6) i;
INSERT INTO exchange.order_commands (action, user_id, client_order_id) VALUES ('cancel', person('lim bob'), 'lim 5');
INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount)
VALUES ('new', person('lim bob'), 'LIM-USD', 'lim 7', 'buy', 1, 1);
CALL exchange.match_orders();
SELECT client_order_id, status FROM exchange.orders WHERE client_order_id LIKE 'lim _' ORDER BY id;
SELECT client_order_id, sqlstate, regexp_replace(reason, '\d+', 'N') AS reason FROM exchange.command_rejections
WHERE client_order_id LIKE 'lim _';
-- A lower limit cancels nothing; it lets nothing more in.
UPDATE exchange.markets SET max_open_orders = 1 WHERE symbol = 'LIM-USD';
SELECT split_part(pg_temp.place('''LIM-USD'', ''buy'', 1, 1'), ' ', 1) AS answer;
SELECT * FROM exchange.verify();
