//! Tables of figures that are shown twice: aligned in a terminal, in Markdown on a page.

use crate::table;

/// A head and rows; the first column is words, the others are numbers.
pub struct Grid {
    rows: Vec<Vec<String>>,
}

impl Grid {
    /// A table with this head and no rows yet.
    pub fn new(head: &[&str]) -> Self {
        Self { rows: vec![table::row(head)] }
    }

    /// Adds a row.
    pub fn push(&mut self, row: Vec<String>) {
        self.rows.push(row);
    }

    /// For a terminal.
    pub fn text(&self) -> String {
        table::layout(&self.rows, 1)
    }

    /// For a page.
    pub fn markdown(&self) -> String {
        let line = |cells: &[String]| format!("| {} |\n", cells.join(" | "));
        let mut rows = self.rows.iter();
        let mut text = String::new();
        if let Some(head) = rows.next() {
            text.push_str(&line(head));
            text.push_str("|---|");
            text.push_str(&"---:|".repeat(head.len().saturating_sub(1)));
            text.push('\n');
        }
        rows.for_each(|row| text.push_str(&line(row)));
        text
    }
}

/// 1234567.891 with 2 decimals: `1,234,567.89`.
pub fn thousands(value: f64, decimals: usize) -> String {
    let text = format!("{:.decimals$}", value.abs());
    let whole = text.split('.').next().unwrap_or(&text);
    let mut out = String::new();
    for (index, digit) in whole.chars().enumerate() {
        if index > 0 && (whole.len() - index) % 3 == 0 {
            out.push(',');
        }
        out.push(digit);
    }
    out.push_str(&text[whole.len()..]);
    if value < 0.0 { format!("-{out}") } else { out }
}

/// A number of things: `1,234`.
pub fn count(value: impl Into<u64>) -> String {
    thousands(value.into() as f64, 0)
}

/// A ratio; nothing where there is nothing to divide by.
pub fn ratio(above: f64, below: f64, decimals: usize) -> String {
    if below > 0.0 { format!("{} x", thousands(above / below, decimals)) } else { String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_grouped() {
        assert_eq!(thousands(1_234_567.891, 2), "1,234,567.89");
        assert_eq!(thousands(123.0, 0), "123");
        assert_eq!(thousands(-1234.5, 1), "-1,234.5");
        assert_eq!(count(1000_u32), "1,000");
        assert_eq!(ratio(3.0, 0.0, 1), "");
        assert_eq!(ratio(3.0, 2.0, 1), "1.5 x");
    }

    #[test]
    fn a_page_shows_what_a_terminal_shows() {
        let mut grid = Grid::new(&["clients", "a", "b"]);
        grid.push(table::row(&["1", "2", "3"]));
        assert_eq!(grid.text(), "  clients  a  b\n  1        2  3\n");
        assert_eq!(grid.markdown(), "| clients | a | b |\n|---|---:|---:|\n| 1 | 2 | 3 |\n");
    }
}
