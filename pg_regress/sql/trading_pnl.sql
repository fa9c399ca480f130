-- What a bot has come to: by day in a time zone, and in metrics.
INSERT INTO identity.users (id, name, db_role) VALUES (101, 'ann', 'tpnl_ann'), (102, 'ben', 'tpnl_ben');
CREATE ROLE tpnl_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE tpnl_ben LOGIN IN ROLE bourse_trader;
ALTER TABLE trading.bot_accounts ALTER id RESTART WITH 7501;
SET SESSION AUTHORIZATION tpnl_ann;
SELECT trading.create_bot(101, 'grid', '{}', trade_type => 'live', quote => 'EUR', starting_balance => 1000) AS bot
    \gset
SELECT trading.start_bot(:bot);
-- A round trip that is closed at a moment, with a fee of 1 each way.
RESET SESSION AUTHORIZATION;
CREATE FUNCTION traded(number integer, closed timestamptz, gain numeric, type text DEFAULT 'live',
                       symbol text DEFAULT 'BTC-EUR') RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM trading.apply_fill(7501, 'entry ' || number, symbol, 'buy', 1, 100, 1, filled_at => closed - interval '1 h',
                               trade_type => type, entry_logic_name => 'cross', "interval" => '1h');
    PERFORM trading.apply_fill(7501, 'exit ' || number, symbol, 'sell', 1, 100 + gain, 1, filled_at => closed,
                               trade_type => type, exit_logic_name => 'target');
END
$$;
GRANT EXECUTE ON FUNCTION traded TO tpnl_ann;
SET SESSION AUTHORIZATION tpnl_ann;

-- On the night of 2026-10-25 Berlin sets its clocks back: 23:30 and 00:30 there are two days, and that Sunday has 25
-- hours.
SELECT traded(1, '2026-10-24 23:30 Europe/Berlin', 12), traded(2, '2026-10-25 00:30 Europe/Berlin', -8),
       traded(3, '2026-10-25 02:30+02', 22), traded(4, '2026-10-25 02:30+01', 2),
       traded(5, '2026-10-25 23:30 Europe/Berlin', 7), traded(6, '2026-10-26 00:30 Europe/Berlin', 7),
       traded(7, '2026-10-25 12:00 Europe/Berlin', 1000, 'paper');
SELECT trading.apply_cash(:bot, 'funding 1', 'funding', -3, 'BTC-EUR', '2026-10-25 09:00+01') IS NOT NULL AS paid,
       trading.apply_cash(:bot, 'deposit 1', 'deposit', 500, NULL, '2026-10-25 09:00+01') IS NOT NULL AS paid;
SET timezone = 'Europe/Berlin';
SELECT * FROM trading.pnl_summary(:bot, '2026-10-01', '2026-11-01', 'day', 'Europe/Berlin');
SELECT * FROM trading.pnl_summary(:bot, '2026-10-01', '2026-11-01', 'day', 'UTC');
-- The repeated hour is two hours.
SELECT period, trades FROM trading.pnl_summary(:bot, '2026-10-25', '2026-10-26', 'hour', 'Europe/Berlin');
-- Whatever the unit and the zone, they add up to the same.
SELECT unit, zone, sum(trades) AS trades, sum(wins) AS wins, sum(losses) AS losses, sum(gross_pnl) AS gross_pnl,
       sum(commission) AS commission, sum(funding) AS funding, sum(net_pnl) AS net_pnl
FROM unnest('{hour,day,week,month,quarter,year}'::text[]) WITH ORDINALITY u (unit, n)
CROSS JOIN unnest('{UTC,Asia/Kolkata}'::text[]) zone
CROSS JOIN LATERAL trading.pnl_summary(:bot, '2026-01-01', '2027-01-01', unit, zone)
GROUP BY n, unit, zone ORDER BY n, zone;
-- And to what its balance has moved by, deposits aside. Paper stands apart.
SELECT current_balance - starting_balance - 500 AS moved, total_pnl FROM trading.bots;
SELECT trades, net_pnl FROM trading.pnl_summary(:bot, '2026-01-01', '2027-01-01', 'year', trade_type => 'paper');
SELECT call, refusal('SELECT trading.' || call) AS answer FROM unnest(ARRAY[
    $$pnl_summary(NULL, '2026-01-01', '2027-01-01')$$, $$pnl_summary(1, '2026-01-01', '2027-01-01')$$,
    $$pnl_summary(7501, NULL, '2027-01-01')$$, $$pnl_summary(7501, '2026-01-01', '2026-01-01')$$,
    $$pnl_summary(7501, '2026-01-01', '2027-01-01', 'minute')$$,
    $$pnl_summary(7501, '2026-01-01', '2027-01-01', 'day', 'Mars/Olympus')$$,
    $$pnl_summary(7501, '2026-01-01', '2027-01-01', trade_type => 'real')$$]) WITH ORDINALITY c (call, n) ORDER BY n;
