-- What goes over all schemas goes over what they declare, and names none of them. A schema declares its tables in
-- own_tables(), and answers for itself in further functions of fixed names:
--   own_verify() → (check_name, subject, expected, actual)   own_integrity() → (issue, count)
--   own_alerts() → (severity, alert, subject, detail, hint)   own_metrics() → (name, value, labels)
--   own_health() → (ok, detail)                               own_status() → (item, value)
--   own_thresholds() → (alert, value, unit, meaning)          own_help() → (name, help): of metrics
--   own_numbered_columns() → (sequence, relation, column_name): where numbers stand that another table's sequence gave
--   own_rows(relation, user_id) → jsonb: what a person is told of a table that is not for everybody's eyes
--   rows_beside(user_id) → (relation, data): what is held about a person in rows that no column says so of
--   before_erasure(user_id): refuses while the person cannot leave, and locks what must not change any more
--   on_erasure(user_id, report jsonb) → jsonb: redacts, and returns what the report says more
--   own_policies() → (table_name, name, time_column, keep, only_status, move_to): of tables that have several
--   own_reports() → (system, component, ok, detail, reported_at): how something ended last that nobody watches
--   own_secrets() → (key_id, secrets): how many secrets need which key of the vault
--   rotate_secrets(batch_size) → (rotated, remaining, unreadable): encrypts up to so many anew, 0 counts only
--   before_drop(relation, partition, lower, upper): keeps what has to stay of a partition that goes, or refuses
--   on_tick(): does what is due now; called every second, in a transaction with what is due elsewhere
--   write_activity(…), write_log(…): of the one schema that keeps them
-- They are functions of the extension, so that they are as old as its code, and no row of a dump.

CREATE FUNCTION bourse_private.modules() RETURNS SETOF text
LANGUAGE c IMMUTABLE PARALLEL SAFE AS 'MODULE_PATHNAME', 'modules_list_wrapper';
COMMENT ON FUNCTION bourse_private.modules() IS
'The schemas of the platform in the order of their layers, the kernel first: each names only itself and those before '
'it';

CREATE TYPE bourse.declared_table AS (
    name           text,
    is_audited     boolean,
    engine_written boolean,
    on_erasure     text,
    is_queue       boolean,
    time_column    text,
    partition_by   text,
    keep           interval
);
COMMENT ON TYPE bourse.declared_table IS
'What a schema says of one of its tables. is_audited: changes go into the trail from the start. engine_written: rows '
'are written past the executor. on_erasure: what becomes of a person''s rows when the person leaves: delete, keep '
'(under the pseudonym), redact (the schema does it itself); NULL: there are none. is_queue: as docs/queues.md. '
'time_column, partition_by, keep: the policy that the table has from the start; time_column NULL: none';

CREATE FUNCTION bourse_private.declare_table(
    name text, is_audited boolean DEFAULT false, engine_written boolean DEFAULT false, on_erasure text DEFAULT NULL,
    is_queue boolean DEFAULT false, time_column text DEFAULT NULL, partition_by text DEFAULT NULL,
    keep interval DEFAULT NULL) RETURNS bourse.declared_table
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    RETURN ROW(name, is_audited, engine_written, on_erasure, is_queue, time_column, partition_by, keep);
END
$$;
COMMENT ON FUNCTION bourse_private.declare_table(text, boolean, boolean, text, boolean, text, text, interval) IS
'One table for own_tables(), by its name without the schema';

-- Nobody else can make a function in our schemas; whose it is, is asked all the same. PL/pgSQL keeps the plan.
CREATE FUNCTION bourse_private.hooks(hook text) RETURNS TABLE (module text, call text)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    RETURN QUERY
    SELECT m.module, format('%I.%I', n.nspname, p.proname)
    FROM bourse_private.modules() WITH ORDINALITY m (module, place)
    JOIN pg_namespace n ON n.nspname = m.module || '_private'
    JOIN pg_proc p ON p.pronamespace = n.oid AND p.proname = hooks.hook AND p.proowner = to_regrole('bourse_owner')
    ORDER BY m.place;
END
$$;
COMMENT ON FUNCTION bourse_private.hooks(text) IS
'The schemas that have a function of this name, in the order of their layers, and its quoted name';

CREATE FUNCTION bourse_private.declared_tables() RETURNS TABLE (
    module text, name text, relation regclass, is_audited boolean, engine_written boolean, on_erasure text,
    is_queue boolean, time_column text, partition_by text, keep interval)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    declaring record;
    said bourse.declared_table[];
    modules text[] := '{}';
    declared bourse.declared_table[] := '{}';
