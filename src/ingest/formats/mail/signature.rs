//! Where do a writer's own words end? The sign-off and the name belong to them; the contact block and the disclaimer
//! do not.

use super::body::{Line, Mark};
use super::words::{
    CONTACT_LABELS, DEVICE_ENDS, DEVICE_NAMES, DEVICES, FAREWELLS, NOTICE_BEGINS, NOTICE_STEMS, PRONOUNS, SIGN_OFFS,
};
use crate::model::Kind;

/// Lines that a signature has at most.
const MAX_BLOCK: usize = 25;

/// The lines of an own piece cut into speech, signature and automatic text, each joined, in their order.
pub fn split(lines: &[Line]) -> Vec<(Kind, String)> {
    let mut kinds = vec![Some(Kind::Speech); lines.len()]; // None: belongs to nothing
    notices(lines, &mut kinds);
    devices(lines, &mut kinds);
    match delimiter(lines, &kinds) {
        Some((from, to)) => {
            if lines[from].text.trim() == "--" {
                kinds[from] = None;
            }
            block(lines, from, to, &mut kinds);
        }
        None => {
            if let Some(at) = sign_off(lines, &kinds) {
                block(lines, at, lines.len(), &mut kinds);
            } else {
                contacts(lines, &mut kinds);
            }
        }
    }
    runs(lines, &kinds)
}

fn runs(lines: &[Line], kinds: &[Option<Kind>]) -> Vec<(Kind, String)> {
    let mut out: Vec<(Kind, String)> = Vec::new();
    for (line, kind) in lines.iter().zip(kinds) {
        let Some(kind) = *kind else { continue };
        let blank = line.text.trim().is_empty();
        match out.last_mut() {
            Some((k, text)) if *k == kind || blank => {
                text.push('\n');
                text.push_str(line.text.trim_end());
            }
            _ if blank => {}
            _ => out.push((kind, line.text.trim_end().to_owned())),
        }
    }
    for (_, text) in &mut out {
        *text = text.trim().to_owned();
    }
    out
}

fn blank(line: &Line) -> bool {
    line.text.trim().is_empty()
}

/// The signature by its mark: behind a `-- ` line, or in an element for signatures. From (the mark itself) to.
fn delimiter(lines: &[Line], kinds: &[Option<Kind>]) -> Option<(usize, usize)> {
    // Two dashes may also divide a long letter.
    let mut marks = (tail(lines, kinds)..lines.len()).filter(|i| lines[*i].text.trim_end() == "--");
    if let Some(from) = marks.find(|i| fits(lines, kinds, *i)) {
        return Some((from, lines.len()));
    }
    let from = lines.iter().position(|l| l.mark == Mark::Signature && !blank(l))?;
    let to = lines.iter().rposition(|l| l.mark == Mark::Signature)? + 1;
    Some((from, to))
}

/// Where the last lines begin, as many as a signature may have with its sign-off.
fn tail(lines: &[Line], kinds: &[Option<Kind>]) -> usize {
    let full = |i: &usize| kinds[*i] == Some(Kind::Speech) && !blank(&lines[*i]);
    (0..lines.len()).rev().filter(full).nth(MAX_BLOCK).unwrap_or(0)
}

/// How many lines of speech follow line `i`, and how many of them, up to a P.S., are sentences.
fn after(lines: &[Line], kinds: &[Option<Kind>], i: usize) -> (usize, usize) {
    let rest = || (i + 1..lines.len()).filter(|j| kinds[*j] == Some(Kind::Speech)).map(|j| lines[j].text.as_str());
    let size = rest().filter(|t| !t.trim().is_empty()).count();
    (size, rest().take_while(|t| !is_postscript(t)).filter(|t| is_prose(t)).count())
}

/// Whether what follows line `i` can be a signature, with a little advertising.
fn fits(lines: &[Line], kinds: &[Option<Kind>], i: usize) -> bool {
    let (size, sentences) = after(lines, kinds, i);
    size <= MAX_BLOCK && sentences <= 3
}

