//! The programs of `examples/clients`, with the libraries that they show: each directly and through PgBouncer, in a
//! database of its own. All of them print the same lines.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use super::Tally;
use super::jobs::Job;
use super::languages::{FOLDER, LANGUAGES, Language, Runner};
use super::regress;
use crate::cluster::{self, Cluster, SHORT_LIVED};
use crate::failure::{Failure, OrFail, Result};
use crate::pooler;
use crate::progress;
use crate::project::{self, Project};
use crate::setup;
use crate::started::Started;

const KIND: &str = "examples";
const WAYS: [(&str, u16); 2] = [("direct", cluster::PORT), ("pooled", pooler::PORT)];
/// What `setup.sql` has made; every test has a copy.
const TEMPLATE: &str = "clients";
/// The login that it makes.
const LOGIN: &str = "shop";
/// A program takes a second or two; one that hangs waits for an answer that does not come.
const LIMIT: Duration = Duration::from_secs(60);

/// The programs of a language.
type Wanted = (&'static Language, Vec<PathBuf>);

/// Fetches what the programs need; each is a job.
pub fn jobs<'a>(project: &'a Project, names: &[String]) -> Result<Vec<Job<'a>>> {
    let expected = Arc::new(project::read_text(&project.root.join(FOLDER).join("expected.txt"))?);
    let house = Arc::new(House { project, opened: OnceLock::new() });
    let mut wanted = programs(project)?;
    for (language, programs) in &mut wanted {
        programs.retain(|file| is_named(language, file, names));
    }
    wanted.retain(|(_, programs)| !programs.is_empty());
    let mut jobs = Vec::new();
    for ((language, programs), runner) in prepare(project, wanted) {
        match runner {
            Err(failure) => jobs.push(Job::new(KIND, 0, move || Err(failure.before(language.name)))),
            Ok(runner) => {
                let runner = Arc::new(runner);
                jobs.extend(programs.into_iter().map(|file| {
                    let (runner, house, expected) = (runner.clone(), house.clone(), expected.clone());
                    Example { language, file, runner, house, expected }.job()
                }));
            }
        }
    }
    Ok(jobs)
}

/// Makes the languages ready, side by side, for most of them wait for the network: those that lack nothing of Debian at
/// once, the others when it is installed. One that cannot be had fails alone.
fn prepare(project: &Project, wanted: Vec<Wanted>) -> Vec<(Wanted, Result<Runner>)> {
    let (ready, waiting): (Vec<_>, Vec<_>) =
        wanted.into_iter().partition(|(language, _)| setup::has_programs(language.debian));
    let make_ready = |(language, programs): Wanted| {
        let runner = (language.prepare)(project, &project.root.join(FOLDER).join(language.name), &programs);
        ((language, programs), runner)
    };
    thread::scope(|scope| {
        let mut threads: Vec<_> = ready.into_iter().map(|one| scope.spawn(move || make_ready(one))).collect();
        let needs: Vec<_> = waiting.iter().flat_map(|(language, _)| language.debian.iter().copied()).collect();
        let mut prepared = Vec::new();
        match setup::programs(project, &needs) {
            Ok(()) => threads.extend(waiting.into_iter().map(|one| scope.spawn(move || make_ready(one)))),
            Err(failure) => {
                let said = failure.to_string();
                prepared.extend(waiting.into_iter().map(|one| (one, Err(Failure::new(said.clone(), "")))));
            }
        }
        prepared.extend(threads.into_iter().map(|thread| thread.join().expect("no panic in a language")));
        prepared
    })
}

/// Every program by its language. A language that nobody can run has failed, and so has one without a program.
fn programs(project: &Project) -> Result<Vec<Wanted>> {
    let folder = project.root.join(FOLDER);
    let list = |folder: PathBuf| -> Result<BTreeSet<PathBuf>> {
        let entries = fs::read_dir(&folder);
        let entries =
            entries.or_fail(|| format!("cannot list {}", folder.display()), "it belongs to the repository")?;
        Ok(entries.flatten().map(|entry| entry.path()).collect())
    };
    for found in list(folder.clone())?.into_iter().filter(|path| path.is_dir()) {
        if !LANGUAGES.iter().any(|language| found.ends_with(language.name)) {
            return Err(Failure::new(
                format!("nobody runs {}", found.display()),
                "add its language to crates/xtask/src/check/languages.rs",
            ));
        }
    }
    let mut found = Vec::new();
    for language in &LANGUAGES {
        let mut files = list(folder.join(language.name).join(language.inside))?;
        files.retain(|file| file.extension().is_some_and(|extension| extension == language.extension));
        if files.is_empty() {
            return Err(Failure::new(format!("{} has no program", language.name), "take it out of the languages"));
        }
        found.push((language, files.into_iter().collect()));
    }
    Ok(found)
}

