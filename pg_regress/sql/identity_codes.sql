-- Codes: six digits, hashed, one live code for a user and provider, used once.
SET bourse.argon2_memory = 64;
SET bourse.argon2_iterations = 1;
SELECT identity.register('cod ann', 'ann@cod.example') AS ann \gset
SELECT identity.issue_code(:ann) AS code \gset
SELECT :'code' ~ '^[0-9]{6}$' AS six_digits;
SELECT provider, code, left(code_hash, 10) AS hash, expires_at - created_at BETWEEN '599 s' AND '601 s' AS ten_minutes,
       attempts, consumed_at,
       sent_time BETWEEN extract(epoch FROM created_at) - 60 AND extract(epoch FROM created_at) AS in_seconds
FROM identity.verification_codes WHERE user_id = :ann;
SELECT identity.verify_code(:ann, 'wrong') AS wrong, identity.verify_code(:ann, :'code', 'email') AS other_provider,
       identity.verify_code(:ann, :'code') AS "right";
SELECT identity.verify_code(:ann, :'code') AS again, attempts, consumed_at IS NOT NULL AS consumed
FROM identity.verification_codes WHERE user_id = :ann;

-- A new code replaces the old one. It marks the account as verified; for email, the address.
SELECT identity.link_identity(:ann, 'telegram', 'cod-1') > 0 AS linked;
SELECT identity.issue_code(:ann) AS old \gset
SELECT identity.issue_code(:ann) AS new \gset
SELECT identity.verify_code(:ann, :'old') AND :'old' <> :'new' AS old, identity.verify_code(:ann, :'new') AS new;
SELECT metadata FROM identity.auth_identities WHERE user_id = :ann;
SELECT identity.issue_code(:ann, 'email') AS code \gset
SELECT identity.verify_code(:ann, :'code', 'email') AS "right";
SELECT email_verified_at IS NOT NULL AS verified FROM identity.users WHERE id = :ann;
-- A code that went to the old address is void.
SELECT identity.issue_code(:ann, 'email') AS code \gset
UPDATE identity.users SET email = 'new@cod.example' WHERE id = :ann;
SELECT identity.verify_code(:ann, :'code', 'email') AS void, email_verified_at FROM identity.users WHERE id = :ann;

-- Three sends in a quarter of an hour, for each user and provider.
CREATE FUNCTION pg_temp.timeless(statement text) RETURNS text LANGUAGE sql AS $$
SELECT regexp_replace(refusal(statement), '\d{4}-\d\d-\d\d \d\d:\d\d:\d\d', 'TIME') $$;
SELECT pg_temp.timeless(format('SELECT identity.issue_code(%s)', :ann));
UPDATE identity.verification_codes SET created_at = created_at - interval '15 min' WHERE user_id = :ann;
SELECT identity.issue_code(:ann) AS code \gset
UPDATE identity.verification_codes SET attempted_at = attempted_at - interval '15 min' WHERE user_id = :ann;
-- Five tries, whatever was tried, over all codes; then the right one is not looked at either.
SELECT identity.verify_code(:ann, 'x') FROM generate_series(1, 5);
SELECT pg_temp.timeless(format('SELECT identity.verify_code(%s, %L)', :ann, :'code'));
SELECT identity.issue_code(:ann) AS code \gset
SELECT pg_temp.timeless(format('SELECT identity.verify_code(%s, %L)', :ann, :'code'));
UPDATE identity.verification_codes SET attempted_at = attempted_at - interval '15 min' WHERE user_id = :ann;
-- An expired code is no code.
UPDATE identity.verification_codes
SET created_at = created_at - interval '10 min', expires_at = expires_at - interval '10 min' WHERE user_id = :ann;
SELECT identity.verify_code(:ann, :'code') AS expired;
SET bourse.code_lifetime = '30s';
SET bourse.code_sends = 10;
SELECT identity.issue_code(:ann, 'sms') AS code \gset
SELECT expires_at - created_at BETWEEN '29 s' AND '31 s' AS half_a_minute FROM identity.verification_codes
WHERE user_id = :ann AND provider = 'sms';
SELECT call, refusal('SELECT identity.' || replace(call, 'ANN', :'ann')) FROM unnest(ARRAY[
    'issue_code(-1)', 'issue_code(NULL)', 'issue_code(ANN, '''')', 'issue_code(ANN, NULL)',
    'issue_code(ANN, repeat(''x'', 21))',
    'verify_code(-1, ''x'')', 'verify_code(NULL, ''x'')',
    'verify_code(ANN, ''x'', '''')']) WITH ORDINALITY AS c (call, n)
ORDER BY n;
SELECT identity.verify_code(:ann, NULL, 'sms') AS null_is_wrong;
-- The tables hold what the functions promise: no code in clear, one live code.
SELECT refusal(format('INSERT INTO identity.verification_codes (user_id, code, code_hash, expires_at) VALUES (%s, ''123456'', ''$'', ''infinity'')',
                      :ann));
SELECT refusal(format('INSERT INTO identity.verification_codes (user_id, code_hash, expires_at) VALUES (%s, ''123456'', ''infinity'')',
                      :ann));
SELECT refusal(format('INSERT INTO identity.verification_codes (user_id, provider, code_hash, expires_at) VALUES (%s, ''sms'', ''$'', ''infinity'')',
                      :ann));
