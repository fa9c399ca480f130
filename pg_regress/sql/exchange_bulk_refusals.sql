-- Whatever is wrong with a command of the bulk door, it is refused alone, kept as it came, and told as place_order,
-- cancel_order and amend_order would tell it.
SELECT exchange.create_market('BRF-USD', 'BRF', 'USD', min_amount => 0.5);
SELECT exchange.create_market('BRF-HALT', 'BRF', 'USD');
SELECT exchange.set_market_status('BRF-HALT', 'halted');
INSERT INTO identity.users (id, name, is_active)
VALUES (7101, 'brf ann', true), (7102, 'brf bob', true), (7103, 'brf idle', false);
SELECT count(exchange.deposit(u, a, 100)) FROM generate_series(7101, 7102) u, unnest(ARRAY['BRF', 'USD']) a;
SELECT status FROM exchange.place_order(7101, 'BRF-USD', 'sell', 10, 5, client_order_id => 'live');
SELECT status FROM exchange.place_order(7101, 'BRF-USD', 'sell', 10, 1, client_order_id => 'gone');
SELECT status FROM exchange.cancel_order(7101, 'gone');
SELECT status FROM exchange.place_order(7102, 'BRF-USD', 'buy', 10, 2, client_order_id => 'bought');
SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) AS before FROM (
    SELECT a::text FROM exchange.assets a WHERE a.amount + a.locked_amount > 0
    UNION ALL SELECT o::text FROM exchange.orders o UNION ALL SELECT t::text FROM exchange.trades t
    UNION ALL SELECT m::text FROM exchange.markets m UNION ALL SELECT d::text FROM exchange.order_amendments d) t \gset

COPY exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount, order_type, time_in_force,
                              self_trade_prevention, post_only, stop_price)
FROM STDIN;
\N	7101	BRF-USD	n1	buy	1	1	limit	gtc	none	f	\N
buy	7101	BRF-USD	n2	buy	1	1	limit	gtc	none	f	\N
new	\N	BRF-USD	n3	buy	1	1	limit	gtc	none	f	\N
new	7199	BRF-USD	n4	buy	1	1	limit	gtc	none	f	\N
new	7103	BRF-USD	n5	buy	1	1	limit	gtc	none	f	\N
new	7101	\N	n6	buy	1	1	limit	gtc	none	f	\N
new	7101	BRF-EUR	n7	buy	1	1	limit	gtc	none	f	\N
new	7101	BRF-HALT	n8	buy	1	1	limit	gtc	none	f	\N
new	7101	BRF-USD		buy	1	1	limit	gtc	none	f	\N
new	7101	BRF-USD	n10	\N	1	1	limit	gtc	none	f	\N
new	7101	BRF-USD	n11	up	1	1	limit	gtc	none	f	\N
new	7101	BRF-USD	n12	buy	\N	1	limit	gtc	none	f	\N
new	7101	BRF-USD	n13	buy	1	\N	limit	gtc	none	f	\N
new	7101	BRF-USD	n14	buy	NaN	1	limit	gtc	none	f	\N
new	7101	BRF-USD	n15	buy	1	Infinity	limit	gtc	none	f	\N
new	7101	BRF-USD	n16	buy	1.000000001	1	limit	gtc	none	f	\N
new	7101	BRF-USD	n17	buy	1e15	1	limit	gtc	none	f	\N
new	7101	BRF-USD	n18	buy	-1	1	limit	gtc	none	f	\N
new	7101	BRF-USD	n19	buy	1	0	limit	gtc	none	f	\N
new	7101	BRF-USD	n20	buy	1.001	1	limit	gtc	none	f	\N
new	7101	BRF-USD	n21	buy	1	1.0000001	limit	gtc	none	f	\N
new	7101	BRF-USD	n22	buy	1	0.1	limit	gtc	none	f	\N
new	7101	BRF-USD	n23	buy	99	20	limit	gtc	none	f	\N
new	7101	BRF-USD	n24	sell	99	200	limit	gtc	none	f	\N
new	7101	BRF-USD	n25	buy	1	1	market	gtc	none	f	\N
new	7101	BRF-USD	n26	buy	1	1	limit	fok	none	f	\N
new	7101	BRF-USD	n27	buy	1	1	limit	ioc	decrement	t	\N
new	7102	BRF-USD	n28	buy	10	1	limit	gtc	cancel_both	t	\N
new	7101	BRF-USD	n29	buy	1	1	limit	gtc	none	f	2
new	7101	BRF-USD	n30	buy	1	1	iceberg	gtc	none	f	\N
new	7101	BRF-USD	live	sell	10	6	limit	gtc	cancel_taker	f	\N
cancel	7101	BRF-USD	nowhere	\N	\N	\N	limit	gtc	none	f	\N
cancel	7101	\N	nowhere	\N	\N	\N	limit	gtc	none	f	\N
cancel	7101	BRF-HALT	live	\N	\N	\N	limit	gtc	none	f	\N
cancel	7102	BRF-USD	live	\N	\N	\N	limit	gtc	none	f	\N
cancel	7101	BRF-USD	gone	\N	\N	\N	limit	gtc	none	f	\N
cancel	7102	BRF-USD	bought	\N	\N	\N	limit	gtc	none	f	\N
cancel	7101	BRF-USD	\N	\N	\N	\N	limit	gtc	none	f	\N
cancel	\N	BRF-USD	live	\N	\N	\N	limit	gtc	none	f	\N
amend	7101	BRF-USD	live	\N	\N	\N	limit	gtc	none	f	\N
amend	7101	BRF-USD	live	\N	\N	2	limit	gtc	none	f	\N
amend	7101	BRF-USD	live	\N	10.001	\N	limit	gtc	none	f	\N
amend	7101	BRF-USD	live	\N	NaN	\N	limit	gtc	none	f	\N
amend	7101	BRF-USD	live	\N	\N	200	limit	gtc	none	f	\N
amend	7101	BRF-USD	gone	\N	11	\N	limit	gtc	none	f	\N
amend	7101	BRF-USD	nowhere	\N	11	\N	limit	gtc	none	f	\N
\.
CALL exchange.match_orders(batch_size => 7);
SELECT count(*) AS waiting FROM exchange.order_commands;
SELECT action, user_id, symbol, client_order_id, sqlstate, regexp_replace(reason, 'order \d+', 'order N') AS reason
FROM exchange.command_rejections WHERE symbol LIKE 'BRF-%' OR user_id BETWEEN 7101 AND 7199 ORDER BY command_id;
-- Nothing else has changed. (An empty balance may have appeared: it is the place where a first one is locked.)
SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) = :'before' AS unchanged FROM (
    SELECT a::text FROM exchange.assets a WHERE a.amount + a.locked_amount > 0
    UNION ALL SELECT o::text FROM exchange.orders o UNION ALL SELECT t::text FROM exchange.trades t
    UNION ALL SELECT m::text FROM exchange.markets m UNION ALL SELECT d::text FROM exchange.order_amendments d) t;

