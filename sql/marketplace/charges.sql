-- What is paid, and written down: one transaction, one invoice for a period, all of it or nothing.

CREATE FUNCTION marketplace_private.period_end(anchor_at timestamptz, plan text, periods integer) RETURNS timestamptz
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT (anchor_at AT TIME ZONE 'UTC' + periods * marketplace_private.plan_length(plan)) AT TIME ZONE 'UTC'
$$;
COMMENT ON FUNCTION marketplace_private.period_end(timestamptz, text, integer) IS
'When so many periods of a plan have passed, by the calendar in UTC: counted from the anchor each time, so that a '
'month that began on the 31st ends on the last day of shorter months, and on the 31st again';

CREATE FUNCTION marketplace_private.due_before(period_start timestamptz, period_end timestamptz) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT (period_end AT TIME ZONE 'UTC' - least(s.ahead, (period_end - period_start) / 2)) AT TIME ZONE 'UTC'
    FROM marketplace.billing_settings s WHERE s.only_row
$$;
COMMENT ON FUNCTION marketplace_private.due_before(timestamptz, timestamptz) IS
'When money is asked for what follows a period: ahead of its end, but not in its first half';

CREATE FUNCTION marketplace_private.require_active(user_id bigint) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
BEGIN
    PERFORM identity_private.require_not_erased(user_id);
    IF NOT EXISTS (SELECT FROM identity.users u WHERE u.id = user_id AND u.is_active) THEN
        PERFORM bourse.refuse('55000', format('user %s is not active', user_id),
            'Nobody who is not active is charged or paid: an admin sets is_active.');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_active(bigint) IS
'Refuses a user who is not active, or has been erased (55000)';

