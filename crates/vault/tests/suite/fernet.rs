//! `generate.json`, `verify.json` and `invalid.json` of <https://github.com/fernet/spec>, tokens that Python's
//! `cryptography` 50.0.2 has made, and properties.

use proptest::prelude::*;
use vault::fernet::{Key, NotAToken, made_at};

use super::{KEY, SPEC_KEY};

/// 1985-10-26T01:20:00-07:00.
const NOW: u64 = 499_162_800;
const TTL: u64 = 60;
const SPEC_TOKEN: &str =
    "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==";

/// What is wrong, the token, seconds after [`NOW`].
const INVALID: [(&str, &str, u64); 11] = [
    (
        "incorrect mac",
        "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykQUFBQUFBQUFBQQ==",
        1,
    ),
    ("too short", "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPA==", 1),
    (
        "invalid base64",
        "%%%%%%%%%%%%%AECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==",
        1,
    ),
    (
        "payload size not multiple of block size",
        "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPOm73QeoCk9uGib28Xe5vz6oxq5nmxbx_v7mrfyudzUm",
        1,
    ),
    (
        "payload padding error",
        "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0ODz4LEpdELGQAad7aNEHbf-JkLPIpuiYRLQ3RtXatOYREu2FWke6CnJNYIbkuKNqOhw==",
        1,
    ),
    (
        "far-future TS (unacceptable clock skew)",
        "gAAAAAAdwStRAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAnja1xKYyhd-Y6mSkTOyTGJmw2Xc2a6kBd-iX9b_qXQcw==",
        1,
    ),
    (
        "expired TTL",
        "gAAAAAAdwJ6xAAECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAl1-szkFVzXTuGb4hR8AKtwcaX1YdykRtfsH-p1YsUD2Q==",
        91,
    ),
    (
        "incorrect IV (causes padding error)",
        "gAAAAAAdwJ6xBQECAwQFBgcICQoLDA0OD3HkMATM5lFqGaerZ-fWPAkLhFLHpGtDBRLRTZeUfWgHSv49TF2AUEZ1TIvcZjK1zQ==",
        1,
    ),
    (
        "trailing characters after b64 padding",
        "gAAAAAAdwJ6wAAECAwQFBgcICQoLDA0ODy021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==trailingdata",
        1,
    ),
    (
        "invalid characters in b64",
        "*gAAAAAAdwJ6wAAECAwQFBgcI!CQoLDA0ODy021?cpGVWKZ_eEwC@GM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==",
        1,
    ),
    (
        "invalid non-urlsafe characters in b64",
        "gAAAAAAdwJ6wAAEC/AwQFBgcICQoLDA0ODy+021cpGVWKZ_eEwCGM4BLLF_5CV9dOPmrhuVUPgJobwOz7JcbmrR64jVmpU4IwqDA==",
        1,
    ),
];

/// Made by Python with the key [`KEY`], the time 1,700,000,000 and the IV 16 to 31.
const PYTHON: [(&str, &str); 4] = [
    ("", "gAAAAABlU_EAEBESExQVFhcYGRobHB0eH5xU1XFwLPoPA_NiFWdrq3hpIdtWlV_SrX47DRRp86UWSI0LP_fktQlVIFdjReq9HA=="),
    ("hello", "gAAAAABlU_EAEBESExQVFhcYGRobHB0eH7MVoJwBJDmy4UbB1AeW3ldm2q_9wH1LTR66lNtt5WyFavgRNou1yE4iyHRmuqYERQ=="),
    (
        "sécret ☃",
        "gAAAAABlU_EAEBESExQVFhcYGRobHB0eH7Jo33rg4G5Iehm43zdLYRIebwIn2vNofWwfoS1K1ab-M9fShSwdbDE2vGp10ztSbw==",
    ),
    (
        "0123456789abcdef",
        "gAAAAABlU_EAEBESExQVFhcYGRobHB0eHw_yHwO9rhrm-typDeRgQ8YryFUnTtBs9K7v5icmMIFufS3nCmaobzOfzu7cuYZoP-d_Ej8MdV8mM9Zy0Hh8p8c=",
    ),
];

