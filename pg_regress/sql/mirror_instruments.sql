-- Instruments at brokers: steps of quantities and prices, and orders that are too large for one.
INSERT INTO identity.users (id, name, role, db_role) VALUES (101, 'ann', 'trader', 'minst_ann');
CREATE ROLE minst_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE minst_worker LOGIN IN ROLE bourse_worker;
CREATE ROLE minst_admin LOGIN IN ROLE bourse_admin;

-- The brokers that come with it. An admin adds one; one at which there are accounts stays.
SELECT count(*), string_agg(name, ', ' ORDER BY name) AS names FROM mirror.brokers;
SET SESSION AUTHORIZATION minst_ann;
SELECT refusal('INSERT INTO mirror.brokers (name) VALUES ($$Ann & Co$$)');
SET SESSION AUTHORIZATION minst_admin;
INSERT INTO mirror.brokers (name) VALUES ('Ann & Co');
SELECT refusal('INSERT INTO mirror.brokers (name) VALUES ($$ $$)') LIKE '23514%brokers_name_check%' AS blank;
SELECT mirror.create_account(101, 'at her own', 'Ann & Co') > 0 AS made;
SELECT refusal('DELETE FROM mirror.brokers WHERE name = $$Ann & Co$$') LIKE '23503%check_valid_broker%' AS in_use;
DELETE FROM mirror.brokers WHERE name = 'Pocketful';
SELECT count(*) FROM mirror.brokers;

-- Workers and admins say in which steps something is traded. The same again changes nothing.
SET SESSION AUTHORIZATION minst_worker;
SELECT mirror.set_instrument('NSE', 'RELIANCE', 1, 0.05);
SELECT mirror.set_instrument('NFO', 'NIFTY28AUG25FUT', 75, 0.05, freeze_quantity => 1800);
SELECT mirror.set_instrument('NFO', 'BANKNIFTY28AUG25FUT', 35, 0.05, freeze_quantity => 900);
SELECT mirror.set_instrument('CDS', 'USDINR28AUG25FUT', 1, 0.0025, 1000);
SELECT mirror.set_instrument('CRYPTO', 'BTC-USDT', 0.00001, 0.01, min_notional => 10);
SELECT exchange, symbol, trim_scale(lot_size) AS lot, trim_scale(tick_size) AS tick, trim_scale(multiplier) AS times,
       trim_scale(freeze_quantity) AS freeze, trim_scale(min_notional) AS least
FROM mirror.instruments ORDER BY exchange, symbol;
SELECT xmin AS version FROM mirror.instruments WHERE symbol = 'RELIANCE' \gset
SELECT mirror.set_instrument('NSE', 'RELIANCE', 1, 0.05);
SELECT xmin::text = :'version' AS untouched FROM mirror.instruments WHERE symbol = 'RELIANCE';
SELECT mirror.set_instrument('NSE', 'RELIANCE', 1, 0.10);
SELECT trim_scale(tick_size) AS tick, updated_at > created_at AS stamped FROM mirror.instruments
WHERE symbol = 'RELIANCE';

SELECT call, refusal('SELECT mirror.' || call) FROM unnest(ARRAY[
    $$set_instrument(NULL, 'X', 1, 1)$$, $$set_instrument('NSE', NULL, 1, 1)$$, $$set_instrument('NSE', 'X', NULL, 1)$$,
    $$set_instrument('NSE', 'X', 1, NULL)$$, $$set_instrument('NSE', 'X', 1, 1, NULL)$$,
    $$set_instrument('nse', 'X', 1, 1)$$, $$set_instrument('N S', 'X', 1, 1)$$, $$set_instrument('NSE', '', 1, 1)$$,
    $$set_instrument('NSE', ' X', 1, 1)$$, $$set_instrument('NSE', repeat('X', 51), 1, 1)$$,
    $$set_instrument('NSE', E'a\x07b', 1, 1)$$, $$set_instrument('NSE', 'X', 0, 1)$$,
    $$set_instrument('NSE', 'X', 1, -1)$$, $$set_instrument('NSE', 'X', 'NaN', 1)$$,
    $$set_instrument('NSE', 'X', 1, 'Infinity')$$, $$set_instrument('NSE', 'X', 0.000000001, 1)$$,
    $$set_instrument('NSE', 'X', 1000000000000, 1)$$, $$set_instrument('NSE', 'X', 1, 1, 0)$$,
    $$set_instrument('NSE', 'X', 75, 1, freeze_quantity => 74)$$,
    $$set_instrument('NSE', 'X', 75, 1, min_notional => 0)$$, $$remove_instrument('NSE', 'NONE')$$])
    WITH ORDINALITY c (call, n) ORDER BY n;

-- Quantities in whole lots towards 0, prices on the nearest tick. Of what nobody has set: whole ones, any price.
SELECT q.quantity, mirror.round_quantity('NFO', 'NIFTY28AUG25FUT', q.quantity) AS lots,
       mirror.round_quantity('CRYPTO', 'BTC-USDT', q.quantity) AS coins,
       mirror.round_quantity('NSE', 'NOBODY', q.quantity) AS assumed
