-- What users and bots have come to. No sum is multiplied by a join, none divided by nothing, and history stays.
SET timezone = 'UTC';
CREATE ROLE msums_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE msums_ben LOGIN IN ROLE bourse_trader;
CREATE ROLE msums_dev LOGIN IN ROLE bourse_trader;
CREATE ROLE msums_other LOGIN IN ROLE bourse_viewer;
CREATE ROLE msums_admin LOGIN IN ROLE bourse_admin;
CREATE ROLE msums_gateway LOGIN IN ROLE bourse_gateway;
INSERT INTO identity.users (id, name, email, role, db_role)
VALUES (101, 'ann', 'ann@example.org', 'trader', 'msums_ann'), (102, 'ben', NULL, 'trader', 'msums_ben'),
       (103, 'dev', NULL, 'developer', 'msums_dev'), (104, 'other', NULL, 'developer', 'msums_other');
SELECT identity.register_principal('p-0', 101), identity.register_principal('p-1', 101),
       identity.register_principal('p-2', 101);
UPDATE identity.user_principals SET status = 'INACTIVE' WHERE principal_id = 'p-0';
ALTER TABLE marketplace.bots ALTER id RESTART WITH 201;
ALTER TABLE marketplace.subscriptions ALTER id RESTART WITH 301;
SELECT marketplace.submit_bot(d, n, 'trades', 'TECHNICAL', NULL, '{}', '{}')
FROM (VALUES (103, 'alpha'), (104, 'beta'), (103, 'gamma'), (103, 'delta')) b (d, n);
SELECT marketplace.approve_bot(b) FROM unnest(ARRAY[201, 202, 204]) b;
SELECT (marketplace.subscribe(u, b, 'mine', 'BINANCE', 'BTC/USDT', '1h', '{}', '{}')).id
FROM (VALUES (101, 201), (101, 201), (101, 202), (102, 201)) s (u, b);
SET ROLE bourse_owner;
UPDATE marketplace.subscriptions SET network_type = 'mainnet';
INSERT INTO marketplace.trades (subscription_id, side, quantity, entry_price, exit_price, entry_time, exit_time, status,
                                commission)
VALUES (301, 'BUY', 1, 100, 110, '2026-03-01 08:00Z', '2026-03-01 09:00Z', 'CLOSED', 0.1),
       (301, 'BUY', 1, 100, 95, '2026-03-02 08:00Z', '2026-03-02 09:00Z', 'CLOSED', 0.1),
       (302, 'SELL', 2, 100, 98, '2026-03-02 10:00Z', '2026-03-02 11:00Z', 'CLOSED', 0),
       (302, 'SELL', 2, 100, NULL, '2026-03-05 10:00Z', NULL, 'OPEN', 0),
       (303, 'BUY', 3, 1, 1.111, '2026-03-03 08:00Z', '2026-03-04 09:00Z', 'CLOSED', 0),
       (304, 'BUY', 10, 10, 9, '2026-03-03 08:00Z', '2026-03-03 09:00Z', 'CLOSED', 0);
RESET ROLE;

-- Two active principals and three subscriptions: each trade counts once, open ones not at all.
SET SESSION AUTHORIZATION msums_ann;
SELECT * FROM marketplace.user_performance_summary \gx
-- Who has closed nothing has no average. Nobody reads another's row.
SET SESSION AUTHORIZATION msums_other;
SELECT user_id, email, user_principal_id, active_subscriptions, total_trades, winning_trades, avg_pnl, total_pnl,
       win_rate
FROM marketplace.user_performance_summary;
SET SESSION AUTHORIZATION msums_admin;
SELECT user_id, total_trades, winning_trades, avg_pnl, total_pnl, win_rate FROM marketplace.user_performance_summary
ORDER BY 1;

