//! Targets beside the figures: met or MISSED.

use super::grid::{self, Grid};

/// What a figure must be.
#[derive(Clone, Copy)]
pub enum Bound {
    /// This or more.
    AtLeast(f64),
    /// This or less.
    AtMost(f64),
    /// Less than this.
    Below(f64),
}

/// One figure with its target.
pub struct Verdict {
    what: String,
    value: f64,
    bound: Bound,
    decimals: usize,
    unit: &'static str,
}

impl Verdict {
    /// `unit` follows both numbers, which are shown with `decimals`.
    pub fn new(what: impl Into<String>, value: f64, bound: Bound, decimals: usize, unit: &'static str) -> Self {
        Self { what: what.into(), value, bound, decimals, unit }
    }

    /// Whether the target is met. A figure that was not measured is NaN, one that took too long to wait for is
    /// infinite: both miss.
    pub fn is_met(&self) -> bool {
        match self.bound {
            Bound::AtLeast(goal) => self.value >= goal,
            Bound::AtMost(goal) => self.value <= goal,
            Bound::Below(goal) => self.value < goal,
        }
    }

    fn row(&self) -> Vec<String> {
        let number = |value: f64| -> String {
            if value.is_nan() {
                "not measured".to_owned()
            } else if value.is_infinite() {
                "gave up".to_owned()
            } else {
                grid::thousands(value, self.decimals) + self.unit
            }
        };
        let goal = match self.bound {
            Bound::AtLeast(goal) => format!("at least {}", number(goal)),
            Bound::AtMost(goal) => format!("at most {}", number(goal)),
            Bound::Below(goal) => format!("under {}", number(goal)),
        };
        let word = if self.is_met() { "met" } else { "MISSED" };
        vec![self.what.clone(), number(self.value), goal, word.to_owned()]
    }
}

/// How many are met, in words.
pub fn summary(verdicts: &[Verdict]) -> String {
    let met = verdicts.iter().filter(|verdict| verdict.is_met()).count();
    match verdicts.len() - met {
        0 => format!("All {met} targets are met."),
        missed => format!("{met} of {} targets are met, {missed} missed.", verdicts.len()),
    }
}

/// All targets, one to a row.
pub fn table(verdicts: &[Verdict]) -> Grid {
    let mut grid = Grid::new(&["target", "measured", "goal", ""]);
    for verdict in verdicts {
        grid.push(verdict.row());
    }
    grid
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bound_holds_at_its_edge_or_not() {
        let met = |value, bound| Verdict::new("a", value, bound, 0, "").is_met();
        assert!(met(10.0, Bound::AtLeast(10.0)) && !met(9.9, Bound::AtLeast(10.0)));
        assert!(met(1.5, Bound::AtMost(1.5)) && !met(1.6, Bound::AtMost(1.5)));
        assert!(met(0.9, Bound::Below(1.0)) && !met(1.0, Bound::Below(1.0)));
        assert!(!met(f64::NAN, Bound::AtLeast(0.0)) && !met(f64::NAN, Bound::AtMost(0.0)));
    }

    #[test]
    fn a_verdict_names_figure_and_goal() {
        let row = Verdict::new("a", 9.94, Bound::AtLeast(10.0), 1, " x").row();
        assert_eq!(row, ["a", "9.9 x", "at least 10.0 x", "MISSED"]);
        let row = Verdict::new("a", f64::INFINITY, Bound::Below(1.0), 2, " ms").row();
        assert_eq!(row, ["a", "gave up", "under 1.00 ms", "MISSED"]);
        assert_eq!(Verdict::new("a", f64::NAN, Bound::Below(1.0), 2, "").row()[1], "not measured");
    }
}
