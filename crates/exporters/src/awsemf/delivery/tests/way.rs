//! The way to the service: each fault of it is told so that one knows what to do, and costs no event.

use testkit::cloudwatch_logs::Fault;

use super::*;

/// A fault of the way: what the status says, and the outcome its requests are counted by.
async fn told(config: Config, words: &[&str], outcome: &str) {
    let mut config = config;
    queue(&mut config).drain_timeout = Duration::from_millis(100);
    let mut running = Running::start(config);
    running.export(&round(now_ms(), 2));
    let status = running.failing().await;
    for word in words {
        assert!(status.contains(word), "{word} is not in {status:?}");
    }
    assert!(own(&running.registry, "container_insights_requests", outcome) > 0.0, "{outcome}");
    assert_eq!(own(&running.registry, "container_insights_dropped_events", ""), 0.0, "nothing is lost while it lasts");
    let (_, registry) = running.stop().await;
    assert_eq!(own(&registry, "container_insights_dropped_events", "shutdown"), 2.0);
}

#[tokio::test]
async fn a_name_that_can_not_be_resolved_is_told() {
    let config = Config { endpoint: ServiceUrl("http://logs.nowhere.invalid".into()), ..config() };
    told(config, &["no answer from CloudWatch Logs", "logs.nowhere.invalid"], "unreachable").await;
}

#[tokio::test]
async fn a_certificate_that_is_not_trusted_is_told() {
    let fake = FakeCloudWatchLogs::https();
    let config = Config { endpoint: ServiceUrl(fake.endpoint().into()), ..config() };
    told(config, &["certificate"], "unreachable").await;
}

#[tokio::test]
async fn a_proxy_that_refuses_is_told() {
    let port = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        listener.local_addr().unwrap().port()
    };
    let proxy_address = ProxyAddress(confmap::Secret::new(format!("http://user:hidden-word@127.0.0.1:{port}")));
    let config = Config { endpoint: ServiceUrl("http://logs.example.invalid".into()), proxy_address, ..config() };
    told(config, &["proxy", "refused"], "unreachable").await;
}

#[tokio::test]
async fn an_authority_of_ones_own_is_trusted() {
    let fake = Arc::new(FakeCloudWatchLogs::https());
    let scratch = tempfile::tempdir().unwrap();
    let file = scratch.path().join("ca.pem");
    std::fs::write(&file, fake.ca_pem().unwrap()).unwrap();
    let config = Config { certificate_file_path: file.display().to_string(), ..config() };
    let mut running = Running::with(fake, config, None);
    running.export(&round(now_ms(), 2));
    running.stored(2).await;
    running.stop().await;
}

#[tokio::test]
async fn what_only_a_person_can_change_is_told_with_the_right_that_is_missing() {
    let mut running = Running::start(config());
    running.fake.create(GROUP, "node");
    running.fake.set_fault(Some(Fault::Denied));
    running.export(&round(now_ms(), 2));
    let words = running.failing().await;
    assert!(words.contains("allow logs:PutLogEvents to the agent's role"), "{words}");
    running.fake.set_fault(None);
    running.stored(2).await;
    running.stop().await;
}

/// The wall clock an hour ahead, then an hour behind: signatures are corrected by the service's time, and waits don't care.
#[tokio::test]
async fn a_clock_that_jumps_costs_nothing() {
    let mut running = Running::start(config());
    running.export(&round(now_ms(), 1));
    running.stored(1).await;
    for (hours, stored) in [(1, 3), (-1, 5), (0, 7)] {
        running.offset_ms.store(hours * 3_600_000, Ordering::Relaxed);
        running.export(&round(now_ms() + hours * 3_600_000, 2));
        running.stored(stored).await;
    }
    running.fake.refuse();
    running.export(&round(now_ms(), 2));
    running.failing().await;
    running.offset_ms.store(-3_600_000, Ordering::Relaxed);
    running.fake.accept();
    running.stored(9).await;
    let (_, registry) = running.stop().await;
    assert_eq!(own(&registry, "container_insights_dropped_events", ""), 0.0);
}
