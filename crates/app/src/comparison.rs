//! The subcommand `compare`: what is read, and where the report goes.

use std::fs::File;
use std::io::{self, BufReader, IsTerminal, Write};
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use compare::{Feed, Lines, Options, Progress};

use crate::command::complain;

/// What a read of a file takes at once.
const BUFFER: usize = 1 << 18;
/// Standard input's name.
const STDIN: &str = "-";

/// What to compare, and how.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What is there today: a file of events, one a line, or `-`.
    left: String,
    /// What may take its place: a file of events, one a line, or `-`.
    right: String,
    /// How to write the report.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// The time between two events of one thing.
    #[arg(long, default_value = "60s", value_parser = interval)]
    interval: Duration,
    /// Intervals that are compared as one.
    #[arg(long, value_name = "N", default_value_t = 10, value_parser = clap::value_parser!(u32).range(1..=1440))]
    window: u32,
    /// What the two are called in the report.
    #[arg(long, value_name = "LEFT,RIGHT", default_value = "left,right", value_parser = names)]
    names: [String; 2],
    /// Examples of each difference.
    #[arg(long, value_name = "N", default_value_t = 3)]
    examples: usize,
    /// Explain nothing by docs/compatibility.md.
    #[arg(long)]
    no_excuses: bool,
    /// Tell on standard error how far it is; on a terminal it does so anyway.
    #[arg(long)]
    progress: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Output {
    Text,
    Json,
}

/// Compares and prints the report. 0: nothing unexplained, 1: something, 2: there is nothing to compare.
pub(crate) fn run(arguments: &Arguments) -> ExitCode {
    let compared = compared(arguments).and_then(|report| {
        let text = match arguments.output {
            Output::Text => report.text(),
            Output::Json => report.json(),
        };
        io::stdout().write_all(text.as_bytes()).context("write the report")?;
        Ok(ExitCode::from(u8::from(report.unexplained() > 0)))
    });
    compared.unwrap_or_else(|error| {
        complain(&format!("Error: {error:#}"));
        ExitCode::from(2)
    })
}

fn compared(arguments: &Arguments) -> anyhow::Result<compare::Report> {
    if arguments.left == STDIN && arguments.right == STDIN {
        bail!("only one of the two can be standard input");
    }
    let (mut left, mut right) = (open(&arguments.left)?, open(&arguments.right)?);
    let options = Options {
        interval_ms: i64::try_from(arguments.interval.as_millis()).context("the interval is too long")?,
        intervals: arguments.window,
        examples: arguments.examples,
        excuses: !arguments.no_excuses,
        names: arguments.names.clone(),
    };
    let shown = arguments.progress || io::stderr().is_terminal();
    let mut tell = |progress: Progress| {
        if shown {
            tell(progress);
        }
    };
    let report = compare::compare(&mut *left, &mut *right, &options, &mut tell)?;
    Ok(report)
}

fn open(source: &str) -> anyhow::Result<Box<dyn Feed>> {
    if source == STDIN {
        return Ok(Box::new(Lines::new(BufReader::with_capacity(BUFFER, io::stdin()))));
    }
    let file = File::open(source).with_context(|| format!("open {source}"))?;
    Ok(Box::new(Lines::new(BufReader::with_capacity(BUFFER, file))))
}

fn tell(progress: Progress) {
    let megabytes = progress.bytes.iter().sum::<u64>() / 1_000_000;
    let [left, right] = progress.events;
    complain(&format!("{left} and {right} events, {megabytes} MB, at {}", compare::time(progress.time_ms)));
}

fn interval(text: &str) -> Result<Duration, String> {
    let number = text.trim_end_matches(|unit: char| unit.is_ascii_alphabetic());
    let number: u64 = number.parse().map_err(|_| "is no time such as 60s".to_owned())?;
    let milliseconds = match &text[number.to_string().len().min(text.len())..] {
        "ms" => 1,
        "s" | "" => 1000,
        "m" => 60_000,
        _ => return Err("is no time such as 60s or 5m".to_owned()),
    };
    let interval = Duration::from_millis(number.saturating_mul(milliseconds));
    if (1..=86_400).contains(&interval.as_secs()) {
        Ok(interval)
    } else {
        Err("is not between 1s and 1440m".to_owned())
    }
}

fn names(text: &str) -> Result<[String; 2], String> {
    match text.split_once(',') {
        Some((left, right)) if !left.is_empty() && !right.is_empty() => Ok([left.to_owned(), right.to_owned()]),
        _ => Err("is no two names with a comma between them".to_owned()),
    }
}
