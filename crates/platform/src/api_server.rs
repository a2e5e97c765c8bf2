//! How the API server of the node's cluster is reached.

use std::time::Duration;

use kubernetes::{ApiServer, Auth, Settings};

use crate::Error;
use crate::environment::{self, Place};

/// What the beginning of an answer may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// A client of the API server; `None` where its address is unknown.
///
/// # Errors
///
/// Why no client can be made of the options.
pub fn client(place: &Place, node_name: &str) -> Result<Option<ApiServer>, Error> {
    settings(place, node_name).map(connect).transpose()
}

/// What its client is made with; `None` where its address is unknown.
#[must_use]
pub fn settings(place: &Place, node_name: &str) -> Option<Settings> {
    let (endpoint, auth) = match place.api_server.as_ref()? {
        environment::ApiServer::Url(url) => (url.clone(), Auth::service_account()),
        environment::ApiServer::KubeConfig(path) => (String::new(), Auth::KubeConfig { path: path.clone() }),
    };
    Some(Settings { endpoint, auth, deadline: DEADLINE, node_name: node_name.to_owned(), ..Settings::default() })
}

/// A client made with these settings.
///
/// # Errors
///
/// Why none can be made.
pub fn connect(settings: Settings) -> Result<ApiServer, Error> {
    ApiServer::new(settings).map_err(|source| Error::ApiServer { source })
}
