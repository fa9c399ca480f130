-- Who may do what with identities, as real logins.
SET bourse.argon2_memory = 64;
SET bourse.argon2_iterations = 1;
INSERT INTO identity.users (id, name, email, db_role)
VALUES (8101, 'idp ann', 'ann@idp.example', 'regress_idp_ann'), (8102, 'idp bob', 'bob@idp.example', 'regress_idp_bob');
CREATE ROLE regress_idp_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE regress_idp_bob LOGIN IN ROLE bourse_trader;
CREATE ROLE regress_idp_gateway LOGIN IN ROLE bourse_gateway;
CREATE ROLE regress_idp_worker LOGIN IN ROLE bourse_worker;
CREATE ROLE regress_idp_admin LOGIN IN ROLE bourse_admin;
SELECT identity.set_password(u, 'correct horse'), identity.issue_code(u) <> '' AS code,
       identity.link_identity(u, 'telegram', u::text) > 0 AS linked,
       identity.register_principal('idp-' || u, u) = u AS principal FROM generate_series(8101, 8102) u;
SELECT id AS bobs, api_key AS bobs_key FROM identity.issue_api_key(8102) \gset
SELECT 'gAAAAA' || repeat('A', 132) || '==' AS token \gset
INSERT INTO identity.exchange_credentials (user_id, exchange, api_key_encrypted, api_secret_encrypted, key_id,
                                           principal_id)
SELECT u, 'KRAKEN', :'token', :'token', repeat('0', 16), 'idp-' || u FROM generate_series(8101, 8102) u;
SELECT id AS bobs_cred FROM identity.exchange_credentials WHERE user_id = 8102 \gset
CREATE FUNCTION identities() RETURNS TABLE (source text, users text) LANGUAGE plpgsql AS $$
BEGIN
    FOREACH source IN ARRAY ARRAY['users', 'user_secure_view', 'auth_identities', 'user_principals',
                                  'verification_codes', 'api_keys', 'exchange_credentials'] LOOP
        BEGIN
            EXECUTE format('SELECT string_agg(%1$s::text, '' '' ORDER BY %1$s) FROM identity.%2$s WHERE %1$s BETWEEN 8101 AND 8102',
                           CASE WHEN source LIKE 'user%' AND source <> 'user_principals' THEN 'id' ELSE 'user_id' END,
                           source) INTO users;
        EXCEPTION WHEN insufficient_privilege THEN
            users := 'refused';
        END;
        RETURN NEXT;
    END LOOP;
END
$$;

-- ann sees and changes what is hers.
SET SESSION AUTHORIZATION regress_idp_ann;
SELECT * FROM identities();
SELECT identity.set_password(8101, 'battery staple');
SELECT id AS anns, api_key FROM identity.issue_api_key(8101, 'mine') \gset
SELECT identity.revoke_api_key(:anns);
SELECT count(*) FROM identity.get_user_credentials(8101, 'KRAKEN');
UPDATE identity.exchange_credentials SET is_active = false RETURNING user_id;
-- Secrets are nobody's to read, tokens come from the function alone.
SELECT sql, refusal(sql)
FROM unnest(ARRAY['SELECT password_hash FROM identity.users', 'SELECT remember_token FROM identity.users',
    'SELECT * FROM identity.users', 'SELECT code_hash FROM identity.verification_codes',
    'SELECT key_hash FROM identity.api_keys', 'SELECT api_key_encrypted FROM identity.exchange_credentials',
    'SELECT * FROM identity.exchange_credentials']) WITH ORDINALITY AS c (sql, n)
ORDER BY n;
-- What is bob's is not there for her: the same words as for what does not exist.
SELECT sql,
       replace(refusal(replace(replace(sql, 'BOBS', :'bobs'), 'ANN', '8101')), 'key ' || :'bobs', 'key N') AS refusal
