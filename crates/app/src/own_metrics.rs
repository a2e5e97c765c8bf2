//! The agent's own metrics: the options of `service::telemetry::metrics` and `::resource`, and the pages they ask for.

use std::collections::BTreeMap;
use std::sync::Arc;

use confmap::{Decode, Faults, Ignored, Node, Value};
use extensions::{Endpoint, own_metrics};
use model::Clock;
use net::chain;
use telemetry::Registry;
use tracing::warn;

confmap::choice! {
    /// How much of itself the agent counts.
    pub enum Level(any_case) {
        /// Nothing is served.
        None = "none",
        /// As `normal`.
        Basic = "basic",
        /// Everything.
        Normal = "normal",
        /// As `normal`.
        Detailed = "detailed",
    }
}

confmap::config! {
    /// The agent's own metrics.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Metrics {
        /// How much is served: nothing with `none`, everything otherwise.
        pub level: Level = Level::Normal,
        /// Where the metrics are served; the older form, whose names have no suffixes. Without a host, every interface.
        pub address: Address = Address(None),
        /// Where the metrics are served. Where neither this nor `address` is written: `localhost:8888`, without suffixes.
        pub readers: Option<Vec<Reader>> = None,
        /// How the metrics are cut.
        #[accepted("every metric is served as it is")]
        pub views: Ignored = Ignored,
    }
}

confmap::config! {
    /// One way to the metrics.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Reader {
        /// Metrics that are scraped.
        pub pull: Option<Pull> = None,
        /// Metrics that are pushed.
        #[accepted("own metrics are served for scraping, and pushed nowhere")]
        pub periodic: Ignored = Ignored,
    }
}

confmap::config! {
    /// Metrics that are scraped.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Pull {
        /// Who asks.
        pub exporter: Asked = Asked::default(),
        /// What else is shown.
        #[accepted("own metrics come from the agent alone")]
        pub producers: Ignored = Ignored,
        /// How many series there may be.
        #[accepted("there are few")]
        pub cardinality_limits: Ignored = Ignored,
    }
}

confmap::config! {
    /// Who asks for metrics.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct Asked {
        /// Prometheus' text format.
        pub prometheus: Option<own_metrics::Config> = None,
    }
}

/// An endpoint; none where the text is empty, as the CloudWatch agent writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(Option<Endpoint>);

impl Decode for Address {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        match node.text() {
            Some("") => Some(Self(None)),
            _ => Option::decode(node, path, faults).map(Self),
        }
    }

    fn type_name() -> String {
        Endpoint::type_name()
    }

    fn show_default(&self) -> String {
        self.0.show_default()
    }
}

/// Attributes that the agent's own metrics carry: `None` takes one away that would be there by itself.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Resource(BTreeMap<String, Option<String>>);

impl Metrics {
    /// Every page that is asked for.
    fn pages(&self) -> Vec<own_metrics::Config> {
        let plain = |host: &str, port| own_metrics::Config {
            host: host.to_owned(),
            port,
            without_type_suffix: true,
            without_units: true,
            ..own_metrics::Config::default()
        };
        if self.level == Level::None {
            return Vec::new();
        }
        let asked =
            self.readers.iter().flatten().filter_map(|reader| reader.pull.as_ref()?.exporter.prometheus.clone());
        let mut pages: Vec<_> = asked.collect();
        pages.extend(self.address.0.as_ref().map(|address| plain(&address.host, address.port)));
        if self.readers.is_none() && self.address.0.is_none() {
            pages.push(plain("localhost", 8888));
        }
        pages
    }
}

impl Resource {
    /// The attributes, with those that are there by themselves.
    fn attributes(&self) -> Vec<(String, String)> {
        let mut all = BTreeMap::from([
            ("service.name".to_owned(), Some(env!("CARGO_PKG_NAME").to_owned())),
            ("service.version".to_owned(), Some(env!("CARGO_PKG_VERSION").to_owned())),
        ]);
        all.extend(self.0.clone());
        all.into_iter().filter_map(|(name, value)| Some((name, value?))).collect()
    }
}

impl Decode for Resource {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        let mut attributes = BTreeMap::new();
        for entry in node.entries() {
            match &entry.value.value {
                // The form of the OpenTelemetry configuration schema: a list of names and values.
                Value::List(items) if entry.key == "attributes" => attributes.extend(items.iter().filter_map(|item| {
                    let name = item.get("name")?.text()?.to_owned();
                    Some((name, item.get("value").and_then(text)))
                })),
                _ => {
                    attributes.insert(entry.key.clone(), text(&entry.value));
                }
            }
        }
        if node.as_map().is_none() {
            faults.at(path, node, format!("expected a map of attributes, found {}", node.describe()));
            return None;
        }
        Some(Self(attributes))
    }

    fn type_name() -> String {
        "map of string".to_owned()
    }

    fn show_default(&self) -> String {
        String::new()
    }
}

