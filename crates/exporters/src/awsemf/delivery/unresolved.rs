//! Events whose log group or stream has a placeholder without a value yet.
//!
//! A group that once was made under the name `undefined` stays, and mixes what belongs to different clusters. So such events are
//! held until a batch shows where everything goes, within bounds.

use std::sync::Arc;
use std::time::Duration;

use telemetry::Episode;
use tracing::{error, warn};

use super::cloudwatch_logs::LIMITS;
use crate::awsemf::config::UnresolvedPlaceholders;
use crate::awsemf::destination::{Destination, names};
use crate::awsemf::encode::Encoded;
use crate::delivery::{Frame, Packer, Parcel, SelfMetrics};

/// How long events are held.
const LONGEST: Duration = Duration::from_secs(600);
/// How many bytes are held.
const MOST_BYTES: usize = 16 << 20;

/// What is held, the oldest first.
#[derive(Debug)]
pub(super) struct Unresolved {
    mode: UnresolvedPlaceholders,
    held: Vec<(Duration, Parcel)>,
    packer: Packer,
    /// Where the resolved events of this batch go.
    resolved: Vec<Destination>,
    episode: Episode,
    metrics: Arc<SelfMetrics>,
}

impl Unresolved {
    pub(super) fn new(mode: UnresolvedPlaceholders, metrics: Arc<SelfMetrics>) -> Self {
        let (held, packer, resolved) = (Vec::new(), Packer::new(LIMITS), Vec::new());
        Self { mode, held, packer, resolved, episode: Episode::default(), metrics }
    }

    /// Holds an event if its destination isn't known; `false` for one that can be sent.
    pub(super) fn holds(&mut self, event: &Encoded<'_>, now: Duration) -> bool {
        if event.resolved {
            if !self.resolved.contains(event.destination) {
                self.resolved.push(event.destination.clone());
            }
            return false;
        }
        if self.mode == UnresolvedPlaceholders::Undefined {
            return false;
        }
        let held = &mut self.held;
        let frame = Frame { time_ms: event.time_ms, points: event.points, body: event.body };
        self.packer.push(event.destination.queued(), frame, &mut |parcel| held.push((now, parcel)));
        true
    }

    /// At the end of a batch: hands on what is held if the batch went to one destination as a whole; drops what was held for too
    /// long.
    pub(super) fn release(&mut self, now: Duration, push: &mut impl FnMut(Parcel)) {
        let resolved = std::mem::take(&mut self.resolved);
        let before = self.held.len();
        let held = &mut self.held;
        self.packer.finish(&mut |parcel| held.push((now, parcel)));
        if self.held.is_empty() {
            return;
        }
        if let ([only], true) = (&*resolved, self.held.len() == before) {
            self.held.drain(..).for_each(|(_, parcel)| push(Parcel { destination: only.queued().clone(), ..parcel }));
            let _ = self.episode.recovered();
            return;
        }
        if self.episode.failing() {
            let (group, stream) = names(&self.held[0].1.destination).unwrap_or_default();
            warn!(group, stream, "a placeholder has no value yet: events are held for ten minutes");
        }
        let mut bytes = 0;
        let fits = |(_, parcel): &&(Duration, Parcel)| {
            bytes += parcel.body.len();
            bytes <= MOST_BYTES
        };
        let too_many = self.held.len() - self.held.iter().rev().take_while(fits).count();
        let too_old = self.held.iter().take_while(|(since, _)| now.saturating_sub(*since) >= LONGEST).count();
        for (_, parcel) in self.held.drain(..too_many.max(too_old)) {
            let words = "unresolved_placeholders: undefined would deliver them under that name";
            error!(events = parcel.frames, "events without a log group or stream are lost; {words}");
            self.metrics.dropped("unresolved", u64::from(parcel.frames), parcel.points);
        }
    }
}

impl Drop for Unresolved {
    fn drop(&mut self) {
        let held = std::mem::take(&mut self.held);
        held.iter().for_each(|(_, parcel)| self.metrics.dropped("unresolved", u64::from(parcel.frames), parcel.points));
    }
}
