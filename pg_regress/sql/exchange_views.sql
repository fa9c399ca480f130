-- What a person looks at: the book, the best prices, balances, users.
SELECT exchange.create_market('ETH-USD', 'ETH', 'USD');
SELECT exchange.create_market('BTC-USD', 'BTC', 'USD');
INSERT INTO identity.users (name, email, password_hash, remember_token)
VALUES ('vue ann', 'ann@vue.example', '$2b$05$secret', 'secret') RETURNING id AS ann \gset
INSERT INTO identity.users (name) VALUES ('vue bob') RETURNING id AS bob \gset
INSERT INTO identity.users (name) VALUES ('vue new') RETURNING id AS new \gset
SELECT count(exchange.deposit(u, a, 100)) FROM unnest(ARRAY[:ann, :bob]) u, unnest(ARRAY['ETH', 'BTC', 'USD']) a;
-- An empty book.
SELECT * FROM exchange.order_book('ETH-USD');
SELECT * FROM exchange.best_bid_offer('ETH-USD');

-- Levels: bids from the best down, then offers from the best up; each with what is open and the number of orders.
SELECT count(*) FROM (VALUES (:ann, 'sell', 11, 1), (:bob, 'sell', 10, 2), (:ann, 'sell', 10, 3), (:ann, 'sell', 12, 1),
                             (:bob, 'buy', 8, 1), (:ann, 'buy', 9, 1), (:bob, 'buy', 9, 2),
                             (:bob, 'buy', 7.5, 1)) AS o (u, side, price, amount),
    exchange.place_order(o.u, 'ETH-USD', o.side, o.price, o.amount);
SELECT status FROM exchange.place_order(:ann, 'ETH-USD', 'buy', 10, 1.5);
SELECT * FROM exchange.order_book('ETH-USD');
SELECT * FROM exchange.order_book('ETH-USD', 1);
SELECT * FROM exchange.order_book(levels => 2, symbol => 'ETH-USD') WHERE side = 'sell';
SELECT * FROM exchange.best_bid_offer('ETH-USD');
SELECT status FROM exchange.cancel_order((SELECT id FROM exchange.orders WHERE user_id = :bob AND price = 7.5));
SELECT exchange.cancel_all_orders(u, 'ETH-USD') FROM unnest(ARRAY[:ann]) u;
SELECT * FROM exchange.order_book('ETH-USD');
-- One side may be empty.
SELECT status FROM exchange.place_order(:bob, 'BTC-USD', 'buy', 5, 1);
SELECT * FROM exchange.best_bid_offer('BTC-USD');

SELECT call, refusal('SELECT * FROM exchange.' || call) AS refusal
FROM unnest(ARRAY['order_book(''NO-MARKET'')', 'order_book(NULL)', 'order_book(''ETH-USD'', 0)',
                  'order_book(''ETH-USD'', -1)', 'order_book(''ETH-USD'', NULL)',
                  'best_bid_offer(''NO-MARKET'')', 'best_bid_offer(NULL)']) call;
-- Every door names an unknown market in the same words. What differs: nothing.
SELECT 'order_book' AS door, refusal('SELECT exchange.order_book(''NO-MARKET'')') AS refusal
EXCEPT SELECT 'order_book', refusal('SELECT exchange.place_order(1, ''NO-MARKET'', ''buy'', 1, 1)');

-- order_book_view: each open order, offers from the best up, bids from the best down, each price in order of arrival.
SELECT status FROM exchange.place_order(:ann, 'ETH-USD', 'sell', 11, 1);
SELECT status FROM exchange.place_order(:bob, 'ETH-USD', 'sell', 11, 2);
SELECT status FROM exchange.place_order(:ann, 'ETH-USD', 'sell', 10.5, 1);
SELECT status FROM exchange.place_order(:ann, 'ETH-USD', 'buy', 9, 1);
SELECT status FROM exchange.place_order(:ann, 'ETH-USD', 'buy', 9.5, 1);
SELECT user_name, symbol, side, price, amount, filled_amount, remaining_amount, user_id = person(user_name) AS of_user,
       created_at <= now() AS dated
FROM exchange.order_book_view WHERE symbol = 'ETH-USD';
-- More at its price sends an order behind the younger one: the queue goes by priority, not by date.
SELECT status
FROM exchange.amend_order((SELECT id FROM exchange.orders WHERE user_id = :ann AND price = 11 AND status = 'open'),
                                  NULL, 1.5);
SELECT user_name, side, price, amount FROM exchange.order_book_view WHERE symbol = 'ETH-USD' AND side = 'sell';

-- user_balance_view and users: the seed's columns; cash is the USD that is free.
SELECT name, email, usd_balance, btc_amount, btc_locked, eth_amount, eth_locked FROM exchange.user_balance_view
WHERE name LIKE 'vue %' ORDER BY name;
SELECT name, email, email_verified_at, password, remember_token, balance FROM exchange.users WHERE name LIKE 'vue %'
ORDER BY name;
SELECT attrelid::regclass AS view, string_agg(attname, ' ' ORDER BY attnum) AS columns FROM pg_attribute
WHERE attrelid IN ('exchange.users'::regclass, 'exchange.order_book_view'::regclass,
                   'exchange.user_balance_view'::regclass, 'exchange.ledger_entries'::regclass)
  AND attnum > 0 GROUP BY attrelid ORDER BY attrelid::regclass::text;
-- The ledger: a deposit comes from outside.
SELECT source, account, person('vue ann') = user_id AS of_ann, asset, amount FROM exchange.ledger_entries
WHERE source = 'transfer' AND source_id IN (SELECT id FROM exchange.transfers WHERE user_id = :ann AND asset = 'USD')
ORDER BY account;
SELECT exchange.cancel_all_orders(:ann) > 0 AS cancelled, exchange.cancel_all_orders(:bob) > 0 AS cancelled;
SELECT * FROM exchange.verify();