fn is_named(language: &Language, file: &Path, names: &[String]) -> bool {
    let name = format!("{}/{}", language.name, file.file_stem().unwrap_or_default().to_string_lossy());
    names.is_empty() || names.iter().any(|wanted| name.contains(wanted.as_str()))
}

/// A server, and a pooler before it, for all programs; the first one opens it.
struct House<'a> {
    project: &'a Project,
    opened: OnceLock<std::result::Result<Opened, String>>,
}

/// Ends with the last program.
struct Opened {
    cluster: Cluster,
    _pooler: Started,
}

impl House<'_> {
    fn cluster(&self) -> Result<&Cluster> {
        let opened = self.opened.get_or_init(|| self.open().map_err(|failure| failure.to_string()));
        opened.as_ref().map(|opened| &opened.cluster).map_err(|said| Failure::new(said, ""))
    }

    fn open(&self) -> Result<Opened> {
        let cluster = Cluster::open(self.project, KIND)?;
        let address = cluster.address();
        cluster.destroy()?;
        cluster.start(&[&SHORT_LIVED[..], &[("listen_addresses", address.as_str())]].concat())?;
        let prepared = project::read_text(&self.project.root.join(FOLDER).join("setup.sql"))
            .and_then(|setup| cluster.fresh_database(TEMPLATE)?.run(&setup))
            .and_then(|()| pooler::start(self.project, &cluster, "examples_pooler", LOGIN));
        match prepared {
            Ok(pooler) => Ok(Opened { cluster, _pooler: pooler }),
            Err(failure) => cluster.destroy().and(Err(failure)),
        }
    }
}

impl Drop for Opened {
    fn drop(&mut self) {
        if let Err(failure) = self.cluster.destroy() {
            eprintln!("{failure}");
        }
    }
}

/// One of the programs.
struct Example<'a> {
    language: &'static Language,
    file: PathBuf,
    runner: Arc<Runner>,
    house: Arc<House<'a>>,
    expected: Arc<String>,
}

impl<'a> Example<'a> {
    fn job(self) -> Job<'a> {
        let size = fs::metadata(&self.file).map_or(0, |found| found.len());
        Job::new(KIND, size, move || {
            let mut tally = Tally::default();
            for (way, port) in WAYS {
                let name = format!("{KIND} {}/{} {way}", self.language.name, self.stem());
                tally.record(&name, self.passes(&name, way, port)?);
            }
            Ok(tally)
        })
    }

    fn stem(&self) -> String {
        self.file.file_stem().unwrap_or_default().to_string_lossy().into_owned()
    }

    /// Runs the program; prints what it has printed if that is not what is expected.
    fn passes(&self, name: &str, way: &str, port: u16) -> Result<bool> {
        let cluster = self.house.cluster()?;
        let database = format!("{}_{way}", self.stem().to_lowercase());
        regress::copy_database(cluster, TEMPLATE, &database)?;
        if port == pooler::PORT {
            pooler::fill(cluster, &database, LOGIN)?;
        }
        let mut command = self.runner.command(&self.file);
        command.env("PGHOST", cluster.address()).env("PGPORT", port.to_string());
        command.env("PGDATABASE", &database).env("PGUSER", LOGIN);
        let finished = progress::watch_within(self.house.project, name, &mut command, LIMIT)?;
        let passes = finished.success && finished.output == *self.expected;
        if !passes {
            let (said, expected) = (progress::tail(&finished.output), progress::tail(&self.expected));
            println!("  {name} says\n{said}  where {FOLDER}/expected.txt has\n{expected}");
        }
        cluster.database("postgres").run(&format!("DROP DATABASE {database} WITH (FORCE);\n"))?;
        Ok(passes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_folder_has_a_language_and_programs() {
        let project = Project::locate().expect("inside the repository");
        let found = programs(&project).expect("languages with programs");
        assert_eq!(found.len(), LANGUAGES.len());
        assert!(found.iter().all(|(_, programs)| !programs.is_empty()));
    }

    #[test]
    fn programs_are_chosen_by_language_and_name() {
        let is_named = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            is_named(&LANGUAGES[0], Path::new("/here/rust/src/bin/sqlx_client.rs"), &names)
        };
        assert!(is_named(&[]) && is_named(&["rust/"]) && is_named(&["node/", "sqlx"]));
        assert!(!is_named(&["node/"]));
    }
}
