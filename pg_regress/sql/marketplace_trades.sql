-- Trades of subscriptions: opened and closed by functions, by workers as a plain table, or loaded. The sums of their
-- subscriptions follow, whoever writes.
SET timezone = 'UTC';
CREATE ROLE mtrades_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE mtrades_ben LOGIN IN ROLE bourse_trader;
CREATE ROLE mtrades_dev LOGIN IN ROLE bourse_trader;
CREATE ROLE mtrades_worker LOGIN IN ROLE bourse_worker;
CREATE ROLE mtrades_gateway LOGIN IN ROLE bourse_gateway;
INSERT INTO identity.users (id, name, role, db_role)
VALUES (101, 'ann', 'trader', 'mtrades_ann'), (102, 'ben', 'trader', 'mtrades_ben'),
       (103, 'dev', 'developer', 'mtrades_dev');
ALTER TABLE marketplace.bots ALTER id RESTART WITH 201;
ALTER TABLE marketplace.subscriptions ALTER id RESTART WITH 301;
SELECT marketplace.approve_bot(marketplace.submit_bot(103, 'alpha', 'buys low', 'TECHNICAL', NULL, '{}', '{}'));
SELECT (marketplace.subscribe(u, 201, 'mine', 'BINANCE', p, '1h', '{}', '{}')) IS NOT NULL AS subscribed
FROM (VALUES (101, 'BTC/USDT'), (101, 'ETH/USDT'), (102, 'BTC/USDT')) s (u, p);
ALTER TABLE marketplace.trades ALTER id RESTART WITH 7001;

-- A BUY gains when the price rises, a SELL when it falls, and commission is taken off once. To the last digit.
SET SESSION AUTHORIZATION mtrades_ann;
SELECT marketplace.open_trade(301, 'BUY', 0.5, 100, 90, 120, 'o-1', 'e-1', '2026-03-02 10:00Z');
SELECT * FROM marketplace.close_trade(7001, 110.12345678, '2026-03-02 11:00Z', 0.1);
SELECT id, subscription_id, side, trading_pair, quantity, entry_price, exit_price, stop_loss_price, take_profit_price,
       entry_time, exit_time, pnl, pnl_percentage, exchange_order_id, exchange_trade_id, status, user_id, bot_id,
       commission, updated_at > created_at AS stamped
FROM marketplace.trades \gx
SELECT marketplace.open_trade(302, 'SELL', 2, 50, 55, 40, entry_time => '2026-03-02 10:00Z');
SELECT * FROM marketplace.close_trade(7002, 55, '2026-03-02 12:00Z');
SELECT id, total_trades, winning_trades, total_pnl FROM marketplace.subscriptions ORDER BY id;

-- Halves are rounded away from 0; what has cost nothing has no percentage; what would not fit in 15 digits does here.
CREATE TEMPORARY TABLE figures AS
SELECT f.*, marketplace.open_trade(301, f.side, f.quantity, f.entry, entry_time => '2026-03-03 10:00Z') AS id
FROM (VALUES (1, 'BUY', 0.5, 0, 0.00000001), (2, 'SELL', 0.5, 0, 0.00000001), (3, 'BUY', 1, 0.00000001, 999999999999),
             (4, 'BUY', 999999999999.99999999, 0.00000001, 999999999999.99999999), (5, 'SELL', 3, 3, 3),
             (6, 'SELL', 3, 1, 3.5)) f (n, side, quantity, entry, exit);
SELECT f.side, f.quantity, f.entry, f.exit, c.*
FROM figures f CROSS JOIN LATERAL marketplace.close_trade(f.id, f.exit, '2026-03-04 10:00Z', 0) c ORDER BY f.n;
-- A rebate is a negative commission; commission alone can lose a trade.
SELECT marketplace.open_trade(301, 'BUY', 1, 10, entry_time => '2026-03-04 10:00Z') AS rebate,
       marketplace.open_trade(301, 'BUY', 1, 10, entry_time => '2026-03-04 10:00Z') AS loss \gset
SELECT * FROM marketplace.close_trade(:rebate, 10, '2026-03-04 11:00Z', -0.02);
SELECT * FROM marketplace.close_trade(:loss, 10, '2026-03-04 11:00Z', 0.00000001);
SELECT total_trades, winning_trades, total_pnl FROM marketplace.subscriptions WHERE id = 301;

