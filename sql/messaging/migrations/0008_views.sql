CREATE VIEW messaging.v_pending_messages WITH (security_invoker = true) AS
    SELECT m.id, m.message_type, m.priority, d.channel, m.recipient_id, m.template_name, m.content, m.metadata,
           m.created_at, m.scheduled_for, d.claimable_at, d.attempt, d.max_attempts, m.expires_at,
           m.user_id
    FROM messaging.deliveries d JOIN messaging.messages m ON m.id = d.message_id
    WHERE d.status = 'pending'
    ORDER BY d.priority, m.scheduled_for, m.id;
COMMENT ON VIEW messaging.v_pending_messages IS
'What waits, for each channel, the most urgent first, then what was due first. claimable_at: from when on a worker '
'gets it, infinity: it waits in a digest';
GRANT SELECT ON messaging.v_pending_messages TO bourse_viewer, bourse_worker;

CREATE VIEW messaging.v_retry_eligible_messages WITH (security_invoker = true) AS
    SELECT m.id, m.message_type, m.priority, d.channel, m.recipient_id, d.attempt, d.max_attempts, d.claimable_at,
           d.last_error, d.locked_by AS worker
    FROM messaging.deliveries d JOIN messaging.messages m ON m.id = d.message_id
    WHERE d.claimable_at <= now() AND d.attempt BETWEEN 1 AND d.max_attempts - 1
    ORDER BY d.priority, d.claimable_at, m.id;
COMMENT ON VIEW messaging.v_retry_eligible_messages IS
'What has failed on a channel, or whose worker has not been heard of until its lease ended, and may be tried again now';
GRANT SELECT ON messaging.v_retry_eligible_messages TO bourse_viewer, bourse_worker;

CREATE VIEW messaging.v_delivery_stats WITH (security_invoker = true) AS
    SELECT (s.created_at AT TIME ZONE 'UTC')::date AS date, s.channel, count(*) AS attempts,
           count(*) FILTER (WHERE s.status IN ('SENT', 'DELIVERED')) AS delivered,
           count(*) FILTER (WHERE s.status = 'FAILED') AS failed,
           count(*) FILTER (WHERE s.status = 'BOUNCED') AS bounced,
           round(count(*) FILTER (WHERE s.status IN ('SENT', 'DELIVERED')) / count(*)::numeric, 4) AS success_rate,
           round(avg(s.response_time_ms), 1) AS average_response_time_ms
    -- 30 days of UTC, whatever the zone of the session.
    FROM messaging.delivery_status s WHERE s.created_at >= now() - interval '720 hours'
    GROUP BY 1, s.channel ORDER BY 1 DESC, s.channel;
COMMENT ON VIEW messaging.v_delivery_stats IS
'The attempts of the last 30 days, by day of UTC and channel: how many, and what has become of them';
GRANT SELECT ON messaging.v_delivery_stats TO bourse_viewer, bourse_worker;

-- What has failed on one channel of delivery first is no dead letter as long as another may take it, or has.
CREATE VIEW messaging.dead_letters WITH (security_invoker = true) AS
    SELECT d.id, d.message_id, d.channel, m.message_type, m.priority, m.recipient_id, m.user_id, m.template_name,
           m.content, m.metadata, d.finished_at, d.attempts_before + d.attempt AS attempts, d.last_error AS error,
           d.locked_by AS worker, m.expires_at
    FROM messaging.deliveries d JOIN messaging.messages m ON m.id = d.message_id
    WHERE d.status = 'failed' AND d.digest_key IS NULL AND (m.delivery = 'all' OR m.status = 'FAILED');
COMMENT ON VIEW messaging.dead_letters IS
'What has failed for good, by message and channel. messaging.replay() gives it another go';
GRANT SELECT ON messaging.dead_letters TO bourse_viewer, bourse_worker;
