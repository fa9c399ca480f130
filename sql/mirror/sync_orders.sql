-- Order books of brokers. Of an order the newest report counts, and what it has filled never becomes less.

CREATE FUNCTION mirror_private.order_steps(account_id bigint, lines mirror_private.book_line[], as_of timestamptz,
                                           complete boolean, known_as_of timestamptz)
RETURNS TABLE (n bigint, id bigint, broker_key text, step text, problem text, symbol text, exchange text, product text,
               action text, quantity numeric, order_type text, price numeric, trigger_price numeric, status text,
               filled_quantity numeric, average_price numeric, placed_at timestamptz, executed_at timestamptz,
               presumed_at timestamptz, note text)
LANGUAGE sql STABLE ROWS 1000 SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
    WITH met AS MATERIALIZED (
        SELECT l.*, o AS known, o.id, a.id IS NOT NULL AS is_archived, e.average_price AS executed_price,
               greatest(l.filled_quantity, o.filled_quantity, e.quantity) AS filled,
               order_steps.as_of < greatest(o.as_of, order_steps.known_as_of) AS is_stale,
               -- What only vanished may come back, and what its executions fill may be for more by now.
               CASE WHEN o.vanished_at IS NULL AND o.status IN ('EXECUTED', 'CANCELLED', 'REJECTED', 'EXPIRED')
                    THEN o.status WHEN a.id IS NOT NULL THEN a.status END AS ended
        FROM unnest(lines) l
        LEFT JOIN mirror.orders o ON o.account_id = order_steps.account_id AND o.order_id = l.order_id
        LEFT JOIN mirror.orders_archive a
            ON o.id IS NULL AND a.account_id = order_steps.account_id AND a.order_id = l.order_id
        LEFT JOIN LATERAL (
            SELECT sum(x.quantity) AS quantity, round(sum(x.quantity * x.price) / sum(x.quantity), 8) AS average_price
            FROM mirror.executions x
            WHERE o.id IS NULL AND x.account_id = order_steps.account_id AND x.order_id = l.order_id) e ON true
    ), judged AS MATERIALIZED (
        -- Where no average is told the price of what has been executed may be that: it is better than what was asked.
        SELECT m.*, CASE WHEN m.filled >= m.quantity AND m.average_price IS NULL
                         THEN CASE m.action WHEN 'BUY' THEN greatest(m.price, (m.known).price)
                                            ELSE least(m.price, (m.known).price) END
                         ELSE m.price END AS asked,
               coalesce(m.average_price, (m.known).average_price, m.executed_price) AS paid,
               CASE WHEN m.filled >= m.quantity THEN 'EXECUTED'
                    WHEN m.status IN ('CANCELLED', 'REJECTED', 'EXPIRED') THEN m.status
                    WHEN m.filled > 0 THEN 'PARTIAL' ELSE m.status END AS becomes,
               -- Its executions fill it, and the broker has yet to say so.
               CASE WHEN m.filled >= m.quantity AND m.status IN ('PENDING', 'OPEN', 'TRIGGER_PENDING', 'PARTIAL')
                    THEN coalesce((m.known).vanished_at, order_steps.as_of) END AS presumed_at,
               CASE WHEN m.problem IS NOT NULL THEN m.problem
                    WHEN m.is_stale THEN NULL
                    WHEN m.ended = 'EXECUTED' AND m.status <> 'EXECUTED'
                         OR m.ended IS NOT NULL AND m.status NOT IN ('EXECUTED', 'CANCELLED', 'REJECTED', 'EXPIRED')
                        THEN format('55000 it is %s and cannot become %s', m.ended, m.status)
                    WHEN ((m.known).symbol, (m.known).exchange, (m.known).action) <> (m.symbol, m.exchange, m.action)
                        THEN format('23505 it is known to %s %s:%s', (m.known).action, (m.known).exchange,
                                    (m.known).symbol)
                    WHEN m.filled > m.quantity
                        THEN format('22023 its quantity is %s, and %s of it are filled', trim_scale(m.quantity),
                                    trim_scale(m.filled)) END AS fault
        FROM met m
    )
    SELECT j.n, j.id, j.broker_key, CASE
               WHEN j.fault LIKE '00000%' THEN 'unchanged'
               WHEN j.fault IS NOT NULL THEN 'refused'
               WHEN j.is_stale THEN 'stale'
               WHEN j.is_archived THEN 'unchanged'
               WHEN j.id IS NULL THEN 'inserted'
               WHEN ((j.known).quantity, (j.known).order_type, (j.known).price, (j.known).trigger_price,
                     (j.known).product, (j.known).status, (j.known).filled_quantity, (j.known).average_price,
                     (j.known).vanished_at)
                    IS DISTINCT FROM (j.quantity, j.order_type, j.asked, j.trigger_price,
                                      j.product, j.becomes, j.filled, j.paid, j.presumed_at)
                    OR (j.known).status_message IS DISTINCT FROM coalesce(j.note, (j.known).status_message)
                   THEN 'updated'
               WHEN NOT complete AND as_of > (j.known).as_of THEN 'confirmed'
               ELSE 'unchanged' END,
           nullif(j.fault, '00000 the same again'), j.symbol, j.exchange, j.product, j.action, j.quantity,
           j.order_type, j.asked, j.trigger_price, j.becomes, j.filled, j.paid, coalesce(j.said_at, as_of),
           CASE j.becomes WHEN 'EXECUTED' THEN coalesce((j.known).executed_at, j.executed_at, as_of) END, j.presumed_at,
           coalesce(j.note, CASE WHEN (j.known).vanished_at IS NULL OR (j.known).status = 'EXECUTED'
                                 THEN (j.known).status_message END)
    FROM judged j
