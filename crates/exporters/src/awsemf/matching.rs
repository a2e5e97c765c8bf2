//! Label matchers: which declarations accept an event.

use super::config::{Config, Pattern};
use super::fields::Label;
use super::name_table::NameTable;

#[derive(Debug)]
pub(crate) struct Matchers {
    // One entry for each declaration; empty where no declaration has a matcher.
    declarations: Vec<Vec<Matcher>>,
    joined: String,
}

#[derive(Debug)]
struct Matcher {
    names: Vec<u32>,
    separator: String,
    regex: Option<Pattern>,
}

impl Matchers {
    pub(crate) fn new(config: &Config, names: &mut NameTable) -> Self {
        let mut declarations = Vec::new();
        for declaration in &config.metric_declarations {
            let matchers = declaration.label_matchers.iter().map(|matcher| Matcher {
                names: matcher.label_names.iter().map(|name| names.intern(&name.as_str().into())).collect(),
                separator: matcher.separator.clone(),
                regex: matcher.regex.clone(),
            });
            declarations.push(matchers.collect::<Vec<Matcher>>());
        }
        if declarations.iter().all(Vec::is_empty) {
            declarations.clear();
        }
        Self { declarations, joined: String::new() }
    }

    /// Sets one bit for each declaration that accepts an event with these labels; no bits at all where every
    /// declaration accepts every event.
    pub(crate) fn accept(&mut self, labels: &[Label<'_>], accepted: &mut Vec<u64>) {
        accepted.clear();
        accepted.resize(self.declarations.len().div_ceil(64), 0);
        let joined = &mut self.joined;
        for (number, matchers) in self.declarations.iter().enumerate() {
            if matchers.is_empty() || matchers.iter().any(|matcher| matcher.accepts(labels, joined)) {
                accepted[number / 64] |= 1 << (number % 64);
            }
        }
    }
}

impl Matcher {
    fn accepts(&self, labels: &[Label<'_>], joined: &mut String) -> bool {
        joined.clear();
        for (position, name) in self.names.iter().enumerate() {
            if position > 0 {
                joined.push_str(&self.separator);
            }
            if let Some(label) = labels.iter().find(|label| label.name == *name) {
                joined.push_str(label.value);
            }
        }
        self.regex.as_ref().is_some_and(|regex| regex.is_match(joined))
    }
}
