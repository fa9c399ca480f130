-- Export and erasure of somebody with rows in every table of identity: accounts, codes, keys, principals, credentials.
SET bourse.argon2_memory = 64;
SET bourse.argon2_iterations = 1;
INSERT INTO identity.users (name, email, username)
VALUES ('idx ann', 'ann@idx.example', 'annidx'), ('idx bob', 'bob@idx.example', 'bobidx');
SELECT person('idx ann') AS ann, person('idx bob') AS bob \gset
SELECT count(identity.link_identity(person('idx ' || n), 'telegram', n || 'idx account',
                                    jsonb_build_object('first_name', n || 'idx', 'access_token',
                                                       n || 'idx token'))) AS accounts,
       count(identity.register_principal(n || 'idx principal', person('idx ' || n))) AS principals,
       count(identity.set_password(person('idx ' || n), n || 'idx password')) AS passwords
FROM unnest(ARRAY['ann', 'bob']) n;
SELECT identity.issue_code(:ann, 'email') AS code \gset
SELECT identity.verify_code(:ann, :'code', 'email') AS verified;
SELECT count(identity.issue_code(u)) AS codes FROM unnest(ARRAY[:ann, :bob]) u;
SELECT api_key AS anns_key FROM identity.issue_api_key(:ann, 'annidx bot') \gset
SELECT api_key AS bobs_key FROM identity.issue_api_key(:bob, 'bobidx bot') \gset
INSERT INTO identity.exchange_credentials (user_id, principal_id, exchange, api_key_encrypted, api_secret_encrypted,
                                           api_passphrase_encrypted, key_id)
SELECT person('idx ' || n), n || 'idx principal', 'KRAKEN', t, t, t, repeat('0', 16)
FROM unnest(ARRAY['ann', 'bob']) n, concat('gAAAAA', n, 'idx', repeat('A', 126), '==') t;
CREATE FUNCTION pg_temp.rows_of(id bigint) RETURNS TABLE (source regclass, n bigint) LANGUAGE plpgsql AS $$
DECLARE
    condition text;
BEGIN
    FOR source, condition IN SELECT t.relation, t.condition FROM identity_private.user_tables() t
    WHERE t.relation::text LIKE 'identity.%' LOOP
        EXECUTE format('SELECT count(*) FROM %s WHERE %s', source, condition) INTO n USING id;
        RETURN NEXT;
    END LOOP;
END
$$;
-- No table of identity is left out.
SELECT a.source, a.n AS ann, b.n AS bob FROM pg_temp.rows_of(:ann) a JOIN pg_temp.rows_of(:bob) b USING (source);
SELECT c.oid::regclass AS not_about_users FROM pg_class c
WHERE c.relnamespace = 'identity'::regnamespace AND c.relkind IN ('r', 'p')
  AND c.oid NOT IN (SELECT source FROM pg_temp.rows_of(:ann));

-- All of it is in the export, and nothing that opens a door, nothing of bob.
CREATE TEMP TABLE exported AS SELECT identity.export_user(:ann) AS data;
SELECT t.key AS "table", jsonb_array_length(t.value) AS rows FROM exported, jsonb_each(data -> 'tables') t
WHERE t.value <> '[]' ORDER BY t.key COLLATE "C";
SELECT r ->> 'external_id' AS account, r -> 'metadata' AS metadata
FROM exported, jsonb_array_elements(data #> '{tables,identity.auth_identities}') r;
SELECT r ->> 'principal_id' AS principal, r ->> 'api_key_encrypted' AS api_key,
       r ->> 'api_secret_encrypted' AS api_secret, r ->> 'api_passphrase_encrypted' AS passphrase,
       r ->> 'exchange' AS exchange
FROM exported, jsonb_array_elements(data #> '{tables,identity.exchange_credentials}') r;
SELECT r ->> 'name' AS name, length(r ->> 'prefix') AS prefix, r ->> 'key_hash' AS key_hash
FROM exported, jsonb_array_elements(data #> '{tables,identity.api_keys}') r;
SELECT r ->> 'provider' AS provider, r ->> 'code' AS code, r ->> 'code_hash' AS code_hash,
       r ->> 'consumed_at' IS NOT NULL AS consumed
FROM exported, jsonb_array_elements(data #> '{tables,identity.verification_codes}') r;
SELECT s.what AS exported_secret
FROM exported,
     (SELECT 'password hash', password_hash FROM identity.users WHERE id = :ann UNION ALL SELECT 'code hash', code_hash
    FROM identity.verification_codes WHERE user_id = :ann
    UNION ALL SELECT 'key hash', encode(key_hash, 'hex') FROM identity.api_keys WHERE user_id = :ann
    UNION ALL SELECT 'token', api_key_encrypted FROM identity.exchange_credentials WHERE user_id = :ann
    UNION ALL SELECT 'key', substr(:'anns_key', 13) UNION ALL SELECT 'password', 'annidx password'
    UNION ALL SELECT 'metadata', 'annidx token' UNION ALL SELECT 'code', '"' || :'code' || '"'
    UNION ALL SELECT 'bob', 'bobidx') s (what, secret)
WHERE strpos(data::text, s.secret) > 0;
DROP TABLE exported;

-- Erased: no row of hers but the pseudonym, no word of hers in any table; bob is as he was.
SELECT audit.head() AS anchor \gset
SELECT jsonb_pretty(identity.erase_user(:ann, 'asked by letter') -> 'deleted') AS deleted;
SELECT a.source, a.n AS ann, b.n AS bob FROM pg_temp.rows_of(:ann) a JOIN pg_temp.rows_of(:bob) b USING (source);
CREATE FUNCTION pg_temp.holding(word text) RETURNS SETOF regclass LANGUAGE plpgsql AS $$
DECLARE
    source regclass;
    holds boolean;
BEGIN
    FOR source IN SELECT c.oid FROM pg_class c
    WHERE c.relnamespace::regnamespace::text IN (SELECT bourse_private.modules()) AND c.relkind IN ('r', 'p')
    ORDER BY c.oid::regclass::text COLLATE "C" LOOP
        EXECUTE format('SELECT EXISTS (SELECT FROM %s t WHERE t::text ILIKE $1)',
                       source) INTO holds USING '%' || word || '%';
        IF holds THEN
            RETURN NEXT source;
        END IF;
    END LOOP;
END
$$;
SELECT pg_temp.holding('annidx') AS still_holds_ann;
SELECT pg_temp.holding('ann@idx.example') AS still_holds_ann;
SELECT pg_temp.holding('bobidx') AS holds_bob;
SELECT * FROM audit.verify(:'anchor');
SELECT audit.seal() > 0 AS sealed;
SELECT * FROM audit.verify(:'anchor');
-- None of her doors opens; her account is free for whoever comes with it next.
SELECT identity.verify_api_key(:'anns_key') AS by_key,
       identity.verify_password('ann@idx.example', 'annidx password') AS by_password,
       identity.verify_api_key(:'bobs_key') = :bob AS bobs_key;
SELECT identity.authenticate('telegram', 'annidx account') NOT IN (:ann, :bob) AS somebody_new;
SELECT identity.erase_user(id, 'end of the test') IS NOT NULL AS erased FROM identity.users
WHERE name IN ('idx bob', 'telegram annidx account') ORDER BY id;
SELECT pg_temp.holding('annidx') AS still_holds_ann;
SELECT * FROM audit.verify();
