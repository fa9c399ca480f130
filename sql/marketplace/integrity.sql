-- What must be so of trades and sums, and how it is mended.

CREATE FUNCTION marketplace_private.subscription_drift() RETURNS SETOF marketplace_private.trade_change
LANGUAGE sql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT s.user_id, s.id, s.bot_id, coalesce(t.trades, 0) - s.total_trades, coalesce(t.wins, 0) - s.winning_trades,
           coalesce(t.pnl, 0) - s.total_pnl, 0::numeric
    FROM marketplace.subscriptions s LEFT JOIN (
        SELECT t.subscription_id, count(*) AS trades, count(*) FILTER (WHERE t.pnl > 0) AS wins, sum(t.pnl) AS pnl
        FROM marketplace.trades t WHERE t.status = 'CLOSED' GROUP BY t.subscription_id) t ON t.subscription_id = s.id
    WHERE (s.total_trades, s.winning_trades, s.total_pnl)
          <> (coalesce(t.trades, 0), coalesce(t.wins, 0), coalesce(t.pnl, 0))
$$;
COMMENT ON FUNCTION marketplace_private.subscription_drift() IS
'By how much the sums of subscriptions are not those of their trades; of those that are: no row. Reads every trade';

CREATE FUNCTION marketplace_private.bot_drift() RETURNS TABLE (
    bot_id bigint, subscriptions bigint, active bigint, trades bigint, wins bigint, pnl numeric, commission numeric)
LANGUAGE sql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT d.bot_id, sum(d.subscriptions)::bigint, sum(d.active)::bigint, sum(d.trades)::bigint, sum(d.wins)::bigint,
           sum(d.pnl), sum(d.commission)
    FROM (
        SELECT s.bot_id, count(*) AS subscriptions, count(*) FILTER (WHERE s.status = 'ACTIVE') AS active, 0 AS trades,
               0 AS wins, 0 AS pnl, 0 AS commission
        FROM marketplace.subscriptions s GROUP BY s.bot_id
        UNION ALL
        SELECT t.bot_id, 0, 0, count(*), count(*) FILTER (WHERE t.pnl > 0), sum(t.pnl), sum(t.commission)
        FROM marketplace.trades t WHERE t.status = 'CLOSED' GROUP BY t.bot_id
        UNION ALL
        SELECT b.bot_id, -b.total_subscriptions, -b.active_subscriptions, -b.total_trades, -b.winning_trades,
               -b.total_pnl, -b.total_commission
        FROM marketplace.bot_sums b
        UNION ALL
        SELECT c.bot_id, -c.total_subscriptions, -c.active_subscriptions, -c.total_trades, -c.winning_trades,
               -c.total_pnl, -c.total_commission
        FROM marketplace.bot_sum_changes c) d
    GROUP BY d.bot_id
    HAVING (sum(d.subscriptions), sum(d.active), sum(d.trades), sum(d.wins), sum(d.pnl), sum(d.commission))
           <> (0, 0, 0, 0, 0, 0)
$$;
COMMENT ON FUNCTION marketplace_private.bot_drift() IS
'By how much the sums of bots are not those of their subscriptions and trades; of those that are: no row. Reads every '
'trade';

