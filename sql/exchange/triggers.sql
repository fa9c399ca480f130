CREATE FUNCTION exchange_private.validate_order_before_insert() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    -- A row with a priority has been placed before: it is being restored from a dump. refuse_owned_columns() lets no
    -- other role but the owner of the table send one.
    IF NEW.priority > 0 THEN
        RETURN NEW;
    END IF;
    -- What a mapper sends as NULL has its default.
    NEW.id := coalesce(NEW.id, nextval('exchange.orders_id_seq'));
    -- An explicit NULL means the default, as it does in place_order().
    NEW.order_type := coalesce(NEW.order_type, 'limit');
    NEW.time_in_force := coalesce(NEW.time_in_force, 'gtc');
    NEW.post_only := coalesce(NEW.post_only, false);
    NEW.self_trade_prevention := coalesce(NEW.self_trade_prevention, 'cancel_taker');
    PERFORM exchange_private.check_inserted(NEW.user_id, NEW.symbol, NEW.side, NEW.price, NEW.amount, NEW.order_type,
        NEW.time_in_force, NEW.client_order_id, NEW.stop_price, NEW.display_amount, NEW.quote_amount, NEW.post_only,
        NEW.expires_at, NEW.self_trade_prevention);
    -- The unique constraint would say it of an id that the caller has given, and ON CONFLICT DO NOTHING nothing at all.
    IF EXISTS (SELECT FROM exchange.orders o WHERE o.id = NEW.id)
        AND bourse_private.has_given('exchange.orders_id_seq', NEW.id) THEN
        PERFORM bourse_private.refuse_conflict('exchange.orders', true);
    END IF;
    -- What only the engine decides starts from nothing, whatever the statement says.
    NEW.filled_amount := 0;
    NEW.status := 'open';
    NEW.reserved := 0;
    NEW.maker_rate := 0;
    NEW.taker_rate := 0;
    NEW.priority := 0;
    NEW.accepted_sequence := 0;
    NEW.accepted_status := 'open';
    NEW.visible_amount := NULL;
    NEW.triggered_at := NULL;
    NEW.ended_at := NULL;
    NEW.traded_until := NULL;
    NEW.cancel_reason := NULL;
    NEW.created_at := clock_timestamp();
    NEW.updated_at := NEW.created_at;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION exchange_private.validate_order_before_insert() IS
'Trigger: refuses an inserted order as place_order() would: 22004, 22023, 42501, 42704, and 23505 for a '
'client_order_id that is taken';

CREATE FUNCTION exchange_private.refuse_owned_columns() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, exchange, pg_temp AS $$
DECLARE
    -- NULL and the column's default say nothing, and a mapper sends one of them for every column.
    owned CONSTANT text := concat_ws(', ',
        CASE WHEN NEW.filled_amount <> 0 THEN 'filled_amount' END, CASE WHEN NEW.status <> 'open' THEN 'status' END,
        CASE WHEN NEW.reserved <> 0 THEN 'reserved' END, CASE WHEN NEW.maker_rate <> 0 THEN 'maker_rate' END,
        CASE WHEN NEW.taker_rate <> 0 THEN 'taker_rate' END, CASE WHEN NEW.priority <> 0 THEN 'priority' END,
        CASE WHEN NEW.accepted_sequence <> 0 THEN 'accepted_sequence' END,
        CASE WHEN NEW.accepted_status <> 'open' THEN 'accepted_status' END,
        CASE WHEN NEW.cancel_reason IS NOT NULL THEN 'cancel_reason' END,
        CASE WHEN NEW.visible_amount IS NOT NULL THEN 'visible_amount' END,
        CASE WHEN NEW.triggered_at IS NOT NULL THEN 'triggered_at' END,
        CASE WHEN NEW.ended_at IS NOT NULL THEN 'ended_at' END,
        CASE WHEN NEW.traded_until IS NOT NULL THEN 'traded_until' END);
BEGIN
    PERFORM bourse_private.require_drawn(NEW.id, 'exchange.orders_id_seq');
    IF owned <> '' AND NOT pg_has_role(current_user, 'bourse_owner', 'MEMBER') THEN
        PERFORM bourse.refuse('42501', format('no permission to insert an order with %s', owned),
            'Leave these columns out, or send NULL or DEFAULT: the engine writes them when it places the order.');
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION exchange_private.refuse_owned_columns() IS
'Trigger: keeps what the engine decides about an order, and its id, out of a client''s INSERT (42501)';

CREATE FUNCTION exchange_private.refuse_owned_command_columns() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    IF NOT pg_has_role(current_user, 'bourse_owner', 'MEMBER') THEN
        PERFORM bourse.refuse('42501',
            'no permission to insert a command with set_aside_at, set_aside_sqlstate or set_aside_reason',
            'Leave them out, or send NULL or DEFAULT: the sequencer writes them.');
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION exchange_private.refuse_owned_command_columns() IS
'Trigger: keeps what the sequencer notes about a command out of a client''s INSERT (42501)';

