//! The options of a page, which are those of the collector's Prometheus reader.

use confmap::Ignored;

confmap::config! {
    /// A page in Prometheus' text format, at `/metrics`.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Config {
        /// Where to listen; `0.0.0.0` for every interface.
        pub host: String = "localhost".to_owned(),
        /// The port. Where it is in use, the next free one of nine more is taken and logged; 0 takes any free one.
        pub port: u16 = 8888,
        /// Leaves `_total` away from the names of counters.
        pub without_type_suffix: bool = false,
        /// Leaves units away from names that would have one added.
        pub without_units: bool = false,
        /// Leaves the labels of the instrumentation away; there are none.
        pub without_scope_info: bool = false,
        /// Attributes of the resource that every series has as labels.
        #[accepted("they are those of target_info alone")]
        pub with_resource_constant_labels: Ignored = Ignored,
        /// How names are formed.
        #[accepted("without_type_suffix and without_units set it")]
        pub translation_strategy: Ignored = Ignored,
    }
}
