-- Bots that are sold: a developer submits one, an admin decides, and nobody else learns of it before.
INSERT INTO identity.users (id, name, role, db_role)
VALUES (101, 'dev', 'developer', 'mbots_dev'), (102, 'ann', 'trader', 'mbots_ann'),
       (103, 'boss', 'admin', 'mbots_boss'), (104, 'web boss', 'admin', NULL),
       (105, 'other dev', 'developer', 'mbots_other'), (106, 'viewer', 'viewer', 'mbots_viewer');
CREATE ROLE mbots_dev LOGIN IN ROLE bourse_trader;
CREATE ROLE mbots_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE mbots_boss LOGIN IN ROLE bourse_admin;
CREATE ROLE mbots_other LOGIN IN ROLE bourse_trader;
CREATE ROLE mbots_viewer LOGIN IN ROLE bourse_viewer;
CREATE ROLE mbots_gateway LOGIN IN ROLE bourse_gateway;
CREATE ROLE mbots_worker LOGIN IN ROLE bourse_worker;
ALTER TABLE marketplace.bots ALTER id RESTART WITH 7001;

-- The life of a bot.
SELECT old_status, step, new_status FROM marketplace.bot_transitions();

-- A developer submits a bot. It is PENDING, its first version waits.
SET SESSION AUTHORIZATION mbots_dev;
SELECT marketplace.submit_bot(101, 'Grid', 'Buys low, sells high, in steps', 'TECHNICAL', 'Mean Reversion',
    '{"type": "object"}', '{"steps": 5}', 9.90, 's3://dev/grid-1.tar', 's3://dev/grid-1.model', '{"layers": 3}') AS grid
    \gset
SELECT id, developer_id, name, version, bot_type, price_per_month, is_free, status, approved_at, total_subscribers,
       average_rating, total_reviews, total_trades, is_public FROM marketplace.bots \gx
SELECT event, version, old_status, new_status, actor, actor_id, reason FROM marketplace.bot_approval_events(:grid);

-- Nobody else sees it, nor learns that it is there: what is hidden and what is not there are refused in the same words.
SET SESSION AUTHORIZATION mbots_ann;
SELECT count(*) FROM marketplace.bots;
SELECT call, replace(refusal(format('SELECT marketplace.' || call, 7001)), '7001', 'N')
           = replace(refusal(format('SELECT marketplace.' || call, 987654)), '987654', 'N') AS alike,
       replace(refusal(format('SELECT marketplace.' || call, 7001)), '7001', 'N') AS answer
FROM unnest(ARRAY['bot_versions(%s)', 'bot_approval_events(%s)', 'bot_files(%s)', 'archive_bot(%s)', 'bot_reviews(%s)',
    'bot_registrations(%s)', 'update_bot(%s, $$x$$)', 'publish_version(%s, $$2.0.0$$, $${}$$, $${}$$)',
    'review_bot(102, %s, 5)', 'search_bots(after => %s)', 'approve_bot(%s)'])
    WITH ORDINALITY c (call, n) ORDER BY n;
-- What is its developer's alone is nobody's column to read.
SELECT refusal('SELECT code_path FROM marketplace.bots') AS code_path,
       refusal('SELECT model_metadata FROM marketplace.bots') AS model_metadata,
       refusal('SELECT approved_by FROM marketplace.bots') AS approved_by,
       refusal('SELECT code_path FROM marketplace.bot_versions') AS of_versions,
       refusal('SELECT * FROM marketplace.bot_listings') AS listings,
       refusal('SELECT * FROM marketplace.bot_words') AS words,
       refusal('UPDATE marketplace.bots SET name = NULL') AS written \gx
SET SESSION AUTHORIZATION mbots_other;
SELECT count(*) FROM marketplace.bots;
SELECT refusal('SELECT marketplace.archive_bot(7001)');

-- Admins decide: by login, or as the user whom a gateway acts for. Not developers, workers, a gateway for everybody.
SET SESSION AUTHORIZATION mbots_worker;
SELECT refusal('SELECT marketplace.approve_bot(7001)');
SELECT * FROM marketplace.bot_files(7001);
SET SESSION AUTHORIZATION mbots_gateway;
BEGIN;
SELECT identity.act_for_everybody();
SELECT refusal('SELECT marketplace.approve_bot(7001)') AS everybody,
       refusal('SELECT marketplace.bot_files(7001)') AS files \gx
