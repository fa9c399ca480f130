-- What a subscription may risk: rules that are known, and asked when a trade is opened, by the clock of the server.
-- The day must not end meanwhile.
DO $$ BEGIN
    PERFORM pg_sleep(61) WHERE (clock_timestamp() AT TIME ZONE 'UTC')::time > '23:59:00';
END $$;
INSERT INTO identity.users (id, name, db_role, role)
VALUES (821, 'dora', 'trisk_dora', 'developer'), (822, 'ann', 'trisk_ann', 'trader');
CREATE ROLE trisk_ann LOGIN IN ROLE bourse_trader;
ALTER TABLE marketplace.bots ALTER id RESTART WITH 31;
ALTER TABLE marketplace.subscriptions ALTER id RESTART WITH 701;
ALTER TABLE marketplace.trades ALTER id RESTART WITH 1;
SELECT marketplace.submit_bot(821, 'grid', 'Buys low', 'TECHNICAL', NULL, '{}', '{}') AS bot;
SELECT marketplace.approve_bot(31);
SELECT id, status FROM marketplace.subscribe(822, 31, 'spot', 'BINANCE', 'BTC/USDT', '1h', '{}', '{}');
SELECT id, status FROM marketplace.subscribe(822, 31, 'perp', 'BYBIT', 'BTC/USDT', '1h', '{}', '{}',
                                             trade_mode => 'Futures');
-- What opening a trade of one unit at 100 is answered, with stops where they are given, undone.
CREATE FUNCTION asked(rules jsonb, quantity numeric DEFAULT 1, stop numeric DEFAULT NULL, take numeric DEFAULT NULL,
                      side text DEFAULT 'BUY', subscription_id bigint DEFAULT 701) RETURNS text
LANGUAGE plpgsql AS $$
BEGIN
    PERFORM marketplace.change_config(subscription_id, risk_config => rules);
    PERFORM marketplace.open_trade(subscription_id, side, quantity, 100, stop, take);
    RAISE SQLSTATE 'ZZ000';
EXCEPTION WHEN SQLSTATE 'ZZ000' THEN
    RETURN 'open';
WHEN OTHERS THEN
    RETURN regexp_replace(SQLSTATE || ' ' || SQLERRM, 'until .*,', 'until …,');
END
$$;

-- What may be said, and what nobody could keep.
SELECT config, field, kind, minimum, maximum FROM marketplace.config_fields();
SET SESSION AUTHORIZATION trisk_ann;
SELECT config, refusal(format('SELECT marketplace.change_config(701, execution_config => %L)', config)) AS answer
FROM unnest(ARRAY[
    '{"buy_order_type": "USDT_AMOUNT", "buy_order_value": 2.5, "sell_order_type": "PERCENTAGE", "sell_order_value": 9}',
    '{"buy_order_type": "PERCENTAGE", "buy_order_value": 100}', '{"sell_order_type": "ALL"}',
    '{"buy_order_type": "PERCENTAGE", "buy_order_value": 100.1}', '{"buy_order_type": "PERCENTAGE"}',
    '{"buy_order_type": "USDT_AMOUNT", "buy_order_value": 0}', '{"buy_order_type": "ALL", "buy_order_value": 1}',
    '{"buy_order_type": "USDT_AMOUNT", "buy_order_value": "5"}', '{"buy_order_type": 5, "buy_order_value": 5}',
    '{"buy_order_type": "USDT_AMOUNT", "buy_order_value": 1e12}', '{"sell_order_type": "PERCENTAGE"}',
    '{"buy_order_type": "USDT_AMOUNT", "buy_order_value": 1000000000001}', '{"sell_order_value": 5}',
    '{"sell_order_type": "ALL", "sell_order_value": 5}', '{"buy_order_valu": 5}', '{"buy_order_value": null}',
    '{"buy_order_type": "USDT_AMOUNT", "buy_order_value": 0.000000001}', '[]', '"x"', 'null',
    '{"buy_order_type": {"a": 1}, "buy_order_value": 5}'])
    WITH ORDINALITY c (config, n) ORDER BY n;
