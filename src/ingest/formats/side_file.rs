//! Files that belong to a transcript beside them and are no conversation themselves.
//!
//! ```text
//! night/call-7.json       the transcript
//! night/call-7.rttm       who speaks when
//! night/metadata.json     who the operator is
//! ```
//! Known are the `metadata.json` of Yandex SpeechSense and RTTM diarisation; Genesys and Twilio know their own. They are recognised
//! so that a folder can be read as it is, and read by the formats that they belong to; here they give nothing. An RTTM file without a transcript of its name in the folder is set aside, since nobody would read it.

use std::ops::ControlFlow;
use std::path::Path;

use super::{rttm, yandex_speechsense};
use crate::ingest::{Format, Options, Record, Sample, Sink, Source};
use crate::model::{Place, Quarantined, Reason};

/// Side files of transcripts.
pub struct SideFile;

impl Format for SideFile {
    fn name(&self) -> &'static str {
        "side-file"
    }

    fn about(&self) -> &'static str {
        "what stands beside a transcript and is read with it: SpeechSense metadata, RTTM diarisation"
    }

    fn recognise(&self, sample: &Sample<'_>) -> u8 {
        if rttm::speaks_of(&sample.text).is_some() || yandex_speechsense::is_metadata(sample) { 97 } else { 0 }
    }

    fn has_side_files(&self) -> bool {
        true
    }

    fn read(&self, sources: &[Source], options: &Options, sink: &mut Sink<'_>) -> ControlFlow<()> {
        for source in sources {
            let place = Place::file(&source.file);
            let reason = match source.sample(options) {
                Err(reason) => reason,
                Ok(beginning) if rttm::speaks_of(&beginning.sample().text).is_none() => continue,
                Ok(_) if has_transcript(&source.file) => continue,
                Ok(_) => Reason::Content(format!(
                    "a diarisation file without a transcript: nothing else in its folder is named {}; name it like the \
                     transcript it belongs to",
                    source.stem()
                )),
            };
            sink(Record::Bad(Quarantined { place, conversation_id: None, reason }))?;
        }
        ControlFlow::Continue(())
    }
}

/// Whether a file of the same folder has this diarisation file as its own.
fn has_transcript(file: &Path) -> bool {
    let own = Source { file: file.into() }.stem();
    let folder = file.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // The usual names first: a folder of many thousand files is not listed for each of them.
    let sounds = std::iter::once("").chain(rttm::SOUND);
    let usual = sounds.flat_map(|sound| ["json", "vtt", "srt", "txt"].map(|end| format!("{own}{sound}.{end}")));
    if usual.into_iter().any(|name| folder.join(name).is_file()) {
        return true;
    }
    std::fs::read_dir(folder).is_ok_and(|entries| {
        entries.filter_map(Result::ok).map(|e| e.path()).any(|path| {
            path.file_name() != file.file_name()
                && rttm::recordings(&Source { file: path.as_path().into() }).contains(&own)
                && path.is_file()
        })
    })
}

#[cfg(test)]
mod tests {
    use super::super::testing::read_text;
    use super::*;

    fn claim(name: &str, text: &'static str) -> u8 {
        SideFile.recognise(&Sample::new(name, text.as_bytes(), text.into()))
    }

    #[test]
    fn side_files_are_told_by_what_is_in_them() {
        assert_eq!(claim("x.txt", "SPEAKER a 1 0.5 2 <NA> <NA> A <NA> <NA>\n"), 97);
        assert_eq!(claim("m.json", "{\"operator_id\":\"1\",\"client_id\":\"2\",\"date\":\"2025-03-31\"}"), 97);
        assert_eq!(claim("m.json", "{\"operator_id\":\"1\",\"client_id\":\"2\",\"date\":\"\",\"messages\":[]}"), 0);
        assert_eq!(
            claim("a_call_metadata.json", "{\"participants\":[{\"purpose\":\"agent\"}]}"),
            0,
            "Genesys reads its own"
        );
        assert_eq!(claim("metadata.json", "{\"id\":1}"), 0);
    }

    #[test]
    fn a_diarisation_file_alone_is_set_aside() {
        let rttm = "SPEAKER a 1 0.5 2 <NA> <NA> A <NA> <NA>\n";
        assert!(read_text(&SideFile, "a.rttm", rttm.as_bytes())[0].contains("nothing else in its folder is named a;"));
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("a.rttm"), rttm).unwrap();
        std::fs::write(dir.path().join("a.wav.json"), "{}").unwrap();
        assert!(has_transcript(&dir.path().join("a.rttm")));
        assert!(!has_transcript(&dir.path().join("b.rttm")));
        std::fs::write(dir.path().join("b.jsonl.gz"), "").unwrap();
        assert!(has_transcript(&dir.path().join("b.rttm")));
    }
}
