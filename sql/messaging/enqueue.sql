CREATE TYPE messaging.new_message AS (
    message_type    text,
    channels        text[],
    content         jsonb,
    recipient_id    text,
    priority        text,
    template_name   text,
    metadata        jsonb,
    scheduled_for   timestamptz,
    max_retries     integer,
    idempotency_key text,
    expires_at      timestamptz,
    delivery        text,
    digest_key      text
);
COMMENT ON TYPE messaging.new_message IS 'A message as it is asked for: what enqueue_message() is given';

CREATE FUNCTION messaging_private.turn(channel text, user_id bigint, priority smallint, due timestamptz)
RETURNS timestamptz
LANGUAGE c AS 'MODULE_PATHNAME', 'messaging_turn_wrapper';
COMMENT ON FUNCTION messaging_private.turn(text, bigint, smallint, timestamptz) IS
'Where a delivery to a user that is due at this time stands in the queue of a channel: its claimable_at. Whoever has '
'many waiting keeps nobody from his first';

CREATE FUNCTION messaging_private.require_channel(channel text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, messaging, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('channel', channel);
    IF channel !~ '^[a-z][a-z0-9_]{0,49}$' THEN
        PERFORM bourse.refuse('22023', format('channel is %s', bourse_private.quoted(channel)),
            'Up to 50 small letters, digits and underscores, the first a letter.');
    END IF;
END
$$;
COMMENT ON FUNCTION messaging_private.require_channel(text) IS
'Refuses what is no name of a channel: NULL (22004), other characters (22023)';

-- Recipients take turns within a priority: one who could put himself before the others would take theirs. A channel is
-- a lane of the queue, and every look at the queue goes through all of them.
CREATE FUNCTION messaging_private.require_for_users(message messaging.new_message) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, messaging, pg_temp AS $$
DECLARE
    unknown text := (SELECT min(c) FROM unnest(message.channels) c
                     WHERE NOT EXISTS (SELECT FROM messaging.channel_configs k WHERE k.channel = c));
BEGIN
    IF unknown IS NOT NULL THEN
        PERFORM bourse.refuse('42704', format('channel %s does not exist', bourse_private.quoted(unknown)),
            'messaging.channel_configs lists those that users may name; an admin adds one there.');
    ELSIF message.priority NOT IN ('LOW', 'NORMAL') THEN
        PERFORM bourse.refuse('42501', format('priority %s is not for users', message.priority),
            'Give LOW or NORMAL. Who acts for everybody may give HIGH and CRITICAL.');
    END IF;
END
$$;
COMMENT ON FUNCTION messaging_private.require_for_users(messaging.new_message) IS
'Refuses of whoever acts for one user only a channel without a row in channel_configs (42704), and a priority before '
'NORMAL (42501)';

-- A message as it is inserted, or refused.
CREATE FUNCTION messaging_private.require_message(message messaging.new_message) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, messaging, pg_temp AS $$
DECLARE
    content_bytes integer := octet_length(message.content::text);
    metadata_bytes integer := octet_length(message.metadata::text);
    problem text;
    hint text;
BEGIN
    IF message.message_type IS NULL OR message.channels IS NULL OR message.content IS NULL THEN
        PERFORM bourse_private.require_given('message_type', message.message_type),
                bourse_private.require_given('channels', message.channels),
                bourse_private.require_given('content', message.content);
    ELSIF message.message_type !~ '^[a-z][a-z0-9_.]{0,49}$' THEN
        problem := format('message_type is %s', bourse_private.quoted(message.message_type));
        hint := 'Up to 50 small letters, digits, underscores and dots, the first a letter.';
    ELSIF message.message_type = 'digest' THEN
        problem := 'message_type digest is the platform''s own';
        hint := 'A sender tells by it that there are several messages in one: give another.';
    -- Their places are counted from 1.
    ELSIF cardinality(message.channels) NOT BETWEEN 1 AND 10
          OR array_dims(message.channels) <> format('[1:%s]', cardinality(message.channels))
          OR (SELECT count(DISTINCT c) <> count(*) FROM unnest(message.channels) c) THEN
        problem := format('channels are %s', bourse_private.quoted(message.channels::text));
        hint := 'Name 1 to 10 channels, each once.';
    ELSIF message.priority NOT IN ('LOW', 'NORMAL', 'HIGH', 'CRITICAL') THEN
        problem := format('priority is %s', bourse_private.quoted(message.priority));
        hint := 'Give LOW, NORMAL, HIGH or CRITICAL.';
    ELSIF message.delivery NOT IN ('all', 'first') THEN
        problem := format('delivery is %s', bourse_private.quoted(message.delivery));
        hint := 'Give all, or first: the channels are tried one after the other until one takes it.';
    ELSIF jsonb_typeof(message.content) <> 'object' OR content_bytes > 262144
          OR jsonb_typeof(message.metadata) <> 'object' OR metadata_bytes > 65536 THEN
        problem := format('content is a JSON %s of %s bytes, metadata %s of %s', jsonb_typeof(message.content),
            content_bytes, coalesce(jsonb_typeof(message.metadata), 'NULL'), coalesce(metadata_bytes, 0));
        hint := 'Give JSON objects, content of up to 262144 bytes, metadata of up to 65536.';
    ELSIF length(message.recipient_id) NOT BETWEEN 1 AND 100 OR message.recipient_id = '*'
          OR message.recipient_id <> btrim(message.recipient_id) THEN
        problem := format('recipient_id is %s', bourse_private.quoted(message.recipient_id));
        hint := 'Give the id of a user, or an address of up to 100 characters with something else than digits in it, '
                'without blanks around it.';
    ELSIF length(message.template_name) NOT BETWEEN 1 AND 100 OR length(message.digest_key) NOT BETWEEN 1 AND 100
          OR length(message.idempotency_key) NOT BETWEEN 1 AND 200 THEN
        problem := 'a name or key has no characters, or too many';
        hint := 'template_name and digest_key have 1 to 100 characters, idempotency_key 1 to 200; or give NULL.';
    ELSIF message.max_retries NOT BETWEEN 0 AND 99 THEN
        problem := format('max_retries is %s', message.max_retries);
        hint := 'Give 0 to 99.';
    ELSIF message.scheduled_for NOT BETWEEN '1970-01-01 00:00:00+00' AND '9999-12-31 23:59:59.999999+00'
          OR message.expires_at > '9999-12-31 23:59:59.999999+00' OR message.expires_at <= message.scheduled_for THEN
        problem := format('scheduled_for is %s, expires_at %s', message.scheduled_for,
                          coalesce(message.expires_at::text, 'NULL'));
        hint := 'Give times from 1970 to the end of the year 9999, in UTC; a message expires after it is due, or never '
                '(NULL).';
    END IF;
    IF problem IS NOT NULL THEN
        PERFORM bourse.refuse('22023', problem, hint);
    END IF;
    IF message.template_name IS NOT NULL OR message.digest_key IS NOT NULL THEN
        PERFORM bourse_private.require_line('template_name', message.template_name),
                bourse_private.require_line('digest_key', message.digest_key);
    END IF;
    PERFORM messaging_private.require_channel(c) FROM unnest(message.channels) c;
    -- What is shorter has no room for 64 levels, nor for a number that no double holds.
    IF content_bytes >= 128 OR metadata_bytes >= 128 THEN
        PERFORM bourse_private.require_shallow('content', message.content),
                bourse_private.require_shallow('metadata', message.metadata);
        PERFORM bourse_private.require_plain_numbers('content', message.content),
                bourse_private.require_plain_numbers('metadata', message.metadata);
    END IF;
    IF NOT identity.acts_for_all() THEN
        PERFORM messaging_private.require_for_users(message);
    END IF;
END
$$;
COMMENT ON FUNCTION messaging_private.require_message(messaging.new_message) IS
'Refuses a message that lacks what it needs, or has a channel that is NULL (22004), or is out of bounds (22023); what '
'is not for users: a channel without a row (42704), a priority (42501)';

-- To whom: a number is a user, whoever else may be numbered.
CREATE FUNCTION messaging_private.user_of_recipient(recipient_id text) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, messaging, pg_temp AS $$
DECLARE
    for_all boolean := identity.acts_for_all();
    named bigint;
BEGIN
    IF recipient_id ~ '^[0-9]+$' THEN
        -- No number is written in two ways: preferences and buckets go by it. What users there are, only who acts for
        -- everybody learns.
        IF length(recipient_id) > 18 OR recipient_id <> recipient_id::bigint::text
           OR for_all AND NOT EXISTS (SELECT FROM identity.users u WHERE u.id = recipient_id::bigint) THEN
            PERFORM bourse.refuse('42704', format('user %s does not exist', bourse_private.quoted(recipient_id)),
                'A recipient_id of digits is the id of a user; write other numbers as chat:123 or the like.');
        END IF;
        named := recipient_id::bigint;
        IF NOT for_all THEN
            PERFORM identity_private.require_user(named);
        END IF;
        RETURN named;
    END IF;
    -- Who acts for one user only sends to him, and a gateway that has not said for whom it acts to nobody.
    IF NOT for_all THEN
        PERFORM bourse.refuse('42501', format('recipient_id %s is not for users',
                                              coalesce(bourse_private.quoted(recipient_id), 'NULL')),
            'Give the id of the user for whom you act: identity.act_as(). Addresses are for who acts for everybody.');
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION messaging_private.user_of_recipient(text) IS
'The user whom a recipient_id names; NULL: it is an address. Refuses a user who is not there (42704), or whom the '
'session does not act for, and, of whoever acts for one user only, all addresses (42501)';

CREATE FUNCTION messaging_private.require_same(id bigint, asked jsonb, existing jsonb) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, messaging, pg_temp AS $$
DECLARE
    other text := (SELECT string_agg(name, ', ') FROM unnest(ARRAY[
        'message_type', 'channels', 'content', 'recipient_id', 'priority', 'template_name', 'metadata', 'max_retries',
        'delivery', 'digest_key']) name WHERE asked -> name IS DISTINCT FROM existing -> name);
BEGIN
    IF other IS NOT NULL THEN
        PERFORM bourse.refuse('23505',
            format('idempotency_key %s belongs to message %s, which has another %s',
                   bourse_private.quoted(asked ->> 'idempotency_key'), id, other),
            'Send a retry as it was, and anything else with a key of its own.');
    END IF;
END
$$;
COMMENT ON FUNCTION messaging_private.require_same(bigint, jsonb, jsonb) IS
'Refuses a message whose key another has already (23505); when it is due and when it expires may differ';

CREATE FUNCTION messaging.enqueue_message(
    message_type text, channels text[], content jsonb, recipient_id text DEFAULT NULL, priority text DEFAULT 'NORMAL',
    template_name text DEFAULT NULL, metadata jsonb DEFAULT NULL, scheduled_for timestamptz DEFAULT now(),
    max_retries integer DEFAULT 3, idempotency_key text DEFAULT NULL, expires_at timestamptz DEFAULT NULL,
    delivery text DEFAULT 'all', digest_key text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    -- Who acts for one user is he; the keys of the platform are its own.
    sender bigint := CASE WHEN NOT identity.acts_for_all() THEN identity.current_user_id() END;
    message messaging.new_message;
    existing record;
    user_id bigint;
    id bigint;
BEGIN
    PERFORM bourse.require_installed();
    -- Drivers and mappers pass every argument: NULL is the default.
    priority := coalesce(priority, 'NORMAL');
    delivery := coalesce(delivery, 'all');
    scheduled_for := coalesce(scheduled_for, now());
    max_retries := coalesce(max_retries, 3);
    recipient_id := coalesce(recipient_id, sender::text);
    user_id := messaging_private.user_of_recipient(recipient_id);
    message := ROW(message_type, channels, content, recipient_id, priority, template_name, metadata, scheduled_for,
                   max_retries, idempotency_key, expires_at, delivery, digest_key);
    PERFORM messaging_private.require_message(message);
    LOOP
        IF idempotency_key IS NOT NULL THEN
            SELECT m.* INTO existing FROM messaging.messages m
            WHERE m.idempotency_key || '' = idempotency_key AND coalesce(m.sender_id, 0) = coalesce(sender, 0);
            IF FOUND THEN
                PERFORM messaging_private.require_same(existing.id, to_jsonb(message), to_jsonb(existing));
                RETURN existing.id;
            END IF;
        END IF;
        INSERT INTO messaging.messages AS m (
            message_type, channels, content, recipient_id, user_id, sender_id, priority, template_name, metadata,
            scheduled_for, max_retries, idempotency_key, expires_at, delivery, digest_key)
        VALUES (message_type, channels, content, recipient_id, user_id, sender, priority, template_name, metadata,
                scheduled_for, max_retries, idempotency_key, expires_at, delivery, digest_key)
        ON CONFLICT DO NOTHING RETURNING m.id INTO id;
        -- Somebody has been faster.
        EXIT WHEN id IS NOT NULL;
    END LOOP;
    IF digest_key IS NOT NULL THEN
        PERFORM messaging_private.hold_digests(ARRAY[id]);
    END IF;
    IF NOT messaging_private.add_deliveries(id, NULL) THEN
        -- Its user takes messages on none of its channels.
        PERFORM messaging_private.settle_message(id, NULL);
    END IF;
    RETURN id;
END
$$;
COMMENT ON FUNCTION messaging.enqueue_message(
    text, text[], jsonb, text, text, text, jsonb, timestamptz, integer, text, timestamptz, text, text) IS
'Enqueues a message, due at scheduled_for. Returns its id. channels: by all of them, or (delivery first) by the first '
'that takes it. recipient_id: a number is the id of a user, anything else an address that the sender understands; by '
'default the session''s own user, or whoever the channel is for. content: the text, or what the sender renders '
'template_name with. max_retries: so often is it tried again on a channel. idempotency_key: the same message again is '
'not made again, and the id is that one''s. expires_at: from then on nobody gets it. digest_key: what it may be put '
'together with, where the user has asked for that. A channel that the user has switched off is left out. NOTIFY '
'messaging_messages tells workers. NULL is the default of an argument that has one. 22004 NULL, 22023 out of bounds, '
'23505 the key belongs to another message, 42501 not a user you act for, or (as HIGH and CRITICAL) not for who acts '
'for one user, 42704 unknown user, or a channel that users may not name';
GRANT EXECUTE ON FUNCTION messaging.enqueue_message(
    text, text[], jsonb, text, text, text, jsonb, timestamptz, integer, text, timestamptz, text, text)
TO bourse_trader, bourse_worker;
