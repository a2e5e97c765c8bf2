//! The agent on real kernels, runtimes and a real Kubernetes: the scripts in `beds/tests`.
//!
//! `AGENT` holds the path of a static agent; `cargo xtask test` sets it. A script that can't run here says why and ends
//! with 77.

mod support;

use std::io::Write;
use std::process::Command;

use support::project;

const CAN_NOT_RUN: i32 = 77;

fn script(name: &str) {
    let agent = std::env::var("AGENT").expect("the variable AGENT has the path of a static agent");
    let output =
        Command::new(project().join("beds/tests").join(name)).arg(agent).output().expect("the script can be run");
    let told = format!("{}\n{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    match output.status.code() {
        Some(0) => {}
        Some(CAN_NOT_RUN) => {
            let why = told.trim_end().lines().last().unwrap_or_default();
            // Not by eprintln!, which the test runner keeps to itself where a test passes.
            writeln!(std::io::stderr(), "{name} can't run here: {why}").expect("there is a standard error");
        }
        _ => panic!("{name}: {}\n{told}", output.status),
    }
}

#[test]
#[ignore = "needs root and what beds/setup.sh installs"]
fn a_machine_by_itself() {
    script("host_mode.sh");
}

#[test]
#[ignore = "needs root and what beds/setup.sh installs"]
fn pods_of_containerd_on_cgroup_v1() {
    script("v1_pods.sh");
}

#[test]
#[ignore = "needs root and what beds/setup.sh installs"]
fn faults_under_a_running_agent() {
    script("faults.sh");
}

#[test]
#[ignore = "needs root and what beds/setup.sh installs"]
fn pods_on_cgroup_v2() {
    script("v2_pods.sh");
}

#[test]
#[ignore = "needs openssl and Python"]
fn an_agent_that_speaks_for_a_large_cluster() {
    script("leader_scale.sh");
}

#[test]
#[ignore = "needs root, what beds/setup.sh installs, and minutes"]
fn pods_of_a_node_with_systemd() {
    script("v2_systemd.sh");
}

#[test]
#[ignore = "needs root and what beds/setup.sh installs"]
fn a_container_instance_on_cgroup_v1() {
    script("v1_ecs.sh");
}

#[test]
#[ignore = "needs root, what beds/setup.sh installs, and minutes"]
fn a_container_instance_with_systemd() {
    script("systemd_ecs.sh");
}

#[test]
#[ignore = "needs root and what beds/setup.sh installs"]
fn file_systems_of_known_sizes_and_volumes_of_kubernetes() {
    script("disks.sh");
}

#[test]
#[ignore = "needs Go, of which helm is built"]
fn the_chart_by_helm() {
    script("chart.sh");
}

#[test]
#[ignore = "needs root and what beds/setup.sh installs"]
fn the_image_under_its_three_names() {
    script("image.sh");
}

mod cluster {
    #[test]
    #[ignore = "needs root and the real Kubernetes of beds/kubernetes"]
    fn the_chart_on_a_real_api_server() {
        super::script("cluster/chart.sh");
    }

    #[test]
    #[ignore = "needs root and the real Kubernetes of beds/kubernetes"]
    fn the_sample_manifest() {
        super::script("cluster/sample_pod.sh");
    }

    #[test]
    #[ignore = "needs root and the real Kubernetes of beds/kubernetes"]
    fn one_agent_speaks_for_the_cluster() {
        super::script("cluster/leader.sh");
    }

    #[test]
    #[ignore = "needs root and the real Kubernetes of beds/kubernetes"]
    fn outages_cost_the_node_nothing() {
        super::script("cluster/outages.sh");
    }

    #[test]
    #[ignore = "needs root and the API server of beds/kubernetes"]
    fn a_leader_of_a_hundred_thousand_pods() {
        super::script("cluster/scale.sh");
    }
}