CREATE FUNCTION marketplace_private.catalogue_drift()
RETURNS TABLE (bot_id bigint, subscribers bigint, reviews bigint, ratings bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT b.id, coalesce(s.subscribers, 0) - b.total_subscribers - coalesce(w.change, 0),
           coalesce(r.reviews, 0) - b.total_reviews, coalesce(r.ratings, 0) - b.rating_sum
    FROM marketplace.bots b
    LEFT JOIN (SELECT c.bot_id, sum(c.change) AS change FROM marketplace.subscriber_changes c GROUP BY c.bot_id) w
        ON w.bot_id = b.id
    LEFT JOIN (SELECT s.bot_id, count(*) AS subscribers FROM marketplace.subscriptions s
               WHERE s.status = 'ACTIVE' AND NOT s.is_own GROUP BY s.bot_id) s ON s.bot_id = b.id
    LEFT JOIN (SELECT r.bot_id, count(*) AS reviews, sum(r.rating) AS ratings FROM marketplace.bot_reviews r
               GROUP BY r.bot_id) r ON r.bot_id = b.id
    WHERE (b.total_subscribers + coalesce(w.change, 0), b.total_reviews, b.rating_sum)
          <> (coalesce(s.subscribers, 0), coalesce(r.reviews, 0), coalesce(r.ratings, 0))
$$;
COMMENT ON FUNCTION marketplace_private.catalogue_drift() IS
'By how much total_subscribers and the sums of reviews of bots are not those of their subscriptions and reviews; of '
'those that are: no row';

-- Each of these finds what has drifted, locks what nobody else has, and looks again: what somebody has mended meanwhile
-- has drifted no more. What it has drifted by does not change while others close trades, so it is added.
CREATE FUNCTION marketplace_private.mend_subscriptions(OUT changed bigint, OUT held bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
DECLARE
    drifted CONSTANT bigint[] := ARRAY(SELECT d.subscription_id FROM marketplace_private.subscription_drift() d);
    locked bigint[];
    changes marketplace_private.trade_change[] := '{}';
BEGIN
    locked := ARRAY(SELECT s.id FROM marketplace.subscriptions s WHERE s.id = ANY (drifted) ORDER BY s.id
                    FOR NO KEY UPDATE SKIP LOCKED);
    IF cardinality(locked) > 0 THEN
        changes := ARRAY(SELECT d FROM marketplace_private.subscription_drift() d
                         WHERE d.subscription_id = ANY (locked));
        PERFORM marketplace_private.add_to_subscriptions(changes);
    END IF;
    changed := cardinality(changes);
    held := cardinality(drifted) - cardinality(locked);
END
$$;
COMMENT ON FUNCTION marketplace_private.mend_subscriptions() IS
'Mends the sums of subscriptions; changed: how many; held: how many others have locked. Waits for nobody';

CREATE FUNCTION marketplace_private.mend_sums(OUT changed bigint, OUT held bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
DECLARE
    drifted bigint[];
    locked bigint[];
BEGIN
    -- Whose row is gone gets another, unless somebody is at the bot.
    INSERT INTO marketplace.bot_sums (bot_id)
    SELECT b.id FROM marketplace.bots b WHERE NOT EXISTS (SELECT FROM marketplace.bot_sums s WHERE s.bot_id = b.id)
    FOR NO KEY UPDATE SKIP LOCKED
    ON CONFLICT ON CONSTRAINT bot_sums_pkey DO NOTHING;
    drifted := ARRAY(SELECT d.bot_id FROM marketplace_private.bot_drift() d);
    locked := ARRAY(SELECT s.bot_id FROM marketplace.bot_sums s WHERE s.bot_id = ANY (drifted) ORDER BY s.bot_id
                    FOR NO KEY UPDATE SKIP LOCKED);
    changed := 0;
    IF cardinality(locked) > 0 THEN
        INSERT INTO marketplace.bot_sum_changes (bot_id, total_subscriptions, active_subscriptions, total_trades,
                                                 winning_trades, total_pnl, total_commission)
        SELECT d.bot_id, d.subscriptions, d.active, d.trades, d.wins, d.pnl, d.commission
        FROM marketplace_private.bot_drift() d WHERE d.bot_id = ANY (locked);
        GET DIAGNOSTICS changed = ROW_COUNT;
    END IF;
    held := cardinality(drifted) - cardinality(locked);
END
$$;
COMMENT ON FUNCTION marketplace_private.mend_sums() IS
'Mends the sums of bots; changed: how many; held: how many others have locked. Waits for nobody';

CREATE FUNCTION marketplace_private.mend_catalogue(OUT changed bigint, OUT held bigint)
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
DECLARE
    drifted CONSTANT bigint[] := ARRAY(SELECT d.bot_id FROM marketplace_private.catalogue_drift() d);
    locked bigint[];
BEGIN
    locked := ARRAY(SELECT b.id FROM marketplace.bots b WHERE b.id = ANY (drifted) ORDER BY b.id
                    FOR NO KEY UPDATE SKIP LOCKED);
    UPDATE marketplace.bots b
    SET total_subscribers = b.total_subscribers + d.subscribers, total_reviews = b.total_reviews + d.reviews,
        rating_sum = b.rating_sum + d.ratings
    FROM marketplace_private.catalogue_drift() d WHERE b.id = d.bot_id AND b.id = ANY (locked);
    GET DIAGNOSTICS changed = ROW_COUNT;
    held := cardinality(drifted) - cardinality(locked);
END
$$;
COMMENT ON FUNCTION marketplace_private.mend_catalogue() IS
'Mends total_subscribers and the sums of reviews of bots; changed: how many; held: how many others have locked. Waits '
'for nobody';

CREATE FUNCTION marketplace.refresh_statistics() RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
DECLARE
    mended record;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_operator(), bourse_private.require_read_committed('refresh_statistics()');
    SELECT s.changed + b.changed + c.changed AS changed, s.held + b.held + c.held AS held INTO mended
    FROM marketplace_private.mend_subscriptions() s, marketplace_private.mend_sums() b,
         marketplace_private.mend_catalogue() c;
    IF mended.held > 0 THEN
        RAISE NOTICE '% rows that have drifted are locked by others: call it again', mended.held;
    END IF;
    RETURN mended.changed;
END
$$;
COMMENT ON FUNCTION marketplace.refresh_statistics() IS
'Mends what has drifted: the sums of trades on subscriptions and of bots, total_subscribers, total_reviews and with '
'them average_rating. Returns how many rows have changed: 0 when nothing had drifted, as always unless somebody has '
'written past the triggers. Waits for nobody: what others have locked stays as it is, and a NOTICE tells how many '
'those are. Reads every trade, twice when something has drifted. 25001 isolation, 42501 the session does not act for '
'everybody';
GRANT EXECUTE ON FUNCTION marketplace.refresh_statistics() TO bourse_admin, bourse_gateway, bourse_worker;

CREATE FUNCTION marketplace.integrity_check() RETURNS TABLE (issue text, count bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    RETURN QUERY
    SELECT 'Orphaned exchange_credentials', count(*) FROM identity.exchange_credentials c
    LEFT JOIN identity.users u ON u.id = c.user_id WHERE u.id IS NULL
    UNION ALL
    SELECT 'Orphaned subscriptions', count(*) FROM marketplace.subscriptions s
    LEFT JOIN identity.users u ON u.id = s.user_id LEFT JOIN marketplace.bots b ON b.id = s.bot_id
    WHERE u.id IS NULL OR b.id IS NULL
    UNION ALL
    SELECT 'Orphaned trades', count(*) FROM marketplace.trades t
    LEFT JOIN marketplace.subscriptions s ON s.id = t.subscription_id AND s.user_id = t.user_id WHERE s.id IS NULL
    UNION ALL
    SELECT 'Orphaned performance_logs', count(*) FROM marketplace.performance_logs l
    LEFT JOIN marketplace.subscriptions s ON s.id = l.subscription_id AND s.user_id = l.user_id WHERE s.id IS NULL
    UNION ALL
    SELECT 'Orphaned bot_reviews', count(*) FROM marketplace.bot_reviews r
    LEFT JOIN identity.users u ON u.id = r.user_id LEFT JOIN marketplace.bots b ON b.id = r.bot_id
    WHERE u.id IS NULL OR b.id IS NULL;
END
$$;
COMMENT ON FUNCTION marketplace.integrity_check() IS
'How many rows have lost what they belong to, by table: every issue that is looked for, 0 when there is none of it, as '
'foreign keys see to unless somebody has switched them off. Reads the tables as a whole. 55000 before install()';
GRANT EXECUTE ON FUNCTION marketplace.integrity_check() TO bourse_admin, bourse_monitor;

CREATE FUNCTION marketplace_private.own_integrity() RETURNS TABLE (issue text, count bigint)
LANGUAGE sql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT replace(lower(i.issue COLLATE "C"), ' ', '_'), i.count FROM marketplace.integrity_check() i
$$;
COMMENT ON FUNCTION marketplace_private.own_integrity() IS
'What integrity() counts of marketplace: integrity_check()';

CREATE FUNCTION marketplace_private.verify_trades()
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT 'sums_of_a_subscription_are_those_of_its_trades', 'subscription ' || d.subscription_id,
           format('%s trades, %s won, %s', s.total_trades + d.trades, s.winning_trades + d.wins,
                  trim_scale(s.total_pnl + d.pnl)),
           format('%s trades, %s won, %s', s.total_trades, s.winning_trades, trim_scale(s.total_pnl))
    FROM marketplace_private.subscription_drift() d JOIN marketplace.subscriptions s ON s.id = d.subscription_id
    UNION ALL
    SELECT 'sums_of_a_bot_are_those_of_its_subscriptions', 'bot ' || d.bot_id, 'no difference',
           format('%s subscriptions, %s active, %s trades, %s won, %s, commission %s too few', d.subscriptions,
                  d.active, d.trades, d.wins, trim_scale(d.pnl), trim_scale(d.commission))
    FROM marketplace_private.bot_drift() d
    UNION ALL
    SELECT 'trade_is_of_the_bot_of_its_subscription', 'trade ' || t.id, 'bot ' || s.bot_id, 'bot ' || t.bot_id
    FROM marketplace.trades t JOIN marketplace.subscriptions s ON s.id = t.subscription_id WHERE s.bot_id <> t.bot_id
    UNION ALL
    SELECT 'trade_has_come_to_what_its_prices_say', 'trade ' || t.id, p::text,
           ROW(t.pnl, t.pnl_percentage)::text
    FROM marketplace.trades t
    CROSS JOIN LATERAL marketplace_private.pnl(t.side, t.quantity, t.entry_price, t.exit_price, t.commission) p
    WHERE (t.pnl, t.pnl_percentage) IS DISTINCT FROM (p.pnl, p.pnl_percentage)
    UNION ALL
    SELECT 'key_is_of_its_trade', format('%s of subscription %s', bourse_private.quoted(exchange_trade_id),
                                         subscription_id),
           coalesce('trade ' || t.id, 'none'), coalesce('trade ' || k.trade_id, 'none')
    FROM marketplace.trade_keys k
    FULL JOIN (SELECT t.* FROM marketplace.trades t WHERE t.exchange_trade_id IS NOT NULL) t
        USING (user_id, subscription_id, exchange_trade_id)
    WHERE (t.id, t.entry_time) IS DISTINCT FROM (k.trade_id, k.entry_time)
$$;
COMMENT ON FUNCTION marketplace_private.verify_trades() IS
'What verify() says of trades, their keys, and the sums of subscriptions and bots';

CREATE FUNCTION marketplace.verify() RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    RETURN QUERY SELECT * FROM marketplace_private.verify_catalogue();
    RETURN QUERY SELECT * FROM marketplace_private.verify_trades();
    RETURN QUERY SELECT * FROM marketplace_private.verify_subscriptions();
    RETURN QUERY SELECT * FROM marketplace_private.verify_billing();
END
$$;
COMMENT ON FUNCTION marketplace.verify() IS
'What is not as it must be in the marketplace: 0 rows. Bots are what their versions, reviews and events say; '
'subscriptions are in the queue when they are to run, their status is that of their last event, and what they risk '
'that of their open trades; trades have come to what their prices say, one trade of a subscription has an '
'exchange_trade_id, the sums of subscriptions and bots are those of their trades; bills are those of the ledger. Reads '
'every trade several times';
GRANT EXECUTE ON FUNCTION marketplace.verify() TO bourse_admin, bourse_monitor;

CREATE FUNCTION marketplace_private.own_verify()
RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT v.check_name, v.subject, v.expected, v.actual FROM marketplace.verify() v
$$;
COMMENT ON FUNCTION marketplace_private.own_verify() IS
'What bourse.verify() says of marketplace: marketplace.verify()';
