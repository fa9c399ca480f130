-- The lines of sql/<schema>/tables.sql: schema and text, in order. What PostgreSQL does by itself is not told.
SET search_path = pg_catalog;

-- What is described: tables, views and sequences of the schemas of the extension. Partitions come and go with time, and
-- the sequence of an identity column belongs to the column.
CREATE TEMP VIEW relations AS
SELECT c.oid, n.nspname AS schema, c.relname AS name, format('%I.%I', n.nspname, c.relname) AS relation,
       c.relkind AS kind, pg_get_userbyid(c.relowner) AS owner, obj_description(c.oid, 'pg_class') AS comment,
       c.reloptions AS options,
       c.relpersistence, c.relrowsecurity, c.relforcerowsecurity, c.relreplident, c.relacl
FROM pg_class c
JOIN pg_namespace n ON n.oid = c.relnamespace
JOIN pg_depend m ON m.classid = 'pg_namespace'::regclass AND m.objid = n.oid AND m.deptype = 'e'
JOIN pg_extension e ON e.oid = m.refobjid AND m.refclassid = 'pg_extension'::regclass AND e.extname = 'pg_bourse'
WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND NOT c.relispartition
  AND NOT EXISTS (SELECT FROM pg_depend d
                  WHERE d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'i' AND c.relkind = 'S');

-- The parts of what a sequence does otherwise than one that is made without a word.
CREATE TEMP VIEW sequences AS
SELECT s.seqrelid AS oid, nullif(concat_ws(' ',
    'AS ' || nullif(format_type(s.seqtypid, NULL), 'bigint'), 'START ' || nullif(s.seqstart, 1),
    'INCREMENT ' || nullif(s.seqincrement, 1), 'CACHE ' || nullif(s.seqcache, 1),
    CASE WHEN s.seqcycle THEN 'CYCLE' END), '') AS options
FROM pg_sequence s;

CREATE TEMP VIEW columns AS
SELECT r.oid, a.attnum, col_description(r.oid, a.attnum) AS comment,
    rpad(quote_ident(a.attname), max(length(quote_ident(a.attname))) OVER (PARTITION BY r.oid)) || ' '
    || concat_ws(' ', format_type(a.atttypid, a.atttypmod),
        'COLLATE ' || CASE WHEN a.attcollation <> t.typcollation THEN a.attcollation::regcollation END,
        CASE WHEN a.attstorage <> t.typstorage THEN 'STORAGE ' || CASE a.attstorage
            WHEN 'p' THEN 'plain' WHEN 'e' THEN 'external' WHEN 'm' THEN 'main' ELSE 'extended' END END,
        CASE a.attcompression WHEN 'p' THEN 'COMPRESSION pglz' WHEN 'l' THEN 'COMPRESSION lz4' END,
        CASE WHEN a.attnotnull THEN 'NOT NULL' END,
        CASE WHEN a.attgenerated = '' THEN 'DEFAULT ' || pg_get_expr(d.adbin, d.adrelid, true)
             ELSE format('GENERATED ALWAYS AS (%s) STORED', pg_get_expr(d.adbin, d.adrelid, true)) END,
        'GENERATED ' || CASE a.attidentity WHEN 'd' THEN 'BY DEFAULT' WHEN 'a' THEN 'ALWAYS' END || ' AS IDENTITY'
            || coalesce((SELECT ' (' || s.options || ')' FROM sequences s
                         WHERE s.oid = pg_get_serial_sequence(r.relation, a.attname)::regclass), '')) AS text
FROM relations r
JOIN pg_attribute a ON a.attrelid = r.oid AND a.attnum > 0 AND NOT a.attisdropped
JOIN pg_type t ON t.oid = a.atttypid
LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE r.kind IN ('r', 'p');

-- What stands between the parentheses of a table: its columns, then its constraints.
CREATE TEMP VIEW elements AS
SELECT oid, 1 AS section, attnum::text AS key, attnum AS place, comment, text FROM columns
UNION ALL
SELECT k.conrelid, 2, k.conname, array_position('{p,u,x,f,c}', k.contype), obj_description(k.oid, 'pg_constraint'),
       format('CONSTRAINT %I %s', k.conname, pg_get_constraintdef(k.oid, true))
FROM pg_constraint k WHERE k.contype <> 't' AND k.conislocal;

CREATE TEMP VIEW rights AS
SELECT r.oid, x.grantee, x.privilege_type AS privilege, x.is_grantable, NULL::smallint AS attnum, NULL::name AS attname
FROM relations r CROSS JOIN aclexplode(r.relacl) x WHERE x.grantee <> r.owner::regrole
UNION ALL
SELECT r.oid, x.grantee, x.privilege_type, x.is_grantable, a.attnum, a.attname
FROM relations r JOIN pg_attribute a ON a.attrelid = r.oid CROSS JOIN aclexplode(a.attacl) x
WHERE x.grantee <> r.owner::regrole;

