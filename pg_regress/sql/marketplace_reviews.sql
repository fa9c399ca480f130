-- Reviews: by those who have had the bot, one for each, and the averages that they come to.
INSERT INTO identity.users (id, name, role, db_role)
VALUES (101, 'dev', 'developer', 'mrevs_dev'), (102, 'ann', 'trader', 'mrevs_ann'), (103, 'ben', 'trader', 'mrevs_ben'),
       (104, 'eve', 'trader', 'mrevs_eve'), (105, 'seller', 'trader', 'mrevs_seller');
CREATE ROLE mrevs_dev LOGIN IN ROLE bourse_trader;
CREATE ROLE mrevs_ann LOGIN IN ROLE bourse_trader;
CREATE ROLE mrevs_ben LOGIN IN ROLE bourse_trader;
CREATE ROLE mrevs_eve LOGIN IN ROLE bourse_trader;
CREATE ROLE mrevs_seller LOGIN IN ROLE bourse_trader;
CREATE ROLE mrevs_boss LOGIN IN ROLE bourse_admin;
CREATE FUNCTION have(user_id bigint, bot_id bigint, trial_hours numeric DEFAULT NULL) RETURNS bigint LANGUAGE sql AS $$
    SELECT id FROM marketplace.subscribe(user_id, bot_id, 'x', 'BINANCE', 'BTC/USDT', '1h', '{}', '{}',
                                         trial_hours => trial_hours)
$$;
-- What stands of the reviews of a bot.
CREATE FUNCTION stands(bot_id bigint, OUT average_rating numeric, OUT total_reviews integer, OUT listed smallint)
LANGUAGE sql AS $$
    SELECT b.average_rating, b.total_reviews, l.rating FROM marketplace.bots b
    LEFT JOIN marketplace.bot_listings l ON l.bot_id = b.id WHERE b.id = stands.bot_id
$$;
ALTER TABLE marketplace.bots ALTER id RESTART WITH 7001;
ALTER TABLE marketplace.bot_reviews ALTER id RESTART WITH 401;
SELECT marketplace.submit_bot(101, name, 'In steps', 'TECHNICAL', NULL, '{}', '{}')
FROM unnest(ARRAY['grid', 'other', 'waits']) name;
SELECT marketplace.approve_bot(7001), marketplace.approve_bot(7002);
SELECT have(102, 7001) > 0 AS ann, have(103, 7001, 24) > 0 AS ben_on_trial, have(101, 7001) > 0 AS dev,
       have(103, 7002) > 0 AS ben;

-- Without a review it is 0.00, not NULL. What is said again is what stands, in the same row.
SELECT * FROM stands(7001);
SET SESSION AUTHORIZATION mrevs_ann;
SELECT marketplace.review_bot(102, 7001, 4, 'Does what it says') AS ann;
SELECT average_rating, total_reviews FROM marketplace.bots WHERE id = 7001;
SELECT marketplace.review_bot(102, 7001, 5) AS again;
SELECT user_id, bot_id, rating, review_text, updated_at > created_at AS stamped FROM marketplace.bot_reviews;
SELECT marketplace.review_bot(102, 7001, 5) AS the_same_again;
SET SESSION AUTHORIZATION mrevs_ben;
SELECT marketplace.review_bot(103, 7001, 2, 'Lost money') AS bens, marketplace.review_bot(103, 7002, 1) AS of_other
    \gset
RESET SESSION AUTHORIZATION;
SELECT * FROM stands(7001);

-- Not for who has made it, offers it, or has never had it; nor of a bot that nobody may have.
SET SESSION AUTHORIZATION mrevs_dev;
SELECT refusal('SELECT marketplace.review_bot(101, 7001, 5)') AS developer,
       refusal('SELECT marketplace.review_bot(101, 7003, 5)') AS waits \gx
SET SESSION AUTHORIZATION mrevs_eve;
SELECT call, refusal('SELECT marketplace.' || call) AS answer FROM unnest(ARRAY[
    'review_bot(104, 7001, 1)', 'review_bot(104, 7003, 1)', 'review_bot(104, 987654, 1)', 'review_bot(102, 7001, 1)',
    'review_bot(NULL, 7001, 1)', 'review_bot(104, NULL, 1)', 'review_bot(104, 7001, NULL)', 'review_bot(104, 7001, 0)',
    'review_bot(104, 7001, 6)', $$review_bot(104, 7001, 1, ' ')$$, $$review_bot(104, 7001, 1, repeat('x', 10001))$$,
    $$review_bot(104, 7001, 1, E'\x1b[2J')$$, $$review_bot(104, 7001, 1, 'my api_key=abcdef')$$,
    'delete_review(401)', 'delete_review(987654)', 'delete_review(NULL)', $$reply_to_review(401, 'x')$$,
    $$reply_to_review(NULL, 'x')$$, 'bot_reviews(NULL)', 'bot_reviews(7003)', 'bot_reviews(7001, 0)'])
    WITH ORDINALITY c (call, n) ORDER BY n;