RESET timezone;

-- In metrics: of all its trades, or of those of one market, interval, entry or exit logic.
SELECT trading.calculate_metrics(:bot, 'live') AS metrics \gset
SELECT key, value FROM jsonb_each(:'metrics') WHERE key IN ('trades', 'wins', 'losses', 'break_even', 'net_pnl',
    'final_balance', 'win_rate', 'profit_factor', 'expectancy', 'max_drawdown', 'total_return', 'method', 'returns')
ORDER BY key;
SELECT trading.calculate_metrics(:bot, 'live', 'BTC-EUR', '1h', 'cross', 'target', 'freqtrade') -> 'trades' AS trades,
       trading.calculate_metrics(:bot, 'live', 'ETH-EUR', store => false) -> 'trades' AS none,
       trading.calculate_metrics(:bot, 'paper', store => false) -> 'net_pnl' AS paper;
-- Of no trade counts are 0 and ratios null; a bot without a balance to begin with has no part of it.
SELECT trading.calculate_metrics(:bot, 'backtest', store => false) @> '{"trades": 0, "net_pnl": 0, "win_rate": null,
    "profit_factor": null, "sharpe_ratio": null, "total_return": null, "returns": null}' AS of_no_trade;
SELECT trading.create_bot(101, 'poor', '{}') AS poor \gset
SELECT trading.calculate_metrics(:poor, 'live', store => false) @> '{"trades": 0, "starting_balance": 0,
    "total_return": null, "sharpe_ratio": null}' AS of_no_balance;
SELECT trade_type, symbol, "interval", entry_logic_name, exit_logic_name, metrics -> 'trades' AS trades,
       calculated_at > now() - interval '1 hour' AS lately FROM trading.performance_metrics ORDER BY id;
-- With equity on two days and more there are returns, too.
SELECT trading.record_equity(:bot, at) IS NOT NULL AS recorded
FROM generate_series(timestamptz '2026-10-24 12:00Z', '2026-10-27 12:00Z', '1 day') at;
SELECT trading.calculate_metrics(:bot, 'live', store => false) #> '{returns,returns}' AS returns;
SELECT call, refusal('SELECT trading.calculate_metrics(' || call || ')') AS answer FROM unnest(ARRAY[
    $$NULL, 'live'$$, $$1, 'live'$$, $$7501, NULL$$, $$7501, 'real'$$, $$7501, 'live', method => 'mine'$$,
    $$7501, 'live', method => NULL$$, $$7501, 'live', periods => 0$$, $$7501, 'live', store => NULL$$,
    $$7501, 'live', run_id => 7$$, $$7501, 'backtest', run_id => -1$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
-- Each run of a backtest has figures of its own.
SELECT count(*) FROM (VALUES (7, 'buy', 100, '2026-03-01Z'), (7, 'sell', 110, '2026-03-02Z'),
                             (8, 'buy', 100, '2026-03-01Z'), (8, 'sell', 95, '2026-03-02Z')) r (run, side, price, at),
    LATERAL trading.apply_fill(:bot, format('run %s %s', run, side), 'BTC-EUR', side, 1, price, 1,
                               filled_at => at::timestamptz, trade_type => 'backtest', run_id => run) f;
SELECT trading.record_equity(:bot, at, trade_type => 'backtest', run_id => 7) IS NOT NULL AS recorded
FROM generate_series(timestamptz '2026-03-02 12:00Z', '2026-03-04 12:00Z', '1 day') at;
SELECT run, m -> 'trades' AS trades, m -> 'net_pnl' AS net_pnl, m #> '{returns,returns}' AS returns
FROM unnest(ARRAY[7, 8, NULL]) run, trading.calculate_metrics(:bot, 'backtest', run_id => run) m;
SELECT trade_type, run_id, metrics -> 'net_pnl' AS net_pnl FROM trading.performance_metrics
WHERE trade_type = 'backtest' ORDER BY id;
SELECT run, s.trades, s.net_pnl FROM unnest(ARRAY[7, 8]) run,
    trading.pnl_summary(:bot, '2026-03-01Z', '2026-04-01Z', 'month', 'UTC', 'backtest', run) s;
SELECT refusal($$SELECT trading.pnl_summary(7501, '2026-01-01', '2027-01-01', run_id => 7)$$);
SET SESSION AUTHORIZATION tpnl_ben;
SELECT count(*) FROM trading.performance_metrics;
SELECT refusal($$SELECT trading.calculate_metrics(7501, 'live')$$),
       refusal($$SELECT trading.pnl_summary(7501, '2026-01-01', '2027-01-01')$$);
RESET SESSION AUTHORIZATION;
SELECT * FROM trading.verify();
