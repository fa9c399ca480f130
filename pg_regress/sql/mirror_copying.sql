-- Copying: what an order of a leader comes to for each follower, as it is placed, amended, filled and cancelled; exits.
INSERT INTO identity.users (id, name) VALUES (901, 'lea'), (902, 'ann'), (903, 'ben'), (904, 'cid'), (905, 'dan');
INSERT INTO mirror.trading_accounts (id, user_id, account_name, broker)
VALUES (11, 901, 'lead', 'Zerodha'), (12, 902, 'ann', 'Zerodha'), (13, 903, 'ben', 'Upstox'), (14, 904, 'cid', 'Fyers'),
       (15, 905, 'dan', 'Dhan'), (16, 901, 'second', 'Zerodha');
SELECT mirror.set_instrument('NFO', 'NIFTY', 10, 0.05, freeze_quantity => 50);
SELECT mirror.set_instrument('NSE', 'TCS', 1, 0.05, min_notional => 500);
ALTER TABLE mirror.copied_orders ALTER id RESTART WITH 101;
-- An order of the leader, as his broker reports it. By its id: what is reported last.
CREATE FUNCTION leads(id text, action text, quantity numeric, status text DEFAULT 'OPEN', filled numeric DEFAULT 0,
                      order_type text DEFAULT 'LIMIT', price numeric DEFAULT 100, trigger_price numeric DEFAULT NULL,
                      symbol text DEFAULT 'NIFTY', product text DEFAULT 'NRML', account bigint DEFAULT 11)
RETURNS SETOF mirror.copied_order LANGUAGE plpgsql AS $$
DECLARE
    reported bigint;
BEGIN
    INSERT INTO mirror.orders AS o (account_id, user_id, order_id, exchange, symbol, action, quantity, order_type,
                                    price, trigger_price, product, status, filled_quantity, average_price, placed_at)
    VALUES (account, 901, id, CASE symbol WHEN 'NIFTY' THEN 'NFO' ELSE 'NSE' END, symbol, action, quantity, order_type,
            CASE WHEN order_type IN ('LIMIT', 'SL') THEN price END, trigger_price, product, status,
            CASE status WHEN 'EXECUTED' THEN quantity ELSE filled END, price, clock_timestamp())
    ON CONFLICT ON CONSTRAINT orders_account_id_order_id_key
    DO UPDATE SET quantity = excluded.quantity, order_type = excluded.order_type, price = excluded.price,
                  trigger_price = excluded.trigger_price, status = excluded.status,
                  filled_quantity = excluded.filled_quantity
    RETURNING o.id INTO reported;
    RETURN QUERY SELECT * FROM mirror.copy_order(reported);
END
$$;
-- A sender and the brokers of the followers: everything is sent, taken and reported.
CREATE FUNCTION send() RETURNS TABLE (order_id bigint, account_id bigint, request text) LANGUAGE plpgsql AS $$
DECLARE
    asked record;
    terms record;
BEGIN
    FOR asked IN SELECT * FROM mirror.claim_orders('sender', 100) c ORDER BY c.order_id LOOP
        PERFORM mirror.ack_order(asked.lease, asked.order_id, 'B' || asked.order_id);
        SELECT * INTO terms FROM jsonb_to_record(asked.request) r (action text, exchange text, symbol text, side text,
            quantity numeric, order_type text, price numeric, trigger_price numeric, product text);
        IF terms.action = 'new' THEN
            INSERT INTO mirror.orders (account_id, user_id, order_id, exchange, symbol, action, quantity, order_type,
                                       price, trigger_price, product, status, placed_at)
            SELECT a.id, a.user_id, 'B' || asked.order_id, terms.exchange, terms.symbol, terms.side, terms.quantity,
                   terms.order_type, terms.price, terms.trigger_price, terms.product, 'OPEN', clock_timestamp()
            FROM mirror.trading_accounts a WHERE a.id = asked.account_id
            ON CONFLICT ON CONSTRAINT orders_account_id_order_id_key DO UPDATE SET status = 'OPEN';
        ELSE
            UPDATE mirror.orders o
            SET quantity = CASE terms.action WHEN 'modify' THEN terms.quantity ELSE o.quantity END,
                price = CASE terms.action WHEN 'modify' THEN terms.price ELSE o.price END,
                status = CASE terms.action WHEN 'cancel' THEN 'CANCELLED' ELSE o.status END
            WHERE o.account_id = asked.account_id AND o.order_id = 'B' || asked.order_id AND o.status <> 'EXECUTED';
        END IF;
        order_id := asked.order_id;
        account_id := asked.account_id;
        request := concat_ws(' ', terms.action, terms.side, terms.quantity, terms.order_type, terms.price,
                             terms.trigger_price);
        RETURN NEXT;
    END LOOP;
