//! Schemas, compiled.

use std::error::Error;
use std::sync::OnceLock;

use jsonschema::error::ValidationErrorKind;
use jsonschema::{Draft, PatternOptions, ReferencingError, Retrieve, Uri, ValidationError, Validator};
use serde_json::{Value, json};

use crate::bounds;
use crate::document::Document;
use crate::fault::{Fault, below, quoted, reason};
use crate::patterns::MOST_KEPT;
use crate::refusal::{MOST_OF_SCHEMA, Refusal};
use crate::watch::{Hear, Stop, within};
use crate::watched::{Seen, Watched};

/// The most faults that are listed.
pub const MOST_FAULTS: usize = 100;
/// The most bytes of a pattern once it is compiled.
const MOST_OF_PATTERN: usize = 256 * 1024;

/// A schema that can be asked.
pub struct Schema {
    validator: Validator<Watched>,
    weight: usize,
}

/// Why there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoSchema {
    /// It is not looked into.
    Refused(Refusal),
    /// It is no schema.
    Faults(Vec<Fault>),
}

/// Fetches nothing.
struct Nowhere;

impl Retrieve for Nowhere {
    fn retrieve(&self, _: &Uri<String>) -> Result<Value, Box<dyn Error + Send + Sync>> {
        Err("nothing is fetched".into())
    }
}

impl Schema {
    /// Compiles a schema, of 2020-12 where it does not say which draft it is of.
    pub fn compile(document: Document<'_>, hear: Hear) -> Result<Schema, NoSchema> {
        Schema::of_draft(Draft::default(), document, hear)
    }

    /// Compiles a schema, of this draft where it does not say which.
    pub fn of_draft(otherwise: Draft, document: Document<'_>, hear: Hear) -> Result<Schema, NoSchema> {
        let value = document.value();
        let length = value.to_string().len();
        if length > MOST_OF_SCHEMA {
            return Err(NoSchema::Refused(Refusal::LongSchema(length)));
        }
        let patterns = bounds::patterns(&value).map_err(|fault| NoSchema::Faults(vec![fault]))?;
        let draft = draft_of(otherwise, &value).map_err(|fault| NoSchema::Faults(vec![fault]))?;
        // Not while it is compiled, which is bounded.
        hear();
        let error = match options(draft).build(&value) {
            Ok(validator) => {
                return Ok(Schema { validator, weight: document.bytes().len() * 20 + patterns.weight() });
            }
            Err(error) => error,
        };
        let faults = match faults(metaschema(draft), document, hear).map_err(NoSchema::Refused)? {
            faults if faults.is_empty() => vec![of_compiler(&error, &value)],
            faults => faults,
        };
        Err(NoSchema::Faults(faults))
    }

    /// About how many bytes it takes.
    pub fn weight(&self) -> usize {
        self.weight
    }

    /// Whether a value fits.
    pub fn is_valid(&self, document: Document<'_>, hear: Hear) -> Result<bool, Refusal> {
        within(hear, || self.validator.is_valid(Seen(document.root()))).or_else(|stop| match stop {
            Stop::Refused(refusal) => Err(refusal),
            Stop::Errors => Ok(false),
        })
    }

    /// What is wrong with a value, by path: nothing, or the first of it.
    pub fn faults(&self, document: Document<'_>, hear: Hear) -> Result<Vec<Fault>, Refusal> {
        if self.is_valid(document, hear)? { Ok(Vec::new()) } else { faults(&self.validator, document, hear) }
    }
}

fn faults(validator: &Validator<Watched>, document: Document<'_>, hear: Hear) -> Result<Vec<Fault>, Refusal> {
    let found = within(hear, || {
        let mut faults: Vec<Fault> =
            validator.iter_errors(Seen(document.root())).map(|error| Fault::of(&error)).collect();
        faults.sort();
        faults.dedup();
        faults.truncate(MOST_FAULTS);
        faults
    });
    match found {
        Ok(faults) => Ok(faults),
        Err(Stop::Refused(refusal)) => Err(refusal),
        Err(Stop::Errors) => {
            let first = within(hear, || validator.validate(Seen(document.root())).err().map(|error| Fault::of(&error)));
            match first {
                Ok(first) => Ok(first.into_iter().collect()),
                Err(Stop::Refused(refusal)) => Err(refusal),
                Err(Stop::Errors) => Ok(vec![Fault::new("", "", "is wrong in more places than are listed")]),
            }
        }
    }
}

