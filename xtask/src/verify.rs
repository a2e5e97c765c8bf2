//! `cargo xtask verify`: the slow checks, by name. Each brings up what the agent has to stand beside, or takes minutes.
//!
//! The table stands in `docs/testing.md`, which a test holds. The commands that have names of their own keep them.

mod arm64;
mod histograms;

use anyhow::{Result, bail};

use crate::outcome::{Outcome, report};
use crate::{compare, fuzz, kernel};

/// One slow check.
struct Check {
    name: &'static str,
    proves: &'static str,
    needs: &'static str,
    run: fn(&[&str]) -> Result<()>,
}

const CHECKS: [Check; 10] = [
    Check {
        name: "kernels",
        proves: "The agent's numbers are those of real kernels and container runtimes with cgroup v1 and v2, a spool survives \
                 full disks, and AWS's calls are those that moto takes.",
        needs: "root; `beds/setup.sh` installs packages, kernels and images; moto comes from PyPI",
        run: |_| told("kernels", kernel::run(false)),
    },
    Check {
        name: "cluster",
        proves: "The same, and on a real Kubernetes: manifests and the Helm chart install, roles are enough, agents elect one, \
                 outages heal.",
        needs: "as `kernels`; `beds/kubernetes/build.sh` builds Kubernetes and Helm with Go",
        run: |_| told("cluster", kernel::run(true)),
    },
    Check {
        name: "compare",
        proves: "The Go collector and the agent on the same nodes at the same time emit the same events, but for known \
                 differences; 50 minutes.",
        needs: "root; `beds/peer/build.sh` builds the collector with Go",
        run: compare::run,
    },
    Check {
        name: "histograms",
        proves: "200 histograms, exponential histograms and summaries leave the Go exporter and the agent's as the same metrics, \
                 but for known differences; 2 s, and 10 minutes to build the collector once.",
        needs: "`beds/peer-wide/build.sh` builds the collector with Go",
        run: |_| histograms::run(),
    },
    Check {
        name: "soak",
        proves: "Nothing is lost and nothing stored twice beyond what is counted, whatever fails around the agent; ten minutes.",
        needs: "root",
        run: crate::soak,
    },
    Check {
        name: "hostile",
        proves: "A broken configuration, 200 000 cgroups of tenants and a slow kubelet cost no more than their bounds; four \
                 minutes.",
        needs: "root",
        run: |_| crate::bench(&["hostile"]),
    },
    Check {
        name: "peer",
        proves: "What the agent costs beside the Go collector on the same node; half an hour.",
        needs: "root; `beds/peer/build.sh` builds the collector with Go",
        run: |_| crate::bench(&["peer"]),
    },
    Check {
        name: "fuzz",
        proves: "Each parser of outside text survives what reaches ever more of its code; five minutes.",
        needs: "a C++ compiler, from Debian's packages",
        run: fuzz::run,
    },
    Check {
        name: "worlds",
        proves: "On a thousand made-up nodes a tenant that misbehaves changes nothing of the others' numbers.",
        needs: "nothing",
        run: worlds,
    },
    Check {
        name: "arm64",
        proves: "Built for arm64 and run in QEMU, the agent's code makes each recorded node's golden events byte for byte, and \
                 the binary that is shipped writes the same events of a recorded machine as the one for x86-64. No arm64 kernel \
                 is involved.",
        needs: "rustup's target; the compiler and `qemu-user-static` from Debian's packages",
        run: |_| arm64::run(),
    },
];

/// Prints the table.
pub(crate) fn list() {
    for check in &CHECKS {
        println!("{:<10} {}\n           Needs {}.", check.name, check.proves, check.needs);
    }
}

/// Runs the check of this name; the words behind it are its own.
pub(crate) fn run(name: &str, words: &[&str]) -> Result<()> {
    let Some(check) = CHECKS.iter().find(|check| check.name == name) else {
        let names: Vec<_> = CHECKS.iter().map(|check| check.name).collect();
        bail!("no check is called {name}: {}", names.join(", "));
    };
    (check.run)(words)
}

fn told(name: &'static str, outcome: Result<Outcome>) -> Result<()> {
    report([(name, outcome)])
}

fn worlds(_: &[&str]) -> Result<()> {
    let arguments = ["test", "--release", "--package", "container-insights", "--test", "worlds"];
    let mut command = crate::project::cargo(arguments);
    crate::project::succeed(command.env("WORLDS", "1000").env("TICKS", "100"))
}

#[cfg(test)]
mod tests {
    use super::CHECKS;

    const PAGE: &str = include_str!("../../docs/testing.md");

    #[test]
    fn the_page_lists_every_check_and_no_other() {
        let begin = PAGE.find("| check | what it proves | what it needs |").expect("the table is there");
        let rows: Vec<&str> = PAGE[begin..].lines().skip(2).take_while(|line| line.starts_with('|')).collect();
        let expected: Vec<String> =
            CHECKS.iter().map(|check| format!("| `{}` | {} | {} |", check.name, check.proves, check.needs)).collect();
        assert_eq!(rows, expected, "the table of docs/testing.md:\n{}", expected.join("\n"));
    }
}
