-- A reference was unique over everybody's transfers: with one of their own a user could find out whether another had
-- used it, or use up the one that an operator would need. Those of a user's own transfers are now the user's own;
-- those of deposits, withdrawals and adjustments stay unique over all users, so that no payment is booked twice.
ALTER TABLE exchange.transfers DROP CONSTRAINT transfers_reference_key;
CREATE UNIQUE INDEX transfers_reference_key ON exchange.transfers (reference) WHERE kind <> 'transfer';
CREATE UNIQUE INDEX transfers_user_reference_key ON exchange.transfers (user_id, reference) WHERE kind = 'transfer';
COMMENT ON COLUMN exchange.transfers.reference IS
'The caller''s own id: the same reference moves money once, for ever. Of a transfer between users it is the sender''s, of all others the operator''s';
