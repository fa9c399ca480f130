-- The order of versions, as semver.org has it.

CREATE FUNCTION marketplace_private.precedence_of(version text) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, marketplace, pg_temp AS $$
DECLARE
    plain text COLLATE "C" := split_part(version, '+', 1);
    core text COLLATE "C" := split_part(plain, '-', 1);
    pre text COLLATE "C" := substr(plain, length(core) + 2);
BEGIN
    -- Of two numbers the one of more digits is greater. A number comes before a word, an end before what goes on ("!"
    -- is less than all that a word may have), and a release after everything else ("~").
    RETURN (SELECT string_agg(lpad(length(n)::text, 2, '0') || n, '' ORDER BY place)
            FROM string_to_table(core, '.') WITH ORDINALITY c (n, place))
        || CASE pre WHEN '' THEN '~' ELSE (
               SELECT string_agg(CASE WHEN i ~ '^[0-9]+$' THEN '0' || lpad(length(i)::text, 2, '0') ELSE '1' END
                                 || i || '!', '' ORDER BY place)
               FROM string_to_table(pre, '.') WITH ORDINALITY p (i, place)) END;
END
$$;
COMMENT ON FUNCTION marketplace_private.precedence_of(text) IS
'A text that sorts by its bytes as semver.org orders versions: numbers by their value, 1.0.0-alpha before '
'1.0.0-alpha.1 before 1.0.0-beta before 1.0.0; what follows + says nothing. Of what is no version, nothing of use';

