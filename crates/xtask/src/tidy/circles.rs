//! No modules of a crate go round in a circle: a reader begins with the one that needs none of the others.
//!
//! The modules of one folder are compared with each other, and a folder among them counts as one, with all that is
//! below it. A parent (`mod.rs`, `lib.rs`) and what is below it are one house: it calls its children, and they use what
//! it declares for all of them. What only tests compile is free.

use std::collections::{BTreeMap, BTreeSet};

use super::paths::{Graph, Module, module_of};

/// The circles of every crate.
pub fn circles(files: &[(String, String)]) -> Vec<String> {
    let mut crates: BTreeMap<String, Vec<(Module, &str)>> = BTreeMap::new();
    for (path, text) in files {
        if let Some((root, module)) = module_of(path) {
            crates.entry(root).or_default().push((module, text));
        }
    }
    let mut violations = Vec::new();
    for (root, sources) in &crates {
        let edges = siblings(&Graph::of(sources));
        for ((from, to), place) in &edges {
            let back = way(edges.keys(), to, from);
            // Each circle is told once, from the first of its modules.
            if let Some(back) = back.filter(|back| back.iter().all(|module| from <= module)) {
                violations.push(format!("{root}/{place}: a circle: {from}, {}", back.join(", ")));
            }
        }
    }
    violations
}

/// A module, and one beside it that it names.
type Edge = (String, String);

/// The imports as they look from the folder in which the two ways part, each with a source and line that stands for it.
fn siblings(graph: &Graph) -> BTreeMap<Edge, String> {
    let mut edges = BTreeMap::new();
    for ((from, to), line) in &graph.edges {
        let shared = from.iter().zip(to).take_while(|(a, b)| a == b).count();
        if shared < from.len() && shared < to.len() {
            let edge = (from[..=shared].join("/"), to[..=shared].join("/"));
            edges.entry(edge).or_insert_with(|| format!("{}:{line}", from.join("/")));
        }
    }
    edges
}

/// The shortest way from one module to another, both included.
fn way<'a>(edges: impl Iterator<Item = &'a Edge> + Clone, from: &str, to: &str) -> Option<Vec<String>> {
    let mut ways = vec![vec![from.to_owned()]];
    let mut seen = BTreeSet::from([from.to_owned()]);
    let mut next = 0;
    while next < ways.len() {
        let way = ways[next].clone();
        if way.last().is_some_and(|last| last == to) {
            return Some(way);
        }
        for (_, target) in edges.clone().filter(|(source, _)| Some(source) == way.last()) {
            if seen.insert(target.clone()) {
                ways.push([way.as_slice(), std::slice::from_ref(target)].concat());
            }
        }
        next += 1;
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn files(texts: &[(&str, &str)]) -> Vec<(String, String)> {
        texts.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
    }

    #[test]
    fn a_circle_of_two_and_of_three_is_found_once() {
        let two = files(&[("src/a.rs", "use crate::b::B;"), ("src/b.rs", "use super::a::A;")]);
        assert_eq!(circles(&two), ["src/a:1: a circle: a, b, a"]);
        let three = files(&[
            ("crates/x/src/a.rs", "use crate::b::B;"),
            ("crates/x/src/b.rs", "fn f() { crate::c::g() }"),
            ("crates/x/src/c.rs", "use super::a::A;"),
        ]);
        assert_eq!(circles(&three), ["crates/x/src/a:1: a circle: a, b, c, a"]);
    }

    #[test]
    fn a_folder_is_one_with_what_is_below_it() {
        let house = files(&[("src/a/mod.rs", "mod b; fn f() { b::g() } struct A;"), ("src/a/b.rs", "use super::A;")]);
        assert!(circles(&house).is_empty());
        let cousins = files(&[
            ("src/a/b.rs", "use crate::d::D;"),
            ("src/a/c.rs", "pub fn f() {}"),
            ("src/d.rs", "use crate::a::c::f;"),
        ]);
        assert_eq!(circles(&cousins), ["src/a/b:1: a circle: a, d, a"]);
    }

    #[test]
    fn a_way_back_that_only_tests_take_is_no_circle() {
        let test = files(&[("src/a.rs", "use crate::b::B;"), ("src/b.rs", "#[test]\nfn t() { crate::a::f() }")]);
        assert!(circles(&test).is_empty());
    }
}
