//! A store that stays readable while its successor is filled.

use std::sync::{Arc, Mutex, PoisonError};

use super::Objects;
use crate::error::ParseError;
use crate::watch::{Consumer, Shapes};

/// The last complete store, and the one that a list is being read into.
///
/// Readers see a list all at once: never a part of it, and until the first is complete nothing.
#[derive(Debug)]
pub struct DoubleBuffered<S> {
    current: S,
    complete: bool,
    next: Option<S>,
}

impl<S: Objects> DoubleBuffered<S> {
    /// Takes a store without objects.
    pub fn new(store: S) -> Self {
        Self { current: store, complete: false, next: None }
    }

    /// What is known; `None` until a list was read to its end.
    pub fn current(&self) -> Option<&S> {
        self.complete.then_some(&self.current)
    }

    /// The same, to be fed by a task and read by a thread.
    pub fn shared(store: S) -> Arc<Mutex<Self>> {
        Arc::new(Mutex::new(Self::new(store)))
    }

    /// Forgets everything, as if no list had ever come.
    pub fn clear(&mut self) {
        *self = Self::new(self.current.empty());
    }

    fn open(&mut self) -> &mut S {
        self.next.as_mut().unwrap_or(&mut self.current)
    }
}

impl<S: Objects> Consumer for DoubleBuffered<S> {
    fn shapes(&self) -> &'static Shapes {
        S::shapes()
    }

    fn restart(&mut self) {
        self.next = Some(self.current.empty());
    }

    fn apply(&mut self, object: &str) -> Result<(), ParseError> {
        self.open().apply(object)
    }

    fn delete(&mut self, object: &str) -> Result<(), ParseError> {
        self.open().delete(object)
    }

    fn commit(&mut self) {
        if let Some(next) = self.next.take() {
            self.current = next;
            self.complete = true;
        }
    }

    fn forget(&mut self) {
        self.next = None;
    }
}

impl<C: Consumer> Consumer for Arc<Mutex<C>> {
    fn shapes(&self) -> &'static Shapes {
        self.lock().unwrap_or_else(PoisonError::into_inner).shapes()
    }

    fn restart(&mut self) {
        self.lock().unwrap_or_else(PoisonError::into_inner).restart();
    }

    fn apply(&mut self, object: &str) -> Result<(), ParseError> {
        self.lock().unwrap_or_else(PoisonError::into_inner).apply(object)
    }

    fn delete(&mut self, object: &str) -> Result<(), ParseError> {
        self.lock().unwrap_or_else(PoisonError::into_inner).delete(object)
    }

    fn commit(&mut self) {
        self.lock().unwrap_or_else(PoisonError::into_inner).commit();
    }

    fn forget(&mut self) {
        self.lock().unwrap_or_else(PoisonError::into_inner).forget();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cluster::Nodes;

    const fn node(uid: u8) -> &'static str {
        [r#"{"metadata":{"uid":"a"}}"#, r#"{"metadata":{"uid":"b"}}"#][uid as usize]
    }

    #[test]
    fn a_list_is_seen_only_when_it_is_complete() {
        let mut nodes = DoubleBuffered::new(Nodes::default());
        let count = |nodes: &DoubleBuffered<Nodes>| nodes.current().map(Nodes::count);
        nodes.restart();
        nodes.apply(node(0)).expect("a node");
        assert_eq!(count(&nodes), None);
        nodes.commit();
        assert_eq!(count(&nodes), Some(1));
        nodes.apply(node(1)).expect("a node");
        assert_eq!(count(&nodes), Some(2), "by the watch");
        nodes.restart();
        assert_eq!(count(&nodes), Some(2), "the old one stays");
        nodes.commit();
        assert_eq!(count(&nodes), Some(0), "an empty list");
    }

    #[test]
    fn a_list_that_broke_off_leaves_nothing() {
        let mut nodes = DoubleBuffered::shared(Nodes::default());
        nodes.restart();
        nodes.commit();
        nodes.restart();
        nodes.apply(node(0)).expect("a node");
        nodes.forget();
        nodes.commit();
        nodes.restart();
        nodes.apply(node(1)).expect("a node");
        nodes.commit();
        assert_eq!(nodes.lock().expect("no thread panicked").current().map(Nodes::count), Some(1));
    }
}
