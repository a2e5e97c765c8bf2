//! The project's own commands, one module each: `cargo xtask COMMAND`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "these commands are made to be read by people")]

mod arrows;
mod dist;
mod docs;
mod kernel;
mod project;
mod setup;
mod supply;
mod test;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test [--cluster] [--quick]  everything that must hold before a change is merged; installs what it needs
                              --cluster: the tests on a real Kubernetes too
                              --quick: without kernels and without the network
  arrows                      which crate may know which, and what only some may do
  docs [--check]              writes docs/metrics.md and docs/configuration.md, or says whether they are stale
  deny                        licences, sources and known weaknesses of the dependencies
  dist                        static binaries to ship, and their sizes
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let result = match words.as_slice() {
        ["test", flags @ ..] => match test::Options::parse(flags) {
            Some(options) => test::run(options),
            None => return misused(),
        },
        ["arrows"] => arrows::run(),
        ["docs"] => docs::run(docs::Mode::Write),
        ["docs", "--check"] => docs::run(docs::Mode::Check),
        ["deny"] => test::report([("dependencies", supply::run()), ("advisories", supply::advisories())]),
        ["dist"] => dist::run(),
        ["help" | "--help" | "-h"] => {
            print!("{USAGE}");
            return ExitCode::SUCCESS;
        }
        _ => return misused(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}

fn misused() -> ExitCode {
    eprint!("{USAGE}");
    ExitCode::from(2)
}
