//! Who owns a pod, and the name it is counted under: the attribute `PodName`.
//!
//! A pod belongs to a workload whose name has to be read from the owner's: a ReplicaSet is named after its Deployment,
//! a scheduled Job after its CronJob. These are the receiver's rules; dashboards group by what they give.

use kubernetes::{POD_TEMPLATE_HASH, Pod};

/// How names are read, where the receiver leaves a choice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Naming {
    /// `PodName` is the pod's own name wherever the owner doesn't give one: no prefix of a Job, no `kube-proxy`.
    pub prefer_full_pod_name: bool,
    /// A Job's suffix of 8 digits (minutes, since Kubernetes 1.21) names a CronJob, as one of 10 digits does.
    pub current_cron_jobs: bool,
    /// A Job without a CronJob gives its whole name instead of the part before the first `.` or `-`.
    pub whole_job_names: bool,
}

/// An owner as it is reported.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// `Deployment` for a ReplicaSet of one, `CronJob` for a Job of one, else the owner's own kind.
    pub kind: String,
    /// The name of what `kind` says.
    pub name: String,
}

/// The owners of a pod as they are reported, in the pod's order.
pub fn reported(pod: &Pod, naming: Naming) -> Vec<Reported> {
    let named = pod.owners.iter().filter(|owner| !owner.kind.is_empty() && !owner.name.is_empty());
    let hash = pod.labels.iter().find(|(name, _)| **name == *POD_TEMPLATE_HASH).map(|(_, hash)| &**hash);
    named.map(|owner| report(&owner.kind, &owner.name, hash, naming)).collect()
}

/// What the pod is counted under: the workload's name, else the pod's own.
pub fn pod_name(pod: &Pod, owners: &[Reported], naming: Naming) -> String {
    let kinds = pod.owners.iter().filter(|owner| !owner.kind.is_empty() && !owner.name.is_empty());
    for (owner, reported) in kinds.zip(owners) {
        match &*owner.kind {
            "StatefulSet" => return pod.name.to_string(),
            "DaemonSet" | "Job" | "ReplicaSet" | "ReplicationController" => return reported.name.clone(),
            _ => {}
        }
    }
    unowned_pod_name(&pod.name, naming)
}

/// The name of a pod of which only its own name is known.
pub fn unowned_pod_name(name: &str, naming: Naming) -> String {
    // kube-proxy runs as static pods on some clusters: one name for all nodes, as where it is a DaemonSet.
    if name.starts_with("kube-proxy") && !naming.prefer_full_pod_name { "kube-proxy".into() } else { name.into() }
}

fn report(kind: &str, name: &str, hash: Option<&str>, naming: Naming) -> Reported {
    let (kind, name) = match kind {
        "ReplicaSet" => {
            let labelled = hash.and_then(|hash| kubernetes::deployment_of(name, hash));
            labelled.or_else(|| deployment_of(name)).map_or((kind, name), |deployment| ("Deployment", deployment))
        }
        "Job" => match cron_job_of(name, naming.current_cron_jobs) {
            Some(cron_job) => ("CronJob", cron_job),
            None if naming.prefer_full_pod_name || naming.whole_job_names => (kind, name),
            None => (kind, name.split(['.', '-']).next().unwrap_or_default()),
        },
        _ => (kind, name),
    };
    Reported { kind: kind.into(), name: name.into() }
}

/// The Deployment in a ReplicaSet's name, where no label says it: cut at the last `-`, the rest being a hash in Kubernetes' safe alphabet.
fn deployment_of(replica_set: &str) -> Option<&str> {
    let (deployment, hash) = replica_set.rsplit_once('-')?;
    let safe = |letter: u8| b"bcdfghjklmnpqrstvwxz2456789".contains(&letter);
    (hash.len() >= 3 && hash.bytes().all(safe)).then_some(deployment)
}

