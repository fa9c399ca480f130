//! Names compare the same whatever the locale of the database, and secrets are known by their names in each.

use client_tests::{Database, Result, Server};

/// A database with this locale, installed.
fn database(name: &str, locale: &str) -> Result<Database> {
    let server = Server::of_suite()?;
    let database = Database { server: server.clone(), name: name.to_owned() };
    let mut session = server.connect("postgres", "postgres")?;
    session.run(&format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)"))?;
    session.run(&format!("CREATE DATABASE {name} TEMPLATE template0 ENCODING 'UTF8' {locale}"))?;
    let mut root = database.connect()?;
    root.run("CREATE EXTENSION pg_bourse")?;
    root.run("SELECT bourse.install()")?;
    Ok(database)
}

#[test]
fn one_address_is_one_account_in_every_locale() -> Result<()> {
    let with_icu = "SELECT count(*) FROM pg_collation WHERE collprovider = 'i'";
    let has_icu = Server::of_suite()?.connect("postgres", "postgres")?.number(with_icu)? > 0;
    for (name, locale) in [
        ("locale_tr", "LOCALE_PROVIDER icu ICU_LOCALE 'tr-TR' LOCALE 'C'"),
        ("locale_und", "LOCALE_PROVIDER icu ICU_LOCALE 'und' LOCALE 'C'"),
        ("locale_de", "LOCALE_PROVIDER icu ICU_LOCALE 'de-DE-u-ks-level1' LOCALE 'C'"),
        ("locale_c_utf8", "LOCALE 'C.UTF-8'"),
        ("locale_c", "LOCALE 'C'"),
    ] {
        if locale.contains("icu") && !has_icu {
            println!("no ICU in this server");
            continue;
        }
        let database = database(name, locale)?;
        let mut root = database.connect()?;
        root.run("SET bourse.argon2_memory = 64; SET bourse.argon2_iterations = 1")?;
        let user =
            root.number("SELECT identity.register('Info', 'INFO@example.org', 'INFO_I', 'correct horse battery')")?;
        for login in ["INFO@example.org", "info@example.org", "info_i", "Info_I"] {
            let found = format!("SELECT identity.verify_password('{login}', 'correct horse battery')");
            assert_eq!(root.number(&found)?, user, "{login} in {name}");
        }
        for taken in ["'info@example.org'", "NULL, 'info_i'"] {
            let refused = root.refused(&format!("SELECT identity.register('Impostor', {taken})"))?;
            assert_eq!(refused, "23505", "{taken} in {name}");
        }
        // An address that only changes its case stays verified.
        root.run(&format!("UPDATE identity.users SET email_verified_at = now() WHERE id = {user}"))?;
        root.run(&format!("UPDATE identity.users SET email = 'info@EXAMPLE.org' WHERE id = {user}"))?;
        assert_eq!(root.line("SELECT email_verified_at IS NOT NULL FROM identity.users")?, "t", "{name}");
        assert_eq!(root.line("SELECT identity_private.require_exchange('binance')")?, "BINANCE", "{name}");
        assert_eq!(
            root.line(
                "SELECT bourse_private.redact('{\"PIN\": 1, \"API_KEY\": 2, \"SIGNING_KEY\": 3, \"Spinner\": 4}')"
            )?,
            "{\"PIN\": \"[redacted]\", \"API_KEY\": \"[redacted]\", \"Spinner\": 4, \"SIGNING_KEY\": \"[redacted]\"}",
            "{name}"
        );
        root.line("SELECT audit.head()")?;
        assert!(root.lines("SELECT * FROM audit.verify()")?.is_empty(), "{name}");
        drop(root);
        Server::of_suite()?.connect("postgres", "postgres")?.run(&format!("DROP DATABASE {name} WITH (FORCE)"))?;
    }
    Ok(())
}
