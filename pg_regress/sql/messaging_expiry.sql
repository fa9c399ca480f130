-- What has expired ends, also on a channel from which nobody claims: the ticker ends it, so much in a turn.
SET datestyle = 'ISO';
SET timezone = 'Asia/Kolkata';
SET client_min_messages = warning;
SELECT identity.register('expiry ann') AS ann \gset
CREATE VIEW pg_temp.letters AS SELECT m.id, m.status, m.last_error, m.locked_by, m.processed_at IS NOT NULL AS ended
    FROM messaging.messages m ORDER BY m.id;
CREATE VIEW pg_temp.parts AS SELECT d.message_id AS id, d.channel, d.status, d.attempt, left(d.last_error, 40) AS error
    FROM messaging.deliveries d ORDER BY d.message_id, d.channel;
CREATE FUNCTION pg_temp.lease_of(message bigint) RETURNS uuid LANGUAGE sql
    AS $$ SELECT d.lease FROM messaging.deliveries d WHERE d.message_id = message AND d.status = 'running' $$;
-- As if it had been enqueued to expire then, and claimed before.
CREATE FUNCTION pg_temp.expire(message bigint) RETURNS void LANGUAGE sql AS
$$ UPDATE messaging.messages m SET expires_at = '2001-02-01 00:00Z' WHERE m.id = message;
   UPDATE messaging.deliveries d SET expires_at = '2001-02-01 00:00Z' WHERE d.message_id = message $$;
-- Turns: each ends one message at least, and on a busy machine no more than that.
CREATE FUNCTION pg_temp.tick() RETURNS void LANGUAGE sql AS
$$ SELECT bourse_private.tick() FROM generate_series(1, 4) $$;
CREATE FUNCTION pg_temp.late(channels text[], delivery text DEFAULT 'all', digest_key text DEFAULT NULL) RETURNS bigint
LANGUAGE sql AS $$ SELECT messaging.enqueue_message('quote', channels, '{}', '1', scheduled_for => '2001-01-01 00:00Z',
    expires_at => '2001-02-01 00:00Z', delivery => delivery, digest_key => digest_key) $$;

-- Nobody claims. What does not expire, or not yet, stays.
SELECT pg_temp.late('{sms,email}') AS expired, messaging.enqueue_message('note', '{sms}', '{}', '1') AS never,
    messaging.enqueue_message('note', '{sms}', '{}', '1', expires_at => now() + interval '1 hour') AS not_yet,
    pg_temp.late('{fax,sms}', 'first') AS of_a_chain;
SELECT alert, subject, detail FROM bourse.alerts() WHERE module = 'messaging' ORDER BY alert;
SELECT pg_temp.tick();
SELECT * FROM pg_temp.letters;
SELECT * FROM pg_temp.parts;
SELECT count(*) AS attempts FROM messaging.delivery_status;
SELECT count(*) AS alerts FROM bourse.alerts() WHERE module = 'messaging';
SELECT messaging.replay(), messaging.update_message_status(1, 'PENDING') AS there;
SELECT status FROM pg_temp.letters WHERE id = 1;
SELECT m.message_id FROM messaging.claim('w1', 'sms') m;

-- So much in a turn, and for a tenth of a second: others have something done in the same one.
CREATE FUNCTION slow() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$ BEGIN
    PERFORM pg_sleep(0.11);
    RETURN NULL;
END $$;
CREATE TRIGGER slow AFTER UPDATE ON messaging.messages FOR EACH ROW WHEN (NEW.status = 'CANCELLED')
    EXECUTE FUNCTION slow();
SELECT count(pg_temp.late('{fax}')) FROM generate_series(1, 3);
SELECT messaging_private.end_expired(clock_timestamp(), 10), messaging_private.end_expired(clock_timestamp(), 10);
DROP TRIGGER slow ON messaging.messages;
DROP FUNCTION slow();
SELECT messaging_private.end_expired(clock_timestamp(), 10);

-- What a worker holds is his to end; once his lease is over, it has expired.
TRUNCATE messaging.messages RESTART IDENTITY CASCADE;
SELECT count(messaging.enqueue_message('note', '{sms}', '{}', '1', expires_at => now() + interval '1 hour',
                                       max_retries => n)) FROM unnest('{1,1,0}'::integer[]) n;
