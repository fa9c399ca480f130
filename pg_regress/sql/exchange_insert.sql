-- A plain INSERT places the order: funded and matched, or the statement fails.
SELECT exchange.create_market('INS-USD', 'INS', 'USD');
INSERT INTO identity.users (name) VALUES ('ins ann') RETURNING id AS ann \gset
INSERT INTO identity.users (name) VALUES ('ins bob') RETURNING id AS bob \gset
SELECT count(exchange.deposit(u, a, 1000)) FROM unnest(ARRAY[:ann, :bob]) u, unnest(ARRAY['INS', 'USD']) a;
CREATE TEMP VIEW placed AS
SELECT u.name, o.side, o.price, o.amount, o.filled_amount AS filled, o.status, o.reserved, o.maker_rate, o.taker_rate,
       o.priority, o.accepted_sequence AS accepted, o.cancel_reason
FROM exchange.orders o JOIN identity.users u ON u.id = o.user_id WHERE o.symbol = 'INS-USD' ORDER BY o.id;

INSERT INTO exchange.orders (user_id, symbol, side, price, amount) VALUES (:ann, 'INS-USD', 'sell', 10, 3);
SELECT * FROM placed;
SELECT symbol, amount, locked_amount FROM exchange.assets WHERE user_id = :ann ORDER BY symbol;
-- It takes what crosses. RETURNING shows the row as it was sent: what it traded stands in the table.
INSERT INTO exchange.orders (user_id, symbol, side, price, amount) VALUES (:bob, 'INS-USD', 'buy', 11, 2)
RETURNING status, filled_amount;
SELECT * FROM placed;
SELECT sequence, price, amount, taker_side FROM exchange.trades WHERE symbol = 'INS-USD';

-- Many rows: placed in order of id, each against the ones before it.
INSERT INTO exchange.orders (user_id, symbol, side, price, amount, time_in_force, client_order_id) VALUES
    (:bob, 'INS-USD', 'buy', 10, 2, 'gtc', 'b-1'), (:ann, 'INS-USD', 'sell', 9, 4, 'ioc', NULL),
    (:ann, 'INS-USD', 'sell', 12, 1, 'gtc', 'a-1');
