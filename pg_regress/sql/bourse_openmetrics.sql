-- The figures as OpenMetrics text: every line is what the format knows, families are whole, what people write is
-- quoted.
CREATE ROLE openmetrics_monitor LOGIN IN ROLE bourse_monitor;
INSERT INTO bourse.chores VALUES (E'a "chore" \\ of\ntwo lines', now(), true, '{}');
SET ROLE openmetrics_monitor;
CREATE TEMPORARY TABLE written AS
SELECT n, line FROM regexp_split_to_table(bourse.openmetrics(), E'\n') WITH ORDINALITY t (line, n);
SELECT line FROM written WHERE line ~ 'chore_problems' ORDER BY n;
SELECT line FROM written WHERE line ~ '^# .* (exchange_trades|bourse_database_bytes|bourse_temp_bytes)( |$)' ORDER BY n;
SELECT line FROM written ORDER BY n DESC LIMIT 1;

-- No line but comments and samples.
SELECT line FROM written WHERE line !~
    '^(# TYPE [a-z_]+ (gauge|counter)|# UNIT [a-z_]+_(seconds|bytes) (seconds|bytes)|# HELP [a-z_]+ .+|# EOF)$'
AND line !~ ('^[a-z_]+\{[a-z_]+="([^"\\]|\\["\\n])*"(,[a-z_]+="([^"\\]|\\["\\n])*")*\} '
             || '(-?[0-9]+(\.[0-9]+)?|[-+]Inf|NaN)$');
-- Each family has one TYPE and one HELP, before its samples, and they stand together.
CREATE TEMPORARY TABLE families AS
SELECT n, coalesce(substring(line FROM '^# [A-Z]+ ([a-z_]+)'),
                   regexp_replace(substring(line FROM '^[a-z_]+'), '_total$', '')) AS family,
       substring(line FROM '^# ([A-Z]+)') AS kind, line
FROM written WHERE line <> '# EOF';
SELECT family FROM families GROUP BY family
HAVING count(*) FILTER (WHERE kind = 'TYPE') <> 1 OR count(*) FILTER (WHERE kind = 'HELP') <> 1
    OR max(n) FILTER (WHERE kind IS NOT NULL) > min(n) FILTER (WHERE kind IS NULL)
    OR max(n) - min(n) + 1 <> count(*);
-- A counter ends in _total, nothing else does; no sample comes twice.
SELECT family FROM families GROUP BY family
HAVING bool_or(line ~ ' counter$') <> bool_or(kind IS NULL AND line ~ '^[a-z_]+_total\{');
SELECT substring(line FROM '^[^ ]+') AS sample FROM families WHERE kind IS NULL GROUP BY 1 HAVING count(*) > 1;
-- All of metrics() is there, and what alerts() says.
SELECT count(*) = 0 AS complete FROM (
    SELECT regexp_replace(m.name, '_total$', '') FROM bourse.metrics() m EXCEPT SELECT f.family FROM families f
) missing;
SELECT line FROM written WHERE line ~ '^bourse_alert.*late' ORDER BY n;
SELECT s.severity, count(w.line) AS lines
FROM unnest('{critical,warning}'::text[]) s (severity) LEFT JOIN written w
    ON w.line = format('bourse_alerts{database="%s",severity="%s"} %s', current_database(), s.severity,
                       (SELECT count(*) FROM bourse.alerts() a WHERE a.severity = s.severity))
GROUP BY s.severity ORDER BY s.severity;
RESET ROLE;
-- What stands in a HELP is quoted too.
BEGIN;
CREATE OR REPLACE FUNCTION audit_private.own_help() RETURNS TABLE (name text, help text) LANGUAGE sql IMMUTABLE AS
$$ VALUES ('audit_log_bytes', E'Bytes of "logs"\ntwo \\ lines') $$;
SELECT line FROM regexp_split_to_table(bourse.openmetrics(), E'\n') line WHERE line ~ '^# HELP audit_log';
ROLLBACK;

-- What cannot be said has no value, what is beyond all has one.
SELECT bourse_private.openmetrics_sample('x', v, NULL) FROM unnest('{1.50,Infinity,-Infinity,NaN,-0.0}'::numeric[]) v;
SELECT bourse_private.openmetrics_sample('x', 1, '{"a b": "c", "9": null, "d": "e", "9th": "f"}');
DROP TABLE written, families;
DROP ROLE openmetrics_monitor;
