//! The functions of the schema `identity` in the script of the extension, by name.
//!
//! Bodies are not looked into before all is there, so a file requires another only for what it needs to be made: the
//! support function of a function, a type. `bootstrap` comes before all of them.

use pgrx::extension_sql_file;

extension_sql_file!(
    "../../sql/identity/api_keys.sql",
    name = "identity_api_keys",
    requires = ["bourse_refuse_repeats"]
);
extension_sql_file!("../../sql/identity/codes.sql", name = "identity_codes");
extension_sql_file!(
    "../../sql/identity/credentials.sql",
    name = "identity_credentials",
    requires = ["bourse_refuse_repeats"]
);
extension_sql_file!("../../sql/identity/declare.sql", name = "identity_declare", requires = ["bourse_modules"]);
extension_sql_file!("../../sql/identity/erase_user.sql", name = "identity_erase_user");
extension_sql_file!("../../sql/identity/export_user.sql", name = "identity_export_user");
extension_sql_file!("../../sql/identity/help.sql", name = "identity_help");
extension_sql_file!("../../sql/identity/identities.sql", name = "identity_identities");
extension_sql_file!("../../sql/identity/logins.sql", name = "identity_logins");
extension_sql_file!("../../sql/identity/passwords.sql", name = "identity_passwords");
extension_sql_file!("../../sql/identity/principals.sql", name = "identity_principals");
extension_sql_file!("../../sql/identity/require_user.sql", name = "identity_require_user");
extension_sql_file!("../../sql/identity/secrets.sql", name = "identity_secrets");
extension_sql_file!("../../sql/identity/session.sql", name = "identity_session");
extension_sql_file!("../../sql/identity/user_rows.sql", name = "identity_user_rows");
extension_sql_file!("../../sql/identity/users.sql", name = "identity_users");
extension_sql_file!("../../sql/identity/vault.sql", name = "identity_vault", requires = ["bourse_refuse_repeats"]);
