//! The attribute `kubernetes`: JSON text about a pod or a container, keys in byte order, no blanks.

use std::fmt::Write as _;

use crate::awscontainerinsight::stores::owners::Reported;

/// What the JSON of a pod's record says; empty texts are left out.
#[derive(Debug, Clone, Copy)]
pub struct Document<'a> {
    /// The node's name.
    pub host: &'a str,
    /// The pod's namespace.
    pub namespace: &'a str,
    /// The pod's name.
    pub pod_name: &'a str,
    /// The pod's UID.
    pub pod_id: &'a str,
    /// The Service it belongs to.
    pub service: &'a str,
    /// Labels in byte order of their names.
    pub labels: &'a [(Box<str>, Box<str>)],
    /// Owners as they are reported.
    pub owners: &'a [Reported],
    /// Set for a container's record.
    pub container: Option<ContainerPart<'a>>,
}

/// What the JSON of a container's record says besides.
#[derive(Debug, Clone, Copy)]
pub struct ContainerPart<'a> {
    /// The container's name.
    pub name: &'a str,
    /// The runtime that a status names before `://`, and the id after it.
    pub runtime: Option<(&'a str, &'a str)>,
    /// The id where the status names no runtime.
    pub bare_id: Option<&'a str>,
}

impl Document<'_> {
    /// The JSON text.
    pub fn encode(&self) -> String {
        let mut members: Vec<(&str, String)> = Vec::with_capacity(9);
        let mut text = |key, value: &str| {
            if !value.is_empty() {
                members.push((key, quoted(value)));
            }
        };
        text("host", self.host);
        text("namespace_name", self.namespace);
        text("pod_id", self.pod_id);
        text("pod_name", self.pod_name);
        text("service_name", self.service);
        if let Some(container) = self.container {
            text("container_name", container.name);
            match (container.runtime, container.bare_id) {
                (Some((runtime, id)), _) => members.push((runtime, format!("{{\"container_id\":{}}}", quoted(id)))),
                (None, Some(id)) => text("container_id", id),
                (None, None) => {}
            }
        }
        if !self.labels.is_empty() {
            members.push(("labels", object(self.labels.iter().map(|(name, value)| (&**name, quoted(value))))));
        }
        if !self.owners.is_empty() {
            members.push(("pod_owners", owners(self.owners)));
        }
        members.sort_by_key(|(key, _)| *key);
        object(members)
    }
}

/// What a label adds to the JSON of a record, in bytes.
pub fn length_of_label(name: &str, value: &str) -> usize {
    let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
    let length = |text: &str| if plain(text) { text.len() + 2 } else { quoted(text).len() };
    length(name) + length(value) + 2
}

/// The JSON of a record about something of a namespace; an empty service is left out.
pub fn of_namespace(namespace: &str, service: &str) -> String {
    let members = [("namespace_name", namespace), ("service_name", service)];
    object(members.into_iter().filter(|(_, value)| !value.is_empty()).map(|(key, value)| (key, quoted(value))))
}

/// The JSON of a record about the node itself.
pub fn of_node(host: &str) -> String {
    object([("host", quoted(host))])
}

fn owners(owners: &[Reported]) -> String {
    let one = |owner: &Reported| object([("owner_kind", quoted(&owner.kind)), ("owner_name", quoted(&owner.name))]);
    format!("[{}]", owners.iter().map(one).collect::<Vec<_>>().join(","))
}

fn object<'a>(members: impl IntoIterator<Item = (&'a str, String)>) -> String {
    let mut json = String::from("{");
    for (number, (key, value)) in members.into_iter().enumerate() {
        let comma = if number == 0 { "" } else { "," };
        write!(json, "{comma}{}:{value}", quoted(key)).expect("writing to a String can't fail");
    }
    json.push('}');
    json
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels() -> Vec<(Box<str>, Box<str>)> {
        vec![("app".into(), "web".into()), ("pod-template-hash".into(), "6d4b75cb6d".into())]
    }

    #[test]
    fn a_containers_document_has_its_keys_in_byte_order() {
        let owners = [Reported { kind: "Deployment".into(), name: "web".into() }];
        let labels = labels();
        let document = Document {
            host: "ip-192-168-1-2.ec2.internal",
            namespace: "default",
            pod_name: "web-6d4b75cb6d-x7x2p",
            pod_id: "764d01e1",
            service: "web",
            labels: &labels,
            owners: &owners,
            container: Some(ContainerPart { name: "app", runtime: Some(("containerd", "637631e2")), bare_id: None }),
        };
        assert_eq!(
            document.encode(),
            r#"{"container_name":"app","containerd":{"container_id":"637631e2"},"host":"ip-192-168-1-2.ec2.internal","labels":{"app":"web","pod-template-hash":"6d4b75cb6d"},"namespace_name":"default","pod_id":"764d01e1","pod_name":"web-6d4b75cb6d-x7x2p","pod_owners":[{"owner_kind":"Deployment","owner_name":"web"}],"service_name":"web"}"#
        );
        assert_eq!(of_namespace("default", "web"), r#"{"namespace_name":"default","service_name":"web"}"#);
        assert_eq!(of_namespace("default", ""), r#"{"namespace_name":"default"}"#);
    }

    #[test]
    fn what_is_empty_is_left_out_and_what_is_odd_is_escaped() {
        let labels: Vec<(Box<str>, Box<str>)> = vec![("a\"b".into(), "<&>\n".into())];
        let document = Document {
            host: "",
            namespace: "n",
            pod_name: "p",
            pod_id: "",
            service: "",
            labels: &labels,
            owners: &[],
            container: Some(ContainerPart { name: "", runtime: None, bare_id: Some("raw") }),
        };
        assert_eq!(
            document.encode(),
            r#"{"container_id":"raw","labels":{"a\"b":"<&>\n"},"namespace_name":"n","pod_name":"p"}"#
        );
        assert_eq!(of_node("n1"), r#"{"host":"n1"}"#);
    }
}
