//! An equity curve as SVG.

use crate::chart::{Axis, Chart, Series};

/// What a bot was worth after a step.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Snapshot {
    /// After which.
    pub step: f64,
    /// How much.
    pub equity: f64,
}

/// The SVG file: a line through all snapshots.
pub fn draw(title: &str, snapshots: &[Snapshot]) -> String {
    let points: Vec<(f64, f64)> = snapshots.iter().map(|snapshot| (snapshot.step, snapshot.equity)).collect();
    let whole = |value: f64| format!("{value:.0}");
    let chart = Chart {
        title: title.to_owned(),
        x: Axis::around("step of the replay", points.iter().map(|point| point.0), whole),
        y: Axis::around("USD", points.iter().map(|point| point.1), whole),
        series: vec![Series { name: "equity".to_owned(), look: 0, points, dots: false }],
    };
    chart.draw()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn snapshots() -> Vec<Snapshot> {
        let equity = [100_000.0, 100_012.5, 99_987.0, 100_100.0, 100_250.0, 100_249.0];
        (1..).map(f64::from).zip(equity).map(|(step, equity)| Snapshot { step, equity }).collect()
    }

    /// The last line of the drawing: the one before is the legend's.
    fn points(svg: &str) -> Vec<(f64, f64)> {
        let (_, line) = svg.rsplit_once("points=\"").expect("a line");
        let (points, _) = line.split_once('"').expect("the end of the points");
        let number = |text: &str| text.parse::<f64>().expect("a number");
        points.split(' ').filter_map(|point| point.split_once(',')).map(|(x, y)| (number(x), number(y))).collect()
    }

    /// Elements that are open at the end, or closed by another's name.
    fn unclosed(svg: &str) -> Vec<String> {
        let mut open: Vec<String> = Vec::new();
        for tag in svg.split('<').skip(1).filter_map(|rest| rest.split_once('>')).map(|(tag, _)| tag) {
            let name = tag.trim_start_matches('/').split([' ', '/']).next().unwrap_or_default();
            if tag.starts_with('/') {
                assert_eq!(open.pop().as_deref(), Some(name), "{svg}");
            } else if !tag.ends_with('/') {
                open.push(name.to_owned());
            }
        }
        open
    }

    #[test]
    fn its_points_are_the_snapshots() {
        let snapshots = snapshots();
        let drawn = points(&draw("A bot", &snapshots));
        assert_eq!(drawn.len(), snapshots.len());
        // Between any two of them lies as much on paper as in money, and as in steps.
        let of = |low: f64, high: f64, at: f64| (at - low) / (high - low);
        for (point, snapshot) in drawn.iter().zip(&snapshots) {
            let right = of(drawn[0].0, drawn[5].0, point.0) - of(1.0, 6.0, snapshot.step);
            let up = of(drawn[2].1, drawn[4].1, point.1) - of(99_987.0, 100_250.0, snapshot.equity);
            assert!(right.abs() < 1e-3 && up.abs() < 1e-3, "{snapshot:?} is drawn at {point:?}");
        }
        assert!(drawn[4].1 < drawn[2].1, "more is higher");
    }

    #[test]
    fn it_is_well_formed() {
        for title in ["A bot", "a < b & \"c\""] {
            assert!(unclosed(&draw(title, &snapshots())).is_empty());
        }
        assert!(unclosed(&draw("of nothing", &[])).is_empty());
    }
}
