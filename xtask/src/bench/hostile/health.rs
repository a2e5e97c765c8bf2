//! A client that asks the agent's health check again and again, and the times its answers took.

use std::ffi::OsStr;
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use anyhow::{Context, Result, bail};

const PACE: Duration = Duration::from_millis(20);
/// After this an answer is missing.
const PATIENCE: Duration = Duration::from_secs(5);

/// The times of answers, sorted.
pub(super) struct Times(Vec<Duration>);

impl Times {
    /// Asks over this time, on a thread that the scheduler prefers where root asks for it.
    pub(super) fn measure(address: &str, over: Duration) -> Result<Self> {
        let asked = std::thread::scope(|scope| scope.spawn(|| ask(address, over)).join());
        let mut times = asked.map_err(|_| anyhow::anyhow!("the health check's client panicked"))??;
        times.sort_unstable();
        Ok(Self(times))
    }

    /// The longest, in milliseconds.
    pub(super) fn longest_ms(&self) -> f64 {
        self.0.last().map_or(f64::INFINITY, |time| time.as_secs_f64() * 1e3)
    }

    /// Of how many answers, and the time within which half of them, 99 of 100, and all came.
    pub(super) fn outline(&self) -> String {
        let within = |hundredths: usize| {
            let at = (self.0.len() * hundredths / 100).min(self.0.len().saturating_sub(1));
            self.0.get(at).map_or(f64::NAN, |time| time.as_secs_f64() * 1e3)
        };
        format!(
            "{} answers, median {:.2} ms, 99 of 100 within {:.2} ms, longest {:.2} ms",
            self.0.len(),
            within(50),
            within(99),
            self.longest_ms()
        )
    }
}

/// Where the health check of the agent with this log listens.
pub(super) fn address(log: &Path) -> Result<String> {
    for _ in 0..100 {
        let text = std::fs::read_to_string(log).unwrap_or_default();
        if let Some(address) = last_address(&text) {
            return Ok(address.to_owned());
        }
        std::thread::sleep(Duration::from_millis(100));
    }
    bail!("the agent shows no health check in {}", log.display())
}

/// The address of the health check that started last.
fn last_address(log: &str) -> Option<&str> {
    let line = log.lines().rev().find(|line| line.contains("health check listening"))?;
    line.split_whitespace().find_map(|word| word.strip_prefix("address="))
}

fn ask(address: &str, over: Duration) -> Result<Vec<Duration>> {
    prefer_this_thread();
    let mut times = Vec::new();
    #[expect(clippy::disallowed_methods, reason = "a bench measures time")]
    let now = std::time::Instant::now;
    let began = now();
    while began.elapsed() < over {
        let asked = now();
        let answer = once(address)?;
        let took = asked.elapsed();
        if !answer.starts_with("HTTP/1.1 200 ") {
            bail!("the health check answers {:?}", answer.lines().next().unwrap_or_default());
        }
        times.push(took);
        std::thread::sleep(PACE.saturating_sub(took));
    }
    Ok(times)
}

fn once(address: &str) -> Result<String> {
    let mut stream = TcpStream::connect(address).with_context(|| format!("connect to {address}"))?;
    stream.set_read_timeout(Some(PATIENCE))?;
    write!(stream, "GET / HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\n\r\n")?;
    let mut answer = String::new();
    stream.read_to_string(&mut answer).context("read the health check's answer")?;
    Ok(answer)
}

/// The client's own waiting for a processor should not count as the agent's time.
fn prefer_this_thread() {
    let thread = std::fs::read_link("/proc/thread-self").ok();
    let preferred = thread.as_deref().and_then(Path::file_name).is_some_and(prefer);
    if !preferred {
        println!("     without root the client's own waiting counts too");
    }
}

/// Asks the scheduler to prefer a thread; whether it will.
pub(super) fn prefer(thread: &OsStr) -> bool {
    let mut renice = Command::new("renice");
    renice.args(["-n", "-10", "-p"]).arg(thread).stdout(Stdio::null()).stderr(Stdio::null());
    renice.status().is_ok_and(|status| status.success())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_address_is_that_of_the_last_start() {
        let line = |port: u16| format!("INFO health check listening address=127.0.0.1:{port} path=/\n");
        let log = line(1) + &line(2) + "INFO own metrics listening address=127.0.0.1:3\n";
        assert_eq!(last_address(&log), Some("127.0.0.1:2"));
        assert_eq!(last_address(""), None);
    }

    #[test]
    fn an_outline_has_the_median_and_the_longest() {
        let times = Times((1..=200).map(Duration::from_millis).collect());
        assert_eq!(times.outline(), "200 answers, median 101.00 ms, 99 of 100 within 199.00 ms, longest 200.00 ms");
        assert_eq!(Times(Vec::new()).longest_ms(), f64::INFINITY);
    }
}
