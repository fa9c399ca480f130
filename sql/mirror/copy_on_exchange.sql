-- Copying on our own exchange: the leader's order and one like it of every follower who wants that, in one transaction
-- and one pass over the book.

CREATE FUNCTION mirror_private.crosses(side text, price numeric, order_type text, resting numeric) RETURNS boolean
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT price IS NULL OR order_type NOT IN ('limit', 'market')
           OR CASE side WHEN 'buy' THEN resting <= price ELSE resting >= price END
$$;
COMMENT ON FUNCTION mirror_private.crosses(text, numeric, text, numeric) IS
'Whether an order may trade with one that rests on the other side; of a stop nobody knows';

-- A leader who sells to those who follow him into a purchase has led them on.
CREATE FUNCTION mirror_private.require_no_other_side(owner bigint, group_id bigint, symbol text, side text,
                                                     price numeric, order_type text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    resting bigint := (
        SELECT min(o.id) FROM exchange.orders o
        WHERE o.user_id = owner AND o.symbol = symbol AND o.status = 'open' AND o.side <> side
          AND mirror_private.crosses(side, price, order_type, o.price)
          AND NOT EXISTS (SELECT FROM mirror.exchange_copies c
                          WHERE c.group_id = group_id AND c.symbol = symbol AND NOT c.is_settled
                            AND c.order_id = o.id));
BEGIN
    IF resting IS NOT NULL THEN
        PERFORM bourse.refuse('55000', format('order %s of the leader rests on the other side of %s', resting, symbol),
            'His followers would trade with it: cancel it first.');
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.require_no_other_side(bigint, bigint, text, text, numeric, text) IS
'Refuses to copy an order of a leader with an order of his own in its way (55000)';

CREATE FUNCTION mirror_private.settle_exchange(group_id bigint, symbol text) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
    WITH ended AS (
        UPDATE mirror.exchange_copies c SET is_settled = true
        FROM (SELECT u.id, u.order_id FROM mirror.exchange_copies u
              WHERE u.group_id = settle_exchange.group_id AND u.symbol = settle_exchange.symbol AND NOT u.is_settled
              LIMIT 10000) u JOIN exchange.orders o ON o.id = u.order_id AND o.status IN ('filled', 'cancelled')
        -- Another session may have settled it meanwhile.
        WHERE c.id = u.id AND NOT c.is_settled
        RETURNING c.follower_id, c.user_id,
                  CASE c.side WHEN 'buy' THEN o.filled_amount ELSE -o.filled_amount END AS bought
    )
    INSERT INTO mirror.exchange_holdings AS h (follower_id, symbol, user_id, amount)
    SELECT e.follower_id, settle_exchange.symbol, e.user_id, sum(e.bought) FROM ended e
    WHERE e.follower_id IS NOT NULL GROUP BY e.follower_id, e.user_id HAVING sum(e.bought) <> 0
    ON CONFLICT ON CONSTRAINT exchange_holdings_pkey DO UPDATE SET amount = h.amount + excluded.amount;
    -- What has gone by another way is not held by copies any more, whatever comes later.
    UPDATE mirror.exchange_holdings h SET amount = b.held
    FROM (SELECT f.id AS follower_id, coalesce(a.amount + a.locked_amount, 0) AS held
          FROM mirror.followers f JOIN exchange.markets m ON m.symbol = settle_exchange.symbol
          LEFT JOIN exchange.assets a ON a.user_id = f.user_id AND a.symbol = m.base
          WHERE f.group_id = settle_exchange.group_id AND NOT EXISTS (
              SELECT FROM mirror.exchange_copies c
              WHERE c.group_id = settle_exchange.group_id AND c.symbol = settle_exchange.symbol AND NOT c.is_settled
                AND c.follower_id = f.id)) b
    WHERE h.follower_id = b.follower_id AND h.symbol = settle_exchange.symbol AND h.amount > b.held
$$;
COMMENT ON FUNCTION mirror_private.settle_exchange(bigint, text) IS
'Adds what copies of a group have traded that fill no more to what their followers hold, of 10,000 that may have, and '
'takes away what a follower has not any more. The caller has the market';

CREATE FUNCTION mirror_private.exchange_shares(
    group_id bigint, symbol text, side text, price numeric, amount numeric, quote_amount numeric)
RETURNS TABLE (follower_id bigint, user_id bigint, copied_amount numeric, copied_quote_amount numeric, reason text)
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    venue record;
    leader record;
    fewest numeric;
BEGIN
    SELECT m.lot_size, m.min_notional, m.base INTO venue FROM exchange.markets m
    WHERE m.symbol = exchange_shares.symbol;
    SELECT g.leader_account_id, (SELECT f.funds FROM mirror.account_funds f
                                 WHERE f.account_id = g.leader_account_id AND f.funds > 0
                                   AND f.as_of >= clock_timestamp() - interval '1 day') AS funds,
           coalesce((SELECT a.amount FROM exchange.assets a
                     WHERE a.user_id = g.user_id AND a.symbol = venue.base), 0) AS held
    INTO leader FROM mirror.copy_groups g WHERE g.id = exchange_shares.group_id;
    fewest := greatest(venue.lot_size, venue.lot_size + coalesce(venue.min_notional / exchange_shares.price, 0));
    RETURN QUERY
    -- Whom his user is just changing is left out; who changes one later waits, and finds what was placed.
    WITH who AS MATERIALIZED (
        SELECT f.id, f.user_id, f.mode, f.value, f.max_quantity, f.below_minimum, f.account_id
        FROM mirror.followers f
        JOIN mirror.trading_accounts t ON t.id = f.account_id AND (t.is_active OR exchange_shares.side = 'sell')
        WHERE f.group_id = exchange_shares.group_id AND f.on_exchange
          AND (f.status = 'active' AND f.closes_at IS NULL OR f.status <> 'stopped' AND exchange_shares.side = 'sell')
        FOR SHARE OF f SKIP LOCKED
    ), open_copies AS (
        SELECT c.follower_id, sum(CASE WHEN c.side = 'buy' THEN o.filled_amount
                                      WHEN o.status IN ('open', 'pending') THEN -o.amount
                                      ELSE -o.filled_amount END) AS amount
        FROM mirror.exchange_copies c JOIN exchange.orders o ON o.id = c.order_id
        WHERE c.group_id = exchange_shares.group_id AND c.symbol = exchange_shares.symbol AND NOT c.is_settled
          AND exchange_shares.side = 'sell'
        GROUP BY c.follower_id
    ), part AS (
        SELECT w.*, CASE WHEN exchange_shares.side = 'sell' THEN
                   -- What he has sold himself is not there to be sold.
                   least(greatest(coalesce(h.amount, 0) + coalesce(c.amount, 0), 0)
                         * least(coalesce(exchange_shares.amount / nullif(leader.held, 0), 1), 1),
                         coalesce(b.amount, 0))
               WHEN w.mode = 'fixed' THEN w.value
               ELSE exchange_shares.amount * k.ratio END AS share,
               CASE WHEN w.mode <> 'fixed' THEN trunc(exchange_shares.quote_amount * k.ratio, 8) END AS quote_share,
               k.ratio
        FROM who w
        LEFT JOIN mirror.exchange_holdings h
            ON h.follower_id = w.id AND h.symbol = exchange_shares.symbol AND exchange_shares.side = 'sell'
        LEFT JOIN open_copies c ON c.follower_id = w.id
        LEFT JOIN exchange.assets b ON b.user_id = w.user_id AND b.symbol = venue.base AND exchange_shares.side = 'sell'
        LEFT JOIN mirror.follower_ratios r ON w.mode = 'custom' AND r.follower_id = w.id AND r.exchange = 'BOURSE'
            AND r.symbol = exchange_shares.symbol
        LEFT JOIN mirror.account_funds f ON w.mode = 'proportional' AND f.account_id = w.account_id
            AND f.as_of >= clock_timestamp() - interval '1 day'
        CROSS JOIN LATERAL (
            SELECT CASE w.mode WHEN 'custom' THEN w.value * r.ratio WHEN 'proportional'
                   THEN w.value * f.funds / leader.funds ELSE w.value END AS ratio) k
    ), sized AS (
        -- Most are plain: only the others are asked at length.
        SELECT p.*, CASE WHEN p.share <= coalesce(p.max_quantity, 1000000000) AND p.share >= fewest
                         THEN p.share - mod(p.share, venue.lot_size) END AS lots,
               CASE exchange_shares.side WHEN 'buy' THEN p.max_quantity END AS most,
               CASE exchange_shares.side WHEN 'buy' THEN p.below_minimum ELSE 'skip' END AS below
        FROM part p
    )
    SELECT p.id, p.user_id,
           CASE WHEN p.lots IS NOT NULL OR exchange_shares.amount IS NULL OR p.share IS NULL THEN p.lots
                ELSE (mirror_private.copied_quantity(p.share, venue.lot_size, venue.min_notional, exchange_shares.price,
                                                     p.most, p.below)).quantity END,
           CASE WHEN exchange_shares.amount IS NULL THEN p.quote_share END,
           CASE WHEN exchange_shares.side = 'sell' AND p.share = 0 THEN 'there is nothing to exit'
                WHEN p.ratio IS NULL AND exchange_shares.side = 'buy'
                THEN CASE p.mode WHEN 'custom' THEN 'there is no ratio for the symbol'
                                 ELSE 'nobody has told the funds of both within a day' END
                WHEN exchange_shares.amount IS NULL AND p.quote_share IS NULL
                THEN 'a fixed quantity is no amount of the quote currency'
                WHEN p.lots IS NULL AND exchange_shares.amount IS NOT NULL
                THEN (SELECT q.reason FROM mirror_private.copied_quantity(
                          p.share, venue.lot_size, venue.min_notional, exchange_shares.price, p.most, p.below) q
                      WHERE q.quantity = 0) END
    FROM sized p
    ORDER BY p.id;
END
$$;
COMMENT ON FUNCTION mirror_private.exchange_shares(bigint, text, text, numeric, numeric, numeric) IS
'What an order of a leader comes to for those of his followers who copy on our own exchange: by their terms what is '
'bought, and of what they hold by copies and have not on offer the same part as of what the leader has so what is '
'sold, up to what is there. reason: why nothing is ordered. Their rows stay as they are until the order is placed';

CREATE FUNCTION mirror_private.exchange_answers(group_id bigint, leader_order_id bigint)
RETURNS TABLE (user_id bigint, order_result exchange.order_result, sqlstate text, message text)
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
    -- Whoever acts for one of them alone learns of the others that they follow.
    SELECT c.user_id,
           CASE WHEN s.is_shown AND c.order_id IS NOT NULL THEN
               ROW(c.order_id, c.status, c.filled_amount, c.remaining_amount, c.average_price, c.commission,
                   c.cancel_reason)::exchange.order_result END,
           CASE WHEN s.is_shown THEN c.sqlstate END, CASE WHEN s.is_shown THEN c.message END
    FROM mirror.exchange_copies c CROSS JOIN LATERAL (SELECT identity.acts_for(c.user_id) AS is_shown) s
    WHERE c.leader_order_id = exchange_answers.leader_order_id AND c.group_id = exchange_answers.group_id
    ORDER BY c.id
$$;
COMMENT ON FUNCTION mirror_private.exchange_answers(bigint, bigint) IS
'What copy_on_exchange() has answered, as much of it as the session may see';

CREATE FUNCTION mirror_private.answer_again(owner bigint, group_id bigint, client_order_id text, placed bigint)
RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    IF NOT EXISTS (SELECT FROM mirror.exchange_copies c
                   WHERE c.leader_order_id = placed AND c.group_id = group_id AND c.user_id = owner) THEN
        PERFORM bourse.refuse('23505',
            format('client_order_id %s is that of an order that group %s has not copied',
                   bourse_private.quoted(client_order_id), group_id),
            'Give each order an id of its own. bourse.policies says how long answers are kept.');
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.answer_again(bigint, bigint, text, bigint) IS
'Refuses a client_order_id that was used for an order which the group has not copied (23505)';

CREATE FUNCTION mirror.copy_on_exchange(
    group_id bigint, symbol text, side text, price numeric, amount numeric, order_type text DEFAULT 'limit',
    time_in_force text DEFAULT 'gtc', client_order_id text DEFAULT NULL, stop_price numeric DEFAULT NULL,
    display_amount numeric DEFAULT NULL, quote_amount numeric DEFAULT NULL, post_only boolean DEFAULT false,
    expires_at timestamptz DEFAULT NULL, self_trade_prevention text DEFAULT 'cancel_taker')
RETURNS TABLE (user_id bigint, order_result exchange.order_result, sqlstate text, message text)
LANGUAGE plpgsql SUPPORT bourse_private.refuse_repeats SECURITY DEFINER
SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    owner bigint := mirror_private.require_group(group_id);
    leaders bigint;
    followers record;
BEGIN
    PERFORM bourse_private.require_read_committed('copying');
    PERFORM exchange_private.hold_client_ids(owner) WHERE client_order_id IS NOT NULL;
    IF EXISTS (SELECT FROM exchange.orders o WHERE o.user_id = owner AND o.client_order_id = client_order_id) THEN
        leaders := (exchange.place_order(owner, symbol, side, price, amount, order_type, time_in_force, client_order_id,
                                         stop_price, display_amount, quote_amount, post_only, expires_at,
                                         self_trade_prevention)).id;
        PERFORM mirror_private.answer_again(owner, group_id, client_order_id, leaders);
        RETURN QUERY SELECT * FROM mirror_private.exchange_answers(group_id, leaders);
        RETURN;
    END IF;
    -- Who stops the group later waits, and finds what was placed.
    PERFORM FROM mirror.copy_groups g WHERE g.id = group_id FOR SHARE;
    PERFORM mirror_private.require_group(group_id) WHERE NOT FOUND;
    IF side IS DISTINCT FROM 'sell'
          AND NOT EXISTS (SELECT FROM mirror.copy_groups g WHERE g.id = group_id AND g.status = 'active') THEN
        PERFORM bourse.refuse('55000', format('group %s is not active', group_id),
            'It sells only: mirror.resume_group() has it buy again.');
    END IF;
    PERFORM exchange_private.hold_markets(ARRAY[symbol]) WHERE symbol IS NOT NULL;
    PERFORM mirror_private.settle_exchange(group_id, symbol) WHERE side = 'sell';
    PERFORM mirror_private.require_no_other_side(owner, group_id, symbol, side, price, order_type);
    SELECT coalesce(array_agg(s.user_id) FILTER (WHERE s.reason IS NULL), '{}') AS user_ids,
           coalesce(array_agg(s.copied_amount::text) FILTER (WHERE s.reason IS NULL), '{}') AS amounts,
           coalesce(array_agg(s.copied_quote_amount::text) FILTER (WHERE s.reason IS NULL), '{}') AS quote_amounts,
           coalesce(array_agg(s.follower_id) FILTER (WHERE s.reason IS NULL), '{}') AS ids,
           coalesce(jsonb_agg(jsonb_build_array(s.follower_id, s.user_id, s.reason))
                        FILTER (WHERE s.reason IS NOT NULL), '[]') AS skipped
    INTO followers
    FROM mirror_private.exchange_shares(group_id, symbol, side, price, amount, quote_amount) s;
    leaders := mirror_private.place_copies(owner, group_id, symbol, side, price, amount, order_type, time_in_force,
        client_order_id, stop_price, display_amount, quote_amount, post_only, expires_at, self_trade_prevention,
        followers.ids, followers.user_ids, followers.amounts, followers.quote_amounts);
    INSERT INTO mirror.exchange_copies (user_id, group_id, follower_id, leader_order_id, symbol, side, message,
                                        is_settled)
    SELECT (s.it ->> 1)::bigint, group_id, (s.it ->> 0)::bigint, leaders, symbol, side, s.it ->> 2, true
    FROM jsonb_array_elements(followers.skipped) WITH ORDINALITY s (it, place) ORDER BY s.place;
    RETURN QUERY SELECT * FROM mirror_private.exchange_answers(group_id, leaders);
END
$$;
COMMENT ON FUNCTION mirror.copy_on_exchange(
    bigint, text, text, numeric, numeric, text, text, text, numeric, numeric, numeric, boolean, timestamptz, text) IS
'place_order() of a group''s leader on our own exchange, and behind it one like it for every follower whose user has '
'said so (follow_on_exchange()), in one transaction. What is bought goes by the terms of each (ratios of mode custom: '
'those of exchange BOURSE), what is sold is the same part of what he holds by copies as of what the leader has. One '
'who cannot pay, or is refused otherwise, is a row with its SQLSTATE and message; one who is skipped a row with a '
'message. Nobody is placed where the leader is refused. What earlier calls have left on the other side is cancelled '
'before; an order of the leader there that no call has placed refuses the call. A repeated client_order_id returns '
'the first answers. A session sees the rows of users for whom it acts; of the others, that they follow. 22004 NULL, '
'23505 client_order_id used otherwise, 42704 no such group, or of another user, 55000 a group that is not active '
'buys, or the leader is in the way; the rest as exchange.place_order()';
GRANT EXECUTE ON FUNCTION mirror.copy_on_exchange(
    bigint, text, text, numeric, numeric, text, text, text, numeric, numeric, numeric, boolean, timestamptz, text)
    TO bourse_trader, bourse_worker;

CREATE FUNCTION mirror_private.place_copies(
    owner bigint, of_group bigint, symbol text, side text, price numeric, amount numeric, order_type text,
    time_in_force text, client_order_id text, stop_price numeric, display_amount numeric, quote_amount numeric,
    post_only boolean, expires_at timestamptz, self_trade_prevention text, follower_ids bigint[], user_ids bigint[],
    amounts text[], quote_amounts text[]) RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
    WITH placed AS MATERIALIZED (
        SELECT p.* FROM exchange_private.place_many(
            owner, symbol, side, price, amount, order_type, time_in_force, client_order_id, stop_price, display_amount,
            quote_amount, post_only, expires_at, self_trade_prevention, ARRAY(
                SELECT c.order_id FROM mirror.exchange_copies c JOIN exchange.orders o ON o.id = c.order_id
                WHERE c.group_id = of_group AND c.symbol = place_copies.symbol AND NOT c.is_settled
                  AND c.side <> place_copies.side AND o.status = 'open'
                  AND mirror_private.crosses(place_copies.side, place_copies.price, place_copies.order_type, o.price)
                ORDER BY c.order_id),
            user_ids, amounts, quote_amounts) p
    ), kept AS (
        INSERT INTO mirror.exchange_copies (
            user_id, group_id, follower_id, leader_order_id, order_id, symbol, side, status, filled_amount,
            remaining_amount, average_price, commission, cancel_reason, sqlstate, message, is_settled)
        SELECT CASE p.n WHEN 0 THEN owner ELSE user_ids[p.n] END, of_group, follower_ids[nullif(p.n, 0)], l.id, p.id,
               place_copies.symbol, place_copies.side, p.status, p.filled_amount, p.remaining_amount, p.average_price,
               p.commission, p.cancel_reason, p.sqlstate, p.message,
               p.status IS NULL OR p.status NOT IN ('open', 'pending')
        FROM placed p CROSS JOIN (SELECT f.id FROM placed f WHERE f.n = 0) l ORDER BY p.n
        RETURNING follower_id, user_id, is_settled, filled_amount
    ), held AS (
        INSERT INTO mirror.exchange_holdings AS h (follower_id, symbol, user_id, amount)
        SELECT k.follower_id, place_copies.symbol, k.user_id,
               CASE place_copies.side WHEN 'buy' THEN k.filled_amount ELSE -k.filled_amount END
        FROM kept k WHERE k.is_settled AND k.filled_amount > 0 AND k.follower_id IS NOT NULL
        ON CONFLICT ON CONSTRAINT exchange_holdings_pkey DO UPDATE SET amount = h.amount + excluded.amount
    )
    SELECT p.id FROM placed p WHERE p.n = 0
$$;
COMMENT ON FUNCTION mirror_private.place_copies(
    bigint, bigint, text, text, numeric, numeric, text, text, text, numeric, numeric, numeric, boolean, timestamptz,
    text, bigint[], bigint[], text[], text[]) IS
'Places the order of a leader and those of his followers, and keeps what was answered. Returns the leader''s order';
