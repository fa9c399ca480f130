-- amend_order: less at the same price keeps the place in the queue; anything else goes to its end and may trade.
\set answer 'status, filled_amount AS filled, remaining_amount AS rest, average_price, commission, cancel_reason'
SELECT exchange.create_market('AMD-USD', 'AMD', 'USD', min_amount => 1, max_amount => 50);
INSERT INTO identity.users (name) VALUES ('amd ann') RETURNING id AS ann \gset
INSERT INTO identity.users (name) VALUES ('amd bob') RETURNING id AS bob \gset
INSERT INTO identity.users (name) VALUES ('amd cat') RETURNING id AS cat \gset
SELECT count(exchange.deposit(u, a, 1000)) FROM unnest(ARRAY[:ann, :bob, :cat]) u, unnest(ARRAY['AMD', 'USD']) a;
CREATE TEMP VIEW queue AS
SELECT rank() OVER (PARTITION BY v.side, v.price ORDER BY o.priority) AS place, v.side, v.user_name, v.price, v.amount,
       v.filled_amount AS filled, o.reserved
FROM exchange.order_book_view v JOIN exchange.orders o USING (id) WHERE v.symbol = 'AMD-USD'
ORDER BY v.side DESC, v.price, place;

SELECT id AS ann_order FROM exchange.place_order(:ann, 'AMD-USD', 'sell', 10, 8) \gset
SELECT id AS bob_order FROM exchange.place_order(:bob, 'AMD-USD', 'sell', 10, 8) \gset
SELECT * FROM queue;
-- Less: ann stays first.
SELECT :answer FROM exchange.amend_order(:ann_order, NULL, 6);
SELECT * FROM queue;
-- More: ann goes behind bob.
SELECT :answer FROM exchange.amend_order(:ann_order, NULL, 7);
SELECT * FROM queue;
-- Another price and back: bob goes behind ann.
SELECT :answer FROM exchange.amend_order(:bob_order, 11);
SELECT :answer FROM exchange.amend_order(:bob_order, 10, 8);
SELECT * FROM queue;
-- The same terms again change nothing, and leave no trace.
SELECT :answer FROM exchange.amend_order(:bob_order, 10, 8);
SELECT :answer FROM exchange.amend_order(:ann_order, 10);
SELECT * FROM queue;

-- The new amount is the total, what has traded included: 3 have traded, 4 leave 1.
SELECT :answer FROM exchange.place_order(:cat, 'AMD-USD', 'buy', 10, 3);
SELECT :answer FROM exchange.amend_order(:ann_order, NULL, 4);
SELECT * FROM queue;
SELECT symbol, amount, locked_amount FROM exchange.assets WHERE user_id = :ann ORDER BY symbol;
-- What has traded cannot be amended away.
SELECT amount, refusal(format('SELECT exchange.amend_order(%s, NULL, %s)', :ann_order, amount))
FROM unnest(ARRAY[3, 2]) amount;

-- An amended price may cross: it trades at once, at the prices that it meets.
SELECT id AS cat_order FROM exchange.place_order(:cat, 'AMD-USD', 'buy', 9, 5) \gset
SELECT symbol, amount, locked_amount FROM exchange.assets WHERE user_id = :cat ORDER BY symbol;
SELECT :answer FROM exchange.amend_order(:cat_order, 10.5, 12);
SELECT sequence, price, amount, taker_side, buy_order_id = :cat_order AS of_the_amended_order
FROM exchange.trades WHERE symbol = 'AMD-USD' ORDER BY sequence;
SELECT * FROM queue;
SELECT symbol, amount, locked_amount FROM exchange.assets WHERE user_id = :cat ORDER BY symbol;
-- Later fills add to the answer of a later call.
SELECT status FROM exchange.place_order(:bob, 'AMD-USD', 'sell', 10.5, 1);
SELECT :answer FROM exchange.amend_order(:cat_order, 10, 11);
SELECT * FROM queue;

-- Every change is on record: trades after start_sequence up to end_sequence were made by it.
SELECT u.name, a.old_price, a.old_amount, a.new_price, a.new_amount, a.filled_amount AS filled,
       a.start_sequence AS start, a.end_sequence AS "end"
FROM exchange.order_amendments a JOIN exchange.orders o ON o.id = a.order_id JOIN identity.users u ON u.id = o.user_id
WHERE a.symbol = 'AMD-USD' ORDER BY a.id;

-- What is refused changes nothing: funds, limits, off tick, nothing to change, not live, unknown.
SELECT price, amount, refusal(format('SELECT exchange.amend_order(%s, %L, %L)', :cat_order, price, amount)) AS refusal
FROM (VALUES (50::numeric, 50::numeric), (10, 51), (10.001, NULL), (NULL, 11.0000001), (NULL, NULL), (0, NULL),
             (-1, NULL),
             ('NaN', NULL), (NULL, 'Infinity'), (1e12, NULL), (NULL, 0.5)) AS v (price, amount);
SELECT refusal(format('SELECT exchange.amend_order(%s, 1)', id)) AS refusal
FROM exchange.orders WHERE symbol = 'AMD-USD' AND status = 'filled' ORDER BY id LIMIT 1;
SELECT refusal('SELECT exchange.amend_order(0, 1)') AS refusal;
SELECT refusal('SELECT exchange.amend_order(NULL, 1)') AS refusal;
SELECT * FROM queue;
SELECT count(*) FROM exchange.order_amendments WHERE symbol = 'AMD-USD';
-- An amended order that meets its owner's own order is cancelled.
SELECT status FROM exchange.place_order(:cat, 'AMD-USD', 'sell', 12, 1);
SELECT :answer FROM exchange.amend_order(:cat_order, 12);
SELECT * FROM exchange.verify();
