-- What retention takes of copies, and what stays of them: that they were copied, and what has filled.

CREATE FUNCTION mirror_private.note_ended(group_id bigint) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, mirror, pg_temp AS $$
    UPDATE mirror.copies c SET ended_at = clock_timestamp()
    WHERE c.group_id = note_ended.group_id AND c.ended_at IS NULL AND NOT c.is_open
      AND NOT EXISTS (SELECT FROM mirror.copied_orders o WHERE o.copy_id = c.id AND o.status IN ('queued', 'open'))
      AND NOT EXISTS (SELECT FROM mirror.leader_orders l WHERE l.group_id = c.group_id
                        AND l.leader_order_id = c.leader_order_id AND NOT l.is_ended)
      -- Whoever is still to be closed is not closed again.
      AND NOT (c.effect = 'close' AND EXISTS (SELECT FROM mirror.followers f
                                              WHERE f.id = c.follower_id AND f.closes_at <= c.created_at))
$$;
COMMENT ON FUNCTION mirror_private.note_ended(bigint) IS
'Notes of copies of a group that nothing comes of them any more: their leader''s order and all of their own have ended';

-- Of an order that lives others are still copied: only who leaves takes his copies from it.
CREATE FUNCTION mirror_private.end_copying() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    UPDATE mirror.leader_orders l SET is_copied = false
    FROM (SELECT DISTINCT g.group_id, g.leader_order_id FROM gone g) g
    WHERE l.group_id = g.group_id AND l.leader_order_id = g.leader_order_id AND l.is_ended AND l.is_copied;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION mirror_private.end_copying() IS
'Trigger: an order of a leader that has ended and of which copies go is not copied again';

CREATE FUNCTION mirror_private.keep_fills() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    UPDATE mirror.follower_positions p SET earlier = p.earlier + g.filled
    FROM (SELECT o.follower_id, o.exchange, o.symbol, o.product,
                 sum(mirror_private.signed(o.action, o.filled_quantity)) AS filled
          FROM gone o GROUP BY o.follower_id, o.exchange, o.symbol, o.product) g
    WHERE p.follower_id = g.follower_id AND p.exchange = g.exchange AND p.symbol = g.symbol AND p.product = g.product
      AND g.filled <> 0;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION mirror_private.keep_fills() IS
'Trigger: what copied orders have filled stays with what their follower holds when they go';
