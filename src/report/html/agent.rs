//! The page of an agent.

use super::context::{Context, Of};
use super::funnel::Standing;
use super::gather::{Dot, Moment};
use super::model::{Advice, Block, Cell, Column, Page, Plot, Section, Table, Text};
use super::plots::{self, Interval, TimeDot, Width};
use super::texts::fill;
use super::transcript::Transcript;
use super::{like_cases, nights, trust};
use crate::criteria;

/// Moments of each kind on a page, and things to practise.
const SHOWN: usize = 5;
const PRACTISE: usize = 2;
/// Below it a conversation's score is little sure.
const FAINT: f64 = 0.3;

/// Where rules that won are the other side of rules that lost: what a good turn would have shown.
const OTHER_SIDE: &[(&str, &[&str])] = &[
    ("missed_feeling", &["names_feeling", "validates", "takes_on"]),
    ("dismisses", &["validates", "names_feeling"]),
    ("waves_away", &["reassures", "gives_time"]),
    ("left_without_answer", &["stays_with_customer"]),
    ("parks_without_asking", &["asks_before_hold", "thanks_after_hold"]),
    ("rushes", &["gives_time"]),
    ("blames", &["stays_with_customer", "names_next_step"]),
    ("reproaches_repetition", &["stays_with_customer"]),
    ("refusal_left_standing", &["reframe", "offers_alternative"]),
    ("shuts_the_door", &["offers_alternative", "reframe"]),
    ("policy_as_wall", &["reframe", "offers_alternative"]),
    ("orders_about", &["asks_softly", "can_do"]),
    ("cold_words", &["does_it_gladly", "says_please"]),
    ("customer_has_to_repeat", &["gives_back", "checks_back"]),
    ("asks_what_was_said", &["gives_back", "checks_back"]),
    ("question_left_unanswered", &["gives_back"]),
    ("question_passed_over", &["gives_back"]),
    ("left_open", &["recap_or_next_step", "checks_resolved"]),
    ("tone_of_all_turns", &["asks_softly", "names_next_step", "gives_time"]),
    ("warmth_of_all_turns", &["names_feeling", "validates", "gives_back", "asks_softly"]),
    ("offers_in_all_turns", &["can_do", "names_next_step", "offers_alternative", "recap_or_next_step"]),
    ("answers_in_all_turns", &["can_do", "names_next_step", "gives_back"]),
    ("refuses_in_all_turns", &["reframe", "offers_alternative", "can_do"]),
    ("understanding_of_all_turns", &["gives_back", "checks_back"]),
    ("easing_of_all_turns", &["gives_time", "reassures", "stays_with_customer"]),
    ("deflects_in_all_turns", &["names_next_step", "can_do", "offers_alternative"]),
    ("concern_of_the_best_turns", &["explores", "takes_on", "wishes_well"]),
    ("warmth_of_the_best_turns", &["names_feeling", "validates", "takes_on"]),
    ("harshness_of_the_worst_turn", &["stays_with_customer", "reassures", "names_next_step"]),
    ("offers_in_the_best_turns", &["can_do", "names_next_step", "offers_alternative"]),
    ("refuses_in_the_hardest_turns", &["reframe", "offers_alternative", "can_do"]),
    ("understanding_of_the_best_turns", &["gives_back", "checks_back"]),
    ("courtesy_of_the_best_turns", &["asks_softly", "says_please", "thanks"]),
    ("brightness_of_the_best_turns", &["does_it_gladly", "says_goodbye"]),
    ("easing_of_the_best_turns", &["gives_time", "reassures", "stays_with_customer"]),
    ("calm_of_the_best_turns", &["gives_time", "reassures", "stays_with_customer"]),
    ("concludes_at_the_end", &["recap_or_next_step", "checks_resolved"]),
    ("invites_at_the_end", &["offers_more_help", "invites_reply"]),
    ("takes_leave_at_the_end", &["farewell", "thanks", "signs_off"]),
    ("courtesy_at_the_end", &["thanks", "farewell", "signs_off"]),
    ("customers_courtesy_at_the_end", &["names_feeling", "takes_on", "reassures"]),
    ("contentment_at_the_end", &["checks_resolved", "recap_or_next_step"]),
    ("bare_questions", &["names_feeling", "gives_back", "asks_softly"]),
    ("customer_feels_unheard", &["names_feeling", "validates"]),
    ("mood_at_the_end", &["stays_with_customer", "gives_time"]),
];

