-- Retention and partitions, as bourse.policies says. What is to be done is found first, then done, so many steps in a
-- call, each undone alone when it fails. Nobody waits long: locks are waited for a tenth of a second and tried again in
-- the next call, and those that bar everybody from a table are taken last, right before the end.

CREATE FUNCTION bourse_private.adopt_policies() RETURNS void
LANGUAGE sql SET search_path = pg_catalog, bourse, pg_temp AS $$
    INSERT INTO bourse.policies (schema_name, table_name, name, time_column, partition_by, keep, only_status, move_to)
    SELECT t.module, t.name, 'all', t.time_column, t.partition_by, t.keep, NULL, NULL
    FROM bourse_private.declared_tables() t WHERE t.time_column IS NOT NULL
    UNION ALL
    SELECT p.module, p.table_name, p.name, p.time_column, NULL, p.keep, p.only_status, p.move_to
    FROM bourse_private.ask('own_policies', 'r.table_name, r.name, r.time_column, r.keep, r.only_status, r.move_to')
        AS p (module text, table_name text, name text, time_column text, keep interval, only_status text[],
              move_to text)
    ON CONFLICT DO NOTHING
$$;
COMMENT ON FUNCTION bourse_private.adopt_policies() IS
'Gives tables the policies that they are declared with, and leaves those that stand as they are. For install()';

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

-- NULL: the policy fits its table.
CREATE FUNCTION bourse_private.policy_problem(relation regclass, time_column text, partition_by text, move_to text)
RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    key int2;
BEGIN
    IF bourse_private.is_ours(relation) IS NOT TRUE THEN
        RETURN 'no table of bourse_owner';
    END IF;
    SELECT a.attnum INTO key FROM pg_attribute a
    WHERE a.attrelid = relation AND a.attname = time_column AND NOT a.attisdropped
      AND a.atttypid IN ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype);
    IF key IS NULL THEN
        RETURN format('%s is no column with a time', time_column);
    END IF;
    IF (partition_by IS NOT NULL) <> EXISTS (SELECT FROM pg_partitioned_table p WHERE p.partrelid = relation) THEN
        RETURN CASE WHEN partition_by IS NULL THEN 'it is partitioned' ELSE 'it is not partitioned' END;
    END IF;
    IF partition_by IS NOT NULL AND NOT EXISTS (
        SELECT FROM pg_partitioned_table p
        WHERE p.partrelid = relation AND p.partstrat = 'r' AND p.partnatts = 1 AND p.partattrs[0] = key) THEN
        RETURN format('it is not partitioned by ranges of %s', time_column);
    END IF;
    IF move_to IS NOT NULL AND bourse_private.is_ours(bourse_private.sibling(relation, move_to)) IS NOT TRUE THEN
        RETURN format('%s is no table of bourse_owner beside it', move_to);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION bourse_private.policy_problem(regclass, text, text, text) IS
'Why a policy cannot be followed for a table; NULL: it can';

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

CREATE FUNCTION bourse_private.has_old_rows(relation regclass, time_column text, only_status text[], before timestamptz)
RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp SET timezone = 'UTC'
SET enable_seqscan = off AS $$
DECLARE
    found boolean;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM %s t WHERE t.%I < $1 %s)', bourse_private.quoted_name(relation),
                   time_column,
                   CASE WHEN only_status IS NOT NULL THEN 'AND t.status = ANY ($2)' END)
        INTO found USING before, only_status;
    RETURN found;
END
$$;
COMMENT ON FUNCTION bourse_private.has_old_rows(regclass, text, text[], timestamptz) IS
'Whether a table has rows from before this time, of these statuses or of all (NULL)';

CREATE FUNCTION bourse_private.keep_since(at timestamptz, keep interval) RETURNS timestamptz
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp SET timezone = 'UTC' AS $$
BEGIN
    RETURN at - keep;
EXCEPTION WHEN datetime_field_overflow THEN
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION bourse_private.keep_since(timestamptz, interval) IS
'From when on rows are kept, by days of UTC; NULL: for ever, as when that is before the first time that there can be';

