//! Schemas and values that are made to take for ever: each is refused, or answered within the steps that a check has.

use jsonschema_value::jsonb::encode::encode;
use schema::{Document, MOST_FAULTS, NoSchema, Refusal, Schema};
use serde_json::{Map, Value, json};

fn compile(schema: &Value) -> Result<Schema, NoSchema> {
    let bytes = encode(schema);
    Document::of(&bytes).map_err(NoSchema::Refused).and_then(|schema| Schema::compile(schema, || {}))
}

/// Whether a value fits; asked in both ways, which must agree.
fn fits(schema: &Value, value: &Value) -> Result<bool, Refusal> {
    let (schema, bytes) = (compile(schema).unwrap(), encode(value));
    let value = Document::of(&bytes)?;
    let is_valid = schema.is_valid(value, || {})?;
    assert_eq!(schema.faults(value, || {}).map_or(is_valid, |faults| faults.is_empty()), is_valid);
    Ok(is_valid)
}

/// Why there is no such schema.
fn reason(schema: &Value) -> String {
    match compile(schema) {
        Ok(_) => "none".to_owned(),
        Err(NoSchema::Refused(refusal)) => refusal.to_string(),
        Err(NoSchema::Faults(faults)) => faults[0].reason.clone(),
    }
}

/// Definitions `d0` to the last, each made of the reference to the next.
fn chain(length: usize, definition: impl Fn(Value) -> Value, last: Value) -> Value {
    let mut definitions = Map::new();
    for at in 0..length {
        let next = if at + 1 < length { json!({"$ref": format!("#/$defs/d{}", at + 1)}) } else { last.clone() };
        definitions.insert(format!("d{at}"), definition(next));
    }
    json!({"$defs": definitions, "$ref": "#/$defs/d0"})
}

#[test]
fn references_that_double_at_each_step_end() {
    for keyword in ["allOf", "oneOf"] {
        let schema = chain(200, |next| json!({ keyword: [next, next] }), json!({"type": "string"}));
        assert_eq!(fits(&schema, &json!("abc")), Err(Refusal::TooMuch), "{keyword}");
    }
    let schema = chain(100, |next| json!({"if": next, "then": next, "else": next}), json!({"type": "string"}));
    assert_eq!(fits(&schema, &json!(1)), Err(Refusal::TooMuch));
    let many = chain(300, |next| json!({"allOf": [next, next]}), json!(true));
    assert_eq!(reason(&many), "must have at most 500 references, not 599");
}

#[test]
fn references_all_to_all_are_not_compiled() {
    let to = |other: usize| json!({"$ref": format!("#/$defs/d{other}")});
    for keyword in ["allOf", "anyOf", "prefixItems"] {
        let one = || json!({ keyword: (0..22).map(to).collect::<Vec<_>>() });
        let all: Map<_, _> = (0..22).map(|n| (format!("d{n}"), one())).collect();
        let schema = json!({"$defs": all, "$ref": "#/$defs/d0"});
        assert_eq!(reason(&schema), "must not refer to itself on so many ways", "{keyword}");
    }
}

#[test]
fn a_schema_that_refers_to_itself_goes_as_deep_as_a_value() {
    let tree = json!({"type": "array", "items": {"$ref": "#"}});
    let deep = |innermost: Value| (0..63).fold(innermost, |inner, _| json!([inner]));
    assert_eq!(fits(&tree, &deep(json!([]))), Ok(true));
    assert_eq!(fits(&tree, &deep(json!(1))), Ok(false));
    let chain = chain(450, |next| json!({"not": next}), json!({"type": "string"}));
    assert!(matches!(fits(&chain, &json!(1)), Ok(_) | Err(Refusal::TooNested)));
}

#[test]
fn dear_keywords_end() {
    let lists: Vec<Value> = (0..4000).map(|n| json!([n])).collect();
    let far: Vec<Value> = (0..2500).map(|n| json!([n + 3000])).collect();
    let near: Vec<Value> = (0..3000).map(|n| json!([n])).collect();
    for (schema, value) in [
        (json!({"uniqueItems": true}), json!(lists)),
        (json!({"items": {"enum": near}}), json!(far)),
        (
            json!({"allOf": (0..900).map(|n| json!({"items": {"maximum": 9000 + n}})).collect::<Vec<_>>()}),
            json!((0..9000).collect::<Vec<_>>()),
        ),
    ] {
        assert!(matches!(fits(&schema, &value), Ok(_) | Err(Refusal::TooMuch)), "{schema:.40}");
    }
    let wide: Vec<Value> = (0..1900).map(|n| json!({"minimum": n})).collect();
    assert_eq!(
        reason(&json!({"allOf": wide.iter().map(|one| json!({"items": one})).collect::<Vec<_>>()})),
        "must have at most 2000 objects, not 3801"
    );
}

