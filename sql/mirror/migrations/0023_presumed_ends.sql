-- An order that its executions fill is EXECUTED, unless it has been made larger and the report of that is on its way:
-- until a report says that it has ended, another one may have it live again, as one that has only vanished.
-- short: orders of the last 30 days, older ones are archived
ALTER TABLE mirror.orders
    DROP CONSTRAINT orders_vanished_check,
    ADD CONSTRAINT orders_vanished_check CHECK (vanished_at IS NULL OR status::text IN ('EXPIRED', 'EXECUTED'));
COMMENT ON COLUMN mirror.orders.vanished_at IS
'It has ended by what we know, and the broker has not said so: EXPIRED because it was in no complete report of this '
'time any more, EXECUTED because its executions fill it, which was found then. If a later report has it live, or for '
'more, that counts. NULL otherwise';
