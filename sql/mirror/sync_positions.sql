-- Position books of brokers.

CREATE FUNCTION mirror_private.position_steps(account_id bigint, lines mirror_private.book_line[], as_of timestamptz,
                                              complete boolean, known_as_of timestamptz)
RETURNS TABLE (n bigint, id bigint, broker_key text, step text, problem text, symbol text, exchange text, product text,
               quantity numeric, average_price numeric, current_price numeric, previous_close numeric,
               multiplier numeric, multiplier_from text, reported_pnl numeric, priced_at timestamptz)
LANGUAGE sql STABLE ROWS 1000 SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
    WITH met AS MATERIALIZED (
        SELECT l.*, p AS known, p.id, coalesce(l.multiplier, i.multiplier, 1) AS times,
               CASE WHEN l.multiplier IS NOT NULL THEN 'broker' WHEN i.multiplier IS NOT NULL THEN 'instrument'
                    ELSE 'assumed' END AS multiplier_from,
               -- A price that came from elsewhere in the meantime is newer.
               l.last_price IS NOT NULL AND (p.priced_at <= position_steps.as_of) IS NOT FALSE AS is_newer,
               position_steps.as_of < greatest(p.as_of, position_steps.known_as_of) AS is_stale
        FROM unnest(lines) l
        LEFT JOIN mirror.positions p
            ON p.account_id = position_steps.account_id AND p.symbol = l.symbol AND p.exchange = l.exchange
               AND coalesce(p.product, '') = coalesce(l.product, '')
        LEFT JOIN mirror.instruments i
            ON l.multiplier IS NULL AND i.exchange = l.exchange AND i.symbol = l.symbol
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
                     (q.known).multiplier, (q.known).multiplier_from, (q.known).reported_pnl)
                    IS DISTINCT FROM (q.quantity, q.average_price, q.at_price, q.close, q.times, q.multiplier_from,
                                      coalesce(q.reported_pnl, (q.known).reported_pnl)) THEN 'updated'
               WHEN NOT complete AND as_of > (q.known).as_of THEN 'confirmed'
               ELSE 'unchanged' END,
           nullif(q.problem, '00000 the same again'), q.symbol, q.exchange, q.product, q.quantity, q.average_price,
           q.last_price, q.previous_close, q.times, q.multiplier_from, q.reported_pnl,
           CASE WHEN q.is_newer THEN as_of END
    FROM priced q
$$;
COMMENT ON FUNCTION mirror_private.position_steps(bigint, mirror_private.book_line[], timestamptz, boolean,
                                                  timestamptz) IS
'What the rows of a position book come to: the position that each is about (NULL: a new one), the answer, and what it '
'is then; priced_at is NULL: its price is not newer than the known one. step: as action of sync_positions(), or '
'confirmed: unchanged, in a report that is not complete. known_as_of: how new the newest complete one is. For '
'merge_positions() only';

-- Prices are written by update_prices() as well: both take rows in order of id.
CREATE FUNCTION mirror_private.merge_positions(account_id bigint, owner bigint, lines mirror_private.book_line[],
                                               as_of timestamptz, complete boolean, known_as_of timestamptz)
