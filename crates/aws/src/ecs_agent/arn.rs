//! Names in the ARNs of ECS, in both shapes: `…:task/<id>` and, since 2018, `…:task/<cluster>/<id>`.
//!
//! Follows "Amazon Resource Names (ARNs) and IDs" of the ECS developer guide.

/// The id in the ARN of a container instance; `None` where it is none.
pub fn container_instance_id(arn: &str) -> Option<&str> {
    last_segment(arn, 2..=3)
}

/// The id in the ARN of a task; `None` where it is none.
pub fn task_id(arn: &str) -> Option<&str> {
    last_segment(arn, 2..=3)
}

/// The short name of a cluster, of which the ARN or the short name is given; `None` where it is neither.
pub fn cluster_name(text: &str) -> Option<&str> {
    let name = if text.contains(':') { last_segment(text, 2..=2)? } else { text };
    is_name(name).then_some(name)
}

/// The last segment of the ARN's sixth part, which has to have so many of them.
fn last_segment(arn: &str, counts: std::ops::RangeInclusive<usize>) -> Option<&str> {
    let resource = arn.split(':').nth(5)?;
    let count = resource.split('/').count();
    let last = resource.rsplit('/').next()?;
    (counts.contains(&count) && is_name(last)).then_some(last)
}

/// Letters, digits, hyphens and underscores: what the guide allows, and what is safe in a path.
fn is_name(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (1..=255).contains(&text.len()) && text.bytes().all(fits)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const ID: &str = "0123456789abcdef0123456789abcdef";

    #[test]
    fn ids_are_found_in_both_shapes() {
        let check = |resource: &str, expected: Option<&str>| {
            let arn = format!("arn:aws:ecs:us-west-2:111122223333:{resource}");
            assert_eq!((container_instance_id(&arn), task_id(&arn)), (expected, expected), "{arn}");
        };
        check(&format!("container-instance/{ID}"), Some(ID));
        check(&format!("container-instance/prod/{ID}"), Some(ID));
        check("task/158d1c8e-6a7e-4fa2-9a5a-4e2f0d2c6b3a", Some("158d1c8e-6a7e-4fa2-9a5a-4e2f0d2c6b3a"));
        check(&format!("task/prod/{ID}"), Some(ID));
        for none in ["", "task", "task/", "task/prod/", "task/a/b/c", "task/..", "task/prod/a b"] {
            check(none, None);
        }
        assert_eq!(task_id("task/prod/x"), None);
        assert_eq!(task_id(""), None);
    }

    #[test]
    fn a_cluster_is_named_by_its_short_name() {
        let check = |text: &str, expected: Option<&str>| assert_eq!(cluster_name(text), expected, "{text}");
        check("prod", Some("prod"));
        check("arn:aws:ecs:us-west-2:111122223333:cluster/prod-1", Some("prod-1"));
        check("arn:aws-cn:ecs:cn-north-1:111122223333:cluster/default", Some("default"));
        for none in ["", "a/b", "..", "a b", "arn:aws:ecs:us-west-2:1:cluster", "arn:aws:ecs:us-west-2:1:cluster/a/b"] {
            check(none, None);
        }
        check(&"a".repeat(256), None);
    }

    proptest! {
        #[test]
        fn no_text_does_harm_and_no_name_leaves_its_folder(text in "[a-z:/._ \u{0}-\u{ff}]{0,80}") {
            for name in [container_instance_id(&text), task_id(&text), cluster_name(&text)].into_iter().flatten() {
                prop_assert!(!name.is_empty() && !name.contains(['/', '.']));
            }
        }
    }
}
