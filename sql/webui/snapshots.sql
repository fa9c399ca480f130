-- How strategies stood at some moment.

CREATE FUNCTION webui_private.fill_snapshot() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, webui, pg_temp AS $$
BEGIN
    NEW.id := coalesce(NEW.id, nextval('webui.performance_snapshots_id_seq'));
    NEW."timestamp" := coalesce(NEW."timestamp", now());
    NEW.trades_count := coalesce(NEW.trades_count, 0);
    NEW.user_id := coalesce(NEW.user_id, identity.current_user_id());
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION webui_private.fill_snapshot() IS
'Trigger: an explicit NULL in a new snapshot is the default of its column, as object-relational mappers mean it';

-- The latest of a strategy goes by timestamp, and so does retention.
CREATE FUNCTION webui_private.require_snapshot() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, webui, pg_temp AS $$
BEGIN
    IF TG_OP = 'UPDATE' THEN
        -- A mapper that has made a row without these sends NULL along with the next change.
        NEW.user_id := coalesce(NEW.user_id, OLD.user_id);
        IF NEW."timestamp" IS NULL OR NOT identity.acts_for_all() THEN
            NEW."timestamp" := OLD."timestamp";
        END IF;
    END IF;
    IF NEW."timestamp" > clock_timestamp() + interval '5 minutes'
       OR TG_OP = 'INSERT' AND NEW."timestamp" < clock_timestamp() - interval '1 day' AND NOT identity.acts_for_all()
    THEN
        PERFORM bourse.refuse('22023', format('timestamp is %s', NEW."timestamp"),
            'Leave timestamp out; how a strategy stood may come up to a day later.');
    END IF;
    PERFORM bourse_private.require_line('strategy_id', NEW.strategy_id)
    WHERE btrim(NEW.strategy_id) <> '' AND NEW.strategy_id IS DISTINCT FROM OLD.strategy_id;
    PERFORM bourse_private.require_shallow(j.name, j.value), bourse_private.require_plain_numbers(j.name, j.value)
    FROM (VALUES ('pnl', NEW.pnl), ('positions', NEW.positions), ('win_rate', NEW.win_rate),
                 ('drawdown', NEW.drawdown), ('metrics', NEW.metrics)) j (name, value);
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION webui_private.require_snapshot() IS
'Trigger: refuses a time that has not come or, of who acts for one user, is over for a day, JSON of more than 64 '
'levels or with numbers that no double holds, a new strategy_id that cannot be read (22023). When it stood so stays '
'as it is, and NULL as its owner is the owner that it has';

