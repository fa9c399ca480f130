-- Connections of accounts to their brokers. Workers and gateways report on them.

-- A row that somebody else holds is left as it is: the sweep shows it later.
CREATE FUNCTION mirror_private.show_status(account_ids bigint[], status text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    account_id bigint;
BEGIN
    FOR account_id IN SELECT a.id FROM mirror.trading_accounts a WHERE a.id = ANY (account_ids)
                      ORDER BY a.id FOR NO KEY UPDATE SKIP LOCKED LOOP
        PERFORM mirror_private.note_connection(account_id, status);
    END LOOP;
END
$$;
COMMENT ON FUNCTION mirror_private.show_status(bigint[], text) IS
'Writes connection_status of accounts, without waiting for whoever holds one';

-- An erasure holds its user first, and the accounts after that.
CREATE FUNCTION mirror_private.hold_user(user_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    PERFORM FROM identity.users u WHERE u.id = hold_user.user_id FOR KEY SHARE;
END
$$;
COMMENT ON FUNCTION mirror_private.hold_user(bigint) IS 'Waits for an erasure of the user that is under way';

CREATE FUNCTION mirror_private.require_room(user_id bigint, account_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT integer := 10;
    kept CONSTANT integer := 100;
BEGIN
    IF (SELECT count(*) FROM mirror.websocket_connections c
        WHERE c.account_id + 0 = account_id AND c.status = 'connected') >= most THEN
        PERFORM bourse.refuse('54000', format('account %s has %s connections', account_id, most),
            'mirror.disconnect() ends one; mirror.websocket_connections lists them.');
    END IF;
    -- One that is lost and made again every second leaves no more than these.
    DELETE FROM mirror.websocket_connections c WHERE c.id IN (
        SELECT o.id FROM mirror.websocket_connections o
        WHERE o.user_id = user_id AND o.account_id = account_id AND o.status <> 'connected'
        ORDER BY o.id DESC OFFSET kept);
END
$$;
COMMENT ON FUNCTION mirror_private.require_room(bigint, bigint) IS
'Refuses an eleventh connection of an account (54000), and forgets those that have ended but for the last 100';

CREATE FUNCTION mirror_private.refuse_taken_connection(connection_id text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    PERFORM bourse.refuse('23505', format('connection_id %s is taken', bourse_private.quoted(connection_id)),
        'Give each connection an id of its own, such as a UUID.');
END
$$;
COMMENT ON FUNCTION mirror_private.refuse_taken_connection(text) IS
'Says that another account has a connection of this name (23505)';

-- Locks in the order of all that follows: the user, the account, the connection, the breaker.
CREATE FUNCTION mirror_private.open_connection(user_id bigint, account_id bigint, connection_id text, at timestamptz)
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    made bigint;
BEGIN
    PERFORM mirror_private.hold_user(user_id);
    PERFORM FROM mirror.trading_accounts a WHERE a.id = account_id FOR KEY SHARE;
    SELECT c.id INTO made FROM mirror.websocket_connections c
    WHERE c.connection_id = connection_id AND c.account_id = account_id AND c.status = 'connected';
    IF made IS NOT NULL THEN
        RETURN made;
    END IF;
    PERFORM mirror_private.require_room(user_id, account_id);
    INSERT INTO mirror.websocket_connections AS c (user_id, account_id, connection_id, status, connected_at)
    VALUES (user_id, account_id, connection_id, 'connected', at)
    ON CONFLICT ON CONSTRAINT websocket_connections_connection_id_key DO UPDATE
    SET status = 'connected', connected_at = at, disconnected_at = NULL, last_heartbeat = NULL, last_message_at = NULL,
        latency_ms = NULL, reason = NULL
    WHERE c.account_id = account_id
    RETURNING id INTO made;
    IF made IS NULL THEN
        PERFORM mirror_private.refuse_taken_connection(connection_id);
    END IF;
    PERFORM mirror_private.watch(user_id, account_id);
    PERFORM mirror_private.note_outcomes(ARRAY[account_id], ARRAY[true], at);
    RETURN made;
END
$$;
COMMENT ON FUNCTION mirror_private.open_connection(bigint, bigint, text, timestamptz) IS
'What connect() does at a time';

CREATE FUNCTION mirror.connect(account_id bigint, connection_id text) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    owner bigint := mirror_private.require_account(account_id);
    made bigint;
BEGIN
    PERFORM bourse_private.require_read_committed('mirror.connect()');
    PERFORM identity_private.require_name('connection_id', connection_id, 100);
    IF NOT EXISTS (SELECT FROM mirror.trading_accounts a WHERE a.id = account_id AND a.is_active) THEN
        PERFORM bourse.refuse('55000', format('account %s is not active', account_id),
            'mirror.activate_account() has it in use again.');
    END IF;
    made := mirror_private.open_connection(owner, account_id, connection_id, clock_timestamp());
    PERFORM mirror_private.show_status(ARRAY[account_id], 'connected');
    RETURN made;
END
$$;
COMMENT ON FUNCTION mirror.connect(bigint, text) IS
'Says that an account is connected to its broker by a connection that the worker calls so, 1 to 100 characters, and '
'returns the id of its row. The same again changes nothing; one of this account that has ended begins anew. It counts '
'as a success for the breaker. From now on heartbeats are awaited. Ask mirror.subscriptions() what to subscribe to. '
'For workers. 22004 NULL, 22023 connection_id, 23505 another account has it, 25001 isolation, 42704 no such account, '
'or of another user, 54000 the account has 10, 55000 it is not active';

CREATE FUNCTION mirror_private.refuse_unknown_connection(connection_id text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given('connection_id', connection_id);
    PERFORM bourse.refuse('42704', format('connection %s does not exist', bourse_private.quoted(connection_id)),
        'mirror.connect() makes one; what has ended long ago is forgotten.');
END
$$;
COMMENT ON FUNCTION mirror_private.refuse_unknown_connection(text) IS
'Says that there is no such connection, or not for this session: NULL (22004), 42704';

CREATE FUNCTION mirror_private.end_connection(connection_id text, reason text, at timestamptz,
                                              OUT account_id bigint, OUT has_other boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
BEGIN
    UPDATE mirror.websocket_connections c
    SET status = CASE WHEN reason IS NULL THEN 'disconnected' ELSE 'error' END,
        disconnected_at = coalesce(c.disconnected_at, at), reason = mirror_private.short_reason(reason)
    WHERE c.connection_id = connection_id AND identity.acts_for(c.user_id)
      -- What has been planned stays so, and what has been lost may be said to be over.
      AND (c.status IN ('connected', 'failed') OR c.status = 'error' AND reason IS NULL)
    RETURNING c.account_id INTO account_id;
    has_other := EXISTS (SELECT FROM mirror.websocket_connections c
                         WHERE c.account_id + 0 = account_id AND c.status = 'connected');
END
$$;
COMMENT ON FUNCTION mirror_private.end_connection(text, text, timestamptz) IS
'What disconnect() does at a time: whose it was, or NULL when it had ended, and whether the account has another one';

CREATE FUNCTION mirror.disconnect(connection_id text, reason text DEFAULT NULL) RETURNS timestamptz
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    at CONSTANT timestamptz := clock_timestamp();
    ended record;
BEGIN
    PERFORM bourse.require_installed();
    IF NOT EXISTS (SELECT FROM mirror.websocket_connections c
                   WHERE c.connection_id = connection_id AND identity.acts_for(c.user_id)) THEN
        PERFORM mirror_private.refuse_unknown_connection(connection_id);
    END IF;
    ended := mirror_private.end_connection(connection_id, reason, at);
    IF ended.account_id IS NULL THEN
        RETURN NULL;
    ELSIF NOT ended.has_other THEN
        PERFORM mirror_private.show_status(ARRAY[ended.account_id],
                                           CASE WHEN reason IS NULL THEN 'disconnected' ELSE 'error' END);
    END IF;
    RETURN CASE WHEN reason IS NOT NULL
                THEN at + (mirror_private.limits_of(ended.account_id)).reconnect_delays[1] END;
END
$$;
COMMENT ON FUNCTION mirror.disconnect(text, text) IS
'Says that a connection has ended: as planned, without a reason, or that it was lost, and why: 200 characters are '
'kept, and nothing of a reason that holds a secret. An account that has been disconnected as planned is missed by '
'nobody; one that has lost its last connection fails when it has not come back after all of reconnect_delays, each '
'with connect_timeout. Returns when to try again, after the first of them; NULL: not at all. What has ended already '
'stays as it is. For workers. 22004 NULL, 42704 no such connection, or of another user';
GRANT EXECUTE ON FUNCTION mirror.connect(bigint, text), mirror.disconnect(text, text)
    TO bourse_admin, bourse_gateway, bourse_worker;
