//! How fast is the program, from file to run folder? Set against parsing the same JSON and nothing else.
//!
//! `SABYR_BENCH_MIB=200 cargo bench --bench pipeline` takes another size than 20 MiB. Under `cargo test --benches` it only
//! shows that it runs, with 1 MiB. Seconds of CPU are Linux's, in steps of 10 ms; elsewhere there are none.

#![allow(clippy::print_stdout)] // its table is what it is for

use std::error::Error;
use std::fs;
use std::hint::black_box;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::{Duration, Instant};

use sabyr::generate::{self, Amount};
use sabyr::ingest::formats::jsonl;
use sabyr::model::Language;

/// What a run took.
struct Cost {
    wall: f64,
    /// Seconds on all cores together; `None` where the system does not tell.
    cpu: Option<f64>,
    peak_mib: Option<f64>,
}

/// Seconds of CPU of this process, and of its children that have ended.
fn cpu() -> Option<(f64, f64)> {
    let stat = fs::read_to_string("/proc/self/stat").ok()?;
    // The name, in brackets, may have blanks in it; `utime` is the 12th field behind it.
    let fields: Vec<&str> = stat.rsplit_once(')')?.1.split_whitespace().collect();
    // The kernel shows a hundredth of a second as one, whatever its own clock.
    let seconds = |i: usize| Some(fields.get(i)?.parse::<f64>().ok()? / 100.0);
    Some((seconds(11)? + seconds(12)?, seconds(13)? + seconds(14)?))
}

/// Most memory a living process has had, in MiB.
fn peak_mib(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?;
    Some(line.trim().strip_suffix("kB")?.trim().parse::<f64>().ok()? / 1024.0)
}

/// Parses the bytes again and again for a second; the cost of once.
fn parse(bytes: &[u8], least: Duration) -> Cost {
    let file: Arc<Path> = Path::new("generated.jsonl").into();
    let (before, began, mut times) = (cpu(), Instant::now(), 0.0);
    while times == 0.0 || began.elapsed() < least {
        for line in jsonl::lines(&file, 1, bytes) {
            black_box(line.expect("generated lines are canonical JSON"));
        }
        times += 1.0;
    }
    let wall = began.elapsed().as_secs_f64() / times;
    let cpu = before.zip(cpu()).map(|(a, b)| (b.0 - a.0) / times);
    Cost { wall, cpu, peak_mib: None }
}

/// Runs `sabyr score` and watches it.
fn score(input: &Path, out: &Path, threads: u32) -> Result<Cost, Box<dyn Error>> {
    let (before, began) = (cpu(), Instant::now());
    let mut child = Command::new(env!("CARGO_BIN_EXE_sabyr"))
        .arg("score")
        .arg(input)
        .args(["--quiet", "--threads", &threads.to_string(), "--out"])
        .arg(out)
        .stdout(Stdio::null())
        .spawn()?;
    let mut peak: Option<f64> = None;
    let status = loop {
        // A dead child tells no memory, so what it took in its last 50 ms may be missing.
        peak = peak_mib(child.id()).or(peak);
        match child.try_wait()? {
            Some(status) => break status,
            None => std::thread::sleep(Duration::from_millis(if began.elapsed().as_secs() < 2 { 5 } else { 50 })),
        }
    };
    let wall = began.elapsed().as_secs_f64();
    if !status.success() {
        return Err(format!("sabyr score ended with {status}").into());
    }
    let cpu = before.zip(cpu()).map(|(a, b)| b.1 - a.1);
    Ok(Cost { wall, cpu, peak_mib: peak })
}

fn main() -> Result<(), Box<dyn Error>> {
    let measuring = std::env::args().any(|a| a == "--bench");
    let mib: u64 = match std::env::var("SABYR_BENCH_MIB") {
        Ok(n) => n.parse().map_err(|_| format!("SABYR_BENCH_MIB is {n:?}; it takes a number of MiB"))?,
        Err(_) if measuring => 20,
        Err(_) => 1,
    };
    let folder = tempfile::tempdir()?;
    let (small, large) = (folder.path().join("one.jsonl"), folder.path().join("night.jsonl"));
    let mut bytes = Vec::new();
    generate::write(&mut bytes, Amount::Conversations(1), 2, &[Language::English])?;
    fs::write(&small, &bytes)?;
    bytes.clear();
    let conversations = generate::write(&mut bytes, Amount::Bytes(mib << 20), 1, &[Language::English])?;
    fs::write(&large, &bytes)?;

    let size = bytes.len() as f64 / 1e6;
    println!("{conversations} conversations in English, {size:.1} MB of JSON Lines");
    println!("{:<24} {:>8} {:>8} {:>10} {:>12} {:>9}", "", "wall s", "CPU s", "MB/CPU s", "of parsing", "peak MiB");
    let bare = parse(&bytes, Duration::from_millis(if measuring { 2000 } else { 10 }));
    drop(bytes);
    // A clock in hundredths may show nothing of a very small input.
    let speed = |c: &Cost| c.cpu.filter(|s| *s > 0.0).map(|s| size / s);
    let show = |name: &str, cost: &Cost, sized: bool| {
        let or_none = |v: Option<f64>, digits: usize| v.map_or("-".to_owned(), |v| format!("{v:.digits$}"));
        let ratio = speed(cost).zip(speed(&bare)).filter(|_| sized).map(|(a, b)| a / b);
        println!(
            "{name:<24} {:>8.3} {:>8} {:>10} {:>12} {:>9}",
            cost.wall,
            or_none(cost.cpu, 3),
            or_none(speed(cost).filter(|_| sized), 1),
            ratio.map_or("-".to_owned(), |r| format!("1/{:.1}", 1.0 / r)),
            or_none(cost.peak_mib, 0),
        );
    };
    show("parse only", &bare, true);
    show("score 1 conversation", &score(&small, &folder.path().join("run-0"), 1)?, false);
    for threads in [1, 2] {
        let cost = score(&large, &folder.path().join(format!("run-{threads}")), threads)?;
        show(&format!("score, threads {threads}"), &cost, true);
    }
    Ok(())
}
