-- Refunds: the developer and the house give back what each has got, in proportion, and never more than was paid.
INSERT INTO identity.users (id, name, role, db_role)
VALUES (101, 'dora', 'developer', 'mref_dora'), (102, 'ann', 'trader', 'mref_ann'),
       (103, 'eve', 'developer', 'mref_eve'), (104, 'holly', 'admin', NULL);
CREATE ROLE mref_dora LOGIN IN ROLE bourse_trader;
CREATE ROLE mref_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE mref_eve LOGIN IN ROLE bourse_trader;
CREATE ROLE mref_admin LOGIN IN ROLE bourse_admin;
CREATE FUNCTION buy(user_id bigint, bot_id bigint, code text DEFAULT NULL, plan text DEFAULT 'month') RETURNS bigint
LANGUAGE sql AS $$
    SELECT s.id FROM marketplace.subscribe(user_id, bot_id, plan, 'BINANCE', 'BTC/USDT', '1h',
        '{"buy_order_type": "PERCENTAGE", "buy_order_value": 10, "sell_order_type": "ALL"}',
        '{"stop_loss_percent": 5}', plan => plan, promotion_code => code) s
$$;
CREATE VIEW funds AS
    SELECT u.name, a.symbol, a.amount FROM exchange.assets a JOIN identity.users u ON u.id = a.user_id
    WHERE a.amount > 0 ORDER BY 1, 2;
ALTER TABLE identity.users ALTER id RESTART WITH 501;
ALTER TABLE marketplace.bots ALTER id RESTART WITH 7001;
ALTER TABLE marketplace.subscriptions ALTER id RESTART WITH 8001;
ALTER TABLE marketplace.invoices ALTER id RESTART WITH 6001;
ALTER TABLE marketplace.refunds ALTER id RESTART WITH 5001;
SELECT exchange.deposit(102, 'USD', 1000) > 0 AS paid_in;
SELECT exchange.deposit(102, 'BTC', 1) > 0 AS paid_in;
SELECT marketplace.submit_bot(101, 'Gridder', 'A grid', 'TECHNICAL', 'Trend Following', '{}', '{}',
                              price_per_month => 9.99) AS bot \gset
SELECT marketplace.approve_bot(:bot);
SELECT marketplace.create_plan(:bot, 'quarter', 0.00000007, 'BTC');
SELECT marketplace.create_promotion(101, 'half', 'PERCENTAGE', 50, max_uses => 1) AS half \gset

