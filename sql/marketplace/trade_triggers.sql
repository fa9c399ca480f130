-- What trades and logs are, whoever writes them, and what follows from a statement that changes trades.

-- Only who acts for everybody inserts, and open_trade(): what a subscription is, is no secret to them.
CREATE FUNCTION marketplace_private.fill_trade() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
DECLARE
    held record;
    told CONSTANT numeric := NEW.pnl;
BEGIN
    SELECT s.user_id, s.bot_id, s.trading_pair INTO held FROM marketplace.subscriptions s
    WHERE s.id = NEW.subscription_id;
    IF NOT FOUND THEN
        PERFORM marketplace_private.refuse_unknown_subscription(NEW.subscription_id);
    ELSIF (NEW.user_id, NEW.bot_id) <> (held.user_id, held.bot_id) THEN
        PERFORM bourse.refuse('22023',
            format('subscription %s is of user %s and bot %s', NEW.subscription_id, held.user_id, held.bot_id),
            'Leave user_id and bot_id out: the subscription tells them.');
    END IF;
    NEW.id := coalesce(NEW.id, nextval('marketplace.trades_id_seq'));
    NEW.user_id := held.user_id;
    NEW.bot_id := held.bot_id;
    NEW.trading_pair := coalesce(NEW.trading_pair, held.trading_pair);
    NEW.commission := coalesce(NEW.commission, 0);
    NEW.status := coalesce(NEW.status, CASE WHEN NEW.exit_price IS NULL THEN 'OPEN' ELSE 'CLOSED' END);
    NEW.created_at := coalesce(NEW.created_at, clock_timestamp());
    NEW.updated_at := coalesce(NEW.updated_at, NEW.created_at);
    IF NEW.status = 'OPEN' THEN
        PERFORM marketplace_private.require_stops(NEW.side, NEW.entry_price, NEW.stop_loss_price,
                                                  NEW.take_profit_price);
    ELSE
        SELECT p.pnl, p.pnl_percentage INTO NEW.pnl, NEW.pnl_percentage
        FROM marketplace_private.pnl(NEW.side, NEW.quantity, NEW.entry_price, NEW.exit_price, NEW.commission) p;
        IF told <> NEW.pnl THEN
            PERFORM bourse.refuse('22023', format('pnl is %s, and these prices come to %s', told, NEW.pnl),
                'Leave pnl out: it is computed. What was paid in fees belongs into commission.');
        END IF;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION marketplace_private.fill_trade() IS
'Trigger: fills in what a new trade has from its subscription, and what it has come to if it is closed. Refuses an '
'unknown subscription (42704), a user, bot or pnl that is not so, a stop-loss or take-profit of an open trade on the '
'wrong side of its entry (22023)';

CREATE FUNCTION marketplace_private.change_trade() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    NEW.id := OLD.id;
    NEW.subscription_id := OLD.subscription_id;
    NEW.user_id := OLD.user_id;
    NEW.bot_id := OLD.bot_id;
    NEW.entry_time := OLD.entry_time;
    NEW.created_at := OLD.created_at;
    NEW.updated_at := clock_timestamp();
    NEW.pnl := NULL;
    NEW.pnl_percentage := NULL;
    IF NEW.status = 'CLOSED' THEN
        NEW.exit_time := coalesce(NEW.exit_time, greatest(now(), NEW.entry_time));
        SELECT p.pnl, p.pnl_percentage INTO NEW.pnl, NEW.pnl_percentage
        FROM marketplace_private.pnl(NEW.side, NEW.quantity, NEW.entry_price, NEW.exit_price, NEW.commission) p;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION marketplace_private.change_trade() IS
'Trigger: a trade stays that of its subscription, and of its time; what it has come to is computed again';

CREATE TYPE marketplace_private.trade_change AS (
    user_id bigint, subscription_id bigint, bot_id bigint, trades bigint, wins bigint, pnl numeric, commission numeric);
COMMENT ON TYPE marketplace_private.trade_change IS 'By how much the sums of a subscription change. For count_trades()';

