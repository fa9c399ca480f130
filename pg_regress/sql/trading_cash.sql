-- Money that moves without a trade, the times and the totals of books: what holds whatever is told, and in which order.
INSERT INTO identity.users (id, name, db_role) VALUES (101, 'ann', 'tcash_ann');
CREATE ROLE tcash_ann LOGIN IN ROLE bourse_trader;
ALTER TABLE trading.bot_accounts ALTER id RESTART WITH 7601;
SET SESSION AUTHORIZATION tcash_ann;
-- A round trip of one at 100 that was closed some time ago.
RESET SESSION AUTHORIZATION;
CREATE FUNCTION traded(bot bigint, ago interval, gain numeric) RETURNS numeric LANGUAGE plpgsql AS $$
DECLARE
    number bigint := (SELECT count(*) FROM trading.fills);
BEGIN
    PERFORM trading.apply_fill(bot, 'fill ' || number, 'BTC-USD', 'buy', 1, 1000, filled_at => now() - ago);
    RETURN (trading.apply_fill(bot, 'fill ' || number + 1, 'BTC-USD', 'sell', 1, 1000 + gain,
                               filled_at => now() - ago)).balance;
END
$$;
GRANT EXECUTE ON FUNCTION traded TO tcash_ann;
-- A bot that does not enter for a while after it has lost 20 % within a day.
CREATE FUNCTION careful(starting_balance numeric) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    bot bigint := trading.create_bot(101, 'grid', '{"guards": {"drawdown": {"percent": 20, "within": "1 day",
        "lock": "12 h"}}}', starting_balance => starting_balance);
BEGIN
    PERFORM trading.start_bot(bot);
    RETURN bot;
END
$$;
GRANT EXECUTE ON FUNCTION careful TO tcash_ann;
SET SESSION AUTHORIZATION tcash_ann;

-- The guard against drawdown looks at what was gained and lost: a deposit does not undo a loss,
SELECT careful(1000) AS bot \gset
SELECT traded(:bot, '2 h', -500) AS balance;
SELECT trading.locked_until(:bot, 'BTC-USD') > now() AS half_is_lost;
SELECT trading.apply_cash(:bot, 'd', 'deposit', 10000) AS balance;
SELECT trading.locked_until(:bot, 'BTC-USD') > now() AS half_is_still_lost;
-- and a withdrawal is none. What is lost after it is a part of what is left.
SELECT careful(1000) AS bot \gset
SELECT traded(:bot, '2 h', -50) AS balance;
SELECT trading.apply_cash(:bot, 'w', 'withdrawal', -900, at => now() - interval '1 h') AS balance;
SELECT trading.locked_until(:bot, 'BTC-USD') AS five_in_a_hundred;
SELECT traded(:bot, '50 minutes', -10) AS balance;
SELECT trading.locked_until(:bot, 'BTC-USD') > now() AS a_fifth_of_the_rest;
-- A bot that begins with nothing, and is given something: its peak is what it was given. Taken out and given anew, it
-- is reckoned anew. Funding counts as what it is: a loss.
SELECT careful(0) AS bot \gset
SELECT trading.apply_cash(:bot, 'd1', 'deposit', 100, at => now() - interval '5 h') AS balance,
       traded(:bot, '4 h', -10) AS ten_less, trading.apply_cash(:bot, 'w', 'withdrawal', -90,
                                                                at => now() - interval '3 h') AS nothing,
       trading.apply_cash(:bot, 'd2', 'deposit', 10, at => now() - interval '2 h') AS balance,
       traded(:bot, '1 h', -1) AS one_less;
SELECT trading.locked_until(:bot, 'BTC-USD') AS a_tenth_twice;
SELECT trading.apply_cash(:bot, 'f', 'funding', -1) AS balance;
SELECT trading.locked_until(:bot, 'BTC-USD') > now() AS a_fifth;

-- The prices of a snapshot are seen in its own books only: not by what a backtest holds.
SELECT trading.create_bot(101, 'grid', '{}', starting_balance => 1000) AS bot \gset
SELECT trading.start_bot(:bot);
SELECT quantity FROM trading.apply_fill(:bot, 'r1', 'SOL-USD', 'buy', 1, 100, trade_type => 'backtest', run_id => 7);
SELECT trading.record_equity(:bot, now(), '{"SOL-USD": 1}', 'paper') AS paper,
       trading.record_equity(:bot, now(), '{"SOL-USD": 90}', 'backtest', 8) AS another_run,
       trading.record_equity(:bot, now(), '{"SOL-USD": 95}', 'backtest', 7) AS this_run;
