-- What keeps a message back: buckets, quiet hours, a channel that is off; and digests. Nothing of it stands in the way
-- of others.
SET datestyle = 'ISO';
SET timezone = 'UTC';
SET client_min_messages = warning;
SELECT identity.register('limits ann') AS ann, identity.register('limits bob') AS bob \gset
CREATE ROLE limits_ann LOGIN IN ROLE bourse_trader;
UPDATE identity.users SET db_role = 'limits_ann' WHERE id = :ann;
CREATE FUNCTION pg_temp.refused(call text) RETURNS text LANGUAGE sql AS
$$ SELECT refusal('SELECT messaging.' || call) $$;
CREATE FUNCTION pg_temp.send(channel text, to_user bigint, n integer, priority text DEFAULT 'NORMAL') RETURNS bigint
LANGUAGE sql AS $$ SELECT count(messaging.enqueue_message('note', ARRAY[channel], jsonb_build_object('n', g),
    to_user::text, priority)) FROM generate_series(1, n) g $$;
CREATE VIEW pg_temp.buckets AS SELECT coalesce(u.name, r.user_id) AS "user", r.channel, trunc(r.tokens) AS tokens,
    r.max_tokens, r.refill_rate, r.is_own
    FROM messaging.rate_limits r LEFT JOIN identity.users u ON u.id::text = r.user_id;

-- Without limits everything goes. With them, so many for each recipient, and so many in all.
SELECT pg_temp.send('sms', :ann, 4);
SELECT count(*) FROM messaging.claim('w1', 'sms');
SELECT * FROM pg_temp.buckets;
TRUNCATE messaging.messages RESTART IDENTITY CASCADE;
INSERT INTO messaging.channel_configs (channel, rate_limit_per_minute) VALUES ('sms', 2);
SELECT pg_temp.send('sms', :ann, 4), pg_temp.send('sms', :bob, 1);
-- Ann's bucket is empty after two: hers are put off, one after the other, and bob is served.
SELECT m.message_id, m.recipient_id = :'ann' AS ann FROM messaging.claim('w1', 'sms') m;
SELECT * FROM pg_temp.buckets ORDER BY 1;
SELECT d.message_id, round(extract(epoch FROM d.claimable_at - clock_timestamp()) / 10) * 10 AS seconds
FROM messaging.deliveries d WHERE d.status = 'pending' ORDER BY d.message_id;
SELECT count(*) AS nothing_now FROM messaging.claim('w1', 'sms');
-- As if half a minute had passed: one token.
UPDATE messaging.rate_limits SET last_refill = last_refill - interval '30 s';
UPDATE messaging.deliveries SET claimable_at = claimable_at - interval '31 s' WHERE status = 'pending';
SELECT m.message_id FROM messaging.claim('w1', 'sms') m;
-- What is due all the same finds no token, and is put off again.
UPDATE messaging.deliveries SET claimable_at = clock_timestamp() WHERE status = 'pending';
SELECT count(*) FROM messaging.claim('w1', 'sms');
SELECT count(*) AS later FROM messaging.deliveries d WHERE d.claimable_at > clock_timestamp() AND d.status = 'pending';

-- A channel has a bucket, too: a claim takes no more than it holds.
UPDATE messaging.channel_configs SET rate_limit_per_minute = 100, channel_limit_per_minute = 3;
SELECT pg_temp.send('sms', :bob, 10);
SELECT count(*) FROM messaging.claim('w1', 'sms', 10);
SELECT count(*) FROM messaging.claim('w1', 'sms', 10);
SELECT count(*) AS due FROM messaging.deliveries d WHERE d.claimable_at <= clock_timestamp() AND d.status = 'pending';
-- Buckets follow the configuration, unless they have limits of their own.
SELECT messaging.set_rate_limit(:'ann', 'sms', 5, 60), messaging.set_rate_limit('*', 'push', 2, 1);
SELECT t.granted FROM messaging.take_tokens(:'bob', 'sms') t;
SELECT "user", channel, max_tokens, refill_rate, is_own FROM pg_temp.buckets ORDER BY 1, 2;
SELECT messaging.set_rate_limit(:'ann', 'sms', NULL, NULL);
SELECT count(*) AS of_their_own FROM messaging.rate_limits WHERE is_own;

