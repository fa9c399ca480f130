-- Renewals. A worker takes what is due and nobody else has; each subscription is paid in a subtransaction of its own,
-- so that one which cannot be stops no other. What is not paid is tried again until its grace is over.

-- Rows of users who are just being erased are passed over as well: whoever waited for one would be waited for.
CREATE FUNCTION marketplace_private.claim_due(at timestamptz, "limit" integer)
RETURNS TABLE (subscription_id bigint, user_id bigint, developer_id bigint, currency text)
LANGUAGE sql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
    SELECT s.id, s.user_id, t.developer_id, coalesce(b.next_currency, b.currency)
    FROM marketplace.billings b
    JOIN marketplace.subscriptions s ON s.user_id = b.user_id AND s.id = b.subscription_id
    JOIN marketplace.bots t ON t.id = s.bot_id
    JOIN identity.users u ON u.id = s.user_id
    JOIN identity.users d ON d.id = t.developer_id
    WHERE b.next_attempt_at AT TIME ZONE 'UTC' <= claim_due.at AT TIME ZONE 'UTC'
    ORDER BY b.next_attempt_at AT TIME ZONE 'UTC' LIMIT claim_due."limit"
    FOR NO KEY UPDATE OF s, b SKIP LOCKED FOR KEY SHARE OF u, d SKIP LOCKED
$$;
COMMENT ON FUNCTION marketplace_private.claim_due(timestamptz, integer) IS
'Locks subscriptions that are due, those first that are due longest, and passes over what somebody else holds';

CREATE FUNCTION marketplace_private.end_billing(subscription_id bigint, user_id bigint, invoice_status text)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
BEGIN
    UPDATE marketplace.billings b
    SET status = 'ended', next_attempt_at = NULL, next_plan = NULL, next_price = NULL, next_currency = NULL,
        next_decimals = NULL
    WHERE b.user_id = user_id AND b.subscription_id = subscription_id AND b.status <> 'ended';
    UPDATE marketplace.invoices i SET status = invoice_status
    WHERE i.user_id = user_id AND i.subscription_id = subscription_id AND i.status = 'open';
END
$$;
COMMENT ON FUNCTION marketplace_private.end_billing(bigint, bigint, text) IS
'Asks for no more money for a subscription; what was due becomes unpaid or void';

-- What is due: the open invoice as it was written, or the period that is next. Whole periods that are over before
-- anybody asked for money are not billed: nobody was served in them.
CREATE FUNCTION marketplace_private.next_period(
    subscription_id bigint, user_id bigint, at timestamptz, OUT developer_id bigint, OUT bot_id bigint,
    OUT bot_status text, OUT cancelled_at timestamptz, OUT invoice_id bigint, OUT period integer, OUT plan text,
    OUT price numeric, OUT currency text, OUT decimals smallint, OUT rate numeric, OUT commission numeric,
    OUT anchor_at timestamptz, OUT anchored integer, OUT period_start timestamptz, OUT period_end timestamptz,
    OUT paid_until timestamptz)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    open record;
BEGIN
    SELECT t.developer_id, t.id, t.status, s.cancelled_at, coalesce(b.next_plan, b.plan),
           coalesce(b.next_price, b.price), coalesce(b.next_currency, b.currency),
           coalesce(b.next_decimals, b.decimals), b.period + 1,
           CASE WHEN b.next_plan IS NULL THEN b.anchor_at ELSE b.period_end END,
           CASE WHEN b.next_plan IS NULL THEN b.anchored + 1 ELSE 1 END, b.period_end, b.period_end
    INTO developer_id, bot_id, bot_status, cancelled_at, plan, price, currency, decimals, period, anchor_at, anchored,
         period_start, paid_until
    FROM marketplace.billings b
    JOIN marketplace.subscriptions s ON s.user_id = b.user_id AND s.id = b.subscription_id
    JOIN marketplace.bots t ON t.id = s.bot_id
    WHERE b.user_id = next_period.user_id AND b.subscription_id = next_period.subscription_id;
    SELECT i.id, i.final_price, i.commission_rate, i.commission, i.developer_id, i.period_start, i.period_end INTO open
    FROM marketplace.invoices i
    WHERE i.user_id = next_period.user_id AND i.subscription_id = next_period.subscription_id
      AND i.period = next_period.period AND i.status = 'open';
    IF FOUND THEN
        SELECT open.id, open.final_price, open.commission_rate, open.commission, open.developer_id, open.period_start,
               open.period_end
        INTO invoice_id, price, rate, commission, developer_id, period_start, period_end;
        RETURN;
    END IF;
    period_end := marketplace_private.period_end(anchor_at, plan, anchored);
    WHILE period_end <= at LOOP
        period_start := period_end;
        anchored := anchored + 1;
        period_end := marketplace_private.period_end(anchor_at, plan, anchored);
    END LOOP;
    rate := marketplace_private.commission_rate(bot_id);
    commission := round(price * rate, decimals);
