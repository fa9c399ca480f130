//! The engine against the naive model, on random flows: every result, trade, balance and the whole book
//! after every operation.
//!
//! An ordinary run does about 20,000 operations, the same ones every time. A long run, and other flows:
//!
//! ```text
//! MATCHING_OPERATIONS=1000000 MATCHING_SEED=7 cargo test --release -p matching oracle -- --nocapture
//! ```

use std::cell::RefCell;

use proptest::test_runner::{Config, RngAlgorithm, TestError, TestRng, TestRunner};

use crate::driver::Driver;
use crate::flow::{LONGEST, Op, Setting, flow};
use crate::story::story;
use crate::tally::Tally;

/// What an ordinary run does at least.
const OPERATIONS: usize = 20_000;

/// A runner whose flows hold at least about `operations` operations: a quarter more on average.
pub fn runner(operations: usize) -> TestRunner {
    let cases = u32::try_from((operations * 5 / 4).div_ceil(LONGEST / 2)).expect("a sane number of operations");
    let config = Config { cases, failure_persistence: None, max_shrink_iters: 20_000, ..Config::default() };
    let seed = number("MATCHING_SEED").unwrap_or(0);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&(seed as u64).to_le_bytes());
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

/// Runs a property of flows; a failure shows the calls of the smallest flow that fails.
pub fn check(operations: usize, property: impl Fn(Setting, &[Op])) {
    let result = runner(operations).run(&flow(), |(setting, ops)| {
        property(setting, &ops);
        Ok(())
    });
    match result {
        Ok(()) => {}
        Err(TestError::Fail(reason, (setting, ops))) => panic!("{reason}\n{}", story(setting, &ops)),
        Err(error) => panic!("{error}"),
    }
}

fn number(name: &str) -> Option<usize> {
    std::env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} must be a number: {text}")))
}

fn drive(setting: Setting, ops: &[Op]) -> Tally {
    let mut driver = Driver::new(setting);
    for op in ops {
        driver.step(op);
    }
    driver.drain();
    driver.check_history();
    driver.tally
}

#[test]
fn engine_agrees_with_the_naive_model() {
    let operations = number("MATCHING_OPERATIONS").unwrap_or(OPERATIONS);
    let total = RefCell::new(Tally::default());
    check(operations, |setting, ops| {
        let tally = drive(setting, ops);
        let mut total = total.borrow_mut();
        total.add("operation", ops.len());
        total.add(setting.name, ops.len());
        total.add_all(&tally);
    });
    let total = total.into_inner();
    println!("{total:#?}");
    let missed = total.missed();
    assert!(missed.is_empty() || operations < OPERATIONS, "the flows never met {missed:?}");
}
