-- What subscribers say of bots. In every call the user is locked before the bot, and the bot before the review, as an
-- erasure does: no two wait for each other.

CREATE FUNCTION marketplace_private.require_reviewer(user_id bigint, bot_id bigint, developer_id bigint) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
BEGIN
    IF user_id = developer_id THEN
        PERFORM bourse.refuse('42501', format('bot %s is of user %s', bot_id, user_id),
            'Who has made a bot does not review it; he replies: marketplace.reply_to_review().');
    ELSIF EXISTS (SELECT FROM marketplace.bot_marketplace_registrations r
                  WHERE r.user_id = user_id AND r.bot_id = bot_id) THEN
        PERFORM bourse.refuse('42501', format('user %s offers bot %s', user_id, bot_id),
            'Who offers a bot under a registration does not review it.');
    ELSIF NOT EXISTS (SELECT FROM marketplace.subscriptions s
                      WHERE s.user_id = user_id AND s.bot_id = bot_id AND NOT s.is_own) THEN
        PERFORM bourse.refuse('42501', format('user %s has never subscribed to bot %s', user_id, bot_id),
            'A review is for those who have had it, were it on trial: marketplace.subscribe().');
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace_private.require_reviewer(bigint, bigint, bigint) IS
'Refuses a user who has made the bot, offers it under a registration, or has never subscribed to it (42501)';

