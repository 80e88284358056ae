//! The automaton made deterministic as it is used.
//!
//! From each word of the text a walk follows the phrases that begin there. A state of the walk is the set of places in the
//! phrases that the words so far may have led to; what follows from a state and a class of words is worked out once and
//! remembered. States are few, since a walk knows nothing of what came before its first word.

use std::collections::HashMap;

use super::classes::{Class, Classes, sign};
use super::compile::{Accept, Automaton, ROOT, START};

/// No phrase goes on.
pub(super) const DEAD: u32 = 0;
/// Most states kept; past them the machine starts anew. Bounds memory to some tens of MiB a thread.
const MAX_STATES: usize = 200_000;

/// A place in the phrases: a node, and how many more words may be passed over before it.
type Place = (u32, u8);

#[derive(Debug)]
struct State {
    places: Box<[Place]>,
    accepts: (u32, u32),
    /// Bits of the symbols that lead on.
    sign: u64,
    /// What follows a word that only a gap can pass over.
    skip: u32,
}

/// States and steps worked out so far. One a thread.
#[derive(Debug)]
pub(super) struct Machine {
    states: Vec<State>,
    ids: HashMap<Box<[Place]>, u32>,
    accepts: Vec<Accept>,
    steps: Vec<(u64, u32)>,
    used: usize,
    /// First steps by class, away from and at the beginning of a sentence; `UNKNOWN` where not worked out.
    first: [Vec<u32>; 2],
    scratch: Vec<Place>,
    bits: Bits,
}

const UNKNOWN: u32 = u32::MAX;

impl Machine {
    pub fn new() -> Self {
        let mut m = Machine {
            states: Vec::new(),
            ids: HashMap::new(),
            accepts: Vec::new(),
            steps: Vec::new(),
            used: 0,
            first: [Vec::new(), Vec::new()],
            scratch: Vec::new(),
            bits: Bits::default(),
        };
        m.reset();
        m
    }

    fn reset(&mut self) {
        self.states.clear();
        self.ids.clear();
        self.accepts.clear();
        self.steps = vec![(0, 0); 1 << 12];
        self.used = 0;
        self.first[0].clear();
        self.first[1].clear();
        self.states.push(State { places: Box::default(), accepts: (0, 0), sign: 0, skip: DEAD });
        self.ids.insert(Box::default(), DEAD);
    }

    /// Forgets what was worked out when there is too much of it. Not to be called during a walk.
    pub fn tidy(&mut self) {
        if self.states.len() > MAX_STATES {
            self.reset();
        }
    }

    /// The phrases that end in a state.
    #[inline]
    pub fn accepts(&self, state: u32) -> &[Accept] {
        let (from, to) = self.states[state as usize].accepts;
        &self.accepts[from as usize..to as usize]
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
        self.bits.set(&class_of.symbols, automaton);
        step_all(&[(ROOT, 0)], class_of, &self.bits, automaton, &mut to);
        if at_start {
            let mut from = vec![(START, 0)];
            from.extend(automaton.gaps(START).iter().map(|&(max, behind)| (behind, max)));
            step_all(&from, class_of, &self.bits, automaton, &mut to);
        }
        self.bits.clear(&class_of.symbols);
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
        let &State { sign, skip, .. } = &self.states[state as usize];
        if sign & classes.signs[class as usize] == 0 {
            return if skip == UNKNOWN { self.work_out_skip(state, &classes.all, automaton) } else { skip };
        }
        let key = u64::from(state) << 32 | u64::from(class);
        let mask = self.steps.len() - 1;
        let mut at = spread(key) as usize & mask;
        loop {
            let (found, to) = self.steps[at];
            if found == key {
                return to;
            }
            if found == 0 {
                return self.work_out(state, class, &classes.all, automaton);
            }
            at = (at + 1) & mask;
        }
    }

    #[cold]
    fn work_out(&mut self, state: u32, class: u32, classes: &[Class], automaton: &Automaton) -> u32 {
        let mut to = std::mem::take(&mut self.scratch);
        to.clear();
        let class_of = &classes[class as usize];
        self.bits.set(&class_of.symbols, automaton);
        step_all(&self.states[state as usize].places, class_of, &self.bits, automaton, &mut to);
        self.bits.clear(&class_of.symbols);
        let next = self.intern(&mut to, automaton);
        self.scratch = to;
        if self.used * 2 >= self.steps.len() {
            self.grow();
        }
        let key = u64::from(state) << 32 | u64::from(class);
        insert(&mut self.steps, key, next);
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
        let mut bigger = vec![(0, 0); self.steps.len() * 2];
        for &(key, to) in self.steps.iter().filter(|s| s.0 != 0) {
            insert(&mut bigger, key, to);
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
        // A place behind which a gap is still open was entered by the gap and has been counted when it was left.
        for &(node, _) in places.iter() {
            self.accepts.extend_from_slice(automaton.accepts(node));
        }
        let edges = places.iter().flat_map(|&(node, _)| automaton.edges(node));
        let sign = edges.fold(0, |s, e| s | sign(e.0));
        let skip = if places.iter().any(|p| p.1 > 0) { UNKNOWN } else { DEAD };
        let boxed: Box<[Place]> = places.as_slice().into();
        self.states.push(State { places: boxed.clone(), accepts: (from, self.accepts.len() as u32), sign, skip });
        self.ids.insert(boxed, id);
        id
    }
}

fn insert(steps: &mut [(u64, u32)], key: u64, to: u32) {
    let mask = steps.len() - 1;
    let mut at = spread(key) as usize & mask;
    while steps[at].0 != 0 {
        at = (at + 1) & mask;
    }
    steps[at] = (key, to);
}

#[inline]
fn spread(key: u64) -> u64 {
    let x = key.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    x ^ (x >> 32)
}

/// The symbols of one class as bits, to test edges against.
#[derive(Debug, Default)]
struct Bits(Vec<u64>);

impl Bits {
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

/// Every place that a word of a class leads to; `bits` are the symbols of the class.
fn step_all(from: &[Place], class: &Class, bits: &Bits, automaton: &Automaton, to: &mut Vec<Place>) {
    for &(node, gap) in from {
        let edges = automaton.edges(node);
        if edges.len() <= FEW {
            for &(symbol, child) in edges {
                if bits.has(symbol) {
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
