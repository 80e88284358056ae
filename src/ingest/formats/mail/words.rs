//! The words by which parts of letters are told, in English, Russian and Kazakh. Lower case throughout; to teach the
//! reader another phrase, add it here.

/// Sign-offs after which a name may stand on the same line.
#[rustfmt::skip]
pub const SIGN_OFFS: &[&str] = &[
    "with kind regards", "with best regards", "with best wishes", "with warm regards", "kindest regards",
    "warmest regards", "kind regards", "best regards", "warm regards", "thanks and regards", "thanks & regards",
    "many thanks and regards", "regards", "best wishes", "warm wishes", "sincerely yours", "yours sincerely",
    "yours faithfully", "yours truly", "respectfully yours", "respectfully", "sincerely", "with respect", "cordially",
    "rgds", "qurmetpen", "qūrmetpen", "kurmetpen", "hurmetpen",
    "с уважением и наилучшими пожеланиями", "с уважением и благодарностью", "с благодарностью и уважением",
    "с глубоким уважением", "с искренним уважением", "с большим уважением", "с уважением", "с наилучшими пожеланиями",
    "с лучшими пожеланиями", "с добрыми пожеланиями", "с благодарностью", "с признательностью", "с почтением",
    "искренне ваша", "искренне ваш", "с теплом", "курметпен",
    "зор құрметпен", "шынайы құрметпен", "үлкен құрметпен", "құрметпен", "ізгі ниетпен", "ізгі тілекпен",
    "ізгі тілектермен", "алғыспен", "шын жүректен", "ілтипатпен", "сәлеммен",
];

/// Words that end a letter only when they stand alone on their line.
#[rustfmt::skip]
pub const FAREWELLS: &[&str] = &[
    "thanks", "thank you", "many thanks", "thanks a lot", "thank you very much", "thanks in advance",
    "thank you in advance", "cheers", "best", "all the best", "bye", "take care", "have a nice day",
    "have a great day", "have a good day",
    "спасибо", "большое спасибо", "заранее спасибо", "спасибо заранее", "благодарю", "заранее благодарю",
    "до свидания", "всего доброго", "всего хорошего", "всего наилучшего", "хорошего дня", "удачного дня",
    "доброго дня вам", "искренне", "рахмет", "алдын ала рахмет",
    "көп рахмет", "сау болыңыз", "сау болыңыздар", "күніңіз сәтті өтсін", "сәттілік тілеймін",
];

/// What mail programs of telephones put under a letter.
#[rustfmt::skip]
pub const DEVICES: &[&str] = &[
    "sent from my", "sent from mail for", "sent from outlook", "sent from yahoo", "sent from the", "sent via",
    "sent with", "get outlook for",
    "отправлено с ", "отправлено из ", "отправлено через ", "послано с ", "скачать outlook для",
    "скачайте outlook для", "получить outlook для", "написано с ", "outlook для ",
];

/// The same where the words come last, as in Kazakh.
#[rustfmt::skip]
pub const DEVICE_ENDS: &[&str] = &[
    "құрылғымнан жіберілді", "нан жіберілді", "нен жіберілді", "дан жіберілді", "ден жіберілді", "тан жіберілді",
    "тен жіберілді", "арқылы жіберілді",
];

/// Devices and mail programs, one of which such a line names; without them "Отправлено с курьером" is speech.
#[rustfmt::skip]
pub const DEVICE_NAMES: &[&str] = &[
    "iphone", "ipad", "android", "samsung", "galaxy", "huawei", "xiaomi", "redmi", "honor", "outlook", "mail for",
    "mail.ru", "mymail", "yahoo", "gmail", "yandex", "windows", "my phone", "my mobile", "mobile device", "tablet",
    "blackberry", "proton",
    "яндекс", "смартфон", "мобильной почт", "моего телефона", "мобильного", "планшет", "телефонымнан",
    "құрылғы",
];

/// Words of people in a sentence, which no name after a sign-off has.
#[rustfmt::skip]
pub const PRONOUNS: &[&str] = &[
    "i", "i'm", "we", "you", "your", "my", "not", "to",
    "я", "мы", "вы", "вас", "вам", "мне", "нам", "к", "не", "мен",
    "біз", "сіз", "сізге",
];

