//! docs/benchmarks.md and its two drawings.

use super::figures::Figures;
use super::grid;
use super::latency::{self, Latency};
use super::quotes;
use super::request::Pace;
use super::throughput::{Contender, Throughput};
use crate::chart::{Axis, Chart, Series};
use crate::failure::{Failure, Result};
use crate::project::{self, Project};

const TEMPLATE: &str = include_str!("page.md");

/// Writes the page and the drawings.
pub fn write(project: &Project, figures: &Figures) -> Result<()> {
    let folder = project.root.join("docs");
    let charts = [
        ("throughput.svg", throughput(&figures.throughput, figures.pace)),
        ("latency.svg", latency_curve(&figures.latency)),
    ];
    for (name, chart) in charts {
        for flaw in chart.crowding() {
            println!("  {name}: {flaw}");
        }
        project::write_text(&folder.join(name), &chart.draw())?;
    }
    let page = fill(TEMPLATE, &figures.parts())?;
    project::write_text(&folder.join("benchmarks.md"), &page)?;
    let quoting = project.root.join(quotes::PAGE);
    project::write_text(&quoting, &quotes::quoted(&project::read_text(&quoting)?, &page)?)?;
    println!("wrote docs/benchmarks.md, docs/throughput.svg, docs/latency.svg and the figures of {}", quotes::PAGE);
    Ok(())
}

/// Puts every part into its `{{place}}`; each place has a part, each part a place.
pub fn fill(template: &str, parts: &[(&str, String)]) -> Result<String> {
    let mut text = template.to_owned();
    for (name, part) in parts {
        let place = format!("{{{{{name}}}}}");
        if !text.contains(&place) {
            return Err(Failure::new(format!("the page has no place {place}"), "add it to its page.md"));
        }
        text = text.replace(&place, part);
    }
    match text.split_once("{{") {
        None => Ok(text),
        Some((_, rest)) => {
            let name = rest.split("}}").next().unwrap_or(rest);
            Err(Failure::new(format!("nothing was measured for {name}"), "mend its page.md"))
        }
    }
}

fn throughput(figures: &Throughput, pace: Pace) -> Chart {
    let series: Vec<Series> =
        Contender::ALL.into_iter().map(|contender| line(contender, figures.curve(contender), true)).collect();
    let rates = series.iter().flat_map(|series| &series.points).map(|(_, rate)| *rate);
    let y = Axis::from_zero("transactions per second", rates, |value| grid::thousands(value, 0));
    let clients = pace.clients().iter().map(|clients| (f64::from(*clients), clients.to_string()));
    Chart {
        title: "Throughput on one market, every commit on disk".to_owned(),
        x: Axis::factors("clients (each step of the scale is a factor)", clients.collect()),
        y,
        series,
    }
}

fn latency_curve(figures: &Latency) -> Chart {
    let series: Vec<Series> = latency::CONTENDERS
        .iter()
        .enumerate()
        .map(|(index, contender)| line(*contender, figures.curve(index), false))
        .collect();
    let values = series.iter().flat_map(|series| &series.points).map(|(_, milliseconds)| *milliseconds);
    let y =
        Axis::decades(
            "milliseconds",
            values,
            |value| {
                if value < 1.0 { format!("{value}") } else { grid::thousands(value, 0) }
            },
        );
    let last = series.iter().flat_map(|series| &series.points).map(|(nines, _)| *nines).fold(1.0, f64::max);
    Chart {
        title: format!(
            "Latency of one transaction, {} clients at {} per second",
            latency::CLIENTS,
            grid::thousands(figures.rate, 0)
        ),
        x: Axis::even("percentile", percentiles(last)),
        y,
        series,
    }
}

fn line(contender: Contender, points: Vec<(f64, f64)>, dots: bool) -> Series {
    let look = Contender::ALL.iter().position(|other| *other == contender).unwrap_or_default();
    Series { name: contender.name().to_owned(), look, points, dots }
}

