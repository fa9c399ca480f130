//! Exact amounts of money out of what a caller has sent.

use money::Money;
use pgrx::prelude::PgSqlErrorCode;

use crate::error::{Answer, Failure, clip};
use crate::pg::numeric::{Inexact, Numeric};

/// An exact amount; refuses NULL (22004), NaN, infinity and more than 8 decimals (22023), and what NUMERIC(20,8) cannot
/// hold (22003, with this hint).
pub fn exact(name: &str, number: Option<Numeric>, too_large: &str) -> Answer<Money> {
    let number = number.ok_or_else(|| Failure::null(name))?;
    number.money().map_err(|inexact| {
        let text = number.to_string();
        let number = clip(&text);
        match inexact {
            Inexact::NotANumber | Inexact::Infinite => {
                Failure::invalid(format!("{name} is {number}"), format!("Give a finite {name}."))
            }
            Inexact::TooFine => Failure::invalid(
                format!("{name} {number} has more than 8 decimals"),
                format!("Round the {name} to 8 decimals or fewer."),
            ),
            Inexact::TooLarge => overflow(&format!("{name} {number}"), too_large),
        }
    })
}

/// What no `NUMERIC(20,8)` holds (22003).
pub fn overflow(what: &str, hint: &str) -> Failure {
    let message = format!("{what} leaves the range of NUMERIC(20,8)");
    Failure::new(PgSqlErrorCode::ERRCODE_NUMERIC_VALUE_OUT_OF_RANGE, message, hint)
}