/// Marks the signature in `from..to`; a sign-off at its beginning and the name after it stay speech, and so does a P.S.
fn block(lines: &[Line], from: usize, to: usize, kinds: &mut [Option<Kind>]) {
    let mut at = from;
    while at < to && (blank(&lines[at]) || lines[at].text.trim() == "--") {
        at += 1;
    }
    if at < to
        && let Some(named) = sign_off_line(&lines[at].text)
    {
        at += 1;
        if !named {
            at = after_name(lines, at, to, kinds);
        }
    }
    let mut postscript = false;
    for i in at..to {
        if is_postscript(&lines[i].text) {
            postscript = true;
        } else if blank(&lines[i]) && postscript && lines.get(i + 1).is_some_and(|l| is_contact(&l.text)) {
            postscript = false;
        }
        if kinds[i] == Some(Kind::Speech) && !postscript {
            kinds[i] = Some(Kind::Signature);
        }
    }
}

/// Behind the name that follows a sign-off, or `at` when none does.
fn after_name(lines: &[Line], at: usize, to: usize, kinds: &[Option<Kind>]) -> usize {
    let name = (at..to.min(at + 3)).find(|i| !blank(&lines[*i]));
    match name {
        Some(i) if kinds[i] == Some(Kind::Speech) && is_name(&lines[i].text) => i + 1,
        _ => at,
    }
}

/// Where the closing sign-off stands.
fn sign_off(lines: &[Line], kinds: &[Option<Kind>]) -> Option<usize> {
    let speech = |i: &usize| kinds[*i] == Some(Kind::Speech);
    let all: Vec<usize> =
        (tail(lines, kinds)..lines.len()).filter(speech).filter(|i| sign_off_line(&lines[*i].text).is_some()).collect();
    let firm: Vec<usize> = all.iter().copied().filter(|i| starts_with_any(&lines[*i].text, SIGN_OFFS)).collect();
    let bare = |i: &usize| {
        let (size, sentences) = after(lines, kinds, *i);
        sentences == 0 && size <= MAX_BLOCK
    };
    // With a name, advertising may follow too.
    let named = |i: &usize| {
        sign_off_line(&lines[*i].text) == Some(true) || after_name(lines, i + 1, lines.len(), kinds) > i + 1
    };
    // A lone "Thanks" closes a letter only when nothing but a contact block follows.
    let contacts = |i: &usize| {
        let from = after_name(lines, i + 1, lines.len(), kinds);
        let rest: Vec<&str> =
            (from..lines.len()).filter(speech).map(|j| lines[j].text.trim()).filter(|t| !t.is_empty()).collect();
        let title = |t: &str| {
            t.split_whitespace().count() <= 6 && t.starts_with(char::is_uppercase) && !t.ends_with(['.', '!', '?'])
        };
        rest.len() <= 8 && rest.iter().any(|t| is_contact(t)) && rest.iter().all(|t| is_contact(t) || title(t))
    };
    (firm.iter().find(|i| bare(i)))
        .or_else(|| firm.iter().rfind(|i| fits(lines, kinds, **i) && named(i)))
        .or_else(|| all.iter().rfind(|i| contacts(i)))
        .copied()
}

fn starts_with_any(line: &str, phrases: &[&str]) -> bool {
    let line = line.trim().to_lowercase();
    phrases.iter().any(|p| line.starts_with(p))
}

