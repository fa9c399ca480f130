-- Sequences stay behind the rows of their tables when rows come without them: a restore of rows alone, a logical
-- subscriber. A number that is used already is no fault of whoever gets it.
CREATE FUNCTION bourse_private.refuse_conflict(relation text, is_behind boolean) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    IF is_behind THEN
        PERFORM bourse.refuse('55000', format('the ids of %s are behind its rows', relation),
            'SELECT * FROM bourse.align_sequences() moves every sequence behind its rows; an admin may call it.');
    END IF;
    PERFORM bourse.refuse('23505', format('a unique index on %s does not take the row', relation),
        'It is none of ours: drop it, or send what it takes.');
END
$$;
COMMENT ON FUNCTION bourse_private.refuse_conflict(text, boolean) IS
'Says why a table of ours has not taken a row that nobody has sent before: its sequence is behind (55000), or an index '
'that somebody has added does not take it (23505)';

CREATE FUNCTION bourse_private.hold_sequence(sequence regclass) RETURNS void
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'hold_sequence_wrapper';
COMMENT ON FUNCTION bourse_private.hold_sequence(regclass) IS
'Has nobody take a number from a sequence until let_go_sequence(). Waits without keeping anybody else waiting; 55P03 '
'after a while. For align_sequences() only';

CREATE FUNCTION bourse_private.let_go_sequence(sequence regclass) RETURNS void
LANGUAGE c STRICT AS 'MODULE_PATHNAME', 'let_go_sequence_wrapper';
COMMENT ON FUNCTION bourse_private.let_go_sequence(regclass) IS 'Ends hold_sequence()';

-- Tables of bourse_owner only: reading them runs no code of a stranger.
CREATE FUNCTION bourse_private.numbered_columns() RETURNS TABLE (sequence regclass, relation regclass, column_name name)
LANGUAGE sql STABLE SET search_path = pg_catalog, bourse, pg_temp AS $$
    WITH uses (sequence, relation, attnum) AS (
        SELECT d.objid, d.refobjid, d.refobjsubid FROM pg_depend d
        WHERE d.classid = 'pg_class'::regclass AND d.refclassid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
        UNION
        SELECT d.refobjid, f.adrelid, f.adnum FROM pg_depend d JOIN pg_attrdef f ON f.oid = d.objid
        WHERE d.classid = 'pg_attrdef'::regclass AND d.refclassid = 'pg_class'::regclass
    )
    SELECT s.oid, t.oid, a.attname
    FROM uses u
    JOIN pg_class s ON s.oid = u.sequence AND s.relkind = 'S'
    JOIN pg_sequence q ON q.seqrelid = s.oid AND q.seqincrement > 0
    JOIN pg_class t ON t.oid = u.relation AND t.relkind IN ('r', 'p')
    JOIN pg_namespace n ON n.oid = t.relnamespace AND n.nspname IN (SELECT bourse_private.modules())
    JOIN pg_attribute a ON a.attrelid = t.oid AND a.attnum = u.attnum
    JOIN pg_roles r ON r.rolname = 'bourse_owner' AND r.oid = s.relowner AND r.oid = t.relowner
    WHERE bourse_private.is_ours(t.oid)
    UNION ALL
    SELECT a.sequence, a.relation, a.column_name
    FROM bourse_private.ask('own_numbered_columns', 'r.sequence, r.relation, r.column_name')
        AS a (module text, sequence regclass, relation regclass, column_name name)
$$;
COMMENT ON FUNCTION bourse_private.numbered_columns() IS
'The columns of our tables whose values a sequence gives, each with its sequence';

CREATE FUNCTION bourse_private.highest_number(relation regclass, column_name name) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    highest bigint;
BEGIN
    EXECUTE format('SELECT max(%I) FROM %s', column_name, bourse_private.quoted_name(relation)) INTO highest;
    RETURN highest;
END
$$;
COMMENT ON FUNCTION bourse_private.highest_number(regclass, name) IS
'The highest number in a column of a table; NULL: none';

