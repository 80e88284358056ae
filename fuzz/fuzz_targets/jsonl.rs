//! Lines of canonical JSON, in memory: what is handed on is valid and is read back the same.
#![no_main]

use std::path::Path;
use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use sabyr::ingest::formats::{jsonl, validate};

fuzz_target!(|bytes: &[u8]| {
    let file: Arc<Path> = Path::new("any.jsonl").into();
    for conversation in jsonl::lines(&file, 1, bytes).flatten().map(|(_, c)| c) {
        assert!(validate(&conversation).is_ok());
        let again = serde_json::to_vec(&conversation).unwrap();
        let second = jsonl::lines(&file, 1, &again).next();
        assert!(matches!(second, Some(Ok((_, c))) if c == conversation));
    }
});
