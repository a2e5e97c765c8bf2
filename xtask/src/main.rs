//! The project's own commands, one module each: `cargo xtask COMMAND`.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "these commands are made to be read by people")]

mod arrows;
#[cfg(feature = "bench")]
mod bench;
mod compare;
mod dist;
mod docs;
mod fuzz;
mod kernel;
mod lines;
mod outcome;
mod project;
mod setup;
#[cfg(feature = "bench")]
mod soak;
mod sources;
mod supply;
mod test;
mod verify;
mod words;

use std::process::ExitCode;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  test [--cluster] [--quick]  everything that must hold before a change is merged; installs what it needs
                              --cluster: the tests on a real Kubernetes too
                              --quick: without kernels and without the network
  arrows                      which crate may know which, and what only some may do
  words                       names and words that have left the code
  docs [--check]              writes docs/metrics.md and docs/configuration.md, or says whether they are stale
  lines                       how many lines each crate has, tests left out
  verify [CHECK]              the slow checks: what each proves, or one of them by its name
  deny                        licences, sources and known weaknesses of the dependencies
  fuzz [TARGET...] [--seconds N]
                              every parser of outside text, fed what reaches ever more of it: N seconds each, or five
                              minutes together
  dist                        static binaries to ship, and their sizes
  bench [NAME...]             what the agent costs, each figure beside its floor; as root
                              size by name: the binary's bytes by crate too
  bench pair OLD NEW          two builds of the agent side by side: CPU and memory of the new one to the old one's; as root
                              names: size start tick scale memory delivery worst hostile (four minutes), and by
                              name only: peer (the Go collector on the same node; half an hour)
  compare [BED...]            the Go collector and the agent on the same nodes at the same time, event by event; as root
                              beds: kubernetes-v1 kubernetes-v2 ecs
  soak [CASE...]              an agent that delivers while everything fails around it: nothing may be lost; as root
                              cases: calm away throttled slow lost-answers killed killed-away full
                              full-killed over-budget, and by name only: peer (ten minutes)
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
        ["words"] => words::run(),
        ["lines"] => lines::run(),
        ["verify"] => {
            verify::list();
            Ok(())
        }
        ["verify", name, words @ ..] => verify::run(name, words),
        ["deny"] => outcome::report([("dependencies", supply::run()), ("advisories", supply::advisories())]),
        ["fuzz", words @ ..] => fuzz::run(words),
        ["dist"] => dist::run(),
        ["compare", names @ ..] => compare::run(names),
        ["bench", names @ ..] => bench(names),
        ["soak", cases @ ..] => soak(cases),
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

#[cfg(feature = "bench")]
fn bench(names: &[&str]) -> anyhow::Result<()> {
    bench::run(names)
}

#[cfg(feature = "bench")]
fn soak(cases: &[&str]) -> anyhow::Result<()> {
    soak::run(cases)
}

#[cfg(not(feature = "bench"))]
fn bench(names: &[&str]) -> anyhow::Result<()> {
    with_fakes("bench", names)
}

#[cfg(not(feature = "bench"))]
fn soak(cases: &[&str]) -> anyhow::Result<()> {
    with_fakes("soak", cases)
}

/// Benches and soaks bring fakes of a kubelet and a service, which the other commands should not have to build.
#[cfg(not(feature = "bench"))]
fn with_fakes(command: &str, words: &[&str]) -> anyhow::Result<()> {
    let build = ["run", "--quiet", "--release", "--package", "xtask", "--features", "bench", "--", command];
    project::succeed(&mut project::cargo(build.iter().chain(words)))
}

fn misused() -> ExitCode {
    eprint!("{USAGE}");
    ExitCode::from(2)
}
