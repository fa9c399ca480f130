-- Many messages in a call: what enqueue_message() looks at for each is looked at once for all.

CREATE FUNCTION messaging_private.require_messages(messages jsonb) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, messaging, pg_temp AS $$
DECLARE
    most CONSTANT integer := 10000;
    known CONSTANT text[] := ARRAY['message_type', 'channels', 'content', 'recipient_id', 'priority', 'template_name',
                                   'metadata', 'scheduled_for', 'max_retries', 'idempotency_key', 'expires_at',
                                   'delivery', 'digest_key'];
    unknown text;
BEGIN
    PERFORM bourse_private.require_given('messages', messages);
    IF jsonb_typeof(messages) <> 'array' OR jsonb_array_length(messages) > most
       OR jsonb_path_exists(messages, 'strict $[*] ? (@.type() <> "object")') THEN
        PERFORM bourse.refuse('22023', format('messages is no JSON array of up to %s objects', most),
            '[{"message_type": …, "channels": […], "content": {…}, …}, …] with the parameters of '
            'messaging.enqueue_message().');
    END IF;
    SELECT min(k) INTO unknown FROM jsonb_array_elements(messages) m CROSS JOIN jsonb_object_keys(m) k
    WHERE k <> ALL (known);
    IF unknown IS NOT NULL THEN
        PERFORM bourse.refuse('22023', format('a message has no %s', bourse_private.quoted(unknown)),
            format('It has %s.', array_to_string(known, ', ')));
    END IF;
END
$$;
COMMENT ON FUNCTION messaging_private.require_messages(jsonb) IS
'Refuses what is no list of messages: NULL (22004), no array of up to 10,000 objects, or one with another key (22023)';

CREATE FUNCTION messaging_private.insert_messages(messages jsonb, sender bigint) RETURNS TABLE (place bigint, id bigint)
LANGUAGE sql SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
    WITH asked AS MATERIALIZED (
        SELECT q.place, coalesce(q.recipient_id, sender::text) AS recipient_id, ROW(
            q.message_type, q.channels, q.content, coalesce(q.recipient_id, sender::text),
            coalesce(q.priority, 'NORMAL'), q.template_name, q.metadata, coalesce(q.scheduled_for, now()),
            coalesce(q.max_retries, 3), q.idempotency_key, q.expires_at, coalesce(q.delivery, 'all'),
            q.digest_key)::messaging.new_message AS m
        FROM ROWS FROM (jsonb_populate_recordset(NULL::messaging.new_message, messages)) WITH ORDINALITY
            q (message_type, channels, content, recipient_id, priority, template_name, metadata, scheduled_for,
               max_retries, idempotency_key, expires_at, delivery, digest_key, place)
    ), recipients AS MATERIALIZED (
        SELECT r.recipient_id, messaging_private.user_of_recipient(r.recipient_id) AS user_id
        FROM (SELECT DISTINCT a.recipient_id FROM asked a) r
    ), checked AS MATERIALIZED (
        SELECT f.*, messaging_private.require_message(f.m) AS sound, nextval('messaging.messages_id_seq') AS id
        FROM (SELECT a.place, a.m, r.user_id FROM asked a
              -- No recipient_id is empty.
              JOIN recipients r ON coalesce(r.recipient_id, '') = coalesce(a.recipient_id, '') ORDER BY a.place) f
    ), made AS (
        INSERT INTO messaging.messages AS m (
            id, message_type, channels, content, recipient_id, user_id, sender_id, priority, template_name, metadata,
            scheduled_for, max_retries, idempotency_key, expires_at, delivery, digest_key)
        SELECT c.id, (c.m).message_type, (c.m).channels, (c.m).content, (c.m).recipient_id, c.user_id, sender,
               (c.m).priority, (c.m).template_name, (c.m).metadata, (c.m).scheduled_for, (c.m).max_retries,
               (c.m).idempotency_key, (c.m).expires_at, (c.m).delivery, (c.m).digest_key
        -- Two calls with the same keys wait for each other in one order.
        FROM checked c ORDER BY (c.m).idempotency_key, c.place
        ON CONFLICT DO NOTHING RETURNING m.id
    )
    SELECT c.place, m.id FROM checked c LEFT JOIN made m ON m.id = c.id
$$;
COMMENT ON FUNCTION messaging_private.insert_messages(jsonb, bigint) IS
'Makes messages without parts, or refuses all of them. Returns the ids by their places; NULL: its key is taken';

