//! The client: asks one kubelet, over one connection, within one deadline.

#[cfg(test)]
pub(crate) mod tests;

use std::fmt;
use std::sync::Arc;

use crate::access::{PODS, SUMMARY};
use crate::error::Error;
use crate::pods::{self, Known, PodList};
use crate::session::{Call, Session};
use crate::settings::Settings;
use crate::stream::LabelRules;
use crate::summary::{self, Summary};

/// A client of one kubelet.
///
/// Every fetch is bounded by the settings' deadline. A future that is dropped before it is done takes its connection
/// with it and leaves the client usable. It needs a tokio runtime with I/O and time.
pub struct Kubelet {
    session: Session,
    /// Which labels of pods are kept.
    labels: LabelRules,
    /// The last good list.
    known: Known,
}

impl fmt::Debug for Kubelet {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        f.debug_struct("Kubelet").field("settings", &self.session.settings).finish_non_exhaustive()
    }
}

impl Kubelet {
    /// Checks the settings; opens no file and no connection.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        Ok(Self { session: Session::new(settings)?, labels: LabelRules::default(), known: Known::default() })
    }

    /// Keeps of the pods' labels what these rules say.
    #[must_use]
    pub fn with_labels(mut self, labels: LabelRules) -> Self {
        self.labels = labels;
        self
    }

    /// Fetches `/pods`, read while it arrives. Pods that have not changed are handed out again, and so is the list where
    /// none has.
    pub async fn fetch_pods(&mut self) -> Result<Arc<PodList>, Error> {
        let mut reader = pods::Reader::new(&self.labels, &self.known);
        let limit = self.session.settings.body_limit;
        self.session.fetch(&Call::get(PODS), limit, &mut |chunk| reader.push(chunk)).await?;
        let known = reader.finish().map_err(|source| Error::Parse { url: self.session.url(PODS), source })?;
        self.known = known;
        Ok(self.known.list().clone())
    }

    /// Fetches `/stats/summary`, read while it arrives.
    pub async fn fetch_summary(&mut self) -> Result<Summary, Error> {
        let mut reader = summary::Reader::new();
        let limit = self.session.settings.body_limit;
        self.session.fetch(&Call::get(SUMMARY), limit, &mut |chunk| reader.push(chunk)).await?;
        reader.finish().map_err(|source| Error::Parse { url: self.session.url(SUMMARY), source })
    }
}
