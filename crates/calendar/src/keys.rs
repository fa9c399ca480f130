//! JSON objects whose keys are all known.

use serde_json::{Map, Value};

use crate::day::Day;
use crate::fault::Fault;
use crate::local::Local;

/// An object, and where it stands.
pub struct Keys<'a> {
    place: String,
    map: &'a Map<String, Value>,
}

impl<'a> Keys<'a> {
    /// Refuses what is no object, and keys that are not known.
    pub fn of(place: String, value: &'a Value, known: &[&str]) -> Result<Keys<'a>, Fault> {
        let keys = Keys::any(place, value)?;
        match keys.map.keys().find(|key| !known.contains(&key.as_str())) {
            Some(key) => Err(Fault::Malformed(keys.place, format!("unknown key {}", clip(&Value::from(key.as_str()))))),
            None => Ok(keys),
        }
    }

    /// An object that may have further keys.
    pub fn any(place: String, value: &'a Value) -> Result<Keys<'a>, Fault> {
        match value {
            Value::Object(map) => Ok(Keys { place, map }),
            _ => Err(Fault::Malformed(place, format!("an object is needed, not {}", clip(value)))),
        }
    }

    /// What is wrong with a key.
    pub fn fault(&self, key: &str, problem: &str) -> Fault {
        let found = self.get(key).map_or_else(|| "nothing".to_owned(), clip);
        Fault::Malformed(self.place_of(key), format!("{problem} is needed, not {found}"))
    }

    /// The value of a key; `null` is none.
    pub fn get(&self, key: &str) -> Option<&'a Value> {
        self.map.get(key).filter(|value| !value.is_null())
    }

    /// Where a key stands.
    pub fn place_of(&self, key: &str) -> String {
        if self.place == "definition" { key.to_owned() } else { format!("{}.{key}", self.place) }
    }

    /// A text, if there is one.
    pub fn some_text(&self, key: &str, most: usize) -> Result<Option<String>, Fault> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let text = value.as_str().filter(|text| text.chars().count() <= most);
        text.map(|text| Some(text.to_owned()))
            .ok_or_else(|| self.fault(key, &format!("a text of up to {most} characters")))
    }

    /// A text that is not blank.
    pub fn text(&self, key: &str, most: usize) -> Result<String, Fault> {
        let text = self.some_text(key, most)?.filter(|text| !text.trim().is_empty());
        text.ok_or_else(|| self.fault(key, "a text"))
    }

    /// A date, if there is one.
    pub fn some_day(&self, key: &str) -> Result<Option<Day>, Fault> {
        let Some(value) = self.get(key) else { return Ok(None) };
        let day = value.as_str().and_then(Day::parse);
        day.map(Some).ok_or_else(|| self.fault(key, "a date like \"2024-11-05\""))
    }

    /// A date.
    pub fn day(&self, key: &str) -> Result<Day, Fault> {
        self.some_day(key)?.ok_or_else(|| self.fault(key, "a date like \"2024-11-05\""))
    }

    /// A time, if there is one.
    pub fn some_time(&self, key: &str) -> Result<Option<Local>, Fault> {
        let Some(value) = self.get(key) else { return Ok(None) };
        self.time_of(key, value).map(Some)
    }

    /// A value below a key as a time.
    pub fn time_of(&self, key: &str, value: &Value) -> Result<Local, Fault> {
        let problem = || format!("a time like \"09:30\", \"-17:00\" or \"26:30\" is needed, not {}", clip(value));
        value.as_str().and_then(Local::parse).ok_or_else(|| Fault::Malformed(self.place_of(key), problem()))
    }

    /// True or false, if it is said.
    pub fn some_bool(&self, key: &str) -> Result<Option<bool>, Fault> {
        let Some(value) = self.get(key) else { return Ok(None) };
        value.as_bool().map(Some).ok_or_else(|| self.fault(key, "true or false"))
    }

    /// A whole number, if there is one.
    pub fn some_int(&self, key: &str) -> Result<Option<i64>, Fault> {
        let Some(value) = self.get(key) else { return Ok(None) };
        value.as_i64().map(Some).ok_or_else(|| self.fault(key, "a whole number"))
    }

    /// A list; none is an empty one.
    pub fn list(&self, key: &str) -> Result<&'a [Value], Fault> {
        let Some(value) = self.get(key) else { return Ok(&[]) };
        value.as_array().map(Vec::as_slice).ok_or_else(|| self.fault(key, "a list"))
    }
}

/// As much of a value as tells which one it is.
fn clip(value: &Value) -> String {
    let text = value.to_string();
    match text.char_indices().nth(60) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
