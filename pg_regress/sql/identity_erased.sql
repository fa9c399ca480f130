-- An erased user stays erased: nothing personal comes back, and no money goes to nobody.
SELECT identity.register('erd ann', 'ann@erd.example') AS ann, identity.register('erd bob') AS bob \gset
SELECT exchange.deposit(:bob, 'USD', 100, 'erd-1') IS NOT NULL AS funded;
SELECT (identity.erase_user(:ann, 'asked for it') ->> 'user_id')::bigint = :ann AS erased;
SELECT name LIKE 'erased user%' AS renamed, email, role, is_active, erased_at > created_at AS erased FROM identity.users
WHERE id = :ann;

-- Each says so, and changes nothing.
CREATE FUNCTION pg_temp.everything() RETURNS text LANGUAGE sql AS $$
SELECT md5(concat((SELECT string_agg(u::text, ';' ORDER BY id) FROM identity.users u),
                          (SELECT string_agg(i::text, ';' ORDER BY id) FROM identity.auth_identities i),
                  (SELECT string_agg(p::text, ';' ORDER BY id) FROM identity.user_principals p),
                          (SELECT string_agg(k::text, ';' ORDER BY id) FROM identity.api_keys k),
                  (SELECT string_agg(v::text, ';' ORDER BY id) FROM identity.verification_codes v),
                          (SELECT string_agg(c::text, ';' ORDER BY id) FROM identity.exchange_credentials c),
                  (SELECT string_agg(t::text, ';' ORDER BY id) FROM exchange.transfers t),
                          (SELECT string_agg(l::text, ';' ORDER BY id) FROM audit.activity_logs l))) $$;
SELECT pg_temp.everything() AS before \gset
SELECT left(c.call, 60) AS call,
       replace(refusal(replace(replace(c.call, '@ann', :'ann'), '@bob', :'bob')), 'user ' || :ann, 'user N') AS answer
FROM (VALUES ('SELECT identity.set_password(@ann, ''correct horse'')'),
             ('SELECT identity.link_identity(@ann, ''erd'', ''again'')'),
             ('SELECT identity.register_principal(''erd-principal'', @ann)'), ('SELECT identity.issue_api_key(@ann)'),
             ('SELECT identity.issue_code(@ann, ''email'')'),
             ('SELECT audit.log_activity(@ann, ''login'', details => ''{"email": "ann@erd.example"}'')'),
             ('INSERT INTO identity.exchange_credentials (user_id, exchange, api_key_encrypted, api_secret_encrypted, key_id) SELECT @ann, ''KRAKEN'', x, x, ''0123456789abcdef'' FROM rpad(''gAAAA'', 100, ''A'') x'),
             ('UPDATE identity.users SET developer_name = ''Ann'' WHERE id = @ann'),
             ('UPDATE identity.users SET is_active = true WHERE id = @ann'),
             ('UPDATE identity.users SET erased_at = NULL WHERE id = @ann'),
             ('SELECT exchange.deposit(@ann, ''USD'', 1)'),
             ('SELECT exchange.transfer(@bob, @ann, ''USD'', 1)')) c (call);
SELECT pg_temp.everything() = :'before' AS nothing_changed;
-- What has been booked before can still be asked for, and read.
SELECT exchange.deposit(:bob, 'USD', 100, 'erd-1') IS NOT NULL AS repeated;
SELECT count(*) AS trades FROM exchange.my_trades(:ann);
SELECT count(*) AS rows FROM exchange.verify();
SELECT count(*) AS rows FROM audit.verify();
