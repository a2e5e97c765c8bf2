//! The process's environment variables, and what the ADOT Collector's `extracfg.txt` adds to them.

use std::collections::BTreeMap;
use std::path::Path;

/// Where the ADOT Collector looks for further settings.
const EXTRA: &str = "/opt/aws/aws-otel-collector/etc/extracfg.txt";

/// Variables by name.
#[derive(Debug, Clone)]
pub struct Variables {
    extra: BTreeMap<String, String>,
    process: fn(&str) -> Option<String>,
}

impl Variables {
    /// The process's own variables, and where the agent is called as the ADOT Collector those of its file.
    pub fn read(as_adot: bool) -> Self {
        let text = if as_adot { std::fs::read_to_string(Path::new(EXTRA)).unwrap_or_default() } else { String::new() };
        Self { extra: parse(&text), process: |name| std::env::var(name).ok() }
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<String> {
        self.extra.get(name).cloned().or_else(|| (self.process)(name))
    }

    /// These variables and no others.
    #[cfg(test)]
    pub fn of(pairs: &[(&str, &str)]) -> Self {
        let extra = pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
        Self { extra, process: |_| None }
    }

    /// The log level that the file asks for.
    pub fn log_level(&self) -> Option<&str> {
        self.extra.get("loggingLevel").map(String::as_str)
    }
}

fn parse(text: &str) -> BTreeMap<String, String> {
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs
        .map(|(key, value)| {
            let key = match key.trim() {
                "awsProfile" => "AWS_PROFILE",
                "awsCredentialFile" => "AWS_SHARED_CREDENTIALS_FILE",
                other => other,
            };
            (key.to_owned(), value.trim().to_owned())
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_file_of_the_adot_collector_renames_what_it_must() {
        let extra = parse("loggingLevel=DEBUG\nawsProfile = p\nnonsense\nA_NAME=a=b\n");
        let variables = Variables { extra, process: |_| None };
        assert_eq!(variables.log_level(), Some("DEBUG"));
        assert_eq!(variables.get("AWS_PROFILE").as_deref(), Some("p"));
        assert_eq!(variables.get("A_NAME").as_deref(), Some("a=b"));
    }
}
