-- What a monitor is told: orders of which nobody knows, requests that nobody sends, accounts that send no data, and
-- what the ticker of the platform does about copies.
INSERT INTO identity.users (id, name) VALUES (971, 'lea'), (972, 'ann');
INSERT INTO mirror.trading_accounts (id, user_id, account_name, broker, is_primary, calendar)
VALUES (11, 971, 'lead', 'Zerodha', true, '24/7'), (12, 972, 'ann', 'Zerodha', false, '24/7'),
       (13, 971, 'second', 'Upstox', false, '24/7');
CREATE ROLE tmonitoring LOGIN IN ROLE bourse_monitor;
ALTER TABLE mirror.orders ALTER id RESTART WITH 101;
ALTER TABLE mirror.copied_orders ALTER id RESTART WITH 201;
SELECT calendar.load_calendar(b.definition) FROM calendar.builtin_calendars() b WHERE b.name = '24/7';
CREATE FUNCTION figures() RETURNS TABLE (name text, value numeric, labels jsonb) LANGUAGE sql AS $$
    SELECT m.name, CASE WHEN m.name LIKE '%seconds' THEN round(m.value, -1) ELSE m.value END, m.labels
    FROM bourse.metrics() m WHERE m.name ~ '^mirror_(request|failover)' ORDER BY m.name, m.labels::text
$$;
CREATE FUNCTION ticks() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'SELECT mirror_private.on_tick()';
ALTER FUNCTION ticks() OWNER TO bourse_owner;
SELECT mirror.create_group(971, 'shares', 11) AS g \gset
SELECT mirror.share_group(:g, 972), mirror.add_follower(:g, 12) > 0 AS follows;
INSERT INTO mirror.orders (account_id, user_id, order_id, exchange, symbol, action, quantity, order_type, product,
                           status, filled_quantity, placed_at)
SELECT 11, 971, 'L' || n, 'NSE', 'TCS', 'BUY', 10, 'MARKET', 'MIS', 'EXECUTED', 10, clock_timestamp()
FROM generate_series(1, 2) n;
SELECT order_id, status FROM mirror.copy_order(102);
SET SESSION AUTHORIZATION tmonitoring;
SELECT * FROM bourse.alerts() WHERE module = 'mirror';
RESET SESSION AUTHORIZATION;
SELECT * FROM figures();

-- Nobody sends.
UPDATE mirror.order_requests SET claimable_at = claimable_at - interval '90 s';
SET SESSION AUTHORIZATION tmonitoring;
SELECT severity, alert, subject, regexp_replace(detail, 'first for .*', 'first for TIME') AS detail, hint
FROM bourse.alerts() WHERE module = 'mirror';
RESET SESSION AUTHORIZATION;
SELECT * FROM figures() WHERE name = 'mirror_request_lag_seconds';
-- A sender goes silent: the ticker sees it, without any other sender, and finds what a report tells of the tag.
SELECT count(*) FROM mirror.claim_orders('sender', 1);
UPDATE mirror.order_requests SET lease_ends = lease_ends - interval '6 minutes' WHERE status = 'sending';
SELECT ticks();
SELECT order_id, status FROM mirror.order_requests ORDER BY order_id;
SELECT severity, alert, subject, regexp_replace(detail, '\d{4}-.*UTC', 'TIME') AS detail, hint
FROM bourse.alerts() WHERE alert = 'order_is_unknown';
SELECT * FROM figures() WHERE name = 'mirror_requests';
SELECT action FROM mirror.sync_orders(12, '[{"order_id": "K1", "tag": "pgb201", "tradingsymbol": "TCS",
    "exchange": "NSE", "product": "MIS", "transaction_type": "BUY", "quantity": 10, "order_type": "MARKET",
    "status": "COMPLETE", "filled_quantity": 10, "average_price": 100}]', clock_timestamp(), 'kite');
SELECT ticks();
SELECT id, status, trim_scale(filled_quantity) AS filled FROM mirror.copied_orders ORDER BY id;
SELECT alert FROM bourse.alerts() WHERE alert = 'order_is_unknown';

-- Connected, in session, and silent; then another one stands in, and a third time there is none.
SELECT mirror.connect(11, 'one') > 0 AS one, mirror.subscribe(11, 'NSE', 'TCS');
UPDATE mirror.websocket_connections SET connected_at = connected_at - interval '10 s';
UPDATE mirror.market_subscriptions SET created_at = created_at - interval '10 s';
SELECT status, breaker FROM mirror.heartbeat('one');
SELECT severity, alert, subject, regexp_replace(detail, 'data for .*', 'data for TIME') AS detail, hint
FROM bourse.alerts() WHERE alert IN ('account_is_silent', 'account_without_backup');
SELECT ticks();
SELECT alert, subject FROM bourse.alerts() WHERE alert IN ('account_is_silent', 'account_without_backup') ORDER BY 1;
SELECT mirror.connect(13, 'two') > 0 AS two;
SELECT ticks();
SELECT * FROM figures() WHERE name = 'mirror_failovers';
SELECT alert, subject FROM bourse.alerts() WHERE alert IN ('account_is_silent', 'account_without_backup');
SELECT * FROM mirror.verify();
