//! The SQL of the manual, README.md and docs/*.md: every block of a page runs, in order, in one `psql` session
//! against a fresh database, and prints what the page says it prints. The lists of tables, sql/<schema>/tables.sql, say
//! what the catalog says.

use std::fs;
use std::process::Command;

use super::Tally;
use super::jobs::Job;
use crate::cluster::Cluster;
use crate::failure::{Failure, OrFail, Result};
use crate::fences::{self, Fence};
use crate::progress::{self, Finished};
use crate::project::{self, DEFAULT_MAJOR, Project};
use crate::psql::Database;
use crate::reference;
use crate::schemas;
use crate::written::Task;

const README: &str = "README.md";
/// The folder of the other pages.
const DOCS: &str = "docs";

/// One page of the manual: its path in the repository, and its text.
struct Page {
    name: String,
    text: String,
}

/// A fence of SQL with the output that is shown for it, if any is: the fence of text that comes next.
struct Block<'a> {
    fence: &'a Fence<'a>,
    shown: Option<&'a [&'a str]>,
}

/// All pages are one job.
pub fn jobs<'a>(project: &'a Project, _: &[String]) -> Result<Vec<Job<'a>>> {
    let pages = pages(project)?;
    // A tenth of the time of other tests of this length.
    let size = pages.iter().map(|page| page.text.len() as u64).sum::<u64>() / 10;
    Ok(vec![Job::new("readme", size, move || run(project, &pages))])
}

/// Runs every page in a database of its own, which stays: each page uses some of the tables, all pages together most.
pub fn fill(project: &Project, cluster: &Cluster) -> Result<()> {
    for page in pages(project)? {
        let fences = page.fences()?;
        let blocks = blocks(&fences);
        if blocks.is_empty() {
            continue;
        }
        let name = page.name.trim_end_matches(".md").to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        let finished = page.paste(project, &cluster.fresh_database(&name)?, &blocks)?;
        if !finished.success {
            return Err(Failure::new(
                format!("{} did not run to its end:\n{}", page.name, progress::tail(&finished.output)),
                "run `cargo check-all readme`",
            ));
        }
    }
    Ok(())
}

/// One test for each block of SQL, and one for each file that is written from the catalog.
fn run(project: &Project, pages: &[Page]) -> Result<Tally> {
    let cluster = Cluster::open(project, "readme")?;
    // New, for roles belong to the cluster: those that the pages make must not be there yet. The manual shows a server
    // that loses nothing, and feeds: one that cannot deliver them says so in a WARNING.
    let _running = cluster.run_anew(&[("fsync", "on"), ("wal_level", "logical")])?;
    let mut tally = Tally::default();
    for page in pages {
        let of_page = page.run(project, &cluster)?;
        tally.add(&of_page);
    }
    // Another major version may print an expression otherwise.
    let tasks: &[Task] = if project.major == DEFAULT_MAJOR { &[schemas::TASK, reference::TASK] } else { &[] };
    for task in tasks {
        for (path, difference) in task.differences(project, &cluster)? {
            match difference {
                None => tally.record(&path, true),
                Some(text) => tally.record(&format!("{path}, {text}"), false),
            }
        }
    }
    Ok(tally)
}

/// The README, then the pages of the docs folder by name, without the list of them that mdBook reads.
fn pages(project: &Project) -> Result<Vec<Page>> {
    let folder = project.root.join(DOCS);
    let entries = fs::read_dir(&folder).or_fail(|| format!("cannot read {DOCS}"), "check that the folder exists")?;
    let files = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    let mut names: Vec<String> =
        files.filter(|f| f.ends_with(".md") && f != "SUMMARY.md").map(|f| format!("{DOCS}/{f}")).collect();
    names.sort();
    names.insert(0, README.to_owned());
    names.into_iter().map(|name| Ok(Page { text: project::read_text(&project.root.join(&name))?, name })).collect()
}

impl Page {
    fn run(&self, project: &Project, cluster: &Cluster) -> Result<Tally> {
        let fences = self.fences()?;
        let blocks = blocks(&fences);
        let finished = self.paste(project, &cluster.fresh_database("readme")?, &blocks)?;
        let mut tally = self.judge(&blocks, &finished.output);
        if !finished.success {
            print!("{}", progress::tail(&finished.output));
            if tally.failed.is_empty() {
                tally.failed.push(format!("{}: psql ended with an error", self.name));
            }
        }
        Ok(tally)
    }

    /// Runs all blocks in one session of a database.
    fn paste(&self, project: &Project, database: &Database, blocks: &[Block<'_>]) -> Result<Finished> {
        let file = project.log("readme")?.with_file_name(format!("{}.sql", self.name.replace('/', "-")));
        project::write_text(&file, &self.script(blocks))?;
        let mut command = Command::new(database.bin.join("psql"));
        command
            .args(["-X", "-v", "ON_ERROR_STOP=1", "-f"])
            .arg(&file)
            // The words of the output must not depend on the reader's language.
            .envs([("LC_ALL", "C"), ("PGCLIENTENCODING", "UTF8"), ("PGOPTIONS", "-c client_min_messages=warning")]);
        database.address(&mut command);
        progress::watch(project, &self.name, &mut command)
    }

    fn fences(&self) -> Result<Vec<Fence<'_>>> {
        fences::of(&self.name, &self.text)
    }

    fn begins(&self, block: &Block<'_>) -> String {
        format!("{}:{} begins", self.name, block.fence.first)
    }

    fn ends(&self, block: &Block<'_>) -> String {
        format!("{}:{} ends", self.name, block.fence.first)
    }

