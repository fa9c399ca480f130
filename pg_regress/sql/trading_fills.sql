-- Fills of bots: booked once for ever, one by one, as JSON, or by the bulk door.
INSERT INTO identity.users (id, name, db_role)
VALUES (101, 'ann', 'tfills_ann'), (102, 'ben', 'tfills_ben');
CREATE ROLE tfills_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE tfills_ben LOGIN IN ROLE bourse_trader;
CREATE ROLE tfills_gateway LOGIN IN ROLE bourse_gateway;
CREATE ROLE tfills_admin LOGIN IN ROLE bourse_admin;
CREATE ROLE tfills_viewer LOGIN IN ROLE bourse_viewer;
ALTER TABLE trading.bot_accounts ALTER id RESTART WITH 7001;
SELECT trading.create_bot(101, 'grid', '{}', starting_balance => 1000) AS grid \gset
SELECT trading.create_bot(102, 'grid', '{}', method => 'fifo', starting_balance => 1000) AS fifo \gset

SET SESSION AUTHORIZATION tfills_ann;
-- A bot that was never started takes none.
SELECT refusal('SELECT trading.apply_fill(7001, ''a'', ''BTC-USD'', ''buy'', 1, 100)') AS answer;
SELECT trading.start_bot(:grid);

-- The position, the open trade, what is open, at what average, what was gained, the fee, the balance.
SELECT * FROM trading.apply_fill(:grid, 'a1', 'BTC-USD', 'buy', 100, 10, 0.1, filled_at => '2026-01-31 10:00Z');
-- The same again, as after a lost answer: the first answer. Other figures: refused.
SELECT * FROM trading.apply_fill(:grid, 'a1', 'BTC-USD', 'buy', 100, 10, 0.1);
SELECT refusal(format('SELECT trading.apply_fill(7001, ''a1'', ''BTC-USD'', ''buy'', %s, %s, %s)', q, p, f)) AS answer
FROM (VALUES (101, 10, 0.1), (100, 10.5, 0.1), (100, 10, 0)) r (q, p, f);
-- The ids of our own exchange's trades are not for users: whoever took one would keep its trade out of the books.
SELECT refusal('SELECT trading.apply_fill(7001, ''exchange:1:1'', ''BTC-USD'', ''buy'', 1, 10)') AS answer;
-- A bot of somebody else is refused before anything is locked.
SELECT refusal('SELECT trading.apply_fills(''[{"bot_id": 7002, "fill_id": "x", "symbol": "S", "side": "buy",
    "quantity": 1, "price": 1}]'')') AS answer;

-- Average cost: an addition moves the average, a reduction gains and leaves it.
SELECT * FROM trading.apply_fill(:grid, 'a2', 'BTC-USD', 'buy', 100, 11, 0.1, filled_at => '2026-02-01 10:00Z');
SELECT * FROM trading.apply_fill(:grid, 'a3', 'BTC-USD', 'sell', 150, 12, 0.1, filled_at => '2026-02-02 10:00Z',
                                 exit_reason => 'target');
SELECT * FROM trading.apply_fill(:grid, 'a4', 'BTC-USD', 'sell', 50, 13, 0.1, filled_at => '2026-02-03 10:00Z');
SELECT entry_time, exit_time, entry_price, exit_price, size, commission, gross_pnl, net_pnl, pnl_percentage,
       exit_reason, status
FROM trading.trades ORDER BY exit_time;
SELECT current_balance, total_pnl, current_balance - 1000 = (SELECT sum(net_pnl) FROM trading.trades) AS adds_up
FROM trading.bots WHERE id = :grid;

-- Fees: in the quote currency or of no name, in what is traded, in a third currency with a rate or without.
SELECT quantity, average_price, commission
FROM trading.apply_fill(:grid, 'b1', 'ETH/USD', 'buy', 1, 20000, 0.001, 'ETH');
SELECT quantity, average_price, commission
FROM trading.apply_fill(:grid, 'b2', 'ETH/USD', 'buy', 1, 20000, 0.01, 'BNB', 600);
SELECT quantity, average_price, commission
FROM trading.apply_fill(:grid, 'b3', 'ETH/USD', 'buy', 1, 20000, 0.01, 'BNB');
SELECT quantity, commission FROM trading.apply_fill(:grid, 'b4', 'ETH/USD', 'sell', 2.999, 20000, -0.02, 'USD');
SELECT realized_pnl, fees, unconverted_fees, status FROM trading.positions WHERE symbol = 'ETH/USD';
SELECT commission, net_pnl, unconverted_fees FROM trading.trades WHERE symbol = 'ETH/USD';

