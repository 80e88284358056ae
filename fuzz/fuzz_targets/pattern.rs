//! Patterns and lexicon files: each is understood or refused with a reason, and what is understood compiles and reads.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sabyr::lexicon::{Lexicon, LexiconFile, Pattern};

fuzz_target!(|text: &str| {
    if let Err(reason) = Pattern::parse(text) {
        assert!(!reason.is_empty());
    }
    // The text as a file, and as a pattern of a file that is right.
    let quoted = text.replace('\\', "\\\\").replace('"', "\\\"").replace(|c: char| c.is_control(), " ");
    let with_pattern = format!("act = \"empathy.apology\"\nphrases = [\"{quoted}\"]\n");
    for (path, source) in
        [("en/empathy.apology.toml", text), ("en/sets.toml", text), ("en/empathy.apology.toml", &with_pattern)]
    {
        let Ok(file) = LexiconFile::parse(path, source) else { continue };
        let canonical = file.canonical();
        let again = LexiconFile::parse(path, &canonical).unwrap();
        assert_eq!(again.canonical(), canonical);
        let _ = Lexicon::compile_what_is_right(&[file]);
    }
});
