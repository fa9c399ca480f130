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

CREATE FUNCTION trading_private.verify_positions()
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
    -- Of a position that somebody has deleted its trades tell; one that is open cannot be missing.
    SELECT 'position_is_the_fold_of_its_fills', coalesce('position ' || p.id,
               format('bot %s, %s, run %s, %s, fill %s', f.bot_id, f.trade_type, f.run_id, f.symbol, f.first_fill)),
           coalesce(f.figures, 'none'), coalesce(p.figures, 'none')
    FROM (SELECT t.*, format('%s %s cost %s realized %s fees %s closed %s unconverted %s until %s', t.direction,
                             trim_scale(t.quantity), trim_scale(t.cost), trim_scale(t.realized_pnl),
                             trim_scale(t.fees), trim_scale(t.closed_fees), t.unconverted_fees, t.last_fill) AS figures
          FROM trading_private.folded() t) f
    FULL JOIN (
        SELECT t.*, format('%s %s cost %s realized %s fees %s closed %s unconverted %s until %s', t.direction,
                           trim_scale(t.qty_open), trim_scale(t.cost), trim_scale(t.realized_pnl), trim_scale(t.fees),
                           trim_scale(t.closed_fees), t.unconverted_fees, t.last_fill) AS figures
        FROM trading.positions t) p
        ON p.bot_id = f.bot_id AND p.trade_type = f.trade_type AND p.run_id = f.run_id AND p.symbol = f.symbol
           AND p.first_fill = f.first_fill
    WHERE p.figures IS DISTINCT FROM f.figures AND (p.id IS NOT NULL OR f.quantity > 0)
    UNION ALL
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
           format('trade %s of %s, commission %s', p.open_trade_id, trim_scale(p.qty_open),
                  trim_scale(p.fees - p.closed_fees)),
           coalesce((SELECT string_agg(format('trade %s of %s, commission %s', t.id, trim_scale(t.size),
                                              trim_scale(t.commission)), '; ' ORDER BY t.id)
                     FROM trading.trades t WHERE t.position_id = p.id AND t.status = 'open'), 'none')
    FROM trading.positions p
    WHERE p.status = 'open' AND NOT EXISTS (
        SELECT FROM trading.trades t WHERE t.position_id = p.id AND t.status = 'open'
        HAVING count(*) = 1 AND min(t.id) = p.open_trade_id AND min(t.entry_time) = p.open_trade_entry
           AND min(t.size) = p.qty_open AND min(t.commission) = p.fees - p.closed_fees)
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
    RETURN QUERY SELECT * FROM trading_private.verify_positions();
    RETURN QUERY SELECT * FROM trading_private.verify_books();
END
$$;
COMMENT ON FUNCTION trading.verify() IS
'What is not as it must be in the books of bots: 0 rows. Positions are the fold of their fills, trades add up to '
'positions, each open one has one open trade, balances are what trades and cash have come to, counts and equity agree. '
'Reads all fills, a bot at a time';
GRANT EXECUTE ON FUNCTION trading.verify() TO bourse_admin, bourse_monitor;

CREATE FUNCTION trading_private.own_verify() RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
    SELECT v.check_name, v.subject, v.expected, v.actual FROM trading.verify() v
$$;
COMMENT ON FUNCTION trading_private.own_verify() IS 'What bourse.verify() says of trading: trading.verify()';
