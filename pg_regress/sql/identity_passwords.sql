-- Cheap hashes, so that the tests are quick. Only a superuser may set the costs.
SELECT identity.current_user_id() AS the_library_is_loaded;
SET bourse.argon2_memory = 64;
SET bourse.argon2_iterations = 1;
SET bourse.bcrypt_cost = 4;
SELECT name, setting, unit, context, min_val, max_val, boot_val FROM pg_settings
WHERE name ~ '^bourse\.(password|argon2|bcrypt|code)' ORDER BY name;
SELECT identity.register('pas ann', 'Ann@pas.example', 'pas_ann', 'correct horse') AS ann \gset
SELECT identity.register('pas bob') AS bob \gset
CREATE FUNCTION pg_temp.hash_of(id bigint) RETURNS text LANGUAGE sql AS $$
SELECT substring(password_hash FROM '^(?:\$argon2id\$v=19\$[^$]*|\$2[aby]\$\d\d)\$')
FROM identity.users u WHERE u.id = hash_of.id $$;

-- By email or username, without case; anything else is nobody.
SELECT pg_temp.hash_of(:ann), identity.verify_password('ann@PAS.example', 'correct horse') = :ann AS by_email,
       identity.verify_password('Pas_Ann', 'correct horse') = :ann AS by_username;
SELECT last_login IS NOT NULL AS stamped FROM identity.users WHERE id = :ann;
SELECT identity.verify_password(login, password) AS nobody
FROM (VALUES ('pas_ann', 'Correct horse'), ('pas_ann', ''), ('pas_ann', NULL),
    ('nobody', 'correct horse'), ('pas bob', ''), ('', ''), (NULL, NULL)) AS c (login, password);
UPDATE identity.users SET is_active = false WHERE id = :ann;
SELECT identity.verify_password('pas_ann', 'correct horse') AS nobody;
UPDATE identity.users SET is_active = true WHERE id = :ann;
-- An address is nobody's username, so that nobody is found by somebody else's.
SELECT split_part(refusal(format('UPDATE identity.users SET username = ''ann@pas.example'' WHERE id = %s', :bob)), ':',
                  1) AS answer;
UPDATE identity.users SET password_hash = identity_private.hash_password('bobs secret') WHERE id = :bob;
SELECT identity.verify_password('ann@pas.example', 'correct horse') = :ann AS ann,
       identity.verify_password('ann@pas.example', 'bobs secret') AS nobody;

-- A new password; who was remembered with the old one is forgotten.
UPDATE identity.users SET remember_token = 'token' WHERE id = :ann;
SELECT identity.set_password(:ann, 'battery staple');
SELECT identity.verify_password('pas_ann', 'correct horse') AS old,
       identity.verify_password('pas_ann', 'battery staple') = :ann AS new;
SELECT remember_token FROM identity.users WHERE id = :ann;
SELECT call, refusal('SELECT identity.set_password(' || replace(call, 'ANN', :'ann') || ')') FROM unnest(ARRAY[
    $$-1, 'long enough'$$, $$NULL, 'long enough'$$, $$ANN, NULL$$, $$ANN, 'seven77'$$, $$ANN, '        '$$,
    $$ANN, repeat('x', 1025)$$]) WITH ORDINALITY AS c (call, n)
ORDER BY n;