/// The fastest at the left; half, 90 percent and so on up to the first that is not below the last point.
fn percentiles(last: f64) -> Vec<(f64, String)> {
    let half = 2_f64.log10();
    let all = [(0.0, "fastest"), (half, "50"), (1.0, "90"), (2.0, "99"), (3.0, "99.9"), (latency::MAX_NINES, "99.99")];
    let mut ticks = Vec::new();
    for (nines, text) in all {
        ticks.push((nines, text.to_owned()));
        if nines >= last {
            break;
        }
    }
    ticks
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bench::calls::Calls;
    use crate::bench::churn::Churn;
    use crate::bench::copy_floor::CopyFloor;
    use crate::bench::growth::Step;
    use crate::bench::machine::Machine;
    use crate::bench::reads::{READS, Reads};
    use crate::bench::request::Size;
    use crate::bench::samples::Sample;

    /// A run in which nothing went well.
    fn figures() -> Figures {
        let text = |word: &str| word.to_owned();
        let slow = Sample { end: 1, latency: 90_000, lag: 10 };
        let reads = Reads { milliseconds: [f64::INFINITY; READS.len()], verify_seconds: 1.0 };
        Figures {
            pace: Pace::Default,
            machine: Machine::example(),
            throughput: Throughput::default(),
            latency: Latency { rate: 5_000.0, samples: [vec![slow; 20], vec![slow; 20]] },
            random_orders: Vec::new(),
            flow: CopyFloor::new(text("a_flow"), &[]),
            calls: Calls::default(),
            churn: Churn::default(),
            growth: vec![Step { size: Size { resting: 1, historic: 1 }, microseconds: [f64::NAN; 3], reads }],
            violations: 0,
        }
    }

    #[test]
    fn the_page_is_whole_whatever_was_measured() {
        let text = fill(TEMPLATE, &figures().parts()).expect("a part for every place");
        for part in
            ["on 2026-01-31", "2 cores", "PostgreSQL 15.1", "`a_flow`", "MISSED", "| over 10,000 |", "| fsync | on |"]
        {
            assert!(text.contains(part), "{part} in\n{text}");
        }
        assert!(text.contains("targets are met,"), "the reader is told how many are missed");
    }

    #[test]
    fn what_the_page_says_by_hand_is_what_the_template_says() {
        let project = Project::locate().expect("inside the repository");
        let page = project::read_text(&project.root.join("docs/benchmarks.md")).expect("the page");
        let mut lines = page.lines();
        for wanted in TEMPLATE.lines().filter(|line| !line.contains("{{")) {
            assert!(lines.any(|line| line == wanted), "docs/benchmarks.md lacks, or has elsewhere: {wanted}");
        }
    }

    #[test]
    fn the_page_keeps_its_links_and_its_sql() {
        for part in ["](throughput.svg)", "](latency.svg)", "```sql\n"] {
            assert!(TEMPLATE.contains(part), "{part}");
        }
    }

    #[test]
    fn a_run_of_any_pace_gives_charts_that_can_be_read() {
        for pace in [Pace::Quick, Pace::Default, Pace::Full] {
            assert_eq!(throughput(&Throughput::default(), pace).crowding(), [""; 0]);
        }
        let chart = latency_curve(&figures().latency);
        assert_eq!(chart.crowding(), [""; 0]);
        let looks: Vec<usize> = chart.series.iter().map(|series| series.look).collect();
        assert_eq!(looks, [0, 3], "the INSERT looks as in the other chart");
    }

    #[test]
    fn every_place_has_a_part_and_every_part_a_place() {
        let part = |name| vec![(name, "x".to_owned())];
        assert_eq!(fill("a {{b}} c {{b}}", &part("b")).expect("one place, twice"), "a x c x");
        assert!(fill("a", &part("b")).expect_err("no place").to_string().contains("{{b}}"));
        assert!(fill("{{b}} {{c}}", &part("b")).expect_err("no part").to_string().contains("for c"));
    }

    #[test]
    fn the_scale_of_percentiles_ends_behind_the_last_point() {
        let texts = |last| -> Vec<String> { percentiles(last).into_iter().map(|(_, text)| text).collect() };
        assert_eq!(texts(2.4), ["fastest", "50", "90", "99", "99.9"]);
        assert_eq!(texts(4.0).last().map(String::as_str), Some("99.99"));
    }
}
