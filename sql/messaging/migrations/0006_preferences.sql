-- What users want on a channel. set_preferences() writes it.
CREATE TABLE messaging.preferences (
    user_id    bigint NOT NULL CONSTRAINT fk_preferences_user_id REFERENCES identity.users (id) ON DELETE CASCADE,
    channel    text COLLATE "C" NOT NULL,
    enabled    boolean NOT NULL DEFAULT true,
    quiet_from time,
    quiet_to   time,
    timezone   text COLLATE "C" NOT NULL DEFAULT 'UTC',
    digest     interval
               CONSTRAINT preferences_digest_check CHECK (digest BETWEEN interval '1 minute' AND interval '7 days'),
    updated_at timestamptz NOT NULL DEFAULT now(),
    CONSTRAINT preferences_pkey PRIMARY KEY (user_id, channel),
    CONSTRAINT preferences_quiet_check CHECK ((quiet_from IS NULL) = (quiet_to IS NULL) AND quiet_from <> quiet_to)
);
COMMENT ON TABLE messaging.preferences IS 'What users want on a channel. Without a row a user takes everything at once';
COMMENT ON COLUMN messaging.preferences.enabled IS 'Off: nothing is sent to the user on this channel, CRITICAL neither';
COMMENT ON COLUMN messaging.preferences.quiet_from IS
'From then on, by the wall clock of timezone, until quiet_to, over midnight if that is earlier, only CRITICAL is '
'sent; NULL: no quiet hours';
COMMENT ON COLUMN messaging.preferences.digest IS
'So long messages with one digest_key are put together; NULL: each is sent by itself';

-- After the foreign key has waited for an erasure that is under way: triggers fire in order of name.
CREATE TRIGGER trigger_refuse_erased AFTER INSERT OR UPDATE OF user_id ON messaging.preferences
    FOR EACH ROW EXECUTE FUNCTION identity_private.refuse_erased();
CREATE TRIGGER trigger_stamp_updated_at BEFORE UPDATE ON messaging.preferences
    FOR EACH ROW EXECUTE FUNCTION bourse_private.stamp_updated_at();

ALTER TABLE messaging.preferences ENABLE ROW LEVEL SECURITY;
CREATE POLICY preferences_own ON messaging.preferences FOR SELECT
    USING (user_id = (SELECT identity.current_user_id()) AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
CREATE POLICY preferences_all ON messaging.preferences FOR SELECT TO bourse_admin, bourse_gateway, bourse_worker
    USING ((SELECT identity.acts_for_all()));
GRANT SELECT ON messaging.preferences TO bourse_viewer, bourse_worker;
