-- What followers hold beside what their brokers say; and the end of it, once.
INSERT INTO identity.users (id, name, db_role)
VALUES (901, 'lea', NULL), (902, 'ann', 'treconcile_ann'), (903, 'ben', NULL), (904, 'cid', NULL);
CREATE ROLE treconcile_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE treconcile_monitor LOGIN IN ROLE bourse_monitor;
INSERT INTO mirror.trading_accounts (id, user_id, account_name, broker)
VALUES (11, 901, 'lead', 'Zerodha'), (12, 902, 'ann', 'Zerodha'), (13, 903, 'ben', 'Upstox'), (14, 904, 'cid', 'Fyers');
ALTER TABLE mirror.copied_orders ALTER id RESTART WITH 101;
CREATE FUNCTION leads(id text, action text, quantity numeric, status text DEFAULT 'EXECUTED',
                      order_type text DEFAULT 'MARKET')
RETURNS SETOF mirror.copied_order LANGUAGE plpgsql AS $$
DECLARE
    reported bigint;
BEGIN
    INSERT INTO mirror.orders (account_id, user_id, order_id, exchange, symbol, action, quantity, order_type, price,
                               product, status, filled_quantity, placed_at)
    VALUES (11, 901, id, 'NSE', 'TCS', action, quantity, order_type, CASE order_type WHEN 'LIMIT' THEN 120 END, 'MIS',
            status, CASE status WHEN 'EXECUTED' THEN quantity ELSE 0 END, clock_timestamp())
    RETURNING orders.id INTO reported;
    RETURN QUERY SELECT * FROM mirror.copy_order(reported);
END
$$;
-- Brokers take what waits. What is at the market fills, unless they reject it; they report orders and positions.
CREATE FUNCTION send(rejects bigint DEFAULT 0) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    asked record;
    fills boolean;
BEGIN
    FOR asked IN SELECT * FROM mirror.claim_orders('sender', 100) c ORDER BY c.account_id, c.order_id LOOP
        RETURN NEXT concat_ws(' ', asked.account_id, asked.request ->> 'action', asked.request ->> 'side',
                              asked.request ->> 'quantity', asked.request ->> 'order_type');
        IF asked.account_id = rejects THEN
            PERFORM mirror.reject_order(asked.lease, asked.order_id, 'circuit limit');
            CONTINUE;
        END IF;
        PERFORM mirror.ack_order(asked.lease, asked.order_id, 'B' || asked.order_id);
        fills := asked.request ->> 'order_type' = 'MARKET';
        INSERT INTO mirror.orders AS o (account_id, user_id, order_id, exchange, symbol, action, quantity, order_type,
                                        price, product, status, filled_quantity, placed_at)
        SELECT a.id, a.user_id, 'B' || asked.order_id, 'NSE', 'TCS', asked.request ->> 'side',
               (asked.request ->> 'quantity')::numeric, asked.request ->> 'order_type',
               (asked.request ->> 'price')::numeric, 'MIS', CASE WHEN fills THEN 'EXECUTED' ELSE 'OPEN' END,
               CASE WHEN fills THEN (asked.request ->> 'quantity')::numeric ELSE 0 END, clock_timestamp()
        FROM mirror.trading_accounts a WHERE a.id = asked.account_id
        ON CONFLICT ON CONSTRAINT orders_account_id_order_id_key
        DO UPDATE SET status = CASE WHEN asked.request ->> 'action' = 'cancel' THEN 'CANCELLED'
                                    ELSE excluded.status END,
                      filled_quantity = excluded.filled_quantity;
    END LOOP;
    DELETE FROM mirror.positions p WHERE p.account_id <> 11;
    INSERT INTO mirror.positions (account_id, user_id, exchange, symbol, product, quantity, average_price, as_of)
    SELECT o.account_id, o.user_id, 'NSE', 'TCS', 'MIS',
           sum(CASE o.action WHEN 'BUY' THEN o.filled_quantity ELSE -o.filled_quantity END), 100, clock_timestamp()
    FROM mirror.orders o WHERE o.account_id <> 11 GROUP BY o.account_id, o.user_id
    HAVING sum(CASE o.action WHEN 'BUY' THEN o.filled_quantity ELSE -o.filled_quantity END) <> 0;
END
$$;
SELECT mirror.create_group(901, 'shares', 11) AS g \gset
SELECT count(mirror.share_group(:g, u.id)) FROM identity.users u WHERE u.id BETWEEN 902 AND 904;
SELECT mirror.add_follower(:g, 12) AS ann, mirror.add_follower(:g, 13, 'multiplier', 2) AS ben,
       mirror.add_follower(:g, 14, 'multiplier', 0.01) AS cid \gset