    /// The page with everything but its SQL left blank, so that an error of `psql` names the line of the page.
    /// The fences become marks in the output.
    fn script(&self, blocks: &[Block<'_>]) -> String {
        let mut lines = vec![String::new(); self.text.lines().count()];
        for block in blocks {
            let (first, last) = (block.fence.first, block.fence.last);
            // A line's index is its number less one: the content begins on the line after the fence.
            lines[first - 1] = format!("\\echo {}", self.begins(block));
            lines[last - 1] = format!("\\echo {}", self.ends(block));
            for (line, sql) in lines[first..].iter_mut().zip(&block.fence.content) {
                (*sql).clone_into(line);
            }
        }
        lines.join("\n") + "\n"
    }

    fn judge(&self, blocks: &[Block<'_>], output: &str) -> Tally {
        let mut tally = Tally::default();
        for block in blocks {
            let name = format!("{}:{}", self.name, block.fence.first);
            match (self.printed(block, output), block.shown) {
                (None, _) => tally.failed.push(format!("{name} did not run to its end")),
                (Some(found), Some(shown)) if trimmed(&found) != trimmed(shown) => {
                    let shown = trimmed(shown).join("\n    ");
                    let found = trimmed(&found).join("\n    ");
                    tally.failed.push(format!("{name}: shown\n    {shown}\n  printed\n    {found}"));
                }
                (Some(_), _) => tally.record(&name, true),
            }
        }
        tally
    }

    /// What came out between the two marks of a block; nothing when the session did not reach the second.
    fn printed<'a>(&self, block: &Block<'_>, output: &'a str) -> Option<Vec<&'a str>> {
        let (begins, ends) = (self.begins(block), self.ends(block));
        let rest: Vec<&str> = output.lines().skip_while(|line| *line != begins).skip(1).collect();
        let end = rest.iter().position(|line| *line == ends)?;
        Some(rest[..end].to_vec())
    }
}

fn blocks<'a>(fences: &'a [Fence<'a>]) -> Vec<Block<'a>> {
    let next = fences.iter().skip(1).map(Some).chain([None]);
    fences
        .iter()
        .zip(next)
        .filter(|(fence, _)| fence.language == "sql")
        .map(|(fence, next)| Block {
            fence,
            shown: next.filter(|n| n.language == "text").map(|n| n.content.as_slice()),
        })
        .collect()
}

/// Without blanks at the ends of lines and empty lines at the end, which editors remove.
fn trimmed<'a>(lines: &[&'a str]) -> Vec<&'a str> {
    let mut lines: Vec<&str> = lines.iter().map(|line| line.trim_end()).collect();
    while lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "# T\n```sql\nSELECT 1;\n```\nprints\n```text\n a\n```\n```sh\nls\n```\n```text\nb\n```\n\
                        ```sql\nSELECT 2;\n```\n";
    const OUTPUT: &str = "README.md:2 begins\n a  \n\nREADME.md:2 ends\nREADME.md:15 begins\nREADME.md:15 ends\n";

    fn page(text: &str) -> Page {
        Page { name: README.to_owned(), text: text.to_owned() }
    }

    fn judged(text: &str, output: &str) -> (usize, usize) {
        let page = page(text);
        let fences = page.fences().expect("closed fences");
        let tally = page.judge(&blocks(&fences), output);
        (tally.passed, tally.failed.len())
    }

    #[test]
    fn the_readme_comes_first_and_every_page_has_sql() {
        let project = Project::locate().expect("inside the repository");
        let pages = pages(&project).expect("a readable manual");
        assert_eq!(pages[0].name, README);
        assert!(pages.len() > 1, "the docs folder has pages");
        // Figures are shown, not run.
        for page in pages.iter().filter(|page| !page.name.contains("/benchmarks")) {
            assert!(!blocks(&page.fences().expect("closed fences")).is_empty(), "{}: no SQL", page.name);
        }
    }

    #[test]
    fn a_block_has_the_output_that_follows_it() {
        let page = page(TEXT);
        let fences = page.fences().expect("closed fences");
        let found: Vec<_> = blocks(&fences).iter().map(|b| (b.fence.first, b.shown)).collect();
        assert_eq!(found, [(2, Some([" a"].as_slice())), (15, None)]);
    }

    #[test]
    fn sql_keeps_its_line() {
        let page = page(TEXT);
        let fences = page.fences().expect("closed fences");
        let script = page.script(&blocks(&fences));
        let line = |number: usize| script.lines().nth(number - 1);
        assert_eq!(line(2), Some("\\echo README.md:2 begins"));
        assert_eq!(line(3), Some("SELECT 1;"));
        assert_eq!(line(4), Some("\\echo README.md:2 ends"));
        assert_eq!(line(10), Some(""), "only SQL is run");
        assert_eq!(line(16), Some("SELECT 2;"));
    }

    #[test]
    fn the_same_output_passes_whatever_blanks_end_its_lines() {
        assert_eq!(judged(TEXT, OUTPUT), (2, 0));
    }

    #[test]
    fn another_output_fails() {
        assert_eq!(judged(TEXT, &OUTPUT.replace(" a", " b")), (1, 1));
        assert_eq!(judged(TEXT, &OUTPUT.replace(" a", "")), (1, 1));
    }

    #[test]
    fn a_block_that_stops_the_session_fails_with_all_that_follow() {
        let stopped = "README.md:2 begins\npsql:README.sql:3: ERROR:  no\n";
        assert_eq!(judged(TEXT, stopped), (0, 2));
    }

    #[test]
    fn a_readme_without_sql_has_no_test_that_passes() {
        assert_eq!(judged("# T\n```text\na\n```\n", ""), (0, 0));
    }
}
