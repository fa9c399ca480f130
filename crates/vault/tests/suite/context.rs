//! A token gives its secret in the place that it was made for, nowhere else.

use proptest::prelude::*;
use vault::context::{Context, Refused};
use vault::ring::KeyRing;

use super::{KEY, SPEC_KEY};

const HERE: Context<'_> = Context { user: 7, exchange: "BINANCE", is_testnet: true, purpose: "api_secret" };

fn ring() -> KeyRing {
    KeyRing::parse(KEY).expect("a key")
}

#[test]
fn a_token_does_not_open_in_another_place() {
    let token = HERE.seal(&ring(), "s3cret", 0, [9; 16]);
    assert_eq!(HERE.open(&ring(), &token).expect("its own place").as_str(), "s3cret");
    for there in [
        Context { user: 8, ..HERE },
        Context { user: -7, ..HERE },
        Context { exchange: "KRAKEN", ..HERE },
        Context { is_testnet: false, ..HERE },
        Context { purpose: "api_key", ..HERE },
        Context { exchange: "BINANCE\ntestnet", ..HERE },
    ] {
        assert_eq!(there.open(&ring(), &token).err(), Some(Refused::OtherContext), "{there:?}");
    }
}

#[test]
fn a_token_without_context_or_of_another_key_is_refused() {
    let bare = ring().seal(b"s3cret", 0, [9; 16]);
    assert_eq!(HERE.open(&ring(), &bare).err(), Some(Refused::OtherContext));
    let foreign = HERE.seal(&KeyRing::parse(SPEC_KEY).expect("a key"), "s3cret", 0, [9; 16]);
    assert_eq!(HERE.open(&ring(), &foreign).err(), Some(Refused::NotAToken));
}

#[test]
fn the_plaintext_is_five_lines_and_the_secret() {
    let token = HERE.seal(&ring(), "two\nlines", 0, [9; 16]);
    let plaintext = ring().open(&token).expect("a token");
    assert_eq!(plaintext.as_slice(), b"pg_bourse/1\n7\nBINANCE\ntestnet\napi_secret\ntwo\nlines");
}

proptest! {
    #[test]
    fn contexts_never_mix(
        users in any::<(i64, i64)>(),
        exchanges in (".*", ".*"),
        purposes in (".*", ".*"),
        networks in any::<(bool, bool)>(),
        secret in ".*",
    ) {
        let one = Context { user: users.0, exchange: &exchanges.0, is_testnet: networks.0, purpose: &purposes.0 };
        let two = Context { user: users.1, exchange: &exchanges.1, is_testnet: networks.1, purpose: &purposes.1 };
        let token = one.seal(&ring(), &secret, 0, [3; 16]);
        let opened = one.open(&ring(), &token).expect("its own place");
        prop_assert_eq!(opened.as_str(), secret.as_str());
        prop_assert_eq!(two.open(&ring(), &token).is_ok(), one == two);
    }
}
