-- Messages that were delivered or cancelled, once bourse.maintain() has moved them here: as they were, with their
-- attempts. Their idempotency keys are free again.
CREATE TABLE messaging.messages_archive (
    LIKE messaging.messages,
    attempts jsonb NOT NULL,
    CONSTRAINT messages_archive_pkey PRIMARY KEY (id),
    CONSTRAINT fk_messages_archive_user_id FOREIGN KEY (user_id) REFERENCES identity.users (id) ON DELETE CASCADE
);
COMMENT ON TABLE messaging.messages_archive IS
'Messages that have ended well, from 30 days after they were due until they are 365 days old (bourse.policies)';
COMMENT ON COLUMN messaging.messages_archive.attempts IS
'What delivery_status had of it: [{"channel", "attempt", "status", "created_at", "delivered_at", "response_time_ms", '
'"error_message", "external_id"}, …]';

-- A user's messages, the newest first; row security and erasure look here.
CREATE INDEX idx_messages_archive_user_id ON messaging.messages_archive (user_id, id) WHERE user_id IS NOT NULL;
-- Retention reads the oldest pages.
CREATE INDEX idx_messages_archive_scheduled_for ON messaging.messages_archive USING brin (scheduled_for);

CREATE TRIGGER trigger_keep_attempts BEFORE INSERT ON messaging.messages_archive
    FOR EACH ROW EXECUTE FUNCTION messaging_private.keep_attempts();
-- After the foreign key has waited for an erasure that is under way: triggers fire in order of name.
CREATE TRIGGER trigger_refuse_erased AFTER INSERT OR UPDATE OF user_id ON messaging.messages_archive
    FOR EACH ROW WHEN (NEW.user_id IS NOT NULL) EXECUTE FUNCTION identity_private.refuse_erased();

ALTER TABLE messaging.messages_archive ENABLE ROW LEVEL SECURITY;
CREATE POLICY messages_archive_own ON messaging.messages_archive FOR SELECT
    USING (user_id = (SELECT identity.current_user_id()) AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
CREATE POLICY messages_archive_all ON messaging.messages_archive FOR SELECT
    TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
GRANT SELECT ON messaging.messages_archive TO bourse_viewer, bourse_worker;
