//! What must hold in the pure crates whatever bytes come: each function reads its arguments from the bytes, and panics
//! where something does not hold. `fuzz/` hands them to libFuzzer, the tests here run them over random bytes.

mod bytes;
mod clocks;
mod market;
mod numbers;
mod secrets;

pub use clocks::{calendar, cron};
pub use market::matching;
pub use numbers::{ids, money, positions};
pub use secrets::{schema, vault};

/// One of them.
pub type Target = fn(&[u8]);

/// All of them, by the name of their crate or part.
pub const TARGETS: [(&str, Target); 8] = [
    ("calendar", calendar),
    ("cron", cron),
    ("ids", ids),
    ("matching", matching),
    ("money", money),
    ("positions", positions),
    ("schema", schema),
    ("vault", vault),
];

#[cfg(test)]
mod tests {
    use super::*;

    /// What texts are made of, so that some of them are read to their end.
    const WORDS: [&str; 24] = [
        "*",
        "/",
        ",",
        "-",
        " ",
        "0",
        "1",
        "59",
        "@daily",
        "L",
        "#",
        "{",
        "}",
        "[",
        "]",
        ":",
        "\"",
        "\"type\"",
        "\"weekly\"",
        "\"from\"",
        "\"2024-01-01\"",
        "\"09:30\"",
        ".",
        "e9",
    ];

    fn next(state: &mut u64) -> u64 {
        *state ^= *state << 13;
        *state ^= *state >> 7;
        *state ^= *state << 17;
        *state
    }

    /// Bytes of all kinds: any, few different ones, and words.
    fn random(state: &mut u64) -> Vec<u8> {
        let length = next(state) % 400;
        match next(state) % 3 {
            0 => (0..length).map(|_| next(state) as u8).collect(),
            1 => (0..length).map(|_| (next(state) % 4) as u8).collect(),
            _ => (0..length / 4).flat_map(|_| WORDS[next(state) as usize % WORDS.len()].bytes()).collect(),
        }
    }

    #[test]
    fn everything_holds_over_random_bytes() {
        let mut state = 0x9E37_79B9_7F4A_7C15;
        for _ in 0..2000 {
            let bytes = random(&mut state);
            for (name, target) in TARGETS {
                let holds = std::panic::catch_unwind(|| target(&bytes)).is_ok();
                assert!(holds, "{name} does not hold over {bytes:?}");
            }
        }
    }

    /// A search that found no time on a clock 40 hours ahead of UTC went on for 3,000 years.
    #[test]
    fn a_clock_that_is_days_ahead_has_ticks() {
        cron(b"\xDA\0\0\0\x01\0\0\x10\x09@MONTHLY");
    }

    #[test]
    fn what_does_not_hold_is_found() {
        let found = (0..200).any(|n| std::panic::catch_unwind(|| planted(&[n as u8, 1, 2, 3])).is_err());
        assert!(found);
    }

    fn planted(data: &[u8]) {
        let mut bytes = bytes::Bytes(data);
        assert!(bytes.byte() != 77, "planted");
    }
}
