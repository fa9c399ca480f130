//! What a schema is refused for before it is compiled, which cannot be stopped once it has begun.

use serde_json::Value;

use crate::fault::{Fault, below};
use crate::patterns::Cost;
use crate::unrolled::{ASKING, is_too_large};

/// The most objects in a schema: each may be a schema of its own.
const MOST_OBJECTS: usize = 2000;
/// The most references.
const MOST_REFERENCES: usize = 500;
/// The most references beside keywords for which all that they lead to is compiled anew.
const MOST_ANEW: usize = 20;
/// The most patterns.
const MOST_PATTERNS: usize = 100;
/// The most bytes of a pattern.
const LONGEST_PATTERN: usize = 1000;

#[derive(Default)]
struct Counted {
    objects: usize,
    references: usize,
    patterns: usize,
    /// What the patterns come to.
    cost: Cost,
    /// A keyword for which what references lead to is compiled anew.
    anew: Option<String>,
    /// Where the first pattern is that is too long, and by which keyword.
    long: Option<(String, &'static str)>,
}

/// What the patterns of a schema come to, or what is too much in it.
pub fn patterns(schema: &Value) -> Result<Cost, Fault> {
    let mut counted = Counted::default();
    counted.look(schema, "");
    match counted.fault(schema) {
        Some(fault) => Err(fault),
        None => Ok(counted.cost),
    }
}

impl Counted {
    fn fault(&self, schema: &Value) -> Option<Fault> {
        if let Some((path, keyword)) = &self.long {
            return Some(Fault::new(path, keyword, format!("must have at most {LONGEST_PATTERN} bytes in a pattern")));
        }
        let of = |count, most, keyword, things: &str| {
            (count > most).then(|| Fault::new("", keyword, format!("must have at most {most} {things}, not {count}")))
        };
        of(self.patterns, MOST_PATTERNS, "pattern", "patterns")
            .or_else(|| of(self.references, MOST_REFERENCES, "$ref", "references"))
            .or_else(|| of(self.objects, MOST_OBJECTS, "", "objects"))
            .or_else(|| {
                let reason = "must have shorter patterns, or fewer, with less that is repeated";
                self.cost.is_too_much().then(|| Fault::new("", "pattern", reason))
            })
            .or_else(|| {
                let anew = self.anew.as_ref()?;
                of(self.references, MOST_ANEW, "$ref", &format!("references beside {anew}"))
            })
            .or_else(|| {
                let reason = "must not refer to itself on so many ways";
                is_too_large(schema, self.anew.is_some()).then(|| Fault::new("", "$ref", reason))
            })
    }

    fn look(&mut self, schema: &Value, path: &str) {
        if let Some(items) = schema.as_array() {
            items.iter().enumerate().for_each(|(at, item)| self.look(item, &format!("{path}/{at}")));
        }
        let Some(members) = schema.as_object() else { return };
        self.objects += 1;
        for (name, value) in members {
            let path = below(path, name);
            if ASKING.contains(&name.as_str()) {
                self.anew.get_or_insert_with(|| name.clone());
            }
            match (name.as_str(), value) {
                ("$ref", Value::String(_)) => self.references += 1,
                ("$dynamicRef" | "$recursiveRef", Value::String(_)) => {
                    self.references += 1;
                    self.anew.get_or_insert_with(|| name.clone());
                }
                ("pattern", Value::String(pattern)) => self.pattern(pattern, &path, "pattern"),
                ("patternProperties", Value::Object(patterns)) => {
                    patterns.keys().for_each(|pattern| self.pattern(pattern, &path, "patternProperties"));
                }
                _ => {}
            }
            self.look(value, &path);
        }
    }

    fn pattern(&mut self, pattern: &str, path: &str, keyword: &'static str) {
        self.patterns += 1;
        if pattern.len() > LONGEST_PATTERN {
            self.long.get_or_insert_with(|| (path.to_owned(), keyword));
        } else if self.patterns <= MOST_PATTERNS {
            self.cost.add(pattern);
        }
    }
}
