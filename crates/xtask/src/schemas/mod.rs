//! `cargo xtask schema`: `sql/<schema>/tables.sql`, where a reader finds every table as the migrations leave it. The
//! files are written from the catalog of a new database, and compared with it by `cargo check-all readme`.

mod wrap;

use std::collections::BTreeMap;
use std::fs;

use crate::cluster::Cluster;
use crate::failure::{Failure, OrFail, Result};
use crate::project::Project;
use crate::psql::Database;
use crate::written::{File, Task};

/// Prints the schema and a line of what the files hold, row by row.
const LINES: &str = include_str!("tables.sql");
const HEAD: &str = "\
-- The tables of this schema, then its views, by name, as they are once every migration has run. Comments are the
-- COMMENT of what follows. Written by `cargo xtask schema --write` from the catalog of a new database: read it, do not
-- run it.

";

/// `cargo xtask schema`.
pub const TASK: Task = Task { name: "schema", files };

/// Every file that there should be, and those that there should not.
fn files(project: &Project, cluster: &Cluster) -> Result<Vec<File>> {
    let database = cluster.fresh_database("schema")?;
    database.run("CREATE EXTENSION pg_bourse;\nSELECT bourse.install();\n")?;
    let mut files = described(&database)?;
    let folder = project.root.join("sql");
    let schemas = fs::read_dir(&folder).or_fail(|| "cannot read sql".into(), "check that the folder exists")?;
    for schema in schemas.flatten() {
        let path = path_of(&schema.file_name().to_string_lossy());
        if project.root.join(&path).exists() && !files.iter().any(|file| file.path == path) {
            files.push(File { path, text: String::new() });
        }
    }
    Ok(files)
}

fn described(database: &Database) -> Result<Vec<File>> {
    let mut texts: BTreeMap<String, String> = BTreeMap::new();
    for row in database.rows(LINES)? {
        let [schema, line] = row.as_slice() else {
            return Err(Failure::new(format!("not schema and line: {row:?}"), "a text of the catalog has a tab in it"));
        };
        let text = texts.entry(schema.clone()).or_insert_with(|| HEAD.to_owned());
        wrap::push(text, line);
    }
    Ok(texts
        .into_iter()
        .map(|(schema, text)| File { path: path_of(&schema), text: format!("{}\n", text.trim_end()) })
        .collect())
}

fn path_of(schema: &str) -> String {
    format!("sql/{schema}/tables.sql")
}
