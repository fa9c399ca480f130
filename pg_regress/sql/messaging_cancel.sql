-- Cancelling: what waits ends at once; while a worker is at it, or it is in a digest, its end is asked for.
SET client_min_messages = warning;
SELECT identity.register('cancel ann') AS ann \gset
CREATE ROLE cancel_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE cancel_worker LOGIN IN ROLE bourse_worker;
UPDATE identity.users SET db_role = 'cancel_ann' WHERE id = :ann;
CREATE VIEW pg_temp.letters AS SELECT m.id, m.status, m.last_error, m.processed_at IS NOT NULL AS ended
FROM messaging.messages m ORDER BY m.id;
CREATE VIEW pg_temp.parts AS SELECT d.message_id AS id, d.channel, d.status, d.last_error FROM messaging.deliveries d
ORDER BY d.id;
CREATE FUNCTION pg_temp.lease_of(message bigint) RETURNS uuid LANGUAGE sql
    AS $$ SELECT d.lease FROM messaging.deliveries d WHERE d.message_id = message AND d.status = 'running' $$;

-- All of it waits.
SELECT messaging.enqueue_message('note', '{email,sms}', '{}', :'ann') AS waits \gset
SELECT messaging.cancel(:waits), messaging.cancel(:waits) AS again;
SELECT * FROM pg_temp.letters;
SELECT * FROM pg_temp.parts;
SELECT count(*) AS asked FROM messaging.cancel_requests;

-- A worker holds it, and it arrives: it is delivered, and nothing is left to be asked for.
SELECT messaging.enqueue_message('note', '{email}', '{}', :'ann') AS sent \gset
SELECT count(*) FROM messaging.claim('w1', 'email');
SELECT messaging.cancel(:sent), messaging.cancel(:sent) AS again;
SELECT message_id = :sent AS sent, user_id = :ann AS ann FROM messaging.cancel_requests;
SELECT messaging.ack(pg_temp.lease_of(:sent), :sent);
SELECT * FROM pg_temp.letters WHERE id = :sent;
SELECT count(*) AS asked FROM messaging.cancel_requests;

-- It fails: it is not tried again, nor by the next channel.
SELECT messaging.enqueue_message('note', '{email,sms}', '{}', :'ann', delivery => 'first') AS fails \gset
SELECT count(*) FROM messaging.claim('w1', 'email');
SELECT messaging.cancel(:fails);
SELECT messaging.fail(pg_temp.lease_of(:fails), :fails, '421 later');
SELECT * FROM pg_temp.letters WHERE id = :fails;
SELECT * FROM pg_temp.parts WHERE id = :fails;
SELECT messaging.enqueue_message('note', '{email,sms}', '{}', :'ann', delivery => 'first') AS for_good \gset
SELECT count(*) FROM messaging.claim('w1', 'email');
SELECT messaging.cancel(:for_good);
SELECT messaging.fail(pg_temp.lease_of(:for_good), :for_good, '550 no', permanent => true);
SELECT * FROM pg_temp.letters WHERE id = :for_good;
SELECT * FROM pg_temp.parts WHERE id = :for_good;

-- Its worker dies: the next claim ends it.
SELECT messaging.enqueue_message('note', '{email}', '{}', :'ann') AS dies \gset
SELECT count(*) FROM messaging.claim('w1', 'email', 1, '5 s');
SELECT messaging.cancel(:dies);
UPDATE messaging.deliveries d SET claimable_at = d.claimable_at - interval '6 s' WHERE d.message_id = :dies;
SELECT count(*) AS handed_out FROM messaging.claim('w2', 'email');
SELECT * FROM pg_temp.letters WHERE id = :dies;

-- Of two channels one has been delivered: the other is not begun with.
SELECT messaging.enqueue_message('note', '{email,sms}', '{}', :'ann') AS half \gset
SELECT count(*) FROM messaging.claim('w1', 'email');
SELECT messaging.cancel(:half);
SELECT messaging.ack(pg_temp.lease_of(:half), :half);
SELECT * FROM pg_temp.letters WHERE id = :half;
SELECT count(*) AS handed_out FROM messaging.claim('w1', 'sms');
-- Given back, too.
SELECT messaging.enqueue_message('note', '{email}', '{}', :'ann') AS back \gset
SELECT count(*) FROM messaging.claim('w1', 'email');
SELECT messaging.cancel(:back);
SELECT messaging.release(pg_temp.lease_of(:back), :back);
SELECT count(*) AS handed_out FROM messaging.claim('w1', 'email');
SELECT * FROM pg_temp.letters WHERE id = :back;

