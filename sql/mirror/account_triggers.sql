-- What the tables of accounts and of what hangs on them do by themselves.

-- In whatever way it goes, with its user too.
CREATE FUNCTION mirror_private.archive_deleted_account() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    PERFORM mirror_private.archive_account(OLD.id);
    RETURN OLD;
END
$$;
COMMENT ON FUNCTION mirror_private.archive_deleted_account() IS
'Trigger: the orders of an account are archived before it goes';

CREATE FUNCTION mirror_private.keep_deployment() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    NEW.id := OLD.id;
    NEW.user_id := OLD.user_id;
    NEW.strategy_id := OLD.strategy_id;
    NEW.account_id := OLD.account_id;
    NEW.created_at := OLD.created_at;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION mirror_private.keep_deployment() IS
'Trigger: a deployment stays its user''s, of its strategy and on its account';

CREATE FUNCTION mirror_private.guard_deployment_status() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM mirror.deployment_transitions() t
                   WHERE t.old_status = OLD.status AND t.new_status = NEW.status) THEN
        PERFORM mirror_private.refuse_deployment_step(OLD.id, OLD.status, format('become %s', NEW.status));
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION mirror_private.guard_deployment_status() IS
'Trigger: a status changes by a step of deployment_transitions() only, whoever writes it (55000)';

CREATE FUNCTION mirror_private.refuse_delete_of_living() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    -- Whoever is erased leaves table by table.
    IF EXISTS (SELECT FROM mirror.strategy_deployments d JOIN identity.users u ON u.id = d.user_id
               WHERE d.id = OLD.deployment_id AND u.erased_at IS NULL) THEN
        PERFORM bourse.refuse('23001',
            format('%I.%I keeps its history: DELETE refused', TG_TABLE_SCHEMA, TG_TABLE_NAME),
            'It goes with its deployment only.');
    END IF;
    RETURN OLD;
END
$$;
COMMENT ON FUNCTION mirror_private.refuse_delete_of_living() IS
'Trigger: a row that is append only goes with its deployment or its user, and not before (23001)';
