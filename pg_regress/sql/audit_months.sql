-- A month of the trail: exported, dropped with its closing hash kept, and accepted by verify(), which names whatever
-- else is missing.
CREATE FUNCTION pg_temp.maintain(at timestamptz) RETURNS TABLE (
    relation text, step text, target text, rows bigint, problem text)
LANGUAGE sql SECURITY DEFINER AS $$ SELECT * FROM bourse_private.maintain_at($1, 40) $$;
ALTER FUNCTION pg_temp.maintain(timestamptz) OWNER TO bourse_owner;
-- What was written in a month that is over: as write_log() would have, at the place in the chain of this transaction.
CREATE FUNCTION pg_temp.write(at timestamptz, place integer DEFAULT 1, previous bytea DEFAULT NULL) RETURNS bytea
LANGUAGE sql AS $$
    INSERT INTO audit.audit_logs (id, action, table_name, record_id, "timestamp", cluster, transaction_id, position,
                                  values_salt, values_digest, new_values, origin_salt, origin_digest, hash)
    SELECT f.id, 'INSERT', 'exchange.markets', 'ACL', at, f.cluster, f.xid, place, f.salt, f.values, '{"note": "a\\b"}',
           f.salt, f.origin, audit_private.log_hash(previous, f.cluster, f.xid, place, f.id, NULL, NULL, 'INSERT',
                                                    'exchange.markets', 'ACL', at, f.values, f.origin)
    FROM (SELECT nextval('audit.audit_logs_id_seq') AS id, s.salt, c.system_identifier AS cluster,
                 pg_current_xact_id()::text::bigint AS xid,
                 audit_private.values_digest(s.salt, NULL, '{"note": "a\\b"}') AS values,
                 audit_private.origin_digest(s.salt, NULL, NULL, NULL) AS origin
          FROM gen_random_uuid() AS s (salt), pg_control_system() c) f
    RETURNING hash $$;
-- January to April of 2025; one transaction over the end of January, one over the end of February.
SELECT step, target FROM pg_temp.maintain('2025-01-10') WHERE relation = 'audit.audit_logs';
SELECT pg_temp.write('2025-01-05 12:00Z') IS NOT NULL AS written;
SELECT pg_temp.write('2025-01-06 12:00Z') IS NOT NULL AS written;
SELECT pg_temp.write('2025-02-01 00:00:01Z', 2, pg_temp.write('2025-01-31 23:59:59.9Z')) IS NOT NULL AS written;
SELECT pg_temp.write('2025-02-10 12:00Z') IS NOT NULL AS written;
-- Its number was drawn before that of the one before.
SELECT pg_temp.write('2025-01-31 23:59:59.99Z') IS NOT NULL AS written;
SELECT pg_temp.write('2025-03-01 00:00:01Z', 3, pg_temp.write('2025-02-28 23:59:59.9Z', 2,
                     pg_temp.write('2025-02-28 23:59Z'))) IS NOT NULL AS written;
SELECT pg_temp.write('2025-03-10 12:00Z') IS NOT NULL AS written;
SELECT pg_temp.write('2025-04-10 12:00Z') IS NOT NULL AS written;
SELECT tableoid::regclass AS partition, count(*) FROM audit.audit_logs WHERE record_id = 'ACL' GROUP BY 1 ORDER BY 1;

-- What is not sealed stays.
SELECT audit.export_digest(line) AS digest FROM audit.export_month('audit_logs', '2025-01-20') AS e (line) \gset
SELECT regexp_replace(refusal(format('SELECT audit.drop_month(''audit_logs'', ''2025-01-20'', %L)', :'digest')),
                      'transaction \d+', 'transaction …');
SELECT audit.head() AS anchor \gset
SELECT * FROM audit.verify(:'anchor');

-- As lines of a file, the same at each time and whatever a session has set.
SELECT line - '{id,cluster,transaction_id,values_salt,values_digest,origin_salt,origin_digest,hash}'::text[] AS line
FROM audit.export_month('audit_logs', '2025-01-01') AS e (line);
SET timezone = 'Asia/Tokyo';
SET bytea_output = 'escape';
SET datestyle = 'German';
SELECT audit.export_digest(line) = :'digest' AS same FROM audit.export_month('audit_logs', '2025-01-31') AS e (line);
RESET timezone;
RESET bytea_output;
RESET datestyle;
CREATE TEMP TABLE exported (line jsonb);
INSERT INTO exported SELECT audit.export_month('audit_logs', '2025-01-01');
SELECT audit.export_digest(line ORDER BY (line ->> 'id')::bigint) = :'digest' AS same FROM exported;
SELECT audit.export_digest(line ORDER BY (line ->> 'id')::bigint) = :'digest' AS same FROM exported
WHERE line ->> 'timestamp' < '2025-01-06';
SELECT audit.export_digest(line ORDER BY (line ->> 'id')::bigint) = :'digest' AS same FROM exported
WHERE line ->> 'timestamp' >= '2025-01-06';

