//! CSV and TSV with a row a turn.
//!
//! ```csv
//! conversation_id;role;operator;text;start;end
//! c-1;Клиент;;Не работает интернет;0;2,5
//! c-1;Оператор;Айдана;Добрый день, сейчас посмотрю;3,1;5
//! ```
//! Separated by `,`, `;`, tab or `|`, told by the header. Needed are columns for the conversation's id, the speaker and
//! the text; their names are known in English, Russian and Kazakh, whatever their case, spaces and underscores. Also read:
//! the agent, `start` and `end`, a moment a turn (or a date and a time), when the conversation began, channel, queue, team,
//! language, satisfaction, whether it was solved, `kind`, and `label_…` columns. Other columns are passed over.
//!
//! The rows of a conversation stand together. A row that cannot be read sets its whole conversation aside, since the
//! score of what is left would be wrong.

use std::collections::HashMap;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;

use super::draft::Draft;
use super::rows::{Row, Rows, split};
use super::times::{self, When};
use super::{Field, fields};
use crate::ingest::lines::on_line;
use crate::ingest::roles::{Role, speaker_from_label};
use crate::ingest::{BadLine, Format, Lines, Options, Record, Sample, Sink, Source};
use crate::model::{Channel, Kind, Place, Quarantined, Reason, Turn};

/// Delimited text with a row a turn.
pub struct CsvTurns;

impl Format for CsvTurns {
    fn name(&self) -> &'static str {
        "csv"
    }

    fn about(&self) -> &'static str {
        "CSV or TSV with a row a turn: columns for conversation id, speaker and text, named in English, Russian or Kazakh"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        let header = sample.text.lines().find(|l| !l.trim().is_empty() && separator_line(l).is_none());
        let needed = header.map_or(0, |h| {
            let columns = Columns::of(&split(h, delimiter(h)));
            NEEDED.iter().filter(|(field, _)| columns.at(*field).is_some()).count()
        });
        let named = [".csv", ".tsv", ".tab"].iter().any(|end| sample.name.ends_with(end));
        match (needed, named) {
            (3, _) => 92,
            (_, true) => 60,
            (2, _) => 55,
            _ => 0,
        }
    }

    fn why(&self, sample: &Sample<'_>) -> String {
        let header =
            sample.text.lines().find(|l| !l.trim().is_empty() && separator_line(l).is_none()).unwrap_or_default();
        let names = split(header, delimiter(header));
        let known: Vec<&str> =
            names.iter().filter(|n| fields::field(n).is_some()).map(String::as_str).take(6).collect();
        if known.is_empty() { format!("its name, {}", sample.name) } else { format!("columns {}", known.join(", ")) }
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        for source in sources {
            let place = Place::file(&source.file);
            match open(source, options) {
                Ok((rows, columns)) => Reader::new(&source.file, columns, options.max_record).read(rows, sink)?,
                Err(reason) => sink(Record::Bad(Quarantined { place, conversation_id: None, reason }))?,
            }
        }
        ControlFlow::Continue(())
    }
}

const NEEDED: [(Field, &str); 3] = [
    (Field::Id, "the conversation's id (conversation_id, call_id, ID диалога, Идентификатор звонка, Қоңырау ID)"),
    (Field::Speaker, "the speaker (role, speaker, Роль, Участник, Рөлі)"),
    (Field::Text, "the text (text, message, Текст, Сообщение, Мәтін)"),
];

/// The separator that gives the header most columns that are known, then most columns.
pub(super) fn delimiter(header: &str) -> u8 {
    let known = |d: u8| {
        let names = split(header, d);
        (names.iter().filter(|n| fields::field(n).is_some()).count(), names.len())
    };
    [b',', b';', b'\t', b'|'].into_iter().rev().max_by_key(|d| known(*d)).unwrap_or(b',')
}

/// The separator that a spreadsheet's `sep=;` line tells.
pub(super) fn separator_line(line: &str) -> Option<u8> {
    match line.trim_end_matches(['\r', '\n']).trim_matches('"').as_bytes() {
        [b's' | b'S', b'e' | b'E', b'p' | b'P', b'=', d] => Some(*d),
        _ => None,
    }
}

/// Opens a table and reads the names of its columns.
///
/// # Errors
/// When it cannot be read or has no header line.
pub(super) fn open_table(source: &Source, options: &Options) -> Result<(Rows, Vec<String>), Reason> {
    let (rows, names, _) = open_delimited(source, options)?;
    Ok((rows, names))
}

