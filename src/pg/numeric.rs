//! NUMERIC to exact money and back, without a detour through text or PostgreSQL's arithmetic.
//!
//! The layout is PostgreSQL's on-disk form, unchanged since 8.3 (`src/backend/utils/adt/numeric.c`): a 16-bit
//! header with sign, display scale and weight, then base-10000 digits, most significant first.

use std::fmt;

use money::{Money, Sum};
use pgrx::callconv::{Arg, ArgAbi};
use pgrx::pgrx_sql_entity_graph::metadata::{
    ArgumentError, ReturnsError, ReturnsRef, SqlMappingRef, SqlTranslatable, TypeOrigin,
};
use pgrx::{FromDatum, pg_sys};

/// Base of the digits.
const BASE: i128 = 10_000;
/// Digits behind the decimal point that 8 decimals need.
const FRACTION_DIGITS: i32 = 2;
/// The same that 24 decimals need.
const FINE_DIGITS: i32 = 6;
/// The highest power of the base in an amount below 1e20 units of 1e-8.
const TOP_POWER: i32 = 4;

const SIGN_MASK: u16 = 0xC000;
const NEGATIVE: u16 = 0x4000;
const SHORT: u16 = 0x8000;
const SPECIAL: u16 = 0xC000;
const NAN: u16 = 0xC000;
const SPECIAL_MASK: u16 = 0xF000;
const SHORT_NEGATIVE: u16 = 0x2000;
const SHORT_SCALE_SHIFT: u16 = 7;
const SHORT_WEIGHT_SIGN: u16 = 0x0040;
const SHORT_WEIGHT_MASK: u16 = 0x003F;

/// Why a NUMERIC is no exact amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Inexact {
    /// It is NaN.
    NotANumber,
    /// It is infinite.
    Infinite,
    /// It has more than 8 decimals.
    TooFine,
    /// It does not fit `NUMERIC(20,8)`.
    TooLarge,
}

/// A NUMERIC argument or column, not yet looked into.
#[derive(Clone, Copy, Debug)]
pub struct Numeric(pg_sys::Datum);

impl Numeric {
    /// A non-null datum of type numeric that lives as long as the call.
    pub fn from_raw(datum: pg_sys::Datum) -> Numeric {
        Numeric(datum)
    }

    pub(super) fn datum(self) -> pg_sys::Datum {
        self.0
    }

    /// How many bytes it takes where it stands, as `pg_column_size()` counts them.
    pub fn size(self) -> usize {
        // SAFETY: the datum is a non-null numeric, whose size stands in its header.
        unsafe { pg_sys::toast_datum_size(self.0) }
    }

    /// Its exact value, when it has one.
    pub fn money(self) -> Result<Money, Inexact> {
        let units = self.read(|bytes| decode(bytes, FRACTION_DIGITS))?;
        Money::from_units(units).map_err(|_| Inexact::TooLarge)
    }

    /// Its exact value in units of 1e-24, when it has one that 128 bits hold.
    pub fn fine(self) -> Result<i128, Inexact> {
        self.read(|bytes| decode(bytes, FINE_DIGITS))
    }

    /// So many units of 1e-24, in the current memory context.
    pub fn of_fine(units: i128) -> Numeric {
        Numeric(write(units, FINE_DIGITS, 8))
    }

    /// So many units of 1e-4, with as many decimals, in the current memory context.
    pub fn of_ten_thousandths(units: i128) -> Numeric {
        Numeric(write(units, 1, 4))
    }

    fn read<T>(self, read: impl FnOnce(&[u8]) -> T) -> T {
        // SAFETY: the datum is a non-null numeric; the packed detoast leaves short headers in place, and
        // vardata_any/varsize_any_exhdr read either form.
        let bytes = unsafe {
            let varlena = pg_sys::pg_detoast_datum_packed(self.0.cast_mut_ptr());
            let (data, size) = (pgrx::vardata_any(varlena), pgrx::varsize_any_exhdr(varlena));
            std::slice::from_raw_parts(data.cast::<u8>(), size)
        };
        read(bytes)
    }
}

impl fmt::Display for Numeric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // SAFETY: the datum is a non-null numeric; numeric_out returns a fresh C string.
        let text = unsafe {
            let out = pg_sys::OidOutputFunctionCall(pg_sys::F_NUMERIC_OUT.into(), self.0);
            std::ffi::CStr::from_ptr(out)
        };
        f.write_str(&text.to_string_lossy())
    }
}

