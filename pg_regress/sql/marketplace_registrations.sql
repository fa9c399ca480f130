-- Registrations: a principal offers a bot, with a key that is shown once.
INSERT INTO identity.users (id, name, role, db_role)
VALUES (101, 'dev', 'developer', 'mregs_dev'), (102, 'seller', 'trader', 'mregs_seller'),
       (103, 'boss', 'admin', 'mregs_boss'), (104, 'eve', 'trader', 'mregs_eve');
CREATE ROLE mregs_dev LOGIN IN ROLE bourse_trader;
CREATE ROLE mregs_seller LOGIN IN ROLE bourse_trader;
CREATE ROLE mregs_boss LOGIN IN ROLE bourse_admin;
CREATE ROLE mregs_eve LOGIN IN ROLE bourse_trader;
CREATE ROLE mregs_gateway LOGIN IN ROLE bourse_gateway;
INSERT INTO identity.user_principals (user_id, principal_id)
VALUES (101, 'dev-principal'), (102, 'seller-1'), (102, 'seller-2'), (103, 'boss-principal');
-- Whether a key opens a registration, for a gateway.
CREATE FUNCTION opens(key text) RETURNS text LANGUAGE plpgsql AS $$
BEGIN
    RETURN (SELECT r::text FROM marketplace.authenticate_registration(key) r);
END
$$;
ALTER TABLE marketplace.bots ALTER id RESTART WITH 7001;
ALTER TABLE marketplace.bot_marketplace_registrations ALTER id RESTART WITH 301;
SELECT marketplace.submit_bot(101, name, 'In steps', 'TECHNICAL', NULL, '{}', '{}')
FROM unnest(ARRAY['grid', 'waits']) name;
SELECT marketplace.approve_bot(7001);
SELECT old_status, new_status FROM marketplace.registration_transitions();

-- Of one's own bot it is approved, of another's its developer, or an admin, has to agree.
SET SESSION AUTHORIZATION mregs_dev;
SELECT id, api_key ~ '^bot_[0-9a-f]{8}_[A-Za-z0-9_-]{43}$' AS spelled, api_key AS devs
FROM marketplace.register_bot('dev-principal', 7001, 'Grid, from its maker') \gset
SELECT :'spelled' AS spelled;
SET SESSION AUTHORIZATION mregs_seller;
SELECT api_key AS sellers FROM marketplace.register_bot('seller-1', 7001, 'Grid of the seller', 'With support', 12.50)
    \gset
SELECT id, user_principal_id, bot_id, prefix = left(:'sellers', 12) AS prefix, status, marketplace_name,
       marketplace_description, price_on_marketplace, commission_rate, is_featured, is_active
FROM marketplace.bot_marketplace_registrations \gx
SELECT refusal('SELECT key_hash FROM marketplace.bot_marketplace_registrations') AS digest,
       refusal('SELECT opens($$bot_00000000_x$$)') AS authenticate,
       refusal($$SELECT marketplace.set_registration_status(302, 'approved')$$) AS agree,
       refusal($$SELECT marketplace.set_registration_status(301, 'suspended')$$) AS of_the_developer \gx

-- A key opens what is approved, and says whose bot it is.
SET SESSION AUTHORIZATION mregs_gateway;
BEGIN;
SELECT identity.act_for_everybody();
SELECT opens(:'devs') AS devs, opens(:'sellers') AS sellers, opens(:'devs' || 'x') AS longer,
       opens(left(:'devs', 12)) AS prefix, opens(overlay(:'devs' PLACING 'zz' FROM 20)) AS another, opens(NULL) AS none,
       opens('') AS nothing, opens(repeat('bot_', 100000)) AS long;
COMMIT;
SET SESSION AUTHORIZATION mregs_dev;
SELECT id, name, price, status, is_active, principal_id, commission_rate FROM marketplace.bot_registrations(7001);
SELECT marketplace.set_registration_status(302, 'approved');
SELECT refusal($$SELECT marketplace.set_registration_status(301, 'suspended')$$) AS own;
SET SESSION AUTHORIZATION mregs_eve;
SELECT id, name, price, status, is_active, principal_id, commission_rate FROM marketplace.bot_registrations(7001);
SELECT count(*) FROM marketplace.bot_marketplace_registrations;
SET SESSION AUTHORIZATION mregs_boss;
SELECT opens(:'sellers') AS sellers;

