//! What all pages need: words, numbers as the language writes them, names of files, links.

use std::collections::HashSet;

use sha2::{Digest, Sha256};

use super::funnel::Funnel;
use super::gather::{AgentGathered, Gathered, Moment};
use super::model::{Card, Cell, Line, Text};
use super::texts::{Texts, fill};
use super::{Settings, Told, funnel};
use crate::agents::{Agent, AgentRow, Estimate, Team};
use crate::criteria;
use crate::model::{Channel, Kind, Language, Speaker};
use crate::report::agent_page::file_name;
use crate::report::night::NightReport;
use crate::report::run_folder::RunFacts;
use crate::results::EvidenceRow;
use crate::scorecard::Scorecard;

/// What pages are made from.
pub(super) struct Context<'a> {
    pub t: &'a Texts,
    pub settings: Settings,
    pub facts: &'a RunFacts,
    pub rows: &'a [AgentRow],
    pub team: &'a Team,
    pub gathered: &'a Gathered,
    pub scorecard: &'a Scorecard,
    pub night: &'a NightReport,
    /// The funnel of each score, where there is one.
    pub funnels: Vec<Option<Funnel>>,
    /// The mean of all conversations of each score.
    pub means: Vec<Option<f64>>,
    /// Conversation and agent of each page.
    paged: HashSet<(&'a str, &'a str)>,
}

/// All that is known of an agent.
pub(super) struct Of<'a> {
    pub row: &'a AgentRow,
    pub agent: &'a Agent,
    pub gathered: &'a AgentGathered,
}

impl<'a> Context<'a> {
    pub fn new(t: &'a Texts, settings: Settings, told: &Told<'a>, gathered: &'a Gathered) -> Self {
        let scores = 0..=criteria::ALL.len();
        let transcripts = gathered.agents.values().flat_map(|a| a.pages().into_iter().flatten());
        let Told { facts, rows, team, scorecard, night, .. } = *told;
        Self {
            t,
            settings,
            facts,
            rows,
            team,
            gathered,
            scorecard,
            night,
            funnels: scores.clone().map(|i| Funnel::of(team, i)).collect(),
            means: scores.map(|i| funnel::mean(team, i)).collect(),
            paged: transcripts.map(|p| (p.id.as_str(), p.agent_id.as_str())).collect(),
        }
    }

