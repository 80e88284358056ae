//! Who works here: a table of agents with their ids, names, addresses and teams.

use std::collections::BTreeMap;
use std::path::Path;

use super::fold;
use crate::ingest::Options;
use crate::ingest::formats::fields::key;
use crate::ingest::table::{SideError, Table};

/// The agents of a contact centre.
#[derive(Debug, Default)]
pub struct Roster {
    people: Vec<Person>,
    /// Ids, addresses and whole names, folded → people.
    whole: BTreeMap<String, Vec<usize>>,
    /// Words of names as [`sound`] makes them → people.
    words: BTreeMap<String, Vec<usize>>,
}

/// An agent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// What the agent is called in outputs.
    pub id: String,
    /// Empty where the roster says none.
    pub team: String,
    words: Vec<String>,
}

/// Names of the columns, as [`key`] makes them.
const ID: [&str; 18] = [
    "agentid",
    "id",
    "userid",
    "employeeid",
    "operatorid",
    "login",
    "agentlogin",
    "username",
    "code",
    "extension",
    "идентификатор",
    "логин",
    "табельныйномер",
    "idоператора",
    "idсотрудника",
    "кодоператора",
    "логини",
    "табелномири",
];
const NAME: [&str; 22] = [
    "name",
    "fullname",
    "agentname",
    "displayname",
    "agent",
    "operator",
    "employee",
    "operatorname",
    "employeename",
    "alias",
    "фио",
    "имя",
    "имяифамилия",
    "оператор",
    "сотрудник",
    "агент",
    "фиооператора",
    "атыжони",
    "аты",
    "маман",
    "кызметкер",
    "псевдоним",
];
const FIRST: [&str; 3] = ["firstname", "givenname", "имясотрудника"];
const LAST: [&str; 5] = ["lastname", "surname", "familyname", "фамилия", "теги"];
const MAIL: [&str; 11] = [
    "email",
    "mail",
    "address",
    "emailaddress",
    "workemail",
    "почта",
    "электроннаяпочта",
    "адрес",
    "емейл",
    "пошта",
    "электрондыкпошта",
];
const TEAM: [&str; 11] =
    ["team", "teamname", "department", "group", "queue", "команда", "отдел", "группа", "подразделение", "топ", "болим"];

impl Roster {
    /// Reads a roster: CSV with a header in English, Russian or Kazakh. Needed is a column of ids, names or addresses; without
    /// an id the address, else the name stands for it. A person may have several rows (several names or addresses).
    ///
    /// # Errors
    /// [`SideError`] when it cannot be read or has no such column.
    pub fn read(path: &Path, options: &Options) -> Result<Roster, SideError> {
        let table = Table::read(path, options)?;
        let keys: Vec<String> = table.header.iter().map(|h| key(h)).collect();
        // The first name of a list that is there; all columns of addresses and names count.
        let all =
            |names: &[&str]| -> Vec<usize> { names.iter().filter_map(|n| keys.iter().position(|k| k == n)).collect() };
        let (ids, mut names, mails, teams) = (all(&ID), all(&NAME), all(&MAIL), all(&TEAM));
        let (first, last) = (all(&FIRST), all(&LAST));
        names.retain(|n| !ids.contains(n));
        if ids.is_empty() && names.is_empty() && mails.is_empty() && (first.is_empty() || last.is_empty()) {
            return Err(table.missing("the agents (id, login, name, email, ФИО, Логин, Почта, Аты-жөні)"));
        }
        let mut roster = Roster::default();
        for (line, row) in &table.rows {
            let values = |columns: &[usize]| -> Vec<String> {
                columns.iter().map(|c| row[*c].trim()).filter(|v| !v.is_empty()).map(str::to_owned).collect()
            };
            let mut called = values(&names);
            if let (Some(f), Some(l)) = (values(&first).first(), values(&last).first()) {
                called.push(format!("{f} {l}"));
            }
            let (ids, mails) = (values(&ids), values(&mails));
            let Some(id) = ids.first().or(mails.first()).or(called.first()) else {
                if row.iter().all(String::is_empty) {
                    continue;
                }
                return Err(SideError::Row {
                    path: table.path.clone(),
                    line: *line,
                    detail: "neither id nor name nor address".to_owned(),
                });
            };
            let team = values(&teams).into_iter().next().unwrap_or_default();
            roster.add(id, &team, &called, ids.iter().chain(&mails));
        }
        Ok(roster)
    }

