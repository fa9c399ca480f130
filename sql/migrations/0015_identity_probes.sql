-- Row security lets PostgreSQL compare an indexed column before it asks the policy, when the comparison leaks nothing
-- by itself, and EXPLAIN ANALYZE then counts the row that the policy removed: a user could try whether somebody has a
-- certain account, principal, login, key prefix or payment, and count what was done by or about another. Nothing can be
-- compared so with an expression that calls a function which PostgreSQL does not hold to be leakproof, as || and + are
-- not. The values stay what they are: only the indexes are on value || '' and value + 0, and who looks something up
-- has to write it in the same way.
ALTER TABLE identity.users DROP CONSTRAINT users_db_role_key;
CREATE UNIQUE INDEX users_db_role_key ON identity.users (((db_role::text || '')::name));
COMMENT ON INDEX identity.users_db_role_key IS
'One login is one user. An expression, so that row security keeps users from trying it';

ALTER TABLE identity.auth_identities DROP CONSTRAINT ix_auth_identities_provider_external;
CREATE UNIQUE INDEX ix_auth_identities_provider_external
    ON identity.auth_identities ((provider || ''), (external_id || ''));
COMMENT ON INDEX identity.ix_auth_identities_provider_external IS
'One account of a provider is one user: authenticate() relies on it when two sessions come at once. Expressions, so that row security keeps users from trying accounts';

-- Foreign keys refer to (user_id, principal_id), which begins with the user.
ALTER TABLE identity.user_principals DROP CONSTRAINT user_principals_principal_id_key;
CREATE UNIQUE INDEX user_principals_principal_id_key ON identity.user_principals ((principal_id || ''));
COMMENT ON INDEX identity.user_principals_principal_id_key IS
'One principal is one user. An expression, so that row security keeps users from trying principals';

ALTER TABLE identity.exchange_credentials DROP CONSTRAINT unique_principal_exchange_testnet;
CREATE UNIQUE INDEX unique_principal_exchange_testnet
    ON identity.exchange_credentials ((principal_id || ''), exchange, is_testnet);
COMMENT ON INDEX identity.unique_principal_exchange_testnet IS
'One row for a principal, exchange and network; those without a principal do not count. An expression, so that row security keeps users from trying principals';

ALTER TABLE identity.api_keys DROP CONSTRAINT api_keys_prefix_key;
CREATE UNIQUE INDEX api_keys_prefix_key ON identity.api_keys ((prefix || ''));
COMMENT ON INDEX identity.api_keys_prefix_key IS
'A prefix names one key; verify_api_key() finds it so. An expression, so that row security keeps users from trying prefixes';

DROP INDEX exchange.transfers_reference_key;
CREATE UNIQUE INDEX transfers_reference_key ON exchange.transfers ((reference || '')) WHERE kind <> 'transfer';
COMMENT ON INDEX exchange.transfers_reference_key IS
'The reference of a deposit, withdrawal or adjustment moves money once. An expression, so that row security keeps users from trying references';

-- It told how many transfers somebody else had made or got, and served nothing but a foreign key. A transfer is two rows,
-- and its counterparty is the user of the other one: that row's foreign key keeps the user.
ALTER TABLE exchange.transfers DROP CONSTRAINT fk_transfers_counterparty_id;
DROP INDEX exchange.idx_transfers_counterparty_id;
COMMENT ON COLUMN exchange.transfers.counterparty_id IS
'Of a transfer between users: the other one, the user of its other row, which has the foreign key';

DROP INDEX audit.idx_audit_logs_subject_id;
CREATE INDEX idx_audit_logs_subject_id ON audit.audit_logs ((subject_id + 0)) WHERE subject_id IS NOT NULL;
COMMENT ON INDEX audit.idx_audit_logs_subject_id IS
'What was done to a user. An expression, so that row security keeps users from counting it';
DROP INDEX audit.idx_audit_logs_record_id;
CREATE INDEX idx_audit_logs_record_id ON audit.audit_logs (table_name, (record_id || ''), id);
COMMENT ON INDEX audit.idx_audit_logs_record_id IS
'The history of one record: WHERE table_name = … AND record_id || '''' = …. An expression, so that row security keeps users from counting it';
DROP INDEX audit.idx_activity_logs_subject_id;
CREATE INDEX idx_activity_logs_subject_id ON audit.activity_logs ((subject_id + 0)) WHERE subject_id IS NOT NULL;
COMMENT ON INDEX audit.idx_activity_logs_subject_id IS
'What a user did, deleted or not. An expression, so that row security keeps users from counting it';

-- An equality is put behind the conditions of the query that cost the same and leak nothing by themselves, and EXPLAIN
-- ANALYZE says whether it was ever asked for the user: whether a hidden row fulfils them. So a user could find out the
-- email of another letter by letter. What is no plain equality stays in front; the equality is what an index is found by.
ALTER POLICY users_own ON identity.users USING (id = (SELECT identity.current_user_id())
    AND (id = (SELECT identity.current_user_id())) IS TRUE);
ALTER POLICY assets_own ON exchange.assets USING (user_id = (SELECT identity.current_user_id())
    AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
ALTER POLICY transfers_own ON exchange.transfers USING (user_id = (SELECT identity.current_user_id())
    AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
ALTER POLICY orders_own ON exchange.orders USING (user_id = (SELECT identity.current_user_id())
    AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
ALTER POLICY command_rejections_own ON exchange.command_rejections USING (user_id = (SELECT identity.current_user_id())
    AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
ALTER POLICY fee_groups_own ON exchange.fee_groups USING (user_id = (SELECT identity.current_user_id())
    AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
ALTER POLICY auth_identities_own ON identity.auth_identities USING (user_id = (SELECT identity.current_user_id())
    AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
ALTER POLICY user_principals_own ON identity.user_principals USING (user_id = (SELECT identity.current_user_id())
    AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
ALTER POLICY verification_codes_own ON identity.verification_codes USING (user_id = (SELECT identity.current_user_id())
    AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
ALTER POLICY api_keys_own ON identity.api_keys USING (user_id = (SELECT identity.current_user_id())
    AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
ALTER POLICY exchange_credentials_own ON identity.exchange_credentials USING (user_id = (SELECT identity.current_user_id())
    AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
ALTER POLICY audit_logs_own ON audit.audit_logs USING (user_id = (SELECT identity.current_user_id())
    AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
ALTER POLICY activity_logs_own ON audit.activity_logs USING (user_id = (SELECT identity.current_user_id())
    AND (user_id = (SELECT identity.current_user_id())) IS TRUE);
