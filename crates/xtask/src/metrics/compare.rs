//! Figures of ours beside those of others, and the differences that we know of.

use std::fmt;

use crate::failure::{Failure, Result};

/// How far two figures of one number may lie apart.
const NEAR: f64 = 1e-9;

/// What somebody says of a series.
#[derive(Clone, Debug)]
pub struct Figure {
    /// Who; nobody for us.
    pub peer: String,
    series: String,
    metric: String,
    said: String,
}

/// Reads lines of series, metric, peer, figure.
pub fn read(text: &str) -> Result<Vec<Figure>> {
    let figure = |line: &str| match line.split('\t').collect::<Vec<_>>()[..] {
        [series, metric, peer, said] => Ok(Figure {
            peer: peer.to_owned(),
            series: series.to_owned(),
            metric: metric.to_owned(),
            said: said.to_owned(),
        }),
        _ => Err(Failure::new(format!("no figure: {line}"), "compare what is printed with what is read")),
    };
    text.lines().map(figure).collect()
}

/// Reads lines of series, metric, figure.
pub fn read_ours(text: &str) -> Result<Vec<Figure>> {
    let lines: Vec<String> = text
        .lines()
        .map(|line| {
            let (rest, said) = line.rsplit_once('\t').unwrap_or((line, ""));
            format!("{rest}\tours\t{said}")
        })
        .collect();
    read(&lines.join("\n"))
}

/// Two figures of one metric of one series.
pub struct Comparison {
    metric: String,
    peer: String,
    series: String,
    ours: String,
    theirs: String,
}

/// From here on a figure is the rounding of something else, and another on another machine.
const HUGE: f64 = 1e13;

/// A number as a list of differences tells it: not to the last digit, in which a new version may differ.
fn told(said: &str) -> String {
    match said.parse::<f64>() {
        Ok(number) if number.is_finite() && number.abs() > HUGE => "over 1e13".to_owned(),
        Ok(number) => format!("{number:.5e}"),
        Err(_) => said.to_owned(),
    }
}

impl Comparison {
    /// Whether both say the same.
    pub fn is_same(&self) -> bool {
        match (self.ours.parse::<f64>(), self.theirs.parse::<f64>()) {
            (Ok(ours), Ok(theirs)) => (ours - theirs).abs() <= NEAR * theirs.abs().max(1e-3),
            _ => self.ours == self.theirs,
        }
    }
}

impl fmt::Display for Comparison {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Comparison { metric, peer, series, ours, theirs } = self;
        write!(out, "{metric}\t{peer}\t{series}\t{}\t{}", told(ours), told(theirs))
    }
}

/// What a library says beside what we say.
pub fn beside(ours: &[Figure], theirs: &[Figure], peer: &str) -> Vec<Comparison> {
    let of_peer = theirs.iter().filter(|figure| figure.peer == peer);
    of_peer
        .map(|figure| {
            let own = ours.iter().find(|own| own.series == figure.series && own.metric == figure.metric);
            Comparison {
                metric: figure.metric.clone(),
                peer: peer.to_owned(),
                series: figure.series.clone(),
                ours: own.map_or_else(|| "nothing".to_owned(), |own| own.said.clone()),
                theirs: figure.said.clone(),
            }
        })
        .collect()
}

/// A row of `differences.tsv`.
#[derive(Debug)]
pub struct Listed {
    row: String,
    found: bool,
}

/// Reads the file: metric, peer, series, our figure, theirs, and why.
pub fn listed(text: &str) -> Result<Vec<Listed>> {
    let read = |line: &str| match line.rsplit_once('\t') {
        Some((row, why)) if row.split('\t').count() == 5 && !why.trim().is_empty() => {
            Ok(Listed { row: row.to_owned(), found: false })
        }
        _ => Err(Failure::new(
            format!("tests/metrics/differences.tsv: {line}"),
            "the columns are metric, peer, series, ours, theirs, why",
        )),
    };
    text.lines().skip(1).map(read).collect()
}

impl Listed {
    /// Whether this difference is meant.
    pub fn takes(&mut self, difference: &Comparison) -> bool {
        let is_meant = self.row == difference.to_string();
        self.found |= is_meant;
        is_meant
    }

    /// What is wrong with the row once all has been compared.
    pub fn fault(&self) -> Option<String> {
        (!self.found).then(|| format!("listed, and not so: {}", self.row))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compared(ours: &str, theirs: &str) -> Comparison {
        let ours = read_ours(&format!("s\tcagr\t{ours}")).expect("a figure");
        let theirs = read(&format!("s\tcagr\tlib\t{theirs}")).expect("a figure");
        beside(&ours, &theirs, "lib").remove(0)
    }

    #[test]
    fn figures_are_the_same_to_a_thousandth_of_a_millionth() {
        assert!(compared("0.1", "0.10000000001").is_same());
        assert!(!compared("0.1", "0.1000001").is_same());
        assert!(compared("null", "null").is_same());
        assert!(!compared("null", "0.0").is_same() && !compared("null", "inf").is_same());
        assert!(!compared("1", "raises ValueError").is_same());
    }

    #[test]
    fn a_row_takes_what_it_lists_and_is_wrong_when_it_is_not_so() {
        let head = "metric\tpeer\tseries\tours\ttheirs\twhy\n";
        let mut rows = listed(&format!("{head}cagr\tlib\ts\tnull\t0.00000e0\tno return\n")).expect("a list");
        assert!(rows[0].fault().is_some());
        assert!(!rows[0].takes(&compared("null", "1")));
        assert!(rows[0].takes(&compared("null", "0.0")));
        assert_eq!(rows[0].fault(), None);
        assert!(listed(&format!("{head}cagr\tlib\ts\tnull\t0\t \n")).is_err(), "without a reason");
    }
}
