//! Test trees: files written below a scratch directory that plays a machine's root.

use std::fs;
use std::path::Path;

use tempfile::TempDir;

use crate::Root;

pub(crate) struct Tree(TempDir);

impl Tree {
    pub(crate) fn new(files: &[(&str, &str)]) -> Tree {
        let tree = Tree(tempfile::tempdir().unwrap());
        for (path, text) in files {
            tree.write(path, text);
        }
        tree
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.0.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub(crate) fn directory(&self, path: &str) {
        fs::create_dir_all(self.0.path().join(path.trim_start_matches('/'))).unwrap();
    }

    pub(crate) fn pipe(&self, path: &str) {
        let path = self.0.path().join(path.trim_start_matches('/'));
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        assert!(std::process::Command::new("mkfifo").arg(path).status().unwrap().success());
    }

    pub(crate) fn remove(&self, path: &str) {
        fs::remove_dir_all(self.0.path().join(path.trim_start_matches('/'))).unwrap();
    }

    pub(crate) fn remove_file(&self, path: &str) {
        fs::remove_file(self.0.path().join(path.trim_start_matches('/'))).unwrap();
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn root(&self) -> Root {
        Root::open(self.path()).unwrap()
    }
}