-- In a digest: it leaves it when a worker comes for it; what was told to the worker has gone out.
SELECT messaging.set_preferences(:ann, 'email', digest => '1 hour');
SELECT messaging.enqueue_message('note', '{email}', '{"n": 1}', :'ann', digest_key => 'd') AS one \gset
SELECT messaging.enqueue_message('note', '{email}', '{"n": 2}', :'ann', digest_key => 'd') AS two \gset
SELECT messaging.cancel(:one);
SELECT * FROM pg_temp.letters WHERE id = :one;
UPDATE messaging.deliveries d SET claimable_at = now() WHERE d.digest_key = 'd';
SELECT m.message_id AS digest, jsonb_path_query_array(m.content, '$.messages[*].content.n') AS told
FROM messaging.claim('w1', 'email') m \gset
SELECT :'told' AS told;
SELECT messaging.cancel(:two);
SELECT messaging.ack(pg_temp.lease_of(:digest), :digest);
SELECT id = :one AS first, status, last_error FROM pg_temp.letters WHERE id IN (:one, :two);
-- All of it: nothing goes out.
SELECT messaging.enqueue_message('note', '{email}', '{"n": 3}', :'ann', digest_key => 'd') AS three \gset
SELECT messaging.cancel(:three);
UPDATE messaging.deliveries d SET claimable_at = now() WHERE d.digest_key = 'd' AND d.status = 'pending';
SELECT count(*) AS handed_out FROM messaging.claim('w1', 'email');
SELECT m.status, count(*) FROM messaging.messages m WHERE m.id >= :three GROUP BY m.status;
-- What a user sends himself goes by itself.
INSERT INTO messaging.channel_configs (channel) VALUES ('email');
SET SESSION AUTHORIZATION cancel_ann;
SELECT messaging.enqueue_message('note', '{email}', '{"n": 4}', digest_key => 'd') AS own \gset
SELECT d.digest_id FROM messaging.deliveries d WHERE d.message_id = :own;
-- He sees what he has asked for, and nobody else's.
SELECT messaging.cancel(:own);
RESET SESSION AUTHORIZATION;
SELECT identity.register('cancel bob') AS bob \gset
SELECT messaging.enqueue_message('note', '{email}', '{}', :'bob') AS bobs \gset
SELECT count(*) FROM messaging.claim('w1', 'email');
SELECT messaging.cancel(:bobs);
SET SESSION AUTHORIZATION cancel_ann;
SELECT count(*) AS of_others FROM messaging.cancel_requests;
SELECT refusal(format('SELECT messaging.cancel(%s)', :bobs));
RESET SESSION AUTHORIZATION;
SET SESSION AUTHORIZATION cancel_worker;
SELECT count(*) AS of_all FROM messaging.cancel_requests;
RESET SESSION AUTHORIZATION;

-- Where nobody claims any more, the ticker ends what was asked for.
SELECT messaging.enqueue_message('note', '{email,nobody}', '{}', :'bob') AS lonely \gset
SELECT count(*) FROM messaging.claim('w1', 'email');
SELECT messaging.cancel(:lonely);
SELECT messaging_private.end_requested(10);
SELECT status FROM pg_temp.letters WHERE id = :lonely;
SELECT messaging.release(pg_temp.lease_of(:lonely), :lonely);
SELECT messaging_private.end_requested(10);
SELECT status FROM pg_temp.letters WHERE id = :lonely;
SELECT * FROM pg_temp.parts WHERE id = :lonely;
SELECT count(*) AS asked FROM messaging.cancel_requests r WHERE r.message_id = :lonely;

