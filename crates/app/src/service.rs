//! The section `service`: pipelines, the extensions in use, and the agent's own telemetry.

use std::collections::BTreeMap;

use confmap::{ComponentId, Ignored};

use crate::own_metrics::{Metrics, Resource};

confmap::choice! {
    /// The least severe message that is logged.
    pub enum Level(any_case) {
        /// Each tick.
        Debug = "debug",
        /// Start, stop, what changes.
        Info = "info" | "",
        /// What is missing while the rest goes on.
        Warn = "warn" | "warning",
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
    pub enum Encoding(any_case) {
        /// For people.
        Console = "console",
        /// One JSON object a line.
        Json = "json",
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
        /// How a line is written. JSON lines have the keys `timestamp`, `level`, `component`, `message`, and the line's own.
        pub encoding: Encoding = Encoding::Console,
        /// Where lines go: `stderr`, or files, which are appended to. A file that was rotated away, and any file at SIGHUP or
        /// SIGUSR1, is opened anew under its name. Events alone go to standard output.
        pub output_paths: Vec<String> = vec!["stderr".to_owned()],
        /// Where failures to log go.
        #[accepted("they go where the log goes")]
        pub error_output_paths: Vec<String> = vec!["stderr".to_owned()],
        /// Messages for developers.
        #[accepted("there are none")]
        pub development: bool = false,
        /// No name of the component in a line.
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
    /// What the agent tells about itself.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Telemetry {
        /// The log.
        pub logs: Logs = Logs::default(),
        /// The metrics.
        pub metrics: Metrics = Metrics::default(),
        /// Traces.
        #[accepted("the agent makes no traces of itself")]
        pub traces: Ignored = Ignored,
        /// Attributes of the agent, labels of the metric `target_info`; `null` takes one away.
        pub resource: Resource = Resource::default(),
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

impl Service {
    /// The pipelines in the order in which data passes: `metrics: a, b → batch → awsemf`.
    #[must_use]
    pub fn describe(&self) -> String {
        let list = |ids: &[ComponentId]| ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let describe = |(name, pipeline): (&String, &Pipeline)| {
            let mut stages = vec![list(&pipeline.receivers)];
            stages.extend(pipeline.processors.iter().map(ToString::to_string));
            stages.push(list(&pipeline.exporters));
            format!("{name}: {}", stages.join(" → "))
        };
        self.pipelines.iter().map(describe).collect::<Vec<_>>().join("; ")
    }
}
