-- How many positions deployments may have. A broker's report is never refused: it is true. What is counted is what is
-- let through, one after the other under the lock of the deployment; what is reported beyond it is a breach.

CREATE FUNCTION mirror_private.take_room(deployment_id bigint, user_id bigint, max_positions integer, exchange text,
                                         symbol text, product text) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    IF EXISTS (SELECT FROM mirror.deployment_positions p
               WHERE p.user_id = user_id AND p.deployment_id = deployment_id AND p.exchange = exchange
                 AND p.symbol = symbol AND p.product IS NOT DISTINCT FROM product) THEN
        RETURN 'had';
    ELSIF (SELECT count(*) FROM mirror.deployment_positions p
           WHERE p.user_id = user_id AND p.deployment_id = deployment_id) >= max_positions THEN
        RETURN 'full';
    END IF;
    INSERT INTO mirror.deployment_positions (user_id, deployment_id, exchange, symbol, product)
    VALUES (user_id, deployment_id, exchange, symbol, product);
    RETURN 'taken';
END
$$;
COMMENT ON FUNCTION mirror_private.take_room(bigint, bigint, integer, text, text, text) IS
'Adds a position to those of a deployment that is locked: taken, had (it has it already), or full';

CREATE FUNCTION mirror_private.require_product(product text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    IF btrim(product) = '' OR length(product) > 10 THEN
        PERFORM bourse.refuse('22023', format('product is %s', bourse_private.quoted(product)),
            'Give 1 to 10 characters, like MIS, CNC or NRML, or NULL.');
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.require_product(text) IS 'Refuses what is no product (22023); NULL passes';

CREATE FUNCTION mirror.open_position(deployment_id bigint, exchange text, symbol text, product text DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
DECLARE
    d record;
    room text;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM mirror_private.require_instrument_name(exchange, symbol), mirror_private.require_product(product);
    SELECT * INTO d FROM mirror_private.lock_deployment(deployment_id);
    IF d.status <> 'active' THEN
        PERFORM mirror_private.refuse_deployment_step(deployment_id, d.status, 'open a position');
    END IF;
    PERFORM bourse.refuse('55000', format('account %s is not active', d.account_id),
                          'mirror.activate_account() has it in use again.')
    FROM mirror.trading_accounts a WHERE a.id = d.account_id AND NOT a.is_active;
    room := mirror_private.take_room(deployment_id, d.user_id, d.max_positions, exchange, symbol, product);
    IF room = 'full' THEN
        PERFORM bourse.refuse('54000', format('deployment %s has %s positions', deployment_id, d.max_positions),
            'It may have no more at once: close one first. mirror.deployment_positions lists them.');
    END IF;
    RETURN room = 'taken';
END
$$;
COMMENT ON FUNCTION mirror.open_position(bigint, text, text, text) IS
'Asks whether a deployment may open a position, before the order is sent, and counts it: true. false: it has that one '
'already, and may add to it. However many sessions ask at once, max_positions is kept. 22004 NULL, 22023 no such name '
'or product, 25001 isolation, 42704 no such deployment, or of another user, 54000 it has max_positions, 55000 it, or '
'its account, is not active';

CREATE FUNCTION mirror.close_position(deployment_id bigint, exchange text, symbol text, product text DEFAULT NULL)
RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    d record;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM mirror_private.require_instrument_name(exchange, symbol), mirror_private.require_product(product);
    SELECT * INTO d FROM mirror_private.lock_deployment(deployment_id);
    DELETE FROM mirror.deployment_positions p
    WHERE p.user_id = d.user_id AND p.deployment_id = deployment_id AND p.exchange = exchange
      AND p.symbol = symbol AND p.product IS NOT DISTINCT FROM product;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION mirror.close_position(bigint, text, text, text) IS
'Says that a deployment has not, or no longer, a position that open_position() has counted: an order that came to '
'nothing. What the broker reports as flat goes by itself. false: it had none. 22004 NULL, 22023 no such name or '
'product, 25001 isolation, 42704 no such deployment, or of another user';
GRANT EXECUTE ON FUNCTION mirror.open_position(bigint, text, text, text),
    mirror.close_position(bigint, text, text, text) TO bourse_trader, bourse_worker;

-- For whoever orders for many accounts at once: he waits for nobody. A deployment that somebody else holds has no room.
CREATE FUNCTION mirror_private.take_position_room(account_id bigint, exchange text, symbol text, product text)
RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    owner bigint := (SELECT a.user_id FROM mirror.trading_accounts a WHERE a.id = account_id);
    d record;
BEGIN
    -- Of most accounts there is no more to ask.
    PERFORM FROM mirror.strategy_deployments s
    WHERE s.user_id = owner AND s.account_id = account_id AND s.status = 'active' LIMIT 1;
    IF NOT FOUND THEN
        RETURN true;
    END IF;
    PERFORM FROM mirror.strategy_deployments s
    JOIN mirror.deployment_positions p ON p.user_id = s.user_id AND p.deployment_id = s.id
    WHERE s.user_id = owner AND s.account_id = account_id AND s.status = 'active' AND p.exchange = exchange
      AND p.symbol = symbol AND p.product IS NOT DISTINCT FROM product LIMIT 1;
    IF FOUND THEN
        RETURN true;
    END IF;
    FOR d IN SELECT s.id, s.max_positions FROM mirror.strategy_deployments s
             WHERE s.user_id = owner AND s.account_id = account_id AND s.status = 'active'
             ORDER BY s.id FOR NO KEY UPDATE SKIP LOCKED LOOP
        IF mirror_private.take_room(d.id, owner, d.max_positions, exchange, symbol, product) <> 'full' THEN
            RETURN true;
        END IF;
    END LOOP;
    RETURN false;
END
$$;
COMMENT ON FUNCTION mirror_private.take_position_room(bigint, text, text, text) IS
'Whether an entry may be sent for an account: one of its active deployments has the position, or room for it, which is '
'taken; true as well when none is active. For whoever has checked the account';

CREATE FUNCTION mirror_private.live_entries(account_id bigint)
RETURNS TABLE (exchange text, symbol text, product text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_column
BEGIN
    RETURN QUERY
    SELECT p.exchange::text, p.symbol::text, p.product::text FROM mirror.positions p
    WHERE p.account_id = live_entries.account_id AND p.quantity <> 0
    UNION
    SELECT o.exchange::text, o.symbol::text, o.product::text FROM mirror.orders o
    WHERE o.account_id = live_entries.account_id
      AND o.status IN ('PENDING', 'OPEN', 'PARTIAL', 'TRIGGER_PENDING')
    UNION
    SELECT c.exchange::text, c.symbol::text, c.product::text FROM mirror.copied_orders c
    WHERE c.account_id = live_entries.account_id AND c.status IN ('queued', 'open');
END
$$;
COMMENT ON FUNCTION mirror_private.live_entries(bigint) IS
'What an account has, or may have in a moment: open positions, and instruments in which an order lives, sent or not';

CREATE FUNCTION mirror_private.flat_positions(account_id bigint, user_id bigint, as_of timestamptz)
RETURNS TABLE (deployment_id bigint, exchange text, symbol text, product text)
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT p.deployment_id, p.exchange, p.symbol, p.product FROM mirror.strategy_deployments d
    JOIN mirror.deployment_positions p ON p.user_id = d.user_id AND p.deployment_id = d.id
    WHERE d.user_id = flat_positions.user_id AND d.account_id = flat_positions.account_id
      AND p.opened_at < as_of
      AND (p.exchange::text, p.symbol::text, coalesce(p.product::text, '')) NOT IN (
          SELECT e.exchange, e.symbol, coalesce(e.product, '')
          FROM mirror_private.live_entries(flat_positions.account_id) e)
$$;
COMMENT ON FUNCTION mirror_private.flat_positions(bigint, bigint, timestamptz) IS
'Positions of the deployments of an account that were counted before this moment and are flat, and in which no order '
'lives';

CREATE FUNCTION mirror_private.note_breach(account_id bigint, user_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    opened bigint := (SELECT count(*) FROM mirror.positions p WHERE p.account_id = account_id AND p.quantity <> 0);
    allowed bigint := (SELECT sum(d.max_positions) FROM mirror.strategy_deployments d
                       WHERE d.user_id = user_id AND d.account_id = account_id AND d.status = 'active');
BEGIN
    -- In order of id, as whoever else locks several.
    PERFORM FROM mirror.strategy_deployments d
    WHERE d.user_id = user_id AND d.account_id = account_id
      AND (d.status = 'active' AND opened > allowed) <> (d.breached_at IS NOT NULL)
    ORDER BY d.id FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    WITH changed AS (
        UPDATE mirror.strategy_deployments d
        SET breached_at = CASE WHEN d.status = 'active' AND opened > allowed THEN clock_timestamp() END
        WHERE d.user_id = user_id AND d.account_id = account_id
          AND (d.status = 'active' AND opened > allowed) <> (d.breached_at IS NOT NULL)
        RETURNING d.id, d.status, d.breached_at)
    INSERT INTO mirror.deployment_events (user_id, deployment_id, event, old_status, new_status, detail)
    SELECT user_id, c.id, 'breach', c.status, c.status,
           jsonb_build_object('open_positions', opened, 'max_positions', allowed)
    FROM changed c WHERE c.breached_at IS NOT NULL;
END
$$;
COMMENT ON FUNCTION mirror_private.note_breach(bigint, bigint) IS
'More open positions of an account than its active deployments may have are an event of each of them, once until they '
'are fewer';

-- Whoever holds a deployment is waited for only when there is something to change.
CREATE FUNCTION mirror_private.settle_positions(account_id bigint, as_of timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    owner bigint := (SELECT a.user_id FROM mirror.trading_accounts a WHERE a.id = account_id);
BEGIN
    IF NOT EXISTS (SELECT FROM mirror.strategy_deployments d WHERE d.user_id = owner AND d.account_id = account_id) THEN
        RETURN;
    ELSIF EXISTS (SELECT FROM mirror_private.flat_positions(account_id, owner, as_of)) THEN
        PERFORM FROM mirror.strategy_deployments d
        WHERE d.user_id = owner AND d.account_id = account_id ORDER BY d.id FOR NO KEY UPDATE;
        DELETE FROM mirror.deployment_positions p USING mirror_private.flat_positions(account_id, owner, as_of) f
        WHERE p.user_id = owner AND p.deployment_id = f.deployment_id AND p.exchange = f.exchange
          AND p.symbol = f.symbol AND p.product IS NOT DISTINCT FROM f.product;
    END IF;
    PERFORM mirror_private.note_breach(account_id, owner);
END
$$;
COMMENT ON FUNCTION mirror_private.settle_positions(bigint, timestamptz) IS
'After a report of a locked account: positions of its deployments that were counted before it and are flat go, unless '
'an order lives in them, and breaches of max_positions are noted';
