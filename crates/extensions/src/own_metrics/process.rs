//! What the process itself uses, read at the moment of a scrape.

use std::path::Path;

use linux::{Buffer, Root, own};
use model::Clock;

use formats::prometheus::{Amount, Series};

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
            "",
            "CPU time of the process, user and system, in seconds.",
            usage.cpu_usec.map(|usec| Amount::Sum(seconds(usec))),
        ),
        (
            "otelcol_process_memory_rss",
            "bytes",
            "Resident memory of the process, in bytes.",
            usage.resident_bytes.map(|bytes| Amount::Gauge(bytes as f64)),
        ),
        ("otelcol_process_uptime", "seconds", "Time since the process started, in seconds.", Some(Amount::Sum(uptime))),
    ];
    let present = |(name, unit, help, amount): (_, _, _, Option<Amount>)| {
        Some(Series { name, help, unit, labels: Vec::new(), amount: amount? })
    };
    series.into_iter().filter_map(present).collect()
}
