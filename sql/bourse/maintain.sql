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

CREATE FUNCTION bourse_private.due_partitions(relation regclass, time_column text, partition_by text, ahead integer,
                                              old_partitions text, at timestamptz, oldest timestamptz)
RETURNS TABLE (rank integer, step text, target text, lower timestamptz, upper timestamptz)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    heir regclass := (SELECT p.partition FROM bourse_private.partitions(relation) p WHERE p.is_default);
    turned record;
BEGIN
    -- The default partition turns into the last period of which it has so much, with all that it has from before.
    SELECT n.* INTO turned FROM bourse_private.missing_partitions(relation, partition_by, ahead, at) n
    WHERE heir IS NOT NULL
      AND bourse_private.must_stay(bourse_private.quoted_name(heir), time_column, n.lower, n.upper)
    ORDER BY n.lower DESC LIMIT 1;
    RETURN QUERY
    SELECT 2, 'create partition', n.name, n.lower, n.upper
    FROM bourse_private.missing_partitions(relation, partition_by, ahead, at) n
    WHERE (n.lower < turned.upper) IS NOT TRUE;
    IF turned.name IS NOT NULL THEN
        RETURN QUERY
        SELECT 3, 'turn default partition', turned.name,
               coalesce((SELECT max(p.upper) FROM bourse_private.partitions(relation) p WHERE p.upper <= turned.lower),
                        '-infinity'), turned.upper;
    END IF;
    RETURN QUERY
    SELECT 4, old_partitions || ' partition', bourse_private.quoted_name(p.partition), p.lower, p.upper
    FROM bourse_private.partitions(relation) p WHERE p.upper <= oldest;
END
$$;
COMMENT ON FUNCTION bourse_private.due_partitions(regclass, text, text, integer, text, timestamptz, timestamptz) IS
'The part of policy_steps() about partitions';

CREATE FUNCTION bourse_private.policy_steps(schema_name text, table_name text, name text, at timestamptz)
RETURNS TABLE (rank integer, step text, target text, lower timestamptz, upper timestamptz)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    policy bourse.policies := (SELECT p FROM bourse.policies p
                               WHERE (p.schema_name, p.table_name, p.name) = (schema_name, table_name, name));
    oldest timestamptz := bourse_private.keep_since(at, policy.keep);
    found regclass := (SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                       WHERE n.nspname = schema_name AND c.relname = table_name
                         AND c.relkind IN ('r', 'p') AND c.relowner = to_regrole('bourse_owner')
                         AND schema_name IN (SELECT m FROM bourse_private.modules() m));
    problem text := bourse_private.policy_problem(found, policy.time_column, policy.partition_by, policy.move_to);
    heir regclass := found;
BEGIN
    IF problem IS NOT NULL THEN
        RETURN QUERY SELECT 5, 'none', problem, NULL::timestamptz, NULL::timestamptz;
        RETURN;
    END IF;
    IF policy.partition_by IS NOT NULL THEN
        RETURN QUERY SELECT * FROM bourse_private.due_partitions(
            found, policy.time_column, policy.partition_by, policy.ahead, policy.old_partitions, at, oldest);
        heir := (SELECT p.partition FROM bourse_private.partitions(found) p WHERE p.is_default);
    END IF;
    IF heir IS NOT NULL AND oldest IS NOT NULL
       AND bourse_private.has_old_rows(heir, policy.time_column, policy.only_status, oldest) THEN
        RETURN QUERY SELECT 1, CASE WHEN policy.move_to IS NULL THEN 'delete rows' ELSE 'move rows' END,
                            bourse_private.quoted_name(heir), NULL::timestamptz, oldest;
    END IF;
END
$$;
COMMENT ON FUNCTION bourse_private.policy_steps(text, text, text, timestamptz) IS
'What one policy asks for at this time, as due_steps()';