CREATE FUNCTION bourse_private.highest_id(sequence regclass) RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT max(bourse_private.highest_number(c.relation, c.column_name))
    FROM bourse_private.numbered_columns() c WHERE c.sequence = highest_id.sequence
$$;
COMMENT ON FUNCTION bourse_private.highest_id(regclass) IS
'The highest number in the columns of a sequence, as numbered_columns() has them; NULL: none';

CREATE FUNCTION bourse_private.next_id(sequence regclass) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp AS $$
DECLARE
    upcoming bigint;
BEGIN
    EXECUTE format('SELECT s.last_value + CASE WHEN s.is_called THEN q.seqincrement ELSE 0 END '
                   'FROM %s s, pg_sequence q WHERE q.seqrelid = $1', bourse_private.quoted_name(sequence))
        INTO upcoming USING sequence;
    RETURN upcoming;
END
$$;
COMMENT ON FUNCTION bourse_private.next_id(regclass) IS 'The number that a sequence gives next';

-- The columns are looked up once, not for each sequence.
CREATE FUNCTION bourse_private.sequences_behind() RETURNS SETOF regclass
LANGUAGE sql SET search_path = pg_catalog, bourse, pg_temp AS $$
    SELECT c.sequence FROM bourse_private.numbered_columns() c
    GROUP BY c.sequence
    HAVING bourse_private.next_id(c.sequence) <= max(bourse_private.highest_number(c.relation, c.column_name))
$$;
COMMENT ON FUNCTION bourse_private.sequences_behind() IS
'The sequences whose next number is not above all that stand in their columns';

CREATE FUNCTION bourse_private.has_given(sequence regclass, id bigint) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, bourse, pg_temp AS $$
BEGIN
    RETURN id = currval(sequence);
EXCEPTION WHEN object_not_in_prerequisite_state THEN
    RETURN false;
END
$$;
COMMENT ON FUNCTION bourse_private.has_given(regclass, bigint) IS
'Whether an id is the last that a sequence has given to this session';

-- A sequence that is not behind is only looked at. One that is is held for as long as moving it takes, and no other
-- with it: whoever trades holds several to the end of a transaction, in no order.
CREATE FUNCTION bourse.align_sequences() RETURNS TABLE (sequence text, was bigint, now bigint)
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, bourse, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    numbered record;
    highest bigint;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_read_committed('align_sequences()');
    FOR numbered IN SELECT q.seqrelid::regclass AS sequence, bourse_private.quoted_name(q.seqrelid) COLLATE "C" AS name,
                           q.seqmax
                    FROM pg_sequence q WHERE q.seqrelid IN (SELECT bourse_private.sequences_behind())
                    ORDER BY name LOOP
        sequence := numbered.name;
        PERFORM bourse_private.hold_sequence(numbered.sequence);
        was := bourse_private.next_id(numbered.sequence);
        highest := bourse_private.highest_id(numbered.sequence);
        IF highest > numbered.seqmax - 1000000 THEN
            RAISE WARNING '% stays at %: somebody has given a row the id %, above which nothing is left',
                sequence, was, highest;
        ELSIF was <= highest THEN
            PERFORM setval(numbered.sequence, highest);
            now := bourse_private.next_id(numbered.sequence);
            RETURN NEXT;
        END IF;
        PERFORM bourse_private.let_go_sequence(numbered.sequence);
    END LOOP;
END
$$;
COMMENT ON FUNCTION bourse.align_sequences() IS
'Moves every sequence of our tables that is behind their rows, and none back. Returns what it has moved: the number '
'that came next, and the one that comes next now. Repeat it whenever rows have come without their sequences. Others '
'may work meanwhile. 25001 not under READ COMMITTED, 25006 read-only, 55P03 somebody keeps numbers of a sequence in a '
'long transaction';
GRANT EXECUTE ON FUNCTION bourse.align_sequences() TO bourse_admin;
