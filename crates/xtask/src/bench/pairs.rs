//! Two that take turns, and what one does to the other: the median of the ratios of the rounds.

use crate::bench::grid;
use crate::bench::statistics::median;
use crate::failure::Result;

/// Rates of the one and of the other, round by round.
#[derive(Clone, Debug, Default)]
pub struct Pairs {
    /// Of the one that is asked about.
    pub ours: Vec<f64>,
    /// Of the one that it is measured against.
    pub theirs: Vec<f64>,
}

impl Pairs {
    /// One turn for each; who begins changes from round to round.
    pub fn turn(&mut self, ours: impl FnOnce() -> Result<f64>, theirs: impl FnOnce() -> Result<f64>) -> Result<()> {
        let (ours, theirs) = if self.ours.len().is_multiple_of(2) {
            let ours = ours()?;
            (ours, theirs()?)
        } else {
            let theirs = theirs()?;
            (ours()?, theirs)
        };
        println!("  {ours:>9.0}/s to {theirs:>9.0}/s");
        self.ours.push(ours);
        self.theirs.push(theirs);
        Ok(())
    }

    /// NaN of no round.
    pub fn ratio(&self) -> f64 {
        let ratios: Vec<f64> = self.ours.iter().zip(&self.theirs).map(|(ours, theirs)| ours / theirs).collect();
        if ratios.is_empty() { f64::NAN } else { median(&ratios) }
    }

    /// Both medians and the ratio, for a table.
    pub fn cells(&self) -> Vec<String> {
        let shown = |rates: &[f64]| if rates.is_empty() { String::new() } else { grid::thousands(median(rates), 0) };
        vec![shown(&self.ours), shown(&self.theirs), grid::ratio(self.ratio(), 1.0, 2)]
    }
}

#[test]
fn what_slows_a_round_slows_both() {
    let mut pairs = Pairs::default();
    for (ours, theirs) in [(100.0, 200.0), (10.0, 20.0), (90.0, 100.0)] {
        pairs.turn(|| Ok(ours), || Ok(theirs)).expect("two rates");
    }
    assert_eq!(pairs.theirs, [200.0, 20.0, 100.0]);
    assert_eq!(pairs.cells(), ["90", "100", "0.50 x"]);
    assert!(Pairs::default().ratio().is_nan());
}
