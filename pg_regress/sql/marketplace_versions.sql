-- Versions of bots: their order, what new subscriptions get, and that none ever changes.
INSERT INTO identity.users (id, name, role, db_role)
VALUES (101, 'dev', 'developer', 'mvers_dev'), (102, 'ann', 'trader', 'mvers_ann'),
       (103, 'boss', 'admin', 'mvers_boss');
CREATE ROLE mvers_dev LOGIN IN ROLE bourse_trader;
CREATE ROLE mvers_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE mvers_boss LOGIN IN ROLE bourse_admin;
ALTER TABLE marketplace.bots ALTER id RESTART WITH 7001;

-- What is a version, and what is not.
SELECT v AS version, refusal(format('SELECT marketplace_private.require_version(%L)', v)) = 'accepted' AS is_one
FROM unnest(ARRAY['0.0.0', '1.0.0', '10.20.30', '1.0.0-alpha', '1.0.0-alpha.1', '1.0.0-0A.is.legal', '1.0.0--',
    '1.0.0+b', '1.0.0-rc.1+build.5', '99999999999999999999999.0.0', '', ' 1.0.0', '1', '1.0', '1.0.0.0', '01.0.0',
    '1.0.0-', '1.0.0-a..b', '1.0.0-01', '1.0.0+', '1.0.0-é', 'v1.0.0', '-1.0.0', E'1.0.0\n',
    '1.0.0-' || repeat('a', 45)])
    WITH ORDINALITY c (v, n) ORDER BY n;

-- The order that semver.org gives as an example, and numbers by their value, whatever order they come in.
SELECT string_agg(v, ' < ' ORDER BY marketplace_private.precedence_of(v) COLLATE "C") AS in_order
FROM unnest(ARRAY['1.0.0', '1.0.0-rc.1', '1.0.0-beta.11', '1.0.0-beta.2', '1.0.0-beta', '1.0.0-alpha.beta',
                  '1.0.0-alpha.1', '1.0.0-alpha', '2.0.0', '2.1.0', '2.1.1', '10.0.0', '9.0.0', '1.0.0-1', '1.0.0-a-b',
                  '1.0.0-a', '1.0.0-100', '1.0.0-99', '0.9.9', '1.0.0-A']) v;
SELECT marketplace_private.precedence_of('1.0.0+a') = marketplace_private.precedence_of('1.0.0+b') AS same;

SET SESSION AUTHORIZATION mvers_dev;
SELECT marketplace.submit_bot(101, 'Grid', 'In steps', 'TECHNICAL', NULL, '{}', '{"v": 1}', code_path => 's3://1')
    AS grid \gset
SET SESSION AUTHORIZATION mvers_boss;
SELECT marketplace.approve_bot(:grid);

-- A new version waits; new subscriptions get the approved one until it is decided about.
SET SESSION AUTHORIZATION mvers_dev;
SELECT marketplace.publish_version(:grid, '1.9.0', '{}', '{"v": 19}', 'Better', 's3://19') > 0 AS published,
       marketplace.publish_version(:grid, '1.10.0-rc.1', '{}', '{"v": 110}', 'Great', 's3://110') > 0 AS published,
       marketplace.publish_version(:grid, '2.0.0-beta', '{}', '{"v": 20}', NULL, 's3://20') > 0 AS published;
SELECT version, default_config, status FROM marketplace.bots WHERE id = :grid;
SELECT version, status, is_current, default_config, changelog, decided_at IS NULL AS waits
FROM marketplace.bot_versions(:grid);
-- Others are told of what is approved only.
SET SESSION AUTHORIZATION mvers_ann;
SELECT version, status, is_current FROM marketplace.bot_versions(:grid);
SELECT refusal('SELECT count(*) FROM marketplace.bot_versions');

-- Nothing is approved that came while an admin looked: of several he names one.
SET SESSION AUTHORIZATION mvers_boss;
SELECT refusal('SELECT marketplace.approve_bot(7001)') AS several;
SELECT marketplace.approve_bot(:grid, version => '2.0.0-beta');
-- A pre-release is for those who ask for it.
SELECT version, default_config FROM marketplace.bots WHERE id = :grid;
SELECT marketplace.approve_bot(:grid, version => '1.9.0');
SELECT version, default_config FROM marketplace.bots WHERE id = :grid;
SELECT marketplace.reject_bot(:grid, 'Not this one.', '1.10.0-rc.1');
SELECT refusal('SELECT marketplace.approve_bot(7001)') AS none_waits,
       refusal($$SELECT marketplace.approve_bot(7001, version => '1.10.0-rc.1')$$) AS rejected,
       refusal($$SELECT marketplace.reject_bot(7001, 'x', '1.9.0')$$) AS approved,
       refusal($$SELECT marketplace.reject_bot(7001, 'x')$$) AS reject_none \gx

