-- Looking for a bot: by words, kind, price, rating and history, a page at a time.
INSERT INTO identity.users (id, name, role, db_role)
VALUES (101, 'dev', 'developer', 'msrch_dev'), (102, 'eve', 'viewer', 'msrch_eve');
CREATE ROLE msrch_dev LOGIN IN ROLE bourse_trader;
CREATE ROLE msrch_eve LOGIN IN ROLE bourse_viewer;
ALTER TABLE marketplace.bots ALTER id RESTART WITH 7001;
SELECT marketplace.submit_bot(101, name, description, bot_type, category, '{}', '{}', price) AS bot
FROM (VALUES ('Grid', 'Trades in small steps', 'TECHNICAL', 'Mean Reversion', 9.90),
             ('Trend rider', 'Follows the trends, and nothing else: 100% of the time', 'ML', 'Trend Following', 0),
             ('Arbitrage', 'The same coin, trading at two prices', 'TECHNICAL', 'Arbitrage', 49.00),
             ('Hidden grid', 'Nobody has approved it', 'ML', 'Arbitrage', 1.00),
             ('L''Étoile', 'Une stratégie; DROP TABLE bots', 'LLM', NULL, 20.00)) b
     (name, description, bot_type, category, price);
SELECT count(marketplace.approve_bot(b)) FROM unnest(ARRAY[7001, 7002, 7003, 7005]) b;
INSERT INTO identity.users (id, name) SELECT n, 'u' || n FROM generate_series(201, 203) n;
INSERT INTO marketplace.bot_reviews (user_id, bot_id, rating)
VALUES (201, 7001, 5), (202, 7001, 4), (201, 7002, 5), (201, 7003, 2), (202, 7003, 3), (203, 7003, 3), (201, 7004, 5);
UPDATE marketplace.bots SET total_trades = 10 * (id - 7000), first_trade_at = now() - (id - 7000) * interval '30 days',
    total_subscribers = 7010 - id WHERE id IN (7001, 7002, 7003, 7004);

SET SESSION AUTHORIZATION msrch_eve;
SELECT id, name, type, category_name, version, price_per_month, is_free, average_rating, total_reviews,
       total_subscribers, total_trades, first_trade_at < now() AS has_history, developer_id
FROM marketplace.search_bots();
SELECT description FROM marketplace.search_bots() LIMIT 1;

