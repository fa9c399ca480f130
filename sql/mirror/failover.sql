-- Failover: another account of the user stands in for one that has failed. What is decided is decided under the lock of
-- the user's row in failover_states; a sweep waits for no lock.

CREATE FUNCTION mirror_private.keep_failover_event() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    -- The foreign keys do that when an account is deleted.
    IF to_jsonb(NEW) - '{from_account_id,to_account_id}'::text[]
           = to_jsonb(OLD) - '{from_account_id,to_account_id}'::text[]
       AND coalesce(NEW.from_account_id = OLD.from_account_id, NEW.from_account_id IS NULL)
       AND coalesce(NEW.to_account_id = OLD.to_account_id, NEW.to_account_id IS NULL) THEN
        RETURN NEW;
    END IF;
    PERFORM bourse.refuse('23001', 'mirror.failover_events keeps its history: UPDATE refused',
                          'Retention deletes what is old.');
END
$$;
COMMENT ON FUNCTION mirror_private.keep_failover_event() IS
'Trigger: an event stays as it is, but for the ids of accounts that are deleted (23001)';

CREATE FUNCTION mirror_private.note_failover(user_id bigint, from_account_id bigint, to_account_id bigint,
                                             reason text, detail text, at timestamptz) RETURNS bigint
LANGUAGE sql SET search_path = pg_catalog, mirror, pg_temp AS $$
    INSERT INTO mirror.failover_events (user_id, from_account_id, to_account_id, from_name, to_name, reason,
                                        "timestamp", success, error_message)
    SELECT a.user_id, a.id, b.id, a.account_name, b.account_name, reason, at, to_account_id IS NOT NULL, detail
    FROM mirror.trading_accounts a LEFT JOIN mirror.trading_accounts b ON b.id = to_account_id
    WHERE a.id = from_account_id AND a.user_id = note_failover.user_id
    RETURNING id
$$;
COMMENT ON FUNCTION mirror_private.note_failover(bigint, bigint, bigint, text, text, timestamptz) IS
'Writes down what failover has done; without an account to go to: that there was none';

-- Whoever holds the user's row in failover_states.
CREATE FUNCTION mirror_private.switch_account(user_id bigint, primary_account_id bigint, to_account_id bigint,
                                              at timestamptz) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
BEGIN
    IF to_account_id = primary_account_id THEN
        DELETE FROM mirror.stand_ins s WHERE s.user_id = user_id;
    ELSE
        INSERT INTO mirror.stand_ins AS s (user_id, primary_account_id, account_id, since)
        VALUES (user_id, primary_account_id, to_account_id, at)
        ON CONFLICT ON CONSTRAINT stand_ins_pkey DO UPDATE
        SET primary_account_id = excluded.primary_account_id, account_id = excluded.account_id,
            since = excluded.since, primary_well_since = NULL;
    END IF;
    UPDATE mirror.failover_states s SET switched_at = at, told_account_id = NULL, told_at = NULL
    WHERE s.user_id = user_id;
END
$$;
COMMENT ON FUNCTION mirror_private.switch_account(bigint, bigint, bigint, timestamptz) IS
'Has an account be in use instead of another. For whoever holds the user''s row in failover_states';

CREATE FUNCTION mirror_private.open_breaker(account_id bigint, at timestamptz) RETURNS void
LANGUAGE sql SET search_path = pg_catalog, mirror, pg_temp AS $$
    UPDATE mirror.breakers b
    SET state = 'open', successes = 0, opened_at = at, probed_at = NULL
    WHERE b.account_id IN (SELECT o.account_id FROM mirror.breakers o WHERE o.account_id = open_breaker.account_id
                           FOR NO KEY UPDATE SKIP LOCKED)
$$;
COMMENT ON FUNCTION mirror_private.open_breaker(bigint, timestamptz) IS
'Opens the breaker of an account that was left, so that it is no backup before it has been well again; one that '
'somebody holds stays as it is';

-- All that an event refers to, so that its foreign keys wait for nobody; and the rows of stand_ins, which go with an
-- account that somebody is deleting.
CREATE FUNCTION mirror_private.hold_for_failover(user_ids bigint[], account_ids bigint[]) RETURNS bigint[]
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    users CONSTANT bigint[] := ARRAY(SELECT u.id FROM identity.users u WHERE u.id = ANY (user_ids)
                                     ORDER BY u.id FOR KEY SHARE SKIP LOCKED);
    accounts CONSTANT bigint[] := ARRAY(SELECT a.id FROM mirror.trading_accounts a WHERE a.id = ANY (account_ids)
                                        ORDER BY a.id FOR KEY SHARE SKIP LOCKED);
    states CONSTANT bigint[] := ARRAY(SELECT s.user_id FROM mirror.failover_states s WHERE s.user_id = ANY (users)
                                      ORDER BY s.user_id FOR NO KEY UPDATE SKIP LOCKED);
    others CONSTANT bigint[] := ARRAY(SELECT s.user_id FROM mirror.stand_ins s WHERE s.user_id = ANY (states)
                                      ORDER BY s.user_id FOR NO KEY UPDATE SKIP LOCKED);
