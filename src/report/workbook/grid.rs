//! A sheet that is a table: header, cells by the type of their column, widths, filters, colours.

use std::borrow::Cow;

use rust_xlsxwriter::{
    Color, ConditionalFormat3ColorScale, ConditionalFormatDataBar, ConditionalFormatType, ExcelDateTime, Format,
    FormatAlign, FormatBorder, IgnoreError, Note, Worksheet, XlsxError,
};

use super::source::Value;
use crate::report::columns::{Table, Type};
use crate::report::csv::tidy;
use crate::report::local_time::LocalTime;

/// A column of a sheet.
pub(super) struct Head {
    pub(super) name: String,
    pub(super) kind: Type,
    pub(super) about: String,
    pub(super) look: Look,
}

/// How numbers of a column are shown beside their figure.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Look {
    Plain,
    /// From red over yellow to green, 0 to 100.
    Scale,
    /// A bar of 0 to 100.
    Bar,
    /// A bar to the right for what is won, to the left for what is lost.
    Signed,
}

/// The columns of a table of the run.
pub(super) fn heads<T: Table>(look: impl Fn(&str) -> Look) -> Vec<Head> {
    let head = |c: crate::report::columns::Column<T>| Head {
        look: if c.kind == Type::Number { look(&c.name) } else { Look::Plain },
        name: c.name,
        kind: c.kind,
        about: c.about,
    };
    T::columns().into_iter().map(head).collect()
}

/// Most links that Excel allows on a sheet.
pub(super) const LINKS: u32 = 65_530;
/// Widest and narrowest column, in characters.
const WIDTHS: (usize, usize) = (9, 60);
/// Characters beside each other that are printed on one page.
const ON_A_PAGE: usize = 330;
/// Rows that a column's width is taken from.
const MEASURED: u32 = 2_000;

const RED: Color = Color::RGB(0xF8_69_6B);
const YELLOW: Color = Color::RGB(0xFF_EB_84);
const GREEN: Color = Color::RGB(0x63_BE_7B);
/// Of headings and lines.
pub(super) const DARK: Color = Color::RGB(0x1F_3A_5F);
/// Of the lines of charts.
pub(super) const PALE: Color = Color::RGB(0xD9_D9_D9);
/// Of bars and charts.
pub(super) const BLUE: Color = Color::RGB(0x4F_81_BD);

/// The format of a header cell.
pub(super) fn header() -> Format {
    Format::new()
        .set_bold()
        .set_align(FormatAlign::Top)
        .set_background_color(Color::RGB(0xDC_E6_F1))
        .set_border_bottom(FormatBorder::Thin)
}

/// A text as a cell can hold it: no control characters, no longer than a cell. It is written as text, never as a formula.
pub(super) fn clean(text: &str) -> Cow<'_, str> {
    let bad = |c: char| (c.is_control() && c != '\n' && c != '\t') || matches!(c, '\u{FFFE}' | '\u{FFFF}');
    match tidy(text) {
        text if text.contains(bad) => Cow::Owned(text.replace(bad, "\u{FFFD}")),
        text => text,
    }
}

/// A link to rows of a sheet: they are selected when it is followed.
pub(super) fn link(sheet: &str, rows: (u32, u32), columns: usize) -> String {
    let last = rust_xlsxwriter::utility::column_number_to_name(columns.saturating_sub(1) as u16);
    format!("internal:'{sheet}'!A{}:{last}{}", rows.0 + 1, rows.1 + 1)
}

/// A sheet being filled, row after row.
pub(super) struct Grid {
    sheet: Worksheet,
    heads: Vec<Head>,
    widths: Vec<usize>,
    next: u32,
    links: u32,
    date: Format,
    link: Format,
}

