//! The engine against the naive model, on random flows: every result, trade, balance and the whole book
//! after every operation.
//!
//! An ordinary run does about 10,000 operations, the same ones every time. A long run, and other flows:
//!
//! ```text
//! MATCHING_OPERATIONS=1000000 MATCHING_SEED=7 cargo test --release -p matching oracle -- --nocapture
//! ```

use std::cell::RefCell;

use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};

use crate::driver::Driver;
use crate::flow::{LONGEST, Op, Setting, flow};
use crate::tally::Tally;

/// A runner whose flows hold at least about `operations` operations: a quarter more on average.
pub fn runner(operations: usize) -> TestRunner {
    let cases = u32::try_from((operations * 5 / 4).div_ceil(LONGEST / 2)).expect("a sane number of operations");
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let seed = setting("MATCHING_SEED").unwrap_or(0);
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&(seed as u64).to_le_bytes());
    TestRunner::new_with_rng(config, TestRng::from_seed(RngAlgorithm::ChaCha, &bytes))
}

fn setting(name: &str) -> Option<usize> {
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
    let operations = setting("MATCHING_OPERATIONS").unwrap_or(10_000);
    let total = RefCell::new(Tally::default());
    let result = runner(operations).run(&flow(), |(setting, ops)| {
        let tally = drive(setting, &ops);
        let mut total = total.borrow_mut();
        total.add("operation", ops.len());
        total.add(setting.name, ops.len());
        total.add_all(&tally);
        Ok(())
    });
    if let Err(error) = result {
        panic!("{error}");
    }
    let total = total.into_inner();
    println!("{total:#?}");
    let missed = total.missed();
    assert!(missed.is_empty() || operations < 10_000, "the flows never met {missed:?}");
}
