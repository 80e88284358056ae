//! What a machine says on the agent's channel: recorded greetings, menus, hold messages.
//!
//! Two-channel recordings and some vendors' exports put them among the agent's turns, where a greeting or a goodbye of the
//! machine would be credited to the agent. They become turns of [`Speaker::Ivr`]. A turn that holds the agent's own words as
//! well stays, with a note.

use std::sync::LazyLock;

use regex::Regex;

use super::roles::fold;
use crate::model::{Channel, Conversation, Kind, NoteKind, Speaker};

/// Announcements, folded as [`fold`] does. Only turns before the customer's first words are held against these: later on a
/// human says "stay on the line" and "press one", too.
const OPENING: &str = r"(?x)
    \bcalls? \s (?:(?:may|might|will|can|could) \s be|is|are) \s (?:being \s)? (?:recorded|monitored)
    | \b(?:recorded|monitored) \s (?:\w+ \s){0,4} for \s (?:quality|training)
    | \bfor \s quality \s (?:assurance|and \s training|control|or \s training|monitoring)
    | \bpress \s (?:\d|one|two|three|four|five|six|seven|eight|nine|zero|star|pound|hash|the \s (?:star|pound|hash))
    | \b(?:stay|remain) \s on \s the \s line
    | \b(?:next|first) \s available \s (?:agent|representative|operator|adviser|advisor|specialist|associate)
    | \bour \s menu (?:s|\soptions)? \s ha(?:s|ve) \s (?:recently \s)? changed
    | \bestimated \s wait(?:ing)? \s time
    | \bnumber \s \w+ \s in \s (?:the \s|our \s)? queue
    | (?:разговор|звонок|звонки|разговоры) \s (?:\w+ \s){0,3} (?:записывается|записываются|записываться|записан|записаны|записана)
    | в \s целях \s (?:повышения|улучшения|контроля) \s качества
    | нажмите \s (?:\d|один|единицу|два|двойку|три|тройку|четыре|пять|шесть|семь|восемь|девять|ноль|звездочку|решетку|цифру|клавишу)
    | оставайтесь \s на \s линии
    | (?:перв(?:ый|ого)|ближайш(?:ий|его)) \s освободивш(?:ийся|егося)
    | (?:ожидайте|дождитесь) \s ответа
    | (?:примерное|среднее|предполагаемое) \s время \s ожидания
    | в \s тонов(?:ый|ом) \s режим
    | (?:ангиме|сойлес)\w* \s жазыл\w+
    | кызмет \s корсету \s сапасын
    | (?:\d|бир|еки|уш|торт|бес|алты|жети|сегиз|тогыз|нол|нолдик|жулдызша)\S* \s (?:\w+ \s)? басыныз
    | (?:желиде|байланыста) \s (?:калыныз|болыныз)
    | (?:оператордын|маманнын) \s жауабын \s кут
    | босаган \s (?:оператор|маман)
";

/// What only a machine says, wherever it stands.
const ANYWHERE: &str = r"(?x)
    \byour \s call \s is \s (?:very \s|really \s)? important
    | \b(?:agents|representatives|operators|advisers|advisors|lines) \s are \s (?:\w+ \s){0,3}
      (?:busy|(?:assisting|helping|serving) \s other)
    | \banswered \s in \s the \s order
    | ваш \s звонок \s (?:\w+ \s){0,3} важен
    | все \s (?:наши \s)? (?:операторы|специалисты|менеджеры|консультанты) \s (?:\w+ \s){0,2} заняты
    | конырауыныз \s (?:\w+ \s){0,3} манызды
    | барлык \s (?:операторлар\w*|мамандар\w*) \s (?:\w+ \s)? бос \s емес
";

