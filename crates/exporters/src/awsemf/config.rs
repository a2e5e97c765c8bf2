//! The options of `awsemf`: the union of those of its three lineages (ADOT, the 2024 fork, the CloudWatch agent).

mod declaration;
mod lint;
mod values;

use std::collections::BTreeMap;
use std::time::Duration;

pub use crate::checked::Checked;
pub use crate::delivery::{RetryOnFailure, SendingQueue, Sizer};
pub use declaration::{Declaration, Descriptor, LabelMatcher, Pattern};
pub use values::{
    DimensionSet, Namespace, OutputDestination, ProxyAddress, Region, Retention, RollupOption, ServiceUrl, TagValue,
    Unit,
};

use super::template::Template;

confmap::choice! {
    /// Which form of the embedded metric format events have.
    pub enum EnvelopeVersion {
        /// Metadata in the member `_aws`, as the ADOT Collector writes it.
        One = "1",
        /// Metadata in root members, as the CloudWatch agent writes it.
        Zero = "0",
    }
}

confmap::choice! {
    /// Which dimension sets are added to those that are declared.
    pub enum Rollup {
        /// None.
        None = "NoDimensionRollup",
        /// One for each attribute alone.
        Single = "SingleDimensionRollupOnly",
        /// The empty one, and one for each attribute alone.
        ZeroAndSingle = "ZeroAndSingleDimensionRollup",
    }
}

confmap::choice! {
    /// What becomes of data that no declaration selects.
    pub enum Undeclared {
        /// It is written as log fields, for queries.
        Keep = "keep",
        /// It is dropped.
        Drop = "drop",
    }
}

confmap::choice! {
    /// What a histogram with explicit buckets becomes.
    pub enum Histograms {
        /// The middles of its buckets with their counts, which CloudWatch makes percentiles of.
        Values = "values",
        /// Its largest and smallest value, count and sum, as in the Go exporter.
        StatisticSet = "statistic_set",
    }
}

confmap::choice! {
    /// How the bodies of requests are compressed.
    pub enum Compression {
        /// As gzip, where that is smaller.
        Gzip = "gzip",
        /// Not at all, for imitations of the service that take nothing else.
        None = "none",
    }
}

confmap::choice! {
    /// What becomes of events whose log group or stream has a placeholder without a value.
    pub enum UnresolvedPlaceholders {
        /// They are held for ten minutes, until a round shows where everything goes, then dropped and counted.
        Hold = "hold",
        /// The placeholder becomes `undefined`, as in the Go exporter.
        Undefined = "undefined",
    }
}

confmap::choice! {
    /// The class of log groups that are created. Metrics are extracted from those of class `STANDARD` only.
    pub enum LogGroupClass {
        /// Everything.
        Standard = "STANDARD",
        /// Cheaper, without metric extraction.
        InfrequentAccess = "INFREQUENT_ACCESS",
        /// For delivery elsewhere, without metric extraction.
        Delivery = "DELIVERY",
    }
}

