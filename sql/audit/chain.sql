-- What is hashed is the binary form of an array of byte strings, in which each element is preceded by its length (-1
-- for NULL): no two rows have the same. Text is UTF-8, integers are 8 bytes, times are UTC to the microsecond. Nothing
-- depends on a setting or on the encoding of the database. PL/pgSQL keeps its plans; a SQL function is planned anew in
-- every transaction.

-- The salt keeps a digest from being guessed once the values are gone.
CREATE FUNCTION audit_private.values_digest(salt uuid, old_values jsonb, new_values jsonb) RETURNS bytea
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
BEGIN
    RETURN sha256(array_send(ARRAY[
        'values'::bytea, uuid_send(salt), convert_to(old_values::text, 'UTF8'), convert_to(new_values::text, 'UTF8')]));
END
$$;
COMMENT ON FUNCTION audit_private.values_digest(uuid, jsonb, jsonb) IS
'What the chain holds of old and new values';

CREATE FUNCTION audit_private.origin_digest(salt uuid, login_role text, ip_address inet, user_agent text) RETURNS bytea
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
BEGIN
    RETURN sha256(array_send(ARRAY[
        'origin'::bytea, uuid_send(salt), convert_to(login_role, 'UTF8'), convert_to(ip_address::text, 'UTF8'),
        convert_to(user_agent, 'UTF8')]));
END
$$;
COMMENT ON FUNCTION audit_private.origin_digest(uuid, text, inet, text) IS
'What the chain holds of where a change came from';

CREATE FUNCTION audit_private.activity_digest(salt uuid, resource_id text, details jsonb, login_role text,
                                              ip_address inet, user_agent text) RETURNS bytea
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
BEGIN
    RETURN sha256(array_send(ARRAY[
        'activity'::bytea, uuid_send(salt), convert_to(resource_id, 'UTF8'), convert_to(details::text, 'UTF8'),
        convert_to(login_role, 'UTF8'), convert_to(ip_address::text, 'UTF8'), convert_to(user_agent, 'UTF8')]));
END
$$;
COMMENT ON FUNCTION audit_private.activity_digest(uuid, text, jsonb, text, inet, text) IS
'What the chain holds of the parts of an activity that can be erased';