-- Roles that may do the same stand in one line.
CREATE TEMP VIEW grants AS
WITH named AS (
    SELECT oid, is_grantable, privilege, CASE grantee WHEN 0 THEN 'PUBLIC' ELSE grantee::regrole::text END AS role,
           array_position('{SELECT,INSERT,UPDATE,DELETE,TRUNCATE,REFERENCES,TRIGGER,USAGE}', privilege) AS place,
           coalesce(' (' || string_agg(quote_ident(attname), ', ' ORDER BY attnum) || ')', '') AS columns
    FROM rights GROUP BY oid, is_grantable, privilege, grantee, attnum IS NULL
), of_role AS (
    SELECT oid, is_grantable, role, min(place) AS place,
           string_agg(privilege || columns, ', ' ORDER BY place) AS privileges
    FROM named GROUP BY oid, is_grantable, role, columns <> ''
)
SELECT oid, privileges, min(place) AS place, is_grantable, string_agg(role, ', ' ORDER BY role COLLATE "C") AS roles
FROM of_role GROUP BY oid, privileges, is_grantable;

-- A policy is a line, and one for each of its conditions.
CREATE TEMP VIEW policies AS
SELECT r.oid, p.polname AS name, l.number, l.text
FROM relations r JOIN pg_policy p ON p.polrelid = r.oid
CROSS JOIN LATERAL (SELECT string_agg(o::regrole::text, ', ' ORDER BY o::regrole::text COLLATE "C") AS names
                    FROM unnest(p.polroles) o WHERE o <> 0) roles
CROSS JOIN LATERAL (VALUES
    (1, concat_ws(' ', format('CREATE POLICY %I ON %s', p.polname, r.relation),
            CASE WHEN NOT p.polpermissive THEN 'AS RESTRICTIVE' END,
            'FOR ' || CASE p.polcmd WHEN 'r' THEN 'SELECT' WHEN 'a' THEN 'INSERT' WHEN 'w' THEN 'UPDATE'
                                    WHEN 'd' THEN 'DELETE' END,
            'TO ' || roles.names)),
    (2, '    USING (' || pg_get_expr(p.polqual, p.polrelid, true) || ')'),
    (3, '    WITH CHECK (' || pg_get_expr(p.polwithcheck, p.polrelid, true) || ')')
) l (number, text)
WHERE l.text IS NOT NULL;

-- Every line with its place: section by section, in a section by key, of one key by number.
CREATE TEMP VIEW lines AS
SELECT oid, 10 AS section, '' AS key, 0::bigint AS number, '-- ' || comment AS text
FROM relations WHERE comment IS NOT NULL
UNION ALL
SELECT oid, 20, '', 0, CASE kind
    WHEN 'v' THEN format('CREATE VIEW %s%s AS', relation, ' WITH (' || array_to_string(options, ', ') || ')')
    WHEN 'm' THEN format('CREATE MATERIALIZED VIEW %s AS', relation)
    WHEN 'S' THEN concat_ws(' ', 'CREATE SEQUENCE', relation,
                            (SELECT s.options FROM sequences s WHERE s.oid = r.oid)) || ';'
    ELSE format('CREATE %sTABLE %s (', CASE relpersistence WHEN 'u' THEN 'UNLOGGED ' END, relation) END
FROM relations r
UNION ALL
SELECT e.oid, 30 + e.section, lpad(e.place::text, 5) || CASE e.section WHEN 2 THEN e.key ELSE '' END, l.number,
       '    ' || l.text
FROM (SELECT x.*, lead(true, 1, false) OVER (PARTITION BY oid ORDER BY section, place, key COLLATE "C") AS goes_on
      FROM elements x) e
JOIN relations r ON r.oid = e.oid
CROSS JOIN LATERAL (VALUES
    (1, '-- ' || e.comment), (2, e.text || CASE WHEN e.goes_on THEN ',' ELSE '' END)) l (number, text)
WHERE l.text IS NOT NULL
UNION ALL
SELECT oid, 40, '', 0, ')' || coalesce(' PARTITION BY ' || pg_get_partkeydef(oid), '')
                       || coalesce(' WITH (' || array_to_string(options, ', ') || ')', '') || ';'
