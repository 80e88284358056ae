//! What columns and header lines are called, in English, Russian and Kazakh.

use crate::ingest::roles::fold;
use crate::model::Channel;

/// What a column or a header line holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::ingest) enum Field {
    Id,
    Speaker,
    Agent,
    Text,
    Start,
    End,
    /// The moment of a turn.
    Timestamp,
    /// The day of a turn, the time beside it in another column.
    Date,
    Time,
    /// The moment the conversation began.
    StartedAt,
    Channel,
    Queue,
    Team,
    Language,
    Csat,
    Resolved,
    Kind,
}

/// Names as [`key`] makes them, those that are surest first: a column `conversation_id` is taken before a column `id`.
#[rustfmt::skip] // one entry a line would be pages
pub(super) const NAMES: [(Field, &[&str]); 17] = [
    (
        Field::Id,
        &[
            "conversationid", "dialogid", "dialogueid", "callid", "chatid", "ticketid", "interactionid", "contactid",
            "caseid", "sessionid", "threadid", "transcriptid", "conversation", "dialog", "dialogue", "call", "chat",
            "ticket",
            "идентификаторразговора", "идентификатордиалога", "идентификаторзвонка", "идентификаторчата",
            "идентификаторобращения", "idразговора", "idдиалога", "idзвонка", "idчата", "idобращения", "idтикета",
            "idсессии", "номерразговора", "номердиалога", "номерзвонка", "номеробращения", "номертикета", "разговор",
            "диалог", "звонок", "обращение", "тикет",
            "конырауid", "конырауidси", "конырауидентификаторы", "конырауномири", "диалогid", "диалогидентификаторы",
            "сойлесуid", "сойлесуидентификаторы", "чатid", "отинишid", "отинишномири", "конырау", "сойлесу",
            "guid", "uuid", "id", "идентификатор",
        ],
    ),
    (
        Field::Speaker,
        &[
            "speakerrole", "participantrole", "authorrole", "senderrole", "authortype", "sendertype", "participanttype",
            "role", "speaker", "participant", "author", "sender", "party", "side", "who", "from",
            "роль", "рольучастника", "рольговорящего", "ктоговорит", "говорящий", "спикер", "участник", "собеседник",
            "автор", "отправитель", "сторона",
            "роли", "рол", "сойлеуши", "катысушы", "жиберуши",
        ],
    ),
    (
        Field::Agent,
        &[
            "agentid", "operatorid", "employeeid", "managerid", "agentlogin", "operatorlogin", "agentname",
            "operatorname", "agent", "operator", "employee", "manager",
            "идентификатороператора", "идентификаторагента", "idоператора", "idагента", "idсотрудника", "idменеджера",
            "кодоператора", "логиноператора", "табельныйномер", "фиооператора", "имяоператора", "имяагента", "оператор",
            "агент", "сотрудник", "менеджер",
            "операторid", "операторидентификаторы", "агентid", "оператораты", "оператордынаты", "маман", "кызметкер",
        ],
    ),
    (
        Field::Text,
        &[
            "text", "utterance", "messagetext", "message", "content", "body", "phrase", "transcript", "transcription",
            "текст", "текстсообщения", "текстреплики", "сообщение", "реплика", "фраза", "высказывание", "содержание",
            "расшифровка", "транскрипт", "транскрипция",
            "матин", "матини", "хабарлама", "хабарламаматини", "мазмуны", "сойлем",
        ],
    ),
    (
        Field::Start,
        &[
            "start", "starttime", "startoffset", "begin", "begintime", "beginoffset", "offset",
            "начало", "началореплики", "началофразы", "времяначала", "старт", "смещение",
            "басы", "басталуы", "басталууакыты",
        ],
    ),
    (
        Field::End,
        &[
            "end", "endtime", "endoffset", "finish", "stop",
            "конец", "конецреплики", "конецфразы", "времяконца", "времяокончания", "окончание",
            "соны", "аякталуы", "аякталууакыты",
        ],
    ),
    (
        Field::Timestamp,
        &[
            "timestamp", "datetime", "dateandtime", "createdat", "sentat", "messagetime", "messagedate", "eventtime",
            "ts",
            "датаивремя", "датавремя", "отметкавремени", "времясообщения", "датасообщения", "времяотправки",
            "кунименуакыты", "уакытбелгиси",
        ],
    ),
    (Field::Date, &["date", "day", "дата", "куни", "кун"]),
    (Field::Time, &["time", "время", "уакыты", "уакыт"]),
    (
        Field::StartedAt,
        &[
            "startedat", "conversationstart", "conversationdate", "callstart", "callstarttime", "calldate", "calltime",
            "chatstart", "chatdate",
            "началоразговора", "началодиалога", "началозвонка", "датаразговора", "датадиалога", "датазвонка",
            "датаобращения", "времязвонка",
            "конырауоныдасталуы", "коныраукуни", "конырауакыты",
        ],
    ),
    (
        Field::Channel,
        &[
            "channel", "channeltype", "mediatype", "media", "канал", "каналсвязи", "типканала", "каналобращения",
            "арна", "байланысарнасы",
        ],
    ),
    (
        Field::Queue,
        &[
            "queue", "queuename", "skillgroup", "skill", "очередь", "названиеочереди", "скиллгруппа", "линия", "кезек",
            "кезекаты",
        ],
    ),
    (
        Field::Team,
        &["team", "teamname", "department", "group", "команда", "отдел", "подразделение", "группа", "топ", "болим"],
    ),
    (
        Field::Language,
        &["language", "languagecode", "lang", "locale", "язык", "кодязыка", "языкобщения", "тили", "тил"],
    ),
    (
        Field::Csat,
        &[
            "csat", "csatscore", "customersatisfaction", "satisfaction", "rating",
            "оценкаклиента", "оценка", "удовлетворенность", "клиентбагасы", "бага", "канагаттану",
        ],
    ),
    (
        Field::Resolved,
        &[
            "resolved", "solved", "isresolved", "fcr", "решено", "вопросрешен", "проблемарешена", "шешилди",
            "маселешешилди",
        ],
    ),
    (Field::Kind, &["kind", "turnkind", "типреплики"]),
];

