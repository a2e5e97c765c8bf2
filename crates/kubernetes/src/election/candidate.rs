//! The task that takes part in an election: does what the [`Elector`] says, and tells who wants to know.

mod event;
mod exchange;
mod lock_state;
mod telling;
#[cfg(test)]
mod tests;
mod watching;

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::api::Api;
use super::elector::{Elector, Mode, Notice, Outcome};
use super::lock::{Lock, Place};
use crate::api_server::ApiServer;
use crate::error::Error;
use crate::settings::Settings;
use lock_state::{Base, LockState};

/// The longest an exchange may take, also where the settings allow more: two of them fit between two renewals.
const DEADLINE: Duration = Duration::from_secs(10);
/// The longest that giving back takes.
const FINAL_GRACE: Duration = Duration::from_secs(6);
/// How long a watch is asked for, in seconds; up to a quarter more.
const WATCH: u64 = 1200;
/// How long a watch may be silent: bookmarks come about once a minute.
const WATCH_IDLE: Duration = Duration::from_secs(180);
/// A watch that ends sooner without an error isn't opened again at once.
const SHORT_WATCH: Duration = Duration::from_secs(60);
/// How soon a watch is tried again where it isn't allowed, and where it fails.
const WATCH_RETRY: [Duration; 2] = [Duration::from_secs(600), Duration::from_secs(20)];
/// No wait is longer: the timers of the runtime don't count the time the machine was suspended.
const MAX_SLEEP: Duration = Duration::from_secs(10);

/// One moment on two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// On a clock that never goes back and counts the time the machine was suspended (`CLOCK_BOOTTIME`).
    pub monotonic: Duration,
    /// Since 1970.
    pub wall: Duration,
}

/// Returns the current time on both clocks.
pub type Now = Arc<dyn Fn() -> Moment + Send + Sync>;

/// Who stands for election, and for what.
pub struct Options {
    /// Where the lock is.
    pub place: Place,
    /// Our name there: the node's.
    pub identity: String,
    /// Which objects are the lock.
    pub mode: Mode,
    /// The clocks.
    pub now: Now,
    /// Hears what happens.
    pub told: Box<dyn FnMut(ElectionEvent) + Send>,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Options").field("place", &self.place).field("identity", &self.identity).finish_non_exhaustive()
    }
}

/// What happens in an election.
#[derive(Debug)]
pub enum ElectionEvent {
    /// We lead from now on.
    Became,
    /// We lead no longer.
    Stopped,
    /// Something about the lock itself.
    Notice(Notice),
    /// A request failed, and will be made again; each failure is told.
    Failed(Lock, Error),
    /// After failures a request went well.
    Recovered(Lock),
    /// Whether changes of the object are told to us; where they aren't it is read again and again.
    Watched(Lock, bool),
    /// The event about our term could not be posted, which is all that is lost.
    EventFailed(Error),
}

/// Whether we lead, as anybody may ask at any moment.
#[derive(Debug, Clone)]
pub struct Leadership(watch::Receiver<Option<Duration>>);

impl Leadership {
    /// Whether we lead at this moment of [`Moment::monotonic`]. Ask right before each thing that only a leader may do.
    #[must_use]
    pub fn leads(&self, monotonic: Duration) -> bool {
        self.0.borrow().is_some_and(|until| monotonic < until)
    }

    /// Until when we lead, if nothing more is heard; `None` where we don't. May lie in the past.
    #[must_use]
    pub fn until(&self) -> Option<Duration> {
        *self.0.borrow()
    }

    /// Waits until [`Leadership::until`] is another, as with each renewal; never returns once the candidate has ended.
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

/// An agent's part in the election, to be run as a task.
pub struct Candidate {
    inner: Inner<ApiServer>,
}

impl fmt::Debug for Candidate {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Candidate").field("options", &self.inner.options).finish_non_exhaustive()
    }
}

