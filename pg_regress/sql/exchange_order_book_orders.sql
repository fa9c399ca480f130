-- One's own orders in the book: what stands before each.
INSERT INTO identity.users (name) VALUES ('l3o ann') RETURNING id AS ann \gset
INSERT INTO identity.users (name) VALUES ('l3o bob') RETURNING id AS bob \gset
SELECT exchange.create_market('LTO-USD', 'LTO', 'USD');
SELECT count(exchange.deposit(u, a, 1000)) FROM unnest(ARRAY[:ann, :bob]) u, unnest(ARRAY['LTO', 'USD']) a;
CREATE FUNCTION pg_temp.queue(person text) RETURNS TABLE (
    id text, side text, price numeric, amount numeric, visible numeric, orders_ahead bigint, amount_ahead numeric)
LANGUAGE sql
    AS $$
        SELECT client_order_id, side, price, amount, visible_amount, orders_ahead, amount_ahead
        FROM exchange.order_book_orders('LTO-USD', person(person))
    $$;
SELECT * FROM pg_temp.queue('l3o ann');
SELECT count(exchange.place_order(person(u), 'LTO-USD', s, p, a, client_order_id => c))
FROM (VALUES ('l3o bob', 'sell', 11, 2, 'b1'), ('l3o ann', 'sell', 11, 3, 'a1'), ('l3o bob', 'sell', 11, 4, 'b2'),
             ('l3o ann', 'sell', 11, 5, 'a2'), ('l3o ann', 'sell', 10, 1, 'a3'),
             ('l3o bob', 'sell', 10, 1, 'b3'), ('l3o ann', 'buy', 8, 1, 'a4'), ('l3o bob', 'buy', 9, 1, 'b4'),
             ('l3o ann', 'buy', 9, 2, 'a5')) AS v (u, s, p, a, c);
SELECT * FROM pg_temp.queue('l3o ann');
SELECT * FROM pg_temp.queue('l3o bob');
-- Of an iceberg only its slice stands before others; its owner sees the rest. A stop is not in the book.
SELECT status FROM exchange.place_order(:bob, 'LTO-USD', 'buy', 8.5, 30, client_order_id => 'b5', display_amount => 10);
SELECT status FROM exchange.place_order(:ann, 'LTO-USD', 'buy', 8.5, 1, client_order_id => 'a6');
SELECT status
FROM exchange.place_order(:ann, 'LTO-USD', 'buy', NULL, 1, 'stop', stop_price => 12, client_order_id => 'a7');
SELECT * FROM pg_temp.queue('l3o ann') WHERE side = 'buy';
SELECT * FROM pg_temp.queue('l3o bob') WHERE side = 'buy';
-- A partial fill, an amendment that loses its place, a cancel.
SELECT filled_amount FROM exchange.place_order(:ann, 'LTO-USD', 'sell', 9, 0.25, client_order_id => 'a8');
SELECT status
FROM exchange.amend_order((SELECT id FROM exchange.orders WHERE user_id = :ann AND client_order_id = 'a1'), NULL, 3.5);
SELECT status FROM exchange.cancel_order(:bob, 'b1');
SELECT * FROM pg_temp.queue('l3o ann');
-- All orders of everybody are the book.
SELECT b.side, b.price, b.amount, b.orders FROM exchange.order_book('LTO-USD') b
EXCEPT SELECT o.side, o.price, sum(o.visible_amount), count(*)
FROM unnest(ARRAY[:ann, :bob]) u, exchange.order_book_orders('LTO-USD', u) o GROUP BY o.side, o.price;
SELECT call, refusal('SELECT exchange.order_book_orders' || call) AS refusal
FROM unnest(ARRAY['(NULL, person(''l3o ann''))', '(''NO-MARKET'', person(''l3o ann''))', '(''LTO-USD'', NULL)',
                  '(''LTO-USD'', 0)']) call;
CREATE ROLE regress_l3o LOGIN IN ROLE bourse_viewer;
UPDATE identity.users SET db_role = 'regress_l3o' WHERE id = :ann;
SET SESSION AUTHORIZATION regress_l3o;
SELECT count(*) AS own FROM exchange.order_book_orders('LTO-USD', :ann);
SELECT split_part(refusal(format('SELECT exchange.order_book_orders(''LTO-USD'', %s)', :bob)), ' /', 1) AS refusal;
RESET SESSION AUTHORIZATION;
UPDATE identity.users SET db_role = NULL WHERE id = :ann;
DROP ROLE regress_l3o;
SELECT exchange.cancel_all_orders(u) FROM unnest(ARRAY[:ann, :bob]) u;
SELECT * FROM exchange.verify();
