//! The public functions, as a database with the extension knows them.

use crate::failure::{Failure, Result};
use crate::psql::Database;

/// Roles as the page names them, in its order.
const ROLES: [&str; 9] = ["viewer", "trader", "gateway", "admin", "worker", "runner", "sender", "carrier", "monitor"];

/// A function that somebody else than its owner may call is public, unless its schema is a private one.
const QUERY: &str = r#"
SELECT n.nspname, p.proname, p.prokind, pg_get_function_arguments(p.oid), coalesce(pg_get_function_result(p.oid), ''),
       who.roles, coalesce(regexp_replace(obj_description(p.oid, 'pg_proc'), '\s+', ' ', 'g'), '')
FROM pg_depend d
JOIN pg_extension e ON e.oid = d.refobjid AND e.extname = 'pg_bourse'
JOIN pg_proc p ON p.oid = d.objid
JOIN pg_namespace n ON n.oid = p.pronamespace
CROSS JOIN LATERAL (
    SELECT string_agg(DISTINCT CASE a.grantee WHEN 0 THEN 'PUBLIC' ELSE a.grantee::regrole::text END, ' ') AS roles
    FROM aclexplode(coalesce(p.proacl, acldefault('f', p.proowner))) a
    WHERE a.grantee NOT IN (p.proowner, 'bourse_owner'::regrole)
) who
WHERE d.classid = 'pg_proc'::regclass AND d.refclassid = 'pg_extension'::regclass AND d.deptype = 'e'
  AND who.roles IS NOT NULL AND n.nspname NOT LIKE '%\_private'
ORDER BY n.nspname COLLATE "C", p.proname COLLATE "C", pg_get_function_arguments(p.oid) COLLATE "C";
"#;

/// A public function or procedure.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Function {
    /// The schema.
    pub schema: String,
    /// The name.
    pub name: String,
    /// Whether it is called with CALL.
    pub is_procedure: bool,
    /// The arguments that a caller gives, as `name type` or `name type = default`.
    pub arguments: Vec<String>,
    /// The type of its result, or of each column of its rows as `(name type, …)`.
    pub result: String,
    /// Whether it gives any number of rows.
    pub gives_rows: bool,
    /// The least roles that may call it.
    pub callers: Vec<String>,
    /// What its COMMENT says.
    pub text: String,
}

impl Function {
    /// Whether a caller gives an argument of this name.
    pub fn takes(&self, name: &str) -> bool {
        let names = self.arguments.iter().filter_map(|argument| argument.split(' ').next());
        names.into_iter().any(|argument| argument.trim_matches('"') == name)
    }
}

/// All public functions, by schema and name.
pub fn functions(database: &Database) -> Result<Vec<Function>> {
    database.rows(QUERY)?.iter().map(|row| function(row)).collect()
}

fn function(row: &[String]) -> Result<Function> {
    let [schema, name, kind, arguments, result, roles, text] = row else {
        return Err(Failure::new(format!("no function of seven columns: {}", row.join(" | ")), ""));
    };
    if text.is_empty() {
        return Err(Failure::new(format!("{schema}.{name} has no COMMENT"), "write one beside the function"));
    }
    let mut given = Vec::new();
    let mut columns = Vec::new();
    for argument in split(arguments) {
        match argument.strip_prefix("OUT ") {
            Some(column) => columns.push(short(column)),
            None => given.push(short(argument.strip_prefix("IN ").unwrap_or(argument))),
        }
    }
    let table = result.strip_prefix("TABLE(").and_then(|rest| rest.strip_suffix(')'));
    let rows = table.or_else(|| result.strip_prefix("SETOF "));
    let result = match (table, columns.is_empty()) {
        (Some(table), _) => format!("({})", split(table).into_iter().map(short).collect::<Vec<_>>().join(", ")),
        (None, false) => format!("({})", columns.join(", ")),
        (None, true) => short(rows.unwrap_or(result)),
    };
    Ok(Function {
        schema: schema.clone(),
        name: name.clone(),
        is_procedure: kind == "p",
        arguments: given,
        result,
        gives_rows: rows.is_some(),
        callers: callers(&format!("{schema}.{name}"), roles)?,
        text: text.clone(),
    })
}

