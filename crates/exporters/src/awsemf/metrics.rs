//! Metrics met so far: each one's unit and the declarations that select it, found out once.

use std::collections::HashMap;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use catalog::METRICS;
use model::{Descriptor, Metric};

use super::config::{Checked, Config, Declaration};
use super::name_table::{NameTable, Role};
use super::{limits, unit};

/// What is known of one metric.
#[derive(Debug)]
pub(crate) struct Plan {
    /// The number of its name.
    pub(crate) name: u32,
    /// CloudWatch's unit; empty for none.
    pub(crate) unit: &'static str,
    /// Which declarations have a selector that matches its name, ascending.
    pub(crate) declarations: Box<[u16]>,
    /// Whether CloudWatch takes it as a metric's name.
    pub(crate) publishable: bool,
    /// Whether the envelope has a member of this name.
    pub(crate) reserved: bool,
}

#[derive(Debug)]
pub(crate) struct Metrics {
    declarations: Vec<Checked<Declaration>>,
    descriptors: HashMap<String, (&'static str, bool)>,
    plans: Vec<Plan>,
    // Plan number by the row of the catalogue; `u32::MAX` before the metric was met.
    known: Vec<u32>,
    others: HashMap<ByContent, u32>,
}

impl Metrics {
    pub(crate) fn new(config: &Config) -> Self {
        let descriptors = config
            .metric_descriptors
            .iter()
            .map(|descriptor| (descriptor.metric_name.clone(), (descriptor.unit.0, descriptor.overwrite)))
            .collect();
        Self {
            declarations: config.metric_declarations.clone(),
            descriptors,
            plans: Vec::new(),
            known: vec![u32::MAX; METRICS.len()],
            others: HashMap::new(),
        }
    }

    /// The number of a metric's plan.
    pub(crate) fn of(&mut self, metric: &Metric, names: &mut NameTable) -> u32 {
        match metric {
            Metric::Known(row) => {
                let index = row.index();
                if self.known[index] == u32::MAX {
                    self.known[index] = self.plan(row.name, row.unit.cloudwatch(), names);
                }
                self.known[index]
            }
            Metric::Other(metric) => {
                let key = ByContent(metric.clone());
                if let Some(&id) = self.others.get(&key) {
                    return id;
                }
                let id = self.plan(&metric.name, unit::of_source(&metric.unit), names);
                self.others.insert(key, id);
                id
            }
        }
    }

    pub(crate) fn get(&self, id: u32) -> &Plan {
        &self.plans[id as usize]
    }

    pub(crate) fn len(&self) -> usize {
        self.plans.len()
    }

    fn plan(&mut self, name: &str, unit: &'static str, names: &mut NameTable) -> u32 {
        let unit = match self.descriptors.get(name) {
            Some((described, overwrite)) if unit.is_empty() || *overwrite => described,
            _ => unit,
        };
        let selects = |declaration: &Declaration| {
            declaration.metric_name_selectors.iter().any(|selector| selector.is_match(name))
        };
        let declarations = (0..=u16::MAX)
            .zip(&self.declarations)
            .filter(|(_, declaration)| selects(declaration))
            .map(|(number, _)| number)
            .collect();
        let length = name.chars().count();
        let id = names.intern(&name.into());
        self.plans.push(Plan {
            name: id,
            unit,
            declarations,
            publishable: (1..=limits::METRIC_NAME).contains(&length),
            reserved: matches!(names.get(id).role, Role::Envelope | Role::Reserved),
        });
        u32::try_from(self.plans.len() - 1).unwrap_or(u32::MAX)
    }
}

/// A metric as a key by its name and unit, however often it was made.
#[derive(Debug, PartialEq, Eq)]
struct ByContent(Arc<Descriptor>);

impl Hash for ByContent {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.0.name.hash(state);
        self.0.unit.hash(state);
    }
}
