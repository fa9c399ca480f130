-- Subscriptions: made in one call that may be repeated, pinned to a version, with a life that is written down.
INSERT INTO identity.users (id, name, db_role, role)
VALUES (801, 'dora', 'tsubs_dora', 'developer'), (802, 'ann', 'tsubs_ann', 'trader'),
       (803, 'ben', 'tsubs_ben', 'trader');
CREATE ROLE tsubs_dora LOGIN IN ROLE bourse_trader;
CREATE ROLE tsubs_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE tsubs_ben LOGIN IN ROLE bourse_trader;
CREATE ROLE tsubs_eve LOGIN IN ROLE bourse_viewer;
CREATE ROLE tsubs_gateway LOGIN IN ROLE bourse_gateway;
CREATE ROLE tsubs_worker LOGIN IN ROLE bourse_worker;
-- A subscription with nothing particular.
CREATE FUNCTION take(user_id bigint, bot_id bigint, more text DEFAULT '') RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    made bigint;
BEGIN
    EXECUTE format('SELECT id FROM marketplace.subscribe(%L, %L, ''x'', ''BINANCE'', ''BTC/USDT'', ''1h'', ''{}'',
                                                         ''{}'', ''{"steps": 1}''%s)', user_id, bot_id, more)
        INTO made;
    RETURN made;
END
$$;
ALTER TABLE marketplace.bots ALTER id RESTART WITH 11;
ALTER TABLE marketplace.subscriptions ALTER id RESTART WITH 501;
SELECT marketplace.submit_bot(801, name, 'Buys low', 'TECHNICAL', NULL, schema, '{"steps": 5}') AS bot
FROM (VALUES ('grid', '{"properties": {"steps": {"type": "integer", "maximum": 9}}}'::jsonb), ('waits', '{}')) b
    (name, schema);
SELECT marketplace.approve_bot(11);

-- What was sent is a pair, however it is written; what runs is the version that is approved now.
SET SESSION AUTHORIZATION tsubs_ann;
SELECT id, status, bot_version, is_trial, plan, price, started_at <= clock_timestamp() AS started, expires_at,
       next_run_at = date_trunc('hour', started_at) + interval '1 hour' AS at_end_of_candle
FROM marketplace.subscribe(
    802, 11, 'my grid', 'BINANCE', 'btcusdt', '1h',
    '{"buy_order_type": "PERCENTAGE", "buy_order_value": 25, "sell_order_type": "ALL"}',
    '{"stop_loss_percent": 5, "take_profit_percent": 12.5, "max_position_size": 1000}', '{"steps": 7}',
    timeframes => '["15m", "4h"]', trade_evaluation_period => 90, client_id => 'first');
SELECT user_id, bot_id, instance_name, exchange_type, trading_pair, timeframe, timeframes, strategy_config,
       execution_config, risk_config, trade_evaluation_period, network_type, trade_mode, status, is_testnet, is_trial,
       expires_at, trial_expires_at, last_run_at, total_trades, winning_trades, total_pnl, bot_version, is_own,
       client_id
FROM marketplace.subscription_overview \gx
SELECT pair, refusal(format('SELECT marketplace.normalise_pair(%L)', pair)) AS answer,
       CASE WHEN refusal(format('SELECT marketplace.normalise_pair(%L)', pair)) = 'accepted'
            THEN marketplace.normalise_pair(pair) END AS pair
FROM unnest(ARRAY['BTCUSDT', 'BTC/USDT', 'btc-usdt', 'ETH_BTC', '1INCHUSDC', 'BTCUSD', 'USDTUSDC', 'BTC:EUR', 'BTC',
    'USDT', 'USDT/USDT', '', 'BTC/USDT/EUR', 'BTC USDT', NULL, 'ÄTC/USDT'])
    WITH ORDINALITY p (pair, n) ORDER BY n;

