-- The log of subscriptions: what bots have done, and on which signal.
SET timezone = 'UTC';
CREATE ROLE mlogs_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE mlogs_ben LOGIN IN ROLE bourse_trader;
CREATE ROLE mlogs_worker LOGIN IN ROLE bourse_worker;
INSERT INTO identity.users (id, name, role, db_role)
VALUES (101, 'ann', 'trader', 'mlogs_ann'), (102, 'ben', 'trader', 'mlogs_ben'), (103, 'dev', 'developer', NULL);
ALTER TABLE marketplace.bots ALTER id RESTART WITH 201;
ALTER TABLE marketplace.subscriptions ALTER id RESTART WITH 301;
SELECT marketplace.approve_bot(marketplace.submit_bot(103, 'alpha', 'buys low', 'TECHNICAL', NULL, '{}', '{}'));
SELECT (marketplace.subscribe(u, 201, 'mine', 'BINANCE', 'BTC/USDT', '1h', '{}', '{}')).id
FROM unnest(ARRAY[101, 102]) u;
ALTER TABLE marketplace.performance_logs ALTER id RESTART WITH 7001;

SET SESSION AUTHORIZATION mlogs_ann;
SELECT marketplace.log_performance(301, 'HOLD', 101.5, 0, 1000, '{"rsi": 48.2, "trend": "flat"}');
SELECT marketplace.log_performance(301, 'BUY', 101.5, 0.25, 974.625, '{"rsi": 21}');
SELECT marketplace.log_performance(301, 'STOP_LOSS', 99, 0.25, -0.5);
SELECT id, subscription_id, action, price, quantity, balance, signal_data, user_id,
       "timestamp" BETWEEN now() - interval '1 minute' AND clock_timestamp() AS now
FROM marketplace.performance_logs ORDER BY id;

-- Who holds has moved nothing. No secrets, no figure that is none.
SELECT left(call, 60) AS call, refusal('SELECT marketplace.log_performance(' || call || ')') AS answer
FROM unnest(ARRAY[
    $$301, 'HOLD', 1, 0.1, 1$$, $$301, 'hold', 1, 0, 1$$, $$301, NULL, 1, 0, 1$$, $$301, 'HOLD', NULL, 0, 1$$,
    $$301, 'HOLD', 1, NULL, 1$$, $$301, 'HOLD', 1, 0, NULL$$, $$301, 'HOLD', 'NaN', 0, 1$$, $$301, 'HOLD', -1, 0, 1$$,
    $$301, 'BUY', 1, -1, 1$$, $$301, 'BUY', 1, 'Infinity', 1$$, $$301, 'BUY', 1, 1, 'NaN'$$,
    $$301, 'BUY', 1, 1, 1000000000000$$, $$301, 'HOLD', 1, 0, 0.000000001$$, $$301, 'HOLD', 1, 0, 1, '[1]'$$,
    $$301, 'HOLD', 1, 0, 1, 'null'$$, $$301, 'HOLD', 1, 0, 1, '{"api_key": "x"}'$$,
    $$301, 'HOLD', 1, 0, 1, '{"rsi": 1e400}'$$,
    $$301, 'HOLD', 1, 0, 1, jsonb_build_object('a', repeat('x', 65536))$$,
    $$301, 'HOLD', 1, 0, 1, (repeat('{"a":', 70) || '1' || repeat('}', 70))::jsonb$$,
    $$302, 'HOLD', 1, 0, 1$$, $$NULL, 'HOLD', 1, 0, 1$$]) WITH ORDINALITY c (call, n) ORDER BY n;

SET SESSION AUTHORIZATION mlogs_ben;
SELECT count(*) FROM marketplace.performance_logs;
SELECT call, refusal(call) AS answer FROM unnest(ARRAY[
    $$INSERT INTO marketplace.performance_logs (subscription_id, action, price, quantity, balance)
      VALUES (302, 'HOLD', 1, 0, 1)$$, $$DELETE FROM marketplace.performance_logs$$,
    $$UPDATE marketplace.performance_logs SET price = 1$$]) WITH ORDINALITY c (call, n) ORDER BY n;

-- A worker writes many at once; whose they are the subscriptions say.
SET SESSION AUTHORIZATION mlogs_worker;
INSERT INTO marketplace.performance_logs (id, subscription_id, action, "timestamp", price, quantity, balance,
                                          signal_data, user_id)
VALUES (NULL, 302, 'HOLD', '2026-01-10Z', 1, 0, 1, NULL, NULL), (DEFAULT, 302, 'SELL', DEFAULT, 1, 1, 1, '{}', 102)
RETURNING id > 7003 AS drawn, user_id, "timestamp" = '2026-01-10Z' AS told;
SELECT call, refusal('INSERT INTO marketplace.performance_logs ' || call) AS answer FROM unnest(ARRAY[
    $$(subscription_id, action, price, quantity, balance) VALUES (999, 'HOLD', 1, 0, 1)$$,
    $$(subscription_id, action, price, quantity, balance, user_id) VALUES (302, 'HOLD', 1, 0, 1, 101)$$,
    $$(subscription_id, action, price, quantity, balance) VALUES (302, 'HOLD', 1, 1, 1)$$,
    $$(subscription_id, action, price, quantity, balance, signal_data) VALUES (302, 'HOLD', 1, 0, 1, '{"secret": 1}')$$,
    $$(subscription_id, action, price, quantity, balance, "timestamp") VALUES (302, 'HOLD', 1, 0, 1, 'infinity')$$,
    $$(id, subscription_id, action, price, quantity, balance) VALUES (1, 302, 'HOLD', 1, 0, 1)$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
RESET SESSION AUTHORIZATION;

-- Kept for 90 days, by whole months: January goes once the last of it is old enough.
SELECT time_column, partition_by, keep FROM bourse.policies
WHERE schema_name = 'marketplace' AND table_name = 'performance_logs';
SELECT step, target FROM bourse_private.maintain_at('2026-01-15Z', 100)
WHERE relation = 'marketplace.performance_logs' ORDER BY target;
SELECT count(*) FROM marketplace.performance_logs_y2026m01;
SELECT count(*) FROM bourse_private.maintain_at('2026-04-30Z', 100) m
WHERE m.relation = 'marketplace.performance_logs' AND m.step = 'drop partition';
SELECT step, target FROM bourse_private.maintain_at('2026-05-02Z', 100)
WHERE relation = 'marketplace.performance_logs' AND step = 'drop partition';
SELECT count(*) FROM marketplace.performance_logs WHERE "timestamp" < '2026-02-01Z';

-- They go with their user, and are told to him.
SELECT jsonb_array_length(identity.export_user(101) -> 'tables' -> 'marketplace.performance_logs') AS told;
SELECT identity.erase_user(101, 'asked for it') -> 'deleted' ->> 'marketplace.performance_logs' AS deleted;
SELECT count(*) FROM marketplace.performance_logs WHERE user_id = 101;
