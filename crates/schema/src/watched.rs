//! A jsonb that counts how often it is looked at.

use std::borrow::Cow;

use jsonschema_value::jsonb::{Cursor, JsonbArray, JsonbMembers, JsonbNumber, JsonbObject};
use jsonschema_value::types::JsonType;
use jsonschema_value::{Array, Json, Jsonb, JsonbNode, LazyInstance, Node, NodeIdentity, Object};
use serde_json::Value;

use crate::watch::{found, spend};

/// A string costs one look more for each so many bytes.
const BYTES: usize = 64;

/// The representation.
pub struct Watched;

/// A value.
#[derive(Clone, Copy)]
pub struct Seen<'a>(pub JsonbNode<'a>);

/// An object.
pub struct SeenObject<'a>(JsonbObject<'a>);

/// A list.
pub struct SeenArray<'a>(JsonbArray<'a>);

/// The members of an object.
pub struct SeenMembers<'a>(JsonbMembers<'a>);

/// The items of a list.
pub struct SeenItems<'a>(Cursor<'a>);

impl Json for Watched {
    type Node<'a> = Seen<'a>;
    type PreparedKey = <Jsonb as Json>::PreparedKey;
    type StringBuffer = <Jsonb as Json>::StringBuffer;

    fn prepare_key(key: &str) -> Self::PreparedKey {
        Jsonb::prepare_key(key)
    }

    fn with_string_node<T>(buffer: &mut Self::StringBuffer, string: &str, check: impl FnOnce(Seen<'_>) -> T) -> T {
        Jsonb::with_string_node(buffer, string, |node| check(Seen(node)))
    }
}

/// How many values there are in a list or an object, with whatever is in them.
fn size(node: &JsonbNode<'_>) -> usize {
    if let Some(items) = node.as_array() {
        return 1 + items.elements().map(|item| size(&item)).sum::<usize>();
    }
    node.as_object().map_or(1, |members| 1 + members.members().map(|(_, value)| size(&value)).sum::<usize>())
}

impl<'a> Node<'a, Watched> for Seen<'a> {
    type Object = SeenObject<'a>;
    type Array = SeenArray<'a>;
    type Number = JsonbNumber<'a>;

    fn as_object(&self) -> Option<SeenObject<'a>> {
        spend(1);
        self.0.as_object().map(SeenObject)
    }

    fn as_array(&self) -> Option<SeenArray<'a>> {
        spend(1);
        self.0.as_array().map(SeenArray)
    }

    fn as_string(&self) -> Option<Cow<'a, str>> {
        let string = self.0.as_string();
        spend(1 + string.as_ref().map_or(0, |string| string.len() / BYTES));
        string
    }

    fn as_number(&self) -> Option<JsonbNumber<'a>> {
        spend(1);
        self.0.as_number()
    }

    fn as_boolean(&self) -> Option<bool> {
        spend(1);
        self.0.as_boolean()
    }

    fn is_null(&self) -> bool {
        spend(1);
        self.0.is_null()
    }

    fn is_number(&self) -> bool {
        spend(1);
        self.0.is_number()
    }

    fn is_string(&self) -> bool {
        spend(1);
        self.0.is_string()
    }

    fn json_type(&self) -> JsonType {
        spend(1);
        self.0.json_type()
    }

    fn string_length(&self) -> Option<u64> {
        let length = self.0.string_length();
        spend(1 + length.map_or(0, |length| length as usize / BYTES));
        length
    }

    fn equals_value(&self, expected: &Value) -> bool {
        // Two that differ in their size are told apart at once.
        spend(size(&self.0));
        self.0.equals_value(expected)
    }

    fn to_value(&self) -> Cow<'a, Value> {
        spend(size(&self.0));
        self.0.to_value()
    }

    fn lazy_value(&self) -> LazyInstance<'a> {
        found();
        self.0.lazy_value()
    }

    fn identity(&self) -> Option<NodeIdentity> {
        spend(1);
        self.0.identity()
    }
}

impl<'a> Object<'a, Watched> for SeenObject<'a> {
    type Node = Seen<'a>;
    type MemberName = Cow<'a, str>;
    type MembersIter = SeenMembers<'a>;

    fn len(&self) -> usize {
        spend(1);
        self.0.len()
    }

    fn get(&self, key: &<Jsonb as Json>::PreparedKey) -> Option<Seen<'a>> {
        spend(1);
        self.0.get(key).map(Seen)
    }

    fn members(&self) -> SeenMembers<'a> {
        spend(1);
        SeenMembers(self.0.members())
    }
}

impl<'a> Iterator for SeenMembers<'a> {
    type Item = (Cow<'a, str>, Seen<'a>);

    fn next(&mut self) -> Option<Self::Item> {
        spend(1);
        self.0.next().map(|(name, value)| (name, Seen(value)))
    }
}

impl<'a> Array<'a, Watched> for SeenArray<'a> {
    type Node = Seen<'a>;
    type ElementsIter = SeenItems<'a>;

    fn len(&self) -> usize {
        spend(1);
        self.0.len()
    }

    fn elements(&self) -> SeenItems<'a> {
        spend(1);
        SeenItems(self.0.elements())
    }

    fn is_unique(&self) -> bool {
        spend(self.0.elements().map(|item| size(&item)).sum());
        self.0.is_unique()
    }
}

impl<'a> Iterator for SeenItems<'a> {
    type Item = Seen<'a>;

    fn next(&mut self) -> Option<Seen<'a>> {
        spend(1);
        self.0.next().map(Seen)
    }
}
