//! Names of pods that the kubelet hasn't listed yet, from the directories of their logs:
//! `<root>/var/log/pods/<namespace>_<name>_<uid>`, as the kubelet makes them before a pod's first container.

/// Namespace and name of a pod by its UID, from the names of the log directories. In a UID `-` and `_` count as one.
pub fn find<'a>(directories: impl IntoIterator<Item = &'a str>, uid: &str) -> Option<(&'a str, &'a str)> {
    let plain = |byte: u8| if byte == b'_' { b'-' } else { byte };
    // Neither a namespace nor a pod's name can have an underscore in it, but a static pod's UID may.
    directories.into_iter().find_map(|directory| {
        let (namespace, rest) = directory.split_once('_')?;
        let (name, last) = rest.split_once('_')?;
        (last.bytes().map(plain).eq(uid.bytes().map(plain)) && !namespace.is_empty() && !name.is_empty())
            .then_some((namespace, name))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_names_its_pod_by_the_uid_at_its_end() {
        let directories =
            ["kube-system_static-n1_361368846409f3ff", "apps_web-6d4b75cb6d-x7x2p_764d01e1-aa", "odd", "_x_1"];
        assert_eq!(find(directories, "764d01e1-aa"), Some(("apps", "web-6d4b75cb6d-x7x2p")));
        assert_eq!(find(directories, "361368846409f3ff"), Some(("kube-system", "static-n1")));
        assert_eq!(find(["kube-system_etcd_etcd_node_1"], "etcd-node-1"), Some(("kube-system", "etcd")));
        assert_eq!(find(directories, "1"), None);
        assert_eq!(find(directories, "aa"), None);
    }
}
