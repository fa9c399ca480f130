//! Characters that nobody sees: a name or a label with one in it looks like another, or has what stands behind it read
//! the other way round.

use pgrx::pg_sys::panic::ErrorReport;
use pgrx::prelude::*;

use crate::error::{Answer, Failure};

/// Whether a character has no shape of its own: controls, ends of lines, what turns the direction of what is written
/// behind it, has no width, or only tags. U+200C and U+200D are none: Persian, Hindi and emoji are not written without.
fn is_hidden(character: char) -> bool {
    character.is_control()
        || matches!(
            character,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
                | '\u{180b}'..='\u{180f}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{2800}' | '\u{3164}' | '\u{feff}' | '\u{ffa0}'
                | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}'
        )
}

fn is_joiner(character: char) -> bool {
    matches!(character, '\u{200c}' | '\u{200d}')
}

fn is_blank(value: &str) -> bool {
    value.chars().all(|character| character.is_whitespace() || is_joiner(character))
}

/// Refuses a name or a label of which a reader would not see all, or nothing.
pub fn require_line(parameter: &str, value: &str) -> Answer<()> {
    if let Some(hidden) = value.chars().find(|character| is_hidden(*character)) {
        let code = u32::from(hidden);
        return Err(Failure::invalid(
            format!("{parameter} has the character U+{code:04X}, which nobody sees"),
            "Leave out ends of lines, tabs, and what else has no shape of its own.",
        ));
    }
    if is_blank(value) {
        let hint = format!("Give {parameter} something to be read.");
        return Err(Failure::invalid(format!("{parameter} is blank"), hint));
    }
    Ok(())
}

#[pg_extern(sql = false, stable, parallel_safe)]
fn require_line_of(parameter: &str, value: Option<&str>) -> Result<(), ErrorReport> {
    Ok(value.map_or(Ok(()), |value| require_line(parameter, value))?)
}

/// What is left of a text for its reader.
#[pg_extern(sql = false, immutable, parallel_safe)]
pub fn without_hidden(mut value: String) -> String {
    value.retain(|character| !is_hidden(character));
    value
}

/// What is left of a name for its reader, without blanks around it; none: nothing.
#[pg_extern(sql = false, immutable, parallel_safe)]
fn seen_name(value: String) -> Option<String> {
    let seen = without_hidden(value);
    let seen = seen.trim();
    (!is_blank(seen)).then(|| seen.to_owned())
}
