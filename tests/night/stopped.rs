//! A run that is killed or stopped leaves nothing where its folder would stand, and what stood there stays.

use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::sabyr;

/// Enough conversations that a run is under way for a while.
fn long_night(folder: &Path) -> PathBuf {
    let path = folder.join("long.jsonl");
    let mut out = BufWriter::new(File::create(&path).unwrap());
    for i in 0..30_000 {
        let name = ["ana", "ben", "чингиз", "дана"][i % 4];
        writeln!(
            out,
            r#"{{"id":"c{i}","channel":"chat","agent_id":"{name}","turns":[{{"speaker":"customer","text":"My parcel {i} is late again and I am really upset about it."}},{{"speaker":"agent","text":"I am so sorry about the delay. I understand how upsetting that is; let me find it for you right now."}},{{"speaker":"customer","text":"Спасибо, жду. Сколько можно ждать?"}},{{"speaker":"agent","text":"Простите за ожидание! Завтра до полудня курьер привезёт. Чем ещё могу помочь? Хорошего дня!"}}]}}"#
        )
        .unwrap();
    }
    out.into_inner().unwrap().sync_all().unwrap();
    path
}

/// The temporary folders of runs beside their place.
fn temporary(folder: &Path) -> Vec<PathBuf> {
    let names = fs::read_dir(folder).unwrap().map(|e| e.unwrap().path());
    names.filter(|p| p.file_name().unwrap().to_string_lossy().starts_with(".sabyr-")).collect()
}

/// Starts a run and waits until it writes.
fn started(input: &Path, out: &Path) -> Child {
    let mut command = sabyr();
    command.arg("score").arg(input).arg("--out").arg(out).args(["--threads", "2", "--quiet"]);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let folder = out.parent().unwrap();
    let began = Instant::now();
    while temporary(folder).is_empty() {
        assert!(child.try_wait().unwrap().is_none(), "the run ended before it was stopped");
        assert!(began.elapsed() < Duration::from_secs(240), "the run never began to write");
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(100));
    child
}

fn signal(child: &Child, name: &str) {
    let done = Command::new("kill").arg(format!("-{name}")).arg(child.id().to_string()).status().unwrap();
    assert!(done.success(), "kill -{name} failed: the run was too quick to be stopped");
}

#[test]
fn a_stopped_run_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let input = long_night(dir.path());
    let place = |name: &str| {
        let folder = dir.path().join(name);
        fs::create_dir(&folder).unwrap();
        folder.join("out")
    };

    // Killed: it can clean up nothing, but what is left does not stand at --out.
    let out = place("killed");
    let mut child = started(&input, &out);
    child.kill().unwrap();
    assert_eq!(child.wait().unwrap().code(), None, "the run ended before it was killed");
    assert!(!out.exists());

    // Asked to end: nothing is left at all.
    let out = place("asked");
    let child = started(&input, &out);
    signal(&child, "TERM");
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(3), "{said}");
    assert!(said.contains("nothing was written"), "{said}");
    assert!(!out.exists());
    assert_eq!(temporary(out.parent().unwrap()), Vec::<PathBuf>::new());

    // Ctrl-C over an earlier run: that one stays as it was.
    let out = place("again");
    fs::create_dir(&out).unwrap();
    fs::write(out.join("run.json"), "{\"earlier\": true}").unwrap();
    let child = started(&input, &out);
    signal(&child, "INT");
    assert_eq!(child.wait_with_output().unwrap().status.code(), Some(3));
    assert_eq!(fs::read_to_string(out.join("run.json")).unwrap(), "{\"earlier\": true}");
    assert_eq!(fs::read_dir(&out).unwrap().count(), 1);
    assert_eq!(temporary(out.parent().unwrap()), Vec::<PathBuf>::new());
}
