//! What is worth a word in a configuration that is right.

use std::collections::BTreeSet;

use catalog::METRICS;
use confmap::{Fault, join};

use super::{Config, Declaration};

impl Config {
    /// What may not be meant: selectors written as one metric's name that select others as well, since a selector is
    /// searched for anywhere in a name; and records that run together. Paths begin with `path`, the component's own.
    #[must_use]
    pub fn warnings(&self, path: &str) -> Vec<Fault> {
        let together = (!self.resource_to_telemetry_conversion.enabled).then(|| Fault {
            path: join(path, "resource_to_telemetry_conversion::enabled"),
            location: None,
            message:
                "is false: without resource attributes all records of a round become one event that names no node, pod \
                      or device; set it to true"
                    .to_owned(),
        });
        together.into_iter().chain(self.selector_warnings(path)).collect()
    }

    fn selector_warnings(&self, path: &str) -> Vec<Fault> {
        let path = join(path, "metric_declarations");
        let known: BTreeSet<&str> = METRICS.iter().map(|metric| metric.name).collect();
        (0usize..)
            .zip(&self.metric_declarations)
            .flat_map(|(number, declaration)| warnings(declaration, &known, &join(&path, &number.to_string())))
            .collect()
    }
}

fn warnings(declaration: &Declaration, known: &BTreeSet<&str>, path: &str) -> Vec<Fault> {
    let listed: BTreeSet<&str> = declaration.metric_name_selectors.iter().map(|selector| selector.as_str()).collect();
    let path = join(path, "metric_name_selectors");
    let mut warnings = Vec::new();
    for (number, selector) in declaration.metric_name_selectors.iter().enumerate() {
        let name = selector.as_str();
        if !known.contains(name) {
            continue;
        }
        let others: Vec<&str> =
            known.iter().copied().filter(|other| other.contains(name) && !listed.contains(other)).collect();
        if !others.is_empty() {
            let message = format!("{name} also selects {}; ^{name}$ selects it alone", others.join(", "));
            warnings.push(Fault { path: join(&path, &number.to_string()), location: None, message });
        }
    }
    warnings
}
