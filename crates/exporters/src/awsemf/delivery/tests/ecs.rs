//! A container instance of Amazon ECS whose agent says who it is only after some rounds.

use super::*;
use crate::awsemf::config::UnresolvedPlaceholders;

const GROUP: &str = "/aws/ecs/containerinsights/shop/performance";
const STREAM: &str = "instanceTelemetry/0a1b2c3d";

fn config() -> Config {
    Config {
        log_group_name: "/aws/ecs/containerinsights/{ClusterName}/performance".parse().unwrap(),
        log_stream_name: "instanceTelemetry/{ContainerInstanceId}".parse().unwrap(),
        ..super::config()
    }
}

/// A round of an instance, with the attributes that are known; one event has the number as its metric.
fn round(known: &[(&str, &str)], number: i64) -> Batch {
    let mut attributes = Attributes::new();
    for (name, value) in [&[("InstanceId", "i-0123456789abcdef0"), ("Type", "Instance")], known].concat() {
        attributes.insert(name, value);
    }
    let metric = Metric::Other(Arc::new(Descriptor::gauge("instance_cpu_limit", "")));
    let points = vec![Point { metric, value: Value::Integer(number) }];
    let time_ms = now_ms();
    Batch {
        tick: None,
        records: vec![Record::of(attributes, UnixTime::from_millis(time_ms), points)],
        ends: true,
        permits: Vec::new(),
    }
}

#[tokio::test]
async fn rounds_before_the_agent_answered_wait_and_go_to_the_instances_stream() {
    let mut running = Running::start(config());
    running.export(&round(&[], 1));
    running.export(&round(&[("ClusterName", "shop")], 2));
    tokio::time::sleep(Duration::from_millis(200)).await;
    assert_eq!(running.fake.requests(), [], "nothing is sent while the container instance isn't known");
    let known = [("ClusterName", "shop"), ("ContainerInstanceId", "0a1b2c3d")];
    running.export(&round(&known, 3));
    running.stored(3).await;
    running.export(&round(&known, 4));
    running.stored(4).await;
    let (fake, registry) = running.stop().await;
    assert_eq!(fake.groups().into_keys().collect::<Vec<_>>(), [GROUP]);
    assert_eq!(fake.groups()[GROUP].streams.keys().collect::<Vec<_>>(), [STREAM]);
    let mut events: Vec<String> = fake.events(GROUP, STREAM).into_iter().map(|event| event.message).collect();
    events.sort_by_key(|message| message.split("instance_cpu_limit\":").nth(1).map(str::to_owned));
    for (number, message) in (1..).zip(&events) {
        assert!(message.contains(&format!("\"instance_cpu_limit\":{number}")), "{message}");
        assert_eq!(message.contains("ContainerInstanceId"), number > 2, "what was said then isn't changed: {message}");
    }
    assert_eq!(own(&registry, "container_insights_dropped_events", ""), 0.0);
}

#[tokio::test]
async fn an_instance_that_is_never_known_is_delivered_as_undefined_only_where_asked_for() {
    let config = Config { unresolved_placeholders: UnresolvedPlaceholders::Undefined, ..config() };
    let mut running = Running::start(config);
    running.export(&round(&[("ClusterName", "shop")], 1));
    running.stored(1).await;
    let (fake, _) = running.stop().await;
    assert_eq!(fake.groups()[GROUP].streams.keys().collect::<Vec<_>>(), ["instanceTelemetry/undefined"]);

    let mut running = Running::start(self::config());
    running.export(&round(&[("ClusterName", "shop")], 1));
    let (fake, registry) = running.stop().await;
    assert_eq!((fake.requests(), fake.event_count()), (Vec::new(), 0));
    assert_eq!(own(&registry, "container_insights_dropped_events", "unresolved"), 1.0, "the end counts what is held");
}
