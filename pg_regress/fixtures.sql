-- What every test has in its database before it begins.
SET check_function_bodies = off;

-- SQLSTATE, message and hint of what a statement is refused with, ids as N. What PostgreSQL 18 calls 23001, a foreign
-- key that is ON DELETE RESTRICT, reads as before.
CREATE FUNCTION refusal(statement text) RETURNS text LANGUAGE plpgsql AS $$
DECLARE
    hint text;
BEGIN
    EXECUTE statement;
    RETURN 'accepted';
EXCEPTION WHEN OTHERS THEN
    GET STACKED DIAGNOSTICS hint = PG_EXCEPTION_HINT;
    RETURN regexp_replace(
        regexp_replace(format('%s %s / %s', SQLSTATE, SQLERRM, hint), '\m(user|order|transfer) \d+', '\1 N', 'g'),
        '^23001 (.* violates )RESTRICT setting of (foreign key)', '23503 \1\2');
END
$$;

-- A user by name.
CREATE FUNCTION person(person text) RETURNS bigint LANGUAGE sql STABLE AS
$$ SELECT u.id FROM identity.users u WHERE u.name = person $$;

-- The hints that the source of a function gives as they stand.
CREATE FUNCTION hints(source text) RETURNS SETOF text LANGUAGE sql IMMUTABLE AS
$$
    SELECT replace(regexp_replace(btrim(l.literal, E''' \n'), '''\s+''', '', 'g'), '''''', '''')
    FROM (
        SELECT substring(split_part(c.call, E');\n', 1) FROM '((?:''(?:[^'']|'''')*''\s*)+)$')
        FROM regexp_split_to_table(source, 'bourse\.refuse\(') WITH ORDINALITY c (call, n) WHERE c.n > 1
        UNION ALL
        SELECT h[1] FROM regexp_matches(source, 'HINT = ((?:''(?:[^'']|'''')*''\s*)+)', 'g') h) l (literal)
    WHERE l.literal IS NOT NULL
$$;