-- A stop-loss is where the trade loses, a take-profit where it gains; what is no figure is refused.
SELECT call, refusal('SELECT marketplace.open_trade(' || call || ')') AS answer FROM unnest(ARRAY[
    $$301, 'BUY', 1, 100, 100$$, $$301, 'BUY', 1, 100, 110$$, $$301, 'BUY', 1, 100, NULL, 99$$,
    $$301, 'SELL', 1, 100, 90$$, $$301, 'SELL', 1, 100, NULL, 100$$, $$301, 'BUY', 1, 100, -1$$,
    $$301, 'BUY', 1, 100, 'NaN'$$, $$301, NULL, 1, 100$$, $$301, 'buy', 1, 100$$, $$301, 'BUY', NULL, 100$$,
    $$301, 'BUY', 0, 100$$, $$301, 'BUY', -1, 100$$, $$301, 'BUY', 'NaN', 100$$, $$301, 'BUY', 'Infinity', 100$$,
    $$301, 'BUY', 0.000000001, 100$$, $$301, 'BUY', 1000000000000, 100$$, $$301, 'BUY', 1, NULL$$,
    $$301, 'BUY', 1, 'NaN'$$, $$301, 'BUY', 1, '-Infinity'$$, $$301, 'BUY', 1, 1, exchange_order_id => ''$$,
    $$301, 'BUY', 1, 1, exchange_trade_id => repeat('x', 101)$$, $$301, 'BUY', 1, 1, entry_time => '-infinity'$$,
    $$301, 'BUY', 1, 1, entry_time => 'infinity'$$, $$301, 'BUY', 1, 1, entry_time => '1969-12-31 23:59Z'$$,
    $$301, 'BUY', 1, 1, entry_time => NULL$$, $$NULL, 'BUY', 1, 1$$, $$303, 'BUY', 1, 1$$, $$999, 'BUY', 1, 1$$])
    WITH ORDINALITY c (call, n) ORDER BY n;

