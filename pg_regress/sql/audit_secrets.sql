-- Which names are secret, in whatever spelling, and which are not. 0 rows each.
SELECT name AS not_redacted FROM unnest(ARRAY[
    'password', 'Password', 'passwd', 'pwd', 'pass', 'user_pass', 'PASS', 'passphrase', 'passcode', 'user password',
    'api_key', 'apiKey', 'APIKEY', 'API-KEY', 'api-key', 'X-Api-Key', 'api key', 'api_keys', 'apiKeys', 'private_key',
    'private-key', 'privateKey', 'private_keys',
    'signing_key', 'signingKey', 'encryption_key', 'session_key', 'ssh-key', 'secret_key', 'client-secret',
    'access_token', 'refreshToken', 'X-CSRF-Token',
    'authorization', 'Authorization', 'Proxy-Authorization', 'bearer', 'jwt', 'id_jwt', 'cookie', 'Set-Cookie',
    'cookies', 'credentials',
    'otp', 'OTP', 'userOtp', 'totp', 'otp_code', 'otpCode', 'totp-code', 'pin', 'PIN', 'card-pin', 'pincode',
    'pin_code', 'pinCode', 'verification_code', 'cvv',
    'seed_phrase', 'seedPhrase', 'seed phrase', 'recovery words', 'mnemonic', 'code_hash', 'codeHash', 'codehash',
    'key_hash', 'password-hashes', 'api_secret_encrypted']) name
WHERE bourse_private.redact(jsonb_build_object(name, 'S3CRET'))::text LIKE '%S3CRET%'
   OR bourse_private.redact(jsonb_build_array(jsonb_build_object(
                                                  'outer',
                                                  jsonb_build_object(
                                                      name, '{"S3CRET": 1}'::jsonb))))::text LIKE '%S3CRET%';
SELECT name AS redacted FROM unnest(ARRAY[
    'keyboard', 'passenger', 'passengers', 'compass', 'monkey', 'key', 'keys', 'primary_key', 'key_id', 'code',
    'country_code', 'status_code', 'codes', 'spinner', 'pinned', 'opinion',
    'hashtag', 'hash', 'phrase', 'words', 'cookie_policy', 'authorized', 'author', 'laptop', 'option', 'session',
    'session_id', 'symbol', 'email', 'client_order_id', 'identity.verification_codes']) name
WHERE bourse_private.redact(jsonb_build_object(name, 'plain')) <> jsonb_build_object(name, 'plain');
SELECT bourse_private.redact('{"is_secret": true, "token": null, "list": [["x", {"token": "S"}]], "api_keys": ["S", "T"], "n": {"otp": 123456}}')
AS redacted;

-- A key that is a secret: its digest stands for it, so that the history of the row is found, and the secret is not.
SET ROLE bourse_owner;
CREATE TABLE identity.ase_tokens (token text PRIMARY KEY, note text);
CREATE TABLE identity.ase_pairs (id integer, recipe text, note text, PRIMARY KEY (id, recipe));
RESET ROLE;
SELECT audit.enable('identity.ase_tokens'), audit.enable('identity.ase_pairs', '{recipe}');
INSERT INTO identity.ase_tokens VALUES ('TOPSECRET', 'x');
UPDATE identity.ase_tokens SET note = 'y';
INSERT INTO identity.ase_pairs VALUES (1, 'TOPSECRET', 'x');
DELETE FROM identity.ase_tokens;
SELECT action, table_name, replace(record_id, encode(sha256('TOPSECRET'), 'hex'), 'DIGEST') AS record_id, old_values,
       new_values
FROM audit.audit_logs WHERE table_name LIKE 'identity.ase\_%' AND action NOT IN ('ENABLE', 'DISABLE') ORDER BY id;
SELECT count(*) AS found FROM audit.audit_logs l WHERE l::text LIKE '%TOPSECRET%';
SELECT audit.disable('identity.ase_tokens'), audit.disable('identity.ase_pairs');
DROP TABLE identity.ase_tokens, identity.ase_pairs;

-- JSON that is deeper than any door takes: the trail tells 65 levels of it, the row around it being the first, and what
-- it has not looked at it does not tell. The deepest that a door takes is told whole.
SET ROLE bourse_owner;
CREATE TABLE identity.ase_deep (id integer PRIMARY KEY, body jsonb);
RESET ROLE;
SELECT audit.enable('identity.ase_deep');
CREATE FUNCTION pg_temp.deep(levels integer) RETURNS jsonb
LANGUAGE sql
    AS $$ SELECT (repeat('{"a":', levels - 1) || '{"token": "TOPSECRET"}' || repeat('}', levels - 1))::jsonb $$;
INSERT INTO identity.ase_deep
VALUES (1, pg_temp.deep(64)), (2, pg_temp.deep(65)), (3, pg_temp.deep(3000)),
       (4, (repeat('[', 3000) || '"pin"' || repeat(']', 3000))::jsonb);
DELETE FROM identity.ase_deep;
SELECT action, record_id, 1 + regexp_count(replace(v::text, '[redacted]', ''), '"a"|\[') AS levels,
       v::text LIKE '%[redacted]%' AS redacted, v::text LIKE '%TOPSECRET%' AS secret
FROM audit.audit_logs, coalesce(new_values, old_values) v
WHERE table_name = 'identity.ase_deep' AND action IN ('INSERT', 'DELETE') ORDER BY id;
SELECT audit.log_activity(NULL, 'ase deep',
                          details => (repeat('[', 64) || repeat(']', 64))::jsonb) IS NOT NULL AS logged;
SELECT audit.disable('identity.ase_deep');
DROP TABLE identity.ase_deep;

-- A session that takes backslashes in strings for escapes, by its role or on its own: what is secret stays secret.
CREATE ROLE regress_ase_old LOGIN IN ROLE bourse_admin;
ALTER ROLE regress_ase_old SET standard_conforming_strings = off;
SET ROLE bourse_owner;
CREATE TABLE identity.ase_old (id integer PRIMARY KEY, profile jsonb, recipe text);
GRANT SELECT, INSERT ON identity.ase_old TO bourse_admin;
RESET ROLE;
SELECT audit.enable('identity.ase_old', '{recipe}');
SELECT current_user AS me \gset
\c - regress_ase_old
SHOW standard_conforming_strings;
INSERT INTO identity.ase_old VALUES (1, '{"apiKey": "TOPSECRET", "list": [{"otpCode": "TOPSECRET"}]}', 'TOPSECRET');
SELECT * FROM audit.enabled() WHERE table_name = 'identity.ase_old';
SET standard_conforming_strings = on;
RESET standard_conforming_strings;
DISCARD ALL;
SHOW standard_conforming_strings;
INSERT INTO identity.ase_old VALUES (2, '{"apiKey": "TOPSECRET"}', 'TOPSECRET');
SELECT audit.log_activity(NULL, 'ase old', details => '{"apiKey": "TOPSECRET"}') IS NOT NULL AS logged;
SELECT * FROM audit.enabled() WHERE table_name = 'identity.ase_old';
\c - :me
SET standard_conforming_strings = off;
INSERT INTO identity.ase_old VALUES (3, '{"apiKey": "TOPSECRET"}', 'TOPSECRET');
RESET standard_conforming_strings;
SELECT new_values FROM audit.audit_logs WHERE table_name = 'identity.ase_old' AND action = 'INSERT' ORDER BY id;
SELECT details FROM audit.activity_logs WHERE action = 'ase old';
SELECT audit.disable('identity.ase_old');
DROP TABLE identity.ase_old;
DROP ROLE regress_ase_old;