#[test]
fn patterns_are_matched_in_linear_time() {
    let text = json!("a".repeat(60_000) + "!");
    for pattern in ["^(a+)+$", "^(a|aa)+$", "^(a*)*b$", "^([a-z]+)*[0-9]$"] {
        assert_eq!(fits(&json!({ "pattern": pattern }), &text), Ok(false), "{pattern}");
    }
    for pattern in ["(?=a)b", "(a)\\1"] {
        assert!(reason(&json!({ "pattern": pattern })).starts_with("must be a regular expression"), "{pattern}");
    }
    let long = json!({"pattern": "a".repeat(1001)});
    assert_eq!(reason(&long), "must have at most 1000 bytes in a pattern");
}

/// Patterns that differ in their end only.
fn several(pattern: &str, many: usize) -> Value {
    json!({"allOf": (0..many).map(|n| json!({"pattern": format!("{pattern}{n}")})).collect::<Vec<_>>()})
}

#[test]
fn patterns_that_are_dear_to_compile_are_refused() {
    for (pattern, many) in [
        ("\\s".repeat(400), 1),
        ("\\cA".repeat(300), 1),
        ("((a{20}){20}){60}".to_owned(), 1),
        ("(?i)\\p{L}".repeat(9), 2),
        ("[^a]{90}".to_owned(), 40),
        ("a?".repeat(400), 60),
    ] {
        let dear = "must have shorter patterns, or fewer, with less that is repeated";
        assert_eq!(reason(&several(&pattern, many)), dear, "{pattern:.40}");
    }
    let usual = [
        "^[A-Z0-9]{2,10}/[A-Z0-9]{2,10}$",
        "^[^\\s@]+@[^\\s@]+\\.[^\\s@]+$",
        "^\\w{1,255}$",
        "^\\p{Lu}.{0,99}$",
        "^\\d{4}-\\d{2}-\\d{2}T\\d{2}:\\d{2}(:\\d{2}(\\.\\d+)?)?(Z|[+-]\\d{2}:\\d{2})$",
        "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$",
    ];
    let patterns: Vec<Value> = usual.iter().map(|pattern| several(pattern, 5)).collect();
    assert_eq!(reason(&json!({ "allOf": patterns })), "none");
}

#[test]
fn what_is_compiled_anew_on_each_way_has_few_ways() {
    let asking = |next| json!({"allOf": [next, next], "unevaluatedProperties": false});
    assert_eq!(reason(&chain(8, asking, json!(true))), "none");
    let beside = |keyword| format!("must have at most 20 references beside {keyword}, not 23");
    assert_eq!(reason(&chain(12, asking, json!(true))), beside("unevaluatedProperties"));
    let wide: Vec<Value> = (0..300).map(|n| json!({"maximum": n})).collect();
    let tenfold = chain(3, |next| json!({"anyOf": [next, next, next, next, next]}), json!({ "allOf": wide }));
    assert_eq!(reason(&tenfold), "none");
    let mut asked = tenfold;
    asked["unevaluatedItems"] = json!(false);
    assert_eq!(reason(&asked), "must not refer to itself on so many ways");
    for keyword in ["$dynamicRef", "$recursiveRef"] {
        let named: Vec<Value> = (0..23).map(|_| json!({ keyword: "#" })).collect();
        assert_eq!(reason(&json!({ "anyOf": named })), beside(keyword));
    }
}

#[test]
fn what_is_wrong_everywhere_is_listed_up_to_a_bound() {
    let schema = compile(&json!({"items": {"type": "string"}})).unwrap();
    for wrong in [50, 500, 5000] {
        let bytes = encode(&json!((0..wrong).collect::<Vec<_>>()));
        let faults = schema.faults(Document::of(&bytes).unwrap(), || {}).unwrap();
        assert!((1..=MOST_FAULTS).contains(&faults.len()), "{} of {wrong}", faults.len());
    }
}
