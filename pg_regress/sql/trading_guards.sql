-- What keeps a bot from entering for a while: locks that somebody sets, and guards in its settings that follow from its
-- last trades. Exits are free.
INSERT INTO identity.users (id, name, db_role) VALUES (101, 'ann', 'tguar_ann'), (102, 'ben', 'tguar_ben');
CREATE ROLE tguar_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE tguar_ben LOGIN IN ROLE bourse_viewer;
ALTER TABLE trading.bot_accounts ALTER id RESTART WITH 7401;
SELECT exchange.create_market('BTC-USD', 'BTC', 'USD', maker_rate => 0, taker_rate => 0),
       exchange.create_market('ETH-USD', 'ETH', 'USD', maker_rate => 0, taker_rate => 0);
SELECT exchange.deposit(101, a, 1000) > 0 AS paid FROM unnest('{USD,BTC}'::text[]) a;
-- A round trip that was closed some time ago, and told at once.
CREATE FUNCTION traded(bot bigint, symbol text, ago interval, gain numeric, exit_reason text) RETURNS numeric
LANGUAGE plpgsql AS $$
DECLARE
    number integer := (SELECT count(*) FROM trading.trades);
    balance numeric;
BEGIN
    PERFORM trading.apply_fill(bot, 'entry ' || number, symbol, 'buy', 1, 100,
                               filled_at => now() - ago - interval '1 minute');
    balance := (trading.apply_fill(bot, 'exit ' || number, symbol, 'sell', 1, 100 + gain, filled_at => now() - ago,
                                   exit_reason => exit_reason)).balance;
    UPDATE trading.trades SET told_at = NULL;
    RETURN balance;
END
$$;
-- Until when it is locked, to the minute.
CREATE FUNCTION locked(bot bigint, symbol text, side text DEFAULT NULL) RETURNS interval LANGUAGE sql AS $$
    SELECT date_trunc('minute', trading.locked_until(bot, symbol, side) - now() + interval '30 seconds')
$$;
SET intervalstyle = 'postgres';

SELECT trading.create_bot(101, 'grid', '{}', starting_balance => 1000) AS bot \gset
SELECT trading.start_bot(:bot);
SET SESSION AUTHORIZATION tguar_ann;
SELECT trading.lock_pair(:bot, 'BTC-USD', 'buy', now() + interval '1 hour', 'news at noon') > 0 AS locked;
SELECT trading.lock_pair(:bot, '*', 'sell', now() + interval '2 hours') > 0 AS locked;
RESET SESSION AUTHORIZATION;
SELECT locked(:bot, 'BTC-USD', 'buy') AS buy, locked(:bot, 'BTC-USD', 'sell') AS sell, locked(:bot, 'BTC-USD') AS any,
       locked(:bot, 'ETH-USD', 'buy') AS other;
SET SESSION AUTHORIZATION tguar_ann;
SELECT regexp_replace(refusal($$SELECT trading.place_order(7401, 'BTC-USD', 'buy', 1, 1)$$), '20\d\d-[-:\d ]+', 'T ');
SELECT status FROM trading.place_order(:bot, 'ETH-USD', 'buy', 1, 1);
SELECT symbol, side, reason, locked_by FROM trading.pair_locks ORDER BY id;
SELECT trading.unlock_pair(:bot, 'BTC-USD') AS pair, trading.unlock_pair(:bot, '*', 'buy') AS none,
       trading.unlock_pair(:bot, '*') AS everywhere;
SELECT status FROM trading.place_order(:bot, 'BTC-USD', 'buy', 1, 1);
SELECT call, refusal('SELECT trading.' || call) AS answer FROM unnest(ARRAY[
    $$lock_pair(NULL, 'X', 'buy', now() + interval '1 h')$$, $$lock_pair(1, 'X', 'buy', now() + interval '1 h')$$,
    $$lock_pair(7401, NULL, 'buy', now() + interval '1 h')$$, $$lock_pair(7401, 'X', 'long', now() + interval '1 h')$$,
    $$lock_pair(7401, 'X', NULL, now() + interval '1 h')$$, $$lock_pair(7401, 'X', 'buy', NULL)$$,
    $$lock_pair(7401, 'X', 'buy', '2020-01-01')$$, $$lock_pair(7401, 'X', 'buy', 'infinity')$$,
    $$lock_pair(7401, 'X', 'buy', now() + interval '1 h', repeat('x', 501))$$, $$unlock_pair(7401, 'X', NULL)$$,
    $$unlock_pair(1, 'X')$$, $$locked_until(1, 'X')$$, $$locked_until(7401, 'X', 'long')$$]) WITH ORDINALITY c (call, n)
