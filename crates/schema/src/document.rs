//! What is checked, and what it is checked against: JSON as it lies in a jsonb.

use jsonschema_value::{Array, JsonNumber, Jsonb, JsonbNode, Node, Object};
use serde_json::Value;

use crate::refusal::{MOST_BYTES, MOST_LEVELS, Refusal};

/// A jsonb of a size that can be checked.
#[derive(Clone, Copy)]
pub struct Document<'a> {
    bytes: &'a [u8],
    root: JsonbNode<'a>,
}

impl<'a> Document<'a> {
    /// From the bytes of a jsonb without the header of its length. Panics on what no jsonb is.
    pub fn of(bytes: &'a [u8]) -> Result<Document<'a>, Refusal> {
        if bytes.len() > MOST_BYTES {
            return Err(Refusal::TooLong(bytes.len()));
        }
        let root = Jsonb::root(bytes);
        look(&root, 0)?;
        Ok(Document { bytes, root })
    }

    /// The bytes.
    pub(crate) fn bytes(self) -> &'a [u8] {
        self.bytes
    }

    pub(crate) fn root(self) -> JsonbNode<'a> {
        self.root
    }

    /// A copy that can be compiled.
    pub(crate) fn value(self) -> Value {
        self.root.to_value().into_owned()
    }
}

/// Refuses what is too deep, and numbers that would be written with thousands of digits.
fn look(node: &JsonbNode<'_>, level: usize) -> Result<(), Refusal> {
    if level > MOST_LEVELS {
        return Err(Refusal::TooDeep);
    }
    if let Some(number) = node.as_number() {
        let is_zero = |double: f64| double == 0.0 && number.is_integer();
        let is_plain = number.as_f64().is_some_and(|double| double.is_normal() || is_zero(double));
        return if is_plain { Ok(()) } else { Err(Refusal::HugeNumber) };
    }
    if let Some(members) = node.as_object() {
        return members.members().try_for_each(|(_, value)| look(&value, level + 1));
    }
    node.as_array().map_or(Ok(()), |items| items.elements().try_for_each(|item| look(&item, level + 1)))
}
