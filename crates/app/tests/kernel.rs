//! The agent on real kernels, runtimes and a real Kubernetes: the scripts in `beds/tests`.
//!
//! `AGENT` holds the path of a static agent; `cargo xtask test` sets it. A script that can't run here says why and ends
//! with 77: the test is then "not run", with the reason.

use std::process::ExitCode;

use testkit::beds;
use testkit::trials::{self, Outcome, Trial};

/// A script of `beds/tests` as a test. All need root and what `beds/setup.sh` installs; those of `cluster` the real Kubernetes of
/// `beds/kubernetes`, and so only `cargo xtask test --cluster` runs them.
macro_rules! scripts {
    ($($name:literal runs $script:literal;)*) => {
        &[$(Trial { name: $name, ignored: true, run: || script($script) }),*]
    };
}

const SCRIPTS: &[Trial] = scripts! {
    "a_machine_by_itself" runs "host_mode.sh";
    "a_procfs_that_hides_processes_costs_only_what_it_alone_can_tell" runs "hidepid.sh";
    "pods_of_containerd_on_cgroup_v1" runs "v1_pods.sh";
    "faults_under_a_running_agent" runs "faults.sh";
    "pods_on_cgroup_v2" runs "v2_pods.sh";
    "an_agent_that_speaks_for_a_large_cluster" runs "leader_scale.sh";
    "pods_of_a_node_with_systemd" runs "v2_systemd.sh";
    "a_container_instance_on_cgroup_v1" runs "v1_ecs.sh";
    "a_container_instance_with_systemd" runs "systemd_ecs.sh";
    "file_systems_of_known_sizes_and_volumes_of_kubernetes" runs "disks.sh";
    "the_chart_by_helm" runs "chart.sh";
    "the_image_under_its_three_names" runs "image.sh";
    "cluster::the_chart_on_a_real_api_server" runs "cluster/chart.sh";
    "cluster::the_sample_manifest" runs "cluster/sample_pod.sh";
    "cluster::one_agent_speaks_for_the_cluster" runs "cluster/leader.sh";
    "cluster::outages_cost_the_node_nothing" runs "cluster/outages.sh";
    "cluster::a_leader_of_a_hundred_thousand_pods" runs "cluster/scale.sh";
};

fn main() -> ExitCode {
    trials::main(SCRIPTS)
}

fn script(name: &str) -> Outcome {
    let agent = std::env::var("AGENT").expect("the variable AGENT has the path of a static agent");
    match beds::try_run(&format!("tests/{name}"), [agent]) {
        Ok(_) => Outcome::Passed,
        Err(reason) => Outcome::NotRun(reason),
    }
}
