//! Rules about the SQL that becomes part of a database: nothing in it looks a name up where somebody else can put one.
//! `.ci/pgspot` checks the same with another program.

/// A procedure with a SET clause cannot COMMIT: this one qualifies every name and operator.
const WITHOUT_PATH: &str = "exchange.match_orders";

fn is_extension_script(path: &str) -> bool {
    path.starts_with("sql/") && path.ends_with(".sql") && !path.contains("/migrations/")
}

/// As wide as Rust may be. A long text goes on in the next line, in quotes of its own.
const WIDEST: usize = 120;
/// What a test quotes, like a statement that it has refused, is not broken from this length on: its answer may show it.
const UNBROKEN: usize = 80;
/// What drivers send, to the letter.
const VERBATIM: [&str; 2] = ["pg_regress/sql/exchange_orms.sql", "pg_regress/sql/jobs_orms.sql"];

/// The lines of SQL that is ours, tests too, are as wide as those of Rust.
pub fn long_line(path: &str, text: &str) -> Vec<String> {
    // What cannot be broken in a list of tables stays.
    let is_ours = path.starts_with("sql/") && path.ends_with(".sql") && !path.ends_with("/tables.sql");
    let is_test = (path.starts_with("pg_regress/") || path.starts_with("tests/isolation/"))
        && (path.ends_with(".sql") || path.ends_with(".spec"))
        && !VERBATIM.contains(&path);
    if !is_ours && !is_test {
        return Vec::new();
    }
    (1..)
        .zip(text.lines())
        .filter(|(_, line)| line.chars().count() > WIDEST && !(is_test && longest_value(line) >= UNBROKEN))
        .map(|(number, _)| format!("{path}:{number}: wider than {WIDEST} characters"))
        .collect()
}

/// How long the longest text is that stands in quotes or between dollars in a line.
fn longest_value(line: &str) -> usize {
    // Two quotes in a row are one of the value's own.
    let line = line.replace("''", "  ");
    let quoted = line.split('\'').skip(1).step_by(2);
    let between_dollars = line.split("$$").skip(1).step_by(2);
    quoted.chain(between_dollars).map(|value| value.chars().count()).max().unwrap_or(0)
}

/// The routines that a script makes: line, qualified name, and everything before the body.
fn routines(text: &str) -> Vec<(usize, &str, &str)> {
    let begins = ["CREATE FUNCTION ", "CREATE PROCEDURE "];
    let mut found = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        let Some(rest) = begins.iter().find_map(|begin| line.strip_prefix(begin)) else { continue };
        let name = rest.split('(').next().unwrap_or(rest);
        // The line is a part of the text: its place tells where the statement goes on.
        let from = line.as_ptr() as usize - text.as_ptr() as usize;
        let statement = &text[from..];
        let end = [" AS $", " AS '", "\nAS $", "\nAS '"].iter().filter_map(|body| statement.find(body)).min();
        found.push((number, name, &statement[..end.unwrap_or(statement.len())]));
    }
    found
}

/// Every function in SQL or PL/pgSQL, and every SECURITY DEFINER, has a path that begins with pg_catalog and ends with
/// pg_temp, which would otherwise come first.
pub fn routine_without_path(path: &str, text: &str) -> Vec<String> {
    if !is_extension_script(path) {
        return Vec::new();
    }
    routines(text)
        .into_iter()
        .filter(|(_, name, header)| {
            let schema = name.split('.').next().unwrap_or_default();
            // What is private to a schema finds its tables there.
            let schema = schema.strip_suffix("_private").unwrap_or(schema);
            let wanted = format!("SET search_path = pg_catalog, {schema}, pg_temp");
            let is_compiled = header.contains("LANGUAGE c") || header.contains("LANGUAGE internal");
            let runs_as_caller_in_c = is_compiled && !header.contains("SECURITY DEFINER");
            !runs_as_caller_in_c && !header.contains(&wanted) && *name != WITHOUT_PATH
        })
        .map(|(line, name, _)| format!("{path}:{line}: {name} lacks its search_path"))
        .collect()
}

