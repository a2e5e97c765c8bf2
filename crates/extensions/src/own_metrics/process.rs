//! What the process itself uses, read at the moment of a scrape.

use std::path::Path;

use linux::{Buffer, Root, own};
use model::Clock;

use super::text::{Amount, Series};

/// The process's series. A file that can't be read costs its own series only.
///
/// A Go runtime's series (`otelcol_process_runtime_…`) have no meaning here and are left out.
pub(super) fn series(clock: &dyn Clock) -> Vec<Series> {
    let uptime = clock.stamp().monotonic.as_secs_f64();
    let usage = Root::open(Path::new("/")).and_then(|root| own::read(&root, &mut Buffer::new())).unwrap_or_default();
    let seconds = |usec: u64| usec as f64 / 1e6;
    let series = [
        (
            "otelcol_process_cpu_seconds",
            "CPU time of the process, user and system, in seconds.",
            usage.cpu_usec.map(|usec| Amount::Sum(seconds(usec))),
        ),
        (
            "otelcol_process_memory_rss",
            "Resident memory of the process, in bytes.",
            usage.resident_bytes.map(|bytes| Amount::Gauge(bytes as f64)),
        ),
        ("otelcol_process_uptime", "Time since the process started, in seconds.", Some(Amount::Sum(uptime))),
    ];
    let present =
        |(name, help, amount): (_, _, Option<Amount>)| Some(Series { name, help, labels: Vec::new(), amount: amount? });
    series.into_iter().filter_map(present).collect()
}