/// What a human says in an opening: such a turn is the agent's, whatever else is in it.
const HUMAN: &str = r"(?x)
    \bmy \s name \s is | \bmy \s name'?s | \bspeaking\b(?: \W|$) | \bthis \s is \s \w+ \s (?:from|with|speaking)
    | \bhow \s (?:can|may|could) \s (?:i|we) \s (?:help|assist|be) | \bwhat \s can \s (?:i|we) \s (?:do|help)
    | меня \s зовут | чем \s (?:я \s)? (?:могу|можем|смогу) | чем \s помочь | слушаю \s вас | вас \s слушаю | как \s вас \s зовут
    | как \s (?:я \s)? могу \s к \s вам | представьтесь
    | (?:менин \s)? (?:атым|есимим) \b | калай \s комек | немен \s комек | кандай \s (?:комек|сурак) | тындап \s (?:турмын|отырмын)
";

/// Pieces of [`ANYWHERE`] as they stand in texts, and signs of music: a turn without any is none.
const SIGNS: &str =
    "important|busy|assisting|in the order|важен|заняты|маңызды|манызды|бос емес|usic|USIC|узык|узыка|♪|♫";

fn compile(pattern: &str) -> Option<Regex> {
    Regex::new(pattern).ok()
}

static OPENINGS: LazyLock<Option<Regex>> = LazyLock::new(|| compile(OPENING));
static MACHINES: LazyLock<Option<Regex>> = LazyLock::new(|| compile(ANYWHERE));
static HUMANS: LazyLock<Option<Regex>> = LazyLock::new(|| compile(HUMAN));
static SIGN: LazyLock<Option<Regex>> = LazyLock::new(|| compile(SIGNS));

fn met(pattern: &LazyLock<Option<Regex>>, text: &str) -> bool {
    pattern.as_ref().is_some_and(|p| p.is_match(text))
}

/// Turns looked at before the customer's first words.
const LEADING: usize = 12;

/// Gives the machine's turns of a call to [`Speaker::Ivr`].
pub(super) fn set_apart(c: &mut Conversation<'_>) {
    if c.channel != Channel::Call {
        return;
    }
    let (mut taken, mut mixed) = (Vec::new(), Vec::new());
    let mut leading = true;
    for (i, turn) in c.turns.iter_mut().enumerate() {
        leading = leading && turn.speaker != Speaker::Customer && i < LEADING;
        if turn.kind != Kind::Speech || !matches!(turn.speaker, Speaker::Agent | Speaker::Unknown) {
            continue;
        }
        let sign = met(&SIGN, &turn.text);
        if !leading && !sign {
            continue;
        }
        let folded = fold(&turn.text);
        let machine = sign && (is_music(&folded) || met(&MACHINES, &folded)) || leading && met(&OPENINGS, &folded);
        if !machine {
            // Once a human has spoken on an unknown channel, the opening is over; on the agent's the customer ends it.
            leading = leading && (turn.speaker == Speaker::Agent || !met(&HUMANS, &folded));
        } else if met(&HUMANS, &folded) {
            mixed.push(i + 1);
            leading = false;
        } else {
            turn.speaker = Speaker::Ivr;
            taken.push(i + 1);
        }
    }
    if !taken.is_empty() {
        c.note(NoteKind::Announcement, format!("not scored: announcements in {}", turns(&taken)));
    }
    if !mixed.is_empty() {
        let text =
            format!("{}: an announcement and the agent's own words in one turn; scored as the agent's", turns(&mixed));
        c.note(NoteKind::Announcement, text);
    }
}

/// Whether a turn is but the mark of music: `[hold music]`, `♪`, `(играет музыка)`.
fn is_music(folded: &str) -> bool {
    let mut words = folded.split(|c: char| !c.is_alphanumeric()).filter(|w| !w.is_empty()).peekable();
    let music = ["music", "hold", "playing", "on", "музыка", "играет", "звучит", "в", "ожидании", "ойнап", "тур"];
    words.peek().is_none() && folded.contains(['♪', '♫']) || words.all(|w| music.contains(&w))
}

