-- Trials: one of a bot for a user, ever, for 0.1 to 168 hours, on testnet.
INSERT INTO identity.users (id, name, db_role, role)
VALUES (811, 'dora', 'ttrials_dora', 'developer'), (812, 'ann', 'ttrials_ann', 'trader'),
       (813, 'ben', 'ttrials_ben', 'trader');
CREATE ROLE ttrials_dora LOGIN IN ROLE bourse_trader;
CREATE ROLE ttrials_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE ttrials_ben LOGIN IN ROLE bourse_trader;
ALTER TABLE marketplace.bots ALTER id RESTART WITH 21;
ALTER TABLE marketplace.subscriptions ALTER id RESTART WITH 601;
SELECT marketplace.submit_bot(811, name, 'Buys low', 'TECHNICAL', NULL, '{}', '{}', 10)
FROM (VALUES ('a'), ('b')) b (name);
SELECT marketplace.approve_bot(21), marketplace.approve_bot(22);
INSERT INTO identity.user_principals (user_id, principal_id) VALUES (812, 'aaaaa-aa'), (812, 'bbbbb-bb');
-- Subscribes on trial; more are further arguments.
CREATE FUNCTION try(user_id bigint, bot_id bigint, more text) RETURNS bigint LANGUAGE plpgsql AS $$
DECLARE
    made bigint;
BEGIN
    EXECUTE format('SELECT id FROM marketplace.subscribe(%L, %L, ''x'', ''BINANCE'', ''BTC/USDT'', ''1h'', ''{}'',
                                                         ''{}'', %s)', user_id, bot_id, more) INTO made;
    RETURN made;
END
$$;

-- It costs nothing, ends by itself, and is on testnet. A plan of that name is one of 24 hours.
SET SESSION AUTHORIZATION ttrials_ann;
SELECT more, refusal(format('SELECT try(812, 21, %L)', more)) AS answer FROM unnest(ARRAY[
    'trial_hours => 0.09', 'trial_hours => 168.01', 'trial_hours => ''NaN''', 'trial_hours => ''Infinity''',
    'trial_hours => -1', 'trial_hours => 1, network_type => ''mainnet''',
    'trial_hours => 1, promotion_code => ''HALF''', 'plan => ''trial'', network_type => ''mainnet'''])
    WITH ORDINALITY c (more, n) ORDER BY n;
SELECT count(*) FROM marketplace.trials;
SELECT try(812, 21, 'plan => ''trial'', principal_id => ''aaaaa-aa''') AS trial \gset
SELECT is_trial, is_testnet, plan, price, expires_at = trial_expires_at AS ends_with_it, expires_at - started_at
       AS lasts, user_principal_id
FROM marketplace.subscriptions WHERE id = :trial;
SELECT bot_id, subscription_id = :trial AS it, expires_at - started_at AS lasts FROM marketplace.trials;

-- A second one is refused whatever became of the first: while it runs, by another principal, when it is cancelled, when
-- it has expired, when it is gone. Another bot may be tried, and by somebody else this one.
SELECT refusal('SELECT try(812, 21, ''trial_hours => 1'')');
SELECT refusal('SELECT try(812, 21, ''trial_hours => 1, principal_id => ''''bbbbb-bb'''''')') ~ '^23505' AS refused;
SELECT marketplace.cancel_subscription(:trial, false) IS NOT NULL AS cancelled;
SELECT refusal('SELECT try(812, 21, ''trial_hours => 1'')') ~ '^23505' AS refused;
SELECT try(812, 22, 'trial_hours => 0.1') AS short \gset
SELECT expires_at - started_at AS lasts FROM marketplace.subscriptions WHERE id = :short;
SET SESSION AUTHORIZATION ttrials_ben;
SELECT try(813, 21, 'trial_hours => 168') AS long \gset
SELECT expires_at - started_at AS lasts FROM marketplace.subscriptions WHERE id = :long;
RESET SESSION AUTHORIZATION;
SET ROLE bourse_owner;
BEGIN;
UPDATE marketplace.subscriptions SET started_at = now() - interval '2 h', expires_at = now(), trial_expires_at = now()
WHERE id = :short;
UPDATE marketplace.trials SET started_at = now() - interval '2 h', expires_at = now() WHERE subscription_id = :short;
COMMIT;
RESET ROLE;
SELECT marketplace.is_entitled(:short) AS entitled, marketplace.expire_subscriptions() AS expired;
SELECT status FROM marketplace.subscriptions WHERE id = :short;
SELECT refusal('SELECT try(812, 22, ''trial_hours => 1'')') ~ '^23505' AS refused;
SELECT * FROM marketplace.verify();
SET ROLE bourse_owner;
DELETE FROM marketplace.subscriptions WHERE id = :short;
RESET ROLE;
SELECT refusal('SELECT try(812, 22, ''trial_hours => 1'')') ~ '^23505' AS refused;
-- One that was taken back has not been.
BEGIN;
SELECT try(813, 22, 'trial_hours => 1') > 0 AS made;
ROLLBACK;
SELECT try(813, 22, 'trial_hours => 1, client_id => ''t''') AS again \gset
-- The same request again is the same trial.
SELECT try(813, 22, 'trial_hours => 1, client_id => ''t''') = :again AS same;
SELECT try(813, 22, 'trial_hours => 1.0, client_id => ''t''') = :again AS same;
SELECT refusal('SELECT try(813, 22, ''trial_hours => 2, client_id => ''''t'''''')');

-- The developer's own bot costs nothing: there is nothing to try.
SET SESSION AUTHORIZATION ttrials_dora;
SELECT refusal('SELECT try(811, 21, ''trial_hours => 1'')');
SELECT try(811, 21, 'plan => NULL') > 0 AS own;
-- A trial cannot be moved to mainnet, not even by the owner of the table, and its user sees it alone.
RESET SESSION AUTHORIZATION;
SET ROLE bourse_owner;
SELECT refusal(format($$UPDATE marketplace.subscriptions SET network_type = 'mainnet' WHERE id = %s$$, :long))
       ~ '^23514' AS refused;
RESET ROLE;
SET SESSION AUTHORIZATION ttrials_ann;
SELECT DISTINCT user_id FROM marketplace.trials;
RESET SESSION AUTHORIZATION;
-- Who has had a trial has no free days by a promotion, and is not told that he had.
SELECT marketplace.create_promotion(811, 'free', 'FREE_TRIAL', 3) > 0 AS made;
SELECT DISTINCT refusal(format('SELECT * FROM marketplace.preview_price(812, %s, promotion_code => $$free$$)', bot_id))
FROM marketplace.trials WHERE user_id = 812;
-- Trials go with the person.
SELECT identity.erase_user(812, 'asked') #> '{deleted,marketplace.trials}' AS deleted;
SELECT count(*) FROM marketplace.trials WHERE user_id = 812;
SELECT * FROM marketplace.verify();
