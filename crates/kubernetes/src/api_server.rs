//! A client of the API server: small objects read and written, and answers that are streamed.

#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use hyper::Method;
use hyper::body::Bytes;

use crate::access::ALL_PODS;
use crate::error::{Error, ParseError};
use crate::node::{Node, parse_list, parse_node};
use crate::pods::{Known, PodList, Reader};
use crate::session::{Call, Session};
use crate::settings::Settings;
use crate::stream::LabelRules;
use crate::streamed::Streamed;

/// The largest answer to [`ApiServer::request`]: 4 MiB. An object in etcd has at most 1.5.
pub const OBJECT_LIMIT: usize = 4 << 20;

/// A client of the API server, with the deadline and the credentials of a [`Kubelet`](crate::Kubelet).
///
/// Requests share one connection, each stream has its own. To send several requests at once, make several
/// clients: one costs nothing until it asks.
#[derive(Debug)]
pub struct ApiServer {
    session: Session,
    /// Whether a node may be listed but not got, as by the published manifest.
    lists: bool,
    /// Which labels of pods are kept.
    labels: LabelRules,
    /// The last good answer to [`ApiServer::fetch_pods`].
    known: Known,
}

/// A good answer to a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// 200 to 299.
    pub status: u16,
    /// The body, at most [`OBJECT_LIMIT`] bytes.
    pub body: Bytes,
}

impl ApiServer {
    /// Checks the settings, whose endpoint is the API server's; opens no file and no connection.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        let session = Session::new(Settings { api_server: true, ..settings })?;
        Ok(Self { session, lists: false, labels: LabelRules::default(), known: Known::default() })
    }

    /// Keeps of the pods' labels what these rules say.
    #[must_use]
    pub fn with_labels(mut self, labels: LabelRules) -> Self {
        self.labels = labels;
        self
    }

    /// Makes a request for a small object, within the settings' deadline.
    ///
    /// Another status than 2xx is [`Error::Status`]. A request may reach the server twice, where the connection breaks
    /// before an answer begins; what must not happen twice carries a name or a resource version.
    pub async fn request(
        &mut self,
        method: Method,
        path: &str,
        content_type: &str,
        body: Option<Bytes>,
    ) -> Result<Answer, Error> {
        let call = Call::new(method, path, body.map(|body| (content_type, body)));
        let mut body = Vec::new();
        let limit = OBJECT_LIMIT.min(self.session.settings.body_limit);
        let mut take = |chunk: &[u8]| {
            body.extend_from_slice(chunk);
            Ok(())
        };
        let (status, _) = self.session.fetch(&call, limit, &mut take).await?;
        Ok(Answer { status, body: body.into() })
    }

    /// Asks for an answer that is read as it comes. Only its beginning falls under the settings' deadline; `idle` is the
    /// time each piece may take.
    pub async fn stream(&mut self, path: &str, idle: Duration) -> Result<Streamed, Error> {
        let body = self.session.open(&Call::get(path)).await?;
        Ok(Streamed::new(body, self.session.url(path), idle))
    }

    /// Fetches `path` within the settings' deadline and gives `take` each piece as it comes; returns how long it was.
    pub(crate) async fn fetch_pieces(
        &mut self,
        path: &str,
        take: &mut impl FnMut(&[u8]) -> Result<(), ParseError>,
    ) -> Result<usize, Error> {
        let limit = self.session.settings.body_limit;
        self.session.fetch(&Call::get(path), limit, take).await.map(|(_, bytes)| bytes)
    }

    /// The address of `path`, for messages.
    pub fn url(&self, path: &str) -> Box<str> {
        self.session.url(path)
    }

    /// Fetches a node: by its name, or where that isn't allowed from the list of nodes, reduced to it by the server.
    pub async fn fetch_node(&mut self, name: &str) -> Result<Node, Error> {
        if !self.lists {
            let path = format!("/api/v1/nodes/{name}");
            match self.fetch(&path, parse_node).await {
                Err(Error::Status { status: 403, .. }) => self.lists = true,
                result => return result,
            }
        }
        let path = format!("/api/v1/nodes?fieldSelector=metadata.name%3D{name}&limit=1");
        let found = self.fetch(&path, parse_list).await;
        // Who may list today may get tomorrow, and the other way round.
        self.lists = found.is_ok();
        found
    }

    /// Fetches the pods of a node, as the API server knows them: a static pod is there by its mirror. For when the kubelet
    /// denies `/pods`.
    pub async fn fetch_pods(&mut self, node: &str) -> Result<Arc<PodList>, Error> {
        // Out of the server's cache: what is a moment old will do.
        let path = format!("{ALL_PODS}?fieldSelector=spec.nodeName%3D{node}&resourceVersion=0");
        let mut reader = Reader::new(&self.labels, &self.known);
        let limit = self.session.settings.body_limit;
        self.session.fetch(&Call::get(&path), limit, &mut |chunk| reader.push(chunk)).await?;
        self.known = reader.finish().map_err(|source| Error::Parse { url: self.session.url(&path), source })?;
        Ok(self.known.list().clone())
    }

    async fn fetch(&mut self, path: &str, parse: fn(&[u8]) -> Result<Node, ParseError>) -> Result<Node, Error> {
        let answer = self.request(Method::GET, path, "", None).await?;
        parse(&answer.body).map_err(|source| Error::Parse { url: self.url(path), source })
    }
}