/// `turn 3`, `turns 1, 2 and 14 more`.
pub(super) fn turns(numbers: &[usize]) -> String {
    let shown: Vec<String> = numbers.iter().take(6).map(ToString::to_string).collect();
    let more = numbers.len().saturating_sub(shown.len());
    let word = if numbers.len() == 1 { "turn" } else { "turns" };
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    format!("{word} {}{more}", shown.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Turn;

    /// What becomes of `A: …`, `C: …`, `?: …`: the speakers' first letters, and the notes.
    fn speakers(lines: &[&str]) -> (String, Vec<String>) {
        let turns = lines.iter().map(|l| {
            let (who, text) = l.split_once(": ").unwrap();
            let speaker = match who {
                "A" => Speaker::Agent,
                "C" => Speaker::Customer,
                _ => Speaker::Unknown,
            };
            Turn { speaker, text: text.to_owned().into(), ..Turn::default() }
        });
        let mut c = Conversation { channel: Channel::Call, turns: turns.collect(), ..Conversation::default() };
        set_apart(&mut c);
        let who = c.turns.iter().map(|t| &t.speaker.name()[..1]).collect();
        (who, c.notes.into_iter().map(|n| n.text).collect())
    }

    #[test]
    fn every_pattern_is_one() {
        assert!(OPENINGS.is_some() && MACHINES.is_some() && HUMANS.is_some() && SIGN.is_some());
    }

    #[test]
    fn announcements_before_the_first_words_are_the_machines_in_three_languages() {
        for (machine, human) in [
            ("Thank you for calling Northgate. This call may be recorded for quality and training.", "Good morning."),
            ("For billing, press one. To speak to an operator, press zero.", "Hello, Maria here, good evening."),
            ("Ваш звонок очень важен для нас, оставайтесь на линии.", "Добрый день, Айдана."),
            (
                "Здравствуйте! Все разговоры записываются. Для соединения с оператором нажмите ноль.",
                "Алло, добрый день.",
            ),
            ("Қоңырауыңыз біз үшін өте маңызды. Желіде қалыңыз.", "Сәлеметсіз бе."),
            ("Казак тилинде сойлесу ушин бирди басыныз.", "Сәлеметсіз бе, Дана."),
            ("[hold music]", "Hello?"),
            ("♪ ♪", "Добрый вечер."),
        ] {
            let (who, notes) = speakers(&[&format!("A: {machine}"), &format!("A: {human}"), "C: Hi."]);
            assert_eq!(who, "iac", "{machine}");
            assert_eq!(notes, ["not scored: announcements in turn 1"]);
        }
    }

    #[test]
    fn a_humans_words_stay_the_agents() {
        let own = "A: Thank you for calling, this call is recorded. My name is Maria, how can I help you?";
        let (who, notes) = speakers(&[own, "C: Hi."]);
        assert_eq!(who, "ac");
        assert!(notes[0].contains("scored as the agent's"));
        let (who, notes) = speakers(&[
            "A: Банк, Айдана, слушаю вас.",
            "C: Не работает приложение.",
            "A: Нажмите один, потом оставайтесь на линии, это важно, звонок записывается.",
            "A: I know this is important, we are busy today.",
        ]);
        assert_eq!((who.as_str(), notes.len()), ("acaa", 0));
    }

    #[test]
    fn hold_messages_are_found_later_too_and_chats_are_left() {
        let (who, _) =
            speakers(&["A: Hello.", "C: Hi.", "A: Your call is important to us. Please hold.", "?: [Music]"]);
        assert_eq!(who, "acii");
        let mut chat = Conversation {
            turns: vec![Turn {
                speaker: Speaker::Agent,
                text: "Your call is important to us".into(),
                ..Turn::default()
            }],
            ..Conversation::default()
        };
        set_apart(&mut chat);
        assert_eq!(chat.turns[0].speaker, Speaker::Agent);
        assert_eq!(turns(&[1, 2, 3, 4, 5, 6, 7, 8]), "turns 1, 2, 3, 4, 5, 6 and 2 more");
    }
}
