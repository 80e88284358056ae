//! The pages as plain values: a page is a list of sections, a section a list of blocks. Templates know nothing else.
//!
//! Whoever has more to say of the night or of an agent adds a [`Section`].

use super::texts::Texts;

/// A page.
#[derive(Debug)]
pub(super) struct Page<'t> {
    /// The words of the interface.
    pub t: &'t Texts,
    /// The way to the folder of the report: empty, or `../`.
    pub up: &'static str,
    /// Of the window and the heading.
    pub title: String,
    /// Whether the title is a word of the input.
    pub input_title: bool,
    /// What stands above the title.
    pub kicker: String,
    /// Pages above this one: name, address, and whether the name is a word of the input.
    pub crumbs: Vec<(String, String, bool)>,
    /// What stands under the title.
    pub lead: Vec<Text>,
    /// In their order.
    pub sections: Vec<Section>,
}

/// Words of the interface, or of the input, which are not translated.
#[derive(Clone, Debug)]
pub(super) enum Text {
    Own(String),
    Input(String),
    /// Words said.
    Quote(String),
    Link(String, String),
}

/// A part of a page with a heading.
#[derive(Debug, Default)]
pub(super) struct Section {
    /// For links within the page.
    pub id: String,
    /// Heading.
    pub title: String,
    /// What it says, in a line or two.
    pub says: String,
    /// In their order.
    pub blocks: Vec<Block>,
}

/// What a section is made of.
#[derive(Debug)]
pub(super) enum Block {
    Figures(Vec<Figure>),
    Table(Table),
    Plot(Plot),
    /// Small plots side by side, what they say, and the table behind them.
    Plots(Vec<Plot>, String, Option<Table>),
    Notice(String),
    Lines(Vec<Text>),
    Moments(Vec<Card>),
    Practise(Vec<Advice>),
    Transcript(Turns),
    /// Where reviewers' notes are put in, now or later.
    Notes,
}

/// A number to see at once.
#[derive(Debug, Default)]
pub(super) struct Figure {
    pub value: String,
    pub label: String,
    pub href: String,
}

/// A plot in one or two widths.
#[derive(Debug, Default)]
pub(super) struct Plot {
    pub title: String,
    /// What it says, in one line.
    pub says: String,
    /// SVG for wide windows and paper.
    pub wide: String,
    /// SVG for telephones; empty where the wide one is narrow enough.
    pub narrow: String,
    /// The figures behind it.
    pub table: Option<Table>,
}

/// A table.
#[derive(Debug, Default)]
pub(super) struct Table {
    pub caption: String,
    /// Whether readers can sort and filter it.
    pub sortable: bool,
    /// Whether its cells stand under each other on telephones.
    pub stacked: bool,
    pub head: Vec<Column>,
    pub rows: Vec<Vec<Cell>>,
}

/// The head of a column.
#[derive(Debug, Default)]
pub(super) struct Column {
    pub title: String,
    pub number: bool,
    /// How the rows are sorted by it: `ascending`, `descending` or nothing.
    pub sorted: &'static str,
}

/// A cell.
#[derive(Clone, Debug, Default)]
pub(super) struct Cell {
    pub text: String,
    /// Stands under the text, smaller.
    pub below: String,
    /// Words of the input that stand under it.
    pub quote: String,
    pub href: String,
    /// What to sort by where it is not the text.
    pub sort: String,
    pub number: bool,
    /// Heads its row.
    pub head: bool,
    /// A word of the input.
    pub input: bool,
    /// A class of the style sheet.
    pub class: &'static str,
}

/// A moment that won or lost.
#[derive(Debug, Default)]
pub(super) struct Card {
    pub criterion: String,
    pub points: String,
    pub won: bool,
    pub rule: String,
    /// Where it is: id and turn.
    pub place: String,
    pub href: String,
    pub lines: Vec<Line>,
    pub would_earn: Option<Text>,
}

/// A turn in a card.
#[derive(Debug, Default)]
pub(super) struct Line {
    pub who: String,
    pub own: bool,
    /// Whether it is the turn of the point.
    pub here: bool,
    /// Text, and whether a point rests on it.
    pub pieces: Vec<(String, bool)>,
}

/// Something to practise.
#[derive(Debug, Default)]
pub(super) struct Advice {
    pub criterion: String,
    pub advice: String,
    pub lost: String,
    pub would_earn: Option<Text>,
    pub example: Option<Card>,
}

/// A transcript.
#[derive(Debug, Default)]
pub(super) struct Turns {
    /// The criteria that have points here: class and title.
    pub criteria: Vec<(&'static str, String)>,
    pub turns: Vec<TurnLine>,
    pub more: String,
}

/// A turn of a transcript.
#[derive(Debug, Default)]
pub(super) struct TurnLine {
    pub number: usize,
    pub who: String,
    pub kind: String,
    pub time: String,
    pub class: &'static str,
    pub pieces: Vec<Marked>,
    pub cut: bool,
    pub points: Vec<Point>,
}

/// Words of a turn and what rests on them.
#[derive(Debug, Default)]
pub(super) struct Marked {
    pub text: String,
    /// Classes of its points; empty where there is none.
    pub classes: String,
    pub title: String,
}

/// A point under its turn.
#[derive(Debug, Default)]
pub(super) struct Point {
    pub class: &'static str,
    pub won: bool,
    pub points: String,
    pub criterion: String,
    pub rule: String,
    pub called: String,
    pub called_href: String,
    pub would_earn: Option<Text>,
}

impl Cell {
    pub fn text(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), ..Cell::default() }
    }

    pub fn input(text: impl Into<String>) -> Cell {
        Cell { text: text.into(), input: true, ..Cell::default() }
    }

    pub fn number(text: impl Into<String>, sort: f64) -> Cell {
        Cell { text: text.into(), sort: format!("{sort}"), number: true, ..Cell::default() }
    }

    pub fn head(self) -> Cell {
        Cell { head: true, ..self }
    }

    pub fn href(self, href: impl Into<String>) -> Cell {
        Cell { href: href.into(), ..self }
    }

    pub fn below(self, below: impl Into<String>) -> Cell {
        Cell { below: below.into(), ..self }
    }

    pub fn quote(self, quote: impl Into<String>) -> Cell {
        Cell { quote: quote.into(), ..self }
    }

    pub fn class(self, class: &'static str) -> Cell {
        Cell { class, ..self }
    }
}

impl Column {
    pub fn text(title: impl Into<String>) -> Column {
        Column { title: title.into(), ..Column::default() }
    }

    pub fn number(title: impl Into<String>) -> Column {
        Column { title: title.into(), number: true, ..Column::default() }
    }
}
