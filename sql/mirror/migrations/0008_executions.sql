-- Executions of orders at brokers, each once for ever: what polls and pushes say twice stands here once. They explain
-- orders; positions follow the broker's own reports. An order may be reported after its executions, be archived, and go
-- with its account before they do: no foreign key to it.
CREATE TABLE mirror.executions (
    user_id      bigint NOT NULL
                 CONSTRAINT fk_executions_user_id REFERENCES identity.users (id) ON DELETE CASCADE,
    account_id   bigint NOT NULL,
    execution_id varchar(100) COLLATE "C" NOT NULL CONSTRAINT executions_execution_id_check CHECK (execution_id <> ''),
    order_id     varchar(50) COLLATE "C" NOT NULL CONSTRAINT executions_order_id_check CHECK (order_id <> ''),
    quantity     numeric(20,8) NOT NULL CONSTRAINT executions_quantity_check CHECK (quantity > 0 AND quantity < 'NaN'),
    price        numeric(20,8) NOT NULL CONSTRAINT executions_price_check CHECK (price > 0 AND price < 'NaN'),
    executed_at  timestamptz NOT NULL CONSTRAINT executions_executed_at_check CHECK (isfinite(executed_at)),
    recorded_at  timestamptz NOT NULL DEFAULT clock_timestamp(),
    -- An account has one user: so an execution is unique by account and execution_id.
    PRIMARY KEY (account_id, execution_id)
);
COMMENT ON TABLE mirror.executions IS
'Executions of orders as brokers report them, unique by account and execution_id for ever. Append only';
COMMENT ON COLUMN mirror.executions.account_id IS
'Without a foreign key: executions stay, with the archived orders, when the account is deleted';
COMMENT ON COLUMN mirror.executions.execution_id IS 'What the broker calls it: its trade id';
COMMENT ON COLUMN mirror.executions.order_id IS
'What the broker calls the order. It need not be known yet: when it is reported, it counts what was executed of it';
COMMENT ON COLUMN mirror.executions.executed_at IS 'As it was first reported';

CREATE INDEX idx_executions_order_id ON mirror.executions (account_id, order_id);
COMMENT ON INDEX mirror.idx_executions_order_id IS 'What was executed of an order';
CREATE INDEX idx_executions_user_id ON mirror.executions (user_id, account_id, executed_at);
COMMENT ON INDEX mirror.idx_executions_user_id IS
'The executions of a user, or of one account, the latest first; also for the foreign key';

CREATE TRIGGER trigger_append_only BEFORE UPDATE OR TRUNCATE ON mirror.executions
    FOR EACH STATEMENT EXECUTE FUNCTION bourse_private.refuse_change('It goes with its user only.');
CREATE TRIGGER trigger_append_only_of_delete BEFORE DELETE ON mirror.executions
    FOR EACH ROW EXECUTE FUNCTION mirror_private.refuse_delete_of_execution();

ALTER TABLE mirror.executions ENABLE ROW LEVEL SECURITY;
CREATE POLICY executions_own ON mirror.executions FOR SELECT
    USING (user_id = (SELECT identity.current_user_id()) AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
CREATE POLICY executions_all ON mirror.executions FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));

GRANT SELECT ON mirror.executions TO bourse_viewer, bourse_worker;
