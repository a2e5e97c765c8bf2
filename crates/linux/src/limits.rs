//! How many files this process may hold open (setrlimit(2)).

use rustix::process::{Resource, getrlimit, setrlimit};

/// Raises the number of files this process may hold open to the most it may ask for; returns what holds then, `None` for
/// no bound.
///
/// A handle is kept on every cgroup, which is cheaper than opening each by its path; container runtimes often leave the
/// soft limit at 1024.
pub fn raise_open_files() -> Option<u64> {
    let mut limit = getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // Where it may not be raised, less handles are kept.
    let _ = setrlimit(Resource::Nofile, limit);
    getrlimit(Resource::Nofile).current
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_soft_limit_becomes_the_hard_one() {
        assert_eq!(raise_open_files(), getrlimit(Resource::Nofile).maximum);
    }
}