-- All is as it must be.
SELECT count(*) FROM leads('L1', 'BUY', 50);
SELECT * FROM send();
SELECT * FROM mirror.reconcile(:g);
-- Ben sells some by hand.
INSERT INTO mirror.orders (account_id, user_id, order_id, exchange, symbol, action, quantity, order_type, product,
                           status, filled_quantity)
VALUES (13, 903, 'HAND', 'NSE', 'TCS', 'SELL', 30, 'MARKET', 'MIS', 'EXECUTED', 30);
SELECT * FROM send();
SELECT * FROM mirror.reconcile(:g);
-- A follower sees his own.
UPDATE mirror.positions SET quantity = 49 WHERE account_id = 12;
SET SESSION AUTHORIZATION treconcile_ann;
SELECT * FROM mirror.reconcile(:g);
SELECT refusal('SELECT mirror.reconcile(99)'), refusal('SELECT mirror.reconcile(NULL)');
RESET SESSION AUTHORIZATION;
UPDATE mirror.positions SET quantity = 50 WHERE account_id = 12;

-- Closing: each exits its own, at the market, once. What rests is cancelled first; what is gone by hand is not sold.
SELECT * FROM leads('L2', 'SELL', 50, 'OPEN', 'LIMIT');
SELECT * FROM send();
SELECT mirror.kill_group(:g);
SELECT * FROM mirror.close_followers(:g);
SELECT * FROM mirror.close_followers(:g);
SELECT * FROM send();
SELECT * FROM mirror.close_followers(:g);
-- One broker rejects it: that is not tried again by itself.
SELECT * FROM send(rejects => 12);
SELECT mirror.settle_copies(:g);
SELECT * FROM send();
SELECT f.id = :ann AS is_ann, f.closes_at IS NOT NULL AS closes FROM mirror.followers f ORDER BY f.id;
SELECT * FROM mirror.close_followers(:g);
SELECT * FROM send();
SELECT mirror.settle_copies(:g);
SELECT f.id, f.status, f.closes_at FROM mirror.followers f ORDER BY f.id;
SELECT follower_id, trim_scale(held) AS held, trim_scale(by_hand) AS by_hand FROM mirror.follower_positions ORDER BY 1;
SELECT * FROM mirror.reconcile(:g);
SELECT * FROM mirror.close_followers(:g);

-- A follower asks for the end himself, while the group goes on.
SELECT mirror.resume_group(:g);
SELECT count(*) FROM leads('L3', 'BUY', 50);
SELECT * FROM send();
SET SESSION AUTHORIZATION treconcile_ann;
SELECT mirror.close_follower(:ann);
RESET SESSION AUTHORIZATION;
SELECT * FROM leads('L4', 'BUY', 10);
SELECT * FROM send();
SELECT mirror.settle_copies();
SELECT follower_id, trim_scale(held) AS held FROM mirror.follower_positions ORDER BY 1;
SELECT status, closes_at FROM mirror.followers WHERE id = :ann;

-- An order goes to the archive; what was copied of it stays to be read, and so it does when accounts go.
SELECT o.id AS archived FROM mirror.orders o WHERE o.order_id = 'L3' \gset
WITH moved AS (
    DELETE FROM mirror.orders o WHERE o.id = :archived RETURNING o.*)
INSERT INTO mirror.orders_archive (id, account_id, order_id, symbol, exchange, action, quantity, order_type, price,
                                   product, status, filled_quantity, placed_at, user_id, as_of, updated_at)
SELECT m.id, m.account_id, m.order_id, m.symbol, m.exchange, m.action, m.quantity, m.order_type, m.price, m.product,
       m.status, m.filled_quantity, m.placed_at, m.user_id, m.as_of, m.updated_at FROM moved m;
SELECT * FROM mirror.copy_order(:archived) WHERE follower_id = :ann;
SELECT mirror.delete_account(12);
SELECT follower_id, status FROM mirror.copy_order(:archived) WHERE follower_id = :ann;
SELECT mirror.settle_copies();

-- What must be so. A fill that nobody has noted, an order that nobody sends: both are told.
SELECT * FROM mirror.verify();
UPDATE mirror.follower_positions SET held = held + 1 WHERE follower_id = :ben;
SELECT count(*) FROM leads('L5', 'BUY', 1);
DELETE FROM mirror.order_requests r USING mirror.copied_orders o WHERE o.id = r.order_id AND o.status = 'queued';
SET SESSION AUTHORIZATION treconcile_monitor;
SELECT * FROM mirror.verify();
RESET SESSION AUTHORIZATION;

-- Refusals.
SELECT refusal('SELECT mirror.close_followers(NULL)'), refusal('SELECT mirror.close_followers(99)'),
       refusal('SELECT mirror.settle_copies(99)');
-- Nobody leaves while an order of his may still fill that nobody could cancel then.
SELECT refusal('SELECT identity.erase_user(903, ''asked for it'')');
