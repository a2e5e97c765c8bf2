//! Files of one crate that import one another in a circle.
//!
//! An arrow goes from the file that names something to the file that defines it, through re-exports. What a
//! file takes from the files of its own folder is no arrow: it is made of them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::source::Source;

/// The parts of a module's path below the crate.
type Module = Vec<String>;

/// One file, as far as its paths tell.
#[derive(Debug)]
struct Room {
    file: PathBuf,
    paths: Vec<Vec<String>>,
}

/// The files of a crate.
#[derive(Debug, Default)]
pub(super) struct House(BTreeMap<Module, Room>);

/// Names that are handed on more often than this are not followed further.
const FURTHEST: usize = 8;

impl House {
    /// Adds a file that lies so below the crate's `src`.
    pub(super) fn add(&mut self, file: &Path, source: &Source) {
        let split = |path: String| path.split("::").map(str::to_owned).collect();
        let paths = source.paths().into_iter().map(|(_, path)| split(path)).collect();
        self.0.insert(module(file), Room { file: file.to_owned(), paths });
    }

    /// The files of each circle.
    pub(super) fn circles(&self) -> Vec<Vec<&Path>> {
        let reachable: BTreeMap<&Module, BTreeSet<&Module>> =
            self.0.keys().map(|from| (from, self.reach(from))).collect();
        let mut circles: BTreeSet<BTreeSet<&Module>> = BTreeSet::new();
        for (from, reached) in &reachable {
            let circle: BTreeSet<_> = reached.iter().filter(|to| reachable[*to].contains(from)).copied().collect();
            if circle.len() > 1 {
                circles.insert(circle);
            }
        }
        circles.iter().map(|circle| circle.iter().map(|module| self.0[*module].file.as_path()).collect()).collect()
    }

    /// All modules that arrows lead to from here.
    fn reach<'h>(&'h self, from: &'h Module) -> BTreeSet<&'h Module> {
        let mut reached = BTreeSet::new();
        let mut left = vec![from];
        while let Some(next) = left.pop() {
            for to in self.arrows(next) {
                if reached.insert(to) {
                    left.push(to);
                }
            }
        }
        reached
    }

    fn arrows<'h>(&'h self, from: &Module) -> BTreeSet<&'h Module> {
        let targets = self.0[from].paths.iter().filter_map(|path| self.resolve(from, path, FURTHEST));
        targets.filter(|to| !to.starts_with(from)).collect()
    }

    /// The module that defines what a path names in another.
    fn resolve<'h>(&'h self, from: &Module, path: &[String], further: usize) -> Option<&'h Module> {
        let mut absolute = match path.first()?.as_str() {
            "crate" => Module::new(),
            "self" => from.clone(),
            "super" => from[..from.len().checked_sub(1)?].to_vec(),
            first => {
                let child = [from.as_slice(), &[first.to_owned()]].concat();
                if !self.0.contains_key(&child) {
                    return None;
                }
                child
            }
        };
        let mut rest = &path[1..];
        while let Some(part) = rest.first() {
            match part.as_str() {
                "super" => drop(absolute.pop()?),
                part => absolute.push(part.to_owned()),
            }
            if !self.0.contains_key(&absolute) {
                absolute.pop();
                break;
            }
            rest = &rest[1..];
        }
        let (module, room) = self.0.get_key_value(&absolute)?;
        let Some(name) = rest.first().filter(|_| further > 0 && module != from) else { return Some(module) };
        // Handed on by an import of this name.
        let hands_on = |path: &&Vec<String>| path.len() > 1 && path.last() == Some(name);
        let origin = room.paths.iter().filter(hands_on).find_map(|path| self.resolve(module, path, further - 1));
        Some(origin.unwrap_or(module))
    }
}

/// `lib.rs` is the crate itself, `a/b.rs` and `a/b/mod.rs` are `a::b`.
fn module(file: &Path) -> Module {
    let mut parts: Module = file.with_extension("").iter().map(|part| part.to_string_lossy().into_owned()).collect();
    if parts.last().is_some_and(|last| last == "mod" || parts.len() == 1 && (last == "lib" || last == "main")) {
        parts.pop();
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    fn circles(files: &[(&str, &str)]) -> Vec<Vec<String>> {
        let mut house = House::default();
        for (file, text) in files {
            house.add(Path::new(file), &Source::parse(text));
        }
        let names = |circle: Vec<&Path>| circle.iter().map(|file| file.display().to_string()).collect();
        house.circles().into_iter().map(names).collect()
    }

    #[test]
    fn files_that_import_one_another_are_a_circle() {
        let a = ("a.rs", "use crate::b::{B, C}; struct A;");
        assert!(circles(&[("lib.rs", "mod a; mod b;"), a, ("b.rs", "struct B; struct C;")]).is_empty());
        let b = ("b.rs", "fn f() { super::a::A; }");
        assert_eq!(circles(&[("lib.rs", "mod a; mod b;"), a, b]), [["a.rs", "b.rs"]]);
        let tested = ("b.rs", "struct B; #[cfg(test)] mod tests { use crate::a::A; }");
        assert!(circles(&[("lib.rs", ""), a, tested]).is_empty());
    }

    #[test]
    fn a_name_is_followed_to_where_it_is_defined() {
        let facade = ("lib.rs", "mod a; mod b; pub use a::A; pub use b::B;");
        let (a, b) = (("a.rs", "use crate::B;"), ("b.rs", "use crate::A;"));
        assert_eq!(circles(&[facade, a, b]), [["a.rs", "b.rs"]]);
        // From the file that only hands it on there is no arrow back.
        assert!(circles(&[facade, a, ("b.rs", "struct B;")]).is_empty());
    }

    #[test]
    fn a_folder_is_no_circle_with_its_files() {
        let files = [("room.rs", "mod part; use part::P; struct R;"), ("room/part.rs", "use super::R; struct P;")];
        assert!(circles(&files).is_empty());
        // But with a file beside it.
        let beside = ("beside.rs", "use crate::room::part::P; struct B;");
        let uses = ("room/part.rs", "use crate::beside::B; struct P;");
        assert_eq!(circles(&[beside, files[0], uses]), [["beside.rs", "room/part.rs"]]);
    }

    #[test]
    fn three_in_a_row_are_a_circle_too() {
        let files = [
            ("a.rs", "use crate::b::B;"),
            ("b.rs", "use crate::c::C;"),
            ("c.rs", "use crate::a::A;"),
            ("d.rs", "use crate::a::A;"),
        ];
        assert_eq!(circles(&files), [["a.rs", "b.rs", "c.rs"]]);
    }
}
