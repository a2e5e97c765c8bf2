//! How the API server is reached.

use kubernetes::Settings;
use kubernetes::watch::{Pace, Reflector};
use platform::{Place, api_server};

use crate::awscontainerinsight::cluster::watch_status::WatchedCollections;
use crate::awscontainerinsight::error::Error;

/// The way to the API server.
#[derive(Debug, Clone)]
pub struct Access {
    settings: Settings,
    collections: WatchedCollections,
}

impl Access {
    /// `None` where nothing says where the API server is.
    pub fn of(place: &Place, node_name: &str, collections: WatchedCollections) -> Option<Self> {
        Some(Self { settings: api_server::settings(place, node_name)?, collections })
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
        let reflector = Reflector::new(api_server::connect(self.settings())?, path, pace);
        self.collections.add(path, reflector.status());
        Ok(reflector)
    }
}