SELECT * FROM placed OFFSET 2;
INSERT INTO exchange.orders (user_id, symbol, side, price, amount) SELECT :bob, 'INS-USD', 'buy', i, 1
FROM generate_series(1, 3) i;
SELECT * FROM exchange.order_book('INS-USD');
-- All or nothing: the third row is not funded, the first two have not traded.
SELECT refusal(format('INSERT INTO exchange.orders (user_id, symbol, side, price, amount)
    VALUES (%1$s, %2$L, %3$L, 12, 1), (%1$s, %2$L, %3$L, 4, 1), (%1$s, %2$L, %3$L, 12, 1000)', :bob, 'INS-USD', 'buy'));
SELECT * FROM exchange.order_book('INS-USD');

-- An ORM's retry: the client_order_id keeps the second row out, and nothing happens twice.
INSERT INTO exchange.orders (user_id, symbol, side, price, amount, client_order_id)
VALUES (:bob, 'INS-USD', 'buy', 10, 2, 'b-1')
ON CONFLICT (user_id, client_order_id) DO NOTHING;
SELECT split_part(refusal(format('INSERT INTO exchange.orders (user_id, symbol, side, price, amount, client_order_id)
    VALUES (%s, %L, %L, 10, 2, %L)', :bob, 'INS-USD', 'buy', 'b-1')), ' ', 1) AS refusal;
SELECT * FROM exchange.order_book('INS-USD');
-- place_order knows the inserted order by its client_order_id, cancel_order too.
SELECT status, filled_amount, remaining_amount, average_price, commission
FROM exchange.place_order(:bob, 'INS-USD', 'buy', 10, 2, client_order_id => 'b-1');
SELECT status, filled_amount, remaining_amount, cancel_reason FROM exchange.cancel_order(:ann, 'a-1');

-- What only the engine decides is not taken from the statement, not even from a superuser's.
INSERT INTO exchange.orders (user_id, symbol, side, price, amount, filled_amount, status, reserved, accepted_sequence,
                             cancel_reason)
VALUES (:ann, 'INS-USD', 'sell', 20, 1, 1, 'filled', 7, 99, NULL);
SELECT * FROM placed WHERE price = 20;

-- Refusals. exchange_refusal_table compares them with place_order's, one by one.
SELECT columns,
       split_part(refusal(format('INSERT INTO exchange.orders (user_id, symbol, side, price, amount%s) VALUES (%s, %s)',
                                 more, :ann, columns)),
                  ' /', 1) AS refusal
FROM (VALUES ('', $$'INS-USD', 'buy', 0, 1$$), ('', $$'INS-USD', 'buy', 1, -1$$), ('', $$'INS-USD', 'buy', 'NaN', 1$$),
             ('', $$'INS-USD', 'buy', 1, 'NaN'$$),
             ('', $$'INS-USD', 'hold', 1, 1$$),
             ('', $$'INS-USD', 'buy', 1.001, 1$$), ('', $$'INS-USD', 'buy', 1, 0.0000001$$),
             ('', $$'INS-USD', 'buy', 1000, 9$$),
             (', time_in_force', $$'INS-USD', 'buy', 1, 1, 'fok'$$),
             (', display_amount', $$'INS-USD', 'buy', 1, 1, 2$$),
             (', expires_at', $$'INS-USD', 'buy', 1, 1, '9999-12-30'$$)) AS v (more, columns);
SELECT refusal(format('INSERT INTO exchange.orders (user_id, symbol, side, price, amount) VALUES (%s, %L, %L, 0, 1)',
                      :ann, 'INS-USD', 'buy'));
-- One engine, many doors: INSERT and place_order refuse with the same SQLSTATE and with a hint. What differs: nothing.
SELECT * FROM (
    SELECT v.user_id, v.symbol, v.word, left(i.refusal, 5) AS of_insert, i.refusal ~ ' / .' AS hint,
           left(p.refusal, 5) AS of_place_order
    FROM (VALUES (0, 'INS-USD', 'order_type', 'limit'), (:ann, 'NO-MARKET', 'order_type', 'limit'),
                 (:ann, 'INS-USD', 'order_type', 'iceberg'),
                 (:ann, 'INS-USD', 'time_in_force', 'day'), (:ann, 'INS-USD', 'self_trade_prevention', 'yes'),
                 (:ann, 'INS-USD', 'client_order_id', ''),
                 (:ann, 'INS-USD', 'client_order_id', repeat('x', 65))) AS v (user_id, symbol, word, value),
         refusal(format('INSERT INTO exchange.orders (user_id, symbol, side, price, amount, %I) VALUES (%s, %L, %L, 1, 1, %L)',
                        v.word, v.user_id, v.symbol, 'buy', v.value)) AS i (refusal),
         refusal(format('SELECT exchange.place_order(%s, %L, %L, 1, 1, %I => %L)', v.user_id, v.symbol, 'buy', v.word,
                        v.value)) AS p (refusal)
) AS answers WHERE of_insert <> of_place_order OR NOT hint;
SELECT exchange.set_market_status('INS-USD', 'halted');
SELECT refusal(format('INSERT INTO exchange.orders (user_id, symbol, side, price, amount) VALUES (%s, %L, %L, 1, 1)',
                      :ann, 'INS-USD', 'buy'));
SELECT exchange.set_market_status('INS-USD', 'open');
-- Rows that are not inserted are not placed.
INSERT INTO exchange.orders (user_id, symbol, side, price, amount) SELECT :ann, 'INS-USD', 'buy', 1, 1 WHERE false;

-- A row with a priority has been placed before, it comes from a dump: it is stored as it is, and moves no money.
SELECT * INTO TEMP dumped FROM exchange.orders WHERE symbol = 'INS-USD' AND price = 20;
SELECT sum(locked_amount) AS locked FROM exchange.assets WHERE user_id = :ann;
SET session_replication_role = replica;
DELETE FROM exchange.orders WHERE id IN (SELECT id FROM dumped);
RESET session_replication_role;
INSERT INTO exchange.orders SELECT * FROM dumped;
SELECT * FROM placed WHERE price = 20;
SELECT count(*) AS different FROM dumped d FULL JOIN exchange.orders o USING (id)
WHERE o.price = 20 AND o.symbol = 'INS-USD' AND d::text IS DISTINCT FROM o::text;

-- Every order type has its columns: the row says what place_order's arguments say.
INSERT INTO exchange.orders (user_id, symbol, side, price, amount, order_type, time_in_force, post_only, stop_price,
                             display_amount, quote_amount, expires_at)
VALUES
    (:ann, 'INS-USD', 'sell', 30, 4, 'limit', 'gtd', true, NULL, 1.5, NULL, '9999-12-30'),
    (:ann, 'INS-USD', 'sell', NULL, 1, 'stop', 'gtc', false, 5, NULL, NULL, NULL),
    (:bob, 'INS-USD', 'buy', NULL, NULL, 'market', 'gtc', false, NULL, NULL, 40.6, NULL),
    (:bob, 'INS-USD', 'buy', 30, 2, 'limit', 'fok', false, NULL, NULL, NULL, NULL);
SELECT u.name, o.side, o.price, o.stop_price AS stop, o.amount, o.filled_amount AS filled, o.visible_amount AS visible,
       o.quote_amount AS quote, o.status, o.accepted_status AS accepted, o.reserved
FROM exchange.orders o JOIN identity.users u ON u.id = o.user_id WHERE o.symbol = 'INS-USD' ORDER BY o.id DESC LIMIT 4;
SELECT * FROM exchange.verify();
