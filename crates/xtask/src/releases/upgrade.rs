//! The script that makes the functions of a release those of a later version: `ALTER EXTENSION pg_bourse UPDATE`.
//!
//! It is written from the two scripts. What is the same in both stays as it is; what is SET, locked or done is said again,
//! so a DO of a script must be safe to repeat.

use std::collections::HashSet;

use super::routine::Routine;
use super::statements::{find_word, in_parentheses, listed, split, squeezed};
use crate::failure::{Failure, Result};

/// Both scripts, and what a human being has written for what no machine can know.
pub struct Change<'a> {
    /// The script of the release, and the one of now.
    pub old: &'a str,
    /// The script that follows.
    pub new: &'a str,
    /// SQL that runs before what is written here. What it names is its affair.
    pub by_hand: &'a str,
}

/// A script in its parts.
struct Script<'a> {
    statements: Vec<&'a str>,
    texts: HashSet<&'a str>,
    routines: Vec<(Routine, &'a str)>,
}

impl<'a> Script<'a> {
    fn read(text: &'a str) -> Result<Self> {
        let statements = split(text)?;
        let routines = statements.iter().filter_map(|text| Some((Routine::read(text)?, *text))).collect();
        Ok(Self { texts: statements.iter().copied().collect(), routines, statements })
    }

    fn same(&self, routine: &Routine) -> Option<&Routine> {
        self.routines.iter().map(|(found, _)| found).find(|found| found.signature() == routine.signature())
    }

    fn has_name(&self, routine: &Routine) -> bool {
        self.routines.iter().any(|(found, _)| found.name == routine.name)
    }

    fn is_made(&self, head: &str) -> bool {
        self.statements.iter().any(|text| head_of(text) == head)
    }
}

/// What becomes of the routines that are not as they were.
#[derive(Default)]
struct Routines<'a> {
    /// Made anew, or under other arguments: dropped first.
    dropped: Vec<&'a Routine>,
    /// No longer there in any form.
    gone: Vec<&'a Routine>,
}

impl Routines<'_> {
    /// Whether a statement says something of one of these.
    fn named_in(list: &[&Routine], statement: &str) -> bool {
        list.iter().any(|routine| statement.contains(&format!(" {}(", routine.name)))
    }
}

impl Change<'_> {
    /// The script, or why there is none.
    pub fn script(&self) -> Result<String> {
        let (old, new) = (Script::read(self.old)?, Script::read(self.new)?);
        let mut refusals = reused_symbols(&old, &new);
        let routines = sort(&old, &new);
        let taken_back = taken_back(&old, &new, &routines);
        let mut parts = event_triggers(&old, &new, "DISABLE");
        parts.extend(taken_back.iter().cloned());
        parts.extend(split(self.by_hand)?.into_iter().map(str::to_owned));
        let objects = self.objects(&old, &new, &mut refusals);
        parts.extend(objects.first);
        parts.extend(routines.dropped.iter().map(|routine| format!("DROP {}", routine.signature())));
        let (last, others) = match new.statements.split_last() {
            Some((last, others)) if last.starts_with("DO ") => (last, others),
            _ => return Err(Failure::new("the script does not end with a DO", "sql/finalize.sql comes last")),
        };
        parts.extend(others.iter().filter_map(|text| said_again(text, &old, &routines, &taken_back)));
        parts.extend(objects.last);
        parts.push(let_go(&routines.gone));
        parts.extend(given_back(&old, &new));
        parts.push((*last).to_owned());
        parts.extend(event_triggers(&old, &new, "ENABLE"));
        if refusals.is_empty() {
            return Ok(parts.iter().filter(|part| !part.is_empty()).map(|part| format!("{part};\n")).collect());
        }
        Err(Failure::new(
            refusals.join("\n  "),
            "docs/migrations.md says what an update can do, and what is done by hand",
        ))
    }

    /// Types, event triggers, schemas and whatever else is made once.
    fn objects(&self, old: &Script<'_>, new: &Script<'_>, refusals: &mut Vec<String>) -> Objects {
        let mut objects = Objects::default();
        let makes = |text: &&&str| text.starts_with("CREATE ") && Routine::read(text).is_none();
        for before in old.statements.iter().filter(makes).filter(|text| !new.texts.contains(**text)) {
            let head = head_of(before);
            let after = new.statements.iter().find(|text| head_of(text) == head);
            let name = head.split(' ').next_back().unwrap_or_default();
            if !self.by_hand.is_empty() && self.by_hand.contains(name) {
                continue;
            }
            match (head.split(' ').nth(1), after) {
                (Some("EVENT"), _) => objects.first.push(format!("DROP EVENT TRIGGER {name}")),
                (Some("TYPE"), None) => objects.last.push(format!("DROP TYPE {name}")),
                (Some("TYPE"), Some(after)) if !added(before, after).is_empty() => {
                    objects.first.extend(added(before, after).iter().map(|a| format!("ALTER TYPE {name} ADD {a}")));
                }
                (_, None) => refusals.push(format!("{head} is gone: its end is written by hand")),
                (_, Some(_)) => refusals.push(format!("{head} has changed: the change is written by hand")),
            }
        }
        objects
    }
}

