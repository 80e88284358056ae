//! What every conversation goes through between its reader and scoring, whatever its format: side data, charset, roles as
//! the user tells them, machines set apart, recognisers' mistakes mended.
//!
//! What needs phrases (who is the agent by what is said) comes after the lexicon, in [`crate::resolve`].

use super::roles::channel_map::is_technical;
use super::side::moment;
use super::{Options, announcements, mojibake, repair};
use crate::model::{Conversation, Kind, NoteKind, Place, RoleSource, RolesFound, Speaker};

/// How sure a role by the roster is: people share names.
const BY_ROSTER: f64 = 0.98;
/// How sure the other one of two is.
const BY_ELIMINATION: f64 = 0.97;

/// Makes a conversation ready for scoring; what was done is noted. Costs next to nothing where nothing is to do.
pub fn prepare(c: &mut Conversation<'_>, place: &Place, options: &Options) {
    side_data(c, place, options);
    date(c);
    mojibake::mend(c);
    told_roles(c, options);
    announcements::set_apart(c);
    the_other_one(c);
    repair::mend(c);
}

fn side_data(c: &mut Conversation<'_>, place: &Place, options: &Options) {
    let Some(name) = place.file.file_name().and_then(|n| n.to_str()) else { return };
    // The name without `.gz` and without its extension, as readers make ids of it.
    let name = name.strip_suffix(".gz").or_else(|| name.strip_suffix(".zst")).unwrap_or(name);
    let stem = name.rfind('.').filter(|dot| *dot > 0).map_or(name, |dot| &name[..dot]);
    options.names.fill(c, name, stem);
    if let Some(table) = &options.side {
        match table.find(&c.id, name, stem).cloned() {
            Some(facts) => facts.fill(c, "--side", stem),
            None => c.note(NoteKind::SideData, "--side has no row for it"),
        }
    }
}

/// Brings the date to RFC 3339, or says that it cannot be read.
fn date(c: &mut Conversation<'_>) {
    let Some(written) = c.started_at.as_deref() else { return };
    let bytes = written.as_bytes();
    // Nearly always: `2026-11-20…`.
    if bytes.len() >= 10 && bytes[4] == b'-' && bytes[7] == b'-' && bytes[..4].iter().all(u8::is_ascii_digit) {
        return;
    }
    match moment(written) {
        Some(at) => c.started_at = Some(at.into()),
        None => {
            let text = format!("{written:?} is not a date that can be read; left as it is");
            c.note(NoteKind::Date, text);
        }
    }
}

/// The weaker of what is known so far and a further source.
fn weaken(c: &mut Conversation<'_>, source: RoleSource, confidence: f64) {
    if source > c.roles.source {
        c.roles = RolesFound { source, confidence: c.roles.confidence.min(confidence) };
    }
}

/// Roles by the channel map, then by the roster, which also gives agents their ids and teams.
fn told_roles(c: &mut Conversation<'_>, options: &Options) {
    if !options.channel_map.is_empty() {
        let mut mapped = false;
        for turn in c.turns.iter_mut().filter(|t| t.speaker == Speaker::Unknown) {
            if let Some(role) = turn.label.as_deref().and_then(|l| options.channel_map.role(c.format, l)) {
                turn.speaker = role;
                mapped = true;
            }
        }
        if mapped {
            weaken(c, RoleSource::ChannelMap, 1.0);
        }
    }
    let Some(roster) = &options.roster else { return };
    let mut team = None;
    if let Some(person) = c.agent_id.as_deref().and_then(|id| roster.find(id, true)) {
        team = Some(&person.team);
        c.agent_id = Some(person.id.clone().into());
    }
    // An agents' conference has no customer; then the names tell nothing.
    let labels = unknown_labels(c);
    let on_roster: Vec<String> = labels.into_iter().filter(|l| roster.find(l, false).is_some()).collect();
    let several = on_roster.len() > 1 && unknown_labels(c).len() == on_roster.len();
    let mut hit = false;
    for turn in &mut c.turns {
        let known = turn.speaker == Speaker::Agent;
        if !known && (turn.speaker != Speaker::Unknown || several) {
            continue;
        }
        let name = if known { turn.agent_id.as_deref() } else { turn.label.as_deref() };
        if let Some(person) = name.and_then(|n| roster.find(n, known)) {
            hit |= !known;
            turn.speaker = Speaker::Agent;
            turn.agent_id = Some(person.id.clone().into());
            team.get_or_insert(&person.team);
        }
    }
    if let Some(team) = team.filter(|t| !t.is_empty())
        && c.team.is_none()
    {
        c.team = Some(team.clone().into());
    }
    if hit {
        weaken(c, RoleSource::Roster, BY_ROSTER);
    }
}

/// The labels of speakers whose role is not known, in the order in which they speak.
pub(crate) fn unknown_labels(c: &Conversation<'_>) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    for turn in &c.turns {
        if turn.speaker == Speaker::Unknown && turn.kind == Kind::Speech {
            let label = turn.label.as_deref().unwrap_or_default();
            if !out.iter().any(|l| l == label) {
                out.push(label.to_owned());
            }
        }
    }
    out
}

/// Gives the speaker of a label a role; where the label names somebody, it is the agent's id.
pub(crate) fn give_role(c: &mut Conversation<'_>, label: &str, role: Speaker) {
    let named = role == Speaker::Agent && c.agent_id.is_none() && !is_technical(label);
    for turn in &mut c.turns {
        if turn.speaker == Speaker::Unknown && turn.label.as_deref().unwrap_or_default() == label {
            turn.speaker = role;
            if named && turn.agent_id.is_none() {
                turn.agent_id = Some(label.to_owned().into());
            }
        }
    }
}

