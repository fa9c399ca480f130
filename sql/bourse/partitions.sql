-- The partitions of a table by ranges of one time: which there are, which are missing, how one is made, how one goes.
-- bourse.maintain() says when.

-- Bounds read as they are written: in UTC, by the function's own settings.
CREATE FUNCTION bourse_private.partitions(relation regclass)
RETURNS TABLE (partition regclass, lower timestamptz, upper timestamptz, is_default boolean)
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO, MDY' AS $$
    SELECT p.oid::regclass,
           CASE WHEN b.ends[1] = 'MINVALUE' THEN '-infinity' ELSE trim(b.ends[1], '''') END::timestamptz,
           CASE WHEN b.ends[2] = 'MAXVALUE' THEN 'infinity' ELSE trim(b.ends[2], '''') END::timestamptz,
           b.ends IS NULL
    FROM pg_inherits i JOIN pg_class p ON p.oid = i.inhrelid
    CROSS JOIN LATERAL (
        SELECT regexp_match(pg_get_expr(p.relpartbound, p.oid), '^FOR VALUES FROM [(](.*)[)] TO [(](.*)[)]$') AS ends) b
    WHERE i.inhparent = relation
$$;
COMMENT ON FUNCTION bourse_private.partitions(regclass) IS
'The partitions of a table that is partitioned by ranges of one time, and their bounds';

CREATE FUNCTION bourse_private.sibling(relation regclass, name text) RETURNS regclass
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT s.oid::regclass FROM pg_class c JOIN pg_class s ON s.relnamespace = c.relnamespace AND s.relname = name
    WHERE c.oid = relation
$$;
COMMENT ON FUNCTION bourse_private.sibling(regclass, text) IS 'The table of this name in the schema of another';

-- One period after the other: a day, a month, a year of UTC.
CREATE FUNCTION bourse_private.missing_partitions(relation regclass, partition_by text, ahead integer, at timestamptz)
RETURNS TABLE (name text, lower timestamptz, upper timestamptz)
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp SET timezone = 'UTC' AS $$
    WITH periods AS (
        SELECT date_trunc(partition_by, at) + n * ('1 ' || partition_by)::interval AS lower,
               date_trunc(partition_by, at) + (n + 1) * ('1 ' || partition_by)::interval AS upper
        FROM generate_series(0, ahead) n
    )
    SELECT c.relname || to_char(e.lower, CASE partition_by WHEN 'day' THEN '"_y"YYYY"m"MM"d"DD'
                                                           WHEN 'month' THEN '"_y"YYYY"m"MM' ELSE '"_y"YYYY' END),
           e.lower, e.upper
    FROM periods e JOIN pg_class c ON c.oid = relation
    WHERE NOT EXISTS (SELECT FROM bourse_private.partitions(relation) p WHERE p.lower < e.upper AND p.upper > e.lower)
$$;
COMMENT ON FUNCTION bourse_private.missing_partitions(regclass, text, integer, timestamptz) IS
'The periods, from the one of this time on so many ahead, that no partition has a part of, and how their partitions '
'are to be called';

CREATE FUNCTION bourse_private.require_no_reference(relation regclass, heir text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    reference text := (SELECT min(format('foreign key %I of %s', k.conname, bourse_private.quoted_name(k.conrelid)))
                       FROM pg_constraint k
                       WHERE k.contype = 'f' AND k.confrelid IN (relation, to_regclass(heir)));
BEGIN
    IF reference IS NOT NULL THEN
        PERFORM bourse.refuse('55000', reference || ' refers to rows that would move',
                              'Drop the foreign key, SELECT * FROM bourse.maintain(), and add it again.');
    END IF;
END
$$;
COMMENT ON FUNCTION bourse_private.require_no_reference(regclass, text) IS
'Refuses to move rows out of the default partition of a table while rows of other tables may refer to them (55000): '
'they would go along, or hold them back. For create_partition() only';

-- What a partition is like: the default one, indexes included. Where that has a key of its own, narrower than one of
-- the whole could be, each has it. Triggers of a statement fire for the table that it names only: each has those as
-- well.
CREATE FUNCTION bourse_private.make_partition(relation regclass, partition text) RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    name text := (SELECT format('%I.%I', n.nspname, partition)
                  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation);
    heir regclass := (SELECT p.partition FROM bourse_private.partitions(relation) p WHERE p.is_default);
    definition text;
BEGIN
    IF length(partition::bytea) > 63 THEN
        PERFORM bourse.refuse('42622', format('%s is too long for a name', partition), 'Give the table a shorter one.');
    END IF;
    EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING ALL EXCLUDING IDENTITY)', name,
                   bourse_private.quoted_name(coalesce(heir, relation)));
    IF (SELECT c.relrowsecurity FROM pg_class c WHERE c.oid = relation) THEN
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
    END IF;
    FOR definition IN
        SELECT pg_get_triggerdef(t.oid) FROM pg_trigger t
        WHERE t.tgrelid = heir AND NOT t.tgisinternal AND t.tgtype & 1 = 0 ORDER BY t.tgname
    LOOP
        EXECUTE replace(definition, format(' ON %s ', bourse_private.quoted_name(heir)), format(' ON %s ', name));
    END LOOP;
    RETURN name;
