-- Seconds for :stops stops that trigger together, seconds for as many market orders through match_orders(), and how many
-- stops have been filled. In an empty database with pg_bourse, as a superuser:  psql -X -v stops=10000 -f stops.sql
-- Every stop and every order has a bid of its own at a price of its own. The trade of a stop triggers the next one: no
-- cascade of so many is longer.
INSERT INTO identity.users (name) VALUES ('seller'), ('buyer');
SELECT exchange.create_market(base || '-USD', base, 'USD') FROM unnest('{STOPS,ORDERS}'::text[]) AS base \g /dev/null
SELECT exchange.deposit(id, asset, 100000000000)
FROM identity.users, unnest('{STOPS,ORDERS,USD}'::text[]) AS asset \g /dev/null
INSERT INTO exchange.order_commands (action, user_id, symbol, side, amount, order_type, stop_price)
SELECT 'new', 1, 'STOPS-USD', 'sell', 1, 'stop', 1000 - i * 0.01 FROM generate_series(1, :stops) AS i;
INSERT INTO exchange.order_commands (action, user_id, symbol, side, price, amount)
SELECT 'new', 2, symbol, 'buy', 1000 - i * 0.01, 1
FROM generate_series(0, :stops + 1) AS i, unnest('{STOPS-USD,ORDERS-USD}'::text[]) AS symbol ORDER BY i;
CALL exchange.match_orders();
VACUUM ANALYZE;
CHECKPOINT;
-- The first bid is at 1,000, the first trigger at 999.99: an order for two trades as far as that. What the bound of one
-- command leaves, match_orders() enters.
SELECT extract(epoch FROM clock_timestamp()) AS began \gset
SELECT exchange.place_order(1, 'STOPS-USD', 'sell', 999.99, 2) \g /dev/null
CALL exchange.match_orders();
SELECT extract(epoch FROM clock_timestamp()) - :began AS cascade \gset
INSERT INTO exchange.order_commands (action, user_id, symbol, side, amount, order_type)
SELECT 'new', 1, 'ORDERS-USD', 'sell', 1, 'market' FROM generate_series(1, :stops);
VACUUM ANALYZE;
CHECKPOINT;
SELECT extract(epoch FROM clock_timestamp()) AS began \gset
CALL exchange.match_orders();
SELECT extract(epoch FROM clock_timestamp()) - :began AS orders \gset
SELECT :cascade, :orders, count(*) FROM exchange.orders
WHERE symbol = 'STOPS-USD' AND order_type = 'stop' AND status = 'filled';
