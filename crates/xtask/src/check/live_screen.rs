//! The tests of the screen, a kind of `cargo check-all`: its style, its server beside a real database, its page in
//! Debian's Chromium.

use std::env;

use super::Tally;
use super::cargo_tests::harness;
use super::jobs::{self, Job};
use crate::cluster::Cluster;
use crate::failure::{Failure, Result};
use crate::live_screen::{self, CRATE, Places};
use crate::progress;
use crate::project::{self, Project};

/// Whoever sets it wants the picture of the manual, which the test of the browser makes, to be written anew.
const PICTURE: &str = "BOURSE_PICTURE";

/// Builds what is tested; style and tests are one job.
pub fn jobs<'a>(project: &'a Project, _: &[String]) -> Result<Vec<Job<'a>>> {
    let places = Places::with_page(project)?;
    let mut build = places.cargo(project, &["test", "--profile", "quick", "--locked", "--no-run"]);
    let built = progress::watch(project, "build the tests of the screen", &mut build)?;
    if !built.success {
        let what = format!("the tests of the screen do not build:\n{}", progress::tail(&built.output));
        return Err(Failure::new(what, "mend what the compiler says"));
    }
    let size = jobs::weight(&project.root.join(CRATE).join("tests"));
    // One after the other: a cargo that waits for the lock of the other keeps a core from the rest.
    Ok(vec![Job::new("screen", size, move || {
        let places = Places::of(project);
        let mut tally = style(project, &places)?;
        tally.add(&suite(project, &places)?);
        Ok(tally)
    })])
}

fn suite(project: &Project, places: &Places) -> Result<Tally> {
    let cluster = Cluster::open(project, "screen")?;
    let _running = cluster.run_anew(&[("max_connections", "200")])?;
    let pictures = project.target.join("screen/pictures");
    project::make_folder(&pictures)?;
    let mut tests = places.cargo(project, &["test", "--profile", "quick", "--locked", "--no-fail-fast"]);
    tests
        .env("BOURSE_TEST_HOST", cluster.socket())
        .env("BOURSE_TEST_BIN", cluster.bin())
        .env("BOURSE_SCREEN_NODE", &places.web)
        .env("BOURSE_SCREEN_PICTURES", &pictures);
    let tally = harness(project, "test the screen", &mut tests)?;
    if tally.failed.is_empty() && env::var_os(PICTURE).is_some() {
        live_screen::copy(&pictures.join("screen.png"), &project.root.join("docs/pictures/screen.png"))?;
    }
    Ok(tally)
}

/// The formatter and the linter count as one test each.
fn style(project: &Project, places: &Places) -> Result<Tally> {
    let mut tally = Tally::default();
    let lint = ["clippy", "--profile", "quick", "--locked", "--all-targets", "--", "-D", "warnings"];
    for (label, arguments) in
        [("cargo fmt of the screen", &["fmt", "--check"][..]), ("cargo clippy of the screen", &lint[..])]
    {
        let finished = progress::watch(project, label, &mut places.cargo(project, arguments))?;
        if !finished.success {
            print!("{}", progress::tail(&finished.output));
        }
        tally.record(label, finished.success);
    }
    Ok(tally)
}
