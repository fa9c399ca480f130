-- What workers call. They read and write past the executor: src/messaging.

CREATE TYPE messaging.claimed_message AS (
    message_id    bigint,
    lease         uuid,
    attempt       integer,
    recipient_id  text,
    content       jsonb,
    message_type  text,
    template_name text,
    metadata      jsonb,
    priority      text
);
COMMENT ON TYPE messaging.claimed_message IS
'A message in the hands of a worker, for one channel: the proof of holding it, which attempt on this channel it is, '
'to whom it goes, and what the worker is to render and send. Of a digest, content is {"digest_key", "messages": '
'[{"id", "message_type", "template_name", "content", "metadata", "created_at"}, …]}';
CREATE FUNCTION messaging.claim(worker text, channel text, n integer DEFAULT 10, lease interval DEFAULT '30 seconds')
RETURNS SETOF messaging.claimed_message
LANGUAGE c SUPPORT bourse_private.refuse_repeats AS 'MODULE_PATHNAME', 'messaging_claim_wrapper';
COMMENT ON FUNCTION messaging.claim(text, text, integer, interval) IS
'Hands up to n messages that are due on a channel to a worker: CRITICAL first, then whose turn it is. All of one call '
'have one lease, which lasts so long. Takes a token of the recipient and of the channel for each; who has none left, '
'or whose quiet hours it is, is passed over, and put off until then. What has expired, or is not wanted any more, is '
'cancelled. One whose lease has ended without a word is handed out again by the next claim, until its attempts are '
'used up. Never waits but, a twentieth of a second, for another who takes from the bucket of the channel. 22004 NULL, '
'22023 worker, n or lease out of bounds, 25001 not READ COMMITTED';
GRANT EXECUTE ON FUNCTION messaging.claim(text, text, integer, interval) TO bourse_sender, bourse_worker;

CREATE FUNCTION messaging.extend(lease uuid, message_id bigint, lasting interval DEFAULT '30 seconds') RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('lease', lease), bourse_private.require_given('message_id', message_id);
    PERFORM bourse_private.queue_extend('messaging.deliveries', lease, lasting, ARRAY(
        SELECT d.id FROM messaging.deliveries d WHERE d.message_id = message_id AND d.lease = lease));
END
$$;
COMMENT ON FUNCTION messaging.extend(uuid, bigint, interval) IS
'A sign of life of a worker whose channel is slow: the lease of this message lasts so long from now on. 22004 NULL, '
'22023 lasting out of bounds, 55000 the lease does not hold it any more';
GRANT EXECUTE ON FUNCTION messaging.extend(uuid, bigint, interval) TO bourse_sender, bourse_worker;

CREATE FUNCTION messaging.ack(lease uuid, message_id bigint, external_id text DEFAULT NULL,
                              response_time_ms integer DEFAULT NULL) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'messaging_ack_wrapper';
COMMENT ON FUNCTION messaging.ack(uuid, bigint, text, integer) IS
'The channel has taken a message. external_id: by which the provider knows it. The same again, as by a worker that has '
'not heard the answer, changes nothing. 22004 NULL, 22023 out of bounds, 55000 the lease does not hold it any more: '
'nothing is changed, 25001 not READ COMMITTED';
GRANT EXECUTE ON FUNCTION messaging.ack(uuid, bigint, text, integer) TO bourse_sender, bourse_worker;

CREATE FUNCTION messaging.fail(lease uuid, message_id bigint, error text, retry_after interval DEFAULT NULL,
                               permanent boolean DEFAULT false) RETURNS text
LANGUAGE c AS 'MODULE_PATHNAME', 'messaging_fail_wrapper';
COMMENT ON FUNCTION messaging.fail(uuid, bigint, text, interval, boolean) IS
'The channel has not taken a message. Returns what becomes of it there: pending (due again after retry_after, as the '
'provider has said in Retry-After, by default after 15 seconds, twice as long after every further attempt, an hour at '
'most), failed (that was the last attempt, or permanent: a dead letter, and of delivery first the next channel is '
'tried). error: up to 2000 characters are kept, and nothing of one that holds a secret. 22004 NULL, 22023 retry_after '
'out of bounds, 55000 the lease does not hold it any more: nothing is changed, 25001 not READ COMMITTED';
GRANT EXECUTE ON FUNCTION messaging.fail(uuid, bigint, text, interval, boolean) TO bourse_sender, bourse_worker;

CREATE FUNCTION messaging.release(lease uuid, message_id bigint) RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'messaging_release_wrapper';
COMMENT ON FUNCTION messaging.release(uuid, bigint) IS
'Gives a message back untouched, as by a worker that shuts down: due now, and the attempt does not count. 22004 NULL, '
'55000 the lease does not hold it any more, 25001 not READ COMMITTED';
GRANT EXECUTE ON FUNCTION messaging.release(uuid, bigint) TO bourse_sender, bourse_worker;

-- A sender reads nothing of users but where what it holds is to go.
CREATE FUNCTION messaging.recipient_address(lease uuid, message_id bigint, OUT address text, OUT email text,
                                            OUT account text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    held record;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('lease', lease), bourse_private.require_given('message_id', message_id);
    SELECT d.channel, m.user_id, m.recipient_id INTO held
    FROM messaging.deliveries d JOIN messaging.messages m ON m.id = d.message_id
    WHERE d.message_id = message_id AND d.lease = lease AND d.claimable_at > clock_timestamp();
    IF NOT FOUND THEN
        PERFORM bourse.refuse('55000', format('lease %s does not hold message %s', lease, message_id),
            'The lease has ended, or the message was cancelled: another worker may be at it. Claim anew.');
    END IF;
    IF held.user_id IS NULL THEN
        address := held.recipient_id;
        RETURN;
    END IF;
    email := (SELECT u.email FROM identity.users u WHERE u.id = held.user_id);
    account := (SELECT i.external_id FROM identity.auth_identities i
                WHERE i.user_id = held.user_id AND i.provider = held.channel ORDER BY i.id DESC LIMIT 1);
END
$$;
COMMENT ON FUNCTION messaging.recipient_address(uuid, bigint) IS
'Where a message goes that a lease holds. address: the recipient_id, where that is no user''s number; of a user email, '
'and account: by which a provider named as the channel knows him, as telegram does, the one that was linked last. NULL '
'what is not known. 22004 NULL, 55000 the lease does not hold it any more';
GRANT EXECUTE ON FUNCTION messaging.recipient_address(uuid, bigint) TO bourse_sender, bourse_worker;