FROM relations WHERE kind IN ('r', 'p')
UNION ALL
SELECT v.oid, 40, '', l.number, l.text
FROM relations v
CROSS JOIN LATERAL regexp_split_to_table(pg_get_viewdef(v.oid, true), '\n') WITH ORDINALITY l (text, number)
WHERE v.kind IN ('v', 'm')
UNION ALL
SELECT v.oid, 45, '', c.attnum,
       format('COMMENT ON COLUMN %s.%I IS %L;', v.relation, c.attname, col_description(v.oid, c.attnum))
FROM relations v JOIN pg_attribute c ON c.attrelid = v.oid
WHERE v.kind IN ('v', 'm') AND col_description(v.oid, c.attnum) IS NOT NULL
UNION ALL
SELECT oid, 46, '', 0, format('ALTER TABLE %s OWNER TO %I;', relation, owner)
FROM relations WHERE owner <> 'bourse_owner'
UNION ALL
SELECT oid, 47, '', 0, format('ALTER TABLE %s REPLICA IDENTITY %s;', relation,
                              CASE relreplident WHEN 'f' THEN 'FULL' WHEN 'n' THEN 'NOTHING' ELSE 'USING INDEX' END)
FROM relations WHERE kind IN ('r', 'p') AND relreplident <> 'd'
UNION ALL
SELECT r.oid, 50, i.indexrelid::regclass::text, l.number, l.text
FROM relations r JOIN pg_index i ON i.indrelid = r.oid
CROSS JOIN LATERAL (VALUES
    (1, '-- ' || obj_description(i.indexrelid, 'pg_class')),
    (2, pg_get_indexdef(i.indexrelid, 0, true) || CASE WHEN i.indisvalid THEN ';' ELSE '; -- not valid' END)
) l (number, text)
WHERE l.text IS NOT NULL
  AND NOT EXISTS (SELECT FROM pg_constraint k WHERE k.conindid = i.indexrelid AND k.contype IN ('p', 'u', 'x'))
UNION ALL
SELECT r.oid, 60, t.tgname, l.number, l.text
FROM relations r JOIN pg_trigger t ON t.tgrelid = r.oid AND NOT t.tgisinternal
CROSS JOIN LATERAL (VALUES
    (1, '-- ' || obj_description(t.oid, 'pg_trigger')),
    (2, pg_get_triggerdef(t.oid, true) || ';'),
    (3, format('ALTER TABLE %s %s TRIGGER %I;', r.relation, CASE t.tgenabled
            WHEN 'D' THEN 'DISABLE' WHEN 'R' THEN 'ENABLE REPLICA' ELSE 'ENABLE ALWAYS' END, t.tgname))
) l (number, text)
WHERE l.text IS NOT NULL AND (l.number < 3 OR t.tgenabled <> 'O')
UNION ALL
SELECT oid, 70, '', 0, format('ALTER TABLE %s ENABLE ROW LEVEL SECURITY;', relation)
FROM relations WHERE relrowsecurity
UNION ALL
SELECT oid, 71, '', 0, format('ALTER TABLE %s FORCE ROW LEVEL SECURITY;', relation)
FROM relations WHERE relforcerowsecurity
UNION ALL
SELECT oid, 72, name, number, text || CASE WHEN number = max(number) OVER (PARTITION BY oid, name) THEN ';' ELSE '' END
FROM policies
UNION ALL
SELECT r.oid, 80, lpad(g.place::text, 2) || g.roles, 0,
       format('GRANT %s ON %s%s TO %s%s;', g.privileges, CASE r.kind WHEN 'S' THEN 'SEQUENCE ' ELSE '' END, r.relation,
              g.roles, CASE WHEN g.is_grantable THEN ' WITH GRANT OPTION' ELSE '' END)
FROM grants g JOIN relations r ON r.oid = g.oid
UNION ALL
SELECT oid, 90, '', 0, '' FROM relations;

-- Breaks and blanks of PostgreSQL's, the type of a literal and the name of a column that nobody asks for say nothing.
CREATE FUNCTION pg_temp.readable(line text) RETURNS text LANGUAGE sql RETURN CASE WHEN line ~ '^ *-- ' THEN line ELSE
    regexp_replace(regexp_replace(regexp_replace(regexp_replace(line,
        '\n\s*', ' ', 'g'),
        '''(-?[0-9]+)''::(integer|bigint)\M', '\1', 'g'),
        '([0-9''])::(text|numeric|name|jsonb|character varying)\M', '\1', 'g'),
        '\( SELECT ([a-z_.]+\(\)) AS [a-z_]+\)', '(SELECT \1)', 'g') END;

SELECT r.schema, pg_temp.readable(l.text) FROM lines l JOIN relations r ON r.oid = l.oid
ORDER BY r.schema COLLATE "C", r.kind IN ('v', 'm', 'S'), r.name COLLATE "C", l.section, l.key COLLATE "C", l.number;
