-- Metrics that do not depend on the order of returns. They run in parallel, and in moving windows, where a frame is
-- kept as two stacks of merged parts: a row costs the same however long the frame is, and of one that has left nothing
-- remains. One function takes the rows of all metrics that are drawn from the same moments: PostgreSQL calls it once a
-- row for several of them in one query.

-- Moments, wins and losses.
CREATE FUNCTION analytics_private.sample_add(internal, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_sample_add_wrapper';
COMMENT ON FUNCTION analytics_private.sample_add(internal, float8) IS 'A row comes in';
CREATE FUNCTION analytics_private.sample_push(internal, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_sample_push_wrapper';
COMMENT ON FUNCTION analytics_private.sample_push(internal, float8) IS 'A row comes into a moving frame';
CREATE FUNCTION analytics_private.sample_pop(internal, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_sample_pop_wrapper';
COMMENT ON FUNCTION analytics_private.sample_pop(internal, float8) IS 'A row leaves a moving frame';
CREATE FUNCTION analytics_private.sample_add(internal, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_sample_add_wrapper';
COMMENT ON FUNCTION analytics_private.sample_add(internal, float8, float8) IS 'A row comes in';
CREATE FUNCTION analytics_private.sample_push(internal, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_sample_push_wrapper';
COMMENT ON FUNCTION analytics_private.sample_push(internal, float8, float8) IS 'A row comes into a moving frame';
CREATE FUNCTION analytics_private.sample_pop(internal, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_sample_pop_wrapper';
COMMENT ON FUNCTION analytics_private.sample_pop(internal, float8, float8) IS 'A row leaves a moving frame';
CREATE FUNCTION analytics_private.sample_add(internal, float8, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_sample_add_wrapper';
COMMENT ON FUNCTION analytics_private.sample_add(internal, float8, float8, float8) IS 'A row comes in';
CREATE FUNCTION analytics_private.sample_push(internal, float8, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_sample_push_wrapper';
COMMENT ON FUNCTION analytics_private.sample_push(internal, float8, float8, float8) IS
'A row comes into a moving frame';
CREATE FUNCTION analytics_private.sample_pop(internal, float8, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_sample_pop_wrapper';
COMMENT ON FUNCTION analytics_private.sample_pop(internal, float8, float8, float8) IS 'A row leaves a moving frame';
CREATE FUNCTION analytics_private.sample_merge(internal, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_sample_merge_wrapper';
COMMENT ON FUNCTION analytics_private.sample_merge(internal, internal) IS 'Two parts become one';
CREATE FUNCTION analytics_private.sample_write(internal) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_sample_write_wrapper';
COMMENT ON FUNCTION analytics_private.sample_write(internal) IS 'A part for another process';
CREATE FUNCTION analytics_private.sample_read(bytea, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_sample_read_wrapper';
COMMENT ON FUNCTION analytics_private.sample_read(bytea, internal) IS 'A part of another process';
CREATE FUNCTION analytics_private.volatility(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_volatility_wrapper';
COMMENT ON FUNCTION analytics_private.volatility(internal) IS 'The figure';
CREATE FUNCTION analytics_private.sharpe_ratio(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_sharpe_ratio_wrapper';
COMMENT ON FUNCTION analytics_private.sharpe_ratio(internal) IS 'The figure';
CREATE FUNCTION analytics_private.skewness(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_skewness_wrapper';
COMMENT ON FUNCTION analytics_private.skewness(internal) IS 'The figure';
CREATE FUNCTION analytics_private.kurtosis(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_kurtosis_wrapper';
COMMENT ON FUNCTION analytics_private.kurtosis(internal) IS 'The figure';
CREATE FUNCTION analytics_private.win_rate(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_win_rate_wrapper';
COMMENT ON FUNCTION analytics_private.win_rate(internal) IS 'The figure';
CREATE FUNCTION analytics_private.profit_factor(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_profit_factor_wrapper';
COMMENT ON FUNCTION analytics_private.profit_factor(internal) IS 'The figure';
CREATE FUNCTION analytics_private.payoff_ratio(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_payoff_ratio_wrapper';
COMMENT ON FUNCTION analytics_private.payoff_ratio(internal) IS 'The figure';
CREATE FUNCTION analytics_private.kelly_criterion(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_kelly_criterion_wrapper';
COMMENT ON FUNCTION analytics_private.kelly_criterion(internal) IS 'The figure';

CREATE AGGREGATE analytics.volatility(r float8, periods float8) (
    SFUNC = analytics_private.sample_add, STYPE = internal, SSPACE = 160,
    FINALFUNC = analytics_private.volatility,
    COMBINEFUNC = analytics_private.sample_merge, SERIALFUNC = analytics_private.sample_write,
    DESERIALFUNC = analytics_private.sample_read,
    MSFUNC = analytics_private.sample_push, MINVFUNC = analytics_private.sample_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.volatility, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.volatility(float8, float8) IS
'Deviation of returns in a year: s·√periods, s the sample deviation (n − 1). r: a fraction, 0.01 is 1 %; NULL is '
'skipped. periods: how many observations a year has. NULL: fewer than two returns. 22023 r is NaN or infinite, '
'periods not above 0 or not the same in all rows, 22004 periods is NULL, 22003 out of range';

CREATE AGGREGATE analytics.volatility(r float8) (
    SFUNC = analytics_private.sample_add, STYPE = internal, SSPACE = 160,
    FINALFUNC = analytics_private.volatility,
    COMBINEFUNC = analytics_private.sample_merge, SERIALFUNC = analytics_private.sample_write,
    DESERIALFUNC = analytics_private.sample_read,
    MSFUNC = analytics_private.sample_push, MINVFUNC = analytics_private.sample_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.volatility, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.volatility(float8) IS 'With 252 periods';

CREATE AGGREGATE analytics.sharpe_ratio(r float8, periods float8, rf float8) (
    SFUNC = analytics_private.sample_add, STYPE = internal, SSPACE = 160,
    FINALFUNC = analytics_private.sharpe_ratio,
    COMBINEFUNC = analytics_private.sample_merge, SERIALFUNC = analytics_private.sample_write,
    DESERIALFUNC = analytics_private.sample_read,
    MSFUNC = analytics_private.sample_push, MINVFUNC = analytics_private.sample_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.sharpe_ratio, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.sharpe_ratio(float8, float8, float8) IS
'Mean return above the rate without risk beside the deviation, in a year: mean(r − f)/s·√periods, f = (1 + '
'rf)^(1/periods) − 1. rf: the rate of a year, 0.03 is 3 %. NULL: fewer than two returns, or all equal. 22023 '
'also rf not above −1; otherwise as volatility()';

CREATE AGGREGATE analytics.sharpe_ratio(r float8, periods float8) (
    SFUNC = analytics_private.sample_add, STYPE = internal, SSPACE = 160,
    FINALFUNC = analytics_private.sharpe_ratio,
    COMBINEFUNC = analytics_private.sample_merge, SERIALFUNC = analytics_private.sample_write,
    DESERIALFUNC = analytics_private.sample_read,
    MSFUNC = analytics_private.sample_push, MINVFUNC = analytics_private.sample_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.sharpe_ratio, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.sharpe_ratio(float8, float8) IS 'With rf 0';

CREATE AGGREGATE analytics.sharpe_ratio(r float8) (
    SFUNC = analytics_private.sample_add, STYPE = internal, SSPACE = 160,
    FINALFUNC = analytics_private.sharpe_ratio,
    COMBINEFUNC = analytics_private.sample_merge, SERIALFUNC = analytics_private.sample_write,
    DESERIALFUNC = analytics_private.sample_read,
    MSFUNC = analytics_private.sample_push, MINVFUNC = analytics_private.sample_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.sharpe_ratio, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.sharpe_ratio(float8) IS 'With 252 periods and rf 0';

CREATE AGGREGATE analytics.skewness(r float8) (
    SFUNC = analytics_private.sample_add, STYPE = internal, SSPACE = 160,
    FINALFUNC = analytics_private.skewness,
    COMBINEFUNC = analytics_private.sample_merge, SERIALFUNC = analytics_private.sample_write,
    DESERIALFUNC = analytics_private.sample_read,
    MSFUNC = analytics_private.sample_push, MINVFUNC = analytics_private.sample_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.skewness, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.skewness(float8) IS
'Skewness adjusted for the sample (G1): √(n(n − 1))/(n − 2)·(Σd³/n)/(Σd²/n)^1.5, d = r − mean. Without unit. '
'NULL: fewer than three returns, or all equal. 22023 r is NaN or infinite';

CREATE AGGREGATE analytics.kurtosis(r float8) (
    SFUNC = analytics_private.sample_add, STYPE = internal, SSPACE = 160,
    FINALFUNC = analytics_private.kurtosis,
    COMBINEFUNC = analytics_private.sample_merge, SERIALFUNC = analytics_private.sample_write,
    DESERIALFUNC = analytics_private.sample_read,
    MSFUNC = analytics_private.sample_push, MINVFUNC = analytics_private.sample_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.kurtosis, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.kurtosis(float8) IS
'Excess kurtosis adjusted for the sample (G2): (n − 1)/((n − 2)(n − 3))·((n + 1)·g + 6), g = n·Σd⁴/(Σd²)² − 3, d '
'= r − mean; 0 for a normal distribution. NULL: fewer than four returns, or all equal. 22023 r is NaN or '
'infinite';

CREATE AGGREGATE analytics.win_rate(r float8) (
    SFUNC = analytics_private.sample_add, STYPE = internal, SSPACE = 160,
    FINALFUNC = analytics_private.win_rate,
    COMBINEFUNC = analytics_private.sample_merge, SERIALFUNC = analytics_private.sample_write,
    DESERIALFUNC = analytics_private.sample_read,
    MSFUNC = analytics_private.sample_push, MINVFUNC = analytics_private.sample_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.win_rate, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.win_rate(float8) IS
'Share of wins: #(r > 0)/(#(r > 0) + #(r < 0)), from 0 to 1. NULL: no return other than 0. 22023 r is NaN or '
'infinite';

CREATE AGGREGATE analytics.profit_factor(r float8) (
    SFUNC = analytics_private.sample_add, STYPE = internal, SSPACE = 160,
    FINALFUNC = analytics_private.profit_factor,
    COMBINEFUNC = analytics_private.sample_merge, SERIALFUNC = analytics_private.sample_write,
    DESERIALFUNC = analytics_private.sample_read,
    MSFUNC = analytics_private.sample_push, MINVFUNC = analytics_private.sample_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.profit_factor, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.profit_factor(float8) IS
'What was won beside what was lost: Σ(r > 0)/|Σ(r < 0)|. NULL: no loss. 22023 r is NaN or infinite';

CREATE AGGREGATE analytics.payoff_ratio(r float8) (
    SFUNC = analytics_private.sample_add, STYPE = internal, SSPACE = 160,
    FINALFUNC = analytics_private.payoff_ratio,
    COMBINEFUNC = analytics_private.sample_merge, SERIALFUNC = analytics_private.sample_write,
    DESERIALFUNC = analytics_private.sample_read,
    MSFUNC = analytics_private.sample_push, MINVFUNC = analytics_private.sample_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.payoff_ratio, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.payoff_ratio(float8) IS
'The mean win beside the mean loss: mean(r > 0)/|mean(r < 0)|. NULL: no win, or no loss. 22023 r is NaN or '
'infinite';

CREATE AGGREGATE analytics.kelly_criterion(r float8) (
    SFUNC = analytics_private.sample_add, STYPE = internal, SSPACE = 160,
    FINALFUNC = analytics_private.kelly_criterion,
    COMBINEFUNC = analytics_private.sample_merge, SERIALFUNC = analytics_private.sample_write,
    DESERIALFUNC = analytics_private.sample_read,
    MSFUNC = analytics_private.sample_push, MINVFUNC = analytics_private.sample_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.kelly_criterion, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.kelly_criterion(float8) IS
'Share of the capital that grows it fastest: p − (1 − p)/payoff, p = win_rate(r), payoff = payoff_ratio(r). '
'NULL: no win, or no loss. 22023 r is NaN or infinite';

GRANT EXECUTE ON FUNCTION analytics.volatility(float8, float8), analytics.volatility(float8),
    analytics.sharpe_ratio(float8, float8, float8), analytics.sharpe_ratio(float8, float8),
    analytics.sharpe_ratio(float8), analytics.skewness(float8), analytics.kurtosis(float8),
    analytics.win_rate(float8), analytics.profit_factor(float8), analytics.payoff_ratio(float8),
    analytics.kelly_criterion(float8)
TO bourse_viewer, bourse_worker;
