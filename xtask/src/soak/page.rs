//! The agent's page of own metrics, as far as a soak reads it.

use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::time::Duration;

use anyhow::{Context, Result};

/// The sum of every metric over its labels, by its name without `_total`.
#[derive(Debug, Default, Clone, PartialEq)]
pub(crate) struct Page(BTreeMap<String, f64>);

impl Page {
    /// Asks the agent that wrote this log last.
    pub(crate) fn fetch(log: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(log).context("read the agent's log")?;
        let mut lines = text.lines().rev().filter(|line| line.contains("own metrics listening"));
        let words = lines.next().context("the agent shows no own metrics")?.split_whitespace();
        let address = words.filter_map(|word| word.strip_prefix("address=")).next().context("no address in the log")?;
        let mut stream = TcpStream::connect(address).with_context(|| format!("connect to {address}"))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "GET /metrics HTTP/1.1\r\nHost: soak\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer).context("read the own metrics")?;
        Ok(Self::parse(&answer))
    }

    fn parse(text: &str) -> Self {
        let mut sums = BTreeMap::new();
        for line in text.lines().filter(|line| !line.starts_with('#')) {
            let Some((series, value)) = line.rsplit_once(' ') else { continue };
            let name = series.split('{').next().unwrap_or(series);
            if let Ok(value) = value.parse::<f64>() {
                *sums.entry(name.strip_suffix("_total").unwrap_or(name).to_owned()).or_default() += value;
            }
        }
        Self(sums)
    }

    /// A counter or gauge; 0 where it isn't shown, as counters are before they first count.
    pub(crate) fn value(&self, name: &str) -> f64 {
        self.0.get(name).copied().unwrap_or(0.0)
    }

    /// A count.
    pub(crate) fn count(&self, name: &str) -> usize {
        self.value(name) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_summed_up() {
        let page =
            Page::parse("HTTP/1.1 200 OK\r\n\r\n# TYPE a counter\na_total{r=\"x y\"} 2\na_total{r=\"z\"} 3\nb 0.5\n");
        assert_eq!((page.count("a"), page.value("b"), page.value("c")), (5, 0.5, 0.0));
    }
}
