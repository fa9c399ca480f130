//! API keys.

use vault::api_key::{PREFIX_LENGTH, RANDOM_BYTES, digest, matches, prefix, spell};

#[test]
fn a_key_spells_all_of_its_random_bytes() {
    let random: [u8; RANDOM_BYTES] = std::array::from_fn(|n| n as u8);
    let key = spell(&random);
    assert_eq!(key.as_str(), "brs_00010203_BAUGBwgJCgsMDQ4PEBESExQVFhcYGRobHB0eHyAhIiM");
    assert_eq!(prefix(&key), Some("brs_00010203"));
    for changed in 0..RANDOM_BYTES {
        let mut other = random;
        other[changed] ^= 1;
        assert_ne!(spell(&other), key);
    }
}

#[test]
fn only_the_key_matches_its_digest() {
    let key = spell(&[7; RANDOM_BYTES]);
    assert!(matches(&key, &digest(&key)));
    assert!(!matches(&spell(&[8; RANDOM_BYTES]), &digest(&key)));
    assert!(!matches(&key, &digest(&key)[..31]) && !matches(&key, &[]));
}

#[test]
fn what_is_no_key_has_no_prefix() {
    for text in ["", "brs_", "brs_00010203", "xyz_00010203_AAAA", "brs_0001020ä_AAAA"] {
        assert_eq!(prefix(text), None, "{text}");
    }
    assert_eq!(prefix("brs_00010203_").map(str::len), Some(PREFIX_LENGTH));
}