/// Builds the page.
pub(super) fn page<'c>(c: &'c Context<'_>, of: &Of<'_>) -> Page<'c> {
    let t = c.t;
    let (title, input_title) = c.agent_name(&of.row.agent_id);
    let list = |parts: Vec<(String, u64)>| {
        parts.into_iter().map(|(name, n)| format!("{name} {}", c.count(n))).collect::<Vec<_>>().join(", ")
    };
    let lead = vec![
        Text::Own(fill(&t.agent_lead, &[("n", &c.count(of.row.conversations))])),
        Text::Own(list(of.gathered.channels.iter().map(|(k, n)| (c.channel(*k), *n)).collect())),
        Text::Own(list(of.gathered.languages.iter().map(|(k, n)| (c.language(*k), *n)).collect())),
    ];
    let mut sections = Vec::new();
    if of.row.fatal > 0 {
        let text = fill(&t.fatal_agent, &[("n", &c.count(of.row.fatal))]);
        sections.push(Section { blocks: vec![Block::Notice(text)], ..Section::default() });
    }
    sections.push(scores(c, of));
    sections.push(Section { blocks: vec![Block::Notes], ..Section::default() });
    sections.extend(practise(c, of));
    sections.extend(moments(c, of, false));
    sections.extend(moments(c, of, true));
    sections.extend(nights::of_agent(c, &of.row.agent_id));
    sections.extend(like_cases::of_agent(c, &of.row.agent_id));
    sections.extend(like_cases::habits(c, of.row));
    sections.extend(timeline(c, of));
    sections.extend(conversations(c, of));
    Page {
        t,
        up: "../",
        title,
        input_title,
        kicker: t.agent.clone(),
        crumbs: vec![(t.report.clone(), "../index.html".into(), false)],
        lead,
        sections,
    }
}

fn scores(c: &Context<'_>, of: &Of<'_>) -> Section {
    let t = c.t;
    let mut intervals = Vec::new();
    let mut rows = Vec::new();
    for (i, estimate) in of.row.estimates.iter().enumerate() {
        let title = c.title(i);
        let team = c.means[i].map_or("–".into(), |m| c.number(m, 0));
        let trust = i.checked_sub(1).map_or(String::new(), |k| trust::line(c, criteria::ALL[k].name()));
        let head = Cell::text(title.clone()).below(trust).head();
        let of_parts = |n: u64| fill(&t.n_of, &[("n", &c.count(n)), ("of", &c.count(of.row.conversations))]);
        let Some(e) = estimate else {
            let why = match i.checked_sub(1) {
                Some(k) if of.agent.cannot_tell[k] > 0 => &t.why_cannot_tell,
                Some(_) => &t.why_not_applicable,
                None => &t.why_nothing,
            };
            let dash = || Cell { text: "–".into(), number: true, ..Cell::default() };
            rows.push(vec![
                head,
                dash(),
                dash(),
                Cell::number(of_parts(0), 0.0),
                dash(),
                Cell::text(why).class("quiet"),
            ]);
            continue;
        };
        let standing = c.funnels[i].map(|f| f.standing(&of.agent.scores[i]));
        let against = match standing {
            Some((Standing::Outside998, above)) => {
                if above {
                    &t.far_above
                } else {
                    &t.far_below
                }
            }
            Some((Standing::Outside95, above)) => {
                if above {
                    &t.above
                } else {
                    &t.below
                }
            }
            Some((Standing::Within, _)) => &t.within,
            None => &t.no_interval,
        };
        rows.push(vec![
            head,
            Cell::number(c.number(e.shrunken, 0), e.shrunken).class("strong"),
            Cell::number(c.interval(e), e.shrunken),
            Cell::number(of_parts(e.n), e.n as f64),
            Cell::number(team, c.means[i].unwrap_or_default()).below(against.clone()),
            Cell::text(c.band(of.row.bands[i])).below(fill(&t.plain_mean, &[("mean", &c.number(e.mean, 0))])),
        ]);
        intervals.push(Interval {
            title: format!("{title}: {} ({})", c.number(e.shrunken, 0), c.interval(e)),
            name: title,
            input: false,
            href: String::new(),
            at: e.shrunken,
            ends: e.low.zip(e.high),
            team: c.means[i],
        });
    }
    let table = Table {
        caption: t.scores_caption.clone(),
        head: vec![
            Column::text(&t.criterion),
            Column::number(&t.score),
            Column::number(&t.interval),
            Column::number(&t.scored_parts),
            Column::number(&t.team_mean),
            Column::text(&t.band),
        ],
        rows,
        ..Table::default()
    };
    let draw = |width| plots::intervals(&intervals, None, &t.axis_score, width);
    let plot = Plot {
        title: t.agent_plot.clone(),
        says: t.agent_plot_says.clone(),
        wide: draw(Width::Wide),
        narrow: draw(Width::Narrow),
        table: None,
    };
    let th = c.scorecard.thresholds;
    let says = fill(
        &t.scores_says,
        &[
            ("good", &c.number(th.good, 0)),
            ("excellent", &c.number(th.excellent, 0)),
            ("minimum", &c.count(c.scorecard.minimum_conversations)),
        ],
    );
    let mut blocks = vec![Block::Table(table)];
    if !intervals.is_empty() {
        blocks.insert(0, Block::Plot(plot));
    }
    blocks.extend(trust::measured(c));
    Section { id: "scores".into(), title: t.scores.clone(), says, blocks }
}

