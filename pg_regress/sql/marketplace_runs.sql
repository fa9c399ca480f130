-- Runs: what is due is handed out once, for the length of a lease, and comes again at the next end of a candle.
INSERT INTO identity.users (id, name, db_role, role)
VALUES (831, 'dora', 'truns_dora', 'developer'), (832, 'ann', 'truns_ann', 'trader');
CREATE ROLE truns_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE truns_worker LOGIN IN ROLE bourse_worker;
ALTER TABLE marketplace.bots ALTER id RESTART WITH 41;
ALTER TABLE marketplace.subscriptions ALTER id RESTART WITH 801;
SELECT marketplace.submit_bot(831, 'grid', 'Buys low', 'TECHNICAL', NULL, '{}', '{"steps": 5, "size": 2}') AS bot;
SELECT marketplace.approve_bot(41);
SELECT id, next_run_at > clock_timestamp() AS later
FROM (VALUES ('1m'), ('1h'), ('1d')) t (timeframe)
CROSS JOIN LATERAL marketplace.subscribe(832, 41, timeframe, 'BINANCE', 'BTC/USDT', timeframe,
    '{"buy_order_type": "USDT_AMOUNT", "buy_order_value": 5}', '{"max_position_size": 10}', '{"size": 3}');
-- Has those that wait be due since so long.
CREATE PROCEDURE be_due(since interval DEFAULT '1 minute') LANGUAGE sql SECURITY DEFINER AS $$
    UPDATE marketplace.runs r SET next_run_at = now() - since - s.id * interval '1 ms'
    FROM marketplace.subscriptions s WHERE s.id = r.subscription_id AND s.status = 'ACTIVE';
    UPDATE marketplace.runs r SET claimable_at = r.next_run_at
    FROM marketplace.subscriptions s WHERE s.id = r.subscription_id AND r.lease IS NULL AND s.status = 'ACTIVE';
$$;

-- Candles end in UTC; a week ends on Monday.
SELECT timeframe, marketplace_private.next_tick(timeframe, '2026-03-04 23:59:30Z') AT TIME ZONE 'UTC' AS next,
       marketplace_private.next_tick(timeframe, '2026-03-09 00:00:00Z') AT TIME ZONE 'UTC' AS from_an_end
FROM unnest(ARRAY['1m', '5m', '15m', '1h', '2h', '4h', '6h', '8h', '12h', '1d', '1w']) WITH ORDINALITY t (timeframe, n)
ORDER BY n;

-- Nothing is due before its time.
SET SESSION AUTHORIZATION truns_worker;
CALL be_due('-1 hour');
SELECT count(*) FROM marketplace.claim_runs('w1');
CALL be_due();
SELECT subscription_id, user_id, bot_id, bot_version, exchange_type, trading_pair, timeframe, strategy_config,
       execution_config, risk_config, network_type, trade_mode, is_trial, error_count,
       clock_timestamp() - scheduled_for BETWEEN '1 min' AND '2 min' AS since_then, last_run_at,
       lease_until - clock_timestamp() BETWEEN '30 s' AND '60 s' AS for_a_minute
