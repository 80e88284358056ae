//! Who is the agent? Roles from what the input says, never from guesses.

use crate::model::Speaker;

pub mod channel_map;
pub mod roster;

/// A speaker's label understood: the role, and the agent's id or name where the label holds one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Role {
    /// The role, `Unknown` when the label does not say.
    pub speaker: Speaker,
    /// For agents: the id or name in the label, if any.
    pub agent_id: Option<String>,
}

/// Names of roles in English, Russian and Kazakh, folded as [`fold`] does. A name of several words wins over a shorter one.
#[rustfmt::skip] // one entry a line would be pages
const NAMES: [(Speaker, &[&str]); 5] = [
    (
        Speaker::Agent,
        &[
            "adviser", "advisor", "agent", "assistant manager", "call center agent", "call centre agent", "client care",
            "client manager", "client service", "client services", "client support", "consultant", "csr",
            "customer care", "customer service", "customer success", "customer support", "employee", "help desk",
            "helpdesk", "human agent", "manager", "operator", "rep", "representative", "service desk", "specialist",
            "staff", "support", "tech support", "technical support",
            "агент", "клиентский менеджер", "консультант", "менеджер", "оператор", "операционист", "поддержка",
            "сотрудник", "сотрудница", "служба поддержки", "служба поддержки клиентов", "специалист",
            "техническая поддержка", "техподдержка",
            "кызметкер", "кенесши", "маман",
        ],
    ),
    (
        Speaker::Customer,
        &[
            "buyer", "caller", "client", "consumer", "customer", "end customer", "end user", "guest", "shopper",
            "subscriber", "visitor",
            "абонент", "гость", "заказчик", "звонящий", "клиент", "клиентка", "покупатель", "покупательница",
            "посетитель", "потребитель",
            "конырау шалушы", "сатып алушы", "тутынушы", "tutynushy",
        ],
    ),
    (
        Speaker::Bot,
        &[
            "ai agent", "ai assistant", "automated agent", "bot", "chat bot", "chatbot", "custom bot", "robot",
            "virtual agent", "virtual assistant", "voice bot", "voicebot",
            "бот", "виртуальный ассистент", "виртуальный оператор", "виртуальный помощник", "голосовой бот",
            "голосовой помощник", "робот", "чат бот", "чатбот",
            "виртуалды комекши",
        ],
    ),
    (
        Speaker::Ivr,
        &[
            "auto attendant", "hold message", "ivr", "voice menu",
            "автоответчик", "голосовое меню",
            "автожауап", "автожауапберуши", "дауыстык мазир",
        ],
    ),
    (
        Speaker::System,
        &[
            "system", "system event", "system message", "system notification",
            // Supervisors listen in or step in; their words are nobody's score.
            "shift supervisor", "supervisor", "супервайзер", "супервизор",
            "система", "системное сообщение", "системное уведомление",
            "жуйе", "жуйелик хабарлама",
        ],
    ),
];

/// Words between a role and a name: "specialist of the *support team* Aidana".
#[rustfmt::skip] // one entry a line would be pages
const BETWEEN: [&str; 26] = [
    "agent", "center", "centre", "desk", "human", "line", "manager", "no", "representative", "senior", "service",
    "services", "specialist", "support", "team", "the", "центра", "колл", "call", "контакт", "клиентов", "линии",
    "поддержки", "техподдержки", "отдела", "номер",
];

/// With these behind it a role is not somebody who speaks: "Agent name", "оценка клиента".
#[rustfmt::skip] // one entry a line would be pages
const NOT_SPEAKERS: [&str; 24] = [
    "comment", "comments", "email", "id", "mail", "name", "note", "notes", "number", "phone", "rating", "score",
    "status", "time", "имя", "комментарий", "заметка", "номер", "оценка", "телефон", "почта", "статус", "аты", "бага",
];

