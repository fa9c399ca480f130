-- One row for each finished transaction, in one chain. Removing a transaction, or its last rows, breaks it. A row whose
-- log is clusters says from which point on the database lives on which server: chains of any other were never written.
CREATE TABLE audit.seals (
    id             bigint PRIMARY KEY,
    log            text COLLATE "C" NOT NULL
                   CONSTRAINT seals_log_check CHECK (log IN ('activity_logs', 'audit_logs', 'clusters')),
    cluster        bigint NOT NULL,
    transaction_id bigint NOT NULL,
    length         integer NOT NULL,
    first_id       bigint NOT NULL,
    head           bytea NOT NULL,
    horizon        bigint NOT NULL,
    next_id        bigint NOT NULL,
    sealed_at      timestamptz NOT NULL,
    hash           bytea NOT NULL,
    CONSTRAINT seals_chain_key UNIQUE (cluster, transaction_id, log)
);
COMMENT ON TABLE audit.seals IS
'The chains of all transactions, sealed in one global chain. Written by audit.seal() only';
COMMENT ON COLUMN audit.seals.id IS 'The place in the global chain: from 1 without a gap';
COMMENT ON COLUMN audit.seals.log IS
'The log whose transaction is sealed; clusters: from here on the database lives on this server (length, first_id, '
'horizon and next_id are 0)';
COMMENT ON COLUMN audit.seals.length IS 'How many rows the transaction wrote';
COMMENT ON COLUMN audit.seals.first_id IS 'The id of its first row';
COMMENT ON COLUMN audit.seals.head IS 'The hash of its last row';
COMMENT ON COLUMN audit.seals.horizon IS
'Every transaction below it had ended when this was sealed: none can come later';
COMMENT ON COLUMN audit.seals.next_id IS 'No transaction from it on had begun to write when this was sealed';

-- Where sealing goes on.
CREATE INDEX idx_seals_horizon ON audit.seals (cluster, horizon);
CREATE INDEX idx_seals_clusters ON audit.seals (id) WHERE log = 'clusters';
COMMENT ON INDEX audit.idx_seals_clusters IS 'The servers on which this database has lived';

CREATE TRIGGER trigger_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.seals
    FOR EACH STATEMENT EXECUTE FUNCTION audit_private.refuse_change();

GRANT SELECT ON audit.seals TO bourse_admin;
