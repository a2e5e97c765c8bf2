//! The kubelet's answers: asked for by the sampling thread, fetched on the async runtime.

use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use kubernetes::{ApiServer, Error, Kubelet, PodList, Summary};
use telemetry::Episode;
use tokio::sync::mpsc as requests;
use tokio::time::Instant;
use tracing::info;

/// How long a kubelet that refused isn't asked again for its pods: each time it has to ask the API server.
const REFUSED: Duration = Duration::from_secs(600);

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

/// The pods as the API server knows them, for a kubelet that may not be asked for them: one before Kubernetes 1.33, where
/// the role has no `nodes/proxy`.
#[derive(Debug)]
pub struct Detour {
    api_server: ApiServer,
    node: String,
    episode: Episode,
    /// Until when the kubelet isn't asked.
    until: Option<Instant>,
}

impl Detour {
    /// By the name of the node.
    pub fn new(api_server: ApiServer, node: &str) -> Self {
        Self { api_server, node: node.to_owned(), episode: Episode::default(), until: None }
    }

    /// The pods; the kubelet's error where the API server doesn't give them either.
    async fn pods(&mut self, kubelet: &mut Kubelet) -> Result<Arc<PodList>, Error> {
        let refused = match self.until {
            Some(until) if Instant::now() < until => None,
            _ => match kubelet.fetch_pods().await {
                Err(error) if error.status() == Some(403) => Some(error),
                answer => {
                    self.until = None;
                    if self.episode.recovered().is_some() {
                        info!("the kubelet may be asked for the pods again");
                    }
                    return answer;
                }
            },
        };
        match self.api_server.fetch_pods(&self.node).await {
            Ok(pods) => {
                if self.episode.failing() {
                    info!("the kubelet may not be asked for the pods: the API server is asked for those of the node");
                }
                if refused.is_some() {
                    self.until = Some(Instant::now() + REFUSED);
                }
                Ok(Arc::new(pods))
            }
            // Both are asked next time.
            Err(error) => {
                self.until = None;
                Err(refused.unwrap_or(error))
            }
        }
    }
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
