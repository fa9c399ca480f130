-- Metrics over moving windows. Nothing is subtracted when a return leaves: a frame is what its returns alone would be.
SET extra_float_digits = -2;
CREATE TABLE days AS
SELECT n AS day, CASE WHEN n % 11 = 0 THEN NULL WHEN n % 13 = 0 THEN 0 ELSE sin(n * n) / 50 END AS r
FROM generate_series(1, 200) n;

SELECT day, analytics.volatility(r) OVER w, analytics.sharpe_ratio(r) OVER w, analytics.max_drawdown(r) OVER w
FROM days WINDOW w AS (ORDER BY day ROWS 20 PRECEDING) ORDER BY day LIMIT 5;

-- Every metric in frames of different lengths is what the same returns come to alone.
CREATE TABLE metrics (call text);
INSERT INTO metrics VALUES
    ('volatility(r)'), ('sharpe_ratio(r, 365, 0.02)'), ('sortino_ratio(r)'), ('skewness(r)'), ('kurtosis(r)'),
    ('omega_ratio(r, 0.001)'), ('win_rate(r)'), ('profit_factor(r)'), ('payoff_ratio(r)'), ('kelly_criterion(r)'),
    ('tail_ratio(r)'), ('value_at_risk(r)'), ('value_at_risk(r, 0.9, ''historical'')'),
    ('conditional_value_at_risk(r)'), ('conditional_value_at_risk(r, 0.9, ''historical'')'), ('total_return(r)'),
    ('cagr(r, 365)'), ('max_drawdown(r)'), ('max_drawdown_duration(r)'), ('calmar_ratio(r)'), ('ulcer_index(r)'),
    ('longest_winning_streak(r)'), ('longest_losing_streak(r)');
CREATE FUNCTION differ(call text, preceding int, source text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    differing bigint;
BEGIN
    EXECUTE format(
        'SELECT count(*) FROM (SELECT day, analytics.%1$s OVER (ORDER BY day ROWS %2$s PRECEDING) AS moved FROM %3$s) m
         CROSS JOIN LATERAL (SELECT analytics.%4$s AS alone FROM %3$s d WHERE d.day BETWEEN m.day - %2$s AND m.day) a
         WHERE (moved IS NULL) <> (alone IS NULL) OR abs(moved - alone) > 1e-10 * greatest(abs(alone), 1)',
        call, preceding, source, replace(call, ')', ' ORDER BY day)'))
    INTO differing;
    RETURN differing;
END
$$;
SELECT call, sum(differ(call, preceding, 'days')) AS differing
FROM metrics, unnest(ARRAY[0, 1, 7, 30]) preceding GROUP BY call HAVING sum(differ(call, preceding, 'days')) > 0;
-- So it is when everything is lost on the way, and more than everything.
CREATE VIEW lost AS SELECT day, CASE day WHEN 20 THEN -1 WHEN 40 THEN -1.7 WHEN 45 THEN -3 ELSE r END AS r FROM days;
SELECT call, sum(differ(call, preceding, 'lost')) AS differing
FROM metrics, unnest(ARRAY[3, 12]) preceding GROUP BY call HAVING sum(differ(call, preceding, 'lost')) > 0;

-- Nothing is left of a spike: where one subtracts, the spread of what follows is lost for good.
CREATE TABLE spike AS SELECT n AS day, CASE n WHEN 3 THEN 1e9 ELSE n % 3 / 100.0::float8 END AS r
FROM generate_series(1, 8) n;
SELECT day, analytics.volatility(r, 1) OVER (ORDER BY day ROWS 2 PRECEDING) FROM spike;

-- Frames by value, by group, without the row itself, and those that only grow.
SELECT day, analytics.win_rate(r) OVER (ORDER BY day RANGE 3 PRECEDING) AS range,
       analytics.win_rate(r) OVER (ORDER BY day / 2 GROUPS 1 PRECEDING) AS groups,
       analytics.win_rate(r) OVER (ORDER BY day ROWS 3 PRECEDING EXCLUDE CURRENT ROW) AS before,
       analytics.win_rate(r) OVER (ORDER BY day) AS so_far,
       analytics.tail_ratio(r) OVER (ORDER BY day) AS tail_so_far,
       analytics.win_rate(r) FILTER (WHERE day % 2 = 0) OVER (ORDER BY day ROWS 3 PRECEDING) AS of_even,
       analytics.win_rate(r) OVER (PARTITION BY day % 2 ORDER BY day ROWS 1 PRECEDING) AS by_part
FROM days ORDER BY day LIMIT 8;
-- A parameter that changes, and a return that is none, are refused in frames, too.
SELECT refusal('SELECT analytics.volatility(r, day) OVER (ORDER BY day ROWS 1 PRECEDING) FROM days');
SELECT refusal('SELECT analytics.value_at_risk(r, 0.9 + day / 1e4) OVER (ORDER BY day ROWS 1 PRECEDING) FROM days');
SELECT refusal('SELECT analytics.max_drawdown(''NaN''::float8) OVER (ORDER BY day ROWS 1 PRECEDING) FROM days');