-- One engine, many doors: the calls answer the same, word for word. (An amend call names the order by its id, an
-- unknown one cannot be named.) What differs: nothing.
SELECT r.action, r.client_order_id, r.sqlstate, r.reason, r.hint, d.answer
FROM exchange.command_rejections r
LEFT JOIN exchange.orders o ON o.user_id = r.user_id AND o.client_order_id = r.client_order_id
CROSS JOIN LATERAL refusal(CASE r.action
    WHEN 'new' THEN format('SELECT exchange.place_order(%L, %L, %L, %L, %L, %L, %L, %L, %L, post_only => %L, self_trade_prevention => %L)',
        r.user_id, r.symbol, r.side, r.price, r.amount, r.order_type, r.time_in_force, r.client_order_id, r.stop_price,
        r.post_only, r.self_trade_prevention)
    WHEN 'cancel' THEN format('SELECT exchange.cancel_order(%L, %L)', r.user_id, r.client_order_id)
    WHEN 'amend' THEN format('SELECT exchange.amend_order(%L, %L, %L)', o.id, r.price, r.amount) END) AS d (answer)
WHERE r.user_id BETWEEN 7101 AND 7103 AND r.action IN ('new', 'cancel', 'amend') AND r.symbol <> 'BRF-HALT'
  AND NOT (r.action = 'amend' AND o.id IS NULL)
  AND replace(replace(d.answer, 'new_price', 'price'), 'new_amount', 'amount')
      <> regexp_replace(format('%s %s / %s', r.sqlstate, r.reason, r.hint), '\m(user|order) \d+', '\1 N', 'g')
ORDER BY r.command_id;
SELECT DISTINCT sqlstate FROM exchange.command_rejections WHERE hint IS NULL OR hint = '' OR reason = '';
-- The command stands there as it came, default columns included.
SELECT action, user_id, symbol, client_order_id, side, price, amount, order_type, time_in_force, stop_price,
       display_amount, quote_amount,
       post_only, expires_at, self_trade_prevention, created_at <= rejected_at AS in_order
FROM exchange.command_rejections WHERE client_order_id IN ('n16', 'n29') ORDER BY command_id;

-- A refused command among good ones: the good ones go on.
INSERT INTO exchange.order_commands (action, user_id, symbol, client_order_id, side, price, amount) VALUES
    ('new', 7102, 'BRF-USD', 'g1', 'buy', 5, 1), ('new', 7102, 'BRF-USD', 'g2', 'buy', 5, 100),
    ('new', 7102, 'BRF-USD', 'g3', 'buy', 5, 1),
    ('cancel', 7102, 'BRF-USD', 'g2', NULL, NULL, NULL);
CALL exchange.match_orders();
SELECT client_order_id, status FROM exchange.orders WHERE client_order_id LIKE 'g_' ORDER BY id;
SELECT client_order_id, action, sqlstate, reason FROM exchange.command_rejections WHERE client_order_id LIKE 'g_'
ORDER BY command_id;
SELECT * FROM exchange.verify();
