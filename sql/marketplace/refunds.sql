-- Refunds. The developer and the house give back what each has got of the price, in proportion.

CREATE FUNCTION marketplace_private.commission_refund(commission numeric, final numeric, refunded numeric,
                                                      refunded_commission numeric, amount numeric, decimals integer)
RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT round(commission * (refunded + amount) / final, decimals) - refunded_commission
$$;
COMMENT ON FUNCTION marketplace_private.commission_refund(numeric, numeric, numeric, numeric, numeric, integer) IS
'The part of a refund that the house gives back: with all refunds before it, in proportion, rounded half away from '
'zero. All of the price: all of the commission';

CREATE FUNCTION marketplace_private.give_back(
    reference text, user_id bigint, developer_id bigint, currency text, payout numeric, commission numeric)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    house bigint[] := CASE WHEN commission > 0 THEN marketplace_private.lock_house() ELSE '{}' END;
    -- Who has had the commission last.
    swept_to bigint := (SELECT s.user_id FROM marketplace.commission_sweeps s
                        WHERE s.asset = currency AND s.user_id <> user_id AND commission > 0
                        ORDER BY s.id DESC LIMIT 1);
    account record;
    part numeric;
BEGIN
    PERFORM marketplace_private.lock_funds(
        ARRAY(SELECT u.user_id FROM marketplace_private.unswept(house) u WHERE u.asset = currency)
        || ARRAY[user_id, developer_id, swept_to], currency);
    PERFORM exchange_private.carry_out_transfer(
        developer_id, user_id, currency, payout, marketplace_private.require_unused(developer_id, reference))
    WHERE payout > 0;
    FOR account IN SELECT u.user_id, u.amount FROM marketplace_private.unswept(house) u
                   WHERE u.asset = currency ORDER BY u.user_id LOOP
        EXIT WHEN commission = 0;
        part := least(commission, account.amount);
        PERFORM exchange_private.carry_out_transfer(
            account.user_id, user_id, currency, part,
            marketplace_private.require_unused(account.user_id, reference));
        commission := commission - part;
    END LOOP;
    IF commission > 0 THEN
        IF swept_to IS NULL THEN
            PERFORM bourse.refuse('23514',
                format('the house lacks %s %s to give back', trim_scale(commission), currency),
                'Its accounts are empty, and nobody else has had its commission: transfer it to one of them.');
        END IF;
        -- A reference of its own: the developer may be the one to whom it was swept.
        PERFORM exchange_private.carry_out_transfer(
            swept_to, user_id, currency, commission,
            marketplace_private.require_unused(swept_to, reference || ':commission'));
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.give_back(text, bigint, bigint, text, numeric, numeric) IS
'Moves a refund to a subscriber: the developer''s part from him, the house''s from its accounts, and what they lack '
'from the user of the last sweep. 23514 insufficient funds, 55000 somebody has been erased';

