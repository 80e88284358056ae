//! Compiles all phrases of all languages into one automaton over words.
//!
//! Letters of the automaton are *symbols*: a literal word, the beginning of a word (`извин*`), a number, or a set of
//! words. A word of the text belongs to a *class*, the set of symbols it satisfies. Patterns share their beginnings.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::BuildHasher as _;

use super::acts::Act;
use super::automaton::{Accept, Automaton, ROOT, START, key};
use super::contractions::expand;
use super::file::{Content, LexiconFile, Mistake, Negation};
use super::pattern::{Node, Pattern};
use super::vocabulary::{NUMBER, NegationRole, Spread, Vocabulary, WordMap};
use crate::model::Language;
use crate::text::skeleton;

/// Branches of a pattern that are carried on side by side; more are joined in one node.
const MAX_BRANCHES: usize = 12;
/// Most nodes one pattern may add.
const MAX_NODES: u32 = 50_000;
/// Words of an alternative from which on it becomes one symbol instead of many paths.
const SET_FROM: usize = 4;

/// A phrase of the lexicon.
#[derive(Debug)]
pub struct Rule {
    /// The act it finds, or whose look-alike it is.
    pub act: Act,
    /// Of its file.
    pub language: Language,
    /// 0..=1.
    pub strength: f32,
    /// As written.
    pub pattern: String,
    /// Whether a negator is among its own words: then one inside a match does not negate it.
    pub holds_negator: bool,
    /// A look-alike: drops matches of its act that it overlaps.
    pub bar: bool,
    /// What negation in front of it does.
    pub negation: Negation,
    /// The act it turns into when negated.
    pub flipped: Option<Act>,
    /// File and line.
    pub place: (String, usize),
    /// The same in short: `lang/act:line`.
    pub label: Box<str>,
}

/// What is asked of a rule whenever it is met, apart from its texts so that it stays in the processor's cache.
#[derive(Clone, Copy, Debug)]
pub(super) struct Brief {
    /// Its place in the order in which matches are settled: by act, look-alikes first, then by falling strength. 16 bits.
    pub rank: u32,
    /// 0..=1.
    pub strength: f32,
    /// Bits of the speakers whose turns can carry it, negated or not.
    pub speakers: u8,
    pub act: Act,
    /// The act it turns into when negated.
    pub flipped: Option<Act>,
    pub language: Language,
    pub bar: bool,
    pub holds_negator: bool,
    /// Whether negation undoes or turns it.
    pub negatable: bool,
}

impl Rule {
    pub(super) fn brief(&self) -> Brief {
        let weakness = STRENGTHS.iter().position(|s| *s == self.strength).unwrap_or(STRENGTHS.len());
        Brief {
            rank: u32::from(self.act.0) << 3 | u32::from(!self.bar) << 2 | weakness as u32,
            strength: self.strength,
            speakers: self.act.info().by.bits() | self.flipped.map_or(0, |f| f.info().by.bits()),
            act: self.act,
            flipped: self.flipped,
            language: self.language,
            bar: self.bar,
            holds_negator: self.holds_negator,
            negatable: self.negation != Negation::Keep,
        }
    }
}

/// Of strong, ordinary and weak wording, falling.
const STRENGTHS: [f32; 3] = [1.0, 0.8, 0.5];

struct Builder {
    vocabulary: Vocabulary,
    literals: WordMap<u32>,
    prefixes: WordMap<u32>,
    groups: HashMap<(u8, Vec<String>), u32, Spread>,
    nodes: u32,
    edges: HashMap<u64, u32, Spread>,
    /// Node, most words, node behind.
    gaps: Vec<(u32, u8, u32)>,
    /// Node and most words → node behind.
    gap_of: HashMap<u64, u32, Spread>,
    accepts: Vec<(u32, Accept)>,
    language: Language,
    /// Kazakh words that are findable in Latin script already: symbol and hash of the word.
    in_latin: HashSet<(u32, u64), Spread>,
    /// Nodes there were before the pattern at hand.
    first_node: u32,
}

/// Compiled phrases.
#[derive(Debug)]
pub(super) struct Compiled {
    pub automaton: Automaton,
    pub vocabulary: Vocabulary,
    pub rules: Vec<Rule>,
}

