-- Channels and their configuration, what providers and operators say of messages, how long messages stay, what is said
-- of them, and what becomes of a person's.
SET datestyle = 'ISO';
SET timezone = 'UTC';
SET client_min_messages = warning;
SELECT identity.register('operations ann') AS ann, identity.register('operations bob') AS bob \gset
CREATE ROLE operations_viewer LOGIN IN ROLE bourse_viewer;
CREATE FUNCTION pg_temp.refused(call text) RETURNS text LANGUAGE sql AS
$$ SELECT regexp_replace(refusal('SELECT messaging.' || call), '[0-9a-f-]{36}', 'L') $$;
CREATE FUNCTION pg_temp.lease_of(message bigint) RETURNS uuid LANGUAGE sql
    AS $$ SELECT d.lease FROM messaging.deliveries d WHERE d.message_id = message AND d.status = 'running' $$;
CREATE VIEW pg_temp.attempts AS SELECT s.message_id AS id, s.channel, s.attempt, s.status, s.error_message AS error,
    s.external_id, s.response_time_ms AS ms, s.delivered_at IS NOT NULL AS delivered
    FROM messaging.delivery_status s ORDER BY s.id;

-- A configuration has no secrets: not by the name of a key, at any depth, nor by the look of a value.
INSERT INTO messaging.channel_configs (channel, config)
VALUES ('email', '{"host": "mail.example", "port": 587, "login_in": "SMTP_LOGIN", "from": "desk@example.com"}');
SELECT config, refusal(format('UPDATE messaging.channel_configs SET config = %L', config)) FROM unnest(ARRAY[
    '{"password": "x"}', '{"smtp": {"auth": [{"apiKey": "x"}]}}', '{"bot_token": "x"}', '{"x-api-key": "x"}',
    '{"url": "smtp://me:pass@mail.example"}', '{"url": "https://hooks.slack.com/services/T0/B0/xyz"}',
    '{"bot": "123456789:AAabcdefghijklmnopqrstuvwxyz_-ABCDEFGH"}', '{"a": ["eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.x"]}',
    '{"pem": "-----BEGIN RSA PRIVATE KEY-----"}', '{"id": "AKIAIOSFODNN7EXAMPLE"}', '{"h": "Bearer abcdefgh12345678"}',
    '{"AKIAIOSFODNN7EXAMPLE": 1}', '{"brs": "brs_0123456789abcdef"}']) config;
SELECT config, refusal(format('UPDATE messaging.channel_configs SET config = %L', config)) FROM unnest(ARRAY[
    '{"url": "https://mail.example:8443/send?x=a@b", "chat": "-1001234567890"}', '{"login_in": "vault:smtp"}',
    '{"password": null, "has_token": true}']) config;
SELECT refusal($$INSERT INTO messaging.channel_configs (channel, config) VALUES ('sms', '{"secret": "x"}')$$);
SET SESSION AUTHORIZATION operations_viewer;
SELECT channel, enabled, rate_limit_per_minute, max_retries, timeout_seconds FROM messaging.channel_configs;
SELECT refusal('UPDATE messaging.channel_configs SET enabled = false');
RESET SESSION AUTHORIZATION;
-- Its max_retries is the most that a message gets there.
UPDATE messaging.channel_configs SET max_retries = 1;
SELECT messaging.enqueue_message('note', '{email,sms}', '{}', :'ann', max_retries => 5);
SELECT channel, max_attempts FROM messaging.deliveries ORDER BY channel;

-- What a provider reports: of the last attempt; after one that has failed it is another.
TRUNCATE messaging.messages RESTART IDENTITY CASCADE;
SELECT messaging.enqueue_message('note', '{email}', '{}', :'ann');
SELECT count(*) FROM messaging.claim('w1', 'email');
SELECT messaging.record_delivery_status(1, 'email', 'SENT', 12, external_id => 'x') > 0 AS while_it_is_held;
SELECT messaging.ack(pg_temp.lease_of(1), 1, 'smtp-1');
SELECT messaging.record_delivery_status(1, 'email', 'BOUNCED', error_message => 'mailbox full') > 0 AS bounced;
SELECT messaging.record_delivery_status(1, 'email', 'DELIVERED') > 0 AS after_that;
SELECT * FROM pg_temp.attempts;
SELECT status FROM messaging.messages;
SELECT call, pg_temp.refused('record_delivery_status(' || call || ')') FROM unnest(ARRAY['-1, ''email'', ''SENT''',
    '1, NULL, ''SENT''', '1, ''sms'', ''SENT''', '1, ''email'', ''LOST''', '1, ''email'', NULL',
    '1, ''email'', ''SENT'', -1', '1, ''email'', ''SENT'', NULL, NULL, repeat(''x'', 256)'])
    WITH ORDINALITY c (call, n) ORDER BY n;
SELECT channel, attempts, delivered, failed, bounced, success_rate, average_response_time_ms
FROM messaging.v_delivery_stats;

