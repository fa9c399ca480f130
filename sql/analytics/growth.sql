-- What returns compound to. Their order does not matter but for the last digit, so parallel workers draw parts of it.
CREATE FUNCTION analytics_private.growth_add(internal, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_growth_add_wrapper';
COMMENT ON FUNCTION analytics_private.growth_add(internal, float8) IS 'A row comes in';
CREATE FUNCTION analytics_private.growth_push(internal, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_growth_push_wrapper';
COMMENT ON FUNCTION analytics_private.growth_push(internal, float8) IS 'A row comes into a moving frame';
CREATE FUNCTION analytics_private.growth_pop(internal, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_growth_pop_wrapper';
COMMENT ON FUNCTION analytics_private.growth_pop(internal, float8) IS 'A row leaves a moving frame';
CREATE FUNCTION analytics_private.growth_add(internal, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_growth_add_wrapper';
COMMENT ON FUNCTION analytics_private.growth_add(internal, float8, float8) IS 'A row comes in';
CREATE FUNCTION analytics_private.growth_push(internal, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_growth_push_wrapper';
COMMENT ON FUNCTION analytics_private.growth_push(internal, float8, float8) IS 'A row comes into a moving frame';
CREATE FUNCTION analytics_private.growth_pop(internal, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_growth_pop_wrapper';
COMMENT ON FUNCTION analytics_private.growth_pop(internal, float8, float8) IS 'A row leaves a moving frame';
CREATE FUNCTION analytics_private.growth_merge(internal, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_growth_merge_wrapper';
COMMENT ON FUNCTION analytics_private.growth_merge(internal, internal) IS 'Two parts become one';
CREATE FUNCTION analytics_private.growth_write(internal) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_growth_write_wrapper';
COMMENT ON FUNCTION analytics_private.growth_write(internal) IS 'A part for another process';
CREATE FUNCTION analytics_private.growth_read(bytea, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_growth_read_wrapper';
COMMENT ON FUNCTION analytics_private.growth_read(bytea, internal) IS 'A part of another process';
CREATE FUNCTION analytics_private.total_return(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_total_return_wrapper';
COMMENT ON FUNCTION analytics_private.total_return(internal) IS 'The figure';
CREATE FUNCTION analytics_private.cagr(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_cagr_wrapper';
COMMENT ON FUNCTION analytics_private.cagr(internal) IS 'The figure';

CREATE AGGREGATE analytics.total_return(r float8) (
    SFUNC = analytics_private.growth_add, STYPE = internal, SSPACE = 96,
    FINALFUNC = analytics_private.total_return,
    COMBINEFUNC = analytics_private.growth_merge, SERIALFUNC = analytics_private.growth_write,
    DESERIALFUNC = analytics_private.growth_read,
    MSFUNC = analytics_private.growth_push, MINVFUNC = analytics_private.growth_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.total_return, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.total_return(float8) IS
'What returns compound to, in whatever order: Π(1 + r) − 1, as a fraction. NULL: no return. 22023 r is NaN or '
'infinite, 22003 out of range';

CREATE AGGREGATE analytics.cagr(r float8, periods float8) (
    SFUNC = analytics_private.growth_add, STYPE = internal, SSPACE = 96,
    FINALFUNC = analytics_private.cagr,
    COMBINEFUNC = analytics_private.growth_merge, SERIALFUNC = analytics_private.growth_write,
    DESERIALFUNC = analytics_private.growth_read,
    MSFUNC = analytics_private.growth_push, MINVFUNC = analytics_private.growth_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.cagr, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.cagr(float8, float8) IS
'The same in a year (compound annual growth rate): Π(1 + r)^(periods/n) − 1. periods: how many observations a '
'year has. NULL: no return, or the product is negative. 22023 r is NaN or infinite, periods not above 0 or not '
'the same in all rows, 22004 periods is NULL, 22003 out of range';

CREATE AGGREGATE analytics.cagr(r float8) (
    SFUNC = analytics_private.growth_add, STYPE = internal, SSPACE = 96,
    FINALFUNC = analytics_private.cagr,
    COMBINEFUNC = analytics_private.growth_merge, SERIALFUNC = analytics_private.growth_write,
    DESERIALFUNC = analytics_private.growth_read,
    MSFUNC = analytics_private.growth_push, MINVFUNC = analytics_private.growth_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.cagr, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.cagr(float8) IS 'With 252 periods';

GRANT EXECUTE ON FUNCTION analytics.total_return(float8), analytics.cagr(float8, float8), analytics.cagr(float8)
TO bourse_viewer, bourse_worker;
