//! Which of English, Russian and Kazakh is a turn in?
//!
//! Most turns are decided by script and by common words, which are looked up once for each distinct word: a Kazakh letter
//! or a common Kazakh word votes for Kazakh, a common Russian word for Russian. A Cyrillic turn that these leave open is
//! given to lingua, restricted to Russian and Kazakh. A turn too short to tell takes the conversation's language.

use std::sync::OnceLock;

use lingua::{Language as L, LanguageDetector, LanguageDetectorBuilder};

use super::fold::{is_latin, skeleton};
use crate::model::Language;

/// What one word says about the language.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Vote {
    /// Nothing: a number.
    #[default]
    None,
    /// Latin letters: English, unless Kazakh in Latin script wins.
    Latin,
    /// A common Kazakh word in Latin script.
    KazakhLatin,
    /// A common Russian word or letters that Kazakh words hardly have.
    Russian,
    /// A common Kazakh word or a Kazakh letter.
    Kazakh,
    /// Cyrillic that could be either.
    Cyrillic,
}

/// Votes of the words of a turn or of a conversation.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Votes([u32; 6]);

impl Votes {
    /// Counts one word.
    #[inline]
    pub fn add(&mut self, vote: Vote) {
        self.0[vote as usize] += 1;
    }
    /// Counts all words of another.
    pub fn merge(&mut self, other: &Votes) {
        for (a, b) in self.0.iter_mut().zip(other.0) {
            *a += b;
        }
    }
    fn of(&self, vote: Vote) -> u32 {
        self.0[vote as usize]
    }

    /// Whether most words are in Latin letters.
    pub fn mostly_latin(&self) -> bool {
        let latin = self.of(Vote::Latin) + self.of(Vote::KazakhLatin);
        latin > self.of(Vote::Russian) + self.of(Vote::Kazakh) + self.of(Vote::Cyrillic)
    }

    /// The language and how sure it is (0..=1), or `None` when the words do not decide it.
    ///
    /// `text` is only read when votes are even and there are at least three Cyrillic words.
    pub fn decide(&self, text: &str) -> Option<(Language, f32)> {
        let latin = self.of(Vote::Latin) + self.of(Vote::KazakhLatin);
        let cyrillic = self.of(Vote::Russian) + self.of(Vote::Kazakh) + self.of(Vote::Cyrillic);
        let all = latin + cyrillic;
        if all == 0 {
            return None;
        }
        let share = |n: u32| n as f32 / all as f32;
        if latin > cyrillic {
            let kazakh = self.of(Vote::KazakhLatin);
            if kazakh * 4 >= latin && kazakh > 0 {
                return Some((Language::Kazakh, 0.5 + share(kazakh) / 2.0));
            }
            return (latin >= 2).then(|| (Language::English, share(latin)));
        }
        let (russian, kazakh) = (self.of(Vote::Russian), self.of(Vote::Kazakh));
        // A word with a Kazakh letter decides more than a Russian word said inside Kazakh talk.
        match (russian, kazakh * 2) {
            (r, k) if k > r => {
                Some((Language::Kazakh, share(cyrillic) * (0.5 + 0.5 * (k - r) as f32 / (k + r) as f32)))
            }
            (r, k) if r > k => {
                Some((Language::Russian, share(cyrillic) * (0.5 + 0.5 * (r - k) as f32 / (k + r) as f32)))
            }
            _ if cyrillic >= 3 => lingua(text).map(|l| (l, 0.6)),
            _ => None,
        }
    }
}

fn lingua(text: &str) -> Option<Language> {
    static DETECTOR: OnceLock<LanguageDetector> = OnceLock::new();
    let detector =
        DETECTOR.get_or_init(|| LanguageDetectorBuilder::from_languages(&[L::Russian, L::Kazakh, L::English]).build());
    // A few hundred characters decide as well as a whole letter.
    let cut = text.char_indices().nth(400).map_or(text.len(), |(i, _)| i);
    match detector.detect_language_of(&text[..cut])? {
        L::Russian => Some(Language::Russian),
        L::Kazakh => Some(Language::Kazakh),
        L::English => Some(Language::English),
    }
}

/// Common words of Russian that are not Kazakh words, folded.
const RUSSIAN: &str = "и в во не на я что он с со как это по но вы мы они она из у за то все так его для уже от же ваш ваша ваше вам вас мне меня нас нам \
    если или когда где почему только еще был была было были быть будет есть нет да до при без чтобы тоже очень можно нужно надо могу можете может пожалуйста \
    спасибо здравствуйте добрый день хорошо сейчас просто который которая которые этот эта эти того этого тут там здесь свой наш наша наши ли бы вот ничего \
    понимаю понял поняла извините подскажите скажите деньги заказ минуту потому после через также свидания всего вопрос помочь чем";

/// Common words of Kazakh, folded (so also as typed with Russian letters), that are not Russian words.
const KAZAKH: &str = "мен сен сиз ол биз олар бул сол осы жане бирак немесе ушин туралы бойынша арылы аркылы кейин дейин бар жок емес кандай калай кашан кайда неге \
    ким сизге сиздин сизден маган менин мени бизге биздин бизде оны онын оган керек болады болса болды болып бола екен еди едим деп дейди рахмет ракмет салеметсиз \
    бе ме ба ма ше гой жаксы жарайды ия иа кешириниз кеширим отинем отиниш бериниз айтыныз айтынызшы кутиниз казир бугин ертен кеше ете аламын аласыз алмаймын \
    отыр отырмын жатыр жатырмын турмын тур турсыз кош болыныз бизбен сурак сурактарыныз комек комектесе косымша тагы баска барлык когда емеспиз кайта алдым \
    алдын бердим келеди келди келмеди болмай ошип шыкты шыгып истемейди козгалмай номирини номир нешинши акша акшам калды калай кандай ештене ештеме рас шын \
    ани мына мынау анау сосын сонда онда сау кай кайсы канша неше ата апа ага";

