//! Which module of a crate names which, read from the text: `use` and every path that begins with `crate::`,
//! `super::`, `self::`, a module beside the text, or another crate. Macros are not expanded, and a method that is
//! called on a value names no module.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::scan::{code, item, line_of, test_items, words};

/// A module as its path below the root of its crate; the root itself is empty.
pub type Module = Vec<String>;

/// One path in a source.
#[derive(Debug, PartialEq, Eq)]
pub struct Named {
    /// The line, from 1.
    pub line: usize,
    /// From the root of the crate, or as it stands there when it begins with a name.
    pub path: Vec<String>,
    /// Whether it begins at the root of its own crate.
    pub from_root: bool,
    /// The name under which a `pub use` gives it on.
    given_as: Option<String>,
    /// Whether only tests compile it.
    pub in_test: bool,
}

/// The root folder of the crate of a source, and the module that the file is.
pub fn module_of(path: &str) -> Option<(String, Module)> {
    let stem = path.strip_suffix(".rs")?;
    let (folder, inside) = match stem.strip_prefix("src/") {
        Some(inside) => ("src".to_owned(), inside),
        None => {
            let (name, inside) = stem.strip_prefix("crates/")?.split_once("/src/")?;
            (format!("crates/{name}/src"), inside)
        }
    };
    let mut module: Module = inside.split('/').map(str::to_owned).collect();
    let is_root = module.len() == 1 && (inside == "lib" || inside == "main");
    if is_root || module.last().is_some_and(|last| last == "mod") {
        module.pop();
    }
    Some((folder, module))
}

/// The paths that a source names, in order.
pub fn named(text: &str, module: &Module) -> Vec<Named> {
    let code = code(text);
    let tests = test_items(text, &code);
    let inline = inline_modules(&code);
    let mut found = Vec::new();
    let mut read_to = 0;
    for at in path_starts(&code) {
        // A group has been read as a whole.
        if at < read_to {
            continue;
        }
        let enclosing: Vec<&str> = inline.iter().filter(|(range, _)| range.contains(&at)).map(|(_, n)| *n).collect();
        let mut here = module.clone();
        here.extend(enclosing.iter().map(|name| (*name).to_owned()));
        let given_on = is_given_on(&code, at);
        let mut leaves = Vec::new();
        read_to = read_tree(&code, at, &[], &mut leaves);
        for (path, alias) in leaves {
            let (path, from_root) = absolute(path, &here);
            let given_as = given_on.then(|| alias.or_else(|| path.last().cloned())).flatten();
            let in_test = tests.iter().any(|test| test.contains(&at));
            found.push(Named { line: line_of(&code, at), path, from_root, given_as, in_test });
        }
    }
    found
}

/// `mod name { … }` with its name.
fn inline_modules(code: &str) -> Vec<(Range<usize>, &str)> {
    let places = words(code, "mod").into_iter();
    places
        .filter_map(|at| {
            let range = item(code, at);
            let text = &code[range.clone()];
            let name = text["mod".len()..].split('{').next()?.trim();
            text.ends_with('}').then_some((range, name))
        })
        .collect()
}

/// Where a path of more than one name begins.
fn path_starts(code: &str) -> Vec<usize> {
    let bytes = code.as_bytes();
    let mut starts = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        let name = name_at(code, at);
        if name.is_empty() {
            at += 1;
            continue;
        }
        let before = code[..at].trim_end();
        let goes_on = before.ends_with("::") || before.ends_with('.') && !before.ends_with("..");
        if !goes_on && code[at + name.len()..].trim_start().starts_with("::") {
            starts.push(at);
        }
        at += name.len();
    }
    starts
}

fn name_at(code: &str, at: usize) -> &str {
    let rest = &code.as_bytes()[at..];
    let length = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    // Only bytes of ASCII were counted, so no character is cut.
    if length == 0 { "" } else { &code[at..at + length] }
}

/// Whether the path belongs to a `pub use`.
fn is_given_on(code: &str, at: usize) -> bool {
    let statement = code[..at].rsplit([';', '}', '{']).next().unwrap_or_default();
    let words: Vec<&str> = statement.split_whitespace().collect();
    words.last() == Some(&"use") && words.iter().any(|word| word.starts_with("pub"))
}

type Leaf = (Vec<String>, Option<String>);

/// Reads a path, and the groups in its braces; gives the place behind it.
fn read_tree(code: &str, from: usize, before: &[String], leaves: &mut Vec<Leaf>) -> usize {
    let blank = |at: usize| at + (code[at..].len() - code[at..].trim_start().len());
    let mut path = before.to_vec();
    let mut at = blank(from);
    loop {
        let name = name_at(code, at);
        if name.is_empty() {
            if code[at..].starts_with('{') && path.len() > before.len() {
                return read_group(code, at + 1, &path, leaves);
            }
            leaves.push((path, None));
            // A star stands for names that nobody lists.
            return at + usize::from(code[at..].starts_with('*'));
        }
        path.push(name.to_owned());
        let end = at + name.len();
        let next = blank(end);
        if !code[next..].starts_with("::") {
            let alias = words(&code[next..], "as").first() == Some(&0);
            let alias = alias.then(|| name_at(code, blank(next + "as".len())).to_owned());
            leaves.push((path, alias));
            return end;
        }
        at = blank(next + "::".len());
    }
}

