-- Who changes a row has to be found again by its key, and the key may be a secret: then its digest stands for it.
CREATE FUNCTION audit_private.record_key(row_values jsonb, keys text[], secrets text[]) RETURNS text
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, audit, pg_temp AS $$
DECLARE
    given jsonb := '{}';
    shown jsonb;
    key text;
BEGIN
    FOREACH key IN ARRAY keys LOOP
        given := given || jsonb_build_object(key, row_values -> key);
    END LOOP;
    shown := bourse_private.redact(given, secrets);
    IF shown <> given THEN
        FOREACH key IN ARRAY keys LOOP
            IF shown -> key <> given -> key THEN
                given := given || jsonb_build_object(
                    key, 'sha256:' || encode(sha256(convert_to(given ->> key, 'UTF8')), 'hex'));
            END IF;
        END LOOP;
    END IF;
    IF cardinality(keys) = 1 THEN
        RETURN given ->> keys[1];
    END IF;
    RETURN (SELECT jsonb_agg(given -> k ORDER BY n) FROM unnest(keys) WITH ORDINALITY u (k, n));
END
$$;
COMMENT ON FUNCTION audit_private.record_key(jsonb, text[], text[]) IS
'What audit_logs.record_id holds: the key of a row, of several columns a JSON array; in place of a secret its SHA-256';

-- Whatever the session has set: what is recorded, and whether something has changed, does not depend on it.
CREATE FUNCTION audit_private.record_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp SET extra_float_digits = 1
SET timezone = 'UTC'
SET datestyle = 'ISO, MDY' SET intervalstyle = 'postgres' SET bytea_output = 'hex' SET xmlbinary = 'base64'
SET lc_monetary = 'C' SET quote_all_identifiers = off AS $$
DECLARE
    keys text[] := TG_ARGV[1];
    log_id bigint;
    before jsonb;
    after jsonb;
    present jsonb;
BEGIN
    IF TG_LEVEL = 'STATEMENT' THEN
        PERFORM audit_private.write_log(TG_OP, TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, NULL, NULL, NULL, NULL);
        RETURN NULL;
    END IF;
    -- The types of PostgreSQL itself have numbers below.
    IF EXISTS (SELECT FROM pg_attribute a WHERE a.attrelid = TG_RELID AND a.attnum > 0 AND a.atttypid >= 16384) THEN
        PERFORM audit_private.require_own_types(TG_RELID);
    END IF;
    IF TG_OP <> 'INSERT' THEN
        before := to_jsonb(OLD);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        after := to_jsonb(NEW);
    END IF;
    present := coalesce(after, before);
    IF TG_OP = 'UPDATE' THEN
        -- Bookkeeping alone is no change: otherwise every login and every use of a key would be one.
        SELECT jsonb_object_agg(o.key, o.value), jsonb_object_agg(o.key, after -> o.key) INTO before, after
        FROM jsonb_each(before) o
        WHERE o.value <> after -> o.key;
        IF before IS NULL OR before - ARRAY['updated_at', 'last_login', 'last_used_at', 'bell_at'] = '{}' THEN
            RETURN NULL;
        END IF;
    END IF;
    -- An assignment: PERFORM would go through the executor.
    log_id := audit_private.write_log(
        TG_OP, TG_TABLE_SCHEMA || '.' || TG_TABLE_NAME, audit_private.record_key(present, keys, TG_ARGV[2]::text[]),
        (present ->> TG_ARGV[0])::bigint,
        bourse_private.redact(before, TG_ARGV[2]::text[]), bourse_private.redact(after, TG_ARGV[2]::text[]));
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION audit_private.record_change() IS
'Trigger: writes a row of audit_logs for each change. Arguments: the column that names the user, the key columns, '
'further columns that are secret. An update that touches nothing but updated_at, last_login, last_used_at or bell_at '
'is not recorded';

CREATE FUNCTION audit_private.refuse_change() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp AS $$
BEGIN
    PERFORM bourse.refuse('23001', format('%I.%I is insert-only: %s refused', TG_TABLE_SCHEMA, TG_TABLE_NAME, TG_OP),
        'The trail is kept as it was written; identity.erase_user() removes what is personal.');
