-- Everything that the functions of identity say no to: the SQLSTATE and the hint of each, and nothing changed.
-- (Elsewhere: 55000 before install in bourse_install; 40001 in the isolation tests; XX001 and keys that are gone in
-- tests/client.)
SELECT identity.register('irt ann', 'ann@irt.example', 'irt_ann') AS ann, identity.register('irt bob') AS bob \gset
SELECT identity.authenticate('irt', 'idle') AS idle \gset
UPDATE identity.users SET is_active = false WHERE id = :idle;
SELECT identity.register_principal('irt-bob', :bob) = :bob AS bobs,
       identity.link_identity(:bob, 'irt', 'bob') > 0 AS linked, count(identity.issue_api_key(:bob)) AS keys
FROM generate_series(1, 100);
UPDATE identity.users SET db_role = 'regress_irt_trader' WHERE id = :ann;
CREATE ROLE regress_irt_trader LOGIN IN ROLE bourse_trader;
CREATE ROLE regress_irt_gateway LOGIN IN ROLE bourse_gateway;
CREATE ROLE regress_irt_admin LOGIN IN ROLE bourse_admin;
CREATE ROLE regress_irt_worker LOGIN IN ROLE bourse_worker, bourse_viewer;
CREATE ROLE regress_irt_giver LOGIN CREATEROLE IN ROLE bourse_admin;
CREATE TEMP TABLE refused (n serial, login text DEFAULT 'postgres', sqlstate text, hint text, call text);
INSERT INTO refused (sqlstate, hint, call) VALUES
    ('22004', 'Give a value for name.', 'register(NULL)'),
    ('22023', 'Give name 1 to 255 characters that are not all blank.', 'register('' '')'),
    ('22023', 'An address is like ann@example.org.', 'register(''x'', ''x'')'),
    ('22023', 'A username has no @, no blanks, and no U+200C or U+200D.', 'register(''x'', username => ''x@x'')'),
    ('22023', 'A role is viewer, trader, developer or admin.', 'register(''x'', role => ''king'')'),
    ('22023', 'A password has at least 8 characters; the longer the better.', 'register(''x'', password => ''short'')'),
    ('23505', 'Emails and usernames are compared without case: take another one.',
     'register(''x'', ''ANN@irt.example'')'),
    ('22023', 'Give metadata as a JSON object, like {"language": "en"}.',
     'authenticate(''irt'', ''x'', metadata => ''1'')'),
    ('42501', 'An admin can set identity.users.is_active; cancels work meanwhile.', 'authenticate(''irt'', ''idle'')'),
    ('23505', 'One account of a provider is one user: identity.unlink_identity() takes it away.',
     'link_identity(@ann, ''irt'', ''bob'')'),
    ('23505', 'One principal is one user: identity.unregister_principal() takes it away, with its credentials.',
     'register_principal(''irt-bob'', @ann)'),
    ('42704',
     'Make one with INSERT INTO identity.users (name) VALUES (…) RETURNING id; where users come by replication, in the '
     'first venue.',
     'set_password(-1, ''long enough'')'),
    ('22023', 'Give a time after now, or none.', 'issue_api_key(@ann, expires_at => ''-infinity'')'),
    ('22023', 'Give a time before 9999-12-31, or none.', 'issue_api_key(@ann, expires_at => ''infinity'')'),
    ('22023', 'Give a time before 9999-12-31, or none.', 'issue_api_key(@ann, expires_at => ''9999-12-31 00:00Z'')'),
    ('22023', 'Give JSON of at most 64 levels, one in the other.', 'authenticate(''irt'', ''x'', metadata => @deep)'),
    ('22023', 'Give JSON of at most 64 levels, one in the other.', 'create_telegram_user(''4711'', @deep)'),
    ('22023', 'Give JSON of at most 64 levels, one in the other.', 'link_identity(@ann, ''irt'', ''x'', @deep)'),
    ('54000', 'Revoke some first: SELECT identity.revoke_api_key(id).', 'issue_api_key(@bob)'),
    ('42704', 'Look it up in identity.api_keys: it shows the keys that you may revoke.', 'revoke_api_key(-1)'),
    ('22023', 'An exchange is BINANCE, COINBASE, KRAKEN, BYBIT or HUOBI.', 'get_user_credentials(@ann, ''x'')'),
    ('42704', 'identity.register_principal() gives one to a user.',
     'store_credentials(@ann, ''KRAKEN'', ''k'', ''s'', principal_id => ''irt-bob'')'),
    ('55000',
     'Name the keys with bourse.vault_key_file or bourse.vault_key_command in postgresql.conf, put pg_bourse into shared_preload_libraries and restart the server.',
     'store_credentials(@ann, ''KRAKEN'', ''k'', ''s'')'),
    ('42704', 'identity.exchange_credentials lists those that there are.', 'decrypt_credentials(@ann, ''KRAKEN'')'),
    ('42704', 'identity.exchange_credentials lists those that there are.', 'validate_credentials(-1, true)'),
    ('22004', 'Give a value for is_valid.', 'validate_credentials(-1, NULL)'),
    ('22004', 'Give a value for credential_id.', 'delete_credentials(NULL)'),
    ('42704', 'identity.exchange_credentials lists those that there are.', 'delete_credentials(-1)'),
    ('42704', 'identity.auth_identities lists the accounts of users.', 'unlink_identity(''irt'', ''nobody'')'),
    ('42704', 'identity.user_principals lists those that are.', 'unregister_principal(''irt-nobody'')'),
    ('42501', 'An admin can set identity.users.is_active; cancels work meanwhile.', 'issue_api_key(@idle)'),
    ('42501', 'An admin can set identity.users.is_active; cancels work meanwhile.',
     'store_credentials(@idle, ''KRAKEN'', ''k'', ''s'')'),
    ('22023', 'Take at least one row to a batch.', 'rotate_credentials(0)'),
    ('54000', 'It may have 65536 bytes of JSON, together with what is known of the account already.',
     'authenticate(''irt'', ''x'', metadata => jsonb_build_object(''a'', repeat(''x'', 66000)))'),
    ('54000', 'It may have 65536 bytes of JSON, together with what is known of the account already.',
     'link_identity(@ann, ''irt'', ''x'', jsonb_build_object(''a'', repeat(''x'', 66000)))'),
    ('22023', 'No login has more than 255 characters.', 'verify_password(repeat(''x'', 256), ''x'')'),
    ('22023', 'No password has more than 1024 characters.', 'verify_password(''irt_ann'', repeat(''x'', 1025))'),
    ('22023', 'No code has more than 100 characters.', 'verify_code(@ann, repeat(''x'', 101))'),
    ('22023', 'No external_id has more than 255 characters.', 'unlink_identity(''irt'', repeat(''x'', 256))'),
    ('22023', 'No principal_id has more than 255 characters.', 'unregister_principal(repeat(''x'', 256))'),
    ('42704', 'CREATE ROLE … LOGIN IN ROLE bourse_trader first.', 'set_login(@bob, ''regress_irt_nobody'')'),
    ('23505', 'One login is one user: set_login(that user, NULL) takes it away.',
     'set_login(@bob, ''regress_irt_trader'')'),
    ('42704', 'Make one with INSERT INTO identity.users (name) VALUES (…) RETURNING id; where users come by replication, '
     'in the first venue.', 'set_login(-1, NULL)');
