-- The end of the trail: its oldest month is exported and dropped. The seals of its transactions stay, so that nothing
-- else can go in its name: what is kept of a month says which seals it answers for, and is itself the head of a seal.

CREATE FUNCTION audit_private.add_line(digest bytea, line jsonb) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, audit, pg_temp AS $$
BEGIN
    RETURN sha256(digest || sha256(convert_to(line::text, 'UTF8')));
END
$$;
COMMENT ON FUNCTION audit_private.add_line(bytea, jsonb) IS 'The transition of export_digest()';

CREATE FUNCTION audit_private.told_digest(digest bytea) RETURNS text
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE SET search_path = pg_catalog, audit, pg_temp AS $$
BEGIN
    RETURN encode(digest, 'hex');
END
$$;
COMMENT ON FUNCTION audit_private.told_digest(bytea) IS 'The result of export_digest()';

CREATE AGGREGATE audit.export_digest(line jsonb) (
    SFUNC = audit_private.add_line, STYPE = bytea, INITCOND = '', FINALFUNC = audit_private.told_digest,
    PARALLEL = SAFE);
COMMENT ON AGGREGATE audit.export_digest(jsonb) IS
'The digest of exported lines in the order in which they come, as 64 hexadecimal digits, of none an empty text: '
'SHA-256 of the digest of the lines before and the SHA-256 of this one. What audit.dropped_months.digest keeps is that '
'of export_month()';
GRANT EXECUTE ON FUNCTION audit.export_digest(jsonb) TO bourse_viewer, bourse_worker;

-- A month goes by the name of its end: the first partition may begin long before.
CREATE FUNCTION audit_private.require_month(log text, month date, OUT partition regclass, OUT lower timestamptz,
                                            OUT upper timestamptz)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, audit, pg_temp SET timezone = 'UTC' AS $$
BEGIN
    PERFORM bourse_private.require_given('log', log);
    PERFORM bourse_private.require_given('month', month::text);
    IF log NOT IN ('audit_logs', 'activity_logs') THEN
        PERFORM bourse.refuse('22023', format('%s is no log', bourse_private.quoted(log)),
                              'Give audit_logs or activity_logs.');
    END IF;
    SELECT p.partition, p.lower, p.upper INTO partition, lower, upper
    FROM bourse_private.partitions(format('audit.%I', log)::regclass) p
    WHERE p.upper = date_trunc('month', month::timestamptz) + interval '1 month';
    IF partition IS NULL THEN
        PERFORM bourse.refuse('42704', format('%s has no partition of %s', log, to_char(month, 'YYYY-MM')),
            'SELECT * FROM audit.months() names those that there are; bourse.maintain() makes them.');
    END IF;
END
$$;
COMMENT ON FUNCTION audit_private.require_month(text, date) IS
'The partition of a log that ends with a month of UTC (22004, 22023, 42704)';

CREATE FUNCTION audit.months() RETURNS TABLE (log text, month date, since timestamptz, until timestamptz, bytes bigint,
                                              state text)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp SET timezone = 'UTC' AS $$
#variable_conflict use_column
BEGIN
    PERFORM bourse.require_installed();
    RETURN QUERY
    SELECT c.relname::text, (p.upper - interval '1 month')::date, nullif(p.lower, '-infinity'), p.upper,
           pg_total_relation_size(p.partition),
           CASE WHEN p.upper IS NULL THEN 'default' WHEN p.upper <= clock_timestamp() THEN 'ended' ELSE 'open' END
    FROM pg_class c CROSS JOIN LATERAL bourse_private.partitions(c.oid) p
    WHERE c.oid IN ('audit.audit_logs'::regclass, 'audit.activity_logs'::regclass)
    UNION ALL
    SELECT m.log, m.month, NULL, (m.month + interval '1 month')::timestamptz, 0::bigint, 'dropped'
    FROM audit.dropped_months m
    ORDER BY 1, 4;
END
$$;
COMMENT ON FUNCTION audit.months() IS
'The months of both logs: month, its first day in UTC; since, until: what the partition takes (since NULL: all that '
'came before; month and until NULL: what has no partition of its own), bytes: its size with indexes; state: dropped, '
'ended, open, or default. 55000 before install()';
GRANT EXECUTE ON FUNCTION audit.months() TO bourse_admin, bourse_worker, bourse_monitor;

-- The settings are those of the session that drops, or exports: times in UTC, bytes as hexadecimal digits.
CREATE FUNCTION audit_private.month_lines(partition regclass) RETURNS SETOF jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, audit, pg_temp SET timezone = 'UTC' SET extra_float_digits = 1
SET datestyle = 'ISO, MDY' SET bytea_output = 'hex' AS $$
BEGIN
    RETURN QUERY EXECUTE format('SELECT to_jsonb(l) FROM %s l ORDER BY l.id', bourse_private.quoted_name(partition));
