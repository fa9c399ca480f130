-- What a bot has traded on our own exchange is booked whatever comes. What cannot be is set aside, told of, and tried
-- again; it holds up no other trade, no other bot, and no step of a bot's life.
INSERT INTO identity.users (id, name, db_role) VALUES (101, 'ann', 'tunbk_ann'), (102, 'ben', 'tunbk_ben'),
                                                      (103, 'house', NULL);
CREATE ROLE tunbk_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE tunbk_ben LOGIN IN ROLE bourse_trader;
CREATE ROLE tunbk_admin LOGIN IN ROLE bourse_admin;
ALTER TABLE trading.bot_accounts ALTER id RESTART WITH 7501;
SELECT exchange.create_market(s || '-USD', s, 'USD', maker_rate => 0, taker_rate => 0)
FROM unnest('{BTC,ETH}'::text[]) s;
SELECT count(exchange.deposit(u, a, 10000000)) FROM unnest(ARRAY[101, 103]) u, unnest('{USD,BTC,ETH}'::text[]) a;
-- Buys one and sells it for a dollar more, and has an entry rest somewhere else.
CREATE FUNCTION gain(bot bigint) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
    PERFORM trading.place_order(bot, 'BTC-USD', 'buy', 100, 1), exchange.place_order(103, 'BTC-USD', 'sell', 100, 1),
            trading.sync_fills(bot), trading.place_order(bot, 'BTC-USD', 'sell', 101, 1),
            trading.place_order(bot, 'ETH-USD', 'buy', 10, 2), trading.place_order(bot, 'ETH-USD', 'buy', 9, 1),
            exchange.place_order(103, 'BTC-USD', 'buy', 101, 1), exchange.place_order(103, 'ETH-USD', 'sell', 10, 1);
END
$$;
CREATE VIEW rich AS
    SELECT b.id, b.status, b.current_balance, b.fill_count, b.error_count, b.last_error,
           (SELECT count(*) FROM trading.unbooked_fills u WHERE u.bot_id = b.id) AS unbooked,
           (SELECT string_agg(x.status, ', ' ORDER BY x.id)
            FROM trading.bot_orders o JOIN exchange.orders x ON x.id = o.order_id WHERE o.bot_id = b.id) AS orders
    FROM trading.bot_accounts b ORDER BY b.id;

-- A gain for which its balance has no room. The trade in the other market is booked.
SET SESSION AUTHORIZATION tunbk_ann;
SELECT trading.create_bot(101, 'rich', '{}', starting_balance => 999999999999.99999999) AS rich,
       trading.create_bot(101, 'poor', '{}', starting_balance => 1000) AS poor \gset
SELECT trading.start_bot(:rich), trading.start_bot(:poor);
RESET SESSION AUTHORIZATION;
SELECT gain(:rich), gain(:poor);
SET SESSION AUTHORIZATION tunbk_ann;
SELECT trading.sync_fills() AS booked;
SELECT symbol, side, quantity, price, fee, sqlstate, reason, hint FROM trading.unbooked_fills;
SELECT event, old_status, new_status, detail FROM trading.bot_events(:rich, 1);
SET SESSION AUTHORIZATION tunbk_ben;
SELECT count(*) AS seen FROM trading.unbooked_fills;
SELECT refusal('SELECT trading.retry_fills(7501)');
RESET SESSION AUTHORIZATION;
SELECT * FROM rich;
SELECT alert, subject, detail, hint FROM bourse.alerts() WHERE module = 'trading';
SELECT issue, count FROM bourse.integrity() WHERE module = 'trading' AND count > 0;
SELECT check_name, regexp_replace(subject, '(order|trade) \d+', '\1', 'g') AS subject, expected, actual
FROM trading.verify();
-- Its resting entry goes, and what was set aside is not counted again.
SELECT trading_private.cancel_unwanted(100) AS cancelled;
SELECT trading.sync_fills(:rich), trading.sync_fills();
SELECT * FROM rich WHERE id = :rich;
-- Nobody knows what it holds: what its books take for an exit is none, it is not started, and a heartbeat after a
-- silence does not have it go on.
UPDATE trading.bot_heartbeats SET silent_since = now() WHERE bot_id = :rich;
SET SESSION AUTHORIZATION tunbk_ann;
SELECT direction, qty_open FROM trading.positions WHERE bot_id = :rich AND symbol = 'BTC-USD';
SELECT call, refusal('SELECT trading.' || call) AS answer
FROM (VALUES ('place_order(7501, ''BTC-USD'', ''sell'', 200, 1)'), ('start_bot(7501)')) c (call);
SELECT trading.heartbeat(:rich) AS status;
-- Tried again it stays, until there is room.
SET SESSION AUTHORIZATION tunbk_ann;
SELECT trading.retry_fills(:rich);
SELECT sqlstate, tried_at > set_aside_at AS tried_again FROM trading.unbooked_fills;
SELECT trading.apply_cash(:rich, 'room', 'withdrawal', -1000) AS balance;
SET SESSION AUTHORIZATION tunbk_admin;
SELECT trading.retry_fills(:rich);
SELECT trading.retry_fills(:rich);
RESET SESSION AUTHORIZATION;
SELECT * FROM rich WHERE id = :rich;
SELECT * FROM trading.verify();