CREATE FUNCTION marketplace.review_bot(user_id bigint, bot_id bigint, rating integer, review_text text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    bot record;
    written bigint;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_user(user_id);
    PERFORM bourse_private.require_given('bot_id', bot_id), bourse_private.require_given('rating', rating);
    IF rating NOT BETWEEN 1 AND 5 THEN
        PERFORM bourse.refuse('22023', format('rating is %s', rating), 'Give 1, 2, 3, 4 or 5.');
    END IF;
    PERFORM marketplace_private.require_words('review_text', review_text, 10000) WHERE review_text IS NOT NULL;
    PERFORM FROM identity.users u WHERE u.id = user_id FOR KEY SHARE;
    PERFORM identity_private.require_active(user_id), marketplace_private.hold_offers(user_id);
    SELECT * INTO bot FROM marketplace_private.lock_sold_bot(bot_id);
    PERFORM marketplace_private.require_reviewer(user_id, bot_id, bot.developer_id);
    INSERT INTO marketplace.bot_reviews AS r (user_id, bot_id, rating, review_text)
    VALUES (user_id, bot_id, rating, review_text)
    ON CONFLICT ON CONSTRAINT bot_reviews_user_id_bot_id_key DO UPDATE
    SET rating = excluded.rating, review_text = excluded.review_text
    WHERE (r.rating, r.review_text) IS DISTINCT FROM (excluded.rating, excluded.review_text)
    RETURNING r.id INTO written;
    RETURN coalesce(written, (SELECT r.id FROM marketplace.bot_reviews r
                              WHERE r.user_id = user_id AND r.bot_id = bot_id));
END
$$;
COMMENT ON FUNCTION marketplace.review_bot(bigint, bigint, integer, text) IS
'Reviews a bot, or puts this in the place of what the user has said before, and returns the id of his review. rating: '
'1 to 5; review_text: up to 10000 characters, NULL: none. For those who have subscribed to it, on trial too, not for '
'its developer, nor for who offers it under a registration. 22004 NULL, 22023 rating, text, or a secret in it, 25001 '
'not READ COMMITTED, 42501 not a user you act for, not active, or not a subscriber, 42704 unknown user, no such bot, '
'or one that is not approved, 55000 the user has been erased';
GRANT EXECUTE ON FUNCTION marketplace.review_bot(bigint, bigint, integer, text) TO bourse_trader;

CREATE FUNCTION marketplace_private.refuse_unknown_review(review_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('review_id', review_id);
    PERFORM bourse.refuse('42704', format('review %s does not exist, or is not yours to change', review_id),
        'marketplace.bot_reviews lists yours, marketplace.bot_reviews(bot_id) those of a bot.');
END
$$;
COMMENT ON FUNCTION marketplace_private.refuse_unknown_review(bigint) IS
'Says that there is no such review, or not for this session: NULL (22004), 42704';

CREATE FUNCTION marketplace.delete_review(review_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    review record;
BEGIN
    PERFORM bourse.require_installed();
    SELECT r.user_id, r.bot_id INTO review FROM marketplace.bot_reviews r
    WHERE r.id = review_id AND identity.acts_for(r.user_id);
    IF NOT FOUND THEN
        PERFORM marketplace_private.refuse_unknown_review(review_id);
    END IF;
    PERFORM FROM identity.users u WHERE u.id = review.user_id FOR KEY SHARE;
    PERFORM marketplace_private.lock_bot(review.bot_id, for_anybody => true);
    DELETE FROM marketplace.bot_reviews r WHERE r.id = review_id;
    IF NOT FOUND THEN
        PERFORM marketplace_private.refuse_unknown_review(review_id);
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace.delete_review(bigint) IS
'Deletes a review. 22004 NULL, 25001 not READ COMMITTED, 42704 no such review, or of another user';
GRANT EXECUTE ON FUNCTION marketplace.delete_review(bigint) TO bourse_trader;

CREATE FUNCTION marketplace.reply_to_review(review_id bigint, reply_text text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM bourse.require_installed();
    PERFORM marketplace_private.require_words('reply_text', reply_text, 10000) WHERE reply_text IS NOT NULL;
    UPDATE marketplace.bot_reviews r
    SET reply_text = reply_text, replied_at = CASE WHEN reply_text IS NOT NULL THEN clock_timestamp() END
    FROM marketplace.bots b
    WHERE r.id = review_id AND b.id = r.bot_id AND identity.acts_for(b.developer_id);
    IF NOT FOUND THEN
        PERFORM marketplace_private.refuse_unknown_review(review_id);
    END IF;
END
$$;
COMMENT ON FUNCTION marketplace.reply_to_review(bigint, text) IS
'What the developer of a bot replies to a review, in the place of what he has replied before; up to 10000 characters, '
'NULL takes it back. 22004 NULL review, 22023 text, or a secret in it, 42704 no such review, or not of a bot of yours';
GRANT EXECUTE ON FUNCTION marketplace.reply_to_review(bigint, text) TO bourse_trader;

CREATE FUNCTION marketplace.bot_reviews(bot_id bigint, "limit" integer DEFAULT 100, before bigint DEFAULT NULL)
RETURNS TABLE (id bigint, rating integer, review_text text, created_at timestamptz, updated_at timestamptz,
               reply_text text, replied_at timestamptz, is_yours boolean)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off
AS $$
#variable_conflict use_column
BEGIN
    PERFORM bourse.require_installed();
    IF NOT EXISTS (SELECT FROM marketplace.bots b
                   WHERE b.id = bot_reviews.bot_id
                     AND (b.is_public OR marketplace_private.is_seen_whole(b.developer_id))) THEN
        PERFORM marketplace_private.refuse_unknown(bot_reviews.bot_id);
    END IF;
    PERFORM bourse_private.require_page('reviews', "limit");
    RETURN QUERY
    SELECT r.id, r.rating, r.review_text, r.created_at, r.updated_at, r.reply_text, r.replied_at,
           r.user_id IS NOT DISTINCT FROM identity.current_user_id()
    FROM marketplace.bot_reviews r
    WHERE r.bot_id + 0 = bot_reviews.bot_id AND r.id < coalesce(before, 9223372036854775807)
    ORDER BY r.id DESC LIMIT "limit";
END
$$;
COMMENT ON FUNCTION marketplace.bot_reviews(bigint, integer, bigint) IS
'The reviews of a bot, the latest first, without who has written them. With before those with a smaller id: give the '
'last one to go on. 22004 NULL bot, 22023 limit not 1 to 10000, 42704 no such bot, or one that is not approved';
GRANT EXECUTE ON FUNCTION marketplace.bot_reviews(bigint, integer, bigint) TO bourse_viewer, bourse_worker;
