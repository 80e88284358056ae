//! Where do a writer's own words end? The sign-off and the name belong to them; the contact block and the disclaimer
//! do not.

use super::body::{Line, Mark};
use crate::model::Kind;

/// Sign-offs after which a name may stand on the same line.
const SIGN_OFFS: &[&str] = &[
    "with kind regards",
    "with best regards",
    "with best wishes",
    "with warm regards",
    "kindest regards",
    "warmest regards",
    "kind regards",
    "best regards",
    "warm regards",
    "thanks and regards",
    "thanks & regards",
    "many thanks and regards",
    "regards",
    "best wishes",
    "warm wishes",
    "sincerely yours",
    "yours sincerely",
    "yours faithfully",
    "yours truly",
    "respectfully yours",
    "respectfully",
    "sincerely",
    "with respect",
    "cordially",
    "rgds",
    "с уважением и наилучшими пожеланиями",
    "с уважением и благодарностью",
    "с благодарностью и уважением",
    "с глубоким уважением",
    "с искренним уважением",
    "с большим уважением",
    "с уважением",
    "с наилучшими пожеланиями",
    "с лучшими пожеланиями",
    "с добрыми пожеланиями",
    "с благодарностью",
    "с признательностью",
    "с почтением",
    "искренне ваша",
    "искренне ваш",
    "с теплом",
    "зор құрметпен",
    "шынайы құрметпен",
    "үлкен құрметпен",
    "құрметпен",
    "ізгі ниетпен",
    "ізгі тілекпен",
    "ізгі тілектермен",
    "алғыспен",
    "шын жүректен",
    "ілтипатпен",
    "сәлеммен",
    "курметпен",
    "qurmetpen",
    "qūrmetpen",
    "kurmetpen",
    "hurmetpen",
];
/// Words that end a letter only when they stand alone on their line.
const FAREWELLS: &[&str] = &[
    "thanks",
    "thank you",
    "many thanks",
    "thanks a lot",
    "thank you very much",
    "thanks in advance",
    "thank you in advance",
    "cheers",
    "best",
    "all the best",
    "bye",
    "take care",
    "have a nice day",
    "have a great day",
    "have a good day",
    "спасибо",
    "большое спасибо",
    "заранее спасибо",
    "спасибо заранее",
    "благодарю",
    "заранее благодарю",
    "до свидания",
    "всего доброго",
    "всего хорошего",
    "всего наилучшего",
    "хорошего дня",
    "удачного дня",
    "доброго дня вам",
    "искренне",
    "рахмет",
    "көп рахмет",
    "алдын ала рахмет",
    "сау болыңыз",
    "сау болыңыздар",
    "күніңіз сәтті өтсін",
    "сәттілік тілеймін",
];
/// What mail programs of telephones put under a letter.
const DEVICES: &[&str] = &[
    "sent from my",
    "sent from mail for",
    "sent from outlook",
    "sent from yahoo",
    "sent from the",
    "sent via",
    "sent with",
    "get outlook for",
    "отправлено с ",
    "отправлено из ",
    "отправлено через ",
    "послано с ",
    "скачать outlook для",
    "скачайте outlook для",
    "получить outlook для",
    "написано с ",
    "outlook для ",
];
/// The same where the words come last, as in Kazakh.
const DEVICE_ENDS: &[&str] = &[
    "құрылғымнан жіберілді",
    "нан жіберілді",
    "нен жіберілді",
    "дан жіберілді",
    "ден жіберілді",
    "тан жіберілді",
    "тен жіберілді",
    "арқылы жіберілді",
];
/// Words before a way to reach somebody.
const CONTACT_LABELS: &[&str] = &[
    "tel",
    "phone",
    "mob",
    "mobile",
    "cell",
    "fax",
    "e-mail",
    "email",
    "mail",
    "web",
    "website",
    "site",
    "skype",
    "whatsapp",
    "telegram",
    "address",
    "office",
    "direct",
    "t",
    "m",
    "e",
    "w",
    "тел",
    "телефон",
    "моб",
    "мобильный",
    "факс",
    "сот",
    "раб",
    "вн",
    "доб",
    "почта",
    "эл. почта",
    "эл.почта",
    "сайт",
    "адрес",
    "т",
    "м",
    "ұялы",
    "ұялы тел",
    "байланыс",
    "мекенжай",
    "мекенжайы",
    "пошта",
    "эл. пошта",
];
/// Beginnings and stems that together tell a legal notice.
const NOTICE_BEGINS: &[&str] = &[
    "this e-mail",
    "this email",
    "this message",
    "this communication",
    "this transmission",
    "the information",
    "the contents of this",
    "the content of this",
    "information contained",
    "information in this",
    "if you are not the",
    "if you have received this",
    "if you received this",
    "confidential",
    "disclaimer",
    "notice",
    "important notice",
    "privileged",
    "any unauthorised",
    "any unauthorized",
    "caution: this email",
    "warning: this email",
    "please consider the environment",
    "please think of the environment",
    "данное сообщение",
    "данное электронное",
    "данное письмо",
    "настоящее сообщение",
    "настоящее электронное",
    "настоящее письмо",
    "это сообщение",
    "это электронное",
    "это письмо",
    "этот e-mail",
    "эта электронная",
    "электронное сообщение",
    "информация, содержащаяся",
    "информация в этом",
    "сведения, содержащиеся",
    "содержание данного",
    "содержимое данного",
    "если вы не являетесь",
    "если вы получили",
    "если данное",
    "если это письмо",
    "если настоящее",
    "уведомление о конфиденциальности",
    "конфиденциально",
    "внимание",
    "пожалуйста, подумайте",
    "подумайте об окружающей",
    "прежде чем распечат",
    "перед тем как распечат",
    "берегите природу",
    "бұл хат",
    "бұл электрондық",
    "бұл хабар",
    "осы хат",
    "осы электрондық",
    "осы хабар",
    "аталған хат",
    "егер сіз бұл",
    "егер сіз осы",
    "егер бұл",
    "құпиялылық туралы",
    "құпиялық туралы",
    "назар аударыңыз",
];
const NOTICE_STEMS: &[&str] = &[
    "confidential",
    "intended recipient",
    "privileged",
    "in error",
    "unauthorised",
    "unauthorized",
    "originated from outside",
    "environment",
    "конфиденциальн",
    "получателем",
    "адресат",
    "по ошибке",
    "ошибочно",
    "предназначен",
    "окружающей сред",
    "распечат",
    "природу",
    "құпия",
    "қателесіп",
    "қате ",
    "тек алушыға",
    "арналған",
    "рұқсатсыз",
];
/// Lines that a signature has at most.
const MAX_BLOCK: usize = 25;