SELECT count(*) FROM messaging.claim('w1', 'sms');
SELECT pg_temp.expire(n) FROM generate_series(1, 3) n;
SELECT pg_temp.tick();
SELECT * FROM pg_temp.parts;
SELECT messaging.ack(pg_temp.lease_of(1), 1);
UPDATE messaging.deliveries SET claimable_at = claimable_at - interval '31 s';
SELECT pg_temp.tick();
SELECT * FROM pg_temp.letters;
SELECT * FROM pg_temp.parts;
SELECT message_id, attempt, status, error_message FROM messaging.delivery_status ORDER BY id;
SELECT message_id, error FROM messaging.dead_letters;

-- What waits in a digest leaves it, whether the ticker has come by or the worker is first.
TRUNCATE messaging.messages RESTART IDENTITY CASCADE;
SELECT messaging.set_preferences(:ann, 'email', digest => '1 hour');
SELECT messaging.enqueue_message('fill', '{email}', jsonb_build_object('n', n), :'ann', digest_key => 'fills',
                                 expires_at => now() + interval '2 hours') FROM generate_series(1, 4) n;
SELECT pg_temp.expire(3);
SELECT pg_temp.tick();
SELECT * FROM pg_temp.parts;
SELECT pg_temp.expire(4);
UPDATE messaging.deliveries SET claimable_at = clock_timestamp() WHERE digest_key = 'fills';
SELECT m.message_id AS id, m.lease, m.content FROM messaging.claim('w1', 'email') m \gset
SELECT e -> 'content' AS told FROM jsonb_array_elements((:'content'::jsonb) -> 'messages') e;
-- It expires in the worker's hands: he was told of it.
SELECT pg_temp.expire(5);
SELECT messaging.ack(:'lease', :id);
SELECT id, status, last_error FROM pg_temp.letters;
SELECT message_id, status FROM messaging.delivery_status ORDER BY message_id;
-- Of one that has nothing left nobody gets anything.
SELECT messaging.enqueue_message('fill', '{email}', '{}', :'ann', digest_key => 'none',
                                 expires_at => now() + interval '2 hours') AS only \gset
SELECT pg_temp.expire(:only);
UPDATE messaging.deliveries SET claimable_at = clock_timestamp() WHERE digest_key = 'none';
SELECT count(*) AS nothing FROM messaging.claim('w1', 'email');
SELECT id, status, last_error FROM pg_temp.letters WHERE id >= :only;

-- So many in a turn, what has expired first before the rest; whoever is at one is passed over.
TRUNCATE messaging.messages RESTART IDENTITY CASCADE;
SELECT count(messaging.enqueue_message('quote', '{sms}', '{}', '1', scheduled_for => '2001-01-01',
    expires_at => '2001-02-01'::timestamptz - n * interval '1 day')) FROM generate_series(1, 5) n;
SELECT messaging_private.end_expired(clock_timestamp(), 2) AS ended;
SELECT array_agg(id ORDER BY id) AS ended FROM pg_temp.letters WHERE ended;
SELECT messaging_private.end_expired('2001-01-30 12:00', 10) AS ended;
SELECT messaging_private.end_expired(clock_timestamp(), 10) AS ended;
SELECT messaging_private.end_expired(clock_timestamp(), 10) AS again;
-- Found by an index, whatever else waits.
SELECT count(messaging.enqueue_message('note', '{sms}', '{}', '1')) FROM generate_series(1, 1000);
CREATE FUNCTION pg_temp.reads(call text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    before bigint;
    after bigint;
    count CONSTANT text := 'SELECT sum(seq_tup_read + coalesce(idx_tup_fetch, 0)) FROM pg_stat_xact_user_tables
                            WHERE schemaname = ''messaging''';
BEGIN
    EXECUTE count INTO before;
    EXECUTE call;
    EXECUTE count INTO after;
    RETURN after - before;
END
$$;
SELECT pg_temp.reads('SELECT messaging_private.end_expired(clock_timestamp(), 10)') AS reads;
-- A part that would not expire when its message does is found.
UPDATE messaging.messages SET expires_at = '2100-01-01 00:00Z' WHERE id = 6;
SELECT check_name, subject, expected, actual FROM messaging.verify();
UPDATE messaging.messages SET expires_at = NULL WHERE id = 6;
SELECT * FROM bourse.verify();