/// A scalar as it is written; `None` of anything else.
fn text(node: &Node) -> Option<String> {
    if node.is_null() { None } else { node.text().map(str::to_owned) }
}

/// Starts every page that is asked for. One that can't be had is told: the agent runs without it.
pub async fn start(metrics: &Metrics, resource: &Resource, registry: &Registry, clock: &Arc<dyn Clock>) {
    for page in metrics.pages() {
        let resource = resource.attributes();
        let source = own_metrics::Source { registry: registry.clone(), clock: clock.clone(), resource };
        match own_metrics::bind(&page, source).await {
            Ok(server) => drop(tokio::spawn(server.serve())),
            Err(error) => {
                let error = chain(&error);
                warn!(
                    error,
                    "own metrics are not served: set host and port in service::telemetry::metrics::readers, or level: none"
                );
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::service::Telemetry;

    fn decode(yaml: &str) -> (Telemetry, Vec<String>) {
        let source = format!("yaml:service::telemetry: {yaml}");
        let loaded = confmap::load(&[source], &[], &|_| None).unwrap();
        let node = loaded.root.at("service::telemetry").unwrap();
        let mut faults = Faults::new();
        let telemetry = Telemetry::decode(node, "", &mut faults).expect("no faults");
        (telemetry, Telemetry::accepted_keys_written(node).into_iter().map(|(key, _)| key).collect())
    }

    /// Each page as `host:port`, and whether its names are the bare ones.
    fn check(yaml: &str, pages: &[(&str, bool)], without_effect: &[&str]) {
        let (telemetry, written) = decode(yaml);
        let found = telemetry.metrics.pages();
        let found: Vec<_> =
            found.iter().map(|page| (format!("{}:{}", page.host, page.port), page.without_type_suffix)).collect();
        let found: Vec<_> = found.iter().map(|(place, bare)| (place.as_str(), *bare)).collect();
        assert_eq!(found, pages, "{yaml}");
        assert_eq!(written, without_effect, "{yaml}");
    }

    #[test]
    fn pages_are_those_of_the_readers_or_the_address_or_the_default() {
        check("{}", &[("localhost:8888", true)], &[]);
        check("{metrics: {level: detailed}}", &[("localhost:8888", true)], &[]);
        check("{metrics: {level: none}}", &[], &[]);
        check("{metrics: {level: None, address: ''}}", &[], &[]);
        check("{metrics: {level: Detailed, address: ''}}", &[("localhost:8888", true)], &[]);
        check("{metrics: {level: none, address: 'localhost:1'}}", &[], &[]);
        check("{metrics: {address: ':8889'}}", &[(":8889", true)], &[]);
        check("{metrics: {readers: []}}", &[], &[]);
        let reader = "{pull: {exporter: {prometheus: {host: 0.0.0.0, port: 1}}}}";
        check(&format!("{{metrics: {{readers: [{reader}]}}}}"), &[("0.0.0.0:1", false)], &[]);
        let both = format!("{{metrics: {{address: 'localhost:2', readers: [{reader}]}}}}");
        check(&both, &[("0.0.0.0:1", false), ("localhost:2", true)], &[]);
    }

    #[test]
    fn readers_that_push_are_accepted_and_told() {
        check(
            "{metrics: {views: [], readers: [{periodic: {interval: 60000, exporter: {otlp: {protocol: http/protobuf}}}}, \
             {pull: {exporter: {prometheus: {without_type_suffix: true, without_scope_info: true, translation_strategy: x}}}}]}}",
            &[("localhost:8888", true)],
            &[
                "metrics::readers::0::periodic",
                "metrics::readers::1::pull::exporter::prometheus::translation_strategy",
                "metrics::views",
            ],
        );
    }

    #[test]
    fn attributes_are_added_replaced_and_taken_away() {
        let attributes = |yaml: &str| decode(yaml).0.resource.attributes();
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let version = pair("service.version", env!("CARGO_PKG_VERSION"));
        assert_eq!(attributes("{}"), [pair("service.name", "container-insights"), version.clone()]);
        let set = "{resource: {service.name: mine, service.version: null, build: 7}}";
        assert_eq!(attributes(set), [pair("build", "7"), pair("service.name", "mine")]);
        let listed = "{resource: {attributes: [{name: service.name, value: mine}, {value: nameless}]}}";
        assert_eq!(attributes(listed), [pair("service.name", "mine"), version]);
    }
}