-- Tokens by hand: all of them or none, and how long until there are enough.
SELECT t.granted, t.wait FROM messaging.take_tokens('x', 'fax', 1000) t;
SELECT t.granted, t.wait FROM messaging.take_tokens(NULL, 'push', 2) t;
SELECT t.granted, t.wait BETWEEN '59 s' AND '60 s' AS a_minute FROM messaging.take_tokens('x', 'push') t;
UPDATE messaging.rate_limits SET last_refill = last_refill - interval '1 minute' WHERE channel = 'push';
SELECT t.granted, t.wait BETWEEN '59 s' AND '60 s' AS a_minute FROM messaging.take_tokens(NULL, 'push', 2) t;
SELECT t.granted FROM messaging.take_tokens(NULL, 'push') t;
-- However often it is refilled, what is there and what was taken are what has come, to the last digit.
SELECT messaging.set_rate_limit('exact', 'mail', 1000, 7777);
UPDATE messaging.rate_limits SET tokens = 0, last_refill = clock_timestamp() - interval '1 s' WHERE user_id = 'exact';
SELECT last_refill AS since FROM messaging.rate_limits WHERE user_id = 'exact' \gset
CREATE TABLE pg_temp.taken (granted boolean);
DO $$
BEGIN
    FOR n IN 1 .. 200 LOOP
        INSERT INTO pg_temp.taken SELECT t.granted FROM messaging.take_tokens('exact', 'mail') t;
    END LOOP;
END
$$;
SELECT r.tokens + t.n = 7777 * 0.00000005 * extract(epoch FROM r.last_refill - :'since') * 1000000 / 3 AS exact,
    t.n BETWEEN 129 AND 199 AS some_were_refused