fn key(text: &str) -> Key {
    Key::parse(text).expect("a key")
}

fn iv(first: u8) -> [u8; 16] {
    std::array::from_fn(|n| first + n as u8)
}

#[test]
fn the_vector_of_generation_is_made() {
    assert_eq!(key(SPEC_KEY).seal(b"hello", NOW, iv(0)), SPEC_TOKEN);
}

#[test]
fn the_vector_of_verification_opens() {
    let opened = key(SPEC_KEY).open_fresh(SPEC_TOKEN, NOW + 1, TTL).expect("a token");
    assert_eq!(opened.as_slice(), b"hello");
    assert_eq!(made_at(SPEC_TOKEN), Some(NOW));
}

#[test]
fn the_invalid_vectors_are_refused() {
    for (wrong, token, later) in INVALID {
        assert_eq!(key(SPEC_KEY).open_fresh(token, NOW + later, TTL).err(), Some(NotAToken), "{wrong}");
    }
}

#[test]
fn tokens_of_python_are_made_and_open() {
    for (plaintext, token) in PYTHON {
        assert_eq!(key(KEY).seal(plaintext.as_bytes(), 1_700_000_000, iv(16)), token);
        assert_eq!(key(KEY).open(token).expect("a token").as_slice(), plaintext.as_bytes());
    }
    // `Fernet(key).encrypt(b"made by python")`, with a time and an IV of its own.
    let token = "gAAAAABrADBjcIC2YvKveycoBMtSbUCpij4bQduuJ1LXW1BH1FvSmE7HrBbkX-vGpkJPP6QU40dueJRn3M4Qm1zlUTpO1UNUaA==";
    assert_eq!(key(KEY).open(token).expect("a token").as_slice(), b"made by python");
}

#[test]
fn a_token_lives_as_long_as_its_ttl_and_60_seconds_before_its_birth() {
    let fresh = |now| key(SPEC_KEY).open_fresh(SPEC_TOKEN, now, TTL).is_ok();
    assert!(fresh(NOW) && fresh(NOW + 60) && !fresh(NOW + 61));
    assert!(fresh(NOW - 60) && !fresh(NOW - 61));
}

#[test]
fn what_is_no_key_is_refused() {
    for text in ["", "short", &KEY[1..], &KEY.replace('=', ""), &KEY.replace('A', "+"), &format!("{KEY}{KEY}")] {
        assert!(Key::parse(text).is_err(), "{text}");
    }
}

proptest! {
    #[test]
    fn what_is_sealed_opens(plaintext: Vec<u8>, now: u64, iv: [u8; 16]) {
        let token = key(KEY).seal(&plaintext, now, iv);
        let opened = key(KEY).open(&token).expect("a token");
        prop_assert_eq!(opened.as_slice(), plaintext.as_slice());
        prop_assert_eq!(made_at(&token), Some(now));
        prop_assert_eq!(key(SPEC_KEY).open(&token).err(), Some(NotAToken));
    }

    #[test]
    fn a_changed_character_is_noticed(plaintext: Vec<u8>, iv: [u8; 16], at: prop::sample::Index, by in 1_u8..64) {
        let token = key(KEY).seal(&plaintext, 0, iv);
        let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
        let mut changed = token.into_bytes();
        let at = at.index(changed.len());
        let digit = alphabet.iter().position(|c| *c == changed[at]).unwrap_or_default();
        changed[at] = alphabet[(digit + usize::from(by)) % 64];
        let changed = String::from_utf8(changed).expect("text");
        prop_assert_eq!(key(KEY).open(&changed).err(), Some(NotAToken));
    }

    #[test]
    fn no_text_makes_it_panic(token: String) {
        prop_assert!(key(KEY).open(&token).is_err());
        let _ = made_at(&token);
    }
}