END
$$;
-- Orders of followers fill, all that rest or one of them, in whole or in part; then it is noted.
CREATE FUNCTION fills(of_order bigint DEFAULT NULL, filled numeric DEFAULT NULL) RETURNS bigint LANGUAGE sql AS $$
    UPDATE mirror.orders o
    SET filled_quantity = coalesce(filled, o.quantity), average_price = coalesce(o.price, 100),
        status = CASE WHEN coalesce(filled, o.quantity) = o.quantity THEN 'EXECUTED' ELSE 'PARTIAL' END
    WHERE o.account_id NOT IN (11, 16) AND o.status IN ('OPEN', 'PARTIAL')
      AND CASE WHEN of_order IS NULL THEN o.order_type IN ('LIMIT', 'MARKET')
               ELSE o.order_id = 'B' || of_order END;
    SELECT mirror.settle_copies()
$$;
CREATE VIEW held AS
    SELECT p.follower_id, p.symbol, trim_scale(p.held) AS held, nullif(trim_scale(p.by_hand), 0) AS by_hand
    FROM mirror.follower_positions p ORDER BY p.follower_id, p.symbol;

-- Lots of 10, 50 in one order: as many, half of it, a hundredth, and no more than 60, of 130.
SELECT mirror.create_group(901, 'futures', 11) AS g \gset
SELECT mirror.share_group(:g, u.id) FROM identity.users u WHERE u.id > 901 AND u.id < 906 ORDER BY u.id;
SELECT mirror.add_follower(:g, 12) AS ann, mirror.add_follower(:g, 13, 'multiplier', 0.5) AS ben,
       mirror.add_follower(:g, 14, 'multiplier', 0.01) AS cid,
       mirror.add_follower(:g, 15, 'multiplier', 2, max_quantity => 65) AS dan \gset
SELECT * FROM leads('L1', 'BUY', 130);
SELECT follower_id, effect, trim_scale(wanted) AS wanted, trim_scale(skipped) AS skipped, reason
FROM mirror.copies ORDER BY id;
-- The same again is the same.
SELECT count(*) FROM leads('L1', 'BUY', 130);
SELECT count(*) AS requests FROM mirror.order_requests;

-- Amended before anybody has sent it: it is sent as it is then. What has been sent is changed, and more is ordered
-- beside.
SELECT * FROM leads('L1', 'BUY', 100, price => 99);
SELECT * FROM send();
SELECT * FROM leads('L1', 'BUY', 120, price => 98);
SELECT * FROM send();
-- Less, when some of it has filled: what has filled stays.
SELECT fills(101, 20);
SELECT * FROM leads('L1', 'BUY', 60, price => 98);
SELECT * FROM send();
SELECT fills();
SELECT * FROM leads('L1', 'BUY', 60, 'EXECUTED', price => 98);
SELECT * FROM held;