BEGIN
    RETURN ARRAY(
        SELECT h.user_id FROM unnest(states) h (user_id)
        WHERE (h.user_id = ANY (others) OR NOT EXISTS (SELECT FROM mirror.stand_ins s WHERE s.user_id = h.user_id))
          AND NOT EXISTS (SELECT FROM mirror.trading_accounts a
                          WHERE a.user_id = h.user_id AND a.id = ANY (account_ids) AND a.id <> ALL (accounts)));
END
$$;
COMMENT ON FUNCTION mirror_private.hold_for_failover(bigint[], bigint[]) IS
'Locks without waiting what a change of the account in use needs: users, these accounts of theirs, their rows of '
'failover_states and stand_ins. Returns the users of whom nobody else holds anything';

CREATE FUNCTION mirror_private.fail_over(user_id bigint, primary_account_id bigint, from_account_id bigint,
                                         to_account_id bigint, reason text, detail text, at timestamptz)
RETURNS bigint
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    IF to_account_id IS NULL THEN
        UPDATE mirror.failover_states s SET told_account_id = from_account_id, told_at = at
        WHERE s.user_id = user_id;
        detail := concat_ws('; ', detail, 'no other account of the user is well');
    ELSE
        PERFORM mirror_private.switch_account(user_id, primary_account_id, to_account_id, at),
                mirror_private.open_breaker(from_account_id, at);
    END IF;
    RETURN mirror_private.note_failover(user_id, from_account_id, to_account_id, reason, detail, at);
END
$$;
COMMENT ON FUNCTION mirror_private.fail_over(bigint, bigint, bigint, bigint, text, text, timestamptz) IS
'Leaves an account that has failed for another one, or tells that there is none. Returns the id of the event. For '
'whoever holds what hold_for_failover() locks';

CREATE FUNCTION mirror_private.go_back(user_id bigint, at timestamptz)
RETURNS TABLE (event_id bigint, from_account_id bigint, to_account_id bigint, reason text, success boolean)
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
BEGIN
    SELECT a.account_id, a.primary_account_id INTO from_account_id, to_account_id FROM mirror.active_accounts a
    WHERE a.user_id = user_id AND a.stands_in;
    IF NOT FOUND THEN
        RETURN;
    END IF;
    reason := 'fail_back';
    success := true;
    event_id := mirror_private.note_failover(user_id, from_account_id, to_account_id, reason, NULL, at);
    PERFORM mirror_private.switch_account(user_id, to_account_id, to_account_id, at);
    RETURN NEXT;
END
$$;
COMMENT ON FUNCTION mirror_private.go_back(bigint, timestamptz) IS
'Has the primary account of a user be in use again; no row: it is. For whoever holds what hold_for_failover() locks';

CREATE FUNCTION mirror_private.back_to_primary(account_id bigint, at timestamptz) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp SET enable_seqscan = off AS $$
#variable_conflict use_variable
DECLARE
    owner bigint := mirror_private.require_account(account_id);
    event bigint;
BEGIN
    PERFORM mirror_private.hold_user(owner);
    PERFORM FROM mirror.trading_accounts a WHERE a.user_id = owner ORDER BY a.id FOR KEY SHARE;
    PERFORM FROM mirror.failover_states s WHERE s.user_id = owner FOR NO KEY UPDATE;
    IF NOT EXISTS (SELECT FROM mirror.trading_accounts a WHERE a.id = account_id AND a.is_primary AND a.is_active) THEN
        PERFORM bourse.refuse('55000', format('account %s is not the primary one', account_id),
            'mirror.set_primary_account() makes it that.');
    ELSIF NOT EXISTS (SELECT FROM mirror.active_accounts a WHERE a.primary_account_id = account_id AND a.stands_in) THEN
        RETURN false;
    ELSIF NOT (SELECT h.is_well FROM mirror_private.health_of(ARRAY[account_id], at) h) THEN
        PERFORM bourse.refuse('55000', format('account %s is not well', account_id),
            'mirror.account_health() says how it is: it must be connected, with a closed breaker.');
    END IF;
    SELECT g.event_id INTO event FROM mirror_private.go_back(owner, at) g;
    PERFORM bourse_private.notify('mirror_failover', event::text);
    RETURN true;
END
$$;
COMMENT ON FUNCTION mirror_private.back_to_primary(bigint, timestamptz) IS 'What fail_back() does at a time';

CREATE FUNCTION mirror.fail_back(account_id bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_read_committed('mirror.fail_back()');
    RETURN mirror_private.back_to_primary(fail_back.account_id, clock_timestamp());
END
$$;
COMMENT ON FUNCTION mirror.fail_back(bigint) IS
'Has the primary account of a user be in use again, whatever the cooldown. Returns whether another one has stood in '
'for it. 22004 NULL, 25001 isolation, 42704 no such account, or of another user, 55000 it is not the primary one, or '
'not well';
GRANT EXECUTE ON FUNCTION mirror.fail_back(bigint) TO bourse_trader, bourse_worker;