/// Whether the line is a sign-off, and if so whether it has a name in it.
fn sign_off_line(line: &str) -> Option<bool> {
    let line = line.trim().trim_start_matches(['-', '–', '—', '*', '_', ' ']);
    if line.len() > 160 {
        return None;
    }
    let lower = line.to_lowercase();
    let alone = lower.trim_end_matches(|c: char| !c.is_alphanumeric());
    if SIGN_OFFS.contains(&alone) || FAREWELLS.contains(&alone) {
        return Some(false);
    }
    // Lower-casing keeps the number of characters of these alphabets, so the rest is found by counting.
    let phrase = SIGN_OFFS.iter().filter(|p| lower.starts_with(**p)).max_by_key(|p| p.len());
    if let Some(phrase) = phrase {
        let rest: String = line.chars().skip(phrase.chars().count()).collect();
        if rest.starts_with(char::is_alphanumeric) {
            return None;
        }
        let comma = rest.trim_start().starts_with([',', '-', '–', '—', '.', ':', '!', '/', '|']);
        let rest = rest.trim_matches(|c: char| !c.is_alphanumeric());
        if SIGN_OFFS.contains(&rest.to_lowercase().as_str()) {
            return Some(false); // in two languages: "Құрметпен / С уважением"
        }
        let words: Vec<&str> = rest.split_whitespace().collect();
        let capital = |w: &&str| w.starts_with(char::is_uppercase);
        let sentence = words.iter().any(|w| PRONOUNS.contains(&w.to_lowercase().as_str()));
        let short = words.len() <= 7 && (comma || words.len() <= 5 && words.first().is_some_and(capital));
        return (short && !sentence).then_some(true);
    }
    // "Спасибо, Анна" with one or two names.
    let (head, name) = lower.split_once(',')?;
    let names: Vec<&str> = line.split(',').nth(1)?.split_whitespace().collect();
    let short = !name.contains(',')
        && (1..=2).contains(&names.len())
        && names.iter().all(|n| n.starts_with(char::is_uppercase));
    (FAREWELLS.contains(&head.trim()) && short && !line.ends_with(['!', '?'])).then_some(true)
}

/// One to four words of letters only, beginning with a capital: a name, or a team that signs as one.
fn is_name(line: &str) -> bool {
    let line = line.trim().trim_matches(['*', '_', '.', ',']);
    let words: Vec<&str> = line.split_whitespace().collect();
    let letters =
        |w: &&str| w.chars().all(|c| c.is_alphabetic() || matches!(c, '.' | '-' | '–' | '\'' | '’' | '"' | '«' | '»'));
    (1..=4).contains(&words.len())
        && line.chars().count() <= 60
        && words.iter().all(letters)
        && words[0].trim_start_matches(['"', '«']).starts_with(char::is_uppercase)
}

fn is_postscript(line: &str) -> bool {
    let lower = line.trim().to_lowercase();
    ["p.s", "p. s", "ps.", "ps:", "ps ", "п.с", "пс.", "пс:", "з.ы", "зы:", "p.p.s"]
        .iter()
        .any(|p| lower.starts_with(p))
}

/// A telephone number, an address of mail or web, or a label of one.
fn is_contact(line: &str) -> bool {
    if line.len() > 320 || line.trim().is_empty() {
        return false;
    }
    let lower = line.trim().to_lowercase();
    if lower.contains("www.") || lower.contains("http://") || lower.contains("https://") {
        return true;
    }
    let words = lower.split_whitespace().count();
    if words <= 6
        && lower.split_whitespace().any(|w| w.split_once('@').is_some_and(|(a, b)| !a.is_empty() && b.contains('.')))
    {
        return true;
    }
    if let Some((label, rest)) = lower.split_once(':').or_else(|| lower.split_once('.')) {
        let place = ["address", "office", "адрес", "мекенжай", "мекенжайы"].contains(&label.trim());
        let reach = rest.chars().filter(char::is_ascii_digit).count() >= 3
            || rest.contains('@')
            || !rest.trim().contains(' ') && rest.contains('.');
        if words <= 12 && CONTACT_LABELS.contains(&label.trim()) && (place || reach) {
            return true;
        }
    }
    let digits = lower.chars().filter(char::is_ascii_digit).count();
    let letters = lower.chars().filter(|c| c.is_alphabetic()).count();
    digits >= 6 && letters <= 16 && (lower.contains(['+', '(', '-']) || lower.starts_with('8'))
}

/// A sentence rather than a line of a contact block.
fn is_prose(line: &str) -> bool {
    let line = line.trim();
    let words = line.split_whitespace().count();
    !is_contact(line) && (words >= 10 || words >= 5 && line.ends_with(['.', '!', '?', '…']))
}

