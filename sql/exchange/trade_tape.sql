CREATE FUNCTION exchange.trade_tape(symbol text, after_sequence bigint DEFAULT NULL, "limit" integer DEFAULT 100)
RETURNS TABLE (sequence bigint, price numeric, amount numeric, taker_side text, created_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    PERFORM exchange_private.require_market(trade_tape.symbol);
    IF "limit" IS NULL OR "limit" NOT BETWEEN 1 AND 10000 THEN
        PERFORM bourse.refuse('22023', format('%s trades asked for', coalesce("limit"::text, 'NULL')),
            'Ask for 1 to 10000 trades; go on after the last sequence.');
    END IF;
    IF after_sequence IS NULL THEN
        RETURN QUERY
        SELECT t.sequence, t.price::numeric, t.amount::numeric, t.taker_side, t.created_at FROM exchange.trades t
        WHERE t.symbol = trade_tape.symbol ORDER BY t.sequence DESC LIMIT "limit";
    ELSE
        RETURN QUERY
        SELECT t.sequence, t.price::numeric, t.amount::numeric, t.taker_side, t.created_at FROM exchange.trades t
        WHERE t.symbol = trade_tape.symbol AND t.sequence > after_sequence ORDER BY t.sequence LIMIT "limit";
    END IF;
END
$$;
COMMENT ON FUNCTION exchange.trade_tape(text, bigint, integer) IS
'The public tape, without owners: the latest trades, newest first; with after_sequence those that follow it, oldest '
'first, so that a reader who goes on after the last sequence misses none. price: quote per base; amount: base; '
'taker_side: of the order that arrived. 22023 limit not 1 to 10000, 42704 unknown market';
GRANT EXECUTE ON FUNCTION exchange.trade_tape(text, bigint, integer) TO bourse_viewer, bourse_worker;
