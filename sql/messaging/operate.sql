-- What users and operators do with messages.

CREATE FUNCTION messaging_private.message_of(message_id bigint, OUT user_id bigint, OUT status text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
BEGIN
    SELECT m.user_id, m.status INTO user_id, status FROM messaging.messages m WHERE m.id = message_id;
    -- Who may not act for a user does not learn what messages there are.
    IF NOT FOUND OR NOT (user_id IS NULL AND identity.acts_for_all()
                         OR user_id IS NOT NULL AND identity.acts_for(user_id)) THEN
        PERFORM bourse.refuse('42704', format('message %s does not exist', coalesce(message_id::text, 'NULL')),
            'Look it up in messaging.messages: it shows those that you may change.');
    END IF;
END
$$;
COMMENT ON FUNCTION messaging_private.message_of(bigint) IS
'Whose a message is, and its status. Refuses one that is not there, or whose user the session does not act for (42704)';

CREATE FUNCTION messaging_private.end_parts(message_id bigint, outcome text, why text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    part record;
BEGIN
    FOR part IN SELECT d.* FROM messaging.deliveries d
                WHERE d.message_id = message_id AND d.status IN ('pending', 'running') ORDER BY d.id FOR UPDATE LOOP
        IF part.digest_key IS NOT NULL THEN
            PERFORM messaging_private.end_digest(part.id, outcome, why);
        END IF;
        IF outcome = 'delivered' THEN
            INSERT INTO messaging.delivery_status (message_id, channel, status, delivered_at, attempt, user_id)
            SELECT message_id, part.channel, 'DELIVERED', clock_timestamp(), coalesce(max(s.attempt), 0) + 1,
                   part.user_id
            FROM messaging.delivery_status s WHERE s.message_id = message_id AND s.channel = part.channel;
            DELETE FROM messaging.deliveries d WHERE d.id = part.id;
        ELSE
            -- The holder's next word is refused.
            UPDATE messaging.deliveries d
            SET status = outcome, claimable_at = NULL, finished_at = clock_timestamp(), last_error = why, lease = NULL,
                digest_id = NULL
            WHERE d.id = part.id;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION messaging_private.end_parts(bigint, text, text) IS
'Ends what of a message waits or is held: delivered, failed or cancelled. The caller holds the message';

CREATE FUNCTION messaging_private.put_back(message_id bigint, channel text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    message record;
    ids bigint[];
BEGIN
    SELECT m.* INTO message FROM messaging.messages m WHERE m.id = message_id;
    -- Of delivery first one channel at a time is tried, and then those behind it.
    IF message.expires_at <= clock_timestamp()
       OR message.delivery = 'first'
          AND EXISTS (SELECT FROM messaging.deliveries d
                      WHERE d.message_id = message_id AND d.status IN ('pending', 'running')) THEN
        RETURN false;
    END IF;
    SELECT array_agg(p.id ORDER BY p.place) INTO ids FROM (
        SELECT d.id, array_position(message.channels, d.channel) AS place FROM messaging.deliveries d
        WHERE d.message_id = message_id AND d.status IN ('failed', 'cancelled') AND coalesce(d.channel = channel, true)
        ORDER BY place LIMIT CASE message.delivery WHEN 'first' THEN 1 END) p;
    IF ids IS NULL THEN
        RETURN false;
    END IF;
    DELETE FROM messaging.deliveries d
    WHERE d.message_id = message_id AND message.delivery = 'first' AND d.status IN ('failed', 'cancelled')
      AND array_position(message.channels, d.channel)
          > (SELECT array_position(message.channels, o.channel) FROM messaging.deliveries o WHERE o.id = ids[1]);
    -- A digest takes nothing in any more: another may be open by now.
    UPDATE messaging.deliveries d
    SET attempts_before = d.attempts_before + d.attempt, digest_id = NULL,
        digest_bytes = CASE WHEN d.digest_key IS NOT NULL THEN greatest(d.digest_bytes, 1048576) END
    WHERE d.id = ANY (ids);
    PERFORM bourse_private.queue_retry('messaging.deliveries', ids);
    UPDATE messaging.messages m
    SET status = CASE m.status WHEN 'PROCESSING' THEN 'PROCESSING' ELSE 'PENDING' END, processed_at = NULL
    WHERE m.id = message_id;
    PERFORM bourse_private.notify('messaging_messages', d.channel) FROM messaging.deliveries d WHERE d.id = ANY (ids);
    RETURN true;
END
$$;
COMMENT ON FUNCTION messaging_private.put_back(bigint, text) IS
'Has what has failed of a message, on one channel or on all (NULL), wait again, with attempts as if it were new. The '
'caller holds the message. False: there is none, it has expired, or another channel of delivery first is being tried';

CREATE FUNCTION messaging.replay(channel text DEFAULT NULL, since timestamptz DEFAULT NULL,
                                 "limit" integer DEFAULT 1000) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    replayed bigint := 0;
    dead record;
BEGIN
    PERFORM bourse.require_installed();
    IF "limit" IS NULL OR "limit" NOT BETWEEN 1 AND 10000 THEN
        PERFORM bourse.refuse('22023', format('limit is %s', "limit"), 'Replay 1 to 10000 messages at a time.');
    END IF;
    FOR dead IN
        SELECT m.id FROM messaging.messages m
        WHERE m.id IN (SELECT l.message_id FROM messaging.dead_letters l
                       WHERE l.finished_at >= coalesce(since, '-infinity') AND coalesce(l.channel = channel, true)
                         AND (l.expires_at > clock_timestamp()) IS NOT FALSE
                       ORDER BY l.finished_at, l.id LIMIT "limit")
        ORDER BY m.id FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        replayed := replayed + messaging_private.put_back(dead.id, channel)::integer;
    END LOOP;
    RETURN replayed;
END
$$;
COMMENT ON FUNCTION messaging.replay(text, timestamptz, integer) IS
'Has messages with dead letters wait again, of one channel or of all, that have failed since then or at any time, the '
'oldest first: of delivery first from that channel on. Returns how many; what has expired, or somebody is at, stays. '
'22023 limit';
GRANT EXECUTE ON FUNCTION messaging.replay(text, timestamptz, integer) TO bourse_admin, bourse_worker;

CREATE FUNCTION messaging.update_message_status(message_id bigint, status text, error text DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    before text;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_operator();
    IF status IS NULL OR status NOT IN ('PENDING', 'DELIVERED', 'FAILED', 'CANCELLED') THEN
        PERFORM bourse.refuse('22023', format('status is %s', coalesce(bourse_private.quoted(status), 'NULL')),
            'Give PENDING, DELIVERED, FAILED or CANCELLED; PROCESSING is what messaging.claim() makes of it.');
    END IF;
    SELECT m.status INTO before FROM messaging.messages m WHERE m.id = message_id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN false;
    ELSIF status = 'PENDING' THEN
        IF before = 'DELIVERED' THEN
            PERFORM bourse.refuse('55000', format('message %s is DELIVERED', message_id),
                'messaging.enqueue_message() sends it again, as another.');
        END IF;
        UPDATE messaging.deliveries d
        SET status = 'pending', lease = NULL, claimable_at = clock_timestamp()
        WHERE d.message_id = message_id AND d.status = 'running';
        PERFORM messaging_private.put_back(message_id, NULL);
        PERFORM messaging_private.settle_message(message_id, left(error, 2000));
        RETURN true;
    END IF;
    PERFORM messaging_private.end_parts(
        message_id, CASE status WHEN 'DELIVERED' THEN 'delivered' WHEN 'FAILED' THEN 'failed' ELSE 'cancelled' END,
        left(error, 2000));
    -- What is said now is true of what has failed before: it is no dead letter any more.
    DELETE FROM messaging.deliveries d WHERE d.message_id = message_id AND status = 'DELIVERED';
    UPDATE messaging.deliveries d SET status = 'cancelled'
    WHERE d.message_id = message_id AND d.status = 'failed' AND status = 'CANCELLED';
    UPDATE messaging.messages m
    SET status = status, processed_at = coalesce(m.processed_at, clock_timestamp()), locked_by = NULL, locked_at = NULL,
        last_error = coalesce(left(error, 2000), m.last_error)
    WHERE m.id = message_id;
    RETURN true;
END
$$;
COMMENT ON FUNCTION messaging.update_message_status(bigint, text, text) IS
'Says what has become of a message, over what its parts say: DELIVERED, FAILED, CANCELLED end what waits or is held, '
'and a worker that holds it is refused (55000); PENDING puts back what is held or has failed. Returns false when '
'there is no such message. 22023 status, 42501 not an operator, 55000 it is DELIVERED';
GRANT EXECUTE ON FUNCTION messaging.update_message_status(bigint, text, text) TO bourse_admin, bourse_worker;

CREATE FUNCTION messaging_private.require_report(message_id bigint, channel text, status text,
                                                 response_time_ms integer, external_id text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    channels text[] := (SELECT m.channels FROM messaging.messages m WHERE m.id = message_id);
BEGIN
    IF status IS NULL OR status NOT IN ('PENDING', 'SENT', 'DELIVERED', 'FAILED', 'BOUNCED') THEN
        PERFORM bourse.refuse('22023', format('status is %s', coalesce(bourse_private.quoted(status), 'NULL')),
            'Give PENDING, SENT, DELIVERED, FAILED or BOUNCED.');
    ELSIF channel <> ALL (channels) THEN
        PERFORM bourse.refuse('22023', format('message %s does not go by channel %s', message_id,
                                              bourse_private.quoted(channel)),
            format('Name one of its channels: %s.', array_to_string(channels, ', ')));
    ELSIF response_time_ms < 0 THEN
        PERFORM bourse.refuse('22023', format('response_time_ms is %s', response_time_ms),
            'Give milliseconds from 0, or NULL.');
    ELSIF length(external_id) > 255 THEN
        PERFORM bourse.refuse('22023', format('external_id has %s characters', length(external_id)),
            'Give up to 255 characters.');
    END IF;
END
$$;
COMMENT ON FUNCTION messaging_private.require_report(bigint, text, text, integer, text) IS
'Refuses what no provider can report of a message: another status, channel, time or id (22023)';

CREATE FUNCTION messaging.find_message(channel text, external_id text) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_operator();
    PERFORM bourse_private.require_given('channel', channel), bourse_private.require_given('external_id', external_id);
    RETURN (SELECT s.message_id FROM messaging.delivery_status s
            WHERE s.external_id = external_id AND s.channel = channel ORDER BY s.id DESC LIMIT 1);
END
$$;
COMMENT ON FUNCTION messaging.find_message(text, text) IS
'The message that the provider of a channel knows by this id, which ack() was given: the last one. NULL: there is '
'none, or it has been archived. 22004 NULL, 42501 not an operator';
GRANT EXECUTE ON FUNCTION messaging.find_message(text, text) TO bourse_admin, bourse_worker;

CREATE FUNCTION messaging.record_delivery_status(
    message_id bigint, channel text, status text, response_time_ms integer DEFAULT NULL,
    error_message text DEFAULT NULL, external_id text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    last record;
    user_id bigint;
    id bigint;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_operator();
    PERFORM messaging_private.message_of(message_id), messaging_private.require_channel(channel);
    PERFORM FROM messaging.messages m WHERE m.id = message_id FOR NO KEY UPDATE;
    PERFORM messaging_private.require_report(message_id, channel, status, response_time_ms, external_id);
    error_message := left(error_message, 2000);
    SELECT s.id, s.status, s.attempt INTO last FROM messaging.delivery_status s
    WHERE s.message_id = message_id AND s.channel = channel ORDER BY s.attempt DESC LIMIT 1 FOR UPDATE;
    IF last.status IN ('PENDING', 'SENT', 'DELIVERED') THEN
        UPDATE messaging.delivery_status s
        SET status = status, response_time_ms = coalesce(response_time_ms, s.response_time_ms),
            error_message = coalesce(error_message, s.error_message),
            external_id = coalesce(external_id, s.external_id),
            delivered_at = CASE status WHEN 'DELIVERED' THEN coalesce(s.delivered_at, clock_timestamp())
                                       ELSE s.delivered_at END
        WHERE s.id = last.id;
        RETURN last.id;
    END IF;
    SELECT m.user_id INTO user_id FROM messaging.messages m WHERE m.id = message_id;
    INSERT INTO messaging.delivery_status AS s (message_id, channel, status, delivered_at, response_time_ms,
                                                error_message, external_id, attempt, user_id)
    VALUES (message_id, channel, status, CASE status WHEN 'DELIVERED' THEN clock_timestamp() END, response_time_ms,
            error_message, external_id, coalesce(last.attempt, 0) + 1, user_id)
    RETURNING s.id INTO id;
    -- A worker that holds it just now tells of the next one.
    UPDATE messaging.deliveries d SET attempts_before = d.attempts_before + 1
    WHERE d.message_id = message_id AND d.channel = channel;
    RETURN id;
END
$$;
COMMENT ON FUNCTION messaging.record_delivery_status(bigint, text, text, integer, text, text) IS
'Writes what the provider of a channel reports of the last attempt on it, as a webhook that tells of a bounce; after '
'one that has failed, or where there is none, as a further attempt. What the message is does not change. Returns the '
'id in delivery_status. 22004 NULL, 22023 out of bounds, 42501 not an operator, 42704 unknown message';
GRANT EXECUTE ON FUNCTION messaging.record_delivery_status(bigint, text, text, integer, text, text)
TO bourse_admin, bourse_worker;
