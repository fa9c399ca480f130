-- Trade books of brokers. They only ever grow, so none is older than what is known: an execution that is known is not
-- looked at again. OpenAlgo names none of them: those cannot be told from what was pushed, and are no rows of
-- executions. What they come to in one book their order has filled at least.

CREATE FUNCTION mirror_private.merge_executions(account_id bigint, owner bigint, lines mirror_private.book_line[])
RETURNS TABLE (broker_key text, action text, sqlstate text, message text)
LANGUAGE sql ROWS 1000 SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
    WITH met AS MATERIALIZED (
        SELECT l.*, k.execution_id IS NOT NULL AS is_known, l.execution_id IS NULL AS is_nameless,
               (k.order_id, k.quantity, k.price) <> (l.order_id, l.quantity, l.price) AS differs,
               sum(l.quantity) FILTER (WHERE l.problem IS NULL AND k.execution_id IS NULL
                                         AND l.execution_id IS NOT NULL)
                   OVER (PARTITION BY l.order_id ORDER BY l.n) AS more,
               sum(l.quantity) FILTER (WHERE l.problem IS NULL AND l.execution_id IS NULL)
                   OVER (PARTITION BY l.order_id) AS told
        FROM unnest(lines) l
        LEFT JOIN mirror.executions k
            ON k.account_id = merge_executions.account_id AND k.execution_id = l.execution_id
    ), judged AS MATERIALIZED (
        SELECT m.*, m.is_nameless AND m.told > o.filled_quantity AS is_news, CASE
                   WHEN m.problem IS NOT NULL THEN m.problem
                   WHEN m.is_nameless AND o.id IS NULL THEN '55000 it has no tradeid, and its order is not known'
                   WHEN m.is_nameless AND m.told > o.quantity
                       THEN format('22023 the trades of its order come to %s of %s', trim_scale(m.told),
                                   trim_scale(o.quantity))
                   WHEN m.differs THEN '23505 it is known with other figures'
                   WHEN NOT m.is_known AND NOT m.is_nameless AND e.quantity + m.more > o.quantity
                       THEN format('22023 the executions of its order would come to %s of %s',
                                   trim_scale(e.quantity + m.more), trim_scale(o.quantity)) END AS fault
        FROM met m
        LEFT JOIN mirror.orders o ON o.account_id = merge_executions.account_id AND o.order_id = m.order_id
        LEFT JOIN LATERAL (
            SELECT coalesce(sum(x.quantity), 0) AS quantity FROM mirror.executions x
            WHERE NOT m.is_known AND x.account_id = merge_executions.account_id AND x.order_id = m.order_id) e ON true
    ), added AS (
        INSERT INTO mirror.executions (account_id, user_id, execution_id, order_id, quantity, price, executed_at)
        SELECT merge_executions.account_id, owner, j.execution_id, j.order_id, j.quantity, j.price, j.executed_at
        FROM judged j WHERE j.fault IS NULL AND NOT j.is_known AND NOT j.is_nameless
    )
    SELECT coalesce(j.broker_key, j.order_id),
           CASE WHEN j.fault LIKE '00000%' OR j.fault IS NULL AND (j.is_known OR j.is_nameless AND NOT j.is_news)
                    THEN 'unchanged'
                WHEN j.fault IS NULL THEN CASE WHEN j.is_nameless THEN 'updated' ELSE 'inserted' END
                ELSE 'refused' END,
           left(nullif(j.fault, '00000 the same again'), 5),
           CASE WHEN j.fault NOT LIKE '00000%' THEN format('row %s: %s', j.n, substr(j.fault, 7)) END
    FROM judged j ORDER BY j.n
$$;
COMMENT ON FUNCTION mirror_private.merge_executions(bigint, bigint, mirror_private.book_line[]) IS
'Books the executions of a trade book that are new, and answers for each row. For sync_executions(), which holds the '
'account';

CREATE FUNCTION mirror_private.note_nameless(account_id bigint, lines mirror_private.book_line[]) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
    SELECT mirror_private.raise_filled(note_nameless.account_id, array_agg(t.order_id), array_agg(t.quantity),
                                       array_agg(t.average_price), array_agg(t.executed_at))
    FROM (SELECT l.order_id, sum(l.quantity) AS quantity, max(l.said_at) AS executed_at,
                 round(sum(l.quantity * l.price) / sum(l.quantity), 8) AS average_price
          FROM unnest(lines) l WHERE l.problem IS NULL AND l.execution_id IS NULL GROUP BY l.order_id) t
    JOIN mirror.orders o ON o.account_id = note_nameless.account_id AND o.order_id = t.order_id
        AND o.quantity >= t.quantity AND o.filled_quantity < t.quantity
$$;
COMMENT ON FUNCTION mirror_private.note_nameless(bigint, mirror_private.book_line[]) IS
'Has orders filled what the trades without a name in a trade book come to. For sync_executions()';

CREATE FUNCTION mirror.sync_executions(account_id bigint, book jsonb, as_of timestamptz,
                                       format text DEFAULT 'openalgo')
RETURNS TABLE (broker_key text, action text, sqlstate text, message text)
LANGUAGE plpgsql SUPPORT bourse_private.refuse_repeats SECURITY DEFINER ROWS 1000
SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    owner CONSTANT bigint := mirror_private.hold_account(account_id);
    lines mirror_private.book_line[];
BEGIN
    PERFORM mirror_private.require_report(book, as_of, format);
    lines := mirror_private.read_lines('executions', mirror_private.rows_of('executions', book), as_of);
    RETURN QUERY SELECT * FROM mirror_private.merge_executions(account_id, owner, lines);
    PERFORM mirror_private.note_nameless(account_id, lines);
    PERFORM mirror_private.explain_orders(account_id, ARRAY(SELECT DISTINCT l.order_id FROM unnest(lines) l
                                                            WHERE l.order_id IS NOT NULL));
    PERFORM mirror_private.keep_document(account_id, owner, 'executions', book, as_of, format, false);
END
$$;
COMMENT ON FUNCTION mirror.sync_executions(bigint, jsonb, timestamptz, text) IS
'Books the executions of an account as its broker delivers its trade book: an array of trades, bare, as data, or as '
'trades in it, each as record_execution() does. format: openalgo or kite; as_of: when the broker was asked. Answers '
'for each row, in order: the broker''s id of the trade; inserted, unchanged (booked before), refused, with a SQLSTATE '
'and why. One without a tradeid, as OpenAlgo has them, is no execution: its order, whose id is the answer, has filled '
'at least what all of them in the book come to: updated, or unchanged. Up to 20,000 rows, 16 MB. For workers and '
'gateways. SQLSTATEs as sync_orders()';
GRANT EXECUTE ON FUNCTION mirror.sync_executions(bigint, jsonb, timestamptz, text)
    TO bourse_admin, bourse_gateway, bourse_worker;