FROM marketplace.claim_runs('w1', 2) ORDER BY 1 \gx
SELECT count(DISTINCT lease_id), min(subscription_id) FROM marketplace.claim_runs('w2');
SELECT count(*) FROM marketplace.claim_runs('w3');
SELECT call, refusal(format('SELECT * FROM marketplace.claim_runs(%s)', call)) AS answer FROM unnest(ARRAY[
    'NULL', ''' ''', 'repeat(''w'', 101)', '''w'', 0', '''w'', 1001', '''w'', NULL', '''w'', 1, ''0.5 s''',
    '''w'', 1, ''2 days''', '''w'', 1, NULL', '''w'', 1, ''-1 s'''])
    WITH ORDINALITY c (call, n) ORDER BY n;
BEGIN ISOLATION LEVEL SERIALIZABLE;
SELECT refusal('SELECT * FROM marketplace.claim_runs(''w'')') ~ '^25001' AS refused;
ROLLBACK;

-- A run that has ended comes again at the next end of a candle from now on: one that was missed is missed.
RESET SESSION AUTHORIZATION;
SELECT subscription_id, worker, marketplace.finish_run(subscription_id, lease) IS NOT NULL AS finished
FROM marketplace.runs ORDER BY 1;
SELECT id, clock_timestamp() - last_run_at BETWEEN '0 s' AND '30 s' AS has_run,
       next_run_at = marketplace_private.next_tick(timeframe, last_run_at) AS at_next_end,
       next_run_at = claimable_at AS waits, lease, worker, error_count
FROM marketplace.subscriptions JOIN marketplace.runs ON id = subscription_id ORDER BY 1;
-- At another time, if one is wished for; at none that has passed, or is never.
CALL be_due();
SELECT lease_id AS lease FROM marketplace.claim_runs('w1', 1) \gset
SELECT times, refusal(format('SELECT marketplace.finish_run(803, %L, NULL, %L)', :'lease', times)) AS answer
FROM unnest(ARRAY['infinity', '-infinity', '2999-01-01Z']) t (times);
SELECT marketplace.finish_run(803, :'lease', NULL, now() + interval '7 min') = now() + interval '7 min' AS then_;
SELECT lease_id AS lease FROM marketplace.claim_runs('w1', 1) \gset
SELECT marketplace.finish_run(802, :'lease', NULL, '2020-01-01Z') IS NOT NULL AS finished;
SELECT next_run_at = marketplace_private.next_tick(timeframe, last_run_at) AS at_next_end
FROM marketplace.subscription_overview WHERE id = 802;

-- Only who holds a run ends it, once, and in time.
SELECT lease_id AS lease FROM marketplace.claim_runs('w1', 1) \gset
SELECT n, refusal(format('SELECT marketplace.finish_run(%s)', call)) AS answer FROM unnest(ARRAY[
    '801, NULL', '801, gen_random_uuid()', '802, ' || quote_literal(:'lease'), 'NULL, NULL', '1, gen_random_uuid()'])
    WITH ORDINALITY c (call, n) ORDER BY n;
SELECT marketplace.finish_run(801, :'lease') IS NOT NULL AS finished;
SELECT refusal(format('SELECT marketplace.finish_run(801, %L)', :'lease')) AS again;
-- A lease that has lapsed is handed out again, and counts as a failure; who held it comes too late.
CALL be_due();
SELECT lease_id AS late FROM marketplace.claim_runs('w1', 1, '1 s') \gset
SELECT subscription_id AS held FROM marketplace.runs WHERE worker = 'w1' \gset
SELECT pg_sleep(1.1);
SELECT refusal(format('SELECT marketplace.finish_run(%s, %L)', :held, :'late')) ~ '^55000' AS lapsed;
SELECT worker, lease_until > clock_timestamp() AS held, error_count, lease_id <> :'late' AS another_lease
FROM (SELECT 'w2' AS worker, c.* FROM marketplace.claim_runs('w2') c) c WHERE subscription_id = :held;
SELECT refusal(format('SELECT marketplace.finish_run(%s, %L)', :held, :'late')) ~ '^55000' AS late;
SELECT last_error FROM marketplace.runs WHERE subscription_id = :held;
-- Many that have ended well are told of at once; what the lease does not hold is left out.
SELECT lease AS many FROM marketplace.runs WHERE worker = 'w2' LIMIT 1 \gset
SELECT marketplace.finish_runs(:'many', ARRAY[803, 801, 802, 801, 1, NULL]) AS finished;
SELECT marketplace.finish_runs(:'many', '{801,802,803}') AS again;
SELECT count(*), min(error_count), max(error_count) FROM marketplace.runs
WHERE claimable_at IS NOT NULL AND lease IS NULL;
SELECT call, refusal(format('SELECT marketplace.finish_runs(%s)', call)) AS answer FROM unnest(ARRAY[
    'NULL, ''{1}''', 'gen_random_uuid(), NULL', 'gen_random_uuid(), array_fill(1::bigint, ARRAY[1001])'])
    WITH ORDINALITY c (call, n) ORDER BY n;
-- Whoever tells of them need not be the session that has claimed them.
CALL be_due();
SELECT DISTINCT lease_id AS many FROM marketplace.claim_runs('w4') \gset
\c -
SELECT marketplace.finish_runs(:'many', '{803,801,802}') AS finished;

-- What is paused or cancelled while it runs is not finished any more, and not handed out.
CALL be_due();
SELECT DISTINCT lease_id AS lease FROM marketplace.claim_runs('w1') \gset
SELECT marketplace.pause_subscription(801), marketplace.cancel_subscription(802) IS NOT NULL AS cancelled;
SELECT id, refusal(format('SELECT marketplace.finish_run(%s, %L)', id, :'lease')) AS answer
FROM unnest(ARRAY[801, 802, 803]) i (id);
CALL be_due();
SELECT subscription_id FROM marketplace.claim_runs('w1') \gset
SELECT :subscription_id AS subscription_id;
SELECT marketplace.finish_run(803, lease) IS NOT NULL AS finished FROM marketplace.runs WHERE subscription_id = 803;
SELECT marketplace.resume_subscription(801);

-- Five failures, one after the other, and it is in ERROR; one that ends well, and they are forgotten. No secret stays.
CREATE FUNCTION fail(subscription_id bigint, error text) RETURNS timestamptz LANGUAGE plpgsql AS $$
BEGIN
    CALL be_due();
    PERFORM marketplace.claim_runs('w1');
    RETURN (SELECT marketplace.finish_run(r.subscription_id, r.lease, error) FROM marketplace.runs r
            WHERE r.subscription_id = fail.subscription_id);
