-- What the tables of subscriptions do by themselves.

CREATE FUNCTION marketplace_private.guard_subscription_status() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM marketplace.subscription_transitions() t
                   WHERE t.old_status = OLD.status AND t.new_status = NEW.status) THEN
        PERFORM marketplace_private.refuse_subscription_step(OLD.id, OLD.status, format('become %s', NEW.status));
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION marketplace_private.guard_subscription_status() IS
'Trigger: a status changes by a step of subscription_transitions() only, whoever writes it (55000)';

-- subscribe() and change_config() ask for more; this is for whoever writes rows past them.
CREATE FUNCTION marketplace_private.require_subscription_bounds() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
DECLARE
    bad text;
BEGIN
    SELECT c.name INTO bad
    FROM (VALUES ('strategy_config', NEW.strategy_config, 65536), ('execution_config', NEW.execution_config, 8192),
                 ('risk_config', NEW.risk_config, 8192)) c (name, value, bytes)
    WHERE jsonb_typeof(c.value) <> 'object' OR octet_length(c.value::text) > c.bytes LIMIT 1;
    IF bad IS NOT NULL THEN
        PERFORM bourse.refuse('22023', format('%s is no JSON object, or too long', bad),
            'Give an object of up to 65536 bytes for strategy_config, of 8192 for the other two.');
    END IF;
    PERFORM marketplace_private.require_timeframes(NEW.timeframe, NEW.timeframes);
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_subscription_bounds() IS
'Trigger: refuses JSON that is not what a subscription has (22023)';

-- A transaction that stays open holds up nobody: who finds the row of the bot locked leaves his change beside it.
CREATE FUNCTION marketplace_private.move_subscribers(bot_id bigint, change integer) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    waiting bigint;
BEGIN
    PERFORM FROM marketplace.bots b WHERE b.id = bot_id FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        INSERT INTO marketplace.subscriber_changes (bot_id, change) SELECT bot_id, change WHERE change <> 0;
        RETURN;
    END IF;
    WITH folded AS (DELETE FROM marketplace.subscriber_changes c WHERE c.bot_id = bot_id RETURNING c.change)
    SELECT coalesce(sum(f.change), 0) INTO waiting FROM folded f;
    UPDATE marketplace.bots b SET total_subscribers = b.total_subscribers + change + waiting
    WHERE b.id = bot_id AND change + waiting <> 0;
END
$$;
COMMENT ON FUNCTION marketplace_private.move_subscribers(bigint, integer) IS
'Moves total_subscribers of a bot, now or, if somebody has its row locked, a little later. Waits for nobody';

CREATE FUNCTION marketplace_private.count_subscriber() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    IF TG_OP = 'DELETE' THEN
        PERFORM marketplace_private.move_subscribers(OLD.bot_id, -1);
    ELSE
        PERFORM marketplace_private.move_subscribers(
            NEW.bot_id, CASE WHEN NEW.status = 'ACTIVE' AND NOT NEW.is_own THEN 1 ELSE -1 END);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION marketplace_private.count_subscriber() IS
'Trigger: bots.total_subscribers is how many subscriptions of it are ACTIVE, those of its developer not counted';

CREATE FUNCTION marketplace_private.fold_subscribers("limit" integer) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM marketplace_private.move_subscribers(c.bot_id, 0)
    FROM (SELECT DISTINCT w.bot_id FROM marketplace.subscriber_changes w ORDER BY w.bot_id LIMIT "limit") c;
END
$$;
COMMENT ON FUNCTION marketplace_private.fold_subscribers(integer) IS
'Adds what has been left beside the rows of up to so many bots';

CREATE FUNCTION marketplace_private.refuse_delete_of_living() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
BEGIN
    -- Of a person who leaves tables are emptied in the order of their names.
    IF EXISTS (SELECT FROM marketplace.subscriptions s WHERE s.id = OLD.subscription_id)
       AND NOT EXISTS (SELECT FROM identity.users u WHERE u.id = OLD.user_id AND u.erased_at IS NOT NULL) THEN
        PERFORM bourse.refuse('23001',
            format('%I.%I keeps its history: DELETE refused', TG_TABLE_SCHEMA, TG_TABLE_NAME),
            'It goes with its subscription only.');
    END IF;
    RETURN OLD;
END
$$;
COMMENT ON FUNCTION marketplace_private.refuse_delete_of_living() IS
'Trigger: a row that is append only goes with its subscription, or when its user is erased, and not before (23001)';
