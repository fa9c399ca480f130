-- What becomes of attempts says how their channel is: ack() and fail() report on it, nobody else has to.
SET client_min_messages = warning;
SELECT identity.register('channels ann') AS ann \gset
CREATE VIEW pg_temp.health AS SELECT h.component AS channel, h.status, h.failure_count AS failures,
    h.success_count AS successes, h.avg_response_time_ms AS ms, h.error_message AS error
    FROM messaging.system_health h WHERE h.system = 'notification' ORDER BY h.component;
-- One attempt on a channel: NULL is that it is taken.
CREATE FUNCTION pg_temp.attempt(channel text, error text DEFAULT NULL, ms integer DEFAULT NULL,
                                permanent boolean DEFAULT false) RETURNS text
LANGUAGE plpgsql AS $$
DECLARE
    held record;
BEGIN
    PERFORM messaging.enqueue_message('note', ARRAY[channel], '{}', person('channels ann')::text);
    SELECT m.lease, m.message_id INTO held FROM messaging.claim('w1', channel, 1) m;
    IF error IS NULL THEN
        PERFORM messaging.ack(held.lease, held.message_id, response_time_ms => ms);
    ELSE
        PERFORM messaging.fail(held.lease, held.message_id, error, '1 hour', permanent);
    END IF;
    RETURN (SELECT h.status FROM pg_temp.health h WHERE h.channel = attempt.channel);
END
$$;
-- Time that passes.
CREATE FUNCTION pg_temp.pass(seconds integer) RETURNS void LANGUAGE sql AS
$$ UPDATE messaging.system_health h SET checked_at = h.checked_at - make_interval(secs => seconds) $$;

-- DEGRADED after one failure, DOWN after three in a row, DEGRADED again until two successes in a row.
SELECT n, pg_temp.attempt('sms', error) AS status
FROM unnest('{NULL,busy,NULL,busy,busy,gone,NULL,gone,NULL,NULL}'::text[]) WITH ORDINALITY u (error, n) ORDER BY n;
SELECT * FROM pg_temp.health;
-- The average: 0.7 of what it was and 0.3 of what is new.
SELECT pg_temp.attempt('email', NULL, 100);
SELECT pg_temp.pass(2);
SELECT pg_temp.attempt('email', NULL, 200);
SELECT * FROM pg_temp.health WHERE channel = 'email';
-- Where nothing changes one attempt a second tells that there are some, and the row is not written by all of them.
SELECT ctid AS before FROM messaging.system_health WHERE component = 'email' \gset
SELECT pg_temp.attempt('email', NULL, 900) FROM generate_series(1, 5);
SELECT ctid = :'before' AS unwritten FROM messaging.system_health WHERE component = 'email';
SELECT pg_temp.pass(2);
SELECT pg_temp.attempt('email', NULL, 170);
SELECT * FROM pg_temp.health WHERE channel = 'email';
SELECT n, pg_temp.attempt('email', 'down') AS status FROM generate_series(1, 5) n;
SELECT * FROM pg_temp.health WHERE channel = 'email';
SELECT pg_temp.pass(2);
SELECT pg_temp.attempt('email', 'down, too');
SELECT * FROM pg_temp.health WHERE channel = 'email';
SELECT severity, alert, subject, detail FROM bourse.alerts() WHERE alert = 'system_is_down' ORDER BY subject;
-- Other reports on it count with them.
SELECT messaging.update_channel_health('email', true, 170), pg_temp.attempt('email') AS again;

-- What fails for good is the fault of the message, a lease that ends that of the worker: the channel has none.
SELECT pg_temp.attempt('fax', 'no such number', permanent => true);
SELECT messaging.enqueue_message('note', '{fax}', '{}', :'ann') > 0 AS enqueued;
SELECT count(*) FROM messaging.claim('w1', 'fax', 1);
UPDATE messaging.deliveries SET claimable_at = clock_timestamp() WHERE channel = 'fax' AND status = 'running';
SELECT count(*) FROM messaging.claim('w2', 'fax', 1);
SELECT count(*) AS reports FROM pg_temp.health WHERE channel = 'fax';
-- What is undone has not happened.
BEGIN;
SELECT pg_temp.attempt('push', 'busy');
ROLLBACK;
SELECT count(*) AS reports FROM pg_temp.health WHERE channel = 'push';

-- On what nobody reports any more is UNKNOWN, until the next attempt.
SELECT pg_temp.pass(301);
SELECT channel, status FROM messaging.v_channel_health_summary ORDER BY channel;
SELECT messaging_private.sweep_health(clock_timestamp());
SELECT channel, status FROM pg_temp.health;
SELECT pg_temp.attempt('email'), pg_temp.attempt('sms', 'busy');
-- A day is 24 hours, whatever the zone of the session: here is one that has 23.
SET timezone = 'Europe/Berlin';
SELECT messaging.set_health_thresholds('notification', 'email', stale_after => '1 day') AS email;
UPDATE messaging.system_health SET checked_at = '2026-03-28 12:00Z' WHERE component = 'email';
SELECT messaging_private.sweep_health('2026-03-29 11:30Z');
SELECT status FROM pg_temp.health WHERE channel = 'email';
SELECT messaging_private.sweep_health('2026-03-29 12:00:01Z');
SELECT status FROM pg_temp.health WHERE channel = 'email';
RESET timezone;

-- A secret is not kept, and a person who leaves takes along what was said of the person's messages.
SELECT pg_temp.attempt('sms', 'GET https://me:hunter2@sms.example failed');
SELECT error FROM pg_temp.health WHERE channel = 'sms';
SELECT pg_temp.attempt('sms', '+49 170 1234567 of Ann is switched off');
SELECT error FROM pg_temp.health WHERE channel = 'sms';
SELECT identity.erase_user(:ann, 'asked for it') ? 'erasure' AS erased;
SELECT channel, error FROM pg_temp.health WHERE channel IN ('sms', 'email');