confmap::config! {
    /// Writes records as log events in CloudWatch's embedded metric format.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Config {
        /// The log group; empty for `/metrics/<namespace>`.
        ///
        /// The placeholders `{ClusterName}`, `{NodeName}`, `{PodName}`, `{ServiceName}`, `{TaskId}`,
        /// `{TaskDefinitionFamily}`, `{ContainerInstanceId}`, `{JobName}`, `{InstanceId}`, `{Namespace}` and `{Region}`
        /// are replaced by the attribute of that name, first a record's, then a point's. Characters that a log group's
        /// name must not have become `_`.
        pub log_group_name: Template = Template::default(),
        /// The log stream, with the same placeholders; empty for one of the agent's own, new at each start.
        pub log_stream_name: Template = Template::default(),
        /// The namespace of the metrics; empty to take it from the attributes `service.namespace` and `service.name`,
        /// and `default` where there are none.
        pub namespace: Namespace = Namespace::default(),
        /// Which dimension sets are added to those that are declared.
        ///
        /// Any other word is `NoDimensionRollup`, as in the Go exporter, with a warning.
        /// Without the option: `NoDimensionRollup` where there are `metric_declarations`, else
        /// `ZeroAndSingleDimensionRollup`. The Go exporter takes the latter in both cases.
        pub dimension_rollup_option: RollupOption = RollupOption::default(),
        /// The form of the events: `"1"` as the ADOT Collector writes them, `"0"` as the CloudWatch agent does.
        pub version: EnvelopeVersion = EnvelopeVersion::One,
        /// Where events go: `cloudwatch`, or `stdout`, one event a line.
        pub output_destination: OutputDestination = OutputDestination::CloudWatch,
        /// Attributes whose value is JSON text and is written as JSON, not as text.
        pub parse_json_encoded_attr_values: Vec<String> = Vec::new(),
        /// Which metrics CloudWatch extracts, and by which dimensions.
        ///
        /// Without any, every metric is extracted by all attributes; a list that selects nothing extracts nothing.
        pub metric_declarations: Vec<Checked<Declaration>> = Vec::new(),
        /// Units of metrics that come without one.
        pub metric_descriptors: Vec<Checked<Descriptor>> = Vec::new(),
        /// How resource attributes become fields and dimensions.
        pub resource_to_telemetry_conversion: ResourceConversion = ResourceConversion::default(),
        /// Writes every field and extracts no metric; stronger than `enhanced_container_insights`.
        pub disable_metric_extraction: bool = false,
        /// Drops events without any metric to extract, as `undeclared_events: drop` does.
        pub enhanced_container_insights: bool = false,
        /// What becomes of events without any metric to extract.
        pub undeclared_events: Undeclared = Undeclared::Keep,
        /// The record types (attribute `Type`) that `undeclared_events: drop` is about; empty for all.
        pub undeclared_event_types: Vec<String> = Vec::new(),
        /// What becomes of metrics that aren't extracted in events that have others.
        pub undeclared_metrics: Undeclared = Undeclared::Keep,
        /// Spells out an unknown unit as `""` and the storage resolution of 60 seconds, as the ADOT Collector does;
        /// CloudWatch takes events without them as well, and they are an eighth smaller.
        pub spell_out_defaults: bool = true,
        /// What a histogram with explicit buckets becomes: `values` with their counts, or a `statistic_set` without percentiles, as in
        /// the Go exporter.
        pub histograms: Histograms = Histograms::Values,
        /// Writes the envelope's `Version` in every event; otherwise it is `"0"` where no metric is extracted.
        pub uniform_version: bool = false,

        /// Emits the first point of a cumulative sum with its raw value.
        #[accepted("this agent makes no cumulative sums yet")]
        pub retain_initial_value_of_delta_metric: bool = false,
        /// Writes a summary's sum, count and quantiles as metrics of their own.
        #[accepted("this agent makes no summaries yet")]
        pub detailed_metrics: bool = false,
        /// Wraps records of EKS on Fargate.
        #[accepted("EKS on Fargate follows")]
        pub eks_fargate_container_insights_enabled: bool = false,
        /// Days that log events are kept in groups this agent creates; 0 for ever.
        pub log_retention: Retention = Retention::default(),
        /// Tags of log groups this agent creates.
        pub tags: Checked<BTreeMap<String, TagValue>> = Checked::default(),
        /// Hooks around requests.
        #[accepted("the agent has no such extension")]
        pub middleware: String = String::new(),
        /// Sends the entity that telemetry belongs to.
        #[accepted("entities follow")]
        pub add_entity: bool = false,
        /// Gauges that are merged into distributions.
        #[accepted("this agent makes no gauges of less than a minute yet")]
        pub metric_as_distribution: Vec<String> = Vec::new(),
        /// Uses every attribute as a dimension.
        #[accepted("only the CloudWatch agent's own pipelines use it")]
        pub use_all_labels_as_dimensions: bool = false,

        /// What waits for delivery, and where.
        pub sending_queue: Checked<SendingQueue> = Checked::default(),
        /// What happens to requests that fail and may succeed later.
        pub retry_on_failure: Checked<RetryOnFailure> = Checked::default(),
        /// How long one request may take, 0 for an hour; there is no limit for all of them together.
        pub timeout: Duration = Duration::from_secs(30),
        /// How the bodies of requests are compressed.
        pub compression: Compression = Compression::Gzip,
        /// What becomes of events whose log group or stream has a placeholder without a value.
        pub unresolved_placeholders: UnresolvedPlaceholders = UnresolvedPlaceholders::Hold,
        /// The ARN of the key that encrypts log groups this agent creates; empty for the service's own.
        pub kms_key_id: String = String::new(),
        /// The class of log groups this agent creates.
        pub log_group_class: Option<LogGroupClass> = None,
        /// Idle HTTP connections kept for a host.
        #[accepted("as many connections are kept as requests are under way, see sending_queue::num_consumers")]
        pub num_workers: u32 = 8,
        /// The service's URL, for another one than the region's.
        pub endpoint: ServiceUrl = ServiceUrl::default(),
        /// How long one request may take, in seconds; stronger than `timeout`.
        pub request_timeout_seconds: Option<u32> = None,
        /// How often a request is tried again.
        #[accepted("retry_on_failure sets how long and how often")]
        pub max_retries: u32 = 2,
        /// Leaves the server's certificate unverified.
        pub no_verify_ssl: bool = false,
        /// The proxy's URL; empty for the environment's.
        pub proxy_address: ProxyAddress = ProxyAddress::default(),
        /// The region; empty to find it out.
        pub region: Region = Region::default(),
        /// Finds the region without instance metadata.
        #[accepted("the Go exporter makes no use of it either: AWS_EC2_METADATA_DISABLED does")]
        pub local_mode: bool = false,
        /// The resource that sends.
        #[accepted("the Go exporter makes no use of it either")]
        pub resource_arn: String = String::new(),
        /// The role that is assumed.
        pub role_arn: String = String::new(),
        /// The external id that goes with the role.
        pub external_id: confmap::Secret = confmap::Secret::new(""),
        /// The profile in the shared credentials file.
        pub profile: String = String::new(),
        /// Shared credentials files; the first one counts.
        pub shared_credentials_file: Vec<String> = Vec::new(),
        /// Certificates that servers are verified with.
        pub certificate_file_path: String = String::new(),
        /// How often instance metadata is asked again.
        #[accepted("it is asked until it answers")]
        pub imds_retries: u32 = 0,
    }
}

confmap::config! {
    /// How resource attributes become fields and dimensions.
    #[derive(Debug, Clone, PartialEq)]
    pub struct ResourceConversion {
        /// Makes each resource attribute a field of the event; one of the same name of a point gives way.
        pub enabled: bool = false,
        /// Leaves out `service.name`, `service.instance.id` and `service.namespace`.
        pub exclude_service_attributes: bool = false,
        /// Removes the resource attributes once they are copied.
        #[accepted("namespaces and placeholders still need them")]
        pub clear_after_copy: bool = false,
    }
}

impl Config {
    /// The roll-up in force.
    #[must_use]
    pub fn rollup(&self) -> Rollup {
        self.dimension_rollup_option.0.unwrap_or(if self.metric_declarations.is_empty() {
            Rollup::ZeroAndSingle
        } else {
            Rollup::None
        })
    }
}
