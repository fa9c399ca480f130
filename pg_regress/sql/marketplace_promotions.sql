-- Promotion codes: what they take off, how often, for whom. A code tells nothing to who cannot use it.
INSERT INTO identity.users (id, name, role, db_role)
VALUES (101, 'dora', 'developer', 'mpromo_dora'), (102, 'ann', 'trader', 'mpromo_ann'),
       (103, 'ben', 'trader', 'mpromo_ben'), (104, 'eve', 'developer', 'mpromo_eve');
CREATE ROLE mpromo_dora LOGIN IN ROLE bourse_trader;
CREATE ROLE mpromo_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE mpromo_ben LOGIN IN ROLE bourse_trader;
CREATE ROLE mpromo_eve LOGIN IN ROLE bourse_trader;
CREATE FUNCTION buy(user_id bigint, bot_id bigint, code text, plan text DEFAULT 'month') RETURNS numeric
LANGUAGE sql AS $$
    SELECT s.price FROM marketplace.subscribe(user_id, bot_id, plan, 'BINANCE', 'BTC/USDT', '1h',
        '{"buy_order_type": "PERCENTAGE", "buy_order_value": 10, "sell_order_type": "ALL"}',
        '{"stop_loss_percent": 5}', plan => plan, promotion_code => code) s
$$;
ALTER TABLE identity.users ALTER id RESTART WITH 501;
ALTER TABLE marketplace.bots ALTER id RESTART WITH 7001;
ALTER TABLE marketplace.promotions ALTER id RESTART WITH 9001;
SELECT exchange.deposit(u, 'USD', 1000) > 0 AS paid_in FROM unnest(ARRAY[102, 103]) u;
SELECT exchange.deposit(102, 'BTC', 1) > 0 AS paid_in;
SET SESSION AUTHORIZATION mpromo_dora;
SELECT marketplace.submit_bot(101, 'Gridder', 'A grid', 'TECHNICAL', 'Trend Following', '{}', '{}',
                              price_per_month => 29.99) AS grid \gset
SELECT marketplace.submit_bot(101, 'Other', 'Another', 'ML', 'Machine Learning', '{}', '{}', price_per_month => 10)
    AS other \gset
SELECT marketplace.create_plan(:grid, 'quarter', 0.001, 'BTC');
RESET SESSION AUTHORIZATION;
SELECT marketplace.approve_bot(b) FROM unnest(ARRAY[:grid, :other]::bigint[]) b;

-- A part of the price, an amount in its currency, or the first days for nothing.
SET SESSION AUTHORIZATION mpromo_dora;
SELECT marketplace.create_promotion(101, 'spring', 'PERCENTAGE', 33.333, max_uses => 2) AS spring \gset
SELECT marketplace.create_promotion(101, 'Five', 'FIXED_AMOUNT', 5, :grid, max_uses_per_user => NULL) AS five \gset
SELECT marketplace.create_promotion(101, 'HUGE', 'FIXED_AMOUNT', 5000, max_uses_per_user => 3) AS huge \gset
SELECT marketplace.create_promotion(101, 'free-14', 'FREE_TRIAL', 14) AS free \gset
SELECT marketplace.create_promotion(101, 'later', 'PERCENTAGE', 50, valid_from => now() + interval '1 day') > 0 AS made;
SELECT marketplace.create_promotion(101, 'over', 'PERCENTAGE', 50, valid_from => '2020-01-01',
                                    valid_until => '2020-02-01') > 0 AS made;
