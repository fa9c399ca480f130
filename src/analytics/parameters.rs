//! What an aggregate is told beside the returns.

use analytics::returns::PERIODS;

use super::refusals::{periods, raise, spelled, varies};
use crate::error::{Answer, Failure};
use crate::pg::aggregate::Call;

/// The most parameters beside the returns.
pub const MOST: usize = 2;

/// What is said in every row beside the return: the same in all of them.
#[derive(Clone, Copy, Default, PartialEq)]
pub struct Parameters {
    /// How many are given.
    pub given: usize,
    /// What they are.
    pub values: [f64; MOST],
}

impl Parameters {
    /// Those of a call, whose first argument is the state and whose second the return.
    pub fn of(call: &Call, names: &[&'static str]) -> Answer<Parameters> {
        let mut parameters = Parameters { given: call.arguments() - 2, ..Parameters::default() };
        for place in 0..parameters.given {
            let name = names.get(place).copied().unwrap_or_default();
            let value = call.real(place + 2).ok_or_else(|| Failure::null(name))?;
            if !value.is_finite() {
                return Err(Failure::invalid(
                    format!("{name} is {}", spelled(value)),
                    format!("Give a finite number for {name}."),
                ));
            }
            parameters.values[place] = value;
        }
        Ok(parameters)
    }

    /// Refuses another value in another row.
    #[inline]
    pub fn require_same(&self, call: &Call) {
        for place in 0..self.given {
            if call.real(place + 2) != Some(self.values[place]) {
                raise(varies());
            }
        }
    }

    /// One of them, or what stands for it in a shorter form.
    pub fn get(&self, place: usize, otherwise: f64) -> f64 {
        if place < self.given { self.values[place] } else { otherwise }
    }

    /// How many observations a year has.
    pub fn periods(&self) -> Answer<f64> {
        periods(self.get(0, PERIODS))
    }

    /// The rate of a year without risk.
    pub fn rate(&self) -> Answer<f64> {
        let rf = self.get(1, 0.0);
        if rf > -1.0 {
            return Ok(rf);
        }
        let hint = "Give the rate of a year as a fraction above -1: 0.03 is 3 %.";
        Err(Failure::invalid(format!("rf is {}", spelled(rf)), hint))
    }
}
