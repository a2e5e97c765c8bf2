//! The options of `health_check`.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use confmap::{Decode, Faults, Node, decode_text};

use crate::Endpoint;
use confmap::Ignored;

confmap::config! {
    /// Answers over HTTP whether the agent is running: 200 once every pipeline has started, else 503.
    ///
    /// Two exact paths are beside `path`. `/ready` answers 200 while events leave, else 503 with the reasons: no round has left
    /// yet, the cluster or the region is unknown, the output is full, or nothing was delivered for longer than `ready_grace`.
    /// `/status` shows the state of every component, to clients that ask by an IP address, `localhost` or one of
    /// `allowed_hosts`. Let startup and liveness probes ask `path`, since a restart mends no outage of CloudWatch, and
    /// readiness probes `/ready`.
    ///
    /// A probe of the kubelet comes from outside the pod's `localhost`; for one, set
    /// `endpoint: 0.0.0.0:13133` or `endpoint: ${env:POD_IP}:13133`.
    #[derive(Debug, Clone, PartialEq)]
    pub struct Config {
        /// Where to listen. Port 0 takes a free port and logs it; without a host, every interface.
        pub endpoint: Endpoint = Endpoint::localhost(13133),
        /// The path to answer. One that ends in `/` answers every path below it too.
        pub path: UrlPath = UrlPath::default(),
        /// Names by which clients may ask for `/status`, beside IP addresses and `localhost`; any other `Host` is refused
        /// with 421, so that no web page can read it through a name of its own. Case does not count.
        pub allowed_hosts: Vec<String> = Vec::new(),
        /// How long nothing may leave an exporter while events wait before `/ready` fails.
        pub ready_grace: Duration = Duration::from_secs(300),
        /// Texts to answer with at `path`, as `text/plain`, instead of JSON.
        pub response_body: Option<ResponseBody> = None,
        /// A check that has no effect in the collector either.
        #[accepted("it has no effect in the collector either")]
        pub check_collector_pipeline: CheckPipeline = CheckPipeline::default(),
        /// Certificates to serve with.
        #[accepted("the health check is served over plain HTTP")]
        pub tls: Ignored = Ignored,
        /// Who may ask.
        #[accepted("the health check takes requests without credentials")]
        pub auth: Ignored = Ignored,
        /// Cross-origin requests.
        #[accepted("the health check answers without cross-origin headers")]
        pub cors: Ignored = Ignored,
        /// Headers of every answer.
        #[accepted("the health check sends only its own headers")]
        pub response_headers: Ignored = Ignored,
        /// Largest body of a request.
        #[accepted("bodies are ignored")]
        pub max_request_body_size: Ignored = Ignored,
        /// Whether a request's headers are kept for others.
        #[accepted("nothing reads them")]
        pub include_metadata: Ignored = Ignored,
        /// Compressions of a request's body.
        #[accepted("bodies are ignored")]
        pub compression_algorithms: Ignored = Ignored,
        /// Deadline of a whole request.
        #[accepted("deadlines are fixed")]
        pub read_timeout: Ignored = Ignored,
        /// Deadline of a request's headers.
        #[accepted("deadlines are fixed")]
        pub read_header_timeout: Ignored = Ignored,
        /// Deadline of an answer.
        #[accepted("deadlines are fixed")]
        pub write_timeout: Ignored = Ignored,
        /// How long a connection may rest between requests.
        #[accepted("a connection carries one request")]
        pub idle_timeout: Ignored = Ignored,
        /// Whether a connection may carry more than one request.
        #[accepted("a connection carries one request")]
        pub keep_alives_enabled: Ignored = Ignored,
        /// Kind of socket.
        #[accepted("it is always TCP")]
        pub transport: Ignored = Ignored,
    }
}

confmap::config! {
    /// Texts to answer with instead of JSON.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct ResponseBody {
        /// With status 200.
        pub healthy: String = String::new(),
        /// With status 503.
        pub unhealthy: String = String::new(),
    }
}

confmap::config! {
    /// A check of the pipelines by their exporters' failures.
    #[derive(Debug, Clone, PartialEq, Eq)]
    pub struct CheckPipeline {
        /// Whether to check.
        pub enabled: bool = false,
        /// Time in which failures are counted.
        pub interval: Duration = Duration::from_secs(300),
        /// Failures that make the agent unhealthy.
        pub exporter_failure_threshold: u32 = 5,
    }
}

/// The path of a URL, which begins with a slash.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UrlPath(String);

/// Why a text is no path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("a path starts with /")]
pub struct UrlPathError;

impl UrlPath {
    /// Whether this path is that one, letter by letter.
    #[must_use]
    pub fn is(&self, path: &str) -> bool {
        self.0 == path
    }

    /// Whether this path answers a request for that one.
    #[must_use]
    pub fn answers(&self, requested: &str) -> bool {
        // The Go server redirects from /health to /health/; answering at once saves the probe the way.
        requested == self.0
            || self.0.ends_with('/') && (requested.starts_with(&self.0) || requested == &self.0[..self.0.len() - 1])
    }
}

impl Default for UrlPath {
    fn default() -> Self {
        Self("/".to_owned())
    }
}

impl FromStr for UrlPath {
    type Err = UrlPathError;

    fn from_str(text: &str) -> Result<Self, UrlPathError> {
        if text.starts_with('/') { Ok(Self(text.to_owned())) } else { Err(UrlPathError) }
    }
}

impl fmt::Display for UrlPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Decode for UrlPath {
    fn decode(node: &Node, path: &str, faults: &mut Faults) -> Option<Self> {
        decode_text(node, path, faults, "a path")
    }

    fn type_name() -> String {
        "path".into()
    }

    fn show_default(&self) -> String {
        self.0.clone()
    }
}

#[cfg(test)]
mod tests {
    use super::UrlPath;

    fn check(path: &str, requested: &str, expected: bool) {
        let path: UrlPath = path.parse().unwrap();
        assert_eq!(path.answers(requested), expected, "{path} for {requested}");
    }

    #[test]
    fn a_path_is_exact_unless_it_ends_in_a_slash() {
        check("/", "/", true);
        check("/", "/any/thing", true);
        check("/health", "/health", true);
        check("/health", "/health/", false);
        check("/health", "/healthy", false);
        check("/health", "/", false);
        check("/health/", "/health/", true);
        check("/health/", "/health/live", true);
        check("/health/", "/health", true);
        check("/health/", "/healthy", false);
        assert!("health".parse::<UrlPath>().is_err());
    }
}
