//! How large a schema becomes once its references are followed, which the compiler does without a bound: what refers to
//! itself over others is compiled anew on each way that leads to it. Beside keywords that ask what others have looked
//! at everything is.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

/// The most values that are met on all ways.
const MOST: usize = 100_000;

/// Keywords whose value names a part of the schema, or all that have this name.
const REFERENCES: [&str; 3] = ["$ref", "$dynamicRef", "$recursiveRef"];
/// Keywords that give a part of the schema a name.
const NAMES: [&str; 5] = ["$id", "id", "$anchor", "$dynamicAnchor", "$recursiveAnchor"];

/// Keywords for which all that their schema leads to is compiled once more.
pub const ASKING: [&str; 2] = ["unevaluatedItems", "unevaluatedProperties"];

/// Whether more than [`MOST`] values are met on the ways through a schema; anew: what several ways lead to is met as
/// often.
pub fn is_too_large(schema: &Value, anew: bool) -> bool {
    let settled = (!anew).then(HashSet::new);
    let mut walk = Walk { schema, named: HashMap::new(), way: HashMap::new(), settled, met: 0, again: 0 };
    walk.name(schema);
    walk.go(schema).is_none()
}

struct Walk<'a> {
    schema: &'a Value,
    /// What a name stands for, without what is before its last `/` or `#`.
    named: HashMap<&'a str, Vec<&'a Value>>,
    /// Where on the way from the beginning an object is.
    way: HashMap<*const Value, usize>,
    /// What leads back to nothing before it is compiled once; None: as often as it is met.
    settled: Option<HashSet<*const Value>>,
    met: usize,
    /// How many of them are met once more, for keywords that ask.
    again: usize,
}

impl<'a> Walk<'a> {
    fn name(&mut self, value: &'a Value) {
        match value {
            Value::Array(items) => items.iter().for_each(|item| self.name(item)),
            Value::Object(members) => {
                for (keyword, said) in members {
                    match said.as_str() {
                        Some(said) if NAMES.contains(&keyword.as_str()) => {
                            self.named.entry(last_part(said)).or_default().push(value);
                        }
                        _ => self.name(said),
                    }
                }
            }
            _ => {}
        }
    }

    /// How far back on the way what is met leads; None: too much is met.
    fn go(&mut self, value: &'a Value) -> Option<usize> {
        self.met += 1;
        match value {
            _ if self.met + self.again > MOST => None,
            Value::Array(items) => self.go_all(items.iter()),
            Value::Object(members) => {
                let key: *const Value = value;
                if self.settled.as_ref().is_some_and(|settled| settled.contains(&key)) {
                    return Some(usize::MAX);
                }
                let depth = self.way.len();
                if let Some(before) = self.way.get(&key) {
                    return Some(*before);
                }
                self.way.insert(key, depth);
                let before = self.met;
                let mut back = usize::MAX;
                for (keyword, member) in members {
                    let next = match member.as_str() {
                        Some(said) if REFERENCES.contains(&keyword.as_str()) => {
                            let targets = self.targets(said);
                            self.go_all(targets.into_iter())?
                        }
                        _ => self.go(member)?,
                    };
                    back = back.min(next);
                }
                self.way.remove(&key);
                if members.keys().any(|keyword| ASKING.contains(&keyword.as_str())) {
                    self.again += self.met - before;
                }
                if back >= depth {
                    self.settled.iter_mut().for_each(|settled| _ = settled.insert(key));
                    back = usize::MAX;
                }
                Some(back)
            }
            _ => Some(usize::MAX),
        }
    }

    fn go_all(&mut self, values: impl Iterator<Item = &'a Value>) -> Option<usize> {
        values.map(|value| self.go(value)).try_fold(usize::MAX, |back, next| Some(back.min(next?)))
    }