-- A table that cannot be looked at, as while somebody has it alone, is a problem of its own and keeps no other waiting.
CREATE FUNCTION bourse_private.due_steps(at timestamptz) RETURNS TABLE (
    rank integer, relation text, step text, target text, lower timestamptz, upper timestamptz, time_column text,
    only_status text[], move_to text, keep_partition boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp AS $$
#variable_conflict use_column
DECLARE
    policy bourse.policies;
    quoted text;
BEGIN
    FOR policy IN SELECT p.* FROM bourse.policies p WHERE p.is_enabled
                  ORDER BY p.schema_name, p.table_name, p.name LOOP
        quoted := format('%I.%I', policy.schema_name, policy.table_name);
        BEGIN
            RETURN QUERY
            SELECT s.rank, quoted, s.step, s.target, s.lower, s.upper, policy.time_column, policy.only_status,
                   policy.move_to, policy.old_partitions = 'detach'
            FROM bourse_private.policy_steps(policy.schema_name, policy.table_name, policy.name, at) s;
        EXCEPTION WHEN OTHERS THEN
            RETURN QUERY
            SELECT 5, quoted, 'none', format('%s (%s)', bourse_private.clip(SQLERRM), SQLSTATE), NULL::timestamptz,
                   NULL::timestamptz, NULL::text, NULL::text[], NULL::text, false;
        END;
    END LOOP;
END
$$;
COMMENT ON FUNCTION bourse_private.due_steps(timestamptz) IS
'What is to be done at this time for bourse.policies, in the order of rank: 1 rows of tables, or of default '
'partitions, that have become too old, 2 partitions that are missing, 3 default partitions with more of a missing one '
'than a call moves, 4 partitions that are too old as a whole; 5: why nothing can be done';

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

-- One at a time: who finds another at it does nothing. What a step has locked stays so until the end of the
-- transaction: the ticker's calls therefore end with the first table that they keep others out of.
CREATE FUNCTION bourse_private.maintain_at(at timestamptz, most integer, is_brief boolean DEFAULT false)
RETURNS TABLE (relation text, step text, target text, rows bigint, problem text)
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp SET lock_timeout = '100ms' AS $$
#variable_conflict use_variable
DECLARE
    due record;
    steps integer := 0;
    is_done boolean := true;
    keeps_others_out boolean := false;
    partitioned text;
    problems text[] := '{}';
BEGIN
    LOCK TABLE bourse.chores IN SHARE ROW EXCLUSIVE MODE NOWAIT;
    FOR due IN SELECT d.* FROM bourse_private.due_steps(at) d
               ORDER BY d.rank, d.relation, d.lower, d.target LIMIT most LOOP
        IF is_brief AND keeps_others_out AND (due.rank = 2 AND due.relation = partitioned) IS NOT TRUE THEN
            is_done := false;
            EXIT;
        END IF;
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
                                                        due.time_column, NOT keeps_others_out);
            WHEN 3 THEN
                rows := bourse_private.turn_default(due.relation::regclass, due.target, due.lower, due.upper,
                                                    due.time_column, NOT keeps_others_out);
            WHEN 4 THEN
                PERFORM bourse_private.drop_partition(due.relation::regclass, due.target::regclass, due.lower,
                                                      due.upper, due.keep_partition, NOT keeps_others_out);
            WHEN 5 THEN
                problem := due.target;
            END CASE;
        EXCEPTION WHEN OTHERS THEN
            problem := format('%s (%s)', bourse_private.clip(SQLERRM), SQLSTATE);
        END;
        IF problem IS NOT NULL THEN
            problems := problems || format('%s, %s: %s', relation, step, problem);
        END IF;
        RETURN NEXT;
        -- It has not been waited for: the next call does.
        is_done := is_done AND (problem LIKE '%(55P03)' AND keeps_others_out) IS NOT TRUE;
        IF problem IS NULL AND due.rank BETWEEN 2 AND 4 THEN
            keeps_others_out := true;
            partitioned := CASE WHEN due.rank = 2 THEN relation END;
            -- For what a schema locks in before_drop(), and what ALTER TABLE does by itself.
            PERFORM set_config('lock_timeout', '1ms', true);
        END IF;
    END LOOP;
    -- Where nothing but problems is left there is no hurry.
    INSERT INTO bourse.chores
    VALUES ('maintain', clock_timestamp(), is_done AND (steps < most OR cardinality(problems) = steps), problems)
    ON CONFLICT (name) DO UPDATE SET ran_at = excluded.ran_at, is_done = excluded.is_done, problems = excluded.problems;
EXCEPTION WHEN lock_not_available THEN
    RAISE NOTICE 'another session is at it: look again when it is through';
END
$$;
COMMENT ON FUNCTION bourse_private.maintain_at(timestamptz, integer, boolean) IS
'What maintain() does, at this time, up to so many steps; is_brief: of those that keep others out no more than to make '
'the partitions of one table, or one other. For maintain(), tick() and tests';

CREATE FUNCTION bourse.maintain() RETURNS TABLE (relation text, step text, target text, rows bigint, problem text)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    RETURN QUERY SELECT * FROM bourse_private.maintain_at(clock_timestamp(), 40);
END
$$;
COMMENT ON FUNCTION bourse.maintain() IS
'Does what bourse.policies says: makes the partitions that are missing, drops or detaches whole partitions and '
'deletes, or moves, rows that have become too old, 10,000 rows of a table and 40 steps in a call. Returns what it has '
'done; problem: why a step has failed, which changes nothing and is tried again. Safe to repeat; does nothing while '
'another session does it. Waits for no lock longer than a tenth of a second, and keeps what its steps have locked '
'until the transaction ends; bourse_private.tick() does the same once an hour, with a transaction for each table. '
'25006 read-only, 55000 before install()';
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
        PERFORM bourse_private.maintain_at(clock_timestamp(), 40, true);
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
