-- Registering: a name alone is enough; emails and usernames are unique without case.
SELECT identity.register('reg ann', 'Ann@reg.example', 'reg_ann') AS ann \gset
SELECT identity.register('reg bob') > :ann AS made;
SELECT identity.register('reg dev', role => 'developer') > :ann AS made;
SELECT name, email, username, role, is_admin, is_active, email_verified_at, last_login FROM identity.users
WHERE name LIKE 'reg %' ORDER BY name;
SELECT call, refusal('SELECT identity.register(' || call || ')') FROM unnest(ARRAY[
    $$NULL$$, $$'  '$$, $$repeat('x', 256)$$, $$'x', 'ann@REG.example'$$, $$'x', username => 'REG_ANN'$$,
    $$'x', 'no address'$$, $$'x', 'two words@reg.example'$$, $$'x', ''$$, $$'x', username => 'a@b'$$,
    $$'x', username => repeat('x', 81)$$,
    $$'x', role => 'king'$$, $$'x', role => NULL$$, $$'x', password => ''$$, $$'x', password => 'seven77'$$,
    $$'x', password => repeat('x', 1025)$$
    ]) WITH ORDINALITY AS c (call, n) ORDER BY n;

-- What everybody may see of users has nothing secret in it.
SELECT attname FROM pg_attribute WHERE attrelid = 'identity.user_secure_view'::regclass AND attnum > 0 ORDER BY attnum;
SELECT email, role, is_active, developer_name FROM identity.user_secure_view WHERE id = :ann;

-- An account with a provider: the first call makes the user, every other finds it.
SELECT identity.authenticate('google', 'g-1', 'reg gil', '{"language": "en"}') AS gil \gset
SELECT identity.authenticate('google', 'g-1', 'another name', '{"verified": true}') = :gil AS same;
SELECT identity.authenticate('google', 'g-2') <> :gil AS another,
       identity.authenticate('github', 'g-1') <> :gil AS and_another;
SELECT u.name, u.last_login >= u.created_at AS stamped, i.provider, i.external_id, i.metadata
FROM identity.auth_identities i JOIN identity.users u ON u.id = i.user_id WHERE external_id LIKE 'g-_' ORDER BY i.id;
SELECT identity.create_telegram_user('4711',
                                     '{"first_name": "Reg", "last_name": "Tel", "username": "regtel", "email": "ann@reg.example", "is_admin": true}')
AS tel \gset
SELECT identity.create_telegram_user('4711') = :tel AS same,
       identity.authenticate('telegram', '4711') = :tel AS same_user;
SELECT identity.create_telegram_user('4712', '{"username": "only_this"}') > :tel AS made,
       identity.create_telegram_user('4713') > :tel AS made;
-- What Telegram says of somebody gives no rights and no email.
SELECT name, email, is_admin, metadata FROM identity.users u JOIN identity.auth_identities i ON i.user_id = u.id
WHERE provider = 'telegram' AND external_id LIKE '471_' ORDER BY external_id;
SELECT call, refusal('SELECT identity.' || call) FROM unnest(ARRAY[
    $$authenticate(NULL, 'x')$$, $$authenticate('google', '')$$, $$authenticate(repeat('x', 33), 'x')$$,
    $$authenticate('google', repeat('x', 256))$$,
    $$authenticate('google', 'g-9', metadata => '[]')$$, $$authenticate('google', 'g-9', name => ' ')$$,
    $$create_telegram_user(NULL)$$, $$create_telegram_user('1', '"x"')$$
    ]) WITH ORDINALITY AS c (call, n) ORDER BY n;

-- One user may have several accounts, one account has one user.
SELECT identity.link_identity(:ann, 'google', 'g-3') = identity.link_identity(
    :ann, 'google', 'g-3', '{"verified": true}') AS same;
SELECT identity.authenticate('google', 'g-3') = :ann AS ann;
SELECT refusal(format('SELECT identity.link_identity(%s, ''google'', ''g-1'')', :ann));
SELECT refusal('SELECT identity.link_identity(-1, ''google'', ''g-4'')');
-- An inactive user is not let in, and a deleted one takes the accounts along.
UPDATE identity.users SET is_active = false WHERE id = :gil;
SELECT refusal('SELECT identity.authenticate(''google'', ''g-1'')');
DELETE FROM identity.users WHERE id = :gil;
SELECT count(*) FROM identity.auth_identities WHERE user_id = :gil;

-- The address that was verified is no longer there: neither is the mark.
UPDATE identity.users SET email_verified_at = now() WHERE id = :ann;
UPDATE identity.users SET email = 'ANN@reg.example' WHERE id = :ann;
SELECT email, email_verified_at IS NOT NULL AS verified FROM identity.users WHERE id = :ann;
UPDATE identity.users SET email = 'new@reg.example' WHERE id = :ann RETURNING email_verified_at;

-- Principals: found or made, given to a user, never to two.
SELECT identity.register_principal('reg-principal-1') AS shadow \gset
SELECT identity.register_principal('reg-principal-1') = :shadow AS same,
       identity.register_principal('reg-principal-1', :shadow) = :shadow AS same_again;
SELECT identity.register_principal('reg-principal-2', :ann) = :ann AS of_ann;
SELECT u.name, p.principal_id, p.status FROM identity.user_principals p JOIN identity.users u ON u.id = p.user_id
WHERE principal_id LIKE 'reg-%' ORDER BY p.id;
SELECT refusal(format('SELECT identity.register_principal(%L, %s)', p, u))
FROM (VALUES ('reg-principal-1', :ann), ('reg-principal-3', -1), ('', 1), (NULL, 1)) AS c (p, u);
-- What register() refuses does not come in by another door.
SELECT what,
       split_part(refusal(format('INSERT INTO identity.users (name, email, username) SELECT ''x'', r.email, r.username FROM jsonb_to_record(%L) r (email text, username text)',
                                 what)),
                  ':', 1) AS answer
FROM unnest(ARRAY['{"email": "no email at all"}', '{"email": ""}', '{"email": "a@b@c"}', '{"email": "a @b"}',
                  '{"username": "reg@x.example"}', '{"username": ""}', '{"username": "two words"}']::jsonb[]) what;