-- What no fill can be.
SELECT call, refusal('SELECT trading.apply_fill(' || call || ')') AS answer FROM unnest(ARRAY[
    $$NULL, 'x', 'S', 'buy', 1, 1$$, $$7001, NULL, 'S', 'buy', 1, 1$$, $$7001, '', 'S', 'buy', 1, 1$$,
    $$7001, repeat('x', 129), 'S', 'buy', 1, 1$$, $$7001, 'x', NULL, 'buy', 1, 1$$, $$7001, 'x', '', 'buy', 1, 1$$,
    $$7001, 'x', 'S', NULL, 1, 1$$, $$7001, 'x', 'S', 'hold', 1, 1$$, $$7001, 'x', 'S', 'buy', NULL, 1$$,
    $$7001, 'x', 'S', 'buy', 0, 1$$, $$7001, 'x', 'S', 'buy', -1, 1$$, $$7001, 'x', 'S', 'buy', 'NaN', 1$$,
    $$7001, 'x', 'S', 'buy', 0.000000001, 1$$, $$7001, 'x', 'S', 'buy', 1e12, 1$$, $$7001, 'x', 'S', 'buy', 1, -1$$,
    $$7001, 'x', 'S', 'buy', 1, 'Infinity'$$, $$7001, 'x', 'S', 'buy', 1e11, 100$$,
    $$7001, 'x', 'S', 'buy', 1, 1, 1, 'S'$$, $$7001, 'x', 'S', 'buy', 1, 1, 1, 'BNB', 0$$,
    $$7001, 'x', 'S', 'buy', 1, 1, filled_at => 'infinity'$$, $$7001, 'x', 'S', 'buy', 1, 1, trade_type => 'real'$$,
    $$7001, 'x', 'S', 'buy', 1, 1, run_id => 5$$, $$7001, 'x', 'S', 'buy', 1, 1, trade_type => 'backtest'$$,
    $$7001, 'x', 'S', 'buy', 1, 1, multiplier => 0$$, $$7001, 'x', 'S', 'buy', 1, 1, exit_reason => repeat('x', 101)$$,
    $$7002, 'x', 'S', 'buy', 1, 1$$, $$1, 'x', 'S', 'buy', 1, 1$$]) WITH ORDINALITY c (call, n) ORDER BY n;
SELECT refusal('SELECT (trading.apply_fill(7001, ''x'', ''S'', ''buy'', 1, 1)).*') AS answer;

-- A paused bot closes and does not open; a flip opens.
SELECT quantity FROM trading.apply_fill(:grid, 'c1', 'SOL-USD', 'sell', 2, 100);
SELECT trading.pause_bot(:grid);
SELECT refusal(format('SELECT trading.apply_fill(7001, %L, ''SOL-USD'', %L, %s, 90)', id, side, q)) AS answer
FROM (VALUES ('c2', 'sell', 1), ('c3', 'buy', 3), ('c4', 'buy', 1)) r (id, side, q);
SELECT trading.resume_bot(:grid);
SELECT trading.stop_bot(:grid, close_positions => true);
SELECT quantity FROM trading.apply_fill(:grid, 'c5', 'SOL-USD', 'buy', 1, 90);
SELECT status, open_positions FROM trading.bots WHERE id = :grid;
SELECT trading.start_bot(:grid);

-- Runs of a backtest, and what is only on paper, have books of their own.
SELECT balance FROM trading.apply_fill(:grid, 'r1', 'BTC-USD', 'buy', 1, 100, 1, trade_type => 'backtest', run_id => 1);
SELECT balance FROM trading.apply_fill(:grid, 'r2', 'BTC-USD', 'buy', 1, 100, 2, trade_type => 'backtest', run_id => 2);
SELECT balance FROM trading.apply_fill(:grid, 'r3', 'BTC-USD', 'buy', 1, 100, 3, trade_type => 'live');
SELECT trade_type, run_id, current_balance, open_positions, fill_count FROM trading.balances ORDER BY 1, 2;
SELECT trade_type, run_id, symbol, qty_open FROM trading.positions WHERE status = 'open' ORDER BY 1, 2;

-- Many at once: all or none, and the first that is refused is named.
SELECT trading.apply_fills('[
    {"bot_id": 7001, "fill_id": "j1", "symbol": "ADA-USD", "side": "buy", "quantity": 10, "price": "0.4", "fee": 0.01},
    {"bot_id": 7001, "fill_id": "j2", "symbol": "ADA-USD", "side": "sell", "quantity": 10, "price": 0.5, "fee": 0.01},
    {"bot_id": 7001, "fill_id": "a1", "symbol": "BTC-USD", "side": "buy", "quantity": 100, "price": 10, "fee": 0.1}]');
