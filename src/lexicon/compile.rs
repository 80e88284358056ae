//! Compiles all phrases of all languages into one automaton over words.
//!
//! Letters of the automaton are *symbols*: a literal word, the beginning of a word (`извин*`), a number, or a set of
//! words. A word of the text belongs to a *class*, the set of symbols it satisfies. Patterns share their beginnings.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::{BuildHasherDefault, Hasher};
use std::sync::Arc;

use super::acts::Act;
use super::contractions::expand;
use super::file::{Content, LexiconFile, Mistake, Negation};
use super::pattern::{Node, Pattern};
use crate::model::Language;
use crate::text::skeleton;

/// Symbol of a number in digits.
pub(super) const NUMBER: u32 = 1;
/// Branches of a pattern that are carried on side by side; more are joined in one node.
const MAX_BRANCHES: usize = 12;
/// Most nodes one pattern may add.
const MAX_NODES: usize = 50_000;
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
    pub label: Arc<str>,
}

/// An end of a pattern in the automaton.
#[derive(Clone, Copy, Debug)]
pub(super) struct Accept {
    pub rule: u32,
    pub at_end: bool,
}

#[derive(Debug, Default)]
struct BuildNode {
    gaps: Vec<(u8, u32)>,
    accepts: Vec<Accept>,
}

/// The automaton, frozen for matching.
#[derive(Debug)]
pub(super) struct Automaton {
    symbols: usize,
    edges_at: Vec<u32>,
    edges: Vec<(u32, u32)>,
    gaps_at: Vec<u32>,
    gaps: Vec<(u8, u32)>,
    accepts_at: Vec<u32>,
    accepts: Vec<Accept>,
}

fn key(node: u32, symbol: u32) -> u64 {
    u64::from(node) << 32 | u64::from(symbol)
}

/// Hashes keys of edges: they are spread by [`slot`] and need no protection. Nothing written depends on their order.
#[derive(Default)]
struct KeyHasher(u64);
type Spread = BuildHasherDefault<KeyHasher>;

impl Hasher for KeyHasher {
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|b| self.0 = slot(self.0 ^ u64::from(*b)));
    }
    fn write_u64(&mut self, n: u64) {
        self.0 = slot(n);
    }
}

fn slot(key: u64) -> u64 {
    let x = key.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x ^ (x >> 29)
}

impl Automaton {
    /// The words that lead on from a node: symbol and the node behind it, ascending by symbol.
    #[inline]
    pub fn edges(&self, node: u32) -> &[(u32, u32)] {
        &self.edges[self.edges_at[node as usize] as usize..self.edges_at[node as usize + 1] as usize]
    }

    /// The patterns that end at a node.
    #[inline]
    pub fn accepts(&self, node: u32) -> &[Accept] {
        &self.accepts[self.accepts_at[node as usize] as usize..self.accepts_at[node as usize + 1] as usize]
    }

    /// The gaps that may open behind a node: most words, and the node behind the gap.
    #[inline]
    pub fn gaps(&self, node: u32) -> &[(u8, u32)] {
        &self.gaps[self.gaps_at[node as usize] as usize..self.gaps_at[node as usize + 1] as usize]
    }

    /// Number of symbols: one more than the greatest.
    pub fn symbols(&self) -> usize {
        self.symbols
    }

    /// Number of nodes, for reports.
    pub fn len(&self) -> usize {
        self.gaps_at.len() - 1
    }
}

/// What the lexicon knows of words.
#[derive(Debug, Default)]
pub(super) struct Vocabulary {
    /// Folded word → symbols.
    pub words: BTreeMap<String, Vec<u32>>,
    /// Folded beginning → symbols.
    pub prefixes: BTreeMap<String, Vec<u32>>,
    /// Skeleton of a Kazakh word → symbols.
    pub kazakh_words: BTreeMap<String, Vec<u32>>,
    /// Skeleton of the beginning of a Kazakh word → symbols.
    pub kazakh_prefixes: BTreeMap<String, Vec<u32>>,
    /// Folded word or `prefix*` → roles in negation, see [`NegationRole`].
    pub roles: BTreeMap<String, u16>,
    symbols: u32,
}

/// Bits of what a word does to its neighbours; three bits a language.
pub(super) struct NegationRole;
impl NegationRole {
    /// Negates a match up to three words behind it.
    pub const BEFORE: u16 = 0;
    /// Negates a match right behind it.
    pub const NEAR: u16 = 3;
    /// Negates a match right before it.
    pub const AFTER: u16 = 6;
    /// Ends the reach of a negation.
    pub const BREAK: u16 = 9;

    pub fn bit(kind: u16, language: Language) -> u16 {
        1 << (kind + language as u16)
    }
}

struct Builder {
    vocabulary: Vocabulary,
    literals: BTreeMap<String, u32>,
    prefixes: BTreeMap<String, u32>,
    groups: BTreeMap<(u8, Vec<String>), u32>,
    nodes: Vec<BuildNode>,
    edges: HashMap<u64, u32, Spread>,
    language: Language,
    /// Kazakh words that are findable in Latin script already.
    in_latin: HashSet<(u32, String)>,
    /// Those of the vocabulary's roles that are beginnings of words.
    role_prefixes: Vec<(String, u16)>,
    /// Nodes there were before the pattern at hand.
    first_node: usize,
}

