-- API keys: shown once, stored as a digest.
SELECT identity.register('key ann') AS ann \gset
SELECT id AS first, api_key AS key FROM identity.issue_api_key(:ann, 'laptop') \gset
SELECT :'key' ~ '^brs_[0-9a-f]{8}_[A-Za-z0-9_-]{43}$' AS spelled;
SELECT name, prefix = left(:'key', 12) AS prefix, key_hash = sha256(convert_to(:'key', 'UTF8')) AS digest, expires_at,
       revoked_at
FROM identity.api_keys WHERE id = :first;
SELECT identity.verify_api_key(:'key') = :ann AS ann;
SELECT identity.verify_api_key(k) AS nobody
FROM unnest(ARRAY[:'key' || 'x', left(:'key', -1), upper(:'key'), left(:'key', 12), left(:'key', 13) || repeat('A', 43),
                  '', NULL, 'Ω']) k;
-- It goes on working until it expires, is revoked, or its user is put out of action.
SELECT id AS second, api_key AS key2
FROM identity.issue_api_key(:ann, expires_at => clock_timestamp() + interval '1 h') \gset
SELECT :'key' <> :'key2' AS another, identity.verify_api_key(:'key2') = :ann AS ann;
UPDATE identity.api_keys SET created_at = now() - interval '2 h', expires_at = now() - interval '1 h'
WHERE id = :second;
SELECT identity.verify_api_key(:'key2') AS expired;
UPDATE identity.users SET is_active = false WHERE id = :ann;
SELECT identity.verify_api_key(:'key') AS inactive;
UPDATE identity.users SET is_active = true WHERE id = :ann;
SELECT identity.revoke_api_key(:first) AS revoked, identity.verify_api_key(:'key') AS nobody;
SELECT identity.revoke_api_key(:first) AS before;
SELECT api_key AS key3 FROM identity.issue_api_key(:ann) \gset
BEGIN READ ONLY;
SELECT identity.verify_api_key(:'key3') = :ann AS reads_only;
COMMIT;
-- At most 100 live keys; revoked and expired ones do not count.
SELECT count(identity.issue_api_key(:ann)) FROM generate_series(1, 99);
SELECT refusal(format('SELECT identity.issue_api_key(%s)', :ann));
SELECT call, refusal('SELECT identity.' || replace(call, 'ANN', :'ann')) FROM unnest(ARRAY[
    'issue_api_key(NULL)', 'issue_api_key(-1)', 'issue_api_key(ANN, repeat(''x'', 81))',
    'issue_api_key(ANN, expires_at => ''2001-01-01 00:00Z'')',
    'revoke_api_key(-1)', 'revoke_api_key(NULL)']) WITH ORDINALITY AS c (call, n) ORDER BY n;
DELETE FROM identity.users WHERE id = :ann;
SELECT count(*) FROM identity.api_keys WHERE user_id = :ann;
