-- Accounts at brokers: what their users say of them. Whoever may not act for an account's user does not learn whether
-- there is the account.

CREATE FUNCTION mirror_private.refuse_unknown_account(account_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('account_id', account_id);
    PERFORM bourse.refuse('42704', format('account %s does not exist', account_id),
        'mirror.trading_accounts lists yours.');
END
$$;
COMMENT ON FUNCTION mirror_private.refuse_unknown_account(bigint) IS
'Says that there is no such account, or not for this session: NULL (22004), 42704';

CREATE FUNCTION mirror_private.require_account(account_id bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
DECLARE
    owner bigint;
BEGIN
    PERFORM bourse.require_installed();
    SELECT a.user_id INTO owner FROM mirror.trading_accounts a
    WHERE a.id = require_account.account_id AND identity.acts_for(a.user_id);
    IF NOT FOUND THEN
        PERFORM mirror_private.refuse_unknown_account(require_account.account_id);
    END IF;
    RETURN owner;
END
$$;
COMMENT ON FUNCTION mirror_private.require_account(bigint) IS
'Whose account it is. Refuses one that is NULL (22004), or is not there for this session (42704)';

-- What is reported of an account, and what is changed of it, comes one after the other: each begins with this lock.
CREATE FUNCTION mirror_private.lock_account(account_id bigint)
RETURNS TABLE (user_id bigint, account_name text, broker text, is_primary boolean, is_active boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_read_committed('a change of an account');
    RETURN QUERY
    SELECT a.user_id, a.account_name::text, a.broker::text, a.is_primary, a.is_active
    FROM mirror.trading_accounts a WHERE a.id = lock_account.account_id AND identity.acts_for(a.user_id)
    FOR NO KEY UPDATE;
    IF NOT FOUND THEN
        PERFORM mirror_private.refuse_unknown_account(lock_account.account_id);
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.lock_account(bigint) IS
'Locks an account until the transaction ends, and says how it is now. 22004 NULL, 25001 not READ COMMITTED, 42704 no '
'such account, or of a user whom the session does not act for';

-- Which of a user's accounts is the primary one, and how many there are, is settled in one session at a time. It comes
-- before the accounts.
CREATE FUNCTION mirror_private.hold_accounts(user_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_read_committed('a change of accounts');
    PERFORM bourse_private.hold_key(format('mirror.trading_accounts %s', user_id));
END
$$;
COMMENT ON FUNCTION mirror_private.hold_accounts(bigint) IS
'Waits for whoever else adds an account of a user or chooses the primary one, and keeps others from it until the '
'transaction ends. 25001 not READ COMMITTED';

CREATE FUNCTION mirror_private.require_url(parameter text, url text, schemes text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    -- The address may hold a secret: it is not repeated.
    IF length(url) > 200 OR url COLLATE "C" !~ format('^(%s)://[!-.0-~][!-~]*$', schemes) THEN
        PERFORM bourse.refuse('22023', format('%s is no address of up to 200 characters', parameter),
            format('Give one that begins with %s://.', replace(schemes, '|', ':// or ')));
    ELSIF bourse_private.secret_in(jsonb_build_object('url', url)) IS NOT NULL THEN
        PERFORM bourse.refuse('22023', format('there is a secret in %s', parameter),
            'Give the address without it, and the key to mirror.set_api_key().');
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.require_url(text, text, text) IS
'Refuses what is no address of these schemes (http|https) or holds a secret (22023) without repeating it; NULL passes';

CREATE FUNCTION mirror_private.require_account_terms(account_name text, broker text, host_url text,
                                                     websocket_url text, calendar text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    IF length(btrim(account_name)) < 3 OR length(account_name) > 100 THEN
        PERFORM bourse.refuse('22023', format('account_name is %s', bourse_private.quoted(account_name)),
            'Give a name of 3 to 100 characters.');
    ELSIF broker IS NOT NULL AND NOT EXISTS (SELECT FROM mirror.brokers b WHERE b.name = broker) THEN
        PERFORM bourse.refuse('42704', format('broker %s does not exist', bourse_private.quoted(broker)),
            'mirror.brokers lists those that there are; an admin adds one.');
    ELSIF calendar IS NOT NULL
          AND NOT EXISTS (SELECT FROM calendar.trading_hours_templates t WHERE t.name = calendar)
          AND calendar NOT IN (SELECT b.name FROM calendar.builtin_calendars() b) THEN
        PERFORM bourse.refuse('42704', format('calendar %s does not exist', bourse_private.quoted(calendar)),
            'calendar.trading_hours_templates lists those that are loaded, calendar.builtin_calendars() those that '
            'can be.');
    END IF;
    PERFORM marketplace_private.require_title('account_name', account_name, 100) WHERE account_name IS NOT NULL;
    PERFORM mirror_private.require_url('host_url', host_url, 'http|https'),
            mirror_private.require_url('websocket_url', websocket_url, 'ws|wss');
END
$$;
COMMENT ON FUNCTION mirror_private.require_account_terms(text, text, text, text, text) IS
'Refuses what an account cannot have: a name that is too short or long, no address, a secret, a control character '
'(22023), a broker or calendar that there is not (42704); NULL passes';

CREATE FUNCTION mirror_private.refuse_taken_name(user_id bigint, account_name text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    PERFORM bourse.refuse('23505',
        format('user %s has an account %s', user_id, bourse_private.quoted(account_name)),
        'Give another name, or mirror.update_account() the one that there is.');
END
$$;
COMMENT ON FUNCTION mirror_private.refuse_taken_name(bigint, text) IS
'Says that a user has an account of this name (23505)';

-- Whoever holds hold_accounts(). The old one first: at no moment are there two.
CREATE FUNCTION mirror_private.make_primary(user_id bigint, account_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    -- In order of id, as whoever else locks several.
    PERFORM FROM mirror.trading_accounts a
    WHERE a.user_id = user_id AND (a.is_primary OR a.id = account_id) ORDER BY a.id FOR NO KEY UPDATE;
    -- It may have gone, or been taken out of use, while the locks were waited for.
    PERFORM mirror_private.require_account(account_id);
    PERFORM bourse.refuse('55000', format('account %s is not active', account_id),
                          'mirror.activate_account() has it in use again.')
    FROM mirror.trading_accounts a WHERE a.id = account_id AND NOT a.is_active;
    UPDATE mirror.trading_accounts a SET is_primary = false
    WHERE a.user_id = user_id AND a.is_primary AND a.id <> account_id;
    UPDATE mirror.trading_accounts a SET is_primary = true
    WHERE a.user_id = user_id AND a.id = account_id AND NOT a.is_primary;
END
$$;
COMMENT ON FUNCTION mirror_private.make_primary(bigint, bigint) IS
'Makes an account the primary one of its user, and no other. For whoever holds hold_accounts(). Refuses one that is '
'not there (42704) or not active (55000)';

CREATE FUNCTION mirror.create_account(
    user_id bigint, account_name text, broker text, api_key text DEFAULT NULL,
    host_url text DEFAULT 'http://127.0.0.1:5000', websocket_url text DEFAULT 'ws://127.0.0.1:8765',
    is_primary boolean DEFAULT false, calendar text DEFAULT 'XNSE') RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT integer := 100;
    created bigint;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_user(user_id);
    PERFORM bourse_private.require_given('account_name', account_name), bourse_private.require_given('broker', broker),
            bourse_private.require_given('host_url', host_url),
            bourse_private.require_given('websocket_url', websocket_url),
            bourse_private.require_given('is_primary', is_primary), bourse_private.require_given('calendar', calendar);
    PERFORM mirror_private.require_account_terms(account_name, broker, host_url, websocket_url, calendar);
    PERFORM mirror_private.hold_accounts(user_id);
    IF NOT identity.acts_for_all()
       AND (SELECT count(*) FROM mirror.trading_accounts a WHERE a.user_id = user_id) >= most THEN
        PERFORM bourse.refuse('54000', format('user %s has %s accounts', user_id, most),
            'Delete some; who acts for everybody may make more.');
    ELSIF EXISTS (SELECT FROM mirror.trading_accounts a WHERE a.user_id = user_id AND a.account_name = account_name)
    THEN
        PERFORM mirror_private.refuse_taken_name(user_id, account_name);
    END IF;
    INSERT INTO mirror.trading_accounts (user_id, account_name, broker, host_url, websocket_url, calendar)
    VALUES (user_id, account_name, broker, host_url, websocket_url, calendar) RETURNING id INTO created;
    IF api_key IS NOT NULL THEN
        PERFORM mirror_private.write_api_key(user_id, created, api_key);
    END IF;
    IF is_primary THEN
        PERFORM mirror_private.make_primary(user_id, created);
    END IF;
    RETURN created;
END
$$;
COMMENT ON FUNCTION mirror.create_account(bigint, text, text, text, text, text, boolean, text) IS
'Makes an account of a user at a broker, and returns its id. account_name: 3 to 100 characters, of a user''s accounts '
'one has it; broker: one of mirror.brokers; api_key: goes into the vault, give it as a parameter, never as a literal; '
'host_url, websocket_url: where the broker''s API is, up to 200 characters; is_primary: it takes the place of the one '
'that is; calendar: the hours of its market. 22004 NULL, 22023 a bad value, or a secret, 23505 the name is taken, '
'25001 isolation, 42501 not a user you act for, 42704 unknown user, broker or calendar, 54000 a user has 100 accounts, '
'55000 the vault has no key, the user has been erased';

CREATE FUNCTION mirror.update_account(
    account_id bigint, account_name text DEFAULT NULL, broker text DEFAULT NULL, host_url text DEFAULT NULL,
    websocket_url text DEFAULT NULL, calendar text DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    owner bigint := mirror_private.require_account(account_id);
BEGIN
    PERFORM mirror_private.require_account_terms(account_name, broker, host_url, websocket_url, calendar);
    PERFORM mirror_private.hold_accounts(owner), mirror_private.lock_account(account_id);
    IF EXISTS (SELECT FROM mirror.trading_accounts a
               WHERE a.user_id = owner AND a.account_name = account_name AND a.id <> account_id) THEN
        PERFORM mirror_private.refuse_taken_name(owner, account_name);
    END IF;
    UPDATE mirror.trading_accounts a
    SET account_name = coalesce(account_name, a.account_name), broker = coalesce(broker, a.broker),
        host_url = coalesce(host_url, a.host_url), websocket_url = coalesce(websocket_url, a.websocket_url),
        calendar = coalesce(calendar, a.calendar)
    WHERE a.id = account_id
      AND (a.account_name, a.broker, a.host_url, a.websocket_url, a.calendar)
          <> (coalesce(account_name, a.account_name), coalesce(broker, a.broker), coalesce(host_url, a.host_url),
              coalesce(websocket_url, a.websocket_url), coalesce(calendar, a.calendar));
END
$$;
COMMENT ON FUNCTION mirror.update_account(bigint, text, text, text, text, text) IS
'Changes what a user says of an account; NULL leaves what is there, the same again leaves no trace. The rest is as '
'create_account() has it. 22004 NULL account, 22023 a bad value, or a secret, 23505 the name is taken, 25001 '
'isolation, 42704 no such account, or of another user, unknown broker or calendar';

CREATE FUNCTION mirror.set_primary_account(account_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    owner bigint := mirror_private.require_account(account_id);
BEGIN
    PERFORM mirror_private.hold_accounts(owner), mirror_private.make_primary(owner, account_id);
END
$$;
COMMENT ON FUNCTION mirror.set_primary_account(bigint) IS
'Makes an active account the primary one of its user, in the place of the one that is: there is one at most, however '
'many sessions choose at once. 22004 NULL, 25001 isolation, 42704 no such account, or of another user, 55000 it is not '
'active';

CREATE FUNCTION mirror.deactivate_account(account_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    owner bigint := mirror_private.require_account(account_id);
BEGIN
    PERFORM mirror_private.hold_accounts(owner), mirror_private.lock_account(account_id);
    UPDATE mirror.trading_accounts a SET is_active = false, is_primary = false
    WHERE a.id = account_id AND a.is_active;
END
$$;
COMMENT ON FUNCTION mirror.deactivate_account(bigint) IS
'Takes an account out of use: nothing is copied to it, it is not watched, no backup, and not primary. What is known of '
'it stays. 22004 NULL, 25001 isolation, 42704 no such account, or of another user';

CREATE FUNCTION mirror.activate_account(account_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    owner bigint := mirror_private.require_account(account_id);
BEGIN
    PERFORM mirror_private.hold_accounts(owner), mirror_private.lock_account(account_id);
    UPDATE mirror.trading_accounts a SET is_active = true, is_primary = false
    WHERE a.id = account_id AND NOT a.is_active;
END
$$;
COMMENT ON FUNCTION mirror.activate_account(bigint) IS
'Has an account be in use again; set_primary_account() makes it the primary one. 22004 NULL, 25001 isolation, 42704 no '
'such account, or of another user';

CREATE FUNCTION mirror.delete_account(account_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    owner bigint := mirror_private.require_account(account_id);
BEGIN
    PERFORM mirror_private.hold_accounts(owner);
    PERFORM FROM mirror.trading_accounts a WHERE a.id = account_id FOR UPDATE;
    PERFORM mirror_private.require_account(account_id);
    -- In order of id: who deletes a strategy may have some of them.
    PERFORM FROM mirror.strategy_deployments d WHERE d.user_id = owner AND d.account_id = account_id
    ORDER BY d.id FOR UPDATE;
    DELETE FROM mirror.trading_accounts a WHERE a.id = account_id;
END
$$;
COMMENT ON FUNCTION mirror.delete_account(bigint) IS
'Deletes an account with its API key, positions, holdings and deployments. Its orders are archived before, and stay. '
'22004 NULL, 25001 isolation, 42704 no such account, or of another user';
GRANT EXECUTE ON FUNCTION mirror.create_account(bigint, text, text, text, text, text, boolean, text),
    mirror.update_account(bigint, text, text, text, text, text), mirror.set_primary_account(bigint),
    mirror.deactivate_account(bigint), mirror.activate_account(bigint), mirror.delete_account(bigint)
    TO bourse_trader, bourse_worker;

CREATE FUNCTION mirror.set_connection_status(account_id bigint, status text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM identity_private.require_operator();
    PERFORM mirror_private.require_account(account_id);
    IF status IS NULL OR status NOT IN ('disconnected', 'connecting', 'connected', 'failed', 'error') THEN
        PERFORM bourse.refuse('22023', format('status is %s', coalesce(bourse_private.quoted(status), 'NULL')),
            'Give disconnected, connecting, connected, failed or error.');
    END IF;
    PERFORM mirror_private.note_connection(account_id, status);
END
$$;
COMMENT ON FUNCTION mirror.set_connection_status(bigint, text) IS
'Says how the connection of an account is: disconnected, connecting, connected, failed (no connection), error (the '
'broker refuses). connected also sets last_connected. For workers. 22004 NULL account, 22023 no such status, 42501 the '
'session does not act for everybody, 42704 no such account';
GRANT EXECUTE ON FUNCTION mirror.set_connection_status(bigint, text) TO bourse_admin, bourse_gateway, bourse_worker;

CREATE FUNCTION mirror_private.note_connection(account_id bigint, status text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    UPDATE mirror.trading_accounts a
    SET connection_status = status,
        last_connected = CASE status WHEN 'connected' THEN clock_timestamp() ELSE a.last_connected END
    WHERE a.id = account_id AND (a.connection_status <> status OR status = 'connected');
END
$$;
COMMENT ON FUNCTION mirror_private.note_connection(bigint, text) IS
'Writes connection_status of an account, and last_connected when it is connected. For whoever has checked both';
