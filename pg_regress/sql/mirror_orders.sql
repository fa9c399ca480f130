-- What orders of brokers keep to, whoever writes them.
INSERT INTO identity.users (id, name, role, db_role)
VALUES (101, 'ann', 'trader', 'mrow_ann'), (102, 'ben', 'trader', 'mrow_ben');
CREATE ROLE mrow_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE mrow_admin LOGIN IN ROLE bourse_admin;
CREATE ROLE mrow_worker LOGIN IN ROLE bourse_worker;
ALTER TABLE mirror.trading_accounts ALTER id RESTART WITH 7001;
SELECT mirror.create_account(101, 'main account', 'Zerodha'), mirror.create_account(102, 'of ben', 'Upstox');
INSERT INTO mirror.orders (account_id, user_id, order_id, symbol, exchange, action, quantity, order_type, status,
                           filled_quantity)
VALUES (7001, 101, 'open', 'TCS', 'NSE', 'BUY', 10, 'MARKET', 'OPEN', 0),
       (7001, 101, 'executed', 'TCS', 'NSE', 'BUY', 10, 'MARKET', 'EXECUTED', 10),
       (7001, 101, 'cancelled', 'TCS', 'NSE', 'BUY', 10, 'MARKET', 'CANCELLED', 4),
       (7002, 102, 'open', 'TCS', 'NSE', 'SELL', 10, 'MARKET', 'TRIGGER_PENDING', 0);
SELECT refusal(format(
    'INSERT INTO mirror.orders (account_id, user_id, order_id, symbol, exchange, action, quantity, order_type, status,
                                filled_quantity) VALUES (%s)', row)) FROM (VALUES
    ($$7001, 101, 'open', 'TCS', 'NSE', 'BUY', 10, 'MARKET', 'OPEN', 0$$),
    ($$7001, 102, 'x', 'TCS', 'NSE', 'BUY', 10, 'MARKET', 'OPEN', 0$$),
    ($$7001, 101, 'x', 'TCS', 'NSE', 'HOLD', 10, 'MARKET', 'OPEN', 0$$),
    ($$7001, 101, 'x', 'TCS', 'NSE', 'BUY', 0, 'MARKET', 'OPEN', 0$$),
    ($$7001, 101, 'x', 'TCS', 'NSE', 'BUY', 'NaN', 'MARKET', 'OPEN', 0$$),
    ($$7001, 101, 'x', 'TCS', 'NSE', 'BUY', 10, 'SL-M', 'OPEN', 0$$),
    ($$7001, 101, 'x', 'TCS', 'NSE', 'BUY', 10, 'MARKET', 'NEW', 0$$),
    ($$7001, 101, 'x', 'TCS', 'NSE', 'BUY', 10, 'MARKET', 'PARTIAL', 11$$),
    ($$7001, 101, 'x', 'TCS', 'NSE', 'BUY', 10, 'MARKET', 'EXECUTED', 9$$),
    ($$7001, 101, 'x', 'TCS', 'NSE', 'BUY', 10, 'MARKET', 'OPEN', 10$$)) r (row);
-- What has ended stays so.
SELECT refusal(format('UPDATE mirror.orders SET status = %L, filled_quantity = 4 WHERE order_id = %L', s, o))
FROM (VALUES ('PARTIAL', 'executed'), ('CANCELLED', 'executed'), ('OPEN', 'cancelled')) r (s, o);
UPDATE mirror.orders SET status = 'EXECUTED', filled_quantity = 10 WHERE order_id = 'cancelled';
-- A user reads his own, and nobody writes but by the functions.
SET SESSION AUTHORIZATION mrow_ann;
SELECT order_id, status FROM mirror.orders ORDER BY id;
SELECT refusal('UPDATE mirror.orders SET status = $$OPEN$$'), refusal('DELETE FROM mirror.orders'),
       refusal('INSERT INTO mirror.orders DEFAULT VALUES'), refusal('TRUNCATE mirror.orders');
SELECT refusal('SELECT mirror_private.archive_account(7001)');
SET SESSION AUTHORIZATION mrow_admin;
SELECT count(*) FROM mirror.orders;
SELECT refusal('UPDATE mirror.orders SET status = $$OPEN$$'), refusal('DELETE FROM mirror.orders_archive');
SET SESSION AUTHORIZATION mrow_worker;
SELECT count(*) FROM mirror.orders;
SELECT refusal('DELETE FROM mirror.documents'), refusal('UPDATE mirror.books SET as_of = now()'),
       refusal('INSERT INTO mirror.executions DEFAULT VALUES');
RESET SESSION AUTHORIZATION;
SELECT e.table_name, e.data ->> 'order_id' AS order_id FROM identity.export_user_rows(101) e
WHERE e.table_name LIKE 'mirror.orders%' ORDER BY 2;
SELECT * FROM mirror_private.verify_books();