fn options(draft: Draft) -> jsonschema::ValidationOptions<'static, std::sync::Arc<dyn Retrieve>, Watched> {
    jsonschema::options_for::<Watched>()
        .with_draft(draft)
        .with_retriever(Nowhere)
        .should_validate_formats(false)
        .with_pattern_options(PatternOptions::regex().size_limit(MOST_OF_PATTERN).dfa_size_limit(MOST_KEPT))
}

/// The draft that a schema names.
fn draft_of(otherwise: Draft, value: &Value) -> Result<Draft, Fault> {
    match otherwise.detect(value) {
        Draft::Unknown => {
            let said = value.get("$schema").and_then(Value::as_str).unwrap_or_default();
            let reason = format!("must name a draft from 4 to 2020-12, not {}, and nothing is fetched", quoted(said));
            Err(Fault::elsewhere("/$schema", "$schema", reason))
        }
        draft => Ok(draft),
    }
}

/// What a schema of a draft has to be.
fn metaschema(draft: Draft) -> &'static Validator<Watched> {
    static COMPILED: [OnceLock<Validator<Watched>>; 5] = [const { OnceLock::new() }; 5];
    let (at, uri) = match draft {
        Draft::Draft4 => (0, "http://json-schema.org/draft-04/schema#"),
        Draft::Draft6 => (1, "http://json-schema.org/draft-06/schema#"),
        Draft::Draft7 => (2, "http://json-schema.org/draft-07/schema#"),
        Draft::Draft201909 => (3, "https://json-schema.org/draft/2019-09/schema"),
        _ => (4, "https://json-schema.org/draft/2020-12/schema"),
    };
    COMPILED[at].get_or_init(|| options(draft).build(&json!({ "$ref": uri })).expect("the drafts are built in"))
}

/// What the compiler does not take, though it reads as a schema.
fn of_compiler(error: &ValidationError<'_>, schema: &Value) -> Fault {
    let path = error.schema_path().as_str();
    match error.kind() {
        ValidationErrorKind::Referencing(ReferencingError::Unretrievable { uri, .. }) => {
            let path = reference_to(uri, schema, "").unwrap_or_default();
            Fault::elsewhere(&path, "$ref", reason(error.kind()))
        }
        // It has only patterns for the format of a part of a schema.
        ValidationErrorKind::Format { .. } => {
            let keyword = if path.ends_with("/pattern") { "pattern" } else { "patternProperties" };
            let most = MOST_OF_PATTERN / 1024;
            let reason = format!(
                "must be a regular expression without look-around and back-references, of at most {most} KiB compiled"
            );
            Fault::new(path, keyword, reason)
        }
        _ => Fault::new(path, error.kind().keyword(), reason(error.kind())),
    }
}

/// Where a schema refers to a document, if it does so by a name that ends its address.
fn reference_to(uri: &str, schema: &Value, path: &str) -> Option<String> {
    if let Some(items) = schema.as_array() {
        return items.iter().enumerate().find_map(|(at, item)| reference_to(uri, item, &format!("{path}/{at}")));
    }
    schema.as_object()?.iter().find_map(|(name, value)| {
        let path = below(path, name);
        match value.as_str() {
            Some(said) if name.ends_with("ref") || name.ends_with("Ref") => {
                let said = said.split('#').next().unwrap_or_default().trim_start_matches(['.', '/']);
                (!said.is_empty() && uri.ends_with(said)).then_some(path)
            }
            _ => reference_to(uri, value, &path),
        }
    })
}