    fn add<'s>(&mut self, id: &str, team: &str, names: &'s [String], more: impl Iterator<Item = &'s String>) {
        let at = self.people.len();
        let mut words: Vec<String> = names.iter().flat_map(|n| name_words(n)).collect();
        words.sort();
        words.dedup();
        for word in &words {
            self.words.entry(word.clone()).or_default().push(at);
        }
        for whole in names.iter().chain(more) {
            let of = self.whole.entry(fold(whole)).or_default();
            if of.last() != Some(&at) {
                of.push(at);
            }
        }
        self.people.push(Person { id: id.to_owned(), team: team.to_owned(), words });
    }

    /// How many rows of people it has.
    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Whether it is empty.
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// The person whom a label or an id means, where it can mean only one: by the id, the address or the whole name; else by
    /// the words of the name in any order, in Latin or Cyrillic letters, with initials or a patronymic. One word of a longer
    /// name is enough only where the speaker is known to be an agent: customers have first names, too.
    pub fn find(&self, label: &str, is_agent: bool) -> Option<&Person> {
        let label = label.trim();
        if label.is_empty() {
            return None;
        }
        if let Some(found) = self.whole.get(&fold(label)) {
            return self.one(found);
        }
        let words = name_words(label);
        let mut candidates: Vec<usize> = words.iter().filter_map(|w| self.words.get(w)).flatten().copied().collect();
        candidates.sort_unstable();
        candidates.dedup();
        let fits = |at: &usize| fit(&words, &self.people[*at].words, is_agent).map(|full| (full, *at));
        let fitting: Vec<(usize, usize)> = candidates.iter().filter_map(fits).collect();
        let best = fitting.iter().map(|f| f.0).max()?;
        self.one(&fitting.iter().filter(|f| f.0 == best).map(|f| f.1).collect::<Vec<_>>())
    }

    /// The person of some rows, if all are of the same id.
    fn one(&self, rows: &[usize]) -> Option<&Person> {
        let first = &self.people[*rows.first()?];
        rows.iter().all(|r| self.people[*r].id == first.id).then_some(first)
    }
}

/// How many words of a label are words of a name, where the label can mean that name.
fn fit(label: &[String], name: &[String], is_agent: bool) -> Option<usize> {
    let full: Vec<&String> = label.iter().filter(|w| w.chars().count() > 1 && name.contains(w)).collect();
    let rest: Vec<&String> = label.iter().filter(|w| !full.contains(w)).collect();
    let left: Vec<&String> = name.iter().filter(|w| !full.contains(w)).collect();
    let initial = |a: &str, b: &str| a.chars().count() == 1 && b.starts_with(a);
    // Initials may stand on either side, each for one word.
    let by_initials = rest.iter().all(|r| left.iter().any(|l| initial(r, l) || initial(l, r)));
    let whole_label = !full.is_empty() && by_initials && (full.len() + rest.len() > 1 || is_agent || name.len() == 1);
    let whole_name = full.len() >= 2 && left.is_empty();
    (whole_label || whole_name).then_some(full.len())
}

fn name_words(name: &str) -> Vec<String> {
    name.split(|c: char| !c.is_alphabetic() && c != '\'' && c != '’').map(sound).filter(|w| !w.is_empty()).collect()
}

