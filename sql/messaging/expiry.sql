-- What has expired nobody gets. A claim ends what it comes by; where nobody claims, the ticker does, so many in a turn.

CREATE FUNCTION messaging_private.end_expired_part(delivery_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off SET timezone = 'UTC' AS $$
DECLARE
    part record;
    lapsed text;
    outcome text;
BEGIN
    SELECT d.* INTO part FROM messaging.deliveries d WHERE d.id = delivery_id;
    lapsed := CASE part.status WHEN 'running' THEN format('the lease of %s has ended', part.locked_by) END;
    -- As a claim does: after the last attempt it has failed.
    outcome := CASE WHEN lapsed IS NOT NULL AND part.attempt >= part.max_attempts THEN 'failed' ELSE 'cancelled' END;
    IF lapsed IS NOT NULL THEN
        INSERT INTO messaging.delivery_status (message_id, channel, status, error_message, attempt, user_id)
        VALUES (part.message_id, part.channel, 'FAILED', lapsed, part.attempts_before + part.attempt, part.user_id);
    END IF;
    UPDATE messaging.deliveries d
    SET status = outcome, claimable_at = NULL, lease = NULL, finished_at = clock_timestamp(), digest_id = NULL,
        last_error = CASE outcome WHEN 'failed' THEN lapsed
                     ELSE 'expired at ' || (to_jsonb(part.expires_at) #>> '{}') END
    WHERE d.id = delivery_id;
    PERFORM messaging_private.end_alone(part.message_id, delivery_id, outcome);
END
$$;
COMMENT ON FUNCTION messaging_private.end_expired_part(bigint) IS
'Ends a part of a message that has expired, and that nobody holds. The caller holds both';

-- Nobody is waited for: what somebody is just at is his to end, or that of the next turn.
CREATE FUNCTION messaging_private.end_expired(at timestamptz, most integer) RETURNS integer
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    part record;
    ended integer := 0;
    began CONSTANT timestamptz := clock_timestamp();
BEGIN
    FOR part IN
        SELECT d.id FROM messaging.deliveries d JOIN messaging.messages m ON m.id = d.message_id
        WHERE d.expires_at <= at AND d.claimable_at IS NOT NULL AND (d.status = 'pending' OR d.claimable_at <= at)
        ORDER BY d.expires_at LIMIT most FOR NO KEY UPDATE SKIP LOCKED
    LOOP
        PERFORM messaging_private.end_expired_part(part.id);
        ended := ended + 1;
        -- Others have something done in the same turn of the ticker.
        EXIT WHEN clock_timestamp() >= began + interval '100 ms';
    END LOOP;
    RETURN ended;
END
$$;
COMMENT ON FUNCTION messaging_private.end_expired(timestamptz, integer) IS
'Ends what has expired by this time and has not ended, up to so many parts of messages and for a tenth of a second, '
'what has expired first before the rest. Returns how many. Costs a probe of an index when there is none';
