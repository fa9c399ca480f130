-- Positions and round trips of bots: what users of other systems have reported, and what holds here.
INSERT INTO identity.users (id, name, db_role) VALUES (101, 'ann', 'tpos_ann');
CREATE ROLE tpos_ann LOGIN IN ROLE bourse_trader;
ALTER TABLE trading.bot_accounts ALTER id RESTART WITH 7001;
SET SESSION AUTHORIZATION tpos_ann;
SELECT trading.create_bot(101, 'grid', '{}', starting_balance => 100000) AS average \gset
SELECT trading.create_bot(101, 'grid', '{}', method => 'fifo', starting_balance => 100000) AS fifo \gset
SELECT trading.start_bot(:average), trading.start_bot(:fifo);

-- An exit over two entries is split at the lots that it closes; both methods come to the same whenever flat.
SELECT bot, n, f.quantity, f.average_price, f.realized_pnl
FROM unnest(ARRAY[:average, :fifo]) bot, (VALUES (1, 'buy', 100, 10), (2, 'buy', 100, 11), (3, 'sell', 150, 12),
                                                 (4, 'sell', 50, 13)) r (n, side, q, p),
     trading.apply_fill(bot, 'x' || n, 'BTC-USD', side, q, p) f ORDER BY bot, n;
SELECT bot_id, size, entry_price, exit_price, gross_pnl, mae, mfe, first_fill, last_fill FROM trading.trades
ORDER BY bot_id, last_fill, first_fill;
SELECT bot_id, status, realized_pnl FROM trading.positions ORDER BY bot_id;

-- A flip closes at the old average and opens the rest at the price of the fill; the fee is split.
SELECT * FROM trading.apply_fill(:average, 'f1', 'EUR-USD', 'sell', 1.1, 2.781);
SELECT quantity, average_price, realized_pnl, commission
FROM trading.apply_fill(:average, 'f2', 'EUR-USD', 'buy', 375.8, 2.662, 3.758);
SELECT direction, qty_open, avg_price, realized_pnl, fees, status FROM trading.positions WHERE symbol = 'EUR-USD'
ORDER BY id;
SELECT direction, size, entry_price, exit_price, commission, net_pnl, status FROM trading.trades
WHERE symbol = 'EUR-USD' ORDER BY id;

-- What is realised stays with the closed position, the new one starts at 0.
SELECT count(*) FROM (VALUES (1, 'buy', 100), (2, 'sell', 95), (3, 'buy', 96)) r (n, side, p),
    LATERAL trading.apply_fill(:average, 'o' || n, 'OIL-USD', side, 1, p) f;
SELECT (SELECT sum(realized_pnl) FROM trading.positions WHERE symbol = 'OIL-USD') AS realized, p.realized_pnl,
       p.unrealized_pnl
FROM trading.positions_at(:average, '{"OIL-USD": 97}') p WHERE p.symbol = 'OIL-USD';

-- A price moves what is open, not what is realised.
SELECT count(*) FROM (VALUES (1, 'sell', 3, 100), (2, 'buy', 1, 110)) r (n, side, q, p),
    LATERAL trading.apply_fill(:average, 's' || n, 'SOL-USD', side, q, p) f;
SELECT m AS mark, p.realized_pnl, p.unrealized_pnl, p.total_pnl
FROM unnest(ARRAY[100, 104]) m, trading.positions_at(:average, jsonb_build_object('SOL-USD', m)) p
WHERE p.symbol = 'SOL-USD' ORDER BY m;

-- One sign of fees; losers are known by both of them.
SELECT count(*)
FROM (VALUES (1, 'buy', 100, 0.1), (2, 'sell', 100, 0.1), (3, 'buy', 100, -0.02), (4, 'sell', 100, -0.02),
             (5, 'buy', 100, 0.1), (6, 'sell', 100.15, 0.1)) r (n, side, p, fee),
    LATERAL trading.apply_fill(:average, 'e' || n, 'FEE-USD', side, 1, p, fee) f;
SELECT gross_pnl, commission, net_pnl, pnl_percentage FROM trading.trades WHERE symbol = 'FEE-USD' ORDER BY id;

-- Contracts: one stands for 1250. A position has one multiplier.
SELECT quantity, average_price FROM trading.apply_fill(:average, 'm1', 'NIFTY', 'buy', 2, 80.5, multiplier => 1250);
SELECT refusal('SELECT trading.apply_fill(7001, ''m2'', ''NIFTY'', ''sell'', 1, 81)') AS answer;
SELECT realized_pnl FROM trading.apply_fill(:average, 'm2', 'NIFTY', 'sell', 1, 81, multiplier => 1250);

