//! What is kept of the agent's answers. Names are matched in any case, as Go programs do.

use serde::de::MapAccess;

use crate::json::{List, Members, Text, skip};

/// Where the agent belongs. What it doesn't know yet is `None`: it answers before it is registered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Metadata {
    /// The cluster's short name; the agent may say its ARN.
    pub cluster: Option<String>,
    /// The ARN of the container instance, in the long or in the short shape.
    pub container_instance_arn: Option<String>,
}

/// One task.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Task {
    /// Its ARN, in the long or in the short shape; empty where the agent says none.
    pub arn: String,
    /// Such as `RUNNING` or `STOPPED`; empty where the agent says none.
    pub known_status: String,
    /// Its containers that Docker has made.
    pub containers: Vec<Container>,
}

/// One container of a task.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Container {
    /// Docker's id, which is also the name of its cgroup.
    pub docker_id: String,
}

/// The list of tasks; `None` where the answer has no such member.
#[derive(Default)]
pub(super) struct Tasks(pub(super) Option<Vec<Task>>);

impl Members for Metadata {
    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        if name.eq_ignore_ascii_case("Cluster") {
            let text = map.next_value::<Text>()?.0;
            self.cluster = text.and_then(|text| super::cluster_name(&text).map(str::to_owned));
        } else if name.eq_ignore_ascii_case("ContainerInstanceArn") {
            self.container_instance_arn = map.next_value::<Text>()?.0.filter(|text| !text.is_empty());
        } else {
            skip(map)?;
        }
        Ok(())
    }
}

impl Members for Tasks {
    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        if name.eq_ignore_ascii_case("Tasks") {
            self.0 = Some(map.next_value::<List<Task>>()?.0);
        } else {
            skip(map)?;
        }
        Ok(())
    }
}

impl Members for Task {
    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        if name.eq_ignore_ascii_case("Arn") {
            self.arn = map.next_value::<Text>()?.0.unwrap_or_default();
        } else if name.eq_ignore_ascii_case("KnownStatus") {
            self.known_status = map.next_value::<Text>()?.0.unwrap_or_default();
        } else if name.eq_ignore_ascii_case("Containers") {
            self.containers = map.next_value::<List<Container>>()?.0;
            // One that isn't made yet has no id; one that is no id must never be part of a path.
            self.containers.retain(|container| is_docker_id(&container.docker_id));
        } else {
            skip(map)?;
        }
        Ok(())
    }
}

impl Members for Container {
    fn member<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        if name.eq_ignore_ascii_case("DockerId") {
            self.docker_id = map.next_value::<Text>()?.0.unwrap_or_default();
        } else {
            skip(map)?;
        }
        Ok(())
    }
}

fn is_docker_id(text: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    (1..=128).contains(&text.len()) && text.bytes().all(fits)
}

/// No id of a container leaves its folder.
#[cfg(fuzzing)]
pub fn fuzz(body: &[u8]) {
    let _ = crate::json::object::<Metadata>(body);
    let tasks = crate::json::object::<Tasks>(body).and_then(|tasks| tasks.0).unwrap_or_default();
    assert!(tasks.iter().flat_map(|task| &task.containers).all(|container| is_docker_id(&container.docker_id)));
}