END
$$;
COMMENT ON FUNCTION marketplace_private.next_period(bigint, bigint, timestamptz) IS
'The period of a subscription that is to be paid next, and what stands in its way';

CREATE FUNCTION marketplace_private.pay_next(subscription_id bigint, user_id bigint, due record) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    moved record;
    paid bigint := due.invoice_id;
BEGIN
    SELECT * INTO moved FROM marketplace_private.move_money(
        user_id, due.developer_id, due.currency, due.price - due.commission, due.commission,
        marketplace_private.reference_of(subscription_id, due.period));
    IF paid IS NULL THEN
        paid := marketplace_private.write_invoice(
            subscription_id, user_id, due.developer_id, due.bot_id, due.plan, due.period, due.currency, due.decimals,
            due.price, 0,
            due.rate, due.commission, NULL, due.period_start, due.period_end, true, moved.payout_transfer_id,
            moved.commission_transfer_id, NULL);
    ELSE
        UPDATE marketplace.invoices i
        SET status = 'paid', paid_at = clock_timestamp(), payout_transfer_id = moved.payout_transfer_id,
            commission_transfer_id = moved.commission_transfer_id, attempts = i.attempts + 1, last_error = NULL
        WHERE i.id = paid;
    END IF;
    UPDATE marketplace.billings b
    SET plan = due.plan, price = due.price, currency = due.currency, decimals = due.decimals,
        anchor_at = due.anchor_at, anchored = due.anchored, period = due.period, period_end = due.period_end,
        status = 'active', next_attempt_at = marketplace_private.due_before(due.period_start, due.period_end),
        next_plan = NULL, next_price = NULL, next_currency = NULL, next_decimals = NULL
    WHERE b.user_id = user_id AND b.subscription_id = subscription_id;
    PERFORM marketplace_private.extend_subscription(subscription_id, due.period_end, due.price, due.plan);
    RETURN paid;
END
$$;
COMMENT ON FUNCTION marketplace_private.pay_next(bigint, bigint, record) IS
'Pays the period that next_period() gives, moves the end of the subscription, and returns the invoice. SQLSTATEs as '
'move_money()';

