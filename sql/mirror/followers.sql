-- Followers: an account joins a group by its own user, on his terms. Nobody makes another's account trade.

CREATE FUNCTION mirror_private.require_follower(follower_id bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
DECLARE
    owner bigint;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM bourse_private.require_given('follower_id', follower_id);
    SELECT f.user_id INTO owner FROM mirror.followers f
    WHERE f.id = require_follower.follower_id AND identity.acts_for(f.user_id);
    IF NOT FOUND THEN
        PERFORM bourse.refuse('42704', format('follower %s does not exist', follower_id),
            'mirror.followers lists yours.');
    END IF;
    RETURN owner;
END
$$;
COMMENT ON FUNCTION mirror_private.require_follower(bigint) IS
'Whose follower it is. Refuses one that is NULL (22004), or is not there for this session (42704)';

CREATE FUNCTION mirror_private.require_copy_terms(mode text, value numeric, max_quantity numeric, below_minimum text)
RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    PERFORM mirror_private.require_one_of('mode', mode, '{equal,multiplier,proportional,fixed,custom}'),
            mirror_private.require_one_of('below_minimum', below_minimum, '{skip,round_up}'),
            bourse_private.require_given('value', value),
            mirror_private.require_size('value', value), mirror_private.require_size('max_quantity', max_quantity);
    IF mode = 'equal' AND value <> 1 THEN
        PERFORM bourse.refuse('22023', format('value is %s with mode equal', trim_scale(value)),
            'An equal follower takes the leader''s quantity: leave value out, or choose multiplier.');
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.require_copy_terms(text, numeric, numeric, text) IS
'Refuses terms that there are not: NULL (22004), an unknown word, a value or max_quantity that is not above 0 with up '
'to 8 decimals, a value other than 1 with equal (22023)';

-- One that is not shared is as one that is not there.
CREATE FUNCTION mirror_private.require_may_join(group_id bigint, user_id bigint) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    IF NOT EXISTS (SELECT FROM mirror.copy_groups g
                   WHERE g.id = require_may_join.group_id AND (g.user_id = require_may_join.user_id OR EXISTS (
                       SELECT FROM mirror.group_shares s WHERE s.group_id = g.id
                         AND s.user_id = require_may_join.user_id))) THEN
        PERFORM bourse.refuse('42704', format('group %s does not exist', group_id),
            'mirror.copy_groups lists yours, and those that are shared with you by mirror.share_group().');
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.require_may_join(bigint, bigint) IS
'Refuses a group that is neither the user''s own nor shared with him (42704)';

CREATE FUNCTION mirror.add_follower(group_id bigint, account_id bigint, mode text DEFAULT 'equal',
                                    value numeric DEFAULT 1, max_quantity numeric DEFAULT NULL,
                                    below_minimum text DEFAULT 'skip') RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT integer := 10000;
    owner bigint;
    added bigint;
BEGIN
    SELECT a.user_id INTO owner FROM mirror_private.lock_account(account_id) a;
    PERFORM bourse_private.require_given('group_id', group_id);
    PERFORM mirror_private.require_may_join(group_id, owner),
            mirror_private.require_copy_terms(mode, value, max_quantity, below_minimum);
    IF EXISTS (SELECT FROM mirror.copy_groups g WHERE g.leader_account_id = account_id) THEN
        PERFORM bourse.refuse('55000', format('account %s leads a group', account_id),
            'An account leads or follows: have another account follow.');
    ELSIF EXISTS (SELECT FROM mirror.followers f WHERE f.group_id = group_id AND f.account_id = account_id) THEN
        PERFORM bourse.refuse('23505', format('account %s follows group %s', account_id, group_id),
            'mirror.set_follower_terms() changes on which terms.');
    ELSIF (SELECT count(*) FROM mirror.followers f WHERE f.group_id = group_id) >= most THEN
        PERFORM bourse.refuse('54000', format('group %s has %s followers', group_id, most), 'Follow another group.');
    END IF;
    INSERT INTO mirror.followers (user_id, group_id, account_id, mode, value, max_quantity, below_minimum)
    VALUES (owner, group_id, account_id, mode, value, max_quantity, below_minimum) RETURNING id INTO added;
    INSERT INTO mirror.account_lanes (account_id, user_id) VALUES (account_id, owner) ON CONFLICT DO NOTHING;
    RETURN added;
END
$$;
COMMENT ON FUNCTION mirror.add_follower(bigint, bigint, text, numeric, numeric, text) IS
'Has an account of the session''s user follow a group of his own, or one that is shared with him. mode: equal (the '
'leader''s quantity), multiplier (value times it), proportional (value times it times own funds / the leader''s, as '
'report_funds() has them), fixed (value for each order), custom (the ratio of the symbol, times value). max_quantity: '
'the most that an order opens. below_minimum: an order below a lot or the minimum notional is a skip, or round_up. '
'Returns its id. 22004 NULL, 22023 terms that there are not, 23505 it follows already, 25001 isolation, 42704 no such '
'account or group for you, 54000 more than 10,000 followers, 55000 the account leads a group';

CREATE FUNCTION mirror.set_follower_terms(follower_id bigint, mode text, value numeric DEFAULT 1,
                                          max_quantity numeric DEFAULT NULL, below_minimum text DEFAULT 'skip')
RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM mirror_private.require_follower(follower_id),
            mirror_private.require_copy_terms(mode, value, max_quantity, below_minimum);
    UPDATE mirror.followers f
    SET mode = mode, value = value, max_quantity = max_quantity, below_minimum = below_minimum
    WHERE f.id = follower_id AND (f.mode, f.value, f.max_quantity, f.below_minimum)
          IS DISTINCT FROM (mode, value, max_quantity, below_minimum);
END
$$;
COMMENT ON FUNCTION mirror.set_follower_terms(bigint, text, numeric, numeric, text) IS
'Changes on which terms the session''s follower copies: all of them, as add_follower() has them. They hold for the '
'next order of the leader, and for changes of one that is copied. 22004 NULL, 22023 terms that there are not, 42704 '
'no such follower, or of another user';

CREATE FUNCTION mirror.set_ratio(follower_id bigint, exchange text, symbol text, ratio numeric) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT integer := 1000;
    owner bigint := mirror_private.require_follower(follower_id);
BEGIN
    PERFORM mirror_private.require_instrument_name(exchange, symbol), mirror_private.require_size('ratio', ratio);
    DELETE FROM mirror.follower_ratios r
    WHERE r.follower_id = follower_id AND r.exchange = exchange AND r.symbol = symbol;
    IF (SELECT count(*) FROM mirror.follower_ratios r WHERE r.follower_id = follower_id) >= most THEN
        PERFORM bourse.refuse('54000', format('follower %s has %s ratios', follower_id, most),
            'A ratio of NULL removes one.');
    END IF;
    INSERT INTO mirror.follower_ratios (follower_id, user_id, exchange, symbol, ratio)
    SELECT follower_id, owner, exchange, symbol, ratio WHERE ratio IS NOT NULL;
END
$$;
COMMENT ON FUNCTION mirror.set_ratio(bigint, text, text, numeric) IS
'What the session''s follower of mode custom takes of an order in a symbol: ratio times the leader''s quantity; NULL: '
'it does not copy the symbol. 22004 NULL, 22023 no such name, a ratio that is not above 0 with up to 8 decimals, 42704 '
'no such follower, or of another user, 54000 more than 1,000 ratios';

CREATE FUNCTION mirror.set_follower_status(follower_id bigint, status text) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    owner bigint := mirror_private.require_follower(follower_id);
BEGIN
    PERFORM mirror_private.require_one_of('status', status, '{active,paused,stopped}');
    PERFORM mirror_private.require_may_join((SELECT f.group_id FROM mirror.followers f WHERE f.id = follower_id), owner)
    WHERE status = 'active';
    UPDATE mirror.followers f
    SET status = status, closes_at = CASE status WHEN 'active' THEN NULL ELSE f.closes_at END
    WHERE f.id = follower_id AND (f.status <> status OR f.closes_at IS NOT NULL AND status = 'active');
END
$$;
COMMENT ON FUNCTION mirror.set_follower_status(bigint, text) IS
'active; paused: nothing opens, what waits to is withdrawn and what rests is cancelled, exits go on; stopped: the '
'same, and exits are not copied either, what is held is its user''s to close. From the commit on no sender is given '
'an order that opens. 22004 NULL, 22023 no such status, 42704 no such follower, or of another user, or active in a '
'group that is not shared any more';

-- His own order is there already.
CREATE FUNCTION mirror_private.require_no_leader(group_id bigint, user_id bigint) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    IF EXISTS (SELECT FROM mirror.copy_groups g
               WHERE g.id = require_no_leader.group_id AND g.user_id = require_no_leader.user_id) THEN
        PERFORM bourse.refuse('55000', format('user %s leads group %s', user_id, group_id),
            'His money there is one: what he orders by mirror.copy_on_exchange() is placed once.');
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.require_no_leader(bigint, bigint) IS
'Refuses the user of a group as one who copies it on our own exchange (55000)';

CREATE FUNCTION mirror.follow_on_exchange(follower_id bigint, allowed boolean) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT integer := 1000;
    owner CONSTANT bigint := mirror_private.require_follower(follower_id);
    followed bigint;
BEGIN
    PERFORM bourse_private.require_read_committed('copying'), bourse_private.require_given('allowed', allowed);
    followed := (SELECT f.group_id FROM mirror.followers f WHERE f.id = follower_id);
    PERFORM mirror_private.require_no_leader(followed, owner) WHERE allowed;
    IF allowed AND (SELECT count(*) FROM mirror.followers f
                    WHERE f.group_id = followed AND f.on_exchange AND f.id <> follower_id) >= most THEN
        PERFORM bourse.refuse('54000', format('%s followers of group %s copy on our exchange', most, followed),
            'Follow another group there.');
    END IF;
    UPDATE mirror.followers f SET on_exchange = allowed WHERE f.id = follower_id AND f.on_exchange <> allowed;
EXCEPTION WHEN unique_violation THEN
    PERFORM bourse.refuse('55000', format('user %s copies group %s there with another account', owner, followed),
        'mirror.follow_on_exchange(follower_id, false) of that follower comes first.');
END
$$;
COMMENT ON FUNCTION mirror.follow_on_exchange(bigint, boolean) IS
'Whether copy_on_exchange() may place orders for the user of the session''s follower, with his money on our own '
'exchange; at first it may not. Of a user''s followers of a group one may. Taken back, nothing of it rests there any '
'more. 22004 NULL, 25001 isolation, 42704 no such follower, or of another user, 54000 more than 1,000 of a group, '
'55000 another account of the user copies it there, or he leads it';

CREATE FUNCTION mirror.close_follower(follower_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM mirror_private.require_follower(follower_id);
    UPDATE mirror.followers f SET status = 'paused', closes_at = clock_timestamp()
    WHERE f.id = follower_id AND (f.status <> 'paused' OR f.closes_at IS NULL OR mirror_private.is_stuck(f.id));
END
$$;
COMMENT ON FUNCTION mirror.close_follower(bigint) IS
'Asks for the end of what the session''s follower holds by copies: it is paused, and settle_copies() exits it at the '
'market. Asked again, it tries again what its broker has rejected. Active again, it copies again. 22004 NULL, 42704 '
'no such follower, or of another user';

CREATE FUNCTION mirror.remove_follower(follower_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM mirror_private.require_follower(follower_id);
    DELETE FROM mirror.followers f WHERE f.id = follower_id;
END
$$;
COMMENT ON FUNCTION mirror.remove_follower(bigint) IS
'Has the session''s follower leave its group. What waited to be sent is withdrawn, what rests is cancelled, what it '
'holds stays with the account; what was copied stays to be read. 22004 NULL, 42704 no such follower, or of another '
'user';

CREATE FUNCTION mirror.report_funds(account_id bigint, funds numeric, as_of timestamptz DEFAULT now()) RETURNS boolean
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    owner bigint;
BEGIN
    PERFORM identity_private.require_operator();
    owner := mirror_private.require_account(account_id);
    PERFORM bourse_private.require_given('funds', funds), bourse_private.require_given('as_of', as_of);
    PERFORM mirror_private.require_size('funds', funds) WHERE funds <> 0;
    IF NOT isfinite(as_of) OR as_of > clock_timestamp() + interval '1 minute' THEN
        PERFORM bourse.refuse('22023', format('as_of is %s', as_of), 'Give when the broker has said so, up to now.');
    END IF;
    INSERT INTO mirror.account_funds AS f (account_id, user_id, funds, as_of) VALUES (account_id, owner, funds, as_of)
    ON CONFLICT ON CONSTRAINT account_funds_pkey DO UPDATE SET funds = excluded.funds, as_of = excluded.as_of
    WHERE f.as_of < excluded.as_of;
    RETURN FOUND;
END
$$;
COMMENT ON FUNCTION mirror.report_funds(bigint, numeric, timestamptz) IS
'What an account is worth, as its broker says: mode proportional goes by it for a day. For workers: a leader who could '
'say that he has little would have others order much. Returns false where something newer is known. 22004 NULL, 22023 '
'an amount below 0 or of more than 8 decimals, a time to come, 42501 the session does not act for everybody, 42704 no '
'such account';
GRANT EXECUTE ON FUNCTION mirror.add_follower(bigint, bigint, text, numeric, numeric, text),
    mirror.set_follower_terms(bigint, text, numeric, numeric, text), mirror.set_ratio(bigint, text, text, numeric),
    mirror.set_follower_status(bigint, text), mirror.follow_on_exchange(bigint, boolean),
    mirror.close_follower(bigint), mirror.remove_follower(bigint) TO bourse_trader, bourse_worker;
GRANT EXECUTE ON FUNCTION mirror.report_funds(bigint, numeric, timestamptz)
    TO bourse_admin, bourse_gateway, bourse_worker;

-- Nobody could cancel them any more.
CREATE FUNCTION mirror_private.require_no_copies(user_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    live bigint := (SELECT min(o.id) FROM mirror.copied_orders o
                    WHERE o.user_id = user_id AND o.status IN ('queued', 'open'));
BEGIN
    IF live IS NOT NULL THEN
        PERFORM bourse.refuse('23503', format('copied order %s of user %s may still fill', live, user_id),
            'mirror.remove_follower() of his followers has them cancelled; erase him when mirror.settle_copies() has '
            'noted it.');
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.require_no_copies(bigint) IS
'Refuses a user of whom a copied order may still fill (23503)';
