-- What the telegram bot keeps: commands by month, broadcasts, feedback, settings, and figures of it all.
INSERT INTO identity.users (id, name, email, db_role) VALUES (101, 'ann', 'ann@tg.example', 'tg_ann'),
    (102, 'ben', NULL, 'tg_ben');
CREATE ROLE tg_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE tg_ben LOGIN IN ROLE bourse_trader;
CREATE ROLE tg_bot LOGIN IN ROLE bourse_gateway;
CREATE ROLE tg_admin LOGIN IN ROLE bourse_admin;
CREATE ROLE tg_viewer LOGIN IN ROLE bourse_viewer;
CREATE ROLE tg_monitor LOGIN IN ROLE bourse_monitor;

-- An account is nobody's until it is linked; whose it is, is looked up.
SET SESSION AUTHORIZATION tg_bot;
SELECT messaging.log_command('4711', '/start', '/start hello', true, 20) > 0 AS logged;
SELECT identity.link_identity(101, 'telegram', '4711') > 0 AS linked;
SELECT messaging.log_command('4711', ' /price ', '/price BTC', false, 41, 'no such market') > 0 AS logged,
       messaging.log_command('4712', '/price', repeat('x', 5000), true, 60) > 0 AS logged;
-- What somebody types for a secret is not kept, nor what looks like one.
SELECT messaging.log_command('4711', command, message) > 0 AS logged FROM (VALUES
    ('/verify', '/verify 123456'), ('/setPassword', '/setPassword hunter2'),
    ('/say', '/say my bot is 123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1'), ('/say', NULL)) v (command, message);
BEGIN;
SELECT identity.act_for_everybody();
SELECT telegram_user_id, command, left(full_message, 20) AS message, length(full_message) AS length,
       is_registered_user AS registered, user_email, success, error_message, response_time_ms AS ms, user_id
FROM messaging.telegram_command_audits ORDER BY id;
COMMIT;
SELECT messaging.log_broadcast('down at noon', 'ann@tg.example', 5, 7) > 0 AS logged,
       messaging.log_broadcast('up again', 'the operators', 0, 0) > 0 AS logged;
SELECT call, refusal('SELECT messaging.' || call) FROM unnest(ARRAY[
    $$log_command(NULL, '/x')$$, $$log_command('1', ' ')$$, $$log_command(repeat('1', 256), '/x')$$,
    $$log_command('1', '/x', success => NULL)$$, $$log_command('1', '/x', response_time_ms => -1)$$,
    $$log_broadcast(NULL, 'x', 0, 0)$$, $$log_broadcast('x', ' ', 0, 0)$$, $$log_broadcast('x', 'x', 2, 1)$$,
    $$log_broadcast('x', 'x', -1, 1)$$, $$log_broadcast('x', 'x', NULL, 1)$$, $$set_feedback_status(NULL, 'open')$$,
    $$set_feedback_status(-1, 'new')$$, $$set_feedback_status(-1, 'open')$$, $$telegram_statistics(0)$$,
    $$telegram_statistics(NULL)$$, $$set_setting('a', 'b')$$]) WITH ORDINALITY c (call, n) ORDER BY n;

-- Feedback is the user's own, open at first; who acts for everybody says what becomes of it.
SET SESSION AUTHORIZATION tg_ann;
SELECT messaging.add_feedback(101, 'bug', 'it hurts') > 0 AS added;
INSERT INTO messaging.telegram_feedbacks (id, user_id, type, message, status, created_at)
VALUES (NULL, NULL, NULL, 'mapped', 'closed', NULL) RETURNING user_id, status, created_at = now() AS now;
SELECT call, refusal(call) FROM unnest(ARRAY[$$SELECT messaging.add_feedback(102, 'bug', 'x')$$,
    $$SELECT messaging.add_feedback(101, ' ', 'x')$$, $$SELECT messaging.add_feedback(101, 'bug', NULL)$$,
    $$SELECT messaging.add_feedback(101, repeat('x', 51), 'x')$$,
    $$SELECT messaging.add_feedback(101, 'bug', repeat('x', 4097))$$,
    $$INSERT INTO messaging.telegram_feedbacks (user_id, message) VALUES (102, 'x')$$,
    $$INSERT INTO messaging.telegram_feedbacks (id, message) VALUES (7, 'x')$$,
    $$UPDATE messaging.telegram_feedbacks SET status = 'closed'$$, $$DELETE FROM messaging.telegram_feedbacks$$,
    $$SELECT messaging.set_feedback_status(1, 'closed')$$, $$SELECT messaging.log_command('1', '/x')$$,
    $$SELECT messaging.log_broadcast('x', 'x', 0, 0)$$, $$SELECT messaging.telegram_statistics()$$,
    $$SELECT count(*) FROM messaging.telegram_broadcast_logs$$]) WITH ORDINALITY c (call, n) ORDER BY n;
