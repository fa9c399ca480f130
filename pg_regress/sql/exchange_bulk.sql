-- The bulk door: COPY commands in, CALL match_orders(). The users have ids of their own choosing, to stand in COPY.
SELECT exchange.create_market('BLK-USD', 'BLK', 'USD');
SELECT exchange.create_market('BLK-ETH', 'BLK', 'ETH');
INSERT INTO identity.users (id, name) VALUES (7001, 'blk ann'), (7002, 'blk bob'), (7003, 'blk cat');
SELECT count(exchange.deposit(u, a, 1000)) FROM generate_series(7001, 7003) u, unnest(ARRAY['BLK', 'USD', 'ETH']) a;
CREATE TEMP VIEW placed AS
SELECT right(u.name, 3) AS name, o.symbol, o.client_order_id, o.side, o.price, o.amount, o.filled_amount AS filled,
       o.status, o.cancel_reason AS reason, o.accepted_sequence AS accepted
FROM exchange.orders o JOIN identity.users u ON u.id = o.user_id WHERE o.symbol LIKE 'BLK-%' ORDER BY o.id;
CREATE TEMP VIEW rejected AS
SELECT r.action, right(u.name, 3) AS name, r.symbol, r.client_order_id, r.sqlstate, r.reason, r.hint
FROM exchange.command_rejections r LEFT JOIN identity.users u ON u.id = r.user_id
WHERE r.symbol LIKE 'BLK-%' ORDER BY r.command_id;

COPY exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount) FROM STDIN;
new	7001	BLK-USD	s1	sell	10	2
new	7001	BLK-USD	s2	sell	11	2
new	7002	BLK-USD	b1	buy	11	3
\.
-- Nothing has happened yet.
SELECT count(*) AS waiting FROM exchange.order_commands;
SELECT count(*) AS placed FROM placed;
CALL exchange.match_orders();
SELECT count(*) AS waiting FROM exchange.order_commands;
SELECT * FROM placed;
SELECT sequence, price, amount, buyer_commission, seller_commission, taker_side FROM exchange.trades
WHERE symbol = 'BLK-USD' ORDER BY sequence;

-- Cancels and amends name the order by user and client_order_id; also orders of the same batch. Columns that are
-- left out have place_order's defaults. Two markets in one go.
COPY exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount, time_in_force,
                              self_trade_prevention)
FROM STDIN;
new	7003	BLK-ETH	c1	sell	5	4	gtc	cancel_taker
amend	7003	BLK-ETH	c1	\N	6	\N	\N	\N
amend	7003	BLK-ETH	c1	\N	\N	3	\N	\N
new	7002	BLK-ETH	b2	buy	6	1	ioc	none
cancel	7003	BLK-ETH	c1	\N	\N	\N	\N	\N
cancel	7001	\N	s2	\N	\N	\N	\N	\N
new	7003	BLK-ETH	c2	buy	1	1	gtc	\N
\.
CALL exchange.match_orders(batch_size => 1000);
SELECT * FROM placed OFFSET 1;
SELECT old_price, old_amount, new_price, new_amount, filled_amount, start_sequence, end_sequence
FROM exchange.order_amendments WHERE symbol = 'BLK-ETH' ORDER BY id;
SELECT * FROM rejected;
SELECT right(u.name, 3) AS name, a.symbol, a.amount, a.locked_amount FROM exchange.assets a
JOIN identity.users u ON u.id = a.user_id
WHERE u.id BETWEEN 7001 AND 7003 ORDER BY u.id, a.symbol;

-- The same client_order_id again: the same order is a repetition, not a rejection; another body is refused.
INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount) VALUES
    ('new', 7001, 'BLK-USD', 's1', 'sell', 10, 2), ('new', 7001, 'BLK-USD', 's1', 'sell', 10, 3),
    ('new', 7001, 'BLK-USD', 's3', 'sell', 20, 1), ('new', 7001, 'BLK-USD', 's3', 'sell', 20, 1),
    ('new', 7001, 'BLK-USD', 's3', 'buy', 2, 1);
CALL exchange.match_orders();
SELECT * FROM placed WHERE client_order_id IN ('s1', 's3');
SELECT * FROM rejected;

-- A symbol drains one market, the other commands wait.
INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount) VALUES
    ('new', 7001, 'BLK-USD', 's4', 'sell', 21, 1), ('new', 7001, 'BLK-ETH', 's5', 'sell', 21, 1),
    ('cancel', 7001, NULL, 's4', NULL, NULL, NULL);
CALL exchange.match_orders('BLK-ETH');
SELECT action, symbol, client_order_id FROM exchange.order_commands ORDER BY id;
CALL exchange.match_orders('BLK-USD');
SELECT action, symbol, client_order_id FROM exchange.order_commands ORDER BY id;
CALL exchange.match_orders();
SELECT * FROM placed WHERE client_order_id IN ('s4', 's5');

