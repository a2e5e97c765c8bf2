//! Directives: which metrics CloudWatch extracts from an event, and by which dimension sets.
//!
//! The layout follows the embedded metric format specification: `Namespace`, `Dimensions`, `Metrics`.

use std::cell::RefCell;
use std::collections::BTreeSet;

use model::Text;
use tracing::warn;

use super::config::{Config, Rollup};
use super::fields::{Encoding, Label};
use super::name_table::{NameTable, Role};
use super::{json, limits};

/// The configured dimension sets, and how others are made.
#[derive(Debug)]
pub(crate) struct Sets {
    // The sets of each declaration, as numbers of names; `None` where there are no declarations at all.
    declared: Option<Vec<Vec<Box<[u32]>>>>,
    rollup: Rollup,
    /// Attributes of which it was told that their values are no dimensions.
    told: RefCell<BTreeSet<Text>>,
}

/// How much of a value that is no dimension is shown, in characters.
const SHOWN: usize = 100;

impl Sets {
    pub(crate) fn new(config: &Config, names: &mut NameTable) -> Self {
        let mut numbers = |set: &[String]| set.iter().map(|name| names.intern(&name.as_str().into())).collect();
        let declared = config
            .metric_declarations
            .iter()
            .map(|declaration| declaration.dimensions.iter().map(|set| numbers(&set.0)).collect())
            .collect();
        Self {
            declared: (!config.metric_declarations.is_empty()).then_some(declared),
            rollup: config.rollup(),
            told: RefCell::default(),
        }
    }

    /// The dimension sets of metrics that these declarations select, for an event with these labels.
    ///
    /// A declared set counts where each of its names is a label that can be a dimension. Without any declaration, the
    /// one set is all labels that can be dimensions, 30 at most.
    pub(crate) fn of(&self, declarations: &[u16], labels: &[Label<'_>], names: &NameTable) -> Vec<Box<[u32]>> {
        let mut sets: Vec<Box<[u32]>> = Vec::new();
        let mut add = |set: &[u32]| {
            if !sets.iter().any(|known| **known == *set) {
                sets.push(set.into());
            }
        };
        let Some(declared) = &self.declared else {
            let all: Vec<u32> = dimensions(labels, names).collect();
            let rolled_up = self.rollup != Rollup::None && !all.is_empty();
            if all.len() > limits::DIMENSIONS_OF_SET {
                // Once for each combination of names, since directives are worked out once for each.
                warn!(attributes = all.len(), "only the first 30 attributes are dimensions; declare dimension sets");
            }
            // One label alone is what the roll-up adds anyway.
            if !(rolled_up && all.len() == 1) {
                add(&all[..all.len().min(limits::DIMENSIONS_OF_SET)]);
            }
            self.roll_up(&all, add);
            return sets;
        };
        if declarations.is_empty() {
            return sets;
        }
        let present = |name: &u32| labels.iter().any(|label| label.name == *name && label.eligible);
        for set in declarations.iter().flat_map(|&number| &declared[usize::from(number)]) {
            if set.iter().all(present) {
                add(set);
            } else {
                self.tell_refused(set, labels, names);
            }
        }
        if self.rollup != Rollup::None {
            self.roll_up(&dimensions(labels, names).collect::<Vec<u32>>(), add);
        }
        sets
    }

    /// Tells once of each attribute that it has a value which CloudWatch takes for no dimension.
    fn tell_refused(&self, set: &[u32], labels: &[Label<'_>], names: &NameTable) {
        let refused = labels.iter().filter(|label| {
            set.contains(&label.name)
                && !label.eligible
                && label.encoding == Encoding::Text
                && !label.value.trim().is_empty()
        });
        for label in refused {
            let attribute = &names.get(label.name).text;
            if self.told.borrow_mut().insert(attribute.clone()) {
                let value: String = label.value.chars().take(SHOWN).collect();
                warn!(
                    attribute = &**attribute,
                    value = &*value,
                    "no dimension: CloudWatch takes values of at most 1024 ASCII characters that do not begin with a colon; \
                     metrics have no dimension sets with it"
                );
            }
        }
    }

    fn roll_up(&self, all: &[u32], mut add: impl FnMut(&[u32])) {
        if self.rollup == Rollup::ZeroAndSingle && !all.is_empty() {
            add(&[]);
        }
        if self.rollup != Rollup::None {
            all.iter().for_each(|name| add(&[*name]));
        }
    }
}

/// The labels that can be dimensions without being declared.
fn dimensions<'a>(labels: &'a [Label<'_>], names: &'a NameTable) -> impl Iterator<Item = u32> + 'a {
    labels
        .iter()
        .filter(|label| label.eligible && label.encoding == Encoding::Text)
        .map(|label| label.name)
        .filter(|&name| names.get(name).dimension && names.get(name).role != Role::Scope)
}

/// A directive that is being written.
pub(crate) struct Directive<'a> {
    out: &'a mut Vec<u8>,
    first: bool,
}

impl<'a> Directive<'a> {
    pub(crate) fn begin(out: &'a mut Vec<u8>, namespace: &str, sets: &[Box<[u32]>], names: &NameTable) -> Self {
        out.extend_from_slice(br#"{"Namespace":"#);
        json::write_text(out, namespace);
        out.extend_from_slice(br#","Dimensions":"#);
        write_list(out, sets, |out, set| {
            write_list(out, set, |out, name| json::write_text(out, &names.get(*name).text));
        });
        out.extend_from_slice(br#","Metrics":["#);
        Self { out, first: true }
    }

    pub(crate) fn metric(&mut self, name: &str, unit: &str, each_second: bool, spell_out: bool) {
        if !self.first {
            self.out.push(b',');
        }
        self.first = false;
        self.out.extend_from_slice(br#"{"Name":"#);
        json::write_text(self.out, name);
        if spell_out || !unit.is_empty() {
            self.out.extend_from_slice(br#","Unit":"#);
            json::write_text(self.out, unit);
        }
        if each_second {
            self.out.extend_from_slice(br#","StorageResolution":1"#);
        } else if spell_out {
            self.out.extend_from_slice(br#","StorageResolution":60"#);
        }
        self.out.push(b'}');
    }

    pub(crate) fn end(self) {
        self.out.extend_from_slice(b"]}");
    }
}

fn write_list<T>(out: &mut Vec<u8>, items: &[T], mut write: impl FnMut(&mut Vec<u8>, &T)) {
    out.push(b'[');
    for (position, item) in items.iter().enumerate() {
        if position > 0 {
            out.push(b',');
        }
        write(out, item);
    }
    out.push(b']');
}
