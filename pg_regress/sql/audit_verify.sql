-- Tampering, of every kind, by somebody who can: a superuser who switches the triggers off. verify() names the row.
CREATE TABLE exchange.avf_notes (id integer PRIMARY KEY, body text);
ALTER TABLE exchange.avf_notes OWNER TO bourse_owner;
SELECT audit.enable('exchange.avf_notes');
INSERT INTO exchange.avf_notes VALUES (1, 'one');
INSERT INTO exchange.avf_notes VALUES (2, 'two'), (3, 'three'), (4, 'four');
INSERT INTO exchange.avf_notes VALUES (5, 'five');
INSERT INTO identity.users (name) VALUES ('avf ann'), ('avf bob');
SELECT audit.log_activity(person('avf ann'), 'login', 'session', '17', '{"device": "phone"}') AS login \gset
SELECT split_part(audit.head(), ':', 1)::bigint > 5 AS sealed, audit.seal() AS nothing_new;
SELECT audit.head() AS anchor \gset
INSERT INTO exchange.avf_notes VALUES (6, 'six, not sealed');

-- Nothing is wrong, before and after sealing, with the anchor and with the one of an empty trail.
SELECT * FROM audit.verify();
SELECT * FROM audit.verify(:'anchor');
SELECT * FROM audit.verify('0:' || repeat('0', 64));

-- A row of the trail by what it tells of.
CREATE FUNCTION pg_temp.row(note text) RETURNS bigint LANGUAGE sql STABLE AS
$$
    SELECT id FROM audit.audit_logs WHERE table_name = 'exchange.avf_notes' AND action = 'INSERT' AND record_id = note
$$;
CREATE FUNCTION pg_temp.found(statements text, anchor text DEFAULT NULL) RETURNS SETOF text LANGUAGE plpgsql AS $$
DECLARE
    lines text[];
BEGIN
    SET LOCAL client_min_messages = warning;
    BEGIN
        SET LOCAL session_replication_role = replica;
        CREATE TEMP TABLE names AS SELECT 'audit_logs ' || pg_temp.row(n::text) AS subject, 'note ' || n AS name
        FROM generate_series(1, 6) n;
        EXECUTE statements;
        lines := ARRAY(
            SELECT concat_ws(' | ', v.check_name, coalesce(n.name, regexp_replace(v.subject, '\d+', 'N')),
                             pg_temp.masked(v.expected), pg_temp.masked(v.actual))
            FROM audit.verify(anchor) WITH ORDINALITY v (check_name, subject, expected, actual, place)
            LEFT JOIN names n ON n.subject = v.subject ORDER BY v.place);
        RAISE EXCEPTION USING ERRCODE = 'P0002', MESSAGE = 'undo';
    EXCEPTION WHEN no_data_found THEN
        NULL;
    END;
    RETURN QUERY SELECT unnest(lines);