RESET SESSION AUTHORIZATION;
INSERT INTO identity.user_principals (user_id, principal_id) VALUES (105, 'seller-principal');
SELECT have(105, 7001) > 0 AS seller;
SET SESSION AUTHORIZATION mrevs_seller;
SELECT id > 0 AS registered FROM marketplace.register_bot('seller-principal', 7001, 'Grid of the seller');
SELECT refusal('SELECT marketplace.review_bot(105, 7001, 5)') AS seller;

-- The developer replies, everybody reads, and nobody learns who has written.
SET SESSION AUTHORIZATION mrevs_dev;
SELECT marketplace.reply_to_review(:bens, 'Try a smaller step.');
SELECT refusal($$SELECT marketplace.reply_to_review(401, E'a\x01')$$) AS control;
SET SESSION AUTHORIZATION mrevs_eve;
SELECT id = :bens AS bens, rating, review_text, reply_text, replied_at IS NOT NULL AS replied, is_yours
FROM marketplace.bot_reviews(7001);
SELECT id FROM marketplace.bot_reviews(7001, 1, :bens);
SELECT count(*) FROM marketplace.bot_reviews;
SET SESSION AUTHORIZATION mrevs_ben;
SELECT id = :bens AS bens, is_yours FROM marketplace.bot_reviews(7001);
SET SESSION AUTHORIZATION mrevs_dev;
SELECT marketplace.reply_to_review(:bens, NULL);
SELECT reply_text, replied_at FROM marketplace.bot_reviews(7001) WHERE id = :bens;

-- What is deleted, taken back or written past the function counts as well.
BEGIN;
SET SESSION AUTHORIZATION mrevs_ann;
SELECT marketplace.delete_review(401);
SELECT average_rating, total_reviews FROM marketplace.bots WHERE id = 7001;
ROLLBACK;
RESET SESSION AUTHORIZATION;
SELECT * FROM stands(7001);
UPDATE marketplace.bot_reviews SET rating = 1, user_id = 104, bot_id = 7002 WHERE id = 401 RETURNING user_id, bot_id;
SELECT * FROM stands(7001);
DELETE FROM marketplace.bot_reviews WHERE bot_id IN (7001, 7002) AND user_id = 103;
SELECT * FROM stands(7001);
SELECT * FROM stands(7002);
INSERT INTO identity.users (id, name) SELECT n, 'u' || n FROM generate_series(201, 203) n;
INSERT INTO marketplace.bot_reviews (user_id, bot_id, rating) SELECT n, 7001, 5 FROM generate_series(201, 203) n;
SELECT * FROM stands(7001);
SELECT refusal('TRUNCATE marketplace.bot_reviews') AS truncated,
       refusal('INSERT INTO marketplace.bot_reviews (user_id, bot_id, rating) VALUES (104, 7001, 6)') ~ '^23514' AS six;

-- A third is 0.33, two thirds are 0.67.
DELETE FROM marketplace.bot_reviews WHERE user_id IN (202, 203);
INSERT INTO marketplace.bot_reviews (user_id, bot_id, rating) VALUES (202, 7001, 2);
SELECT * FROM stands(7001);
UPDATE marketplace.bot_reviews SET rating = 1 WHERE user_id = 202;
SELECT * FROM stands(7001);

-- Whoever leaves takes his reviews along, and whoever has bots on sale does not leave.
DELETE FROM identity.users WHERE id = 201;
SELECT * FROM stands(7001);
SET SESSION AUTHORIZATION mrevs_boss;
SELECT marketplace.delete_review((SELECT id FROM marketplace.bot_reviews WHERE user_id = 202));
SELECT identity.export_user(102) -> 'tables' -> 'marketplace.bot_reviews' -> 0 -> 'rating' AS exported;
SELECT identity.erase_user(102, 'asked') -> 'deleted' -> 'marketplace.bot_reviews' AS ann_deleted;
RESET SESSION AUTHORIZATION;
SELECT * FROM stands(7001);
SELECT * FROM marketplace.verify();
-- A review that nobody has counted is found.
SET session_replication_role = replica;
INSERT INTO marketplace.bot_reviews (user_id, bot_id, rating) VALUES (103, 7001, 3);
RESET session_replication_role;
SELECT * FROM marketplace.verify();
SELECT marketplace.refresh_statistics();
SELECT * FROM marketplace.verify();
SELECT * FROM stands(7001);