/// As [`open_table`], with the separator that was found.
pub(super) fn open_delimited(source: &Source, options: &Options) -> Result<(Rows, Vec<String>, u8), Reason> {
    let mut lines = Lines::new(source.open_text(options)?, options.max_record);
    let mut told = None;
    let first = loop {
        match lines.next_line() {
            None => return Err(Reason::Content("the file has no header line".to_owned())),
            Some(Err(BadLine { reason, .. })) => return Err(reason),
            Some(Ok(line)) if line.trim().is_empty() => {}
            Some(Ok(line)) => match separator_line(line) {
                Some(d) => told = Some(d),
                None => break line.to_owned(),
            },
        }
    };
    let delimiter = told.unwrap_or_else(|| delimiter(&first));
    let number = lines.number();
    let mut rows = Rows::new(lines, Some((number, Ok(first))), delimiter, options.max_record);
    let mut header = Row::default();
    rows.next_row(&mut header);
    if let Some(reason) = header.bad {
        return Err(reason);
    }
    let names = (0..header.len()).map(|i| header.get(i).to_owned()).collect();
    Ok((rows, names, delimiter))
}

/// Opens the file and finds the columns that are needed.
fn open(source: &Source, options: &Options) -> Result<(Rows, Columns), Reason> {
    let (rows, names) = open_table(source, options)?;
    Ok((rows, Columns::needed(&names)?))
}

/// Which column holds what.
pub(super) struct Columns {
    names: Vec<String>,
    /// Index of the column, and how many units of it make a second.
    fields: HashMap<u8, (usize, f64)>,
    labels: Vec<(usize, String)>,
    channel: Channel,
}

impl Columns {
    /// The columns of these names.
    ///
    /// # Errors
    /// [`Reason::Content`] that names those that are needed and not there.
    pub fn needed(names: &[String]) -> Result<Columns, Reason> {
        let columns = Columns::of(names);
        let missing: Vec<_> = NEEDED.iter().filter(|(f, _)| columns.at(*f).is_none()).map(|(_, said)| *said).collect();
        if missing.is_empty() {
            return Ok(columns);
        }
        let mut found = names.join(", ");
        if let Some((cut, _)) = found.char_indices().nth(300) {
            found.truncate(cut);
            found.push('…');
        }
        Err(Reason::Content(format!("no column for {}; the columns are: {found}", missing.join(", nor for "))))
    }

    fn of(names: &[String]) -> Columns {
        let mut best: HashMap<u8, (usize, usize, f64)> = HashMap::new();
        let mut labels = Vec::new();
        for (i, name) in names.iter().enumerate() {
            if let Some((field, rank, unit)) = fields::field(name) {
                let slot = best.entry(field as u8).or_insert((rank, i, unit));
                if rank < slot.0 {
                    *slot = (rank, i, unit);
                }
            } else if let Some(label) = ["label_", "label:", "label "].iter().find_map(|p| name.strip_prefix(p)) {
                labels.push((i, label.trim().to_owned()));
            }
        }
        let fields: HashMap<_, _> = best.into_iter().map(|(f, (_, i, unit))| (f, (i, unit))).collect();
        // A "call id" tells the channel where no column does.
        let id = fields.get(&(Field::Id as u8)).and_then(|(i, _)| names.get(*i));
        let channel = id.and_then(|n| fields::channel(n)).unwrap_or_default();
        Columns { names: names.to_vec(), fields, labels, channel }
    }

    fn at(&self, field: Field) -> Option<usize> {
        self.fields.get(&(field as u8)).map(|(i, _)| *i)
    }
}

/// Puts rows together.
pub(super) struct Reader<'f> {
    file: &'f Arc<Path>,
    columns: Columns,
    limit: u64,
    current: Option<Draft>,
    /// Ids that were read, and the line each began at.
    seen: HashMap<String, u64>,
    roles: HashMap<String, Role>,
    /// The time of day of the first turn and of the turn before, where times have no day.
    day: Option<(f64, f64)>,
}

impl<'f> Reader<'f> {
    /// A reader of the rows of a file; `limit` bytes are a conversation's.
    pub fn new(file: &'f Arc<Path>, columns: Columns, limit: u64) -> Self {
        Reader { file, columns, limit, current: None, seen: HashMap::new(), roles: HashMap::new(), day: None }
    }

