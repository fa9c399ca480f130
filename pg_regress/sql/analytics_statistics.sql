-- All figures of a series in one pass.
SET extra_float_digits = -2;
CREATE TABLE example AS
SELECT timestamptz '2026-01-01 00:00+00' + day * interval '1 day' AS t, r
FROM unnest(ARRAY[.01, -.005, 0, .02, -.03, .004, .007, -.001, 0, .012]::float8[]) WITH ORDINALITY AS e (r, day);
CREATE FUNCTION rounded(statistics jsonb) RETURNS TABLE (figure text, value text) LANGUAGE sql AS $$
    SELECT e.key, CASE jsonb_typeof(e.value) WHEN 'number' THEN trim_scale(round((e.value)::numeric, 9))::text
                  ELSE e.value #>> '{}' END
    FROM jsonb_each(statistics) e ORDER BY e.key COLLATE "C"
$$;
SELECT f.* FROM (SELECT analytics.return_statistics(r, t, 365) AS s FROM example) e, rounded(e.s) f;
-- The times put returns in order: how rows come is nobody's concern.
SELECT analytics.return_statistics(r, t ORDER BY r) = analytics.return_statistics(r, t ORDER BY t DESC) AS same,
       analytics.return_statistics(r, t) = analytics.return_statistics(r, t, 252) AS by_default
FROM example;
-- Each figure is what the aggregate of its name says.
SET extra_float_digits = 1;
SELECT f.key FROM (
    SELECT analytics.return_statistics(r, t) AS s, jsonb_build_object(
        'total_return', analytics.total_return(r ORDER BY t), 'cagr', analytics.cagr(r ORDER BY t),
        'volatility', analytics.volatility(r), 'sharpe_ratio', analytics.sharpe_ratio(r),
        'sortino_ratio', analytics.sortino_ratio(r), 'max_drawdown', analytics.max_drawdown(r ORDER BY t),
        'max_drawdown_duration', analytics.max_drawdown_duration(r ORDER BY t),
        'calmar_ratio', analytics.calmar_ratio(r ORDER BY t), 'ulcer_index', analytics.ulcer_index(r ORDER BY t),
        'value_at_risk', analytics.value_at_risk(r),
        'value_at_risk_historical', analytics.value_at_risk(r, 0.95, 'historical'),
        'conditional_value_at_risk', analytics.conditional_value_at_risk(r),
        'conditional_value_at_risk_historical', analytics.conditional_value_at_risk(r, 0.95, 'historical'),
        'omega_ratio', analytics.omega_ratio(r), 'tail_ratio', analytics.tail_ratio(r),
        'win_rate', analytics.win_rate(r), 'profit_factor', analytics.profit_factor(r),
        'payoff_ratio', analytics.payoff_ratio(r), 'kelly_criterion', analytics.kelly_criterion(r),
        'skewness', analytics.skewness(r), 'kurtosis', analytics.kurtosis(r),
        'longest_winning_streak', analytics.longest_winning_streak(r ORDER BY t),
        'longest_losing_streak', analytics.longest_losing_streak(r ORDER BY t)) AS alone
    FROM example) e, jsonb_each(e.alone) f
WHERE (e.s -> f.key)::float8 IS DISTINCT FROM f.value::float8;
SET extra_float_digits = -2;
-- Of no row ratios are null and counts 0.
SELECT f.* FROM (SELECT analytics.return_statistics(r, t) AS s FROM example WHERE false) e, rounded(e.s) f
WHERE f.value IS NOT NULL;
SELECT refusal('SELECT analytics.return_statistics(r, NULL) FROM example');
SELECT refusal('SELECT analytics.return_statistics(r, ''infinity'') FROM example');
SELECT refusal('SELECT analytics.return_statistics(r, t, 0) FROM example');
SELECT refusal('SELECT analytics.return_statistics(''Infinity'', t) FROM example');

-- Closed trades, by their net profit and loss.
CREATE TABLE closed AS SELECT * FROM (VALUES
    (timestamptz '2026-03-01 10:00+00', timestamptz '2026-03-01 18:00+00', 100.00000001),
    ('2026-03-02 09:00+00', '2026-03-03 10:00+00', 0),
    (NULL, '2026-03-05 12:00+00', -50),
    ('2026-03-06 12:00+00', '2026-03-09 20:00+00', -30),
    ('2026-03-10 12:00+00', NULL, NULL)) t (opened_at, closed_at, net_pnl);
SELECT f.*
FROM (SELECT analytics.trade_statistics(net_pnl, closed_at, 1000, 'freqtrade', opened_at) AS s FROM closed) c,
     rounded(c.s) f;
-- Daily returns of the balance instead, of which a year has 365.
CREATE FUNCTION ratios(statistics jsonb) RETURNS text[] LANGUAGE sql AS $$
    SELECT array_agg(r.figure || ' ' || r.value) FROM rounded(statistics) r WHERE r.figure ~ 'sharpe|sortino|calmar'
$$;
SELECT ratios(analytics.trade_statistics(net_pnl, closed_at, 1000, 'quantstats')) FROM closed;
SELECT analytics.sharpe_ratio(r, 365), analytics.sortino_ratio(r, 365), analytics.calmar_ratio(r, 365 ORDER BY day)
FROM (VALUES (1, 100.00000001 / 1000), (2, 0), (3, 0), (4, 0), (5, -50 / 1100.00000001), (6, 0), (7, 0), (8, 0),
             (9, -30 / 1050.00000001)) t (day, r);
-- Drawdown starts with the starting balance: the early loss is seen.
SELECT s -> 'max_drawdown' AS money, s -> 'max_drawdown_relative' AS relative
FROM (SELECT analytics.trade_statistics(p, timestamptz '2026-01-01' + n * interval '1 day', 1000) AS s
      FROM (VALUES (1, -500), (2, 9000)) t (n, p)) t;
-- Without a losing trade there is no profit factor; without trades counts are 0; without rows nothing is known.
SELECT s -> 'profit_factor' AS profit_factor, s -> 'win_rate' AS win_rate, s -> 'sortino_ratio' AS sortino
FROM (SELECT analytics.trade_statistics(p, timestamptz '2026-01-01' + n * interval '1 day', 1000) AS s
      FROM (VALUES (1, 10), (2, 20)) t (n, p)) t;
SELECT s -> 'trades' AS trades, s -> 'win_rate' AS win_rate, s -> 'final_balance' AS final_balance
FROM (SELECT analytics.trade_statistics(NULL, NULL, 1000) AS s) t;
SELECT analytics.trade_statistics(net_pnl, closed_at, 1000) FROM closed WHERE false;
SELECT arguments, refusal(format('SELECT analytics.trade_statistics(%s) FROM closed', arguments))
FROM unnest(ARRAY['net_pnl, closed_at, 0', 'net_pnl, closed_at, NULL', 'net_pnl, closed_at, -1',
                  '''NaN'', closed_at, 1', '''Infinity'', closed_at, 1', '0.123456789, closed_at, 1',
                  '1e13, closed_at, 1', '1, NULL, 1', '1, ''infinity'', 1', '1, closed_at, 1, ''sharpe''',
                  '1, closed_at, 1, NULL', '1, now(), extract(epoch FROM closed_at)',
                  'net_pnl, opened_at, 1, ''freqtrade'', closed_at']) arguments;
