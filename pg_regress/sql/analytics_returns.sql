-- Metrics of periodic returns. A return is a fraction: 0.01 is 1 %. Figures are rounded here, for a reader's sake.
SET extra_float_digits = -2;
CREATE TABLE example AS
SELECT day, r FROM unnest(ARRAY[.01, -.005, 0, .02, -.03, .004, .007, -.001, 0, .012]::float8[])
    WITH ORDINALITY AS e (r, day);

-- Those that do not depend on the order of returns.
SELECT analytics.volatility(r), analytics.sharpe_ratio(r), analytics.sortino_ratio(r), analytics.omega_ratio(r)
FROM example;
SELECT analytics.skewness(r), analytics.kurtosis(r), analytics.tail_ratio(r) FROM example;
SELECT analytics.win_rate(r), analytics.profit_factor(r), analytics.payoff_ratio(r), analytics.kelly_criterion(r)
FROM example;
SELECT analytics.value_at_risk(r) AS normal, analytics.value_at_risk(r, 0.95, 'historical') AS historical,
       analytics.conditional_value_at_risk(r) AS normal_mean,
       analytics.conditional_value_at_risk(r, 0.95, 'historical') AS historical_mean
FROM example;
-- Those that do are told the order.
SELECT analytics.total_return(r ORDER BY day), analytics.cagr(r ORDER BY day),
       analytics.max_drawdown(r ORDER BY day), analytics.calmar_ratio(r ORDER BY day),
       analytics.ulcer_index(r ORDER BY day)
FROM example;
SELECT analytics.max_drawdown_duration(r ORDER BY day) AS duration,
       analytics.longest_winning_streak(r ORDER BY day) AS winning,
       analytics.longest_losing_streak(r ORDER BY day) AS losing
FROM example;
SELECT analytics.max_drawdown(r ORDER BY day) AS as_it_was, analytics.max_drawdown(r ORDER BY r) AS the_worst_first
FROM example;

-- A year has 252 observations, and the rate without risk is 0, if nobody says otherwise.
SELECT analytics.sharpe_ratio(r) = analytics.sharpe_ratio(r, 252) AND
       analytics.sharpe_ratio(r) = analytics.sharpe_ratio(r, 252, 0) AND
       analytics.sortino_ratio(r) = analytics.sortino_ratio(r, 252, 0) AND
       analytics.volatility(r) = analytics.volatility(r, 252) AND
       analytics.cagr(r ORDER BY day) = analytics.cagr(r, 252 ORDER BY day) AND
       analytics.calmar_ratio(r ORDER BY day) = analytics.calmar_ratio(r, 252 ORDER BY day) AND
       analytics.omega_ratio(r) = analytics.omega_ratio(r, 0) AND
       analytics.value_at_risk(r) = analytics.value_at_risk(r, 0.95, 'normal') AND
       analytics.conditional_value_at_risk(r) = analytics.conditional_value_at_risk(r, 0.95, 'normal') AS same
FROM example;
SELECT analytics.sharpe_ratio(r, 365, 0.03), analytics.sortino_ratio(r, 365, 0.03), analytics.omega_ratio(r, 0.001),
       analytics.value_at_risk(r, 0.99)
FROM example;
-- numeric and integers are taken too.
SELECT analytics.sharpe_ratio(r::numeric), analytics.max_drawdown(r::numeric ORDER BY day) FROM example;

-- They are aggregates: FILTER, DISTINCT, GROUP BY.
SELECT analytics.win_rate(r) FILTER (WHERE day > 5) AS later, analytics.win_rate(DISTINCT r) AS different,
       analytics.profit_factor(r) FILTER (WHERE day < 0) AS of_none
FROM example;
SELECT day <= 5 AS first_half, analytics.total_return(r ORDER BY day), analytics.sharpe_ratio(r)
FROM example GROUP BY 1 ORDER BY 1;

-- What is undefined is NULL, so that avg() over bots still works.
CREATE TABLE awkward (series text, place int, r float8);
INSERT INTO awkward
SELECT 'constant', n, 0.01 FROM generate_series(1, 12) n UNION ALL
SELECT 'one return', 1, 0.02 UNION ALL
SELECT 'only NULL', n, NULL FROM generate_series(1, 3) n UNION ALL
SELECT 'only losses', n, -0.01 * n * n FROM generate_series(1, 5) n UNION ALL
SELECT 'only wins', n, 0.01 * n * n FROM generate_series(1, 5) n UNION ALL
SELECT 'with holes', day * 2, r FROM example UNION ALL SELECT 'with holes', n * 2 + 1, NULL FROM generate_series(0, 9) n
UNION ALL SELECT 'zeros', n, 0 FROM generate_series(1, 5) n;
SELECT series, count(r), analytics.volatility(r), analytics.sharpe_ratio(r), analytics.sortino_ratio(r),
       analytics.omega_ratio(r)