-- The same again is the same subscription, and has the answer of the first time, whatever became of it. Another request
-- by that name is refused; the name is its user's own.
SELECT marketplace.pause_subscription(501);
SELECT id, status, next_run_at IS NOT NULL AS due FROM marketplace.subscribe(
    802, 11, 'my grid', 'BINANCE', 'BTC/USDT', '1h',
    '{"sell_order_type": "ALL", "buy_order_value": 25, "buy_order_type": "PERCENTAGE"}',
    '{"stop_loss_percent": 5, "take_profit_percent": 12.5, "max_position_size": 1000}', '{"steps": 7}',
    timeframes => '["15m", "4h"]', trade_evaluation_period => 90, client_id => 'first');
SELECT refusal($$SELECT marketplace.subscribe(802, 11, 'x', 'BINANCE', 'BTC/USDT', '1h', '{}', '{}',
                                              client_id => 'first')$$);
SELECT count(*) FROM marketplace.subscriptions;
SELECT refusal($$SELECT (s).* FROM (SELECT marketplace.subscribe(802, 11, 'x', 'BINANCE', 'BTC/USDT', '1h', '{}',
                                                                 '{}') OFFSET 0) q (s)$$) AS once,
       refusal($$SELECT (marketplace.subscribe(802, 11, 'x', 'BINANCE', 'BTC/USDT', '1h', '{}', '{}')).*$$) AS nine;
SELECT marketplace.cancel_subscription(max(id), false) IS NOT NULL AS cancelled FROM marketplace.subscriptions;

-- A life is told by one table of steps. What is not ACTIVE is in no queue.
SELECT * FROM marketplace.subscription_transitions();
SELECT claimable_at FROM marketplace.runs WHERE subscription_id = 501;
SELECT call, refusal(format('SELECT marketplace.%s', call)) AS answer FROM unnest(ARRAY[
    'pause_subscription(501)', 'resume_subscription(501)', 'resume_subscription(501)', 'pause_subscription(NULL)',
    'pause_subscription(1)', 'cancel_subscription(501, NULL)', 'subscription_events(501, 0)', 'is_entitled(1)'])
    WITH ORDINALITY c (call, n) ORDER BY n;
SELECT claimable_at = next_run_at AS in_the_queue
FROM marketplace.runs JOIN marketplace.subscriptions ON id = subscription_id WHERE id = 501;

-- Settings are changed one by one; nothing runs because of it. They fit the schema of the version, or are refused.
SELECT marketplace.change_config(501, timeframe => '1d', instance_name => 'slow', risk_config => '{"capital": 500}');
SELECT instance_name, timeframe, risk_config, strategy_config,
       next_run_at = date_trunc('day', next_run_at, 'UTC') AND next_run_at - now() BETWEEN '-1 hour' AND '24 hours'
       AS at_end_of_day
FROM marketplace.subscription_overview WHERE id = 501;
SELECT config, refusal(format('SELECT marketplace.change_config(501, %L)', config)) AS answer FROM unnest(ARRAY[
    '{"steps": 8}', '{"steps": 10}', '{"steps": "many"}', '[]', '{"api_secret": "x"}', '{"steps": 1e400}'])
    WITH ORDINALITY c (config, n) ORDER BY n;
SELECT strategy_config FROM marketplace.subscriptions WHERE id = 501;

-- A new version comes to nobody by itself.
RESET SESSION AUTHORIZATION;
SELECT marketplace.publish_version(11, '2.0.0', '{"properties": {"steps": {"maximum": 6}}}', '{"steps": 4}') > 0
    AS published;
SELECT refusal('SELECT marketplace.upgrade_version(501, ''2.0.0'')') AS not_approved;
SELECT marketplace.approve_bot(11, version => '2.0.0');
SET SESSION AUTHORIZATION tsubs_ann;
SELECT bot_version FROM marketplace.subscriptions WHERE id = 501;
SELECT call, refusal(format('SELECT marketplace.upgrade_version(%s)', call)) AS answer FROM unnest(ARRAY[
    '501', '501, ''3.0.0''', '501, ''2.0.0'', ''{"steps": 3}''', '501, ''2.0.0''', '1'])
    WITH ORDINALITY c (call, n) ORDER BY n;
