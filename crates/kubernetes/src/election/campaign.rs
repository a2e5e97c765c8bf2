//! The task that takes part in an election: does what the [`Elector`] says, and tells who wants to know.

mod event;
#[cfg(test)]
mod tests;

use std::fmt;
use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use hyper::body::Bytes;
use tokio::sync::watch;

use super::api::Api;
use super::elector::{Action, Elector, Mode, Notice, Outcome};
use super::lock::{self, Lock, Object, Place, View};
use super::watch::{End, Seen, Watch};
use crate::api_server::ApiServer;
use crate::error::Error;
use crate::settings::Settings;

/// The longest an exchange may take, whatever the settings say: two of them fit between two renewals.
const DEADLINE: Duration = Duration::from_secs(10);
/// The longest that giving back takes.
const LAST_WORDS: Duration = Duration::from_secs(6);
/// How long a watch is asked for, in seconds; up to a quarter more.
const WATCH: u64 = 1200;
/// How long a watch may be silent: bookmarks come about once a minute.
const WATCH_IDLE: Duration = Duration::from_secs(180);
/// A watch that ends sooner without an error isn't opened again at once.
const SHORT_WATCH: Duration = Duration::from_secs(60);
/// How soon a watch is tried again where it isn't allowed, and where it fails.
const WATCH_RETRY: [Duration; 2] = [Duration::from_secs(600), Duration::from_secs(20)];
/// No wait is longer: the timers of the runtime don't count the time the machine was suspended.
const NAP: Duration = Duration::from_secs(10);

/// One moment on two clocks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moment {
    /// On a clock that never goes back and counts the time the machine was suspended (`CLOCK_BOOTTIME`).
    pub monotonic: Duration,
    /// Since 1970.
    pub wall: Duration,
}

/// What somebody has to say about the clocks.
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
    pub told: Box<dyn FnMut(Told) + Send>,
}

impl fmt::Debug for Options {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Options").field("place", &self.place).field("identity", &self.identity).finish_non_exhaustive()
    }
}

/// What happens in an election.
#[derive(Debug)]
pub enum Told {
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
    /// Whether we lead at this moment of [`Moment::monotonic`]. Ask right before whatever only a leader may do.
    #[must_use]
    pub fn leads(&self, monotonic: Duration) -> bool {
        self.0.borrow().is_some_and(|until| monotonic < until)
    }

    /// Until when we lead, if nothing more is heard; `None` where we don't. May lie in the past.
    #[must_use]
    pub fn until(&self) -> Option<Duration> {
        *self.0.borrow()
    }

    /// Waits until [`Leadership::until`] is another, as with each renewal; never returns once the campaign has ended.
    pub async fn changed(&mut self) {
        if self.0.changed().await.is_err() {
            std::future::pending().await
        }
    }
}

/// What is known of an object.
enum Base {
    /// Nothing, or something that may be out of date.
    Unknown,
    /// That there is none, since this version.
    Absent(Option<Box<str>>),
    /// What it is.
    Object(Box<Object>),
}

/// One of the lock's objects as the task sees it.
struct Desk<S> {
    lock: Lock,
    base: Base,
    /// Where a watch goes on, if that is later than the object's own version.
    version: Option<Box<str>>,
    watch: Option<Watch<S>>,
    watch_due: Duration,
    /// When the present watch began.
    watch_since: Duration,
    /// What was told about it last.
    watched: Option<bool>,
    fails: bool,
}

/// An agent's part in the election, to be run as a task.
pub struct Campaign {
    inner: Inner<ApiServer>,
}

impl fmt::Debug for Campaign {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Campaign").field("options", &self.inner.options).finish_non_exhaustive()
    }
}

