//! `releases/<version>/migrations.lock`: the migrations that belong to a release, and what each of them was.

use std::fmt::Write;

use sha2::{Digest, Sha256};

/// The SHA-256 of what a migration runs, in hexadecimal digits: as `bourse.schema_migrations` has it.
pub fn checksum(sql: &str) -> String {
    Sha256::digest(sql.as_bytes()).iter().fold(String::with_capacity(64), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// The lines of a lock: checksum and name of every migration, given by path and text.
pub fn lines<'a>(files: impl Iterator<Item = (&'a str, &'a str)>) -> String {
    let mut lines: Vec<(String, String)> =
        files.filter_map(|(path, text)| Some((migration(path)?, checksum(text)))).collect();
    lines.sort();
    lines.iter().map(|(name, sum)| format!("{sum}  {name}\n")).collect()
}

/// The migrations of a lock: name and checksum.
#[cfg(test)]
pub fn read(lock: &str) -> Vec<(&str, &str)> {
    lock.lines().filter_map(|line| line.split_once("  ")).map(|(sum, name)| (name, sum)).collect()
}

/// `exchange/0001_markets`, of `sql/exchange/migrations/0001_markets.sql`.
pub fn migration(path: &str) -> Option<String> {
    let (schema, file) = path.strip_prefix("sql/")?.split_once("/migrations/")?;
    Some(format!("{schema}/{}", file.strip_suffix(".sql")?))
}
