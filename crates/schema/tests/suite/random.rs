//! Random schemas and values: what is read in place is judged as a copy of it is, and nothing is told of it.

use jsonschema_value::jsonb::encode::encode;
use proptest::prelude::*;
use schema::{Document, Draft, MOST_FAULTS, Schema};
use serde_json::{Map, Value, json};

/// What stands in every string of a value, and in no schema.
const SECRET: &str = "s3cr3t";

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        (-20i64..20).prop_map(Value::from),
        (-200i32..200).prop_map(|n| json!(f64::from(n) / 8.0)),
        any::<i64>().prop_map(Value::from),
        "[a-c]{0,4}".prop_map(|text| json!(text + SECRET)),
    ];
    leaf.prop_recursive(4, 40, 5, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::btree_map("[a-d]", inner, 0..5)
                .prop_map(|members| Value::Object(Map::from_iter(members))),
        ]
    })
}

fn schema() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        prop::sample::select(vec!["null", "boolean", "integer", "number", "string", "array", "object"])
            .prop_map(|name| json!({ "type": name })),
        (-20i64..20).prop_map(|n| json!({"minimum": n, "exclusiveMaximum": n + 15})),
        (1u32..40).prop_map(|n| json!({"multipleOf": f64::from(n) / 8.0})),
        (0u64..12).prop_map(|n| json!({"maxLength": n, "minItems": n / 4, "maxProperties": n / 2})),
        "[a-c]{0,2}".prop_map(|text| json!({ "pattern": format!("^{text}") })),
        (-3i64..3).prop_map(|n| json!({"enum": [n, [n], {"a": n}, null]})),
        Just(json!({"uniqueItems": true, "required": ["a"]})),
        Just(json!({"$ref": "#"})),
    ];
    leaf.prop_recursive(4, 30, 4, |inner| {
        let several = prop::collection::vec(inner.clone(), 1..4);
        let members = prop::collection::btree_map("[a-d]", inner.clone(), 0..4);
        prop_oneof![
            (prop::sample::select(vec!["allOf", "anyOf", "oneOf"]), several)
                .prop_map(|(keyword, several)| json!({ keyword: several })),
            (
                prop::sample::select(vec!["not", "items", "contains", "propertyNames", "additionalProperties"]),
                inner.clone()
            )
                .prop_map(|(keyword, one)| json!({ keyword: one })),
            (inner.clone(), inner.clone()).prop_map(|(one, other)| json!({"if": one, "then": other, "else": false})),
            (members, inner, any::<bool>()).prop_map(|(members, other, is_closed)| {
                let other = if is_closed { json!(false) } else { other };
                json!({"properties": members, "patternProperties": {"^a": other}, "unevaluatedProperties": other})
            }),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2000))]

    #[test]
    fn in_place_is_as_a_copy(schema in schema(), value in value()) {
        let (schema_bytes, bytes) = (encode(&schema), encode(&value));
        let compiled = Schema::compile(Document::of(&schema_bytes).unwrap(), || {}).unwrap();
        let document = Document::of(&bytes).unwrap();
        let copied = jsonschema::options().with_draft(Draft::default()).build(&schema).unwrap();
        let is_valid = compiled.is_valid(document, || {}).unwrap();
        prop_assert_eq!(is_valid, copied.is_valid(&value));
        let faults = compiled.faults(document, || {}).unwrap();
        prop_assert_eq!(faults.is_empty(), is_valid);
        prop_assert!(faults.len() <= MOST_FAULTS && faults.is_sorted());
        for fault in faults {
            prop_assert!(value.pointer(&fault.path).is_some(), "{fault:?}");
            prop_assert!(!fault.to_string().contains(SECRET), "{fault:?}");
        }
    }

    #[test]
    fn whatever_is_given_for_a_schema_is_judged(schema in value(), value in value()) {
        let (schema_bytes, bytes) = (encode(&schema), encode(&value));
        match Schema::compile(Document::of(&schema_bytes).unwrap(), || {}) {
            Ok(schema) => prop_assert_eq!(schema.faults(Document::of(&bytes).unwrap(), || {}).err(), None),
            Err(why) => prop_assert!(!format!("{why:?}").contains(SECRET), "{why:?}"),
        }
    }
}
