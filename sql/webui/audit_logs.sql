-- What people did in the screens of a web application.

CREATE FUNCTION webui_private.fill_audit_log() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, webui, pg_temp AS $$
BEGIN
    -- A log-in that fails is nobody's yet.
    NEW.user_id := coalesce(NEW.user_id, identity.current_user_id());
    IF NEW.user_id IS NULL AND NOT identity_private.is_operator() THEN
        PERFORM bourse_private.require_given('user_id', NEW.user_id);
    END IF;
    PERFORM bourse_private.require_shallow('details', NEW.details);
    -- The month of a row is given when it comes: no trigger can change it any more.
    IF NEW.created_at > clock_timestamp() + interval '5 minutes'
       OR NEW.created_at < clock_timestamp() - interval '1 day' AND NOT identity.acts_for_all() THEN
        PERFORM bourse.refuse('22023', format('created_at is %s', NEW.created_at),
            'Leave created_at out; a log that was kept elsewhere may come up to a day later.');
    END IF;
    NEW.id := coalesce(NEW.id, nextval('webui.audit_logs_id_seq'));
    NEW.action := btrim(NEW.action);
    NEW.details := bourse_private.redact(NEW.details);
    -- Who acts for everybody brings back rows as they were.
    IF NEW.actor IS NULL OR NOT identity.acts_for_all() THEN
        NEW.actor := (SELECT u.name FROM identity.users u WHERE u.id = NEW.user_id);
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION webui_private.fill_audit_log() IS
'Trigger: an explicit NULL is the default of its column, as object-relational mappers mean it; takes secrets out of '
'details and puts the user''s name in, of nobody where an operator says so. Refuses another row of nobody (22004), a '
'time that has not come or is over for a day, details of too many levels (22023)';

CREATE FUNCTION webui.log_action(user_id bigint, action text, resource_type text DEFAULT NULL,
                                 resource_id text DEFAULT NULL, details jsonb DEFAULT NULL,
                                 ip_address inet DEFAULT NULL, user_agent text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, webui, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    written bigint;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM audit_private.require_activity(action, resource_type, resource_id, details);
    IF user_id IS NOT NULL OR NOT identity_private.is_operator() THEN
        PERFORM identity_private.require_user(coalesce(user_id, identity.current_user_id()));
    END IF;
    INSERT INTO webui.audit_logs AS l (user_id, action, resource_type, resource_id, details, ip_address, user_agent)
    VALUES (user_id, action, resource_type, resource_id, details, ip_address,
            coalesce(left(user_agent, 500), audit_private.user_agent()))
    RETURNING l.id INTO written;
    RETURN written;
END
$$;
COMMENT ON FUNCTION webui.log_action(bigint, text, text, text, jsonb, inet, text) IS
'Adds a row to webui.audit_logs, in the name of a user, and returns its id. user_id NULL: the session''s user, or, of '
'an operator who acts for none, nobody, as when a log-in fails. action: 1 to 100 characters; resource_type, '
'resource_id: up to 50 and 100; details: up to 65536 characters and 64 levels, secrets are redacted by their key; '
'ip_address: of the browser, as the application knows it; user_agent: by default the setting bourse.user_agent, 500 '
'characters are kept. 22004 NULL, 22023 a text that is empty or too long, details of too many levels, 22P02 no '
'address, 42501 not a user you act for, 42704 unknown user, 54000 details too long, 55000 the user has been erased';
GRANT EXECUTE ON FUNCTION webui.log_action(bigint, text, text, text, jsonb, inet, text) TO bourse_viewer, bourse_worker;
