//! Texts that come again and again, each kept once and known by a number.

use std::collections::HashMap;
use std::hash::Hash;
use std::rc::Rc;

/// Numbers for values, in the order in which they were first seen.
#[derive(Debug)]
pub(crate) struct Names<T: ?Sized> {
    numbers: HashMap<Rc<T>, u32>,
    values: Vec<Rc<T>>,
}

impl<T: ?Sized> Default for Names<T> {
    fn default() -> Self {
        Names { numbers: HashMap::new(), values: Vec::new() }
    }
}

impl<T: Eq + Hash + ?Sized> Names<T> {
    /// The value's number.
    pub(crate) fn number<'a>(&mut self, value: &'a T) -> u32
    where
        Rc<T>: From<&'a T>,
    {
        self.numbers.get(value).copied().unwrap_or_else(|| self.add(value.into()))
    }

    fn add(&mut self, value: Rc<T>) -> u32 {
        let number = u32::try_from(self.values.len()).unwrap_or(u32::MAX);
        self.values.push(Rc::clone(&value));
        self.numbers.insert(value, number);
        number
    }

    /// The number of a value that was seen.
    pub(crate) fn find(&self, value: &T) -> Option<u32> {
        self.numbers.get(value).copied()
    }

    /// The value of a number that was given.
    pub(crate) fn value(&self, number: u32) -> &T {
        &self.values[number as usize]
    }
}
