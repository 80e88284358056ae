//! Reviewers' notes on the page of an agent: put in when the report is written, and put in anew when notes come later.

use std::fs;
use std::path::{Path, PathBuf};

use askama::Template;

use super::context::{address, agent_file, conversation_file};
use super::texts::{self, Texts};
use crate::model::Language;
use crate::notes::{Note, NoteKind};
use crate::report::run_folder::RunError;

/// Around the notes. Texts are escaped, so only the program writes these marks.
const MARKS: [&str; 2] = ["<!-- notes -->", "<!-- /notes -->"];

#[derive(Template)]
#[template(path = "notes.html")]
struct Shown<'s> {
    t: &'s Texts,
    notes: Vec<Line<'s>>,
}

struct Line<'s> {
    kind: &'s str,
    class: &'static str,
    criterion: &'s str,
    conversation: &'s str,
    href: String,
    reviewer: &'s str,
    text: &'s str,
}

/// A page with these notes in place of those it may have.
///
/// # Errors
/// When they cannot be rendered.
pub(super) fn put(
    page: &str,
    t: &Texts,
    notes: &[&Note],
    has_page: &dyn Fn(&Note) -> bool,
) -> Result<String, askama::Error> {
    let lines = notes.iter().map(|n| Line {
        kind: t.review_kinds.get(n.kind.name()).map_or(n.kind.name(), String::as_str),
        class: if n.kind == NoteKind::Dispute { "lost" } else { "" },
        criterion: t.criteria.get(&n.criterion).map_or("", |c| c.title.as_str()),
        conversation: &n.conversation_id,
        href: match has_page(n) {
            true => format!("../{}", address(&conversation_file(&n.conversation_id, &n.agent_id))),
            false => String::new(),
        },
        reviewer: &n.reviewer,
        text: &n.text,
    });
    let section = if notes.is_empty() { String::new() } else { Shown { t, notes: lines.collect() }.render()? };
    let place = page.find(MARKS[0]).and_then(|from| Some((from, from + page[from..].find(MARKS[1])?)));
    let (before, after) = match place {
        Some((from, to)) => (&page[..from], &page[to + MARKS[1].len()..]),
        // A page of an earlier version.
        None => page.split_at(page.rfind("</main>").unwrap_or(page.len())),
    };
    Ok(format!("{before}{}{section}{}{after}", MARKS[0], MARKS[1]))
}

/// The page of an agent of a run that stands, with these notes in place of those it may have, and where it is. `None` where the run has
/// no such page, or where nothing changes.
///
/// # Errors
/// When the page cannot be rendered.
pub fn page_with_notes(run: &Path, agent_id: &str, notes: &[&Note]) -> Result<Option<(PathBuf, String)>, RunError> {
    let root = run.join("report");
    let path = root.join(agent_file(agent_id));
    let Ok(page) = fs::read_to_string(&path) else { return Ok(None) };
    let language = page.split_once("<html lang=\"").and_then(|(_, rest)| Language::from_tag(rest.split('"').next()?));
    let texts = texts::load(language.unwrap_or(Language::English)).map_err(RunError::Texts)?;
    let has_page = |n: &Note| root.join(conversation_file(&n.conversation_id, &n.agent_id)).is_file();
    let with = put(&page, &texts, notes, &has_page).map_err(|e| RunError::Page(path.clone(), e))?;
    Ok((with != page).then_some((path, with)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_escaped_put_in_anew_and_taken_out() {
        let t = texts::load(Language::Russian).unwrap();
        let note = |text: &str| Note {
            conversation_id: "c<1>".into(),
            agent_id: "a".into(),
            criterion: "empathy".into(),
            reviewer: "<b>rita</b>".into(),
            kind: NoteKind::Dispute,
            text: text.into(),
        };
        let empty = "<main><section>\n<!-- notes --><!-- /notes -->\n</section></main>";
        let (first, second) = (note("not <!-- /notes --> so"), note("fine"));
        let one = put(empty, &t, &[&first], &|_| true).unwrap();
        assert!(one.contains("Эмпатия") && one.contains("спор") && one.contains("../conversations/"), "{one}");
        assert!(!one.contains("<b>rita") && one.matches(MARKS[1]).count() == 1, "{one}");
        assert_eq!(put(&one, &t, &[&first], &|_| true).unwrap(), one);
        let two = put(&one, &t, &[&second], &|_| false).unwrap();
        assert!(two.contains("fine") && !two.contains("not &") && !two.contains("<a "), "{two}");
        assert_eq!(put(&two, &t, &[], &|_| true).unwrap(), empty);
        let old = put("<main></main>", &t, &[&second], &|_| false).unwrap();
        assert!(old.starts_with("<main><!-- notes -->") && old.ends_with("</main>"), "{old}");
    }
}