FROM unnest(ARRAY[
    'SELECT identity.set_password(8102, ''stolen password'')', 'SELECT identity.set_password(-1, ''stolen password'')',
    'SELECT identity.issue_api_key(8102)', 'SELECT identity.issue_api_key(-1)',
    'SELECT identity.revoke_api_key(BOBS)', 'SELECT identity.revoke_api_key(-1)',
    'SELECT identity.store_credentials(8102, ''KRAKEN'', ''k'', ''s'')',
    'SELECT identity.store_credentials(-1, ''KRAKEN'', ''k'', ''s'')',
    'SELECT identity.store_credentials(ANN, ''KRAKEN'', ''k'', ''s'', principal_id => ''idp-8102'')',
    'SELECT identity.store_credentials(ANN, ''KRAKEN'', ''k'', ''s'', principal_id => ''idp-none'')',
    'SELECT identity.get_user_credentials(8102, ''KRAKEN'')', 'SELECT identity.get_user_credentials(-1, ''KRAKEN'')',
    'SELECT identity.get_user_credentials(''idp-8102'', ''KRAKEN'', true)',
    'SELECT identity.decrypt_credentials(8102, ''KRAKEN'')', 'SELECT identity.decrypt_credentials(-1, ''KRAKEN'')',
    'UPDATE identity.exchange_credentials SET user_id = 8102',
    'UPDATE identity.exchange_credentials SET validation_status = ''valid''',
    'UPDATE identity.exchange_credentials SET api_key_encrypted = ''x''',
    'INSERT INTO identity.exchange_credentials (user_id) VALUES (8101)',
    'INSERT INTO identity.api_keys (user_id) VALUES (8101)', 'UPDATE identity.api_keys SET revoked_at = NULL',
    'UPDATE identity.verification_codes SET attempts = 0', 'DELETE FROM identity.verification_codes',
    'UPDATE identity.auth_identities SET metadata = ''{"verified": true}''', 'DELETE FROM identity.user_principals',
    'UPDATE identity.users SET role = ''admin''', 'TRUNCATE identity.api_keys']) WITH ORDINALITY AS c (sql, n)
ORDER BY n;
SELECT count(*) FROM identity.get_user_credentials('idp-8102', 'KRAKEN', true);
-- bob's rows are not there to be deleted either.
SELECT sql,
       replace(refusal(replace(sql, 'BOBS', :'bobs_cred')), 'credentials ' || :'bobs_cred', 'credentials N') AS refusal
FROM unnest(ARRAY['SELECT identity.delete_credentials(BOBS)', 'SELECT identity.delete_credentials(-1)',
    'SELECT identity.delete_credentials(NULL)',
    'DELETE FROM identity.exchange_credentials WHERE user_id = 8102']) WITH ORDINALITY AS c (sql, n)
ORDER BY n;
-- Nor can she bar the others from a table.
SELECT t, refusal(format('LOCK TABLE identity.%I IN ACCESS EXCLUSIVE MODE', t))
FROM unnest(ARRAY['exchange_credentials', 'auth_identities', 'user_principals', 'users']) t;
-- She logs nobody in, sends herself no codes, touches no settings.
SELECT sql, refusal(sql)
FROM unnest(ARRAY['SELECT identity.register(''x'')', 'SELECT identity.authenticate(''google'', ''x'')',
    'SELECT identity.create_telegram_user(''1'')', 'SELECT identity.link_identity(8101, ''google'', ''x'')',
    'SELECT identity.register_principal(''x'')', 'SELECT identity.unlink_identity(''google'', ''x'')',
    'SELECT identity.unregister_principal(''x'')', 'SELECT identity.verify_password(''x'', ''y'')',
    'SELECT identity.verify_api_key(''x'')', 'SELECT identity.issue_code(8101)',
    'SELECT identity.verify_code(8101, ''x'')',
    'SELECT identity.validate_credentials(1, true)', 'SELECT identity.rotate_credentials()',
    'SELECT identity.vault_keys()', 'SELECT identity_private.hash_password(''x'')',
    'SELECT identity_private.check_password(''x'', ''y'')',
    'SELECT identity_private.encrypt_secret(1, ''a'', true, ''b'', ''c'')',
    'SELECT identity_private.decrypt_secret(''a'', 1, ''a'', true, ''b'', ''c'')',
    'SELECT identity_private.vault_key_ids()', 'SELECT identity_private.new_code()',
    'SET bourse.code_tries = 1000', 'SET bourse.argon2_memory = 8',
    'SET bourse.password_algorithm = ''bcrypt''']) WITH ORDINALITY AS c (sql, n)
