//! The options of `debug` and of `logging`.

confmap::choice! {
    /// How much is shown of a round.
    pub enum Verbosity(any_case) {
        /// One line with counts.
        Basic = "basic",
        /// One line for each point, too.
        Normal = "normal",
        /// Everything.
        Detailed = "detailed",
    }
}

confmap::choice! {
    /// A stream of the process.
    pub enum OutputPath {
        /// Standard output.
        Stdout = "stdout",
        /// Standard error.
        Stderr = "stderr",
    }
}

confmap::choice! {
    /// The level of old configurations.
    pub enum LogLevel(any_case) {
        /// Everything is shown.
        Debug = "debug",
        /// Counts are shown.
        Info = "info",
        /// Counts are shown.
        Warn = "warn",
        /// Counts are shown.
        Error = "error",
    }
}

confmap::config! {
    /// Shows what passes, for people.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Config {
        /// How much is shown: a line of counts, a line for each point, or everything.
        pub verbosity: Verbosity = Verbosity::Basic,
        /// Shows it in the agent's own log, not in `output_paths`.
        pub use_internal_logger: bool = true,
        /// Where it is shown without the agent's own log: `stdout` or `stderr`; the first one counts.
        pub output_paths: Vec<OutputPath> = vec![OutputPath::Stdout],
        /// Messages of a second that are shown in full.
        #[accepted("one round's messages are never left out")]
        pub sampling_initial: u32 = 2,
        /// Which of a second's further messages are shown.
        #[accepted("one round's messages are never left out")]
        pub sampling_thereafter: u32 = 1,
    }
}

impl Config {
    /// The stream that what passes is shown on; `None` for the agent's own log.
    #[must_use]
    pub fn output(&self) -> Option<OutputPath> {
        (!self.use_internal_logger).then(|| self.output_paths.first().copied().unwrap_or(OutputPath::Stdout))
    }
}

confmap::config! {
    /// The old name of `debug`.
    #[derive(Debug, Clone, PartialEq)]
    pub struct LoggingConfig {
        /// How much is shown, in the words of old: `debug` shows everything, the others counts.
        pub loglevel: LogLevel = LogLevel::Info,
        /// How much is shown; stronger than `loglevel`.
        pub verbosity: Option<Verbosity> = None,
        /// Messages of a second that are shown in full.
        #[accepted("one round's messages are never left out")]
        pub sampling_initial: u32 = 2,
        /// Which of a second's further messages are shown.
        #[accepted("one round's messages are never left out")]
        pub sampling_thereafter: u32 = 500,
    }
}

impl From<&LoggingConfig> for Config {
    fn from(old: &LoggingConfig) -> Self {
        let verbosity = old.verbosity.unwrap_or(match old.loglevel {
            LogLevel::Debug => Verbosity::Detailed,
            LogLevel::Info | LogLevel::Warn | LogLevel::Error => Verbosity::Basic,
        });
        Self { verbosity, ..Self::default() }
    }
}
