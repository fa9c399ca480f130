//! The order of the modules: each names itself and what is below it, in Rust and in SQL alike.
//!
//! What is looked at:
//! - Rust below `src/<module>/`: every path that begins with `crate::`, `super::`, `self::` or the name of one of our
//!   crates, tests included. `src/error.rs` is below all modules, `src/lib.rs` above them.
//! - SQL below `sql/<schema>/`: every `schema.name` in code, which the bodies of functions are too; `<schema>_private`
//!   is a part of its schema. `sql/bootstrap.sql` and `sql/finalize.sql` are about all schemas, and
//!   `sql/<schema>/tables.sql` shows what others have attached, too.
//! - Strings of both: one that is nothing but a qualified name (`'schema.name'::regclass`), and one that begins with a
//!   verb of SQL and is no sentence, which ends with a full stop. In Rust also `c"schema", c"name"` side by side.
//!
//! Comments, the texts of COMMENT ON, messages and HINTs may name everything: they tell a person what to call. Names
//! that are put together at run time are not seen; nor is `bourse.…` alone in a string of Rust, which is a setting.

use super::paths::{Named, module_of, named};
use super::scan::{line_of, strings};
use super::sql_text::{schemas_in_string, schemas_named};

/// From the lowest to the highest. A schema of SQL and the module of Rust that belongs to it have one name.
const ORDER: [&str; 13] = [
    "pg",
    "bourse",
    "identity",
    "audit",
    "calendar",
    "analytics",
    "messaging",
    "jobs",
    "exchange",
    "trading",
    "marketplace",
    "mirror",
    "webui",
];

/// A crate of ours.
struct Crate {
    name: &'static str,
    /// The crates that it may name.
    names: &'static [&'static str],
    /// The modules of `src/` that may name it.
    named_by: &'static [&'static str],
}

const CRATES: [Crate; 12] = [
    Crate { name: "money", names: &[], named_by: &ORDER },
    Crate { name: "ids", names: &[], named_by: &ORDER },
    Crate { name: "matching", names: &["money", "ids"], named_by: &["exchange"] },
    Crate { name: "calendar", names: &[], named_by: &["calendar"] },
    Crate { name: "analytics", names: &["money"], named_by: &["analytics", "trading"] },
    Crate { name: "vault", names: &[], named_by: &["identity"] },
    Crate { name: "cron", names: &[], named_by: &["jobs"] },
    Crate { name: "schema", names: &[], named_by: &["marketplace"] },
    // Tools and tests.
    Crate {
        name: "fuzz",
        names: &["analytics", "calendar", "cron", "ids", "matching", "money", "schema", "vault"],
        named_by: &[],
    },
    Crate { name: "processes", names: &[], named_by: &[] },
    Crate { name: "screen", names: &[], named_by: &[] },
    Crate { name: "xtask", names: &["processes"], named_by: &[] },
];

/// What a file names, and where.
struct Mention {
    line: usize,
    target: String,
}

/// Every name that goes up.
pub fn upward(files: &[(String, String)]) -> Vec<String> {
    let of_file = |(path, text): &(String, String)| {
        let told = |Mention { line, target }| format!("{path}:{line}: names {target}, which is not below it");
        mentions(path, text).into_iter().map(told).collect::<Vec<_>>()
    };
    files.iter().flat_map(of_file).collect()
}

fn mentions(path: &str, text: &str) -> Vec<Mention> {
    if let Some((schema, _)) = path.strip_prefix("sql/").and_then(|inside| inside.split_once('/')) {
        return of_sql(path, schema, text);
    }
    match module_of(path) {
        Some((root, module)) if root == "src" => of_module(path, module.first().map(String::as_str), text),
        Some((root, _)) => of_crate(path, root.trim_start_matches("crates/").trim_end_matches("/src"), text),
        None => Vec::new(),
    }
}

/// The layers that a module may not name.
fn above(module: &str) -> &'static [&'static str] {
    match ORDER.iter().position(|layer| *layer == module) {
        Some(level) => &ORDER[level + 1..],
        None => &ORDER,
    }
}

fn of_sql(path: &str, schema: &str, text: &str) -> Vec<Mention> {
    if !path.ends_with(".sql") || path.ends_with("/tables.sql") {
        return Vec::new();
    }
    let named = schemas_named(text, above(schema));
    named.into_iter().map(|(at, target)| Mention { line: line_of(text, at), target: target.to_owned() }).collect()
}

fn of_module(path: &str, module: Option<&str>, text: &str) -> Vec<Mention> {
    // The root is above all.
    let Some(module) = module else { return Vec::new() };
    let higher = above(module);
    let own = module_of(path).map(|(_, own)| own).unwrap_or_default();
    let paths = named(text, &own);
    let mut found = Vec::new();
    for named in &paths {
        let target = match named.path.first().map(String::as_str) {
            Some(first) if named.from_root => {
                let is_lower = ORDER.contains(&first) && !higher.contains(&first);
                (first != module && first != "error" && !is_lower).then_some(first)
            }
            Some(first) => crate_of(named, &paths).filter(|of| !of.named_by.contains(&module)).map(|_| first),
            None => Some("the root"),
        };
        found.extend(target.map(|target| Mention { line: named.line, target: target.to_owned() }));
    }
    found.extend(in_strings(text, higher));
    found
}

