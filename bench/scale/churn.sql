-- pgbench script: one order placed and cancelled, each in a transaction of its own, in the book and by the users of
-- load.sql: pgbench -n -f bench/scale/churn.sql -D users=10000 -c 4 -T 3600. Nothing trades: bids stay below 30000, offers above.
\set u random(1, :users)
\set side random(0, 1)
\set away random(1, 400)
\set lots random(1, 100)
SELECT id AS placed FROM exchange.place_order(:u, 'M0-USD', CASE :side WHEN 0 THEN 'buy' ELSE 'sell' END,
    30000 + CASE :side WHEN 0 THEN -0.01 ELSE 0.01 END * :away, 0.01 * :lots) \gset
SELECT status FROM exchange.cancel_order(:placed);