-- Only an amount is one of a currency.
SELECT marketplace.create_promotion(101, 'anywhere', 'PERCENTAGE', 5, currency => NULL) > 0 AS made;
SELECT code, promotion_type, value, currency, bot_id, max_uses, max_uses_per_user, uses FROM marketplace.promotions
ORDER BY id;
SELECT call, refusal('SELECT marketplace.' || call) AS answer FROM unnest(ARRAY[
    $$create_promotion(NULL, 'AAA', 'PERCENTAGE', 1)$$, $$create_promotion(102, 'AAA', 'PERCENTAGE', 1)$$,
    $$create_promotion(101, NULL, 'PERCENTAGE', 1)$$, $$create_promotion(101, 'AA', 'PERCENTAGE', 1)$$,
    $$create_promotion(101, 'A B', 'PERCENTAGE', 1)$$, $$create_promotion(101, 'AAA', NULL, 1)$$,
    $$create_promotion(101, 'AAA', 'GIFT', 1)$$, $$create_promotion(101, 'AAA', 'PERCENTAGE', NULL)$$,
    $$create_promotion(101, 'AAA', 'PERCENTAGE', 0)$$, $$create_promotion(101, 'AAA', 'PERCENTAGE', 100.1)$$,
    $$create_promotion(101, 'AAA', 'PERCENTAGE', 'NaN')$$, $$create_promotion(101, 'AAA', 'FIXED_AMOUNT', -5)$$,
    $$create_promotion(101, 'AAA', 'FIXED_AMOUNT', 'Infinity')$$, $$create_promotion(101, 'AAA', 'FREE_TRIAL', 366)$$,
    $$create_promotion(101, 'AAA', 'FREE_TRIAL', 1.5)$$, $$create_promotion(101, 'AAA', 'FIXED_AMOUNT', 5, NULL, 'x')$$,
    $$create_promotion(101, 'AAA', 'PERCENTAGE', 5, 1)$$,
    $$create_promotion(101, 'AAA', 'PERCENTAGE', 5, max_uses => 0)$$,
    $$create_promotion(101, 'AAA', 'PERCENTAGE', 5, valid_from => NULL)$$,
    $$create_promotion(101, 'AAA', 'PERCENTAGE', 5, valid_from => '2020-01-02', valid_until => '2020-01-01')$$,
    $$create_promotion(101, 'AAA', 'PERCENTAGE', 5, valid_from => '2020-01-02', valid_until => 'infinity')$$,
    $$create_promotion(101, 'SPRING', 'PERCENTAGE', 5)$$, $$end_promotion(NULL)$$, $$end_promotion(1)$$])
    WITH ORDINALITY c (call, n) ORDER BY n;

-- What they come to: list - discount = final, never below nothing.
SET SESSION AUTHORIZATION mpromo_ann;
SELECT code, v.* FROM unnest(ARRAY['SPRING', 'spring', 'five', 'huge', 'free-14']) WITH ORDINALITY c (code, n),
    marketplace.preview_price(102, :grid, 'month', code) v ORDER BY n;
SELECT * FROM marketplace.preview_price(102, :grid, 'quarter', 'spring');
-- One answer for all that do not apply: unknown, another bot's, another currency's, too early, too late.
SELECT what, refusal(format('SELECT marketplace.preview_price(102, %s, %L, %L)', bot, plan, code)) AS answer
FROM (VALUES ('unknown', :grid, 'month', 'nothing'), ('of the other bot', :other, 'month', 'five'),
             ('in another currency', :grid, 'quarter', 'five'), ('too early', :grid, 'month', 'later'),
             ('too late', :grid, 'month', 'over'), ('no code', :grid, 'month', '')) c (what, bot, plan, code);
-- Another developer may have the same code: neither learns of it.
SET SESSION AUTHORIZATION mpromo_eve;
SELECT marketplace.create_promotion(104, 'SPRING', 'PERCENTAGE', 1) > 0 AS hers;
SELECT code, value FROM marketplace.promotions;
SELECT call, refusal(format(call, :spring)) AS answer FROM unnest(ARRAY[
    'SELECT marketplace.end_promotion(%s)', 'UPDATE marketplace.promotions SET value = 100 WHERE id = %s',
    'DELETE FROM marketplace.promotions WHERE id = %s',
    $$SELECT marketplace.create_promotion(104, 'GRID', 'PERCENTAGE', 100, 7001)$$])
    WITH ORDINALITY c (call, n) ORDER BY n;