SELECT identity.act_as(102);
SELECT refusal('SELECT marketplace.approve_bot(7001)') AS ann;
COMMIT;
SET SESSION AUTHORIZATION mbots_boss;
SELECT call, refusal('SELECT marketplace.' || call) AS answer FROM unnest(ARRAY[
    'approve_bot(NULL)', 'approve_bot(987654)', $$approve_bot(7001, ' ')$$, $$approve_bot(7001, repeat('x', 2001))$$,
    $$approve_bot(7001, E'a\x07b')$$, $$approve_bot(7001, NULL, '9.9.9')$$, 'reject_bot(7001, NULL)',
    $$reject_bot(7001, '')$$]) WITH ORDINALITY c (call, n) ORDER BY n;
SELECT marketplace.reject_bot(7001, 'Say what the steps are.');
-- What was decided is decided.
SELECT refusal('SELECT marketplace.approve_bot(7001)') AS approve,
       refusal('SELECT marketplace.reject_bot(7001, $$again$$)') AS reject \gx
SET SESSION AUTHORIZATION mbots_dev;
SELECT status, reason FROM marketplace.bots b JOIN marketplace.bot_approval_events(7001) e ON e.event = 'reject'
WHERE b.id = 7001;
SELECT marketplace.publish_version(7001, '1.0.1', '{"type": "object"}', '{"steps": 6}', 'Says what the steps are',
                                   's3://dev/grid-1.0.1.tar') > 0 AS published;
SELECT status, version, default_config FROM marketplace.bots WHERE id = 7001;
SET SESSION AUTHORIZATION mbots_gateway;
BEGIN;
SELECT identity.act_as(104);
SELECT marketplace.approve_bot(7001, 'Good.');
COMMIT;

-- Now everybody sees it, and where its files are its developer, admins and workers.
SET SESSION AUTHORIZATION mbots_viewer;
SELECT id, name, version, status, is_public FROM marketplace.bots;
SET SESSION AUTHORIZATION mbots_ann;
SELECT count(*) FROM marketplace.bot_approval_events;
SELECT replace(refusal('SELECT marketplace.bot_files(7001)'), '7001', 'N') AS ann;
SELECT refusal('SELECT marketplace.bot_approval_events(7001)') AS events;
SET SESSION AUTHORIZATION mbots_dev;
SELECT * FROM marketplace.bot_files(7001);
SELECT * FROM marketplace.bot_files(7001, '1.0.0');
SET SESSION AUTHORIZATION mbots_boss;
SELECT * FROM marketplace.bot_files(7001);
SELECT event, version, old_status, new_status, actor, actor_id, reason FROM marketplace.bot_approval_events(7001);
RESET SESSION AUTHORIZATION;
SELECT approved_by, approved_at > created_at AS approved FROM marketplace.bots WHERE id = 7001;

-- What is said of it changes at once.
SET SESSION AUTHORIZATION mbots_dev;
SELECT marketplace.update_bot(7001, 'In five steps', 'Trend Following', 0);
SELECT description, category_id = (SELECT id FROM marketplace.bot_categories WHERE name = 'Trend Following') AS moved,
       is_free, updated_at > created_at AS stamped FROM marketplace.bots WHERE id = 7001;

-- An admin has bots as anybody else, and decides about those of others.
SET SESSION AUTHORIZATION mbots_boss;
SELECT marketplace.submit_bot(103, 'Mine', 'My own', 'ML', NULL, '{}', '{}') AS mine \gset
SELECT refusal(format('SELECT marketplace.approve_bot(%s)', :mine)) AS approve,
       refusal(format('SELECT marketplace.reject_bot(%s, $$no$$)', :mine)) AS reject \gx
SELECT marketplace.submit_bot(105, 'Theirs', 'Of another', 'LLM', NULL, '{}', '{}') AS theirs \gset
SELECT marketplace.approve_bot(:theirs);

-- Refused.
SET SESSION AUTHORIZATION mbots_ann;
SELECT refusal($$SELECT marketplace.submit_bot(102, 'x', 'y', 'ML', NULL, '{}', '{}')$$) AS trader,
       refusal($$SELECT marketplace.submit_bot(101, 'x', 'y', 'ML', NULL, '{}', '{}')$$) AS of_another \gx
