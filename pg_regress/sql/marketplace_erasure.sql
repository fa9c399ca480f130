-- A developer leaves: not while he has bots that others may take, and then without a word of his that stays.
INSERT INTO identity.users (id, name, role, db_role)
VALUES (101, 'dev', 'developer', 'meras_dev'), (102, 'ann', 'trader', 'meras_ann');
CREATE ROLE meras_dev LOGIN IN ROLE bourse_trader;
CREATE ROLE meras_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE meras_boss LOGIN IN ROLE bourse_admin;
INSERT INTO identity.user_principals (user_id, principal_id) VALUES (101, 'dev-principal');
ALTER TABLE marketplace.bots ALTER id RESTART WITH 7001;
SELECT marketplace.submit_bot(101, 'Grid of Dora', 'Write to dora@example.org', 'TECHNICAL', NULL, '{}', '{}',
                              code_path => 's3://dora/grid', model_metadata => '{"author": "Dora"}')
FROM generate_series(1, 2);
SELECT marketplace.approve_bot(7001, 'Well done, Dora');
SELECT marketplace.publish_version(7001, '1.1.0', '{}', '{}', 'By Dora', 's3://dora/grid-1.1') > 0 AS published;
SELECT id > 0 AS subscribed FROM marketplace.subscribe(102, 7001, 'x', 'BINANCE', 'BTC/USDT', '1h', '{}', '{}');
SELECT marketplace.review_bot(102, 7001, 4) AS review \gset
SELECT marketplace.reply_to_review(:review, 'Thank you. Dora');
SELECT id > 0 AS registered FROM marketplace.register_bot('dev-principal', 7001, 'Grid, from Dora');

-- What is held about her she is told.
SET SESSION AUTHORIZATION meras_boss;
SELECT t.key, jsonb_array_length(t.value) AS rows FROM jsonb_each(identity.export_user(101) -> 'tables') t
WHERE t.key LIKE 'marketplace.%' AND jsonb_array_length(t.value) > 0 ORDER BY 1;
SELECT identity.export_user(101) #>> '{tables,marketplace.bot_versions,1,code_path}' AS code_path,
       identity.export_user(101)::text ~ 'key_hash": "\[redacted\]' AS digest_is_hidden;

SELECT refusal('SELECT identity.erase_user(101, $$asked for it$$)');
SELECT marketplace.archive_bot(7001);
SELECT refusal('SELECT identity.erase_user(101, $$asked for it$$)');
SELECT marketplace.archive_bot(7002);
SELECT e -> 'redacted' AS redacted FROM identity.erase_user(101, 'asked for it') e;

-- Her bots stay, for those who have subscribed to them, and say nothing of her.
RESET SESSION AUTHORIZATION;
SELECT id, name, description, status, code_path, model_metadata FROM marketplace.bots ORDER BY id;
SELECT version, status, changelog, code_path FROM marketplace.bot_versions ORDER BY id;
SELECT rating, reply_text FROM marketplace.bot_reviews;
SELECT event, new_status, reason FROM marketplace.bot_approval_events WHERE reason IS NOT NULL OR event = 'approve';
SELECT count(*) FROM marketplace.bot_marketplace_registrations;
SELECT count(*) FROM marketplace.subscriptions WHERE bot_id = 7001;
SELECT count(*) AS rows, count(*) FILTER (WHERE concat(old_values, new_values) ~* 'dora') AS of_her
FROM audit.audit_logs WHERE table_name LIKE 'marketplace.%';
CREATE FUNCTION pg_temp.names_her(of regclass) RETURNS boolean LANGUAGE plpgsql AS $$
DECLARE
    answer boolean;
BEGIN
    EXECUTE format('SELECT count(*) > 0 FROM %s t WHERE t::text ~* ''dora''', of) INTO answer;
    RETURN answer;
END
$$;
SELECT count(*) FROM pg_class c
WHERE c.relnamespace = 'marketplace'::regnamespace AND c.relkind = 'r' AND pg_temp.names_her(c.oid);
SELECT refusal('SELECT marketplace.submit_bot(101, $$x$$, $$y$$, $$ML$$, NULL, $${}$$, $${}$$)');
SELECT refusal('UPDATE marketplace.bot_versions SET changelog = $$x$$ WHERE bot_id = 7001');
SELECT refusal('UPDATE marketplace.bot_approval_events SET reason = $$x$$ WHERE bot_id = 7001');
SELECT * FROM marketplace.verify();
SELECT * FROM audit.verify();