-- What is approved later, and comes before, is no step back.
SET SESSION AUTHORIZATION mvers_dev;
SELECT marketplace.publish_version(:grid, '1.0.1', '{}', '{"v": 101}', 'For those who stay') > 0 AS published;
SET SESSION AUTHORIZATION mvers_boss;
SELECT marketplace.approve_bot(:grid);
SELECT version FROM marketplace.bots WHERE id = :grid;
SELECT * FROM marketplace.bot_files(:grid, '1.9.0');
SELECT version, status, is_current FROM marketplace.bot_versions(:grid);
SELECT event, version, old_status, new_status, reason FROM marketplace.bot_approval_events(:grid);

-- As long as there is no release, the highest pre-release.
SET SESSION AUTHORIZATION mvers_dev;
SELECT marketplace.submit_bot(101, 'Early', 'Too early', 'ML', NULL, '{}', '{}', version => '0.1.0-alpha') AS early
    \gset
SELECT marketplace.publish_version(:early, '0.1.0-beta', '{}', '{"v": 2}') > 0 AS published;
SET SESSION AUTHORIZATION mvers_boss;
SELECT marketplace.approve_bot(:early, version => '0.1.0-beta');
SELECT marketplace.approve_bot(:early, version => '0.1.0-alpha');
SELECT version, status FROM marketplace.bots WHERE id = :early;
-- Whose first version is rejected, while another waits, waits.
SET SESSION AUTHORIZATION mvers_dev;
SELECT marketplace.submit_bot(101, 'Two', 'Two at once', 'ML', NULL, '{}', '{}') AS two \gset
SELECT marketplace.publish_version(:two, '1.0.1', '{}', '{}') > 0 AS published;
SET SESSION AUTHORIZATION mvers_boss;
SELECT marketplace.reject_bot(:two, 'No.', '1.0.0');
SELECT marketplace.reject_bot(:two, 'Neither.');

-- Refused.
SET SESSION AUTHORIZATION mvers_dev;
SELECT call, refusal(format('SELECT marketplace.publish_version(%s)', call)) AS answer FROM unnest(ARRAY[
    $$NULL, '3.0.0', '{}', '{}'$$, $$7001, NULL, '{}', '{}'$$, $$7001, '3', '{}', '{}'$$,
    $$7001, '1.9.0', '{}', '{}'$$, $$7001, '1.9.0+other', '{}', '{}'$$, $$7001, '3.0.0', NULL, '{}'$$,
    $$7001, '3.0.0', '{}', '1'$$, $$7001, '3.0.0', '{}', '{}', repeat('x', 10001)$$, $$7001, '3.0.0', '{}', '{}', ''$$,
    $$7001, '3.0.0', '{}', '{}', code_path => E'a\x01'$$]) WITH ORDINALITY c (call, n) ORDER BY n;
SELECT count(marketplace.publish_version(:grid, '3.0.' || n, '{}', '{}')) FROM generate_series(1, 20) n;
SELECT refusal($$SELECT marketplace.publish_version(7001, '4.0.0', '{}', '{}')$$) AS too_many_wait;
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT refusal($$SELECT marketplace.publish_version(7001, '4.0.0', '{}', '{}')$$) AS isolation;
COMMIT;
RESET SESSION AUTHORIZATION;
INSERT INTO marketplace.bot_versions (bot_id, developer_id, version, config_schema, default_config, status, decided_at)
SELECT :two, 101, '7.0.' || n, '{}', '{}', 'REJECTED', now() FROM generate_series(1, 998) n;
SET SESSION AUTHORIZATION mvers_dev;
SELECT regexp_replace(refusal(format($$SELECT marketplace.publish_version(%s, '9.0.0', '{}', '{}')$$, :two)), 'bot \d+',
                      'bot N') AS too_many;
RESET SESSION AUTHORIZATION;
SELECT * FROM marketplace.verify();
