-- What bots cost: by month, quarter and year, in any asset of the exchange. Who has bought goes on with his price.
-- Periods are months and years of UTC.
SET timezone = 'UTC';
INSERT INTO identity.users (id, name, role, db_role)
VALUES (101, 'dora', 'developer', 'mplans_dora'), (102, 'ann', 'trader', 'mplans_ann'),
       (103, 'eve', 'developer', 'mplans_eve');
CREATE ROLE mplans_dora LOGIN IN ROLE bourse_trader;
CREATE ROLE mplans_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE mplans_eve LOGIN IN ROLE bourse_trader;
CREATE ROLE mplans_admin LOGIN IN ROLE bourse_admin;
CREATE FUNCTION buy(user_id bigint, bot_id bigint, plan text DEFAULT 'month') RETURNS bigint
LANGUAGE sql AS $$
    SELECT s.id FROM marketplace.subscribe(user_id, bot_id, plan, 'BINANCE', 'BTC/USDT', '1h',
        '{"buy_order_type": "PERCENTAGE", "buy_order_value": 10, "sell_order_type": "ALL"}',
        '{"stop_loss_percent": 5}', plan => plan) s
$$;
ALTER TABLE identity.users ALTER id RESTART WITH 501;
ALTER TABLE marketplace.bots ALTER id RESTART WITH 7001;
ALTER TABLE marketplace.subscriptions ALTER id RESTART WITH 8001;
SELECT exchange.deposit(102, 'USD', 1000), exchange.deposit(102, 'BTC', 1);

SET SESSION AUTHORIZATION mplans_dora;
SELECT marketplace.submit_bot(101, 'Gridder', 'A grid', 'TECHNICAL', 'Trend Following', '{}', '{}',
                              price_per_month => 29.99) AS bot \gset
RESET SESSION AUTHORIZATION;
SELECT marketplace.approve_bot(:bot);

