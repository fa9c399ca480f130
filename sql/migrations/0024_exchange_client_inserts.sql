-- An object-relational mapper names every column of a table in its INSERT, with DEFAULT, NULL or the default as a value
-- where its program has said nothing. So every column may be named, and triggers keep to the engine what is the engine's.
-- The privilege on the whole table would be one to LOCK it.
GRANT INSERT (id, filled_amount, status, reserved, maker_rate, taker_rate, priority, accepted_sequence, cancel_reason,
              created_at, updated_at, accepted_status, visible_amount, triggered_at, ended_at, traded_until)
    ON exchange.orders TO bourse_trader;
CREATE TRIGGER trigger_refuse_owned_columns BEFORE INSERT ON exchange.orders
    FOR EACH ROW EXECUTE FUNCTION exchange.refuse_owned_columns();

GRANT INSERT (id, created_at, set_aside_at, set_aside_sqlstate, set_aside_reason) ON exchange.order_commands TO bourse_trader;
-- The conditions are what COPY pays for each row; the functions run for those rows only that need them.
CREATE TRIGGER trigger_refuse_owned_columns BEFORE INSERT ON exchange.order_commands FOR EACH ROW
    WHEN (NOT bourse.require_drawn(NEW.id, 'exchange.order_commands_id_seq') OR NEW.set_aside_at IS NOT NULL
          OR NEW.set_aside_sqlstate IS NOT NULL OR NEW.set_aside_reason IS NOT NULL)
    EXECUTE FUNCTION exchange.refuse_owned_command_columns();
-- A client's place in the inbox is drawn when its row comes: one drawn before, in a transaction that was rolled back, would
-- be a place kept free. A restore brings ids and times along.
CREATE TRIGGER trigger_stamp_command BEFORE INSERT ON exchange.order_commands FOR EACH ROW
    WHEN (NEW.id IS NULL OR NEW.created_at IS NULL OR NOT pg_has_role(current_user, 'bourse_owner', 'MEMBER'))
    EXECUTE FUNCTION exchange.stamp_command();

GRANT INSERT (id, password_hash, email_verified_at, remember_token, role, is_active, developer_name, developer_bio,
              developer_website, db_role, created_at, updated_at, last_login, erased_at)
    ON identity.users TO bourse_gateway;
DROP TRIGGER trigger_refuse_owned_columns ON identity.users;
CREATE TRIGGER trigger_refuse_owned_columns BEFORE INSERT ON identity.users
    FOR EACH ROW EXECUTE FUNCTION identity.refuse_owned_columns();
-- Before the refusals, in order of name: they look at what the row will be.
CREATE TRIGGER trigger_fill_defaults BEFORE INSERT ON identity.users FOR EACH ROW
    WHEN (NEW.id IS NULL OR NEW.role IS NULL OR NEW.is_active IS NULL OR NEW.created_at IS NULL OR NEW.updated_at IS NULL)
    EXECUTE FUNCTION identity.fill_defaults();
