-- Who has tried which bot. A row outlives its subscription: whatever became of that, there is no second trial. The key
-- is the user, not a principal, of which he may have many.
CREATE TABLE marketplace.trials (
    user_id         bigint NOT NULL CONSTRAINT fk_trials_user_id REFERENCES identity.users (id) ON DELETE CASCADE,
    bot_id          bigint NOT NULL CONSTRAINT fk_trials_bot_id REFERENCES marketplace.bots (id) ON DELETE CASCADE,
    subscription_id bigint,
    started_at      timestamptz NOT NULL DEFAULT clock_timestamp(),
    expires_at      timestamptz NOT NULL,
    CONSTRAINT trials_pkey PRIMARY KEY (user_id, bot_id),
    CONSTRAINT trials_expires_at_check CHECK (expires_at > started_at AND isfinite(expires_at))
);
COMMENT ON TABLE marketplace.trials IS
'Trials of bots: one for a user and a bot, ever. Written by subscribe() with the subscription, and stays when that is '
'gone';
COMMENT ON COLUMN marketplace.trials.subscription_id IS
'The subscription that the trial was. No foreign key: it may be gone';
COMMENT ON COLUMN marketplace.trials.expires_at IS  'When it was to end; cancelled earlier, it is used up all the same';

-- After the foreign key has waited for an erasure that is under way: triggers fire in order of name.
CREATE TRIGGER trigger_refuse_erased AFTER INSERT ON marketplace.trials
    FOR EACH ROW EXECUTE FUNCTION identity_private.refuse_erased();

ALTER TABLE marketplace.trials ENABLE ROW LEVEL SECURITY;
CREATE POLICY trials_own ON marketplace.trials FOR SELECT
    USING (user_id = (SELECT identity.current_user_id()) AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
CREATE POLICY trials_all ON marketplace.trials FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));

GRANT SELECT ON marketplace.trials TO bourse_viewer, bourse_worker;
