//! The client against a server that is strict about what it hears and free in what it says.

mod answers;
mod credentials;
mod pieces;
pub(crate) mod server;

use std::fs;
use std::path::PathBuf;
use std::time::Duration;

use net::chain;
use server::{Authority, Heard, Reply, Server};
use tempfile::TempDir;

use crate::{Auth, Error, Kubelet, Settings};

const EMPTY: &str = r#"{"kind":"PodList","apiVersion":"v1","metadata":{},"items":null}"#;

/// A pod's files: `token` and `ca.crt`.
pub(crate) struct Account {
    pub(crate) folder: TempDir,
}

impl Account {
    pub(crate) fn new(token: &str, authority: &Authority) -> Self {
        let account = Self { folder: tempfile::tempdir().expect("a scratch directory") };
        account.write("token", token);
        account.write("ca.crt", &authority.pem);
        account
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Replaces a file the way an atomic writer does.
    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.path("new"), text).expect("it can be written");
        fs::rename(self.path("new"), self.path(name)).expect("it can be renamed");
        self.path(name)
    }

    pub(crate) fn settings(&self, server: &Server) -> Settings {
        Settings {
            endpoint: format!("https://127.0.0.1:{}", server.port),
            auth: Auth::ServiceAccount { token_file: self.path("token") },
            deadline: Duration::from_secs(5),
            ..Settings::default()
        }
    }

    fn kubelet(&self, server: &Server) -> Kubelet {
        Kubelet::new(self.settings(server)).expect("good settings")
    }
}

/// A server with a good certificate, a pod that may ask it, and the client.
async fn ready(answer: impl Fn(&Heard) -> Reply + Send + Sync + 'static) -> (Server, Account, Kubelet) {
    let authority = Authority::new("cluster");
    let server = Server::start(Some(authority.server("127.0.0.1")), answer).await;
    let account = Account::new("secret-1", &authority);
    let kubelet = account.kubelet(&server);
    (server, account, kubelet)
}

/// A plain server and a client that proves nothing.
async fn plain(answer: impl Fn(&Heard) -> Reply + Send + Sync + 'static) -> (Server, Kubelet) {
    let server = Server::start(None, answer).await;
    let settings = Settings {
        endpoint: format!("http://127.0.0.1:{}", server.port),
        auth: Auth::None,
        deadline: Duration::from_secs(5),
        ..Settings::default()
    };
    (server, Kubelet::new(settings).expect("good settings"))
}
