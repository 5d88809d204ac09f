//! The binary: a runtime that runs the command line.

use std::process::ExitCode;

use exposured::telemetry::{self, panic_message};

/// The SDK's type for a Security Hub resource has 31 KB, and the recursive parser of a page of findings has many of them on
/// its stack. A debug build needs more than the 2 MB that a thread has by default.
const STACK_SIZE: usize = 16 << 20;

/// One thread listens for signals while another one computes, even on a host with one core.
const MIN_THREADS: usize = 2;

fn main() -> ExitCode {
    let threads = std::thread::available_parallelism().map_or(MIN_THREADS, usize::from);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .worker_threads(threads.max(MIN_THREADS))
        .thread_stack_size(STACK_SIZE)
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return failed(&format!("starting the runtime: {error}")),
    };
    // The command line runs on a thread of the runtime, since the operating system sizes the main thread's stack.
    let ended = runtime.block_on(async { tokio::spawn(exposured::cli::main()).await });
    // Work that a signal has interrupted may take much longer.
    runtime.shutdown_background();
    let code = ended.unwrap_or_else(|error| {
        let why = panic_message(error.into_panic().as_ref());
        failed(&format!(
            "exposured panicked, which is a defect: {why}; please report it"
        ))
    });
    telemetry::finish();
    code
}

fn failed(why: &str) -> ExitCode {
    telemetry::write_to_stderr(&format!("error: {why}"));
    ExitCode::FAILURE
}
