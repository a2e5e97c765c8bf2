//! A thread that asks, and what is done when it does not come back.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use super::{Target, Usage, read_usage, recorded};
use crate::mounts::Mount;
use crate::{Buffer, Error, Root};

/// Asks how full mounts are, with a patience.
///
/// The asking is done on another thread. A mount that does not answer in time is left to that thread, which ends when the
/// call returns; the mount is skipped until then, and a fresh thread serves the rest. At most
/// [`Prober::MAX_HANGING`] threads hang at a time; beyond that everything is skipped.
///
/// Below a root without procfs, a recorded tree, the answers come from its `statfs.json`.
pub struct Prober {
    root: Arc<Root>,
    ask: Ask,
    worker: Option<Worker>,
    hanging: Vec<(Box<str>, JoinHandle<()>)>,
    buffer: Option<Buffer>,
}

type Ask = fn(&Root, &Target) -> Result<Usage, Error>;
type Answer = (usize, Result<Usage, Error>);

struct Worker {
    requests: Sender<Vec<(usize, Target)>>,
    answers: Receiver<Answer>,
    given_up: Arc<AtomicBool>,
    thread: JoinHandle<()>,
}

impl Prober {
    /// The most threads that may hang at a time.
    pub const MAX_HANGING: usize = 8;

    /// A prober of the mounts below a root; threads start when they are needed.
    pub fn new(root: &Root) -> Result<Prober, Error> {
        Ok(Prober::asking(root.try_clone()?, read_usage))
    }

    pub(super) fn asking(root: Root, ask: Ask) -> Prober {
        let buffer = (!root.is_live()).then(Buffer::new);
        Prober { root: Arc::new(root), ask, worker: None, hanging: Vec::new(), buffer }
    }

    /// Asks every mount and returns each one's index and answer, in order.
    ///
    /// Takes at most `patience` for each mount that newly hangs. A mount that hangs is [`Error::Hanging`]; one whose path
    /// leads into another file system, because it is not visible below the root, is [`Error::OtherMount`].
    pub fn probe(&mut self, mounts: &[Mount], patience: Duration) -> Vec<(usize, Result<Usage, Error>)> {
        if let Some(buffer) = &mut self.buffer {
            return recorded::read_answers(&self.root, mounts, buffer);
        }
        self.hanging.retain(|(_, thread)| !thread.is_finished());
        let mut answers = Vec::with_capacity(mounts.len());
        let mut waiting: Vec<usize> = Vec::with_capacity(mounts.len());
        for (index, mount) in mounts.iter().enumerate() {
            if self.hanging.iter().any(|(mount_point, _)| *mount_point == mount.mount_point) {
                answers.push((index, Err(self.hangs(mount))));
            } else {
                waiting.push(index);
            }
        }
        while !waiting.is_empty() {
            let answered = self.ask_some(mounts, &waiting, patience, &mut answers);
            waiting.drain(..answered.min(waiting.len()));
        }
        answers.sort_unstable_by_key(|&(index, _)| index);
        answers
    }

    /// Has one thread ask until it is done or hangs; returns how many of `waiting` are settled, at least one.
    fn ask_some(
        &mut self,
        mounts: &[Mount],
        waiting: &[usize],
        patience: Duration,
        answers: &mut Vec<Answer>,
    ) -> usize {
        let refuse_rest = |answers: &mut Vec<Answer>, error: &dyn Fn(&Mount) -> Error| {
            answers.extend(waiting.iter().map(|&index| (index, Err(error(&mounts[index])))));
            waiting.len()
        };
        if self.hanging.len() >= Self::MAX_HANGING {
            return refuse_rest(answers, &|mount| self.hangs(mount));
        }
        let worker = match self.worker.take().map_or_else(|| Worker::start(self.root.clone(), self.ask), Ok) {
            Ok(worker) => worker,
            Err(error) => {
                return refuse_rest(answers, &|mount| Error::Io {
                    path: self.root.full_path(&mount.mount_point),
                    source: error.kind().into(),
                });
            }
        };
        let batch = waiting.iter().map(|&index| (index, Target::new(&mounts[index]))).collect();
        // A thread that is gone shows at the first answer.
        let _ = worker.requests.send(batch);
        for (settled, &index) in waiting.iter().enumerate() {
            match worker.answers.recv_timeout(patience) {
                Ok(answer) => answers.push(answer),
                Err(_) => {
                    worker.given_up.store(true, Ordering::Relaxed);
                    answers.push((index, Err(self.hangs(&mounts[index]))));
                    self.hanging.push((mounts[index].mount_point.clone(), worker.thread));
                    return settled + 1;
                }
            }
        }
        self.worker = Some(worker);
        waiting.len()
    }

    fn hangs(&self, mount: &Mount) -> Error {
        Error::Hanging { path: self.root.full_path(&mount.mount_point) }
    }
}

impl Worker {
    fn start(root: Arc<Root>, ask: Ask) -> io::Result<Worker> {
        let (requests, batches) = channel::<Vec<(usize, Target)>>();
        let (replies, answers) = channel();
        let given_up = Arc::new(AtomicBool::new(false));
        let stop = given_up.clone();
        let serve = move || {
            for (index, target) in batches.into_iter().flatten() {
                let answer = ask(&root, &target);
                if stop.load(Ordering::Relaxed) || replies.send((index, answer)).is_err() {
                    return;
                }
            }
        };
        // The thread makes three system calls; the usual 2 MiB of stack would only be address space, but that too counts
        // where it is limited.
        let thread = Builder::new().name("statfs".to_owned()).stack_size(128 * 1024).spawn(serve)?;
        Ok(Worker { requests, answers, given_up, thread })
    }
}
