-- An exchange with a past, straight into the tables: a market with :resting orders in its book, :historic ended
-- orders and :trades trades over a year, :users users, :markets markets. Every invariant holds: exchange.verify()
-- returns no row. In a fresh database with the tables, as superuser:
--   psql -v resting=1000000 -v historic=10000000 -v trades=10000000 -v users=10000 -v markets=5 -f bench/scale/load.sql
--
-- Trades come in blocks of five among two bids and two offers of one market (their takers), all at one price; with
-- them come the cancelled orders that fill :historic up. historic must be at least 0.8 x trades.
\set ON_ERROR_STOP on
\if :{?resting} \else \set resting 10000 \endif
\if :{?historic} \else \set historic 100000 \endif
\if :{?trades} \else \set trades 100000 \endif
\if :{?users} \else \set users 1000 \endif
\if :{?markets} \else \set markets 5 \endif
\timing on
-- No triggers, no foreign keys: what follows keeps them.
SET session_replication_role = replica;
SET maintenance_work_mem = '512MB';
SET synchronous_commit = off;
SET timezone = 'UTC';

SELECT :trades / 5 AS blocks, :historic / greatest(:trades / 5, 1) AS width, clock_timestamp() - interval '365 days' AS since,
       :historic >= :trades / 5 * 4 AS enough \gset
\if :enough
\else
\warn historic must be at least 0.8 x trades
\quit
\endif

-- The market of a block and its place among the blocks of that market; what the k-th trade moves; what it costs.
CREATE FUNCTION pg_temp.market(n bigint, markets int) RETURNS text LANGUAGE sql IMMUTABLE AS $$ SELECT 'M' || n % markets || '-USD' $$;
CREATE FUNCTION pg_temp.lots(k bigint) RETURNS numeric LANGUAGE sql IMMUTABLE AS $$ SELECT (1 + k % 7) * 0.01 $$;
CREATE FUNCTION pg_temp.price(b bigint) RETURNS numeric LANGUAGE sql IMMUTABLE AS
$$ SELECT 20000 + b * 613 % 200000 / 100.0 $$;
-- Anybody, but always the same one.
CREATE FUNCTION pg_temp.anybody(n bigint, users bigint) RETURNS bigint LANGUAGE sql IMMUTABLE AS
$$ SELECT 1 + (n * 2654435761 % 4294967291) % users $$;

-- Indexes are built afterwards, each in one go.
CREATE TEMP TABLE later AS
SELECT 1 AS phase, format('ALTER TABLE %s DROP CONSTRAINT %I', conrelid::regclass, conname) AS away,
       format('ALTER TABLE %s ADD CONSTRAINT %I %s', conrelid::regclass, conname, pg_get_constraintdef(oid)) AS back
FROM pg_constraint WHERE contype = 'u' AND conrelid IN ('exchange.orders'::regclass, 'exchange.trades'::regclass)
UNION ALL
SELECT 2, format('DROP INDEX %s', i.indexrelid::regclass), pg_get_indexdef(i.indexrelid)
FROM pg_index i LEFT JOIN pg_constraint c ON c.conindid = i.indexrelid AND c.contype <> 'f'
WHERE c.oid IS NULL AND i.indrelid IN ('exchange.orders'::regclass, 'exchange.trades'::regclass);
SELECT away FROM later ORDER BY phase \gexec

INSERT INTO identity.users (id, name) SELECT n, 'user ' || n FROM generate_series(1, :users) n;
INSERT INTO exchange.markets (symbol, base, quote, tick_size, lot_size, maker_rate, taker_rate)
SELECT pg_temp.market(n, :markets), 'M' || n, 'USD', 0.01, 0.000001, 0.001, 0.002 FROM generate_series(0, :markets - 1) n;

INSERT INTO exchange.orders (id, user_id, symbol, side, price, amount, filled_amount, status, accepted_status, maker_rate,
                             taker_rate, priority, accepted_sequence, cancel_reason, created_at, updated_at, ended_at,
                             traded_until)
SELECT i, pg_temp.anybody(i, :users), pg_temp.market(b, :markets), CASE WHEN r < 2 OR r % 2 = 0 AND r > 3 THEN 'buy' ELSE 'sell' END,
       pg_temp.price(b), a.amount, CASE WHEN f.filled THEN a.amount ELSE 0 END,
       CASE WHEN f.filled THEN 'filled' ELSE 'cancelled' END, CASE WHEN f.filled AND r > 1 THEN 'filled' ELSE 'open' END,
       0.001, 0.002, i, least(b, :blocks) / :markets * 5, CASE WHEN NOT f.filled THEN 'user' END, t.at, t.done,
       t.done, CASE WHEN f.filled THEN t.done END
