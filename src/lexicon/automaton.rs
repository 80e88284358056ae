//! The automaton of all phrases, frozen for matching. Its letters are symbols, see [`super::compile`].

/// Where patterns begin.
pub(super) const ROOT: u32 = 1;
/// Where patterns begin that stand only at the beginning of a sentence.
pub(super) const START: u32 = 2;

/// An end of a pattern in the automaton.
#[derive(Clone, Copy, Debug)]
pub(super) struct Accept {
    pub rule: u32,
    pub at_end: bool,
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

/// Stands for a step in a table: from a node by a symbol.
pub(super) fn key(node: u32, symbol: u32) -> u64 {
    u64::from(node) << 32 | u64::from(symbol)
}

impl Automaton {
    /// Freezes what patterns grew: steps by node and symbol ([`key`]), gaps as node, most words and the node behind, and ends by node.
    pub fn freeze(
        nodes: u32,
        symbols: u32,
        edges: impl IntoIterator<Item = (u64, u32)>,
        mut gaps: Vec<(u32, u8, u32)>,
        mut accepts: Vec<(u32, Accept)>,
    ) -> Automaton {
        let nodes = nodes as usize;
        let mut sorted: Vec<(u64, u32)> = edges.into_iter().collect();
        sorted.sort_unstable();
        let edges_at = starts(nodes, sorted.iter().map(|e| (e.0 >> 32) as u32));
        let edges = sorted.into_iter().map(|(key, child)| (key as u32, child)).collect();
        // Stable: what was added first comes first.
        gaps.sort_by_key(|g| g.0);
        accepts.sort_by_key(|a| a.0);
        Automaton {
            symbols: symbols as usize,
            edges_at,
            edges,
            gaps_at: starts(nodes, gaps.iter().map(|g| g.0)),
            gaps: gaps.iter().map(|&(_, max, behind)| (max, behind)).collect(),
            accepts_at: starts(nodes, accepts.iter().map(|a| a.0)),
            accepts: accepts.iter().map(|a| a.1).collect(),
        }
    }

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

/// Where the items of each node begin in a list that is sorted by node.
fn starts(nodes: usize, items: impl Iterator<Item = u32>) -> Vec<u32> {
    let mut at = vec![0; nodes + 1];
    for node in items {
        at[node as usize + 1] += 1;
    }
    for i in 1..at.len() {
        at[i] += at[i - 1];
    }
    at
}

#[cfg(test)]
mod tests {
    use crate::lexicon::Lexicon;

    /// How far a walk follows a gap depends on the words met before it; nothing may end there.
    #[test]
    fn no_phrase_ends_behind_a_gap() {
        let lexicon = Lexicon::built_in().unwrap();
        let automaton = &lexicon.automaton;
        let mut behind: Vec<u32> = (0..automaton.len() as u32)
            .flat_map(|node| automaton.gaps(node))
            .filter_map(|&(max, node)| (max > 0).then_some(node))
            .collect();
        assert!(behind.len() > 100, "{} gaps show little", behind.len());
        while let Some(node) = behind.pop() {
            let ends: Vec<&str> =
                automaton.accepts(node).iter().map(|a| &*lexicon.rules[a.rule as usize].pattern).collect();
            assert_eq!(ends, [""; 0]);
            // A gap of no words joins branches.
            behind.extend(automaton.gaps(node).iter().filter_map(|&(max, next)| (max == 0).then_some(next)));
        }
    }
}
