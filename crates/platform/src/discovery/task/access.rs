//! The way to EC2: a session is made with the first request, and again until that goes well.

use std::sync::Arc;
use std::time::{Duration, UNIX_EPOCH};

use aws::{Session, Settings, ec2};
use model::Clock;
use tokio::sync::OnceCell;

/// What a client of EC2 is made from.
#[derive(Debug, Clone)]
pub struct Access {
    /// Region, credentials and the way out.
    pub settings: Settings,
    /// The URL of EC2; `None` is the region's.
    pub endpoint: Option<String>,
    /// What one request may take.
    pub timeout: Duration,
}

/// A client of EC2 that is made when it is needed.
pub struct Ec2 {
    access: Access,
    clock: Arc<dyn Clock>,
    client: OnceCell<ec2::Client>,
}

impl Ec2 {
    pub(super) fn new(access: Access, clock: Arc<dyn Clock>) -> Self {
        Self { access, clock, client: OnceCell::new() }
    }

    /// The client, in the region that is known; without one it is looked for as by every AWS program.
    pub(super) async fn client(&self, region: Option<&str>) -> Result<&ec2::Client, aws::Error> {
        self.client.get_or_try_init(|| self.connect(region)).await
    }

    async fn connect(&self, region: Option<&str>) -> Result<ec2::Client, aws::Error> {
        let clock = Arc::clone(&self.clock);
        let now = move || UNIX_EPOCH + clock.stamp().wall;
        let settings = Settings { region: region.map(str::to_owned), ..self.access.settings.clone() };
        let session = Session::load(settings, now).await?;
        let user_agent = concat!("container-insights/", env!("CARGO_PKG_VERSION")).to_owned();
        let Access { endpoint, timeout, .. } = self.access.clone();
        let options = ec2::Options { endpoint, timeout, user_agent };
        ec2::Client::new(session, options)
    }
}
