-- Reports of brokers: what one may be, where its rows are, how new it is, and what of it is kept.

CREATE TYPE mirror_private.book_line AS (
    n               bigint,
    problem         text,
    broker_key      text,
    order_id        text,
    execution_id    text,
    symbol          text,
    exchange        text,
    product         text,
    action          text,
    quantity        numeric,
    order_type      text,
    price           numeric,
    trigger_price   numeric,
    status          text,
    filled_quantity numeric,
    average_price   numeric,
    last_price      numeric,
    previous_close  numeric,
    reported_pnl    numeric,
    multiplier      numeric,
    said_at         timestamptz,
    executed_at     timestamptz,
    note            text
);
COMMENT ON TYPE mirror_private.book_line IS
'A row of a report, whatever book it is of: its place, what is wrong with it (a SQLSTATE and a sentence; NULL: '
'nothing), what it is called, and what it says in our words';

CREATE FUNCTION mirror_private.require_report(book jsonb, as_of timestamptz, format text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
DECLARE
    most CONSTANT integer := 16777216;
    secret text;
BEGIN
    PERFORM bourse_private.require_given('book', book), bourse_private.require_given('as_of', as_of),
            bourse_private.require_given('format', format);
    IF format NOT IN ('openalgo', 'kite') THEN
        PERFORM bourse.refuse('22023', format('format is %s', bourse_private.quoted(format)), 'Give openalgo or kite.');
    ELSIF NOT isfinite(as_of) OR as_of > clock_timestamp() + interval '5 minutes' THEN
        PERFORM bourse.refuse('22023', format('as_of is %s', as_of),
            'Give the time at which the broker was asked; one to come would make all that follows look old.');
    ELSIF pg_column_size(book) > most THEN
        PERFORM bourse.refuse('54000', format('the document has %s bytes', pg_column_size(book)),
            format('Give up to %s, in parts with complete => false.', most));
    END IF;
    PERFORM bourse_private.require_shallow('the document', book);
    IF jsonb_typeof(book) = 'object' THEN
        -- Rows have tokens of instruments in them.
        secret := bourse_private.secret_in((SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(book) e
                                            WHERE jsonb_typeof(e.value) NOT IN ('array', 'object')));
        IF secret IS NOT NULL THEN
            PERFORM bourse.refuse('22023', format('there is a secret in %s of the document',
                                                  bourse_private.quoted(secret)),
                'Give what the broker has answered, and not what it was asked.');
        END IF;
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.require_report(jsonb, timestamptz, text) IS
'Refuses a report that is NULL (22004), of a format or a time that cannot be, deeper than 64 levels, with a secret '
'beside its rows (22023), or larger than 16 MB (54000)';

-- A broker that says that it has failed has not said that there is nothing.
CREATE FUNCTION mirror_private.rows_of(book_name text, book jsonb) RETURNS jsonb
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
DECLARE
    most CONSTANT integer := 20000;
    found jsonb := book;
    status text := book ->> 'status';
BEGIN
    IF jsonb_typeof(found) = 'object' THEN
        IF status <> 'success' THEN
            PERFORM bourse.refuse('22023', format('the broker has answered %s: %s', bourse_private.quoted(status),
                                                  coalesce(bourse_private.clip(book ->> 'message'), 'no message')),
                'Ask it again: this says nothing of the account.');
        END IF;
        found := CASE WHEN found ? 'data' THEN found -> 'data' ELSE found END;
    END IF;
    IF jsonb_typeof(found) = 'object' THEN
        found := CASE book_name WHEN 'orders' THEN found -> 'orders'
                                WHEN 'positions' THEN coalesce(found -> 'net', found -> 'positions')
                                WHEN 'holdings' THEN found -> 'holdings'
                                ELSE coalesce(found -> 'trades', found -> 'executions') END;
    END IF;
    IF status = 'success' AND jsonb_typeof(found) = 'null' THEN
        RETURN '[]';
    ELSIF found IS NULL OR jsonb_typeof(found) <> 'array' THEN
        PERFORM bourse.refuse('22023', format('there are no %s in the document', book_name),
            'Give an array of objects, or {"status": "success", "data": …} around it as the broker does.');
    ELSIF jsonb_array_length(found) > most THEN
        PERFORM bourse.refuse('54000', format('the document has %s rows', jsonb_array_length(found)),
            format('Give up to %s, in parts with complete => false.', most));
    END IF;
    RETURN found;
END
$$;
COMMENT ON FUNCTION mirror_private.rows_of(text, jsonb) IS
'The rows of a report: an array, bare, as data, or under the name of the book in it. Refuses what has none, or is the '
'answer of a broker that has failed (22023), and more than 20,000 rows (54000)';

-- All of them at once; where one cannot be read at all either half, until those beside it are few: each is read alone.
CREATE FUNCTION mirror_private.read_part(book_name text, rows jsonb, as_of timestamptz)
RETURNS mirror_private.book_line[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    question CONSTANT text := format('SELECT array_agg(l ORDER BY l.n) FROM mirror_private.%I($1, $2) l',
                                     book_name || '_lines');
    few CONSTANT integer := 8;
    -- It would be written out, digit by digit, before anybody looks at it.
    huge CONSTANT jsonpath := '$[*].* ? (@ > 1e20 || @ < -1e20)';
    half CONSTANT integer := jsonb_array_length(rows) / 2;
    lines mirror_private.book_line[] := '{}';
    line mirror_private.book_line;
    said record;
BEGIN
    IF NOT jsonb_path_exists(rows, huge) THEN
        BEGIN
            EXECUTE question INTO lines USING rows, as_of;
            RETURN coalesce(lines, '{}');
        EXCEPTION WHEN data_exception THEN
            lines := '{}';
        END;
    END IF;
    IF half >= few THEN
        RETURN mirror_private.read_part(book_name, jsonb_path_query_array(
                   rows, '$[0 to $last]', jsonb_build_object('last', half - 1)), as_of)
               || mirror_private.read_part(book_name, jsonb_path_query_array(
                   rows, '$[$first to last]', jsonb_build_object('first', half)), as_of);
    END IF;
    FOR said IN SELECT r.value, r.n FROM jsonb_array_elements(rows) WITH ORDINALITY r (value, n) LOOP
        line := NULL;
        BEGIN
            IF jsonb_typeof(said.value) <> 'object' THEN
                line.problem := format('22023 it is %s, and no object', bourse_private.clip(said.value::text));
            ELSIF jsonb_path_exists(jsonb_build_array(said.value), huge) THEN
                line.problem := '22023 there is a number in it that is too large';
            ELSE
                -- Some brokers say nothing with a text of no characters.
                EXECUTE format('SELECT (q.a)[1].* FROM (%s) q (a)', question) INTO line USING (
                    SELECT jsonb_build_array(coalesce(jsonb_object_agg(e.key, e.value), '{}'))
                    FROM jsonb_each(said.value) e WHERE e.value <> '""'), as_of;
            END IF;
        EXCEPTION WHEN data_exception THEN
            line := NULL;
            line.problem := format('%s %s', SQLSTATE, bourse_private.clip(SQLERRM));
        END;
        line.n := said.n;
        IF line.broker_key IS NULL AND jsonb_typeof(said.value) = 'object' THEN
            line.broker_key := mirror_private.key_of(book_name, said.value);
        END IF;
        lines := lines || line;
    END LOOP;
    RETURN lines;
END
$$;
COMMENT ON FUNCTION mirror_private.read_part(text, jsonb, timestamptz) IS
'Some rows of a report of a book, in order, read by orders_lines() and the like. One that cannot be read has a '
'problem, and what it is called as far as that can be told';

CREATE FUNCTION mirror_private.read_lines(book_name text, rows jsonb, as_of timestamptz)
RETURNS mirror_private.book_line[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
DECLARE
    lines mirror_private.book_line[] := mirror_private.read_part(book_name, rows, as_of);
BEGIN
    -- Numbers of parts begin anew.
    IF lines[cardinality(lines)].n <> cardinality(lines) THEN
        FOR i IN 1 .. cardinality(lines) LOOP
            lines[i].n := i;
        END LOOP;
    END IF;
    RETURN mirror_private.mark_repeats(mirror_private.mark_controls(lines));
END
$$;
COMMENT ON FUNCTION mirror_private.read_lines(text, jsonb, timestamptz) IS
'The rows of a report of a book, in order, as read_part() reads them, numbered, and what comes twice';

-- A terminal or a page would obey them, and of two that look the same one would be another.
CREATE FUNCTION mirror_private.mark_controls(lines mirror_private.book_line[]) RETURNS mirror_private.book_line[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
DECLARE
    place bigint;
BEGIN
    FOR place IN SELECT l.n FROM unnest(lines) l
                 CROSS JOIN LATERAL concat(l.broker_key, l.order_id, l.symbol) c (called)
                 WHERE bourse_private.without_hidden(c.called) <> c.called
                    OR c.called COLLATE "C" ~ E'[\\u200c\\u200d]' LOOP
        lines[place].problem := coalesce(lines[place].problem,
                                         '22023 there is a control character in what it is called');
    END LOOP;
    RETURN lines;
END
$$;
COMMENT ON FUNCTION mirror_private.mark_controls(mirror_private.book_line[]) IS
'Gives rows of a report whose name, order or symbol has a control character in it a problem (22023)';

-- Which of two that contradict each other is right, the next report tells.
CREATE FUNCTION mirror_private.mark_repeats(lines mirror_private.book_line[]) RETURNS mirror_private.book_line[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    repeated record;
BEGIN
    FOR repeated IN
        SELECT r.broker_key, array_agg(r.n ORDER BY r.n) AS places,
               count(DISTINCT to_jsonb(r) - '{n}'::text[]) = 1 AS is_same
        FROM unnest(lines) r
        WHERE r.broker_key IN (SELECT l.broker_key FROM unnest(lines) l GROUP BY 1 HAVING count(*) > 1)
        GROUP BY r.broker_key
    LOOP
        FOR i IN 1 .. cardinality(repeated.places) LOOP
            IF NOT repeated.is_same THEN
                lines[repeated.places[i]].problem := format('21000 it comes %s times, and not the same',
                                                            cardinality(repeated.places));
            ELSIF i > 1 THEN
                lines[repeated.places[i]].problem := '00000 the same again';
            END IF;
        END LOOP;
    END LOOP;
    RETURN lines;
END
$$;
COMMENT ON FUNCTION mirror_private.mark_repeats(mirror_private.book_line[]) IS
'Gives rows of a report that have a name in common a problem: 21000 where they differ, otherwise 00000 to all but the '
'first. The place of a row is its place in the array';

CREATE FUNCTION mirror_private.key_of(book_name text, said jsonb) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT left(nullif(CASE book_name
        WHEN 'orders' THEN coalesce(said ->> 'orderid', said ->> 'order_id')
        WHEN 'executions' THEN coalesce(said ->> 'tradeid', said ->> 'trade_id')
        WHEN 'holdings' THEN upper(said ->> 'exchange' COLLATE "C") || ':'
                             || coalesce(said ->> 'symbol', said ->> 'tradingsymbol')
        ELSE upper(said ->> 'exchange' COLLATE "C") || ':' || coalesce(said ->> 'symbol', said ->> 'tradingsymbol')
             || ':' || upper(coalesce(said ->> 'product', '') COLLATE "C") END, ''), 100)
$$;
COMMENT ON FUNCTION mirror_private.key_of(text, jsonb) IS
'What a row that cannot be read is called, as far as it says: the broker''s id of an order or an execution, '
'exchange:symbol, exchange:symbol:product; NULL: it does not. For read_lines()';

CREATE FUNCTION mirror_private.complete_as_of(account_id bigint, book_name text) RETURNS timestamptz
LANGUAGE sql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT coalesce((SELECT b.complete_as_of FROM mirror.books b
                     WHERE b.account_id = complete_as_of.account_id AND b.book = book_name), '-infinity')
$$;
COMMENT ON FUNCTION mirror_private.complete_as_of(bigint, text) IS
'How new the newest complete report of a book is; -infinity: there was none';

CREATE FUNCTION mirror_private.keep_document(account_id bigint, user_id bigint, book_name text, content jsonb,
                                             as_of timestamptz, format text, complete boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT integer := 100;
    hash CONSTANT bigint := jsonb_hash_extended(content, CASE WHEN complete THEN 1 ELSE 0 END);
    known mirror.books;
BEGIN
    SELECT b.* INTO known FROM mirror.books b WHERE b.account_id = account_id AND b.book = book_name;
    IF known.content_hash IS DISTINCT FROM hash THEN
        INSERT INTO mirror.documents (account_id, user_id, book, format, as_of, complete, content)
        VALUES (account_id, user_id, book_name, format, as_of, complete, content);
        DELETE FROM mirror.documents d
        WHERE d.user_id = user_id AND d.account_id = account_id AND d.book = book_name AND d.id <= (
            SELECT o.id FROM mirror.documents o
            WHERE o.user_id = user_id AND o.account_id = account_id AND o.book = book_name
            ORDER BY o.id DESC OFFSET most LIMIT 1);
    END IF;
    INSERT INTO mirror.books AS b (account_id, user_id, book, as_of, complete_as_of, content_hash)
    VALUES (account_id, user_id, book_name, as_of, CASE WHEN complete THEN as_of END, hash)
    ON CONFLICT ON CONSTRAINT books_pkey DO UPDATE
    SET as_of = greatest(b.as_of, excluded.as_of),
        complete_as_of = greatest(b.complete_as_of, excluded.complete_as_of),
        content_hash = excluded.content_hash
    WHERE b.as_of < excluded.as_of OR b.content_hash <> excluded.content_hash
       OR (b.complete_as_of >= excluded.complete_as_of) IS NOT TRUE AND excluded.complete_as_of IS NOT NULL;
END
$$;
COMMENT ON FUNCTION mirror_private.keep_document(bigint, bigint, text, jsonb, timestamptz, text, boolean) IS
'Notes how new a book is now, and keeps the report unless it is the same as the last one; of each book the last 100. '
'For whoever holds the account';
