//! What goes wrong with the service and with the agent itself.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use anyhow::Result;
use testkit::cloudwatch_logs::Fault;

use super::account::Runs;
use super::bed::{Bed, Waits, millis};
use super::{Allowed, Lab, Lost, Outcome, seconds, settle};

/// Healthy seconds before and after a fault.
const HEALTHY: u64 = 10;
/// What delivery has to catch up after a fault: the longest wait between attempts is 45 s.
const PATIENCE: Duration = Duration::from_secs(90);
const KILLS: u32 = 20;
/// How long answers take while an agent is killed that has a backlog.
const SLOW: Duration = Duration::from_secs(1);
/// How far from a kill a request was stored whose answer may not have been noted, beside the time of the answer.
const CUT: Duration = Duration::from_millis(150);

/// A minute without a fault.
pub(super) fn calm(lab: &Lab, waits: Waits) -> Result<Outcome> {
    let bed = lab.bed(waits)?;
    seconds(60);
    let mut outcome = settle(bed, PATIENCE)?;
    outcome.allowed.delays_ms = Some((1000, 3000));
    Ok(outcome)
}

/// The service is away for two minutes: connecting is refused.
pub(super) fn away(lab: &Lab, waits: Waits) -> Result<Outcome> {
    let bed = lab.bed(waits)?;
    seconds(HEALTHY);
    bed.fake.refuse();
    seconds(120);
    bed.fake.accept();
    seconds(HEALTHY);
    settle(bed, PATIENCE)
}

/// For a minute it throttles: at first every call, then all but one a second.
pub(super) fn throttled(lab: &Lab, waits: Waits) -> Result<Outcome> {
    let bed = lab.bed(waits)?;
    seconds(HEALTHY);
    bed.fake.set_fault(Some(Fault::Throttled(None)));
    seconds(30);
    bed.fake.set_fault(None);
    bed.fake.set_rate("PutLogEvents", 1);
    seconds(30);
    bed.fake.set_rate("PutLogEvents", usize::MAX);
    seconds(HEALTHY);
    settle(bed, PATIENCE)
}

/// For a minute and a half every answer takes six seconds.
pub(super) fn slow(lab: &Lab, waits: Waits) -> Result<Outcome> {
    let bed = lab.bed(waits)?;
    seconds(HEALTHY);
    bed.fake.set_fault(Some(Fault::Slow(Duration::from_secs(6))));
    seconds(90);
    bed.fake.set_fault(None);
    seconds(HEALTHY);
    settle(bed, PATIENCE)
}

/// For half a minute every call is carried out and its answer lost.
pub(super) fn lost_answers(lab: &Lab, waits: Waits) -> Result<Outcome> {
    let bed = lab.bed(waits)?;
    seconds(HEALTHY);
    bed.fake.set_fault(Some(Fault::Lost));
    seconds(30);
    bed.fake.set_fault(None);
    seconds(HEALTHY);
    settle(bed, PATIENCE)
}

/// The agent is killed twenty times and started again at once.
pub(super) fn killed(lab: &Lab, waits: Waits) -> Result<Outcome> {
    let mut bed = lab.bed(waits)?;
    seconds(HEALTHY);
    kill_often(&mut bed)?;
    finish_killed(bed, CUT)
}

/// The same while the service is away, so that everything is on disk at each kill; then answers take a second.
pub(super) fn killed_away(lab: &Lab, waits: Waits) -> Result<Outcome> {
    let mut bed = lab.bed(waits)?;
    seconds(HEALTHY);
    bed.fake.refuse();
    kill_often(&mut bed)?;
    bed.fake.accept();
    bed.fake.set_fault(Some(Fault::Slow(SLOW)));
    kill_often(&mut bed)?;
    bed.fake.set_fault(None);
    finish_killed(bed, CUT + SLOW)
}

fn kill_often(bed: &mut Bed) -> Result<()> {
    for _ in 0..KILLS {
        // From the middle of the start to a few ticks behind it.
        std::thread::sleep(Duration::from_millis(RandomState::new().hash_one(()) % 5000));
        bed.kill()?;
    }
    Ok(())
}

fn finish_killed(bed: Bed, cut: Duration) -> Result<Outcome> {
    seconds(HEALTHY);
    let ended = bed.finish(PATIENCE)?;
    let uncertain = ended.page.count("container_insights_uncertain_events");
    let cut = ended.account.duplicates.iter().filter(|stored| was_cut(&ended.runs, **stored, cut)).count();
    let allowed = Allowed { lost: Lost::None, duplicates: cut + uncertain, delays_ms: None };
    Ok(Outcome { ended, allowed })
}

/// Whether what was stored at this time was in a request that a kill cut.
fn was_cut(runs: &Runs, stored_ms: i64, cut: Duration) -> bool {
    runs.restarts.iter().any(|(killed, _)| (killed - millis(cut)..killed + millis(CUT)).contains(&stored_ms))
}