INSERT INTO refused (login, sqlstate, hint, call) VALUES
    ('regress_irt_admin', '42501',
     'Connect as a superuser. An admin with CREATEROLE may as well, but before PostgreSQL 16 that right is as good as membership in bourse_owner.',
     'set_login(@bob, NULL)'),
    ('regress_irt_giver', '42501',
     'Give a login that is a member of bourse_viewer or bourse_trader only; a superuser may give any.',
     'set_login(@bob, ''regress_irt_admin'')'),
    ('regress_irt_trader', '42501',
     'Act for your own user (identity.users.db_role); a member of bourse_gateway says SELECT identity.act_as(user_id) in the same transaction.',
     'set_password(@bob, ''long enough'')'),
    ('regress_irt_trader', '42501',
     'Only the login of the user and a member of bourse_worker can; neither an admin nor a gateway.',
     'decrypt_credentials(@bob, ''KRAKEN'')'),
    ('regress_irt_gateway', '42501',
     'Connect as an admin, or as a member of bourse_gateway and do this in a transaction without identity.act_as().',
     'register(''x'')'),
    ('regress_irt_worker', '42501', 'Connect as an admin or a member of bourse_gateway, or as the user himself.',
     'set_password(@bob, ''long enough'')'),
    ('regress_irt_gateway_of_itself', '42501',
     'A gateway makes viewers and traders; connect as a member of bourse_admin for the others.',
     'register(''x'', role => ''admin'')');