-- All words of a query, in whatever form and order; what stands between them is nothing.
SELECT query, (SELECT array_agg(s.id ORDER BY s.id) FROM marketplace.search_bots(query) s) AS found
FROM unnest(ARRAY['grid', 'GRID', 'trade', 'trading steps', 'steps small', 'trend', 'trade nowhere', 'hidden', 'the',
    'the same', '', '  ', '%', '_', '100%', 'gr%', ''' OR true --', 'grid; DROP TABLE marketplace.bots', '$1',
    'grid & !trend', 'grid | trend', 'étoile', 'stratégie', E'grid\x01', 'drop table',
    'a''); SELECT pg_sleep(10) --', '\'])
    WITH ORDINALITY q (query, n) ORDER BY n;

-- Every other thing narrows it down.
CREATE FUNCTION pg_temp.found(call text) RETURNS bigint[] LANGUAGE plpgsql AS $$
DECLARE
    found bigint[];
BEGIN
    EXECUTE format('SELECT array_agg(id) FROM marketplace.search_bots(%s)', call) INTO found;
    RETURN found;
END
$$;
SELECT call, pg_temp.found(call)
FROM unnest(ARRAY[$$category => 'Arbitrage'$$, $$bot_type => 'TECHNICAL'$$, $$bot_type => 'LLM'$$, 'max_price => 0',
    'max_price => 9.89', 'max_price => 9.9', 'min_rating => 4.5', 'min_rating => 4.51', 'min_rating => 2.67',
    'min_rating => 2.6701', 'min_rating => 5', 'min_trades => 20', 'min_trades => 0', $$min_history => '45 days'$$,
    $$min_history => '0'$$, $$'trade', bot_type => 'TECHNICAL', max_price => 10, min_rating => 4, min_trades => 10,
                              min_history => '20 days', category => 'Mean Reversion'$$,
    $$order_by => 'price'$$, $$order_by => 'newest'$$, $$order_by => 'trades'$$, $$order_by => 'subscribers'$$,
    $$'trade', order_by => 'newest'$$]) WITH ORDINALITY c (call, n) ORDER BY n;

-- A page, and the next after its last id, until there is none.
SELECT id FROM marketplace.search_bots("limit" => 2);
SELECT id FROM marketplace.search_bots("limit" => 2, after => 7001);
SELECT id FROM marketplace.search_bots("limit" => 2, after => 7005);
SELECT id FROM marketplace.search_bots('trade', order_by => 'price', after => 7001);

-- Refused. Of a bot that is hidden nobody goes on, as of one that is not there.
SELECT call, refusal(format('SELECT id FROM marketplace.search_bots(%s)', call)) AS answer FROM unnest(ARRAY[
    'repeat(''x'', 201)', $$category => 'No such'$$, $$bot_type => 'x'$$, 'max_price => -1', $$max_price => 'NaN'$$,
    'max_price => 0.001', 'min_rating => 5.01', $$min_rating => 'NaN'$$, 'min_trades => -1',
    $$min_history => '-1 day'$$, $$min_history => '101 years'$$, $$order_by => NULL$$,
    $$order_by => 'rating; DROP TABLE x'$$, '"limit" => 0',
    '"limit" => 1001', '"limit" => NULL', 'after => 7004', 'after => 987654']) WITH ORDINALITY c (call, n) ORDER BY n;

-- What changes is found as it is: other words, another price, no more.
SET SESSION AUTHORIZATION msrch_dev;
SELECT marketplace.update_bot(7001, 'Waves', price_per_month => 0);
SELECT array_agg(id) FROM marketplace.search_bots('waves', max_price => 0);
SELECT array_agg(id) FROM marketplace.search_bots('steps');
SELECT marketplace.archive_bot(7001);
SELECT array_agg(id ORDER BY id) FROM marketplace.search_bots();
RESET SESSION AUTHORIZATION;
SELECT check_name, subject FROM marketplace.verify() WHERE check_name LIKE 'approved%';

-- History is what others than its developer have traded on mainnet: testnet costs nobody anything.
ALTER TABLE marketplace.subscriptions ALTER id RESTART WITH 301;
SELECT (marketplace.subscribe(u, 7002, 'mine', 'BINANCE', 'BTC/USDT', '1h', '{}', '{}')).id
FROM unnest(ARRAY[201, 202, 101]) u;
SET ROLE bourse_owner;
UPDATE marketplace.subscriptions SET network_type = 'mainnet' WHERE id IN (301, 303);
-- entry_time is what somebody says: no trade was entered for a subscription before it had begun.
UPDATE marketplace.subscriptions SET started_at = '2026-03-04 12:00Z';
SELECT id, is_testnet, is_own FROM marketplace.subscriptions ORDER BY id;
INSERT INTO marketplace.trades (subscription_id, side, quantity, entry_price, exit_price, entry_time, exit_time, status)
VALUES (301, 'BUY', 1, 100, 110, '2026-03-05Z', '2026-03-06Z', 'CLOSED'),
       (301, 'BUY', 1, 100, 90, '2026-03-04Z', '2026-03-07Z', 'CLOSED'),
       (301, 'BUY', 1, 100, NULL, '2026-03-01Z', NULL, 'OPEN'),
       (302, 'BUY', 1, 100, 110, '2026-03-02Z', '2026-03-06Z', 'CLOSED'),
       (303, 'BUY', 1, 100, 110, '2026-03-03Z', '2026-03-06Z', 'CLOSED');
RESET ROLE;
SELECT marketplace.refresh_bot_performance('2026-03-01Z', '2026-04-01Z') AS changed;
SELECT total_trades FROM marketplace.bot_performance;
SELECT id, total_trades, first_trade_at AT TIME ZONE 'UTC' AS first_trade FROM marketplace.bots ORDER BY id;
SELECT id, total_trades FROM marketplace.search_bots(min_trades => 1);
SELECT count(*) FROM marketplace.search_bots(min_trades => 3);
SELECT call, (SELECT count(*) FROM marketplace.search_bots(min_history => h)) AS found
FROM (VALUES ('since it began', now() - '2026-03-04 12:00Z'),
             ('longer', now() - '2026-03-04 12:00Z' + interval '1 s')) c (call, h);
-- When nothing is left of it, it is none again.
SET ROLE bourse_owner;
UPDATE marketplace.subscriptions SET network_type = 'testnet' WHERE id = 301;
RESET ROLE;
SELECT marketplace.refresh_bot_performance('2026-03-01Z', '2026-04-01Z') AS changed;
SELECT id, total_trades, first_trade_at FROM marketplace.bots WHERE id = 7002;
SELECT check_name, subject FROM marketplace.verify() WHERE check_name LIKE 'approved%';

-- Of many, what lies far down the order is found as well; two pages that touch leave nothing out.
INSERT INTO marketplace.bots (developer_id, name, description, status, approved_at, price_per_month, rating_sum,
                              total_reviews)
SELECT 101, 'Many ' || n, CASE WHEN n % 1000 = 0 THEN 'needle' ELSE 'hay' END, 'APPROVED', now(), n % 7,
       1 + n % 5, 1 FROM generate_series(1, 6000) n;
SELECT count(*), min(name), max(name) FROM marketplace.search_bots('needle', order_by => 'newest');
SELECT name, price_per_month, average_rating
FROM marketplace.search_bots('needle', max_price => 3, min_rating => 1, order_by => 'price');
SELECT count(DISTINCT id) AS all_of_them, count(*) FROM (
    WITH RECURSIVE pages AS (
        SELECT array_agg(s.id) AS ids FROM marketplace.search_bots('hay', order_by => 'price', "limit" => 1000) s
        UNION ALL
        SELECT (SELECT array_agg(s.id) FROM marketplace.search_bots('hay', order_by => 'price', "limit" => 1000,
                                                                    after => p.ids[cardinality(p.ids)]) s)
        FROM pages p WHERE cardinality(p.ids) = 1000)
    SELECT unnest(ids) AS id FROM pages) p;
