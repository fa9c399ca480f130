//! The manual as a site: mdBook renders the pages of `docs`, and what they link to outside of it. GitHub shows the same
//! pages as they are, so a link leads somewhere in both.

mod links;
mod stage;

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::process::Command;

use crate::failure::{Failure, Result};
use crate::progress;
use crate::project::{self, Project};
use crate::setup;

/// The folder of the pages.
const DOCS: &str = "docs";
/// How mdBook is installed: a site with search, and nothing that serves it.
const MDBOOK: [&str; 5] = ["--version", "0.5.4", "--no-default-features", "--features", "search"];

/// Builds the site, and says where it is.
pub fn run(project: &Project) -> Result<()> {
    let dead = dead_links(project)?;
    if !dead.is_empty() {
        return Err(Failure::new(format!("{} links lead nowhere:\n{}", dead.len(), dead.join("\n")), "mend them"));
    }
    setup::for_crate(project, "mdbook", &MDBOOK)?;
    let folder = project.root.join("target/xtask/manual");
    project::remove_folder(&folder)?;
    stage::pages(project, &folder)?;
    let mut mdbook = Command::new("mdbook");
    mdbook.arg("build").arg(&folder);
    progress::run(project, "mdbook build", &mut mdbook, "see what mdBook says")?;
    println!("{}", folder.join("book/index.html").display());
    Ok(())
}

/// Every page of the repository, by its path in it.
fn pages(project: &Project) -> Result<BTreeSet<PathBuf>> {
    let mut found = BTreeSet::new();
    for folder in ["", DOCS, "examples", "data", "tests", ".github"] {
        let below = project.root.join(folder);
        let files = if folder.is_empty() { project::files_in(&below)? } else { project::files_below(&below)? };
        let pages = files.into_iter().filter(|file| file.extension().is_some_and(|ending| ending == "md"));
        found.extend(pages.filter_map(|file| Some(file.strip_prefix(&project.root).ok()?.to_owned())));
    }
    Ok(found)
}

/// Where a link of a page leads, as a path in the repository.
fn resolved(page: &Path, path: &str) -> PathBuf {
    if path.is_empty() {
        return page.to_owned();
    }
    let mut found = page.parent().map(Path::to_owned).unwrap_or_default();
    for part in Path::new(path).components() {
        match part {
            Component::ParentDir => {
                found.pop();
            }
            Component::Normal(name) => found.push(name),
            _ => {}
        }
    }
    found
}

/// The links whose file or heading is not there.
fn dead_links(project: &Project) -> Result<Vec<String>> {
    let mut dead = Vec::new();
    for page in pages(project)? {
        let text = project::read_text(&project.root.join(&page))?;
        for link in links::of(&text) {
            let target = resolved(&page, link.path);
            let is_there = project.root.join(&target).exists();
            let is_page = target.extension().is_some_and(|ending| ending == "md");
            let is_whole = match link.anchor.filter(|_| is_there && is_page) {
                Some(anchor) => {
                    let text = project::read_text(&project.root.join(&target))?;
                    links::anchors(&text).iter().any(|name| name == anchor)
                }
                None => is_there,
            };
            if !is_whole {
                let anchor = link.anchor.map(|anchor| format!("#{anchor}")).unwrap_or_default();
                dead.push(format!("{}:{}: {}{anchor}", page.display(), link.line, link.path));
            }
        }
    }
    Ok(dead)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_link_leads_somewhere() {
        let project = Project::locate().expect("inside the repository");
        assert_eq!(dead_links(&project).expect("pages"), [""; 0]);
    }

    #[test]
    fn a_link_is_seen_from_its_page() {
        let to = |path: &str| resolved(Path::new("docs/a.md"), path);
        assert_eq!(to(""), Path::new("docs/a.md"));
        assert_eq!(to("b.md"), Path::new("docs/b.md"));
        assert_eq!(to("../README.md"), Path::new("README.md"));
        assert_eq!(resolved(Path::new("examples/x/README.md"), "../../docs/b.md"), Path::new("docs/b.md"));
    }

    #[test]
    fn the_list_names_every_page_once() {
        let project = Project::locate().expect("inside the repository");
        let list = project::read_text(&project.root.join(DOCS).join("SUMMARY.md")).expect("the list");
        let listed: Vec<PathBuf> =
            links::of(&list).iter().map(|link| resolved(Path::new("docs/SUMMARY.md"), link.path)).collect();
        let once: BTreeSet<PathBuf> = listed.iter().cloned().collect();
        assert_eq!(once.len(), listed.len(), "listed twice");
        let is_page = |page: &PathBuf| page.starts_with(DOCS) && !page.ends_with("SUMMARY.md");
        let there: BTreeSet<PathBuf> = pages(&project).expect("pages").into_iter().filter(is_page).collect();
        assert_eq!(once, there);
    }
}