-- bcrypt: hashes of Python's bcrypt verify, and are made anew at login as the settings say.
UPDATE identity.users SET password_hash = '$2b$05$vKD9pnIkJdOysdGh/Wezx.etP19Q/FAmK1aCEVy1XWdfgib4OQbiC'
WHERE id = :ann;
BEGIN READ ONLY;
SELECT identity.verify_password('pas_ann', 'correct horse battery staple') = :ann AS ann, pg_temp.hash_of(:ann);
COMMIT;
SELECT identity.verify_password('pas_ann', 'wrong') AS nobody, pg_temp.hash_of(:ann);
SELECT identity.verify_password('pas_ann', 'correct horse battery staple') = :ann AS ann;
SELECT pg_temp.hash_of(:ann);
SET bourse.argon2_iterations = 2;
SELECT identity.verify_password('pas_ann', 'correct horse battery staple') = :ann AS ann;
SELECT pg_temp.hash_of(:ann);
SET bourse.password_algorithm = 'bcrypt';
SELECT identity.verify_password('pas_ann', 'correct horse battery staple') = :ann AS ann;
SELECT pg_temp.hash_of(:ann), identity.verify_password('pas_ann', 'correct horse battery staple') = :ann AS ann;
SELECT refusal(format('SELECT identity.set_password(%s, repeat(''x'', 73))', :ann));
SELECT identity.set_password(:ann, repeat('x', 72));
SELECT identity.verify_password('pas_ann', repeat('x', 72)) = :ann AS ann,
       identity.verify_password('pas_ann', repeat('x', 71)) AS nobody;
-- Two users with one password have two hashes; what is no hash is refused.
SELECT identity.set_password(:bob, repeat('x', 72));
SELECT count(DISTINCT password_hash) FROM identity.users WHERE id IN (:ann, :bob);
SELECT hash,
       split_part(refusal(format('UPDATE identity.users SET password_hash = %L WHERE id = %s', hash, :ann)), ':',
                  1) AS answer
FROM unnest(ARRAY['plain text', '', '$2b$', '$2x$05$x', '$scrypt$x', ' $2b$05$x', '$2y$05$x', '$argon2i$x',
                  '$argon2d$x']) hash;
-- A hash that would take longer than seconds fits no password, and is not computed.
UPDATE identity.users
SET password_hash
    = '$argon2id$v=19$m=1048576,t=64,p=1$QvAOMgkiD5eAlpWKMgDWiQ$BXv06E3y7vj24QINi1vRhM+WKA2QsRhlo1a5hqlk66A'
WHERE id = :ann;
SET statement_timeout = '5s';
SELECT identity.verify_password('pas_ann', 'plain text') AS nobody;
RESET statement_timeout;
SET bourse.password_algorithm = 'argon2id';
-- Every memory goes with every number of lanes, and no setting makes hashes that are not read again.
SELECT setting, regexp_replace(split_part(refusal('SET bourse.' || setting), ' / ', 1),
                               '(\d) kB( \.\.|\))', '\1\2', 'g') AS answer -- 18 gives the bounds a unit
FROM unnest(ARRAY['argon2_memory = 8', 'argon2_memory = ''65 MB''',
    'argon2_iterations = 17', 'argon2_parallelism = 9', 'bcrypt_cost = 16']) setting;
SET bourse.argon2_memory = 64;
SET bourse.argon2_parallelism = 8;
SELECT identity.set_password(:ann, 'long enough');
-- Who may act for everybody does not set everybody's password for it: a worker that is a viewer, too, sets its own.
CREATE ROLE pas_worker LOGIN IN ROLE bourse_worker, bourse_viewer;
CREATE ROLE pas_admin LOGIN IN ROLE bourse_admin;
CREATE ROLE pas_gateway LOGIN IN ROLE bourse_gateway;
SET SESSION AUTHORIZATION pas_worker;
SELECT refusal(format('SELECT identity.set_password(%s, ''new password 1234'')', :bob)) AS anybodys;
SET SESSION AUTHORIZATION pas_admin;
SELECT identity.set_password(:bob, 'new password 1234');
SET SESSION AUTHORIZATION pas_gateway;
BEGIN;
SELECT identity.act_as(:bob);
SELECT identity.set_password(:bob, 'new password 1234');
COMMIT;
RESET SESSION AUTHORIZATION;
UPDATE identity.users SET db_role = 'pas_worker' WHERE id = :bob;
SET SESSION AUTHORIZATION pas_worker;
SELECT identity.set_password(:bob, 'new password 1234');
RESET SESSION AUTHORIZATION;
DROP OWNED BY pas_worker, pas_admin, pas_gateway;
DROP ROLE pas_worker, pas_admin, pas_gateway;
