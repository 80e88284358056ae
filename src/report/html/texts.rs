//! The words of the interface, one file a language in `texts/`. All files have the same keys, as the type and a test see to.

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::model::Language;

/// The words of a language are not as they should be.
#[derive(Debug, thiserror::Error)]
#[error("the words of the report in {language}: {message}")]
pub struct TextsError {
    language: &'static str,
    message: String,
}

/// A title and a sentence of advice.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TitleAdvice {
    pub title: String,
    pub advice: String,
}

/// A title and what to do about it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TitleRemedy {
    pub title: String,
    pub remedy: String,
}

type Words = BTreeMap<String, String>;

/// The words of one language. What each is for, its file says.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Texts {
    pub lang: String,
    pub report: String,
    pub skip: String,
    pub path: String,
    pub on_this_page: String,
    pub figures_behind: String,
    pub filter: String,
    pub rows_shown: String,
    pub sort_by: String,
    pub footer: String,
    pub overall: String,
    pub criterion: String,
    pub score: String,
    pub interval: String,
    pub confidence: String,
    pub weight: String,
    pub mean: String,
    pub band: String,
    pub agent: String,
    pub agents: String,
    pub unnamed_agent: String,
    pub conversation: String,
    pub conversations: String,
    pub channel: String,
    pub language: String,
    pub kind: String,
    pub what: String,
    pub why: String,
    pub begun: String,
    pub file: String,
    pub line: String,
    pub byte: String,
    pub reason: String,
    pub source: String,
    pub fatal: String,
    pub scored: String,
    pub not_applicable: String,
    pub cannot_tell: String,
    pub no_interval: String,
    pub interval_and_n: String,
    pub n_is: String,
    pub n_of: String,
    pub mean_and_n: String,
    pub would_have_earned: String,
    pub in_conversation: String,
    pub within: String,
    pub above: String,
    pub below: String,
    pub far_above: String,
    pub far_below: String,
    pub axis_score: String,
    pub axis_n: String,
    pub axis_time: String,
    pub axis_day: String,
    pub index_title: String,
    pub files_read: String,
    pub night: String,
    pub night_says: String,
    pub read: String,
    pub quarantined: String,
    pub parts: String,
    pub with_fatal: String,
    pub coverage_caption: String,
    pub mix_caption: String,
    pub distribution_caption: String,
    pub distribution_says: String,
    pub team: String,
    pub team_says: String,
    pub funnel: String,
    pub funnel_says: String,
    pub funnel_outside: String,
    pub team_line: String,
    pub intervals: String,
    pub intervals_says: String,
    pub intervals_capped: String,
    pub figures_in_table: String,
    pub agents_caption: String,
    pub agents_says: String,
    pub against_team: String,
    pub read_first: String,
    pub first_caption: String,
    pub why_fatal: String,
    pub why_worst: String,
    pub why_best: String,
    pub pages_say: String,
    pub pages_written: String,
    pub no_pages: String,
    pub about: String,
    pub about_scores: String,
    pub masked: String,
    pub not_masked: String,
    pub made_by: String,
    pub scorecard: String,
    pub phrases: String,
    pub tables: String,
    pub agent_lead: String,
    pub fatal_agent: String,
    pub fatal_here: String,
    pub scores: String,
    pub scores_says: String,
    pub scores_caption: String,
    pub scored_parts: String,
    pub team_mean: String,
    pub plain_mean: String,
    pub agent_plot: String,
    pub agent_plot_says: String,
    pub why_cannot_tell: String,
    pub why_not_applicable: String,
    pub why_nothing: String,
    pub best: String,
    pub best_says: String,
    pub worst: String,
    pub worst_says: String,
    pub practise: String,
    pub practise_says: String,
    pub most_lost: String,
    pub colleague: String,
    pub timeline: String,
    pub timeline_plot: String,
    pub timeline_says: String,
    pub timeline_caption: String,
    pub timeline_sample: String,
    pub timeline_untimed: String,
    pub worth_a_look: String,
    pub pages_caption: String,
    pub overall_with_confidence: String,
    pub sums: String,
    pub sums_says: String,
    pub sums_caption: String,
    pub base: String,
    pub won: String,
    pub lost: String,
    pub transcript: String,
    pub transcript_says: String,
    pub transcript_says_open: String,
    pub show_only: String,
    pub all_criteria: String,
    pub called_by: String,
    pub cut_here: String,
    pub more_turns: String,
    pub more_points: String,
    pub quarantine: String,
    pub quarantine_none: String,
    pub quarantine_lead: String,
    pub quarantine_capped: String,
    pub quarantine_caption: String,
    pub criteria: BTreeMap<String, TitleAdvice>,
    pub bands: Words,
    pub languages: Words,
    pub channels: Words,
    pub speakers: Words,
    pub kinds: Words,
    pub statuses: Words,
    pub fatal_items: Words,
    pub quarantine_kinds: BTreeMap<String, TitleRemedy>,
    /// By `rule`, or by `criterion.rule` where criteria use it differently.
    pub rules: Words,
    /// What would have earned a point, by the program's own words for it.
    pub hints: Words,
    /// Why a criterion ended as it did, by the program's own words for it.
    pub reasons: Words,
}

