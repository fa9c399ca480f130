-- In every venue but the first, before the subscription: users come by replication, which fires no such trigger, and
-- are written here by nobody else.
CREATE TRIGGER trigger_first_venue_only BEFORE INSERT OR UPDATE OR DELETE OR TRUNCATE ON identity.users
    FOR EACH STATEMENT EXECUTE FUNCTION bourse_private.refuse_change(
        'Users are made, changed and erased in the first venue, by identity.register() and its kin there; replication '
        'brings them here.');