SELECT realized_pnl
FROM trading.apply_fill(:bot, 'r2', 'SOL-USD', 'sell', 1, 101, trade_type => 'backtest', run_id => 7);
SELECT mae, mfe FROM trading.trades WHERE bot_id = :bot;

-- What has happened has a time: none before 1970, none of days to come.
SELECT call, refusal('SELECT trading.' || call) AS answer FROM unnest(ARRAY[
    $$apply_fill(7604, 't', 'SOL-USD', 'buy', 1, 100, filled_at => now() + interval '25 h')$$,
    $$apply_fill(7604, 't', 'SOL-USD', 'buy', 1, 100, filled_at => '1969-12-31 23:59:59Z')$$,
    $$apply_fill(7604, 't', 'SOL-USD', 'buy', 1, 100, filled_at => 'infinity')$$,
    $$apply_cash(7604, 't', 'deposit', 1, at => now() + interval '25 h')$$,
    $$apply_cash(7604, 't', 'deposit', 1, at => '-infinity')$$,
    $$record_equity(7604, now() + interval '25 h')$$, $$record_equity(7604, '200000-01-01')$$,
    $$record_equity(7604, '1969-12-31 23:59:59Z')$$]) WITH ORDINALITY c (call, n) ORDER BY n;
-- Clocks are apart: an exit may be told with a time before its entry's. Then the trade ends when it begins, and has
-- figures all the same.
SELECT quantity FROM trading.apply_fill(:bot, 'c1', 'SOL-USD', 'buy', 1, 1000, filled_at => '2026-01-02Z');
SELECT quantity FROM trading.apply_fill(:bot, 'c2', 'SOL-USD', 'sell', 1, 1001, filled_at => '2026-01-01Z');
SELECT entry_time = '2026-01-02Z' AS told, exit_time = entry_time AS at_once, net_pnl FROM trading.trades
WHERE bot_id = :bot AND trade_type = 'paper';
SELECT opened_at = closed_at AS at_once FROM trading.positions WHERE bot_id = :bot AND trade_type = 'paper';
SELECT trading.record_equity(:bot, '1970-01-01Z') IS NOT NULL AS noted,
       trading.record_equity(:bot, now() + interval '23 h') IS NOT NULL AS noted;
SELECT m -> 'trades' AS trades, m -> 'net_pnl' AS net_pnl, m -> 'average_holding_time' AS held,
       m #> '{returns,returns}' > '20000' AS returns
FROM trading.calculate_metrics(:bot, 'paper') m;
-- Also of a balance that is gone, and more.
SELECT trading.apply_cash(:bot, 'gone', 'withdrawal', -1001) AS balance;
SELECT trading.record_equity(:bot, now() - interval '1 day') AS nothing,
       trading.apply_cash(:bot, 'owed', 'interest', -5) AS owed, trading.record_equity(:bot) AS equity;
SELECT jsonb_typeof(m -> 'returns') AS returns FROM trading.calculate_metrics(:bot, 'paper') m;

-- One bound for the names of what is traded: 64 characters, wherever they are told.
SELECT trading.set_config(:bot, '{"guards": {"cooldown": "1 h"}}');
SELECT repeat('X', 64) AS long \gset
SELECT quantity FROM trading.apply_fill(:bot, 'l1', :'long', 'buy', 1, 10);
SELECT trading.apply_cash(:bot, 'l2', 'funding', -1, :'long') AS balance,
       trading.record_equity(:bot, now(), jsonb_build_object(:'long', 11)) AS equity;
SELECT realized_pnl FROM trading.apply_fill(:bot, 'l3', :'long', 'sell', 1, 12);
SELECT trading.locked_until(:bot, :'long') > now() AS cools_down,
       trading.lock_pair(:bot, :'long', 'buy', now() + interval '2 h') > 0 AS locked,
       trading.calculate_metrics(:bot, 'paper', :'long') -> 'trades' AS trades;
