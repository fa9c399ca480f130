-- The outbox: those who send to brokers claim, send, and say how it went. Nothing is sent twice that may have been
-- sent.
INSERT INTO identity.users (id, name) VALUES (901, 'lea'), (902, 'ann'), (903, 'ben');
INSERT INTO mirror.trading_accounts (id, user_id, account_name, broker)
VALUES (11, 901, 'lead', 'Zerodha'), (12, 902, 'ann', 'Zerodha'), (13, 903, 'ben', 'Upstox');
ALTER TABLE mirror.copied_orders ALTER id RESTART WITH 101;
CREATE ROLE toutbox_worker LOGIN IN ROLE bourse_worker;
CREATE ROLE toutbox_trader LOGIN IN ROLE bourse_trader;
UPDATE identity.users SET db_role = 'toutbox_trader' WHERE id = 902;
CREATE FUNCTION leads(id text, action text, quantity numeric, status text DEFAULT 'OPEN', price numeric DEFAULT 100,
                      symbol text DEFAULT 'TCS')
RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    reported bigint;
BEGIN
    INSERT INTO mirror.orders AS o (account_id, user_id, order_id, exchange, symbol, action, quantity, order_type,
                                    price, product, status, filled_quantity, average_price, placed_at)
    VALUES (11, 901, id, 'NSE', symbol, action, quantity, 'LIMIT', price, 'MIS', status,
            CASE status WHEN 'EXECUTED' THEN quantity ELSE 0 END, price, clock_timestamp())
    ON CONFLICT ON CONSTRAINT orders_account_id_order_id_key
    DO UPDATE SET quantity = excluded.quantity, price = excluded.price, status = excluded.status,
                  filled_quantity = excluded.filled_quantity
    RETURNING o.id INTO reported;
    RETURN (SELECT count(*) FROM mirror.copy_order(reported));
END
$$;
CREATE VIEW outbox AS
    SELECT r.order_id AS "order", r.action, r.status, r.attempt, o.status AS of_order, o.broker_order_id, r.last_error
    FROM mirror.order_requests r JOIN mirror.copied_orders o ON o.id = r.order_id ORDER BY r.id;
-- The lease of the requests that are being sent ends.
CREATE FUNCTION lapse() RETURNS void LANGUAGE sql AS
$$ UPDATE mirror.order_requests SET lease_ends = clock_timestamp() - interval '1 second' WHERE status = 'sending' $$;
-- A sender who gets through with all that waits.
CREATE FUNCTION answers() RETURNS bigint LANGUAGE sql AS $$
    SELECT lapse();
    SELECT count(mirror.ack_order(c.lease, c.order_id, coalesce(o.broker_order_id, 'K' || c.order_id)))
    FROM mirror.claim_orders('w', 100) c JOIN mirror.copied_orders o ON o.id = c.order_id
$$;
-- A refusal that does not say which lease it was.
CREATE FUNCTION refused(statement text) RETURNS text LANGUAGE sql AS
$$ SELECT regexp_replace(refusal(statement), '[0-9a-f-]{36}', 'N') $$;
SELECT mirror.create_group(901, 'shares', 11) AS g \gset
SELECT mirror.share_group(:g, 902), mirror.share_group(:g, 903);
SELECT mirror.add_follower(:g, 12) AS ann, mirror.add_follower(:g, 13) AS ben \gset

-- A claim has one lease; an account is one sender's at a time.
SELECT leads('L1', 'BUY', 10);
SELECT leads('L2', 'BUY', 5);
SET SESSION AUTHORIZATION toutbox_worker;
SELECT * FROM mirror.claim_orders('w1', 1) \gset one_
SELECT count(*) AS handed, count(DISTINCT account_id) AS accounts FROM mirror.claim_orders('w2');
SELECT count(*) AS handed FROM mirror.claim_orders('w3');
SELECT :'one_request'::jsonb - 'tag' AS request, :'one_request'::jsonb ->> 'tag' = 'pgb' || :one_order_id AS tagged;
-- The broker has taken it. The same again is no harm; another answer is one.
SELECT mirror.ack_order(:'one_lease', :one_order_id, 'K1');
SELECT mirror.ack_order(:'one_lease', :one_order_id, 'K1');
RESET SESSION AUTHORIZATION;
SELECT refused(format('SELECT mirror.ack_order(%L, %s, %L)', :'one_lease', :one_order_id, 'K2'));
SELECT lapse();
SELECT count(*) AS handed FROM mirror.claim_orders('w3') WHERE account_id <> :one_account_id;
SELECT action, status, count(*) FROM mirror.order_requests GROUP BY action, status ORDER BY action, status;
SELECT count(*) FILTER (WHERE mirror.resolve_order(o.id, NULL)) AS sent_again FROM mirror.copied_orders o;
SELECT answers();
SELECT count(*) FILTER (WHERE mirror.resolve_order(o.id, 'R' || o.id)) AS were_sent FROM mirror.copied_orders o;
SELECT leads('L1', 'BUY', 10, 'CANCELLED'), leads('L2', 'BUY', 5, 'CANCELLED');
SELECT answers();