-- Half of it is sold: each sells half of its own, in whole lots. Who has skipped the entry sells nothing.
SELECT * FROM leads('L2', 'SELL', 30, 'EXECUTED', order_type => 'MARKET');
SELECT count(*) FROM send();
SELECT fills();
SELECT * FROM held;
-- The rest twice, by a stop and at a limit: one is placed, the other waits. The limit fills, the stop is cancelled, and
-- what waited goes at the market.
SELECT * FROM leads('L3', 'SELL', 30, 'TRIGGER_PENDING', order_type => 'SLM', trigger_price => 90);
SELECT * FROM leads('L4', 'SELL', 30, price => 120);
SELECT * FROM send();
SELECT count(*) FROM leads('L4', 'SELL', 30, 'EXECUTED', price => 120);
SELECT count(*) FROM leads('L3', 'SELL', 30, 'CANCELLED', order_type => 'SLM', trigger_price => 90);
SELECT * FROM send();
SELECT mirror.settle_copies();
SELECT * FROM send();
SELECT fills();
SELECT * FROM held;
SELECT * FROM mirror.verify();

-- The leader sells what he does not hold, and turns round: what he buys beyond it is an entry.
SELECT * FROM leads('L5', 'SELL', 20, 'EXECUTED', order_type => 'MARKET');
SELECT count(*) FROM send();
SELECT fills();
SELECT * FROM leads('L6', 'BUY', 50, 'EXECUTED', order_type => 'MARKET');
SELECT * FROM send();
SELECT fills();
SELECT * FROM held;
-- An exit comes while an entry is under way: it waits for it, closes what has filled, and no more.
SELECT * FROM leads('L7', 'BUY', 20, order_type => 'LIMIT');
SELECT count(*) FROM send();
SELECT count(*) FROM leads('L7', 'BUY', 20, 'EXECUTED');
SELECT * FROM leads('L8', 'SELL', 50, 'EXECUTED', order_type => 'MARKET');
-- The leader is out, so entries are cancelled. One fills first: what waited closes it.
SELECT fills(129);
SELECT * FROM send();
SELECT fills();
SELECT * FROM send();
SELECT fills();
SELECT * FROM held;
SELECT * FROM mirror.verify();

-- Somebody has closed by hand: a newer report of the positions says so, and nothing is sold that is not there.
SELECT count(*) FROM leads('L9', 'BUY', 40, 'EXECUTED', order_type => 'MARKET');
SELECT count(*) FROM send();
SELECT fills();
INSERT INTO mirror.positions (account_id, user_id, exchange, symbol, product, quantity, average_price, as_of,
                              multiplier_from, closed_at)
SELECT a.id, a.user_id, 'NFO', 'NIFTY', 'NRML', q.quantity, 100, clock_timestamp(), 'instrument',
       CASE q.quantity WHEN 0 THEN now() END
FROM (VALUES (12, 0), (13, 10)) q (account, quantity) JOIN mirror.trading_accounts a ON a.id = q.account;
SELECT * FROM leads('L10', 'SELL', 40, 'EXECUTED', order_type => 'MARKET');
SELECT count(*) FROM send();
SELECT fills();
SELECT * FROM held;
SELECT * FROM mirror.verify();

-- A leader's cancel ends what has not filled; a fill that comes before it stays.
SELECT count(*) FROM leads('L11', 'BUY', 20);
SELECT count(*) FROM send();
SELECT * FROM leads('L11', 'BUY', 20, 'CANCELLED');
UPDATE mirror.orders o SET status = 'EXECUTED', filled_quantity = o.quantity
WHERE o.account_id = 12 AND o.status = 'OPEN';
SELECT * FROM send();
SELECT mirror.settle_copies();
SELECT o.follower_id, o.status, trim_scale(o.filled_quantity) AS filled
FROM mirror.copied_orders o ORDER BY o.id DESC LIMIT 3;
-- Whoever is out is out; what is left is closed with its follower.
SELECT * FROM held WHERE held <> 0;

