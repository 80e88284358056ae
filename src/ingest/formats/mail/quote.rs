//! Which lines of a letter quote somebody else? `>` lines, "On ... wrote:", Outlook's header blocks, forwarded letters,
//! in English, Russian and Kazakh.

use super::body::{Line, Mark};
use super::words::{BEGIN, ORIGINAL, TO_READER, WROTE, WROTE_BEGINS};

/// Fields of the header block that Outlook puts above the letter answered.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Field {
    From,
    Sent,
    To,
    Copy,
    Subject,
}

const FIELDS: &[(&str, Field)] = &[
    ("from", Field::From),
    ("sent", Field::Sent),
    ("date", Field::Sent),
    ("to", Field::To),
    ("cc", Field::Copy),
    ("subject", Field::Subject),
    ("от", Field::From),
    ("от кого", Field::From),
    ("отправитель", Field::From),
    ("отправлено", Field::Sent),
    ("дата", Field::Sent),
    ("кому", Field::To),
    ("копия", Field::Copy),
    ("тема", Field::Subject),
    ("кімнен", Field::From),
    ("жіберуші", Field::From),
    ("жіберілді", Field::Sent),
    ("жіберілген", Field::Sent),
    ("жіберілген күні", Field::Sent),
    ("күні", Field::Sent),
    ("кімге", Field::To),
    ("көшірме", Field::Copy),
    ("көшірмесі", Field::Copy),
    ("тақырып", Field::Subject),
    ("тақырыбы", Field::Subject),
];

/// Lines over which "On ... wrote:" may go.
const WROTE_LINES: usize = 4;
/// Lines in which the fields of a header block stand.
const BLOCK_LINES: usize = 12;

/// A run of lines of one sort.
#[derive(Debug)]
pub struct Piece {
    /// Whether somebody else wrote it.
    pub quoted: bool,
    /// The lines.
    pub lines: Vec<Line>,
}

/// Whether words that were taken for the writer's own look as if a letter were quoted in them by a program, or in a
/// language, that is not known here: three lines of `Name: value` together with an address and a clock among them, or a
/// line that ends with a colon and names an address and a clock.
pub fn may_be_in(text: &str) -> bool {
    let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
    let named =
        |l: &str| l.split_once(':').is_some_and(|(n, v)| !n.is_empty() && n.chars().count() <= 20 && !v.is_empty());
    let block = lines.windows(3).any(|three| {
        let all = three.join(" ").to_lowercase();
        three.iter().all(|l| named(l)) && all.contains('@') && has_clock(&all)
    });
    block
        || lines.iter().any(|l| {
            let lower = l.to_lowercase();
            l.len() < 300 && l.ends_with(':') && l.contains('@') && has_clock(&lower)
        })
}

/// Whether any line is quoted.
pub fn is_in(lines: &[Line]) -> bool {
    flags(lines).contains(&true)
}

/// The lines in runs of own and quoted ones, in their order. Blank runs are left out.
pub fn split(lines: Vec<Line>) -> Vec<Piece> {
    let quoted = flags(&lines);
    let mut out: Vec<Piece> = Vec::new();
    for (line, quoted) in lines.into_iter().zip(quoted) {
        match out.last_mut() {
            // A blank line does not end a run.
            Some(p) if p.quoted == quoted || line.text.trim().is_empty() => p.lines.push(line),
            Some(p) if p.lines.iter().all(|l| l.text.trim().is_empty()) => {
                p.quoted = quoted;
                p.lines.push(line);
            }
            _ => out.push(Piece { quoted, lines: vec![line] }),
        }
    }
    out.retain(|p| p.lines.iter().any(|l| !l.text.trim().is_empty()));
    out
}

fn flags(lines: &[Line]) -> Vec<bool> {
    let mut quoted = vec![false; lines.len()];
    let blank = |i: usize| lines[i].text.trim().is_empty();
    let mut i = 0;
    while i < lines.len() {
        if lines[i].mark == Mark::Quoted || is_arrow(&lines[i].text) {
            quoted[i] = true;
            i += 1;
            continue;
        }
        if blank(i) {
            i += 1;
            continue;
        }
        if is_original(&lines[i].text) || is_header_block(&lines[i..lines.len().min(i + BLOCK_LINES)]) {
            let mut from = i;
            // Outlook's rule of underscores above it.
            while from > 0 && (blank(from - 1) || is_rule(&lines[from - 1].text)) {
                from -= 1;
            }
            quoted[from..].fill(true);
            break;
        }
        if let Some((n, certain)) = wrote(&lines[i..lines.len().min(i + WROTE_LINES)]) {
            let next = (i + n..lines.len()).find(|j| !blank(*j));
            if next.is_some_and(|j| lines[j].mark == Mark::Quoted || is_arrow(&lines[j].text)) {
                quoted[i..i + n].fill(true);
                i += n;
                continue;
            }
            if certain {
                // Nothing marks the quoted lines, so it reaches to the end.
                quoted[i..].fill(true);
                break;
            }
        }
        i += 1;
    }
    quoted
}