ORDER BY n;
-- Policies are index scans.
SET enable_seqscan = off;
SET enable_bitmapscan = off;
CREATE FUNCTION pg_temp.scan(source text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    line text;
    plan text := '';
BEGIN
    FOR line IN EXECUTE format('EXPLAIN (COSTS OFF) SELECT id FROM identity.%I', source) LOOP
        plan := plan || line;
    END LOOP;
    RETURN substring(plan FROM 'Index (?:Only )?Scan using \w+')
    || ' on ' || substring(plan FROM 'Index Cond: \((\w+) =');
END
$$;
SELECT source, pg_temp.scan(source)
FROM unnest(ARRAY['users', 'user_secure_view', 'auth_identities', 'user_principals', 'verification_codes', 'api_keys',
                  'exchange_credentials']) source;
RESET enable_seqscan;
RESET enable_bitmapscan;

-- A gateway that acts for nobody logs in and sends codes; it sees nobody, reads no secrets and makes no admins.
SET SESSION AUTHORIZATION regress_idp_gateway;
SELECT * FROM identities();
BEGIN;
SELECT identity.act_for_everybody();
SELECT * FROM identities();
COMMIT;
SELECT identity.verify_password('ann@idp.example', 'battery staple'), identity.authenticate('telegram', '8102'),
       identity.verify_api_key(:'bobs_key');
SELECT identity.register('idp new', role => 'viewer') > 0 AS made, length(identity.issue_code(8101, 'email')) AS digits;
SELECT sql, refusal(sql)
FROM unnest(ARRAY['SELECT identity.register(''x'', role => ''admin'')',
    'SELECT identity.register(''x'', role => ''developer'')', 'SELECT identity.decrypt_credentials(8102, ''KRAKEN'')',
    'SELECT identity.rotate_credentials()', 'SELECT identity.validate_credentials(1, true)',
    'UPDATE identity.verification_codes SET attempts = 0', 'LOCK TABLE identity.auth_identities IN SHARE MODE',
    'LOCK TABLE identity.user_principals IN SHARE MODE']) WITH ORDINALITY AS c (sql, n)
ORDER BY n;
-- Once it acts for bob it is bob, and no more.
BEGIN;
SELECT identity.act_as(8102);
SELECT * FROM identities();
SELECT sql, refusal(replace(sql, 'KEY', :'bobs_key'))
FROM unnest(ARRAY['SELECT identity.register(''x'')', 'SELECT identity.authenticate(''google'', ''x'')',
    'SELECT identity.verify_password(''x'', ''y'')', 'SELECT identity.verify_api_key(''KEY'')',
    'SELECT identity.issue_code(8102)', 'SELECT identity.verify_code(8102, ''x'')',
    'SELECT identity.set_password(8101, ''stolen password'')', 'SELECT identity.decrypt_credentials(8101, ''KRAKEN'')',
    'SELECT identity.decrypt_credentials(8102, ''KRAKEN'', false)']) WITH ORDINALITY AS c (sql, n) ORDER BY n;
COMMIT;

-- A worker validates, keeps the vault and may decrypt; an admin manages and may not.
SET SESSION AUTHORIZATION regress_idp_worker;
SELECT * FROM identities();
SELECT identity.validate_credentials(id, true) FROM identity.exchange_credentials WHERE user_id = 8102;
SELECT sql, refusal(sql)
FROM unnest(ARRAY['SELECT identity.decrypt_credentials(8102, ''BYBIT'')',
                  'SELECT identity.store_credentials(8102, ''KRAKEN'', ''k'', ''s'')',
                  'SELECT identity.set_password(8102, ''stolen password'')']) WITH ORDINALITY AS c (sql, n)
ORDER BY n;
SET SESSION AUTHORIZATION regress_idp_admin;
SELECT * FROM identities();
SELECT identity.register('idp dev', role => 'developer') > 0 AS made, identity.revoke_api_key(:bobs) AS revoked;
SELECT refusal('SELECT identity.decrypt_credentials(8102, ''KRAKEN'')');
-- Whoever may say that bob is the admin, may not read what is bob's by saying so.
BEGIN;
SELECT refusal('UPDATE identity.users SET db_role = ''regress_idp_admin'' WHERE id = 8102');
RESET SESSION AUTHORIZATION;
SELECT identity.set_login(8102, 'regress_idp_admin');
SET SESSION AUTHORIZATION regress_idp_admin;
SELECT identity.current_user_id(), refusal('SELECT identity.decrypt_credentials(8102, ''KRAKEN'')');
ROLLBACK;
-- Who is put out of action makes no keys and reads no secrets, also in a session that is open.
UPDATE identity.users SET is_active = false WHERE id = 8102;
SET SESSION AUTHORIZATION regress_idp_bob;
SELECT sql, refusal(sql)
FROM unnest(ARRAY['SELECT identity.decrypt_credentials(8102, ''KRAKEN'')',
    'SELECT identity.store_credentials(8102, ''KRAKEN'', ''k'', ''s'')',
    'SELECT identity.issue_api_key(8102)']) WITH ORDINALITY AS c (sql, n) ORDER BY n;
SET SESSION AUTHORIZATION regress_idp_worker;
SELECT left(refusal('SELECT identity.decrypt_credentials(8102, ''KRAKEN'')'), 28) AS worker;
SET SESSION AUTHORIZATION regress_idp_admin;
UPDATE identity.users SET is_active = true WHERE id = 8102;
-- NULL is refused as NULL, whoever asks.
SET SESSION AUTHORIZATION regress_idp_ann;
SELECT sql, refusal('SELECT identity.' || sql)
FROM unnest(ARRAY['issue_api_key(NULL)', 'store_credentials(NULL, ''KRAKEN'', ''k'', ''s'')',
    'get_user_credentials(NULL, ''KRAKEN'')',
    'get_user_credentials(''idp-8101'', ''KRAKEN'', NULL)', 'decrypt_credentials(NULL, ''KRAKEN'')',
    'decrypt_credentials(8101, ''KRAKEN'', NULL)']) WITH ORDINALITY AS c (sql, n)
ORDER BY n;
SET SESSION AUTHORIZATION regress_idp_worker;
SELECT refusal('SELECT identity.validate_credentials(NULL, true)');
-- Credentials, accounts and principals go by functions; credentials go with their principal.
SET SESSION AUTHORIZATION regress_idp_ann;
SELECT identity.delete_credentials(id) FROM identity.exchange_credentials;
SELECT count(*) FROM identity.exchange_credentials;
SET SESSION AUTHORIZATION regress_idp_gateway;
SELECT identity.unlink_identity('telegram', '8101'), identity.unregister_principal('idp-8101');
SELECT sql, refusal('SELECT identity.' || sql)
FROM unnest(ARRAY['unlink_identity(''telegram'', ''8101'')', 'unlink_identity(NULL, ''8101'')',
    'unlink_identity(''telegram'', NULL)',
    'unregister_principal(''idp-8101'')', 'unregister_principal(NULL)']) WITH ORDINALITY AS c (sql, n) ORDER BY n;
RESET SESSION AUTHORIZATION;
SELECT user_id, is_active, validation_status FROM identity.exchange_credentials WHERE user_id IN (8101, 8102)
ORDER BY user_id;