FROM awkward GROUP BY series ORDER BY series;
SELECT series, analytics.skewness(r), analytics.kurtosis(r), analytics.tail_ratio(r), analytics.value_at_risk(r),
       analytics.value_at_risk(r, 0.95, 'historical') AS historical
FROM awkward GROUP BY series ORDER BY series;
SELECT series, analytics.win_rate(r), analytics.profit_factor(r), analytics.payoff_ratio(r),
       analytics.kelly_criterion(r)
FROM awkward GROUP BY series ORDER BY series;
SELECT series, analytics.total_return(r ORDER BY place) AS total, analytics.cagr(r ORDER BY place),
       analytics.max_drawdown(r ORDER BY place), analytics.calmar_ratio(r ORDER BY place) AS calmar,
       analytics.ulcer_index(r ORDER BY place) AS ulcer
FROM awkward GROUP BY series ORDER BY series;
SELECT series, analytics.max_drawdown_duration(r ORDER BY place) AS duration,
       analytics.longest_winning_streak(r ORDER BY place) AS winning,
       analytics.longest_losing_streak(r ORDER BY place) AS losing
FROM awkward GROUP BY series ORDER BY series;
-- A plain avg()/stddev_samp() finds no spread in the constant series either, but the rounding of one.
SELECT analytics.sharpe_ratio(0.01) AS sharpe, avg(0.01::float8) / stddev_samp(0.01::float8) > 1e15 AS nonsense
FROM generate_series(1, 12);
-- A spread of a millionth of a millionth beside the mean is not lost.
SELECT round((analytics.volatility(1000000 + n % 7 / 1048576.0::float8, 1) * 1048576)::numeric, 9) AS far,
       round(analytics.volatility(n % 7, 1)::numeric, 9) AS near
FROM generate_series(1, 1000) n;
-- A million returns neither overflow nor underflow on the way.
SELECT analytics.cagr(0.01, 1) AS up, analytics.cagr(-0.01, 1) AS down FROM generate_series(1, 1000000);
-- All is lost once and for all; what is lost beyond that has no rate of a year.
SELECT analytics.total_return(r ORDER BY n), analytics.cagr(r ORDER BY n), analytics.max_drawdown(r ORDER BY n)
FROM (VALUES (1, 0.5), (2, -1), (3, 0.2)) t (n, r);
SELECT analytics.total_return(-1.5), analytics.cagr(-1.5), analytics.max_drawdown(-1.5), analytics.calmar_ratio(-1.5);
-- An early loss is a drawdown: the peak begins with the start.
SELECT analytics.max_drawdown(r ORDER BY n) FROM (VALUES (1, -0.5), (2, 9.0)) t (n, r);

-- What is refused.
SELECT call, refusal('SELECT analytics.' || call)
FROM unnest(ARRAY['sharpe_ratio(''NaN''::float8)', 'sortino_ratio(''Infinity'')', 'omega_ratio(''-Infinity'')',
                  'tail_ratio(''NaN''::numeric)', 'value_at_risk(''NaN'')', 'max_drawdown(''NaN'')']) call;
SELECT arguments, refusal(format('SELECT analytics.%s FROM example', arguments))
FROM unnest(ARRAY['sharpe_ratio(r, 0)', 'sharpe_ratio(r, -1)', 'sharpe_ratio(r, NULL)', 'sharpe_ratio(r, ''NaN'')',
                  'sharpe_ratio(r, day)', 'sharpe_ratio(r, 252, -1)', 'sharpe_ratio(r, 252, NULL)',
                  'volatility(r, ''Infinity'')', 'cagr(r, 0 ORDER BY day)', 'calmar_ratio(r, NULL ORDER BY day)',
                  'omega_ratio(r, NULL)', 'omega_ratio(r, day)', 'value_at_risk(r, 1)', 'value_at_risk(r, 0)',
                  'value_at_risk(r, NULL)', 'value_at_risk(r, 0.95, ''guessed'')', 'value_at_risk(r, 0.95, NULL)',
                  'value_at_risk(r, 0.9 + day / 1000.0)', 'total_return(1e308 + day)',
                  'sharpe_ratio(1e200 * day)']) arguments;
-- Parameters are looked at when no return is given, too.
SELECT refusal('SELECT analytics.sharpe_ratio(NULL, 0)');
-- Nobody calls the functions behind them.
SELECT refusal('SELECT analytics_private.win_rate(NULL)') <> 'accepted' AS refused;

-- A viewer may ask.
SET ROLE bourse_viewer;
SELECT analytics.win_rate(r) FROM (VALUES (0.1), (-0.1)) t (r);
RESET ROLE;
