CREATE FUNCTION exchange.validate_order_before_insert() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    -- A row with a priority has been placed before: it is being restored from a dump. Only the owner of the
    -- table and a superuser may write that column.
    IF NEW.priority > 0 THEN
        RETURN NEW;
    END IF;
    IF NEW.price IS NULL OR NEW.amount IS NULL OR NOT (NEW.price > 0 AND NEW.amount > 0)
       OR 'NaN' IN (NEW.price, NEW.amount) THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'Price and amount must be positive',
            DETAIL = format('price %s, amount %s', coalesce(NEW.price::text, 'NULL'), coalesce(NEW.amount::text, 'NULL')),
            HINT = 'Give a price and an amount above zero.';
    END IF;
    IF NEW.side IS NULL OR NEW.side NOT IN ('buy', 'sell') THEN
        RAISE EXCEPTION USING ERRCODE = 'invalid_parameter_value',
            MESSAGE = 'Invalid order side',
            DETAIL = format('side %s', coalesce(quote_literal(NEW.side), 'NULL')),
            HINT = 'A side is buy or sell.';
    END IF;
    -- What only the engine decides starts from nothing, whatever the statement says.
    NEW.filled_amount := 0;
    NEW.status := 'open';
    NEW.reserved := 0;
    NEW.accepted_sequence := 0;
    NEW.cancel_reason := NULL;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION exchange.validate_order_before_insert() IS 'Trigger: refuses an inserted order without a positive price, a positive amount or a side (22023)';

CREATE FUNCTION exchange.place_inserted_orders() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    PERFORM exchange.place_inserted((SELECT array_agg(i.id ORDER BY i.id) FROM inserted i WHERE i.priority = 0));
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION exchange.place_inserted_orders() IS 'Trigger: places the orders of a plain INSERT, in order of id. One refusal fails the statement';

CREATE FUNCTION exchange.update_order_timestamp() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION exchange.update_order_timestamp() IS 'Trigger: stamps updated_at on every update of an order';

CREATE FUNCTION exchange.guard_funds() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    IF OLD.amount <> 0 OR OLD.locked_amount <> 0 THEN
        RAISE EXCEPTION USING ERRCODE = 'restrict_violation',
            MESSAGE = format('user %s still holds %s %s', OLD.user_id, OLD.amount + OLD.locked_amount, OLD.symbol),
            HINT = 'Cancel the orders and withdraw the balance first: money is never deleted.';
    END IF;
    RETURN OLD;
END
$$;
COMMENT ON FUNCTION exchange.guard_funds() IS 'Trigger: a balance that is not zero cannot be deleted, not even with its user (23001)';

CREATE FUNCTION exchange.refuse_foreign_command() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    RAISE EXCEPTION USING ERRCODE = 'insufficient_privilege',
        MESSAGE = format('no permission to act for user %s', coalesce(NEW.user_id::text, 'NULL')),
        HINT = 'Send commands for your own user, or connect as a member of bourse_gateway.';
END
$$;
COMMENT ON FUNCTION exchange.refuse_foreign_command() IS 'Trigger: a command for a user whom the session may not act for is refused (42501)';
