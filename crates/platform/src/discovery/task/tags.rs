//! What the instance's tags say: the cluster's name, and the Auto Scaling group, which may change as long as it lives.
//!
//! Tags in instance metadata, where the instance shows them there; else EC2 `DescribeTags`.

use std::time::Duration;
use telemetry::Failure;

use net::chain;
use tokio::time::sleep;

use super::Shared;
use super::access::Ec2;
use crate::backoff::{Backoff, about};
use crate::facts::{Fact, Origin};
use crate::source::{Source, silent};

const GROUP: &str = "aws:autoscaling:groupName";
/// Tags that hold the cluster's name: those of managed node groups, and those that Karpenter and EKS Auto Mode write.
const CLUSTER: [&str; 4] =
    ["eks:cluster-name", "aws:eks:cluster-name", "eks:eks-cluster-name", "karpenter.sh/managed-by"];
/// A tag that begins so ends with the cluster's name, where its value is [`OWNED`].
const CLUSTER_PREFIX: &str = "kubernetes.io/cluster/";
const OWNED: &str = "owned";

/// What tags say.
#[derive(Debug, Default, PartialEq, Eq)]
struct Said {
    cluster: Option<String>,
    group: Option<String>,
}

static TAGS: Failure = silent!("the Auto Scaling group is missing, and the cluster's name if only they say it");

/// Looks at the tags for ever.
pub(super) async fn follow(shared: &Shared, metadata: Option<&aws::metadata::Client>, ec2: Option<&Ec2>) {
    if metadata.is_none() && ec2.is_none() {
        shared.learn(|facts| facts.tags_settled = true);
        return;
    }
    let mut facts = shared.facts.subscribe();
    // Where the instance isn't known by the time all sources have been asked, there is none to ask for its tags.
    // The node's labels, which are asked for meanwhile, say the cluster before its tags do.
    let settled = facts.wait_for(|facts| facts.identity_settled).await.is_ok();
    if settled && shared.lacks(Fact::InstanceId) {
        shared.learn(|facts| facts.tags_settled = true);
    }
    let Some(instance) = shared.known(Fact::InstanceId).await else { return };
    let mut backoff = Backoff::new(shared.pace.first, shared.pace.hour);
    let mut tags = Source::new("instance tags", &TAGS);
    loop {
        let said = look(shared, metadata, ec2, &instance).await;
        let is_known = said.is_ok();
        match said {
            Ok((said, origin)) => {
                tags.answered();
                backoff.reset();
                shared.learn(|facts| {
                    // A container instance's cluster is what its agent says, not its tags.
                    if !shared.is_container_instance {
                        facts.learn(Fact::ClusterName, said.cluster.as_deref(), origin);
                    }
                    facts.renew_group(said.group.as_deref(), origin);
                });
            }
            Err(words) => tags.failed(&words),
        }
        shared.learn(|facts| facts.tags_settled = true);
        sleep(pause(shared, is_known, &mut backoff)).await;
    }
}

fn pause(shared: &Shared, is_known: bool, backoff: &mut Backoff) -> Duration {
    let longest =
        if shared.needs_cluster && shared.lacks(Fact::ClusterName) { shared.pace.nameless } else { shared.pace.hour };
    if is_known { about(longest) } else { backoff.pause().min(about(longest)) }
}

async fn look(
    shared: &Shared,
    metadata: Option<&aws::metadata::Client>,
    ec2: Option<&Ec2>,
    instance: &str,
) -> Result<(Said, Origin), String> {
    let mut words = Vec::new();
    if let Some(metadata) = metadata {
        let wants_cluster = !shared.is_container_instance && shared.lacks(Fact::ClusterName);
        match of_metadata(metadata, wants_cluster).await {
            Ok(Some(said)) => return Ok((said, Origin::MetadataTags)),
            Ok(None) => words.push("the instance doesn't show its tags in its metadata".to_owned()),
            Err(error) => words.push(chain(&error)),
        }
    }
    let Some(ec2) = ec2 else { return Err(words.join("; ")) };
    match of_ec2(shared, ec2, instance).await {
        Ok(said) => Ok((said, Origin::DescribeTags)),
        Err(error) => {
            words.push(error);
            Err(words.join("; "))
        }
    }
}

/// `None` where the instance doesn't show its tags, or shows none: an answer without a tag says nothing.
async fn of_metadata(
    metadata: &aws::metadata::Client,
    wants_cluster: bool,
) -> Result<Option<Said>, aws::metadata::Error> {
    let Some(keys) = metadata.tag_keys().await?.filter(|keys| !keys.is_empty()) else { return Ok(None) };
    let mut said = Said::default();
    if keys.iter().any(|key| key == GROUP) {
        // A key without a value has just gone, or was never a key: neither says that there is no group.
        let Some(group) = metadata.tag(GROUP).await?.filter(|group| !group.is_empty()) else { return Ok(None) };
        said.group = Some(group);
    }
    if wants_cluster {
        for key in keys.iter().filter(|key| CLUSTER.contains(&key.as_str()) || key.starts_with(CLUSTER_PREFIX)) {
            let value = metadata.tag(key).await?.unwrap_or_default();
            said.note_cluster(key, &value);
        }
    }
    Ok(Some(said))
}

async fn of_ec2(shared: &Shared, ec2: &Ec2, instance: &str) -> Result<Said, String> {
    let region = shared.get(Fact::Region);
    let client = ec2.client(region.as_deref()).await.map_err(|error| chain(&error))?;
    let tags = client.describe_tags(instance).await.map_err(|error| chain(&error))?;
    let mut said = Said::default();
    for tag in &tags {
        if tag.key == GROUP {
            said.group = Some(tag.value.clone());
        }
        said.note_cluster(&tag.key, &tag.value);
    }
    Ok(said)
}

impl Said {
    /// A tag that names the cluster outright is believed before one that says whose resources these are.
    fn note_cluster(&mut self, key: &str, value: &str) {
        if CLUSTER.contains(&key) && !value.is_empty() {
            self.cluster = Some(value.to_owned());
        } else if let Some(name) = key.strip_prefix(CLUSTER_PREFIX).filter(|_| value == OWNED) {
            self.cluster.get_or_insert_with(|| name.to_owned());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cluster(tags: &[(&str, &str)]) -> Option<String> {
        let mut said = Said::default();
        tags.iter().for_each(|(key, value)| said.note_cluster(key, value));
        said.cluster
    }

    #[test]
    fn a_cluster_is_named_by_its_own_tag_or_by_what_it_owns() {
        assert_eq!(cluster(&[("kubernetes.io/cluster/a", "owned")]).as_deref(), Some("a"));
        assert_eq!(cluster(&[("kubernetes.io/cluster/a", "shared")]), None);
        assert_eq!(cluster(&[("eks:cluster-name", "b")]).as_deref(), Some("b"));
        assert_eq!(
            cluster(&[("kubernetes.io/cluster/a", "owned"), ("aws:eks:cluster-name", "b")]).as_deref(),
            Some("b")
        );
        assert_eq!(
            cluster(&[("aws:eks:cluster-name", "b"), ("kubernetes.io/cluster/a", "owned")]).as_deref(),
            Some("b")
        );
        assert_eq!(cluster(&[("eks:eks-cluster-name", "k")]).as_deref(), Some("k"));
        assert_eq!(cluster(&[("Name", "c"), ("eks:cluster-name", "")]), None);
    }
}
