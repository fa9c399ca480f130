-- The parts of messages, one for each channel. Whoever ends one holds the row of the message.

CREATE FUNCTION messaging_private.is_off(channel text) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, messaging, pg_temp AS $$
    SELECT EXISTS (SELECT FROM messaging.channel_configs k WHERE k.channel = is_off.channel AND NOT k.enabled)
$$;
COMMENT ON FUNCTION messaging_private.is_off(text) IS 'Whether a channel has been switched off';

CREATE FUNCTION messaging_private.priority_number(priority text) RETURNS smallint
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, messaging, pg_temp AS $$
    SELECT pg_catalog.array_position(ARRAY['CRITICAL', 'HIGH', 'NORMAL', 'LOW'], priority)::pg_catalog.int2
$$;
COMMENT ON FUNCTION messaging_private.priority_number(text) IS
'A priority as the queue has it: a lower number comes first';

CREATE FUNCTION messaging_private.channels_of(channels text[], delivery text, user_id bigint, after_channel text)
RETURNS TABLE (channel text, most_retries integer, place bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, messaging, pg_temp AS $$
    SELECT c.channel, (SELECT k.max_retries FROM messaging.channel_configs k WHERE k.channel = c.channel), c.place
    FROM pg_catalog.unnest(channels) WITH ORDINALITY c (channel, place)
    WHERE c.place > coalesce(pg_catalog.array_position(channels, after_channel), 0)
      AND NOT EXISTS (SELECT FROM messaging.preferences p
                      WHERE p.user_id = channels_of.user_id AND p.channel = c.channel AND NOT p.enabled)
    -- The first that takes it: not one that is off, as long as there is another.
    ORDER BY delivery = 'first' AND messaging_private.is_off(c.channel), c.place
    LIMIT CASE delivery WHEN 'first' THEN 1 END
$$;
COMMENT ON FUNCTION messaging_private.channels_of(text[], text, bigint, text) IS
'By which of its channels a message goes: of delivery all by each that its user takes messages on, of delivery first '
'by the next such one after a channel (NULL: the first) that is not off; by one that is off, when all of them are. '
'With the retries that the channel allows, and its place among the channels';

CREATE FUNCTION messaging_private.add_deliveries(message_id bigint, after_channel text) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    any_added boolean := false;
    message record;
    part record;
BEGIN
    SELECT m.user_id, m.scheduled_for, m.expires_at, m.max_retries, m.channels, m.delivery, m.digest_key,
           messaging_private.priority_number(m.priority) AS priority
    INTO message FROM messaging.messages m WHERE m.id = message_id;
    FOR part IN
        SELECT c.channel, least(message.max_retries, c.most_retries) + 1 AS max_attempts,
               -- Of a channel that it comes to, it may have gone by it before, and been replayed.
               CASE WHEN after_channel IS NULL THEN 0 ELSE coalesce(
                   (SELECT max(s.attempt) FROM messaging.delivery_status s
                    WHERE s.message_id = message_id AND s.channel = c.channel), 0) END AS attempts_before
        FROM messaging_private.channels_of(message.channels, message.delivery, message.user_id, after_channel) c
        ORDER BY c.place
    LOOP
        any_added := true;
        -- What comes to its next channel goes by itself.
        CONTINUE WHEN message.digest_key IS NOT NULL AND after_channel IS NULL
            AND messaging_private.join_digest(message_id, part.channel, message.priority, part.max_attempts);
        INSERT INTO messaging.deliveries (message_id, channel, user_id, priority, claimable_at, max_attempts,
                                          attempts_before, expires_at)
        VALUES (message_id, part.channel, message.user_id, message.priority,
                messaging_private.turn(part.channel, message.user_id, message.priority,
                                       greatest(message.scheduled_for, clock_timestamp())),
                part.max_attempts, part.attempts_before, message.expires_at);
        -- A hint that there is something to claim: the table is the truth.
        IF message.scheduled_for <= clock_timestamp() THEN
            PERFORM bourse_private.notify('messaging_messages', part.channel);
        END IF;
    END LOOP;
    RETURN any_added;
END
$$;
COMMENT ON FUNCTION messaging_private.add_deliveries(bigint, text) IS
'Adds the parts of a message, one for each channel by which it goes next, after a channel or from the first on (NULL). '
'False: there is none';

CREATE FUNCTION messaging_private.settle_message(message_id bigint, why text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    parts record;
    is_delivered boolean;
BEGIN
    SELECT bool_or(d.status = 'running') AS running, bool_or(d.status IN ('pending', 'running')) AS live,
           bool_or(d.status = 'failed') AS failed
    INTO parts FROM messaging.deliveries d WHERE d.message_id = message_id;
    is_delivered := EXISTS (SELECT FROM messaging.delivery_status s
                            WHERE s.message_id = message_id AND s.status IN ('SENT', 'DELIVERED'));
    UPDATE messaging.messages AS m SET
        status = CASE WHEN parts.running THEN 'PROCESSING' WHEN parts.live THEN 'PENDING'
                      WHEN parts.failed AND NOT (m.delivery = 'first' AND is_delivered) THEN 'FAILED'
                      WHEN is_delivered THEN 'DELIVERED' ELSE 'CANCELLED' END,
        processed_at = CASE WHEN parts.live IS NOT TRUE THEN clock_timestamp() END,
        locked_by = CASE WHEN parts.running THEN m.locked_by END,
        locked_at = CASE WHEN parts.running THEN m.locked_at END,
        last_error = coalesce(why, CASE WHEN parts.live IS NULL AND NOT is_delivered AND m.last_error IS NULL
                                        THEN 'the recipient takes no messages on these channels' END, m.last_error)
    WHERE m.id = message_id AND (parts.live IS NOT TRUE OR m.status <> 'PENDING' OR parts.running OR why IS NOT NULL);
    DELETE FROM messaging.cancel_requests r WHERE r.message_id = message_id AND parts.live IS NOT TRUE;
END
$$;
COMMENT ON FUNCTION messaging_private.settle_message(bigint, text) IS
'Brings the row of a message, which the caller holds, in line with its parts: what it is now, and why';

CREATE FUNCTION messaging_private.after_failure(message_id bigint, delivery_id bigint, outcome text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    message record;
    part record;
BEGIN
    SELECT m.delivery, m.expires_at, m.status INTO message FROM messaging.messages m WHERE m.id = message_id
    FOR NO KEY UPDATE;
    SELECT d.channel, d.digest_key, d.last_error INTO part FROM messaging.deliveries d WHERE d.id = delivery_id;
    IF outcome = 'pending' THEN
        UPDATE messaging.messages m SET retry_count = m.retry_count + 1 WHERE m.id = message_id;
    ELSIF part.digest_key IS NOT NULL THEN
        PERFORM messaging_private.end_digest(delivery_id, outcome, part.last_error);
    ELSIF message.delivery = 'first' AND (message.expires_at > clock_timestamp()) IS NOT FALSE
          AND message.status IN ('PENDING', 'PROCESSING') AND NOT messaging_private.is_cancelled(message_id) THEN
        PERFORM messaging_private.add_deliveries(message_id, part.channel);
    END IF;
    IF messaging_private.is_cancelled(message_id) THEN
        PERFORM messaging_private.end_parts(message_id, 'cancelled', 'cancelled');
    END IF;
    PERFORM messaging_private.settle_message(message_id, part.last_error);
END
$$;
COMMENT ON FUNCTION messaging_private.after_failure(bigint, bigint, text) IS
'What follows when an attempt has failed, and its part is tried again (pending) or has ended (failed, cancelled): the '
'next channel of delivery first, the messages of a digest, what the message is now';

-- Whoever comes by a part that has to end, as a claim does, has others in hand.
CREATE FUNCTION messaging_private.end_alone(message_id bigint, delivery_id bigint, outcome text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    problem text;
BEGIN
    PERFORM messaging_private.after_failure(message_id, delivery_id, outcome);
EXCEPTION WHEN OTHERS THEN
    PERFORM bourse_private.raise_again(SQLSTATE, SQLERRM);
    problem := left(format('cannot be ended: %s (%s)', SQLERRM, SQLSTATE), 2000);
    UPDATE messaging.deliveries d
    SET status = 'failed', claimable_at = NULL, lease = NULL, finished_at = clock_timestamp(), last_error = problem,
        digest_id = NULL
    WHERE d.id = delivery_id;
    UPDATE messaging.messages m
    SET status = 'FAILED', processed_at = coalesce(m.processed_at, clock_timestamp()), locked_by = NULL,
        locked_at = NULL, last_error = problem
    WHERE m.id = message_id AND NOT EXISTS (SELECT FROM messaging.deliveries d
                                            WHERE d.message_id = message_id AND d.status IN ('pending', 'running'));
END
$$;
COMMENT ON FUNCTION messaging_private.end_alone(bigint, bigint, text) IS
'after_failure() of one part among others: where it raises an error, the part alone is a dead letter, and says why';