-- A sender that is killed: whether it has sent is unknown, and nobody sends it again before that is known. Amended
-- meanwhile, cancelled: all of it comes behind.
ALTER TABLE mirror.copied_orders ALTER id RESTART WITH 201;
SELECT mirror.set_follower_status(:ben, 'paused');
SELECT leads('M1', 'BUY', 10);
SELECT * FROM mirror.claim_orders('w1') \gset one_
SELECT lapse();
SELECT count(*) AS handed FROM mirror.claim_orders('w2');
SELECT refused(format('SELECT mirror.ack_order(%L, 201, %L)', :'one_lease', 'K5'));
SELECT refused(format('SELECT mirror.reject_order(%L, 201, %L)', :'one_lease', 'no'));
SELECT leads('M1', 'BUY', 12, price => 101);
SELECT * FROM outbox WHERE "order" >= 201;
SELECT count(*) AS handed FROM mirror.claim_orders('w2');
-- It has been sent: the broker shows its tag. What has been asked for since goes out, as it is now.
SELECT mirror.resolve_order(201, 'K5'), mirror.resolve_order(201, 'K5');
SELECT order_id, request FROM mirror.claim_orders('w2') ORDER BY order_id;
SELECT lapse();
-- A change may be sent twice.
SELECT order_id, request ->> 'action' AS action, request ->> 'attempt' AS attempt FROM mirror.claim_orders('w2');
SELECT * FROM outbox WHERE "order" >= 201;
-- The second has not been sent: it goes out again, with its tag.
SELECT mirror.resolve_order(202, NULL);
SELECT lapse();
SELECT order_id, request ->> 'action' AS action, request ->> 'tag' AS tag
FROM mirror.claim_orders('w3') ORDER BY order_id;
SELECT mirror.ack_order(r.lease, r.order_id, 'K' || r.order_id) FROM mirror.order_requests r
WHERE r.status = 'sending' AND r.action = 'new';
SELECT mirror.reject_order(r.lease, r.order_id, 'too late') FROM mirror.order_requests r
WHERE r.status = 'sending' AND r.action = 'modify';
SELECT * FROM outbox WHERE "order" >= 201;

-- A broker that shows tags in its reports is asked there: found in one, missing from one that is new enough.
SELECT leads('M2', 'BUY', 1), leads('M3', 'BUY', 2);
SELECT count(*) AS handed FROM mirror.claim_orders('w1');
SELECT lapse();
SELECT count(*) AS handed FROM mirror.claim_orders('w1');
INSERT INTO mirror.books (account_id, user_id, book, as_of, complete_as_of, content_hash)
VALUES (12, 902, 'orders', now(), now(), 1);
INSERT INTO mirror.documents (account_id, user_id, book, format, as_of, complete, content)
VALUES (12, 902, 'orders', 'kite', now(), true, '{"data": [{"order_id": "K9", "tag": "pgb203", "status": "OPEN"}]}');
SELECT mirror.settle_copies();
SELECT * FROM outbox WHERE "order" IN (203, 204);
-- The report is newer than whatever this test sends: what is missing from it was never sent.
UPDATE mirror.books SET complete_as_of = clock_timestamp() + interval '1 hour';
SELECT mirror.settle_copies();
SELECT * FROM outbox WHERE "order" IN (203, 204);

-- Rejected: for good, or until later, ten times at most.
SELECT * FROM mirror.claim_orders('w1') \gset one_
SELECT mirror.reject_order(:'one_lease', :one_order_id, 'slow down', '1 hour');
SELECT count(*) AS handed FROM mirror.claim_orders('w1');
UPDATE mirror.order_requests SET claimable_at = now(), attempt = 9 WHERE status = 'waiting';
SELECT * FROM mirror.claim_orders('w1') \gset one_
SELECT mirror.reject_order(:'one_lease', :one_order_id, 'slow down', '1 hour');
SELECT leads('M4', 'BUY', 3);
SELECT * FROM mirror.claim_orders('w1') \gset one_
SELECT mirror.reject_order(:'one_lease', :one_order_id, 'no funds; password=hunter2hunter2');
SELECT * FROM outbox WHERE "order" >= 204;
SELECT * FROM mirror.copy_order((SELECT o.id FROM mirror.orders o WHERE o.order_id = 'M4')) WHERE follower_id = :ann;