SET SESSION AUTHORIZATION mbots_viewer;
SELECT refusal($$SELECT marketplace.submit_bot(106, 'x', 'y', 'ML', NULL, '{}', '{}')$$) AS viewer;
SET SESSION AUTHORIZATION mbots_dev;
SELECT call, refusal(format('SELECT marketplace.submit_bot(%s)', call)) AS answer FROM unnest(ARRAY[
    $$NULL, 'x', 'y', 'ML', NULL, '{}', '{}'$$, $$101, NULL, 'y', 'ML', NULL, '{}', '{}'$$,
    $$101, ' ', 'y', 'ML', NULL, '{}', '{}'$$, $$101, repeat('x', 256), 'y', 'ML', NULL, '{}', '{}'$$,
    $$101, E'x\x1b[31m', 'y', 'ML', NULL, '{}', '{}'$$, $$101, 'x', NULL, 'ML', NULL, '{}', '{}'$$,
    $$101, 'x', repeat('y', 10001), 'ML', NULL, '{}', '{}'$$,
    $$101, 'x', 'password: hunter2', 'ML', NULL, '{}', '{}'$$, $$101, 'x', 'y', NULL, NULL, '{}', '{}'$$,
    $$101, 'x', 'y', 'ml', NULL, '{}', '{}'$$, $$101, 'x', 'y', 'ML', 'No such', '{}', '{}'$$,
    $$101, 'x', 'y', 'ML', NULL, NULL, '{}'$$, $$101, 'x', 'y', 'ML', NULL, '{}', NULL$$,
    $$101, 'x', 'y', 'ML', NULL, '{}', '[]'$$,
    $$101, 'x', 'y', 'ML', NULL, '{}', jsonb_build_object('a', repeat('x', 65536))$$,
    $$101, 'x', 'y', 'ML', NULL, '{}', (repeat('{"a":', 65) || '1' || repeat('}', 65))::jsonb$$,
    $$101, 'x', 'y', 'ML', NULL, '{}', '{}', NULL$$, $$101, 'x', 'y', 'ML', NULL, '{}', '{}', -1$$,
    $$101, 'x', 'y', 'ML', NULL, '{}', '{}', 'NaN'$$, $$101, 'x', 'y', 'ML', NULL, '{}', '{}', 'Infinity'$$,
    $$101, 'x', 'y', 'ML', NULL, '{}', '{}', 100000000$$, $$101, 'x', 'y', 'ML', NULL, '{}', '{}', 0.001$$,
    $$101, 'x', 'y', 'ML', NULL, '{}', '{}', code_path => ' '$$,
    $$101, 'x', 'y', 'ML', NULL, '{}', '{}', code_path => repeat('x', 501)$$,
    $$101, 'x', 'y', 'ML', NULL, '{}', '{}', code_path => 's3://key:secret@bucket/x'$$,
    $$101, 'x', 'y', 'ML', NULL, '{}', '{}', model_metadata => '[1]'$$,
    $$101, 'x', 'y', 'ML', NULL, '{}', '{}', model_metadata => '{"api_key": "x"}'$$,
    $$101, 'x', 'y', 'ML', NULL, '{}', '{}', version => '1.0'$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
SELECT call, refusal('SELECT marketplace.' || call) AS answer FROM unnest(ARRAY[
    $$update_bot(NULL)$$, $$update_bot(7001, ' ')$$, $$update_bot(7001, category => 'No such')$$,
    $$update_bot(7001, price_per_month => 'NaN')$$, 'bot_approval_events(7001, 0)', 'bot_approval_events(NULL)',
    'bot_files(NULL)', $$bot_files(7001, '9.9.9')$$]) WITH ORDINALITY c (call, n) ORDER BY n;
-- 0.50 and 0.500 are the same price.
SELECT marketplace.update_bot(7001, price_per_month => 0.500);

-- Whoever is put out of action submits nothing. Bots of one developer are bounded, archived ones not counted.
RESET SESSION AUTHORIZATION;
UPDATE identity.users SET is_active = false WHERE id = 105;
SET SESSION AUTHORIZATION mbots_other;
SELECT refusal($$SELECT marketplace.submit_bot(105, 'x', 'y', 'ML', NULL, '{}', '{}')$$) AS inactive,
       refusal(format($$SELECT marketplace.publish_version(%s, '2.0.0', '{}', '{}')$$, :theirs)) AS publish \gx
SET SESSION AUTHORIZATION mbots_dev;
SELECT count(marketplace.submit_bot(101, 'Many ' || n, 'One of many', 'DL', NULL, '{}', '{}'))
FROM generate_series(1, 99) n;
SELECT refusal($$SELECT marketplace.submit_bot(101, 'x', 'y', 'ML', NULL, '{}', '{}')$$) AS too_many;

-- Archived by its developer or an admin, for good.
SELECT marketplace.archive_bot(7001, 'There is a better one.');
SELECT call, refusal('SELECT marketplace.' || call) AS answer FROM unnest(ARRAY[
    'archive_bot(7001)', $$publish_version(7001, '3.0.0', '{}', '{}')$$, $$update_bot(7001, 'x')$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
SELECT marketplace.submit_bot(101, 'Room', 'For one more', 'DL', NULL, '{}', '{}') > 0 AS submitted;
SET SESSION AUTHORIZATION mbots_boss;
SELECT refusal('SELECT marketplace.approve_bot(7001)') AS approve;
SELECT marketplace.archive_bot(:theirs);
SELECT event, actor, reason FROM marketplace.bot_approval_events(7001, 1);
SET SESSION AUTHORIZATION mbots_ann;
SELECT count(*) FROM marketplace.bots;

-- Of one that was never approved nobody is told when it is archived either; who has seen it sold is.
RESET SESSION AUTHORIZATION;
INSERT INTO identity.users (id, name, role) VALUES (150, 'dave', 'developer');
SELECT marketplace.submit_bot(150, 'never', 'Nobody has seen it', 'ML', NULL, '{}', '{}') AS never \gset
SELECT marketplace.archive_bot(:never);
SET SESSION AUTHORIZATION mbots_ann;
SELECT replace(refusal(format(
    $$SELECT marketplace.subscribe(102, %s, 'x', 'BINANCE', 'BTC/USDT', '1h', '{}', '{}')$$, b)), b::text, 'N')
    AS answer
FROM unnest(ARRAY[:never, 987654]) b;
-- Nothing in a name moves the cursor of a terminal, or turns what is written after it around.
RESET SESSION AUTHORIZATION;
SELECT to_hex(c) AS character, refusal(format(
    'SELECT marketplace.submit_bot(150, %L, $$x$$, $$ML$$, NULL, $${}$$, $${}$$) > 0', 'a' || chr(c))) AS answer
FROM unnest(ARRAY[155, 8238, 1506]) c;
-- Archived ones are rows, too.
BEGIN;
INSERT INTO marketplace.bots (developer_id, name, description, status)
SELECT 150, 'old', 'old', 'ARCHIVED' FROM generate_series(1, 1000);
SELECT refusal($$SELECT marketplace.submit_bot(150, 'x', 'x', 'ML', NULL, '{}', '{}')$$);
ROLLBACK;

-- Whoever writes past the functions is held to the steps, and to what was written.
RESET SESSION AUTHORIZATION;
SELECT call, refusal(call) AS answer FROM unnest(ARRAY[
    $$UPDATE marketplace.bots SET status = 'APPROVED', approved_at = now() WHERE id = 7001$$,
    $$UPDATE marketplace.bot_versions SET default_config = '{}' WHERE bot_id = 7001$$,
    $$UPDATE marketplace.bot_versions SET status = 'PENDING', decided_at = NULL WHERE bot_id = 7001$$,
    $$DELETE FROM marketplace.bot_versions WHERE bot_id = 7001$$,
    $$UPDATE marketplace.bot_approval_events SET reason = NULL$$,
    $$DELETE FROM marketplace.bot_approval_events WHERE bot_id = 7001$$,
    $$DELETE FROM identity.users WHERE id = 101$$]) WITH ORDINALITY c (call, n) ORDER BY n;
UPDATE marketplace.bots SET developer_id = 102, id = 1, created_at = '2000-01-01' WHERE id = 7001
RETURNING id, developer_id, created_at > '2020-01-01' AS kept;
-- Decisions and prices stand in the trail, where the files are kept does not.
SELECT old_values - 'updated_at' AS before, new_values - 'updated_at' - 'approved_at' AS after FROM audit.audit_logs
WHERE table_name = 'marketplace.bots' AND record_id = '7001' AND action = 'UPDATE' ORDER BY id LIMIT 3;
SELECT count(*) FROM audit.audit_logs WHERE concat(old_values, new_values) LIKE '%s3:%';
SELECT * FROM marketplace.verify();
