-- The functions look at names themselves; whoever writes the table as it is does not call them. Names that are there
-- stay as they are: a row with one is not refused because another column of it changes.
CREATE TRIGGER trigger_require_names
    BEFORE INSERT OR UPDATE OF name, email, username, developer_name, developer_website ON identity.users
    FOR EACH ROW EXECUTE FUNCTION identity_private.require_names();
