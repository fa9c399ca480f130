-- The inbox takes anything, so what one command may hold is bounded here: generously, for what is merely wrong is
-- taken and refused later, with a reason. Commands that wait already are left as they are.
ALTER TABLE exchange.order_commands
    ADD COLUMN set_aside_at       timestamptz,
    ADD COLUMN set_aside_sqlstate text COLLATE "C",
    ADD COLUMN set_aside_reason   text COLLATE "C",
    ADD CONSTRAINT order_commands_size_check CHECK (
        octet_length(action) <= 1000 AND octet_length(symbol) <= 1000 AND octet_length(client_order_id) <= 1000
        AND octet_length(side) <= 1000 AND octet_length(order_type) <= 1000 AND octet_length(time_in_force) <= 1000
        AND octet_length(self_trade_prevention) <= 1000
        -- Four digits stand in two bytes.
        AND pg_column_size(price) <= 512 AND pg_column_size(amount) <= 512 AND pg_column_size(stop_price) <= 512
        AND pg_column_size(display_amount) <= 512 AND pg_column_size(quote_amount) <= 512) NOT VALID;
COMMENT ON COLUMN exchange.order_commands.set_aside_at IS
'Since when this command is left where it stands: it could neither be carried out nor refused. NULL: it waits. DELETE it, or set this to NULL to have it tried again';
COMMENT ON COLUMN exchange.order_commands.set_aside_sqlstate IS 'The SQLSTATE of what went wrong; 58000: the process that carried it out has ended';
COMMENT ON COLUMN exchange.order_commands.set_aside_reason IS 'What went wrong';

-- The sequencer notes what it is about to carry out when it may be what ended its last process. One row or none.
CREATE TABLE exchange.command_attempts (
    first_id bigint PRIMARY KEY,
    last_id  bigint NOT NULL,
    tries    bigint NOT NULL,
    CONSTRAINT command_attempts_check CHECK (first_id <= last_id AND tries > 0)
);
COMMENT ON TABLE exchange.command_attempts IS 'Which commands of the inbox the sequencer is carrying out just now, after a start: a row that is found at the next start tells that it has ended in the middle';
COMMENT ON COLUMN exchange.command_attempts.tries IS 'How often: a command that is alone here and has ended its process twice is set aside';
GRANT SELECT ON exchange.command_attempts TO bourse_admin;

-- References, names of fee groups and calendars: bounded as the functions bound them. What stands there stays.
ALTER TABLE exchange.transfers
    ADD CONSTRAINT transfers_reference_size_check CHECK (char_length(reference) <= 128) NOT VALID;
ALTER TABLE exchange.markets
    ADD CONSTRAINT markets_calendar_size_check CHECK (char_length(calendar) <= 128) NOT VALID;
ALTER TABLE exchange.fee_groups
    ADD CONSTRAINT fee_groups_size_check CHECK (char_length(fee_group) <= 128) NOT VALID;
ALTER TABLE exchange.fee_schedules
    ADD CONSTRAINT fee_schedules_size_check CHECK (char_length(fee_group) <= 128 AND char_length(symbol) <= 20) NOT VALID;
