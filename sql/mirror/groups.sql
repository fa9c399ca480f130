-- Groups: whose orders are copied, and who may join. Whoever may not act for a group's user does not learn whether
-- there is the group. Statuses are rows that copying and senders read: nobody who changes one and does not commit is
-- in anybody's way.

CREATE FUNCTION mirror_private.require_group(group_id bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
DECLARE
    owner bigint;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('group_id', group_id);
    SELECT g.user_id INTO owner FROM mirror.copy_groups g
    WHERE g.id = require_group.group_id AND identity.acts_for(g.user_id);
    IF NOT FOUND THEN
        PERFORM bourse.refuse('42704', format('group %s does not exist', group_id),
            'mirror.copy_groups lists yours.');
    END IF;
    RETURN owner;
END
$$;
COMMENT ON FUNCTION mirror_private.require_group(bigint) IS
'Whose group it is. Refuses one that is NULL (22004), or is not there for this session (42704)';

-- What is copied comes one after the other. Only operators copy, so that nobody else is waited for.
-- One that its user is just deleting is left to him.
CREATE FUNCTION mirror_private.hold_group(group_id bigint) RETURNS boolean
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_read_committed('copying');
    PERFORM bourse_private.hold_key(format('mirror.copy_groups %s', group_id));
    PERFORM FROM mirror.copy_groups g WHERE g.id = group_id FOR KEY SHARE SKIP LOCKED;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION mirror_private.hold_group(bigint) IS
'Waits for whoever else copies in a group, and keeps others from it until the transaction ends. Returns false where '
'the group has gone, or is about to. 25001 not READ COMMITTED';

CREATE FUNCTION mirror_private.require_one_of(parameter text, value text, words text[]) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    PERFORM bourse_private.require_given(parameter, value);
    IF value <> ALL (words) THEN
        PERFORM bourse.refuse('22023', format('%s is %s', parameter, bourse_private.quoted(value)),
            format('Give one of %s.', array_to_string(words, ', ')));
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.require_one_of(text, text, text[]) IS
'Refuses NULL (22004), and what is none of these words (22023)';

-- A copy that is copied again could come back to where it came from.
CREATE FUNCTION mirror_private.require_may_lead(account_id bigint) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
DECLARE
    followed bigint := (SELECT min(f.group_id) FROM mirror.followers f
                        WHERE f.account_id = require_may_lead.account_id);
BEGIN
    IF followed IS NOT NULL THEN
        PERFORM bourse.refuse('55000', format('account %s follows group %s', account_id, followed),
            'An account leads or follows: have another account lead, or remove_follower() first.');
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.require_may_lead(bigint) IS 'Refuses an account that follows a group (55000)';

CREATE FUNCTION mirror_private.note_leader(group_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    INSERT INTO mirror.leader_positions (group_id, user_id, exchange, symbol, product, quantity)
    SELECT g.id, g.user_id, p.exchange, p.symbol, coalesce(p.product, ''), p.quantity
    FROM mirror.copy_groups g JOIN mirror.positions p ON p.account_id = g.leader_account_id AND p.user_id = g.user_id
    WHERE g.id = note_leader.group_id AND p.quantity <> 0;
    INSERT INTO mirror.leader_orders (group_id, leader_order_id, user_id, exchange, symbol, product, action, quantity,
                                      filled_quantity, is_copied)
    SELECT g.id, o.id, g.user_id, o.exchange, o.symbol, coalesce(o.product, ''), o.action, o.quantity,
           o.filled_quantity, false
    FROM mirror.copy_groups g JOIN mirror.orders o ON o.account_id = g.leader_account_id
    WHERE g.id = note_leader.group_id AND o.status IN ('PENDING', 'OPEN', 'TRIGGER_PENDING', 'PARTIAL');
END
$$;
COMMENT ON FUNCTION mirror_private.note_leader(bigint) IS
'Notes for a new group what its leader holds, and which of his orders may still fill: none of this is copied';

CREATE FUNCTION mirror.create_group(user_id bigint, name text, leader_account_id bigint, copy text DEFAULT 'orders')
RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT integer := 100;
    owner bigint;
    created bigint;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_user(user_id);
    PERFORM bourse_private.require_given('name', name);
    PERFORM mirror_private.require_one_of('copy', copy, '{orders,fills}');
    IF btrim(name) = '' OR length(name) > 100 THEN
        PERFORM bourse.refuse('22023', format('name is %s', bourse_private.quoted(name)),
            'Give a name of 1 to 100 characters.');
    END IF;
    PERFORM bourse_private.require_line('name', name), mirror_private.hold_accounts(user_id);
    SELECT a.user_id INTO owner FROM mirror_private.lock_account(leader_account_id) a;
    IF owner <> user_id THEN
        PERFORM bourse.refuse('22023', format('account %s is not of user %s', leader_account_id, user_id),
            'A group belongs to the user of the account that leads it.');
    ELSIF EXISTS (SELECT FROM mirror.copy_groups g WHERE g.user_id = user_id AND g.name = name) THEN
        PERFORM bourse.refuse('23505', format('user %s has a group %s', user_id, bourse_private.quoted(name)),
            'Give another name.');
    ELSIF (SELECT count(*) FROM mirror.copy_groups g WHERE g.user_id = user_id) >= most THEN
        PERFORM bourse.refuse('54000', format('user %s has %s groups', user_id, most),
            'Delete one with mirror.delete_group().');
    END IF;
    PERFORM mirror_private.require_may_lead(leader_account_id);
    INSERT INTO mirror.copy_groups (user_id, name, leader_account_id, copy)
    VALUES (user_id, name, leader_account_id, copy) RETURNING id INTO created;
    PERFORM mirror_private.note_leader(created);
    RETURN created;
END
$$;
COMMENT ON FUNCTION mirror.create_group(bigint, text, bigint, text) IS
'Makes a group whose followers copy what the account orders from now on: orders (as they are placed) or fills (what '
'has filled, at the market). What the leader holds and has ordered already is noted, not copied. name: 1 to 100 '
'characters, the user''s own. Returns its id. 22004 NULL, 22023 name, copy, an account of another user, 23505 the '
'name is taken, 25001 isolation, 42501 not your user, 42704 unknown user or account, 54000 more than 100 groups, '
'55000 the account follows a group';

CREATE FUNCTION mirror_private.set_group_status(group_id bigint, status text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM mirror_private.require_group(group_id);
    -- Nobody takes a kill back by a pause.
    UPDATE mirror.copy_groups g SET status = status
    WHERE g.id = group_id AND g.status <> status AND (g.status, status) <> ('killed', 'paused');
END
$$;
COMMENT ON FUNCTION mirror_private.set_group_status(bigint, text) IS 'Changes the status of a group of the session''s';

CREATE FUNCTION mirror.pause_group(group_id bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT mirror_private.set_group_status(group_id, 'paused')
$$;
COMMENT ON FUNCTION mirror.pause_group(bigint) IS
'Has a group open nothing more: from the commit on no sender is given an order that opens, and what waits is '
'withdrawn. Orders at brokers rest, exits, changes and cancels go on. A group that was killed stays killed. 22004 '
'NULL, 42704 no such group, or of another user';

CREATE FUNCTION mirror.kill_group(group_id bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT mirror_private.set_group_status(group_id, 'killed')
$$;
COMMENT ON FUNCTION mirror.kill_group(bigint) IS
'The kill switch: as pause_group(), and settle_copies() cancels what opens and rests at brokers. Exits go on. 22004 '
'NULL, 42704 no such group, or of another user';

CREATE FUNCTION mirror.resume_group(group_id bigint) RETURNS void
LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
    SELECT mirror_private.set_group_status(group_id, 'active')
$$;
COMMENT ON FUNCTION mirror.resume_group(bigint) IS
'Has a group copy again. What was skipped meanwhile stays skipped. 22004 NULL, 42704 no such group, or of another user';

CREATE FUNCTION mirror.delete_group(group_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM mirror_private.require_group(group_id);
    DELETE FROM mirror.copy_groups g WHERE g.id = group_id;
END
$$;
COMMENT ON FUNCTION mirror.delete_group(bigint) IS
'Deletes a group with its followers. What waited to be sent is withdrawn, what rests at brokers is cancelled, what is '
'held stays with its accounts; what was copied stays to be read. 22004 NULL, 42704 no such group, or of another user';

CREATE FUNCTION mirror.share_group(group_id bigint, user_id bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT integer := 10000;
BEGIN
    PERFORM mirror_private.require_group(group_id);
    PERFORM identity_private.require_existing_user(user_id);
    IF (SELECT count(*) FROM mirror.group_shares s WHERE s.group_id = group_id) >= most THEN
        PERFORM bourse.refuse('54000', format('group %s is shared with %s users', group_id, most),
            'mirror.unshare_group() makes room.');
    END IF;
    INSERT INTO mirror.group_shares (group_id, user_id) VALUES (group_id, user_id) ON CONFLICT DO NOTHING;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION mirror.share_group(bigint, bigint) IS
'Lets a user join a group with accounts of his own. He sees the group, nothing of what its leader orders. Returns '
'false when he was let in before. 22004 NULL, 42704 no such group, or of another user, unknown user, 54000 more than '
'10,000';

CREATE FUNCTION mirror.unshare_group(group_id bigint, user_id bigint) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    was_shared boolean;
BEGIN
    PERFORM mirror_private.require_group(group_id);
    PERFORM bourse_private.require_given('user_id', user_id);
    DELETE FROM mirror.group_shares s WHERE s.group_id = group_id AND s.user_id = user_id;
    was_shared := FOUND;
    UPDATE mirror.followers f SET status = 'paused'
    WHERE f.group_id = group_id AND f.user_id = user_id AND f.status = 'active' AND was_shared;
    RETURN was_shared;
END
$$;
COMMENT ON FUNCTION mirror.unshare_group(bigint, bigint) IS
'Does not let a user join a group any more. His followers are paused: nothing opens, exits go on. Returns false when '
'he was not let in. 22004 NULL, 42704 no such group, or of another user';

-- Who is led learns nothing of others, and who leads nothing of what they trade.
CREATE FUNCTION mirror.group_followers(group_id bigint, after bigint DEFAULT 0, "limit" integer DEFAULT 1000)
RETURNS TABLE (follower_id bigint, user_id bigint, status text, created_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    PERFORM mirror_private.require_group(group_followers.group_id);
    PERFORM bourse_private.require_page('followers', group_followers."limit", side => 'after');
    RETURN QUERY
    SELECT f.id, f.user_id, f.status, f.created_at FROM mirror.followers f
    WHERE f.group_id = group_followers.group_id AND f.id > group_followers.after
    ORDER BY f.id LIMIT group_followers."limit";
END
$$;
COMMENT ON FUNCTION mirror.group_followers(bigint, bigint, integer) IS
'Who follows a group of the session''s, up to 10,000 behind an id: no accounts, no terms, no figures. 22004 NULL, '
'22023 limit, 42704 no such group, or of another user';

CREATE FUNCTION mirror.shared_groups(user_id bigint, "limit" integer DEFAULT 100, after bigint DEFAULT 0)
RETURNS TABLE (group_id bigint, leader_id bigint, name text, copy text, status text, shared_at timestamptz)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_user(shared_groups.user_id);
    PERFORM bourse_private.require_page('groups', shared_groups."limit", 1000, 'after');
    RETURN QUERY
    SELECT g.id, g.user_id, g.name::text, g.copy, g.status, s.created_at
    FROM mirror.group_shares s JOIN mirror.copy_groups g ON g.id = s.group_id
    WHERE s.user_id = shared_groups.user_id AND s.group_id > shared_groups.after
    ORDER BY s.group_id LIMIT shared_groups."limit";
END
$$;
COMMENT ON FUNCTION mirror.shared_groups(bigint, integer, bigint) IS
'The groups that a user may join, as share_group() has said, up to 1000 behind an id: whose they are, what they are '
'called, what they copy. 22004 NULL, 22023 limit, 42501 not a user you act for, 42704 unknown user';
GRANT EXECUTE ON FUNCTION mirror.shared_groups(bigint, integer, bigint) TO bourse_viewer, bourse_worker;
GRANT EXECUTE ON FUNCTION mirror.create_group(bigint, text, bigint, text), mirror.pause_group(bigint),
    mirror.kill_group(bigint), mirror.resume_group(bigint), mirror.delete_group(bigint),
    mirror.share_group(bigint, bigint), mirror.unshare_group(bigint, bigint),
    mirror.group_followers(bigint, bigint, integer) TO bourse_trader, bourse_worker;