SELECT config, refusal(format('SELECT marketplace.change_config(701, risk_config => %L)', config)) AS answer
FROM unnest(ARRAY[
    '{"stop_loss_percent": 5, "take_profit_percent": 150, "min_risk_reward_ratio": 1.5, "risk_per_trade_percent": 2}',
    '{"trailing_stop": {"activation_percent": 3, "trailing_percent": 1}}', '{"stop_loss_percent": 100.1}',
    '{"trading_window": {"start": "09:30", "end": "16:00", "time_zone": "America/New_York", "days": [1, 2, 3, 4, 5]}}',
    '{"cooldown": {"trigger_loss_count": 3, "cooldown_minutes": 60}}', '{"stop_loss_percent": 0}',
    '{"max_leverage": 10}', '{"cooldown": {"trigger_loss_count": 3}}', '{"cooldown": {}}', '{"cooldown": 5}',
    '{"cooldown": {"trigger_loss_count": 1.5, "cooldown_minutes": 60}}', '{"trailing_stop": {"activation_percent": 3}}',
    '{"cooldown": {"trigger_loss_count": 3, "cooldown_minutes": 60, "x": 1}}', '{"stop_loss": 5}',
    '{"trading_window": {"start": "9:30", "end": "16:00"}}', '{"trading_window": {"start": "24:00", "end": "01:00"}}',
    '{"trading_window": {"start": "09:30"}}', '{"trading_window": {"time_zone": "UTC"}}',
    '{"trading_window": {"days": [1], "time_zone": "Middle/Earth"}}', '{"trading_window": {"days": [0]}}',
    '{"trading_window": {"days": [1], "time_zone": "+05"}}', '{"trading_window": {"days": []}}',
    '{"trading_window": {"days": [1, 2, 3, 4, 5, 6, 7, 7]}}', '{"trading_window": {"days": "1"}}'])
    WITH ORDINALITY c (config, n) ORDER BY n;
SELECT refusal(format('SELECT marketplace.change_config(701, risk_config => %L)',
                      jsonb_build_object('x', repeat('y', 9000))));
SELECT leverage, refusal(format($$SELECT marketplace.change_config(702, risk_config => '{"max_leverage": %s}')$$,
                                leverage)) AS answer
FROM unnest(ARRAY['1', '125', '0', '126', '2.5', '"5"']) l (leverage);

-- A trade may be too large, alone or with those that are open.
SELECT asked('{}', 1000000) AS free, asked('{"max_position_size": 100}') AS fits,
       asked('{"max_position_size": 100}', 1.00000001) AS larger;
SELECT asked('{"max_portfolio_exposure": 100}') AS fits, asked('{"max_portfolio_exposure": 100}', 1.01) AS larger;
SELECT asked('{"capital": 50, "max_leverage": 2}', 1, subscription_id => 702) AS fits,
       asked('{"capital": 50, "max_leverage": 2}', 1.01, subscription_id => 702) AS larger;
SELECT marketplace.change_config(701, risk_config => '{}');
SELECT marketplace.open_trade(701, 'BUY', 2, 100) AS first \gset
SELECT open_trades, exposure::numeric(20,2) FROM marketplace.risk_states;
SELECT asked('{"max_portfolio_exposure": 300}') AS fits, asked('{"max_portfolio_exposure": 299}') AS larger;
-- It must be worth its risk, which its stops tell, or those that risk_config has for all.
SELECT asked('{"min_risk_reward_ratio": 2}') AS unknown, asked('{"min_risk_reward_ratio": 2}', 1, 95, 110) AS worth,
       asked('{"min_risk_reward_ratio": 2}', 1, 95, 109.99) AS less,
       asked('{"min_risk_reward_ratio": 2}', 1, 105, 90, 'SELL') AS short,
       asked('{"min_risk_reward_ratio": 2}', 1, 105, 91, 'SELL') AS less_short,
       asked('{"min_risk_reward_ratio": 2, "stop_loss_percent": 5, "take_profit_percent": 10}') AS by_percent,
       asked('{"min_risk_reward_ratio": 2, "stop_loss_percent": 5, "take_profit_percent": 10}', 1, 94) AS mixed \gx
SELECT asked('{"risk_per_trade_percent": 1, "capital": 500}', 1, 95) AS bearable,
       asked('{"risk_per_trade_percent": 1, "capital": 500}', 1, 94.99) AS too_much,
       asked('{"risk_per_trade_percent": 1, "capital": 500}') AS no_stop,
       asked('{"risk_per_trade_percent": 1}', 1, 95) AS no_capital \gx