-- A use is counted with the purchase. What is rolled back has used nothing, and a user uses a code as often as it says.
SET SESSION AUTHORIZATION mpromo_ann;
BEGIN;
SELECT buy(102, :grid, 'spring');
ROLLBACK;
SELECT count(*) FROM marketplace.promotion_uses;
SELECT buy(102, :grid, 'spring');
SELECT refusal('SELECT buy(102, 7001, ''spring'')') AS again, refusal('SELECT buy(102, 7002, ''spring'')') AS another;
SELECT buy(102, :grid, 'five'), buy(102, :grid, 'five');
SET SESSION AUTHORIZATION mpromo_ben;
SELECT buy(103, :other, 'spring');
-- Used up: the answer is the same.
RESET SESSION AUTHORIZATION;
UPDATE marketplace.promotions SET max_uses_per_user = NULL WHERE id = :spring;
SET SESSION AUTHORIZATION mpromo_ben;
SELECT refusal('SELECT buy(103, 7001, ''spring'')') AS used_up;
-- Who cannot pay has used nothing.
SELECT exchange.transfer(103, 102, 'USD', (SELECT amount FROM exchange.assets WHERE user_id = 103));
SELECT refusal('SELECT buy(103, 7001, ''five'')');
SELECT count(*) FROM marketplace.promotion_uses;
-- What costs nothing needs no money, has an invoice of 0, and moves none.
SELECT buy(103, :other, 'huge');
SELECT list_price, discount, final_price, commission, payout, status, payout_transfer_id, commission_transfer_id
FROM marketplace.invoices WHERE final_price = 0;
-- The first days for nothing: once for a user and a bot, ever, as any trial. Then it costs what it costs.
SELECT buy(103, :grid, 'free-14');
SELECT period_end - period_start AS days, status FROM marketplace.invoices WHERE promotion_id = :free;
SELECT refusal('SELECT buy(103, 7001, ''free-14'')') AS again;
RESET SESSION AUTHORIZATION;
UPDATE marketplace.promotions SET max_uses_per_user = NULL WHERE id = :free;
SET SESSION AUTHORIZATION mpromo_ben;
SELECT refusal('SELECT buy(103, 7001, ''free-14'')') AS again;
SELECT buy(103, :other, 'free-14');
RESET SESSION AUTHORIZATION;
SELECT exchange.deposit(103, 'USD', 1000) > 0 AS paid_in;
SELECT count(*), min(outcome), max(outcome)
FROM marketplace_private.renew_due(clock_timestamp() + interval '15 days', 10);
SELECT i.period, i.list_price, i.final_price, i.period_end = i.period_start + interval '1 month' AS a_month
FROM marketplace.invoices i WHERE i.user_id = 103 AND i.period = 2 ORDER BY i.id;

-- An end is an end.
SET SESSION AUTHORIZATION mpromo_dora;
SELECT marketplace.end_promotion(:five), marketplace.end_promotion(:five);
SELECT code, uses, ended_at IS NOT NULL AS ended FROM marketplace.promotions ORDER BY id;
SET SESSION AUTHORIZATION mpromo_ann;
SELECT refusal('SELECT buy(102, 7001, ''five'')') AS ended;
RESET SESSION AUTHORIZATION;
SELECT action, record_id, new_values -> 'code' AS code FROM audit.audit_logs
WHERE table_name = 'marketplace.promotions' ORDER BY id;
SELECT u, table_name, count(*) FROM unnest(ARRAY[101, 102]) u, identity.export_user_rows(u)
WHERE table_name LIKE 'marketplace.promotion%' GROUP BY 1, 2 ORDER BY 1, 2;
-- A count that is wrong is seen.
UPDATE marketplace.promotions SET uses = uses + 1 WHERE id = :huge;
SELECT * FROM bourse.verify();