SELECT command FROM messaging.telegram_command_audits ORDER BY id;
SELECT message FROM messaging.telegram_feedbacks ORDER BY id;
SET SESSION AUTHORIZATION tg_ben;
SELECT count(*) FROM messaging.telegram_command_audits UNION ALL SELECT count(*) FROM messaging.telegram_feedbacks;
SELECT messaging.add_feedback(102, NULL, 'nice') > 0 AS added;
SET SESSION AUTHORIZATION tg_bot;
BEGIN;
SELECT identity.act_for_everybody();
SELECT messaging.set_feedback_status(id, 'in_progress') FROM messaging.telegram_feedbacks WHERE message = 'it hurts';
SELECT messaging.set_feedback_status(id, 'resolved') FROM messaging.telegram_feedbacks WHERE message = 'mapped';
UPDATE messaging.telegram_feedbacks SET status = 'closed' WHERE message = 'nice';
SELECT user_id, type, message, status FROM messaging.telegram_feedbacks ORDER BY message;
COMMIT;
SELECT commands, failed_commands, accounts, registered_users, avg_response_time_ms, broadcasts, reached, recipients,
       open_feedbacks, top_commands FROM messaging.telegram_statistics();
-- A monitor reads figures that name nobody: what is no command may be a name.
SELECT messaging.log_command('4711', 'ann') > 0 AS logged;
SET SESSION AUTHORIZATION tg_monitor;
SELECT commands, accounts, top_commands FROM messaging.telegram_statistics();
SELECT refusal('SELECT FROM messaging.telegram_command_audits') AS no_rows;

-- Settings: everybody reads, admins write, no secrets.
SET SESSION AUTHORIZATION tg_admin;
SELECT messaging.set_setting('greeting', 'hello'), messaging.set_setting('greeting', 'hi'),
       messaging.set_setting('greeting', 'hi'), messaging.set_setting('empty', NULL);
