-- What the tables of the catalogue do by themselves.

CREATE FUNCTION marketplace_private.guard_bot() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    NEW.id := OLD.id;
    NEW.developer_id := OLD.developer_id;
    NEW.created_at := OLD.created_at;
    IF NEW.status <> OLD.status AND NOT EXISTS (
           SELECT FROM marketplace.bot_transitions() t
           WHERE t.old_status = OLD.status AND t.new_status = NEW.status) THEN
        PERFORM marketplace_private.refuse_bot_step(OLD.id, OLD.status, 'become ' || NEW.status);
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION marketplace_private.guard_bot() IS
'Trigger: a bot stays its developer''s, and its status changes by a step of bot_transitions() only, whoever writes '
'it (55000)';

CREATE FUNCTION marketplace_private.refuse_erased_developer() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM identity_private.require_not_erased(NEW.developer_id);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION marketplace_private.refuse_erased_developer() IS 'Trigger: no bot of an erased user (55000)';

-- A bot is its developer's for good: what hangs on it may say so as well, and policies need not ask for the bot.
CREATE FUNCTION marketplace_private.take_developer() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    NEW.developer_id := (SELECT b.developer_id FROM marketplace.bots b WHERE b.id = NEW.bot_id);
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION marketplace_private.take_developer() IS
'Trigger: developer_id of what hangs on a bot is the developer of the bot';

CREATE FUNCTION marketplace_private.refuse_delete_before_bot() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM marketplace.bots b WHERE b.id = OLD.bot_id) THEN
        PERFORM bourse.refuse('23001',
            format('%I.%I keeps its history: DELETE refused', TG_TABLE_SCHEMA, TG_TABLE_NAME),
            'It goes with its bot only.');
    END IF;
    RETURN OLD;
END
$$;
COMMENT ON FUNCTION marketplace_private.refuse_delete_before_bot() IS
'Trigger: a row that is append only goes with its bot, and not before (23001)';

-- The files go when their developer is erased; nothing else of a version ever changes.
CREATE FUNCTION marketplace_private.keep_version() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
DECLARE
    kept record := OLD;
BEGIN
    kept.status := NEW.status;
    kept.decided_at := NEW.decided_at;
    IF EXISTS (SELECT FROM identity.users u WHERE u.id = OLD.developer_id AND u.erased_at IS NOT NULL) THEN
        kept.changelog := NULL;
        kept.code_path := NULL;
        kept.model_path := NULL;
        kept.model_metadata := NULL;
    END IF;
    -- Generated columns are not there yet.
    kept.precedence := NEW.precedence;
    kept.is_release := NEW.is_release;
    IF kept IS DISTINCT FROM NEW OR OLD.status <> 'PENDING' AND NEW.status <> OLD.status THEN
        PERFORM bourse.refuse('23001', format('version %s of bot %s does not change', OLD.version, OLD.bot_id),
            'Publish another one: marketplace.publish_version().');
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION marketplace_private.keep_version() IS
'Trigger: of a version only the decision changes, once; the files go when their developer has been erased (23001)';

CREATE FUNCTION marketplace_private.keep_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
DECLARE
    kept record := OLD;
BEGIN
    IF EXISTS (SELECT FROM identity.users u WHERE u.id = OLD.developer_id AND u.erased_at IS NOT NULL) THEN
        kept.reason := NULL;
    END IF;
    IF kept IS DISTINCT FROM NEW THEN
        PERFORM bourse.refuse('23001',
            format('%I.%I keeps its history: UPDATE refused', TG_TABLE_SCHEMA, TG_TABLE_NAME),
            'What has been decided stays as it was.');
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION marketplace_private.keep_event() IS
'Trigger: an event stays as it was; its reason goes when the developer has been erased (23001)';

