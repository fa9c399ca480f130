-- Stops wait, unseen by the book, until the last price reaches their trigger: a buy's from below, a sell's from above.
\set answer 'status, filled_amount AS filled, remaining_amount AS rest, average_price, commission, cancel_reason'
\pset null -
SELECT exchange.create_market('STO-USD', 'STO', 'USD');
INSERT INTO identity.users (name) VALUES ('sto ann'), ('sto bob'), ('sto cat');
SELECT count(exchange.deposit(person(u), a, 10000))
FROM unnest(ARRAY['sto ann', 'sto bob', 'sto cat']) u, unnest(ARRAY['STO', 'USD']) a;
CREATE TEMP VIEW stops AS
SELECT client_order_id AS id, order_type AS type, side, stop_price AS stop, price, amount, filled_amount AS filled,
       status, cancel_reason AS reason, reserved
FROM exchange.orders WHERE symbol = 'STO-USD' AND stop_price IS NOT NULL ORDER BY id;
CREATE TEMP VIEW tape AS
SELECT t.sequence AS n, t.price, t.amount, t.taker_side AS taker, coalesce(b.client_order_id, '-') AS buyer,
       coalesce(s.client_order_id, '-') AS seller
FROM exchange.trades t JOIN exchange.orders b ON b.id = t.buy_order_id JOIN exchange.orders s ON s.id = t.sell_order_id
WHERE t.symbol = 'STO-USD' ORDER BY t.sequence;
CREATE TEMP VIEW held AS
SELECT right(u.name, 3) AS "user", a.symbol, a.amount, a.locked_amount FROM exchange.assets a
JOIN identity.users u ON u.id = a.user_id
WHERE u.name LIKE 'sto %' ORDER BY u.name, a.symbol;
-- bob and cat make the last price.
CREATE FUNCTION pg_temp.trade_at(price numeric, amount numeric DEFAULT 1) RETURNS text LANGUAGE sql AS $$
    SELECT status FROM exchange.place_order(person('sto bob'), 'STO-USD', 'sell', price, amount);
    SELECT status FROM exchange.place_order(person('sto cat'), 'STO-USD', 'buy', price, amount);
$$;

-- Nothing has traded yet: any trigger waits. A stop locks at once what it may cost: a sell its amount, a buy stop_price
-- x amount and the larger commission on it, a stop_limit buy the same by its limit.
SELECT :answer
FROM exchange.place_order(person('sto ann'), 'STO-USD', 'sell', NULL, 3, 'stop', stop_price => 90,
                          client_order_id => 'sell 90');
SELECT :answer
FROM exchange.place_order(person('sto ann'), 'STO-USD', 'buy', NULL, 2, 'stop', stop_price => 110,
                          client_order_id => 'buy 110');
SELECT :answer
FROM exchange.place_order(person('sto ann'), 'STO-USD', 'sell', 88, 2, 'stop_limit', stop_price => 89,
                          client_order_id => 'sell 89');
SELECT * FROM stops;
SELECT * FROM held WHERE "user" = 'ann';
SELECT * FROM exchange.order_book('STO-USD');
SELECT pg_temp.trade_at(100);
SELECT count(*) FROM stops WHERE status = 'pending';
-- The trigger of a stop that comes late is reached already: it is entered at once, in the same call.
SELECT status FROM exchange.place_order(person('sto bob'), 'STO-USD', 'buy', 99, 1, client_order_id => 'bid 99');
SELECT :answer
FROM exchange.place_order(person('sto ann'), 'STO-USD', 'sell', NULL, 1, 'stop', stop_price => 100,
                          client_order_id => 'late');
SELECT * FROM exchange.verify();

-- A cascade. bids: 2 at 90, 1 at 89, 5 at 87. cat sells 1 at 90: sell 90 is entered, takes 1 at 90 and 1 at 89 and 1 at
-- 87; so sell 89 is entered too, finds nobody at 88 or better, and rests.
SELECT count(*) FROM (VALUES (90, 2), (89, 1), (87, 5)) AS o (price, amount),
    exchange.place_order(person('sto bob'), 'STO-USD', 'buy', o.price, o.amount, client_order_id => 'bid ' || o.price);
SELECT :answer FROM exchange.place_order(person('sto cat'), 'STO-USD', 'sell', 90, 1, client_order_id => 'cat');
SELECT * FROM tape OFFSET 2;
SELECT * FROM stops;
SELECT * FROM exchange.order_book('STO-USD');
SELECT * FROM exchange.verify();