/// Words before a way to reach somebody.
#[rustfmt::skip]
pub const CONTACT_LABELS: &[&str] = &[
    "tel", "phone", "mob", "mobile", "cell", "fax", "e-mail", "email", "mail", "web", "website", "site", "skype",
    "whatsapp", "telegram", "address", "office", "direct", "t", "m", "e", "w",
    "тел", "телефон", "моб", "мобильный", "факс", "сот", "раб", "вн", "доб", "почта", "эл. почта", "эл.почта", "сайт",
    "адрес", "т", "м", "байланыс", "мекенжай", "мекенжайы", "пошта", "эл. пошта",
    "ұялы", "ұялы тел",
];

/// Beginnings of legal notices, which count together with one of [`NOTICE_STEMS`].
#[rustfmt::skip]
pub const NOTICE_BEGINS: &[&str] = &[
    "this e-mail", "this email", "this message", "this communication", "this transmission", "information in this",
    "the information contained in this", "the information in this", "the information transmitted",
    "the contents of this", "the content of this", "information contained in this", "if you are not the",
    "if you have received this", "if you received this", "confidentiality", "disclaimer", "notice:",
    "important notice", "privileged and confidential", "any unauthorised", "any unauthorized", "caution",
    "warning", "please consider the environment", "please think of the environment",
    "данное сообщение", "данное электронное", "данное письмо", "настоящее сообщение", "настоящее электронное",
    "настоящее письмо", "это сообщение", "это электронное", "это письмо", "этот e-mail", "эта электронная",
    "электронное сообщение", "информация, содержащаяся в этом", "информация, содержащаяся в данном",
    "информация, содержащаяся в настоящем", "информация в этом", "информация в данном",
    "сведения, содержащиеся в", "содержание данного", "содержимое данного", "если вы не являетесь",
    "если вы получили", "если данное", "если это письмо", "если настоящее", "уведомление о конфиденциальности",
    "конфиденциальность", "внимание", "пожалуйста, подумайте", "подумайте об окружающей", "прежде чем распечат",
    "перед тем как распечат", "осы хат", "осы хабар",
    "бұл хат", "бұл электрондық", "бұл хабар", "осы электрондық", "аталған хат", "егер сіз бұл", "егер сіз осы",
    "егер бұл", "құпиялылық туралы", "құпиялық туралы", "назар аударыңыз",
];

/// Words of which a legal notice has at least one.
#[rustfmt::skip]
pub const NOTICE_STEMS: &[&str] = &[
    "confidential", "intended recipient", "intended only for", "intended solely", "privileged", "unauthorised",
    "unauthorized", "originated from outside", "consider the environment", "think of the environment",
    "received this email in error", "received this e-mail in error", "received this message in error",
    "received it in error", "received this communication in error", "received this transmission in error",
    "конфиденциальн", "не являетесь получателем", "не являетесь адресатом", "не являетесь надлежащим",
    "предназначено только", "предназначена только", "предназначены только", "предназначено исключительно",
    "предназначена исключительно", "предназначены исключительно", "исключительно для адресат",
    "письмо по ошибке", "сообщение по ошибке", "получили его по ошибке", "получено вами по ошибке",
    "окружающей сред",
    "құпия", "қателесіп алған", "қате жіберілген", "тек алушыға", "тек адресатқа", "алушы болмасаңыз",
    "алушысы болмасаңыз", "қоршаған орта",
];

/// Ends of the line above a quote: who wrote it.
#[rustfmt::skip]
pub const WROTE: &[&str] = &[
    "wrote:", "writes:",
    "пишет:", "писал:", "писала:", "писали:", "писал(а):", "писал (а):", "написал:", "написала:", "написали:",
    "написал(а):", "написал (а):", "написал(a):", "сообщил:", "сообщила:", "сообщил(а):", "жазды:",
    "жазған:", "жазған болатын:", "жіберді:", "жазып жіберді:",
];

/// Words by which a writer reminds the reader of a letter.
pub const TO_READER: &[&str] = &["you wrote", "вы писали", "вы написали", "вы пишете", "сіз жазды"];

/// What such a line begins with when it goes over several lines.
#[rustfmt::skip]
pub const WROTE_BEGINS: &[&str] = &[
    "on ", "am ", "le ", "at ", "mon", "tue", "wed", "thu", "fri", "sat", "sun",
    "пн", "вт", "ср", "чт", "пт", "сб", "вс", "понедельник", "вторник", "среда", "среду", "четверг", "пятница",
    "пятницу", "суббота", "субботу", "воскресенье", "в ", "во ", "дс", "сс", "ср,", "бс", "жм", "сн", "жс",
    "дүйсенбі", "сейсенбі", "сәрсенбі", "бейсенбі", "жұма", "сенбі", "жексенбі",
];