FROM (VALUES (149.999999::numeric), (150), (74), (-160), (0), (0.123456789 - 0.000000789)) q (quantity);
SELECT p.price, mirror.round_price('NSE', 'RELIANCE', p.price) AS dime,
       mirror.round_price('CDS', 'USDINR28AUG25FUT', p.price) AS quarter,
       mirror.round_price('NSE', 'NOBODY', p.price) AS assumed
FROM (VALUES (100.05::numeric), (100.04), (-100.05), (83.00125), (83.00124999), (0)) p (price);
SELECT call, refusal('SELECT mirror.' || call) FROM unnest(ARRAY[
    $$round_quantity('NSE', 'X', NULL)$$, $$round_quantity('NSE', 'X', 'NaN')$$,
    $$round_quantity('NSE', 'X', 0.000000001)$$, $$round_quantity('nse', 'X', 1)$$, $$round_price('NSE', 'X', NULL)$$,
    $$round_price('NSE', 'X', '-Infinity')$$, $$round_price('NSE', '', 1)$$]) WITH ORDINALITY c (call, n) ORDER BY n;

-- An order that is too large for one goes in slices of whole lots, which together are the order.
SELECT s.quantity, array_agg(a ORDER BY n) AS slices, sum(a) = s.quantity AS complete
FROM (VALUES ('NIFTY28AUG25FUT', 75::numeric), ('NIFTY28AUG25FUT', 1800), ('NIFTY28AUG25FUT', 5475),
             ('BANKNIFTY28AUG25FUT', 1785)) s (symbol, quantity),
     mirror.slice_quantity('NFO', s.symbol, s.quantity) WITH ORDINALITY a (a, n)
GROUP BY s.symbol, s.quantity ORDER BY s.symbol, s.quantity;
SELECT * FROM mirror.slice_quantity('NSE', 'NOBODY', 12);
SELECT count(*), min(s) FROM mirror.slice_quantity('NFO', 'NIFTY28AUG25FUT', 1800000) s;
SELECT call, refusal('SELECT mirror.' || call) FROM unnest(ARRAY[
    $$slice_quantity('NFO', 'NIFTY28AUG25FUT', 74)$$, $$slice_quantity('NFO', 'NIFTY28AUG25FUT', 1800075)$$,
    $$slice_quantity('NFO', 'NIFTY28AUG25FUT', 0)$$, $$slice_quantity('NFO', 'NIFTY28AUG25FUT', -75)$$,
    $$slice_quantity('NFO', 'NIFTY28AUG25FUT', NULL)$$, $$slice_quantity('NSE', 'NOBODY', 0.5)$$])
    WITH ORDINALITY c (call, n) ORDER BY n;

-- Users read instruments, and write none.
SET SESSION AUTHORIZATION minst_ann;
SELECT count(*) FROM mirror.instruments;
SELECT refusal('SELECT mirror.set_instrument($$NSE$$, $$X$$, 1, 1)') AS set,
       refusal('SELECT mirror.remove_instrument($$NSE$$, $$X$$)') AS remove,
       refusal('UPDATE mirror.instruments SET lot_size = 1') AS written,
       refusal('DELETE FROM mirror.instruments') AS deleted \gx
SET SESSION AUTHORIZATION minst_worker;
SELECT mirror.remove_instrument('CDS', 'USDINR28AUG25FUT');
SELECT count(*) FROM mirror.instruments;

-- The table keeps its own rules, whoever writes it.
RESET SESSION AUTHORIZATION;
SELECT changed, substring(refusal(format('INSERT INTO mirror.instruments
    SELECT r.* FROM jsonb_populate_record(NULL::mirror.instruments, %L) r', jsonb_build_object('exchange', 'NSE',
        'symbol', 'X', 'lot_size', 75, 'tick_size', 0.05, 'multiplier', 1, 'created_at', now(), 'updated_at', now())
    || changed)) FROM '^\d+|"(?:instruments)_\w+"') AS state,
    substring(refusal(format('INSERT INTO mirror.instruments
    SELECT r.* FROM jsonb_populate_record(NULL::mirror.instruments, %L) r', jsonb_build_object('exchange', 'NSE',
        'symbol', 'X', 'lot_size', 75, 'tick_size', 0.05, 'multiplier', 1, 'created_at', now(), 'updated_at', now())
    || changed)) FROM 'constraint "(\w+)"') AS rule
FROM unnest(ARRAY['{"exchange": "nse"}', '{"symbol": " X"}', '{"symbol": ""}', '{"lot_size": 0}', '{"lot_size": "NaN"}',
    '{"tick_size": -1}', '{"tick_size": "NaN"}', '{"multiplier": 0}', '{"freeze_quantity": 74}',
    '{"freeze_quantity": "NaN"}', '{"min_notional": 0}', '{"min_notional": "NaN"}', '{"symbol": "BTC-USDT", "exchange":
    "CRYPTO"}']::jsonb[]) WITH ORDINALITY c (changed, n) ORDER BY n;
-- What changes stands in the trail.
SELECT l.action, l.record_id, l.new_values - ARRAY['created_at', 'updated_at'] AS new_values
FROM audit.audit_logs l WHERE l.table_name = 'mirror.instruments' AND l.record_id LIKE '%RELIANCE%' ORDER BY l.id;