-- A stop buy spends at most what it has locked: 2 x 110 and 1.5 %, 223.3. cat takes 1 of 2 at 110; the stop gets the
-- other 1 for 111.65, and for the 111.65 that are left only 0.982142 at 112. The rest ends, nothing stays locked.
SELECT status FROM exchange.cancel_order(person('sto ann'), 'sell 89');
SELECT count(*) FROM (VALUES (110, 2), (112, 5)) AS o (price, amount),
    exchange.place_order(person('sto bob'), 'STO-USD', 'sell', o.price, o.amount,
                         client_order_id => 'offer ' || o.price);
SELECT :answer FROM exchange.place_order(person('sto cat'), 'STO-USD', 'buy', 110, 1);
SELECT * FROM tape OFFSET 7;
SELECT * FROM stops WHERE id = 'buy 110';
SELECT * FROM held WHERE "user" = 'ann';

-- While it waits a stop can be cancelled, and amended in place; its trigger stays. A stop without a limit has no price.
SELECT id AS waits
FROM exchange.place_order(person('sto ann'), 'STO-USD', 'buy', 121, 2, 'stop_limit', stop_price => 120,
                          client_order_id => 'waits') \gset
SELECT id AS plain
FROM exchange.place_order(person('sto ann'), 'STO-USD', 'buy', NULL, 2, 'stop', stop_price => 120,
                          client_order_id => 'plain') \gset
SELECT id AS gone
FROM exchange.place_order(person('sto ann'), 'STO-USD', 'sell', NULL, 2, 'stop', stop_price => 50,
                          client_order_id => 'gone') \gset
SELECT :answer FROM exchange.amend_order(:waits, 122, 3);
SELECT :answer FROM exchange.amend_order(:plain, NULL, 1);
SELECT refusal(format('SELECT exchange.amend_order(%s, 121)', :plain));
SELECT refusal(format('SELECT exchange.amend_order(%s, NULL, 500)', :plain));
SELECT :answer FROM exchange.cancel_order(:gone);
SELECT * FROM stops WHERE id IN ('waits', 'plain', 'gone');
SELECT * FROM exchange.verify();

-- Of those triggered together the earlier one enters first; what it promises is judged then: a fok that cannot be
-- filled, a post-only order that would take, a market order that finds nobody end without a trade.
SELECT exchange.cancel_all_orders(person(u)) FROM unnest(ARRAY['sto ann', 'sto bob', 'sto cat']) u;
SELECT status
FROM exchange.place_order(person('sto ann'), 'STO-USD', 'sell', NULL, 9, 'stop', 'fok', stop_price => 80,
                          client_order_id => 'fok');
SELECT status
FROM exchange.place_order(person('sto ann'), 'STO-USD', 'sell', 70, 1, 'stop_limit', stop_price => 80,
                          post_only => true, client_order_id => 'post only');
SELECT status
FROM exchange.place_order(person('sto ann'), 'STO-USD', 'sell', 75, 9, 'stop_limit', 'ioc', stop_price => 80,
                          client_order_id => 'ioc');
SELECT status
FROM exchange.place_order(person('sto ann'), 'STO-USD', 'sell', NULL, 1, 'stop', stop_price => 80,
                          client_order_id => 'market');
SELECT status
FROM exchange.place_order(person('sto ann'), 'STO-USD', 'buy', NULL, 1, 'stop', stop_price => 200,
                          client_order_id => 'far');
SELECT status FROM exchange.place_order(person('sto bob'), 'STO-USD', 'buy', 75, 5, client_order_id => 'bid 75');
SELECT pg_temp.trade_at(80);
SELECT * FROM stops WHERE id IN ('fok', 'post only', 'ioc', 'market', 'far');
SELECT price, amount, taker, buyer, seller FROM tape ORDER BY n DESC LIMIT 2;

-- In an auction stops are taken and wait; when it opens, its price triggers them. A halted market triggers nothing.
SELECT exchange.set_market_status('STO-USD', 'auction');
SELECT status
FROM exchange.place_order(person('sto ann'), 'STO-USD', 'buy', 77, 1, 'stop_limit', stop_price => 76,
                          client_order_id => 'auction');
SELECT pg_temp.trade_at(78);
SELECT id, status FROM stops WHERE id = 'auction';
SELECT exchange.set_market_status('STO-USD', 'halted');
SELECT exchange.set_market_status('STO-USD', 'open');
SELECT id, status, price, filled FROM stops WHERE id = 'auction';
-- A retry is answered as at first: pending.
SELECT :answer
FROM exchange.place_order(person('sto ann'), 'STO-USD', 'sell', NULL, 3, 'stop', stop_price => 90,
                          client_order_id => 'sell 90');
SELECT * FROM exchange.verify();
