-- What is left for the workers of a queue beside its rows. A row that runs is its worker's alone: nobody who asks for
-- its end, and stays in his transaction, keeps the worker from saying that it is done.
CREATE TABLE bourse.cancel_requests (
    lease        uuid NOT NULL,
    item_id      bigint NOT NULL,
    requested_at timestamptz NOT NULL
);
COMMENT ON TABLE bourse.cancel_requests IS
'Of whose running items somebody has asked for the end: by the lease that held it then. Whatever the item does next '
'under that lease but complete ends it. Rows stay for 30 days';
CREATE INDEX idx_cancel_requests_lease ON bourse.cancel_requests (lease, item_id);
CREATE INDEX idx_cancel_requests_requested_at ON bourse.cancel_requests USING brin (requested_at);
GRANT SELECT ON bourse.cancel_requests TO bourse_admin, bourse_monitor;

CREATE TABLE bourse.stalled_keys (
    queue           text COLLATE "C" NOT NULL,
    concurrency_key text COLLATE "C" NOT NULL
);
COMMENT ON TABLE bourse.stalled_keys IS
'Concurrency keys of a queue whose next item could not be let go when the one before it ended: somebody was just '
'changing it. A claim does it later';
CREATE INDEX idx_stalled_keys_queue ON bourse.stalled_keys (queue);
GRANT SELECT ON bourse.stalled_keys TO bourse_admin, bourse_monitor;