SELECT bot_version, strategy_config FROM marketplace.subscriptions WHERE id = 501;

-- Cancelled at the end of what is paid for, it goes on until then; without an end, or now, it ends at once, for good.
RESET SESSION AUTHORIZATION;
SET ROLE bourse_owner;
UPDATE marketplace.subscriptions SET expires_at = '2099-01-01 00:00:00+00' WHERE id = 501;
RESET ROLE;
SET SESSION AUTHORIZATION tsubs_ann;
SELECT marketplace.cancel_subscription(501) AT TIME ZONE 'UTC' AS ends_at;
SELECT marketplace.cancel_subscription(501) AT TIME ZONE 'UTC' AS again;
SELECT status, cancelled_at = expires_at AS at_its_end, marketplace.is_entitled(id) AS entitled,
       marketplace.is_entitled(id, started_at) AS at_the_start,
       marketplace.is_entitled(id, started_at - interval '1 us') AS before,
       marketplace.is_entitled(id, ends_at - interval '1 us') AS until, marketplace.is_entitled(id, ends_at) AS after,
       marketplace.is_entitled(id, 'infinity') AS ever
FROM marketplace.subscriptions WHERE id = 501;
SELECT marketplace.cancel_subscription(501, false) <= clock_timestamp() AS now;
SELECT marketplace.is_entitled(501);
SELECT call, refusal(format('SELECT marketplace.%s', call)) AS answer FROM unnest(ARRAY[
    'cancel_subscription(501)', 'resume_subscription(501)', 'change_config(501)', 'upgrade_version(501)'])
    WITH ORDINALITY c (call, n) ORDER BY n;
SELECT event, old_status, new_status, actor, actor_id, detail - '{started_at,next_run_at}'::text[] AS detail
FROM marketplace.subscription_events(501) ORDER BY id;
SELECT (marketplace.subscription_events(501, 2)).event;

-- bots.total_subscribers is how many are ACTIVE. One's own bot costs nothing, and does not count.
SELECT take(802, 11), take(802, 11);
SET SESSION AUTHORIZATION tsubs_ben;
SELECT take(803, 11) AS ben \gset
SET SESSION AUTHORIZATION tsubs_dora;
SELECT take(801, 11) AS own \gset
SELECT is_own FROM marketplace.subscriptions;
SELECT total_subscribers FROM marketplace.bots WHERE id = 11;
RESET SESSION AUTHORIZATION;
BEGIN;
SELECT marketplace.pause_subscription(:ben), marketplace.pause_subscription(:own);
SELECT total_subscribers FROM marketplace.bots WHERE id = 11;
ROLLBACK;
SELECT marketplace.cancel_subscription(:ben) IS NOT NULL AS cancelled;
SELECT total_subscribers FROM marketplace.bots WHERE id = 11;
SELECT marketplace.refresh_statistics() AS drifted;

