//! A second go at pairing: by name, where one side tells no UID.

use std::collections::HashMap;

use crate::event::Texts;
use crate::window::{Side, Window};

impl Window {
    /// Joins each thing that one side has alone to the one of the same name that the other side has alone, where one of the
    /// two has no UID and there is but one. Says how many.
    pub(crate) fn pair_by_name(&mut self, texts: &Texts) -> u64 {
        let mut alone: HashMap<_, [Vec<usize>; 2]> = HashMap::new();
        for (place, thing) in self.things.iter().enumerate() {
            let side = match thing.seen.map(|seen| seen.events > 0) {
                [true, false] => Side::Left,
                [false, true] => Side::Right,
                _ => continue,
            };
            let identity = texts.identities.value(thing.identity);
            alone.entry((identity.record_type, identity.name.as_str())).or_default()[side as usize].push(place);
        }
        let mut pairs = Vec::new();
        for [left, right] in alone.into_values() {
            let ([left], [right]) = (left.as_slice(), right.as_slice()) else { continue };
            let uid = |place: usize| texts.identities.value(self.things[place].identity).uid.as_str();
            if uid(*left).is_empty() != uid(*right).is_empty() {
                pairs.push((*left, *right));
            }
        }
        let count = pairs.len() as u64;
        for (left, right) in pairs {
            self.join(left, right);
        }
        count
    }

    /// Gives what the right side said of one thing to another, of which only the left side spoke.
    fn join(&mut self, left: usize, right: usize) {
        let numbers = std::mem::take(&mut self.things[right].numbers);
        let texts = std::mem::take(&mut self.things[right].texts);
        let seen = std::mem::take(&mut self.things[right].seen[Side::Right as usize]);
        let (from, to) = (right as u32, left as u32);
        let thing = &mut self.things[left];
        thing.seen[Side::Right as usize] = seen;
        for cell in numbers {
            let own = crate::window::number_cell(&mut thing.numbers, cell.field);
            own.sides[1] = cell.sides[1];
            own.extractions[1] = cell.extractions[1];
            let (from, to) = ((from, cell.field, Side::Right), (to, cell.field, Side::Right));
            if let Some(runs) = self.changed_numbers.remove(&from) {
                self.changed_numbers.insert(to, runs);
            }
            if let Some(all) = self.changed_extractions.remove(&from) {
                self.changed_extractions.insert(to, all);
            }
        }
        for cell in texts {
            crate::window::text_cell(&mut thing.texts, cell.field).sides[1] = cell.sides[1];
            if let Some(runs) = self.changed_texts.remove(&(from, cell.field, Side::Right)) {
                self.changed_texts.insert((to, cell.field, Side::Right), runs);
            }
        }
    }
}
