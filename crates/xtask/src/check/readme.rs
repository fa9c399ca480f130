//! The SQL of the README: every block runs, in order, in one `psql` session against a fresh database, and prints
//! what the README says it prints.

use std::process::Command;

use super::Tally;
use crate::cluster::Cluster;
use crate::failure::{Failure, Result};
use crate::progress;
use crate::project::{self, Project};

const README: &str = "README.md";

/// A fenced part of a Markdown text.
struct Fence<'a> {
    language: &'a str,
    /// The line of the opening fence, from 1.
    first: usize,
    /// The line of the closing fence.
    last: usize,
    content: Vec<&'a str>,
}

/// A fence of SQL with the output that is shown for it, if any is: the fence of text that comes next.
struct Block<'a> {
    fence: &'a Fence<'a>,
    shown: Option<&'a [&'a str]>,
}

/// One test for each block of SQL.
pub fn run(project: &Project) -> Result<Tally> {
    let text = project::read_text(&project.root.join(README))?;
    let fences = fences(&text)?;
    let blocks = blocks(&fences);
    let cluster = Cluster::open(project, "readme")?;
    // Roles belong to the cluster: those that the README makes must not be there yet.
    cluster.destroy()?;
    let _running = cluster.run(&[])?;
    let database = cluster.fresh_database("readme")?;
    let file = project.log("readme")?.with_file_name("README.sql");
    project::write_text(&file, &script(&text, &blocks))?;
    let mut command = Command::new(database.bin.join("psql"));
    command
        .args(["-X", "-v", "ON_ERROR_STOP=1", "-f"])
        .arg(&file)
        // The words of the output must not depend on the reader's language.
        .envs([("LC_ALL", "C"), ("PGCLIENTENCODING", "UTF8"), ("PGOPTIONS", "-c client_min_messages=warning")]);
    database.address(&mut command);
    let finished = progress::watch(project, "readme", &mut command)?;
    let mut tally = judge(&blocks, &finished.output);
    if !finished.success {
        print!("{}", progress::tail(&finished.output));
        if tally.failed.is_empty() {
            tally.failed.push(format!("{README}: psql ended with an error"));
        }
    }
    Ok(tally)
}

fn fences(text: &str) -> Result<Vec<Fence<'_>>> {
    let mut fences = Vec::new();
    let mut open: Option<Fence<'_>> = None;
    for (number, line) in (1..).zip(text.lines()) {
        match (line.strip_prefix("```"), open.as_mut()) {
            (Some(language), None) => {
                open = Some(Fence { language: language.trim(), first: number, last: number, content: Vec::new() });
            }
            (Some(_), Some(fence)) => {
                fence.last = number;
                fences.extend(open.take());
            }
            (None, Some(fence)) => fence.content.push(line),
            (None, None) => {}
        }
    }
    match open {
        None => Ok(fences),
        Some(fence) => {
            Err(Failure::new(format!("{README}:{}: a fence that is never closed", fence.first), "close it with ```"))
        }
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

fn begins(block: &Block<'_>) -> String {
    format!("{README}:{} begins", block.fence.first)
}

fn ends(block: &Block<'_>) -> String {
    format!("{README}:{} ends", block.fence.first)
}

/// The README with everything but its SQL left blank, so that an error of `psql` names the line of the README.
/// The fences become marks in the output.
fn script(text: &str, blocks: &[Block<'_>]) -> String {
    let mut lines = vec![String::new(); text.lines().count()];
    for block in blocks {
        let (first, last) = (block.fence.first, block.fence.last);
        // A line's index is its number less one: the content begins on the line after the fence.
        lines[first - 1] = format!("\\echo {}", begins(block));
        lines[last - 1] = format!("\\echo {}", ends(block));
        for (line, sql) in lines[first..].iter_mut().zip(&block.fence.content) {
            (*sql).clone_into(line);
        }
    }
    lines.join("\n") + "\n"
}

fn judge(blocks: &[Block<'_>], output: &str) -> Tally {
    let mut tally = Tally::default();
    for block in blocks {
        let name = format!("{README}:{}", block.fence.first);
        match (printed(block, output), block.shown) {
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
fn printed<'a>(block: &Block<'_>, output: &'a str) -> Option<Vec<&'a str>> {
    let (begins, ends) = (begins(block), ends(block));
    let rest: Vec<&str> = output.lines().skip_while(|line| *line != begins).skip(1).collect();
    let end = rest.iter().position(|line| *line == ends)?;
    Some(rest[..end].to_vec())
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

    fn judged(text: &str, output: &str) -> (usize, usize) {
        let fences = fences(text).expect("closed fences");
        let tally = judge(&blocks(&fences), output);
        (tally.passed, tally.failed.len())
    }

    #[test]
    fn a_block_has_the_output_that_follows_it() {
        let fences = fences(TEXT).expect("closed fences");
        let found: Vec<_> = blocks(&fences).iter().map(|b| (b.fence.first, b.shown)).collect();
        assert_eq!(found, [(2, Some([" a"].as_slice())), (15, None)]);
    }

    #[test]
    fn an_open_fence_is_refused() {
        assert!(fences("```sql\nSELECT 1;\n").is_err());
    }

    #[test]
    fn sql_keeps_its_line() {
        let fences = fences(TEXT).expect("closed fences");
        let script = script(TEXT, &blocks(&fences));
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