/// Compiles lexicon files: what is right in them, and every mistake.
pub(super) fn compile(files: &[LexiconFile]) -> (Compiled, Vec<Mistake>) {
    let mut mistakes = Vec::new();
    let mut b = Builder {
        vocabulary: Vocabulary { symbols: NUMBER + 1, ..Vocabulary::default() },
        literals: WordMap::default(),
        prefixes: WordMap::default(),
        groups: HashMap::default(),
        nodes: START + 1,
        edges: HashMap::default(),
        gaps: Vec::new(),
        gap_of: HashMap::default(),
        accepts: Vec::new(),
        language: Language::English,
        in_latin: HashSet::default(),
        first_node: 0,
    };
    let sets = read_sets(files, &mut b, &mut mistakes);
    let mut rules = Vec::new();
    for file in files {
        let Content::Act(content) = &file.content else { continue };
        b.language = file.language;
        let mut fail = |line: usize, message: String| mistakes.push(Mistake { file: file.path.clone(), line, message });
        let Some(act) = Act::named(content.act.get_ref()) else {
            fail(
                file.line(&content.act),
                format!("there is no act {:?}; `sabyr lexicon acts` lists them", content.act.get_ref()),
            );
            continue;
        };
        let flipped = content.flipped.as_ref().and_then(|f| Act::named(f.get_ref()));
        if (content.negation == Negation::Flip) != flipped.is_some() {
            let line = content.flipped.as_ref().map_or(0, |f| file.line(f));
            fail(line, "negation = \"flip\" goes together with flipped = \"an.act\" that exists".into());
        }
        let lists = [
            (&content.strong, STRENGTHS[0], false),
            (&content.phrases, STRENGTHS[1], false),
            (&content.weak, STRENGTHS[2], false),
            (&content.unless, STRENGTHS[0], true),
        ];
        for (list, strength, bar) in lists {
            for written in list {
                let line = file.line(written);
                let rule = rules.len() as u32;
                match b.add(written.get_ref(), rule, &sets) {
                    Ok(holds_negator) => rules.push(Rule {
                        holds_negator,
                        act,
                        language: file.language,
                        strength,
                        pattern: written.get_ref().clone(),
                        bar,
                        negation: content.negation,
                        flipped,
                        place: (file.path.clone(), line),
                        label: format!("{}:{line}", file.path.trim_end_matches(".toml")).into(),
                    }),
                    Err(message) => fail(line, format!("{:?}: {message}", written.get_ref())),
                }
            }
        }
    }
    mistakes.sort_by(|a, b| (&a.file, a.line).cmp(&(&b.file, b.line)));
    let automaton = Automaton::freeze(b.nodes, b.vocabulary.symbols, b.edges, b.gaps, b.accepts);
    (Compiled { automaton, vocabulary: b.vocabulary, rules }, mistakes)
}

type Sets = BTreeMap<(Language, String), Set>;

/// A named set with what is worked out of it once.
struct Set {
    members: Node,
    /// Symbol of its single words, once a pattern asked for it, and its other members.
    symbol: std::cell::OnceCell<(Option<u32>, Vec<Node>)>,
    negates: std::cell::OnceCell<bool>,
}

fn read_sets(files: &[LexiconFile], b: &mut Builder, mistakes: &mut Vec<Mistake>) -> Sets {
    let mut sets: Sets = BTreeMap::new();
    for file in files {
        let Content::Sets(content) = &file.content else { continue };
        for (name, members) in &content.sets {
            let mut nodes = Vec::new();
            let kind = match name.as_str() {
                "negator" => Some(NegationRole::BEFORE),
                "negator_near" => Some(NegationRole::NEAR),
                "negator_after" => Some(NegationRole::AFTER),
                "clause_break" => Some(NegationRole::BREAK),
                "function_word" => Some(NegationRole::FUNCTION),
                _ => None,
            };
            for member in members {
                let mistake = |message: String| Mistake {
                    file: file.path.clone(),
                    line: file.line(member),
                    message: format!("{:?}: {message}", member.get_ref()),
                };
                match Pattern::parse(member.get_ref()) {
                    Ok(p) if p.at_start || p.at_end => mistakes.push(mistake("^ and $ have no place in a set".into())),
                    Ok(p) => {
                        if let Some(kind) = kind {
                            let role = match &p.root {
                                Node::Word(w) => b.vocabulary.roles.entry(w.clone()),
                                Node::Prefix(w) => b.vocabulary.role_prefixes.entry(w.clone()),
                                _ => {
                                    mistakes.push(mistake(format!("the set {name} takes single words only")));
                                    continue;
                                }
                            };
                            *role.or_default() |= NegationRole::bit(kind, file.language);
                        }
                        nodes.push(expand(p.root));
                    }
                    Err(message) => mistakes.push(mistake(message)),
                }
            }
            let set = sets.entry((file.language, name.clone())).or_insert_with(|| Set {
                members: Node::Alt(Vec::new()),
                symbol: std::cell::OnceCell::new(),
                negates: std::cell::OnceCell::new(),
            });
            if let Node::Alt(all) = &mut set.members {
                all.append(&mut nodes);
            }
        }
    }
    sets
}

