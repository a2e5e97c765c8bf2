//! The search against strict fakes, with faults; its hours are seconds here.

use std::time::Duration;

use model::Stamp;
use testkit::api_server::FakeApiServer;
use testkit::ec2::{self, FakeEc2, Volume};
use testkit::ecs_agent::FakeEcsAgent;
use testkit::faults::Fault;
use testkit::instance_metadata::FakeInstanceMetadata;

use super::*;
use crate::facts::Origin;

const INSTANCE: &str = "i-0123456789abcdef0";
const HOUR: Duration = Duration::from_millis(1200);

/// A clock by the system's, which signatures are made with.
#[derive(Debug)]
struct Wall;

impl Clock for Wall {
    fn stamp(&self) -> Stamp {
        #[expect(clippy::disallowed_methods, reason = "the fakes compare a signature's time with the real one")]
        let wall = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
        Stamp { monotonic: wall, wall }
    }
}

struct Rig {
    metadata: FakeInstanceMetadata,
    ec2: FakeEc2,
    facts: watch::Receiver<Facts>,
    disks: watch::Sender<Vec<Text>>,
}

impl Rig {
    fn start(arrange: impl FnOnce(&FakeInstanceMetadata, &FakeEc2), known: Facts, agent: Option<EcsAgent>) -> Self {
        Self::with_node(arrange, known, agent, None)
    }

    fn with_node(
        arrange: impl FnOnce(&FakeInstanceMetadata, &FakeEc2),
        known: Facts,
        agent: Option<EcsAgent>,
        node: Option<NodeObject>,
    ) -> Self {
        let (metadata, ec2) = (FakeInstanceMetadata::start(), FakeEc2::start());
        ec2.add_keys("AKIDEXAMPLE", "secret", None);
        ec2.set_tags(INSTANCE, &[("aws:autoscaling:groupName", "workers"), ("kubernetes.io/cluster/demo", "owned")]);
        ec2.set_volumes(vec![Volume {
            id: "vol-01".into(),
            availability_zone: "us-west-2a".into(),
            attachments: vec![(INSTANCE.into(), "/dev/xvda".into(), "attached".into())],
        }]);
        arrange(&metadata, &ec2);
        let keys = aws::Keys { id: "AKIDEXAMPLE".into(), secret: "secret".into(), token: None };
        let settings = aws::Settings { keys: Some(keys), ..aws::Settings::default() };
        let options =
            aws::metadata::Options { endpoint: Some(metadata.endpoint().to_owned()), allow_v1: false, attempts: 1 };
        let access = Access {
            settings: settings.clone(),
            endpoint: Some(ec2.endpoint().to_owned()),
            timeout: Duration::from_secs(1),
        };
        let (facts, known) = watch::channel(known);
        let (disks, nameless_disks) = watch::channel(Vec::new());
        let discovery = Discovery {
            sources: Sources {
                node,
                metadata: Some(aws::metadata::Client::new(&settings, options).unwrap()),
                ec2: Some(access),
                agent,
            },
            pace: Pace {
                first: Duration::from_millis(20),
                hour: HOUR,
                nameless: HOUR / 4,
                volumes: HOUR,
                disks: HOUR / 12,
                agent: Duration::from_millis(100),
            },
            needs_cluster: true,
            facts,
            nameless_disks,
            status: Status::default(),
            clock: Arc::new(Wall),
        };
        tokio::spawn(discovery.run());
        Self { metadata, ec2, facts: known, disks }
    }

    async fn until(&mut self, known: impl FnMut(&Facts) -> bool) -> Facts {
        let waited = tokio::time::timeout(Duration::from_secs(20), self.facts.wait_for(known)).await;
        waited.expect("found out in time").expect("the discovery goes on").clone()
    }

    fn value(&self, fact: Fact) -> Option<String> {
        self.facts.borrow().get(fact).map(ToString::to_string)
    }
}

fn from_dmi() -> Facts {
    let mut facts = Facts::default();
    facts.learn(Fact::InstanceId, Some(INSTANCE), Origin::Dmi);
    facts.learn(Fact::InstanceType, Some("m5.large"), Origin::Dmi);
    facts.learn(Fact::Region, Some("us-west-2"), Origin::Environment);
    facts
}

