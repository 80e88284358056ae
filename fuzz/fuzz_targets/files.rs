//! Files of every format through a temporary file: the first byte chooses format, limit and charset, the rest is the file.
#![no_main]

use std::ops::ControlFlow;

use libfuzzer_sys::fuzz_target;
use sabyr::ingest::{mapping, Options, Record, Source, formats, read_all};

fuzz_target!(|bytes: &[u8]| {
    let Some((&choice, bytes)) = bytes.split_first() else { return };
    let choice = usize::from(choice);
    // One choice more than there are formats: recognise it.
    let format = formats::ALL.get(choice % (formats::ALL.len() + 1)).map(|f| f.name().to_owned());
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