END
$$;
COMMENT ON FUNCTION audit_private.month_lines(regclass) IS
'The rows of a partition of a log as JSON, by id, whatever the session has set';

CREATE FUNCTION audit.export_month(log text, month date) RETURNS SETOF jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM bourse.require_installed();
    RETURN QUERY SELECT l.* FROM audit_private.month_lines(
        (SELECT p.partition FROM audit_private.require_month(log, month) p)) l (line);
END
$$;
COMMENT ON FUNCTION audit.export_month(text, date) IS
'Every row of a log (audit_logs, activity_logs) of the partition that ends with this month of UTC (any day of it), '
'with all its columns as JSON, by id: the same text each time. 22004 an argument is NULL, 22023 no log, 42704 no such '
'month';
GRANT EXECUTE ON FUNCTION audit.export_month(text, date) TO bourse_admin;

CREATE FUNCTION audit_private.month_hash(kept jsonb) RETURNS bytea
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, audit, pg_temp AS $$
BEGIN
    RETURN sha256(array_send(ARRAY['dropped_months'::bytea, convert_to((kept - 'hash')::text, 'UTF8')]));
END
$$;
COMMENT ON FUNCTION audit_private.month_hash(jsonb) IS
'The closing hash of a month: SHA-256 of the row of dropped_months that is kept of it, as JSON with its time in UTC';

CREATE FUNCTION audit_private.crossings() RETURNS TABLE (
    log text, month date, cluster bigint, transaction_id bigint, first integer, last integer, hash bytea)
LANGUAGE sql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
    SELECT m.log, m.month, c.cluster, c.transaction_id, c.first, c.last, decode(c.hash, 'hex')
    FROM audit.dropped_months m
    CROSS JOIN LATERAL jsonb_to_recordset(m.crossing)
        AS c (cluster bigint, transaction_id bigint, first integer, last integer, hash text)
$$;
COMMENT ON FUNCTION audit_private.crossings() IS
'The transactions of which dropped months had a part: from which place to which, and the hash there';

CREATE FUNCTION audit_private.last_crossings() RETURNS TABLE (
    log text, cluster bigint, transaction_id bigint, last integer, hash bytea)
LANGUAGE sql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
    SELECT DISTINCT ON (c.log, c.cluster, c.transaction_id) c.log, c.cluster, c.transaction_id, c.last, c.hash
    FROM audit_private.crossings() c ORDER BY c.log, c.cluster, c.transaction_id, c.last DESC
$$;
COMMENT ON FUNCTION audit_private.last_crossings() IS
'The last place of each of crossings() that is not there any more';

CREATE FUNCTION audit_private.dropped_chains() RETURNS TABLE (seal bigint, log text, month date, gone integer)
LANGUAGE sql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
    SELECT s.id, s.log, m.month, coalesce(c.last, s.length)
    FROM audit.dropped_months m
    JOIN audit.seals s ON s.log = m.log AND s.first_id BETWEEN m.first_chain AND m.last_chain
        AND s.first_id <> ALL (m.others)
    LEFT JOIN audit_private.last_crossings() c ON c.log = s.log AND c.cluster = s.cluster
        AND c.transaction_id = s.transaction_id
$$;
COMMENT ON FUNCTION audit_private.dropped_chains() IS
'The sealed transactions that began in a month that has been dropped, and how many of their rows went with it and with '
'the months after';

