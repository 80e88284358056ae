//! Which messages belong together? First by the ids that replies name, else by subject, parties and time.

use std::collections::HashMap;

use super::headers::Headers;
use super::scan::{Span, digest};
use super::words::PREFIXES;
use crate::ingest::Options;

/// Seconds between two messages that a subject alone can join: 14 days.
const WINDOW: i64 = 14 * 86_400;
/// References of one message that are followed: the first and the newest ones.
const MAX_REFERENCES: usize = 100;

/// The subject without its prefixes, and whether it had any: `RE[2]: Отв: Заказ 12` → (`Заказ 12`, true).
pub fn base_subject(subject: &str) -> (&str, bool) {
    let (mut rest, mut prefixed) = (subject.trim(), false);
    while let Some((head, tail)) = rest.split_once(':') {
        // A counter may follow: Re[2]:, Re(2):, Re^2:
        let word = head.trim().trim_end_matches([']', ')']).trim_end_matches(|c: char| c.is_ascii_digit());
        let word = word.trim_end_matches(['[', '(', '^']).trim().to_lowercase();
        if !PREFIXES.contains(&word.as_str()) {
            break;
        }
        (rest, prefixed) = (tail.trim(), true);
    }
    (rest, prefixed)
}

/// What the first pass keeps of a message.
#[derive(Clone, Debug)]
pub struct Facts {
    /// Where it stands.
    pub span: Span,
    /// Seconds since 1970.
    pub date: Option<i64>,
    /// Its own node among the ids.
    node: u32,
    /// Node of the message it answers, as far as it says.
    parent: Option<u32>,
    /// Hashes: writer, base subject (0 when empty), everybody taking part.
    from: u128,
    subject: u128,
    parties: u128,
    prefixed: bool,
}

/// All messages and how they hang together.
#[derive(Default)]
pub struct Threads {
    messages: Vec<Facts>,
    /// Hash of an id → its node. Only looked up, never walked, so its order does not matter.
    nodes: HashMap<u128, u32>,
    /// For each node, a node it is joined with (itself at the root).
    up: Vec<u32>,
    /// For each node, the message that bears the id.
    bearer: Vec<Option<u32>>,
}

impl Threads {
    /// Adds a message in the order read; `None` when the same mail is there already (a copy in another folder).
    pub fn add(&mut self, headers: &Headers<'_>, span: Span, content: Option<u128>, options: &Options) -> Option<u32> {
        let index = u32::try_from(self.messages.len()).ok()?;
        let date = headers.date().map(|d| d.to_timestamp());
        let from = headers.addresses("from").into_iter().next().unwrap_or_default();
        let from_hash = digest(&[from.as_bytes()]);
        let own = headers.ids("message-id").first().map(|i| digest(&[i.as_bytes()])).or(content)?;
        let mut node = self.node(own);
        if let Some(other) = self.bearer[node as usize] {
            let other = &self.messages[other as usize];
            if other.date == date && other.from == from_hash {
                return None;
            }
            // Two letters under one id: a broken writer. Neither may be lost.
            let extra = self.fresh();
            self.join(extra, node);
            node = extra;
        }
        self.bearer[node as usize] = Some(index);

        let mut references = headers.ids("references");
        if references.len() > MAX_REFERENCES {
            references.drain(1..references.len() - MAX_REFERENCES + 1);
        }
        references.extend(headers.ids("in-reply-to").into_iter().take(MAX_REFERENCES));
        let mut parent = None;
        for id in &references {
            let n = self.node(digest(&[id.as_bytes()]));
            if n != node {
                self.join(n, node);
                parent = Some(n);
            }
        }

        let subject = headers.text("subject").unwrap_or_default();
        let (base, prefixed) = base_subject(&subject);
        let mut parties: Vec<String> = headers.addresses("to");
        parties.push(from);
        for p in &mut parties {
            // Colleagues answer for each other: the company is one party.
            if is_agent(p, options) {
                p.clear();
            }
        }
        parties.sort_unstable();
        parties.dedup();
        let parts: Vec<&[u8]> = parties.iter().map(String::as_bytes).collect();
        let subject = if base.is_empty() { 0 } else { digest(&[base.to_lowercase().as_bytes()]) };
        self.messages.push(Facts {
            span,
            date,
            node,
            parent,
            from: from_hash,
            subject,
            parties: digest(&parts),
            prefixed,
        });
        Some(index)
    }

