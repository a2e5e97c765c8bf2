//! The signals of the process.
//!
//! | signal | what happens |
//! |---|---|
//! | SIGTERM, SIGINT | the agent ends and delivers what is left; a second one ends it at once |
//! | SIGQUIT | the agent ends at once |
//! | SIGHUP, SIGUSR1 | log files are opened anew, with a line in the log once a minute at most |
//! | SIGUSR2, SIGALRM, SIGVTALRM, SIGPROF, SIGIO, SIGPWR, SIGSTKFLT, SIGXCPU, SIGXFSZ | a line in the log |
//!
//! The last row would end the process unless it asked for them; a program that rotates logs or a limit on a file's size is no
//! reason for a node without metrics.

use std::future::poll_fn;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

use anyhow::Context;
use model::Clock;
use rustix::process::Signal as Number;
use telemetry::Seldom;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tracing::{debug, info};

/// Signals that are only logged.
const IGNORED: [(&str, Number); 9] = [
    ("SIGUSR2", Number::USR2),
    ("SIGALRM", Number::ALARM),
    ("SIGVTALRM", Number::VTALARM),
    ("SIGPROF", Number::PROF),
    ("SIGIO", Number::IO),
    ("SIGPWR", Number::POWER),
    ("SIGSTKFLT", Number::STKFLT),
    ("SIGXCPU", Number::XCPU),
    ("SIGXFSZ", Number::XFSZ),
];
/// Signals that let log files be opened anew.
const REOPENING: [(&str, Number); 2] = [("SIGHUP", Number::HUP), ("SIGUSR1", Number::USR1)];
/// How long no second line says that log files were opened anew: a program that sends signals all the time fills no log.
const SILENCE: Duration = Duration::from_secs(60);
/// Signals that end the process.
const ENDING: [(&str, Number); 3] = [("SIGTERM", Number::TERM), ("SIGINT", Number::INT), ("SIGQUIT", Number::QUIT)];

/// A signal that ends the process.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ending {
    /// Its name: `SIGTERM`.
    pub name: &'static str,
    number: Number,
}

impl Ending {
    /// Whether it asks for an end without delivery.
    pub fn is_at_once(self) -> bool {
        self.number == Number::QUIT
    }

    /// The exit code of a process that it ended, as a shell tells it.
    pub fn exit_code(self) -> u8 {
        128 + u8::try_from(self.number.as_raw()).unwrap_or(0)
    }
}

/// Every signal that is taken.
#[derive(Debug)]
pub struct Signals {
    /// Each with its name.
    all: Vec<(&'static str, Number, Signal)>,
    clock: Arc<dyn Clock>,
    reopened: Seldom,
}

impl Signals {
    /// Takes the signals from now on.
    pub fn new(clock: Arc<dyn Clock>) -> anyhow::Result<Self> {
        let all = ENDING.iter().chain(&REOPENING).chain(&IGNORED);
        let listen = |(name, number): &(&'static str, Number)| {
            let signal = signal(SignalKind::from_raw(number.as_raw())).with_context(|| format!("listen to {name}"))?;
            Ok((*name, *number, signal))
        };
        let all = all.map(listen).collect::<anyhow::Result<_>>()?;
        Ok(Self { all, clock, reopened: Seldom::new(SILENCE) })
    }

    /// Waits for a signal that ends the process, and does what the others ask for meanwhile.
    pub async fn ending(&mut self) -> Ending {
        loop {
            let (name, number) = poll_fn(|context| {
                for (name, number, signal) in &mut self.all {
                    if signal.poll_recv(context).is_ready() {
                        return Poll::Ready((*name, *number));
                    }
                }
                Poll::Pending
            })
            .await;
            if ENDING.iter().any(|(_, ending)| *ending == number) {
                return Ending { name, number };
            }
            if REOPENING.iter().any(|(_, reopening)| *reopening == number) {
                crate::logs::reopen();
                match self.reopened.says(self.clock.stamp().monotonic) {
                    Some(unlogged) => info!(
                        signal = name,
                        unlogged, "log files opened anew; restart the agent to read its configuration again"
                    ),
                    None => debug!(signal = name, "log files opened anew"),
                }
            } else {
                debug!(signal = name, "signal ignored");
            }
        }
    }
}