-- The debits are the subscriber's transfers: their references tell the period, and move money once.
CREATE FUNCTION marketplace_private.move_money(
    user_id bigint, developer_id bigint, currency text, payout numeric, commission numeric, reference text,
    OUT payout_transfer_id bigint, OUT commission_transfer_id bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    house bigint;
BEGIN
    PERFORM marketplace_private.require_active(user_id), marketplace_private.require_active(developer_id);
    IF payout + commission = 0 THEN
        RETURN;
    END IF;
    -- Who cannot pay waits for nobody.
    PERFORM exchange_private.require_available(user_id, currency, payout + commission);
    house := CASE WHEN commission > 0 THEN marketplace_private.take_house_account() END;
    PERFORM marketplace_private.lock_funds(ARRAY[user_id, developer_id, house], currency);
    PERFORM exchange_private.require_available(user_id, currency, payout + commission);
    IF payout > 0 THEN
        payout_transfer_id := exchange_private.carry_out_transfer(
            user_id, developer_id, currency, payout, marketplace_private.require_unused(user_id, reference));
    END IF;
    IF commission > 0 THEN
        commission_transfer_id := exchange_private.carry_out_transfer(
            user_id, house, currency, commission,
            marketplace_private.require_unused(user_id, reference || ':commission'));
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.move_money(bigint, bigint, text, numeric, numeric, text) IS
'Moves a price from a subscriber to the developer and an account of the house; nothing moves where nothing is due. '
'22003 a balance becomes too large, 23505 a reference was used, 23514 insufficient funds, 55000 one of them is not '
'active, or has been erased';

CREATE FUNCTION marketplace_private.reference_of(subscription_id bigint, period integer) RETURNS text
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT format('marketplace:subscription:%s:period:%s', subscription_id, period)
$$;
COMMENT ON FUNCTION marketplace_private.reference_of(bigint, integer) IS
'The reference of the transfers that pay a period: of the payout; followed by :commission, of the commission';

CREATE FUNCTION marketplace_private.write_invoice(
    subscription_id bigint, user_id bigint, developer_id bigint, bot_id bigint, plan text, period integer,
    currency text, decimals integer, list numeric, discount numeric, rate numeric, commission numeric,
    promotion_id bigint, period_start timestamptz, period_end timestamptz, paid boolean, payout_transfer_id bigint,
    commission_transfer_id bigint, last_error text) RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, marketplace, pg_temp AS $$
    INSERT INTO marketplace.invoices (
        id, number, subscription_id, user_id, developer_id, bot_id, plan, period, currency, decimals, list_price,
        discount, final_price, commission_rate, commission, payout, promotion_id, period_start, period_end, status,
        paid_at, payout_transfer_id, commission_transfer_id, last_error)
    SELECT drawn.id, format('INV-%s-%s', to_char(clock_timestamp() AT TIME ZONE 'UTC', 'YYYYMMDD'), drawn.id),
           subscription_id, user_id, developer_id, bot_id, plan, period, currency, decimals, list, discount,
           list - discount, rate, commission, list - discount - commission, promotion_id, period_start, period_end,
           CASE WHEN paid THEN 'paid' ELSE 'open' END, CASE WHEN paid THEN clock_timestamp() END, payout_transfer_id,
           commission_transfer_id, left(last_error, 200)
    FROM (SELECT nextval('marketplace.invoices_id_seq') AS id) drawn
    RETURNING id
$$;
COMMENT ON FUNCTION marketplace_private.write_invoice(
    bigint, bigint, bigint, bigint, text, integer, text, integer, numeric, numeric, numeric, numeric, bigint,
    timestamptz, timestamptz, boolean, bigint, bigint, text) IS
'Writes the invoice of a period, paid or open, and returns its id';

CREATE FUNCTION marketplace_private.require_max_price(max_price numeric, currency text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    -- NaN is above every number.
    IF max_price < 0 OR max_price = 'NaN' THEN
        PERFORM bourse.refuse('22023', format('max_price is %s', bourse_private.clip(max_price::text)),
            'Give 0 or more, or NULL: whatever it costs.');
    ELSIF max_price IS NOT NULL THEN
        PERFORM bourse_private.require_given('currency', currency), exchange_private.require_asset(currency);
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_max_price(numeric, text) IS
'Refuses what is no most that somebody pays, in an asset (22023); NULL passes';

CREATE FUNCTION marketplace_private.require_within(bot_id bigint, plan text, price record, max_price numeric,
                                                   currency text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    IF price.list > max_price OR max_price IS NOT NULL AND price.list > 0 AND price.currency <> currency THEN
        PERFORM bourse.refuse('55000',
            format('plan %s of bot %s costs more than %s %s', plan, bot_id, bourse_private.clip(max_price::text),
                   currency),
            format('It costs %s %s a period, the first one %s: marketplace.preview_price() tells that, and max_price '
                   'has to be as much, in this currency.',
                   trim_scale(price.list), price.currency, trim_scale(price.final)));
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_within(bigint, text, record, numeric, text) IS
'Refuses what price_purchase() says of a purchase when a period costs more than somebody wants to pay, or another '
'asset (55000); NULL: whatever it costs';

-- The subscription has just been made in this transaction, or is locked.
CREATE FUNCTION marketplace_private.charge_subscription(
    subscription_id bigint, plan text, promotion_code text, max_price numeric, max_currency text,
    OUT invoice_id bigint, OUT currency text, OUT list numeric, OUT discount numeric, OUT final numeric,
    OUT expires_at timestamptz)
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    sold record;
    price record;
    promotion bigint;
    moved record;
    starts timestamptz;
BEGIN
    PERFORM bourse_private.require_read_committed('a purchase');
    SELECT s.user_id, s.bot_id, s.started_at INTO sold FROM marketplace.subscriptions s
    WHERE s.id = subscription_id FOR NO KEY UPDATE;
    SELECT * INTO price FROM marketplace_private.price_purchase(sold.user_id, sold.bot_id, plan, promotion_code);
    PERFORM marketplace_private.require_within(sold.bot_id, plan, price, max_price, max_currency);
    currency := price.currency;
    list := price.list;
    discount := price.discount;
    final := price.final;
    IF list = 0 THEN
        PERFORM marketplace_private.require_active(sold.user_id);
        RETURN;
    END IF;
    IF promotion_code IS NOT NULL THEN
        promotion := marketplace_private.use_promotion(sold.user_id, sold.bot_id, price.developer_id, currency,
                                                       promotion_code, subscription_id);
    END IF;
    starts := clock_timestamp();
    expires_at := CASE WHEN price.free_for IS NULL THEN marketplace_private.period_end(starts, plan, 1)
                       ELSE (starts AT TIME ZONE 'UTC' + price.free_for) AT TIME ZONE 'UTC' END;
    SELECT * INTO moved FROM marketplace_private.move_money(
        sold.user_id, price.developer_id, currency, price.payout, price.commission,
        marketplace_private.reference_of(subscription_id, 1));
    invoice_id := marketplace_private.write_invoice(
        subscription_id, sold.user_id, price.developer_id, sold.bot_id, plan, 1, currency, price.decimals, list,
        discount, price.rate, price.commission, promotion, starts, expires_at, true, moved.payout_transfer_id,
        moved.commission_transfer_id, NULL);
    INSERT INTO marketplace.billings (subscription_id, user_id, plan, price, currency, decimals, anchor_at, anchored,
                                      period, period_end, next_attempt_at)
    VALUES (subscription_id, sold.user_id, plan, list, currency, price.decimals,
            CASE WHEN price.free_for IS NULL THEN starts ELSE expires_at END,
            CASE WHEN price.free_for IS NULL THEN 1 ELSE 0 END, 1, expires_at,
            marketplace_private.due_before(starts, expires_at));
    PERFORM marketplace_private.extend_subscription(subscription_id, expires_at, final, plan);
END
$$;
COMMENT ON FUNCTION marketplace_private.charge_subscription(bigint, text, text, numeric, text) IS
'Has the first period of a subscription paid, in this transaction, and says what it was: the invoice, list - discount '
'= final in currency, and until when it lasts, which stands in the subscription then. What costs nothing by its plan '
'has no invoice and no end; what a promotion makes free has an invoice of 0. For subscribe(), which has asked who may. '
'22003 a balance becomes too large, 22004 NULL, 22023 plan, or the user''s own bot, 23514 insufficient funds, 25001 '
'not READ COMMITTED, 42704 no such bot, plan, or code that applies, 55000 somebody is not active, or has been erased, '
'or a period costs more than max_price in max_currency';
