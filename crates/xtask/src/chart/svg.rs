//! A small writer of SVG: the few elements that a chart needs, with numbers of one decimal.

use std::fmt::Write;

/// A drawing in the making.
pub struct Svg {
    body: String,
    width: f64,
    height: f64,
    title: String,
}

/// How a text stands to its point.
#[derive(Clone, Copy)]
pub enum Anchor {
    /// It begins there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// Colors are classes, so that a reader's dark mode can change them.
const STYLE: &str = "\
.paper{fill:#fff}text{font:13px system-ui,-apple-system,'Segoe UI','DejaVu Sans',sans-serif;fill:#24292f}\
.title{font-size:16px;font-weight:600}.grid{stroke:#d8dee4}.axis{stroke:#57606a}\
.c0{color:#0969da}.c1{color:#1a7f37}.c2{color:#bc4c00}.c3{color:#6e7781}\
@media (prefers-color-scheme:dark){.paper{fill:#0d1117}text{fill:#e6edf3}.grid{stroke:#30363d}.axis{stroke:#8b949e}\
.c0{color:#58a6ff}.c1{color:#3fb950}.c2{color:#f0883e}.c3{color:#9ea7b0}}";

impl Svg {
    /// An empty drawing of this size in pixels; the title is read to those who do not see it.
    pub fn new(width: f64, height: f64, title: &str) -> Self {
        Self { body: String::new(), width, height, title: escape(title) }
    }

    /// A straight line of a class.
    pub fn line(&mut self, class: &str, from: (f64, f64), to: (f64, f64)) {
        self.put(format_args!(
            "<line class=\"{class}\" x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\"/>",
            from.0, from.1, to.0, to.1
        ));
    }

    /// A line through points; `dash` as in `stroke-dasharray`, empty for a solid one.
    pub fn path(&mut self, class: &str, dash: &str, points: &[(f64, f64)]) {
        let points: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        let dash = if dash.is_empty() { String::new() } else { format!(" stroke-dasharray=\"{dash}\"") };
        self.put(format_args!(
            "<polyline class=\"{class}\" points=\"{}\" fill=\"none\" stroke=\"currentColor\" stroke-width=\"2.2\" \
             stroke-linejoin=\"round\"{dash}/>",
            points.join(" ")
        ));
    }

    /// A dot.
    pub fn dot(&mut self, class: &str, (x, y): (f64, f64)) {
        self.put(format_args!(
            "<circle class=\"{class}\" cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"3.4\" fill=\"currentColor\"/>"
        ));
    }

    /// A text of a class on its base line.
    pub fn text(&mut self, class: &str, anchor: Anchor, (x, y): (f64, f64), text: &str) {
        let anchor = match anchor {
            Anchor::Start => "start",
            Anchor::Middle => "middle",
            Anchor::End => "end",
        };
        let text = escape(text);
        self.put(format_args!(
            "<text class=\"{class}\" text-anchor=\"{anchor}\" x=\"{x:.1}\" y=\"{y:.1}\">{text}</text>"
        ));
    }

    /// A text that is read from below upwards.
    pub fn upright_text(&mut self, (x, y): (f64, f64), text: &str) {
        let text = escape(text);
        self.put(format_args!(
            "<text text-anchor=\"middle\" transform=\"translate({x:.1} {y:.1}) rotate(-90)\">{text}</text>"
        ));
    }

    /// The whole file.
    pub fn finish(self) -> String {
        let Self { body, width, height, title } = self;
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" width=\"{width:.0}\" \
             height=\"{height:.0}\" role=\"img\" aria-label=\"{title}\">\n<title>{title}</title>\n<style>{STYLE}</style>\n\
             <rect class=\"paper\" width=\"{width:.0}\" height=\"{height:.0}\" rx=\"6\"/>\n{body}</svg>\n"
        )
    }

    fn put(&mut self, element: std::fmt::Arguments<'_>) {
        // Writing to a string does not fail.
        let _ = writeln!(self.body, "{element}");
    }
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[test]
fn what_means_something_in_xml_is_escaped() {
    let mut svg = Svg::new(10.0, 10.0, "a & b");
    svg.text("", Anchor::End, (1.25, 2.0), "<p99> \"x\"");
    let text = svg.finish();
    assert!(text.contains("<title>a &amp; b</title>"), "{text}");
    assert!(text.contains("x=\"1.2\" y=\"2.0\">&lt;p99&gt; &quot;x&quot;</text>"), "{text}");
}

#[test]
fn every_element_is_closed() {
    let mut svg = Svg::new(10.0, 10.0, "t");
    svg.line("grid", (0.0, 0.0), (1.0, 1.0));
    svg.path("c0", "4 2", &[(0.0, 0.0), (1.0, 2.0)]);
    svg.dot("c0", (1.0, 1.0));
    svg.upright_text((1.0, 1.0), "up");
    let text = svg.finish();
    let opened = text.matches('<').count() - text.matches("</").count();
    assert_eq!(opened, text.matches("</").count() + text.matches("/>").count(), "{text}");
}
