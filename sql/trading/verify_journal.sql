-- What must hold of what bots were told and answered, and of whose rows are.

-- A fill moves the balance by its gain less its fee, cash that was told before it too. A correction moves it by what it
-- comes to: what was answered before and after one are not compared.
CREATE FUNCTION trading_private.verify_answers()
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
    WITH paid AS (
        SELECT c.bot_id, c.trade_type, c.run_id, c.fill_number, sum(c.amount) AS amount FROM trading.cash_events c
        GROUP BY c.bot_id, c.trade_type, c.run_id, c.fill_number
    ), corrected AS (
        SELECT DISTINCT f.bot_id, f.trade_type, f.run_id, c.fill_count
        FROM trading.fill_corrections c JOIN trading.fills f
            ON f.user_id = c.user_id AND f.bot_id = c.bot_id AND f.fill_id = c.fill_id
    ), answered AS (
        SELECT f.bot_id, f.trade_type, f.run_id, f.number, f.fill_id, f.balance,
               coalesce(lag(f.balance) OVER (PARTITION BY f.bot_id, f.trade_type, f.run_id ORDER BY f.number),
                        b.starting_balance) + f.realized_pnl - f.commission AS moved
        FROM trading.fills f JOIN trading_private.books() b
            ON b.bot_id = f.bot_id AND b.trade_type = f.trade_type AND b.run_id = f.run_id
    )
    SELECT 'balance_was_answered', format('fill %s of bot %s', bourse_private.quoted(a.fill_id), a.bot_id),
           trim_scale(a.moved + coalesce(p.amount, 0))::text, trim_scale(a.balance)::text
    FROM answered a
    LEFT JOIN paid p ON p.bot_id = a.bot_id AND p.trade_type = a.trade_type AND p.run_id = a.run_id
                        AND p.fill_number = a.number - 1
    LEFT JOIN corrected c ON c.bot_id = a.bot_id AND c.trade_type = a.trade_type AND c.run_id = a.run_id
                             AND c.fill_count = a.number - 1
    WHERE a.balance <> a.moved + coalesce(p.amount, 0) AND c.bot_id IS NULL
    UNION ALL
    SELECT * FROM trading_private.verify_cash_answers()
$$;
COMMENT ON FUNCTION trading_private.verify_answers() IS
'What verify() says of the balances after fills and cash, as they were answered';

-- Between two fills one balance leads to the next. Cash has no number of its own, and a clock may go back: so each is
-- to be led to by the fill before it, or by other cash between the same two.
CREATE FUNCTION trading_private.verify_cash_answers()
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
    WITH told AS (
        SELECT c.user_id, c.bot_id, c.trade_type, c.run_id, c.fill_number, c.cash_id, c.amount, c.balance,
               coalesce(f.balance, b.starting_balance) AS first
        FROM trading.cash_events c
        JOIN trading_private.books() b
            ON b.bot_id = c.bot_id AND b.trade_type = c.trade_type AND b.run_id = c.run_id
        LEFT JOIN trading.fills f
            ON f.user_id = c.user_id AND f.bot_id = c.bot_id AND f.trade_type = c.trade_type AND f.run_id = c.run_id
           AND f.number = c.fill_number
        -- A correction moves the balance, too.
        WHERE NOT EXISTS (SELECT FROM trading.fill_corrections k JOIN trading.fills x
                              ON x.user_id = k.user_id AND x.bot_id = k.bot_id AND x.fill_id = k.fill_id
                          WHERE k.user_id = c.user_id AND k.bot_id = c.bot_id AND x.trade_type = c.trade_type
                            AND x.run_id = c.run_id AND k.fill_count = c.fill_number)
    )
    SELECT 'balance_was_answered', format('cash %s of bot %s', bourse_private.quoted(t.cash_id), t.bot_id),
           trim_scale(t.first + t.amount)::text, trim_scale(t.balance)::text
    FROM told t
    WHERE t.balance - t.amount <> t.first
      AND NOT EXISTS (SELECT FROM told o
                      WHERE o.bot_id = t.bot_id AND o.trade_type = t.trade_type AND o.run_id = t.run_id
                        AND o.fill_number = t.fill_number AND o.cash_id <> t.cash_id
                        AND o.balance = t.balance - t.amount)
$$;
COMMENT ON FUNCTION trading_private.verify_cash_answers() IS
'What verify() says of the balances after cash, as they were answered; expected: if it was the first after its fill';

CREATE FUNCTION trading_private.verify_users()
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, trading, pg_temp AS $$
    SELECT DISTINCT 'row_is_of_the_user_of_its_bot', format('trading.%s, bot %s', r.name, r.bot_id),
           coalesce('user ' || b.user_id, 'no such bot'), 'user ' || r.user_id
    FROM (
        SELECT 'bot_heartbeats' AS name, h.bot_id, h.user_id FROM trading.bot_heartbeats h
        UNION ALL SELECT 'bot_events', e.bot_id, e.user_id FROM trading.bot_events e
        UNION ALL SELECT 'positions', p.bot_id, p.user_id FROM trading.positions p
        UNION ALL SELECT 'trades', t.bot_id, t.user_id FROM trading.trades t
        UNION ALL SELECT 'fills', f.bot_id, f.user_id FROM trading.fills f
        UNION ALL SELECT 'fill_corrections', c.bot_id, c.user_id FROM trading.fill_corrections c
        UNION ALL SELECT 'cash_events', c.bot_id, c.user_id FROM trading.cash_events c
        UNION ALL SELECT 'balances', s.bot_id, s.user_id FROM trading.balances s
        UNION ALL SELECT 'equity_snapshots', e.bot_id, e.user_id FROM trading.equity_snapshots e
        UNION ALL SELECT 'bot_orders', o.bot_id, o.user_id FROM trading.bot_orders o
        UNION ALL SELECT 'bot_markets', k.bot_id, k.user_id FROM trading.bot_markets k
        UNION ALL SELECT 'unbooked_fills', u.bot_id, u.user_id FROM trading.unbooked_fills u
        UNION ALL SELECT 'pair_locks', l.bot_id, l.user_id FROM trading.pair_locks l
        UNION ALL SELECT 'performance_metrics', m.bot_id, m.user_id FROM trading.performance_metrics m) r
    LEFT JOIN trading.bot_accounts b ON b.id = r.bot_id
    WHERE b.user_id IS DISTINCT FROM r.user_id
$$;
COMMENT ON FUNCTION trading_private.verify_users() IS
'What verify() says of rows that name another user than their bot: a foreign key keeps them out, but of nobody who '
'goes round it';
