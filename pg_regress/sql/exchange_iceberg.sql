-- display_amount: the book shows a slice of the order. When it is used up the next one goes to the end of the queue.
\set answer 'status, filled_amount AS filled, remaining_amount AS rest, average_price, cancel_reason'
SELECT exchange.create_market('ICE-USD', 'ICE', 'USD', lot_size => 0.5);
INSERT INTO identity.users (name) VALUES ('ice ann'), ('ice bob'), ('ice cat');
SELECT count(exchange.deposit(person(u), a, 1000))
FROM unnest(ARRAY['ice ann', 'ice bob', 'ice cat']) u, unnest(ARRAY['ICE', 'USD']) a;
CREATE TEMP VIEW queue AS
SELECT row_number() OVER (ORDER BY o.price, o.priority) AS place, right(u.name, 3) AS "user", o.price, o.amount,
       o.filled_amount AS filled, o.display_amount AS display,
       o.visible_amount AS visible, o.reserved
FROM exchange.orders o JOIN identity.users u ON u.id = o.user_id
WHERE o.symbol = 'ICE-USD' AND o.side = 'sell' AND o.status = 'open';
CREATE TEMP VIEW tape AS
SELECT t.sequence AS n, right(u.name, 3) AS seller, t.price, t.amount FROM exchange.trades t
JOIN exchange.orders o ON o.id = t.sell_order_id
JOIN identity.users u ON u.id = o.user_id WHERE t.symbol = 'ICE-USD' ORDER BY t.sequence;

-- ann offers 5 and shows 2; bob offers 3 behind her. All of ann's 5 is locked.
SELECT :answer FROM exchange.place_order(person('ice ann'), 'ICE-USD', 'sell', 10, 5, display_amount => 2);
SELECT status FROM exchange.place_order(person('ice bob'), 'ICE-USD', 'sell', 10, 3);
SELECT * FROM exchange.order_book('ICE-USD');
SELECT * FROM queue;
-- 1 leaves half of the slice, and her place.
SELECT :answer FROM exchange.place_order(person('ice cat'), 'ICE-USD', 'buy', 10, 1);
SELECT * FROM queue;
-- 1 more uses it up: ann shows 2 again, behind bob.
SELECT :answer FROM exchange.place_order(person('ice cat'), 'ICE-USD', 'buy', 10, 1);
SELECT * FROM exchange.order_book('ICE-USD');
SELECT * FROM queue;
-- One order may meet slice after slice: bob's 3, ann's 2, and the 0.5 of her last slice.
SELECT :answer FROM exchange.place_order(person('ice cat'), 'ICE-USD', 'buy', 11, 5.5);
SELECT * FROM tape;
SELECT * FROM queue;
SELECT * FROM exchange.order_book('ICE-USD');

-- An iceberg that arrives takes with all of its amount; what rests shows a slice.
SELECT :answer FROM exchange.place_order(person('ice cat'), 'ICE-USD', 'buy', 9, 4);
SELECT :answer FROM exchange.place_order(person('ice bob'), 'ICE-USD', 'sell', 9, 10, display_amount => 1.5);
SELECT * FROM queue;
-- Less amount keeps the place and cuts the slice only where it must; more, or another price, shows a new slice.
SELECT id AS bobs FROM exchange.orders WHERE user_id = person('ice bob') AND status = 'open' \gset
SELECT :answer FROM exchange.amend_order(:bobs, NULL, 5);
SELECT * FROM queue;
SELECT :answer FROM exchange.amend_order(:bobs, NULL, 9);
SELECT :answer FROM exchange.amend_order(:bobs, 9.5);
SELECT * FROM queue;
SELECT * FROM exchange.order_book('ICE-USD');
SELECT :answer FROM exchange.cancel_order(:bobs);
SELECT symbol, amount, locked_amount FROM exchange.assets WHERE user_id = person('ice bob') ORDER BY symbol;

-- What display_amount may be.
SELECT d AS display, tif,
       refusal(format('SELECT exchange.place_order(person(''ice ann''), ''ICE-USD'', ''sell'', 10, 5, time_in_force => %L, display_amount => %s)',
                      tif, d)) AS answer
FROM (VALUES (5, 'gtc'), (5.5, 'gtc'), (0, 'gtc'), (-1, 'gtc'), (0.7, 'gtc'), (1, 'ioc'), (1, 'fok')) AS v (d, tif);
SELECT * FROM exchange.verify();
