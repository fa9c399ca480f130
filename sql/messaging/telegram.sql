-- What the telegram bot keeps: the commands that people send, broadcasts, feedback, settings.

-- A code or a password that somebody types stands in the message, whatever it looks like; a number alone answers "send
-- me your code".
CREATE FUNCTION messaging_private.shown_message(command text, full_message text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, messaging, pg_temp SET standard_conforming_strings = on AS $$
    SELECT CASE WHEN full_message IS NULL THEN NULL
        WHEN (command || ' ' || full_message) COLLATE "C" ~* (
                 '(pass|pwd|\mpw|code|verif|login|key|secret|token|otp|pin\M|auth|[2m]fa|seed|mnemonic|phrase|confirm'
                 '|\mlink|unlock|credential|jwt|cvv|connect)')
             OR full_message ~ '^[[:space:]]*([0-9][[:space:]-]*){4,12}$|^/start[[:space:]]'
             OR bourse_private.secret_in(jsonb_build_object('message', full_message)) IS NOT NULL THEN '[redacted]'
        ELSE left(full_message, 4096) END
$$;
COMMENT ON FUNCTION messaging_private.shown_message(text, text) IS
'What may be kept of a message: nothing where it or its command is about a secret, or holds one';

CREATE FUNCTION messaging.log_command(telegram_user_id text, command text, full_message text DEFAULT NULL,
                                      success boolean DEFAULT true, response_time_ms integer DEFAULT NULL,
                                      error_message text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    owner record;
    written bigint;
BEGIN
    PERFORM identity_private.require_operator();
    PERFORM identity_private.require_text('telegram_user_id', telegram_user_id, 255),
            identity_private.require_text('command', command, 255),
            bourse_private.require_given('success', success);
    IF response_time_ms < 0 THEN
        PERFORM bourse.refuse('22023', format('response_time_ms is %s', response_time_ms),
            'Give milliseconds from 0, or NULL.');
    END IF;
    SELECT u.id, u.email INTO owner FROM identity.auth_identities i JOIN identity.users u ON u.id = i.user_id
    WHERE i.provider || '' = 'telegram' AND i.external_id || '' = telegram_user_id;
    INSERT INTO messaging.telegram_command_audits AS a (telegram_user_id, command, full_message, is_registered_user,
        user_email, success, error_message, response_time_ms, user_id)
    VALUES (telegram_user_id, split_part(btrim(command), ' ', 1),
            messaging_private.shown_message(command, full_message), owner.id IS NOT NULL, owner.email, success,
            messaging_private.shown_message(command, left(error_message, 2000)), response_time_ms, owner.id)
    RETURNING a.id INTO written;
    RETURN written;
END
$$;
COMMENT ON FUNCTION messaging.log_command(text, text, text, boolean, integer, text) IS
'Adds a row to telegram_command_audits and returns its id: what an account has sent to the bot, whether it worked, in '
'how many milliseconds. Whose account it is, and the email, are looked up. command: 1 to 255 characters, of which its '
'first word is kept; full_message: 4096 characters are kept, error_message 2000, and nothing of both where they or the '
'command are about a password, a code or the like. For gateways, workers and admins. 22004 NULL, 22023 a text that is '
'empty or too long, a negative time, 42501 a session that acts for one user';
GRANT EXECUTE ON FUNCTION messaging.log_command(text, text, text, boolean, integer, text)
    TO bourse_admin, bourse_gateway, bourse_worker;

CREATE FUNCTION messaging.log_broadcast(message text, sent_by text, success_count integer, total_count integer)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    written bigint;
BEGIN
    PERFORM identity_private.require_operator();
    PERFORM identity_private.require_text('message', message, 4096),
            identity_private.require_name('sent_by', sent_by, 255),
            bourse_private.require_given('success_count', success_count),
            bourse_private.require_given('total_count', total_count);
    IF success_count NOT BETWEEN 0 AND total_count THEN
        PERFORM bourse.refuse('22023', format('success_count is %s of %s', success_count, total_count),
            'Give how many it has reached, of how many, none of them below 0.');
    END IF;
    INSERT INTO messaging.telegram_broadcast_logs AS b (message, sent_by, success_count, total_count)
    VALUES (message, sent_by, success_count, total_count) RETURNING b.id INTO written;
    RETURN written;
END
$$;
COMMENT ON FUNCTION messaging.log_broadcast(text, text, integer, integer) IS
'Adds a row to telegram_broadcast_logs and returns its id: a message of up to 4096 characters has reached so many of '
'total_count accounts. For gateways, workers and admins. 22004 NULL, 22023 a text that is empty or too long, counts '
'that cannot be, 42501 a session that acts for one user';
GRANT EXECUTE ON FUNCTION messaging.log_broadcast(text, text, integer, integer)
    TO bourse_admin, bourse_gateway, bourse_worker;

CREATE FUNCTION messaging_private.fill_feedback() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp AS $$
BEGIN
    NEW.id := coalesce(NEW.id, nextval('messaging.telegram_feedbacks_id_seq'));
    NEW.user_id := coalesce(NEW.user_id, identity.current_user_id());
    NEW.created_at := identity_private.time_of_row(NEW.created_at);
    IF NEW.status IS NULL OR NOT identity.acts_for_all() THEN
        NEW.status := 'open';
    END IF;
    PERFORM bourse_private.require_line('type', NEW.type) WHERE btrim(NEW.type) <> '';
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION messaging_private.fill_feedback() IS
'Trigger: an explicit NULL in new feedback is the default of its column, as object-relational mappers mean it; what a '
'user says is open. Refuses a type that cannot be read (22023)';

CREATE FUNCTION messaging.add_feedback(user_id bigint, type text, message text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    written bigint;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_user(user_id);
    IF type IS NOT NULL THEN
        PERFORM identity_private.require_name('type', type, 50);
    END IF;
    PERFORM identity_private.require_text('message', message, 4096);
    INSERT INTO messaging.telegram_feedbacks AS f (user_id, type, message) VALUES (user_id, type, message)
    RETURNING f.id INTO written;
    RETURN written;
END
$$;
COMMENT ON FUNCTION messaging.add_feedback(bigint, text, text) IS
'Keeps what a user thinks, as open, and returns its id. type: up to 50 characters, like bug; message: up to 4096. '
'22004 NULL, 22023 a text that is empty or too long, 42501 not a user you act for, 42704 unknown user, 55000 the user '
'has been erased';
GRANT EXECUTE ON FUNCTION messaging.add_feedback(bigint, text, text) TO bourse_viewer, bourse_worker;

CREATE FUNCTION messaging.set_feedback_status(feedback_id bigint, status text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM identity_private.require_operator();
    PERFORM bourse_private.require_given('feedback_id', feedback_id), bourse_private.require_given('status', status);
    IF status NOT IN ('open', 'in_progress', 'resolved', 'closed') THEN
        PERFORM bourse.refuse('22023', format('%s is no status of feedback', bourse_private.quoted(status)),
            'A status is open, in_progress, resolved or closed.');
    END IF;
    UPDATE messaging.telegram_feedbacks f SET status = status WHERE f.id = feedback_id;
    IF NOT FOUND THEN
        PERFORM bourse.refuse('42704', format('feedback %s does not exist', feedback_id),
            'messaging.telegram_feedbacks lists it all.');
    END IF;
END
$$;
COMMENT ON FUNCTION messaging.set_feedback_status(bigint, text) IS
'Says what has become of feedback: open, in_progress, resolved, closed. For gateways, workers and admins. 22004 NULL, '
'22023 no status, 42501 a session that acts for one user, 42704 no such feedback';
GRANT EXECUTE ON FUNCTION messaging.set_feedback_status(bigint, text) TO bourse_admin, bourse_gateway, bourse_worker;

CREATE FUNCTION messaging_private.refuse_secret_setting() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('key', NEW.key);
    PERFORM bourse_private.require_line('key', NEW.key)
    WHERE btrim(NEW.key) <> '' AND NEW.key IS DISTINCT FROM OLD.key;
    IF bourse_private.secret_in(jsonb_build_object(NEW.key, NEW.value)) IS NOT NULL THEN
        -- The value may be one, and the key as well.
        PERFORM bourse.refuse('22023',
            CASE WHEN bourse_private.secret_in(jsonb_build_object('key', NEW.key)) IS NOT NULL
                 THEN 'a setting of the telegram bot has a secret'
                 ELSE format('setting %s of the telegram bot has a secret', bourse_private.quoted(NEW.key)) END,
            'Everybody reads settings: keep it in the environment of the bot or in the vault.');
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION messaging_private.refuse_secret_setting() IS
'Trigger: refuses a setting of the telegram bot in which there is a secret, and a new key that cannot be read (22023)';

CREATE FUNCTION messaging.set_setting(key text, value text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_name('key', key, 100);
    INSERT INTO messaging.telegram_settings AS s (key, value) VALUES (key, value)
    ON CONFLICT ON CONSTRAINT telegram_settings_pkey DO UPDATE SET value = excluded.value
    WHERE s.value IS DISTINCT FROM excluded.value;
END
$$;
COMMENT ON FUNCTION messaging.set_setting(text, text) IS
'Sets a setting of the telegram bot. key: 1 to 100 characters; value: up to 10000, or NULL. 22004 key is NULL, 22023 '
'a key that is empty or too long, a secret, 23514 another value that its column does not take';
GRANT EXECUTE ON FUNCTION messaging.set_setting(text, text) TO bourse_admin;

CREATE FUNCTION messaging.get_setting(key text) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('key', key);
    RETURN (SELECT s.value FROM messaging.telegram_settings s WHERE s.key = key);
END
$$;
COMMENT ON FUNCTION messaging.get_setting(text) IS
'A setting of the telegram bot; NULL: it is NULL, or not set. 22004 NULL';
GRANT EXECUTE ON FUNCTION messaging.get_setting(text) TO bourse_viewer, bourse_worker;

CREATE FUNCTION messaging.telegram_statistics(
    days integer DEFAULT 30, OUT commands bigint, OUT failed_commands bigint, OUT accounts bigint,
    OUT registered_users bigint, OUT avg_response_time_ms numeric, OUT top_commands jsonb, OUT broadcasts bigint,
    OUT reached bigint, OUT recipients bigint, OUT open_feedbacks bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp SET timezone = 'UTC' AS $$
#variable_conflict use_column
DECLARE
    since timestamptz;
    is_monitor boolean := identity_private.login_is('bourse_monitor') AND NOT identity_private.is_operator();
BEGIN
    PERFORM bourse.require_installed();
    IF NOT is_monitor THEN
        PERFORM identity_private.require_operator();
    END IF;
    PERFORM bourse_private.require_given('days', telegram_statistics.days);
    IF telegram_statistics.days NOT BETWEEN 1 AND 3650 THEN
        PERFORM bourse.refuse('22023', format('days is %s', telegram_statistics.days), 'Count 1 to 3650 days.');
    END IF;
    since := now() - make_interval(days => telegram_statistics.days);
    SELECT count(*), count(*) FILTER (WHERE NOT a.success), count(DISTINCT a.telegram_user_id),
           count(DISTINCT a.user_id), round(avg(a.response_time_ms), 1)
    INTO commands, failed_commands, accounts, registered_users, avg_response_time_ms
    FROM messaging.telegram_command_audits a WHERE a.created_at >= since;
    SELECT coalesce(jsonb_agg(jsonb_build_object('command', t.command, 'count', t.n)
                              ORDER BY t.n DESC, t.command COLLATE "C"), '[]')
    INTO top_commands
    FROM (SELECT a.command, count(*) AS n FROM messaging.telegram_command_audits a WHERE a.created_at >= since
            -- What is no command may be a name.
            AND (NOT is_monitor OR a.command ~ '^/[A-Za-z0-9_@]{1,64}$')
          GROUP BY a.command ORDER BY count(*) DESC, a.command COLLATE "C" LIMIT 10) t;
    SELECT count(*), coalesce(sum(b.success_count), 0), coalesce(sum(b.total_count), 0)
    INTO broadcasts, reached, recipients FROM messaging.telegram_broadcast_logs b WHERE b.created_at >= since;
    SELECT count(*) INTO open_feedbacks FROM messaging.telegram_feedbacks f WHERE f.status IN ('open', 'in_progress');
END
$$;
COMMENT ON FUNCTION messaging.telegram_statistics(integer) IS
'How the telegram bot was used in so many days: commands and how many of them failed, accounts and users who sent '
'them, the mean of response_time_ms (NULL: none was measured), the ten commands that were sent most, as {"command", '
'"count"}, broadcasts and how many of their recipients they have reached; feedback that is open or in progress, of any '
'time. Reads the commands of these days. For gateways, workers and admins, and for monitors, who are told only of '
'commands that begin with /. 22004 NULL, 22023 days out of bounds, 42501 a session that acts for one user';
GRANT EXECUTE ON FUNCTION messaging.telegram_statistics(integer)
TO bourse_admin, bourse_gateway, bourse_monitor, bourse_worker;

CREATE FUNCTION messaging_private.addresses_of(user_id bigint) RETURNS SETOF text
LANGUAGE sql STABLE SET search_path = pg_catalog, messaging, pg_temp AS $$
    SELECT identity.fold(u.email) FROM identity.users u WHERE u.id = addresses_of.user_id AND u.email IS NOT NULL
    UNION
    SELECT unnest(ARRAY[identity.fold(i.external_id), identity.fold(i.provider || ':' || i.external_id),
                        'chat:' || i.external_id])
    FROM identity.auth_identities i WHERE i.user_id = addresses_of.user_id
$$;
COMMENT ON FUNCTION messaging_private.addresses_of(bigint) IS
'By what messages may have gone to a user, in small letters, beside the id: the email; accounts elsewhere, by '
'themselves, as chat:… and as telegram:… or the like';

-- An account may have talked to the bot before it was linked, and messages may have gone to an address: the person
-- takes that along, too. Broadcasts name their sender in words.
CREATE FUNCTION messaging_private.before_erasure(user_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    -- Before their parts, and in the order of their ids: as whoever ends them takes them.
    PERFORM FROM messaging.messages m WHERE m.user_id = user_id ORDER BY m.id FOR UPDATE;
    UPDATE messaging.telegram_command_audits a SET user_id = user_id
    FROM identity.auth_identities i
    WHERE i.user_id = user_id AND i.provider = 'telegram' AND a.telegram_user_id || '' = i.external_id
      AND a.user_id IS NULL;
    UPDATE messaging.telegram_broadcast_logs b SET sent_by = 'erased user ' || user_id
    FROM identity.users u
    WHERE u.id = user_id AND ltrim(identity.fold(b.sent_by), '@')
          IN (identity.fold(u.name), identity.fold(u.email), identity.fold(u.username));
    DELETE FROM messaging.messages m
    WHERE m.user_id IS NULL AND identity.fold(m.recipient_id) IN (SELECT messaging_private.addresses_of(user_id));
    DELETE FROM messaging.messages_archive m
    WHERE m.user_id IS NULL AND identity.fold(m.recipient_id) IN (SELECT messaging_private.addresses_of(user_id));
    DELETE FROM messaging.rate_limits r
    WHERE identity.fold(r.user_id) IN (SELECT messaging_private.addresses_of(user_id));
    UPDATE messaging.system_health h SET error_message = NULL
    FROM messaging.delivery_status s
    WHERE s.user_id = user_id AND h.system = 'notification' AND h.component = s.channel
      AND h.error_message IN (s.error_message, messaging_private.without_addresses(s.error_message));
END
$$;
COMMENT ON FUNCTION messaging_private.before_erasure(bigint) IS
'What an account has sent to the bot before it was a user''s, and messages and buckets of addresses go with the user, '
'broadcasts forget the name, and channels what they have said of the user''s messages. Reads all messages to addresses';
