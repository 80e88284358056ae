//! What do labelled sets add to the phrases?
//!
//! A linear model over words, pairs of neighbouring words, and pieces of words. For each *head* (a measure, or an act that is hard
//! to tell by phrases alone) every feature has a weight; a turn's share is the sum of the weights of its features,
//! tempered by its length. Weights are whole thousandths, so sums are exact and do not depend on their order.
//!
//! It is fitted to what the acts leave open (`crate::train`); a turn whose language is not known has acts alone.
//! `data/learned/weights.tsv` names its sets, their sizes and the fit.

mod weights;

use std::collections::HashMap;
use std::sync::OnceLock;

use tokenizers::Model as _;
use tokenizers::models::bpe::BPE;

pub use weights::{Mistake, Table};

/// What the model speaks to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum Head {
    /// The measure empathy.
    Empathy,
    /// The measure politeness.
    Politeness,
    /// The measure positivity.
    Positivity,
    /// The measure calm.
    Calm,
    /// The measure distress.
    Distress,
    /// The measure offering.
    Offering,
    /// The measure refusing.
    Refusing,
    /// The measure understanding.
    Understanding,
    /// The measure contentment.
    Contentment,
    /// The measure concern.
    Concern,
    /// The measure easing.
    Easing,
    /// The measure deflecting.
    Deflecting,
    /// The measure harshness.
    Harshness,
    /// The measure concluding.
    Concluding,
    /// The measure inviting.
    Inviting,
    /// The measure parting.
    Parting,
    /// Whether an agent's turn says goodbye.
    Farewell,
    /// Whether an agent's turn offers more help.
    OfferMoreHelp,
    /// Whether a customer's sentence says goodbye.
    CustomerFarewell,
    /// Whether a customer's sentence thanks.
    CustomerThanks,
}

impl Head {
    /// Every head, in the order of the weights.
    pub const ALL: [Head; HEADS] = [
        Head::Empathy,
        Head::Politeness,
        Head::Positivity,
        Head::Calm,
        Head::Distress,
        Head::Offering,
        Head::Refusing,
        Head::Understanding,
        Head::Contentment,
        Head::Concern,
        Head::Easing,
        Head::Deflecting,
        Head::Harshness,
        Head::Concluding,
        Head::Inviting,
        Head::Parting,
        Head::Farewell,
        Head::OfferMoreHelp,
        Head::CustomerFarewell,
        Head::CustomerThanks,
    ];

    /// As in files.
    pub fn name(self) -> &'static str {
        match self {
            Head::Empathy => "empathy",
            Head::Politeness => "politeness",
            Head::Positivity => "positivity",
            Head::Calm => "calm",
            Head::Distress => "distress",
            Head::Offering => "offering",
            Head::Refusing => "refusing",
            Head::Understanding => "understanding",
            Head::Contentment => "contentment",
            Head::Concern => "concern",
            Head::Easing => "easing",
            Head::Deflecting => "deflecting",
            Head::Harshness => "harshness",
            Head::Concluding => "concluding",
            Head::Inviting => "inviting",
            Head::Parting => "parting",
            Head::Farewell => "closing.farewell",
            Head::OfferMoreHelp => "closing.offer_more_help",
            Head::CustomerFarewell => "customer.farewell",
            Head::CustomerThanks => "customer.thanks",
        }
    }
}

/// Number of heads.
pub const HEADS: usize = 20;
/// Thousandths of a logit for each head.
pub type Weights = [i16; HEADS];
/// Sums of weights.
pub type Sums = [i32; HEADS];

/// What the model knows of a word.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Word {
    /// The weights of the word and of its pieces.
    pub weights: Weights,
    /// Stands for the word in pairs, before another and behind one.
    key: u64,
    mixed: u64,
}

/// The fitted model.
pub struct Model {
    table: Table,
    hash: String,
    pieces: BPE,
    features: HashMap<u64, Weights, std::hash::BuildHasherDefault<Key>>,
    /// A bit for each pair that has weights, by the low bits of its key: most pairs have none.
    pairs: Vec<u64>,
    /// What somebody made of the table.
    compiled: OnceLock<Box<dyn std::any::Any + Send + Sync>>,
}

impl std::fmt::Debug for Model {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Model").field("features", &self.features.len()).finish_non_exhaustive()
    }
}

/// Keys are hashes already.
#[derive(Default)]
struct Key(u64);
impl std::hash::Hasher for Key {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|b| self.0 = self.0.rotate_left(8) ^ u64::from(*b));
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = n;
    }
}