-- Every step is taken: a bot that nobody has synced yet is paused, stopped, has failed, is disabled; its orders go.
SET SESSION AUTHORIZATION tunbk_ann;
SELECT array_agg(trading.create_bot(101, 'rich', '{}', starting_balance => 999999999999.99999999)) AS more
FROM generate_series(1, 4) \gset
SELECT count(trading.start_bot(b)) FROM unnest(:'more'::bigint[]) b;
RESET SESSION AUTHORIZATION;
SELECT count(gain(b)) FROM unnest(:'more'::bigint[]) b;
SELECT (:'more'::bigint[])[1] AS a, (:'more'::bigint[])[2] AS b, (:'more'::bigint[])[3] AS c,
       (:'more'::bigint[])[4] AS d \gset
SET SESSION AUTHORIZATION tunbk_ann;
SELECT trading.pause_bot(:a), trading.stop_bot(:b), trading.fail_bot(:c, 'no disk');
SET SESSION AUTHORIZATION tunbk_admin;
SELECT trading.disable_bot(:d, 'kill');
RESET SESSION AUTHORIZATION;
SELECT status, fill_count, error_count, last_error, unbooked, orders FROM rich WHERE id >= :a;
SELECT bot_id - :a AS bot, event, old_status, new_status, detail FROM trading.bot_events WHERE bot_id >= :a ORDER BY id;

-- Books that are damaged: the others are booked, the bot has failed, and can be stopped all the same.
SET SESSION AUTHORIZATION tunbk_ann;
SELECT trading.create_bot(101, 'torn', '{}') AS torn, trading.create_bot(101, 'whole', '{}') AS whole \gset
SELECT trading.start_bot(:torn), trading.start_bot(:whole);
SELECT status FROM unnest(ARRAY[:torn, :whole]) b, trading.place_order(b, 'BTC-USD', 'buy', 50, 2);
RESET SESSION AUTHORIZATION;
SELECT status FROM exchange.place_order(103, 'BTC-USD', 'sell', 50, 1);
SELECT trading.sync_fills(:torn);
SET session_replication_role = replica;
DELETE FROM trading.trades WHERE bot_id = :torn;
RESET session_replication_role;
SELECT status FROM exchange.place_order(103, 'BTC-USD', 'sell', 50, 2);
\set VERBOSITY terse
SET SESSION AUTHORIZATION tunbk_ann;
SELECT trading.sync_fills();
SELECT status, last_error FROM trading.bots WHERE id = :torn;
SELECT trading.stop_bot(:torn), trading.stop_bot(:whole);
RESET SESSION AUTHORIZATION;
SELECT status, fill_count, orders FROM rich WHERE id IN (:torn, :whole);

-- More lots than are kept: what comes on top of them joins the youngest, and all that was gained is there when it is
-- flat.
SELECT trading.create_bot(101, 'lots', '{}', method => 'fifo') AS lots \gset
SELECT trading.start_bot(:lots);
SELECT status FROM trading.place_order(:lots, 'ETH-USD', 'buy', 5, 1002);
SELECT count(exchange.place_order(103, 'ETH-USD', 'sell', 5, 1)) FROM generate_series(1, 1002);
SELECT trading.sync_fills(:lots);
SELECT qty_open, cost, jsonb_array_length(lots) AS lots, lots #>> '{999,quantity}' AS youngest FROM trading.positions
WHERE bot_id = :lots;
SELECT * FROM trading.verify() WHERE subject LIKE 'position%';
SELECT status FROM trading.place_order(:lots, 'ETH-USD', 'sell', 7, 1002);
SELECT status FROM exchange.place_order(103, 'ETH-USD', 'buy', 7, 1002);
SELECT trading.stop_bot(:lots);
SELECT current_balance, trade_count FROM trading.bot_accounts WHERE id = :lots;

