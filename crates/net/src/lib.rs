//! What every crate needs that speaks with others: one HTTP/1.1 client and one server, TLS and trust, proxies; times and base64 as
//! protocols write them, errors in words.

pub mod base64;
mod beside;
mod chain;
mod client;
mod environment;
mod origin;
pub mod secrets;
pub mod server;
pub mod time;
pub mod tls;
mod transport;

pub use beside::beside;
pub use chain::chain;
#[cfg(fuzzing)]
pub use client::fuzz_proxy;
pub use client::{Body, Client, Deadlines, Proxies, Proxy, ProxyFault, Route, request, retry_after};
pub use environment::Environment;
pub use hyper::{Method, StatusCode, Uri};
pub use origin::Origin;
pub use tls::Trust;
pub use transport::Transport;