CREATE FUNCTION marketplace_private.require_version(version text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('version', version);
    IF length(version) > 50 OR version COLLATE "C" !~ ('^(0|[1-9][0-9]*)[.](0|[1-9][0-9]*)[.](0|[1-9][0-9]*)'
            || '(-(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)([.](0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?'
            || '([+][0-9A-Za-z-]+([.][0-9A-Za-z-]+)*)?$') THEN
        PERFORM bourse.refuse('22023', format('%s is no version', bourse_private.quoted(version)),
            'A version is as semver.org has it, up to 50 characters: 1.4.0, 2.0.0-rc.1.');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_version(text) IS
'Refuses what is no version as semver.org has it, or longer than 50 characters: NULL (22004), 22023';

CREATE FUNCTION marketplace.publish_version(
    bot_id bigint, version text, config_schema jsonb, default_config jsonb, changelog text DEFAULT NULL,
    code_path text DEFAULT NULL, model_path text DEFAULT NULL, model_metadata jsonb DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    bot record;
    published bigint;
BEGIN
    SELECT * INTO bot FROM marketplace_private.lock_bot(bot_id);
    PERFORM marketplace_private.require_developer(bot.developer_id),
            marketplace_private.require_version(version),
            marketplace_private.require_files(code_path, model_path, model_metadata);
    PERFORM marketplace_private.require_words('changelog', changelog, 10000) WHERE changelog IS NOT NULL;
    PERFORM marketplace_private.require_settings(config_schema, default_config);
    IF bot.status = 'ARCHIVED' THEN
        PERFORM marketplace_private.refuse_bot_step(bot_id, bot.status, 'publish a version');
    END IF;
    PERFORM marketplace_private.require_room_for_version(bot_id);
    INSERT INTO marketplace.bot_versions (bot_id, developer_id, version, config_schema, default_config, changelog,
                                          code_path, model_path, model_metadata)
    VALUES (bot_id, bot.developer_id, version, config_schema, default_config, changelog, code_path, model_path,
            model_metadata)
    -- By number and by precedence there is one; ids are drawn.
    ON CONFLICT DO NOTHING RETURNING id INTO published;
    IF published IS NULL THEN
        PERFORM bourse.refuse('23505', format('bot %s has a version %s', bot_id, bourse_private.quoted(version)),
            'A version does not change: publish another number. What follows + makes no difference.');
    END IF;
    -- Of a bot that was never approved its row tells of the version that was published last.
    IF bot.status <> 'APPROVED' THEN
        UPDATE marketplace.bots b
        SET status = 'PENDING', version = version, config_schema = config_schema, default_config = default_config,
            code_path = code_path, model_path = model_path, model_metadata = model_metadata
        WHERE b.id = bot_id;
    END IF;
    PERFORM marketplace_private.add_event(bot_id, 'publish', version, bot.status,
                                          CASE bot.status WHEN 'APPROVED' THEN 'APPROVED' ELSE 'PENDING' END);
    RETURN published;
END
$$;
COMMENT ON FUNCTION marketplace.publish_version(bigint, text, jsonb, jsonb, text, text, text, jsonb) IS
'Publishes a version of a bot, which nothing changes any more, and returns its id. It waits until an admin approves '
'it; until then new subscriptions get the one that was approved before. A bot that was rejected waits again. version: '
'as semver.org has it, a number that the bot has not had; the rest as submit_bot(); changelog: up to 10000 '
'characters. 22004 NULL, 22023 a bad value, or a secret, 23505 the bot has that version, or one of the same '
'precedence, 25001 not READ COMMITTED, 42501 no active developer, 42704 no such bot, or of another developer, 54000 '
'1,000 versions, or 20 that wait, 55000 it is archived';
GRANT EXECUTE ON FUNCTION marketplace.publish_version(bigint, text, jsonb, jsonb, text, text, text, jsonb)
    TO bourse_trader;

CREATE FUNCTION marketplace_private.require_room_for_version(bot_id bigint) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    had record;
BEGIN
    SELECT count(*) AS versions, count(*) FILTER (WHERE v.status = 'PENDING') AS waiting INTO had
    FROM marketplace.bot_versions v WHERE v.bot_id = bot_id;
    IF had.versions >= 1000 THEN
        PERFORM bourse.refuse('54000', format('bot %s has %s versions', bot_id, had.versions),
            'Submit it as another bot: marketplace.submit_bot().');
    ELSIF had.waiting >= 20 THEN
        PERFORM bourse.refuse('54000', format('%s versions of bot %s wait', had.waiting, bot_id),
            'Wait until an admin has decided about them.');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_room_for_version(bigint) IS
'Refuses a bot that has 1,000 versions, or 20 that wait (54000). The bot is locked';

CREATE FUNCTION marketplace_private.is_seen_whole(developer_id bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT identity.acts_for(developer_id) OR marketplace_private.is_admin()
$$;
COMMENT ON FUNCTION marketplace_private.is_seen_whole(bigint) IS
'Whether the session sees all of a bot of this developer: it acts for him, or is an admin''s';

CREATE FUNCTION marketplace.bot_versions(bot_id bigint)
RETURNS TABLE (version text, status text, is_current boolean, config_schema jsonb, default_config jsonb,
               changelog text, created_at timestamptz, decided_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 10 SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_column
DECLARE
    bot record;
BEGIN
    PERFORM bourse.require_installed();
    SELECT b.is_public, b.version, marketplace_private.is_seen_whole(b.developer_id) AS is_seen_whole INTO bot
    FROM marketplace.bots b WHERE b.id = bot_versions.bot_id;
    IF NOT FOUND OR NOT (bot.is_public OR bot.is_seen_whole) THEN
        PERFORM marketplace_private.refuse_unknown(bot_versions.bot_id);
    END IF;
    RETURN QUERY
    SELECT v.version::text, v.status, v.status = 'APPROVED' AND v.version = bot.version, v.config_schema,
           v.default_config, v.changelog, v.created_at, v.decided_at
    FROM marketplace.bot_versions v
    WHERE v.bot_id = bot_versions.bot_id AND (v.status = 'APPROVED' OR bot.is_seen_whole)
    ORDER BY v.precedence DESC;
END
$$;
COMMENT ON FUNCTION marketplace.bot_versions(bigint) IS
'The versions of a bot, the highest first; is_current: new subscriptions get it. Others than the developer and admins '
'are told of those that are approved. 22004 NULL, 42704 no such bot, or one that is not approved';
GRANT EXECUTE ON FUNCTION marketplace.bot_versions(bigint) TO bourse_viewer, bourse_worker;

CREATE FUNCTION marketplace.bot_files(bot_id bigint, version text DEFAULT NULL,
    OUT code_path text, OUT model_path text, OUT model_metadata jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM bourse.require_installed();
    SELECT v.code_path, v.model_path, v.model_metadata INTO code_path, model_path, model_metadata
    FROM marketplace.bots b
    JOIN marketplace.bot_versions v ON v.bot_id = b.id AND v.version = coalesce(bot_files.version, b.version)
    WHERE b.id = bot_files.bot_id
      -- Not a gateway that acts for everybody: it need not know.
      AND (b.developer_id = identity.current_user_id() OR marketplace_private.is_admin()
           OR identity_private.login_is('bourse_worker'));
    IF NOT FOUND THEN
        PERFORM bourse_private.require_given('bot_id', bot_files.bot_id);
        PERFORM bourse.refuse('42704',
            CASE WHEN bot_files.version IS NULL THEN format('bot %s does not exist', bot_files.bot_id)
                 ELSE format('bot %s has no version %s', bot_files.bot_id, bourse_private.quoted(bot_files.version))
            END,
            'marketplace.bot_versions() has the versions of your bots.');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace.bot_files(bigint, text) IS
'Where the code and the model of a version are kept, and what is said of the model; version NULL: the one that new '
'subscriptions get. For its developer, admins and workers. 22004 NULL bot, 42704 no such bot or version, or not yours';
GRANT EXECUTE ON FUNCTION marketplace.bot_files(bigint, text) TO bourse_trader, bourse_worker;
