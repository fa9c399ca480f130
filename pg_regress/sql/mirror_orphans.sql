-- A follower holds what its leader does not: that is told, and closed when somebody says so.
INSERT INTO identity.users (id, name, db_role)
VALUES (961, 'lea', NULL), (962, 'ann', 'torphan_ann'), (963, 'ben', NULL), (964, 'cid', NULL);
CREATE ROLE torphan_ann LOGIN IN ROLE bourse_trader;
INSERT INTO mirror.trading_accounts (id, user_id, account_name, broker)
VALUES (11, 961, 'lead', 'Zerodha'), (12, 962, 'ann', 'Zerodha'), (13, 963, 'ben', 'Upstox'), (14, 964, 'cid', 'Fyers');
ALTER TABLE mirror.orders ALTER id RESTART WITH 101;
ALTER TABLE mirror.copied_orders ALTER id RESTART WITH 201;
SELECT mirror.create_group(961, 'shares', 11) AS g \gset
SELECT count(mirror.share_group(:g, u)) FROM generate_series(962, 964) u;
SELECT mirror.add_follower(:g, 12) AS ann, mirror.add_follower(:g, 13) AS ben, mirror.add_follower(:g, 14) AS cid \gset
INSERT INTO mirror.orders (account_id, user_id, order_id, exchange, symbol, action, quantity, order_type, price,
                           product, status, placed_at)
VALUES (11, 961, 'L1', 'NSE', 'TCS', 'BUY', 10, 'LIMIT', 120, 'MIS', 'OPEN', clock_timestamp());
SELECT order_id, quantity, status FROM mirror.copy_order(101);
SELECT mirror.ack_order(c.lease, c.order_id, 'B' || c.order_id) FROM mirror.claim_orders('sender') c;

-- The leader cancels. The cancels are in the outbox with the commit that has copied that, and go before all else.
UPDATE mirror.orders SET status = 'CANCELLED' WHERE id = 101;
SELECT order_id, status FROM mirror.copy_order(101);
SELECT order_id, action, priority, status FROM mirror.order_requests WHERE action = 'cancel' ORDER BY order_id;
-- The orders of two have filled before; the one of the third is cancelled.
SELECT mirror.reject_order(c.lease, c.order_id, 'it has ended') FROM mirror.claim_orders('sender') c;
UPDATE mirror.orders SET status = CASE account_id WHEN 14 THEN 'CANCELLED' ELSE 'EXECUTED' END,
                         filled_quantity = CASE account_id WHEN 14 THEN 0 ELSE 10 END WHERE account_id > 11;
SELECT count(*) AS reported FROM unnest('{12,13}'::bigint[]) a CROSS JOIN LATERAL mirror.sync_positions(
    a, '[{"symbol": "TCS", "exchange": "NSE", "product": "MIS", "quantity": 10, "average_price": 120}]',
    clock_timestamp());
SELECT follower_id = :ann AS is_ann, symbol, expected, actual, difference FROM mirror.reconcile(:g)
ORDER BY follower_id;
SET SESSION AUTHORIZATION torphan_ann;
SELECT follower_id = :ann AS is_ann, symbol, expected, actual, difference FROM mirror.reconcile(:g);
SELECT refusal(format('SELECT mirror.close_orphans(%s)', :g));
RESET SESSION AUTHORIZATION;
SELECT issue, count FROM bourse.integrity() WHERE issue = 'position_that_its_leader_has_left';
-- What a stopped follower holds is its user's.
SELECT mirror.set_follower_status(:ben, 'stopped');
SELECT follower_id = :ann AS is_ann, expected, actual FROM mirror.reconcile(:g);

-- Once, however often it is asked for; and again when the broker has rejected it.
SELECT follower_id = :ann AS is_ann, order_id, quantity, status FROM mirror.close_orphans(:g);
SELECT follower_id = :ann AS is_ann, order_id, quantity, status FROM mirror.close_orphans(:g);
SELECT * FROM mirror.reconcile(:g);
SELECT mirror.reject_order(c.lease, c.order_id, 'circuit limit') FROM mirror.claim_orders('sender') c;
SELECT expected, actual FROM mirror.reconcile(:g);
SELECT follower_id = :ann AS is_ann, order_id, quantity, status FROM mirror.close_orphans(:g);
SELECT request ->> 'side' AS side, request ->> 'order_type' AS order_type,
       mirror.ack_order(c.lease, c.order_id, 'B' || c.order_id) FROM mirror.claim_orders('sender') c;
UPDATE mirror.orders SET status = 'EXECUTED', filled_quantity = quantity WHERE account_id = 12;
SELECT action FROM mirror.sync_positions(12, '[]', clock_timestamp());
SELECT * FROM mirror.close_orphans(:g);
SELECT * FROM mirror.reconcile(:g);
SELECT follower_id = :ann AS is_ann, trim_scale(held) AS held FROM mirror.follower_positions ORDER BY follower_id;

-- While the leader holds it, or has ordered it, it is nobody's orphan.
SELECT mirror.set_follower_status(:ben, 'active');
SELECT expected, actual FROM mirror.reconcile(:g);
INSERT INTO mirror.orders (account_id, user_id, order_id, exchange, symbol, action, quantity, order_type, price,
                           product, status, placed_at)
VALUES (11, 961, 'L2', 'NSE', 'TCS', 'BUY', 10, 'LIMIT', 120, 'MIS', 'OPEN', clock_timestamp())
RETURNING id AS entry \gset
SELECT count(*) FROM mirror.copy_order(:entry);
SELECT * FROM mirror.reconcile(:g);
SELECT * FROM mirror.close_orphans(:g);
SELECT * FROM mirror.verify();
SELECT refusal('SELECT mirror.close_orphans(NULL)'), refusal('SELECT mirror.close_orphans(99)');