END
$$;
COMMENT ON FUNCTION bourse_private.make_partition(regclass, text) IS
'Makes a table that is to be a partition, beside the others, and returns its quoted name. For create_partition() and '
'turn_default() only';

-- ATTACH and DROP make and take foreign keys, which bars writers, or everybody, from the tables at their other ends.
CREATE FUNCTION bourse_private.partition_locks(relation regclass, mode text, own_mode text, partitions regclass[])
RETURNS text[]
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT array_agg(format('%s IN %s MODE', l.target, l.mode) ORDER BY l.rank, l.target)
    FROM (SELECT DISTINCT 1 AS rank, bourse_private.quoted_name(e.relation) AS target, partition_locks.mode AS mode
          FROM pg_constraint k
          CROSS JOIN LATERAL (VALUES (k.conrelid, k.confrelid), (k.confrelid, k.conrelid)) AS e (own, relation)
          WHERE k.contype = 'f' AND e.own = partition_locks.relation
          UNION ALL
          SELECT 2, 'ONLY ' || bourse_private.quoted_name(partition_locks.relation), own_mode
          UNION ALL
          SELECT 3, bourse_private.quoted_name(p), 'ACCESS EXCLUSIVE' FROM unnest(partitions) p WHERE p IS NOT NULL) l
$$;
COMMENT ON FUNCTION bourse_private.partition_locks(regclass, text, text, regclass[]) IS
'The locks that a change of the partitions of a table takes, for lock_together(): in mode what foreign keys lead to or '
'from, in own_mode the table itself, and its partitions in whole';

-- Who waits for a lock and has others that are waited for may be half of a deadlock, and a customer the other half, who
-- loses his transaction. So one lock is waited for with nothing in hand, and the others are taken if they are free. If
-- one is not, all are given back, and that one is waited for first: those who had it are through then.
CREATE FUNCTION bourse_private.lock_together(locks text[], may_wait boolean) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    attempts CONSTANT integer := 4;
    first integer := 1;
    place integer;
BEGIN
    FOR attempt IN 1 .. attempts LOOP
        BEGIN
            place := first;
            EXECUTE format('LOCK TABLE %s %s', locks[first], CASE WHEN NOT may_wait THEN 'NOWAIT' END);
            FOR n IN 1 .. cardinality(locks) LOOP
                place := n;
                EXECUTE format('LOCK TABLE %s NOWAIT', locks[n]);
            END LOOP;
            RETURN;
        EXCEPTION WHEN lock_not_available THEN
            IF NOT may_wait OR place = first OR attempt = attempts THEN
                RAISE;
            END IF;
            first := place;
        END;
    END LOOP;
END
$$;
COMMENT ON FUNCTION bourse_private.lock_together(text[], boolean) IS
'Takes all of these locks, each as LOCK TABLE has it, or none (55P03). Waits for one at a time, while it has none of '
'the others, for as long as lock_timeout says; unless it may not wait, because the transaction has such locks already';