/// Where the only speaker without a role faces an agent or a customer, they are the other one.
fn the_other_one(c: &mut Conversation<'_>) {
    if !c.turns.iter().any(|t| t.speaker == Speaker::Unknown) {
        return;
    }
    let labels = unknown_labels(c);
    let [label] = &labels[..] else { return };
    if label.is_empty() {
        return;
    }
    let speaks = |s: Speaker| c.turns.iter().any(|t| t.speaker == s && t.kind == Kind::Speech);
    let role = match (speaks(Speaker::Agent), speaks(Speaker::Customer)) {
        (true, false) => Speaker::Customer,
        // A second company-side voice and a customer look alike here, so a bot beside them makes it unsafe.
        (false, true) if !speaks(Speaker::Bot) && !speaks(Speaker::System) => Speaker::Agent,
        _ => return,
    };
    give_role(c, label, role);
    weaken(c, RoleSource::Elimination, BY_ELIMINATION);
    c.note(NoteKind::RolesInferred, format!("the only other speaker was taken for the {}", role.name()));
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::roles::channel_map::ChannelMap;
    use crate::ingest::roles::roster::Roster;
    use crate::model::Turn;
    use std::path::Path;
    use std::sync::Arc;

    fn prepared(speakers: &[(Speaker, &str)], options: &Options) -> Conversation<'static> {
        let turns = speakers.iter().map(|(speaker, label)| Turn {
            speaker: *speaker,
            label: (!label.is_empty()).then(|| (*label).to_owned().into()),
            text: "hello there".into(),
            ..Turn::default()
        });
        let mut c = Conversation { id: "1".into(), turns: turns.collect(), ..Conversation::default() };
        prepare(&mut c, &Place::file(&Path::new("1.json").into()), options);
        c
    }

    fn who(c: &Conversation<'_>) -> String {
        c.turns.iter().map(|t| &t.speaker.name()[..1]).collect()
    }

    fn options(map: &str, roster: &str) -> Options {
        let mut options = Options::default();
        if !map.is_empty() {
            let mut m = ChannelMap::default();
            m.add(map).unwrap();
            options.channel_map = m;
        }
        if !roster.is_empty() {
            let dir = tempfile::tempdir().unwrap();
            let path = dir.path().join("r.csv");
            std::fs::write(&path, roster).unwrap();
            options.roster = Some(Arc::new(Roster::read(&path, &Options::default()).unwrap()));
        }
        options
    }

    const A: Speaker = Speaker::Agent;
    const C: Speaker = Speaker::Customer;
    const U: Speaker = Speaker::Unknown;

    #[test]
    fn what_is_stated_stays_and_nothing_is_noted() {
        let c = prepared(&[(A, ""), (C, ""), (U, "")], &Options::default());
        assert_eq!((who(&c).as_str(), c.roles, c.notes.len()), ("acu", RolesFound::default(), 0));
    }

    #[test]
    fn the_channel_map_goes_before_the_roster_and_after_what_is_stated() {
        let o = options("0=agent,1=customer", "id,name,team\nd7,Dana Lee,Cards\n");
        let c = prepared(&[(U, "ch_0"), (U, "ch_1"), (C, "ch_0")], &o);
        assert_eq!((who(&c).as_str(), c.roles.source), ("acc", RoleSource::ChannelMap));
        let c = prepared(&[(U, "Lee, Dana"), (U, "Marat")], &o);
        assert_eq!((who(&c).as_str(), c.roles.source), ("ac", RoleSource::Elimination));
        assert_eq!((c.turns[0].agent_id.as_deref(), c.team.as_deref()), (Some("d7"), Some("Cards")));
        let c = prepared(&[(U, "Lee, Dana"), (U, "Marat"), (U, "Olga")], &o);
        assert_eq!((who(&c).as_str(), c.roles.source), ("auu", RoleSource::Roster));
    }

    #[test]
    fn two_people_of_the_roster_are_a_conference() {
        let o = options("", "id,name\na,Dana Lee\nb,Ali Khan\n");
        assert_eq!(who(&prepared(&[(U, "Dana Lee"), (U, "Ali Khan")], &o)), "uu");
        assert_eq!(who(&prepared(&[(U, "Dana Lee"), (U, "Ali Khan"), (U, "Marat")], &o)), "aac");
    }

    #[test]
    fn the_other_one_of_two_is_told_and_a_name_is_an_id() {
        let c = prepared(&[(C, ""), (U, "Айдана")], &Options::default());
        assert_eq!((who(&c).as_str(), c.turns[1].agent_id.as_deref()), ("ca", Some("Айдана")));
        let c = prepared(&[(A, ""), (U, "SPEAKER_01")], &Options::default());
        assert_eq!((who(&c).as_str(), c.notes[0].kind), ("ac", NoteKind::RolesInferred));
        assert_eq!(who(&prepared(&[(A, ""), (C, ""), (U, "x")], &Options::default())), "acu");
        assert_eq!(who(&prepared(&[(A, ""), (U, "")], &Options::default())), "au", "no label, no party");
    }

    #[test]
    fn dates_are_brought_to_one_form_or_noted() {
        let date_of = |text: &str| {
            let mut c = Conversation { started_at: Some(text.to_owned().into()), ..Conversation::default() };
            date(&mut c);
            (c.started_at.unwrap().to_string(), c.notes.len())
        };
        assert_eq!(date_of("2026-11-20T18:05:00Z").1, 0);
        assert_eq!(date_of("20.11.2026 18:05"), ("2026-11-20T18:05:00".to_owned(), 0));
        assert_eq!(date_of("last Friday"), ("last Friday".to_owned(), 1));
    }
}
