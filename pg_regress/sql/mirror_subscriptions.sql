-- Market data that accounts are to receive, before and after a failover.
INSERT INTO identity.users (id, name, role, db_role)
VALUES (101, 'ann', 'trader', 'msub_ann'), (102, 'ben', 'trader', 'msub_ben');
CREATE ROLE msub_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE msub_ben LOGIN IN ROLE bourse_trader;
CREATE ROLE msub_view LOGIN IN ROLE bourse_viewer;
CREATE ROLE msub_worker LOGIN IN ROLE bourse_worker;
ALTER TABLE mirror.trading_accounts ALTER id RESTART WITH 7001;
SELECT mirror.create_account(101, 'main', 'Zerodha', is_primary => true), mirror.create_account(101, 'spare', 'Upstox'),
       mirror.create_account(102, 'bens', 'Dhan');

SET SESSION AUTHORIZATION msub_ann;
SELECT mirror.subscribe(7001, 'NSE', 'INFY') AS new, mirror.subscribe(7001, 'NSE', 'INFY', 'quote') AS again,
       mirror.subscribe(7001, 'NSE', 'INFY', 'depth') AS deeper,
       mirror.subscribe(7001, 'NFO', 'NIFTY26JAN24000CE', 'ltp'), mirror.subscribe(7002, 'BSE', 'TCS'),
       mirror.subscribe(7002, 'NSE', 'INFY');
SELECT * FROM mirror.subscriptions(7001);
SELECT * FROM mirror.subscriptions(7002);
SELECT call, refusal('SELECT mirror.' || call) AS answer FROM unnest(ARRAY[
    $$subscribe(NULL, 'NSE', 'INFY')$$, $$subscribe(7001, NULL, 'INFY')$$, $$subscribe(7001, 'NSE', NULL)$$,
    $$subscribe(7001, 'NSE', 'INFY', NULL)$$, $$subscribe(7001, 'NSE', 'INFY', 'all')$$,
    $$subscribe(7001, 'nse', 'INFY')$$, $$subscribe(7001, 'NSE', ' INFY')$$, $$subscribe(7001, 'NSE', '')$$,
    $$subscribe(7001, 'NSE', repeat('X', 51))$$, $$subscribe(7001, 'NSE', E'A\nB')$$,
    $$subscribe(7003, 'NSE', 'INFY')$$, $$unsubscribe(NULL, 'NSE', 'INFY')$$, $$unsubscribe(7001, 'NSE', NULL)$$,
    $$unsubscribe(7001, 'NSE', 'INFY', 'all')$$, $$unsubscribe(7003, 'NSE', 'INFY')$$, 'subscriptions(NULL)',
    'subscriptions(7003)']) WITH ORDINALITY c (call, n)
ORDER BY n;
SELECT refusal('DELETE FROM mirror.market_subscriptions');
SET SESSION AUTHORIZATION msub_ben;
SELECT count(*) FROM mirror.market_subscriptions;
SET SESSION AUTHORIZATION msub_view;
SELECT refusal($$SELECT mirror.subscribe(7001, 'NSE', 'INFY')$$);

-- The main account fails: the spare one receives what it was subscribed to besides its own, and the main one nothing.
SET SESSION AUTHORIZATION msub_worker;
SELECT mirror.connect(7001, 'm') IS NOT NULL AS main, mirror.connect(7002, 's') IS NOT NULL AS spare;
SELECT breaker FROM generate_series(1, 3) n CROSS JOIN LATERAL mirror.report_failure(7001, 'attempt ' || n);
SELECT from_account_id, to_account_id, reason FROM mirror.sweep();
SELECT * FROM mirror.subscriptions(7002);
SELECT * FROM mirror.subscriptions(7001);
-- What the user asks for meanwhile, of either account, the spare one receives; what ends, ends.
SET SESSION AUTHORIZATION msub_ann;
SELECT mirror.subscribe(7001, 'NSE', 'SBIN'), mirror.unsubscribe(7002, 'NSE', 'INFY') AS ended,
       mirror.unsubscribe(7001, 'NFO', 'NIFTY26JAN24000CE', 'ltp') AS one,
       mirror.unsubscribe(7001, 'NSE', 'NONE') AS none;
SELECT * FROM mirror.subscriptions(7002);
-- Its breaker is half open after 30 seconds, and closed after two successes. Back: each its own.
RESET SESSION AUTHORIZATION;
SELECT mirror_private.note_outcomes('{7001}', '{true}', clock_timestamp() + interval '31 s')
FROM generate_series(1, 2);
SET SESSION AUTHORIZATION msub_ann;
SELECT mirror.fail_back(7001);
SELECT * FROM mirror.subscriptions(7001);
SELECT * FROM mirror.subscriptions(7002);

-- 5,000 of one account at most; the same again is no more.
RESET SESSION AUTHORIZATION;
SELECT count(mirror.subscribe(7002, 'NSE', 'S' || n)) FROM generate_series(1, 4999) n;
SELECT refusal($$SELECT mirror.subscribe(7002, 'NSE', 'S5000')$$),
       refusal($$SELECT mirror.subscribe(7002, 'NSE', 'S1')$$);
SELECT count(*) FROM mirror.subscriptions(7002);
SELECT * FROM mirror_private.verify_connections();