/// Kazakh words in Latin script that are also English words; they do not vote.
const NOT_IN_LATIN: &str = "men bar sen on sol at bul bola ata tur ma me ba be she apa aga mini rat ram ne osy any saw";

fn list(words: &'static str, cell: &'static OnceLock<Vec<&'static str>>) -> &'static [&'static str] {
    cell.get_or_init(|| {
        let mut v: Vec<_> = words.split_ascii_whitespace().collect();
        v.sort_unstable();
        v
    })
}

fn kazakh_skeletons() -> &'static [String] {
    static CELL: OnceLock<Vec<String>> = OnceLock::new();
    CELL.get_or_init(|| {
        let mut v: Vec<_> = KAZAKH.split_ascii_whitespace().map(skeleton).collect();
        v.sort_unstable();
        v
    })
}

/// Endings of Kazakh verbs and persons, as skeletons, that Russian and English words do not have.
const KAZAKH_ENDINGS: &[&str] = &[
    "маиди",
    "меиди",
    "паиди",
    "пеиди",
    "баиди",
    "беиди",
    "сиздар",
    "сиздер",
    "иниз",
    "низдар",
    "низдер",
    "ларга",
    "лерге",
    "дарга",
    "дерге",
    "маимин",
    "меимин",
    "тирмин",
    "тамиз",
    "асиз",
    "есиз",
    "аниз",
    "ениз",
    "амиз",
    "емиз",
    "аимиз",
    "еимиз",
    "паимин",
    "пеимин",
    "баимин",
    "беимин",
    "ипти",
    "аисиз",
    "еисиз",
];

fn ends_kazakh(skeleton: &str) -> bool {
    skeleton.chars().count() >= 6 && KAZAKH_ENDINGS.iter().any(|e| skeleton.ends_with(e))
}

/// What a word says; `original` as written, `folded` by [`super::fold`].
pub fn vote(original: &str, folded: &str) -> Vote {
    static RU: OnceLock<Vec<&str>> = OnceLock::new();
    static KK: OnceLock<Vec<&str>> = OnceLock::new();
    if !folded.chars().any(char::is_alphabetic) {
        return Vote::None;
    }
    if is_latin(folded) {
        let kazakh = folded.chars().any(|c| "äğıñŋöşūүəқ".contains(c))
            || (!NOT_IN_LATIN.split(' ').any(|w| w == folded)
                && folded.len() > 2
                && (kazakh_skeletons().binary_search(&skeleton(folded)).is_ok() || ends_kazakh(&skeleton(folded))));
        return if kazakh { Vote::KazakhLatin } else { Vote::Latin };
    }
    if original.chars().any(|c| "әғқңөұүһіӘҒҚҢӨҰҮҺІ".contains(c)) {
        return Vote::Kazakh;
    }
    let russian = list(RUSSIAN, &RU).binary_search(&folded).is_ok();
    let kazakh = list(KAZAKH, &KK).binary_search(&folded).is_ok();
    let kazakh = kazakh || (!russian && ends_kazakh(&skeleton(folded)));
    match (russian, kazakh) {
        (true, false) => Vote::Russian,
        (false, true) => Vote::Kazakh,
        // Letters that native Kazakh words do not have.
        _ if folded.chars().any(|c| "щцьъэчфв".contains(c)) => Vote::Russian,
        _ => Vote::Cyrillic,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::{fold, scan};

    fn language(text: &str) -> Option<Language> {
        let (mut words, mut votes) = (Vec::new(), Votes::default());
        scan(text, &mut words);
        for w in words {
            let word = &text[w.start as usize..w.end as usize];
            votes.add(vote(word, &fold(word)));
        }
        votes.decide(text).map(|(l, _)| l)
    }

    #[test]
    fn the_three_languages_are_told_apart() {
        use Language::*;
        for (text, want) in [
            ("Could you please check my order", English),
            ("Any other questions?", English),
            ("Подскажите пожалуйста где мой заказ", Russian),
            ("Сәлеметсіз бе, тапсырысым қайда?", Kazakh),
            ("салеметсиз бе тапсырысым кайда екен", Kazakh),
            ("salemetsiz be maghan komek kerek", Kazakh),
            ("интернет қосылмай жатыр помогите", Kazakh),
            ("не работает интернет с утра", Russian),
            ("ok thank you", English),
            ("заявка номер сорок два", Russian),
            ("Кондиционер суытпайды", Kazakh),
            ("internet istemeidi", Kazakh),
            ("сосын не болыпты", Kazakh),
            ("уакытында жибермейсиз", Kazakh),
            ("сервиспен айналыспаймыз", Kazakh),
            ("механизм не закрывается", Russian),
            ("мы вас видим и слышим", Russian),
        ] {
            assert_eq!(language(text), Some(want), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_told_is_left_open() {
        for text in ["", "12345", "ок", "ok"] {
            assert_eq!(language(text), None, "{text:?}");
        }
    }
}