-- What nobody subscribes to.
SET SESSION AUTHORIZATION tsubs_ann;
SELECT more, refusal(format('SELECT take(%s)', more)) AS answer FROM unnest(ARRAY[
    '802, 12', '802, 99', '802, NULL', '803, 11', 'NULL, 11', '802, 11, '', network_type => ''''mainnet''''''',
    '802, 11, '', network_type => ''''moonnet''''''', '802, 11, '', trade_mode => ''''Options''''''',
    '802, 11, '', principal_id => ''''nobody''''''', '802, 11, '', promotion_code => ''''FREE''''''',
    '802, 11, '', client_id => ''''''''''', '802, 11, '', trade_evaluation_period => 0''',
    '802, 11, '', timeframes => ''''["1h", "1h"]''''''', '802, 11, '', timeframes => ''''["3h"]''''''',
    '802, 11, '', timeframes => ''''"1h"'''''''])
    WITH ORDINALITY c (more, n) ORDER BY n;
SELECT call, refusal(format('SELECT marketplace.subscribe(802, 11, %s)', call)) AS answer FROM unnest(ARRAY[
    $$NULL, 'BINANCE', 'BTC/USDT', '1h', '{}', '{}'$$, $$' ', 'BINANCE', 'BTC/USDT', '1h', '{}', '{}'$$,
    $$repeat('x', 256), 'BINANCE', 'BTC/USDT', '1h', '{}', '{}'$$, $$'x', 'Binance', 'BTC/USDT', '1h', '{}', '{}'$$,
    $$'x', 'KRAKEN', 'BTC', '1h', '{}', '{}'$$, $$'x', 'KRAKEN', 'BTC/USDT', '3h', '{}', '{}'$$,
    $$'x', 'KRAKEN', 'BTC/USDT', NULL, '{}', '{}'$$, $$'x', 'KRAKEN', 'BTC/USDT', '1h', NULL, '{}'$$,
    $$'x', 'KRAKEN', 'BTC/USDT', '1h', '{}', NULL$$, $$'x', 'KRAKEN', 'BTC/USDT', '1h', '{}', '{}', NULL$$,
    $$'x', 'KRAKEN', 'BTC/USDT', '1h', '{}', '{}', '{}'$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT refusal('SELECT take(802, 11)');
ROLLBACK;
-- The developer learns that his bot waits; others do not learn that it is there.
SET SESSION AUTHORIZATION tsubs_dora;
SELECT refusal('SELECT take(801, 12)');
SET SESSION AUTHORIZATION tsubs_eve;
SELECT refusal('SELECT take(802, 11)');

-- Mainnet is for credentials that the exchange has taken: when it is subscribed to, and when it is resumed.
RESET SESSION AUTHORIZATION;
SET ROLE bourse_owner;
INSERT INTO identity.user_principals (user_id, principal_id) VALUES (802, 'aaaaa-aa'), (802, 'bbbbb-bb');
INSERT INTO identity.exchange_credentials (user_id, principal_id, exchange, api_key_encrypted, api_secret_encrypted,
                                           key_id, is_testnet, validation_status, last_validated)
SELECT 802, c.principal, c.exchange, t.token, t.token, repeat('0', 16), c.is_testnet, c.status, c.validated
FROM (SELECT 'gAAAA' || repeat('x', 95)) t (token), (VALUES
    ('aaaaa-aa', 'KRAKEN', false, 'valid', now()), (NULL, 'BYBIT', true, 'valid', now()),
    (NULL, 'COINBASE', false, 'pending', NULL), (NULL, 'HUOBI', false, 'invalid', now())) c
    (principal, exchange, is_testnet, status, validated);
RESET ROLE;
SET SESSION AUTHORIZATION tsubs_ann;
SELECT exchange, principal, refusal(format($$SELECT marketplace.subscribe(802, 11, 'real', %L, 'BTC/USDT', '1h', '{}',
    '{}', '{"steps": 1}', 'mainnet', principal_id => %L)$$, exchange, principal)) AS answer
FROM (VALUES ('BINANCE', NULL), ('BYBIT', NULL), ('COINBASE', NULL), ('HUOBI', NULL), ('KRAKEN', NULL),
             ('KRAKEN', 'bbbbb-bb'), ('KRAKEN', 'aaaaa-aa')) c (exchange, principal);
SELECT id AS real, is_testnet, user_principal_id FROM marketplace.subscriptions WHERE network_type = 'mainnet' \gset
SELECT :'is_testnet' AS is_testnet, :'user_principal_id' AS user_principal_id;
SELECT marketplace.pause_subscription(:real);
UPDATE identity.exchange_credentials SET is_active = false WHERE user_id = 802;
SELECT refusal(format('SELECT marketplace.resume_subscription(%s)', :real)) ~ 'no valid credentials' AS refused;
UPDATE identity.exchange_credentials SET is_active = true WHERE user_id = 802;
SELECT marketplace.resume_subscription(:real);
-- A principal that is taken from its user takes its credentials along, and leaves the subscription.
RESET SESSION AUTHORIZATION;
SELECT identity.unregister_principal('aaaaa-aa');
SELECT user_principal_id, status FROM marketplace.subscriptions WHERE id = :real;
INSERT INTO identity.exchange_credentials (user_id, exchange, api_key_encrypted, api_secret_encrypted, key_id,
                                           is_testnet, validation_status, last_validated)
SELECT 802, 'KRAKEN', t.token, t.token, repeat('0', 16), false, 'valid', now()
FROM (SELECT 'gAAAA' || repeat('x', 95)) t (token);

-- Others neither see it nor do anything with it, and do not learn whether it is there.
SET SESSION AUTHORIZATION tsubs_ben;
SELECT count(*) FILTER (WHERE user_id <> 803) FROM marketplace.subscriptions;
SELECT count(*) FILTER (WHERE user_id <> 803) FROM marketplace.subscription_events;
SELECT count(*) FILTER (WHERE user_id <> 803) FROM marketplace.runs;
SELECT count(*) FILTER (WHERE user_id <> 803) FROM marketplace.trials;
SELECT count(*) FILTER (WHERE user_id <> 803) FROM marketplace.risk_states;
SELECT call, refusal(format('SELECT marketplace.' || call, :real)) ~ '^42704' AS refused FROM unnest(ARRAY[
    'pause_subscription(%s)', 'resume_subscription(%s)', 'cancel_subscription(%s)', 'change_config(%s)',
    'upgrade_version(%s)', 'is_entitled(%s)', 'subscription_events(%s)'])
    WITH ORDINALITY c (call, n) ORDER BY n;
SELECT call, refusal(call) AS answer FROM unnest(ARRAY[
    'SELECT marketplace.expire_subscriptions()', 'SELECT marketplace.claim_runs(''w'')',
    'SELECT marketplace.finish_run(1, NULL)', 'SELECT lease FROM marketplace.runs',
    'UPDATE marketplace.subscriptions SET expires_at = NULL', 'DELETE FROM marketplace.trials',
    'INSERT INTO marketplace.runs (user_id, subscription_id) VALUES (803, 1)',
    'LOCK TABLE marketplace.subscriptions IN SHARE MODE',
    'SELECT marketplace_private.use_trial(803, 11, 1, now(), now())'])
    WITH ORDINALITY c (call, n) ORDER BY n;
-- A gateway acts for whom it says; a worker for all.
SET SESSION AUTHORIZATION tsubs_gateway;
SELECT refusal(format('SELECT marketplace.pause_subscription(%s)', :real)) ~ '^42704' AS refused;
BEGIN;
SELECT identity.act_as(802);
SELECT marketplace.pause_subscription(:real);
ROLLBACK;
SET SESSION AUTHORIZATION tsubs_worker;
SELECT marketplace.pause_subscription(:real);
SELECT actor, actor_id, event FROM marketplace.subscription_events(:real, 1);

-- Nobody writes a status or an event past the steps, not even the owner of the tables.
RESET SESSION AUTHORIZATION;
SET ROLE bourse_owner;
SELECT call, refusal(call) AS answer FROM unnest(ARRAY[
    'UPDATE marketplace.subscriptions SET status = ''ERROR'' WHERE id = 501',
    'UPDATE marketplace.subscriptions SET risk_config = ''[]'' WHERE id = 501',
    'UPDATE marketplace.subscription_events SET event = ''x''', 'DELETE FROM marketplace.subscription_events',
    'TRUNCATE marketplace.subscription_events', 'DELETE FROM marketplace.bots WHERE id = 11'])
    WITH ORDINALITY c (call, n) ORDER BY n;