-- A developer is told what his bots have come to, of all subscribers, and of no single one.
SET SESSION AUTHORIZATION msums_dev;
SELECT * FROM marketplace.bot_performance_summary WHERE bot_id = 201 \gx
SELECT bot_id, total_subscriptions, total_trades, avg_pnl_per_trade, total_pnl, win_rate, last_trade_time
FROM marketplace.bot_performance_summary ORDER BY 1;
SELECT (SELECT count(*) FROM marketplace.trades) AS trades,
       (SELECT count(*) FROM marketplace.subscriptions) AS subscriptions,
       (SELECT count(*) FROM marketplace.bot_totals(202)) AS of_others,
       (SELECT count(*) FROM marketplace.bot_totals(203)) AS own,
       (SELECT count(*) FROM marketplace.bot_totals(NULL)) AS of_none;
SELECT call, refusal(call) AS answer FROM unnest(ARRAY[
    'SELECT FROM marketplace.bot_sums', 'SELECT FROM marketplace.bot_sum_changes',
    $$SELECT marketplace.refresh_bot_performance('2026-03-01Z', '2026-04-01Z')$$,
    'SELECT marketplace.refresh_statistics()', 'SELECT FROM marketplace.integrity_check()',
    'SELECT FROM marketplace.verify()']) WITH ORDINALITY c (call, n) ORDER BY n;
SET SESSION AUTHORIZATION msums_ann;
SELECT count(*) FROM marketplace.bot_performance_summary;
SET SESSION AUTHORIZATION msums_gateway;
SELECT (SELECT count(*) FROM marketplace.bot_performance_summary) AS bots,
       (SELECT count(*) FROM marketplace.user_performance_summary) AS users;
BEGIN;
SELECT identity.act_as(103);
SELECT bot_id FROM marketplace.bot_performance_summary ORDER BY 1;
ROLLBACK;
RESET SESSION AUTHORIZATION;

-- The seed's columns, in its order.
SELECT c.table_name, string_agg(c.column_name, ',' ORDER BY c.ordinal_position) AS columns
FROM information_schema.columns c
WHERE c.table_schema = 'marketplace' AND c.table_name IN ('user_performance_summary', 'bot_performance_summary')
  AND c.ordinal_position <= CASE c.table_name WHEN 'user_performance_summary' THEN 9 ELSE 10 END
GROUP BY c.table_name ORDER BY 1;

-- Cancelled is not undone: the trades stay in the sums, and the subscription is active no more.
SET SESSION AUTHORIZATION msums_ann;
SELECT marketplace.cancel_subscription(301, false) IS NOT NULL AS cancelled;
SELECT active_subscriptions, total_subscriptions, total_trades, total_pnl FROM marketplace.user_performance_summary;
SET SESSION AUTHORIZATION msums_dev;
SELECT active_subscriptions, total_subscriptions, total_trades, total_pnl FROM marketplace.bot_performance_summary
WHERE bot_id = 201;
RESET SESSION AUTHORIZATION;

-- The same whether what has changed is folded or not, and however often.
SELECT bot_id, total_trades, total_pnl FROM marketplace.bot_performance_summary ORDER BY 1;
SET ROLE bourse_owner;
SELECT marketplace_private.fold_sums(b.id) FROM marketplace.bots b ORDER BY b.id;
SELECT count(*) FROM marketplace.bot_sum_changes;
SELECT marketplace_private.fold_sums(201);
RESET ROLE;
SELECT bot_id, total_trades, total_pnl FROM marketplace.bot_performance_summary ORDER BY 1;

-- Periods: what was closed from the start on and before the end, day by day, by what it has cost. Computed again, it
-- is the same, and nothing is written.
SET SESSION AUTHORIZATION msums_admin;
SELECT marketplace.refresh_bot_performance('2026-03-01Z', '2026-04-01Z');
SELECT marketplace.refresh_bot_performance('2026-03-01Z', '2026-04-01Z');
SELECT bot_id, total_trades, winning_trades, win_rate, average_pnl, total_pnl, total_commission,
       round(profit_factor::numeric, 6) AS profit_factor
FROM marketplace.bot_performance ORDER BY 1;
-- Bot 201: 9.9 of 100; (-5.1 + 4) of 300; -10 of 100.
SELECT round(p.max_drawdown::numeric, 8) AS max_drawdown, round(p.sharpe_ratio::numeric, 6) AS sharpe,
       round(e.max_drawdown::numeric, 8) AS expected_drawdown, round(e.sharpe_ratio::numeric, 6) AS expected_sharpe
