-- Trades are numbered without a gap, so a market's income since the last sweep is a range of its trades: a
-- sweep costs what has traded since, not the whole history.
CREATE FUNCTION exchange.unswept_fees()
RETURNS TABLE (symbol text, asset text, swept_sequence bigint, last_sequence bigint, amount numeric)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    RETURN QUERY
    SELECT m.symbol, m.quote, m.swept_sequence, m.last_sequence,
           (SELECT coalesce(sum(t.commission), 0) FROM exchange.trades t
            WHERE t.symbol = m.symbol AND t.sequence > m.swept_sequence AND t.sequence <= m.last_sequence)
    FROM exchange.markets m
    WHERE m.swept_sequence < m.last_sequence
    ORDER BY m.symbol;
END
$$;
COMMENT ON FUNCTION exchange.unswept_fees() IS
'What the house has earned and sweep_fees() has not booked: per market the commission, in its quote asset, of the '
'trades after swept_sequence up to last_sequence';
GRANT EXECUTE ON FUNCTION exchange.unswept_fees() TO bourse_admin;

CREATE FUNCTION exchange.sweep_fees(user_id bigint, INOUT asset text DEFAULT NULL, OUT amount numeric)
RETURNS SETOF record
LANGUAGE plpgsql SUPPORT bourse_private.refuse_repeats SECURITY DEFINER
SET search_path = pg_catalog, exchange, pg_temp AS $$
DECLARE
    wanted text := asset;
    assets text[];
    amounts numeric[];
    unswept record;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM exchange_private.require_asset(wanted) WHERE wanted IS NOT NULL;
    PERFORM identity_private.require_user(user_id);
    -- The sums are read before a market is locked. Of two sweeps at once the second waits here for the first,
    -- finds that swept_sequence has moved, and books nothing.
    FOR unswept IN SELECT * FROM exchange.unswept_fees() f WHERE wanted IS NULL OR f.asset = wanted LOOP
        UPDATE exchange.markets m SET swept_sequence = unswept.last_sequence
        WHERE m.symbol = unswept.symbol AND m.swept_sequence = unswept.swept_sequence;
        IF FOUND THEN
            assets := assets || unswept.asset;
            amounts := amounts || unswept.amount;
        END IF;
    END LOOP;
    -- Balances only after all markets: the lock order of the engine.
    FOR asset, amount IN
        SELECT s.asset, sum(s.amount) FROM unnest(assets, amounts) AS s (asset, amount)
        GROUP BY s.asset HAVING sum(s.amount) > 0 ORDER BY s.asset COLLATE "C"
    LOOP
        PERFORM exchange_private.book_transfer(user_id, asset, 'sweep', amount, 0, NULL);
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION exchange.sweep_fees(bigint, text) IS
'Books the house''s unswept commission, of one asset or of all, to the available funds of a user. Returns what was '
'booked, one row per asset; no row: nothing to book. 22003 too large, 22004 NULL user, 22023 asset, 42501 not a user '
'you act for, 42704 unknown user';
GRANT EXECUTE ON FUNCTION exchange.sweep_fees(bigint, text) TO bourse_admin;
