//! Errors as words.

use std::error::Error;

/// An error and its causes in one line, each said once.
#[must_use]
pub fn chain(error: &dyn Error) -> String {
    let mut words = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !words.contains(&text) {
            words.push_str(": ");
            words.push_str(&text);
        }
        cause = error.source();
    }
    words
}

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;

    #[derive(Debug, thiserror::Error)]
    #[error("{words}")]
    struct Failure {
        words: &'static str,
        source: io::Error,
    }

    #[test]
    fn each_cause_is_said_once() {
        let failure = |words| Failure { words, source: io::Error::other("no route") };
        assert_eq!(chain(&failure("connect")), "connect: no route");
        assert_eq!(chain(&failure("connect: no route")), "connect: no route");
    }
}
