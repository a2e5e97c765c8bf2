//! libFuzzer with all targets linked; the variable `FUZZ_TARGET` says which one runs.
//!
//! With `FUZZ_SEEDS=FOLDER` it writes the seeds of all targets there, and ends.
#![no_main]

use std::path::Path;
use std::sync::OnceLock;

use fuzz::Target;
use libfuzzer_sys::fuzz_target;

static TARGET: OnceLock<&Target> = OnceLock::new();

fuzz_target!(
    init: {
        if let Some(folder) = std::env::var_os("FUZZ_SEEDS") {
            fuzz::lay_out(Path::new(&folder)).expect("the seeds can be laid out");
            std::process::exit(0);
        }
        let name = std::env::var("FUZZ_TARGET").expect("FUZZ_TARGET says which target");
        let target = fuzz::target(&name).unwrap_or_else(|| panic!("no target is called {name}"));
        TARGET.get_or_init(|| target);
    },
    |data: &[u8]| {
        let target = TARGET.get().expect("it was chosen");
        (target.run)(data);
    }
);