-- What an operator says of a message counts more than what its parts say.
TRUNCATE messaging.messages RESTART IDENTITY CASCADE;
SELECT count(messaging.enqueue_message('note', '{email,sms}', '{}', :'ann')) FROM generate_series(1, 4);
SELECT count(*) FROM messaging.claim('w1', 'email');
SELECT messaging.update_message_status(1, 'DELIVERED'), messaging.update_message_status(2, 'FAILED', 'by hand'),
    messaging.update_message_status(3, 'CANCELLED'), messaging.update_message_status(4, 'PENDING'),
    messaging.update_message_status(5, 'FAILED') AS unknown;
SELECT id, status, last_error, processed_at IS NOT NULL AS ended FROM messaging.messages ORDER BY id;
SELECT message_id, channel, status, last_error FROM messaging.deliveries ORDER BY message_id, channel;
SELECT * FROM pg_temp.attempts;
SELECT pg_temp.refused(format('ack(%L, 4)', gen_random_uuid()));
SELECT messaging.update_message_status(2, 'PENDING');
SELECT id, status FROM messaging.messages WHERE id = 2;
SELECT m.message_id, m.attempt FROM messaging.claim('w1', 'email') m ORDER BY 1;
SELECT call, pg_temp.refused('update_message_status(' || call || ')') FROM unnest(ARRAY['1, ''PROCESSING''',
    '1, NULL', '1, ''PENDING''']) WITH ORDINALITY c (call, n) ORDER BY n;
SELECT * FROM messaging.verify();

-- What monitors are told.
SELECT name, value, labels FROM bourse.metrics() WHERE name = 'messaging_failed_deliveries' ORDER BY labels;
SELECT count(*) AS lag FROM bourse.metrics()
WHERE name = 'bourse_queue_lag_seconds' AND labels ->> 'queue' = 'messaging.deliveries' AND value >= 0;
SELECT channel, pending, due, retrying, processing, failed, oldest_due IS NOT NULL AS has_due
FROM messaging.get_queue_statistics();
UPDATE messaging.deliveries SET claimable_at = now() - interval '1 h' WHERE message_id = 4 AND channel = 'sms';
SELECT bourse_private.queue_lag('messaging.deliveries') BETWEEN '59 min' AND '61 min' AS an_hour;
-- A message that nobody will end, or that goes out after its end, is found.
BEGIN;
UPDATE messaging.messages SET status = 'DELIVERED', processed_at = now() WHERE id = 4;
DELETE FROM messaging.deliveries WHERE message_id = 2;
SELECT v.module, v.check_name, v.subject, v.expected, v.actual FROM bourse.verify() v WHERE v.module = 'messaging'
ORDER BY v.check_name, v.actual;
ROLLBACK;
-- What a table refuses, whoever writes.
SELECT change, refusal(change) FROM unnest(ARRAY[
    'UPDATE messaging.messages SET status = ''DONE''', 'UPDATE messaging.messages SET priority = ''URGENT''',
    'UPDATE messaging.messages SET channels = ''{}''', 'UPDATE messaging.messages SET delivery = ''any''',
    'UPDATE messaging.messages SET retry_count = -1', 'UPDATE messaging.messages SET max_retries = 100',
    'UPDATE messaging.messages SET message_type = ''''', 'UPDATE messaging.messages SET recipient_id = ''7x''',
    'UPDATE messaging.messages SET user_id = NULL, recipient_id = ''''',
    'UPDATE messaging.messages SET digest_key = ''''',
    'UPDATE messaging.messages SET template_name = ''''', 'UPDATE messaging.messages SET idempotency_key = ''''',
    'UPDATE messaging.messages SET status = ''FAILED'' WHERE processed_at IS NULL',
    'UPDATE messaging.deliveries SET status = ''done''', 'UPDATE messaging.deliveries SET lease = NULL',
    'UPDATE messaging.deliveries SET digest_key = ''k''', 'UPDATE messaging.deliveries SET digest_id = id',
    'UPDATE messaging.delivery_status SET status = ''LOST''', 'UPDATE messaging.delivery_status SET attempt = 0',
    'UPDATE messaging.delivery_status SET response_time_ms = -1',
    'UPDATE messaging.delivery_status SET external_id = repeat(''x'', 256)',
    'INSERT INTO messaging.channel_configs (channel) VALUES (''A'')',
    'UPDATE messaging.channel_configs SET config = ''[]''', 'UPDATE messaging.channel_configs SET max_retries = -1',
    'UPDATE messaging.channel_configs SET rate_limit_per_minute = 0',
    'UPDATE messaging.channel_configs SET channel_limit_per_minute = 0',
    'UPDATE messaging.channel_configs SET timeout_seconds = 0',
    format('INSERT INTO messaging.preferences (user_id, channel, quiet_from) VALUES (%s, ''a'', ''1:00'')', :ann),
    format('INSERT INTO messaging.preferences (user_id, channel, digest) VALUES (%s, ''a'', ''1 s'')', :ann)])
    WITH ORDINALITY c (change, n) ORDER BY n;