CREATE FUNCTION bourse_private.due_steps(at timestamptz) RETURNS TABLE (
    rank integer, relation text, step text, target text, lower timestamptz, upper timestamptz, time_column text,
    only_status text[], move_to text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
#variable_conflict use_column
DECLARE
    policy record;
    oldest timestamptz;
    heir regclass;
BEGIN
    FOR policy IN
        SELECT p.*, c.oid::regclass AS found, format('%I.%I', p.schema_name, p.table_name) AS quoted,
               bourse_private.policy_problem(c.oid, p.time_column, p.partition_by, p.move_to) AS problem
        FROM bourse.policies p
        LEFT JOIN bourse_private.modules() m (module) ON m.module = p.schema_name
        LEFT JOIN pg_class c ON c.relnamespace = to_regnamespace(quote_ident(m.module)) AND c.relname = p.table_name
            AND c.relkind IN ('r', 'p') AND c.relowner = to_regrole('bourse_owner')
        WHERE p.is_enabled ORDER BY p.schema_name, p.table_name, p.name
    LOOP
        oldest := bourse_private.keep_since(at, policy.keep);
        IF policy.problem IS NOT NULL THEN
            RETURN QUERY SELECT 4, policy.quoted, 'none', policy.problem, NULL::timestamptz, NULL::timestamptz,
                                NULL::text, NULL::text[], NULL::text;
        ELSIF policy.partition_by IS NULL THEN
            heir := policy.found;
        ELSE
            RETURN QUERY
            SELECT 2, policy.quoted, 'create partition', n.name, n.lower, n.upper, policy.time_column, NULL::text[],
                   NULL::text
            FROM bourse_private.missing_partitions(policy.found, policy.partition_by, policy.ahead, at) n
            UNION ALL
            SELECT 3, policy.quoted, 'drop partition', bourse_private.quoted_name(p.partition), p.lower, p.upper,
                   policy.time_column, NULL, NULL
            FROM bourse_private.partitions(policy.found) p WHERE p.upper <= oldest;
            heir := (SELECT p.partition FROM bourse_private.partitions(policy.found) p WHERE p.is_default);
        END IF;
        IF policy.problem IS NULL AND heir IS NOT NULL AND oldest IS NOT NULL
           AND bourse_private.has_old_rows(heir, policy.time_column, policy.only_status, oldest) THEN
            RETURN QUERY
            SELECT 1, policy.quoted, CASE WHEN policy.move_to IS NULL THEN 'delete rows' ELSE 'move rows' END,
                   bourse_private.quoted_name(heir), NULL::timestamptz, oldest, policy.time_column, policy.only_status,
                   policy.move_to;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION bourse_private.due_steps(timestamptz) IS
'What is to be done at this time for bourse.policies, in the order of rank: 1 rows '
'of tables, or of default partitions, that have become too old, 2 partitions that are missing, 3 partitions that are '
'too old as a whole';

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

-- Rows that came before their partition stand in the default one, and move. Whoever writes there waits: between the
-- move and the check of ATTACH nothing may come. ATTACH makes the foreign keys of the table, which bars writers from
-- what they refer to: that is locked first. Whoever waits for the default partition has it locked already, and the
-- move would be in vain.
CREATE FUNCTION bourse_private.create_partition(relation regclass, partition text, lower timestamptz, upper timestamptz,
                                        time_column text) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp SET timezone = 'UTC' SET datestyle = 'ISO, MDY' AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT bigint := 100000;
    parent text := bourse_private.quoted_name(relation);
    name text := (SELECT format('%I.%I', n.nspname, partition)
                  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE c.oid = relation);
    heir text := (SELECT bourse_private.quoted_name(p.partition) FROM bourse_private.partitions(relation) p
                  WHERE p.is_default);
    columns text := (SELECT string_agg(format('%I', a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
                     WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '');
    referred regclass;
    moved bigint := 0;
BEGIN
    IF length(partition::bytea) > 63 THEN
        PERFORM bourse.refuse('42622', format('%s is too long for a name', partition), 'Give the table a shorter one.');
    END IF;
    EXECUTE format('CREATE TABLE %s (LIKE %s INCLUDING ALL EXCLUDING IDENTITY EXCLUDING INDEXES)', name, parent);
    IF (SELECT c.relrowsecurity FROM pg_class c WHERE c.oid = relation) THEN
        EXECUTE format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY', name);
    END IF;
    EXECUTE format('COMMENT ON TABLE %s IS %L', name, format('Rows of %s from %s on', parent, lower::date));
    FOR referred IN SELECT DISTINCT k.confrelid::regclass FROM pg_constraint k
                    WHERE k.contype = 'f' AND k.conrelid = relation ORDER BY 1 LOOP
        EXECUTE format('LOCK TABLE %s IN SHARE ROW EXCLUSIVE MODE', bourse_private.quoted_name(referred));
    END LOOP;
    IF heir IS NOT NULL THEN
        EXECUTE format('LOCK TABLE %s IN ACCESS EXCLUSIVE MODE', heir);
        EXECUTE format('SELECT count(*) FROM (SELECT FROM %s t WHERE t.%I >= $1 AND t.%2$I < $2 LIMIT $3 + 1) r',
                       heir, time_column) INTO moved USING lower, upper, most;
        IF moved > 0 THEN
            PERFORM bourse_private.require_no_reference(relation, heir);
        END IF;
        IF moved > most THEN
            PERFORM bourse.refuse('54000', format('%s has more than %s rows of %s', heir, most, partition),
                                  'Move them by hand: DELETE ... RETURNING into a new table, then ATTACH PARTITION.');
        END IF;
        EXECUTE format('WITH moved AS (DELETE FROM %s t WHERE t.%I >= $1 AND t.%2$I < $2 RETURNING %s) '
                       'INSERT INTO %s (%3$s) SELECT %3$s FROM moved', heir, time_column, columns, name)
            USING lower, upper;
    END IF;
    EXECUTE format('ALTER TABLE %s ATTACH PARTITION %s FOR VALUES FROM (%L) TO (%L)', parent, name, lower, upper);
    RETURN moved;
END
$$;
COMMENT ON FUNCTION bourse_private.create_partition(regclass, text, timestamptz, timestamptz, text) IS
'Makes one partition and moves what the default partition has of it, up to 100,000 rows. Returns how many';

CREATE FUNCTION bourse_private.delete_old_rows(relation regclass, time_column text, only_status text[],
                                               before timestamptz, move_to text DEFAULT NULL)
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp SET timezone = 'UTC' SET enable_seqscan = off AS $$
DECLARE
    heir regclass := bourse_private.sibling(relation, move_to);
    columns text := (SELECT string_agg(format('%I', a.attname), ', ' ORDER BY a.attnum) FROM pg_attribute a
                     WHERE a.attrelid = relation AND a.attnum > 0 AND NOT a.attisdropped AND a.attgenerated = '');
    -- What says when it has ended stays as long from then on, if that is later.
    ended text := (SELECT format('AND (o.%I < $1) IS NOT FALSE', a.attname) FROM pg_attribute a
                   WHERE a.attrelid = relation AND a.attname = 'processed_at' AND a.atttypid = 'timestamptz'::regtype
                     AND NOT a.attisdropped);
    due text := format('o.%I < $1 %s %s', time_column,
                       CASE WHEN only_status IS NOT NULL THEN 'AND o.status = ANY ($2)' END, ended);
    -- Whoever erases a user locks him first, then his rows; the foreign key of where they go would do it otherwise.
    users regclass := (SELECT min(k.confrelid) FROM pg_constraint k
                       JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
                       WHERE k.conrelid = heir AND k.contype = 'f' AND a.attname = 'user_id');
    people bigint[];
    deleted bigint;
BEGIN
    PERFORM bourse_private.require_no_strange_trigger(t) FROM unnest(ARRAY[relation, heir]) t WHERE t IS NOT NULL;
    IF users IS NOT NULL THEN
        EXECUTE format('SELECT ARRAY(SELECT u.id FROM %s u WHERE u.id IN (SELECT o.user_id FROM %s o WHERE %s '
                       'LIMIT 10000) ORDER BY u.id FOR KEY SHARE SKIP LOCKED)', bourse_private.quoted_name(users),
                       bourse_private.quoted_name(relation), due) INTO people USING before, only_status;
        due := due || ' AND (o.user_id IS NULL OR o.user_id = ANY ($3))';
    END IF;
    -- Where somebody has a row just now, it is passed over and goes another time.
    EXECUTE format(CASE WHEN heir IS NULL THEN '%s' ELSE 'WITH moved AS (%s RETURNING %s) '
                        'INSERT INTO %s (%2$s) SELECT %2$s FROM moved' END,
                   format('DELETE FROM %s t WHERE t.ctid = ANY (ARRAY(SELECT o.ctid FROM %1$s o WHERE %s '
                          'LIMIT 10000 FOR UPDATE SKIP LOCKED))', bourse_private.quoted_name(relation), due),
                   columns, bourse_private.quoted_name(heir)) USING before, only_status, people;
    GET DIAGNOSTICS deleted = ROW_COUNT;
    RETURN deleted;
END
$$;
COMMENT ON FUNCTION bourse_private.delete_old_rows(regclass, text, text[], timestamptz, text) IS
'Deletes up to 10,000 rows from before this time, or moves them to another table of the schema. Returns how many';

-- One at a time: who finds another at it does nothing.
CREATE FUNCTION bourse_private.maintain_at(at timestamptz, most integer)
RETURNS TABLE (relation text, step text, target text, rows bigint, problem text)
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp SET lock_timeout = '100ms' AS $$
#variable_conflict use_variable
DECLARE
    due record;
    steps integer := 0;
    is_done boolean := true;
    problems text[] := '{}';
BEGIN
    LOCK TABLE bourse.chores IN SHARE ROW EXCLUSIVE MODE NOWAIT;
    FOR due IN SELECT d.* FROM bourse_private.due_steps(at) d
               ORDER BY d.rank, d.relation, d.lower, d.target LIMIT most LOOP
        steps := steps + 1;
        relation := due.relation;
        step := due.step;
        target := due.target;
        rows := NULL;
        problem := NULL;
        BEGIN
            CASE due.rank
            WHEN 1 THEN
                rows := bourse_private.delete_old_rows(due.target::regclass, due.time_column, due.only_status,
                                                       due.upper, due.move_to);
                is_done := is_done AND rows < 10000;
            WHEN 2 THEN
                rows := bourse_private.create_partition(due.relation::regclass, due.target, due.lower, due.upper,
                                                due.time_column);
            WHEN 3 THEN
                EXECUTE format('ALTER TABLE %s DETACH PARTITION %s', due.relation, due.target);
                EXECUTE format('DROP TABLE %s', due.target);
            WHEN 4 THEN
                problem := due.target;
            END CASE;
        EXCEPTION WHEN OTHERS THEN
            problem := format('%s (%s)', bourse_private.clip(SQLERRM), SQLSTATE);
        END;
        IF problem IS NOT NULL THEN
            problems := problems || format('%s, %s: %s', relation, step, problem);
        END IF;
        RETURN NEXT;
    END LOOP;
    -- Where nothing but problems is left there is no hurry.
    INSERT INTO bourse.chores
    VALUES ('maintain', clock_timestamp(), is_done AND (steps < most OR cardinality(problems) = steps), problems)
    ON CONFLICT (name) DO UPDATE SET ran_at = excluded.ran_at, is_done = excluded.is_done, problems = excluded.problems;
EXCEPTION WHEN lock_not_available THEN
    RETURN;
END
$$;
COMMENT ON FUNCTION bourse_private.maintain_at(timestamptz, integer) IS
'What maintain() does, at this time, up to so many steps. For maintain() and tests';

CREATE FUNCTION bourse.maintain() RETURNS TABLE (relation text, step text, target text, rows bigint, problem text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    RETURN QUERY SELECT * FROM bourse_private.maintain_at(clock_timestamp(), 40);
END
$$;
COMMENT ON FUNCTION bourse.maintain() IS
'Does what bourse.policies says: makes the partitions that are missing, drops whole partitions and deletes, or moves, '
'rows that have become too old, 10,000 rows of a table and 40 steps in a call. Returns what it has done; problem: why '
'a step has failed, which changes nothing and is tried again. Safe to repeat; does nothing while another session does '
'it. Waits for no lock longer than a tenth of a second. bourse_private.tick() calls it once an hour. 25006 read-only, '
'55000 before install()';
GRANT EXECUTE ON FUNCTION bourse.maintain() TO bourse_admin, bourse_worker;

CREATE FUNCTION bourse_private.tick() RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    -- While a restore is under way, or a pause, tables are not what they will be.
    IF NOT bourse_private.is_at_work() OR to_regclass('bourse.chores') IS NULL THEN
        RETURN;
    END IF;
    IF NOT EXISTS (SELECT FROM bourse.chores c WHERE c.name = 'maintain' AND c.is_done
                                                 AND c.ran_at > clock_timestamp() - interval '1 hour') THEN
        PERFORM bourse.maintain();
    END IF;
    PERFORM bourse_private.tick_modules();
END
$$;
COMMENT ON FUNCTION bourse_private.tick() IS
'Runs what is due: maintain() once an hour, and again at once when it had more to do than it does in one call; and '
'on_tick() of every schema that has it. For the ticker of the platform, every second: costs a look at the catalog and '
'a probe of an index for each when nothing is due';

-- What fails stops nobody else, is told once, and is tried again.
CREATE FUNCTION bourse_private.tick_modules() RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    due record;
    failed text;
BEGIN
    FOR due IN SELECT h.module, h.call FROM bourse_private.hooks('on_tick') h LOOP
        BEGIN
            EXECUTE format('SELECT %s()', due.call);
            failed := NULL;
        EXCEPTION WHEN OTHERS THEN
            failed := format('%s (%s)', bourse_private.clip(SQLERRM), SQLSTATE);
        END;
        IF failed IS NOT NULL THEN
            INSERT INTO bourse.chores AS c VALUES (due.module, clock_timestamp(), false, ARRAY[failed])
            ON CONFLICT (name) DO UPDATE SET ran_at = excluded.ran_at, problems = excluded.problems
            WHERE c.problems <> excluded.problems OR c.ran_at < excluded.ran_at - interval '1 hour';
        ELSIF EXISTS (SELECT FROM bourse.chores c WHERE c.name = due.module) THEN
            DELETE FROM bourse.chores c WHERE c.name = due.module;
        END IF;
    END LOOP;
END
$$;
COMMENT ON FUNCTION bourse_private.tick_modules() IS
'The part of tick() that the schemas have; what fails stands in bourse.chores until it succeeds';