RETURNS TABLE (broker_key text, action text, sqlstate text, message text)
LANGUAGE sql ROWS 1000 SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
    WITH steps AS MATERIALIZED (
        SELECT s.* FROM mirror_private.position_steps(account_id, lines, as_of, complete, known_as_of) s
    ), gone AS MATERIALIZED (
        -- A row without a name may be any of them.
        SELECT p.id FROM mirror.positions p
        WHERE complete AND p.account_id = merge_positions.account_id AND p.closed_at IS NULL
          AND p.as_of < merge_positions.as_of AND merge_positions.as_of >= merge_positions.known_as_of
          AND NOT EXISTS (SELECT FROM steps s WHERE s.broker_key IS NULL)
          AND p.exchange || ':' || p.symbol || ':' || coalesce(p.product, '') NOT IN (
              SELECT s.broker_key FROM steps s WHERE s.broker_key IS NOT NULL)
    ), held AS MATERIALIZED (
        SELECT p.id FROM mirror.positions p
        WHERE p.id IN (SELECT s.id FROM steps s WHERE s.step IN ('updated', 'confirmed') UNION ALL
                       SELECT g.id FROM gone g)
        ORDER BY p.id FOR NO KEY UPDATE
    ), added AS (
        INSERT INTO mirror.positions (account_id, user_id, symbol, exchange, product, quantity, average_price,
                                      current_price, previous_close, multiplier, multiplier_from, reported_pnl, as_of,
                                      priced_at, closed_at)
        SELECT merge_positions.account_id, owner, s.symbol, s.exchange, s.product, s.quantity, s.average_price,
               s.current_price, s.previous_close, s.multiplier, s.multiplier_from, s.reported_pnl,
               merge_positions.as_of, s.priced_at, CASE WHEN s.quantity = 0 THEN merge_positions.as_of END
        FROM steps s WHERE s.step = 'inserted'
    ), changed AS (
        UPDATE mirror.positions p
        SET quantity = s.quantity, average_price = s.average_price,
            current_price = CASE WHEN (p.priced_at <= s.priced_at) IS NOT FALSE AND s.priced_at IS NOT NULL
                                 THEN s.current_price ELSE p.current_price END,
            priced_at = greatest(p.priced_at, s.priced_at),
            previous_close = coalesce(s.previous_close, p.previous_close), multiplier = s.multiplier,
            multiplier_from = s.multiplier_from, reported_pnl = coalesce(s.reported_pnl, p.reported_pnl),
            as_of = merge_positions.as_of,
            closed_at = CASE WHEN s.quantity = 0 THEN coalesce(p.closed_at, merge_positions.as_of) END
        FROM held h JOIN steps s ON s.id = h.id WHERE p.id = h.id
    ), closed AS (
        UPDATE mirror.positions p SET quantity = 0, closed_at = merge_positions.as_of, as_of = merge_positions.as_of
        FROM held h JOIN gone g ON g.id = h.id WHERE p.id = h.id
        RETURNING p.exchange || ':' || p.symbol || ':' || coalesce(p.product, '') AS broker_key
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
COMMENT ON FUNCTION mirror_private.merge_positions(bigint, bigint, mirror_private.book_line[], timestamptz, boolean,
                                                   timestamptz) IS
'Writes what a position book has changed, and answers for each row. For sync_positions(), which holds the account';

CREATE FUNCTION mirror.sync_positions(account_id bigint, book jsonb, as_of timestamptz,
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
    -- Whoever sets an instrument either has done so, or finds the positions that come now.
    LOCK TABLE mirror.instruments IN SHARE MODE;
    lines := mirror_private.read_lines('positions', mirror_private.rows_of('positions', book), as_of);
    RETURN QUERY SELECT * FROM mirror_private.merge_positions(account_id, owner, lines, as_of, complete,
                                                              mirror_private.complete_as_of(account_id, 'positions'));
    PERFORM mirror_private.keep_document(account_id, owner, 'positions', book, as_of, format, complete);
    PERFORM mirror_private.settle_positions(account_id, as_of);
END
$$;
COMMENT ON FUNCTION mirror.sync_positions(bigint, jsonb, timestamptz, text, boolean) IS
'Takes over the position book of an account as its broker delivers it: an array of positions, bare, as data, as net '
'(Kite) or as positions in it. format: openalgo or kite; as_of: when the broker was asked; complete: this is all of '
'the book, and what is open in mirror.positions but not in it is flat. Answers for each row, in order: '
'exchange:symbol:product; inserted, updated, unchanged, stale (older than what is known), refused, with a SQLSTATE and '
'why; then what was closed. The same again writes nothing. P&L is computed, whatever the broker says of it. Up to '
'20,000 rows, 16 MB. For workers and gateways. 22004 NULL, 22023 no position book, a time to come, the broker has '
'failed, 25001 not READ COMMITTED, 42501 neither acts for everybody nor is a gateway, 42704 no such account, 54000 too '
'large';
GRANT EXECUTE ON FUNCTION mirror.sync_positions(bigint, jsonb, timestamptz, text, boolean)
    TO bourse_admin, bourse_gateway, bourse_worker;

CREATE FUNCTION mirror_private.multiply_positions() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
DECLARE
    instrument mirror.instruments := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
    times numeric := CASE TG_OP WHEN 'DELETE' THEN 1 ELSE instrument.multiplier END;
    origin text := CASE TG_OP WHEN 'DELETE' THEN 'assumed' ELSE 'instrument' END;
BEGIN
    WITH held AS MATERIALIZED (
        SELECT p.id FROM mirror.positions p
        WHERE p.symbol = instrument.symbol AND p.exchange = instrument.exchange AND p.closed_at IS NULL
          AND p.multiplier_from <> 'broker'
        ORDER BY p.id FOR NO KEY UPDATE
    )
    UPDATE mirror.positions p SET multiplier = times, multiplier_from = origin
    FROM held h WHERE p.id = h.id AND (p.multiplier, p.multiplier_from) <> (times, origin);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION mirror_private.multiply_positions() IS
'Trigger: open positions in an instrument have its multiplier, unless their broker has said another; of one that is '
'gone they assume 1';