#[derive(Default)]
struct Objects {
    /// Before the routines.
    first: Vec<String>,
    /// After them.
    last: Vec<String>,
}

/// What a statement makes: `CREATE TYPE exchange.order_result`.
fn head_of(statement: &str) -> String {
    let end = find_word(statement, &["AS", "ON", "AUTHORIZATION", "IS"]).unwrap_or(statement.len());
    let text = statement[..end].split('(').next().unwrap_or_default();
    squeezed(text)
}

/// What a type has more at its end; nothing when more than that has changed.
fn added(before: &str, after: &str) -> Vec<String> {
    let parts = |text: &str| -> (String, Vec<String>) {
        let Some(open) = text.find('(') else { return (text.to_owned(), Vec::new()) };
        let inside = in_parentheses(&text[open..]).map_or("", |(inside, _)| inside);
        (squeezed(&text[..open]), listed(inside).into_iter().map(squeezed).collect())
    };
    let ((head, old), (new_head, new)) = (parts(before), parts(after));
    let word = if head.ends_with("ENUM") { "VALUE" } else { "ATTRIBUTE" };
    if head != new_head || !new.starts_with(&old) {
        return Vec::new();
    }
    new[old.len()..].iter().map(|part| format!("{word} {part}")).collect()
}

/// Until the update, and in sessions of the release, its functions call this library: what has the same symbol takes the
/// same arguments.
fn reused_symbols(old: &Script<'_>, new: &Script<'_>) -> Vec<String> {
    let of_library = |script: &Script<'_>| -> Vec<Routine> {
        script.routines.iter().map(|(routine, _)| routine.clone()).filter(|routine| routine.symbol.is_some()).collect()
    };
    let (before, after) = (of_library(old), of_library(new));
    let reused = before.iter().filter(|old| after.iter().any(|new| new.symbol == old.symbol));
    let changed = reused.filter(|old| !after.iter().any(|new| new.symbol == old.symbol && new.is_called_like(old)));
    let told = changed.map(|old| {
        format!(
            "{} and its successor are one symbol of the library, called otherwise: give one another name in Rust",
            old.signature()
        )
    });
    told.collect()
}

fn sort<'a>(old: &'a Script<'_>, new: &Script<'_>) -> Routines<'a> {
    let mut sorted = Routines::default();
    for (routine, text) in &old.routines {
        match new.same(routine) {
            _ if new.texts.contains(text) => (),
            Some(after) if after.can_replace(routine) => (),
            None if !new.has_name(routine) => sorted.gone.push(routine),
            _ => sorted.dropped.push(routine),
        }
    }
    sorted
}

/// Grants and comments that are no more.
fn taken_back(old: &Script<'_>, new: &Script<'_>, routines: &Routines<'_>) -> Vec<String> {
    let is_there = |text: &&&str| !new.texts.contains(**text) && !Routines::named_in(&routines.gone, text);
    let mut parts = Vec::new();
    for text in old.statements.iter().filter(is_there) {
        if text.starts_with("GRANT ") {
            let end = find_word(text, &["TO"]).unwrap_or(text.len());
            parts.push(format!("REVOKE {}FROM{}", &text[6..end], &text[(end + 2).min(text.len())..]));
        } else if text.starts_with("COMMENT ON ") && !new.is_made(&head_of(text)) {
            parts.push(format!("{} IS NULL", head_of_comment(text)));
        }
    }
    parts
}

fn head_of_comment(text: &str) -> &str {
    text[..find_word(text, &["IS"]).unwrap_or(text.len())].trim_end()
}