/// The strongest moments over all criteria: the first of each criterion, then the second ones.
fn strongest(lists: &[Vec<Moment>]) -> Vec<&Moment> {
    let mut ranked: Vec<(usize, &Moment)> = lists.iter().flat_map(|l| l.iter().enumerate()).collect();
    ranked.sort_by(|(i, a), (k, b)| {
        i.cmp(k).then(b.row.points.abs().total_cmp(&a.row.points.abs())).then(a.row.criterion.cmp(&b.row.criterion))
    });
    let mut shown: Vec<&Moment> = Vec::new();
    for (_, m) in ranked {
        // The same words won or lost by two criteria are one moment.
        let same = |s: &&Moment| s.row.conversation_id == m.row.conversation_id && s.row.turn == m.row.turn;
        if shown.len() < SHOWN && !shown.iter().any(same) {
            shown.push(m);
        }
    }
    shown
}

fn moments(c: &Context<'_>, of: &Of<'_>, best: bool) -> Option<Section> {
    let t = c.t;
    let (lists, id, title, says) = match best {
        true => (&of.gathered.best, "best", &t.best, &t.best_says),
        false => (&of.gathered.worst, "worst", &t.worst, &t.worst_says),
    };
    let cards: Vec<_> = strongest(lists).into_iter().map(|m| c.card(m, "../")).collect();
    (!cards.is_empty()).then(|| Section {
        id: id.into(),
        title: title.clone(),
        says: says.clone(),
        blocks: vec![Block::Moments(cards)],
    })
}

fn practise(c: &Context<'_>, of: &Of<'_>) -> Option<Section> {
    let t = c.t;
    let lost = |i: usize| of.agent.lost.iter().filter(move |((k, _), _)| *k == i);
    let mut ranked: Vec<(f64, usize)> = of.row.estimates[1..]
        .iter()
        .enumerate()
        .filter_map(|(i, e)| e.as_ref().map(|e| (e.shrunken, i)))
        .filter(|(_, i)| lost(*i).next().is_some())
        .collect();
    ranked.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let advice: Vec<Advice> = ranked
        .into_iter()
        .take(PRACTISE)
        .map(|(_, i)| {
            let costliest = lost(i).min_by(|a, b| a.1.1.total_cmp(&b.1.1).then(a.0.cmp(b.0)));
            let mut advice = Advice { criterion: c.title(i + 1), advice: c.advice(i), ..Advice::default() };
            let mut rules: Vec<&str> = Vec::new();
            if let Some(((_, rule), (count, points, would_earn))) = costliest {
                let (rule_title, count, points) = (c.rule(i, rule), c.count(*count), c.points(*points));
                advice.lost = fill(&t.most_lost, &[("rule", &rule_title), ("n", &count), ("points", &points)]);
                advice.would_earn = c.would_earn(would_earn);
                rules.extend(OTHER_SIDE.iter().find(|(lost, _)| lost == rule).map_or(&[][..], |(_, won)| won));
                rules.push(rule);
            }
            let example = c.gathered.example_for(&of.row.agent_id, i, &rules, of.gathered.language());
            advice.example = example.map(|m| c.card(m, "../"));
            advice
        })
        .collect();
    (!advice.is_empty()).then(|| Section {
        id: "practise".into(),
        title: t.practise.clone(),
        says: t.practise_says.clone(),
        blocks: vec![Block::Practise(advice)],
    })
}