END
$$;
CREATE FUNCTION pg_temp.masked(value text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT regexp_replace(regexp_replace(regexp_replace(value, '[0-9a-f]{64}', 'HASH'), '\d{4}-\d\d-\d\d [\d:.]+',
                                         'TIME'),
                          '(transaction|seal|first is) \d+', '\1 N', 'g') $$;
SELECT * FROM pg_temp.found('SELECT 1');

-- Changed: what was done, the values, the origin, who, when; without and with the row's own hash made to fit.
SELECT * FROM pg_temp.found($$UPDATE audit.audit_logs SET action = 'DELETE' WHERE id = pg_temp.row('3')$$);
SELECT * FROM pg_temp.found($$
    UPDATE audit.audit_logs SET new_values = '{"id": 3, "body": "thirty"}' WHERE id = pg_temp.row('3')
$$);
SELECT * FROM pg_temp.found($$UPDATE audit.audit_logs SET login_role = 'somebody' WHERE id = pg_temp.row('1')$$);
SELECT * FROM pg_temp.found($$UPDATE audit.audit_logs SET user_id = person('avf bob') WHERE id = pg_temp.row('1')$$);
SELECT * FROM pg_temp.found($$
    UPDATE audit.audit_logs SET "timestamp" = "timestamp" - interval '1 microsecond' WHERE id = pg_temp.row('6')
$$);
SELECT * FROM pg_temp.found(format($$
    UPDATE audit.activity_logs SET details = '{"device": "car"}' WHERE id = %s
$$, :login));
SELECT * FROM pg_temp.found(format($$
    UPDATE audit.activity_logs SET user_id = person('avf bob') WHERE id = %s
$$, :login));
SELECT * FROM pg_temp.found(format($$UPDATE audit.activity_logs SET user_id = NULL WHERE id = %s$$, :login));
SELECT * FROM pg_temp.found($$UPDATE audit.audit_logs SET action = 'DELETE',
    hash = audit_private.log_hash(NULL, cluster, transaction_id, position, id, user_id, subject_id, 'DELETE',
                                  table_name, record_id, "timestamp", values_digest, origin_digest, operator)
    WHERE id = pg_temp.row('5')$$);
SELECT * FROM pg_temp.found($$UPDATE audit.audit_logs SET operator = 'somebody' WHERE id = pg_temp.row('5')$$);
SELECT * FROM pg_temp.found($$UPDATE audit.audit_logs SET operator = NULL WHERE id = pg_temp.row('5')$$);

-- Removed: from the middle of a transaction, its beginning, its end, all of it.
SELECT * FROM pg_temp.found($$DELETE FROM audit.audit_logs WHERE id = pg_temp.row('3')$$);
SELECT * FROM pg_temp.found($$DELETE FROM audit.audit_logs WHERE id = pg_temp.row('2')$$);
SELECT * FROM pg_temp.found($$DELETE FROM audit.audit_logs WHERE id = pg_temp.row('4')$$);
SELECT * FROM pg_temp.found($$DELETE FROM audit.audit_logs WHERE id = pg_temp.row('5')$$);
-- With its seal, with the last seals, with all of them.
SELECT * FROM pg_temp.found($$
    DELETE FROM audit.seals WHERE first_id = pg_temp.row('5') AND log = 'audit_logs';
    DELETE FROM audit.audit_logs WHERE id = pg_temp.row('5')
$$);
SELECT * FROM pg_temp.found(format($$
    DELETE FROM audit.activity_logs WHERE id = %s; DELETE FROM audit.seals WHERE id = (SELECT max(id) FROM audit.seals)
$$, :login));
SELECT * FROM pg_temp.found(format($$
    DELETE FROM audit.activity_logs WHERE id = %s; DELETE FROM audit.seals WHERE id = (SELECT max(id) FROM audit.seals)
$$, :login), :'anchor');
SELECT * FROM pg_temp.found($$TRUNCATE audit.audit_logs, audit.activity_logs, audit.seals$$, :'anchor');

-- Inserted: at the end of a sealed transaction, as a transaction of its own in the past, as one of today with an old
-- time.
CREATE FUNCTION pg_temp.forge(transaction bigint, place integer, previous bytea, moment timestamptz) RETURNS void
LANGUAGE sql AS $$
    INSERT INTO audit.audit_logs (id, action, table_name, record_id, "timestamp", cluster, transaction_id, position,
                                  values_salt, values_digest, origin_salt, origin_digest, hash)
    SELECT 999999, 'INSERT', 'exchange.avf_notes', '7', moment, l.cluster, transaction, place, l.values_salt,
           audit_private.values_digest(l.values_salt, NULL, NULL), l.origin_salt,
           audit_private.origin_digest(l.origin_salt, NULL, NULL, NULL),
           audit_private.log_hash(previous, l.cluster, transaction, place, 999999, NULL, NULL, 'INSERT',
                          'exchange.avf_notes', '7', moment,
                          audit_private.values_digest(l.values_salt, NULL, NULL),
                          audit_private.origin_digest(l.origin_salt, NULL, NULL, NULL))
    FROM audit.audit_logs l WHERE l.id = pg_temp.row('5') $$;
SELECT * FROM pg_temp.found($$
    SELECT pg_temp.forge(transaction_id, 2, hash, "timestamp") FROM audit.audit_logs WHERE id = pg_temp.row('5')
$$);
SELECT * FROM pg_temp.found($$SELECT pg_temp.forge(3, 1, NULL, now())$$);
SELECT * FROM pg_temp.found($$
    SELECT pg_temp.forge(max(transaction_id) + 1, 1, NULL, now() - interval '1 year') FROM audit.audit_logs
$$);

-- Reordered: two rows of a transaction, two transactions, two seals.
SELECT * FROM pg_temp.found($$
    UPDATE audit.audit_logs SET position = -position WHERE id IN (pg_temp.row('3'), pg_temp.row('4'));
    UPDATE audit.audit_logs SET position = 5 + position WHERE position < 0$$);
SELECT * FROM pg_temp.found($$UPDATE audit.audit_logs l SET transaction_id = -o.transaction_id FROM audit.audit_logs o
    WHERE (l.id, o.id) IN ((pg_temp.row('1'), pg_temp.row('5')), (pg_temp.row('5'), pg_temp.row('1')));
    UPDATE audit.audit_logs SET transaction_id = -transaction_id WHERE transaction_id < 0$$);
SELECT * FROM pg_temp.found($$
    UPDATE audit.seals SET id = -id WHERE id IN (2, 3); UPDATE audit.seals SET id = 5 + id WHERE id < 0
$$);
SELECT * FROM pg_temp.found($$UPDATE audit.seals SET sealed_at = sealed_at - interval '1 hour' WHERE id = 2$$);

-- An erasure that nobody has recorded, or that somebody else's record is to cover.
SELECT * FROM pg_temp.found($$
    UPDATE audit.audit_logs SET new_values = NULL, values_salt = NULL, values_erased_by = id WHERE id = pg_temp.row('3')
$$);

-- Everything is as it was.
SELECT * FROM audit.verify(:'anchor');
SELECT audit.disable('exchange.avf_notes');
DROP TABLE exchange.avf_notes;