/// The last paragraph when it is a contact block without any sign-off above it; a name at its head stays speech.
fn contacts(lines: &[Line], kinds: &mut [Option<Kind>]) {
    let speech: Vec<usize> = (0..lines.len()).filter(|i| kinds[*i] == Some(Kind::Speech)).collect();
    let Some(last) = speech.iter().rposition(|i| !blank(&lines[*i])) else { return };
    let first = speech[..last].iter().rposition(|i| blank(&lines[*i])).map_or(0, |n| n + 1);
    let paragraph = &speech[first..=last];
    let found = paragraph.iter().filter(|i| is_contact(&lines[**i].text)).count();
    let named = is_name(&lines[paragraph[0]].text);
    // "Where to find us:" introduces an answer, not a signature.
    let before = speech[..first].iter().rev().map(|i| lines[*i].text.trim()).find(|t| !t.is_empty());
    if before.is_some_and(|t| t.ends_with(':')) || lines[paragraph[0]].text.trim().ends_with(':') {
        return;
    }
    let short = paragraph.len() <= 8
        && paragraph.iter().all(|i| !is_prose(&lines[*i].text) && lines[*i].text.split_whitespace().count() <= 12);
    if short && (found >= 2 || named && found >= 1) && !(paragraph.len() == 1 && first == 0) {
        for i in &paragraph[usize::from(named)..] {
            kinds[*i] = Some(Kind::Signature);
        }
    }
}

/// "Sent from my iPhone" and the like, at the head of a paragraph.
fn devices(lines: &[Line], kinds: &mut [Option<Kind>]) {
    for i in 0..lines.len() {
        let lower = lines[i].text.trim().to_lowercase();
        let tail = lower.trim_end_matches(['.', '!']);
        let worded = DEVICES.iter().any(|d| lower.starts_with(d)) || DEVICE_ENDS.iter().any(|d| tail.ends_with(d));
        let named = lower.len() <= 300 && DEVICE_NAMES.iter().any(|d| lower.contains(d));
        let head = i == 0 || blank(&lines[i - 1]) || lines[i - 1].text.trim() == "--";
        if worded && named && head && lower.split_whitespace().count() <= 10 {
            kinds[i] = Some(Kind::Signature);
        }
    }
}

/// Legal notices: paragraphs that begin like one and have its words.
fn notices(lines: &[Line], kinds: &mut [Option<Kind>]) {
    let mut i = 0;
    while i < lines.len() {
        if blank(&lines[i]) {
            i += 1;
            continue;
        }
        let end = (i..lines.len()).find(|j| blank(&lines[*j])).unwrap_or(lines.len());
        // A notice may follow the contact block without a blank line.
        if let Some(from) = (i..end).find(|j| is_notice(&lines[*j..end])) {
            kinds[from..end].fill(Some(Kind::Auto));
        }
        i = end;
    }
}