-- In portions: of a trade with the bot on both sides both are in one.
SELECT trading.create_bot(101, 'both', '{}') AS both \gset
SELECT trading.start_bot(:both);
SELECT last_sequence AS before FROM exchange.markets WHERE symbol = 'BTC-USD' \gset
SELECT count(trading.place_order(:both, 'BTC-USD', side, 60, 1, self_trade_prevention => 'none'))
FROM unnest('{buy,sell,buy,sell}'::text[]) side;
SELECT most, jsonb_array_length(t.trades) AS trades, t.until - :before AS until
FROM unnest(ARRAY[1, 2, 3, 4, 5]) most,
     trading_private.trades_since(:both, 'BTC-USD', :before, :before + 2, most) t ORDER BY most;

-- Trades of the exchange are facts: neither corrected nor busted; and the journal has them, as verify() sees.
SET SESSION AUTHORIZATION tunbk_ann;
SELECT f.fill_id AS fact FROM trading.fills f WHERE f.bot_id = :both LIMIT 1 \gset
SELECT regexp_replace(refusal(format('SELECT trading.%s_fill(%s, %L, %s)', c.kind, :both, :'fact', c.rest)), '\d+:\d+',
                      '…') AS answer
FROM (VALUES ('bust', '''never was'''), ('correct', 'NULL, 1, NULL, ''was cheaper''')) c (kind, rest);
RESET SESSION AUTHORIZATION;
CREATE FUNCTION damage(statement text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    before CONSTANT text[] := ARRAY(SELECT v::text FROM trading.verify() v);
    found text[];
BEGIN
    BEGIN
        SET LOCAL session_replication_role = replica;
        EXECUTE statement;
        found := ARRAY(SELECT DISTINCT v.check_name FROM trading.verify() v WHERE v::text <> ALL (before) ORDER BY 1);
        RAISE EXCEPTION USING ERRCODE = 'P0099';
    EXCEPTION WHEN SQLSTATE 'P0099' THEN
        NULL;
    END;
    RETURN QUERY SELECT coalesce(array_to_string(found, ', '), 'nothing');
END
$$;
SELECT statement, damage(statement) AS found
FROM unnest(ARRAY[
    $$DELETE FROM trading.fills WHERE bot_id = (SELECT max(id) FROM trading.bot_accounts) AND side = 'buy'$$,
    $$UPDATE trading.fills SET fee = fee + 1 WHERE fill_id LIKE 'exchange:%'$$,
    $$UPDATE exchange.orders SET status = 'open', ended_at = NULL, cancel_reason = NULL, traded_until = NULL
      WHERE id = (SELECT max(o.order_id) FROM trading.bot_orders o JOIN exchange.orders x ON x.id = o.order_id
                  WHERE o.is_settled AND x.status = 'cancelled')$$,
    $$UPDATE trading.bot_orders SET is_settled = false; DELETE FROM trading.bot_markets$$])
    WITH ORDINALITY s (statement, n) ORDER BY n;

-- A fill that closes all of a position is no entry, whatever its fee takes of what is traded: a paused bot books it.
SELECT trading.create_bot(101, 'fees', '{}') AS fees \gset
SELECT trading.start_bot(:fees);
SELECT count(trading.apply_fill(:fees, s || 1, s || '-USD', side, 1, 100))
FROM (VALUES ('BTC', 'buy'), ('ETH', 'sell')) f (s, side);
SELECT trading.pause_bot(:fees);
SELECT s, f.quantity, f.realized_pnl, f.commission
FROM (VALUES ('BTC', 'sell', 0.001), ('ETH', 'buy', -0.001)) v (s, side, fee),
     trading.apply_fill(:fees, s || 2, s || '-USD', side, 1, 110, fee, s) f;
-- One that closes and opens is.
SELECT refusal(format('SELECT trading.apply_fill(%s, ''more'', ''BTC-USD'', ''buy'', 1.1, 110)', :fees));
