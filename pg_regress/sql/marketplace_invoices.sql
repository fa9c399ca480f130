-- Bills: one for each period, paid in the transaction that writes it: the subscriber pays the developer and the house.
-- Periods are months and years of UTC.
SET timezone = 'UTC';
INSERT INTO identity.users (id, name, role, db_role)
VALUES (101, 'dora', 'developer', 'minv_dora'), (102, 'ann', 'trader', 'minv_ann'), (103, 'ben', 'trader', 'minv_ben'),
       (104, 'holly', 'admin', NULL);
CREATE ROLE minv_dora LOGIN IN ROLE bourse_trader;
CREATE ROLE minv_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE minv_ben LOGIN IN ROLE bourse_trader;
CREATE ROLE minv_admin LOGIN IN ROLE bourse_admin;
CREATE ROLE minv_worker LOGIN IN ROLE bourse_worker;
CREATE FUNCTION buy(user_id bigint, bot_id bigint, plan text DEFAULT 'month') RETURNS bigint
LANGUAGE sql AS $$
    SELECT s.id FROM marketplace.subscribe(user_id, bot_id, plan, 'BINANCE', 'BTC/USDT', '1h',
        '{"buy_order_type": "PERCENTAGE", "buy_order_value": 10, "sell_order_type": "ALL"}',
        '{"stop_loss_percent": 5}', plan => plan) s
$$;
CREATE FUNCTION later(days integer) RETURNS TABLE (subscription_id bigint, outcome text, reason text)
LANGUAGE sql AS $$
    SELECT r.subscription_id, r.outcome, r.reason
    FROM marketplace_private.renew_due(clock_timestamp() + days * interval '1 day', 100) r ORDER BY 1
$$;
ALTER TABLE identity.users ALTER id RESTART WITH 501;
ALTER TABLE marketplace.bots ALTER id RESTART WITH 7001;
ALTER TABLE marketplace.subscriptions ALTER id RESTART WITH 8001;
ALTER TABLE marketplace.invoices ALTER id RESTART WITH 6001;
SELECT exchange.deposit(102, 'USD', 40) > 0 AS paid_in;
SELECT marketplace.submit_bot(101, 'Gridder', 'A grid', 'TECHNICAL', 'Trend Following', '{}', '{}',
                              price_per_month => 29.95) AS bot \gset
SELECT marketplace.approve_bot(:bot);

-- Who buys pays at once. The number tells the day and the id.
SET SESSION AUTHORIZATION minv_ann;
SELECT buy(102, :bot) AS bought \gset
SELECT replace(number, to_char(created_at AT TIME ZONE 'UTC', 'YYYYMMDD'), 'today') AS number, subscription_id, bot_id,
       plan, period, period_end = period_start + interval '1 month' AS a_month, currency, list_price, discount,
       final_price, status, paid_at IS NOT NULL AS paid, refunded, attempts, last_error
FROM marketplace.invoices(102) \gx
SELECT plan, price, expires_at = (SELECT period_end FROM marketplace.invoices) AS so_long
FROM marketplace.subscriptions;
SELECT amount FROM exchange.assets;
SELECT kind, amount, counterparty_id = 101 AS to_developer, reference FROM exchange.transfers ORDER BY id DESC LIMIT 2;
-- Who cannot, buys nothing, and nothing is left of it.
SELECT refusal('SELECT buy(102, 7001)');
SELECT count(*) FROM marketplace.subscriptions;
SET SESSION AUTHORIZATION minv_ben;
SELECT refusal('SELECT buy(103, 7001)');
-- Others see nothing of it.
SELECT count(*) FROM marketplace.invoices;
SELECT count(*) FROM marketplace.billings;
SELECT call, refusal(call) AS answer FROM unnest(ARRAY[
    'SELECT * FROM marketplace.invoices(102)', 'SELECT * FROM marketplace.payouts(101)',
    $$SELECT * FROM marketplace.seller_report(101, '2026-01-01', '2027-01-01')$$,
    'SELECT marketplace.pay_invoice(6001)', 'SELECT marketplace.pay_invoice(NULL)', 'SELECT marketplace.pay_invoice(1)',
    'SELECT * FROM marketplace.renew_subscriptions()', 'SELECT * FROM marketplace.sweep_commission(103)',
    'SELECT * FROM marketplace.unswept_commission()', 'UPDATE marketplace.invoices SET final_price = 0',
    'INSERT INTO marketplace.invoices DEFAULT VALUES', 'UPDATE marketplace.billings SET price = 0',
    'SELECT * FROM marketplace.house_accounts', 'SELECT marketplace_private.renew_due(now(), 1)'])
    WITH ORDINALITY c (call, n) ORDER BY n;
