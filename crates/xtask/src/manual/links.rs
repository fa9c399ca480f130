//! The links of a page of Markdown, and the places in it that a link can name.

use std::collections::BTreeMap;
use std::ops::Range;

/// A link within the repository.
#[derive(Debug, PartialEq, Eq)]
pub struct Link<'a> {
    /// The line it ends in, from 1.
    pub line: usize,
    /// From the opening bracket of its text to the end.
    pub whole: Range<usize>,
    /// What is read.
    pub text: &'a str,
    /// The file, relative to the page; empty: the page itself.
    pub path: &'a str,
    /// The heading, without `#`.
    pub anchor: Option<&'a str>,
}

/// All links to files of the repository, those of pictures included.
pub fn of(page: &str) -> Vec<Link<'_>> {
    let hidden = hidden(page);
    let mut found = Vec::new();
    for (at, _) in page.match_indices("](") {
        let target = at + 2;
        let Some(end) = page[target..].find([')', ' ', '\n']).map(|length| target + length) else { continue };
        let is_local = page[end..].starts_with(')') && !page[target..end].contains("://");
        if !is_local || hidden.iter().any(|range| range.contains(&at)) {
            continue;
        }
        let Some(open) = opening(page, at) else { continue };
        let (path, anchor) = match page[target..end].split_once('#') {
            Some((path, anchor)) => (path, Some(anchor)),
            None => (&page[target..end], None),
        };
        let line = page[..end].matches('\n').count() + 1;
        found.push(Link { line, whole: open..end + 1, text: &page[open + 1..at], path, anchor });
    }
    found
}

/// The bracket that this one closes.
fn opening(page: &str, close: usize) -> Option<usize> {
    let mut depth = 0;
    for (at, byte) in page.as_bytes()[..close].iter().enumerate().rev() {
        match byte {
            b']' => depth += 1,
            b'[' if depth == 0 => return Some(at),
            b'[' => depth -= 1,
            _ => {}
        }
    }
    None
}

/// What is no Markdown: fences and what stands between backquotes.
fn hidden(page: &str) -> Vec<Range<usize>> {
    let (mut found, mut fence, mut quote, mut at) = (Vec::new(), None, None, 0);
    for line in page.split_inclusive('\n') {
        match fence {
            Some(begin) if line.starts_with("```") => {
                found.push(begin..at + line.len());
                fence = None;
            }
            None if line.starts_with("```") => (fence, quote) = (Some(at), None),
            // A paragraph ends what was left open.
            None if line.trim().is_empty() => quote = None,
            None => {
                for (place, _) in line.match_indices('`') {
                    match quote.take() {
                        Some(begin) => found.push(begin..at + place),
                        None => quote = Some(at + place),
                    }
                }
            }
            Some(_) => {}
        }
        at += line.len();
    }
    found
}

/// What each heading is called in a link.
pub fn anchors(page: &str) -> Vec<String> {
    let mut seen: BTreeMap<String, usize> = BTreeMap::new();
    let mut found = Vec::new();
    let mut is_fenced = false;
    for line in page.lines() {
        is_fenced ^= line.starts_with("```");
        let heading = line.trim_start_matches('#');
        if is_fenced || heading.len() == line.len() || !heading.starts_with(' ') {
            continue;
        }
        let name: String = heading.trim().to_lowercase().chars().filter_map(kept).collect();
        let before = seen.entry(name.clone()).or_default();
        found.push(if *before == 0 { name } else { format!("{name}-{before}") });
        *before += 1;
    }
    found
}

fn kept(character: char) -> Option<char> {
    match character {
        ' ' => Some('-'),
        '-' | '_' => Some(character),
        _ if character.is_alphanumeric() => Some(character),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PAGE: &str = "# A page\n\n[a `[b]`\nc](x/y.md#z), [d](#e) `[no](no.md)` [far](https://here/x)\n\n```md\n[no](no.md)\n# No\n```\n\n## E, `f_g`!\n## A page\n![p](q.svg)\n";

    #[test]
    fn links_are_found_and_code_is_not() {
        let found: Vec<(usize, &str, &str, Option<&str>)> =
            of(PAGE).into_iter().map(|link| (link.line, link.text, link.path, link.anchor)).collect();
        assert_eq!(found, [(4, "a `[b]`\nc", "x/y.md", Some("z")), (4, "d", "", Some("e")), (13, "p", "q.svg", None)]);
        assert_eq!(&PAGE[of(PAGE)[1].whole.clone()], "[d](#e)");
    }

    #[test]
    fn headings_have_names() {
        assert_eq!(anchors(PAGE), ["a-page", "e-f_g", "a-page-1"]);
    }
}
