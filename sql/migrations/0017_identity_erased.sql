-- That a user has been erased is a state: nothing personal comes back, neither by a call that waited while the user was
-- erased nor by one that comes later, and no money goes to nobody.
ALTER TABLE identity.users ADD COLUMN erased_at timestamptz;
UPDATE identity.users u SET erased_at = l.at
FROM (SELECT record_id, min(l."timestamp") AS at FROM audit.audit_logs l
      WHERE action = 'ERASE' AND table_name = 'identity.users' GROUP BY record_id) AS l
WHERE l.record_id = u.id::text AND NOT u.is_active;
ALTER TABLE identity.users ADD CONSTRAINT users_erased_check CHECK (erased_at IS NULL OR NOT is_active);
COMMENT ON COLUMN identity.users.erased_at IS 'When erase_user() took the person out; from then on the row stays as it is';
GRANT SELECT (erased_at) ON identity.users TO bourse_viewer;

CREATE TRIGGER trigger_keep_erased BEFORE UPDATE ON identity.users
    FOR EACH ROW WHEN (OLD.erased_at IS NOT NULL) EXECUTE FUNCTION identity.keep_erased();
-- After the foreign key has waited for an erasure that is under way: triggers fire in order of name.
CREATE TRIGGER trigger_refuse_erased AFTER INSERT OR UPDATE OF user_id ON identity.auth_identities
    FOR EACH ROW EXECUTE FUNCTION identity.refuse_erased();
CREATE TRIGGER trigger_refuse_erased AFTER INSERT OR UPDATE OF user_id ON identity.user_principals
    FOR EACH ROW EXECUTE FUNCTION identity.refuse_erased();
CREATE TRIGGER trigger_refuse_erased AFTER INSERT OR UPDATE OF user_id ON identity.verification_codes
    FOR EACH ROW EXECUTE FUNCTION identity.refuse_erased();
CREATE TRIGGER trigger_refuse_erased AFTER INSERT OR UPDATE OF user_id ON identity.api_keys
    FOR EACH ROW EXECUTE FUNCTION identity.refuse_erased();
CREATE TRIGGER trigger_refuse_erased AFTER INSERT OR UPDATE OF user_id ON identity.exchange_credentials
    FOR EACH ROW EXECUTE FUNCTION identity.refuse_erased();
