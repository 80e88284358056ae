//! The automaton made deterministic as it is used.
//!
//! From each word of the text a walk follows the phrases that begin there. A state of the walk is the set of places in the
//! phrases that the words so far may have led to; what follows from a state and a class of words is worked out once and
//! remembered. States are few, since a walk knows nothing of what came before its first word.
//!
//! Most walks lead nowhere, many of them only after a gap has passed over some words. A state therefore knows by which words
//! it can go on at all ([`State::needs`]) and how far they may be away, and a walk without such a word ahead is not taken.

use std::collections::HashMap;

use super::automaton::{Accept, Automaton, ROOT, START};
use super::classes::{Bits, Class, Classes, OWN_BITS, shared_bit};

/// No phrase goes on.
const DEAD: u32 = 0;
/// Most states kept; past them the machine starts anew. Bounds memory to some tens of MiB a thread.
const MAX_STATES: usize = 200_000;
/// Bits of a step's entry that hold a class or a state.
const CLASS_BITS: u32 = 20;
const STATE_BITS: u32 = 22;

/// A place in the phrases: a node, and how many more words may be passed over before it.
type Place = (u32, u8);

/// What a walk asks of a state: one line of the processor's cache.
#[derive(Clone, Copy, Debug)]
#[repr(align(64))]
pub(super) struct State {
    /// Bits of the classes that may lead on; a bit may be set in vain, never missing.
    pub needs: Bits,
    /// The phrases that end here, as a range of [`Machine::accepts`].
    accepts: (u32, u32),
    /// How many words ahead one that leads on may stand: 1 without a gap.
    pub reach: u32,
    /// What follows a word that only a gap can pass over.
    skip: u32,
}

impl State {
    /// Whether no phrase ends here.
    #[inline]
    pub fn is_silent(&self) -> bool {
        self.accepts.0 == self.accepts.1
    }
}

/// States and steps worked out so far. One a thread.
#[derive(Debug)]
pub(super) struct Machine {
    states: Vec<State>,
    places: Vec<Box<[Place]>>,
    ids: HashMap<Box<[Place]>, u32>,
    accepts: Vec<Accept>,
    /// State and class, and the state they lead to, in one number each; 0 where there is none.
    steps: Vec<u64>,
    used: usize,
    /// First steps by class, away from and at the beginning of a sentence; `UNKNOWN` where not worked out.
    first: [Vec<u32>; 2],
    /// The own bits of the classes that satisfy a symbol, and how many classes they stand for so far.
    takers: Vec<[u64; 3]>,
    taken: usize,
    scratch: Vec<Place>,
    symbols: Symbols,
}

const UNKNOWN: u32 = u32::MAX;

impl Machine {
    pub fn new() -> Self {
        let mut m = Machine {
            states: Vec::new(),
            places: Vec::new(),
            ids: HashMap::new(),
            accepts: Vec::new(),
            steps: Vec::new(),
            used: 0,
            first: [Vec::new(), Vec::new()],
            takers: Vec::new(),
            taken: 0,
            scratch: Vec::new(),
            symbols: Symbols::default(),
        };
        m.reset();
        m
    }

    fn reset(&mut self) {
        self.states.clear();
        self.places.clear();
        self.ids.clear();
        self.accepts.clear();
        self.steps = vec![0; 1 << 12];
        self.used = 0;
        self.first[0].clear();
        self.first[1].clear();
        self.states.push(State { needs: Bits::default(), accepts: (0, 0), reach: 0, skip: DEAD });
        self.places.push(Box::default());
        self.ids.insert(Box::default(), DEAD);
    }

    /// Forgets what was worked out when there is too much of it. Not to be called during a walk.
    #[inline]
    pub fn tidy(&mut self) {
        if self.states.len() > MAX_STATES {
            self.reset();
        }
    }

    /// Gives the classes met first bits of their own. To be called before walks over words of new classes.
    pub fn meet(&mut self, classes: &[Class], automaton: &Automaton) {
        let known = classes.len().min(OWN_BITS + 1);
        if self.taken == known {
            return;
        }
        self.takers.resize(automaton.symbols(), [0; 3]);
        for (id, class) in classes.iter().enumerate().take(known).skip(self.taken.max(1)) {
            for symbol in &class.symbols {
                self.takers[*symbol as usize][(id - 1) / 64] |= 1 << ((id - 1) % 64);
            }
        }
        self.taken = known;
        for (state, places) in self.states.iter_mut().zip(&self.places) {
            state.needs = needs(places, &self.takers, automaton);
        }
    }