-- What the exchange has called it is one trade, however often it is sent; other figures are another trade's.
SELECT marketplace.open_trade(301, 'BUY', 0.50, 100.0, NULL, NULL, 'o-1', 'e-1') AS same_answer;
SELECT call, refusal('SELECT marketplace.open_trade(' || call || ')') AS answer FROM unnest(ARRAY[
    $$301, 'BUY', 0.6, 100, NULL, NULL, 'o-1', 'e-1'$$, $$301, 'SELL', 0.5, 100, NULL, NULL, 'o-1', 'e-1'$$,
    $$301, 'BUY', 0.5, 101, NULL, NULL, 'o-1', 'e-1'$$, $$301, 'BUY', 0.5, 100, NULL, NULL, 'o-2', 'e-1'$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
SELECT marketplace.open_trade(302, 'BUY', 1, 100, exchange_trade_id => 'e-1', entry_time => '2026-04-02Z') AS other
    \gset
SELECT exchange_trade_id, subscription_id, trade_id = :other AS is_other FROM marketplace.trade_keys ORDER BY 2;

-- A trade is closed once. The same again answers as the first time, also without the time.
SELECT * FROM marketplace.close_trade(7001, 110.12345678, '2026-03-02 11:00Z', 0.1);
SELECT * FROM marketplace.close_trade(7001, 110.12345678, commission => 0.1);
SELECT call, refusal('SELECT marketplace.close_trade(' || call || ')') AS answer FROM unnest(ARRAY[
    $$7001, 110$$, $$7001, 110.12345678$$, $$7001, 110.12345678, '2026-03-02 12:00Z', 0.1$$, $$NULL, 1$$, $$1, 1$$,
    $$7011, NULL$$, $$7011, 'NaN'$$, $$7011, -1$$, $$7011, 1000000000000$$, $$7011, 1, commission => 'NaN'$$,
    $$7011, 1, commission => NULL$$, $$7011, 1, '-infinity'$$, $$7011, 1, NULL$$, $$7011, 1, '2026-04-01Z'$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
SELECT refusal('SELECT (marketplace.close_trade(7011, 1)).*');

-- Nobody else's: neither seen, nor told whether it is there.
SET SESSION AUTHORIZATION mtrades_ben;
SELECT count(*) FROM marketplace.trades;
SELECT call, refusal(call) AS answer FROM unnest(ARRAY[
    $$SELECT marketplace.close_trade(7011, 1)$$, $$SELECT marketplace.delete_trade(7011, 'mine')$$,
    $$INSERT INTO marketplace.trades (subscription_id, side, quantity, entry_price) VALUES (303, 'BUY', 1, 1)$$,
    $$UPDATE marketplace.trades SET stop_loss_price = 1$$, $$DELETE FROM marketplace.trades$$,
    $$LOCK TABLE marketplace.trades$$, $$SELECT FROM marketplace.trades_default$$]) WITH ORDINALITY c (call, n)
ORDER BY n;
RESET SESSION AUTHORIZATION;

-- A worker's INSERT, with every column as a mapper names them. What is computed is filled in.
SET SESSION AUTHORIZATION mtrades_worker;
INSERT INTO marketplace.trades (id, subscription_id, side, trading_pair, quantity, entry_price, exit_price,
    stop_loss_price, take_profit_price, entry_time, exit_time, pnl, pnl_percentage, exchange_order_id,
    exchange_trade_id, status, user_id, bot_id, commission, created_at, updated_at)
VALUES (NULL, 303, 'BUY', NULL, 2, 10, 12.5, NULL, NULL, '2025-01-01Z', '2025-01-02Z', NULL, NULL, NULL, 'e-1', NULL,
        NULL, NULL, NULL, NULL, NULL),
       (DEFAULT, 303, 'SELL', NULL, 2, 10, NULL, NULL, NULL, '2026-03-05Z', NULL, NULL, NULL, NULL, NULL, NULL, 102,
        201, DEFAULT, NULL, NULL)
RETURNING id, trading_pair, pnl, pnl_percentage, status, user_id, bot_id, commission;
-- A bot with its own figures: those that come to something else are refused.
SELECT call, refusal('INSERT INTO marketplace.trades ' || call) AS answer FROM unnest(ARRAY[
    $$(subscription_id, side, quantity, entry_price, exit_price, exit_time, status, pnl) VALUES
      (303, 'BUY', 2, 10, 12.5, now(), 'CLOSED', 4.9)$$,
    $$(subscription_id, side, quantity, entry_price, user_id) VALUES (303, 'BUY', 2, 10, 101)$$,
    $$(subscription_id, side, quantity, entry_price) VALUES (999, 'BUY', 2, 10)$$,
    $$(subscription_id, side, quantity, entry_price) VALUES (NULL, 'BUY', 2, 10)$$,
    $$(subscription_id, side, quantity, entry_price, stop_loss_price) VALUES (303, 'BUY', 2, 10, 11)$$,
    $$(subscription_id, side, quantity, entry_price) VALUES (303, 'BUY', 'NaN', 10)$$,
    $$(subscription_id, side, quantity, entry_price, entry_time) VALUES (303, 'BUY', 1, 10, '-infinity')$$,
    $$(subscription_id, side, quantity, entry_price, exit_price) VALUES (303, 'BUY', 1, 10, 11)$$,
    $$(subscription_id, side, quantity, entry_price, exchange_trade_id) VALUES (303, 'BUY', 1, 10, 'e-1')$$,
    $$(id, subscription_id, side, quantity, entry_price) VALUES (1, 303, 'BUY', 1, 10)$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
-- It closes one, and moves a stop past the entry of another, as stops do that trail. What is closed stays as it is.
UPDATE marketplace.trades SET exit_price = 8, exit_time = '2026-03-06Z', status = 'CLOSED', commission = 0.5
WHERE subscription_id = 303 AND status = 'OPEN' RETURNING pnl, pnl_percentage;
UPDATE marketplace.trades SET exit_price = 1 WHERE subscription_id = 303;
UPDATE marketplace.trades SET stop_loss_price = 105 WHERE id = 7011 RETURNING stop_loss_price;
SELECT refusal('UPDATE marketplace.trades SET take_profit_price = 104 WHERE id = 7011') ~ 'trades_stops_check' AS kept;
SELECT refusal('UPDATE marketplace.trades SET pnl = 1');
SELECT id, total_trades, winning_trades, total_pnl FROM marketplace.subscriptions ORDER BY id;

-- A gateway writes for everybody once it has said so.
SET SESSION AUTHORIZATION mtrades_gateway;
SELECT refusal($$INSERT INTO marketplace.trades (subscription_id, side, quantity, entry_price)
                 VALUES (303, 'BUY', 1, 1)$$);
BEGIN;
SELECT identity.act_for_everybody();
INSERT INTO marketplace.trades (subscription_id, side, quantity, entry_price) VALUES (303, 'BUY', 1, 1)
RETURNING user_id, status;
ROLLBACK;
RESET SESSION AUTHORIZATION;

-- Loaded: one statement, and every sum is right. A statement that fails changes none.
SET ROLE bourse_owner;
COPY marketplace.trades (subscription_id, side, quantity, entry_price, exit_price, entry_time, exit_time, status)
FROM stdin;
301	BUY	1	1	2	2024-01-31 23:59Z	2024-02-01Z	CLOSED
302	SELL	1	1	2	2026-11-01Z	2026-11-01Z	CLOSED
303	BUY	1	1	2	2026-12-01Z	2026-12-01Z	CLOSED
303	BUY	1	1	\N	2026-12-01Z	\N	OPEN
\.
SELECT refusal($$INSERT INTO marketplace.trades (subscription_id, side, quantity, entry_price, exit_price, exit_time,
                                                 status)
                 VALUES (301, 'BUY', 1, 1, 2, now(), 'CLOSED'), (999, 'BUY', 1, 1, 2, now(), 'CLOSED')$$);
SELECT id, total_trades, winning_trades, total_pnl FROM marketplace.subscriptions ORDER BY id;
-- Corrected by hand: of several subscriptions at once, and one opened again.
UPDATE marketplace.trades SET exit_price = 3 WHERE exit_price = 2;
UPDATE marketplace.trades SET status = 'OPEN', exit_price = NULL, exit_time = NULL WHERE id = 7002;
SELECT id, total_trades, winning_trades, total_pnl FROM marketplace.subscriptions ORDER BY id;
-- A trade stays in its subscription, and gives its exchange_trade_id away.
UPDATE marketplace.trades SET subscription_id = 303, user_id = 102, entry_time = '2020-01-01Z',
                              exchange_trade_id = 'e-2' WHERE id = 7001
RETURNING subscription_id, user_id, entry_time;
SELECT user_id, subscription_id, exchange_trade_id FROM marketplace.trade_keys ORDER BY 1, 2, 3;
DELETE FROM marketplace.trades WHERE exit_price = 3 OR id = 7001;
SELECT id, total_trades, winning_trades, total_pnl FROM marketplace.subscriptions ORDER BY id;
SELECT refusal('TRUNCATE marketplace.trades');
RESET ROLE;
SELECT * FROM marketplace.verify();

-- Taken out, with a reason: sums go back, its exchange_trade_id is free, the trail has the row.
SET SESSION AUTHORIZATION mtrades_worker;
SELECT call, refusal('SELECT marketplace.delete_trade(' || call || ')') AS answer FROM unnest(ARRAY[
    $$7011, NULL$$, $$7011, ' '$$, $$NULL, 'x'$$, $$1, 'x'$$]) WITH ORDINALITY c (call, n) ORDER BY n;
SELECT marketplace.delete_trade(7011, 'sent to another venue');
RESET SESSION AUTHORIZATION;
SELECT action, table_name, record_id, old_values ->> 'exchange_trade_id' AS was, new_values
FROM audit.audit_logs WHERE table_name = 'marketplace.trades';
SELECT count(*) FROM marketplace.trade_keys WHERE subscription_id = 302;

-- Partitions are made ahead, and rows move to theirs: nothing is counted twice.
SELECT time_column, partition_by, keep FROM bourse.policies WHERE schema_name = 'marketplace' AND table_name = 'trades';
SELECT step, target, problem
FROM bourse_private.maintain_at('2026-03-15Z', 100) WHERE relation = 'marketplace.trades' ORDER BY target;
SELECT count(*) FILTER (WHERE tableoid = 'marketplace.trades_y2026m03'::regclass) > 0 AS moved FROM marketplace.trades;
SELECT * FROM marketplace.verify();

-- What goes with its user goes from the sums.
SELECT total_trades, winning_trades FROM marketplace.bot_totals(201);
SELECT identity.erase_user(102, 'asked for it') -> 'deleted' -> 'marketplace.subscriptions' AS deleted;
SELECT count(*) FROM marketplace.trades WHERE user_id = 102;
SELECT total_subscriptions, total_trades, winning_trades FROM marketplace.bot_totals(201);
SELECT * FROM marketplace.verify();
SELECT jsonb_array_length(identity.export_user(101) -> 'tables' -> 'marketplace.trades') > 0 AS exported;