impl Campaign {
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
    desks: Vec<Desk<A::Stream>>,
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
        let desk = |lock| Desk {
            lock,
            base: Base::Unknown,
            version: None,
            watch: None,
            watch_due: now.monotonic,
            watch_since: now.monotonic,
            watched: None,
            fails: false,
        };
        let desks = Lock::ALL.into_iter().filter(|lock| options.mode.wants(*lock)).map(desk).collect();
        let (until, receiver) = watch::channel(None);
        (Self { api, options, elector, desks, until, leads: false, events: Vec::new(), random }, Leadership(receiver))
    }

    async fn run(mut self, stop: impl Future<Output = ()> + Send) {
        let mut stop = pin!(stop);
        while self.turn(stop.as_mut()).await {}
        self.elector.release(self.now());
        for desk in &mut self.desks {
            desk.watch = None;
        }
        self.publish();
        let _ = tokio::time::timeout(LAST_WORDS, self.give_back()).await;
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

    /// Nothing is to be done about the lock until `due`: posts events, looks after the watches, waits.
    async fn idle(&mut self, due: Duration) {
        if !self.events.is_empty() {
            // Taken before: what is broken off isn't tried again.
            let message = self.events.remove(0);
            return self.post(message).await;
        }
        let now = self.now();
        let mut due = due;
        for index in 0..self.desks.len() {
            let desk = &mut self.desks[index];
            let wanted = self.elector.wants_watch(now, desk.lock);
            if desk.watch.is_some() && !wanted {
                self.unwatch(index);
            } else if desk.watch.is_none() && wanted && !matches!(desk.base, Base::Unknown) {
                if desk.watch_due <= now {
                    return self.open(index).await;
                }
                due = due.min(desk.watch_due);
            }
        }
        // The end of a term is told when it comes.
        if let Some(until) = self.elector.leads_until().filter(|_| self.leads) {
            due = due.min(until);
        }
        let wait = due.saturating_sub(now).min(NAP).max(Duration::from_millis(1));
        let mut watches = self.desks.iter_mut().map(|desk| desk.watch.as_mut());
        let (mut first, mut second) = (watches.next().flatten(), watches.next().flatten());
        let (index, seen) = tokio::select! {
            () = tokio::time::sleep(wait) => return,
            seen = next(&mut first) => (0, seen),
            seen = next(&mut second) => (1, seen),
        };
        match seen {
            Ok(seen) => self.seen(index, seen),
            Err(end) => self.ended(index, end).await,
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
                None => tokio::time::sleep(step.due.saturating_sub(moment.monotonic).min(NAP)).await,
            }
        }
        for message in std::mem::take(&mut self.events) {
            self.post(message).await;
        }
    }

    async fn perform(&mut self, action: &Action) -> Outcome {
        let lock = action.lock();
        let place = &self.options.place;
        let index = self.desks.iter().position(|desk| desk.lock == lock).expect("the elector knows the same locks");
        let base = &self.desks[index].base;
        let (method, path, body) = match (action, base) {
            (Action::Read(_), _) => (Method::GET, place.object(lock), None),
            (Action::Write { record, .. }, Base::Object(object)) => {
                (Method::PUT, place.object(lock), Some(object.with(lock, record)))
            }
            (Action::Write { record, .. }, _) => {
                (Method::POST, place.collection(lock), Some(lock::create(lock, place, record)))
            }
        };
        let is_read = method == Method::GET;
        let is_update = method == Method::PUT;
        let result = self.api.request(method, &path, body.map(Bytes::from)).await;
        let result = result.and_then(|answer| {
            let url = self.api.url(&path);
            Object::parse(lock, &answer.body).map_err(|source| Error::Parse { url, source })
        });
        let desk = &mut self.desks[index];
        let status = result.as_ref().err().and_then(Error::status);
        let outcome = match (result, status) {
            (Ok(object), _) => {
                let view = object.view.clone();
                (desk.base, desk.version) = (Base::Object(Box::new(object)), None);
                if is_read { Outcome::Seen(view) } else { Outcome::Written }
            }
            (Err(_), Some(404)) if is_read => {
                (desk.base, desk.version) = (Base::Absent(None), None);
                Outcome::Seen(View::Absent)
            }
            (Err(_), Some(404)) if is_update => {
                (desk.base, desk.version) = (Base::Absent(None), None);
                Outcome::Missing
            }
            (Err(_), Some(409)) => Outcome::Conflict,
            (Err(_), Some(403)) => Outcome::Forbidden,
            (Err(error), _) => {
                let retry_after = error.retry_after();
                desk.fails = true;
                (self.options.told)(Told::Failed(lock, error));
                return Outcome::Failed { retry_after };
            }
        };
        if std::mem::take(&mut desk.fails) {
            (self.options.told)(Told::Recovered(lock));
        }
        outcome
    }

    /// Opens a watch that goes on where our knowledge ends.
    async fn open(&mut self, index: usize) {
        let desk = &self.desks[index];
        let known = match &desk.base {
            Base::Object(object) => Some(&object.version),
            Base::Absent(version) => version.as_ref(),
            Base::Unknown => None,
        };
        let version = desk.version.as_ref().or(known).map_or("", |version| version);
        let seconds = WATCH + self.random.u64(0..WATCH / 4);
        let path = self.options.place.watch(desk.lock, version, seconds);
        // Set before, for the case that the attempt is broken off.
        self.desks[index].watch_due = self.now() + WATCH_RETRY[1].mul_f64(0.5 + self.random.f64());
        let opened = self.api.stream(&path, WATCH_IDLE).await;
        let now = self.now();
        let desk = &mut self.desks[index];
        match opened {
            Ok(stream) => {
                desk.watch = Some(Watch::new(desk.lock, stream));
                desk.watch_since = now;
                self.watched(index, true);
            }
            Err(error) => {
                if error.status() == Some(403) {
                    desk.watch_due = now + WATCH_RETRY[0].mul_f64(1.0 + 0.2 * self.random.f64());
                } else if let Some(wish) = error.retry_after() {
                    desk.watch_due = desk.watch_due.max(now + wish);
                }
                self.watched(index, false);
            }
        }
    }

    fn watched(&mut self, index: usize, watched: bool) {
        let now = self.now();
        let desk = &mut self.desks[index];
        self.elector.watching(now, desk.lock, watched);
        if desk.watched.replace(watched) != Some(watched) {
            (self.options.told)(Told::Watched(desk.lock, watched));
        }
    }

    fn seen(&mut self, index: usize, seen: Seen) {
        let desk = &mut self.desks[index];
        let view = match seen {
            Seen::Bookmark(version) => {
                desk.version = Some(version);
                return;
            }
            Seen::Object(object) => {
                let view = object.view.clone();
                (desk.base, desk.version) = (Base::Object(object), None);
                view
            }
            Seen::Deleted(version) => {
                (desk.base, desk.version) = (Base::Absent(version), None);
                View::Absent
            }
        };
        let now = (self.options.now)().monotonic;
        self.elector.notice(now, self.desks[index].lock, view);
    }

    async fn ended(&mut self, index: usize, end: End) {
        match end {
            // The next one begins at once where this one ended, so that nothing is missed and nothing need be read.
            End::Done if self.now() >= self.desks[index].watch_since + SHORT_WATCH => {
                self.desks[index].watch = None;
                return self.open(index).await;
            }
            End::Done => {}
            End::Expired => self.desks[index].version = None,
            End::Broken(error) => {
                self.desks[index].fails = true;
                (self.options.told)(Told::Failed(self.desks[index].lock, error));
            }
        }
        self.unwatch(index);
        // Time to read once, which is where the next one begins.
        self.desks[index].watch_due = self.now() + Duration::from_secs(6).mul_f64(1.0 + self.random.f64());
    }

    fn unwatch(&mut self, index: usize) {
        let now = self.now();
        self.desks[index].watch = None;
        self.elector.watching(now, self.desks[index].lock, false);
    }

    fn publish(&mut self) {
        let until = self.elector.leads_until();
        self.until.send_if_modified(|last| std::mem::replace(last, until) != until);
        let leads = until.is_some_and(|until| self.now() < until);
        if leads != std::mem::replace(&mut self.leads, leads) {
            (self.options.told)(if leads { Told::Became } else { Told::Stopped });
            self.events.push(if leads { event::BECAME } else { event::STOPPED });
            // An API server that is away for long hears the last ones.
            let old = self.events.len().saturating_sub(4);
            self.events.drain(..old);
        }
        for notice in self.elector.take_notices() {
            (self.options.told)(Told::Notice(notice));
        }
    }

    async fn post(&mut self, message: &str) {
        let (wall, place) = ((self.options.now)().wall, &self.options.place);
        let desk = &self.desks[0];
        let object = if let Base::Object(object) = &desk.base { Some(&**object) } else { None };
        let body = event::encode(place, desk.lock, object, &self.options.identity, message, wall);
        if let Err(error) = self.api.request(Method::POST, &place.events(), Some(body.into())).await {
            (self.options.told)(Told::EventFailed(error));
        }
    }

    fn now(&self) -> Duration {
        (self.options.now)().monotonic
    }
}

async fn next<S: super::api::Pieces>(watch: &mut Option<&mut Watch<S>>) -> Result<Seen, End> {
    match watch {
        Some(watch) => watch.next().await,
        None => std::future::pending().await,
    }
}
