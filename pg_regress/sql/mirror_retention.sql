-- What retention takes of copies, and what it leaves: all that is under way, what was filled, and that it was copied.
INSERT INTO identity.users (id, name) VALUES (951, 'lea'), (952, 'ann'), (953, 'ben');
INSERT INTO mirror.trading_accounts (id, user_id, account_name, broker)
VALUES (11, 951, 'lead', 'Zerodha'), (12, 952, 'ann', 'Zerodha'), (13, 953, 'ben', 'Upstox');
ALTER TABLE mirror.orders ALTER id RESTART WITH 101;
SELECT mirror.create_group(951, 'shares', 11) AS g \gset
SELECT mirror.share_group(:g, u) FROM unnest('{952,953}'::bigint[]) u;
SELECT mirror.add_follower(:g, 12) AS ann, mirror.add_follower(:g, 13, 'multiplier', 2) AS ben \gset
CREATE FUNCTION leads(symbol text, status text) RETURNS SETOF mirror.copied_order LANGUAGE sql AS $$
    INSERT INTO mirror.orders (account_id, user_id, order_id, exchange, symbol, action, quantity, order_type, price,
                               product, status, filled_quantity, placed_at)
    VALUES (11, 951, 'L ' || symbol, 'NSE', symbol, 'BUY', 10, 'LIMIT', 100, 'MIS', status,
            CASE status WHEN 'EXECUTED' THEN 10 ELSE 0 END, clock_timestamp())
    ON CONFLICT ON CONSTRAINT orders_account_id_order_id_key
    DO UPDATE SET status = excluded.status, filled_quantity = excluded.filled_quantity;
    SELECT c.* FROM mirror.orders o CROSS JOIN LATERAL mirror.copy_order(o.id) c
    WHERE o.account_id = 11 AND o.symbol = leads.symbol
$$;
-- Brokers take what waits, and of TCS they fill it.
CREATE FUNCTION send() RETURNS bigint LANGUAGE sql AS $$
    SELECT mirror.ack_order(c.lease, c.order_id, 'B' || c.order_id) FROM mirror.claim_orders('sender', 100) c;
    UPDATE mirror.orders o SET status = 'EXECUTED', filled_quantity = quantity WHERE account_id > 11 AND symbol = 'TCS';
    SELECT mirror.settle_copies()
$$;
SELECT follower_id = :ann AS is_ann, quantity, status FROM leads('TCS', 'EXECUTED');
SELECT follower_id = :ann AS is_ann, quantity, status FROM leads('INFY', 'OPEN');
SELECT send();

-- A copy has ended once the leader's order and all of its own have.
SELECT symbol, count(*) AS copies, count(ended_at) AS ended FROM mirror.copies GROUP BY symbol ORDER BY symbol;
SELECT symbol, count(*) AS orders, count(ended_at) AS ended FROM mirror.copied_orders GROUP BY symbol ORDER BY symbol;
-- An order that has ended at the leader's and rests at a follower's has not.
SELECT count(*) FROM leads('INFY', 'EXECUTED');
SELECT send();
SELECT symbol, count(*) AS copies, count(ended_at) AS ended FROM mirror.copies GROUP BY symbol ORDER BY symbol;

SELECT table_name, time_column, keep FROM bourse.policies
WHERE schema_name = 'mirror' AND table_name IN ('copies', 'order_requests', 'exchange_copies') ORDER BY table_name;
SELECT relation, step, rows, problem FROM bourse_private.maintain_at(now() + interval '89 days', 100)
WHERE relation IN ('mirror.copies', 'mirror.order_requests');
SELECT relation, step, rows, problem FROM bourse_private.maintain_at(now() + interval '91 days', 100)
WHERE relation IN ('mirror.copies', 'mirror.order_requests');
-- What rests is there, what was filled is known, and nothing is copied again.
SELECT symbol, count(*) FROM mirror.copied_orders GROUP BY symbol;
SELECT follower_id = :ann AS is_ann, trim_scale(held) AS held, trim_scale(earlier) AS earlier
FROM mirror.follower_positions ORDER BY follower_id;
SELECT * FROM mirror.copy_order(101);
SELECT * FROM mirror.verify();
SELECT leader_order_id, is_copied, is_ended FROM mirror.leader_orders ORDER BY 1;
-- An exit is of all that is held.
INSERT INTO mirror.orders (account_id, user_id, order_id, exchange, symbol, action, quantity, order_type, product,
                           status, filled_quantity, placed_at)
VALUES (11, 951, 'L exit', 'NSE', 'TCS', 'SELL', 10, 'MARKET', 'MIS', 'EXECUTED', 10, clock_timestamp())
RETURNING id AS exit \gset
SELECT follower_id = :ann AS is_ann, quantity, status FROM mirror.copy_order(:exit);
SELECT send();
SELECT follower_id = :ann AS is_ann, trim_scale(held) AS held FROM mirror.follower_positions ORDER BY follower_id;

-- Who leaves takes his copies along, and nobody else's with them.
UPDATE mirror.orders SET status = 'CANCELLED' WHERE account_id = 13 AND symbol = 'INFY';
SELECT mirror.settle_copies();
SELECT identity.erase_user(953, 'asked for it') -> 'deleted' -> 'mirror.copies' AS copies;
SELECT leader_order_id, is_copied FROM mirror.leader_orders ORDER BY 1;
SELECT * FROM mirror.verify();

-- On our own exchange what fills no more is settled by the ticker, and goes; what rests stays.
SELECT exchange.create_market('ETH-EUR', 'ETH', 'EUR');
SELECT count(exchange.deposit(u, 'EUR', 1000)) FROM unnest('{951,952}'::bigint[]) u;
SELECT mirror.follow_on_exchange(:ann, true);
SELECT (c.order_result).status FROM mirror.copy_on_exchange(:g, 'ETH-EUR', 'buy', 1, 5, client_order_id => 'one') c;
SELECT (c.order_result).status FROM mirror.copy_on_exchange(:g, 'ETH-EUR', 'buy', 2, 5, client_order_id => 'two') c;
SELECT exchange.cancel_order(o.id) FROM exchange.orders o WHERE o.price = 1;
SET ROLE bourse_owner;
SELECT mirror_private.on_tick();
RESET ROLE;
SELECT is_settled, count(*) FROM mirror.exchange_copies GROUP BY is_settled ORDER BY is_settled;
SELECT rows, problem FROM bourse_private.maintain_at(now() + interval '91 days', 100)
WHERE relation = 'mirror.exchange_copies';
SELECT is_settled, count(*) FROM mirror.exchange_copies GROUP BY is_settled;
-- A repeated client_order_id buys nothing twice: what was answered is known no more, and that is told.
SELECT (c.order_result).status FROM mirror.copy_on_exchange(:g, 'ETH-EUR', 'buy', 2, 5, client_order_id => 'two') c;
SELECT refusal(format('SELECT mirror.copy_on_exchange(%s, ''ETH-EUR'', ''buy'', 1, 5, client_order_id => ''one'')',
                      :g));
