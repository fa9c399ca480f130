-- Strategies on accounts, and the steps of their life. An account is locked before the strategy, that before the
-- deployment.

CREATE FUNCTION mirror.deployment_transitions()
RETURNS TABLE (old_status text, step text, new_status text, meaning text)
LANGUAGE sql IMMUTABLE PARALLEL SAFE ROWS 5 SET search_path = pg_catalog, mirror, pg_temp AS $$
    VALUES
        ('inactive', 'start', 'active',   'start_deployment(): it may open positions'),
        ('active',   'pause', 'paused',   'pause_deployment(): it opens nothing more, and may close'),
        ('paused',   'start', 'active',   'start_deployment(): it goes on'),
        ('active',   'stop',  'inactive', 'stop_deployment(): what is open stays open'),
        ('paused',   'stop',  'inactive', 'as active')
$$;
COMMENT ON FUNCTION mirror.deployment_transitions() IS
'The steps in the life of a deployment: from which status, the step, to which status, who takes it. Any other is '
'refused (55000)';
GRANT EXECUTE ON FUNCTION mirror.deployment_transitions() TO bourse_viewer, bourse_worker;

CREATE FUNCTION mirror_private.require_deployment(deployment_id bigint)
RETURNS TABLE (user_id bigint, strategy_id bigint, account_id bigint)
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM bourse.require_installed();
    RETURN QUERY
    SELECT d.user_id, d.strategy_id, d.account_id FROM mirror.strategy_deployments d
    WHERE d.id = require_deployment.deployment_id AND identity.acts_for(d.user_id);
    IF NOT FOUND THEN
        PERFORM bourse_private.require_given('deployment_id', require_deployment.deployment_id);
        PERFORM bourse.refuse('42704', format('deployment %s does not exist', require_deployment.deployment_id),
            'mirror.strategy_deployments lists yours.');
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.require_deployment(bigint) IS
'Whose deployment it is, of what and where. Refuses one that is NULL (22004), or is not there for this session (42704)';

CREATE FUNCTION mirror_private.lock_deployment(deployment_id bigint)
RETURNS TABLE (user_id bigint, strategy_id bigint, account_id bigint, status text, max_positions integer)
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM bourse_private.require_read_committed('a step of a deployment');
    PERFORM mirror_private.require_deployment(lock_deployment.deployment_id);
    RETURN QUERY
    SELECT d.user_id, d.strategy_id, d.account_id, d.status::text, d.max_positions
    FROM mirror.strategy_deployments d WHERE d.id = lock_deployment.deployment_id FOR NO KEY UPDATE;
    -- It has gone while its lock was waited for.
    IF NOT FOUND THEN
        PERFORM mirror_private.require_deployment(lock_deployment.deployment_id);
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.lock_deployment(bigint) IS
'Locks a deployment until the transaction ends, and says how it is now. 22004 NULL, 25001 not READ COMMITTED, 42704 no '
'such deployment, or of a user whom the session does not act for';

CREATE FUNCTION mirror_private.refuse_deployment_step(deployment_id bigint, status text, attempt text) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    PERFORM bourse.refuse('55000', format('deployment %s cannot %s: its status is %s', deployment_id, attempt, status),
        format('Now it takes %s. mirror.deployment_transitions() has all steps.',
            (SELECT string_agg(t.step || '_deployment()', ', ' ORDER BY t.step)
             FROM mirror.deployment_transitions() t WHERE t.old_status = status)));
END
$$;
COMMENT ON FUNCTION mirror_private.refuse_deployment_step(bigint, text, text) IS
'Says that a deployment cannot do this in its status, and what it can (55000)';

-- The deployment is locked.
CREATE FUNCTION mirror_private.take_deployment_step(deployment_id bigint, user_id bigint, status text, step text)
RETURNS text
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    moment CONSTANT timestamptz := clock_timestamp();
    next_status text := (SELECT t.new_status FROM mirror.deployment_transitions() t
                         WHERE t.old_status = status AND t.step = step);
BEGIN
    IF next_status IS NULL THEN
        PERFORM mirror_private.refuse_deployment_step(deployment_id, status, step);
    END IF;
    UPDATE mirror.strategy_deployments d
    SET status = next_status,
        started_at = CASE WHEN status = 'inactive' THEN moment ELSE d.started_at END,
        stopped_at = CASE WHEN step = 'stop' THEN moment ELSE d.stopped_at END,
        breached_at = CASE WHEN next_status = 'active' THEN d.breached_at END
    WHERE d.id = deployment_id;
    INSERT INTO mirror.deployment_events (user_id, deployment_id, at, event, old_status, new_status)
    VALUES (user_id, deployment_id, moment, step, status, next_status);
    RETURN next_status;