FROM messaging.rate_limits r, (SELECT count(*) AS n FROM pg_temp.taken WHERE granted) t WHERE r.user_id = 'exact';
-- A clock that is set back gives nothing.
UPDATE messaging.rate_limits SET tokens = 0, last_refill = clock_timestamp() + interval '1 h' WHERE user_id = 'exact';
SELECT t.granted, t.wait > interval '30 min' AS later FROM messaging.take_tokens('exact', 'mail') t;
SELECT tokens, last_refill > clock_timestamp() AS stays FROM messaging.rate_limits WHERE user_id = 'exact';
SELECT call, pg_temp.refused(call) FROM unnest(ARRAY['take_tokens(''x'', NULL)', 'take_tokens(''x'', ''sms'', 0)',
    'take_tokens('''', ''sms'')', 'take_tokens(''x'', ''sms'', 101)', 'take_tokens(''x'', ''sms'', NULL)',
    'set_rate_limit(NULL, ''sms'', 1, 1)', 'set_rate_limit(''x'', ''S'', 1, 1)', 'set_rate_limit(''x'', ''s'', 0, 1)',
    'set_rate_limit(''x'', ''s'', 1, NULL)']) WITH ORDINALITY c (call, n) ORDER BY n;

-- A channel that is off: its messages wait.
TRUNCATE messaging.messages RESTART IDENTITY CASCADE;
INSERT INTO messaging.channel_configs (channel, enabled, rate_limit_per_minute) VALUES ('email', false, 1000);
SELECT pg_temp.send('email', :ann, 1);
SELECT count(*) FROM messaging.claim('w1', 'email');
SELECT alert, subject, detail FROM bourse.alerts() WHERE alert = 'channel_is_off';
UPDATE messaging.channel_configs SET enabled = true WHERE channel = 'email';
SELECT count(*) FROM messaging.claim('w1', 'email');

-- What a user does not want is not made, or ends when it is due.
TRUNCATE messaging.messages RESTART IDENTITY CASCADE;
SELECT pg_temp.send('email', :ann, 1);
SET SESSION AUTHORIZATION limits_ann;
SELECT messaging.set_preferences(:ann, 'email', false);
SELECT channel, enabled FROM messaging.preferences;
RESET SESSION AUTHORIZATION;
SELECT pg_temp.send('email', :ann, 1, 'CRITICAL');
SELECT messaging.enqueue_message('note', '{email,sms}', '{}', :'ann', delivery => 'first');
SELECT count(*) FROM messaging.claim('w1', 'email');
SELECT id, status, last_error FROM messaging.messages ORDER BY id;
SELECT message_id, channel, status FROM messaging.deliveries ORDER BY id;

-- Quiet hours: by the wall clock of the user's zone, over midnight, over changes of the clock.
CREATE TABLE pg_temp.hours (n serial, quiet_from time, quiet_to time, zone text, at timestamptz);
INSERT INTO pg_temp.hours (quiet_from, quiet_to, zone, at) VALUES
    ('22:00', '07:00', 'Europe/Berlin', '2026-06-01 19:59:59Z'),
    ('22:00', '07:00', 'Europe/Berlin', '2026-06-01 20:00Z'),
    ('22:00', '07:00', 'Europe/Berlin', '2026-06-02 04:59:59Z'),
    ('22:00', '07:00', 'Europe/Berlin', '2026-06-02 05:00Z'),
    ('12:00', '13:30', 'Asia/Kolkata', '2026-06-01 07:00Z'), ('12:00', '13:30', 'Asia/Kolkata', '2026-06-01 08:00Z'),
    -- The night that has an hour less, and one in which the end of the quiet hours is skipped.
    ('22:00', '07:00', 'Europe/Berlin', '2026-03-28 23:00Z'), ('22:00', '02:30', 'Europe/Berlin', '2026-03-28 23:00Z'),
    -- The night that has an hour more: seven o'clock is later, and half past two comes twice.
    ('22:00', '07:00', 'Europe/Berlin', '2026-10-24 23:00Z'), ('22:00', '02:30', 'Europe/Berlin', '2026-10-24 23:00Z'),
    ('22:00', '02:30', 'Europe/Berlin', '2026-10-25 00:40Z'), ('22:00', '02:30', 'Europe/Berlin', '2026-10-25 01:10Z'),
    ('22:00', '02:30', 'Europe/Berlin', '2026-10-25 01:30Z'), ('00:00', '23:59:59', 'UTC', '2026-06-01 12:00Z');
SELECT quiet_from, quiet_to, zone, at, messaging_private.quiet_until(quiet_from, quiet_to, zone, at) AS until
FROM pg_temp.hours ORDER BY n;
-- Now: CRITICAL passes, the rest waits until they are over.
TRUNCATE messaging.messages RESTART IDENTITY CASCADE;
SELECT messaging.set_preferences(:ann, 'email', quiet_from => (now() - interval '1 hour')::time,
                                 quiet_to => (now() + interval '2 hours')::time);
SELECT pg_temp.send('email', :ann, 1), pg_temp.send('email', :ann, 1, 'CRITICAL'), pg_temp.send('email', :bob, 1);
SELECT m.message_id, m.priority FROM messaging.claim('w1', 'email') m;
SELECT message_id, claimable_at BETWEEN now() + interval '119 min' AND now() + interval '121 min' AS in_two_hours
FROM messaging.deliveries WHERE status = 'pending';
SELECT call, pg_temp.refused(replace(call, 'ANN', :'ann')) FROM unnest(ARRAY['set_preferences(NULL, ''sms'')',
    'set_preferences(-1, ''sms'')', 'set_preferences(ANN, ''SMS'')', 'set_preferences(ANN, ''sms'', NULL)',
    'set_preferences(ANN, ''sms'', quiet_from => ''22:00'')',
    'set_preferences(ANN, ''sms'', quiet_from => ''22:00'', quiet_to => ''22:00'')',
    'set_preferences(ANN, ''sms'', quiet_from => ''22:00'', quiet_to => ''24:00'')',
    'set_preferences(ANN, ''sms'', timezone => ''Mars'')', 'set_preferences(ANN, ''sms'', timezone => ''UTC+3'')',
    'set_preferences(ANN, ''sms'', digest => ''1 s'')']) WITH ORDINALITY c (call, n) ORDER BY n;
SET SESSION AUTHORIZATION limits_ann;
SELECT refusal(format('SELECT messaging.set_preferences(%s, %L)', :bob, 'sms')) AS not_of_others;
RESET SESSION AUTHORIZATION;
-- Who only looks gets messages, too, and says what he wants.
CREATE ROLE limits_viewer LOGIN IN ROLE bourse_viewer;
UPDATE identity.users SET db_role = 'limits_viewer' WHERE id = :bob;
SET SESSION AUTHORIZATION limits_viewer;
SELECT messaging.set_preferences(:bob, 'sms', enabled => false);
SELECT channel, enabled FROM messaging.preferences;
SELECT messaging.add_feedback(:bob, 'general', 'fewer mails') > 0 AS added;
SELECT refusal(format('SELECT messaging.set_preferences(%s, %L)', :ann, 'sms')) AS not_of_others,
       refusal('SELECT messaging.enqueue_message(''note'', ''{email}'', ''{}'')') AS sends_nothing;
RESET SESSION AUTHORIZATION;
DELETE FROM messaging.preferences p WHERE p.user_id = :bob;
UPDATE identity.users SET db_role = NULL WHERE id = :bob;

-- A digest: one is open for each key, user and channel; what is enqueued until it is due goes out with it.
TRUNCATE messaging.messages RESTART IDENTITY CASCADE;
SELECT messaging.set_preferences(:ann, 'email', digest => '10 minutes');
CREATE VIEW pg_temp.parts AS SELECT d.message_id AS id, d.channel, d.status, d.digest_key AS key, d.digest_count AS n,
    g.message_id AS goes_out_with, d.claimable_at BETWEEN now() + '9 min' AND now() + '10 min' AS soon
    FROM messaging.deliveries d LEFT JOIN messaging.deliveries g ON g.id = d.digest_id;
SELECT messaging.enqueue_message('fill', '{email,sms}', jsonb_build_object('n', n), :'ann', digest_key => 'fills')
FROM generate_series(1, 3) n;
SELECT messaging.enqueue_message('fill', '{email}', '{"n": 4}', :'ann', digest_key => 'other') AS other,
    messaging.enqueue_message('fill', '{email}', '{"n": 5}', :'ann') AS by_itself,
    messaging.enqueue_message('fill', '{email}', '{"n": 6}', :'ann', 'CRITICAL', digest_key => 'fills') AS critical,
    messaging.enqueue_message('fill', '{email}', '{"n": 7}', :'ann', digest_key => 'fills',
                              scheduled_for => now() + interval '1 day') AS later,
    messaging.enqueue_message('fill', '{email}', '{"n": 8}', :'ann', digest_key => 'fills',
                              expires_at => now() + interval '5 min') AS expires,
    messaging.enqueue_message('fill', '{email}', '{"n": 9}', :'bob', digest_key => 'fills') AS of_bob;
SELECT * FROM pg_temp.parts WHERE channel = 'email' ORDER BY id;
SELECT m.message_id FROM messaging.claim('w1', 'email') m;
-- One that is cancelled leaves it.
SELECT messaging.cancel(1);
UPDATE messaging.deliveries SET claimable_at = clock_timestamp() WHERE digest_key = 'fills' AND status = 'pending';
SELECT m.message_id, m.lease, m.message_type, m.content FROM messaging.claim('w1', 'email') m \gset
SELECT :message_id AS id, :'message_type' AS type, (:'content'::jsonb) ->> 'digest_key' AS key;
SELECT e ->> 'id' AS id, e -> 'content' AS content FROM jsonb_array_elements((:'content'::jsonb) -> 'messages') e;
-- From then on it is closed: what comes now begins another.
SELECT messaging.enqueue_message('fill', '{email}', '{"n": 10}', :'ann', digest_key => 'fills') AS next \gset
SELECT * FROM pg_temp.parts WHERE id >= :next ORDER BY id;
SELECT messaging.fail(:'lease', :message_id, 'down', '0 s');
SELECT lease FROM messaging.claim('w1', 'email') \gset
SELECT messaging.ack(:'lease', :message_id);
SELECT m.id, m.status FROM messaging.messages m WHERE m.id <= :message_id ORDER BY m.id;
SELECT s.message_id, s.channel, s.attempt, s.status FROM messaging.delivery_status s ORDER BY s.id;
-- Messages end as it does: one that fails for good, or is cancelled, takes them along.
SELECT messaging.enqueue_message('fill', '{email,sms}', '{"n": 11}', :'ann', delivery => 'first',
                                 digest_key => 'fills') AS chained \gset
UPDATE messaging.deliveries SET claimable_at = clock_timestamp() WHERE digest_key = 'fills' AND status = 'pending';
SELECT m.message_id, m.lease FROM messaging.claim('w1', 'email') m \gset
SELECT messaging.fail(:'lease', :message_id, 'no such box', permanent => true);
SELECT m.id, m.message_type, m.status, m.last_error FROM messaging.messages m WHERE m.id >= :next ORDER BY m.id;
SELECT message_id, channel, error FROM messaging.dead_letters ORDER BY id;
SELECT id, channel, status, goes_out_with FROM pg_temp.parts WHERE id = :chained ORDER BY channel;
-- Of delivery first another channel may have failed before: the digest has delivered it.
SELECT messaging.enqueue_message('fill', '{fax,email}', '{"n": 12}', :'ann', delivery => 'first',
                                 digest_key => 'fills') AS late \gset
SELECT messaging.fail(m.lease, m.message_id, 'no paper', permanent => true) FROM messaging.claim('w1', 'fax') m;
UPDATE messaging.deliveries SET claimable_at = clock_timestamp() WHERE digest_key = 'fills' AND status = 'pending';
SELECT messaging.ack(m.lease, m.message_id) FROM messaging.claim('w1', 'email') m;
SELECT m.status FROM messaging.messages m WHERE m.id = :late;
SELECT channel, status FROM messaging.delivery_status WHERE message_id = :late ORDER BY id;
SELECT messaging.cancel(d.message_id) FROM messaging.deliveries d WHERE d.digest_key = 'other';
SELECT id, status, last_error FROM messaging.messages WHERE digest_key = 'other' ORDER BY id;
-- Of one that is full the next begins.
SELECT count(messaging.enqueue_message('fill', '{email}', '{}', :'ann', digest_key => 'many'))
FROM generate_series(1, 1001);
SELECT digest_count, claimable_at <= clock_timestamp() AS due FROM messaging.deliveries WHERE digest_key = 'many'
ORDER BY id;
-- One whose messages have all been cancelled goes to nobody.
SELECT messaging.enqueue_message('fill', '{email}', '{}', :'ann', digest_key => 'none') AS only \gset
SELECT messaging.cancel(:only);
UPDATE messaging.deliveries SET claimable_at = clock_timestamp() WHERE digest_key = 'none';
SELECT count(*) FILTER (WHERE m.content ->> 'digest_key' = 'none') AS none FROM messaging.claim('w1', 'email') m;
SELECT id <> :only AS is_the_digest, status, last_error FROM messaging.messages WHERE digest_key = 'none' ORDER BY id;
SELECT * FROM messaging.verify();
UPDATE identity.users SET db_role = NULL WHERE id = :ann;
DROP ROLE limits_ann;
