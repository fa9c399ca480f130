-- What verify() says of books that somebody has changed behind every guard: each damage is named, and none hides
-- others. Calls that meet it refuse, and change nothing.
INSERT INTO identity.users (id, name) VALUES (101, 'ann'), (102, 'ben');
ALTER TABLE trading.bot_accounts ALTER id RESTART WITH 7801;
ALTER TABLE trading.positions ALTER id RESTART WITH 7801;
ALTER TABLE trading.trades ALTER id RESTART WITH 7801;
SET timezone = 'UTC';
SET datestyle = 'ISO';
CREATE FUNCTION fill(bot bigint, id text, side text, price numeric, day integer, reason text DEFAULT NULL)
RETURNS numeric LANGUAGE sql AS $$
    SELECT balance FROM trading.apply_fill(bot, id, 'S', side, 2, price, 1,
        filled_at => '2026-01-01Z'::timestamptz + day * interval '1 day', strategy_name => 'swing',
        entry_logic_name => 'cross', exit_logic_name => 'target', "interval" => '1h', exit_reason => reason)
$$;

SELECT trading.create_bot(101, 'grid', '{}', starting_balance => 1000) AS average,
       trading.create_bot(101, 'grid', '{}', method => 'fifo') AS fifo,
       trading.create_bot(102, 'grid', '{}') AS other \gset
SELECT trading.start_bot(b) FROM generate_series(7801, 7803) b;
SELECT fill(b, 'a', 'buy', 100, 1), fill(b, 'b', 'sell', 110, 2, 'take_profit'), fill(b, 'c', 'buy', 120, 3)
FROM unnest(ARRAY[:average, :fifo]) b;
SELECT trading.apply_cash(:average, 'f', 'funding', -3, 'S') AS funding,
       trading.apply_cash(:average, 'd', 'deposit', 50) AS deposit,
       trading.record_equity(:average, '2026-01-05Z', '{"S": 125}') AS equity;
SELECT trading.correct_fill(:average, 'b', NULL, 111, NULL, 'the venue has corrected it') AS corrected;
SELECT fill(b, 'd', 'buy', 130, 6), fill(b, 'e', 'sell', 125, 7, 'stop_loss') FROM unnest(ARRAY[:average, :fifo]) b;
SELECT trading.apply_cash(:other, 'g', 'deposit', 5) AS deposit,
       trading.apply_cash(:other, 'h', 'interest', 2) AS interest;
SELECT trading.lock_pair(:average, 'S', 'buy', now() + interval '1 hour') > 0 AS locked;
SELECT * FROM trading.verify();

-- Says what verify() finds when this has been done, and undoes it.
CREATE FUNCTION found(change text) RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE plpgsql AS $$
DECLARE
    said jsonb;
BEGIN
    BEGIN
        SET LOCAL session_replication_role = replica;
        EXECUTE change;
        SET LOCAL session_replication_role = origin;
        SELECT jsonb_agg(v ORDER BY v.check_name, v.subject) INTO said FROM trading.verify() v;
        RAISE EXCEPTION 'undone' USING ERRCODE = 'ZZ000';
    EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
        NULL;
    END;
    RETURN QUERY SELECT * FROM jsonb_to_recordset(said) AS r (
        check_name text, subject text, expected text, actual text);
END
$$;
\pset format unaligned
SELECT c.n, c.change, f.* FROM unnest(ARRAY[
    'UPDATE trading.positions SET multiplier = 3 WHERE id = 7802',
    'UPDATE trading.positions SET opened_at = ''2025-12-31Z'' WHERE id = 7803',
    'UPDATE trading.positions SET closed_at = ''2026-02-01Z'' WHERE status = ''closed'' AND bot_id = 7801',
    'UPDATE trading.positions SET strategy_name = NULL, "interval" = ''5m'' WHERE id = 7803',
    'UPDATE trading.positions SET lots = ''{}'' WHERE bot_id = 7802 AND status = ''open''',
    'UPDATE trading.positions SET lots = ''[1]'' WHERE bot_id = 7802 AND status = ''open''',
    'UPDATE trading.positions SET lots = jsonb_set(lots, ''{0,low}'', ''"x"'') WHERE bot_id = 7802 AND status = ''open''',
    'UPDATE trading.positions SET low = 125 WHERE bot_id = 7801 AND status = ''open''',
    'UPDATE trading.trades SET exit_reason = ''roi'' WHERE exit_reason = ''stop_loss''',
    'UPDATE trading.trades SET entry_logic_name = ''x'', exit_logic_name = ''y'' WHERE exit_reason = ''take_profit''',
    'UPDATE trading.trades SET gross_pnl = gross_pnl + 1, net_pnl = net_pnl + 1 WHERE exit_reason = ''take_profit'''
]) WITH ORDINALITY c (change, n) LEFT JOIN LATERAL found(c.change) f ON true ORDER BY c.n, f.check_name, f.subject;
-- A row is of the user of its bot, whatever it is a row of.
SELECT c.n, c.t, f.subject, f.expected, f.actual FROM unnest('{bot_heartbeats,bot_events,positions,trades,fills,
    fill_corrections,cash_events,equity_snapshots,pair_locks}'::text[]) WITH ORDINALITY c (t, n)