fn is_notice(lines: &[Line]) -> bool {
    let lower = |l: &Line| l.text.trim().chars().take(2000).flat_map(char::to_lowercase).collect::<String>();
    let first = lower(&lines[0]);
    let first = first.trim_start_matches(|c: char| !c.is_alphabetic());
    if !NOTICE_BEGINS.iter().any(|b| first.starts_with(b)) {
        return false;
    }
    let text = lines.iter().take(12).map(lower).collect::<Vec<_>>().join(" ");
    text.split_whitespace().count() >= 6 && NOTICE_STEMS.iter().any(|s| text.contains(s))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::formats::mail::body::plain_lines;

    fn show(text: &str) -> String {
        let one = |(k, t): &(Kind, String)| format!("{k:?}: {}", t.replace("\n\n", "¶").replace('\n', "|"));
        split(&plain_lines(text)).iter().map(one).collect::<Vec<_>>().join(" / ")
    }

    #[test]
    fn the_sign_off_and_the_name_stay_speech() {
        assert_eq!(
            show("Sent today.\n\nKind regards,\nAnna Petrova\nSupport manager\n+7 701 000 00 00\nwww.shop.kz"),
            "Speech: Sent today.¶Kind regards,|Anna Petrova / Signature: Support manager|+7 701 000 00 00|www.shop.kz"
        );
        assert_eq!(
            show("Отправили.\n\nС уважением, Анна Петрова\nМенеджер\nтел. 8 (727) 000-00-00"),
            "Speech: Отправили.¶С уважением, Анна Петрова / Signature: Менеджер|тел. 8 (727) 000-00-00"
        );
        assert_eq!(
            show("Жібердік.\n\nҚұрметпен,\n\nАсель\nҚолдау қызметі"),
            "Speech: Жібердік.¶Құрметпен,¶Асель / Signature: Қолдау қызметі"
        );
        assert_eq!(
            show("Done.\n-- \nС уважением,\nСлужба поддержки\n+7 701 000 00 00"),
            "Speech: Done.|С уважением,|Служба поддержки / Signature: +7 701 000 00 00"
        );
        assert_eq!(show("Done.\n-- \nShop LLP\nAlmaty"), "Speech: Done. / Signature: Shop LLP|Almaty");
        assert_eq!(
            show("Ждём.\nҚұрметпен / С уважением,\nАсель\nТОО"),
            "Speech: Ждём.|Құрметпен / С уважением,|Асель / Signature: ТОО"
        );
    }

    #[test]
    fn thanks_in_the_middle_are_no_sign_off() {
        let text = "Спасибо!\nЗаказ пришёл, но коробка была вскрыта и внутри не хватает двух вещей.\nЧто делать?";
        assert_eq!(show(text), format!("Speech: {}", text.replace('\n', "|")));
        assert_eq!(
            show("С уважением отношусь к вашей работе.\nНо жду."),
            "Speech: С уважением отношусь к вашей работе.|Но жду."
        );
        for text in [
            "Respectfully, I disagree.\nThe parcel came late and you know it well.",
            "Спасибо\nзаказ 123 когда придёт",
            "Вы можете забрать заказ:\nАдрес: Абая 10\nтел. 8 727 000 00 00",
            "one\n--\nThen there was a long story that went on.\nAnd on it went for days and days.\nI did not know what to do.\nSo I wrote to you about it.",
        ] {
            assert_eq!(show(text), format!("Speech: {}", text.replace('\n', "|")));
        }
        assert_eq!(
            show("Where is it?\nThanks,\nAnna\n+7 701 000 00 00"),
            "Speech: Where is it?|Thanks,|Anna / Signature: +7 701 000 00 00"
        );
    }

    #[test]
    fn a_postscript_is_speech() {
        assert_eq!(
            show("Готово.\nС уважением,\nАнна\nтел. 123-45-67\n\nP.S. Чек вложен."),
            "Speech: Готово.|С уважением,|Анна / Signature: тел. 123-45-67 / Speech: P.S. Чек вложен."
        );
    }

    #[test]
    fn lines_of_telephones_and_notices_are_cut() {
        for line in [
            "Sent from my iPhone",
            "Отправлено с iPhone",
            "Отправлено из мобильной Почты Mail.ru",
            "Get Outlook for iOS<https://aka.ms/x>",
            "iPhone құрылғымнан жіберілді",
        ] {
            assert_eq!(show(&format!("Да, верно.\n\n{line}")), format!("Speech: Да, верно. / Signature: {line}"));
        }
        for speech in [
            "Отправлено с курьером сегодня.",
            "Отправлено через почту вчера.",
            "This message is to say that the sum was charged in error.",
            "Если вы получили деньги по ошибке, верните их.",
            "Т.е. мы не можем.",
        ] {
            assert_eq!(show(speech), format!("Speech: {speech}"));
        }
        for notice in [
            "This email and any attachments are confidential and intended only for the addressee.",
            "Данное сообщение содержит конфиденциальную информацию и предназначено только адресату.",
            "Бұл хат және оған тіркелген файлдар құпия болып табылады.",
            "If you are not the intended recipient, please delete this letter.",
        ] {
            assert_eq!(show(&format!("Ok.\n\n{notice}")), format!("Speech: Ok. / Auto: {notice}"));
        }
        assert_eq!(
            show("Это письмо я отправил вам ещё вчера, ответа нет."),
            "Speech: Это письмо я отправил вам ещё вчера, ответа нет."
        );
    }

    #[test]
    fn a_contact_block_needs_no_sign_off() {
        assert_eq!(
            show("Ждём вас.\n\nАнна Петрова\nМенеджер\n+7 701 000 00 00\nanna@shop.kz"),
            "Speech: Ждём вас.¶Анна Петрова / Signature: Менеджер|+7 701 000 00 00|anna@shop.kz"
        );
        assert_eq!(show("Позвоните мне:\n+7 701 000 00 00"), "Speech: Позвоните мне:|+7 701 000 00 00");
    }
}
