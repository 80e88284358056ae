//! The first sheet: counts, coverage, distributions, agents, what made it, how to read it; with charts.

use rust_xlsxwriter::{
    Chart, ChartAxisCrossing, ChartErrorBars, ChartErrorBarsType, ChartFont, ChartLine, ChartRange, ChartSolidFill,
    Format, FormatAlign, Worksheet, XlsxError,
};

use super::distribution::{BINS, Distribution};
use super::grid::{self, BLUE, Look, clean, header, link};
use super::words::{Words, title};
use crate::agents::AgentRow;
use crate::criteria;
use crate::report::ReportLanguage;
use crate::report::run_folder::RunFacts;

/// What the summary is made from.
pub(super) struct Facts<'a> {
    pub(super) words: &'static Words,
    pub(super) language: ReportLanguage,
    pub(super) run: &'a RunFacts,
    pub(super) agents: &'a [AgentRow],
    /// Of the overall score and of each criterion.
    pub(super) distributions: &'a [Distribution],
    /// What is not in the workbook, a sentence each.
    pub(super) left_out: &'a [String],
}

/// Agents in the chart; of more, the highest and the lowest.
const SHOWN: usize = 30;
/// Column that charts begin in.
const CHARTS: u16 = 10;
/// Width and height of a chart, in pixels, with the gap behind it.
const CHART: (u32, u32) = (380, 230);
const GAP: u32 = 10;

struct Page<'a> {
    sheet: Worksheet,
    facts: &'a Facts<'a>,
    row: u32,
    heading: Format,
    header: Format,
    /// The header of a column of figures.
    figures: Format,
    label: Format,
    right: Format,
    prose: Format,
    count: Format,
    tenth: Format,
    percent: Format,
}

/// Writes the summary.
pub(super) fn sheet(facts: &Facts<'_>) -> Result<Worksheet, XlsxError> {
    let mut sheet = Worksheet::new();
    sheet.set_name(facts.words.summary)?;
    sheet.set_column_width(0, 38)?;
    sheet.set_column_range_width(1, 8, 15)?;
    sheet.set_column_width(9, 3)?;
    let mut page = Page {
        sheet,
        facts,
        row: 0,
        heading: Format::new().set_bold().set_font_size(13).set_font_color(grid::DARK),
        header: header().set_text_wrap(),
        figures: header().set_text_wrap().set_align(FormatAlign::Right),
        label: Format::new().set_align(FormatAlign::Top),
        right: Format::new().set_align(FormatAlign::Right),
        prose: Format::new().set_text_wrap().set_align(FormatAlign::Top),
        count: Format::new().set_num_format("#,##0"),
        tenth: Format::new().set_num_format("0.0"),
        percent: Format::new().set_num_format("0%"),
    };
    let big = Format::new().set_bold().set_font_size(18).set_font_color(grid::DARK);
    page.sheet.write_string_with_format(0, 0, facts.words.title, &big)?;
    page.row = 2;
    page.left_out()?;
    page.counts()?;
    page.coverage()?;
    let charts = page.distribution()?;
    page.agents(charts)?;
    page.made_by()?;
    page.how_to_read()?;
    page.sheet.set_screen_gridlines(false).set_landscape().set_print_fit_to_pages(1, 0);
    Ok(page.sheet)
}

