-- Corrections and busts: the journal stays, what counts is booked again; and verify() finds what was planted.
INSERT INTO identity.users (id, name, db_role) VALUES (101, 'ann', 'tcorr_ann'), (102, 'ben', 'tcorr_ben');
CREATE ROLE tcorr_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE tcorr_ben LOGIN IN ROLE bourse_trader;
ALTER TABLE trading.bot_accounts ALTER id RESTART WITH 7001;
SET SESSION AUTHORIZATION tcorr_ann;
SELECT trading.create_bot(101, 'grid', '{}', starting_balance => 1000) AS bot \gset
SELECT trading.start_bot(:bot);
SELECT n, f.quantity, f.balance
FROM (VALUES (1, 'buy', 2, 10), (2, 'sell', 1, 12), (3, 'sell', 1, 13), (4, 'buy', 1, 11))
    r (n, side, q, p), LATERAL trading.apply_fill(:bot, 'x' || n, 'BTC-USD', side, q, p, 0.1) f ORDER BY n;
CREATE TEMP VIEW booked AS
    SELECT p.id - min(p.id) OVER () AS position, p.status, p.qty_open, p.realized_pnl, p.fees, t.size, t.gross_pnl,
           t.net_pnl, t.status AS trade
    FROM trading.positions p JOIN trading.trades t ON t.position_id = p.id ORDER BY p.id, t.first_fill, t.id;
SELECT * FROM booked;

-- The price was another one: the balance, the position and its trades are as if it had been told so at once.
SELECT trading.correct_fill(:bot, 'x1', NULL, 9, NULL, 'typed wrong');
SELECT * FROM booked;
SELECT current_balance, total_pnl, open_positions, trade_count, fill_count FROM trading.bot_accounts;
-- The journal says what was told, and a repeat of that gets the first answer.
SELECT price, balance FROM trading.fills WHERE fill_id = 'x1';
SELECT balance FROM trading.apply_fill(:bot, 'x1', 'BTC-USD', 'buy', 2, 10, 0.1);
SELECT fill_id, kind, quantity, price, fee, reason, actor = session_user AS by_ann FROM trading.fill_corrections;

-- A fill that never was. What it had closed is open again, and what follows is one position with it.
SELECT trading.bust_fill(:bot, 'x3', 'cancelled by the exchange');
SELECT * FROM booked;
SELECT * FROM trading.apply_fill(:bot, 'x5', 'BTC-USD', 'sell', 3, 12);
SELECT * FROM booked;

SELECT call, refusal('SELECT trading.' || call) AS answer FROM unnest(ARRAY[
    $$correct_fill(7001, 'x3', 1, 1, 0, 'again')$$, $$bust_fill(7001, 'x3', 'again')$$,
    $$bust_fill(7001, 'none', 'x')$$,
    $$bust_fill(7001, NULL, 'x')$$, $$bust_fill(7001, 'x1', NULL)$$, $$bust_fill(7001, 'x1', ' ')$$,
    $$correct_fill(7001, 'x1', 0, 1, 0, 'x')$$, $$correct_fill(7001, 'x1', 1, -1, 0, 'x')$$,
    $$correct_fill(7001, 'x1', 1, 'NaN', 0, 'x')$$, $$correct_fill(7001, 'x1', 1e11, 100, 0, 'x')$$,
    $$bust_fill(1, 'x1', 'x')$$]) WITH ORDINALITY c (call, n) ORDER BY n;
SET SESSION AUTHORIZATION tcorr_ben;
SELECT refusal('SELECT trading.bust_fill(7001, ''x1'', ''not mine'')') AS answer;
SELECT count(*) AS seen FROM trading.fill_corrections;
RESET SESSION AUTHORIZATION;
SELECT * FROM trading.verify();