-- Not inside a transaction block: it commits each batch. The commands wait for a better call.
INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id) VALUES ('cancel', 7001, 'BLK-ETH', 's5');
BEGIN;
\set VERBOSITY sqlstate
CALL exchange.match_orders();
\set VERBOSITY default
ROLLBACK;
SELECT count(*) AS waiting FROM exchange.order_commands;
-- A batch may be part of a transaction: match_batch is one, and commits nothing itself.
BEGIN;
SELECT exchange_private.match_batch(NULL, 10), exchange_private.match_batch(NULL, 10);
ROLLBACK;
SELECT status FROM placed WHERE client_order_id = 's5';
CALL exchange.match_orders();
SELECT status FROM placed WHERE client_order_id = 's5';
SELECT refusal('SELECT exchange_private.match_batch(NULL, 0)'),
       refusal('SELECT exchange_private.match_batch(NULL, NULL)'),
       refusal('SELECT exchange_private.match_batch(''NO'', 1)');

-- The size of a batch changes nothing: two like markets, 500 like commands with orders of every type, one at a time and
-- all at once.
SELECT exchange.create_market('BLK-ONE', 'BLK', 'ONE'), exchange.create_market('BLK-ALL', 'BLK', 'ALL');
SELECT count(exchange.deposit(u, a, 100000)) FROM generate_series(7001, 7003) u, unnest(ARRAY['BLK', 'ONE', 'ALL']) a;
SELECT setseed(0.5);
CREATE TEMP TABLE flow AS
SELECT i, (ARRAY['new', 'new', 'new', 'cancel', 'amend'])[1 + floor(random() * 5)] AS action,
       (ARRAY['buy', 'sell'])[1 + floor(random() * 2)] AS side,
       95 + floor(random() * 10) AS price, 1 + floor(random() * 9) AS amount, 95 + floor(random() * 10) AS stop_price,
       (ARRAY['limit', 'limit', 'limit', 'market', 'stop', 'stop_limit'])[1 + floor(random() * 6)] AS type,
       (ARRAY['gtc', 'gtc', 'gtc', 'ioc', 'fok', 'gtd'])[1 + floor(random() * 6)] AS tif,
       (ARRAY['none', 'cancel_taker', 'cancel_maker', 'cancel_both', 'decrement'])[1 + floor(random() * 5)] AS mode,
       random() < 0.2 AS post_only, random() < 0.2 AS iceberg, random() < 0.3 AS by_quote
FROM generate_series(1, 500) i;
INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount, quote_amount,
                                     order_type, time_in_force, stop_price, display_amount, post_only, expires_at,
                                     self_trade_prevention)
SELECT action, 7001 + i % 3, s, s || CASE action WHEN 'new' THEN i ELSE i - i % 7 * 3 END, side,
       CASE WHEN type LIKE '%limit' OR action <> 'new' THEN price END,
       CASE WHEN NOT (quote AND action = 'new') THEN amount END, CASE WHEN quote THEN amount * 100 END, type, tif,
       CASE WHEN type LIKE 'stop%' THEN stop_price END,
       CASE WHEN iceberg AND type LIKE '%limit' THEN 1 END, post_only AND type LIKE '%limit' AND i % 2 = 0,
       CASE WHEN tif = 'gtd' THEN timestamptz '9999-12-30' END, mode
FROM (SELECT *, by_quote AND type = 'market' AND side = 'buy' AS quote FROM flow) AS f,
     unnest(ARRAY['BLK-ONE', 'BLK-ALL']) s;
CALL exchange.match_orders('BLK-ONE', 1);
CALL exchange.match_orders('BLK-ALL', 1000);
CREATE TEMP VIEW tape AS
SELECT t.symbol, t.sequence, t.price, t.amount, t.commission, t.taker_side, substr(b.client_order_id, 8) AS buy,
       substr(s.client_order_id, 8) AS sell
FROM exchange.trades t JOIN exchange.orders b ON b.id = t.buy_order_id JOIN exchange.orders s ON s.id = t.sell_order_id;
CREATE TEMP VIEW book AS
SELECT symbol, substr(client_order_id, 8) AS id, order_type, price, amount, visible_amount, filled_amount, status,
       reserved, priority, cancel_reason, accepted_sequence, accepted_status
FROM exchange.orders;
SELECT count(*) > 20 AS many_trades FROM tape WHERE symbol = 'BLK-ONE';
SELECT sequence, price, amount, commission, taker_side, buy, sell FROM tape WHERE symbol = 'BLK-ONE'
EXCEPT SELECT sequence, price, amount, commission, taker_side, buy, sell FROM tape WHERE symbol = 'BLK-ALL';
SELECT id, order_type, price, amount, visible_amount, filled_amount, status, reserved, priority, cancel_reason,
       accepted_sequence, accepted_status
FROM book WHERE symbol = 'BLK-ALL'
EXCEPT SELECT id, order_type, price, amount, visible_amount, filled_amount, status, reserved, priority, cancel_reason,
              accepted_sequence, accepted_status
FROM book WHERE symbol = 'BLK-ONE';
-- The flow has something of everything.
SELECT order_type, status, cancel_reason, count(*) > 0 AS some FROM book WHERE symbol = 'BLK-ONE' GROUP BY 1, 2, 3
ORDER BY 1, 2, 3;
SELECT count(*) FILTER (WHERE symbol = 'BLK-ONE') = count(*) FILTER (WHERE symbol = 'BLK-ALL') AS as_many,
       count(DISTINCT sqlstate) > 1 AS of_several_kinds FROM exchange.command_rejections
WHERE symbol IN ('BLK-ONE', 'BLK-ALL');
SELECT * FROM exchange.verify();
