-- What followers hold beside what their brokers say, and the end of it.

CREATE FUNCTION mirror_private.is_stuck(of_follower bigint) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT EXISTS (SELECT FROM mirror.follower_positions p WHERE p.follower_id = of_follower AND p.held <> 0)
       AND NOT EXISTS (SELECT FROM mirror.followers f JOIN mirror.copied_orders o
                           ON o.group_id = f.group_id AND o.follower_id = f.id AND o.status IN ('queued', 'open')
                       WHERE f.id = of_follower)
$$;
COMMENT ON FUNCTION mirror_private.is_stuck(bigint) IS
'Whether a follower holds something and no order of it is under way: a close has been rejected';

CREATE FUNCTION mirror.close_followers(group_id bigint) RETURNS SETOF mirror.copied_order
LANGUAGE plpgsql SUPPORT bourse_private.refuse_repeats SECURITY DEFINER
SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM identity_private.require_operator();
    PERFORM mirror_private.require_group(group_id);
    IF NOT mirror_private.hold_group(group_id) THEN
        RETURN;
    END IF;
    PERFORM mirror_private.settle_group(group_id);
    UPDATE mirror.followers u SET closes_at = clock_timestamp()
    FROM (SELECT f.id FROM mirror.followers f
          WHERE f.group_id = group_id AND f.status <> 'stopped'
            AND (f.closes_at IS NULL OR mirror_private.is_stuck(f.id))
          ORDER BY f.id FOR NO KEY UPDATE SKIP LOCKED) f
    WHERE u.id = f.id;
    PERFORM mirror_private.settle_group(group_id);
    RETURN QUERY
    SELECT f.id, o.id, trim_scale(coalesce(o.quantity, c.wanted - c.placed)),
           CASE WHEN f.closes_at IS NULL THEN 'skipped' WHEN o.id IS NULL THEN 'waiting' ELSE o.status END,
           CASE WHEN f.closes_at IS NULL THEN 'its user is just changing it: call again' ELSE c.reason END
    FROM mirror.followers f
    LEFT JOIN mirror.copies c ON c.group_id = group_id AND c.follower_id = f.id AND c.effect = 'close'
        AND c.created_at >= f.closes_at
    LEFT JOIN mirror.copied_orders o ON o.copy_id = c.id
    WHERE f.group_id = group_id AND f.status <> 'stopped'
      AND (c.id IS NOT NULL OR f.closes_at IS NULL AND mirror_private.is_stuck(f.id))
    ORDER BY f.id, o.id;
END
$$;
COMMENT ON FUNCTION mirror.close_followers(bigint) IS
'Exits at the market what the followers of a group hold by copies, each its own, once; what they have ordered beside '
'is cancelled, and nothing opens until each is flat. Called again it returns the same orders, and tries again where a '
'broker has rejected one. Have kill_group() before, and the group opens nothing afterwards. 22004 NULL, 25001 '
'isolation, 42501 the session does not act for everybody, 42704 no such group';
GRANT EXECUTE ON FUNCTION mirror.close_followers(bigint) TO bourse_admin, bourse_gateway, bourse_worker;

-- An entry that fills after the leader's own was cancelled, an exit that the broker has rejected: nothing will exit it.
-- What is stopped is its user's to close.
CREATE FUNCTION mirror_private.is_orphaned(of_follower bigint, exchange text, symbol text, product text, held numeric)
RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT NOT EXISTS (SELECT FROM mirror.leader_positions l
                       WHERE l.group_id = f.group_id AND l.exchange = is_orphaned.exchange
                         AND l.symbol = is_orphaned.symbol AND l.product = is_orphaned.product
                         AND sign(l.quantity) = sign(held))
       AND NOT EXISTS (SELECT FROM mirror.leader_orders l
                       WHERE l.group_id = f.group_id AND l.exchange = is_orphaned.exchange
                         AND l.symbol = is_orphaned.symbol AND l.product = is_orphaned.product AND NOT l.is_ended)
       AND NOT EXISTS (SELECT FROM mirror.copied_orders o
                       WHERE o.group_id = f.group_id AND o.follower_id = f.id AND o.exchange = is_orphaned.exchange
                         AND o.symbol = is_orphaned.symbol AND o.product = is_orphaned.product
                         AND o.status IN ('queued', 'open'))
       AND NOT EXISTS (SELECT FROM mirror.copies c
                       WHERE c.group_id = f.group_id AND c.follower_id = f.id AND c.exchange = is_orphaned.exchange
                         AND c.symbol = is_orphaned.symbol AND c.product = is_orphaned.product AND c.is_open)
    FROM mirror.followers f WHERE f.id = of_follower AND f.status <> 'stopped' AND held <> 0
$$;
COMMENT ON FUNCTION mirror_private.is_orphaned(bigint, text, text, text, numeric) IS
'Whether a follower holds what its leader does not, with nothing of either under way there; NULL: nothing is held, or '
'the follower is stopped';

