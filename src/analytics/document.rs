//! Figures as jsonb. Amounts keep every digit: a number of JSON is no double.

use crate::pg::value::{Json, Timestamp};

/// An object on its way.
#[derive(Default)]
pub struct Document(String);

impl Document {
    /// A field, whose value is JSON already. Names are ours: nothing in them needs an escape.
    pub fn say(&mut self, name: &str, value: impl AsRef<str>) {
        self.0.push(if self.0.is_empty() { '{' } else { ',' });
        self.0.push_str(&format!("\"{name}\":{}", value.as_ref()));
    }

    /// The first and the last moment, in UTC.
    pub fn span(&mut self, first: &str, last: &str, span: Option<(i64, i64)>) {
        let said = |at: Option<i64>| at.map_or("null".to_owned(), |at| format!("\"{}\"", Timestamp(at).iso()));
        self.say(first, said(span.map(|(first, _)| first)));
        self.say(last, said(span.map(|(_, last)| last)));
    }

    /// The object.
    pub fn json(self) -> Json {
        Json::of_text(&format!("{}}}", self.0))
    }
}

/// A finite number; null for none.
pub fn number(number: Option<f64>) -> String {
    number.map_or("null".to_owned(), |number| format!("{number:?}"))
}
