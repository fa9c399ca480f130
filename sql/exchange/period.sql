CREATE FUNCTION exchange_private.require_period("from" timestamptz, "to" timestamptz) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    IF "from" IS NULL OR "to" IS NULL THEN
        PERFORM bourse.refuse('22004', 'from and to must not be NULL',
            'Give both; -infinity and infinity are times as well.');
    END IF;
    IF "from" > "to" THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'from lies after to', DETAIL = format('from %s, to %s', "from", "to"),
            HINT = 'A period goes from its first moment to the moment after its last.';
    END IF;
END
$$;
COMMENT ON FUNCTION exchange_private.require_period(timestamptz, timestamptz) IS
'Refuses a period with an end that is NULL (22004) or before its beginning (22023)';

-- Along the sequence of a market time never goes back (the engine sees to it), so twenty looks into
-- (symbol, sequence) find a moment among a million trades: no index on time is needed.
CREATE FUNCTION exchange_private.sequence_since(symbol text, at timestamptz) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
DECLARE
    low bigint := 1;
    high bigint := (SELECT m.last_sequence + 1 FROM exchange.markets m WHERE m.symbol = sequence_since.symbol);
    middle bigint;
BEGIN
    WHILE low < high LOOP
        middle := (low + high) / 2;
        IF (SELECT t.created_at >= sequence_since.at FROM exchange.trades t
            WHERE t.symbol = sequence_since.symbol AND t.sequence = middle) THEN
            high := middle;
        ELSE
            low := middle + 1;
        END IF;
    END LOOP;
    RETURN low;
END
$$;
COMMENT ON FUNCTION exchange_private.sequence_since(text, timestamptz) IS
'The sequence of a market''s first trade at this time or later; one above its last trade when there is none. For '
'market data only';
