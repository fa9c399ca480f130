-- What subscribers and operators do about bills by hand.

CREATE FUNCTION marketplace.set_billing(
    commission_rate numeric DEFAULT NULL, ahead interval DEFAULT NULL, grace interval DEFAULT NULL,
    retry_every interval DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM bourse.require_installed();
    IF NOT commission_rate BETWEEN 0 AND 1 OR commission_rate <> round(commission_rate, 4) THEN
        PERFORM bourse.refuse('22023', format('commission_rate is %s', bourse_private.clip(commission_rate::text)),
            'Give a part of the price from 0 to 1, with up to 4 decimals: 0.1.');
    ELSIF NOT (ahead BETWEEN '0' AND '7 days' AND grace BETWEEN '0' AND '28 days'
               AND retry_every BETWEEN '1 minute' AND '7 days') THEN
        PERFORM bourse.refuse('22023', format('ahead %s, grace %s, retry_every %s', coalesce(ahead::text, 'NULL'),
                                              coalesce(grace::text, 'NULL'), coalesce(retry_every::text, 'NULL')),
            'ahead is up to 7 days, grace up to 28 days, retry_every 1 minute to 7 days.');
    END IF;
    UPDATE marketplace.billing_settings s
    SET commission_rate = coalesce(commission_rate, s.commission_rate), ahead = coalesce(ahead, s.ahead),
        grace = coalesce(grace, s.grace), retry_every = coalesce(retry_every, s.retry_every)
    WHERE s.only_row;
END
$$;
COMMENT ON FUNCTION marketplace.set_billing(numeric, interval, interval, interval) IS
'Sets what holds for all bills from now on; NULL leaves what is there. commission_rate: the part of a price that the '
'house gets, where the registration of a bot says no other; ahead: how long before a period ends the next one is paid; '
'grace: how long a subscription goes on unpaid; retry_every: how often money is asked for then. 22023 out of bounds';
GRANT EXECUTE ON FUNCTION marketplace.set_billing(numeric, interval, interval, interval) TO bourse_admin;

CREATE FUNCTION marketplace_private.lock_billing(subscription_id bigint) RETURNS TABLE (
    user_id bigint, bot_id bigint, status text, plan text, period_end timestamptz, cancelled_at timestamptz)
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
    PERFORM marketplace_private.lock_subscription(lock_billing.subscription_id);
    RETURN QUERY
    SELECT b.user_id, s.bot_id, b.status, coalesce(b.next_plan, b.plan), b.period_end, s.cancelled_at
    FROM marketplace.subscriptions s
    JOIN marketplace.billings b ON b.user_id = s.user_id AND b.subscription_id = s.id
    WHERE s.id = lock_billing.subscription_id FOR NO KEY UPDATE OF b;
    IF NOT FOUND THEN
        PERFORM bourse.refuse('55000', format('subscription %s costs nothing', lock_billing.subscription_id),
            'A trial, a free bot and an own one have no bills.');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.lock_billing(bigint) IS
'Locks a subscription that costs something, and says how it is paid. 22004 NULL, 25001 not READ COMMITTED, 42704 no '
'such subscription, or of another user, 55000 it costs nothing';

CREATE FUNCTION marketplace.change_plan(subscription_id bigint, plan text) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    held record;
    price record;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM marketplace_private.require_plan(plan);
    SELECT * INTO held FROM marketplace_private.lock_billing(subscription_id);
    IF held.status <> 'active' OR held.cancelled_at IS NOT NULL THEN
        PERFORM bourse.refuse('55000',
            format('subscription %s is %s', subscription_id, CASE WHEN held.cancelled_at IS NOT NULL THEN 'cancelled'
                   WHEN held.status = 'past_due' THEN 'past due' ELSE 'not renewed any more' END),
            'Pay what is due with marketplace.pay_invoice(); what has ended begins anew with marketplace.subscribe().');
    END IF;
    SELECT * INTO price FROM marketplace_private.price_purchase(held.user_id, held.bot_id, plan, NULL);
    IF price.list = 0 THEN
        PERFORM bourse.refuse('55000', format('plan %s of bot %s costs nothing now', plan, held.bot_id),
            'Cancel, and subscribe anew.');
    END IF;
    UPDATE marketplace.billings b
    SET next_plan = plan, next_price = price.list, next_currency = price.currency, next_decimals = price.decimals
    WHERE b.user_id = held.user_id AND b.subscription_id = subscription_id;
    RETURN held.period_end;
END
$$;
COMMENT ON FUNCTION marketplace.change_plan(bigint, text) IS
'Has a subscription go on with a plan, at what it costs now, from the end of what is paid: returns that. The plan that '
'it has already: at the price of now. Nothing is charged or given back before. 22004 NULL, 22023 plan, 25001 not READ '
'COMMITTED, 42704 no such subscription, or of another user, or its bot has no such plan, or is not sold any more, '
'55000 it costs nothing, is past due, cancelled, or has ended';

CREATE FUNCTION marketplace_private.refuse_unknown_invoice(invoice_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('invoice_id', invoice_id);
    PERFORM bourse.refuse('42704', format('invoice %s does not exist', invoice_id),
        'marketplace.invoices(user_id) and marketplace.payouts(developer_id) list yours.');
END
$$;
COMMENT ON FUNCTION marketplace_private.refuse_unknown_invoice(bigint) IS
'Says that there is no such invoice, or not for this session: NULL (22004), 42704';

CREATE FUNCTION marketplace.pay_invoice(invoice_id bigint) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    invoice record;
    due record;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_read_committed('pay_invoice()');
    SELECT i.user_id, i.subscription_id INTO invoice FROM marketplace.invoices i
    WHERE i.id = invoice_id AND identity.acts_for(i.user_id);
    IF NOT FOUND THEN
        PERFORM marketplace_private.refuse_unknown_invoice(invoice_id);
    END IF;
    PERFORM FROM marketplace.subscriptions s
    WHERE s.user_id = invoice.user_id AND s.id = invoice.subscription_id FOR NO KEY UPDATE;
    SELECT * INTO due
    FROM marketplace_private.next_period(invoice.subscription_id, invoice.user_id, clock_timestamp());
    IF due.invoice_id IS DISTINCT FROM invoice_id OR due.cancelled_at IS NOT NULL
       OR due.bot_status IN ('ARCHIVED', 'REJECTED') THEN
        PERFORM bourse.refuse('55000', format('nothing is due of invoice %s', invoice_id),
            'It is paid, or nobody owes it any more: marketplace.invoices(user_id) says what has become of it.');
    END IF;
    -- One that has expired is a subscriber again.
    PERFORM FROM marketplace.bots t WHERE t.id = due.bot_id FOR NO KEY UPDATE;
    PERFORM marketplace_private.pay_next(invoice.subscription_id, invoice.user_id, due);
    RETURN due.period_end;
END
$$;
COMMENT ON FUNCTION marketplace.pay_invoice(bigint) IS
'Pays an open invoice at once, instead of at the next attempt, and returns until when the subscription lasts then. '
'22003 a balance becomes too large, 22004 NULL, 23514 insufficient funds, 25001 not READ COMMITTED, 42704 no such '
'invoice, or of another user, 55000 it is not open, the subscription is cancelled, its bot is not sold any more, or '
'somebody is not active';
GRANT EXECUTE ON FUNCTION marketplace.change_plan(bigint, text), marketplace.pay_invoice(bigint)
    TO bourse_trader, bourse_worker;
