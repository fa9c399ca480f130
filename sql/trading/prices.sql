-- How far trades on our own exchange were ahead and behind: by the prices of all its trades from the entry to the exit.

-- The ticker makes them one after the other, so what is there is all up to the last one.
CREATE FUNCTION trading_private.note_prices(most integer) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp SET enable_seqscan = off AS $$
DECLARE
    market record;
    noted bigint := 0;
    made bigint;
BEGIN
    IF NOT EXISTS (SELECT FROM trading.bot_markets) THEN
        RETURN 0;
    END IF;
    FOR market IN
        SELECT m.symbol, b.first, m.last_sequence / 1000 AS after
        FROM exchange.markets m CROSS JOIN LATERAL (
            SELECT coalesce(max(r.block) + 1, 0) AS first FROM trading.price_ranges r WHERE r.symbol = m.symbol) b
        WHERE b.first < m.last_sequence / 1000 ORDER BY m.symbol
    LOOP
        INSERT INTO trading.price_ranges (symbol, block, low, high)
        SELECT market.symbol, (t.sequence - 1) / 1000, min(t.price), max(t.price) FROM exchange.trades t
        WHERE t.symbol = market.symbol AND t.sequence > market.first * 1000
          AND t.sequence <= least(market.after, market.first + most - noted) * 1000
        GROUP BY 2;
        GET DIAGNOSTICS made = ROW_COUNT;
        noted := noted + made;
        EXIT WHEN noted >= most;
    END LOOP;
    RETURN noted;
END
$$;
COMMENT ON FUNCTION trading_private.note_prices(integer) IS
'Adds what is missing in price_ranges, up to so many rows, and says how many; nothing while no bot has placed an '
'order. Reads a thousand trades for each, once for ever. For on_tick() only';

CREATE FUNCTION trading_private.price_range(symbol text, first bigint, last bigint, OUT low numeric, OUT high numeric)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    -- What is not in price_ranges, because nothing ticks, is read up to this bound.
    most CONSTANT bigint := 1000000;
    block CONSTANT bigint := (first + 998) / 1000;
    after bigint := least(last / 1000, coalesce(
        (SELECT max(r.block) + 1 FROM trading.price_ranges r WHERE r.symbol = symbol), 0));
BEGIN
    IF block >= after THEN
        after := block;
    END IF;
    IF last - 1000 * after > most THEN
        RETURN;
    END IF;
    SELECT min(p.low), max(p.high) INTO low, high FROM (
        SELECT min(t.price) AS low, max(t.price) AS high FROM exchange.trades t
        WHERE t.symbol = symbol AND t.sequence >= first AND t.sequence <= least(last, 1000 * block)
        UNION ALL
        SELECT min(r.low), max(r.high) FROM trading.price_ranges r
        WHERE r.symbol = symbol AND r.block >= block AND r.block < after
        UNION ALL
        SELECT min(t.price), max(t.price) FROM exchange.trades t
        WHERE t.symbol = symbol AND t.sequence > 1000 * after AND t.sequence <= last) p;
END
$$;
COMMENT ON FUNCTION trading_private.price_range(text, bigint, bigint) IS
'The lowest and the highest price of a market''s trades from one sequence to another. Costs up to 2,000 trades, and a '
'row for each thousand between them; what the ticker has not noted yet besides. NULL: that is more than a million';

-- Trades of one moment are told apart by the number that their fill has in the journal.
CREATE FUNCTION trading_private.sequence_of(bot_id bigint, symbol text, direction text, at timestamptz, number bigint)
RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, trading, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    first CONSTANT bigint := exchange_private.sequence_since(symbol, at);
BEGIN
    RETURN coalesce(
        (SELECT t.sequence FROM exchange.trades t
         JOIN trading.bot_orders o
             ON o.order_id = CASE direction WHEN 'long' THEN t.buy_order_id ELSE t.sell_order_id END
         JOIN trading.fills f ON f.user_id = o.user_id AND f.bot_id = o.bot_id
                                 AND f.fill_id = trading_private.fill_of_trade(t.id, o.order_id)
         WHERE t.symbol = symbol AND t.sequence >= first AND t.created_at = at AND o.bot_id = bot_id
           AND f.number = number
           AND t.sequence < exchange_private.sequence_since(symbol, at + interval '1 microsecond')),
        first);
