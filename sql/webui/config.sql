-- Settings of the web application, which admins write and everybody reads.

CREATE FUNCTION webui_private.fill_config() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, webui, pg_temp AS $$
BEGIN
    NEW.id := coalesce(NEW.id, nextval('webui.system_config_id_seq'));
    NEW.created_at := identity_private.time_of_row(NEW.created_at);
    NEW.updated_at := identity_private.time_of_row(NEW.updated_at);
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION webui_private.fill_config() IS
'Trigger: an explicit NULL in a new setting is the default of its column, as object-relational mappers mean it';

CREATE FUNCTION webui_private.keep_key() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, webui, pg_temp AS $$
BEGIN
    PERFORM bourse.refuse('22023', format('the key of setting %s would change', bourse_private.quoted(OLD.key)),
        'A setting has one key for good: set another, then webui.remove_config() takes this one away.');
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION webui_private.keep_key() IS 'Trigger: no setting changes its key (22023)';

CREATE FUNCTION webui_private.has_secret(key text, value jsonb) RETURNS boolean
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, webui, pg_temp AS $$
    SELECT bourse_private.secret_in(jsonb_build_object(key, value)) IS NOT NULL
$$;
COMMENT ON FUNCTION webui_private.has_secret(text, jsonb) IS
'Whether there is a secret in a value of this name, by the names in it or by the look of it';

CREATE FUNCTION webui_private.refuse_secrets() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, webui, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('key', NEW.key), bourse_private.require_shallow('value', NEW.value);
    PERFORM bourse_private.require_line('key', NEW.key) WHERE btrim(NEW.key) <> '' AND TG_OP = 'INSERT';
    IF webui_private.has_secret(NEW.key, NEW.value)
       OR webui_private.has_secret('description', to_jsonb(NEW.description)) THEN
        -- The value may be one, and the key as well.
        PERFORM bourse.refuse('22023', CASE WHEN webui_private.has_secret('key', to_jsonb(NEW.key))
            THEN 'a setting has a secret' ELSE format('setting %s has a secret', bourse_private.quoted(NEW.key)) END,
            'Everybody reads settings: keep it in the vault, or in the environment of the application. What is none '
            'needs a name without words like key, token or password.');
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION webui_private.refuse_secrets() IS
'Trigger: refuses a setting in which there is a secret, JSON of more than 64 levels, and a new key that cannot be read '
'(22023)';

CREATE FUNCTION webui_private.notify_config() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, webui, pg_temp AS $$
BEGIN
    PERFORM bourse_private.notify('webui_config', CASE TG_LEVEL WHEN 'ROW' THEN coalesce(NEW.key, OLD.key) ELSE '' END);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION webui_private.notify_config() IS
'Trigger: tells whoever listens on webui_config which setting has changed, once in a transaction, or, with an empty '
'payload, that all are gone. A hint only';

