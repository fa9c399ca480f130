//! Files that are written from the catalog of a new database, and compared with it by `cargo check-all readme`.

use std::fs;
use std::path::Path;
use std::process::{Command, ExitCode};

use crate::cluster::Cluster;
use crate::failure::{Failure, OrFail, Result};
use crate::install;
use crate::project::{self, Project};

/// A task that writes such files.
pub struct Task {
    /// What follows `cargo xtask`; a cluster of that name is made for it.
    pub name: &'static str,
    /// The files as they should be, from a cluster that runs.
    pub files: fn(&Project, &Cluster) -> Result<Vec<File>>,
}

/// A file as it should be.
pub struct File {
    /// Relative to the repository.
    pub path: String,
    /// What it should hold; empty when it should not be there.
    pub text: String,
}

struct Request {
    /// Write the files; else only say how they differ.
    write: bool,
    /// Take the extension as it is installed, without a build.
    installed: bool,
}

impl Task {
    /// Writes the files, or prints how they differ from the catalog.
    pub fn run(&self, project: &Project, arguments: &[String]) -> Result<ExitCode> {
        let request = self.parse(arguments)?;
        if !request.installed {
            install::run(project)?;
        }
        let cluster = Cluster::open(project, self.name)?;
        let _running = cluster.run_anew(&[])?;
        let mut code = ExitCode::SUCCESS;
        for file in (self.files)(project, &cluster)? {
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

    /// Every file that differs, with what to do about it, for a test.
    pub fn differences(&self, project: &Project, cluster: &Cluster) -> Result<Vec<(String, Option<String>)>> {
        let files = (self.files)(project, cluster)?.into_iter();
        files
            .map(|file| {
                let difference = file.difference(project)?;
                let told = difference.map(|text| format!("run `cargo xtask {} --write`:\n{text}", self.name));
                Ok((file.path, told))
            })
            .collect()
    }

    fn parse(&self, arguments: &[String]) -> Result<Request> {
        let mut request = Request { write: false, installed: false };
        for argument in arguments {
            match argument.as_str() {
                "--write" => request.write = true,
                "--installed" => request.installed = true,
                other => {
                    let usage = format!("cargo xtask {} [--write] [--installed]", self.name);
                    return Err(Failure::new(format!("what is `{other}`?"), usage));
                }
            }
        }
        Ok(request)
    }
}

impl File {
    /// How the file differs from the catalog, as `diff` says it.
    fn difference(&self, project: &Project) -> Result<Option<String>> {
        let stands = project.root.join(&self.path);
        let stands = if stands.exists() { stands.as_path() } else { Path::new("/dev/null") };
        let wanted = project.log(&self.path)?.with_extension("wanted");
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_asked_for_is_read() {
        let task = Task { name: "schema", files: |_, _| Ok(Vec::new()) };
        let parse = |words: &[&str]| {
            let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
            task.parse(&words).map(|request| (request.write, request.installed))
        };
        assert_eq!(parse(&[]).ok(), Some((false, false)));
        assert_eq!(parse(&["--installed", "--write"]).ok(), Some((true, true)));
        assert!(parse(&["-w"]).is_err_and(|failure| failure.to_string().contains("cargo xtask schema [--write]")));
    }
}