-- Rows from before there were operators have no such field, and keep their hashes.
CREATE FUNCTION audit_private.operator_field(operator text) RETURNS bytea[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, audit, pg_temp AS $$
BEGIN
    RETURN CASE WHEN operator IS NULL THEN '{}'::bytea[]
        ELSE ARRAY['operator'::bytea, convert_to(operator, 'UTF8')] END;
END
$$;
COMMENT ON FUNCTION audit_private.operator_field(text) IS
'What the hash of a row holds of the operator who wrote it: nothing when there was none';

-- Each list of fields stands here once, for the writer and for verify().
CREATE FUNCTION audit_private.log_hash(
    previous bytea, cluster bigint, transaction_id bigint, place integer, id bigint, user_id bigint, subject_id bigint,
    action text, table_name text, record_id text, moment timestamptz, values_digest bytea, origin_digest bytea,
    operator text DEFAULT NULL) RETURNS bytea
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
BEGIN
    RETURN sha256(array_send(ARRAY[
        'audit_logs'::bytea, previous, int8send(cluster), int8send(transaction_id), int8send(place::bigint),
        int8send(id), int8send(user_id), int8send(subject_id), convert_to(action, 'UTF8'),
        convert_to(table_name, 'UTF8'), convert_to(record_id, 'UTF8'),
        convert_to(to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'UTF8'),
        values_digest, origin_digest] || audit_private.operator_field(operator)));
END
$$;
COMMENT ON FUNCTION audit_private.log_hash(bytea, bigint, bigint, integer, bigint, bigint, bigint, text, text, text,
                                           timestamptz, bytea, bytea, text) IS
'The hash of a row of audit_logs: SHA-256 of the hash before it in its chain (NULL: the first) and of its fields; '
'operator is one where there is one';

CREATE FUNCTION audit_private.activity_hash(
    previous bytea, cluster bigint, transaction_id bigint, place integer, id bigint, subject_id bigint, action text,
    resource_type text, moment timestamptz, digest bytea, operator text DEFAULT NULL) RETURNS bytea
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
BEGIN
    RETURN sha256(array_send(ARRAY[
        'activity_logs'::bytea, previous, int8send(cluster), int8send(transaction_id), int8send(place::bigint),
        int8send(id), int8send(subject_id), convert_to(action, 'UTF8'), convert_to(resource_type, 'UTF8'),
        convert_to(to_char(moment AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'UTF8'), digest]
        || audit_private.operator_field(operator)));
END
$$;
COMMENT ON FUNCTION audit_private.activity_hash(bytea, bigint, bigint, integer, bigint, bigint, text, text, timestamptz,
                                                bytea, text) IS
'The hash of a row of activity_logs, as log_hash()';

CREATE FUNCTION audit_private.seal_hash(
    previous bytea, id bigint, log text, cluster bigint, transaction_id bigint, length integer, first_id bigint,
    head bytea, horizon bigint, next_id bigint, sealed_at timestamptz) RETURNS bytea
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
BEGIN
    RETURN sha256(array_send(ARRAY[
        'seals'::bytea, previous, int8send(id), convert_to(log, 'UTF8'), int8send(cluster), int8send(transaction_id),
        int8send(length::bigint), int8send(first_id), head, int8send(horizon), int8send(next_id),
        convert_to(to_char(sealed_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'), 'UTF8')]));
END
$$;
COMMENT ON FUNCTION audit_private.seal_hash(bytea, bigint, text, bigint, bigint, integer, bigint, bytea, bigint, bigint,
                                            timestamptz) IS
'The hash of a seal, as log_hash()';

CREATE FUNCTION audit_private.user_agent() RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
BEGIN
    RETURN left(nullif(current_setting('bourse.user_agent', true), ''), 500);
END
$$;
COMMENT ON FUNCTION audit_private.user_agent() IS
'What the client says of itself in the setting bourse.user_agent: at most 500 characters, NULL when it says nothing';

-- Memberships, not the user whom a login is mapped to, nor whom it acts for at the moment: those are in its own hands.
CREATE FUNCTION audit_private.operator() RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
DECLARE
    author text := identity_private.author();
BEGIN
    IF identity.acts_for_all() OR EXISTS (
        SELECT FROM pg_roles r WHERE r.rolname = author
          AND (pg_has_role(r.oid, 'bourse_admin', 'MEMBER') OR pg_has_role(r.oid, 'bourse_worker', 'MEMBER'))) THEN
        RETURN author;
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION audit_private.operator() IS
'The login of this session, when it is one that acts for everybody: an admin, a worker, a superuser, a gateway that '
'acts for everybody just now. Otherwise NULL';

-- The only writer of audit_logs. Only the own transaction's rows are read: nobody waits.
CREATE FUNCTION audit_private.write_log(action text, table_name text, record_id text, subject_id bigint,
                                        old_values jsonb, new_values jsonb) RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, audit, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off AS $$
#variable_conflict use_variable
DECLARE
    cluster bigint := (SELECT system_identifier FROM pg_control_system());
    transaction_id bigint := pg_current_xact_id()::text::bigint;
    -- After the transaction's own: whoever begins later has higher numbers, and verify() counts on it.
    id bigint := nextval('audit.audit_logs_id_seq');
    previous record;
    actor bigint := identity_private.author_id();
    moment timestamptz := clock_timestamp();
    agent text := audit_private.user_agent();
    operator text := audit_private.operator();
    values_salt uuid := gen_random_uuid();
    origin_salt uuid := gen_random_uuid();
    values_digest bytea := audit_private.values_digest(values_salt, old_values, new_values);
    origin_digest bytea := audit_private.origin_digest(origin_salt, identity_private.author(), inet_client_addr(),
                                                       agent);
BEGIN
    -- In the month, or the two, in which the transaction can have written: no other partition is opened. By an index of
    -- times, which has no other way in than a bitmap, all that the transaction has written would be read.
    SELECT l.position, l.hash INTO previous FROM audit.audit_logs l
    WHERE l.cluster = cluster AND l.transaction_id = transaction_id
      AND l."timestamp" BETWEEN now() - interval '1 day' AND moment + interval '1 day'
    ORDER BY l.position DESC LIMIT 1;
    INSERT INTO audit.audit_logs (
        id, user_id, action, table_name, record_id, old_values, new_values, ip_address, user_agent, "timestamp",
        subject_id, login_role, cluster, transaction_id, position, values_salt, values_digest, origin_salt,
        origin_digest, operator, hash)
    VALUES (
        id, actor, action, table_name, record_id, old_values, new_values, inet_client_addr(), agent, moment,
        subject_id, identity_private.author(), cluster, transaction_id, coalesce(previous.position, 0) + 1, values_salt,
        values_digest, origin_salt, origin_digest, operator,
        audit_private.log_hash(previous.hash, cluster, transaction_id, coalesce(previous.position, 0) + 1, id, actor,
                               subject_id, action, table_name, record_id, moment, values_digest, origin_digest,
                               operator))
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        PERFORM bourse_private.refuse_conflict('audit.audit_logs', true);
    END IF;
    RETURN id;
END
$$;
COMMENT ON FUNCTION audit_private.write_log(text, text, text, bigint, jsonb, jsonb) IS
'Adds a row to audit_logs, linked to the row before it of the same transaction. Returns its id. For record_change() '
'and erase_user() only';
