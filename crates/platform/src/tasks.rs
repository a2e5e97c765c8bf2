//! The tasks of a container instance, as the ECS agent lists them: asked for at each tick, taken when they are there.

use std::sync::Arc;

use aws::ecs_agent::{Client, Task};
use net::chain;
use telemetry::Failure;
use tokio::sync::{Notify, watch};

use crate::source::{Source, silent};

/// Rounds for which a list stays good while no other comes.
const GOOD_FOR: u32 = 5;
/// What the agent says of a task that runs.
const RUNNING: &str = "RUNNING";

static TASKS: Failure = silent!("the last list serves for a few rounds");

/// The sampling thread's end.
#[derive(Debug)]
pub struct Tasks {
    wanted: Arc<Notify>,
    lists: watch::Receiver<Option<Arc<Vec<Task>>>>,
    /// Rounds since the last list came.
    age: u32,
}

/// The runtime's end.
#[derive(Debug)]
pub struct Lister {
    wanted: Arc<Notify>,
    lists: watch::Sender<Option<Arc<Vec<Task>>>>,
    agent: watch::Receiver<Option<String>>,
    client: Client,
}

/// Two ends that belong together; `agent` says where the agent was found.
pub fn channel(client: Client, agent: watch::Receiver<Option<String>>) -> (Tasks, Lister) {
    let wanted = Arc::new(Notify::new());
    let (sender, lists) = watch::channel(None);
    let lister = Lister { wanted: Arc::clone(&wanted), lists: sender, agent, client };
    (Tasks { wanted, lists, age: 0 }, lister)
}

impl Tasks {
    /// Asks for another list; it comes when it comes.
    pub fn ask(&self) {
        self.wanted.notify_one();
    }

    /// The running tasks of the last list, without waiting; `None` where there is none, or it is too old.
    pub fn running(&mut self) -> Option<Arc<Vec<Task>>> {
        self.age = if self.lists.has_changed().unwrap_or(false) { 0 } else { self.age.saturating_add(1) };
        let list = self.lists.borrow_and_update();
        list.clone().filter(|_| self.age <= GOOD_FOR)
    }
}

impl Lister {
    /// Lists until the receiver of the list is gone.
    pub async fn run(mut self) {
        let mut source = Source::new("ECS tasks", &TASKS);
        loop {
            tokio::select! {
                () = self.wanted.notified() => {}
                () = self.lists.closed() => return,
            }
            // The agent that isn't found yet is looked for, and spoken of, elsewhere.
            let Some(url) = self.agent.borrow_and_update().clone() else { continue };
            match self.client.tasks(&url).await {
                Ok(mut tasks) => {
                    tasks.retain(|task| task.known_status == RUNNING);
                    let _ = self.lists.send(Some(Arc::new(tasks)));
                    source.answered();
                }
                Err(error) => source.failed(&chain(&error)),
            }
        }
    }
}
