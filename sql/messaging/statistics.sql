CREATE FUNCTION messaging.get_queue_statistics() RETURNS TABLE (
    channel text, pending bigint, due bigint, retrying bigint, processing bigint, failed bigint, oldest_due timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    RETURN QUERY
    SELECT d.channel, count(*) FILTER (WHERE d.status = 'pending'),
           count(*) FILTER (WHERE d.status = 'pending' AND d.claimable_at <= clock_timestamp()),
           count(*) FILTER (WHERE d.status = 'pending' AND d.attempt > 0), count(*) FILTER (WHERE d.status = 'running'),
           count(*) FILTER (WHERE d.status = 'failed'),
           min(d.claimable_at) FILTER (WHERE d.status = 'pending' AND d.claimable_at <= clock_timestamp())
    FROM messaging.deliveries d GROUP BY d.channel ORDER BY d.channel;
END
$$;
COMMENT ON FUNCTION messaging.get_queue_statistics() IS
'Of each channel how many deliveries wait, are due, wait for another attempt, are held by workers, and have failed '
'for good; oldest_due: since when the one is due that is due longest. Reads all that waits, and none that was '
'delivered';
GRANT EXECUTE ON FUNCTION messaging.get_queue_statistics() TO bourse_admin, bourse_worker, bourse_monitor;

CREATE FUNCTION messaging.cleanup_old_messages(days integer DEFAULT 30) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp SET timezone = 'UTC' AS $$
#variable_conflict use_variable
BEGIN
    PERFORM bourse.require_installed();
    IF days IS NULL OR days NOT BETWEEN 1 AND 36500 THEN
        PERFORM bourse.refuse('22023', format('days is %s', coalesce(days::text, 'NULL')), 'Give 1 to 36500 days.');
    END IF;
    RETURN bourse_private.delete_old_rows('messaging.messages', 'scheduled_for', ARRAY['DELIVERED', 'CANCELLED'],
                                          clock_timestamp() - make_interval(days => days), 'messages_archive');
END
$$;
COMMENT ON FUNCTION messaging.cleanup_old_messages(integer) IS
'Moves up to 10,000 messages that were due longer ago, and were delivered or cancelled, to messages_archive, with '
'their attempts. Returns how many. bourse.maintain() does it by itself, after 30 days or what bourse.policies says. '
'22023 days';
GRANT EXECUTE ON FUNCTION messaging.cleanup_old_messages(integer) TO bourse_admin, bourse_worker;

CREATE FUNCTION messaging_private.keep_attempts() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp SET timezone = 'UTC'
SET enable_seqscan = off AS $$
BEGIN
    -- A row that comes back from a dump has them.
    IF NEW.attempts <> '[]' THEN
        RETURN NEW;
    END IF;
    -- They are there until the statement that deletes their message has ended.
    NEW.attempts := (
        SELECT coalesce(jsonb_agg(jsonb_build_object(
                   'channel', s.channel, 'attempt', s.attempt, 'status', s.status, 'created_at', s.created_at,
                   'delivered_at', s.delivered_at, 'response_time_ms', s.response_time_ms,
                   'error_message', s.error_message, 'external_id', s.external_id) ORDER BY s.id), '[]')
        FROM messaging.delivery_status s WHERE s.message_id = NEW.id);
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION messaging_private.keep_attempts() IS
'Trigger: a message that is archived takes what delivery_status has of it along';

CREATE FUNCTION messaging.verify() RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, messaging, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    RETURN QUERY
    SELECT 'message_that_lives_has_a_part_that_does', m.id::text, 'a delivery that waits or is held', m.status
    FROM messaging.messages m
    WHERE m.processed_at IS NULL AND NOT EXISTS (SELECT FROM messaging.deliveries d WHERE d.message_id = m.id
                                                 AND d.status IN ('pending', 'running'))
    UNION ALL
    SELECT 'message_that_has_ended_has_no_part_that_lives', m.id::text, m.status, d.channel || ' ' || d.status
    FROM messaging.deliveries d JOIN messaging.messages m ON m.id = d.message_id
    WHERE d.status IN ('pending', 'running') AND m.processed_at IS NOT NULL
    UNION ALL
    SELECT 'part_that_waits_in_a_digest_goes_out_with_it', d.id::text, 'a digest that lives', coalesce(g.status, 'none')
    FROM messaging.deliveries d LEFT JOIN messaging.deliveries g ON g.id = d.digest_id AND g.digest_key IS NOT NULL
    WHERE d.claimable_at = 'infinity' AND coalesce(g.status, 'none') NOT IN ('pending', 'running')
    UNION ALL
    -- Digests are deleted past the foreign key, and a dump with what points to one that is gone is not restored.
    SELECT 'part_that_has_ended_is_in_no_digest', d.id::text, 'none', d.digest_id::text
    FROM messaging.deliveries d WHERE d.digest_id IS NOT NULL AND d.claimable_at IS DISTINCT FROM 'infinity'
    UNION ALL
    SELECT 'digest_counts_what_it_has', g.id::text, g.digest_count::text, c.n::text
    FROM messaging.deliveries g
    CROSS JOIN LATERAL (SELECT count(*) AS n FROM messaging.deliveries d WHERE d.digest_id = g.id) c
    WHERE g.status IN ('pending', 'running') AND g.digest_count < c.n
    UNION ALL
    SELECT 'part_expires_as_its_message', d.id::text, coalesce(m.expires_at::text, 'never'),
           coalesce(d.expires_at::text, 'never')
    FROM messaging.deliveries d JOIN messaging.messages m ON m.id = d.message_id
    WHERE d.status IN ('pending', 'running') AND d.expires_at IS DISTINCT FROM m.expires_at
    UNION ALL
    SELECT 'attempts_within_bounds', d.id::text, 'up to ' || d.max_attempts, d.attempt::text
    FROM messaging.deliveries d WHERE d.claimable_at IS NOT NULL AND d.attempt NOT BETWEEN 0 AND d.max_attempts;
END
$$;
COMMENT ON FUNCTION messaging.verify() IS
'What is not as it must be among messages and their parts: 0 rows. A message that nobody will end, or that has ended '
'and still goes out, a digest that leaves somebody out, or has what has ended, a part that would expire at another '
'time, attempts out of bounds. Reads every message';
GRANT EXECUTE ON FUNCTION messaging.verify() TO bourse_admin, bourse_monitor;
