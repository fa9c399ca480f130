-- Orders that have ended are archived; one view has both.
INSERT INTO identity.users (id, name, role, db_role)
VALUES (101, 'ann', 'trader', 'march_ann'), (102, 'ben', 'trader', 'march_ben');
CREATE ROLE march_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE march_ben LOGIN IN ROLE bourse_trader;
CREATE ROLE march_worker LOGIN IN ROLE bourse_worker;
CREATE ROLE march_gateway LOGIN IN ROLE bourse_gateway;
ALTER TABLE mirror.trading_accounts ALTER id RESTART WITH 7001;
SELECT mirror.create_account(101, 'main account', 'Zerodha'), mirror.create_account(102, 'of ben', 'Upstox');
SET SESSION AUTHORIZATION march_worker;
SELECT account_id, count(*) FROM (VALUES (7001), (7002)) a (account_id)
CROSS JOIN LATERAL mirror.sync_orders(account_id, (
    SELECT jsonb_agg(jsonb_build_object('orderid', s || d, 'symbol', 'TCS', 'exchange', 'NSE', 'action', 'BUY',
        'quantity', 10, 'pricetype', 'LIMIT', 'price', 101, 'order_status', s,
        'timestamp', clock_timestamp() - d * interval '1 day'))
    FROM unnest('{open, complete, cancelled, rejected, expired, trigger pending}'::text[]) s
    CROSS JOIN unnest('{10, 40, 50}'::integer[]) d), clock_timestamp()) GROUP BY account_id ORDER BY account_id;

-- Those that have ended, the oldest first; what lives stays, however old.
SELECT mirror.archive_orders('45 days'), mirror.archive_orders(batch => 3), mirror.archive_orders();
SELECT status, count(*) AS live FROM mirror.orders GROUP BY status ORDER BY status;
SELECT status, archive_reason, count(*) AS archived FROM mirror.orders_archive GROUP BY 1, 2 ORDER BY 1, 2;
SELECT mirror.archive_orders();
-- Ids are kept; a report that still has such an order makes no second one, and does not have it live again.
SELECT count(*) AS orders, count(DISTINCT id) AS ids FROM mirror.all_orders;
SELECT broker_key, action, sqlstate, message FROM mirror.sync_orders(7001, '[
    {"orderid": "complete50", "symbol": "TCS", "exchange": "NSE", "action": "BUY", "quantity": 10,
     "pricetype": "LIMIT", "price": 101, "order_status": "complete"},
    {"orderid": "cancelled50", "symbol": "TCS", "exchange": "NSE", "action": "BUY", "quantity": 10,
     "pricetype": "LIMIT", "price": 101, "order_status": "open"}]', clock_timestamp(), complete => false);
SELECT refusal($$SELECT mirror.record_execution(7001, 'complete50', 'x', 11, 101, now())$$);
SELECT mirror.record_execution(7001, 'complete50', 'x', 10, 101, now());
RESET SESSION AUTHORIZATION;
SELECT id AS known FROM mirror.orders_archive WHERE account_id = 7001 AND order_id = 'complete50' \gset
SET ROLE bourse_owner;
SELECT mirror_private.note_order(7001, 'complete50', 'TCS', 'NSE', 'BUY', 10, 'LIMIT', 101, NULL, NULL) = :known
    AS is_known;
SELECT mirror_private.note_order(7001, 'new', 'TCS', 'NSE', 'BUY', 10, 'SL-M', 0, 100, 'MIS') AS made \gset
SELECT mirror_private.note_order(7001, 'new', 'TCS', 'NSE', 'BUY', 10, 'SL-M', 0, 100, 'MIS') = :made AS the_same;
RESET ROLE;
SELECT status, order_type, price FROM mirror.orders WHERE order_id = 'new';
-- An acknowledged order that a report then has is that one.
SELECT broker_key, action FROM mirror.sync_orders(7001, '[
    {"orderid": "new", "symbol": "TCS", "exchange": "NSE", "action": "BUY", "quantity": 10, "pricetype": "SL-M",
     "trigger_price": 100, "product": "MIS", "order_status": "trigger pending"}]', clock_timestamp(),
    complete => false);
SELECT count(*) FROM mirror.orders WHERE order_id = 'new';
SELECT * FROM mirror_private.verify_books();

SET SESSION AUTHORIZATION march_worker;
SELECT refusal(format('SELECT mirror.archive_orders(%s)', arguments)) FROM (VALUES
    ('NULL'), ($$'-1 day'$$), ($$'1 day', 0$$), ($$'1 day', 100001$$), ($$'1 day', NULL$$)) a (arguments);
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT refusal('SELECT mirror.archive_orders()');
ROLLBACK;
SET SESSION AUTHORIZATION march_gateway;
BEGIN;
SELECT identity.act_as(101);
SELECT refusal('SELECT mirror.archive_orders()');
ROLLBACK;
SET SESSION AUTHORIZATION march_ann;
SELECT refusal('SELECT mirror.archive_orders()');
-- The view shows a user what the tables show.
SELECT DISTINCT account_id, archived_at IS NOT NULL AS archived FROM mirror.all_orders ORDER BY 2;

-- The policies of the platform do the same, a month later, and take what has long been flat.
RESET SESSION AUTHORIZATION;
SELECT table_name, name, time_column, keep, only_status, move_to FROM bourse.policies
WHERE schema_name = 'mirror' AND table_name IN ('orders', 'positions', 'holdings', 'documents') ORDER BY 1, 2;
SELECT action FROM mirror.sync_positions(7001, '[{"symbol": "TCS", "exchange": "NSE", "quantity": 0}]', now());
SELECT action FROM mirror.sync_holdings(7001, '[{"symbol": "TCS", "exchange": "NSE", "quantity": 0}]', now());
SELECT relation, step, rows FROM bourse_private.maintain_at(now() + interval '31 days', 100)
WHERE relation LIKE 'mirror.%' ORDER BY 1, 2;
SELECT count(*) FILTER (WHERE archived_at IS NULL) AS live, count(*) AS orders FROM mirror.all_orders;

-- An account that goes leaves its orders in the archive: what still lived has expired there.
SELECT mirror.delete_account(7001);
SELECT count(*) AS live FROM mirror.orders WHERE account_id = 7001;
SELECT status, archive_reason, count(*) FROM mirror.orders_archive WHERE account_id = 7001 GROUP BY 1, 2 ORDER BY 1, 2;
SET SESSION AUTHORIZATION march_ann;
SELECT count(*) AS of_the_account_that_is_gone FROM mirror.all_orders;
RESET SESSION AUTHORIZATION;
-- A person who leaves takes all of it along.
SELECT identity.erase_user(102, 'asked for it') -> 'deleted' -> 'mirror.orders_archive' IS NOT NULL AS archive_too;
SELECT count(*) AS of_ben FROM mirror.all_orders WHERE user_id = 102;
DELETE FROM identity.users WHERE id = 101;
SELECT count(*) AS of_ann FROM mirror.all_orders;
SELECT * FROM mirror_private.verify_books();