ORDER BY n;
SET SESSION AUTHORIZATION tguar_ben;
SELECT count(*) FROM trading.pair_locks;
SELECT refusal('SELECT trading.locked_until(7401, ''X'')') AS until,
       refusal('SELECT trading.unlock_pair(7401, ''X'')') AS unlock;
RESET SESSION AUTHORIZATION;

-- Guards are settings; what is no guard is refused, so that none is misspelt in vain.
SELECT guards, refusal(format('SELECT trading.set_config(7401, %L)',
                              jsonb_build_object('guards', guards::jsonb))) AS answer
FROM unnest(ARRAY['1', '{"cooldwn": "1 h"}', '{"cooldown": 5}', '{"cooldown": "soon"}', '{"cooldown": "0"}',
    '{"cooldown": {"a": 1}}', '{"stop_loss": true}', '{"stop_loss": {"trades": 0}}',
    '{"stop_loss": {"trades": 2.5, "within": "1 h", "lock": "1 h"}}',
    '{"stop_loss": {"trades": 2, "within": "1 h"}}',
    '{"stop_loss": {"trades": 2, "within": "1 h", "lock": "1 h", "per_symbol": 1}}',
    '{"drawdown": {"percent": 101, "within": "1 h", "lock": "1 h"}}',
    '{"drawdown": {"percent": 10, "within": "1 h", "lock": "1 h"}}']) WITH ORDINALITY c (guards, n) ORDER BY n;

-- After a trade a market cools down.
SELECT trading.set_config(:bot, '{"guards": {"cooldown": "10 minutes"}}');
SELECT traded(:bot, 'BTC-USD', '20 minutes', 10, 'roi') AS balance;
SELECT locked(:bot, 'BTC-USD') AS over;
SELECT traded(:bot, 'BTC-USD', '4 minutes', 10, 'roi') AS balance;
SELECT locked(:bot, 'BTC-USD'), locked(:bot, 'ETH-USD') AS other;
-- Two stop losses within an hour, two and a half hours ago: the lock of three hours still holds.
SELECT trading.set_config(:bot, '{"guards": {"stop_loss": {"trades": 2, "within": "1 h", "lock": "3 h",
                                                           "per_symbol": true}}}');
SELECT traded(:bot, 'ETH-USD', '190 minutes', -10, 'stop_loss') AS balance;
SELECT locked(:bot, 'ETH-USD') AS one_is_none;
SELECT traded(:bot, 'ETH-USD', '160 minutes', -10, 'roi') AS balance;
SELECT locked(:bot, 'ETH-USD') AS no_stop_loss;
SELECT traded(:bot, 'ETH-USD', '150 minutes', -10, 'trailing_stop_loss') AS balance;
SELECT locked(:bot, 'ETH-USD'), locked(:bot, 'BTC-USD') AS other;
SELECT trading.set_config(:bot, '{"guards": {"stop_loss": {"trades": 2, "within": "1 h", "lock": "3 h"}}}');
SELECT locked(:bot, 'BTC-USD') AS everywhere;
SELECT trading.set_config(:bot, '{"guards": {"stop_loss": {"trades": 2, "within": "30 minutes", "lock": "3 h"}}}');
SELECT locked(:bot, 'ETH-USD') AS too_far_apart;
-- The balance has fallen by a tenth of its peak within a day.
SELECT trading.set_config(:bot, '{"guards": {"drawdown": {"percent": 10, "within": "1 day", "lock": "12 h"}}}');
SELECT locked(:bot, 'BTC-USD') AS not_yet;
SELECT traded(:bot, 'ETH-USD', '2 minutes', -90, 'roi') AS balance;
SELECT locked(:bot, 'BTC-USD');
SELECT regexp_replace(refusal($$SELECT trading.place_order(7401, 'BTC-USD', 'buy', 1, 1)$$), '20\d\d-[-:\d ]+', 'T ');
-- Exits are free: what it holds it may sell.
SELECT (trading.apply_fill(:bot, 'held', 'BTC-USD', 'buy', 1, 100)).quantity;
SELECT status FROM trading.place_order(:bot, 'BTC-USD', 'sell', 200, 1);
SELECT trading.set_config(:bot, '{}');
SELECT locked(:bot, 'BTC-USD') AS free;