impl Page<'_> {
    fn heading(&mut self, text: &str) -> Result<(), XlsxError> {
        self.sheet.write_string_with_format(self.row, 0, text, &self.heading)?;
        self.row += 1;
        Ok(())
    }

    fn heads(&mut self, names: &[&str]) -> Result<(), XlsxError> {
        for (i, name) in names.iter().enumerate() {
            let format = if i == 0 { &self.header } else { &self.figures };
            self.sheet.write_string_with_format(self.row, i as u16, *name, format)?;
        }
        self.sheet.set_row_height(self.row, 32)?;
        self.row += 1;
        Ok(())
    }

    /// A line of prose over the width of the tables, as high as it needs to be: merged cells do not grow by themselves.
    fn prose(&mut self, text: &str) -> Result<(), XlsxError> {
        let text = clean(text);
        self.sheet.merge_range(self.row, 0, self.row, 8, "", &self.prose)?;
        self.sheet.write_string_with_format(self.row, 0, &*text, &self.prose)?;
        let lines: usize = text.lines().map(|l| l.chars().count().div_ceil(150).max(1)).sum();
        self.sheet.set_row_height(self.row, 15.5 * lines.clamp(1, 20) as f64)?;
        self.row += 1;
        Ok(())
    }

    fn count(&mut self, label: &str, n: u64) -> Result<(), XlsxError> {
        self.sheet.write_string_with_format(self.row, 0, &*clean(label), &self.label)?;
        self.sheet.write_number_with_format(self.row, 1, n as f64, &self.count)?;
        self.row += 1;
        Ok(())
    }

    fn figure(&mut self, column: u16, n: Option<f64>) -> Result<(), XlsxError> {
        if let Some(n) = n {
            self.sheet.write_number_with_format(self.row, column, n, &self.tenth)?;
        }
        Ok(())
    }

    fn left_out(&mut self) -> Result<(), XlsxError> {
        if self.facts.left_out.is_empty() {
            return Ok(());
        }
        self.heading(self.facts.words.left_out)?;
        for sentence in self.facts.left_out {
            self.prose(sentence)?;
        }
        self.row += 1;
        Ok(())
    }

    fn counts(&mut self) -> Result<(), XlsxError> {
        let (w, run) = (self.facts.words, self.facts.run);
        self.heading(w.counts)?;
        self.count(w.read, run.read)?;
        self.count(w.scored, run.scored)?;
        self.count(w.quarantined, run.quarantined)?;
        self.count(w.parts, run.parts)?;
        self.count(w.points, run.evidence)?;
        self.count(w.agent_count, run.agents as u64)?;
        self.count(w.files, run.files as u64)?;
        for (head, counts) in
            [(w.by_language, &run.languages), (w.by_channel, &run.channels), (w.by_kind, &run.quarantined_by_kind)]
        {
            if counts.is_empty() {
                continue;
            }
            self.row += 1;
            self.heading(head)?;
            for (name, n) in counts {
                self.count(name, *n)?;
            }
        }
        self.row += 1;
        Ok(())
    }

    fn coverage(&mut self) -> Result<(), XlsxError> {
        let w = self.facts.words;
        self.heading(w.coverage)?;
        self.heads(&[
            w.criterion,
            w.status_scored,
            w.status_not_applicable,
            w.status_cannot_tell,
            w.share,
            w.mean,
            w.lower_quartile,
            w.median,
            w.upper_quartile,
        ])?;
        let first = self.row;
        let parts = self.facts.run.parts;
        for (i, d) in self.facts.distributions.iter().enumerate() {
            let name = self.title(i);
            self.sheet.write_string_with_format(self.row, 0, name, &self.label)?;
            self.sheet.write_number_with_format(self.row, 1, d.n() as f64, &self.count)?;
            if let Some(statuses) = i.checked_sub(1).and_then(|c| self.facts.run.statuses.get(criteria::ALL[c].name()))
            {
                for (column, status) in [(2, "not_applicable"), (3, "cannot_tell")] {
                    let n = statuses.get(status).copied().unwrap_or(0);
                    self.sheet.write_number_with_format(self.row, column, n as f64, &self.count)?;
                }
            }
            if parts > 0 {
                self.sheet.write_number_with_format(self.row, 4, d.n() as f64 / parts as f64, &self.percent)?;
            }
            self.figure(5, d.mean())?;
            for (column, share) in [(6, 0.25), (7, 0.5), (8, 0.75)] {
                self.figure(column, d.quantile(share))?;
            }
            self.row += 1;
        }
        grid::look(&mut self.sheet, Look::Scale, (first, 5, self.row - 1, 8))?;
        self.row += 1;
        Ok(())
    }

    /// The title of a score: the overall one, then each criterion.
    fn title(&self, score: usize) -> &'static str {
        let criterion = score.checked_sub(1).and_then(|c| criteria::ALL.get(c));
        criterion.map_or(self.facts.words.overall, |c| title(*c, self.facts.language))
    }

    /// The table of distributions, and a chart of each; returns the row of pixels that charts end at.
    fn distribution(&mut self) -> Result<u32, XlsxError> {
        let w = self.facts.words;
        self.heading(w.distribution)?;
        let titles: Vec<&str> = (0..self.facts.distributions.len()).map(|i| self.title(i)).collect();
        self.heads(&[&[w.score], titles.as_slice()].concat())?;
        let first = self.row;
        for bin in 0..BINS {
            let (low, high) = (bin * 100 / BINS, (bin + 1) * 100 / BINS);
            self.sheet.write_string_with_format(self.row, 0, format!("{low}–{high}"), &self.label)?;
            for (i, d) in self.facts.distributions.iter().enumerate() {
                self.sheet.write_number_with_format(self.row, i as u16 + 1, d.bins()[bin] as f64, &self.count)?;
            }
            self.row += 1;
        }
        let range = |column: u16| ChartRange::new_from_range(w.summary, first, column, self.row - 1, column);
        for (i, name) in titles.iter().enumerate() {
            let mut chart = Chart::new_column();
            chart
                .add_series()
                .set_categories(&range(0))
                .set_values(&range(i as u16 + 1))
                .set_format(ChartSolidFill::new().set_color(BLUE))
                .set_gap(30);
            dress(&mut chart, name);
            chart.x_axis().set_font(ChartFont::new().set_size(8));
            chart.y_axis().set_font(ChartFont::new().set_size(8)).set_num_format("0");
            chart.y_axis().set_major_gridlines_line(ChartLine::new().set_color(grid::PALE));
            chart.set_width(CHART.0).set_height(CHART.1);
            let i = i as u32;
            self.sheet.insert_chart_with_offset(
                1,
                CHARTS,
                &chart,
                (i % 2) * (CHART.0 + GAP),
                (i / 2) * (CHART.1 + GAP),
            )?;
        }
        self.row += 1;
        Ok((titles.len() as u32).div_ceil(2) * (CHART.1 + GAP))
    }

    /// The agents' overall scores: a table and a chart with intervals, which begins at this row of pixels.
    fn agents(&mut self, below: u32) -> Result<(), XlsxError> {
        let w = self.facts.words;
        let mut ranked: Vec<_> = self.facts.agents.iter().filter_map(|a| Some((a, a.estimates[0]?))).collect();
        ranked.sort_by(|a, b| b.1.shrunken.total_cmp(&a.1.shrunken).then_with(|| a.0.agent_id.cmp(&b.0.agent_id)));
        let all = ranked.len();
        if all == 0 {
            return Ok(());
        }
        if all > SHOWN {
            ranked.drain(SHOWN / 2..all - SHOWN / 2);
        }
        self.heading(w.agents_overall)?;
        if all > SHOWN {
            let text = w.agents_both_ends.replace("{shown}", &ranked.len().to_string());
            self.prose(&text.replace("{all}", &all.to_string()))?;
        }
        self.heads(&[w.agent, w.status_scored, w.estimate, w.low, w.high, w.minus, w.plus, w.band])?;
        let first = self.row;
        let linked = Format::new().set_hyperlink();
        for (agent, e) in &ranked {
            let place =
                self.facts.agents.iter().position(|a| a.agent_id == agent.agent_id).unwrap_or_default() as u32 + 1;
            let target = link(w.agents, (place, place), 1);
            let name = shown(&agent.agent_id, w);
            self.sheet.write_url_with_options(self.row, 0, target.as_str(), &name, "", Some(&linked))?;
            self.sheet.write_number_with_format(self.row, 1, e.n as f64, &self.count)?;
            self.figure(2, Some(e.shrunken))?;
            self.figure(3, e.low)?;
            self.figure(4, e.high)?;
            self.figure(5, e.low.map(|low| e.shrunken - low))?;
            self.figure(6, e.high.map(|high| high - e.shrunken))?;
            self.sheet.write_string_with_format(self.row, 7, agent.bands[0], &self.right)?;
            self.row += 1;
        }
        let last = self.row - 1;
        grid::look(&mut self.sheet, Look::Bar, (first, 2, last, 2))?;
        let range = |column: u16| ChartRange::new_from_range(w.summary, first, column, last, column);
        let mut intervals = ChartErrorBars::new();
        intervals.set_type(ChartErrorBarsType::Custom(range(6), range(5)));
        intervals.set_format(ChartLine::new().set_color(grid::DARK).set_width(1.25));
        let mut chart = Chart::new_bar();
        chart
            .add_series()
            .set_categories(&range(0))
            .set_values(&range(2))
            .set_format(ChartSolidFill::new().set_color(BLUE))
            .set_gap(40)
            .set_x_error_bars(&intervals);
        dress(&mut chart, w.agents_overall);
        // The names run down the vertical axis, the first one on top; the scores stay below.
        let font = || ChartFont::new().set_size(9).clone();
        chart.y_axis().set_reverse().set_font(&font()).set_crossing(ChartAxisCrossing::Max);
        chart.x_axis().set_min(0).set_max(100).set_font(&font()).set_num_format("0");
        chart.x_axis().set_major_gridlines_line(ChartLine::new().set_color(grid::PALE));
        chart.set_width(2 * CHART.0 + GAP).set_height(90 + 22 * ranked.len() as u32);
        self.sheet.insert_chart_with_offset(1, CHARTS, &chart, 0, below)?;
        self.row += 1;
        Ok(())
    }

    fn made_by(&mut self) -> Result<(), XlsxError> {
        let (w, run) = (self.facts.words, self.facts.run);
        self.heading(w.made_by)?;
        let pairs = [
            (w.version, run.version.to_owned()),
            (w.lexicon, run.lexicon.clone()),
            (w.scorecard, run.scorecard.clone()),
            (w.scorecard_hash, run.scorecard_hash.clone()),
            (w.layout, run.layout.to_string()),
            (w.masked, if run.masked { w.yes } else { w.no }.to_owned()),
        ];
        // A run may name thousands of files; run.json has them all.
        let more = run.inputs.len().saturating_sub(20);
        let inputs = run.inputs.iter().take(20).cloned().map(|i| (w.inputs, i));
        let more = (more > 0).then(|| (w.inputs, format!("+ {more}: run.json")));
        for (name, value) in pairs.into_iter().chain(inputs).chain(more) {
            self.sheet.write_string_with_format(self.row, 0, name, &self.label)?;
            self.sheet.write_string(self.row, 1, &*clean(&value))?;
            self.row += 1;
        }
        self.row += 1;
        Ok(())
    }

    fn how_to_read(&mut self) -> Result<(), XlsxError> {
        self.heading(self.facts.words.how_to_read)?;
        for hint in self.facts.words.hints {
            self.prose(hint)?;
        }
        Ok(())
    }
}

fn dress(chart: &mut Chart, name: &str) {
    chart.title().set_name(name).set_font(ChartFont::new().set_size(11).set_bold());
    chart.legend().set_hidden();
    chart.set_alt_text(name);
}

/// An agent's name at a length that a chart has room for.
fn shown(agent_id: &str, words: &Words) -> String {
    let clean = clean(agent_id);
    match clean.trim() {
        "" => words.unnamed.to_owned(),
        name if name.chars().count() > 30 => name.chars().take(29).collect::<String>() + "…",
        name => name.to_owned(),
    }
}
