//! Plots as inline SVG, drawn by plotters.
//!
//! Colours are names only: the style sheet gives each of them its colour, in light and in dark, by the attribute that
//! plotters writes (`[fill="#000004"]`). Texts stay texts. What a plot shows also stands in a table.

use std::ops::Range;

use plotters::backend::SVGBackend;
use plotters::chart::ChartBuilder;
use plotters::drawing::IntoDrawingArea;
use plotters::element::{Circle, IntoDynElement, PathElement, Rectangle, Text};
use plotters::style::text_anchor::{HPos, Pos, VPos};
use plotters::style::{Color, IntoFont, RGBColor, ShapeStyle, TextStyle};

use super::funnel::{Funnel, Standing, Z_95, Z_998};

const INK: RGBColor = RGBColor(0, 0, 1);
const AXIS: RGBColor = RGBColor(0, 0, 2);
const GRID: RGBColor = RGBColor(0, 0, 3);
const DOT: RGBColor = RGBColor(0, 0, 4);
const BAR: RGBColor = RGBColor(0, 0, 5);
const TEAM: RGBColor = RGBColor(0, 0, 6);
const LIMIT_95: RGBColor = RGBColor(0, 0, 7);
const LIMIT_998: RGBColor = RGBColor(0, 0, 8);
/// Words of the input.
const NAME: RGBColor = RGBColor(0, 0, 9);
const FLAG: RGBColor = RGBColor(0, 0, 10);
const FAINT: RGBColor = RGBColor(0, 0, 11);

/// Height of letters, in pixels; plotters divides by 1.24.
const LETTER: f64 = 12.0 * 1.24;
/// Names of agents in a plot, in characters.
const NAME_LENGTH: usize = 22;

type Drawn = Result<(), Box<dyn std::error::Error>>;

/// For windows of which kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    Wide,
    Narrow,
    /// One of several side by side.
    Small,
}

impl Width {
    fn pixels(self) -> u32 {
        match self {
            Width::Wide => 576,
            Width::Narrow => 350,
            Width::Small => 240,
        }
    }
}

/// An agent in the funnel.
#[derive(Clone, Debug)]
pub(super) struct FunnelDot {
    pub name: String,
    pub href: String,
    /// What a reader who points at it is told.
    pub title: String,
    /// Effective number of conversations.
    pub n: f64,
    pub mean: f64,
    pub standing: Standing,
}

/// A row of an interval chart.
#[derive(Clone, Debug)]
pub(super) struct Interval {
    pub name: String,
    /// Whether the name is a word of the input.
    pub input: bool,
    pub href: String,
    pub title: String,
    pub at: f64,
    pub ends: Option<(f64, f64)>,
    /// The team's mean in this row.
    pub team: Option<f64>,
}

/// A conversation on a timeline.
#[derive(Clone, Debug)]
pub(super) struct TimeDot {
    /// Hours since the midnight before the first one.
    pub hours: f64,
    pub score: f64,
    /// Whether the score is little sure.
    pub faint: bool,
    pub fatal: bool,
    pub href: String,
    pub title: String,
}

/// A night on a control chart.
#[derive(Clone, Debug)]
pub(super) struct NightDot {
    /// Days since the first one.
    pub day: f64,
    pub mean: f64,
    /// The limits of chance.
    pub limits: (f64, f64),
    /// Whether it is out of the ordinary.
    pub flagged: bool,
    pub title: String,
}

/// What is drawn in a chart, in the chart's own coordinates.
enum Mark {
    Line(Vec<(f64, f64)>, RGBColor, u32),
    Bar((f64, f64), (f64, f64)),
    Dot((f64, f64), u32, RGBColor),
    Ring((f64, f64), u32, RGBColor),
    /// Words, where they are anchored, and by how many pixels they are moved to the right.
    Words(String, (f64, f64), RGBColor, HPos, VPos, i32),
}

