//! The kubelet's answers: asked for by the sampling thread, fetched on the async runtime.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use kubernetes::{Error, Kubelet, PodList, Summary};
use tokio::sync::mpsc as requests;

use crate::awscontainerinsight::sources::pod_source::KubeletThenApiServer;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Request {
    /// The pods, then the summary.
    PodsAndSummary,
    /// The pods alone.
    Pods,
}

/// One answer.
#[derive(Debug)]
pub enum Response {
    /// To the request for the pods.
    Pods(Result<Arc<PodList>, Error>),
    /// To the request for the summary.
    Summary(Result<Summary, Error>),
    /// There is nothing more to the request.
    Done,
}

/// The sampling thread's end.
#[derive(Debug)]
pub struct KubeletHandle {
    questions: requests::Sender<Request>,
    answers: mpsc::Receiver<Response>,
    busy: bool,
}

/// The runtime's end.
#[derive(Debug)]
pub struct KubeletTask {
    questions: requests::Receiver<Request>,
    answers: mpsc::Sender<Response>,
}

/// Two ends that belong together.
pub fn channel() -> (KubeletHandle, KubeletTask) {
    let (ask, questions) = requests::channel(1);
    let (answer, answers) = mpsc::channel();
    (KubeletHandle { questions: ask, answers, busy: false }, KubeletTask { questions, answers: answer })
}

impl KubeletHandle {
    /// Asks; false where the last questions aren't answered yet, so that a slow kubelet isn't asked twice.
    pub fn ask(&mut self, request: Request) -> bool {
        let asked = !self.busy && self.questions.try_send(request).is_ok();
        self.busy |= asked;
        asked
    }

    /// Whether an answer is still to come.
    pub fn is_busy(&self) -> bool {
        self.busy
    }

    /// The next answer; `None` where there is nothing more to the last request, or nothing came within `patience`.
    pub fn next(&mut self, patience: Duration) -> Option<Response> {
        if !self.busy {
            return None;
        }
        match self.answers.recv_timeout(patience) {
            Ok(Response::Done) | Err(RecvTimeoutError::Disconnected) => {
                self.busy = false;
                None
            }
            Ok(answer) => Some(answer),
            Err(RecvTimeoutError::Timeout) => None,
        }
    }
}

impl KubeletTask {
    /// Answers until the handle is gone. Each fetch ends by its own deadline.
    pub async fn run(mut self, mut kubelet: Kubelet, mut fallback: Option<KubeletThenApiServer>) {
        while let Some(request) = self.questions.recv().await {
            if !self.answer(request, &mut kubelet, fallback.as_mut()).await {
                return;
            }
        }
    }

    /// Answers one request; false where the receiver is gone.
    async fn answer(
        &self,
        request: Request,
        kubelet: &mut Kubelet,
        fallback: Option<&mut KubeletThenApiServer>,
    ) -> bool {
        let pods = match fallback {
            Some(fallback) => fallback.pods(kubelet).await,
            None => kubelet.fetch_pods().await,
        };
        // Where no connection can be made there is no summary either.
        let is_there = !matches!(pods, Err(Error::Connect { .. }));
        let mut listens = self.answers.send(Response::Pods(pods)).is_ok();
        if listens && is_there && request == Request::PodsAndSummary {
            let summary = kubelet.fetch_summary().await;
            listens = self.answers.send(Response::Summary(summary)).is_ok();
        }
        listens && self.answers.send(Response::Done).is_ok()
    }
}
