//! The command line: an OpenTelemetry Collector's, and the ADOT Collector's where the binary is called `awscollector` or
//! `healthcheck`.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Args, CommandFactory, Parser, Subcommand};
use confmap::{Fault, Reading};
use telemetry::printable;

use crate::comparison;
use crate::components::Section;
use crate::configuration::{self, Checked};
use crate::default_configuration::Platform;
use crate::environment::Variables;
use crate::healthcheck;
use crate::logs;
use crate::output::complain;
use crate::registry::TYPES;
use crate::report;
use crate::run;
use crate::service::{Level, Logs};

/// The name under which the binary takes the ADOT Collector's place.
const ADOT_NAME: &str = "awscollector";
/// The name under which it takes the place of the ADOT Collector's second program, and the subcommand that does the same.
const HEALTHCHECK: &str = "healthcheck";
/// Holds a configuration that replaces all others.
const CONTENT: &str = "AOT_CONFIG_CONTENT";

/// CloudWatch Container Insights for a Kubernetes node, a container instance of Amazon ECS or any Linux machine.
///
/// Reads the kernel, the kubelet and the ECS agent and writes performance log events in CloudWatch's embedded metric
/// format. Without a configuration it finds out what it runs on and prints that machine's events to standard output, one
/// a line. The log goes to standard error.
///
/// The environment variable AOT_CONFIG_CONTENT, where it is set and not empty, holds a configuration that replaces every
/// --config and --set.
#[derive(Debug, Parser)]
#[command(name = "container-insights", version)]
struct Command {
    #[command(flatten)]
    sources: Sources,
    /// Feature gates to set, `-id` to clear; none of them changes anything here.
    #[arg(long, value_name = "IDS", global = true, allow_hyphen_values = true)]
    feature_gates: Vec<String>,
    #[command(subcommand)]
    action: Option<Action>,
}

#[derive(Debug, Args)]
struct Sources {
    /// A configuration: a file, `-` for standard input, file:PATH, env:NAME, or yaml:a::b: value. Several are merged in order.
    #[arg(long, value_name = "URI", global = true)]
    config: Vec<String>,
    /// One option laid over all configurations: a.b.c=value.
    #[arg(long, value_name = "KEY=VALUE", global = true)]
    set: Vec<String>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Check the configuration, name every fault of it with its line, and show the pipelines that would run.
    ///
    /// A Kubernetes manifest counts as the configuration that it holds. Exit code 0: it would start; 1: it has a fault.
    Validate {
        /// Configurations to check, each by itself and laid over those of --config; `-` is standard input.
        #[arg(value_name = "FILE")]
        files: Vec<String>,
    },
    /// Show the component types and their names.
    Components,
    /// Show the feature gates.
    Featuregate,
    /// Show the configuration as it is after merging and expansion, without secrets.
    PrintConfig,
    /// Ask a running agent's health check; fails unless the answer is 2xx within 2 s.
    #[command(name = HEALTHCHECK)]
    Healthcheck(healthcheck::Whom),
    /// Compare two streams of performance log events field by field.
    ///
    /// Exit code 0: nothing unexplained; 1: unexplained differences; 2: there is nothing to compare.
    Compare(comparison::Arguments),
    /// Show the version.
    Version,
}

/// Does what the command line says.
pub fn main() -> ExitCode {
    let mut arguments: Vec<OsString> = std::env::args_os().collect();
    let is_called = |wanted: &str| {
        arguments.first().is_some_and(|name| Path::new(name).file_name().is_some_and(|name| name == wanted))
    };
    let (as_adot, as_healthcheck) = (is_called(ADOT_NAME), is_called(HEALTHCHECK));
    if as_healthcheck {
        arguments.insert(1, HEALTHCHECK.into());
    }
    arguments.iter_mut().skip(1).for_each(with_two_dashes);
    let compares = arguments.iter().skip(1).any(|argument| argument == "compare");
    let command = match Command::try_parse_from(arguments) {
        Ok(command) => command,
        Err(error) => {
            // Help and version are no failures.
            if !error.use_stderr() {
                return finish(show(&error.render().to_string()));
            }
            complain(&format!("{}{}", error.render(), advice(&error)));
            // Where differences are 1, a command line that isn't right is something else.
            return if compares { ExitCode::from(2) } else { ExitCode::FAILURE };
        }
    };
    let variables = Variables::read(as_adot);
    let done = match command.action {
        None => start(&command.sources, &variables, as_adot),
        Some(Action::Validate { files }) => {
            return validate_each(&command.sources, files, &variables);
        }
        Some(Action::Version) => show(&format!("container-insights {}\n", env!("CARGO_PKG_VERSION"))),
        Some(Action::Components) => show(&components()),
        Some(Action::Featuregate) => show("there are no feature gates\n"),
        Some(Action::PrintConfig) => print_config(&command.sources, &variables),
        Some(Action::Compare(arguments)) => return comparison::run(&arguments),
        Some(Action::Healthcheck(whom)) => healthcheck::ask(&whom, &variables).map(|()| ExitCode::SUCCESS),
    };
    finish(done)
}

