//! The command line: an OpenTelemetry Collector's, and the ADOT Collector's where the binary is called `awscollector` or
//! `healthcheck`.

use std::ffi::OsString;
use std::path::Path;
use std::process::ExitCode;

use clap::{Args, Parser, Subcommand};
use confmap::{Fault, Faults, Loaded};

use crate::comparison;
use crate::components::{KINDS, Kind, Section};
use crate::configuration::{self, Configuration};
use crate::healthcheck;
use crate::logs;
use crate::platform::Platform;
use crate::run;
use crate::service::{Level, Logs};
use crate::surroundings::Variables;

/// The name under which the binary takes the ADOT Collector's place.
const ADOT_NAME: &str = "awscollector";
/// The name under which it takes the place of the ADOT Collector's second program, and the subcommand that does the same.
const HEALTHCHECK: &str = "healthcheck";
/// Holds a configuration that replaces all others.
const CONTENT: &str = "AOT_CONFIG_CONTENT";

/// CloudWatch Container Insights for a Kubernetes node, a container instance of Amazon ECS or any Linux machine.
///
/// Reads the kernel, the kubelet and the ECS agent and writes performance log events in CloudWatch's embedded metric
/// format. Without a configuration it finds out what it runs on and shows that: events go to standard output, one a
/// line, the log to standard error.
///
/// The environment variable AOT_CONFIG_CONTENT, where it is set and not empty, holds a configuration that replaces every
/// --config and --set.
#[derive(Debug, Parser)]
#[command(name = "container-insights", version, disable_help_subcommand = true)]
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
    /// A configuration: a file, file:PATH, env:NAME, or yaml:a::b: value. Several are merged in order.
    #[arg(long, value_name = "URI", global = true)]
    config: Vec<String>,
    /// One option laid over all configurations: a.b.c=value.
    #[arg(long, value_name = "KEY=VALUE", global = true)]
    set: Vec<String>,
}

#[derive(Debug, Subcommand)]
enum Action {
    /// Check the configuration and name every fault of it.
    Validate,
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
            // Help and version are no failures; what can't be shown can't be helped.
            let _ = error.print();
            // Where differences are 1, a command line that isn't right is something else.
            let wrong = if compares { ExitCode::from(2) } else { ExitCode::FAILURE };
            return if error.use_stderr() { wrong } else { ExitCode::SUCCESS };
        }
    };
    let variables = Variables::read(as_adot);
    let done = match command.action {
        None => start(&command.sources, &variables, as_adot),
        Some(Action::Validate) => validate(&command.sources, &variables),
        Some(Action::Components) => show(&components()),
        Some(Action::Featuregate) => show("there are no feature gates\n"),
        Some(Action::PrintConfig) => print_config(&command.sources, &variables),
        Some(Action::Compare(arguments)) => return comparison::run(&arguments),
        Some(Action::Healthcheck(whom)) => healthcheck::ask(&whom, &variables).map(|()| ExitCode::SUCCESS),
    };
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

fn start(sources: &Sources, variables: &Variables, as_adot: bool) -> anyhow::Result<ExitCode> {
    if as_adot && sources.config.is_empty() && content(variables).is_none() {
        anyhow::bail!("at least one config flag must be provided");
    }
    let configuration = read(sources, variables)?;
    let logs = &configuration.service.telemetry.logs;
    let level = variables.log_level().and_then(level_named).unwrap_or(logs.level);
    logs::start(&Logs { level, ..logs.clone() })?;
    for warning in &configuration.warnings {
        let place = warning.location.as_ref().map(ToString::to_string).unwrap_or_default();
        tracing::warn!(key = warning.path, place, "configuration: {}", warning.message);
    }
    if sources.config.is_empty() && content(variables).is_none() {
        let (platform, reason) = Platform::find(variables);
        tracing::info!(platform = platform.as_str(), reason, "no configuration: events go to standard output");
    }
    run::run(configuration, variables)
}

fn validate(sources: &Sources, variables: &Variables) -> anyhow::Result<ExitCode> {
    for warning in &read(sources, variables)?.warnings {
        complain(&format!("Warning: {}", line(warning)));
    }
    Ok(ExitCode::SUCCESS)
}

fn read(sources: &Sources, variables: &Variables) -> Result<Configuration, Faults> {
    configuration::decode(load(sources, variables)?)
}

fn load(sources: &Sources, variables: &Variables) -> Result<Loaded, Faults> {
    let environment = |name: &str| variables.get(name);
    match content(variables) {
        Some(_) => confmap::load(&[format!("env:{CONTENT}")], &[], &environment),
        None if sources.config.is_empty() => {
            let (text, sets) = Platform::find(variables).0.configuration();
            let sets: Vec<String> =
                sets.iter().map(|set| (*set).to_owned()).chain(sources.set.iter().cloned()).collect();
            confmap::load(&[format!("yaml:{text}")], &sets, &environment)
        }
        None => confmap::load(&sources.config, &sources.set, &environment),
    }
}

/// The configuration in the environment; an empty one counts as none.
fn content(variables: &Variables) -> Option<String> {
    variables.get(CONTENT).filter(|content| !content.trim().is_empty())
}

fn level_named(name: &str) -> Option<Level> {
    match name.to_ascii_lowercase().as_str() {
        "debug" => Some(Level::Debug),
        "info" => Some(Level::Info),
        "warn" => Some(Level::Warn),
        "error" => Some(Level::Error),
        _ => None,
    }
}

fn components() -> String {
    let mut text = format!("buildinfo:\n  command: container-insights\n  version: {}\n", env!("CARGO_PKG_VERSION"));
    for section in Section::ALL {
        text.push_str(&format!("{}:\n", section.key()));
        for kind in KINDS.iter().filter(|kind| kind.section == section) {
            text.push_str(&format!("  - name: {}\n", kind.name));
            if !kind.aliases.is_empty() {
                text.push_str(&format!("    aliases: [{}]\n", kind.aliases.join(", ")));
            }
        }
    }
    text
}

fn print_config(sources: &Sources, variables: &Variables) -> anyhow::Result<ExitCode> {
    let loaded = load(sources, variables)?;
    let secret = |section: &str, id: &str, key: &str| {
        let kind = id.split('/').next().unwrap_or_default();
        let section = Section::ALL.into_iter().find(|of| of.key() == section);
        let options = section.and_then(|section| Kind::find(section, kind)).map(|kind| (kind.options)());
        options.is_some_and(|options| options.iter().any(|option| option.key == key && option.type_name == "secret"))
    };
    show(&crate::printing::yaml(&loaded.root, &secret))
}

fn show(text: &str) -> anyhow::Result<ExitCode> {
    crate::output::print(text, ExitCode::SUCCESS)
}

fn line(fault: &Fault) -> String {
    let place = fault.location.as_ref().map(|location| format!(" ({location})")).unwrap_or_default();
    format!("{}: {}{place}", fault.path, fault.message)
}

pub(crate) fn complain(text: &str) {
    crate::output::complain(text);
}