#[tokio::test]
async fn metadata_that_fails_in_any_way_clears_nothing_and_is_asked_again() {
    for fault in [Fault::Status(401), Fault::Status(403), Fault::Status(404), Fault::Hang, Fault::Page, Fault::Half] {
        let words = format!("{fault:?}");
        let mut rig = Rig::start(|metadata, _| metadata.set_fault(Some(fault)), from_dmi(), None);
        let facts = rig.until(Facts::is_settled).await;
        assert_eq!(facts.get(Fact::InstanceId).map(|id| &**id), Some(INSTANCE), "{words}");
        assert!(facts.lacks(Fact::Zone), "{words}");
        assert_eq!(rig.value(Fact::AutoScalingGroup).as_deref(), Some("workers"), "EC2 was asked instead: {words}");
        rig.metadata.set_fault(None);
        let facts = rig.until(|facts| !facts.lacks(Fact::Zone)).await;
        assert_eq!(facts.get(Fact::Zone).map(|zone| &**zone), Some("us-west-2a"), "{words}");
    }
}

#[tokio::test]
async fn a_hop_limit_of_one_is_a_silence_like_any_other() {
    let mut rig = Rig::start(|metadata, _| metadata.set_beyond_hop_limit(true), from_dmi(), None);
    rig.until(Facts::is_settled).await;
    rig.metadata.set_beyond_hop_limit(false);
    rig.until(|facts| !facts.lacks(Fact::Zone)).await;
}

#[tokio::test]
async fn a_document_that_lacks_something_gives_the_rest() {
    let path = "/latest/dynamic/instance-identity/document";
    let arrange = |metadata: &FakeInstanceMetadata, _: &FakeEc2| {
        metadata.set_path(path, r#"{"instanceId":"i-0a1b2c3d","region":7,"availabilityZone":"eu-west-1a"}"#);
    };
    let mut rig = Rig::start(arrange, Facts::default(), None);
    let facts = rig.until(|facts| !facts.lacks(Fact::InstanceId)).await;
    assert!(facts.lacks(Fact::InstanceType) && facts.lacks(Fact::Region));
    assert_eq!(facts.get(Fact::Zone).map(|zone| &**zone), Some("eu-west-1a"));
}

#[tokio::test]
async fn a_group_that_changes_is_followed_and_one_that_cannot_be_asked_for_stays() {
    let mut rig = Rig::start(|_, _| {}, from_dmi(), None);
    rig.until(|facts| !facts.lacks(Fact::AutoScalingGroup)).await;
    rig.ec2.set_tags(INSTANCE, &[("aws:autoscaling:groupName", "others")]);
    rig.until(|facts| facts.get(Fact::AutoScalingGroup).is_some_and(|group| &**group == "others")).await;
    assert_eq!(rig.value(Fact::ClusterName).as_deref(), Some("demo"), "a cluster's name stays");
    rig.ec2.set_page_size(1);
    for fault in [ec2::Fault::Denied, ec2::Fault::Throttled, ec2::Fault::Cut, ec2::Fault::Http(Fault::Page)] {
        let (words, before) = (format!("{fault:?}"), rig.ec2.requests().len());
        rig.ec2.set_fault(Some(fault));
        let asked = async {
            while rig.ec2.requests().len() < before + 2 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), asked).await.expect("it is asked again");
        assert_eq!(rig.value(Fact::AutoScalingGroup).as_deref(), Some("others"), "{words}");
    }
}

#[tokio::test]
async fn an_answer_without_tags_is_no_end_of_a_group() {
    let tags = [("aws:autoscaling:groupName", "workers"), ("eks:cluster-name", "demo")];
    let arrange = |metadata: &FakeInstanceMetadata, ec2: &FakeEc2| {
        metadata.set_tags(Some(&tags));
        ec2.set_fault(Some(ec2::Fault::Denied));
    };
    let mut rig = Rig::start(arrange, Facts::default(), None);
    rig.until(|facts| !facts.lacks(Fact::AutoScalingGroup)).await;
    rig.metadata.set_tags(Some(&[]));
    let asked = async {
        while rig.ec2.requests().len() < 2 {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), asked).await.expect("EC2 is asked in its place");
    assert_eq!(rig.value(Fact::AutoScalingGroup).as_deref(), Some("workers"));
}

#[tokio::test]
async fn tags_in_metadata_spare_ec2() {
    let arrange = |metadata: &FakeInstanceMetadata, _: &FakeEc2| {
        metadata.set_tags(Some(&[("aws:autoscaling:groupName", "workers"), ("eks:cluster-name", "demo")]));
    };
    let mut rig = Rig::start(arrange, Facts::default(), None);
    rig.until(|facts| !facts.lacks(Fact::AutoScalingGroup)).await;
    assert_eq!(rig.value(Fact::ClusterName).as_deref(), Some("demo"));
    assert!(rig.ec2.requests().is_empty());
}

