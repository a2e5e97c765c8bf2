//! The checks over made-up packages and sources.

use proptest::prelude::*;

use super::source::Source;
use super::{check_arrows, impurities, kernel_places};
use crate::project::{Dependency, Package};

fn check(name: &str, dependency: &str, kind: Option<&str>, allowed: bool) {
    let dependency = Dependency { name: dependency.into(), kind: kind.map(Into::into), path: Some("somewhere".into()) };
    let package = Package { name: name.into(), manifest_path: "Cargo.toml".into(), dependencies: vec![dependency] };
    let faults = check_arrows(&package);
    assert_eq!(faults.is_empty(), allowed, "{faults:?}");
}

#[test]
fn an_arrow_goes_down() {
    check("model", "catalog", None, true);
    check("container-insights", "catalog", None, true);
    check("receivers", "linux", None, true);
    check("xtask", "container-insights", None, true);
}

#[test]
fn an_arrow_never_climbs_or_goes_sideways() {
    check("catalog", "model", None, false);
    check("linux", "catalog", None, false);
    check("exporters", "receivers", None, false);
    check("exporters", "receivers", Some("dev"), false);
    check("model", "model", None, false);
    check("container-insights-model", "container-insights-telemetry", None, true);
    check("container-insights-telemetry", "container-insights-model", None, false);
}

#[test]
fn a_crate_without_a_layer_is_a_fault() {
    check("helpers", "catalog", None, false);
    check("receivers", "helpers", None, false);
}

#[test]
fn the_testkit_is_for_tests() {
    check("linux", "testkit", Some("dev"), true);
    check("linux", "testkit", None, false);
    check("testkit", "model", None, true);
    check("testkit", "receiver", None, false);
}

fn lines(check: fn(&Source) -> Vec<(usize, String)>, text: &str) -> Vec<usize> {
    check(&Source::parse(text)).into_iter().map(|(line, _)| line).collect()
}

#[test]
fn a_kernel_file_is_found_in_code_only() {
    let text = r####"
//! Reads "/proc/meminfo".
/* "/proc/stat" /* nested */ "/proc/vmstat" */
/// See "/sys/fs".
#[error("/proc is no file system")]
const A: &str = "/proc/meminfo";
const B: &str = r#"sys/fs/cgroup"#; // "/proc/1"
const C: &str = "/procedure"; const D: &str = r##"["cadvisor","/proc","pod"]"##;
const E: char = '"'; const F: &str = "proc"; const G: &str = "{root}/proc/{pid}";
const H: &[u8] = b"/sys/block";
fn lives<'a>(x: &'a str) -> &'a str { "sys" }
#[cfg(test)]
mod tests { const I: &str = "/proc/{}"; }
#[cfg(test)]
mod more;
const J: &str = "quote \" /proc/net/";
"####;
    assert_eq!(lines(kernel_places, text), [6, 7, 9, 9, 10, 11, 16]);
}

#[test]
fn input_and_output_are_found_however_they_are_imported() {
    let text = "
use std::{collections::BTreeMap, fs};
use std::{
    io,
    net::{IpAddr, TcpStream},
};
fn fs(fs: u32) -> u32 { fs }
fn read() { std::fs::read(\"x\"); tokio::spawn(a); model::Clock::stamp(c) }
use std::time::{Duration, Instant};
// std::fs is not used
#[cfg(test)]
mod tests { use std::fs; }
let net = sample.net; match a { net => {} }
";
    assert_eq!(lines(impurities, text), [2, 5, 5, 8, 8, 8, 9]);
}

proptest! {
    #[test]
    fn no_text_panics(text in "[\"'#r/*\\\\{}\\[\\]a\n:b!;]{0,40}|\\PC*") {
        let source = Source::parse(&text);
        let _ = (source.paths(), kernel_places(&source));
    }
}