/// The exit code; an error is written first.
fn finish(done: anyhow::Result<ExitCode>) -> ExitCode {
    done.unwrap_or_else(|error| {
        complain(&format!("Error: {error:#}"));
        ExitCode::FAILURE
    })
}

/// Flags of the collectors may begin with one dash.
fn with_two_dashes(argument: &mut OsString) {
    let Some(text) = argument.to_str() else { return };
    let known = ["config", "set", "feature-gates", "help", "version", "url", "port"];
    if let Some(flag) = text.strip_prefix('-').filter(|flag| !flag.starts_with('-'))
        && known.contains(&flag.split('=').next().unwrap_or_default())
    {
        *argument = format!("--{flag}").into();
    }
}

/// What was meant by a word of the command line that isn't known, on lines of its own; empty where that isn't clear.
fn advice(error: &clap::Error) -> String {
    let word =
        [ContextKind::InvalidArg, ContextKind::InvalidSubcommand].into_iter().find_map(|kind| match error.get(kind) {
            Some(ContextValue::String(word)) => Some(word.as_str()),
            _ => None,
        });
    let (ErrorKind::UnknownArgument | ErrorKind::InvalidSubcommand, Some(word)) = (error.kind(), word) else {
        return String::new();
    };
    let command = Command::command();
    let flags = command.get_arguments().filter_map(|flag| flag.get_long()).map(|flag| format!("--{flag}"));
    let actions = command.get_subcommands().map(|action| action.get_name().to_owned());
    let known: Vec<String> = match word.starts_with('-') {
        true => flags.chain(["--help".to_owned(), "--version".to_owned()]).collect(),
        false => actions.collect(),
    };
    let known: Vec<&str> = known.iter().map(String::as_str).collect();
    let flag = word.split('=').next().unwrap_or_default();
    match confmap::closest(flag, &known) {
        Some(meant) if meant == word => String::new(),
        Some(meant) => format!("\nDid you mean {meant}?"),
        None if word.contains("://") => {
            format!("\nAn address of the health check is given by: healthcheck --url {word}")
        }
        None if Path::new(word).extension().is_some() || Path::new(word).exists() => {
            format!("\nA configuration runs with --config {word}, and is checked by: validate {word}")
        }
        None => String::new(),
    }
}

fn start(sources: &Sources, variables: &Variables, as_adot: bool) -> anyhow::Result<ExitCode> {
    if as_adot && sources.config.is_empty() && content(variables).is_none() {
        anyhow::bail!("at least one config flag must be provided");
    }
    let checked = configuration::check(read(sources, variables));
    let Some(configuration) = checked.configuration else {
        complain(&report::text(&checked.faults, &checked.sources));
        return Ok(ExitCode::FAILURE);
    };
    let logs = &configuration.service.telemetry.logs;
    let level = variables.log_level().and_then(Level::parse).unwrap_or(logs.level);
    logs::start(&Logs { level, ..logs.clone() })?;
    for warning in &configuration.warnings {
        let place = warning.location.as_ref().map(ToString::to_string).unwrap_or_default();
        tracing::warn!(key = warning.path, place, "configuration: {}", warning.message);
    }
    if let further @ 1.. = checked.faults.warnings().1 {
        tracing::warn!(further, "configuration: there are more warnings; `validate` counts them");
    }
    if sources.config.is_empty() && content(variables).is_none() {
        let (platform, reason) = Platform::find(variables);
        tracing::info!(
            platform = platform.as_str(),
            reason,
            "no configuration file: the built-in one for this platform is used"
        );
    }
    run::run(configuration, variables)
}