CREATE FUNCTION mirror.close_orphans(group_id bigint) RETURNS SETOF mirror.copied_order
LANGUAGE plpgsql SUPPORT bourse_private.refuse_repeats SECURITY DEFINER
SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM identity_private.require_operator();
    PERFORM mirror_private.require_group(group_id);
    IF NOT mirror_private.hold_group(group_id) THEN
        RETURN;
    END IF;
    PERFORM mirror_private.settle_group(group_id);
    PERFORM mirror_private.start_close(p.follower_id, p.exchange, p.symbol, p.product, p.held > 0)
    FROM (SELECT p.* FROM mirror.followers f JOIN mirror.follower_positions p ON p.follower_id = f.id
          WHERE f.group_id = group_id AND f.closes_at IS NULL
            AND mirror_private.is_orphaned(f.id, p.exchange, p.symbol, p.product, p.held)
          ORDER BY f.id, p.exchange, p.symbol, p.product) p;
    RETURN QUERY
    SELECT c.follower_id, o.id, trim_scale(o.quantity), o.status, c.reason
    FROM mirror.copies c JOIN mirror.followers f ON f.id = c.follower_id AND f.closes_at IS NULL
    JOIN mirror.copied_orders o ON o.copy_id = c.id
    WHERE c.group_id = group_id AND c.effect = 'close' AND c.ended_at IS NULL
    ORDER BY c.follower_id, o.id;
END
$$;
COMMENT ON FUNCTION mirror.close_orphans(bigint) IS
'Exits at the market what followers of a group hold and its leader does not, where nothing is under way: an entry that '
'has filled after the leader''s was cancelled, an exit that a broker has rejected. All else goes on. Returns the '
'orders; called again the same ones, and others where a broker has rejected them. What a stopped follower holds is its '
'user''s. 22004 NULL, 25001 isolation, 42501 the session does not act for everybody, 42704 no such group';
GRANT EXECUTE ON FUNCTION mirror.close_orphans(bigint) TO bourse_admin, bourse_gateway, bourse_worker;

-- An account that follows several groups is one at its broker.
CREATE FUNCTION mirror.reconcile(group_id bigint) RETURNS TABLE (
    follower_id bigint, exchange text, symbol text, expected numeric, actual numeric, difference numeric)
LANGUAGE plpgsql SUPPORT bourse_private.refuse_repeats SECURITY DEFINER
SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('group_id', reconcile.group_id);
    IF NOT EXISTS (SELECT FROM mirror.copy_groups g LEFT JOIN mirror.followers f ON f.group_id = g.id
                   WHERE g.id = reconcile.group_id AND (identity.acts_for(g.user_id) OR identity.acts_for(f.user_id)))
    THEN
        PERFORM bourse.refuse('42704', format('group %s does not exist', reconcile.group_id),
            'Give a group of yours, or one that you follow.');
    END IF;
    PERFORM mirror_private.settle_group(reconcile.group_id)
    WHERE identity.acts_for_all() AND mirror_private.hold_group(reconcile.group_id);
    RETURN QUERY
    WITH copied AS (
        SELECT f.id, f.account_id, p.exchange::text, p.symbol::text FROM mirror.followers f
        JOIN mirror.follower_positions p ON p.follower_id = f.id
        WHERE f.group_id = reconcile.group_id AND identity.acts_for(f.user_id)
        GROUP BY f.id, f.account_id, p.exchange, p.symbol
    ), compared AS (
        SELECT c.id, c.exchange, c.symbol,
               (SELECT coalesce(sum(p.held), 0) FROM mirror.followers f
                JOIN mirror.follower_positions p ON p.follower_id = f.id
                WHERE f.account_id = c.account_id AND p.exchange = c.exchange AND p.symbol = c.symbol
                  AND mirror_private.is_orphaned(f.id, p.exchange, p.symbol, p.product, p.held) IS NOT TRUE)
                   AS expected,
               (SELECT coalesce(sum(p.quantity), 0) FROM mirror.positions p
                WHERE p.account_id = c.account_id AND p.exchange = c.exchange AND p.symbol = c.symbol) AS actual
        FROM copied c
    )
    SELECT c.id, c.exchange, c.symbol, trim_scale(c.expected), trim_scale(c.actual), trim_scale(c.actual - c.expected)
    FROM compared c WHERE c.expected <> c.actual ORDER BY c.id, c.exchange, c.symbol;
END
$$;
COMMENT ON FUNCTION mirror.reconcile(bigint) IS
'Where an account that follows a group does not hold what was copied: expected, by copied orders of all its groups '
'that have filled, without what their leaders have left and nothing will exit: close_orphans(); actual, as its broker '
'has reported its positions last, all products together. Only what has been copied, and only followers for whom the '
'session acts; for one that acts for everybody settle_copies() comes before. No rows: all is as it must be. 22004 '
'NULL, 25001 isolation, 42704 no such group for you';
GRANT EXECUTE ON FUNCTION mirror.reconcile(bigint) TO bourse_trader, bourse_worker;
