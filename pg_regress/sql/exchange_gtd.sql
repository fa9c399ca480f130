-- gtd, good till date: from expires_at on the order never trades, whether anybody has cleaned up or not.
\set answer 'status, filled_amount AS filled, remaining_amount AS rest, cancel_reason'
SELECT exchange.create_market('GTD-USD', 'GTD', 'USD');
INSERT INTO identity.users (name) VALUES ('gtd ann'), ('gtd bob');
SELECT count(exchange.deposit(person(u), a, 1000))
FROM unnest(ARRAY['gtd ann', 'gtd bob']) u, unnest(ARRAY['GTD', 'USD']) a;
CREATE TEMP VIEW placed AS
SELECT right(u.name, 3) AS "user", o.client_order_id, o.side, o.price, o.stop_price AS stop, o.amount,
       o.filled_amount AS filled, o.status, o.cancel_reason AS reason, o.reserved
FROM exchange.orders o JOIN identity.users u ON u.id = o.user_id WHERE o.symbol = 'GTD-USD' ORDER BY o.id;
SELECT split_part(refusal(format('SELECT exchange.place_order(person(''gtd ann''), ''GTD-USD'', ''sell'', 10, 1, time_in_force => ''gtd'', expires_at => %L)',
                                 e)),
                  ' /', 1)
FROM unnest(ARRAY['2001-01-01', '-infinity', 'infinity', '294276-12-31', '9999-12-31 00:00Z']) e;
-- No door takes an end that the calendars of clients do not know; the last one is within them in every time zone.
SELECT refusal($$INSERT INTO exchange.orders (user_id, symbol, side, price, amount, time_in_force, expires_at) VALUES (person('gtd ann'), 'GTD-USD', 'sell', 10, 1, 'gtd', 'infinity')$$)
AS by_insert;
INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount, time_in_force,
                                     expires_at)
SELECT 'new', person('gtd ann'), 'GTD-USD', 'far ' || n, 'sell', 10, 1, 'gtd', e
FROM unnest(ARRAY['infinity', '-infinity', '20000-01-01']::timestamptz[]) WITH ORDINALITY u (e, n);
CALL exchange.match_orders();
SELECT client_order_id, sqlstate, reason, hint FROM exchange.command_rejections WHERE user_id = person('gtd ann')
ORDER BY client_order_id;
BEGIN;
SELECT id AS last
FROM exchange.place_order(person('gtd ann'), 'GTD-USD', 'sell', 10, 1, time_in_force => 'gtd',
                          expires_at => '9999-12-30 23:59:59.999999Z') \gset
SELECT status, extract(year FROM expires_at AT TIME ZONE '-15:59') AS far_in_the_east FROM exchange.orders
WHERE id = :last;
ROLLBACK;

-- Five that end soon, two that do not. Until then they trade like any other.
SELECT clock_timestamp() + interval '3 s' AS soon \gset
SELECT o.id, p.status
FROM (VALUES ('a', 'sell', 10, 5), ('b', 'sell', 11, 5), ('c', 'buy', 5, 5), ('d', 'buy', 6, 5),
             ('e', 'buy', 7, 5)) AS o (id, side, price, amount),
    exchange.place_order(person('gtd ann'), 'GTD-USD', o.side, o.price, o.amount, time_in_force => 'gtd',
                         expires_at => :'soon', client_order_id => o.id) AS p;
SELECT o.id, p.status FROM (VALUES ('f', 'sell', 12, 5), ('g', 'buy', 4, 5)) AS o (id, side, price, amount),
    exchange.place_order(person('gtd ann'), 'GTD-USD', o.side, o.price, o.amount, time_in_force => 'gtd',
                         expires_at => '9999-12-30', client_order_id => o.id) AS p;
SELECT :answer FROM exchange.place_order(person('gtd bob'), 'GTD-USD', 'buy', 10, 2);
SELECT exchange.expire_orders('GTD-USD');
SELECT * FROM exchange.order_book('GTD-USD');
SELECT pg_sleep(greatest(0, extract(epoch FROM :'soon'::timestamptz - clock_timestamp())));

-- Their time has come. The book does not show them, though nobody has touched them yet.
SELECT count(*) FROM placed WHERE status = 'open';
SELECT * FROM exchange.order_book('GTD-USD');
SELECT * FROM exchange.best_bid_offer('GTD-USD');
-- An order that comes by ends those that it would have met, and trades with the next one.
SELECT :answer FROM exchange.place_order(person('gtd bob'), 'GTD-USD', 'buy', 12, 1);
SELECT * FROM placed;
SELECT symbol, amount, locked_amount FROM exchange.assets WHERE user_id = person('gtd ann') AND symbol IN ('GTD', 'USD')
ORDER BY symbol;
-- Such an order is not amended any more; cancelled it can be.
SELECT refusal(format('SELECT exchange.amend_order(%s, 6)', id)) FROM exchange.orders
WHERE user_id = person('gtd ann') AND client_order_id = 'c';
SELECT :answer FROM exchange.cancel_order(person('gtd ann'), 'c');
-- A retry still gets the first answer.
SELECT :answer
FROM exchange.place_order(person('gtd ann'), 'GTD-USD', 'sell', 10, 5, time_in_force => 'gtd', expires_at => :'soon',
                          client_order_id => 'a');
-- expire_orders ends the rest of them at once; in a halted market too.
SELECT exchange.set_market_status('GTD-USD', 'halted');
SELECT exchange.expire_orders('GTD-USD');
SELECT exchange.expire_orders('GTD-USD');
SELECT exchange.set_market_status('GTD-USD', 'open');
SELECT * FROM placed WHERE client_order_id IS NOT NULL;
SELECT symbol, amount, locked_amount FROM exchange.assets WHERE user_id = person('gtd ann') AND symbol IN ('GTD', 'USD')
ORDER BY symbol;
SELECT * FROM exchange.verify();

-- A stop_limit may end while it waits. Its trigger comes too late: 4 is traded, it is not entered.
SELECT status
FROM exchange.place_order(person('gtd bob'), 'GTD-USD', 'sell', 3, 2, 'stop_limit', 'gtd', stop_price => 4,
    expires_at => clock_timestamp() + interval '1 s', client_order_id => 'h');
SELECT pg_sleep(1.05);
SELECT :answer FROM exchange.place_order(person('gtd bob'), 'GTD-USD', 'sell', 4, 1);
SELECT * FROM placed WHERE client_order_id IN ('g', 'h');
SELECT refusal('SELECT exchange.expire_orders(NULL)')
UNION ALL SELECT refusal('SELECT exchange.expire_orders(''NO-MARKET'')');
SELECT * FROM exchange.verify();