CREATE FUNCTION bourse_private.move_rows(source text, target text, condition text, lower timestamptz,
                                         upper timestamptz) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    columns text := (SELECT string_agg(format('%I', a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
                     WHERE a.attrelid = source::regclass AND a.attnum > 0 AND NOT a.attisdropped
                       AND a.attgenerated = '');
    moved bigint;
BEGIN
    EXECUTE format('WITH moved AS (DELETE FROM %s t WHERE %s RETURNING %s) '
                   'INSERT INTO %s (%3$s) SELECT %3$s FROM moved',
                   source, condition, columns, target) USING lower, upper;
    GET DIAGNOSTICS moved = ROW_COUNT;
    RETURN moved;
END
$$;
COMMENT ON FUNCTION bourse_private.move_rows(text, text, text, timestamptz, timestamptz) IS
'Moves rows t from one table to another, both by their quoted names; $1 and $2 of the condition are the times. For '
'create_partition() and turn_default() only';

-- Rows that came before their partition stand in the default one, and move. Whoever writes there waits: between the
-- move and the check of ATTACH nothing may come.
CREATE FUNCTION bourse_private.create_partition(relation regclass, partition text, lower timestamptz, upper timestamptz,
                                                time_column text, may_wait boolean DEFAULT true) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO, MDY' AS $$
#variable_conflict use_variable
DECLARE
    parent text := bourse_private.quoted_name(relation);
    heir_id regclass := (SELECT p.partition FROM bourse_private.partitions(relation) p WHERE p.is_default);
    heir text := bourse_private.quoted_name(heir_id);
    name text := bourse_private.make_partition(relation, partition);
    moved bigint := 0;
BEGIN
    EXECUTE format('COMMENT ON TABLE %s IS %L', name, format('Rows of %s from %s on', parent, lower::date));
    PERFORM bourse_private.lock_together(bourse_private.partition_locks(
        relation, 'SHARE ROW EXCLUSIVE', 'SHARE UPDATE EXCLUSIVE', ARRAY[heir_id]), may_wait);
    IF heir IS NOT NULL THEN
        IF bourse_private.must_stay(heir, time_column, lower, upper) THEN
            PERFORM bourse.refuse('55P03', format('%s has got many rows of %s meanwhile', heir, partition),
                                  'The next call turns it into their partition.');
        END IF;
        EXECUTE format('SELECT count(*) FROM (SELECT FROM %s t WHERE t.%I >= $1 AND t.%2$I < $2 LIMIT 1) r',
                       heir, time_column) INTO moved USING lower, upper;
        IF moved > 0 THEN
            PERFORM bourse_private.require_no_reference(relation, heir);
            moved := bourse_private.move_rows(
                heir, name, format('t.%I >= $1 AND t.%1$I < $2', time_column), lower, upper);
        END IF;
    END IF;
    EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', parent, name, lower, upper);
    RETURN moved;
END
$$;
COMMENT ON FUNCTION bourse_private.create_partition(regclass, text, timestamptz, timestamptz, text, boolean) IS
'Makes one partition and moves what the default partition has of it, up to 100,000 rows. Returns how many. may_wait as '
'for lock_together()';

CREATE FUNCTION bourse_private.must_stay(heir text, time_column text, lower timestamptz, upper timestamptz)
RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp SET timezone = 'UTC' AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT bigint := 100000;
    is_journal boolean := EXISTS (SELECT FROM pg_trigger t WHERE t.tgrelid = heir::regclass AND NOT t.tgisinternal
                                  AND t.tgtype & 9 = 8 AND t.tgenabled IN ('O', 'A'));
    found bigint;
BEGIN
    EXECUTE format('SELECT count(*) FROM (SELECT FROM %s t WHERE t.%I >= $1 AND t.%2$I < $2 LIMIT $3) r', heir,
                   time_column) INTO found USING lower, upper, CASE WHEN is_journal THEN 1 ELSE most + 1 END;
    RETURN found > CASE WHEN is_journal THEN 0 ELSE most END;
END
$$;
COMMENT ON FUNCTION bourse_private.must_stay(text, text, timestamptz, timestamptz) IS
'Whether a default partition has more rows of this time than a call moves, or has some and is a journal that lets none '
'go (a trigger before or after DELETE statements)';

-- No row moves but the few of other times: nobody ever sees one missing, and writers wait for as long as it takes to
-- read the table twice, for those rows and for ATTACH.
CREATE FUNCTION bourse_private.turn_default(relation regclass, partition text, lower timestamptz, upper timestamptz,
                                            time_column text, may_wait boolean DEFAULT true) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO, MDY' AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT bigint := 100000;
    parent text := bourse_private.quoted_name(relation);
    heir regclass := (SELECT p.partition FROM bourse_private.partitions(relation) p WHERE p.is_default);
    heir_name text := bourse_private.quoted_name(heir);
    plain_name text := (SELECT c.relname FROM pg_class c WHERE c.oid = heir);
    others text := format('(t.%I >= $1 AND t.%1$I < $2) IS NOT TRUE', time_column);
    name text;
    remark text := obj_description(heir, 'pg_class');
    kept bigint;
    odd bigint;
BEGIN
    PERFORM bourse_private.require_no_reference(relation, heir_name);
    name := bourse_private.make_partition(relation, partition);
    PERFORM bourse_private.lock_together(bourse_private.partition_locks(
        relation, 'SHARE ROW EXCLUSIVE', 'ACCESS EXCLUSIVE', ARRAY[heir]), may_wait);
    EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', parent, heir_name);
    EXECUTE format('SELECT count(*), count(*) FILTER (WHERE %s) FROM %s t', others, heir_name)
        INTO kept, odd USING lower, upper;
    IF odd > most THEN
        PERFORM bourse.refuse('54000', format('%s has %s rows of other times than %s', heir_name, odd, partition),
                              'Make partitions for those by hand, or delete them.');
    ELSIF odd > 0 THEN
        PERFORM bourse_private.move_rows(heir_name, name, others, lower, upper);
    END IF;
    -- They change names.
    EXECUTE format('ALTER TABLE %s RENAME TO %I', heir_name, left(plain_name, 50) || '_turning');
    EXECUTE format('ALTER TABLE %s RENAME TO %I', name, plain_name);
    EXECUTE format('ALTER TABLE %s RENAME TO %I', bourse_private.quoted_name(heir), partition);
    EXECUTE format('COMMENT ON TABLE %s IS %L', heir_name, remark);
    EXECUTE format('COMMENT ON TABLE %s IS %L', name, format('Rows of %s up to %s', parent, upper::date));
    EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%s) TO (%L)', parent, name,
                   CASE WHEN lower = '-infinity' THEN 'MINVALUE' ELSE quote_literal(lower) END, upper);
    EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s DEFAULT', parent, heir_name);
    RETURN kept - odd;