#[tokio::test]
async fn an_hour_of_steady_state_takes_at_most_six_requests() {
    for in_metadata in [true, false] {
        let arrange = |metadata: &FakeInstanceMetadata, _: &FakeEc2| {
            metadata
                .set_tags(in_metadata.then_some(&[("aws:autoscaling:groupName", "w"), ("eks:cluster-name", "c")][..]));
        };
        let mut rig = Rig::start(arrange, Facts::default(), None);
        rig.disks.send(vec!["/dev/xvda".into()]).expect("the discovery listens");
        rig.until(|facts| facts.is_settled() && facts.attachments.is_some()).await;
        let count = |rig: &Rig| rig.metadata.requests().len() + rig.ec2.requests().len();
        let before = count(&rig);
        // Two hours at this pace.
        tokio::time::sleep(2 * HOUR).await;
        let asked = count(&rig) - before;
        assert!((2..=12).contains(&asked), "{asked} requests in two hours, tags in metadata: {in_metadata}");
    }
}

#[tokio::test]
async fn volumes_are_asked_for_only_where_a_disk_has_no_name() {
    let mut rig = Rig::start(|_, _| {}, from_dmi(), None);
    rig.until(Facts::is_settled).await;
    let asks = |rig: &Rig| {
        let of_volumes =
            |request: &ec2::Request| request.form.get("Action").is_some_and(|action| action == "DescribeVolumes");
        rig.ec2.requests().iter().filter(|request| of_volumes(request)).count()
    };
    assert_eq!(asks(&rig), 0);
    rig.disks.send(vec!["/dev/xvda".into()]).expect("the discovery listens");
    let facts = rig.until(|facts| facts.attachments.is_some()).await;
    let attachment = &facts.attachments.expect("just seen")[0];
    assert_eq!((&*attachment.device, &*attachment.volume), ("/dev/xvda", "aws://us-west-2a/vol-01"));
}

