-- What must be so of the catalogue, and what becomes of it when a person leaves.

CREATE FUNCTION marketplace_private.verify_listings()
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT 'approved_bots_are_listed_as_they_are', format('bot %s', coalesce(b.id, l.bot_id)), coalesce(b.said, 'none'),
           coalesce(l.said, 'none')
    FROM (SELECT o.id, ROW(coalesce(o.category_id, 0), coalesce(o.first_trade_at, 'infinity'), o.total_trades,
                           (100 * o.price_per_month)::bigint, o.total_subscribers, (100 * o.average_rating)::smallint,
                           left(o.bot_type, 1)::"char")::text AS said
          FROM marketplace.bots o WHERE o.is_public) b
    FULL JOIN (SELECT i.bot_id, ROW(i.category_id, i.first_trade_at, i.total_trades, i.price, i.total_subscribers,
                                    i.rating, i.bot_type)::text AS said
               FROM marketplace.bot_listings i) l ON l.bot_id = b.id
    WHERE b.said IS DISTINCT FROM l.said
    UNION ALL
    SELECT 'approved_bots_are_found_by_their_words', format('bot %s', b.id), 'the words of its name and description',
           CASE WHEN w.bot_id IS NULL THEN 'none' ELSE 'others' END
    FROM marketplace.bots b LEFT JOIN marketplace.bot_words w ON w.bot_id = b.id
    WHERE b.is_public AND w.words IS DISTINCT FROM marketplace_private.words_of(b.name || ' ' || b.description)
$$;
COMMENT ON FUNCTION marketplace_private.verify_listings() IS
'What verify() says of bot_listings and bot_words: they have the approved bots, as they are, and no others';

CREATE FUNCTION marketplace_private.verify_catalogue()
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT l.check_name, l.subject, l.expected, l.actual FROM marketplace_private.verify_listings() l
    UNION ALL
    SELECT 'reviews_are_counted', format('bot %s', b.id),
           format('%s reviews, %s', coalesce(r.reviews, 0), coalesce(r.ratings, 0)),
           format('%s reviews, %s', b.total_reviews, b.rating_sum)
    FROM marketplace.bots b
    LEFT JOIN (SELECT v.bot_id, count(*) AS reviews, sum(v.rating) AS ratings FROM marketplace.bot_reviews v
               GROUP BY v.bot_id) r ON r.bot_id = b.id
    WHERE (b.total_reviews, b.rating_sum) <> (coalesce(r.reviews, 0), coalesce(r.ratings, 0))
    UNION ALL
    SELECT 'nobody_reviews_his_own_bot', format('review %s', r.id), 'another than its developer', 'user ' || r.user_id
    FROM marketplace.bot_reviews r JOIN marketplace.bots b ON b.id = r.bot_id AND b.developer_id = r.user_id
    UNION ALL
    SELECT 'nobody_reviews_what_he_offers', format('review %s', r.id), 'no registration of user ' || r.user_id,
           format('registration %s', o.id)
    FROM marketplace.bot_reviews r
    JOIN marketplace.bot_marketplace_registrations o ON o.user_id = r.user_id AND o.bot_id = r.bot_id
    UNION ALL
    SELECT 'bot_is_as_its_highest_approved_version', format('bot %s', b.id), coalesce(v.version, 'none'), b.version
    FROM marketplace.bots b
    LEFT JOIN LATERAL (SELECT o.* FROM marketplace.bot_versions o WHERE o.bot_id = b.id AND o.status = 'APPROVED'
                       ORDER BY o.is_release DESC, o.precedence DESC LIMIT 1) v ON true
    WHERE b.status = 'APPROVED'
      AND (b.version, b.config_schema, b.default_config, b.code_path, b.model_path, b.model_metadata)
          IS DISTINCT FROM (v.version, v.config_schema, v.default_config, v.code_path, v.model_path, v.model_metadata)
    UNION ALL
    SELECT 'versions_wait_while_their_bot_does', format('bot %s', b.id),
           CASE b.status WHEN 'PENDING' THEN 'a version that waits' ELSE 'none that waits' END, v.waiting::text
    FROM marketplace.bots b
    CROSS JOIN LATERAL (SELECT count(*) AS waiting FROM marketplace.bot_versions o
                        WHERE o.bot_id = b.id AND o.status = 'PENDING') v
    WHERE b.status <> 'APPROVED' AND (b.status = 'PENDING') <> (v.waiting > 0)
    UNION ALL
    SELECT 'version_is_of_the_developer_of_its_bot', format('version %s of bot %s', v.version, v.bot_id),
           'user ' || b.developer_id, 'user ' || v.developer_id
    FROM marketplace.bot_versions v JOIN marketplace.bots b ON b.id = v.bot_id AND b.developer_id <> v.developer_id
    UNION ALL
    SELECT 'status_is_that_of_the_last_event', format('bot %s', b.id), coalesce(e.new_status, 'none'), b.status
    FROM marketplace.bots b
    LEFT JOIN LATERAL (SELECT v.new_status FROM marketplace.bot_approval_events v
                       WHERE v.developer_id = b.developer_id AND v.bot_id = b.id ORDER BY v.id DESC LIMIT 1) e ON true
    WHERE e.new_status IS DISTINCT FROM b.status
