-- What a member of bourse_sender may: claim, say how it went, learn where what it holds is to go.
SELECT identity.register('ann', 'ann@example.org') AS ann, identity.create_telegram_user('4711', '{}') AS bob \gset
CREATE ROLE sender_sender LOGIN IN ROLE bourse_sender;
INSERT INTO messaging.channel_configs (channel, config) VALUES ('email', '{"host": "127.0.0.1"}');
SELECT messaging.enqueue_message('x', '{email,telegram}', '{}', :'ann') AS to_ann,
       messaging.enqueue_message('x', '{telegram}', '{}', :'bob') AS to_bob,
       messaging.enqueue_message('x', '{email}', '{}', 'desk@example.org') AS to_desk,
       messaging.enqueue_message('x', '{email}', '{}') AS to_whom \gset
SET SESSION AUTHORIZATION sender_sender;
SELECT channel, config, timeout_seconds FROM messaging.channel_configs;
LISTEN messaging_messages;
UNLISTEN *;
SELECT array_agg(lease) AS mails FROM messaging.claim('s', 'email') \gset
SELECT array_agg(lease) AS chats FROM messaging.claim('s', 'telegram') \gset
SELECT n, a.*
FROM unnest(:'mails'::uuid[], ARRAY[:to_ann, :to_desk, :to_whom]) WITH ORDINALITY c (lease, message_id, n),
    messaging.recipient_address(c.lease, c.message_id) a ORDER BY n;
SELECT n, a.* FROM unnest(:'chats'::uuid[], ARRAY[:to_ann, :to_bob]) WITH ORDINALITY c (lease, message_id, n),
    messaging.recipient_address(c.lease, c.message_id) a ORDER BY n;
RESET SESSION AUTHORIZATION;
SELECT lease FROM messaging.deliveries WHERE message_id = :to_bob \gset
SELECT lease AS other_lease FROM messaging.deliveries WHERE message_id = :to_desk \gset
SET SESSION AUTHORIZATION sender_sender;
SELECT messaging.extend(:'lease', :to_bob, '1 min');
SELECT messaging.fail(:'lease', :to_bob, '429', retry_after => '1 h');
SELECT messaging.ack(:'other_lease', :to_desk);
SELECT messaging.release(:'other_lease', :to_whom);
SELECT granted FROM messaging.take_tokens('desk@example.org', 'email');
SELECT messaging.update_channel_health('sms', true, 5), messaging.update_channel_health('sms', false, error => '503');
-- What it does not hold it learns nothing of.
SELECT replace(refusal(format('SELECT messaging.recipient_address(%L, %s)', :'lease', :to_bob)), :'lease', 'LEASE')
           LIKE '55000 lease LEASE does not hold message %' AS told,
       refusal(format('SELECT messaging.recipient_address(%L, %s)', :'other_lease', :to_bob)) LIKE '55000 %' AS other,
       refusal('SELECT messaging.recipient_address(NULL, 1)') AS no_lease;
SELECT call, refusal(call) FROM unnest(ARRAY['TABLE messaging.messages', 'TABLE messaging.deliveries',
    'TABLE messaging.preferences', 'TABLE messaging.system_health', 'TABLE identity.users',
    'UPDATE messaging.channel_configs SET enabled = false',
    $$SELECT messaging.enqueue_message('x', '{email}', '{}')$$, 'SELECT messaging.cancel(1)',
    'SELECT messaging.replay()', $$SELECT messaging.report_health('api', NULL, true)$$,
    $$SELECT messaging.set_rate_limit('1', 'email', 1, 1)$$, $$SELECT messaging.update_channel_health('Sms', true)$$,
    'SELECT identity.acts_for_all()', $$SELECT identity.set_password(1, 'a new password')$$,
    $$SELECT exchange.transfer(1, 2, 'USD', 1, 'x')$$, $$SELECT jobs.claim('s', '{report}')$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
RESET SESSION AUTHORIZATION;
-- A lease that has ended tells nothing, and gives nobody a login.
SELECT message_id FROM messaging.claim('s', 'email', 1, '1 s') \gset
SELECT lease FROM messaging.deliveries WHERE message_id = :message_id AND channel = 'email' \gset
UPDATE messaging.deliveries SET claimable_at = clock_timestamp() WHERE message_id = :message_id AND channel = 'email';
SELECT refusal(format('SELECT messaging.recipient_address(%L, %s)', :'lease', :message_id)) LIKE '55000 %' AS ended;

-- Numbers that a double does not hold kill who reads them, and what looks like a digest is none of a user's.
SELECT call, refusal('SELECT messaging.enqueue_message(' || call || ')') FROM unnest(ARRAY[
    $$'x', '{email}', '{"a": 1e5000}'$$, $$'x', '{email}', '{}', metadata => '{"a": [-1e-400]}'$$,
    $$'digest', '{email}', '{}'$$, $$NULL, '{email}', '{}'$$]) WITH ORDINALITY c (call, n) ORDER BY n;
-- Whoever passes every argument passes NULL for its default.
SELECT messaging.enqueue_message('x', '{email}', '{}', 'desk', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
                                 NULL) AS id
\gset
SELECT priority, delivery, max_retries, scheduled_for > now() - interval '1 minute' AS now FROM messaging.messages
WHERE id = :id;
DROP ROLE sender_sender;