    fn read(mut self, mut rows: Rows, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let mut row = Row::default();
        while rows.next_row(&mut row) {
            self.take(&row, sink)?;
        }
        self.finish(sink)
    }

    /// Reads a row.
    pub fn take(&mut self, row: &Row, sink: &mut Sink<'_>) -> ControlFlow<()> {
        if row.is_blank() {
            return ControlFlow::Continue(());
        }
        match self.fault(row) {
            None => {
                self.begin(row.get(self.columns.at(Field::Id).unwrap_or_default()), row.line, sink)?;
                self.add(row);
                ControlFlow::Continue(())
            }
            Some(reason) => self.spoil(row, reason, sink),
        }
    }

    /// Sets the conversation at hand aside, since rows behind its last one are lost.
    #[cfg(feature = "parquet")]
    pub fn interrupt(&mut self, reason: &Reason) {
        if let Some(draft) = &mut self.current {
            draft.spoil(reason.clone());
        }
    }

    /// Hands on the last conversation.
    pub fn finish(mut self, sink: &mut Sink<'_>) -> ControlFlow<()> {
        self.current.take().map_or(ControlFlow::Continue(()), |d| d.finish(sink))
    }

    /// Why the row cannot be used.
    fn fault(&self, row: &Row) -> Option<Reason> {
        let (line, want, have) = (row.line, self.columns.names.len(), row.len());
        if let Some(reason) = &row.bad {
            return Some(on_line(line, reason.clone()));
        }
        // Spreadsheets leave empty cells at the end of a row; all else means that cells are shifted.
        if have < want || (want..have).any(|i| !row.get(i).is_empty()) {
            return Some(Reason::Content(format!(
                "line {line} has {have} cells where the header has {want}; put texts with the separator in quotes"
            )));
        }
        let id = row.get(self.columns.at(Field::Id).unwrap_or_default());
        id.is_empty().then(|| Reason::Content(format!("line {line} has no conversation id")))
    }

    /// Sets aside the conversation that a bad row belongs to: the one it names, or else the one it stands in.
    fn spoil(&mut self, row: &Row, reason: Reason, sink: &mut Sink<'_>) -> ControlFlow<()> {
        let (id, text) =
            (self.columns.at(Field::Id).unwrap_or_default(), self.columns.at(Field::Text).unwrap_or_default());
        // Behind a text that is cut wrongly the cells are shifted: what stands there is not the id.
        let named = if id < text || row.len() == self.columns.names.len() { row.get(id) } else { "" };
        if !named.is_empty() && !named.contains('\u{fffd}') {
            self.begin(named, row.line, sink)?;
        }
        match &mut self.current {
            Some(draft) => {
                draft.spoil(reason);
                ControlFlow::Continue(())
            }
            None => {
                let place = Place::line(self.file, row.line);
                sink(Record::Bad(Quarantined { place, conversation_id: None, reason }))
            }
        }
    }

    /// Goes over to the conversation of this id, if it is another.
    fn begin(&mut self, id: &str, line: u64, sink: &mut Sink<'_>) -> ControlFlow<()> {
        if self.current.as_ref().is_some_and(|d| *d.conversation.id == *id) {
            return ControlFlow::Continue(());
        }
        let before = self.current.take();
        let mut draft = Draft::new(Place::line(self.file, line), id);
        draft.conversation.channel = self.columns.channel;
        match self.seen.get(id) {
            Some(first) => draft.spoil(Reason::Content(format!(
                "rows of conversation {id:?} that stand apart from its first ones (line {first}); sort the file by conversation and time"
            ))),
            None => {
                self.seen.insert(id.to_owned(), line);
            }
        }
        self.current = Some(draft);
        self.day = None;
        before.map_or(ControlFlow::Continue(()), |d| d.finish(sink))
    }

    /// Adds a whole row to the current conversation.
    fn add(&mut self, row: &Row) {
        let Some(mut draft) = self.current.take() else { return };
        if draft.bad.is_none()
            && let Err(said) = self.add_to(&mut draft, row)
        {
            draft.spoil(Reason::Content(format!("line {}: {said}", row.line)));
        }
        self.current = Some(draft);
    }

