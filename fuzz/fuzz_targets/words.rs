//! The tokeniser: words slice the text, follow one another, and hold no space.
#![no_main]

use libfuzzer_sys::fuzz_target;
use sabyr::text::scan;

fuzz_target!(|text: &str| {
    let mut words = Vec::new();
    scan(text, &mut words);
    let mut last = 0;
    for word in words {
        assert!(word.start >= last && word.end > word.start);
        let said = text.get(word.start as usize..word.end as usize).unwrap();
        assert!(!said.contains([' ', '\n', '\t']));
        last = word.end;
    }
});