impl Grid {
    /// Begins a sheet with its header.
    pub(super) fn new(mut sheet: Worksheet, name: &str, heads: Vec<Head>) -> Result<Self, XlsxError> {
        sheet.set_name(name)?;
        let top = |f: Format| f.set_align(FormatAlign::Top);
        let (header, mut widths) = (header(), Vec::new());
        for (i, head) in heads.iter().enumerate() {
            let column = i as u16;
            let format = match head.kind {
                Type::Text if is_prose(&head.name) => Format::new().set_text_wrap().set_indent(1),
                Type::Text if i == 0 => Format::new(),
                // Clear of the figures of the column before.
                Type::Text => Format::new().set_indent(1),
                Type::Time => Format::new().set_num_format("yyyy-mm-dd hh:mm:ss").set_align(FormatAlign::Left),
                Type::Whole => Format::new().set_num_format("0"),
                Type::Number if head.name == "points" => Format::new().set_num_format("+0.00;-0.00;0.00"),
                Type::Number if head.name.ends_with("confidence") => Format::new().set_num_format("0.00"),
                Type::Number => Format::new().set_num_format("0.0"),
            };
            sheet.set_column_format(column, &top(format))?;
            sheet.write_string_with_format(0, column, &head.name, &header)?;
            // The button of the filter takes room beside the name.
            widths.push((head.name.len() + 3).max(WIDTHS.0));
        }
        sheet.set_row_height(0, 20)?;
        Ok(Self {
            sheet,
            heads,
            widths,
            next: 1,
            links: 0,
            date: top(Format::new().set_num_format("yyyy-mm-dd").set_align(FormatAlign::Left)),
            link: top(Format::new().set_hyperlink()),
        })
    }

    /// The row that is written next, counted from 0.
    pub(super) fn next(&self) -> u32 {
        self.next
    }

    /// Links so far, [`LINKS`] at the most.
    pub(super) fn links(&self) -> u32 {
        self.links
    }