BEGIN
    FOR declaring IN SELECT h.module, h.call FROM bourse_private.hooks('own_tables') h LOOP
        EXECUTE format('SELECT %s()', declaring.call) INTO said;
        modules := modules || array_fill(declaring.module, ARRAY[cardinality(said)]);
        declared := declared || said;
    END LOOP;
    RETURN QUERY
    SELECT t.module, coalesce(c.relname::text, t.name), c.oid::regclass, t.is_audited, t.engine_written, t.on_erasure,
           t.is_queue, t.time_column, t.partition_by, t.keep
    FROM unnest(modules, declared)
        t (module, name, is_audited, engine_written, on_erasure, is_queue, time_column, partition_by, keep)
    LEFT JOIN pg_class c ON c.relnamespace = to_regnamespace(quote_ident(t.module))
        AND c.relkind IN ('r', 'p') AND c.relowner = to_regrole('bourse_owner') AND CASE t.name
        WHEN '*' THEN NOT c.relispartition AND (t.module, c.relname::text) NOT IN (
            SELECT o.module, o.name FROM unnest(modules, declared) o (module, name))
        ELSE c.relname = t.name END
    WHERE t.name <> '*' OR c.oid IS NOT NULL;
END
$$;
COMMENT ON FUNCTION bourse_private.declared_tables() IS
'What all schemas declare of their tables; relation is NULL where there is no such table, or not one of bourse_owner. '
'What is declared of * is said of every table of bourse_owner that somebody else has made in the schema';

-- A monitor asks in a new session, where every plan is made anew: with no queue there is none to make.
CREATE FUNCTION bourse_private.queues() RETURNS TABLE (name text, relation regclass)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    declaring record;
    declared bourse.declared_table[];
    entry bourse.declared_table;
BEGIN
    FOR declaring IN SELECT h.module, h.call FROM bourse_private.hooks('own_tables') h LOOP
        EXECUTE format('SELECT %s()', declaring.call) INTO declared;
        FOREACH entry IN ARRAY declared LOOP
            CONTINUE WHEN NOT entry.is_queue;
            name := declaring.module || '.' || entry.name;
            relation := (SELECT c.oid FROM pg_class c
                         WHERE c.oid = to_regclass(format('%I.%I', declaring.module, entry.name))
                           AND c.relkind IN ('r', 'p') AND c.relowner = to_regrole('bourse_owner'));
            IF relation IS NOT NULL THEN
                RETURN NEXT;
            END IF;
        END LOOP;
    END LOOP;
END
$$;
COMMENT ON FUNCTION bourse_private.queues() IS
'The queues that all schemas declare by name and that are there as tables of bourse_owner: schema.table';

CREATE FUNCTION bourse_private.ask(hook text, result text) RETURNS SETOF record
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    asked record;
BEGIN
    FOR asked IN SELECT h.module, h.call FROM bourse_private.hooks(ask.hook) h LOOP
        RETURN QUERY EXECUTE format('SELECT %L::text, %s FROM %s() r', asked.module, ask.result, asked.call);
    END LOOP;
END
$$;
COMMENT ON FUNCTION bourse_private.ask(text, text) IS
'The rows of a hook of every schema that has it, the schema before the columns that are named as r.…';

-- audit.verify() asks about every erased row: PL/pgSQL, here and below it, keeps its plans.
CREATE FUNCTION bourse_private.on_erasure_of(table_name text) RETURNS text
LANGUAGE plpgsql STABLE STRICT SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    declaring regproc := to_regproc(format('%I.own_tables', split_part(table_name, '.', 1) || '_private'));
    own_name text := substr(table_name, strpos(table_name, '.') + 1);
    declared bourse.declared_table[];
    entry bourse.declared_table;
    said text;
BEGIN
    IF NOT EXISTS (SELECT FROM pg_proc p WHERE p.oid = declaring AND p.proowner = to_regrole('bourse_owner')) THEN
        RETURN NULL;
    END IF;
    EXECUTE format('SELECT %s()', declaring) INTO declared;
    FOREACH entry IN ARRAY declared LOOP
        IF entry.name = own_name THEN
            RETURN entry.on_erasure;
        ELSIF entry.name = '*' THEN
            said := entry.on_erasure;
        END IF;
    END LOOP;
    RETURN said;
END
$$;
COMMENT ON FUNCTION bourse_private.on_erasure_of(text) IS
'What its schema has declared that becomes of a person''s rows in a table (schema.table): delete, keep, redact; NULL: '
'nothing, as of a table of somebody else';

CREATE FUNCTION bourse_private.log_activity(user_id bigint, action text, resource_type text, resource_id text,
                                            details jsonb) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    written bigint;
BEGIN
    EXECUTE format('SELECT %s($1, $2, $3, $4, $5)', (SELECT h.call FROM bourse_private.hooks('write_activity') h))
        INTO written USING user_id, action, resource_type, resource_id, details;
    RETURN written;
END
$$;
COMMENT ON FUNCTION bourse_private.log_activity(bigint, text, text, text, jsonb) IS
'Adds a row to the activities, which a schema above keeps, for schemas below it that have checked their caller. '
'Returns its id';

CREATE FUNCTION bourse_private.log_change(action text, table_name text, record_id text, subject_id bigint,
                                          old_values jsonb, new_values jsonb) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    written bigint;
BEGIN
    EXECUTE format('SELECT %s($1, $2, $3, $4, $5, $6)', (SELECT h.call FROM bourse_private.hooks('write_log') h))
        INTO written USING action, table_name, record_id, subject_id, old_values, new_values;
    RETURN written;
END
$$;
COMMENT ON FUNCTION bourse_private.log_change(text, text, text, bigint, jsonb, jsonb) IS
'Adds a row to the trail of changes, as log_activity() does to the activities';