RESET ROLE;
-- In the trail: what people have changed of their settings.
SELECT action, CASE action WHEN 'UPDATE' THEN old_values - 'updated_at' END AS was,
       CASE action WHEN 'UPDATE' THEN new_values - 'updated_at' END AS becomes
FROM audit.audit_logs WHERE table_name = 'marketplace.subscriptions' AND record_id = '501' ORDER BY id;

-- An archived bot takes no more; who has subscribed goes on.
SELECT marketplace.archive_bot(11, 'done');
SET SESSION AUTHORIZATION tsubs_ann;
SELECT refusal('SELECT take(802, 11)') AS answer,
       refusal(format('SELECT marketplace.upgrade_version(%s)', :real)) AS up;
SELECT marketplace.resume_subscription(:real);
RESET SESSION AUTHORIZATION;

-- What it is entitled to is told by time. The status follows when it is written down; late money has it go on.
SET ROLE bourse_owner;
UPDATE marketplace.subscriptions SET started_at = now() - interval '2 days', expires_at = now() - interval '1 day'
WHERE id = :real;
RESET ROLE;
SELECT status, marketplace.is_entitled(id) AS entitled FROM marketplace.subscriptions WHERE id = :real;
SELECT call, refusal(format('SELECT marketplace.' || call, :real)) ~ '^55000 .* has ended' AS late
FROM unnest(ARRAY['change_config(%s, instance_name => ''late'')', 'upgrade_version(%s)']) c (call);
SELECT marketplace.pause_subscription(:real);
SELECT refusal(format('SELECT marketplace.resume_subscription(%s)', :real)) ~ '^55000 .* has ended' AS late;
SELECT marketplace.expire_subscriptions(), marketplace.expire_subscriptions() AS again;
SELECT limits, refusal(format('SELECT marketplace.expire_subscriptions(%s)', limits)) AS answer
FROM unnest(ARRAY['0', 'NULL', '10001']) l (limits);
SELECT status, (marketplace.subscription_events(id, 1)).event FROM marketplace.subscriptions WHERE id = :real;
SELECT marketplace_private.extend_subscription(:real, now() + interval '1 hour', 9.99, 'month');
SELECT status, price, plan, marketplace.is_entitled(id) AS entitled, next_run_at IS NOT NULL AS due
FROM marketplace.subscription_overview WHERE id = :real;
-- One that was cancelled at the end of its period is CANCELLED then.
SELECT marketplace.cancel_subscription(:real) > now() AS later;
SET ROLE bourse_owner;
UPDATE marketplace.subscriptions SET expires_at = now(), cancelled_at = now() WHERE id = :real;
RESET ROLE;
SELECT marketplace.expire_subscriptions();
SELECT status, (marketplace.subscription_events(id, 1)).event FROM marketplace.subscriptions WHERE id = :real;
SELECT refusal(format('SELECT marketplace_private.extend_subscription(%s, now(), 0, NULL)', :real)) ~ '^55000'
    AS refused;