    /// What a reference may stand for, more rather than less: a path may begin at any part that has an address.
    fn targets(&mut self, said: &str) -> Vec<&'a Value> {
        let (before, fragment) = said.split_once('#').unwrap_or((said, ""));
        let fragment = decoded(fragment);
        let mut bases = match last_part(before) {
            "" => vec![self.schema],
            name => self.named.get(name).cloned().unwrap_or_default(),
        };
        if fragment.is_empty() {
            return bases;
        }
        if before.is_empty() {
            bases.extend(self.named.values().flatten());
        }
        self.met += bases.len();
        let pointed = bases.iter().filter_map(|base| base.pointer(&fragment));
        pointed.chain(self.named.get(fragment.as_str()).into_iter().flatten().copied()).collect()
    }
}

/// The fragment of an address without its percent signs.
fn decoded(fragment: &str) -> String {
    let mut parts = fragment.split('%');
    let mut bytes = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        match part.get(..2).and_then(|digits| u8::from_str_radix(digits, 16).ok()) {
            Some(byte) => {
                bytes.push(byte);
                bytes.extend(&part.as_bytes()[2..]);
            }
            None => {
                bytes.push(b'%');
                bytes.extend(part.as_bytes());
            }
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

fn last_part(name: &str) -> &str {
    let name = name.trim_end_matches(['#', '/']);
    name.rsplit(['/', '#', ':']).next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use serde_json::{Map, json};

    use super::*;

    fn each_refers_to_all(many: usize) -> Value {
        let to = |other| json!({"$ref": format!("#/$defs/d{other}")});
        let one = || json!({"anyOf": (0..many).map(to).collect::<Vec<_>>()});
        json!({"$defs": (0..many).map(|n| (format!("d{n}"), one())).collect::<Map<_, _>>(), "$ref": "#/$defs/d0"})
    }

    #[test]
    fn what_leads_to_itself_on_many_ways_is_too_large() {
        assert!(!is_too_large(&each_refers_to_all(5), false));
        assert!(is_too_large(&each_refers_to_all(22), false));
    }

    #[test]
    fn no_spelling_hides_a_reference() {
        let text = each_refers_to_all(22).to_string();
        assert!(is_too_large(&serde_json::from_str(&text.replace("#/$defs", "#/%24d%65fs")).expect("JSON"), false));
        let mut embedded = each_refers_to_all(22).as_object().expect("an object").clone();
        embedded.insert("$id".to_owned(), json!("http://x/inner"));
        assert!(is_too_large(&json!({"allOf": [embedded]}), false));
    }

    #[test]
    fn what_many_refer_to_counts_once() {
        let next = |n: usize| json!({"$ref": format!("#/$defs/d{}", n + 1)});
        let mut chain: Map<String, Value> =
            (0..200).map(|n| (format!("d{n}"), json!({"allOf": [next(n), next(n)]}))).collect();
        chain.insert("d200".to_owned(), json!(true));
        assert!(!is_too_large(&json!({"$defs": chain, "$ref": "#/$defs/d0"}), false));
    }

    #[test]
    fn a_tree_of_itself_and_names_are_followed() {
        let tree = json!({"properties": {"left": {"$ref": "#"}, "right": {"$ref": "#"}}});
        assert!(!is_too_large(&tree, false));
        let named = |n: usize, many: usize| {
            let to = |other| json!({"$ref": format!("http://x/{other}")});
            json!({"$id": format!("http://x/{n}"), "oneOf": (0..many).map(to).collect::<Vec<_>>()})
        };
        assert!(is_too_large(&json!({"anyOf": (0..22).map(|n| named(n, 22)).collect::<Vec<_>>()}), false));
    }

    #[test]
    fn what_asks_has_each_way_counted() {
        let next = |n: usize| json!({"$ref": format!("#/$defs/d{}", n + 1)});
        let mut chain: Map<String, Value> =
            (0..15).map(|n| (format!("d{n}"), json!({"allOf": [next(n), next(n)]}))).collect();
        chain.insert("d15".to_owned(), json!({"unevaluatedItems": false}));
        let schema = json!({"$defs": chain, "$ref": "#/$defs/d0"});
        assert!(!is_too_large(&schema, false) && is_too_large(&schema, true));
    }
}
