//! The entry of one function on the page: heading, signature, text, refusals.

use super::catalog::Function;

/// The longest line of the page, where words allow it.
const WIDTH: usize = 120;
/// What would begin a list or a heading at the beginning of a line.
const MARKS: [&str; 5] = ["-", "+", "*", "#", "1."];

/// The entries of these functions; those of one name share a heading.
pub fn entries(functions: &[&Function]) -> String {
    let mut text = String::new();
    let mut last = "";
    for function in functions {
        if function.name != last {
            text.push_str(&format!("#### {}.{}\n\n", function.schema, function.name));
            last = &function.name;
        }
        text.push_str(&entry(function));
    }
    text
}

fn entry(function: &Function) -> String {
    let (told, refused) = parts(&function.text);
    let mut text =
        format!("{}\n\n{}\n\n", wrapped(&signature(function)), wrapped(&ended(&coded(&escaped(told), function))));
    if let Some(refused) = refused {
        text.push_str(&wrapped(&ended(&format!("Refuses: {}", coded(&escaped(refused), function)))));
        text.push_str("\n\n");
    }
    text
}

fn signature(function: &Function) -> String {
    let call = if function.is_procedure { "CALL " } else { "" };
    let result = match function.result.as_str() {
        "" | "void" => "nothing".to_owned(),
        result if function.gives_rows => format!("rows of `{result}`"),
        result => format!("`{result}`"),
    };
    let arguments = function.arguments.join(", ");
    format!("`{call}{}({arguments})` returns {result}. Callers: {}.", function.name, function.callers.join(", "))
}

/// What a COMMENT tells, and from the first SQLSTATE that begins a sentence on, what is refused.
fn parts(comment: &str) -> (&str, Option<&str>) {
    let begins = |at: usize| comment[at..].split(' ').next().is_some_and(is_sqlstate);
    let starts = comment.match_indices(". ").map(|(at, dot)| at + dot.len());
    match starts.into_iter().find(|at| begins(*at)) {
        Some(at) => (comment[..at].trim_end(), Some(&comment[at..])),
        None => (comment, None),
    }
}

fn is_sqlstate(word: &str) -> bool {
    word.len() == 5
        && word.bytes().all(|b| b.is_ascii_digit() || b.is_ascii_uppercase())
        && word.bytes().any(|b| b.is_ascii_digit())
}

/// With the full stop that a COMMENT leaves out at its end.
fn ended(text: &str) -> String {
    if text.ends_with(['.', '…']) { text.to_owned() } else { format!("{text}.") }
}

/// SQLSTATEs, names and the arguments that a text explains as code.
fn coded(text: &str, function: &Function) -> String {
    let words = text.split(' ').map(|word| {
        let end = word.trim_end_matches([',', '.', ':', ';']).len();
        let begin = word.len() - word.trim_start_matches('(').len();
        // A bracket that closes what opened before the word is no part of it.
        let end = if word[..end].ends_with(')') && !word[begin..end].contains('(') { end - 1 } else { end };
        let name = word.get(begin..end).unwrap_or_default();
        let explains = word[end..].starts_with(':') && function.takes(name);
        let is_code = is_sqlstate(name) || explains || is_name(name);
        if is_code { format!("{}`{name}`{}", &word[..begin], &word[end..]) } else { word.to_owned() }
    });
    words.collect::<Vec<_>>().join(" ")
}

/// What only a name looks like: `order_book`, `seal()`, `assets.locked_amount`, but not `1.5` or `e.g`.
fn is_name(word: &str) -> bool {
    let plain = word.split('(').next().unwrap_or_default();
    let is_lower = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_' || b == b'.';
    let begins = plain.bytes().next().is_some_and(|b| b.is_ascii_lowercase());
    begins && plain.bytes().all(is_lower) && (plain.contains('_') || plain.len() < word.len())
}

/// Without what Markdown would take for markup.
fn escaped(text: &str) -> String {
    text.replace('*', "\\*").replace('<', "\\<").replace('[', "\\[")
}

/// Lines of at most 120 characters. Code may run over the end of a line: Markdown takes that for a blank.
fn wrapped(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if MARKS.contains(&word) || line.chars().count() + 1 + word.chars().count() <= WIDTH => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn function(name: &str, text: &str) -> Function {
        Function {
            schema: "s".into(),
            name: name.into(),
            arguments: vec!["a bigint".into()],
            result: "text".into(),
            callers: vec!["trader".into(), "worker".into()],
            text: text.into(),
            ..Function::default()
        }
    }

    #[test]
    fn an_entry_has_its_heading_signature_text_and_refusals() {
        let f = function("f", "Does. Returns *a*. 22004 NULL, 42501 not your user_id");
        let g = function("f", "The same");
        let page = entries(&[&f, &g]);
        let expected = "#### s.f\n\n`f(a bigint)` returns `text`. Callers: trader, worker.\n\nDoes. Returns \\*a\\*.\n\n\
                        Refuses: `22004` NULL, `42501` not your `user_id`.\n\n\
                        `f(a bigint)` returns `text`. Callers: trader, worker.\n\nThe same.\n\n";
        assert_eq!(page, expected);
    }

    #[test]
    fn rows_nothing_and_procedures_are_told() {
        let mut f = function("f", "");
        f.gives_rows = true;
        assert!(signature(&f).contains("returns rows of `text`."));
        f.result = "void".into();
        f.is_procedure = true;
        assert_eq!(signature(&f), "`CALL f(a bigint)` returns nothing. Callers: trader, worker.");
    }

    #[test]
    fn a_number_in_a_sentence_is_no_sqlstate() {
        let text = "At most 10000 rows. Up to 65536 characters";
        assert_eq!(parts(text), (text, None));
        assert!(!is_sqlstate("BEGIN") && !is_sqlstate("1,000") && is_sqlstate("P0001"));
    }

    #[test]
    fn names_and_explained_arguments_are_code() {
        let coded = |text: &str| coded(text, &function("f", ""));
        assert_eq!(
            coded("a: of a (see seal() and audit.t_a, or b_c)."),
            "`a`: of a (see `seal()` and `audit.t_a`, or `b_c`)."
        );
        assert_eq!(coded("b: 0.5, NULL, at_once (x)"), "b: 0.5, NULL, `at_once` (x)");
    }

    #[test]
    fn lines_end_before_120_characters_and_begin_no_list() {
        let text = format!("{} - {}", "x".repeat(119), "y ".repeat(80).trim_end());
        let lines: Vec<String> = wrapped(&text).lines().map(str::to_owned).collect();
        assert!(lines[0].ends_with("x -") && lines[1..].iter().all(|line| line.len() <= WIDTH), "{lines:?}");
    }
}