CREATE FUNCTION audit_private.verify_months() RETURNS TABLE (check_name text, subject text, expected text, actual text)
LANGUAGE sql STABLE SET search_path = pg_catalog, audit, pg_temp SET timezone = 'UTC' AS $$
    WITH sealed AS (
        SELECT substr(s.log, 9) AS log, to_date(s.transaction_id::text, 'YYYYMM') AS month, s.head
        FROM audit.seals s WHERE s.log IN ('dropped activity_logs', 'dropped audit_logs')
    ), told AS (
        SELECT log, month, s.head, m.hash, m.rows, m.chains,
               CASE WHEN m.log IS NOT NULL THEN audit_private.month_hash(to_jsonb(m)) END AS computed
        FROM sealed s FULL JOIN audit.dropped_months m USING (log, month)
    ), parts AS (
        SELECT c.log, c.month, s.cluster, s.transaction_id, 1 AS begun, s.length AS rows
        FROM audit_private.dropped_chains() c JOIN audit.seals s ON s.id = c.seal
        WHERE NOT EXISTS (SELECT FROM audit_private.crossings() x
                          WHERE x.log = c.log AND x.month = c.month AND x.cluster = s.cluster
                            AND x.transaction_id = s.transaction_id)
        UNION ALL
        SELECT x.log, x.month, x.cluster, x.transaction_id, (x.first = 1)::integer, x.last - x.first + 1
        FROM audit_private.crossings() x
    ), counted AS (
        SELECT p.log, p.month, sum(p.begun) AS chains, sum(p.rows) AS rows FROM parts p GROUP BY p.log, p.month
    )
    SELECT k.check_name, format('%s of %s', t.log, to_char(t.month, 'YYYY-MM')), k.expected, k.actual
    FROM told t LEFT JOIN counted c USING (log, month)
    CROSS JOIN LATERAL (VALUES
        ('month_is_sealed', t.head = t.hash AND t.hash = t.computed, coalesce(encode(t.head, 'hex'), 'none'),
         coalesce(encode(CASE WHEN t.hash = t.head THEN t.computed ELSE t.hash END, 'hex'), 'none')),
        -- What is not sealed as it stands there counts for nothing.
        ('month_is_complete', t.head IS DISTINCT FROM t.hash OR t.hash IS DISTINCT FROM t.computed
         OR (t.chains, t.rows) = (coalesce(c.chains, 0), coalesce(c.rows, 0)),
         format('%s rows of %s transactions', coalesce(c.rows, 0), coalesce(c.chains, 0)),
         format('%s rows of %s', t.rows, t.chains))
    ) AS k (check_name, holds, expected, actual)
    WHERE k.holds IS NOT TRUE
    ORDER BY t.log, t.month
$$;
COMMENT ON FUNCTION audit_private.verify_months() IS
'The part of verify() that compares what is kept of dropped months with the seals';

-- Whoever drops what does not verify would hide it.
CREATE FUNCTION audit_private.month_problem(log text, partition regclass, lower timestamptz, upper timestamptz)
RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    problem text;
BEGIN
    EXECUTE format($sql$
        SELECT CASE WHEN s.id IS NULL THEN format('transaction %%s is not sealed', c.transaction_id)
                    ELSE format('the rows of transaction %%s are not those that were sealed', c.transaction_id) END
        FROM (SELECT l.cluster, l.transaction_id, count(*) AS rows, min(l.position) AS first, max(l.position) AS last,
                     min(l.id) AS first_id FROM %1$s l GROUP BY l.cluster, l.transaction_id) c
        LEFT JOIN audit.seals s ON s.log = $1 AND s.cluster = c.cluster AND s.transaction_id = c.transaction_id
        LEFT JOIN audit_private.last_crossings() x ON x.log = $1 AND x.cluster = c.cluster
            AND x.transaction_id = c.transaction_id
        WHERE (c.first = coalesce(x.last, 0) + 1 AND c.rows = c.last - c.first + 1 AND c.last <= s.length
               AND (c.first > 1 OR c.first_id = s.first_id)
               AND (c.last < s.length OR s.head = (SELECT e.hash FROM %1$s e WHERE e.cluster = c.cluster
                    AND e.transaction_id = c.transaction_id AND e.position = c.last))) IS NOT TRUE
        ORDER BY s.id IS NULL DESC, c.transaction_id LIMIT 1 $sql$, bourse_private.quoted_name(partition))
        INTO problem USING log;
    IF problem IS NULL THEN
        SELECT format('%s of %s does not hold', r.check_name, r.subject) INTO problem
        FROM audit_private.verify_rows(log, lower, upper) r LIMIT 1;
    END IF;
    RETURN problem;
END
$$;
COMMENT ON FUNCTION audit_private.month_problem(text, regclass, timestamptz, timestamptz) IS
'Why the rows of a partition cannot be closed: one is not sealed, or not as it was; NULL: they can';

CREATE FUNCTION audit_private.closing(log text, month date, partition regclass) RETURNS jsonb
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, audit, pg_temp SET timezone = 'UTC' AS $$
#variable_conflict use_variable
DECLARE
    kept audit.dropped_months;
    begun bigint[];
    missing bigint;
