-- All figures of a series in one pass. The times that are given put rows in order: no ORDER BY is needed.
CREATE FUNCTION analytics_private.statistics_add(internal, float8, timestamptz) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_statistics_add_wrapper';
COMMENT ON FUNCTION analytics_private.statistics_add(internal, float8, timestamptz) IS 'A row comes in';
CREATE FUNCTION analytics_private.statistics_add(internal, float8, timestamptz, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_statistics_add_wrapper';
COMMENT ON FUNCTION analytics_private.statistics_add(internal, float8, timestamptz, float8) IS 'A row comes in';
CREATE FUNCTION analytics_private.return_statistics(internal) RETURNS jsonb
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_return_statistics_wrapper';
COMMENT ON FUNCTION analytics_private.return_statistics(internal) IS 'The figures';

CREATE AGGREGATE analytics.return_statistics(r float8, t timestamptz, periods float8) (
    SFUNC = analytics_private.statistics_add, STYPE = internal, SSPACE = 8192,
    FINALFUNC = analytics_private.return_statistics, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.return_statistics(float8, timestamptz, float8) IS
'What the aggregates of this schema say of returns, in one pass and by their names: an object with returns (how '
'many), from, to (UTC), periods, mean, total_return, cagr, volatility, sharpe_ratio, sortino_ratio (rf 0), '
'max_drawdown, max_drawdown_duration, calmar_ratio, ulcer_index, value_at_risk, conditional_value_at_risk (0.95; '
'both also with _historical), omega_ratio, tail_ratio, win_rate, profit_factor, payoff_ratio, kelly_criterion, '
'skewness, kurtosis, longest_winning_streak, longest_losing_streak. null: undefined, as each of them says; of no '
'row all but the streaks. t puts returns in order. 22023 r is NaN or infinite, t infinite, periods not above 0 '
'or not the same in all rows, 22004 t or periods is NULL, 22003 out of range, 54000 aggregates of this process '
'would keep more than 1000 MB (16 bytes a row, 24 to put it in order, 8 for quantiles), 53200 the machine has no '
'memory for it';

CREATE AGGREGATE analytics.return_statistics(r float8, t timestamptz) (
    SFUNC = analytics_private.statistics_add, STYPE = internal, SSPACE = 8192,
    FINALFUNC = analytics_private.return_statistics, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.return_statistics(float8, timestamptz) IS 'With 252 periods';
CREATE FUNCTION analytics_private.trades_add(internal, numeric, timestamptz, numeric) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_trades_add_wrapper';
COMMENT ON FUNCTION analytics_private.trades_add(internal, numeric, timestamptz, numeric) IS 'A row comes in';
CREATE FUNCTION analytics_private.trades_add(internal, numeric, timestamptz, numeric, text) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_trades_add_wrapper';
COMMENT ON FUNCTION analytics_private.trades_add(internal, numeric, timestamptz, numeric, text) IS 'A row comes in';
CREATE FUNCTION analytics_private.trades_add(internal, numeric, timestamptz, numeric, text, timestamptz)
RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_trades_add_wrapper';
COMMENT ON FUNCTION analytics_private.trades_add(internal, numeric, timestamptz, numeric, text, timestamptz) IS
'A row comes in';
CREATE FUNCTION analytics_private.trade_statistics(internal) RETURNS jsonb
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_trade_statistics_wrapper';
COMMENT ON FUNCTION analytics_private.trade_statistics(internal) IS 'The figures';

CREATE AGGREGATE analytics.trade_statistics(net_pnl numeric, closed_at timestamptz, starting_balance numeric,
    method text, opened_at timestamptz) (
    SFUNC = analytics_private.trades_add, STYPE = internal, SSPACE = 8192,
    FINALFUNC = analytics_private.trade_statistics, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.trade_statistics(numeric, timestamptz, numeric, text, timestamptz) IS
'What closed trades come to: an object. net_pnl: money, both fees taken off; NULL is a trade that is still open, '
'and skipped. starting_balance: above 0, the same in all rows; the peak of drawdowns begins with it. closed_at '
'puts trades in order, opened_at may be NULL. Counts: trades, wins, losses, break_even, longest_winning_streak, '
'longest_losing_streak. Money, exact: net_pnl, gross_profit, gross_loss, largest_win, largest_loss, '
'starting_balance, final_balance, max_drawdown (the largest fall of the balance, above 0). win_rate: '
'wins/trades. average_win, average_loss, expectancy: means, in money. profit_factor, payoff_ratio; '
'expectancy_ratio: (1 + payoff)·win_rate − 1; sqn: √n·mean/sample deviation; max_drawdown_relative: the largest '
'fall beside its peak; total_return: net_pnl/starting_balance. method of sharpe_ratio, sortino_ratio, '
'calmar_ratio: freqtrade: Σ p/days·√365, p = net_pnl/starting_balance, days from the first to the last close, at '
'least 1, divided by the population deviation of p, of the losing p, or (·100) by the relative drawdown at the '
'largest fall; quantstats: as the aggregates of these names say of daily returns (UTC, 0 where nothing closed) '
'of the balance with 365 periods. average_, shortest_, longest_holding_time: seconds, of trades with opened_at. '
'null: undefined (no trade, no loss, no spread, freqtrade: all closes at one moment). NULL: no row. 22023 an '
'amount is NaN, infinite, finer than 8 decimals, starting_balance not above 0, unknown method, closed before '
'opened, a parameter not the same in all rows, 22004 a parameter or closed_at is NULL, 54000 and 53200 as '
'return_statistics()';

CREATE AGGREGATE analytics.trade_statistics(net_pnl numeric, closed_at timestamptz, starting_balance numeric,
    method text) (
    SFUNC = analytics_private.trades_add, STYPE = internal, SSPACE = 8192,
    FINALFUNC = analytics_private.trade_statistics, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.trade_statistics(numeric, timestamptz, numeric, text) IS 'Without holding times';

CREATE AGGREGATE analytics.trade_statistics(net_pnl numeric, closed_at timestamptz, starting_balance numeric) (
    SFUNC = analytics_private.trades_add, STYPE = internal, SSPACE = 8192,
    FINALFUNC = analytics_private.trade_statistics, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.trade_statistics(numeric, timestamptz, numeric) IS
'With the method freqtrade, without holding times';

GRANT EXECUTE ON FUNCTION analytics.return_statistics(float8, timestamptz, float8),
    analytics.return_statistics(float8, timestamptz), analytics.trade_statistics(numeric, timestamptz, numeric,
    text, timestamptz), analytics.trade_statistics(numeric, timestamptz, numeric, text),
    analytics.trade_statistics(numeric, timestamptz, numeric)
TO bourse_viewer, bourse_worker;
