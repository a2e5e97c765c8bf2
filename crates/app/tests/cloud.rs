//! Recorded machines as EC2 instances: what is found out beside the rounds stands in the events.
//!
//! The machine is the recording's; what makes it an instance is laid over it after AWS's documentation.

mod support;

use std::fs;
use std::path::Path;

use catalog::RecordType;
use platform::Fact;
use support::{Node, Replayed, example, of_type, replay_around};
use testkit::ec2::{FakeEc2, Volume};
use testkit::ecs_agent::FakeEcsAgent;
use testkit::instance_metadata::FakeInstanceMetadata;

const INSTANCE: &str = "i-0123456789abcdef0";
const TASK: &str = "529630467358463ab6bbba4e73afe704";
const CSI: &str = "var/lib/kubelet/plugins/kubernetes.io/csi/ebs.csi.aws.com/0a1b2c";
const RECEIVER: &str = "receivers.awscontainerinsightreceiver";

fn write(root: &Path, file: &str, text: &str) {
    let path = root.join(file);
    fs::create_dir_all(path.parent().expect("a file has a folder")).expect("the folder can be made");
    fs::write(path, text).expect("the file can be written");
}

/// The table of a Nitro instance.
fn lay_dmi(root: &Path) {
    write(root, "sys/class/dmi/id/sys_vendor", "Amazon EC2\n");
    write(root, "sys/class/dmi/id/board_asset_tag", &format!("{INSTANCE}\n"));
    write(root, "sys/class/dmi/id/product_name", "m5.large\n");
}

/// A volume of the CSI driver on the recorded disk.
fn lay_volume(root: &Path) {
    let table = fs::read_to_string(root.join("proc/1/mountinfo")).expect("the recording has a mount table");
    let mount = format!("9001 27 254:0 / /{CSI}/globalmount rw,relatime - ext4 /dev/vda rw\n");
    write(root, "proc/1/mountinfo", &(table + &mount));
    let data = r#"{"driverName":"ebs.csi.aws.com","volumeHandle":"vol-0fedcba9876543210","specVolID":"pvc-1"}"#;
    write(root, &format!("{CSI}/vol_data.json"), data);
}

/// A task with a quota and a limit of its own, and the files that ask for them (cgroup v1).
fn lay_task(root: &Path) {
    for (file, text) in [
        ("cpu/ecs/TASK/cpu.cfs_quota_us", "25000\n"),
        ("cpu/ecs/TASK/cpu.cfs_period_us", "100000\n"),
        ("cpu/ecs/TASK/cpu.shares", "2\n"),
        ("memory/ecs/TASK/memory.limit_in_bytes", "536870912\n"),
    ] {
        write(root, &format!("sys/fs/cgroup/{file}").replace("TASK", TASK), text);
    }
}

struct Cloud {
    metadata: FakeInstanceMetadata,
    ec2: FakeEc2,
    folder: tempfile::TempDir,
}

impl Cloud {
    fn start() -> Self {
        let (metadata, ec2) = (FakeInstanceMetadata::start(), FakeEc2::start());
        ec2.add_keys("AKIDEXAMPLE", "secret", None);
        ec2.set_tags(INSTANCE, &[("aws:autoscaling:groupName", "workers"), ("eks:cluster-name", "demo")]);
        ec2.set_volumes(vec![Volume {
            id: "vol-0123456789abcdef0".into(),
            availability_zone: "us-west-2a".into(),
            attachments: vec![(INSTANCE.into(), "/dev/vda".into(), "attached".into())],
        }]);
        let folder = tempfile::tempdir().expect("a scratch folder can be made");
        let keys = "[default]\naws_access_key_id = AKIDEXAMPLE\naws_secret_access_key = secret\n";
        fs::write(folder.path().join("credentials"), keys).expect("the file can be written");
        Self { metadata, ec2, folder }
    }

    fn sets(&self) -> Vec<String> {
        vec![
            format!("{RECEIVER}.endpoint={}", self.ec2.endpoint()),
            format!("{RECEIVER}.shared_credentials_file=[{}]", self.folder.path().join("credentials").display()),
            "exporters.awsemf.output_destination=stdout".to_owned(),
        ]
    }

    fn variables(&self) -> Vec<(&'static str, String)> {
        vec![
            ("HOST_NAME", "node-1.example".to_owned()),
            ("AWS_EC2_METADATA_SERVICE_ENDPOINT", self.metadata.endpoint().to_owned()),
        ]
    }

    fn no_violations(&self) {
        assert_eq!((self.metadata.violations(), self.ec2.violations()), (Vec::new(), Vec::new()));
    }
}

fn lines(replayed: &Replayed) -> Vec<u8> {
    replayed.events.iter().flat_map(|event| [event.as_slice(), b"\n"].concat()).collect()
}

fn sets(all: &[String]) -> Vec<&str> {
    all.iter().map(String::as_str).collect()
}

#[test]
fn an_instance_with_everything_has_every_attribute() {
    let cloud = Cloud::start();
    let configuration = example("eks.yaml", &sets(&cloud.sets()));
    let around = Node {
        variables: cloud.variables(),
        lay: &lay_volume,
        known: |facts| facts.is_settled() && facts.attachments.is_some(),
        ..Node::default()
    };
    let replayed = replay_around("v1-kubernetes", &configuration, &around);
    testkit::golden::check("golden/v1-kubernetes-ec2.jsonl", lines(&replayed));
    cloud.no_violations();

    let node = &of_type(&replayed.events, RecordType::Node)[0];
    for (attribute, value) in [
        ("ClusterName", "demo"),
        ("InstanceId", INSTANCE),
        ("InstanceType", "m5.large"),
        ("AutoScalingGroupName", "workers"),
    ] {
        assert_eq!(node[attribute], value);
    }
    let disk = &of_type(&replayed.events, RecordType::NodeFS)[0];
    assert_eq!(disk["EBSVolumeId"], "aws://us-west-2a/vol-0123456789abcdef0");
    assert_eq!(disk["ebs_volume_id"], "aws://us-west-2a/vol-0fedcba9876543210");
}