-- What the bot has logged last is the capital that nobody has told.
SELECT marketplace.log_performance(701, 'HOLD', 100, 0, 500) > 0 AS logged;
SELECT asked('{"risk_per_trade_percent": 1}', 1, 95) AS bearable,
       asked('{"risk_per_trade_percent": 1}', 1, 94.99) AS less;

-- A day that has lost enough is over. What somebody says of times does not help.
SELECT pnl FROM marketplace.close_trade(:first, 90, now() + interval '20 hours');
SELECT day = (clock_timestamp() AT TIME ZONE 'UTC')::date AS today, day_pnl, day_cost::numeric(20,2), losses,
       last_loss_at <= clock_timestamp() AS lost, open_trades, exposure::numeric(20,2)
FROM marketplace.risk_states;
SELECT asked('{"daily_loss_limit_percent": 5, "capital": 401}') AS bearable,
       asked('{"daily_loss_limit_percent": 5, "capital": 400}') AS over,
       asked('{"daily_loss_limit_percent": 4}') AS of_what_was_logged,
       asked('{"daily_loss_limit_percent": 4.01}') AS less \gx
-- A day before does not count.
RESET SESSION AUTHORIZATION;
UPDATE marketplace.risk_states SET day = day - 1;
SELECT asked('{"daily_loss_limit_percent": 5, "capital": 400}') AS next_day;
UPDATE marketplace.risk_states SET day = day + 1;
SET SESSION AUTHORIZATION trisk_ann;

-- After so many losses in a row it rests, from the last of them on, as the server has seen it.
SELECT asked('{"cooldown": {"trigger_loss_count": 1, "cooldown_minutes": 60}}') AS after_one,
       asked('{"cooldown": {"trigger_loss_count": 2, "cooldown_minutes": 60}}') AS after_two;
SELECT marketplace.change_config(701, risk_config => '{}');
SELECT marketplace.open_trade(701, 'SELL', 1, 100, entry_time => now() - interval '9 days') AS second \gset
SELECT pnl FROM marketplace.close_trade(:second, 101, now() - interval '8 days');
SELECT asked('{"cooldown": {"trigger_loss_count": 2, "cooldown_minutes": 60}}') AS after_two,
       asked('{"cooldown": {"trigger_loss_count": 3, "cooldown_minutes": 60}}') AS after_three;
RESET SESSION AUTHORIZATION;
UPDATE marketplace.risk_states SET last_loss_at = last_loss_at - interval '50 min';
SELECT asked('{"cooldown": {"trigger_loss_count": 2, "cooldown_minutes": 60}}') ~ 'rests' AS rests;
UPDATE marketplace.risk_states SET last_loss_at = last_loss_at - interval '10 min';
SELECT asked('{"cooldown": {"trigger_loss_count": 2, "cooldown_minutes": 60}}') AS rested;
SET SESSION AUTHORIZATION trisk_ann;
-- A trade that has not lost ends the row; open trades are closed in any state.
SELECT marketplace.open_trade(701, 'BUY', 1, 100) AS third \gset
SELECT marketplace.change_config(701, risk_config => '{"trading_window": {"days": [1, 2, 3, 4, 5, 6, 7]}}');
SELECT marketplace.pause_subscription(701);
SELECT pnl FROM marketplace.close_trade(:third, 100);
SELECT losses, open_trades FROM marketplace.risk_states;
SELECT refusal('SELECT marketplace.open_trade(701, ''BUY'', 1, 100)') AS paused;
SELECT marketplace.resume_subscription(701);

