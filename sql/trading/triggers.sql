-- What the tables of bots do by themselves.

CREATE FUNCTION trading_private.guard_status() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM trading.bot_transitions() t
                   WHERE t.old_status = OLD.status AND t.new_status = NEW.status) THEN
        PERFORM trading_private.refuse_step(OLD.id, OLD.status, format('become %s', NEW.status));
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION trading_private.guard_status() IS
'Trigger: a status changes by a step of bot_transitions() only, whoever writes it (55000)';

-- The constraints say the same, but would print the row, and give no hint.
CREATE FUNCTION trading_private.require_bot_bounds() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    PERFORM identity_private.require_text('type', NEW.type, 50),
            trading_private.require_config(NEW.config);
    PERFORM bourse_private.require_line('type', NEW.type) WHERE NEW.type IS DISTINCT FROM OLD.type;
    IF NEW.extra_metadata IS NOT NULL THEN
        PERFORM trading_private.require_open_object('extra_metadata', NEW.extra_metadata);
    END IF;
    IF length(NEW.description) > 10000 THEN
        PERFORM bourse.refuse('22023', format('description has %s characters', length(NEW.description)),
            'Give up to 10000 characters.');
    ELSIF bourse_private.secret_in(jsonb_build_object('description', NEW.description)) IS NOT NULL THEN
        PERFORM bourse.refuse('22023', 'the description has a secret', 'Describe it without.');
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION trading_private.require_bot_bounds() IS
'Trigger: refuses what a bot cannot have: NULL (22004), a type, JSON or a description out of bounds, a secret (22023)';

-- Also when the user goes: the foreign key deletes the user's bots row by row.
CREATE FUNCTION trading_private.refuse_delete() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    PERFORM trading_private.require_idle(OLD.id);
    RETURN OLD;
END
$$;
COMMENT ON FUNCTION trading_private.refuse_delete() IS
'Trigger: keeps a bot that has active trades or orders, in whatever way it would be deleted (23503)';

CREATE FUNCTION trading_private.refuse_delete_of_living() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM trading.bot_accounts b WHERE b.id = OLD.bot_id) THEN
        PERFORM bourse.refuse('23001',
            format('%I.%I keeps its history: DELETE refused', TG_TABLE_SCHEMA, TG_TABLE_NAME),
            'It goes with its bot only.');
    END IF;
    RETURN OLD;
END
$$;
COMMENT ON FUNCTION trading_private.refuse_delete_of_living() IS
'Trigger: a row that is append only goes with its bot, and not before (23001)';

-- The view trading.bots. create_bot() and the like say the same.
CREATE FUNCTION trading_private.insert_bot() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    IF NEW.id IS NOT NULL THEN
        PERFORM bourse.refuse('42501', format('id is %s, and ids are given by the platform', NEW.id),
            'Leave id out, or give NULL.');
    END IF;
    NEW.id := trading.create_bot(coalesce(NEW.user_id, identity.current_user_id()), NEW.type, NEW.config,
                                 NEW.description, coalesce(NEW.quote, 'USD'), coalesce(NEW.method, 'average'),
                                 coalesce(NEW.trade_type, 'paper'), coalesce(NEW.starting_balance, 0));
    IF NEW.extra_metadata IS NOT NULL THEN
        UPDATE trading.bot_accounts b SET extra_metadata = NEW.extra_metadata WHERE b.id = NEW.id;
    END IF;
    SELECT v.* INTO NEW FROM trading.bots v WHERE v.id = NEW.id;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION trading_private.insert_bot() IS
'Trigger: a row that is inserted into the view is a bot by create_bot(). An explicit NULL is the default of its '
'column, its user the session''s own; what the platform keeps itself begins as it always does';

CREATE FUNCTION trading_private.update_bot() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    IF NEW.status IS DISTINCT FROM OLD.status THEN
        PERFORM trading_private.refuse_step(OLD.id, OLD.status, 'have its status written');
    END IF;
    UPDATE trading.bot_accounts b
    SET type = NEW.type, config = NEW.config, description = NEW.description, extra_metadata = NEW.extra_metadata
    WHERE b.id = OLD.id AND identity.acts_for(b.user_id);
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT v.* INTO NEW FROM trading.bots v WHERE v.id = OLD.id;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION trading_private.update_bot() IS
'Trigger: of a row that is updated in the view type, config, description and extra_metadata are written; the rest '
'stays as it is, whatever a client sends along that writes every column. Another status is refused (55000)';

CREATE FUNCTION trading_private.delete_bot() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, trading, pg_temp AS $$
BEGIN
    DELETE FROM trading.bot_accounts b WHERE b.id = OLD.id AND identity.acts_for(b.user_id);
    RETURN CASE WHEN FOUND THEN OLD END;
END
$$;
COMMENT ON FUNCTION trading_private.delete_bot() IS
'Trigger: a row that is deleted in the view goes in its table. A privilege to DELETE there would be one to LOCK it';