/// `> text`, also with the initials that The Bat! puts before it: `АБ> text`.
fn is_arrow(line: &str) -> bool {
    let line = line.trim_start_matches([' ', '\t', '\u{a0}']);
    if line.starts_with('>') {
        return !line.starts_with(">>>") || !line.ends_with("<<<"); // >>> a heading <<<
    }
    let mut chars = line.chars();
    let initials = chars.by_ref().take_while(|c| *c != '>').take(4).collect::<Vec<_>>();
    !initials.is_empty()
        && initials.len() <= 3
        && initials.iter().all(|c| c.is_uppercase())
        && line[initials.iter().map(|c| c.len_utf8()).sum::<usize>()..].starts_with("> ")
}

fn is_rule(line: &str) -> bool {
    let line = line.trim();
    line.len() >= 10 && line.chars().all(|c| matches!(c, '_' | '-' | '—' | '=' | '*'))
}

fn is_original(line: &str) -> bool {
    let line = line.trim();
    if line.len() > 300 {
        return false;
    }
    let lower = line.to_lowercase();
    if BEGIN.contains(&lower.as_str()) {
        return true;
    }
    let dash = |c: char| matches!(c, '-' | '_' | '—' | '–' | '=' | '*' | ' ' | '\u{a0}');
    let inner = lower.trim_matches(dash);
    let dashes = lower.chars().take_while(|c| dash(*c)).filter(|c| *c != ' ').count();
    dashes >= 2
        && ORIGINAL.iter().any(|o| {
            inner.strip_prefix(o).is_some_and(|rest| rest.chars().all(|c| !c.is_alphabetic()) || lower.ends_with("--"))
        })
}

fn field(line: &str) -> Option<(Field, &str)> {
    let line = line.trim_start_matches([' ', '\t', '*', '\u{a0}']);
    let (name, value) = line.split_once(':').filter(|(n, _)| n.len() <= 40)?;
    let name = name.trim_matches([' ', '*', '\u{a0}']).to_lowercase();
    let found = FIELDS.iter().find(|(n, _)| *n == name)?;
    Some((found.1, value.trim_matches([' ', '*', '\u{a0}'])))
}

/// Whether a header block begins with the first line: From, then Sent or To, and a Subject or an address.
fn is_header_block(lines: &[Line]) -> bool {
    let Some((Field::From, from)) = lines.first().and_then(|l| field(&l.text)) else { return false };
    let (mut sent, mut to, mut subject, mut address) = (false, false, false, from.contains('@'));
    let mut blanks = 0;
    for line in &lines[1..] {
        if line.text.trim().is_empty() {
            blanks += 1;
            if blanks > 4 {
                break;
            }
            continue;
        }
        match field(&line.text) {
            Some((Field::Sent, _)) => sent = true,
            Some((Field::To, v)) => {
                to = true;
                address |= v.contains('@');
            }
            Some((Field::Subject, _)) => subject = true,
            _ => {}
        }
    }
    // A form may have From and To too ("From: Almaty, To: Astana"): it has no subject and no address.
    (sent && to || subject && (sent || to)) && (subject || address)
}

/// How many lines "On ... wrote:" takes at the start, and whether it is certain without `>` lines after it.
fn wrote(lines: &[Line]) -> Option<(usize, bool)> {
    let mut joined = String::new();
    for (n, line) in lines.iter().enumerate() {
        let text = line.text.trim();
        if text.is_empty() || joined.len() + text.len() > 400 || line.mark == Mark::Quoted || is_arrow(text) {
            return None;
        }
        if n > 0 {
            joined.push(' ');
        }
        joined.push_str(&text.to_lowercase());
        if n == 0 {
            let begins =
                WROTE_BEGINS.iter().any(|b| joined.starts_with(b)) || joined.starts_with(|c: char| c.is_ascii_digit());
            if !joined.ends_with(':') && !begins {
                return None;
            }
        }
        if !joined.ends_with(':') {
            continue;
        }
        let (clock, mail, date) = (has_clock(&joined), joined.contains('@'), has_date(&joined));
        let says = |w: &&str| joined.strip_suffix(*w).is_some_and(|rest| !rest.ends_with(char::is_alphabetic));
        if WROTE.iter().any(says) {
            // People write "you wrote:" in the middle of letters; programs write dates, and "(а)" for either sex.
            let to_reader = TO_READER.iter().any(|w| joined.contains(w));
            let program = date && (clock || joined.starts_with("on ") || joined.ends_with("(а):"));
            return Some((n + 1, mail || program && !to_reader));
        }
        // Mail.ru and Yandex: "5 марта 2024, 10:15 +05:00 от Анна <anna@x.kz>:"
        if mail && (clock || date) && (joined.ends_with(">:") || joined.ends_with("):")) {
            return Some((n + 1, true));
        }
    }
    None
}

