//! How far criteria may be trusted, where reviewers' marks have told it.

use super::context::Context;
use super::model::{Block, Text};
use super::texts::fill;
use crate::agreement::trust::Label;

fn name(label: Label) -> &'static str {
    match label {
        Label::LikeReviewers => "like_reviewers",
        Label::Substantial => "substantial",
        Label::Moderate => "moderate",
        Label::NotAlone => "not_alone",
        Label::Unknown => "unknown",
    }
}

/// What stands under a criterion's name; empty where nothing was measured.
pub(super) fn line(c: &Context<'_>, criterion: &str) -> String {
    let Some(of) = c.facts.trust.as_ref().and_then(|t| t.of(criterion)) else { return String::new() };
    let label = c.t.trust_labels.get(name(of.label)).cloned().unwrap_or_else(|| of.says.clone());
    let n = c.count(of.n as u64);
    match (of.kappa, of.low, of.high) {
        (Some(kappa), Some(low), Some(high)) => {
            let [kappa, low, high] = [kappa, low, high].map(|x| c.number(x, 2));
            fill(&c.t.trust_line, &[("label", &label), ("n", &n), ("kappa", &kappa), ("low", &low), ("high", &high)])
        }
        _ => fill(&c.t.trust_few, &[("label", &label), ("n", &n)]),
    }
}

/// What it was measured on, and a warning where it was measured with something else than this run.
pub(super) fn measured(c: &Context<'_>) -> Vec<Block> {
    let Some(trust) = &c.facts.trust else { return Vec::new() };
    let mut blocks = Vec::new();
    if !trust.is_of(&c.facts.lexicon, &c.facts.scorecard_hash) {
        blocks.push(Block::Notice(c.t.trust_other.clone()));
    }
    let (conversations, reviewers) = (c.count(trust.conversations as u64), c.count(trust.reviewers as u64));
    let says = fill(&c.t.trust_measured, &[("conversations", &conversations), ("reviewers", &reviewers)]);
    let mut line = vec![Text::Own(says)];
    if !trust.marked_from.is_empty() {
        line.push(Text::Own(c.t.trust_marked.clone()));
        line.push(Text::Input(if trust.marked_from == trust.marked_to {
            trust.marked_from.clone()
        } else {
            format!("{} – {}", trust.marked_from, trust.marked_to)
        }));
    }
    blocks.push(Block::Lines(line));
    blocks
}