/// The CronJob in a Job's name: 10 digits are seconds, 8 are minutes since the Unix epoch.
fn cron_job_of(job: &str, current: bool) -> Option<&str> {
    let (cron_job, time) = job.rsplit_once('-')?;
    let length = time.len() == 10 || (current && time.len() == 8);
    (length && time.bytes().all(|digit| digit.is_ascii_digit())).then_some(cron_job)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(kind: &str, name: &str, naming: Naming, expected: (&str, &str)) {
        let got = report(kind, name, None, naming);
        assert_eq!((got.kind.as_str(), got.name.as_str()), expected, "{kind} {name}");
    }

    #[test]
    fn a_replica_set_names_its_deployment_by_the_safe_alphabet_only() {
        let naming = Naming::default();
        check("ReplicaSet", "web-6d4b75cb6d", naming, ("Deployment", "web"));
        check("ReplicaSet", "web-2", naming, ("ReplicaSet", "web-2"));
        check("ReplicaSet", "web-abc", naming, ("ReplicaSet", "web-abc"));
        check("ReplicaSet", "a-b-bcd", naming, ("Deployment", "a-b"));
        check("ReplicaSet", "web", naming, ("ReplicaSet", "web"));
    }

    #[test]
    fn the_label_of_a_pod_says_where_its_deployments_name_ends() {
        let naming = Naming::default();
        let of = |name, hash| report("ReplicaSet", name, Some(hash), naming);
        let deployment = |name: &str| Reported { kind: "Deployment".into(), name: name.into() };
        // A hash with vowels is none by its letters, but the label says that it is one.
        assert_eq!(of("web-1a2e3", "1a2e3"), deployment("web"));
        assert_eq!(of("web-6d4b75cb6d", "other"), deployment("web"), "by its letters");
        assert_eq!(of("web-2", "other"), Reported { kind: "ReplicaSet".into(), name: "web-2".into() });
    }

    #[test]
    fn a_job_is_cut_at_its_first_dot_or_dash() {
        let naming = Naming::default();
        check("Job", "job-1", naming, ("Job", "job"));
        check("Job", "job.batch", naming, ("Job", "job"));
        check("Job", "-x", naming, ("Job", ""));
        check("Job", "job", naming, ("Job", "job"));
        check("Job", "my-backup-28512345", naming, ("Job", "my"));
        check("Job", "backup-1600000000", naming, ("CronJob", "backup"));
    }

    #[test]
    fn the_switches_give_whole_names_and_todays_cron_jobs() {
        let current = Naming { current_cron_jobs: true, ..Naming::default() };
        check("Job", "my-backup-28512345", current, ("CronJob", "my-backup"));
        let whole = Naming { whole_job_names: true, ..Naming::default() };
        check("Job", "my-backup-28512345", whole, ("Job", "my-backup-28512345"));
        let full = Naming { prefer_full_pod_name: true, ..Naming::default() };
        check("Job", "job-1", full, ("Job", "job-1"));
        assert_eq!(unowned_pod_name("kube-proxy-x2b", full), "kube-proxy-x2b");
        assert_eq!(unowned_pod_name("kube-proxy-x2b", Naming::default()), "kube-proxy");
    }

    fn pod(name: &str, owners: &str) -> Pod {
        let json = format!(
            r#"{{"kind":"PodList","items":[{{"metadata":{{"name":"{name}","namespace":"n","uid":"u","ownerReferences":[{owners}]}},"spec":{{"containers":[]}},"status":{{}}}}]}}"#
        );
        let list = kubernetes::parse_pods(json.as_bytes()).expect("the list is well formed");
        Pod::clone(&list.pods[0])
    }

    #[test]
    fn the_first_owner_that_gives_a_name_names_the_pod() {
        let cases = [
            ("db-0", r#"{"kind":"StatefulSet","name":"db"}"#, "db-0"),
            ("ds-x", r#"{"kind":"DaemonSet","name":"ds"}"#, "ds"),
            ("static-node", r#"{"kind":"Node","name":"node"}"#, "static-node"),
            ("w-x", r#"{"kind":"Rollout","name":"r"},{"kind":"ReplicaSet","name":"w-bcd"}"#, "w"),
            ("alone", "", "alone"),
        ];
        for (name, owners, expected) in cases {
            let pod = pod(name, owners);
            let naming = Naming::default();
            assert_eq!(pod_name(&pod, &reported(&pod, naming), naming), expected, "{name}");
        }
    }
}