    /// The message of this index.
    pub fn message(&self, index: u32) -> &Facts {
        &self.messages[index as usize]
    }

    /// The threads, in the order of their first-read messages; inside, by date and then by the order read.
    pub fn finish(&mut self) -> Vec<Vec<u32>> {
        self.join_by_subject();
        // A message without a date stands where it was read: after its predecessor.
        let mut last = i64::MIN;
        let keys: Vec<i64> = self
            .messages
            .iter()
            .map(|m| {
                last = m.date.unwrap_or(last);
                last
            })
            .collect();
        let mut place: HashMap<u32, usize> = HashMap::new();
        let mut out: Vec<Vec<u32>> = Vec::new();
        for i in 0..self.messages.len() {
            let root = self.root(self.messages[i].node);
            let at = *place.entry(root).or_insert_with(|| {
                out.push(Vec::new());
                out.len() - 1
            });
            out[at].extend(u32::try_from(i));
        }
        for thread in &mut out {
            // Undated first messages of a file must not come before all others of their thread.
            let earliest = thread.iter().filter_map(|i| self.messages[*i as usize].date).min().unwrap_or(i64::MIN);
            thread.sort_by_key(|i| (keys[*i as usize].max(earliest), *i));
        }
        out
    }

    fn join_by_subject(&mut self) {
        // How many messages each node's family has: an answer whose parent is there needs no subject.
        let mut family: HashMap<u32, u32> = HashMap::new();
        for i in 0..self.messages.len() {
            *family.entry(self.root(self.messages[i].node)).or_default() += 1;
        }
        let mut dated: Vec<(u128, u128, i64, u32)> = (0u32..)
            .zip(&self.messages)
            .filter(|(_, m)| m.subject != 0)
            .filter_map(|(i, m)| Some((m.subject, m.parties, m.date?, i)))
            .collect();
        dated.sort_unstable();
        let mut joins = Vec::new();
        for pair in dated.windows(2) {
            let (a, b) = (&pair[0], &pair[1]);
            if (a.0, a.1) != (b.0, b.1) || b.2 - a.2 > WINDOW {
                continue;
            }
            let (before, now) = (&self.messages[a.3 as usize], &self.messages[b.3 as usize]);
            let (nodes, answers_by_id) = ((before.node, now.node), now.parent.is_some());
            // The same writer under the same subject without `Re:` begins anew (forms on a site, monthly bills).
            let answers_by_subject = now.prefixed || now.from != before.from;
            let root = self.root(nodes.1);
            let parent_is_here = answers_by_id && family.get(&root).is_some_and(|n| *n > 1);
            if answers_by_subject && !parent_is_here {
                joins.push(nodes);
            }
        }
        for (a, b) in joins {
            self.join(a, b);
        }
    }

    fn fresh(&mut self) -> u32 {
        let n = u32::try_from(self.up.len()).unwrap_or(u32::MAX);
        self.up.push(n);
        self.bearer.push(None);
        n
    }

    fn node(&mut self, id: u128) -> u32 {
        if let Some(n) = self.nodes.get(&id) {
            return *n;
        }
        let n = self.fresh();
        self.nodes.insert(id, n);
        n
    }

    fn root(&mut self, mut n: u32) -> u32 {
        while self.up[n as usize] != n {
            let next = self.up[self.up[n as usize] as usize];
            self.up[n as usize] = next;
            n = next;
        }
        n
    }

    fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        // The older node stays the root, so that the result does not depend on the order of joins.
        let (low, high) = (a.min(b), a.max(b));
        self.up[high as usize] = low;
    }
}