    fn add_to(&mut self, draft: &mut Draft, row: &Row) -> Result<(), String> {
        let cell = |field| self.columns.at(field).map_or("", |i| row.get(i));
        for field in
            [Field::StartedAt, Field::Channel, Field::Queue, Field::Team, Field::Language, Field::Csat, Field::Resolved]
        {
            draft.set(field, cell(field));
        }
        for (i, label) in &self.columns.labels {
            if !row.get(*i).is_empty() {
                draft
                    .conversation
                    .labels
                    .0
                    .entry(label.clone().into())
                    .or_insert_with(|| row.get(*i).to_owned().into());
            }
        }
        let kind = match &*fields::key(cell(Field::Kind)) {
            "note" | "internal" | "private" | "заметка" => Kind::Note,
            "quote" | "цитата" => Kind::Quote,
            "signature" | "подпись" => Kind::Signature,
            "auto" | "авто" => Kind::Auto,
            _ => Kind::Speech,
        };
        let (label, agent, text) = (cell(Field::Speaker), cell(Field::Agent), cell(Field::Text).to_owned());
        let (start, end) = times(&self.columns, &mut self.day, draft, row)?;
        if !self.roles.contains_key(label) {
            if self.roles.len() > 1000 {
                self.roles.clear();
            }
            self.roles.insert(label.to_owned(), speaker_from_label(label));
        }
        let turn = Turn { text: text.into(), start, end, kind, ..Turn::default() };
        if let Some(role) = self.roles.get(label) {
            draft.turn(label, role, agent, turn, self.limit);
        }
        Ok(())
    }
}

