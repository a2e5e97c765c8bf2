//! Every API action this crate uses, in one table: the IAM policy is compared with it.
//!
//! Follows the Service Authorization Reference, "Actions, resources, and condition keys" of Amazon CloudWatch Logs, Amazon EC2
//! and AWS STS.

/// One action a policy allows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Access {
    /// The action as a policy spells it, such as `logs:PutLogEvents`.
    pub action: &'static str,
    /// When it is needed.
    pub needed: Needed,
    /// What goes without it, in words for the policy's author.
    pub purpose: &'static str,
}

/// When an action is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Needed {
    /// Nothing is delivered without it.
    Always,
    /// Only where log groups or streams are not made by another program.
    ToCreate,
    /// Only where a retention is configured.
    ForRetention,
    /// Only where tags are configured.
    ForTags,
    /// Only for what the instance itself doesn't tell: without it records lack that, and nothing else.
    ForInstance,
    /// Only where `role_arn` is configured; allowed to the credentials below it.
    ForRole,
}

const fn row(action: &'static str, needed: Needed, purpose: &'static str) -> Access {
    Access { action, needed, purpose }
}

/// All actions of this crate.
pub const ACCESS: &[Access] = &[
    row("logs:PutLogEvents", Needed::Always, "deliver events"),
    row("logs:CreateLogStream", Needed::ToCreate, "make a node's stream"),
    row("logs:CreateLogGroup", Needed::ToCreate, "make the log group"),
    row("logs:PutRetentionPolicy", Needed::ForRetention, "set how long a new group keeps events"),
    row("logs:TagResource", Needed::ForTags, "tag a new group"),
    row("ec2:DescribeTags", Needed::ForInstance, "find the cluster's name and the Auto Scaling group in tags"),
    row("ec2:DescribeVolumes", Needed::ForInstance, "find the volume behind a disk"),
    row("sts:AssumeRole", Needed::ForRole, "take on the configured role"),
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ec2;
    use crate::logs::Operation;

    #[test]
    fn every_operation_is_in_the_table_once() {
        use Operation::{CreateLogGroup, CreateLogStream, PutLogEvents, PutRetentionPolicy};
        for operation in [PutLogEvents, CreateLogStream, CreateLogGroup, PutRetentionPolicy] {
            let rows = ACCESS.iter().filter(|row| row.action == operation.action()).count();
            assert_eq!(rows, 1, "{operation}");
        }
        for operation in [ec2::Operation::DescribeTags, ec2::Operation::DescribeVolumes] {
            let rows = ACCESS.iter().filter(|row| row.action == operation.action()).count();
            assert_eq!(rows, 1, "{operation}");
        }
    }
}