fn validate_each(sources: &Sources, files: Vec<String>, variables: &Variables) -> ExitCode {
    if files.is_empty() {
        return validate(sources, read(sources, variables), variables);
    }
    let checks = files.into_iter().map(|file| {
        let config = sources.config.iter().cloned().chain([file]).collect();
        let sources = Sources { config, set: sources.set.clone() };
        let mut reading = read_named(&sources, variables);
        // A file that is named is the one in question.
        if content(variables).is_some() {
            let message = format!("{CONTENT} is set: a start would run what it holds, and not this");
            reading.faults.push_warning(Fault { path: String::new(), location: None, message });
        }
        validate(&sources, reading, variables)
    });
    // Each file is checked, also after one with faults.
    checks.fold(ExitCode::SUCCESS, |worst, next| if next == ExitCode::SUCCESS { worst } else { next })
}

fn validate(sources: &Sources, reading: Reading, variables: &Variables) -> ExitCode {
    let Checked { configuration, faults, sources: read } = configuration::check(reading);
    let told = report::text(&faults, &read);
    if !told.is_empty() {
        complain(told.trim_end());
    }
    let Some(configuration) = configuration else { return ExitCode::FAILURE };
    let name = match sources.config.is_empty() && content(variables).is_none() {
        true => format!("the built-in configuration of the platform {}", Platform::find(variables).0.as_str()),
        false => report::names(&read),
    };
    // A reader that has gone away has seen enough: the exit code says the same.
    let _ = show(&format!("{name} is valid: {}\n", configuration.service.describe()));
    ExitCode::SUCCESS
}

fn read(sources: &Sources, variables: &Variables) -> Reading {
    let environment = |name: &str| variables.get(name);
    match content(variables) {
        Some(_) => {
            let mut reading = confmap::read(&[format!("env:{CONTENT}")], &[], &environment);
            if !(sources.config.is_empty() && sources.set.is_empty()) {
                let message = format!("{CONTENT} is set and replaces every --config and --set");
                reading.faults.push_warning(Fault { path: String::new(), location: None, message });
            }
            reading
        }
        None => read_named(sources, variables),
    }
}

/// What the command line names, or what runs where it names nothing.
fn read_named(sources: &Sources, variables: &Variables) -> Reading {
    let environment = |name: &str| variables.get(name);
    match sources.config.is_empty() {
        true => {
            let (text, sets) = Platform::find(variables).0.configuration();
            let sets: Vec<String> =
                sets.iter().map(|set| (*set).to_owned()).chain(sources.set.iter().cloned()).collect();
            confmap::read(&[format!("yaml:{text}")], &sets, &environment)
        }
        false => confmap::read(&sources.config, &sources.set, &environment),
    }
}

/// The configuration in the environment; an empty one counts as none.
fn content(variables: &Variables) -> Option<String> {
    variables.get(CONTENT).filter(|content| !content.trim().is_empty())
}

fn components() -> String {
    let mut text = format!("buildinfo:\n  command: container-insights\n  version: {}\n", env!("CARGO_PKG_VERSION"));
    for section in Section::ALL {
        text.push_str(&format!("{}:\n", section.key()));
        for kind in TYPES.of(section) {
            text.push_str(&format!("  - name: {}\n", kind.name));
            if !kind.aliases.is_empty() {
                text.push_str(&format!("    aliases: [{}]\n", kind.aliases.join(", ")));
            }
        }
    }
    text
}

fn print_config(sources: &Sources, variables: &Variables) -> anyhow::Result<ExitCode> {
    let reading = read(sources, variables);
    let told = report::text(&reading.faults, &reading.sources);
    if !told.is_empty() {
        complain(told.trim_end());
    }
    if !reading.faults.is_empty() {
        return Ok(ExitCode::FAILURE);
    }
    let root = reading.root.clone();
    show(&crate::printing::yaml(&root, &configuration::check(reading).faults))
}

fn show(text: &str) -> anyhow::Result<ExitCode> {
    crate::output::print(&printable(text), ExitCode::SUCCESS)
}