/// The value in units of the last of so many digits behind the decimal point.
fn decode(bytes: &[u8], fraction_digits: i32) -> Result<i128, Inexact> {
    let word = |at: usize| u16::from_ne_bytes([bytes[at], bytes[at + 1]]);
    let header = word(0);
    if header & SIGN_MASK == SPECIAL {
        return Err(if header & SPECIAL_MASK == NAN { Inexact::NotANumber } else { Inexact::Infinite });
    }
    let (negative, weight, digits) = if header & SIGN_MASK == SHORT {
        let low = i32::from(header & SHORT_WEIGHT_MASK);
        let weight = if header & SHORT_WEIGHT_SIGN != 0 { low - 64 } else { low };
        (header & SHORT_NEGATIVE != 0, weight, &bytes[2..])
    } else {
        (header & SIGN_MASK == NEGATIVE, i32::from(word(2) as i16), &bytes[4..])
    };
    let mut units = 0_i128;
    for (i, digit) in digits.chunks_exact(2).enumerate() {
        let digit = i128::from(u16::from_ne_bytes([digit[0], digit[1]]));
        let power = weight - i as i32 + fraction_digits;
        // Eight digits in front of the decimal point at most: no sum of them leaves 128 bits.
        if digit != 0 && power > TOP_POWER + fraction_digits - FRACTION_DIGITS {
            return Err(Inexact::TooLarge);
        }
        if digit != 0 && power < 0 {
            return Err(Inexact::TooFine);
        }
        if digit != 0 {
            units += digit * BASE.pow(power as u32);
        }
    }
    Ok(if negative { -units } else { units })
}

/// What amounts add up to, as an amount: what no `NUMERIC(20,8)` holds is an ERROR (22003), never cut off.
pub fn fitting(sum: Sum) -> Money {
    sum.money().unwrap_or_else(|_| raise_too_large(sum))
}

#[cold]
fn raise_too_large(sum: Sum) -> ! {
    pgrx::ereport!(
        ERROR,
        pgrx::PgSqlErrorCode::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE,
        format!("{sum} leaves the range of NUMERIC(20,8)")
    );
}

/// Writes an amount as a NUMERIC with 8 decimals into the current memory context.
pub fn encode(amount: Money) -> pg_sys::Datum {
    write(amount.units(), FRACTION_DIGITS, 8)
}

/// Writes units of the last of so many digits behind the decimal point, and shows so many decimals at least.
fn write(units: i128, fraction_digits: i32, decimals: i32) -> pg_sys::Datum {
    let mut rest = units.unsigned_abs();
    let top = TOP_POWER + fraction_digits - FRACTION_DIGITS;
    let mut room = [0_u16; (TOP_POWER + FINE_DIGITS - FRACTION_DIGITS) as usize + 1];
    let digits = &mut room[..=top as usize];
    for digit in digits.iter_mut().rev() {
        *digit = (rest % BASE as u128) as u16;
        rest /= BASE as u128;
    }
    let first = digits.iter().position(|d| *d != 0).unwrap_or(digits.len());
    let last = digits.iter().rposition(|d| *d != 0).map_or(first, |at| at + 1);
    let weight = if first == digits.len() { 0 } else { TOP_POWER - FRACTION_DIGITS - first as i32 };
    let sign = if units < 0 { SHORT_NEGATIVE } else { 0 };
    let weight_sign = if weight < 0 { SHORT_WEIGHT_SIGN } else { 0 };
    let needed = if first == last { 0 } else { 4 * (last as i32 - 1 - top + fraction_digits) };
    let decimals = needed.max(decimals) as u16;
    let header = SHORT | sign | (decimals << SHORT_SCALE_SHIFT) | weight_sign | (weight as u16 & SHORT_WEIGHT_MASK);
    let words = std::iter::once(header).chain(digits[first..last].iter().copied());
    let size = pg_sys::VARHDRSZ + 2 * (1 + last - first);
    // SAFETY: `size` bytes are allocated, the header is set to that size, and exactly the words after it are
    // written.
    unsafe {
        let varlena = pg_sys::palloc(size).cast::<pg_sys::varlena>();
        pgrx::set_varsize_4b(varlena, size as i32);
        let mut at = varlena.cast::<u8>().add(pg_sys::VARHDRSZ).cast::<u16>();
        for word in words {
            at.write_unaligned(word);
            at = at.add(1);
        }
        pg_sys::Datum::from(varlena)
    }
}

impl FromDatum for Numeric {
    // SAFETY: nothing is read here; the caller promises a numeric datum.
    unsafe fn from_polymorphic_datum(datum: pg_sys::Datum, is_null: bool, _: pg_sys::Oid) -> Option<Numeric> {
        (!is_null).then_some(Numeric(datum))
    }
}

