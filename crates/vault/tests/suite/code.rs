//! Verification codes.

use vault::code::spell;

#[test]
fn a_code_has_six_digits() {
    for (number, code) in [(0, "000000"), (42, "000042"), (999_999, "999999"), (1_000_000, "000000")] {
        assert_eq!(spell(u32::to_be_bytes(number)).expect("a fair draw").as_str(), code);
    }
}

#[test]
fn draws_that_would_make_low_codes_likelier_do_not_count() {
    assert_eq!(spell(4_294_000_000_u32.to_be_bytes()), None);
    assert_eq!(spell(u32::MAX.to_be_bytes()), None);
    assert_eq!(spell(4_293_999_999_u32.to_be_bytes()).expect("a fair draw").as_str(), "999999");
}
