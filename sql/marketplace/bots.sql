-- Bots that are sold: their way from the developer to everybody. Whoever may not see a bot does not learn that it is
-- there: it does not exist (42704).

CREATE FUNCTION marketplace.bot_transitions()
RETURNS TABLE (old_status text, step text, new_status text, meaning text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 10 SET search_path = pg_catalog, marketplace, pg_temp AS $$
    VALUES
        ('PENDING',  'approve', 'APPROVED', 'approve_bot() of an admin: everybody sees it'),
        ('PENDING',  'reject',  'REJECTED', 'reject_bot() of an admin, who says why'),
        ('PENDING',  'publish', 'PENDING',  'publish_version() of its developer: the admin looks at that one'),
        ('PENDING',  'archive', 'ARCHIVED', 'archive_bot() of its developer or an admin, for good'),
        ('REJECTED', 'publish', 'PENDING',  'publish_version() of its developer, who has mended it'),
        ('REJECTED', 'archive', 'ARCHIVED', 'as PENDING'),
        ('APPROVED', 'publish', 'APPROVED', 'publish_version(): the new version waits, the approved one goes on'),
        ('APPROVED', 'approve', 'APPROVED', 'approve_bot(): a version that has waited is approved'),
        ('APPROVED', 'reject',  'APPROVED', 'reject_bot(): a version that has waited is rejected'),
        ('APPROVED', 'archive', 'ARCHIVED', 'as PENDING; those who have subscribed keep it')
$$;
COMMENT ON FUNCTION marketplace.bot_transitions() IS
'The steps in the life of a bot that is sold: from which status, the step, to which status, who takes it. Any other '
'is refused (55000)';
GRANT EXECUTE ON FUNCTION marketplace.bot_transitions() TO bourse_viewer, bourse_worker;

CREATE FUNCTION marketplace_private.refuse_unknown(bot_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('bot_id', bot_id);
    PERFORM bourse.refuse('42704', format('bot %s does not exist', bot_id),
        'marketplace.bots lists those that are sold, and yours.');
END
$$;
COMMENT ON FUNCTION marketplace_private.refuse_unknown(bigint) IS
'Says that there is no such bot, or not for this session: NULL (22004), 42704';

CREATE FUNCTION marketplace_private.refuse_bot_step(bot_id bigint, status text, attempt text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
DECLARE
    allowed text := (SELECT string_agg(t.step, ', ' ORDER BY t.step) FROM marketplace.bot_transitions() t
                     WHERE t.old_status = status);
BEGIN
    PERFORM bourse.refuse('55000', format('bot %s cannot %s: its status is %s', bot_id, attempt, status),
        CASE WHEN allowed IS NULL THEN 'It is archived for good.' ELSE format('Now it takes %s.', allowed) END
            || ' marketplace.bot_transitions() has all steps.');
END
$$;
COMMENT ON FUNCTION marketplace_private.refuse_bot_step(bigint, text, text) IS
'Says that a bot cannot do this in its status, and what it can (55000)';

CREATE FUNCTION marketplace_private.is_admin() RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
BEGIN
    RETURN identity_private.login_is('bourse_admin')
        OR EXISTS (SELECT FROM identity.users u
                   WHERE u.id = identity.current_user_id() AND u.role = 'admin' AND u.is_active);
END
$$;
COMMENT ON FUNCTION marketplace_private.is_admin() IS
'Whether the session is a member of bourse_admin, or acts for an active user whose role is admin';

-- Steps of a bot, its reviews and its subscribers come one after the other: each begins with this lock. One that is not
-- sold is refused where one that does not exist is: the CONTEXT of an error tells where it was raised.
CREATE FUNCTION marketplace_private.lock_bot(bot_id bigint, for_anybody boolean DEFAULT false,
                                             only_sold boolean DEFAULT false)
RETURNS TABLE (developer_id bigint, name text, status text, version text, config_schema jsonb, default_config jsonb,
               price_per_month numeric)
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_read_committed('a step of a bot');
    RETURN QUERY
    SELECT b.developer_id, b.name::text, b.status, b.version::text, b.config_schema, b.default_config,
           b.price_per_month
    FROM marketplace.bots b
    WHERE b.id = lock_bot.bot_id AND (for_anybody OR identity.acts_for(b.developer_id))
        AND (b.status = 'APPROVED' OR NOT only_sold) FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM marketplace_private.refuse_unknown(lock_bot.bot_id);
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.lock_bot(bigint, boolean, boolean) IS
'Locks a bot until the transaction ends, and says how it is now. for_anybody: the caller has been asked what he '
'may; only_sold: one that is not approved is unknown. 22004 NULL, 42704 no such bot, or of a developer whom the '
'session does not act for, 25001 not READ COMMITTED';

CREATE FUNCTION marketplace_private.lock_sold_bot(bot_id bigint)
RETURNS TABLE (developer_id bigint, name text, version text, config_schema jsonb, default_config jsonb,
               price_per_month numeric)
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT b.developer_id, b.name, b.version, b.config_schema, b.default_config, b.price_per_month
    FROM marketplace_private.lock_bot(lock_sold_bot.bot_id, for_anybody => true, only_sold => true) b;
END
$$;
COMMENT ON FUNCTION marketplace_private.lock_sold_bot(bigint) IS
'Locks a bot that is approved until the transaction ends, and says how it is now: for whatever sells it. 22004 NULL, '
'42704 no such bot, or one that is not approved, 25001 not READ COMMITTED';

-- Who offers or subscribes to a bot of somebody else does not hold up those who decide about it: that it is archived at
-- the same moment is as if it had been a little later.
CREATE FUNCTION marketplace_private.keep_sold_bot(bot_id bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    developer bigint;
BEGIN
    SELECT b.developer_id INTO developer FROM marketplace.bots b WHERE b.id = bot_id AND b.is_public FOR KEY SHARE;
    IF NOT FOUND THEN
        PERFORM marketplace_private.refuse_unknown(bot_id);
    END IF;
    RETURN developer;
END
$$;
COMMENT ON FUNCTION marketplace_private.keep_sold_bot(bigint) IS
'Keeps a bot that is approved from being deleted until the transaction ends, and says whose it is. 22004 NULL, 42704 '
'no such bot, or one that is not approved';

CREATE FUNCTION marketplace_private.category_named(category text) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
DECLARE
    found bigint := (SELECT c.id FROM marketplace.bot_categories c WHERE c.name = category);
BEGIN
    IF found IS NULL AND category IS NOT NULL THEN
        PERFORM bourse.refuse('42704', format('category %s does not exist', bourse_private.quoted(category)),
            'marketplace.bot_categories has their names.');
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION marketplace_private.category_named(text) IS
'The id of a category; NULL of NULL. 42704 there is none of this name';

CREATE FUNCTION marketplace_private.require_bot_type(bot_type text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    IF bot_type NOT IN ('TECHNICAL', 'ML', 'DL', 'LLM') THEN
        PERFORM bourse.refuse('22023', format('bot_type is %s', bourse_private.quoted(bot_type)),
            'Give TECHNICAL, ML, DL or LLM.');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_bot_type(text) IS 'Refuses what is no type of bot (22023); NULL passes';

CREATE FUNCTION marketplace_private.require_no_secret(parameter text, value text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    IF bourse_private.secret_in(jsonb_build_object(parameter, value)) IS NOT NULL THEN
        PERFORM bourse.refuse('22023', format('there is a secret in %s', parameter), 'Write it without.');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_no_secret(text, text) IS
'Refuses text that looks like a secret (22023); NULL passes';

CREATE FUNCTION marketplace_private.require_title(parameter text, value text, most integer) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM identity_private.require_name(parameter, value, most),
            marketplace_private.require_no_secret(parameter, value);
END
$$;
COMMENT ON FUNCTION marketplace_private.require_title(text, text, integer) IS
'Refuses a name for everybody to read that is NULL (22004), blank, too long, cannot be read or looks like a secret '
'(22023)';

-- What people write, and everybody reads: neither secrets nor what a terminal or a page would obey.
CREATE FUNCTION marketplace_private.require_words(parameter text, value text, most integer) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
DECLARE
    shown CONSTANT text := translate(value, E'\t\n\r', '');
BEGIN
    PERFORM identity_private.require_text(parameter, value, most);
    IF bourse_private.without_hidden(shown) <> shown THEN
        PERFORM bourse.refuse('22023', format('there is a control character in %s', parameter),
            'Only tabs and ends of lines may be in it.');
    END IF;
    PERFORM marketplace_private.require_no_secret(parameter, value);
END
$$;
COMMENT ON FUNCTION marketplace_private.require_words(text, text, integer) IS
'Refuses text that is NULL (22004), blank, too long, has control characters or looks like a secret (22023)';

CREATE FUNCTION marketplace_private.require_price(parameter text, price numeric) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given(parameter, price);
    IF NOT (price >= 0 AND price < 100000000) OR scale(price) > 2 AND price <> round(price, 2) THEN
        PERFORM bourse.refuse('22023', format('%s is %s', parameter, bourse_private.clip(price::text)),
            'Give an amount from 0 to less than 100000000, with up to 2 decimals.');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_price(text, numeric) IS
'Refuses what is no price: NULL (22004), NaN, less than 0, 100 million or more, more than 2 decimals (22023)';

CREATE FUNCTION marketplace_private.require_files(code_path text, model_path text, model_metadata jsonb) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM marketplace_private.require_words('code_path', code_path, 500) WHERE code_path IS NOT NULL;
    PERFORM marketplace_private.require_words('model_path', model_path, 500) WHERE model_path IS NOT NULL;
    IF jsonb_typeof(model_metadata) <> 'object' OR octet_length(model_metadata::text) > 65536 THEN
        PERFORM bourse.refuse('22023',
            format('model_metadata is a JSON %s of %s bytes', jsonb_typeof(model_metadata),
                octet_length(model_metadata::text)),
            'Give a JSON object of up to 65536 bytes.');
    END IF;
    PERFORM bourse_private.require_shallow('model_metadata', model_metadata),
            bourse_private.require_plain_numbers('model_metadata', model_metadata);
    IF bourse_private.secret_in(model_metadata) IS NOT NULL THEN
        PERFORM bourse.refuse('22023', 'there is a secret in model_metadata',
            'What is none needs a name without words like key, token or password.');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_files(text, text, jsonb) IS
'Refuses paths that are blank, longer than 500 characters or hold a secret, and metadata that is no JSON object of up '
'to 65536 bytes and 64 levels, or holds a secret (22023); NULL passes';

CREATE FUNCTION marketplace_private.require_settings(config_schema jsonb, default_config jsonb) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('config_schema', config_schema, 'Without settings it is {}.'),
            bourse_private.require_given('default_config', default_config, 'Without settings it is {}.');
    IF jsonb_typeof(default_config) <> 'object' OR octet_length(default_config::text) > 65536 THEN
        PERFORM bourse.refuse('22023',
            format('default_config is a JSON %s of %s bytes', jsonb_typeof(default_config),
                octet_length(default_config::text)),
            'Give a JSON object of up to 65536 bytes.');
    ELSIF octet_length(config_schema::text) > 65536 THEN
        PERFORM bourse.refuse('22023', format('config_schema has %s bytes', octet_length(config_schema::text)),
            'Give a schema of up to 65536 bytes.');
    END IF;
    PERFORM bourse_private.require_shallow('config_schema', config_schema),
            bourse_private.require_shallow('default_config', default_config);
    PERFORM marketplace_private.require_schema(config_schema),
            marketplace_private.require_config(config_schema, default_config);
END
$$;
COMMENT ON FUNCTION marketplace_private.require_settings(jsonb, jsonb) IS
'Refuses settings that a version cannot have: NULL (22004), more than 65536 bytes or 64 levels, a schema that is '
'none, a default that it does not allow (22023)';

CREATE FUNCTION marketplace_private.require_developer(user_id bigint) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
BEGIN
    PERFORM identity_private.require_active(user_id);
    IF NOT EXISTS (SELECT FROM identity.users u WHERE u.id = user_id AND u.role IN ('developer', 'admin')) THEN
        PERFORM bourse.refuse('42501', format('user %s is no developer', user_id),
            'An admin makes him one: UPDATE identity.users SET role = ''developer''.');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_developer(bigint) IS
'Refuses a user who is not active, or whose role is neither developer nor admin (42501)';

CREATE FUNCTION marketplace_private.add_event(bot_id bigint, event text, version text, old_status text,
                                              new_status text, reason text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    INSERT INTO marketplace.bot_approval_events (bot_id, developer_id, event, version, old_status, new_status, reason)
    SELECT b.id, b.developer_id, event, version, old_status, new_status, reason
    FROM marketplace.bots b WHERE b.id = bot_id;
END
$$;
COMMENT ON FUNCTION marketplace_private.add_event(bigint, text, text, text, text, text) IS
'Writes down a step of a bot, with who takes it';

CREATE FUNCTION marketplace_private.require_room_for_bot(developer_id bigint) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    had record;
BEGIN
    SELECT count(*) AS bots, count(*) FILTER (WHERE b.status <> 'ARCHIVED') AS sold INTO had
    FROM marketplace.bots b WHERE b.developer_id + 0 = developer_id;
    IF had.bots >= 1000 THEN
        PERFORM bourse.refuse('54000', format('user %s has submitted %s bots', developer_id, had.bots),
            'Publish versions of one: marketplace.publish_version().');
    ELSIF had.sold >= 100 THEN
        PERFORM bourse.refuse('54000', format('user %s has %s bots', developer_id, had.sold),
            'Archive some: marketplace.archive_bot().');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_room_for_bot(bigint) IS
'Refuses a developer who has submitted 1,000 bots, or has 100 that are not archived (54000). His key is held';

CREATE FUNCTION marketplace.submit_bot(
    developer_id bigint, name text, description text, bot_type text, category text, config_schema jsonb,
    default_config jsonb, price_per_month numeric DEFAULT 0, code_path text DEFAULT NULL, model_path text DEFAULT NULL,
    model_metadata jsonb DEFAULT NULL, version text DEFAULT '1.0.0') RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    submitted bigint;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('developer_id', developer_id);
    PERFORM identity_private.require_user(developer_id);
    PERFORM marketplace_private.require_developer(developer_id);
    PERFORM marketplace_private.require_title('name', name, 255),
            marketplace_private.require_words('description', description, 10000),
            marketplace_private.require_price('price_per_month', price_per_month),
            marketplace_private.require_version(version),
            marketplace_private.require_files(code_path, model_path, model_metadata),
            bourse_private.require_given('bot_type', bot_type), marketplace_private.require_bot_type(bot_type);
    PERFORM marketplace_private.require_settings(config_schema, default_config);
    -- Two sessions that submit one each: the second counts that of the first.
    PERFORM bourse_private.hold_key(format('marketplace.bots %s', developer_id));
    PERFORM marketplace_private.require_room_for_bot(developer_id);
    INSERT INTO marketplace.bots (developer_id, name, description, version, category_id, bot_type, config_schema,
                                  default_config, price_per_month, code_path, model_path, model_metadata)
    VALUES (developer_id, name, description, version, marketplace_private.category_named(category), bot_type,
            config_schema, default_config, price_per_month, code_path, model_path, model_metadata)
    RETURNING id INTO submitted;
    INSERT INTO marketplace.bot_versions (bot_id, developer_id, version, config_schema, default_config, code_path,
                                          model_path, model_metadata)
    VALUES (submitted, developer_id, version, config_schema, default_config, code_path, model_path, model_metadata);
    PERFORM marketplace_private.add_event(submitted, 'submit', version, NULL, 'PENDING');
    RETURN submitted;
END
$$;
COMMENT ON FUNCTION marketplace.submit_bot(bigint, text, text, text, text, jsonb, jsonb, numeric, text, text, jsonb,
                                           text) IS
'Submits a bot of a developer with its first version, and returns its id. It is PENDING: nobody else sees it before '
'an admin approves it. name: 1 to 255 characters; description: 1 to 10000; bot_type: TECHNICAL, ML, DL or LLM; '
'category: the name of one, or NULL; config_schema: the JSON Schema of the settings that a subscriber gives, {} takes '
'any; default_config: a JSON object that it allows, each up to 65536 bytes; price_per_month: 0 to less than 100000000 '
'with 2 decimals; code_path, model_path: up to 500 characters, model_metadata: a JSON object, which only the '
'developer, admins and workers read; version: as semver.org has it. 22004 NULL, 22023 a bad value, or a secret, 42501 '
'not a user you act for, or no active developer, 42704 unknown user or category, 54000 1,000 bots, or 100 that are '
'not archived, 55000 the user has been erased';
GRANT EXECUTE ON FUNCTION marketplace.submit_bot(bigint, text, text, text, text, jsonb, jsonb, numeric, text, text,
                                                 jsonb, text) TO bourse_trader;

CREATE FUNCTION marketplace.update_bot(bot_id bigint, description text DEFAULT NULL, category text DEFAULT NULL,
                                       price_per_month numeric DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    bot record;
BEGIN
    SELECT * INTO bot FROM marketplace_private.lock_bot(bot_id);
    PERFORM marketplace_private.require_words('description', description, 10000) WHERE description IS NOT NULL;
    PERFORM marketplace_private.require_price('price_per_month', price_per_month) WHERE price_per_month IS NOT NULL;
    IF bot.status = 'ARCHIVED' THEN
        PERFORM marketplace_private.refuse_bot_step(bot_id, bot.status, 'be changed');
    END IF;
    UPDATE marketplace.bots b
    SET description = coalesce(description, b.description),
        price_per_month = coalesce(price_per_month, b.price_per_month),
        category_id = coalesce(marketplace_private.category_named(category), b.category_id)
    WHERE b.id = bot_id;
END
$$;
COMMENT ON FUNCTION marketplace.update_bot(bigint, text, text, numeric) IS
'Changes what is said of a bot and what it costs, at once: for new subscriptions. NULL leaves what it is. For its '
'developer; its settings and files change by publish_version(). 22004 NULL bot, 22023 a bad value, or a secret, 25001 '
'not READ COMMITTED, 42704 no such bot or category, or of another developer, 55000 it is archived';
GRANT EXECUTE ON FUNCTION marketplace.update_bot(bigint, text, text, numeric) TO bourse_trader;
