-- A market at a glance.
INSERT INTO identity.users (name) VALUES ('tik ann') RETURNING id AS ann \gset
INSERT INTO identity.users (name) VALUES ('tik bob') RETURNING id AS bob \gset
SELECT exchange.create_market('TIK-USD', 'TIK', 'USD');
SELECT count(exchange.deposit(u, a, 1000)) FROM unnest(ARRAY[:ann, :bob]) u, unnest(ARRAY['TIK', 'USD']) a;
-- No trade, no order.
SELECT * FROM exchange.ticker('TIK-USD');
SELECT count(*) FROM unnest(ARRAY[8, 10, 12, 6, 9]) WITH ORDINALITY AS p (price, n),
    LATERAL exchange.place_order(:ann, 'TIK-USD', 'sell', p.price, p.n) s,
    LATERAL exchange.place_order(:bob, 'TIK-USD', 'buy', p.price, s.remaining_amount) b;
SELECT status FROM exchange.place_order(:ann, 'TIK-USD', 'sell', 9.5, 1);
SELECT status FROM exchange.place_order(:bob, 'TIK-USD', 'buy', 8.5, 1);
SELECT sequence, price, amount FROM exchange.trades WHERE symbol = 'TIK-USD' ORDER BY sequence;
SELECT * FROM exchange.ticker('TIK-USD');
-- What is older than 24 hours does not count; the last price does, however old.
BEGIN;
SET LOCAL session_replication_role = replica;
UPDATE exchange.trades SET created_at = created_at - interval '24 hours 1 second'
WHERE symbol = 'TIK-USD' AND sequence <= 2;
SELECT * FROM exchange.ticker('TIK-USD');
UPDATE exchange.trades SET created_at = created_at - interval '25 hours' WHERE symbol = 'TIK-USD';
SELECT * FROM exchange.ticker('TIK-USD');
ROLLBACK;
-- Of all markets.
SELECT t.symbol, t.last, t.trades_24h FROM exchange.markets m, exchange.ticker(m.symbol) t WHERE m.symbol LIKE 'TIK-%';
SELECT call, refusal('SELECT exchange.ticker' || call) AS refusal FROM unnest(ARRAY['(NULL)', '(''NO-MARKET'')']) call;
SELECT exchange.cancel_all_orders(u) FROM unnest(ARRAY[:ann, :bob]) u;
SELECT * FROM exchange.verify();
