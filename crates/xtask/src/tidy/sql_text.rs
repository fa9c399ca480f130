//! SQL text cut into code and strings, and the names of schemas in it: enough of a scanner for the house rules, far
//! from a parser.

/// A part of an SQL text, with its place.
#[derive(Debug, PartialEq, Eq)]
enum Piece<'a> {
    /// What is neither string nor comment. The body of a function between dollars is cut up like the text around it.
    Code(usize, &'a str),
    /// What stands between single quotes.
    Text(usize, &'a str),
}

/// What begins a statement; a string that begins with one is SQL that somebody runs.
const VERBS: [&str; 26] = [
    "ALTER", "ANALYZE", "CALL", "CLUSTER", "COMMENT", "COPY", "CREATE", "DELETE", "DO", "DROP", "EXPLAIN", "GRANT",
    "INSERT", "LOCK", "MERGE", "NOTIFY", "REFRESH", "REINDEX", "REVOKE", "SELECT", "SET", "TABLE", "TRUNCATE",
    "UPDATE", "VACUUM", "WITH",
];

fn pieces(text: &str) -> Vec<Piece<'_>> {
    let bytes = text.as_bytes();
    let mut pieces = Vec::new();
    let (mut from, mut at) = (0, 0);
    while at < bytes.len() {
        let rest = &text[at..];
        let (skipped, string) = if rest.starts_with("--") {
            (rest.find('\n').unwrap_or(rest.len()), None)
        } else if rest.starts_with("/*") {
            (comment(rest), None)
        } else if rest.starts_with('\'') {
            let escapes = at > 0 && matches!(bytes[at - 1], b'E' | b'e') && !is_name_before(bytes, at - 1);
            let length = quoted(rest, escapes);
            (length, Some(at + 1..at + length - 1))
        } else if rest.starts_with('$') && !is_name_before(bytes, at) {
            (dollar(rest), None)
        } else {
            (0, None)
        };
        if skipped == 0 {
            at += rest.chars().next().map_or(1, char::len_utf8);
            continue;
        }
        pieces.push(Piece::Code(from, &text[from..at]));
        pieces.extend(string.map(|range| Piece::Text(range.start, &text[range])));
        at += skipped;
        from = at;
    }
    pieces.push(Piece::Code(from, &text[from..]));
    pieces
}

fn is_name_before(bytes: &[u8], at: usize) -> bool {
    at > 0 && (bytes[at - 1].is_ascii_alphanumeric() || bytes[at - 1] == b'_')
}

/// The length of a comment in slashes, which may hold others.
fn comment(rest: &str) -> usize {
    let (mut depth, mut at) = (0, 0);
    while at < rest.len() {
        let (step, nesting) = match &rest.as_bytes()[at..] {
            [b'/', b'*', ..] => (2, 1),
            [b'*', b'/', ..] => (2, -1),
            _ => (1, 0),
        };
        at += step;
        depth += nesting;
        if depth == 0 {
            return at;
        }
    }
    rest.len()
}

/// The length of a string, its quotes included; a doubled quote does not end it.
fn quoted(rest: &str, escapes: bool) -> usize {
    let bytes = rest.as_bytes();
    let mut at = 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' if escapes => at += 2,
            b'\'' if bytes.get(at + 1) == Some(&b'\'') => at += 2,
            b'\'' => return at + 1,
            _ => at += 1,
        }
    }
    bytes.len()
}

/// The length of `$tag$`; nothing when none begins here. What is between two of them is read on as code.
fn dollar(rest: &str) -> usize {
    let tag = rest[1..].find('$').map(|end| &rest[1..=end]);
    match tag {
        Some(tag) if tag.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_') => tag.len() + 2,
        _ => 0,
    }
}

/// The schemas that an SQL text names, out of these, each with its place: `schema.name` in code, and in the strings
/// that stand for code.
pub fn schemas_named<'s>(text: &str, schemas: &[&'s str]) -> Vec<(usize, &'s str)> {
    let mut found = Vec::new();
    for piece in pieces(text) {
        match piece {
            Piece::Code(place, code) => {
                found.extend(schemas_in_code(code, schemas).into_iter().map(|(at, schema)| (place + at, schema)));
            }
            Piece::Text(place, string) => {
                let named = schemas_in_string(string, schemas);
                found.extend(named.into_iter().map(|schema| (place, schema)));
            }
        }
    }
    found
}