/// The names of our roles without what all of them begin with, in the order of the page.
fn callers(name: &str, roles: &str) -> Result<Vec<String>> {
    let place = |role: &str| ROLES.iter().position(|known| role.strip_prefix("bourse_") == Some(known));
    let mut places = roles
        .split(' ')
        .map(|role| place(role).ok_or_else(|| Failure::new(format!("{name} is granted to {role}"), "revoke it")))
        .collect::<Result<Vec<_>>>()?;
    places.sort_unstable();
    Ok(places.into_iter().map(|place| ROLES[place].to_owned()).collect())
}

/// What stands between the commas that belong to no string, quoted name or bracket.
fn split(list: &str) -> Vec<&str> {
    let (mut depth, mut quote, mut from) = (0, None, 0);
    let mut parts = Vec::new();
    for (at, character) in list.char_indices() {
        match (quote, character) {
            (Some(open), _) if open == character => quote = None,
            (Some(_), _) => {}
            (None, '\'' | '"') => quote = Some(character),
            (None, '(' | '[') => depth += 1,
            (None, ')' | ']') => depth -= 1,
            (None, ',') if depth == 0 => {
                parts.push(list[from..at].trim());
                from = at + 1;
            }
            _ => {}
        }
    }
    parts.push(list[from..].trim());
    parts.retain(|part| !part.is_empty());
    parts
}

/// As people write it: `= 'gtc'` for `DEFAULT 'gtc'::text`, and the short name of a type.
fn short(declared: &str) -> String {
    let plain = match declared.split_once(" DEFAULT ") {
        Some((argument, value)) => {
            let value = value.rsplit_once("::").map_or(value, |(value, _)| value);
            format!("{argument} = {value}")
        }
        None => declared.to_owned(),
    };
    plain.replace("timestamp with time zone", "timestamptz")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &str, arguments: &str, result: &str) -> Function {
        let row = ["s", "f", kind, arguments, result, "bourse_worker bourse_trader", "Does."];
        function(&row.map(str::to_owned)).expect("a function")
    }

    #[test]
    fn arguments_and_results_are_as_people_write_them() {
        let read_ = read(
            "f",
            "a bigint, b text DEFAULT ', '::text, \"from\" timestamp with time zone DEFAULT NULL::timestamp with time \
             zone, c numeric DEFAULT 0.015",
            "TABLE(d text, e timestamp with time zone)",
        );
        let expected = ["a bigint", "b text = ', '", "\"from\" timestamptz = NULL", "c numeric = 0.015"];
        assert_eq!(read_.arguments, expected);
        assert_eq!((read_.result.as_str(), read_.gives_rows), ("(d text, e timestamptz)", true));
        assert_eq!(read_.callers, ["trader", "worker"]);
        let one = read("f", "a bigint, OUT b text, OUT c text", "record");
        assert_eq!(
            (one.arguments, one.result.as_str(), one.gives_rows),
            (vec!["a bigint".into()], "(b text, c text)", false)
        );
        let many = read("f", "", "SETOF text");
        assert_eq!((many.arguments.len(), many.result.as_str(), many.gives_rows), (0, "text", true));
        assert!(read("p", "IN a text", "").is_procedure);
    }

    #[test]
    fn a_function_without_text_or_with_a_strange_caller_is_refused() {
        let row = |roles: &str, text: &str| function(&["s", "f", "f", "", "void", roles, text].map(str::to_owned));
        assert!(row("bourse_admin", "").is_err());
        assert!(row("PUBLIC", "Does.").is_err());
        assert!(row("bourse_admin", "Does.").is_ok());
    }
}
