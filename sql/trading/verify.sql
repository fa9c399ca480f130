-- What must hold of the books, whatever has been booked.

CREATE FUNCTION trading_private.books()
RETURNS TABLE (bot_id bigint, trade_type text, run_id bigint, starting_balance numeric, balance numeric,
               total_pnl numeric, open_positions integer, fill_count bigint, trade_count bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
    SELECT b.id, b.trade_type, 0::bigint, b.starting_balance, b.current_balance, b.total_pnl, b.open_positions,
           b.fill_count, b.trade_count
    FROM trading.bot_accounts b
    UNION ALL
    SELECT s.bot_id, s.trade_type, s.run_id, s.starting_balance, s.current_balance, s.total_pnl, s.open_positions,
           s.fill_count, s.trade_count
    FROM trading.balances s
$$;
COMMENT ON FUNCTION trading_private.books() IS 'The books of all bots: their own and others';

CREATE FUNCTION trading_private.without_marks(lots jsonb) RETURNS jsonb
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, trading, pg_temp AS $$
    SELECT CASE WHEN trading_private.are_lots(lots) THEN
        (SELECT jsonb_agg(l.lot - 'low' - 'high' ORDER BY l.n)
         FROM jsonb_array_elements(lots) WITH ORDINALITY l (lot, n))
        ELSE lots END
$$;
COMMENT ON FUNCTION trading_private.without_marks(jsonb) IS
'Lots without the prices that were seen while they were open; what are no lots stays as it is';

-- Marks are in no journal: they may have gone beyond the prices of fills, and never fall short of them.
CREATE FUNCTION trading_private.falls_short(lots jsonb, folded jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, trading, pg_temp AS $$
    SELECT trading_private.are_lots(lots) AND EXISTS (
        SELECT FROM jsonb_array_elements(lots) WITH ORDINALITY l (lot, n)
        JOIN jsonb_array_elements(folded) WITH ORDINALITY f (lot, n) ON f.n = l.n
        WHERE (l.lot ->> 'low')::numeric > (f.lot ->> 'low')::numeric
           OR (l.lot ->> 'high')::numeric < (f.lot ->> 'high')::numeric)
$$;
COMMENT ON FUNCTION trading_private.falls_short(jsonb, jsonb) IS
'Whether lots have not seen a price that their fills had';

CREATE FUNCTION trading_private.spell_position(
    direction text, quantity numeric, average_price numeric, cost numeric, gain numeric, realized_pnl numeric,
    fees numeric, closed_fees numeric, unconverted_fees bigint, open_unconverted bigint, last_fill bigint)
RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
    SELECT format('%s %s at %s, cost %s gain %s realized %s fees %s closed %s unconverted %s open %s until %s',
                  direction, trim_scale(quantity), trim_scale(average_price), trim_scale(cost), trim_scale(gain),
                  trim_scale(realized_pnl), trim_scale(fees), trim_scale(closed_fees), unconverted_fees,
                  open_unconverted, last_fill)
$$;
COMMENT ON FUNCTION trading_private.spell_position(text, numeric, numeric, numeric, numeric, numeric, numeric, numeric,
                                                   bigint, bigint, bigint) IS
'The figures of a position, for verify_folds()';

CREATE FUNCTION trading_private.spell_trade(
    direction text, size numeric, entry_time timestamptz, entry_price numeric, exit_time timestamptz,
    exit_price numeric, gross_pnl numeric, commission numeric, unconverted_fees bigint, percentage numeric)
RETURNS text
LANGUAGE sql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
    SELECT format('%s %s, in at %s, %s, out at %s, %s, gross %s commission %s unconverted %s, %s %%', direction,
                  trim_scale(size), entry_time, trim_scale(entry_price), exit_time, trim_scale(exit_price),
                  trim_scale(gross_pnl), trim_scale(commission), unconverted_fees, percentage)
$$;
COMMENT ON FUNCTION trading_private.spell_trade(text, numeric, timestamptz, numeric, timestamptz, numeric, numeric,
                                                numeric, bigint, numeric) IS
'The figures of a trade, for verify_folds()';

-- The journal is booked again once, for positions and trades. What a row says is spelled only where it differs.
CREATE FUNCTION trading_private.verify_folds()
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
    WITH folded AS MATERIALIZED (
        SELECT * FROM trading_private.folded()
    )
    SELECT c.* FROM (SELECT * FROM folded r WHERE NOT r.is_trade) f
    FULL JOIN trading.positions p
        ON p.bot_id = f.bot_id AND p.trade_type = f.trade_type AND p.run_id = f.run_id AND p.symbol = f.symbol
           AND p.first_fill = f.first_fill
    CROSS JOIN LATERAL (
        -- Of a position that somebody has deleted its trades tell; one that is open cannot be missing.
        SELECT 'position_is_the_fold_of_its_fills', coalesce('position ' || p.id,
                   format('bot %s, %s, run %s, %s, fill %s', f.bot_id, f.trade_type, f.run_id, f.symbol, f.first_fill)),
               CASE WHEN f.bot_id IS NULL THEN 'none' ELSE trading_private.spell_position(
                   f.direction, f.quantity, f.price, f.cost, f.gain, f.realized_pnl, f.fees, f.closed_fees,
                   f.unconverted_fees, f.open_unconverted, f.last_fill) END,
               CASE WHEN p.id IS NULL THEN 'none' ELSE trading_private.spell_position(
                   p.direction, p.qty_open, p.avg_price, p.cost, p.gain, p.realized_pnl, p.fees, p.closed_fees,
                   p.unconverted_fees, p.open_unconverted, p.last_fill) END
        WHERE (p.id IS NOT NULL OR f.quantity > 0)
          AND (p.direction, p.qty_open, p.avg_price, p.cost, p.gain, p.realized_pnl, p.fees, p.closed_fees,
               p.unconverted_fees, p.open_unconverted, p.last_fill) IS DISTINCT FROM
              (f.direction, f.quantity, f.price, f.cost, f.gain, f.realized_pnl, f.fees, f.closed_fees,
               f.unconverted_fees, f.open_unconverted, f.last_fill)
        UNION ALL
        SELECT 'lots_are_the_fold_of_their_fills', 'position ' || p.id, bourse_private.clip(f.lots::text),
               coalesce(bourse_private.clip(p.lots::text), 'none')
        WHERE p.id IS NOT NULL AND f.bot_id IS NOT NULL AND p.lots IS DISTINCT FROM f.lots
          AND trading_private.without_marks(p.lots) IS DISTINCT FROM trading_private.without_marks(f.lots)
        UNION ALL
        SELECT 'prices_of_fills_were_seen', 'position ' || p.id,
               format('%s to %s, or more', trim_scale(f.low), trim_scale(f.high)),
               format('%s to %s', trim_scale(p.low), trim_scale(p.high))
        WHERE p.low > f.low OR p.high < f.high
           OR p.lots IS DISTINCT FROM f.lots AND trading_private.falls_short(p.lots, f.lots)
        UNION ALL
        SELECT 'position_is_as_its_fills_have_said', 'position ' || p.id,
               format('times %s, %s to %s, strategy %s, entry logic %s, interval %s', trim_scale(f.multiplier),
                      f.began_at, f.ended_at, f.strategy_name, f.entry_logic_name, f."interval"),
               format('times %s, %s to %s, strategy %s, entry logic %s, interval %s', trim_scale(p.multiplier),
                      p.opened_at, p.closed_at, p.strategy_name, p.entry_logic_name, p."interval")
        WHERE p.id IS NOT NULL AND f.bot_id IS NOT NULL
          AND (p.multiplier, p.opened_at, p.closed_at, p.strategy_name, p.entry_logic_name, p."interval")
              IS DISTINCT FROM
              (f.multiplier, f.began_at, f.ended_at, f.strategy_name, f.entry_logic_name, f."interval")) c
    UNION ALL
    SELECT c.* FROM (SELECT * FROM folded r WHERE r.is_trade) f
    FULL JOIN (SELECT * FROM trading.trades r WHERE r.status = 'closed' AND r.first_fill IS NOT NULL) t
        ON t.bot_id = f.bot_id AND t.trade_type = f.trade_type AND t.run_id = f.run_id AND t.symbol = f.symbol
           AND t.first_fill = f.first_fill AND t.last_fill = f.last_fill
    CROSS JOIN LATERAL (
        SELECT 'trade_is_the_fold_of_its_fills', coalesce('trade ' || t.id,
                   format('bot %s, %s, run %s, %s, fills %s and %s', f.bot_id, f.trade_type, f.run_id, f.symbol,
                          f.first_fill, f.last_fill)),
               CASE WHEN f.bot_id IS NULL THEN 'none' ELSE trading_private.spell_trade(
                   f.direction, f.quantity, f.began_at, f.price, f.ended_at, f.exit_price, f.gross_pnl, f.commission,
                   f.unconverted_fees, f.pnl_percentage)
                   || format(', seen %s to %s, or more', trim_scale(f.mae), trim_scale(f.mfe)) END,
               CASE WHEN t.id IS NULL THEN 'none' ELSE trading_private.spell_trade(
                   t.direction, t.size, t.entry_time, t.entry_price, t.exit_time, t.exit_price, t.gross_pnl,
                   t.commission, t.unconverted_fees, t.pnl_percentage)
                   || format(', seen %s to %s', trim_scale(t.mae), trim_scale(t.mfe)) END
        WHERE t.mae > f.mae OR t.mfe < f.mfe
           OR (t.direction, t.size, t.entry_time, t.entry_price, t.exit_time, t.exit_price, t.gross_pnl, t.commission,
               t.unconverted_fees, t.pnl_percentage) IS DISTINCT FROM
              (f.direction, f.quantity, f.began_at, f.price, f.ended_at, f.exit_price, f.gross_pnl, f.commission,
               f.unconverted_fees, f.pnl_percentage)
        UNION ALL
        SELECT 'trade_is_as_its_fills_have_said', 'trade ' || t.id,
               format('strategy %s, entry logic %s, interval %s, exit logic %s, exit reason %s', f.strategy_name,
                      f.entry_logic_name, f."interval", f.exit_logic_name, f.exit_reason),
               format('strategy %s, entry logic %s, interval %s, exit logic %s, exit reason %s', t.strategy_name,
                      t.entry_logic_name, t."interval", t.exit_logic_name, t.exit_reason)
        WHERE t.id IS NOT NULL AND f.bot_id IS NOT NULL
          AND (t.strategy_name, t.entry_logic_name, t."interval", t.exit_logic_name, t.exit_reason) IS DISTINCT FROM
              (f.strategy_name, f.entry_logic_name, f."interval", f.exit_logic_name, f.exit_reason)) c
    UNION ALL
    SELECT 'funding_has_its_position', format('cash %s of bot %s', bourse_private.quoted(c.cash_id), c.bot_id),
           coalesce('position ' || p.id, 'none'), coalesce('position ' || c.position_id, 'none')
    FROM trading.cash_events c
    LEFT JOIN folded f ON NOT f.is_trade AND f.bot_id = c.bot_id AND f.trade_type = c.trade_type
        AND f.run_id = c.run_id AND f.symbol = c.symbol AND f.first_fill <= c.fill_number
        AND (f.quantity > 0 OR f.last_fill > c.fill_number)
    LEFT JOIN trading.positions p ON p.bot_id = f.bot_id AND p.trade_type = f.trade_type AND p.run_id = f.run_id
        AND p.symbol = f.symbol AND p.first_fill = f.first_fill
    WHERE c.kind NOT IN ('deposit', 'withdrawal') AND (p.id IS NOT NULL OR f.bot_id IS NULL)
      AND p.id IS DISTINCT FROM c.position_id
    UNION ALL
    SELECT 'fills_can_be_booked_again', 'bot ' || f.bot_id, 'all of them', f.symbol FROM folded f
    WHERE f.is_trade IS NULL
$$;
COMMENT ON FUNCTION trading_private.verify_folds() IS
'What verify() says of positions, closed trades and funding beside the journal of fills, booked again';

CREATE FUNCTION trading_private.verify_positions()
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
    SELECT 'trades_add_up_to_their_position', 'position ' || p.id,
           format('%s gross, %s commission', trim_scale(p.realized_pnl), trim_scale(p.closed_fees)),
           format('%s gross, %s commission', trim_scale(t.gross), trim_scale(t.commission))
    FROM trading.positions p CROSS JOIN LATERAL (
        SELECT coalesce(sum(t.gross_pnl), 0) AS gross,
               coalesce(sum(t.commission) FILTER (WHERE t.status = 'closed'), 0) AS commission
        FROM trading.trades t WHERE t.position_id = p.id) t
    WHERE (p.realized_pnl, p.closed_fees) IS DISTINCT FROM (t.gross, t.commission)
    UNION ALL
    SELECT 'one_open_trade_for_an_open_position', 'position ' || p.id,
           format('trade %s of %s at %s, commission %s', p.open_trade_id, trim_scale(p.qty_open),
                  trim_scale(p.avg_price), trim_scale(p.fees - p.closed_fees)),
           coalesce((SELECT string_agg(format('trade %s of %s at %s, commission %s', t.id, trim_scale(t.size),
                                              trim_scale(t.entry_price), trim_scale(t.commission)), '; ' ORDER BY t.id)
                     FROM trading.trades t WHERE t.position_id = p.id AND t.status = 'open'), 'none')
    FROM trading.positions p
    WHERE p.status = 'open' AND NOT EXISTS (
        SELECT FROM trading.trades t WHERE t.position_id = p.id AND t.status = 'open'
        HAVING count(*) = 1 AND min(t.id) = p.open_trade_id AND min(t.entry_time) = p.open_trade_entry
           AND min(t.size) = p.qty_open AND min(t.commission) = p.fees - p.closed_fees
           AND min(t.entry_price) = p.avg_price)
    UNION ALL
    SELECT 'open_trade_has_an_open_position', 'trade ' || t.id, 'an open position', coalesce(p.status, 'none')
    FROM trading.trades t LEFT JOIN trading.positions p ON p.id = t.position_id
    WHERE t.status = 'open' AND p.status IS DISTINCT FROM 'open'
    UNION ALL
    SELECT 'funding_adds_up', 'position ' || p.id, c.amount::text, p.funding::text
    FROM trading.positions p LEFT JOIN (
        SELECT c.position_id, sum(c.amount) AS amount FROM trading.cash_events c
        WHERE c.kind NOT IN ('deposit', 'withdrawal') GROUP BY c.position_id) c ON c.position_id = p.id
    WHERE p.funding <> coalesce(c.amount, 0)
$$;
COMMENT ON FUNCTION trading_private.verify_positions() IS 'What verify() says of positions and their trades';

CREATE FUNCTION trading_private.verify_books()
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
    WITH traded AS (
        SELECT t.bot_id, t.trade_type, t.run_id, sum(t.net_pnl) AS net,
               count(*) FILTER (WHERE t.status = 'closed') AS closed
        FROM trading.trades t WHERE t.first_fill IS NOT NULL GROUP BY t.bot_id, t.trade_type, t.run_id
    ), paid AS (
        SELECT c.bot_id, c.trade_type, c.run_id, sum(c.amount) AS cash,
               coalesce(sum(c.amount) FILTER (WHERE c.kind NOT IN ('deposit', 'withdrawal')), 0) AS results
        FROM trading.cash_events c GROUP BY c.bot_id, c.trade_type, c.run_id
    ), told AS (
        SELECT f.bot_id, f.trade_type, f.run_id, count(*) AS fills, max(f.number) AS last
        FROM trading.fills f GROUP BY f.bot_id, f.trade_type, f.run_id
    ), held AS (
        SELECT p.bot_id, p.trade_type, p.run_id, count(*) AS open FROM trading.positions p WHERE p.status = 'open'
        GROUP BY p.bot_id, p.trade_type, p.run_id
    ), added AS (
        SELECT bot_id, trade_type, run_id, format('bot %s, %s, run %s', bot_id, trade_type, run_id) AS subject, b.*,
               coalesce(t.net, 0) AS net, coalesce(t.closed, 0) AS closed, coalesce(c.cash, 0) AS cash,
               coalesce(c.results, 0) AS results, coalesce(f.fills, 0) AS fills, coalesce(f.last, 0) AS last,
               coalesce(h.open, 0) AS open
        FROM (SELECT o.bot_id, o.trade_type, o.run_id, o.starting_balance, o.balance, o.total_pnl, o.open_positions,
                     o.fill_count, o.trade_count, true AS is_kept FROM trading_private.books() o) b
        FULL JOIN traded t USING (bot_id, trade_type, run_id) FULL JOIN paid c USING (bot_id, trade_type, run_id)
        FULL JOIN told f USING (bot_id, trade_type, run_id) FULL JOIN held h USING (bot_id, trade_type, run_id)
    )
    SELECT 'balance_is_trades_and_cash', a.subject, trim_scale(a.starting_balance + a.net + a.cash)::text,
           trim_scale(a.balance)::text
    FROM added a WHERE a.balance <> a.starting_balance + a.net + a.cash
    UNION ALL
    SELECT 'result_is_trades_and_funding', a.subject, trim_scale(a.net + a.results)::text, trim_scale(a.total_pnl)::text
    FROM added a WHERE a.total_pnl <> a.net + a.results
    UNION ALL
    SELECT 'counts', a.subject, format('%s fills, %s trades, %s open', a.fills, a.closed, a.open),
           format('%s fills, %s trades, %s open', a.fill_count, a.trade_count, a.open_positions)
    FROM added a
    WHERE (a.fill_count, a.trade_count, a.open_positions::bigint) <> (a.fills, a.closed, a.open) OR a.last <> a.fills
    UNION ALL
    SELECT 'books_are_kept', a.subject, 'a balance', 'none' FROM added a WHERE a.is_kept IS NULL
    UNION ALL
    SELECT 'equity_is_balance_and_unrealised',
           format('bot %s, %s, run %s at %s', e.bot_id, e.trade_type, e.run_id, e.at),
           trim_scale(e.balance + e.unrealized_pnl)::text, trim_scale(e.equity)::text
    FROM trading.equity_snapshots e WHERE e.equity <> e.balance + e.unrealized_pnl
$$;
COMMENT ON FUNCTION trading_private.verify_books() IS 'What verify() says of balances, results, counts and equity';

CREATE FUNCTION trading.verify() RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    RETURN QUERY SELECT * FROM trading_private.verify_folds();
    RETURN QUERY SELECT * FROM trading_private.verify_positions();
    RETURN QUERY SELECT * FROM trading_private.verify_books();
    RETURN QUERY SELECT * FROM trading_private.verify_answers();
    RETURN QUERY SELECT * FROM trading_private.verify_users();
    RETURN QUERY SELECT * FROM trading_private.verify_orders();
END
$$;
COMMENT ON FUNCTION trading.verify() IS
'What is not as it must be in the books of bots: 0 rows. Positions and their lots are the fold of their fills, each '
'closed trade too, with what was noted of it, trades add up to positions, each open one has one open trade, funding is '
'that of the position that was open, balances are what trades and cash have come to, also after each fill, counts and '
'equity agree, each row is of the user of its bot, and what bots have traded on our exchange is booked. Books all '
'fills again, once, a bot at a time';
GRANT EXECUTE ON FUNCTION trading.verify() TO bourse_admin, bourse_monitor;

CREATE FUNCTION trading_private.own_verify() RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
    SELECT v.check_name, v.subject, v.expected, v.actual FROM trading.verify() v
$$;
COMMENT ON FUNCTION trading_private.own_verify() IS 'What bourse.verify() says of trading: trading.verify()';
