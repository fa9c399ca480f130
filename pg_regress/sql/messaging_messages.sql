-- Messages: enqueued, claimed for a channel under a lease, delivered or not, tried again, replayed.
SET datestyle = 'ISO';
SET timezone = 'UTC';
SET client_min_messages = warning;
SELECT identity.register('messages ann') AS ann \gset
SELECT identity.register('messages bob') AS bob \gset
CREATE ROLE messages_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE messages_worker LOGIN IN ROLE bourse_worker;
UPDATE identity.users SET db_role = 'messages_ann' WHERE id = :ann;
CREATE VIEW pg_temp.letters AS SELECT m.id, m.status, m.retry_count AS retries, left(m.last_error, 40) AS last_error,
    m.locked_by, m.processed_at IS NOT NULL AS ended FROM messaging.messages m ORDER BY m.id;
CREATE VIEW pg_temp.parts AS SELECT d.message_id AS id, d.channel, d.status, d.attempts_before + d.attempt AS attempts,
    left(d.last_error, 40) AS error FROM messaging.deliveries d ORDER BY d.id;
CREATE VIEW pg_temp.attempts AS SELECT s.message_id AS id, s.channel, s.attempt, s.status, s.error_message,
    s.external_id, s.response_time_ms AS ms FROM messaging.delivery_status s ORDER BY s.id;
CREATE FUNCTION pg_temp.lease_of(message bigint) RETURNS uuid LANGUAGE sql
    AS $$ SELECT d.lease FROM messaging.deliveries d WHERE d.message_id = message AND d.status = 'running' $$;
-- Time that has passed.
CREATE FUNCTION pg_temp.pass(message bigint, seconds integer) RETURNS void LANGUAGE sql AS
$$ UPDATE messaging.deliveries d SET claimable_at = d.claimable_at - make_interval(secs => seconds)
   WHERE d.message_id = message $$;
CREATE FUNCTION pg_temp.refused(call text) RETURNS text LANGUAGE sql AS
$$ SELECT regexp_replace(refusal('SELECT messaging.' || call), '[0-9a-f-]{36}', 'L') $$;

-- A message is enqueued, claimed, delivered. What the worker is told of it:
SELECT messaging.enqueue_message('fill', '{email}', '{"symbol": "BTC-USD"}', :'ann', 'HIGH', 'fill.html',
                                 '{"trade": 7}') AS first \gset
SELECT m.message_id = :first AS first, m.lease IS NOT NULL AS leased, m.attempt, m.recipient_id = :'ann' AS ann,
    m.content, m.message_type, m.template_name, m.metadata, m.priority FROM messaging.claim('w1', 'email') m;
SELECT count(*) AS nothing_left FROM messaging.claim('w2', 'email');
SELECT count(*) AS of_another_channel FROM messaging.claim('w2', 'telegram');
SELECT status, locked_by, locked_at IS NOT NULL AS locked, user_id = :ann AS ann FROM messaging.messages;
SELECT messaging.ack(pg_temp.lease_of(:first), :first, 'smtp-1', 120);
SELECT * FROM pg_temp.letters;
SELECT * FROM pg_temp.attempts;
SELECT count(*) AS parts FROM messaging.deliveries;
-- Whoever does not hold it is told so, and changes nothing.
SELECT pg_temp.refused(format('ack(%L, %s)', gen_random_uuid(), :first));
SELECT pg_temp.refused(format('fail(%L, -1, %L)', gen_random_uuid(), 'x'));
SELECT pg_temp.refused(format('release(%L, %s)', gen_random_uuid(), :first));

-- The most urgent comes first, then what was enqueued first; what is due later waits; a message goes by all channels.
TRUNCATE messaging.messages RESTART IDENTITY CASCADE;
SELECT count(messaging.enqueue_message('note', '{email,sms}', '{}', :'ann', p))
FROM unnest('{LOW,NORMAL,CRITICAL,HIGH}'::text[]) p;
SELECT messaging.enqueue_message('note', '{email}', '{}', :'ann', scheduled_for => now() + interval '1 hour');
SELECT m.message_id, m.priority FROM messaging.claim('w1', 'email', 10) m;
SELECT m.message_id, m.priority FROM messaging.claim('w1', 'sms', 2) m;
SELECT id, priority, channel, claimable_at > now() AS later FROM messaging.v_pending_messages;
SELECT messaging.ack(d.lease, 3) FROM messaging.deliveries d WHERE d.message_id = 3 AND d.channel = 'email';
SELECT * FROM pg_temp.letters WHERE id = 3;
SELECT messaging.ack(d.lease, 3) FROM messaging.deliveries d WHERE d.message_id = 3 AND d.channel = 'sms';
SELECT * FROM pg_temp.letters WHERE id = 3;
-- Of all channels one that has failed for good makes it FAILED, when the last of them has ended.
SELECT messaging.fail(d.lease, 4, 'no such number', permanent => true) FROM messaging.deliveries d
WHERE d.message_id = 4 AND d.channel = 'sms';
SELECT * FROM pg_temp.letters WHERE id = 4;
SELECT messaging.ack(d.lease, 4) FROM messaging.deliveries d WHERE d.message_id = 4 AND d.channel = 'email';
SELECT * FROM pg_temp.letters WHERE id = 4;
SELECT * FROM pg_temp.attempts;

