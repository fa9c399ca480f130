//! Verification codes: six digits, each of the million codes equally likely.

use zeroize::Zeroizing;

const CODES: u32 = 1_000_000;
/// The largest multiple of a million that 32 bits hold: what lies above would make low codes likelier.
const FAIR: u32 = u32::MAX - u32::MAX % CODES;

/// The code of four random bytes; `None` means to draw again, once in about 4,400 draws.
pub fn spell(random: [u8; 4]) -> Option<Zeroizing<String>> {
    let number = u32::from_be_bytes(random);
    (number < FAIR).then(|| Zeroizing::new(format!("{:06}", number % CODES)))
}