-- Refused: no such log or month, one that is too young, not the oldest, or of which something else was exported.
SELECT refusal('SELECT audit.drop_month(NULL, ''2025-01-01'', ''x'')');
SELECT refusal('SELECT audit.drop_month(''audit_logs'', NULL, ''x'')');
SELECT refusal('SELECT audit.drop_month(''audit_logs'', ''2025-01-01'', NULL)');
SELECT refusal('SELECT audit.drop_month(''seals'', ''2025-01-01'', ''x'')');
SELECT refusal('SELECT audit.export_month(''seals'', ''2025-01-01'')');
SELECT refusal('SELECT audit.drop_month(''audit_logs'', ''2024-01-01'', ''x'')');
SELECT refusal('SELECT audit.drop_month(''audit_logs'', ''2025-02-01'', ''x'')');
SELECT regexp_replace(refusal('SELECT audit.drop_month(''audit_logs'', ''2025-01-01'', ''x'')'), '[0-9a-f]{64}', '…');
UPDATE bourse.policies SET keep = '100 years' WHERE schema_name = 'audit' AND table_name = 'audit_logs';
SELECT refusal('SELECT audit.drop_month(''audit_logs'', ''2025-01-01'', ''x'')');
UPDATE bourse.policies SET keep = NULL WHERE schema_name = 'audit' AND table_name = 'audit_logs';
BEGIN ISOLATION LEVEL REPEATABLE READ;
SELECT refusal('SELECT audit.drop_month(''audit_logs'', ''2025-01-01'', ''x'')');
COMMIT;
CREATE ROLE months_worker LOGIN IN ROLE bourse_worker;
SET ROLE months_worker;
SELECT refusal('SELECT audit.drop_month(''audit_logs'', ''2025-01-01'', ''x'')');
SELECT refusal('SELECT audit.export_month(''audit_logs'', ''2025-01-01'')');
SELECT count(*) > 8 AS all_of_them FROM audit.months();
RESET ROLE;
DROP ROLE months_worker;

