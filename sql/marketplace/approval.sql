-- What admins decide about bots. Whoever has made a bot does not, admin or not.

CREATE FUNCTION marketplace_private.require_note(parameter text, note text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM marketplace_private.require_words(parameter, note, 2000) WHERE note IS NOT NULL;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_note(text, text) IS
'Refuses what is blank, longer than 2000 characters, has control characters or looks like a secret (22023); NULL '
'passes';

CREATE FUNCTION marketplace_private.lock_to_decide(bot_id bigint) RETURNS TABLE (developer_id bigint, status text)
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    IF NOT marketplace_private.is_admin() THEN
        PERFORM bourse.refuse('42501', 'no permission to decide about bots',
            'Connect as a member of bourse_admin, or act for a user whose role is admin.');
    END IF;
    SELECT b.developer_id, b.status INTO developer_id, status
    FROM marketplace_private.lock_bot(bot_id, for_anybody => true) b;
    IF developer_id = identity.current_user_id() THEN
        PERFORM bourse.refuse('42501', format('bot %s is your own', bot_id), 'Have another admin decide.');
    END IF;
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION marketplace_private.lock_to_decide(bigint) IS
'Locks a bot for an admin, until the transaction ends, and says how it is now. 22004 NULL, 25001 not READ COMMITTED, '
'42501 no admin, or the developer himself, 42704 no such bot';

CREATE FUNCTION marketplace_private.waiting_version(bot_id bigint, status text, version text) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    waiting text[] := ARRAY(SELECT v.version FROM marketplace.bot_versions v
                            WHERE v.bot_id = bot_id AND v.status = 'PENDING' ORDER BY v.precedence);
BEGIN
    IF status NOT IN ('PENDING', 'APPROVED') THEN
        PERFORM marketplace_private.refuse_bot_step(bot_id, status, 'be decided about');
    ELSIF version = ANY (waiting) OR version IS NULL AND cardinality(waiting) = 1 THEN
        RETURN coalesce(version, waiting[1]);
    ELSIF version IS NULL AND cardinality(waiting) > 1 THEN
        PERFORM bourse.refuse('55000', format('%s versions of bot %s wait', cardinality(waiting), bot_id),
            format('Name the one that you have looked at: %s.', array_to_string(waiting[1:20], ', ')));
    END IF;
    PERFORM bourse.refuse('55000',
        CASE WHEN version IS NULL THEN format('no version of bot %s waits', bot_id)
             ELSE format('version %s of bot %s does not wait', bourse_private.quoted(version), bot_id) END,
        'marketplace.bot_versions() has its versions; a decision is for good, publish_version() makes another.');
END
$$;
COMMENT ON FUNCTION marketplace_private.waiting_version(bigint, text, text) IS
'The version of a bot of this status that waits for a decision: the one that is named, or the only one. 55000 there '
'is none, or several and none is named';

CREATE FUNCTION marketplace_private.decide(bot_id bigint, version text, decision text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    UPDATE marketplace.bot_versions v SET status = decision, decided_at = clock_timestamp()
    WHERE v.bot_id = bot_id AND v.status = 'PENDING' AND v.version = coalesce(version, v.version);
END
$$;
COMMENT ON FUNCTION marketplace_private.decide(bigint, text, text) IS
'Writes the decision about a version of a bot that is locked, or about all that wait';

-- The highest release that was approved; a pre-release only as long as there is none.
CREATE FUNCTION marketplace_private.take_current_version(bot_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    UPDATE marketplace.bots b
    SET status = 'APPROVED', approved_by = identity.current_user_id(), approved_at = clock_timestamp(),
        version = v.version, config_schema = v.config_schema, default_config = v.default_config,
        code_path = v.code_path, model_path = v.model_path, model_metadata = v.model_metadata
    FROM (SELECT * FROM marketplace.bot_versions o WHERE o.bot_id = bot_id AND o.status = 'APPROVED'
          ORDER BY o.is_release DESC, o.precedence DESC LIMIT 1) v
    WHERE b.id = bot_id;
END
$$;
COMMENT ON FUNCTION marketplace_private.take_current_version(bigint) IS
'Has a bot that is locked be approved, and its new subscriptions get the version that is now the highest approved one';

CREATE FUNCTION marketplace.approve_bot(bot_id bigint, note text DEFAULT NULL, version text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    bot record;
    approved text;
BEGIN
    SELECT * INTO bot FROM marketplace_private.lock_to_decide(bot_id);
    PERFORM marketplace_private.require_note('note', note);
    approved := marketplace_private.waiting_version(bot_id, bot.status, version);
    PERFORM marketplace_private.decide(bot_id, approved, 'APPROVED'),
            marketplace_private.take_current_version(bot_id),
            marketplace_private.add_event(bot_id, 'approve', approved, bot.status, 'APPROVED', note);
    RETURN approved;
END
$$;
COMMENT ON FUNCTION marketplace.approve_bot(bigint, text, text) IS
'Approves a version of a bot, and with its first one the bot: from now on everybody sees it. Returns the version. New '
'subscriptions get the highest approved one. version: the one that waits; NULL: the only one that does, so that '
'nothing is approved that came while somebody looked. note: up to 2000 characters, which the developer reads. For '
'admins, not for their own bots. 22004 NULL bot, 22023 note, 25001 not READ COMMITTED, 42501 no admin, or his own '
'bot, 42704 no such bot, 55000 no such version waits, or several do and none is named, the bot is rejected or '
'archived';

CREATE FUNCTION marketplace.reject_bot(bot_id bigint, reason text, version text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    bot record;
    new_status text;
BEGIN
    SELECT * INTO bot FROM marketplace_private.lock_to_decide(bot_id);
    PERFORM bourse_private.require_given('reason', reason, 'The developer has to know what to mend.'),
            marketplace_private.require_note('reason', reason);
    IF version IS NOT NULL OR bot.status NOT IN ('PENDING', 'APPROVED') OR NOT EXISTS (
           SELECT FROM marketplace.bot_versions v WHERE v.bot_id = bot_id AND v.status = 'PENDING') THEN
        PERFORM marketplace_private.waiting_version(bot_id, bot.status, version);
    END IF;
    PERFORM marketplace_private.decide(bot_id, version, 'REJECTED');
    new_status := CASE WHEN bot.status = 'PENDING' AND NOT EXISTS (
                           SELECT FROM marketplace.bot_versions v WHERE v.bot_id = bot_id AND v.status = 'PENDING')
                       THEN 'REJECTED' ELSE bot.status END;
    UPDATE marketplace.bots b SET status = new_status WHERE b.id = bot_id AND b.status <> new_status;
    PERFORM marketplace_private.add_event(bot_id, 'reject', version, bot.status, new_status, reason);
    RETURN new_status;
END
$$;
COMMENT ON FUNCTION marketplace.reject_bot(bigint, text, text) IS
'Rejects the version that is named, or all that wait, and a bot of which none waits any more and none was approved. '
'Returns the status of the bot. reason: 1 to 2000 characters, which the developer reads. He may publish another '
'version. For admins, not for their own bots. SQLSTATEs as approve_bot()';
GRANT EXECUTE ON FUNCTION marketplace.approve_bot(bigint, text, text), marketplace.reject_bot(bigint, text, text)
    TO bourse_admin, bourse_gateway;

CREATE FUNCTION marketplace.archive_bot(bot_id bigint, reason text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    bot record;
BEGIN
    PERFORM bourse.require_installed();
    SELECT * INTO bot FROM marketplace_private.lock_bot(bot_id, for_anybody => marketplace_private.is_admin());
    PERFORM marketplace_private.require_note('reason', reason);
    IF bot.status = 'ARCHIVED' THEN
        PERFORM marketplace_private.refuse_bot_step(bot_id, bot.status, 'be archived');
    END IF;
    PERFORM marketplace_private.decide(bot_id, NULL, 'REJECTED');
    UPDATE marketplace.bots b SET status = 'ARCHIVED' WHERE b.id = bot_id;
    PERFORM marketplace_private.add_event(bot_id, 'archive', NULL, bot.status, 'ARCHIVED', reason);
    RETURN 'ARCHIVED';
END
$$;
COMMENT ON FUNCTION marketplace.archive_bot(bigint, text) IS
'Takes a bot out of the catalogue for good; who has subscribed to it keeps it for as long as was paid. Versions that '
'wait are rejected. Returns its status. reason: up to 2000 characters. For its developer and for admins. 22004 NULL '
'bot, 22023 reason, 25001 not READ COMMITTED, 42704 no such bot, or of another developer, 55000 it is archived';
GRANT EXECUTE ON FUNCTION marketplace.archive_bot(bigint, text) TO bourse_trader;

CREATE FUNCTION marketplace.bot_approval_events(bot_id bigint, "limit" integer DEFAULT 100, before bigint DEFAULT NULL)
RETURNS TABLE (id bigint, at timestamptz, event text, version text, old_status text, new_status text, actor text,
               actor_id bigint, reason text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_column
DECLARE
    developer bigint;
BEGIN
    PERFORM bourse.require_installed();
    SELECT b.developer_id INTO developer FROM marketplace.bots b
    WHERE b.id = bot_approval_events.bot_id AND (identity.acts_for(b.developer_id) OR marketplace_private.is_admin());
    IF NOT FOUND THEN
        PERFORM marketplace_private.refuse_unknown(bot_approval_events.bot_id);
    END IF;
    PERFORM bourse_private.require_page('events', "limit");
    RETURN QUERY
    SELECT e.id, e.at, e.event, e.version::text, e.old_status, e.new_status, e.actor::text, e.actor_id, e.reason
    FROM marketplace.bot_approval_events e
    WHERE e.developer_id = developer AND e.bot_id = bot_approval_events.bot_id
      AND e.id < coalesce(before, 9223372036854775807)
    ORDER BY e.id DESC LIMIT "limit";
END
$$;
COMMENT ON FUNCTION marketplace.bot_approval_events(bigint, integer, bigint) IS
'What has been decided about a bot, the latest first: when, the step, the version, from which status to which, the '
'login and the user who did it, why. With before those with a smaller id: give the last one to go on. For its '
'developer and for admins. 22004 NULL bot, 22023 limit not 1 to 10000, 42704 no such bot, or of another developer';
GRANT EXECUTE ON FUNCTION marketplace.bot_approval_events(bigint, integer, bigint) TO bourse_viewer, bourse_worker;
