-- A million returns of a minute, in the order of time, and a tenth of them for windows.
CREATE EXTENSION pg_bourse;
SELECT setseed(0.5);
CREATE TABLE returns AS
SELECT timestamptz '2020-01-01' + n * interval '1 minute' AS t, (random() - 0.4995) * 0.02 AS r
FROM generate_series(1, :rows) n;
CREATE TABLE few AS SELECT * FROM returns ORDER BY t LIMIT :rows / 10;

-- What one writes without an extension in C or Rust: moments by Welford's update.
CREATE FUNCTION plpgsql_add(state float8[], r float8) RETURNS float8[] LANGUAGE plpgsql IMMUTABLE AS $$
DECLARE
    n float8 := state[1] + 1;
    delta float8 := r - state[2];
    mean float8 := state[2] + delta / n;
BEGIN
    RETURN ARRAY[n, mean, state[3] + delta * (r - mean)];
END
$$;
CREATE FUNCTION plpgsql_sharpe(state float8[]) RETURNS float8 LANGUAGE sql IMMUTABLE AS
$$ SELECT state[2] / nullif(sqrt(state[3] / (state[1] - 1)), 0) * sqrt(252) $$;
CREATE AGGREGATE plpgsql_sharpe_ratio(float8) (
    SFUNC = plpgsql_add, STYPE = float8[], INITCOND = '{0,0,0}', FINALFUNC = plpgsql_sharpe);
VACUUM ANALYZE returns;
VACUUM ANALYZE few;
