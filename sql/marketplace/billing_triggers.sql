-- What triggers of the tables of bills do.

CREATE FUNCTION marketplace_private.keep_invoice() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
DECLARE
    moving CONSTANT text[] := '{status,paid_at,payout_transfer_id,commission_transfer_id,attempts,last_error,refunded,'
                              'refunded_commission,updated_at}';
BEGIN
    IF to_jsonb(NEW) - moving <> to_jsonb(OLD) - moving
       OR NOT (OLD.status = NEW.status
               OR OLD.status = 'open' AND NEW.status IN ('paid', 'unpaid', 'void')
               OR OLD.status = 'paid' AND NEW.status = 'refunded')
       OR OLD.paid_at IS NOT NULL AND (NEW.paid_at, NEW.payout_transfer_id, NEW.commission_transfer_id)
                                      IS DISTINCT FROM (OLD.paid_at, OLD.payout_transfer_id, OLD.commission_transfer_id)
       OR NEW.refunded < OLD.refunded OR NEW.refunded_commission < OLD.refunded_commission THEN
        PERFORM bourse.refuse('23001', format('invoice %s would say something else', OLD.number),
            'What was billed stays as it was: marketplace.refund() gives money back.');
    END IF;
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION marketplace_private.keep_invoice() IS
'Trigger: of an invoice only what has become of it changes, and only forward (23001)';

CREATE FUNCTION marketplace_private.void_invoice() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
BEGIN
    UPDATE marketplace.invoices i SET status = 'void'
    WHERE i.user_id = OLD.user_id AND i.subscription_id = OLD.subscription_id AND i.status = 'open';
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION marketplace_private.void_invoice() IS
'Trigger: with the bills of a subscription goes what was due';