/// A word of a name in one spelling for those that people use: `Сергей`, `Sergey` and `Sergei`; `Жанна` and `Zhanna`.
fn sound(word: &str) -> String {
    let mut out = String::new();
    for c in fold(word).chars() {
        match c {
            'а' => out.push('a'),
            'б' => out.push('b'),
            'в' => out.push('v'),
            'г' => out.push('g'),
            'д' => out.push('d'),
            'е' | 'э' => out.push('e'),
            'ж' => out.push_str("zh"),
            'з' => out.push('z'),
            'и' | 'й' | 'ы' => out.push('i'),
            'к' => out.push('k'),
            'л' => out.push('l'),
            'м' => out.push('m'),
            'н' => out.push('n'),
            'о' => out.push('o'),
            'п' => out.push('p'),
            'р' => out.push('r'),
            'с' => out.push('s'),
            'т' => out.push('t'),
            'у' => out.push('u'),
            'ф' => out.push('f'),
            'х' => out.push('h'),
            'ц' => out.push_str("ts"),
            'ч' => out.push_str("ch"),
            'ш' | 'щ' => out.push_str("sh"),
            'ю' => out.push_str("iu"),
            'я' => out.push_str("ia"),
            'ъ' | 'ь' | '\'' | '’' => {}
            c => out.push(c),
        }
    }
    for (from, to) in [
        ("shch", "sh"),
        ("kh", "h"),
        ("gh", "g"),
        ("tz", "ts"),
        ("ck", "k"),
        ("ph", "f"),
        ("x", "ks"),
        ("w", "v"),
        ("q", "k"),
        ("yo", "e"),
        ("ye", "e"),
        ("y", "i"),
        ("ju", "iu"),
    ] {
        out = out.replace(from, to);
    }
    let mut once = String::with_capacity(out.len());
    for c in out.chars() {
        if !once.ends_with(c) {
            once.push(c);
        }
    }
    once
}

#[cfg(test)]
mod tests {
    use super::*;

    fn roster(text: &str) -> Result<Roster, SideError> {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("roster.csv");
        std::fs::write(&path, text).unwrap();
        Roster::read(&path, &Options::default())
    }

    fn id(r: &Roster, label: &str, is_agent: bool) -> Option<String> {
        r.find(label, is_agent).map(|p| p.id.clone())
    }

    #[test]
    fn people_are_found_by_id_address_and_name() {
        let r = roster(
            "ФИО;Логин;Почта;Отдел\nКасымова Айдана Ерлановна;a.kasymova;aidana@x.kz;Карты\n\
             Сергей Юрьев;s-17;;Интернет\nЖанна Цой;zh1;;\nЖанна Ким;zh2;;\n",
        )
        .unwrap();
        assert_eq!(r.len(), 4);
        for (label, want) in [
            ("A.KASYMOVA", Some("a.kasymova")),
            ("Aidana@X.kz", Some("a.kasymova")),
            ("Айдана Касымова", Some("a.kasymova")),
            ("Aidana Kasymova", Some("a.kasymova")),
            ("Касымова А.", Some("a.kasymova")),
            ("А. Е. Касымова", Some("a.kasymova")),
            ("Sergey Yuriev", None),
            ("Sergei Iurev", Some("s-17")),
            ("Zhanna Tsoy", Some("zh1")),
            ("Жанна", None),
            ("Айдана", None),
            ("Марат Ким", None),
        ] {
            assert_eq!(id(&r, label, false).as_deref(), want, "{label}");
        }
        assert_eq!(id(&r, "Айдана", true).as_deref(), Some("a.kasymova"), "said to be an agent");
        assert_eq!(id(&r, "Жанна", true), None, "two of that name");
        assert_eq!(r.find("s-17", false).unwrap().team, "Интернет");
    }

    #[test]
    fn headers_are_known_in_three_languages_and_what_is_missing_is_named() {
        assert_eq!(id(&roster("name,team\nDana Lee,Cards\n").unwrap(), "dana lee", false).as_deref(), Some("Dana Lee"));
        assert_eq!(
            id(&roster("Аты-жөні;Топ\nГүлнар Әлі;1\n").unwrap(), "Гульнар Али", false).as_deref(),
            Some("Гүлнар Әлі")
        );
        assert_eq!(
            id(&roster("Аты-жөні;Топ\nГүлнар Әлі;1\n").unwrap(), "Gulnar Ali", false).as_deref(),
            Some("Гүлнар Әлі")
        );
        assert_eq!(
            id(&roster("First name,Last name,Email\nDana,Lee,d@x.kz\n").unwrap(), "Lee, Dana", false).as_deref(),
            Some("d@x.kz")
        );
        assert!(roster("shift,hours\nday,8\n").unwrap_err().to_string().contains("the columns are: shift, hours"));
        assert!(roster("id,name\na,b,c\n").unwrap_err().to_string().contains("roster.csv:2: 3 fields"));
        assert!(roster("").unwrap_err().to_string().contains("empty"));
    }
}
