//! How fast is a conversation parsed, read and scored? One thread, no files; see `pipeline` for the whole program.
//!
//! Each step includes the ones before it, so what a step costs is the difference to the line above. The bytes are those
//! of the JSON, so the numbers of one language can be compared with each other and with the input of a night.

use std::hint::black_box;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use sabyr::criteria::parts;
use sabyr::generate::{self, Amount};
use sabyr::ingest::formats::jsonl;
use sabyr::lexicon::{Lexicon, Reader, Reading};
use sabyr::model::{Conversation, Language, Place};
use sabyr::report::rows;
use sabyr::scorecard::Scorecard;

/// Bytes of JSON a language: enough that a word is seldom in the processor's first cache again.
const BYTES: u64 = 1 << 20;

fn each(file: &Arc<Path>, bytes: &[u8], mut work: impl FnMut(&Place, &Conversation<'_>)) {
    for line in jsonl::lines(file, 1, bytes) {
        let (place, conversation) = line.expect("generated lines are canonical JSON");
        work(&place, &conversation);
    }
}

fn scoring(c: &mut Criterion) {
    let lexicon = Lexicon::built_in().expect("the built-in lexicon has no mistakes");
    let scorecard = Scorecard::built_in().expect("the built-in scorecard has no mistakes");
    let file: Arc<Path> = Path::new("generated.jsonl").into();
    let mut group = c.benchmark_group("scoring");
    // Nine measurements of five seconds.
    group.sample_size(10).warm_up_time(Duration::from_secs(1)).measurement_time(Duration::from_secs(4));
    for language in Language::ALL {
        let mut bytes = Vec::new();
        generate::write(&mut bytes, Amount::Bytes(BYTES), 1, &[language]).expect("memory can be written");
        group.throughput(Throughput::Bytes(bytes.len() as u64));
        // As in a long run: the reader keeps what it learnt of a word.
        let (mut reader, mut reading) = (Reader::new(&lexicon), Reading::default());
        group.bench_function(BenchmarkId::new("parse", language.code()), |b| {
            b.iter(|| {
                each(&file, &bytes, |_, c| {
                    black_box(c);
                });
            });
        });
        group.bench_function(BenchmarkId::new("parse+read", language.code()), |b| {
            b.iter(|| {
                each(&file, &bytes, |_, c| {
                    reader.read(c, &mut reading);
                    black_box(&reading);
                });
            });
        });
        group.bench_function(BenchmarkId::new("parse+read+score+rows", language.code()), |b| {
            b.iter(|| {
                each(&file, &bytes, |place, c| {
                    reader.read(c, &mut reading);
                    for part in parts(c, &reading, &lexicon) {
                        let result = scorecard.score(&part);
                        let row = rows::conversation_row(&part, &result, place, sabyr::privacy::mask);
                        rows::evidence_rows(&part, &result, &row.conversation_id, sabyr::privacy::mask).for_each(
                            |point| {
                                black_box(point);
                            },
                        );
                    }
                });
            });
        });
    }
    group.finish();
}

criterion_group!(benches, scoring);
criterion_main!(benches);
