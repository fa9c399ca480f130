-- pgbench script: one order placed and cancelled, each in a transaction of its own, in the market and by the users of
-- load.sql: pgbench -f bench/scale/churn.sql -D users=10000 -c 4 -T 3600. Prices lie around the top of its book, so some orders trade.
\set u random(1, :users)
\set side random(0, 1)
\set away random(-20, 400)
\set lots random(1, 100)
SELECT id AS placed FROM exchange.place_order(:u, 'M0-USD', CASE :side WHEN 0 THEN 'buy' ELSE 'sell' END,
    30000 + CASE :side WHEN 0 THEN -0.01 ELSE 0.01 END * :away, 0.01 * :lots, self_trade_prevention => 'none') \gset
-- NULL when the order has traded in full meanwhile.
SELECT (exchange.cancel_order(o.id)).status FROM exchange.orders o WHERE o.id = :placed AND o.status = 'open';
