//! What a day's outage costs: time of an append, bytes on disk, memory of the index, time to read it all back.
//!
//! `cargo run --release -p container-insights-spool --example measure -- <golden .jsonl> [directory]`: the lines of the golden file, as many as a
//! node of 110 pods sends in a minute, with other numbers each minute.

#![expect(clippy::print_stdout, clippy::disallowed_methods, reason = "a measurement, read by people")]

use std::error::Error;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use spool::{Entry, Options, Spool};

const ROUNDS: u32 = 1440;
const ROUND_BYTES: usize = 650_000;

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let golden = std::fs::read_to_string(arguments.next().ok_or("which golden file?")?)?;
    let place = tempfile::tempdir()?;
    let directory = arguments.next().map_or_else(|| place.path().to_path_buf(), PathBuf::from);
    let lines: Vec<&str> = golden.lines().collect();
    let mut random = Random(1);
    let mut node = Node::new(&lines);

    let (mut spool, _) = Spool::open(Options::new(&directory))?;
    let (mut append, mut slowest, mut sync, mut raw) = (Duration::ZERO, Duration::ZERO, Duration::ZERO, 0);
    for round in 0..ROUNDS {
        let body = node.round(&mut random);
        raw += body.len();
        let entry =
            Entry { key: b"group\0stream", time_ms: i64::from(round) * 60_000, items: node.events, body: &body };
        let start = Instant::now();
        spool.append(&entry)?;
        let took = start.elapsed();
        append += took;
        slowest = slowest.max(took);
        let start = Instant::now();
        spool.sync()?;
        sync += start.elapsed();
    }
    let stats = spool.stats();
    println!("{ROUNDS} rounds of {} events, {} bytes each", node.events, raw / ROUNDS as usize);
    println!("append {:?} on average, {slowest:?} at most; sync {:?}", append / ROUNDS, sync / ROUNDS);
    println!("disk {} bytes, {} a round", stats.disk_bytes, stats.disk_bytes / u64::from(ROUNDS));
    println!("index {} bytes, {} a record", stats.index_bytes, stats.index_bytes / stats.records);
    drop(spool);

    let start = Instant::now();
    let (mut spool, recovered) = Spool::open(Options::new(&directory))?;
    println!("open {:?}: {recovered:?}", start.elapsed());
    let ids: Vec<u64> = spool.pending().map(|pending| pending.id).collect();
    let start = Instant::now();
    for id in &ids {
        spool.read(*id)?;
    }
    println!("read {:?} a record", start.elapsed() / ROUNDS);
    let start = Instant::now();
    for id in &ids {
        spool.acknowledge(*id);
    }
    println!("acknowledge {:?} a record; disk {} bytes", start.elapsed() / ROUNDS, spool.stats().disk_bytes);
    Ok(())
}

struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }
}

/// The lines of a node, each cut into text and numbers; a number walks by up to a hundredth each minute, zero stays zero.
struct Node {
    parts: Vec<(String, Option<Number>)>,
    events: u32,
}

struct Number {
    value: f64,
    whole: bool,
}

impl Node {
    fn new(lines: &[&str]) -> Node {
        let mut node = Node { parts: Vec::new(), events: 0 };
        let mut bytes = 0;
        for (index, line) in lines.iter().cycle().enumerate() {
            if bytes > ROUND_BYTES {
                break;
            }
            // Another pod of the same kind.
            let line = line.replace("\"PodName\":\"", &format!("\"PodName\":\"copy-{}-", index / lines.len()));
            bytes += line.len() + 1;
            node.events += 1;
            node.split(&line);
        }
        node
    }

    fn split(&mut self, line: &str) {
        let mut rest = line;
        let mut text = String::new();
        while let Some(at) = rest.find(':') {
            text.push_str(&rest[..=at]);
            rest = &rest[at + 1..];
            let end = rest.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(rest.len());
            if let Ok(value) = rest[..end].parse::<f64>() {
                let number = Number { value, whole: !rest[..end].contains('.') };
                self.parts.push((std::mem::take(&mut text), Some(number)));
                rest = &rest[end..];
            }
        }
        self.parts.push((format!("{text}{rest}\n"), None));
    }

    fn round(&mut self, random: &mut Random) -> Vec<u8> {
        let mut out = String::new();
        for (text, number) in &mut self.parts {
            out.push_str(text);
            if let Some(number) = number {
                number.value *= 0.99 + 0.02 * random.below(1_000_000) as f64 / 1e6;
                out += &if number.whole { format!("{:.0}", number.value) } else { format!("{}", number.value) };
            }
        }
        out.into_bytes()
    }
}
