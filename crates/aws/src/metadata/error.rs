//! What can keep instance metadata from answering, by what would help.

use net::Transport;
use std::time::Duration;

/// A call without an answer that could be used. No text holds a token.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// It must not be asked.
    #[error("instance metadata is switched off by AWS_EC2_METADATA_DISABLED")]
    Disabled,
    /// No connection, or no answer to a request that needs no token or has one: probably no EC2 instance.
    #[error(
        "instance metadata at {endpoint} can't be reached: this may be no EC2 instance, the network may keep pods from \
         it, or its hop limit is too low for a container"
    )]
    Unreachable {
        /// The base URL.
        endpoint: String,
        /// Why.
        source: Transport,
    },
    /// The connection is there and the token never arrives: the sign of a hop limit that ends before the container.
    #[error(
        "instance metadata at {server} gives no token within {after:?}: from a container the instance's hop limit has \
         to be 2 or more (HttpPutResponseHopLimit)"
    )]
    NoTokenAnswer {
        /// Scheme, host and port.
        server: String,
        /// The time allowed.
        after: Duration,
    },
    /// The service says no.
    #[error("instance metadata answers {status} to {path}: {}", refused_because(*status))]
    Refused {
        /// 401, 403 or 405.
        status: u16,
        /// What was asked for.
        path: String,
    },
    /// The service answers and doesn't know the path.
    #[error("instance metadata has no {path}: the server there may not be EC2's")]
    Missing {
        /// What was asked for.
        path: String,
    },
    /// The service can't just now: ask again later.
    #[error("instance metadata answers {status} to {path}: temporarily unavailable; retrying")]
    Unavailable {
        /// 429 or 5xx.
        status: u16,
        /// What was asked for.
        path: String,
    },
    /// An answer that can't be what was asked for, such as a proxy's page.
    #[error("instance metadata's answer to {path} is none of EC2's: check what listens at the endpoint")]
    Garbled {
        /// What was asked for.
        path: String,
    },
}

fn refused_because(status: u16) -> &'static str {
    match status {
        401 => "it takes no token of its own, check what stands between",
        403 => "it is switched off for this instance (HttpEndpoint), or the request came through a proxy",
        _ => "it knows no tokens, version 1 has to be allowed",
    }
}