CREATE FUNCTION exchange_private.stamp_command() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    NEW.id := nextval('exchange.order_commands_id_seq');
    NEW.created_at := clock_timestamp();
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION exchange_private.stamp_command() IS
'Trigger: a command has the time at which it came, and the next place in the inbox, whatever its sender says';

CREATE FUNCTION exchange_private.place_inserted_orders() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    PERFORM exchange_private.place_inserted((
        SELECT array_agg(i.id ORDER BY i.id) FROM inserted i WHERE i.priority = 0));
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION exchange_private.place_inserted_orders() IS
'Trigger: places the orders of a plain INSERT, in order of id. One refusal fails the statement';

CREATE FUNCTION exchange_private.update_order_timestamp() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    NEW.updated_at := clock_timestamp();
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION exchange_private.update_order_timestamp() IS
'Trigger: stamps updated_at on every update of an order';

CREATE FUNCTION exchange_private.guard_funds() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    IF OLD.amount <> 0 OR OLD.locked_amount <> 0 THEN
        PERFORM bourse.refuse('23001',
            format('user %s still holds %s %s', OLD.user_id, OLD.amount + OLD.locked_amount, OLD.symbol),
            'Cancel the orders and withdraw the balance first: money is never deleted.');
    END IF;
    RETURN OLD;
END
$$;
COMMENT ON FUNCTION exchange_private.guard_funds() IS
'Trigger: a balance that is not zero cannot be deleted, not even with its user (23001)';

CREATE FUNCTION exchange_private.refuse_foreign_command() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    PERFORM bourse.refuse('42501', format('no permission to act for user %s', coalesce(NEW.user_id::text, 'NULL')),
        'Send commands for your own user; a member of bourse_gateway says SELECT identity.act_as(user_id) in the '
        'same transaction.');
END
$$;
COMMENT ON FUNCTION exchange_private.refuse_foreign_command() IS
'Trigger: a command for a user whom the session may not act for is refused (42501)';

CREATE FUNCTION exchange_private.guard_market_rules() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp SET enable_seqscan = off AS $$
BEGIN
    -- The row is locked by now, as the engine locks it: nobody places an order in this market before the change is
    -- committed, and what had been placed before is seen here.
    IF (NEW.tick_size, NEW.lot_size) IS DISTINCT FROM (OLD.tick_size, OLD.lot_size)
       AND EXISTS (SELECT FROM exchange.orders o
                   WHERE o.symbol = OLD.symbol AND o.status IN ('open', 'pending')) THEN
        PERFORM bourse.refuse('55006', format('market %s has live orders: its tick and lot cannot change', OLD.symbol),
            'Set the market to cancel_only, let its orders be cancelled, then change tick and lot.');
    END IF;
    IF (NEW.calendar, NEW.outside, NEW.opening) IS DISTINCT FROM (OLD.calendar, OLD.outside, OLD.opening) THEN
        -- Whoever is just changing the calendar does not know of this market.
        PERFORM FROM calendar.trading_hours_templates t WHERE t.name = NEW.calendar FOR SHARE;
        NEW.bell_at := CASE WHEN NEW.calendar IS NOT NULL THEN clock_timestamp() END;
        NEW.opens_at := NULL;
    END IF;
    -- A row that is only touched stays as it is: a restore touches it, too.
    IF NEW IS DISTINCT FROM OLD THEN
        NEW.updated_at := clock_timestamp();
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION exchange_private.guard_market_rules() IS
'Trigger: tick and lot of a market do not change while it has live orders (55006); with another calendar its bell '
'rings at once; stamps updated_at';

CREATE FUNCTION exchange_private.touch_markets() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    -- Orders without a priority are placed by the engine, which writes the row itself.
    UPDATE exchange.markets m SET symbol = m.symbol
    WHERE m.symbol IN (SELECT c.symbol FROM changed c WHERE c.priority > 0);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION exchange_private.touch_markets() IS
'Trigger: who changes orders past the engine writes their markets'' rows, so that no session trusts what it knew of '
'their books';

CREATE FUNCTION exchange_private.guard_live_orders() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, exchange, pg_temp AS $$
BEGIN
    PERFORM bourse.refuse('55000',
        format(CASE TG_OP
            WHEN 'DELETE' THEN 'order %s of user %s in %s is live'
            ELSE 'order %s of user %s in %s is live before or after this UPDATE, and what it locks would change'
        END, OLD.id, OLD.user_id, OLD.symbol),
        'Cancel it first (cancel_order, cancel_all_orders, amend_order): that gives back the funds which it locks.');
END
$$;
COMMENT ON FUNCTION exchange_private.guard_live_orders() IS
'Trigger: a live order is not deleted, not even with its user, and what it locks is not changed by hand: its funds '
'would stay locked (55000)';
