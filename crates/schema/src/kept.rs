//! Schemas that have been compiled, for whoever asks the same one again.

use std::rc::Rc;

use crate::document::Document;
use crate::schema::Schema;

struct One {
    bytes: Box<[u8]>,
    weight: usize,
    schema: Rc<Schema>,
}

/// So many schemas and so many bytes at most; the one that was asked longest ago goes first.
pub struct Kept {
    /// The one that was asked last stands first.
    schemas: Vec<One>,
    most: usize,
    most_bytes: usize,
}

impl Kept {
    /// None yet.
    pub const fn new(most: usize, most_bytes: usize) -> Kept {
        Kept { schemas: Vec::new(), most, most_bytes }
    }

    /// What has been compiled from the same bytes.
    pub fn get(&mut self, document: Document<'_>) -> Option<Rc<Schema>> {
        let at = self.schemas.iter().position(|one| *one.bytes == *document.bytes())?;
        self.schemas[..=at].rotate_right(1);
        Some(Rc::clone(&self.schemas[0].schema))
    }

    /// Keeps what has been compiled from these bytes, if it is not too large for it.
    pub fn keep(&mut self, document: Document<'_>, schema: Schema) -> Rc<Schema> {
        let (weight, schema) = (schema.weight(), Rc::new(schema));
        if weight <= self.most_bytes {
            let one = One { bytes: document.bytes().into(), weight, schema: Rc::clone(&schema) };
            self.schemas.insert(0, one);
            self.schemas.truncate(self.most);
            while self.schemas.iter().map(|one| one.weight).sum::<usize>() > self.most_bytes {
                self.schemas.pop();
            }
        }
        schema
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.schemas.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.schemas.is_empty()
    }
}
