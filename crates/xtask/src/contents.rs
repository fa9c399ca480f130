//! What stands in databases: the rows of every table, and where every sequence is.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use crate::failure::{Failure, Result};
use crate::psql::Database;

/// Every table of the database that no extension and no server has brought, with the number of its rows and a sum of
/// them that does not depend on their order; every sequence with its last value.
const READ: &str = "
CREATE FUNCTION pg_temp.contents() RETURNS TABLE (name text, rows bigint, sum numeric) LANGUAGE plpgsql AS $$
DECLARE
    of oid;
BEGIN
    FOR of IN SELECT c.oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
              WHERE c.relkind = 'r' AND c.relpersistence <> 't'
                AND n.nspname NOT IN ('pg_catalog', 'information_schema') AND n.nspname !~ '^pg_toast' LOOP
        name := concat_ws(': ', pg_partition_root(of)::text, of::regclass::text);
        EXECUTE format('SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)), 0) FROM ONLY %s t',
                       of::regclass) INTO rows, sum;
        RETURN NEXT;
    END LOOP;
END
$$;
SELECT * FROM pg_temp.contents()
UNION ALL SELECT format('sequence %I.%I', schemaname, sequencename), coalesce(last_value, 0), 0 FROM pg_sequences;
";

/// Before the name of a sequence.
const SEQUENCE: &str = "sequence ";

/// Rows and their sum by database and table, sequences by name.
pub struct Contents(BTreeMap<(String, String), (i64, String)>);

impl Contents {
    /// Reads all of these databases.
    pub fn read(databases: &[Database]) -> Result<Self> {
        let mut found = BTreeMap::new();
        for database in databases {
            for row in database.rows(READ)? {
                let [name, rows, sum] = &row[..] else {
                    return Err(Failure::new(format!("{}: {row:?}", database.name), ""));
                };
                let rows = rows.parse().map_err(|_| Failure::new(format!("{rows} rows in {name}"), ""))?;
                found.insert((database.name.clone(), name.clone()), (rows, sum.clone()));
            }
        }
        Ok(Self(found))
    }

    /// Reads one.
    pub fn of(database: &Database) -> Result<Self> {
        Self::read(std::slice::from_ref(database))
    }

    /// Fails, and names what differs.
    pub fn require_equal(&self, other: &Self) -> Result<()> {
        self.require(other, |before, after| before == after)
    }

    /// The same after a recovery from the log, which may leave a sequence ahead of where it was, by 32 numbers.
    pub fn require_recovered(&self, other: &Self) -> Result<()> {
        self.require(other, |before, after| before <= after)
    }

    fn require(&self, other: &Self, is_kept: impl Fn(i64, i64) -> bool) -> Result<()> {
        let names: BTreeSet<_> = self.0.keys().chain(other.0.keys()).collect();
        let differ = names.into_iter().filter(|name| match (self.0.get(name), other.0.get(name)) {
            (Some((before, _)), Some((after, _))) if name.1.starts_with(SEQUENCE) => !is_kept(*before, *after),
            (before, after) => before != after,
        });
        let lines: Vec<String> = differ
            .map(|name| format!("{} in {}: {:?}, then {:?}", name.1, name.0, self.0.get(name), other.0.get(name)))
            .collect();
        if lines.is_empty() {
            return Ok(());
        }
        Err(Failure::new(format!("what came back is not what it was:\n  {}", lines.join("\n  ")), ""))
    }

    /// The tables that have no row in any database, nor in any of their partitions, which go by `table: partition`.
    pub fn empty(&self) -> Vec<&str> {
        let mut rows: BTreeMap<&str, i64> = BTreeMap::new();
        for ((_, name), (count, _)) in self.tables() {
            *rows.entry(name.split(": ").next().unwrap_or(name)).or_default() += count;
        }
        rows.into_iter().filter(|(_, count)| *count == 0).map(|(name, _)| name).collect()
    }

    fn tables(&self) -> impl Iterator<Item = (&(String, String), &(i64, String))> {
        self.0.iter().filter(|((_, name), _)| !name.starts_with(SEQUENCE))
    }
}

impl fmt::Display for Contents {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let databases: BTreeSet<_> = self.0.keys().map(|(database, _)| database).collect();
        let tables: BTreeSet<_> = self.tables().map(|((_, name), _)| name).collect();
        let rows: i64 = self.tables().map(|(_, (rows, _))| rows).sum();
        write!(out, "{rows} rows in {} tables of {} databases", tables.len(), databases.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn contents(rows: &[(&str, i64, &str)]) -> Contents {
        let entry = |(name, rows, sum): &(&str, i64, &str)| {
            (("venue".to_owned(), (*name).to_owned()), (*rows, (*sum).to_owned()))
        };
        Contents(rows.iter().map(entry).collect())
    }

    #[test]
    fn a_row_that_is_lost_changed_or_new_is_named() {
        let parts = contents(&[("a.t: a.t1", 0, "0"), ("a.t: a.t2", 1, "7"), ("a.u", 0, "0"), ("a.v: a.v1", 0, "0")]);
        assert_eq!(parts.empty(), ["a.u", "a.v"]);
        let before = contents(&[("a.t", 2, "7"), ("a.u", 0, "0"), ("sequence a.s", 5, "0")]);
        assert!(before.require_equal(&before).is_ok());
        assert_eq!(before.to_string(), "2 rows in 2 tables of 1 databases");
        for after in [
            contents(&[("a.t", 1, "7"), ("a.u", 0, "0"), ("sequence a.s", 5, "0")]),
            contents(&[("a.t", 2, "8"), ("a.u", 0, "0"), ("sequence a.s", 5, "0")]),
            contents(&[("a.t", 2, "7"), ("a.u", 0, "0"), ("sequence a.s", 4, "0")]),
            contents(&[("a.t", 2, "7"), ("sequence a.s", 5, "0")]),
        ] {
            let failure = before.require_equal(&after).expect_err("a difference").to_string();
            assert!(failure.contains(" in venue: "), "{failure}");
        }
        let ahead = contents(&[("a.t", 2, "7"), ("a.u", 0, "0"), ("sequence a.s", 37, "0")]);
        assert!(before.require_recovered(&ahead).is_ok() && before.require_equal(&ahead).is_err());
        assert!(ahead.require_recovered(&before).is_err());
    }
}