-- What a person is told, and what goes with the person: the bot has a subscriber less.
SELECT table_name, count(*) > 0 AS told FROM identity.export_user_rows(802)
WHERE table_name ~ '^marketplace\.(subscription|trial|run)' GROUP BY 1 ORDER BY 1;
SELECT total_subscribers FROM marketplace.bots WHERE id = 11;
SELECT identity.erase_user(802, 'asked') #> '{deleted,marketplace.subscriptions}' AS deleted;
SELECT count(*) FROM marketplace.subscriptions WHERE user_id = 802;
SELECT total_subscribers FROM marketplace.bots WHERE id = 11;
SELECT refusal('SELECT take(802, 11)');

-- A user who is not active has none made; one who is up to 1,000 that have not ended.
SELECT marketplace.submit_bot(801, 'free', 'Buys', 'TECHNICAL', NULL, '{}', '{}') AS free \gset
SELECT marketplace.approve_bot(:free);
UPDATE identity.users SET is_active = false WHERE id = 803;
SELECT refusal(format('SELECT take(803, %s)', :free));
UPDATE identity.users SET is_active = true WHERE id = 803;
SELECT count(take(803, :free)) FROM generate_series(1, 999);
SET SESSION AUTHORIZATION tsubs_ben;
SELECT take(803, :free) > 0 AS last;
SELECT refusal(format('SELECT take(803, %s)', :free));
RESET SESSION AUTHORIZATION;
SELECT total_subscribers FROM marketplace.bots WHERE id = :free;
SELECT * FROM marketplace.verify();
