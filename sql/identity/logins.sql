-- Whose login is whose decides over money and secrets: whoever may make logins may give them, and nobody else.
CREATE FUNCTION identity.set_login(user_id bigint, login text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    given record;
    taken text;
BEGIN
    PERFORM identity_private.require_operator();
    PERFORM identity_private.require_may_give_logins();
    PERFORM identity_private.require_existing_user(user_id);
    PERFORM identity_private.require_not_erased(user_id);
    IF login IS NOT NULL THEN
        SELECT r.rolname INTO given FROM pg_roles r WHERE r.rolname = login;
        IF NOT FOUND THEN
            PERFORM bourse.refuse('42704', format('login %s does not exist', bourse_private.quoted(login)),
                'CREATE ROLE … LOGIN IN ROLE bourse_trader first.');
        END IF;
        -- What such a login does is the operator's; a superuser may still say whose it is.
        IF NOT identity_private.is_superuser(session_user) AND EXISTS (
            SELECT FROM unnest('{bourse_owner,bourse_admin,bourse_worker,bourse_gateway,bourse_runner,
                                 bourse_sender,bourse_carrier}'::name[]) r
            WHERE pg_has_role(given.rolname, r, 'MEMBER')) THEN
            PERFORM bourse.refuse('42501',
                format('login %s acts for more than one user', bourse_private.quoted(given.rolname)),
                'Give a login that is a member of bourse_viewer or bourse_trader only; a superuser may give any.');
        END IF;
    END IF;
    UPDATE identity.users u SET db_role = login::name WHERE u.id = user_id AND u.db_role IS DISTINCT FROM login::name;
EXCEPTION
    WHEN unique_violation THEN
        GET STACKED DIAGNOSTICS taken = CONSTRAINT_NAME;
        IF taken <> 'users_db_role_key' THEN
            RAISE;
        END IF;
        PERFORM bourse.refuse('23505', format('login %s is another user''s', bourse_private.quoted(login)),
            'One login is one user: set_login(that user, NULL) takes it away.');
END
$$;
COMMENT ON FUNCTION identity.set_login(bigint, text) IS
'Has a database login act as a user (users.db_role); NULL takes it away. For superusers, and admins with CREATEROLE, '
'who before PostgreSQL 16 can make themselves bourse_owner. Leaves a LOGIN row in audit_logs, which no erasure '
'empties. 22004 user_id is NULL, 23505 the login is another user''s, 42501 the caller may not give logins, or a login '
'that acts for more than one user, 42704 unknown user or login, 55000 the user has been erased';
GRANT EXECUTE ON FUNCTION identity.set_login(bigint, text) TO bourse_admin;

CREATE FUNCTION identity_private.is_superuser(role name) RETURNS boolean
LANGUAGE sql STABLE SET search_path = pg_catalog, identity, pg_temp AS $$
    SELECT r.rolsuper FROM pg_roles r WHERE r.rolname = role
$$;
COMMENT ON FUNCTION identity_private.is_superuser(name) IS 'Whether a role is a superuser itself';

CREATE FUNCTION identity_private.require_may_give_logins() RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, identity, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles r WHERE r.rolname = session_user
                   AND (r.rolsuper OR r.rolcreaterole AND pg_has_role(r.oid, 'bourse_admin', 'MEMBER'))) THEN
        PERFORM bourse.refuse('42501',
            format('no permission to give logins to users: %s cannot make any', session_user),
            'Connect as a superuser. An admin with CREATEROLE may as well, but before PostgreSQL 16 that right is as '
            'good as membership in bourse_owner.');
    END IF;
END
$$;
COMMENT ON FUNCTION identity_private.require_may_give_logins() IS
'Refuses a login that is neither a superuser nor an admin with CREATEROLE (42501)';

-- Also when a superuser writes the column, or an erasure empties it.
CREATE FUNCTION identity_private.record_login() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp AS $$
BEGIN
    PERFORM bourse_private.log_change('LOGIN', 'identity.users', NEW.id::text, NEW.id,
        CASE WHEN TG_OP = 'UPDATE' THEN jsonb_build_object('db_role', OLD.db_role) END,
        jsonb_build_object('db_role', NEW.db_role));
    RETURN NULL;
END
$$;
COMMENT ON FUNCTION identity_private.record_login() IS
'Trigger: writes a LOGIN row of audit_logs for each change of whose login somebody is';

-- Each of these columns has one writer. An INSERT that names them with NULL, as ORMs do, is fine.
CREATE FUNCTION identity_private.refuse_owned_columns() RETURNS trigger
LANGUAGE plpgsql SET search_path = pg_catalog, identity, pg_temp AS $$
DECLARE
    -- An admin may insert into the whole table, a gateway into named columns. For either, NULL and the column's default
    -- say nothing.
    is_admin CONSTANT boolean := has_table_privilege(current_user, 'identity.users', 'INSERT');
    owned CONSTANT text := concat_ws(', ',
        CASE WHEN NEW.password_hash IS NOT NULL THEN 'password_hash' END,
        CASE WHEN NEW.remember_token IS NOT NULL THEN 'remember_token' END,
        CASE WHEN NEW.role <> 'trader' THEN 'role' END, CASE WHEN NOT NEW.is_active THEN 'is_active' END,
        CASE WHEN NEW.developer_name IS NOT NULL THEN 'developer_name' END,
        CASE WHEN NEW.developer_bio IS NOT NULL THEN 'developer_bio' END,
        CASE WHEN NEW.developer_website IS NOT NULL THEN 'developer_website' END,
        CASE WHEN NEW.last_login IS NOT NULL THEN 'last_login' END);
BEGIN
    IF pg_has_role(current_user, 'bourse_owner', 'MEMBER') THEN
        RETURN NEW;
    END IF;
    IF NEW.db_role IS NOT NULL OR NEW.email_verified_at IS NOT NULL OR NEW.erased_at IS NOT NULL THEN
        PERFORM bourse.refuse('42501', 'no permission to insert a user with db_role, email_verified_at or erased_at',
            'Leave them out: identity.set_login(), verify_code() and erase_user() write them.');
    END IF;
    IF NOT is_admin THEN
        PERFORM bourse_private.require_drawn(NEW.id, 'identity.users_id_seq');
        IF owned <> '' THEN
            PERFORM bourse.refuse('42501', format('no permission to insert a user with %s', owned),
                'Leave these columns out, or send NULL or DEFAULT: an admin writes them, and authenticate() and '
                'set_password().');
        END IF;
        NEW.created_at := now();
        NEW.updated_at := NEW.created_at;
    END IF;
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION identity_private.refuse_owned_columns() IS
'Trigger: keeps db_role, email_verified_at and erased_at of a new user to the functions that write them, and its id, '
'times, rights and secrets out of a gateway''s INSERT (42501)';

CREATE FUNCTION identity_private.fill_defaults() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, identity, pg_temp AS $$
BEGIN
    NEW.id := coalesce(NEW.id, nextval('identity.users_id_seq'));
    NEW.role := coalesce(NEW.role, 'trader');
    NEW.is_active := coalesce(NEW.is_active, true);
    NEW.created_at := coalesce(NEW.created_at, now());
    NEW.updated_at := coalesce(NEW.updated_at, now());
    RETURN NEW;
END
$$;
COMMENT ON FUNCTION identity_private.fill_defaults() IS
'Trigger: an explicit NULL in a new user is the default of its column, as object-relational mappers mean it';