#[tokio::test]
async fn a_container_instance_is_named_once_the_agent_answers() {
    let agent = FakeEcsAgent::start();
    agent.set_metadata(Some("demo"), Some("arn:aws:ecs:us-west-2:111122223333:container-instance/0a1b"));
    agent.set_fault(Some(Fault::Status(500)));
    let (found, mut at) = watch::channel(None);
    let client = aws::ecs_agent::Client::new(Duration::from_secs(1));
    let asked = EcsAgent { client, endpoint: Some(agent.endpoint().to_owned()), found };
    let tagged = |_: &FakeInstanceMetadata, ec2: &FakeEc2| ec2.set_tags(INSTANCE, &[("eks:cluster-name", "tagged")]);
    let mut rig = Rig::start(tagged, Facts::default(), Some(asked));
    rig.until(Facts::is_settled).await;
    assert!(rig.facts.borrow().lacks(Fact::ContainerInstanceId));
    // An answer that names nothing is no answer.
    agent.set_metadata(None, None);
    agent.set_fault(None);
    let before = agent.requests().len();
    while agent.requests().len() < before + 2 {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    assert_eq!(at.borrow_and_update().as_deref(), None);
    agent.set_metadata(Some("demo"), Some("arn:aws:ecs:us-west-2:111122223333:container-instance/0a1b"));
    let facts = rig.until(|facts| !facts.lacks(Fact::ContainerInstanceId)).await;
    assert_eq!(facts.get(Fact::ContainerInstanceId).map(|id| &**id), Some("0a1b"));
    assert_eq!(facts.get(Fact::ClusterName).map(|name| &**name), Some("demo"));
    assert_eq!(at.borrow_and_update().as_deref(), Some(agent.endpoint()));
}

#[tokio::test]
async fn a_node_whose_object_is_completed_later_is_known_then() {
    let server = FakeApiServer::start();
    let path = "/api/v1/nodes/n";
    let labels = serde_json::json!({"alpha.eksctl.io/cluster-name": "demo"});
    let object = |labels: serde_json::Value, spec: serde_json::Value| serde_json::json!({"kind": "Node", "metadata": {"name": "n", "labels": labels}, "spec": spec});
    server.set_object(path, object(labels, serde_json::json!({})));
    let folder = tempfile::tempdir().unwrap();
    let node = node_of(&server, folder.path(), "n");
    let silent = |metadata: &FakeInstanceMetadata, _: &FakeEc2| metadata.refuse();
    let mut rig = Rig::with_node(silent, Facts::default(), None, Some(node));
    let facts = rig.until(|facts| !facts.lacks(Fact::ClusterName)).await;
    assert!(facts.lacks(Fact::InstanceId));
    let labels = serde_json::json!({"node.kubernetes.io/instance-type": "m5.large",
        "topology.kubernetes.io/region": "us-west-2", "topology.kubernetes.io/zone": "us-west-2a"});
    server.set_object(path, object(labels, serde_json::json!({"providerID": format!("aws:///us-west-2a/{INSTANCE}")})));
    let facts = rig.until(|facts| !facts.lacks(Fact::InstanceId)).await;
    assert_eq!(facts.get(Fact::Zone).map(|zone| &**zone), Some("us-west-2a"));
    assert_eq!(rig.value(Fact::ClusterName).as_deref(), Some("demo"), "what was known stays");
}

/// A client of the API server that this node's agent would have.
fn node_of(server: &FakeApiServer, folder: &std::path::Path, name: &str) -> NodeObject {
    let file = folder.join("kubeconfig");
    server.write_kubeconfig(&file);
    let auth = kubernetes::Auth::KubeConfig { path: file };
    let settings = kubernetes::Settings { auth, node_name: name.into(), ..kubernetes::Settings::default() };
    NodeObject { api_server: kubernetes::ApiServer::new(settings).unwrap(), name: name.into() }
}

/// A machine outside AWS: no metadata, no tags, and the node's object says cluster and region.
#[tokio::test]
async fn a_hybrid_node_is_known_by_its_object() {
    let (server, folder) = (FakeApiServer::start(), tempfile::tempdir().unwrap());
    let object = serde_json::from_str(include_str!("../../../../kubernetes/tests/hybrid-node.json")).unwrap();
    server.set_object("/api/v1/nodes/node-1", object);
    let node = node_of(&server, folder.path(), "node-1");
    let silent = |metadata: &FakeInstanceMetadata, _: &FakeEc2| metadata.refuse();
    let mut rig = Rig::with_node(silent, Facts::default(), None, Some(node));
    let facts = rig.until(Facts::is_settled).await;
    assert_eq!(rig.value(Fact::ClusterName).as_deref(), Some("shop"));
    assert_eq!(rig.value(Fact::Region).as_deref(), Some("us-west-2"));
    assert!(facts.lacks(Fact::InstanceId) && facts.lacks(Fact::AutoScalingGroup), "{facts:?}");
    assert!(rig.ec2.requests().is_empty());
}

type Arrange<'a> = &'a dyn Fn(&FakeInstanceMetadata, &FakeEc2);

/// What AWS's own agents write of an instance outside any group, once its tags are read. Unknown is something else.
#[tokio::test]
async fn an_instance_in_no_group_says_so() {
    let no_group = [("eks:cluster-name", "demo")];
    let in_metadata = |metadata: &FakeInstanceMetadata, _: &FakeEc2| metadata.set_tags(Some(&no_group));
    let at_ec2 = |_: &FakeInstanceMetadata, ec2: &FakeEc2| ec2.set_tags(INSTANCE, &no_group);
    let untagged = |_: &FakeInstanceMetadata, ec2: &FakeEc2| ec2.set_tags(INSTANCE, &[]);
    for arrange in [&in_metadata as Arrange<'_>, &at_ec2, &untagged] {
        let mut rig = Rig::start(arrange, from_dmi(), None);
        rig.until(Facts::is_settled).await;
        assert_eq!(rig.value(Fact::AutoScalingGroup).as_deref(), Some(""));
    }
    let denied = |_: &FakeInstanceMetadata, ec2: &FakeEc2| ec2.set_fault(Some(ec2::Fault::Denied));
    let mut rig = Rig::start(denied, from_dmi(), None);
    rig.until(Facts::is_settled).await;
    assert_eq!(rig.value(Fact::AutoScalingGroup), None, "without a right it is unknown");
    rig.ec2.set_fault(None);
    rig.until(|facts| facts.get(Fact::AutoScalingGroup).is_some_and(|group| &**group == "workers")).await;
    // An instance that leaves its group.
    rig.ec2.set_tags(INSTANCE, &no_group);
    rig.until(|facts| facts.get(Fact::AutoScalingGroup).is_some_and(|group| group.is_empty())).await;
}
