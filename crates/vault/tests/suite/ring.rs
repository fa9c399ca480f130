//! Key rings: rotation, and texts that hold no keys.

use vault::fernet::NotAToken;
use vault::ring::{KeyRing, MAX_KEYS, RingError};

use super::{KEY, SPEC_KEY};

fn ring(text: &str) -> KeyRing {
    KeyRing::parse(text).unwrap_or_else(|error| panic!("{error}"))
}

#[test]
fn the_first_key_seals_and_all_open() {
    let old = ring(KEY).seal(b"a", 0, [1; 16]);
    let both = ring(&format!("# new\n{SPEC_KEY}\n\n  {KEY}  \n"));
    assert_eq!(both.open(&old).expect("the old key is there").as_slice(), b"a");
    let new = both.seal(b"b", 0, [2; 16]);
    assert_eq!(ring(SPEC_KEY).open(&new).expect("sealed with the first").as_slice(), b"b");
    assert_eq!(ring(KEY).open(&new).err(), Some(NotAToken));
}

#[test]
fn an_id_belongs_to_the_key_wherever_it_stands() {
    let (one, two) = (ring(KEY), ring(SPEC_KEY));
    let both = ring(&format!("{SPEC_KEY}\n{KEY}"));
    assert_eq!(both.ids().collect::<Vec<_>>(), [two.primary(), one.primary()]);
    assert_eq!(both.primary(), two.primary());
    // Stands on rows: it must never change.
    assert_eq!(one.primary(), "0ad472a9d0b1d93d");
}

#[test]
fn a_text_without_keys_is_refused_by_line() {
    let error = |text: &str| KeyRing::parse(text).err();
    assert_eq!(error(""), Some(RingError::Empty));
    assert_eq!(error("\n# only a comment\n"), Some(RingError::Empty));
    assert_eq!(error(&format!("{KEY}\nsecret")), Some(RingError::NotAKey { line: 2 }));
    assert_eq!(error(&format!("{KEY}\n\n{KEY}")), Some(RingError::Repeated { line: 3 }));
    let many: String = (0..=MAX_KEYS).map(|n| format!("{}\n", KEY.replacen("AAEC", &format!("AA{n:02}"), 1))).collect();
    assert_eq!(error(&many), Some(RingError::TooMany));
    assert!(!KeyRing::parse("secret").err().expect("no key").to_string().contains("secret"));
}
