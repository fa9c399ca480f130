-- Messages whose end a user has asked for while somebody was at a part of them. It stands beside the message and not in
-- its row: that is for those who work at it, who would wait for everybody that asks and stays in his transaction.
CREATE TABLE messaging.cancel_requests (
    message_id   bigint PRIMARY KEY,
    user_id      bigint,
    requested_at timestamptz NOT NULL DEFAULT clock_timestamp()
);
COMMENT ON TABLE messaging.cancel_requests IS
'Messages that are to be cancelled once whoever is at them lets go: what of them nobody has sent by then goes to '
'nobody. A row goes when its message ends';
COMMENT ON COLUMN messaging.cancel_requests.user_id IS 'The user whose message it is; NULL: of nobody';
COMMENT ON COLUMN messaging.cancel_requests.requested_at IS 'When it was asked for';

CREATE INDEX idx_cancel_requests_user_id ON messaging.cancel_requests (user_id) WHERE user_id IS NOT NULL;
CREATE INDEX idx_cancel_requests_requested_at ON messaging.cancel_requests USING brin (requested_at);

-- Who sees the message sees that it is to end.
ALTER TABLE messaging.cancel_requests ENABLE ROW LEVEL SECURITY;
CREATE POLICY cancel_requests_own ON messaging.cancel_requests FOR SELECT
    USING (user_id = (SELECT identity.current_user_id()) AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
CREATE POLICY cancel_requests_all ON messaging.cancel_requests FOR SELECT
    TO bourse_admin, bourse_gateway, bourse_worker USING ((SELECT identity.acts_for_all()));
GRANT SELECT ON messaging.cancel_requests TO bourse_viewer, bourse_worker;
