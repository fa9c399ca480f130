//! From numbers to places, and the numbers that stand beside an axis.

/// How numbers are spread along an axis.
#[derive(Clone, Copy, PartialEq)]
enum Spread {
    Even,
    /// Each factor has the same length; numbers must be above 0.
    Factors,
}

/// One axis: what it shows, from where to where, and its marked numbers.
pub struct Axis {
    /// In words, with the unit.
    pub label: String,
    /// Marked numbers and their text, in ascending order.
    pub ticks: Vec<(f64, String)>,
    from: f64,
    to: f64,
    spread: Spread,
}

impl Axis {
    /// Evenly from 0 to a round number that is not below any of the values.
    pub fn from_zero(label: &str, values: impl Iterator<Item = f64>, text: impl Fn(f64) -> String) -> Self {
        let greatest = values.fold(0.0, f64::max);
        let step = round_step(greatest / 5.0);
        let steps = (greatest / step).ceil().max(1.0) as u32;
        let ticks: Vec<(f64, String)> =
            (0..=steps).map(|n| f64::from(n) * step).map(|value| (value, text(value))).collect();
        Self { label: label.to_owned(), ticks, from: 0.0, to: f64::from(steps) * step, spread: Spread::Even }
    }

    /// Evenly between round numbers of which none of the values lies outside.
    pub fn around(label: &str, values: impl Iterator<Item = f64> + Clone, text: impl Fn(f64) -> String) -> Self {
        let least = values.clone().fold(f64::INFINITY, f64::min);
        let greatest = values.fold(f64::NEG_INFINITY, f64::max);
        let (least, greatest) = if least <= greatest { (least, greatest) } else { (0.0, 1.0) };
        let step = round_step((greatest - least) / 5.0);
        let (first, last) = ((least / step).floor() as i64, (greatest / step).ceil() as i64);
        let ticks = (first..=last.max(first + 1)).map(|n| n as f64 * step).map(|value| (value, text(value))).collect();
        Self::over(label, ticks, Spread::Even)
    }

    /// Evenly over these ticks.
    pub fn even(label: &str, ticks: Vec<(f64, String)>) -> Self {
        Self::over(label, ticks, Spread::Even)
    }

    /// By factors over these ticks.
    pub fn factors(label: &str, ticks: Vec<(f64, String)>) -> Self {
        Self::over(label, ticks, Spread::Factors)
    }

    /// By factors, marked at 1, 2 and 5 of each power of ten that the values need.
    pub fn decades(label: &str, values: impl Iterator<Item = f64> + Clone, text: impl Fn(f64) -> String) -> Self {
        let least = values.clone().filter(|value| *value > 0.0).fold(f64::INFINITY, f64::min);
        let greatest = values.fold(0.0, f64::max);
        let (least, greatest) = if least <= greatest { (least, greatest) } else { (1.0, 1.0) };
        let marks = |power: i32| [1.0, 2.0, 5.0].map(|digit| digit * 10_f64.powi(power));
        let powers = least.log10().floor() as i32..=greatest.log10().ceil() as i32;
        let marks: Vec<f64> = powers.flat_map(marks).collect();
        let first = marks.iter().rposition(|mark| *mark <= least * 1.000_001).unwrap_or(0);
        let last = marks.iter().position(|mark| *mark >= greatest && *mark > marks[first]).unwrap_or(marks.len() - 1);
        let ticks = marks[first..=last].iter().map(|mark| (*mark, text(*mark))).collect();
        Self::over(label, ticks, Spread::Factors)
    }

    fn over(label: &str, ticks: Vec<(f64, String)>, spread: Spread) -> Self {
        let from = ticks.first().map_or(0.0, |(value, _)| *value);
        let to = ticks.last().map_or(1.0, |(value, _)| *value);
        Self { label: label.to_owned(), ticks, from, to, spread }
    }

    /// Where a number is: 0 at the beginning of the axis, 1 at its end.
    pub fn place(&self, value: f64) -> f64 {
        let map = |value: f64| if self.spread == Spread::Factors { value.ln() } else { value };
        let length = map(self.to) - map(self.from);
        if length > 0.0 { (map(value) - map(self.from)) / length } else { 0.5 }
    }
}

/// The least of 1, 2, 5 times a power of ten that is not below a number.
fn round_step(least: f64) -> f64 {
    if least <= 0.0 {
        return 1.0;
    }
    let power = 10_f64.powf(least.log10().floor());
    let digit = [1.0, 2.0, 5.0].into_iter().find(|digit| digit * power >= least * 0.999_999);
    digit.unwrap_or(10.0) * power
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(axis: &Axis) -> Vec<&str> {
        axis.ticks.iter().map(|(_, text)| text.as_str()).collect()
    }

    #[test]
    fn an_axis_from_zero_holds_every_value() {
        let axis = Axis::from_zero("a", [300.0, 23_737.0].into_iter(), |value| format!("{value}"));
        assert_eq!(texts(&axis), ["0", "5000", "10000", "15000", "20000", "25000"]);
        assert!((axis.place(12_500.0) - 0.5).abs() < 1e-9);
        let empty = Axis::from_zero("a", [].into_iter(), |value| format!("{value}"));
        assert_eq!(texts(&empty), ["0", "1"]);
    }

    #[test]
    fn an_axis_around_values_begins_near_the_least() {
        let axis = Axis::around("a", [99_987.0, 100_250.0].into_iter(), |value| format!("{value}"));
        assert_eq!(texts(&axis), ["99900", "100000", "100100", "100200", "100300"]);
        let one = Axis::around("a", [7.0].into_iter(), |value| format!("{value}"));
        assert_eq!(texts(&one), ["7", "8"]);
    }

    #[test]
    fn clients_double_at_the_same_distance() {
        let ticks = [1, 2, 4, 8].map(|n| (f64::from(n), n.to_string()));
        let axis = Axis::factors("clients", ticks.to_vec());
        assert!((axis.place(2.0) - 1.0 / 3.0).abs() < 1e-9 && (axis.place(8.0) - 1.0).abs() < 1e-9);
    }

    #[test]
    fn decades_begin_below_the_least_and_end_above_the_greatest() {
        let axis = Axis::decades("ms", [0.3, 7.0].into_iter(), |value| format!("{value}"));
        assert_eq!(texts(&axis), ["0.2", "0.5", "1", "2", "5", "10"]);
        let one = Axis::decades("ms", [1.0].into_iter(), |value| format!("{value}"));
        assert_eq!(texts(&one), ["1", "2"]);
        let none = Axis::decades("ms", [].into_iter(), |value| format!("{value}"));
        assert_eq!(texts(&none), ["1", "2"]);
    }

    #[test]
    fn steps_are_round() {
        for (least, step) in [(0.0, 1.0), (0.3, 0.5), (1.0, 1.0), (4_747.0, 5_000.0), (6_000.0, 10_000.0)] {
            assert!((round_step(least) - step).abs() < 1e-9, "{least}");
        }
    }
}
