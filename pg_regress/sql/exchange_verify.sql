-- verify() is empty; and it is not blind: each kind of damage, planted behind the back of every guard, is named.
SELECT exchange.create_market('VER-USD', 'VER', 'USD');
INSERT INTO identity.users (name) VALUES ('ver ann') RETURNING id AS ann \gset
INSERT INTO identity.users (name) VALUES ('ver bob') RETURNING id AS bob \gset
SELECT count(exchange.deposit(u, a, 1000)) FROM unnest(ARRAY[:ann, :bob]) u, unnest(ARRAY['VER', 'USD']) a;
SELECT id AS sell FROM exchange.place_order(:ann, 'VER-USD', 'sell', 10, 5) \gset
SELECT id AS buy FROM exchange.place_order(:bob, 'VER-USD', 'buy', 10, 2) \gset
SELECT id AS bid FROM exchange.place_order(:bob, 'VER-USD', 'buy', 9, 1) \gset
SELECT status FROM exchange.place_order(:ann, 'VER-USD', 'sell', 11, 1);
SELECT status FROM exchange.place_order(:bob, 'VER-USD', 'buy', 11, 1, time_in_force => 'ioc');
SELECT status FROM exchange.place_order(:ann, 'VER-USD', 'sell', NULL, 2, 'stop', stop_price => 5);
SELECT * FROM exchange.verify();

-- Damage, check, undo. replica switches triggers and foreign keys off; CHECKs are dropped where they stand in the way.
CREATE TEMP TABLE planted (n serial, damage text, prepare text DEFAULT '');
INSERT INTO planted (damage) VALUES
    ('UPDATE exchange.assets SET amount = amount + 1 WHERE user_id = person(''ver ann'') AND symbol = ''USD'''),
    ('UPDATE exchange.assets SET amount = amount + CASE user_id WHEN person(''ver ann'') THEN 1 ELSE -1 END WHERE symbol = ''VER'' AND user_id IN (person(''ver ann''), person(''ver bob''))'),
    ('UPDATE exchange.assets SET amount = amount - 1, locked_amount = locked_amount + 1 WHERE user_id = person(''ver ann'') AND symbol = ''VER'''),
    ('DELETE FROM exchange.assets WHERE user_id = person(''ver bob'') AND symbol = ''VER'''),
    ('INSERT INTO exchange.assets (user_id, symbol, amount) VALUES (person(''ver bob''), ''GIFT'', 1)'),
    ('DELETE FROM exchange.transfers WHERE user_id = person(''ver bob'') AND asset = ''VER'''),
    ('UPDATE exchange.transfers SET amount = amount * 2 WHERE user_id = person(''ver bob'') AND asset = ''VER'''),
    ('INSERT INTO exchange.transfers (user_id, asset, kind, amount) VALUES (person(''ver bob''), ''VER'', ''deposit'', 1)'),
    ('UPDATE exchange.orders SET reserved = reserved - 1 WHERE user_id = person(''ver ann'') AND price = 10'),
    ('UPDATE exchange.orders SET reserved = 1 WHERE user_id = person(''ver bob'') AND status = ''filled'''),
    ('UPDATE exchange.orders SET filled_amount = filled_amount + 1 WHERE user_id = person(''ver ann'') AND price = 10'),
    ('UPDATE exchange.orders SET status = ''cancelled'', cancel_reason = ''user'', ended_at = now() WHERE user_id = person(''ver bob'') AND status = ''open'''),
    ('UPDATE exchange.orders SET price = 10 WHERE user_id = person(''ver bob'') AND status = ''open'''),
    ('UPDATE exchange.orders SET priority = 4 WHERE user_id = person(''ver ann'') AND symbol = ''VER-USD'''),
    ('UPDATE exchange.orders SET priority = 1 WHERE symbol = ''VER-USD'''),
    ('UPDATE exchange.orders SET user_id = 0 WHERE user_id = person(''ver bob'') AND status = ''open'''),
    ('UPDATE exchange.orders SET side = ''sell'' WHERE user_id = person(''ver bob'') AND status = ''filled'''),
    ('DELETE FROM exchange.orders WHERE user_id = person(''ver bob'') AND status = ''filled'''),
    ('DELETE FROM exchange.trades WHERE symbol = ''VER-USD'' AND sequence = 1'),
    ('DELETE FROM exchange.trades WHERE symbol = ''VER-USD'' AND sequence = 2'),
    ('UPDATE exchange.trades SET sequence = 3 WHERE symbol = ''VER-USD'' AND sequence = 2'),
    ('UPDATE exchange.trades SET amount = amount + 1 WHERE symbol = ''VER-USD'' AND sequence = 1'),
    ('UPDATE exchange.trades SET price = price + 1 WHERE symbol = ''VER-USD'' AND sequence = 1'),
    ('UPDATE exchange.trades SET buyer_commission = 0, commission = seller_commission WHERE symbol = ''VER-USD'' AND sequence = 1'),
    ('UPDATE exchange.orders SET reserved = reserved - 1 WHERE user_id = person(''ver ann'') AND status = ''pending'''),
    ('UPDATE exchange.orders SET status = ''cancelled'', cancel_reason = ''user'', ended_at = now() WHERE user_id = person(''ver ann'') AND status = ''pending'''),
    ('UPDATE exchange.markets SET swept_sequence = 1 WHERE symbol = ''VER-USD'''),
    ('UPDATE exchange.markets SET last_sequence = last_sequence + 1 WHERE symbol = ''VER-USD'''),
    ('DELETE FROM exchange.markets WHERE symbol = ''VER-USD'''),
    ('UPDATE exchange.trades SET created_at = created_at - interval ''1 day'' WHERE symbol = ''VER-USD'' AND sequence = 2'),
    -- A trade in another market than its orders, where base and quote are worth something else.
    ('INSERT INTO exchange.markets (symbol, base, quote, tick_size, lot_size, maker_rate, taker_rate) VALUES (''VER2-USD'', ''VER2'', ''USD'', 0.01, 0.01, 0, 0); UPDATE exchange.trades SET symbol = ''VER2-USD'' WHERE symbol = ''VER-USD'' AND sequence = 1'),
    ('UPDATE exchange.trades t SET buy_order_id = o.id FROM exchange.orders o WHERE t.symbol = ''VER-USD'' AND t.sequence = 1 AND o.user_id = person(''ver bob'') AND o.price = 9'),
    ('UPDATE exchange.trades SET sell_order_id = 0 WHERE symbol = ''VER-USD'' AND sequence = 1');
