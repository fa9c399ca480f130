-- Looking for a bot. A search goes first along the order that is asked for, where what many bots fulfil is found within
-- a few rows, and then, if that does not fill the page, or a fifth of it tells that it will not, through all that may
-- fulfil it.

CREATE FUNCTION marketplace_private.words_of(said text) RETURNS integer[]
LANGUAGE sql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT coalesce(array_agg(DISTINCT ('x' || encode(substr(sha256(convert_to(l, 'UTF8')), 1, 4), 'hex'))::bit(32)
                                       ::integer), '{}')
    FROM unnest(tsvector_to_array(to_tsvector('pg_catalog.english', identity.fold(said)))) l
$$;
COMMENT ON FUNCTION marketplace_private.words_of(text) IS
'The words of a text as numbers, in order: without case, stemmed as English ones are, and 32 bits of the SHA-256 of '
'each. Two words have the same number once in 4 billion';

CREATE TYPE marketplace_private.search_terms AS (
    words integer[], category_id bigint, bot_type "char", price bigint, rating smallint, trades bigint,
    since timestamptz, key bigint, bot_id bigint);
COMMENT ON TYPE marketplace_private.search_terms IS
'What somebody looks for in bot_listings, as its columns say it, and after which row; NULL: no matter';

-- Conditions are put together of what stands here, so that each search has a plan of its own; what somebody has said
-- comes in as a parameter only.
CREATE FUNCTION marketplace_private.search_conditions(terms marketplace_private.search_terms, of_words text)
RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    RETURN concat_ws(' AND ', 'true',
        CASE WHEN terms.words IS NOT NULL THEN of_words || ' @> ($1).words' END,
        CASE WHEN terms.category_id IS NOT NULL THEN 'l.category_id = ($1).category_id' END,
        CASE WHEN terms.bot_type IS NOT NULL THEN 'l.bot_type = ($1).bot_type' END,
        CASE WHEN terms.price IS NOT NULL THEN 'l.price <= ($1).price' END,
        CASE WHEN terms.rating IS NOT NULL THEN 'l.rating >= ($1).rating' END,
        CASE WHEN terms.trades IS NOT NULL THEN 'l.total_trades >= ($1).trades' END,
        CASE WHEN terms.since IS NOT NULL THEN 'l.first_trade_at <= ($1).since' END);
END
$$;
COMMENT ON FUNCTION marketplace_private.search_conditions(marketplace_private.search_terms, text) IS
'The conditions on a row l of bot_listings, whose words are what of_words says, with the terms as parameter $1';

CREATE FUNCTION marketplace_private.search_key(order_by text) RETURNS text
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
    SELECT CASE order_by WHEN 'rating' THEN '(- l.rating)' WHEN 'subscribers' THEN '(- l.total_subscribers)'
                         WHEN 'trades' THEN '(- l.total_trades)' WHEN 'price' THEN '(l.price + 0)'
                         WHEN 'newest' THEN '(- l.bot_id)' END
$$;
COMMENT ON FUNCTION marketplace_private.search_key(text) IS
'What bot_listings is sorted by, from small to great, then by bot_id; NULL: there is no such order. As its indexes '
'say it';

CREATE FUNCTION marketplace_private.require_search(
    query text, bot_type text, max_price numeric, min_rating numeric, min_trades bigint, order_by text, most integer,
    min_history interval) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp AS $$
