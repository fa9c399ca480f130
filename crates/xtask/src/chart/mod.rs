//! Line charts as SVG, readable on light and on dark paper.

mod axis;
mod svg;

pub use axis::Axis;
use svg::{Anchor, Svg};

const WIDTH: f64 = 760.0;
const HEIGHT: f64 = 440.0;
/// The field of the lines.
const LEFT: f64 = 84.0;
const RIGHT: f64 = WIDTH - 32.0;
const TOP: f64 = 84.0;
const BOTTOM: f64 = HEIGHT - 60.0;
const TITLE_Y: f64 = 30.0;
const LEGEND_Y: f64 = 58.0;
const LEGEND_LINE: f64 = 34.0;
const LEGEND_GAP: f64 = 26.0;
/// A generous mean of a 13 px character, because we cannot ask the font.
const CHARACTER: f64 = 7.4;
/// Between two texts, one above the other.
const TEXT_HEIGHT: f64 = 15.0;
/// Told apart without colors, too; one for each of [`LOOKS`].
const DASHES: [&str; LOOKS] = ["", "10 3", "2 4", "8 3 2 3"];
/// How many lines can be told apart.
pub const LOOKS: usize = 4;

/// One line and its name.
pub struct Series {
    /// For the legend.
    pub name: String,
    /// Which of the [`LOOKS`] it has: the same thing looks the same in every chart.
    pub look: usize,
    /// In ascending order of x.
    pub points: Vec<(f64, f64)>,
    /// Whether every point is a measurement of its own.
    pub dots: bool,
}

/// Everything that is drawn.
pub struct Chart {
    /// In one line.
    pub title: String,
    /// From left to right.
    pub x: Axis,
    /// From below upwards.
    pub y: Axis,
    /// In the order of the legend.
    pub series: Vec<Series>,
}

impl Chart {
    /// The whole SVG file.
    pub fn draw(&self) -> String {
        let mut svg = Svg::new(WIDTH, HEIGHT, &self.title);
        svg.text("title", Anchor::Start, (LEFT, TITLE_Y), &self.title);
        self.draw_axes(&mut svg);
        for (series, left) in self.series.iter().zip(self.legend()) {
            let look = series.look % LOOKS;
            let (class, dash) = (format!("c{look}"), DASHES[look]);
            let middle = LEGEND_Y - 4.5;
            svg.path(&class, dash, &[(left, middle), (left + LEGEND_LINE, middle)]);
            svg.text("", Anchor::Start, (left + LEGEND_LINE + 6.0, LEGEND_Y), &series.name);
            let points: Vec<(f64, f64)> = series.points.iter().map(|point| self.place(*point)).collect();
            svg.path(&class, dash, &points);
            if series.dots {
                points.into_iter().for_each(|point| svg.dot(&class, point));
            }
        }
        svg.finish()
    }

    fn draw_axes(&self, svg: &mut Svg) {
        for (value, text) in &self.y.ticks {
            let (_, y) = self.place((f64::NAN, *value));
            svg.line("grid", (LEFT, y), (RIGHT, y));
            svg.text("", Anchor::End, (LEFT - 8.0, y + 4.5), text);
        }
        for (value, text) in &self.x.ticks {
            let (x, _) = self.place((*value, f64::NAN));
            svg.line("grid", (x, TOP), (x, BOTTOM));
            svg.text("", Anchor::Middle, (x, BOTTOM + 20.0), text);
        }
        svg.line("axis", (LEFT, BOTTOM), (RIGHT, BOTTOM));
        svg.line("axis", (LEFT, TOP), (LEFT, BOTTOM));
        svg.text("", Anchor::Middle, ((LEFT + RIGHT) / 2.0, BOTTOM + 44.0), &self.x.label);
        svg.upright_text((22.0, (TOP + BOTTOM) / 2.0), &self.y.label);
    }

    fn place(&self, (x, y): (f64, f64)) -> (f64, f64) {
        (LEFT + self.x.place(x) * (RIGHT - LEFT), BOTTOM - self.y.place(y) * (BOTTOM - TOP))
    }

