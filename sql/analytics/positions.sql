-- What fills come to: a position, and its round trips. Fills are taken as they come: ORDER BY inside.
CREATE TYPE analytics.fill AS (
    side     text,
    quantity numeric,
    price    numeric,
    fee      numeric
);
COMMENT ON TYPE analytics.fill IS
'An execution: side buy or sell, how much, at what price, the fee in the currency of the price: positive is paid';

CREATE TYPE analytics.position_state AS (
    quantity      numeric,
    average_price numeric,
    cost          numeric,
    realized_pnl  numeric,
    fees          numeric,
    closed_fees   numeric,
    multiplier    numeric,
    method        text,
    lots          jsonb
);
COMMENT ON TYPE analytics.position_state IS
'What fills have come to: what is open, negative: short; what one of it has cost, rounded to 8 decimals, NULL: '
'nothing is open; what all of it has cost, or has brought where it is short, with up to 24 decimals; the gain of what '
'is closed, without fees, with as many; all fees, and those of what is closed; the multiplier and the method; what is '
'open of each entry, the oldest first: the number of the fill, quantity, cost, fees; NULL: over a window, where more '
'than 100 are open, for each row would spell all of them. realized_pnl + unrealized_pnl() '
'- fees is what was got less what was paid, and what is open is worth, to the last decimal';

CREATE TYPE analytics.round_trip AS (
    direction   text,
    first_fill  bigint,
    last_fill   bigint,
    size        numeric,
    entry_price numeric,
    exit_price  numeric,
    gross_pnl   numeric,
    commission  numeric,
    net_pnl     numeric,
    mae         numeric,
    mfe         numeric
);
COMMENT ON TYPE analytics.round_trip IS
'What was opened, and closed by one fill: which way, the numbers of the fills that opened and closed it, how much, at '
'what prices; its gain, its part of the fees of both, gain less fees; the most that it was behind (at most 0) and '
'ahead at the price of any fill in between, without fees';

CREATE FUNCTION analytics_private.position_add(internal, text, numeric, numeric, numeric) RETURNS internal
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_position_add_wrapper';
COMMENT ON FUNCTION analytics_private.position_add(internal, text, numeric, numeric, numeric) IS 'A fill comes in';
CREATE FUNCTION analytics_private.position_add(internal, text, numeric, numeric, numeric, text)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_position_add_wrapper';
COMMENT ON FUNCTION analytics_private.position_add(internal, text, numeric, numeric, numeric, text) IS
'A fill comes in';
CREATE FUNCTION analytics_private.position_add(internal, text, numeric, numeric, numeric, text, numeric)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_position_add_wrapper';
COMMENT ON FUNCTION analytics_private.position_add(internal, text, numeric, numeric, numeric, text, numeric) IS
'A fill comes in';
CREATE FUNCTION analytics_private.round_trips_add(internal, text, numeric, numeric, numeric, text, numeric)
RETURNS internal LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_round_trips_add_wrapper';
COMMENT ON FUNCTION analytics_private.round_trips_add(internal, text, numeric, numeric, numeric, text, numeric) IS
'A fill comes in';
CREATE FUNCTION analytics_private.position(internal) RETURNS analytics.position_state
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_position_wrapper';
COMMENT ON FUNCTION analytics_private.position(internal) IS 'What they come to';
CREATE FUNCTION analytics_private.round_trips(internal) RETURNS analytics.round_trip[]
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'analytics_round_trips_wrapper';
COMMENT ON FUNCTION analytics_private.round_trips(internal) IS 'The round trips';

