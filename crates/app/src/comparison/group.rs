//! A log group as a stream of events: read back page by page, with patience.

use std::collections::VecDeque;
use std::io;
use std::time::Duration;

use anyhow::Context;
use aws::logs::{Client, Error, Filter, Found, Page};
use aws::{Session, Settings};
use compare::{Feed, Next};
use model::Clock;
use tokio::runtime::Runtime;

use crate::clock::SystemClock;

/// How often a page is asked for before it is given up: with pauses that double, about two minutes.
const TRIES: u32 = 8;
/// The pause after the first failure.
const PAUSE: Duration = Duration::from_millis(500);

/// Where a group is and which of its events are meant.
#[derive(Debug, Clone, Default)]
pub(super) struct Source {
    pub(super) group: String,
    pub(super) endpoint: Option<String>,
    pub(super) region: Option<String>,
    pub(super) start_ms: Option<i64>,
    pub(super) end_ms: Option<i64>,
}

/// The events of a group.
pub(super) struct Group {
    source: Source,
    runtime: Runtime,
    client: Client,
    waiting: VecDeque<Found>,
    token: Option<String>,
    ended: bool,
    bytes: u64,
}

impl Group {
    pub(super) fn open(source: Source) -> anyhow::Result<Group> {
        let runtime = crate::asynchronous::runtime()?;
        let clock = SystemClock::new();
        let now = move || std::time::SystemTime::UNIX_EPOCH + clock.stamp().wall;
        let settings = Settings { region: source.region.clone(), ..Settings::default() };
        let session = runtime.block_on(Session::load(settings, now)).context("find region and credentials")?;
        let user_agent = aws::logs::user_agent("container-insights", env!("CARGO_PKG_VERSION"), "");
        let options =
            aws::logs::Options { endpoint: source.endpoint.clone(), user_agent, ..aws::logs::Options::default() };
        let client = Client::new(session, options)?;
        Ok(Group { source, runtime, client, waiting: VecDeque::new(), token: None, ended: false, bytes: 0 })
    }

    fn page(&self) -> Result<Page, Error> {
        let Source { group, start_ms, end_ms, .. } = &self.source;
        let filter = Filter { group, start_ms: *start_ms, end_ms: *end_ms, token: self.token.as_deref() };
        self.runtime.block_on(async {
            let mut pause = PAUSE;
            for _ in 1..TRIES {
                match self.client.filter_log_events(&filter).await {
                    // A missing group is one to create for those who deliver; here it is a name that isn't right.
                    Err(
                        error @ (Error::Throttled { .. }
                        | Error::Unavailable { .. }
                        | Error::Unreachable(_)
                        | Error::Garbled { .. }),
                    ) => {
                        tokio::time::sleep(error.retry_after().unwrap_or(pause)).await;
                        pause *= 2;
                    }
                    done => return done,
                }
            }
            self.client.filter_log_events(&filter).await
        })
    }
}

impl Feed for Group {
    fn next(&mut self, text: &mut Vec<u8>) -> io::Result<Next> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                text.clear();
                text.extend_from_slice(event.message.as_bytes());
                self.bytes += text.len() as u64;
                return Ok(Next::Message(event.time_ms));
            }
            if self.ended {
                return Ok(Next::End);
            }
            let page = self.page().map_err(io::Error::other)?;
            self.waiting = page.events.into();
            self.ended = page.token.is_none();
            self.token = page.token;
        }
    }

    fn bytes(&self) -> u64 {
        self.bytes
    }
}
