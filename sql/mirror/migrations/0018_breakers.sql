-- The circuit breaker of each account that has ever been connected. One writer: what was reported of the account goes
-- through mirror_private.next_breaker(), a failover opens that of the account it leaves.
CREATE TABLE mirror.breakers (
    account_id bigint PRIMARY KEY,
    user_id    bigint NOT NULL,
    state      text COLLATE "C" NOT NULL DEFAULT 'closed'
               CONSTRAINT breakers_state_check CHECK (state IN ('closed', 'open', 'half_open')),
    failures   integer NOT NULL DEFAULT 0 CONSTRAINT breakers_failures_check CHECK (failures >= 0),
    successes  integer NOT NULL DEFAULT 0
               CONSTRAINT breakers_successes_check CHECK (successes >= 0 AND (successes = 0 OR state = 'half_open')),
    opened_at  timestamptz CONSTRAINT breakers_opened_at_check CHECK ((opened_at IS NULL) = (state = 'closed')),
    probed_at  timestamptz CONSTRAINT breakers_probed_at_check CHECK (probed_at IS NULL OR state = 'half_open'),
    last_failure_at timestamptz,
    last_reason     varchar(200),
    CONSTRAINT fk_breakers_account_id FOREIGN KEY (user_id, account_id)
        REFERENCES mirror.trading_accounts (user_id, id) ON DELETE CASCADE
) WITH (fillfactor = 80);
COMMENT ON TABLE mirror.breakers IS
'Circuit breakers of accounts: whether an account may be used, and how often it has failed. An open one is half open '
'once its time is over, before anybody writes it so: mirror.account_health() says what holds now';
COMMENT ON COLUMN mirror.breakers.state IS
'closed: in use; open: failed, not tried for open_for; half_open: tried by one probe at a time';
COMMENT ON COLUMN mirror.breakers.failures IS 'Failures in a row';
COMMENT ON COLUMN mirror.breakers.successes IS 'Successes in a row while half open';
COMMENT ON COLUMN mirror.breakers.opened_at IS 'When it was opened last; NULL: it is closed';
COMMENT ON COLUMN mirror.breakers.probed_at IS
'When may_connect() let the last probe through that nobody has told of yet';

CREATE INDEX idx_breakers_user_id ON mirror.breakers (user_id, account_id);
COMMENT ON INDEX mirror.idx_breakers_user_id IS 'The breakers of a user';
CREATE INDEX idx_breakers_troubled ON mirror.breakers (account_id) WHERE state <> 'closed' OR failures > 0;
COMMENT ON INDEX mirror.idx_breakers_troubled IS 'Those that a heartbeat changes';

ALTER TABLE mirror.breakers ENABLE ROW LEVEL SECURITY;
CREATE POLICY breakers_own ON mirror.breakers FOR SELECT
    USING (user_id = (SELECT identity.current_user_id()) AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
CREATE POLICY breakers_all ON mirror.breakers FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));

GRANT SELECT ON mirror.breakers TO bourse_viewer, bourse_worker;