CREATE FUNCTION webui.save_snapshot(strategy_id text, pnl jsonb, positions jsonb DEFAULT NULL,
                                    trades_count integer DEFAULT 0, win_rate jsonb DEFAULT NULL,
                                    drawdown jsonb DEFAULT NULL, metrics jsonb DEFAULT NULL,
                                    user_id bigint DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, webui, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    owner bigint := coalesce(user_id, identity.current_user_id());
    written bigint;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('user_id', owner), bourse_private.require_given('pnl', pnl);
    PERFORM identity_private.require_name('strategy_id', strategy_id, 100);
    IF trades_count < 0 THEN
        PERFORM bourse.refuse('22023', format('trades_count is %s', trades_count), 'Give a count from 0.');
    END IF;
    PERFORM identity_private.require_user(owner);
    INSERT INTO webui.performance_snapshots AS s (strategy_id, pnl, positions, trades_count, win_rate, drawdown,
                                                  metrics, user_id)
    VALUES (strategy_id, pnl, positions, trades_count, win_rate, drawdown, metrics, owner)
    RETURNING s.id INTO written;
    RETURN written;
END
$$;
COMMENT ON FUNCTION webui.save_snapshot(text, jsonb, jsonb, integer, jsonb, jsonb, jsonb, bigint) IS
'Keeps how a strategy stands now, and returns the id of the snapshot. strategy_id: 1 to 100 characters, its name '
'among those of its user; the JSON is the application''s own, up to 262144 bytes in all; user_id: whose strategy, by '
'default the session''s user. 22004 NULL, or no user is known, 22023 strategy_id, a negative count, JSON of more than '
'64 levels or with a number that no double holds, 23514 too much JSON, 42501 not a user you act for, 42704 unknown '
'user, 55000 the user has been erased';
GRANT EXECUTE ON FUNCTION webui.save_snapshot(text, jsonb, jsonb, integer, jsonb, jsonb, jsonb, bigint)
    TO bourse_trader, bourse_worker;

-- From one name to the next in an index, however many snapshots each has.
CREATE FUNCTION webui_private.strategies(only_user bigint, strategy_ids text[])
RETURNS TABLE (user_id bigint, strategy_id text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, webui, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
    IF strategy_ids IS NULL THEN
        RETURN QUERY WITH RECURSIVE walked AS (
            (SELECT s.user_id, s.strategy_id FROM webui.performance_snapshots s
             WHERE s.user_id >= coalesce(only_user, s.user_id) ORDER BY s.user_id, s.strategy_id LIMIT 1)
            UNION ALL
            SELECT n.user_id, n.strategy_id FROM walked w CROSS JOIN LATERAL (
                SELECT s.user_id, s.strategy_id FROM webui.performance_snapshots s
                WHERE (s.user_id, s.strategy_id) > (w.user_id, w.strategy_id)
                ORDER BY s.user_id, s.strategy_id LIMIT 1) n
            WHERE w.user_id = coalesce(only_user, w.user_id))
        SELECT w.user_id, w.strategy_id::text FROM walked w WHERE w.user_id = coalesce(only_user, w.user_id);
    ELSIF only_user IS NOT NULL THEN
        RETURN QUERY SELECT only_user, i FROM (SELECT DISTINCT i FROM unnest(strategy_ids) i) d;
    ELSE
        RETURN QUERY WITH RECURSIVE walked AS (
            SELECT d.i, 0::bigint AS user_id FROM (SELECT DISTINCT i FROM unnest(strategy_ids) i) d
            UNION ALL
            SELECT w.i, n.user_id FROM walked w CROSS JOIN LATERAL (
                SELECT s.user_id FROM webui.performance_snapshots s
                WHERE s.strategy_id || '' = w.i AND s.user_id > w.user_id
                ORDER BY s.user_id LIMIT 1) n)
        SELECT w.user_id, w.i FROM walked w WHERE w.user_id > 0;
    END IF;
END
$$;
COMMENT ON FUNCTION webui_private.strategies(bigint, text[]) IS
'The strategies of a user, or of everybody (NULL), that have snapshots; those of these names, or all (NULL). For '
'latest_snapshots()';

CREATE FUNCTION webui.latest_snapshots(strategy_ids text[] DEFAULT NULL)
RETURNS TABLE (id bigint, strategy_id text, "timestamp" timestamptz, pnl jsonb, positions jsonb, trades_count integer,
               win_rate jsonb, drawdown jsonb, metrics jsonb, user_id bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, webui, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
DECLARE
    only_user bigint := CASE WHEN NOT identity.acts_for_all() THEN coalesce(identity.current_user_id(), 0) END;
BEGIN
    PERFORM bourse.require_installed();
    RETURN QUERY
    SELECT l.id, l.strategy_id::text, l."timestamp", l.pnl, l.positions, l.trades_count, l.win_rate, l.drawdown,
           l.metrics, l.user_id
    FROM webui_private.strategies(only_user, strategy_ids) k CROSS JOIN LATERAL (
        SELECT s.* FROM webui.performance_snapshots s WHERE s.user_id = k.user_id AND s.strategy_id = k.strategy_id
        ORDER BY s."timestamp" DESC, s.id DESC LIMIT 1) l
    ORDER BY l.user_id, l.strategy_id;
END
$$;
COMMENT ON FUNCTION webui.latest_snapshots(text[]) IS
'The latest snapshot of each strategy that has one, of the session''s user or, for who acts for everybody, of all: '
'those of these names, or all (NULL). Costs two probes of an index for each strategy, however many snapshots it has';
GRANT EXECUTE ON FUNCTION webui.latest_snapshots(text[]) TO bourse_viewer, bourse_worker;
