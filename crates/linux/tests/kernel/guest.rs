//! The same tests on the kernel of a guest.

use testkit::beds;
use testkit::trials::Outcome;

/// Needs root and what `beds/setup.sh` installs.
pub(crate) fn the_same_holds_on_the_kernel_of_a_guest() -> Outcome {
    let own = std::env::current_exe().unwrap();
    let said = match beds::try_run("guest/run.sh", [own.as_os_str()]) {
        Ok(said) => said,
        Err(reason) => return Outcome::NotRun(reason),
    };
    assert!(said.contains("test result: ok."), "{said}");
    // There nothing keeps a test from running.
    assert!(said.contains(" 0 failed; 1 ignored; 0 not run"), "{said}");
    Outcome::Passed
}
