//! Plots as inline SVG, drawn by plotters.
//!
//! Colours are names only: the style sheet gives each of them its colour, in light and in dark, by the attribute that
//! plotters writes (`[fill="#000004"]`). Texts stay texts. What a plot shows also stands in a table.

use plotters::backend::SVGBackend;
use plotters::chart::ChartBuilder;
use plotters::coord::Shift;
use plotters::drawing::{DrawingArea, IntoDrawingArea};
use plotters::element::{Circle, PathElement, Rectangle, Text};
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

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
type Drawn = Result<(), Box<dyn std::error::Error>>;

/// For windows of which kind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Width {
    Wide,
    Narrow,
}

impl Width {
    fn pixels(self) -> u32 {
        match self {
            Width::Wide => 760,
            Width::Narrow => 350,
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

/// Draws on a sheet of this size. A plot that cannot be drawn is empty; its table says the same.
fn draw(size: (u32, u32), on: impl FnOnce(&Area<'_>) -> Drawn) -> String {
    let mut svg = String::new();
    let drawn = {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        on(&area).and_then(|()| Ok(area.present()?))
    };
    if drawn.is_err() {
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

fn hex(c: RGBColor) -> String {
    format!("#{:02X}{:02X}{:02X}", c.0, c.1, c.2)
}

/// Makes links of the circles, in the order in which they were drawn: address and title.
fn linked(svg: &str, links: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(svg.len() + links.len() * 120);
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

fn anchored(colour: RGBColor, h: HPos, v: VPos) -> TextStyle<'static> {
    letters(colour).pos(Pos::new(h, v))
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

/// The score of each agent against the number of conversations, with limits of chance.
pub(super) fn funnel(dots: &[FunnelDot], funnel: &Funnel, axis: (&str, &str), width: Width) -> String {
    let most = dots.iter().map(|d| d.n).fold(1.0, f64::max);
    let right = (most * 1.08 + 1.0).ceil();
    let least = dots.iter().map(|d| d.mean).fold(funnel.target, f64::min);
    let greatest = dots.iter().map(|d| d.mean).fold(funnel.target, f64::max);
    let low = ((least - 6.0) / 10.0).floor().max(0.0) * 10.0;
    let high = (((greatest + 6.0) / 10.0).ceil() * 10.0).min(100.0);
    let height = if width == Width::Wide { 380 } else { 320 };
    let svg = draw((width.pixels(), height), |area| {
        let mut chart = ChartBuilder::on(area)
            .margin(6)
            .margin_right(14)
            .x_label_area_size(40)
            .y_label_area_size(38)
            .build_cartesian_2d(0.0..right, low..high)?;
        chart
            .configure_mesh()
            .light_line_style(GRID.mix(0.0))
            .bold_line_style(line(GRID, 1))
            .axis_style(line(AXIS, 1))
            .x_labels(if width == Width::Wide { 10 } else { 5 })
            .y_labels(6)
            .label_style(letters(INK))
            .x_desc(axis.0)
            .x_label_formatter(&|x| format!("{x:.0}"))
            .y_label_formatter(&|y| format!("{y:.0}"))
            .draw()?;
        for (z, colour) in [(Z_95, LIMIT_95), (Z_998, LIMIT_998)] {
            let steps = 1..=120;
            let at = |i: i32| (f64::from(i) / 120.0).powi(2) * right;
            let within = |y: f64| (low..=high).contains(&y);
            let upper: Vec<(f64, f64)> = steps.clone().map(|i| (at(i), funnel.limits(at(i), z).1)).collect();
            let lower: Vec<(f64, f64)> = steps.map(|i| (at(i), funnel.limits(at(i), z).0)).collect();
            for side in [upper, lower] {
                let seen: Vec<(f64, f64)> = side.into_iter().filter(|p| within(p.1)).collect();
                chart.draw_series([PathElement::new(seen, line(colour, 1))])?;
            }
        }
        let target = vec![(0.0, funnel.target), (right, funnel.target)];
        chart.draw_series([PathElement::new(target, line(TEAM, 2))])?;
        chart.draw_series([Text::new(
            axis.1.to_owned(),
            (right, funnel.target),
            anchored(TEAM, HPos::Right, VPos::Bottom),
        )])?;
        chart.draw_series(dots.iter().map(|d| {
            let flagged = d.standing > Standing::Within;
            let (colour, size) = if flagged { (FLAG, 5) } else { (DOT, 4) };
            Circle::new((d.n, d.mean), size, colour.filled())
        }))?;
        // Names where there is something to ask, the farthest out first, and where they do not cover each other.
        let mut named: Vec<&FunnelDot> = dots.iter().filter(|d| d.standing > Standing::Within).collect();
        named.sort_by(|a, b| {
            let out = |d: &FunnelDot| ((d.mean - funnel.target) * d.n.sqrt()).abs();
            out(b).total_cmp(&out(a)).then(a.name.cmp(&b.name))
        });
        let (dx, dy) = (right * 0.2, (high - low) * 0.05);
        let mut placed: Vec<(f64, f64)> = Vec::new();
        for d in named {
            let free = placed.iter().all(|p| (p.0 - d.n).abs() > dx || (p.1 - d.mean).abs() > dy);
            if !free || placed.len() >= 12 {
                continue;
            }
            placed.push((d.n, d.mean));
            let left = d.n > right * 0.6;
            let shift = right * if left { -0.013 } else { 0.013 };
            let side = if left { HPos::Right } else { HPos::Left };
            let text = short(&d.name, if width == Width::Wide { NAME_LENGTH } else { 14 });
            chart.draw_series([Text::new(text, (d.n + shift, d.mean), anchored(NAME, side, VPos::Center))])?;
        }
        Ok(())
    });
    let links: Vec<(&str, &str)> = dots.iter().map(|d| (d.href.as_str(), d.title.as_str())).collect();
    linked(&svg, &links)
}

/// A score and its interval a row, from the top down, with the team's mean as a line or as a tick in each row.
pub(super) fn intervals(rows: &[Interval], team: Option<f64>, axis: &str, width: Width) -> String {
    let step = if rows.len() > 80 { 17 } else { 24 };
    let height = rows.len() as u32 * step + 58;
    let longest = rows.iter().map(|r| r.name.chars().count()).max().unwrap_or(0).min(NAME_LENGTH) as u32;
    let names = if width == Width::Wide { 20 + longest * 8 } else { (12 + longest * 8).min(130) };
    let svg = draw((width.pixels(), height), |area| {
        let mut chart = ChartBuilder::on(area)
            .margin(6)
            .margin_right(16)
            .x_label_area_size(40)
            .y_label_area_size(names)
            .build_cartesian_2d(0.0..100.0, -(rows.len() as f64)..0.0)?;
        chart
            .configure_mesh()
            .light_line_style(GRID.mix(0.0))
            .bold_line_style(line(GRID, 1))
            .axis_style(line(AXIS, 1))
            .disable_y_mesh()
            .y_labels(0)
            .x_labels(if width == Width::Wide { 11 } else { 6 })
            .label_style(letters(INK))
            .x_desc(axis)
            .x_label_formatter(&|x| format!("{x:.0}"))
            .draw()?;
        if let Some(team) = team {
            let path = vec![(team, 0.0), (team, -(rows.len() as f64))];
            chart.draw_series([PathElement::new(path, line(TEAM, 2))])?;
        }
        for (i, row) in rows.iter().enumerate() {
            let y = -(i as f64) - 0.5;
            if let Some((low, high)) = row.ends {
                chart.draw_series([PathElement::new(vec![(low, y), (high, y)], line(BAR, 3))])?;
            }
            if let Some(team) = row.team {
                let tick = vec![(team, y - 0.34), (team, y + 0.34)];
                chart.draw_series([PathElement::new(tick, line(TEAM, 2))])?;
            }
        }
        let dot = |(i, r): (usize, &Interval)| Circle::new((r.at, -(i as f64) - 0.5), 5, DOT.filled());
        chart.draw_series(rows.iter().enumerate().map(dot))?;
        let (left, _) = chart.plotting_area().get_x_axis_pixel_range().into_inner();
        for (i, row) in rows.iter().enumerate() {
            let (_, y) = chart.backend_coord(&(0.0, -(i as f64) - 0.5));
            let style = anchored(if row.input { NAME } else { INK }, HPos::Right, VPos::Center);
            let name = short(&row.name, if width == Width::Wide { NAME_LENGTH } else { 15 });
            area.draw(&Text::new(name, (left - 8, y), style))?;
        }
        Ok(())
    });
    let links: Vec<(&str, &str)> = rows.iter().map(|d| (d.href.as_str(), d.title.as_str())).collect();
    linked(&svg, &links)
}

/// How many parts have a score in each ten, with the mean as a line.
pub(super) fn histogram(tens: &[u64; 10], mean: Option<f64>) -> String {
    let most = tens.iter().copied().max().unwrap_or(0).max(1) as f64;
    draw((240, 130), |area| {
        let mut chart = ChartBuilder::on(area)
            .margin(4)
            .margin_top(10)
            .margin_right(10)
            .x_label_area_size(24)
            .y_label_area_size(34)
            .build_cartesian_2d(0.0..100.0, 0.0..most * 1.05)?;
        chart
            .configure_mesh()
            .disable_mesh()
            .axis_style(line(AXIS, 1))
            .x_labels(6)
            .y_labels(4)
            .label_style(letters(INK))
            .x_label_formatter(&|x| format!("{x:.0}"))
            .y_label_formatter(&|y| if y.fract() == 0.0 { format!("{y:.0}") } else { String::new() })
            .draw()?;
        chart.draw_series(tens.iter().enumerate().filter(|(_, n)| **n > 0).map(|(i, n)| {
            let left = i as f64 * 10.0;
            Rectangle::new([(left + 0.6, 0.0), (left + 9.4, *n as f64)], BAR.filled())
        }))?;
        if let Some(mean) = mean {
            let path = vec![(mean, 0.0), (mean, most * 1.05)];
            chart.draw_series([PathElement::new(path, line(TEAM, 2))])?;
        }
        Ok(())
    })
}

/// Scores by time, with the agent's mean as a line.
pub(super) fn timeline(
    dots: &[TimeDot],
    mean: f64,
    format: &dyn Fn(f64) -> String,
    axis: &str,
    width: Width,
) -> String {
    let first = dots.iter().map(|d| d.hours).fold(f64::INFINITY, f64::min);
    let last = dots.iter().map(|d| d.hours).fold(f64::NEG_INFINITY, f64::max);
    let pad = ((last - first) * 0.03).max(0.25);
    let (left, right) = (first - pad, last + pad);
    let svg = draw((width.pixels(), 240), |area| {
        let mut chart = ChartBuilder::on(area)
            .margin(6)
            .margin_right(14)
            .x_label_area_size(40)
            .y_label_area_size(38)
            .build_cartesian_2d(left..right, 0.0..100.0)?;
        chart
            .configure_mesh()
            .light_line_style(GRID.mix(0.0))
            .bold_line_style(line(GRID, 1))
            .axis_style(line(AXIS, 1))
            .x_labels(if width == Width::Wide { 9 } else { 5 })
            .y_labels(6)
            .label_style(letters(INK))
            .x_desc(axis)
            .x_label_formatter(&|x| format(*x))
            .y_label_formatter(&|y| format!("{y:.0}"))
            .draw()?;
        chart.draw_series([PathElement::new(vec![(left, mean), (right, mean)], line(TEAM, 2))])?;
        chart.draw_series(dots.iter().map(|d| {
            let style = if d.fatal {
                FLAG.filled()
            } else if d.faint {
                line(FAINT, 2)
            } else {
                DOT.filled()
            };
            Circle::new((d.hours, d.score), if d.fatal { 6 } else { 4 }, style)
        }))?;
        Ok(())
    });
    let links: Vec<(&str, &str)> = dots.iter().map(|d| (d.href.as_str(), d.title.as_str())).collect();
    linked(&svg, &links)
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
    fn plots_of_little_or_nothing_are_drawn() {
        let funnel_of = Funnel { target: 50.0, sigma: 10.0 };
        assert!(funnel(&[], &funnel_of, ("n", "team"), Width::Narrow).contains("<svg"));
        assert!(histogram(&[0; 10], None).contains("<svg"));
        let dot = TimeDot { hours: 9.0, score: 0.0, faint: false, fatal: true, href: String::new(), title: String::new() };
        assert!(timeline(&[dot], 0.0, &|h| format!("{h:.0}"), "time", Width::Wide).contains("<circle"));
        assert!(intervals(&[], None, "score", Width::Wide).contains("<svg"));
    }
}
