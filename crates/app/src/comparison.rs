//! The subcommand `compare`: what is read, and where the report goes.

mod group;

use std::io::{self, BufReader, IsTerminal};
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Args, ValueEnum};
use compare::{Feed, Lines, Options, Progress};

use crate::output::complain;
use group::{Group, Source};

/// What a read of a file takes at once.
const BUFFER: usize = 1 << 18;
/// What a log group's name follows.
const GROUP: &str = "logs:";
/// Standard input's name.
const STDIN: &str = "-";

/// What to compare, and how.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// What is there today: a file of events, one a line or as `aws logs filter-log-events` prints them, `-` for
    /// standard input, or `logs:GROUP`, a group of CloudWatch Logs.
    left: String,
    /// What may take its place, in the same way.
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
    #[arg(long, alias = "no-excuses")]
    no_known_differences: bool,
    /// Tell on standard error how far it is; on a terminal it does so anyway.
    #[arg(long)]
    progress: bool,
    /// Where CloudWatch Logs is; as AWS's tools find it by default.
    #[arg(long, value_name = "URL")]
    endpoint: Option<String>,
    /// The region of the groups; as AWS's tools find it by default.
    #[arg(long)]
    region: Option<String>,
    /// The earliest time of events in groups: 2026-11-25T17:00:00Z or milliseconds since 1970.
    #[arg(long, value_name = "TIME", value_parser = time)]
    start: Option<i64>,
    /// The latest time of events in groups.
    #[arg(long, value_name = "TIME", value_parser = time)]
    end: Option<i64>,
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
        crate::output::print(&text, ExitCode::from(u8::from(report.unexplained() > 0)))
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
    let (mut left, mut right) = (open(&arguments.left, arguments)?, open(&arguments.right, arguments)?);
    let options = Options {
        interval_ms: i64::try_from(arguments.interval.as_millis()).context("the interval is too long")?,
        intervals: arguments.window,
        examples: arguments.examples,
        known_differences: !arguments.no_known_differences,
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

fn open(source: &str, arguments: &Arguments) -> anyhow::Result<Box<dyn Feed>> {
    if let Some(group) = source.strip_prefix(GROUP) {
        let (endpoint, region) = (arguments.endpoint.clone(), arguments.region.clone());
        let source =
            Source { group: group.to_owned(), endpoint, region, start_ms: arguments.start, end_ms: arguments.end };
        return Ok(Box::new(Group::open(source).with_context(|| format!("read the log group {group}"))?));
    }
    if source == STDIN {
        return Ok(Box::new(Lines::new(BufReader::with_capacity(BUFFER, io::stdin()))));
    }
    let file = compare::open(Path::new(source)).with_context(|| format!("read {source}"))?;
    Ok(Box::new(Lines::new(BufReader::with_capacity(BUFFER, file))))
}

fn tell(progress: Progress) {
    let megabytes = progress.bytes.iter().sum::<u64>() / 1_000_000;
    let [left, right] = progress.events;
    complain(&format!("{left} and {right} events, {megabytes} MB, at {}", compare::time(progress.time_ms)));
}

fn interval(text: &str) -> Result<Duration, String> {
    let end = text.find(|unit: char| !unit.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(end);
    let factor = match unit {
        "" | "s" => 1,
        "m" => 60,
        _ => 0,
    };
    let seconds = number.parse::<u64>().unwrap_or(0).saturating_mul(factor);
    if (1..=86_400).contains(&seconds) {
        Ok(Duration::from_secs(seconds))
    } else {
        Err("is no time such as 60s or 5m, a day at most".to_owned())
    }
}

fn time(text: &str) -> Result<i64, String> {
    compare::parse_time(text).ok_or_else(|| "is no time such as 2026-11-25T17:00:00Z".to_owned())
}

fn names(text: &str) -> Result<[String; 2], String> {
    match text.split_once(',') {
        Some((left, right)) if !left.is_empty() && !right.is_empty() => Ok([left.to_owned(), right.to_owned()]),
        _ => Err("is no two names with a comma between them".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn intervals_are_whole_seconds_or_minutes() {
        let seconds = |text: &str| interval(text).ok().map(|interval| interval.as_secs());
        assert_eq!([seconds("60s"), seconds("5m"), seconds("10")], [Some(60), Some(300), Some(10)]);
        for text in ["", "s", "0s", "-1s", "1h", "1.5s", "99999999999999999999s", "25000m", "6ös"] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }

    #[test]
    fn names_are_two() {
        assert_eq!(names("go,ours"), Ok(["go".to_owned(), "ours".to_owned()]));
        assert!(names("go").is_err() && names(",ours").is_err());
    }
}