/// A session with `standard_conforming_strings` off reads the texts in a body otherwise: they hold no backslash, unless the
/// function sets that.
pub fn backslash_in_body(path: &str, text: &str) -> Vec<String> {
    if !is_extension_script(path) {
        return Vec::new();
    }
    routines(text)
        .into_iter()
        .filter(|(_, _, header)| {
            !header.contains("SET standard_conforming_strings = on") && !header.contains("LANGUAGE c")
        })
        .flat_map(|(line, name, header)| {
            let from = header.as_ptr() as usize - text.as_ptr() as usize;
            let body = text[from..].split("\n$$;").next().unwrap_or_default();
            // An E'…' means the same everywhere.
            let has_one = body.lines().any(|line| {
                let texts: Vec<&str> = line.split('\'').collect();
                texts.windows(2).step_by(2).any(|pair| !pair[0].ends_with('E') && pair[1].contains('\\'))
            });
            has_one.then(|| format!("{path}:{line}: {name} has a backslash in a text"))
        })
        .collect()
}

/// Hints go out by a function that gives way when the queue of notifications is nearly full: no work fails for a hint.
pub fn bare_notify(path: &str, text: &str) -> Vec<String> {
    if !is_extension_script(path) {
        return Vec::new();
    }
    (1..)
        .zip(text.lines())
        .filter(|(_, line)| line.contains("pg_notify("))
        .map(|(number, _)| format!("{path}:{number}: pg_notify() instead of bourse_private.notify()"))
        .collect()
}

/// What stands there already may be somebody else's: the extension makes its objects or fails. Names are qualified,
/// so that they are made where they belong.
pub fn careless_creation(path: &str, text: &str) -> Vec<String> {
    if !is_extension_script(path) {
        return Vec::new();
    }
    let mut violations = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        // `IF NOT EXISTS (SELECT …` is PL/pgSQL.
        let conditional = line.split("IF NOT EXISTS").skip(1).any(|rest| !rest.trim_start().starts_with('('));
        if line.contains("CREATE OR REPLACE") || conditional {
            violations.push(format!("{path}:{number}: makes what may be there already"));
        }
    }
    let unqualified = routines(text).into_iter().filter(|(_, name, _)| !name.contains('.'));
    violations.extend(unqualified.map(|(line, name, _)| format!("{path}:{line}: {name} has no schema")));
    violations
}

/// What follows the locale of the database compares names in one way here and in another there: in Turkish `I` is no
/// capital of `i`.
pub fn locale_dependent(path: &str, text: &str) -> Vec<String> {
    if !path.starts_with("sql/") {
        return Vec::new();
    }
    let is_part = |before: &str| before.ends_with(|c: char| c.is_alphanumeric() || c == '_');
    let calls = |line: &str, name: &str| line.match_indices(name).any(|(place, _)| !is_part(&line[..place]));
    let follows = |line: &str| {
        ["lower(", "upper(", "initcap("].iter().any(|name| calls(line, name))
            || [" ILIKE ", "~* "].iter().any(|word| line.contains(word))
    };
    (1..)
        .zip(text.lines())
        .filter(|(_, line)| !line.trim_start().starts_with("--") && !line.starts_with('\''))
        .filter(|(_, line)| follows(line) && !line.contains("COLLATE \"C\""))
        .map(|(number, line)| format!("{path}:{number}: follows the locale: {}", line.trim()))
        .collect()
}