/// Where patterns begin.
pub(super) const ROOT: u32 = 1;
/// Where patterns begin that stand only at the beginning of a sentence.
pub(super) const START: u32 = 2;

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
        literals: BTreeMap::new(),
        prefixes: BTreeMap::new(),
        groups: BTreeMap::new(),
        nodes: (0..=START).map(|_| BuildNode::default()).collect(),
        edges: HashMap::default(),
        language: Language::English,
        in_latin: HashSet::new(),
        role_prefixes: Vec::new(),
        first_node: 0,
    };
    let sets = read_sets(files, &mut b, &mut mistakes);
    b.role_prefixes =
        b.vocabulary.roles.iter().filter_map(|(k, r)| Some((k.strip_suffix('*')?.to_owned(), *r))).collect();
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
            (&content.strong, 1.0, false),
            (&content.phrases, 0.8, false),
            (&content.weak, 0.5, false),
            (&content.unless, 1.0, true),
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
    (Compiled { automaton: freeze(&b), vocabulary: b.vocabulary, rules }, mistakes)
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
                            let key = match &p.root {
                                Node::Word(w) => w.clone(),
                                Node::Prefix(w) => format!("{w}*"),
                                _ => {
                                    mistakes.push(mistake(format!("the set {name} takes single words only")));
                                    continue;
                                }
                            };
                            *b.vocabulary.roles.entry(key).or_default() |= NegationRole::bit(kind, file.language);
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
        self.first_node = self.nodes.len();
        let root = if self.language == Language::English { expand(pattern.root) } else { pattern.root };
        let start = if pattern.at_start { START } else { ROOT };
        let ends = self.insert(&[start], &root, sets, 0)?;
        for end in ends {
            self.nodes[end as usize].accepts.push(Accept { rule, at_end: pattern.at_end });
        }
        Ok(self.negates(&root, sets, 0))
    }

    fn negates(&self, node: &Node, sets: &Sets, depth: usize) -> bool {
        let bits = NegationRole::bit(NegationRole::BEFORE, self.language)
            | NegationRole::bit(NegationRole::NEAR, self.language);
        let role = |key: &str| self.vocabulary.roles.get(key).is_some_and(|r| r & bits != 0);
        match node {
            Node::Word(w) => {
                role(w) || self.role_prefixes.iter().any(|(p, r)| r & bits != 0 && w.starts_with(p.as_str()))
            }
            Node::Prefix(p) => role(&format!("{p}*")),
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
        if self.nodes.len() - self.first_node > MAX_NODES {
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
        let next = self.nodes.len() as u32;
        let child = *self.edges.entry(key(node, symbol)).or_insert(next);
        if child == next {
            self.nodes.push(BuildNode::default());
        }
        child
    }

    /// One node of the pattern's own behind several, reached without a word (a gap of none).
    fn join(&mut self, ends: &[u32]) -> u32 {
        let joined = self.nodes.len() as u32;
        self.nodes.push(BuildNode::default());
        for end in ends {
            self.nodes[*end as usize].gaps.push((0, joined));
        }
        joined
    }

    fn gap(&mut self, node: u32, max: u8) -> Result<u32, String> {
        if node == ROOT {
            return Err("a gap cannot come first".into());
        }
        if let Some((_, behind)) = self.nodes[node as usize].gaps.iter().find(|g| g.0 == max) {
            return Ok(*behind);
        }
        let behind = self.nodes.len() as u32;
        self.nodes.push(BuildNode::default());
        self.nodes[node as usize].gaps.push((max, behind));
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
        if self.language != Language::Kazakh || !self.in_latin.insert((symbol, word.to_owned())) {
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

fn freeze(b: &Builder) -> Automaton {
    let mut sorted: Vec<(u64, u32)> = b.edges.iter().map(|(key, child)| (*key, *child)).collect();
    sorted.sort_unstable();
    let mut edges_at = vec![0; b.nodes.len() + 1];
    for (key, _) in &sorted {
        edges_at[(key >> 32) as usize + 1] += 1;
    }
    for i in 1..edges_at.len() {
        edges_at[i] += edges_at[i - 1];
    }
    let edges = sorted.into_iter().map(|(key, child)| (key as u32, child)).collect();
    let (mut accepts_at, mut accepts) = (vec![0], Vec::new());
    let (mut gaps_at, mut gaps) = (vec![0], Vec::new());
    for node in &b.nodes {
        accepts.extend_from_slice(&node.accepts);
        accepts_at.push(accepts.len() as u32);
        gaps.extend_from_slice(&node.gaps);
        gaps_at.push(gaps.len() as u32);
    }
    Automaton { symbols: b.vocabulary.symbols as usize, edges_at, edges, gaps_at, gaps, accepts_at, accepts }
}
