-- The months that are not there any more. What stands here the chain holds: the hash of each row is the head of a seal.
CREATE TABLE audit.dropped_months (
    log         text COLLATE "C" NOT NULL
                CONSTRAINT dropped_months_log_check CHECK (log IN ('activity_logs', 'audit_logs')),
    month       date NOT NULL CONSTRAINT dropped_months_month_check CHECK (extract(day FROM month) = 1),
    rows        bigint NOT NULL,
    first_id    bigint,
    last_id     bigint,
    chains      bigint NOT NULL,
    first_chain bigint,
    last_chain  bigint,
    others      bigint[] NOT NULL,
    crossing    jsonb NOT NULL,
    digest      text COLLATE "C" NOT NULL,
    hash        bytea NOT NULL,
    dropped_at  timestamptz NOT NULL,
    CONSTRAINT dropped_months_pkey PRIMARY KEY (log, month)
);
COMMENT ON TABLE audit.dropped_months IS
'What is kept of each month of a log that has been dropped. Written by audit.drop_month() and maintain() only';
COMMENT ON COLUMN audit.dropped_months.month IS
'Its first day, in UTC. What was there before months had partitions counts to the first that was dropped';
COMMENT ON COLUMN audit.dropped_months.first_id IS 'The lowest number of a row; NULL: there was none';
COMMENT ON COLUMN audit.dropped_months.chains IS 'How many transactions have their first row here';
COMMENT ON COLUMN audit.dropped_months.first_chain IS 'The lowest number of such a first row';
COMMENT ON COLUMN audit.dropped_months.others IS
'First rows of sealed transactions with a number between these that are of another month: around midnight';
COMMENT ON COLUMN audit.dropped_months.crossing IS
'The transactions that came from the month before, or went on in the next: from which place in their chain to which, '
'and the hash there';
COMMENT ON COLUMN audit.dropped_months.digest IS 'audit.export_digest() of its rows';
COMMENT ON COLUMN audit.dropped_months.hash IS 'The closing hash: SHA-256 of all that stands here';

CREATE TRIGGER trigger_insert_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit.dropped_months
    FOR EACH STATEMENT EXECUTE FUNCTION audit_private.refuse_change();
GRANT SELECT ON audit.dropped_months TO bourse_admin, bourse_monitor;

ALTER TABLE audit.seals DROP CONSTRAINT seals_log_check;
-- short: a row for each call of audit.seal()
ALTER TABLE audit.seals ADD CONSTRAINT seals_log_check CHECK (log IN (
    'activity_logs', 'audit_logs', 'clusters', 'dropped activity_logs', 'dropped audit_logs'));
COMMENT ON COLUMN audit.seals.log IS
'The log whose transaction is sealed; clusters: from here on the database lives on this server; dropped …: a month of '
'that log has been dropped (of both, length, first_id, horizon and next_id are 0)';
COMMENT ON COLUMN audit.seals.transaction_id IS 'The transaction; of a dropped month its year and month, as 202611';
COMMENT ON COLUMN audit.seals.head IS 'The hash of its last row; of a dropped month dropped_months.hash';
