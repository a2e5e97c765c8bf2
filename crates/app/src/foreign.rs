//! Component types of other collectors that are not in this agent yet: to say so, rather than that they don't exist.

use crate::components::Section;
use crate::components::Section::{Exporters, Extensions, Processors, Receivers};

/// The ADOT Collector 0.49.
const ADOT: &str = "the ADOT Collector";
/// The CloudWatch agent.
const AGENT: &str = "the CloudWatch agent";
/// The contributors' distribution of the OpenTelemetry Collector.
const CONTRIB: &str = "the OpenTelemetry Collector";

/// The types of a section that a collector has, by every spelling.
static TYPES: &[(Section, &str, &[&str])] = &[
    (
        Receivers,
        ADOT,
        &[
            "otlp",
            "prometheus",
            "statsd",
            "awsxray",
            "awsecscontainermetrics",
            "kafka",
            "jaeger",
            "zipkin",
            "filelog",
            "file_log",
        ],
    ),
    (
        Processors,
        ADOT,
        &[
            "attributes",
            "resource",
            "filter",
            "metricstransform",
            "metrics_transform",
            "metricsgeneration",
            "experimental_metricsgeneration",
            "cumulativetodelta",
            "deltatorate",
            "resourcedetection",
            "resource_detection",
            "k8sattributes",
            "k8s_attributes",
            "span",
            "probabilistic_sampler",
            "tail_sampling",
            "groupbytrace",
        ],
    ),
    (
        Exporters,
        ADOT,
        &[
            "awscloudwatchlogs",
            "awsxray",
            "otlp",
            "otlp_grpc",
            "otlphttp",
            "otlp_http",
            "prometheus",
            "prometheusremotewrite",
            "prometheus_remote_write",
            "awsprometheusremotewrite",
            "file",
            "kafka",
            "loadbalancing",
            "load_balancing",
            "datadog",
            "logzio",
            "signalfx",
            "dynatrace",
            "sapm",
            "newrelic",
        ],
    ),
    (Extensions, ADOT, &["ecs_observer", "awsproxy", "memory_ballast"]),
    (
        Receivers,
        AGENT,
        &[
            "awsebsnvme",
            "awsebsnvmereceiver",
            "awsnvmereceiver",
            "jmx",
            "tcplog",
            "udplog",
            "awscontainerinsightskueuereceiver",
            "nop",
        ],
    ),
    (
        Processors,
        AGENT,
        &[
            "ec2tagger",
            "awsentity",
            "awsapplicationsignals",
            "awsappsignals",
            "gpuattributes",
            "kueueattributes",
            "rollup",
            "awsattributelimit",
        ],
    ),
    (Exporters, AGENT, &["awscloudwatch", "nop"]),
    (Extensions, AGENT, &["entitystore", "server", "k8smetadata"]),
    (
        Receivers,
        CONTRIB,
        &[
            "hostmetrics",
            "host_metrics",
            "kubeletstats",
            "kubelet_stats",
            "k8s_cluster",
            "k8s_events",
            "k8sobjects",
            "docker_stats",
            "fluentforward",
            "fluent_forward",
            "journald",
            "syslog",
            "redis",
            "mysql",
            "postgresql",
            "nginx",
            "apache",
            "elasticsearch",
            "mongodb",
            "carbon",
            "collectd",
            "influxdb",
            "opencensus",
            "receiver_creator",
            "awsfirehose",
            "awscloudwatch",
            "awss3",
            "httpcheck",
            "snmp",
            "sqlquery",
            "sqlserver",
            "windowseventlog",
            "windowsperfcounters",
            "zookeeper",
            "kafkametrics",
            "memcached",
            "rabbitmq",
            "splunk_hec",
            "skywalking",
            "loki",
            "podman_stats",
            "haproxy",
            "vcenter",
            "wavefront",
            "signalfx",
            "sapm",
            "datadog",
            "otlpjsonfile",
            "simpleprometheus",
            "prometheus_simple",
            "webhookevent",
        ],
    ),
    (
        Processors,
        CONTRIB,
        &[
            "transform",
            "groupbyattrs",
            "redaction",
            "routing",
            "schema",
            "spanmetrics",
            "servicegraph",
            "logstransform",
            "interval",
            "remotetap",
            "sumologic",
            "metricstarttime",
            "logdedup",
            "geoip",
            "dns_lookup",
            "cumulative_to_delta",
            "delta_to_rate",
            "coralogix",
            "unroll",
        ],
    ),
    (
        Exporters,
        CONTRIB,
        &[
            "coralogix",
            "clickhouse",
            "elasticsearch",
            "splunk_hec",
            "azuremonitor",
            "googlecloud",
            "googlemanagedprometheus",
            "influxdb",
            "loki",
            "awskinesis",
            "awss3",
            "opensearch",
            "sumologic",
            "syslog",
            "zipkin",
            "jaeger",
            "jaeger_thrift",
            "opencensus",
            "mezmo",
            "logicmonitor",
            "carbon",
            "cassandra",
            "honeycombmarker",
            "instana",
            "pulsar",
            "sentry",
            "tencentcloud_logservice",
            "alibabacloud_logservice",
            "otelarrow",
            "rabbitmq",
            "doris",
            "faro",
            "tinybird",
        ],
    ),
    (
        Extensions,
        CONTRIB,
        &[
            "bearertokenauth",
            "basicauth",
            "headers_setter",
            "oauth2client",
            "oidc",
            "k8s_observer",
            "host_observer",
            "docker_observer",
            "ecs_task_observer",
            "http_forwarder",
            "jaegerremotesampling",
            "cgroupruntime",
            "db_storage",
            "redis_storage",
            "opamp",
            "asapauth",
            "k8s_leader_elector",
            "googleclientauth",
            "ack",
            "datadog",
            "healthcheckv2",
        ],
    ),
];

/// Types of the CloudWatch agent that have one beginning and many ends.
const TELEGRAF: &str = "telegraf_";

/// Whose component a type is; `None` where none of the collectors that are known has it.
#[must_use]
pub fn owner(section: Section, kind: &str) -> Option<&'static str> {
    if section == Receivers && kind.starts_with(TELEGRAF) {
        return Some(AGENT);
    }
    TYPES.iter().find(|(of, _, kinds)| *of == section && kinds.contains(&kind)).map(|(_, owner, _)| *owner)
}

/// Every known type of a section.
pub fn names(section: Section) -> impl Iterator<Item = &'static str> {
    TYPES.iter().filter(move |(of, ..)| *of == section).flat_map(|(.., kinds)| kinds.iter().copied())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::registry::TYPES;

    #[test]
    fn a_type_that_is_here_is_not_foreign_and_none_stands_twice() {
        for section in Section::ALL {
            let mut all: Vec<_> = names(section).collect();
            assert!(all.iter().all(|name| TYPES.find(section, name).is_none()));
            let count = all.len();
            all.sort_unstable();
            all.dedup();
            assert_eq!(all.len(), count, "{section:?}");
        }
    }

    #[test]
    fn owners_are_named() {
        assert_eq!(owner(Processors, "resourcedetection"), Some(ADOT));
        assert_eq!(owner(Receivers, "telegraf_cpu"), Some(AGENT));
        assert_eq!(owner(Receivers, "hostmetrics"), Some(CONTRIB));
        assert_eq!(owner(Receivers, "resourcedetection"), None);
    }
}
