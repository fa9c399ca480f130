//! What a CREATE FUNCTION, PROCEDURE or AGGREGATE says of its routine.

use super::statements::{find_word, in_parentheses, listed, squeezed};

/// The words that can come after the result.
const AFTER_RESULT: [&str; 16] = [
    "LANGUAGE",
    "IMMUTABLE",
    "STABLE",
    "VOLATILE",
    "STRICT",
    "SECURITY",
    "SET",
    "AS",
    "COST",
    "ROWS",
    "PARALLEL",
    "SUPPORT",
    "LEAKPROOF",
    "CALLED",
    "NOT",
    "WINDOW",
];

/// A function, procedure or aggregate, as its statement has it.
#[derive(Debug, PartialEq, Eq, Clone)]
pub struct Routine {
    /// FUNCTION, PROCEDURE or AGGREGATE.
    pub kind: &'static str,
    /// With its schema.
    pub name: String,
    /// Names and types, in order.
    arguments: Vec<String>,
    /// Which of them have a default.
    defaults: Vec<bool>,
    result: String,
    /// The symbol of the library that a function in C is.
    pub symbol: Option<String>,
    /// Whether the owner of the extension keeps it: what is C and runs as its caller.
    pub stays: bool,
}

impl Routine {
    /// Reads a statement; none when it makes something else.
    pub fn read(statement: &str) -> Option<Self> {
        let rest = statement.strip_prefix("CREATE ")?;
        let rest = rest.strip_prefix("OR REPLACE ").unwrap_or(rest);
        let kind = ["FUNCTION", "PROCEDURE", "AGGREGATE"].into_iter().find(|kind| rest.starts_with(kind))?;
        let rest = &rest[kind.len()..];
        let open = rest.find('(')?;
        let (arguments, rest) = in_parentheses(&rest[open..]).map(|(inside, after)| (listed(inside), after))?;
        let name = statement[statement.find(kind)? + kind.len()..].split('(').next()?.trim().to_owned();
        let split = |argument: &&str| find_word(argument, &["DEFAULT"]).unwrap_or(argument.len());
        let head = &rest[..find_word(rest, &AFTER_RESULT).unwrap_or(rest.len())];
        let is_c = rest.to_ascii_lowercase().contains("language c");
        let is_definer = rest.contains("SECURITY DEFINER");
        Some(Self {
            kind,
            name,
            defaults: arguments.iter().map(|argument| split(argument) < argument.len()).collect(),
            arguments: arguments.iter().map(|argument| squeezed(&argument[..split(argument)])).collect(),
            result: if kind == "FUNCTION" { squeezed(head) } else { String::new() },
            symbol: rest.split_once("'MODULE_PATHNAME', '").and_then(|(_, s)| Some(s.split_once('\'')?.0.to_owned())),
            stays: is_c && !is_definer,
        })
    }

    /// As DROP, COMMENT and ALTER take it.
    pub fn signature(&self) -> String {
        format!("{} {}({})", self.kind, self.name, self.arguments.join(", "))
    }

    /// Whether CREATE OR REPLACE turns the other into this one: it changes neither names nor types of arguments, nor the
    /// result, and takes no default away.
    pub fn can_replace(&self, old: &Self) -> bool {
        let keeps_defaults = || old.defaults.iter().zip(&self.defaults).all(|(old, new)| *new || !*old);
        self.signature() == old.signature() && self.result == old.result && keeps_defaults()
    }

    /// Whether both functions of the library are called in the same way.
    pub fn is_called_like(&self, old: &Self) -> bool {
        let types = |routine: &Self| -> Vec<String> {
            let type_of = |argument: &String| argument.split_once(' ').map_or(argument.clone(), |(_, t)| t.to_owned());
            routine.arguments.iter().filter(|argument| !argument.starts_with("OUT ")).map(type_of).collect()
        };
        types(self) == types(old) && self.result == old.result
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(statement: &str) -> Routine {
        Routine::read(statement).expect("a routine")
    }

    #[test]
    fn names_types_and_result_are_read() {
        let found = read(
            "CREATE FUNCTION a.f(x numeric(3, 1), y text DEFAULT ', ') RETURNS TABLE (set int,\n b text)\n\
             LANGUAGE c STABLE AS 'MODULE_PATHNAME', 'f_wrapper'",
        );
        assert_eq!(found.signature(), "FUNCTION a.f(x numeric(3, 1), y text)");
        assert_eq!(
            (found.result.as_str(), found.defaults.as_slice()),
            ("RETURNS TABLE (set int, b text)", &[false, true][..])
        );
        assert_eq!((found.symbol.as_deref(), found.stays), (Some("f_wrapper"), true));
        assert_eq!(read("CREATE AGGREGATE a.g(r float8) (SFUNC = h)").signature(), "AGGREGATE a.g(r float8)");
        assert_eq!(Routine::read("CREATE TYPE a.t AS (x int)"), None);
    }

    #[test]
    fn what_create_or_replace_cannot_do_is_known() {
        let old = read("CREATE FUNCTION a.f(x int DEFAULT 1) RETURNS int LANGUAGE sql AS ''");
        for same in [
            "CREATE FUNCTION a.f(x int DEFAULT 2) RETURNS int LANGUAGE plpgsql STABLE AS 'x'",
            "CREATE FUNCTION a.f(x  int\nDEFAULT 2) RETURNS int SET search_path = a LANGUAGE plpgsql AS 'x'",
        ] {
            assert!(read(same).can_replace(&old), "{same}");
        }
        for other in [
            "CREATE FUNCTION a.f(y int DEFAULT 1) RETURNS int LANGUAGE sql AS ''",
            "CREATE FUNCTION a.f(x int) RETURNS int LANGUAGE sql AS ''",
            "CREATE FUNCTION a.f(x int DEFAULT 1) RETURNS SETOF int LANGUAGE sql AS ''",
            "CREATE PROCEDURE a.f(x int DEFAULT 1) LANGUAGE sql AS ''",
        ] {
            assert!(!read(other).can_replace(&old), "{other}");
        }
    }
}