FROM generate_series(1, :historic::bigint) i
CROSS JOIN LATERAL (SELECT (i - 1) / :width AS b, (i - 1) % :width AS r) AS n
CROSS JOIN LATERAL (SELECT b < :blocks AND r < 4 AS filled, b * 5 + 1 AS k) AS f
CROSS JOIN LATERAL (SELECT CASE
    WHEN NOT f.filled THEN 1
    WHEN r = 0 THEN pg_temp.lots(k) + pg_temp.lots(k + 2) + pg_temp.lots(k + 4)
    WHEN r = 1 THEN pg_temp.lots(k + 1) + pg_temp.lots(k + 3)
    WHEN r = 2 THEN pg_temp.lots(k) + pg_temp.lots(k + 1) + pg_temp.lots(k + 4)
    ELSE pg_temp.lots(k + 2) + pg_temp.lots(k + 3) END AS amount) AS a
-- It ends with the last trade of its block.
CROSS JOIN LATERAL (SELECT :'since'::timestamptz + least(b, :blocks) * (interval '365 days' / greatest(:blocks, 1)) AS at,
                           :'since'::timestamptz + (least(b, :blocks) + 1) * (interval '365 days' / greatest(:blocks, 1)) AS done) AS t;

-- The book of the first market: twenty orders to a level, in any order of arrival.
INSERT INTO exchange.orders (id, user_id, symbol, side, price, amount, reserved, maker_rate, taker_rate, priority, accepted_sequence)
SELECT :historic + n, pg_temp.anybody(n, :users), pg_temp.market(0, :markets), s.side, p.price, pg_temp.lots(n),
       CASE s.side WHEN 'buy' THEN p.price * pg_temp.lots(n) * 1.002 ELSE pg_temp.lots(n) END, 0.001, 0.002, :historic + n, 0
FROM generate_series(1, :resting::bigint) n
CROSS JOIN LATERAL (SELECT CASE n % 2 WHEN 0 THEN 'buy' ELSE 'sell' END AS side,
                           0.01 * (1 + n / 2 * 7919 % greatest(:resting / 40, 1)) AS away) AS s
CROSS JOIN LATERAL (SELECT 30000 + CASE s.side WHEN 'buy' THEN -s.away ELSE s.away END AS price) AS p;

INSERT INTO exchange.trades (id, buy_order_id, sell_order_id, symbol, sequence, price, amount, buyer_commission, seller_commission,
                             commission, taker_side, created_at)
SELECT k, b * :width + 1 + j % 2, b * :width + 3 + j / 2 % 2, pg_temp.market(b, :markets), b / :markets * 5 + j + 1,
       p.price, p.amount, f.maker, f.taker, f.maker + f.taker, 'sell',
       :'since'::timestamptz + (b * 5 + j) * (interval '365 days' / greatest(:trades, 1))
FROM generate_series(1, :blocks::bigint * 5) k
CROSS JOIN LATERAL (SELECT (k - 1) / 5 AS b, (k - 1) % 5 AS j) AS n
CROSS JOIN LATERAL (SELECT pg_temp.price(b) AS price, pg_temp.lots(k) AS amount) AS p
CROSS JOIN LATERAL (SELECT round(p.price * p.amount * 0.001, 8) AS maker, round(p.price * p.amount * 0.002, 8) AS taker) AS f;

SELECT back FROM later ORDER BY phase \gexec

UPDATE exchange.markets m SET last_sequence = t.last, last_price = t.price, last_priority = :historic + :resting
FROM (SELECT DISTINCT ON (symbol) symbol, sequence AS last, price FROM exchange.trades ORDER BY symbol, sequence DESC) AS t
WHERE t.symbol = m.symbol;

ANALYZE exchange.orders, exchange.trades;
-- Everybody has paid in the same; the balances are what the trades have made of it.
INSERT INTO exchange.transfers (user_id, asset, kind, amount, created_at)
SELECT u.id, a.asset, 'deposit', 1000000000, :'since' FROM identity.users u
CROSS JOIN (SELECT base AS asset FROM exchange.markets UNION SELECT quote FROM exchange.markets) AS a
ORDER BY u.id, a.asset;
INSERT INTO exchange.assets (user_id, symbol, amount, locked_amount)
SELECT b.user_id, b.asset, b.amount - coalesce(l.amount, 0), coalesce(l.amount, 0)
FROM (SELECT e.user_id, e.asset, sum(e.amount) AS amount FROM exchange.ledger_entries e WHERE e.account = 'user' GROUP BY 1, 2) AS b
LEFT JOIN (SELECT o.user_id, CASE o.side WHEN 'buy' THEN m.quote ELSE m.base END AS asset, sum(o.reserved) AS amount
           FROM exchange.orders o JOIN exchange.markets m USING (symbol) WHERE o.status = 'open' GROUP BY 1, 2) AS l
    USING (user_id, asset)
ORDER BY b.user_id, b.asset;

SELECT setval(pg_get_serial_sequence(s.relation, 'id'), s.last)
FROM (VALUES ('identity.users', :users), ('exchange.orders', :historic + :resting), ('exchange.trades', :blocks * 5)) AS s (relation, last)
WHERE s.last > 0;
RESET session_replication_role;
VACUUM (ANALYZE) identity.users, exchange.markets, exchange.assets, exchange.transfers, exchange.orders, exchange.trades;