    /// A state by its number.
    #[inline]
    pub fn state(&self, state: u32) -> &State {
        &self.states[state as usize]
    }

    /// The phrases that end in a state.
    #[inline]
    pub fn accepts(&self, state: &State) -> &[Accept] {
        &self.accepts[state.accepts.0 as usize..state.accepts.1 as usize]
    }

    /// The state behind the first word of a walk.
    #[inline]
    pub fn begin(&mut self, class: u32, at_start: bool, classes: &[Class], automaton: &Automaton) -> u32 {
        match self.first[usize::from(at_start)].get(class as usize) {
            Some(&state) if state != UNKNOWN => state,
            _ => self.work_out_first(class, at_start, classes, automaton),
        }
    }

    #[cold]
    fn work_out_first(&mut self, class: u32, at_start: bool, classes: &[Class], automaton: &Automaton) -> u32 {
        let mut to = std::mem::take(&mut self.scratch);
        to.clear();
        let class_of = &classes[class as usize];
        self.symbols.set(&class_of.symbols, automaton);
        step_all(&[(ROOT, 0)], class_of, &self.symbols, automaton, &mut to);
        if at_start {
            let mut from = vec![(START, 0)];
            from.extend(automaton.gaps(START).iter().map(|&(max, behind)| (behind, max)));
            step_all(&from, class_of, &self.symbols, automaton, &mut to);
        }
        self.symbols.clear(&class_of.symbols);
        let state = self.intern(&mut to, automaton);
        self.scratch = to;
        let list = &mut self.first[usize::from(at_start)];
        if list.len() <= class as usize {
            list.resize(class as usize + 1, UNKNOWN);
        }
        list[class as usize] = state;
        state
    }

    /// The state behind another word.
    #[inline]
    pub fn step(&mut self, state: u32, class: u32, classes: &Classes, automaton: &Automaton) -> u32 {
        let key = key(state, class);
        let mask = self.steps.len() - 1;
        let mut at = spread(key) as usize & mask;
        loop {
            let entry = self.steps[at];
            if entry >> STATE_BITS == key {
                return (entry & ((1 << STATE_BITS) - 1)) as u32;
            }
            if entry == 0 {
                return self.work_out(state, class, &classes.all, automaton);
            }
            at = (at + 1) & mask;
        }
    }

    /// The state behind a word that only a gap can pass over.
    #[inline]
    pub fn skip(&mut self, state: u32, classes: &[Class], automaton: &Automaton) -> u32 {
        match self.states[state as usize].skip {
            UNKNOWN => self.work_out_skip(state, classes, automaton),
            next => next,
        }
    }

    #[cold]
    fn work_out(&mut self, state: u32, class: u32, classes: &[Class], automaton: &Automaton) -> u32 {
        let mut to = std::mem::take(&mut self.scratch);
        to.clear();
        let class_of = &classes[class as usize];
        self.symbols.set(&class_of.symbols, automaton);
        step_all(&self.places[state as usize], class_of, &self.symbols, automaton, &mut to);
        self.symbols.clear(&class_of.symbols);
        let next = self.intern(&mut to, automaton);
        self.scratch = to;
        if self.used * 2 >= self.steps.len() {
            self.grow();
        }
        insert(&mut self.steps, key(state, class), next);
        self.used += 1;
        next
    }

    #[cold]
    fn work_out_skip(&mut self, state: u32, classes: &[Class], automaton: &Automaton) -> u32 {
        // The class of words that are in no phrase has no symbols.
        let next = self.work_out(state, 0, classes, automaton);
        self.states[state as usize].skip = next;
        next
    }

    fn grow(&mut self) {
        let mut bigger = vec![0; self.steps.len() * 2];
        for &entry in self.steps.iter().filter(|e| **e != 0) {
            insert(&mut bigger, entry >> STATE_BITS, (entry & ((1 << STATE_BITS) - 1)) as u32);
        }
        self.steps = bigger;
    }

