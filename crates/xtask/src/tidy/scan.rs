//! Rust text without its comments and literals, and the extents of its items: enough of a
//! scanner for the house rules, far from a parser.

use std::ops::Range;

/// Replaces comments, strings and characters by spaces; every byte keeps its place and line.
pub fn code(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut kept = bytes.to_vec();
    let mut at = 0;
    while at < bytes.len() {
        let end = literal_end(bytes, at);
        if end > at {
            for byte in &mut kept[at..end] {
                if *byte != b'\n' {
                    *byte = b' ';
                }
            }
            at = end;
        } else {
            at += 1;
        }
    }
    // Only whole literals were blanked, so no character was cut.
    String::from_utf8_lossy(&kept).into_owned()
}

/// What stands between the quotes of the strings, escapes as they are written, with the place of each.
pub fn strings(text: &str) -> Vec<(usize, &str)> {
    let bytes = text.as_bytes();
    let mut found = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let end = literal_end(bytes, at);
        let literal = text.get(at..end).unwrap_or_default();
        if let Some(open) = literal.find('"').filter(|_| literal.starts_with(['"', 'r'])) {
            let inside = literal.trim_end_matches('#').strip_suffix('"').unwrap_or(literal).get(open + 1..);
            found.push((at + open + 1, inside.unwrap_or_default()));
        }
        at = end.max(at + 1);
    }
    found
}

/// Where the comment or literal that begins here ends; `at` itself when none begins.
fn literal_end(bytes: &[u8], at: usize) -> usize {
    let rest = &bytes[at..];
    let begins = |word: &[u8]| rest.starts_with(word);
    let after_name = at > 0 && is_name(bytes[at - 1]);
    if begins(b"//") {
        return at + position(rest, b"\n").unwrap_or(rest.len());
    }
    if begins(b"/*") {
        return at + position(rest, b"*/").map_or(rest.len(), |end| end + 2);
    }
    if begins(b"\"") {
        return at + quoted(rest, b'"');
    }
    if begins(b"r") && !after_name || begins(b"r") && at > 0 && bytes[at - 1] == b'b' {
        let hashes = rest[1..].iter().take_while(|b| **b == b'#').count();
        if rest.get(1 + hashes) == Some(&b'"') {
            let close = [b"\"".as_slice(), &vec![b'#'; hashes]].concat();
            let body = 2 + hashes;
            let end = position(&rest[body..], &close).map(|end| body + end + close.len());
            return at + end.unwrap_or(rest.len());
        }
    }
    // A lifetime has no closing quote after its first character.
    let is_char = begins(b"'") && (rest.get(1) == Some(&b'\\') || char_closes(rest));
    if is_char { at + quoted(rest, b'\'') } else { at }
}

fn char_closes(rest: &[u8]) -> bool {
    let text = String::from_utf8_lossy(&rest[1..rest.len().min(6)]).into_owned();
    text.chars().nth(1) == Some('\'')
}

fn quoted(rest: &[u8], quote: u8) -> usize {
    let mut at = 1;
    while at < rest.len() && rest[at] != quote {
        at += if rest[at] == b'\\' { 2 } else { 1 };
    }
    (at + 1).min(rest.len())
}

fn position(bytes: &[u8], word: &[u8]) -> Option<usize> {
    bytes.windows(word.len()).position(|window| window == word)
}

fn is_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_'
}

/// The places of a whole word in code.
pub fn words(code: &str, word: &str) -> Vec<usize> {
    let bytes = code.as_bytes();
    code.match_indices(word)
        .map(|(at, _)| at)
        .filter(|at| *at == 0 || !is_name(bytes[at - 1]))
        .filter(|at| bytes.get(at + word.len()).is_none_or(|next| !is_name(*next)))
        .collect()
}

/// The item that begins here: up to its closing brace, or to the semicolon of one without a body.
pub fn item(code: &str, from: usize) -> Range<usize> {
    let (mut round, mut curly) = (0_i32, 0_i32);
    for (offset, byte) in code.as_bytes()[from..].iter().enumerate() {
        match byte {
            b'(' | b'[' => round += 1,
            b')' | b']' => round -= 1,
            b'{' => curly += 1,
            b'}' => curly -= 1,
            _ => {}
        }
        let closed = *byte == b'}' && curly <= 0;
        let bodiless = *byte == b';' && curly == 0 && round == 0;
        if closed || bodiless {
            return from..from + offset + 1;
        }
    }
    from..code.len()
}

/// The items that only tests compile: those below `#[cfg(test)]`, `#[cfg(any(test, …))]`,
/// `#[test]` and `#[pg_test]`.
pub fn test_items(text: &str, code: &str) -> Vec<Range<usize>> {
    let mut items = Vec::new();
    for (at, _) in code.match_indices("#[") {
        let attribute = attribute_from(code, at);
        // The name of a feature is a string, so the attribute is read in the text.
        let body = &text[attribute.clone()];
        let is_test =
            !words(body, "test").is_empty() && words(body, "not").is_empty() || !words(body, "pg_test").is_empty();
        if is_test {
            items.push(item(code, attribute.end));
        }
    }
    items
}

fn attribute_from(code: &str, at: usize) -> Range<usize> {
    let mut depth = 0_i32;
    for (offset, byte) in code.as_bytes()[at..].iter().enumerate() {
        match byte {
            b'[' => depth += 1,
            b']' => depth -= 1,
            _ => continue,
        }
        if depth == 0 {
            return at..at + offset + 1;
        }
    }
    at..code.len()
}

/// The number of the line, from 1, at this place.
pub fn line_of(text: &str, at: usize) -> usize {
    text.as_bytes()[..at].iter().filter(|b| **b == b'\n').count() + 1
}

#[test]
fn literals_and_comments_are_no_code() {
    let text = "let a = \"x.y\\\"z\"; // c\nlet b = 'q'; /* d */ let r = r#\"e\"f\"#; fn g<'a>() {}";
    let code = code(text);
    assert_eq!(code.len(), text.len());
    for gone in ["x", "z", "c\n", "q", "d", "e\""] {
        assert!(!code.contains(gone), "{gone:?} in {code}");
    }
    assert!(code.contains("let b =") && code.contains("fn g<'a>() {}"));
}

#[test]
fn strings_are_found_with_what_they_hold() {
    let text = "f(\"a\", c\"b\", r#\"c\"d\"#, '\"'); // \"e\"";
    let found = strings(text);
    assert_eq!(found.iter().map(|(_, string)| *string).collect::<Vec<_>>(), ["a", "b", "c\"d"]);
    assert!(found.iter().all(|(at, string)| text[*at..].starts_with(string)));
}

#[test]
fn an_item_ends_with_its_brace_or_semicolon() {
    let code = "fn a(x: [u8; 2]) { if x { y } } fn b();";
    assert_eq!(&code[item(code, 0)], "fn a(x: [u8; 2]) { if x { y } }");
    let from = code.find("fn b").expect("it is there");
    assert_eq!(&code[item(code, from)], "fn b();");
}