-- Each of these is found.
CREATE FUNCTION damage(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    found text[];
BEGIN
    BEGIN
        SET LOCAL session_replication_role = replica;
        EXECUTE statement;
        found := ARRAY(SELECT DISTINCT v.check_name FROM trading.verify() v ORDER BY 1);
        RAISE EXCEPTION USING ERRCODE = 'P0099';
    EXCEPTION WHEN SQLSTATE 'P0099' THEN
        NULL;
    END;
    RETURN QUERY SELECT coalesce(array_to_string(found, ', '), 'nothing');
END
$$;
SELECT trading.apply_cash(:bot, 'c1', 'funding', 1, 'BTC-USD') IS NOT NULL AS funded,
       trading.record_equity(:bot, '2026-01-01Z', '{"BTC-USD": 11}') IS NOT NULL AS noted;
SELECT statement, damage(statement) AS found FROM unnest(ARRAY[
    'UPDATE trading.positions SET realized_pnl = realized_pnl + 0.00000001',
    'UPDATE trading.positions SET cost = cost + 0.000000000000000000000001 WHERE status = ''open''',
    'UPDATE trading.positions SET funding = funding + 1',
    'DELETE FROM trading.positions WHERE status = ''open''',
    'UPDATE trading.trades SET commission = commission + 1, net_pnl = net_pnl - 1 WHERE status = ''closed''',
    'UPDATE trading.trades SET size = size + 1 WHERE status = ''open''',
    'DELETE FROM trading.trades WHERE status = ''open''',
    'DELETE FROM trading.trades WHERE status = ''closed''',
    'UPDATE trading.bot_accounts SET current_balance = current_balance + 0.00000001',
    'UPDATE trading.bot_accounts SET total_pnl = total_pnl + 0.00000001',
    'UPDATE trading.bot_accounts SET fill_count = fill_count + 1',
    'UPDATE trading.bot_accounts SET trade_count = trade_count + 1',
    'UPDATE trading.bot_accounts SET open_positions = open_positions + 1',
    'DELETE FROM trading.fills WHERE fill_id = ''x2''',
    'UPDATE trading.fills SET price = price + 1 WHERE fill_id = ''x4''',
    'DELETE FROM trading.fill_corrections',
    'DELETE FROM trading.cash_events']) WITH ORDINALITY s (statement, n) ORDER BY n;
-- So is what is wrong with lots, with prices that were seen, with whose funding it is, and with one trade of many.
SELECT trading.create_bot(101, 'grid', '{}', method => 'fifo', starting_balance => 1000) AS fifo \gset
SELECT trading.start_bot(:fifo);
SELECT n, f.quantity, f.realized_pnl
FROM (VALUES (1, 'buy', 2, 10), (2, 'buy', 1, 12), (3, 'sell', 1, 13)) r (n, side, q, p),
    LATERAL trading.apply_fill(:fifo, 'y' || n, 'ETH-USD', side, q, p, 0.1,
                               filled_at => timestamptz '2026-01-01Z' + n * interval '1 day') f ORDER BY n;
SELECT statement, damage(statement) AS found FROM unnest(ARRAY[
    'UPDATE trading.positions SET gain = gain + 0.000000000000000000000001',
    'UPDATE trading.positions SET avg_price = avg_price + 0.00000001 WHERE status = ''open''',
    'UPDATE trading.positions SET low = low + 0.00000001 WHERE symbol = ''ETH-USD''',
    'UPDATE trading.positions SET high = high - 0.00000001 WHERE symbol = ''ETH-USD''',
    'UPDATE trading.positions SET lots = jsonb_set(lots, ''{0,quantity}'', ''"9.00000000"'') WHERE lots IS NOT NULL',
    'UPDATE trading.positions SET lots = jsonb_set(lots, ''{1,cost}'', ''"1"'') WHERE lots IS NOT NULL',
    'UPDATE trading.positions SET lots = jsonb_set(lots, ''{1,fees}'', ''"0.00000000"'') WHERE lots IS NOT NULL',
    'UPDATE trading.positions SET lots = lots - 1 WHERE lots IS NOT NULL',
    'UPDATE trading.positions SET lots = jsonb_set(lots, ''{0,high}'', ''"12.99999999"'') WHERE lots IS NOT NULL',
    'UPDATE trading.positions SET lots = NULL',
    'UPDATE trading.trades SET entry_price = entry_price + 0.00000001 WHERE status = ''closed''',
    'UPDATE trading.trades SET exit_price = exit_price + 0.00000001 WHERE status = ''closed''',
    'UPDATE trading.trades SET size = size + 0.00000001 WHERE status = ''closed''',
    'UPDATE trading.trades SET exit_time = exit_time + interval ''1 microsecond'' WHERE status = ''closed''',
    'UPDATE trading.trades SET entry_time = entry_time - interval ''1 microsecond'' WHERE status = ''closed''',
    'UPDATE trading.trades SET direction = ''short'' WHERE status = ''closed''',
    'UPDATE trading.trades SET pnl_percentage = 0 WHERE status = ''closed''',
    'UPDATE trading.trades SET unconverted_fees = 1 WHERE status = ''closed''',
    'UPDATE trading.trades SET mae = 0, mfe = 0 WHERE status = ''closed''',
    'UPDATE trading.trades SET first_fill = first_fill + 7 WHERE status = ''closed''',
    'UPDATE trading.trades SET entry_price = entry_price + 0.00000001 WHERE status = ''open''',
    'UPDATE trading.cash_events SET position_id = NULL',
    'UPDATE trading.cash_events SET fill_number = 0']) WITH ORDINALITY s (statement, n) ORDER BY n;
-- Prices that were seen besides are in no journal: more of them is no damage.
SELECT damage('UPDATE trading.positions SET low = 1, high = 99') AS positions,
       damage('UPDATE trading.trades SET mae = -5, mfe = 50 WHERE status = ''closed''') AS trades;
SELECT * FROM trading.verify();
DROP VIEW booked;
DROP ROLE tcorr_ann, tcorr_ben;