    pub fn agent(&self, row: &'a AgentRow) -> Option<Of<'a>> {
        let gathered = self.gathered.agents.get(&row.agent_id)?;
        Some(Of { row, agent: self.team.agents.get(&row.agent_id)?, gathered })
    }

    /// The address of a conversation's page, if it has one; empty otherwise.
    pub fn conversation_href(&self, up: &str, id: &str, agent_id: &str) -> String {
        match self.paged.contains(&(id, agent_id)) {
            true => format!("{up}{}", address(&conversation_file(id, agent_id))),
            false => String::new(),
        }
    }

    pub fn agent_href(&self, up: &str, agent_id: &str) -> String {
        format!("{up}{}", address(&agent_file(agent_id)))
    }

    /// The name of an agent as readers see it, and whether it is a word of the input.
    pub fn agent_name(&self, agent_id: &str) -> (String, bool) {
        match agent_id.is_empty() {
            true => (self.t.unnamed_agent.clone(), false),
            false => (agent_id.chars().map(|c| if c.is_control() { '\u{FFFD}' } else { c }).collect(), true),
        }
    }

    /// Overall, then the criteria.
    pub fn title(&self, score: usize) -> String {
        match score.checked_sub(1).and_then(|i| criteria::ALL.get(i)) {
            None => self.t.overall.clone(),
            Some(c) => self.t.criteria.get(c.name()).map_or_else(|| c.title().to_owned(), |c| c.title.clone()),
        }
    }

    pub fn advice(&self, criterion: usize) -> String {
        let c = criteria::ALL[criterion];
        self.t.criteria.get(c.name()).map_or_else(|| c.advice().to_owned(), |c| c.advice.clone())
    }

    pub fn rule(&self, criterion: usize, rule: &str) -> String {
        let own = format!("{}.{rule}", criteria::ALL[criterion].name());
        let found = self.t.rules.get(&own).or_else(|| self.t.rules.get(rule));
        found.cloned().unwrap_or_else(|| rule.replace('_', " "))
    }

    /// What would have earned a point, in the language of the report where it is known there.
    pub fn would_earn(&self, text: &str) -> Option<Text> {
        if text.is_empty() {
            return None;
        }
        let known = self.t.hints.get(text).map(|own| Text::Own(own.clone()));
        let same = self.settings.language == Language::English;
        Some(known.unwrap_or_else(|| if same { Text::Own(text.into()) } else { Text::Input(text.into()) }))
    }

    /// Why a criterion ended as it did.
    pub fn reason(&self, reason: &str) -> Text {
        match self.t.reasons.get(reason) {
            Some(own) => Text::Own(own.clone()),
            None if self.settings.language == Language::English => Text::Own(reason.into()),
            None => Text::Input(reason.into()),
        }
    }

    pub fn band(&self, band: &str) -> String {
        self.t.bands.get(band).cloned().unwrap_or_else(|| band.to_owned())
    }

    pub fn language(&self, language: Option<Language>) -> String {
        let code = language.map_or("unknown", Language::code);
        self.t.languages.get(code).cloned().unwrap_or_else(|| code.to_owned())
    }

    pub fn channel(&self, channel: Channel) -> String {
        self.t.channels.get(channel.name()).cloned().unwrap_or_else(|| channel.name().to_owned())
    }

    pub fn speaker(&self, speaker: Speaker) -> String {
        self.t.speakers.get(speaker.name()).cloned().unwrap_or_else(|| speaker.name().to_owned())
    }

    /// What a turn is made of, where it is not speech.
    pub fn kind(&self, kind: Kind) -> String {
        let name = match kind {
            Kind::Speech => return String::new(),
            Kind::Note => "note",
            Kind::Quote => "quote",
            Kind::Signature => "signature",
            Kind::Auto => "auto",
        };
        self.t.kinds.get(name).cloned().unwrap_or_else(|| name.to_owned())
    }

    /// A number with so many decimals, as the language writes it.
    pub fn number(&self, x: f64, decimals: usize) -> String {
        // No "-0".
        let x = if x.abs() < 0.5 * 0.1_f64.powi(decimals as i32) { 0.0 } else { x };
        let text = format!("{x:.decimals$}").replace('-', "\u{2212}");
        match self.settings.language {
            Language::English => text,
            Language::Russian | Language::Kazakh => text.replace('.', ","),
        }
    }

    pub fn points(&self, x: f64) -> String {
        let text = self.number(x, 1);
        if x > 0.0 && !text.trim_matches(['0', '.', ',']).is_empty() { format!("+{text}") } else { text }
    }

    /// A count with thin spaces between thousands.
    pub fn count(&self, n: u64) -> String {
        let digits = n.to_string();
        if digits.len() < 5 {
            return digits;
        }
        let mut out = String::new();
        for (i, c) in digits.chars().enumerate() {
            if i > 0 && (digits.len() - i).is_multiple_of(3) {
                out.push('\u{202F}');
            }
            out.push(c);
        }
        out
    }

    pub fn percent(&self, part: u64, of: u64) -> String {
        if of == 0 {
            return String::new();
        }
        format!("{} %", self.number(part as f64 * 100.0 / of as f64, 0))
    }

    /// `54–69`, or that it cannot be told.
    pub fn interval(&self, e: &Estimate) -> String {
        match (e.low, e.high) {
            (Some(low), Some(high)) => format!("{}–{}", self.number(low, 0), self.number(high, 0)),
            _ => self.t.no_interval.clone(),
        }
    }

    /// A score with its interval and its n: never one without the others.
    pub fn score_cell(&self, e: Option<&Estimate>) -> Cell {
        match e {
            Some(e) => Cell::number(self.number(e.shrunken, 0), e.shrunken)
                .below(fill(&self.t.interval_and_n, &[("interval", &self.interval(e)), ("n", &self.count(e.n))])),
            None => Cell { text: "–".into(), sort: "-1".into(), number: true, ..Cell::default() },
        }
    }

    /// A time of the input, without its zone.
    pub fn time(&self, started_at: &str) -> String {
        let whole = started_at.get(..16).unwrap_or(started_at);
        whole.replace('T', " ")
    }

    /// A moment as a card.
    pub fn card(&self, m: &Moment, up: &str) -> Card {
        let e: &EvidenceRow<'_> = &m.row;
        let mut lines: Vec<Line> = m.context.iter().map(|s| self.line(s, s.turn == e.turn as usize)).collect();
        // What called for it may lie further back.
        if let Some(called) = e.called_turn.filter(|c| !m.context.iter().any(|s| s.turn == *c as usize)) {
            let line = Line {
                who: self.speaker(Speaker::Customer),
                pieces: vec![(e.called_quote.clone().into_owned(), false)],
                ..Line::default()
            };
            let behind = called > e.turn;
            lines.insert(if behind { lines.len() } else { 0 }, line);
        }
        let href = self.conversation_href(up, &e.conversation_id, &e.agent_id);
        Card {
            criterion: self.title(e.criterion + 1),
            points: self.points(e.points),
            won: e.points > 0.0,
            rule: self.rule(e.criterion, e.rule),
            place: format!("{} · {}", e.conversation_id, e.turn),
            href: if href.is_empty() { href } else { format!("{href}#t{}", e.turn) },
            lines,
            would_earn: self.would_earn(e.would_earn),
        }
    }

    fn line(&self, said: &super::gather::Said, here: bool) -> Line {
        Line {
            who: self.speaker(said.speaker),
            own: said.own,
            here,
            pieces: said.pieces.iter().map(|p| (p.text.clone(), !p.marks.is_empty())).collect(),
        }
    }
}

/// The page of an agent, from the folder of the report.
pub(super) fn agent_file(agent_id: &str) -> String {
    format!("agents/{}.html", file_name(agent_id))
}

/// The page of an agent's part of a conversation, from the folder of the report.
pub(super) fn conversation_file(id: &str, agent_id: &str) -> String {
    let digest = Sha256::digest(agent_id.as_bytes());
    format!("conversations/{}-{:02x}{:02x}{:02x}.html", file_name(id), digest[0], digest[1], digest[2])
}

/// A path as an address: what is not plain is written in percent signs.
pub(super) fn address(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for b in path.bytes() {
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/' | b'@') {
            out.push(char::from(b));
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_lead_to_files_whatever_the_id() {
        for id in ["../../x", "=cmd|'/c'!A1", "<script>", "a b%", "ә".repeat(300).as_str(), "con"] {
            for file in [agent_file(id), conversation_file(id, id)] {
                assert!(file.matches('/').count() == 1 && file.len() < 260, "{file}");
                let address = address(&file);
                assert!(address.is_ascii() && !address.contains(['<', '"', ' ', '|']), "{address}");
            }
        }
        assert_eq!(address("a/ә.html"), "a/%D3%99.html");
        assert_ne!(conversation_file("c", "a"), conversation_file("c", "b"));
    }
}
