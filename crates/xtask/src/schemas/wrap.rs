//! Long lines of SQL, broken for readers.

/// As wide as a line of ours may be.
const WIDTH: usize = 120;
/// What a line had better begin with, as long as the one before it keeps so much.
const BEGINS: [&str; 10] =
    ["AND ", "OR ", "CHECK ", "EXECUTE ", "FOR EACH ", "REFERENCES ", "TO ", "USING ", "WHEN (", "WHERE "];
const KEPT: usize = 30;

/// Appends a line to a text, broken at blanks, but not inside of quotes. What follows is indented, in a comment marked
/// as one.
pub fn push(text: &mut String, line: &str) {
    let indent = line.len() - line.trim_start().len();
    let is_comment = line[indent..].starts_with("-- ");
    let next = " ".repeat(indent) + if is_comment { "-- " } else { "    " };
    let mut broken = line.to_owned();
    while let Some(place) = break_of(&broken, is_comment) {
        text.push_str(&broken[..place]);
        text.push('\n');
        broken.replace_range(..=place, &next);
    }
    text.push_str(&broken);
    text.push('\n');
}

/// The blank at which a line that is too long ends: the best one with room for what is before it, else the first.
fn break_of(line: &str, is_comment: bool) -> Option<usize> {
    if line.chars().count() <= WIDTH {
        return None;
    }
    let indent = line.len() - line.trim_start().len();
    let from = if is_comment { indent + "-- ".len() } else { indent };
    let mut quoted = false;
    let (mut last, mut best) = (None, None);
    for (width, (index, character)) in line.char_indices().enumerate() {
        quoted ^= character == '\'' && !is_comment;
        if character != ' ' || quoted || index < from {
            continue;
        }
        if width > WIDTH && last.is_some() {
            break;
        }
        last = Some(index);
        if !is_comment && width >= from + KEPT && BEGINS.iter().any(|word| line[index + 1..].starts_with(word)) {
            best = last;
        }
    }
    best.or(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wrapped(line: &str) -> String {
        let mut text = String::new();
        push(&mut text, line);
        text
    }

    #[test]
    fn a_short_line_stays() {
        assert_eq!(wrapped(""), "\n");
        assert_eq!(wrapped("    a text,"), "    a text,\n");
        let full = format!("{}y", "x ".repeat(59));
        assert_eq!(wrapped(&full), format!("{full}\n"));
    }

    #[test]
    fn a_long_line_is_broken_at_a_blank_and_indented() {
        let line = format!("  {} + {}", "x".repeat(60), "y".repeat(60));
        assert_eq!(wrapped(&line), format!("  {} +\n      {}\n", "x".repeat(60), "y".repeat(60)));
    }

    #[test]
    fn a_line_begins_with_a_keyword_where_there_is_one() {
        let line = format!("{} AND b IN (c, d) AND {}", "x".repeat(60), "y".repeat(60));
        assert_eq!(wrapped(&line), format!("{} AND b IN (c, d)\n    AND {}\n", "x".repeat(60), "y".repeat(60)));
    }

    #[test]
    fn a_comment_goes_on_as_one() {
        let line = format!("    -- it's {} so", "x".repeat(112));
        assert_eq!(wrapped(&line), format!("    -- it's\n    -- {}\n    -- so\n", "x".repeat(112)));
    }

    #[test]
    fn quotes_are_not_broken() {
        let line = format!("a 'b {}' c", "x ".repeat(70));
        assert_eq!(wrapped(&line), format!("a\n    'b {}'\n    c\n", "x ".repeat(70)));
    }
}