    /// Writes a row. `link` makes the first cell a link to this target, and says what it shows where it is empty.
    pub(super) fn row(&mut self, values: &[Value<'_>], link: Option<(String, &str)>) -> Result<(), XlsxError> {
        let (row, link) = (self.next, link.as_ref().map(|(target, shown)| (target.as_str(), *shown)));
        for (i, value) in values.iter().enumerate() {
            let column = i as u16;
            let width = match value {
                Value::Text(text) if !text.is_empty() => {
                    let text = clean(text);
                    self.text(row, i, &text, link.filter(|_| i == 0).map(|l| l.0))?;
                    if row <= MEASURED { text.chars().take(WIDTHS.1).count() + 2 } else { 0 }
                }
                Value::Empty | Value::Text(_) => match link.filter(|_| i == 0) {
                    Some((target, shown)) => {
                        self.text(row, i, shown, Some(target))?;
                        0
                    }
                    None => 0,
                },
                Value::Whole(n) => {
                    // Exact: no table has numbers that a double cannot hold.
                    self.sheet.write_number(row, column, *n as f64)?;
                    0
                }
                Value::Number(n) => {
                    self.sheet.write_number(row, column, *n)?;
                    0
                }
            };
            self.widths[i] = self.widths[i].max(width.min(WIDTHS.1));
        }
        self.next += 1;
        Ok(())
    }

    fn text(&mut self, row: u32, i: usize, text: &str, target: Option<&str>) -> Result<(), XlsxError> {
        let column = i as u16;
        if let Some(target) = target.filter(|_| self.links < LINKS) {
            self.links += 1;
            self.sheet.write_url_with_options(row, column, target, text, "", Some(&self.link))?;
            return Ok(());
        }
        let time = if self.heads[i].kind == Type::Time { LocalTime::parse(text) } else { None };
        match time.and_then(|t| excel_time(&t).map(|e| (t.timed, e))) {
            Some((true, at)) => self.sheet.write_datetime(row, column, at)?,
            Some((false, at)) => self.sheet.write_datetime_with_format(row, column, at, &self.date)?,
            None => self.sheet.write_string(row, column, text)?,
        };
        Ok(())
    }

    /// Ends the sheet: widths, frozen header and first columns, filter, colours, and a note on the first cell.
    pub(super) fn finish(mut self, frozen: u16, note: Option<&str>) -> Result<Worksheet, XlsxError> {
        let (last_row, last_column) = (self.next - 1, self.heads.len().saturating_sub(1) as u16);
        let mut across = 0;
        let sheet = &mut self.sheet;
        sheet.set_freeze_panes(1, frozen)?;
        sheet.autofilter(0, 0, last_row, last_column)?;
        for (i, head) in self.heads.iter().enumerate() {
            let column = i as u16;
            let width = match head.kind {
                Type::Time => self.widths[i].clamp(20, 22),
                Type::Text if is_prose(&head.name) => self.widths[i],
                _ => self.widths[i].min(40),
            };
            sheet.set_column_width(column, width as f64)?;
            across += width;
            if last_row == 0 {
                continue;
            }
            if head.kind == Type::Text {
                // Ids may be digits only; they are texts all the same.
                sheet.ignore_error_range(1, column, last_row, column, IgnoreError::NumberStoredAsText)?;
            }
            look(sheet, head.look, (1, column, last_row, column))?;
        }
        if let Some(note) = note {
            sheet.insert_note(0, 0, &Note::new(note).add_author_prefix(false).set_width(320).set_height(120))?;
        }
        sheet.set_landscape().set_repeat_rows(0, 0)?;
        // Wider sheets would be too small to read on one page.
        if across <= ON_A_PAGE {
            sheet.set_print_fit_to_pages(1, 0);
        }
        Ok(self.sheet)
    }
}

/// Adds bars or colours to cells: first row, first column, last row, last column.
pub(super) fn look(sheet: &mut Worksheet, look: Look, at: (u32, u16, u32, u16)) -> Result<(), XlsxError> {
    use ConditionalFormatType::Number;
    let bar = |low: i32| {
        ConditionalFormatDataBar::new()
            .set_minimum(Number, low)
            .set_maximum(Number, 100)
            .set_fill_color(BLUE)
            .set_solid_fill(true)
            .set_border_off(true)
    };
    match look {
        Look::Plain => return Ok(()),
        Look::Scale => {
            let scale = ConditionalFormat3ColorScale::new()
                .set_minimum(Number, 0)
                .set_midpoint(Number, 50)
                .set_maximum(Number, 100)
                .set_minimum_color(RED)
                .set_midpoint_color(YELLOW)
                .set_maximum_color(GREEN);
            sheet.add_conditional_format(at.0, at.1, at.2, at.3, &scale)?
        }
        Look::Bar => sheet.add_conditional_format(at.0, at.1, at.2, at.3, &bar(0))?,
        Look::Signed => {
            let bar = bar(-30).set_maximum(Number, 30).set_fill_color(GREEN).set_negative_fill_color(RED);
            sheet.add_conditional_format(at.0, at.1, at.2, at.3, &bar)?
        }
    };
    Ok(())
}

/// Columns that hold sentences, which are shown in whole on several lines.
fn is_prose(name: &str) -> bool {
    matches!(name, "quote" | "called_quote" | "would_earn" | "reason" | "meaning")
}

fn excel_time(time: &LocalTime<'_>) -> Option<ExcelDateTime> {
    let (date, at) = (time.at.date(), time.at.time());
    let (year, month, day) = (u16::try_from(date.year()).ok()?, date.month() as u8, date.day() as u8);
    let millis = at.subsec_nanosecond() / 1_000_000;
    ExcelDateTime::from_ymd(year, month, day)
        .and_then(|d| d.and_hms_milli(at.hour() as u16, at.minute() as u8, at.second() as u8, millis as u16))
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_fit_into_cells() {
        assert_eq!(clean("a\u{0}b\u{7}\r\nc\td"), "a\u{FFFD}b\u{FFFD}\nc\td");
        assert_eq!(clean("=cmd|' /C calc'!A0"), "=cmd|' /C calc'!A0");
        assert_eq!(clean(&"ә".repeat(40_000)).encode_utf16().count(), 32_767);
    }

    #[test]
    fn links_select_whole_rows() {
        assert_eq!(link("Дәлелдер", (1, 56), 15), "internal:'Дәлелдер'!A2:O57");
        assert_eq!(link("Evidence", (1, 1), 30), "internal:'Evidence'!A2:AD2");
    }
}
