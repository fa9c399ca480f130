-- What keeps a bot from entering for a while: locks that somebody sets, and guards in its settings that follow from its
-- last trades. Exits are free.
INSERT INTO identity.users (id, name, db_role) VALUES (101, 'ann', 'tguar_ann'), (102, 'ben', 'tguar_ben');
CREATE ROLE tguar_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE tguar_ben LOGIN IN ROLE bourse_viewer;
ALTER TABLE trading.bot_accounts ALTER id RESTART WITH 7401;
SELECT exchange.create_market('BTC-USD', 'BTC', 'USD', maker_rate => 0, taker_rate => 0),
       exchange.create_market('ETH-USD', 'ETH', 'USD', maker_rate => 0, taker_rate => 0);
SELECT exchange.deposit(101, a, 1000) > 0 AS paid FROM unnest('{USD,BTC}'::text[]) a;
-- A round trip that was closed some time ago.
CREATE FUNCTION traded(bot bigint, symbol text, ago interval, gain numeric, exit_reason text) RETURNS numeric
LANGUAGE plpgsql AS $$
DECLARE
    number integer := (SELECT count(*) FROM trading.trades);
BEGIN
    PERFORM trading.apply_fill(bot, 'entry ' || number, symbol, 'buy', 1, 100,
                               filled_at => now() - ago - interval '1 minute');
    RETURN (trading.apply_fill(bot, 'exit ' || number, symbol, 'sell', 1, 100 + gain, filled_at => now() - ago,
                               exit_reason => exit_reason)).balance;
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