BEGIN
    PERFORM marketplace_private.require_price('max_price', max_price) WHERE max_price IS NOT NULL;
    IF length(query) > 200 THEN
        PERFORM bourse.refuse('22023', format('query has %s characters', length(query)), 'Give up to 200.');
    END IF;
    PERFORM marketplace_private.require_bot_type(bot_type);
    IF NOT min_rating BETWEEN 0 AND 5 THEN
        PERFORM bourse.refuse('22023', format('min_rating is %s', bourse_private.clip(min_rating::text)),
            'Give a rating from 0 to 5.');
    ELSIF min_trades < 0 THEN
        PERFORM bourse.refuse('22023', format('min_trades is %s', min_trades), 'Give 0 or more.');
    ELSIF NOT min_history BETWEEN interval '0' AND interval '100 years' THEN
        PERFORM bourse.refuse('22023', format('min_history is %s', min_history), 'Give up to 100 years.');
    ELSIF order_by IS NULL OR marketplace_private.search_key(order_by) IS NULL THEN
        PERFORM bourse.refuse('22023', format('order_by is %s', coalesce(bourse_private.quoted(order_by), 'NULL')),
            'Give rating, subscribers, trades, price or newest.');
    END IF;
    PERFORM bourse_private.require_page('bots', most, 1000, 'after');
END
$$;
COMMENT ON FUNCTION marketplace_private.require_search(text, text, numeric, numeric, bigint, text, integer, interval) IS
'Refuses a search for what cannot be (22023)';