BEGIN
    EXECUTE format($sql$
        SELECT coalesce(sum(c.rows), 0), min(c.lowest), max(c.highest), count(*) FILTER (WHERE c.first = 1),
               min(c.lowest) FILTER (WHERE c.first = 1), max(c.lowest) FILTER (WHERE c.first = 1),
               coalesce(jsonb_agg(jsonb_build_object(
                   'cluster', c.cluster, 'transaction_id', c.transaction_id, 'first', c.first, 'last', c.last,
                   'hash', (SELECT encode(e.hash, 'hex') FROM %1$s e WHERE e.cluster = c.cluster
                            AND e.transaction_id = c.transaction_id AND e.position = c.last))
                   ORDER BY c.cluster, c.transaction_id) FILTER (WHERE c.first > 1 OR c.last < s.length), '[]')
        FROM (SELECT l.cluster, l.transaction_id, count(*) AS rows, min(l.position) AS first, max(l.position) AS last,
                     min(l.id) AS lowest, max(l.id) AS highest FROM %1$s l GROUP BY l.cluster, l.transaction_id) c
        JOIN audit.seals s ON s.log = $1 AND s.cluster = c.cluster AND s.transaction_id = c.transaction_id
        $sql$, bourse_private.quoted_name(partition))
        INTO kept.rows, kept.first_id, kept.last_id, kept.chains, kept.first_chain, kept.last_chain, kept.crossing
        USING log;
    EXECUTE format($sql$
        SELECT coalesce(array_agg(s.first_id ORDER BY s.first_id), '{}'),
               min(s.first_id) FILTER (WHERE NOT EXISTS (SELECT FROM audit.%1$I l WHERE l.id = s.first_id)
                   AND s.id NOT IN (SELECT d.seal FROM audit_private.dropped_chains() d))
        FROM audit.seals s WHERE s.log = $1 AND s.first_id BETWEEN $2 AND $3
          AND NOT EXISTS (SELECT FROM %2$s l WHERE l.id = s.first_id AND l.position = 1)
        $sql$, log, bourse_private.quoted_name(partition))
        INTO kept.others, missing USING log, kept.first_chain, kept.last_chain;
    IF missing IS NOT NULL THEN
        PERFORM bourse.refuse('55000', format('row %s of %s was sealed and is missing', missing, log),
                              'SELECT * FROM audit.verify() names what is wrong; nothing is dropped before.');
    END IF;
    kept.log := log;
    kept.month := month;
    kept.digest := (SELECT audit.export_digest(l.line) FROM audit_private.month_lines(partition) l (line));
    kept.dropped_at := clock_timestamp();
    kept.hash := audit_private.month_hash(to_jsonb(kept));
    RETURN to_jsonb(kept);
END
$$;
COMMENT ON FUNCTION audit_private.closing(text, date, regclass) IS
'What is to be kept of the rows of a partition, all of which are sealed (55000: rows between them are missing)';

CREATE FUNCTION audit_private.require_oldest(log text, partition regclass, lower timestamptz) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    older boolean;
    erasures bigint := 0;
BEGIN
    EXECUTE format('SELECT EXISTS (SELECT FROM audit.%I l WHERE l."timestamp" < $1)', log) INTO older USING lower;
    IF older THEN
        PERFORM bourse.refuse('55000', format('%s has rows from before %s', log,
                                             to_char(lower AT TIME ZONE 'UTC', 'YYYY-MM-DD')),
                              'Drop its months in their order: SELECT * FROM audit.months().');
    END IF;
    IF log = 'audit_logs' THEN
        EXECUTE format('SELECT count(*) FROM audit.activity_logs a JOIN %s l ON l.id = a.erased_by',
                       bourse_private.quoted_name(partition)) INTO erasures;
    END IF;
    IF erasures > 0 THEN
        PERFORM bourse.refuse('55000',
            format('%s rows of activity_logs have been erased in the name of rows of this month', erasures),
            'Drop the months of activity_logs up to this one first.');
    END IF;
END
$$;
COMMENT ON FUNCTION audit_private.require_oldest(text, regclass, timestamptz) IS
'Refuses to drop a month while rows are there that need it: older ones, and what was erased in its name (55000)';

-- First what takes long, with readers and the writers of other months at work; then locks that bar everybody.
CREATE FUNCTION audit_private.before_drop(relation regclass, partition regclass, lower timestamptz, upper timestamptz)
RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, audit, pg_temp SET timezone = 'UTC' AS $$
#variable_conflict use_variable
DECLARE
    log text := (SELECT c.relname FROM pg_class c WHERE c.oid = relation);
    month date := upper - interval '1 month';
    problem text;
    kept audit.dropped_months;