END
$$;
COMMENT ON FUNCTION trading_private.sequence_of(bigint, text, text, timestamptz, bigint) IS
'The sequence of the trade that was the fill of this number and opened a trade of a bot; of a fill that was told by '
'somebody, that of the first trade from its time on';

CREATE FUNCTION trading_private.see_prices(bot_id bigint, facts jsonb) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    -- What the columns hold: that a trade is booked does not fail by how far it was ahead.
    most CONSTANT numeric(20,8) := 999999999999.99999999;
BEGIN
    WITH executed AS MATERIALIZED (
        SELECT f.user_id, f.bot_id, f.trade_type, f.run_id, f.number, f.filled_at, t.sequence
        FROM jsonb_to_recordset(facts) AS r (fill_id text)
        JOIN trading.bot_accounts b ON b.id = bot_id
        JOIN trading.fills f ON f.user_id = b.user_id AND f.bot_id = b.id AND f.fill_id = r.fill_id
        JOIN exchange.trades t ON t.id = trading_private.trade_of_fill(r.fill_id)
    ), closed AS MATERIALIZED (
        SELECT t.id, t.entry_time, t.symbol, t.gross_pnl, t.exit_price, x.sequence AS last,
               CASE t.direction WHEN 'long' THEN t.size ELSE -t.size END AS size,
               coalesce(e.sequence, trading_private.sequence_of(bot_id, t.symbol, t.direction, t.entry_time,
                                                                t.first_fill)) AS first
        FROM executed x
        JOIN trading.trades t ON t.user_id = x.user_id AND t.bot_id = x.bot_id AND t.trade_type = x.trade_type
            AND t.exit_time = x.filled_at AND t.run_id = x.run_id AND t.last_fill = x.number AND t.status = 'closed'
        LEFT JOIN executed e ON e.trade_type = x.trade_type AND e.run_id = x.run_id AND e.number = t.first_fill
    )
    UPDATE trading.trades t
    SET mae = least(t.mae, s.at_low, s.at_high), mfe = greatest(t.mfe, s.at_low, s.at_high)
    FROM (SELECT c.id, c.entry_time,
                 least(greatest(c.gross_pnl + c.size * (p.low - c.exit_price), -most), most) AS at_low,
                 least(greatest(c.gross_pnl + c.size * (p.high - c.exit_price), -most), most) AS at_high
          FROM closed c CROSS JOIN LATERAL trading_private.price_range(c.symbol, c.first, c.last) p) s
    WHERE t.id = s.id AND t.entry_time = s.entry_time
      AND (least(s.at_low, s.at_high) < t.mae OR greatest(s.at_low, s.at_high) > t.mfe);
END
$$;
COMMENT ON FUNCTION trading_private.see_prices(bigint, jsonb) IS
'Gives the trades that a bot has closed with these trades of our exchange, by their fill_id, the mae and mfe that all '
'prices there come to, from the entry to the exit: what gross_pnl would have been';

CREATE FUNCTION trading_private.see_prices_again(user_id bigint, bot_id bigint, symbol text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, trading, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
BEGIN
    PERFORM trading_private.see_prices(bot_id, jsonb_agg(jsonb_build_object('fill_id', f.fill_id)))
    FROM trading.fills f
    WHERE f.user_id = user_id AND f.bot_id = bot_id AND f.symbol = symbol
      AND trading_private.trade_of_fill(f.fill_id) IS NOT NULL
    HAVING count(*) > 0;
END
$$;
COMMENT ON FUNCTION trading_private.see_prices_again(bigint, bigint, text) IS
'see_prices() of all that a bot has traded in a market of our exchange, after its fills have been booked again';