-- The subscription goes on until its grace is over, as its end says.
CREATE FUNCTION marketplace_private.put_off(subscription_id bigint, user_id bigint, due record, at timestamptz,
                                            reason text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    settings marketplace.billing_settings%ROWTYPE;
    open bigint := due.invoice_id;
    over_at timestamptz;
BEGIN
    SELECT * INTO settings FROM marketplace.billing_settings s WHERE s.only_row;
    -- By the calendar in UTC, whatever the time zone of the session.
    over_at := (due.paid_until AT TIME ZONE 'UTC' + settings.grace) AT TIME ZONE 'UTC';
    IF open IS NULL THEN
        open := marketplace_private.write_invoice(
            subscription_id, user_id, due.developer_id, due.bot_id, due.plan, due.period, due.currency, due.decimals,
            due.price, 0,
            due.rate, due.commission, NULL, due.period_start, due.period_end, false, NULL, NULL, reason);
        PERFORM marketplace_private.extend_subscription(subscription_id, over_at, s.price, s.plan)
        FROM marketplace.subscriptions s WHERE s.id = subscription_id AND over_at > at;
    ELSE
        UPDATE marketplace.invoices i SET attempts = i.attempts + 1, last_error = left(reason, 200) WHERE i.id = open;
    END IF;
    IF at >= over_at THEN
        PERFORM marketplace_private.end_billing(subscription_id, user_id, 'unpaid');
    ELSE
        UPDATE marketplace.billings b
        SET status = 'past_due', next_attempt_at = least(at + settings.retry_every, over_at)
        WHERE b.user_id = user_id AND b.subscription_id = subscription_id;
    END IF;
    RETURN open;
END
$$;
COMMENT ON FUNCTION marketplace_private.put_off(bigint, bigint, record, timestamptz, text) IS
'Writes down that a period could not be paid, and why: its invoice is open, and tried again until the grace is over; '
'then it is unpaid, and the subscription has ended';

CREATE FUNCTION marketplace_private.renew(subscription_id bigint, user_id bigint, at timestamptz, OUT invoice_id bigint,
                                          OUT outcome text, OUT reason text)
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    due record;
BEGIN
    SELECT * INTO due FROM marketplace_private.next_period(subscription_id, user_id, at);
    IF due.cancelled_at IS NOT NULL OR due.bot_status IN ('ARCHIVED', 'REJECTED') THEN
        PERFORM marketplace_private.end_billing(subscription_id, user_id, 'void');
        outcome := 'ended';
        reason := CASE WHEN due.cancelled_at IS NULL THEN format('bot %s is %s', due.bot_id, due.bot_status)
                       ELSE 'it is cancelled' END;
        RETURN;
    END IF;
    BEGIN
        invoice_id := marketplace_private.pay_next(subscription_id, user_id, due);
        outcome := 'renewed';
        RETURN;
    EXCEPTION
        WHEN deadlock_detected OR serialization_failure OR lock_not_available THEN
            -- Nobody has failed to pay.
            RAISE;
        WHEN OTHERS THEN
            reason := format('%s: %s', SQLSTATE, bourse_private.clip(SQLERRM));
    END;
    invoice_id := marketplace_private.put_off(subscription_id, user_id, due, at, reason);
    outcome := 'unpaid';
END
$$;
COMMENT ON FUNCTION marketplace_private.renew(bigint, bigint, timestamptz) IS
'Renews a subscription that is locked: renewed, unpaid, or ended, because it is cancelled or its bot is not sold any '
'more; and why it is not renewed';

-- All balances are locked before the first is moved, in order of user: two workers, and orders on markets, wait in one
-- direction only, and all of them together no longer than this.
CREATE FUNCTION marketplace_private.hold_balances(due jsonb) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, marketplace, pg_temp SET lock_timeout = '100ms' AS $$
    SELECT marketplace_private.lock_funds(l.users, l.currency) FROM (
        SELECT array_agg(v.id) || marketplace_private.take_house_account() AS users, c.currency
        FROM jsonb_to_recordset(due) c (user_id bigint, developer_id bigint, currency text)
        CROSS JOIN LATERAL (VALUES (c.user_id), (c.developer_id)) v (id)
        GROUP BY c.currency ORDER BY c.currency COLLATE "C") l
$$;
COMMENT ON FUNCTION marketplace_private.hold_balances(jsonb) IS
'Locks the balances that renewals of claim_due() move, and one of the house in each asset. 55P03 somebody else has one '
'of them, and keeps it';

-- What is free is locked here, so that what is said of the others goes on being so.
CREATE FUNCTION marketplace_private.without_held(due jsonb) RETURNS SETOF bigint
LANGUAGE sql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off
SET enable_hashjoin = off SET enable_mergejoin = off AS $$
    WITH wanted AS MATERIALIZED (
        SELECT c.subscription_id, v.id AS user_id, c.currency
        FROM jsonb_to_recordset(due) c (subscription_id bigint, user_id bigint, developer_id bigint, currency text)
        CROSS JOIN LATERAL (VALUES (c.user_id), (c.developer_id)) v (id)
    ), free AS MATERIALIZED (
        SELECT a.user_id, a.symbol FROM exchange.assets a
        WHERE (a.user_id, a.symbol) IN (SELECT w.user_id, w.currency FROM wanted w)
        FOR NO KEY UPDATE SKIP LOCKED
    )
    SELECT w.subscription_id FROM wanted w
    LEFT JOIN exchange.assets a ON a.user_id = w.user_id AND a.symbol = w.currency
    LEFT JOIN free f ON f.user_id = a.user_id AND f.symbol = a.symbol
    GROUP BY w.subscription_id HAVING bool_and(a.user_id IS NULL OR f.user_id IS NOT NULL)
$$;
COMMENT ON FUNCTION marketplace_private.without_held(jsonb) IS
'Those renewals of claim_due() whose balances nobody else has locked, which it locks. Waits for nobody';

CREATE FUNCTION marketplace_private.renew_due(at timestamptz, "limit" integer)
RETURNS TABLE (subscription_id bigint, invoice_id bigint, outcome text, reason text)
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    due jsonb;
    -- NULL: all balances are locked.
    free bigint[];
    claimed record;
BEGIN
    SELECT jsonb_agg(c ORDER BY c.subscription_id) INTO due FROM marketplace_private.claim_due(at, "limit") c;
    IF due IS NULL THEN
        RETURN;
    END IF;
    BEGIN
        PERFORM marketplace_private.hold_balances(due);
    EXCEPTION WHEN OTHERS THEN
        RAISE LOG 'balances of renewals are not locked together: % (%)', bourse_private.clip(SQLERRM), SQLSTATE;
        free := ARRAY(SELECT marketplace_private.without_held(due));
    END;
    FOR claimed IN SELECT c.* FROM jsonb_to_recordset(due) c (subscription_id bigint, user_id bigint) LOOP
        subscription_id := claimed.subscription_id;
        BEGIN
            IF subscription_id <> ALL (free) THEN
                RAISE lock_not_available USING MESSAGE = 'somebody else has a balance locked that it moves';
            END IF;
            SELECT r.invoice_id, r.outcome, r.reason INTO invoice_id, outcome, reason
            FROM marketplace_private.renew(subscription_id, claimed.user_id, at) r;
        EXCEPTION WHEN OTHERS THEN
            SELECT NULL, 'failed', format('%s: %s', SQLSTATE, bourse_private.clip(SQLERRM))
            INTO invoice_id, outcome, reason;
            UPDATE marketplace.billings b SET next_attempt_at = at + interval '1 minute'
            WHERE b.user_id = claimed.user_id AND b.subscription_id = subscription_id;
        END;
        RETURN NEXT;
    END LOOP;
END
$$;
COMMENT ON FUNCTION marketplace_private.renew_due(timestamptz, integer) IS
'renew_subscriptions() at a time';

CREATE FUNCTION marketplace.renew_subscriptions("limit" integer DEFAULT 100)
RETURNS TABLE (subscription_id bigint, invoice_id bigint, outcome text, reason text)
LANGUAGE plpgsql SUPPORT bourse_private.refuse_repeats SECURITY DEFINER
SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_read_committed('renew_subscriptions()');
    IF "limit" IS NULL OR "limit" NOT BETWEEN 1 AND 10000 THEN
        PERFORM bourse.refuse('22023', format('%s subscriptions asked for', coalesce("limit"::text, 'NULL')),
            'Renew 1 to 10000 at a time, as long as there are rows.');
    END IF;
    RETURN QUERY SELECT r.* FROM marketplace_private.renew_due(clock_timestamp(), "limit") r;
END
$$;
COMMENT ON FUNCTION marketplace.renew_subscriptions(integer) IS
'Has the next period of subscriptions paid that are due, up to "limit" (10000), those first that are due longest, at '
'the price they were bought at, and returns them. outcome: renewed; unpaid: reason says why, the invoice is open and '
'tried again every billing_settings.retry_every, for the grace that the subscription goes on; when that is over, it is '
'unpaid for good and the subscription expires; ended: it is cancelled, or its bot is not sold any more; failed: tried '
'again in a minute, as when somebody else keeps a balance locked that it moves: all balances together are waited for '
'no longer than a tenth of a second. A period begins where the last one ended, and ends by the calendar: one that '
'began on 31 January ends on 28 February, the next on 31 March. Any number of workers may call it at once: what '
'another has is passed over. The ticker of the platform calls it every second. 22023 limit, 25001 not READ COMMITTED';
GRANT EXECUTE ON FUNCTION marketplace.renew_subscriptions(integer) TO bourse_admin, bourse_worker;