-- Once for a statement: a trade, or a million of them. Subscriptions are locked in order of id, so that two sessions
-- never wait for each other; what changes of bots is added as rows that nobody waits for.
CREATE FUNCTION marketplace_private.count_trades() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
DECLARE
    changes marketplace_private.trade_change[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        INSERT INTO marketplace.trade_keys (user_id, subscription_id, exchange_trade_id, trade_id, entry_time)
        SELECT n.user_id, n.subscription_id, n.exchange_trade_id, n.id, n.entry_time FROM new_rows n
        WHERE n.exchange_trade_id IS NOT NULL ORDER BY 1, 2, 3;
        changes := ARRAY(
            SELECT ROW(min(n.user_id), n.subscription_id, min(n.bot_id), count(*), count(*) FILTER (WHERE n.pnl > 0),
                       sum(n.pnl), sum(n.commission))::marketplace_private.trade_change
            FROM new_rows n WHERE n.status = 'CLOSED' GROUP BY n.subscription_id);
    ELSIF TG_OP = 'DELETE' THEN
        DELETE FROM marketplace.trade_keys k USING old_rows o
        WHERE (k.user_id, k.subscription_id, k.exchange_trade_id, k.trade_id)
              = (o.user_id, o.subscription_id, o.exchange_trade_id, o.id);
        changes := ARRAY(
            SELECT ROW(min(o.user_id), o.subscription_id, min(o.bot_id), -count(*),
                       -count(*) FILTER (WHERE o.pnl > 0), -sum(o.pnl), -sum(o.commission)
                      )::marketplace_private.trade_change
            FROM old_rows o WHERE o.status = 'CLOSED' GROUP BY o.subscription_id);
    ELSE
        PERFORM marketplace_private.move_keys(k.user_id, k.subscription_id, k.id, k.entry_time, k.was, k.becomes)
        FROM (SELECT n.user_id, n.subscription_id, n.id, n.entry_time, o.exchange_trade_id AS was,
                     n.exchange_trade_id AS becomes
              FROM new_rows n JOIN old_rows o ON o.id = n.id
              WHERE o.exchange_trade_id IS DISTINCT FROM n.exchange_trade_id ORDER BY 1, 2, 3) k;
        changes := ARRAY(
            SELECT ROW(min(c.user_id), c.subscription_id, min(c.bot_id), sum(c.sign),
                       sum(CASE WHEN c.pnl > 0 THEN c.sign ELSE 0 END), sum(c.sign * c.pnl),
                       sum(c.sign * c.commission))::marketplace_private.trade_change
            FROM (SELECT n.user_id, n.subscription_id, n.bot_id, n.pnl, n.commission, 1 AS sign FROM new_rows n
                  WHERE n.status = 'CLOSED'
                  UNION ALL
                  SELECT o.user_id, o.subscription_id, o.bot_id, o.pnl, o.commission, -1 FROM old_rows o
                  WHERE o.status = 'CLOSED') c
            GROUP BY c.subscription_id);
    END IF;
    IF cardinality(changes) > 0 THEN
        PERFORM marketplace_private.add_to_subscriptions(changes), marketplace_private.add_to_bots(changes);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION marketplace_private.count_trades() IS
'Trigger: the sums of subscriptions and bots, and the keys of trades, follow a statement that changes trades. 23505: '
'the subscription has a trade of this exchange_trade_id';

CREATE FUNCTION marketplace_private.move_keys(user_id bigint, subscription_id bigint, trade_id bigint,
                                              entry_time timestamptz, was text, becomes text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    DELETE FROM marketplace.trade_keys k
    WHERE k.user_id = user_id AND k.subscription_id = subscription_id AND k.exchange_trade_id = was
      AND k.trade_id = trade_id;
    INSERT INTO marketplace.trade_keys (user_id, subscription_id, exchange_trade_id, trade_id, entry_time)
    SELECT user_id, subscription_id, becomes, trade_id, entry_time WHERE becomes IS NOT NULL;
END
$$;
COMMENT ON FUNCTION marketplace_private.move_keys(bigint, bigint, bigint, timestamptz, text, text) IS
'Gives a trade another exchange_trade_id, or none. For count_trades() only';

CREATE FUNCTION marketplace_private.add_to_subscriptions(changes marketplace_private.trade_change[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
BEGIN
    PERFORM FROM marketplace.subscriptions s WHERE s.id IN (SELECT c.subscription_id FROM unnest(changes) c)
    ORDER BY s.id FOR NO KEY UPDATE;
    UPDATE marketplace.subscriptions s
    SET total_trades = s.total_trades + c.trades, winning_trades = s.winning_trades + c.wins,
        total_pnl = s.total_pnl + c.pnl
    FROM unnest(changes) c WHERE s.id = c.subscription_id AND (c.trades, c.wins, c.pnl) <> (0, 0, 0);
END
$$;
COMMENT ON FUNCTION marketplace_private.add_to_subscriptions(marketplace_private.trade_change[]) IS
'Adds to the sums of subscriptions, which it locks in order of id';

CREATE FUNCTION marketplace_private.add_to_bots(changes marketplace_private.trade_change[]) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
BEGIN
    INSERT INTO marketplace.bot_sum_changes (bot_id, total_trades, winning_trades, total_pnl, total_commission)
    SELECT c.bot_id, sum(c.trades), sum(c.wins), sum(c.pnl), sum(c.commission)
    FROM unnest(changes) c WHERE (c.trades, c.wins, c.pnl, c.commission) <> (0, 0, 0, 0) GROUP BY c.bot_id;
    PERFORM marketplace_private.fold_sums(c.bot_id)
    FROM (SELECT DISTINCT c.bot_id FROM unnest(changes) c) c WHERE random() < 0.02;
END
$$;
COMMENT ON FUNCTION marketplace_private.add_to_bots(marketplace_private.trade_change[]) IS
'Adds to the sums of bots. Of every fiftieth it folds what has been added';

-- Never waits: whoever finds another at it leaves it to him. Under another isolation level rows that are folded
-- meanwhile would end the transaction of whoever has closed a trade.
CREATE FUNCTION marketplace_private.fold_sums(bot_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT integer := 10000;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RETURN;
    END IF;
    PERFORM FROM marketplace.bot_sums b WHERE b.bot_id = bot_id FOR NO KEY UPDATE SKIP LOCKED;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    WITH folded AS (
        DELETE FROM marketplace.bot_sum_changes c
        WHERE c.id IN (SELECT o.id FROM marketplace.bot_sum_changes o WHERE o.bot_id = bot_id ORDER BY o.id LIMIT most)
        RETURNING c.*
    )
    UPDATE marketplace.bot_sums b
    SET total_subscriptions = b.total_subscriptions + f.total_subscriptions,
        active_subscriptions = b.active_subscriptions + f.active_subscriptions,
        total_trades = b.total_trades + f.total_trades, winning_trades = b.winning_trades + f.winning_trades,
        total_pnl = b.total_pnl + f.total_pnl, total_commission = b.total_commission + f.total_commission
    FROM (SELECT count(*) AS rows, sum(o.total_subscriptions) AS total_subscriptions,
                 sum(o.active_subscriptions) AS active_subscriptions, sum(o.total_trades) AS total_trades,
                 sum(o.winning_trades) AS winning_trades, sum(o.total_pnl) AS total_pnl,
                 sum(o.total_commission) AS total_commission FROM folded o) f
    WHERE b.bot_id = bot_id AND f.rows > 0;
END
$$;
COMMENT ON FUNCTION marketplace_private.fold_sums(bigint) IS
'Folds what has changed of the sums of a bot into its row, up to 10,000 rows, unless somebody else is at it';

CREATE FUNCTION marketplace_private.sum_subscription() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    IF TG_OP <> 'INSERT' THEN
        INSERT INTO marketplace.bot_sum_changes (bot_id, total_subscriptions, active_subscriptions)
        VALUES (OLD.bot_id, -1, -(OLD.status = 'ACTIVE')::integer);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        INSERT INTO marketplace.bot_sum_changes (bot_id, total_subscriptions, active_subscriptions)
        VALUES (NEW.bot_id, 1, (NEW.status = 'ACTIVE')::integer);
    END IF;
    PERFORM marketplace_private.fold_sums(CASE WHEN TG_OP = 'DELETE' THEN OLD.bot_id ELSE NEW.bot_id END)
    WHERE random() < 0.02;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION marketplace_private.sum_subscription() IS
'Trigger: the sums of bots follow their subscriptions, whoever writes them';

CREATE FUNCTION marketplace_private.begin_sums() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    INSERT INTO marketplace.bot_sums (bot_id) VALUES (NEW.id);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION marketplace_private.begin_sums() IS 'Trigger: a new bot has a row for its sums';

CREATE FUNCTION marketplace_private.fill_log() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off AS $$
DECLARE
    owner_id CONSTANT bigint := (SELECT s.user_id FROM marketplace.subscriptions s WHERE s.id = NEW.subscription_id);
BEGIN
    IF owner_id IS NULL THEN
        PERFORM marketplace_private.refuse_unknown_subscription(NEW.subscription_id);
    ELSIF NEW.user_id <> owner_id THEN
        PERFORM bourse.refuse('22023', format('subscription %s is of user %s', NEW.subscription_id, owner_id),
            'Leave user_id out: the subscription tells it.');
    END IF;
    PERFORM trading_private.require_open_object('signal_data', NEW.signal_data),
            bourse_private.require_plain_numbers('signal_data', NEW.signal_data);
    NEW.id := coalesce(NEW.id, nextval('marketplace.performance_logs_id_seq'));
    NEW.user_id := owner_id;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION marketplace_private.fill_log() IS
'Trigger: fills in whose log a row is of. Refuses an unknown subscription (42704), another user, and signal_data that '
'is no JSON object of up to 65536 bytes and 64 levels, or holds a secret (22023)';