/// Kinds of features.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// A word, folded.
    Word,
    /// Two neighbouring words; `^` and `$` stand for the beginning and the end of the turn.
    Pair,
    /// A piece of a word; `▁` stands before one that begins it.
    Piece,
}

impl Kind {
    /// As in files.
    pub fn letter(self) -> char {
        match self {
            Kind::Word => 'w',
            Kind::Pair => 'p',
            Kind::Piece => 's',
        }
    }
}

/// Before the letters of a word when it is cut into pieces.
pub const WORD_BEGINS: char = '▁';
/// Bits of the table of pairs.
const PAIR_BITS: usize = 1 << 18;
/// Before the first word of a turn.
const BEGIN: &str = "^";
/// Behind its last.
const END: &str = "$";

impl Model {
    /// The model that comes with the program.
    ///
    /// # Errors
    /// A mistake in its files; the tests see to it that there is none.
    pub fn built_in() -> Result<&'static Model, Mistake> {
        static MODEL: OnceLock<Result<Model, Mistake>> = OnceLock::new();
        let read = || {
            Model::parse(
                include_str!("../../data/learned/weights.tsv"),
                include_str!("../../data/learned/subwords.json"),
            )
        };
        MODEL.get_or_init(read).as_ref().map_err(Clone::clone)
    }

    /// Reads a model: its table of weights and its pieces of words.
    ///
    /// # Errors
    /// The first mistake, with its line.
    pub fn parse(weights: &str, pieces: &str) -> Result<Model, Mistake> {
        let pieces: BPE =
            serde_json::from_str(pieces).map_err(|e| Mistake { line: e.line(), message: e.to_string() })?;
        Ok(Model { hash: digest(weights), ..Model::new(Table::parse(weights)?, pieces) })
    }

    /// A model of these weights and pieces.
    pub fn new(table: Table, pieces: BPE) -> Model {
        let mut features: HashMap<u64, Weights, _> = HashMap::default();
        let mut pairs = vec![0_u64; PAIR_BITS / 64];
        for (kind, text, weights) in &table.features {
            let key = match kind {
                Kind::Pair => {
                    let (a, b) = text.split_once(' ').unwrap_or((text, ""));
                    let key = pair(word_key(a), word_key(b));
                    let bit = key as usize % PAIR_BITS;
                    pairs[bit / 64] |= 1 << (bit % 64);
                    key
                }
                Kind::Word => word_key(text),
                Kind::Piece => piece_key(text),
            };
            features.insert(key, *weights);
        }
        Model { table, hash: String::new(), pieces, features, pairs, compiled: OnceLock::new() }
    }

    /// The first 16 hexadecimal digits of the SHA-256 of its weights; empty for one that was never a file.
    pub fn hash(&self) -> &str {
        &self.hash
    }

    /// The table behind it.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// What `make` makes of the table the first time; kept, so that it is made once.
    pub(crate) fn compiled(
        &self,
        make: impl FnOnce() -> Box<dyn std::any::Any + Send + Sync>,
    ) -> &(dyn std::any::Any + Send + Sync) {
        &**self.compiled.get_or_init(make)
    }

    /// What is known of a folded word.
    pub fn word(&self, folded: &str) -> Word {
        let key = word_key(folded);
        let mut sums = Sums::default();
        add(&mut sums, self.features.get(&key));
        self.each_piece(folded, |piece| add(&mut sums, self.features.get(&piece_key(piece))));
        let mut weights = Weights::default();
        for (w, s) in weights.iter_mut().zip(sums) {
            *w = s.clamp(i32::from(i16::MIN), i32::from(i16::MAX)) as i16;
        }
        Word { weights, key, mixed: mix(key) }
    }

    /// Calls `f` with each piece of a folded word.
    pub fn each_piece(&self, folded: &str, mut f: impl FnMut(&str)) {
        // Very long words are no words; cutting one up would take long.
        if folded.len() <= 64
            && let Ok(tokens) = self.pieces.tokenize(&format!("{WORD_BEGINS}{folded}"))
        {
            tokens.iter().for_each(|t| f(&t.value));
        }
    }

    /// The weights of two neighbouring words; `None` stands for the beginning or the end of the turn.
    #[inline]
    pub fn pair(&self, before: Option<&Word>, behind: Option<&Word>) -> Option<&Weights> {
        let key = joined(before.map_or_else(begin, |w| w.key), behind.map_or_else(|| mix(end()), |w| w.mixed));
        let bit = key as usize % PAIR_BITS;
        if self.pairs[bit / 64] >> (bit % 64) & 1 == 0 { None } else { self.features.get(&key) }
    }

    /// The sums of a stretch of words.
    pub fn sums<'w>(&self, words: impl IntoIterator<Item = &'w Word>) -> Sums {
        let mut sums = Sums::default();
        let mut before: Option<&Word> = None;
        for word in words {
            add(&mut sums, Some(&word.weights));
            add(&mut sums, self.pair(before, Some(word)));
            before = Some(word);
        }
        if before.is_some() {
            add(&mut sums, self.pair(before, None));
        }
        sums
    }
}