CREATE FUNCTION marketplace_private.list_bot() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    IF NOT NEW.is_public THEN
        DELETE FROM marketplace.bot_listings l WHERE l.bot_id = NEW.id;
        RETURN NULL;
    END IF;
    INSERT INTO marketplace.bot_listings AS l (bot_id, category_id, first_trade_at, total_trades, price,
                                               total_subscribers, rating, bot_type)
    VALUES (NEW.id, coalesce(NEW.category_id, 0), coalesce(NEW.first_trade_at, 'infinity'), NEW.total_trades,
            100 * NEW.price_per_month, NEW.total_subscribers, 100 * NEW.average_rating, left(NEW.bot_type, 1)::"char")
    ON CONFLICT (bot_id) DO UPDATE
    SET category_id = excluded.category_id, first_trade_at = excluded.first_trade_at,
        total_trades = excluded.total_trades, price = excluded.price, total_subscribers = excluded.total_subscribers,
        rating = excluded.rating, bot_type = excluded.bot_type
    WHERE (l.category_id, l.first_trade_at, l.total_trades, l.price, l.total_subscribers, l.rating, l.bot_type)
          IS DISTINCT FROM (excluded.category_id, excluded.first_trade_at, excluded.total_trades, excluded.price,
                            excluded.total_subscribers, excluded.rating, excluded.bot_type);
    IF TG_OP = 'INSERT' OR NOT OLD.is_public OR (OLD.name, OLD.description) IS DISTINCT FROM (NEW.name, NEW.description)
    THEN
        INSERT INTO marketplace.bot_words (bot_id, words)
        VALUES (NEW.id, marketplace_private.words_of(NEW.name || ' ' || NEW.description))
        ON CONFLICT (bot_id) DO UPDATE SET words = excluded.words;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION marketplace_private.list_bot() IS
'Trigger: bot_listings and bot_words have the bots that are approved, as they are now';

CREATE FUNCTION marketplace_private.keep_review() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    NEW.id := OLD.id;
    NEW.user_id := OLD.user_id;
    NEW.bot_id := OLD.bot_id;
    NEW.created_at := OLD.created_at;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION marketplace_private.keep_review() IS 'Trigger: a review stays its user''s, and of its bot';

-- Sums are moved by what has changed, and not read anew: of two that write at once the second adds to what the first
-- has left. Bots in order of id, so that no two wait for each other.
CREATE FUNCTION marketplace_private.count_reviews() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    IF TG_OP = 'INSERT' THEN
        PERFORM marketplace_private.add_reviews(c.bot_id, c.reviews, c.ratings)
        FROM (SELECT n.bot_id, count(*) AS reviews, sum(n.rating) AS ratings FROM new_rows n
              GROUP BY n.bot_id ORDER BY n.bot_id) c;
    ELSIF TG_OP = 'DELETE' THEN
        PERFORM marketplace_private.add_reviews(c.bot_id, -c.reviews, -c.ratings)
        FROM (SELECT o.bot_id, count(*) AS reviews, sum(o.rating) AS ratings FROM old_rows o
              GROUP BY o.bot_id ORDER BY o.bot_id) c;
    ELSE
        PERFORM marketplace_private.add_reviews(c.bot_id, 0, c.ratings)
        FROM (SELECT n.bot_id, sum(n.rating - o.rating) AS ratings FROM new_rows n JOIN old_rows o ON o.id = n.id
              GROUP BY n.bot_id HAVING sum(n.rating - o.rating) <> 0 ORDER BY n.bot_id) c;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION marketplace_private.count_reviews() IS
'Trigger: total_reviews and rating_sum of a bot follow its reviews, whoever writes them';

CREATE FUNCTION marketplace_private.add_reviews(bot_id bigint, reviews bigint, ratings bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    UPDATE marketplace.bots b
    SET total_reviews = b.total_reviews + reviews, rating_sum = b.rating_sum + ratings
    WHERE b.id = bot_id;
END
$$;
COMMENT ON FUNCTION marketplace_private.add_reviews(bigint, bigint, bigint) IS
'Moves the sums of a bot by so many reviews and ratings. For count_reviews() only';

-- Whose offer it is, and of which bot, are parts of its key; a key that was given back is nobody's.
CREATE FUNCTION marketplace_private.guard_registration() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    NEW.id := OLD.id;
    NEW.user_id := OLD.user_id;
    NEW.user_principal_id := OLD.user_principal_id;
    NEW.bot_id := OLD.bot_id;
    NEW.developer_id := OLD.developer_id;
    NEW.registered_at := OLD.registered_at;
    IF NEW.status <> OLD.status AND NOT EXISTS (
           SELECT FROM marketplace.registration_transitions() t
           WHERE t.old_status = OLD.status AND t.new_status = NEW.status) THEN
        PERFORM marketplace_private.refuse_registration_step(OLD.id, OLD.status, NEW.status);
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION marketplace_private.guard_registration() IS
'Trigger: a registration stays its principal''s and of its bot, and its status changes by a step of '
'registration_transitions() only, whoever writes it (55000)';
