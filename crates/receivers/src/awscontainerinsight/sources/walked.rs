//! What a walk over the cgroups left out, in words: counted, logged once, and shown by the status.

use std::path::Path;

use linux::Shown;
use linux::cgroup::{Cut, Walked};
use net::chain;
use telemetry::Limits;

use crate::awscontainerinsight::source_failures::SourceFailures;

/// The limits that a walk may reach.
const TREE: &str = "cgroup tree";
const DOUBLES: &str = "cgroups with the name of another";
const NAMELESS: &str = "pods that the kubelet does not list";

/// Says what the last walk left out.
pub(super) fn report(failures: &mut SourceFailures, walked: &Walked) {
    match &walked.first_unreadable {
        Some(error) => {
            let example = format!("{}; pods and containers below it are missing if they are new", chain(error));
            failures.failed("cgroup directories", walked.unreadable as u64, &example);
        }
        None => failures.recovered("cgroup directories"),
    }
    let limits = failures.limits();
    match walked.cuts.iter().max_by_key(|cut| left_out(cut)) {
        Some(cut) => {
            let count = walked.cuts.iter().map(left_out).sum::<usize>();
            limits.cut(TREE, count as u64, &describe(cut, walked.cuts.len() - 1));
        }
        None => limits.within(TREE),
    }
    match &walked.first_double {
        Some(path) => {
            let message = format!(
                "cgroup {} bears the uid or id of another pod or container and is left out: only the one below the \
                 kubelet's or the runtime's own cgroup counts; remove it or find out who made it",
                Shown(Path::new(&**path))
            );
            limits.cut(DOUBLES, walked.doubles as u64, &message);
        }
        None => limits.within(DOUBLES),
    }
}

/// Says how many pods were left out because no list of the kubelet has them.
pub(super) fn report_nameless(limits: &Limits, nameless: usize, most: usize) {
    if nameless <= most {
        limits.within(NAMELESS);
        return;
    }
    let message = format!(
        "{} cgroups of pods that the kubelet does not list are not read, {most} are; pods of its list are complete; \
         remove the cgroups that ended pods left over",
        nameless - most
    );
    limits.cut(NAMELESS, (nameless - most) as u64, &message);
}

fn left_out(cut: &Cut) -> usize {
    cut.directories.saturating_add(cut.groups).saturating_add(cut.deep)
}

fn describe(cut: &Cut, others: usize) -> String {
    let mut parts = Vec::new();
    if cut.directories > 0 {
        parts.push(format!(
            "{} cgroups are not searched for pods and containers, {} are",
            cut.directories, cut.most_directories
        ));
    }
    if cut.groups > 0 {
        parts.push(format!("{} pods and containers are left out, {} are kept", cut.groups, cut.most_groups));
    }
    if cut.deep > 0 {
        parts.push(format!("{} cgroups are too deep", cut.deep));
    }
    let others = if others > 0 { format!(" ({others} more subtrees are cut)") } else { String::new() };
    format!(
        "too many cgroups below /{}: {}{others}; the other subtrees are complete; remove those that are left over, \
         for scopes see systemctl list-units --type=scope",
        cut.subtree,
        parts.join("; ")
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_path_is_cut_in_what_is_told() {
        let long = format!("/kubepods/{}", "x/".repeat(1990));
        let walked = Walked {
            unreadable: 1,
            first_unreadable: Some(linux::Error::Denied { path: (&long).into() }),
            doubles: 1,
            first_double: Some(long.into()),
            ..Walked::default()
        };
        let mut failures = SourceFailures::new(&telemetry::Registry::default(), "r");
        report(&mut failures, &walked);
        let told = failures.limits().message().expect("a cgroup was left out");
        assert!(told.len() < 500 && told.contains('…'), "{told}");
        let error = chain(walked.first_unreadable.as_ref().expect("there is one"));
        assert!(error.len() < 250 && error.contains('…'), "{error}");
    }

    #[test]
    fn a_cut_names_its_subtree_and_what_is_missing() {
        let cut = Cut {
            subtree: "user.slice".into(),
            directories: 7,
            most_directories: 4096,
            groups: 9,
            most_groups: 1024,
            deep: 1,
        };
        assert_eq!(left_out(&cut), 17);
        assert_eq!(
            describe(&cut, 2),
            "too many cgroups below /user.slice: 7 cgroups are not searched for pods and containers, 4096 are; 9 pods and \
             containers are left out, 1024 are kept; 1 cgroups are too deep (2 more subtrees are cut); the other subtrees are \
             complete; remove those that are left over, for scopes see systemctl list-units --type=scope"
        );
    }
}
