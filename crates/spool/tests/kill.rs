//! A process that is killed at any moment has lost nothing that it said was written.

#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "helpers of tests, which stop where something is off"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use spool::{Entry, Error, Options, Spool};
use testkit::trials::{self, Outcome, Trial};

const APPENDS: &str = "append-to";
const OPENS: &str = "open";
const TRIALS: &[Trial] = &[
    Trial {
        name: "whatever_was_said_to_be_written_is_there_after_a_kill",
        ignored: false,
        run: whatever_was_said_to_be_written_is_there_after_a_kill,
    },
    Trial {
        name: "a_second_process_is_refused_with_the_id_of_the_first",
        ignored: false,
        run: a_second_process_is_refused_with_the_id_of_the_first,
    },
];
const KILLS: u32 = 50;

fn options(directory: &Path) -> Options {
    Options { segment_bytes: 20_000, ..Options::new(directory) }
}

fn body(number: i64) -> Vec<u8> {
    let text = format!("{{\"number\":{number}}}").repeat(usize::try_from(number % 700).unwrap());
    text.into_bytes()
}

/// This same program is the other process where it is told what to do there, and for which spool.
fn main() -> ExitCode {
    let words: Vec<OsString> = std::env::args_os().collect();
    match &words[..] {
        [_, role, directory] if role == APPENDS => append(Path::new(directory)),
        [_, role, directory] if role == OPENS => open(Path::new(directory)),
        _ => return trials::main(TRIALS),
    }
    ExitCode::SUCCESS
}

fn child(role: &str, directory: &Path) -> Command {
    let mut command = Command::new(std::env::current_exe().unwrap());
    command.arg(role).arg(directory);
    command
}

/// What the killed process does: appends as fast as it can, acknowledges half, and says each once it is done.
fn append(directory: &Path) {
    let (mut spool, _) = Spool::open(options(directory)).unwrap();
    let mut out = std::io::stdout().lock();
    let mut number = spool.pending().next_back().map_or(0, |p| p.time_ms + 1);
    loop {
        let entry = Entry { key: b"stream", time_ms: number, items: 1, body: &body(number) };
        let id = spool.append(&entry).unwrap().id;
        writeln!(out, "\nwritten {id} {number}").unwrap();
        out.flush().unwrap();
        if number % 2 == 0 {
            spool.acknowledge(id);
            writeln!(out, "\nacknowledged {id}").unwrap();
            out.flush().unwrap();
        }
        number += 1;
    }
}

fn whatever_was_said_to_be_written_is_there_after_a_kill() -> Outcome {
    let directory = tempfile::tempdir().unwrap();
    let mut written: BTreeMap<u64, i64> = BTreeMap::new();
    let mut acknowledged = BTreeSet::new();
    let mut torn = 0;
    for kill in 0..KILLS {
        let mut child = child(APPENDS, directory.path()).stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let (begun, begins) = mpsc::channel();
        // The pipe is emptied while the child runs; once it has begun, it is killed between any two instructions.
        let reader = std::thread::spawn(move || {
            let mut said = Vec::new();
            for line in lines.map_while(Result::ok) {
                if line.starts_with("written") {
                    // Only the first is waited for.
                    let _ = begun.send(());
                }
                said.push(line);
            }
            said
        });
        begins.recv().unwrap();
        std::thread::sleep(Duration::from_micros(u64::from(kill * 7919 % 40_000)));
        child.kill().unwrap();
        child.wait().unwrap();
        for line in reader.join().unwrap() {
            let words: Vec<&str> = line.split(' ').collect();
            match words[..] {
                ["written", id, number] => drop(written.insert(id.parse().unwrap(), number.parse().unwrap())),
                ["acknowledged", id] => drop(acknowledged.insert(id.parse::<u64>().unwrap())),
                _ => {}
            }
        }
        let (mut spool, recovered) = Spool::open(options(directory.path())).unwrap();
        assert_eq!((recovered.damaged_segments, recovered.damaged_records), (0, 0));
        torn += u32::from(recovered.torn_bytes > 0);
        let given: BTreeSet<u64> = spool.pending().map(|p| p.id).collect();
        for (id, number) in &written {
            if acknowledged.contains(id) {
                assert!(!given.contains(id), "record {id} again, though its mark was written");
            } else if number % 2 == 1 {
                let record = spool.read(*id).unwrap_or_else(|error| panic!("record {id}: {error}"));
                assert_eq!((record.time_ms, record.body), (*number, body(*number)));
            }
        }
        // One was written but not said, or said but its acknowledgement not: at most one for each kill.
        let unsaid = given.iter().filter(|id| !written.contains_key(id)).count();
        assert!(unsaid <= kill as usize + 1, "{unsaid} after {kill} kills");
    }
    assert!(written.len() >= KILLS as usize, "only {} records in {KILLS} runs", written.len());
    eprintln!("{} written, {} acknowledged, {torn} torn ends in {KILLS} kills", written.len(), acknowledged.len());
    Outcome::Passed
}

/// What the second opener does.
fn open(directory: &Path) {
    match Spool::open(options(directory)) {
        Err(Error::Locked { pid, .. }) => println!("\nlocked by {pid:?}"),
        other => println!("\nopened: {}", other.is_ok()),
    }
}

fn a_second_process_is_refused_with_the_id_of_the_first() -> Outcome {
    let directory = tempfile::tempdir().unwrap();
    let ask = || String::from_utf8(child(OPENS, directory.path()).output().unwrap().stdout).unwrap();
    let held = Spool::open(options(directory.path())).unwrap();
    let told = ask();
    assert!(told.contains(&format!("\nlocked by Some({})\n", std::process::id())), "{told}");
    drop(held);
    assert!(ask().contains("\nopened: true\n"));
    Outcome::Passed
}