fn schemas_in_code<'s>(code: &str, schemas: &[&'s str]) -> Vec<(usize, &'s str)> {
    let bytes = code.as_bytes();
    let mut found = Vec::new();
    for schema in schemas {
        for (at, _) in code.match_indices(schema) {
            let begins = !is_name_before(bytes, at) && !code[..at].ends_with('.');
            let rest = &code[at + schema.len()..];
            let rest = rest.strip_prefix("_private").unwrap_or(rest);
            let rest = rest.strip_prefix('"').unwrap_or(rest);
            let qualifies = rest.strip_prefix('.').and_then(|rest| rest.chars().next());
            if begins && qualifies.is_some_and(|next| next.is_alphabetic() || matches!(next, '_' | '"' | '*' | '%')) {
                found.push((at, *schema));
            }
        }
    }
    found
}

/// The schemas in a string that stands for code: the name of something, or a statement. A sentence ends with a full
/// stop and may name whatever its reader should call.
pub fn schemas_in_string<'s>(string: &str, schemas: &[&'s str]) -> Vec<&'s str> {
    let name = string.strip_suffix('%').unwrap_or(string).split('(').next().unwrap_or_default();
    let is_name = !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.'));
    if is_name && name.split('.').count() == 2 {
        let schema = name.split('.').next().unwrap_or_default();
        let schema = schema.strip_suffix("_private").unwrap_or(schema);
        return schemas.iter().copied().filter(|known| *known == schema).collect();
    }
    let trimmed = string.trim();
    let first = trimmed.split_whitespace().next().unwrap_or_default();
    if !VERBS.contains(&first) || trimmed.ends_with('.') {
        return Vec::new();
    }
    schemas_named(&string.replace("''", "'"), schemas).into_iter().map(|(_, schema)| schema).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(text: &str) -> Vec<&'static str> {
        schemas_named(text, &["low", "high"]).into_iter().map(|(_, schema)| schema).collect()
    }

    #[test]
    fn a_text_is_cut_into_code_and_strings() {
        let text = "a -- 'b'\n'c''d' /* e /* f */ g */ $x$ h 'i' $x$ E'j\\'k' l $1";
        let texts: Vec<&str> = pieces(text)
            .into_iter()
            .filter_map(|piece| match piece {
                Piece::Text(at, string) => {
                    assert_eq!(&text[at..at + string.len()], string);
                    Some(string)
                }
                Piece::Code(..) => None,
            })
            .collect();
        assert_eq!(texts, ["c''d", "i", "j\\'k"]);
    }

    #[test]
    fn functions_tables_types_and_bodies_are_names() {
        for text in [
            "SELECT high.f(1)",
            "FROM low.t JOIN high.t USING (id)",
            "a high.order_result",
            "$$ BEGIN PERFORM high_private.f(); END $$",
            "\"high\".t",
            "high.t%ROWTYPE",
            "COMMENT ON TABLE high.t IS 'x'",
        ] {
            assert!(named(text).contains(&"high"), "{text}");
        }
        for text in ["c.high.x", "shigh.f()", "high", "a.high = high", "-- high.f()\n", "/* high.f() */", "high .. 3"] {
            assert!(named(text).is_empty(), "{text}");
        }
    }

    #[test]
    fn strings_that_stand_for_code_are_names() {
        for text in [
            "'high.t'::regclass",
            "to_regclass('high.t')",
            "'high.f(bigint)'::regprocedure",
            "x NOT LIKE 'high.%'",
            "q := format('SELECT high.f(%L)', a)",
            "EXECUTE 'DELETE FROM high.t WHERE a = ''b'''",
        ] {
            assert_eq!(named(text), ["high"], "{text}");
        }
    }

    #[test]
    fn sentences_may_name_what_to_call() {
        for text in [
            "HINT = 'SELECT high.f() first, then low.g() again.'",
            "COMMENT ON TABLE t IS 'What high.f() has written'",
            "MESSAGE = 'high.t is empty'",
        ] {
            assert!(named(text).is_empty(), "{text}");
        }
    }
}
