//! Layouts: the order of an event's metrics and its directives.
//!
//! Both depend on which attributes and metrics an event has, not on their values. Nodes emit the same few combinations
//! again and again, so each is worked out once and remembered.

use std::collections::{BTreeMap, HashMap};
use std::hash::{BuildHasherDefault, Hasher};

use super::config::{Config, Undeclared};
use super::directive::{Directive, Sets};
use super::fields::LayoutKey;
use super::limits;
use super::metrics::Metrics;
use super::name_table::NameTable;

/// How much memory layouts may take before they are forgotten.
const MOST_BYTES: usize = 1 << 20;

/// What events of one layout key look like.
#[derive(Debug)]
pub(crate) struct Layout {
    /// The fields to write by their places, those that are extracted first, each part by name.
    pub(crate) order: Box<[u32]>,
    /// The list of directives as JSON; empty where nothing is extracted.
    pub(crate) directives: Box<[u8]>,
}

/// The layouts met so far.
#[derive(Debug)]
pub(crate) struct Layouts {
    extract: bool,
    drop_undeclared: bool,
    spell_out: bool,
    sets: Sets,
    layouts: Vec<Layout>,
    numbers: HashMap<Box<[u32]>, u32, BuildHasherDefault<WordHasher>>,
    key: Vec<u32>,
    bytes: usize,
}

impl Layouts {
    pub(crate) fn new(config: &Config, names: &mut NameTable) -> Self {
        let extract = !config.disable_metric_extraction;
        Self {
            extract,
            drop_undeclared: extract && config.undeclared_metrics == Undeclared::Drop,
            spell_out: config.spell_out_defaults,
            sets: Sets::new(config, names),
            layouts: Vec::new(),
            numbers: HashMap::default(),
            key: Vec::new(),
            bytes: 0,
        }
    }

    /// Whether so much is remembered that it is time to begin anew.
    pub(crate) fn is_full(&self) -> bool {
        self.bytes > MOST_BYTES
    }

    /// The layout for these inputs; `namespace` is the namespace's text.
    pub(crate) fn of(
        &mut self,
        inputs: LayoutKey<'_>,
        namespace: &str,
        names: &NameTable,
        metrics: &Metrics,
    ) -> &Layout {
        let key = &mut self.key;
        key.clear();
        key.push(inputs.namespace << 1 | u32::from(inputs.each_second));
        #[expect(clippy::cast_possible_truncation, reason = "each word is pushed in two halves")]
        key.extend(inputs.accepted.iter().flat_map(|word| [*word as u32, (*word >> 32) as u32]));
        key.extend(inputs.labels.iter().map(|label| label.name << 1 | u32::from(label.eligible)));
        key.push(u32::MAX);
        key.extend(inputs.fields.iter().map(|field| field.plan << 1 | u32::from(field.in_range)));
        if let Some(&number) = self.numbers.get(self.key.as_slice()) {
            return &self.layouts[number as usize];
        }
        let layout = self.lay_out(inputs, namespace, names, metrics);
        let number = u32::try_from(self.layouts.len()).unwrap_or(u32::MAX);
        self.bytes += (self.key.len() + layout.order.len()) * 4 + layout.directives.len();
        self.numbers.insert(self.key.as_slice().into(), number);
        self.layouts.push(layout);
        &self.layouts[number as usize]
    }

    fn lay_out(&self, inputs: LayoutKey<'_>, namespace: &str, names: &NameTable, metrics: &Metrics) -> Layout {
        let fields = inputs.fields;
        let name = |at: u32| &*names.get(metrics.get(fields[at as usize].plan).name).text;
        let mut by_name: Vec<u32> = (0..).take(fields.len()).collect();
        by_name.sort_unstable_by(|&this, &that| name(this).cmp(name(that)));

        // Metrics of the same declarations share a directive; directives stand in the order of their declarations.
        let mut shared = BTreeMap::<Vec<u16>, Vec<u32>>::new();
        for &at in by_name.iter().filter(|_| self.extract) {
            let field = fields[at as usize];
            let plan = metrics.get(field.plan);
            if plan.publishable && field.in_range {
                let declared = plan.declarations.iter().copied().filter(|&number| accepts(inputs.accepted, number));
                shared.entry(declared.collect()).or_default().push(at);
            }
        }
        let mut directives = Vec::new();
        let mut extracted = vec![false; fields.len()];
        for (declarations, places) in &shared {
            let sets = self.sets.of(declarations, inputs.labels, names);
            if sets.is_empty() {
                continue;
            }
            for places in places.chunks(limits::METRICS_OF_DIRECTIVE) {
                directives.push(if directives.is_empty() { b'[' } else { b',' });
                let mut directive = Directive::begin(&mut directives, namespace, &sets, names);
                for &at in places {
                    extracted[at as usize] = true;
                    let unit = metrics.get(fields[at as usize].plan).unit;
                    directive.metric(name(at), unit, inputs.each_second, self.spell_out);
                }
                directive.end();
            }
        }
        if !directives.is_empty() {
            directives.push(b']');
        }
        let (mut order, others): (Vec<u32>, Vec<u32>) = by_name.iter().partition(|&&at| extracted[at as usize]);
        if !self.drop_undeclared || order.is_empty() {
            order.extend(others);
        }
        Layout { order: order.into(), directives: directives.into() }
    }
}

fn accepts(accepted: &[u64], declaration: u16) -> bool {
    accepted.get(usize::from(declaration / 64)).is_none_or(|word| word >> (declaration % 64) & 1 == 1)
}

/// Hashes lists of words, eight bytes at a time; the keys are the agent's own numbers, so no sender can choose them.
#[derive(Debug, Default)]
pub(crate) struct WordHasher(u64);

impl Hasher for WordHasher {
    fn write(&mut self, bytes: &[u8]) {
        let (words, rest) = bytes.as_chunks::<8>();
        let mut sum = words.iter().fold(self.0, |sum, word| spread(sum ^ u64::from_le_bytes(*word)));
        for byte in rest {
            sum = spread(sum ^ u64::from(*byte));
        }
        self.0 = sum;
    }

    fn write_usize(&mut self, number: usize) {
        self.0 = spread(self.0 ^ number as u64);
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

fn spread(number: u64) -> u64 {
    number.wrapping_mul(0x9e37_79b9_7f4a_7c15).rotate_left(29)
}
