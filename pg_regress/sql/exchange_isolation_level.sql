-- The book is read after its lock: a transaction that reads one old snapshot cannot trade (25001).
SELECT exchange.create_market('ISO-USD', 'ISO', 'USD');
INSERT INTO identity.users (name) VALUES ('iso ann') RETURNING id AS ann \gset
SELECT exchange.deposit(:ann, 'USD', 100) > 0 AS deposited;
SELECT status FROM exchange.place_order(:ann, 'ISO-USD', 'buy', 1, 1, client_order_id => 'iso 1');
CREATE TEMP VIEW doors AS
SELECT door,
       refusal(CASE WHEN door LIKE 'INSERT%' THEN door
                    WHEN door LIKE 'match_batch%' THEN 'SELECT exchange_private.' || door
                          ELSE 'SELECT exchange.' || door END) AS refusal
FROM unnest(ARRAY['place_order(person(''iso ann''), ''ISO-USD'', ''buy'', 1, 1)',
    'cancel_order(person(''iso ann''), ''iso 1'')',
    'cancel_order((SELECT id FROM exchange.orders WHERE client_order_id = ''iso 1''))',
    'cancel_all_orders(person(''iso ann''))',
    'amend_order((SELECT id FROM exchange.orders WHERE client_order_id = ''iso 1''), 2)', 'match_batch(NULL, 10)',
    'set_market_status(''ISO-USD'', ''halted'')',
    'INSERT INTO exchange.orders (user_id, symbol, side, price, amount) VALUES (person(''iso ann''), ''ISO-USD'', ''buy'', 1, 1)']) door;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT * FROM doors;
ROLLBACK;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT door, left(refusal, 5) AS sqlstate FROM doors;
-- Reading, commanding and moving money in and out works.
SELECT * FROM exchange.order_book('ISO-USD');
SELECT exchange.deposit(:ann, 'USD', 1) > 0 AS deposited, exchange.withdraw(:ann, 'USD', 1) > 0 AS withdrawn;
INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id)
VALUES ('cancel', :ann, 'ISO-USD', 'iso 1');
SELECT * FROM exchange.verify();
ROLLBACK;
-- READ UNCOMMITTED is READ COMMITTED in PostgreSQL.
BEGIN ISOLATION LEVEL READ UNCOMMITTED;
SELECT status FROM exchange.place_order(:ann, 'ISO-USD', 'buy', 1, 1);
ROLLBACK;
-- A read-only transaction, and so a standby, trades nothing (25006), and reads everything.
BEGIN READ ONLY;
SELECT door, left(refusal, 5) AS sqlstate FROM doors;
SELECT left(refusal('SELECT exchange.deposit(person(''iso ann''), ''USD'', 1)'), 5) AS deposit;
SELECT * FROM exchange.order_book('ISO-USD');
SELECT * FROM exchange.verify();
ROLLBACK;
-- Where it is the session's default, the hint helps.
SET default_transaction_isolation = 'serializable';
SELECT refusal('SELECT exchange.place_order(person(''iso ann''), ''ISO-USD'', ''buy'', 1, 1)');
BEGIN ISOLATION LEVEL READ COMMITTED;
SELECT status FROM exchange.place_order(:ann, 'ISO-USD', 'buy', 1, 1);
COMMIT;
RESET default_transaction_isolation;
SELECT exchange.cancel_all_orders(:ann);
SELECT * FROM exchange.verify();
