-- Many messages in a call: each becomes what enqueue_message() makes of it, and has its id in its place.
SET client_min_messages = warning;
SELECT identity.register('many ann') AS ann, identity.register('many bob') AS bob \gset
CREATE ROLE many_ann LOGIN IN ROLE bourse_trader;
UPDATE identity.users SET db_role = 'many_ann' WHERE id = :ann;
CREATE VIEW pg_temp.parts AS
SELECT m.content ->> 'n' AS n, m.status, d.channel, d.priority, d.status AS part, d.max_attempts
FROM messaging.messages m LEFT JOIN messaging.deliveries d ON d.message_id = m.id ORDER BY m.id, d.id;
CREATE FUNCTION many(list text) RETURNS text LANGUAGE sql AS
$$ SELECT refusal(format('SELECT count(*) FROM messaging.enqueue_many(%L)', list)) $$;
GRANT EXECUTE ON FUNCTION many(text) TO many_ann;

-- Whoever asks with a loop has the same.
SELECT messaging.set_preferences(:bob, 'sms', enabled => false);
INSERT INTO messaging.channel_configs (channel, enabled, max_retries) VALUES ('telegram', false, 3), ('email', true, 1);
CREATE TABLE asked AS SELECT format($$[
    {"message_type": "note", "channels": ["email", "sms"], "content": {"n": 1}, "recipient_id": %1$s},
    {"message_type": "note", "channels": ["email", "sms"], "content": {"n": 2}, "recipient_id": "%2$s"},
    {"message_type": "note", "channels": ["sms"], "content": {"n": 3}, "recipient_id": %2$s},
    {"message_type": "note", "channels": ["telegram", "email"], "content": {"n": 4}, "delivery": "first",
     "priority": "CRITICAL"},
    {"message_type": "note", "channels": ["pager"], "content": {"n": 5}, "recipient_id": "desk@example.com",
     "max_retries": 0, "scheduled_for": "2100-01-01", "expires_at": "2100-01-02", "metadata": {"m": 1},
     "template_name": "t", "priority": null}]$$, :ann, :bob)::jsonb AS list;
SELECT count(*) FROM messaging.enqueue_many((SELECT list FROM asked));
TABLE pg_temp.parts;
CREATE TABLE at_once AS SELECT row_number() OVER (ORDER BY p.n, p.channel), p.* FROM pg_temp.parts p;
DELETE FROM messaging.messages;
SELECT count(messaging.enqueue_message(
    q.message_type, q.channels, q.content, q.recipient_id, q.priority, q.template_name, q.metadata, q.scheduled_for,
    q.max_retries, q.idempotency_key, q.expires_at, q.delivery, q.digest_key))
FROM jsonb_populate_recordset(NULL::messaging.new_message, (SELECT list FROM asked)) q;
SELECT * FROM (SELECT row_number() OVER (ORDER BY p.n, p.channel), p.* FROM pg_temp.parts p) p EXCEPT TABLE at_once;
SELECT * FROM messaging.verify();

-- A key that has been used for the same message gives its id, in this call, too; each id has the place of its message.
DELETE FROM messaging.messages;
SELECT messaging.enqueue_message('note', '{email}', '{"n": 1}', idempotency_key => 'one') AS one \gset
SELECT jsonb_build_array(
    jsonb_build_object('message_type', 'note', 'channels', '["email"]'::jsonb, 'content', '{"n": 2}'::jsonb,
                       'idempotency_key', 'two'),
    jsonb_build_object('message_type', 'note', 'channels', '["email"]'::jsonb, 'content', '{"n": 1}'::jsonb,
                       'idempotency_key', 'one'),
    jsonb_build_object('message_type', 'note', 'channels', '["email"]'::jsonb, 'content', '{"n": 2}'::jsonb,
                       'idempotency_key', 'two'),
    jsonb_build_object('message_type', 'note', 'channels', '["email"]'::jsonb, 'content', '{"n": 3}'::jsonb)) AS list
\gset
SELECT array_agg(id) AS ids FROM messaging.enqueue_many(:'list') id \gset
SELECT n, m.content, m.id = :one AS is_one
FROM unnest(:'ids'::bigint[]) WITH ORDINALITY i (id, n) JOIN messaging.messages m ON m.id = i.id ORDER BY n;
SELECT count(*) FROM messaging.deliveries;
-- One that is refused refuses all of them.
SELECT many('[{"message_type": "note", "channels": ["email"], "content": {"n": 4}},
              {"message_type": "note", "channels": ["email"], "content": {"n": 9}, "idempotency_key": "one"}]');
SELECT many('[{"message_type": "note", "channels": ["email"], "content": {"n": 4}},
              {"message_type": "note", "channels": ["e mail"], "content": {"n": 4}}]');
SELECT many('[{"message_type": "note", "channels": ["email"]}]');
SELECT many('[{"message_type": "note", "channels": ["email"], "content": {}, "recipient_id": 4711}]');
SELECT many('[{"message_type": "note", "channels": ["email"], "content": {}, "recipent_id": 1}]');
SELECT many('[1]');
SELECT many('{}');
SELECT many(NULL);
SELECT many((SELECT jsonb_agg('{}'::jsonb) FROM generate_series(1, 10001))::text);
SELECT many('[]');
SELECT count(*) FROM messaging.messages;

-- In digests, as one by one.
SELECT messaging.set_preferences(:ann, 'email', digest => '1 hour');
SELECT count(*) FROM messaging.enqueue_many((SELECT jsonb_agg(jsonb_build_object(
    'message_type', 'fill', 'channels', '["email"]'::jsonb, 'content', jsonb_build_object('n', n),
    'recipient_id', CASE WHEN n < 4 THEN :ann ELSE :bob END, 'digest_key', 'fills')) FROM generate_series(1, 4) n));
SELECT m.message_type, count(*), max(d.digest_count) AS together FROM messaging.messages m
JOIN messaging.deliveries d ON d.message_id = m.id WHERE m.digest_key = 'fills' GROUP BY m.message_type ORDER BY 1;

-- Turns: who has many waiting keeps nobody from his first.
DELETE FROM messaging.messages;
SELECT count(*) FROM messaging.enqueue_many((SELECT jsonb_agg(jsonb_build_object(
    'message_type', 'news', 'channels', '["sms"]'::jsonb, 'content', jsonb_build_object('n', n), 'recipient_id', :ann))
    FROM generate_series(1, 100) n));
SELECT messaging.enqueue_message('news', '{sms}', '{"n": "other"}', 'chat:1') > 0 AS other;
SELECT array_agg(m.content ->> 'n') AS first FROM messaging.claim('w', 'sms', 3) m;

-- A user: to himself, by channels that he may name.
SET SESSION AUTHORIZATION many_ann;
SELECT many('[{"message_type": "note", "channels": ["email"], "content": {}}]');
SELECT many(format('[{"message_type": "note", "channels": ["email"], "content": {}, "recipient_id": %s}]', :bob));
SELECT many('[{"message_type": "note", "channels": ["fax"], "content": {}}]');
SELECT many('[{"message_type": "note", "channels": ["email"], "content": {}, "priority": "HIGH"}]');
RESET SESSION AUTHORIZATION;
SELECT count(*) AS own FROM messaging.messages m WHERE m.sender_id = :ann AND m.user_id = :ann;
SELECT * FROM messaging.verify();
DROP OWNED BY many_ann;
DROP TABLE asked, at_once;
