-- fok, fill or kill: all of it at once, or nothing moves.
\set answer 'status, filled_amount AS filled, remaining_amount AS rest, average_price, commission, cancel_reason'
SELECT exchange.create_market('FOK-USD', 'FOK', 'USD');
INSERT INTO identity.users (name) VALUES ('fok ann'), ('fok bob');
SELECT count(exchange.deposit(person(u), a, 1000))
FROM unnest(ARRAY['fok ann', 'fok bob']) u, unnest(ARRAY['FOK', 'USD']) a;
CREATE FUNCTION pg_temp.state() RETURNS text LANGUAGE sql AS $$
    SELECT md5(string_agg(t, ',' ORDER BY t)) FROM (
        SELECT a::text FROM exchange.assets a UNION ALL SELECT o::text FROM exchange.orders o
        UNION ALL SELECT m::text FROM exchange.markets m UNION ALL SELECT t::text FROM exchange.trades t
        UNION ALL SELECT d::text FROM exchange.order_amendments d) AS s (t)
$$;
CREATE FUNCTION pg_temp.buys(arguments text) RETURNS text LANGUAGE sql AS $$
    SELECT split_part(refusal(format('SELECT exchange.place_order(person(''fok ann''), ''FOK-USD'', ''buy'', %s, time_in_force => ''fok'')',
                                     arguments)),
                      ' /', 1)
$$;
SELECT count(*) FROM generate_series(10, 12) p, exchange.place_order(person('fok bob'), 'FOK-USD', 'sell', p, 2);
SELECT status
FROM exchange.place_order(person('fok bob'), 'FOK-USD', 'sell', 13, 2, time_in_force => 'gtd',
                          expires_at => clock_timestamp() + interval '1 s');
SELECT pg_sleep(1.05);

-- The message tells what could have been had.
SELECT pg_temp.state() AS before \gset
SELECT a AS arguments, pg_temp.buys(a) AS answer
FROM unnest(ARRAY['9, 1', '10, 2.000001', '11, 4.5', '12, 7', '50, 6.000001', 'NULL, 6.000001, ''market''']) a;
-- Not even the offer at 13, whose time has come and which was passed over, is different now.
SELECT pg_temp.state() = :'before' AS unchanged;
SELECT status FROM exchange.orders WHERE symbol = 'FOK-USD' AND price = 13;

-- It fits: over two prices, then by a market order.
SELECT :answer FROM exchange.place_order(person('fok ann'), 'FOK-USD', 'buy', 11, 3, time_in_force => 'fok');
SELECT :answer FROM exchange.place_order(person('fok ann'), 'FOK-USD', 'buy', NULL, 1, 'market', 'fok');

-- Her own offer is in the way. What is taken off two orders has not been filled: that cannot be kept either.
SELECT status FROM exchange.place_order(person('fok ann'), 'FOK-USD', 'sell', 12, 1);
SELECT status FROM exchange.place_order(person('fok bob'), 'FOK-USD', 'sell', 12, 1);
SELECT pg_temp.state() AS before \gset
SELECT mode, pg_temp.buys(format('12, 3, self_trade_prevention => %L', mode)) AS answer
FROM unnest(ARRAY['cancel_taker', 'cancel_both', 'decrement']) mode;
SELECT pg_temp.state() = :'before' AS unchanged;
SELECT :answer
FROM exchange.place_order(person('fok ann'), 'FOK-USD', 'buy', 12, 3, time_in_force => 'fok',
                          self_trade_prevention => 'cancel_maker');
-- What icebergs hide counts.
SELECT status FROM exchange.place_order(person('fok bob'), 'FOK-USD', 'sell', 14, 5, display_amount => 1);
SELECT :answer FROM exchange.place_order(person('fok ann'), 'FOK-USD', 'buy', 14, 5, time_in_force => 'fok');
SELECT side, price, amount, filled_amount, status, cancel_reason FROM exchange.orders WHERE symbol = 'FOK-USD'
ORDER BY id;
SELECT * FROM exchange.verify();