/// A sheet with axes. Every plot goes through it, so that the drawing library is compiled once and not once a plot.
struct Sheet<'f> {
    size: (u32, u32),
    x: Range<f64>,
    y: Range<f64>,
    /// Room for the names left of the chart, and for the labels under it.
    left: u32,
    below: u32,
    /// Labels of either axis at the most.
    labels: (usize, usize),
    /// Whether lines go across, and up.
    grid: (bool, bool),
    axis: &'f str,
    name: &'f dyn Fn(f64) -> String,
}

impl Sheet<'_> {
    /// The chart as SVG. A plot that cannot be drawn is empty; its table says the same.
    fn draw(&self, marks: &[Mark]) -> String {
        let mut svg = String::new();
        if self.on(&mut svg, marks).is_err() {
            return String::new();
        }
        // Readers who cannot see it have the table; links in it are for the pointer only.
        let name = format!("fill=\"{}\"", hex(NAME));
        svg.replacen("<svg ", "<svg aria-hidden=\"true\" focusable=\"false\" ", 1)
            .replace(&name, &format!("{name} translate=\"no\""))
            .replace(" opacity=\"1\"", "")
            .replace(" stroke=\"none\" stroke-width=\"1\"", "")
            .replace(" stroke=\"none\"", "")
            .replace(" font-family=\"sans-serif\"", "")
            .replace(">\n", ">")
    }

    fn on(&self, svg: &mut String, marks: &[Mark]) -> Drawn {
        let area = SVGBackend::with_string(svg, self.size).into_drawing_area();
        let mut chart = ChartBuilder::on(&area)
            .margin(6)
            .margin_right(16)
            .x_label_area_size(self.below)
            .y_label_area_size(self.left)
            .build_cartesian_2d(self.x.clone(), self.y.clone())?;
        let (x_name, y_name) = (|x: &f64| (self.name)(*x), |y: &f64| whole(*y));
        let mut mesh = chart.configure_mesh();
        mesh.light_line_style(GRID.mix(0.0))
            .bold_line_style(line(GRID, 1))
            .axis_style(line(AXIS, 1))
            .x_labels(self.labels.0)
            .y_labels(self.labels.1)
            .label_style(letters(INK))
            .x_desc(self.axis)
            .x_label_formatter(&x_name)
            .y_label_formatter(&y_name);
        if !self.grid.0 {
            mesh.disable_y_mesh();
        }
        if !self.grid.1 {
            mesh.disable_x_mesh();
        }
        mesh.draw()?;
        for mark in marks {
            let element = match mark {
                Mark::Line(path, colour, width) => PathElement::new(path.clone(), line(*colour, *width)).into_dyn(),
                Mark::Bar(from, to) => Rectangle::new([*from, *to], BAR.filled()).into_dyn(),
                Mark::Dot(at, size, colour) => Circle::new(*at, *size, colour.filled()).into_dyn(),
                Mark::Ring(at, size, colour) => Circle::new(*at, *size, line(*colour, 2)).into_dyn(),
                Mark::Words(text, at, colour, h, v, shift) => {
                    // Names stand outside of the chart as well.
                    let (x, y) = chart.backend_coord(at);
                    let style = letters(*colour).pos(Pos::new(*h, *v));
                    area.draw(&Text::new(text.clone(), (x + shift, y), style))?;
                    continue;
                }
            };
            chart.draw_series(std::iter::once(element))?;
        }
        drop(chart);
        Ok(area.present()?)
    }
}

/// A whole number; nothing where it is none.
fn whole(x: f64) -> String {
    if (x - x.round()).abs() < 1e-9 { format!("{:.0}", x.round()) } else { String::new() }
}

fn hex(c: RGBColor) -> String {
    format!("#{:02X}{:02X}{:02X}", c.0, c.1, c.2)
}

