CREATE FUNCTION exchange_private.own_help() RETURNS TABLE (name text, help text)
LANGUAGE sql IMMUTABLE SET search_path = pg_catalog, exchange, pg_temp AS $$
    VALUES
    ('exchange_inbox_commands', 'Commands in the bulk inbox, up to 10000'),
    ('exchange_inbox_age_seconds', 'Age of the first command in the bulk inbox'),
    ('exchange_live_orders_estimate', 'Live orders as of the last VACUUM or ANALYZE'),
    ('exchange_unswept_trades', 'Trades whose fees are not booked'),
    ('exchange_markets', 'Markets, by status'),
    ('exchange_unsettled_venue_transfers', 'Transfers to other venues that are under way, up to 10000'),
    ('exchange_unsettled_venue_transfer_age_seconds', 'Age of the first of them'),
    ('exchange_sequencer_working', '1 while the sequencer works'),
    ('exchange_sequencer_queued', 'Requests that wait for the sequencer'),
    ('exchange_sequencer_wait_seconds', 'How long the oldest unanswered request to the sequencer has waited'),
    ('exchange_sequencer_batches_total', 'Transactions of the sequencer'),
    ('exchange_sequencer_requests_total', 'Requests that the sequencer has answered'),
    ('exchange_orders_total', 'Orders that were written'),
    ('exchange_rejected_commands_total', 'Commands of the bulk inbox that were rejected'),
    ('exchange_trades_total', 'Trades'),
    ('exchange_cancels_total', 'Orders that their users have cancelled'),
    ('exchange_refused_funds_total', 'Changes of balances and orders that were refused for want of funds'),
    ('exchange_recent_orders', 'Orders of the last ten minutes, up to 1000'),
    ('exchange_recent_cancel_ratio', 'Which part of them their users have cancelled'),
    ('exchange_calls_total', 'Calls that have come to their end, where track_functions is all'),
    ('exchange_call_seconds_total', 'Time of these calls')
$$;
COMMENT ON FUNCTION exchange_private.own_help() IS 'What each figure of metrics() means, for openmetrics()';
