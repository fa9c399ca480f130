-- A user who cancels and stays in his transaction holds up nobody who sends: he takes what nobody is at, or asks.

CREATE FUNCTION messaging_private.is_cancelled(message_id bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, messaging, pg_temp AS $$
    SELECT EXISTS (SELECT FROM messaging.cancel_requests r WHERE r.message_id = is_cancelled.message_id)
$$;
COMMENT ON FUNCTION messaging_private.is_cancelled(bigint) IS 'Whether the end of a message has been asked for';

CREATE FUNCTION messaging_private.cancel_waiting(message_id bigint) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    held integer;
BEGIN
    PERFORM FROM messaging.messages m WHERE m.id = message_id FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN false;
    END IF;
    -- A part in a digest is held with all others of it.
    SELECT count(*) INTO held FROM (
        SELECT FROM messaging.deliveries d
        WHERE d.message_id = message_id AND d.status = 'pending' AND d.digest_id IS NULL FOR UPDATE SKIP LOCKED) d;
    IF held <> (SELECT count(*) FROM messaging.deliveries d
                WHERE d.message_id = message_id AND d.status IN ('pending', 'running')) THEN
        -- Let go of what has been locked here: an error that is caught does.
        RAISE EXCEPTION USING ERRCODE = 'lock_not_available', MESSAGE = 'somebody is at the message';
    END IF;
    PERFORM messaging_private.end_parts(message_id, 'cancelled', 'cancelled');
    PERFORM messaging_private.settle_message(message_id, 'cancelled');
    RETURN true;
EXCEPTION WHEN lock_not_available THEN
    RETURN false;
END
$$;
COMMENT ON FUNCTION messaging_private.cancel_waiting(bigint) IS
'Cancels a message of which all parts wait, and holds it. False, with nothing held or changed: somebody is at it';

CREATE FUNCTION messaging.cancel(message_id bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    message record;
BEGIN
    PERFORM bourse.require_installed();
    message := messaging_private.message_of(message_id);
    IF message.status NOT IN ('PENDING', 'PROCESSING') THEN
        RETURN false;
    ELSIF NOT messaging_private.cancel_waiting(message_id) THEN
        INSERT INTO messaging.cancel_requests (message_id, user_id) VALUES (message_id, message.user_id)
        ON CONFLICT DO NOTHING;
    END IF;
    RETURN true;
END
$$;
COMMENT ON FUNCTION messaging.cancel(bigint) IS
'Cancels a message. While somebody is at a part of it, or it is in a digest, its end is asked for '
'(messaging.cancel_requests): what is being sent is delivered if it arrives, and nothing of it is tried or handed out '
'again. Nobody who sends waits for the transaction that calls this. Returns false when the message had ended. 42704 '
'unknown message, or one of somebody else';
GRANT EXECUTE ON FUNCTION messaging.cancel(bigint) TO bourse_trader, bourse_worker;

CREATE FUNCTION messaging.cancel_many(channel text DEFAULT NULL, message_type text DEFAULT NULL,
                                     user_id bigint DEFAULT NULL, since timestamptz DEFAULT NULL,
                                     "limit" integer DEFAULT 1000) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off
SET plan_cache_mode = force_custom_plan AS $$
#variable_conflict use_variable
DECLARE
    everybodys boolean := user_id IS NULL AND identity.acts_for_all();
    owner_id bigint := coalesce(user_id, identity.current_user_id());
BEGIN
    PERFORM bourse.require_installed();
    IF "limit" IS NULL OR "limit" NOT BETWEEN 1 AND 10000 THEN
        PERFORM bourse.refuse('22023', format('limit is %s', "limit"), 'Cancel 1 to 10000 messages at a time.');
    ELSIF everybodys AND channel IS NULL AND message_type IS NULL THEN
        PERFORM bourse.refuse('22004', 'channel, message_type and user_id are NULL',
            'Say whose messages, by which channel, or of which type: this session acts for everybody.');
    ELSIF NOT everybodys THEN
        PERFORM identity_private.require_user(owner_id);
    END IF;
    RETURN (SELECT count(*) FILTER (WHERE messaging_private.cancel_waiting(w.id)) FROM (
        SELECT DISTINCT m.id FROM messaging.deliveries d JOIN messaging.messages m ON m.id = d.message_id
        WHERE d.status = 'pending' AND d.digest_id IS NULL AND m.status = 'PENDING'
          AND (everybodys OR d.user_id = owner_id) AND (channel IS NULL OR d.channel = channel)
          AND (message_type IS NULL OR m.message_type = message_type) AND (since IS NULL OR m.created_at >= since)
        ORDER BY m.id LIMIT "limit") w);
END
$$;
COMMENT ON FUNCTION messaging.cancel_many(text, text, bigint, timestamptz, integer) IS
'Cancels messages that wait and that nobody is at, whole, the oldest first: of a user, by default the session''s own, '
'or of all where it acts for everybody; that have a channel, of one type, enqueued since then. Returns how many. What '
'is in a digest goes with the digest. 22004 nothing is named and it acts for everybody, 22023 limit, 42501 another '
'user, 42704 unknown user';
GRANT EXECUTE ON FUNCTION messaging.cancel_many(text, text, bigint, timestamptz, integer)
TO bourse_trader, bourse_worker;

CREATE FUNCTION messaging_private.end_cancelled(message_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    why text := (SELECT 'cancelled' FROM messaging.deliveries d
                 WHERE d.message_id = message_id AND d.status IN ('pending', 'running') LIMIT 1);
BEGIN
    PERFORM messaging_private.end_parts(message_id, 'cancelled', why);
    PERFORM messaging_private.settle_message(message_id, why);
END
$$;
COMMENT ON FUNCTION messaging_private.end_cancelled(bigint) IS
'Ends what is left of a message that is to be cancelled. The caller holds it';

-- A part that nobody claims, because nobody claims from its channel, ends here.
CREATE FUNCTION messaging_private.end_requested(most integer) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
DECLARE
    cancelled record;
BEGIN
    FOR cancelled IN
        SELECT m.id, m.processed_at FROM messaging.messages m
        WHERE m.id IN (SELECT r.message_id FROM messaging.cancel_requests r
                       WHERE NOT EXISTS (SELECT FROM messaging.deliveries d WHERE d.message_id = r.message_id
                                           AND (d.status = 'running' OR d.digest_id IS NOT NULL))
                       ORDER BY r.message_id LIMIT most)
        ORDER BY m.id FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        IF cancelled.processed_at IS NULL THEN
            PERFORM messaging_private.cancel_waiting(cancelled.id);
        ELSE
            DELETE FROM messaging.cancel_requests r WHERE r.message_id = cancelled.id;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION messaging_private.end_requested(integer) IS
'Cancels up to so many messages whose end was asked for, and that nobody is at any more';

CREATE FUNCTION messaging_private.leave_digest(delivery_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    cancelled record;
BEGIN
    FOR cancelled IN
        SELECT m.id FROM messaging.messages m
        WHERE m.id IN (SELECT d.message_id FROM messaging.deliveries d
                       WHERE d.digest_id = delivery_id AND d.status = 'pending'
                         AND messaging_private.is_cancelled(d.message_id))
        ORDER BY m.id FOR NO KEY UPDATE
    LOOP
        PERFORM messaging_private.end_cancelled(cancelled.id);
    END LOOP;
END
$$;
COMMENT ON FUNCTION messaging_private.leave_digest(bigint) IS
'Takes the messages out of a digest that are to be cancelled: before a worker is told what is in it';
