//! A folder for mdBook, which renders pages of one folder only: the pages of `docs` with their pictures, and below
//! `repository` what they link to elsewhere, with every link changed to where its file went.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::{DOCS, links, resolved};
use crate::failure::Result;
use crate::project::{self, Project};

/// Where files from outside of `docs` go.
const ELSEWHERE: &str = "repository";

/// Writes `book.toml` and the pages.
pub fn pages(project: &Project, folder: &Path) -> Result<()> {
    let mut waiting: Vec<PathBuf> = Vec::new();
    for file in project::files_below(&project.root.join(DOCS))? {
        waiting.extend(file.strip_prefix(&project.root).ok().map(Path::to_owned));
    }
    let mut known: BTreeSet<PathBuf> = waiting.iter().cloned().collect();
    let mut more = String::new();
    while let Some(file) = waiting.pop() {
        let (from, to) = (project.root.join(&file), folder.join(DOCS).join(staged(&file)));
        project::make_folder(to.parent().unwrap_or(folder))?;
        if file.extension().is_none_or(|ending| ending != "md") {
            let copied = std::fs::read(&from).map_err(|error| super::Failure::new(format!("{file:?}: {error}"), ""))?;
            project::write_bytes(&to, &copied)?;
            continue;
        }
        let text = project::read_text(&from)?;
        if !file.starts_with(DOCS) {
            let title = text.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or("A page");
            more.push_str(&format!("- [{title}]({})\n", staged(&file).display()));
        }
        let (text, linked) = relinked(project, &file, &text);
        project::write_text(&to, &text)?;
        waiting.extend(linked.into_iter().filter(|target| known.insert(target.clone())));
    }
    let list = folder.join(DOCS).join("SUMMARY.md");
    let listed = project::read_text(&list)?;
    project::write_text(&list, &format!("{listed}\n# In the repository\n\n{more}"))?;
    project::write_text(&folder.join("book.toml"), &project::read_text(&project.root.join("book.toml"))?)
}

/// Where a file of the repository stands in the folder of pages.
fn staged(file: &Path) -> PathBuf {
    file.strip_prefix(DOCS).map_or_else(|_| Path::new(ELSEWHERE).join(file), Path::to_owned)
}

/// The page with its links changed, and the files that they lead to. What leads to a folder, which a site cannot show,
/// is its text alone.
fn relinked(project: &Project, page: &Path, text: &str) -> (String, Vec<PathBuf>) {
    let (mut changed, mut linked, mut at) = (String::new(), Vec::new(), 0);
    for link in links::of(text) {
        let target = resolved(page, link.path);
        // A picture begins with an exclamation mark, and stays one.
        changed.push_str(&text[at..link.whole.start]);
        at = link.whole.end;
        if !project.root.join(&target).is_file() {
            changed.push_str(link.text);
            continue;
        }
        let anchor = link.anchor.map(|anchor| format!("#{anchor}")).unwrap_or_default();
        let up = "../".repeat(staged(page).components().count() - 1);
        let path = if link.path.is_empty() { String::new() } else { format!("{up}{}", staged(&target).display()) };
        changed.push_str(&format!("[{}]({path}{anchor})", link.text));
        linked.push(target);
    }
    changed.push_str(&text[at..]);
    (changed, linked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_follow_their_files() {
        let project = Project::locate().expect("inside the repository");
        let page = "[a](orders.md#bounds) [b](../LICENSE) [c](../tests/orms) [d](#e) ![f](throughput.svg)";
        let (text, linked) = relinked(&project, Path::new("docs/index.md"), page);
        assert_eq!(text, "[a](orders.md#bounds) [b](repository/LICENSE) c [d](#e) ![f](throughput.svg)");
        assert_eq!(linked.len(), 4);
        let (text, _) = relinked(&project, Path::new("examples/sender/README.md"), "[a](../../docs/orders.md)");
        assert_eq!(text, "[a](../../../orders.md)");
    }
}