BEGIN
    EXECUTE format('LOCK TABLE %s IN EXCLUSIVE MODE', bourse_private.quoted_name(partition));
    PERFORM audit_private.require_oldest(log, partition, lower);
    problem := audit_private.month_problem(log, partition, lower, upper);
    IF problem IS NOT NULL THEN
        PERFORM bourse.refuse('55000', format('%s of %s: %s', log, to_char(month, 'YYYY-MM'), problem),
                              'SELECT audit.seal() seals what has ended; SELECT * FROM audit.verify() tells the rest.');
    END IF;
    kept := jsonb_populate_record(NULL::audit.dropped_months, audit_private.closing(log, month, partition));
    PERFORM audit_private.write_log('DROP', 'audit.' || log, to_char(month, 'YYYY-MM'), NULL, NULL,
                                    jsonb_build_object('rows', kept.rows, 'hash', encode(kept.hash, 'hex')));
    LOCK TABLE audit.seals IN SHARE ROW EXCLUSIVE MODE;
    INSERT INTO audit.dropped_months SELECT (kept).*;
    PERFORM audit_private.seal_month(log, month, kept.hash, kept.dropped_at);
END
$$;
COMMENT ON FUNCTION audit_private.before_drop(regclass, regclass, timestamptz, timestamptz) IS
'Closes a month of a log that bourse_private.drop_partition() is about to take out: keeps what audit.dropped_months '
'holds, and seals it (55000: what is not sealed, does not verify, or is not the oldest)';

CREATE FUNCTION audit_private.seal_month(log text, month date, head bytea, moment timestamptz) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, audit, pg_temp AS $$
    INSERT INTO audit.seals
    SELECT n.id, n.log, n.cluster, n.month, 0, 0, head, 0, 0, moment,
           audit_private.seal_hash(n.previous, n.id, n.log, n.cluster, n.month, 0, 0, head, 0, 0, moment)
    FROM (SELECT s.id + 1 AS id, s.hash AS previous, 'dropped ' || seal_month.log AS log,
                 c.system_identifier AS cluster, to_char(seal_month.month, 'YYYYMM')::bigint AS month
          FROM pg_control_system() c CROSS JOIN (SELECT l.id, l.hash FROM audit.seals l ORDER BY l.id DESC LIMIT 1) s) n
$$;
COMMENT ON FUNCTION audit_private.seal_month(text, date, bytea, timestamptz) IS
'Adds the seal that says: this month has been dropped. For before_drop() only';

CREATE FUNCTION audit.drop_month(log text, month date, digest text) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp SET timezone = 'UTC'
SET lock_timeout = '500ms' AS $$
#variable_conflict use_variable
DECLARE
    part record;
    policy record;
    kept record;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_read_committed('drop_month()');
    PERFORM bourse_private.require_given('digest', digest);
    part := audit_private.require_month(log, month);
    SELECT bourse_private.keep_since(clock_timestamp(), greatest(p.keep, interval '1 day')) AS oldest,
           p.old_partitions = 'detach' AS is_kept INTO policy
    FROM bourse.policies p WHERE p.schema_name = 'audit' AND p.table_name = log AND p.name = 'all';
    IF part.upper > coalesce(policy.oldest, clock_timestamp() - interval '1 day') THEN
        PERFORM bourse.refuse('55000', format('%s of %s is too young', log, to_char(month, 'YYYY-MM')),
            'A month can go a day after its end, or when it is as old as keep in bourse.policies says.');
    END IF;
    PERFORM bourse_private.drop_partition(format('audit.%I', log)::regclass, part.partition, part.lower, part.upper,
                                          coalesce(policy.is_kept, false));
    SELECT m.digest, m.hash INTO kept FROM audit.dropped_months m
    WHERE m.log = log AND m.month = (part.upper - interval '1 month')::date;
    IF kept.digest <> digest THEN
        PERFORM bourse.refuse('55000', format('the rows of %s of %s have the digest %s, not %s', log,
            to_char(month, 'YYYY-MM'), kept.digest, bourse_private.quoted(digest)),
            'Export them again: what has been erased since is not in them any more. Nothing has been dropped.');
    END IF;
    RETURN encode(kept.hash, 'hex');
END
$$;
COMMENT ON FUNCTION audit.drop_month(text, date, text) IS
'Drops the oldest month of a log (audit_logs, activity_logs), with all that came before it, once it is exported: '
'digest is export_digest() of the exported lines. Row count, first and last number, digest and closing hash stay in '
'audit.dropped_months, and are sealed; verify() accepts just that. Returns the closing hash, 64 hexadecimal digits. '
'Reads every row of the month and checks it. 22004 an argument is NULL, 22023 no log, 25001 not under READ COMMITTED, '
'42704 no such month, 55000 it is too young, not sealed, does not verify, is not the oldest, or has another digest, '
'55P03 somebody works with it: try again';
GRANT EXECUTE ON FUNCTION audit.drop_month(text, date, text) TO bourse_admin;
