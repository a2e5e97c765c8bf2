//! The API server, asked for the node's own object.

use crate::body::Body;
use crate::error::Error;
use crate::kubelet::Kubelet;
use crate::node::{Node, parse_list, parse_node};
use crate::settings::Settings;

/// A client of the API server, with the deadline and the credentials of a [`Kubelet`].
#[derive(Debug)]
pub struct ApiServer {
    client: Kubelet,
    /// Whether a node may be listed but not got, as by the published manifest.
    lists: bool,
}

impl ApiServer {
    /// Checks the settings, whose endpoint is the API server's; opens no file and no connection.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        Ok(Self { client: Kubelet::new(Settings { api_server: true, ..settings })?, lists: false })
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

    async fn fetch(
        &mut self,
        path: &str,
        parse: fn(&[u8]) -> Result<Node, crate::error::ParseError>,
    ) -> Result<Node, Error> {
        let mut body = Body::default();
        self.client.fetch(path, &mut body).await?;
        parse(body.bytes()).map_err(|source| Error::Parse { url: self.client.url(path), source })
    }
}