$$;
COMMENT ON FUNCTION marketplace_private.verify_catalogue() IS
'What verify() says of bots, versions, reviews and what search_bots() looks through. Reads every bot and every '
'review';

-- In the order of every call: subscriptions are locked before, money after.
CREATE FUNCTION marketplace_private.hold_bots_of(user_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    bot record;
BEGIN
    FOR bot IN
        SELECT b.id, b.developer_id, b.status FROM marketplace.bots b
        WHERE b.developer_id + 0 = user_id
           OR b.id IN (SELECT s.bot_id FROM marketplace.subscriptions s WHERE s.user_id = user_id)
           OR b.id IN (SELECT r.bot_id FROM marketplace.bot_reviews r WHERE r.user_id = user_id)
        ORDER BY b.id FOR NO KEY UPDATE
    LOOP
        IF bot.developer_id = user_id AND bot.status <> 'ARCHIVED' THEN
            PERFORM bourse.refuse('23503', format('user %s has bot %s, which is %s', user_id, bot.id, bot.status),
                'Archive his bots first: marketplace.archive_bot().');
        END IF;
    END LOOP;
    -- Before the trail is erased, so that what it says of this change goes as well.
    UPDATE marketplace.bots b
    SET name = format('bot %s', b.id), description = '', code_path = NULL, model_path = NULL, model_metadata = NULL
    WHERE b.developer_id + 0 = user_id;
END
$$;
COMMENT ON FUNCTION marketplace_private.hold_bots_of(bigint) IS
'Locks the bots of a user who is to be erased, and those that he has subscribed to or reviewed, in order of id. '
'Takes out of his what he has written. Refuses while one of his is not archived (23503)';

CREATE FUNCTION marketplace_private.on_erasure(user_id bigint, report jsonb) RETURNS jsonb
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    bots bigint;
    versions bigint;
    reasons bigint;
BEGIN
    SELECT count(*) INTO bots FROM marketplace.bots b WHERE b.developer_id + 0 = user_id;
    UPDATE marketplace.bot_versions v
    SET changelog = NULL, code_path = NULL, model_path = NULL, model_metadata = NULL WHERE v.developer_id = user_id;
    GET DIAGNOSTICS versions = ROW_COUNT;
    UPDATE marketplace.bot_approval_events e SET reason = NULL WHERE e.developer_id = user_id AND e.reason IS NOT NULL;
    GET DIAGNOSTICS reasons = ROW_COUNT;
    UPDATE marketplace.bot_reviews r SET reply_text = NULL, replied_at = NULL
    FROM marketplace.bots b WHERE b.developer_id + 0 = user_id AND r.bot_id + 0 = b.id AND r.reply_text IS NOT NULL;
    RETURN jsonb_build_object('redacted', coalesce(report -> 'redacted', '{}')
        || jsonb_strip_nulls(jsonb_build_object(
            'marketplace.bots', nullif(bots, 0), 'marketplace.bot_versions', nullif(versions, 0),
            'marketplace.bot_approval_events', nullif(reasons, 0))));
END
$$;
COMMENT ON FUNCTION marketplace_private.on_erasure(bigint, jsonb) IS
'Takes out of the versions of a developer''s bots where their files are, why they were decided about, and his replies '
'to reviews. Returns of how many rows something was taken, where there were any';
