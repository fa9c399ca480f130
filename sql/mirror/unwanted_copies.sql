-- Copies on our own exchange that are to rest no longer: is_unwanted, until they are cancelled or have ended.

-- One market, which the caller has. Balances are taken in the order of everybody who takes several.
CREATE FUNCTION mirror_private.cancel_copies(copy_ids bigint[]) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
DECLARE
    unwanted record;
    cancelled bigint := 0;
BEGIN
    FOR unwanted IN
        SELECT c.id, c.order_id, o.status IN ('open', 'pending') AS is_live
        FROM mirror.exchange_copies c JOIN exchange.orders o ON o.id = c.order_id
        JOIN exchange.markets m ON m.symbol = c.symbol
        WHERE c.id = ANY (copy_ids) AND c.is_unwanted
        ORDER BY c.user_id, CASE c.side WHEN 'buy' THEN m.quote ELSE m.base END, c.order_id
    LOOP
        BEGIN
            PERFORM exchange_private.cancel_for_platform(unwanted.order_id) WHERE unwanted.is_live;
        EXCEPTION
            -- The market is halted, or not held by logins like this one: the ticker comes back.
            WHEN object_not_in_prerequisite_state OR insufficient_privilege OR lock_not_available THEN CONTINUE;
        END;
        UPDATE mirror.exchange_copies c SET is_unwanted = false WHERE c.id = unwanted.id;
        cancelled := cancelled + unwanted.is_live::integer;
    END LOOP;
    RETURN cancelled;
END
$$;
COMMENT ON FUNCTION mirror_private.cancel_copies(bigint[]) IS
'Cancels those of some copies that are unwanted, and says how many. What a market does not let go now stays unwanted';

-- Markets come before rows and balances, as where orders are placed.
CREATE FUNCTION mirror_private.end_copies(copy_ids bigint[]) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
BEGIN
    PERFORM bourse_private.require_read_committed('ending copies');
    PERFORM exchange_private.hold_markets(ARRAY(
        SELECT DISTINCT c.symbol::text FROM mirror.exchange_copies c WHERE c.id = ANY (copy_ids) ORDER BY 1));
    UPDATE mirror.exchange_copies c SET is_unwanted = true
    WHERE c.id = ANY (copy_ids) AND NOT c.is_settled AND NOT c.is_unwanted;
    RETURN mirror_private.cancel_copies(copy_ids);
END
$$;
COMMENT ON FUNCTION mirror_private.end_copies(bigint[]) IS
'Has copies on our own exchange rest no longer, and says how many are cancelled: now, or by the ticker where a market '
'is halted. 25001 isolation';

CREATE FUNCTION mirror_private.end_copies_of_followers() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
DECLARE
    unwanted CONSTANT bigint[] := ARRAY(
        SELECT c.id FROM changed o LEFT JOIN mirror.followers f ON f.id = o.id
        JOIN mirror.exchange_copies c ON c.group_id = o.group_id AND c.follower_id = o.id AND NOT c.is_settled
        WHERE o.on_exchange
          AND (f.id IS NULL OR NOT f.on_exchange OR f.status = 'stopped'
               OR c.side = 'buy' AND (f.status <> 'active' OR f.closes_at IS NOT NULL)));
BEGIN
    PERFORM mirror_private.end_copies(unwanted) WHERE unwanted <> '{}';
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION mirror_private.end_copies_of_followers() IS
'Trigger: of a follower who opens nothing any more no purchase rests on our own exchange; of one who has gone, is '
'stopped or has taken back his word, nothing';

CREATE FUNCTION mirror_private.end_copies_of_group() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
DECLARE
    unwanted CONSTANT bigint[] := ARRAY(
        SELECT c.id FROM mirror.exchange_copies c
        WHERE c.group_id = NEW.id AND NOT c.is_settled AND c.side = 'buy' AND c.follower_id IS NOT NULL);
BEGIN
    PERFORM mirror_private.end_copies(unwanted) WHERE unwanted <> '{}';
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION mirror_private.end_copies_of_group() IS
'Trigger: no purchase of a follower rests on our own exchange when his group has been killed';

CREATE FUNCTION mirror_private.cancel_unwanted_copies() RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp SET lock_timeout = '10ms' SET enable_seqscan = off AS $$
DECLARE
    most CONSTANT integer := 1000;
    market text;
    cancelled bigint := 0;
BEGIN
    FOR market IN SELECT u.symbol FROM (SELECT c.symbol FROM mirror.exchange_copies c WHERE c.is_unwanted
                                        ORDER BY c.symbol, c.id LIMIT most) u GROUP BY u.symbol ORDER BY u.symbol LOOP
        BEGIN
            PERFORM exchange_private.hold_markets(ARRAY[market]);
        EXCEPTION WHEN lock_not_available THEN CONTINUE;
        END;
        cancelled := cancelled + mirror_private.cancel_copies(ARRAY(
            SELECT c.id FROM mirror.exchange_copies c WHERE c.is_unwanted AND c.symbol = market
            ORDER BY c.id LIMIT most));
    END LOOP;
    RETURN cancelled;
END
$$;
COMMENT ON FUNCTION mirror_private.cancel_unwanted_copies() IS
'Cancels copies on our own exchange that were to rest no longer while their market was halted, some of them, and says '
'how many. Waits for no market';

CREATE FUNCTION mirror.cancel_on_exchange(group_id bigint, leader_order_id bigint) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    owner CONSTANT bigint := mirror_private.require_group(group_id);
    copy_ids bigint[];
BEGIN
    PERFORM bourse_private.require_read_committed('copying'),
            bourse_private.require_given('leader_order_id', leader_order_id);
    IF NOT EXISTS (SELECT FROM mirror.exchange_copies c WHERE c.leader_order_id = leader_order_id
                     AND c.group_id = group_id AND c.user_id = owner) THEN
        PERFORM bourse.refuse('42704', format('order %s of group %s does not exist', leader_order_id, group_id),
            'Give the id of the leader''s order, as mirror.copy_on_exchange() has returned it.');
    END IF;
    copy_ids := ARRAY(SELECT c.id FROM mirror.exchange_copies c
                      WHERE c.leader_order_id = leader_order_id AND c.group_id = group_id AND NOT c.is_settled);
    RETURN mirror_private.end_copies(copy_ids);
END
$$;
COMMENT ON FUNCTION mirror.cancel_on_exchange(bigint, bigint) IS
'Cancels an order that copy_on_exchange() has placed for a group''s leader, and with it those of his followers that '
'copy it: what has not filled. Returns how many are cancelled; the same again cancels none. In a market that is halted '
'they are cancelled when it takes cancels again. 22004 NULL, 25001 isolation, 42704 no such group or order, or of '
'another user';
GRANT EXECUTE ON FUNCTION mirror.cancel_on_exchange(bigint, bigint) TO bourse_trader, bourse_worker;
