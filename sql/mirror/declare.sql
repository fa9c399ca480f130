-- What mirror declares of itself, as sql/bourse/modules.sql says.

CREATE FUNCTION mirror_private.own_tables() RETURNS bourse.declared_table[]
LANGUAGE plpgsql IMMUTABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
BEGIN
    RETURN ARRAY[
        bourse_private.declare_table('brokers', is_audited => true),
        bourse_private.declare_table('instruments', is_audited => true),
        bourse_private.declare_table('trading_accounts', is_audited => true, on_erasure => 'delete'),
        bourse_private.declare_table('strategies', is_audited => true, on_erasure => 'delete'),
        bourse_private.declare_table('strategy_deployments', on_erasure => 'delete'),
        bourse_private.declare_table('deployment_events', on_erasure => 'delete'),
        bourse_private.declare_table('deployment_positions', on_erasure => 'delete'),
        bourse_private.declare_table('orders', on_erasure => 'delete'),
        bourse_private.declare_table('orders_archive', on_erasure => 'delete'),
        bourse_private.declare_table('executions', on_erasure => 'delete'),
        bourse_private.declare_table('positions', on_erasure => 'delete'),
        bourse_private.declare_table('holdings', on_erasure => 'delete'),
        bourse_private.declare_table('books', on_erasure => 'delete'),
        bourse_private.declare_table('documents', on_erasure => 'delete', time_column => 'received_at',
                                     keep => '30 days'),
        bourse_private.declare_table('copy_groups', is_audited => true, on_erasure => 'delete'),
        bourse_private.declare_table('group_shares', is_audited => true, on_erasure => 'delete'),
        bourse_private.declare_table('leader_orders', on_erasure => 'delete'),
        bourse_private.declare_table('leader_positions', on_erasure => 'delete'),
        bourse_private.declare_table('followers', is_audited => true, on_erasure => 'delete'),
        bourse_private.declare_table('follower_ratios', is_audited => true, on_erasure => 'delete'),
        bourse_private.declare_table('account_funds', on_erasure => 'delete'),
        bourse_private.declare_table('follower_positions', on_erasure => 'delete'),
        bourse_private.declare_table('copies', on_erasure => 'delete', time_column => 'ended_at',
                                     keep => '90 days'),
        bourse_private.declare_table('copied_orders', on_erasure => 'delete'),
        bourse_private.declare_table('order_requests', on_erasure => 'delete', time_column => 'finished_at',
                                     keep => '90 days'),
        bourse_private.declare_table('account_lanes', on_erasure => 'delete'),
        bourse_private.declare_table('exchange_copies', on_erasure => 'delete', time_column => 'old_since',
                                     keep => '90 days'),
        bourse_private.declare_table('exchange_holdings', on_erasure => 'delete'),
        bourse_private.declare_table('websocket_connections', on_erasure => 'delete',
                                     time_column => 'disconnected_at', keep => '90 days'),
        bourse_private.declare_table('market_subscriptions', on_erasure => 'delete'),
        bourse_private.declare_table('breakers', on_erasure => 'delete'),
        bourse_private.declare_table('failover_events', on_erasure => 'delete', time_column => 'timestamp',
                                     keep => '365 days'),
        bourse_private.declare_table('failover_settings', is_audited => true, on_erasure => 'delete'),
        bourse_private.declare_table('failover_states', on_erasure => 'delete'),
        bourse_private.declare_table('stand_ins', on_erasure => 'delete'),
        bourse_private.declare_table('*', on_erasure => 'delete')];
END
$$;
COMMENT ON FUNCTION mirror_private.own_tables() IS
'The tables of mirror. What brokers report is no part of the trail: mirror.documents has it word for word';

CREATE FUNCTION mirror_private.own_policies()
RETURNS TABLE (table_name text, name text, time_column text, keep interval, only_status text[], move_to text)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, mirror, pg_temp AS $$
    VALUES ('orders', 'ended', 'placed_at', interval '30 days',
            ARRAY['EXECUTED', 'CANCELLED', 'REJECTED', 'EXPIRED'], 'orders_archive'),
           ('positions', 'flat', 'closed_at', interval '30 days', NULL, NULL),
           ('holdings', 'sold', 'closed_at', interval '30 days', NULL, NULL)
$$;
COMMENT ON FUNCTION mirror_private.own_policies() IS
'How long what brokers report stays: orders that have ended move to the archive, what is flat or sold goes';

-- As everybody locks them who locks several: accounts, strategies, deployments, each in order of id. What is reported
-- of an account while its user is erased waits, and finds it gone.
CREATE FUNCTION mirror_private.before_erasure(user_id bigint) RETURNS void
LANGUAGE plpgsql SET search_path = pg_catalog, mirror, pg_temp AS $$
#variable_conflict use_variable
BEGIN
    PERFORM FROM mirror.trading_accounts a WHERE a.user_id = user_id ORDER BY a.id FOR UPDATE;
    PERFORM FROM mirror.strategies s WHERE s.user_id = user_id ORDER BY s.id FOR UPDATE;
    PERFORM FROM mirror.strategy_deployments d WHERE d.user_id = user_id ORDER BY d.id FOR UPDATE;
    PERFORM mirror_private.require_no_copies(user_id);
END
$$;
COMMENT ON FUNCTION mirror_private.before_erasure(bigint) IS
'Locks the accounts, strategies and deployments of a user who is to be erased; refuses while orders of his that were '
'copied may still fill (23503)';