CREATE FUNCTION webui.set_config(key text, value jsonb, description text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, webui, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_name('key', key, 100);
    IF key <> btrim(key) OR key ~ '^[0-9]*$' THEN
        PERFORM bourse.refuse('22023', format('key is %s', bourse_private.quoted(key)),
            'Give a name without blanks around it that is no number, like ui.page_size.');
    END IF;
    PERFORM bourse_private.require_given('value', value);
    INSERT INTO webui.system_config AS c (key, value, description) VALUES (key, value, description)
    ON CONFLICT ON CONSTRAINT system_config_key_key DO UPDATE
    SET value = excluded.value, description = coalesce(excluded.description, c.description)
    WHERE (c.value, c.description) IS DISTINCT FROM (excluded.value, coalesce(excluded.description, c.description));
END
$$;
COMMENT ON FUNCTION webui.set_config(text, jsonb, text) IS
'Sets a setting. key: 1 to 100 characters, no number, no blank around it; value: up to 65536 bytes; description: what '
'it is for, up to 10000 characters, NULL leaves what is there. The same value again changes nothing and leaves no '
'trace. 22004 NULL, 22023 a key that is none, a secret, JSON of more than 64 levels, 23514 a value that is too long';
GRANT EXECUTE ON FUNCTION webui.set_config(text, jsonb, text) TO bourse_admin;

CREATE FUNCTION webui.remove_config(key text) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, webui, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('key', key);
    DELETE FROM webui.system_config c WHERE c.key = key;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION webui.remove_config(text) IS
'Takes a setting away: reads of it get what they give for that case. Returns whether it was there. 22004 NULL';
GRANT EXECUTE ON FUNCTION webui.remove_config(text) TO bourse_admin;

CREATE FUNCTION webui.get_config(key text) RETURNS jsonb
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, webui, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('key', key);
    RETURN (SELECT c.value FROM webui.system_config c WHERE c.key = key);
END
$$;
COMMENT ON FUNCTION webui.get_config(text) IS 'The value of a setting; NULL: it is not set. 22004 NULL';

CREATE FUNCTION webui_private.typed_value(key text, type text) RETURNS text
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, webui, pg_temp AS $$
DECLARE
    value jsonb := webui.get_config(key);
BEGIN
    IF jsonb_typeof(value) NOT IN ('null', type) THEN
        PERFORM webui_private.refuse_type(key, format('a JSON %s, not a %s', jsonb_typeof(value), type));
    END IF;
    RETURN value #>> '{}';
END
$$;
COMMENT ON FUNCTION webui_private.typed_value(text, text) IS
'The text of a setting that is JSON of this type; NULL: it is not set, or null. Refuses another type (22023)';

CREATE FUNCTION webui_private.refuse_type(key text, is_what text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, webui, pg_temp AS $$
BEGIN
    PERFORM bourse.refuse('22023', format('setting %s is %s', bourse_private.quoted(key), is_what),
        'Read it with webui.get_config(), or have an admin set it to what is read.');
END
$$;
COMMENT ON FUNCTION webui_private.refuse_type(text, text) IS
'Says that a setting is no value of the type asked for (22023)';

CREATE FUNCTION webui.get_text(key text, otherwise text DEFAULT NULL) RETURNS text
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, webui, pg_temp AS $$
BEGIN
    RETURN coalesce(webui_private.typed_value(key, 'string'), otherwise);
END
$$;
COMMENT ON FUNCTION webui.get_text(text, text) IS
'A setting that is a JSON string; where it is not set, or null, what is given as otherwise. 22004 key is NULL, 22023 '
'it is no string';

CREATE FUNCTION webui.get_integer(key text, otherwise bigint DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, webui, pg_temp AS $$
DECLARE
    value numeric := webui_private.typed_value(key, 'number');
BEGIN
    IF value <> trunc(value) OR abs(value) > 9223372036854775807 THEN
        PERFORM webui_private.refuse_type(key, bourse_private.clip(value::text) || ', no whole number of 64 bits');
    END IF;
    RETURN coalesce(value, otherwise);
END
$$;
COMMENT ON FUNCTION webui.get_integer(text, bigint) IS
'A setting that is a whole number of up to 64 bits; otherwise as get_text(). 22004 key is NULL, 22023 it is none';

CREATE FUNCTION webui.get_numeric(key text, otherwise numeric DEFAULT NULL) RETURNS numeric
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, webui, pg_temp AS $$
BEGIN
    RETURN coalesce(webui_private.typed_value(key, 'number')::numeric, otherwise);
END
$$;
COMMENT ON FUNCTION webui.get_numeric(text, numeric) IS
'A setting that is a number, to the last digit; otherwise as get_text(). 22004 key is NULL, 22023 it is none';

CREATE FUNCTION webui.get_boolean(key text, otherwise boolean DEFAULT NULL) RETURNS boolean
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, webui, pg_temp AS $$
BEGIN
    RETURN coalesce(webui_private.typed_value(key, 'boolean')::boolean, otherwise);
END
$$;
COMMENT ON FUNCTION webui.get_boolean(text, boolean) IS
'A setting that is true or false; otherwise as get_text(). 22004 key is NULL, 22023 it is neither';

-- In PostgreSQL's own way, whatever the session has set.
CREATE FUNCTION webui.get_interval(key text, otherwise interval DEFAULT NULL) RETURNS interval
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, webui, pg_temp
SET intervalstyle = 'postgres' AS $$
DECLARE
    value text := webui_private.typed_value(key, 'string');
BEGIN
    RETURN coalesce(value::interval, otherwise);
EXCEPTION WHEN invalid_datetime_format OR datetime_field_overflow OR interval_field_overflow THEN
    PERFORM webui_private.refuse_type(key, bourse_private.quoted(value) || ', no interval');
END
$$;
COMMENT ON FUNCTION webui.get_interval(text, interval) IS
'A setting that is a JSON string with an interval, like "90 seconds" or "PT5M"; otherwise as get_text(). 22004 key is '
'NULL, 22023 it is none';

GRANT EXECUTE ON FUNCTION webui.get_config(text), webui.get_text(text, text), webui.get_integer(text, bigint),
    webui.get_numeric(text, numeric), webui.get_boolean(text, boolean), webui.get_interval(text, interval)
    TO bourse_viewer, bourse_worker, bourse_monitor;

-- The trail is the history; no second one is kept. A table that has been audited anew is known there by its id.
CREATE FUNCTION webui.config_history(key text)
RETURNS TABLE (changed_at timestamptz, action text, old_value jsonb, new_value jsonb, description text,
               changed_by text, user_id bigint)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, webui, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_column
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('key', config_history.key);
    RETURN QUERY
    SELECT l."timestamp", l.action::text, l.old_values -> 'value', l.new_values -> 'value',
           l.new_values ->> 'description', coalesce(l.operator, l.login_role), l.user_id
    FROM audit.audit_logs l
    WHERE l.table_name = 'webui.system_config'
      AND l.record_id || '' IN (config_history.key, (SELECT c.id::text FROM webui.system_config c
                                                     WHERE c.key = config_history.key))
    ORDER BY l.id DESC;
END
$$;
COMMENT ON FUNCTION webui.config_history(text) IS
'The changes of a setting, the latest first, as audit.audit_logs has them: when, INSERT, UPDATE or DELETE, the values '
'before and after (NULL: this did not change, or there was none), the new description, the login and the user who did '
'it. Nothing while audit.disable() keeps the table out of the trail. 22004 NULL';
GRANT EXECUTE ON FUNCTION webui.config_history(text) TO bourse_admin;