-- Paused: from the commit on nothing that opens is handed out, and it is withdrawn. What rests stays.
SELECT leads('M5', 'BUY', 3);
SELECT mirror.pause_group(:g);
SELECT count(*) AS handed FROM mirror.claim_orders('w1');
SELECT mirror.settle_copies();
SELECT leads('M6', 'BUY', 3);
SELECT * FROM outbox WHERE "order" >= 206;
SELECT * FROM mirror.copy_order((SELECT o.id FROM mirror.orders o WHERE o.order_id = 'M6'));
SELECT mirror.resume_group(:g);
SELECT count(*) AS still_skipped FROM mirror.copy_order((SELECT o.id FROM mirror.orders o WHERE o.order_id = 'M6'));
-- The kill switch: what rests is cancelled as well, and exits go out, before it.
SELECT answers() >= 0 AS answered;
SELECT leads('M7', 'BUY', 4, symbol => 'INFY');
SELECT answers();
INSERT INTO mirror.orders (account_id, user_id, order_id, exchange, symbol, action, quantity, order_type, price,
                           product, status, filled_quantity, placed_at)
SELECT o.account_id, o.user_id, o.broker_order_id, o.exchange, o.symbol, o.action, o.quantity, 'LIMIT', 100, 'MIS',
       CASE WHEN n.last THEN 'PARTIAL' ELSE 'CANCELLED' END, CASE WHEN n.last THEN 2 ELSE 0 END, now()
FROM mirror.copied_orders o, LATERAL (SELECT o.id = (SELECT max(l.id) FROM mirror.copied_orders l) AS last) n
WHERE o.broker_order_id IS NOT NULL
ON CONFLICT ON CONSTRAINT orders_account_id_order_id_key
DO UPDATE SET status = excluded.status, filled_quantity = excluded.filled_quantity;
SELECT leads('M7', 'BUY', 4, 'EXECUTED', symbol => 'INFY');
SELECT mirror.kill_group(:g);
SELECT leads('M8', 'SELL', 4, 'EXECUTED', symbol => 'INFY');
SELECT leads('M9', 'BUY', 4, 'EXECUTED', symbol => 'INFY');
SELECT order_id, request ->> 'action' AS action, request ->> 'side' AS side, request ->> 'quantity' AS quantity
FROM mirror.claim_orders('w1');
SELECT * FROM mirror.verify();

-- Requests of an account that is not in use wait; those of a follower who has left are withdrawn, or cancelled.
SELECT answers() >= 0 AS answered;
SELECT mirror.resume_group(:g);
SELECT leads('N1', 'BUY', 6);
UPDATE mirror.trading_accounts SET is_active = false WHERE id = 12;
SELECT count(*) AS handed FROM mirror.claim_orders('w1');
UPDATE mirror.trading_accounts SET is_active = true WHERE id = 12;
SELECT mirror.remove_follower(:ann);
SELECT count(*) AS handed FROM mirror.claim_orders('w1');
SELECT mirror.settle_copies();
SELECT DISTINCT of_order, action, status FROM outbox WHERE status IN ('waiting', 'sending') OR "order" = (SELECT max(id)
FROM mirror.copied_orders) ORDER BY 1, 2, 3;
SELECT * FROM mirror.verify();

-- Refusals.
SELECT call, refusal('SELECT mirror.' || call) FROM unnest(ARRAY[
    'claim_orders(NULL)', 'claim_orders('' '')', 'claim_orders(''w'', 0)', 'claim_orders(''w'', 1001)',
    'claim_orders(''w'', 1, ''0 s'')', 'claim_orders(''w'', 1, ''1 hour'')',
    'claim_orders(''w'', 1, ''178000000 years'')', 'claim_orders(''w'', NULL)',
    'ack_order(NULL, 201, ''K'')', 'ack_order(gen_random_uuid(), NULL, ''K'')',
    'ack_order(''00000000-0000-0000-0000-000000000000'', 999, ''K'')',
    'reject_order(''00000000-0000-0000-0000-000000000000'', 201, ''no'')',
    'resolve_order(NULL, ''K'')', 'resolve_order(999, ''K'')', 'resolve_order(201, '''')',
    'resolve_order(201, ''K9'')']) WITH ORDINALITY c (call, n) ORDER BY n;
SET SESSION AUTHORIZATION toutbox_trader;
SELECT * FROM mirror.claim_orders('w');
SELECT count(*) > 0 AS own, count(*) FILTER (WHERE user_id <> 902) AS others FROM mirror.order_requests;
RESET SESSION AUTHORIZATION;