/// The blocks of the script itself run with a path of its own.
pub fn script_without_path(path: &str, text: &str) -> Vec<String> {
    let has_path = || text.lines().any(|line| line == "SET LOCAL search_path = pg_catalog, pg_temp;");
    if path == "sql/bootstrap.sql" && !has_path() {
        return vec![format!("{path}: does not set the path of the script")];
    }
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = "CREATE FUNCTION a.f(b text) RETURNS text\n\
                        LANGUAGE sql SECURITY DEFINER SET search_path = pg_catalog, a, pg_temp AS $$ SELECT 1 $$;\n\
                        CREATE FUNCTION a.g() RETURNS text LANGUAGE c AS 'MODULE_PATHNAME';\n";

    #[test]
    fn a_line_of_121_characters_is_too_wide() {
        let lines = |width: usize| format!("-- {}\n", "ä".repeat(width - 3));
        assert_eq!(long_line("sql/a/f.sql", &(lines(120) + &lines(121))), ["sql/a/f.sql:2: wider than 120 characters"]);
        assert_eq!(long_line("sql/a/migrations/0001_b.sql", &lines(121)).len(), 1);
        assert!(long_line("sql/a/tables.sql", &lines(121)).is_empty());
    }

    #[test]
    fn a_test_may_be_wider_only_for_a_long_value() {
        let line = |value: usize| format!("SELECT refusal('{}', {});\n", "ä".repeat(value), "1, ".repeat(30));
        for path in ["pg_regress/sql/a.sql", "pg_regress/fixtures.sql", "tests/isolation/specs/a.spec"] {
            assert_eq!(long_line(path, &line(79)).len(), 1, "{path}");
            assert!(long_line(path, &line(80)).is_empty(), "{path}");
        }
        assert_eq!(long_line("sql/a/f.sql", &line(80)).len(), 1);
        assert!(long_line(VERBATIM[0], &line(79)).is_empty());
        assert!(long_line("pg_regress/expected/a.out", &line(79)).is_empty());
        for value in ["$$".to_owned() + &"x".repeat(80) + "$$", format!("'{}", "it''s ".repeat(14))] {
            assert!(long_line("pg_regress/sql/a.sql", &format!("{value}{}", "-".repeat(60))).is_empty(), "{value}");
        }
    }

    #[test]
    fn a_routine_needs_its_path() {
        let rule = routine_without_path;
        assert!(rule("sql/a/f.sql", GOOD).is_empty());
        assert_eq!(rule("sql/a/f.sql", &GOOD.replace(", pg_temp", "")).len(), 1);
        assert_eq!(rule("sql/a/f.sql", &GOOD.replace("pg_catalog, a", "a, pg_catalog")).len(), 1);
        assert_eq!(rule("sql/a/f.sql", &GOOD.replace("LANGUAGE c", "LANGUAGE c SECURITY DEFINER")).len(), 1);
        let next = "CREATE FUNCTION a.h() RETURNS text LANGUAGE c\nAS 'MODULE_PATHNAME';\nSECURITY DEFINER\n";
        assert!(rule("sql/a/f.sql", next).is_empty(), "what follows the body is not its header");
        assert!(rule("sql/a/f.sql", &GOOD.replace("a.f(", "a_private.f(")).is_empty());
        assert!(
            rule("sql/a/migrations/0001_b.sql", &GOOD.replace(", pg_temp", "")).is_empty(),
            "the runner sets their path"
        );
    }

    #[test]
    fn a_script_makes_its_own_objects_or_fails() {
        let rule = careless_creation;
        assert!(rule("sql/a/f.sql", GOOD).is_empty());
        assert_eq!(rule("sql/a/f.sql", &GOOD.replace("a.g()", "g()")).len(), 1);
        assert_eq!(rule("sql/a/f.sql", "CREATE OR REPLACE FUNCTION a.f()").len(), 1);
        assert_eq!(rule("sql/a/f.sql", "CREATE TABLE IF NOT EXISTS a.t ()").len(), 1);
        assert!(rule("sql/a/f.sql", "IF NOT EXISTS (SELECT FROM a.t) THEN").is_empty());
    }

    #[test]
    fn what_follows_the_locale_is_found() {
        let rule = locale_dependent;
        assert_eq!(rule("sql/a/f.sql", "IF lower(a) = 'b' THEN\nRETURN upper(a COLLATE \"C\");\n-- lower(a)").len(), 1);
        assert_eq!(rule("sql/a/migrations/0001_b.sql", "WHERE a !~* 'pin'").len(), 1);
        assert!(rule("sql/a/f.sql", "WHERE a COLLATE \"C\" ~* 'pin' AND identity.fold(b) = 'c'").is_empty());
        assert!(rule("sql/a/f.sql", "PERFORM a.add_follower(b);").is_empty());
    }

    #[test]
    fn the_script_sets_its_path() {
        assert_eq!(script_without_path("sql/bootstrap.sql", "SELECT 1;").len(), 1);
        assert!(script_without_path("sql/bootstrap.sql", "SET LOCAL search_path = pg_catalog, pg_temp;\n").is_empty());
    }

    #[test]
    fn texts_in_bodies_mean_the_same_in_every_session() {
        let with = |header: &str, text: &str| {
            let body =
                format!("CREATE FUNCTION a.f() RETURNS void\nLANGUAGE sql {header}AS $$\n    SELECT '{text}'\n$$;\n");
            backslash_in_body("sql/a/f.sql", &body).len()
        };
        assert_eq!(with("", r"\d"), 1);
        assert_eq!(with("", "[0-9]"), 0);
        assert_eq!(with("SET standard_conforming_strings = on ", r"\d"), 0);
    }

    #[test]
    fn hints_are_sent_by_the_function_that_gives_way() {
        let call = "    PERFORM pg_notify('a', '');\n";
        assert_eq!(bare_notify("sql/a/f.sql", call).len(), 1);
        assert!(bare_notify("sql/a/f.sql", "    PERFORM bourse_private.notify('a', '');\n").is_empty());
        assert!(bare_notify("pg_regress/sql/a.sql", call).is_empty());
    }
}
