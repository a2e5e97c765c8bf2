//! The whole agent as a process, ended with the test, and its log.

use std::io::{BufRead, BufReader};
use std::process::{Child, ChildStderr, Command, Stdio};

/// A running agent.
pub struct Agent {
    /// The process.
    pub child: Child,
    /// Its log.
    pub log: BufReader<ChildStderr>,
}

impl Agent {
    /// Runs a command whose standard output the caller has seen to.
    pub fn spawn(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().expect("the agent can be run");
        let log = BufReader::new(child.stderr.take().expect("stderr is piped"));
        Self { child, log }
    }

    /// The log up to the line with these words.
    pub fn log_until(&mut self, words: &str) -> String {
        let mut log = String::new();
        while !log.lines().last().is_some_and(|line| line.contains(words)) {
            assert_ne!(self.log.read_line(&mut log).expect("the log is text"), 0, "the agent ended: {log}");
        }
        log
    }
}

impl Drop for Agent {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address in the line of a log with these words.
pub fn address(log: &str, words: &str) -> String {
    let line = log.lines().find(|line| line.contains(words)).expect("it listens");
    line.split_whitespace().find_map(|word| word.strip_prefix("address=")).expect("the address is logged").to_owned()
}