/// The lines of an own piece cut into speech, signature and automatic text, each joined, in their order.
pub fn split(lines: &[Line]) -> Vec<(Kind, String)> {
    let mut kinds = vec![Some(Kind::Speech); lines.len()]; // None: belongs to nothing
    notices(lines, &mut kinds);
    devices(lines, &mut kinds);
    match delimiter(lines) {
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
fn delimiter(lines: &[Line]) -> Option<(usize, usize)> {
    if let Some(from) = lines.iter().position(|l| l.text.trim_end() == "--") {
        return Some((from, lines.len()));
    }
    let from = lines.iter().position(|l| l.mark == Mark::Signature && !blank(l))?;
    let to = lines.iter().rposition(|l| l.mark == Mark::Signature)? + 1;
    Some((from, to))
}

/// Marks the signature in `from..to`; a sign-off at its beginning and the name after it stay speech, and so does a P.S.
fn block(lines: &[Line], from: usize, to: usize, kinds: &mut [Option<Kind>]) {
    let mut at = from;
    while at < to && (blank(&lines[at]) || lines[at].text.trim() == "--") {
        at += 1;
    }
    if at < to {
        if let Some(named) = sign_off_line(&lines[at].text) {
            at += 1;
            if !named {
                at = after_name(lines, at, to, kinds);
            }
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
    let talks = |i: usize| {
        (i + 1..lines.len())
            .filter(speech)
            .map(|j| &lines[j].text)
            .take_while(|t| !is_postscript(t))
            .filter(|t| is_prose(t))
            .count()
    };
    let size = |i: usize| (i + 1..lines.len()).filter(speech).filter(|j| !blank(&lines[*j])).count();
    let all: Vec<usize> =
        (0..lines.len()).filter(speech).filter(|i| sign_off_line(&lines[*i].text).is_some()).collect();
    let firm: Vec<usize> = all.iter().copied().filter(|i| starts_with_any(&lines[*i].text, SIGN_OFFS)).collect();
    firm.iter()
        .copied()
        .find(|i| talks(*i) == 0 && size(*i) <= MAX_BLOCK)
        // Advertising may follow the last one, but not a letter.
        .or_else(|| firm.last().copied().filter(|i| talks(*i) <= 3 && size(*i) <= MAX_BLOCK))
        .or_else(|| all.last().copied().filter(|i| talks(*i) == 0 && size(*i) <= 8))
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
        return (words.len() <= 7 && (comma || words.len() <= 5 && words.first().is_some_and(capital))).then_some(true);
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
        && words.iter().all(|w| letters(&w))
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
    let lower = line.trim().to_lowercase();
    if lower.is_empty() || lower.chars().count() > 160 {
        return false;
    }
    if lower.contains("www.") || lower.contains("http://") || lower.contains("https://") {
        return true;
    }
    let words = lower.split_whitespace().count();
    if words <= 6
        && lower.split_whitespace().any(|w| w.split_once('@').is_some_and(|(a, b)| !a.is_empty() && b.contains('.')))
    {
        return true;
    }
    if words <= 10
        && lower.split_once([':', '.']).is_some_and(|(label, rest)| {
            CONTACT_LABELS.contains(&label.trim()) && rest.chars().any(char::is_alphanumeric)
        })
    {
        return true;
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
    let short = paragraph.len() <= 8
        && paragraph.iter().all(|i| !is_prose(&lines[*i].text) && lines[*i].text.split_whitespace().count() <= 12);
    if short && (found >= 2 || named && found >= 1) && !(paragraph.len() == 1 && first == 0) {
        for i in &paragraph[usize::from(named)..] {
            kinds[*i] = Some(Kind::Signature);
        }
    }
}

fn devices(lines: &[Line], kinds: &mut [Option<Kind>]) {
    for (line, kind) in lines.iter().zip(kinds) {
        let lower = line.text.trim().to_lowercase();
        let words = lower.split_whitespace().count();
        let tail = lower.trim_end_matches(['.', '!']);
        if (2..=10).contains(&words)
            && (DEVICES.iter().any(|d| lower.starts_with(d)) && is_device(&lower)
                || DEVICE_ENDS.iter().any(|d| tail.ends_with(d)) && is_device(&lower))
        {
            *kind = Some(Kind::Signature);
        }
    }
}

/// Names of devices and mail programs, without which "Отправлено с курьером" is speech.
fn is_device(lower: &str) -> bool {
    [
        "iphone",
        "ipad",
        "android",
        "samsung",
        "galaxy",
        "huawei",
        "xiaomi",
        "redmi",
        "honor",
        "outlook",
        "mail",
        "почт",
        "gmail",
        "yahoo",
        "yandex",
        "яндекс",
        "windows",
        "телефон",
        "phone",
        "смартфон",
        "мобильн",
        "blackberry",
        "устройств",
        "device",
        "планшет",
        "tablet",
        "пошта",
        "құрылғы",
    ]
    .iter()
    .any(|d| lower.contains(d))
}

/// Legal notices: paragraphs that begin like one and have its words; what follows the last of them, too.
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
    let first = lines[0].text.trim().trim_start_matches(|c: char| !c.is_alphabetic()).to_lowercase();
    if !NOTICE_BEGINS.iter().any(|b| first.starts_with(b)) {
        return false;
    }
    let text = lines.iter().take(40).map(|l| l.text.to_lowercase()).collect::<Vec<_>>().join(" ");
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
        assert_eq!(show("Отправлено с курьером сегодня."), "Speech: Отправлено с курьером сегодня.");
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