    fn intern(&mut self, places: &mut Vec<Place>, automaton: &Automaton) -> u32 {
        places.sort_unstable();
        places.dedup();
        // Of one node only the widest remaining gap matters.
        let mut at = 0;
        for i in 0..places.len() {
            if i + 1 == places.len() || places[i + 1].0 != places[i].0 {
                places[at] = places[i];
                at += 1;
            }
        }
        places.truncate(at);
        if let Some(&id) = self.ids.get(places.as_slice()) {
            return id;
        }
        let id = self.states.len() as u32;
        let from = self.accepts.len() as u32;
        for &(node, _) in places.iter() {
            self.accepts.extend_from_slice(automaton.accepts(node));
        }
        let widest = places.iter().map(|p| ahead(*p, automaton)).max().unwrap_or(0);
        self.states.push(State {
            needs: needs(places, &self.takers, automaton),
            accepts: (from, self.accepts.len() as u32),
            reach: 1 + widest,
            skip: if widest > 0 { UNKNOWN } else { DEAD },
        });
        let boxed: Box<[Place]> = places.as_slice().into();
        self.places.push(boxed.clone());
        self.ids.insert(boxed, id);
        id
    }
}

/// The most words that may be passed over from a place, those of gaps behind its gap among them.
fn ahead((node, gap): Place, automaton: &Automaton) -> u32 {
    fn behind(node: u32, automaton: &Automaton) -> u32 {
        automaton.gaps(node).iter().map(|&(max, next)| u32::from(max) + behind(next, automaton)).max().unwrap_or(0)
    }
    if gap == 0 { 0 } else { u32::from(gap) + behind(node, automaton) }
}

/// The bits of all classes that lead on from these places.
fn needs(places: &[Place], takers: &[[u64; 3]], automaton: &Automaton) -> Bits {
    let mut all = Bits::default();
    for &(symbol, _) in places.iter().flat_map(|&(node, _)| automaton.edges(node)) {
        let own = takers.get(symbol as usize).copied().unwrap_or_default();
        (0..3).for_each(|i| all[i] |= own[i]);
        all[3] |= shared_bit(symbol);
    }
    all
}

fn key(state: u32, class: u32) -> u64 {
    u64::from(state) << CLASS_BITS | u64::from(class)
}

fn insert(steps: &mut [u64], key: u64, to: u32) {
    let mask = steps.len() - 1;
    let mut at = spread(key) as usize & mask;
    while steps[at] != 0 {
        at = (at + 1) & mask;
    }
    steps[at] = key << STATE_BITS | u64::from(to);
}

#[inline]
fn spread(key: u64) -> u64 {
    let x = key.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x ^ (x >> 32)
}

/// The symbols of one class as bits, to test edges against.
#[derive(Debug, Default)]
struct Symbols(Vec<u64>);

impl Symbols {
    fn set(&mut self, symbols: &[u32], automaton: &Automaton) {
        self.0.resize(automaton.symbols() / 64 + 1, 0);
        for s in symbols {
            self.0[*s as usize / 64] |= 1 << (s % 64);
        }
    }
    fn clear(&mut self, symbols: &[u32]) {
        for s in symbols {
            self.0[*s as usize / 64] = 0;
        }
    }
    fn has(&self, symbol: u32) -> bool {
        self.0[symbol as usize / 64] >> (symbol % 64) & 1 == 1
    }
}

/// Edges of a node up to which they are tested one by one.
const FEW: usize = 48;

/// Every place that a word of a class leads to; `symbols` are those of the class.
fn step_all(from: &[Place], class: &Class, symbols: &Symbols, automaton: &Automaton, to: &mut Vec<Place>) {
    for &(node, gap) in from {
        let edges = automaton.edges(node);
        if edges.len() <= FEW {
            for &(symbol, child) in edges {
                if symbols.has(symbol) {
                    enter(child, 0, automaton, to);
                }
            }
        } else {
            for symbol in &class.symbols {
                if let Ok(i) = edges.binary_search_by_key(symbol, |e| e.0) {
                    enter(edges[i].1, 0, automaton, to);
                }
            }
        }
        if gap > 0 {
            enter(node, gap - 1, automaton, to);
        }
    }
}

/// Adds a place and those behind the gaps that open at it.
fn enter(node: u32, gap: u8, automaton: &Automaton, to: &mut Vec<Place>) {
    to.push((node, gap));
    for &(max, behind) in automaton.gaps(node) {
        enter(behind, max, automaton, to);
    }
}