/// Words between dashes above a letter that is answered or forwarded.
#[rustfmt::skip]
pub const ORIGINAL: &[&str] = &[
    "original message", "original email", "original mail", "original appointment", "forwarded message",
    "forwarded by", "reply message", "reply separator",
    "исходное сообщение", "исходное письмо", "оригинальное сообщение", "первоначальное сообщение",
    "пересылаемое сообщение", "пересланное сообщение", "пересылаемое письмо", "пересланное письмо",
    "перенаправленное сообщение", "конец пересылаемого сообщения",
    "бастапқы хабарлама", "бастапқы хат", "түпнұсқа хабарлама", "түпнұсқа хат", "қайта жіберілген хабарлама",
    "қайта жіберілген хабар", "қайта жіберілген хат", "жіберілген хабарлама", "бағытталған хабар",
];

/// The same without dashes, on a line of their own.
#[rustfmt::skip]
pub const BEGIN: &[&str] = &[
    "begin forwarded message:",
    "начало переадресованного сообщения:", "начало пересылаемого сообщения:",
    "қайта жіберілген хабардың басы:", "бағытталған хабардың басы:", "қайта бағытталған хабардың басы:",
];

/// Local parts of addresses that nobody writes from.
#[rustfmt::skip]
pub const MACHINES: &[&str] = &[
    "mailer-daemon", "maildaemon", "postmaster", "no-reply", "noreply", "no_reply", "no.reply", "donotreply",
    "do-not-reply", "do_not_reply", "bounce", "bounces", "autoreply", "auto-reply", "robot", "notification",
    "notifications",
];

/// Beginnings of subjects that mail servers give to automatic answers.
#[rustfmt::skip]
pub const SUBJECTS: &[&str] = &[
    "automatic reply:", "auto-reply:", "autoreply:", "out of office:", "undeliverable:",
    "delivery status notification", "mail delivery failed",
    "автоответ:", "автоматический ответ:", "не удается доставить:", "недоставлено:", "автоматты жауап:",
    "жеткізілмеді:",
];

/// Words before a colon that mail programs put before the subject of an answer or a forwarded letter.
#[rustfmt::skip]
pub const PREFIXES: &[&str] = &[
    "re", "aw", "sv", "antw", "fwd", "fw", "wg", "ha",
    "отв", "ответ", "re отв", "на", "пересл", "пер", "переслано", "fwd пересл", "жауап",
    "қайт", "қайта жіберу", "қж",
];

/// Fields by which mail is told from other files that begin with `word:`.
#[rustfmt::skip]
pub const KNOWN: &[&str] = &[
    "bcc", "cc", "content-disposition", "content-transfer-encoding", "content-type", "date", "delivered-to",
    "dkim-signature", "from", "importance", "in-reply-to", "list-id", "message-id", "mime-version", "precedence",
    "received", "references", "reply-to", "return-path", "sender", "status", "subject", "thread-index",
    "thread-topic", "to", "user-agent", "x-mailer", "x-mozilla-status", "x-mozilla-keys", "x-original-to",
    "x-priority", "x-received", "x-spam-status", "x-gmail-labels", "x-gm-thrid", "auto-submitted", "envelope-to",
    "delivery-date",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_in_lower_case_and_stand_once() {
        for list in [
            SIGN_OFFS,
            FAREWELLS,
            DEVICES,
            DEVICE_ENDS,
            DEVICE_NAMES,
            PRONOUNS,
            CONTACT_LABELS,
            NOTICE_BEGINS,
            NOTICE_STEMS,
            WROTE,
            TO_READER,
            WROTE_BEGINS,
            ORIGINAL,
            BEGIN,
            MACHINES,
            SUBJECTS,
            PREFIXES,
            KNOWN,
        ] {
            for (i, word) in list.iter().enumerate() {
                assert_eq!(*word, word.to_lowercase());
                assert!(!word.trim().is_empty());
                assert_eq!(list.iter().position(|w| w == word), Some(i), "{word:?} stands twice");
            }
        }
    }
}