CREATE AGGREGATE analytics.position(
    side text, quantity numeric, price numeric, fee numeric, method text, multiplier numeric) (
    SFUNC = analytics_private.position_add, STYPE = internal, SSPACE = 1024,
    FINALFUNC = analytics_private.position, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.position(text, numeric, numeric, numeric, text, numeric) IS
'What fills come to, in their order: a position. side: buy or sell; fee: positive is paid, negative a rebate, NULL '
'none. A fill against what is open closes it, by average cost (method average) or the first first (fifo), and what is '
'more opens a position the other way. multiplier: what one of the quantity stands for. A row of NULLs is skipped; of '
'no row NULL. 22003 overflow, 22004 NULL, 22023 bad value, or a method or multiplier that is not the same in all '
'rows, 54000 more than 100000 lots open, or aggregates of this process would keep more than 1000 MB, 53200 the '
'machine has no memory for it';
GRANT EXECUTE ON FUNCTION analytics.position(text, numeric, numeric, numeric, text, numeric)
TO bourse_viewer, bourse_worker;

CREATE AGGREGATE analytics.position(side text, quantity numeric, price numeric, fee numeric, method text) (
    SFUNC = analytics_private.position_add, STYPE = internal, SSPACE = 1024,
    FINALFUNC = analytics_private.position, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.position(text, numeric, numeric, numeric, text) IS
'As position(side, quantity, price, fee, method, 1)';
GRANT EXECUTE ON FUNCTION analytics.position(text, numeric, numeric, numeric, text)
TO bourse_viewer, bourse_worker;

CREATE AGGREGATE analytics.position(side text, quantity numeric, price numeric, fee numeric) (
    SFUNC = analytics_private.position_add, STYPE = internal, SSPACE = 1024,
    FINALFUNC = analytics_private.position, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics.position(text, numeric, numeric, numeric) IS
'As position(side, quantity, price, fee, ''average'', 1)';
GRANT EXECUTE ON FUNCTION analytics.position(text, numeric, numeric, numeric)
TO bourse_viewer, bourse_worker;

CREATE AGGREGATE analytics_private.round_trips(text, numeric, numeric, numeric, text, numeric) (
    SFUNC = analytics_private.round_trips_add, STYPE = internal, SSPACE = 8192,
    FINALFUNC = analytics_private.round_trips, PARALLEL = SAFE);
COMMENT ON AGGREGATE analytics_private.round_trips(text, numeric, numeric, numeric, text, numeric) IS
'For round_trips() only';

CREATE FUNCTION analytics.unrealized_pnl(state analytics.position_state, mark numeric) RETURNS numeric
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, analytics, pg_temp AS $$
BEGIN
    IF mark = 'NaN' OR abs(mark) = 'Infinity' THEN
        PERFORM bourse.refuse('22023', format('mark is %s', mark), 'Give a finite mark.');
    END IF;
    RETURN state.quantity * mark * state.multiplier - sign(state.quantity) * state.cost;
END
$$;
COMMENT ON FUNCTION analytics.unrealized_pnl(analytics.position_state, numeric) IS
'What a position would gain beyond what is realised, if it were closed at this price, without fees: all decimals. '
'NULL of NULL. 22023 mark is NaN or infinite';
GRANT EXECUTE ON FUNCTION analytics.unrealized_pnl(analytics.position_state, numeric) TO bourse_viewer, bourse_worker;

CREATE FUNCTION analytics.round_trips(fills analytics.fill[], method text DEFAULT 'average',
                                      multiplier numeric DEFAULT 1)
RETURNS SETOF analytics.round_trip
LANGUAGE sql IMMUTABLE PARALLEL SAFE SECURITY DEFINER SET search_path = pg_catalog, analytics, pg_temp AS $$
    SELECT t.* FROM unnest((
        SELECT analytics_private.round_trips(f.side, f.quantity, f.price, f.fee, round_trips.method,
                                             round_trips.multiplier ORDER BY f.n)
        FROM unnest(round_trips.fills) WITH ORDINALITY f (side, quantity, price, fee, n))) t
$$;
COMMENT ON FUNCTION analytics.round_trips(analytics.fill[], text, numeric) IS
'The round trips of fills, in the order in which they are closed; fills are numbered from 1. What closes several lots '
'is split at them, a flip closes and opens. Arguments and SQLSTATEs as position()';
GRANT EXECUTE ON FUNCTION analytics.round_trips(analytics.fill[], text, numeric) TO bourse_viewer, bourse_worker;
