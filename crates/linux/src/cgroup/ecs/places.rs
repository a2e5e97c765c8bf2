//! Where the cgroups of tasks and of their containers lie below a hierarchy's root.

use super::Task;

/// Where a task's cgroup may be, the likeliest first; nowhere for names that no cgroup has.
pub(super) fn of_task(task: &Task<'_>) -> Vec<String> {
    let mut places = Vec::with_capacity(3);
    if is_name(task.id) {
        places.push(format!("ecs/{}", task.id));
        if is_name(task.cluster) {
            places.push(format!("ecs/{}/{}", task.cluster, task.id));
        }
        places.push(slice("ecstasks", task.id));
    }
    places
}

/// Where a container's cgroup may be below its task's.
pub(super) fn of_container(id: &str) -> Vec<String> {
    if is_name(id) { vec![id.to_owned(), format!("docker-{id}.scope")] } else { Vec::new() }
}

/// The path of the slice `<top>-<name>.slice`: with systemd each dash is one level down (systemd.slice(5)), so that
/// `a-b-c.slice` lies in `a-b.slice`, and that in `a.slice`.
fn slice(top: &str, name: &str) -> String {
    let unit = format!("{top}-{name}");
    let above = unit.match_indices('-').map(|(dash, _)| &unit[..dash]);
    above.chain([&*unit]).map(|unit| format!("{unit}.slice")).collect::<Vec<_>>().join("/")
}

/// Whether the text, which came over the network, is one name below a directory and nothing else.
fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= 128
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn check(id: &str, cluster: &str, expected: &[&str]) {
        assert_eq!(of_task(&Task { id, cluster, containers: &[] }), expected);
    }

    #[test]
    fn a_task_lies_below_ecs_or_in_a_slice() {
        check(
            "529630467358463ab6bbba4e73afe704",
            "default",
            &[
                "ecs/529630467358463ab6bbba4e73afe704",
                "ecs/default/529630467358463ab6bbba4e73afe704",
                "ecstasks.slice/ecstasks-529630467358463ab6bbba4e73afe704.slice",
            ],
        );
    }

    #[test]
    fn each_dash_of_a_slices_name_is_one_level_down() {
        check("a-b", "", &["ecs/a-b", "ecstasks.slice/ecstasks-a.slice/ecstasks-a-b.slice"]);
    }

    #[test]
    fn a_name_that_would_look_elsewhere_finds_nothing() {
        for id in ["", ".", "..", "a/b", "../x", "a\0b", "ä"] {
            check(id, "default", &[]);
            assert!(of_container(id).is_empty(), "{id:?}");
        }
        check("a", "../b", &["ecs/a", "ecstasks.slice/ecstasks-a.slice"]);
    }

    proptest! {
        #[test]
        fn no_name_leads_out(id in ".{0,9}|[./a-]{0,6}", cluster in ".{0,9}|[./a-]{0,6}") {
            for place in of_task(&Task { id: &id, cluster: &cluster, containers: &[] }) {
                prop_assert!(place.split('/').all(|name| !matches!(name, "" | "." | "..")));
            }
        }
    }
}