/// A name without case, spaces and signs, and with Kazakh letters folded: `Conversation_ID` is `conversationid`.
pub(super) fn key(name: &str) -> String {
    fold(name).chars().filter(|c| c.is_alphanumeric()).collect()
}

/// What a name stands for: the field, how far down its list of names it stands, and how many units of it make a second
/// (`start_ms`: 1000).
pub(super) fn field(name: &str) -> Option<(Field, usize, f64)> {
    let mut key = key(name);
    if let Some(stem) = key.strip_suffix("ид") {
        key = format!("{stem}id");
    }
    let find =
        |key: &str| NAMES.iter().find_map(|(field, names)| Some((*field, names.iter().position(|n| *n == key)?)));
    if let Some((field, rank)) = find(&key) {
        return Some((field, rank, 1.0));
    }
    let units = [
        ("milliseconds", 1000.0),
        ("millis", 1000.0),
        ("ms", 1000.0),
        ("мс", 1000.0),
        ("seconds", 1.0),
        ("sec", 1.0),
        ("сек", 1.0),
        ("s", 1.0),
        ("с", 1.0),
    ];
    units.into_iter().find_map(|(unit, seconds)| {
        let (field, rank) = find(key.strip_suffix(unit)?)?;
        matches!(field, Field::Start | Field::End | Field::Time | Field::Timestamp).then_some((field, rank, seconds))
    })
}

/// The channel a value or the name of an id column speaks of; `None` when it speaks of none.
pub(super) fn channel(text: &str) -> Option<Channel> {
    let key = key(text);
    let has = |parts: &[&str]| parts.iter().any(|p| key.contains(p));
    if has(&["email", "mail", "почт", "письм", "пошта"]) {
        Some(Channel::Email)
    } else if has(&[
        "chat",
        "чат",
        "messenger",
        "мессенджер",
        "whatsapp",
        "telegram",
        "телеграм",
        "viber",
        "instagram",
        "sms",
        "смс",
    ]) {
        Some(Channel::Chat)
    } else if has(&["call", "voice", "phone", "звон", "голос", "телефон", "конырау"]) {
        Some(Channel::Call)
    } else {
        None
    }
}

/// Yes or no, in three languages.
pub(super) fn yes_or_no(text: &str) -> Option<bool> {
    match &*key(text) {
        "yes" | "true" | "1" | "да" | "иа" | "решено" => Some(true),
        "no" | "false" | "0" | "нет" | "жок" | "нерешено" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_known_however_they_are_written() {
        for (name, wanted) in [
            ("Conversation ID", Field::Id),
            ("callId", Field::Id),
            ("ID диалога", Field::Id),
            ("Идентификатор звонка", Field::Id),
            ("Қоңырау ID", Field::Id),
            ("Чат ид", Field::Id),
            ("ID", Field::Id),
            ("Speaker_Role", Field::Speaker),
            ("Роль", Field::Speaker),
            ("Рөлі", Field::Speaker),
            ("Оператор", Field::Agent),
            ("Маман", Field::Agent),
            ("Сообщение", Field::Text),
            ("Мәтін", Field::Text),
            ("Начало", Field::Start),
            ("Конец", Field::End),
            ("Дата и время", Field::Timestamp),
            ("Күні", Field::Date),
            ("Очередь", Field::Queue),
            ("Кезек", Field::Queue),
            ("Тіл", Field::Language),
            ("Арна", Field::Channel),
            ("Оценка клиента", Field::Csat),
            ("Баға", Field::Csat),
        ] {
            assert_eq!(field(name).map(|f| f.0), Some(wanted), "{name}");
        }
        assert_eq!(field("BeginOffsetMillis").map(|f| (f.0, f.2)), Some((Field::Start, 1000.0)));
        assert_eq!(field("start (s)").map(|f| (f.0, f.2)), Some((Field::Start, 1.0)));
        assert_eq!(field("sentiment"), None);
        assert_eq!(field(""), None);
    }

    #[test]
    fn a_name_stands_once_and_is_written_as_keys_are() {
        let mut seen = std::collections::BTreeSet::new();
        for name in NAMES.iter().flat_map(|(_, names)| *names) {
            assert_eq!(*name, key(name));
            assert!(seen.insert(name), "{name} stands twice");
        }
    }

    #[test]
    fn channels_are_told_by_words() {
        assert_eq!(channel("Звонок"), Some(Channel::Call));
        assert_eq!(channel("Қоңырау ID"), Some(Channel::Call));
        assert_eq!(channel("WhatsApp"), Some(Channel::Chat));
        assert_eq!(channel("E-mail"), Some(Channel::Email));
        assert_eq!(channel("2"), None);
        assert_eq!((yes_or_no("Иә"), yes_or_no("Нет"), yes_or_no("?")), (Some(true), Some(false), None));
    }
}