-- A worker dies. After its lease the next claim has the message, and the dead one's word counts for nothing.
TRUNCATE messaging.messages RESTART IDENTITY CASCADE;
SELECT messaging.enqueue_message('note', '{email}', '{}', :'ann', max_retries => 1);
SELECT m.lease AS dead FROM messaging.claim('w1', 'email', 1, '5 s') m \gset
SELECT pg_temp.pass(1, 4);
SELECT count(*) AS not_yet FROM messaging.claim('w2', 'email');
SELECT pg_temp.pass(1, 2);
SELECT pg_temp.refused(format('ack(%L, 1)', :'dead'));
SELECT m.message_id, m.attempt FROM messaging.claim('w2', 'email') m;
SELECT pg_temp.refused(format('ack(%L, 1)', :'dead'));
SELECT locked_by FROM messaging.messages;
-- The second attempt was the last: a dead letter, that can be replayed. Attempts count on.
SELECT pg_temp.pass(1, 31);
SELECT count(*) FROM messaging.claim('w3', 'email');
SELECT * FROM pg_temp.letters;
SELECT message_id, channel, attempts, error, worker FROM messaging.dead_letters;
SELECT messaging.replay('sms') AS others, messaging.replay('email', now() + interval '1 hour') AS later,
    messaging.replay('email') AS replayed, messaging.replay() AS again;
SELECT m.attempt FROM messaging.claim('w3', 'email') m;
SELECT messaging.ack(pg_temp.lease_of(1), 1);
SELECT * FROM pg_temp.letters;
SELECT * FROM pg_temp.attempts;

-- Failures: again after the backoff, or when the provider says so.
TRUNCATE messaging.messages RESTART IDENTITY CASCADE;
SELECT messaging.enqueue_message('note', '{email}', '{}', :'ann', max_retries => 2);
SELECT m.message_id FROM messaging.claim('w1', 'email') m;
SELECT messaging.fail(pg_temp.lease_of(1), 1, '421 try again');
SELECT claimable_at - clock_timestamp() BETWEEN '11 s' AND '15 s' AS backoff FROM messaging.deliveries;
SELECT * FROM pg_temp.letters;
SELECT count(*) AS not_yet FROM messaging.v_retry_eligible_messages;
SELECT pg_temp.pass(1, 15);
SELECT id, channel, attempt, last_error FROM messaging.v_retry_eligible_messages;
SELECT m.attempt FROM messaging.claim('w1', 'email') m;
SELECT messaging.fail(pg_temp.lease_of(1), 1, '429 slow down', '1 hour');
SELECT claimable_at - clock_timestamp() BETWEEN '59 min' AND '60 min' AS as_asked FROM messaging.deliveries;
-- Given back: the attempt does not count.
SELECT pg_temp.pass(1, 3600);
SELECT m.attempt FROM messaging.claim('w1', 'email') m;
SELECT messaging.release(pg_temp.lease_of(1), 1);
SELECT * FROM pg_temp.letters;
SELECT m.attempt FROM messaging.claim('w1', 'email') m;
SELECT messaging.fail(pg_temp.lease_of(1), 1, repeat('x', 3000));
SELECT status, length(last_error) FROM messaging.deliveries;
SELECT channel, pending, processing, failed FROM messaging.get_queue_statistics();

