-- What locks a user's funds: each live order, and what was locked by hand.
INSERT INTO identity.users (name) VALUES ('lck ann') RETURNING id AS ann \gset
INSERT INTO identity.users (name) VALUES ('lck bob') RETURNING id AS bob \gset
SELECT exchange.create_market('LCK-USD', 'LCK', 'USD'), exchange.create_market('LCL-LCK', 'LCL', 'LCK');
SELECT count(exchange.deposit(u, a, 100)) FROM unnest(ARRAY[:ann, :bob]) u, unnest(ARRAY['LCK', 'LCL', 'USD']) a;
SELECT * FROM exchange.locked_funds(:ann);
SELECT id AS sell FROM exchange.place_order(:ann, 'LCK-USD', 'sell', 10, 4) \gset
SELECT id AS buy FROM exchange.place_order(:ann, 'LCK-USD', 'buy', 5, 2) \gset
SELECT id AS stop FROM exchange.place_order(:ann, 'LCK-USD', 'sell', NULL, 1, 'stop', stop_price => 4) \gset
SELECT id AS quote FROM exchange.place_order(:ann, 'LCL-LCK', 'buy', 2, 3) \gset
SELECT exchange.update_asset_balance(:ann, 'LCK', -7, 7), exchange.update_asset_balance(:ann, 'LCL', -1, 1),
       exchange.update_asset_balance(:ann, 'LCL', 1, -1);
SELECT status, filled_amount FROM exchange.place_order(:bob, 'LCK-USD', 'buy', 10, 1.5);
SELECT CASE order_id WHEN :sell THEN 'sell' WHEN :buy THEN 'buy' WHEN :stop THEN 'stop'
    WHEN :quote THEN 'quote' END AS order,
       symbol, asset, reserved
FROM exchange.locked_funds(:ann);
-- Per asset it adds up to what is locked, for everybody.
SELECT a.symbol, a.locked_amount, coalesce(sum(l.reserved), 0) AS explained
FROM exchange.assets a LEFT JOIN exchange.locked_funds(a.user_id) l ON l.asset = a.symbol
WHERE a.user_id = :ann GROUP BY a.id ORDER BY a.symbol;
SELECT count(*) AS unexplained FROM exchange.assets a
WHERE a.locked_amount <> (SELECT coalesce(sum(l.reserved), 0) FROM exchange.locked_funds(a.user_id) l
                          WHERE l.asset = a.symbol);
SELECT call, refusal('SELECT exchange.locked_funds' || call) AS refusal FROM unnest(ARRAY['(NULL)', '(0)']) call;
SELECT exchange.cancel_all_orders(:ann);
SELECT exchange.update_asset_balance(:ann, 'LCK', 7, -7);
SELECT * FROM exchange.locked_funds(:ann);
SELECT * FROM exchange.verify();
