//! The client: asks one kubelet, over one connection, within one deadline.

#[cfg(test)]
pub(crate) mod tests;

use std::fmt;
use std::sync::Arc;

use crate::access::{PODS, SUMMARY};
use crate::body::Body;
use crate::error::Error;
use crate::pods::{PodList, parse_pods};
use crate::session::{Call, Session};
use crate::settings::Settings;
use crate::summary::{Summary, parse_summary};

/// A client of one kubelet.
///
/// Every fetch is bounded by the settings' deadline. A future that is dropped before it is done takes its connection
/// with it and leaves the client usable. It needs a tokio runtime with I/O and time.
pub struct Kubelet {
    session: Session,
    /// The last answer to [`Kubelet::fetch_pods`], and what it said if it could be read.
    body: Body,
    pods: Option<Arc<PodList>>,
    /// The length of the last answer to [`Kubelet::fetch_summary`].
    summary_length: usize,
}

impl fmt::Debug for Kubelet {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Kubelet").field("settings", &self.session.settings).finish_non_exhaustive()
    }
}

impl Kubelet {
    /// Checks the settings; opens no file and no connection.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        Ok(Self { session: Session::new(settings)?, body: Body::default(), pods: None, summary_length: 0 })
    }

    /// Reads the files that the settings name, as every fetch does when they have changed.
    ///
    /// For a start that wants to say early what is missing: a later fetch looks again.
    pub fn load(&mut self) -> Result<(), Error> {
        self.session.load()
    }

    /// Fetches `/pods`. The same list is handed out again while the kubelet's answer is the same byte for byte.
    pub async fn fetch_pods(&mut self) -> Result<Arc<PodList>, Error> {
        let mut body = std::mem::take(&mut self.body);
        let fetched = self.fetch(PODS, &mut body).await;
        // What a failed answer left of itself, up to the limit of a body, isn't kept until the next good one.
        self.body = if body.is_whole() { body } else { Body::default() };
        let same = fetched?;
        if let (true, Some(pods)) = (same, &self.pods) {
            return Ok(pods.clone());
        }
        self.pods = None;
        let pods = parse_pods(self.body.bytes()).map_err(|source| Error::Parse { url: self.url(PODS), source })?;
        Ok(self.pods.insert(Arc::new(pods)).clone())
    }

    /// Fetches `/stats/summary`.
    pub async fn fetch_summary(&mut self) -> Result<Summary, Error> {
        let mut body = Body::like(self.summary_length);
        self.fetch(SUMMARY, &mut body).await?;
        self.summary_length = body.len();
        parse_summary(body.bytes()).map_err(|source| Error::Parse { url: self.url(SUMMARY), source })
    }

    fn url(&self, path: &str) -> Box<str> {
        self.session.url(path)
    }

    /// Fetches `path` into `body` within the deadline. Whether it is the body's last content again.
    async fn fetch(&mut self, path: &str, body: &mut Body) -> Result<bool, Error> {
        let limit = self.session.settings.body_limit;
        self.session.fetch(&Call::get(path), limit, body).await.map(|(_, same)| same)
    }
}
