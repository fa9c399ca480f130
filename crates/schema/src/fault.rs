//! What is wrong, in words, without the value that is.

use std::fmt;

use jsonschema::error::{TypeKind, ValidationErrorKind};
use jsonschema::{ReferencingError, ValidationError};
use serde_json::Value;

/// The most characters of a text of somebody else in a reason.
const LONGEST: usize = 60;
/// The most characters of a path.
const LONGEST_PATH: usize = 400;
/// The most characters of a reason.
const LONGEST_REASON: usize = 300;
/// The most of several that are named.
const MOST_NAMED: usize = 3;

/// Something that is wrong.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Fault {
    /// Where, as a JSON pointer; the end of a long one is left out.
    pub path: String,
    /// The keyword of the schema that asks for it.
    pub keyword: String,
    /// What is asked for.
    pub reason: String,
    /// Whether it lies in a document that is somewhere else.
    is_elsewhere: bool,
}

impl fmt::Display for Fault {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() { "The whole" } else { &self.path };
        write!(to, "{path}: {} ({})", self.reason, self.keyword)
    }
}

impl Fault {
    /// Something wrong at a place.
    pub(crate) fn new(path: &str, keyword: &str, reason: impl AsRef<str>) -> Fault {
        Fault {
            path: clip(path, LONGEST_PATH),
            keyword: clip(keyword, LONGEST),
            reason: clip(reason.as_ref(), LONGEST_REASON),
            is_elsewhere: false,
        }
    }

    /// Whether a schema is wrong in that it refers to another document.
    pub fn is_elsewhere(&self) -> bool {
        self.is_elsewhere
    }

    /// Something that lies in another document.
    pub(crate) fn elsewhere(path: &str, keyword: &str, reason: impl AsRef<str>) -> Fault {
        Fault { is_elsewhere: true, ..Fault::new(path, keyword, reason) }
    }

    /// What a value is found wrong in.
    pub(crate) fn of(error: &ValidationError<'_>) -> Fault {
        Fault::new(error.instance_path().as_str(), error.kind().keyword(), reason(error.kind()))
    }
}

fn clip(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

/// The path of a member, as a JSON pointer says it.
pub(crate) fn below(path: &str, name: &str) -> String {
    format!("{path}/{}", name.replace('~', "~0").replace('/', "~1"))
}

/// A text of a schema, or a name.
pub(crate) fn quoted(text: &str) -> String {
    format!("{:?}", clip(text, LONGEST))
}

/// A value of a schema.
fn spelled(value: &Value) -> String {
    clip(&value.to_string(), LONGEST)
}

fn named(names: &[String]) -> String {
    let mut told: Vec<String> = names.iter().take(MOST_NAMED).map(|name| quoted(name)).collect();
    if names.len() > MOST_NAMED {
        told.push(format!("{} more", names.len() - MOST_NAMED));
    }
    told.join(", ")
}

/// What each alternative asks for first.
fn alternatives(context: &[Vec<ValidationError<'static>>]) -> String {
    let first = context.iter().filter_map(|errors| errors.first());
    let mut told: Vec<String> = first.take(MOST_NAMED).map(|error| reason(error.kind())).collect();
    told.dedup();
    told.join("; or ")
}

fn types(kind: &TypeKind) -> String {
    match kind {
        TypeKind::Single(one) => one.to_string(),
        TypeKind::Multiple(several) => several.iter().map(|one| one.to_string()).collect::<Vec<_>>().join(" or "),
    }
}

fn reference(error: &ReferencingError) -> String {
    match error {
        ReferencingError::Unretrievable { uri, .. } => {
            format!("refers to {}, which is not in the schema, and nothing is fetched", quoted(uri))
        }
        ReferencingError::PointerToNowhere { pointer } => format!("refers to {}, which is not there", quoted(pointer)),
        ReferencingError::NoSuchAnchor { anchor } | ReferencingError::InvalidAnchor { anchor } => {
            format!("refers to the anchor {}, which is not there", quoted(anchor))
        }
        ReferencingError::UnknownSpecification { specification } => {
            format!("{} is no draft of JSON Schema from 4 to 2020-12", quoted(specification))
        }
        _ => "is no reference that can be followed".to_owned(),
    }
}

/// What a keyword asks for.
pub(crate) fn reason(kind: &ValidationErrorKind) -> String {
    use ValidationErrorKind as Kind;
    match kind {
        Kind::AdditionalItems { limit } => format!("must have no more than {limit} items"),
        Kind::AdditionalProperties { unexpected } | Kind::UnevaluatedProperties { unexpected } => {
            format!("must not have {}", named(unexpected))
        }
        Kind::AnyOf { context } => format!("must fit an alternative: {}", alternatives(context)),
        Kind::OneOfNotValid { context } => format!("must fit one alternative: {}", alternatives(context)),
        Kind::OneOfMultipleValid { .. } => "must fit one alternative only".to_owned(),
        Kind::Constant { expected_value } => format!("must be {}", spelled(expected_value)),
        Kind::Contains => "must have as many items of a kind as are asked for".to_owned(),
        Kind::ContentEncoding { content_encoding } => format!("must be {}", quoted(content_encoding)),
        Kind::ContentMediaType { content_media_type } => format!("must be {}", quoted(content_media_type)),
        Kind::FromUtf8 { .. } => "must be UTF-8".to_owned(),
        Kind::Custom { message, .. } => message.clone(),
        Kind::Enum { options } => format!("must be one of {}", spelled(options)),
        Kind::ExclusiveMaximum { limit } => format!("must be less than {}", spelled(limit)),
        Kind::ExclusiveMinimum { limit } => format!("must be greater than {}", spelled(limit)),
        Kind::Maximum { limit } => format!("must be at most {}", spelled(limit)),
        Kind::Minimum { limit } => format!("must be at least {}", spelled(limit)),
        Kind::FalseSchema => "must not be there".to_owned(),
        Kind::Format { format } => format!("must be of the format {}", quoted(format)),
        Kind::MaxItems { limit } => format!("must have at most {limit} items"),
        Kind::MinItems { limit } => format!("must have at least {limit} items"),
        Kind::MaxLength { limit } => format!("must have at most {limit} characters"),
        Kind::MinLength { limit } => format!("must have at least {limit} characters"),
        Kind::MaxProperties { limit } => format!("must have at most {limit} properties"),
        Kind::MinProperties { limit } => format!("must have at least {limit} properties"),
        Kind::MultipleOf { multiple_of } => format!("must be a multiple of {multiple_of}"),
        Kind::Not { .. } => "must not fit what is excluded".to_owned(),
        Kind::Pattern { pattern } => format!("must match {}", quoted(pattern)),
        Kind::BacktrackLimitExceeded { .. } | Kind::RegexEngineFailure { .. } => {
            "has a pattern that cannot be matched".to_owned()
        }
        Kind::PropertyNames { error } => format!("has a name that {}", reason(error.kind())),
        Kind::Required { property } => format!("must have {}", spelled(property)),
        Kind::Type { kind } => format!("must be of type {}", types(kind)),
        Kind::UnevaluatedItems { unexpected } => format!("must not have {} of its items", unexpected.len()),
        Kind::UniqueItems => "must not have an item twice".to_owned(),
        Kind::Referencing(error) => reference(error),
    }
}