-- The window is by the clock of its zone. Over midnight, what is left of it belongs to the day on which it began.
RESET SESSION AUTHORIZATION;
SELECT "window", at, marketplace_private.is_in_window("window"::jsonb, at::timestamptz) AS open
FROM (VALUES ('{"start": "09:00", "end": "17:00"}', '2026-03-02 08:59:59Z'),
             ('{"start": "09:00", "end": "17:00"}', '2026-03-02 09:00Z'),
             ('{"start": "09:00", "end": "17:00"}', '2026-03-02 17:00Z'),
             ('{"start": "22:00", "end": "02:00", "time_zone": "Europe/Berlin"}', '2026-03-02 20:59Z'),
             ('{"start": "22:00", "end": "02:00", "time_zone": "Europe/Berlin"}', '2026-03-02 21:00Z'),
             ('{"start": "22:00", "end": "02:00", "time_zone": "Europe/Berlin"}', '2026-03-03 00:59Z'),
             ('{"start": "22:00", "end": "02:00", "time_zone": "Europe/Berlin"}', '2026-03-03 01:00Z'),
             -- In summer the same clock is an hour earlier.
             ('{"start": "22:00", "end": "02:00", "time_zone": "Europe/Berlin"}', '2026-07-02 20:30Z'),
             -- Begun on a Friday, it goes on into Saturday, and not into Friday from Thursday.
             ('{"start": "22:00", "end": "02:00", "days": [5]}', '2026-03-06 23:00Z'),
             ('{"start": "22:00", "end": "02:00", "days": [5]}', '2026-03-07 01:00Z'),
             ('{"start": "22:00", "end": "02:00", "days": [5]}', '2026-03-06 01:00Z'),
             ('{"start": "22:00", "end": "02:00", "days": [7]}', '2026-03-09 01:00Z'),
             ('{"start": "00:00", "end": "00:00", "days": [6, 7]}', '2026-03-08 12:00Z'),
             ('{"start": "00:00", "end": "00:00", "days": [6, 7]}', '2026-03-09 00:00Z'),
             ('{"days": [1], "time_zone": "Asia/Tokyo"}', '2026-03-01 15:00Z'),
             ('{"days": [1], "time_zone": "Asia/Tokyo"}', '2026-03-02 15:00Z')) w ("window", at);
SELECT asked(jsonb_build_object('trading_window', jsonb_build_object('days', ARRAY[
           extract(isodow FROM clock_timestamp() AT TIME ZONE 'UTC' + interval '2 days')]))) AS closed;

-- What has ended opens nothing, before anybody has written it down; nor does mainnet without its credentials.
SELECT marketplace.change_config(701, risk_config => '{}');
SET ROLE bourse_owner;
UPDATE marketplace.subscriptions SET started_at = now() - interval '2 h', expires_at = clock_timestamp() WHERE id = 701;
UPDATE marketplace.subscriptions SET network_type = 'mainnet' WHERE id = 702;
RESET ROLE;
SELECT status FROM marketplace.subscriptions WHERE id = 701;
SELECT refusal(format('SELECT marketplace.open_trade(%s, ''BUY'', 1, 100)', id)) ~ answer AS refused
FROM (VALUES (701, '^55000 .* has ended at'), (702, '^55000 .* no valid credentials for BYBIT')) c (id, answer);

-- Trades that workers write as rows are counted as well; those that come closed, from long ago, are history.
INSERT INTO marketplace.trades (subscription_id, side, quantity, entry_price)
VALUES (702, 'BUY', 1, 100), (702, 'BUY', 1, 50);
INSERT INTO marketplace.trades (subscription_id, side, quantity, entry_price, exit_price, entry_time, exit_time,
                                status)
VALUES (702, 'BUY', 1, 100, 50, '2024-01-01', '2024-01-02', 'CLOSED'),
       (702, 'BUY', 1, 100, 98, now() - interval '9 d', now(), 'CLOSED'),
       (702, 'BUY', 1, 100, 99, now() - interval '9 d', now(), 'CLOSED');
SELECT open_trades, exposure::numeric(20,2), day_pnl, losses FROM marketplace.risk_states WHERE subscription_id = 702;
UPDATE marketplace.trades SET status = 'CLOSED', exit_price = 90 WHERE subscription_id = 702 AND status = 'OPEN';
SELECT open_trades, exposure::numeric(20,2), day_pnl, losses FROM marketplace.risk_states WHERE subscription_id = 702;
-- What is taken out again has never been.
SELECT marketplace.delete_trade(id, 'twice') FROM marketplace.trades WHERE subscription_id = 702 AND exit_price = 99;
SELECT open_trades, exposure::numeric(20,2), day_pnl FROM marketplace.risk_states WHERE subscription_id = 702;
SELECT * FROM marketplace.verify();
