//! The binary: a runtime that runs the command line.

use std::io::Write;
use std::process::ExitCode;

/// The SDK's type for a Security Hub resource has 31 KB, and the recursive parser of a page of findings has many of them on
/// its stack. A debug build needs more than the 2 MB that a thread has by default.
const STACK_SIZE: usize = 16 << 20;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK_SIZE)
        .build();
    match runtime {
        // The command line runs on a thread of the runtime, since the operating system sizes the main thread's stack.
        Ok(runtime) => match runtime.block_on(async { tokio::spawn(exposured::cli::main()).await })
        {
            Ok(code) => code,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        },
        Err(error) => {
            // Without standard error, there is no way to report anything.
            let _ = writeln!(std::io::stderr(), "error: starting the runtime: {error}");
            ExitCode::FAILURE
        }
    }
}