-- What was tampered with is not dropped: that would hide it.
CREATE FUNCTION pg_temp.tampered(change text, digest text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    answer text;
BEGIN
    SET LOCAL session_replication_role = replica;
    EXECUTE change;
    SET LOCAL session_replication_role = origin;
    answer := refusal(format('SELECT audit.drop_month(''audit_logs'', ''2025-01-01'', %L)', digest));
    RAISE EXCEPTION USING ERRCODE = 'P0002', MESSAGE = answer;
EXCEPTION WHEN no_data_found THEN
    RETURN regexp_replace(regexp_replace(SQLERRM, 'transaction \d+', 'transaction …'), 'audit_logs \d+|row \d+', '…');
END
$$;
SELECT pg_temp.tampered($$UPDATE audit.audit_logs SET new_values = '{}' WHERE "timestamp" = '2025-01-05 12:00Z'$$,
                        :'digest');
SELECT pg_temp.tampered($$UPDATE audit.audit_logs SET action = 'DELETE' WHERE "timestamp" = '2025-01-05 12:00Z'$$,
                        :'digest');
SELECT pg_temp.tampered($$
    UPDATE audit.audit_logs l SET action = 'DELETE', hash = audit_private.log_hash(
        NULL, l.cluster, l.transaction_id, 1, l.id, NULL, NULL, 'DELETE', l.table_name, l.record_id, l."timestamp",
        l.values_digest, l.origin_digest) WHERE "timestamp" = '2025-01-05 12:00Z' $$, :'digest');
SELECT pg_temp.tampered($$DELETE FROM audit.audit_logs WHERE "timestamp" = '2025-01-06 12:00Z'$$, :'digest');
SELECT pg_temp.tampered($$DELETE FROM audit.audit_logs WHERE "timestamp" = '2025-01-31 23:59:59.9Z'$$, :'digest');

-- Dropped, and accepted; what goes on in the next month still has to fit.
SELECT length(audit.drop_month('audit_logs', '2025-01-31', :'digest'));
SELECT log, month, rows, last_id - first_id AS span, chains, cardinality(others) AS others,
jsonb_array_length(crossing) AS crossing, digest = :'digest' AS same FROM audit.dropped_months;
SELECT action, table_name, record_id, new_values ->> 'rows' AS rows FROM audit.audit_logs WHERE action = 'DROP';
SELECT * FROM audit.verify(:'anchor');
SELECT audit.head() AS anchor \gset
SELECT month, state FROM audit.months() WHERE log = 'audit_logs' AND month < '2026-01-01';
SELECT refusal('SELECT audit.export_month(''audit_logs'', ''2025-01-01'')');
SELECT audit.export_digest(line) AS digest FROM audit.export_month('audit_logs', '2025-02-01') AS e (line) \gset
SELECT length(audit.drop_month('audit_logs', '2025-02-01', :'digest'));
SELECT log, month, rows, last_id - first_id AS span, chains, cardinality(others) AS others,
jsonb_array_length(crossing) AS crossing FROM audit.dropped_months ORDER BY log, month;
SELECT * FROM audit.verify(:'anchor');
SELECT audit.head() AS anchor \gset

-- Nothing else is accepted.
CREATE FUNCTION pg_temp.found(change text, anchor text) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    findings text[];
BEGIN
    SET LOCAL session_replication_role = replica;
    SET LOCAL timezone = 'UTC';
    EXECUTE change;
    SET LOCAL session_replication_role = origin;
    findings := ARRAY(SELECT v.check_name || ' ' || regexp_replace(v.subject, '\d{2,3}$', '…')
                      FROM audit.verify(anchor) v);
    RAISE EXCEPTION USING ERRCODE = 'P0002', MESSAGE = 'undo';
EXCEPTION WHEN no_data_found THEN
    RETURN QUERY SELECT unnest(findings);
END
$$;
-- A month behind its back, with and without a word about it.
SELECT * FROM pg_temp.found('DROP TABLE audit.audit_logs_y2025m03', :'anchor');
SELECT * FROM pg_temp.found($$
    DROP TABLE audit.audit_logs_y2025m03;
    INSERT INTO audit.dropped_months
    SELECT 'audit_logs', '2025-03-01', 2, 1, 99, 1, 1, 99, others, crossing, digest, hash, now()
    FROM audit.dropped_months WHERE month = '2025-01-01' $$, :'anchor');
-- A row; the rest of a transaction that came from a month before; its last part.
SELECT * FROM pg_temp.found($$DELETE FROM audit.audit_logs WHERE "timestamp" = '2025-03-10 12:00Z'$$, :'anchor');
SELECT * FROM pg_temp.found($$DELETE FROM audit.audit_logs WHERE "timestamp" = '2025-03-01 00:00:01Z'$$, :'anchor');
SELECT * FROM pg_temp.found($$UPDATE audit.audit_logs SET record_id = 'x' WHERE "timestamp" = '2025-03-01 00:00:01Z'$$,
                            :'anchor');
-- A closing hash; how many rows there were; the word about a month; its seal.
SELECT * FROM pg_temp.found($$UPDATE audit.dropped_months SET hash = sha256('x') WHERE month = '2025-02-01'$$,
                            :'anchor');
SELECT * FROM pg_temp.found($$UPDATE audit.dropped_months SET rows = rows + 1 WHERE month = '2025-02-01'$$, :'anchor');
SELECT * FROM pg_temp.found($$UPDATE audit.dropped_months SET digest = repeat('0', 64) WHERE month = '2025-02-01'$$,
                            :'anchor');
SELECT * FROM pg_temp.found($$DELETE FROM audit.dropped_months WHERE month = '2025-02-01'$$, :'anchor');
SELECT * FROM pg_temp.found($$DELETE FROM audit.seals WHERE log = 'dropped audit_logs' AND transaction_id = 202502$$,
                            :'anchor');
-- A seal that fits what is false: the numbers do not.
SELECT * FROM pg_temp.found($$
    UPDATE audit.dropped_months SET rows = 99 WHERE month = '2025-02-01';
    UPDATE audit.dropped_months m SET hash = audit_private.month_hash(to_jsonb(m)) WHERE m.month = '2025-02-01';
    UPDATE audit.seals s SET head = m.hash FROM audit.dropped_months m
    WHERE m.month = '2025-02-01' AND s.log = 'dropped audit_logs' AND s.transaction_id = 202502 $$, NULL);
-- Nobody changes what is kept.
SELECT refusal('UPDATE audit.dropped_months SET rows = 0');
SELECT refusal('DELETE FROM audit.dropped_months');
SELECT refusal('TRUNCATE audit.dropped_months');
SELECT refusal('DELETE FROM audit.audit_logs_y2025m03');
SELECT refusal('TRUNCATE audit.audit_logs_y2025m03');

-- maintain() drops in the same way what a policy has become too old for; a policy may keep the table.
UPDATE bourse.policies SET keep = '90 days', old_partitions = 'detach'
WHERE schema_name = 'audit' AND table_name = 'audit_logs';
SELECT step, target, problem FROM pg_temp.maintain('2025-07-01') WHERE step LIKE 'detach%';
SELECT count(*) FROM audit.audit_logs_y2025m03;
SELECT log, month, rows FROM audit.dropped_months ORDER BY log, month;
SELECT * FROM audit.verify(:'anchor');

-- What was erased in the name of a row of a month keeps it; its activities go first.
INSERT INTO identity.users (name) VALUES ('leaver') RETURNING id AS leaver \gset
SELECT audit.log_activity(:leaver, 'login') > 0 AS logged;
SELECT identity.erase_user(:leaver, 'asked') IS NOT NULL AS erased;
SELECT audit.seal() > 0 AS sealed;
SELECT refusal('SELECT audit_private.require_oldest(''audit_logs'', ''audit.audit_logs_default'', ''-infinity'')');
