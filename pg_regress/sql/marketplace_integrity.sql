-- What must be so of the marketplace, what is said when it is not, and how sums are mended.
SET timezone = 'UTC';
CREATE ROLE mintegrity_admin LOGIN IN ROLE bourse_admin;
CREATE ROLE mintegrity_monitor LOGIN IN ROLE bourse_monitor;
INSERT INTO identity.users (id, name, role)
VALUES (101, 'ann', 'trader'), (102, 'ben', 'trader'), (103, 'dev', 'developer');
ALTER TABLE marketplace.bots ALTER id RESTART WITH 201;
ALTER TABLE marketplace.subscriptions ALTER id RESTART WITH 301;
SELECT marketplace.approve_bot(marketplace.submit_bot(103, n, 'trades', 'TECHNICAL', NULL, '{}', '{}'))
FROM unnest(ARRAY['alpha', 'beta']) n;
SELECT (marketplace.subscribe(u, 201, 'mine', 'BINANCE', 'BTC/USDT', '1h', '{}', '{}')).id
FROM unnest(ARRAY[101, 102]) u;
SET ROLE bourse_owner;
INSERT INTO marketplace.bot_reviews (user_id, bot_id, rating) VALUES (101, 201, 5), (102, 201, 4);
INSERT INTO marketplace.trades (subscription_id, side, quantity, entry_price, exit_price, entry_time, exit_time, status,
                                exchange_trade_id)
VALUES (301, 'BUY', 1, 100, 110, '2026-03-01Z', '2026-03-02Z', 'CLOSED', 'e-1'),
       (302, 'BUY', 1, 100, 90, '2026-03-01Z', '2026-03-02Z', 'CLOSED', 'e-1');
RESET ROLE;

-- As it is written by its own functions and triggers nothing is wrong, and nothing is to be mended.
SET SESSION AUTHORIZATION mintegrity_admin;
SELECT * FROM marketplace.verify();
SELECT marketplace.refresh_statistics();
SELECT * FROM marketplace.integrity_check();
SET SESSION AUTHORIZATION mintegrity_monitor;
SELECT * FROM marketplace.verify();
SELECT issue, count FROM bourse.integrity() WHERE module = 'marketplace' AND issue LIKE 'orphaned%';
SELECT refusal('SELECT marketplace.refresh_statistics()');
RESET SESSION AUTHORIZATION;

-- Somebody writes past the triggers: each sum that has drifted is told, and mended by what it has drifted by.
SET session_replication_role = replica;
UPDATE marketplace.subscriptions SET total_trades = 7, winning_trades = 7, total_pnl = 70 WHERE id = 301;
UPDATE marketplace.bots SET total_subscribers = 9, total_reviews = 1, rating_sum = 1 WHERE id = 201;
INSERT INTO marketplace.bot_sum_changes (bot_id, total_trades, total_pnl) VALUES (201, 1, 0.5), (202, 1, 0);
SET session_replication_role = origin;
SELECT check_name, subject, expected, actual FROM marketplace.verify()
WHERE check_name LIKE 'sums_of%' ORDER BY 1, 2;
SELECT total_trades FROM marketplace.bot_totals(201);
SELECT marketplace.refresh_statistics();
SELECT marketplace.refresh_statistics();
SELECT * FROM marketplace.verify();
SELECT total_subscribers, average_rating, total_reviews FROM marketplace.bots WHERE id = 201;
SELECT total_trades, winning_trades, total_pnl FROM marketplace.subscriptions WHERE id = 301;
SELECT bot_id, t.total_trades, t.total_pnl
FROM unnest(ARRAY[201, 202]) bot_id CROSS JOIN LATERAL marketplace.bot_totals(bot_id) t;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT refusal('SELECT marketplace.refresh_statistics()');
ROLLBACK;

-- A statement that names a partition passes what the table does once for a statement: nobody may but who owns the
-- tables. What the owner has changed so is told, and mended.
SELECT count(*) > 0 AS partitions, count(*) FILTER (WHERE has_table_privilege(r.rolname, i.inhrelid, p)) AS granted
FROM pg_inherits i, pg_roles r, unnest(ARRAY['INSERT', 'UPDATE', 'DELETE', 'TRUNCATE']) p
WHERE i.inhparent IN ('marketplace.trades'::regclass, 'marketplace.performance_logs'::regclass)
  AND r.rolname ~ '^(bourse_(admin|gateway|worker|trader|viewer|monitor)|mintegrity_admin)$';
SET SESSION AUTHORIZATION mintegrity_admin;
SELECT call, refusal(call) AS answer FROM unnest(ARRAY[
    'INSERT INTO marketplace.trades_default (subscription_id, side, quantity, entry_price) VALUES (301, ''BUY'', 1, 1)',
    'UPDATE marketplace.trades_default SET commission = 1', 'DELETE FROM marketplace.trades_default',
    'TRUNCATE marketplace.trades_default']) WITH ORDINALITY c (call, n) ORDER BY n;
RESET SESSION AUTHORIZATION;
SET ROLE bourse_owner;
UPDATE marketplace.trades_default SET commission = 1 WHERE subscription_id = 301;
RESET ROLE;
SELECT check_name, subject FROM marketplace.verify() ORDER BY 1, 2;
SELECT marketplace.refresh_statistics();
SELECT * FROM marketplace.verify();
SELECT total_trades, total_pnl FROM marketplace.subscriptions WHERE id = 301;

-- A trade that says something else than its prices, of another bot than its subscription, without its key; a key of no
-- trade. Such a pnl the table does not take.
SET session_replication_role = replica;
SELECT refusal('UPDATE marketplace.trades SET pnl = pnl + 1') ~ 'trades_pnl_check' AS kept;
UPDATE marketplace.trades SET pnl_percentage = 1, bot_id = 202 WHERE subscription_id = 301;
DELETE FROM marketplace.trade_keys WHERE subscription_id = 301;
INSERT INTO marketplace.trade_keys VALUES (102, 302, 'e-2', 1, now());
SET session_replication_role = origin;
SELECT check_name, regexp_replace(subject, 'trade \d+', 'trade N') AS subject,
       regexp_replace(expected, 'trade \d+', 'trade N') AS expected,
       regexp_replace(actual, 'trade \d+', 'trade N') AS actual
FROM marketplace.verify() WHERE check_name ~ 'trade|sums|key' ORDER BY 1, 2;
SELECT count(*) > 0 AS told FROM bourse.verify() WHERE module = 'marketplace';

-- Rows that have lost what they belong to are counted by table.
SET session_replication_role = replica;
DELETE FROM marketplace.subscriptions WHERE id = 301;
DELETE FROM identity.users WHERE id = 102;
SET session_replication_role = origin;
SELECT * FROM marketplace.integrity_check() WHERE count > 0;