INSERT INTO messaging.telegram_settings VALUES ('language', 'en');
SELECT call, refusal(call) FROM unnest(ARRAY[$$SELECT messaging.set_setting(NULL, 'x')$$,
    $$SELECT messaging.set_setting(' ', 'x')$$, $$SELECT messaging.set_setting(repeat('x', 101), 'x')$$,
    $$SELECT messaging.set_setting('bot_token', 'x')$$,
    $$SELECT messaging.set_setting('bot', '123456789:AAHdqTcvCH1vGWJxfSeofSAs0K5PALDsaw1')$$,
    $$UPDATE messaging.telegram_settings SET value = 'Bearer abcdefgh123' WHERE key = 'language'$$,
    $$INSERT INTO messaging.telegram_settings VALUES ('bot_token', 'x')$$, $$SELECT messaging.get_setting(NULL)$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
SET SESSION AUTHORIZATION tg_viewer;
SELECT key, value FROM messaging.telegram_settings ORDER BY key;
SELECT messaging.get_setting('greeting'), messaging.get_setting('none') IS NULL AS none;
SELECT refusal($$SELECT messaging.set_setting('a', 'b')$$), refusal($$DELETE FROM messaging.telegram_settings$$);
RESET SESSION AUTHORIZATION;
SELECT action, record_id, new_values FROM audit.audit_logs WHERE table_name = 'messaging.telegram_settings' ORDER BY id;

-- Every check.
SELECT call, substring(refusal('INSERT INTO messaging.telegram_' || call) FROM 'constraint "[a-z_]+"') AS violates
FROM unnest(ARRAY[
    $$command_audits (telegram_user_id, command) VALUES (' ', '/x')$$,
    $$command_audits (telegram_user_id, command) VALUES ('1', ' ')$$,
    $$command_audits (telegram_user_id, command, full_message) VALUES ('1', '/x', repeat('x', 4097))$$,
    $$command_audits (telegram_user_id, command, error_message) VALUES ('1', '/x', repeat('x', 2001))$$,
    $$command_audits (telegram_user_id, command, response_time_ms) VALUES ('1', '/x', -1)$$,
    $$command_audits (telegram_user_id, command, user_email) VALUES ('1', '/x', 'a@b.c')$$,
    $$command_audits (telegram_user_id, command, created_at) VALUES ('1', '/x', 'infinity')$$,
    $$command_audits (telegram_user_id, command, user_id) VALUES ('1', '/x', 999)$$,
    $$broadcast_logs (message, sent_by) VALUES (' ', 'x')$$,
    $$broadcast_logs (message, sent_by) VALUES ('x', ' ')$$,
    $$broadcast_logs (message, sent_by, success_count, total_count) VALUES ('x', 'x', 2, 1)$$,
    $$broadcast_logs (message, sent_by, success_count, total_count) VALUES ('x', 'x', -1, 1)$$,
    $$feedbacks (user_id, message) VALUES (101, ' ')$$, $$feedbacks (user_id, type, message) VALUES (101, ' ', 'x')$$,
    $$feedbacks (user_id, message, status) VALUES (101, 'x', 'new')$$,
    $$settings VALUES (' x', 'x')$$, $$settings VALUES ('', 'x')$$, $$settings VALUES ('x', repeat('x', 10001))$$])
    WITH ORDINALITY c (call, n) ORDER BY n;

-- Each seed's query by its index.
SET enable_seqscan = off;
SET enable_bitmapscan = off;
EXPLAIN (COSTS OFF) SELECT * FROM messaging.telegram_command_audits WHERE telegram_user_id || '' = '4711'
ORDER BY created_at DESC LIMIT 10;
EXPLAIN (COSTS OFF) SELECT * FROM messaging.telegram_command_audits WHERE NOT success ORDER BY created_at DESC LIMIT 10;
EXPLAIN (COSTS OFF) SELECT * FROM messaging.telegram_command_audits WHERE user_id = 101;
EXPLAIN (COSTS OFF) SELECT * FROM messaging.telegram_feedbacks WHERE status IN ('open', 'in_progress') ORDER BY id;
RESET enable_seqscan;
RESET enable_bitmapscan;

-- A month is a partition, dropped whole when its last row is 90 days old.
CREATE FUNCTION pg_temp.maintain(at timestamptz) RETURNS TABLE (step text, target text, rows bigint, problem text)
LANGUAGE sql SECURITY DEFINER AS
$$ SELECT m.step, m.target, m.rows, m.problem FROM bourse_private.maintain_at($1, 50) m
   WHERE m.relation = 'messaging.telegram_command_audits' $$;
ALTER FUNCTION pg_temp.maintain(timestamptz) OWNER TO bourse_owner;
BEGIN;
SELECT count(*) > 0 AS made FROM bourse.maintain() WHERE relation = 'messaging.telegram_command_audits';
SELECT messaging.log_command('4711', '/in_its_month') > 0 AS logged;
SELECT tableoid::regclass::text = to_char(now() AT TIME ZONE 'UTC', '"messaging.telegram_command_audits_y"YYYY"m"MM')
    AS in_its_month FROM messaging.telegram_command_audits WHERE command = '/in_its_month';
SET LOCAL SESSION AUTHORIZATION tg_ann;
SELECT count(*) FROM messaging.telegram_command_audits;
ROLLBACK;
BEGIN;
TRUNCATE messaging.telegram_command_audits;
INSERT INTO messaging.telegram_command_audits (telegram_user_id, command, created_at)
SELECT '1', '/x', d FROM generate_series('2030-01-01 12:00Z'::timestamptz, '2030-02-27 12:00Z', '1 day') d;
SELECT * FROM pg_temp.maintain('2030-01-15');
SELECT * FROM pg_temp.maintain('2030-05-02');
SELECT tableoid::regclass AS partition, count(*) FROM messaging.telegram_command_audits GROUP BY tableoid
ORDER BY tableoid::regclass::text COLLATE "C";
ROLLBACK;

-- A person is told of it, and takes it along: what the account has sent before it was linked, too.
SELECT jsonb_array_length(identity.export_user(101) #> '{tables,messaging.telegram_command_audits}') AS commands,
       jsonb_array_length(identity.export_user(101) #> '{tables,messaging.telegram_feedbacks}') AS feedbacks;
SELECT identity.erase_user(101, 'asked') -> 'deleted' AS deleted;
SELECT telegram_user_id, command FROM messaging.telegram_command_audits ORDER BY id;
SELECT message, sent_by FROM messaging.telegram_broadcast_logs ORDER BY id;
SELECT refusal($$SELECT messaging.add_feedback(101, 'bug', 'x')$$);
SELECT * FROM bourse.verify();
