//! The Deployment that a ReplicaSet's name and its pods' label give away.

/// The label that a Deployment's ReplicaSets and their pods carry.
pub const POD_TEMPLATE_HASH: &str = "pod-template-hash";

/// The Deployment of a ReplicaSet: its name is the Deployment's, `-` and the hash of the pods' template.
///
/// `hash` is the pods' label [`POD_TEMPLATE_HASH`]. Where the name doesn't end in it the ReplicaSet has no owner, or
/// another controller: `None`, and so is a name that would be empty.
pub fn deployment_of<'a>(replica_set: &'a str, hash: &str) -> Option<&'a str> {
    let name = replica_set.strip_suffix(hash)?.strip_suffix('-')?;
    (!hash.is_empty() && !name.is_empty()).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn check(replica_set: &str, hash: &str, expected: Option<&str>) {
        assert_eq!(deployment_of(replica_set, hash), expected, "{replica_set} {hash}");
    }

    #[test]
    fn a_replica_set_is_named_after_its_deployment() {
        check("web-6d4b75cb6d", "6d4b75cb6d", Some("web"));
        check("web-front-6d4b75cb6d", "6d4b75cb6d", Some("web-front"));
        // Kubernetes before 1.8 wrote plain numbers.
        check("web-1234567890", "1234567890", Some("web"));
        check("web-2", "6d4b75cb6d", None);
        check("web6d4b75cb6d", "6d4b75cb6d", None);
        check("-6d4b75cb6d", "6d4b75cb6d", None);
        check("6d4b75cb6d", "6d4b75cb6d", None);
        check("web-", "", None);
        check("", "", None);
    }

    proptest! {
        #[test]
        fn any_deployment_is_found_again(name in "[a-z]([a-z0-9.-]{0,20}[a-z0-9])?", hash in "[bcdf2-9]{1,10}", text in ".{0,20}") {
            let replica_set = format!("{name}-{hash}");
            prop_assert_eq!(deployment_of(&replica_set, &hash), Some(name.as_str()));
            let _ = (deployment_of(&text, &hash), deployment_of(&text, &text));
        }
    }
}