SELECT call, refusal('SELECT trading.' || call) AS answer FROM unnest(ARRAY[
    $$apply_fill(7604, 'l4', repeat('X', 65), 'buy', 1, 1)$$, $$apply_cash(7604, 'l4', 'funding', 1, repeat('X', 65))$$,
    $$apply_cash(7604, 'l4', 'funding', 1, '')$$, $$locked_until(7604, repeat('X', 65))$$,
    $$lock_pair(7604, repeat('X', 65), 'buy', now() + interval '1 h')$$,
    $$calculate_metrics(7604, 'paper', repeat('X', 65))$$, $$calculate_metrics(7604, 'paper', NULL, repeat('X', 11))$$,
    $$calculate_metrics(7604, 'paper', NULL, NULL, repeat('X', 101))$$,
    $$calculate_metrics(7604, 'paper', NULL, NULL, NULL, repeat('X', 101))$$]) WITH ORDINALITY c (call, n) ORDER BY n;

-- Funding is that of the position that was open when it was told, whatever becomes of the fills around it.
SELECT trading.create_bot(101, 'grid', '{}', starting_balance => 1000) AS bot \gset
SELECT trading.start_bot(:bot);
CREATE TEMP VIEW funded AS
    SELECT p.first_fill, p.last_fill, p.status, p.qty_open, p.funding, c.cash_id
    FROM trading.positions p LEFT JOIN trading.cash_events c ON c.position_id = p.id
    WHERE p.bot_id = :bot ORDER BY p.id;
SELECT n, f.quantity FROM (VALUES (1, 'buy'), (2, 'sell'), (3, 'buy')) r (n, side),
    LATERAL trading.apply_fill(:bot, 'x' || n, 'ETH-USD', side, 1, 100) f ORDER BY n;
SELECT trading.apply_cash(:bot, 'f1', 'funding', -5, 'ETH-USD') AS balance;
SELECT quantity FROM trading.apply_fill(:bot, 'x4', 'ETH-USD', 'buy', 1, 110);
SELECT * FROM funded;
-- Without the first buy the sale opens a short, which the second buy closes: nothing is open when funding is told.
SELECT trading.bust_fill(:bot, 'x1', 'never was') AS balance;
SELECT * FROM funded;
SELECT cash_id, position_id, fill_number, amount FROM trading.cash_events WHERE bot_id = :bot;
SELECT total_pnl FROM trading.bots WHERE id = :bot;
-- Without the sale either, it is that of the one position that there was.
SELECT trading.bust_fill(:bot, 'x2', 'never was') AS balance;
SELECT * FROM funded;
RESET SESSION AUTHORIZATION;
-- What was told stays as it is, for everybody.
SELECT refusal('UPDATE trading.cash_events SET amount = 1'), refusal('UPDATE trading.cash_events SET fill_number = 1');
SET SESSION AUTHORIZATION tcash_ann;

-- A total that no column holds is refused by name, before anything has moved.
SELECT trading.create_bot(101, 'grid', '{}') AS bot \gset
SELECT trading.start_bot(:bot);
SELECT quantity FROM trading.apply_fill(:bot, 'o1', 'S', 'buy', 1, 1);
SELECT trading.apply_cash(:bot, 'o2', 'funding', 900000000000, 'S') AS balance;
SELECT refusal($$SELECT trading.apply_cash(7606, 'o3', 'deposit', 100000000000)$$) AS balance;
SELECT trading.apply_cash(:bot, 'o3', 'withdrawal', -900000000000) AS balance;
SELECT refusal($$SELECT trading.apply_cash(7606, 'o4', 'interest', 900000000000)$$) AS result;
SELECT trading.apply_cash(:bot, 'o5', 'interest', -900000000000) AS balance;
SELECT refusal($$SELECT trading.apply_cash(7606, 'o6', 'funding', 900000000000, 'S')$$)
       ~ '22003 the funding of position \d+ would be 1800000000000 / No ' AS funding;
SELECT trading.apply_cash(:bot, 'o7', 'deposit', 999999999999) AS balance;
SELECT refusal($$SELECT trading.record_equity(7606, now(), '{"S": 999999999999}')$$) AS answer;
SELECT current_balance, total_pnl FROM trading.bots WHERE id = :bot;
RESET SESSION AUTHORIZATION;
SELECT * FROM trading.verify();
DROP VIEW funded;
DROP FUNCTION traded, careful;
DROP ROLE tcash_ann;
