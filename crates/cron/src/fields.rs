//! What may stand in a field of an expression. What comes out of here is in figures, and all of it means to croner what
//! it says.

use std::fmt;

/// Why an expression is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal(pub(crate) String);

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn refuse<T>(why: impl Into<String>) -> Result<T, Refusal> {
    Err(Refusal(why.into()))
}

/// A field of an expression.
pub struct Field {
    name: &'static str,
    first: u32,
    last: u32,
    /// The names of its values, from `first` on.
    names: &'static [&'static str],
    kind: Kind,
}

#[derive(PartialEq, Eq)]
enum Kind {
    Time,
    DayOfMonth,
    Month,
    DayOfWeek,
}

const MONTHS: [&str; 12] = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const DAYS: [&str; 7] = ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"];

/// The fields of an expression, in order.
pub const FIELDS: [Field; 6] = [
    Field { name: "second", first: 0, last: 59, names: &[], kind: Kind::Time },
    Field { name: "minute", first: 0, last: 59, names: &[], kind: Kind::Time },
    Field { name: "hour", first: 0, last: 23, names: &[], kind: Kind::Time },
    Field { name: "day of the month", first: 1, last: 31, names: &[], kind: Kind::DayOfMonth },
    Field { name: "month", first: 1, last: 12, names: &MONTHS, kind: Kind::Month },
    Field { name: "day of the week", first: 0, last: 7, names: &DAYS, kind: Kind::DayOfWeek },
];

impl Field {
    /// The field in figures. `text` is in capitals.
    pub fn read(&self, text: &str) -> Result<String, Refusal> {
        match text {
            "*" => return Ok(text.to_owned()),
            "?" if matches!(self.kind, Kind::DayOfMonth | Kind::DayOfWeek) => return Ok("*".to_owned()),
            _ => {}
        }
        // Both days have to fit, where otherwise either does.
        if let Some(list) = text.strip_prefix('+')
            && self.kind == Kind::DayOfWeek
        {
            return Ok(format!("+{}", self.list(list)?));
        }
        self.list(text)
    }

    fn list(&self, text: &str) -> Result<String, Refusal> {
        let parts: Vec<&str> = text.split(',').collect();
        if self.kind == Kind::DayOfMonth && parts.contains(&"L") && parts.contains(&"LW") {
            return refuse("L and LW in one day of the month: croner would leave L out");
        }
        let parts: Result<Vec<String>, Refusal> = parts.into_iter().map(|part| self.part(part)).collect();
        Ok(parts?.join(","))
    }

    fn part(&self, text: &str) -> Result<String, Refusal> {
        if text.is_empty() {
            return refuse(format!("an empty part in the {}", self.name));
        }
        if let Some((range, step)) = text.split_once('/') {
            return self.stepped(range, step);
        }
        match self.kind {
            Kind::DayOfMonth if text == "L" || text == "LW" => return Ok(text.to_owned()),
            Kind::DayOfWeek if text.contains('#') || text.ends_with('L') => return self.one_of_month(text),
            _ => {}
        }
        if let Some(day) = text.strip_suffix('W')
            && self.kind == Kind::DayOfMonth
        {
            return Ok(format!("{}W", self.value(day, text)?));
        }
        match text.split_once('-') {
            Some((from, to)) => self.range(from, to).map(|(from, to)| format!("{from}-{to}")),
            None => Ok(self.value(text, text)?.to_string()),
        }
    }

    /// `FRI#2`, `FRIL` and `FRI#L`: one day of the month.
    fn one_of_month(&self, text: &str) -> Result<String, Refusal> {
        let (day, which) = text.split_once('#').or(text.strip_suffix('L').map(|day| (day, "L"))).unwrap_or((text, ""));
        if which != "L" && !matches!(which, "1" | "2" | "3" | "4" | "5") {
            return refuse(format!("{text:?} in the {}: # is followed by 1 to 5, or L", self.name));
        }
        Ok(format!("{}#{which}", self.value(day, text)?))
    }

    fn stepped(&self, range: &str, step: &str) -> Result<String, Refusal> {
        let text = format!("{range}/{step}");
        let Some(every) = number(step).filter(|every| *every > 0) else {
            return refuse(format!("{text:?} in the {}: / is followed by a number from 1 on", self.name));
        };
        let (from, to) = match range.split_once('-') {
            Some((from, to)) => self.range(from, to)?,
            // 7 is Sunday once more.
            None if range == "*" => (self.first, if self.kind == Kind::DayOfWeek { 6 } else { self.last }),
            None => return refuse(format!("{text:?} in the {}: / follows * or a range", self.name)),
        };
        if every > to - from + 1 {
            return refuse(format!("{text:?} in the {}: the step is longer than the range", self.name));
        }
        // Croner tells by the * that this is no single time.
        Ok(if range == "*" { text } else { format!("{from}-{to}/{step}") })
    }

    fn range(&self, from: &str, to: &str) -> Result<(u32, u32), Refusal> {
        let text = format!("{from}-{to}");
        let (from, end) = (self.value(from, &text)?, self.value(to, &text)?);
        // A week that ends with SUN; SUN-SUN is one day.
        let to = if to == "SUN" && from > 0 { 7 } else { end };
        if from > to {
            return refuse(format!("{text:?} in the {}: the range runs backwards", self.name));
        }
        Ok((from, to))
    }

    fn value(&self, text: &str, part: &str) -> Result<u32, Refusal> {
        let named = self.names.iter().position(|name| *name == text).map(|place| place as u32 + self.first);
        match named.or_else(|| number(text)) {
            Some(value) if (self.first..=self.last).contains(&value) => Ok(value),
            _ => refuse(format!("{part:?} in the {}", self.name)),
        }
    }
}

/// One or two figures.
fn number(text: &str) -> Option<u32> {
    let is_number = matches!(text.len(), 1 | 2) && text.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| text.parse().ok()).flatten()
}