-- What somebody says of the time opens nothing: a guard counts from when it was told, where that was late.
SELECT trading.create_bot(101, 'grid', '{}', starting_balance => 1000) AS late \gset
SELECT trading.start_bot(:late);
SELECT trading.apply_fills(jsonb_agg(jsonb_build_object('bot_id', :late, 'fill_id', n, 'symbol', 'OLD', 'side', side,
    'quantity', 1, 'price', price, 'filled_at', now() - interval '100 days', 'exit_reason', 'stop_loss') ORDER BY n))
FROM (VALUES (1, 'buy', 100), (2, 'sell', 70), (3, 'buy', 100), (4, 'sell', 70)) f (n, side, price);
SELECT count(*) AS trades, bool_and(told_at > now() - interval '1 minute') AS told_late FROM trading.trades
WHERE bot_id = :late;
SELECT trading.set_config(:late, '{"guards": {"cooldown": "10 minutes"}}');
SELECT locked(:late, 'OLD');
SELECT trading.set_config(:late, '{"guards": {"stop_loss": {"trades": 2, "within": "1 h", "lock": "3 h"}}}');
SELECT locked(:late, 'OLD');
SELECT trading.set_config(:late, '{"guards": {"drawdown": {"percent": 5, "within": "1 day", "lock": "12 h"}}}');
SELECT locked(:late, 'OLD');
-- A loss of six in a hundred is no less for a deposit, or a gain, that is said to be older; nor for a withdrawal that
-- is said to be still to come.
SELECT trading.apply_cash(:late, 'd', 'deposit', 100000, at => now() - interval '10 days') AS balance;
SELECT locked(:late, 'OLD');
SELECT (trading.apply_fill(:late, '5', 'OLD', 'buy', 1, 100, filled_at => now() - interval '99 days')).quantity;
SELECT (trading.apply_fill(:late, '6', 'OLD', 'sell', 1, 90100, filled_at => now() - interval '99 days')).balance;
SELECT locked(:late, 'OLD') AS still;
SELECT trading.create_bot(101, 'grid', '{"guards": {"drawdown": {"percent": 20, "within": "1 day", "lock": "12 h"}}}',
                          starting_balance => 1000) AS early \gset
SELECT trading.start_bot(:early);
SELECT trading.apply_cash(:early, 'w', 'withdrawal', -900, at => now() + interval '20 h') AS balance;
SELECT (trading.apply_fill(:early, '1', 'NEW', 'buy', 1, 100)).quantity;
SELECT (trading.apply_fill(:early, '2', 'NEW', 'sell', 1, 70)).balance;
SELECT locked(:early, 'NEW') AS three_in_ten;
-- A correction is no new telling.
UPDATE trading.trades SET told_at = NULL;
SELECT trading.correct_fill(:early, '1', NULL, 101, NULL, 'why') AS balance;
SELECT count(told_at) AS told_late FROM trading.trades WHERE bot_id = :early;

-- What a guard costs follows from what its own bot has closed lately: it looks into the index of trades, and reads no
-- table of everybody's from end to end.
SELECT trading.set_config(:bot, '{"guards": {"cooldown": "10 minutes",
    "stop_loss": {"trades": 2, "within": "1 h", "lock": "3 h"},
    "drawdown": {"percent": 10, "within": "1 day", "lock": "12 h"}}}');
CREATE VIEW scans AS
    SELECT sum(s.seq_scan) AS whole_tables, sum(s.idx_scan) AS indexes FROM pg_stat_xact_all_tables s
    WHERE s.schemaname = 'trading' AND (s.relname LIKE 'trades%' OR s.relname = 'cash_events');
BEGIN;
SELECT whole_tables, indexes FROM scans \gset
SELECT trading.locked_until(:bot, 'ETH-USD') > now() AS locked;
SELECT count(*) > 0 AS summed_up FROM trading.pnl_summary(:bot, now() - interval '1 day', now(), 'day', 'UTC', 'paper');
SELECT whole_tables - :whole_tables AS whole_tables, indexes - :indexes > 0 AS indexes FROM scans;
COMMIT;
