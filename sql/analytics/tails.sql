-- Quantiles, and what is lost in the worst of cases. They do not depend on the order of returns; those that are drawn
-- from quantiles keep every return until they end, as long as there is room for them. A moving frame keeps them sorted:
-- one comes and goes by a search.
CREATE FUNCTION analytics_private.risk_add(internal, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_risk_add_wrapper';
COMMENT ON FUNCTION analytics_private.risk_add(internal, float8) IS 'A row comes in';
CREATE FUNCTION analytics_private.risk_push(internal, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_risk_push_wrapper';
COMMENT ON FUNCTION analytics_private.risk_push(internal, float8) IS 'A row comes into a moving frame';
CREATE FUNCTION analytics_private.risk_pop(internal, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_risk_pop_wrapper';
COMMENT ON FUNCTION analytics_private.risk_pop(internal, float8) IS 'A row leaves a moving frame';
CREATE FUNCTION analytics_private.risk_add(internal, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_risk_add_wrapper';
COMMENT ON FUNCTION analytics_private.risk_add(internal, float8, float8) IS 'A row comes in';
CREATE FUNCTION analytics_private.risk_push(internal, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_risk_push_wrapper';
COMMENT ON FUNCTION analytics_private.risk_push(internal, float8, float8) IS 'A row comes into a moving frame';
CREATE FUNCTION analytics_private.risk_pop(internal, float8, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_risk_pop_wrapper';
COMMENT ON FUNCTION analytics_private.risk_pop(internal, float8, float8) IS 'A row leaves a moving frame';
CREATE FUNCTION analytics_private.risk_add(internal, float8, float8, text) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_risk_add_wrapper';
COMMENT ON FUNCTION analytics_private.risk_add(internal, float8, float8, text) IS 'A row comes in';
CREATE FUNCTION analytics_private.risk_push(internal, float8, float8, text) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_risk_push_wrapper';
COMMENT ON FUNCTION analytics_private.risk_push(internal, float8, float8, text) IS 'A row comes into a moving frame';
CREATE FUNCTION analytics_private.risk_pop(internal, float8, float8, text) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_risk_pop_wrapper';
COMMENT ON FUNCTION analytics_private.risk_pop(internal, float8, float8, text) IS 'A row leaves a moving frame';
CREATE FUNCTION analytics_private.risk_merge(internal, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_risk_merge_wrapper';
COMMENT ON FUNCTION analytics_private.risk_merge(internal, internal) IS 'Two parts become one';
CREATE FUNCTION analytics_private.risk_write(internal) RETURNS bytea
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_risk_write_wrapper';
COMMENT ON FUNCTION analytics_private.risk_write(internal) IS 'A part for another process';
CREATE FUNCTION analytics_private.risk_read(bytea, internal) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_risk_read_wrapper';
COMMENT ON FUNCTION analytics_private.risk_read(bytea, internal) IS 'A part of another process';
CREATE FUNCTION analytics_private.tail_add(internal, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_tail_add_wrapper';
COMMENT ON FUNCTION analytics_private.tail_add(internal, float8) IS 'A row comes in';
CREATE FUNCTION analytics_private.tail_push(internal, float8) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_tail_push_wrapper';
COMMENT ON FUNCTION analytics_private.tail_push(internal, float8) IS 'A row comes into a moving frame';
CREATE FUNCTION analytics_private.value_at_risk(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_value_at_risk_wrapper';
COMMENT ON FUNCTION analytics_private.value_at_risk(internal) IS 'The figure';
CREATE FUNCTION analytics_private.conditional_value_at_risk(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_conditional_value_at_risk_wrapper';
COMMENT ON FUNCTION analytics_private.conditional_value_at_risk(internal) IS 'The figure';
CREATE FUNCTION analytics_private.tail_ratio(internal) RETURNS float8
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_tail_ratio_wrapper';
COMMENT ON FUNCTION analytics_private.tail_ratio(internal) IS 'The figure';

CREATE AGGREGATE analytics.value_at_risk(r float8, confidence float8, method text) (
    SFUNC = analytics_private.risk_add, STYPE = internal, SSPACE = 1024,
    FINALFUNC = analytics_private.value_at_risk,
    COMBINEFUNC = analytics_private.risk_merge, SERIALFUNC = analytics_private.risk_write,
    DESERIALFUNC = analytics_private.risk_read,
    MSFUNC = analytics_private.risk_push, MINVFUNC = analytics_private.risk_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.value_at_risk, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.value_at_risk(float8, float8, text) IS
'The return below which only 1 − confidence of the returns lie; a loss is negative. method normal: mean + z(1 − '
'confidence)·s, s the sample deviation, z the quantile of the standard normal distribution; historical: the '
'quantile of the returns themselves, linear between ranks. NULL: no return; normal: fewer than two. 22023 r is '
'NaN or infinite, confidence not between 0 and 1, unknown method, or one of them not the same in all rows, 22004 '
'one of them is NULL, 54000 aggregates of this process would keep more than 1000 MB (8 bytes a return), 53200 the '
'machine has no memory for it';

CREATE AGGREGATE analytics.value_at_risk(r float8, confidence float8) (
    SFUNC = analytics_private.risk_add, STYPE = internal, SSPACE = 1024,
    FINALFUNC = analytics_private.value_at_risk,
    COMBINEFUNC = analytics_private.risk_merge, SERIALFUNC = analytics_private.risk_write,
    DESERIALFUNC = analytics_private.risk_read,
    MSFUNC = analytics_private.risk_push, MINVFUNC = analytics_private.risk_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.value_at_risk, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.value_at_risk(float8, float8) IS 'With the method normal';

CREATE AGGREGATE analytics.value_at_risk(r float8) (
    SFUNC = analytics_private.risk_add, STYPE = internal, SSPACE = 1024,
    FINALFUNC = analytics_private.value_at_risk,
    COMBINEFUNC = analytics_private.risk_merge, SERIALFUNC = analytics_private.risk_write,
    DESERIALFUNC = analytics_private.risk_read,
    MSFUNC = analytics_private.risk_push, MINVFUNC = analytics_private.risk_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.value_at_risk, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.value_at_risk(float8) IS
'With confidence 0.95 and the method normal';

CREATE AGGREGATE analytics.conditional_value_at_risk(r float8, confidence float8, method text) (
    SFUNC = analytics_private.risk_add, STYPE = internal, SSPACE = 1024,
    FINALFUNC = analytics_private.conditional_value_at_risk,
    COMBINEFUNC = analytics_private.risk_merge, SERIALFUNC = analytics_private.risk_write,
    DESERIALFUNC = analytics_private.risk_read,
    MSFUNC = analytics_private.risk_push, MINVFUNC = analytics_private.risk_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.conditional_value_at_risk, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.conditional_value_at_risk(float8, float8, text) IS
'The mean return of the worst 1 − confidence of cases (expected shortfall). method normal: mean − s·φ(z)/(1 − '
'confidence), φ the density of the standard normal distribution; historical: the mean of the returns up to the '
'quantile. NULL: no return; normal: fewer than two. SQLSTATEs as value_at_risk()';

CREATE AGGREGATE analytics.conditional_value_at_risk(r float8, confidence float8) (
    SFUNC = analytics_private.risk_add, STYPE = internal, SSPACE = 1024,
    FINALFUNC = analytics_private.conditional_value_at_risk,
    COMBINEFUNC = analytics_private.risk_merge, SERIALFUNC = analytics_private.risk_write,
    DESERIALFUNC = analytics_private.risk_read,
    MSFUNC = analytics_private.risk_push, MINVFUNC = analytics_private.risk_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.conditional_value_at_risk, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.conditional_value_at_risk(float8, float8) IS 'With the method normal';

CREATE AGGREGATE analytics.conditional_value_at_risk(r float8) (
    SFUNC = analytics_private.risk_add, STYPE = internal, SSPACE = 1024,
    FINALFUNC = analytics_private.conditional_value_at_risk,
    COMBINEFUNC = analytics_private.risk_merge, SERIALFUNC = analytics_private.risk_write,
    DESERIALFUNC = analytics_private.risk_read,
    MSFUNC = analytics_private.risk_push, MINVFUNC = analytics_private.risk_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.conditional_value_at_risk, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.conditional_value_at_risk(float8) IS
'With confidence 0.95 and the method normal';

CREATE AGGREGATE analytics.tail_ratio(r float8) (
    SFUNC = analytics_private.tail_add, STYPE = internal, SSPACE = 1024,
    FINALFUNC = analytics_private.tail_ratio,
    COMBINEFUNC = analytics_private.risk_merge, SERIALFUNC = analytics_private.risk_write,
    DESERIALFUNC = analytics_private.risk_read,
    MSFUNC = analytics_private.tail_push, MINVFUNC = analytics_private.risk_pop, MSTYPE = internal,
    MFINALFUNC = analytics_private.tail_ratio, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.tail_ratio(float8) IS
'The best returns beside the worst: |95 % quantile/5 % quantile|, linear between ranks. NULL: no return, or the '
'5 % quantile is 0. 22023 r is NaN or infinite, 54000 and 53200 as value_at_risk()';

GRANT EXECUTE ON FUNCTION analytics.value_at_risk(float8, float8, text), analytics.value_at_risk(float8,
    float8), analytics.value_at_risk(float8), analytics.conditional_value_at_risk(float8, float8, text),
    analytics.conditional_value_at_risk(float8, float8), analytics.conditional_value_at_risk(float8),
    analytics.tail_ratio(float8)
TO bourse_viewer, bourse_worker;