/// What a speaker's label says: `Operator`, `Оператор Айдана`, `Агент (A-12)`, `Aidana [agent]`, `Aidana - support`,
/// `END_USER`, `Тұтынушы`. A label that names no role, or two, is `Unknown`. A single digit behind a role (`Agent 2`)
/// counts speakers and is nobody's id.
pub fn speaker_from_label(label: &str) -> Role {
    let label = label.trim().trim_end_matches(':').trim();
    let label = inside(label).unwrap_or(label);
    // The role may stand behind the name, set off by brackets or a sign.
    if let Some((name, role)) = behind(label)
        && let Some(speaker) = whole(role)
        && starts_with_role(name).is_none()
    {
        return Role { speaker, agent_id: (speaker == Speaker::Agent).then(|| id_in(name)).flatten() };
    }
    let unknown = Role { speaker: Speaker::Unknown, agent_id: None };
    let Some((speaker, rest)) = starts_with_role(label) else { return unknown };
    let words = words(rest);
    if words.is_empty() {
        return Role { speaker, agent_id: None };
    }
    let possessive = rest.starts_with(['\'', '’']);
    let refused = possessive
        || words.iter().any(|(_, w)| NOT_SPEAKERS.contains(&&**w))
        || words.iter().any(|(_, w)| whole(w).is_some_and(|s| s != speaker))
        || speaker == Speaker::System && !is_supervisor(label) && words.iter().any(|(_, w)| w.parse::<u32>().is_err());
    if refused {
        return unknown;
    }
    Role { speaker, agent_id: (speaker == Speaker::Agent).then(|| id_in(rest)).flatten() }
}

/// Whether the label begins with the name of a supervisor, whose name may follow.
fn is_supervisor(label: &str) -> bool {
    words(label).iter().take(2).any(|(_, w)| ["supervisor", "супервайзер", "супервизор"].contains(&&**w))
}

/// `[SPEAKER]` and `"Speaker"` without their brackets.
fn inside(label: &str) -> Option<&str> {
    [('[', ']'), ('(', ')'), ('<', '>'), ('"', '"'), ('«', '»')].into_iter().find_map(|(open, close)| {
        let inner = label.strip_prefix(open)?.strip_suffix(close)?;
        (!inner.contains([open, close])).then_some(inner)
    })
}

/// Splits `name (role)`, `name [role]`, `name - role`, `name, role`, `name | role`.
fn behind(label: &str) -> Option<(&str, &str)> {
    for (open, close) in [('(', ')'), ('[', ']')] {
        if let Some(inner) = label.strip_suffix(close) {
            return inner.rsplit_once(open);
        }
    }
    [" - ", " – ", " — ", ", ", "|", " / "].into_iter().find_map(|sign| label.rsplit_once(sign))
}

/// The role that the whole text names.
fn whole(text: &str) -> Option<Speaker> {
    match starts_with_role(text) {
        Some((speaker, rest)) if words(rest).is_empty() => Some(speaker),
        _ => None,
    }
}

/// The longest name of a role that the text begins with, and what follows it.
fn starts_with_role(text: &str) -> Option<(Speaker, &str)> {
    let words = words(text);
    let mut best: Option<(usize, Speaker)> = None;
    for (speaker, names) in NAMES {
        for name in names {
            let mut count = 0;
            let same = name.split(' ').all(|part| {
                count += 1;
                words.get(count - 1).is_some_and(|(_, w)| w == part)
            });
            if same && best.is_none_or(|(n, _)| count > n) {
                best = Some((count, speaker));
            }
        }
    }
    let (count, speaker) = best?;
    Some((speaker, &text[words[count - 1].0.end..]))
}

/// The name or id in what stands beside a role.
fn id_in(rest: &str) -> Option<String> {
    let words = words(rest);
    let named = |range: &std::ops::Range<usize>| rest[range.clone()].starts_with(|c: char| !c.is_lowercase());
    let some_named = words.iter().any(|(range, _)| named(range));
    // "менеджер по продажам" is a post, not a name.
    let post = words.first().is_some_and(|(_, w)| w == "по");
    let first = words
        .iter()
        .position(|(range, w)| !BETWEEN.contains(&&**w) && if some_named { named(range) } else { !post })?;
    let id = &rest[words[first].0.start..words.last()?.0.end];
    let counter = id.parse::<u32>().is_ok_and(|n| n < 10);
    (!counter).then(|| id.to_owned())
}