SELECT net_pnl, status FROM trading.trades WHERE symbol = 'ADA-USD';
SELECT fills, refusal(format('SELECT trading.apply_fills(%L)', fills)) AS answer FROM unnest(ARRAY[
    NULL, '{}', '[1]', '[[]]', '[]',
    '[{"bot_id": 7001, "fill_id": "k1", "symbol": "A", "side": "buy", "quantity": 1, "price": 1}, {"bot_id": 7001}]',
    '[{"bot_id": 7002, "fill_id": "k1", "symbol": "A", "side": "buy", "quantity": 1, "price": 1}]',
    '[{"bot_id": 7001, "fill_id": "k1", "symbol": "A", "side": "buy", "quantity": 1, "price": 1, "fees": 1}]',
    '[{"bot_id": 7001, "fill_id": "k1", "symbol": "A", "side": "buy", "quantity": 1, "price": 1},
      {"bot_id": 7001, "fill_id": "k2", "symbol": "A", "side": "sell", "Quantity": 1, "price": 1}]'])
    WITH ORDINALITY c (fills, n) ORDER BY n;
-- What cannot be read is named as well.
SELECT value, refusal(format('SELECT trading.apply_fills(%L)', jsonb_build_array(
    '{"bot_id": 7001, "fill_id": "k1", "symbol": "A", "side": "buy", "quantity": 1, "price": 1}'::jsonb,
    value))) AS answer
FROM unnest('{"{\"bot_id\": \"mine\"}", "{\"bot_id\": 1e30}", "{\"price\": \"10 USD\"}",
              "{\"filled_at\": \"soon\"}"}'::jsonb[]) WITH ORDINALITY c (value, n) ORDER BY n;
-- Every argument of apply_fill() is a field.
SELECT count(*) AS fields, count(*) FILTER (WHERE refusal(format('SELECT trading.apply_fills(%L)',
    jsonb_build_array(jsonb_build_object(a.name, NULL)))) LIKE '%there is no field%') AS unknown
FROM (SELECT unnest(p.proargnames) FROM pg_proc p WHERE p.oid = 'trading.apply_fill'::regproc) a (name);
SELECT count(*) AS booked FROM trading.fills WHERE fill_id = 'k1';

-- The bulk door takes anything for bots of one's own, and says what it has refused.
COPY trading.fill_commands (bot_id, fill_id, symbol, side, quantity, price, fee) FROM stdin;
7001	d1	DOT-USD	buy	10	5	0.1
7001	d2	DOT-USD	sell	10	6	0.1
7001	d3	DOT-USD	hold	10	6	0.1
7001	d1	DOT-USD	buy	11	5	0.1
7001	d1	DOT-USD	buy	10	5	0.1
7001	d4	DOT-USD	buy	1	7	NaN
\.
SELECT refusal('INSERT INTO trading.fill_commands (bot_id, fill_id) VALUES (7002, ''x'')') AS answer;
SELECT refusal('CALL trading.apply_pending(0)') AS answer;
CALL trading.apply_pending(2);
SELECT fill_id, sqlstate, reason, hint FROM trading.fill_rejections ORDER BY command_id;
SELECT entry_price, exit_price, size, commission, net_pnl, status FROM trading.trades WHERE symbol = 'DOT-USD';
SELECT refusal('SELECT * FROM trading.fill_commands') AS answer;
RESET SESSION AUTHORIZATION;
SELECT count(*) AS waiting FROM trading.fill_commands;

-- Everybody sees his own; a gateway acts for its user, an admin for all.
SET SESSION AUTHORIZATION tfills_ben;
SELECT (SELECT count(*) FROM trading.fills) AS fills, (SELECT count(*) FROM trading.positions) AS positions,
       (SELECT count(*) FROM trading.trades) AS trades, (SELECT count(*) FROM trading.balances) AS balances,
       (SELECT count(*) FROM trading.fill_rejections) AS rejections;
SET SESSION AUTHORIZATION tfills_gateway;
BEGIN;
SELECT identity.act_as(102);
SELECT trading.start_bot(:fifo);
SELECT quantity FROM trading.apply_fill(:fifo, 'g1', 'BTC-USD', 'buy', 1, 100);
SELECT refusal('SELECT trading.apply_fill(7001, ''g2'', ''BTC-USD'', ''buy'', 1, 100)') AS answer;
COMMIT;
SET SESSION AUTHORIZATION tfills_viewer;
SELECT refusal('SELECT trading.apply_fill(7001, ''v'', ''BTC-USD'', ''buy'', 1, 100)') AS answer;
SET SESSION AUTHORIZATION tfills_admin;
SELECT quantity FROM trading.apply_fill(:fifo, 'g3', 'BTC-USD', 'sell', 1, 101);
SELECT refusal(statement) AS answer FROM unnest(ARRAY[
    'INSERT INTO trading.fills (bot_id) VALUES (7001)', 'UPDATE trading.fills SET price = 1',
    'DELETE FROM trading.fills', 'UPDATE trading.positions SET qty_open = 1', 'DELETE FROM trading.trades',
    'TRUNCATE trading.fills CASCADE'])
    WITH ORDINALITY s (statement, n) ORDER BY n;
RESET SESSION AUTHORIZATION;
-- The journal is for ever: its owner does not change it either.
SELECT refusal(statement) AS answer FROM unnest(ARRAY[
    'UPDATE trading.fills SET price = 1', 'DELETE FROM trading.fills', 'TRUNCATE trading.fills CASCADE'])
    WITH ORDINALITY s (statement, n) ORDER BY n;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT refusal('SELECT trading.apply_fill(7001, ''x'', ''BTC-USD'', ''buy'', 1, 100)') AS answer;
COMMIT;
SELECT * FROM trading.verify();
DROP ROLE tfills_ann, tfills_ben, tfills_gateway, tfills_admin, tfills_viewer;