/// Whether the address belongs to the company.
pub fn is_agent(address: &str, options: &Options) -> bool {
    address.rsplit_once('@').is_some_and(|(_, domain)| {
        options.agent_domains.iter().any(|d| d.trim_start_matches('@').to_lowercase() == domain)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn add(t: &mut Threads, block: &str) -> Option<u32> {
        let options = Options { agent_domains: vec!["shop.kz".into()], ..Options::default() };
        let headers = Headers::parse(block.as_bytes());
        let span = Span { source: 0, start: 0, len: 0, folder: false };
        let content = headers.ids("message-id").is_empty().then(|| digest(&[block.as_bytes()]));
        t.add(&headers, span, content, &options)
    }

    fn threads(blocks: &[&str]) -> Vec<Vec<u32>> {
        let mut t = Threads::default();
        for b in blocks {
            add(&mut t, b);
        }
        t.finish()
    }

    #[test]
    fn prefixes_of_three_languages_go() {
        for s in
            ["Re: x", "RE[2]: Fwd: x", "Отв: HA: x", "Жауап: x", "Қайт: x", "Пересл: Re(3) : x", "re: Ответ: FW: x"]
        {
            assert_eq!(base_subject(s), ("x", true), "{s}");
        }
        assert_eq!(base_subject("Заказ: 12"), ("Заказ: 12", false));
        assert_eq!(base_subject("Re:"), ("", true));
    }

    #[test]
    fn ids_join_also_through_a_message_that_is_missing() {
        let got = threads(&[
            "Message-ID: <b@x>\nReferences: <gone@x>\nDate: 2 Mar 2024 10:00:00 +0000\n\n",
            "Message-ID: <other@x>\nDate: 1 Mar 2024 10:00:00 +0000\n\n",
            "Message-ID: <a@x>\nIn-Reply-To: <gone@x>\nDate: 1 Mar 2024 10:00:00 +0000\n\n",
        ]);
        assert_eq!(got, [vec![2, 0], vec![1]]);
    }

    #[test]
    fn subjects_join_answers_of_the_same_parties_in_two_weeks() {
        let first = "From: c@m.kz\nTo: help@shop.kz\nSubject: Order 5\nDate: 1 Mar 2024 10:00:00 +0000\n\n";
        let answer = "From: anna@shop.kz\nTo: c@m.kz\nSubject: RE: order 5\nDate: 2 Mar 2024 10:00:00 +0000\n\n";
        let late = "From: c@m.kz\nTo: help@shop.kz\nSubject: Re: Order 5\nDate: 1 May 2024 10:00:00 +0000\n\n";
        let stranger = "From: z@m.kz\nTo: help@shop.kz\nSubject: Re: Order 5\nDate: 2 Mar 2024 11:00:00 +0000\n\n";
        let anew = "From: c@m.kz\nTo: help@shop.kz\nSubject: Order 5\nDate: 1 Mar 2024 12:00:00 +0000\n\n";
        assert_eq!(threads(&[first, answer, late, stranger]), [vec![0, 1], vec![2], vec![3]]);
        assert_eq!(threads(&[first, anew]), [vec![0], vec![1]], "the same writer without Re: begins anew");
    }

    #[test]
    fn a_copy_is_used_once_and_a_reused_id_loses_nothing() {
        let mut t = Threads::default();
        let a = "From: a@x\nMessage-ID: <1@x>\nDate: 1 Mar 2024 10:00:00 +0000\n\n";
        let b = "From: a@x\nMessage-ID: <1@x>\nDate: 2 Mar 2024 10:00:00 +0000\n\n";
        assert_eq!(add(&mut t, a), Some(0));
        assert_eq!(add(&mut t, a), None);
        assert_eq!(add(&mut t, b), Some(1));
        assert_eq!(t.finish(), [vec![0, 1]]);
    }

    #[test]
    fn domains_are_matched_whole() {
        let o = Options { agent_domains: vec!["shop.kz".into()], ..Options::default() };
        assert!(is_agent("a@shop.kz", &o));
        assert!(!is_agent("a@myshop.kz", &o));
        assert!(!is_agent("a@shop.kz.evil.com", &o));
    }
}