-- A bot has a month from the start: its price_per_month, in USD. Others are added, each in an asset of its own. A month
-- in USD changes price_per_month and nothing else; one in another asset goes before it.
SET SESSION AUTHORIZATION mplans_dora;
SELECT * FROM marketplace.plans(:bot);
SELECT marketplace.create_plan(:bot, 'year', 299), marketplace.create_plan(:bot, 'quarter', 0.00123456, 'BTC');
SELECT * FROM marketplace.plans(:bot);
SELECT marketplace.create_plan(:bot, 'month', 19.5);
SELECT price_per_month, is_free FROM marketplace.bots WHERE id = :bot;
SELECT marketplace.create_plan(:bot, 'month', 0.0004, 'BTC', 8);
SELECT * FROM marketplace.plans(:bot);
SELECT marketplace.remove_plan(:bot, 'month'), marketplace.remove_plan(:bot, 'month');
SELECT * FROM marketplace.plans(:bot);
SELECT call, refusal('SELECT marketplace.' || call) AS answer FROM unnest(ARRAY[
    $$create_plan(NULL, 'year', 1)$$, $$create_plan(7001, NULL, 1)$$, $$create_plan(7001, 'week', 1)$$,
    $$create_plan(7001, 'year', NULL)$$, $$create_plan(7001, 'year', -1)$$, $$create_plan(7001, 'year', 'NaN')$$,
    $$create_plan(7001, 'year', 'Infinity')$$, $$create_plan(7001, 'year', 1e12)$$,
    $$create_plan(7001, 'year', 1.001)$$, $$create_plan(7001, 'year', 0.000000001, 'BTC')$$,
    $$create_plan(7001, 'year', 1, 'usd')$$, $$create_plan(7001, 'year', 1, NULL)$$,
    $$create_plan(7001, 'year', 1, 'BTC', 5)$$, $$create_plan(7001, 'month', 100000000)$$,
    $$create_plan(7001, 'month', 1.00000001, 'USD', 8)$$, $$create_plan(1, 'year', 1)$$, $$remove_plan(7001, 'x')$$,
    $$plans(1)$$, $$plans(NULL)$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
-- A bot that is free is free by any plan.
SELECT marketplace.submit_bot(101, 'Free', 'Costs nothing', 'ML', 'Machine Learning', '{}', '{}') AS free \gset
SELECT refusal(format('SELECT marketplace.create_plan(%s, ''year'', 1)', :free));
SELECT marketplace.submit_bot(101, 'Later', 'Waits', 'ML', 'Machine Learning', '{}', '{}', 5) AS later \gset
SELECT marketplace.create_plan(:later, 'year', 50);

-- What a purchase comes to, before it is made: to the unit, commission rounded half away from zero.
SET SESSION AUTHORIZATION mplans_ann;
SELECT p.plan, v.* FROM marketplace.plans(:bot) p, marketplace.preview_price(102, :bot, p.plan) v;
SELECT call, refusal('SELECT marketplace.' || call) AS answer FROM unnest(ARRAY[
    $$preview_price(NULL, 7001)$$, $$preview_price(103, 7001)$$, $$preview_price(102, NULL)$$,
    $$preview_price(102, 1)$$, $$preview_price(102, 7002)$$, $$preview_price(102, 7001, 'week')$$,
    $$preview_price(102, 7001, NULL)$$, $$plans(7002)$$, $$create_plan(7001, 'year', 1)$$,
    $$remove_plan(7001, 'year')$$, $$set_billing(0.5)$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
-- Plans of bots that are approved are everybody's to see, those of others their developer's. Nobody writes the table.
SELECT bot_id, plan, price, currency FROM marketplace.pricing_plans ORDER BY bot_id, plan;
SET SESSION AUTHORIZATION mplans_dora;
SELECT bot_id, plan, price, currency FROM marketplace.pricing_plans ORDER BY bot_id, plan;
SET SESSION AUTHORIZATION mplans_eve;
SELECT count(*), count(*) FILTER (WHERE bot_id = 7001) AS of_gridder FROM marketplace.pricing_plans;
SET SESSION AUTHORIZATION mplans_admin;
SELECT count(*) FROM marketplace.pricing_plans;
SET SESSION AUTHORIZATION mplans_ann;
SELECT refusal(call) FROM unnest(ARRAY[
    $$INSERT INTO marketplace.pricing_plans (bot_id, plan, price) VALUES (7001, 'year', 1)$$,
    $$UPDATE marketplace.pricing_plans SET price = 1$$, $$DELETE FROM marketplace.pricing_plans$$]) call;

-- Who says what a period may cost at most pays no more, and in no other asset, whatever is changed meanwhile.
CREATE FUNCTION pg_temp.buy_at_most(more text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    paid text;
BEGIN
    EXECUTE format('SELECT s.price || coalesce('' '' || s.plan, '''') FROM marketplace.subscribe(102, 7001, '
                   '''at most'', ''BINANCE'', ''BTC/USDT'', ''1h'', ''{}'', ''{}'', %s) s', more) INTO paid;
    RETURN paid;
END
$$;
SELECT more, refusal('SELECT pg_temp.buy_at_most(' || quote_literal(more) || ')') AS answer FROM unnest(ARRAY[
    $$max_price => 19.49$$, $$max_price => 300, plan => 'quarter'$$, $$max_price => 1, currency => 'BTC'$$,
    $$max_price => 0$$, $$max_price => -1$$, $$max_price => 'NaN'$$, $$max_price => 1, currency => 'btc'$$,
    $$max_price => 1, currency => NULL$$])
    WITH ORDINALITY c (more, n) ORDER BY n;
BEGIN;
SELECT more, pg_temp.buy_at_most(more) AS paid FROM unnest(ARRAY[
    $$max_price => 19.5$$, $$max_price => 0.00123456, currency => 'BTC', plan => 'quarter'$$,
    $$max_price => 'infinity'$$, $$max_price => 0, trial_hours => 1$$, $$max_price => 30, client_id => 'again'$$,
    $$max_price => 30.00, client_id => 'again'$$])
    WITH ORDINALITY c (more, n) ORDER BY n;
SELECT refusal($$SELECT pg_temp.buy_at_most('max_price => 31, client_id => ''again''')$$) AS another_request;
ROLLBACK;

-- A change is for whoever buys later.
SELECT buy(102, :bot) AS bought \gset
SET SESSION AUTHORIZATION mplans_dora;
SELECT marketplace.create_plan(:bot, 'month', 49);
SELECT refusal(format('SELECT buy(101, %s)', :bot)) AS own, refusal('SELECT marketplace.preview_price(101, 7001)');
RESET SESSION AUTHORIZATION;
SELECT outcome FROM marketplace_private.renew_due(clock_timestamp() + interval '31 days', 10);
SELECT period, list_price, final_price, commission, payout, status FROM marketplace.invoices ORDER BY id;
-- He changes himself: from the end of what is paid, at what the plan costs now.
SET SESSION AUTHORIZATION mplans_ann;
SELECT marketplace.change_plan(:bought, 'year') = (SELECT period_end FROM marketplace.billings) AS from_there;
SELECT plan, price, next_plan, next_price, status FROM marketplace.billings;
SELECT call, refusal(format('SELECT marketplace.' || call, :bought)) AS answer FROM unnest(ARRAY[
    $$change_plan(NULL, 'month')$$, $$change_plan(1, 'month')$$, $$change_plan(%s, 'week')$$,
    $$change_plan(%s, NULL)$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
RESET SESSION AUTHORIZATION;
SELECT outcome FROM marketplace_private.renew_due(clock_timestamp() + interval '62 days', 10);
SELECT period, plan, list_price, currency, period_end = period_start + interval '1 year' AS a_year
FROM marketplace.invoices ORDER BY id DESC LIMIT 1;
-- To another asset as well.
SET SESSION AUTHORIZATION mplans_ann;
SELECT marketplace.change_plan(:bought, 'quarter') IS NOT NULL AS changed;
RESET SESSION AUTHORIZATION;
SELECT outcome FROM marketplace_private.renew_due(clock_timestamp() + interval '15 months', 10);
SELECT period, plan, list_price, commission, payout, currency FROM marketplace.invoices ORDER BY id DESC LIMIT 1;
SELECT user_id, symbol, amount FROM exchange.assets WHERE user_id IN (101, 102) ORDER BY 1, 2;

-- The rate of the house: for all bots, or as the registration of one says.
SET SESSION AUTHORIZATION mplans_admin;
SELECT marketplace.set_billing(commission_rate => 0.25);
SELECT commission, payout FROM marketplace.preview_price(102, :bot, 'year');
SELECT marketplace.set_billing(commission_rate => 0.1);
SELECT commission_rate, ahead, grace, retry_every FROM marketplace.billing_settings;
SELECT call, refusal('SELECT marketplace.set_billing(' || call || ')') AS answer FROM unnest(ARRAY[
    '1.1', '-0.1', $$'NaN'$$, '0.00001', $$ahead => '8 days'$$, $$grace => '29 days'$$, $$grace => '-1 day'$$,
    $$retry_every => '0'$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
RESET SESSION AUTHORIZATION;
-- Who is archived sells nothing, and asks for no more money.
SET SESSION AUTHORIZATION mplans_dora;
SELECT marketplace.archive_bot(:bot, 'done');
SELECT refusal($$SELECT marketplace.create_plan(7001, 'year', 1)$$);
RESET SESSION AUTHORIZATION;
SELECT refusal($$SELECT marketplace.preview_price(102, 7001)$$);
SELECT outcome, reason FROM marketplace_private.renew_due(clock_timestamp() + interval '18 months', 10);
SELECT status, next_attempt_at FROM marketplace.billings;
-- In the trail: what was said of prices.
SELECT action, table_name, new_values - '{id,created_at,updated_at}'::text[] AS said FROM audit.audit_logs
WHERE table_name IN ('marketplace.pricing_plans', 'marketplace.billing_settings') ORDER BY id;
SELECT * FROM bourse.verify();