END
$$;
COMMENT ON FUNCTION bourse_private.turn_default(regclass, text, timestamptz, timestamptz, text, boolean) IS
'Turns the default partition into the one that takes rows from lower, or from the first, up to upper, as it is, and '
'makes a new default partition, into which up to 100,000 rows of other times move. Returns how many rows have their '
'partition now. may_wait as for lock_together()';

-- What has to be kept of rows that go whole, their schema keeps.
CREATE FUNCTION bourse_private.drop_partition(relation regclass, partition regclass, lower timestamptz,
                                              upper timestamptz, is_kept boolean DEFAULT false,
                                              may_wait boolean DEFAULT true) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    name text := bourse_private.quoted_name(partition);
    heir regclass := (SELECT p.partition FROM bourse_private.partitions(relation) p WHERE p.is_default);
    keeper text := (SELECT h.call FROM bourse_private.hooks('before_drop') h
                    JOIN pg_class c ON c.oid = relation JOIN pg_namespace n ON n.oid = c.relnamespace
                    WHERE h.module = n.nspname);
BEGIN
    IF keeper IS NOT NULL THEN
        EXECUTE format('SELECT %s($1, $2, $3, $4)', keeper) USING relation, partition, lower, upper;
    END IF;
    PERFORM bourse_private.lock_together(bourse_private.partition_locks(
        relation, 'ACCESS EXCLUSIVE', 'ACCESS EXCLUSIVE', ARRAY[heir, partition]), may_wait);
    EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', bourse_private.quoted_name(relation), name);
    IF is_kept THEN
        EXECUTE format('COMMENT ON TABLE %s IS %L', name, format('Rows that were in %s up to %s',
            bourse_private.quoted_name(relation), to_char(upper AT TIME ZONE 'UTC', 'YYYY-MM-DD')));
    ELSE
        EXECUTE format('DROP TABLE %s', name);
    END IF;
END
$$;
COMMENT ON FUNCTION bourse_private.drop_partition(regclass, regclass, timestamptz, timestamptz, boolean, boolean) IS
'Takes a partition out of its table, and drops it, unless it is kept. Its schema is asked first: '
'before_drop(relation, partition, lower, upper). may_wait as for lock_together()';
