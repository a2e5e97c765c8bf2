//! What a session is made from, with the keys that `awsemf` shares with the Go collector.

use net::{Environment, Proxies};
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// Where region and credentials come from and how requests travel. The default asks the usual places.
///
/// Everything here goes for all requests, those to STS and to metadata endpoints too.
#[derive(Clone, Default)]
pub struct Settings {
    /// The region; `None` looks for it.
    pub region: Option<String>,
    /// The profile of the shared files to use, before any other place; `None` asks the whole chain.
    pub profile: Option<String>,
    /// The shared credentials file, before any other place; `None` is `AWS_SHARED_CREDENTIALS_FILE` or the usual one.
    pub shared_credentials_file: Option<PathBuf>,
    /// A role taken on through STS with the credentials found.
    pub role_arn: Option<String>,
    /// What the role's owner asks to be told; only used with `role_arn`.
    pub external_id: Option<String>,
    /// Keys to use instead of looking anywhere.
    pub keys: Option<Keys>,
    /// A proxy for every request but those to loopback and link-local addresses; `None` asks `HTTPS_PROXY`, `HTTP_PROXY`
    /// and `NO_PROXY`.
    pub proxy_address: Option<String>,
    /// The authorities to trust instead of the system's, in PEM. One that can't be read is passed over with a warning.
    pub certificate_file_path: Option<PathBuf>,
    /// Take any certificate.
    pub no_verify_ssl: bool,
    /// The endpoints validated by FIPS 140; `None` is `AWS_USE_FIPS_ENDPOINT` or the profile's.
    pub use_fips: Option<bool>,
    /// The endpoints with IPv6; `None` is `AWS_USE_DUALSTACK_ENDPOINT` or the profile's.
    pub use_dual_stack: Option<bool>,
    /// How long name resolution, connecting and the TLS handshake may take together; `None` is ten seconds.
    pub connect_timeout: Option<Duration>,
}

/// Why this can't be a [`Settings::proxy_address`]; `None` where it can. The address is in no fault.
pub fn proxy_fault(address: &str) -> Option<&'static str> {
    Proxies::new(Some(address), &Environment::Process).err().map(|fault| fault.reason)
}

impl fmt::Debug for Settings {
    /// Without the keys, what the role's owner is told, and the proxy's password.
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let hidden = |set: bool| if set { "hidden" } else { "none" };
        formatter
            .debug_struct("Settings")
            .field("region", &self.region)
            .field("profile", &self.profile)
            .field("shared_credentials_file", &self.shared_credentials_file)
            .field("role_arn", &self.role_arn)
            .field("external_id", &hidden(self.external_id.is_some()))
            .field("keys", &hidden(self.keys.is_some()))
            .field("proxy_address", &hidden(self.proxy_address.is_some()))
            .field("certificate_file_path", &self.certificate_file_path)
            .field("no_verify_ssl", &self.no_verify_ssl)
            .field("use_fips", &self.use_fips)
            .field("use_dual_stack", &self.use_dual_stack)
            .field("connect_timeout", &self.connect_timeout)
            .finish()
    }
}

/// Access keys that were handed over rather than found.
#[derive(Clone, PartialEq, Eq)]
pub struct Keys {
    /// The access key's id.
    pub id: String,
    /// The secret access key.
    pub secret: String,
    /// The session token of temporary keys.
    pub token: Option<String>,
}

impl fmt::Debug for Keys {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("Keys(hidden)")
    }
}
