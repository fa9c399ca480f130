-- Strategies: what their users say of them.

CREATE FUNCTION mirror_private.require_strategy(strategy_id bigint) RETURNS bigint
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
DECLARE
    owner bigint;
BEGIN
    PERFORM bourse.require_installed();
    SELECT s.user_id INTO owner FROM mirror.strategies s
    WHERE s.id = require_strategy.strategy_id AND identity.acts_for(s.user_id);
    IF NOT FOUND THEN
        PERFORM bourse_private.require_given('strategy_id', require_strategy.strategy_id);
        PERFORM bourse.refuse('42704', format('strategy %s does not exist', require_strategy.strategy_id),
            'mirror.strategies lists yours.');
    END IF;
    RETURN owner;
END
$$;
COMMENT ON FUNCTION mirror_private.require_strategy(bigint) IS
'Whose strategy it is. Refuses one that is NULL (22004), or is not there for this session (42704)';

CREATE FUNCTION mirror_private.require_strategy_terms(name text, strategy_type text, description text) RETURNS void
LANGUAGE plpgsql STABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    PERFORM marketplace_private.require_title('name', name, 100) WHERE name IS NOT NULL;
    PERFORM marketplace_private.require_words('description', description, 10000) WHERE description IS NOT NULL;
    IF strategy_type COLLATE "C" !~ '^[a-z][a-z0-9_]{0,49}$' THEN
        PERFORM bourse.refuse('22023', format('strategy_type is %s', bourse_private.quoted(strategy_type)),
            'Give a word of up to 50 small letters, digits and _, like momentum, mean_reversion or arbitrage.');
    END IF;
END
$$;
COMMENT ON FUNCTION mirror_private.require_strategy_terms(text, text, text) IS
'Refuses a name, type or description that is blank or too long, or has a secret or a control character (22023); NULL '
'passes';

CREATE FUNCTION mirror.create_strategy(user_id bigint, name text, strategy_type text DEFAULT NULL,
                                       description text DEFAULT NULL) RETURNS bigint
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    most CONSTANT integer := 1000;
    created bigint;
BEGIN
    PERFORM bourse.require_installed();
    PERFORM identity_private.require_user(user_id);
    PERFORM bourse_private.require_given('name', name),
            mirror_private.require_strategy_terms(name, strategy_type, description);
    IF NOT identity.acts_for_all()
       AND (SELECT count(*) FROM (SELECT FROM mirror.strategies s WHERE s.user_id = user_id LIMIT most) s) = most THEN
        PERFORM bourse.refuse('54000', format('user %s has %s strategies', user_id, most),
            'Delete some; who acts for everybody may make more.');
    END IF;
    INSERT INTO mirror.strategies (user_id, name, strategy_type, description)
    VALUES (user_id, name, strategy_type, description) RETURNING id INTO created;
    RETURN created;
END
$$;
COMMENT ON FUNCTION mirror.create_strategy(bigint, text, text, text) IS
'Makes a strategy of a user, and returns its id. name: 1 to 100 characters; strategy_type: a word like momentum, '
'mean_reversion or arbitrage; description: up to 10000 characters. 22004 NULL, 22023 a bad value, or a secret, 42501 '
'not a user you act for, 42704 unknown user, 54000 a user has 1,000 strategies, 55000 the user has been erased';

-- Whoever starts a deployment holds the strategy FOR SHARE: either it is seen here, or it sees what is written here.
CREATE FUNCTION mirror.update_strategy(strategy_id bigint, name text DEFAULT NULL, strategy_type text DEFAULT NULL,
                                       description text DEFAULT NULL, is_active boolean DEFAULT NULL) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    owner bigint := mirror_private.require_strategy(strategy_id);
    working bigint;
BEGIN
    PERFORM mirror_private.require_strategy_terms(name, strategy_type, description);
    PERFORM bourse_private.require_read_committed('a change of a strategy');
    PERFORM FROM mirror.strategies s WHERE s.id = strategy_id FOR NO KEY UPDATE;
    working := (SELECT count(*) FROM mirror.strategy_deployments d
                WHERE d.user_id = owner AND d.strategy_id = strategy_id AND d.status <> 'inactive');
    IF NOT is_active AND working > 0 THEN
        PERFORM bourse.refuse('55000', format('strategy %s is at work, by deployments: %s', strategy_id, working),
            'Stop its deployments first: mirror.stop_deployment().');
    END IF;
    UPDATE mirror.strategies s
    SET name = coalesce(name, s.name), strategy_type = coalesce(strategy_type, s.strategy_type),
        description = coalesce(description, s.description), is_active = coalesce(is_active, s.is_active)
    WHERE s.id = strategy_id
      AND (s.name, s.strategy_type, s.description, s.is_active)
          IS DISTINCT FROM (coalesce(name, s.name), coalesce(strategy_type, s.strategy_type),
                            coalesce(description, s.description), coalesce(is_active, s.is_active));
END
$$;
COMMENT ON FUNCTION mirror.update_strategy(bigint, text, text, text, boolean) IS
'Changes what a user says of a strategy, as create_strategy() has it; NULL leaves what is there. is_active false: it '
'is neither deployed nor started. 22004 NULL strategy, 22023 a bad value, or a secret, 25001 isolation, 42704 no such '
'strategy, or of another user, 55000 it is at work';

CREATE FUNCTION mirror.delete_strategy(strategy_id bigint) RETURNS void
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
DECLARE
    owner bigint := mirror_private.require_strategy(strategy_id);
    working bigint;
BEGIN
    PERFORM bourse_private.require_read_committed('a change of a strategy');
    PERFORM FROM mirror.strategies s WHERE s.id = strategy_id FOR UPDATE;
    -- In order of id: who deletes an account may have some of them.
    PERFORM FROM mirror.strategy_deployments d WHERE d.user_id = owner AND d.strategy_id = strategy_id
    ORDER BY d.id FOR UPDATE;
    working := (SELECT count(*) FROM mirror.strategy_deployments d
                WHERE d.user_id = owner AND d.strategy_id = strategy_id AND d.status <> 'inactive');
    IF working > 0 THEN
        PERFORM bourse.refuse('55000', format('strategy %s is at work, by deployments: %s', strategy_id, working),
            'Stop its deployments first: mirror.stop_deployment().');
    END IF;
    DELETE FROM mirror.strategies s WHERE s.id = strategy_id;
END
$$;
COMMENT ON FUNCTION mirror.delete_strategy(bigint) IS
'Deletes a strategy with its deployments and their events. 22004 NULL, 25001 isolation, 42704 no such strategy, or of '
'another user, 55000 it is at work';
GRANT EXECUTE ON FUNCTION mirror.create_strategy(bigint, text, text, text),
    mirror.update_strategy(bigint, text, text, text, boolean), mirror.delete_strategy(bigint)
    TO bourse_trader, bourse_worker;
