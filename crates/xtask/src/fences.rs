//! The fenced parts of a page of Markdown.

use crate::failure::{Failure, Result};

/// A fenced part.
pub struct Fence<'a> {
    /// What stands after the opening fence: `sql`, `text`, `sh` …
    pub language: &'a str,
    /// The line of the opening fence, from 1.
    pub first: usize,
    /// The line of the closing fence.
    pub last: usize,
    /// The lines between the two.
    pub content: Vec<&'a str>,
}

/// All of a page, in order; one that is never closed is refused, with the page's name.
pub fn of<'a>(name: &str, page: &'a str) -> Result<Vec<Fence<'a>>> {
    let mut fences = Vec::new();
    let mut open: Option<Fence<'_>> = None;
    for (number, line) in (1..).zip(page.lines()) {
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
            Err(Failure::new(format!("{name}:{}: a fence that is never closed", fence.first), "close it with ```"))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fence_has_its_lines() {
        let fences = of("a.md", "# T\n```sql\nSELECT 1;\n\n```\nprints\n``` text \n```\n").expect("closed fences");
        let found: Vec<_> = fences.iter().map(|f| (f.language, f.first, f.last, f.content.join("|"))).collect();
        assert_eq!(found, [("sql", 2, 5, "SELECT 1;|".to_owned()), ("text", 7, 8, String::new())]);
    }

    #[test]
    fn an_open_fence_is_refused() {
        assert!(of("a.md", "```sql\nSELECT 1;\n").is_err());
    }
}