-- One for a principal and a bot: once more changes the offer and the key, and lifts nothing.
SELECT marketplace.set_registration_status(302, 'suspended');
SELECT opens(:'sellers') AS suspended;
SET SESSION AUTHORIZATION mregs_seller;
SELECT id, api_key AS renewed FROM marketplace.register_bot('seller-1', 7001, 'Grid again') \gset
SELECT :id AS the_same, status, marketplace_name, price_on_marketplace, key_rotated_at IS NOT NULL AS rotated
FROM marketplace.bot_marketplace_registrations;
SELECT id AS second FROM marketplace.register_bot('seller-2', 7001, 'Grid of another principal') \gset
SET SESSION AUTHORIZATION mregs_dev;
SELECT marketplace.set_registration_status(302, 'approved'), marketplace.set_registration_status(:second, 'rejected');
SET SESSION AUTHORIZATION mregs_boss;
SELECT opens(:'sellers') AS old_key, opens(:'renewed') AS new_key;

-- A new key ends the old one. What is switched off, or whose bot, user or principal is not, opens nothing.
SET SESSION AUTHORIZATION mregs_seller;
SELECT marketplace.rotate_registration_key(302) AS rotated \gset
SET SESSION AUTHORIZATION mregs_boss;
SELECT opens(:'renewed') AS old_key, opens(:'rotated') AS new_key;
SET SESSION AUTHORIZATION mregs_seller;
SELECT marketplace.update_registration(302, is_active => false);
SET SESSION AUTHORIZATION mregs_boss;
SELECT opens(:'rotated') AS switched_off;
SET SESSION AUTHORIZATION mregs_seller;
SELECT marketplace.update_registration(302, 'Grid', 'Cheap', 0, true);
RESET SESSION AUTHORIZATION;
UPDATE identity.user_principals SET status = 'INACTIVE' WHERE principal_id = 'seller-1';
SELECT opens(:'rotated') AS principal;
UPDATE identity.user_principals SET status = 'ACTIVE' WHERE principal_id = 'seller-1';
UPDATE identity.users SET is_active = false WHERE id = 102;
SELECT opens(:'rotated') AS inactive_user;
UPDATE identity.users SET is_active = true WHERE id = 102;
SELECT opens(:'rotated') AS all_well;

-- Terms are the admin's.
SET SESSION AUTHORIZATION mregs_boss;
SELECT marketplace.set_registration_terms(302, 0.25, true);
SELECT id, name, is_featured, commission_rate FROM marketplace.bot_registrations(7001) WHERE status = 'approved';
SELECT call, refusal('SELECT marketplace.' || call) AS answer FROM unnest(ARRAY[
    'set_registration_terms(302, -0.1)', 'set_registration_terms(302, 1.1)', $$set_registration_terms(302, 'NaN')$$,
    'set_registration_terms(302, 0.00001)', 'set_registration_terms(NULL, 0.1)', 'set_registration_terms(987654)'])
    WITH ORDINALITY c (call, n) ORDER BY n;