/// Start and end of a turn in seconds from the start of the conversation.
fn times(
    columns: &Columns,
    day: &mut Option<(f64, f64)>,
    draft: &mut Draft,
    row: &Row,
) -> Result<(Option<f64>, Option<f64>), String> {
    let cell = |field| columns.at(field).map_or("", |i| row.get(i));
    let read = |field: Field, text: &str| -> Result<Option<When>, String> {
        let Some((i, unit)) = columns.fields.get(&(field as u8)) else { return Ok(None) };
        let named = |e| format!("column {:?}: {e}", columns.names[*i]);
        match text {
            "" => Ok(None),
            text => times::parse(text).map_err(named).map(|when| match when {
                When::Seconds(s) => Some(When::Seconds(s / unit)),
                when => Some(when),
            }),
        }
    };
    let (stamp, date, time) = (cell(Field::Timestamp), cell(Field::Date), cell(Field::Time));
    let beside = match (stamp, date, time) {
        ("", "", time) => read(Field::Time, time)?,
        ("", date, "") => read(Field::Date, date)?,
        ("", date, time) => read(Field::Date, &format!("{date} {time}"))?,
        (stamp, ..) => read(Field::Timestamp, stamp)?,
    };
    let begun = read(Field::Start, cell(Field::Start))?;
    let start = match (begun, beside) {
        (Some(when), beside) => {
            // Offsets tell the seconds, and a moment beside them when that was.
            if let (When::Seconds(_), Some(moment)) = (when, beside) {
                let written = times::written(moment).unwrap_or_default();
                draft.set(Field::StartedAt, &written);
            }
            draft.clock.seconds(when)?
        }
        // A time of day: seconds from the first turn, also past midnight.
        (None, Some(When::Seconds(s))) if stamp.contains(':') || time.contains(':') => {
            let (first, last) = day.get_or_insert((s, s));
            let mut s = s;
            while s < *last - 43_200.0 {
                s += 86_400.0;
            }
            *last = s;
            Some(s - *first)
        }
        (None, Some(when)) => draft.clock.seconds(when)?,
        (None, None) => None,
    };
    let end = match read(Field::End, cell(Field::End))? {
        Some(when) => draft.clock.seconds(when)?,
        None => None,
    };
    Ok((start, end))
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_text;
    use super::*;

    fn read(text: &str) -> Vec<String> {
        read_text(&CsvTurns, "x.csv", text.as_bytes())
    }

    #[test]
    fn columns_are_known_by_name_in_any_order() {
        let got = read(
            "sep=;\nНачало;Конец;ID диалога;Роль;Оператор;Текст;Очередь;Оценка;label_смена;прочее\n\
             0;1,5;d-1;Клиент;Айдана;\"Не \"\"работает\"\"; сеть\";сеть;4,5;ночь;z\n00:02;00:03;d-1;Оператор;Айдана;Смотрю;;;;\n;;;;;;;;;\n",
        );
        assert_eq!(
            got,
            [
                "{\"id\":\"d-1\",\"channel\":\"chat\",\"queue\":\"сеть\",\"agent_id\":\"Айдана\",\"labels\":{\"смена\":\"ночь\"},\"outcome\":{\"csat\":4.5},\"turns\":[\
              {\"speaker\":\"customer\",\"text\":\"Не \\\"работает\\\"; сеть\",\"start\":0.0,\"end\":1.5},\
              {\"speaker\":\"agent\",\"text\":\"Смотрю\",\"start\":2.0,\"end\":3.0}]}"
            ]
        );
    }

    #[test]
    fn moments_and_times_of_day_become_seconds() {
        let head = "call_id,role,text";
        let got = read(&format!("{head},timestamp\n1,agent,a,2025-03-31T23:59:58Z\n1,client,b,2025-04-01T00:00:01Z\n"));
        assert!(got[0].contains("\"channel\":\"call\",\"started_at\":\"2025-03-31T23:59:58Z\""), "{got:?}");
        assert!(got[0].ends_with("\"start\":3.0}]}"), "{got:?}");
        let got = read(&format!("{head},Дата,Время\n1,agent,a,31.03.2025,9:05\n1,client,b,31.03.2025,9:06:30\n"));
        assert!(got[0].contains("2025-03-31T09:05:00") && got[0].ends_with("\"start\":90.0}]}"), "{got:?}");
        let got = read(&format!("{head},time\n1,agent,a,23:59:50\n1,client,b,00:00:10\n2,agent,a,08:00:00\n"));
        assert!(got[0].ends_with("\"start\":20.0}]}") && got[1].ends_with("\"start\":0.0}]}"), "{got:?}");
        let got = read(&format!("{head},start_ms,end_ms\n1,agent,a,1500,2750\n"));
        assert!(got[0].ends_with("\"start\":1.5,\"end\":2.75}]}"), "{got:?}");
    }

    #[test]
    fn a_bad_row_sets_its_conversation_aside() {
        let got = read(
            "id,role,text,start\na,agent,x,0\na,agent\na,agent,y,5\nb,agent,ok,1\nc,agent,z,soon\nd,agent,\"z,1\ne,agent,ok,2",
        );
        assert_eq!(got.len(), 5, "{got:?}");
        assert_eq!(
            got[0],
            "line 2 a: line 3 has 2 cells where the header has 4; put texts with the separator in quotes"
        );
        assert!(got[1].contains("\"id\":\"b\""));
        assert!(got[2].starts_with("line 6 c: line 6: column \"start\": \"soon\" is not a time"), "{got:?}");
        assert!(got[3].starts_with("line 7 d: not valid CSV: line 7, column 3: a quote is opened"), "{got:?}");
        assert!(got[4].contains("\"id\":\"e\""));
    }

    #[test]
    fn rows_that_stand_apart_are_named() {
        let got = read("id,role,text\na,agent,x\nb,agent,x\na,agent,y\na,agent,z\n,agent,lost\n");
        assert_eq!(got.len(), 3, "{got:?}");
        assert!(
            got[2].starts_with("line 4 a: rows of conversation \"a\" that stand apart from its first ones (line 2)")
        );
    }

    #[test]
    fn a_header_that_lacks_a_column_says_which() {
        let got = read("nr,who,wrote\n1,2,3\n");
        assert_eq!(got.len(), 1);
        assert!(got[0].contains("no column for the conversation's id (conversation_id"), "{got:?}");
        assert!(
            got[0].contains("nor for the text (text,") && got[0].ends_with("the columns are: nr, who, wrote"),
            "{got:?}"
        );
        assert!(read("\n\n")[0].contains("no header line"));
    }

    #[test]
    fn recognised_by_the_header_or_the_name() {
        let claim = |name, text: &'static str| CsvTurns.recognise(&Sample::new(name, text.as_bytes(), text.into()));
        assert_eq!(claim("x", "\nid|Role|Text\n"), 92);
        assert_eq!(claim("x", "Идентификатор звонка\tУчастник\tРеплика"), 92);
        assert_eq!(claim("x", "call id;message;moment"), 55);
        assert_eq!(claim("x.tsv", "a\tb"), 60);
        assert_eq!(claim("x.txt", "Operator: hello, how are you"), 0);
    }
}