INSERT INTO planted (damage, prepare) VALUES
    ('UPDATE exchange.assets SET amount = -1 WHERE user_id = person(''ver ann'') AND symbol = ''USD''',
     'ALTER TABLE exchange.assets DROP CONSTRAINT assets_amount_check'),
    ('UPDATE exchange.assets SET locked_amount = ''NaN'' WHERE user_id = person(''ver ann'') AND symbol = ''USD''',
     'ALTER TABLE exchange.assets DROP CONSTRAINT assets_locked_amount_check, DROP CONSTRAINT assets_total_check'),
    ('UPDATE exchange.orders SET status = ''open'', ended_at = NULL, traded_until = NULL WHERE user_id = person(''ver bob'') AND status = ''filled''',
     'ALTER TABLE exchange.orders DROP CONSTRAINT orders_status_amount_check'),
    ('UPDATE exchange.assets SET amount = 999999999999, locked_amount = 1 WHERE user_id = person(''ver ann'') AND symbol = ''USD''',
     'ALTER TABLE exchange.assets DROP CONSTRAINT assets_total_check');
CREATE FUNCTION pg_temp.found(prepare text, damage text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    found text;
    rows bigint;
BEGIN
    BEGIN
        SET LOCAL session_replication_role = replica;
        IF prepare <> '' THEN
            EXECUTE prepare;
        END IF;
        EXECUTE damage;
        GET DIAGNOSTICS rows = ROW_COUNT;
        SELECT string_agg(DISTINCT check_name, ' ' ORDER BY check_name) INTO found FROM exchange.verify();
        RAISE EXCEPTION USING ERRCODE = 'P0DMG',
        MESSAGE = CASE rows WHEN 0 THEN 'no damage done' ELSE coalesce(found, 'NOTHING FOUND') END;
    EXCEPTION WHEN SQLSTATE 'P0DMG' THEN
        RETURN SQLERRM;
    END;
END
$$;
SELECT n, regexp_replace(damage, 'person\(''ver (\w+)''\)', '\1', 'g') AS damage,
       pg_temp.found(prepare, damage) AS found
FROM planted ORDER BY n;
-- Every check has found something.
SELECT DISTINCT c[1] AS check_that_found_nothing
FROM pg_proc p, regexp_matches(p.prosrc, 'SELECT ''(\w+)'', ', 'g') c
WHERE p.pronamespace = 'exchange_private'::regnamespace AND p.proname LIKE 'verify\_%'
EXCEPT SELECT unnest(string_to_array(pg_temp.found(prepare, damage), ' ')) FROM planted;

-- What a row of verify() says.
BEGIN;
UPDATE exchange.assets SET amount = amount + 1 WHERE user_id = :ann AND symbol = 'VER';
SELECT check_name, replace(subject, :'ann', 'ann') AS subject, expected, actual FROM exchange.verify()
WHERE check_name = 'balance_is_ledger';
ROLLBACK;
-- All undone.
SELECT * FROM exchange.verify();