END
$$;
COMMENT ON FUNCTION mirror_private.take_deployment_step(bigint, bigint, text, text) IS
'Takes a step in the life of a deployment that is locked and has this status, and returns the new one. Refuses one '
'that deployment_transitions() does not have (55000)';

CREATE FUNCTION mirror_private.require_startable(strategy_id bigint, account_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM bourse.refuse('55000', format('account %s is not active', account_id),
                          'mirror.activate_account() has it in use again.')
    FROM mirror.trading_accounts a WHERE a.id = account_id AND NOT a.is_active;
    PERFORM FROM mirror.strategies s WHERE s.id = strategy_id FOR SHARE;
    PERFORM bourse.refuse('55000', format('strategy %s is not active', strategy_id),
                          'mirror.update_strategy(strategy_id, is_active => true) has it in use again.')
    FROM mirror.strategies s WHERE s.id = strategy_id AND NOT s.is_active;
END
$$;
COMMENT ON FUNCTION mirror_private.require_startable(bigint, bigint) IS
'Keeps a strategy as it is until the transaction ends; refuses one that is not active, or an account that is not, '
'which is locked (55000)';

CREATE FUNCTION mirror.deploy_strategy(strategy_id bigint, account_id bigint, capital_allocated numeric DEFAULT NULL,
                                       max_positions integer DEFAULT 5) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT integer := 1000;
    owner bigint := mirror_private.require_strategy(strategy_id);
    created bigint;
BEGIN
    IF (SELECT l.user_id FROM mirror_private.lock_account(account_id) l) <> owner THEN
        PERFORM bourse.refuse('22023', format('account %s is not of the user of strategy %s', account_id, strategy_id),
            'A strategy is deployed on accounts of its own user.');
    END IF;
    PERFORM bourse_private.require_given('max_positions', max_positions);
    IF max_positions NOT BETWEEN 1 AND 1000 THEN
        PERFORM bourse.refuse('22023', format('max_positions is %s', max_positions), 'Give 1 to 1000.');
    END IF;
    PERFORM mirror_private.require_amount('capital_allocated', capital_allocated);
    IF capital_allocated < 0 THEN
        PERFORM bourse.refuse('22023', format('capital_allocated is %s', capital_allocated), 'Give 0 or more.');
    END IF;
    PERFORM mirror_private.require_startable(strategy_id, account_id);
    IF (SELECT count(*) FROM mirror.strategy_deployments d
        WHERE d.user_id = owner AND d.account_id = account_id) >= most THEN
        PERFORM bourse.refuse('54000', format('account %s has %s deployments', account_id, most),
            'Delete strategies that are not used any more: their deployments go with them.');
    END IF;
    INSERT INTO mirror.strategy_deployments (user_id, strategy_id, account_id, capital_allocated, max_positions)
    VALUES (owner, strategy_id, account_id, capital_allocated, max_positions) RETURNING id INTO created;
    INSERT INTO mirror.deployment_events (user_id, deployment_id, event, new_status)
    VALUES (owner, created, 'deploy', 'inactive');
    RETURN created;
END
$$;
COMMENT ON FUNCTION mirror.deploy_strategy(bigint, bigint, numeric, integer) IS
'Puts a strategy on an account of the same user, and returns the id of the deployment, which is inactive until '
'start_deployment(). capital_allocated: the money that it may use, from 0, with up to 8 decimals; max_positions: how '
'many positions it may have at once, 1 to 1000. 22004 NULL, 22023 a bad value, an account of another user, 25001 '
'isolation, 42704 no such strategy or account, or of a user you do not act for, 54000 an account has 1,000 '
'deployments, 55000 the strategy or the account is not active';

CREATE FUNCTION mirror.start_deployment(deployment_id bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    d record;
BEGIN
    SELECT * INTO d FROM mirror_private.require_deployment(deployment_id);
    PERFORM mirror_private.lock_account(d.account_id),
            mirror_private.require_startable(d.strategy_id, d.account_id);
    SELECT * INTO d FROM mirror_private.lock_deployment(deployment_id);
    IF EXISTS (SELECT FROM mirror.strategy_deployments o
               WHERE o.user_id = d.user_id AND o.strategy_id = d.strategy_id AND o.account_id = d.account_id
                 AND o.status <> 'inactive' AND o.id <> deployment_id) THEN
        PERFORM bourse.refuse('55000',
            format('strategy %s is at work on account %s already', d.strategy_id, d.account_id),
            'Stop that deployment first: mirror.stop_deployment().');
    END IF;
    RETURN mirror_private.take_deployment_step(deployment_id, d.user_id, d.status, 'start');
END
$$;
COMMENT ON FUNCTION mirror.start_deployment(bigint) IS
'Has a deployment that is inactive or paused be active, and returns its status. A strategy is at work once on an '
'account. 22004 NULL, 25001 isolation, 42704 no such deployment, or of another user, 55000 not from its status, '
'another deployment of the strategy is at work there, the strategy or the account is not active';

CREATE FUNCTION mirror.pause_deployment(deployment_id bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
DECLARE
    d record;
BEGIN
    SELECT * INTO d FROM mirror_private.lock_deployment(deployment_id);
    RETURN mirror_private.take_deployment_step(deployment_id, d.user_id, d.status, 'pause');
END
$$;
COMMENT ON FUNCTION mirror.pause_deployment(bigint) IS
'Has an active deployment open nothing more; it may close what is open. Returns its status. 22004 NULL, 25001 '
'isolation, 42704 no such deployment, or of another user, 55000 not from its status';

CREATE FUNCTION mirror.stop_deployment(deployment_id bigint) RETURNS text
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
DECLARE
    d record;
BEGIN
    SELECT * INTO d FROM mirror_private.lock_deployment(deployment_id);
    RETURN mirror_private.take_deployment_step(deployment_id, d.user_id, d.status, 'stop');
END
$$;
COMMENT ON FUNCTION mirror.stop_deployment(bigint) IS
'Ends the work of a deployment; what is open at the broker stays open, and counts when it is started again. Returns '
'its status. 22004 NULL, 25001 isolation, 42704 no such deployment, or of another user, 55000 not from its status';

CREATE FUNCTION mirror.set_deployment_pnl(deployment_id bigint, total_pnl numeric) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM mirror_private.require_deployment(deployment_id);
    PERFORM bourse_private.require_given('total_pnl', total_pnl), mirror_private.require_amount('total_pnl', total_pnl);
    UPDATE mirror.strategy_deployments d SET total_pnl = total_pnl
    WHERE d.id = deployment_id AND d.total_pnl <> total_pnl;
END
$$;
COMMENT ON FUNCTION mirror.set_deployment_pnl(bigint, numeric) IS
'Says what a deployment has come to, in the currency of its account, with up to 8 decimals. 22004 NULL, 22023 too '
'large, or more decimals, 42704 no such deployment, or of another user';
GRANT EXECUTE ON FUNCTION mirror.deploy_strategy(bigint, bigint, numeric, integer), mirror.start_deployment(bigint),
    mirror.pause_deployment(bigint), mirror.stop_deployment(bigint), mirror.set_deployment_pnl(bigint, numeric)
    TO bourse_trader, bourse_worker;

CREATE FUNCTION mirror.deployment_events(deployment_id bigint, "limit" integer DEFAULT 100, before bigint DEFAULT NULL)
RETURNS TABLE (id bigint, at timestamptz, event text, old_status text, new_status text, actor text, actor_id bigint,
               detail jsonb)
LANGUAGE plpgsql STABLE SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_column
BEGIN
    PERFORM mirror_private.require_deployment(deployment_events.deployment_id);
    PERFORM bourse_private.require_page('events', "limit");
    RETURN QUERY
    SELECT e.id, e.at, e.event, e.old_status, e.new_status, e.actor::text, e.actor_id, e.detail
    FROM mirror.deployment_events e
    WHERE e.user_id = (SELECT d.user_id FROM mirror.strategy_deployments d WHERE d.id = deployment_events.deployment_id)
      AND e.deployment_id = deployment_events.deployment_id AND e.id < coalesce(before, 9223372036854775807)
    ORDER BY e.id DESC LIMIT "limit";
END
$$;
COMMENT ON FUNCTION mirror.deployment_events(bigint, integer, bigint) IS
'What has happened to a deployment, the latest first: when, the step, from which status to which, the login and the '
'user who did it, more. With before those with a smaller id: give the last one to go on. 22004 NULL deployment, 22023 '
'limit not 1 to 10000, 42704 no such deployment, or of another user';
GRANT EXECUTE ON FUNCTION mirror.deployment_events(bigint, integer, bigint) TO bourse_viewer, bourse_worker;
