-- The sequencer notes what it is about to carry out when it may be what ended its last process. One row or none.
CREATE TABLE exchange.command_attempts (
    first_id bigint PRIMARY KEY,
    last_id  bigint NOT NULL,
    tries    bigint NOT NULL,
    CONSTRAINT command_attempts_check CHECK (first_id <= last_id AND tries > 0)
);
COMMENT ON TABLE exchange.command_attempts IS
'Which commands of the inbox the sequencer is carrying out just now, after a start: a row that is found at the next '
'start tells that it has ended in the middle';
COMMENT ON COLUMN exchange.command_attempts.tries IS
'How often: a command that is alone here and has ended its process twice is set aside';

GRANT SELECT ON exchange.command_attempts TO bourse_admin;