-- Many at once: what waits of one's own; the platform says which.
SELECT count(messaging.enqueue_message('news', '{email,sms}', '{}', :'ann')) FROM generate_series(1, 3);
SELECT count(messaging.enqueue_message('news', '{sms}', '{}', :'bob')) FROM generate_series(1, 2);
SELECT count(*) AS held FROM messaging.claim('w1', 'email', 1) m WHERE m.message_type = 'news';
SELECT refusal('SELECT messaging.cancel_many()');
SELECT refusal('SELECT messaging.cancel_many(''sms'', "limit" => 0)');
SET SESSION AUTHORIZATION cancel_ann;
SELECT messaging.cancel_many(message_type => 'news') AS own, messaging.cancel_many(message_type => 'news') AS again;
SELECT refusal(format('SELECT messaging.cancel_many(user_id => %s)', :bob));
RESET SESSION AUTHORIZATION;
SELECT messaging.cancel_many('sms', since => now() + interval '1 hour') AS none,
    messaging.cancel_many('sms', "limit" => 1) AS one, messaging.cancel_many('sms', 'news') AS rest;
SELECT m.status, count(*) FROM messaging.messages m WHERE m.message_type = 'news' GROUP BY m.status ORDER BY m.status;

-- What an operator has ended is no dead letter, and no replay sends it.
SELECT messaging.enqueue_message('spam', '{fax}', '{}', :'ann', max_retries => 0) AS spam \gset
SELECT count(*) FROM messaging.claim('w1', 'fax');
SELECT messaging.fail(pg_temp.lease_of(:spam), :spam, 'no');
SELECT count(*) AS dead FROM messaging.dead_letters l WHERE l.message_id = :spam;
SELECT messaging.update_message_status(:spam, 'CANCELLED', 'spam');
SELECT count(*) AS dead FROM messaging.dead_letters l WHERE l.message_id = :spam;
SELECT messaging.replay('fax');

-- Put back by an operator while its next channel is tried: of delivery first one at a time.
SELECT messaging.enqueue_message('note', '{pa,pb}', '{}', :'ann', delivery => 'first') AS back \gset
SELECT count(*) FROM messaging.claim('w1', 'pa');
SELECT messaging.fail(pg_temp.lease_of(:back), :back, 'no', permanent => true);
SELECT messaging.update_message_status(:back, 'PENDING');
SELECT channel, status FROM pg_temp.parts WHERE id = :back;
SELECT count(*) FROM messaging.claim('w1', 'pb');
SELECT messaging.ack(pg_temp.lease_of(:back), :back);
SELECT status FROM pg_temp.letters WHERE id = :back;

-- Only in a transaction that sees what others have said.
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT refusal($$SELECT messaging.claim('w1', 'email')$$);
SELECT refusal(format('SELECT messaging.ack(%L, 1)', gen_random_uuid()));
SELECT refusal(format('SELECT messaging.fail(%L, 1, %L)', gen_random_uuid(), 'x'));
SELECT refusal(format('SELECT messaging.release(%L, 1)', gen_random_uuid()));
COMMIT;

-- A channel that is off is passed over, as long as there is another.
INSERT INTO messaging.channel_configs (channel, enabled) VALUES ('telegram', false), ('pager', false);
SELECT messaging.enqueue_message('call', '{telegram,fax}', '{}', :'ann', delivery => 'first') AS passed \gset
SELECT messaging.enqueue_message('call', '{telegram,pager}', '{}', :'ann', delivery => 'first') AS off \gset
SELECT id = :off AS all_off, channel, status FROM pg_temp.parts WHERE id IN (:passed, :off);

-- A slow channel: the lease lasts on.
SELECT m.lease AS slow FROM messaging.claim('w1', 'fax', 1, '5 s') m \gset
SELECT messaging.extend(:'slow', :passed, '1 hour');
SELECT d.claimable_at > now() + interval '59 min' AS lasts FROM messaging.deliveries d WHERE d.message_id = :passed;
SELECT refusal(format('SELECT messaging.extend(%L, %s)', '00000000-0000-4000-8000-000000000000', :passed));
SELECT replace(refusal(format('SELECT messaging.extend(%L, %s)', :'slow', :off)), :'slow', 'its lease');
SELECT refusal(format('SELECT messaging.extend(%L, %s, %L)', :'slow', :passed, '2 days'));

SELECT * FROM messaging.verify();
DROP OWNED BY cancel_ann, cancel_worker;