/// Makes links of the circles, in the order in which they were drawn: address and title.
fn linked<'l>(svg: &str, links: impl Iterator<Item = (&'l str, &'l str)>) -> String {
    let mut out = String::with_capacity(svg.len() * 2);
    let mut rest = svg;
    for (href, title) in links {
        let Some(at) = rest.find("<circle ") else { break };
        let Some(end) = rest[at..].find("/>").map(|e| at + e) else { break };
        out.push_str(&rest[..at]);
        let circle = format!("{}><title translate=\"no\">{}</title></circle>", &rest[at..end], escape(title));
        if href.is_empty() {
            out.push_str(&circle);
        } else {
            out.push_str(&format!("<a href=\"{}\" tabindex=\"-1\">{circle}</a>", escape(href)));
        }
        rest = &rest[end + 2..];
    }
    out.push_str(rest);
    out
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn letters(colour: RGBColor) -> TextStyle<'static> {
    ("sans-serif", LETTER).into_font().color(&colour)
}

fn line(colour: RGBColor, width: u32) -> ShapeStyle {
    colour.stroke_width(width)
}

fn short(name: &str, longest: usize) -> String {
    match name.char_indices().nth(longest) {
        Some((at, _)) => format!("{}…", &name[..at]),
        None => name.to_owned(),
    }
}

/// Names in a funnel.
const MOST_NAMES: usize = 12;
/// Mean width of a letter of a name, in pixels, and half the height of a line.
const LETTER_WIDTH: f64 = 6.8;
const HALF_LINE: f64 = 8.0;

/// Where a name would stand, in pixels.
struct Patch {
    left: f64,
    right: f64,
    middle: f64,
}

impl Patch {
    fn meets(&self, other: &Patch) -> bool {
        self.left < other.right && other.left < self.right && (self.middle - other.middle).abs() < 2.0 * HALF_LINE
    }

    /// Whether a dot would be covered.
    fn holds(&self, (x, y): (f64, f64)) -> bool {
        (self.left - 5.0..self.right + 5.0).contains(&x) && (y - self.middle).abs() < HALF_LINE + 2.0
    }
}

/// The score of each agent against the number of conversations, with limits of chance.
pub(super) fn funnel(dots: &[FunnelDot], funnel: &Funnel, axis: (&str, &str), width: Width) -> String {
    let most = dots.iter().map(|d| d.n).fold(1.0, f64::max);
    let right = (most * 1.08 + 1.0).ceil();
    let least = dots.iter().map(|d| d.mean).fold(funnel.target, f64::min);
    let greatest = dots.iter().map(|d| d.mean).fold(funnel.target, f64::max);
    let low = ((least - 6.0) / 10.0).floor().max(0.0) * 10.0;
    let high = (((greatest + 6.0) / 10.0).ceil() * 10.0).min(100.0);
    let wide = width == Width::Wide;
    let mut marks = Vec::new();
    for (z, colour) in [(Z_95, LIMIT_95), (Z_998, LIMIT_998)] {
        // Closer steps where the limits bend most.
        let at = |i: u32| (f64::from(i) / 120.0).powi(2) * right;
        for upper in [true, false] {
            let limit = |n: f64| if upper { funnel.limits(n, z).1 } else { funnel.limits(n, z).0 };
            let path = (1..=120).map(|i| (at(i), limit(at(i)))).filter(|p| (low..=high).contains(&p.1));
            marks.push(Mark::Line(path.collect(), colour, 1));
        }
    }
    marks.push(Mark::Line(vec![(0.0, funnel.target), (right, funnel.target)], TEAM, 2));
    // At the narrow end, where no agent stands.
    marks.push(Mark::Words(axis.1.to_owned(), (0.0, funnel.target), TEAM, HPos::Left, VPos::Bottom, 3));
    marks.extend(dots.iter().map(|d| {
        let flagged = d.standing > Standing::Within;
        let (colour, size) = if flagged { (FLAG, 5) } else { (DOT, 4) };
        Mark::Dot((d.n, d.mean), size, colour)
    }));
    // Names where there is something to ask, the farthest out first, and where they do not cover each other.
    let mut named: Vec<&FunnelDot> = dots.iter().filter(|d| d.standing > Standing::Within).collect();
    named.sort_by(|a, b| {
        let out = |d: &FunnelDot| ((d.mean - funnel.target) * d.n.sqrt()).abs();
        out(b).total_cmp(&out(a)).then(a.name.cmp(&b.name))
    });
    let size = (width.pixels(), if wide { 380 } else { 320 });
    let (left, below) = (34, 40);
    let (across, up) = (f64::from(size.0 - left), f64::from(size.1 - below));
    let at = |d: &FunnelDot| (d.n / right * across, (d.mean - low) / (high - low) * up);
    let mut placed: Vec<Patch> = Vec::new();
    for d in named {
        let name = short(&d.name, if wide { NAME_LENGTH } else { 14 });
        let ((x, y), length) = (at(d), name.chars().count() as f64 * LETTER_WIDTH);
        let behind = (HPos::Left, 9, Patch { left: x + 9.0, right: x + 9.0 + length, middle: y });
        let before = (HPos::Right, -9, Patch { left: x - 9.0 - length, right: x - 9.0, middle: y });
        let free = |patch: &Patch| {
            (0.0..=across).contains(&patch.left)
                && patch.right <= across
                && !placed.iter().any(|p| p.meets(patch))
                && !dots.iter().any(|o| o.name != d.name && patch.holds(at(o)))
        };
        let sides = if d.n > right * 0.6 { [before, behind] } else { [behind, before] };
        let Some((side, shift, patch)) = sides.into_iter().find(|s| free(&s.2)) else { continue };
        placed.push(patch);
        marks.push(Mark::Words(name, (d.n, d.mean), NAME, side, VPos::Center, shift));
        if placed.len() == MOST_NAMES {
            break;
        }
    }
    let sheet = Sheet {
        size,
        x: 0.0..right,
        y: low..high,
        left,
        below,
        labels: (if wide { 10 } else { 5 }, 6),
        grid: (true, true),
        axis: axis.0,
        name: &whole,
    };
    linked(&sheet.draw(&marks), dots.iter().map(|d| (d.href.as_str(), d.title.as_str())))
}