-- What is given back in full has not been bought.
CREATE FUNCTION marketplace_private.end_refunded(subscription_id bigint, user_id bigint, period integer,
                                                 period_start timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    moment CONSTANT timestamptz := clock_timestamp();
BEGIN
    IF NOT EXISTS (SELECT FROM marketplace.invoices i
                   JOIN marketplace.subscriptions s ON s.user_id = i.user_id AND s.id = i.subscription_id
                   WHERE i.user_id = user_id AND i.subscription_id = subscription_id AND i.period = period
                     AND i.period_end > moment AND s.status IN ('ACTIVE', 'PAUSED', 'ERROR'))
       -- What comes later may have been given back before.
       OR EXISTS (SELECT FROM marketplace.invoices n
                  WHERE n.user_id = user_id AND n.subscription_id = subscription_id AND n.period > period
                    AND n.status = 'paid') THEN
        RETURN;
    END IF;
    PERFORM marketplace_private.end_billing(subscription_id, user_id, 'void');
    UPDATE marketplace.subscriptions s
    SET cancelled_at = least(s.cancelled_at, greatest(moment, period_start)) WHERE s.id = subscription_id;
    PERFORM marketplace_private.take_subscription_step(subscription_id, 'cancel') WHERE period_start <= moment;
END
$$;
COMMENT ON FUNCTION marketplace_private.end_refunded(bigint, bigint, integer, timestamptz) IS
'Cancels a subscription of which a period has been given back after which none is paid: now, or when what was paid '
'before has ended';

CREATE FUNCTION marketplace.refund(invoice_id bigint, amount numeric, reason text, reference text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    invoice record;
    earlier record;
    made record;
    share numeric;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_read_committed('refund()');
    SELECT i.user_id, i.subscription_id INTO invoice FROM marketplace.invoices i
    WHERE i.id = invoice_id AND identity.acts_for(i.developer_id);
    IF NOT FOUND THEN
        PERFORM marketplace_private.refuse_unknown_invoice(invoice_id);
    END IF;
    PERFORM identity_private.require_text('reason', reason, 500),
            exchange_private.require_amount('amount', amount), exchange_private.require_reference(reference);
    PERFORM FROM marketplace.subscriptions s
    WHERE s.user_id = invoice.user_id AND s.id = invoice.subscription_id FOR NO KEY UPDATE;
    SELECT * INTO invoice FROM marketplace.invoices i WHERE i.id = invoice_id FOR NO KEY UPDATE;
    SELECT r.id, r.amount INTO earlier FROM marketplace.refunds r
    WHERE r.user_id = invoice.user_id AND r.invoice_id = invoice_id AND r.reference || '' = reference;
    IF FOUND THEN
        IF earlier.amount <> amount THEN
            PERFORM bourse.refuse('23505', format('reference %s was used for a refund of %s',
                                                  bourse_private.quoted(reference), trim_scale(earlier.amount)),
                'Give each refund of an invoice a reference of its own; repeat one only to ask for the same again.');
        END IF;
        RETURN earlier.id;
    END IF;
    PERFORM bourse_private.require_line('reference', reference);
    IF invoice.status NOT IN ('paid', 'refunded') THEN
        PERFORM bourse.refuse('55000', format('invoice %s is %s', invoice_id, invoice.status),
            'Only what was paid can be given back.');
    ELSIF amount <> round(amount, invoice.decimals) THEN
        PERFORM bourse.refuse('22023', format('amount is %s', trim_scale(amount)),
            format('The invoice is to %s decimals.', invoice.decimals));
    ELSIF invoice.refunded + amount > invoice.final_price THEN
        PERFORM bourse.refuse('23514',
            format('invoice %s has %s %s left, %s asked for', invoice_id,
                trim_scale(invoice.final_price - invoice.refunded), invoice.currency, trim_scale(amount)),
            'No more is given back than was paid.');
    END IF;
    share := marketplace_private.commission_refund(invoice.commission, invoice.final_price, invoice.refunded,
                                                   invoice.refunded_commission, amount, invoice.decimals);
    INSERT INTO marketplace.refunds (invoice_id, user_id, reference, amount, commission, reason)
    VALUES (invoice_id, invoice.user_id, reference, amount, share, reason)
    RETURNING id, transfer_reference INTO made;
    IF invoice.refunded + amount = invoice.final_price THEN
        PERFORM marketplace_private.end_refunded(invoice.subscription_id, invoice.user_id, invoice.period,
                                                 invoice.period_start);
        PERFORM marketplace_private.return_promotion(invoice.promotion_id, invoice.user_id, invoice.subscription_id)
        WHERE invoice.promotion_id IS NOT NULL;
    END IF;
    PERFORM marketplace_private.give_back(made.transfer_reference, invoice.user_id, invoice.developer_id,
                                          invoice.currency, amount - share, share);
    UPDATE marketplace.invoices i
    SET refunded = i.refunded + amount, refunded_commission = i.refunded_commission + share,
        status = CASE WHEN i.refunded + amount = i.final_price THEN 'refunded' ELSE i.status END
    WHERE i.id = invoice_id;
    RETURN made.id;
END
$$;
COMMENT ON FUNCTION marketplace.refund(bigint, numeric, text, text) IS
'Gives a subscriber back something of a paid invoice, and returns the id of the refund: the developer and the house '
'pay it as they got it, in proportion. amount: in the currency of the invoice, to its decimals, all refunds together '
'no more than was paid; reason: 1 to 500 characters; reference: up to 128 characters, moves money once for an '
'invoice. What is refunded in full ends the subscription, if nothing that is paid comes after it, and gives the use '
'of its promotion back. For the developer and operators. 22003 too large, 22004 NULL, 22023 amount or reference, '
'23505 reference used for another refund, 23514 more than was paid, or insufficient funds, 25001 not READ COMMITTED, '
'42704 no such invoice, or of another developer, 55000 it is not paid, or somebody has been erased';
GRANT EXECUTE ON FUNCTION marketplace.refund(bigint, numeric, text, text) TO bourse_trader, bourse_worker;