impl Builder {
    /// Adds a pattern and returns whether it holds a negator itself.
    fn add(&mut self, written: &str, rule: u32, sets: &Sets) -> Result<bool, String> {
        let pattern = Pattern::parse(written)?;
        self.first_node = self.nodes;
        let root = if self.language == Language::English { expand(pattern.root) } else { pattern.root };
        let start = if pattern.at_start { START } else { ROOT };
        let ends = self.insert(&[start], &root, sets, 0)?;
        for end in ends {
            self.accepts.push((end, Accept { rule, at_end: pattern.at_end }));
        }
        Ok(self.negates(&root, sets, 0))
    }

    fn negates(&self, node: &Node, sets: &Sets, depth: usize) -> bool {
        let bits = NegationRole::bit(NegationRole::BEFORE, self.language)
            | NegationRole::bit(NegationRole::NEAR, self.language);
        let role = |map: &WordMap<u16>, key: &str| map.get(key).is_some_and(|r| r & bits != 0);
        let v = &self.vocabulary;
        match node {
            Node::Word(w) => {
                role(&v.roles, w)
                    || w.char_indices().skip(1).any(|(i, c)| role(&v.role_prefixes, &w[..i + c.len_utf8()]))
            }
            Node::Prefix(p) => role(&v.role_prefixes, p),
            Node::Set(name) => {
                depth < 12
                    && sets
                        .get(&(self.language, name.clone()))
                        .is_some_and(|s| *s.negates.get_or_init(|| self.negates(&s.members, sets, depth + 1)))
            }
            Node::Seq(items) | Node::Alt(items) => items.iter().any(|i| self.negates(i, sets, depth)),
            Node::Opt(inner) => self.negates(inner, sets, depth),
            Node::Number | Node::Gap(_) => false,
        }
    }

    fn insert(&mut self, from: &[u32], node: &Node, sets: &Sets, depth: usize) -> Result<Vec<u32>, String> {
        if depth > 12 {
            return Err("sets refer to each other more than a few levels deep".into());
        }
        let ends = match node {
            Node::Word(w) => {
                let s = self.literal(w);
                from.iter().map(|n| self.step(*n, s)).collect()
            }
            Node::Prefix(p) => {
                let s = self.prefix(p);
                from.iter().map(|n| self.step(*n, s)).collect()
            }
            Node::Number => from.iter().map(|n| self.step(*n, NUMBER)).collect(),
            Node::Gap(max) => from.iter().map(|n| self.gap(*n, *max)).collect::<Result<_, _>>()?,
            Node::Set(name) => {
                let set = sets
                    .get(&(self.language, name.clone()))
                    .ok_or_else(|| format!("there is no set @{name} in {}/sets.toml", self.language.code()))?;
                let (symbol, rest) = set.symbol.get_or_init(|| self.set_symbol(&set.members));
                let mut at: Vec<u32> = match symbol {
                    Some(s) => from.iter().map(|n| self.step(*n, *s)).collect(),
                    None => Vec::new(),
                };
                for member in rest {
                    at.extend(self.insert(from, member, sets, depth + 1)?);
                }
                at
            }
            Node::Seq(items) => {
                let mut at = from.to_vec();
                for item in items {
                    at = self.insert(&at, item, sets, depth)?;
                    if at.len() > MAX_BRANCHES {
                        at = vec![self.join(&at)];
                    }
                }
                at
            }
            Node::Opt(inner) => {
                let mut at = from.to_vec();
                at.extend(self.insert(from, inner, sets, depth)?);
                at
            }
            Node::Alt(items) => {
                let (mut single, rest): (Vec<&Node>, Vec<&Node>) =
                    items.iter().partition(|i| matches!(i, Node::Word(_) | Node::Prefix(_)));
                let mut at = Vec::new();
                if single.len() >= SET_FROM {
                    let s = self.group(&single);
                    at.extend(from.iter().map(|n| self.step(*n, s)).collect::<Vec<_>>());
                    single.clear();
                }
                for item in single.into_iter().chain(rest) {
                    at.extend(self.insert(from, item, sets, depth)?);
                }
                at
            }
        };
        let mut ends: Vec<u32> = ends;
        ends.sort_unstable();
        ends.dedup();
        if self.nodes - self.first_node > MAX_NODES {
            return Err("it can be said in too many ways; split it".into());
        }
        Ok(ends)
    }