const fn source(language: Language) -> &'static str {
    match language {
        Language::English => include_str!("texts/en.toml"),
        Language::Russian => include_str!("texts/ru.toml"),
        Language::Kazakh => include_str!("texts/kk.toml"),
    }
}

/// The words of a language.
///
/// # Errors
/// Never, as a test sees to.
pub(super) fn load(language: Language) -> Result<Texts, TextsError> {
    toml::from_str(source(language)).map_err(|e| TextsError { language: language.code(), message: e.to_string() })
}

/// A text with its `{names}` filled in.
pub(super) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len() + 16);
    let mut rest = text;
    while let Some(at) = rest.find('{') {
        out.push_str(&rest[..at]);
        rest = &rest[at..];
        let end = rest.find('}').map_or(rest.len(), |e| e + 1);
        match values.iter().find(|(name, _)| rest[1..end].trim_end_matches('}') == *name) {
            Some((_, value)) => out.push_str(value),
            None => out.push_str(&rest[..end]),
        }
        rest = &rest[end..];
    }
    out + rest
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::criteria;

    fn value(language: Language) -> toml::Table {
        toml::from_str(source(language)).unwrap()
    }

    /// The names in braces of a text.
    fn names(text: &str) -> BTreeSet<&str> {
        text.split('{').skip(1).filter_map(|t| t.split_once('}')).map(|(name, _)| name).collect()
    }

    /// The string literals of a criterion's program, without its documentation and tests.
    fn literals(criterion: &dyn criteria::Criterion) -> Vec<String> {
        let program = criterion.source().split("#[cfg(test)]").next().unwrap_or_default();
        let mut out = Vec::new();
        for line in program.lines().filter(|l| !l.trim_start().starts_with("//")) {
            let mut chars = line.chars();
            while let Some(c) = chars.next() {
                if c == '\'' && line.contains("'\"'") {
                    // A sign in quotes, not a text.
                    chars.nth(1);
                    continue;
                }
                if c != '"' {
                    continue;
                }
                let mut text = String::new();
                while let Some(c) = chars.next() {
                    match c {
                        '"' => break,
                        '\\' => text.extend(chars.next()),
                        c => text.push(c),
                    }
                }
                out.push(text);
            }
        }
        out
    }

    #[test]
    fn every_language_has_every_text_with_the_same_names_in_it() {
        let english = value(Language::English);
        for language in Language::ALL {
            let texts = load(language).unwrap();
            assert_eq!(texts.lang, language.code());
            let own = value(language);
            for (key, text) in &english {
                match (text.as_str(), own[key].as_str()) {
                    (Some(english), Some(own)) => {
                        assert_eq!(names(english), names(own), "{key} in {}", language.code());
                        assert!(!own.trim().is_empty(), "{key} in {}", language.code());
                    }
                    _ if ["rules", "hints", "reasons"].contains(&key.as_str()) => {}
                    _ => {
                        let keys = |t: &toml::Table| t[key].as_table().unwrap().keys().cloned().collect::<Vec<_>>();
                        assert_eq!(keys(&english), keys(&own), "{key} in {}", language.code());
                    }
                }
            }
            for criterion in criteria::ALL {
                let c = &texts.criteria[criterion.name()];
                if language == Language::English {
                    assert_eq!((c.title.as_str(), c.advice.as_str()), (criterion.title(), criterion.advice()));
                }
            }
        }
    }

    #[test]
    fn every_rule_hint_and_reason_of_the_criteria_is_translated() {
        // Words of the program that are neither.
        let others = |c: &dyn criteria::Criterion, text: &str| {
            text == c.name()
                || text == c.title()
                || text == c.advice()
                || text.ends_with(".rs")
                || ["end", "disconnect", "hangup", "hang_up", "hang", "hung", "drop", "abandon", "lost"].contains(&text)
                || ["customer", "client", "caller", "hung up", "dropped", "..."].contains(&text)
                || !text.is_ascii()
        };
        let common = include_str!("../../criteria/part.rs").to_owned() + include_str!("../../scorecard/mod.rs");
        for language in [Language::Russian, Language::Kazakh] {
            let texts = load(language).unwrap();
            let mut met = BTreeSet::new();
            for criterion in criteria::ALL {
                for text in literals(*criterion).into_iter().filter(|t| t.len() > 2 && !others(*criterion, t)) {
                    let own = format!("{}.{text}", criterion.name());
                    let known = [&texts.rules, &texts.hints, &texts.reasons];
                    let found = known.iter().any(|m| m.contains_key(&text)) || texts.rules.contains_key(&own);
                    assert!(found, "{} of {} is not in {}.toml", text, criterion.name(), language.code());
                    met.extend([text, own]);
                }
            }
            for key in texts.rules.keys().chain(texts.hints.keys()).chain(texts.reasons.keys()) {
                assert!(met.contains(key) || common.contains(key), "{key} in {}.toml is nobody's", language.code());
            }
        }
    }

    #[test]
    fn texts_are_filled_in() {
        assert_eq!(fill("{n} of {of}", &[("n", "2"), ("of", "{n}")]), "2 of {n}");
        assert_eq!(fill("{x} {", &[("n", "2")]), "{x} {");
    }
}
