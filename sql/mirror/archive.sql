-- Orders that have ended go out of the way: one statement takes them out of mirror.orders and puts them into
-- mirror.orders_archive, so that each stands in one of them at every moment.

CREATE FUNCTION mirror.archive_orders(older_than interval DEFAULT '30 days', batch integer DEFAULT 10000)
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT integer := 100000;
    before timestamptz;
    moved bigint;
BEGIN
    PERFORM mirror_private.require_everybody('archive_orders()');
    PERFORM bourse_private.require_given('older_than', older_than);
    before := bourse_private.keep_since(clock_timestamp(), older_than);
    IF older_than < interval '0' THEN
        PERFORM bourse.refuse('22023', format('older_than is %s', older_than), 'Give an interval, as 30 days.');
    ELSIF batch IS NULL OR batch NOT BETWEEN 1 AND most THEN
        PERFORM bourse.refuse('22023', format('batch is %s', coalesce(batch::text, 'NULL')),
            format('Give 1 to %s.', most));
    END IF;
    -- Whom somebody has just now is passed over: an erasure takes users before their orders.
    WITH picked AS MATERIALIZED (
        SELECT o.id, o.user_id FROM mirror.orders o
        WHERE o.placed_at < before AND o.status IN ('EXECUTED', 'CANCELLED', 'REJECTED', 'EXPIRED')
        ORDER BY o.placed_at LIMIT batch
    ), people AS MATERIALIZED (
        SELECT u.id FROM identity.users u WHERE u.id IN (SELECT p.user_id FROM picked p) FOR KEY SHARE SKIP LOCKED
    ), held AS MATERIALIZED (
        SELECT o.id FROM mirror.orders o
        WHERE o.id IN (SELECT p.id FROM picked p WHERE p.user_id IN (SELECT q.id FROM people q))
        FOR UPDATE SKIP LOCKED
    ), gone AS (
        DELETE FROM mirror.orders o WHERE o.id IN (SELECT h.id FROM held h)
            AND o.status IN ('EXECUTED', 'CANCELLED', 'REJECTED', 'EXPIRED')
        RETURNING o.*
    )
    INSERT INTO mirror.orders_archive (id, account_id, order_id, symbol, exchange, action, quantity, order_type, price,
                                       trigger_price, product, status, filled_quantity, average_price, placed_at,
                                       executed_at, user_id, status_message, as_of, vanished_at, updated_at)
    SELECT g.id, g.account_id, g.order_id, g.symbol, g.exchange, g.action, g.quantity, g.order_type, g.price,
           g.trigger_price, g.product, g.status, g.filled_quantity, g.average_price, g.placed_at, g.executed_at,
           g.user_id, g.status_message, g.as_of, g.vanished_at, g.updated_at
    FROM gone g;
    GET DIAGNOSTICS moved = ROW_COUNT;
    RETURN moved;
END
$$;
COMMENT ON FUNCTION mirror.archive_orders(interval, integer) IS
'Moves orders that have ended and were placed longer ago than that to mirror.orders_archive, the oldest first, up to '
'batch of them, with their ids; those that somebody is about to change are passed over. Returns how many. The policy '
'of mirror.orders does the same after 30 days. For workers. 22004 NULL, 22023 older_than below 0, batch not 1 to '
'100000, 25001 not READ COMMITTED, 42501 the session does not act for everybody';
GRANT EXECUTE ON FUNCTION mirror.archive_orders(interval, integer) TO bourse_admin, bourse_gateway, bourse_worker;

CREATE FUNCTION mirror_private.archive_account(account_id bigint) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    moved bigint;
BEGIN
    -- Who leaves takes the orders along.
    WITH gone AS (
        DELETE FROM mirror.orders o
        WHERE o.account_id = account_id
          AND EXISTS (SELECT FROM identity.users u WHERE u.id = o.user_id AND u.erased_at IS NULL)
        RETURNING o.*
    )
    INSERT INTO mirror.orders_archive (id, account_id, order_id, symbol, exchange, action, quantity, order_type, price,
                                       trigger_price, product, status, filled_quantity, average_price, placed_at,
                                       executed_at, user_id, status_message, as_of, vanished_at, updated_at,
                                       archive_reason)
    SELECT g.id, g.account_id, g.order_id, g.symbol, g.exchange, g.action, g.quantity, g.order_type, g.price,
           g.trigger_price, g.product, CASE WHEN g.status IN ('EXECUTED', 'CANCELLED', 'REJECTED', 'EXPIRED')
                                            THEN g.status ELSE 'EXPIRED' END, g.filled_quantity, g.average_price,
           g.placed_at, g.executed_at, g.user_id, g.status_message, g.as_of,
           CASE WHEN g.status IN ('EXECUTED', 'CANCELLED', 'REJECTED', 'EXPIRED') THEN g.vanished_at
                ELSE clock_timestamp() END, g.updated_at, 'account deleted'
    FROM gone g;
    GET DIAGNOSTICS moved = ROW_COUNT;
    RETURN moved;
END
$$;
COMMENT ON FUNCTION mirror_private.archive_account(bigint) IS
'Moves all orders of an account that is about to be deleted to mirror.orders_archive; those that still live have '
'EXPIRED there, for nobody will tell what becomes of them. Not those of a person who leaves. Returns how many';