/// A score and its interval a row, from the top down, with the team's mean as a line or as a tick in each row.
pub(super) fn intervals(rows: &[Interval], team: Option<f64>, axis: &str, width: Width) -> String {
    let step = if rows.len() > 40 { 18 } else { 24 };
    let wide = width == Width::Wide;
    let bottom = -(rows.len().max(1) as f64);
    let at = |i: usize| -(i as f64) - 0.5;
    let longest = rows.iter().map(|r| r.name.chars().count()).max().unwrap_or(0).min(NAME_LENGTH) as u32;
    let mut marks = Vec::new();
    marks.extend(team.map(|team| Mark::Line(vec![(team, 0.0), (team, bottom)], TEAM, 2)));
    for (i, row) in rows.iter().enumerate() {
        let y = at(i);
        marks.extend(row.ends.map(|(low, high)| Mark::Line(vec![(low, y), (high, y)], BAR, 4)));
        marks.extend(row.team.map(|team| Mark::Line(vec![(team, y - 0.34), (team, y + 0.34)], TEAM, 2)));
    }
    marks.extend(rows.iter().enumerate().map(|(i, row)| Mark::Dot((row.at, at(i)), 5, DOT)));
    marks.extend(rows.iter().enumerate().map(|(i, row)| {
        let name = short(&row.name, if wide { NAME_LENGTH } else { 18 });
        Mark::Words(name, (0.0, at(i)), if row.input { NAME } else { INK }, HPos::Right, VPos::Center, -8)
    }));
    let sheet = Sheet {
        size: (width.pixels(), rows.len() as u32 * step + 54),
        x: 0.0..100.0,
        y: bottom..0.0,
        left: if wide { 20 + longest * 8 } else { (12 + longest * 8).min(136) },
        below: 40,
        labels: (if wide { 11 } else { 6 }, 0),
        grid: (false, true),
        axis,
        name: &whole,
    };
    linked(&sheet.draw(&marks), rows.iter().map(|d| (d.href.as_str(), d.title.as_str())))
}