END
$$;
SELECT fail(801, error) IS NOT NULL AS goes_on
FROM unnest(ARRAY['no data', 'no data', 'no data', 'password=hunter2']) e (error);
SELECT status, error_count, last_error FROM marketplace.subscriptions JOIN marketplace.runs ON id = subscription_id
WHERE id = 801;
SELECT fail(801, NULL) IS NOT NULL AS well;
SELECT error_count FROM marketplace.runs WHERE subscription_id = 801;
SELECT count(fail(801, 'no data')) FROM generate_series(1, 4);
SELECT fail(801, repeat('x', 3000)) AS never;
SELECT status, next_run_at, claimable_at, error_count, length(last_error)
FROM marketplace.subscriptions JOIN marketplace.runs ON id = subscription_id WHERE id = 801;
SELECT event, new_status, length(detail ->> 'error') AS told FROM marketplace.subscription_events(801, 1);
SELECT total_subscribers FROM marketplace.bots WHERE id = 41;
SELECT marketplace.resume_subscription(801);
SELECT error_count, claimable_at IS NOT NULL AS waits FROM marketplace.runs WHERE subscription_id = 801;
-- What takes its workers with it, again and again, ends in ERROR as well.
UPDATE marketplace.runs
SET error_count = 4, lease = gen_random_uuid(), worker = 'w9', claimable_at = now() - interval '1 s'
WHERE subscription_id = 801;
SELECT count(*) FROM marketplace.claim_runs('w1') WHERE subscription_id = 801;
SELECT marketplace_private.record_failures(100) AS failed, marketplace_private.record_failures(100) AS again;
SELECT status, last_error FROM marketplace.subscriptions JOIN marketplace.runs ON id = subscription_id WHERE id = 801;

-- A run whose subscription has ended meanwhile is void, whether or not somebody has written it down.
SELECT marketplace.finish_run(subscription_id, lease) IS NOT NULL AS finished
FROM marketplace.runs WHERE lease IS NOT NULL;
CALL be_due();
SELECT DISTINCT lease_id AS lease FROM marketplace.claim_runs('w1') \gset
BEGIN;
SET LOCAL ROLE bourse_owner;
UPDATE marketplace.subscriptions SET started_at = now() - interval '2 h', expires_at = now() WHERE id = 803;
RESET ROLE;
SELECT refusal(format('SELECT marketplace.finish_run(803, %L)', :'lease')) ~ '^55000' AS refused;
SELECT marketplace.finish_runs(:'lease', '{803}') AS finished;
ROLLBACK;
-- What has ended is not handed out, whether or not somebody has written it down; what follows it is.
SELECT marketplace.resume_subscription(801);
SELECT marketplace.finish_run(subscription_id, lease) IS NOT NULL AS finished
FROM marketplace.runs WHERE lease IS NOT NULL;
SET ROLE bourse_owner;
UPDATE marketplace.subscriptions SET started_at = now() - interval '2 h', expires_at = now() WHERE id = 801;
RESET ROLE;
CALL be_due();
UPDATE marketplace.runs SET claimable_at = claimable_at - interval '1 hour' WHERE subscription_id = 801;
SELECT subscription_id FROM marketplace.claim_runs('w1', 1);
SELECT claimable_at FROM marketplace.runs WHERE subscription_id = 801;
SELECT * FROM marketplace.verify();
SELECT marketplace_private.extend_subscription(801, now() + interval '1 hour', 0, NULL);
SELECT claimable_at = next_run_at AS waits FROM marketplace.runs JOIN marketplace.subscriptions ON id = subscription_id
WHERE id = 801;

-- Of a user who is not active nothing runs, though it is the user's: it is passed over from candle to candle, and goes
-- on when the user is active again.
SELECT marketplace.finish_run(subscription_id, lease) IS NOT NULL AS finished
FROM marketplace.runs WHERE lease IS NOT NULL;
CALL be_due();
UPDATE identity.users SET is_active = false WHERE id = 832;
SELECT count(*) FROM marketplace.claim_runs('w1');
SELECT status, marketplace.is_entitled(id) AS entitled, claimable_at = next_run_at AS waits,
       next_run_at > now() AS later, error_count
FROM marketplace.subscriptions JOIN marketplace.runs ON id = subscription_id WHERE status = 'ACTIVE' ORDER BY id;
SELECT * FROM marketplace.verify();
UPDATE identity.users SET is_active = true WHERE id = 832;
CALL be_due();
SELECT count(*) > 0 AS run_again FROM marketplace.claim_runs('w1');

-- Its user sees that it runs, and not the lease.
SET SESSION AUTHORIZATION truns_ann;
SELECT subscription_id, worker FROM marketplace.runs WHERE worker IS NOT NULL ORDER BY 1;
SELECT id, status, last_run_at IS NOT NULL AS has_run, next_run_at IS NOT NULL AS runs_again, worker
FROM marketplace.subscription_overview ORDER BY id;
SELECT call, refusal(call) AS answer FROM unnest(ARRAY[
    'SELECT lease FROM marketplace.runs', 'SELECT * FROM marketplace.claim_runs(''w'')',
    'SELECT marketplace.finish_run(803, NULL)', 'SELECT marketplace.finish_runs(NULL, NULL)'])
    WITH ORDINALITY c (call, n) ORDER BY n;
RESET SESSION AUTHORIZATION;
SELECT * FROM marketplace.verify();
