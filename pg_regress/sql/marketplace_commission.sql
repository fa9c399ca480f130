-- The rate of the house: that of billing_settings, or what an admin has said of a registration that the developer has
-- of his bot. Nothing that the developer does changes it.
INSERT INTO identity.users (id, name, role, db_role)
VALUES (101, 'dora', 'developer', 'mcomm_dora'), (102, 'ann', 'trader', NULL), (103, 'sam', 'trader', NULL);
CREATE ROLE mcomm_dora LOGIN IN ROLE bourse_trader;
CREATE ROLE mcomm_admin LOGIN IN ROLE bourse_admin;
INSERT INTO identity.user_principals (user_id, principal_id) VALUES (101, 'dora-1'), (101, 'dora-2'), (103, 'sam-1');
ALTER TABLE marketplace.bot_marketplace_registrations ALTER id RESTART WITH 301;
SELECT marketplace.submit_bot(101, 'Grid', 'In steps', 'TECHNICAL', NULL, '{}', '{}', 10) AS bot \gset
SELECT marketplace.approve_bot(:bot);
CREATE VIEW rate AS
    SELECT round(commission / final, 2) AS rate FROM marketplace.preview_price(102, (SELECT id FROM marketplace.bots));
SELECT marketplace.set_billing(commission_rate => 0.3);
SELECT * FROM rate;

-- A registration says nothing of it until an admin does.
SET SESSION AUTHORIZATION mcomm_dora;
SELECT (marketplace.register_bot('dora-1', :bot, 'Grid')).id;
RESET SESSION AUTHORIZATION;
SELECT * FROM rate;
SET SESSION AUTHORIZATION mcomm_admin;
SELECT marketplace.set_registration_terms(301, 0.45);
RESET SESSION AUTHORIZATION;
SELECT * FROM rate;
-- Whether it is switched on, approved, or one of several, makes no difference.
SET SESSION AUTHORIZATION mcomm_dora;
SELECT marketplace.update_registration(301, is_active => false);
SELECT marketplace.set_registration_status(301, 'revoked');
SELECT (marketplace.register_bot('dora-2', :bot, 'Grid again')).id;
RESET SESSION AUTHORIZATION;
SELECT * FROM rate;
-- Nor does it when its principal is gone.
SELECT identity.unregister_principal('dora-1');
SELECT * FROM rate;
-- What is said of the registration of somebody else is for nobody.
SELECT (marketplace.register_bot('sam-1', :bot, 'Sells it, too')).id;
SELECT marketplace.set_registration_terms(303, 0);
SELECT * FROM rate;
-- The last one that an admin has spoken of.
SELECT marketplace.set_registration_terms(302, 0.05);
SELECT * FROM rate;
-- Not even an admin says what he pays himself.
UPDATE identity.users SET role = 'admin' WHERE id = 101;
CREATE ROLE mcomm_gateway LOGIN IN ROLE bourse_gateway;
SET SESSION AUTHORIZATION mcomm_gateway;
BEGIN;
SELECT identity.act_as(101);
SELECT refusal('SELECT marketplace.set_registration_terms(302, 0)');
COMMIT;
RESET SESSION AUTHORIZATION;
SELECT exchange.deposit(102, 'USD', 10) > 0 AS paid_in;
SELECT (marketplace.subscribe(102, :bot, 'one', 'BINANCE', 'BTC/USDT', '1h', '{}', '{}')).price;
SELECT commission_rate, commission, payout FROM marketplace.invoices;
SELECT * FROM bourse.verify();