-- Refused.
SET SESSION AUTHORIZATION mregs_seller;
SELECT call, refusal('SELECT marketplace.' || call) AS answer FROM unnest(ARRAY[
    $$register_bot(NULL, 7001, 'x')$$, $$register_bot('dev-principal', 7001, 'x')$$,
    $$register_bot('nobody', 7001, 'x')$$,
    $$register_bot(repeat('x', 256), 7001, 'x')$$, $$register_bot('seller-1', NULL, 'x')$$,
    $$register_bot('seller-1', 7002, 'x')$$, $$register_bot('seller-1', 987654, 'x')$$,
    $$register_bot('seller-1', 7001, NULL)$$, $$register_bot('seller-1', 7001, ' ')$$,
    $$register_bot('seller-1', 7001, E'x\x01')$$, $$register_bot('seller-1', 7001, 'x', repeat('x', 10001))$$,
    $$register_bot('seller-1', 7001, 'x', price => 'NaN')$$, $$register_bot('seller-1', 7001, 'x', price => 0.001)$$,
    $$rotate_registration_key(NULL)$$, $$rotate_registration_key(301)$$, $$rotate_registration_key(987654)$$,
    $$set_registration_status(NULL, 'revoked')$$, $$set_registration_status(301, 'revoked')$$,
    $$set_registration_status(302, NULL)$$, $$set_registration_status(302, 'pending')$$,
    $$set_registration_status(302, 'rejected')$$, $$set_registration_status(302, 'x')$$,
    $$update_registration(301, 'x')$$,
    $$update_registration(302, '')$$, $$update_registration(NULL)$$, $$bot_registrations(7002)$$,
    $$set_registration_terms(302, 0)$$]) WITH ORDINALITY c (call, n) ORDER BY n;
SELECT refusal($$SELECT (marketplace.register_bot('seller-1', 7001, 'x')).*$$) AS once_for_each_column;

-- Given up: the key is nobody's. Once more it waits, as what was rejected does.
SELECT marketplace.set_registration_status(302, 'revoked');
SELECT refusal('SELECT marketplace.rotate_registration_key(302)') AS rotate;
SELECT id > 0 AS registered FROM marketplace.register_bot('seller-1', 7001, 'Grid');
SELECT id > 0 AS registered FROM marketplace.register_bot('seller-2', 7001, 'Grid');
SELECT id, status FROM marketplace.bot_marketplace_registrations ORDER BY id;
SET SESSION AUTHORIZATION mregs_boss;
SELECT opens(:'rotated') AS rotated;
-- A registration that is an admin's own another one decides about.
SELECT id AS bosses FROM marketplace.register_bot('boss-principal', 7001, 'Grid of the boss') \gset
SELECT replace(refusal(format($$SELECT marketplace.set_registration_status(%s, 'approved')$$, :bosses)), :'bosses',
               'N') AS own;

-- No key stands in the trail. With its principal it goes, and of an archived bot it opens nothing.
RESET SESSION AUTHORIZATION;
SELECT count(*) > 0 AS written, count(*) FILTER (WHERE concat(old_values, new_values) ~ 'bot_[0-9a-f]{8}_') AS keys,
       count(*) FILTER (WHERE new_values ->> 'key_hash' ~ '^\\x') AS digests
FROM audit.audit_logs WHERE table_name = 'marketplace.bot_marketplace_registrations';
-- Who has reviewed a bot does not offer it, nor the other way round.
SELECT (marketplace.subscribe(104, 7001, 'eves', 'BINANCE', 'BTC/USDT', '1h', '{}', '{}')).status;
SELECT identity.register_principal('eve-1', 104) AS principal;
SELECT marketplace.review_bot(104, 7001, 5) AS review \gset
SELECT refusal($$SELECT marketplace.register_bot('eve-1', 7001, 'Mine')$$);
SELECT marketplace.delete_review(:review);
SELECT marketplace.register_bot('eve-1', 7001, 'Mine') IS NOT NULL AS offered;
SELECT refusal('SELECT marketplace.review_bot(104, 7001, 5)');
INSERT INTO marketplace.bot_reviews (user_id, bot_id, rating) VALUES (104, 7001, 5);
SELECT check_name, expected FROM marketplace.verify();
DELETE FROM marketplace.bot_reviews;
SELECT identity.unregister_principal('seller-2');
SELECT id FROM marketplace.bot_marketplace_registrations WHERE user_id = 102;
SELECT opens(:'devs') AS devs;
SELECT marketplace.archive_bot(7001);
SELECT opens(:'devs') AS devs;
SELECT call, refusal(call) AS answer FROM unnest(ARRAY[
    $$UPDATE marketplace.bot_marketplace_registrations SET status = 'approved' WHERE status = 'revoked'$$,
    $$UPDATE marketplace.bot_marketplace_registrations SET status = 'suspended' WHERE id = 302$$])
    WITH ORDINALITY c (call, n) ORDER BY n;
SELECT * FROM marketplace.verify();
