//! The kubelet's answers: asked for by the sampling thread, fetched on the async runtime.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use kubernetes::{Error, Kubelet, PodList, Summary};
use tokio::sync::mpsc as requests;

use crate::awscontainerinsight::sources::detour::Detour;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Question {
    /// The pods, then the summary.
    PodsAndSummary,
    /// The pods alone.
    Pods,
}

/// One answer.
#[derive(Debug)]
pub enum Answer {
    /// To the question for the pods.
    Pods(Result<Arc<PodList>, Error>),
    /// To the question for the summary.
    Summary(Result<Summary, Error>),
    /// There is nothing more to the question.
    Done,
}

/// The sampling thread's end.
#[derive(Debug)]
pub struct Asker {
    questions: requests::Sender<Question>,
    answers: mpsc::Receiver<Answer>,
    busy: bool,
}

/// The runtime's end.
#[derive(Debug)]
pub struct Server {
    questions: requests::Receiver<Question>,
    answers: mpsc::Sender<Answer>,
}

/// Two ends that belong together.
pub fn channel() -> (Asker, Server) {
    let (ask, questions) = requests::channel(1);
    let (answer, answers) = mpsc::channel();
    (Asker { questions: ask, answers, busy: false }, Server { questions, answers: answer })
}

impl Asker {
    /// Asks; false where the last questions aren't answered yet, so that a slow kubelet isn't asked twice.
    pub fn ask(&mut self, question: Question) -> bool {
        let asked = !self.busy && self.questions.try_send(question).is_ok();
        self.busy |= asked;
        asked
    }

    /// Whether an answer is still to come.
    pub fn is_busy(&self) -> bool {
        self.busy
    }

    /// The next answer; `None` where there is nothing more to the last question, or nothing came within `patience`.
    pub fn next(&mut self, patience: Duration) -> Option<Answer> {
        if !self.busy {
            return None;
        }
        match self.answers.recv_timeout(patience) {
            Ok(Answer::Done) | Err(RecvTimeoutError::Disconnected) => {
                self.busy = false;
                None
            }
            Ok(answer) => Some(answer),
            Err(RecvTimeoutError::Timeout) => None,
        }
    }
}

impl Server {
    /// Answers until the asker is gone. Each fetch ends by its own deadline.
    pub async fn run(mut self, mut kubelet: Kubelet, mut detour: Option<Detour>) {
        while let Some(question) = self.questions.recv().await {
            if !self.answer(question, &mut kubelet, detour.as_mut()).await {
                return;
            }
        }
    }

    /// Answers one question; false where nobody listens.
    async fn answer(&self, question: Question, kubelet: &mut Kubelet, detour: Option<&mut Detour>) -> bool {
        let pods = match detour {
            Some(detour) => detour.pods(kubelet).await,
            None => kubelet.fetch_pods().await,
        };
        // Where nobody takes a connection there is no summary either.
        let is_there = !matches!(pods, Err(Error::Connect { .. }));
        let mut listens = self.answers.send(Answer::Pods(pods)).is_ok();
        if listens && is_there && question == Question::PodsAndSummary {
            let summary = kubelet.fetch_summary().await;
            listens = self.answers.send(Answer::Summary(summary)).is_ok();
        }
        listens && self.answers.send(Answer::Done).is_ok()
    }
}