FROM marketplace.bot_performance p,
     (SELECT analytics.max_drawdown(r ORDER BY n) AS max_drawdown, analytics.sharpe_ratio(r, 365) AS sharpe_ratio
      FROM unnest(ARRAY[9.9 / 100, -1.1 / 300, -10.0 / 100]::float8[]) WITH ORDINALITY d (r, n)) e
WHERE p.bot_id = 201;
SELECT marketplace.refresh_bot_performance('2026-03-02Z', '2026-03-02 09:00Z');
SELECT marketplace.refresh_bot_performance('2026-03-02Z', '2026-03-02 09:00:01Z');
SELECT bot_id, period_end, total_trades, total_pnl FROM marketplace.bot_performance
WHERE period_start = '2026-03-02Z' AND total_trades > 0;
-- No history is older than the subscription.
SELECT b.id, b.total_trades, b.first_trade_at = (SELECT min(s.started_at) FROM marketplace.subscriptions s
    WHERE s.bot_id = b.id AND NOT s.is_testnet AND s.total_trades > 0) AS since_it_began
FROM marketplace.bots b ORDER BY b.id;
SELECT call, refusal('SELECT marketplace.refresh_bot_performance(' || call || ')') AS answer FROM unnest(ARRAY[
    $$NULL, '2026-03-01Z'$$, $$'2026-03-01Z', NULL$$, $$'2026-03-01Z', '2026-03-01Z'$$,
    $$'-infinity', '2026-03-01Z'$$, $$'2026-03-01Z', 'infinity'$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
SET SESSION AUTHORIZATION msums_dev;
SELECT DISTINCT bot_id FROM marketplace.bot_performance ORDER BY 1;
RESET SESSION AUTHORIZATION;

-- A bet of nearly nothing that has won a fortune, day after day, and then lost more than it was: figures all the same,
-- and of its bot alone.
SET ROLE bourse_owner;
INSERT INTO marketplace.trades (subscription_id, side, quantity, entry_price, exit_price, entry_time, exit_time, status)
SELECT 303, 'BUY', 1, 0.00000001, 999999999999, d, d, 'CLOSED'
FROM generate_series(timestamptz '2026-05-01Z', '2026-05-28Z', '1 day') d;
INSERT INTO marketplace.trades (subscription_id, side, quantity, entry_price, exit_price, entry_time, exit_time, status)
VALUES (302, 'BUY', 1, 10, 11, '2026-05-01Z', '2026-05-01Z', 'CLOSED');
INSERT INTO marketplace.trades (subscription_id, side, quantity, entry_price, exit_price, entry_time, exit_time, status,
                                commission)
VALUES (303, 'BUY', 1, 10, 11, '2026-05-29Z', '2026-05-29Z', 'CLOSED', 1000),
       (303, 'BUY', 1, 0, 11, '2026-05-30Z', '2026-05-30Z', 'CLOSED', 0);
RESET ROLE;
SELECT marketplace.refresh_bot_performance('2026-05-01Z', '2026-06-01Z') > 0 AS written;
SELECT bot_id, total_trades, total_pnl, max_drawdown, sharpe_ratio FROM marketplace.bot_performance
WHERE period_start = '2026-05-01Z' AND total_trades > 0 ORDER BY 1;
-- What has gone from the period goes from its row.
SET ROLE bourse_owner;
DELETE FROM marketplace.trades WHERE entry_time >= '2026-05-01Z';
RESET ROLE;
SELECT marketplace.refresh_bot_performance('2026-05-01Z', '2026-06-01Z') > 0 AS written;
SELECT count(*) FILTER (WHERE total_trades > 0) AS with_trades FROM marketplace.bot_performance
WHERE period_start = '2026-05-01Z';

-- The sums of a bot hold what any number of trades comes to.
RESET SESSION AUTHORIZATION;
SET ROLE bourse_owner;
BEGIN;
INSERT INTO marketplace.bot_sum_changes (bot_id, total_pnl) SELECT 201, 9e29 FROM generate_series(1, 2);
SELECT marketplace_private.fold_sums(201);
SELECT total_pnl > 1.7e30 AS held FROM marketplace.bot_sums WHERE bot_id = 201;
ROLLBACK;
