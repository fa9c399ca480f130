-- What leaders hold, by which an order of theirs is told to be an exit or an entry.

CREATE FUNCTION mirror_private.signed(action text, quantity numeric) RETURNS numeric
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT CASE action WHEN 'BUY' THEN quantity ELSE -quantity END
$$;
COMMENT ON FUNCTION mirror_private.signed(text, numeric) IS 'A quantity as it changes a position: what is sold is less';

-- One that is only missing from a report may be in the next one, and one that only its executions fill may be for more
-- there; nobody waits for that longer than an hour.
CREATE FUNCTION mirror_private.is_over(status text, vanished_at timestamptz) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT status IN ('EXECUTED', 'CANCELLED', 'REJECTED', 'EXPIRED')
           AND coalesce(vanished_at < clock_timestamp() - interval '1 hour', true)
$$;
COMMENT ON FUNCTION mirror_private.is_over(text, timestamptz) IS
'Whether an order of a broker fills no more, by its status and since when the broker has not said so';

-- An order that has left mirror.orders is in the archive, and fills no more.
CREATE FUNCTION mirror_private.note_leader_fills(group_id bigint, exchange text, symbol text, product text)
RETURNS void
LANGUAGE sql SET search_path = pg_catalog, mirror, pg_temp AS $$
    WITH changed AS (
        SELECT l.leader_order_id, l.action, l.filled_quantity AS before, o.filled_quantity AS now, o.quantity,
               mirror_private.is_over(o.status, o.vanished_at) AS is_ended
        FROM mirror.leader_orders l JOIN mirror.all_orders o ON o.id = l.leader_order_id
        WHERE l.group_id = note_leader_fills.group_id AND l.exchange = note_leader_fills.exchange
          AND l.symbol = note_leader_fills.symbol AND l.product = note_leader_fills.product AND NOT l.is_ended
    ), noted AS (
        UPDATE mirror.leader_orders l
        SET filled_quantity = c.now, quantity = c.quantity, is_ended = c.is_ended
        FROM changed c
        WHERE l.group_id = note_leader_fills.group_id AND l.leader_order_id = c.leader_order_id
          AND (l.filled_quantity, l.quantity, l.is_ended) IS DISTINCT FROM (c.now, c.quantity, c.is_ended)
        RETURNING l.user_id, mirror_private.signed(c.action, c.now - c.before) AS change
    )
    INSERT INTO mirror.leader_positions AS p (group_id, user_id, exchange, symbol, product, quantity)
    SELECT note_leader_fills.group_id, n.user_id, note_leader_fills.exchange, note_leader_fills.symbol,
           note_leader_fills.product, sum(n.change)
    FROM noted n GROUP BY n.user_id HAVING sum(n.change) <> 0
    ON CONFLICT ON CONSTRAINT leader_positions_pkey DO UPDATE SET quantity = p.quantity + excluded.quantity
$$;
COMMENT ON FUNCTION mirror_private.note_leader_fills(bigint, text, text, text) IS
'Adds what has filled of a leader''s orders since to what he holds';

-- What is on its way counts: a stop placed beside an entry that has not filled is its exit.
CREATE FUNCTION mirror_private.exit_base(group_id bigint, exchange text, symbol text, product text, action text)
RETURNS numeric
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT greatest(0, -mirror_private.signed(exit_base.action, coalesce((
               SELECT p.quantity FROM mirror.leader_positions p
               WHERE p.group_id = exit_base.group_id AND p.exchange = exit_base.exchange
                 AND p.symbol = exit_base.symbol AND p.product = exit_base.product), 0))
           + coalesce((
               SELECT sum(least(l.quantity - l.filled_quantity, greatest(l.quantity - l.base_quantity, 0)))
               FROM mirror.leader_orders l
               WHERE l.group_id = exit_base.group_id AND l.exchange = exit_base.exchange
                 AND l.symbol = exit_base.symbol AND l.product = exit_base.product AND l.action <> exit_base.action
                 AND NOT l.is_ended), 0))
$$;
COMMENT ON FUNCTION mirror_private.exit_base(bigint, text, text, text, text) IS
'How much a leader holds, or has ordered to open, that an order of this action would close';

CREATE FUNCTION mirror_private.take_order(group_id bigint, leader_order_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    placed record;
BEGIN
    SELECT o.*, coalesce(o.product, '') AS of_product INTO placed FROM mirror.orders o WHERE o.id = leader_order_id;
    PERFORM mirror_private.note_leader_fills(group_id, placed.exchange, placed.symbol, placed.of_product);
    INSERT INTO mirror.leader_orders (group_id, leader_order_id, user_id, exchange, symbol, product, action, quantity,
                                      base_quantity, is_copied)
    VALUES (group_id, leader_order_id, placed.user_id, placed.exchange, placed.symbol, placed.of_product, placed.action,
            placed.quantity, mirror_private.exit_base(group_id, placed.exchange, placed.symbol, placed.of_product,
                                                      placed.action), true)
    ON CONFLICT DO NOTHING;
    PERFORM mirror_private.note_leader_fills(group_id, placed.exchange, placed.symbol, placed.of_product)
    WHERE FOUND;
END
$$;
COMMENT ON FUNCTION mirror_private.take_order(bigint, bigint) IS
'Takes in an order of a leader: what it closes is what he held before it, and its own fills count from now on';