-- A gateway acts for ann, unless it is to log users in.
CREATE FUNCTION pg_temp.answer(login text, call text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    PERFORM set_config('bourse.user_id',
                       CASE WHEN login = 'regress_irt_gateway' THEN person('irt ann')::text ELSE '' END, true);
    EXECUTE format('SET LOCAL SESSION AUTHORIZATION %I', replace(login, '_of_itself', ''));
    answer := refusal('SELECT identity.' || call);
    SET LOCAL SESSION AUTHORIZATION postgres;
    RETURN answer;
END
$$;
CREATE FUNCTION pg_temp.everything() RETURNS text LANGUAGE sql AS $$
SELECT md5(concat((SELECT string_agg(u::text, ';' ORDER BY id) FROM identity.users u),
                          (SELECT string_agg(i::text, ';' ORDER BY id) FROM identity.auth_identities i),
                  (SELECT string_agg(p::text, ';' ORDER BY id) FROM identity.user_principals p),
                          (SELECT string_agg(k::text, ';' ORDER BY id) FROM identity.api_keys k),
                  (SELECT string_agg(c::text, ';' ORDER BY id) FROM identity.exchange_credentials c),
                          (SELECT string_agg(v::text, ';' ORDER BY id) FROM identity.verification_codes v))) $$;
SELECT pg_temp.everything() AS before \gset
CREATE TEMP TABLE answered AS
SELECT r.*,
       pg_temp.answer(r.login,
                      replace(replace(replace(replace(r.call, '@ann', :'ann'), '@bob', :'bob'), '@idle', :'idle'),
                              '@deep', $$(repeat('{"a":', 64) || '1' || repeat('}', 64))::jsonb$$)) AS answer
FROM refused r ORDER BY n;
SELECT pg_temp.everything() = :'before' AS nothing_changed;
-- What is not as the table says: nothing.
SELECT login, call, sqlstate, hint, answer FROM answered WHERE answer NOT LIKE sqlstate || ' % / ' || hint ORDER BY n;
SELECT sqlstate, count(*) AS cases FROM answered GROUP BY sqlstate ORDER BY sqlstate;
-- Of all hints in functions written in SQL those of a race and of rotation are missing; audit_refusals has those of
-- privacy, identity_erased that of an erased user, identity_logins and identity_strangers those of columns and
-- triggers.
SELECT p.proname AS function, h AS never_given
FROM pg_proc p, hints(p.prosrc) h
WHERE p.pronamespace IN ('identity'::regnamespace, 'identity_private'::regnamespace)
  AND p.proname !~ '^(require_eras|require_no|refuse_owned|erase_|export_)'
  AND NOT EXISTS (SELECT FROM answered a WHERE a.hint = h)
ORDER BY 1;
UPDATE identity.users SET db_role = NULL WHERE id = :ann;
DROP ROLE regress_irt_trader, regress_irt_gateway, regress_irt_admin, regress_irt_worker, regress_irt_giver;