fn timeline(c: &Context<'_>, of: &Of<'_>) -> Option<Section> {
    let t = c.t;
    let dots = of.gathered.dots();
    if dots.is_empty() {
        return None;
    }
    let time = |d: &Dot| d.started_at.get(..19).and_then(|s| s.parse::<jiff::civil::DateTime>().ok());
    let first = dots.iter().filter_map(|d| time(d)).min().map(|d| d.date());
    let href = |d: &Dot| c.conversation_href("../", &d.id, &of.row.agent_id);
    let shown: Vec<TimeDot> = dots
        .iter()
        .filter_map(|d| {
            let since = time(d)?.duration_since(first?.to_datetime(jiff::civil::Time::midnight()));
            Some(TimeDot {
                hours: since.as_secs_f64() / 3600.0,
                score: d.overall,
                faint: d.confidence < FAINT,
                fatal: d.fatal,
                href: href(d),
                title: format!("{} · {} · {}", d.id, c.time(&d.started_at), c.number(d.overall, 0)),
            })
        })
        .collect();
    let mut blocks = Vec::new();
    let mean = of.row.estimates[0].as_ref().map_or(0.0, |e| e.mean);
    if !shown.is_empty()
        && let Some(first) = first
    {
        let span =
            shown.iter().map(|d| d.hours).fold(0.0, f64::max) - shown.iter().map(|d| d.hours).fold(f64::MAX, f64::min);
        let days = span > 36.0;
        let name = |hours: f64| {
            let minutes = jiff::SignedDuration::from_mins((hours * 60.0).round() as i64);
            let at = first.to_datetime(jiff::civil::Time::midnight()).saturating_add(minutes);
            if days { at.strftime("%d.%m").to_string() } else { at.strftime("%H:%M").to_string() }
        };
        let axis = if days { &t.axis_day } else { &t.axis_time };
        let draw = |width| plots::timeline(&shown, mean, &name, axis, width);
        blocks.push(Block::Plot(Plot {
            title: t.timeline_plot.clone(),
            says: t.timeline_says.clone(),
            wide: draw(Width::Wide),
            narrow: draw(Width::Narrow),
            table: None,
        }));
    }
    let rows = dots.iter().map(|d| {
        vec![
            Cell::input(c.time(&d.started_at)).head(),
            Cell::input(&d.id).href(href(d)),
            Cell::text(c.channel(d.channel)),
            Cell::text(c.language(d.language)),
            Cell::number(c.number(d.overall, 0), d.overall).class(if d.fatal { "lost" } else { "" }),
            Cell::number(c.number(d.confidence, 2), d.confidence),
        ]
    });
    let table = Table {
        caption: t.timeline_caption.clone(),
        sortable: true,
        stacked: false,
        head: vec![
            Column { sorted: "ascending", ..Column::text(&t.begun) },
            Column::text(&t.conversation),
            Column::text(&t.channel),
            Column::text(&t.language),
            Column::number(&t.score),
            Column::number(&t.confidence),
        ],
        rows: rows.collect(),
    };
    let mut says = Vec::new();
    if (dots.len() as u64) < of.gathered.scored {
        let n = [("shown", c.count(dots.len() as u64)), ("n", c.count(of.gathered.scored))];
        says.push(fill(&t.timeline_sample, &n.each_ref().map(|(k, v)| (*k, v.as_str()))));
    }
    if shown.len() < dots.len() {
        says.push(fill(&t.timeline_untimed, &[("n", &c.count((dots.len() - shown.len()) as u64))]));
    }
    match blocks.last_mut() {
        Some(Block::Plot(plot)) => plot.table = Some(table),
        _ => blocks.push(Block::Table(table)),
    }
    Some(Section { id: "timeline".into(), title: t.timeline.clone(), says: says.join(" "), blocks })
}

/// The conversations that have a page.
fn conversations(c: &Context<'_>, of: &Of<'_>) -> Option<Section> {
    let t = c.t;
    let [worst, best] = of.gathered.pages();
    let why = |(i, p): (usize, &&Transcript)| {
        let why =
            if p.fatal.is_empty() { if i < worst.len() { &t.why_worst } else { &t.why_best } } else { &t.why_fatal };
        vec![
            Cell::input(&p.id).href(c.conversation_href("../", &p.id, &p.agent_id)).head(),
            Cell::text(why),
            Cell::input(c.time(&p.started_at)),
            Cell::text(c.channel(p.channel)),
            Cell::number(c.number(p.overall, 0), p.overall).class("strong"),
            Cell::number(c.number(p.confidence, 2), p.confidence),
        ]
    };
    let rows: Vec<_> = worst.iter().chain(&best).enumerate().map(why).collect();
    (!rows.is_empty()).then(|| Section {
        id: "conversations".into(),
        title: t.worth_a_look.clone(),
        says: pages_say(c),
        blocks: vec![Block::Table(Table {
            caption: t.pages_caption.clone(),
            head: vec![
                Column::text(&t.conversation),
                Column::text(&t.why),
                Column::text(&t.begun),
                Column::text(&t.channel),
                Column::number(&t.score),
                Column::number(&t.confidence),
            ],
            rows,
            ..Table::default()
        })],
    })
}

/// Which conversations have a page.
pub(super) fn pages_say(c: &Context<'_>) -> String {
    let (worst, best) = (c.settings.pages.div_ceil(2), c.settings.pages / 2);
    fill(&c.t.pages_say, &[("worst", &worst.to_string()), ("best", &best.to_string())])
}