    /// Where the entries of the legend begin.
    fn legend(&self) -> Vec<f64> {
        let mut left = LEFT;
        let mut places = Vec::new();
        for series in &self.series {
            places.push(left);
            left += LEGEND_LINE + 6.0 + text_width(&series.name) + LEGEND_GAP;
        }
        places
    }

    /// What a reader would see overlap, or cut off at an edge; empty when all is well.
    pub fn crowding(&self) -> Vec<String> {
        let mut found = Vec::new();
        let legend_end = self.legend().last().copied().unwrap_or(LEFT)
            + self.series.last().map_or(0.0, |series| LEGEND_LINE + 6.0 + text_width(&series.name));
        if legend_end > WIDTH {
            found.push(format!("the legend ends at {legend_end:.0} of {WIDTH:.0}"));
        }
        for (index, series) in self.series.iter().enumerate() {
            if let Some(other) = self.series[..index].iter().find(|other| other.look % LOOKS == series.look % LOOKS) {
                found.push(format!("{} looks like {}", series.name, other.name));
            }
        }
        for pair in self.x.ticks.windows(2) {
            let distance = self.place((pair[1].0, 0.0)).0 - self.place((pair[0].0, 0.0)).0;
            if distance < (text_width(&pair[0].1) + text_width(&pair[1].1)) / 2.0 {
                found.push(format!("{} runs into {}", pair[0].1, pair[1].1));
            }
        }
        for pair in self.y.ticks.windows(2) {
            if self.place((1.0, pair[0].0)).1 - self.place((1.0, pair[1].0)).1 < TEXT_HEIGHT {
                found.push(format!("{} stands on {}", pair[1].1, pair[0].1));
            }
        }
        let widest = self.y.ticks.iter().map(|(_, text)| text_width(text)).fold(0.0, f64::max);
        if widest > LEFT - 8.0 - 30.0 {
            found.push("a number runs into the label of its axis".to_owned());
        }
        found
    }
}

fn text_width(text: &str) -> f64 {
    text.chars().count() as f64 * CHARACTER
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(names: &[&str]) -> Chart {
        let ticks = [1, 2, 4].map(|n| (f64::from(n), n.to_string())).to_vec();
        let series = names.iter().enumerate().map(|(look, name)| Series {
            name: (*name).to_owned(),
            look,
            points: vec![(1.0, 10.0), (4.0, 20.0)],
            dots: true,
        });
        Chart {
            title: "T".to_owned(),
            x: Axis::factors("clients", ticks),
            y: Axis::from_zero("per second", [20.0].into_iter(), |value| format!("{value:.0}")),
            series: series.collect(),
        }
    }

    #[test]
    fn a_line_runs_through_its_points() {
        let svg = chart(&["a"]).draw();
        assert!(svg.contains(&format!("points=\"{LEFT:.1},232.0 {RIGHT:.1},{TOP:.1}\"")), "{svg}");
        assert_eq!(svg.matches("<circle").count(), 2);
        assert!(svg.contains(">clients</text>") && svg.contains(">per second</text>") && svg.contains(">a</text>"));
    }

    #[test]
    fn every_line_has_its_own_look() {
        let svg = chart(&["a", "b", "c", "d"]).draw();
        for dash in &DASHES[1..] {
            assert!(svg.contains(&format!("stroke-dasharray=\"{dash}\"")), "{dash}");
        }
        for class in ["c0", "c1", "c2", "c3"] {
            assert!(svg.contains(&format!("class=\"{class}\"")), "{class}");
        }
    }

    #[test]
    fn crowding_is_found() {
        assert!(chart(&["a", "b"]).crowding().is_empty());
        let long = "a name that is much too long for the legend of a chart, by far";
        assert_eq!(chart(&[long, long]).crowding().len(), 1);
        assert_eq!(chart(&["a", "b", "c", "d", "e"]).crowding().len(), 1);
        let mut narrow = chart(&["a"]);
        narrow.x = Axis::even("x", (0..200).map(|n| (f64::from(n), n.to_string())).collect());
        assert!(!narrow.crowding().is_empty());
        narrow = chart(&["a"]);
        narrow.y = Axis::even("y", (0..100).map(|n| (f64::from(n), n.to_string())).collect());
        assert!(!narrow.crowding().is_empty());
    }
}
