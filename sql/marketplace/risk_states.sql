-- What the trades of a subscription have come to, as the rules of its risk_config look at it.

CREATE TYPE marketplace_private.risk_row AS (
    user_id bigint, subscription_id bigint, trade_id bigint, sign integer, is_open boolean, is_close boolean,
    cost numeric, pnl numeric);
COMMENT ON TYPE marketplace_private.risk_row IS
'A trade that a statement has written (sign 1) or taken away (-1). is_close: it is closed by it; pnl: NULL if it does '
'not count for the day. For note_risk()';

-- A trade counts for the day on which it is closed here, whatever its exit_time says. One that is written down closed
-- is history: it counts if it was closed today.
CREATE FUNCTION marketplace_private.counted_pnl(status text, pnl numeric, exit_time timestamptz,
                                                created_at timestamptz, updated_at timestamptz, today timestamptz)
RETURNS numeric
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    RETURN CASE WHEN status = 'CLOSED' AND (exit_time >= today OR updated_at >= today AND updated_at > created_at)
                THEN pnl END;
END
$$;
COMMENT ON FUNCTION marketplace_private.counted_pnl(text, numeric, timestamptz, timestamptz, timestamptz, timestamptz)
IS
'What a trade has come to, if it counts for the day that began then; NULL: it does not';

CREATE FUNCTION marketplace_private.note_risk() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
DECLARE
    today CONSTANT timestamptz := date_trunc('day', clock_timestamp(), 'UTC');
    changes marketplace_private.risk_row[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        changes := ARRAY(
            SELECT ROW(n.user_id, n.subscription_id, n.id, 1, n.status = 'OPEN', n.status = 'CLOSED',
                       n.quantity * n.entry_price, marketplace_private.counted_pnl(
                       n.status, n.pnl, n.exit_time, n.created_at, n.updated_at, today))::marketplace_private.risk_row
            FROM new_rows n WHERE n.status = 'OPEN' OR n.exit_time >= today);
    ELSIF TG_OP = 'DELETE' THEN
        changes := ARRAY(
            SELECT ROW(o.user_id, o.subscription_id, o.id, -1, o.status = 'OPEN', false, o.quantity * o.entry_price,
                       marketplace_private.counted_pnl(o.status, o.pnl, o.exit_time, o.created_at, o.updated_at, today)
                      )::marketplace_private.risk_row
            FROM old_rows o WHERE o.status = 'OPEN' OR o.updated_at >= today OR o.exit_time >= today);
    ELSE
        changes := ARRAY(
            SELECT ROW(c.user_id, c.subscription_id, c.id, c.sign, c.status = 'OPEN', c.status = 'CLOSED'
                       AND c.was = 'OPEN', c.quantity * c.entry_price, marketplace_private.counted_pnl(
                       c.status, c.pnl, c.exit_time, c.created_at, c.updated_at, today))::marketplace_private.risk_row
            FROM (SELECT n.*, 1 AS sign, o.status AS was FROM new_rows n JOIN old_rows o ON o.id = n.id
                  UNION ALL
                  SELECT o.*, -1, NULL FROM old_rows o) c);
    END IF;
    IF cardinality(changes) > 0 THEN
        PERFORM marketplace_private.add_to_risk(changes, (today AT TIME ZONE 'UTC')::date);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION marketplace_private.note_risk() IS
'Trigger: risk_states follows a statement that changes trades, whoever writes it';

-- Subscriptions are locked first, in order of id, as everywhere.
CREATE FUNCTION marketplace_private.add_to_risk(changes marketplace_private.risk_row[], today date) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
    PERFORM FROM marketplace.subscriptions s WHERE s.id IN (SELECT c.subscription_id FROM unnest(changes) c)
    ORDER BY s.id FOR NO KEY UPDATE;
    INSERT INTO marketplace.risk_states (user_id, subscription_id)
    SELECT DISTINCT c.user_id, c.subscription_id FROM unnest(changes) c
    WHERE NOT EXISTS (SELECT FROM marketplace.risk_states r
                      WHERE r.user_id = c.user_id AND r.subscription_id = c.subscription_id)
      -- What goes with its subscription has nothing left to count for.
      AND EXISTS (SELECT FROM marketplace.subscriptions s WHERE s.id = c.subscription_id)
    ORDER BY 1, 2;
    UPDATE marketplace.risk_states r
    SET open_trades = r.open_trades + c.open_trades, exposure = r.exposure + c.exposure,
        day = CASE WHEN c.counts THEN add_to_risk.today ELSE r.day END,
        day_pnl = CASE WHEN NOT c.counts OR r.day = add_to_risk.today THEN r.day_pnl ELSE 0 END + c.day_pnl,
        day_cost = CASE WHEN NOT c.counts OR r.day = add_to_risk.today THEN r.day_cost ELSE 0 END + c.day_cost,
        losses = CASE WHEN c.is_broken THEN 0 ELSE r.losses END + c.losses,
        last_loss_at = CASE WHEN c.has_lost THEN clock_timestamp() ELSE r.last_loss_at END
    FROM (SELECT i.user_id, i.subscription_id,
                 coalesce(sum(i.sign) FILTER (WHERE i.is_open), 0) AS open_trades,
                 coalesce(sum(i.sign * i.cost) FILTER (WHERE i.is_open), 0) AS exposure,
                 coalesce(sum(i.sign * i.pnl), 0) AS day_pnl,
                 coalesce(sum(i.sign * i.cost) FILTER (WHERE i.pnl IS NOT NULL), 0) AS day_cost,
                 bool_or(i.pnl IS NOT NULL) AS counts, bool_or(i.is_close AND i.pnl >= 0) IS TRUE AS is_broken,
                 bool_or(i.is_close AND i.pnl < 0) IS TRUE AS has_lost,
                 count(*) FILTER (WHERE i.is_close AND i.pnl < 0 AND (i.last_well IS NULL OR i.trade_id > i.last_well))
                     AS losses
          FROM (SELECT a.*, max(a.trade_id) FILTER (WHERE a.is_close AND a.pnl >= 0) OVER (
                           PARTITION BY a.subscription_id) AS last_well
                FROM unnest(changes) a) i
          GROUP BY i.user_id, i.subscription_id) c
    WHERE r.user_id = c.user_id AND r.subscription_id = c.subscription_id;
END
$$;
COMMENT ON FUNCTION marketplace_private.add_to_risk(marketplace_private.risk_row[], date) IS
'Adds trades to the risk states of their subscriptions, on this day; of several that are closed at once the later ids '
'come later. For note_risk() only';
