CREATE FUNCTION audit.log_activity(user_id bigint, action text, resource_type text DEFAULT NULL,
                                   resource_id text DEFAULT NULL, details jsonb DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, audit, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    written bigint;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM audit_private.require_activity(action, resource_type, resource_id, details);
    IF user_id IS NOT NULL THEN
        PERFORM identity_private.require_user(user_id);
    ELSIF NOT identity_private.is_operator() THEN
        PERFORM bourse.refuse('42501', 'no permission to log what nobody known has done',
            'Log for your own user, or connect as a member of bourse_gateway.');
    END IF;
    written := audit_private.write_activity(user_id, btrim(action), resource_type, resource_id,
                                            bourse_private.redact(details));
    -- The foreign key has waited for an erasure that was under way.
    PERFORM identity_private.require_not_erased(user_id);
    RETURN written;
END
$$;
COMMENT ON FUNCTION audit.log_activity(bigint, text, text, text, jsonb) IS
'Adds a row to activity_logs and returns its id. user_id: whose activity; NULL, nobody known, for who acts for '
'everybody. action: 1 to 100 characters; resource_type, resource_id: up to 50 and 100; details: up to 65536 characters '
'and 64 levels, secrets are redacted by their key. 22004 action is NULL, 22023 a text that is empty or too long, '
'details of too many levels, 42501 not a user you act for, 42704 unknown user, 54000 details too long, 55000 the user '
'has been erased';
GRANT EXECUTE ON FUNCTION audit.log_activity(bigint, text, text, text, jsonb) TO bourse_trader, bourse_worker;

CREATE FUNCTION audit_private.require_activity(action text, resource_type text, resource_id text, details jsonb)
RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, audit, pg_temp AS $$
DECLARE
    wrong text;
BEGIN
    PERFORM bourse_private.require_given('action', action);
    SELECT format('%s has %s characters', a.name, length(a.value)) INTO wrong
    FROM (VALUES ('action', btrim(action), 100), ('resource_type', resource_type, 50),
          ('resource_id', resource_id, 100))
         AS a (name, value, most)
    WHERE length(a.value) NOT BETWEEN 1 AND a.most;
    IF FOUND THEN
        PERFORM bourse.refuse('22023', wrong,
            'An action has 1 to 100 characters, a resource_type 1 to 50, a resource_id 1 to 100.');
    END IF;
    IF length(details::text) > 65536 THEN
        PERFORM bourse.refuse('54000', format('details have %s characters', length(details::text)),
            'Give at most 65536 characters of JSON; keep what is larger in a table of its own.');
    END IF;
    PERFORM bourse_private.require_shallow('details', details);
END
$$;
COMMENT ON FUNCTION audit_private.require_activity(text, text, text, jsonb) IS
'Refuses an action that is NULL (22004), texts that are empty or too long and details of too many levels (22023), '
'details that are too long (54000)';

-- The only writer of activity_logs: as write_log(), one chain for each transaction.
CREATE FUNCTION audit_private.write_activity(user_id bigint, action text, resource_type text, resource_id text,
                                             details jsonb)
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, audit, pg_temp SET enable_seqscan = off SET enable_bitmapscan = off AS $$
#variable_conflict use_variable
DECLARE
    cluster bigint := (SELECT system_identifier FROM pg_control_system());
    transaction_id bigint := pg_current_xact_id()::text::bigint;
    -- As in write_log().
    id bigint := nextval('audit.activity_logs_id_seq');
    previous record;
    moment timestamptz := clock_timestamp();
    agent text := audit_private.user_agent();
    operator text := audit_private.operator();
    salt uuid := gen_random_uuid();
    digest bytea := audit_private.activity_digest(salt, resource_id, details, identity_private.author(),
                                                  inet_client_addr(), agent);
BEGIN
    SELECT l.position, l.hash INTO previous FROM audit.activity_logs l
    WHERE l.cluster = cluster AND l.transaction_id = transaction_id
      AND l."timestamp" BETWEEN now() - interval '1 day' AND moment + interval '1 day'
    ORDER BY l.position DESC LIMIT 1;
    INSERT INTO audit.activity_logs (
        id, user_id, action, resource_type, resource_id, details, ip_address, user_agent, "timestamp", subject_id,
        login_role, cluster, transaction_id, position, salt, digest, operator, hash)
    VALUES (
        id, user_id, action, resource_type, resource_id, details, inet_client_addr(), agent, moment, user_id,
        identity_private.author(), cluster, transaction_id, coalesce(previous.position, 0) + 1, salt, digest, operator,
        audit_private.activity_hash(previous.hash, cluster, transaction_id, coalesce(previous.position, 0) + 1, id,
                                    user_id, action, resource_type, moment, digest, operator))
    ON CONFLICT DO NOTHING;
    IF NOT FOUND THEN
        PERFORM bourse_private.refuse_conflict('audit.activity_logs', true);
    END IF;
    RETURN id;
END
$$;
COMMENT ON FUNCTION audit_private.write_activity(bigint, text, text, text, jsonb) IS
'Adds a row to activity_logs, linked to the row before it of the same transaction. Returns its id. For log_activity() '
'and the functions that have checked their caller';