/// How many parts have a score in each ten, with the mean as a line.
pub(super) fn histogram(tens: &[u64; 10], mean: Option<f64>) -> String {
    let top = tens.iter().copied().max().unwrap_or(0).max(1) as f64 * 1.05;
    let bars = tens.iter().enumerate().filter(|(_, n)| **n > 0);
    let mut marks: Vec<Mark> =
        bars.map(|(i, n)| Mark::Bar((i as f64 * 10.0 + 0.6, 0.0), (i as f64 * 10.0 + 9.4, *n as f64))).collect();
    marks.extend(mean.map(|mean| Mark::Line(vec![(mean, 0.0), (mean, top)], TEAM, 2)));
    let sheet = Sheet {
        size: (240, 130),
        x: 0.0..100.0,
        y: 0.0..top,
        left: 36,
        below: 24,
        labels: (6, 4),
        grid: (false, false),
        axis: "",
        name: &whole,
    };
    sheet.draw(&marks)
}

/// Scores by time, with the agent's mean as a line. Hours are named by `name`.
pub(super) fn timeline(dots: &[TimeDot], mean: f64, name: &dyn Fn(f64) -> String, axis: &str, width: Width) -> String {
    let first = dots.iter().map(|d| d.hours).fold(f64::INFINITY, f64::min);
    let last = dots.iter().map(|d| d.hours).fold(f64::NEG_INFINITY, f64::max);
    let pad = ((last - first) * 0.03).max(0.25);
    let (left, right) = (first - pad, last + pad);
    if !left.is_finite() || !right.is_finite() {
        return String::new();
    }
    let mut marks = vec![Mark::Line(vec![(left, mean), (right, mean)], TEAM, 2)];
    marks.extend(dots.iter().map(|d| match d {
        d if d.fatal => Mark::Dot((d.hours, d.score), 6, FLAG),
        d if d.faint => Mark::Ring((d.hours, d.score), 4, FAINT),
        d => Mark::Dot((d.hours, d.score), 4, DOT),
    }));
    let wide = width == Width::Wide;
    let sheet = Sheet {
        size: (width.pixels(), 240),
        x: left..right,
        y: 0.0..100.0,
        left: 34,
        below: 40,
        labels: (if wide { 9 } else { 5 }, 6),
        grid: (true, false),
        axis,
        name,
    };
    linked(&sheet.draw(&marks), dots.iter().map(|d| (d.href.as_str(), d.title.as_str())))
}