#[test]
fn without_metadata_and_without_rights_only_what_an_api_can_tell_is_missing() {
    let cloud = Cloud::start();
    cloud.metadata.refuse();
    cloud.ec2.set_fault(Some(testkit::ec2::Fault::Denied));
    let mut options = cloud.sets();
    options.push(format!("{RECEIVER}.cluster_name=demo"));
    options.push(format!("{RECEIVER}.region=us-west-2"));
    options.push(format!("{RECEIVER}.availability_zone=us-west-2a"));
    let configuration = example("eks.yaml", &sets(&options));
    let lay = |root: &Path| {
        lay_dmi(root);
        lay_volume(root);
        write(root, "sys/block/vda/device/model", "Amazon Elastic Block Store              \n");
        write(root, "sys/block/vda/device/serial", "vol0123456789abcdef0\n");
    };
    let around = Node { variables: cloud.variables(), lay: &lay, known: |facts| facts.is_settled(), ..Node::default() };
    let replayed = replay_around("v1-kubernetes", &configuration, &around);
    testkit::golden::check("golden/v1-kubernetes-ec2-alone.jsonl", lines(&replayed));

    let node = &of_type(&replayed.events, RecordType::Node)[0];
    assert_eq!((&node["InstanceId"], &node["InstanceType"]), (&INSTANCE.into(), &"m5.large".into()));
    assert!(node.get("AutoScalingGroupName").is_none());
    let disk = &of_type(&replayed.events, RecordType::NodeFS)[0];
    assert_eq!(disk["EBSVolumeId"], "aws://us-west-2a/vol-0123456789abcdef0");
    assert_eq!(disk["ebs_volume_id"], "aws://us-west-2a/vol-0fedcba9876543210");
}

#[test]
fn ec2_says_the_zone_of_a_volume_that_only_a_serial_number_names() {
    let cloud = Cloud::start();
    cloud.metadata.refuse();
    let mut options = cloud.sets();
    options.push(format!("{RECEIVER}.cluster_name=demo"));
    options.push(format!("{RECEIVER}.region=us-west-2"));
    let configuration = example("eks.yaml", &sets(&options));
    let lay = |root: &Path| {
        lay_dmi(root);
        write(root, "sys/block/vda/device/model", "Amazon Elastic Block Store              \n");
        write(root, "sys/block/vda/device/serial", "vol0123456789abcdef0\n");
    };
    let known = |facts: &platform::Facts| facts.is_settled() && facts.attachments.is_some();
    let around = Node { variables: cloud.variables(), lay: &lay, known, ..Node::default() };
    let replayed = replay_around("v1-kubernetes", &configuration, &around);
    let disk = &of_type(&replayed.events, RecordType::NodeFS)[0];
    assert_eq!(disk["EBSVolumeId"], "aws://us-west-2a/vol-0123456789abcdef0");
}

#[test]
fn a_container_instance_has_its_own_records_and_reservations() {
    let cloud = Cloud::start();
    let agent = FakeEcsAgent::start();
    agent.set_metadata(
        Some("demo"),
        Some("arn:aws:ecs:us-west-2:111122223333:container-instance/demo/0a1b2c3d4e5f60718293a4b5c6d7e8f9"),
    );
    agent.add_task(&format!("arn:aws:ecs:us-west-2:111122223333:task/demo/{TASK}"), "RUNNING", &["d1"]);
    agent.add_task("arn:aws:ecs:us-west-2:111122223333:task/demo/0123", "STOPPED", &["d2"]);
    let mut options = cloud.sets();
    options.pop();
    options.push("exporters.awsemf/instancemetrics.output_destination=stdout".to_owned());
    options.push(format!("{RECEIVER}.ecs_agent_endpoint={}", agent.endpoint()));
    let configuration = example("ecs-instance.yaml", &sets(&options));
    let around = Node {
        variables: cloud.variables(),
        lay: &lay_task,
        known: |facts| facts.is_settled() && facts.attachments.is_some() && !facts.lacks(Fact::ContainerInstanceId),
        ..Node::default()
    };
    let replayed = replay_around("v1-kubernetes", &configuration, &around);
    testkit::golden::check("golden/v1-ecs-ec2.jsonl", lines(&replayed));
    assert_eq!(agent.violations(), Vec::<String>::new());
    cloud.no_violations();

    let instance = &of_type(&replayed.events, RecordType::Instance)[0];
    assert_eq!(instance["ContainerInstanceId"], "0a1b2c3d4e5f60718293a4b5c6d7e8f9");
    assert_eq!(instance["instance_number_of_running_tasks"], 1);
    // A quarter of a CPU and 512 MiB were asked for.
    let cpus = instance["instance_cpu_limit"].as_f64().expect("the machine has CPUs") / 1000.0;
    let reserved = instance["instance_cpu_reserved_capacity"].as_f64().expect("there is a task");
    assert!((reserved - 25.0 / cpus).abs() < 1e-9, "{reserved}");
    let memory = instance["instance_memory_limit"].as_f64().expect("the machine has memory");
    let reserved = instance["instance_memory_reserved_capacity"].as_f64().expect("there is a task");
    assert!((reserved - 536_870_912.0 / memory * 100.0).abs() < 1e-9, "{reserved}");
}