CREATE FUNCTION marketplace_private.found_along(statement text, terms marketplace_private.search_terms, most integer)
RETURNS bigint[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp SET enable_seqscan = off
SET enable_bitmapscan = off SET enable_hashjoin = off SET enable_mergejoin = off SET jit = off AS $$
DECLARE
    found bigint[];
BEGIN
    EXECUTE statement INTO found USING terms, most;
    RETURN found;
END
$$;
COMMENT ON FUNCTION marketplace_private.found_along(text, marketplace_private.search_terms, integer) IS
'What a statement of found_bots() finds that walks along an index';

-- Along an index the words of a row are looked up one by one: joined, those of all bots would be read first where few
-- have them. Then sorted by what no index is sorted by, so that all rows are looked at at once, and none one by one.
-- A page costs what it costs in memory, where all of a catalogue is: as for a disk, the few that have all the words
-- would be joined to a pass over all bots.
CREATE FUNCTION marketplace_private.found_bots(terms marketplace_private.search_terms, order_by text, most integer)
RETURNS bigint[]
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, marketplace, pg_temp SET jit = off
SET seq_page_cost = 0.1 SET random_page_cost = 0.1 AS $$
DECLARE
    key CONSTANT text := marketplace_private.search_key(order_by);
    follows CONSTANT text := CASE WHEN terms.bot_id IS NULL THEN 'true'
                                  ELSE format('(%s, l.bot_id) > (($1).key, ($1).bot_id)', key) END;
    page CONSTANT text := 'SELECT array_agg(f.bot_id ORDER BY f.key, f.bot_id) FROM (SELECT l.bot_id, l.key '
        'FROM (%s) l %s WHERE %s ORDER BY l.key, l.bot_id LIMIT $2) f';
    longest CONSTANT integer := 2000;
    depth integer;
    found bigint[];
BEGIN
    FOREACH depth IN ARRAY ARRAY[longest / 5, longest] LOOP
        found := marketplace_private.found_along(format(
            page,
            format('SELECT l.*, %1$s AS key FROM marketplace.bot_listings l WHERE %2$s '
                   'ORDER BY %1$s, l.bot_id LIMIT %3$s', key, follows, depth),
            NULL,
            marketplace_private.search_conditions(
                terms, '(SELECT w.words FROM marketplace.bot_words w WHERE w.bot_id = l.bot_id)')), terms, most);
        IF cardinality(found) = most THEN
            RETURN found;
        END IF;
        -- As many in all that follows would not fill the page.
        EXIT WHEN coalesce(cardinality(found), 0) * (longest / depth) < most;
    END LOOP;
    EXECUTE format(
        page, format('SELECT l.*, %s + 0 AS key FROM marketplace.bot_listings l WHERE %s', key, follows),
        CASE WHEN terms.words IS NOT NULL THEN 'JOIN marketplace.bot_words w ON w.bot_id = l.bot_id' END,
        marketplace_private.search_conditions(terms, 'w.words')) INTO found USING terms, most;
    RETURN found;
END
$$;
COMMENT ON FUNCTION marketplace_private.found_bots(marketplace_private.search_terms, text, integer) IS
'The bots that a search finds, in order, up to so many; NULL: none';

CREATE FUNCTION marketplace.search_bots(
    query text DEFAULT NULL, category text DEFAULT NULL, bot_type text DEFAULT NULL, max_price numeric DEFAULT NULL,
    min_rating numeric DEFAULT NULL, min_trades bigint DEFAULT NULL, order_by text DEFAULT 'rating',
    "limit" integer DEFAULT 50, after bigint DEFAULT NULL, min_history interval DEFAULT NULL)
RETURNS TABLE (id bigint, name text, description text, type text, category_name text, version text,
               price_per_month numeric, is_free boolean, average_rating numeric, total_reviews integer,
               total_subscribers integer, total_trades bigint, first_trade_at timestamptz, developer_id bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER ROWS 50 SET search_path = pg_catalog, marketplace, pg_temp AS $$
DECLARE
    terms marketplace_private.search_terms;
    found bigint[];
BEGIN
    PERFORM bourse.require_installed();
    PERFORM marketplace_private.require_search(query, bot_type, max_price, min_rating, min_trades, order_by,
                                               "limit", min_history);
    terms.words := CASE WHEN btrim(query) <> '' THEN marketplace_private.words_of(query) END;
    terms.category_id := marketplace_private.category_named(category);
    terms.bot_type := left(bot_type, 1)::"char";
    terms.price := floor(100 * max_price);
    terms.rating := ceil(100 * min_rating);
    terms.trades := min_trades;
    terms.since := now() - min_history;
    IF after IS NOT NULL THEN
        terms.bot_id := after;
        EXECUTE format('SELECT %s FROM marketplace.bot_listings l WHERE l.bot_id = $1',
                       marketplace_private.search_key(order_by)) INTO terms.key USING after;
        IF terms.key IS NULL THEN
            PERFORM bourse.refuse('42704', format('bot %s does not exist', after),
                'Give the last id of the page before, or leave it out to begin anew.');
        END IF;
    END IF;
    -- Of a query without a word, or of such as say nothing, there is nothing to find.
    IF terms.words = '{}' THEN
        RETURN;
    END IF;
    -- Before: as an argument it would be evaluated once more, when the query is planned.
    found := marketplace_private.found_bots(terms, order_by, "limit");
    RETURN QUERY
    SELECT b.id, b.name::text, b.description, b.bot_type, c.name::text, b.version::text, b.price_per_month, b.is_free,
           b.average_rating, b.total_reviews, b.total_subscribers, b.total_trades, b.first_trade_at, b.developer_id
    FROM unnest(found) WITH ORDINALITY f (bot_id, place)
    JOIN marketplace.bots b ON b.id = f.bot_id
    LEFT JOIN marketplace.bot_categories c ON c.id = b.category_id
    ORDER BY f.place;
END
$$;
COMMENT ON FUNCTION marketplace.search_bots(text, text, text, numeric, numeric, bigint, text, integer, bigint, interval)
IS
'Approved bots, "limit" of them (1 to 1000), from the first on or after the one of this id; NULL: no matter. query: up '
'to 200 characters; bots in whose name or description all of its words stand, in whatever form English gives them; no '
'character of it means anything else. category: its name; bot_type: TECHNICAL, ML, DL or LLM; max_price: a month; '
'min_rating: 0 to 5; min_trades and min_history: closed trades on mainnet, of others than its developer, as '
'refresh_bot_performance() has counted them, at least so many, and the first of them so long ago; order_by: rating, '
'subscribers, trades (most first), price (least first) or newest, then id. 22023 a bad value, 42704 no such category, '
'or after is no approved bot';
GRANT EXECUTE ON FUNCTION marketplace.search_bots(text, text, text, numeric, numeric, bigint, text, integer, bigint,
                                                  interval) TO bourse_viewer, bourse_worker;
