//! How the API server is reached.

use std::time::Duration;

use kubernetes::watch::{Pace, Reflector};
use kubernetes::{ApiServer, Auth, Settings};

use crate::build::Error;
use crate::host::{self, Place};

/// What the beginning of an answer may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// The way to the API server.
#[derive(Debug, Clone)]
pub struct Access {
    settings: Settings,
}

impl Access {
    /// `None` where nothing says where the API server is.
    pub fn of(place: &Place, node_name: &str) -> Option<Self> {
        let (endpoint, auth) = match place.api_server.as_ref()? {
            host::ApiServer::Url(url) => (url.clone(), Auth::service_account()),
            host::ApiServer::KubeConfig(path) => (String::new(), Auth::KubeConfig { path: path.clone() }),
        };
        let node_name = node_name.to_owned();
        Some(Self { settings: Settings { endpoint, auth, deadline: DEADLINE, node_name, ..Settings::default() } })
    }

    /// What a client is made with.
    pub fn settings(&self) -> Settings {
        self.settings.clone()
    }

    /// A client of one's own.
    pub fn client(&self) -> Result<ApiServer, Error> {
        ApiServer::new(self.settings()).map_err(|source| Error::Kubelet { source })
    }

    /// A reflector of one collection.
    pub fn reflector(&self, path: &str) -> Result<Reflector, Error> {
        Ok(Reflector::new(self.client()?, path, Pace::default()))
    }
}
