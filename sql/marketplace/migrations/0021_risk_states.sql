-- What the rules of risk_config look at when a trade is opened: one narrow row for each subscription that has traded,
-- written by the statement that opens, closes or deletes trades. It counts by the clock of the server: entry_time and
-- exit_time are what somebody says.
CREATE TABLE marketplace.risk_states (
    user_id         bigint NOT NULL,
    subscription_id bigint NOT NULL,
    open_trades     bigint NOT NULL DEFAULT 0,
    exposure        numeric NOT NULL DEFAULT 0,
    day             date NOT NULL DEFAULT 'epoch',
    day_pnl         numeric NOT NULL DEFAULT 0,
    day_cost        numeric NOT NULL DEFAULT 0,
    losses          bigint NOT NULL DEFAULT 0 CONSTRAINT risk_states_losses_check CHECK (losses >= 0),
    last_loss_at    timestamptz,
    CONSTRAINT risk_states_pkey PRIMARY KEY (user_id, subscription_id),
    CONSTRAINT fk_risk_states_subscription_id FOREIGN KEY (user_id, subscription_id)
        REFERENCES marketplace.subscriptions (user_id, id) ON DELETE CASCADE,
    -- Below nothing there is nothing: whatever opens a trade has counted it.
    CONSTRAINT risk_states_exposure_check CHECK (open_trades >= 0 AND exposure >= 0 AND exposure < 'NaN'
                                                 AND (open_trades > 0 OR exposure = 0))
) WITH (fillfactor = 50);
COMMENT ON TABLE marketplace.risk_states IS
'What the rules of a subscription look at when it opens a trade, kept by the triggers of marketplace.trades';
COMMENT ON COLUMN marketplace.risk_states.open_trades IS 'How many trades are open';
COMMENT ON COLUMN marketplace.risk_states.exposure IS
'What they came to at their entries: the sum of quantity * entry_price, in the quote of the pair';
COMMENT ON COLUMN marketplace.risk_states.day IS 'The day (UTC) on which a trade was closed last';
COMMENT ON COLUMN marketplace.risk_states.day_pnl IS 'What the trades that were closed on it have come to';
COMMENT ON COLUMN marketplace.risk_states.day_cost IS 'What they had come to at their entries';
COMMENT ON COLUMN marketplace.risk_states.losses IS 'How many trades have lost since the last one that has not';
COMMENT ON COLUMN marketplace.risk_states.last_loss_at IS 'When the last trade that has lost was closed';

-- After trigger_count_trades, which has locked the subscriptions in order of id: triggers fire in order of name.
CREATE TRIGGER trigger_note_risk_of_insert AFTER INSERT ON marketplace.trades
    REFERENCING NEW TABLE AS new_rows FOR EACH STATEMENT EXECUTE FUNCTION marketplace_private.note_risk();
CREATE TRIGGER trigger_note_risk_of_update AFTER UPDATE ON marketplace.trades
    REFERENCING OLD TABLE AS old_rows NEW TABLE AS new_rows
    FOR EACH STATEMENT EXECUTE FUNCTION marketplace_private.note_risk();
CREATE TRIGGER trigger_note_risk_of_delete AFTER DELETE ON marketplace.trades
    REFERENCING OLD TABLE AS old_rows FOR EACH STATEMENT EXECUTE FUNCTION marketplace_private.note_risk();

ALTER TABLE marketplace.risk_states ENABLE ROW LEVEL SECURITY;
CREATE POLICY risk_states_own ON marketplace.risk_states FOR SELECT
    USING (user_id = (SELECT identity.current_user_id()) AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
CREATE POLICY risk_states_all ON marketplace.risk_states FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));

GRANT SELECT ON marketplace.risk_states TO bourse_viewer, bourse_worker;