impl Candidate {
    /// Checks the settings, whose endpoint is the API server's; opens no file and no connection.
    pub fn new(settings: Settings, options: Options) -> Result<(Self, Leadership), Error> {
        let deadline = settings.deadline.min(DEADLINE);
        let (inner, leadership) = Inner::new(ApiServer::new(Settings { deadline, ..settings })?, options);
        Ok((Self { inner }, leadership))
    }

    /// Takes part until `stop` is done; then we lead no longer, and what we hold is given back within a few seconds.
    ///
    /// A future that is dropped ends the term without giving anything back.
    pub async fn run(self, stop: impl Future<Output = ()> + Send) {
        self.inner.run(stop).await;
    }
}

struct Inner<A: Api> {
    api: A,
    options: Options,
    elector: Elector,
    states: Vec<LockState<A::Stream>>,
    until: watch::Sender<Option<Duration>>,
    leads: bool,
    /// Events still to be posted.
    events: Vec<&'static str>,
    random: fastrand::Rng,
}

impl<A: Api> Drop for Inner<A> {
    fn drop(&mut self) {
        self.until.send_replace(None);
    }
}

impl<A: Api> Inner<A> {
    fn new(api: A, options: Options) -> (Self, Leadership) {
        let now = (options.now)();
        let mut hash = std::hash::DefaultHasher::new();
        std::hash::Hash::hash(&(&options.identity, now.monotonic, now.wall), &mut hash);
        let mut random = fastrand::Rng::with_seed(std::hash::Hasher::finish(&hash));
        let elector = Elector::new(&options.identity, options.mode, random.u64(..), now.monotonic);
        let state = |lock| LockState {
            lock,
            base: Base::Unknown,
            version: None,
            watch: None,
            watch_due: now.monotonic,
            watch_since: now.monotonic,
            watched: None,
            fails: false,
        };
        let states = Lock::ALL.into_iter().filter(|lock| options.mode.wants(*lock)).map(state).collect();
        let (until, receiver) = watch::channel(None);
        (Self { api, options, elector, states, until, leads: false, events: Vec::new(), random }, Leadership(receiver))
    }

    async fn run(mut self, stop: impl Future<Output = ()> + Send) {
        let mut stop = pin!(stop);
        while self.turn(stop.as_mut()).await {}
        self.elector.release(self.now());
        for state in &mut self.states {
            state.watch = None;
        }
        self.publish();
        let _ = tokio::time::timeout(FINAL_GRACE, self.give_back()).await;
    }

    /// One action, or one wait. Whether to go on.
    async fn turn(&mut self, mut stop: Pin<&mut (impl Future<Output = ()> + Send)>) -> bool {
        let moment = (self.options.now)();
        let step = self.elector.next(moment.monotonic, moment.wall);
        if let Some(action) = step.action {
            let done = tokio::select! {
                biased;
                () = stop.as_mut() => None,
                result = self.perform(&action) => Some(result),
            };
            // Broken off, it may have happened.
            let outcome = done.clone().unwrap_or(Outcome::Failed { retry_after: None });
            self.elector.answer(self.now(), moment.monotonic, &action, outcome);
            self.publish();
            return done.is_some();
        }
        self.publish();
        tokio::select! {
            biased;
            () = stop.as_mut() => false,
            () = self.idle(step.due) => true,
        }
    }

    async fn give_back(&mut self) {
        while !self.elector.is_released() {
            let moment = (self.options.now)();
            let step = self.elector.next(moment.monotonic, moment.wall);
            match step.action {
                Some(action) => {
                    let outcome = self.perform(&action).await;
                    self.elector.answer(self.now(), moment.monotonic, &action, outcome);
                }
                None => tokio::time::sleep(step.due.saturating_sub(moment.monotonic).min(MAX_SLEEP)).await,
            }
        }
        for message in std::mem::take(&mut self.events) {
            self.post(message).await;
        }
    }

    fn now(&self) -> Duration {
        (self.options.now)().monotonic
    }
}
