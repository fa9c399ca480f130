-- Columns with one writer, whose login somebody is, and what an operator did: not an admin's to change, nor an
-- erasure's.
CREATE ROLE regress_ilg_admin LOGIN IN ROLE bourse_admin;
CREATE ROLE regress_ilg_giver LOGIN CREATEROLE IN ROLE bourse_admin;
CREATE ROLE regress_ilg_second LOGIN IN ROLE bourse_trader;
CREATE ROLE regress_ilg_ann LOGIN IN ROLE bourse_trader;
INSERT INTO identity.users (name) VALUES ('ilg ann'), ('ilg bob'), ('ilg doe'), ('ilg friend');
SELECT person('ilg ann') AS ann, person('ilg bob') AS bob, person('ilg doe') AS doe \gset
SET SESSION AUTHORIZATION regress_ilg_admin;
-- What an admin must not write, and what goes on as before.
SELECT c AS column, refusal(format('UPDATE identity.users SET %I = NULL WHERE id = -1', c))
FROM unnest('{id,db_role,erased_at,email_verified_at,last_login,password_hash,remember_token,created_at,name,email,username,role,is_active,developer_name,developer_bio,developer_website,updated_at}'::text[
                ]) c;
SELECT refusal(format('INSERT INTO identity.users (name, %I) VALUES (''ilg new'', %L)', c, v))
FROM (VALUES ('db_role', 'regress_ilg_second'), ('erased_at', 'now'), ('email_verified_at', 'now')) c (c, v);
INSERT INTO identity.users (name, email, password_hash, db_role, erased_at, email_verified_at, last_login)
VALUES ('ilg import', 'import@ilg.example', '$2b$05$of another program', NULL, NULL, NULL, now()) RETURNING name;
-- An erased row says what it is, also to an admin.
SELECT identity.erase_user(person('ilg import'), 'x') ->> 'pseudonym' IS NOT NULL AS erased;
SELECT refusal(format('UPDATE identity.users SET name = ''ilg back'' WHERE id = %s',
                                                                                             (
                                                                                                 SELECT max(id)
                                                                                                 FROM identity.users
                                                                                                 WHERE erased_at
                                                                                                     IS NOT NULL)));
-- Nobody but who can make logins gives them, and none that acts for others.
SELECT refusal(format('SELECT identity.set_login(%s, %L)', :bob, l))
FROM unnest('{regress_ilg_second,regress_ilg_admin}'::text[]) l;
SET SESSION AUTHORIZATION regress_ilg_giver;
SELECT l AS login, refusal(format('SELECT identity.set_login(%s, %L)', :bob, l))
FROM unnest('{regress_ilg_giver,postgres,nobody at all}'::text[]) l;
SELECT identity.set_login(:ann, 'regress_ilg_ann');
SELECT refusal(format('SELECT identity.set_login(%s, ''regress_ilg_ann'')', :bob));
RESET SESSION AUTHORIZATION;
SELECT name, db_role FROM identity.users WHERE db_role LIKE 'regress\_ilg%';
-- An admin's throw-away user: even a superuser's mapping takes nothing out of the trail, and verify() holds.
SELECT identity.set_login(:doe, 'regress_ilg_admin');
SET SESSION AUTHORIZATION regress_ilg_admin;
SET bourse.user_agent = 'the admin''s browser';
INSERT INTO exchange.fee_schedules VALUES ('ilg friends', '*', 0, 0);
INSERT INTO exchange.fee_groups SELECT id, 'ilg friends' FROM identity.users WHERE name = 'ilg friend';
UPDATE identity.users SET developer_name = 'ann''s' WHERE id = :ann;
SELECT audit.log_activity(:doe, 'looked') > 0 AS logged;
RESET SESSION AUTHORIZATION;
SELECT identity.set_login(:doe, NULL);
SET SESSION AUTHORIZATION regress_ilg_ann;
SET bourse.user_agent = 'ann''s browser';
SELECT audit.log_activity(:ann, 'looked', 'page', '7') > 0 AS logged;
SELECT identity.set_password(:ann, 'correct horse battery');
RESET SESSION AUTHORIZATION;
RESET bourse.user_agent;
SELECT audit.head() AS anchor \gset
SELECT identity.erase_user(:doe, 'request') ->> 'login_role' AS login,
       identity.erase_user(:ann, 'request') ->> 'login_role' AS anns_login;
SELECT action, table_name, user_id = :doe AS by_doe, user_id = :ann AS by_ann, login_role, operator, user_agent,
       CASE WHEN action = 'LOGIN' THEN new_values END AS login
FROM audit.audit_logs WHERE user_id IN (:ann, :doe) OR action = 'LOGIN' AND subject_id IN (:ann, :doe) ORDER BY id;
SELECT action, resource_id, login_role, operator FROM audit.activity_logs WHERE subject_id IN (:ann, :doe) ORDER BY id;
SELECT * FROM audit.verify(:'anchor');
DELETE FROM exchange.fee_groups WHERE fee_group = 'ilg friends';
DELETE FROM exchange.fee_schedules WHERE fee_group = 'ilg friends';
DROP ROLE regress_ilg_admin, regress_ilg_giver, regress_ilg_second, regress_ilg_ann;
