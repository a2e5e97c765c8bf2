//! The binary `container-insights`.

use std::process::ExitCode;

fn main() -> ExitCode {
    container_insights::command::main()
}
