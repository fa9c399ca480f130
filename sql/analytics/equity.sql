-- From a curve of equity to returns.
CREATE TYPE analytics.period_return AS (at timestamptz, r float8);
COMMENT ON TYPE analytics.period_return IS
'The return of a period: at is its beginning, r a fraction; NULL where the equity before it was not above 0';

CREATE FUNCTION analytics_private.equity_add(internal, numeric, timestamptz, interval, text) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_equity_add_wrapper';
COMMENT ON FUNCTION analytics_private.equity_add(internal, numeric, timestamptz, interval, text) IS 'A row comes in';
CREATE FUNCTION analytics_private.equity_returns(internal) RETURNS analytics.period_return[]
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_equity_returns_wrapper';
COMMENT ON FUNCTION analytics_private.equity_returns(internal) IS 'The returns';

CREATE AGGREGATE analytics.equity_returns(equity numeric, at timestamptz, every interval, time_zone text) (
    SFUNC = analytics_private.equity_add, STYPE = internal, SSPACE = 8192,
    FINALFUNC = analytics_private.equity_returns, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.equity_returns(numeric, timestamptz, interval, text) IS
'Returns of an equity curve, period by period: the last value of each period beside that of the period before, '
'carried over periods without one; the first period has none. An aggregate cannot return rows: unnest() makes '
'rows (at, r) of the list. at puts values in order. every: months, days (weeks begin on Monday), or a time that '
'divides 24 hours, on the clocks of time_zone: a day is 23 or 25 hours long where they are changed. NULL equity '
'is skipped. NULL: no row, or only one period. 22023 equity is NaN or infinite, no such time zone, every is no '
'such length, at is infinite, a parameter not the same in all rows, 22004 at or a parameter is NULL, 54000 more '
'than 10000000 periods, or aggregates of this process would keep more than 1000 MB (16 bytes a value), 53200 the '
'machine has no memory for it';

GRANT EXECUTE ON FUNCTION analytics.equity_returns(numeric, timestamptz, interval, text)
TO bourse_viewer, bourse_worker;
