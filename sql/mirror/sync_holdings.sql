-- Holdings as brokers report them.

CREATE FUNCTION mirror_private.holding_steps(account_id bigint, lines mirror_private.book_line[], as_of timestamptz,
                                             complete boolean, known_as_of timestamptz)
RETURNS TABLE (n bigint, id bigint, broker_key text, step text, problem text, symbol text, exchange text,
               quantity numeric, average_price numeric, current_price numeric, previous_close numeric,
               reported_pnl numeric, priced_at timestamptz)
LANGUAGE sql STABLE ROWS 1000 SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
    WITH met AS MATERIALIZED (
        SELECT l.*, h AS known, h.id,
               -- A price that came from elsewhere in the meantime is newer.
               l.last_price IS NOT NULL AND (h.priced_at <= holding_steps.as_of) IS NOT FALSE AS is_newer,
               holding_steps.as_of < greatest(h.as_of, holding_steps.known_as_of) AS is_stale,
               -- Of what has not changed, a broker that does not say has not said otherwise.
               coalesce(l.average_price, CASE WHEN h.quantity = l.quantity THEN h.average_price END) AS paid
        FROM unnest(lines) l
        LEFT JOIN mirror.holdings h
            ON h.account_id = holding_steps.account_id AND h.symbol = l.symbol AND h.exchange = l.exchange
    ), priced AS MATERIALIZED (
        SELECT m.*, CASE WHEN m.is_newer THEN m.last_price ELSE (m.known).current_price END AS at_price,
               coalesce(m.previous_close, (m.known).previous_close) AS close
        FROM met m
    )
    SELECT q.n, q.id, q.broker_key, CASE
               WHEN q.problem LIKE '00000%' THEN 'unchanged'
               WHEN q.problem IS NOT NULL THEN 'refused'
               WHEN q.is_stale THEN 'stale'
               WHEN q.id IS NULL THEN 'inserted'
               WHEN ((q.known).quantity, (q.known).average_price, (q.known).current_price, (q.known).previous_close,
                     (q.known).reported_pnl)
                    IS DISTINCT FROM (q.quantity, q.paid, q.at_price, q.close,
                                      coalesce(q.reported_pnl, (q.known).reported_pnl)) THEN 'updated'
               WHEN NOT complete AND as_of > (q.known).as_of THEN 'confirmed'
               ELSE 'unchanged' END,
           nullif(q.problem, '00000 the same again'), q.symbol, q.exchange, q.quantity, q.paid, q.last_price,
           q.previous_close, q.reported_pnl, CASE WHEN q.is_newer THEN as_of END
    FROM priced q
$$;
COMMENT ON FUNCTION mirror_private.holding_steps(bigint, mirror_private.book_line[], timestamptz, boolean,
                                                 timestamptz) IS
'What the rows of a book of holdings come to, as position_steps() says of positions. For merge_holdings() only';

-- Prices are written by update_prices() as well: both take rows in order of id.
CREATE FUNCTION mirror_private.merge_holdings(account_id bigint, owner bigint, lines mirror_private.book_line[],
                                              as_of timestamptz, complete boolean, known_as_of timestamptz)