-- G18: the first channel fails for good, the next one of the chain is tried; every attempt stands, and somebody is told
-- that the first one fails.
TRUNCATE messaging.messages RESTART IDENTITY CASCADE;
SELECT messaging.enqueue_message('alert', '{telegram,sms,email}', '{}', :'ann', delivery => 'first', max_retries => 1);
SELECT * FROM pg_temp.parts;
SELECT m.message_id FROM messaging.claim('w1', 'telegram') m;
SELECT messaging.fail(pg_temp.lease_of(1), 1, 'timeout', '0 s');
SELECT m.message_id FROM messaging.claim('w1', 'telegram') m;
SELECT messaging.fail(pg_temp.lease_of(1), 1, 'timeout again');
SELECT * FROM pg_temp.parts ORDER BY channel;
SELECT * FROM pg_temp.letters;
SELECT count(*) AS no_dead_letter_yet FROM messaging.dead_letters;
SELECT m.message_id, m.attempt FROM messaging.claim('w1', 'sms') m;
SELECT messaging.fail(pg_temp.lease_of(1), 1, 'blocked', permanent => true);
SELECT m.message_id, m.attempt FROM messaging.claim('w1', 'email') m;
SELECT messaging.ack(pg_temp.lease_of(1), 1);
SELECT * FROM pg_temp.letters;
SELECT * FROM pg_temp.attempts;
SELECT count(*) AS no_dead_letters FROM messaging.dead_letters;
SELECT messaging.replay() AS nothing_to_replay;
SELECT severity, alert, subject, detail FROM bourse.alerts() WHERE alert = 'channel_fails' ORDER BY subject;
-- When all have failed it has failed; replayed, the chain begins anew, or at the channel that is named.
SELECT messaging.enqueue_message('alert', '{sms,email}', '{}', :'ann', delivery => 'first', max_retries => 0);
SELECT m.message_id FROM messaging.claim('w1', 'sms') m;
SELECT messaging.fail(pg_temp.lease_of(2), 2, 'no');
SELECT m.message_id FROM messaging.claim('w1', 'email') m;
SELECT messaging.fail(pg_temp.lease_of(2), 2, 'neither');
SELECT * FROM pg_temp.letters WHERE id = 2;
SELECT message_id, channel, error FROM messaging.dead_letters ORDER BY id;
SELECT messaging.replay();
SELECT * FROM pg_temp.parts WHERE id = 2;
SELECT * FROM pg_temp.letters WHERE id = 2;
SELECT m.attempt FROM messaging.claim('w1', 'sms') m;
SELECT messaging.fail(pg_temp.lease_of(2), 2, 'no');
SELECT m.attempt FROM messaging.claim('w1', 'email') m;
SELECT messaging.fail(pg_temp.lease_of(2), 2, 'neither');
SELECT messaging.replay('email');
SELECT * FROM pg_temp.parts WHERE id = 2 ORDER BY channel;
SELECT m.attempt FROM messaging.claim('w1', 'email') m;
SELECT messaging.ack(pg_temp.lease_of(2), 2);
SELECT * FROM pg_temp.letters WHERE id = 2;
SELECT * FROM messaging.verify();

-- What has expired nobody gets, not even on the next channel. What is cancelled neither, but what is sent arrives.
TRUNCATE messaging.messages RESTART IDENTITY CASCADE;
SELECT messaging.enqueue_message('quote', '{sms,email}', '{}', :'ann', delivery => 'first',
                                 expires_at => now() + interval '1 hour');
UPDATE messaging.messages SET expires_at = '2026-11-01';
SELECT count(*) AS expired FROM messaging.claim('w1', 'sms');
SELECT id, status, last_error FROM messaging.messages;
SELECT id, channel, status FROM pg_temp.parts;
SELECT messaging.enqueue_message('note', '{sms,email}', '{}', :'ann');
SELECT m.lease, m.message_id FROM messaging.claim('w1', 'sms') m \gset
SELECT messaging.cancel(:message_id), messaging.cancel(:message_id) AS again;
SELECT pg_temp.refused(format('ack(%L, 2)', :'lease'));
SELECT count(*) FROM messaging.claim('w1', 'email');
SELECT * FROM pg_temp.letters;
SELECT * FROM pg_temp.parts;

-- The same key is the same message, once: a retry gets its id, anything else is refused.
TRUNCATE messaging.messages RESTART IDENTITY CASCADE;
SELECT messaging.enqueue_message('note', '{sms}', '{"n": 1}', :'ann', idempotency_key => 'k') AS made,
    messaging.enqueue_message('note', '{sms}', '{"n": 1}', :'ann', idempotency_key => 'k',
                              scheduled_for => now() + interval '1 day') AS again;
SELECT pg_temp.refused(format('enqueue_message(%L, %L, %L, %L, idempotency_key => %L)', 'note', '{sms}', '{"n": 2}',
    :'ann', 'k'));
SELECT pg_temp.refused(format('enqueue_message(%L, %L, %L, %L, %L, idempotency_key => %L)', 'note', '{sms,email}',
    '{"n": 1}', :'bob', 'LOW', 'k'));
SELECT count(*) FROM messaging.deliveries;

-- Rights: a user sees, enqueues and cancels his own, and his keys are his; claims are for workers.
SELECT messaging.enqueue_message('note', '{sms}', '{}', :'bob') AS of_bob,
    messaging.enqueue_message('note', '{ops}', '{}') AS of_nobody,
    messaging.enqueue_message('note', '{sms}', '{}', 'chat:17') AS to_an_address \gset