/// A statement of the new script, where it has to run.
fn said_again(text: &&str, old: &Script<'_>, routines: &Routines<'_>, taken_back: &[String]) -> Option<String> {
    let is_same = old.texts.contains(*text);
    if let Some(routine) = Routine::read(text) {
        let is_dropped = routines.dropped.iter().any(|dropped| dropped.signature() == routine.signature());
        return match (is_same, old.same(&routine)) {
            (true, _) => None,
            (false, Some(_)) if !is_dropped => Some(replaced(text, &routine)),
            _ => Some((*text).to_owned()),
        };
    }
    let verb = text.split_whitespace().next().unwrap_or_default();
    let again = match verb {
        "SET" | "LOCK" | "DO" => true,
        // Of what is taken back something may be left.
        "GRANT" => !is_same || Routines::named_in(&routines.dropped, text) || shares_routine(text, taken_back),
        "COMMENT" => !is_same || Routines::named_in(&routines.dropped, text),
        "CREATE" if head_of(text).starts_with("CREATE TYPE") => !is_same && !old.is_made(&head_of(text)),
        _ => !is_same,
    };
    again.then(|| (*text).to_owned())
}

/// Ours look at every table whenever something is defined: once is enough, and migrate() does it.
fn event_triggers(old: &Script<'_>, new: &Script<'_>, state: &str) -> Vec<String> {
    let both =
        old.statements.iter().filter(|text| text.starts_with("CREATE EVENT TRIGGER ") && new.texts.contains(**text));
    both.map(|text| format!("ALTER {} {state}", head_of(text).trim_start_matches("CREATE "))).collect()
}

/// Whether a statement names a routine that one of these names.
fn shares_routine(text: &str, others: &[String]) -> bool {
    let before_parentheses = text.split('(').filter_map(|part| part.rsplit([' ', '\n', ',']).next());
    let mut names = before_parentheses.filter(|name| name.contains('.'));
    names.any(|name| others.iter().any(|other| other.contains(&format!("{name}("))))
}

fn replaced(text: &str, routine: &Routine) -> String {
    text.replacen(&format!("CREATE {}", routine.kind), &format!("CREATE OR REPLACE {}", routine.kind), 1)
}

/// What is C now and runs as its caller stays the owner's of the extension.
fn given_back(old: &Script<'_>, new: &Script<'_>) -> Vec<String> {
    let changed = new.routines.iter().filter(|(routine, _)| {
        routine.stays && old.same(routine).is_some_and(|before| !before.stays && routine.can_replace(before))
    });
    changed.map(|(routine, _)| format!("ALTER {} OWNER TO CURRENT_USER", routine.signature())).collect()
}

