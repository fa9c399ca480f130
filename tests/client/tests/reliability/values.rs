//! Arguments: what stands in the tables, and what stands at the ends of each type and beyond.

use std::collections::BTreeMap;

use client_tests::{Random, Result, Session};

use crate::catalog::{Routine, SCHEMAS};
use crate::ends::ends;

/// How much of each table is looked at.
const ROWS: u32 = 4;

/// Everything a call is made of.
pub struct Values {
    /// Values of columns, by the column's name and type.
    seen: BTreeMap<(String, String), Vec<String>>,
    /// Ids by schema and table: of others, and of the caller.
    ids: Vec<(String, String)>,
    /// The fields of composite types.
    fields: BTreeMap<String, Vec<(String, String)>>,
}

/// How many of the arguments of a call are at an end of their type, in percent.
#[derive(Clone, Copy)]
pub struct Temper(pub u64);

impl Values {
    /// What stands in the tables of this database.
    pub fn of(root: &mut Session) -> Result<Self> {
        let tables = root.lines(&format!(
            "SELECT oid::regclass FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
             AND relnamespace::regnamespace::text IN ({SCHEMAS}) ORDER BY oid::regclass::text"
        ))?;
        let mut seen: BTreeMap<(String, String), Vec<String>> = BTreeMap::new();
        let mut ids = Vec::new();
        for table in tables {
            for row in root.rows(&format!(
                "SELECT DISTINCT e.key, e.value #>> '{{}}',
                     replace(format_type(a.atttypid, NULL), 'character varying', 'text')
                 FROM (SELECT to_jsonb(t) AS row FROM {table} t LIMIT {ROWS}) s, jsonb_each(s.row) e
                 JOIN pg_attribute a ON a.attrelid = '{table}'::regclass AND a.attname = e.key
                 WHERE jsonb_typeof(e.value) <> 'null' AND length(e.value::text) < 2000 ORDER BY 1, 2"
            ))? {
                if row[0] == "id" {
                    ids.push((table.clone(), row[1].clone()));
                } else {
                    seen.entry((row[0].clone(), row[2].clone())).or_default().push(row[1].clone());
                }
            }
        }
        let mut fields: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
        for row in root.rows(&format!(
            "SELECT format_type(c.reltype, NULL), a.attname, format_type(a.atttypid, NULL)
             FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
             WHERE c.relkind = 'c' AND c.relnamespace::regnamespace::text IN ({SCHEMAS}) ORDER BY c.oid, a.attnum"
        ))? {
            fields.entry(row[0].clone()).or_default().push((row[1].clone(), row[2].clone()));
        }
        Ok(Self { seen, ids, fields })
    }

    /// The arguments of one call, for a caller who is this user; the last may be left out where they have a default.
    pub fn arguments(&self, random: &mut Random, routine: &Routine, user: i64, temper: Temper) -> Vec<Vec<String>> {
        let given = if !routine.is_aggregate() && routine.defaults > 0 && random.percent(20) {
            routine.arguments.len() - random.below(routine.defaults as u64 + 1) as usize
        } else {
            routine.arguments.len()
        };
        let rows = if routine.is_aggregate() { 1 + random.below(4) } else { 1 };
        let row = |random: &mut Random| {
            let arguments = &routine.arguments[..given];
            arguments
                .iter()
                .map(|(name, kind)| {
                    let value = if random.percent(temper.0) {
                        self.extreme(random, kind, 0)
                    } else {
                        self.plausible(random, routine, name, kind, user)
                    };
                    format!("{value}::{kind}")
                })
                .collect()
        };
        (0..rows).map(|_| row(random)).collect()
    }

    /// What an argument of this name may well be.
    fn plausible(&self, random: &mut Random, routine: &Routine, name: &str, kind: &str, user: i64) -> String {
        if let Some(element) = kind.strip_suffix("[]") {
            let one = name.strip_suffix('s').unwrap_or(name);
            let values: Vec<String> = (0..1 + random.below(3))
                .map(|_| format!("{}::{element}", self.plausible(random, routine, one, element, user)))
                .collect();
            return format!("ARRAY[{}]", values.join(", "));
        }
        if name.ends_with("user_id") && random.percent(60) {
            return user.to_string();
        }
        if let Some(stem) = name.strip_suffix("_id").filter(|_| kind == "bigint") {
            let of = |near: bool| -> Vec<&String> {
                let fits =
                    |table: &str| !near || table.starts_with(&format!("{}.", routine.schema)) && table.contains(stem);
                self.ids.iter().filter(|(table, _)| fits(table)).map(|(_, id)| id).collect()
            };
            let near = of(true);
            let chosen = if near.is_empty() || random.percent(10) { of(false) } else { near };
            if let Some(id) = random.pick(&chosen) {
                return (*id).clone();
            }
        }
        let known = match name {
            "market" => "symbol",
            "base" | "quote" => "asset",
            "cal" | "calendar" => "code",
            _ => name,
        };
        match self.seen.get(&(known.to_owned(), kind.to_owned())).and_then(|values| random.pick(values)) {
            Some(value) => quoted(value),
            None => self.ordinary(random, kind),
        }
    }

