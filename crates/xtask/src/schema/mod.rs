//! `cargo xtask schema`: `sql/<schema>/tables.sql`, where a reader finds every table as the migrations leave it. The
//! files are written from the catalog of a new database, and compared with it by `cargo check-all readme`.

mod wrap;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::cluster::Cluster;
use crate::failure::{Failure, OrFail, Result};
use crate::install;
use crate::project::{self, Project};
use crate::psql::Database;

/// Prints the schema and a line of what the files hold, row by row.
const LINES: &str = include_str!("tables.sql");
const HEAD: &str = "\
-- The tables of this schema, then its views, by name, as they are once every migration has run. Comments are the
-- COMMENT of what follows. Written by `cargo xtask schema --write` from the catalog of a new database: read it, do not
-- run it.

";
const USAGE: &str = "cargo xtask schema [--write] [--installed]";

/// What somebody wants done.
pub struct Request {
    /// Write the files; else only say how they differ.
    write: bool,
    /// Take the extension as it is installed, without a build.
    installed: bool,
}

impl Request {
    /// Reads what [`USAGE`] says.
    pub fn parse(arguments: &[String]) -> Result<Self> {
        let mut request = Self { write: false, installed: false };
        for argument in arguments {
            match argument.as_str() {
                "--write" => request.write = true,
                "--installed" => request.installed = true,
                other => return Err(Failure::new(format!("what is `{other}`?"), USAGE)),
            }
        }
        Ok(request)
    }
}

/// A file as it should be; empty when there should be none.
pub struct File {
    /// Relative to the repository.
    pub path: String,
    text: String,
}

/// Writes the files, or prints how they differ from the catalog.
pub fn run(project: &Project, request: &Request) -> Result<ExitCode> {
    if !request.installed {
        install::run(project)?;
    }
    let cluster = Cluster::open(project, "schema")?;
    cluster.destroy()?;
    let _running = cluster.run(&[("fsync", "off")])?;
    let mut code = ExitCode::SUCCESS;
    for file in files(project, &cluster)? {
        let Some(difference) = file.difference(project)? else { continue };
        if request.write {
            file.write(project)?;
            println!("{}", file.path);
        } else {
            print!("{difference}");
            code = ExitCode::FAILURE;
        }
    }
    Ok(code)
}

/// Every file that there should be, and those that there should not.
pub fn files(project: &Project, cluster: &Cluster) -> Result<Vec<File>> {
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

impl File {
    /// How the file differs from the catalog, as `diff` says it.
    pub fn difference(&self, project: &Project) -> Result<Option<String>> {
        let stands = project.root.join(&self.path);
        let stands = if stands.exists() { stands.as_path() } else { Path::new("/dev/null") };
        let wanted = project.log(&self.path)?.with_extension("sql");
        project::write_text(&wanted, &self.text)?;
        let output = Command::new("diff")
            .args(["-u", "--label", &self.path, "--label", "the catalog"])
            .arg(stands)
            .arg(&wanted)
            .output()
            .or_fail(|| "cannot run diff".into(), "install diffutils")?;
        match output.status.code() {
            Some(0) => Ok(None),
            Some(1) => Ok(Some(String::from_utf8_lossy(&output.stdout).into_owned())),
            _ => Err(Failure::new(format!("diff: {}", String::from_utf8_lossy(&output.stderr).trim()), "")),
        }
    }

    fn write(&self, project: &Project) -> Result<()> {
        let path = project.root.join(&self.path);
        if self.text.is_empty() {
            return fs::remove_file(&path).or_fail(|| format!("cannot remove {}", self.path), "remove it by hand");
        }
        project::write_text(&path, &self.text)
    }
}
