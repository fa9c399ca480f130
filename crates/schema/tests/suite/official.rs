//! All required cases of the public test suite; what refers to other documents is refused.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fmt, fs};

use jsonschema_value::jsonb::encode::encode;
use schema::{Document, Draft, NoSchema, Schema};
use serde_json::Value;

const SUITE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../tests/data/json-schema-test-suite/tests");
/// Draft and file, case, and why it is skipped.
const SKIPPED: &str = include_str!("skipped.tsv");
/// Draft and file, how many tests pass in it, and how many belong to skipped cases.
const COUNTS: &str = include_str!("counts.tsv");
const DRAFTS: [(&str, Draft); 5] = [
    ("draft4", Draft::Draft4),
    ("draft6", Draft::Draft6),
    ("draft7", Draft::Draft7),
    ("draft2019-09", Draft::Draft201909),
    ("draft2020-12", Draft::Draft202012),
];

#[derive(Default)]
struct Count {
    passed: usize,
    skipped: usize,
}

impl fmt::Display for Count {
    fn fmt(&self, to: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(to, "{}\t{}", self.passed, self.skipped)
    }
}

/// What one run finds.
#[derive(Default)]
struct Run {
    counts: BTreeMap<String, Count>,
    /// The cases that refer to another document.
    elsewhere: Vec<String>,
    wrong: Vec<String>,
}

impl Run {
    fn case(&mut self, file: &str, draft: Draft, case: &Value) {
        let name = format!("{file}\t{}", case["description"].as_str().unwrap());
        let tests = case["tests"].as_array().unwrap();
        let bytes = encode(&case["schema"]);
        let compiled = Schema::of_draft(draft, Document::of(&bytes).unwrap(), || {});
        let count = self.counts.entry(file.to_owned()).or_default();
        let schema = match compiled {
            Ok(schema) => schema,
            Err(NoSchema::Faults(faults)) if faults.iter().all(|fault| fault.is_elsewhere()) => {
                self.elsewhere.push(name);
                count.skipped += tests.len();
                return;
            }
            Err(why) => {
                self.wrong.push(format!("{name}: {why:?}"));
                return;
            }
        };
        for test in tests {
            let bytes = encode(&test["data"]);
            let value = Document::of(&bytes).unwrap();
            let (is_valid, faults) = (schema.is_valid(value, || {}).unwrap(), schema.faults(value, || {}).unwrap());
            if test["valid"] == is_valid && faults.is_empty() == is_valid {
                count.passed += 1;
            } else {
                self.wrong.push(format!("{name}: {}: {faults:?}", test["description"]));
            }
        }
    }
}

fn run() -> Run {
    let mut run = Run::default();
    for (folder, draft) in DRAFTS {
        let mut files: Vec<_> =
            fs::read_dir(Path::new(SUITE).join(folder)).unwrap().map(|entry| entry.unwrap().path()).collect();
        files.sort();
        for path in files {
            let file = format!("{folder}/{}", path.file_name().unwrap().to_str().unwrap());
            let cases: Value = serde_json::from_str(&fs::read_to_string(&path).unwrap()).unwrap();
            cases.as_array().unwrap().iter().for_each(|case| run.case(&file, draft, case));
        }
    }
    run
}

#[test]
fn every_required_case_that_needs_no_other_document_passes() {
    let run = run();
    assert!(run.wrong.is_empty(), "{}\n{} wrong", run.wrong.join("\n"), run.wrong.len());
    let listed: Vec<&str> = SKIPPED.lines().map(|line| line.rsplit_once('\t').unwrap().0).collect();
    assert_eq!(run.elsewhere, listed, "skipped.tsv lists what refers to another document, and nothing else");
    let counts: Vec<String> = run.counts.iter().map(|(file, count)| format!("{file}\t{count}\n")).collect();
    assert_eq!(counts.concat(), COUNTS, "counts.tsv says what is in each file");
}
