//! The receiver as the pipelines see it: started, stopped, and a stream of rounds.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use component::Context;
use model::{Batch, Clock, Stamp};
use telemetry::{Counter, Failing, Failure, Severity, Status};
use tracing::{Span, info};

use crate::awscontainerinsight::collect::Collector;
use crate::awscontainerinsight::config::{Config, Orchestrator};
use crate::awscontainerinsight::error::Error;
use crate::awscontainerinsight::schedule::Schedule;
use platform::Place;

/// On a machine by itself one more round comes this long after the first sample, so that there is something to see.
const EXTRA_ROUND: Duration = Duration::from_secs(1);

/// Intervals without a round after which the agent is not ready any more.
const LATE: u32 = 3;
/// No round is late before this, however short the interval is.
const EARLIEST_LATE: Duration = Duration::from_secs(60);

static NAMELESS: Failure = Failure {
    severity: Severity::Warning,
    begins: "the cluster's name is unknown and nothing is emitted: set the receiver's option cluster_name, \
             tag the instance eks:cluster-name, or let the agent read its tags",
    ends: "the cluster has a name now, ticks are emitted",
};

static FULL: Failure = Failure {
    severity: Severity::Warning,
    begins: "the pipeline has no room for another tick: ticks are dropped until it has",
    ends: "the pipeline has room again",
};

/// Takes a tick's batch; false where there is no room for it. A batch without room is dropped and counted.
pub type Offer = Box<dyn Fn(Batch) -> bool + Send>;

/// A receiver at work; its thread ends with it.
#[derive(Debug)]
pub struct Receiver {
    stop: mpsc::Sender<()>,
    hurry: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Receiver {
    /// Starts sampling.
    pub fn start(config: Config, place: Place, context: Context, offer: Offer) -> Result<Self, Error> {
        let (clock, registry, component) = (context.clock.clone(), context.registry.clone(), context.name.clone());
        let interval = config.collection_interval;
        let platform = config.container_orchestrator;
        let status = context.status.clone();
        status.output_every((interval * LATE).max(EARLIEST_LATE));
        let collector = Collector::open(config, &place, context)?;
        let (root, node_name) = (place.root.display(), collector.name().to_owned());
        info!(node = node_name, ?platform, %root, namespace = place.namespace, ?interval, "receiver starts");
        let (stop, stopped) = mpsc::channel();
        let hurry = collector.stopper();
        let by_itself = platform == Orchestrator::Host;
        let extra = (by_itself && interval > EXTRA_ROUND).then_some(EXTRA_ROUND);
        let refused = registry.counter(
            "otelcol_receiver_refused_metric_points",
            "Metric points that the pipeline had no room for.",
            &[("receiver", &component)],
        );
        let nameless = registry.counter(
            "container_insights_nameless_rounds",
            "Rounds that were dropped because the cluster's name is unknown.",
            &[("receiver", &component)],
        );
        let work = Work {
            collector,
            clock,
            offer,
            needs_cluster: platform == Orchestrator::Eks,
            nameless: Failing::new(&NAMELESS).counted_by(nameless),
            stopped,
            extra,
            refused,
            full: Failing::new(&FULL),
            status,
            node_name,
            interval,
        };
        // What the thread logs carries the component's name, as what is logged here does.
        let span = Span::current();
        let thread = Builder::new()
            .name("sampling".to_owned())
            .spawn(move || span.in_scope(|| work.run()))
            .map_err(|source| Error::Thread { source })?;
        Ok(Self { stop, hurry, thread })
    }

    /// Stops sampling and waits for the thread; a round that is being made is still handed on.
    pub fn stop(self) {
        let _ = self.stop.send(());
        self.hurry.store(true, Ordering::Relaxed);
        // A panic of the thread ends the process before this could see it.
        let _ = self.thread.join();
    }
}

/// What the sampling thread has.
struct Work {
    collector: Collector,
    clock: Arc<dyn Clock>,
    offer: Offer,
    /// Whether rounds are dropped while the cluster's name is unknown.
    needs_cluster: bool,
    nameless: Failing,
    stopped: mpsc::Receiver<()>,
    extra: Option<Duration>,
    refused: Counter,
    full: Failing,
    status: Status,
    node_name: String,
    interval: Duration,
}

impl Work {
    fn run(mut self) {
        self.sample();
        self.collector.stop();
    }

    /// Samples until it is stopped.
    fn sample(&mut self) {
        let sampled = self.clock.stamp();
        self.collector.prime();
        let mut schedule = Schedule::new(&self.node_name, self.interval, sampled);
        let mut extra = self.extra.map(|after| Stamp { monotonic: sampled.monotonic + after, ..sampled });
        // Looked at before each tick too: rounds that take as long as the interval leave no time to wait in.
        while matches!(self.stopped.try_recv(), Err(mpsc::TryRecvError::Empty)) {
            let now = self.clock.stamp();
            let until_extra = extra.map(|at| at.since(now));
            let wait = schedule.wait(now);
            if until_extra.is_some_and(|until| until.is_zero()) && !wait.is_zero() {
                extra = None;
                self.emit();
                continue;
            }
            if wait.is_zero() {
                schedule.tick(now);
                extra = None;
                self.emit();
                continue;
            }
            match self.stopped.recv_timeout(until_extra.map_or(wait, |until| until.min(wait))) {
                Err(mpsc::RecvTimeoutError::Timeout) => {}
                Ok(()) | Err(mpsc::RecvTimeoutError::Disconnected) => return,
            }
        }
    }

    fn emit(&mut self) {
        let round = self.collector.collect();
        if self.needs_cluster && !self.is_named() {
            return;
        }
        let points = round.points();
        let Stamp { wall: now, monotonic } = self.clock.stamp();
        if !(self.offer)(round) {
            self.refused.add(points as u64);
            // The state is there before the line that makes an operator look.
            self.status.failed(now, FULL.begins);
            self.full.failed(1, &format!("{points} metric points"));
            return;
        }
        self.full.recovered();
        self.status.output(monotonic);
        match self.collector.failures().message() {
            None => self.status.ok(now),
            Some(message) => self.status.degraded(now, &message),
        }
    }

    /// Whether the cluster has a name; without one a round goes nowhere, as in the published agent.
    fn is_named(&mut self) -> bool {
        let now = self.clock.stamp().wall;
        match self.collector.has_cluster() {
            Some(true) => {
                self.nameless.recovered();
                return true;
            }
            None => {
                self.nameless.counts(1);
                self.status.failed(now, "the cluster's name is unknown still, and nothing is emitted");
            }
            Some(false) => {
                self.status.failed(now, NAMELESS.begins);
                self.nameless.failed(1, &"");
            }
        }
        false
    }
}
