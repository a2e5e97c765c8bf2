//! The section `service`: pipelines, the extensions in use, and the agent's own telemetry.

use std::collections::BTreeMap;

use confmap::ComponentId;

confmap::choice! {
    /// The least severe message that is logged.
    pub enum Level {
        /// Each tick.
        Debug = "debug",
        /// Start, stop, what changes.
        Info = "info",
        /// What is missing while the rest goes on.
        Warn = "warn",
        /// What is lost.
        Error = "error",
        /// As `error`.
        Dpanic = "dpanic",
        /// As `error`.
        Panic = "panic",
        /// As `error`.
        Fatal = "fatal",
    }
}

confmap::choice! {
    /// How a log line is written.
    pub enum Encoding {
        /// For people.
        Console = "console",
        /// One JSON object a line.
        Json = "json",
    }
}

confmap::choice! {
    /// How much of itself the agent counts.
    pub enum MetricsLevel {
        /// Nothing.
        None = "none",
        /// The least.
        Basic = "basic",
        /// The usual.
        Normal = "normal",
        /// Everything.
        Detailed = "detailed",
    }
}

confmap::config! {
    /// One pipeline.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Pipeline {
        /// Where its data comes from.
        pub receivers: Vec<ComponentId> = Vec::new(),
        /// What happens to it, in this order.
        pub processors: Vec<ComponentId> = Vec::new(),
        /// Where it goes.
        pub exporters: Vec<ComponentId> = Vec::new(),
    }
}

confmap::config! {
    /// What the agent logs.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Logs {
        /// The least severe message that is logged.
        pub level: Level = Level::Info,
        /// How a line is written.
        pub encoding: Encoding = Encoding::Console,
        /// Where lines go: `stderr`, or files, which are appended to. Events alone go to standard output.
        pub output_paths: Vec<String> = vec!["stderr".to_owned()],
        /// Where failures to log go.
        #[accepted("they go where the log goes")]
        pub error_output_paths: Vec<String> = vec!["stderr".to_owned()],
        /// Messages for developers.
        #[accepted("there are none")]
        pub development: bool = false,
        /// No name of the code that logs.
        pub disable_caller: bool = false,
        /// No stack traces.
        #[accepted("the log has none")]
        pub disable_stacktrace: bool = false,
        /// Fields that every line has.
        #[accepted("lines have their own fields only")]
        pub initial_fields: BTreeMap<String, String> = BTreeMap::new(),
        /// Leaves out lines that repeat.
        #[accepted("what repeats is logged once when it starts and once when it ends")]
        pub sampling: Sampling = Sampling::default(),
    }
}

confmap::config! {
    /// Which repeated lines are left out.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Sampling {
        /// Whether any are.
        pub enabled: bool = true,
        /// The time in which lines are counted.
        pub tick: std::time::Duration = std::time::Duration::from_secs(10),
        /// How many pass.
        pub initial: u32 = 10,
        /// Which of the others pass.
        pub thereafter: u32 = 100,
    }
}

confmap::config! {
    /// The agent's own metrics.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Metrics {
        /// How much is counted.
        pub level: MetricsLevel = MetricsLevel::Normal,
        /// Where the metrics are served; the old form.
        pub address: String = String::new(),
        /// Where the metrics are served.
        pub readers: Anything = Anything,
        /// How the metrics are cut.
        pub views: Anything = Anything,
    }
}

confmap::config! {
    /// What the agent tells about itself.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Telemetry {
        /// The log.
        pub logs: Logs = Logs::default(),
        /// The metrics.
        #[accepted("own metrics are not served yet")]
        pub metrics: Metrics = Metrics::default(),
        /// Traces.
        #[accepted("the agent makes no traces of itself")]
        pub traces: Anything = Anything,
        /// Attributes of the agent's own telemetry.
        #[accepted("own metrics are not served yet")]
        pub resource: Anything = Anything,
    }
}

confmap::config! {
    /// What of the configuration is in use.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Service {
        /// The extensions to start, in this order.
        pub extensions: Vec<ComponentId> = Vec::new(),
        /// The pipelines: `metrics`, or `metrics/name`.
        pub pipelines: BTreeMap<String, Pipeline> = BTreeMap::new(),
        /// What the agent tells about itself.
        pub telemetry: Telemetry = Telemetry::default(),
    }
}

/// A value that is accepted whatever it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Anything;

impl confmap::Decode for Anything {
    fn decode(_: &confmap::Node, _: &str, _: &mut confmap::Faults) -> Option<Self> {
        Some(Self)
    }

    fn type_name() -> String {
        "any".to_owned()
    }

    fn show_default(&self) -> String {
        String::new()
    }
}
