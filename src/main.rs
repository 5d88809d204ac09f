//! The thin binary: a runtime, and the command line.

use std::process::ExitCode;

/// The SDK's type for a Security Hub resource is 31 KB by value, and a page of findings is parsed by recursion over
/// many such: in a debug build that needs more than the 2 MB that a thread has by default.
const STACK: usize = 16 << 20;

fn main() -> ExitCode {
    let built = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .thread_stack_size(STACK)
        .build();
    match built {
        // On a thread of the runtime, since the main thread's stack is the operating system's to size.
        Ok(runtime) => match runtime.block_on(async { tokio::spawn(exposured::cli::main()).await })
        {
            Ok(code) => code,
            Err(error) => std::panic::resume_unwind(error.into_panic()),
        },
        Err(error) => {
            eprintln!("error: starting the runtime: {error}");
            ExitCode::FAILURE
        }
    }
}
