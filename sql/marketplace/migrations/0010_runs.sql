-- The queue of what is due: one narrow row for each subscription, written by every claim and every end of a run. What a
-- run needs to know stands in marketplace.subscriptions.
CREATE TABLE marketplace.runs (
    subscription_id bigint NOT NULL,
    user_id         bigint NOT NULL,
    claimable_at    timestamptz,
    next_run_at     timestamptz,
    last_run_at     timestamptz,
    lease           uuid,
    worker          text COLLATE "C",
    error_count     integer NOT NULL DEFAULT 0,
    last_error      text COLLATE "C",
    -- Nothing is held without a lease, and without its end. One constraint: each is asked whenever a row is written.
    CONSTRAINT runs_lease_check CHECK (
        (lease IS NULL) = (worker IS NULL) AND (lease IS NULL OR claimable_at IS NOT NULL) AND error_count >= 0
        AND length(worker) <= 100 AND length(last_error) <= 2000),
    -- The runs of a user, and one for each of his subscriptions: one index less to be written.
    CONSTRAINT runs_pkey PRIMARY KEY (user_id, subscription_id),
    CONSTRAINT fk_runs_subscription_id FOREIGN KEY (user_id, subscription_id)
        REFERENCES marketplace.subscriptions (user_id, id) ON DELETE CASCADE
-- Every claim and every end leaves a dead row, and dead entries at the front of the index.
) WITH (fillfactor = 50, toast_tuple_target = 128,
        autovacuum_vacuum_threshold = 1000, autovacuum_vacuum_scale_factor = 0.02);
COMMENT ON TABLE marketplace.runs IS
'What is to run, and who runs it: claim_runs() hands it out, finish_run() takes it back';
COMMENT ON COLUMN marketplace.runs.claimable_at IS
'From when on anybody may claim it: next_run_at; while it runs the end of the lease; NULL: the subscription is not '
'ACTIVE';
COMMENT ON COLUMN marketplace.runs.next_run_at IS  'When it is to run next; NULL: not at work';
COMMENT ON COLUMN marketplace.runs.last_run_at IS  'When its last run has ended';
COMMENT ON COLUMN marketplace.runs.lease IS  'Proof of holding it: another for every claim';
COMMENT ON COLUMN marketplace.runs.worker IS  'The worker that holds it';
COMMENT ON COLUMN marketplace.runs.error_count IS  'How many of its runs have failed, one after the other';
COMMENT ON COLUMN marketplace.runs.last_error IS  'What the last run that failed has said, up to 2000 characters';

CREATE INDEX idx_runs_claimable_at ON marketplace.runs (claimable_at, subscription_id)
    WHERE claimable_at IS NOT NULL;
COMMENT ON INDEX marketplace.idx_runs_claimable_at IS  'What is due next, and what leases have lapsed';

ALTER TABLE marketplace.runs ENABLE ROW LEVEL SECURITY;
CREATE POLICY runs_own ON marketplace.runs FOR SELECT
    USING (user_id = (SELECT identity.current_user_id()) AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
CREATE POLICY runs_all ON marketplace.runs FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));

-- A lease is for whoever holds it.
GRANT SELECT (subscription_id, user_id, claimable_at, next_run_at, last_run_at, worker, error_count, last_error)
    ON marketplace.runs TO bourse_viewer, bourse_worker;

CREATE VIEW marketplace.subscription_overview WITH (security_invoker = true) AS
SELECT s.id, s.user_id, s.user_principal_id, s.bot_id, s.instance_name, s.exchange_type, s.trading_pair, s.timeframe,
       s.timeframes, s.strategy_config, s.execution_config, s.risk_config, s.trade_evaluation_period, s.network_type,
       s.trade_mode, s.status, s.is_testnet, s.is_trial, s.started_at, s.expires_at, s.trial_expires_at, r.last_run_at,
       r.next_run_at, s.total_trades, s.winning_trades, s.total_pnl, s.bot_version, s.is_own, s.plan, s.price,
       s.cancelled_at, s.ends_at, s.client_id, r.worker, r.error_count, r.last_error
FROM marketplace.subscriptions s
JOIN marketplace.runs r ON r.user_id = s.user_id AND r.subscription_id = s.id;
COMMENT ON VIEW marketplace.subscription_overview IS
'Subscriptions with when they have run last and run next, who runs them now, and what the last run that failed has '
'said; users see their own';
GRANT SELECT ON marketplace.subscription_overview TO bourse_viewer, bourse_worker;
