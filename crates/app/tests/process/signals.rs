//! Signals: which end the agent, when, and which do not.

use std::os::unix::process::ExitStatusExt;
use std::process::Stdio;

use crate::support::agent::{Agent, address};
use crate::{dead_endpoint, delivering, ends_soon, get, host, rest, signal};

#[test]
fn signals_that_others_send_do_not_end_it() {
    let mut agent = Agent::spawn(host(&["service.telemetry.logs.level=debug"]).stdout(Stdio::null()));
    let log = agent.log_until("all components started");
    for name in ["USR1", "USR2", "ALRM", "VTALRM", "PROF", "IO", "PWR", "XCPU", "XFSZ", "HUP"] {
        signal(&agent, &format!("-{name}"));
        let told = agent.log_until(&format!("signal=\"SIG{name}\""));
        let line = told.lines().last().unwrap_or_default();
        // The second one that opens log files anew comes within a minute.
        let level = if name == "USR1" { " INFO agent: " } else { "DEBUG agent: " };
        assert!(line.contains(level), "{line}");
    }
    assert_eq!(get(&address(&log, "health check listening"), "/").0, 200);
    signal(&agent, "-TERM");
    assert_eq!(agent.child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_storm_of_signals_is_one_line() {
    let mut agent = Agent::spawn(host(&[]).stdout(Stdio::null()));
    agent.log_until("all components started");
    for _ in 0..20 {
        signal(&agent, "-HUP");
        signal(&agent, "-USR1");
    }
    signal(&agent, "-TERM");
    let told = rest(&mut agent);
    assert_eq!(told.matches("log files opened anew").count(), 1, "{told}");
    assert_eq!(agent.child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn a_second_signal_ends_it_at_once_and_the_first_says_so() {
    for (first, second, code) in [("-INT", "-INT", 130), ("-TERM", "-INT", 130), ("-INT", "-TERM", 143)] {
        let mut agent = Agent::spawn(delivering(&dead_endpoint()).stdout(Stdio::null()));
        agent.log_until("delivery fails");
        signal(&agent, first);
        let told = agent.log_until("shutting down");
        let line = told.lines().last().unwrap_or_default();
        assert!(line.contains("delivering what is left, up to 25 s; signal again to quit at once"), "{line}");
        signal(&agent, second);
        assert_eq!(ends_soon(&mut agent).code(), Some(code));
        assert!(rest(&mut agent).contains("quitting at once"));
    }
}

#[test]
fn sigquit_ends_it_at_once_with_a_line() {
    let mut agent = Agent::spawn(delivering(&dead_endpoint()).stdout(Stdio::null()));
    agent.log_until("delivery fails");
    signal(&agent, "-QUIT");
    let status = ends_soon(&mut agent);
    assert_eq!((status.code(), status.signal()), (Some(131), None));
    assert!(rest(&mut agent).contains("quitting at once"));
}