fn of_crate(path: &str, name: &str, text: &str) -> Vec<Mention> {
    let Some(own) = CRATES.iter().find(|of| of.name == name) else {
        return vec![Mention { line: 1, target: format!("crates/{name}, which has no place in tidy/layers.rs") }];
    };
    let module = module_of(path).map(|(_, module)| module).unwrap_or_default();
    let paths = named(text, &module);
    let foreign = paths.iter().filter_map(|named| Some((named, crate_of(named, &paths)?)));
    foreign
        .filter(|(_, of)| of.name != name && !own.names.contains(&of.name))
        .map(|(named, of)| Mention { line: named.line, target: of.name.to_owned() })
        .collect()
}

/// The crate of ours in which a path begins; a name that has been imported from elsewhere is none.
fn crate_of(named: &Named, paths: &[Named]) -> Option<&'static Crate> {
    let first = named.path.first().filter(|_| !named.from_root && named.path.len() > 1)?;
    let imported = paths.iter().any(|other| other.from_root && other.path.last() == Some(first));
    CRATES.iter().find(|of| of.name == first && !imported)
}

/// The schemas that strings of Rust name.
fn in_strings(text: &str, higher: &[&str]) -> Vec<Mention> {
    let strings = strings(text);
    let mut found = Vec::new();
    for (index, (at, string)) in strings.iter().enumerate() {
        let is_setting = string.starts_with("bourse.") && !string.contains(' ');
        let named = if is_setting { Vec::new() } else { schemas_in_string(string, higher) };
        let pair = strings.get(index + 1).is_some_and(|(next, _)| {
            let between = &text[at + string.len()..*next];
            between.chars().filter(|c| !c.is_whitespace()).eq("\",c\"".chars())
        });
        let paired = higher.iter().copied().filter(|schema| pair && schema == string);
        let line = line_of(text, *at);
        found.extend(named.into_iter().chain(paired).map(|target| Mention { line, target: target.to_owned() }));
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(path: &str, text: &str) -> bool {
        !upward(&[(path.to_owned(), text.to_owned())]).is_empty()
    }

    #[test]
    fn rust_names_what_is_below() {
        assert!(refused("src/audit/a.rs", "use crate::exchange::place;"));
        assert!(refused("src/pg/a/b.rs", "use super::super::super::identity::Users;"));
        assert!(refused("src/identity/mod.rs", "fn f() { crate::jobs::run() }"));
        assert!(refused("src/error.rs", "use crate::pg::session;"));
        assert!(refused("src/audit/a.rs", "use crate::guc;"), "in no layer");
        assert!(!refused("src/exchange/a.rs", "use crate::{audit::b, error::Answer, identity, pg::{self, lock}};"));
        assert!(!refused("src/exchange/a/b.rs", "use super::super::c::D; // crate::webui"));
        assert!(!refused("src/lib.rs", "use crate::webui;"));
    }

    #[test]
    fn crates_have_their_users() {
        assert!(refused("src/pg/a.rs", "use matching::Order;"));
        assert!(refused("src/identity/a.rs", "fn f() -> matching::UserId {}"));
        assert!(refused("crates/money/src/lib.rs", "use matching::Order;"));
        assert!(refused("crates/new/src/lib.rs", ""), "has no place yet");
        assert!(!refused("src/pg/a.rs", "use money::Money;"));
        assert!(!refused("src/exchange/a.rs", "use matching::Order;"));
        assert!(!refused("crates/matching/src/a.rs", "use money::Money;"));
        assert!(!refused("crates/vault/src/a.rs", "use crate::money;\nfn f() { money::MAX }"), "a module of its own");
    }

    #[test]
    fn sql_calls_what_is_below() {
        assert!(refused("sql/identity/a.sql", "PERFORM audit_private.write_log();"));
        assert!(refused("sql/audit/migrations/0001_a.sql", "REFERENCES exchange.orders"));
        assert!(refused("sql/audit/a.sql", "WHERE t.tgrelid = 'exchange.markets'::regclass"));
        assert!(!refused("sql/audit/a.sql", "PERFORM identity.require_user(audit_private.f(bourse.g()));"));
        assert!(!refused("sql/exchange/a.sql", "FROM audit.audit_logs"));
        assert!(!refused("sql/finalize.sql", "GRANT SELECT ON webui.pages"));
    }

    #[test]
    fn rust_runs_sql_and_names_tables_from_below() {
        assert!(refused("src/pg/a.rs", "Spi::run(\"SELECT audit.f()\")"));
        assert!(refused("src/identity/a.rs", "owner::require(t, \"exchange.orders\")"));
        assert!(refused("src/pg/a.rs", "relation(c\"bourse\", c\"at_work\")"));
        assert!(!refused("src/pg/a.rs", "const NAME: &CStr = c\"bourse.user_id\";"), "a setting");
        assert!(!refused("src/pg/a.rs", "\"Run SELECT bourse.migrate(); this library may be newer.\""));
        assert!(!refused("src/identity/a.rs", "f(c\"exchange\"); [\"exchange\", \"network\"]"), "a column");
        assert!(!refused("src/exchange/a.rs", "Spi::run(\"SELECT audit.f()\")"));
    }
}
