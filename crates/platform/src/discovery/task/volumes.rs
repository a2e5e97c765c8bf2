//! The volumes attached to the instance, as EC2 tells them: asked only where disks don't say themselves which volume they are.

use model::Text;
use net::chain;
use telemetry::Failure;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};

use super::Shared;
use super::access::Ec2;
use crate::backoff::{Backoff, about};
use crate::facts::{Attachment, Fact};
use crate::source::{Source, silent};

static VOLUMES: Failure = silent!("disks without a serial number have no EBSVolumeId");

/// Asks for as long as there is a disk without a name.
pub(super) async fn follow(shared: &Shared, ec2: Option<&Ec2>, mut nameless: watch::Receiver<Vec<Text>>) {
    let Some(ec2) = ec2 else { return };
    let Some(instance) = shared.known(Fact::InstanceId).await else { return };
    let mut backoff = Backoff::new(shared.pace.first, shared.pace.hour);
    let mut source = Source::new("EC2 volumes", &VOLUMES);
    // Where the sender is gone, so are the disks.
    while nameless.wait_for(|disks| !disks.is_empty()).await.is_ok() {
        nameless.mark_unchanged();
        match ask(shared, ec2, &instance).await {
            Ok(attachments) => {
                source.answered();
                backoff.reset();
                shared.learn(|facts| facts.attachments = Some(attachments));
                sleep(about(shared.pace.disks)).await;
                // Another disk is a reason not to wait.
                let rest = shared.pace.volumes.saturating_sub(shared.pace.disks);
                let _ = timeout(about(rest), nameless.changed()).await;
            }
            Err(words) => {
                source.failed(&words);
                sleep(backoff.pause()).await;
            }
        }
    }
}

async fn ask(shared: &Shared, ec2: &Ec2, instance: &str) -> Result<Vec<Attachment>, String> {
    let region = shared.get(Fact::Region);
    let client = ec2.client(region.as_deref()).await.map_err(|error| chain(&error))?;
    let volumes = client.describe_volumes(instance).await.map_err(|error| chain(&error))?;
    let attachment = |volume: &aws::ec2::Attachment| Attachment {
        device: volume.device.as_str().into(),
        volume: format!("aws://{}/{}", volume.availability_zone, volume.volume_id).into(),
    };
    Ok(volumes.iter().map(attachment).collect())
}