LEFT JOIN LATERAL found(format('UPDATE trading.%s SET user_id = 102 WHERE bot_id = 7801', c.t)) f
    ON f.check_name = 'row_is_of_the_user_of_its_bot' ORDER BY c.n;
-- What was answered after each fill and each cash, but where a correction has come between.
SELECT c.n, c.change, f.* FROM unnest(ARRAY[
    'UPDATE trading.fills SET balance = balance + 1 WHERE bot_id = 7801 AND fill_id = ''a''',
    'UPDATE trading.fills SET balance = balance + 1 WHERE bot_id = 7801 AND fill_id = ''e''',
    'UPDATE trading.fills SET realized_pnl = 0 WHERE bot_id = 7802 AND fill_id = ''b''',
    'UPDATE trading.cash_events SET amount = 49 WHERE cash_id = ''d''',
    'UPDATE trading.cash_events SET balance = balance + 1 WHERE cash_id = ''g''',
    'UPDATE trading.cash_events SET balance = balance + 1 WHERE cash_id = ''h''',
    'UPDATE trading.fills SET quantity = 100000000000 WHERE bot_id = 7802 AND fill_id = ''a''',
    'UPDATE trading.bot_accounts SET current_balance = 1 WHERE id = 7802'
]) WITH ORDINALITY c (change, n) LEFT JOIN LATERAL found(c.change) f
    ON f.check_name IN ('balance_was_answered', 'fills_can_be_booked_again', 'balance_is_trades_and_cash')
ORDER BY c.n, f.check_name, f.subject;
\pset format aligned
SELECT * FROM trading.verify();

-- What calls of damaged books are refused with; nothing is changed by them.
CREATE FUNCTION refused(change text, call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    said text;
BEGIN
    BEGIN
        SET LOCAL session_replication_role = replica;
        EXECUTE change;
        SET LOCAL session_replication_role = origin;
        said := refusal('SELECT trading.' || call);
        RAISE EXCEPTION 'undone' USING ERRCODE = 'ZZ000';
    EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
        NULL;
    END;
    RETURN said;
END
$$;
\pset format unaligned
SELECT d.n, c.m, refused(d.change, c.call) AS answer FROM unnest(ARRAY[
    'UPDATE trading.positions SET cost = ''NaN'' WHERE bot_id = 7802 AND status = ''open''',
    'UPDATE trading.positions SET low = ''NaN'' WHERE bot_id = 7802 AND status = ''open''',
    'UPDATE trading.positions SET lots = ''[1]'' WHERE bot_id = 7802 AND status = ''open''',
    'UPDATE trading.positions SET lots = ''{}'' WHERE bot_id = 7802 AND status = ''open''',
    'UPDATE trading.positions SET open_trade_id = 1 WHERE bot_id = 7802 AND status = ''open''',
    'UPDATE trading.fills SET trade_type = ''x'' WHERE bot_id = 7802',
    'UPDATE trading.fills SET fee = ''NaN'' WHERE bot_id = 7802'
]) WITH ORDINALITY d (change, n) CROSS JOIN unnest(ARRAY[
    $$apply_fill(7802, 'x', 'S', 'sell', 1, 100)$$, $$correct_fill(7802, 'd', NULL, 131, NULL, 'why')$$,
    $$bust_fill(7802, 'e', 'why')$$, $$apply_cash(7802, 'x', 'funding', 1, 'S')$$,
    $$record_equity(7802, now(), '{"S": 1}')$$]) WITH ORDINALITY c (call, m) ORDER BY d.n, c.m;
\pset format aligned
SELECT * FROM trading.verify();