// SAFETY: an argument datum lives as long as the call, and Numeric is only used within it.
unsafe impl<'fcx> ArgAbi<'fcx> for Numeric {
    unsafe fn unbox_arg_unchecked(arg: Arg<'_, 'fcx>) -> Numeric {
        // SAFETY: pgrx calls this for non-null arguments only; a null datum would be refused by `numeric_out`.
        unsafe { arg.unbox_arg_using_from_datum() }.unwrap_or(Numeric(pg_sys::Datum::null()))
    }
}

// SAFETY: Numeric is PostgreSQL's numeric.
unsafe impl SqlTranslatable for Numeric {
    const TYPE_IDENT: &'static str = "numeric";
    const TYPE_ORIGIN: TypeOrigin = TypeOrigin::External;
    const ARGUMENT_SQL: Result<SqlMappingRef, ArgumentError> = Ok(SqlMappingRef::literal("numeric"));
    const RETURN_SQL: Result<ReturnsRef, ReturnsError> = Ok(ReturnsRef::One(SqlMappingRef::literal("numeric")));
}

#[cfg(any(test, feature = "pg_test"))]
#[pgrx::pg_schema]
mod tests {
    use super::{Inexact, Money, Numeric, encode};
    use pgrx::IntoDatum;
    use pgrx::prelude::{AnyNumeric, Spi, pg_test};

    /// What the codec makes of a numeric that PostgreSQL has read.
    fn read(text: &str) -> Result<Money, Inexact> {
        let number = Spi::get_one_with_args::<AnyNumeric>("SELECT $1::numeric", &[text.into()]);
        let number = number.expect("a numeric can be read").expect("and is not NULL");
        Numeric::from_raw(number.into_datum().expect("a value has a datum")).money()
    }

    /// How PostgreSQL prints what the codec has written.
    fn written(units: i128) -> String {
        Numeric::from_raw(encode(Money::known_to_fit(units))).to_string()
    }

    #[pg_test]
    fn reads_every_form_of_a_numeric() {
        let long_tail = format!("1.5{}", "0".repeat(100));
        let forms = [
            ("0", 0),
            ("-0.00000001", -1),
            ("10000", 1_000_000_000_000),
            ("0.0001", 10_000),
            (&long_tail, 150_000_000),
        ];
        for (text, units) in forms {
            assert_eq!(read(text), Ok(Money::known_to_fit(units)), "{text}");
        }
        assert_eq!(read("999999999999.99999999"), Ok(Money::known_to_fit(money::MAX)));
    }

    #[pg_test]
    fn reads_and_writes_twenty_four_decimals() {
        let fine = |units| Numeric::of_fine(units);
        assert_eq!(fine(1).to_string(), "0.000000000000000000000001");
        assert_eq!(fine(-2_500_000_000_000_000_000_000_000).to_string(), "-2.50000000");
        assert_eq!(fine(0).to_string(), "0.00000000");
        assert_eq!(Numeric::of_ten_thousandths(-12_345).to_string(), "-1.2345");
        for power in 0..36 {
            for near in [-1, 0, 1] {
                let units = 10_i128.pow(power) + near;
                assert_eq!([fine(units).fine(), fine(-units).fine()], [Ok(units), Ok(-units)]);
            }
        }
    }

    #[pg_test]
    fn refuses_what_is_no_exact_amount() {
        let inexact = [
            ("NaN", Inexact::NotANumber),
            ("Infinity", Inexact::Infinite),
            ("-Infinity", Inexact::Infinite),
            ("0.000000001", Inexact::TooFine),
            ("1000000000000", Inexact::TooLarge),
            ("1e200", Inexact::TooLarge),
        ];
        for (text, why) in inexact {
            assert_eq!(read(text), Err(why), "{text}");
        }
    }

    #[pg_test]
    fn writes_what_postgresql_prints_and_the_codec_reads_back() {
        assert_eq!(written(25_425_750_000), "254.25750000");
        assert_eq!(written(-1), "-0.00000001");
        assert_eq!(written(0), "0.00000000");
        assert_eq!(written(money::MAX), "999999999999.99999999");
        // Every power of ten and its neighbours: each digit group and its border.
        for power in 0..20 {
            for near in [-1, 0, 1] {
                let units = 10_i128.pow(power) + near;
                assert_eq!(
                    Numeric::from_raw(encode(Money::known_to_fit(units))).money(),
                    Ok(Money::known_to_fit(units))
                );
                assert_eq!(read(&written(-units)), Ok(Money::known_to_fit(-units)));
            }
        }
    }
}
