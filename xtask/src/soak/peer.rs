//! The faults that the Go collector was measured with, at its interval: a tick a minute, each fault for three minutes.

use std::time::Duration;

use anyhow::Result;
use testkit::cloudwatch_logs::Fault;

use super::bed::{Bed, Waits, now_ms};
use super::{BOTH, Case, Lab, Lost, Outcome, seconds, settle};

const MINUTE: u64 = 60;
/// Longer than the longest wait between attempts, and one more tick.
const PATIENCE: Duration = Duration::from_secs(120);

pub(super) const ROWS: [Case; 7] = [
    Case { name: "endpoint dead", waits: BOTH, run: dead },
    Case { name: "503", waits: BOTH, run: unavailable },
    Case { name: "throttling", waits: BOTH, run: throttling },
    Case { name: "expired token", waits: BOTH, run: expired },
    Case { name: "every answer takes 6 s", waits: BOTH, run: slow },
    Case { name: "kill -9 and restart", waits: BOTH, run: kill },
    Case { name: "SIGTERM and restart", waits: BOTH, run: terminate },
];

fn bed(lab: &Lab, waits: Waits) -> Result<Bed> {
    let bed = Bed::start(lab.setup(waits, Duration::from_secs(MINUTE)))?;
    seconds(2 * MINUTE);
    Ok(bed)
}

fn dead(lab: &Lab, waits: Waits) -> Result<Outcome> {
    let bed = bed(lab, waits)?;
    bed.fake.refuse();
    seconds(3 * MINUTE);
    bed.fake.accept();
    seconds(2 * MINUTE);
    settle(bed, PATIENCE)
}

fn fault(lab: &Lab, waits: Waits, fault: Fault) -> Result<Outcome> {
    let bed = bed(lab, waits)?;
    bed.fake.set_fault(Some(fault));
    seconds(3 * MINUTE);
    bed.fake.set_fault(None);
    seconds(2 * MINUTE);
    settle(bed, PATIENCE)
}

fn unavailable(lab: &Lab, waits: Waits) -> Result<Outcome> {
    fault(lab, waits, Fault::Unavailable)
}

fn throttling(lab: &Lab, waits: Waits) -> Result<Outcome> {
    fault(lab, waits, Fault::Throttled(None))
}

fn expired(lab: &Lab, waits: Waits) -> Result<Outcome> {
    fault(lab, waits, Fault::ExpiredToken)
}

fn slow(lab: &Lab, waits: Waits) -> Result<Outcome> {
    fault(lab, waits, Fault::Slow(Duration::from_secs(6)))
}

/// In the middle of a fault, so that something waits.
fn kill(lab: &Lab, waits: Waits) -> Result<Outcome> {
    let mut bed = bed(lab, waits)?;
    bed.fake.set_fault(Some(Fault::Unavailable));
    let from = now_ms();
    seconds(3 * MINUTE / 2);
    bed.kill()?;
    let to = now_ms();
    bed.fake.set_fault(None);
    seconds(2 * MINUTE);
    let mut outcome = settle(bed, PATIENCE)?;
    if waits == Waits::InMemory {
        outcome.allowed.lost = Lost::Between(from, to);
    }
    Ok(outcome)
}

fn terminate(lab: &Lab, waits: Waits) -> Result<Outcome> {
    let mut bed = bed(lab, waits)?;
    bed.restart()?;
    seconds(2 * MINUTE);
    settle(bed, PATIENCE)
}
