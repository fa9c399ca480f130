-- What messaging declares of itself, as sql/bourse/modules.sql says.

CREATE FUNCTION messaging_private.own_tables() RETURNS bourse.declared_table[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, messaging, pg_temp AS $$
BEGIN
    RETURN ARRAY[
        bourse_private.declare_table('channel_configs', is_audited => true),
        bourse_private.declare_table('messages', engine_written => true, on_erasure => 'delete'),
        bourse_private.declare_table('deliveries', engine_written => true, on_erasure => 'delete', is_queue => true),
        bourse_private.declare_table('cancel_requests', engine_written => true, on_erasure => 'delete',
                                     time_column => 'requested_at', keep => '365 days'),
        bourse_private.declare_table('delivery_status', engine_written => true, on_erasure => 'delete'),
        bourse_private.declare_table('rate_limits', engine_written => true),
        bourse_private.declare_table('preferences', is_audited => true, on_erasure => 'delete'),
        bourse_private.declare_table('messages_archive', on_erasure => 'delete', time_column => 'scheduled_for',
                                     keep => '365 days'),
        bourse_private.declare_table('system_health', is_audited => true),
        bourse_private.declare_table('telegram_command_audits', on_erasure => 'delete', time_column => 'created_at',
                                     partition_by => 'month', keep => '90 days'),
        bourse_private.declare_table('telegram_broadcast_logs'),
        bourse_private.declare_table('telegram_feedbacks', on_erasure => 'delete'),
        bourse_private.declare_table('telegram_settings', is_audited => true),
        bourse_private.declare_table('*', on_erasure => 'delete')];
END
$$;
COMMENT ON FUNCTION messaging_private.own_tables() IS
'The tables of messaging. Messages are no part of the trail: each has the history of its own attempts';

CREATE FUNCTION messaging_private.own_policies()
RETURNS TABLE (table_name text, name text, time_column text, keep interval, only_status text[], move_to text)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, messaging, pg_temp AS $$
    VALUES ('messages', 'delivered', 'scheduled_for', interval '30 days', ARRAY['DELIVERED', 'CANCELLED'],
            'messages_archive'),
           ('messages', 'failed', 'scheduled_for', interval '90 days', ARRAY['FAILED'], NULL),
           ('deliveries', 'dead letters', 'finished_at', interval '30 days', ARRAY['failed', 'cancelled'], NULL)
$$;
COMMENT ON FUNCTION messaging_private.own_policies() IS
'How long messages stay: those that have ended well move to the archive, which has a policy of its own';

-- Buckets name whom they are for in words.
CREATE FUNCTION messaging_private.on_erasure(user_id bigint, report jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp AS $$
BEGIN
    DELETE FROM messaging.rate_limits r WHERE r.user_id = on_erasure.user_id::text;
    RETURN '{}';
END
$$;
COMMENT ON FUNCTION messaging_private.on_erasure(bigint, jsonb) IS
'What erase_user() has messaging do beside deleting rows: the buckets of the user go';

-- Not what was sent to an address: whoever gives himself the address of somebody else would be told it.
CREATE FUNCTION messaging_private.rows_beside(user_id bigint) RETURNS TABLE (relation regclass, data jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, messaging, pg_temp AS $$
    SELECT 'messaging.telegram_command_audits'::regclass, r
    FROM identity_private.export_rows('messaging.telegram_command_audits', $condition$
        t.user_id IS NULL AND t.telegram_user_id || '' IN (
            SELECT i.external_id FROM identity.auth_identities i
            WHERE i.user_id = $1 AND i.provider = 'telegram') $condition$, user_id) r
    UNION ALL
    SELECT 'messaging.rate_limits'::regclass, r
    FROM identity_private.export_rows('messaging.rate_limits', 't.user_id = $1::text', user_id) r
$$;
COMMENT ON FUNCTION messaging_private.rows_beside(bigint) IS
'What export_user() tells beside rows that have the id of the user: commands of the user''s telegram account from '
'before it was linked, and the user''s buckets';

CREATE FUNCTION messaging_private.own_metrics() RETURNS TABLE (name text, value numeric, labels jsonb)
LANGUAGE sql STABLE SET search_path = pg_catalog, messaging, pg_temp AS $$
    SELECT 'messaging_messages_estimate', greatest(c.reltuples, 0)::numeric, NULL::jsonb
    FROM pg_class c WHERE c.oid = 'messaging.messages'::regclass
    UNION ALL
    SELECT 'messaging_failed_deliveries', count(*), jsonb_build_object('channel', d.channel)
    FROM messaging.deliveries d WHERE d.finished_at IS NOT NULL AND d.status = 'failed' GROUP BY d.channel
    UNION ALL
    SELECT 'messaging_channel_lag_seconds', extract(epoch FROM l.lag), jsonb_build_object('channel', l.lane)
    FROM bourse_private.queue_lags('messaging.deliveries') l
    UNION ALL
    SELECT h.name, h.value, h.labels FROM messaging_private.health_metrics() h
$$;
COMMENT ON FUNCTION messaging_private.own_metrics() IS
'What metrics() says of messaging: about how many messages there are, how many have failed for good, and how long what '
'is due longest has been due, by channel, and what health_metrics() says. Reads those that have failed, and a row for '
'each system';

-- Also where the next channel of a message has taken it: somebody should know that the first one fails.
CREATE FUNCTION messaging_private.own_alerts()
RETURNS TABLE (severity text, alert text, subject text, detail text, hint text)
LANGUAGE sql STABLE SET search_path = pg_catalog, messaging, pg_temp AS $$
    SELECT 'warning', 'channel_fails', f.channel,
           format('%s have failed for good in the last hour', f.n),
           -- Not with what: that may name the person.
           'messaging.dead_letters says with what; messaging.replay() tries them again.'
    FROM (SELECT d.channel, count(*) AS n
          FROM messaging.deliveries d
          WHERE d.finished_at > clock_timestamp() - interval '1 hour' AND d.status = 'failed'
          GROUP BY d.channel) f
    UNION ALL
    SELECT 'warning', 'channel_is_off', c.channel, 'its messages wait, and nobody claims them',
           'UPDATE messaging.channel_configs SET enabled = true switches it on.'
    FROM messaging.channel_configs c
    WHERE NOT c.enabled AND EXISTS (SELECT FROM messaging.deliveries d
                                    WHERE d.channel = c.channel AND d.claimable_at < clock_timestamp())
    UNION ALL
    SELECT 'warning', 'queue_lags', 'messaging.deliveries ' || l.lane,
           format('the oldest message on channel %s has been due for %s', l.lane, l.lag),
           'Let a worker claim from this channel, or more of them; messaging.get_queue_statistics() has all channels.'
    FROM bourse_private.queue_lags('messaging.deliveries') l
    WHERE l.lag > interval '10 minutes' AND NOT messaging_private.is_off(l.lane)
    UNION ALL
    SELECT 'warning', 'expired_messages_wait', e.channel,
           format('one has expired at %s, and has not ended', e.expires_at),
           'Set bourse.ticker = on with pg_bourse preloaded, or have the messages of this channel claimed.'
    FROM (SELECT d.channel, d.expires_at FROM messaging.deliveries d
          WHERE d.expires_at < clock_timestamp() - interval '1 minute' AND d.claimable_at IS NOT NULL
            AND (d.status = 'pending' OR d.claimable_at < clock_timestamp() - interval '1 minute')
          ORDER BY d.expires_at LIMIT 1) e
    UNION ALL
    SELECT h.severity, h.alert, h.subject, h.detail, h.hint FROM messaging_private.health_alerts() h
$$;
COMMENT ON FUNCTION messaging_private.own_alerts() IS
'What alerts() says of messaging: channels on which messages have failed for good in the last hour, though another '
'may have taken them, channels that are off and have messages due, or are on and have some due for ten minutes, '
'messages that nobody ends though they have expired, and what health_alerts() says. No text of an error: those who '
'read alerts read nothing that names anybody';

CREATE FUNCTION messaging_private.own_health() RETURNS TABLE (ok boolean, detail text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, messaging, pg_temp AS $$
BEGIN
    PERFORM FROM messaging.messages m ORDER BY m.id LIMIT 1;
    RETURN QUERY SELECT true, NULL::text;
END
$$;
COMMENT ON FUNCTION messaging_private.own_health() IS 'Whether messages can be read';

CREATE FUNCTION messaging_private.own_verify() RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, messaging, pg_temp AS $$
    SELECT v.check_name, v.subject, v.expected, v.actual FROM messaging.verify() v
$$;
COMMENT ON FUNCTION messaging_private.own_verify() IS 'messaging.verify()';

CREATE FUNCTION messaging_private.own_integrity() RETURNS TABLE (issue text, count bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, messaging, pg_temp AS $$
    SELECT 'recipient_that_is_no_user', count(*) FROM messaging.messages m
    WHERE m.recipient_id ~ '^[0-9]+$' AND m.user_id IS DISTINCT FROM m.recipient_id::bigint
$$;
COMMENT ON FUNCTION messaging_private.own_integrity() IS
'What integrity() counts of messaging: messages to a number that is no user. Reads every message';

CREATE FUNCTION messaging_private.on_tick() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, messaging, pg_temp AS $$
BEGIN
    PERFORM messaging_private.end_expired(clock_timestamp(), 1000), messaging_private.end_requested(1000);
    PERFORM messaging_private.tick_health();
END
$$;
COMMENT ON FUNCTION messaging_private.on_tick() IS
'What the ticker of the platform does for messaging: what has expired ends, 1,000 parts in a turn or what a tenth of a '
'second is enough for, and tick_health()';