SELECT bucket, refusal('INSERT INTO messaging.rate_limits (user_id, channel, tokens, max_tokens, refill_rate) VALUES '
    || bucket) FROM unnest(ARRAY['(''x'', ''a'', 2, 1, 1)', '(''x'', ''a'', 0, 0, 1)', '(''x'', ''a'', 0, 1, 0)',
    '('''', ''a'', 0, 1, 1)', '(''x'', ''a'', -1, 1, 1)']) bucket;

-- Retention: what was delivered or cancelled goes to the archive, with its attempts; what has failed goes, later.
SELECT name, keep, only_status, move_to FROM bourse.policies
WHERE schema_name = 'messaging' AND partition_by IS NULL ORDER BY table_name, name;
TRUNCATE messaging.messages RESTART IDENTITY CASCADE;
SELECT count(messaging.enqueue_message('note', '{email,sms}', jsonb_build_object('n', n), :'ann',
    idempotency_key => n::text)) FROM generate_series(1, 4) n;
SELECT count(messaging.ack(m.lease, m.message_id)) FROM messaging.claim('w1', 'email') m WHERE m.message_id < 4;
SELECT count(messaging.fail(m.lease, m.message_id, 'no', permanent => m.message_id <> 1))
FROM messaging.claim('w1', 'sms') m;
SELECT messaging.update_message_status(1, 'DELIVERED'), messaging.update_message_status(2, 'CANCELLED');
UPDATE messaging.messages SET scheduled_for = now() - interval '31 days',
    processed_at = CASE WHEN processed_at IS NOT NULL THEN now() - interval '31 days' END;
SELECT messaging.cleanup_old_messages(32), messaging.cleanup_old_messages() AS moved;
SELECT id, status, content, attempts -> 0 ->> 'channel' AS first, jsonb_array_length(attempts) AS attempts
FROM messaging.messages_archive ORDER BY id;
SELECT id, status FROM messaging.messages ORDER BY id;
SELECT message_id FROM messaging.delivery_status GROUP BY 1 ORDER BY 1;
SELECT pg_temp.refused('cleanup_old_messages(0)');
UPDATE messaging.messages SET scheduled_for = now() - interval '91 days',
    processed_at = CASE WHEN processed_at IS NOT NULL THEN now() - interval '91 days' END;
UPDATE messaging.deliveries SET finished_at = now() - interval '31 days' WHERE status = 'failed';
UPDATE messaging.messages_archive SET scheduled_for = now() - interval '366 days',
    processed_at = now() - interval '366 days' WHERE id = 1;
SELECT relation, step, rows, problem FROM bourse.maintain()
WHERE relation LIKE 'messaging.%' AND step <> 'create partition' ORDER BY 1, 2;
SELECT (SELECT array_agg(id) FROM messaging.messages) AS live, (SELECT array_agg(id) FROM messaging.messages_archive)
    AS archived, (SELECT count(*) FROM messaging.dead_letters) AS dead_letters;
-- maintain() moves as well.
SELECT messaging.update_message_status(4, 'DELIVERED');
UPDATE messaging.messages SET processed_at = now() - interval '31 days' WHERE id = 4;
SELECT relation, step, rows, problem FROM bourse.maintain()
WHERE relation LIKE 'messaging.%' AND step <> 'create partition';
SELECT array_agg(id ORDER BY id) AS archived FROM messaging.messages_archive;

-- An admin says how long.
CREATE ROLE operations_admin LOGIN IN ROLE bourse_admin;
SET SESSION AUTHORIZATION operations_admin;
UPDATE bourse.policies SET keep = '1 day' WHERE schema_name = 'messaging' AND name = 'delivered';
RESET SESSION AUTHORIZATION;
SELECT messaging.enqueue_message('note', '{email}', '{}', :'ann', scheduled_for => now() - interval '2 days') AS late
\gset
SELECT messaging.update_message_status(:late, 'DELIVERED');
UPDATE messaging.messages SET processed_at = now() - interval '1 day' WHERE id = :late;
SELECT relation, step, rows, problem FROM bourse.maintain()
WHERE relation LIKE 'messaging.%' AND step <> 'create partition';
SELECT count(*) AS archived FROM messaging.messages_archive WHERE id = :late;

-- A person who asks gets all of it, and who leaves takes it along.
SELECT messaging.enqueue_message('note', '{email}', '{"text": "to ann"}', :'ann'),
    messaging.set_preferences(:ann, 'email');
SELECT messaging.enqueue_message('note', '{email}', '{"text": "to bob"}', :'bob');
SELECT count(*) FROM messaging.claim('w1', 'email', 1);
SELECT e.table_name, count(*) FROM identity.export_user_rows(:ann) e WHERE e.table_name LIKE 'messaging.%'
GROUP BY 1 ORDER BY 1;
SELECT e.key, e.value FROM jsonb_each(identity.erase_user(:ann, 'asked for it') -> 'deleted') e
WHERE e.key LIKE 'messaging.%' ORDER BY 1;
SELECT (SELECT array_agg(content ->> 'text') FROM messaging.messages) AS messages,
    (SELECT count(*) FROM messaging.messages_archive) AS archived,
    (SELECT count(*) FROM messaging.rate_limits WHERE user_id = :'ann') AS buckets;
DROP ROLE operations_viewer, operations_admin;
