-- Returns beside a target: metrics that do not depend on their order either.
CREATE FUNCTION analytics_private.shortfall_add(internal, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_shortfall_add_wrapper';
COMMENT ON FUNCTION analytics_private.shortfall_add(internal, float8) IS 'A row comes in';
CREATE FUNCTION analytics_private.shortfall_push(internal, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_shortfall_push_wrapper';
COMMENT ON FUNCTION analytics_private.shortfall_push(internal, float8) IS 'A row comes into a moving frame';
CREATE FUNCTION analytics_private.shortfall_pop(internal, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_shortfall_pop_wrapper';
COMMENT ON FUNCTION analytics_private.shortfall_pop(internal, float8) IS 'A row leaves a moving frame';
CREATE FUNCTION analytics_private.shortfall_add(internal, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_shortfall_add_wrapper';
COMMENT ON FUNCTION analytics_private.shortfall_add(internal, float8, float8) IS 'A row comes in';
CREATE FUNCTION analytics_private.shortfall_push(internal, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_shortfall_push_wrapper';
COMMENT ON FUNCTION analytics_private.shortfall_push(internal, float8, float8) IS 'A row comes into a moving frame';
CREATE FUNCTION analytics_private.shortfall_pop(internal, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_shortfall_pop_wrapper';
COMMENT ON FUNCTION analytics_private.shortfall_pop(internal, float8, float8) IS 'A row leaves a moving frame';
CREATE FUNCTION analytics_private.shortfall_add(internal, float8, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_shortfall_add_wrapper';
COMMENT ON FUNCTION analytics_private.shortfall_add(internal, float8, float8, float8) IS 'A row comes in';
CREATE FUNCTION analytics_private.shortfall_push(internal, float8, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_shortfall_push_wrapper';
COMMENT ON FUNCTION analytics_private.shortfall_push(internal, float8, float8, float8) IS
'A row comes into a moving frame';
CREATE FUNCTION analytics_private.shortfall_pop(internal, float8, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_shortfall_pop_wrapper';
COMMENT ON FUNCTION analytics_private.shortfall_pop(internal, float8, float8, float8) IS 'A row leaves a moving frame';
CREATE FUNCTION analytics_private.shortfall_merge(internal, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_shortfall_merge_wrapper';
COMMENT ON FUNCTION analytics_private.shortfall_merge(internal, internal) IS 'Two parts become one';
CREATE FUNCTION analytics_private.shortfall_write(internal) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_shortfall_write_wrapper';
COMMENT ON FUNCTION analytics_private.shortfall_write(internal) IS 'A part for another process';
CREATE FUNCTION analytics_private.shortfall_read(bytea, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_shortfall_read_wrapper';
COMMENT ON FUNCTION analytics_private.shortfall_read(bytea, internal) IS 'A part of another process';
CREATE FUNCTION analytics_private.gains_add(internal, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_gains_add_wrapper';
COMMENT ON FUNCTION analytics_private.gains_add(internal, float8) IS 'A row comes in';
CREATE FUNCTION analytics_private.gains_push(internal, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_gains_push_wrapper';
COMMENT ON FUNCTION analytics_private.gains_push(internal, float8) IS 'A row comes into a moving frame';
CREATE FUNCTION analytics_private.gains_pop(internal, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_gains_pop_wrapper';
COMMENT ON FUNCTION analytics_private.gains_pop(internal, float8) IS 'A row leaves a moving frame';
CREATE FUNCTION analytics_private.gains_add(internal, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_gains_add_wrapper';
COMMENT ON FUNCTION analytics_private.gains_add(internal, float8, float8) IS 'A row comes in';
CREATE FUNCTION analytics_private.gains_push(internal, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_gains_push_wrapper';
COMMENT ON FUNCTION analytics_private.gains_push(internal, float8, float8) IS 'A row comes into a moving frame';
CREATE FUNCTION analytics_private.gains_pop(internal, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_gains_pop_wrapper';
COMMENT ON FUNCTION analytics_private.gains_pop(internal, float8, float8) IS 'A row leaves a moving frame';
CREATE FUNCTION analytics_private.gains_merge(internal, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_gains_merge_wrapper';
COMMENT ON FUNCTION analytics_private.gains_merge(internal, internal) IS 'Two parts become one';
CREATE FUNCTION analytics_private.gains_write(internal) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_gains_write_wrapper';
COMMENT ON FUNCTION analytics_private.gains_write(internal) IS 'A part for another process';
CREATE FUNCTION analytics_private.gains_read(bytea, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_gains_read_wrapper';
COMMENT ON FUNCTION analytics_private.gains_read(bytea, internal) IS 'A part of another process';
CREATE FUNCTION analytics_private.sortino_ratio(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_sortino_ratio_wrapper';
COMMENT ON FUNCTION analytics_private.sortino_ratio(internal) IS 'The figure';
CREATE FUNCTION analytics_private.omega_ratio(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_omega_ratio_wrapper';
COMMENT ON FUNCTION analytics_private.omega_ratio(internal) IS 'The figure';

CREATE AGGREGATE analytics.sortino_ratio(r float8, periods float8, rf float8) (
    SFUNC = analytics_private.shortfall_add, STYPE = internal, SSPACE = 128,
    FINALFUNC = analytics_private.sortino_ratio,
    COMBINEFUNC = analytics_private.shortfall_merge, SERIALFUNC = analytics_private.shortfall_write,
    DESERIALFUNC = analytics_private.shortfall_read,
    MSFUNC = analytics_private.shortfall_push, MINVFUNC = analytics_private.shortfall_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.sortino_ratio, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.sortino_ratio(float8, float8, float8) IS
'Mean return above the rate without risk beside what falls short of it, in a year: mean(r − f)/√(Σ min(r − f, '
'0)²/n)·√periods, f = (1 + rf)^(1/periods) − 1. NULL: fewer than two returns, or none below f. SQLSTATEs as '
'sharpe_ratio()';

CREATE AGGREGATE analytics.sortino_ratio(r float8, periods float8) (
    SFUNC = analytics_private.shortfall_add, STYPE = internal, SSPACE = 128,
    FINALFUNC = analytics_private.sortino_ratio,
    COMBINEFUNC = analytics_private.shortfall_merge, SERIALFUNC = analytics_private.shortfall_write,
    DESERIALFUNC = analytics_private.shortfall_read,
    MSFUNC = analytics_private.shortfall_push, MINVFUNC = analytics_private.shortfall_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.sortino_ratio, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.sortino_ratio(float8, float8) IS 'With rf 0';

CREATE AGGREGATE analytics.sortino_ratio(r float8) (
    SFUNC = analytics_private.shortfall_add, STYPE = internal, SSPACE = 128,
    FINALFUNC = analytics_private.sortino_ratio,
    COMBINEFUNC = analytics_private.shortfall_merge, SERIALFUNC = analytics_private.shortfall_write,
    DESERIALFUNC = analytics_private.shortfall_read,
    MSFUNC = analytics_private.shortfall_push, MINVFUNC = analytics_private.shortfall_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.sortino_ratio, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.sortino_ratio(float8) IS 'With 252 periods and rf 0';

CREATE AGGREGATE analytics.omega_ratio(r float8, threshold float8) (
    SFUNC = analytics_private.gains_add, STYPE = internal, SSPACE = 112,
    FINALFUNC = analytics_private.omega_ratio,
    COMBINEFUNC = analytics_private.gains_merge, SERIALFUNC = analytics_private.gains_write,
    DESERIALFUNC = analytics_private.gains_read,
    MSFUNC = analytics_private.gains_push, MINVFUNC = analytics_private.gains_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.omega_ratio, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.omega_ratio(float8, float8) IS
'What returns are above a threshold beside what they are below it: Σ max(r − threshold, 0)/Σ max(threshold − r, '
'0). threshold: a return of one period. NULL: fewer than two returns, or nothing below. 22023 r or threshold is '
'NaN or infinite, or threshold not the same in all rows, 22004 threshold is NULL';

CREATE AGGREGATE analytics.omega_ratio(r float8) (
    SFUNC = analytics_private.gains_add, STYPE = internal, SSPACE = 112,
    FINALFUNC = analytics_private.omega_ratio,
    COMBINEFUNC = analytics_private.gains_merge, SERIALFUNC = analytics_private.gains_write,
    DESERIALFUNC = analytics_private.gains_read,
    MSFUNC = analytics_private.gains_push, MINVFUNC = analytics_private.gains_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.omega_ratio, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.omega_ratio(float8) IS 'With threshold 0';

GRANT EXECUTE ON FUNCTION analytics.sortino_ratio(float8, float8, float8), analytics.sortino_ratio(float8,
    float8), analytics.sortino_ratio(float8), analytics.omega_ratio(float8, float8),
    analytics.omega_ratio(float8)
TO bourse_viewer, bourse_worker;
