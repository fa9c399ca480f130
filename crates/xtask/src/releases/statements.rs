//! The statements of an extension script, and what each of them makes.

use crate::failure::{Failure, Result};

/// The statements of a script, without the comments before each and the semicolon.
pub fn split(script: &str) -> Result<Vec<&str>> {
    let mut found = Vec::new();
    let mut rest = script;
    loop {
        rest = skip_blank(rest);
        if rest.is_empty() {
            return Ok(found);
        }
        let end = length(rest).ok_or_else(|| unreadable(rest))?;
        found.push(rest[..end].trim_end());
        rest = &rest[end + 1..];
    }
}

fn unreadable(statement: &str) -> Failure {
    let line = statement.lines().next().unwrap_or_default();
    Failure::new(format!("a statement of the script has no end: {line}"), "end it with a semicolon")
}

/// What comes after white space and comments.
fn skip_blank(text: &str) -> &str {
    let mut rest = text.trim_start();
    while rest.starts_with("--") || rest.starts_with("/*") {
        rest = rest[step(rest)..].trim_start();
    }
    rest
}

/// The bytes before the semicolon that ends a statement.
fn length(text: &str) -> Option<usize> {
    let mut at = 0;
    while at < text.len() {
        if text[at..].starts_with(';') {
            return Some(at);
        }
        at += step(&text[at..]);
    }
    None
}

/// The length of what stands first: a comment, a string, a name in quotes, a text between dollars, or one character.
pub fn step(text: &str) -> usize {
    let until = |open: usize, close: &str| text[open..].find(close).map_or(text.len(), |at| open + at + close.len());
    match text.as_bytes() {
        [b'-', b'-', ..] => until(2, "\n"),
        [b'/', b'*', ..] => until(2, "*/"),
        [b'\'', ..] => until(1, "'"),
        [b'"', ..] => until(1, "\""),
        [b'$', ..] => match dollar_tag(text) {
            Some(tag) => until(tag.len(), tag),
            None => 1,
        },
        _ => text.chars().next().map_or(1, char::len_utf8),
    }
}

fn dollar_tag(text: &str) -> Option<&str> {
    let end = text[1..].find('$')? + 2;
    text[1..end - 1].bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_').then(|| &text[..end])
}

/// Where one of these words first stands alone, outside of strings and parentheses.
pub fn find_word(text: &str, words: &[&str]) -> Option<usize> {
    let (mut at, mut depth) = (0, 0_i32);
    let mut is_inside = false;
    while at < text.len() {
        let rest = &text[at..];
        let first = rest.as_bytes()[0];
        depth += i32::from(first == b'(') - i32::from(first == b')');
        let is_word = |word: &&&str| {
            let after = rest.as_bytes().get(word.len());
            rest.starts_with(**word) && !after.is_some_and(|b| b.is_ascii_alphanumeric() || *b == b'_')
        };
        if depth == 0 && !is_inside && words.iter().any(|word| is_word(&word)) {
            return Some(at);
        }
        is_inside = first.is_ascii_alphanumeric() || first == b'_' || first == b'.';
        at += step(rest);
    }
    None
}

/// White space as one blank, so that a line break makes no difference.
pub fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What stands in the parentheses with which a text begins, and what comes after.
pub fn in_parentheses(text: &str) -> Option<(&str, &str)> {
    let (mut at, mut depth) = (0, 0_u32);
    while at < text.len() {
        match text.as_bytes()[at] {
            b'(' => depth += 1,
            b')' if depth == 1 => return Some((&text[1..at], &text[at + 1..])),
            b')' => depth = depth.checked_sub(1)?,
            _ if depth == 0 => return None,
            _ => (),
        }
        at += step(&text[at..]);
    }
    None
}

/// A list cut at the commas that stand outside of strings and parentheses.
pub fn listed(text: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut from, mut at, mut depth) = (0, 0, 0_i32);
    while at < text.len() {
        match text.as_bytes()[at] {
            b'(' | b'[' => depth += 1,
            b')' | b']' => depth -= 1,
            b',' if depth == 0 => {
                parts.push(text[from..at].trim());
                from = at + 1;
            }
            _ => (),
        }
        at += step(&text[at..]);
    }
    parts.push(text[from..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_is_cut_at_the_semicolons_that_end_statements() {
        let script = "-- one; two\nSELECT ';', \"a;b\";\n/* x; */ DO $a$ BEGIN; $$;$$ END $a$;\n\nSELECT 'it''s;' ;\n";
        let found = split(script).expect("statements");
        assert_eq!(found, ["SELECT ';', \"a;b\"", "DO $a$ BEGIN; $$;$$ END $a$", "SELECT 'it''s;'"]);
        assert!(split("SELECT 1").is_err());
    }

    #[test]
    fn words_and_lists_are_found_outside_of_parentheses() {
        let text = "TABLE (set int, b text) SET x = 1";
        assert_eq!(find_word(text, &["SET"]), text.find("SET x"));
        assert_eq!(find_word("SETOF text STABLE", &["SET", "STABLE"]), Some(11));
        assert_eq!(in_parentheses("(a, (b)) c"), Some(("a, (b)", " c")));
        assert_eq!(
            listed("a int, b numeric(1, 2), c text DEFAULT ','"),
            ["a int", "b numeric(1, 2)", "c text DEFAULT ','"]
        );
    }
}
