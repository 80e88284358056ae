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

/// Makes the type of the words and the way to set one by its name: a derived reader of so many fields takes minutes to compile.
macro_rules! texts {
    ($($field:ident)*) => {
        /// The words of one language. What each is for, its file says.
        #[derive(Debug, Default)]
        pub(super) struct Texts {
            $(pub $field: String,)*
            pub criteria: BTreeMap<String, TitleAdvice>,
            pub bands: Words,
            pub languages: Words,
            pub channels: Words,
            pub speakers: Words,
            pub kinds: Words,
            pub statuses: Words,
            pub fatal_items: Words,
            pub urgencies: Words,
            pub alert_kinds: Words,
            pub signals: Words,
            pub trust_labels: Words,
            pub role_sources: Words,
            pub note_kinds: Words,
            pub review_kinds: Words,
            pub quarantine_kinds: BTreeMap<String, TitleRemedy>,
            /// By `rule`, or by `criterion.rule` where criteria use it differently.
            pub rules: Words,
            /// What would have earned a point, by the program's own words for it.
            pub hints: Words,
            /// Why a criterion ended as it did, by the program's own words for it.
            pub reasons: Words,
        }

        /// Every plain text.
        const FIELDS: &[&str] = &[$(stringify!($field)),*];

        impl Texts {
            /// Where the text of this name stands.
            fn field(&mut self, name: &str) -> Option<&mut String> {
                match name {
                    $(stringify!($field) => Some(&mut self.$field),)*
                    _ => None,
                }
            }
        }
    };
}

texts! {
    lang report skip path on_this_page figures_behind filter rows_shown sort_by footer overall criterion score
    interval confidence weight mean band agent agents unnamed_agent conversation conversations channel language kind
    what why begun file line byte reason source fatal scored not_applicable cannot_tell no_interval interval_and_n
    n_is n_of mean_and_n would_have_earned in_conversation within above below far_above far_below axis_score axis_n
    axis_time axis_day index_title files_read night night_says read quarantined parts with_fatal coverage_caption
    mix_caption distribution_caption distribution_says team team_says funnel funnel_says funnel_outside team_line
    intervals intervals_says intervals_capped figures_in_table agents_caption agents_says against_team read_first
    first_caption why_fatal why_worst why_best pages_say pages_written no_pages about about_scores masked not_masked
    made_by scorecard phrases tables agent_lead fatal_agent fatal_here scores scores_says scores_caption scored_parts
    team_mean plain_mean agent_plot agent_plot_says why_cannot_tell why_not_applicable why_nothing best best_says
    worst worst_says practise practise_says most_lost colleague timeline timeline_plot timeline_says timeline_caption
    timeline_sample timeline_untimed worth_a_look pages_caption overall_with_confidence sums sums_says sums_caption
    base won lost transcript transcript_says transcript_says_open show_only all_criteria called_by cut_here more_turns
    more_points quarantine quarantine_none quarantine_lead quarantine_capped quarantine_caption
    attention attention_says attention_none attention_alone attention_caption attention_capped urgency matter
    alert_fatal alert_quarantine alert_drop alert_falling with_interval signal_beyond signal_run roles_caption
    roles_say how_known notes_caption noted trust_line trust_few trust_measured trust_marked trust_other history
    history_says history_compared history_first history_left_out break_phrases break_scorecard break_both first_seen
    history_caption tonight usual limits trend_week week_ago from_to few_nights rises falls higher lower may_be_chance
    no_week_ago
    control control_says nights_caption axis_night team_history like_cases like_says like_caption like_effect as_it_is
    adjusted difference verdict surely_above surely_below no_difference habits habit_empathy habit_sentence habit_none
    habit_language review review_says
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
    let fail = |message: String| TextsError { language: language.code(), message };
    let table: toml::Table = toml::from_str(source(language)).map_err(|e| fail(e.to_string()))?;
    let mut texts = Texts::default();
    if let Some(missing) = FIELDS.iter().find(|f| !table.contains_key(**f)) {
        return Err(fail(format!("there is no text {missing:?}")));
    }
    for (name, value) in table {
        if let toml::Value::String(text) = value {
            *texts.field(&name).ok_or_else(|| fail(format!("{name:?} is nobody's text")))? = text;
            continue;
        }
        let words = match name.as_str() {
            "criteria" => {
                texts.criteria = value.try_into().map_err(|e| fail(format!("{name}: {e}")))?;
                continue;
            }
            "quarantine_kinds" => {
                texts.quarantine_kinds = value.try_into().map_err(|e| fail(format!("{name}: {e}")))?;
                continue;
            }
            "bands" => &mut texts.bands,
            "languages" => &mut texts.languages,
            "channels" => &mut texts.channels,
            "speakers" => &mut texts.speakers,
            "kinds" => &mut texts.kinds,
            "statuses" => &mut texts.statuses,
            "fatal_items" => &mut texts.fatal_items,
            "urgencies" => &mut texts.urgencies,
            "alert_kinds" => &mut texts.alert_kinds,
            "signals" => &mut texts.signals,
            "trust_labels" => &mut texts.trust_labels,
            "role_sources" => &mut texts.role_sources,
            "note_kinds" => &mut texts.note_kinds,
            "review_kinds" => &mut texts.review_kinds,
            "rules" => &mut texts.rules,
            "hints" => &mut texts.hints,
            "reasons" => &mut texts.reasons,
            _ => return Err(fail(format!("{name:?} is nobody's table"))),
        };
        *words = value.try_into().map_err(|e| fail(format!("{name}: {e}")))?;
    }
    Ok(texts)
}

/// The names of the criteria in a language, by the criterion's name in files.
pub(in crate::report) fn criterion_titles(language: Language) -> BTreeMap<String, String> {
    // A test sees to it that the texts can be read.
    load(language).map(|t| t.criteria.into_iter().map(|(name, c)| (name, c.title)).collect()).unwrap_or_default()
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
    fn literals(source: &str) -> Vec<String> {
        let program = source.split("#[cfg(test)]").next().unwrap_or_default();
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
        let part = include_str!("../../criteria/part.rs");
        let common = part.to_owned() + include_str!("../../scorecard/mod.rs");
        for language in [Language::Russian, Language::Kazakh] {
            let texts = load(language).unwrap();
            let mut met = BTreeSet::new();
            for text in literals(part).into_iter().filter(|t| !t.is_empty()) {
                let found = [&texts.rules, &texts.reasons].iter().any(|m| m.contains_key(&text));
                assert!(found, "{text} of all criteria is not in {}.toml", language.code());
            }
            for criterion in criteria::ALL {
                for text in literals(criterion.source()).into_iter().filter(|t| t.len() > 2 && !others(*criterion, t)) {
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
