-- Metrics of returns in their order, which is to be said: max_drawdown(r ORDER BY t), or OVER (ORDER BY t). In moving
-- windows a row costs the same however long the frame is, but for max_drawdown_duration() and ulcer_index(), which go
-- through the frame again.
CREATE FUNCTION analytics_private.path_add(internal, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_path_add_wrapper';
COMMENT ON FUNCTION analytics_private.path_add(internal, float8) IS 'A row comes in';
CREATE FUNCTION analytics_private.path_push(internal, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_path_push_wrapper';
COMMENT ON FUNCTION analytics_private.path_push(internal, float8) IS 'A row comes into a moving frame';
CREATE FUNCTION analytics_private.path_pop(internal, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_path_pop_wrapper';
COMMENT ON FUNCTION analytics_private.path_pop(internal, float8) IS 'A row leaves a moving frame';
CREATE FUNCTION analytics_private.path_add(internal, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_path_add_wrapper';
COMMENT ON FUNCTION analytics_private.path_add(internal, float8, float8) IS 'A row comes in';
CREATE FUNCTION analytics_private.path_push(internal, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_path_push_wrapper';
COMMENT ON FUNCTION analytics_private.path_push(internal, float8, float8) IS 'A row comes into a moving frame';
CREATE FUNCTION analytics_private.path_pop(internal, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_path_pop_wrapper';
COMMENT ON FUNCTION analytics_private.path_pop(internal, float8, float8) IS 'A row leaves a moving frame';
CREATE FUNCTION analytics_private.max_drawdown(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_max_drawdown_wrapper';
COMMENT ON FUNCTION analytics_private.max_drawdown(internal) IS 'The figure';
CREATE FUNCTION analytics_private.calmar_ratio(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_calmar_ratio_wrapper';
COMMENT ON FUNCTION analytics_private.calmar_ratio(internal) IS 'The figure';
CREATE FUNCTION analytics_private.ulcer_index(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_ulcer_index_wrapper';
COMMENT ON FUNCTION analytics_private.ulcer_index(internal) IS 'The figure';
CREATE FUNCTION analytics_private.max_drawdown_duration(internal) RETURNS bigint
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_max_drawdown_duration_wrapper';
COMMENT ON FUNCTION analytics_private.max_drawdown_duration(internal) IS 'The figure';
CREATE FUNCTION analytics_private.longest_winning_streak(internal) RETURNS bigint
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_longest_winning_streak_wrapper';
COMMENT ON FUNCTION analytics_private.longest_winning_streak(internal) IS 'The figure';
CREATE FUNCTION analytics_private.longest_losing_streak(internal) RETURNS bigint
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_longest_losing_streak_wrapper';
COMMENT ON FUNCTION analytics_private.longest_losing_streak(internal) IS 'The figure';

CREATE AGGREGATE analytics.max_drawdown(r float8) (
    SFUNC = analytics_private.path_add, STYPE = internal, SSPACE = 224,
    FINALFUNC = analytics_private.max_drawdown,
    MSFUNC = analytics_private.path_push, MINVFUNC = analytics_private.path_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.max_drawdown, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.max_drawdown(float8) IS
'The largest fall below a peak: min(P/peak − 1), P = Π(1 + r); the peak begins at 1. A fraction, 0 or less. '
'NULL: no return. 22023 r is NaN or infinite';

CREATE AGGREGATE analytics.max_drawdown_duration(r float8) (
    SFUNC = analytics_private.path_add, STYPE = internal, SSPACE = 224,
    FINALFUNC = analytics_private.max_drawdown_duration,
    MSFUNC = analytics_private.path_push, MINVFUNC = analytics_private.path_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.max_drawdown_duration, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.max_drawdown_duration(float8) IS
'The longest run of observations below the peak, which begins at 1. A count. NULL: no return. 22023 r is NaN or '
'infinite';

CREATE AGGREGATE analytics.calmar_ratio(r float8, periods float8) (
    SFUNC = analytics_private.path_add, STYPE = internal, SSPACE = 224,
    FINALFUNC = analytics_private.calmar_ratio,
    MSFUNC = analytics_private.path_push, MINVFUNC = analytics_private.path_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.calmar_ratio, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.calmar_ratio(float8, float8) IS
'What a year grew by beside the largest fall: cagr/|max_drawdown|. NULL: no drawdown, or no cagr(). SQLSTATEs as '
'cagr()';

CREATE AGGREGATE analytics.calmar_ratio(r float8) (
    SFUNC = analytics_private.path_add, STYPE = internal, SSPACE = 224,
    FINALFUNC = analytics_private.calmar_ratio,
    MSFUNC = analytics_private.path_push, MINVFUNC = analytics_private.path_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.calmar_ratio, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.calmar_ratio(float8) IS 'With 252 periods';

CREATE AGGREGATE analytics.ulcer_index(r float8) (
    SFUNC = analytics_private.path_add, STYPE = internal, SSPACE = 224,
    FINALFUNC = analytics_private.ulcer_index,
    MSFUNC = analytics_private.path_push, MINVFUNC = analytics_private.path_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.ulcer_index, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.ulcer_index(float8) IS
'How deep and long returns were below their peak: √(Σ drawdown²/(n − 1)), drawdown = P/peak − 1. A fraction. '
'NULL: fewer than two returns. 22023 r is NaN or infinite';

CREATE AGGREGATE analytics.longest_winning_streak(r float8) (
    SFUNC = analytics_private.path_add, STYPE = internal, SSPACE = 224,
    FINALFUNC = analytics_private.longest_winning_streak,
    MSFUNC = analytics_private.path_push, MINVFUNC = analytics_private.path_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.longest_winning_streak, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.longest_winning_streak(float8) IS
'The longest run of r > 0: one of 0 ends it, NULL does not. A count; 0 of no return. 22023 r is NaN or infinite';

CREATE AGGREGATE analytics.longest_losing_streak(r float8) (
    SFUNC = analytics_private.path_add, STYPE = internal, SSPACE = 224,
    FINALFUNC = analytics_private.longest_losing_streak,
    MSFUNC = analytics_private.path_push, MINVFUNC = analytics_private.path_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.longest_losing_streak, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.longest_losing_streak(float8) IS
'The longest run of r < 0: one of 0 ends it, NULL does not. A count; 0 of no return. 22023 r is NaN or infinite';

GRANT EXECUTE ON FUNCTION analytics.max_drawdown(float8), analytics.max_drawdown_duration(float8),
    analytics.calmar_ratio(float8, float8), analytics.calmar_ratio(float8), analytics.ulcer_index(float8),
    analytics.longest_winning_streak(float8), analytics.longest_losing_streak(float8)
TO bourse_viewer, bourse_worker;
