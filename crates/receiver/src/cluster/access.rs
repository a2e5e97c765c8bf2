//! How the API server is reached.

use std::time::Duration;

use kubernetes::watch::{Pace, Reflector};
use kubernetes::{ApiServer, Auth, Settings};

use crate::cluster::watched::Followed;
use crate::error::Error;
use crate::host::{self, Place};

/// What the beginning of an answer may take.
const DEADLINE: Duration = Duration::from_secs(10);

/// The way to the API server.
#[derive(Debug, Clone)]
pub struct Access {
    settings: Settings,
    followed: Followed,
}

/// A client of the API server; `None` where nothing says where it is.
pub fn client(place: &Place, node_name: &str) -> Result<Option<ApiServer>, Error> {
    settings(place, node_name).map(connect).transpose()
}

impl Access {
    /// `None` where nothing says where the API server is.
    pub fn of(place: &Place, node_name: &str, followed: Followed) -> Option<Self> {
        Some(Self { settings: settings(place, node_name)?, followed })
    }

    /// What a client is made with.
    pub fn settings(&self) -> Settings {
        self.settings.clone()
    }

    /// A reflector of one collection, which the rounds look at.
    pub fn reflector(&self, path: &str) -> Result<Reflector, Error> {
        self.reflector_at(path, Pace::default())
    }

    /// The same at a pace of its own.
    pub fn reflector_at(&self, path: &str, pace: Pace) -> Result<Reflector, Error> {
        let reflector = Reflector::new(connect(self.settings())?, path, pace);
        self.followed.add(path, reflector.status());
        Ok(reflector)
    }
}

fn settings(place: &Place, node_name: &str) -> Option<Settings> {
    let (endpoint, auth) = match place.api_server.as_ref()? {
        host::ApiServer::Url(url) => (url.clone(), Auth::service_account()),
        host::ApiServer::KubeConfig(path) => (String::new(), Auth::KubeConfig { path: path.clone() }),
    };
    Some(Settings { endpoint, auth, deadline: DEADLINE, node_name: node_name.to_owned(), ..Settings::default() })
}

fn connect(settings: Settings) -> Result<ApiServer, Error> {
    ApiServer::new(settings).map_err(|source| Error::Kubelet { source })
}
