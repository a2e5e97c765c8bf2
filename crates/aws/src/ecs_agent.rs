//! The ECS agent on this machine: which cluster it belongs to and which tasks it runs.
//!
//! Follows "Amazon ECS container agent introspection" of the ECS developer guide: plain HTTP on port 51678, no
//! credentials. Never through a proxy.

mod arn;
mod read;

#[cfg(test)]
mod tests;

use std::time::Duration;

use hyper::Method;
use net::{Client as Http, Deadlines, Environment, Route, Transport, Trust};

use crate::endpoint::Endpoint;
use crate::json;
pub use arn::{cluster_name, container_instance_id, task_id};
#[cfg(fuzzing)]
pub use read::fuzz as fuzz_answer;
pub use read::{Container, Metadata, Task};

/// The port the agent listens on.
pub const PORT: u16 = 51678;
/// The most that is read of an answer, in bytes.
const MAX_ANSWER_BYTES: usize = 5 * 1024 * 1024;
/// What connecting may take, and then the answer, where nothing else is said.
const DEADLINE: Duration = Duration::from_secs(1);

/// An answer that could not be had or used.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A base URL that can't be one.
    #[error("{url:?} is no address such as http://10.0.0.1:51678")]
    Address {
        /// As it was given.
        url: String,
    },
    /// No server answers there.
    #[error(
        "no answer from the ECS agent at {base}: this may be no ECS container instance, the agent may not listen beyond \
         localhost, or a security group may close the port"
    )]
    Unreachable {
        /// The base URL.
        base: String,
        /// Why.
        source: Transport,
    },
    /// The answer has another status than 200.
    #[error("the ECS agent at {base} answers {status} to {path}: what listens there may be something else")]
    Status {
        /// The base URL.
        base: String,
        /// What was asked for.
        path: &'static str,
        /// The HTTP status.
        status: u16,
    },
    /// The answer is longer than is read.
    #[error(
        "the answer of the ECS agent at {base} to {path} is longer than {limit} bytes and was not read: the agent \
         remembers many stopped tasks, ECS_ENGINE_TASK_CLEANUP_WAIT_DURATION shortens that"
    )]
    TooLarge {
        /// The base URL.
        base: String,
        /// What was asked for.
        path: &'static str,
        /// The most that is read, in bytes.
        limit: usize,
    },
    /// The answer is none of the agent's.
    #[error("the answer at {base} to {path} is none of the ECS agent's: what listens there may be something else")]
    Garbled {
        /// The base URL.
        base: String,
        /// What was asked for.
        path: &'static str,
    },
}

/// The client. Clones share connections.
#[derive(Debug, Clone)]
pub struct Client {
    http: Http,
    deadlines: Deadlines,
}

impl Default for Client {
    fn default() -> Client {
        Client::new(DEADLINE)
    }
}

impl Client {
    /// A client; connecting may take `deadline`, and then the answer. One second by default.
    pub fn new(deadline: Duration) -> Client {
        let http = Http::new(Route { trust: Trust::places(None, false, Environment::Process), ..Route::default() });
        Client { http, deadlines: Deadlines { connect: deadline, answer: deadline } }
    }

    /// Which cluster and container instance this is; `base_url` is such as `http://10.0.0.1:51678`.
    pub async fn metadata(&self, base_url: &str) -> Result<Metadata, Error> {
        self.get(base_url, "/v1/metadata").await
    }

    /// The tasks the agent knows, in any state; `base_url` as for [`Client::metadata`].
    pub async fn tasks(&self, base_url: &str) -> Result<Vec<Task>, Error> {
        let tasks: read::Tasks = self.get(base_url, "/v1/tasks").await?;
        tasks.0.ok_or(Error::Garbled { base: base_url.to_owned(), path: "/v1/tasks" })
    }

    async fn get<T: json::Members>(&self, base_url: &str, path: &'static str) -> Result<T, Error> {
        // What doesn't parse may hold a password, what does has none.
        let shown = |text: &str| text.rsplit('@').next().unwrap_or_default().to_owned();
        let address = || Error::Address { url: shown(base_url) };
        let uri = Endpoint::parse(base_url).and_then(|endpoint| endpoint.below(path)).ok_or_else(address)?;
        let base = base_url.to_owned();
        let response = match self.http.send(net::request(Method::GET, uri), self.deadlines, MAX_ANSWER_BYTES).await {
            Ok(response) => response,
            Err(Transport::TooLong { limit, .. }) => return Err(Error::TooLarge { base, path, limit }),
            Err(source) => return Err(Error::Unreachable { base, source }),
        };
        let status = response.status().as_u16();
        if status != 200 {
            return Err(Error::Status { base, path, status });
        }
        json::object(response.body()).ok_or(Error::Garbled { base, path })
    }
}
