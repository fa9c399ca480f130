-- A digest is a message of its own, with one part, which is due when the first message that went into it has waited as
-- long as its user wants. The parts of those messages wait, due never, until it has ended, and end as it does.

CREATE FUNCTION messaging_private.hold_digest(user_id bigint, channel text, digest_key text, waits boolean)
RETURNS boolean
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'messaging_hold_digest_wrapper';
COMMENT ON FUNCTION messaging_private.hold_digest(bigint, text, text, boolean) IS
'Holds the digests of a user, channel and key to the end of the transaction, and returns whether it does. waits: for '
'whoever holds them, unless the transaction holds some that come behind them: no two transactions wait for each other';

-- Two who begin a digest at once: one of them joins that of the other. In one order, and before any row is held.
CREATE FUNCTION messaging_private.hold_digests(message_ids bigint[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
BEGIN
    PERFORM messaging_private.hold_digest(w.user_id, w.channel, w.digest_key, true)
    FROM (SELECT DISTINCT p.user_id, p.channel, m.digest_key
          FROM messaging.messages m JOIN messaging.preferences p ON p.user_id = m.user_id
          WHERE m.id = ANY (message_ids) AND m.digest_key IS NOT NULL AND m.sender_id IS NULL AND p.digest IS NOT NULL
            AND p.channel = ANY (m.channels)
          ORDER BY p.user_id, p.channel, m.digest_key) w;
END
$$;
COMMENT ON FUNCTION messaging_private.hold_digests(bigint[]) IS
'Waits for whoever puts other messages into digests that these may go into, and holds them to the end of the '
'transaction; but for none that comes before one that this transaction holds: join_digest() goes without it then';

CREATE FUNCTION messaging_private.join_digest(message_id bigint, channel text, priority smallint, max_attempts integer)
RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    bytes integer;
    message record;
    wait interval;
    due timestamptz;
    digest bigint;
    digest_message bigint;
BEGIN
    SELECT m.* INTO message FROM messaging.messages m WHERE m.id = message_id;
    SELECT p.digest INTO wait FROM messaging.preferences p
    WHERE p.user_id = message.user_id AND p.channel = channel AND p.digest IS NOT NULL;
    -- What somebody sends himself goes by itself: his open transaction would hold the digest.
    IF wait IS NULL OR message.digest_key IS NULL OR message.priority = 'CRITICAL' OR message.sender_id IS NOT NULL
       OR message.scheduled_for > clock_timestamp() THEN
        RETURN false;
    END IF;
    IF NOT messaging_private.hold_digest(message.user_id, channel, message.digest_key, false) THEN
        RETURN false;
    END IF;
    -- As the unique index of open digests has it: whoever holds that one just now, there is no other.
    SELECT d.id INTO digest FROM messaging.deliveries d
    WHERE d.user_id = message.user_id AND d.channel = channel AND d.digest_key = message.digest_key
      AND d.status = 'pending' AND d.started_at IS NULL AND d.digest_count < 1000 AND d.digest_bytes < 1048576;
    IF FOUND THEN
        -- Nobody is waited for who is at it: a worker that claims it, a user who cancels it.
        SELECT d.claimable_at INTO due FROM messaging.deliveries d
        WHERE d.id = digest AND d.status = 'pending' AND d.started_at IS NULL FOR UPDATE SKIP LOCKED;
        IF NOT FOUND THEN
            RETURN false;
        END IF;
    END IF;
    -- A day is 24 hours, whatever the zone of the session.
    due := coalesce(due, clock_timestamp() + make_interval(secs => extract(epoch FROM wait)::float8));
    IF message.expires_at <= due THEN
        RETURN false;
    END IF;
    IF digest IS NULL THEN
        INSERT INTO messaging.messages AS m (message_type, priority, channels, recipient_id, user_id, sender_id,
                                             content, scheduled_for, max_retries, digest_key)
        VALUES ('digest', message.priority, ARRAY[channel], message.recipient_id, message.user_id, message.sender_id,
                jsonb_build_object('digest_key', message.digest_key), due, message.max_retries, message.digest_key)
        RETURNING m.id INTO digest_message;
        INSERT INTO messaging.deliveries AS d (message_id, channel, user_id, priority, claimable_at, max_attempts,
                                               digest_key, digest_count, digest_bytes)
        VALUES (digest_message, channel, message.user_id, priority, due, max_attempts,
                message.digest_key, 0, 0)
        RETURNING d.id INTO digest;
    END IF;
    INSERT INTO messaging.deliveries (message_id, channel, user_id, priority, claimable_at, max_attempts, digest_id,
                                      expires_at)
    VALUES (message_id, channel, message.user_id, priority, 'infinity', max_attempts, digest, message.expires_at);
    bytes := octet_length(message.content::text) + coalesce(octet_length(message.metadata::text), 0);
    UPDATE messaging.deliveries d
    SET digest_count = d.digest_count + 1, digest_bytes = d.digest_bytes + bytes,
        claimable_at = CASE WHEN d.digest_count + 1 < 1000 AND d.digest_bytes + bytes < 1048576
                            THEN d.claimable_at ELSE clock_timestamp() END
    WHERE d.id = digest;
    RETURN true;
END
$$;
COMMENT ON FUNCTION messaging_private.join_digest(bigint, text, smallint, integer) IS
'Puts a message into the open digest of its user, key and channel, or begins one; one that is full, with 1,000 '
'messages or 1 MiB, is due at once. False: the user wants none, the message has no key, is CRITICAL, sent by the user '
'himself, due later, or expires before, or somebody is at the digest, or at others of its key. The caller has called '
'hold_digests()';

CREATE FUNCTION messaging_private.digest_content(delivery_id bigint) RETURNS jsonb
LANGUAGE sql STABLE SET search_path = pg_catalog, messaging, pg_temp AS $$
    SELECT jsonb_build_object('digest_key', d.digest_key, 'messages', i.messages)
    FROM messaging.deliveries d CROSS JOIN LATERAL (
        SELECT jsonb_agg(jsonb_build_object('id', m.id, 'message_type', m.message_type, 'template_name',
                             m.template_name, 'content', m.content, 'metadata', m.metadata, 'created_at', m.created_at)
                         ORDER BY m.id) AS messages
        FROM messaging.deliveries i JOIN messaging.messages m ON m.id = i.message_id
        WHERE i.digest_id = d.id AND i.status = 'pending' AND (i.expires_at > d.started_at) IS NOT FALSE) i
    WHERE d.id = delivery_id AND i.messages IS NOT NULL
$$;
COMMENT ON FUNCTION messaging_private.digest_content(bigint) IS
'What a digest has together, for the worker that has claimed it, but what had expired by then; no row: nothing is left';

CREATE FUNCTION messaging_private.drop_digest(message_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
BEGIN
    PERFORM FROM messaging.messages m WHERE m.id = message_id FOR NO KEY UPDATE;
    PERFORM messaging_private.end_parts(message_id, 'cancelled', 'all that it had together was cancelled');
    PERFORM messaging_private.settle_message(message_id, 'all that it had together was cancelled');
END
$$;
COMMENT ON FUNCTION messaging_private.drop_digest(bigint) IS 'Cancels a digest that has nothing together any more';

CREATE FUNCTION messaging_private.end_digest(delivery_id bigint, outcome text, why text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    at timestamptz := clock_timestamp();
    claimed_at timestamptz := (SELECT d.started_at FROM messaging.deliveries d WHERE d.id = delivery_id);
    part record;
    number integer;
BEGIN
    -- Whoever holds several messages has taken them in the order of their ids.
    PERFORM FROM messaging.messages m
    WHERE m.id IN (SELECT d.message_id FROM messaging.deliveries d WHERE d.digest_id = delivery_id)
    ORDER BY m.id FOR NO KEY UPDATE;
    FOR part IN SELECT d.* FROM messaging.deliveries d
                WHERE d.digest_id = delivery_id AND d.status = 'pending' ORDER BY d.message_id LOOP
        -- The worker was not told of it.
        IF part.expires_at <= claimed_at THEN
            PERFORM messaging_private.end_expired_part(part.id);
            CONTINUE;
        END IF;
        -- A provider may have reported on it before.
        number := 1 + greatest(part.attempts_before, (SELECT max(s.attempt) FROM messaging.delivery_status s
                                                      WHERE s.message_id = part.message_id
                                                        AND s.channel = part.channel));
        INSERT INTO messaging.delivery_status AS s (message_id, channel, status, delivered_at, error_message,
                                                    external_id, attempt, user_id, created_at)
        SELECT part.message_id, part.channel, CASE outcome WHEN 'delivered' THEN 'DELIVERED' ELSE 'FAILED' END,
               CASE outcome WHEN 'delivered' THEN at END, why, NULL, number, part.user_id, at
        WHERE outcome <> 'cancelled';
        IF outcome = 'delivered' THEN
            DELETE FROM messaging.deliveries d WHERE d.id = part.id;
            PERFORM messaging_private.settle_message(part.message_id, NULL);
        ELSE
            UPDATE messaging.deliveries d
            SET status = outcome, claimable_at = NULL, finished_at = at, last_error = why, digest_id = NULL,
                attempts_before = number - 1, attempt = CASE outcome WHEN 'failed' THEN 1 ELSE 0 END
            WHERE d.id = part.id;
            PERFORM messaging_private.after_failure(part.message_id, part.id, outcome);
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION messaging_private.end_digest(bigint, text, text) IS
'Has the messages of a digest end as it does: delivered, failed or cancelled; what had expired when it was claimed was '
'not in it, and is cancelled';

-- Called for what a claim hands out: an error here would be one of everybody who claims on the channel.
CREATE FUNCTION messaging_private.open_digest(delivery_id bigint) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    message_id bigint := (SELECT d.message_id FROM messaging.deliveries d WHERE d.id = delivery_id);
    content jsonb;
BEGIN
    PERFORM messaging_private.leave_digest(delivery_id);
    content := messaging_private.digest_content(delivery_id);
    IF content IS NULL THEN
        PERFORM messaging_private.drop_digest(message_id);
    END IF;
    PERFORM length(content::text);
    RETURN content;
EXCEPTION WHEN OTHERS THEN
    PERFORM bourse_private.raise_again(SQLSTATE, SQLERRM);
    UPDATE messaging.deliveries d
    SET status = 'failed', claimable_at = NULL, lease = NULL, finished_at = clock_timestamp(),
        last_error = left(format('cannot be handed out: %s (%s)', SQLERRM, SQLSTATE), 2000)
    WHERE d.id = delivery_id;
    PERFORM messaging_private.end_alone(message_id, delivery_id, 'failed');
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION messaging_private.open_digest(bigint) IS
'What a digest that has just been claimed has together; NULL: nothing any more, and it is cancelled, or it cannot be '
'told, and it has failed';
