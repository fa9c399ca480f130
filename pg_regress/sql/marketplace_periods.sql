-- Periods: by the calendar in UTC, from where the first one began.
INSERT INTO identity.users (id, name, role) VALUES (101, 'dora', 'developer'), (102, 'ann', 'trader');
SELECT exchange.deposit(102, 'USD', 1000) > 0 AS paid_in;
SELECT marketplace.submit_bot(101, 'Grid', 'In steps', 'TECHNICAL', NULL, '{}', '{}', 10) AS bot \gset
SELECT marketplace.approve_bot(:bot);
SELECT marketplace.create_promotion(101, 'day', 'FREE_TRIAL', 1) > 0 AS made;
CREATE FUNCTION buy(code text DEFAULT NULL) RETURNS bigint LANGUAGE sql AS $$
    SELECT s.id FROM marketplace.subscribe(102, (SELECT id FROM marketplace.bots), 'one', 'BINANCE', 'BTC/USDT', '1h',
                                           '{}', '{}', promotion_code => code) s
$$;
-- Has the first period have begun on 31 January.
CREATE FUNCTION began(subscription_id bigint, at timestamptz) RETURNS void LANGUAGE sql AS $$
    UPDATE marketplace.subscriptions SET started_at = at, expires_at = marketplace_private.period_end(at, 'month', 1)
    WHERE id = subscription_id;
    UPDATE marketplace.billings
    SET anchor_at = at, period_end = marketplace_private.period_end(at, 'month', 1),
        next_attempt_at = marketplace_private.period_end(at, 'month', 1)
    WHERE subscription_id = began.subscription_id;
    UPDATE marketplace.invoices SET period_start = at, period_end = marketplace_private.period_end(at, 'month', 1)
    WHERE subscription_id = began.subscription_id;
$$;
SELECT buy() AS one, buy() AS two \gset
ALTER TABLE marketplace.invoices DISABLE TRIGGER trigger_keep_invoice;
SELECT began(:one, '2027-01-31 10:00Z'), began(:two, '2027-01-31 10:00Z');
ALTER TABLE marketplace.invoices ENABLE TRIGGER trigger_keep_invoice;

-- The 31st comes back.
SELECT r.outcome FROM unnest(ARRAY['2027-02-28 10:00Z', '2027-03-31 10:00Z', '2027-04-30 10:00Z']::timestamptz[]) at,
                      marketplace_private.renew_due(at, 10) r WHERE r.subscription_id = :one;
SELECT period, period_start AT TIME ZONE 'UTC' AS starts, period_end AT TIME ZONE 'UTC' AS ends
FROM marketplace.invoices WHERE subscription_id = :one ORDER BY period;
SELECT * FROM marketplace.verify();

-- Of periods that were over before anybody asked for money none is billed, and the next one ends when it would have.
DELETE FROM marketplace.subscriptions WHERE id = :one;
UPDATE marketplace.billings SET next_attempt_at = '2027-05-31 10:00Z' WHERE subscription_id = :two;
SELECT buy() AS late \gset
ALTER TABLE marketplace.invoices DISABLE TRIGGER trigger_keep_invoice;
SELECT began(:late, '2027-01-31 10:00Z');
ALTER TABLE marketplace.invoices ENABLE TRIGGER trigger_keep_invoice;
SELECT outcome FROM marketplace_private.renew_due('2027-05-15Z', 10) WHERE subscription_id = :late;
SELECT period, period_start AT TIME ZONE 'UTC' AS starts, period_end AT TIME ZONE 'UTC' AS ends
FROM marketplace.invoices WHERE subscription_id = :late ORDER BY period;

-- However far ahead money is asked for: not in the first half of what was paid.
SELECT marketplace.set_billing(ahead => '7 days');
SELECT buy('day') AS short \gset
SELECT b.period_end - b.next_attempt_at AS ahead FROM marketplace.billings b WHERE b.subscription_id = :short;
SELECT buy() AS long \gset
SELECT b.period_end - b.next_attempt_at AS ahead FROM marketplace.billings b WHERE b.subscription_id = :long;

-- One's own bot costs nothing, whatever its price.
SELECT plan, price, expires_at FROM marketplace.subscribe(101, :bot, 'mine', 'BINANCE', 'BTC/USDT', '1h', '{}', '{}');
SELECT count(*) FROM marketplace.invoices WHERE user_id = 101;