RETURNS TABLE (broker_key text, action text, sqlstate text, message text)
LANGUAGE sql ROWS 1000 SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
    WITH steps AS MATERIALIZED (
        SELECT s.* FROM mirror_private.holding_steps(account_id, lines, as_of, complete, known_as_of) s
    ), gone AS MATERIALIZED (
        -- A row without a name may be any of them.
        SELECT o.id FROM mirror.holdings o
        WHERE complete AND o.account_id = merge_holdings.account_id AND o.closed_at IS NULL
          AND o.as_of < merge_holdings.as_of AND merge_holdings.as_of >= merge_holdings.known_as_of
          AND NOT EXISTS (SELECT FROM steps s WHERE s.broker_key IS NULL)
          AND o.exchange || ':' || o.symbol NOT IN (
              SELECT s.broker_key FROM steps s WHERE s.broker_key IS NOT NULL)
    ), held AS MATERIALIZED (
        SELECT o.id FROM mirror.holdings o
        WHERE o.id IN (SELECT s.id FROM steps s WHERE s.step IN ('updated', 'confirmed') UNION ALL
                       SELECT g.id FROM gone g)
        ORDER BY o.id FOR NO KEY UPDATE
    ), added AS (
        INSERT INTO mirror.holdings (account_id, user_id, symbol, exchange, quantity, average_price, current_price,
                                     previous_close, reported_pnl, as_of, priced_at, closed_at)
        SELECT merge_holdings.account_id, owner, s.symbol, s.exchange, s.quantity, s.average_price, s.current_price,
               s.previous_close, s.reported_pnl, merge_holdings.as_of, s.priced_at,
               CASE WHEN s.quantity = 0 THEN merge_holdings.as_of END
        FROM steps s WHERE s.step = 'inserted'
    ), changed AS (
        UPDATE mirror.holdings o
        SET quantity = s.quantity, average_price = s.average_price,
            current_price = CASE WHEN (o.priced_at <= s.priced_at) IS NOT FALSE AND s.priced_at IS NOT NULL
                                 THEN s.current_price ELSE o.current_price END,
            priced_at = greatest(o.priced_at, s.priced_at),
            previous_close = coalesce(s.previous_close, o.previous_close),
            reported_pnl = coalesce(s.reported_pnl, o.reported_pnl), as_of = merge_holdings.as_of,
            closed_at = CASE WHEN s.quantity = 0 THEN coalesce(o.closed_at, merge_holdings.as_of) END
        FROM held h JOIN steps s ON s.id = h.id WHERE o.id = h.id
    ), closed AS (
        UPDATE mirror.holdings o SET quantity = 0, closed_at = merge_holdings.as_of, as_of = merge_holdings.as_of
        FROM held h JOIN gone g ON g.id = h.id WHERE o.id = h.id
        RETURNING o.exchange || ':' || o.symbol AS broker_key
    )
    SELECT a.broker_key, a.step, a.sqlstate, a.message
    FROM (SELECT s.n, s.broker_key, CASE s.step WHEN 'confirmed' THEN 'unchanged' ELSE s.step END AS step,
                 left(s.problem, 5) AS sqlstate,
                 CASE WHEN s.problem IS NOT NULL THEN format('row %s: %s', s.n, substr(s.problem, 7)) END AS message
          FROM steps s
          UNION ALL
          SELECT NULL, c.broker_key, 'closed', NULL, NULL FROM closed c) a
    ORDER BY a.n, a.broker_key COLLATE "C"
$$;
COMMENT ON FUNCTION mirror_private.merge_holdings(bigint, bigint, mirror_private.book_line[], timestamptz, boolean,
                                                  timestamptz) IS
'Writes what a book of holdings has changed, and answers for each row. For sync_holdings(), which holds the account';

CREATE FUNCTION mirror.sync_holdings(account_id bigint, book jsonb, as_of timestamptz,
                                     format text DEFAULT 'openalgo', complete boolean DEFAULT true)
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
    lines := mirror_private.read_lines('holdings', mirror_private.rows_of('holdings', book), as_of);
    RETURN QUERY SELECT * FROM mirror_private.merge_holdings(account_id, owner, lines, as_of, complete,
                                                             mirror_private.complete_as_of(account_id, 'holdings'));
    PERFORM mirror_private.keep_document(account_id, owner, 'holdings', book, as_of, format, complete);
END
$$;
COMMENT ON FUNCTION mirror.sync_holdings(bigint, jsonb, timestamptz, text, boolean) IS
'Takes over the holdings of an account as its broker delivers them: an array, bare, as data, or as holdings in it. A '
'quantity is all that is owned: quantity + t1_quantity + what is pledged. Otherwise as sync_positions(), the name of a '
'row being exchange:symbol. SQLSTATEs as sync_positions()';
GRANT EXECUTE ON FUNCTION mirror.sync_holdings(bigint, jsonb, timestamptz, text, boolean)
    TO bourse_admin, bourse_gateway, bourse_worker;
