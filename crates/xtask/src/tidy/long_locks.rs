//! Migrations that would keep everybody from a table for as long as it takes to read or write all of it.

use crate::releases::lock;
use crate::releases::statements::{split, squeezed};

/// In a comment above a statement: why it is short all the same.
const REASON: &str = "-- short:";

/// What a statement on a table that is there does to all of its rows.
struct Slow {
    /// A word that the statement has, in capitals.
    has: &'static [&'static str],
    /// And that it has not.
    has_not: &'static [&'static str],
    /// What to do instead.
    instead: &'static str,
}

const SLOW: [Slow; 9] = [
    Slow { has: &["ALTER TABLE", " TYPE "], has_not: &[], instead: "add a column, and fill it in batches" },
    Slow {
        has: &["ALTER TABLE", "ADD ", " STORED"],
        has_not: &[],
        instead: "add a plain column, and fill it in batches",
    },
    Slow {
        has: &["ALTER TABLE", "ADD ", "DEFAULT ", "("],
        has_not: &["CHECK", "FOREIGN KEY", "CONSTRAINT"],
        instead: "a default that calls a function is written into every row: add the column, set the default, fill it",
    },
    Slow {
        has: &["ALTER TABLE", "ADD ", "CHECK"],
        has_not: &["NOT VALID"],
        instead: "add it NOT VALID, and validate it when the data migration ends",
    },
    Slow {
        has: &["ALTER TABLE", "ADD ", "REFERENCES"],
        has_not: &["NOT VALID"],
        instead: "add it NOT VALID, and validate it when the data migration ends",
    },
    Slow {
        has: &["ALTER TABLE", "SET NOT NULL"],
        has_not: &[],
        instead: "a CHECK (… IS NOT NULL) NOT VALID, validated when the data migration ends",
    },
    Slow { has: &["ALTER TABLE", "VALIDATE CONSTRAINT"], has_not: &[], instead: "let the data migration validate it" },
    Slow {
        has: &["ALTER TABLE", "ADD ", "UNIQUE"],
        has_not: &["USING INDEX"],
        instead: "an index that an operator makes CONCURRENTLY before, and USING INDEX",
    },
    Slow {
        has: &["CREATE", "INDEX", " ON "],
        has_not: &["CREATE TABLE", "CREATE TRIGGER", "CREATE POLICY", "CREATE VIEW"],
        instead: "have an operator make it CONCURRENTLY before, and say CREATE INDEX IF NOT EXISTS with a reason",
    },
];
/// Changes of rows, which keep their locks to the end of all migrations.
const CHANGES: [&str; 2] = ["UPDATE ", "DELETE FROM "];

/// Statements of a migration that is not released which take long on a table that the file does not make.
pub fn long_locks(path: &str, text: &str, is_released: impl Fn(&str) -> bool) -> Vec<String> {
    let Some(name) = lock::migration(path) else { return Vec::new() };
    if is_released(&name) {
        return Vec::new();
    }
    let statements = split(text).unwrap_or_default();
    let made: Vec<String> = statements.iter().filter_map(|text| made_table(text)).collect();
    let mut violations = Vec::new();
    for statement in statements {
        let at = statement.as_ptr() as usize - text.as_ptr() as usize;
        let above = text[..at].rsplit(';').next().unwrap_or_default();
        let Some(instead) = why_slow(statement) else { continue };
        let is_new = made.iter().any(|table| names(statement, table));
        if !is_new && !above.contains(REASON) {
            let line = text[..at].lines().count().max(1);
            let what = squeezed(statement).chars().take(60).collect::<String>();
            violations.push(format!(
                "{path}:{line}: {what}… keeps others from the table for long: {instead}; or say \
                                     above it `{REASON} why`"
            ));
        }
    }
    violations
}

fn made_table(statement: &str) -> Option<String> {
    let rest = squeezed(statement);
    let rest = rest.strip_prefix("CREATE TABLE ")?;
    let rest = rest.strip_prefix("IF NOT EXISTS ").unwrap_or(rest);
    Some(rest.split([' ', '(']).next()?.to_owned())
}

/// Whether a statement names a table.
fn names(statement: &str, table: &str) -> bool {
    let ends =
        |at: usize| statement[at + table.len()..].chars().next().is_none_or(|c| !c.is_alphanumeric() && c != '_');
    statement.match_indices(table).any(|(at, _)| ends(at))
}

fn why_slow(statement: &str) -> Option<&'static str> {
    let upper = squeezed(statement).to_uppercase();
    if CHANGES.iter().any(|change| upper.starts_with(change)) {
        return Some("a data migration does it in batches");
    }
    let fits = |slow: &&Slow| {
        let (has, has_not) = (slow.has, slow.has_not);
        upper.starts_with(has[0])
            && has.iter().all(|word| upper.contains(word))
            && !has_not.iter().any(|w| upper.contains(w))
    };
    SLOW.iter().find(fits).map(|slow| slow.instead)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(sql: &str) -> usize {
        long_locks("sql/a/migrations/0002_b.sql", sql, |_| false).len()
    }

    #[test]
    fn what_reads_or_writes_all_of_a_table_is_named() {
        for sql in [
            "ALTER TABLE a.t ALTER COLUMN n TYPE numeric;",
            "ALTER TABLE a.t ADD COLUMN n int GENERATED ALWAYS AS (a + b) STORED;",
            "ALTER TABLE a.t ADD COLUMN n uuid DEFAULT gen_random_uuid();",
            "ALTER TABLE a.t ADD CONSTRAINT c CHECK (n > 0);",
            "ALTER TABLE a.t ADD CONSTRAINT c FOREIGN KEY (n) REFERENCES a.u;",
            "ALTER TABLE a.t\n    ALTER COLUMN n SET NOT NULL;",
            "ALTER TABLE a.t ADD UNIQUE (n);",
            "CREATE UNIQUE INDEX i ON a.t (n);",
            "UPDATE a.t SET n = 1;",
        ] {
            assert_eq!(found(sql), 1, "{sql}");
            assert_eq!(found(&format!("CREATE TABLE a.t (n int);\n{sql}")), 0, "{sql}");
            assert_eq!(found(&format!("-- short: ten rows\n{sql}")), 0, "{sql}");
            assert!(long_locks("sql/a/migrations/0002_b.sql", sql, |name| name == "a/0002_b").is_empty());
        }
    }

    #[test]
    fn what_is_short_is_not() {
        for sql in [
            "ALTER TABLE a.t ADD COLUMN n int;",
            "ALTER TABLE a.t ADD COLUMN n int DEFAULT 0;",
            "ALTER TABLE a.t ADD CONSTRAINT c CHECK (n > 0) NOT VALID;",
            "CREATE VIEW a.v AS SELECT 1;",
            "INSERT INTO bourse.data_migrations (version) VALUES ('UPDATE a.t SET n = 1');",
        ] {
            assert_eq!(found(sql), 0, "{sql}");
        }
    }
}
