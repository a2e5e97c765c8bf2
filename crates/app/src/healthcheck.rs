//! Asks a running agent whether it is healthy, as a container's health check: an image with nothing but the agent has no
//! other program that could.
//!
//! Takes the ADOT Collector's `/healthcheck` place: the same port where none is given, and its flag `-port`.

use std::time::Duration;

use anyhow::{Context, Result, anyhow, bail};
use clap::Args;
use net::{Client, Deadlines, Method, Origin, Route, StatusCode, Transport, Uri};
use tokio::time::timeout;

use crate::environment::Variables;

/// Whom to ask.
#[derive(Debug, Args)]
pub struct Whom {
    /// Where the health check answers; without it HEALTHCHECK_URL, else http://127.0.0.1:13133/.
    #[arg(long, value_name = "URL", conflicts_with = "port")]
    url: Option<String>,
    /// The port of the health check on this machine, for another one than 13133.
    #[arg(long, value_name = "PORT", value_parser = clap::value_parser!(u16).range(1..))]
    port: Option<u16>,
}

/// For where no flag says it.
const VARIABLE: &str = "HEALTHCHECK_URL";
const PORT: u16 = 13133;
/// From the look-up of a name to the answer's status.
const PATIENCE: Duration = Duration::from_secs(2);

/// Succeeds where the answer is 2xx.
pub fn ask(whom: &Whom, variables: &Variables) -> Result<()> {
    let given = whom.url.clone().filter(|_| whom.port.is_none());
    let variable = || variables.get(VARIABLE).filter(|url| whom.port.is_none() && !url.is_empty());
    let url = given.or_else(variable).unwrap_or_else(|| format!("http://127.0.0.1:{}/", whom.port.unwrap_or(PORT)));
    let uri = parse_url(&url).with_context(|| format!("the health check's URL {url:?}"))?;
    let runtime = crate::asynchronous::runtime()?;
    let status = runtime.block_on(async { timeout(PATIENCE, fetch_status(uri)).await });
    // A name that is still being looked up must not keep the process.
    runtime.shutdown_background();
    match status {
        Ok(Ok(status)) if status.is_success() => Ok(()),
        Ok(Ok(status)) => bail!("{url} answered {}", status.as_u16()),
        Ok(Err(error)) if !error.is_timeout() => Err(cause(error)).with_context(|| {
            format!(
                "{url}: no agent answers there; see that it runs and has the extension health_check at this address"
            )
        }),
        _ => bail!("{url} gave no answer within {} s", PATIENCE.as_secs()),
    }
}

fn parse_url(url: &str) -> Result<Uri> {
    let Some(rest) = url.strip_prefix("http://") else { bail!("does not begin with http://") };
    if rest.find(['/', '?']).is_some_and(|at| rest[at..].starts_with('?')) {
        bail!("has no path before its question mark");
    }
    let uri: Uri = url.parse().map_err(|_| anyhow!("is no URL"))?;
    if Origin::of(&uri).is_err() || uri.authority().is_none_or(|authority| authority.as_str().contains('@')) {
        bail!("does not name a host and a port");
    }
    Ok(uri)
}

/// The status; the rest of the answer is not ours to judge.
async fn fetch_status(uri: Uri) -> Result<StatusCode, Transport> {
    let deadlines = Deadlines { connect: PATIENCE, answer: PATIENCE };
    Ok(Client::new(Route::default()).open(net::request(Method::GET, uri), deadlines).await?.status())
}

/// Why there is no answer, without advice for who goes through a network.
fn cause(error: Transport) -> anyhow::Error {
    match error {
        Transport::Connect { source, .. } | Transport::Resolve { source: Some(source), .. } => source.into(),
        Transport::Broken { source, .. } => anyhow::Error::new(source).context("the answer is not HTTP"),
        error => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_url_says_whom_to_ask_and_for_what() {
        let check = |url: &str, server: &str, path: &str| {
            let uri = parse_url(url).unwrap();
            let asked = (Origin::of(&uri).unwrap().to_string(), uri.path_and_query().unwrap().to_string());
            assert_eq!(asked, (server.to_owned(), path.to_owned()), "{url}");
        };
        check("http://127.0.0.1:13133/", "http://127.0.0.1:13133", "/");
        check("http://localhost", "http://localhost:80", "/");
        check("http://[::1]:13133/status?x=/#top", "http://[::1]:13133", "/status?x=/");
        check("http://[fd00::7]/", "http://[fd00::7]:80", "/");
    }

    #[test]
    fn an_url_that_names_nobody_is_refused() {
        for url in [
            "",
            "localhost:13133",
            "https://localhost/",
            "http://",
            "http:///path",
            "http://:13133/",
            "http://localhost:0/",
            "http://localhost:65536/",
            "http://localhost:port/",
            "http://localhost:+1/",
            "http://::1:13133/",
            "http://user@localhost/",
            "http://localhost?x",
            "http://localhost/\r\nHost: other",
        ] {
            assert!(parse_url(url).is_err(), "{url:?}");
        }
    }

    proptest! {
        #[test]
        fn any_text_is_survived(url in "(http://)?.{0,30}") {
            let _ = parse_url(&url);
        }
    }
}