/// `10:15`
fn has_clock(s: &str) -> bool {
    s.as_bytes()
        .windows(4)
        .any(|w| w[0].is_ascii_digit() && w[1] == b':' && w[2].is_ascii_digit() && w[3].is_ascii_digit())
}

/// A year or `05.03.24`.
fn has_date(s: &str) -> bool {
    s.split(|c: char| !c.is_ascii_digit()).any(|n| n.len() == 4 && (n.starts_with("19") || n.starts_with("20")))
        || s.as_bytes().windows(5).any(|w| matches!(w, [a, b'.' | b'/', b, c, b'.' | b'/'] if a.is_ascii_digit() && b.is_ascii_digit() && c.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::formats::mail::body::plain_lines;

    /// Own lines, and quoted ones in brackets, each run joined by `|`.
    fn show(text: &str) -> String {
        let run = |p: &Piece| {
            let words: Vec<&str> = p.lines.iter().map(|l| l.text.trim()).filter(|l| !l.is_empty()).collect();
            if p.quoted { format!("[{}]", words.join("|")) } else { words.join("|") }
        };
        split(plain_lines(text)).iter().map(run).collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn headings_of_quotes_in_three_languages() {
        for heading in [
            "On Tue, Mar 5, 2024 at 10:15 AM Anna <anna@x.kz> wrote:",
            "On Tue, Mar 5, 2024 at 10:15 AM\nAnna Petrova <anna@x.kz>\nwrote:",
            "05.03.2024 10:15, Анна Петрова пишет:",
            "вт, 5 мар. 2024 г. в 10:15, Анна <anna@x.kz>:",
            "Вторник, 5 марта 2024, 10:15 +05:00 от Анна <anna@x.kz>:",
            "On March 5, 2024, Anna Kim wrote:",
            "5 марта 2024 г. Анна Ким написал(а):",
            "5 марта 2024 г., в 10:15, Анна <anna@x.kz> написал(а):",
            "2024 ж. 5 нау., сс 10:15 Асан <asan@x.kz> деп жазды:",
            "Асан <asan@x.kz> жазды:",
            "-----Original Message-----",
            "-----Исходное сообщение-----",
            "---- Пересылаемое сообщение ----",
            "---------- Forwarded message ---------",
            "-----Бастапқы хабарлама-----",
            "Begin forwarded message:",
            "From: Anna\nSent: Tuesday, March 5, 2024 10:15 AM\nTo: Help\nSubject: Order",
            "*From:* Anna <anna@x.kz>\n*Date:* Tuesday\n*To:* Help",
            "От: Анна\nОтправлено: 5 марта 2024 г. 10:15\nКому: Помощь\nТема: Заказ",
            "Кімнен: Асан\nЖіберілді: 2024 ж. 5 наурыз 10:15\nКімге: Қолдау\nТақырып: Тапсырыс",
            "________________________________\nFrom: Anna\nSent: Tuesday\nTo: Help\nSubject: Order",
        ] {
            let flat = heading.split('\n').collect::<Vec<_>>().join("|");
            assert_eq!(
                show(&format!("Own.\n\n{heading}\n\nold text\nmore")),
                format!("Own. [{flat}|old text|more]"),
                "{heading}"
            );
        }
    }

    #[test]
    fn answers_below_and_between_stay() {
        let heading = "On Tue, Mar 5, 2024 at 10:15 AM Anna <anna@x.kz> wrote:";
        assert_eq!(
            show(&format!("{heading}\n> Where is it?\n>\n> Anna\n\nIt is sent.")),
            format!("[{heading}|> Where is it?|>|> Anna] It is sent.")
        );
        assert_eq!(show("> one?\nYes.\n\n> two?\nNo.\nNever."), "[> one?] Yes. [> two?] No.|Never.");
        assert_eq!(show("АБ> вопрос\nответ"), "[АБ> вопрос] ответ");
    }

    #[test]
    fn words_that_only_look_like_headings_stay() {
        for text in [
            "You wrote:\nthe parcel is late.",
            "5 марта вы написали:\nсрок пять дней. Прошло десять.",
            "On Monday the courier wrote:\nI will come.",
            "From: Almaty\nTo: Astana\nDate: 12 May",
            "От: нас\nвсем привет",
            "A < B > C",
            "--- Important ---\nread this",
            "On Monday at 10:15 I was there.\nNobody came.",
            "5 марта 2024 в 10:15 вы писали:\nсрок пять дней.",
            "Сегодня в 10:15 курьер написал:\nбуду завтра.",
            "В 2024 году вы описали:\nсрок пять дней.",
        ] {
            let shown = show(text);
            assert!(!shown.contains('['), "{text} → {shown}");
        }
    }

    #[test]
    fn arrows_follow_even_an_unsure_heading() {
        assert_eq!(show("Вы писали:\n\n> где заказ\n\nВ пути."), "[Вы писали:|> где заказ] В пути.");
    }
}
