//! Did a machine write this letter? Auto-replies, bounces, lists and no-reply senders, by their headers.

use super::headers::Headers;
use super::thread::is_agent;
use super::words::{MACHINES, SUBJECTS};
use crate::ingest::Options;

/// Whether a machine wrote it.
pub fn is_automatic(headers: &Headers<'_>, options: &Options) -> bool {
    let submitted = headers.keyword("auto-submitted");
    if !submitted.is_empty() && !submitted.starts_with("no") {
        return true;
    }
    let precedence = headers.keyword("precedence");
    let bulk = matches!(precedence.as_str(), "bulk" | "junk" | "list" | "auto_reply" | "auto-reply");
    // Exchange writes the suppression into ordinary letters too, and help desks send theirs as bulk: only both tell.
    if precedence.starts_with("auto") || bulk && headers.raw("x-auto-response-suppress").is_some() {
        return true;
    }
    if ["x-autoreply", "x-autorespond", "x-autoresponder", "x-failed-recipients"]
        .iter()
        .any(|n| headers.raw(n).is_some())
    {
        return true;
    }
    if headers.raw("return-path").is_some_and(|r| r.trim_ascii() == b"<>")
        || headers.content().kind == "multipart/report"
    {
        return true;
    }
    // The shared mailbox of a company is a list of its own domain; letters through it are customers' letters.
    if headers.raw("list-id").is_some() && !is_own_list(&headers.keyword("list-id"), options) {
        return true;
    }
    let machine = headers.addresses("from").first().is_some_and(|a| {
        let local = a.split('@').next().unwrap_or_default();
        MACHINES
            .iter()
            .any(|m| local == *m || local.strip_prefix(m).is_some_and(|r| r.starts_with(['+', '-', '.', '='])))
    });
    let subject = headers.text("subject").unwrap_or_default().to_lowercase();
    machine || SUBJECTS.iter().any(|s| subject.starts_with(s))
}

/// `<support.shop.kz>` is a list of shop.kz.
fn is_own_list(id: &str, options: &Options) -> bool {
    let name = id.rsplit('<').next().unwrap_or_default().trim_end_matches('>');
    name.match_indices('.').any(|(i, _)| is_agent(&format!("x@{}", &name[i + 1..]), options))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn auto(block: &str) -> bool {
        let options = Options { agent_domains: vec!["shop.kz".into()], ..Options::default() };
        is_automatic(&Headers::parse(block.as_bytes()), &options)
    }

    #[test]
    fn machines_are_told_by_their_headers() {
        for block in [
            "Auto-Submitted: auto-replied\n\n",
            "Precedence: bulk\nX-Auto-Response-Suppress: All\n\n",
            "Precedence: auto_reply\n\n",
            "List-Id: News <news.other.kz>\n\n",
            "From: <MAILER-DAEMON@mx.kz>\n\n",
            "From: Shop <no-reply@shop.kz>\n\n",
            "Return-Path: <>\n\n",
            "Content-Type: multipart/report; boundary=x\n\n",
            "Subject: Automatic reply: order\n\n",
            "Subject: =?utf-8?B?0JDQstGC0L7QvtGC0LLQtdGCOiDQt9Cw0LrQsNC3?=\n\n",
        ] {
            assert!(auto(block), "{block}");
        }
    }

    #[test]
    fn people_are_not_taken_for_machines() {
        for block in [
            "Auto-Submitted: no\nFrom: a@x.kz\n\n",
            "X-Auto-Response-Suppress: All\nFrom: a@x.kz\n\n",
            "Precedence: bulk\nFrom: a@shop.kz\n\n",
            "List-Id: Help <help.shop.kz>\nPrecedence: list\nFrom: a@x.kz\n\n",
            "From: noreplyson@x.kz\n\n",
        ] {
            assert!(!auto(block), "{block}");
        }
    }
}
