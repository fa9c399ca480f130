//! The vault, and JSON Schema.

use jsonschema_value::jsonb::encode::encode;
use schema::{Document, Schema};
use serde_json::Value;
use vault::fernet::{Key, made_at};
use vault::ring::KeyRing;
use vault::{api_key, code};

use crate::bytes::Bytes;

/// What is sealed opens to what it was, with its key alone; anything else is no token.
pub fn vault(data: &[u8]) {
    let mut bytes = Bytes(data);
    let (now, iv) = (bytes.long().unsigned_abs(), bytes.huge().to_le_bytes());
    let text = bytes.text();
    let _ = (Key::parse(text).is_ok(), KeyRing::parse(text).is_ok(), made_at(text), api_key::prefix(text));
    assert!(!api_key::matches(text, bytes.0) || bytes.0 == api_key::digest(text));
    let _ = code::spell([bytes.byte(), bytes.byte(), bytes.byte(), bytes.byte()]);
    let key = |letter: &str| Key::parse(&format!("{}=", letter.repeat(43))).ok();
    let (Some(ours), Some(other)) = (key("A"), key("Q")) else { panic!("both are keys") };
    assert!(ours.open(text).is_err());
    let token = ours.seal(bytes.0, now, iv);
    assert_eq!(ours.open(&token).as_deref().map(Vec::as_slice).ok(), Some(bytes.0));
    assert_eq!(made_at(&token), Some(now));
    assert!(other.open(&token).is_err());
    let mut changed = token.into_bytes();
    let place = usize::from(bytes.byte()) % changed.len();
    changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
    // The last letters of base64 may have bits that say nothing.
    if place + 4 < changed.len() {
        assert!(std::str::from_utf8(&changed).is_ok_and(|changed| ours.open(changed).is_err()));
    }
}

fn unheard() {}

/// A schema that compiles judges a value one way, and names a fault where there is one.
pub fn schema(data: &[u8]) {
    let half = data.len() / 2;
    let (Some(schema), Some(value)) = (read(&data[..half]), read(&data[half..])) else { return };
    let (schema, value) = (encode(&schema), encode(&value));
    let (Ok(document), Ok(judged)) = (Document::of(&schema), Document::of(&value)) else { return };
    let Ok(compiled) = Schema::compile(document, unheard) else { return };
    let Ok(again) = Document::of(&value) else { return };
    if let (Ok(is_valid), Ok(faults)) = (compiled.is_valid(judged, unheard), compiled.faults(again, unheard)) {
        assert_eq!(is_valid, faults.is_empty());
    }
}

/// JSON as it stands there, or of what the bytes choose.
fn read(data: &[u8]) -> Option<Value> {
    let mut bytes = Bytes(data);
    serde_json::from_str(bytes.text()).ok().or_else(|| Some(chosen(&mut bytes, 0)))
}

fn chosen(bytes: &mut Bytes, depth: u8) -> Value {
    const KEYS: [&str; 16] = [
        "type",
        "minimum",
        "maxLength",
        "items",
        "properties",
        "required",
        "enum",
        "pattern",
        "$ref",
        "not",
        "anyOf",
        "a",
        "b",
        "const",
        "multipleOf",
        "uniqueItems",
    ];
    const TEXTS: [&str; 8] = ["object", "number", "string", "array", "#", "^a+$", "a", "null"];
    match bytes.below(if depth > 4 { 4 } else { 7 }) {
        0 => Value::Null,
        1 => Value::from(bytes.below(2) == 1),
        2 => Value::from(bytes.small() - 300),
        3 => Value::from(bytes.pick(&TEXTS)),
        4 => (0..bytes.below(4)).map(|_| chosen(bytes, depth + 1)).collect(),
        _ => {
            let members = (0..bytes.below(5)).map(|_| (bytes.pick(&KEYS).to_owned(), chosen(bytes, depth + 1)));
            Value::Object(members.collect())
        }
    }
}
