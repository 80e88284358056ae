//! Files of every format through a temporary file: the first byte chooses format, limit and charset, the rest is the file.
//! `SABYR_FUZZ_FORMAT` keeps to one format, or to the recognition of formats (`any`); `list` prints the formats.
#![no_main]

use std::ops::ControlFlow;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use sabyr::ingest::{mapping, Options, Record, Source, formats, read_all};

static ONLY: LazyLock<Option<String>> = LazyLock::new(|| std::env::var("SABYR_FUZZ_FORMAT").ok());

/// A crate that panics over a broken file is caught where we know of it, and the file set aside; a panic of our own never is right.
fn begin() {
    let abort = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |panic| {
        let ours = panic.location().is_none_or(|l| !l.file().contains("/registry/"));
        if ours {
            abort(panic);
        }
    }));
    if ONLY.as_deref() == Some("list") {
        formats::ALL.iter().for_each(|f| println!("{}", f.name()));
        std::process::exit(0);
    }
}

fuzz_target!(init: begin(), |bytes: &[u8]| {
    let Some((&choice, bytes)) = bytes.split_first() else { return };
    let choice = usize::from(choice);
    // One choice more than there are formats: recognise it.
    let format = match ONLY.as_deref() {
        Some("any") => None,
        Some(name) => Some(name.to_owned()),
        None => formats::ALL.get(choice % (formats::ALL.len() + 1)).map(|f| f.name().to_owned()),
    };
    let charset = [None, None, Some("windows-1251"), Some("utf-16le")][choice / 8 % 4].map(str::to_owned);
    let max_record = [64 << 20, 300][choice / 32 % 2];
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    let mapping = mapping::Mapping::parse(
        "fuzz",
        "records = 'calls'\nturns = 't'\n[turn]\ntext = ['text', '^x[0].y']\nspeaker = 'role'\nstart = 's'\nduration = 'd'",
    );
    let mapping = mapping.ok().filter(|_| format.as_deref() == Some("mapped")).map(std::sync::Arc::new);
    let options =
        Options { mapping, format, charset, max_record, agent_domains: vec!["example.kz".to_owned()], ..Options::default() };
    let source = Source { file: file.path().into() };
    let end = read_all(&[source], &options, &mut |record| {
        match record {
            Record::Conversation { conversation, .. } => assert!(formats::validate(&conversation).is_ok()),
            Record::Lines { file, first_line, bytes } => {
                for (_, conversation) in formats::jsonl::lines(&file, first_line, &bytes).flatten() {
                    assert!(formats::validate(&conversation).is_ok());
                }
            }
            Record::Bad(q) => assert!(!q.reason.to_string().is_empty()),
        }
        ControlFlow::Continue(())
    });
    assert!(end.is_continue());
});