-- Funds: three times the leader's worth, at half the leverage. Told too long ago, or not at all, they say nothing.
SELECT mirror.set_follower_status(f.id, 'stopped') FROM mirror.followers f WHERE f.id <> :cid ORDER BY f.id;
SELECT mirror.set_follower_terms(:cid, 'proportional', 0.5);
SELECT mirror.report_funds(11, 100000), mirror.report_funds(14, 300000, now() - interval '2 days');
SELECT * FROM leads('F1', 'BUY', 20, 'EXECUTED', order_type => 'MARKET') WHERE follower_id = :cid;
SELECT mirror.report_funds(14, 300000);
SELECT mirror.report_funds(14, 1, now() - interval '1 hour');
SELECT * FROM leads('F2', 'BUY', 20, 'EXECUTED', order_type => 'MARKET') WHERE follower_id = :cid;
-- A quantity for each order; ratios by symbol; less than the minimum notional, rounded up.
SELECT mirror.set_follower_terms(:cid, 'fixed', 25);
SELECT * FROM leads('F3', 'BUY', 300, 'EXECUTED', order_type => 'MARKET') WHERE follower_id = :cid;
SELECT mirror.set_follower_terms(:cid, 'custom');
SELECT * FROM leads('F4', 'BUY', 20, 'EXECUTED', symbol => 'TCS', product => 'CNC') WHERE follower_id = :cid;
SELECT mirror.set_ratio(:cid, 'NSE', 'TCS', 0.2);
SELECT * FROM leads('F5', 'BUY', 20, 'EXECUTED', symbol => 'TCS', product => 'CNC') WHERE follower_id = :cid;
SELECT mirror.set_follower_terms(:cid, 'custom', below_minimum => 'round_up');
SELECT * FROM leads('F6', 'BUY', 20, 'EXECUTED', symbol => 'TCS', product => 'CNC') WHERE follower_id = :cid;
SELECT mirror.set_follower_terms(:cid, 'custom', max_quantity => 4, below_minimum => 'round_up');
SELECT * FROM leads('F7', 'BUY', 20, 'EXECUTED', symbol => 'TCS', product => 'CNC') WHERE follower_id = :cid;
-- What is delivered is not sold before it is there: the leader sells 40 of 60 shares that he has bought, then too many.
SELECT count(*) FROM send();
SELECT fills();
SELECT * FROM leads('F8', 'SELL', 40, 'EXECUTED', symbol => 'TCS', product => 'CNC') WHERE follower_id = :cid;
SELECT * FROM leads('F9', 'SELL', 400, 'EXECUTED', symbol => 'TCS', product => 'CNC') WHERE follower_id = :cid;

-- Fills: nothing is ordered before something has filled, and then what has, at the market.
SELECT mirror.create_group(901, 'fills', 16, 'fills') AS fills \gset
SELECT mirror.share_group(:fills, 902), mirror.add_follower(:fills, 12, 'multiplier', 0.5) AS eve \gset
SELECT * FROM leads('P1', 'BUY', 100, account => 16);
SELECT * FROM leads('P1', 'BUY', 100, 'PARTIAL', 30, account => 16);
SELECT * FROM leads('P1', 'BUY', 100, 'PARTIAL', 90, account => 16);
SELECT * FROM send() WHERE account_id = 12;
SELECT fills();
SELECT * FROM leads('P1', 'BUY', 100, 'CANCELLED', 90, account => 16);
SELECT * FROM leads('P2', 'SELL', 90, 'PARTIAL', 45, account => 16);
SELECT * FROM leads('P2', 'SELL', 90, 'EXECUTED', account => 16);
SELECT * FROM mirror.verify();

-- Refusals.
SELECT refusal('SELECT mirror.copy_order(NULL)'), refusal('SELECT mirror.copy_order(99999)');
SELECT count(*) AS copies_of_no_group FROM mirror.copy_order((SELECT min(o.id) FROM mirror.orders o
                                                              WHERE o.account_id = 12));
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT refusal(format('SELECT mirror.copy_order(%s)', (SELECT min(o.id) FROM mirror.orders o WHERE o.account_id = 11)));
COMMIT;
