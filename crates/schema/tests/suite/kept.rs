//! Schemas that are kept: the same answers, sooner, and never more than so many.

use std::rc::Rc;

use jsonschema_value::jsonb::encode::encode;
use schema::{Document, Kept, Schema};
use serde_json::json;

const MEBIBYTE: usize = 1 << 20;

#[test]
fn the_one_that_was_asked_longest_ago_goes() {
    let schemas: Vec<Vec<u8>> = (0..4).map(|n| encode(&json!({ "maximum": n }))).collect();
    let documents: Vec<Document<'_>> = schemas.iter().map(|bytes| Document::of(bytes).unwrap()).collect();
    let compile = |at: usize| Schema::compile(documents[at], || {}).unwrap();
    let mut kept = Kept::new(3, MEBIBYTE);
    let first = kept.keep(documents[0], compile(0));
    kept.keep(documents[1], compile(1));
    kept.keep(documents[2], compile(2));
    assert!(kept.get(documents[0]).is_some_and(|again| Rc::ptr_eq(&again, &first)));
    kept.keep(documents[3], compile(3));
    let known: Vec<bool> = documents.iter().map(|document| kept.get(*document).is_some()).collect();
    assert_eq!(known, [true, false, true, true]);
}

#[test]
fn what_is_kept_has_no_more_than_so_many_bytes() {
    let schemas: Vec<Vec<u8>> = (0..40).map(|n| encode(&json!({"title": "t".repeat(20_000), "maximum": n}))).collect();
    let documents: Vec<Document<'_>> = schemas.iter().map(|bytes| Document::of(bytes).unwrap()).collect();
    let mut kept = Kept::new(64, 4 * MEBIBYTE);
    for document in &documents {
        let weight = kept.keep(*document, Schema::compile(*document, || {}).unwrap()).weight();
        assert!(weight > 20_000 && kept.len() * weight <= 4 * MEBIBYTE);
    }
    assert!(kept.len() > 1 && kept.get(documents[39]).is_some() && kept.get(documents[0]).is_none());
    let mut small = Kept::new(64, 1000);
    small.keep(documents[0], Schema::compile(documents[0], || {}).unwrap());
    assert!(small.is_empty(), "what is larger than all that may be kept is not kept");
}

#[test]
fn patterns_are_counted_among_what_is_kept() {
    let weight = |patterns: usize| {
        let all: Vec<_> = (0..patterns).map(|n| json!({"pattern": format!("[a-z]{{9}}{n}")})).collect();
        let bytes = encode(&json!({ "allOf": all }));
        Schema::compile(Document::of(&bytes).unwrap(), || {}).unwrap().weight()
    };
    assert!(weight(20) > weight(10) + 10 * 100_000, "{} {}", weight(10), weight(20));
}
