-- Templates of strategies. The plain table does the same under row security: INSERT and UPDATE by id there, DELETE in
-- the view my_templates.

CREATE FUNCTION webui_private.fill_template() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, webui, pg_temp AS $$
BEGIN
    NEW.id := coalesce(NEW.id, nextval('webui.strategy_templates_id_seq'));
    NEW.is_public := coalesce(NEW.is_public, false);
    NEW.created_by := coalesce(NEW.created_by, identity.current_user_id());
    NEW.created_at := identity_private.time_of_row(NEW.created_at);
    NEW.updated_at := identity_private.time_of_row(NEW.updated_at);
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION webui_private.fill_template() IS
'Trigger: an explicit NULL in a new template is the default of its column, as object-relational mappers mean it';

-- Public templates are in everybody's list.
CREATE FUNCTION webui_private.require_template() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, webui, pg_temp SET enable_seqscan = off AS $$
DECLARE
    most CONSTANT integer := 100;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        -- A mapper that has made a row without its owner sends NULL along with the next change.
        NEW.created_by := coalesce(NEW.created_by, OLD.created_by);
    END IF;
    PERFORM bourse_private.require_line('name', NEW.name)
    WHERE btrim(NEW.name) <> '' AND NEW.name IS DISTINCT FROM OLD.name;
    PERFORM bourse_private.require_shallow('template_data', NEW.template_data),
            bourse_private.require_plain_numbers('template_data', NEW.template_data);
    IF NEW.is_public AND (TG_OP = 'INSERT' OR NOT OLD.is_public OR NEW.created_by <> OLD.created_by) THEN
        -- Two sessions that add one each: the second counts that of the first.
        PERFORM bourse_private.hold_key(format('webui.strategy_templates %s', NEW.created_by));
        IF (SELECT count(*) FROM webui.strategy_templates t
            WHERE t.created_by + 0 = NEW.created_by AND t.is_public AND t.name <> NEW.name) >= most THEN
            PERFORM bourse.refuse('54000', format('user %s has %s public templates', NEW.created_by, most),
                'Save it with is_public => false, or have another be private.');
        END IF;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION webui_private.require_template() IS
'Trigger: refuses a new name that cannot be read, JSON of more than 64 levels, or with numbers that no double holds '
'(22023), and more than 100 public templates of a user (54000); an owner of NULL in a change is the owner that it has';

CREATE FUNCTION webui_private.refuse_erased_author() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, webui, pg_temp AS $$
BEGIN
    PERFORM identity_private.require_not_erased(NEW.created_by);
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION webui_private.refuse_erased_author() IS 'Trigger: no template of an erased user (55000)';

CREATE FUNCTION webui_private.delete_my_template() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, webui, pg_temp AS $$
BEGIN
    DELETE FROM webui.strategy_templates t WHERE t.id = OLD.id AND identity.acts_for(t.created_by);
    RETURN CASE WHEN FOUND THEN OLD END;
END
$$;
COMMENT ON FUNCTION webui_private.delete_my_template() IS
'Trigger: a row that is deleted in my_templates goes in its table. A privilege to DELETE there would be one to LOCK it';

CREATE FUNCTION webui.save_template(user_id bigint, name text, template_data jsonb, description text DEFAULT NULL,
                                    is_public boolean DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, webui, pg_temp AS $$
#variable_conflict use_column
DECLARE
    saved bigint;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_user(save_template.user_id);
    PERFORM identity_private.require_name('name', save_template.name, 100);
    PERFORM bourse_private.require_given('template_data', save_template.template_data);
    INSERT INTO webui.strategy_templates AS t (name, description, template_data, is_public, created_by)
    VALUES (save_template.name, save_template.description, save_template.template_data, save_template.is_public,
            save_template.user_id)
    ON CONFLICT ((created_by + 0), (name || '')) DO UPDATE
    SET description = coalesce(excluded.description, t.description), template_data = excluded.template_data,
        is_public = coalesce(save_template.is_public, t.is_public)
    RETURNING t.id INTO saved;
    RETURN saved;
END
$$;
COMMENT ON FUNCTION webui.save_template(bigint, text, jsonb, text, boolean) IS
'Makes a template of a user, or puts this in the place of the one that he has by that name, and returns its id. name: '
'1 to 100 characters; template_data: up to 65536 bytes and 64 levels; description: up to 10000 characters; is_public: '
'everybody reads it, as up to 100 of one user. NULL of these two leaves what is there, and a new one is private. '
'22004 NULL, 22023 name, JSON of too many levels, or with a number that no double holds, 23514 too long, 42501 not a '
'user you act for, 42704 unknown user, 54000 too many public ones, 55000 the user has been erased';
GRANT EXECUTE ON FUNCTION webui.save_template(bigint, text, jsonb, text, boolean) TO bourse_trader, bourse_worker;

CREATE FUNCTION webui.delete_template(template_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, webui, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('template_id', template_id);
    DELETE FROM webui.strategy_templates t WHERE t.id = template_id AND identity.acts_for(t.created_by);
    -- Who may not act for its user does not learn whether it is there.
    IF NOT FOUND THEN
        PERFORM bourse.refuse('42704', format('template %s does not exist', template_id),
            'webui.my_templates lists yours.');
    END IF;
END
$$;
COMMENT ON FUNCTION webui.delete_template(bigint) IS
'Deletes a template. 22004 NULL, 42704 no such template, or of another user';
GRANT EXECUTE ON FUNCTION webui.delete_template(bigint) TO bourse_trader, bourse_worker;

CREATE FUNCTION webui.visible_templates(user_id bigint, "limit" integer DEFAULT 100, after bigint DEFAULT NULL)
RETURNS TABLE (id bigint, name text, description text, template_data jsonb, is_public boolean, created_by bigint,
               created_at timestamptz, updated_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, webui, pg_temp AS $$
#variable_conflict use_column
DECLARE
    reached record;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_user(visible_templates.user_id);
    PERFORM bourse_private.require_page('templates', "limit", 1000, 'after');
    SELECT t.created_by <> visible_templates.user_id AS is_other, t.name, t.id INTO reached
    FROM webui.strategy_templates t
    WHERE t.id = after AND (t.created_by + 0 = visible_templates.user_id OR t.is_public);
    IF after IS NOT NULL AND NOT FOUND THEN
        PERFORM bourse.refuse('42704', format('template %s does not exist', after),
            'Give the last id of the page before, or leave it out to begin anew.');
    END IF;
    RETURN QUERY
    SELECT t.id, t.name::text, t.description, t.template_data, t.is_public, t.created_by, t.created_at, t.updated_at
    FROM webui.strategy_templates t
    WHERE (t.created_by + 0 = visible_templates.user_id OR t.is_public)
      AND (after IS NULL OR (t.created_by <> visible_templates.user_id, t.name, t.id)
                            > (reached.is_other, reached.name, reached.id))
    ORDER BY t.created_by <> visible_templates.user_id, t.name, t.id LIMIT "limit";
END
$$;
COMMENT ON FUNCTION webui.visible_templates(bigint, integer, bigint) IS
'The templates that a user may read: his own, then the public ones of others, each by name; "limit" (up to 1000) of '
'them, from the first on, or after the one of this id. 22004 NULL, 22023 limit, 42501 not a user you act for, 42704 '
'unknown user, or a template that he does not see';
GRANT EXECUTE ON FUNCTION webui.visible_templates(bigint, integer, bigint) TO bourse_viewer, bourse_worker;
