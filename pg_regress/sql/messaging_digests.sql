-- What goes wrong with a digest, or with one message, stops no other, and its channel still less.
SET client_min_messages = warning;
SELECT identity.register('digest ann') AS ann \gset
CREATE FUNCTION pg_temp.lease_of(message bigint) RETURNS uuid LANGUAGE sql
    AS $$ SELECT d.lease FROM messaging.deliveries d WHERE d.message_id = message AND d.status = 'running' $$;
CREATE FUNCTION pg_temp.make_due(key text) RETURNS bigint LANGUAGE sql AS $$
    WITH due AS (UPDATE messaging.deliveries d SET claimable_at = now() - interval '1 s'
                 WHERE d.digest_key = key AND d.status = 'pending' AND d.digest_count > 0 RETURNING 1)
    SELECT count(*) FROM due $$;
CREATE VIEW pg_temp.attempts AS SELECT s.channel, s.attempt, s.status, s.error_message FROM messaging.delivery_status s
ORDER BY s.id;

-- Given back while a newer one is open: both go out.
SELECT messaging.set_preferences(:ann, 'back', digest => '1 minute');
SELECT messaging.enqueue_message('note', '{back}', '{"n": 1}', :'ann', digest_key => 'b') AS one \gset
SELECT pg_temp.make_due('b');
SELECT message_id AS digest FROM messaging.claim('w', 'back') \gset
SELECT messaging.enqueue_message('note', '{back}', '{"n": 2}', :'ann', digest_key => 'b') AS two \gset
SELECT messaging.release(pg_temp.lease_of(:digest), :digest);
-- It takes nothing in any more.
SELECT messaging.enqueue_message('note', '{back}', '{"n": 3}', :'ann', digest_key => 'b') AS three \gset
SELECT d.message_id = :digest AS first, d.digest_count FROM messaging.deliveries d
WHERE d.digest_key = 'b' ORDER BY d.id;
SELECT pg_temp.make_due('b');
SELECT m.message_id = :digest AS first, jsonb_path_query_array(m.content, '$.messages[*].content.n') AS told,
       messaging.ack(m.lease, m.message_id)
FROM messaging.claim('w', 'back') m ORDER BY m.message_id;
SELECT m.status, count(*) FROM messaging.messages m WHERE m.digest_key = 'b' GROUP BY m.status;

-- A provider has reported on a message before its digest goes out.
SELECT messaging.set_preferences(:ann, 'told', digest => '1 minute');
SELECT messaging.enqueue_message('note', '{told}', '{}', :'ann', digest_key => 't') AS told \gset
SELECT messaging.record_delivery_status(:told, 'told', 'BOUNCED') > 0 AS told;
UPDATE messaging.deliveries d SET attempts_before = 0 WHERE d.message_id = :told;
SELECT pg_temp.make_due('t');
SELECT message_id AS digest FROM messaging.claim('w', 'told') \gset
SELECT messaging.ack(pg_temp.lease_of(:digest), :digest);
SELECT attempt, status FROM pg_temp.attempts WHERE channel = 'told';
-- By itself, too, however its worker ends.
SELECT messaging.enqueue_message('note', '{alone}', '{}', :'ann') AS acked \gset
SELECT messaging.enqueue_message('note', '{alone}', '{}', :'ann') AS dies \gset
SELECT count(messaging.record_delivery_status(id, 'alone', 'BOUNCED')) FROM unnest(ARRAY[:acked, :dies]) id;
UPDATE messaging.deliveries d SET attempts_before = 0 WHERE d.channel = 'alone';
SELECT count(*) FROM messaging.claim('w', 'alone', 2, '5 s');
SELECT messaging.ack(pg_temp.lease_of(:acked), :acked);
UPDATE messaging.deliveries d SET claimable_at = d.claimable_at - interval '6 s' WHERE d.message_id = :dies;
SELECT count(*) AS handed_out FROM messaging.claim('w', 'alone');
SELECT attempt, status, error_message FROM pg_temp.attempts WHERE channel = 'alone';

-- Of delivery first, replayed: what comes to its next channel again goes by itself, and can be told.
SELECT messaging.set_preferences(:ann, 'kh', digest => '1 minute');
SELECT messaging.enqueue_message('note', '{kg,kh}', '{}', :'ann', delivery => 'first', digest_key => 'k',
                                 max_retries => 0) AS chain \gset
SELECT messaging.fail(lease, message_id, 'no', permanent => true) FROM messaging.claim('w', 'kg');
SELECT messaging.fail(lease, message_id, 'no', permanent => true) FROM messaging.claim('w', 'kh');
SELECT messaging.replay('kg');
SELECT messaging.fail(lease, message_id, 'no', permanent => true) FROM messaging.claim('w', 'kg');
SELECT messaging.ack(lease, message_id) FROM messaging.claim('w', 'kh');
SELECT channel, attempt, status FROM pg_temp.attempts WHERE channel IN ('kg', 'kh');
SELECT m.status FROM messaging.messages m WHERE m.id = :chain;

-- What expires while it waits is not told, and does not go out.
SELECT messaging.set_preferences(:ann, 'late', digest => '1 minute');
SELECT messaging.enqueue_message('note', '{late}', '{"n": 1}', :'ann', digest_key => 'l') AS stays \gset
SELECT messaging.enqueue_message('note', '{late}', '{"n": 2}', :'ann', digest_key => 'l',
                                 expires_at => now() + interval '1 day') AS expires \gset
