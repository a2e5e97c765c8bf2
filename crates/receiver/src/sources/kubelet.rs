//! The kubelet's answers: asked for by the sampling thread, fetched on the async runtime.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use kubernetes::{Error, Kubelet, PodList, Summary};
use tokio::sync::mpsc as requests;

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
}

/// The sampling thread's end.
#[derive(Debug)]
pub struct Asker {
    questions: requests::Sender<Question>,
    answers: mpsc::Receiver<Answer>,
    outstanding: usize,
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
    (Asker { questions: ask, answers, outstanding: 0 }, Server { questions, answers: answer })
}

impl Question {
    fn answers(self) -> usize {
        match self {
            Self::PodsAndSummary => 2,
            Self::Pods => 1,
        }
    }
}

impl Asker {
    /// Asks; false where the last questions aren't answered yet, so that a slow kubelet isn't asked twice.
    pub fn ask(&mut self, question: Question) -> bool {
        let asked = self.outstanding == 0 && self.questions.try_send(question).is_ok();
        if asked {
            self.outstanding = question.answers();
        }
        asked
    }

    /// Whether an answer is still to come.
    pub fn is_busy(&self) -> bool {
        self.outstanding > 0
    }

    /// The next answer; `None` where nothing is outstanding, or none came within `patience`.
    pub fn next(&mut self, patience: Duration) -> Option<Answer> {
        if self.outstanding == 0 {
            return None;
        }
        match self.answers.recv_timeout(patience) {
            Ok(answer) => {
                self.outstanding -= 1;
                Some(answer)
            }
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => {
                self.outstanding = 0;
                None
            }
        }
    }
}

impl Server {
    /// Answers until the asker is gone. Each fetch ends by its own deadline.
    pub async fn run(mut self, mut kubelet: Kubelet) {
        while let Some(question) = self.questions.recv().await {
            let pods = kubelet.fetch_pods().await;
            if self.answers.send(Answer::Pods(pods)).is_err() {
                return;
            }
            if question == Question::PodsAndSummary {
                let summary = kubelet.fetch_summary().await;
                if self.answers.send(Answer::Summary(summary)).is_err() {
                    return;
                }
            }
        }
    }
}