/// A mean night by night between the limits of its control chart. Days are named by `name`.
pub(super) fn control(
    dots: &[NightDot],
    centre: f64,
    name: &dyn Fn(f64) -> String,
    axis: &str,
    width: Width,
) -> String {
    let Some((first, last)) = dots.first().zip(dots.last()) else { return String::new() };
    let pad = ((last.day - first.day) * 0.03).max(0.25);
    let (left, right) = (first.day - pad, last.day + pad);
    let least = dots.iter().map(|d| d.mean.min(d.limits.0)).fold(centre, f64::min);
    let greatest = dots.iter().map(|d| d.mean.max(d.limits.1)).fold(centre, f64::max);
    let low = ((least - 2.0) / 10.0).floor().max(0.0) * 10.0;
    let high = (((greatest + 2.0) / 10.0).ceil() * 10.0).clamp(low + 10.0, 100.0_f64.max(low + 10.0));
    let mut marks = vec![Mark::Line(vec![(left, centre), (right, centre)], TEAM, 2)];
    for limit in [|d: &NightDot| d.limits.0, |d: &NightDot| d.limits.1] {
        marks.push(Mark::Line(dots.iter().map(|d| (d.day, limit(d))).collect(), LIMIT_998, 1));
    }
    marks.push(Mark::Line(dots.iter().map(|d| (d.day, d.mean)).collect(), BAR, 2));
    let size = if width == Width::Small { 3 } else { 4 };
    marks.extend(dots.iter().map(|d| match d.flagged {
        true => Mark::Dot((d.day, d.mean), size + 2, FLAG),
        false => Mark::Dot((d.day, d.mean), size, DOT),
    }));
    let small = width == Width::Small;
    let sheet = Sheet {
        size: (width.pixels(), if small { 150 } else { 240 }),
        x: left..right,
        y: low..high,
        left: 34,
        below: if small { 24 } else { 40 },
        labels: (if width == Width::Wide { 9 } else { 4 }, if small { 4 } else { 6 }),
        grid: (true, false),
        axis: if small { "" } else { axis },
        name,
    };
    linked(&sheet.draw(&marks), dots.iter().map(|d| ("", d.title.as_str())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn circles_become_links_with_escaped_titles_and_texts_stay_texts() {
        let row = |name: &str, at: f64| Interval {
            name: name.into(),
            input: true,
            href: "agents/a&b.html".into(),
            title: "<b>".into(),
            at,
            ends: Some((at - 5.0, at + 5.0)),
            team: None,
        };
        let svg = intervals(&[row("<script>", 40.0), row("Әлия", 60.0)], Some(50.0), "score", Width::Wide);
        assert_eq!(svg.matches("<a href=\"agents/a&amp;b.html\" tabindex=\"-1\"><circle ").count(), 2, "{svg}");
        assert!(svg.contains("<title translate=\"no\">&lt;b&gt;</title>") && svg.contains("&lt;script&gt;"));
        assert!(svg.contains(">Әлия") && !svg.contains("<script"));
        assert!(svg.starts_with("<svg aria-hidden=\"true\""));
    }

    #[test]
    fn a_name_stands_on_the_side_where_it_covers_no_dot_or_not_at_all() {
        let funnel_of = Funnel { target: 50.0, sigma: 10.0 };
        let dot = |name: &str, n: f64, mean: f64| FunnelDot {
            name: name.into(),
            href: String::new(),
            title: String::new(),
            n,
            mean,
            standing: Standing::Outside998,
        };
        let anchor = |dots: &[FunnelDot], name: &str| {
            let svg = funnel(dots, &funnel_of, ("n", "team"), Width::Wide);
            let before = svg.split(name).next().filter(|b| b.len() < svg.len())?.rsplit("<text").next()?;
            before.split("text-anchor=\"").nth(1)?.split('"').next().map(str::to_owned)
        };
        let (left, right) = (dot("zhanna", 10.0, 81.0), dot("marina", 10.5, 80.5));
        assert_eq!(
            anchor(std::slice::from_ref(&right), "marina").as_deref(),
            Some("end"),
            "alone it stands before its dot"
        );
        let both = [left.clone(), right.clone()];
        assert_eq!(anchor(&both, "zhanna").as_deref(), Some("end"));
        assert_eq!(anchor(&both, "marina").as_deref(), Some("start"), "behind it, since the other dot is before");
        let hemmed = [left, right, dot("somebody", 11.0, 80.0)];
        assert_eq!(anchor(&hemmed, "marina"), None, "there is no room");
    }

    #[test]
    fn plots_of_little_or_nothing_are_drawn() {
        let funnel_of = Funnel { target: 50.0, sigma: 10.0 };
        assert!(funnel(&[], &funnel_of, ("n", "team"), Width::Narrow).contains("<svg"));
        assert!(histogram(&[0; 10], None).contains("<svg"));
        let dot =
            TimeDot { hours: 9.0, score: 0.0, faint: false, fatal: true, href: String::new(), title: String::new() };
        assert!(timeline(&[dot], 0.0, &|h| format!("{h:.0}"), "time", Width::Wide).contains("<circle"));
        assert!(intervals(&[], None, "score", Width::Wide).contains("<svg"));
        assert_eq!(control(&[], 50.0, &|d| format!("{d:.0}"), "night", Width::Small), "");
        let night = NightDot { day: 0.0, mean: 0.0, limits: (0.0, 0.0), flagged: true, title: "<b>".into() };
        let svg = control(&[night], 0.0, &|d| format!("{d:.0}"), "night", Width::Wide);
        assert!(svg.contains("<circle") && svg.contains("&lt;b&gt;"), "{svg}");
    }
}
