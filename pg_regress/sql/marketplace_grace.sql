-- The grace of who cannot pay in time: by the calendar in UTC, and for who wants to go on.
INSERT INTO identity.users (id, name, role, db_role)
VALUES (101, 'dora', 'developer', NULL), (102, 'ann', 'trader', 'mgrace_ann'), (103, 'ben', 'trader', NULL);
CREATE ROLE mgrace_ann LOGIN IN ROLE bourse_trader;
SELECT exchange.deposit(102, 'USD', 40) > 0 AS paid_in;
SELECT marketplace.submit_bot(101, 'Grid', 'In steps', 'TECHNICAL', NULL, '{}', '{}', 10) AS bot \gset
SELECT marketplace.approve_bot(:bot);
SELECT marketplace.create_promotion(101, 'half-year', 'FREE_TRIAL', 180) > 0 AS made;
CREATE FUNCTION buy(user_id bigint, code text DEFAULT NULL) RETURNS bigint LANGUAGE sql AS $$
    SELECT s.id FROM marketplace.subscribe(user_id, (SELECT id FROM marketplace.bots), 'one', 'BINANCE', 'BTC/USDT',
                                           '1h', '{}', '{}', promotion_code => code) s
$$;
-- Has what was paid for have ended at a time.
CREATE FUNCTION paid_until(subscription_id bigint, at timestamptz) RETURNS void LANGUAGE sql AS $$
    UPDATE marketplace.subscriptions SET started_at = at - interval '30 days', expires_at = at
    WHERE id = subscription_id;
    UPDATE marketplace.billings SET anchor_at = at - interval '1 month', period_end = at, next_attempt_at = at
    WHERE subscription_id = paid_until.subscription_id;
    UPDATE marketplace.invoices SET period_start = at - interval '1 month', period_end = at
    WHERE subscription_id = paid_until.subscription_id;
$$;
SELECT buy(102) AS one, buy(102) AS two, buy(102) AS three, buy(102) AS four \gset
ALTER TABLE marketplace.invoices DISABLE TRIGGER trigger_keep_invoice;
SELECT paid_until(:one, now() - interval '1 hour'), paid_until(:two, now() - interval '1 hour'),
       paid_until(:three, '2026-10-24 12:00Z'), paid_until(:four, now() - interval '1 hour');
ALTER TABLE marketplace.invoices ENABLE TRIGGER trigger_keep_invoice;

-- Whoever asks for the money, and wherever his clock hangs: three days over the end of summer time are three days.
SET TIME ZONE 'Europe/Berlin';
SELECT outcome FROM marketplace_private.renew_due('2026-10-24 12:00Z', 10) WHERE subscription_id = :three;
SELECT expires_at AT TIME ZONE 'UTC' AS expires_at FROM marketplace.subscriptions WHERE id = :three;
SELECT buy(103, 'half-year') AS free \gset
SELECT extract(epoch FROM period_end - period_start) / 86400 = 180 AS half_a_year FROM marketplace.invoices
WHERE subscription_id = :free;
RESET TIME ZONE;

-- It is tried again no later than the grace is over, however seldom money is asked for.
SELECT marketplace.set_billing(retry_every => '7 days');
SELECT outcome FROM marketplace_private.renew_due('2026-10-24 18:00Z', 10) WHERE subscription_id = :three;
SELECT (next_attempt_at AT TIME ZONE 'UTC') AS next_attempt_at FROM marketplace.billings
WHERE subscription_id = :three;
SELECT marketplace.set_billing(retry_every => '6 hours');

-- What is not paid lives on its grace. Who cancels it at the end of what is paid for has had that already.
SELECT outcome FROM marketplace_private.renew_due(now(), 10) ORDER BY subscription_id;
SELECT status, expires_at > now() + interval '2 days' AS goes_on FROM marketplace.subscriptions WHERE id = :one;
SET SESSION AUTHORIZATION mgrace_ann;
SELECT marketplace.cancel_subscription(:one) <= clock_timestamp() AS at_once;
SELECT status FROM marketplace.subscriptions WHERE id = :one;
SELECT marketplace.is_entitled(:one) AS entitled;
-- Nobody pays for it any more, though the invoice is void only when its turn comes.
SELECT regexp_replace(refusal(call), 'invoice \d+', 'invoice N') AS answer
FROM (SELECT format('SELECT marketplace.pay_invoice(%s)', i.id) AS call FROM marketplace.invoices i
      WHERE i.subscription_id = :one AND i.status = 'open') c;
-- What is past due takes no other plan.
SELECT regexp_replace(refusal(format($$SELECT marketplace.change_plan(%s, 'month')$$, :two)), 'subscription \d+',
                      'subscription N') AS answer;
-- Who pays has the period.
RESET SESSION AUTHORIZATION;
SELECT exchange.deposit(102, 'USD', 10) > 0 AS paid_in;
-- A claim that has found it ended has taken it out of the queue.
UPDATE marketplace.runs SET claimable_at = NULL WHERE subscription_id = :two;
SET SESSION AUTHORIZATION mgrace_ann;
SELECT marketplace.pay_invoice(i.id) > now() + interval '20 days' AS paid
FROM marketplace.invoices i WHERE i.subscription_id = :two AND i.status = 'open';
SELECT claimable_at IS NOT NULL AS waits FROM marketplace.runs WHERE subscription_id = :two;
SELECT marketplace.cancel_subscription(:two) = s.expires_at AS at_its_end
FROM marketplace.subscriptions s WHERE s.id = :two;
RESET SESSION AUTHORIZATION;
-- Nor is what is due of a bot that is not sold any more.
SELECT marketplace.archive_bot(:bot);
SELECT exchange.deposit(102, 'USD', 10) > 0 AS paid_in;
SELECT regexp_replace(refusal(format('SELECT marketplace.pay_invoice(%s)', i.id)), 'invoice \d+', 'invoice N') AS answer
FROM marketplace.invoices i WHERE i.subscription_id = :four AND i.status = 'open';
SELECT subscription_id = :one AS first, outcome FROM marketplace_private.renew_due(now() + interval '6 hours', 10)
ORDER BY subscription_id;
SELECT subscription_id = :one AS first, period, status FROM marketplace.invoices
WHERE subscription_id <> :free ORDER BY subscription_id, period;
