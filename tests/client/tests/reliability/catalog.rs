//! What can be called: every routine of the platform, with the types of its arguments and those whom grants let in.

use std::collections::BTreeSet;

use client_tests::{Result, Session};

/// The schemas of the platform.
pub const SCHEMAS: &str = "SELECT nspname FROM pg_namespace WHERE split_part(nspname, '_', 1) IN ('analytics', 'audit',
    'bourse', 'calendar', 'exchange', 'identity', 'jobs', 'marketplace', 'messaging', 'mirror', 'trading', 'webui')";

/// A function, procedure, aggregate or window function.
pub struct Routine {
    /// Its oid, which nothing else has.
    pub oid: String,
    /// Its schema.
    pub schema: String,
    /// Its name, with the schema.
    pub name: String,
    /// The `prokind` of the catalog.
    kind: String,
    /// Name and type of each argument.
    pub arguments: Vec<(String, String)>,
    /// How many of the last of them may be left out.
    pub defaults: usize,
    /// What is said about it, its SQLSTATEs among it.
    pub comment: String,
}

/// Every routine that SQL can call. One that takes or gives `internal` belongs to the server.
pub fn routines(root: &mut Session, pattern: &str) -> Result<Vec<Routine>> {
    let rows = root.rows(&format!(
        "SELECT p.oid, n.nspname, quote_ident(n.nspname) || '.' || quote_ident(p.proname), p.prokind, p.pronargdefaults,
                coalesce((SELECT string_agg(coalesce(p.proargnames[a.n], '') || ':' || format_type(a.type, NULL), ';'
                                            ORDER BY a.n)
                          FROM unnest(p.proargtypes::oid[]) WITH ORDINALITY a (type, n)), ''),
                coalesce(obj_description(p.oid, 'pg_proc'), '')
         FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE n.nspname IN ({SCHEMAS}) AND p.proname LIKE '{pattern}'
           AND p.prorettype NOT IN ('trigger'::regtype, 'event_trigger'::regtype, 'internal'::regtype)
           AND NOT 'internal'::regtype = ANY (p.proargtypes::oid[])
         ORDER BY 3, p.oid::regprocedure::text"
    ))?;
    let argument = |text: &str| {
        let (name, kind) = text.split_once(':').unwrap_or(("", text));
        (name.to_owned(), kind.to_owned())
    };
    Ok(rows
        .into_iter()
        .map(|row| Routine {
            arguments: row[5].split(';').filter(|text| !text.is_empty()).map(argument).collect(),
            defaults: row[4].parse().unwrap_or(0),
            comment: row[6].clone(),
            oid: row[0].clone(),
            schema: row[1].clone(),
            name: row[2].clone(),
            kind: row[3].clone(),
        })
        .collect())
}

impl Routine {
    /// A call with these values: of an aggregate, over several rows of them.
    pub fn call(&self, rows: &[Vec<String>]) -> String {
        let name = &self.name;
        let first = rows.first().map(|row| row.join(", ")).unwrap_or_default();
        match self.kind.as_str() {
            "p" => format!("CALL {name}({first})"),
            "a" if !self.arguments.is_empty() => {
                let columns: Vec<String> = (1..=self.arguments.len()).map(|n| format!("column{n}")).collect();
                let rows: Vec<String> = rows.iter().map(|row| format!("({})", row.join(", "))).collect();
                format!("SELECT {name}({}) FROM (VALUES {}) v", columns.join(", "), rows.join(", "))
            }
            "w" => format!("SELECT {name}({first}) OVER ()"),
            _ => format!("SELECT * FROM {name}({first})"),
        }
    }

    /// Whether a call works on several rows.
    pub fn is_aggregate(&self) -> bool {
        self.kind == "a"
    }

    /// What others read: the name and the types.
    pub fn signature(&self) -> String {
        let types: Vec<&str> = self.arguments.iter().map(|(_, kind)| kind.as_str()).collect();
        format!("{}({})", self.name, types.join(", "))
    }
}

/// The oids of what somebody else than owners and superusers may call.
pub fn public(root: &mut Session) -> Result<BTreeSet<String>> {
    let oids = root.lines(&format!(
        "SELECT p.oid FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE n.nspname IN ({SCHEMAS}) AND EXISTS (
             SELECT FROM pg_roles r WHERE r.rolname LIKE 'bourse\\_%' AND r.rolname <> 'bourse_owner'
                 AND has_function_privilege(r.oid, p.oid, 'EXECUTE') AND has_schema_privilege(r.oid, n.oid, 'USAGE'))"
    ))?;
    Ok(oids.into_iter().collect())
}

/// The oids of what this login may call, by its grants.
pub fn granted(root: &mut Session, login: &str) -> Result<BTreeSet<String>> {
    let oids = root.lines(&format!(
        "SELECT p.oid FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
         WHERE n.nspname IN ({SCHEMAS}) AND has_function_privilege('{login}', p.oid, 'EXECUTE')
           AND has_schema_privilege('{login}', n.oid, 'USAGE')"
    ))?;
    Ok(oids.into_iter().collect())
}
