//! What is known of the node beyond its kernel, and from where.

use std::collections::BTreeMap;

use catalog::Attribute;
use model::Text;

/// Something worth knowing of a node.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Fact {
    /// The cluster's name, which `ClusterName` says.
    ClusterName,
    /// The EC2 instance.
    InstanceId,
    /// Its type.
    InstanceType,
    /// The Auto Scaling group it is in; empty where its tags name none.
    AutoScalingGroup,
    /// The container instance of Amazon ECS.
    ContainerInstanceId,
    /// The AWS region.
    Region,
    /// The availability zone, part of what a volume is called.
    Zone,
    /// The node's address, at which the ECS agent may listen.
    PrivateIp,
}

impl Fact {
    /// What it is called on the status page; an attribute's name where it is one.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Region => "Region",
            Self::Zone => "AvailabilityZone",
            Self::PrivateIp => "PrivateIp",
            Self::ClusterName
            | Self::InstanceId
            | Self::InstanceType
            | Self::AutoScalingGroup
            | Self::ContainerInstanceId => self.attribute().map_or("", Attribute::as_str),
        }
    }

    /// The attribute that says it in records; `None` where none does.
    #[must_use]
    pub fn attribute(self) -> Option<Attribute> {
        match self {
            Self::ClusterName => Some(Attribute::ClusterName),
            Self::InstanceId => Some(Attribute::InstanceId),
            Self::InstanceType => Some(Attribute::InstanceType),
            Self::AutoScalingGroup => Some(Attribute::AutoScalingGroupName),
            Self::ContainerInstanceId => Some(Attribute::ContainerInstanceId),
            Self::Region | Self::Zone | Self::PrivateIp => None,
        }
    }
}

/// Where a fact comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Origin {
    /// An option of the receiver.
    Configuration,
    /// An environment variable.
    Environment,
    /// The node's own Kubernetes object.
    Node,
    /// The machine's DMI table.
    Dmi,
    /// EC2 instance metadata.
    Metadata,
    /// The instance's tags in its metadata.
    MetadataTags,
    /// EC2 `DescribeTags`.
    DescribeTags,
    /// The ECS agent's introspection.
    EcsAgent,
}

impl Origin {
    /// In words, for the log and the status page.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Environment => "environment",
            Self::Node => "Kubernetes node",
            Self::Dmi => "DMI",
            Self::Metadata => "instance metadata",
            Self::MetadataTags => "tags in instance metadata",
            Self::DescribeTags => "EC2 DescribeTags",
            Self::EcsAgent => "ECS agent",
        }
    }
}

/// A fact's value and origin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Known {
    /// What it is; empty only for a group that the instance isn't in.
    pub value: Text,
    /// From where.
    pub origin: Origin,
}

/// An EBS volume that is attached to the instance, as EC2 tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// The device that it was attached as: `/dev/xvda`, `/dev/sdf`.
    pub device: Text,
    /// `aws://<availability zone>/<volume id>`.
    pub volume: Text,
}

/// All facts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Facts {
    known: BTreeMap<Fact, Known>,
    /// The attached volumes; `None` until EC2 has told them.
    pub attachments: Option<Vec<Attachment>>,
    /// Whether everybody who may know the instance has been asked once.
    pub identity_settled: bool,
    /// Whether everybody who may know its tags has been asked once.
    pub tags_settled: bool,
}

impl Facts {
    /// Whether everybody has been asked once, so that what is unknown now isn't just late.
    #[must_use]
    pub fn is_settled(&self) -> bool {
        self.identity_settled && self.tags_settled
    }

    /// A fact's value.
    #[must_use]
    pub fn get(&self, fact: Fact) -> Option<&Text> {
        self.known.get(&fact).map(|known| &known.value)
    }

    /// Whether nothing has said it yet.
    #[must_use]
    pub fn lacks(&self, fact: Fact) -> bool {
        !self.known.contains_key(&fact)
    }

    /// Everything known, in the order of [`Fact`].
    pub fn iter(&self) -> impl Iterator<Item = (Fact, &Known)> {
        self.known.iter().map(|(fact, known)| (*fact, known))
    }

    /// Takes a value where there is one, and nothing has said the fact before; whether it was taken.
    pub fn learn(&mut self, fact: Fact, value: Option<&str>, origin: Origin) -> bool {
        let Some(value) = value.filter(|value| !value.is_empty() && self.lacks(fact)) else { return false };
        self.known.insert(fact, Known { value: value.into(), origin });
        true
    }

    /// Takes a value from a place that is believed before the machine's DMI table.
    pub fn correct(&mut self, fact: Fact, value: Option<&str>, origin: Origin) {
        if value.is_some_and(|value| !value.is_empty())
            && self.known.get(&fact).is_some_and(|known| known.origin == Origin::Dmi)
        {
            self.known.remove(&fact);
        }
        self.learn(fact, value, origin);
    }

    /// Takes what the instance's tags say of its group now; `None` there means that it is in none, which is a value too: AWS's
    /// own agents write it, and its schema demands it.
    ///
    /// What came from elsewhere stays.
    pub fn renew_group(&mut self, group: Option<&str>, origin: Origin) {
        let is_ours = |known: &Known| matches!(known.origin, Origin::MetadataTags | Origin::DescribeTags);
        if self.known.get(&Fact::AutoScalingGroup).is_none_or(is_ours) {
            let value = group.unwrap_or_default().into();
            self.known.insert(Fact::AutoScalingGroup, Known { value, origin });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_to_say_a_fact_is_believed() {
        let mut facts = Facts::default();
        assert!(!facts.learn(Fact::Region, Some(""), Origin::Configuration), "empty is unknown");
        assert!(facts.learn(Fact::Region, Some("eu-west-1"), Origin::Node));
        assert!(!facts.learn(Fact::Region, Some("us-east-1"), Origin::Metadata));
        assert!(!facts.learn(Fact::Region, None, Origin::Metadata));
        assert_eq!(facts.get(Fact::Region).map(|value| &**value), Some("eu-west-1"));
    }

    #[test]
    fn a_tag_follows_its_source_and_overrides_no_other() {
        let mut facts = Facts::default();
        for (tag, expected) in [(Some("one"), "one"), (Some("two"), "two"), (None, ""), (Some("three"), "three")] {
            facts.renew_group(tag, Origin::MetadataTags);
            assert_eq!(facts.get(Fact::AutoScalingGroup).map(|value| &**value), Some(expected));
        }
        let mut facts = Facts::default();
        facts.learn(Fact::AutoScalingGroup, Some("configured"), Origin::Configuration);
        facts.renew_group(Some("tagged"), Origin::DescribeTags);
        facts.renew_group(None, Origin::DescribeTags);
        assert_eq!(facts.get(Fact::AutoScalingGroup).map(|value| &**value), Some("configured"));
    }
}