    /// A value of the type that nobody would wonder at.
    fn ordinary(&self, random: &mut Random, kind: &str) -> String {
        let known: &[&str] = match kind {
            "bigint" | "integer" | "smallint" => &["1", "2", "10", "100"],
            "numeric" | "double precision" | "real" => &["1", "0.5", "10", "100.25"],
            "boolean" => &["true", "false"],
            "timestamp with time zone" => &["now()", "'2030-01-01'", "'2025-03-30 01:00+00'", "'2020-02-29'"],
            "interval" => &["'1 hour'", "'1 day'", "'90 seconds'"],
            "date" => &["'2025-01-06'", "'2024-02-29'"],
            "time without time zone" => &["'08:00'", "'22:30'"],
            "jsonb" | "json" => &["'{}'", "'[{}]'", "'{\"type\": \"object\"}'", "'[1, 2, 3]'"],
            "text" => &["'buy'", "'limit'", "'login'", "'UTC'", "'@daily'", "'email'", "'open'", "'NSE'", "'XNYS'"],
            "regclass" => &["'identity.users'", "'exchange.markets'"],
            "regprocedure" => &["'bourse.maintain()'", "'jobs.stats()'"],
            _ => return self.extreme(random, kind, 0),
        };
        random.pick(known).map_or_else(String::new, |text| (*text).to_owned())
    }

    /// A value at an end of the type, or beyond what anybody would send.
    fn extreme(&self, random: &mut Random, kind: &str, depth: u32) -> String {
        if random.percent(15) || depth > 3 {
            return "NULL".into();
        }
        if let Some(element) = kind.strip_suffix("[]") {
            return self.array(random, element, depth);
        }
        if let Some(fields) = self.fields.get(kind) {
            let values: Vec<String> =
                fields.iter().map(|(_, kind)| format!("{}::{kind}", self.extreme(random, kind, depth + 1))).collect();
            return format!("ROW({})", values.join(", "));
        }
        if kind.starts_with("json") {
            return self.json(random);
        }
        random.pick(ends(kind)).map_or_else(|| "NULL".into(), |text| (*text).to_owned())
    }

    fn array(&self, random: &mut Random, element: &str, depth: u32) -> String {
        let one = format!("{}::{element}", self.extreme(random, element, depth + 1));
        let other = format!("{}::{element}", self.extreme(random, element, depth + 1));
        match random.below(7) {
            0 => "'{}'".into(),
            1 => format!("ARRAY[NULL]::{element}[]"),
            2 => format!("ARRAY[{one}, NULL, {other}]"),
            3 => format!("ARRAY[ARRAY[{one}, {other}], ARRAY[{other}, {one}]]"),
            4 => format!("array_fill({one}, ARRAY[2], ARRAY[-5])"),
            5 => format!("array_fill({one}, ARRAY[20000])"),
            _ => format!("ARRAY[{one}, {other}]"),
        }
    }

    /// Of every shape; objects have the keys of columns, which are those that are read.
    fn json(&self, random: &mut Random) -> String {
        const SHAPES: [&str; 12] = [
            "'null'",
            "'{}'",
            "'[]'",
            "'0'",
            "'\"\"'",
            "'true'",
            "'[null, {}, [], 1, \"x\"]'",
            "'1e400'",
            "'{\"\": {\"\": [\"\"]}}'",
            "(repeat('[', 3000) || repeat(']', 3000))",
            "(repeat('{\"a\":', 500) || '1' || repeat('}', 500))",
            "('{\"key\": \"' || repeat('x', 100000) || '\"}')",
        ];
        if random.percent(50) {
            return random.pick(&SHAPES).map_or_else(String::new, |text| (*text).to_owned());
        }
        let object = |random: &mut Random| {
            let pairs: Vec<String> = (0..1 + random.below(12)).map(|_| self.pair(random)).collect();
            format!("{{{}}}", pairs.join(", "))
        };
        let text = match random.below(3) {
            0 => object(random),
            1 => format!("[{}]", object(random)),
            _ => format!("[{}, {}]", object(random), object(random)),
        };
        quoted(&text)
    }

    fn pair(&self, random: &mut Random) -> String {
        const WORDS: [&str; 16] = [
            "orderid",
            "symbol",
            "exchange",
            "action",
            "quantity",
            "price",
            "pricetype",
            "order_status",
            "timestamp",
            "type",
            "minimum",
            "default",
            "enum",
            "pattern",
            "$ref",
            "properties",
        ];
        const ENDS: [&str; 16] = [
            "null",
            "0",
            "-1",
            "1e400",
            "1e-9",
            "0.000000001",
            "99999999999999999999",
            "\"\"",
            "\"NaN\"",
            "\"Infinity\"",
            "\"-infinity\"",
            "[]",
            "{}",
            "true",
            "\"\\ud83c\\udfe6\"",
            "[[null]]",
        ];
        let columns: Vec<&(String, String)> = self.seen.keys().collect();
        let key = if random.percent(50) {
            random.pick(&WORDS).map_or_else(String::new, |word| (*word).to_owned())
        } else {
            random.pick(&columns).map_or_else(String::new, |column| column.0.clone())
        };
        let known = self.seen.iter().find(|((name, _), _)| *name == key).map(|(_, values)| values);
        let value = match known.and_then(|values| random.pick(values)) {
            Some(value) if random.percent(50) => {
                format!("\"{}\"", value.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
            }
            _ => random.pick(&ENDS).map_or_else(String::new, |text| (*text).to_owned()),
        };
        format!("\"{key}\": {value}")
    }
}

fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}