$$;
COMMENT ON FUNCTION mirror_private.order_steps(bigint, mirror_private.book_line[], timestamptz, boolean, timestamptz) IS
'What the rows of an order book come to: the order that each is about (NULL: a new one), the answer, and what the '
'order is then. step: as action of sync_orders(), or confirmed: unchanged, in a report that is not complete. '
'known_as_of: how new the newest complete one is. For merge_orders() only';

CREATE FUNCTION mirror_private.merge_orders(account_id bigint, owner bigint, lines mirror_private.book_line[],
                                            as_of timestamptz, complete boolean, known_as_of timestamptz)
RETURNS TABLE (broker_key text, action text, sqlstate text, message text)
LANGUAGE sql ROWS 1000 SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
    WITH steps AS MATERIALIZED (
        SELECT s.* FROM mirror_private.order_steps(account_id, lines, as_of, complete, known_as_of) s
    ), added AS (
        INSERT INTO mirror.orders (account_id, user_id, order_id, symbol, exchange, action, quantity, order_type, price,
                                   trigger_price, product, status, filled_quantity, average_price, placed_at,
                                   executed_at, vanished_at, status_message, as_of)
        SELECT merge_orders.account_id, owner, s.broker_key, s.symbol, s.exchange, s.action, s.quantity, s.order_type,
               s.price, s.trigger_price, s.product, s.status, s.filled_quantity, s.average_price, s.placed_at,
               s.executed_at, s.presumed_at, s.note, merge_orders.as_of
        FROM steps s WHERE s.step = 'inserted'
    ), changed AS (
        UPDATE mirror.orders o
        SET quantity = s.quantity, order_type = s.order_type, price = s.price, trigger_price = s.trigger_price,
            product = s.product, status = s.status, filled_quantity = s.filled_quantity,
            average_price = s.average_price, executed_at = s.executed_at, status_message = s.note,
            as_of = merge_orders.as_of, vanished_at = s.presumed_at
        FROM steps s WHERE o.id = s.id AND s.step IN ('updated', 'confirmed')
    ), closed AS (
        -- A row without a name may be any of them.
        UPDATE mirror.orders o
        SET status = 'EXPIRED', vanished_at = merge_orders.as_of, as_of = merge_orders.as_of,
            status_message = 'no more in the reports of the broker'
        WHERE complete AND o.account_id = merge_orders.account_id
          AND o.status IN ('PENDING', 'OPEN', 'TRIGGER_PENDING', 'PARTIAL')
          AND o.as_of < merge_orders.as_of AND merge_orders.as_of >= merge_orders.known_as_of
          AND NOT EXISTS (SELECT FROM steps s WHERE s.broker_key IS NULL)
          AND o.order_id NOT IN (SELECT s.broker_key FROM steps s WHERE s.broker_key IS NOT NULL)
        RETURNING o.order_id
    )
    SELECT a.broker_key, a.step, a.sqlstate, a.message
    FROM (SELECT s.n, s.broker_key, CASE s.step WHEN 'confirmed' THEN 'unchanged' ELSE s.step END AS step,
                 left(s.problem, 5) AS sqlstate,
                 CASE WHEN s.problem IS NOT NULL THEN format('row %s: %s', s.n, substr(s.problem, 7)) END AS message
          FROM steps s
          UNION ALL
          SELECT NULL, c.order_id, 'closed', NULL, NULL FROM closed c) a
    ORDER BY a.n, a.broker_key COLLATE "C"
$$;
COMMENT ON FUNCTION mirror_private.merge_orders(bigint, bigint, mirror_private.book_line[], timestamptz, boolean,
                                             timestamptz) IS
'Writes what an order book has changed, and answers for each row. For sync_orders(), which holds the account';

CREATE FUNCTION mirror.sync_orders(account_id bigint, book jsonb, as_of timestamptz, format text DEFAULT 'openalgo',
                                   complete boolean DEFAULT true)
RETURNS TABLE (broker_key text, action text, sqlstate text, message text)
LANGUAGE plpgsql SUPPORT bourse_private.refuse_repeats SECURITY DEFINER ROWS 1000
SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    owner CONSTANT bigint := mirror_private.hold_account(account_id);
    lines mirror_private.book_line[];
BEGIN
    PERFORM bourse_private.require_given('complete', complete),
            mirror_private.require_report(book, as_of, format);
    lines := mirror_private.read_lines('orders', mirror_private.rows_of('orders', book), as_of);
    RETURN QUERY SELECT * FROM mirror_private.merge_orders(account_id, owner, lines, as_of, complete,
                                                           mirror_private.complete_as_of(account_id, 'orders'));
    PERFORM mirror_private.keep_document(account_id, owner, 'orders', book, as_of, format, complete);
END
$$;
COMMENT ON FUNCTION mirror.sync_orders(bigint, jsonb, timestamptz, text, boolean) IS
'Takes over the order book of an account as its broker delivers it: an array of orders, bare, as data, or as orders in '
'it. format: openalgo or kite; as_of: when the broker was asked; complete: this is all of the book, and what lives in '
'mirror.orders but is not in it has EXPIRED. Answers for each row, in order: the broker''s id; inserted, updated, '
'unchanged, stale (older than what is known), refused, with a SQLSTATE and why; then what was closed. An order that '
'has ended lives no more, what is filled stays filled, the same again writes nothing. Up to 20,000 rows, 16 MB. For '
'workers and gateways. 22004 NULL, 22023 no order book, a time to come, the broker has failed, 25001 not READ '
'COMMITTED, 42501 neither acts for everybody nor is a gateway, 42704 no such account, 54000 too large';
GRANT EXECUTE ON FUNCTION mirror.sync_orders(bigint, jsonb, timestamptz, text, boolean)
    TO bourse_admin, bourse_gateway, bourse_worker;
