//! Events whose log group or stream has a placeholder without a value yet.
//!
//! A group that once was made under the name `undefined` stays, and mixes what belongs to different clusters. So such events are
//! held until a round shows where everything goes, within bounds.

use std::sync::Arc;
use std::time::Duration;

use crate::awsemf::destination::Destination;
use telemetry::Episode;
use tracing::{error, warn};

use super::parcel::{Packer, Parcel};
use super::self_metrics::SelfMetrics;
use crate::awsemf::config::UnresolvedPlaceholders;
use crate::awsemf::encode::Encoded;

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
    /// Where the resolved events of this round go.
    resolved: Vec<Arc<Destination>>,
    episode: Episode,
    metrics: Arc<SelfMetrics>,
}

impl Unresolved {
    pub(super) fn new(mode: UnresolvedPlaceholders, metrics: Arc<SelfMetrics>) -> Self {
        let (held, packer, resolved) = (Vec::new(), Packer::default(), Vec::new());
        Self { mode, held, packer, resolved, episode: Episode::default(), metrics }
    }

    /// Whether an event is held; one that isn't goes its way.
    pub(super) fn holds(&mut self, event: &Encoded<'_>, now: Duration) -> bool {
        if event.resolved {
            if !self.resolved.contains(event.destination) {
                self.resolved.push(Arc::clone(event.destination));
            }
            return false;
        }
        if self.mode == UnresolvedPlaceholders::Undefined {
            return false;
        }
        let held = &mut self.held;
        self.packer.push(event, &mut |parcel| held.push((now, parcel)));
        true
    }

    /// At the end of a round: hands on what is held, where the round went to one place as a whole; gives up what is held for
    /// too long.
    pub(super) fn release(&mut self, now: Duration, push: &mut impl FnMut(Parcel)) {
        let resolved = std::mem::take(&mut self.resolved);
        let before = self.held.len();
        let held = &mut self.held;
        self.packer.finish(&mut |parcel| held.push((now, parcel)));
        if self.held.is_empty() {
            return;
        }
        if let ([only], true) = (&*resolved, self.held.len() == before) {
            self.held.drain(..).for_each(|(_, parcel)| push(Parcel { destination: Arc::clone(only), ..parcel }));
            let _ = self.episode.recovered();
            return;
        }
        if self.episode.failing() {
            let Destination { group, stream } = &*self.held[0].1.destination;
            let (group, stream) = (&**group, &**stream);
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
            error!(events = parcel.events, "events without a log group or stream are lost; {words}");
            self.metrics.dropped("unresolved", u64::from(parcel.events), parcel.points);
        }
    }
}

impl Drop for Unresolved {
    fn drop(&mut self) {
        let held = std::mem::take(&mut self.held);
        held.iter().for_each(|(_, parcel)| self.metrics.dropped("unresolved", u64::from(parcel.events), parcel.points));
    }
}