-- In parts. The house gives back in proportion, rounded; all parts together are what it got.
SELECT buy(102, :bot) AS first \gset
SELECT * FROM funds;
SET SESSION AUTHORIZATION mref_dora;
SELECT marketplace.refund(6001, 3.33, 'one third', 'a') AS refund;
SELECT marketplace.refund(6001, 3.33, 'one third', 'b') AS refund;
-- The same again is the same refund; with another amount it is refused.
SELECT marketplace.refund(6001, 3.33, 'one third', 'b') AS refund;
SELECT call, refusal('SELECT marketplace.refund(' || call || ')') AS answer FROM unnest(ARRAY[
    $$6001, 1, 'x', 'b'$$, $$6001, 3.34, 'x'$$, $$6001, 0, 'x'$$, $$6001, -1, 'x'$$, $$6001, 'NaN', 'x'$$,
    $$6001, 'Infinity', 'x'$$, $$6001, 0.001, 'x'$$, $$6001, NULL, 'x'$$, $$6001, 1, NULL$$, $$6001, 1, ''$$,
    $$6001, 1, repeat('x', 501)$$, $$6001, 1, 'x', ''$$, $$6001, 1, 'x', repeat('x', 129)$$, $$NULL, 1, 'x'$$,
    $$1, 1, 'x'$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
SELECT id, period, refunded, net FROM marketplace.payouts(101);
-- Neither who has bought nor another developer refunds anything.
SET SESSION AUTHORIZATION mref_ann;
SELECT refusal($$SELECT marketplace.refund(6001, 1, 'mine')$$);
SELECT status, refunded, refunded_commission FROM marketplace.invoices;
SET SESSION AUTHORIZATION mref_eve;
SELECT refusal($$SELECT marketplace.refund(6001, 1, 'mine')$$);
SELECT count(*) FROM marketplace.refunds;
-- What is given back in full has not been bought: the subscription ends.
SET SESSION AUTHORIZATION mref_admin;
SELECT marketplace.refund(6001, 3.33, 'the rest') AS refund;
SELECT refusal($$SELECT marketplace.refund(6001, 0.01, 'more')$$);
SELECT id, amount, commission, reason, reference, refunded_by FROM marketplace.refunds ORDER BY id;
SELECT status, refunded, refunded_commission FROM marketplace.invoices;
SELECT s.status, b.status AS billing FROM marketplace.subscriptions s JOIN marketplace.billings b
    ON b.subscription_id = s.id;
RESET SESSION AUTHORIZATION;
SELECT * FROM funds;
SELECT * FROM bourse.verify();

-- So has the use of its promotion not been.
SELECT buy(102, :bot, 'half') AS second \gset
SELECT refusal('SELECT buy(102, 7001, ''half'')');
SELECT final_price, commission, payout FROM marketplace.invoices WHERE id = 6002;
SELECT marketplace.refund(6002, 4.99, 'all') AS refund;
SELECT uses FROM marketplace.promotions;
SELECT buy(102, :bot, 'half') AS third \gset
SELECT p.uses, count(*), count(u.returned_at) AS returned
FROM marketplace.promotions p JOIN marketplace.promotion_uses u ON u.promotion_id = p.id GROUP BY p.id;

-- A part of it ends nothing, and it is renewed. An earlier period that is given back ends nothing either.
SELECT marketplace.refund(6003, 1, 'sorry') AS refund;
SELECT outcome FROM marketplace_private.renew_due(clock_timestamp() + interval '31 days', 10);
SELECT marketplace.refund(6003, 3.99, 'sorry') AS refund;
SELECT status FROM marketplace.subscriptions WHERE id = :third;
SELECT id, period, status, refunded FROM marketplace.invoices WHERE id >= 6003 ORDER BY id;
-- A period that has not begun: it ends with the one before.
SELECT marketplace.refund(6004, 9.99, 'never began') AS refund;
SELECT s.status, s.cancelled_at = i.period_start AS at_its_end
FROM marketplace.subscriptions s JOIN marketplace.invoices i ON i.id = 6004 WHERE s.id = :third;

-- To the last unit of the smallest amounts, in another currency.
SELECT buy(102, :bot, plan => 'quarter') AS tiny \gset
SELECT final_price, commission, payout FROM marketplace.invoices WHERE id = 6005;
SELECT marketplace.refund(6005, 0.00000003, 'some'), marketplace.refund(6005, 0.00000004, 'rest');
SELECT amount, commission FROM marketplace.refunds WHERE invoice_id = 6005 ORDER BY id;
SELECT refunded, refunded_commission FROM marketplace.invoices WHERE id = 6005;

-- The developer gives back what he has; who has none is told so, and nothing moves.
SELECT buy(102, :bot) AS fifth \gset
SELECT exchange.withdraw(101, 'USD', a.amount) > 0 AS paid_out
FROM exchange.assets a WHERE a.user_id = 101 AND a.symbol = 'USD';
SELECT refusal($$SELECT marketplace.refund(6006, 9.99, 'sorry')$$);
SELECT status, refunded FROM marketplace.invoices WHERE id = 6006;
-- What the house has swept comes back from whom it was swept to.
SELECT exchange.deposit(101, 'USD', 100) > 0 AS paid_in;
SELECT * FROM marketplace.sweep_commission(104, 'USD');
SELECT marketplace.refund(6006, 9.99, 'sorry') AS refund;
SELECT * FROM funds;
SELECT * FROM bourse.verify();
-- Nobody is owed what was never paid.
SELECT exchange.withdraw(102, 'USD', a.amount) > 0 AS paid_out
FROM exchange.assets a WHERE a.user_id = 102 AND a.symbol = 'USD';
SELECT exchange.deposit(102, 'USD', 10) > 0 AS paid_in;
SELECT buy(102, :bot) AS last \gset
SELECT outcome FROM marketplace_private.renew_due(clock_timestamp() + interval '31 days', 10);
SELECT refusal($$SELECT marketplace.refund(6008, 9.99, 'sorry')$$);

-- Of a period that was paid ahead and the one before: whichever is given back first, nothing is left to run for.
SELECT exchange.deposit(102, 'USD', 40) > 0 AS paid_in;
SELECT buy(102, :bot) AS ahead \gset
SELECT count(*) FROM marketplace_private.renew_due(
    (SELECT next_attempt_at FROM marketplace.billings WHERE subscription_id = :ahead), 100)
WHERE subscription_id = :ahead;
SELECT period, marketplace.refund(id, final_price, 'all') > 0 AS refunded
FROM marketplace.invoices WHERE subscription_id = :ahead ORDER BY period DESC;
SELECT status, cancelled_at <= clock_timestamp() AS ended FROM marketplace.subscriptions WHERE id = :ahead;
-- Nobody gives himself back what the house had: to whom it was swept, when that is the subscriber.
BEGIN;
SELECT marketplace.submit_bot(103, 'Eves', 'A grid', 'TECHNICAL', NULL, '{}', '{}', 10) AS eves \gset
SELECT marketplace.approve_bot(:eves);
SELECT marketplace.create_plan(:eves, 'year', 10, 'EUR');
SELECT exchange.deposit(102, 'EUR', 10) > 0 AS paid_in;
SELECT buy(102, :eves, NULL, 'year') > 0 AS bought;
SELECT * FROM marketplace.sweep_commission(102, 'EUR');
SELECT refusal(format($$SELECT marketplace.refund(%s, 10, 'all')$$, max(i.id))) FROM marketplace.invoices i;
ROLLBACK;
-- What somebody calls his own transfers neither keeps a refund from being made nor looks like one.
SELECT exchange.deposit(101, 'USD', 50) > 0 AS paid_in;
SELECT count(*) FROM (SELECT exchange.transfer(101, 103, 'USD', 0.01, format('marketplace:refund:%s', n))
                      FROM generate_series(5001, 5100) n) t;
SELECT marketplace.refund(max(i.id), 1, 'still') > 0 AS refunded FROM marketplace.invoices i
WHERE i.status = 'paid' AND i.currency = 'USD' AND i.final_price - i.refunded > 1;
SELECT count(*) FROM (SELECT exchange.transfer(101, 102, 'USD', 0.01, r.transfer_reference || ':' || n)
                      FROM marketplace.refunds r, unnest(ARRAY['', ':x', 'commission']) n) t;
SELECT * FROM marketplace.verify();

-- Refunds stay, and are in the trail; a person is told of his.
SELECT refusal('DELETE FROM marketplace.refunds'), refusal('UPDATE marketplace.refunds SET amount = 1');
SELECT count(*) FROM audit.audit_logs WHERE table_name = 'marketplace.refunds';
SELECT table_name, count(*) FROM identity.export_user_rows(102) WHERE table_name = 'marketplace.refunds' GROUP BY 1;
-- One without its money is seen.
INSERT INTO marketplace.refunds (invoice_id, user_id, amount, commission, reason) VALUES (6007, 102, 1, 0, 'no money');
SELECT check_name, subject, expected, actual FROM bourse.verify();
