//! The figures that docs/why.md quotes from docs/benchmarks.md, where each has its place.

use crate::failure::{Failure, Result};

/// The page that quotes.
pub const PAGE: &str = "docs/why.md";
/// Its section that does.
const SECTION: &str = "\n## Figures\n";

/// The quoting page with the figures of the page: a row of a table in its section begins as the row of the page with the
/// same first cell does.
pub fn quoted(quoting: &str, page: &str) -> Result<String> {
    let section = section(quoting)?;
    let rows: Vec<Vec<&str>> = page.lines().filter_map(cells).collect();
    let mut lines: Vec<String> = Vec::new();
    let quotes = quoting[section.clone()].split('\n').collect::<Vec<_>>();
    for (number, line) in quotes.iter().enumerate() {
        // The head of a table stands above its rule.
        let is_head = quotes.get(number + 1).is_some_and(|next| is_rule(next));
        match cells(line).filter(|_| !is_head && !is_rule(line)) {
            Some(quote) => lines.push(row(&quote, &rows)?),
            None => lines.push((*line).to_owned()),
        }
    }
    Ok(format!("{}{}{}", &quoting[..section.start], lines.join("\n"), &quoting[section.end..]))
}

fn section(quoting: &str) -> Result<std::ops::Range<usize>> {
    let begins = quoting.find(SECTION).map(|at| at + SECTION.len());
    let Some(begins) = begins else {
        return Err(Failure::new(format!("{PAGE} has no section `{}`", SECTION.trim()), "quotes.rs looks for it"));
    };
    let length = quoting[begins..].find("\n## ").unwrap_or(quoting.len() - begins);
    Ok(begins..begins + length)
}

/// The cells of a line that is a row of a table.
fn cells(line: &str) -> Option<Vec<&str>> {
    let inside = line.strip_prefix('|')?.strip_suffix('|')?;
    Some(inside.split('|').map(str::trim).collect())
}

fn is_rule(line: &str) -> bool {
    line.starts_with("|-") && line.bytes().all(|b| matches!(b, b'|' | b'-' | b':'))
}

fn row(quote: &[&str], rows: &[Vec<&str>]) -> Result<String> {
    let mut same = rows.iter().filter(|row| row.first() == quote.first() && row.len() >= quote.len());
    match (same.next(), same.next()) {
        (Some(row), None) => Ok(format!("| {} |", row[..quote.len()].join(" | "))),
        (found, _) => Err(Failure::new(
            format!(
                "{PAGE} quotes `{}`, of which docs/benchmarks.md has {} row",
                quote.first().unwrap_or(&""),
                if found.is_some() { "more than one" } else { "no" }
            ),
            "quote a row by its first cell",
        )),
    }
}

/// Figures of speed outside of tables and programs: nobody would notice that they are old.
#[cfg(test)]
fn loose(quoting: &str) -> Result<Vec<String>> {
    const UNITS: [&str; 8] = ["ms", "µs", "ns", "x", "seconds", "messages/s", "orders/s", "transactions/s"];
    let text = &quoting[section(quoting)?];
    let prose: Vec<&str> = text.lines().filter(|line| !line.starts_with('|') && !line.contains('#')).collect();
    let joined = prose.join(" ");
    let words: Vec<&str> = joined.split_whitespace().map(|word| word.trim_matches(['(', ')', ',', ';', '.'])).collect();
    let is_number = |word: &str| word.chars().all(|c| c.is_ascii_digit() || c == ',' || c == '.') && !word.is_empty();
    let pairs = words.windows(2).filter(|pair| is_number(pair[0]) && UNITS.contains(&pair[1]));
    Ok(pairs.map(|pair| pair.join(" ")).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::{Project, read_text};

    const QUOTING: &str =
        "# T\n\n| a | 0 |\n\n## Figures\n\n| what | x |\n|---|---:|\n| a b | 1 |\n\nText.\n\n## Next\n| a b | 0 |\n";

    #[test]
    fn what_is_quoted_was_measured() {
        let project = Project::locate().expect("inside the repository");
        let read = |name: &str| read_text(&project.root.join(name)).expect("a page");
        let quoting = read(PAGE);
        let quoted = quoted(&quoting, &read("docs/benchmarks.md")).expect("rows of the page");
        for (number, (stands, measured)) in (1..).zip(quoting.lines().zip(quoted.lines())) {
            assert_eq!(stands, measured, "{PAGE}:{number}: docs/benchmarks.md says otherwise");
        }
        assert_eq!(loose(&quoting).expect("its section"), [""; 0], "quote them in a table");
    }

    #[test]
    fn a_figure_that_has_changed_is_quoted_anew() {
        let text = quoted(QUOTING, "| a b | 2 | met |\n").expect("a row");
        assert_eq!(text, QUOTING.replace("| a b | 1 |", "| a b | 2 |"));
    }

    #[test]
    fn a_row_that_is_not_there_or_there_twice_cannot_be_quoted() {
        assert!(quoted(QUOTING, "| b | 2 |\n").is_err());
        assert!(quoted(QUOTING, "| a b | 2 |\n| a b | 3 |\n").is_err());
        assert!(quoted("# T\n", "").is_err());
    }

    #[test]
    fn a_figure_in_prose_is_found() {
        let quoting = QUOTING.replace("Text.", "It takes (0.5 ms), twice 1,000\nmessages/s, of 2 cores.");
        assert_eq!(loose(&quoting).expect("its section"), ["0.5 ms", "1,000 messages/s"]);
        assert!(loose(QUOTING).expect("its section").is_empty());
    }
}