RESET SESSION AUTHORIZATION;
-- Not even the owner of the table says something else afterwards.
SELECT call, regexp_replace(refusal('UPDATE marketplace.invoices SET ' || call), 'INV-\d+-', 'INV-today-') AS answer
FROM unnest(ARRAY[
    'final_price = 1, discount = 28.95, payout = -2', $$status = 'open'$$, 'paid_at = now()', $$number = 'INV-1'$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
SELECT refusal('DELETE FROM marketplace.invoices'), refusal('TRUNCATE marketplace.invoices CASCADE');

-- A worker has what is due paid. Nothing is due yet.
SET SESSION AUTHORIZATION minv_worker;
SELECT * FROM marketplace.renew_subscriptions();
SELECT "limit", refusal(format('SELECT * FROM marketplace.renew_subscriptions(%s)', "limit"))
FROM unnest(ARRAY['0', '10001', 'NULL']) "limit";
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT refusal('SELECT * FROM marketplace.renew_subscriptions()');
ROLLBACK;
RESET SESSION AUTHORIZATION;
-- Not enough money: the invoice is open, the subscription goes on for its grace, and money is asked for again.
SELECT * FROM later(31);
SELECT period, status, attempts, last_error FROM marketplace.invoices WHERE period = 2;
SELECT b.status, b.period, s.expires_at = b.period_end + interval '3 days' AS grace
FROM marketplace.billings b JOIN marketplace.subscriptions s ON s.id = b.subscription_id;
SELECT * FROM later(31);
SELECT * FROM later(32);
SELECT period, status, attempts FROM marketplace.invoices ORDER BY period;
SELECT refusal(format('SELECT marketplace.change_plan(%s, ''month'')', :bought));
SELECT * FROM bourse.verify();
-- Money comes: the next attempt takes it, or he does not wait for that. The period begins where the last one ended.
SET SESSION AUTHORIZATION minv_ann;
SELECT refusal('SELECT marketplace.pay_invoice(6002)');
RESET SESSION AUTHORIZATION;
SELECT exchange.deposit(102, 'USD', 100) > 0 AS paid_in;
SET SESSION AUTHORIZATION minv_ann;
SELECT marketplace.pay_invoice(6002) = (SELECT period_end FROM marketplace.invoices WHERE period = 2) AS until_then;
SELECT refusal('SELECT marketplace.pay_invoice(6002)');
RESET SESSION AUTHORIZATION;
SELECT i.period, i.status, i.attempts, i.period_start = lag(i.period_end) OVER (ORDER BY i.period) AS without_gap
FROM marketplace.invoices i ORDER BY i.period;
SELECT status FROM marketplace.billings;
-- Grace that is over: the invoice is unpaid for good, nobody asks any more, and the subscription has ended.
SELECT exchange.withdraw(102, 'USD', a.amount) > 0 AS paid_out FROM exchange.assets a WHERE a.user_id = 102;
SELECT * FROM later(62);
SELECT * FROM later(66);
SELECT * FROM later(99);
SELECT period, status, attempts FROM marketplace.invoices ORDER BY period;
SELECT status, next_attempt_at FROM marketplace.billings;
SELECT * FROM bourse.verify();

-- Periods by the calendar, counted from the first: the 31st comes back, a leap day too.
SELECT a, plan, n, marketplace_private.period_end(a, plan, n) AS ends FROM (VALUES
    ('2026-01-31 10:00+00'::timestamptz, 'month'), ('2027-11-30 10:00+00', 'quarter'), ('2028-02-29 10:00+00', 'year'))
    v (a, plan), generate_series(1, 4) n ORDER BY 1, 3;

-- Who is put out of action neither pays nor is paid; a bot that is not sold any more asks for nothing.
SELECT exchange.deposit(u, 'USD', 1000) > 0 AS paid_in FROM unnest(ARRAY[102, 103]) u;
SELECT buy(102, :bot) AS again, buy(103, :bot) AS bens \gset
UPDATE identity.users SET is_active = false WHERE id = 103;
SELECT outcome, reason FROM later(31) WHERE subscription_id = :bens;
SELECT refusal('SELECT buy(103, 7001)');
UPDATE identity.users SET is_active = true WHERE id = 103;
UPDATE identity.users SET is_active = false WHERE id = 101;
SELECT refusal('SELECT buy(102, 7001)');
UPDATE identity.users SET is_active = true WHERE id = 101;
SELECT outcome, reason FROM later(32) WHERE subscription_id = :bens;
-- What is cancelled is not renewed, and what was due is nobody's debt any more.
SET SESSION AUTHORIZATION minv_ann;
SELECT marketplace.cancel_subscription(:again) > now() AS at_its_end;
SELECT refusal(format('SELECT marketplace.change_plan(%s, ''month'')', :again));
RESET SESSION AUTHORIZATION;
SELECT outcome, reason FROM later(63) WHERE subscription_id = :again;

-- The house: its accounts hold what was not swept yet; nothing is lost on the way.
SET SESSION AUTHORIZATION minv_admin;
SELECT count(*) FROM marketplace.house_accounts;
SELECT * FROM marketplace.unswept_commission();
SELECT sum(commission) FROM marketplace.invoices WHERE paid_at IS NOT NULL;
SELECT user_id AS house FROM marketplace.house_accounts \gset
SELECT call, refusal(format('SELECT * FROM marketplace.sweep_commission(' || call || ')', :house)) AS answer
FROM unnest(ARRAY['NULL', '105', '104, ''usd''', '%s']) call;
SELECT * FROM marketplace.sweep_commission(104, 'BTC');
SELECT * FROM marketplace.sweep_commission(104);
SELECT * FROM marketplace.sweep_commission(104);
SELECT user_id, asset, amount, swept_by FROM marketplace.commission_sweeps;
SELECT symbol, amount FROM exchange.assets WHERE user_id = 104;
SELECT refusal(format('SELECT identity.erase_user(%s, ''asked'')', :house));
-- What the developer has got.
SET SESSION AUTHORIZATION minv_dora;
SELECT id, bot_id, subscription_id, period, currency, final_price, commission, payout, refunded, net
FROM marketplace.payouts(101, 3);
SELECT count(*) FROM marketplace.payouts(101, before => 6003);
SELECT bot_id, currency, invoices, subscriptions, list_price, discount, sales, commission, refunds, refunded, net
FROM marketplace.seller_report(101, '2020-01-01', '2120-01-01', 'year');
SELECT sum(net) = (SELECT amount FROM exchange.assets WHERE symbol = 'USD') AS all_there
FROM marketplace.seller_report(101, '2020-01-01', '2120-01-01', 'day', 'Asia/Kolkata');
SELECT call, refusal('SELECT * FROM marketplace.' || call) AS answer FROM unnest(ARRAY[
    'payouts(101, 0)', 'payouts(NULL)', 'payouts(102)', 'invoices(101, 10001)', 'invoices(NULL)',
    $$seller_report(101, NULL, '2027-01-01')$$, $$seller_report(101, '2027-01-01', '2026-01-01')$$,
    $$seller_report(101, '2026-01-01', '2027-01-01', 'decade')$$,
    $$seller_report(101, '2026-01-01', '2027-01-01', 'day', 'Mars')$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
RESET SESSION AUTHORIZATION;

-- A transfer of his own under the reference of a bill pays no bill.
SELECT exchange.transfer(103, 101, 'USD', 26.95, format('marketplace:subscription:%s:period:4', :bens)) > 0 AS sent;
-- Within its grace, whatever months these are.
SELECT outcome, reason FROM later((SELECT extract(day FROM b.period_end - clock_timestamp())::integer + 1
                                   FROM marketplace.billings b WHERE b.subscription_id = :bens))
WHERE subscription_id = :bens;
-- Who leaves takes the subscriptions along, not the bills; what is due then is nobody's debt.
SELECT exchange.withdraw(103, 'USD', a.amount) > 0 AS paid_out FROM exchange.assets a WHERE a.user_id = 103;
SELECT table_name, count(*) FROM identity.export_user_rows(103)
WHERE table_name IN ('marketplace.invoices', 'marketplace.billings') GROUP BY 1 ORDER BY 1;
SELECT identity.erase_user(103, 'asked') IS NOT NULL AS erased;
SELECT period, status, final_price FROM marketplace.invoices WHERE user_id = 103 ORDER BY period;
SELECT count(*) FROM marketplace.billings WHERE user_id = 103;
SELECT * FROM bourse.verify();
-- An invoice that was never paid is seen, and so is money that was not billed.
ALTER TABLE marketplace.invoices DISABLE TRIGGER trigger_keep_invoice;
UPDATE marketplace.invoices SET commission = commission - 1, payout = payout + 1 WHERE id = 6001;
ALTER TABLE marketplace.invoices ENABLE TRIGGER trigger_keep_invoice;
SELECT * FROM bourse.verify();
