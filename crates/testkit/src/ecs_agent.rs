//! An ECS agent's introspection API on loopback: metadata and tasks, and what can go wrong with them.
//!
//! Answers have the members and the spelling of agent 1.86, also those that the agent does not read.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::faults::Fault;
use crate::server::{Handler, Reply, Request, Server};

const METADATA_PATH: &str = "/v1/metadata";
const TASKS_PATH: &str = "/v1/tasks";

/// An ECS agent of a test's own.
#[derive(Debug)]
pub struct FakeEcsAgent {
    server: Server,
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared(Mutex<State>);

#[derive(Debug, Default)]
struct State {
    metadata: Value,
    tasks: Vec<Value>,
    /// Bodies in place of the above.
    answers: BTreeMap<String, Vec<u8>>,
    fault: Option<Fault>,
    requests: Vec<String>,
    violations: Vec<String>,
}

impl FakeEcsAgent {
    /// One that is not registered yet and runs nothing.
    ///
    /// # Panics
    ///
    /// Where loopback has no free port.
    pub fn start() -> FakeEcsAgent {
        let shared = Arc::new(Shared::default());
        let fake = FakeEcsAgent { server: Server::start(Arc::clone(&shared), None), shared };
        fake.set_metadata(None, None);
        fake
    }

    /// Where it listens, such as `http://127.0.0.1:40961`.
    pub fn endpoint(&self) -> &str {
        self.server.endpoint()
    }

    /// The cluster and the container instance's ARN; `None` is `null`, as before the agent is registered.
    pub fn set_metadata(&self, cluster: Option<&str>, container_instance_arn: Option<&str>) {
        self.state().metadata = json!({
            "Cluster": cluster, "ContainerInstanceArn": container_instance_arn,
            "Version": "Amazon ECS Agent - v1.86.0 (*1234567)",
        });
    }

    /// Adds a task with containers of these Docker ids.
    pub fn add_task(&self, arn: &str, known_status: &str, docker_ids: &[&str]) {
        let containers = docker_ids.iter().enumerate().map(|(index, id)| {
            json!({ "DockerId": id, "DockerName": format!("ecs-t-1-c{index}"), "Name": format!("c{index}"), "Ports": null })
        });
        let task = json!({
            "Arn": arn, "DesiredStatus": "RUNNING", "KnownStatus": known_status, "Family": "t", "Version": "1",
            "Containers": containers.collect::<Vec<_>>(),
        });
        self.state().tasks.push(task);
    }

    /// Takes all tasks away.
    pub fn clear_tasks(&self) {
        self.state().tasks.clear();
    }

    /// What a path answers from now on, byte for byte.
    pub fn set_answer(&self, path: &str, body: impl Into<Vec<u8>>) {
        self.state().answers.insert(path.to_owned(), body.into());
    }

    /// From now on every answer fails like this; `None` heals it.
    pub fn set_fault(&self, fault: Option<Fault>) {
        self.state().fault = fault;
    }

    /// Closes every connection and the port, so that connecting is refused.
    pub fn refuse(&self) {
        self.server.refuse();
    }

    /// Opens the same port again.
    pub fn accept(&self) {
        self.server.accept();
    }

    /// Every request so far as `GET /path`, oldest first.
    pub fn requests(&self) -> Vec<String> {
        self.state().requests.clone()
    }

    /// What a client did that it must never do, oldest first; a test asserts that this is empty.
    pub fn violations(&self) -> Vec<String> {
        self.state().violations.clone()
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.state()
    }
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Handler for Shared {
    fn answer(&self, request: Request) -> Reply {
        let mut state = self.state();
        let asked = format!("{} {}", request.method, request.path);
        if request.method != "GET" || request.path.contains("://") {
            state.violations.push(asked.clone());
        }
        for name in ["authorization", "proxy-authorization", "x-amz-security-token"] {
            if request.headers.contains_key(name) {
                state.violations.push(format!("{asked} with {name}"));
            }
        }
        state.requests.push(asked);
        let reply = match (state.answers.get(&request.path), request.path.as_str()) {
            (Some(body), _) => Reply::new(200, body.clone()),
            (None, METADATA_PATH) => Reply::new(200, state.metadata.to_string()),
            (None, TASKS_PATH) => Reply::new(200, json!({ "Tasks": state.tasks }).to_string()),
            // The agent lists what it knows, with this status.
            (None, _) => Reply::new(200, r#"{"AvailableCommands":["/v1/metadata","/v1/tasks","/license"]}"#),
        };
        match &state.fault {
            Some(fault) => fault.instead_of(reply),
            None => reply.header("content-type", "application/json"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plain::exchange;

    #[test]
    fn it_answers_what_was_set_and_notes_what_must_not_be() {
        let fake = FakeEcsAgent::start();
        let ask = |method: &str, headers: &str| {
            let head = format!("{method} {TASKS_PATH} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n{headers}\r\n");
            exchange(fake.endpoint(), &head)
        };
        assert!(ask("GET", "").ends_with(r#"{"Tasks":[]}"#));
        fake.add_task("arn:t", "RUNNING", &["abc"]);
        assert!(ask("GET", "").contains(r#""DockerId":"abc""#));
        fake.set_fault(Some(Fault::Status(500)));
        assert!(ask("GET", "").starts_with("HTTP/1.1 500"));
        assert_eq!((fake.requests().len(), fake.violations().len()), (3, 0));
        ask("POST", "");
        ask("GET", "Authorization: x\r\n");
        assert_eq!(fake.violations().len(), 2);
    }
}
