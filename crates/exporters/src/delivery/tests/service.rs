//! A service with limits and refusals of its own.

use std::collections::VecDeque;
use std::sync::Mutex;

use super::*;
use crate::delivery::disk::lock;

/// Three frames, or a kilobyte of them with ten bytes for each.
pub(super) const LIMITS: Limits = Limits {
    bytes: 1000,
    frame_overhead: 10,
    frames: 3,
    points: u64::MAX,
    span: Duration::MAX,
    order: Order::AsQueued,
};

/// What the service answers.
#[derive(Debug, Clone)]
pub(super) enum Answer {
    /// All of it is stored, but for what this says.
    Accept(Accepted),
    /// Nothing is stored.
    Refuse(Refusal),
}

/// A request that came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Request {
    pub(super) at: Instant,
    pub(super) frames: Vec<String>,
}

/// Keeps what it accepts; all, unless it was told otherwise.
#[derive(Debug)]
pub(super) struct Store {
    pub(super) limits: Limits,
    pub(super) setup_fails: bool,
    pub(super) answers: Mutex<VecDeque<Answer>>,
    pub(super) always: Mutex<Option<Answer>>,
    /// Refuses every request that has one of these frames.
    pub(super) bad: Mutex<Option<(&'static str, Refusal)>>,
    pub(super) down: Mutex<String>,
    pub(super) created: Mutex<Vec<String>>,
    pub(super) requests: Mutex<Vec<Request>>,
    pub(super) stored: Mutex<Vec<String>>,
}

#[derive(Debug, thiserror::Error)]
#[error("the address is no address")]
struct NoAddress;

impl Default for Store {
    fn default() -> Self {
        Self {
            limits: LIMITS,
            setup_fails: false,
            answers: Mutex::default(),
            always: Mutex::default(),
            bad: Mutex::default(),
            down: Mutex::default(),
            created: Mutex::default(),
            requests: Mutex::default(),
            stored: Mutex::default(),
        }
    }
}

impl Store {
    /// What it answers to the next requests.
    pub(super) fn answer_next(&self, answers: impl IntoIterator<Item = Answer>) {
        lock(&self.answers).extend(answers);
    }

    /// What it answers from now on.
    pub(super) fn answer_always(&self, answer: Answer) {
        *lock(&self.always) = Some(answer);
    }

    /// From now on it accepts everything.
    pub(super) fn accept(&self) {
        *lock(&self.always) = None;
    }

    pub(super) fn refuse_frame(&self, body: &'static str, refusal: Refusal) {
        *lock(&self.bad) = Some((body, refusal));
    }

    pub(super) fn refuse_destination(&self, key: &str) {
        key.clone_into(&mut lock(&self.down));
    }

    pub(super) fn requests(&self) -> Vec<Request> {
        lock(&self.requests).clone()
    }

    pub(super) fn stored(&self) -> Vec<String> {
        lock(&self.stored).clone()
    }

    pub(super) fn created(&self) -> Vec<String> {
        lock(&self.created).clone()
    }

    fn answer(&self, destination: &Destination, frames: &[Frame<'_>]) -> Result<Accepted, Refusal> {
        let bytes: usize = frames.iter().map(|frame| frame.body.len() + self.limits.frame_overhead).sum();
        let keeps = frames.len() <= self.limits.frames && bytes <= self.limits.bytes;
        assert!(keeps || frames.len() == 1, "{} frames, {bytes} bytes", frames.len());
        let bodies: Vec<_> = frames.iter().map(|frame| String::from_utf8(frame.body.to_vec()).unwrap()).collect();
        lock(&self.requests).push(Request { at: Instant::now(), frames: bodies.clone() });
        if destination.key() == *lock(&self.down) && !destination.key().is_empty() {
            let message = format!("{} is away", destination.key());
            return Err(Refusal::Retry(Retry { message, ..Retry::default() }));
        }
        if let Some((body, refusal)) = &*lock(&self.bad)
            && bodies.iter().any(|other| other == body)
        {
            return Err(refusal.clone());
        }
        let accepted = match lock(&self.answers).pop_front().or_else(|| lock(&self.always).clone()) {
            Some(Answer::Refuse(refusal)) => return Err(refusal),
            Some(Answer::Accept(accepted)) => accepted,
            None => Accepted::default(),
        };
        let left_out = |at: usize| {
            accepted.rejected.iter().any(|part| matches!(part, Rejected::Frames { range, .. } if range.contains(&at)))
        };
        let kept = (0..).zip(bodies).filter(|(at, _)| !left_out(*at)).map(|(_, body)| body);
        lock(&self.stored).extend(kept);
        Ok(accepted)
    }
}

impl Service for Store {
    fn limits(&self) -> Limits {
        self.limits
    }

    fn name_of(&self, destination: &Destination) -> String {
        format!("store/{}", destination.key())
    }

    fn knows(&self, destination: &Destination) -> bool {
        !destination.key().starts_with("other")
    }

    fn start(&self) -> Reply<'_, Result<(), SetupError>> {
        let ready = if self.setup_fails { Err(SetupError::new(NoAddress)) } else { Ok(()) };
        Box::pin(std::future::ready(ready))
    }

    fn put<'a>(
        &'a self,
        destination: &'a Destination,
        frames: &'a [Frame<'a>],
    ) -> Reply<'a, Result<Accepted, Refusal>> {
        Box::pin(async move {
            // The time that a request takes, so that what others do meanwhile is seen.
            tokio::time::sleep(Duration::from_millis(5)).await;
            self.answer(destination, frames)
        })
    }

    fn create<'a>(&'a self, destination: &'a Destination) -> Reply<'a, Result<(), Retry>> {
        lock(&self.created).push(destination.key().to_owned());
        Box::pin(std::future::ready(Ok(())))
    }
}