/// Drops what is gone. What a table still uses, until a migration takes it away, leaves the extension, marked: migrate()
/// drops it.
fn let_go(gone: &[&Routine]) -> String {
    if gone.is_empty() {
        return String::new();
    }
    let signatures: Vec<String> =
        gone.iter().map(|routine| format!("'{}'", routine.signature().replace('\'', "''"))).collect();
    format!(
        "DO $gone$
DECLARE
    routine text;
BEGIN
    FOREACH routine IN ARRAY ARRAY[
        {}
    ] LOOP
        BEGIN
            EXECUTE 'DROP ' || routine;
        EXCEPTION WHEN dependent_objects_still_exist THEN
            EXECUTE 'ALTER EXTENSION pg_bourse DROP ' || routine;
            EXECUTE pg_catalog.format('COMMENT ON %s IS %L', routine, 'Left over: migrate() drops it');
        END;
    END LOOP;
END
$gone$",
        signatures.join(",\n        ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const F: &str = "CREATE FUNCTION a.f(x int) RETURNS int LANGUAGE sql AS 'SELECT 1';\n";
    const C: &str = "CREATE FUNCTION a.c(x int) RETURNS int LANGUAGE c AS 'MODULE_PATHNAME', 'c_wrapper';\n";
    const T: &str = "CREATE TYPE a.t AS (x int, y text);\n";

    fn between(old: &str, new: &str, by_hand: &str) -> Result<String> {
        let end = "DO $$ BEGIN END $$;";
        Change { old: &format!("{old}{end}"), new: &format!("{new}{end}"), by_hand }.script()
    }

    /// The update without what comes again in each.
    fn update(old: &str, new: &str) -> String {
        between(old, new, "").expect("an update").replace("DO $$ BEGIN END $$;\n", "")
    }

    fn refused(old: &str, new: &str, by_hand: &str) -> bool {
        between(old, new, by_hand).is_err()
    }

    #[test]
    fn functions_are_replaced_made_anew_and_dropped() {
        assert_eq!(update(F, F), "");
        let other = F.replace("SELECT 1", "SELECT 2");
        assert_eq!(update(F, &other), other.replace("CREATE", "CREATE OR REPLACE"));
        let other = F.replace("RETURNS int", "RETURNS bigint");
        assert_eq!(update(F, &other), format!("DROP FUNCTION a.f(x int);\n{other}"));
        let other = F.replace("(x int)", "(x int, y int)");
        assert_eq!(update(F, &other), format!("DROP FUNCTION a.f(x int);\n{other}"));
        assert_eq!(update("", F), F);
        let gone = update(F, "");
        assert!(gone.contains("'FUNCTION a.f(x int)'") && gone.contains("ALTER EXTENSION pg_bourse DROP"), "{gone}");
    }

    #[test]
    fn grants_and_comments_that_are_gone_are_taken_back() {
        let old =
            format!("{F}COMMENT ON FUNCTION a.f(int) IS 'says TO';\nGRANT EXECUTE ON FUNCTION a.f(int) TO b, c;\n");
        let new = format!("{F}GRANT EXECUTE ON FUNCTION a.f(int) TO b;\n");
        let expected = "COMMENT ON FUNCTION a.f(int) IS NULL;\nREVOKE EXECUTE ON FUNCTION a.f(int) FROM b, c;\n\
                        GRANT EXECUTE ON FUNCTION a.f(int) TO b;\n";
        assert_eq!(update(&old, &new), expected);
        let again = old.replace("RETURNS int", "RETURNS bigint");
        assert!(update(&old, &again).contains("COMMENT ON FUNCTION a.f(int) IS 'says TO'"), "a new one needs it again");
    }

    #[test]
    fn types_grow_at_their_ends() {
        let more = T.replace("y text", "y text, z numeric(1, 2)");
        assert_eq!(update(T, &more), "ALTER TYPE a.t ADD ATTRIBUTE z numeric(1, 2);\n");
        assert_eq!(update(T, ""), "DROP TYPE a.t;\n");
        for other in ["y int", "z text", "z int, y text"] {
            assert!(refused(T, &T.replace("y text", other), ""), "{other}");
        }
        let by_hand = "ALTER TYPE a.t RENAME ATTRIBUTE y TO z;\n";
        let told = between(T, &T.replace("y text", "z text"), by_hand).expect("by hand");
        assert!(told.starts_with(by_hand), "{told}");
    }

    #[test]
    fn event_triggers_are_made_again_and_schemas_are_a_humans_affair() {
        let old = "CREATE EVENT TRIGGER e ON sql_drop EXECUTE FUNCTION a.f();\n";
        let new = old.replace("a.f", "a.g");
        assert_eq!(update(old, &new), format!("DROP EVENT TRIGGER e;\n{new}"));
        let kept = "ALTER EVENT TRIGGER e DISABLE;\nDO $$ BEGIN END $$;\nALTER EVENT TRIGGER e ENABLE;\n";
        assert_eq!(between(old, old, "").expect("an update"), kept);
        assert!(refused("CREATE SCHEMA a AUTHORIZATION b;\n", "", ""));
        assert_eq!(update("", "CREATE SCHEMA a AUTHORIZATION b;\n"), "CREATE SCHEMA a AUTHORIZATION b;\n");
    }

    #[test]
    fn a_symbol_of_the_library_is_called_in_one_way() {
        for other in
            [C.replace("x int", "x text"), C.replace("x int", "x int, y int"), C.replace("RETURNS int", "RETURNS text")]
        {
            assert!(refused(C, &other, ""), "{other}");
            assert!(!refused(C, &other.replace("c_wrapper", "d_wrapper"), ""), "{other}");
        }
        assert!(!refused(C, &C.replace("x int", "y int"), ""), "a name is no matter of the library");
        let plain = F.replace("a.f", "a.c");
        assert!(update(&plain, C).contains("ALTER FUNCTION a.c(x int) OWNER TO CURRENT_USER"));
    }
}