/// Adds weights to sums.
#[inline]
pub fn add(sums: &mut Sums, weights: Option<&Weights>) {
    if let Some(weights) = weights {
        sums.iter_mut().zip(weights).for_each(|(s, w)| *s += i32::from(*w));
    }
}

/// What a sum over so many words counts, in logits: a long turn has more features and is not for that more of anything.
pub fn tempered(sum: i32, words: usize) -> f64 {
    f64::from(sum) / 1000.0 * temper(words)
}

/// The factor by which the sum over so many words is tempered.
pub fn temper(words: usize) -> f64 {
    (18.0 / (8.0 + words as f64)).sqrt()
}

fn digest(text: &str) -> String {
    use sha2::Digest as _;
    sha2::Sha256::digest(text.as_bytes()).iter().take(8).map(|b| format!("{b:02x}")).collect()
}

fn begin() -> u64 {
    word_key(BEGIN)
}

fn end() -> u64 {
    word_key(END)
}

fn word_key(word: &str) -> u64 {
    hash(0x77, word)
}

fn piece_key(piece: &str) -> u64 {
    hash(0x73, piece)
}

fn pair(a: u64, b: u64) -> u64 {
    joined(a, mix(b))
}

/// The key of a pair whose second word is mixed already.
fn joined(a: u64, mixed: u64) -> u64 {
    mix(a.rotate_left(21) ^ mixed)
}

fn hash(seed: u64, text: &str) -> u64 {
    let mut h = seed.wrapping_mul(0x9FB2_1C65_1E98_DF25) ^ text.len() as u64;
    let mut rest = text.as_bytes();
    while let Some((head, tail)) = rest.split_first_chunk::<8>() {
        h = mix(h ^ u64::from_le_bytes(*head));
        rest = tail;
    }
    let mut last = [0_u8; 8];
    last[..rest.len()].copy_from_slice(rest);
    mix(h ^ u64::from_le_bytes(last))
}

fn mix(x: u64) -> u64 {
    let wide = u128::from(x ^ 0xA076_1D64_78BD_642F) * 0xE703_7ED1_A0B4_28DB;
    (wide as u64) ^ ((wide >> 64) as u64)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(lines: &str) -> Model {
        let pieces = r#"{"type":"BPE","dropout":null,"unk_token":null,"continuing_subword_prefix":null,"end_of_word_suffix":null,"fuse_unk":false,"byte_fallback":false,"ignore_merges":false,"vocab":{"▁":0,"s":1,"o":2,"n":3,"▁s":4,"▁so":5},"merges":[["▁","s"],["▁s","o"]]}"#;
        let header = format!("head\t\t{}\n", Head::ALL.map(Head::name).join("\t"));
        Model::parse(&(header + lines), pieces).unwrap()
    }

    #[test]
    fn words_pieces_and_pairs_add_up() {
        let m = model("w\tsoon\t100\np\t^ soon\t\t20\np\tsoon $\t3\ns\tn\t-7\ns\t▁so\t5\n");
        let soon = m.word("soon");
        assert_eq!(soon.weights[0], 100 - 7 + 5);
        let sums = m.sums(&[soon]);
        assert_eq!((sums[0], sums[1]), (98 + 3, 20));
        assert_eq!(m.sums(&[soon, soon])[0], 98 * 2 + 3, "each word counts, the end once");
        assert_eq!(m.sums(&[]), Sums::default());
        assert_eq!(m.word("xyz").weights, Weights::default());
    }

    #[test]
    fn length_tempers() {
        assert!((tempered(1000, 10) - 1.0).abs() < 1e-9);
        assert!(tempered(1000, 100) < 0.5);
    }

    #[test]
    fn the_model_that_comes_along_is_right_and_names_its_sets() {
        let m = Model::built_in().unwrap();
        assert!(m.table().notes.iter().any(|n| n.contains("goemotions")), "{:?}", m.table().notes);
        assert!(m.features.len() > 1000);
        let (good, bad) = (m.word("thanks"), m.word("stupid"));
        assert!(good.weights[Head::Calm as usize] > bad.weights[Head::Calm as usize]);
    }
}