CREATE FUNCTION messaging_private.add_many_deliveries(message_ids bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    at timestamptz := clock_timestamp();
    wanted bigint[];
    due_channels text[];
BEGIN
    WITH parts AS MATERIALIZED (
        SELECT m.id, m.user_id, m.expires_at, c.channel, c.place, greatest(m.scheduled_for, at) AS due,
               messaging_private.priority_number(m.priority) AS priority,
               least(m.max_retries, c.most_retries) + 1 AS max_attempts
        FROM messaging.messages m
        CROSS JOIN LATERAL messaging_private.channels_of(m.channels, m.delivery, m.user_id, NULL) c
        WHERE m.id = ANY (message_ids)
    ), turns AS MATERIALIZED (
        SELECT d.*, messaging_private.turn(d.channel, d.user_id, d.priority, d.due) AS turn
        FROM (SELECT DISTINCT p.channel, p.user_id, p.priority, p.due FROM parts p) d
    ), added AS (
        INSERT INTO messaging.deliveries (message_id, channel, user_id, priority, claimable_at, max_attempts,
                                          expires_at)
        SELECT p.id, p.channel, p.user_id, p.priority,
               t.turn + (row_number() OVER (PARTITION BY p.channel, p.user_id, p.priority, p.due ORDER BY p.id) - 1)
                        * interval '1 microsecond',
               p.max_attempts, p.expires_at
        FROM parts p
        JOIN turns t ON t.channel = p.channel AND coalesce(t.user_id, 0) = coalesce(p.user_id, 0)
                    AND t.priority = p.priority AND t.due = p.due
        ORDER BY p.id, p.place
    )
    SELECT array_agg(DISTINCT p.id), array_agg(DISTINCT p.channel) FILTER (WHERE p.due <= at)
    INTO wanted, due_channels FROM parts p;
    PERFORM bourse_private.notify('messaging_messages', c) FROM unnest(due_channels) c;
    -- The users of the others take messages on none of their channels.
    PERFORM messaging_private.settle_message(i, NULL)
    FROM (SELECT unnest(message_ids) EXCEPT SELECT unnest(wanted)) u (i);
END
$$;
COMMENT ON FUNCTION messaging_private.add_many_deliveries(bigint[]) IS
'Adds the parts of new messages, each by itself, as add_deliveries() adds those of one, and ends those that have none';

CREATE FUNCTION messaging.enqueue_many(messages jsonb) RETURNS SETOF bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    -- Who acts for one user is he; the keys of the platform are its own.
    sender bigint := CASE WHEN NOT identity.acts_for_all() THEN identity.current_user_id() END;
    asked messaging.new_message;
    ids bigint[];
    together bigint[];
    place bigint;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM messaging_private.require_messages(messages);
    SELECT array_agg(i.id ORDER BY i.place) INTO ids FROM messaging_private.insert_messages(messages, sender) i;
    SELECT array_agg(m.id ORDER BY m.id) INTO together FROM messaging.messages m
    WHERE m.id = ANY (ids) AND m.digest_key IS NOT NULL AND m.sender_id IS NULL;
    IF together IS NOT NULL THEN
        PERFORM messaging_private.hold_digests(together);
    END IF;
    PERFORM messaging_private.add_many_deliveries(ARRAY(
        SELECT unnest(ids) EXCEPT SELECT unnest(together) EXCEPT SELECT NULL));
    PERFORM messaging_private.settle_message(i, NULL)
    FROM unnest(together) i WHERE NOT messaging_private.add_deliveries(i, NULL);
    -- A key that is taken: it is the same message, or refused.
    FOR place IN SELECT i.place FROM unnest(ids) WITH ORDINALITY i (id, place) WHERE i.id IS NULL ORDER BY i.place LOOP
        asked := jsonb_populate_record(NULL::messaging.new_message, messages -> (place - 1)::integer);
        ids[place] := messaging.enqueue_message(
            asked.message_type, asked.channels, asked.content, asked.recipient_id, asked.priority, asked.template_name,
            asked.metadata, asked.scheduled_for, asked.max_retries, asked.idempotency_key, asked.expires_at,
            asked.delivery, asked.digest_key);
    END LOOP;
    RETURN QUERY SELECT i.id FROM unnest(ids) WITH ORDINALITY i (id, place) ORDER BY i.place;
END
$$;
COMMENT ON FUNCTION messaging.enqueue_many(jsonb) IS
'Enqueues up to 10,000 messages: [{"message_type", "channels", "content", "recipient_id", "priority", '
'"template_name", "metadata", "scheduled_for", "max_retries", "idempotency_key", "expires_at", "delivery", '
'"digest_key"}, …], each with the defaults of enqueue_message(). Returns an id for each, in their order: of one whose '
'idempotency_key has been used for the same message, that one''s. SQLSTATEs as enqueue_message(), 22023 an unknown '
'key; a refused message refuses all';
GRANT EXECUTE ON FUNCTION messaging.enqueue_many(jsonb) TO bourse_trader, bourse_worker;