INSERT INTO messaging.channel_configs (channel) VALUES ('sms');
SET SESSION AUTHORIZATION messages_ann;
SELECT messaging.enqueue_message('note', '{sms}', '{"n": 2}', idempotency_key => 'k') AS mine \gset
SELECT id = :mine AS mine, recipient_id = :'ann' AS ann, sender_id = :ann AS by_ann FROM messaging.messages ORDER BY id;
SELECT count(*) FROM messaging.deliveries;
SELECT messaging.cancel(:mine);
SELECT call, pg_temp.refused(call) FROM unnest(ARRAY[
    'cancel(' || :of_bob || ')', 'cancel(' || :of_nobody || ')', 'cancel(-1)', 'cancel(NULL)',
    format('enqueue_message(%L, %L, %L, %L)', 'note', '{sms}', '{}', :'bob'),
    format('enqueue_message(%L, %L, %L, %L)', 'note', '{sms}', '{}', 'chat:17'), 'claim(''me'', ''sms'')',
    'ack(gen_random_uuid(), 1)', 'fail(gen_random_uuid(), 1, ''x'')', 'release(gen_random_uuid(), 1)', 'replay()',
    'take_tokens(NULL, ''sms'')', 'update_message_status(1, ''FAILED'')', 'get_queue_statistics()',
    'record_delivery_status(1, ''sms'', ''BOUNCED'')',
    'cleanup_old_messages()', 'set_rate_limit(''*'', ''sms'', 1, 1)'])
    WITH ORDINALITY c (call, n) ORDER BY n;
SELECT refusal('UPDATE messaging.messages SET status = ''FAILED''') AS no_update,
    refusal('INSERT INTO messaging.deliveries (message_id, channel) VALUES (1, ''x'')') AS no_insert,
    refusal('DELETE FROM messaging.delivery_status') AS no_delete;
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION messages_worker;
SELECT m.message_id, m.recipient_id FROM messaging.claim('w1', 'ops') m;
SELECT count(*) AS of_all FROM messaging.messages;
RESET SESSION AUTHORIZATION;

-- What is out of bounds.
SELECT call, pg_temp.refused(replace(call, 'M(', 'enqueue_message(')) FROM unnest(ARRAY[
    'M(NULL, ''{a}'', ''{}'')', 'M(''x'', NULL, ''{}'')', 'M(''x'', ''{a}'', NULL)', 'M(''X'', ''{a}'', ''{}'')',
    'M(''x'', ''{}'', ''{}'')', 'M(''x'', ''{a,a}'', ''{}'')', 'M(''x'', ''{A}'', ''{}'')',
    'M(''x'', ''{NULL}'', ''{}'')',
    'M(''x'', ''{a}'', ''[]'')', 'M(''x'', ''{a}'', ''{}'', ''*'')', 'M(''x'', ''{a}'', ''{}'', '''')',
    'M(''x'', ''{a}'', ''{}'', ''123456789'')', 'M(''x'', ''{a}'', ''{}'', ''007'')',
    'M(''x'', ''{a}'', ''{}'', ''12345678901234567890'')', 'M(''x'', ''{a}'', ''{}'', priority => ''URGENT'')',
    'M(''x'', ''{a}'', ''{}'', priority => NULL)', 'M(''x'', ''{a}'', ''{}'', delivery => ''any'')',
    'M(''x'', ''{a}'', ''{}'', metadata => ''1'')', 'M(''x'', ''{a}'', ''{}'', template_name => '''')',
    'M(''x'', ''{a}'', ''{}'', max_retries => 100)', 'M(''x'', ''{a}'', ''{}'', scheduled_for => ''infinity'')',
    'M(''x'', ''{a}'', ''{}'', scheduled_for => ''2030-01-02'', expires_at => ''2030-01-01'')',
    'M(''x'', ''{a}'', ''{}'', idempotency_key => repeat(''k'', 201))', 'claim(NULL, ''a'')', 'claim(''w'', NULL)',
    'claim(''w'', ''a'', 0)', 'claim(''w'', ''a'', 1, ''2 days'')', 'ack(NULL, 1)', 'ack(gen_random_uuid(), NULL)',
    'ack(gen_random_uuid(), 1, repeat(''x'', 256))', 'ack(gen_random_uuid(), 1, NULL, -1)', 'fail(NULL, 1, ''x'')',
    'fail(gen_random_uuid(), 1, NULL)', 'fail(gen_random_uuid(), 1, ''x'', ''-1 s'')', 'replay("limit" => 0)'])
    WITH ORDINALITY c (call, n) ORDER BY n;
UPDATE identity.users SET db_role = NULL WHERE id = :ann;
DROP ROLE messages_ann, messages_worker;