-- Thirds are exact whenever flat.
SELECT n, f.realized_pnl FROM (VALUES (1, 'buy', 1, 100), (2, 'buy', 2, 101), (3, 'sell', 1, 100), (4, 'sell', 1, 100),
                                      (5, 'sell', 1, 100)) r (n, side, q, p),
    LATERAL trading.apply_fill(:average, 't' || n, 'THIRD-USD', side, q, p) f ORDER BY n;
SELECT realized_pnl, gain, cost FROM trading.positions WHERE symbol = 'THIRD-USD';

-- Marks are seen by what is open: how far it was ahead and behind.
SELECT count(*) FROM (VALUES (1, 'buy', 1, 100), (2, 'buy', 2, 120)) r (n, side, q, p),
    LATERAL trading.apply_fill(:fifo, 'a' || n, 'ADA-USD', side, q, p) f;
SELECT trading.record_equity(:fifo, '2026-01-01Z', '{"ADA-USD": 90}'),
       trading.record_equity(:fifo, '2026-01-02Z', '{"ADA-USD": 130}'),
       trading.record_equity(:fifo, '2026-01-03Z', '{}');
SELECT at, equity, balance, unrealized_pnl, unmarked FROM trading.equity_snapshots ORDER BY at;
SELECT realized_pnl FROM trading.apply_fill(:fifo, 'a3', 'ADA-USD', 'sell', 2, 110);
SELECT size, gross_pnl, mae, mfe, status FROM trading.trades WHERE symbol = 'ADA-USD' ORDER BY first_fill, status;
SELECT qty_open, cost, lots - 'opened_at' AS lots FROM (
    SELECT qty_open, cost, lots -> 0 AS lots FROM trading.positions WHERE symbol = 'ADA-USD') p;

-- Cash: funding is a result of the position, a deposit is none.
SELECT trading.apply_cash(:fifo, 'c1', 'funding', -0.5, 'ADA-USD'), trading.apply_cash(:fifo, 'c2', 'deposit', 1000),
       trading.apply_cash(:fifo, 'c3', 'interest', 0.25);
SELECT trading.apply_cash(:fifo, 'c1', 'funding', -0.5, 'ADA-USD') AS again;
SELECT current_balance, total_pnl FROM trading.bots WHERE id = :fifo;
SELECT funding, total_pnl FROM trading.positions_at(:fifo, '{"ADA-USD": 120}');
SELECT call, refusal('SELECT trading.apply_cash(' || call || ')') AS answer FROM unnest(ARRAY[
    $$7002, 'c1', 'funding', -0.6, 'ADA-USD'$$, $$7002, 'x', 'gift', 1$$, $$7002, 'x', 'deposit', -1$$,
    $$7002, 'x', 'withdrawal', 1$$, $$7002, 'x', 'funding', 0$$, $$7002, 'x', 'funding', 'NaN'$$,
    $$7002, 'x', 'funding', 0.000000001$$, $$7002, 'x', 'funding', NULL$$, $$7002, NULL, 'funding', 1$$,
    $$7002, '', 'funding', 1$$, $$7002, 'x', 'funding', 1, at => 'infinity'$$,
    $$7002, 'x', 'funding', 1, repeat('x', 65)$$, $$1, 'x', 'funding', 1$$,
    $$7002, 'x', 'deposit', 1e12$$, $$7002, 'x', 'deposit', 999999999999$$]) WITH ORDINALITY c (call, n) ORDER BY n;
SELECT call, refusal('SELECT trading.' || call) AS answer FROM unnest(ARRAY[
    $$positions_at(NULL)$$, $$positions_at(1)$$, $$positions_at(7001, '[]')$$, $$positions_at(7001, '{"A": -1}')$$,
    $$positions_at(7001, '{"A": "x"}')$$, $$record_equity(1)$$, $$record_equity(7001, 'infinity')$$,
    $$record_equity(7001, now(), '{"A": null}')$$]) WITH ORDINALITY c (call, n) ORDER BY n;

-- A month of entry_time is a partition, made ahead; what came before it moves there, and goes on being found.
RESET SESSION AUTHORIZATION;
SELECT DISTINCT tableoid::regclass = 'trading.trades_default'::regclass AS is_default FROM trading.trades;
SELECT count(*) > 0 AS made FROM bourse.maintain() m WHERE m::text LIKE '%trading.trades%create partition%';
SELECT DISTINCT tableoid::regclass = 'trading.trades_default'::regclass AS is_default FROM trading.trades;
SELECT realized_pnl FROM trading.apply_fill(:fifo, 'a4', 'ADA-USD', 'sell', 1, 110);
SELECT * FROM trading.verify();

-- A deleted position leaves its trades.
DELETE FROM trading.positions WHERE symbol = 'ADA-USD';
SELECT count(*) AS trades, count(position_id) AS with_position FROM trading.trades WHERE symbol = 'ADA-USD';
SELECT * FROM trading.verify();
DROP ROLE tpos_ann;