/// The words of a label: where they stand, and folded.
fn words(text: &str) -> Vec<(std::ops::Range<usize>, String)> {
    let mut out = Vec::new();
    let mut start = None;
    for (i, c) in text.char_indices().chain([(text.len(), ' ')]) {
        match (c.is_alphanumeric(), start) {
            (true, None) => start = Some(i),
            (false, Some(s)) => {
                out.push((s..i, fold(&text[s..i])));
                start = None;
            }
            _ => {}
        }
    }
    out
}

/// Lower case, and the letters of Kazakh as they are written without a Kazakh keyboard.
pub(super) fn fold(text: &str) -> String {
    let fold = |c| match c {
        'ё' => 'е',
        'ә' => 'а',
        'ғ' => 'г',
        'қ' => 'к',
        'ң' => 'н',
        'ө' => 'о',
        'ұ' | 'ү' => 'у',
        'һ' => 'х',
        'і' => 'и',
        c => c,
    };
    text.chars().flat_map(char::to_lowercase).map(fold).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn role(label: &str) -> (Speaker, Option<String>) {
        let r = speaker_from_label(label);
        (r.speaker, r.agent_id)
    }

    #[test]
    fn roles_are_known_in_three_languages() {
        for label in [
            "Agent",
            "AGENT:",
            " operator ",
            "Оператор",
            "менеджер",
            "Маман",
            "кеңесші",
            "[Специалист]",
            "Customer Support",
        ] {
            assert_eq!(role(label), (Speaker::Agent, None), "{label}");
        }
        for label in [
            "customer",
            "END_USER",
            "Caller",
            "КЛИЕНТ",
            "Покупатель",
            "Тұтынушы",
            "тутынушы",
            "Абонент 2",
            "Клиент Иванов",
        ] {
            assert_eq!(role(label), (Speaker::Customer, None), "{label}");
        }
        for label in ["bot", "Чат-бот", "AUTOMATED_AGENT", "Бот Айша", "virtual assistant"] {
            assert_eq!(role(label), (Speaker::Bot, None), "{label}");
        }
        assert_eq!(role("Автоответчик").0, Speaker::Ivr);
        assert_eq!(role("IVR").0, Speaker::Ivr);
        assert_eq!(role("Система").0, Speaker::System);
        assert_eq!(role("Жүйе").0, Speaker::System);
        assert_eq!(role("SUPERVISOR"), (Speaker::System, None));
        assert_eq!(role("Супервайзер Анна"), (Speaker::System, None));
    }

    #[test]
    fn an_agents_name_or_id_is_kept() {
        for (label, id) in [
            ("Operator Aidana", "Aidana"),
            ("operator aidana", "aidana"),
            ("Агент (A-12)", "A-12"),
            ("agent_417", "417"),
            ("Aidana (agent)", "Aidana"),
            ("Айдана К. - оператор", "Айдана К"),
            ("Aidana K, Support", "Aidana K"),
            ("Оператор: Айдана", "Айдана"),
            ("Специалист поддержки Ерлан", "Ерлан"),
            ("Менеджер по продажам Ерлан", "Ерлан"),
            ("Маман Гүлнар", "Гүлнар"),
            ("Customer Service Representative Dana", "Dana"),
        ] {
            assert_eq!(role(label), (Speaker::Agent, Some(id.into())), "{label}");
        }
        assert_eq!(role("Agent 2"), (Speaker::Agent, None), "a counter, not an id");
        assert_eq!(role("Менеджер по продажам"), (Speaker::Agent, None), "a post, not a name");
    }

    #[test]
    fn the_rest_is_not_guessed() {
        for label in [
            "",
            "Aidana",
            "SPEAKER_00",
            "Speaker 1",
            "spk_1",
            "user",
            "Agentura",
            "Agent's note",
            "Agent name",
            "Имя клиента",
            "Operator / Client",
            "System administrator",
            "客服",
            ":",
            "()",
        ] {
            assert_eq!(role(label), (Speaker::Unknown, None), "{label}");
        }
    }
}