fn read_group(code: &str, from: usize, path: &[String], leaves: &mut Vec<Leaf>) -> usize {
    let mut at = from;
    loop {
        at += code[at..].len() - code[at..].trim_start_matches(|c: char| c.is_whitespace() || c == ',').len();
        if at >= code.len() || code[at..].starts_with('}') {
            return at + 1;
        }
        let next = read_tree(code, at, path, leaves);
        // What is neither a name nor a star ends the group: this is no `use`.
        if next == at {
            return at;
        }
        at = code[next..].find([',', '}']).map_or(code.len(), |offset| next + offset);
    }
}

/// A path from the root of its crate, where it says where it begins.
fn absolute(mut path: Vec<String>, here: &Module) -> (Vec<String>, bool) {
    let mut module = match path.first().map(String::as_str) {
        Some("crate") => Module::new(),
        Some("super" | "self") => here.clone(),
        _ => return (path, false),
    };
    while let Some("crate" | "super" | "self") = path.first().map(String::as_str) {
        if path.remove(0) == "super" {
            module.pop();
        }
    }
    // `self` in braces is the path itself.
    path.retain(|name| name != "self");
    module.extend(path);
    (module, true)
}

/// Which file of a crate names which, without what only tests compile, and where.
pub struct Graph {
    /// From one module to another, with the line that says so.
    pub edges: BTreeMap<(Module, Module), usize>,
}

impl Graph {
    /// Of the sources of one crate. A `pub use` of a child is no import: who names what it gives on, names the child.
    pub fn of(sources: &[(Module, &str)]) -> Self {
        let modules: BTreeSet<&Module> = sources.iter().map(|(module, _)| module).collect();
        let named: Vec<(&Module, Vec<Named>)> = sources.iter().map(|(m, text)| (m, named(text, m))).collect();
        let mut given = BTreeMap::new();
        for (module, paths) in &named {
            for named in paths {
                if let Some(name) = &named.given_as {
                    given.insert(((*module).clone(), name.clone()), from_root(named, module, &modules));
                }
            }
        }
        let mut edges = BTreeMap::new();
        for (module, paths) in &named {
            for named in paths.iter().filter(|named| !named.in_test) {
                let Some(target) = from_root(named, module, &modules).and_then(|p| resolve(&p, &modules, &given))
                else {
                    continue;
                };
                let gives_child_on = named.given_as.is_some() && target.starts_with(module);
                if target != **module && !gives_child_on {
                    edges.entry(((*module).clone(), target)).or_insert(named.line);
                }
            }
        }
        Self { edges }
    }
}

/// The path from the root; nothing when it begins in another crate.
fn from_root(named: &Named, module: &Module, modules: &BTreeSet<&Module>) -> Option<Vec<String>> {
    if named.from_root {
        return Some(named.path.clone());
    }
    let child: Module = module.iter().chain(named.path.first()).cloned().collect();
    modules.contains(&child).then(|| module.iter().chain(&named.path).cloned().collect())
}

/// The module in which a name was made: the deepest of its path, or where a `pub use` has it from.
fn resolve(
    path: &[String],
    modules: &BTreeSet<&Module>,
    given: &BTreeMap<(Module, String), Option<Vec<String>>>,
) -> Option<Module> {
    let depth = (0..=path.len()).rev().find(|depth| modules.contains(&path[..*depth].to_vec()))?;
    let module = path[..depth].to_vec();
    let Some(name) = path.get(depth) else { return Some(module) };
    match given.get(&(module.clone(), name.clone())) {
        Some(Some(source)) if source.as_slice() != path => resolve(source, modules, given),
        _ => Some(module),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn module(path: &str) -> Module {
        path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect()
    }

    fn paths(text: &str) -> Vec<String> {
        named(text, &module("a/b")).into_iter().map(|named| named.path.join("/")).collect()
    }

    #[test]
    fn a_file_is_a_module() {
        let of = |path: &str| module_of(path).map(|(root, module)| format!("{root}:{}", module.join("/")));
        assert_eq!(of("src/lib.rs").as_deref(), Some("src:"));
        assert_eq!(of("src/pg/mod.rs").as_deref(), Some("src:pg"));
        assert_eq!(of("crates/x/src/a/b.rs").as_deref(), Some("crates/x/src:a/b"));
        assert_eq!(of("tests/client/src/lib.rs"), None);
    }

    #[test]
    fn paths_are_read_from_wherever_they_begin() {
        assert_eq!(paths("use crate::c::{self, d::E, f::*};"), ["c", "c/d/E", "c/f"]);
        assert_eq!(paths("use super::super::{x::Y as Z, w};"), ["x/Y", "w"]);
        assert_eq!(
            paths("fn f(a: crate::c::D) -> self::E { super::g::<u8>(a.b, other::h()) }"),
            ["c/D", "a/b/E", "a/g", "other/h"]
        );
        assert_eq!(paths("mod t { use super::*; use super::super::k::L; }"), ["a/b", "a/k/L"]);
        assert!(paths("// crate::a\nlet a = \"crate::b\"; a.b();").is_empty());
    }

    #[test]
    fn who_names_what_a_parent_gives_on_names_the_child() {
        let sources = [
            (module(""), "mod a; mod b; pub use a::A; fn f() { b::f() }"),
            (module("a"), "pub struct A;"),
            (module("b"), "use crate::A; #[cfg(test)] mod t { use crate::c::D; }"),
            (module("c"), "use super::b::f;"),
        ];
        let edges: Vec<String> = Graph::of(&sources)
            .edges
            .keys()
            .map(|(from, to)| format!("{} names {}", from.join("/"), to.join("/")))
            .collect();
        assert_eq!(edges, [" names b", "b names a", "c names b"]);
    }
}