END
$$;
COMMENT ON FUNCTION audit_private.refuse_change() IS 'Trigger: keeps the trail insert-only (23001)';

CREATE FUNCTION audit_private.refuse_update(log text, log_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, audit, pg_temp AS $$
BEGIN
    PERFORM bourse.refuse('23001', format('%s is insert-only: UPDATE of row %s refused', log, log_id),
        'The trail is kept as it was written; identity.erase_user() removes what is personal.');
END
$$;
COMMENT ON FUNCTION audit_private.refuse_update(text, bigint) IS 'Refuses to change a row of the trail (23001)';

-- The one change that passes takes erasable parts out whole: what is left is still held by the chain. Whether an
-- erasure explains it, require_erasures() asks at the end of the statement.
CREATE FUNCTION audit_private.keep_audit_log() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, audit, pg_temp AS $$
DECLARE
    erased record := OLD;
BEGIN
    IF OLD.values_erased_by IS NULL AND NEW.values_erased_by IS NOT NULL THEN
        erased.old_values := NULL;
        erased.new_values := NULL;
        erased.values_salt := NULL;
        erased.values_erased_by := NEW.values_erased_by;
    END IF;
    IF OLD.origin_erased_by IS NULL AND NEW.origin_erased_by IS NOT NULL THEN
        erased.login_role := NULL;
        erased.ip_address := NULL;
        erased.user_agent := NULL;
        erased.origin_salt := NULL;
        erased.origin_erased_by := NEW.origin_erased_by;
    END IF;
    IF NEW IS DISTINCT FROM erased OR NEW IS NOT DISTINCT FROM OLD THEN
        PERFORM audit_private.refuse_update('audit.audit_logs', OLD.id);
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION audit_private.keep_audit_log() IS 'Trigger: lets nothing but an erasure change audit_logs (23001)';

-- Thousands of rows go in the name of one ERASE row, and few tables are among them: each is asked about once.
CREATE FUNCTION audit_private.require_erasures() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, audit, pg_temp AS $$
DECLARE
    unexplained bigint;
BEGIN
    SELECT max(e.last_id) INTO unexplained FROM (
        SELECT max(b.id) AS last_id,
               audit_private.values_are_personal(b.action, b.table_name)
               AND audit_private.erasure_of(a.values_erased_by, b.subject_id, max(b.id)) AS is_explained
        FROM before_it b JOIN after_it a ON a.id = b.id
        WHERE b.values_erased_by IS NULL AND a.values_erased_by IS NOT NULL
        GROUP BY b.action, b.table_name, b.subject_id, a.values_erased_by
        UNION ALL
        SELECT max(o.id), audit_private.erasure_of(o.origin_erased_by, o.person, max(o.id))
        FROM (SELECT b.id, a.origin_erased_by,
                     audit_private.origin_person(b.user_id, b.subject_id, b.action, b.operator) AS person
              FROM before_it b JOIN after_it a ON a.id = b.id
              WHERE b.origin_erased_by IS NULL AND a.origin_erased_by IS NOT NULL) o
        GROUP BY o.person, o.origin_erased_by) e
    WHERE e.is_explained IS NOT TRUE;
    IF unexplained IS NOT NULL THEN
        PERFORM audit_private.refuse_update('audit.audit_logs', unexplained);
    END IF;
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION audit_private.require_erasures() IS
'Trigger: what an UPDATE takes out of audit_logs, the ERASE row that it names must explain: one of that very user, and '
'of later (23001)';

CREATE FUNCTION audit_private.keep_activity_log() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp AS $$
DECLARE
    changed record := OLD;
BEGIN
    IF OLD.erased_by IS NULL
       AND audit_private.activity_erasure_of(NEW.erased_by, OLD.subject_id, OLD.id, OLD."timestamp") THEN
        changed.resource_id := NULL;
        changed.details := NULL;
        changed.login_role := NULL;
        changed.ip_address := NULL;
        changed.user_agent := NULL;
        changed.salt := NULL;
        changed.erased_by := NEW.erased_by;
    -- The foreign key's own doing: the user has just been deleted. subject_id stays.
    ELSIF NEW.user_id IS NULL AND NOT EXISTS (SELECT FROM identity.users u WHERE u.id = OLD.user_id) THEN
        changed.user_id := NULL;
    END IF;
    IF NEW IS DISTINCT FROM changed OR NEW IS NOT DISTINCT FROM OLD THEN
        PERFORM audit_private.refuse_update('audit.activity_logs', OLD.id);
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION audit_private.keep_activity_log() IS
'Trigger: lets nothing but an erasure and the foreign key to a deleted user change activity_logs (23001)';

-- What an erasure may take, said once: for erase_user(), the triggers and verify(). Of books that are kept the values
-- stay here, too; an ERASE row has to tell of itself, and a LOGIN row whose login somebody was.
CREATE FUNCTION audit_private.values_are_personal(action text, table_name text) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
BEGIN
    RETURN action NOT IN ('ERASE', 'LOGIN') AND bourse_private.on_erasure_of(table_name) IS DISTINCT FROM 'keep';
END
$$;
COMMENT ON FUNCTION audit_private.values_are_personal(text, text) IS
'Whether the values of a row of audit_logs go with the user whom it is about';

-- A gateway has no user: with it, the person whom the row is about has come from there. What an operator did stays the
-- operator's, whoever that login was mapped to.
CREATE FUNCTION audit_private.origin_person(user_id bigint, subject_id bigint, action text, operator text)
RETURNS bigint
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, audit, pg_temp AS $$
BEGIN
    RETURN CASE WHEN operator IS NULL THEN coalesce(user_id, CASE WHEN action <> 'ERASE' THEN subject_id END) END;
END
$$;
COMMENT ON FUNCTION audit_private.origin_person(bigint, bigint, text, text) IS
'With whom login, address and user agent of a row of audit_logs go: who did it; if that is no user, whom it is about; '
'with nobody when an operator did it';

-- An ERASE row that somebody has written by hand takes nothing of who is still there. PL/pgSQL, here and below: asked
-- for row after row, it keeps its plan.
CREATE FUNCTION audit_private.is_erased(user_id bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, audit, pg_temp SET enable_seqscan = off AS $$
BEGIN
    RETURN NOT EXISTS (SELECT FROM identity.users u WHERE u.id = is_erased.user_id AND u.erased_at IS NULL);
END
$$;
COMMENT ON FUNCTION audit_private.is_erased(bigint) IS 'Whether a user has been erased, or is not there any more';

CREATE FUNCTION audit_private.erasure_of(erased_by bigint, user_id bigint, log_id bigint) RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, audit, pg_temp SET enable_seqscan = off AS $$
BEGIN
    RETURN EXISTS (SELECT FROM audit.audit_logs l
                   WHERE l.id = erased_by AND l.action = 'ERASE' AND l.subject_id = erasure_of.user_id
                     AND log_id < l.id)
           AND audit_private.is_erased(erasure_of.user_id);
END
$$;
COMMENT ON FUNCTION audit_private.erasure_of(bigint, bigint, bigint) IS
'Whether a row of audit_logs tells of the erasure of a user, and came after the row that it is to explain';

-- The ids of the two logs cannot be compared: the ERASE row says how far it went. One from before that was kept went as
-- far as its time.
CREATE FUNCTION audit_private.activity_erasure_of(erased_by bigint, user_id bigint, activity_id bigint,
                                                  moment timestamptz)
RETURNS boolean
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, audit, pg_temp SET enable_seqscan = off AS $$
BEGIN
    RETURN EXISTS (SELECT FROM audit.audit_logs l
                   WHERE l.id = erased_by AND l.action = 'ERASE' AND l.subject_id = activity_erasure_of.user_id
                     AND CASE WHEN l.new_values ? 'last_activity'
                              THEN activity_id <= (l.new_values ->> 'last_activity')::bigint
                              ELSE moment <= l."timestamp" END)
           AND audit_private.is_erased(activity_erasure_of.user_id);
END
$$;
COMMENT ON FUNCTION audit_private.activity_erasure_of(bigint, bigint, bigint, timestamptz) IS
'As erasure_of(), for a row of activity_logs of this time';