    /// The symbol of a set's single words, and its longer members.
    fn set_symbol(&mut self, members: &Node) -> (Option<u32>, Vec<Node>) {
        let Node::Alt(items) = members else { return (None, vec![members.clone()]) };
        let (single, rest): (Vec<&Node>, Vec<&Node>) =
            items.iter().partition(|i| matches!(i, Node::Word(_) | Node::Prefix(_)));
        let symbol = (!single.is_empty()).then(|| self.group(&single));
        (symbol, rest.into_iter().cloned().collect())
    }

    fn step(&mut self, node: u32, symbol: u32) -> u32 {
        let child = *self.edges.entry(key(node, symbol)).or_insert(self.nodes);
        self.nodes += u32::from(child == self.nodes);
        child
    }

    /// One node of the pattern's own behind several, reached without a word (a gap of none).
    fn join(&mut self, ends: &[u32]) -> u32 {
        let joined = self.nodes;
        self.nodes += 1;
        self.gaps.extend(ends.iter().map(|end| (*end, 0, joined)));
        joined
    }

    fn gap(&mut self, node: u32, max: u8) -> Result<u32, String> {
        if node == ROOT {
            return Err("a gap cannot come first".into());
        }
        let behind = *self.gap_of.entry(key(node, u32::from(max))).or_insert(self.nodes);
        if behind == self.nodes {
            self.nodes += 1;
            self.gaps.push((node, max, behind));
        }
        Ok(behind)
    }

    fn new_symbol(&mut self) -> u32 {
        self.vocabulary.symbols += 1;
        self.vocabulary.symbols - 1
    }

    fn literal(&mut self, word: &str) -> u32 {
        if let Some(&s) = self.literals.get(word) {
            self.kazakh(word, s, false);
            return s;
        }
        let s = self.new_symbol();
        self.literals.insert(word.to_owned(), s);
        self.vocabulary.words.entry(word.to_owned()).or_default().push(s);
        self.kazakh(word, s, false);
        s
    }

    fn prefix(&mut self, word: &str) -> u32 {
        if let Some(&s) = self.prefixes.get(word) {
            self.kazakh(word, s, true);
            return s;
        }
        let s = self.new_symbol();
        self.prefixes.insert(word.to_owned(), s);
        self.vocabulary.prefixes.entry(word.to_owned()).or_default().push(s);
        self.kazakh(word, s, true);
        s
    }

    /// Makes a Kazakh word findable in Latin script too.
    fn kazakh(&mut self, word: &str, symbol: u32, prefix: bool) {
        if self.language != Language::Kazakh || !self.in_latin.insert((symbol, Spread::default().hash_one(word))) {
            return;
        }
        let map = if prefix { &mut self.vocabulary.kazakh_prefixes } else { &mut self.vocabulary.kazakh_words };
        let symbols = map.entry(skeleton(word)).or_default();
        if !symbols.contains(&symbol) {
            symbols.push(symbol);
        }
    }

    fn group(&mut self, members: &[&Node]) -> u32 {
        let mut key: Vec<String> = members
            .iter()
            .map(|m| match m {
                Node::Word(w) => w.clone(),
                Node::Prefix(p) => format!("{p}*"),
                _ => String::new(),
            })
            .collect();
        key.sort_unstable();
        key.dedup();
        let key = (self.language as u8, key);
        if let Some(s) = self.groups.get(&key) {
            return *s;
        }
        let s = self.new_symbol();
        for member in &key.1 {
            let (map, word, prefix) = match member.strip_suffix('*') {
                Some(p) => (&mut self.vocabulary.prefixes, p, true),
                None => (&mut self.vocabulary.words, member.as_str(), false),
            };
            map.entry(word.to_owned()).or_default().push(s);
            let word = word.to_owned();
            self.kazakh(&word, s, prefix);
        }
        self.groups.insert(key, s);
        s
    }
}
