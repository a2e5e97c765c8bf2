//! The async runtime, made so that a process with too few file descriptors gets an error and not an abort.

use std::io;
use std::os::fd::AsFd;

use anyhow::{Context, bail};
use rustix::process::{Resource, getrlimit};
use tokio::runtime::{Builder, Runtime};

/// Descriptors that must be free: the runtime panics where its own, for waiting, waking and signals, cannot be opened.
const NEEDED: usize = 8;

/// A runtime of one thread, with timers, sockets and signals.
pub fn runtime() -> anyhow::Result<Runtime> {
    let mut free = Vec::with_capacity(NEEDED);
    while free.len() < NEEDED {
        match io::stderr().as_fd().try_clone_to_owned() {
            Ok(descriptor) => free.push(descriptor),
            Err(error) => {
                let error = anyhow::Error::new(error);
                let limit = getrlimit(Resource::Nofile).current;
                let Some(limit) = limit else { return Err(error).context("open the files of the runtime") };
                bail!(
                    "{error:#}: the limit of open files is {limit} and only {} are free; raise it to 64 or more (ulimit -n)",
                    free.len()
                );
            }
        }
    }
    drop(free);
    Builder::new_current_thread().enable_all().build().context("start the runtime")
}