UPDATE messaging.messages m SET scheduled_for = now() - interval '1 h', expires_at = now() - interval '1 s'
WHERE m.id = :expires;
UPDATE messaging.deliveries d SET expires_at = now() - interval '1 s' WHERE d.message_id = :expires;
SELECT pg_temp.make_due('l');
SELECT jsonb_path_query_array(m.content, '$.messages[*].content.n') AS told, messaging.ack(m.lease, m.message_id)
FROM messaging.claim('w', 'late') m;
SELECT m.id = :stays AS stays, m.status FROM messaging.messages m WHERE m.id IN (:stays, :expires) ORDER BY m.id;
-- Nor is what is cancelled. What has ended does not point to its digest any more: that is deleted when it is delivered,
-- and a dump would not be restored.
SELECT messaging.enqueue_message('note', '{late}', '{"n": 3}', :'ann', digest_key => 'm') AS leaves \gset
SELECT messaging.enqueue_message('note', '{late}', '{"n": 4}', :'ann', digest_key => 'm') AS stays \gset
SELECT messaging.cancel(:leaves);
SELECT pg_temp.make_due('m');
SELECT jsonb_path_query_array(m.content, '$.messages[*].content.n') AS told, messaging.ack(m.lease, m.message_id)
FROM messaging.claim('w', 'late') m;
SELECT d.status, d.digest_id FROM messaging.deliveries d WHERE d.message_id IN (:expires, :leaves) ORDER BY d.id;
-- verify() sees it.
SELECT messaging.enqueue_message('note', '{late}', '{"n": 5}', :'ann', digest_key => 'n') AS living \gset
UPDATE messaging.deliveries d
SET digest_id = (SELECT l.digest_id FROM messaging.deliveries l WHERE l.message_id = :living)
WHERE d.message_id IN (:expires, :leaves);
SELECT v.check_name, v.expected, v.actual IS NOT NULL AS actual FROM messaging.verify() v;
UPDATE messaging.deliveries d SET digest_id = NULL WHERE d.message_id IN (:expires, :leaves);
SELECT * FROM messaging.verify();

-- A message that cannot be ended: it is a dead letter, which says why, and the others are handed out.
CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql SET search_path = pg_catalog, pg_temp AS $$ BEGIN
    RAISE EXCEPTION USING ERRCODE = '22012', MESSAGE = 'poison';
END $$;
CREATE TRIGGER poison AFTER UPDATE ON messaging.messages FOR EACH ROW
    WHEN (NEW.status = 'CANCELLED' AND NEW.message_type = 'poison') EXECUTE FUNCTION poison();
SELECT messaging.enqueue_message('poison', '{sick}', '{}', :'ann', expires_at => now() + interval '1 day') AS sick \gset
SELECT messaging.enqueue_message('note', '{sick}', '{}', :'ann') AS sound \gset
UPDATE messaging.messages m SET scheduled_for = now() - interval '1 h', expires_at = now() - interval '1 s'
WHERE m.id = :sick;
UPDATE messaging.deliveries d SET expires_at = now() - interval '1 s' WHERE d.message_id = :sick;
SELECT message_id = :sound AS sound FROM messaging.claim('w', 'sick');
SELECT l.message_id = :sick AS sick, l.error FROM messaging.dead_letters l WHERE l.channel = 'sick';
SELECT m.status, m.last_error FROM messaging.messages m WHERE m.id = :sick;
-- In a digest it fails with it.
SELECT messaging.set_preferences(:ann, 'ill', digest => '1 minute');
SELECT messaging.enqueue_message('poison', '{ill}', '{}', :'ann', digest_key => 'i') AS sick \gset
SELECT messaging.cancel(:sick);
SELECT pg_temp.make_due('i');
SELECT messaging.enqueue_message('note', '{ill}', '{}', :'ann') AS sound \gset
SELECT message_id = :sound AS sound FROM messaging.claim('w', 'ill');
SELECT m.message_type, m.status, l.error FROM messaging.messages m
JOIN messaging.dead_letters l ON l.message_id = m.id WHERE l.channel = 'ill' ORDER BY m.id;
-- Where nobody claims, the ticker comes by it.
SELECT messaging.enqueue_message('poison', '{sick}', '{}', :'ann', expires_at => now() + interval '1 day') AS sick \gset
UPDATE messaging.messages m SET scheduled_for = now() - interval '1 h', expires_at = now() - interval '1 s'
WHERE m.id = :sick;
UPDATE messaging.deliveries d SET expires_at = now() - interval '1 s' WHERE d.message_id = :sick;
SELECT messaging_private.end_expired(clock_timestamp(), 10) >= 1 AS ended;
SELECT m.status, m.last_error FROM messaging.messages m WHERE m.id = :sick;
DROP TRIGGER poison ON messaging.messages;
DROP FUNCTION poison();
SELECT * FROM messaging.verify();
-- What another attempt may do without is raised.
SELECT refusal($$ SELECT bourse_private.raise_again('40P01', 'deadlock') $$);
SELECT refusal($$ SELECT bourse_private.raise_again('55P03', 'locked') $$);
SELECT bourse_private.raise_again('22012', 'division');
